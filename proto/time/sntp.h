/*
 * sntp.h -- private declarations of the NTP client.
 *
 *      sntp.c    the program's calls and the rounds
 *      answer.c  one server: its request, and the checks of its answers
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
    uint64_t origin;      /* the origin timestamp that an answer must repeat */
    uint64_t asked_ns;
    uint64_t rest_until_ns;    /* no request before, after a RATE kiss */
    uint64_t rest_ns;          /* length of the next such pause */
    uint64_t civil_at_zero_ns; /* from its answer: civil time when the stack's clock was 0, modulo
                                * 2^64 */
    uint64_t error_ns;
    uint8_t stratum;
    bool has_answered; /* in this round; then the three members before it are valid */
    bool forbids;      /* after DENY or RSTR: never asked again */
};

struct leat_sntp {
    struct leat *stack;
    struct leat_sntp_config config; /* with the defaults filled in */
    struct leat_sntp_counts counts;
    struct leat_refusal refusal;               /* of the last refused answer */
    struct leat_sntp_report report;            /* of the last round */
    void (*on_answer)(struct leat_sntp *sntp); /* after an answer of ours was taken or refused */
    struct leat_timer timer;                   /* end of the round, or start of the next */
    struct sntp_server servers[LEAT_SNTP_SERVERS_MAX];
    struct sntp_server before[LEAT_SNTP_SERVERS_MAX]; /* the former servers, while new ones
                                                       * are set */
    uint8_t server_count;
    uint8_t silent_rounds; /* rounds since the last answer, saturating */
    bool runs;
    bool in_round;
    bool was_set; /* by servers */
};

/* Sends a request. Without memory or a route none is sent, and the server counts as silent. */
void sntp_ask(struct sntp_server *server);

/* Closes the server's socket: no answer is awaited any more. */
void sntp_forget(struct sntp_server *server);

#endif
