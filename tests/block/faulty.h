/*
 * faulty.h -- a block device in memory, with the faults of real ones.
 *
 * Writes go to a volatile cache, as those of a disk do; a flush makes them stable. When the power
 * is cut, each sector in the cache is there as a whole, not at all, or in part.
 */
#ifndef FAULTY_H
#define FAULTY_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/block.h>

enum {
    FAULTY_HELD = 32,
    FAULTY_DISCARDED = 0xdd /* bytes of sectors behind a discard */
};

struct faulty {
    struct leat_block_device device; /* first */
    uint8_t *cached;                 /* what reads see */
    uint8_t *stable;                 /* what a cut leaves */
    struct leat_block_request *held[FAULTY_HELD];
    unsigned held_count;
    uint32_t room;     /* requests that start() takes before it refuses one */
    unsigned looks;    /* looks of finished() before a request ends */
    unsigned looked;   /* since the last end */
    bool newest_first; /* the order of ends */
    bool is_prompt;    /* a close finds all requests done, as those of a file are */
    bool closed;
    uint64_t writes;     /* so far */
    uint64_t fail_write; /* the number of the write that fails, from 1; 0: none */
    uint64_t fail_flush; /* likewise of a flush */
    uint64_t flushes;
    uint64_t last, last_count; /* sectors of the last read or write */
    uint64_t bad_sector;       /* reads of it fail; UINT64_MAX: none */
    /* called when a write is in the cache, before its end; NULL: not wanted */
    void (*on_write)(struct faulty *faulty);
};

/* Makes a device of @sectors of @sector_bytes, all zero; frees an older one's memory. */
void faulty_open(struct faulty *faulty, uint32_t sector_bytes, uint64_t sectors);
void faulty_free(struct faulty *faulty);

/* Writes to @image what a cut would leave: each sector of the cache is old, new or, with @torn, a
 * part of each, as @random draws. */
void faulty_cut(const struct faulty *faulty, uint8_t *image, bool torn, uint32_t (*random)(void));

/* The device has exactly these bytes, all of them stable. */
void faulty_load(struct faulty *faulty, const uint8_t *image);

#endif
