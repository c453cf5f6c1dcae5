/*
 * limiter.c -- a token bucket.
 *
 * It is filled in one step, once a second. The price: just before and just after a refill, twice
 * the rate may pass in a short time.
 */
#include "core/assert.h"
#include "core/limiter.h"
#include "core/second.h"

void limiter_init(struct limiter *limiter, uint32_t per_s, uint64_t now_ns)
{
    limiter->per_s = per_s;
    limiter->tokens = per_s;
    limiter->filled_at_ns = now_ns;
}

bool limiter_take(struct limiter *limiter, uint64_t now_ns, uint64_t noise)
{
    const uint64_t elapsed_ns = now_ns - limiter->filled_at_ns;

    leat_debug_assert(limiter->tokens <= limiter->per_s);
    if (elapsed_ns >= second_ns) {
        /* noise is applied once per refill: it hides how many tokens were used */
        limiter->tokens = limiter->per_s - (uint32_t)(noise % (limiter->per_s / 4 + 1));
        limiter->filled_at_ns = now_ns;
    }
    if (limiter->tokens == 0)
        return false;
    limiter->tokens--;
    return true;
}
