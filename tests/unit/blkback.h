/* blkback.h -- a model of the domain that serves a disk of Xen; its hypervisor and its store are
 * those of netback.h. */
#ifndef BLKBACK_H
#define BLKBACK_H

#include "netback.h"

#include "netif/xen/block.h"

enum {
    BLKBACK_UNITS = 256 /* of 512 bytes */
};

struct blkback {
    struct leat_xen_block block; /* the driver under test */
    struct xen_store store;
    struct xen_ring_head *head; /* NULL: not connected */
    uint32_t taken, answered;
    struct xen_block_ring_request request; /* the last one that was taken */
    uint8_t disk[BLKBACK_UNITS * XEN_BLOCK_UNIT];
    uint8_t pages[(size_t)XEN_BLOCK_PAGES * XEN_PAGE_BYTES] __attribute__((aligned(4096)));
};

extern struct blkback blkback;

/* A disk of BLKBACK_UNITS that is ready. */
void blkback_init(void);

enum leat_err blkback_start(const char **why);

/* Takes the next request; false: there is none. */
bool blkback_take(void);

/* Reads or writes what `request` asks for. */
void blkback_do(void);

/* Answers. */
void blkback_answer(uint64_t id, int16_t status);

/* All three for every request. */
void blkback_serve(void);

#endif
