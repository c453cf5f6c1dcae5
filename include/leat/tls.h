/*
 * tls.h -- encrypted streams: both ends of TLS 1.3 (RFC 8446).  Older versions aren't supported.
 *
 * A session lies on a stream and is one: users of streams (http_server.h, flow.h) use a session
 * unchanged.  Records are decrypted in the buffers that the device filled, and handed up only after
 * their tag was verified.  Data to send is encrypted into buffers of the pool in one pass.
 * Cryptography and certificates are a provider's (crypto.h).
 *
 *      leat_tls_open -> leat_tls_accept or leat_tls_connect, for each stream
 *
 * If the stream below is TCP's, the program should turn off Nagle's algorithm,
 * leat_tcp_set_nodelay().  Otherwise the last part of a handshake flight or of a record, which
 * fills no segment, waits for the ACK of the data before, and the peer may delay that ACK (RFC 1122
 * 4.2.3.2, 4.2.3.4).
 *
 * A client's session opens only after the server's certificate was verified for the name that the
 * client asked for.  Callbacks come from leat_poll() only.
 */
#ifndef LEAT_TLS_H
#define LEAT_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/abi.h>
#include <leat/crypto.h>
#include <leat/err.h>
#include <leat/stack.h>
#include <leat/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Limits that are fixed at compile time. */
enum {
    LEAT_TLS_CHAIN_MAX = 6,           /**< certificates that a server sends */
    LEAT_TLS_CHAIN_BYTES_MAX = 16000, /**< of all of them, in DER */
    LEAT_TLS_KEY_LINE_BYTES = 256,    /**< of a line of leat_tls_config.on_secret */
    LEAT_TLS_PROTOCOL_BYTES = 32,     /**< of a protocol's name (RFC 7301), its NUL included */
    LEAT_TLS_TICKET_BYTES = 512,      /**< of a server's ticket; a longer one isn't kept */
    LEAT_TLS_PIN_BYTES = 32,          /**< of a digest of a key: SHA-256 */
    LEAT_TLS_TICKET_KEYS_BYTES = 109  /**< of leat_tls_ticket_keys_get() */
};

struct leat_tls;

/** The identity of a server: a private key, and the certificates for it.  leat_tls_identity_read()
 * makes one. */
struct leat_tls_identity {
    const char *const *names; /**< DNS names it is for, "*.example.org" too; NULL: any */
    uint16_t name_count;      /**< how many */
    uint8_t chain_count;      /**< certificates in `chain` */
    struct leat_crypto_piece chain[LEAT_TLS_CHAIN_MAX]; /**< in DER, the server's own first */
    struct leat_crypto_private key;                     /**< of the first certificate */
    struct leat_crypto_public inside; /**< used by leat_tls_identity_read() only */
};

/**
 * A client's ticket for resuming a session with the same server: both know a key, which replaces
 * certificates (RFC 8446 2.2).  The program owns it and may store its bytes, for the same kind of
 * machine; all zero: no ticket.  It is a secret: its holder can impersonate the server.
 */
struct leat_tls_ticket {
    uint16_t identity_len; /**< of `identity`; 0: there is no ticket */
    uint16_t suite;        /**< this and all following fields are private */
    uint32_t lifetime_s;   /**< set by the server; a week at most */
    uint32_t age_add;      /**< hides the ticket's age */
    uint32_t early_bytes;  /**< limit of early data that the server accepts */
    uint64_t received_s;   /**< civil time */
    uint64_t checked_s;    /**< civil time at which the server's certificates were verified */
    uint8_t name[16];      /**< a digest of the server's name */
    char protocol[LEAT_TLS_PROTOCOL_BYTES];       /**< the session's, from ALPN */
    uint8_t secret[LEAT_CRYPTO_DIGEST_BYTES_MAX]; /**< the pre-shared key */
    uint8_t identity[LEAT_TLS_TICKET_BYTES];      /**< the ticket that is sent to the server */
};

/** The implementation of early data (0-RTT, RFC 8446 2.3), for leat_tls_config.early; opaque. */
extern const struct leat_tls_early leat_tls_early;

