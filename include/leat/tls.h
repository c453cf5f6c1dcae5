/*
 * tls.h -- encrypted streams: TLS 1.3 (RFC 8446), both ends.  No older version is spoken.
 *
 * A session lies on a stream and is one: what uses a stream (http_server.h, flow.h) uses a session
 * unchanged.  Text is opened in the buffers that the device filled and handed up when the tag of
 * its record was right, never before; what is sent is encrypted into buffers of the pool in one
 * pass. Cryptography and certificates are a provider's (crypto.h).
 *
 *      leat_tls_open -> leat_tls_accept or leat_tls_connect, for each stream
 *
 * Where the stream below is TCP's, the program switches Nagle's algorithm off,
 * leat_tcp_set_nodelay(): what of a flight of the handshake, or of a record, fills no segment would
 * wait for the ACK of what went before, which the peer may delay (RFC 1122 4.2.3.2, 4.2.3.4).
 *
 * A client's session opens after its server's certificate was checked for the name that it asked
 * for, and no other way.  Callbacks come from leat_poll() only.
 */
#ifndef LEAT_TLS_H
#define LEAT_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/crypto.h>
#include <leat/err.h>
#include <leat/stack.h>
#include <leat/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Bounds that are fixed when leat is compiled. */
enum {
    LEAT_TLS_CHAIN_MAX = 6,           /**< certificates that a server sends */
    LEAT_TLS_CHAIN_BYTES_MAX = 16000, /**< of all of them, in DER */
    LEAT_TLS_KEY_LINE_BYTES = 256,    /**< of a line of leat_tls_config.on_secret */
    LEAT_TLS_PROTOCOL_BYTES = 32,     /**< of a protocol's name (RFC 7301), its NUL included */
    LEAT_TLS_TICKET_BYTES = 512,      /**< of a server's ticket; a longer one isn't kept */
    LEAT_TLS_PIN_BYTES = 32           /**< of a digest of a key: SHA-256 */
};

struct leat_tls;

/** Who a server is: a private key, and the certificates for it.  leat_tls_identity_read() makes
 * one. */
struct leat_tls_identity {
    const char *const *names; /**< DNS names it is for, "*.example.org" too; NULL: any */
    uint16_t name_count;      /**< how many */
    uint8_t chain_count;      /**< certificates in `chain` */
    struct leat_crypto_piece chain[LEAT_TLS_CHAIN_MAX]; /**< in DER, the server's own first */
    struct leat_crypto_private key;                     /**< of the first certificate */
    struct leat_crypto_public inside;                   /**< for leat_tls_identity_read() alone */
};

/**
 * What a client keeps of a session, to begin the next one with the same server by: a key that both
 * know, instead of certificates (RFC 8446 2.2).  The program owns it and may keep it as bytes, on
 * the same kind of machine; all zero is none.  It is a secret: who has it can be the server.
 */
struct leat_tls_ticket {
    uint16_t identity_len; /**< of `identity`; 0: there is no ticket */
    uint16_t suite;        /**< private, as what follows */
    uint32_t lifetime_s;   /**< as its server wants it; a week at most */
    uint32_t age_add;      /**< hides its age */
    uint32_t early_bytes;  /**< of early data that its server would take */
    uint64_t received_s;   /**< civil time */
    uint64_t checked_s;    /**< civil time at which the server's certificates were checked */
    uint8_t name[16];      /**< a digest of the server's name */
    char protocol[LEAT_TLS_PROTOCOL_BYTES];       /**< ALPN's, of that session */
    uint8_t secret[LEAT_CRYPTO_DIGEST_BYTES_MAX]; /**< the key */
    uint8_t identity[LEAT_TLS_TICKET_BYTES];      /**< what its server knows it by */
};

/** What early data (0-RTT, RFC 8446 2.3) takes, for leat_tls_config.early; its inside is private.
 */
extern const struct leat_tls_early leat_tls_early;

