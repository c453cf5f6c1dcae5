/* pages.c -- the pages for received frames: free, in the ring, or lent to the stack. */
#include <leat/assert.h>

#include <string.h>

#include "net.h"

void xen_rx_give(struct leat_xen *xen, uint32_t page)
{
    xen->rx_pages[page].next = xen->rx_free;
    xen->rx_free = (uint16_t)page;
    xen->rx_free_count++;
    leat_debug_assert(xen->rx_free_count <= XEN_NET_RX_PAGES);
}

void xen_rx_returned(void *arg)
{
    struct xen_rx_page *page = arg;

    xen_rx_give(page->xen, (uint32_t)(page - page->xen->rx_pages));
}

void xen_net_rx_fill(struct leat_xen *xen)
{
    struct xen_rx_ring *ring = xen_rx_ring(xen);

    while (xen_ring_room(&xen->rx) > 0 && xen->rx_free != XEN_NET_NONE) {
        const uint16_t page = xen->rx_free;
        const uint32_t slot = xen->rx.requests % XEN_RING_SLOTS;
        const uint32_t ref = xen_ref_of(xen, xen_rx_bytes(xen, page));

        xen->rx_free = xen->rx_pages[page].next;
        xen->rx_free_count--;
        if (!xen->machine->ops->grant(xen->machine, ref, xen_rx_bytes(xen, page), xen->bus.domain,
                                      false)) {
            xen->counters.pages_kept++; /* an earlier domain has it for ever */
            continue;
        }
        xen->rx_slots[slot] = page;
        ring->slots[slot].request = (struct xen_rx_request){.id = (uint16_t)slot, .ref = ref};
        xen->rx.requests++;
    }
    xen->starved = xen->rx.requests == xen->rx.responses;
    if (xen->starved)
        xen->counters.rx_starved++;
    if (xen_ring_publish(&xen->rx))
        xen->machine->ops->notify(xen->machine, xen->port);
}

void xen_net_rx_open(struct leat_xen *xen)
{
    xen_ring_init(&xen->rx, &xen_rx_ring(xen)->head);
    xen->chain = (struct xen_rx_chain){0};
    memset(xen->rx_slots, 0xff, sizeof xen->rx_slots); /* XEN_NET_NONE */
}

bool xen_rx_revoke(struct leat_xen *xen, uint32_t slot)
{
    const uint16_t page = xen->rx_slots[slot];

    leat_debug_assert(page < XEN_NET_RX_PAGES);
    xen->rx_slots[slot] = XEN_NET_NONE;
    if (xen->machine->ops->revoke(xen->machine, xen_ref_of(xen, xen_rx_bytes(xen, page))))
        return true;
    xen->counters.pages_kept++;
    return false;
}

void xen_net_rx_close(struct leat_xen *xen)
{
    for (uint32_t slot = 0; slot < XEN_RING_SLOTS; slot++) {
        const uint16_t page = xen->rx_slots[slot];

        if (page != XEN_NET_NONE && xen_rx_revoke(xen, slot))
            xen_rx_give(xen, page);
    }
    leat_buf_free(xen->chain.frame);
    xen->chain = (struct xen_rx_chain){0};
}