/** Limits and identities.  Every 0 means the default named beside it. */
struct leat_tls_config {
    const struct leat_crypto *crypto; /**< the provider; must outlive the sessions */
    /** For servers: the first one whose names and key fit is used, else the first whose key fits.
     * They must outlive the sessions. */
    const struct leat_tls_identity *const *identities;
    uint16_t identity_count;      /**< number of identities */
    const char *const *protocols; /**< a server's, the best first (ALPN, RFC 7301); NULL: none */
    uint16_t protocol_count;      /**< number of protocols */
    /** Handshakes of servers at a time: 64.  A session needs one from its first whole record until
     * it is open.  When all are taken, the oldest one of the address that has most is ended. */
    uint16_t server_handshakes;
    uint16_t client_handshakes; /**< handshakes of clients at a time: 8; one more is refused */
    /** While a server has at least so many handshakes, a hello is answered with a cookie, and no
     * state is kept until the client has returned it (RFC 8446 4.2.2); 1: always.  0: never. */
    uint16_t cookie_handshakes;
    /** Sessions at a time: 256.  One more ends the oldest server session of the address (of IPv6:
     * the /64) that has most; on_closed gets LEAT_ERR_MEMORY.  A session of the newcomer's own
     * address is ended only if it was silent for a second. */
    uint32_t sessions;
    uint16_t server_message_bytes; /**< longest handshake message to a server: 6,144, for a
                                        hello with hybrid key shares, ECH and a ticket */
    uint16_t client_message_bytes; /**< longest handshake message to a client: 9,216, for
                                        the certificates; 1,536 at least */
    uint16_t signatures_per_turn;  /**< of all servers in one poll: 16; more wait for the next */
    uint64_t handshake_ns;         /**< limit for a whole handshake: 10 s */
    uint64_t stall_ns;  /**< limit for the peer to send a whole record, during a handshake: four
                             fifths of handshake_ns, so that the first three packets may be lost */
    uint64_t record_ns; /**< limit for the peer to send a whole record after the handshake,
                             from the record's first byte on: 30 s */
    /** After a session is over and all its data has arrived, its stream may take so long to end:
     * 3 s.  Until the data has arrived, the peer may make no progress for record_ns. */
    uint64_t linger_ns;
    uint64_t records_per_key; /**< records sent before a key update: 2^23, which is also
                                   the maximum (RFC 8446 5.5) */
    /** Lifetime of a server's tickets, and how long the key that seals them is used: 7,200;
     * 604,800 at most (RFC 8446 4.6.1). */
    uint32_t ticket_lifetime_s;
    bool no_tickets; /**< a server neither sends nor accepts tickets */
    /** &leat_tls_early: sessions may use early data, if early_bytes or leat_tls_client.early ask
     * for it.  NULL: no session uses it.  It is a pointer so that programs without early data don't
     * link its code. */
    const struct leat_tls_early *early;
    /**
     * Limit of early data (0-RTT) that a server accepts after each hello with a ticket; 0: none;
     * 1,048,576 at most.  It must fit into the window of the streams below.  Early data may be a
     * replay until the session is open: leat_tls_receive_early().
     */
    uint32_t early_bytes;
    /** Hellos with early data that a server remembers, for up to 20 s each, to detect repeats. When
     * the table is full, early data is refused.  With early_bytes: 1,024, of 16 bytes each; 2^24 at
     * most. */
    uint32_t early_hellos;
    /** A server's session has early data for leat_tls_receive_early().  The argument is the one of
     * the session's leat_stream_set_events().  NULL: it waits until the session is open. */
    void (*on_early)(void *session_arg);
    /** Seconds since 1970, UTC; 0: unknown, then no certificate is accepted.  NULL: as 0. */
    uint64_t (*civil_time_s)(void *arg);
    /** Gets each secret as a line of NSS's key log, so that tools can decrypt a capture: for tests.
     * May be NULL. */
    void (*on_secret)(const char *line, void *arg);
    void *arg; /**< for civil_time_s and on_secret */
    /** The first value of leat_tls_set_challenge(); NULL: none. */
    const struct leat_tls_identity *challenge;
    uint64_t reserved[LEAT_RESERVED]; /**< for members of later versions; all 0 */
};

/** A pinned key: SHA-256 of its SubjectPublicKeyInfo (RFC 7469 2.4). */
struct leat_tls_pin {
    uint8_t digest[LEAT_TLS_PIN_BYTES]; /**< binary */
};

