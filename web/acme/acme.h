/*
 * acme.h -- the inside of a client of ACME: its memory, and the functions that its files share.
 *
 *      acme.c     opens, closes, tells; the store's answers
 *      events.c   the table of acme.rl, and everything that happens because time has passed;
 *      notes.c    what its actions leave for the end of an event
 *      call.c     one request to the authority: nonce, signature, repetition, reply
 *      jose.c     JSON that is signed (RFC 7515, RFC 7638)
 *      account.c  the directory and the account; order.c: the order, its authorizations, the CSR;
 *      proof.c    challenges; chain.c: certificates; plan.c: when the next one is due
 *
 * Every text of the authority is copied into a field of bounded size, or refused.
 */
#ifndef ACME_ACME_H
#define ACME_ACME_H

#include <leat/acme.h>
#include <leat/timer.h>
#include <leat/url.h>

#include "core/text.h"
#include "web/acme/acme_fsm.h"
#include "web/acme/certify.h"
#include "web/acme/encode.h"
#include "web/acme/json.h"

enum {
    ACME_URL_BYTES = 512, /* of the authority's URLs, with a NUL */
    ACME_NONCE_BYTES = 256,
    ACME_TOKEN_BYTES = 192, /* of a challenge (8.1); 22 are the least for 128 bits */
    ACME_TOKEN_BYTES_MIN = 22,
    ACME_THUMBPRINT_BYTES = 44, /* of a key (RFC 7638), with a NUL */
    ACME_PROOF_BYTES = ACME_TOKEN_BYTES + ACME_THUMBPRINT_BYTES,
    ACME_TEXTS_BYTES = 8192, /* of the strings of the program's configuration */
    ACME_REPLY_BYTES = LEAT_ACME_VALUE_BYTES,
    ACME_PAYLOAD_BYTES = BASE64URL_BYTES(ACME_CSR_BYTES) + 64,
    ACME_POST_BYTES = 2 * ACME_PAYLOAD_BYTES,
    ACME_NONCES_MAX = 10,    /* repetitions of one request (6.5) */
    ACME_REQUESTS_MAX = 250, /* of one attempt */
    ACME_LINE_BYTES = 3 * LEAT_ACME_WHY_BYTES
};

/* The notes of an action, for when its new state is stored. */
struct acme_step {
    uint8_t next; /* the event that follows */
    bool follows; /* there is one */
    bool uses;    /* the program gets the certificate */
};

/* The directory (7.1.1). */
struct acme_directory {
    char new_nonce[ACME_URL_BYTES];
    char new_account[ACME_URL_BYTES];
    char new_order[ACME_URL_BYTES];
    char renewal_info[ACME_URL_BYTES]; /* "": there is none */
};

/* The request that is under way, or was the last one. */
struct acme_call {
    struct leat_http_call *http;                                   /* NULL: none */
    void (*on_end)(struct leat_acme *acme, enum acme_event event); /* acme_event() */
    char url[ACME_URL_BYTES];
    bool is_post;           /* signed; else a GET */
    bool asks_nonce;        /* it is the HEAD before the request */
    bool by_key;            /* signed with the whole key: the authority doesn't know it yet (6.2) */
    bool is_repeated;       /* once more, on another connection */
    uint8_t nonces;         /* repetitions because of nonces */
    const char *accept;     /* media type; NULL: any */
    size_t sent;            /* bytes of `post` */
    uint16_t status;        /* of the reply; 0: none yet */
    uint32_t retry_after_s; /* 0: it said nothing */
    char location[ACME_URL_BYTES]; /* of the reply; "": none */
    uint32_t payload_len;
    uint32_t post_len;
    uint32_t reply_len;
    char payload[ACME_PAYLOAD_BYTES];
    char post[ACME_POST_BYTES];
    char reply[ACME_REPLY_BYTES + 1];
};

/* The order (7.1.3). */
struct acme_order {
    char url[ACME_URL_BYTES];
    char finalize[ACME_URL_BYTES];
    char certificate[ACME_URL_BYTES];
    char authorizations[LEAT_ACME_NAMES_MAX][ACME_URL_BYTES];
    uint8_t count;    /* of authorizations */
    uint8_t at;       /* the one that is worked on; `count`: all are valid */
    bool is_answered; /* its challenge is answered */
    bool is_finalized;
    uint8_t pauses; /* since the last step */
};

/* A challenge that is answered (8). */
struct acme_proof {
    char url[ACME_URL_BYTES];
    char token[ACME_TOKEN_BYTES + 1];
    char text[ACME_PROOF_BYTES]; /* the key authorization; "": none is expected */
    char name[256];              /* of tls-alpn-01 */
    const char *names[1];
    bool by_tls;
    struct acme_key key; /* made once, as handshakes may use it until the end */
    struct leat_tls_identity identity;
    uint8_t der[ACME_CHALLENGE_BYTES];
};

/* The times of the certificate in use, in seconds since 1970. */
struct acme_times {
    uint64_t begins_s;
    uint64_t ends_s;    /* 0: there is none */
    uint64_t renew_s;   /* it is renewed then */
    uint64_t check_s;   /* the authority is asked about that then; 0: never */
    uint64_t window[2]; /* its last suggestion (RFC 9773 4.2) */
};

