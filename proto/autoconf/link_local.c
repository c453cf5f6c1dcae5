/*
 * link_local.c -- an IPv4 link-local address, for networks without a DHCP server (RFC 3927).
 *
 * The address is probed before use, and withdrawn when a server answers: a host has one of the two
 * at a time (1.9). It is defended like every address (link/conflict.c). That is RFC 3927 2.5 (b),
 * except that a second conflict doesn't end the use of the address.
 */
#include "proto/autoconf/autoconf.h"
#include "core/assert.h"
#include "core/container_of.h"

enum {
    PREFIX_BITS = 16,
    RESERVED = 256, /* 2.1: the first and last 256 addresses */
    CHOICES = 65536 - 2 * RESERVED,
    CONFLICTS_MAX = 10 /* 9 */
};

static const uint64_t rate_limit_ns = 60 * UINT64_C(1000000000); /* 9: RATE_LIMIT_INTERVAL */
static const struct siphash_key choice_key = {0x6c656174, 0x33393237};

/* 2.1: pseudo-random and derived from the MAC, so that a host gets the same address after
 * each start. */
static leat_ip4 choice(const struct leat_autoconf *autoconf)
{
    const uint8_t *mac = autoconf->netif->mac.octet;
    uint64_t seed = autoconf->choices;

    for (unsigned i = 0; i < sizeof autoconf->netif->mac.octet; i++)
        seed = seed << 8 | mac[i];
    return IP4(169, 254, 0, 0) + RESERVED +
           (leat_ip4)(siphash13(&choice_key, seed, autoconf->choices) % CHOICES);
}

static void choose(struct leat_autoconf *autoconf)
{
    leat_debug_assert(!autoconf->has_lease);
    leat_debug_assert(autoconf->chosen == IP4_ANY);
    autoconf->chosen = choice(autoconf);
    if (service_address_add(autoconf->stack, autoconf->netif, autoconf->chosen, PREFIX_BITS,
                            ADDRESS_CHECK_FIRST, &autoconf->watch))
        autoconf->chosen = IP4_ANY; /* the program's addresses fill the table */
}

static void on_time(struct leat_timer *timer, void *arg)
{
    struct leat_autoconf *autoconf = arg;

    (void)timer;
    choose(autoconf);
}

/* Reports the address to the program, whose callback may stop us. */
static void on_usable(struct address_watch *watch)
{
    struct leat_autoconf *autoconf = container_of(watch, struct leat_autoconf, watch);

    if (autoconf->chosen == IP4_ANY)
        return;
    autoconf->facts.ip = leat_ip_v4(autoconf->chosen);
    autoconf->facts.prefix_bits = PREFIX_BITS;
    autoconf->facts.is_link_local = true;
    autoconf_tell_address(autoconf);
}

/* Chooses another address; after many conflicts with a delay (2.2.1). */
static void on_taken(struct address_watch *watch)
{
    struct leat_autoconf *autoconf = container_of(watch, struct leat_autoconf, watch);
    const uint64_t wait_ns = autoconf->choices < CONFLICTS_MAX ? 0 : rate_limit_ns;

    if (autoconf->chosen == IP4_ANY)
        return;
    autoconf->chosen = IP4_ANY;
    autoconf->choices++;
    leat_timer_set(autoconf->stack, &autoconf->timer, leat_now_ns(autoconf->stack) + wait_ns);
}

void autoconf_link_local_init(struct leat_autoconf *autoconf)
{
    leat_assert(!autoconf->timer.on_time);
    autoconf->watch = (struct address_watch){.usable = on_usable, .taken = on_taken};
    autoconf->timer.on_time = on_time;
    autoconf->timer.arg = autoconf;
}

void autoconf_link_local_await(struct leat_autoconf *autoconf)
{
    if (autoconf->config.link_local && autoconf->chosen == IP4_ANY)
        leat_timer_set(autoconf->stack, &autoconf->timer,
                       leat_now_ns(autoconf->stack) + autoconf->config.link_local_after_ns);
}

void autoconf_link_local_end(struct leat_autoconf *autoconf)
{
    leat_timer_cancel(autoconf->stack, &autoconf->timer);
    if (autoconf->chosen != IP4_ANY)
        leat_address_remove(autoconf->stack, autoconf->netif, leat_ip_v4(autoconf->chosen));
    autoconf->chosen = IP4_ANY;
}
