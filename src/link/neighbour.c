/*
 * neighbour.c -- the cache of neighbours' Ethernet addresses.
 *
 * A new neighbour is RESOLVING: packets to it are parked, and a broadcast request is sent each
 * second, at most three. It is REACHABLE for a minute after each sign of life. If it is still used
 * then, it is PROBED: up to three unicast requests are sent while its address stays in use. A
 * neighbour that doesn't answer is removed, and the senders of parked packets are told.
 *
 * A packet that claims another Ethernet address for a neighbour may be forged. So the neighbour
 * becomes DOUBTED, and its old address is asked first (in the spirit of RFC 5227). If the old
 * address answers, nothing changes. If it is silent for a second, the neighbour has moved. Until
 * then packets go to the old address. A neighbour becomes DOUBTED at most once a second, so that a
 * flood of claims doesn't cause a flood of requests.
 *
 * Each neighbour may park a few packets (config.arp_parked). Beyond that all share a common number
 * of places (config.arp_shared), because many connections that start at once wait for the same
 * gateway.
 *
 * The table never grows. Entries are in a free list, or in one of two lists ordered by last use:
 * those being resolved and those that have answered. Outsiders can cause any number of the first.
 * So when the table is full and more than a quarter of it is being resolved, the oldest of these is
 * evicted. A scan of addresses that don't exist can't evict neighbours that do. A request from an
 * unknown host is answered even if no entry is free, but evicts none.
 */
#include "link/arp.h"

#include "core/assert.h"
#include "link/address.h"
#include "link/ethernet.h"
#include "link/neighbour.h"
#include "wire/bytes.h"
#include "wire/ethernet.h"
#include "wire/ipv4.h"

static const uint64_t request_interval_ns = 1000000000u; /* RFC 1122 2.3.2.1: one per second */
static const uint64_t reachable_ns = 60000000000u;       /* RFC 1122 2.3.2.1: about a minute */
static const uint64_t doubt_interval_ns = 300000000u;    /* between requests to the old address */
static const uint64_t doubt_again_ns = 1000000000u;      /* between the starts of two doubts */

enum {
    REQUESTS_MAX = 3,
    DOUBT_REQUESTS = 3,
    RECENT = 16
};

/* A list ordered by last use. */
struct age_list {
    struct neighbour *oldest;
    struct neighbour *newest;
    uint32_t count;
};

struct neighbours {
    struct neighbour *free;
    struct neighbour *recent[RECENT]; /* last results of lookups, by the low bits of the address */
    struct neighbour **buckets;
    uint32_t bucket_mask;
    uint32_t entries;
    struct age_list resolving;
    struct age_list answered;
    uint32_t shared;         /* packets parked beyond arp_parked */
    struct limiter requests; /* limits broadcasts: per second, the number of entries */
};

static uint32_t bucket_count(const struct leat_config *config)
{
    uint32_t count = 1;

    while (count < config->arp_entries)
        count *= 2;
    return count;
}

size_t neighbours_cost(const struct leat_config *config)
{
    return arena_cost(1, sizeof(struct neighbours)) +
           arena_cost(config->arp_entries, sizeof(struct neighbour)) +
           arena_cost(bucket_count(config), sizeof(struct neighbour *));
}

static void timer_fired(struct timer *timer, void *context);

bool neighbours_init(struct leat *stack)
{
    const struct leat_config *config = &stack->config;
    struct neighbours *table = arena_take(&stack->arena, 1, sizeof *table);
    struct neighbour *entries =
        arena_take(&stack->arena, config->arp_entries, sizeof(struct neighbour));
    struct neighbour **buckets =
        arena_take(&stack->arena, bucket_count(config), sizeof(struct neighbour *));

    leat_assert(!stack->neighbours);
    if (!table || !entries || !buckets)
        return false;
    table->buckets = buckets;
    table->bucket_mask = bucket_count(config) - 1;
    table->entries = config->arp_entries;
    limiter_init(&table->requests, config->arp_entries, stack->now_ns);
    for (uint32_t i = 0; i < config->arp_entries; i++) {
        entries[i].timer.fire = timer_fired;
        entries[i].newer = table->free;
        table->free = &entries[i];
    }
    stack->neighbours = table;
    return true;
}

static void age_list_put(struct age_list *list, struct neighbour *n)
{
    n->newer = 0;
    n->older = list->newest;
    if (list->newest)
        list->newest->newer = n;
    else
        list->oldest = n;
    list->newest = n;
    list->count++;
}

