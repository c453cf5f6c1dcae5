/*
 * fair_queue.c -- queues frames for a full device, by flow: see fair_queue.h.
 *
 * transmit.c puts frames with fair_queue_put(). It serves them by fair_queue_next(),
 * fair_queue_take() and fair_queue_left(), one frame at a time. Links between flows are indices,
 * because a table has few entries and each has several links.
 */
#include "link/fair_queue.h"

#include "core/assert.h"

static inline struct flow *entry_at(const struct fair_queue *flows, uint16_t index)
{
    return &flows->table->all[index];
}

static inline uint16_t index_of(const struct fair_queue *flows, const struct flow *flow)
{
    return (uint16_t)(flow - flows->table->all);
}

/* ---- the table ---------------------------------------------------------------------------- */

static uint32_t bucket_count(uint16_t count)
{
    uint32_t buckets = 1;

    while (buckets < count)
        buckets *= 2;
    return buckets;
}

size_t fair_table_cost(uint16_t count, uint16_t links_max)
{
    return arena_cost((size_t)count + links_max, sizeof(struct flow)) +
           arena_cost(bucket_count(count), sizeof(uint16_t));
}

bool fair_table_init(struct fair_table *table, struct arena *arena, uint16_t count,
                     uint16_t links_max)
{
    const uint32_t rest = links_max;
    const uint32_t buckets = bucket_count(count);

    leat_assert(rest + count < FLOW_NONE);
    table->all = arena_take(arena, rest + count, sizeof(struct flow));
    table->buckets = arena_take(arena, buckets, sizeof(uint16_t));
    if (!table->all || !table->buckets)
        return false;
    table->bucket_mask = (uint16_t)(buckets - 1);
    table->count = count;
    table->links = 0;
    table->free = FLOW_NONE;
    for (uint32_t i = 0; i < buckets; i++)
        table->buckets[i] = FLOW_NONE;
    /* the rest queues, in front, belong to their links for ever and are never in the free list */
    for (uint32_t i = rest + count; i-- > rest;) {
        table->all[i].chain = table->free;
        table->free = (uint16_t)i;
    }
    return true;
}

void fair_queue_init(struct fair_queue *flows, struct fair_table *table, uint16_t link,
                     uint32_t quantum_bytes, uint32_t sparse_bytes)
{
    leat_assert(quantum_bytes >= FLOW_QUANTUM_MIN && sparse_bytes >= FLOW_QUANTUM_MIN);
    *flows = (struct fair_queue){.table = table,
                                 .sparse = {FLOW_NONE, FLOW_NONE},
                                 .turns = {FLOW_NONE, FLOW_NONE},
                                 .quantum_bytes = quantum_bytes,
                                 .sparse_bytes = sparse_bytes,
                                 .rest = link};
    table->links++;
    for (unsigned kind = 0; kind < FLOW_KINDS; kind++) {
        for (unsigned size = 0; size < FLOW_SIZES; size++)
            flows->sizes[kind][size] = FLOW_NONE;
    }
}

/* @key is a keyed hash already (frame_flow_key()), so its low bits are as good as any. */
static uint16_t *bucket_of(const struct fair_queue *flows, uint64_t key)
{
    return &flows->table->buckets[key & flows->table->bucket_mask];
}

struct flow *fair_queue_find(const struct fair_queue *flows, uint64_t key)
{
    uint16_t index = *bucket_of(flows, key);

    while (index != FLOW_NONE && entry_at(flows, index)->key != key)
        index = entry_at(flows, index)->chain;
    return index != FLOW_NONE ? entry_at(flows, index) : 0;
}

/* True if a new flow gets an entry. It doesn't while frames wait in the rest queue: some may be its
 * own, and later frames would overtake them. */
static bool has_entry(const struct fair_queue *flows)
{
    const struct fair_table *table = flows->table;

    return table->free != FLOW_NONE && flows->taken < table->count / table->links &&
           entry_at(flows, flows->rest)->frames == 0;
}

