/* virtio_pairs_world.c -- a virtio-net device with several pairs of queues. */
#include "virtio_pairs_world.h"

#include <string.h>

const uint64_t everything = VIRTIO_F_VERSION_1 | VIRTIO_NET_F_MAC | VIRTIO_NET_F_GUEST_CSUM |
                            VIRTIO_NET_F_MRG_RXBUF | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX |
                            VIRTIO_NET_F_CTRL_VQ | VIRTIO_NET_F_RSS;
const uint8_t key[FLOWS_KEY_BYTES] = {0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67,
                                      0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb,
                                      0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30,
                                      0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa};

struct pairs_world world;

/* ---- The device --------------------------------------------------------------------------- */

static uint64_t features(struct virtio_device *device)
{
    (void)device;
    return world.offered;
}

static void set_features(struct virtio_device *device, uint64_t agreed)
{
    (void)device;
    world.agreed = agreed;
}

static uint8_t status(struct virtio_device *device)
{
    (void)device;
    return world.status;
}

static void set_status(struct virtio_device *device, uint8_t set)
{
    (void)device;
    world.resets += set == 0;
    world.status = set;
}

static uint16_t queue_max(struct virtio_device *device, uint16_t index)
{
    (void)device;
    if (index == CONTROL)
        return world.has_control ? 64 : 0;
    return index < CONTROL ? 16 : 0;
}

static void queue_enable(struct virtio_device *device, uint16_t index, struct virtqueue *queue)
{
    assert_true(index < QUEUES);
    assert_int_equal(device->vector_entry, index == CONTROL ? 0 : index / 2);
    world.queues[index] = queue;
}

static uint16_t next_of(unsigned index)
{
    struct virtqueue *queue = world.queues[index];

    assert_true(world.seen[index] != queue->available.index);
    return queue->available.ring[world.seen[index]++ & (queue->size - 1)];
}

void use(unsigned index, uint16_t head, uint32_t len)
{
    struct virtqueue *queue = world.queues[index];

    queue->used.ring[queue->used.index & (queue->size - 1)] =
        (struct virtqueue_used_element){head, len};
    queue->used.index++;
}

/* The device reads the command and writes its answer. */
static void obey(void)
{
    const uint16_t head = next_of(CONTROL);
    const struct virtqueue_descriptor *read = &world.queues[CONTROL]->descriptors[head];
    const struct virtqueue_descriptor *write = &world.queues[CONTROL]->descriptors[read->next];

    assert_true(read->len <= sizeof world.command);
    memcpy(world.command, (const void *)(uintptr_t)read->address, read->len);
    world.command_len = read->len;
    if (world.answer == IS_SILENT)
        return;
    *(uint8_t *)(uintptr_t)write->address = world.answer == REFUSES;
    use(CONTROL, world.answer == BREAKS_RULES ? 77 : head, 1);
}

static void notify(struct virtio_device *device, uint16_t index)
{
    (void)device;
    assert_true(index < QUEUES);
    world.notified[index]++;
    if (index == CONTROL)
        obey();
}

static uint8_t config_read(struct virtio_device *device, uint32_t offset)
{
    (void)device;
    assert_true(offset < sizeof world.config);
    return world.config[offset];
}

static bool gone(struct virtio_device *device)
{
    (void)device;
    world.looks++;
    return world.gone;
}

static unsigned spread(struct virtio_device *device, unsigned processors)
{
    (void)device;
    return processors < world.vectors ? processors : world.vectors;
}

static const struct virtio_transport transport = {.features = features,
                                                  .set_features = set_features,
                                                  .status = status,
                                                  .set_status = set_status,
                                                  .queue_max = queue_max,
                                                  .queue_enable = queue_enable,
                                                  .notify = notify,
                                                  .config_read = config_read,
                                                  .gone = gone,
                                                  .spread = spread};

/* ---- The machine -------------------------------------------------------------------------- */

static uint64_t now_ns(struct leat_host *host)
{
    (void)host;
    return world.now_ns += WAIT_NS;
}

static void wake(unsigned processor)
{
    world.woken |= 1u << processor;
}

static struct leat_host host = {.now_ns = now_ns};

bool start(const char **why)
{
    world.group.count = PAIRS;
    return virtio_group_start(&world.group, 0, false, key, &host, why);
}

void begin(void)
{
    const char *why;

    assert_true(start(&why));
}

int set_up(void **state)
{
    (void)state;
    memset(&world, 0, sizeof world);
    world.offered = everything;
    world.has_control = true;
    world.vectors = PAIRS;
    world.group.wake = wake;
    world.group.hands = world.hands;
    memcpy(world.config, (const uint8_t[]){2, 1, 2, 3, 4, 5}, 6);
    world.config[8] = DEVICE_PAIRS;
    world.config[17] = 40;
    world.config[18] = 128;
    world.config[20] = 0x36; /* those of TCP and UDP */
    for (unsigned i = 0; i < PAIRS; i++) {
        struct arena arena = {(uint8_t *)world.memory[i],
                              (uint8_t *)world.memory[i] + sizeof world.memory[i]};

        world.group.pairs[i] = &world.pairs[i];
        if (!pool_init(&world.pools[i], &arena, BUFFERS, BUFFER_BYTES, 8, 64))
            return 1;
    }
    world.pairs[0].device.transport = &transport;
    return 0;
}

int tear_down(void **state)
{
    bool whole = true;

    (void)state;
    for (unsigned i = 0; i < PAIRS; i++) {
        struct leat_netif *netif = &world.pairs[i].netif;

        if (netif->ops)
            netif->ops->close(netif);
        whole &= pool_is_whole(&world.pools[i]);
    }
    return !whole;
}

/* Receives at pair @i; returns how many frames. */
uint32_t receive(unsigned i, struct leat_buf **frames)
{
    struct leat_netif *netif = &world.pairs[i].netif;

    return netif->ops->receive(netif, world.now_ns, &world.pools[i], frames, BURST);
}

void receive_nothing(unsigned i)
{
    struct leat_buf *frames[BURST];

    assert_int_equal(receive(i, frames), 0);
}

/* The device writes a frame of @len bytes into the next buffer of pair @i. */
void comes(unsigned i, const uint8_t *frame, uint32_t len, struct virtio_net_header header)
{
    const uint16_t head = next_of(2 * i);
    uint8_t *at = (uint8_t *)(uintptr_t)world.queues[2 * i]->descriptors[head].address;

    header.buffer_count = 1;
    memcpy(at, &header, sizeof header);
    memcpy(at + sizeof header, frame, len);
    use(2 * i, head, (uint32_t)sizeof header + len);
}

/* Makes a segment from a port whose flow belongs to pair @i. */
void put_segment(uint8_t frame[FRAME], unsigned i)
{
    memset(frame, 0, FRAME);
    frame[12] = 8;
    frame[14] = 0x45;
    frame[23] = 6;
    do {
        frame[35]++;
    } while (virtio_flows_owner(&world.group.flows, frame, FRAME) != i);
}

void put_arp_reply(uint8_t frame[FRAME])
{
    memset(frame, 0, FRAME);
    frame[12] = 8;
    frame[13] = 6;
    frame[21] = 2;
}
