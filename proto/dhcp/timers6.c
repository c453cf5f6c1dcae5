/*
 * timers6.c -- one timer for all deadlines, the event of each deadline, and the waits for answers
 * (RFC 8415 15).
 */
#include "proto/dhcp/dhcp6.h"
#include "core/second.h"

static const uint64_t no_address_ns = 50000000; /* until the check of our link-local address ends */

/* RFC 8415 7.6, in seconds. A limit of 0: none, or the server's. */
struct exchange {
    uint8_t irt_s;
    uint16_t mrt_s;
    uint8_t mrc;
    uint8_t mrd_s;
};

static const struct exchange exchanges[] = {
    [DHCP6_SOLICIT] = {.irt_s = 1},
    [DHCP6_REQUEST] = {.irt_s = 1, .mrt_s = 30, .mrc = 10},
    [DHCP6_CONFIRM] = {.irt_s = 1, .mrt_s = 4, .mrd_s = 10},
    [DHCP6_RENEW] = {.irt_s = 10, .mrt_s = 600},
    [DHCP6_REBIND] = {.irt_s = 10, .mrt_s = 600},
    [DHCP6_RELEASE] = {.irt_s = 1, .mrc = 4},
    [DHCP6_DECLINE] = {.irt_s = 1, .mrc = 4},
    [DHCP6_INFORMATION_REQUEST] = {.irt_s = 1},
};

/* RFC 8415 18.2.12: a Rebind after a restart waits like a Confirm, but only for three
 * seconds. A server that doesn't know us may be silent (18.3.5), and would answer a Solicit. */
static const struct exchange reboot_exchange = {.irt_s = 1, .mrt_s = 4, .mrc = 2};

static const struct exchange *exchange_of(const struct leat_dhcp6 *dhcp6)
{
    return dhcp6->awaits == DHCP6_REBIND && !dhcp6->has_address ? &reboot_exchange
                                                                : &exchanges[dhcp6->awaits];
}

static uint64_t mrt_s(const struct leat_dhcp6 *dhcp6)
{
    if (dhcp6->awaits == DHCP6_SOLICIT)
        return dhcp6->sol_max_s;
    return dhcp6->awaits == DHCP6_INFORMATION_REQUEST ? dhcp6->inf_max_s
                                                      : exchange_of(dhcp6)->mrt_s;
}

void dhcp6_open_exchange(struct leat_dhcp6 *dhcp6, enum dhcp6_message type)
{
    const uint64_t now_ns = leat_now_ns(dhcp6->stack);
    const struct exchange *exchange;

    dhcp6->awaits = (uint8_t)type;
    exchange = exchange_of(dhcp6);
    dhcp6->xid = (uint32_t)leat_random(dhcp6->stack) & DHCP6_XID_MASK;
    dhcp6->tries = 0;
    dhcp6->wait_ns = LEAT_NEVER_NS;
    dhcp6->first_ns = dhcp6->asked_ns = now_ns;
    dhcp6->rexmt = (struct dhcp6_rexmt){
        .mrc = exchange->mrc,
        .give_up_ns = exchange->mrd_s ? now_ns + exchange->mrd_s * second_ns : LEAT_NEVER_NS};
}

/* @base_ns, randomly changed by up to a tenth. */
static uint64_t jitter_ns(struct leat_dhcp6 *dhcp6, uint64_t base_ns)
{
    return base_ns - base_ns / 10 + leat_random(dhcp6->stack) % (base_ns / 5 + 1);
}

/* RFC 8415 15. The first wait after a Solicit gathers offers, so it is longer than the initial
 * retransmission time, IRT (18.2.1). */
static uint64_t first_wait_ns(struct leat_dhcp6 *dhcp6)
{
    const uint64_t irt_ns = exchange_of(dhcp6)->irt_s * second_ns;

    if (dhcp6->awaits == DHCP6_SOLICIT)
        return irt_ns + 1 + leat_random(dhcp6->stack) % (irt_ns / 10);
    return jitter_ns(dhcp6, irt_ns);
}

