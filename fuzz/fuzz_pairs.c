/*
 * fuzz_pairs.c -- a virtio-net device with several pairs of queues that breaks every rule.
 *
 * The input is the device and the programs. It chooses features, pairs, interrupts, and the answer
 * to the command for RSS. Then it writes into used rings and buffers, and lets the stacks look,
 * send and close in any order. No byte outside of the device's memory may be touched, and every
 * buffer comes back. A stack gets no frame of a flow that isn't its own. A SYN leaves only the
 * stack that gets the answer.
 */
#include <stdlib.h>
#include <string.h>

#include <leat/leat.h>

#include "core/pool.h"
#include "demand.h"
#include "fake_virtio.h"
#include "group.h"
#include "pieces.h"

enum {
    PAIRS = 3,
    DEVICE_PAIRS = 4,
    BUFFERS = 96,
    BUFFER_BYTES = 512, /* a frame of 1,500 bytes takes several */
    QUEUE_SIZE = 16,
    STEPS_MAX = 200,
    BURST = 16,
    POLL_NS = 300000000,
    FRAME_BYTES = 60,
    SYN = 2
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
    struct virtio_group group;
    struct leat_virtio pairs[PAIRS];
    struct virtio_hand hands[PAIRS * PAIRS];
    struct leat_pool pools[PAIRS];
    struct virtio_transport transport;
    unsigned count; /* of pairs in use */
    uint64_t now_ns;
    uint64_t memory[PAIRS][64 * 1024 / 8];
} world;

/* ---- The device --------------------------------------------------------------------------- */

/* Mostly one that can do it. */
static uint64_t features(struct virtio_device *device)
{
    const uint32_t low = next32();

    (void)device;
    switch (next8()) {
    case 255:
        return low | VIRTIO_F_VERSION_1;
    case 254:
        return low | VIRTIO_NET_F_RSS;
    default:
        return low | VIRTIO_NET_F_CTRL_VQ | VIRTIO_NET_F_RSS | VIRTIO_F_VERSION_1;
    }
}

/* Numbers of pairs, bytes of a key, entries of a table, and hashes (virtio 1.2, 5.1.4). */
static uint8_t config_byte(uint32_t offset)
{
    const uint8_t usual[24] = {[0] = 2, [8] = DEVICE_PAIRS, [17] = 40, [18] = 128, [20] = 0x36};
    const uint8_t choice = next8();

    return choice < 240 && offset < sizeof usual && offset >= 8 && (offset < 10 || offset > 16)
               ? usual[offset]
           : offset == 0 ? choice & 0xfe
                         : choice;
}

static unsigned spread(struct virtio_device *device, unsigned processors)
{
    const unsigned vectors = next8();

    (void)device;
    return vectors < processors ? vectors : processors;
}

/* Answers the command for RSS, in one of several ways. */
static void obey(unsigned index)
{
    struct virtqueue *queue = fake_virtio.queues[index];
    const uint8_t how = next8();
    uint16_t head, last;

    if (!fake_virtio_take(index, &head) || how == 255)
        return;
    last = queue->descriptors[head].next;
    demand(last < queue->size);
    *(uint8_t *)(uintptr_t)queue->descriptors[last].address = how >= 250;
    fake_virtio_use(queue, how == 249 ? next32() : head, how == 248 ? next32() : 1);
}

static void notify(struct virtio_device *device, uint16_t index)
{
    (void)device;
    demand(index < FAKE_VIRTIO_QUEUES);
    if (fake_virtio.queues[index] == &world.group.control)
        obey(index);
}

