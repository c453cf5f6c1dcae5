/*
 * gic.c -- Arm's generic interrupt controllers 2 and 3: interrupts are acknowledged, but never
 * taken.
 *
 * PSTATE masks them all the time, and a pending one still ends wfi. So the program is never
 * interrupted, and no register has to be saved.
 */
#include "../tree/machine.h"
#include "cpu.h"

enum { /* of the distributor (IHI 0048B 4.3, IHI 0069H 12.9) */
    GICD_CONTROL = 0x000,
    GICD_GROUP = 0x080,
    GICD_ENABLE = 0x100,
    GICD_PRIORITY = 0x400,
    GICD_TARGETS = 0x800,
    GICD_CONFIGURATION = 0xc00,
    GICD_ROUTER = 0x6000,
    CONTROL_GROUPS_V2 = 0x1,
    CONTROL_GROUPS_V3 = 0x12, /* non-secure group 1, and affinity routing */
    EDGE = 2,                 /* of the configuration's two bits */
    PRIORITY = 0x80
};

enum { /* of version 2's processor interface */
    GICC_CONTROL = 0x00,
    GICC_MASK = 0x04,
    GICC_ACKNOWLEDGE = 0x0c,
    GICC_END = 0x10
};

enum { /* of version 3's redistributors */
    GICR_TYPER = 0x08,
    GICR_WAKER = 0x14,
    GICR_PRIVATE = 0x10000, /* the frame of the private interrupts, laid out as the distributor */
    GICR_BYTES = 0x20000,
    GICR_BYTES_V4 = 0x40000,
    TYPER_VIRTUAL = 0x2, /* it has two frames more */
    TYPER_LAST = 0x10,
    WAKER_SLEEPS = 0x2,
    WAKER_ASLEEP = 0x4
};

enum {
    PRIVATE = 32, /* numbers below are the processor's own */
    LINES = 1020, /* numbers from here on mean: none */
    CLAIMS_MAX = 64,
    SPINS_MAX = 1 << 20,
    REDISTRIBUTORS_MAX = 512
};

static const uint64_t wait_max_ns = 1000000000;
static uintptr_t distributor, interface, redistributor;
static bool is_v3;
static uint8_t vector_of[LINES]; /* 0: none */

/* The redistributor of this processor, by its affinity. 0: it isn't there. */
static uintptr_t find_redistributor(uintptr_t at, uint64_t bytes)
{
    const uint64_t id = SYSTEM_READ("mpidr_el1");
    const uint32_t affinity = (uint32_t)(id >> 8 & 0xff000000) | (uint32_t)(id & 0xffffff);
    uint64_t room = bytes;

    for (unsigned i = 0; i < REDISTRIBUTORS_MAX && room >= GICR_BYTES; i++) {
        const uint32_t type = mmio_read32(at + GICR_TYPER);
        const uintptr_t size = type & TYPER_VIRTUAL ? GICR_BYTES_V4 : GICR_BYTES;

        if (mmio_read32(at + GICR_TYPER + 4) == affinity)
            return at;
        if ((type & TYPER_LAST) || room < size)
            break;
        at += size;
        room -= size;
    }
    return 0;
}

/* False: the redistributor of this processor isn't there. */
static bool start_v3(const struct tree *tree)
{
    redistributor =
        find_redistributor((uintptr_t)tree->controller.second, tree->controller.second_bytes);
    if (redistributor == 0)
        return false;
    mmio_write32(redistributor + GICR_WAKER,
                 mmio_read32(redistributor + GICR_WAKER) & ~(uint32_t)WAKER_SLEEPS);
    for (unsigned i = 0; i < SPINS_MAX && (mmio_read32(redistributor + GICR_WAKER) & WAKER_ASLEEP);
         i++)
        continue;
    mmio_write32(redistributor + GICR_PRIVATE + GICD_GROUP, UINT32_MAX);
    SYSTEM_WRITE(ICC_SRE_EL1, 7);
    SYSTEM_WRITE(ICC_PMR_EL1, 0xff);
    SYSTEM_WRITE(ICC_IGRPEN1_EL1, 1);
    mmio_write32(distributor + GICD_CONTROL, CONTROL_GROUPS_V3);
    return true;
}

