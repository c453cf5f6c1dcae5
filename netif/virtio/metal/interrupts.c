/*
 * interrupts.c -- the interrupt table, the local APIC with its timer, the I/O APIC.
 *
 * An interrupt only ends the wait and acknowledges its device: leat_poll() does all the work.  An
 * exception is a bug of ours: its handler prints it and ends the machine.  It runs on a stack of
 * its own if the current one may have overflowed.
 */
#include <string.h>

#include "cpu.h"
#include "metal.h"

enum {
    LAPIC_ID = 0x020,
    LAPIC_TASK_PRIORITY = 0x080,
    LAPIC_END_OF_INTERRUPT = 0x0b0,
    LAPIC_SPURIOUS = 0x0f0,
    LAPIC_TIMER = 0x320,
    LAPIC_TIMER_INITIAL = 0x380,
    LAPIC_TIMER_CURRENT = 0x390,
    LAPIC_TIMER_DIVIDE = 0x3e0,
    LAPIC_ENABLED = 0x100,  /* of LAPIC_SPURIOUS */
    LAPIC_DIVIDE_BY_1 = 0xb /* of LAPIC_TIMER_DIVIDE */
};

enum {
    IOAPIC_SELECT = 0x00,
    IOAPIC_WINDOW = 0x10,
    IOAPIC_REDIRECTION = 0x10, /* the first of two registers a pin */
    IOAPIC_PINS = 24
};

enum {
    EXCEPTIONS = 32,
    DOUBLE_FAULT = 8,
    STACK_FAULT = 12,
    PAGE_FAULT = 14,
    DEVICES_MAX = INTERRUPT_SPURIOUS - INTERRUPT_DEVICE,
    STUB_BYTES = 16,
    GATE_INTERRUPT = 0x8e00,
    CODE_SELECTOR = 8,
    TASK_SELECTOR = 24, /* behind those of boot.S */
    DESCRIPTORS = 5,
    EMERGENCY_STACK = 1, /* of struct task_state */
    EMERGENCY_STACK_BYTES = 16384,
    STATUS_EXCEPTION = 127,
    STACK_WORDS = 16 /* shown when the machine ends by an exception */
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

struct device {
    void (*handler)(void *arg);
    void *arg;
};

extern const char interrupt_stubs[]; /* boot.S */
void interrupt_taken(const struct interrupt_frame *frame);

/* where every PC has them */
static const uintptr_t lapic = 0xfee00000, ioapic = 0xfec00000;

static struct gate gates[INTERRUPT_VECTORS];
static struct task_state task_state;
static uint64_t descriptors[DESCRIPTORS] = {0, UINT64_C(0x00af9b000000ffff), /* as in boot.S */
                                            UINT64_C(0x00cf93000000ffff)};
static uint8_t emergency_stack[EMERGENCY_STACK_BYTES] __attribute__((aligned(16)));
static const char *(*take_guard_fault)(uint64_t address); /* NULL: there are no guards */
static struct device devices[DEVICES_MAX];
static uint8_t device_count;
static struct device crash; /* the handler of leat_metal_on_crash(); called once */

static uint32_t lapic_read(uint32_t at)
{
    return mmio_read32(lapic + at);
}

static void lapic_write(uint32_t at, uint32_t value)
{
    mmio_write32(lapic + at, value);
}

static void write_hex(const char *name, uint64_t value)
{
    char digits[17];

    for (unsigned i = 0; i < 16; i++)
        digits[i] = "0123456789abcdef"[value >> (60 - 4 * i) & 15];
    digits[16] = ' ';
    serial_write(name, strlen(name));
    serial_write(digits, sizeof digits);
}

/* Prints words of the stack, in which a human may find return addresses.  @rsp may be garbage, so
 * only the first 4 GiB are read, which are always mapped. */
static void write_stack(uint64_t rsp)
{
    const uint64_t *words = (const uint64_t *)(uintptr_t)(rsp & ~(uint64_t)7);

    if (rsp >= ((uint64_t)1 << 32) - sizeof *words * STACK_WORDS)
        return;
    for (unsigned i = 0; i < STACK_WORDS; i++) {
        write_hex(i % 4 == 0 ? "stk " : " ", words[i]);
        if (i % 4 == 3)
            serial_write("\n", 1);
    }
}

static void write_text(const char *text)
{
    serial_write(text, strlen(text));
}

/* If @address is in a guard page, prints whose stack has overflowed. */
static void write_guard_fault(uint64_t address)
{
    const char *name = take_guard_fault ? take_guard_fault(address) : NULL;

    if (!name)
        return;
    write_text("leat: the stack of task \"");
    write_text(name);
    write_text("\" has overflowed into its guard page\n");
}

_Noreturn static void die(const struct interrupt_frame *frame)
{
    static bool dying;
    uint64_t cr2;

    if (dying) /* a fault within the report */
        power_off(STATUS_EXCEPTION);
    dying = true;
    __asm__ volatile("mov %%cr2, %0" : "=r"(cr2));
    if (frame->vector == PAGE_FAULT)
        write_guard_fault(cr2);
    write_text("leat: exception\n");
    write_hex("vec ", frame->vector);
    write_hex("err ", frame->error);
    write_hex("rip ", frame->rip);
    write_hex("rsp ", frame->rsp);
    write_hex("cr2 ", cr2);
    serial_write("\n", 1);
    write_stack(frame->rsp);
    if (crash.handler) {
        void (*handler)(void *arg) = crash.handler;

        crash.handler = 0;
        handler(crash.arg);
    }
    power_off(STATUS_EXCEPTION);
}

void leat_metal_on_crash(void (*handler)(void *arg), void *arg)
{
    crash = (struct device){handler, arg};
}

void interrupt_taken(const struct interrupt_frame *frame)
{
    const uint64_t vector = frame->vector;

    if (vector < EXCEPTIONS)
        die(frame);
    if (vector == INTERRUPT_SPURIOUS)
        return; /* needs no end-of-interrupt (Intel SDM 3A 11.9) */
    if (vector >= INTERRUPT_DEVICE && vector - INTERRUPT_DEVICE < device_count) {
        const struct device *device = &devices[vector - INTERRUPT_DEVICE];

        if (device->handler)
            device->handler(device->arg);
    }
    lapic_write(LAPIC_END_OF_INTERRUPT, 0);
}

void interrupts_on_guard(const char *(*take)(uint64_t address))
{
    take_guard_fault = take;
}

/* A fault at the end of a stack needs another stack; otherwise it could not even be reported. */
static void emergency_stack_init(void)
{
    const uint64_t top = (uintptr_t)emergency_stack + sizeof emergency_stack;
    const uint64_t base = (uintptr_t)&task_state;
    const uint64_t limit = sizeof task_state - 1;
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) pointer = {sizeof descriptors - 1, (uintptr_t)descriptors};

