/*
 * address6.c -- IPv6 addresses of a link: made, checked for duplicates, found (RFC 4862, 7217).
 *
 * An address is checked by one solicitation for itself: who hears of it within a second has it, or
 * wants it, too.  The solicitation carries a nonce, so that our own, sent back by the network, is
 * none (RFC 7527).  The random wait in front is at most 150 ms, not the second of RFC 4862 5.4.2:
 * a machine that boots is waited for; at most 40 ms for an address of a router's prefix, whose
 * advertisement came by chance late enough.  An identifier of our own that is taken is followed by
 * another, three in all (RFC 7217 6, RFC 8981 3.3.3); then there is none for as long as the prefix
 * lives.  An address that the program or a server gave is theirs to replace.
 */
#include "core/container_of.h"
#include "core/minmax.h"
#include "ip/v6/ipv6.h"
#include "ip/v6/slaac.h"
#include "link/address.h"
#include "wire/bytes.h"
#include "wire/ra.h"

static const uint64_t two_hours_ns = 7200 * UINT64_C(1000000000); /* RFC 4862 5.5.3 (e) */

enum {
    WAIT_MAX_US = 150000,
    WAIT_MAX_ADVERTISED_US = 40000,
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

    for (unsigned i = 0; i < LEAT_IPV6_ADDRESSES_MAX; i++) {
        if (all[i].state >= ADDRESS6_TENTATIVE && leat_ip_equal(all[i].ip, ip))
            return &all[i];
    }
    return 0;
}

bool address6_is_usable(const struct link *link, struct leat_ip ip)
{
    const struct address6 *all = addresses_of(link);

    for (unsigned i = 0; i < LEAT_IPV6_ADDRESSES_MAX; i++) {
        if (all[i].state >= ADDRESS6_OPTIMISTIC && leat_ip_equal(all[i].ip, ip))
            return true;
    }
    return false;
}

bool addresses6_are_probed(const struct leat *stack)
{
    for (const struct link *link = stack->links; link < stack->links_end; link++) {
        const struct address6 *all = addresses_of(link);

        for (unsigned i = 0; i < LEAT_IPV6_ADDRESSES_MAX; i++) {
            if (all[i].state == ADDRESS6_TENTATIVE)
                return true;
        }
    }
    return false;
}

bool ip6_in_prefix(struct leat_ip a, struct leat_ip b, uint32_t bits)
{
    const uint64_t left = get64(a.bytes) ^ get64(b.bytes);
    const uint64_t right = get64(a.bytes + 8) ^ get64(b.bytes + 8);

    leat_assert(bits <= 128);
    if (bits <= 64)
        return bits == 0 || left >> (64 - bits) == 0;
    return left == 0 && right >> (128 - bits) == 0;
}

uint32_t ip6_common_bits(struct leat_ip a, struct leat_ip b)
{
    const uint64_t left = get64(a.bytes) ^ get64(b.bytes);
    const uint64_t right = get64(a.bytes + 8) ^ get64(b.bytes + 8);

    if (left > 0)
        return (uint32_t)__builtin_clzll(left);
    return right > 0 ? 64 + (uint32_t)__builtin_clzll(right) : 128;
}

struct leat_ip ip6_solicited_node(struct leat_ip ip)
{
    return (struct leat_ip){
        {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, ip.bytes[13], ip.bytes[14], ip.bytes[15]}};
}

bool ip6_stays_on_link(struct leat_ip ip)
{
    return leat_ip_is_link_local(ip) || (ip.bytes[0] == 0xff && (ip.bytes[1] & 15) <= 2);
}

bool address6_on_link(const struct link *link, struct leat_ip dst)
{
    const struct address6 *all = addresses_of(link);

    if (leat_ip_is_link_local(dst))
        return true;
    for (unsigned i = 0; i < LEAT_IPV6_ADDRESSES_MAX; i++) {
        if (all[i].state >= ADDRESS6_TENTATIVE && all[i].kind == ADDRESS6_GIVEN &&
            ip6_in_prefix(all[i].ip, dst, all[i].prefix_bits))
            return true;
    }
    return slaac_is_on_link(link, dst);
}

