/*
 * tree.c -- finds in a device tree what the machine needs, in two passes.
 *
 * The first pass finds the interrupt controller, because the other nodes' interrupts are written in
 * its cells. Unknown nodes are left out; memory, a controller and a clock must be there.
 */
#include "tree.h"

#include <string.h>

#include "fdt.h"

enum {
    GIC_SHARED = 0, /* the first cell of an interrupt (Linux, arm,gic.yaml) */
    GIC_PRIVATE = 1,
    GIC_FIRST_SHARED = 32,
    GIC_FIRST_PRIVATE = 16,
    GIC_LINES = 1020,
    GIC_EDGES = 3,         /* of the third cell: rising, falling */
    TIMER_VIRTUAL = 2,     /* the third interrupt of arm,armv8-timer */
    RISCV_SUPERVISOR = 9,  /* the hart's external interrupt in supervisor mode */
    PCI_SPACE_32 = 0x02,   /* of the upper byte of a range */
    PCI_ADDRESS_CELLS = 3, /* PCI Bus Binding to Open Firmware */
    CELLS_MAX = 4,
    BUSES_MAX = 256,
    BUS_SHIFT = 20 /* bytes of configuration space a bus */
};

/* The node that is read, and what belongs to the whole tree. */
struct reader {
    const struct fdt *fdt;
    struct tree *tree;
    struct fdt_node node;
    uint64_t hart;
    bool cpu_is_ours;         /* the last CPU's node was that of the hart */
    uint32_t cpu_phandle;     /* of its interrupt controller */
    const char *console_path; /* NULL: not given */
    uint32_t console_len;
    bool console_chosen;
};

static struct fdt_value property(const struct reader *reader, const char *name)
{
    return fdt_property(reader->fdt, &reader->node, name);
}

static bool is_compatible(const struct reader *reader, const char *with)
{
    return fdt_lists(property(reader, "compatible"), with);
}

/* A node whose status isn't "okay" is there for other software (2.3.4). */
static bool is_enabled(const struct reader *reader)
{
    const struct fdt_value status = property(reader, "status");

    return !status.bytes || fdt_lists(status, "okay") || fdt_lists(status, "ok");
}

static bool named(const struct reader *reader, const char *name)
{
    const size_t len = strlen(name);

    return strncmp(reader->node.name, name, len) == 0 &&
           (reader->node.name[len] == '\0' || reader->node.name[len] == '@');
}

/* The line of the interrupt that begins at the @index-th cell of @value; 0: none that is
 * understood. */
static uint32_t line_of(const struct tree *tree, struct fdt_value value, uint32_t index)
{
    const uint32_t kind = fdt_cell(value, index, UINT32_MAX);
    uint32_t number, flags;

    if (tree->controller.kind == TREE_PLIC)
        return kind < TREE_LINE_EDGE ? kind : 0; /* one cell: the number of the source */
    number = fdt_cell(value, index + 1, UINT32_MAX);
    flags = fdt_cell(value, index + 2, 0);
    if (kind == GIC_SHARED && number < GIC_LINES - GIC_FIRST_SHARED)
        number += GIC_FIRST_SHARED;
    else if (kind == GIC_PRIVATE && number < GIC_FIRST_SHARED - GIC_FIRST_PRIVATE)
        number += GIC_FIRST_PRIVATE;
    else
        return 0;
    return number | (flags & GIC_EDGES ? TREE_LINE_EDGE : 0);
}

static void add_piece(struct tree_piece *pieces, unsigned *count, uint64_t address, uint64_t bytes)
{
    const uint64_t end = address + bytes < address ? UINT64_MAX : address + bytes;

    if (bytes > 0 && *count < TREE_PIECES_MAX)
        pieces[(*count)++] = (struct tree_piece){address, end};
}

static void add_reserved(struct tree *tree, uint64_t address, uint64_t bytes)
{
    tree->reserved_more |= tree->reserved_count == TREE_PIECES_MAX;
    add_piece(tree->reserved, &tree->reserved_count, address, bytes);
}

/* --- the first pass: processors and the interrupt controller ---------------------------------- */

