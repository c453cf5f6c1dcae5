/* power.c -- turns the machine off. */
#include "acpi.h"
#include "cpu.h"
#include "xen_guest.h"
#include "../metal.h"

enum {
    QEMU_DEBUG_EXIT = 0x501, /* -device isa-debug-exit: QEMU's status is 2 * value + 1 */
    Q35_PM1_CONTROL = 0x604,
    CLOUD_HYPERVISOR_ACPI = 0x600,
    KEYBOARD_CONTROLLER = 0x64
};

/* Each hypervisor obeys one of these; the others ignore it. */
_Noreturn void power_off(int status)
{
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) none = {0, 0};

    interrupts_off();
    xen_shutdown(status); /* the ports below don't exist there */
    out8(QEMU_DEBUG_EXIT, (uint8_t)status);
    acpi_sleep();
    out16(Q35_PM1_CONTROL, 0x2000);    /* sleep enable, S5 */
    out8(CLOUD_HYPERVISOR_ACPI, 0x34); /* sleep enable, S5, for Cloud Hypervisor's device */
    out8(KEYBOARD_CONTROLLER, 0xfe);   /* Firecracker; the reset line of a PC */
    __asm__ volatile("lidt %0; int3" : : "m"(none)); /* a triple fault ends the rest */
    for (;;)
        __asm__ volatile("hlt");
}
