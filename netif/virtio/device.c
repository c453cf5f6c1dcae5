/* device.c -- initialization of a virtio device (virtio 1.2, 3.1.1). */
#include "device.h"

enum {
    RESET_READS_MAX = 1 << 16
};

void virtio_reset(struct virtio_device *device)
{
    const struct virtio_transport *transport = device->transport;

    transport->set_status(device, 0);
    /* 4.1.4.3.2: it is done when it reads back as 0 */
    for (unsigned i = 0; i < RESET_READS_MAX && transport->status(device) != 0; i++)
        continue;
}

bool virtio_negotiate(struct virtio_device *device, uint64_t wanted, uint64_t *agreed)
{
    const struct virtio_transport *transport = device->transport;
    const uint64_t offered = transport->features(device);
    const uint8_t begun = VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER;

    virtio_reset(device);
    transport->set_status(device, VIRTIO_ACKNOWLEDGE);
    transport->set_status(device, begun);
    if (!(offered & VIRTIO_F_VERSION_1))
        goto failed;
    *agreed = offered & (wanted | VIRTIO_F_VERSION_1);
    transport->set_features(device, *agreed);
    transport->set_status(device, begun | VIRTIO_FEATURES_OK);
    if (transport->status(device) & VIRTIO_FEATURES_OK)
        return true;
failed:
    transport->set_status(device, VIRTIO_FAILED);
    return false;
}

bool virtio_queue_open(struct virtio_device *device, uint16_t index, struct virtqueue *queue,
                       uint16_t size_max, uint64_t features, struct virtqueue_indirect *indirect)
{
    const uint16_t offered = device->transport->queue_max(device, index);
    uint16_t size = VIRTQUEUE_SIZE_MAX;

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
