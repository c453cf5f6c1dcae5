/*
 * pci_unplug.c -- the host takes a device back (QEMU: device_del).
 *
 * The host asks, and waits for the guest to give the device back. It presses the attention button
 * of the slot, which the bridge in front of the device reports (PCI Express 4.0, 6.7). Or it asks
 * by registers that firmware describes.
 */
#include "pci_bus.h"

enum {
    PCI_ID = 0x00,
    CAPABILITY_EXPRESS = 0x10,
    EXPRESS_SLOT = 0x18, /* of the capability: the slot's control, and its status */
    SLOT_BUTTON_PRESSED = 1 << 16,
    SLOT_POWER_LIGHT_OFF = 0x300, /* of the control */
    SLOT_POWER_OFF = 0x400
};

static void give_back_by_slot(const struct pci_function *function)
{
    struct pci_function port;
    uint32_t at, slot;

    if (!pci_bridge_of(function, &port))
        return;
    at = pci_capability(&port, CAPABILITY_EXPRESS, 0);
    if (at == 0)
        return;
    slot = pci_read(&port, at + EXPRESS_SLOT);
    if (slot & SLOT_BUTTON_PRESSED) /* a one clears it */
        pci_write(&port, at + EXPRESS_SLOT, slot | SLOT_POWER_LIGHT_OFF | SLOT_POWER_OFF);
}

bool pci_unplugged(const struct pci_function *function)
{
    if (pci_read(function, PCI_ID) == function->id) {
        give_back_by_slot(function);
        pci_give_back(function);
    }
    return pci_read(function, PCI_ID) != function->id;
}
