/*
 * dns.h -- DNS messages (RFC 1035 4, RFC 6891), read and written.
 *
 * Reading follows RFC 9267. A compression pointer leads strictly backward from the start of its
 * name. A name has at most 255 bytes. Every count and length is checked against the bytes that are
 * there. A record from dns_record_read() is legal in all its parts.
 */
#ifndef WIRE_DNS_H
#define WIRE_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/dns.h>

enum {
    DNS_HEADER_BYTES = 12,
    DNS_OPT_BYTES = 11,      /* an OPT record without options */
    DNS_OPTION_BYTES = 4,    /* code and length, in front of an option's data */
    DNS_OPTION_COOKIE = 10,  /* RFC 7873 4 */
    DNS_OPTION_PADDING = 12, /* RFC 7830 3 */
    DNS_REPLY_PAD_TO = 468,  /* RFC 8467 4.1: block of a server's padding */
    DNS_OPTION_ERROR = 15,   /* RFC 8914 2 */
    DNS_ERROR_BYTES = 2,     /* its data, without a text */
    DNS_COOKIE_CLIENT_BYTES = 8,
    DNS_COOKIE_FULL_BYTES_MIN = 16, /* client part and server part */
    DNS_COOKIE_BYTES_MAX = 40,
    DNS_UDP_PLAIN_BYTES = 512, /* over UDP without EDNS (RFC 1035 4.2.1) */
    DNS_MESSAGE_BYTES = 65535,
    DNS_CLASS_IN = 1,
    DNS_TYPE_OPT = 41,
    /* types whose names may be compressed by a server (RFC 3597 4), if their other fields
     * have fixed lengths */
    DNS_TYPE_MD = 3,
    DNS_TYPE_MF = 4,
    DNS_TYPE_MB = 7,
    DNS_TYPE_MG = 8,
    DNS_TYPE_MR = 9,
    DNS_TYPE_MINFO = 14,
    DNS_TYPE_RP = 17,
    DNS_TYPE_AFSDB = 18,
    DNS_TYPE_RT = 21,
    DNS_TYPE_PX = 26,
    DNS_TYPE_SRV = 33,
    DNS_TYPE_NAPTR = 35,
    DNS_TYPE_DNAME = 39,
    DNS_TYPE_DS = 43,
    DNS_TYPE_SSHFP = 44,
    DNS_TYPE_RRSIG = 46,
    DNS_TYPE_NSEC = 47,
    DNS_TYPE_DNSKEY = 48,
    DNS_TYPE_NSEC3 = 50,
    DNS_TYPE_TLSA = 52,
    DNS_TYPE_SVCB = 64,
    DNS_TYPE_HTTPS = 65,
    DNS_TYPE_CAA = 257,
    DNS_TYPE_META = 249, /* 249..255 are question types: TKEY, TSIG, IXFR, AXFR, ... ANY */
    DNS_TYPE_IXFR = 251,
    DNS_TYPE_AXFR = 252,
    DNS_OPCODE_QUERY = 0
};

/* Bits of the header's second word. */
enum {
    DNS_QR = 1 << 15,
    DNS_AA = 1 << 10,
    DNS_TC = 1 << 9,
    DNS_RD = 1 << 8,
    DNS_RA = 1 << 7,
    DNS_AD = 1 << 5, /* RFC 4035 3.1.6, RFC 6840 5.7 */
    DNS_CD = 1 << 4  /* RFC 4035 3.1.6 */
};

enum dns_section {
    DNS_QUESTION,
    DNS_ANSWER,
    DNS_AUTHORITY,
    DNS_ADDITIONAL,
    DNS_SECTIONS
};

struct dns_header {
    uint16_t id;
    uint16_t flags;
    uint16_t counts[DNS_SECTIONS]; /* as claimed */
};

static inline unsigned dns_opcode(uint16_t flags)
{
    return (flags >> 11) & 15;
}

/* A view of the message. */
struct dns_question {
    const uint8_t *name; /* uncompressed and legal */
    size_t name_bytes;
    uint16_t type;
    uint16_t class_number;
};

