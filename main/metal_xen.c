/* metal_xen.c -- the network interface and the disk of a guest of Xen, for leat_main(). */
#include "metal_xen.h"

#include <leat/xen.h>
#include <leat/xen_block.h>

static struct leat_xen *xen; /* one machine, one interface */
static struct leat_xen_block *disk;
static bool link_down; /* as it was told last */

static struct leat_netif *xen_open(struct leat_metal *metal, const struct leat_mac *mac,
                                   uint16_t mtu, const char **why)
{
    const struct leat_xen_config config = {.metal = metal, .mac = mac, .mtu = mtu};

    return leat_xen_open(&xen, &config, why) ? NULL : leat_xen_netif(xen);
}

static struct leat_block_device *xen_open_disk(struct leat_metal *metal, unsigned number,
                                               const char **why)
{
    const struct leat_xen_block_config config = {.metal = metal, .number = number};

    return leat_xen_block_open(&disk, &config, why) ? NULL : leat_xen_block_device(disk);
}

static const char *xen_disk_why(void)
{
    return leat_xen_block_why(disk);
}

static const char *xen_news(bool *lost)
{
    const bool down = !leat_xen_link_up(xen);

    *lost = leat_xen_lost(xen);
    if (*lost)
        return leat_xen_why(xen);
    if (down == link_down)
        return NULL;
    link_down = down;
    return down ? "the backend has gone" : "the backend is there again";
}

static void xen_say_counters(void (*say)(void *arg, const char *name, uint64_t value,
                                         const char *text),
                             void *arg)
{
    const struct leat_xen_counters *counters = leat_xen_counters(xen);

    say(arg, "xen_rx_refused", counters->rx_refused, "slots or super-frames that can't be");
    say(arg, "xen_rx_length", counters->rx_length, "frames of a length that can't be");
    say(arg, "xen_rx_starved", counters->rx_starved, "times that input found no memory");
    say(arg, "xen_tx_refused", counters->tx_refused, "frames that the backend refused");
    say(arg, "xen_tx_lost", counters->tx_lost, "frames that could not be sent");
    say(arg, "xen_pages_kept", counters->pages_kept, "pages that the backend didn't give back");
    say(arg, "xen_broken_rules", counters->broken_rules, "times that the backend broke the rules");
    say(arg, "xen_link_changes", counters->link_changes, "times that the backend went or came");
    say(arg, "copied_xen_rx_bytes", counters->rx_copied_bytes,
        "bytes of short frames that were copied on their way in");
    say(arg, "copied_xen_tx_bytes", counters->tx_copied_bytes,
        "bytes copied for an untrusted backend, out of too many pages, or of a header in two");
}

const struct metal_device *metal_xen(void)
{
    static const struct metal_device device = {.open = xen_open,
                                               .open_disk = xen_open_disk,
                                               .disk_why = xen_disk_why,
                                               .news = xen_news,
                                               .say_counters = xen_say_counters};

    return leat_xen_here() ? &device : NULL;
}
