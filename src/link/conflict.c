/*
 * conflict.c -- probes for, announces and defends our addresses (RFC 5227).
 *
 * RFC 5227 2.4 allows three reactions to a conflict. This is (c): the address is kept, and defended
 * at most once in ten seconds. With (b), giving the address up, two forged frames could take a
 * server's address away. The price is that two legitimate hosts with the same address keep
 * contending until the program or its operator intervenes: each defence calls config.on_conflict,
 * which may call leat_address_remove().
 */
#include "link/arp.h"

#include "core/assert.h"
#include "core/container_of.h"
#include "link/address.h"
#include "wire/arp.h"
#include "wire/ethernet.h"

/* RFC 5227 1.1 */
static const uint32_t probe_wait_us = 1000000;
static const uint32_t probe_min_us = 1000000;
static const uint32_t probe_max_us = 2000000;
static const uint64_t announce_wait_ns = 2000000000u;
static const uint64_t announce_interval_ns = 2000000000u;
static const uint64_t defend_interval_ns = 10000000000u;

enum {
    PROBE_NUM = 3,
    ANNOUNCE_NUM = 2
};

/* Calls the program, and the owner of the address, about changes since the last turn. Both may have
 * happened: an address that has just become usable may be contested already. */
static void tell(struct leat *stack, struct ready *ready)
{
    struct address *address = container_of(ready, struct address, ready);
    struct leat_netif *netif = address->link->netif;
    const struct leat_config *config = &stack->config;
    const leat_ip4 ip = address->ip;
    const bool usable = address->usable_news && address->state != ADDRESS_NONE;
    const bool conflict = address->conflict_news;
    const bool is_lost = conflict && address->state == ADDRESS_NONE;
    struct address_watch *watch = address->watch;

    leat_debug_assert(address->usable_news | address->conflict_news);
    /* cleared first, because the callbacks may remove the address */
    address->usable_news = false;
    address->conflict_news = false;
    if (usable && config->on_address)
        config->on_address(stack, netif, leat_ip_v4(ip), config->arg);
    if (usable && watch)
        watch->usable(watch);
    if (conflict && config->on_conflict)
        config->on_conflict(stack, netif, leat_ip_v4(ip), config->arg);
    if (is_lost && watch)
        watch->taken(watch);
}

/* An announcement is a request, because older hosts update their caches only from requests (RFC
 * 5227 3). */
static void announce(struct leat *stack, struct address *address)
{
    leat_debug_assert(address->sent < ANNOUNCE_NUM);
    leat_debug_assert(address->state == ADDRESS_ANNOUNCING);
    arp_request(address->link, address->ip, address->ip, 0);
    address->sent++;
    if (address->sent < ANNOUNCE_NUM)
        timer_set(&stack->timers, &address->timer, stack->now_ns + announce_interval_ns);
    else
        address->state = ADDRESS_USABLE;
}

static void became_usable(struct leat *stack, struct address *address)
{
    address->state = ADDRESS_ANNOUNCING;
    /* cached paths were chosen without this address */
    stack->route_generation++;
    address->sent = 0;
    address->usable_news = true;
    stack_ready(stack, &address->ready);
}

static void probe(struct leat *stack, struct address *address)
{
    uint64_t wait_ns = announce_wait_ns;

    leat_debug_assert(address->state == ADDRESS_PROBING);
    arp_request(address->link, IP4_ANY, address->ip, 0);
    address->sent++;
    /* the wait is random, so that hosts that started together don't probe in step (RFC 5227
     * 2.1.1) */
    if (address->sent < PROBE_NUM)
        wait_ns = 1000 *
                  (uint64_t)(probe_min_us + stack_random_below(stack, probe_max_us - probe_min_us));
    timer_set(&stack->timers, &address->timer, stack->now_ns + wait_ns);
}

/* An address has PROBE_NUM probes, a wait for answers, then ANNOUNCE_NUM announcements, of which
 * the first goes out at once. */
COLD static void timer_fired(struct timer *timer, void *context)
{
    struct leat *stack = context;
    struct address *address = container_of(timer, struct address, timer);

    if (address->state == ADDRESS_PROBING && address->sent < PROBE_NUM) {
        probe(stack, address);
        return;
    }
    if (address->state == ADDRESS_PROBING)
        became_usable(stack, address);
    announce(stack, address);
}

void address_start(struct address *address, int check)
{
    struct leat *stack = address->link->stack;
    uint64_t wait_ns = 0;

    leat_assert(address->state == ADDRESS_NONE);
    address->sent = 0;
    address->defended_at_ns = 0;
    address->timer.fire = timer_fired;
    address->ready.run = tell;
    address->asks_beside = check == ADDRESS_CHECK_BESIDE;
    if (check == ADDRESS_CHECK_FIRST) {
        address->state = ADDRESS_PROBING;
        wait_ns = 1000 * (uint64_t)stack_random_below(stack, probe_wait_us);
    } else {
        became_usable(stack, address);
    }
    /* the answer to this probe, if any, arrives as a conflict (address_conflict()) */
    if (address->asks_beside)
        arp_request(address->link, IP4_ANY, address->ip, 0);
    timer_set(&stack->timers, &address->timer, stack->now_ns + wait_ns);
}

void address_stop(struct address *address)
{
    struct leat *stack = address->link->stack;

    leat_assert(address->link != 0);
    timer_cancel(&stack->timers, &address->timer);
    stack_not_ready(&address->ready);
    address->usable_news = false;
    address->conflict_news = false;
    address->state = ADDRESS_NONE;
    /* cached paths may have the address as their source */
    stack->route_generation++;
}

static void report(struct leat *stack, struct address *address)
{
    address->conflict_news = true;
    stack_ready(stack, &address->ready);
}

static void defend(struct leat *stack, struct address *address)
{
    if (address->defended_at_ns && stack->now_ns - address->defended_at_ns < defend_interval_ns)
        return;
    /* 0 means never, so a conflict at time 0 is recorded as 1 ns */
    address->defended_at_ns = stack->now_ns ? stack->now_ns : 1;
    arp_request(address->link, address->ip, address->ip, 0);
    report(stack, address);
}

bool address_conflict(struct link *link, const struct wire_arp *arp)
{
    struct leat *stack = link->stack;
    /* arp_input() has refused our own packets, so any sender with our address is another host */
    struct address *address = arp->spa == IP4_ANY ? 0 : address_find(link, arp->spa);

    /* RFC 5227 2.1.1: another host probes for the address that we probe for */
    if (!address && arp->operation == ARP_REQUEST && arp->spa == IP4_ANY) {
        address = address_find(link, arp->tpa);
        if (address && address->state != ADDRESS_PROBING)
            return false;
    }
    if (!address)
        return false;
    stack->stats.arp_conflicts++;
    if (address->state == ADDRESS_PROBING ||
        (address->state == ADDRESS_ANNOUNCING && address->asks_beside)) {
        address_stop(address);
        report(stack, address);
    } else {
        defend(stack, address);
    }
    return true;
}
