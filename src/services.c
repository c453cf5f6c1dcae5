/*
 * services.c -- services for all layers: clock, random numbers, memory, links, the ready queue.
 *
 * The functions service_*() are for the libraries on top of the stack, which don't see struct leat
 * (service.h).
 */
#include "family.h"
#include "link/link.h"

#include "core/assert.h"

uint64_t leat_now_ns(const struct leat *stack)
{
    return stack->now_ns;
}

struct leat_pool *leat_pool(struct leat *stack)
{
    return &stack->pool;
}

const struct leat_stats *leat_stats(const struct leat *stack)
{
    return &stack->stats;
}

struct link *stack_link(struct leat *stack, const struct leat_netif *netif)
{
    for (struct link *link = stack->links; link < stack->links_end; link++) {
        if (link->netif == netif)
            return link;
    }
    return 0;
}

COLD void link_set_mtu(struct link *link, uint16_t mtu)
{
    /* a network may lower the device's limit, never raise it (RFC 4861 6.3.4) */
    const uint16_t most = link->netif->mtu;
    const uint16_t wanted = mtu == 0 || mtu > most ? most : mtu;

    if (wanted == link->mtu)
        return;
    link->mtu = wanted;
    /* cached paths hold the old limit */
    link->stack->route_generation++;
}

bool stack_register(struct leat *stack, const struct protocol *protocol)
{
    leat_assert(stack->flush_count <= stack->protocol_count); /* those with a flush are first */
    if (stack->protocol_count == PROTOCOLS_MAX)
        return false;
    stack->protocols[stack->protocol_count] = protocol;
    /* protocols_flush() walks the first flush_count entries only; the protocol that was there moves
     * to the end */
    if (protocol->flush) {
        stack->protocols[stack->protocol_count] = stack->protocols[stack->flush_count];
        stack->protocols[stack->flush_count++] = protocol;
    }
    stack->protocol_count++;
    if (protocol->wake)
        stack->super = protocol;
    return true;
}

void ready_put(struct ready *head, struct ready *ready)
{
    ready->next = head;
    ready->prev = head->prev;
    ready->prev->next = ready;
    head->prev = ready;
}

COLD enum leat_err leat_reseed(struct leat *stack, const uint8_t seed[LEAT_SEED_BYTES])
{
    const struct siphash_key outer = siphash_key_from(seed);
    const struct siphash_key inner = siphash_key_from(seed + 16);
    uint8_t any = 0;

    /* a seed of zeros is a seed that the program forgot; the hashes would make it look random */
    for (unsigned i = 0; i < LEAT_SEED_BYTES; i++)
        any |= seed[i];
    if (!any)
        return LEAT_ERR_ENTROPY;
    /* table_key stays: hash tables are already filled by it */
    /* Each key depends on all 32 bytes of the seed, and neither tells anything about the other. The
     * last argument keeps the four hashes apart. */
    stack->secret_key.k0 = siphash13(&outer, inner.k0, 1);
    stack->secret_key.k1 = siphash13(&inner, outer.k0, 2);
    stack->random_key.k0 = siphash13(&outer, inner.k1, 3);
    stack->random_key.k1 = siphash13(&inner, outer.k1, 4);
    stack->seed_generation++;
    stack->route_generation++; /* cached paths hold identifications that the old key made */
    return LEAT_OK;
}

uint32_t leat_generation(const struct leat *stack)
{
    return stack->seed_generation;
}

/* The number is a keyed hash of a counter, which never repeats. The numbers that a peer sees tell
 * it nothing about the next ones. */
uint64_t leat_random(struct leat *stack)
{
    stack->random_counter++;
    return siphash24(&stack->random_key, &stack->random_counter, sizeof stack->random_counter);
}

uint32_t stack_random_below(struct leat *stack, uint32_t bound)
{
    /* multiply and shift: the bias is at most bound / 2^32, negligible for every use here */
    return (uint32_t)(((leat_random(stack) & 0xffffffffu) * bound) >> 32);
}

void service_timer_set(struct leat *stack, struct timer *timer, uint64_t at_ns)
{
    timer_set(&stack->timers, timer, at_ns);
}

void service_timer_cancel(struct leat *stack, struct timer *timer)
{
    timer_cancel(&stack->timers, timer);
}

COLD void *service_take(struct leat *stack, size_t count, size_t bytes)
{
    return arena_take(&stack->arena, count, bytes);
}

const struct siphash_key *service_table_key(const struct leat *stack)
{
    return &stack->table_key;
}

void service_ready(struct leat *stack, struct ready *ready)
{
    stack_ready(stack, ready);
}

bool service_has_ipv6(const struct leat *stack)
{
    return stack->ipv6_family != 0;
}

bool service_has_address(const struct leat *stack, bool is_v4)
{
    if (!is_v4)
        return stack->ipv6_family && stack->ipv6_family->is_global(stack);
    for (const struct link *link = stack->links; link < stack->links_end; link++) {
        for (unsigned i = 0; i < LEAT_ADDRESSES_MAX; i++) {
            /* from this state on an address is usable: the states are in the order of RFC 5227 */
            if (link->addresses[i].state >= ADDRESS_ANNOUNCING)
                return true;
        }
    }
    return false;
}

const struct leat_unreachable *leat_unreachable_to(const struct leat *stack, struct leat_ip to)
{
    for (unsigned i = 0; i < UNREACHABLES; i++) {
        const struct leat_unreachable *report = &stack->unreachables.all[i];

        /* 0 marks a free entry */
        if (report->at_ns > 0 && leat_ip_equal(report->to, to))
            return report;
    }
    return 0;
}

bool service_is_probing6(const struct leat *stack)
{
    return stack->ipv6_family && stack->ipv6_family->is_probing(stack);
}
