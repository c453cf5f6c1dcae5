/* rtc.c -- the real-time clock that the device tree names: Arm's PL031, or Goldfish's. */
#include "cpu.h"
#include "machine.h"

enum {
    PL031_SECONDS = 0x00,
    GOLDFISH_LOW = 0x00, /* nanoseconds; reading it keeps the upper half */
    GOLDFISH_HIGH = 0x04
};

uint64_t rtc_civil_ns(void)
{
    const struct tree *tree = machine_tree();
    const uintptr_t at = (uintptr_t)tree->rtc.address;

    /* 0: unknown, as for every clock of a host */
    if (tree->rtc.kind == TREE_NONE || !metal_map(at))
        return tree->civil_s > 0 ? tree->civil_s * 1000000000 + clock_ns() : 0;
    if (tree->rtc.kind == TREE_PL031)
        return (uint64_t)mmio_read32(at + PL031_SECONDS) * 1000000000;
    {
        const uint32_t low = mmio_read32(at + GOLDFISH_LOW);

        return (uint64_t)mmio_read32(at + GOLDFISH_HIGH) << 32 | low;
    }
}
