/* pci.c -- PCI of a PC: configuration by two ports, messages to the local APIC. */
#include "../pci_bus.h"

#include "cpu.h"
#include "interrupts.h"
#include "start.h"

enum {
    CONFIG_ADDRESS = 0xcf8,
    CONFIG_DATA = 0xcfc,
    BUSES = 256,
    SPACE_SHIFT = 16,    /* 64 KiB a function of bus 0 */
    BUS_BYTES = 1 << 20, /* of another bus: the least that a bridge forwards */
    DEVICE_SHIFT = 15    /* 32 KiB a device of another bus */
};

/* where base addresses are assigned: above those of firmware, below the I/O APIC */
static const uint64_t space_start = 0xfd000000, buses_start = 0xfe000000, space_end = 0xfeb00000;
static const uint64_t message_address =
    0xfee00000; /* the processor's id is in bits 12 to 19 (Intel SDM 3A 11.11) */

unsigned pci_bus_count(void)
{
    return BUSES;
}

uint32_t pci_config_read(uint16_t function, uint32_t at)
{
    out32(CONFIG_ADDRESS, 0x80000000u | (uint32_t)function << 8 | at);
    return in32(CONFIG_DATA);
}

void pci_config_write(uint16_t function, uint32_t at, uint32_t value)
{
    out32(CONFIG_ADDRESS, 0x80000000u | (uint32_t)function << 8 | at);
    out32(CONFIG_DATA, value);
}

void pci_space(uint16_t function, uint64_t *start, uint64_t *end)
{
    const uint64_t bus = function >> 8;
    const uint64_t bus_start = buses_start + (bus - 1) * BUS_BYTES;

    if (bus == 0) {
        *start = space_start + ((uint64_t)function << SPACE_SHIFT);
        *end = space_end;
    } else {
        *start = bus_start + ((uint64_t)(function >> 3 & 31) << DEVICE_SHIFT);
        *end = bus_start < space_end ? bus_start + BUS_BYTES : *start;
    }
}

bool pci_message(unsigned processor, uint8_t vector, uint64_t *address, uint32_t *data)
{
    *address = message_address | (uint64_t)processor_apic_id(processor) << 12;
    *data = interrupts_number(vector);
    return true;
}

/* That is known only to the firmware's tables, in a language of its own. */
bool pci_pin_line(uint16_t function, uint8_t pin, uint32_t *line)
{
    (void)function;
    (void)pin;
    (void)line;
    return false;
}
