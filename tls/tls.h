/*
 * tls.h -- internal declarations of TLS: sessions, handshakes, keys.
 *
 * Data flows between the stream below and the program:
 *
 *      tls_session_pump -> tls_record_next -> tls_unprotect -> data for the program
 *                                             -> tls_message_feed -> tls_event
 *      tls_event -> messages that are owed -> tls_flush -> tls_protect -> the stream below
 *      the program's data --------------------------------> tls_protect -> the stream below
 *
 * A session that is idle or waits for a hello needs only a struct tls_session. A handshake takes a
 * struct tls_handshake from a bounded pool. Messages to send are bits of a set, sent from the
 * lowest bit on. Each is sent whole or stays in the set, so nothing is held when the pool is empty.
 */
#ifndef TLS_TLS_H
#define TLS_TLS_H

#include <leat/tls.h>
#include <leat/timer.h>

#include "core/shares.h"
#include "tls/tls_fsm.h"
#include "tls/wire/tls.h"

enum {
    TLS_OUT_BYTES = 1792, /* longest message that we write: a hello with a hybrid share */
    TLS_RECORD_PIECES = 16,
    TLS_OPEN_PIECES = 40,
    TLS_OVERHEAD = WIRE_TLS_RECORD_HEADER + 1 + LEAT_CRYPTO_TAG_BYTES,
    TLS_SEGMENT_DATA = 1400,  /* payload of a record that fits a segment */
    TLS_SEGMENT_RECORDS = 32, /* short records; a reader may wait for longer ones */
    TLS_IDLE_MAX = 32,        /* records without data, and key updates, in a row */
    TLS_PROTOCOLS_BYTES = 4 * LEAT_TLS_PROTOCOL_BYTES, /* a client's list (ALPN) */
    TLS_SCHEMES = 12,
    TLS_SCHEMES_PKCS1 = 3, /* at the end of the list, for certificates only */
    TLS_COOKIE_MAC = 32,
    TLS_COOKIE = 2 + 2 + 2 * LEAT_CRYPTO_DIGEST_BYTES_MAX + TLS_COOKIE_MAC,
    TLS_NAME_DIGEST = 16,                         /* digest of a name, in a ticket */
    TLS_SEAL_NAME = 8,                            /* name of a seal */
    TLS_SEALS = 2,                                /* the current one and its predecessor */
    TLS_TICKETS_TRIED = 4,                        /* of a hello; clients offer one or two */
    TLS_NONCE_MAX = LEAT_CRYPTO_DIGEST_BYTES_MAX, /* longest nonce that a client keeps */
    TLS_LATE_BYTES = 600,                         /* longest ticket message that a client keeps */
    TLS_EARLY_BYTES = 1 << 15, /* refused early data that is skipped, including record headers */
    TLS_EARLY_MAX = 1 << 20,   /* limit of config.early_bytes */
    TLS_EARLY_WINDOW_S = 10,   /* a hello with early data is fresh that long (8.3) */
    TLS_STRIKES_A_ROW = 8,
    TLS_STRIKES_MAX = 1 << 24,
    TLS_TICKET_S_MAX = 604800 /* longest lifetime of a ticket (4.6.1) */
};

/* Messages to send, in this order. */
enum tls_owed {
    TLS_OWES_CLIENT_HELLO = 1 << 0,
    TLS_OWES_RETRY = 1 << 1,
    TLS_OWES_SERVER_HELLO = 1 << 2,
    TLS_OWES_CHANGE = 1 << 3, /* change_cipher_spec, for middleboxes (D.4) */
    TLS_OWES_EARLY = 1 << 4,  /* a client's early data, as much as there is time for */
    TLS_OWES_EXTENSIONS = 1 << 5,
    TLS_OWES_END_OF_EARLY = 1 << 6,
    TLS_OWES_CERTIFICATE = 1 << 7,
    TLS_OWES_VERIFY = 1 << 8,
    TLS_OWES_FINISHED = 1 << 9,
    /* flight_sent follows when none of these is left */
    TLS_OWES_FLIGHT = (2 * TLS_OWES_FINISHED - 1) & ~TLS_OWES_EARLY,
    TLS_OWES_TICKET = 1 << 10,
    TLS_OWES_KEY_UPDATE = 1 << 11,
    TLS_OWES_CLOSE = 1 << 12,
    TLS_OWES_ALERT = 1 << 13
};

