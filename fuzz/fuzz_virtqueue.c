/*
 * fuzz_virtqueue.c -- a virtio-net device that breaks every rule.
 *
 * The input is the device: it sets features and configuration, and then writes arbitrary values
 * into the used rings and into the memory that it was given, step by step. No byte outside of that
 * memory may be touched, and every buffer comes back.
 */
#include <stdlib.h>
#include <string.h>

#include <leat/leat.h>

#include "core/pool.h"
#include "demand.h"
#include "fake_virtio.h"
#include "net.h"
#include "pieces.h"

enum {
    BUFFERS = 96,
    BUFFER_BYTES = 512, /* a frame of 1,500 bytes takes several */
    QUEUE_SIZE = 16,
    STEPS_MAX = 200,
    BURST = 16,
    POLL_NS = 300000000
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
    struct leat_virtio virtio;
    uint64_t now_ns;
    uint64_t memory[64 * 1024 / 8];
};

static struct world world;

static uint8_t config_byte(uint32_t offset)
{
    return offset == 0 ? next8() & 0xfe : next8();
}

/* Uses the next available chain correctly, with a frame from the input. */
static void use_next(uint16_t index)
{
    struct virtqueue *queue = fake_virtio.queues[index];
    uint16_t head;
    uint32_t len;

    if (!fake_virtio_take(index, &head))
        return;
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
    fake_virtio_use(queue, head, len);
}

/* Reads all bytes of a frame, so that a sanitizer detects reads beyond the end, and frees it. */
static void check_frame(struct leat_buf *frame)
{
    const uint32_t total = leat_buf_total(frame);
    const uint32_t datagram_max = frame->segment_bytes > 0 ? UINT16_MAX : world.virtio.netif.mtu;
    volatile uint8_t sum = 0;

    /* a super-frame must be TCP over IPv4 */
    demand(frame->segment_bytes == 0 || (frame->len >= 24 && frame->data[23] == 6));
    demand(total >= 14 && total <= datagram_max + 18);
    for (const struct leat_buf *buf = frame; buf; buf = buf->next) {
        for (uint32_t i = 0; i < buf->len; i++)
            sum = (uint8_t)(sum + buf->data[i]);
    }
    leat_buf_free(frame);
}

static void receive(struct leat_pool *pool)
{
    struct leat_netif *netif = &world.virtio.netif;
    struct leat_buf *frames[BURST];
    const uint32_t count = netif->ops->receive(netif, world.now_ns, pool, frames, BURST);

    world.now_ns += POLL_NS;
    demand(count <= BURST);
    for (uint32_t i = 0; i < count; i++) {
        demand(frames[i]);
        check_frame(frames[i]);
    }
    netif->ops->next_look_ns(netif, world.now_ns);
}

static void step(struct leat_pool *pool, uint8_t what)
{
    struct virtqueue *queue = fake_virtio.queues[what >> 3 & 1];
    uint32_t id;

    switch (what & 7) {
    case 0:
    case 1:
        use_next(what >> 3 & 1);
        break;
    case 2:
        id = next32();
        fake_virtio_use(queue, id, next32());
        break;
    case 3:
        id = next8();
        fake_virtio_use(queue, id, next8());
        break;
    case 4:
        queue->used.index = next16();
        break;
    case 5: /* also overwrites memory that only the driver may write */
        memset(queue->descriptors, next8(), sizeof queue->descriptors);
        fake_virtio.seen[what >> 3 & 1] = queue->available.index;
        break;
    case 6:
        pieces_transmit(&world.virtio.netif, pool, next8(), 0, 0);
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
    fake_virtio_begin(data, size, QUEUE_SIZE, config_byte);
    world.now_ns = 0;
    world.virtio.device.transport = &fake_virtio_transport;
    if (!pool_init(&pool, &arena, BUFFERS, BUFFER_BYTES, 8, 64))
        abort();
    if (virtio_net_start(&world.virtio, 0, false, &why) == LEAT_OK) {
        struct leat_netif *netif = &world.virtio.netif;

        receive(&pool);
        for (unsigned i = 0; i < STEPS_MAX && fake_virtio.at < fake_virtio.end; i++)
            step(&pool, next8());
        receive(&pool);
        netif->ops->close(netif);
        netif->ops->close(netif);
    }
    if (!pool_is_whole(&pool))
        abort();
    return 0;
}
