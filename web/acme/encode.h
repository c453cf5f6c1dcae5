/* encode.h -- base64 (RFC 4648 4, 5) and DER (X.690), written. */
#ifndef ACME_ENCODE_H
#define ACME_ENCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/text.h"

/* Characters of base64url for @len bytes: it has no padding (RFC 7515 2). */
#define BASE64URL_BYTES(len) (((len)*4 + 2) / 3)

/* Appends base64url. */
void encode_url(struct text *text, const void *bytes, size_t len);

/* Decodes base64url; padding is allowed.  Returns the bytes, or 0: it is broken, empty, or longer
 * than @room. */
size_t decode_url(const char *text, uint8_t *bytes, size_t room);

/* True for the characters of base64url. */
bool is_url_char(char c);

/* Appends a block of PEM (RFC 7468). */
void encode_pem(struct text *text, const char *label, const uint8_t *der, size_t len);

/* DER, written from its end to its begin, because the length of an element precedes its contents.
 */
struct der_out {
    uint8_t *first; /* of the memory */
    uint8_t *at;    /* the first byte that is written */
    uint8_t *end;   /* behind the last byte */
    bool full;      /* something had no room */
};

void der_put(struct der_out *out, const void *bytes, size_t len);

/* Puts the tag and the length of an element in front of its contents, which are the bytes between
 * out->at and @end. */
void der_wrap(struct der_out *out, uint8_t tag, const uint8_t *end);

#endif
