/* machine.h -- a stack with a device, in virtual time. */
#ifndef SCRIPT_MACHINE_H
#define SCRIPT_MACHINE_H

#include "device.h"
#include "settings.h"

struct machine {
    const struct settings *settings;
    struct leat *stack; /* NULL: not started */
    struct device device;
    struct leat_stats before; /* at the beginning of the script */
    uint64_t start_ns;        /* time 0 of the script */
    uint64_t now_ns;
    uint64_t next_ns; /* when the stack is to be polled */
    void *memory;     /* kept from script to script */
    size_t memory_bytes;
};

/* Creates the stack, waits for its address announcement, and starts the script's clock.
 * False: @why. */
bool machine_start(struct machine *machine, const struct settings *settings, const char **why);

/* Ends the stack. NULL, or an error: memory that did not come back, counters that don't balance.
 */
const char *machine_stop(struct machine *machine);

/* Frees the memory. */
void machine_free(struct machine *machine);

/* Polls until nothing is due. */
void machine_poll(struct machine *machine);

/* Advances to the stack's next deadline, at most to @until_ns, and polls. False: it was
 * @until_ns already. */
bool machine_step(struct machine *machine, uint64_t until_ns);

/* The script's time. */
uint64_t machine_time_ns(const struct machine *machine);

#endif
