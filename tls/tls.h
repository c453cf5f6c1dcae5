/*
 * tls.h -- the inside of TLS: sessions, handshakes, keys.
 *
 * From the stream below to the program, and back:
 *
 *      tls_session_pump -> tls_record_next -> tls_unprotect -> data for the program
 *                                             -> tls_message_feed -> tls_event
 *      tls_event -> messages that are owed -> tls_flush -> tls_protect -> the stream below
 *      the program's data --------------------------------> tls_protect -> the stream below
 *
 * An idle session, or one that waits for a hello, is a struct tls_session and nothing else.  A
 * handshake has a struct tls_handshake of a bounded pool.  Messages to be sent are bits of a set,
 * lowest bit first, each sent whole or not yet: so nothing is held when the pool is empty.
 */
#ifndef TLS_TLS_H
#define TLS_TLS_H

#include <leat/tls.h>
#include <leat/timer.h>

#include "core/shares.h"
#include "tls/tls_fsm.h"
#include "tls/wire/tls.h"

enum {
    TLS_OUT_BYTES = 1792, /* of the longest message that we write: a hello with a hybrid share */
    TLS_RECORD_PIECES = 16,
    TLS_OPEN_PIECES = 40,
    TLS_OVERHEAD = WIRE_TLS_RECORD_HEADER + 1 + LEAT_CRYPTO_TAG_BYTES,
    TLS_SEGMENT_DATA = 1400,  /* of a record that fits a segment */
    TLS_SEGMENT_RECORDS = 32, /* so many are that small; then a reader may have to wait for more */
    TLS_IDLE_MAX = 32,        /* records that add nothing, and key updates, in a row */
    TLS_PROTOCOLS_BYTES = 4 * LEAT_TLS_PROTOCOL_BYTES, /* of a client's list (ALPN) */
    TLS_SCHEMES = 12,
    TLS_SCHEMES_PKCS1 = 3, /* behind those, for certificates alone */
    TLS_COOKIE_MAC = 32,
    TLS_COOKIE = 2 + 2 + 2 * LEAT_CRYPTO_DIGEST_BYTES_MAX + TLS_COOKIE_MAC,
    TLS_NAME_DIGEST = 16,                         /* bytes of a digest of a name, for a ticket */
    TLS_SEAL_NAME = 8,                            /* bytes of a seal's name */
    TLS_SEALS = 2,                                /* the one that seals, and the one before */
    TLS_TICKETS_TRIED = 4,                        /* of a hello: clients offer one or two */
    TLS_NONCE_MAX = LEAT_CRYPTO_DIGEST_BYTES_MAX, /* of a server's ticket that we keep */
    TLS_LATE_BYTES = 640,                         /* of a message with one */
    TLS_EARLY_BYTES = 1 << 15, /* of early data, records' headers included, is thrown away */
    TLS_EARLY_MAX = 1 << 20,   /* of early data, at most, that a server may take */
    TLS_EARLY_WINDOW_S = 10,   /* in which a hello with early data is fresh (8.3) */
    TLS_STRIKES_A_ROW = 8,
    TLS_STRIKES_MAX = 1 << 24,
    TLS_TICKET_S_MAX = 604800 /* a ticket's life (4.6.1) */
};

/* What is to be sent, in this order. */
enum tls_owed {
    TLS_OWES_CLIENT_HELLO = 1 << 0,
    TLS_OWES_RETRY = 1 << 1,
    TLS_OWES_SERVER_HELLO = 1 << 2,
    TLS_OWES_CHANGE = 1 << 3, /* change_cipher_spec, for middleboxes (D.4) */
    TLS_OWES_EARLY = 1 << 4,  /* a client's early data: as much as there is time for */
    TLS_OWES_EXTENSIONS = 1 << 5,
    TLS_OWES_END_OF_EARLY = 1 << 6,
    TLS_OWES_CERTIFICATE = 1 << 7,
    TLS_OWES_VERIFY = 1 << 8,
    TLS_OWES_FINISHED = 1 << 9,
    /* all of these: after the last comes flight_sent */
    TLS_OWES_FLIGHT = (2 * TLS_OWES_FINISHED - 1) & ~TLS_OWES_EARLY,
    TLS_OWES_TICKET = 1 << 10,
    TLS_OWES_KEY_UPDATE = 1 << 11,
    TLS_OWES_CLOSE = 1 << 12,
    TLS_OWES_ALERT = 1 << 13
};

