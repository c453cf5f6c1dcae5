/*
 * actions.c -- the actions of dhcp.rl, except those that send.
 *
 * The table of dhcp.rl calls these on its transitions. An action changes the client only; an action
 * that wants the program to be called leaves a note in the step, on which dhcp_event() acts when
 * the new state is stored.
 */
#include "core/assert.h"
#include "core/refusal.h"
#include "proto/dhcp/dhcp.h"
#include "core/second.h"

static const uint64_t back_off_ns = 10 * UINT64_C(1000000000); /* RFC 2131 3.1 item 5 */

enum {
    BACK_OFF_DOUBLINGS = 5 /* at most 320 s */
};

/* Starts a new attempt, and forgets the state of the last one. */
static void begin_at(struct leat_dhcp *dhcp, uint64_t wait_ns)
{
    dhcp_forget_times(dhcp);
    dhcp->tries = 0;
    dhcp->server_want = IP4_ANY;
    dhcp->has_lease = false;
    /* RFC 2131 4.1: an attempt has an xid of its own, so that late answers to the last one are
     * foreign. An attacker off the path would have to guess it. */
    dhcp->xid = (uint32_t)leat_random(dhcp->stack);
    dhcp->wait_ns = leat_now_ns(dhcp->stack) + wait_ns;
}

void dhcp_begin(struct leat_dhcp *dhcp, struct dhcp_step *step)
{
    const uint64_t most_ns = dhcp->config.start_delay_ns;
    const bool is_first = dhcp->state == DHCP_FIRST_STATE;

    (void)step;
    /* the address of leat_dhcp_start() is requested in one attempt only */
    if (!is_first)
        dhcp->ip_want = IP4_ANY;
    dhcp->begun_ns = leat_now_ns(dhcp->stack);
    /* Only the first attempt has a random delay, against many machines that start together after a
     * power failure (RFC 2131 4.4.1). */
    begin_at(dhcp, is_first && most_ns ? leat_random(dhcp->stack) % most_ns : 0);
}

void dhcp_back_off(struct leat_dhcp *dhcp, struct dhcp_step *step)
{
    const unsigned doublings =
        dhcp->failures < BACK_OFF_DOUBLINGS ? dhcp->failures : BACK_OFF_DOUBLINGS;
    const uint64_t least_ns = back_off_ns << doublings;

    (void)step;
    if (dhcp->failures < UINT8_MAX)
        dhcp->failures++;
    dhcp->ip_want = IP4_ANY;
    dhcp->begun_ns = leat_now_ns(dhcp->stack);
    /* Between one and two times the least, so that refused clients don't come back together. */
    begin_at(dhcp, least_ns + leat_random(dhcp->stack) % least_ns);
}

void dhcp_rest(struct leat_dhcp *dhcp, struct dhcp_step *step)
{
    (void)step;
    dhcp_forget_times(dhcp);
    dhcp->has_lease = false;
    dhcp->failures = 0;
}

/* An answer that comes in a state that no longer wants it, such as an OFFER after another was
 * taken. */
void dhcp_drop(struct leat_dhcp *dhcp, struct dhcp_step *step)
{
    (void)step;
    dhcp->counts.drop_late++;
}

/* From here on only this server's answers with this address are taken (receive.c). */
void dhcp_take_offer(struct leat_dhcp *dhcp, struct dhcp_step *step)
{
    leat_debug_assert(!dhcp->has_lease);
    (void)step;
    dhcp->server_want = leat_ip_v4_number(dhcp->read.server);
    dhcp->ip_want = leat_ip_v4_number(dhcp->read.ip);
    dhcp->tries = 0;
}

/* RFC 2131 4.4.1: the lease begins when its request was sent, not when the answer came. So ours
 * never lasts longer than the server's. */
static uint64_t deadline_ns(const struct leat_dhcp *dhcp, uint32_t seconds)
{
    return dhcp->lease.lease_s == LEAT_DHCP_FOR_EVER ? LEAT_NEVER_NS
                                                     : dhcp->asked_ns + seconds * second_ns;
}

void dhcp_take_lease(struct leat_dhcp *dhcp, struct dhcp_step *step)
{
    leat_debug_assert(!leat_ip_is_any(dhcp->read.ip));
    (void)step;
    dhcp_forget_times(dhcp);
    dhcp->lease = dhcp->read;
    dhcp->server_want = leat_ip_v4_number(dhcp->lease.server);
    dhcp->ip_want = leat_ip_v4_number(dhcp->lease.ip);
    dhcp->tries = 0;
    dhcp->expires_ns = deadline_ns(dhcp, dhcp->lease.lease_s);
    if (dhcp->has_address) /* a renewed lease may have another mask */
        service_address_set_prefix(dhcp->stack, dhcp->netif, dhcp->ip_want,
                                   dhcp->lease.prefix_bits);
}

