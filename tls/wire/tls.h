/*
 * tls.h -- records and handshake messages of TLS 1.3 (RFC 8446 4, 5, 6).
 *
 * A message is read in place, contiguous, without its header of four bytes: read structs point into
 * it. A reader returns 0, or the alert for the flaw (RFC 8446 6.2). Unknown numbers aren't flaws:
 * the caller picks those that it knows.
 */
#ifndef WIRE_TLS_H
#define WIRE_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    WIRE_TLS_RECORD_HEADER = 5,
    WIRE_TLS_MESSAGE_HEADER = 4,
    WIRE_TLS_PLAINTEXT_MAX = 1 << 14,                       /* 5.1 */
    WIRE_TLS_CIPHERTEXT_MAX = WIRE_TLS_PLAINTEXT_MAX + 256, /* 5.2 */
    WIRE_TLS_RANDOM = 32,
    WIRE_TLS_SESSION_ID_MAX = 32,
    WIRE_TLS_SSL_3 = 0x0300,
    WIRE_TLS_LEGACY_VERSION = 0x0303,
    WIRE_TLS_VERSION = 0x0304
};

enum wire_tls_content { /* 5.1 */
    WIRE_TLS_CHANGE_CIPHER_SPEC = 20,
    WIRE_TLS_ALERT = 21,
    WIRE_TLS_HANDSHAKE = 22,
    WIRE_TLS_APPLICATION_DATA = 23
};

enum wire_tls_type { /* 4 */
    WIRE_TLS_CLIENT_HELLO = 1,
    WIRE_TLS_SERVER_HELLO = 2,
    WIRE_TLS_NEW_SESSION_TICKET = 4,
    WIRE_TLS_END_OF_EARLY_DATA = 5,
    WIRE_TLS_ENCRYPTED_EXTENSIONS = 8,
    WIRE_TLS_CERTIFICATE = 11,
    WIRE_TLS_CERTIFICATE_REQUEST = 13,
    WIRE_TLS_CERTIFICATE_VERIFY = 15,
    WIRE_TLS_FINISHED = 20,
    WIRE_TLS_KEY_UPDATE = 24,
    WIRE_TLS_MESSAGE_HASH = 254
};

enum wire_tls_alert { /* 6 */
    WIRE_TLS_CLOSE_NOTIFY = 0,
    WIRE_TLS_UNEXPECTED_MESSAGE = 10,
    WIRE_TLS_BAD_RECORD_MAC = 20,
    WIRE_TLS_RECORD_OVERFLOW = 22,
    WIRE_TLS_HANDSHAKE_FAILURE = 40,
    WIRE_TLS_BAD_CERTIFICATE = 42,
    WIRE_TLS_CERTIFICATE_EXPIRED = 45,
    WIRE_TLS_CERTIFICATE_UNKNOWN = 46,
    WIRE_TLS_ILLEGAL_PARAMETER = 47,
    WIRE_TLS_UNKNOWN_CA = 48,
    WIRE_TLS_DECODE_ERROR = 50,
    WIRE_TLS_DECRYPT_ERROR = 51,
    WIRE_TLS_PROTOCOL_VERSION = 70,
    WIRE_TLS_INTERNAL_ERROR = 80,
    WIRE_TLS_USER_CANCELED = 90,
    WIRE_TLS_MISSING_EXTENSION = 109,
    WIRE_TLS_UNSUPPORTED_EXTENSION = 110,
    WIRE_TLS_UNRECOGNIZED_NAME = 112,
    WIRE_TLS_CERTIFICATE_REQUIRED = 116,
    WIRE_TLS_NO_APPLICATION_PROTOCOL = 120
};

enum wire_tls_extension { /* 4.2; RFC 8449 */
    WIRE_TLS_SERVER_NAME = 0,
    WIRE_TLS_SUPPORTED_GROUPS = 10,
    WIRE_TLS_SIGNATURE_ALGORITHMS = 13,
    WIRE_TLS_ALPN = 16,
    WIRE_TLS_RECORD_SIZE_LIMIT = 28,
    WIRE_TLS_PRE_SHARED_KEY = 41,
    WIRE_TLS_EARLY_DATA = 42,
    WIRE_TLS_SUPPORTED_VERSIONS = 43,
    WIRE_TLS_COOKIE = 44,
    WIRE_TLS_PSK_MODES = 45,
    WIRE_TLS_SIGNATURE_ALGORITHMS_CERT = 50,
    WIRE_TLS_KEY_SHARE = 51
};

