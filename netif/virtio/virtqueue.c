/*
 * virtqueue.c -- one split virtqueue.
 *
 * The driver adds chains, publishes them together, and takes used ones back. Words that both sides
 * write are read or written once each. All other state is private, so a device that writes into the
 * shared parts can't change which buffers are free.
 */
#include "virtqueue.h"

#include <leat/assert.h>

#include <string.h>

enum {
    DESCRIPTOR_NEXT = 1, /* virtio 1.2, 2.7.5 */
    DESCRIPTOR_WRITE = 2,
    DESCRIPTOR_INDIRECT = 4,
    AVAILABLE_NO_INTERRUPT = 1, /* 2.7.6 */
    USED_NO_NOTIFY = 1          /* 2.7.8 */
};

/* Access to words that both sides write: each is read or written once, in an order that both see.
 */
static uint16_t shared_read(const uint16_t *at)
{
    return __atomic_load_n(at, __ATOMIC_ACQUIRE);
}

static void shared_write(uint16_t *at, uint16_t value)
{
    __atomic_store_n(at, value, __ATOMIC_RELEASE);
}

/* Our last write must be visible before we read the device's words (2.7.13.4.1). */
static void full_barrier(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void virtqueue_init(struct virtqueue *queue, uint16_t size, bool event_index,
                    struct virtqueue_indirect *indirect)
{
    leat_assert((size & (size - 1)) == 0);
    leat_assert(size <= VIRTQUEUE_SIZE_MAX);
    memset(queue, 0, sizeof *queue);
    queue->size = size;
    queue->event_index = event_index;
    queue->indirect = indirect;
    queue->free_count = size;
    for (uint16_t i = 0; i < size; i++)
        queue->chains[i].next = (uint16_t)(i + 1); /* the last one's is never followed */
}

uint16_t virtqueue_room(const struct virtqueue *queue)
{
    if (queue->broken)
        return 0;
    /* Without indirect tables each piece takes a descriptor, and the largest chain counts. */
    return queue->indirect ? queue->free_count
                           : (uint16_t)(queue->free_count / VIRTQUEUE_PIECES_MAX);
}

/* The flags of the descriptor of piece @i. */
static uint16_t flags_of(const struct virtqueue_pieces *pieces, unsigned i)
{
    return (uint16_t)((i < pieces->read ? 0 : DESCRIPTOR_WRITE) |
                      (i + 1 == pieces->count ? 0 : DESCRIPTOR_NEXT));
}

/* Fills in a table of descriptors, in consecutive order. */
static void describe(struct virtqueue_descriptor *table, const struct virtqueue_pieces *pieces)
{
    leat_assert(pieces->count <= VIRTQUEUE_PIECES_MAX);
    for (unsigned i = 0; i < pieces->count; i++) {
        table[i].address = (uintptr_t)pieces->list[i].bytes;
        table[i].len = pieces->list[i].len;
        table[i].flags = flags_of(pieces, i);
        table[i].next = (uint16_t)(i + 1 == pieces->count ? 0 : i + 1);
    }
}

/* One descriptor, which points to the table of the others. */
static void add_indirect(struct virtqueue *queue, uint16_t head,
                         const struct virtqueue_pieces *pieces)
{
    struct virtqueue_descriptor *table = queue->indirect[head].table;

    describe(table, pieces);
    queue->descriptors[head] =
        (struct virtqueue_descriptor){.address = (uintptr_t)table,
                                      .len = (uint32_t)(pieces->count * sizeof *table),
                                      .flags = DESCRIPTOR_INDIRECT};
}

/* A descriptor per piece, in the order of the free list. */
static void add_chained(struct virtqueue *queue, uint16_t head,
                        const struct virtqueue_pieces *pieces)
{
    uint16_t at = head;

    for (unsigned i = 0; i < pieces->count; i++) {
        const uint16_t next = queue->chains[at].next;

        queue->descriptors[at] =
            (struct virtqueue_descriptor){.address = (uintptr_t)pieces->list[i].bytes,
                                          .len = pieces->list[i].len,
                                          .flags = flags_of(pieces, i),
                                          .next = i + 1 == pieces->count ? 0 : next};
        at = next;
    }
}

/* Bytes that the device may write. */
static uint32_t capacity_of(const struct virtqueue_pieces *pieces)
{
    uint32_t total = 0;

    for (unsigned i = pieces->read; i < pieces->count; i++)
        total += pieces->list[i].len;
    return total;
}

bool virtqueue_add_mixed(struct virtqueue *queue, const struct virtqueue_pieces *pieces,
                         void *token)
{
    const unsigned count = pieces->count;
    const bool indirect = queue->indirect && count > 1;
    const uint16_t cost = indirect ? 1 : (uint16_t)count;
    const uint16_t head = queue->first_free;
    struct virtqueue_chain *chain;

    leat_assert(pieces->read <= count);
    leat_assert(token != 0); /* NULL means that the device does not have it */
    if (queue->broken || count == 0 || count > VIRTQUEUE_PIECES_MAX || cost > queue->free_count)
        return false;
    if (indirect)
        add_indirect(queue, head, pieces);
    else
        add_chained(queue, head, pieces);
    chain = &queue->chains[head];
    chain->token = token;
    chain->capacity = capacity_of(pieces);
    chain->count = cost;
    for (uint16_t i = 0; i < cost; i++)
        queue->first_free = queue->chains[queue->first_free].next;
    queue->free_count = (uint16_t)(queue->free_count - cost);
    queue->in_flight++;
    /* The entry is written now; the device looks at it only when virtqueue_publish() moves the
     * index. */
    shared_write(&queue->available.ring[queue->available_index & (queue->size - 1)], head);
    queue->available_index++;
    return true;
}

bool virtqueue_add(struct virtqueue *queue, const struct virtqueue_piece *pieces, unsigned count,
                   enum virtqueue_direction direction, void *token)
{
    const struct virtqueue_pieces all = {pieces, count,
                                         direction == VIRTQUEUE_TO_DEVICE ? count : 0};

    return virtqueue_add_mixed(queue, &all, token);
}

bool virtqueue_publish(struct virtqueue *queue)
{
    const uint16_t old = queue->published_index, new = queue->available_index;
    uint16_t event;

    leat_debug_assert((uint16_t)(queue->available_index - queue->published_index) <= queue->size);
    if (old == new || queue->broken)
        return false;
    shared_write(&queue->available.index, new);
    queue->published_index = new;
    full_barrier();
    if (!queue->event_index)
        return !(shared_read(&queue->used.flags) & USED_NO_NOTIFY);
    /* avail_event: the lower half of where the id of one more element would be */
    event = (uint16_t)__atomic_load_n(&queue->used.ring[queue->size].id, __ATOMIC_ACQUIRE);
    return (uint16_t)(new - event - 1) < (uint16_t)(new - old); /* 2.7.10.1 */
}

/* Puts the descriptors of a chain back. */
static void release(struct virtqueue *queue, uint16_t head)
{
    struct virtqueue_chain *chain = &queue->chains[head];
    uint16_t last = head;

    leat_debug_assert(queue->free_count + chain->count <= queue->size);
    leat_debug_assert(queue->in_flight > 0);
    for (uint16_t i = 1; i < chain->count; i++)
        last = queue->chains[last].next;
    queue->chains[last].next = queue->first_free;
    queue->first_free = head;
    queue->free_count = (uint16_t)(queue->free_count + chain->count);
    queue->in_flight--;
    chain->token = 0;
}

void *virtqueue_take(struct virtqueue *queue, uint32_t *len)
{
    const uint16_t ready = (uint16_t)(shared_read(&queue->used.index) - queue->used_index);
    const volatile struct virtqueue_used_element *used;
    struct virtqueue_chain *chain;
    uint32_t id;
    void *token;

    if (ready == 0 || queue->broken)
        return 0;
    /* volatile, so that each word is read once: a second read could give a value that wasn't
     * checked. */
    used = &queue->used.ring[queue->used_index & (queue->size - 1)];
    id = used->id;
    *len = used->len;
    /* more than it was given, or one that it was not given */
    if (ready > queue->in_flight || id >= queue->size || !queue->chains[id].token) {
        queue->broken = true;
        return 0;
    }
    chain = &queue->chains[id];
    token = chain->token;
    if (*len > chain->capacity && chain->capacity > 0)
        *len = UINT32_MAX; /* impossible: the owner drops it */
    queue->used_index++;
    /* From here on the descriptors may be used for another chain. */
    release(queue, (uint16_t)id);
    return token;
}

bool virtqueue_arm(struct virtqueue *queue)
{
    if (queue->broken)
        return true; /* the owner must look */
    if (queue->event_index)
        /* used_event: an interrupt is wanted when the entry of this index is used (2.7.10). */
        shared_write(&queue->available.ring[queue->size], queue->used_index);
    else
        shared_write(&queue->available.flags, 0);
    full_barrier();
    /* The device may have used a chain between our last look and the write above, without an
     * interrupt. */
    return shared_read(&queue->used.index) != queue->used_index;
}

void virtqueue_disarm(struct virtqueue *queue)
{
    /* with event indexes the next interrupt is as far away as possible: our event is in the past */
    if (queue->event_index)
        shared_write(&queue->available.ring[queue->size], (uint16_t)(queue->used_index - 1));
    else
        shared_write(&queue->available.flags, AVAILABLE_NO_INTERRUPT);
}

void *virtqueue_reclaim(struct virtqueue *queue)
{
    for (uint16_t i = 0; i < queue->size && queue->in_flight > 0; i++) {
        void *token = queue->chains[i].token;

        if (token) {
            release(queue, i);
            return token;
        }
    }
    return 0;
}
