/* entries.c -- the slots of sent frames that the other domain has not answered. */
#include <string.h>

#include "net.h"

static void entry_give(struct leat_xen *xen, uint16_t at)
{
    xen->tx_entries[at] = (struct xen_tx_entry){.next = xen->tx_free, .head = XEN_NET_NONE};
    xen->tx_free = at;
    xen->tx_free_count++;
}

void xen_tx_end(struct leat_xen *xen, uint16_t head)
{
    uint16_t at = head;

    leat_buf_free(xen->tx_entries[head].frame);
    while (at != XEN_NET_NONE) {
        const uint16_t next = xen->tx_entries[at].next;

        entry_give(xen, at);
        at = next;
    }
}

void xen_net_tx_open(struct leat_xen *xen)
{
    xen_ring_init(&xen->tx, &xen_tx_ring(xen)->head);
    xen->tx_free = XEN_NET_NONE;
    xen->tx_free_count = 0;
    for (uint32_t i = XEN_NET_TX_PAGES; i > 0; i--)
        entry_give(xen, (uint16_t)(i - 1));
}

void xen_net_tx_close(struct leat_xen *xen)
{
    struct xen_machine *machine = xen->machine;
    const uint32_t first = machine->ref_first + XEN_NET_PAGES;

    for (uint32_t i = 0; i < XEN_NET_TX_PAGES; i++) {
        leat_buf_free(xen->tx_entries[i].frame);
        xen->tx_entries[i].frame = NULL;
    }
    /* Those that the other domain doesn't let go of stay granted to it, for reading: the grant
     * fails if another domain is to have them, and frames are copied. */
    for (uint32_t page = 0; page < xen->window_pages; page++) {
        if (xen->window_granted[page / 32] >> page % 32 & 1)
            machine->ops->revoke(machine, first + page);
    }
    memset(xen->window_granted, 0, sizeof xen->window_granted);
    for (uint32_t i = 0; i < XEN_NET_TX_PAGES; i++)
        machine->ops->revoke(machine, xen_ref_of(xen, xen_tx_bytes(xen, i)));
}