bool address6_hears(struct link *link, struct leat_ip ip)
{
    static const struct leat_ip all_nodes = {{0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
    const struct address6 *all = addresses_of(link);

    if (leat_ip_equal(ip, all_nodes))
        return true;
    for (unsigned i = 0; i < LEAT_IPV6_ADDRESSES_MAX; i++) {
        if (all[i].state >= ADDRESS6_TENTATIVE && leat_ip_equal(ip6_solicited_node(all[i].ip), ip))
            return true;
    }
    return link->stack->ipv6->joined > 0 && groups_hear(&link->stack->ipv6->groups, link, ip);
}

static void tell(struct leat *stack, struct ready *ready)
{
    struct address6 *address = container_of(ready, struct address6, ready);
    struct leat_netif *netif = address->link->netif;
    const struct leat_config *config = &stack->config;
    const struct leat_ip ip = address->ip;
    const bool usable = address->usable_news && address->state == ADDRESS6_USABLE;
    const bool conflict = address->conflict_news;
    const bool is_lost = conflict && address->state == ADDRESS6_NONE;
    struct address_watch *watch = address->watch;

    /* first, as the callbacks may remove the address */
    address->usable_news = false;
    address->conflict_news = false;
    if (usable && config->on_address)
        config->on_address(stack, netif, ip, config->arg);
    if (usable && watch)
        watch->usable(watch);
    if (conflict && config->on_conflict)
        config->on_conflict(stack, netif, ip, config->arg);
    if (is_lost && watch)
        watch->taken(watch);
}

static void unlisten(struct address6 *address)
{
    if (address->listens)
        mld_unlisten(address->link, address->ip);
    address->listens = false;
}

/* RFC 4862 5.4.2: before it is checked, so that what others say of it comes here. */
static void listen(struct address6 *address)
{
    if (!address->listens)
        mld_listen(address->link, address->ip);
    address->listens = true;
}

/* RFC 4862 5.5.4: when the address ends, is deprecated or, a temporary one, is to be replaced. */
static void set_timer(struct address6 *address)
{
    struct leat *stack = address->link->stack;
    uint64_t at_ns = address->valid_until_ns;

    if (address->state == ADDRESS6_USABLE)
        at_ns = min64(at_ns, temporary6_next_ns(address));
    if (at_ns == IP6_FOR_EVER)
        timer_cancel(&stack->timers, &address->timer);
    else
        timer_set(&stack->timers, &address->timer, at_ns);
}

static void became_usable(struct leat *stack, struct address6 *address)
{
    listen(address);
    address->state = ADDRESS6_USABLE;
    address->usable_news = true;
    stack_ready(stack, &address->ready);
    stack->route_generation++;
    set_timer(address);
    if (leat_ip_is_link_local(address->ip))
        mld_link_local(address->link);
    slaac_changed(address->link);
}

void address6_stop(struct address6 *address)
{
    struct leat *stack = address->link->stack;

    unlisten(address);
    timer_cancel(&stack->timers, &address->timer);
    stack_not_ready(&address->ready);
    address->usable_news = address->conflict_news = false;
    address->state = ADDRESS6_NONE;
    stack->route_generation++;
    slaac_changed(address->link);
}

static struct address6 *find_of_prefix(struct link *link, struct leat_ip prefix)
{
    struct address6 *all = addresses_of(link);

    for (unsigned i = 0; i < LEAT_IPV6_ADDRESSES_MAX; i++) {
        if (all[i].state != ADDRESS6_NONE && all[i].kind == ADDRESS6_STABLE &&
            ip6_in_prefix(all[i].ip, prefix, PREFIX_BITS))
            return &all[i];
    }
    return 0;
}

static void timer_fired(struct timer *timer, void *context)
{
    struct leat *stack = context;
    struct address6 *address = (struct address6 *)timer;
    const struct link6 *link6 = &stack->ipv6->links[address->link - stack->links];

    if (address->valid_until_ns <= stack->now_ns) { /* RFC 4862 5.5.4 */
        address6_stop(address);
        return;
    }
    if (address->state == ADDRESS6_USABLE) {
        const struct address6 *stable = find_of_prefix(address->link, address->ip);

        stack->route_generation++; /* it may be deprecated: others are chosen */
        if (stable)
            temporary6_ensure(stable);
        set_timer(address);
        return;
    }
    if (address->asked) {
        became_usable(stack, address);
        return;
    }
    address->asked = true;
    listen(address);
    ndp_solicit(address->link, LEAT_IP_ANY, address->ip, 0, address->nonce);
    timer_set(&stack->timers, timer, stack->now_ns + link6->retrans_ns);
}

/* True for an address of which we choose the identifier: then we may choose another. */
static bool is_own_choice(const struct address6 *address)
{
    return address->kind != ADDRESS6_GIVEN && address->kind != ADDRESS6_LEASED;
}

/* RFC 4862 5.4.2: many hear an advertisement at the same time, but a server answers one host. */
static uint32_t wait_max_us(const struct address6 *address)
{
    if (address->kind == ADDRESS6_LEASED)
        return 1;
    return address->kind >= ADDRESS6_STABLE ? WAIT_MAX_ADVERTISED_US : WAIT_MAX_US;
}

/* RFC 4429 3.1: only who made it by chance may be an optimist, not who was told an address. */
void address6_start(struct address6 *address)
{
    struct leat *stack = address->link->stack;
    const struct leat_ipv6_config *config = &stack->ipv6->config;
    const bool is_optimistic = config->optimistic && is_own_choice(address);
    const uint64_t nonce = leat_random(stack);
    const uint64_t wait_ns = 1000 * (uint64_t)stack_random_below(stack, wait_max_us(address));

    memcpy(address->nonce, &nonce, sizeof address->nonce);
    address->asked = false;
    if (config->no_duplicate_check) {
        became_usable(stack, address);
        return;
    }
    address->state = is_optimistic ? ADDRESS6_OPTIMISTIC : ADDRESS6_TENTATIVE;
    stack->route_generation++; /* who has it is a neighbour no more */
    timer_set(&stack->timers, &address->timer, stack->now_ns + (is_optimistic ? 0 : wait_ns));
    if (is_optimistic)
        slaac_changed(address->link);
}

void address6_claimed(struct address6 *address)
{
    struct leat *stack = address->link->stack;

    stack->stats.ndp_conflicts++;
    address->conflict_news = true;
    stack_ready(stack, &address->ready);
}

/* Nobody is there any more, or all identifiers are taken. */
static void give_up(struct address6 *address)
{
    struct leat *stack = address->link->stack;
    const bool has_end = address->valid_until_ns != IP6_FOR_EVER;

    address6_stop(address);
    if (address->kind >= ADDRESS6_STABLE) { /* or each advertisement would begin it again */
        address->state = ADDRESS6_FAILED;
        if (has_end)
            timer_set(&stack->timers, &address->timer, address->valid_until_ns);
    }
    address6_claimed(address);
}

void address6_collided(struct address6 *address)
{
    const bool again = is_own_choice(address) && address->collisions + 1 < IDENTIFIERS_MAX;

    leat_debug_assert(address->state < ADDRESS6_USABLE);
    if (!again) {
        give_up(address);
        return;
    }
    address->link->stack->stats.ndp_conflicts++;
    address->collisions++;
    unlisten(address);
    if (address->kind == ADDRESS6_TEMPORARY)
        identifier6_draw(address);
    else
        identifier6_make(address);
    address6_start(address);
}

struct address6 *address6_place(struct link *link, struct leat_ip ip, uint8_t prefix_bits)
{
    struct address6 *all = addresses_of(link);

    for (unsigned i = 0; i < LEAT_IPV6_ADDRESSES_MAX; i++) {
        /* one that was lost to a conflict is kept until the program has heard of it */
        if (all[i].state != ADDRESS6_NONE || all[i].conflict_news)
            continue;
        all[i] = (struct address6){.timer = {.fire = timer_fired},
                                   .ready = {.run = tell},
                                   .link = link,
                                   .ip = ip,
                                   .prefix_bits = prefix_bits,
                                   .preferred_until_ns = IP6_FOR_EVER,
                                   .valid_until_ns = IP6_FOR_EVER};
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
    address = address6_place(link, link_local, PREFIX_BITS);
    leat_assert(address != 0); /* the first of a link */
    address->kind = ADDRESS6_LINK_LOCAL;
    identifier6_make(address);
    address6_start(address);
}

/* ---- of routers' prefixes ------------------------------------------------------------------ */

unsigned addresses6_of_routers(const struct link *link)
{
    const struct address6 *all = addresses_of(link);
    unsigned count = 0;

    for (unsigned i = 0; i < LEAT_IPV6_ADDRESSES_MAX; i++)
        count += all[i].state != ADDRESS6_NONE && all[i].kind >= ADDRESS6_STABLE;
    return count;
}

/* The latest two are kept, the last one in front. */
static void note_router(struct address6 *address, struct leat_ip router)
{
    if (leat_ip_equal(address->routers[0], router))
        return;
    address->routers[1] = address->routers[0];
    address->routers[0] = router;
}

void address6_ends_anew(struct address6 *address)
{
    if (address->state == ADDRESS6_USABLE || address->state == ADDRESS6_FAILED)
        set_timer(address); /* else the check is the timer's */
}

/* RFC 4862 5.5.3 (e): who forges an advertisement can't end an address within two hours, but can
 * deprecate it. */
static void renew(struct leat_slaac *slaac, struct address6 *address,
                  const struct wire_ra_option *said)
{
    struct leat *stack = slaac->link->stack;
    const uint64_t now_ns = stack->now_ns;
    const uint64_t said_ns = slaac_until_ns(slaac, said->lifetime_s);
    const bool was_preferred = address->preferred_until_ns > now_ns;

    address->preferred_until_ns = slaac_until_ns(slaac, said->preferred_s);
    if (said_ns > now_ns + two_hours_ns || said_ns > address->valid_until_ns)
        address->valid_until_ns = said_ns;
    else if (address->valid_until_ns > now_ns + two_hours_ns)
        address->valid_until_ns = now_ns + two_hours_ns;
    if (address->kind == ADDRESS6_TEMPORARY)
        temporary6_clamp(address);
    stack->route_generation += was_preferred != (address->preferred_until_ns > now_ns);
    address6_ends_anew(address);
}

/* RFC 8981 3.4 (1): and what was made of the same prefix for a while. */
static void renew_all(struct leat_slaac *slaac, struct address6 *stable,
                      const struct wire_ra_option *said)
{
    struct address6 *all = addresses_of(slaac->link);

    renew(slaac, stable, said);
    for (unsigned i = 0; i < LEAT_IPV6_ADDRESSES_MAX; i++) {
        if (all[i].state == ADDRESS6_NONE || all[i].kind != ADDRESS6_TEMPORARY ||
            !ip6_in_prefix(all[i].ip, stable->ip, PREFIX_BITS))
            continue;
        memcpy(all[i].routers, stable->routers, sizeof all[i].routers);
        renew(slaac, &all[i], said);
    }
    temporary6_ensure(stable);
}

void address6_advertised(struct link *link, struct leat_ip router,
                         const struct wire_ra_option *said)
{
    struct leat *stack = link->stack;
    struct leat_slaac *slaac = stack->ipv6->links[link - stack->links].slaac;
    struct address6 *address;

    /* RFC 4862 5.5.3 (d): with the identifier it is 128 bits; RFC 4291 2.4: 0::/8 is no host's */
    if (said->prefix_bits != PREFIX_BITS || said->prefix.bytes[0] == 0)
        return;
    address = find_of_prefix(link, said->prefix);
    if (address) {
        note_router(address, router);
        renew_all(slaac, address, said);
        return;
    }
    if (said->lifetime_s == 0)
        return;
    if (addresses6_of_routers(link) < LEAT_SLAAC_ADDRESSES_MAX)
        address = address6_place(link, said->prefix, PREFIX_BITS);
    if (!address) {
        stack->stats.ndp_limits_reached++;
        return;
    }
    address->kind = ADDRESS6_STABLE;
    address->preferred_until_ns = slaac_until_ns(slaac, said->preferred_s);
    address->valid_until_ns = slaac_until_ns(slaac, said->lifetime_s);
    note_router(address, router);
    identifier6_make(address);
    address6_start(address);
    temporary6_ensure(address);
}

bool address6_is_of_router(const struct address6 *address, struct leat_ip router)
{
    return leat_ip_equal(address->routers[0], router) || leat_ip_equal(address->routers[1], router);
}

const struct address6 *address6_preferred(const struct link *link)
{
    const struct address6 *all = addresses_of(link);

    for (unsigned i = 0; i < LEAT_IPV6_ADDRESSES_MAX; i++) {
        if (all[i].state >= ADDRESS6_OPTIMISTIC && all[i].kind != ADDRESS6_LINK_LOCAL &&
            all[i].kind != ADDRESS6_TEMPORARY && all[i].preferred_until_ns > link->stack->now_ns)
            return &all[i];
    }
    return 0;
}

uint64_t addresses6_next_deprecation_ns(const struct link *link)
{
    const struct address6 *all = addresses_of(link);
    uint64_t next_ns = IP6_FOR_EVER;

    for (unsigned i = 0; i < LEAT_IPV6_ADDRESSES_MAX; i++) {
        if (all[i].state != ADDRESS6_NONE && all[i].preferred_until_ns > link->stack->now_ns &&
            all[i].preferred_until_ns < next_ns)
            next_ns = all[i].preferred_until_ns;
    }
    return next_ns;
}

void addresses6_withdraw(struct link *link)
{
    struct address6 *all = addresses_of(link);

    for (unsigned i = 0; i < LEAT_IPV6_ADDRESSES_MAX; i++) {
        if (all[i].state != ADDRESS6_NONE && all[i].kind >= ADDRESS6_STABLE)
            address6_stop(&all[i]);
    }
}