/* Of a session's early data; a server's is NONE or TAKEN. */
enum tls_early {
    TLS_EARLY_NONE,
    TLS_EARLY_OFFERED,
    TLS_EARLY_REFUSED,
    TLS_EARLY_TAKEN
};

/* What the program is to hear. */
enum tls_news {
    TLS_NEWS_OPEN = 1 << 0,
    TLS_NEWS_READABLE = 1 << 1,
    TLS_NEWS_WRITABLE = 1 << 2,
    TLS_NEWS_EARLY = 1 << 3 /* early data, until the session is open */
};

/* One direction (7.3). */
struct tls_key {
    struct leat_crypto_aead_key key;
    uint8_t iv[LEAT_CRYPTO_NONCE_BYTES];
    uint8_t secret[LEAT_CRYPTO_DIGEST_BYTES_MAX];
    uint64_t sequence;
    bool on; /* records are encrypted */
};

/* What a session needs until it is open. */
struct tls_handshake {
    struct tls_handshake *next_free;
    struct tls_session *session; /* whose it is */
    uint32_t place;              /* a server's, in tls->handshake_shares */
    const struct leat_tls_client *client;
    const struct leat_tls_identity *identity;
    struct leat_crypto_hashing transcript;
    struct leat_crypto_share share;
    struct leat_crypto_public peer_key;
    uint8_t secret[LEAT_CRYPTO_DIGEST_BYTES_MAX];        /* as far as the schedule has come (7.1) */
    uint8_t client_secret[LEAT_CRYPTO_DIGEST_BYTES_MAX]; /* of this stage's traffic */
    uint8_t server_secret[LEAT_CRYPTO_DIGEST_BYTES_MAX];
    uint8_t hello_digest[LEAT_CRYPTO_DIGEST_BYTES_MAX]; /* what a second one must repeat */
    union {
        uint8_t first_digest[LEAT_CRYPTO_DIGEST_BYTES_MAX]; /* of a hello that got a retry */
        /* the client's of the handshake, while early data goes on: then there was no retry */
        uint8_t held_secret[LEAT_CRYPTO_DIGEST_BYTES_MAX];
    };
    uint8_t psk[LEAT_CRYPTO_DIGEST_BYTES_MAX]; /* of the ticket that is used, or offered */
    uint8_t random[WIRE_TLS_RANDOM];           /* the client's */
    uint8_t session_id[WIRE_TLS_SESSION_ID_MAX];
    uint8_t session_id_len;
    bool for_client;
    bool hashing; /* `transcript` is open */
    bool has_share, has_peer_key;
    bool retried;
    bool offered;                     /* we, a client, have offered the ticket of `psk` */
    bool certificate_asked;           /* of us, a client */
    bool name_seen;                   /* the client's name was of use (RFC 6066 3) */
    bool limit_seen;                  /* it sent a record_size_limit */
    bool early_fits;                  /* suite and protocol are those of the ticket */
    bool changed;                     /* we have sent our change_cipher_spec */
    uint16_t group_asked;             /* by our retry; 0: none, but a cookie */
    uint16_t psk_place;               /* of the ticket in the client's list */
    uint16_t share_group;             /* of `share` */
    struct wire_tls_bytes peer_share; /* in `message` */
    uint64_t said_ns; /* when the client has sent its hello, as it says; by our clock */
    uint32_t message_max;
    uint32_t have;    /* of the message that comes, header included */
    uint32_t out_len; /* of the message in `out` */
    uint32_t hashed;  /* of the message that is read or sent, bytes in the transcript so far */
    uint8_t out[TLS_OUT_BYTES];
    uint8_t message[];
};

