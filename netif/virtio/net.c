/*
 * net.c -- START HERE: a virtio-net device, from finding it to closing it (virtio 1.2, 5.1).
 *
 * Features are agreed on if they work from end to end: checksums in both directions, TCP
 * super-frames out (HOST_TSO4, HOST_TSO6), and in (GUEST_TSO4, GUEST_TSO6) if they may lie in many
 * buffers.
 */
#include "net.h"

#include <string.h>

enum {
    CONFIG_MAC = 0, /* virtio 1.2, 5.1.4 */
    CONFIG_MTU = 10,
    MTU_DEFAULT = 1500,
    MTU_MIN = 68 /* RFC 791 3.2 */
};

static const uint64_t wanted_features =
    VIRTIO_NET_F_CSUM | VIRTIO_NET_F_GUEST_CSUM | VIRTIO_NET_F_MTU | VIRTIO_NET_F_MAC |
    VIRTIO_NET_F_MRG_RXBUF | VIRTIO_NET_F_STATUS | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX |
    VIRTIO_NET_F_HOST_TSO4 | VIRTIO_NET_F_HOST_TSO6 | VIRTIO_NET_GUEST_TSO;
static const uint64_t look_again_ns =
    1000000; /* between looks for free buffers, or for sent frames */
static const uint64_t full_again_ns =
    100000; /* between looks for room; 256 frames in it: 2.5 M/s */

uint64_t virtio_net_next_look_ns(struct leat_netif *netif, uint64_t now_ns)
{
    struct leat_virtio *virtio = virtio_of(netif);

    if (virtio->lost)
        return LEAT_NEVER_NS;
    if (virtio->more || virtqueue_arm(&virtio->rx))
        return now_ns;
    /* there are no interrupts for sent frames: one would come for each */
    if (virtqueue_room(&virtio->tx) == 0)
        return now_ns + full_again_ns;
    if (virtio->starved || virtio->tx.in_flight > 0)
        return now_ns + look_again_ns;
    return virtio->state_look_ns > now_ns ? virtio->state_look_ns : now_ns;
}

void virtio_net_close(struct leat_netif *netif)
{
    struct leat_virtio *virtio = virtio_of(netif);

    if (virtio->lost)
        return;
    virtio_net_stop(virtio);
}

static const struct leat_netif_ops virtio_net_ops = {.receive = virtio_net_receive,
                                                     .transmit_room = virtio_net_transmit_room,
                                                     .transmit = virtio_net_transmit,
                                                     .next_look_ns = virtio_net_next_look_ns,
                                                     .close = virtio_net_close};

/* The requested MTU, if the device supports it, or the device's; 0: impossible. */
static uint16_t choose_mtu(struct leat_virtio *virtio, uint16_t asked)
{
    const bool told = virtio->features & VIRTIO_NET_F_MTU;
    const uint16_t offered = told ? virtio_config_read16(&virtio->device, CONFIG_MTU) : 0;
    const uint16_t mtu = asked ? asked : told ? offered : MTU_DEFAULT;

    return mtu < MTU_MIN || (told && mtu > offered) ? 0 : mtu;
}

/* Features without their prerequisite (5.1.3.1).  Without MRG_RXBUF each entry of the receive queue
 * would have to hold 64 KiB (5.1.6.3.1), for which the pool is too small. */
static uint64_t unfounded(uint64_t features)
{
    uint64_t without = 0;

    if (!(features & VIRTIO_NET_F_CSUM))
        without |= VIRTIO_NET_F_HOST_TSO4 | VIRTIO_NET_F_HOST_TSO6;
    if (!(features & VIRTIO_NET_F_HOST_TSO4)) /* the stack supports no device with IPv6 only */
        without |= VIRTIO_NET_F_HOST_TSO6;
    if (!(features & VIRTIO_NET_F_GUEST_CSUM) || !(features & VIRTIO_NET_F_MRG_RXBUF))
        without |= VIRTIO_NET_GUEST_TSO;
    return features & without;
}

