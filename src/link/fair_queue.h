/*
 * fair_queue.h -- queues frames for a full device, by flow. Flows are served in turn, sparse flows
 * first (RFC 8290 4, without CoDel).
 *
 * Frames with the same key (frame_flow.h) form a flow: those of a connection, or the datagrams
 * between two endpoints. Each flow with frames is in one of two lists. A new flow is in `sparse`
 * until it has sent `sparse_bytes`. Then it moves to the end of `turns`, where each turn grants it
 * `quantum_bytes` (deficit round robin: Shreedhar, Varghese 1995). `sparse` is served first. A flow
 * that becomes empty keeps its place until its turn, so that a sender gains nothing from pauses.
 *
 * No frame is longer than a quantum, so each visit of a flow either serves it or moves it to where
 * the next visit will serve it. The cost of a frame doesn't depend on the number of flows.
 *
 * When too many frames wait, the oldest one of the largest flow is dropped. Flows are kept in lists
 * by the power of two of their number of frames. The largest is any flow of the highest power, so
 * no other flow has twice as many.
 *
 * A flow is control traffic as long as all of its waiting frames are. The two kinds of flows are
 * counted separately. The frames of a flow always stay in order.
 *
 * The links of a stack share the entries for flows in equal parts. When a link has used up its
 * part, all further flows go into one queue, the rest, until that is empty.
 */
#ifndef LINK_FAIR_QUEUE_H
#define LINK_FAIR_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/buf.h>

#include "core/arena.h"
#include "core/cold.h"

enum flow_kind {
    FLOW_BULK,
    FLOW_CONTROL,
    FLOW_KINDS
};

enum {
    FLOW_NONE = UINT16_MAX,
    FLOW_SIZES = 18, /* size classes, powers of two of a flow's frames: at most 2^17 - 1 */
    FLOW_QUANTUM_MIN = 64
};

struct flow {
    uint64_t key;
    struct leat_buf *first; /* frames, linked through `queued` */
    struct leat_buf *last;
    int32_t credit_bytes; /* bytes left for this turn */
    uint32_t bytes;       /* total of its frames */
    uint32_t frames;      /* frames as the device will count them */
    uint32_t waiter;      /* woken when `bytes` is wake_bytes or less (transmit.h); 0: none */
    uint32_t wake_bytes;
    uint16_t chain;     /* next flow of the hash bucket, or of the free list */
    uint16_t next;      /* in `sparse` or `turns` */
    uint16_t size_next; /* in the list of its size class */
    uint16_t size_prev;
    uint8_t kind; /* enum flow_kind */
    bool is_listed;
};

/* The flows of all links of a stack. */
struct fair_table {
    struct flow *all; /* first the rest queues, one per link */
    uint16_t *buckets;
    uint16_t bucket_mask;
    uint16_t free;
    uint16_t count; /* without the rest queues */
    uint16_t links;
};

struct flow_list {
    uint16_t first;
    uint16_t last;
};

/* The flows of one link. */
struct fair_queue {
    struct fair_table *table;
    struct flow_list sparse;
    struct flow_list turns;
    uint32_t quantum_bytes;
    uint32_t sparse_bytes;
    uint32_t frames[FLOW_KINDS];
    uint16_t backlogged;             /* flows of FLOW_BULK with frames */
    uint16_t taken;                  /* entries of the table in use */
    uint16_t rest;                   /* the flow for frames without an entry */
    uint32_t sizes_used[FLOW_KINDS]; /* bitmap of the size classes that aren't empty */
    uint16_t sizes[FLOW_KINDS][FLOW_SIZES];
};

/* Memory for @count flows, plus a rest queue for each of up to @links_max links. */
COLD size_t fair_table_cost(uint16_t count, uint16_t links_max);
COLD bool fair_table_init(struct fair_table *table, struct arena *arena, uint16_t count,
                          uint16_t links_max);

/* @link: less than links_max. No frame may be longer than @quantum_bytes. */
COLD void fair_queue_init(struct fair_queue *flows, struct fair_table *table, uint16_t link,
                          uint32_t quantum_bytes, uint32_t sparse_bytes);

/* The flow with this key, or NULL. */
struct flow *fair_queue_find(const struct fair_queue *flows, uint64_t key);

/* The flow that a frame with this key would be added to; NULL: a new entry. */
struct flow *fair_queue_account(const struct fair_queue *flows, uint64_t key);

/* Appends @frame to the flow @key. The device counts it as @frames frames of @bytes in all.  Takes
 * @frame. */
void fair_queue_put(struct fair_queue *flows, uint64_t key, enum flow_kind kind,
                    struct leat_buf *frame, uint32_t bytes, uint32_t frames);

/* The flow whose first frame is sent next; NULL: no frames wait. */
struct flow *fair_queue_next(struct fair_queue *flows);

/* Removes the first frame of @flow, which must have one. The caller then calls
 * fair_queue_left(). */
struct leat_buf *fair_queue_take(struct flow *flow);

/* Accounts for @bytes of @flow that have left in @frames frames; its turn pays for
 * @charged_bytes. */
void fair_queue_left(struct fair_queue *flows, struct flow *flow, uint32_t bytes, uint32_t frames,
                     uint32_t charged_bytes);

/* A flow with at least half as many frames as any other of the kind; NULL: none has frames. */
struct flow *fair_queue_largest(const struct fair_queue *flows, enum flow_kind kind);

/* Frees all entries; no flow may have frames. */
void fair_queue_rest(struct fair_queue *flows);

#endif
