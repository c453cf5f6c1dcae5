/* entries.c -- the slots of sent frames that the other domain has not answered. */
#include "net.h"

static void entry_give(struct xen_queue *queue, uint16_t at)
{
    queue->tx_entries[at] = (struct xen_tx_entry){.next = queue->tx_free, .head = XEN_NET_NONE};
    queue->tx_free = at;
    queue->tx_free_count++;
}

void xen_tx_end(struct xen_queue *queue, uint16_t head)
{
    uint16_t at = head;

    leat_buf_free(queue->tx_entries[head].frame);
    while (at != XEN_NET_NONE) {
        const uint16_t next = queue->tx_entries[at].next;

        entry_give(queue, at);
        at = next;
    }
}

void xen_queue_tx_open(struct xen_queue *queue)
{
    xen_ring_init(&queue->tx, &xen_tx_ring(queue)->head);
    queue->tx_free = XEN_NET_NONE;
    queue->tx_free_count = 0;
    for (uint32_t i = XEN_NET_TX_PAGES; i > 0; i--)
        entry_give(queue, (uint16_t)(i - 1));
}

void xen_queue_tx_close(struct xen_queue *queue)
{
    struct xen_machine *machine = queue->xen->machine;

    for (uint32_t i = 0; i < XEN_NET_TX_PAGES; i++) {
        leat_buf_free(queue->tx_entries[i].frame);
        queue->tx_entries[i].frame = NULL;
        machine->ops->revoke(machine, xen_ref_of(queue, xen_tx_bytes(queue, i)));
    }
}
