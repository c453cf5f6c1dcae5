/*
 * address6.c -- the life of an IPv6 address: creation, duplicate address detection, end (RFC 4862,
 * 7217).
 *
 * An address is checked by one solicitation for itself. Another host that has the address, or
 * checks it, too, reacts within a second.  The solicitation carries a nonce, so that our own
 * solicitation, sent back by the network, isn't taken for a duplicate (RFC 7527).  The random delay
 * before it is at most 150 ms, not the second of RFC 4862 5.4.2, so that a boot isn't delayed. For
 * an address of a router's prefix it is at most 40 ms, because the advertisement came at a random
 * time already.
 *
 * If an identifier of ours is taken, another one is tried, three in all (RFC 7217 6, RFC 8981
 * 3.3.3). Then the prefix gets no address for its lifetime.  An address from the program or a
 * server is not replaced: that is for its owner to do.
 */
#include "core/container_of.h"
#include "core/minmax.h"
#include "ip/v6/ipv6.h"
#include "ip/v6/slaac.h"
#include "link/address.h"
#include "wire/bytes.h"
#include "wire/ra.h"

enum {
    WAIT_MAX_US = 150000,
    WAIT_MAX_ADVERTISED_US = 40000,
    IDENTIFIERS_MAX = 3,
    PREFIX_BITS = 64
};

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

    /* cleared first, because the callbacks may remove the address */
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

/* RFC 4862 5.4.2: join the group before the check, to receive other hosts' messages about the
 * address. */
static void listen(struct address6 *address)
{
    if (!address->listens)
        mld_listen(address->link, address->ip);
    address->listens = true;
}

/* RFC 4862 5.5.4: the timer fires at the end of the address, at its deprecation or, for a temporary
 * one, when its successor is due. */
static void set_timer(struct address6 *address)
{
    struct leat *stack = address->link->stack;
    uint64_t at_ns = address->valid_until_ns;

    if (address->state == ADDRESS6_USABLE)
        at_ns = min64(at_ns, address6_next_ns(address));
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
        stack->route_generation++; /* paths choose another source, if this one is deprecated */
        set_timer(address);
        if (address->kind == ADDRESS6_TEMPORARY) {
            address->wants_successor = true;
            slaac_ends_anew(address->link); /* addresses6_succeed() */
        }
        return;
    }
    if (address->asked) { /* no other host has reacted for RetransTimer */
        became_usable(stack, address);
        return;
    }
    address->asked = true;
    listen(address);
    ndp_solicit(address->link, LEAT_IP_ANY, address->ip, 0, address->nonce);
    timer_set(&stack->timers, timer, stack->now_ns + link6->retrans_ns);
}

/* True if we choose the identifier of the address, and so may choose another one. */
static bool is_own_choice(const struct address6 *address)
{
    return address->kind != ADDRESS6_GIVEN && address->kind != ADDRESS6_LEASED;
}

/* RFC 4862 5.4.2: an advertisement reaches many hosts at the same time, a server's answer only
 * one. */
static uint32_t wait_max_us(const struct address6 *address)
{
    if (address->kind == ADDRESS6_LEASED)
        return 1;
    return address->kind >= ADDRESS6_STABLE ? WAIT_MAX_ADVERTISED_US : WAIT_MAX_US;
}

/* RFC 4429 3.1: optimistic use only with an identifier of our own choice, not with an address that
 * was assigned. */
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
    stack->route_generation++; /* a host that has the address is no destination now */
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

/* The address has ended, or all identifiers are taken. */
static void give_up(struct address6 *address)
{
    struct leat *stack = address->link->stack;
    const bool has_end = address->valid_until_ns != IP6_FOR_EVER;

    address6_stop(address);
    if (address->kind >= ADDRESS6_STABLE) { /* else each advertisement would restart it */
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
    struct address6 *all = addresses6_of(link);

    for (unsigned i = 0; i < LEAT_IPV6_ADDRESSES_MAX; i++) {
        /* an address that was lost to a conflict is kept until on_conflict has been called */
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
    leat_assert(address != 0); /* the link has none yet */
    address->kind = ADDRESS6_LINK_LOCAL;
    identifier6_make(address);
    address6_start(address);
}

void address6_ends_anew(struct address6 *address)
{
    if (address->state == ADDRESS6_USABLE || address->state == ADDRESS6_FAILED)
        set_timer(address); /* otherwise the timer belongs to the check */
}