static void read_controller(struct reader *reader, enum tree_device kind)
{
    struct tree *tree = reader->tree;
    uint64_t bytes;

    if (tree->controller.kind != TREE_NONE ||
        !fdt_reg(reader->fdt, &reader->node, 0, &tree->controller.address, &bytes))
        return;
    if (kind != TREE_PLIC && !fdt_reg(reader->fdt, &reader->node, 1, &tree->controller.second,
                                      &tree->controller.second_bytes))
        return;
    tree->controller.kind = kind;
    tree->controller.phandle = fdt_cell(property(reader, "phandle"), 0, 0);
    tree->controller.cells = fdt_cell(property(reader, "#interrupt-cells"), 0, 0);
    tree->controller.address_cells = fdt_cell(property(reader, "#address-cells"), 0, 0);
    if (tree->controller.cells != (kind == TREE_PLIC ? 1u : 3u) ||
        tree->controller.address_cells > CELLS_MAX)
        tree->controller.kind = TREE_NONE;
}

static void read_processor(struct reader *reader)
{
    const struct fdt_value rate = property(reader, "timebase-frequency");
    const unsigned depth = reader->node.depth;

    if (rate.bytes && reader->tree->timebase_hz == 0)
        reader->tree->timebase_hz = fdt_cell(rate, 0, 0);
    if (named(reader, "cpu") && depth > 1) {
        uint64_t hart = 0;

        reader->cpu_is_ours = fdt_number(property(reader, "reg"), 0,
                                         reader->node.above[depth - 1].address_cells, &hart) &&
                              hart == reader->hart;
    }
    if (reader->cpu_is_ours && is_compatible(reader, "riscv,cpu-intc"))
        reader->cpu_phandle = fdt_cell(property(reader, "phandle"), 0, 0);
}

static bool is_plic(const struct reader *reader)
{
    return is_compatible(reader, "riscv,plic0") || is_compatible(reader, "sifive,plic-1.0.0");
}

static void read_first(struct reader *reader)
{
    static const char *const gic2[] = {"arm,cortex-a15-gic", "arm,gic-400", "arm,cortex-a7-gic"};

    read_processor(reader);
    if (is_compatible(reader, "arm,gic-v3"))
        read_controller(reader, TREE_GIC3);
    for (unsigned i = 0; i < sizeof gic2 / sizeof *gic2; i++) {
        if (is_compatible(reader, gic2[i]))
            read_controller(reader, TREE_GIC2);
    }
    if (is_plic(reader))
        read_controller(reader, TREE_PLIC);
}

/* --- the second pass -------------------------------------------------------------------------- */

/* The initrd, whose ends have one cell or two. */
static void read_archive(struct reader *reader)
{
    struct tree *tree = reader->tree;
    const struct fdt_value start = property(reader, "linux,initrd-start");
    const struct fdt_value end = property(reader, "linux,initrd-end");

    if (!start.bytes || !fdt_number(start, 0, start.len / 4, &tree->archive.start) ||
        !fdt_number(end, 0, end.len / 4, &tree->archive.end) ||
        tree->archive.end <= tree->archive.start)
        tree->archive = (struct tree_piece){0, 0};
    else
        add_reserved(tree, tree->archive.start, tree->archive.end - tree->archive.start);
}

static void read_chosen(struct reader *reader)
{
    struct tree *tree = reader->tree;
    const struct fdt_value line = property(reader, "bootargs");
    const struct fdt_value seed = property(reader, "rng-seed");
    const struct fdt_value path = property(reader, "stdout-path");

    read_archive(reader);
    (void)fdt_number(property(reader, "leat,civil-s"), 0, 2, &tree->civil_s);
    if (line.len > 0 && line.len <= TREE_COMMAND_LINE_BYTES && line.bytes[line.len - 1] == 0)
        tree->command_line = (const char *)line.bytes;
    else
        tree->command_line_is_bad = line.len > 0;
    if (seed.bytes) {
        tree->seed_len = seed.len < TREE_SEED_BYTES ? seed.len : TREE_SEED_BYTES;
        memcpy(tree->seed, seed.bytes, tree->seed_len);
    }
    if (path.len > 1 && path.bytes[path.len - 1] == 0) {
        reader->console_path = (const char *)path.bytes;
        reader->console_len = 0;
        while (reader->console_path[reader->console_len] && /* options may follow, as in :115200 */
               reader->console_path[reader->console_len] != ':')
            reader->console_len++;
    }
}

