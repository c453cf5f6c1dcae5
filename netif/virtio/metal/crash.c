/*
 * crash.c -- the report of an exception, which is a bug of ours.
 *
 * The lines are for addr2line and for the flight recorder's readers; docs/unikernel-qemu.md
 * explains them.
 */
#include <string.h>

#include "metal.h"
#include "processors.h"

enum {
    STACK_WORDS = 16,
    REGISTERS_A_LINE = 5
};

static void (*on_crash)(void *arg); /* called once */
static void *on_crash_arg;

void leat_metal_on_crash(void (*handler)(void *arg), void *arg)
{
    on_crash = handler;
    on_crash_arg = arg;
}

static void write_text(const char *text)
{
    serial_write(text, strlen(text));
}

static void write_hex(const char *name, uint64_t value)
{
    char digits[17];

    for (unsigned i = 0; i < 16; i++)
        digits[i] = "0123456789abcdef"[value >> (60 - 4 * i) & 15];
    digits[16] = ' ';
    write_text(name);
    write_text(" ");
    serial_write(digits, sizeof digits);
}

/* Prints words of the stack, in which a human may find return addresses. @sp may be garbage, so
 * only memory is read. */
static void write_stack(uint64_t sp)
{
    const uint64_t *words = (const uint64_t *)(uintptr_t)(sp & ~(uint64_t)7);

    if (!metal_is_memory(sp, sizeof *words * (STACK_WORDS + 1)))
        return;
    for (unsigned i = 0; i < STACK_WORDS; i++) {
        write_hex(i % 4 == 0 ? "stk" : "", words[i]);
        if (i % 4 == 3)
            write_text("\n");
    }
}

/* If @address is in a guard page, prints whose stack has overflowed. */
static void write_guard(uint64_t address)
{
    const char *name = paging_guard_name(address);

    if (!name)
        return;
    write_text("leat: the stack of task \"");
    write_text(name);
    write_text("\" has overflowed into its guard page\n");
}

_Noreturn void metal_crash(const struct crash *crash)
{
    static uint32_t dying; /* the number of the processor that reports, and 1 */
    const uint32_t here = processors_here() + 1,
                   earlier = __atomic_exchange_n(&dying, here, __ATOMIC_ACQ_REL);
    void (*handler)(void *arg) = on_crash;

    if (earlier == here) /* a fault within the report */
        power_off(METAL_STATUS_EXCEPTION);
    if (earlier != 0) {
        for (;;) /* the report of another processor, which ends the machine */
            continue;
    }
    if (crash->page_fault)
        write_guard(crash->address);
    write_text("leat: exception\n");
    for (unsigned i = 0; i < crash->register_count; i++) {
        write_hex(crash->registers[i].name, crash->registers[i].value);
        if (i % REGISTERS_A_LINE == REGISTERS_A_LINE - 1 || i == crash->register_count - 1)
            write_text("\n");
    }
    write_stack(crash->sp);
    on_crash = NULL;
    if (handler)
        handler(on_crash_arg);
    power_off(METAL_STATUS_EXCEPTION);
}