struct tls_session {
    struct leat_tls *tls;
    struct tls_session *next_free;
    struct leat_stream below; /* its `end` is NULL: free */
    const struct leat_tcp_events *events;
    void *arg;
    struct tls_handshake *handshake; /* NULL: it is over, or a server waits for a hello */
    struct leat_timer timer;
    uint64_t due_ns;     /* what goes on may last so long, or LEAT_NEVER_NS */
    uint64_t end_ns;     /* the handshake may last so long, when it is timed */
    uint64_t renewed_ns; /* the last record came, to a tenth of a second */
    uint32_t place;      /* in tls->session_shares; SHARES_NONE: it was displaced */
    uint64_t wakes_ns;   /* the timer fires then, or LEAT_NEVER_NS */
    struct tls_key read, write;
    struct leat_buf *incoming; /* a record, or its header, without memory; or an opened one */
    struct leat_buf *unsent;   /* the program's, for which there was no room after all */
    struct leat_buf *data;     /* opened, and not yet taken by the program */
    const char *why;
    uint32_t data_bytes; /* of `data` */
    uint32_t owed;       /* set of enum tls_owed */
    uint32_t wanted;     /* room that the program waits for; 0: it doesn't */
    uint16_t record_len; /* of the record that comes; 0: its header hasn't */
    uint16_t data_max;   /* of a record that we send */
    uint16_t suite, group, scheme;
    uint16_t segment_records; /* small ones sent so far */
    uint32_t generation;      /* of the stack's secrets, when it began (secrets.c) */
    uint8_t state;            /* enum tls_state */
    uint8_t hash;             /* enum leat_crypto_hash */
    uint8_t record_type;
    uint8_t news; /* set of enum tls_news */
    uint8_t idle_records;
    uint8_t alert; /* to be sent */
    uint8_t alert_sent, alert_received;
    uint8_t err;                               /* enum leat_err, for on_closed */
    uint8_t late[WIRE_TLS_MESSAGE_HEADER + 1]; /* of a message behind the handshake */
    uint8_t late_have;
    bool server;
    bool is_open;         /* on_open has come, or is on its way */
    bool ended;           /* the stream below has */
    bool said_last;       /* our close_notify or alert has left, and the stream below is shut */
    bool timed;           /* the handshake has its time */
    bool pool_short;      /* the program waits for buffers, of which nobody tells: the timer does */
    bool deaf;            /* the program has closed: what comes is lost */
    uint8_t stalls;       /* times in a row that it lingered and the peer took nothing */
    uint32_t taken;       /* leat_stream_progress.taken of the last of them */
    bool cookie;          /* the first hello was forgotten */
    bool resumed;         /* by a ticket */
    bool gives_ticket;    /* a server whose client can use one */
    uint8_t early;        /* enum tls_early */
    bool answers;         /* the program has asked for early data: it may send before it is open */
    uint8_t record_minor; /* of the version of the record that comes */
    uint32_t late_left;   /* of that message, to be skipped */
    uint32_t early_left;  /* of a client's early data, to be thrown away */
    uint32_t early_done;  /* bytes of early data that were sent, or have come */
    struct leat_tls_ticket *ticket; /* the client's program's; NULL: it wants none */
    uint64_t checked_s;             /* civil time at which the server's certificates were checked */
    uint8_t name_digest[TLS_NAME_DIGEST];
    uint8_t resumption[LEAT_CRYPTO_DIGEST_BYTES_MAX]; /* secret of tickets (7.1) */
    char protocol[LEAT_TLS_PROTOCOL_BYTES];
};

/* What seals a server's tickets, for a time. */
struct tls_seal {
    struct leat_crypto_aead_key key;
    uint8_t name[TLS_SEAL_NAME];
    uint64_t made_ns;
    bool made;
};

/* A hello whose early data was taken: until then it could come again (8.2). */
struct tls_strike {
    uint64_t until_ns;
    uint64_t name; /* of its binder */
};

struct leat_tls {
    struct leat_tls_config config; /* with the defaults filled in */
    struct leat_tls_counts counts;
    struct leat *stack;
    struct leat_crypto crypto;
    struct tls_session *sessions; /* some of them are spares (tls.c) */
    uint32_t session_count;
    struct shares session_shares; /* config.sessions places */
    struct tls_session **of_place;
    struct shares handshake_shares; /* config.server_handshakes places */
    uint8_t *server_handshakes;
    size_t handshake_bytes; /* of one of them */
    struct tls_session *free_session;
    struct tls_handshake *free_server, *free_client;
    uint64_t turn_ns; /* of the last signature */
    uint32_t turn_signatures;
    uint16_t schemes[TLS_SCHEMES + TLS_SCHEMES_PKCS1]; /* that the provider has, the best first */
    uint16_t groups[4];
    uint16_t suites[3];
    uint8_t scheme_count, group_count, suite_count;
    /* one record at a time */
    struct leat_crypto_piece in[TLS_OPEN_PIECES + 1];
    struct leat_crypto_piece out[TLS_OPEN_PIECES + 1];
    struct leat_crypto_piece parts[2 * LEAT_TLS_CHAIN_MAX + 1]; /* of a message */
    struct tls_seal seals[TLS_SEALS];                           /* the newest first */
    struct tls_strike *strikes; /* config.early_hellos of them, in rows */
    uint64_t early_from_ns; /* early data is taken from then on (8.2); 0: there was no seal yet */
    uint32_t server_busy;   /* handshakes of servers */
    uint32_t generation;    /* of the stack's secrets, when ours were made (secrets.c) */
    bool cookie_key_made;
    uint8_t cookie_key[TLS_COOKIE_MAC];
    uint32_t late_len; /* of a ticket's message in `late`, while its event comes */
    uint8_t late[TLS_LATE_BYTES];
    /* told of every transition, for tests */
    void (*on_transition)(void *arg, uint8_t state, uint8_t event, uint8_t next);
    void *watcher;
};