/* State of a session's early data; a server uses only NONE and TAKEN. */
enum tls_early {
    TLS_EARLY_NONE,
    TLS_EARLY_OFFERED,
    TLS_EARLY_REFUSED,
    TLS_EARLY_TAKEN
};

/* Events that are due to the program. */
enum tls_news {
    TLS_NEWS_OPEN = 1 << 0,
    TLS_NEWS_READABLE = 1 << 1,
    TLS_NEWS_WRITABLE = 1 << 2,
    TLS_NEWS_EARLY = 1 << 3 /* early data, before the session is open */
};

/* Keys of one direction (7.3). */
struct tls_key {
    struct leat_crypto_aead_key key;
    uint8_t iv[LEAT_CRYPTO_NONCE_BYTES];
    uint8_t secret[LEAT_CRYPTO_DIGEST_BYTES_MAX];
    uint64_t sequence;
    bool on; /* records are encrypted */
};

/* State that a session needs until it is open. */
struct tls_handshake {
    struct tls_handshake *next_free;
    struct tls_session *session; /* its user */
    uint32_t place;              /* of a server: index in tls->handshake_shares */
    const struct leat_tls_client *client;
    const struct leat_tls_identity *identity;
    struct leat_crypto_hashing transcript;
    struct leat_crypto_share share;
    struct leat_crypto_public peer_key;
    uint8_t secret[LEAT_CRYPTO_DIGEST_BYTES_MAX]; /* current stage of the key schedule (7.1) */
    uint8_t client_secret[LEAT_CRYPTO_DIGEST_BYTES_MAX]; /* traffic secrets of this stage */
    uint8_t server_secret[LEAT_CRYPTO_DIGEST_BYTES_MAX];
    uint8_t hello_digest[LEAT_CRYPTO_DIGEST_BYTES_MAX]; /* parts that a second hello must repeat */
    union {
        uint8_t first_digest[LEAT_CRYPTO_DIGEST_BYTES_MAX]; /* hash of the hello before a retry */
        /* client_handshake_traffic_secret during early data, which excludes a retry */
        uint8_t held_secret[LEAT_CRYPTO_DIGEST_BYTES_MAX];
    };
    uint8_t psk[LEAT_CRYPTO_DIGEST_BYTES_MAX]; /* key of the ticket that is used or offered */
    uint8_t random[WIRE_TLS_RANDOM];           /* the ClientHello's random */
    uint8_t session_id[WIRE_TLS_SESSION_ID_MAX];
    uint8_t session_id_len;
    bool for_client;
    bool hashing; /* `transcript` is open */
    bool has_share, has_peer_key;
    bool retried;
    bool offered;                     /* a client has offered the ticket of `psk` */
    bool certificate_asked;           /* the server has sent a CertificateRequest */
    bool name_seen;                   /* the client's name matches the identity (RFC 6066 3) */
    bool limit_seen;                  /* the client has sent a record_size_limit */
    bool early_fits;                  /* suite and protocol are those of the ticket */
    bool changed;                     /* we have sent change_cipher_spec */
    uint16_t group_asked;             /* group of our retry; 0: it has only a cookie */
    uint16_t psk_place;               /* index of the ticket in the client's list */
    uint16_t share_group;             /* group of `share` */
    struct wire_tls_bytes peer_share; /* lies in `message` */
    uint64_t said_ns; /* time of the ClientHello by the client's word, on our clock */
    uint32_t message_max;
    uint32_t have;    /* bytes of the incoming message, including its header */
    uint32_t out_len; /* bytes of the message in `out` */
    uint32_t hashed;  /* bytes of the current message that the transcript has already */
    uint8_t out[TLS_OUT_BYTES];
    uint8_t message[];
};

