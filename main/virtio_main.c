/* virtio_main.c -- leat_main() on the bare machine, with a virtio-net device, or Xen's interface.
 */
#include <leat/metal.h>
#include <leat/virtio.h>
#include <leat/virtio_block.h>

#include <string.h>

#include "bare/bare.h"
#include "metal_xen.h"

struct machine {
    struct bare_machine bare; /* first; bare_main() sees only this part */
    struct leat_metal *metal;
    struct leat_virtio *virtio;
    struct leat_virtio_block *disk;
    const struct metal_device *xen; /* NULL: it is a virtio-net device */
    bool link_down;                 /* as reported last */
};

static struct machine machine_of_all; /* one machine, one program */

_Static_assert((int)BARE_GENERATION_BYTES == (int)LEAT_METAL_GENERATION_BYTES, "the same id");

static struct leat_netif *open_netif(struct bare_machine *bare, const struct leat_mac *mac,
                                     uint16_t mtu, const char **why)
{
    struct machine *machine = (struct machine *)bare; /* its first member */
    const struct leat_virtio_config config = {.metal = machine->metal, .mac = mac, .mtu = mtu};

    machine->xen = metal_xen();
    if (machine->xen) {
        struct leat_netif *netif = machine->xen->open(machine->metal, mac, mtu, why);

        bare->memory = machine->metal->memory; /* the rest, without rings and pages */
        bare->memory_bytes = machine->metal->memory_bytes;
        return netif;
    }
    leat_virtio_rng_use(machine->metal); /* if there is one; otherwise the processor's is used */
    if (leat_virtio_open(&machine->virtio, &config, why))
        return NULL;
    bare->memory = machine->metal->memory; /* the rest, without the queues */
    bare->memory_bytes = machine->metal->memory_bytes;
    return leat_virtio_netif(machine->virtio);
}

/* "disk" is the first one, "disk2" the second, up to "disk9". */
static struct leat_block_device *open_disk(struct bare_machine *bare, const char *name,
                                           const char **why)
{
    struct machine *machine = (struct machine *)bare;
    struct leat_virtio_block_config config = {.metal = machine->metal};
    const char digit = strncmp(name, "disk", 4) == 0 ? name[4] : '0';

    if (digit && (digit < '2' || digit > '9' || name[5])) {
        *why = "there is no such name: say disk, or disk2 for the second one, up to disk9";
        return NULL;
    }
    config.number = digit ? (unsigned)(digit - '1') : 0;
    machine->xen = metal_xen();
    if (machine->xen)
        return machine->xen->open_disk(machine->metal, config.number, why);
    return leat_virtio_block_open(&machine->disk, &config, why)
               ? NULL
               : leat_virtio_block_device(machine->disk);
}

static const char *disk_why(const struct leat_block_device *device)
{
    (void)device;
    return machine_of_all.xen ? machine_of_all.xen->disk_why()
                              : leat_virtio_block_why(machine_of_all.disk);
}

static void *take(struct bare_machine *bare, size_t bytes)
{
    return leat_metal_take(((struct machine *)bare)->metal, bytes);
}

static size_t left(const struct bare_machine *bare)
{
    return ((const struct machine *)bare)->metal->memory_bytes;
}

static const char *news(struct bare_machine *bare, bool *lost)
{
    struct machine *machine = (struct machine *)bare;
    bool down;

    if (machine->xen)
        return machine->xen->news(lost);
    down = !leat_virtio_link_up(machine->virtio);
    *lost = leat_virtio_lost(machine->virtio);
    if (*lost)
        return leat_virtio_why(machine->virtio);
    if (down == machine->link_down)
        return NULL;
    machine->link_down = down;
    return down ? "the link is down" : "the link is up";
}

static void say_counters(struct bare_machine *bare,
                         void (*say)(void *arg, const char *name, uint64_t value, const char *text),
                         void *arg)
{
    const struct machine *machine = (const struct machine *)bare;
    const struct leat_virtio_counters *counters;

    if (machine->xen) {
        machine->xen->say_counters(say, arg);
        return;
    }
    counters = leat_virtio_counters(machine->virtio);
    say(arg, "virtio_rx_header", counters->rx_header,
        "frames with an impossible virtio-net header");
    say(arg, "virtio_rx_length", counters->rx_length, "frames of a length that can't be");
    say(arg, "virtio_rx_starved", counters->rx_starved, "times that input had to wait");
    say(arg, "virtio_tx_lost", counters->tx_lost, "frames that could not be sent");
    say(arg, "virtio_resets", counters->resets, "resets because the device broke the rules");
    say(arg, "virtio_link_changes", counters->link_changes, "times that the link went down or up");
    say(arg, "copied_virtio_frames", counters->tx_flattened,
        "frames copied because they had too many pieces");
}

int leat_metal_main(struct leat_metal *metal)
{
    struct machine *machine = &machine_of_all;

    machine->metal = metal;
    machine->bare = (struct bare_machine){.host = metal->host,
                                          .command_line = metal->command_line,
                                          .archive = metal->archive,
                                          .take = take,
                                          .left = left,
                                          .fw_cfg = leat_metal_fw_cfg,
                                          .archive_bytes = metal->archive_bytes,
                                          .skip = "virtio_mmio.device=",
                                          .open_netif = open_netif,
                                          .open_disk = open_disk,
                                          .disk_why = disk_why,
                                          .generation = leat_metal_generation,
                                          .news = news,
                                          .on_crash = leat_metal_on_crash,
                                          .guard = leat_metal_guard,
                                          .say_counters = say_counters};
    return bare_main(&machine->bare);
}
