/*
 * posix_host.c -- the host of a program of leat_main(): that of its device, and what the program
 * does around each wait.
 */
#include "posix_program.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "posix_flight.h"
#include "sink.h"

static struct program *program_of_host(struct leat_host *host)
{
    return (struct program *)(void *)((char *)host - offsetof(struct program, host));
}

/* Before the device is open, the store is polled by the clock that all devices with one have. */
static uint64_t host_now_ns(struct leat_host *host)
{
    struct leat_host *machine = program_of_host(host)->device.machine;
    struct timespec now;

    if (machine)
        return machine->now_ns(machine);
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Tells once that the device is lost. False: the program ends with it. */
static bool goes_on_with_device(struct program *program)
{
    char why[LEAT_WHY_BYTES];

    if (program->device_is_lost || !posix_device_lost(&program->device, why))
        return true;
    fprintf(stderr, "%s: %s\n", program->app->name, why);
    program->device_is_lost = true;
    return program->outlives_device;
}

/* Tells that the link of the device went down, or came up. */
static void tell_link(struct program *program, uint64_t now_ns)
{
    const char *news = posix_link_news(&program->link, now_ns);

    if (news)
        fprintf(stderr, "%s: %s: %s\n", program->app->name, program->device.netif->name, news);
}

/* The program was asked to end. A recording ends where it ends, because a drain, which it doesn't
 * contain, would send other frames. Without a device a drain would wait in vain. */
static void end_in_order(struct program *program)
{
    if (program->options.replay)
        leat_stop(program->platform.stack, EXIT_SUCCESS);
    else if (program->device_is_lost)
        leat_stop(program->platform.stack, STATUS_FAILED);
    else
        bring_up_ending(&program->up);
}

static bool host_wait(struct leat_host *host, uint64_t deadline_ns)
{
    struct program *program = program_of_host(host);
    struct leat_host *machine = program->device.machine;
    struct leat *stack = program->platform.stack;
    uint64_t now_ns, early_ns;

    if (!goes_on_with_device(program)) {
        leat_stop(stack, STATUS_FAILED);
        return false;
    }
    posix_flight_look();
    now_ns = machine->now_ns(machine);
    tell_link(program, now_ns);
    early_ns = sinks_flush(now_ns);
    deadline_ns = early_ns < deadline_ns ? early_ns : deadline_ns;
    early_ns =
        posix_notify_tell(&program->notify, now_ns, program->up.started, leat_is_draining(stack));
    if (machine->wait(machine, early_ns < deadline_ns ? early_ns : deadline_ns))
        return true;
    posix_notify_tell(&program->notify, machine->now_ns(machine), false, true);
    end_in_order(program);
    return false;
}

static enum leat_err host_entropy(struct leat_host *host, void *bytes, size_t len)
{
    struct program *program = program_of_host(host);
    struct leat_host *machine = program->device.machine;
    const enum leat_err err = machine->entropy(machine, bytes, len);

    if (!err && program->keep && !program->options.seed_given)
        keep_stir(program->keep, bytes, len);
    return err;
}

static void host_console(struct leat_host *host, const char *text, size_t len)
{
    struct leat_host *machine = program_of_host(host)->device.machine;

    if (machine)
        machine->console(machine, text, len);
    else
        (void)posix_output_write(&program_of_host(host)->output, text, len);
}

static uint64_t host_civil_ns(struct leat_host *host)
{
    const struct program *program = program_of_host(host);
    struct leat_host *machine = program->device.machine;

    if (program->options.clock_ns > 0) /* only once per poll: its duration can't be repeated */
        return program->options.clock_ns + host_now_ns(host) - leat_now_ns(program->platform.stack);
    return machine && machine->civil_ns ? machine->civil_ns(machine) : 0;
}

void posix_host_make(struct program *program)
{
    program->host = (struct leat_host){.now_ns = host_now_ns,
                                       .wait = host_wait,
                                       .entropy = host_entropy,
                                       .console = host_console,
                                       .civil_ns = host_civil_ns};
}