    task_state.interrupt_stacks[EMERGENCY_STACK - 1][0] = (uint32_t)top;
    task_state.interrupt_stacks[EMERGENCY_STACK - 1][1] = (uint32_t)(top >> 32);
    task_state.io_map = sizeof task_state;
    /* present, a free 64-bit task state; the base lies in three pieces */
    descriptors[TASK_SELECTOR / 8] =
        limit | (base & 0xffffff) << 16 | UINT64_C(0x89) << 40 | (base >> 24 & 0xff) << 56;
    descriptors[TASK_SELECTOR / 8 + 1] = base >> 32;
    __asm__ volatile("lgdt %0; ltr %w1" : : "m"(pointer), "r"(TASK_SELECTOR));
    gates[DOUBLE_FAULT].type |= EMERGENCY_STACK;
    gates[STACK_FAULT].type |= EMERGENCY_STACK;
    gates[PAGE_FAULT].type |= EMERGENCY_STACK;
}

void interrupts_init(void)
{
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) pointer = {sizeof gates - 1, (uintptr_t)gates};

    for (unsigned i = 0; i < INTERRUPT_VECTORS; i++) {
        const uintptr_t stub = (uintptr_t)interrupt_stubs + (uintptr_t)i * STUB_BYTES;

        gates[i] = (struct gate){.offset_low = (uint16_t)stub,
                                 .selector = CODE_SELECTOR,
                                 .type = GATE_INTERRUPT,
                                 .offset_middle = (uint16_t)(stub >> 16),
                                 .offset_high = (uint32_t)(stub >> 32)};
    }
    emergency_stack_init();
    __asm__ volatile("lidt %0" : : "m"(pointer));
    /* the old interrupt controllers, if there are any, must be silent */
    out8(0x21, 0xff);
    out8(0xa1, 0xff);
    lapic_write(LAPIC_SPURIOUS, LAPIC_ENABLED | INTERRUPT_SPURIOUS);
    lapic_write(LAPIC_TASK_PRIORITY, 0);
    lapic_write(LAPIC_TIMER_DIVIDE, LAPIC_DIVIDE_BY_1);
    lapic_write(LAPIC_TIMER, INTERRUPT_TIMER); /* once, not masked */
}

static void ioapic_write(uint32_t at, uint32_t value)
{
    mmio_write32(ioapic + IOAPIC_SELECT, at);
    mmio_write32(ioapic + IOAPIC_WINDOW, value);
}

void leat_metal_route(uint8_t pin, uint8_t vector)
{
    const uint32_t at = IOAPIC_REDIRECTION + 2u * pin;

    if (pin >= IOAPIC_PINS)
        return;
    ioapic_write(at + 1, lapic_read(LAPIC_ID)); /* to us: both keep the id in the upper 8 bits */
    ioapic_write(at, vector);                   /* fixed, physical, edge, active high, not masked */
}

uint8_t leat_metal_on_interrupt(void (*handler)(void *arg), void *arg)
{
    if (device_count == DEVICES_MAX)
        return 0;
    devices[device_count] = (struct device){handler, arg};
    return (uint8_t)(INTERRUPT_DEVICE + device_count++);
}

void interrupts_timer_start(uint32_t count)
{
    lapic_write(LAPIC_TIMER_INITIAL, count);
}

uint32_t interrupts_timer_left(void)
{
    return lapic_read(LAPIC_TIMER_CURRENT);
}

/* Interrupts are taken only here, so code with a red zone may run everywhere else.  An earlier one
 * is pending, and ends the halt at once. */
void interrupts_wait(void)
{
    interrupts_on_and_halt();
    interrupts_off();
}