struct flow *fair_queue_account(const struct fair_queue *flows, uint64_t key)
{
    struct flow *flow = fair_queue_find(flows, key);

    return flow || has_entry(flows) ? flow : entry_at(flows, flows->rest);
}

/* Creates an entry; the caller has checked that one is free. */
static struct flow *entry_new(struct fair_queue *flows, uint64_t key)
{
    struct fair_table *table = flows->table;
    uint16_t *bucket = bucket_of(flows, key);
    struct flow *flow = entry_at(flows, table->free);

    table->free = flow->chain;
    flows->taken++;
    *flow = (struct flow){.key = key, .chain = *bucket};
    *bucket = index_of(flows, flow);
    return flow;
}

static void entry_free(struct fair_queue *flows, struct flow *flow)
{
    const uint16_t index = index_of(flows, flow);
    uint16_t *link = bucket_of(flows, flow->key);

    leat_assert(flow->frames == 0 && !flow->first);
    flow->is_listed = false;
    /* the rest queue has no bucket */
    if (index == flows->rest)
        return;
    while (*link != index)
        link = &entry_at(flows, *link)->chain;
    *link = flow->chain;
    flow->chain = flows->table->free;
    flows->table->free = index;
    flows->taken--;
}

/* ---- sizes -------------------------------------------------------------------------------- */

/* The size class of a flow: the position of the highest bit in its number of frames. */
static inline unsigned size_of(uint32_t frames)
{
    const unsigned size = 31u - (unsigned)__builtin_clz(frames);

    return size < FLOW_SIZES ? size : FLOW_SIZES - 1;
}

/* Lists of size classes are doubly linked, because a flow may leave from the middle. */
static void size_leave(struct fair_queue *flows, struct flow *flow, unsigned size)
{
    if (flow->size_next != FLOW_NONE)
        entry_at(flows, flow->size_next)->size_prev = flow->size_prev;
    if (flow->size_prev != FLOW_NONE)
        entry_at(flows, flow->size_prev)->size_next = flow->size_next;
    else
        flows->sizes[flow->kind][size] = flow->size_next;
    if (flows->sizes[flow->kind][size] == FLOW_NONE)
        flows->sizes_used[flow->kind] &= ~(1u << size);
}

static void size_enter(struct fair_queue *flows, struct flow *flow, unsigned size)
{
    uint16_t *first = &flows->sizes[flow->kind][size];

    flow->size_prev = FLOW_NONE;
    flow->size_next = *first;
    if (*first != FLOW_NONE)
        entry_at(flows, *first)->size_prev = index_of(flows, flow);
    *first = index_of(flows, flow);
    flows->sizes_used[flow->kind] |= 1u << size;
}

/* Records that @flow has @frames waiting. */
static void set_frames(struct fair_queue *flows, struct flow *flow, uint32_t frames)
{
    const uint32_t before = flow->frames;

    flow->frames = frames;
    flows->frames[flow->kind] += frames - before;
    if (flow->kind == FLOW_BULK)
        flows->backlogged = (uint16_t)(flows->backlogged + (frames > 0) - (before > 0));
    if (before > 0 && frames > 0 && size_of(before) == size_of(frames))
        return; /* the size class stays */
    if (before > 0)
        size_leave(flows, flow, size_of(before));
    if (frames > 0)
        size_enter(flows, flow, size_of(frames));
}

/* Changes the kind of all frames of @flow. */
static void set_kind(struct fair_queue *flows, struct flow *flow, enum flow_kind kind)
{
    const uint32_t frames = flow->frames;

    if (flow->kind == kind)
        return;
    /* emptied under the old kind and refilled under the new one, which moves all counts */
    set_frames(flows, flow, 0);
    flow->kind = (uint8_t)kind;
    set_frames(flows, flow, frames);
}

struct flow *fair_queue_largest(const struct fair_queue *flows, enum flow_kind kind)
{
    const uint32_t used = flows->sizes_used[kind];

