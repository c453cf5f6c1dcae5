/*
 * machine.c -- the machine that the device tree describes: memory, windows, PCI by ECAM, the seed.
 *
 * boot.S hands over the tree; machine_read() reads it once, before anything else runs, and takes
 * the loader's facts from it. The other functions use these facts, for PCI and for the seed.
 */
#include "machine.h"

#include <string.h>

#include "../pci_bus.h"
#include "../processors.h"
#include "cpu.h"
#include "fdt.h"

enum {
    MEMORY_MIN = 1 << 20
};

static struct tree tree;
static uint32_t seed_used;

const struct tree *machine_tree(void)
{
    return &tree;
}

struct boot_info machine_read(uintptr_t info, uint64_t hart, uint64_t end)
{
    const struct tree_piece image = {(uintptr_t)image_start, (uintptr_t)image_end};
    struct boot_info boot = {.command_line = ""};
    struct tree_piece piece;

    boot.trouble = info ? tree_read(&tree, (const void *)info, FDT_BYTES_MAX, hart)
                        : "the loader gave no device tree; boot the image (NAME.image)";
    if (tree.command_line)
        boot.command_line = tree.command_line;
    piece = tree_memory(&tree, image, end);
    boot.memory = (uintptr_t)piece.start;
    boot.memory_bytes = piece.end - piece.start;
    boot.archive = (uintptr_t)tree.archive.start;
    boot.archive_bytes = tree.archive.end - tree.archive.start;
    if (!boot.trouble && !tree_archive_is_readable(&tree, image, end))
        boot.trouble =
            "the initrd lies in the image, or where there is no memory: load it elsewhere";
    if (!boot.trouble && tree.reserved_more)
        boot.trouble =
            "the device tree reserves more pieces of memory than leat can keep apart: give another";
    if (!boot.trouble && boot.memory_bytes < MEMORY_MIN)
        boot.trouble =
            "less than 1 MiB of memory is free behind the image; give the machine 16 MiB";
    return boot;
}

bool machine_seed(void *bytes, size_t len)
{
    if (len > tree.seed_len - seed_used)
        return false;
    memcpy(bytes, tree.seed + seed_used, len);
    /* Each byte of the seed is given out once. */
    memset(tree.seed + seed_used, 0, len);
    seed_used += (uint32_t)len;
    return true;
}

/* The tree's buttons are behind other devices; a hypervisor's console ends the machine. */
bool power_button(void)
{
    return false;
}

/* The trees of the hypervisors that are supported here have no generation id. */
bool leat_metal_generation(uint8_t id[LEAT_METAL_GENERATION_BYTES])
{
    (void)id;
    return false;
}

/* QEMU's machines have such files behind another device. */
size_t leat_metal_fw_cfg(const char *name, void *to, size_t room)
{
    (void)name;
    (void)to;
    (void)room;
    return 0;
}

/* --- processors: only the first is used ------------------------------------------------------- */

unsigned processors_count(void)
{
    return 1;
}

unsigned processors_here(void)
{
    return 0;
}

size_t processor_bytes(void)
{
    return 0;
}

bool processor_start(unsigned number, void *memory)
{
    (void)number;
    (void)memory;
    return false;
}

void processor_interrupt(unsigned number)
{
    (void)number;
}

const struct metal_window *metal_windows(unsigned *count)
{
    *count = tree.window_count;
    return tree.windows;
}

/* --- PCI, whose configuration space is mapped ------------------------------------------------- */

unsigned pci_bus_count(void)
{
    return tree.pci.configuration ? tree.pci.buses : 0;
}

static uintptr_t configuration_of(uint16_t function, uint32_t at)
{
    /* ECAM (PCI Express 4.0, 7.2.2): 4 KiB for each function */
    return (uintptr_t)(tree.pci.configuration + ((uint64_t)function << 12) + at);
}

uint32_t pci_config_read(uint16_t function, uint32_t at)
{
    return mmio_read32(configuration_of(function, at));
}

void pci_config_write(uint16_t function, uint32_t at, uint32_t value)
{
    mmio_write32(configuration_of(function, at), value);
}

/* As large a part of the space for each of the 32 devices of bus 0. Each function of a device
 * begins an eighth of that part later. */
void pci_space(uint16_t function, uint64_t *start, uint64_t *end)
{
    const uint64_t part = (tree.pci.space_end - tree.pci.space_start) / 32;
    const uint64_t device = tree.pci.space_start + part * (function >> 3 & 31);

    *start = device + part / 8 * (function & 7);
    *end = device + part;
}

/* The host asks by the slot of PCI Express alone. */
void pci_give_back(const struct pci_function *function)
{
    (void)function;
}

bool pci_message(unsigned processor, uint8_t vector, uint64_t *address, uint32_t *data)
{
    (void)processor;
    (void)vector;
    (void)address;
    (void)data;
    return false;
}

bool pci_pin_line(uint16_t function, uint8_t pin, uint32_t *line)
{
    /* The first cell of an entry has bus, device and function in bits 8 to 23. The mask leaves out
     * what doesn't matter for the lines, mostly bus and function. */
    const uint32_t unit = (uint32_t)function << 8 & tree.pci.function_mask;

    for (unsigned i = 0; i < tree.pci.pin_count; i++) {
        if ((tree.pci.pins[i].function & tree.pci.function_mask) == unit &&
            tree.pci.pins[i].pin == (pin & tree.pci.pin_mask) && tree.pci.pins[i].line != 0) {
            *line = tree.pci.pins[i].line;
            return true;
        }
    }
    return false;
}