/* A time of the server, reduced by up to an eighth, so that clients that started together
 * don't ask together (RFC 2131 4.4.5: "some random fuzz"). */
static uint64_t fuzzed_ns(struct leat_dhcp *dhcp, uint32_t seconds)
{
    const uint64_t at_ns = deadline_ns(dhcp, seconds);
    const uint64_t fuzz_ns = seconds * second_ns / 8;

    return at_ns == LEAT_NEVER_NS ? at_ns : at_ns - leat_random(dhcp->stack) % (fuzz_ns + 1);
}

void dhcp_set_T1_T2(struct leat_dhcp *dhcp, struct dhcp_step *step)
{
    leat_debug_assert(dhcp->lease.renew_s <= dhcp->lease.rebind_s);
    (void)step;
    refusal_forget(&dhcp->refusal);
    dhcp->failures = 0;
    dhcp->t1_ns = fuzzed_ns(dhcp, dhcp->lease.renew_s);
    dhcp->t2_ns = deadline_ns(dhcp, dhcp->lease.rebind_s);
}

void dhcp_take_parameters(struct leat_dhcp *dhcp, struct dhcp_step *step)
{
    (void)step;
    dhcp_forget_times(dhcp);
    refusal_forget(&dhcp->refusal);
    dhcp->lease = dhcp->read;
}

/* RFC 8925 3.2: the server has said how long the client must do without IPv4 before it asks
 * again. */
void dhcp_wait_without_IPv4(struct leat_dhcp *dhcp, struct dhcp_step *step)
{
    (void)step;
    begin_at(dhcp, dhcp->read.ipv6_only_s * second_ns);
}

void dhcp_ask_program(struct leat_dhcp *dhcp, struct dhcp_step *step)
{
    (void)dhcp;
    step->notes |= DHCP_NOTE_ASK;
}

void dhcp_use_address(struct leat_dhcp *dhcp, struct dhcp_step *step)
{
    const struct leat_dhcp_lease *lease = &dhcp->lease;
    const enum address_check check =
        dhcp->config.check == LEAT_DHCP_CHECK_FIRST ? ADDRESS_CHECK_FIRST : ADDRESS_CHECK_BESIDE;

    leat_assert(!dhcp->has_address);
    if (service_address_add(dhcp->stack, dhcp->netif, leat_ip_v4_number(lease->ip),
                            lease->prefix_bits, check, &dhcp->watch))
        step->notes |= DHCP_NOTE_FAILED;
    else
        dhcp->has_address = true;
}

void dhcp_withdraw(struct leat_dhcp *dhcp, struct dhcp_step *step)
{
    (void)step;
    if (dhcp->has_address)
        leat_address_remove(dhcp->stack, dhcp->netif, dhcp->lease.ip);
    dhcp->has_address = false;
}

static void tell(struct dhcp_step *step, enum leat_dhcp_news news, bool with_lease)
{
    leat_debug_assert(!(step->notes & DHCP_NOTE_TELL)); /* at most one report a step */
    step->notes |= DHCP_NOTE_TELL;
    step->news = news;
    step->with_lease = with_lease;
}

void dhcp_tell_bound(struct leat_dhcp *dhcp, struct dhcp_step *step)
{
    dhcp->has_lease = true;
    tell(step, LEAT_DHCP_BOUND, true);
}

void dhcp_tell_renewed(struct leat_dhcp *dhcp, struct dhcp_step *step)
{
    (void)dhcp;
    tell(step, LEAT_DHCP_RENEWED, true);
}

void dhcp_tell_informed(struct leat_dhcp *dhcp, struct dhcp_step *step)
{
    dhcp->has_lease = true;
    tell(step, LEAT_DHCP_INFORMED, true);
}

void dhcp_tell_silence(struct leat_dhcp *dhcp, struct dhcp_step *step)
{
    tell(step, LEAT_DHCP_SILENCE, dhcp->has_lease);
}

void dhcp_tell_refused(struct leat_dhcp *dhcp, struct dhcp_step *step)
{
    tell(step, LEAT_DHCP_REFUSED, dhcp->has_lease);
}

void dhcp_tell_declined(struct leat_dhcp *dhcp, struct dhcp_step *step)
{
    (void)dhcp;
    tell(step, LEAT_DHCP_DECLINED, true);
}

void dhcp_tell_expired(struct leat_dhcp *dhcp, struct dhcp_step *step)
{
    (void)dhcp;
    tell(step, LEAT_DHCP_EXPIRED, true);
}

void dhcp_tell_IPv6_only(struct leat_dhcp *dhcp, struct dhcp_step *step)
{
    (void)dhcp;
    tell(step, LEAT_DHCP_IPV6_ONLY, false);
}
