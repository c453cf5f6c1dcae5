/*
 * pci_acpi.c -- QEMU's PCs ask for a device by registers for ACPI (docs/specs/acpi_pci_hotplug).
 *
 * They are the same on all of these PCs. ACPI's own way to them is a program in the machine's
 * tables. The numbers of buses there are not those of PCI. So behind bridges a device is given back
 * wherever one is asked for that has the slot of ours; then it is seen whether ours has gone.
 */
#include "../pci_bus.h"
#include "cpu.h"

enum {
    PCI_ID = 0x00,
    PCI_SUBSYSTEM = 0x2c,
    HOST_BRIDGE = 0x0000, /* 00:00.0 */
    SUBSYSTEM_QEMU = 0x11001af4,
    PIIX4_PM = 0x000b, /* 00:01.3 */
    PIIX4_PM_ID = 0x71138086,
    PIIX4_EVENTS = 0xafe0, /* ports */
    PIIX4_SLOTS = 0xae00,
    ICH9_LPC = 0x00f8, /* 00:1f.0 */
    ICH9_LPC_ID = 0x29188086,
    ICH9_PM_BASE = 0x40,
    ICH9_EVENTS = 0x20, /* behind that base */
    ICH9_SLOTS = 0x0cc0,
    EVENT_PCI = 0x02, /* of the events' status */
    SLOTS_ASKED = 4,  /* behind the slots' base */
    SLOTS_EJECT = 8,
    SLOTS_BUS = 16,
    BUSES_MAX = 64 /* of QEMU's numbers */
};

struct ports {
    uint16_t events;
    uint16_t slots;
};

/* False: this is no PC of QEMU. */
static bool find_ports(struct ports *ports)
{
    if (pci_config_read(HOST_BRIDGE, PCI_SUBSYSTEM) != SUBSYSTEM_QEMU)
        return false;
    if (pci_config_read(PIIX4_PM, PCI_ID) == PIIX4_PM_ID) {
        *ports = (struct ports){PIIX4_EVENTS, PIIX4_SLOTS};
        return true;
    }
    if (pci_config_read(ICH9_LPC, PCI_ID) == ICH9_LPC_ID) {
        const uint32_t base = pci_config_read(ICH9_LPC, ICH9_PM_BASE) & 0xff80;

        *ports = (struct ports){(uint16_t)(base + ICH9_EVENTS), ICH9_SLOTS};
        return base != 0;
    }
    return false;
}

void pci_give_back(const struct pci_function *function)
{
    const uint32_t slot = UINT32_C(1) << (function->at >> 3 & 31);
    const uint32_t last_bus = function->at >> 8 == 0 ? 0 : BUSES_MAX - 1;
    struct ports ports;

    if (!find_ports(&ports) || !(in8(ports.events) & EVENT_PCI))
        return;
    for (uint32_t bus = 0; bus <= last_bus; bus++) {
        out32((uint16_t)(ports.slots + SLOTS_BUS), bus);
        if (in32((uint16_t)(ports.slots + SLOTS_ASKED)) & slot)
            out32((uint16_t)(ports.slots + SLOTS_EJECT), slot);
    }
}
