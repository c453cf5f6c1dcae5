/*
 * habits.h -- what a server was seen to do with our queries, so that later ones need not find it
 * out again. Pure.
 *
 * Each habit is believed for some minutes: servers are replaced, and replies may be forged.
 */
#ifndef DNS_HABITS_H
#define DNS_HABITS_H

#include <stdbool.h>
#include <stdint.h>

/* All zeros: nothing is known. Each time is the one at which a habit is forgotten. */
struct habits {
    uint64_t edns_ns;     /* it answers queries with EDNS, so silence means loss */
    uint64_t plain_ns;    /* it refuses or ignores queries with EDNS */
    uint64_t lowers_ns;   /* its replies have the name in lower case */
    uint64_t tcp_only_ns; /* it answers by TCP only, or truncates all replies by UDP */
    uint64_t no_tcp_ns;   /* it doesn't answer by TCP */
    uint64_t udp_ns;      /* it answers by UDP */
    uint8_t truncated;    /* replies by UDP in a row that were truncated */
    bool doubted;         /* it has answered without EDNS only, and never with it since */
};

/* A query with EDNS was answered. */
void habits_edns_answered(struct habits *habits, uint64_t now_ns);

/* A query with EDNS was refused by an error that repeated the question, and answered without. */
void habits_edns_refused(struct habits *habits, uint64_t now_ns);

/* A query with EDNS had no answer, or a header alone as an error, and was answered without. That
 * may be chance, or the error forged, so the first time is remembered for seconds only. Queries of
 * the same time are one chance. */
void habits_edns_doubted(struct habits *habits, uint64_t now_ns);

/* A query with EDNS had no answer for a whole try. */
void habits_silent(struct habits *habits);

/* A reply came by UDP. */
void habits_udp_answered(struct habits *habits, bool truncated, uint64_t now_ns);

/* A reply came in lower case. */
void habits_lowered(struct habits *habits, uint64_t now_ns);

/* A reply came by TCP, although none comes by UDP; or TCP failed. */
void habits_tcp_answered(struct habits *habits, uint64_t now_ns);
void habits_tcp_failed(struct habits *habits, uint64_t now_ns);

/* True if the habit, one of the times above, is still believed. */
static inline bool habits_is(uint64_t until_ns, uint64_t now_ns)
{
    return now_ns < until_ns;
}

/* True if the server is better asked by TCP. */
static inline bool habits_want_tcp(const struct habits *habits, uint64_t now_ns)
{
    return !habits_is(habits->no_tcp_ns, now_ns) &&
           (habits_is(habits->lowers_ns, now_ns) || habits_is(habits->tcp_only_ns, now_ns));
}

/* True if names are sent in lower case: it lowers them, and has no TCP. */
static inline bool habits_lower(const struct habits *habits, uint64_t now_ns)
{
    return habits_is(habits->no_tcp_ns, now_ns) && habits_is(habits->lowers_ns, now_ns);
}

#endif
