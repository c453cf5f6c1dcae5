/*
 * block.h -- the inside of a disk of Xen (public/io/blkif.h): one ring, and a few pages for each
 * request.
 *
 * Theory of operation.  The other domain can touch the ring and the pages of requests, and nothing
 * else: data are copied between these pages and the caller's buffers.  So a buffer may lie
 * anywhere, has no grant, and is the caller's again at once when the disk is lost.  The pages are
 * granted as we connect and stay granted ("persistent grants"), so that the other domain maps each
 * only once.
 *
 * A response is copied once before it is looked at.  Its data are copied once, too: the caller
 * checks bytes that don't change any more.
 */
#ifndef XEN_BLOCK_H
#define XEN_BLOCK_H

#include <leat/xen_block.h>

#include "bus.h"
#include "rings.h"

enum {
    XEN_BLOCK_UNIT = 512,      /* in which sectors are counted, whatever their size is */
    XEN_BLOCK_REQUESTS = 8,    /* with the other domain at a time */
    XEN_BLOCK_SEGMENTS = 11,   /* BLKIF_MAX_SEGMENTS_PER_REQUEST: pages of a request */
    XEN_BLOCK_RING_SLOTS = 32, /* as many as fit into a page, rounded down to a power of two */
    XEN_BLOCK_PAGES = 1 + XEN_BLOCK_REQUESTS * XEN_BLOCK_SEGMENTS, /* the ring first */
    XEN_BLOCK_BYTES_MAX = XEN_BLOCK_SEGMENTS * XEN_PAGE_BYTES,
    XEN_BLOCK_READ_ONLY = 4 /* of `info`: VDISK_READONLY */
};

enum xen_block_operation {
    XEN_BLOCK_READ = 0,
    XEN_BLOCK_WRITE = 1,
    XEN_BLOCK_FLUSH = 3
};

enum xen_block_status {
    XEN_BLOCK_OKAY = 0,
    XEN_BLOCK_UNSUPPORTED = -2
};

struct xen_block_segment {
    uint32_t ref;
    uint8_t first, last; /* units of the page */
    uint16_t pad;
};

/* struct blkif_request, as 64-bit domains see it */
struct xen_block_ring_request {
    uint8_t operation;
    uint8_t segment_count;
    uint16_t handle;
    uint32_t pad;
    uint64_t id;
    uint64_t unit;
    struct xen_block_segment segments[XEN_BLOCK_SEGMENTS];
};

struct xen_block_ring_response {
    uint64_t id;
    uint8_t operation;
    uint8_t pad;
    int16_t status;
    uint32_t pad2;
};

union xen_block_ring_slot {
    struct xen_block_ring_request request;
    struct xen_block_ring_response response;
};

struct xen_block_ring {
    struct xen_ring_head head;
    union xen_block_ring_slot slots[XEN_BLOCK_RING_SLOTS];
};

_Static_assert(sizeof(union xen_block_ring_slot) == 112, "the size of a slot is the protocol's");
_Static_assert(sizeof(struct xen_block_ring) <= XEN_PAGE_BYTES, "a ring is a page");
_Static_assert((int)XEN_BLOCK_REQUESTS <= (int)XEN_BLOCK_RING_SLOTS, "each request has a slot");

struct leat_xen_block {
    struct leat_block_device block; /* must be first: its address is also that of the struct */
    struct xen_machine *machine;
    struct xen_store *store;
    struct xen_bus bus;
    struct xen_ring ring;
    uint8_t *pages;       /* XEN_BLOCK_PAGES, aligned */
    const char *why_lost; /* NULL: it isn't, or was closed */
    bool connected;       /* there is a ring */
    bool stopped;         /* no request is given to the other domain any more */
    uint32_t port;
    uint32_t pages_kept; /* pages that the other domain didn't let go of */
    struct leat_block_request *requests[XEN_BLOCK_REQUESTS]; /* NULL: it has none */
    struct leat_block_request *ended;                        /* without an answer */
    struct leat_block_request **end;
};

static inline struct xen_block_ring *xen_block_ring(const struct leat_xen_block *block)
{
    return (void *)block->pages;
}

/* The page @segment of the request @id. */
static inline uint8_t *xen_block_page(const struct leat_xen_block *block, uint32_t id,
                                      uint32_t segment)
{
    return block->pages + (size_t)(1 + id * XEN_BLOCK_SEGMENTS + segment) * XEN_PAGE_BYTES;
}

static inline uint32_t xen_block_ref(const struct leat_xen_block *block, const uint8_t *page)
{
    return block->machine->ref_first + (uint32_t)((size_t)(page - block->pages) / XEN_PAGE_BYTES);
}

/* Brings up the disk @number of block->machine.  The rest is zero; `store` and `pages` are set. */
enum leat_err xen_block_start(struct leat_xen_block *block, unsigned number, const char **why);

/* ---- block_connect.c ---------------------------------------------------------------------- */

/* Does what the handshake asks for; false: the disk is lost. */
bool xen_block_serve(void *block, uint64_t now_ns);

/* Goes through the states of an end, for at most @most_ns. */
void xen_block_leave(struct leat_xen_block *block, uint64_t most_ns);

/* Ends the use of the other domain; requests without an answer end with @err. */
void xen_block_stop(struct leat_xen_block *block, enum leat_err err);

/* The same because of a failure. */
void xen_block_lose(struct leat_xen_block *block, const char *why);

#endif
