/*
 * pci_bus.c -- functions on PCI (PCI Local Bus Specification 3.0, chapter 6).
 *
 * Firmware numbers the buses behind bridges and assigns base addresses. Where it only numbers
 * (qboot), the addresses are assigned here. Without any there is bus 0 only.
 */
#include "pci_bus.h"

#include <stddef.h>

#include <leat/metal.h>

#include "cpu.h"
#include "metal.h"

enum {
    PCI_ID = 0x00,
    PCI_COMMAND = 0x04, /* and the status, in the upper half */
    PCI_HEADER = 0x0c,  /* the header type is in bits 16 to 23 */
    PCI_BAR = 0x10,
    PCI_BUSES = 0x18,  /* of a bridge: primary, secondary, subordinate */
    PCI_WINDOW = 0x20, /* of a bridge: the addresses that it forwards, in MiB */
    PCI_CAPABILITIES = 0x34,
    PCI_INTERRUPT = 0x3c, /* the pin is in bits 8 to 15 */
    COMMAND_MEMORY = 0x2,
    COMMAND_MASTER = 0x4,
    COMMAND_NO_INTX = 0x400,
    STATUS_CAPABILITIES = 0x10, /* of the status */
    HEADER_BRIDGE = 1,
    HEADER_MANY = 0x80, /* functions in this device */
    BARS = 6,
    BAR_IO = 0x1,
    BAR_64 = 0x4,
    CAPABILITY_MSIX = 0x11,
    CAPABILITIES_MAX = 48,
    NOTHING = 0xffff, /* the vendor of a function that isn't there */
    MSIX_ENABLE = (int)0x80000000,
    MSIX_MASK = 0x40000000,
    MSIX_LAST = 0x7ff, /* of the upper half: the number of the last entry */
    MSIX_ENTRY_BYTES = 16
};

uint32_t pci_read(const struct pci_function *function, uint32_t at)
{
    return pci_config_read(function->at, at & 0xfc);
}

void pci_write(const struct pci_function *function, uint32_t at, uint32_t value)
{
    pci_config_write(function->at, at & 0xfc, value);
}

uint8_t pci_read8(const struct pci_function *function, uint32_t at)
{
    return (uint8_t)(pci_read(function, at) >> (8 * (at & 3)));
}

static uint8_t header_of(uint16_t function)
{
    return (uint8_t)(pci_config_read(function, PCI_HEADER) >> 16);
}

/* The first function that is there, from @at on; @end: there is none. */
static unsigned existing(unsigned at, unsigned end)
{
    /* @at: bus, device and function in 8, 5 and 3 bits */
    while (at < end) {
        if ((pci_config_read((uint16_t)at, PCI_ID) & 0xffff) == NOTHING)
            at = (at & 7) == 0 ? at + 8 : at + 1;
        else if ((at & 7) != 0 && !(header_of((uint16_t)(at & ~7u)) & HEADER_MANY))
            at = (at | 7) + 1; /* function 0 says that it is alone */
        else
            return at;
    }
    return end;
}

/* The last bus that a bridge leads to, which firmware has numbered. */
static unsigned last_bus(unsigned buses)
{
    unsigned last = 0;

    /* The end moves while buses are found, because bridges lead to further bridges. */
    for (unsigned at = existing(0, 1 << 8); at < (last + 1) << 8;
         at = existing(at + 1, (last + 1) << 8)) {
        unsigned subordinate;

        if ((header_of((uint16_t)at) & ~HEADER_MANY) != HEADER_BRIDGE)
            continue;
        subordinate = pci_config_read((uint16_t)at, PCI_BUSES) >> 16 & 0xff;
        if (subordinate > last && subordinate < buses)
            last = subordinate;
    }
    return last;
}

bool pci_next(struct pci_function *function)
{
    const unsigned buses = pci_bus_count();
    unsigned at = function->at + 1u, end = function->buses << 8;

    if (buses == 0)
        return false;
    if (function->buses == 0) {
        at = 0;
        end = (last_bus(buses) + 1) << 8;
    }
    at = existing(at, end);
    if (at == end)
        return false;
    *function = (struct pci_function){
        .at = (uint16_t)at, .id = pci_config_read((uint16_t)at, PCI_ID), .buses = end >> 8};
    pci_space(function->at, &function->next, &function->end);
    return true;
}

uint32_t pci_capability(const struct pci_function *function, uint8_t id, uint32_t after)
{
    uint32_t at = after ? pci_read8(function, after + 1) : pci_read8(function, PCI_CAPABILITIES);

    if (!(pci_read(function, PCI_COMMAND) >> 16 & STATUS_CAPABILITIES))
        return 0;
    for (unsigned i = 0; i < CAPABILITIES_MAX && (at & ~3u) != 0; i++) {
        at &= ~3u;
        if (pci_read8(function, at) == id)
            return at;
        at = pci_read8(function, at + 1);
    }
    return 0;
}

bool pci_bridge_of(const struct pci_function *function, struct pci_function *bridge)
{
    const unsigned bus = function->at >> 8;

    for (unsigned at = existing(0, bus << 8); at < bus << 8; at = existing(at + 1, bus << 8)) {
        *bridge = (struct pci_function){.at = (uint16_t)at};
        if ((header_of((uint16_t)at) & ~HEADER_MANY) == HEADER_BRIDGE &&
            pci_read8(bridge, PCI_BUSES + 1) == bus)
            return true;
    }
    return false;
}

/* True if the bridge in front of @function forwards @address; a bridge for which firmware has left
 * out that is set to it. */