static void age_list_remove(struct age_list *list, struct neighbour *n)
{
    leat_debug_assert(list->count > 0);
    if (n->newer)
        n->newer->older = n->older;
    else
        list->newest = n->older;
    if (n->older)
        n->older->newer = n->newer;
    else
        list->oldest = n->newer;
    list->count--;
}

static struct age_list *age_list_of(struct neighbours *table, const struct neighbour *n)
{
    return n->state == NEIGHBOUR_RESOLVING ? &table->resolving : &table->answered;
}

static struct neighbour **bucket(struct link *link, leat_ip4 ip)
{
    struct neighbours *table = link->stack->neighbours;
    const uint64_t which = (uint64_t)(link - link->stack->links);

    return &table->buckets[siphash13_15(&link->stack->table_key, which, ip) & table->bucket_mask];
}

static struct neighbour *look_up(struct link *link, leat_ip4 ip)
{
    struct neighbour *n = *bucket(link, ip);

    while (n && (n->ip != ip || n->link != link))
        n = n->chain;
    if (n)
        link->stack->neighbours->recent[ip % RECENT] = n;
    return n;
}

/* Compares with the last result for the same low bits first: cheaper than a keyed hash. */
static inline struct neighbour *find(struct link *link, leat_ip4 ip)
{
    struct neighbour *n = link->stack->neighbours->recent[ip % RECENT];

    return n && n->ip == ip && n->link == link ? n : look_up(link, ip);
}

/* Removes an entry from the table; its parked packets must have been taken out. */
static void forget(struct leat *stack, struct neighbour *n)
{
    struct neighbours *table = stack->neighbours;
    struct neighbour **at = bucket(n->link, n->ip);

    leat_debug_assert(n->parked.count == 0); /* else they would leak */
    leat_debug_assert(n->link != 0);
    while (*at != n)
        at = &(*at)->chain;
    *at = n->chain;
    age_list_remove(age_list_of(table, n), n);
    timer_cancel(&stack->timers, &n->timer);
    n->link = 0; /* a stale pointer in `recent` doesn't match then */
    stack->neighbour_generation++;
    n->newer = table->free;
    table->free = n;
}

/* Removes and returns the packet that was parked first, or NULL. */
static struct leat_buf *unpark(struct leat *stack, struct neighbour *n)
{
    leat_debug_assert(n->parked.count > 0);
    stack->neighbours->shared -= n->parked.count > stack->config.arp_parked;
    return queue_take(&n->parked);
}

static struct buf_queue unpark_all(struct leat *stack, struct neighbour *n)
{
    const struct buf_queue parked = n->parked;

    leat_debug_assert(parked.count <= stack->config.arp_parked + stack->neighbours->shared);
    if (parked.count > stack->config.arp_parked)
        stack->neighbours->shared -= parked.count - stack->config.arp_parked;
    n->parked = (struct buf_queue){0};
    return parked;
}

/* Remembers that the destinations of the parked packets can't be reached. A function of its own,
 * so that the frame of give_up() stays small. */
COLD static __attribute__((noinline)) void note_silence(struct leat *stack,
                                                        const struct neighbour *n)
{
    struct leat_unreachable report = {
        .from = leat_ip_v4(n->ip), .how = LEAT_UNREACHABLE_ARP, .at_ns = stack->now_ns};

    for (const struct leat_buf *packet = n->parked.first; packet; packet = packet->queued) {
        report.to = leat_ip_v4(get32(packet->data + IPV4_DST_AT));
        unreachable_note(&stack->unreachables, &report);
    }
}

/* Removes an entry that got no answer, and tells the senders of its parked packets (RFC 1122
 * 2.3.2.2, 3.2.2.1: as if an ICMP host unreachable had come). */
COLD static void give_up(struct leat *stack, struct neighbour *n)
{
    struct buf_queue parked;
    struct leat_buf *packet;

    note_silence(stack, n);
    parked = unpark_all(stack, n);
    forget(stack, n);
    while ((packet = queue_take(&parked))) {
        stack->stats.tx_unresolved++;
        stack->families[FAMILY4]->unresolved(stack, packet);
        leat_buf_free(packet);
    }
}

