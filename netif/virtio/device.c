/* device.c -- initialization of a virtio device (virtio 1.2, 3.1.1). */
#include "device.h"

#include <leat/assert.h>

#include "feature_names.h"

enum {
    RESET_READS_MAX = 1 << 16,
    STATUS_GONE = 0xff /* no device answers */
};

/* Features that are agreed on with every device.  ACCESS_PLATFORM: it uses the addresses of its
 * bus, which are those of memory, because nothing here turns on an IOMMU.  ORDER_PLATFORM: the
 * fences of virtqueue.c order memory for bus masters, too, on x86-64 and RV64. On AArch64 they
 * order it for processors, so for devices that a hypervisor's threads are. */
static const uint64_t always =
    VIRTIO_F_VERSION_1 | VIRTIO_F_ACCESS_PLATFORM | VIRTIO_F_ORDER_PLATFORM;

void virtio_reset(struct virtio_device *device)
{
    const struct virtio_transport *transport = device->transport;

    uint8_t status;

    transport->set_status(device, 0);
    /* 4.1.4.3.2: it is done when it reads back as 0 */
    for (unsigned i = 0; i < RESET_READS_MAX; i++) {
        status = transport->status(device);
        if (status == 0 || status == STATUS_GONE)
            break;
    }
}

/* Resets the device and proposes @features; true: it accepts them. */
static bool propose(struct virtio_device *device, uint64_t features)
{
    const struct virtio_transport *transport = device->transport;
    const uint8_t begun = VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER;

    virtio_reset(device);
    transport->set_status(device, VIRTIO_ACKNOWLEDGE);
    transport->set_status(device, begun);
    transport->set_features(device, features);
    transport->set_status(device, begun | VIRTIO_FEATURES_OK);
    return transport->status(device) & VIRTIO_FEATURES_OK;
}

/* The device has refused @agreed.  Proposes each feature beside them that it has, until it accepts:
 * then that is the one.  The device is reset before it could use it. */
static const char *find_needed(struct virtio_device *device, uint64_t offered, uint64_t agreed)
{
    for (unsigned bit = 0; bit < 64; bit++) {
        const uint64_t one = UINT64_C(1) << bit;

        if ((offered & ~agreed & one) && propose(device, agreed | one))
            return virtio_feature_needed(bit);
    }
    return "it refuses the features that leat has, for more than one that is missing";
}

bool virtio_negotiate(struct virtio_device *device, uint64_t wanted, uint64_t *agreed,
                      const char **why)
{
    const uint64_t offered = device->transport->features(device);

    *agreed = offered & (wanted | always);
    if (!(offered & VIRTIO_F_VERSION_1))
        *why = "it is older than virtio 1: the feature VERSION_1 is missing";
    else if (propose(device, *agreed))
        return true;
    else
        *why = find_needed(device, offered, *agreed);
    virtio_reset(device);
    device->transport->set_status(device, VIRTIO_FAILED);
    return false;
}

bool virtio_queue_open(struct virtio_device *device, uint16_t index, struct virtqueue *queue,
                       uint16_t size_max, uint64_t features, struct virtqueue_indirect *indirect)
{
    const uint16_t offered = device->transport->queue_max(device, index);
    uint16_t size = VIRTQUEUE_SIZE_MAX;

    leat_debug_assert(device->transport != 0);
    leat_debug_assert((size_max & (size_max - 1)) == 0); /* halved until it fits */
    if (size_max == 0 || offered == 0)
        return false;
    while (size > size_max || size > offered)
        size /= 2;
    virtqueue_init(queue, size, features & VIRTIO_F_EVENT_IDX,
                   features & VIRTIO_F_INDIRECT_DESC ? indirect : 0);
    device->transport->queue_enable(device, index, queue);
    return true;
}

void virtio_begin(struct virtio_device *device)
{
    device->transport->set_status(device, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK |
                                              VIRTIO_DRIVER_OK);
}