/** Limits and identities.  Every 0 means the default named beside it. */
struct leat_tls_config {
    const struct leat_crypto *crypto; /**< the provider; must outlive the sessions */
    /** For servers: the first one whose names and key fit is taken, else the first whose key does.
     * They must outlive the sessions. */
    const struct leat_tls_identity *const *identities;
    uint16_t identity_count;      /**< how many */
    const char *const *protocols; /**< a server's, the best first (ALPN, RFC 7301); NULL: none */
    uint16_t protocol_count;      /**< how many */
    /** At a time: 64.  A server's session needs one from its first whole record until it is open;
     * with none left the oldest one of the address that has most makes room. */
    uint16_t server_handshakes;
    uint16_t client_handshakes; /**< at a time, of clients: 8; one more is refused */
    /** With so many of a server's at a time, a hello is answered by a cookie, and nothing is kept
     * until the client has sent it back (RFC 8446 4.2.2); 1: always.  0: never. */
    uint16_t cookie_handshakes;
    /** At a time: 256.  One more ends the oldest one of the address (of IPv6: the /64) that has
     * most servers' sessions, which is told LEAT_ERR_MEMORY; one of its own only if that was silent
     * for a second. */
    uint32_t sessions;
    uint16_t server_message_bytes; /**< longest handshake message to a server: 6,144, for a
                                        hello with hybrid key shares, ECH and a ticket */
    uint16_t client_message_bytes; /**< ... to a client, whose longest is the certificates: 9,216;
                                        1,536 at least */
    uint16_t signatures_per_turn;  /**< of all servers in one poll: 16; others wait for the next */
    uint64_t handshake_ns;         /**< a handshake may take: 10 s */
    uint64_t stall_ns;  /**< the peer may send no whole record, during a handshake: four fifths of
                             handshake_ns, so that the first three packets may be lost */
    uint64_t record_ns; /**< a record may take, from its first byte: 30 s */
    /** A stream whose session is over may take to end, when all that was sent has arrived: 3 s.
     * Before, the peer may take nothing for record_ns. */
    uint64_t linger_ns;
    uint64_t records_per_key; /**< sent, before a key update: 2^23 (RFC 8446 5.5), the most */
    /** A server's tickets are good for so long, and the key that seals them is used for so long:
     * 7,200; 604,800 at most (RFC 8446 4.6.1). */
    uint32_t ticket_lifetime_s;
    bool no_tickets; /**< a server gives none, and takes none */
    /** &leat_tls_early: sessions may have early data, if early_bytes and leat_tls_client.early ask
     * for it.  NULL: none has, and a program without this pointer links none of what it takes. */
    const struct leat_tls_early *early;
    /**
     * Of early data (0-RTT) that a server takes, by each hello with a ticket; 0: none is taken;
     * 1,048,576 at most.  It must fit the window of the streams below.  What comes early may be a
     * replay until the session is open: leat_tls_receive_early().
     */
    uint32_t early_bytes;
    /** Hellos with early data that a server knows again, for up to 20 s each; with no place for one
     * more early data is refused.  With early_bytes: 1,024, of 16 bytes each;
     * 2^24 at most. */
    uint32_t early_hellos;
    /** There is early data at a server's session: for leat_tls_receive_early().  Gets what the
     * session's leat_stream_set_events() got.  NULL: it waits until the session is open. */
    void (*on_early)(void *session_arg);
    /** Seconds since 1970, UTC; 0: not known, and then no certificate is good.  NULL: as 0. */
    uint64_t (*civil_time_s)(void *arg);
    /** Gets each secret as a line of NSS's key log, so that others can read a capture: for tests.
     * NULL: nobody does. */
    void (*on_secret)(const char *line, void *arg);
    void *arg; /**< for the functions */
};

/** A key that is known: SHA-256 of its SubjectPublicKeyInfo (RFC 7469 2.4). */
struct leat_tls_pin {
    uint8_t digest[LEAT_TLS_PIN_BYTES]; /**< the bytes, not their text */
};

/** What a client wants of its server.  It, and what it points to, must stay until on_open or
 * on_closed; `ticket` until on_closed. */