struct leat_acme {
    struct leat *stack;
    struct leat_acme_config config;
    const struct leat_crypto *crypto;
    uint8_t state; /* enum acme_state */
    void (*on_transition)(void *watcher, uint8_t from, uint8_t event, uint8_t to); /* for tests */
    void *watcher;
    struct leat_timer timer;
    bool is_kept;           /* the store has answered: */
    enum leat_err kept_err; /* so */
    size_t kept_len;        /* bytes that it read */
    bool is_secure;         /* the directory's URL is "https" */
    bool is_forced;         /* leat_acme_now() */
    bool attempts;          /* a certificate is being obtained */
    bool no_replaces;       /* the authority doesn't take `replaces` */
    uint64_t until_ns;      /* limit of that attempt */
    uint32_t left;          /* requests that it may still make */
    uint64_t retry_ns;      /* nothing is done before: a failure */
    uint32_t failures;      /* since the last certificate */
    struct acme_times times;
    struct acme_directory directory;
    struct acme_key account;  /* its key */
    char kid[ACME_URL_BYTES]; /* its URL; "": not known */
    char thumbprint[ACME_THUMBPRINT_BYTES];
    char nonce[ACME_NONCE_BYTES]; /* "": there is none */
    struct acme_key key;          /* of the certificate that is ordered */
    struct acme_order order;
    struct acme_proof proof;
    struct acme_call call;
    struct json json;                  /* of call.reply */
    char cert_id[ACME_CERT_ID_BYTES];  /* of the certificate in use; "": none */
    struct leat_tls_identity identity; /* of one that is read */
    struct leat_acme_info info;
    char why[LEAT_ACME_WHY_BYTES];
    char line[ACME_LINE_BYTES];        /* for on_line; "": none */
    char value[LEAT_ACME_VALUE_BYTES]; /* the certificate's, or the account's, as it is kept */
    size_t value_len;
    uint8_t binding[LEAT_ACME_BINDING_BYTES];
    size_t binding_len;
    const char *names[LEAT_ACME_NAMES_MAX];
    char texts[ACME_TEXTS_BYTES];
};

/* ---- events.c */

/* Gives an event to the machine, from a callback of the stack. */
void acme_event(struct leat_acme *acme, enum acme_event event);

void acme_on_time(struct leat_timer *timer, void *arg);

/* ---- notes.c */

/* For actions: this event follows. */
void acme_follow(struct acme_step *step, enum acme_event event);

/* For actions: the reply can't be used, for this reason. */
void acme_flaw(struct leat_acme *acme, struct acme_step *step, const char *why);

/* Notes the reason of a failure: two texts, one behind the other.  Only the first reason of an
 * attempt counts. */
void acme_why(struct leat_acme *acme, const char *why, const char *more);

/* Begins a line for a human: the certificate's first name and a colon. acme_line_end() ends it. */
struct text acme_line(struct leat_acme *acme);
void acme_line_end(struct leat_acme *acme, struct text *text);

/* ---- call.c */

/* Begins a request to @url: a GET, or with the payload in call.payload, a signed POST.  If that
 * fails, the event `broken` follows. */
void acme_get(struct leat_acme *acme, struct acme_step *step, const char *url);
void acme_post(struct leat_acme *acme, struct acme_step *step, const char *url);

/* Ends the request that is under way. */
void acme_call_end(struct leat_acme *acme);

/* The payload's text, empty. */
struct text acme_payload(struct leat_acme *acme);

/* Parses the reply as JSON.  False: `flaw` follows. */
bool acme_parse(struct leat_acme *acme, struct acme_step *step);

/* Copies the URL at @token.  False: it is none that we follow. */
bool acme_take_url(struct leat_acme *acme, int token, char url[ACME_URL_BYTES]);
bool acme_is_url(const struct leat_acme *acme, const char *url);

/* ---- jose.c */

/* The account's public key (RFC 7517, RFC 7518 6.2), its members in order (RFC 7638 3.3). */
void acme_jwk(const struct leat_acme *acme, struct text *text);

/* Computes the thumbprint of the account's key.  False: the provider has failed. */
bool acme_thumbprint(struct leat_acme *acme);

/* SHA-256 of @text. */
bool acme_digest(const struct leat_acme *acme, const char *text, size_t len,
                 uint8_t digest[ACME_DIGEST_BYTES]);

/* Makes call.post of call.payload, call.url and the nonce (6.2).  False: no room, or the provider
 * has failed. */
bool acme_sign(struct leat_acme *acme);

/* Appends the proof that the program knows the key of an external account (7.3.4). */
bool acme_bind(struct leat_acme *acme, struct text *text);

/* ---- proof.c */

/* Chooses a challenge of the authorization in the reply.  False: `flaw` follows. */
bool acme_proof_choose(struct leat_acme *acme, struct acme_step *step, int challenges);

/* Makes its answer available to the authority.  False: the provider has failed. */
bool acme_proof_show(struct leat_acme *acme);

/* Takes it away. */
void acme_proof_hide(struct leat_acme *acme);

/* ---- chain.c */

/* Reads the certificate in acme->value, and its times.  NULL, or the reason why it isn't one for
 * us. */
const char *acme_chain_read(struct leat_acme *acme);

/* ---- plan.c */

uint64_t acme_civil_s(const struct leat_acme *acme);

/* Sets the timer for the next look, in the state IDLE. */
void acme_schedule(struct leat_acme *acme);

/* True if that time has come. */
bool acme_is_due(const struct leat_acme *acme);

/* True if a certificate is wanted now. */
bool acme_wants(const struct leat_acme *acme);

/* The renewal time by the lifetime alone. */
void acme_plan_by_lifetime(struct leat_acme *acme);

/* A random number below @limit; limit > 0. */
uint64_t acme_random(const struct leat_acme *acme, uint64_t limit);

/* Reads "2026-11-26T06:00:00Z" (RFC 3339); 0: it is none. */
uint64_t acme_date(const char *text);

#endif
