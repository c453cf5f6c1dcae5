/*
 * pci.c -- virtio over PCI, the modern way (virtio 1.2, 4.1), on bus 0.
 *
 * Interrupts are MSI-X: INTx would need the firmware's routing tables.  A device without MSI-X is
 * polled.  Some firmware (qboot) leaves the base addresses at zero; then we assign them.
 */
#include <leat/metal.h>

#include "device.h"
#include "metal/cpu.h"
#include "metal/metal.h"

enum {
    CONFIG_ADDRESS = 0xcf8,
    CONFIG_DATA = 0xcfc,
    PCI_ID = 0x00,
    PCI_COMMAND = 0x04, /* and the status, in the upper half */
    PCI_HEADER = 0x0c,
    PCI_BAR = 0x10,
    PCI_CAPABILITIES = 0x34,
    COMMAND_MEMORY = 0x2,
    COMMAND_MASTER = 0x4,
    COMMAND_NO_INTX = 0x400,
    STATUS_CAPABILITIES = 0x10, /* of the status */
    BARS = 6,
    BAR_IO = 0x1,
    BAR_64 = 0x4,
    CAPABILITY_VENDOR = 0x09,
    CAPABILITY_MSIX = 0x11,
    CAPABILITIES_MAX = 48,
    DEVICES_MAX = 32,
    VENDOR_VIRTIO = 0x1af4,
    DEVICE_MODERN = 0x1040,       /* plus the id */
    DEVICE_TRANSITIONAL = 0x1000, /* net: 0, entropy: 5 */
    MSIX_ENABLE = (int)0x80000000,
    MSIX_MASK = 0x40000000,
    NO_VECTOR = 0xffff
};

enum virtio_structure { /* 4.1.4 */
    STRUCTURE_COMMON = 1,
    STRUCTURE_NOTIFY = 2,
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

/* One function of bus 0. */
struct function {
    uint32_t address; /* for CONFIG_ADDRESS */
    uint32_t id;
};

/* where base addresses are assigned: above what firmware uses, below the I/O APIC */
static const uint32_t window_start = 0xfd000000, window_end = 0xfeb00000;
static const uint32_t msi_address = 0xfee00000; /* to the first processor (Intel SDM 3A 11.11) */
static const uint64_t poll_interval_ns = 200000;

static uint32_t config_read(const struct function *function, uint32_t at)
{
    out32(CONFIG_ADDRESS, function->address | (at & 0xfc));
    return in32(CONFIG_DATA);
}

static void config_write(const struct function *function, uint32_t at, uint32_t value)
{
    out32(CONFIG_ADDRESS, function->address | (at & 0xfc));
    out32(CONFIG_DATA, value);
}

static uint8_t config_read8(const struct function *function, uint32_t at)
{
    return (uint8_t)(config_read(function, at) >> (8 * (at & 3)));
}

static volatile struct common *common_of(struct virtio_device *device)
{
    return (volatile struct common *)device->registers;
}

static uint64_t pci_features(struct virtio_device *device)
{
    volatile struct common *common = common_of(device);
    uint64_t features;

    common->device_feature_select = 1;
    features = (uint64_t)common->device_feature << 32;
    common->device_feature_select = 0;
    return features | common->device_feature;
}

static void pci_set_features(struct virtio_device *device, uint64_t features)
{
    volatile struct common *common = common_of(device);

    for (uint32_t i = 0; i < 2; i++) {
        common->driver_feature_select = i;
        common->driver_feature = (uint32_t)(features >> (32 * i));
    }
}

static uint8_t pci_status(struct virtio_device *device)
{
    return common_of(device)->device_status;
}

static void pci_set_status(struct virtio_device *device, uint8_t status)
{
    common_of(device)->device_status = status;
}

static uint16_t pci_queue_max(struct virtio_device *device, uint16_t index)
{
    volatile struct common *common = common_of(device);

    if (index >= common->num_queues || index >= VIRTIO_QUEUES_MAX)
        return 0;
    common->queue_select = index;
    return common->queue_size;
}

static void pci_queue_enable(struct virtio_device *device, uint16_t index, struct virtqueue *queue)
{
    volatile struct common *common = common_of(device);
    const void *parts[] = {queue->descriptors, &queue->available, &queue->used};

    common->queue_select = index;
    common->queue_size = queue->size;
    for (unsigned i = 0; i < 3; i++) {
        const uint64_t address = (uintptr_t)parts[i];

        common->queue_address[2 * i] = (uint32_t)address;
        common->queue_address[2 * i + 1] = (uint32_t)(address >> 32);
    }
    common->queue_msix_vector = device->vector_entry;
    if (common->queue_msix_vector == NO_VECTOR) /* none, or the device has no room for it */
        leat_metal_poll_every(poll_interval_ns);
    device->notify_at[index] =
        device->notify_base + (uintptr_t)common->queue_notify_off * device->notify_multiplier;
    common->queue_enable = 1;
}

static void pci_notify(struct virtio_device *device, uint16_t index)
{
    *(volatile uint16_t *)device->notify_at[index] = index;
}

static uint8_t pci_config_read(struct virtio_device *device, uint32_t offset)
{
    return device->config ? *(volatile const uint8_t *)(device->config + offset) : 0;
}

static const struct virtio_transport pci_transport = {.features = pci_features,
                                                      .set_features = pci_set_features,
                                                      .status = pci_status,
                                                      .set_status = pci_set_status,
                                                      .queue_max = pci_queue_max,
                                                      .queue_enable = pci_queue_enable,
                                                      .notify = pci_notify,
                                                      .config_read = pci_config_read};

/* Assigns a piece of the window to a base address of zero; false: there is no room. */
static bool assign(const struct function *function, uint32_t at, uint32_t *next)
{
    uint32_t size;

    config_write(function, at, UINT32_MAX);
    size = ~(config_read(function, at) & ~(uint32_t)15) + 1; /* a power of two */
    if (size == 0 || (size & (size - 1)) != 0)
        return false;
    *next = (*next + size - 1) & ~(size - 1);
    if (*next >= window_end || size > window_end - *next)
        return false;
    config_write(function, at, *next);
    *next += size;
    return true;
}

/* The address behind a memory BAR, assigned if it has none.  0: it is not usable. */
static uintptr_t bar_address(const struct function *function, unsigned bar, uint32_t *next)
{
    const uint32_t at = PCI_BAR + 4 * bar;
    uint32_t low, high = 0;

    if (bar >= BARS)
        return 0;
    low = config_read(function, at);
    if (low & BAR_IO)
        return 0;
    if ((low & BAR_64) && bar + 1 < BARS)
        high = config_read(function, at + 4);
    if ((low & ~15u) == 0 && high == 0) {
        if (!assign(function, at, next))
            return 0;
        low = config_read(function, at);
    }
    if (high != 0 && !metal_map(((uint64_t)high << 32) | (low & ~15u)))
        return 0;
    return (uintptr_t)high << 32 | (low & ~15u);
}

/* Puts one vector into the table of MSI-X, for all queues. */
static void enable_msix(const struct function *function, uint32_t at, struct virtio_device *device,
                        uint32_t *next)
{
    const uint32_t where = config_read(function, at + 4);
    const uintptr_t bar = bar_address(function, where & 7, next);
    const uintptr_t entry = bar + (where & ~7u);
    const uint8_t vector = bar ? leat_metal_on_interrupt(0, 0) : 0;

    if (vector == 0)
        return;
    config_write(function, at, config_read(function, at) | (uint32_t)MSIX_ENABLE | MSIX_MASK);
    mmio_write32(entry, msi_address);
    mmio_write32(entry + 4, 0);
    mmio_write32(entry + 8, vector);
    mmio_write32(entry + 12, 0); /* not masked */
    config_write(function, at, config_read(function, at) & ~(uint32_t)MSIX_MASK);
    device->vector_entry = 0;
}

/* Records one of virtio's structures (4.1.4). */
static void take_structure(const struct function *function, uint32_t at,
                           struct virtio_device *device, uint32_t *next)
{
    const uint8_t type = config_read8(function, at + 3);
    const uintptr_t bar = bar_address(function, config_read8(function, at + 4), next);
    const uintptr_t address = bar + config_read(function, at + 8);

