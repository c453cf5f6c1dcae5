/* send.c -- the ring of sent frames, as the stack and the groups use it. */
#include "net.h"

void xen_net_collect(struct leat_xen *xen)
{
    if (!xen_tx_collect(xen))
        xen_net_fail(xen);
}

uint32_t xen_net_transmit_room(struct leat_netif *netif)
{
    struct leat_xen *xen = xen_of(netif);

    if (xen->connected)
        xen_net_collect(xen);
    if (!xen->connected)
        return UINT16_MAX; /* sent frames are lost, as on a wire that was cut */
    return xen_tx_room(xen);
}

void xen_net_publish(struct leat_xen *xen)
{
    if (!xen->connected)
        return;
    xen_groups_tell(xen);
    if (xen_ring_publish(&xen->tx))
        xen->machine->ops->notify(xen->machine, xen->port);
}

void xen_net_transmit(struct leat_netif *netif, uint64_t now_ns, struct leat_buf **frames,
                      uint32_t frame_count)
{
    struct leat_xen *xen = xen_of(netif);

    (void)now_ns;
    for (uint32_t i = 0; i < frame_count; i++) {
        xen_groups_read(xen, frames[i]);
        if (xen->connected) {
            xen_tx_send(xen, frames[i]);
        } else {
            xen->counters.tx_lost++;
            leat_buf_free(frames[i]);
        }
    }
    xen_net_publish(xen);
}
