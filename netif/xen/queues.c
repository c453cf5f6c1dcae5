/* queues.c -- all queues of an interface, in both directions. */
#include "net.h"

/* Shows the other domain what is to be sent, changes of groups among it. */
static void publish(struct leat_xen *xen)
{
    xen_groups_tell(xen);
    for (uint32_t i = 0; i < xen->queue_count; i++) {
        struct xen_queue *queue = xen->queues[i];

        if (xen_ring_publish(&queue->tx))
            xen->machine->ops->notify(xen->machine, queue->port);
    }
}

uint32_t xen_net_receive(struct leat_netif *netif, uint64_t now_ns, struct leat_pool *pool,
                         struct leat_buf **frames, uint32_t frames_max)
{
    struct leat_xen *xen = xen_of(netif);
    const uint32_t turn = xen->turn++; /* so that no queue keeps the others back */
    uint32_t count = 0;

    xen_net_look(xen, now_ns);
    xen_net_transmit_room(netif); /* frees frames that were answered */
    for (uint32_t i = 0; i < xen->queue_count; i++)
        count += xen_queue_receive(xen->queues[(turn + i) % xen->queue_count], pool, frames + count,
                                   frames_max - count);
    publish(xen);
    return count;
}

/* All frames may be of one flow, so the fullest queue decides. */
uint32_t xen_net_transmit_room(struct leat_netif *netif)
{
    struct leat_xen *xen = xen_of(netif);
    uint32_t room = UINT16_MAX; /* without a connection: frames are lost, as on a cut wire */

    for (uint32_t i = 0; i < xen->queue_count; i++) {
        struct xen_queue *queue = xen->queues[i];

        if (!xen_queue_collect(queue)) {
            xen_net_fail(xen);
            return UINT16_MAX;
        }
        if (xen_queue_room(queue) < room)
            room = xen_queue_room(queue);
    }
    return room;
}

void xen_net_transmit(struct leat_netif *netif, uint64_t now_ns, struct leat_buf **frames,
                      uint32_t frame_count)
{
    struct leat_xen *xen = xen_of(netif);

    (void)now_ns;
    for (uint32_t i = 0; i < frame_count; i++) {
        const uint32_t flow = xen->queue_count > 1 ? xen_flow_of(frames[i]) : 0;

        xen_groups_read(xen, frames[i]);
        if (xen->queue_count > 0) {
            xen_queue_send(xen->queues[flow % xen->queue_count], frames[i]);
        } else {
            xen->counters.tx_lost++;
            leat_buf_free(frames[i]);
        }
    }
    publish(xen);
}
