/*
 * dns.h -- names and records of the domain name system (RFC 1034, RFC 1035), and their text.
 *
 * A name is stored as on the wire: labels, each behind its length, up to the empty one of the root.
 * dns_server.h answers questions, resolver.h asks them.
 */
#ifndef LEAT_DNS_H
#define LEAT_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/addr.h>
#include <leat/err.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    LEAT_DNS_NAME_BYTES = 255,       /**< of a name on the wire, at most (RFC 1035 2.3.4) */
    LEAT_DNS_LABEL_BYTES = 63,       /**< of a label, at most */
    LEAT_DNS_NAME_TEXT_BYTES = 1016, /**< a name as text, with all bytes escaped, and a NUL */
    LEAT_DNS_PORT = 53,
    LEAT_DNS_UDP_BYTES = 1232 /**< largest message by UDP; it avoids fragmentation on usual paths */
};

/** Types of records that leat knows by name (RFC 1035 3.2.2, RFC 3596); others are numbers. */
enum leat_dns_type {
    LEAT_DNS_A = 1,
    LEAT_DNS_NS = 2,
    LEAT_DNS_CNAME = 5,
    LEAT_DNS_SOA = 6,
    LEAT_DNS_PTR = 12,
    LEAT_DNS_MX = 15,
    LEAT_DNS_TXT = 16,
    LEAT_DNS_AAAA = 28,
    LEAT_DNS_ANY = 255 /**< in a question only */
};

/** Outcomes that a reply can state (RFC 1035 4.1.1, RFC 6891 9). */
enum leat_dns_rcode {
    LEAT_DNS_NOERROR = 0,
    LEAT_DNS_FORMERR = 1,
    LEAT_DNS_SERVFAIL = 2,
    LEAT_DNS_NXDOMAIN = 3,
    LEAT_DNS_NOTIMP = 4,
    LEAT_DNS_REFUSED = 5,
    LEAT_DNS_BADVERS = 16,
    LEAT_DNS_BADCOOKIE = 23 /**< RFC 7873 8 */
};

/** A name, uncompressed, in its original letter case. */
struct leat_dns_name {
    uint8_t len;                       /**< 1 (the root) to 255 */
    uint8_t wire[LEAT_DNS_NAME_BYTES]; /**< labels, each behind its length */
};

/**
 * One record: a view into a message, valid as long as the message is.  The message has been
 * checked, so functions that read the record can't fail.
 */
struct leat_dns_record {
    const uint8_t *message; /**< the whole message, for compression pointers */
    size_t message_len;     /**< its bytes */
    size_t owner_at;        /**< offset of the owner's name in it */
    size_t rdata_at;        /**< offset of the data in it */
    uint16_t rdata_len;     /**< bytes of the data */
    uint16_t type;          /**< enum leat_dns_type, or any other number */
    uint16_t class_number;  /**< 1: Internet */
    uint32_t ttl_s;         /**< time to live, seconds */
};

/**
 * Reads "www.example.test" (NUL-terminated; a final dot changes nothing; "." is the root).
 * "\." is a dot inside of a label, "\DDD" any byte in decimal (RFC 1035 5.1).
 * LEAT_ERR_FORMAT: an empty label, one over 63 bytes, a name over 255, a bad escape.
 */
enum leat_err leat_dns_name_parse(const char *text, struct leat_dns_name *name);

/**
 * Writes the name with a final dot, escaped, and a NUL, cut off at @p text_bytes.  Returns the full
 * length without the NUL, below LEAT_DNS_NAME_TEXT_BYTES.
 */
size_t leat_dns_name_format(const struct leat_dns_name *name, char *text, size_t text_bytes);

/** True if the names are equal but for the case of ASCII letters (RFC 4343). */
bool leat_dns_name_equal(const struct leat_dns_name *a, const struct leat_dns_name *b);

/** Reads "AAAA", "any" or "TYPE257" (RFC 3597 5).  False: none of these; @p type is untouched. */
bool leat_dns_type_parse(const char *text, uint16_t *type);

/** Writes "AAAA" or "TYPE257" and a NUL. */
void leat_dns_type_format(uint16_t type, char text[10]);

/** A name such as "NXDOMAIN", or "unknown"; static memory. */
const char *leat_dns_rcode_text(unsigned rcode);

/** The owner of a record. */
void leat_dns_record_owner(const struct leat_dns_record *record, struct leat_dns_name *name);

/** The address of an A or AAAA record.  False: it has another type or class. */
bool leat_dns_record_ip(const struct leat_dns_record *record, struct leat_ip *ip);

/** The name that a CNAME, NS, PTR or MX record points to.  False: it has another type. */
bool leat_dns_record_target(const struct leat_dns_record *record, struct leat_dns_name *name);

/**
 * Writes the record as a line of a master file and a NUL, cut off at @p text_bytes:
 * "www.example.test. 300 IN A 192.0.2.1" (unknown types as in RFC 3597 5).  Returns the full length
 * without the NUL.
 */
size_t leat_dns_record_format(const struct leat_dns_record *record, char *text, size_t text_bytes);

#ifdef __cplusplus
}
#endif
#endif
