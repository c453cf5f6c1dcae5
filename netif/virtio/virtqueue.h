/*
 * virtqueue.h -- one split virtqueue (virtio 1.2, 2.7): buffers to the device, and back.
 *
 * Theory of operation.  The three parts that the standard defines (descriptors, available ring,
 * used ring) are shared with the device, which may write anywhere in them at any time.  So our own
 * words are never read back from there: which descriptors are free, and the token and capacity of
 * each chain, are stored elsewhere.  Three numbers come from the device; each is read once and
 * checked before use: the used index, an id, a length.  A device that breaks the rules makes the
 * queue `broken`; its owner then resets the device.
 *
 * Addresses are those of an identity map.  Nothing here accesses a register, so the code also runs
 * on the host against a fake device.
 */
#ifndef VIRTQUEUE_H
#define VIRTQUEUE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    VIRTQUEUE_SIZE_MAX = 256, /* descriptors: Firecracker's number, and enough for a burst */
    VIRTQUEUE_PIECES_MAX = 18 /* of one chain: two headers, and 16 pieces of TCP data */
};

/* The parts of the queue that the device sees, in the byte order of the device: little endian, as
 * is every machine that this runs on. */
struct virtqueue_descriptor {
    uint64_t address;
    uint32_t len;
    uint16_t flags;
    uint16_t next;
};

struct virtqueue_available {
    uint16_t flags;
    uint16_t index;
    uint16_t ring[VIRTQUEUE_SIZE_MAX + 1]; /* used_event stands behind the last of `size` */
};

struct virtqueue_used_element {
    uint32_t id;
    uint32_t len;
};

struct virtqueue_used {
    uint16_t flags;
    uint16_t index;
    struct virtqueue_used_element ring[VIRTQUEUE_SIZE_MAX + 1]; /* avail_event, likewise */
};

struct virtqueue_indirect {
    struct virtqueue_descriptor table[VIRTQUEUE_PIECES_MAX];
};

/* One piece of memory for the device. */
struct virtqueue_piece {
    const void *bytes;
    uint32_t len;
};

enum virtqueue_direction {
    VIRTQUEUE_TO_DEVICE,
    VIRTQUEUE_FROM_DEVICE
};

/* The pieces of one chain. */
struct virtqueue_pieces {
    const struct virtqueue_piece *list;
    unsigned count;
    unsigned read; /* the device reads the first ones, and writes the others (2.7.4.2) */
};

/* The chain whose first descriptor has this number. */
struct virtqueue_chain {
    void *token;       /* NULL: the device does not have it */
    uint32_t capacity; /* bytes that the device may write */
    uint16_t count;    /* descriptors of the ring */
    uint16_t next;     /* of the free list, or of the chain */
};

struct virtqueue {
    struct virtqueue_descriptor descriptors[VIRTQUEUE_SIZE_MAX] __attribute__((aligned(16)));
    struct virtqueue_available available __attribute__((aligned(2)));
    struct virtqueue_used used __attribute__((aligned(4)));
    /* private from here on */
    struct virtqueue_chain chains[VIRTQUEUE_SIZE_MAX];
    struct virtqueue_indirect *indirect; /* `size` of them, or NULL */
    uint16_t size;
    uint16_t first_free;
    uint16_t free_count;
    uint16_t in_flight;       /* chains that the device has */
    uint16_t available_index; /* the next to be filled */
    uint16_t published_index; /* the device knows the entries before it */
    uint16_t used_index;      /* the next to be taken */
    bool event_index;         /* VIRTIO_F_EVENT_IDX */
    bool broken;              /* the device broke the rules */
};

/* An empty queue of @size descriptors, a power of two up to VIRTQUEUE_SIZE_MAX. */
void virtqueue_init(struct virtqueue *queue, uint16_t size, bool event_index,
                    struct virtqueue_indirect *indirect);

/* Chains of VIRTQUEUE_PIECES_MAX pieces that virtqueue_add() certainly accepts. */
uint16_t virtqueue_room(const struct virtqueue *queue);

/* Gives a chain to the device, which sees it after virtqueue_publish().  @token, not NULL, comes
 * back with it.  False: no room; then nothing has changed. */
bool virtqueue_add(struct virtqueue *queue, const struct virtqueue_piece *pieces, unsigned count,
                   enum virtqueue_direction direction, void *token);

/* virtqueue_add() with pieces for both directions. */
bool virtqueue_add_mixed(struct virtqueue *queue, const struct virtqueue_pieces *pieces,
                         void *token);

/* Shows the device what has been added; true: it wants to be notified. */
bool virtqueue_publish(struct virtqueue *queue);

/* Takes the oldest chain that the device has used: its token, and how many bytes were written.
 * NULL: there is none, or the queue is broken. */
void *virtqueue_take(struct virtqueue *queue, uint32_t *len);

/* Asks for an interrupt at the next used chain; true: there is one already. */
bool virtqueue_arm(struct virtqueue *queue);

/* Asks for none. */
void virtqueue_disarm(struct virtqueue *queue);

/* Takes back any chain that the device has, which must have been reset; NULL: there is none left.
 */
void *virtqueue_reclaim(struct virtqueue *queue);

#endif
