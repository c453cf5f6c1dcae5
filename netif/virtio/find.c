/* find.c -- finds devices: first those over mmio, then those on PCI. */
#include "device.h"

bool virtio_find(struct virtio_device *device, enum virtio_id id, unsigned number,
                 const char *command_line, const char **why)
{
    return virtio_mmio_find(device, id, &number, command_line, why) ||
           virtio_pci_find(device, id, &number, why);
}
