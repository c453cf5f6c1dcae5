/* devices.c -- pairs of ends that are devices of Linux: TAP, AF_XDP. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <leat/tap.h>
#ifdef LEAT_HAS_XDP
#include <leat/xdp.h>
#endif

#include "ends.h"

enum {
    NAME_BYTES = 16
};

/* Reads the names of both devices from "FIRST,SECOND". */
static bool name_devices(const char *how, char names[2][NAME_BYTES], char why[LEAT_WHY_BYTES])
{
    snprintf(why, LEAT_WHY_BYTES, "two devices: FIRST,SECOND");
    return how && sscanf(how, "%15[^,],%15s", names[0], names[1]) == 2;
}

/* Deletes the first device, as an administrator may do at any time. */
static void delete_first(struct kit_pair *pair)
{
    char names[2][NAME_BYTES], why[LEAT_WHY_BYTES], command[64];

    if (!name_devices(pair->how, names, why))
        return;
    snprintf(command, sizeof command, "ip link del %s", names[0]);
    if (system(command) != 0)
        fprintf(stderr, "%s: failed\n", command);
}

static bool open_taps(struct kit_pair *pair, char why[LEAT_WHY_BYTES])
{
    char names[2][NAME_BYTES];

    if (!name_devices(pair->how, names, why))
        return false;
    for (unsigned i = 0; i < 2; i++) {
        const struct leat_mac mac = {{2, 0, 0, 0, 0, (uint8_t)(i + 1)}};
        const struct leat_tap_config config = {.device = names[i], .mac = &mac};
        struct leat_tap *made;

        if (leat_tap_open(&made, &config, why))
            return false;
        pair->ends[i].inside = made;
        pair->ends[i].netif = leat_tap_netif(made);
    }
    return true;
}

static void close_taps(struct kit_pair *pair)
{
    for (unsigned i = 0; i < 2; i++)
        leat_tap_close(pair->ends[i].inside);
}

static const char *tap_lost(const struct kit_pair *pair)
{
    return leat_tap_lost(pair->ends[0].inside) ? "it has gone" : NULL;
}

const struct kit_backend kit_tap = {.name = "tap",
                                    .open = open_taps,
                                    .close = close_taps,
                                    .vanish = delete_first,
                                    .lost = tap_lost,
                                    .is_wire = true};

#ifdef LEAT_HAS_XDP
static bool open_queues(struct kit_pair *pair, char why[LEAT_WHY_BYTES])
{
    char names[2][NAME_BYTES];

    if (!name_devices(pair->how, names, why))
        return false;
    for (unsigned i = 0; i < 2; i++) {
        const struct leat_xdp_config config = {.device = names[i],
                                               .all = true,
                                               .memory = pair->ends[i].memory,
                                               .memory_bytes = pair->ends[i].memory_bytes};
        struct leat_xdp *made;

        if (leat_xdp_open(&made, &config, why))
            return false;
        pair->ends[i].inside = made;
        pair->ends[i].netif = leat_xdp_netif(made);
    }
    return true;
}

static void close_queues(struct kit_pair *pair)
{
    for (unsigned i = 0; i < 2; i++)
        leat_xdp_close(pair->ends[i].inside);
}

static const char *queue_lost(const struct kit_pair *pair)
{
    return leat_xdp_lost(pair->ends[0].inside) ? "it has gone" : NULL;
}

const struct kit_backend kit_xdp = {.name = "xdp",
                                    .open = open_queues,
                                    .close = close_queues,
                                    .vanish = delete_first,
                                    .lost = queue_lost,
                                    .is_wire = true,
                                    .keeps_buffers = true};
#endif