struct leat_tls_client {
    /** The server's DNS name, in ASCII: sent, and looked for in its certificate.  Or its address,
     * as leat_ip_parse() reads it: looked for, and not sent (RFC 6066 3).  May be NULL with `pins`
     * or `anybody`: then none is sent. */
    const char *name;
    const struct leat_crypto_anchors *anchors; /**< whom it trusts */
    /**
     * Instead of anchors: the key in the server's own certificate is one of these.  Nothing else
     * is looked at: neither its name, nor its dates, nor who has signed it.
     */
    const struct leat_tls_pin *pins;
    uint8_t pin_count; /**< how many; 0: the certificates are checked */
    /** Whoever answers is good, if there are no pins: this keeps from being overheard, and from
     * nothing else (opportunistic, RFC 7435). */
    bool anybody;
    const char *const *protocols; /**< the best first (ALPN); NULL: none */
    uint16_t protocol_count;      /**< how many: four of the longest fit */
    /**
     * Of an earlier session with this name, and where the server's next one is written to; NULL:
     * neither.  It serves one session at a time, and a ticket is used once; the name and the time
     * it may be used for are looked at, the anchors are not: they must be those of the session it
     * is from.
     */
    struct leat_tls_ticket *ticket;
    /**
     * Goes at once, behind the hello, if the ticket allows it: early data (0-RTT, RFC 8446 2.3). As
     * much of it as the ticket allows, or as there is time for.  Whoever sees it can send it to the
     * server again, and it has no forward secrecy, so it must be harmless (a GET).  When the
     * session opens, leat_tls_info.early_bytes says how much the server has taken: the program
     * sends the rest, or all of it if that is 0.  NULL, or
     * leat_tls_config.early is: nothing.
     */
    const void *early;
    size_t early_len; /**< bytes */
};

/** What sessions have done and met; they only grow. */
struct leat_tls_counts {
    uint64_t accepted;        /**< handshakes of ours as server that were finished */
    uint64_t connected;       /**< ... as client */
    uint64_t retried;         /**< with a HelloRetryRequest, either way */
    uint64_t failed;          /**< sessions that ended with an alert of ours */
    uint64_t alerts_received; /**< ... of the peer */
    uint64_t timeouts;        /**< ended because the peer was too slow */
    uint64_t cut_short;       /**< streams that ended without close_notify */
    uint64_t refused;         /**< no place for a session, or for a client's handshake */
    uint64_t displaced;    /**< sessions of servers that ended because others needed their place */
    uint64_t key_updates;  /**< sent or received */
    uint64_t copied_bytes; /**< of records in so many pieces that they were copied together */
    uint64_t waited;       /**< times that a message waited for room, or a signature's turn */
    uint64_t resumed;      /**< handshakes by a ticket, either way */
    uint64_t tickets_sent; /**< to clients */
    uint64_t tickets_refused; /**< hellos of clients with tickets, of which we took none */
    uint64_t tickets_kept;    /**< of servers */
    uint64_t cookies;         /**< asked for, of those in `retried` */
    uint64_t early_bytes;     /**< of clients' early data, which was thrown away */
    uint64_t early_taken;     /**< handshakes whose early data was taken, either way */
    uint64_t early_refused;   /**< ... was not, either way */
    uint64_t early_repeated;  /**< hellos with early data that came again, of those */
};

/** What a session has agreed on. */
struct leat_tls_info {
    bool open;              /**< the handshake is over */
    bool server;            /**< we are the server */
    bool resumed;           /**< by a ticket: no certificate was sent, and `scheme` is 0 */
    uint16_t suite;         /**< cipher suite, RFC 8446 B.4; 0: not yet */
    uint16_t group;         /**< enum leat_crypto_group */
    uint16_t scheme;        /**< enum leat_crypto_scheme, of the server's signature */
    uint32_t early_bytes;   /**< of early data that the server has taken, so far: the first ones of
                                 leat_tls_client.early, or what has come to us early */
    uint8_t alert_sent;     /**< RFC 8446 6.2; 0: none, or close_notify */
    uint8_t alert_received; /**< the same of the peer */
    const char *protocol;   /**< ALPN's; "": none.  The session's memory */
    const char *why;        /**< what ended it, one English phrase; "": nothing.  Static memory */
};

