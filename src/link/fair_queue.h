/*
 * fair_queue.h -- frames that wait for a full device, by flow: served in turn, those that send
 * little first (RFC 8290 4, without CoDel).
 *
 * A flow is whatever has the same key (frame_flow.h): a connection, two ends that exchange
 * datagrams. Flows that have frames stand in one of two lists. A flow that comes anew stands in
 * `sparse` until it has sent `sparse_bytes`; then it goes to the end of `turns`, where each turn
 * gives it `quantum_bytes` (deficit round robin: Shreedhar, Varghese 1995). `sparse` is served
 * first. A flow that runs empty keeps its place until its turn comes, so that sending in
 * parts gains nothing.
 *
 * No frame is longer than a quantum, so each visit of a flow either serves it or moves it to where
 * the next visit does: what a frame costs doesn't depend on how many flows there are.
 *
 * When there are too many frames, the oldest one of the largest flow makes room. Flows are kept by
 * the power of two of their frames for that; the largest is any flow of the highest power: none has
 * twice as many.
 *
 * A flow is control traffic as long as all of its frames that wait are. Both kinds of flows are
 * counted apart. The frames of a flow always keep their order.
 *
 * Entries for flows are shared by all links of a stack in equal parts. When a link has used up its
 * part, all further flows stand in one queue, the rest, until that is empty.
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
    FLOW_SIZES = 18, /* powers of two of the frames of a flow: at most 2^17 - 1 */
    FLOW_QUANTUM_MIN = 64
};

struct flow {
    uint64_t key;
    struct leat_buf *first; /* frames, linked through `queued` */
    struct leat_buf *last;
    int32_t credit_bytes; /* that it may still send in this turn */
    uint32_t bytes;       /* of all its frames */
    uint32_t frames;      /* that they are to the device */
    uint32_t waiter;      /* woken when `bytes` is wake_bytes or less (transmit.h); 0: none */
    uint32_t wake_bytes;
    uint16_t chain;     /* the next flow of the bucket, or of the free ones */
    uint16_t next;      /* in `sparse` or `turns` */
    uint16_t size_next; /* among those of the same size */
    uint16_t size_prev;
    uint8_t kind; /* enum flow_kind */
    bool is_listed;
};

/* The flows of all links of a stack. */
struct fair_table {
    struct flow *all; /* the first ones are the rest of each link */
    uint16_t *buckets;
    uint16_t bucket_mask;
    uint16_t free;
    uint16_t count; /* without the rests */
    uint16_t links;
};

struct flow_list {
    uint16_t first;
    uint16_t last;
};

/* Those of one link. */
struct fair_queue {
    struct fair_table *table;
    struct flow_list sparse;
    struct flow_list turns;
    uint32_t quantum_bytes;
    uint32_t sparse_bytes;
    uint32_t frames[FLOW_KINDS];
    uint16_t backlogged;             /* flows of FLOW_BULK that have frames */
    uint16_t taken;                  /* entries of the table */
    uint16_t rest;                   /* its flow of all that has no entry */
    uint32_t sizes_used[FLOW_KINDS]; /* a bit for each of the next that isn't empty */
    uint16_t sizes[FLOW_KINDS][FLOW_SIZES];
};

/* Room for @count flows beside the rests, of up to @links_max links. */
COLD size_t fair_table_cost(uint16_t count, uint16_t links_max);
COLD bool fair_table_init(struct fair_table *table, struct arena *arena, uint16_t count,
                          uint16_t links_max);

/* @link: below links_max. No frame is longer than @quantum_bytes. */
COLD void fair_queue_init(struct fair_queue *flows, struct fair_table *table, uint16_t link,
                          uint32_t quantum_bytes, uint32_t sparse_bytes);

/* The flow with this key, or NULL. */
struct flow *fair_queue_find(const struct fair_queue *flows, uint64_t key);

/* Where a frame of this key would be put: NULL is an entry that it would get. */
struct flow *fair_queue_account(const struct fair_queue *flows, uint64_t key);

/* Puts @frame, which is @frames with @bytes to the device, behind what waits of the flow @key.
 * Takes @frame. */
void fair_queue_put(struct fair_queue *flows, uint64_t key, enum flow_kind kind,
                    struct leat_buf *frame, uint32_t bytes, uint32_t frames);

/* The flow whose first frame is to leave; NULL: none has any. */
struct flow *fair_queue_next(struct fair_queue *flows);

/* Takes the first frame of @flow, which has one; fair_queue_left() is still to be called. */
struct leat_buf *fair_queue_take(struct flow *flow);

/* Of @flow @bytes have left, as @frames; @charged_bytes of its turn were used. */
void fair_queue_left(struct fair_queue *flows, struct flow *flow, uint32_t bytes, uint32_t frames,
                     uint32_t charged_bytes);

/* A flow that has at least half as many frames as any other of the kind; NULL: none has any. */
struct flow *fair_queue_largest(const struct fair_queue *flows, enum flow_kind kind);

/* Gives back all entries; no flow has any frames. */
void fair_queue_rest(struct fair_queue *flows);

#endif