/** A client's requirements of its server.  The struct, and all that it points to, must stay until
 * on_open or on_closed; `ticket` until on_closed. */
struct leat_tls_client {
    /** The server's DNS name, in ASCII: sent, and verified in its certificate.  Or its address, as
     * leat_ip_parse() reads it: verified, but not sent (RFC 6066 3).  May be NULL with `pins` or
     * `anybody`: then none is sent. */
    const char *name;
    const struct leat_crypto_anchors *anchors; /**< trusted authorities */
    /**
     * Replaces anchors: the key in the server's own certificate must be one of these.  Names, dates
     * and signatures of certificates are not checked.
     */
    const struct leat_tls_pin *pins;
    uint8_t pin_count; /**< number of pins; 0: the certificates are verified */
    /** Accept any server, if there are no pins.  This protects against eavesdroppers, but not
     * against active attackers (opportunistic, RFC 7435). */
    bool anybody;
    const char *const *protocols; /**< the best first (ALPN); NULL: none */
    uint16_t protocol_count;      /**< number of protocols: four of the longest fit */
    /**
     * From an earlier session with this name; the server's next ticket is written to it, too. NULL:
     * neither.  It serves one session at a time, and each ticket is used once.  The name and the
     * lifetime are checked.  The anchors are not: they must be those of the earlier session.
     */
    struct leat_tls_ticket *ticket;
    /**
     * Early data (0-RTT, RFC 8446 2.3), sent right behind the hello if the ticket allows it: as
     * much as the ticket allows, or as there is time for.  An eavesdropper can replay it to the
     * server, and it has no forward secrecy, so it must be harmless (a GET).  When the session
     * opens, leat_tls_info.early_bytes is the number of bytes that the server has accepted: the
     * program sends the rest, or all of it if that is 0.  NULL, or leat_tls_config.early is NULL:
     * none.
     */
    const void *early;
    size_t early_len;                 /**< bytes */
    uint64_t reserved[LEAT_RESERVED]; /**< for members of later versions; all 0 */
};

/** Counters of sessions; they only grow. */
struct leat_tls_counts {
    uint64_t accepted;        /**< finished handshakes of ours as server */
    uint64_t connected;       /**< finished handshakes of ours as client */
    uint64_t retried;         /**< handshakes with a HelloRetryRequest, as either */
    uint64_t failed;          /**< sessions that ended with an alert of ours */
    uint64_t alerts_received; /**< sessions that ended with an alert of the peer */
    uint64_t timeouts;        /**< sessions ended because the peer was too slow */
    uint64_t cut_short;       /**< streams that ended without close_notify */
    uint64_t refused;         /**< no place for a session, or for a client's handshake */
    uint64_t displaced;    /**< sessions of servers that ended because others needed their place */
    uint64_t key_updates;  /**< sent or received */
    uint64_t copied_bytes; /**< of records in so many pieces that they were copied together */
    uint64_t waited;       /**< times that a message waited for room, or a signature for its turn */
    uint64_t resumed;      /**< handshakes by a ticket, as either */
    uint64_t tickets_sent; /**< to clients */
    uint64_t tickets_refused; /**< hellos of clients with tickets, of which we accepted none */
    uint64_t tickets_kept;    /**< from servers */
    uint64_t cookies;         /**< those in `retried` that asked for a cookie */
    uint64_t early_bytes;     /**< of clients' early data that was discarded */
    uint64_t early_taken;     /**< handshakes whose early data was accepted, as either */
    uint64_t early_refused;   /**< handshakes whose early data was refused, as either */
    uint64_t early_repeated;  /**< those of them that repeated an earlier hello */
};

/** The state of a session. */
struct leat_tls_info {
    bool open;              /**< the handshake is over */
    bool server;            /**< we are the server */
    bool resumed;           /**< by a ticket: no certificate was sent, and `scheme` is 0 */
    uint16_t suite;         /**< cipher suite, RFC 8446 B.4; 0: not yet */
    uint16_t group;         /**< enum leat_crypto_group */
    uint16_t scheme;        /**< enum leat_crypto_scheme, of the server's signature */
    uint32_t early_bytes;   /**< of early data that the server has accepted so far: the first ones
                                 of leat_tls_client.early, or those that came to us early */
    uint8_t alert_sent;     /**< RFC 8446 6.2; 0: none, or close_notify */
    uint8_t alert_received; /**< the same of the peer */
    const char *protocol;   /**< ALPN's; "": none.  The session's memory */
    const char *why;        /**< why it ended, one English phrase; "": it has not.  Static memory */
    uint64_t reserved[LEAT_RESERVED_REPORT]; /**< for members of later versions; all 0 */
};