static bool is_forwarded(const struct pci_function *function, uint64_t address)
{
    const uint32_t mib = (uint32_t)address & 0xfff00000;
    struct pci_function bridge;
    uint32_t base, limit;

    if (!pci_bridge_of(function, &bridge))
        return true;
    base = (pci_read(&bridge, PCI_WINDOW) & 0xfff0) << 16;
    limit = pci_read(&bridge, PCI_WINDOW) & 0xfff00000;
    if (base == 0 || base > limit) {
        pci_write(&bridge, PCI_WINDOW, mib >> 16 | mib);
        pci_write(&bridge, PCI_COMMAND, COMMAND_MEMORY | COMMAND_MASTER);
        return true;
    }
    return mib >= base && mib <= limit;
}

/* The number of bytes that the function wants at the base address register @at, which is zero.
 * The function answers at no address while this asks it. */
static uint32_t size_of(const struct pci_function *function, uint32_t at)
{
    const uint32_t command = pci_read(function, PCI_COMMAND) & 0xffff;
    uint32_t mask;

    pci_write(function, PCI_COMMAND, command & ~(uint32_t)COMMAND_MEMORY);
    /* 6.2.5.1: bits that stay zero are those of the size. */
    pci_write(function, at, UINT32_MAX);
    mask = pci_read(function, at) & ~(uint32_t)15;
    pci_write(function, at, 0);
    pci_write(function, PCI_COMMAND, command);
    return ~mask + 1;
}

/* Assigns a part of the function's space to a base address register that is zero. False: there is
 * no room, and the register stays zero. */
static bool assign(struct pci_function *function, uint32_t at)
{
    const uint32_t size = size_of(function, at);
    uint64_t address;

    /* The size is a power of two, unless there is no register or no device. */
    if (size == 0 || (size & (size - 1)) != 0)
        return false;
    address = (function->next + size - 1) & ~(uint64_t)(size - 1);
    if (address >= function->end || size > function->end - address ||
        !is_forwarded(function, address))
        return false;
    pci_write(function, at, (uint32_t)address);
    function->next = address + size;
    return true;
}

uintptr_t pci_bar(struct pci_function *function, unsigned bar)
{
    const uint32_t at = PCI_BAR + 4 * bar;
    uint64_t address;
    uint32_t low, high = 0;

    if (bar >= BARS)
        return 0;
    low = pci_read(function, at);
    /* An I/O base address: registers are reached in memory only. */
    if (low & BAR_IO)
        return 0;
    if ((low & BAR_64) && bar + 1 < BARS)
        high = pci_read(function, at + 4);
    if ((low & ~15u) == 0 && high == 0) {
        if (!assign(function, at))
            return 0;
        low = pci_read(function, at);
    }
    address = (uint64_t)high << 32 | (low & ~15u);
    return metal_map(address) ? (uintptr_t)address : 0;
}

void pci_enable(const struct pci_function *function)
{
    pci_write(function, PCI_COMMAND, COMMAND_MEMORY | COMMAND_MASTER | COMMAND_NO_INTX);
}

/* Where MSI-X's table lies; 0: there is none.  @at: its capability. */
static uintptr_t msix_table(struct pci_function *function, uint32_t *at)
{
    uint32_t where;
    uintptr_t bar;

    *at = pci_capability(function, CAPABILITY_MSIX, 0);
    if (*at == 0)
        return 0;
    where = pci_read(function, *at + 4);
    bar = pci_bar(function, where & 7);
    return bar == 0 ? 0 : bar + (where & ~7u);
}

/* Writes entry @number of the table, which interrupts the processor of the same number.  All
 * entries are masked meanwhile: a message to half an address would go anywhere. */
static bool msix_write(const struct pci_function *function, uint32_t at, uintptr_t table,
                       unsigned number)
{
    const uintptr_t entry = table + (uintptr_t)number * MSIX_ENTRY_BYTES;
    uint64_t address;
    uint32_t data;

    if (!pci_message(number, function->vector, &address, &data))
        return false;
    pci_write(function, at, pci_read(function, at) | (uint32_t)MSIX_ENABLE | MSIX_MASK);
    mmio_write32(entry, (uint32_t)address);
    mmio_write32(entry + 4, (uint32_t)(address >> 32));
    mmio_write32(entry + 8, data);
    mmio_write32(entry + 12, 0); /* not masked */
    pci_write(function, at, pci_read(function, at) & ~(uint32_t)MSIX_MASK);
    return true;
}

bool pci_use_msix(struct pci_function *function)
{
    uint32_t at, data;
    const uintptr_t table = msix_table(function, &at);
    uint64_t address;

    if (table == 0 || !pci_message(0, 1, &address, &data)) /* before a vector is taken */
        return false;
    function->vector = leat_metal_on_interrupt(NULL, NULL);
    return function->vector != 0 && msix_write(function, at, table, 0);
}

unsigned pci_spread_msix(struct pci_function *function, unsigned processors)
{
    uint32_t at;
    const uintptr_t table = function->vector != 0 ? msix_table(function, &at) : 0;
    unsigned entries, i = 1;

    if (table == 0)
        return 0;
    entries = (pci_read(function, at) >> 16 & MSIX_LAST) + 1;
    while (i < processors && i < entries && msix_write(function, at, table, i))
        i++;
    return i;
}

bool pci_use_pin(const struct pci_function *function, void (*handler)(void *arg), void *arg)
{
    const uint8_t pin = pci_read8(function, PCI_INTERRUPT + 1);
    uint32_t line;
    uint8_t vector;

    if (!pci_pin_line(function->at, pin, &line))
        return false;
    vector = leat_metal_on_interrupt(handler, arg);
    if (!leat_metal_route(line, vector))
        return false;
    pci_write(function, PCI_COMMAND, COMMAND_MEMORY | COMMAND_MASTER);
    return true;
}
