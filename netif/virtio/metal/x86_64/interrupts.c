/*
 * interrupts.c -- the interrupt table, and the local APIC with its timer.
 *
 * An interrupt only ends the wait and acknowledges its device: leat_poll() does all the work.  An
 * exception is a bug of ours: its handler prints it and ends the machine.  It runs on a stack of
 * its own if the current one may have overflowed.
 *
 * All processors have the same interrupt table.  Each has its own local APIC, at the same address,
 * and a struct interrupt_tables.
 */
#include <stddef.h>

#include "cpu.h"
#include "interrupts.h"
#include "lapic.h"
#include "xen_guest.h"
#include "../metal.h"

enum {
    EXCEPTIONS = 32,
    DOUBLE_FAULT = 8,
    STACK_FAULT = 12,
    PAGE_FAULT = 14,
    STUB_BYTES = 16,
    GATE_INTERRUPT = 0x8e00,
    CODE_SELECTOR = 8,
    TASK_SELECTOR = 24, /* behind those of boot.S */
    DESCRIPTORS = 5,
    EMERGENCY_STACK = 1, /* of struct task_state */
    EMERGENCY_STACK_BYTES = 16384,
    TIMER_MAX_NS = 1000000000 /* the timer has 32 bits */
};

struct gate {
    uint16_t offset_low;
    uint16_t selector;
    uint16_t type;
    uint16_t offset_middle;
    uint32_t offset_high;
    uint32_t reserved;
};

/* The registers that boot.S and the processor have pushed. */
struct interrupt_frame {
    uint64_t vector;
    uint64_t error;
    uint64_t rip;
    uint64_t cs;
    uint64_t flags;
    uint64_t rsp;
    uint64_t ss;
};

/* The processor's task state (Intel SDM 3A 8.7): only its stacks are used. */
struct task_state {
    uint32_t reserved;
    uint32_t stacks[6]; /* of other privileges: there are none */
    uint32_t reserved2[2];
    uint32_t interrupt_stacks[7][2]; /* 1 to 7, lower half first */
    uint32_t reserved3[2];
    uint16_t reserved4;
    uint16_t io_map; /* behind the end: there is none */
};

_Static_assert(sizeof(struct task_state) == 104, "Intel SDM 3A, figure 8-11");

/* A processor's own. */
struct interrupt_tables {
    uint64_t descriptors[DESCRIPTORS];
    struct task_state task_state;
    uint8_t emergency_stack[EMERGENCY_STACK_BYTES] __attribute__((aligned(16)));
};

_Static_assert(sizeof(struct interrupt_tables) <= INTERRUPT_TABLES_BYTES, "what they take");

extern const char interrupt_stubs[]; /* boot.S */
void interrupt_taken(struct interrupt_frame *frame);

static uint64_t ticks_per_ns = UINT64_C(1) << 32; /* of the timer, times 2^32 */
static struct gate gates[INTERRUPT_VECTORS];
static struct interrupt_tables first_tables; /* of the first processor */

_Noreturn static void die(const struct interrupt_frame *frame)
{
    struct crash_register registers[] = {{"vec", frame->vector},
                                         {"err", frame->error},
                                         {"rip", frame->rip},
                                         {"rsp", frame->rsp},
                                         {"cr2", 0}};

    __asm__ volatile("mov %%cr2, %0" : "=r"(registers[4].value));
    metal_crash(&(struct crash){.registers = registers,
                                .register_count = sizeof registers / sizeof *registers,
                                .sp = frame->rsp,
                                .page_fault = frame->vector == PAGE_FAULT,
                                .address = registers[4].value});
}

void interrupt_taken(struct interrupt_frame *frame)
{
    const uint64_t vector = frame->vector;

    /* It came in front of hlt, which would now sleep for ever: the shadow of sti was forgotten.
     * QEMU's TCG does that whenever a hypervisor in it goes back to its guest. */
    if (frame->rip == (uintptr_t)interrupts_halt)
        frame->rip++;
    if (vector < EXCEPTIONS)
        die(frame);
    if (vector == INTERRUPT_SPURIOUS)
        return; /* needs no end-of-interrupt (Intel SDM 3A 11.9) */
    if (vector >= INTERRUPT_DEVICE)
        handlers_run((uint8_t)(vector - INTERRUPT_DEVICE + 1));
    lapic_write(LAPIC_END_OF_INTERRUPT, 0);
}