struct tls_session {
    struct leat_tls *tls;
    struct tls_session *next_free;
    struct leat_stream below; /* free if `end` is NULL */
    const struct leat_tcp_events *events;
    void *arg;
    struct tls_handshake *handshake; /* NULL: complete, or a server waits for a hello */
    struct leat_timer timer;
    uint64_t due_ns;     /* deadline of the current phase, or LEAT_NEVER_NS */
    uint64_t end_ns;     /* deadline of the handshake, if `timed` */
    uint64_t renewed_ns; /* last renewal of the place, at most every 0.1 s */
    uint32_t place;      /* in tls->session_shares; SHARES_NONE: displaced */
    uint64_t wakes_ns;   /* the timer's time, or LEAT_NEVER_NS */
    struct tls_key read, write;
    struct leat_buf *incoming; /* incomplete or unopened bytes of a record, or its opened data */
    struct leat_buf *unsent;   /* data of the program that the stream below had no room for */
    struct leat_buf *data;     /* opened, not yet taken by the program */
    const char *why;
    uint32_t data_bytes; /* length of `data` */
    uint32_t owed;       /* set of enum tls_owed */
    uint32_t wanted;     /* room that the program waits for; 0: it doesn't wait */
    uint16_t record_len; /* length of the incoming record; 0: its header is incomplete */
    uint16_t data_max;   /* longest payload of a record that we send */
    uint16_t suite, group, scheme;
    uint16_t segment_records; /* short records sent so far */
    uint32_t generation;      /* leat_generation() when the session began (secrets.c) */
    uint8_t state;            /* enum tls_state */
    uint8_t hash;             /* enum leat_crypto_hash */
    uint8_t record_type;
    uint8_t news; /* set of enum tls_news */
    uint8_t idle_records;
    uint8_t alert; /* to be sent */
    uint8_t alert_sent, alert_received;
    uint8_t err;                               /* enum leat_err, for on_closed */
    uint8_t late[WIRE_TLS_MESSAGE_HEADER + 1]; /* start of a message after the handshake */
    uint8_t late_have;
    bool server;
    bool is_open;    /* on_open was called, or is due */
    bool ended;      /* the stream below has ended */
    bool said_last;  /* close_notify or an alert was sent, and the stream below is shut */
    bool timed;      /* end_ns is set */
    bool pool_short; /* the program waits for buffers: the timer polls, as the pool has no event */
    bool deaf;       /* the program has closed: data that arrives is lost */
    uint8_t stalls;  /* consecutive linger periods without progress of the peer */
    uint32_t taken;  /* leat_stream_progress.taken at the last of them */
    bool cookie;     /* the first hello was answered by a cookie and forgotten */
    bool resumed;    /* by a ticket */
    bool gives_ticket;    /* a server whose client can use a ticket */
    uint8_t early;        /* enum tls_early */
    bool answers;         /* the program has taken early data, and may answer before on_open */
    uint8_t record_minor; /* minor version of the incoming record */
    uint32_t late_left;   /* bytes of that message still to be read or skipped */
    uint32_t early_left;  /* bytes of early data still to be skipped */
    uint32_t early_done;  /* bytes of early data sent or received */
    struct leat_tls_ticket *ticket; /* memory of the client's program; NULL: tickets aren't kept */
    uint64_t checked_s;             /* civil time of the check of the server's certificates */
    uint8_t name_digest[TLS_NAME_DIGEST];
    uint8_t resumption[LEAT_CRYPTO_DIGEST_BYTES_MAX]; /* resumption_master_secret (7.1) */
    char protocol[LEAT_TLS_PROTOCOL_BYTES];
};

/* A key that seals a server's tickets for one lifetime of a ticket. */
struct tls_seal {
    struct leat_crypto_aead_key key;
    uint8_t name[TLS_SEAL_NAME];
    uint64_t made_ns;
    bool made;
};

/* A hello whose early data was accepted. It could be replayed until until_ns (8.2). */
struct tls_strike {
    uint64_t until_ns;
    uint64_t name; /* first bytes of its binder */
};

struct leat_tls {
    struct leat_tls_config config; /* with the defaults filled in */
    struct leat_tls_counts counts;
    struct leat *stack;
    struct leat_crypto crypto;
    struct tls_session *sessions; /* including spares (tls.c) */
    uint32_t session_count;
    struct shares session_shares; /* config.sessions places */
    struct tls_session **of_place;
    struct shares handshake_shares; /* config.server_handshakes places */
    uint8_t *server_handshakes;
    size_t handshake_bytes; /* bytes of a server's handshake in server_handshakes */
    struct tls_session *free_session;
    struct tls_handshake *free_server, *free_client;
    uint64_t turn_ns; /* time of the last signature */
    uint32_t turn_signatures;
    uint16_t schemes[TLS_SCHEMES + TLS_SCHEMES_PKCS1]; /* of the provider, in order of preference */
    uint16_t groups[4];
    uint16_t suites[3];
    uint8_t scheme_count, group_count, suite_count;
    /* pieces of the one record that is being opened or sealed */
    struct leat_crypto_piece in[TLS_OPEN_PIECES + 1];
    struct leat_crypto_piece out[TLS_OPEN_PIECES + 1];
    struct leat_crypto_piece parts[2 * LEAT_TLS_CHAIN_MAX + 1]; /* pieces of a message */
    struct tls_seal seals[TLS_SEALS];                           /* newest first */
    struct tls_strike *strikes; /* rows of TLS_STRIKES_A_ROW, config.early_hellos in all */
    uint64_t early_from_ns; /* early data is accepted from then on (8.2); 0: no seal was made yet */
    uint32_t server_busy;   /* handshakes of servers in progress */
    uint32_t generation;    /* leat_generation() when our secrets were made (secrets.c) */
    bool cookie_key_made;
    uint8_t cookie_key[TLS_COOKIE_MAC];
    uint32_t late_len; /* bytes of a ticket's message in `late`, during its event */
    uint8_t late[TLS_LATE_BYTES];
    /* called for each transition, for tests */
    void (*on_transition)(void *arg, uint8_t state, uint8_t event, uint8_t next);
    void *watcher;
};