/* "AES_128_GCM" stands for TLS_AES_128_GCM_SHA256, and so on (B.4). */
enum wire_tls_suite {
    WIRE_TLS_AES_128_GCM = 0x1301,
    WIRE_TLS_AES_256_GCM = 0x1302,
    WIRE_TLS_CHACHA20_POLY1305 = 0x1303
};

/* Bytes inside a message; `at` is NULL if they are absent. */
struct wire_tls_bytes {
    const uint8_t *at;
    uint32_t len;
};

/* Type and length from a message's header. */
static inline uint8_t wire_tls_type_of(const uint8_t header[WIRE_TLS_MESSAGE_HEADER])
{
    return header[0];
}

static inline uint32_t wire_tls_len_of(const uint8_t header[WIRE_TLS_MESSAGE_HEADER])
{
    return (uint32_t)header[1] << 16 | (uint32_t)header[2] << 8 | header[3];
}

/* True if it is in enum wire_tls_extension. */
bool wire_tls_knows(uint16_t extension);

/* True if the block of extensions has one of a type twice; only its well-formed part is read. */
bool wire_tls_has_twice(struct wire_tls_bytes block);

/* ---- Reading --------------------------------------------------------------------------------- */

/* A ClientHello (4.1.2). Lists are as on the wire, without their length field. */
struct wire_tls_client_hello {
    const uint8_t *random;
    struct wire_tls_bytes session_id;
    struct wire_tls_bytes suites; /* two bytes each, as in the next four lists */
    struct wire_tls_bytes versions;
    struct wire_tls_bytes groups;
    struct wire_tls_bytes schemes;
    struct wire_tls_bytes schemes_cert;
    struct wire_tls_bytes shares;    /* wire_tls_share() */
    struct wire_tls_bytes protocols; /* ALPN: wire_tls_protocol() */
    struct wire_tls_bytes name;      /* the host_name of server_name (RFC 6066 3) */
    struct wire_tls_bytes cookie;
    struct wire_tls_bytes psk_modes;  /* one byte each */
    struct wire_tls_bytes identities; /* wire_tls_identity() */
    struct wire_tls_bytes binders;
    uint32_t binders_at;        /* offset of the list of binders with its length field (4.2.11.2) */
    uint16_t record_size_limit; /* 0: absent */
    bool early_data;
    bool binders_miscounted; /* there are not as many as identities */
    bool only_null_compression;
};

uint8_t wire_tls_client_hello_read(const uint8_t *message, uint32_t len,
                                   struct wire_tls_client_hello *hello);

/* The random of a ServerHello that is a HelloRetryRequest (4.1.3). */
extern const uint8_t wire_tls_retry_random[WIRE_TLS_RANDOM];

/* A ServerHello, or a HelloRetryRequest (4.1.3, 4.1.4). */
struct wire_tls_server_hello {
    const uint8_t *random;
    struct wire_tls_bytes session_id;
    struct wire_tls_bytes share;  /* of a ServerHello */
    struct wire_tls_bytes cookie; /* of a HelloRetryRequest */
    uint16_t suite;
    uint16_t version; /* of supported_versions; 0: absent */
    uint16_t group;   /* of the share, or requested by a retry; 0: none */
    uint16_t psk;     /* index in our list, if has_psk */
    bool has_psk;
    bool retry;      /* a HelloRetryRequest */
    bool downgraded; /* a server with TLS 1.3 was made to choose an older version (4.1.3) */
};

uint8_t wire_tls_server_hello_read(const uint8_t *message, uint32_t len,
                                   struct wire_tls_server_hello *hello);

/* EncryptedExtensions (4.3.1). */
struct wire_tls_encrypted_extensions {
    struct wire_tls_bytes protocol; /* of ALPN: the server's choice */
    uint16_t record_size_limit;     /* 0: absent */
    bool server_name;               /* the server has used the name */
    bool early_data;                /* early data is accepted */
};

uint8_t wire_tls_encrypted_extensions_read(const uint8_t *message, uint32_t len,
                                           struct wire_tls_encrypted_extensions *extensions);

/* CertificateRequest (4.3.2). The answer repeats @context. */
uint8_t wire_tls_certificate_request_read(const uint8_t *message, uint32_t len,
                                          struct wire_tls_bytes *context,
                                          struct wire_tls_bytes *schemes);

/* Certificate (4.4.2). Fills in up to @max entries of @chain, the end entity first, and @count. A
 * longer chain gets bad_certificate. */
uint8_t wire_tls_certificate_read(const uint8_t *message, uint32_t len,
                                  struct wire_tls_bytes *chain, unsigned max, unsigned *count);