/* EDNS as an OPT record carries it (RFC 6891 6.1.3). */
struct dns_edns {
    uint16_t payload_bytes; /* largest UDP payload that the sender can receive */
    uint8_t rcode_high;     /* bits 4..11 of the rcode */
    uint8_t version;
    bool is_there;           /* of a reply: it has an OPT record */
    bool dnssec_ok;          /* RFC 3225 */
    uint16_t cookie_bytes;   /* of any length */
    const uint8_t *cookie;   /* a view of the first cookie's bytes; NULL: there is none */
    uint16_t extended_error; /* written if it isn't 0 (RFC 8914) */
    uint16_t pad_to;         /* the message is padded to a multiple of this, behind the other
                              * options (RFC 7830); 0: no padding */
};

static inline bool dns_is_letter_or_digit(uint8_t byte)
{
    const uint8_t lower = byte | 0x20;

    return (byte >= '0' && byte <= '9') || (lower >= 'a' && lower <= 'z');
}

/* The fields of a record's data: at most seven, then DNS_FIELD_END. */
enum dns_field {
    DNS_FIELD_END,
    DNS_FIELD_NAME,
    DNS_FIELD_U16,
    DNS_FIELD_U32,
    DNS_FIELD_TIME, /* 32 bits, in seconds */
    DNS_FIELD_IP4,
    DNS_FIELD_IP6,
    DNS_FIELD_U8,
    DNS_FIELD_TEXT, /* a character string: its length, and its bytes */
    DNS_FIELD_TAG,  /* a character string of letters and digits, which is not quoted as text */
    /* to the end of the data: */
    DNS_FIELD_TEXTS, /* one or more character strings */
    DNS_FIELD_HEX,   /* bytes, in hexadecimal as text */
    DNS_FIELD_BASE64,
    DNS_FIELD_VALUE, /* bytes, as quoted text */
    DNS_FIELD_PARAMS /* keys and values, in order of the keys (RFC 9460 2.2) */
};

enum {
    DNS_FIELDS_MAX = 8
};

/* The format of a type's data. */
struct dns_shape {
    uint8_t fields[DNS_FIELDS_MAX]; /* enum dns_field */
    bool is_known;   /* parsed and checked, formatted as text, legal in zones; otherwise only
                      * its names are known */
    bool may_differ; /* a record of a message is legal even if its data doesn't match; it is then
                      * formatted as of an unknown type */
    bool compresses; /* names are compressed when written; RFC 3597 4 allows that only for
                      * types of RFC 1035 */
};

/* The format of @type's data (dns_shape.c). NULL: the type is unknown, and none of those with
 * names that a server may have compressed. */
const struct dns_shape *dns_shape(uint16_t type);

/* The fields of @type's data, or NULL for an unknown type. */
const uint8_t *dns_fields(uint16_t type);

/* The length of a field; 0: it varies. */
uint8_t dns_field_bytes(uint8_t field);

/* Moves @*at behind the field there, which must end by @end; false: illegal. Names may be
 * compressed. */
bool dns_field_skip(const uint8_t *message, size_t end, size_t *at, uint8_t field);

/* True if @rdata matches the format of @type, or that is unknown, and its names are not compressed.
 */
bool dns_rdata_is_plain(uint16_t type, const uint8_t *rdata, size_t len);

/* A walk over the labels of a name in a message. */
struct dns_labels {
    const uint8_t *message;
    size_t len;
    size_t at;      /* next byte to read */
    size_t floor;   /* a pointer must lead below this */
    size_t end;     /* where the name ends in the place where it began; 0: not known yet */
    unsigned bytes; /* length of the name so far */
    unsigned jumps;
};

void dns_labels_start(struct dns_labels *labels, const uint8_t *message, size_t len, size_t at);

/* Moves to the next label, which @label is set to, and returns its length; 0: the root; -1:
 * illegal. */
int dns_label_next(struct dns_labels *labels, const uint8_t **label);

