/*
 * net.c -- START HERE: a network interface of Xen, from the handshake to its end.
 *
 * bus.c agrees with the other domain over xenstore; here that becomes rings and facts.  A
 * connection that the other domain ends is taken down, and made again when it waits for us again.
 */
#include "net.h"

#include <leat/assert.h>

enum {
    MTU_DEFAULT = 1500,
    MTU_MIN = 68,          /* RFC 791 3.2 */
    ETHERNET_MOST = 14 + 4 /* with a tag */
};

static const uint64_t open_ns = 30000000000; /* a hot-plug script may be slow */
static const uint64_t close_ns = 2000000000;
static const uint64_t look_again_ns = 1000000; /* between looks for answered frames, or pages */

static uint64_t xen_net_next_look_ns(struct leat_netif *netif, uint64_t now_ns)
{
    struct leat_xen *xen = xen_of(netif);
    uint64_t due_ns = xen_store_is_due(xen->store) ? now_ns : xen_bus_due_ns(&xen->bus);

    xen_net_transmit_room(netif); /* looks for answered frames */
    if (xen->lost)
        return LEAT_NEVER_NS;
    for (uint32_t i = 0; i < xen->queue_count; i++) {
        struct xen_queue *queue = xen->queues[i];
        const uint32_t sent = queue->tx.published - queue->tx.responses;

        /* A full ring's event comes when half of it is answered. Otherwise there is none for sent
         * frames: one would come for each. */
        if (queue->more || xen_ring_arm(&queue->rx, 1) ||
            (xen_queue_room(queue) == 0 && xen_ring_arm(&queue->tx, sent / 2 + 1)))
            return now_ns;
        if ((queue->starved || sent > 0) && due_ns > now_ns + look_again_ns)
            due_ns = now_ns + look_again_ns;
    }
    return due_ns > now_ns ? due_ns : now_ns;
}

static void set_facts(struct leat_xen *xen)
{
    const uint32_t features = xen->bus.features;
    const bool sums = features & XEN_BUS_CSUM_V6; /* those of IPv4 always */
    const bool offload = sums && (features & XEN_BUS_SG) && !xen->no_offload;
    uint32_t what = LEAT_NETIF_RX_CHECKSUM;

    if (features & XEN_BUS_SG)
        what |= LEAT_NETIF_GATHER;
    if (sums)
        what |= LEAT_NETIF_TX_CHECKSUM;
    if (offload && (features & XEN_BUS_GSO_TCPV4))
        what |= LEAT_NETIF_TSO;
    if ((what & LEAT_NETIF_TSO) && (features & XEN_BUS_GSO_TCPV6))
        what |= LEAT_NETIF_TSO6;
    if (!xen->no_offload)
        what |= LEAT_NETIF_GRO;
    xen->features =
        features & ~(uint32_t)XEN_BUS_MULTICAST; /* that one is no fact of the stack's */
    xen->netif.capabilities = what;
    xen->netif.super_bytes = XEN_FRAME_BYTES;
    xen->netif.gather_pieces = XEN_NET_GATHER_PIECES;
}

/* ---- from the start to the end ------------------------------------------------------------ */

static bool serve(void *arg, uint64_t now_ns)
{
    struct leat_xen *xen = arg;

    xen_net_serve(xen, now_ns);
    return !xen->lost;
}

/* Runs the handshake until it is in @phase, at most for @most_ns; true: it is. */
static bool run_until(struct leat_xen *xen, enum xen_bus_phase phase, uint64_t most_ns)
{
    return xen_bus_run(&xen->bus, xen->machine, phase, most_ns, serve, xen);
}

static void xen_net_close(struct leat_netif *netif)
{
    struct leat_xen *xen = xen_of(netif);

    if (xen->lost)
        return;
    xen->comes_back = false;
    xen_bus_close(&xen->bus, xen->machine->ops->now_ns(xen->machine));
    run_until(xen, XEN_BUS_ENDED, close_ns);
    xen_net_disconnect(xen);
    xen->lost = true;
    xen->why_lost = NULL;
}

static const struct leat_netif_ops xen_net_ops = {.receive = xen_net_receive,
                                                  .transmit_room = xen_net_transmit_room,
                                                  .transmit = xen_net_transmit,
                                                  .next_look_ns = xen_net_next_look_ns,
                                                  .close = xen_net_close};

/* The requested MTU, if the interface allows it, or the interface's; 0: impossible. */
static uint16_t choose_mtu(const struct leat_xen *xen, uint16_t asked)
{
    const bool sg = xen->bus.features & XEN_BUS_SG;
    const uint32_t most = (sg ? XEN_FRAME_BYTES : XEN_PAGE_BYTES) - ETHERNET_MOST;
    const uint32_t given = xen->bus.numbers[XEN_BUS_MTU];
    const uint32_t offered = given > 0 ? given : MTU_DEFAULT;
    const uint32_t mtu = asked ? asked : offered;

    return mtu < MTU_MIN || mtu > most || (given > 0 && mtu > offered) ? 0 : (uint16_t)mtu;
}

static const char *why_not_up(const struct leat_xen *xen)
{
    if (xen->lost)
        return xen->why_lost;
    if (xen->bus.backend[0] == '\0')
        return "xenstore doesn't answer";
    return xen->queue_count > 0 ? "the backend doesn't connect" : "the backend isn't ready";
}

enum leat_err xen_net_start(struct leat_xen *xen, unsigned number, const struct leat_mac *mac,
                            uint16_t mtu, const char **why)
{
    bool is_up;

    leat_assert((xen->window & (XEN_PAGE_BYTES - 1)) == 0);
    leat_assert(xen->window_pages <= XEN_NET_WINDOW_PAGES);
    leat_assert(xen->machine->ref_end - xen->machine->ref_first >=
                xen->queues_max * XEN_NET_PAGES + xen->window_pages);
    xen->netif = (struct leat_netif){.ops = &xen_net_ops, .name = "xen0"};
    xen_bus_open(&xen->bus, &xen_bus_vif, xen->store, number);
    is_up = run_until(xen, XEN_BUS_UP, open_ns);
    xen->take_queue = NULL;
    if (!is_up) {
        *why = why_not_up(xen);
        xen_net_close(&xen->netif);
        return xen->bus.missing ? LEAT_ERR_NOT_FOUND : LEAT_ERR_DEVICE;
    }
    set_facts(xen);
    xen->netif.mtu = choose_mtu(xen, mtu);
    xen->netif.mac = mac ? *mac : xen->bus.mac;
    *why = NULL;
    if (!mac && !xen->bus.has_mac)
        *why = "xenstore has no MAC address for the network interface";
    else if (xen->netif.mac.octet[0] & 1) /* a group's address would be dropped by every bridge */
        *why = "the MAC address must be one station's (first octet even)";
    else if (xen->netif.mtu == 0)
        *why = "the MTU must be 68 to the interface's";
    if (!*why)
        return LEAT_OK;
    xen_net_close(&xen->netif);
    return LEAT_ERR_ARGUMENT;
}

struct leat_netif *leat_xen_netif(struct leat_xen *xen)
{
    return &xen->netif;
}

const struct leat_xen_counters *leat_xen_counters(const struct leat_xen *xen)
{
    return &xen->counters;
}

bool leat_xen_lost(const struct leat_xen *xen)
{
    return xen->lost;
}

const char *leat_xen_why(const struct leat_xen *xen)
{
    return xen->why_lost;
}
