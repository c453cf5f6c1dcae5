/*
 * acpi.c -- power-off and the power button of a PC (ACPI 6.5, 4.8), and its generation id.
 *
 * boot_info.c finds the tables by acpi_find(), while the machine is still silent. acpi_init() then
 * turns ACPI on, if firmware hasn't, and enables the button.
 */
#include "acpi.h"

#include <string.h>

#include "cpu.h"
#include "../metal.h"

enum {
    POWER_BUTTON = 1 << 8, /* of the status and enable registers */
    CONTROL_ACPI = 1 << 0, /* ACPI is on */
    CONTROL_TYPE = 10,     /* where the sleep type begins */
    CONTROL_TYPE_MASK = 7 << CONTROL_TYPE,
    CONTROL_SLEEP = 1 << 13,
    NO_REGISTER = 0xffff, /* what a port without a device reads as; Xen's tables name such ports */
    REDUCED_TYPE = 2,
    REDUCED_SLEEP = 1 << 5,
    BIOS_START =
        0xe0000, /* where the root pointer is looked for, if the loader gives none (5.2.5.1) */
    BIOS_END = 0x100000,
    BIOS_STEP = 16,
    SPINS_MAX = 1 << 20
};

static struct acpi acpi;

/* The first 4 GiB are mapped; the registers of devices among them are not where tables are. */
static const void *memory(uint64_t address, size_t bytes)
{
    const uint64_t end = UINT64_C(1) << 32;

    return address != 0 && address < end && bytes <= end - address
               ? (const void *)(uintptr_t)address
               : NULL;
}

void acpi_find(uintptr_t root)
{
    if (acpi_read(&acpi, root, memory))
        return;
    for (uintptr_t at = BIOS_START; at < BIOS_END; at += BIOS_STEP) {
        if (memcmp((const void *)at, "RSD PTR ", 8) == 0 && acpi_read(&acpi, at, memory))
            return;
    }
}

void acpi_init(void)
{
    if (acpi.control_port == 0 || acpi.status_port == 0)
        return;
    /* 4.8.2.5: without ACPI mode the firmware itself would handle the button, and turn the machine
     * off. */
    if (!(in16(acpi.control_port) & CONTROL_ACPI) && acpi.command_port != 0) {
        out8(acpi.command_port, acpi.enable_value);
        for (unsigned i = 0; i < SPINS_MAX && !(in16(acpi.control_port) & CONTROL_ACPI); i++)
            continue;
    }
    out16(acpi.status_port, POWER_BUTTON); /* an old press is gone */
    out16(acpi.enable_port, POWER_BUTTON);
}

unsigned acpi_processors(const uint8_t **ids)
{
    *ids = acpi.processors;
    return acpi.processor_count;
}

bool acpi_button(void)
{
    const uint16_t status = acpi.status_port != 0 ? in16(acpi.status_port) : NO_REGISTER;

    if (status == NO_REGISTER || !(status & POWER_BUTTON))
        return false;
    out16(acpi.status_port, POWER_BUTTON);
    return true;
}

/* The hypervisor changes the id while the machine doesn't run, so no copy of it is torn. */
bool leat_metal_generation(uint8_t id[LEAT_METAL_GENERATION_BYTES])
{
    const uint64_t at = acpi.generation;
    const volatile uint8_t *from = at != 0 ? memory(at, LEAT_METAL_GENERATION_BYTES) : NULL;

    /* The program's memory changes at any time, so an id isn't there. */
    if (!from || metal_is_memory(at, LEAT_METAL_GENERATION_BYTES))
        return false;
    for (unsigned i = 0; i < LEAT_METAL_GENERATION_BYTES; i++)
        id[i] = from[i];
    return true;
}

static void sleep_by(uint16_t port, uint8_t type)
{
    const uint16_t kept = (uint16_t)(in16(port) & ~(CONTROL_TYPE_MASK | CONTROL_SLEEP));

    out16(port, (uint16_t)(kept | type << CONTROL_TYPE | CONTROL_SLEEP));
}

void acpi_sleep(void)
{
    if (!acpi.has_sleep_type)
        return;
    /* 4.8.3.7: hardware-reduced ACPI has this one register for sleep, and no others */
    if (acpi.reduced && acpi.sleep_port != 0)
        out8(acpi.sleep_port, (uint8_t)(acpi.sleep_type << REDUCED_TYPE | REDUCED_SLEEP));
    if (acpi.control_port == 0)
        return;
    sleep_by(acpi.control_port, acpi.sleep_type);
    /* The registers may be split between two chips, each of which wants its own type. */
    if (acpi.control_port_b != 0)
        sleep_by(acpi.control_port_b, acpi.sleep_type_b);
}
