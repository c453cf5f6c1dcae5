/* civil.c -- civil time, derived from the stack's clock; core/date.c makes dates of it. */
#include <leat/civil.h>

#include "base.h"

uint64_t leat_civil_ns(const struct leat *stack)
{
    return stack->civil_known ? stack->civil_at_zero_ns + stack->now_ns : 0;
}

void leat_civil_set(struct leat *stack, uint64_t civil_ns)
{
    stack->civil_known = civil_ns != 0;
    /* if the clock is ahead of civil time, this wraps modulo 2^64, which leat_civil_ns() undoes */
    stack->civil_at_zero_ns = civil_ns - stack->now_ns;
}

bool leat_civil_from_host(struct leat *stack, struct leat_host *host)
{
    const uint64_t civil_ns = host->civil_ns ? host->civil_ns(host) : 0;

    if (civil_ns != 0) /* the clock has advanced since the poll */
        leat_civil_set(stack, civil_ns - (host->now_ns(host) - stack->now_ns));
    return civil_ns != 0;
}
