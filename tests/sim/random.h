/* random.h -- the simulator's random numbers: splitmix64 (Steele, Lea, Flood 2014). One state gives
 * one run. */
#ifndef SIM_RANDOM_H
#define SIM_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct sim_random {
    uint64_t state;
};

static inline uint64_t sim_random_next(struct sim_random *random)
{
    uint64_t z = random->state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* From @low to @high, both included. */
static inline uint64_t sim_random_between(struct sim_random *random, uint64_t low, uint64_t high)
{
    return low + sim_random_next(random) % (high - low + 1);
}

/* The same, with each power of two equally likely: most results are small. */
static inline uint64_t sim_random_scale(struct sim_random *random, uint64_t low, uint64_t high)
{
    uint64_t top = low;

    for (uint64_t doublings = sim_random_between(random, 1, 40); doublings > 0 && top < high;
         doublings = doublings - 1)
        top = top * 2 + 1;
    return sim_random_between(random, low, top < high ? top : high);
}

static inline bool sim_random_percent(struct sim_random *random, unsigned percent)
{
    return sim_random_next(random) % 100 < percent;
}

#endif
