/*
 * actions6.c -- the actions of dhcp6.rl, except those that send.
 *
 * The table of dhcp6.rl calls these on its transitions. As with DHCPv4, an action doesn't call the
 * program, but leaves a note for dhcp6_event().
 */
#include "proto/dhcp/dhcp6.h"
#include "core/refusal.h"
#include "core/second.h"

static const uint64_t back_off_ns = 10 * UINT64_C(1000000000);
static const uint64_t inf_max_delay_ns = 1000000000; /* RFC 8415 7.6 */

enum {
    BACK_OFF_DOUBLINGS = 5 /* at most 320 s */
};

/* Starts a new attempt, and forgets the state of the last one. */
static void begin_at(struct leat_dhcp6 *dhcp6, uint64_t wait_ns)
{
    dhcp6_forget_times(dhcp6);
    dhcp6->tries = 0;
    dhcp6->has_offer = false;
    dhcp6->has_lease = false;
    dhcp6->begun_ns = leat_now_ns(dhcp6->stack);
    dhcp6->wait_ns = dhcp6->begun_ns + wait_ns;
}

void dhcp6_begin(struct leat_dhcp6 *dhcp6, struct dhcp6_step *step)
{
    (void)step;
    /* RFC 8415 18.2.1: the first Solicit is delayed at random, so that machines that start together
     * don't send together. */
    begin_at(dhcp6, leat_random(dhcp6->stack) % (dhcp6->config.start_delay_ns + 1));
}

/* RFC 8415 14.1: waits before a server that has refused us is asked again. */
void dhcp6_back_off(struct leat_dhcp6 *dhcp6, struct dhcp6_step *step)
{
    const unsigned doublings =
        dhcp6->failures < BACK_OFF_DOUBLINGS ? dhcp6->failures : BACK_OFF_DOUBLINGS;
    const uint64_t least_ns = back_off_ns << doublings;

    (void)step;
    if (dhcp6->failures < UINT8_MAX)
        dhcp6->failures++;
    begin_at(dhcp6, least_ns + leat_random(dhcp6->stack) % least_ns);
}

void dhcp6_rest(struct leat_dhcp6 *dhcp6, struct dhcp6_step *step)
{
    (void)step;
    dhcp6_forget_times(dhcp6);
    dhcp6->has_lease = false;
    dhcp6->failures = 0;
}

/* RFC 8415 18.2.9: keeps the offer with the highest preference, the first of several. */
void dhcp6_keep_offer(struct leat_dhcp6 *dhcp6, struct dhcp6_step *step)
{
    (void)step;
    if (dhcp6->has_offer && dhcp6->read_preference <= dhcp6->offer_preference)
        return;
    dhcp6->has_offer = true;
    dhcp6->offer_preference = dhcp6->read_preference;
    dhcp6->offered = dhcp6->read.ip;
    dhcp6->server = dhcp6->read_server;
}

/* From the request on, as in DHCPv4: the lease of the server is never over before ours. */
static uint64_t deadline_ns(const struct leat_dhcp6 *dhcp6, uint32_t seconds)
{
    return seconds == LEAT_DHCP6_FOR_EVER ? LEAT_NEVER_NS : dhcp6->leased_ns + seconds * second_ns;
}

void dhcp6_take_lease(struct leat_dhcp6 *dhcp6, struct dhcp6_step *step)
{
    (void)step;
    dhcp6_forget_times(dhcp6);
    dhcp6->lease = dhcp6->read;
    dhcp6->server = dhcp6->read_server;
    dhcp6->leased_ns = dhcp6->asked_ns;
    dhcp6->expires_ns = deadline_ns(dhcp6, dhcp6->lease.valid_s);
}

/* RFC 8415's names: NOLINTNEXTLINE(readability-identifier-naming) */
static void set_T1_T2(struct leat_dhcp6 *dhcp6)
{
    dhcp6->t1_ns = deadline_ns(dhcp6, dhcp6->lease.renew_s);
    dhcp6->t2_ns = deadline_ns(dhcp6, dhcp6->lease.rebind_s);
}

void dhcp6_set_T1_T2(struct leat_dhcp6 *dhcp6, struct dhcp6_step *step)
{
    (void)step;
    dhcp6->failures = 0;
    refusal_forget(&dhcp6->refusal);
    set_T1_T2(dhcp6);
}