COLD static void evict(struct leat *stack)
{
    struct neighbours *table = stack->neighbours;
    struct neighbour *n = table->answered.oldest;
    struct buf_queue parked;

    leat_debug_assert(!table->free);
    if (!n || table->resolving.count > table->entries / 4)
        n = table->resolving.oldest;
    leat_assert(n != 0); /* a full table has at least one entry in use */
    parked = unpark_all(stack, n);
    stack->stats.arp_evictions++;
    stack->stats.tx_unresolved += parked.count;
    queue_free_all(&parked);
    forget(stack, n);
}

COLD static struct neighbour *create(struct link *link, leat_ip4 ip, enum neighbour_state state)
{
    struct neighbours *table = link->stack->neighbours;
    struct neighbour **head = bucket(link, ip);
    struct neighbour *n = table->free;

    leat_assert(n != 0);
    leat_debug_assert(n->parked.count == 0);
    table->free = n->newer;
    n->link = link;
    n->ip = ip;
    n->state = (uint8_t)state;
    n->requests = 0;
    n->used = false;
    n->doubt_at_ns = 0;
    n->chain = *head;
    *head = n;
    age_list_put(age_list_of(table, n), n);
    return n;
}

/* The source address for requests to @n; NULL: the link has no address any more.  A neighbour
 * outside our prefixes was found by a route that declares it on-link. */
static const struct address *asks_from(const struct neighbour *n)
{
    const struct address *from = address_toward(n->link, IP4_ANY, n->ip);

    return from ? from : address_first(n->link);
}

COLD static void request(struct leat *stack, struct neighbour *n)
{
    const bool directly = n->state == NEIGHBOUR_PROBED;
    const struct address *from = asks_from(n);

    /* a request that the limiter holds back counts, too, so that the entry ends in time */
    n->requests++;
    timer_set(&stack->timers, &n->timer, stack->now_ns + request_interval_ns);
    if (!from || !(directly || limiter_take(&stack->neighbours->requests, stack->now_ns, 0)))
        return;
    arp_request(n->link, from->ip, n->ip, directly ? &n->mac : 0);
}

static void became_reachable(struct leat *stack, struct neighbour *n, const struct leat_mac *mac)
{
    struct neighbours *table = stack->neighbours;
    const bool was_resolving = n->state == NEIGHBOUR_RESOLVING;
    struct buf_queue parked = unpark_all(stack, n);
    struct leat_buf *packet;

    if (was_resolving) {
        age_list_remove(&table->resolving, n);
        age_list_put(&table->answered, n);
    } else if (!mac_equal(&n->mac, mac)) {
        stack->neighbour_generation++;
    }
    n->mac = *mac;
    n->requests = 0;
    n->used = parked.count > 0;
    n->confirmed_ns = stack->now_ns;
    if (n->state != NEIGHBOUR_REACHABLE || !timer_is_set(&n->timer))
        timer_set(&stack->timers, &n->timer, stack->now_ns + reachable_ns);
    n->state = NEIGHBOUR_REACHABLE;
    while ((packet = queue_take(&parked)))
        ethernet_output(n->link, packet, mac, ETHERNET_IPV4);
}

/* Asks the old address of a neighbour that another host claims, or accepts the claim.  Requests
 * that could not be sent don't count, because silence proves nothing then. */
COLD static void doubt(struct leat *stack, struct neighbour *n)
{
    const struct address *from = asks_from(n);
    const struct leat_mac claimed = n->claimed;

    leat_debug_assert(n->state == NEIGHBOUR_DOUBTED);
    if (!from) { /* the link has lost its address */
        give_up(stack, n);
        return;
    }
    if (n->requests == DOUBT_REQUESTS) {
        stack->stats.arp_moves++;
        became_reachable(stack, n, &claimed);
        return;
    }
    if (n->requests == 0)
        n->doubt_at_ns = stack->now_ns + doubt_again_ns;
    timer_set(&stack->timers, &n->timer, stack->now_ns + doubt_interval_ns);
    if (arp_request(n->link, from->ip, n->ip, &n->mac))
        n->requests++;
}

/* Records a claim; a later one replaces it. */
COLD static void claim(struct leat *stack, struct neighbour *n, const struct leat_mac *mac)
{
    leat_debug_assert(n->state != NEIGHBOUR_RESOLVING);
    stack->stats.arp_claims++;
    n->claimed = *mac;
    if (n->state == NEIGHBOUR_DOUBTED)
        return;
    n->state = NEIGHBOUR_DOUBTED;
    n->requests = 0;
    if (n->doubt_at_ns > stack->now_ns)
        timer_set(&stack->timers, &n->timer, n->doubt_at_ns);
    else
        doubt(stack, n);
}

