/*
 * block.c -- a virtio-blk device (virtio 1.2, 5.2): one queue, a chain for each request.
 *
 * A chain is a header, the data where they lie, and a byte of status that the device writes last.
 * That byte is read once, after the chain has come back; a device that doesn't write it has failed
 * the request.
 */
#include "block.h"

#include <leat/assert.h>

#include <string.h>

enum {
    CONFIG_CAPACITY = 0, /* 5.2.4; units of 512 bytes, in eight bytes */
    CONFIG_SIZE_MAX = 8,
    CONFIG_SEG_MAX = 12,
    CONFIG_BLK_SIZE = 20,
    CONFIG_DISCARD_MAX = 36, /* units of 512 bytes */
    CONFIG_READS_MAX = 8,
    PIECES_OURS = 2 /* of a chain: the header and the status */
};

_Static_assert((int)LEAT_BLOCK_PIECES_MAX + (int)PIECES_OURS <= (int)VIRTQUEUE_PIECES_MAX,
               "a request fits into a chain");
_Static_assert(sizeof(struct virtio_block_header) == VIRTIO_BLOCK_HEADER_BYTES, "5.2.6");
_Static_assert(sizeof(struct virtio_block_discard) == 16, "5.2.6");

static const uint64_t wanted_features =
    VIRTIO_BLK_F_SIZE_MAX | VIRTIO_BLK_F_SEG_MAX | VIRTIO_BLK_F_RO | VIRTIO_BLK_F_BLK_SIZE |
    VIRTIO_BLK_F_FLUSH | VIRTIO_BLK_F_DISCARD | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX;
static const uint64_t look_every_ns = 1000000000;

static struct leat_virtio_block *block_of(struct leat_block_device *device)
{
    return (void *)device; /* its first member */
}

/* ---- the end of the device */

static void end(struct leat_virtio_block *block, struct leat_block_request *request,
                enum leat_err err)
{
    request->err = err;
    request->next = 0;
    *block->end = request;
    block->end = &request->next;
}

/* Resets the device, and ends all requests that it has. */
static void stop(struct leat_virtio_block *block, enum leat_err err)
{
    struct virtio_block_slot *slot;

    if (block->stopped)
        return;
    /* After that the device writes nowhere (2.4.1), so the buffers may go back to their owners. */
    virtio_reset(&block->device);
    block->stopped = true;
    while ((slot = virtqueue_reclaim(&block->queue))) {
        leat_assert(slot->request);
        end(block, slot->request, err);
        slot->request = 0;
    }
}

static void lose(struct leat_virtio_block *block, const char *why)
{
    if (!block->stopped)
        block->why_lost = why;
    stop(block, LEAT_ERR_DEVICE);
}

/* Looks once a second, while requests are out, whether the device is still there. */
static void look(struct leat_virtio_block *block, uint64_t now_ns)
{
    const struct virtio_transport *transport = block->device.transport;

    if (now_ns < block->state_look_ns)
        return;
    block->state_look_ns = now_ns + look_every_ns;
    if (transport->gone(&block->device))
        lose(block, "the host has unplugged the device");
    else if (transport->status(&block->device) & VIRTIO_NEEDS_RESET)
        lose(block, "the device has failed, and asks for a reset");
}

/* ---- requests */

static struct virtio_block_slot *free_slot(struct leat_virtio_block *block)
{
    for (unsigned i = 0; i < VIRTIO_BLOCK_REQUESTS; i++) {
        if (!block->slots[i].request)
            return &block->slots[i];
    }
    return 0;
}

static uint32_t type_of(enum leat_block_what what)
{
    switch (what) {
    case LEAT_BLOCK_WRITE:
        return VIRTIO_BLOCK_OUT;
    case LEAT_BLOCK_FLUSH:
        return VIRTIO_BLOCK_FLUSH;
    case LEAT_BLOCK_DISCARD:
        return VIRTIO_BLOCK_DISCARD;
    case LEAT_BLOCK_READ:
    default:
        return VIRTIO_BLOCK_IN;
    }
}

/* Fills in the parts of the slot that the device reads. A discard that is longer than the device
 * takes is cut. */
static void fill_in(const struct leat_virtio_block *block, struct virtio_block_slot *slot,
                    const struct leat_block_request *request)
{
    const uint32_t units = block->block.sector_bytes / VIRTIO_BLOCK_UNIT;
    const bool transfers = request->what == LEAT_BLOCK_READ || request->what == LEAT_BLOCK_WRITE;

    slot->header = (struct virtio_block_header){.type = type_of(request->what),
                                                .sector = transfers ? request->sector * units : 0};
    slot->discard = (struct virtio_block_discard){
        .sector = request->sector * units,
        .sectors = units *
                   (request->sectors < block->discard_max ? request->sectors : block->discard_max)};
    slot->status = VIRTIO_BLOCK_NO_STATUS;
}

