/* limiter.h -- a token bucket that limits how often something happens. */
#ifndef CORE_LIMITER_H
#define CORE_LIMITER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/cold.h"

struct limiter {
    uint32_t per_s; /* rate, and size of the bucket */
    uint32_t tokens;
    uint64_t filled_at_ns;
};

COLD void limiter_init(struct limiter *limiter, uint32_t per_s, uint64_t now_ns);

/* Takes a token; false: none is left.  @noise removes up to 1/4 of the bucket at each refill; 0:
 * exact. An observer can't count the tokens that others used then (SAD DNS, CVE-2020-25705). */
bool limiter_take(struct limiter *limiter, uint64_t now_ns, uint64_t noise);

#endif