    if (bar == 0)
        return;
    if (type == STRUCTURE_COMMON && device->registers == 0)
        device->registers = address;
    else if (type == STRUCTURE_DEVICE && device->config == 0)
        device->config = address;
    else if (type == STRUCTURE_NOTIFY && device->notify_base == 0) {
        device->notify_base = address;
        device->notify_multiplier = config_read(function, at + 16);
    }
}

/* Reads the capabilities; false: it is no modern virtio device. */
static bool describe(const struct function *function, struct virtio_device *device)
{
    uint32_t next = window_start + ((function->address & 0xf800) << 8); /* 512 KiB a device */
    uint32_t at = config_read8(function, PCI_CAPABILITIES) & ~3u;
    uint32_t msix = 0;

    if (!(config_read(function, PCI_COMMAND) >> 16 & STATUS_CAPABILITIES))
        return false;
    for (unsigned i = 0; i < CAPABILITIES_MAX && at != 0; i++) {
        const uint32_t head = config_read(function, at);

        if ((head & 0xff) == CAPABILITY_VENDOR)
            take_structure(function, at, device, &next);
        else if ((head & 0xff) == CAPABILITY_MSIX)
            msix = at;
        at = head >> 8 & 0xfc;
    }
    if (device->registers == 0 || device->notify_base == 0)
        return false;
    config_write(function, PCI_COMMAND, COMMAND_MEMORY | COMMAND_MASTER | COMMAND_NO_INTX);
    if (msix)
        enable_msix(function, msix, device, &next);
    return true;
}

static bool is_device(const struct function *function, enum virtio_id id)
{
    const uint32_t transitional = id == VIRTIO_ID_NET ? 0 : 5;

    return function->id == (VENDOR_VIRTIO | (DEVICE_MODERN + (uint32_t)id) << 16) ||
           function->id == (VENDOR_VIRTIO | (DEVICE_TRANSITIONAL + transitional) << 16);
}

bool virtio_pci_find(struct virtio_device *device, enum virtio_id id, unsigned *number)
{
    for (uint32_t i = 0; i < DEVICES_MAX; i++) {
        struct function function = {.address = 0x80000000 | i << 11};

        function.id = config_read(&function, PCI_ID);
        if (!is_device(&function, id))
            continue;
        *device = (struct virtio_device){
            .transport = &pci_transport, .id = id, .vector_entry = NO_VECTOR};
        if (!describe(&function, device))
            continue;
        if ((*number)-- > 0)
            continue;
        return true;
    }
    return false;
}