/* Reasons for the end of a session. */
extern const char tls_provider_failed[], tls_too_idle[];

/* What is wrong with a message, if anything is. */
struct tls_verdict {
    uint8_t alert; /* 0: nothing */
    const char *why;
};

/* What an action leaves behind for tls_event(). */
struct tls_step {
    uint8_t next; /* enum tls_event */
    bool follows; /* `next` does */
};

/* ---- events.c */

void tls_fsm_start(struct tls_session *session);
/* Takes @event through the table, and what follows from it. */
void tls_event(struct tls_session *session, enum tls_event event);
/* Notes what is wrong, and takes `flaw`. */
void tls_break(struct tls_session *session, uint8_t alert, const char *why);

/* ---- alert_text.c */

const char *tls_state_name(const struct tls_session *session);

/* ---- stream.c: a session as a stream */

extern const struct leat_stream_ops tls_stream_ops;

/* What has come of the program's data, up to @bytes_max of it. */
struct leat_buf *tls_stream_take(struct tls_session *session, uint32_t bytes_max);

/* ---- data.c: the program's data as records */

/* Sends @len bytes of @payload, as many as there is room for; how many bytes that were. */
uint32_t tls_data_send(struct tls_session *session, const struct leat_buf *payload, uint32_t len);
/* Sends what waits of the program's data; true: nothing is left. */
bool tls_data_flush(struct tls_session *session);

/* ---- session.c: a session on the stream below */

extern const struct leat_tcp_events tls_below_events;

/* Opens records until there is data, one at a time: what isn't taken stays below. */
void tls_session_pump(struct tls_session *session);
/* Begins a session on @below; that of a client has its handshake. */
void tls_session_start(struct tls_session *session, const struct leat_stream *below);
/* Ends it at once, without a word to the program. */
void tls_session_drop(struct tls_session *session);

/* ---- wait.c: what a session waits for */

/* Throws away what comes, which nobody reads. */
void tls_session_drain(struct tls_session *session);
/* Looks at the stream below soon, in the step of callbacks; or in a while, when there may be
 * memory. */
void tls_session_soon(struct tls_session *session);
void tls_session_retry(struct tls_session *session);
/* Looks again when there is @room below; where there is, the pool lacks buffers, and only time
 * tells. */
void tls_session_await(struct tls_session *session, uint32_t room);
/* What goes on may last until then. */
void tls_session_due(struct tls_session *session, uint64_t at_ns);
/* It is over: what comes is thrown away, and the stream below has little time to end. */
void tls_session_linger(struct tls_session *session);

/* ---- handshake.c: the memory of handshakes */

/* Gives back the handshake's memory, wiped. */
void tls_handshake_release(struct tls_session *session);

/* ---- record.c: records that come */

/* Takes the next record off the stream below, if all of it is there, and does what it says; false:
 * nothing can be done now. */
bool tls_record_next(struct tls_session *session);

/* ---- message.c: handshake messages out of records */

/* @data is what a record had of them. */
void tls_message_feed(struct tls_session *session, const struct leat_buf *data);

/* ---- protect.c: records opened and sealed */

/* Opens an encrypted record, @total bytes behind its header, where it lies; takes @record.  Gives
 * its data, trimmed, which may be empty, and its @type.  NULL: *@alert says why; or that is 0,
 * there was no memory, and @record is still the caller's. */
struct leat_buf *tls_unprotect(struct tls_session *session, struct leat_buf *record, uint32_t total,
                               uint8_t *type, uint8_t *alert);
