/* solo5_main.c -- leat_main() on Solo5, with its network device "service". */
#include <stdlib.h>

#include <leat/solo5.h>

#include <solo5.h>

#include "bare/bare.h"

struct machine {
    struct bare_machine bare; /* first; bare_main() sees only this part */
    struct leat_solo5 solo5;
    struct leat_solo5_net *net;
};

static struct leat_netif *open_netif(struct bare_machine *bare, const struct leat_mac *mac,
                                     uint16_t mtu, const char **why)
{
    struct machine *machine = (struct machine *)bare; /* its first member */
    const struct leat_solo5_net_config config = {.solo5 = &machine->solo5, .mac = mac, .mtu = mtu};

    if (leat_solo5_net_open(&machine->net, &config, why))
        return NULL;
    bare->memory = machine->solo5.memory; /* the rest, without the device's part */
    bare->memory_bytes = machine->solo5.memory_bytes;
    return leat_solo5_net_netif(machine->net);
}

static void *take(struct bare_machine *bare, size_t bytes)
{
    return leat_solo5_take(&((struct machine *)bare)->solo5, bytes);
}

static size_t left(const struct bare_machine *bare)
{
    return ((const struct machine *)bare)->solo5.memory_bytes;
}

/* @name is that of the manifest. */
static struct leat_block_device *open_disk(struct bare_machine *bare, const char *name,
                                           const char **why)
{
    struct leat_block_device *device;

    return leat_solo5_block_open(&device, &((struct machine *)bare)->solo5, name, why) ? NULL
                                                                                       : device;
}

static void say_counters(struct bare_machine *bare,
                         void (*say)(void *arg, const char *name, uint64_t value, const char *text),
                         void *arg)
{
    const struct machine *machine = (const struct machine *)bare;
    const struct leat_solo5_net_counters *counters = leat_solo5_net_counters(machine->net);

    say(arg, "solo5_rx_cut", counters->rx_cut, "frames longer than the MTU allows");
    say(arg, "solo5_rx_error", counters->rx_error, "reads that Solo5 refused");
    say(arg, "solo5_rx_starved", counters->rx_starved, "times that input had to wait");
    say(arg, "solo5_tx_refused", counters->tx_refused, "frames that Solo5 refused");
    say(arg, "copied_solo5_rx_bytes", counters->rx_copied_bytes,
        "bytes copied because a buffer doesn't hold a frame");
    say(arg, "copied_solo5_tx_bytes", counters->tx_copied_bytes,
        "bytes copied because Solo5 can't gather");
}

int solo5_app_main(const struct solo5_start_info *start)
{
    static struct machine machine;

    leat_solo5_init(&machine.solo5, start);
    machine.bare = (struct bare_machine){.host = &machine.solo5.host,
                                         .command_line = machine.solo5.command_line,
                                         .take = take,
                                         .left = left,
                                         .open_netif = open_netif,
                                         .open_disk = open_disk,
                                         .say_counters = say_counters};
    exit(bare_main(&machine.bare)); /* runs destructors, as a return does elsewhere */
}
