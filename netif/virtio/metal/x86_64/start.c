/*
 * start.c -- starts other processors of a PC, and interrupts them.
 *
 * A processor is started by two messages, INIT and STARTUP (Intel SDM 3A 9.4.4), one at a time.
 * It begins in real mode, so its first instructions must lie below 1 MiB.  That page is saved
 * before the start and restored after it, because loaders keep the command line and other things
 * there.
 */
#include <string.h>

#include "cpu.h"
#include "interrupts.h"
#include "lapic.h"
#include "start.h"
#include "../metal.h"

enum {
    TRAMPOLINE_PAGE = 8, /* the address in pages of 4 KiB: RAM on every PC */
    TRAMPOLINE_BYTES_MAX = 128,
    COMMAND_INTERRUPT = 0x4000,
    COMMAND_INIT = 0x4500,
    COMMAND_STARTUP = 0x4600,
    PENDING_LOOKS_MAX = 1 << 16,
    STACK_BYTES = 65536,
    INIT_NS = 10000000,
    STARTUP_NS = 1000000
};

static const uint64_t start_max_ns = UINT64_C(10000000000); /* a host under load may be slow */

/* trampoline.S */
extern const char trampoline[], trampoline_end[];
extern uintptr_t trampoline_stack;
_Noreturn void processor_begin(void);

/* The processor that is being started. */
static struct {
    unsigned number;
    void *tables;
    bool begun; /* it has left the trampoline, and needs nothing of this struct any more */
} starting;

size_t processor_bytes(void)
{
    return INTERRUPT_TABLES_BYTES + STACK_BYTES;
}

static void spin_ns(uint64_t ns)
{
    const uint64_t end_ns = clock_ns() + ns;

    while (clock_ns() < end_ns)
        cpu_relax();
}

static bool has_begun(void)
{
    return __atomic_load_n(&starting.begun, __ATOMIC_ACQUIRE);
}

/* Sends the local APIC of another processor an interrupt, or another command (Intel SDM 3A 11.6.1).
 */
static void send(uint8_t apic_id, uint32_t command)
{
    /* An earlier one is on its way for some cycles. */
    for (unsigned i = 0; i < PENDING_LOOKS_MAX && (lapic_read(LAPIC_COMMAND) & LAPIC_PENDING); i++)
        continue;
    lapic_write(LAPIC_COMMAND_TO, (uint32_t)apic_id << 24);
    lapic_write(LAPIC_COMMAND, command);
}

/* Sends the messages; false: the processor doesn't answer. */
static bool send_start(uint8_t apic_id)
{
    const uint64_t end_ns = clock_ns() + start_max_ns;

    send(apic_id, COMMAND_INIT);
    spin_ns(INIT_NS);
    send(apic_id, COMMAND_STARTUP | TRAMPOLINE_PAGE);
    spin_ns(STARTUP_NS);
    /* The first one may have been too early.  A processor that runs ignores the second one. */
    if (!has_begun())
        send(apic_id, COMMAND_STARTUP | TRAMPOLINE_PAGE);
    while (!has_begun() && clock_ns() < end_ns)
        cpu_relax();
    if (has_begun())
        return true;
    send(apic_id, COMMAND_INIT); /* it must not come later */
    spin_ns(INIT_NS);
    return false;
}

bool processor_start(unsigned number, void *memory)
{
    void *page = (void *)(uintptr_t)(TRAMPOLINE_PAGE << 12);
    const size_t bytes = (uintptr_t)trampoline_end - (uintptr_t)trampoline;
    uint8_t saved[TRAMPOLINE_BYTES_MAX];
    bool begun;

    if (bytes > sizeof saved)
        return false;
    memcpy(saved, page, bytes);
    memcpy(page, trampoline, bytes);
    trampoline_stack = (uintptr_t)memory + processor_bytes();
    starting.number = number;
    starting.tables = memory;
    __atomic_store_n(&starting.begun, false, __ATOMIC_RELEASE);
    begun = send_start(processor_apic_id(number));
    memcpy(page, saved, bytes);
    return begun;
}

/* trampoline.S calls this on the new processor's stack. */
_Noreturn void processor_begin(void)
{
    const unsigned number = starting.number;

    cpu_begin();
    interrupts_begin(starting.tables);
    __atomic_store_n(&starting.begun, true, __ATOMIC_RELEASE);
    processors_run(number);
    for (;;) { /* interrupts are off: it sleeps until the machine ends */
        interrupts_off();
        __asm__ volatile("hlt");
    }
}

void processor_interrupt(unsigned number)
{
    /* Any number of the table will do, for an interrupt only ends the wait. */
    send(processor_apic_id(number), COMMAND_INTERRUPT | INTERRUPT_TIMER);
}
