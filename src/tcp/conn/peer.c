/*
 * peer.c -- the table of remote addresses.
 *
 * Entry 0 stands for ourselves and is never free. All entries have 16-bit indices, so that a
 * connection can store its own in two bytes. A chain has at most PEER_CHAIN_MAX entries, so a
 * lookup has a bound whatever the addresses are.
 */
#include "tcp/conn/peer.h"

#include "core/assert.h"

static uint32_t bucket_count(uint32_t count)
{
    uint32_t buckets = 2;

    while (buckets < count)
        buckets *= 2;
    return buckets;
}

size_t peer_table_cost(uint32_t count)
{
    return arena_cost(count + 1, sizeof(struct peer)) + arena_cost(count + 1, sizeof(uint16_t)) +
           arena_cost(bucket_count(count), sizeof(uint16_t));
}

bool peer_table_init(struct peer_table *table, struct arena *arena, uint32_t count,
                     const uint64_t key[2])
{
    const uint32_t buckets = bucket_count(count);

    table->all = arena_take(arena, count + 1, sizeof *table->all);
    table->nexts = arena_take(arena, count + 1, sizeof *table->nexts);
    table->buckets = arena_take(arena, buckets, sizeof *table->buckets);
    if (!table->all || !table->nexts || !table->buckets)
        return false;
    table->count = count;
    table->multiplier = key[0] | 1;
    table->addend = key[1];
    table->shift = 63;
    for (uint32_t i = 2; i < buckets; i *= 2)
        table->shift--;
    table->free = PEER_NONE;
    table->last = PEER_OURSELVES;
    for (uint32_t i = count; i > 0; i--) {
        table->nexts[i] = table->free;
        table->free = (uint16_t)i;
    }
    for (uint32_t i = 0; i < buckets; i++)
        table->buckets[i] = PEER_NONE;
    return true;
}

/* The hash is keyed, so that a peer can't choose addresses that fill the bucket of another one and
 * share its entry. */
static uint32_t bucket_of(const struct peer_table *table, host_id ip)
{
    return (uint32_t)((table->multiplier * ip + table->addend) >> table->shift);
}

/* The entry of @ip. In a full bucket, @ip shares the entry of the last address. Else PEER_NONE. */
static uint16_t look_up(const struct peer_table *table, host_id ip)
{
    uint16_t index = table->buckets[bucket_of(table, ip)];

    for (unsigned length = 1; index != PEER_NONE && table->all[index].ip != ip; length++) {
        /* the chain is full, so @ip shares its last entry */
        if (length == PEER_CHAIN_MAX)
            return index;
        index = table->nexts[index];
    }
    return index;
}

const struct peer *peer_find(const struct peer_table *table, host_id ip)
{
    const uint16_t index = look_up(table, ip);

    return index == PEER_NONE ? 0 : &table->all[index];
}

/* A new entry. If none is free, the hash chooses another address's entry to share. */
static uint16_t make(struct peer_table *table, host_id ip)
{
    const uint32_t bucket = bucket_of(table, ip);
    const uint16_t index = table->free;

    leat_assert(table->count > 0);
    if (index == PEER_NONE)
        return (uint16_t)(1 + bucket % table->count);
    table->free = table->nexts[index];
    table->all[index] = (struct peer){.ip = ip};
    table->nexts[index] = table->buckets[bucket];
    table->buckets[bucket] = index;
    return index;
}

static void release(struct peer_table *table, uint16_t index)
{
    uint16_t *link = &table->buckets[bucket_of(table, table->all[index].ip)];

    leat_debug_assert(table->all[index].connections == 0);
    leat_debug_assert(index != PEER_OURSELVES);
    while (*link != index)
        link = &table->nexts[*link];
    *link = table->nexts[index];
    table->nexts[index] = table->free;
    table->free = index;
}

/* peer_take() for an address other than the last one. */
static __attribute__((noinline)) uint16_t take_other(struct peer_table *table, host_id ip)
{
    uint16_t index;

    /* the last address has kept its entry without a connection, until now */
    if (table->last != PEER_OURSELVES && table->all[table->last].connections == 0)
        release(table, table->last);
    index = look_up(table, ip);
    if (index == PEER_NONE)
        index = make(table, ip);
    table->last = index;
    table->all[index].connections++;
    return index;
}

uint16_t peer_take(struct peer_table *table, host_id ip)
{
    struct peer *last = &table->all[table->last];

    if (table->last == PEER_OURSELVES || last->ip != ip)
        return take_other(table, ip);
    last->connections++;
    return table->last;
}

void peer_give(struct peer_table *table, uint16_t index)
{
    struct peer *peer = &table->all[index];

    leat_assert(peer->connections > 0);
    if (--peer->connections > 0 || index == PEER_OURSELVES)
        return;
    leat_debug_assert(peer->in == 0 && peer->out == 0);
    if (index != table->last)
        release(table, index);
}
