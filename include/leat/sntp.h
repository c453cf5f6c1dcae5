/*
 * sntp.h -- asks time servers what time it is, and keeps civil time (civil.h) right.
 *
 * A client of NTP version 4 (RFC 5905) as simple as RFC 4330 allows: in each round every server is
 * asked once, and of those that answer the one in the middle is believed, so that one that lies
 * among three has no say.  A request says nothing but a random number, which the answer has to
 * repeat; it leaves from a port of its own.
 *
 * Whoever is on the path can still say what he likes: NTP isn't signed here.
 */
#ifndef LEAT_SNTP_H
#define LEAT_SNTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/addr.h>
#include <leat/err.h>
#include <leat/stack.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    LEAT_SNTP_SERVERS_MAX = 4
};

struct leat_sntp;

/** What there is to tell. */
enum leat_sntp_news {
    LEAT_SNTP_SET,     /**< civil time has been set, or corrected */
    LEAT_SNTP_SILENCE, /**< no server gave an answer that helps; we go on asking */
    LEAT_SNTP_PANIC,   /**< the correction is over panic_ns: refused; we go on asking */
    LEAT_SNTP_REFUSED  /**< every server forbids us to ask: we rest */
};

/** The outcome of a round. */
struct leat_sntp_report {
    int64_t offset_ns; /**< what civil time was corrected by, or would have been; 0 if it was not
                            known before */
    uint64_t error_ns; /**< by so much it may be wrong if the server isn't */
    uint8_t answers;   /**< of servers, of which this is the one in the middle; 0: there is none */
    uint8_t stratum;   /**< its distance from a clock: 1 has one */
    struct leat_endpoint server; /**< who it is */
};

/** Whom to ask, and when.  Every 0 means the default that is named beside it. */
struct leat_sntp_config {
    struct leat_endpoint servers[LEAT_SNTP_SERVERS_MAX]; /**< port 0: 123 */
    uint8_t server_count; /**< of them; 0: leat_sntp_set_servers() follows */
    uint64_t poll_ns;     /**< from round to round: 1,024 s (up to an eighth less, but never below
                               15 s); at least 16 s.  As long as no server has answered it is 2 s,
                               doubled each time */
    uint64_t timeout_ns;  /**< how long an answer may take: 2 s; at most 16 s */
    uint64_t
        panic_ns; /**< a correction over this is refused: 1,000 s (RFC 5905 A.1.1: PANICT) ... */
    bool trust_start; /**< ... and the first one, too, if civil time was known before it; else
                           the first may have any size */
    void (*on_news)(struct leat_sntp *sntp, enum leat_sntp_news news,
                    const struct leat_sntp_report *report, void *arg); /**< NULL: not wanted */
    void *arg;                                                         /**< for on_news */
};

/** What a client has counted. */
struct leat_sntp_counts {
    uint64_t requests;     /**< sent */
    uint64_t answers;      /**< that were used */
    uint64_t drop_foreign; /**< ... that don't repeat our number, are too short, or in fragments */
    uint64_t drop_unsynchronized; /**< ... of servers that don't know the time, or hardly */
    uint64_t drop_time;           /**< ... whose times can't be */
    uint64_t kisses;              /**< "ask less", "don't ask" (RFC 5905 7.4) */
    uint64_t panics;              /**< corrections that were refused */
};

/** Bytes that leat_sntp_open() takes from the stack's block. */
size_t leat_sntp_memory_bytes(void);

/**
 * Makes a client that rests; UDP must be registered.  @p config is copied.
 * Errors: LEAT_ERR_MEMORY, LEAT_ERR_ARGUMENT.
 */
enum leat_err leat_sntp_open(struct leat *stack, struct leat_sntp **sntp,
                             const struct leat_sntp_config *config);

/**
 * Begins to ask, at once, and goes on until leat_sntp_stop().  It takes up to a socket a server
 * while it waits for answers.  News comes from leat_poll().  Forgets what servers have forbidden,
 * and that civil time had been set by them: its first correction may have any size.
 */
void leat_sntp_start(struct leat_sntp *sntp);

/** Rests; civil time goes on. */
void leat_sntp_stop(struct leat_sntp *sntp);

/**
 * From now on these are asked, at once if the client doesn't rest: what DHCP says, perhaps
 * (leat_autoconf_facts).  None: nobody is asked.  @p count over LEAT_SNTP_SERVERS_MAX: the first.
 * What a server has forbidden that was asked before still holds.
 */
void leat_sntp_set_servers(struct leat_sntp *sntp, const struct leat_endpoint *servers,
                           unsigned count);

/** The counters; live, valid as long as the stack. */
const struct leat_sntp_counts *leat_sntp_counts(const struct leat_sntp *sntp);

#ifdef __cplusplus
}
#endif
#endif
