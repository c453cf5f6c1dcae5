/* habits.c -- see habits.h. */
#include "proto/dns/habits.h"

enum {
    TRUNCATED_MAX = 4 /* truncated replies in a row after which TCP is asked first */
};

static const uint64_t habit_ns = UINT64_C(600000000000); /* ten minutes */
static const uint64_t doubt_ns = UINT64_C(20000000000);  /* after a loss that may be chance */

void habits_edns_answered(struct habits *habits, uint64_t now_ns)
{
    habits->edns_ns = now_ns + habit_ns;
    habits->plain_ns = 0;
    habits->doubted = false;
}

void habits_edns_refused(struct habits *habits, uint64_t now_ns)
{
    habits->edns_ns = 0;
    habits->plain_ns = now_ns + habit_ns;
}

void habits_edns_doubted(struct habits *habits, uint64_t now_ns)
{
    if (habits_is(habits->edns_ns, now_ns) || habits_is(habits->plain_ns, now_ns))
        return; /* answered meanwhile, or lost with another query in one burst */
    /* seconds at first; ten minutes if the next trial ends in the same way */
    habits->plain_ns = now_ns + (habits->doubted ? habit_ns : doubt_ns);
    habits->doubted = true;
}

void habits_silent(struct habits *habits)
{
    habits->edns_ns = 0;
}

void habits_udp_answered(struct habits *habits, bool truncated, uint64_t now_ns)
{
    habits->udp_ns = now_ns + habit_ns;
    /* one whole reply shows that the server doesn't truncate all of them */
    if (!truncated) {
        habits->truncated = 0;
        habits->tcp_only_ns = 0;
    } else if (++habits->truncated == TRUNCATED_MAX) {
        habits->truncated = 0;
        habits->tcp_only_ns = now_ns + habit_ns;
    }
}

void habits_lowered(struct habits *habits, uint64_t now_ns)
{
    habits->lowers_ns = now_ns + habit_ns;
}

void habits_tcp_answered(struct habits *habits, uint64_t now_ns)
{
    habits->no_tcp_ns = 0;
    /* not for a server that answers by UDP, too: a long answer has led to TCP once */
    if (!habits_is(habits->udp_ns, now_ns))
        habits->tcp_only_ns = now_ns + habit_ns;
}

void habits_tcp_failed(struct habits *habits, uint64_t now_ns)
{
    habits->no_tcp_ns = now_ns + habit_ns;
}