/** Bytes that leat_tls_open() needs. */
size_t leat_tls_memory_bytes(const struct leat_tls_config *config);

/**
 * Makes sessions possible on @p stack.  @p memory (any alignment) of @p bytes belongs to them until
 * leat_tls_close().
 *
 * A record stays in TCP until it is complete, and a message is sent when there is room for all of
 * it.  So leat_tcp_config.receive_window_bytes must be at least 34,000, because the window's edge
 * moves by halves (RFC 9293 3.8.6.2.2); send_queue_bytes at least 8,192, and for a server 2,000
 * more than its chain. Errors: LEAT_ERR_MEMORY; LEAT_ERR_ARGUMENT (no provider, a limit out of
 * range, a chain that is too long, early_bytes without `early`).
 */
enum leat_err leat_tls_open(struct leat_tls **tls, struct leat *stack, void *memory, size_t bytes,
                            const struct leat_tls_config *config);

/** Ends it and resets its streams; no callback follows.  The memory is the program's again. */
void leat_tls_close(struct leat_tls *tls);

/**
 * Replaces a server's identities for new sessions, and invalidates all tickets.  The old identities
 * must stay for current handshakes: leat_tls_config.handshake_ns.
 */
enum leat_err leat_tls_set_identities(struct leat_tls *tls,
                                      const struct leat_tls_identity *const *identities,
                                      uint16_t count);

/**
 * Gives a server the identity that answers an authority's challenge (tls-alpn-01, RFC 8737), or
 * takes it away (NULL).  It is used for a client whose only protocol is "acme-tls/1", if the client
 * asks for one of its names.  The session is served as any other; the client ends it at once.
 *
 * The identity and its key must stay until the last handshake that began with it is over, or @p tls
 * is closed; its chain may change meanwhile, in its place.  LEAT_ERR_ARGUMENT: its chain is too
 * long.
 */
enum leat_err leat_tls_set_challenge(struct leat_tls *tls,
                                     const struct leat_tls_identity *identity);

/**
 * Writes the keys that seal a server's tickets to @p bytes, LEAT_TLS_TICKET_KEYS_BYTES of them, so
 * that leat_tls_ticket_keys_set() of the next run accepts the tickets of this one.  The keys are
 * made if there are none yet.  They change as they age (leat_tls_config.ticket_lifetime_s), so the
 * program keeps them again every few minutes, or before it ends.  They are secret: with them, and a
 * client's ticket, an attacker can impersonate the server, and can read early data.  Call it in or
 * after the first leat_poll(): before it the stack doesn't know the time, and a key's age is wrong.
 * LEAT_ERR_ARGUMENT: no_tickets is set, or the civil time is unknown; LEAT_ERR_ENTROPY.
 */
enum leat_err leat_tls_ticket_keys_get(struct leat_tls *tls,
                                       uint8_t bytes[LEAT_TLS_TICKET_KEYS_BYTES]);

/**
 * Takes the keys of an earlier run: its tickets are accepted until they expire, which is measured
 * by civil time.  The identities must be those of that run, because a ticket replaces their
 * certificates.  Call it after leat_tls_open(), and after leat_reseed(), which wipes the keys; not
 * before the first leat_poll(), as above.
 * Early data is refused for eleven seconds, because the hellos that were taken before are forgotten
 * (RFC 8446 8.2).  If civil time is earlier than at leat_tls_ticket_keys_get(), it is refused until
 * all tickets of that run have expired.  A clock that was set back unnoticed lets such hellos be
 * replayed.  Servers that share keys at one time must not take early data.
 * LEAT_ERR_ARGUMENT: as above; LEAT_ERR_FORMAT: other bytes; LEAT_ERR_UNSUPPORTED: keys for an AEAD
 * that the provider doesn't have; LEAT_ERR_ENTROPY.  Then the keys are unchanged.
 */
