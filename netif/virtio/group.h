/*
 * group.h -- several pairs of queues of one virtio-net device, each for the stack of another
 * processor.
 *
 * Theory of operation.  Every pair is a struct leat_virtio, with queues, counters and a netif of
 * its own, and belongs to one processor.  Beside it a processor touches, of the others' memory,
 * only the rings of hand.h and `lost` of this struct; the rest is written once, before other
 * processors begin.  A pair's registers are its own, too: the addresses for notifications.  Pair 0
 * looks at the device's state.
 *
 * The device steers frames by RSS (virtio 1.2, 5.1.6.5.7).  pair.c sorts them again (flows.h).  The
 * control queue has one command, at the start.
 *
 * A processor that loses the device resets it first, and then sets `lost`.  Each processor takes
 * the buffers of its pair back when it sees that.
 */
#ifndef VIRTIO_GROUP_H
#define VIRTIO_GROUP_H

#include "flows.h"
#include "hand.h"
#include "net.h"

enum {
    /* the head of a command, struct virtio_net_rss_config, and the key's length before the key */
    VIRTIO_RSS_COMMAND_BYTES = 2 + 8 + 2 * FLOWS_TABLE_ENTRIES + 3 + FLOWS_KEY_BYTES
};

struct virtio_group {
    unsigned count; /* of pairs */
    struct leat_virtio *pairs[LEAT_VIRTIO_PAIRS_MAX];
    struct virtio_hand *hands; /* from pair @from to pair @to: hands[from * count + to] */
    struct virtio_flows flows;
    void (*wake)(unsigned processor); /* ends a wait of the processor of this number */
    const char *why_lost;             /* NULL: it was closed */
    bool lost;
    struct virtio_device control_device;
    struct virtqueue control;
    uint8_t command[VIRTIO_RSS_COMMAND_BYTES];
    uint8_t answer;
};

/* Brings up the device of group->pairs[0], which has been found, with up to group->count pairs and
 * RSS by @key; all of the rest is zero.  Lowers group->count if the device has fewer.  False: that
 * isn't possible, for the reason *@why, and nothing of it is in use; then virtio_net_start() may
 * bring up pair 0 alone. */
bool virtio_group_start(struct virtio_group *group, uint16_t mtu, bool no_offload,
                        const uint8_t key[FLOWS_KEY_BYTES], struct leat_host *host,
                        const char **why);

/* True once the device isn't used any more. */
static inline bool virtio_group_is_lost(const struct virtio_group *group)
{
    return __atomic_load_n(&group->lost, __ATOMIC_ACQUIRE);
}

/* The functions of a pair's netif. */
extern const struct leat_netif_ops virtio_pair_ops;

#endif