/* Writes the start of a frame: a segment, a datagram, a message for all, or anything. */
static void make_frame(uint8_t frame[FRAME_BYTES])
{
    const uint8_t what = next8();

    memset(frame, 0, FRAME_BYTES);
    frame[12] = 8;
    frame[14] = 0x45;
    frame[23] = what & 4 ? 6 : 17;
    frame[34] = next8();
    frame[35] = next8();
    frame[47] = what & 8 ? SYN : 0;
    switch (what & 3) {
    case 1: /* a reply of ARP */
        frame[13] = 6;
        frame[21] = 2;
        break;
    case 2: /* IPv6 */
        frame[12] = 0x86;
        frame[13] = 0xdd;
        frame[14] = 0x60;
        frame[20] = what & 16 ? next8() : 6;
        frame[54] = next8();
        frame[55] = next8();
        break;
    case 3:
        for (unsigned i = 12; i < FRAME_BYTES; i++)
            frame[i] = next8();
        break;
    default:
        break;
    }
}

/* Uses the next chain of a queue correctly, with a frame if it is one for received ones. */
static void use_next(unsigned index)
{
    struct virtqueue *queue = fake_virtio.queues[index];
    uint16_t head;
    uint32_t len;

    if (!fake_virtio_take(index, &head))
        return;
    len = queue->descriptors[head].len;
    if (index % 2 == VIRTIO_NET_RX) {
        uint8_t *bytes = (uint8_t *)(uintptr_t)queue->descriptors[head].address;
        const uint8_t how = next8();

        demand(len >= VIRTIO_NET_HEADER_BYTES + FRAME_BYTES);
        memset(bytes, 0, VIRTIO_NET_HEADER_BYTES);
        bytes[10] = 1; /* one buffer */
        for (unsigned i = 0; how & 1 && i < VIRTIO_NET_HEADER_BYTES; i++)
            bytes[i] = next8();
        make_frame(bytes + VIRTIO_NET_HEADER_BYTES);
        len = how & 2 ? next16() : VIRTIO_NET_HEADER_BYTES + FRAME_BYTES;
    }
    fake_virtio_use(queue, head, len);
}

/* ---- The stacks --------------------------------------------------------------------------- */

static uint64_t now_ns(struct leat_host *host)
{
    (void)host;
    return world.now_ns += POLL_NS;
}

static struct leat_host host = {.now_ns = now_ns};

static void wake(unsigned processor)
{
    demand(processor < world.count);
}

/* Checks whose frame it is, reads all of its bytes for a sanitizer, and frees it. */
static void check_frame(unsigned pair, struct leat_buf *frame)
{
    volatile uint8_t sum = 0;

    demand(leat_buf_total(frame) >= 14);
    if (world.count > 1) {
        const unsigned owner = virtio_flows_owner(&world.group.flows, frame->data, frame->len);

        demand(owner == pair || owner == FLOWS_EVERYONE);
    }
    for (const struct leat_buf *buf = frame; buf; buf = buf->next) {
        for (uint32_t i = 0; i < buf->len; i++)
            sum = (uint8_t)(sum + buf->data[i]);
    }
    leat_buf_free(frame);
}

static void receive(unsigned pair)
{
    struct leat_netif *netif = &world.pairs[pair].netif;
    struct leat_buf *frames[BURST];
    const uint32_t count =
        netif->ops->receive(netif, world.now_ns, &world.pools[pair], frames, BURST);

    world.now_ns += POLL_NS;
    demand(count <= BURST);
    for (uint32_t i = 0; i < count; i++)
        check_frame(pair, frames[i]);
    netif->ops->next_look_ns(netif, world.now_ns);
}

/* Sends a frame that may open a connection; one whose answer comes elsewhere must not leave. */
static void send(unsigned pair)
{
    struct leat_virtio *virtio = &world.pairs[pair];
    struct leat_netif *netif = &virtio->netif;
    struct leat_buf *frame = leat_buf_alloc(&world.pools[pair], 0);
    const uint64_t elsewhere = virtio->counters.tx_elsewhere;
    unsigned answered = FLOWS_EVERYONE;

    if (!frame || netif->ops->transmit_room(netif) == 0) {
        leat_buf_free(frame);
        return;
    }
    make_frame(leat_buf_put(frame, FRAME_BYTES));
    if (world.count > 1)
        answered = virtio_flows_answered(&world.group.flows, frame->data, frame->len);
    netif->ops->transmit(netif, world.now_ns, &frame, 1);
    demand(virtio->counters.tx_elsewhere - elsewhere ==
           (answered != pair && answered != FLOWS_EVERYONE));
}

