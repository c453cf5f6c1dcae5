/* bare.h -- what a machine without an operating system gives to leat_main(). */
#ifndef BARE_H
#define BARE_H

#include <stdbool.h>
#include <stddef.h>

#include <leat/leat.h>

/* The program's. A compiler without a hosted C library doesn't know the prototype. */
int main(int argc, char **argv);

struct leat_block_device;

enum {
    BARE_GENERATION_BYTES = 16
};

struct bare_machine {
    struct leat_host *host;
    const char *command_line;
    const char *skip; /* words with this prefix are the machine's own; NULL: none */
    void *memory;     /* for the stack */
    size_t memory_bytes;
    /* Takes so many bytes off the machine's memory, before the network device is open.  NULL: there
     * aren't so many. */
    void *(*take)(struct bare_machine *machine, size_t bytes);
    size_t (*left)(const struct bare_machine *machine); /* bytes that take() still has */
    /* leat_metal_fw_cfg(); NULL: the machine has no such files. */
    size_t (*fw_cfg)(const char *name, void *to, size_t room);
    const void *archive; /* files from outside, over those of the image; NULL: none */
    size_t archive_bytes;
    /* Opens the network device with @mac and @mtu if they are given (not NULL, not 0).  Returns
     * NULL on failure, and sets @why to a line with the reason. */
    struct leat_netif *(*open_netif)(struct bare_machine *machine, const struct leat_mac *mac,
                                     uint16_t mtu, const char **why);
    /* Opens the disk @name of --store or --archive, before the network device.  Returns NULL on
     * failure, and sets
     * @why as above.  NULL: this machine has no disks. */
    struct leat_block_device *(*open_disk)(struct bare_machine *machine, const char *name,
                                           const char **why);
    /* The reason of its last failure, or NULL.  May be NULL. */
    const char *(*disk_why)(const struct leat_block_device *device);
    /* Copies the id of the machine's generation (leat_metal_generation()).  False: it has none.
     * NULL: the same. */
    bool (*generation)(uint8_t id[BARE_GENERATION_BYTES]);
    /* Returns a line about a change of the device's state since the last call, or NULL.  Sets @lost
     * if the device can't go on; then the program ends.  May be NULL. */
    const char *(*news)(struct bare_machine *machine, bool *lost);
    /* Sets a function that is called when the machine crashes; NULL: this machine can't. */
    void (*on_crash)(void (*handler)(void *arg), void *arg);
    /* Makes pages trap, for the stacks of tasks; NULL: this machine's pages aren't ours. */
    bool (*guard)(void *page, size_t bytes, bool guarded);
    /* Reports the device's counters: calls @say(@arg, name, value, meaning).  May be NULL
     */
    void (*say_counters)(struct bare_machine *machine,
                         void (*say)(void *arg, const char *name, uint64_t value, const char *text),
                         void *arg);
};

/* Gives the words of the command line to main(); returns the exit status. */
int bare_main(struct bare_machine *machine);

#endif
