/* limiter.h -- a token bucket: how often something may happen. */
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

/* True if it may happen now.  @noise takes up to 1/4 of the bucket away at each refill, so that
 * an observer can't count what others used (SAD DNS, CVE-2020-25705); 0: exact. */
bool limiter_take(struct limiter *limiter, uint64_t now_ns, uint64_t noise);

#endif