void dhcp6_await(struct leat_dhcp6 *dhcp6)
{
    struct dhcp6_rexmt *rexmt = &dhcp6->rexmt;
    const uint64_t max_ns = mrt_s(dhcp6) * second_ns;
    const uint64_t now_ns = leat_now_ns(dhcp6->stack);

    if (rexmt->rt_ns == 0)
        rexmt->rt_ns = first_wait_ns(dhcp6);
    else
        /* RT = 2 * RTprev + RAND * RTprev, with RAND between -0.1 and 0.1 */
        rexmt->rt_ns += jitter_ns(dhcp6, rexmt->rt_ns);
    if (max_ns > 0 && rexmt->rt_ns > max_ns)
        rexmt->rt_ns = jitter_ns(dhcp6, max_ns);
    dhcp6->rexmt_ns = now_ns + rexmt->rt_ns;
    if (dhcp6->rexmt_ns > rexmt->give_up_ns)
        dhcp6->rexmt_ns = rexmt->give_up_ns;
}

void dhcp6_forget_times(struct leat_dhcp6 *dhcp6)
{
    dhcp6->awaits = 0;
    dhcp6->wait_ns = dhcp6->rexmt_ns = dhcp6->refresh_ns = LEAT_NEVER_NS;
    dhcp6->t1_ns = dhcp6->t2_ns = dhcp6->expires_ns = LEAT_NEVER_NS;
}

/* The earliest deadline; dhcp6_due() has an event for each. */
static uint64_t first_ns(const struct leat_dhcp6 *dhcp6)
{
    const uint64_t times[] = {dhcp6->wait_ns, dhcp6->rexmt_ns,   dhcp6->t1_ns,
                              dhcp6->t2_ns,   dhcp6->expires_ns, dhcp6->refresh_ns};
    uint64_t first = LEAT_NEVER_NS;

    for (unsigned i = 0; i < sizeof times / sizeof *times; i++) {
        if (times[i] < first)
            first = times[i];
    }
    return first;
}

void dhcp6_set_timer(struct leat_dhcp6 *dhcp6)
{
    const uint64_t first = first_ns(dhcp6);

    if (first == LEAT_NEVER_NS)
        leat_timer_cancel(dhcp6->stack, &dhcp6->timer);
    else
        leat_timer_set(dhcp6->stack, &dhcp6->timer, first);
}

void dhcp6_wait_on(struct leat_dhcp6 *dhcp6)
{
    /* The wait doubles after each 32 rounds, up to 128 times: an address that was found to be a
     * duplicate may never become usable. */
    dhcp6->wait_ns = leat_now_ns(dhcp6->stack) + (no_address_ns << dhcp6->tries / 32);
    if (dhcp6->tries < UINT8_MAX)
        dhcp6->tries++;
    dhcp6_set_timer(dhcp6);
}

static enum dhcp6_event no_answer(const struct leat_dhcp6 *dhcp6)
{
    const struct dhcp6_rexmt *rexmt = &dhcp6->rexmt;

    /* 18.2.1: the wait has gathered offers, and its end is the time to choose. */
    if (dhcp6->awaits == DHCP6_SOLICIT && dhcp6->has_offer)
        return DHCP6_timeout_choose;
    if ((rexmt->mrc > 0 && dhcp6->tries >= rexmt->mrc) ||
        leat_now_ns(dhcp6->stack) >= rexmt->give_up_ns)
        return DHCP6_timeout_give_up;
    return DHCP6_timeout_rexmt;
}

bool dhcp6_due(const struct leat_dhcp6 *dhcp6, enum dhcp6_event *event)
{
    const uint64_t now_ns = leat_now_ns(dhcp6->stack);

    if (now_ns >= dhcp6->expires_ns)
        *event = DHCP6_timeout_lease;
    else if (now_ns >= dhcp6->t2_ns)
        *event = DHCP6_timeout_T2;
    else if (now_ns >= dhcp6->t1_ns)
        *event = DHCP6_timeout_T1;
    else if (now_ns >= dhcp6->wait_ns)
        *event = DHCP6_timeout_wait;
    else if (now_ns >= dhcp6->rexmt_ns)
        *event = no_answer(dhcp6);
    else if (now_ns >= dhcp6->refresh_ns)
        *event = DHCP6_timeout_refresh;
    else {
        /* a deadline without an event would stay due for ever */
        leat_debug_assert(first_ns(dhcp6) > now_ns);
        return false;
    }
    return true;
}