/* Reads the name at @*at and moves @*at behind it; false: not legal. */
bool dns_name_read(const uint8_t *message, size_t len, size_t *at, struct leat_dns_name *name);

/* Moves @*at behind the name there; false: illegal. */
bool dns_name_skip(const uint8_t *message, size_t len, size_t *at);

/* Length of an uncompressed name; 0: illegal, or it does not end within @bytes_max. */
size_t dns_plain_name_bytes(const uint8_t *name, size_t bytes_max);

/* True if the name at @at equals @name; the case is ignored. */
bool dns_name_is(const uint8_t *message, size_t len, size_t at, const struct leat_dns_name *name);

static inline uint8_t dns_lower(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte | 0x20) : byte;
}

/* True if @len bytes are equal; the case of ASCII letters is ignored. */
bool dns_bytes_equal(const uint8_t *a, const uint8_t *b, size_t len);

bool dns_header_read(const uint8_t *message, size_t len, struct dns_header *header);

/* Both read at @*at and move it behind what they have read; false: illegal. The name of a
 * question must not be compressed, because no name stands before the first one. */
bool dns_question_read(const uint8_t *message, size_t len, size_t *at,
                       struct dns_question *question);
bool dns_record_read(const uint8_t *message, size_t len, size_t *at,
                     struct leat_dns_record *record);

/* True if the data of a record from dns_record_read() matches its known type, so that it can be
 * formatted. */
bool dns_record_is_formed(const struct leat_dns_record *record);

/* Reads the fields of an OPT record; false: its owner is not the root, or an option is cut
 * short. */
bool dns_edns_read(const struct leat_dns_record *record, struct dns_edns *edns);

enum {
    DNS_KNOWN_NAMES_MAX = 24
};

/* A message being written. A record that does not fit sets `full`, and nothing is written
 * after it. */
struct dns_writer {
    uint8_t *bytes;
    size_t limit; /* maximum length of the message */
    size_t len;
    bool full;
    uint8_t known_count;
    uint16_t known[DNS_KNOWN_NAMES_MAX]; /* offsets of labels that a pointer may lead to */
    uint16_t counts[DNS_SECTIONS];
};

/* A position to return to when a set of records does not fit completely. */
struct dns_mark {
    size_t len;
    uint8_t known_count;
    uint16_t counts[DNS_SECTIONS];
};

/* Starts a message in @limit >= DNS_HEADER_BYTES bytes. */
void dns_write_start(struct dns_writer *writer, uint8_t *bytes, size_t limit);
struct dns_mark dns_write_mark(const struct dns_writer *writer);
void dns_write_rewind(struct dns_writer *writer, const struct dns_mark *mark);

void dns_write_question(struct dns_writer *writer, const uint8_t *name, uint16_t type,
                        uint16_t class_number);

/* A record to be written; its names are uncompressed, and all its parts are legal. */
struct dns_new_record {
    const uint8_t *owner;
    const uint8_t *rdata;
    uint32_t ttl_s;
    uint16_t type;
    uint16_t rdata_len;
};

/* Writes a record. Names are compressed where RFC 3597 4 allows it. */
void dns_write_record(struct dns_writer *writer, enum dns_section section,
                      const struct dns_new_record *record);
void dns_write_opt(struct dns_writer *writer, const struct dns_edns *edns);

/* The pad_to of a reply by an encrypted transport, which is @len bytes long without its OPT record
 * of @opt_bytes: 0 if the padding could make it longer than @limit (RFC 7830 4). */
static inline uint16_t dns_reply_pad_to(size_t len, size_t opt_bytes, size_t limit)
{
    const size_t padding_max = DNS_OPTION_BYTES + DNS_REPLY_PAD_TO - 1;

    return len + opt_bytes + padding_max <= limit ? DNS_REPLY_PAD_TO : 0;
}

/* Writes the header and returns the length of the message. */
size_t dns_write_end(struct dns_writer *writer, uint16_t id, uint16_t flags);

#endif
