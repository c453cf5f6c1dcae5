/*
 * host6.c -- the table of IPv6 addresses with numbers (ip/host.h).
 *
 * Each address that is looked up gets an entry, which a keyed hash finds, or a cache of the last
 * lookups.  A full table reuses an entry that isn't held,
 * chosen by a clock hand that skips recent lookups.  An eighth of the table can't be held
 * (host_may_be_held()), so the hand finds an entry within a few steps on average.
 */
#include "ip/host.h"
#include "ip/route.h"
#include "ip/v6/sent6.h"
#include "wire/bytes.h"

enum {
    KNOWN_MAX = 1024 /* places of the cache of lookups */
};

_Static_assert(HOSTS6_MIN / 8 > HOSTS_RECENT + 2, "an entry that isn't held always exists");

static uint32_t bucket_count(uint32_t hosts)
{
    uint32_t count = 1;

    while (count <= hosts / 2)
        count *= 2;
    return count;
}

static uint32_t known_count(uint32_t hosts)
{
    const uint32_t count = bucket_count(hosts);

    return count < KNOWN_MAX ? count : KNOWN_MAX;
}

size_t hosts6_cost(const struct leat_ipv6_config *config)
{
    return arena_cost(1, sizeof(struct hosts6)) +
           arena_cost(config->hosts + 1, sizeof(struct host6)) +
           arena_cost(bucket_count(config->hosts), sizeof(uint32_t)) +
           arena_cost(known_count(config->hosts), sizeof(uint32_t));
}

bool hosts6_init(struct leat *stack)
{
    const uint32_t count = stack->ipv6->config.hosts;
    struct hosts6 *table = arena_take(&stack->arena, 1, sizeof *table);

    if (!table)
        return false;
    table->all = arena_take(&stack->arena, count + 1, sizeof *table->all);
    table->buckets = arena_take(&stack->arena, bucket_count(count), sizeof *table->buckets);
    table->bucket_mask = bucket_count(count) - 1;
    table->known = arena_take(&stack->arena, known_count(count), sizeof *table->known);
    table->known_mask = known_count(count) - 1;
    table->count = count;
    stack->hosts6 = table;
    if (!table->all || !table->buckets || !table->known)
        return false;
    /* an empty chain ends in its own bucket, as any other does */
    for (uint32_t i = 0; i <= table->bucket_mask; i++)
        table->buckets[i] = HOST_CHAIN_END | i;
    table->last[0].hash = table->last[1].hash = siphash13(&stack->table_key, 0, 0); /* of "::" */
    table->network_hash = (uint32_t)siphash13(&stack->table_key, 0, 64);
    return true;
}

static uint32_t bucket_of(const struct leat *stack, const uint8_t *ip)
{
    return (uint32_t)host6_hash(stack, ip, false) & stack->hosts6->bucket_mask;
}

/* Removes an entry from its chain, if it is in one. The end of a chain holds the bucket's index, so
 * the address isn't hashed again. */
static void unchain(struct hosts6 *table, uint32_t index)
{
    uint32_t *at = &table->all[index].chain;

    if (*at == 0)
        return;
    while (!(*at & HOST_CHAIN_END))
        at = &table->all[*at].chain;
    at = &table->buckets[*at & HOST_INDEX_MAX];
    while (*at != index)
        at = &table->all[*at].chain;
    *at = table->all[index].chain;
}

/* True if the entry was looked up recently, or is an end of the path that was looked up last. */
static bool is_recent(const struct leat *stack, uint32_t index)
{
    const struct hosts6 *table = stack->hosts6;
    const struct path *last = &stack->route_last->path;

    if (last->is_v6 &&
        (index == (last->src & HOST_INDEX_MAX) || index == (last->dst & HOST_INDEX_MAX)))
        return true;
    for (unsigned i = 0; i < HOSTS_RECENT; i++) {
        if (table->recent[i] == index)
            return true;
    }
    return false;
}