static bool negotiate(struct leat_virtio *virtio, uint64_t more, bool no_offload, const char **why)
{
    const uint64_t super = VIRTIO_NET_F_HOST_TSO4 | VIRTIO_NET_F_HOST_TSO6 | VIRTIO_NET_GUEST_TSO;
    const uint64_t wanted = (no_offload ? wanted_features & ~super : wanted_features) | more;
    uint64_t less;

    if (!virtio_negotiate(&virtio->device, wanted, &virtio->features, why))
        return false;
    less = unfounded(virtio->features);
    return less == 0 || virtio_negotiate(&virtio->device, wanted & ~less, &virtio->features, why);
}

static uint32_t capabilities(uint64_t features)
{
    uint32_t what = LEAT_NETIF_GATHER;

    if (features & VIRTIO_NET_F_CSUM)
        what |= LEAT_NETIF_TX_CHECKSUM | LEAT_NETIF_TAGGED;
    if (features & VIRTIO_NET_F_GUEST_CSUM)
        what |= LEAT_NETIF_RX_CHECKSUM;
    if (features & VIRTIO_NET_F_HOST_TSO4)
        what |= LEAT_NETIF_TSO;
    if (features & VIRTIO_NET_F_HOST_TSO6)
        what |= LEAT_NETIF_TSO6;
    if (features & VIRTIO_NET_GUEST_TSO)
        what |= LEAT_NETIF_GRO;
    return what;
}

enum leat_err virtio_net_prepare(struct leat_virtio *virtio, uint64_t more, uint16_t mtu,
                                 bool no_offload, const char **why)
{
    struct virtio_device *device = &virtio->device;

    if (!negotiate(virtio, more, no_offload, why))
        return LEAT_ERR_DEVICE;
    virtio->netif.ops = &virtio_net_ops;
    virtio->netif.name = "virtio0";
    virtio->netif.capabilities = capabilities(virtio->features);
    *why = "the MTU must be 68 to the device's";
    virtio->netif.mtu = choose_mtu(virtio, mtu);
    if (virtio->netif.mtu == 0)
        return LEAT_ERR_ARGUMENT;
    if (virtio->features & VIRTIO_NET_F_MAC) {
        for (uint32_t i = 0; i < sizeof virtio->netif.mac.octet; i++)
            virtio->netif.mac.octet[i] = device->transport->config_read(device, CONFIG_MAC + i);
    }
    virtio->link_up = true;
    return LEAT_OK;
}

bool virtio_net_open_queues(struct leat_virtio *virtio, const char **why)
{
    *why = "it has no queues";
    if (!virtio_queue_open(&virtio->device, virtio_net_queue(virtio, VIRTIO_NET_RX), &virtio->rx,
                           VIRTQUEUE_SIZE_MAX, virtio->features, 0) ||
        !virtio_queue_open(&virtio->device, virtio_net_queue(virtio, VIRTIO_NET_TX), &virtio->tx,
                           VIRTQUEUE_SIZE_MAX, virtio->features, virtio->tx_indirect))
        return false;
    virtqueue_disarm(&virtio->tx);
    return true;
}

enum leat_err virtio_net_start(struct leat_virtio *virtio, uint16_t mtu, bool no_offload,
                               const char **why)
{
    const enum leat_err err = virtio_net_prepare(virtio, 0, mtu, no_offload, why);

    if (err)
        return err;
    if (!virtio_net_open_queues(virtio, why))
        return LEAT_ERR_DEVICE;
    virtio_begin(&virtio->device);
    return LEAT_OK;
}

struct leat_netif *leat_virtio_netif(struct leat_virtio *virtio)
{
    return &virtio->netif;
}

const struct leat_virtio_counters *leat_virtio_counters(const struct leat_virtio *virtio)
{
    return &virtio->counters;
}

bool leat_virtio_lost(const struct leat_virtio *virtio)
{
    return virtio->lost;
}

const char *leat_virtio_why(const struct leat_virtio *virtio)
{
    return virtio->why_lost;
}

bool leat_virtio_link_up(const struct leat_virtio *virtio)
{
    return virtio->link_up;
}