/* Sends one record: @len bytes in the first @count of tls->in, which has room for one more.  False:
 * no room. */
bool tls_protect(struct tls_session *session, uint8_t type, unsigned count, uint32_t len);
/* The same bytes in few pieces of our own, and takes @data; NULL: no memory, and it does not. */
struct leat_buf *tls_gather(struct tls_session *session, struct leat_buf *data, uint32_t total);
/* The longest payload of a record. */
uint32_t tls_data_max(const struct tls_session *session);

/* ---- keys.c: the key schedule (7) */

/* The number of bytes of a digest. */
size_t tls_digest_bytes(const struct tls_session *session);
/* Begins the transcript with the hash of the suite. */
bool tls_transcript_open(struct tls_session *session);
bool tls_transcript_add(struct tls_session *session, const uint8_t *bytes, size_t len);
bool tls_transcript_digest(const struct tls_session *session, uint8_t *digest);
bool tls_digest_of(const struct tls_session *session, struct leat_crypto_piece data,
                   uint8_t *digest); /* of @data alone */
/* Instead of a first ClientHello that was added: its hash (4.4.1), which is noted. */
bool tls_transcript_retry(struct tls_session *session);
/* The same by what is noted. */
bool tls_transcript_resume(struct tls_session *session);
/* The handshake's secret of what a share gave; the keys' secrets of it.  The transcript ends with
 * the ServerHello. */
bool tls_schedule_handshake(struct tls_session *session, const uint8_t *shared, size_t len);
/* The same for the application's; the transcript ends with the server's Finished. */
bool tls_schedule_master(struct tls_session *session);
/* The secret of early data by the key of a ticket (7.1), of the digest of the hello. */
bool tls_schedule_early(const struct tls_session *session, const uint8_t *digest, uint8_t *secret);
/* What a binder says (4.2.11.2) by the key of a ticket, of the digest of a hello up to there. */
bool tls_binder(const struct tls_session *session, const uint8_t *psk, const uint8_t *digest,
                uint8_t *mac);
/* The secret of later tickets; the transcript ends with the client's Finished. */
bool tls_schedule_resumption(struct tls_session *session);
/* A ticket's key (4.6.1); the nonce has TLS_NONCE_MAX bytes at most. */
bool tls_ticket_key(const struct tls_session *session, struct wire_tls_bytes nonce, uint8_t *psk);
/* Uses the secret of this stage for a direction. */
bool tls_key_set(struct tls_session *session, struct tls_key *key, const uint8_t *secret);
/* Uses the handshake's secret for what a client sends, behind its early data if there is any. */
bool tls_key_begin(struct tls_session *session, struct tls_key *key);
/* The next generation (7.2). */
bool tls_key_update(struct tls_session *session, struct tls_key *key);
/* What Finished says (4.4.4) by @secret, of the transcript so far. */
bool tls_finished(struct tls_session *session, const uint8_t *secret, uint8_t *mac);
/* Tells config.on_secret. */
void tls_tell_secret(const struct tls_session *session, const char *label, const uint8_t *secret);

/* ---- ticket.c: a server's tickets */

enum {
    TLS_TICKET_INSIDE =
        2 + 8 + 4 + LEAT_TLS_PROTOCOL_BYTES + TLS_NAME_DIGEST + LEAT_CRYPTO_DIGEST_BYTES_MAX,
    TLS_TICKET =
        TLS_SEAL_NAME + LEAT_CRYPTO_NONCE_BYTES + TLS_TICKET_INSIDE + LEAT_CRYPTO_TAG_BYTES,
    TLS_TICKET_MESSAGE = WIRE_TLS_MESSAGE_HEADER + 4 + 4 + 2 + 2 + TLS_TICKET + 2 + 8
};

/* Writes a NewSessionTicket for the session; false: the provider failed. */
bool tls_ticket_write(struct tls_session *session, struct wire_tls_out *out);
/* The key of a ticket of ours that is good for this session's name and hash, to handshake->psk;
 * false: it isn't. By its @age, which the client says and hides, notes when the hello was sent. */
bool tls_ticket_open(struct tls_session *session, struct wire_tls_bytes identity, uint32_t age);

/* ---- cookie.c: a first hello that is forgotten */

