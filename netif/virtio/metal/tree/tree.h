/* tree.h -- the machine as its device tree describes it. */
#ifndef TREE_H
#define TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../metal.h"

enum {
    TREE_PIECES_MAX = 16,
    TREE_WINDOWS_MAX = 64,
    TREE_PINS_MAX = 32,
    TREE_SEED_BYTES = 64,
    TREE_COMMAND_LINE_BYTES = 4096,
    TREE_LINE_EDGE = 1 << 30 /* of a line: it is triggered by an edge, not by a level */
};

struct tree_piece {
    uint64_t start, end;
};

enum tree_device {
    TREE_NONE,
    TREE_PL011, /* consoles */
    TREE_16550,
    TREE_PL031, /* real-time clocks */
    TREE_GOLDFISH,
    TREE_GIC2, /* interrupt controllers */
    TREE_GIC3,
    TREE_PLIC
};

/* An entry of a PCI bridge's interrupt-map, with the mask applied. */
struct tree_pin {
    uint32_t function, pin; /* as in the map's first and fourth cell */
    uint32_t line;
};

struct tree {
    struct tree_piece memory[TREE_PIECES_MAX];
    unsigned memory_count;
    struct tree_piece reserved[TREE_PIECES_MAX]; /* parts of it that belong to others */
    unsigned reserved_count;
    bool reserved_more;        /* there are more than these */
    const char *command_line;  /* in the tree; never NULL */
    bool command_line_is_bad;  /* it is left out */
    struct tree_piece archive; /* the initrd, which is reserved; 0 to 0: none */
    uint8_t seed[TREE_SEED_BYTES];
    uint32_t seed_len;

    struct {
        enum tree_device kind;
        uint64_t address;
        uint32_t shift, line; /* registers lie 1 << shift bytes apart; line 0: unknown */
    } console;
    struct {
        enum tree_device kind;
        uint64_t address;
    } rtc;
    uint64_t civil_s; /* of the start, which efi/start.c has asked the firmware for; 0: unknown */
    struct {
        enum tree_device kind;
        uint64_t address,
            second; /* GIC: distributor, and the processor's interface or redistributors */
        uint64_t second_bytes;
        uint32_t phandle, cells, address_cells;
        uint32_t context; /* PLIC: that of the hart in supervisor mode */
        bool has_context;
    } controller;
    uint32_t timer_line;  /* GIC: of the virtual timer; 0: unknown */
    uint32_t timebase_hz; /* RISC-V; 0: unknown */
    bool psci, psci_smc;  /* there is PSCI; it is called by smc, not by hvc */
    uint64_t test_device; /* SiFive's, which ends QEMU with a status; 0: none */

    struct metal_window windows[TREE_WINDOWS_MAX];
    unsigned window_count;

    struct {
        uint64_t configuration; /* 0: there is no PCI */
        unsigned buses;
        uint64_t space_start,
            space_end; /* of the processor's addresses below 4 GiB, the same on the bus */
        uint32_t function_mask, pin_mask;
        struct tree_pin pins[TREE_PINS_MAX];
        unsigned pin_count;
    } pci;
};

/* Reads the tree in the @bytes_max bytes at @bytes. @hart: the id of this processor, on RISC-V.
 * Returns NULL, or a line that says why there is no machine in it. */
const char *tree_read(struct tree *tree, const void *bytes, size_t bytes_max, uint64_t hart);

/* True if the initrd, or none, can be read: it begins and ends in memory below @end, and no byte of
 * it lies in the image. */
bool tree_archive_is_readable(const struct tree *tree, struct tree_piece image, uint64_t end);

/* The largest piece of memory below @end that is neither the image nor reserved; the image ends at
 * @image_end. */
struct tree_piece tree_memory(const struct tree *tree, struct tree_piece image, uint64_t end);

#endif
