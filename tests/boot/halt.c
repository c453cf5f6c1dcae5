/* halt.c -- an interrupt in front of the halt: the image must not sleep on it. */
#include <leat/metal.h>

#include <stdint.h>

#include "netif/virtio/metal/x86_64/cpu.h"
#include "netif/virtio/metal/x86_64/interrupts.h"

/* The local APIC's word of interrupts that wait to be taken, with the timer's as its first. */
static const uintptr_t requests = 0xfee00200 + INTERRUPT_TIMER / 32 * 16;

/* Goes to the halt with a pending interrupt, which is taken there, because iretq enables interrupts
 * at once. */
static void return_to_the_halt(void)
{
    __asm__ volatile("leaq 1f(%%rip), %%rax\n\t"
                     "pushq %%rax\n\t" /* for the ret behind the halt */
                     "movq %%rsp, %%rcx\n\t"
                     "movl %%ss, %%eax\n\t"
                     "pushq %%rax\n\t"
                     "pushq %%rcx\n\t"
                     "pushfq\n\t"
                     "orq $0x200, (%%rsp)\n\t"
                     "movl %%cs, %%eax\n\t"
                     "pushq %%rax\n\t"
                     "pushq $interrupts_halt\n\t"
                     "iretq\n"
                     "1: cli"
                     :
                     :
                     : "rax", "rcx", "memory", "cc");
}

int leat_metal_main(struct leat_metal *metal)
{
    static const char woken[] = "woken\n";

    interrupts_timer_start(1);
    while (!(mmio_read32(requests) & 1))
        continue;
    return_to_the_halt();
    metal->host->console(metal->host, woken, sizeof woken - 1);
    return 0;
}
