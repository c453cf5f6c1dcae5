/*
 * mmio.c -- virtio over memory-mapped registers (virtio 1.2, 4.2).
 *
 * Devices are announced by the hypervisor on the command line, as to Linux:
 * virtio_mmio.device=512@0xfeb00e00:12 (bytes, address, interrupt line); or in the device tree,
 * which the architecture reads. A device whose line isn't known is polled.
 */
#include <leat/metal.h>

#include <string.h>

#include "device.h"
#include "cpu.h"
#include "metal/metal.h"

enum {
    MMIO_MAGIC = 0x000,
    MMIO_VERSION = 0x004,
    MMIO_DEVICE_ID = 0x008,
    MMIO_DEVICE_FEATURES = 0x010,
    MMIO_DEVICE_FEATURES_SELECT = 0x014,
    MMIO_DRIVER_FEATURES = 0x020,
    MMIO_DRIVER_FEATURES_SELECT = 0x024,
    MMIO_QUEUE_SELECT = 0x030,
    MMIO_QUEUE_SIZE_MAX = 0x034,
    MMIO_QUEUE_SIZE = 0x038,
    MMIO_QUEUE_READY = 0x044,
    MMIO_QUEUE_NOTIFY = 0x050,
    MMIO_INTERRUPT_STATUS = 0x060,
    MMIO_INTERRUPT_ACKNOWLEDGE = 0x064,
    MMIO_STATUS = 0x070,
    MMIO_QUEUE_DESCRIPTORS = 0x080,
    MMIO_QUEUE_AVAILABLE = 0x090,
    MMIO_QUEUE_USED = 0x0a0,
    MMIO_CONFIG = 0x100,
    MAGIC = 0x74726976,
    VERSION_LEGACY = 1,
    VERSION = 2,
    WINDOWS_MAX = 32
};

static uint64_t mmio_features(struct virtio_device *device)
{
    uint64_t features;

    /* 64 bits of features behind a register of 32: first the upper half is selected, then the lower
     * one */
    mmio_write32(device->registers + MMIO_DEVICE_FEATURES_SELECT, 1);
    features = (uint64_t)mmio_read32(device->registers + MMIO_DEVICE_FEATURES) << 32;
    mmio_write32(device->registers + MMIO_DEVICE_FEATURES_SELECT, 0);
    return features | mmio_read32(device->registers + MMIO_DEVICE_FEATURES);
}

static void mmio_set_features(struct virtio_device *device, uint64_t features)
{
    for (uint32_t i = 0; i < 2; i++) {
        mmio_write32(device->registers + MMIO_DRIVER_FEATURES_SELECT, i);
        mmio_write32(device->registers + MMIO_DRIVER_FEATURES, (uint32_t)(features >> (32 * i)));
    }
}

static uint8_t mmio_status(struct virtio_device *device)
{
    return (uint8_t)mmio_read32(device->registers + MMIO_STATUS);
}

static void mmio_set_status(struct virtio_device *device, uint8_t status)
{
    mmio_write32(device->registers + MMIO_STATUS, status);
}

static uint16_t mmio_queue_max(struct virtio_device *device, uint16_t index)
{
    uint32_t size;

    mmio_write32(device->registers + MMIO_QUEUE_SELECT, index);
    size = mmio_read32(device->registers + MMIO_QUEUE_SIZE_MAX);
    return size < UINT16_MAX ? (uint16_t)size : UINT16_MAX;
}

static void write_address(struct virtio_device *device, uint32_t at, const void *memory)
{
    const uint64_t address = (uintptr_t)memory;

    mmio_write32(device->registers + at, (uint32_t)address);
    mmio_write32(device->registers + at + 4, (uint32_t)(address >> 32));
}

static void mmio_queue_enable(struct virtio_device *device, uint16_t index, struct virtqueue *queue)
{
    mmio_write32(device->registers + MMIO_QUEUE_SELECT, index);
    mmio_write32(device->registers + MMIO_QUEUE_SIZE, queue->size);
    write_address(device, MMIO_QUEUE_DESCRIPTORS, queue->descriptors);
    write_address(device, MMIO_QUEUE_AVAILABLE, &queue->available);
    write_address(device, MMIO_QUEUE_USED, &queue->used);
    mmio_publish();
    /* The device may read the queue from here on. */
    mmio_write32(device->registers + MMIO_QUEUE_READY, 1);
}

static void mmio_notify(struct virtio_device *device, uint16_t index)
{
    mmio_publish();
    mmio_write32(device->registers + MMIO_QUEUE_NOTIFY, index);
}

