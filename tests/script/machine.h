/* machine.h -- a stack with a device, in virtual time. */
#ifndef SCRIPT_MACHINE_H
#define SCRIPT_MACHINE_H

#include "device.h"
#include "settings.h"

struct machine {
    const struct settings *settings;
    struct leat *stack; /* NULL: not started */
    struct device device;
    struct leat_stats before; /* when the script began */
    uint64_t start_ns;        /* the script's 0 */
    uint64_t now_ns;
    uint64_t next_ns; /* when the stack wants to be polled */
    void *memory;     /* kept from script to script */
    size_t memory_bytes;
};

/* Makes the stack, lets it announce its address, and starts the script's clock.  False: @why. */
bool machine_start(struct machine *machine, const struct settings *settings, const char **why);

/* Ends the stack.  NULL, or what it left behind: memory that did not come back, sums that differ.
 */
const char *machine_stop(struct machine *machine);

/* Gives the memory back. */
void machine_free(struct machine *machine);

/* Polls until nothing is left to be done now. */
void machine_poll(struct machine *machine);

/* Lets time pass to the stack's next deadline, at most to @until_ns, and polls.  False: it was
 * @until_ns already. */
bool machine_step(struct machine *machine, uint64_t until_ns);

/* The script's time. */
uint64_t machine_time_ns(const struct machine *machine);

#endif