/* A fault at the end of a stack needs another stack; otherwise it could not even be reported. */
static void emergency_stack_init(struct interrupt_tables *tables)
{
    struct task_state *state = &tables->task_state;
    const uint64_t top = (uintptr_t)tables->emergency_stack + sizeof tables->emergency_stack;
    const uint64_t base = (uintptr_t)state;
    const uint64_t limit = sizeof *state - 1;
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed))
    pointer = {sizeof tables->descriptors - 1, (uintptr_t)tables->descriptors};

    *state = (struct task_state){.io_map = sizeof *state};
    state->interrupt_stacks[EMERGENCY_STACK - 1][0] = (uint32_t)top;
    state->interrupt_stacks[EMERGENCY_STACK - 1][1] = (uint32_t)(top >> 32);
    tables->descriptors[0] = 0;
    tables->descriptors[1] = UINT64_C(0x00af9b000000ffff); /* as in boot.S */
    tables->descriptors[2] = UINT64_C(0x00cf93000000ffff);
    /* present, a free 64-bit task state; the base lies in three pieces */
    tables->descriptors[TASK_SELECTOR / 8] =
        limit | (base & 0xffffff) << 16 | UINT64_C(0x89) << 40 | (base >> 24 & 0xff) << 56;
    tables->descriptors[TASK_SELECTOR / 8 + 1] = base >> 32;
    __asm__ volatile("lgdt %0; ltr %w1" : : "m"(pointer), "r"(TASK_SELECTOR));
}

void interrupts_begin(void *memory)
{
    struct interrupt_tables *tables = memory;
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) pointer = {sizeof gates - 1, (uintptr_t)gates};

    emergency_stack_init(tables);
    __asm__ volatile("lidt %0" : : "m"(pointer));
    lapic_write(LAPIC_SPURIOUS, LAPIC_ENABLED | INTERRUPT_SPURIOUS);
    lapic_write(LAPIC_TASK_PRIORITY, 0);
    lapic_write(LAPIC_TIMER_DIVIDE, LAPIC_DIVIDE_BY_1);
    lapic_write(LAPIC_TIMER, INTERRUPT_TIMER); /* once, not masked */
}

const char *interrupts_init(void)
{
    for (unsigned i = 0; i < INTERRUPT_VECTORS; i++) {
        const uintptr_t stub = (uintptr_t)interrupt_stubs + (uintptr_t)i * STUB_BYTES;

        gates[i] = (struct gate){.offset_low = (uint16_t)stub,
                                 .selector = CODE_SELECTOR,
                                 .type = GATE_INTERRUPT,
                                 .offset_middle = (uint16_t)(stub >> 16),
                                 .offset_high = (uint32_t)(stub >> 32)};
    }
    gates[DOUBLE_FAULT].type |= EMERGENCY_STACK;
    gates[STACK_FAULT].type |= EMERGENCY_STACK;
    gates[PAGE_FAULT].type |= EMERGENCY_STACK;
    /* the old interrupt controllers, if there are any, must be silent */
    out8(0x21, 0xff);
    out8(0xa1, 0xff);
    interrupts_begin(&first_tables);
    return xen_guest_init();
}

void interrupts_timer_rate(uint64_t hz)
{
    ticks_per_ns = (hz << 32) / 1000000000;
}

void interrupts_timer_start(uint32_t count)
{
    lapic_write(LAPIC_TIMER_INITIAL, count);
}

uint32_t interrupts_timer_left(void)
{
    return lapic_read(LAPIC_TIMER_CURRENT);
}

/* Interrupts are taken only here, so code with a red zone may run everywhere else. An earlier one
 * is pending, and ends the halt at once. */
void interrupts_wait(uint64_t sleep_ns)
{
    const uint64_t ns = sleep_ns < TIMER_MAX_NS ? sleep_ns : TIMER_MAX_NS;

    /* rounded up, for a count of 0 would stop the timer; below 2^31, as ns is below 2^30 */
    interrupts_timer_start((uint32_t)(ns * (ticks_per_ns >> 2) >> 30) + 1);
    interrupts_on_and_halt();
    interrupts_off();
    interrupts_timer_start(0);
}