/* So many handshakes go on that hellos are answered by a cookie. */
bool tls_cookie_wanted(const struct leat_tls *tls);
/* What is to be known of the hello that was read. */
bool tls_cookie_write(struct tls_session *session, uint8_t cookie[TLS_COOKIE]);
/* ... is known again, and the transcript goes on from there. */
struct tls_verdict tls_cookie_read(struct tls_session *session, struct wire_tls_bytes cookie);

/* ---- resume.c: sessions by a ticket */

/* Seconds since 1970; 0: not known. */
uint64_t tls_civil_s(const struct leat_tls *tls);
/* Notes a digest of the server's name. */
bool tls_name_note(struct tls_session *session, struct wire_tls_bytes name);
/* A server takes one of the hello's tickets, or none: session->resumed. */
struct tls_verdict tls_resume_choose(struct tls_session *session,
                                     const struct wire_tls_client_hello *hello);
/* A client puts its ticket into a hello, if it has one that may be used. */
void tls_resume_offer(struct tls_session *session, struct wire_tls_client_offer *offer);
/* ... and proves that it knows the key, when the hello is written; @binders is in handshake->out.
 */
bool tls_resume_bind(struct tls_session *session, uint8_t *binders);
/* What the server has done with it. */
struct tls_verdict tls_resume_answer(struct tls_session *session,
                                     const struct wire_tls_server_hello *hello);

/* ---- early.c: early data (0-RTT), by leat_tls_config.early alone: others don't link it */

struct leat_tls_early {
    /* True if a server takes what comes behind this hello, whose ticket was taken: once, and only
     * then. */
    bool (*choose)(struct tls_session *session, const struct wire_tls_client_hello *hello);
    /* True if a client that offers its ticket has early data for it; notes that. */
    bool (*offer)(struct tls_session *session);

    /* What follows is called of sessions whose early data was offered, or taken. */

    /* A client writes with the early key, of the hello that it has sent. */
    bool (*begin)(struct tls_session *session);
    /* Sends a record of a client's early data; false: a provider failed. */
    bool (*send)(struct tls_session *session);
    /* How many bytes the next record of it has; 0: there is no more. */
    uint32_t (*next)(const struct tls_session *session);
    /* The handshake's key for what a client sends, or the early one until that is over. */
    bool (*hold)(struct tls_session *session, struct tls_key *key);
    /* It is over, and the handshake's key is used for it. */
    bool (*end)(struct tls_session *session, struct tls_key *key);
    /* It was in vain: there is a retry. */
    void (*retry)(struct tls_session *session);
    /* What the server says of it in EncryptedExtensions. */
    struct tls_verdict (*answer)(struct tls_session *session, bool taken);
    /* A server's actions */
    tls_action *take, *hold_data, *read_end;
};

/* ---- end.c: what both ends do with the messages of the other */

/* Counts a record that adds nothing, or a key update; false: the peer has sent TLS_IDLE_MAX of them
 * in a row. */
bool tls_idle_is_allowed(struct tls_session *session);

/* The message that has come becomes a part of the transcript; false: `flaw` follows. */
bool tls_message_add(struct tls_session *session, struct tls_step *step);

/* ---- flight.c: messages that go */

/* Sends what is owed, as far as there is room; true: all. */
bool tls_flush(struct tls_session *session);

/* ---- agree.c: what both ends know */

/* Notes what is wrong, so that `flaw` follows. */
void tls_flaw(struct tls_session *session, struct tls_step *step, uint8_t alert, const char *why);
bool tls_suite_is_known(uint16_t suite);
/* Is it known, and has the provider what it needs? */
bool tls_has_suite(const struct leat_tls *tls, uint16_t suite);
/* The AEAD and the hash of a known suite. */
enum leat_crypto_aead tls_suite_aead(uint16_t suite);
enum leat_crypto_hash tls_suite_hash(uint16_t suite);
/* Fills in what the provider has. */
void tls_agree_open(struct leat_tls *tls);
/* What a server signs in CertificateVerify (4.4.3): three pieces to @pieces, of @digest. */
void tls_signed_content(struct leat_crypto_piece pieces[3], uint8_t *digest, size_t len);
/* Takes the protocol of @name that was agreed on. */
bool tls_protocol_set(struct tls_session *session, struct wire_tls_bytes name);
bool tls_text_is(struct wire_tls_bytes bytes, const char *text);
size_t tls_text_len(const char *text);

#endif