static void read_memory(struct reader *reader)
{
    struct tree *tree = reader->tree;
    uint64_t address, bytes;

    for (unsigned i = 0; fdt_reg(reader->fdt, &reader->node, i, &address, &bytes); i++)
        add_piece(tree->memory, &tree->memory_count, address, bytes);
}

static void read_reserved(struct reader *reader)
{
    uint64_t address, bytes;

    for (unsigned i = 0; fdt_reg(reader->fdt, &reader->node, i, &address, &bytes); i++)
        add_reserved(reader->tree, address, bytes);
}

/* True if the node is the last part of the path of /chosen; a path by an alias isn't followed. */
static bool is_chosen_console(const struct reader *reader)
{
    const size_t len = strlen(reader->node.name);
    const char *path = reader->console_path;

    return path && len > 0 && len < reader->console_len &&
           path[reader->console_len - len - 1] == '/' &&
           strncmp(path + reader->console_len - len, reader->node.name, len) == 0;
}

static void read_console(struct reader *reader, enum tree_device kind)
{
    struct tree *tree = reader->tree;
    const bool chosen = is_chosen_console(reader);
    uint64_t address, bytes;

    if ((tree->console.kind != TREE_NONE && (!chosen || reader->console_chosen)) ||
        !fdt_reg(reader->fdt, &reader->node, 0, &address, &bytes))
        return;
    reader->console_chosen = chosen;
    tree->console.kind = kind;
    tree->console.address = address;
    tree->console.shift = fdt_cell(property(reader, "reg-shift"), 0, 0) & 3;
    tree->console.line = line_of(tree, property(reader, "interrupts"), 0);
}

static void read_rtc(struct reader *reader, enum tree_device kind)
{
    uint64_t address, bytes;

    if (fdt_reg(reader->fdt, &reader->node, 0, &address, &bytes)) {
        reader->tree->rtc.kind = kind;
        reader->tree->rtc.address = address;
    }
}

static void read_window(struct reader *reader)
{
    struct tree *tree = reader->tree;
    const bool elsewhere = property(reader, "interrupts-extended").bytes;
    uint64_t address, bytes;

    if (tree->window_count == TREE_WINDOWS_MAX ||
        !fdt_reg(reader->fdt, &reader->node, 0, &address, &bytes) || address % 4 != 0)
        return;
    tree->windows[tree->window_count++] = (struct metal_window){
        .address = address,
        .line = elsewhere ? 0 : line_of(tree, property(reader, "interrupts"), 0)};
}

/* The entries of the interrupt-map that lead to the controller. */
static void read_pins(struct reader *reader)
{
    struct tree *tree = reader->tree;
    const struct fdt_value map = property(reader, "interrupt-map");
    const struct fdt_value mask = property(reader, "interrupt-map-mask");
    const uint32_t parent = PCI_ADDRESS_CELLS + 1; /* behind the function and its pin */
    const uint32_t interrupt = parent + 1 + tree->controller.address_cells;
    const uint32_t step = interrupt + tree->controller.cells;

    tree->pci.function_mask = fdt_cell(mask, 0, 0);
    tree->pci.pin_mask = fdt_cell(mask, PCI_ADDRESS_CELLS, 0);
    for (uint32_t at = 0; at + step <= map.len / 4 && tree->pci.pin_count < TREE_PINS_MAX;
         at += step) {
        if (fdt_cell(map, at + parent, 0) != tree->controller.phandle)
            return; /* the entry of another controller, of whatever length */
        tree->pci.pins[tree->pci.pin_count++] =
            (struct tree_pin){.function = fdt_cell(map, at, 0),
                              .pin = fdt_cell(map, at + PCI_ADDRESS_CELLS, 0),
                              .line = line_of(tree, map, at + interrupt)};
    }
}

