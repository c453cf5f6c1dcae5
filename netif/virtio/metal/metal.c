/*
 * metal.c -- START HERE: the machine as leat_host, from metal_start() to the program and back.
 *
 * boot.S calls metal_start() with the loader's protocol and its information. That reads memory and
 * command line, brings up interrupts, console and clock in this order, runs the program's static
 * constructors, and calls its leat_metal_main(). The program's result is the machine's status.
 */
#include <string.h>

#include "metal.h"
#include "processors.h"
#include "services.h"

static struct leat_metal metal;
static enum leat_err (*other_entropy)(void *arg, void *bytes, size_t len);
static void *other_entropy_arg;

static uint64_t host_now_ns(struct leat_host *host)
{
    (void)host;
    return clock_ns();
}

static bool host_wait(struct leat_host *host, uint64_t deadline_ns)
{
    (void)host;
    metal_sleep_until(deadline_ns);
    /* Ctrl-D on the console and the power button end the program in order, on all processors. */
    if (!serial_take_end() && !power_button())
        return true;
    processors_ask_end();
    return false;
}

static enum leat_err host_entropy(struct leat_host *host, void *bytes, size_t len)
{
    (void)host;
    /* In this order: the processor needs no device, and the loader's seed is finite. */
    if (entropy_from_cpu(bytes, len))
        return LEAT_OK;
    if (other_entropy && other_entropy(other_entropy_arg, bytes, len) == LEAT_OK)
        return LEAT_OK;
    return entropy_from_loader(bytes, len) ? LEAT_OK : LEAT_ERR_ENTROPY;
}

static void host_console(struct leat_host *host, const char *text, size_t len)
{
    (void)host;
    metal_console(text, len);
}

static uint64_t host_civil_ns(struct leat_host *host)
{
    (void)host;
    return rtc_civil_ns();
}

static struct leat_host machine = {.now_ns = host_now_ns,
                                   .wait = host_wait,
                                   .entropy = host_entropy,
                                   .console = host_console,
                                   .civil_ns = host_civil_ns};

void leat_metal_entropy_from(enum leat_err (*source)(void *arg, void *bytes, size_t len), void *arg)
{
    other_entropy = source;
    other_entropy_arg = arg;
}

_Noreturn void leat_metal_exit(int status)
{
    power_off(status);
}

/* Ends the machine with the status of a program that could not start. */
_Noreturn static void refuse(const char *why)
{
    static const char before[] = "leat: ";

    serial_write(before, sizeof before - 1);
    serial_write(why, strlen(why));
    serial_write("\n", 1);
    power_off(METAL_STATUS_REFUSED);
}

_Noreturn void metal_start(uint32_t protocol, uintptr_t info)
{
    const struct boot_info boot = boot_info_read(protocol, info);
    const char *trouble;

    metal = (struct leat_metal){.host = &machine,
                                .command_line = boot.command_line,
                                .memory = (void *)boot.memory,
                                .memory_bytes = boot.memory_bytes,
                                .archive = (const void *)boot.archive,
                                .archive_bytes = boot.archive_bytes};
    memory_init(boot.memory, boot.memory_bytes);
    cpu_init();
    /* Interrupts come before the console, because its own interrupt is routed by them. An error of
     * the boot is printed only after both, when there is a console. */
    trouble = interrupts_init();
    serial_init();
    if (boot.trouble || trouble)
        refuse(boot.trouble ? boot.trouble : trouble);
    clock_init();
    machine_begin();
    machine_end(leat_metal_main(&metal));
}
