/*
 * destination.h -- which of several addresses to talk to first (RFC 6724 6), of either family.
 *
 * The rules ask for the source address that each would be reached from: so each is looked at once,
 * and then two are compared.
 */
#ifndef DESTINATION_H
#define DESTINATION_H

#include "stack.h"

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