/* Reasons for the end of a session, in several files. */
extern const char tls_provider_failed[], tls_too_idle[];

/* The flaw of a message, or none. */
struct tls_verdict {
    uint8_t alert; /* 0: no flaw */
    const char *why;
};

/* Result of an action, for tls_event(). */
struct tls_step {
    uint8_t next; /* enum tls_event */
    bool follows; /* `next` is an event to be handled */
};

/* ---- events.c */

void tls_fsm_start(struct tls_session *session);
/* Handles @event, and the events that follow from it. */
void tls_event(struct tls_session *session, enum tls_event event);
/* Records a flaw and handles the event `flaw`. */
void tls_break(struct tls_session *session, uint8_t alert, const char *why);

/* ---- alert_text.c */

const char *tls_state_name(const struct tls_session *session);

/* ---- stream.c: a session as a stream */

extern const struct leat_stream_ops tls_stream_ops;

/* Takes up to @bytes_max bytes of received data. */
struct leat_buf *tls_stream_take(struct tls_session *session, uint32_t bytes_max);

/* ---- data.c: the program's data as records */

/* Sends as much of the @len bytes of @payload as there is room for. Returns the bytes sent. */
uint32_t tls_data_send(struct tls_session *session, const struct leat_buf *payload, uint32_t len);
/* Sends the data in session->unsent. True: nothing is left. */
bool tls_data_flush(struct tls_session *session);

/* ---- session.c: a session on the stream below */

extern const struct leat_tcp_events tls_below_events;

/* Opens records one by one until there is data. Data that the program doesn't take stays below. */
void tls_session_pump(struct tls_session *session);
/* Starts a session on @below. A client's session already has its handshake. */
void tls_session_start(struct tls_session *session, const struct leat_stream *below);
/* Ends a session at once, without on_closed. */
void tls_session_drop(struct tls_session *session);

/* ---- wait.c: waiting for time, room, buffers */

/* Discards received data that has no reader. */
void tls_session_drain(struct tls_session *session);
/* Serves the session again in the next step of callbacks, or (retry) some time later, when the pool
 * may have memory. */
void tls_session_soon(struct tls_session *session);
void tls_session_retry(struct tls_session *session);
/* Serves the session again when there is @room below. If there is, the pool lacks buffers, for
 * which only the timer can look again. */
void tls_session_await(struct tls_session *session, uint32_t room);
/* Sets the deadline of the current phase. */
void tls_session_due(struct tls_session *session, uint64_t at_ns);
/* Ends a session that is over: received data is discarded, and the stream below gets linger_ns. */
void tls_session_linger(struct tls_session *session);

/* ---- handshake.c: the memory of handshakes */

/* Wipes the handshake's memory and returns it to its pool. */
void tls_handshake_release(struct tls_session *session);

/* ---- record.c: receiving records */

/* Takes the next record off the stream below, if it is complete, and processes it. False: nothing
 * can be done now. */
bool tls_record_next(struct tls_session *session);

/* ---- message.c: handshake messages from records */

/* Handles the part of handshake messages that a record carries, @data. */
void tls_message_feed(struct tls_session *session, const struct leat_buf *data);

/* ---- protect.c: opening and sealing records */

/* Opens an encrypted record of @total bytes without its header in place, and takes @record. Returns
 * its data, which may be empty, and its @type. NULL with *@alert: the record is bad. NULL with
 * *@alert 0: no memory, and the caller keeps @record. */
struct leat_buf *tls_unprotect(struct tls_session *session, struct leat_buf *record, uint32_t total,
                               uint8_t *type, uint8_t *alert);
