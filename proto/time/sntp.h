/*
 * sntp.h -- the inside of an NTP client.
 *
 *      sntp.c    what the program calls, and rounds: who is asked, what becomes of the answers
 *      answer.c  one server: its request, and which answers to it are believed
 */
#ifndef TIME_SNTP_H
#define TIME_SNTP_H

#include <leat/sntp.h>
#include <leat/timer.h>
#include <leat/udp.h>

#include "proto/wire/ntp.h"

struct sntp_server {
    struct leat_sntp *sntp;
    struct leat_endpoint end;
    struct leat_udp *udp; /* NULL: no answer is awaited */
    uint64_t origin;      /* what the answer has to repeat */
    uint64_t asked_ns;
    uint64_t rest_until_ns; /* as it has told us to */
    uint64_t rest_ns;       /* the next time that it does */
    uint64_t
        civil_at_zero_ns; /* what it has said: civil time when the stack's was 0, modulo 2^64 */
    uint64_t error_ns;
    uint8_t stratum;
    bool has_answered; /* in this round: the last three count */
    bool forbids;      /* it is never asked again */
};

struct leat_sntp {
    struct leat *stack;
    struct leat_sntp_config config; /* with the defaults filled in */
    struct leat_sntp_counts counts;
    struct leat_refusal refusal; /* of the last answer that wasn't taken */
    struct leat_sntp_report report; /* of the last round */
    struct leat_timer timer;        /* the end of a round, or of the rest between two */
    struct sntp_server servers[LEAT_SNTP_SERVERS_MAX];
    struct sntp_server before[LEAT_SNTP_SERVERS_MAX]; /* while others are named */
    uint8_t server_count;
    uint8_t silent_rounds; /* so many since the last answer, as far as it matters */
    bool runs;
    bool in_round;
    bool was_set; /* by servers */
};

/* Sends a request; without memory or a way there is none, and the server counts as silent. */
void sntp_ask(struct sntp_server *server);

/* Awaits no answer of it any more. */
void sntp_forget(struct sntp_server *server);

/* A server has said what it has to say in this round. */
void sntp_heard(struct leat_sntp *sntp);

#endif
