/*
 * top.h -- what is most frequent in an endless row of keys, in bounded memory: names that are asked
 * for, clients that ask (Metwally, Agrawal, El Abbadi: Space-Saving, 2005).
 *
 * A key that has no place takes over that of the rarest, and its count.  So a count is never too
 * low, and too high by leat_top_entry.above at most; a key that makes up more than one part in
 * LEAT_TOP_PLACES of the row is always there.
 */
#ifndef LEAT_TOP_H
#define LEAT_TOP_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Limits. */
enum {
    LEAT_TOP_PLACES = 64,    /**< keys that are counted at a time */
    LEAT_TOP_KEY_BYTES = 255 /**< of a key, at most: what is longer is counted by its beginning */
};

/** A key and how often it came. */
struct leat_top_entry {
    uint64_t count;                  /**< never too low; 0: this place is free */
    uint64_t above;                  /**< by so much at most it is too high */
    uint8_t key_len;                 /**< bytes of the key */
    uint8_t key[LEAT_TOP_KEY_BYTES]; /**< the key */
};

/** Counts keys.  All zeros is an empty one. */
struct leat_top {
    struct leat_top_entry entries[LEAT_TOP_PLACES]; /**< in no order */
};

/** The key has come once more.  Costs a walk over all places. */
void leat_top_count(struct leat_top *top, const void *key, size_t len);

/**
 * Sets @p ranked to the @p count_max most frequent entries, the most frequent first; of equal ones
 * the one with the lower place is.  Returns how many there are.  They are views, valid until
 * leat_top_count().
 */
unsigned leat_top_rank(const struct leat_top *top, const struct leat_top_entry **ranked,
                       unsigned count_max);

#ifdef __cplusplus
}
#endif
#endif
