/*
 * stats.c -- the names of the counters, and the balance of their sums.
 *
 * Struct, names, meanings and groups come from one list (LEAT_STATS), so none can be missing. A
 * frame that is freed without a count, or counted twice, makes leat_stats_balance() false.
 */
#include <leat/stats.h>

static const struct {
    const char *name;
    const char *text;
    enum leat_stat_group group;
} stats_table[LEAT_STAT_COUNT] = {
#define ROW(group, name, text) {#name, text, LEAT_STAT_##group},
    LEAT_STATS(ROW)
#undef ROW
};

_Static_assert(sizeof(struct leat_stats) == LEAT_STAT_COUNT * sizeof(uint64_t),
               "leat_stat_value() reads the struct as an array");

const char *leat_stat_name(enum leat_stat stat)
{
    return stats_table[stat].name;
}

const char *leat_stat_text(enum leat_stat stat)
{
    return stats_table[stat].text;
}

enum leat_stat_group leat_stat_group(enum leat_stat stat)
{
    return stats_table[stat].group;
}

uint64_t leat_stat_value(const struct leat_stats *stats, enum leat_stat stat)
{
    return ((const uint64_t *)(const void *)stats)[stat];
}

bool leat_stats_balance(const struct leat_stats *stats)
{
    uint64_t in = 0;
    uint64_t out = 0;

    for (unsigned i = 0; i < LEAT_STAT_COUNT; i++) {
        const uint64_t value = leat_stat_value(stats, (enum leat_stat)i);

        /* events (LEAT_STAT_NOTE) happen beside a packet's way and belong to neither side */
        if (stats_table[i].group == LEAT_STAT_IN)
            in += value;
        else if (stats_table[i].group != LEAT_STAT_NOTE)
            out += value;
    }
    return in == out;
}
