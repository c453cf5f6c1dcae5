/*
 * service.h -- the inside of the stack for the libraries on top of it. Those in proto/, tls/, web/
 * and task/ include only include/leat, this header and the helpers of core/ and wire/. proto/dhcp
 * and proto/autoconf also include service_netif.h.
 *
 * The functions are in services.c and destination.c.
 */
#ifndef SERVICE_H
#define SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/stack.h>

#include "core/arena.h"
#include "core/assert.h"
#include "core/cold.h"
#include "core/siphash.h"
#include "core/timer.h"

/* ---- time */

/* leat_now_ns() without a call: the clock is the first member of struct leat, which base.h
 * asserts. */
static inline uint64_t service_now_ns(const struct leat *stack)
{
    return *(const uint64_t *)(const void *)stack;
}

/* timer_set() and timer_cancel() in the stack's wheel. */
void service_timer_set(struct leat *stack, struct timer *timer, uint64_t at_ns);
void service_timer_cancel(struct leat *stack, struct timer *timer);

/* ---- memory and keys */

/* arena_take() from the stack's memory; arena_cost() tells the bytes that it takes. */
COLD void *service_take(struct leat *stack, size_t count, size_t bytes);

/* The secret key of hash tables. It stays the same for the life of the stack. */
const struct siphash_key *service_table_key(const struct leat *stack);

/* ---- callbacks */

/* A queue entry for a pending callback, embedded in sockets, connections, listeners and tasks. */
struct ready {
    struct ready *next;
    struct ready *prev; /* NULL: not queued */
    void (*run)(struct leat *stack, struct ready *ready);
};

/* Appends @ready to the stack's ready queue unless it is queued already. Its callback runs in this
 * poll or in the next. */
void service_ready(struct leat *stack, struct ready *ready);

/* Removes @ready from the queue, if it is queued. */
static inline void stack_not_ready(struct ready *ready)
{
    if (!ready->prev)
        return;
    ready->prev->next = ready->next;
    ready->next->prev = ready->prev;
    ready->next = ready->prev = 0;
}

/* ---- IPv6 */

/* True if leat_ipv6_register() was called. */
bool service_has_ipv6(const struct leat *stack);

/* True while an IPv6 address is tentative (RFC 4862 5.4). A destination without a route now may
 * have one a second later, so the caller tries again. */
bool service_is_probing6(const struct leat *stack);

/* True if we have a usable address of this family. A link-local address of IPv6 doesn't count. */
bool service_has_address(const struct leat *stack, bool is_v4);

/* ---- destination address selection (RFC 6724 6), both families
 *
 * The rules depend on the source address that the stack would use for each destination.
 * destination_look() finds it once, and stores it with the destination for all comparisons. */

/* A destination address with the facts that the rules compare. */
struct destination {
    struct leat_ip ip;
    struct leat_ip source; /* "::": there is no route to it */
    uint8_t source_bits;   /* prefix length of the source */
    bool is_deprecated;    /* the source is deprecated */
};

/* Fills in @destination for @end from the current routes and addresses. */
void destination_look(struct leat *stack, const struct leat_endpoint *end,
                      struct destination *destination);

/* True if @a is preferred to @b. False if @b is preferred or no rule decides; equal destinations
 * then keep their order (rule 10). */
bool destination_goes_before(const struct leat *stack, const struct destination *a,
                             const struct destination *b);

/* Sorts @count endpoints by these rules, best first; stable. */
void destinations_sort(struct leat *stack, struct leat_endpoint *ends, unsigned count);

#endif