    /* the highest bit of the bitmap is the highest size class with a flow */
    return used ? entry_at(flows, flows->sizes[kind][size_of(used)]) : 0;
}

/* ---- turns -------------------------------------------------------------------------------- */

/* Lists of turns need one direction: only their first flow is ever taken out. */
static void list_put(struct fair_queue *flows, struct flow_list *list, struct flow *flow)
{
    const uint16_t index = index_of(flows, flow);

    flow->next = FLOW_NONE;
    flow->is_listed = true;
    if (list->first == FLOW_NONE)
        list->first = index;
    else
        entry_at(flows, list->last)->next = index;
    list->last = index;
}

static struct flow *list_take(const struct fair_queue *flows, struct flow_list *list)
{
    struct flow *flow = entry_at(flows, list->first);

    list->first = flow->next;
    flow->is_listed = false;
    return flow;
}

void fair_queue_put(struct fair_queue *flows, uint64_t key, enum flow_kind kind,
                    struct leat_buf *frame, uint32_t bytes, uint32_t frames)
{
    struct flow *flow = fair_queue_account(flows, key);

    if (!flow)
        flow = entry_new(flows, key);
    /* one bulk frame makes the flow bulk; only an empty flow may become control traffic */
    if (flow->frames == 0 || kind == FLOW_BULK)
        set_kind(flows, flow, kind);
    frame->queued = 0;
    if (flow->first)
        flow->last->queued = frame;
    else
        flow->first = frame;
    flow->last = frame;
    flow->bytes += bytes;
    set_frames(flows, flow, flow->frames + frames);
    /* an empty flow that is still listed waits for its turn with the credit that it has */
    if (!flow->is_listed) {
        flow->credit_bytes = (int32_t)flows->sparse_bytes;
        list_put(flows, &flows->sparse, flow);
    }
}

/* Moves the first flow of @list, which can't be served, as RFC 8290 4.2 says. */
static void move_on(struct fair_queue *flows, struct flow_list *list)
{
    struct flow *flow = list_take(flows, list);

    if (flow->credit_bytes <= 0) { /* its turn is over: it gets a quantum for the next one */
        flow->credit_bytes += (int32_t)flows->quantum_bytes;
        list_put(flows, &flows->turns, flow);
    } else if (list == &flows->sparse && flows->turns.first != FLOW_NONE) {
        list_put(flows, &flows->turns, flow); /* empty, but not new if it has frames again */
    } else {
        entry_free(flows, flow); /* still empty when its turn came */
    }
}

/* The loop ends: a flow that move_on() doesn't free has credit when it comes to the front again,
 * and each flow without frames is freed in its turn. */
struct flow *fair_queue_next(struct fair_queue *flows)
{
    for (;;) {
        struct flow_list *list = flows->sparse.first != FLOW_NONE ? &flows->sparse : &flows->turns;
        struct flow *flow;

        if (list->first == FLOW_NONE)
            return 0;
        flow = entry_at(flows, list->first);
        if (flow->first && flow->credit_bytes > 0)
            return flow;
        move_on(flows, list);
    }
}

struct leat_buf *fair_queue_take(struct flow *flow)
{
    struct leat_buf *frame = flow->first;

    flow->first = frame->queued;
    frame->queued = 0;
    return frame;
}

void fair_queue_left(struct fair_queue *flows, struct flow *flow, uint32_t bytes, uint32_t frames,
                     uint32_t charged_bytes)
{
    leat_assert(frames <= flow->frames && bytes <= flow->bytes);
    /* a frame that was dropped costs the flow no credit */
    flow->credit_bytes -= (int32_t)charged_bytes;
    flow->bytes -= bytes;
    set_frames(flows, flow, flow->frames - frames);
    leat_debug_assert((flow->frames == 0) == (flow->first == 0));
}

void fair_queue_rest(struct fair_queue *flows)
{
    struct flow *served = fair_queue_next(flows); /* frees the entries that it passes */

    leat_assert(!served);
}