/* Sends one record: @len bytes in the first @count entries of tls->in, which has one more to spare.
 * False: no room. */
bool tls_protect(struct tls_session *session, uint8_t type, unsigned count, uint32_t len);
/* Copies @data into few buffers of our own and frees it. NULL: no memory, and @data stays. */
struct leat_buf *tls_gather(struct tls_session *session, struct leat_buf *data, uint32_t total);
/* Longest payload of the next record. */
uint32_t tls_data_max(const struct tls_session *session);

/* ---- keys.c: the key schedule (7) */

/* Length of a digest of the session's hash. */
size_t tls_digest_bytes(const struct tls_session *session);
/* Starts the transcript with the hash of the suite. */
bool tls_transcript_open(struct tls_session *session);
bool tls_transcript_add(struct tls_session *session, const uint8_t *bytes, size_t len);
bool tls_transcript_digest(const struct tls_session *session, uint8_t *digest);
bool tls_digest_of(const struct tls_session *session, struct leat_crypto_piece data,
                   uint8_t *digest); /* of @data alone */
/* Replaces the first ClientHello in the transcript by its hash (4.4.1), and stores that. */
bool tls_transcript_retry(struct tls_session *session);
/* Starts the transcript with the stored hash. */
bool tls_transcript_resume(struct tls_session *session);
/* Derives the handshake secret from @shared, and the traffic secrets from that. The transcript must
 * end with the ServerHello. */
bool tls_schedule_handshake(struct tls_session *session, const uint8_t *shared, size_t len);
/* Does the same for application data. The transcript must end with the server's Finished. */
bool tls_schedule_master(struct tls_session *session);
/* Derives client_early_traffic_secret from handshake->psk (7.1); @digest is that of the
 * ClientHello. */
bool tls_schedule_early(const struct tls_session *session, const uint8_t *digest, uint8_t *secret);
/* Computes a binder (4.2.11.2) with the key @psk; @digest is that of the hello up to its
 * binders. */
bool tls_binder(const struct tls_session *session, const uint8_t *psk, const uint8_t *digest,
                uint8_t *mac);
/* Derives the secret of tickets. The transcript must end with the client's Finished. */
bool tls_schedule_resumption(struct tls_session *session);
/* Derives a ticket's key (4.6.1); the nonce has at most TLS_NONCE_MAX bytes. */
bool tls_ticket_key(const struct tls_session *session, struct wire_tls_bytes nonce, uint8_t *psk);
/* Installs @secret, a traffic secret of this stage, for one direction. */
bool tls_key_set(struct tls_session *session, struct tls_key *key, const uint8_t *secret);
/* Installs the client's handshake traffic secret, but only after early data, if there is any. */
bool tls_key_begin(struct tls_session *session, struct tls_key *key);
/* Installs the next generation of a traffic secret (7.2). */
bool tls_key_update(struct tls_session *session, struct tls_key *key);
/* Computes the MAC of Finished (4.4.4) with @secret, for the transcript so far. */
bool tls_finished(struct tls_session *session, const uint8_t *secret, uint8_t *mac);
/* Reports a secret to config.on_secret. */
void tls_tell_secret(const struct tls_session *session, const char *label, const uint8_t *secret);

/* ---- ticket.c: a server's tickets */

enum {
    TLS_TICKET_INSIDE =
        2 + 8 + 4 + LEAT_TLS_PROTOCOL_BYTES + TLS_NAME_DIGEST + LEAT_CRYPTO_DIGEST_BYTES_MAX,
    TLS_TICKET =
        TLS_SEAL_NAME + LEAT_CRYPTO_NONCE_BYTES + TLS_TICKET_INSIDE + LEAT_CRYPTO_TAG_BYTES,
    TLS_TICKET_MESSAGE = WIRE_TLS_MESSAGE_HEADER + 4 + 4 + 2 + 2 + TLS_TICKET + 2 + 8
};

/* Writes a NewSessionTicket. False: the provider failed. */
bool tls_ticket_write(struct tls_session *session, struct wire_tls_out *out);
/* Opens a ticket of ours. If it fits the session's name and hash, stores its key in handshake->psk;
 * else false. Computes the time of the hello from the client's obfuscated @age. */
bool tls_ticket_open(struct tls_session *session, struct wire_tls_bytes identity, uint32_t age);

/* ---- cookie.c: first hellos that are forgotten */

