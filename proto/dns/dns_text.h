/* dns_text.h -- pieces of the master-file format (RFC 1035 5.1) that readers and writers share. */
#ifndef DNS_DNS_TEXT_H
#define DNS_DNS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/dns.h>

/* Text being written into a bounded place: what does not fit is counted, not written. */
struct dns_text {
    char *bytes;
    size_t bytes_max;
    size_t len;
};

void dns_text_char(struct dns_text *text, char c);
void dns_text_string(struct dns_text *text, const char *string);
void dns_text_number(struct dns_text *text, uint32_t value);
void dns_text_ip6(struct dns_text *text, const uint8_t ip6[16]);

/* Writes the NUL, which replaces the last character of a text that is too long; returns the
 * length of the whole. */
size_t dns_text_end(struct dns_text *text);

/* Reads one character at @*at < @len, "\X" and "\DDD" being one; false: a bad escape. */
bool dns_char_read(const char *text, size_t len, size_t *at, uint8_t *byte, bool *escaped);

/* Reads the labels of @len > 0 bytes of text without the root's; @absolute: a final dot was there.
 * Returns NULL, or what is wrong. */
const char *dns_labels_read(const char *text, size_t len, struct leat_dns_name *name,
                            bool *absolute);

/* Reads a decimal number of at most @max that ends where the text ends. */
bool dns_number_read(const char *text, size_t len, uint32_t max, uint32_t *value);

/* Reads "2001:db8::1" (RFC 4291 2.2; also with an IPv4 address as its end). */
bool dns_ip6_read(const char *text, size_t len, uint8_t ip6[16]);
bool dns_ip4_read(const char *text, size_t len, uint8_t ip4[4]);

/* Reads a type's name or number. */
bool dns_type_read(const char *text, size_t len, uint16_t *type);

/* True if the text is @word, case aside. */
bool dns_word_is(const char *text, size_t len, const char *word);

#endif
