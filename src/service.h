/*
 * service.h -- all that a library on top of the stack sees of the stack's inside: proto/, tls/,
 * web/ and task/ have include/leat, this header and the helpers of core/ and wire/.
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

/* leat_now_ns() without a call: the clock is the first member of struct leat, which stack.h
 * asserts. */
static inline uint64_t service_now_ns(const struct leat *stack)
{
    return *(const uint64_t *)(const void *)stack;
}

/* timer_set() and timer_cancel() in the stack's wheel. */
void service_timer_set(struct leat *stack, struct timer *timer, uint64_t at_ns);
void service_timer_cancel(struct leat *stack, struct timer *timer);

/* ---- memory and keys */

/* arena_take() of the stack's block; arena_cost() is its price. */
COLD void *service_take(struct leat *stack, size_t count, size_t bytes);

/* The secret key of hash tables. It stays the same for the life of the stack. */
const struct siphash_key *service_table_key(const struct leat *stack);

/* ---- callbacks */

/* Something that wants its callback called: lies in sockets, connections, listeners, tasks. */
struct ready {
    struct ready *next;
    struct ready *prev; /* NULL: not queued */
    void (*run)(struct leat *stack, struct ready *ready);
};

/* Puts @ready at the end of the stack's ring, if it is in no ring: it is called in this poll or the
 * next. */
void service_ready(struct leat *stack, struct ready *ready);

/* Takes @ready out of the ring, if it is in it. */
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

/* True while an address of IPv6 is being checked (RFC 4862 5.4): a destination without a route now
 * may have one in a second, so the caller tries again. */
bool service_is_probing6(const struct leat *stack);

/* ---- which of several addresses to talk to first (RFC 6724 6), of either family
 *
 * The rules ask for the source address that each would be reached from: so each is looked at once,
 * and then two are compared.
 */

/* An address to talk to, and what the rules ask of it. */
struct destination {
    struct leat_ip ip;
    struct leat_ip source; /* "::": it can't be reached */
    uint8_t source_bits;   /* of its prefix */
    bool is_deprecated;    /* the source */
};

/* Looks at @end, as things are now. */
void destination_look(struct leat *stack, const struct leat_endpoint *end,
                      struct destination *destination);

/* True if @a goes before @b; false if it is the other way round, or no rule tells them apart: then
 * they stay in the order in which they came (rule 10). */
bool destination_goes_before(const struct leat *stack, const struct destination *a,
                             const struct destination *b);

/* Sorts @count ends by these rules. */
void destinations_sort(struct leat *stack, struct leat_endpoint *ends, unsigned count);

#endif