/** Bytes that leat_tls_open() needs. */
size_t leat_tls_memory_bytes(const struct leat_tls_config *config);

/**
 * Makes sessions possible on @p stack.  @p memory (any alignment) of @p bytes belongs to them until
 * leat_tls_close().
 * A record stays in TCP until it is whole, and a message leaves when there is room for all of it:
 * leat_tcp_config.receive_window_bytes must be 34,000 at least, as the window's edge moves by
 * halves (RFC 9293 3.8.6.2.2), send_queue_bytes 8,192, and a server's 2,000 more than its chain.
 * Errors: LEAT_ERR_MEMORY; LEAT_ERR_ARGUMENT (no provider, a limit out of range, a chain that is
 * too long, early_bytes without `early`).
 */
enum leat_err leat_tls_open(struct leat_tls **tls, struct leat *stack, void *memory, size_t bytes,
                            const struct leat_tls_config *config);

/** Ends it and resets its streams; no callback follows, and the memory is the program's again. */
void leat_tls_close(struct leat_tls *tls);

/**
 * Replaces a server's identities, for the sessions that begin from now on, and ends all tickets.
 * The old ones must stay for handshakes that go on: leat_tls_config.handshake_ns.
 */
enum leat_err leat_tls_set_identities(struct leat_tls *tls,
                                      const struct leat_tls_identity *const *identities,
                                      uint16_t count);

/**
 * Serves on @p below, which is the session's from now on, callbacks included; @p session is what
 * the program uses instead.  It sends nothing before on_open. Errors: LEAT_ERR_MEMORY (no place),
 * LEAT_ERR_ARGUMENT (no identity): then @p below is as it was.
 */
enum leat_err leat_tls_accept(struct leat_tls *tls, const struct leat_stream *below,
                              struct leat_stream *session);

/**
 * The same for a client; @p below may still be on its way to be open.  LEAT_ERR_ARGUMENT: it can't
 * know its server, or its protocols are empty or too long.
 */
enum leat_err leat_tls_connect(struct leat_tls *tls, const struct leat_stream *below,
                               const struct leat_tls_client *client, struct leat_stream *session);

/** What a session is doing; valid until its on_closed has returned.  @p session must be one. */
void leat_tls_get_info(const struct leat_stream *session, struct leat_tls_info *info);

/**
 * At a server, what has come as early data, before its handshake is over: as leat_stream_receive(),
 * and leat_stream_consumed() follows, too.  Who asks for it says that it knows what it is: perhaps
 * a replay, so it is answered only if it may come twice (RFC 8446 8, RFC 8470).  From then on the
 * program may send, but not end the stream, before on_open.  What isn't taken so is text as any
 * other when the session is open, and no replay: leat_stream_receive() gives nothing before.  NULL:
 * nothing is there.
 */
struct leat_buf *leat_tls_receive_early(const struct leat_stream *session, uint32_t bytes_max);

/** The counters; live, valid as long as @p tls. */
const struct leat_tls_counts *leat_tls_counts(const struct leat_tls *tls);

/** "unknown_ca", as in RFC 8446 6; "unknown alert" for a number that isn't there.  Static memory.
 */
const char *leat_tls_alert_name(uint8_t alert);

/**
 * Makes an identity of two texts in PEM: @p certificates, the server's own first, and @p key.
 * Decodes the certificates to @p memory, which as many bytes as the text has are enough for, and
 * which must stay.  Its names are the program's to set.
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

/** Wipes the key and gives back what it holds. */
void leat_tls_identity_close(struct leat_tls_identity *identity, const struct leat_crypto *crypto);

#ifdef __cplusplus
}
#endif
#endif
