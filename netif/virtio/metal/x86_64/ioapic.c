/* ioapic.c -- the I/O APIC, which routes interrupt lines to the local one. */
#include "cpu.h"
#include "interrupts.h"
#include "lapic.h"
#include "../metal.h"

enum {
    IOAPIC_SELECT = 0x00,
    IOAPIC_WINDOW = 0x10,
    IOAPIC_REDIRECTION = 0x10, /* the first of two registers a pin */
    IOAPIC_PINS = 24
};

static const uintptr_t ioapic = 0xfec00000;

static void ioapic_write(uint32_t at, uint32_t value)
{
    mmio_write32(ioapic + IOAPIC_SELECT, at);
    mmio_write32(ioapic + IOAPIC_WINDOW, value);
}

bool leat_metal_route(uint32_t line, uint8_t vector)
{
    const uint32_t at = IOAPIC_REDIRECTION + 2u * line;

    if (line >= IOAPIC_PINS || vector == 0 || vector > METAL_VECTORS)
        return false;
    ioapic_write(at + 1, (uint32_t)lapic_id() << 24); /* to us */
    ioapic_write(at,
                 interrupts_number(vector)); /* fixed, physical, edge, active high, not masked */
    return true;
}
