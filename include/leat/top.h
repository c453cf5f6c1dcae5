/*
 * top.h -- the most frequent keys of an endless sequence, in bounded memory: for example names that
 * are looked up, or clients (Metwally, Agrawal, El Abbadi: Space-Saving, 2005).
 *
 * A key without a place takes over the place of the rarest one, and its count.  So a count is never
 * too low, and at most leat_top_entry.above too high.  A key that makes up more than one part in
 * LEAT_TOP_PLACES of the sequence always has a place.
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
    LEAT_TOP_KEY_BYTES = 255 /**< longest key; a longer one is counted by its beginning */
};

/** A key and its count. */
struct leat_top_entry {
    uint64_t count;                  /**< never too low; 0: this place is free */
    uint64_t above;                  /**< largest error of `count` */
    uint8_t key_len;                 /**< bytes of the key */
    uint8_t key[LEAT_TOP_KEY_BYTES]; /**< the key */
};

/** Counts keys.  All zeros is an empty one. */
struct leat_top {
    struct leat_top_entry entries[LEAT_TOP_PLACES]; /**< in no order */
};

/** Counts a key once.  Costs a walk over all places. */
void leat_top_count(struct leat_top *top, const void *key, size_t len);

/**
 * Sets @p ranked to the @p count_max most frequent entries, the most frequent first; among equal
 * ones the lower place comes first.  Returns how many there are.  They are views, valid until
 * leat_top_count().
 */
unsigned leat_top_rank(const struct leat_top *top, const struct leat_top_entry **ranked,
                       unsigned count_max);

#ifdef __cplusplus
}
#endif
#endif