/* Gives the slot's request to the device; false: the queue has no room. */
static bool send(struct leat_virtio_block *block, struct virtio_block_slot *slot,
                 struct leat_block_request *request)
{
    struct virtqueue_piece list[VIRTQUEUE_PIECES_MAX];
    struct virtqueue_pieces pieces = {.list = list};

    fill_in(block, slot, request);
    list[pieces.count++] = (struct virtqueue_piece){&slot->header, sizeof slot->header};
    if (request->what == LEAT_BLOCK_DISCARD)
        list[pieces.count++] = (struct virtqueue_piece){&slot->discard, sizeof slot->discard};
    for (const struct leat_buf *buf = request->buf; buf; buf = buf->next) {
        if (buf->len > 0) /* a descriptor without bytes is not allowed (2.7.5) */
            list[pieces.count++] = (struct virtqueue_piece){buf->data, buf->len};
    }
    /* 2.7.4.2: the pieces that the device reads come before those that it writes. */
    pieces.read = request->what == LEAT_BLOCK_READ ? 1 : pieces.count;
    list[pieces.count++] = (struct virtqueue_piece){&slot->status, sizeof slot->status};
    if (!virtqueue_add_mixed(&block->queue, &pieces, slot))
        return false;
    slot->request = request;
    return true;
}

static bool virtio_block_start_one(struct leat_block_device *device,
                                   struct leat_block_request *request)
{
    struct leat_virtio_block *block = block_of(device);
    struct virtio_block_slot *slot = free_slot(block);

    if (block->stopped) {
        end(block, request, LEAT_ERR_DEVICE);
        return true;
    }
    /* Without the feature the device has no cache that a loss of power would empty (5.2.6.2). */
    if (request->what == LEAT_BLOCK_FLUSH && !(block->features & VIRTIO_BLK_F_FLUSH)) {
        end(block, request, LEAT_OK);
        return true;
    }
    if (!slot || !send(block, slot, request))
        return false;
    if (virtqueue_publish(&block->queue))
        block->device.transport->notify(&block->device, VIRTIO_BLOCK_QUEUE);
    return true;
}

static enum leat_err result_of(const struct virtio_block_slot *slot)
{
    const uint8_t status = *(const volatile uint8_t *)&slot->status;

    return status == VIRTIO_BLOCK_OK            ? LEAT_OK
           : status == VIRTIO_BLOCK_UNSUPPORTED ? LEAT_ERR_UNSUPPORTED
                                                : LEAT_ERR_DEVICE;
}

static struct leat_block_request *virtio_block_finished(struct leat_block_device *device,
                                                        uint64_t now_ns)
{
    struct leat_virtio_block *block = block_of(device);
    struct leat_block_request *request;
    struct virtio_block_slot *slot = 0;
    uint32_t len;

    if (!block->stopped) {
        slot = virtqueue_take(&block->queue, &len);
        if (block->queue.broken)
            lose(block, "the device broke the rules of its queue");
        else if (!slot)
            look(block, now_ns);
    }
    if (slot) {
        request = slot->request;
        leat_assert(request); /* a free slot is in no chain */
        /* Devices disagree about the length that they return; the status counts. */
        request->err = len == UINT32_MAX ? LEAT_ERR_DEVICE : result_of(slot);
        slot->request = 0;
        /* With event indexes the device would interrupt once in 65,536 requests. */
        virtqueue_disarm(&block->queue);
        return request;
    }
    request = block->ended;
    if (!request)
        return 0;
    block->ended = request->next;
    if (!block->ended)
        block->end = &block->ended;
    return request;
}

static void virtio_block_close(struct leat_block_device *device)
{
    stop(block_of(device), LEAT_ERR_CLOSED);
}

static const struct leat_block_ops virtio_block_ops = {.start = virtio_block_start_one,
                                                       .finished = virtio_block_finished,
                                                       .close = virtio_block_close};

/* ---- opening */

static uint64_t config_read(struct virtio_device *device, uint32_t at, uint32_t bytes)
{
    uint64_t value = 0;

    for (uint32_t i = 0; i < bytes; i++)
        value |= (uint64_t)device->transport->config_read(device, at + i) << (8 * i);
    return value;
}