static void start_v2(const struct tree *tree)
{
    interface = (uintptr_t)tree->controller.second;
    mmio_write32(interface + GICC_MASK, 0xff);
    mmio_write32(interface + GICC_CONTROL, 1);
    mmio_write32(distributor + GICD_CONTROL, CONTROL_GROUPS_V2);
}

/* The registers of a line: the distributor's, or those of the processor's own lines. */
static uintptr_t frame_of(uint32_t line)
{
    return is_v3 && line < PRIVATE ? redistributor + GICR_PRIVATE : distributor;
}

static void enable(uint32_t line, bool edge)
{
    const uintptr_t frame = frame_of(line);
    const uintptr_t configuration = frame + GICD_CONFIGURATION + line / 16 * 4;
    const uint32_t bits = (uint32_t)EDGE << 2 * (line % 16);

    if (line >= PRIVATE) {
        mmio_write32(configuration,
                     edge ? mmio_read32(configuration) | bits : mmio_read32(configuration) & ~bits);
        if (is_v3) {
            const uint64_t id = SYSTEM_READ("mpidr_el1");

            mmio_write32(frame + GICD_GROUP + line / 32 * 4,
                         mmio_read32(frame + GICD_GROUP + line / 32 * 4) | 1u << line % 32);
            mmio_write32(distributor + GICD_ROUTER + 8 * (uintptr_t)line,
                         (uint32_t)(id & 0xffffff));
            mmio_write32(distributor + GICD_ROUTER + 8 * (uintptr_t)line + 4,
                         (uint32_t)(id >> 32 & 0xff));
        } else { /* to the processor that reads this: its own mask stands where the private lines'
                    targets are */
            mmio_write8(frame + GICD_TARGETS + line, mmio_read8(distributor + GICD_TARGETS));
        }
    }
    mmio_write8(frame + GICD_PRIORITY + line, PRIORITY);
    mmio_write32(frame + GICD_ENABLE + line / 32 * 4, 1u << line % 32);
}

const char *interrupts_init(void)
{
    const struct tree *tree = machine_tree();

    if (tree->controller.kind == TREE_NONE)
        return NULL; /* metal_start() refuses such a tree */
    if (!metal_map(tree->controller.address) || !metal_map(tree->controller.second))
        return "the interrupt controller lies at an address that can't be mapped";
    distributor = (uintptr_t)tree->controller.address;
    is_v3 = tree->controller.kind == TREE_GIC3;
    if (!is_v3)
        start_v2(tree);
    else if (!start_v3(tree))
        return "the interrupt controller has no part for this processor; boot with one processor";
    SYSTEM_WRITE("cntv_ctl_el0", 0);
    enable(tree->timer_line & ~(uint32_t)TREE_LINE_EDGE, false);
    return NULL;
}

bool leat_metal_route(uint32_t line, uint8_t vector)
{
    const uint32_t number = line & ~(uint32_t)TREE_LINE_EDGE;

    if (distributor == 0 || number < PRIVATE || number >= LINES || vector == 0)
        return false;
    vector_of[number] = vector;
    enable(number, line & TREE_LINE_EDGE);
    return true;
}

static uint32_t acknowledge(void)
{
    return is_v3 ? (uint32_t)SYSTEM_READ(ICC_IAR1_EL1) : mmio_read32(interface + GICC_ACKNOWLEDGE);
}

static void end(uint32_t acknowledged)
{
    if (is_v3)
        SYSTEM_WRITE(ICC_EOIR1_EL1, acknowledged);
    else
        mmio_write32(interface + GICC_END, acknowledged);
}

void interrupts_wait(uint64_t sleep_ns)
{
    const uint64_t hz = SYSTEM_READ("cntfrq_el0");

    if (sleep_ns > wait_max_ns)
        sleep_ns = wait_max_ns;
    SYSTEM_WRITE("cntv_cval_el0", ticks() + sleep_ns * hz / 1000000000 + 1);
    SYSTEM_WRITE("cntv_ctl_el0", 1);
    wait_for_interrupt();
    SYSTEM_WRITE("cntv_ctl_el0", 0); /* its level falls */
    for (unsigned i = 0; i < CLAIMS_MAX; i++) {
        const uint32_t acknowledged = acknowledge();
        const uint32_t line = acknowledged & 0x3ff;

        if (line >= LINES)
            return;
        handlers_run(vector_of[line]);
        end(acknowledged);
    }
}
