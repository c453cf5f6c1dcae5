/*
 * address6.c -- IPv6 addresses of a link: made, checked for duplicates, found (RFC 4862, 7217).
 *
 * An address is checked by one solicitation for itself: who hears of it within a second has it, or
 * wants it, too.  The solicitation carries a nonce, so that our own, sent back by the network, is
 * none (RFC 7527).  The random wait in front is at most 150 ms, not the second of RFC 4862 5.4.2:
 * a machine that boots is waited for.  An identifier of our own that is taken is followed by
 * another, three in all (RFC 7217 6); an address that the program gave is its to replace.
 */
#include "core/container_of.h"
#include "ip/v6/ipv6.h"

static const uint64_t retrans_ns = 1000000000u; /* RFC 4861 10: RETRANS_TIMER */

enum {
    WAIT_MAX_US = 150000,
    IDENTIFIERS_MAX = 3,
    PREFIX_BITS = 64
};

static struct address6 *addresses_of(const struct link *link)
{
    const struct leat *stack = link->stack;

    return stack->ipv6->addresses[link - stack->links];
}

struct address6 *address6_find(struct link *link, struct leat_ip ip)
{
    struct address6 *all = addresses_of(link);

    for (unsigned i = 0; i < LEAT_ADDRESSES_MAX; i++) {
        if (all[i].state != ADDRESS6_NONE && leat_ip_equal(all[i].ip, ip))
            return &all[i];
    }
    return 0;
}

bool ip6_in_prefix(struct leat_ip a, struct leat_ip b, uint32_t bits)
{
    const uint32_t whole = bits / 8;
    const uint8_t rest = (uint8_t)(0xff00u >> bits % 8);

    return memcmp(a.bytes, b.bytes, whole) == 0 &&
           (bits % 8 == 0 || ((a.bytes[whole] ^ b.bytes[whole]) & rest) == 0);
}

struct leat_ip ip6_solicited_node(struct leat_ip ip)
{
    return (struct leat_ip){
        {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, ip.bytes[13], ip.bytes[14], ip.bytes[15]}};
}

/* True for what stays on one link: fe80::/10, ff01::/16 and ff02::/16. */
static bool stays_on_link(struct leat_ip ip)
{
    return leat_ip_is_link_local(ip) || (ip.bytes[0] == 0xff && (ip.bytes[1] & 15) <= 2);
}

const struct address6 *address6_toward(struct link *link, struct leat_ip dst)
{
    const struct address6 *all = addresses_of(link);
    const struct address6 *best = 0;

    for (unsigned i = 0; i < LEAT_ADDRESSES_MAX; i++) {
        const struct address6 *address = &all[i];

        if (address->state != ADDRESS6_USABLE)
            continue;
        if (leat_ip_equal(address->ip, dst)) /* RFC 6724 5, rule 1 */
            return address;
        if (!best || stays_on_link(address->ip) == stays_on_link(dst)) { /* rule 2 */
            if (!best || stays_on_link(best->ip) != stays_on_link(dst) ||
                ip6_in_prefix(address->ip, dst, address->prefix_bits)) /* rule 8, roughly */
                best = address;
        }
    }
    return best;
}

bool address6_on_link(struct link *link, struct leat_ip dst)
{
    const struct address6 *all = addresses_of(link);

    if (leat_ip_is_link_local(dst))
        return true;
    for (unsigned i = 0; i < LEAT_ADDRESSES_MAX; i++) {
        if (all[i].state == ADDRESS6_USABLE && ip6_in_prefix(all[i].ip, dst, all[i].prefix_bits))
            return true;
    }
    return false;
}

