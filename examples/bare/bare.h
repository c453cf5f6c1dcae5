/* bare.h -- what a machine without an operating system gives to the examples' main. */
#ifndef BARE_H
#define BARE_H

#include <stdbool.h>
#include <stddef.h>

#include <leat/http_server.h>
#include <leat/leat.h>

/* What an image has instead of files: made by tools/embed.py when it was built. */
extern const struct leat_http_file bare_files[];
extern const uint32_t bare_file_count;

struct bare_machine {
    struct leat_host *host;
    const char *command_line;
    const char *skip; /* words that begin so are the machine's own; NULL: none */
    void *memory;     /* for the stack */
    size_t memory_bytes;
    /* Opens the network device with @mac and @mtu if they are given (not NULL, not 0); returns NULL
     * and lets @why be a line that says why. */
    struct leat_netif *(*open_netif)(struct bare_machine *machine, const struct leat_mac *mac,
                                     uint16_t mtu, const char **why);
    /* Lets @handler be called when the machine crashes; NULL: this machine can't. */
    void (*on_crash)(void (*handler)(void *arg), void *arg);
    /* Makes pages trap, for the stacks of tasks; NULL: this machine's pages aren't ours. */
    bool (*guard)(void *page, size_t bytes, bool guarded);
    /* Says what the device has counted: calls @say(@arg, name, value, what it means).  May be NULL
     */
    void (*say_counters)(struct bare_machine *machine,
                         void (*say)(void *arg, const char *name, uint64_t value, const char *text),
                         void *arg);
};

/* Runs the example; returns the exit status. */
int bare_main(struct bare_machine *machine);

#endif
