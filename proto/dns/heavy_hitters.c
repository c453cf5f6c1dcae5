/* heavy_hitters.c -- see leat/top.h. */
#include <leat/top.h>

#include <string.h>

void leat_top_count(struct leat_top *top, const void *key, size_t len)
{
    const uint8_t key_len = (uint8_t)(len < LEAT_TOP_KEY_BYTES ? len : LEAT_TOP_KEY_BYTES);
    struct leat_top_entry *entry = top->entries;

    for (struct leat_top_entry *at = top->entries; at < top->entries + LEAT_TOP_PLACES; at++) {
        if (at->count > 0 && at->key_len == key_len && memcmp(at->key, key, key_len) == 0) {
            at->count++;
            return;
        }
        if (at->count < entry->count) /* the least frequent entry, or a free one */
            entry = at;
    }
    /* Space-Saving (Metwally and others, 2005): a newcomer inherits the smallest count, and `above`
     * notes by how much its own may be too high. So each key with more than 1 / LEAT_TOP_PLACES of
     * all counts has a place. */
    entry->above = entry->count;
    entry->count++;
    entry->key_len = key_len;
    memcpy(entry->key, key, key_len);
}

unsigned leat_top_rank(const struct leat_top *top, const struct leat_top_entry **ranked,
                       unsigned count_max)
{
    unsigned count = 0;

    for (unsigned i = 0; i < LEAT_TOP_PLACES; i++) {
        const struct leat_top_entry *entry = &top->entries[i];
        unsigned at = count < count_max ? count : count_max;

        if (entry->count == 0)
            continue;
        /* sorted in by insertion: the places are few, and the result needs no memory but the
         * caller's */
        while (at > 0 && ranked[at - 1]->count < entry->count) {
            if (at < count_max)
                ranked[at] = ranked[at - 1];
            at--;
        }
        if (at < count_max)
            ranked[at] = entry;
        count += count < count_max;
    }
    return count;
}
