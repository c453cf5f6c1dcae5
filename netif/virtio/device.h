/* device.h -- a virtio device, whatever bus it is on (virtio 1.2, chapters 2 and 3). */
#ifndef VIRTIO_DEVICE_H
#define VIRTIO_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "metal/pci_bus.h"
#include "virtqueue.h"

enum virtio_id { /* virtio 1.2, 5 */
    VIRTIO_ID_NET = 1,
    VIRTIO_ID_BLOCK = 2,
    VIRTIO_ID_ENTROPY = 4
};

#define VIRTIO_F_INDIRECT_DESC   (UINT64_C(1) << 28) /* virtio 1.2, 6 */
#define VIRTIO_F_EVENT_IDX       (UINT64_C(1) << 29)
#define VIRTIO_F_VERSION_1       (UINT64_C(1) << 32)
#define VIRTIO_F_ACCESS_PLATFORM (UINT64_C(1) << 33)
#define VIRTIO_F_ORDER_PLATFORM  (UINT64_C(1) << 36)

enum virtio_status { /* virtio 1.2, 2.1 */
    VIRTIO_ACKNOWLEDGE = 1,
    VIRTIO_DRIVER = 2,
    VIRTIO_DRIVER_OK = 4,
    VIRTIO_FEATURES_OK = 8,
    VIRTIO_NEEDS_RESET = 64,
    VIRTIO_FAILED = 128
};

enum {
    VIRTIO_QUEUES_MAX = 2,  /* of one struct virtio_device */
    VIRTIO_POLL_NS = 200000 /* between looks at a device that can't interrupt */
};

struct virtio_device;

/* How its registers are reached. */
struct virtio_transport {
    uint64_t (*features)(struct virtio_device *device);
    void (*set_features)(struct virtio_device *device, uint64_t features);
    uint8_t (*status)(struct virtio_device *device);
    void (*set_status)(struct virtio_device *device, uint8_t status);
    /* Descriptors that queue @index may have, 0: there is no such queue. */
    uint16_t (*queue_max)(struct virtio_device *device, uint16_t index);
    /* Tells the device where the queue lies, and enables it. */
    void (*queue_enable)(struct virtio_device *device, uint16_t index, struct virtqueue *queue);
    void (*notify)(struct virtio_device *device, uint16_t index);
    uint8_t (*config_read)(struct virtio_device *device, uint32_t offset);
    /* True once the host has taken the device away.  If the host only asks for it, this gives it
     * back first. */
    bool (*gone)(struct virtio_device *device);
    /* Has the device interrupt processor i by the vector of that number, for up to @processors.
     * Returns for how many it can.  NULL: it can't. */
    unsigned (*spread)(struct virtio_device *device, unsigned processors);
};

/* A device that was found; the caller of virtio_find() owns the memory.  A device with many queues
 * has a copy of this for each pair of them. */
struct virtio_device {
    const struct virtio_transport *transport;
    enum virtio_id id;
    uintptr_t registers; /* mmio: all of them; PCI: the common configuration */
    uintptr_t config;
    uintptr_t notify_base; /* PCI */
    uint32_t notify_multiplier;
    uintptr_t notify_at[VIRTIO_QUEUES_MAX]; /* by the queue's number, even or odd */
    uintptr_t interrupt;   /* PCI: the register that acknowledges the pin's interrupt */
    uint16_t vector_entry; /* PCI: of the MSI-X table; 0xffff: none */
    bool has_pin;          /* PCI: the pin interrupts, instead of MSI-X */
    struct pci_function function;
};

/* Resets the device and agrees on features: those of @wanted that it offers, and VERSION_1,
 * ACCESS_PLATFORM and ORDER_PLATFORM always.  False: it doesn't accept them, or is older than
 * virtio 1; then *@why is one line, with the name of the missing feature. */
bool virtio_negotiate(struct virtio_device *device, uint64_t wanted, uint64_t *agreed,
                      const char **why);

/* Makes a queue, of at most @size_max descriptors, and hands it over.  False: the device has none
 * such. */
bool virtio_queue_open(struct virtio_device *device, uint16_t index, struct virtqueue *queue,
                       uint16_t size_max, uint64_t features, struct virtqueue_indirect *indirect);

/* Two bytes of the device's configuration. */
static inline uint16_t virtio_config_read16(struct virtio_device *device, uint32_t at)
{
    const uint8_t low = device->transport->config_read(device, at);

    return (uint16_t)(low | device->transport->config_read(device, at + 1) << 8);
}

/* Allows the device to begin. */
void virtio_begin(struct virtio_device *device);

/* Stops the device: it forgets the queues, and writes nowhere any more. */
void virtio_reset(struct virtio_device *device);

/* Finds the @number-th device (from 0) of the kind; false: there are fewer.  If one was left out
 * because it can't be used, *@why becomes one line with the reason. */
bool virtio_find(struct virtio_device *device, enum virtio_id id, unsigned number,
                 const char *command_line, const char **why);

/* virtio_find() on one bus. Reduces *@number by the devices of the kind that aren't the wanted one.
 */
bool virtio_mmio_find(struct virtio_device *device, enum virtio_id id, unsigned *number,
                      const char *command_line, const char **why);
bool virtio_pci_find(struct virtio_device *device, enum virtio_id id, unsigned *number,
                     const char **why);

#endif