static uint8_t mmio_config_read(struct virtio_device *device, uint32_t offset)
{
    return mmio_read8(device->registers + MMIO_CONFIG + offset);
}

static bool mmio_gone(struct virtio_device *device)
{
    /* Registers without a device read as 0 or all ones. */
    return mmio_read32(device->registers + MMIO_MAGIC) != MAGIC;
}

static const struct virtio_transport mmio_transport = {.features = mmio_features,
                                                       .set_features = mmio_set_features,
                                                       .status = mmio_status,
                                                       .set_status = mmio_set_status,
                                                       .queue_max = mmio_queue_max,
                                                       .queue_enable = mmio_queue_enable,
                                                       .notify = mmio_notify,
                                                       .config_read = mmio_config_read,
                                                       .gone = mmio_gone};

/* The interrupt line falls when the interrupt is acknowledged. */
static void mmio_interrupt(void *arg)
{
    struct virtio_device *device = arg;
    const uint32_t why = mmio_read32(device->registers + MMIO_INTERRUPT_STATUS);

    mmio_write32(device->registers + MMIO_INTERRUPT_ACKNOWLEDGE, why);
}

/* A number in decimal or, with 0x, hexadecimal; moves @text behind it. */
static uint64_t parse_number(const char **text)
{
    const bool hex = (*text)[0] == '0' && ((*text)[1] | 0x20) == 'x';
    uint64_t value = 0;

    for (*text += hex ? 2 : 0;; (*text)++) {
        const char c = **text, lower = (char)(c | 0x20);

        if (c >= '0' && c <= '9')
            value = value * (hex ? 16 : 10) + (uint64_t)(c - '0');
        else if (hex && lower >= 'a' && lower <= 'f')
            value = value * 16 + (uint64_t)(lower - 'a' + 10);
        else
            return value;
    }
}

/* Reads "512@0xfeb00e00:12" or "4K@...": the address and the line. */
static bool parse_window(const char *text, struct metal_window *window)
{
    parse_number(&text);
    while (*text && *text != '@' && *text != ' ')
        text++; /* K, M: the size is not needed */
    if (*text != '@')
        return false;
    text++;
    window->address = parse_number(&text);
    if (*text != ':')
        return false;
    text++;
    window->line = (uint32_t)parse_number(&text);
    /* Only such an address may hold registers. is_device() then looks for the magic number before
     * it touches anything else. */
    return window->address > 0 && window->address < UINT64_C(1) << 32 && window->address % 4 == 0;
}

static bool is_device(uintptr_t address, enum virtio_id id, const char **why)
{
    /* A machine announces windows that may be empty; an empty one has the device id 0 (4.2.2). */
    if (!metal_map(address) || mmio_read32(address + MMIO_MAGIC) != MAGIC ||
        mmio_read32(address + MMIO_DEVICE_ID) != (uint32_t)id)
        return false;
    if (mmio_read32(address + MMIO_VERSION) == VERSION_LEGACY)
        *why = "it is legacy only, older than virtio 1 (-global virtio-mmio.force-legacy=false)";
    return mmio_read32(address + MMIO_VERSION) == VERSION;
}

/* True if the window is that of the *@number-th device of the kind. */
static bool take_window(struct virtio_device *device, enum virtio_id id, unsigned *number,
                        const struct metal_window *window, const char **why)
{
    if (!is_device((uintptr_t)window->address, id, why) || (*number)-- > 0)
        return false;
    *device = (struct virtio_device){
        .transport = &mmio_transport, .id = id, .registers = (uintptr_t)window->address};
    if (!leat_metal_route(window->line, leat_metal_on_interrupt(mmio_interrupt, device)))
        leat_metal_poll_every(VIRTIO_POLL_NS);
    return true;
}

bool virtio_mmio_find(struct virtio_device *device, enum virtio_id id, unsigned *number,
                      const char *command_line, const char **why)
{
    static const char key[] = "virtio_mmio.device=";
    const char *at = command_line;
    unsigned count;
    const struct metal_window *windows = metal_windows(&count);

    /* The device tree first; a PC has none, and gives the windows on the command line. */
    for (unsigned i = 0; i < count; i++) {
        if (take_window(device, id, number, &windows[i], why))
            return true;
    }
    for (unsigned i = 0; i < WINDOWS_MAX && *at; i++) {
        struct metal_window window;

        while (*at && strncmp(at, key, sizeof key - 1) != 0)
            at++;
        if (!*at)
            break;
        at += sizeof key - 1;
        if (parse_window(at, &window) && take_window(device, id, number, &window, why))
            return true;
    }
    return false;
}
