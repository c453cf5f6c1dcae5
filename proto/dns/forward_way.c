/*
 * forward_way.c -- the servers for a name: those of the longest domain that it is in, or those for
 * all other names. See forward.h.
 *
 * Each resolver has a queue of its own, so that questions to silent servers of one domain take no
 * places of others.
 */
#include <string.h>

#include "proto/dns/forward.h"

enum {
    OWN_PART = 8,     /* part of a resolver's lookups that is kept for the program */
    RESERVE_PART = 2, /* reserved part of the places; one holder alone gets as many */
    ALIGN = _Alignof(uint64_t)
};

_Static_assert(_Alignof(struct forward_way) <= ALIGN && _Alignof(struct forward_wait) <= ALIGN,
               "what lies at a multiple of it is aligned");

/* ---- the choice --------------------------------------------------------------------------- */

/* A bit for each offset in a name at which a label begins. */
struct starts {
    uint64_t bits[4];
};

_Static_assert(LEAT_DNS_NAME_BYTES <= sizeof(struct starts) * 8, "a bit for each byte of a name");

static void find_starts(const struct leat_dns_name *name, struct starts *starts)
{
    unsigned at = 0;

    *starts = (struct starts){.bits = {0}};
    while (at < name->len) {
        starts->bits[at / 64] |= UINT64_C(1) << at % 64;
        at += 1u + name->wire[at];
    }
}

/* True if @name, whose labels have these @starts, is @domain, or below it. */
static bool is_in(const struct leat_dns_name *name, const struct starts *starts,
                  const struct leat_dns_name *domain)
{
    const unsigned at = (unsigned)name->len - domain->len;

    return domain->len <= name->len && (starts->bits[at / 64] >> at % 64 & 1) &&
           dns_bytes_equal(name->wire + at, domain->wire, domain->len);
}

void forward_choose(struct leat_forwarder *forwarder)
{
    const struct leat_forwarder_config *config = &forwarder->config;
    unsigned chosen = 0, longest = 0;
    struct starts starts;

    if (config->domain_count > 0)
        find_starts(&forwarder->name, &starts);
    for (unsigned i = 0; i < config->domain_count; i++) {
        const struct leat_dns_name *domain = &config->domains[i].name;

        if (domain->len > longest && is_in(&forwarder->name, &starts, domain)) {
            longest = domain->len;
            chosen = i + 1;
        }
    }
    forwarder->way = &forwarder->ways[chosen];
    forwarder->way_before = forwarder->way->counts;
    forwarder->resolver =
        forwarder->way->queue ? forwarder->way->queue->resolver : config->resolver;
}

bool forward_is_chosen_over(const struct leat_forwarder *forwarder, unsigned zone_at)
{
    const size_t i = (size_t)(forwarder->way - forwarder->ways);

    return i > 0 &&
           forwarder->config.domains[i - 1].name.len >= (unsigned)forwarder->name.len - zone_at;
}

const struct leat_forwarder_domain_counts *
leat_forwarder_domain_counts(const struct leat_forwarder *forwarder, unsigned i)
{
    leat_assert(i < forwarder->config.domain_count);
    return &forwarder->ways[i + 1].counts;
}

/* ---- the queues --------------------------------------------------------------------------- */

/* The resolver of a way, or NULL. */
static struct leat_resolver *resolver_of(const struct leat_forwarder_config *config, unsigned way)
{
    return way == 0 ? config->resolver : config->domains[way - 1].resolver;
}

/* The first way with the resolver of @way. */
static unsigned first_with(const struct leat_forwarder_config *config, unsigned way)
{
    unsigned first = 0;

    while (resolver_of(config, first) != resolver_of(config, way))
        first++;
    return first;
}

/* The places of a way's own queue. A waiting query needs a lookup, so there are no more places than
 * lookups. */
