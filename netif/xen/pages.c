/* pages.c -- the pages for received frames: free, in the ring, or lent to the stack. */
#include <leat/assert.h>

#include <string.h>

#include "net.h"

void xen_rx_give(struct xen_queue *queue, uint32_t page)
{
    queue->rx_pages[page].next = queue->rx_free;
    queue->rx_free = (uint16_t)page;
    queue->rx_free_count++;
    leat_debug_assert(queue->rx_free_count <= XEN_NET_RX_PAGES);
}

void xen_rx_returned(void *arg)
{
    struct xen_rx_page *page = arg;

    xen_rx_give(page->queue, (uint32_t)(page - page->queue->rx_pages));
}

void xen_queue_rx_fill(struct xen_queue *queue)
{
    struct xen_machine *machine = queue->xen->machine;
    struct xen_rx_ring *ring = xen_rx_ring(queue);

    while (xen_ring_room(&queue->rx) > 0 && queue->rx_free != XEN_NET_NONE) {
        const uint16_t page = queue->rx_free;
        const uint32_t slot = queue->rx.requests % XEN_RING_SLOTS;
        const uint32_t ref = xen_ref_of(queue, xen_rx_bytes(queue, page));

        queue->rx_free = queue->rx_pages[page].next;
        queue->rx_free_count--;
        if (!machine->ops->grant(machine, ref, xen_rx_bytes(queue, page), queue->xen->bus.domain,
                                 false)) {
            queue->xen->counters.pages_kept++; /* an earlier domain has it for ever */
            continue;
        }
        queue->rx_slots[slot] = page;
        ring->slots[slot].request = (struct xen_rx_request){.id = (uint16_t)slot, .ref = ref};
        queue->rx.requests++;
    }
    queue->starved = queue->rx.requests == queue->rx.responses;
    if (queue->starved)
        queue->xen->counters.rx_starved++;
    if (xen_ring_publish(&queue->rx))
        machine->ops->notify(machine, queue->port);
}

void xen_queue_init(struct xen_queue *queue, struct leat_xen *xen, uint32_t number)
{
    queue->xen = xen;
    queue->ref = xen->machine->ref_first + number * XEN_NET_PAGES;
    queue->rx_free = XEN_NET_NONE;
    queue->rx_free_count = 0;
    for (uint32_t i = XEN_NET_RX_PAGES; i > 0; i--) {
        queue->rx_pages[i - 1].queue = queue;
        xen_rx_give(queue, i - 1);
    }
}

void xen_queue_rx_open(struct xen_queue *queue)
{
    xen_ring_init(&queue->rx, &xen_rx_ring(queue)->head);
    queue->chain = (struct xen_rx_chain){0};
    memset(queue->rx_slots, 0xff, sizeof queue->rx_slots); /* XEN_NET_NONE */
}

bool xen_rx_revoke(struct xen_queue *queue, uint32_t slot)
{
    struct xen_machine *machine = queue->xen->machine;
    const uint16_t page = queue->rx_slots[slot];

    leat_debug_assert(page < XEN_NET_RX_PAGES);
    queue->rx_slots[slot] = XEN_NET_NONE;
    if (machine->ops->revoke(machine, xen_ref_of(queue, xen_rx_bytes(queue, page))))
        return true;
    queue->xen->counters.pages_kept++;
    return false;
}

void xen_queue_rx_close(struct xen_queue *queue)
{
    for (uint32_t slot = 0; slot < XEN_RING_SLOTS; slot++) {
        const uint16_t page = queue->rx_slots[slot];

        if (page != XEN_NET_NONE && xen_rx_revoke(queue, slot))
            xen_rx_give(queue, page);
    }
    leat_buf_free(queue->chain.frame);
    queue->chain = (struct xen_rx_chain){0};
}