/* True if there are so many handshakes that hellos are answered by a cookie. */
bool tls_cookie_wanted(const struct leat_tls *tls);
/* Writes a cookie with all that is needed later of the hello that was read. */
bool tls_cookie_write(struct tls_session *session, uint8_t cookie[TLS_COOKIE]);
/* Checks the cookie, restores that state and the transcript. */
struct tls_verdict tls_cookie_read(struct tls_session *session, struct wire_tls_bytes cookie);

/* ---- resume.c: resumption by tickets */

/* Seconds since 1970; 0: unknown. */
uint64_t tls_civil_s(const struct leat_tls *tls);
/* Stores a digest of the server's name. */
bool tls_name_note(struct tls_session *session, struct wire_tls_bytes name);
/* A server looks for a usable ticket in the hello; session->resumed tells whether there was one. */
struct tls_verdict tls_resume_choose(struct tls_session *session,
                                     const struct wire_tls_client_hello *hello);
/* A client adds its ticket to a hello, if it has one that is usable. */
void tls_resume_offer(struct tls_session *session, struct wire_tls_client_offer *offer);
/* Computes the binder of that ticket when the hello is written; @binders points into
 * handshake->out. */
bool tls_resume_bind(struct tls_session *session, uint8_t *binders);
/* Checks the server's choice of a ticket. */
struct tls_verdict tls_resume_answer(struct tls_session *session,
                                     const struct wire_tls_server_hello *hello);

/* ---- early.c: early data (0-RTT), only by leat_tls_config.early, so that others don't link it */

struct leat_tls_early {
    /* True if a server accepts the early data of this hello, whose ticket was accepted. For each
     * hello that happens at most once. */
    bool (*choose)(struct tls_session *session, const struct wire_tls_client_hello *hello);
    /* True if a client that offers its ticket has early data for it; records that. */
    bool (*offer)(struct tls_session *session);

    /* The others are called only for sessions with early data that was offered or accepted. */

    /* Installs a client's early traffic key, derived from its ClientHello. */
    bool (*begin)(struct tls_session *session);
    /* Sends one record of a client's early data. False: the provider failed. */
    bool (*send)(struct tls_session *session);
    /* Payload of the next such record; 0: no more data. */
    uint32_t (*next)(const struct tls_session *session);
    /* Installs the client's handshake key, or stores it until early data is over. */
    bool (*hold)(struct tls_session *session, struct tls_key *key);
    /* Ends early data, and installs the client's handshake key. */
    bool (*end)(struct tls_session *session, struct tls_key *key);
    /* Drops early data after a HelloRetryRequest. */
    void (*retry)(struct tls_session *session);
    /* Checks the answer of the server's EncryptedExtensions. */
    struct tls_verdict (*answer)(struct tls_session *session, bool taken);
    /* actions of a server */
    tls_action *take, *hold_data, *read_end;
};

/* ---- end.c: messages that client and server handle alike */

/* Counts a record without data or a key update. False: the peer has sent TLS_IDLE_MAX in a row. */
bool tls_idle_is_allowed(struct tls_session *session);

/* Adds the message that was received to the transcript. False: `flaw` follows. */
bool tls_message_add(struct tls_session *session, struct tls_step *step);

/* ---- flight.c: sending messages */

/* Sends the messages that are owed, as far as there is room. True: all were sent. */
bool tls_flush(struct tls_session *session);

/* ---- agree.c: suites, groups, schemes, names */

/* Records a flaw, so that the event `flaw` follows. */
void tls_flaw(struct tls_session *session, struct tls_step *step, uint8_t alert, const char *why);
bool tls_suite_is_known(uint16_t suite);
/* True if @suite is known and the provider supports it. */
bool tls_has_suite(const struct leat_tls *tls, uint16_t suite);
/* AEAD and hash of a known suite. */
enum leat_crypto_aead tls_suite_aead(uint16_t suite);
enum leat_crypto_hash tls_suite_hash(uint16_t suite);
/* Fills in the algorithms that the provider supports. */
void tls_agree_open(struct leat_tls *tls);
/* The content that a server signs in CertificateVerify (4.4.3), as three pieces, from @digest. */
void tls_signed_content(struct leat_crypto_piece pieces[3], uint8_t *digest, size_t len);
/* Stores the protocol that was agreed on. */
bool tls_protocol_set(struct tls_session *session, struct wire_tls_bytes name);
bool tls_text_is(struct wire_tls_bytes bytes, const char *text);
size_t tls_text_len(const char *text);

#endif