static uint16_t places_of(const struct leat_forwarder_config *config, unsigned way)
{
    const struct leat_resolver *resolver = resolver_of(config, way);
    const uint16_t wanted = way == 0 ? config->waiting : config->domains[way - 1].waiting;

    if (!resolver || first_with(config, way) != way)
        return 0;
    if (wanted == 0)
        return (uint16_t)(resolver->config.lookups - resolver->config.lookups / OWN_PART);
    return wanted < resolver->config.lookups ? wanted : resolver->config.lookups;
}

static size_t align_up(size_t bytes)
{
    return (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

static size_t waits_bytes(uint16_t places)
{
    return align_up(places * sizeof(struct forward_wait));
}

static size_t queue_bytes(uint16_t places)
{
    return places == 0 ? 0 : waits_bytes(places) + align_up(shares_bytes(places));
}

size_t forward_ways_bytes(const struct leat_forwarder_config *config)
{
    size_t bytes = (config->domain_count + (size_t)1) * sizeof(struct forward_way);

    for (unsigned way = 0; way <= config->domain_count; way++)
        bytes += queue_bytes(places_of(config, way));
    return bytes;
}

static void queue_init(struct leat_forwarder *forwarder, struct forward_queue *queue,
                       uint8_t *block)
{
    const uint64_t key[2] = {leat_random(forwarder->stack), leat_random(forwarder->stack)};

    shares_init(&queue->shares, block + waits_bytes(queue->places), queue->places,
                queue->places / RESERVE_PART, key);
    queue->waits = (struct forward_wait *)(void *)block;
    for (unsigned i = 0; i < queue->places; i++) {
        queue->waits[i] = (struct forward_wait){
            .forwarder = forwarder, .queue = queue, .next = queue->free_waits};
        queue->free_waits = &queue->waits[i];
    }
}

void forward_ways_init(struct leat_forwarder *forwarder, uint8_t *block)
{
    const struct leat_forwarder_config *config = &forwarder->config;

    forwarder->ways = (struct forward_way *)(void *)block;
    block += (config->domain_count + (size_t)1) * sizeof(struct forward_way);
    for (unsigned i = 0; i <= config->domain_count; i++) {
        struct forward_way *way = &forwarder->ways[i];

        *way = (struct forward_way){
            .own = {.resolver = resolver_of(config, i), .places = places_of(config, i)}};
        if (!way->own.resolver)
            continue;
        way->queue = &forwarder->ways[first_with(config, i)].own;
        if (way->own.places > 0)
            queue_init(forwarder, &way->own, block);
        block += queue_bytes(way->own.places);
    }
    forwarder->way = forwarder->ways;
    forwarder->resolver = config->resolver;
}

bool forward_is_waiting(const struct leat_forwarder *forwarder)
{
    for (unsigned i = 0; i <= forwarder->config.domain_count; i++) {
        const struct forward_queue *queue = &forwarder->ways[i].own;

        for (unsigned place = 0; place < queue->places; place++) {
            if (queue->waits[place].lookup)
                return true;
        }
    }
    return false;
}

void forward_cancel_all(struct leat_forwarder *forwarder)
{
    for (unsigned i = 0; i <= forwarder->config.domain_count; i++) {
        const struct forward_queue *queue = &forwarder->ways[i].own;

        for (unsigned place = 0; place < queue->places; place++) {
            if (queue->waits[place].lookup)
                leat_lookup_cancel(queue->waits[place].lookup);
        }
    }
}

/* True for labels without compression up to the root, which ends the name. */
static bool is_legal(const struct leat_dns_name *name)
{
    unsigned at = 0;

    while (at < name->len && name->wire[at] > 0 && name->wire[at] <= LEAT_DNS_LABEL_BYTES)
        at += 1u + name->wire[at];
    return at + 1 == name->len && name->wire[at] == 0;
}

bool forward_domains_are_legal(const struct leat_forwarder_config *config)
{
    for (unsigned i = 0; i < config->domain_count; i++) {
        if (LEAT_RESERVED_IS_USED(&config->domains[i]) || !is_legal(&config->domains[i].name))
            return false;
    }
    return true;
}
