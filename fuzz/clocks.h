/* clocks.h -- start times at which fields with fewer bits than a time wrap. */
#ifndef CLOCKS_H
#define CLOCKS_H

#include <stdint.h>

/* A time near such a wrap: of milliseconds in 32 and 31 bits, of ticks in 32 bits, of slots
 * in the wheel's higher levels. The remaining bits of @clock and @back say how long before it. */
static inline uint64_t clock_near_wrap(uint8_t clock, uint8_t back)
{
    static const uint64_t wraps[] = {UINT64_C(1) << 40,
                                     (UINT64_C(1) << 32) * 1000000,
                                     (UINT64_C(1) << 31) * 1000000,
                                     UINT64_C(1) << 42,
                                     UINT64_C(1) << 46,
                                     UINT64_C(1) << 52,
                                     UINT64_C(1) << 58,
                                     UINT64_C(1) << 63};
    const uint64_t wrap = wraps[clock % 8], before = (uint64_t)(back + 1) << (clock >> 3);

    return before < wrap ? wrap - before : 0;
}

#endif
