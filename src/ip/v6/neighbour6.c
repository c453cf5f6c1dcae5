/*
 * neighbour6.c -- the table of IPv6 neighbours: lookup, creation, eviction.
 *
 * The table never grows.  Outsiders may cause any number of neighbours to be resolved; these take
 * at most a quarter of the table, beyond which the oldest of them is evicted (RFC 6583).  A
 * solicitation from an unknown host is answered even if no entry is free, but evicts none.
 */
#include "ip/v6/neighbour6.h"

#include "core/assert.h"

static uint32_t bucket_count(const struct leat_ipv6_config *config)
{
    uint32_t count = 1;

    while (count < config->neighbours)
        count *= 2;
    return count;
}

size_t neighbours6_cost(const struct leat_ipv6_config *config)
{
    return arena_cost(1, sizeof(struct neighbours6)) +
           arena_cost(config->neighbours, sizeof(struct neighbour6)) +
           arena_cost(bucket_count(config), sizeof(struct neighbour6 *));
}

bool neighbours6_init(struct leat *stack)
{
    const struct leat_ipv6_config *config = &stack->ipv6->config;
    struct neighbours6 *table = arena_take(&stack->arena, 1, sizeof *table);

    leat_assert(!stack->ipv6->neighbours);
    if (!table)
        return false;
    table->all = arena_take(&stack->arena, config->neighbours, sizeof *table->all);
    table->buckets = arena_take(&stack->arena, bucket_count(config), sizeof(struct neighbour6 *));
    table->bucket_mask = bucket_count(config) - 1;
    if (!table->all || !table->buckets)
        return false;
    for (uint32_t i = config->neighbours; i > 0; i--) {
        table->all[i - 1].newer = table->free;
        table->free = &table->all[i - 1];
    }
    stack->ipv6->neighbours = table;
    return true;
}

static struct neighbour6 **bucket(const struct link *link, struct leat_ip ip)
{
    const struct neighbours6 *table = link->stack->ipv6->neighbours;
    uint64_t words[2];

    memcpy(words, ip.bytes, sizeof words);
    /* a link-local address may belong to another neighbour on each link */
    words[0] ^= (uint64_t)(link - link->stack->links);
    return &table->buckets[siphash13(&link->stack->table_key, words[0], words[1]) &
                           table->bucket_mask];
}

struct neighbour6 *neighbour6_find(const struct link *link, struct leat_ip ip)
{
    struct neighbours6 *table = link->stack->ipv6->neighbours;
    struct neighbour6 *n = table->found;

    if (SHORTCUTS && n && n->link == link && leat_ip_equal(n->ip, ip))
        return n;
    n = *bucket(link, ip);
    while (n && (n->link != link || !leat_ip_equal(n->ip, ip)))
        n = n->chain;
    if (n)
        table->found = n;
    return n;
}

static void age_put(struct neighbours6 *table, struct neighbour6 *n)
{
    n->newer = 0;
    n->older = table->newest;
    if (table->newest)
        table->newest->newer = n;
    else
        table->oldest = n;
    table->newest = n;
}

static void age_remove(struct neighbours6 *table, struct neighbour6 *n)
{
    if (n->newer)
        n->newer->older = n->older;
    else
        table->newest = n->older;
    if (n->older)
        n->older->newer = n->newer;
    else
        table->oldest = n->newer;
}

void neighbour6_renew(struct neighbours6 *table, struct neighbour6 *n)
{
    age_remove(table, n);
    age_put(table, n);
}

void neighbour6_release(struct leat *stack, struct neighbour6 *n)
{
    struct neighbours6 *table = stack->ipv6->neighbours;
    struct neighbour6 **at = bucket(n->link, n->ip);

    leat_debug_assert(!timer_is_set(&n->timer));
    leat_debug_assert(n->parked.count == 0);
    while (*at != n)
        at = &(*at)->chain;
    *at = n->chain;
    /* the entry may get another neighbour, or none */
    if (table->found == n)
        table->found = 0;
    age_remove(table, n);
    n->newer = table->free;
    table->free = n;
}

/* The caller has made room, if it may evict others for this one (reachability.c). */
struct neighbour6 *neighbour6_place(struct link *link, struct leat_ip ip)
{
    struct leat *stack = link->stack;
    struct neighbours6 *table = stack->ipv6->neighbours;
    struct neighbour6 *n = table->free;
    struct neighbour6 **head = bucket(link, ip);

    if (!n)
        return 0;
    table->free = n->newer;
    *n = (struct neighbour6){.chain = *head, .link = link, .ip = ip, .state = NDP_FIRST_STATE};
    *head = n;
    age_put(table, n);
    return n;
}

void neighbours6_close(struct leat *stack)
{
    for (struct neighbour6 *n = stack->ipv6->neighbours->oldest; n; n = n->newer)
        queue_free_all(&n->parked);
}

uint32_t neighbours6_pieces(const struct leat *stack)
{
    uint32_t pieces = 0;

    for (const struct neighbour6 *n = stack->ipv6->neighbours->oldest; n; n = n->newer) {
        for (const struct leat_buf *frame = n->parked.first; frame; frame = frame->queued)
            pieces += pool_pieces(frame);
    }
    return pieces;
}
