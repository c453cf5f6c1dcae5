/*
 * pci.c -- virtio over PCI, the modern way (virtio 1.2, 4.1).
 *
 * Interrupts are MSI-X, or the device's pin where the machine says where that leads. Without either
 * a device is polled.
 */
#include <stddef.h>

#include <leat/metal.h>

#include "device.h"
#include "cpu.h"
#include "metal/pci_bus.h"

enum {
    VENDOR_VIRTIO = 0x1af4,
    DEVICE_MODERN = 0x1040,       /* plus the id */
    DEVICE_TRANSITIONAL = 0x1000, /* net: 0, block: 1, entropy: 5 */
    NO_VECTOR = 0xffff
};

enum virtio_structure { /* 4.1.4 */
    STRUCTURE_COMMON = 1,
    STRUCTURE_NOTIFY = 2,
    STRUCTURE_INTERRUPT = 3, /* a byte that says why, and is acknowledged by reading */
    STRUCTURE_DEVICE = 4
};

/* 4.1.4.3, as the device lays it out */
struct common {
    uint32_t device_feature_select;
    uint32_t device_feature;
    uint32_t driver_feature_select;
    uint32_t driver_feature;
    uint16_t config_msix_vector;
    uint16_t num_queues;
    uint8_t device_status;
    uint8_t config_generation;
    uint16_t queue_select;
    uint16_t queue_size;
    uint16_t queue_msix_vector;
    uint16_t queue_enable;
    uint16_t queue_notify_off;
    uint32_t queue_address[6]; /* descriptors, available, used; the lower half first */
};

_Static_assert(offsetof(struct common, queue_address) == 32, "virtio 1.2, 4.1.4.3");

/* The address of a register of the common configuration. */
#define COMMON(device, field) ((device)->registers + offsetof(struct common, field))

static uint64_t pci_features(struct virtio_device *device)
{
    uint64_t features;

    mmio_write32(COMMON(device, device_feature_select), 1);
    features = (uint64_t)mmio_read32(COMMON(device, device_feature)) << 32;
    mmio_write32(COMMON(device, device_feature_select), 0);
    return features | mmio_read32(COMMON(device, device_feature));
}

static void pci_set_features(struct virtio_device *device, uint64_t features)
{
    for (uint32_t i = 0; i < 2; i++) {
        mmio_write32(COMMON(device, driver_feature_select), i);
        mmio_write32(COMMON(device, driver_feature), (uint32_t)(features >> (32 * i)));
    }
}

static uint8_t pci_status(struct virtio_device *device)
{
    return mmio_read8(COMMON(device, device_status));
}

static void pci_set_status(struct virtio_device *device, uint8_t status)
{
    mmio_write8(COMMON(device, device_status), status);
}

static uint16_t pci_queue_max(struct virtio_device *device, uint16_t index)
{
    if (index >= mmio_read16(COMMON(device, num_queues)))
        return 0;
    mmio_write16(COMMON(device, queue_select), index);
    return mmio_read16(COMMON(device, queue_size));
}

static void pci_queue_enable(struct virtio_device *device, uint16_t index, struct virtqueue *queue)
{
    const void *parts[] = {queue->descriptors, &queue->available, &queue->used};

    mmio_write16(COMMON(device, queue_select), index);
    mmio_write16(COMMON(device, queue_size), queue->size);
    for (unsigned i = 0; i < 3; i++) {
        const uint64_t address = (uintptr_t)parts[i];

        mmio_write32(COMMON(device, queue_address) + 8 * i, (uint32_t)address);
        mmio_write32(COMMON(device, queue_address) + 8 * i + 4, (uint32_t)(address >> 32));
    }
    mmio_write16(COMMON(device, queue_msix_vector), device->vector_entry);
    /* NO_VECTOR also reads back if the device has no room for the vector */
    if (mmio_read16(COMMON(device, queue_msix_vector)) == NO_VECTOR && !device->has_pin)
        leat_metal_poll_every(VIRTIO_POLL_NS);
    /* 4.1.4.4: each queue may have a register of its own for notifications */
    device->notify_at[index % VIRTIO_QUEUES_MAX] =
        device->notify_base +
        (uintptr_t)mmio_read16(COMMON(device, queue_notify_off)) * device->notify_multiplier;
    mmio_publish();
    mmio_write16(COMMON(device, queue_enable), 1);
}