/* The capacity in units of 512 bytes. The host may change it between two of its bytes, so it is
 * read until it is the same twice. */
static uint64_t read_capacity(struct virtio_device *device)
{
    uint64_t before, capacity = config_read(device, CONFIG_CAPACITY, 8);

    for (unsigned i = 0; i < CONFIG_READS_MAX; i++) {
        before = capacity;
        capacity = config_read(device, CONFIG_CAPACITY, 8);
        if (capacity == before)
            break;
    }
    return capacity;
}

/* Fills in the facts of the backend; false: they are impossible. */
static bool read_facts(struct leat_virtio_block *block)
{
    struct virtio_device *device = &block->device;
    struct leat_block_device *facts = &block->block;

    facts->ops = &virtio_block_ops;
    facts->name = "virtio-blk0";
    facts->requests_max = VIRTIO_BLOCK_REQUESTS;
    facts->read_only = block->features & VIRTIO_BLK_F_RO;
    facts->sector_bytes = VIRTIO_BLOCK_UNIT;
    if (block->features & VIRTIO_BLK_F_BLK_SIZE)
        facts->sector_bytes = (uint32_t)config_read(device, CONFIG_BLK_SIZE, 4);
    if (block->features & VIRTIO_BLK_F_SIZE_MAX)
        facts->piece_bytes_max = (uint32_t)config_read(device, CONFIG_SIZE_MAX, 4);
    if (facts->sector_bytes < LEAT_BLOCK_SECTOR_MIN ||
        facts->sector_bytes > LEAT_BLOCK_SECTOR_MAX ||
        (facts->sector_bytes & (facts->sector_bytes - 1)) != 0)
        return false;
    if (facts->piece_bytes_max > 0 && facts->piece_bytes_max < facts->sector_bytes)
        return false;
    facts->sectors = read_capacity(device) / (facts->sector_bytes / VIRTIO_BLOCK_UNIT);
    if (block->features & VIRTIO_BLK_F_DISCARD)
        block->discard_max = (uint32_t)config_read(device, CONFIG_DISCARD_MAX, 4) /
                             (facts->sector_bytes / VIRTIO_BLOCK_UNIT);
    facts->discards = block->discard_max > 0;
    /* So that the number of a unit, and of a byte, fits into 64 bits. */
    return facts->sectors > 0 && facts->sectors < UINT64_MAX / 2 / facts->sector_bytes;
}

/* Buffers of a request: as many as the device takes, in a chain that isn't longer than the queue
 * (2.7.5.3.1). A device that doesn't say how many takes one: Firecracker's has no room for more. */
static uint32_t pieces_max(struct leat_virtio_block *block)
{
    const uint32_t room = block->queue.size - (uint32_t)PIECES_OURS;
    uint32_t pieces = 0;

    if (block->features & VIRTIO_BLK_F_SEG_MAX)
        pieces = (uint32_t)config_read(&block->device, CONFIG_SEG_MAX, 4);
    if (pieces == 0)
        pieces = 1;
    if (pieces > LEAT_BLOCK_PIECES_MAX)
        pieces = LEAT_BLOCK_PIECES_MAX;
    return pieces < room ? pieces : room;
}

enum leat_err virtio_block_start(struct leat_virtio_block *block, const char **why)
{
    struct virtio_device *device = &block->device;

    block->end = &block->ended;
    if (!virtio_negotiate(device, wanted_features, &block->features, why)) {
        /* The names of refused features are those of virtio-net. */
        *why = "it does not work with the features of virtio 1 that leat has";
        return LEAT_ERR_DEVICE;
    }
    *why = "its sectors have an impossible size or number";
    if (!read_facts(block))
        return LEAT_ERR_DEVICE;
    *why = "it has no queue";
    if (!virtio_queue_open(device, VIRTIO_BLOCK_QUEUE, &block->queue, VIRTQUEUE_SIZE_MAX,
                           block->features, block->indirect))
        return LEAT_ERR_DEVICE;
    *why = "its queue is too short for a request";
    if (block->queue.size <= PIECES_OURS) {
        virtio_reset(device);
        return LEAT_ERR_DEVICE;
    }
    block->block.pieces_max = pieces_max(block);
    virtqueue_disarm(&block->queue);
    virtio_begin(device);
    return LEAT_OK;
}

struct leat_block_device *leat_virtio_block_device(struct leat_virtio_block *block)
{
    return &block->block;
}

const char *leat_virtio_block_why(const struct leat_virtio_block *block)
{
    return block->why_lost;
}