static void timer_fired(struct timer *timer, void *context)
{
    struct leat *stack = context;
    struct neighbour *n = (struct neighbour *)timer;
    const uint64_t stale_ns = n->confirmed_ns + reachable_ns;

    if (n->state == NEIGHBOUR_DOUBTED) {
        doubt(stack, n);
    } else if (n->state == NEIGHBOUR_REACHABLE && stale_ns > stack->now_ns) {
        timer_set(&stack->timers, timer, stale_ns); /* confirmed since the timer was set */
    } else if (n->state == NEIGHBOUR_REACHABLE && n->used) {
        n->state = NEIGHBOUR_PROBED;
        n->requests = 0;
        request(stack, n);
    } else if (n->state != NEIGHBOUR_REACHABLE && n->requests < REQUESTS_MAX) {
        request(stack, n);
    } else {
        give_up(stack, n);
    }
}

void neighbour_renew(struct leat *stack, struct neighbour *n)
{
    struct age_list *list = age_list_of(stack->neighbours, n);

    age_list_remove(list, n);
    age_list_put(list, n);
}

struct neighbour *neighbour_known(struct link *link, leat_ip4 ip)
{
    struct neighbour *n = find(link, ip);

    return n && n->state != NEIGHBOUR_RESOLVING ? n : 0;
}

COLD static void park(struct leat *stack, struct neighbour *n, struct leat_buf *packet)
{
    struct neighbours *table = stack->neighbours;

    /* RFC 1122 2.3.2.2: at least the latest packet is kept */
    if (n->parked.count >= stack->config.arp_parked && table->shared >= stack->config.arp_shared) {
        leat_buf_free(unpark(stack, n));
        stack->stats.tx_parked_out++;
    }
    queue_put(&n->parked, packet);
    table->shared += n->parked.count > stack->config.arp_parked;
}

void neighbour_output(struct link *link, leat_ip4 next_hop, struct leat_buf *packet)
{
    if (ip4_is_multicast(next_hop)) {
        const struct leat_mac group = mac_of_group(next_hop);

        ethernet_output(link, packet, &group, ETHERNET_IPV4);
        return;
    }
    if (address_is_broadcast(link, next_hop)) {
        ethernet_output(link, packet, &mac_broadcast, ETHERNET_IPV4);
        return;
    }
    neighbour_output_to_host(link, next_hop, packet);
}

void neighbour_output_to_host(struct link *link, leat_ip4 next_hop, struct leat_buf *packet)
{
    struct leat *stack = link->stack;
    struct neighbour *n = find(link, next_hop);

    if (!n) {
        if (!stack->neighbours->free)
            evict(stack);
        n = create(link, next_hop, NEIGHBOUR_RESOLVING);
        request(stack, n);
    }
    neighbour_use(stack, n);
    if (n->state == NEIGHBOUR_RESOLVING)
        park(stack, n, packet);
    else
        ethernet_output_ipv4(link, packet, &n->mac);
}

bool neighbour_learn(struct link *link, leat_ip4 ip, const struct leat_mac *mac, bool create_it)
{
    struct neighbour *n = find(link, ip);

    if (!n && create_it && link->stack->neighbours->free) { /* evicts none */
        n = create(link, ip, NEIGHBOUR_REACHABLE);
        n->mac = *mac;
    }
    if (n && n->state != NEIGHBOUR_RESOLVING && !mac_equal(&n->mac, mac))
        claim(link->stack, n, mac);
    else if (n)
        became_reachable(link->stack, n, mac);
    return n != 0;
}

void neighbour_confirmed(struct link *link, leat_ip4 ip)
{
    struct neighbour *n = find(link, ip);

    if (n && n->state == NEIGHBOUR_REACHABLE)
        n->confirmed_ns = link->stack->now_ns;
}

uint32_t neighbour_count(const struct leat *stack)
{
    return stack->neighbours->resolving.count + stack->neighbours->answered.count;
}

void neighbours_close(struct leat *stack)
{
    struct age_list *list = &stack->neighbours->resolving;

    for (struct neighbour *n = list->oldest; n; n = n->newer)
        queue_free_all(&n->parked);
}

uint32_t neighbours_pieces(const struct leat *stack)
{
    uint32_t pieces = 0;

    for (const struct neighbour *n = stack->neighbours->resolving.oldest; n; n = n->newer) {
        for (const struct leat_buf *frame = n->parked.first; frame; frame = frame->queued)
            pieces += pool_pieces(frame);
    }
    return pieces;
}