/* The range of the processor's addresses for registers, of 32 bits on the bus. */
static void read_ranges(struct reader *reader)
{
    struct tree *tree = reader->tree;
    const struct fdt_value ranges = property(reader, "ranges");
    const unsigned above = reader->node.above[reader->node.depth - 1].address_cells;
    const uint32_t step = PCI_ADDRESS_CELLS + above + 2;

    for (uint32_t at = 0; at + step <= ranges.len / 4; at += step) {
        uint64_t bus, here, bytes;

        if ((fdt_cell(ranges, at, 0) >> 24 & 3) != PCI_SPACE_32 ||
            !fdt_number(ranges, at + 1, 2, &bus) ||
            !fdt_number(ranges, at + PCI_ADDRESS_CELLS, above, &here) ||
            !fdt_number(ranges, at + PCI_ADDRESS_CELLS + above, 2, &bytes))
            continue;
        /* A BAR takes the bus's address, and the driver uses the processor's: they must be the
         * same. */
        if (bus != here || here + bytes < here || here + bytes > UINT64_C(1) << 32)
            continue;
        tree->pci.space_start = here;
        tree->pci.space_end = here + bytes;
    }
}

static void read_pci(struct reader *reader)
{
    struct tree *tree = reader->tree;
    const struct fdt_value buses = property(reader, "bus-range");
    uint64_t address, bytes, count;

    if (tree->pci.configuration != 0 || reader->node.depth < 2 || fdt_cell(buses, 0, 0) != 0 ||
        !fdt_reg(reader->fdt, &reader->node, 0, &address, &bytes))
        return;
    count = bytes >> BUS_SHIFT;
    if (count > (uint64_t)fdt_cell(buses, 1, BUSES_MAX - 1) + 1)
        count = (uint64_t)fdt_cell(buses, 1, BUSES_MAX - 1) + 1;
    tree->pci.configuration = address;
    tree->pci.buses = count < BUSES_MAX ? (unsigned)count : BUSES_MAX;
    read_pins(reader);
    read_ranges(reader);
}

/* The context of our hart: its place among those to which the controller's outputs lead. The
 * processors may stand behind the controller, so this belongs to the second pass. */
static void read_context(struct reader *reader)
{
    struct tree *tree = reader->tree;
    const struct fdt_value outputs = property(reader, "interrupts-extended");

    if (fdt_cell(property(reader, "phandle"), 0, 0) != tree->controller.phandle)
        return; /* a second controller */
    for (uint32_t i = 0; i < outputs.len / 8 && reader->cpu_phandle != 0; i++) {
        if (fdt_cell(outputs, 2 * i, 0) == reader->cpu_phandle &&
            fdt_cell(outputs, 2 * i + 1, 0) == RISCV_SUPERVISOR) {
            tree->controller.context = i;
            tree->controller.has_context = true;
        }
    }
}

static void read_device(struct reader *reader)
{
    struct tree *tree = reader->tree;
    uint64_t bytes;

    if (is_compatible(reader, "virtio,mmio"))
        read_window(reader);
    else if (is_compatible(reader, "arm,pl011"))
        read_console(reader, TREE_PL011);
    else if (is_compatible(reader, "ns16550a") || is_compatible(reader, "ns16550"))
        read_console(reader, TREE_16550);
    else if (is_compatible(reader, "arm,pl031"))
        read_rtc(reader, TREE_PL031);
    else if (is_compatible(reader, "google,goldfish-rtc"))
        read_rtc(reader, TREE_GOLDFISH);
    else if (is_compatible(reader, "pci-host-ecam-generic"))
        read_pci(reader);
    else if (is_plic(reader))
        read_context(reader);
    else if (is_compatible(reader, "sifive,test0"))
        fdt_reg(reader->fdt, &reader->node, 0, &tree->test_device, &bytes);
    else if (is_compatible(reader, "arm,armv8-timer"))
        tree->timer_line = line_of(tree, property(reader, "interrupts"), 3 * TIMER_VIRTUAL);
    else if (is_compatible(reader, "arm,psci-0.2") || is_compatible(reader, "arm,psci-1.0")) {
        tree->psci = true;
        tree->psci_smc = fdt_lists(property(reader, "method"), "smc");
    }
}

static void read_second(struct reader *reader, bool in_reserved)
{
    if (!is_enabled(reader))
        return;
    if (fdt_lists(property(reader, "device_type"), "memory"))
        read_memory(reader);
    else if (in_reserved)
        read_reserved(reader);
    else
        read_device(reader);
}

#define CURE "; give the loader's or hypervisor's own tree"

