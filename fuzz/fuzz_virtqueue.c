/*
 * fuzz_virtqueue.c -- a virtio-net device that breaks every rule.
 *
 * The input is the device: it sets features and configuration, and then writes arbitrary values
 * into the used rings and into the memory that it was given, step by step. No byte outside of that
 * memory may be touched, and every buffer comes back. Input bytes are used in order; after the end
 * all are 0.
 */
#include <stdlib.h>
#include <string.h>

#include <leat/leat.h>

#include "core/pool.h"
#include "net.h"

enum {
    BUFFERS = 96,
    BUFFER_BYTES = 512, /* a frame of 1,500 bytes takes several */
    STEPS_MAX = 200,
    BURST = 16,
    POLL_NS = 300000000
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    const uint8_t *at;
    const uint8_t *end;
};

/* The device of this input, and the state that the driver may know. */
struct world {
    struct input input;
    struct leat_virtio virtio;
    struct virtqueue *queues[VIRTIO_QUEUES_MAX];
    uint16_t seen[VIRTIO_QUEUES_MAX]; /* positions in the available rings */
    uint8_t status;
    uint64_t now_ns;
    uint64_t memory[64 * 1024 / 8];
};

static struct world world;

static uint8_t next8(void)
{
    return world.input.at < world.input.end ? *world.input.at++ : 0;
}

static uint16_t next16(void)
{
    const uint8_t low = next8();

    return (uint16_t)(low | next8() << 8);
}

static uint32_t next32(void)
{
    const uint16_t low = next16();

    return low | (uint32_t)next16() << 16;
}

static uint64_t fake_features(struct virtio_device *device)
{
    const uint32_t low = next32();

    (void)device;
    return low | (next8() == 255 ? 0 : VIRTIO_F_VERSION_1);
}

static void fake_set_features(struct virtio_device *device, uint64_t features)
{
    (void)device;
    (void)features;
}

static uint8_t fake_status(struct virtio_device *device)
{
    (void)device;
    return world.status;
}

static void fake_set_status(struct virtio_device *device, uint8_t status)
{
    (void)device;
    world.status = status;
}

static uint16_t fake_queue_max(struct virtio_device *device, uint16_t index)
{
    const uint8_t choice = next8();

    (void)device;
    (void)index;
    return choice < 16 ? choice : choice < 128 ? 16 : 256;
}

static void fake_queue_enable(struct virtio_device *device, uint16_t index, struct virtqueue *queue)
{
    (void)device;
    world.queues[index] = queue;
}

static void fake_notify(struct virtio_device *device, uint16_t index)
{
    (void)device;
    (void)index;
}

/* The driver asks once a second, so this is also where the device fails. */
static bool fake_gone(struct virtio_device *device)
{
    const uint8_t choice = next8();

    (void)device;
    if (choice == 254)
        world.status |= VIRTIO_NEEDS_RESET;
    return choice == 255;
}

static uint8_t fake_config_read(struct virtio_device *device, uint32_t offset)
{
    (void)device;
    return offset == 0 ? next8() & 0xfe : next8();
}

static const struct virtio_transport fake_transport = {.features = fake_features,
                                                       .set_features = fake_set_features,
                                                       .status = fake_status,
                                                       .set_status = fake_set_status,
                                                       .queue_max = fake_queue_max,
                                                       .queue_enable = fake_queue_enable,
                                                       .notify = fake_notify,
                                                       .config_read = fake_config_read,
                                                       .gone = fake_gone};

static void put_used(struct virtqueue *queue, uint32_t id, uint32_t len)
{
    const uint16_t at = queue->used.index;

    queue->used.ring[at & (queue->size - 1)] = (struct virtqueue_used_element){id, len};
    queue->used.index = (uint16_t)(at + 1);
}

/* Uses the next available chain correctly, with a frame from the input. */
static void use_next(uint16_t index)
{
    struct virtqueue *queue = world.queues[index];
    uint16_t head;
    uint32_t len;

    if (world.seen[index] == queue->available.index)
        return;
    head = queue->available.ring[world.seen[index]++ & (queue->size - 1)];
    len = queue->descriptors[head].len;
    if (index == VIRTIO_NET_RX) {
        uint8_t *bytes = (uint8_t *)(uintptr_t)queue->descriptors[head].address;
        const uint32_t header = next8() & 1 ? VIRTIO_NET_HEADER_BYTES : 0;

        memset(bytes, 0, VIRTIO_NET_HEADER_BYTES);
        bytes[10] = 1; /* one buffer */
        for (uint32_t i = 0; i < header; i++)
            bytes[i] = next8();
        len = next8() & 1 ? next16() : 12 + 64;
    }
    put_used(queue, head, len);
}

