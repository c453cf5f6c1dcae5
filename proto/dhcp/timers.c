/*
 * timers.c -- one timer, set to the earliest of the deadlines that actions set and clear, and the
 * event of each deadline.
 */
#include "proto/dhcp/dhcp.h"

static const uint64_t retry_max_ns = 64 * UINT64_C(1000000000); /* RFC 2131 4.1 */

uint64_t dhcp_jitter_ns(struct leat_dhcp *dhcp, uint64_t base_ns)
{
    return base_ns - base_ns / 4 + leat_random(dhcp->stack) % (base_ns / 2 + 1);
}

uint64_t dhcp_retry_ns(struct leat_dhcp *dhcp, unsigned tries)
{
    uint64_t base_ns = dhcp->config.retry_ns;

    for (; tries > 0 && base_ns < retry_max_ns; tries--)
        base_ns *= 2;
    return dhcp_jitter_ns(dhcp, base_ns < retry_max_ns ? base_ns : retry_max_ns);
}

void dhcp_forget_times(struct leat_dhcp *dhcp)
{
    dhcp->wait_ns = dhcp->rexmt_ns = LEAT_NEVER_NS;
    dhcp->t1_ns = dhcp->t2_ns = dhcp->expires_ns = LEAT_NEVER_NS;
}

/* The earliest deadline; dhcp_due() has an event for each. */
static uint64_t first_ns(const struct leat_dhcp *dhcp)
{
    const uint64_t times[] = {dhcp->wait_ns, dhcp->rexmt_ns, dhcp->t1_ns, dhcp->t2_ns,
                              dhcp->expires_ns};
    uint64_t first = LEAT_NEVER_NS;

    for (unsigned i = 0; i < sizeof times / sizeof *times; i++) {
        if (times[i] < first)
            first = times[i];
    }
    return first;
}

void dhcp_set_timer(struct leat_dhcp *dhcp)
{
    const uint64_t first = first_ns(dhcp);

    if (first == LEAT_NEVER_NS)
        leat_timer_cancel(dhcp->stack, &dhcp->timer);
    else
        leat_timer_set(dhcp->stack, &dhcp->timer, first);
}

bool dhcp_due(const struct leat_dhcp *dhcp, enum dhcp_event *event)
{
    const uint64_t now_ns = leat_now_ns(dhcp->stack);

    /* The latest of the lease's deadlines goes first: after a long sleep a renewal of an expired
     * lease would be wrong. */
    if (now_ns >= dhcp->expires_ns)
        *event = DHCP_timeout_lease;
    else if (now_ns >= dhcp->t2_ns)
        *event = DHCP_timeout_T2;
    else if (now_ns >= dhcp->t1_ns)
        *event = DHCP_timeout_T1;
    else if (now_ns >= dhcp->wait_ns)
        *event = DHCP_timeout_wait;
    else if (now_ns >= dhcp->rexmt_ns)
        *event = dhcp->tries < dhcp->tries_max ? DHCP_timeout_rexmt : DHCP_timeout_give_up;
    else {
        /* a deadline without an event would stay due for ever */
        leat_debug_assert(first_ns(dhcp) > now_ns);
        return false;
    }
    return true;
}