static const char *judge(const struct tree *tree)
{
    if (tree->memory_count == 0)
        return "the device tree names no memory" CURE;
    if (tree->command_line_is_bad)
        return "the command line has over 4,095 bytes, or no NUL at its end: shorten it";
    if (tree->controller.kind == TREE_NONE)
        return "the device tree has no interrupt controller that leat knows (GICv2, GICv3, PLIC)";
    if (tree->controller.kind == TREE_PLIC && !tree->controller.has_context)
        return "the interrupt controller has no output for supervisor mode" CURE;
    if (tree->controller.kind == TREE_PLIC && tree->timebase_hz == 0)
        return "the device tree has no timebase-frequency, so there is no clock" CURE;
    if (tree->controller.kind != TREE_PLIC && tree->timer_line == 0)
        return "the device tree has no timer (arm,armv8-timer), so no wait would end" CURE;
    return NULL;
}

const char *tree_read(struct tree *tree, const void *bytes, size_t bytes_max, uint64_t hart)
{
    struct fdt fdt;
    struct reader reader = {.fdt = &fdt, .tree = tree, .hart = hart};
    uint64_t address, len;
    bool in_reserved = false;

    *tree = (struct tree){.command_line = ""};
    if (!fdt_open(&fdt, bytes, bytes_max))
        return "the loader gave no device tree; boot the image (NAME.image), not the ELF file";
    while (fdt_next(&fdt, &reader.node))
        read_first(&reader);
    /* /chosen may stand behind the console that it names */
    for (reader.node = (struct fdt_node){0}; fdt_next(&fdt, &reader.node);) {
        if (reader.node.depth == 2 && named(&reader, "chosen"))
            read_chosen(&reader);
    }
    for (reader.node = (struct fdt_node){0}; fdt_next(&fdt, &reader.node);) {
        if (reader.node.depth <= 2)
            in_reserved = reader.node.depth == 2 && named(&reader, "reserved-memory");
        read_second(&reader, in_reserved);
    }
    for (unsigned i = 0; fdt_reserved(&fdt, i, &address, &len); i++)
        add_reserved(tree, address, len);
    add_reserved(tree, (uintptr_t)bytes, fdt.size); /* the command line lies in the tree */
    return judge(tree);
}

static bool is_memory(const struct tree *tree, uint64_t address)
{
    for (unsigned i = 0; i < tree->memory_count; i++) {
        if (address >= tree->memory[i].start && address < tree->memory[i].end)
            return true;
    }
    return false;
}

bool tree_archive_is_readable(const struct tree *tree, struct tree_piece image, uint64_t end)
{
    const struct tree_piece archive = tree->archive;

    if (archive.end == 0)
        return true;
    return archive.end <= end && (archive.end <= image.start || archive.start >= image.end) &&
           is_memory(tree, archive.start) && is_memory(tree, archive.end - 1);
}

/* The piece without the part that @hole covers: the larger one of the two that are left. */
static struct tree_piece without(struct tree_piece piece, struct tree_piece hole)
{
    const struct tree_piece before = {piece.start, hole.start < piece.end ? hole.start : piece.end};
    const struct tree_piece behind = {hole.end > piece.start ? hole.end : piece.start, piece.end};

    if (hole.end <= piece.start || hole.start >= piece.end)
        return piece;
    if (before.end > before.start &&
        (behind.end <= behind.start || before.end - before.start >= behind.end - behind.start))
        return before;
    return behind.end > behind.start ? behind : (struct tree_piece){0, 0};
}

struct tree_piece tree_memory(const struct tree *tree, struct tree_piece image, uint64_t end)
{
    struct tree_piece best = {0, 0};

    for (unsigned i = 0; i < tree->memory_count; i++) {
        struct tree_piece piece = tree->memory[i];

        if (piece.end > end)
            piece.end = end;
        if (piece.start >= piece.end)
            continue;
        piece = without(piece, image);
        for (unsigned j = 0; j < tree->reserved_count; j++)
            piece = without(piece, tree->reserved[j]);
        piece.start = (piece.start + 4095) & ~UINT64_C(4095);
        piece.end &= ~UINT64_C(4095);
        if (piece.end > piece.start && piece.end - piece.start > best.end - best.start)
            best = piece;
    }
    return best;
}
