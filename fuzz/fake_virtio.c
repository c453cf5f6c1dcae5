/* fake_virtio.c -- the registers of a virtio device that breaks every rule. */
#include "fake_virtio.h"

struct fake_virtio fake_virtio;

void fake_virtio_begin(const uint8_t *data, size_t size, uint16_t queue_size,
                       uint8_t (*config)(uint32_t offset))
{
    fake_virtio = (struct fake_virtio){
        .at = data, .end = data + size, .queue_size = queue_size, .config = config};
}

uint8_t next8(void)
{
    return fake_virtio.at < fake_virtio.end ? *fake_virtio.at++ : 0;
}

uint16_t next16(void)
{
    const uint8_t low = next8();

    return (uint16_t)(low | next8() << 8);
}

uint32_t next32(void)
{
    const uint16_t low = next16();

    return low | (uint32_t)next16() << 16;
}

bool fake_virtio_take(unsigned index, uint16_t *head)
{
    const struct virtqueue *queue = fake_virtio.queues[index];

    if (fake_virtio.seen[index] == queue->available.index)
        return false;
    *head = queue->available.ring[fake_virtio.seen[index]++ & (queue->size - 1)];
    return true;
}

void fake_virtio_use(struct virtqueue *queue, uint32_t id, uint32_t len)
{
    const uint16_t at = queue->used.index;

    queue->used.ring[at & (queue->size - 1)] = (struct virtqueue_used_element){id, len};
    queue->used.index = (uint16_t)(at + 1);
}

/* ---- registers */

static uint64_t features(struct virtio_device *device)
{
    const uint32_t low = next32();

    (void)device;
    return low | (next8() == 255 ? 0 : VIRTIO_F_VERSION_1);
}

static void set_features(struct virtio_device *device, uint64_t agreed)
{
    (void)device;
    (void)agreed;
}

static uint8_t status(struct virtio_device *device)
{
    (void)device;
    return fake_virtio.status;
}

static void set_status(struct virtio_device *device, uint8_t set)
{
    (void)device;
    fake_virtio.status = set;
}

static uint16_t queue_max(struct virtio_device *device, uint16_t index)
{
    const uint8_t choice = next8();

    (void)device;
    if (index >= FAKE_VIRTIO_QUEUES)
        return 0;
    return choice < 16 ? choice : choice < 128 ? fake_virtio.queue_size : 256;
}

static void queue_enable(struct virtio_device *device, uint16_t index, struct virtqueue *queue)
{
    (void)device;
    fake_virtio.queues[index] = queue;
}

static void notify(struct virtio_device *device, uint16_t index)
{
    (void)device;
    (void)index;
}

static uint8_t config_read(struct virtio_device *device, uint32_t offset)
{
    (void)device;
    return fake_virtio.config(offset);
}

/* A driver asks once a second, so this is also where the device fails. */
static bool gone(struct virtio_device *device)
{
    const uint8_t choice = next8();

    (void)device;
    if (choice == 254)
        fake_virtio.status |= VIRTIO_NEEDS_RESET;
    return choice == 255;
}

const struct virtio_transport fake_virtio_transport = {.features = features,
                                                       .set_features = set_features,
                                                       .status = status,
                                                       .set_status = set_status,
                                                       .queue_max = queue_max,
                                                       .queue_enable = queue_enable,
                                                       .notify = notify,
                                                       .config_read = config_read,
                                                       .gone = gone};