/* Sends frames of several pieces. */
static void transmit(struct leat_pool *pool, uint8_t pieces)
{
    struct leat_netif *netif = &world.virtio.netif;
    struct leat_buf *frame = leat_buf_alloc(pool, 0);

    if (!frame || netif->ops->transmit_room(netif) == 0) {
        leat_buf_free(frame);
        return;
    }
    memset(leat_buf_put(frame, 64), pieces, 64);
    frame->checksum = pieces & 1 ? LEAT_CHECKSUM_PARTIAL : LEAT_CHECKSUM_UNKNOWN;
    for (unsigned i = 0; i < (pieces & 31u); i++) {
        struct leat_buf *more = leat_buf_slice(frame, i, 4);

        if (more)
            leat_buf_append(frame, more);
    }
    netif->ops->transmit(netif, 0, &frame, 1);
}

static void receive(struct leat_pool *pool)
{
    struct leat_netif *netif = &world.virtio.netif;
    struct leat_buf *frames[BURST];
    const uint32_t count = netif->ops->receive(netif, world.now_ns, pool, frames, BURST);

    world.now_ns += POLL_NS;
    if (count > BURST)
        abort();
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t total = leat_buf_total(frames[i]);
        const uint32_t datagram_max = frames[i]->segment_bytes > 0 ? UINT16_MAX : netif->mtu;
        volatile uint8_t sum = 0;

        /* a super-frame must be TCP over IPv4 */
        if (frames[i]->segment_bytes > 0 && (frames[i]->len < 24 || frames[i]->data[23] != 6))
            abort();

        if (total < 14 || total > datagram_max + 18)
            abort();
        for (const struct leat_buf *buf = frames[i]; buf; buf = buf->next) {
            for (uint32_t k = 0; k < buf->len; k++) /* so that a sanitizer detects reads
                                                     * beyond the end */
                sum = (uint8_t)(sum + buf->data[k]);
        }
        leat_buf_free(frames[i]);
    }
    netif->ops->next_look_ns(netif, world.now_ns);
}

static void step(struct leat_pool *pool, uint8_t what)
{
    struct virtqueue *queue = world.queues[what >> 3 & 1];
    uint32_t id;

    switch (what & 7) {
    case 0:
    case 1:
        use_next(what >> 3 & 1);
        break;
    case 2:
        id = next32();
        put_used(queue, id, next32());
        break;
    case 3:
        id = next8();
        put_used(queue, id, next8());
        break;
    case 4:
        queue->used.index = next16();
        break;
    case 5: /* also overwrites memory that only the driver may write */
        memset(queue->descriptors, next8(), sizeof queue->descriptors);
        world.seen[what >> 3 & 1] = queue->available.index;
        break;
    case 6:
        transmit(pool, next8());
        break;
    default:
        receive(pool);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {(uint8_t *)world.memory, (uint8_t *)(world.memory + 64 * 1024 / 8)};
    struct leat_pool pool = {0};
    const char *why;

    memset(&world.virtio, 0, sizeof world.virtio);
    memset(world.seen, 0, sizeof world.seen);
    world.input = (struct input){data, data + size};
    world.now_ns = 0;
    world.virtio.device.transport = &fake_transport;
    if (!pool_init(&pool, &arena, BUFFERS, BUFFER_BYTES, 8, 64))
        abort();
    if (virtio_net_start(&world.virtio, 0, false, &why) == LEAT_OK) {
        struct leat_netif *netif = &world.virtio.netif;

        receive(&pool);
        for (unsigned i = 0; i < STEPS_MAX && world.input.at < world.input.end; i++)
            step(&pool, next8());
        receive(&pool);
        netif->ops->close(netif);
        netif->ops->close(netif);
    }
    if (!pool_is_whole(&pool))
        abort();
    return 0;
}
