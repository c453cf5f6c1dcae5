/* machine.c -- an RV64 machine in supervisor mode: clock, interrupts by the PLIC, the end. */
#include "../pci_bus.h"
#include "../tree/machine.h"
#include "cpu.h"
#include "paging.h"

enum {
    SBI_TIME = 0x54494d45, /* "TIME" */
    SBI_RESET = 0x53525354,
    SIE_TIMER = 1 << 5,
    SIE_EXTERNAL = 1 << 9,
    CAUSE_FETCH_PAGE = 12, /* of page faults: fetch, load, store */
    CAUSE_LOAD_PAGE = 13,
    CAUSE_STORE_PAGE = 15
};

enum { /* RISC-V PLIC specification 1.0, chapter 3 */
    PLIC_SOURCES = 1024,
    PLIC_ENABLE = 0x2000,
    PLIC_ENABLE_CONTEXT = 0x80, /* bytes a context */
    PLIC_CONTEXT = 0x200000,
    PLIC_CONTEXT_BYTES = 0x1000,
    PLIC_CLAIM = 4,
    CLAIMS_MAX = 64
};

enum { /* SiFive's test device, which QEMU has */
    TEST_PASS = 0x5555,
    TEST_FAIL = 0x3333
};

static const uint64_t wait_max_ns = 1000000000;
static uint64_t ticks_start;
static uintptr_t plic, plic_context;
static uint8_t vector_of[PLIC_SOURCES]; /* by source; 0: none */

_Noreturn void trap_taken(uint64_t cause, uint64_t pc, uint64_t value, uint64_t sp, uint64_t ra);

struct boot_info boot_info_read(uint32_t protocol, uintptr_t info)
{
    return machine_read(info, protocol, UINT64_C(1) << PAGE_ADDRESS_BITS);
}

void cpu_init(void)
{
}

/* There is no instruction for that in supervisor mode which all machines have. */
bool entropy_from_cpu(void *bytes, size_t len)
{
    (void)bytes;
    (void)len;
    return false;
}

bool entropy_from_loader(void *bytes, size_t len)
{
    return machine_seed(bytes, len);
}

/* --- the clock -------------------------------------------------------------------------------- */

void clock_init(void)
{
    ticks_start = ticks();
}

uint64_t clock_ns(void)
{
    const uint64_t passed = ticks() - ticks_start, hz = machine_tree()->timebase_hz;

    return passed / hz * 1000000000 + passed % hz * 1000000000 / hz;
}

/* --- interrupts, which are claimed but never taken -------------------------------------------- */

const char *interrupts_init(void)
{
    const struct tree *tree = machine_tree();

    sbi(SBI_TIME, 0, UINT64_MAX, 0);
    enable_interrupts(SIE_TIMER | SIE_EXTERNAL);
    if (tree->controller.kind != TREE_PLIC)
        return NULL; /* metal_start() refuses such a tree */
    if (!metal_map(tree->controller.address))
        return "the interrupt controller lies at an address that can't be mapped";
    plic = (uintptr_t)tree->controller.address;
    plic_context = plic + PLIC_CONTEXT + (uintptr_t)PLIC_CONTEXT_BYTES * tree->controller.context;
    mmio_write32(plic_context, 0); /* the threshold: every priority passes */
    return NULL;
}

bool leat_metal_route(uint32_t line, uint8_t vector)
{
    uintptr_t enable;

    if (plic == 0 || line == 0 || line >= PLIC_SOURCES || vector == 0)
        return false;
    enable = plic + PLIC_ENABLE +
             (uintptr_t)PLIC_ENABLE_CONTEXT * machine_tree()->controller.context + line / 32 * 4;
    vector_of[line] = vector;
    mmio_write32(plic + 4 * (uintptr_t)line, 1); /* its priority; 0 would be never */
    mmio_write32(enable, mmio_read32(enable) | 1u << line % 32);
    return true;
}

/* Runs the handlers of pending interrupts. */
static void claim_all(void)
{
    for (unsigned i = 0; i < CLAIMS_MAX && plic != 0; i++) {
        const uint32_t line = mmio_read32(plic_context + PLIC_CLAIM);

        if (line == 0)
            return;
        if (line < PLIC_SOURCES)
            handlers_run(vector_of[line]);
        mmio_write32(plic_context + PLIC_CLAIM, line); /* complete */
    }
}

/* With sstatus.SIE off an interrupt ends the sleep without being taken, and an earlier one ends it
 * at once. So the program is never interrupted, and no register has to be saved. */
void interrupts_wait(uint64_t sleep_ns)
{
    const uint64_t hz = machine_tree()->timebase_hz;

    if (sleep_ns > wait_max_ns)
        sleep_ns = wait_max_ns;
    sbi(SBI_TIME, 0, ticks() + sleep_ns * hz / 1000000000 + 1, 0);
    wait_for_interrupt();
    sbi(SBI_TIME, 0, UINT64_MAX, 0);
    claim_all();
}

/* --- the end ---------------------------------------------------------------------------------- */

_Noreturn void trap_taken(uint64_t cause, uint64_t pc, uint64_t value, uint64_t sp, uint64_t ra)
{
    const struct crash_register registers[] = {
        {"cau", cause}, {"sepc", pc}, {"stval", value}, {"sp", sp}, {"ra", ra}};

    metal_crash(&(struct crash){.registers = registers,
                                .register_count = sizeof registers / sizeof *registers,
                                .sp = sp,
                                .page_fault = cause == CAUSE_FETCH_PAGE ||
                                              cause == CAUSE_LOAD_PAGE || cause == CAUSE_STORE_PAGE,
                                .address = value});
}

_Noreturn void power_off(int status)
{
    const struct tree *tree = machine_tree();

    if (tree->test_device)
        mmio_write32((uintptr_t)tree->test_device,
                     status ? (uint32_t)status << 16 | TEST_FAIL : TEST_PASS);
    sbi(SBI_RESET, 0, 0, status ? 1 : 0); /* shutdown; 1: the system failed */
    for (;;)
        wait_for_interrupt();
}