bool address6_hears(struct link *link, struct leat_ip ip)
{
    static const struct leat_ip all_nodes = {{0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
    const struct address6 *all = addresses_of(link);

    if (leat_ip_equal(ip, all_nodes))
        return true;
    for (unsigned i = 0; i < LEAT_ADDRESSES_MAX; i++) {
        if (all[i].state != ADDRESS6_NONE && leat_ip_equal(ip6_solicited_node(all[i].ip), ip))
            return true;
    }
    return false;
}

/* RFC 7217 5: opaque, and the same whenever the secret, the prefix and the netif are.  Never one of
 * the reserved identifiers (RFC 5453): 0, fdff:ffff:ffff:ff80 and above. */
static void make_identifier(struct address6 *address)
{
    const struct ipv6 *ipv6 = address->link->stack->ipv6;
    struct {
        uint8_t prefix[8];
        struct leat_mac mac;
        uint8_t collisions;
        uint8_t again;
    } seed = {.mac = address->link->netif->mac, .collisions = address->collisions};
    uint64_t identifier;

    memcpy(seed.prefix, address->ip.bytes, sizeof seed.prefix);
    do {
        identifier = siphash24(&ipv6->secret, &seed, sizeof seed);
        seed.again++;
    } while (identifier == 0 || (identifier >= UINT64_C(0xfdffffffffffff80) &&
                                 identifier <= UINT64_C(0xfdffffffffffffff)));
    for (unsigned i = 0; i < 8; i++)
        address->ip.bytes[8 + i] = (uint8_t)(identifier >> (56 - 8 * i));
}

static void tell(struct leat *stack, struct ready *ready)
{
    struct address6 *address = container_of(ready, struct address6, ready);
    struct leat_netif *netif = address->link->netif;
    const struct leat_config *config = &stack->config;
    const struct leat_ip ip = address->ip;
    const bool usable = address->usable_news && address->state == ADDRESS6_USABLE;
    const bool conflict = address->conflict_news;

    /* first, as the callbacks may remove the address */
    address->usable_news = false;
    address->conflict_news = false;
    if (usable && config->on_address)
        config->on_address(stack, netif, ip, config->arg);
    if (conflict && config->on_conflict)
        config->on_conflict(stack, netif, ip, config->arg);
}

static void became_usable(struct leat *stack, struct address6 *address)
{
    address->state = ADDRESS6_USABLE;
    address->usable_news = true;
    stack_ready(stack, &address->ready);
}

static void timer_fired(struct timer *timer, void *context)
{
    struct leat *stack = context;
    struct address6 *address = (struct address6 *)timer;

    if (address->asked) {
        became_usable(stack, address);
        return;
    }
    address->asked = true;
    ndp_solicit(address->link, LEAT_IP_ANY, address->ip, 0, address->nonce);
    timer_set(&stack->timers, timer, stack->now_ns + retrans_ns);
}

/* Begins to check an address, or to use it if that is not wanted. */
static void start(struct address6 *address)
{
    struct leat *stack = address->link->stack;
    const uint64_t nonce = leat_random(stack);
    const uint64_t wait_ns = 1000 * (uint64_t)stack_random_below(stack, WAIT_MAX_US);

    memcpy(address->nonce, &nonce, sizeof address->nonce);
    address->asked = false;
    if (stack->ipv6->config.no_duplicate_check) {
        became_usable(stack, address);
        return;
    }
    address->state = ADDRESS6_TENTATIVE;
    timer_set(&stack->timers, &address->timer, stack->now_ns + wait_ns);
}

static void stop(struct address6 *address)
{
    struct leat *stack = address->link->stack;

    timer_cancel(&stack->timers, &address->timer);
    stack_not_ready(&address->ready);
    address->usable_news = address->conflict_news = false;
    address->state = ADDRESS6_NONE;
}

void address6_claimed(struct address6 *address)
{
    struct leat *stack = address->link->stack;

    stack->stats.ndp_conflicts++;
    address->conflict_news = true;
    stack_ready(stack, &address->ready);
}

void address6_collided(struct address6 *address)
{
    const bool again = address->is_generated && address->collisions + 1 < IDENTIFIERS_MAX;

    if (again) {
        address->link->stack->stats.ndp_conflicts++;
        address->collisions++;
        make_identifier(address);
        start(address);
        return;
    }
    stop(address);
    address6_claimed(address);
}

/* A place for another address of @link, or NULL. */
static struct address6 *place_for(struct link *link, struct leat_ip ip, uint8_t prefix_bits)
{
    struct address6 *all = addresses_of(link);

    for (unsigned i = 0; i < LEAT_ADDRESSES_MAX; i++) {
        /* one that was lost to a conflict is kept until the program has heard of it */
        if (all[i].state != ADDRESS6_NONE || all[i].conflict_news)
            continue;
        all[i] = (struct address6){.timer = {.fire = timer_fired},
                                   .ready = {.run = tell},
                                   .link = link,
                                   .ip = ip,
                                   .prefix_bits = prefix_bits};
        return &all[i];
    }
    return 0;
}

void address6_attached(struct link *link)
{
    static const struct leat_ip link_local = {{0xfe, 0x80}};
    struct address6 *address;

    if (link->netif->mtu < IPV6_MTU_MIN)
        return;
    address = place_for(link, link_local, PREFIX_BITS);
    leat_assert(address != 0); /* the first of a link */
    address->is_generated = true;
    make_identifier(address);
    start(address);
}

/* True for an address that a host may have. */
static bool is_host(struct leat_ip ip)
{
    return !leat_ip_is_multicast(ip) && !leat_ip_is_any(ip) && !leat_ip_is_loopback(ip);
}

enum leat_err address6_add(struct link *link, struct leat_ip ip, uint8_t prefix_bits)
{
    struct address6 *address;

    if (!link || prefix_bits > 128 || !is_host(ip) || link->netif->mtu < IPV6_MTU_MIN)
        return LEAT_ERR_ARGUMENT;
    if (address6_find(link, ip))
        return LEAT_ERR_IN_USE;
    address = place_for(link, ip, prefix_bits);
    if (!address)
        return LEAT_ERR_FULL;
    start(address);
    return LEAT_OK;
}

enum leat_err address6_remove(struct link *link, struct leat_ip ip)
{
    struct address6 *address = link ? address6_find(link, ip) : 0;

    if (!address)
        return LEAT_ERR_NOT_FOUND;
    stop(address);
    return LEAT_OK;
}
