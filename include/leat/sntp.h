/*
 * sntp.h -- sets civil time (civil.h) from time servers, and keeps it right.
 *
 * A client of NTP version 4 (RFC 5905), as simple as RFC 4330 allows.  In each round every server
 * is asked once, and the median of their answers is used, so one wrong server among three has no
 * influence.  A request contains only a random number, which the answer has to repeat, and leaves
 * from a port of its own.
 *
 * NTP is not authenticated here: an on-path attacker can still set any time.
 */
#ifndef LEAT_SNTP_H
#define LEAT_SNTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/abi.h>
#include <leat/addr.h>
#include <leat/err.h>
#include <leat/refusal.h>
#include <leat/stack.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    LEAT_SNTP_SERVERS_MAX = 4
};

struct leat_sntp;

/** Events that on_news reports. */
enum leat_sntp_news {
    LEAT_SNTP_SET,     /**< civil time has been set, or corrected */
    LEAT_SNTP_SILENCE, /**< no server gave a usable answer; we keep asking */
    LEAT_SNTP_PANIC,   /**< the correction exceeds panic_ns and was refused; we keep asking */
    LEAT_SNTP_REFUSED  /**< every server has told us not to ask; we stop */
};

/** The outcome of a round. */
struct leat_sntp_report {
    int64_t offset_ns; /**< the correction of civil time, made or refused; 0 if civil time was not
                            known before */
    uint64_t error_ns; /**< largest error of the new time, if the server is right */
    uint8_t answers;   /**< usable answers; the offset is their median; 0: none */
    uint8_t stratum;   /**< of the server; 1 has a clock of its own */
    struct leat_endpoint server; /**< the server with the median answer */
};

/** The servers and intervals.  Every 0 means the default that is named beside it. */
struct leat_sntp_config {
    struct leat_endpoint servers[LEAT_SNTP_SERVERS_MAX]; /**< port 0: 123 */
    uint8_t server_count; /**< number of servers; 0: leat_sntp_set_servers() follows */
    uint64_t poll_ns;     /**< from round to round: 1,024 s (up to an eighth less, but never below
                               15 s); at least 16 s.  Until the first answer it is 2 s, doubled
                               each time */
    uint64_t timeout_ns;  /**< how long to wait for an answer: 2 s; at most 16 s */
    uint64_t panic_ns; /**< a larger correction is refused: 1,000 s (RFC 5905 A.1.1: PANICT) ... */
    bool trust_start;  /**< ... also the first one, if civil time was known before it.  Otherwise
                            the first one may have any size */
    void (*on_news)(struct leat_sntp *sntp, enum leat_sntp_news news,
                    const struct leat_sntp_report *report, void *arg); /**< may be NULL */
    void *arg;                                                         /**< for on_news */
    uint64_t reserved[LEAT_RESERVED]; /**< for members of later versions; all 0 */
};

/** Counters of a client. */
struct leat_sntp_counts {
    uint64_t requests;            /**< requests sent */
    uint64_t answers;             /**< answers used */
    uint64_t drop_foreign;        /**< answers without our number, too short, or in fragments */
    uint64_t drop_unsynchronized; /**< answers of servers that are not, or hardly, synchronized */
    uint64_t drop_time;           /**< answers with impossible times */
    uint64_t kisses;              /**< "ask less", "don't ask" (RFC 5905 7.4) */
    uint64_t panics;              /**< corrections that were refused */
};

/** Bytes that leat_sntp_open() takes from the stack's block. */
size_t leat_sntp_memory_bytes(void);

/**
 * Makes a client; it is stopped.  UDP must be registered.  @p config is copied.
 * Errors: LEAT_ERR_MEMORY, LEAT_ERR_ARGUMENT.
 */
enum leat_err leat_sntp_open(struct leat *stack, struct leat_sntp **sntp,
                             const struct leat_sntp_config *config);

/**
 * Asks at once, and goes on until leat_sntp_stop().  While the client waits for answers it takes up
 * to one socket per server.  on_news is called from leat_poll().  A start forgets which servers
 * told us not to ask, and that servers had set civil time: the first correction may have any size.
 */
void leat_sntp_start(struct leat_sntp *sntp);

/** Stops asking; civil time goes on. */
void leat_sntp_stop(struct leat_sntp *sntp);

/**
 * Replaces the servers, for example by those from DHCP (leat_autoconf_facts), and asks them at once
 * unless the client is stopped.  Without any, none is asked.  If @p count exceeds
 * LEAT_SNTP_SERVERS_MAX, only the first are used.  Former servers that told us not to ask are still
 * not asked.
 */
void leat_sntp_set_servers(struct leat_sntp *sntp, const struct leat_endpoint *servers,
                           unsigned count);

/** The last answer that was refused since leat_sntp_start(), or since one was taken; live. */
const struct leat_refusal *leat_sntp_refusal(const struct leat_sntp *sntp);

/** The counters; live, valid as long as the stack. */
const struct leat_sntp_counts *leat_sntp_counts(const struct leat_sntp *sntp);

#ifdef __cplusplus
}
#endif
#endif