/* CertificateVerify (4.4.3). */
uint8_t wire_tls_certificate_verify_read(const uint8_t *message, uint32_t len, uint16_t *scheme,
                                         struct wire_tls_bytes *signature);

/* KeyUpdate (4.6.3). @requested: the peer asks for one of ours. */
uint8_t wire_tls_key_update_read(const uint8_t *message, uint32_t len, bool *requested);

/* NewSessionTicket (4.6.1). */
struct wire_tls_ticket {
    uint32_t lifetime_s;
    uint32_t age_add;
    uint32_t early_bytes; /* max_early_data_size (4.2.10); 0: no early data */
    struct wire_tls_bytes nonce;
    struct wire_tls_bytes identity; /* the RFC calls it the ticket */
};

uint8_t wire_tls_ticket_read(const uint8_t *message, uint32_t len, struct wire_tls_ticket *ticket);

/* Takes the next element off a list. False: the list is empty. Lists from a reader are
 * well-formed. */
bool wire_tls_number(struct wire_tls_bytes *list, uint16_t *number);
bool wire_tls_share(struct wire_tls_bytes *list, uint16_t *group, struct wire_tls_bytes *share);
bool wire_tls_protocol(struct wire_tls_bytes *list, struct wire_tls_bytes *protocol);
bool wire_tls_identity(struct wire_tls_bytes *list, struct wire_tls_bytes *identity, uint32_t *age);
bool wire_tls_binder(struct wire_tls_bytes *list, struct wire_tls_bytes *binder);

/* True if @list contains @number. */
static inline bool wire_tls_has(struct wire_tls_bytes list, uint16_t number)
{
    uint16_t next;

    while (wire_tls_number(&list, &next))
        if (next == number)
            return true;
    return false;
}

/* ---- Writing --------------------------------------------------------------------------------- */

/* Output of a message. Bytes that don't fit aren't written, and set `full`. */
struct wire_tls_out {
    uint8_t *at;
    uint8_t *end;
    bool full;
};

void wire_tls_put(struct wire_tls_out *out, const void *bytes, size_t len);
/* Writes the low @size bytes of @number. */
void wire_tls_put_number(struct wire_tls_out *out, uint32_t number, unsigned size);
/* Begins a message, or a vector with a length of @size bytes. The matching close fills in the
 * length. */
uint8_t *wire_tls_begin(struct wire_tls_out *out, enum wire_tls_type type);
uint8_t *wire_tls_open(struct wire_tls_out *out, unsigned size);
void wire_tls_close(struct wire_tls_out *out, uint8_t *opened, unsigned size);

/* A ClientHello to write (4.1.2). */
struct wire_tls_client_offer {
    const uint8_t *random;
    struct wire_tls_bytes session_id;
    const uint16_t *suites;
    unsigned suite_count;
    const uint16_t *groups;
    unsigned group_count;
    const uint16_t *schemes;
    unsigned scheme_count;
    uint16_t share_group;
    struct wire_tls_bytes share;
    struct wire_tls_bytes name;      /* NULL: none */
    struct wire_tls_bytes protocols; /* ALPN's list; NULL: none */
    struct wire_tls_bytes cookie;    /* NULL: none */
    struct wire_tls_bytes identity;  /* of a ticket; NULL: none */
    uint32_t obfuscated_age;
    uint32_t binder_len; /* of the one binder, written as zeros first */
    uint16_t record_size_limit;
    bool early_data;
};

/* Writes the message with its header. Returns the position of the list of binders, or NULL. */
uint8_t *wire_tls_client_hello_write(struct wire_tls_out *out,
                                     const struct wire_tls_client_offer *offer);

/* A ServerHello or HelloRetryRequest to write. */
struct wire_tls_server_choice {
    const uint8_t *random; /* NULL: that of a HelloRetryRequest */
    struct wire_tls_bytes session_id;
    uint16_t suite;
    uint16_t group;               /* 0: a HelloRetryRequest that asks for none */
    struct wire_tls_bytes share;  /* only in a ServerHello */
    struct wire_tls_bytes cookie; /* of a HelloRetryRequest; NULL: none */
    uint16_t psk;                 /* index in the client's list, if has_psk */
    bool has_psk;
};

void wire_tls_server_hello_write(struct wire_tls_out *out,
                                 const struct wire_tls_server_choice *choice);

/* Writes a NewSessionTicket with its header. */
void wire_tls_ticket_write(struct wire_tls_out *out, const struct wire_tls_ticket *ticket);

#endif