enum leat_err leat_tls_ticket_keys_set(struct leat_tls *tls, const uint8_t *bytes, size_t len);

/**
 * Serves on @p below, which belongs to the session from now on, callbacks included.  The program
 * uses @p session instead, which sends nothing before on_open.  Errors: LEAT_ERR_MEMORY (no place),
 * LEAT_ERR_ARGUMENT (no identity); then @p below is unchanged.
 */
enum leat_err leat_tls_accept(struct leat_tls *tls, const struct leat_stream *below,
                              struct leat_stream *session);

/**
 * leat_tls_accept() for a client; @p below may still be connecting.  LEAT_ERR_ARGUMENT: the client
 * has nothing to verify the server by, or its protocols are empty or too long.
 */
enum leat_err leat_tls_connect(struct leat_tls *tls, const struct leat_stream *below,
                               const struct leat_tls_client *client, struct leat_stream *session);

/** The state of @p session, which must be one; valid until its on_closed has returned. */
void leat_tls_get_info(const struct leat_stream *session, struct leat_tls_info *info);

/**
 * Takes a server's early data before the handshake is over, as leat_stream_receive();
 * leat_stream_consumed() follows, too.  The data may be a replay, so the program must only answer
 * requests that may come twice (RFC 8446 8, RFC 8470).  From then on the program may send, but not
 * end the stream, before on_open.  Early data that is not taken by this call is delivered as
 * ordinary data when the session is open, and then is no replay; leat_stream_receive() returns
 * nothing before.  NULL: there is none.
 */
struct leat_buf *leat_tls_receive_early(const struct leat_stream *session, uint32_t bytes_max);

/** The counters; live, valid as long as @p tls. */
const struct leat_tls_counts *leat_tls_counts(const struct leat_tls *tls);

/** "unknown_ca", as in RFC 8446 6; "unknown alert" for any other number.  Static memory. */
const char *leat_tls_alert_name(uint8_t alert);

/**
 * Makes an identity of two PEM texts: @p certificates, the server's own first, and @p key.  Decodes
 * the certificates to @p memory, which must stay; as many bytes as the text has are always enough.
 * The program sets its names.
 *
 * Errors: LEAT_ERR_FORMAT, LEAT_ERR_NOT_FOUND (no certificate, no key), LEAT_ERR_ARGUMENT (the key
 * is not the certificate's), LEAT_ERR_UNSUPPORTED (the key, or the certificate's, is of a kind or
 * size that the provider doesn't have), LEAT_ERR_TOO_BIG (a chain over LEAT_TLS_CHAIN_MAX),
 * LEAT_ERR_MEMORY.
 */
enum leat_err leat_tls_identity_read(struct leat_tls_identity *identity,
                                     const struct leat_crypto *crypto, const char *certificates,
                                     size_t certificates_len, const char *key, size_t key_len,
                                     void *memory, size_t bytes);

/**
 * Sets `names` to the DNS names of the identity's own certificate (subjectAltName, RFC 5280
 * 4.2.1.6), in lower case, so that a server with several identities chooses by the name that a
 * client asks for.  They lie in @p memory (any alignment), which must stay as long as the identity.
 * Errors: LEAT_ERR_NOT_FOUND (the certificate has none, or is broken), LEAT_ERR_MEMORY; `names` is
 * unchanged then.
 */
enum leat_err leat_tls_identity_read_names(struct leat_tls_identity *identity, void *memory,
                                           size_t bytes);

/**
 * When the identity's own certificate ends to be valid (notAfter, RFC 5280 4.1.2.5), in seconds
 * since 1970.  0: the certificate is broken, or names a time before 1970 or after 2553.  (One that
 * doesn't end names 9999.)
 */
uint64_t leat_tls_identity_ends_s(const struct leat_tls_identity *identity);

/** When it begins to be valid (notBefore), likewise. */
uint64_t leat_tls_identity_begins_s(const struct leat_tls_identity *identity);

/** Wipes the key and releases its resources. */
void leat_tls_identity_close(struct leat_tls_identity *identity, const struct leat_crypto *crypto);

#ifdef __cplusplus
}
#endif
#endif
