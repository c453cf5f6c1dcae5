/* dns_text.h -- elements of the master-file format (RFC 1035 5.1), shared by parsers and
 * formatters. */
#ifndef DNS_DNS_TEXT_H
#define DNS_DNS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/dns.h>

/* Text written into a bounded buffer. Characters that do not fit are counted, not written. */
struct dns_text {
    char *bytes;
    size_t bytes_max;
    size_t len;
};

void dns_text_char(struct dns_text *text, char c);
void dns_text_string(struct dns_text *text, const char *string);
void dns_text_number(struct dns_text *text, uint32_t value);
void dns_text_ip6(struct dns_text *text, const uint8_t ip6[16]);

/* Writes a byte of a text; those with a meaning in master files, or in @special, are escaped (RFC
 * 1035 5.1). */
void dns_text_byte(struct dns_text *text, uint8_t byte, const char *special);

/* RFC 4648 4. */
void dns_text_base64(struct dns_text *text, const uint8_t *at, const uint8_t *end);

/* Writes the NUL, over the last character if the text is too long. Returns the full length. */
size_t dns_text_end(struct dns_text *text);

/* Reads one character at @*at; "\X" and "\DDD" count as one. False: there is none, or a bad escape.
 */
bool dns_char_read(const char *text, size_t len, size_t *at, uint8_t *byte, bool *escaped);

/* Parses the labels in @len > 0 bytes of text, without the root. @absolute: there was a final
 * dot. Returns NULL or an error message. */
const char *dns_labels_read(const char *text, size_t len, struct leat_dns_name *name,
                            bool *absolute);

/* Parses a decimal number of at most @max; false: other characters follow. */
bool dns_number_read(const char *text, size_t len, uint32_t max, uint32_t *value);

/* Parses an IPv6 address (RFC 4291 2.2; also with an IPv4 address at its end). */
bool dns_ip6_read(const char *text, size_t len, uint8_t ip6[16]);
bool dns_ip4_read(const char *text, size_t len, uint8_t ip4[4]);

/* Parses the name or number of a type. */
bool dns_type_read(const char *text, size_t len, uint16_t *type);

/* True if the text is @word; the case is ignored. */
bool dns_word_is(const char *text, size_t len, const char *word);

#endif