static void close_all(void)
{
    for (unsigned i = 0; i < world.count; i++) {
        struct leat_netif *netif = &world.pairs[i].netif;

        receive(i);
        netif->ops->close(netif);
        netif->ops->close(netif);
    }
}

/* ---- Steps -------------------------------------------------------------------------------- */

static void step(uint8_t what)
{
    const unsigned pair = (what >> 4) % world.count, index = 2 * pair + (what >> 3 & 1);
    struct virtqueue *queue = fake_virtio.queues[index];
    uint32_t id;

    switch (what & 7) {
    case 0:
    case 1:
        use_next(index);
        break;
    case 2:
        id = next32();
        fake_virtio_use(queue, id, next32());
        break;
    case 3:
        queue->used.index = next16();
        break;
    case 4: /* also overwrites memory that only the driver may write */
        memset(queue->descriptors, next8(), sizeof queue->descriptors);
        fake_virtio.seen[index] = queue->available.index;
        break;
    case 5:
        if (what & 8)
            pieces_transmit(&world.pairs[pair].netif, &world.pools[pair], next8(), 0, world.now_ns);
        else
            send(pair);
        break;
    case 6:
        if (what == 0xf6)
            world.pairs[pair].netif.ops->close(&world.pairs[pair].netif);
        receive(pair);
        break;
    default:
        for (unsigned i = 0; i < world.count; i++)
            receive(i);
        break;
    }
}

/* Brings up as many pairs as the device can; false: not even one. */
static bool start(void)
{
    static const uint8_t key[FLOWS_KEY_BYTES] = {0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e};
    const char *why;

    world.count = PAIRS;
    world.group.count = PAIRS;
    if (virtio_group_start(&world.group, 0, false, key, &host, &why)) {
        world.count = world.group.count;
        demand(world.count >= 2 && world.count <= PAIRS);
        return true;
    }
    demand(why);
    world.count = 1;
    return virtio_net_start(&world.pairs[0], 0, false, &why) == LEAT_OK;
}

static void begin(const uint8_t *data, size_t size)
{
    memset(&world.group, 0, sizeof world.group);
    memset(world.pairs, 0, sizeof world.pairs);
    for (unsigned i = 0; i < PAIRS * PAIRS; i++)
        world.hands[i].put = world.hands[i].taken = 0;
    fake_virtio_begin(data, size, QUEUE_SIZE, config_byte);
    world.now_ns = 0;
    world.transport = fake_virtio_transport;
    world.transport.features = features;
    world.transport.notify = notify;
    world.transport.spread = spread;
    world.group.hands = world.hands;
    world.group.wake = wake;
    world.pairs[0].device.transport = &world.transport;
    for (unsigned i = 0; i < PAIRS; i++) {
        struct arena arena = {(uint8_t *)world.memory[i],
                              (uint8_t *)world.memory[i] + sizeof world.memory[i]};

        world.group.pairs[i] = &world.pairs[i];
        memset(&world.pools[i], 0, sizeof world.pools[i]);
        if (!pool_init(&world.pools[i], &arena, BUFFERS, BUFFER_BYTES, 8, 64))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    begin(data, size);
    if (start()) {
        for (unsigned i = 0; i < world.count; i++)
            receive(i);
        for (unsigned i = 0; i < STEPS_MAX && fake_virtio.at < fake_virtio.end; i++)
            step(next8());
        close_all();
    }
    for (unsigned i = 0; i < PAIRS; i++)
        demand(pool_is_whole(&world.pools[i]));
    return 0;
}
