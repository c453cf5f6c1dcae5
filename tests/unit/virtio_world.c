/* virtio_world.c -- a virtio-net device that obeys the rules. */
#include "virtio_world.h"

#include <string.h>

const uint64_t everything = VIRTIO_F_VERSION_1 | VIRTIO_NET_F_CSUM | VIRTIO_NET_F_GUEST_CSUM |
                            VIRTIO_NET_F_MTU | VIRTIO_NET_F_MAC | VIRTIO_NET_F_MRG_RXBUF |
                            VIRTIO_NET_F_STATUS | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX |
                            VIRTIO_NET_F_HOST_TSO4 | VIRTIO_NET_F_HOST_TSO6 | VIRTIO_NET_GUEST_TSO;

struct virtio_world world;

static uint64_t features(struct virtio_device *device)
{
    (void)device;
    return world.offered;
}

static void set_features(struct virtio_device *device, uint64_t agreed)
{
    (void)device;
    assert_true((agreed & ~world.offered) == 0); /* virtio 1.2, 2.2.1 */
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
    if ((world.needed & ~world.agreed) != 0)
        set &= (uint8_t)~VIRTIO_FEATURES_OK;
    world.status = set;
}

static uint16_t queue_max(struct virtio_device *device, uint16_t index)
{
    (void)device;
    (void)index;
    return world.queue_max;
}

static void queue_enable(struct virtio_device *device, uint16_t index, struct virtqueue *queue)
{
    (void)device;
    world.queues[index] = queue;
}

static void notify(struct virtio_device *device, uint16_t index)
{
    (void)device;
    world.notified[index]++;
}

static uint8_t config_read(struct virtio_device *device, uint32_t offset)
{
    (void)device;
    return world.config[offset];
}

static bool gone(struct virtio_device *device)
{
    (void)device;
    return world.gone;
}

static const struct virtio_transport transport = {features,  set_features, status, set_status,
                                                  queue_max, queue_enable, notify, config_read,
                                                  gone,      NULL};

enum leat_err start(uint64_t offered, uint16_t mtu, bool no_offload)
{
    const char *why;

    world.offered = offered;
    world.virtio.device.transport = &transport;
    return virtio_net_start(&world.virtio, mtu, no_offload, &why);
}

const char *complaint(uint64_t offered)
{
    const char *why = NULL;

    world.offered = offered;
    world.virtio.device.transport = &transport;
    return virtio_net_start(&world.virtio, 0, false, &why) ? why : NULL;
}

int set_up(void **state)
{
    struct arena arena;

    (void)state;
    memset(&world, 0, sizeof world);
    arena = (struct arena){(uint8_t *)world.memory, (uint8_t *)world.memory + sizeof world.memory};
    world.queue_max = 16;
    memcpy(world.config, (const uint8_t[]){2, 1, 2, 3, 4, 5, 1, 0, 0, 0, MTU & 255, MTU >> 8}, 12);
    return !pool_init(&world.pool, &arena, BUFFERS, BUFFER_BYTES, SMALL, DESCRIPTORS);
}

int tear_down(void **state)
{
    (void)state;
    if (world.virtio.netif.ops)
        world.virtio.netif.ops->close(&world.virtio.netif);
    return !pool_is_whole(&world.pool);
}

uint16_t next_of(uint16_t index)
{
    struct virtqueue *queue = world.queues[index];

    assert_true(world.seen[index] != queue->available.index);
    return queue->available.ring[world.seen[index]++ & (queue->size - 1)];
}

void use(uint16_t index, uint16_t head, uint32_t len)
{
    struct virtqueue *queue = world.queues[index];

    queue->used.ring[queue->used.index & (queue->size - 1)] =
        (struct virtqueue_used_element){head, len};
    queue->used.index++;
}

void write_next(const void *bytes, uint32_t len)
{
    const uint16_t head = next_of(VIRTIO_NET_RX);

    assert_true(len <= world.queues[VIRTIO_NET_RX]->descriptors[head].len);
    memcpy((void *)(uintptr_t)world.queues[VIRTIO_NET_RX]->descriptors[head].address, bytes, len);
    use(VIRTIO_NET_RX, head, len);
}

void comes(struct virtio_net_header header, bool v6, uint8_t protocol, uint32_t len)
{
    uint8_t bytes[VIRTIO_NET_HEADER_BYTES + FRAME] = {0}, *frame = bytes + sizeof header;

    memcpy(bytes, &header, sizeof header);
    frame[12] = v6 ? 0x86 : 0x08;
    frame[13] = v6 ? 0xdd : 0;
    frame[v6 ? 20 : 23] = protocol;
    write_next(bytes, VIRTIO_NET_HEADER_BYTES + len);
}

uint32_t take(struct leat_buf **frames, uint32_t frames_max)
{
    return world.virtio.netif.ops->receive(&world.virtio.netif, 0, &world.pool, frames, frames_max);
}

struct leat_buf *take_one(void)
{
    struct leat_buf *frames[BURST] = {0};
    const uint32_t count = take(frames, BURST);

    assert_int_equal(count, frames[0] != NULL);
    return frames[0];
}

void look(unsigned seconds)
{
    struct leat_buf *frames[BURST] = {0};
    struct leat_netif *netif = &world.virtio.netif;

    assert_int_equal(
        netif->ops->receive(netif, seconds * UINT64_C(1000000000), &world.pool, frames, BURST), 0);
}
