/* machine.c -- an AArch64 machine at EL1: clock, entropy, exceptions, the end. */
#include "../tree/machine.h"

#include "../entropy.h"
#include "cpu.h"
#include "map.h"

enum {
    PSCI_SYSTEM_OFF = (int)0x84000008, /* Arm DEN 0022, 5.10 */
    SEMIHOSTING_EXIT_EXTENDED = 0x20,
    SEMIHOSTING_APPLICATION_EXIT = 0x20026,
    CLASS_SHIFT = 26, /* of ESR_EL1 */
    CLASS_FETCH_ABORT = 0x21,
    CLASS_DATA_ABORT = 0x25
};

static uint64_t ticks_start, hz;
static bool is_ending; /* semihosting was asked for the end */

_Noreturn void trap_taken(uint64_t syndrome, uint64_t pc, uint64_t address, uint64_t sp,
                          uint64_t lr);

struct boot_info boot_info_read(uint32_t protocol, uintptr_t info)
{
    struct boot_info boot = machine_read(info, protocol, UINT64_C(1) << MAP_MEMORY_BITS);

    if (!boot.trouble && SYSTEM_READ("cntfrq_el0") == 0)
        boot.trouble = "the clock's rate is not set (CNTFRQ_EL0 is 0): firmware must do it";
    return boot;
}

void cpu_init(void)
{
    map_memory(machine_tree());
}

bool entropy_from_cpu(void *bytes, size_t len)
{
    /* the field RNDR: the processor has the instruction for random numbers */
    if ((SYSTEM_READ("id_aa64isar0_el1") >> 60) == 0)
        return false;
    return entropy_fill(bytes, len, cpu_random);
}

bool entropy_from_loader(void *bytes, size_t len)
{
    return machine_seed(bytes, len);
}

void clock_init(void)
{
    hz = SYSTEM_READ("cntfrq_el0");
    ticks_start = ticks();
}

uint64_t clock_ns(void)
{
    const uint64_t passed = ticks() - ticks_start;

    /* Seconds and the rest apart: ticks times 10^9 would leave 64 bits after some minutes. */
    return passed / hz * 1000000000 + passed % hz * 1000000000 / hz;
}

static void psci_off(void)
{
    const bool by_smc = machine_tree()->psci_smc; /* before x0 is set, which a call changes */
    register uint64_t x0 __asm__("x0") = (uint32_t)PSCI_SYSTEM_OFF;

    if (by_smc)
        __asm__ volatile("smc #0" : "+r"(x0) : : "x1", "x2", "x3", "memory");
    else
        __asm__ volatile("hvc #0" : "+r"(x0) : : "x1", "x2", "x3", "memory");
}

/* Asks a debugger, or QEMU with -semihosting, to end with the status. Without either the
 * instruction is an exception. */
static void exit_by_semihosting(int status)
{
    static uint64_t block[2];
    register uint64_t x0 __asm__("x0") = SEMIHOSTING_EXIT_EXTENDED;
    register uint64_t x1 __asm__("x1") = (uintptr_t)block;

    block[0] = SEMIHOSTING_APPLICATION_EXIT;
    block[1] = (uint64_t)status;
    __asm__ volatile("hlt #0xf000" : "+r"(x0) : "r"(x1) : "memory");
}

_Noreturn void power_off(int status)
{
    /* Only semihosting can hand over a status; without a failure there is none to hand over. If
     * nothing understands the instruction, trap_taken() comes back here. */
    if (status != 0 && !is_ending) {
        is_ending = true;
        exit_by_semihosting(status);
    }
    if (machine_tree()->psci)
        psci_off();
    for (;;)
        wait_for_interrupt();
}

_Noreturn void trap_taken(uint64_t syndrome, uint64_t pc, uint64_t address, uint64_t sp,
                          uint64_t lr)
{
    const uint64_t class = syndrome >> CLASS_SHIFT & 0x3f;
    const struct crash_register registers[] = {
        {"esr", syndrome}, {"elr", pc}, {"far", address}, {"sp", sp}, {"lr", lr}};

    if (is_ending) /* by an instruction that nothing understands */
        power_off(METAL_STATUS_EXCEPTION);
    metal_crash(
        &(struct crash){.registers = registers,
                        .register_count = sizeof registers / sizeof *registers,
                        .sp = sp,
                        .page_fault = class == CLASS_FETCH_ABORT || class == CLASS_DATA_ABORT,
                        .address = address});
}