/* Invalidates everything that was cached for the old address of an entry. */
static void forget(struct leat *stack, uint32_t index)
{
    struct hosts6 *table = stack->hosts6;
    struct host6 *entry = &table->all[index];
    const host_id host = (host_id)HOST_V6 << 24 | index;
    struct route_cache_entry *cached = route_cache_slot(stack, host);

    table->reused++;
    unchain(table, index);
    if (cached->path.dst == host)
        cached->generation = 0;
    sent6_forget(stack, host);
    if (entry->is_ours) /* it may be the source of cached paths */
        stack->route_generation++;
}

/* Frees an entry that isn't held, for another address. */
static uint32_t take(struct leat *stack)
{
    struct hosts6 *table = stack->hosts6;

    do
        table->hand = table->hand == table->count ? 1 : table->hand + 1;
    while (table->all[table->hand].holders > 0 || is_recent(stack, table->hand));
    forget(stack, table->hand);
    return table->hand;
}

static uint32_t make(struct leat *stack, struct leat_ip ip, uint32_t link, uint32_t bucket)
{
    /* take() comes before the head of the bucket is read, because it may change this chain */
    const uint32_t index = take(stack);
    uint32_t *head = &stack->hosts6->buckets[bucket];

    stack->hosts6->all[index] = (struct host6){.ip = ip, .chain = *head, .link = link & 15};
    *head = index;
    return index;
}

/* @link: by which a packet came or will leave. */
static inline bool is_entry_of(const struct host6 *entry, const struct leat_ip *ip, uint32_t link)
{
    return memcmp(entry->ip.bytes, ip->bytes, sizeof ip->bytes) == 0 &&
           (entry->link == 0 || entry->link == link); /* 0: valid on every link */
}

static uint32_t look_up(struct leat *stack, struct leat_ip ip, uint32_t link)
{
    struct hosts6 *table = stack->hosts6;
    const uint32_t bucket = bucket_of(stack, ip.bytes);
    uint32_t index = table->buckets[bucket];

    while (!(index & HOST_CHAIN_END) && !is_entry_of(&table->all[index], &ip, link))
        index = table->all[index].chain;
    if (index & HOST_CHAIN_END)
        index = make(stack, ip, ip6_stays_on_link(ip) ? link : 0, bucket);
    return index;
}

/* The place of an address in the cache of lookups. Addresses of one network, whose last bits
 * differ, don't collide. A sender that makes them collide makes leat hash each address, and no
 * more. */
static inline uint32_t *known_at(struct hosts6 *table, const uint8_t *ip)
{
    uint64_t bits = get64(ip) ^ get64(ip + 8);

    bits ^= bits >> 32;
    return &table->known[(bits ^ bits >> 16) & table->known_mask];
}

/* Keeps the number valid for the next lookups, if it isn't kept already. Without a loop, because
 * each datagram comes here. */
static inline host_id keep(struct hosts6 *table, uint32_t index)
{
    const uint32_t *recent = table->recent;

    _Static_assert(HOSTS_RECENT == 4, "this many comparisons");
    if (recent[0] != index && recent[1] != index && recent[2] != index && recent[3] != index)
        table->recent[table->recent_at++ % HOSTS_RECENT] = index;
    return (host_id)HOST_V6 << 24 | index;
}

static __attribute__((noinline)) host_id look_up_and_keep(struct leat *stack, struct leat_ip ip,
                                                          uint8_t zone, uint32_t *known)
{
    *known = look_up(stack, ip, zone);
    return keep(stack->hosts6, *known);
}

host_id host6_of(struct leat *stack, struct leat_ip ip, uint8_t zone)
{
    struct hosts6 *table = stack->hosts6;
    uint32_t *known = known_at(table, ip.bytes);

    if (!SHORTCUTS || *known == 0 || !is_entry_of(&table->all[*known], &ip, zone))
        return look_up_and_keep(stack, ip, zone, known);
    return keep(table, *known);
}

host_id host6_known(const struct leat *stack, const uint8_t *ip)
{
    const struct hosts6 *table = stack->hosts6;
    uint32_t index = table->buckets[bucket_of(stack, ip)];

    while (!(index & HOST_CHAIN_END) &&
           memcmp(table->all[index].ip.bytes, ip, sizeof table->all[index].ip.bytes) != 0)
        index = table->all[index].chain;
    return index & HOST_CHAIN_END ? IP4_ANY : (host_id)HOST_V6 << 24 | index;
}