/* The lease stays valid after a Confirm. T1 and T2 are set again, because a renewal may have
 * cleared one of them. A time that has passed meanwhile is due at once. */
void dhcp6_resume(struct leat_dhcp6 *dhcp6, struct dhcp6_step *step)
{
    (void)step;
    dhcp6->awaits = 0;
    dhcp6->rexmt_ns = LEAT_NEVER_NS;
    set_T1_T2(dhcp6);
}

void dhcp6_take_facts(struct leat_dhcp6 *dhcp6, struct dhcp6_step *step)
{
    (void)step;
    dhcp6_forget_times(dhcp6);
    dhcp6->lease = dhcp6->read;
    dhcp6->has_lease = true;
    refusal_forget(&dhcp6->refusal);
    dhcp6->leased_ns = leat_now_ns(dhcp6->stack);
    dhcp6->refresh_ns = deadline_ns(dhcp6, dhcp6->lease.refresh_s);
    if (dhcp6->refresh_ns != LEAT_NEVER_NS) /* 21.23: a random delay */
        dhcp6->refresh_ns += leat_random(dhcp6->stack) % (inf_max_delay_ns + 1);
}

static enum leat_err set_address(struct leat_dhcp6 *dhcp6)
{
    return service_address6_lease(dhcp6->stack, dhcp6->netif, dhcp6->lease.ip,
                                  deadline_ns(dhcp6, dhcp6->lease.preferred_s), dhcp6->expires_ns,
                                  &dhcp6->watch);
}

void dhcp6_use_address(struct leat_dhcp6 *dhcp6, struct dhcp6_step *step)
{
    if (set_address(dhcp6))
        step->notes |= DHCP6_NOTE_FAILED;
    else
        dhcp6->has_address = true;
}

/* Cannot fail for lack of room, because the address is in the stack already. */
void dhcp6_extend(struct leat_dhcp6 *dhcp6, struct dhcp6_step *step)
{
    (void)step;
    (void)set_address(dhcp6);
}

void dhcp6_withdraw(struct leat_dhcp6 *dhcp6, struct dhcp6_step *step)
{
    (void)step;
    if (dhcp6->has_address)
        leat_address_remove(dhcp6->stack, dhcp6->netif, dhcp6->lease.ip);
    dhcp6->has_address = false;
}

static void tell(struct dhcp6_step *step, enum leat_dhcp6_news news, bool with_lease)
{
    step->notes |= DHCP6_NOTE_TELL;
    step->news = news;
    step->with_lease = with_lease;
}

void dhcp6_tell_bound(struct leat_dhcp6 *dhcp6, struct dhcp6_step *step)
{
    dhcp6->has_lease = true;
    tell(step, LEAT_DHCP6_BOUND, true);
}

void dhcp6_tell_renewed(struct leat_dhcp6 *dhcp6, struct dhcp6_step *step)
{
    (void)dhcp6;
    tell(step, LEAT_DHCP6_RENEWED, true);
}

void dhcp6_tell_informed(struct leat_dhcp6 *dhcp6, struct dhcp6_step *step)
{
    (void)dhcp6;
    tell(step, LEAT_DHCP6_INFORMED, true);
}

void dhcp6_tell_silence(struct leat_dhcp6 *dhcp6, struct dhcp6_step *step)
{
    tell(step, LEAT_DHCP6_SILENCE, dhcp6->has_lease);
}

void dhcp6_tell_refused(struct leat_dhcp6 *dhcp6, struct dhcp6_step *step)
{
    tell(step, LEAT_DHCP6_REFUSED, dhcp6->has_lease);
}

void dhcp6_tell_declined(struct leat_dhcp6 *dhcp6, struct dhcp6_step *step)
{
    (void)dhcp6;
    tell(step, LEAT_DHCP6_DECLINED, true);
}

/* The new address is still being checked, so leat_dhcp6_lease() has none until it is bound. */
void dhcp6_tell_moved(struct leat_dhcp6 *dhcp6, struct dhcp6_step *step)
{
    dhcp6->has_lease = false;
    tell(step, LEAT_DHCP6_MOVED, true);
}

void dhcp6_tell_expired(struct leat_dhcp6 *dhcp6, struct dhcp6_step *step)
{
    (void)dhcp6;
    tell(step, LEAT_DHCP6_EXPIRED, true);
}