static void pci_notify(struct virtio_device *device, uint16_t index)
{
    mmio_publish();
    mmio_write16(device->notify_at[index % VIRTIO_QUEUES_MAX], index);
}

static uint8_t pci_device_config(struct virtio_device *device, uint32_t offset)
{
    return device->config ? mmio_read8(device->config + offset) : 0;
}

static bool pci_gone(struct virtio_device *device)
{
    return pci_unplugged(&device->function);
}

static unsigned pci_spread(struct virtio_device *device, unsigned processors)
{
    return device->vector_entry == NO_VECTOR ? 0 : pci_spread_msix(&device->function, processors);
}

static const struct virtio_transport pci_transport = {.features = pci_features,
                                                      .set_features = pci_set_features,
                                                      .status = pci_status,
                                                      .set_status = pci_set_status,
                                                      .queue_max = pci_queue_max,
                                                      .queue_enable = pci_queue_enable,
                                                      .notify = pci_notify,
                                                      .config_read = pci_device_config,
                                                      .gone = pci_gone,
                                                      .spread = pci_spread};

/* The pin's interrupt falls when it is acknowledged. */
static void pci_interrupt(void *arg)
{
    const struct virtio_device *device = arg;

    (void)mmio_read8(device->interrupt);
}

/* Records one of virtio's structures (4.1.4). */
static void take_structure(struct pci_function *function, uint32_t at, struct virtio_device *device)
{
    /* 4.1.4: the type is at 3, the number of the base address at 4, the offset behind it at 8 */
    const uint8_t type = pci_read8(function, at + 3);
    const uintptr_t bar = pci_bar(function, pci_read8(function, at + 4));
    const uintptr_t address = bar + pci_read(function, at + 8);

    /* An I/O base address, or one that couldn't be assigned. A device may offer the structure a
     * second time elsewhere; the first one that can be reached is used (4.1.4.1). */
    if (bar == 0)
        return;
    if (type == STRUCTURE_COMMON && device->registers == 0)
        device->registers = address;
    else if (type == STRUCTURE_DEVICE && device->config == 0)
        device->config = address;
    else if (type == STRUCTURE_INTERRUPT && device->interrupt == 0)
        device->interrupt = address;
    else if (type == STRUCTURE_NOTIFY && device->notify_base == 0) {
        device->notify_base = address;
        device->notify_multiplier = pci_read(function, at + 16);
    }
}

/* Reads the capabilities; false: it can't be used, for the reason *@why. */
static bool describe(struct virtio_device *device, const char **why)
{
    struct pci_function *function = &device->function;
    uint32_t at = 0;
    bool modern = false;

    while ((at = pci_capability(function, PCI_CAPABILITY_VENDOR, at)) != 0) {
        take_structure(function, at, device);
        modern = true;
    }
    /* A transitional device of old QEMU has no structures in its capabilities. */
    if (!modern)
        *why = "it is legacy only, older than virtio 1 (QEMU: disable-modern=off)";
    else if (device->registers == 0 || device->notify_base == 0)
        *why = "its registers can't be reached";
    if (device->registers == 0 || device->notify_base == 0)
        return false;
    /* Before MSI-X, whose table lies in the function's memory. */
    pci_enable(function);
    if (pci_use_msix(function))
        device->vector_entry = 0;
    else if (device->interrupt != 0)
        device->has_pin = pci_use_pin(function, pci_interrupt, device);
    return true;
}

static bool is_device(const struct pci_function *function, enum virtio_id id)
{
    const uint32_t transitional = id == VIRTIO_ID_NET ? 0 : id == VIRTIO_ID_BLOCK ? 1 : 5;

    return function->id == (VENDOR_VIRTIO | (DEVICE_MODERN + (uint32_t)id) << 16) ||
           function->id == (VENDOR_VIRTIO | (DEVICE_TRANSITIONAL + transitional) << 16);
}

bool virtio_pci_find(struct virtio_device *device, enum virtio_id id, unsigned *number,
                     const char **why)
{
    struct pci_function function = {0};

    while (pci_next(&function)) {
        if (!is_device(&function, id))
            continue;
        if (*number > 0) {
            (*number)--;
            continue;
        }
        *device = (struct virtio_device){
            .transport = &pci_transport, .id = id, .vector_entry = NO_VECTOR, .function = function};
        if (describe(device, why))
            return true;
    }
    return false;
}
