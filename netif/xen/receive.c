/*
 * receive.c -- frames from the other domain.
 *
 * A frame comes in one slot or more, each with a page; extra information takes a slot behind the
 * first one.  Its parts may come at different times, so the frame is put together as they come.
 */
#include "net.h"

#include <leat/assert.h>

#include <string.h>

enum {
    RX_HEADROOM = LEAT_BUF_HEADROOM - 2, /* the IP header lies on a multiple of 4 */
    ETHERNET_BYTES = 14,
    VLAN_BYTES = 4,
    COPIED_MAX = 256,                /* copied, so that a short frame doesn't hold a page */
    KEPT_LEAST = XEN_RING_SLOTS / 2, /* with fewer pages for the ring all frames are copied */
    TYPE_AT = 12,
    PROTOCOL4_AT = 14 + 9,
    PROTOCOL6_AT = 14 + 6,
    PROTOCOL_TCP = 6
};

/* ---- a frame, slot by slot ---------------------------------------------------------------- */

/* Extra information in the slot behind a frame's first one. */
static void take_extra(struct xen_rx_chain *chain, const struct xen_extra *extra)
{
    chain->extra_is_next = extra->flags & XEN_EXTRA_MORE;
    chain->extras++;
    if (extra->type == 0 || extra->type >= XEN_EXTRA_TYPES || chain->extras >= XEN_EXTRA_TYPES)
        chain->bad = true; /* an unknown kind, or more items than there are kinds */
    if (extra->type != XEN_EXTRA_GSO)
        return;
    chain->gso_bytes = extra->gso_bytes;
    chain->gso_type = extra->gso_type;
    if (extra->gso_bytes == 0)
        chain->bad = true;
}

/* Pages that are in the ring, or can go there. The stack may have all others: TCP keeps what it has
 * received, and echoed, until the peer acknowledges it. */
static uint32_t kept(const struct xen_queue *queue)
{
    return queue->rx_free_count + queue->rx.requests - queue->rx.responses;
}

/* The @len bytes of a page as a buffer: lent, or copied.  Takes the page. */
static struct leat_buf *take_page(struct xen_queue *queue, struct leat_pool *pool, uint32_t page,
                                  uint32_t offset, uint32_t len)
{
    const uint8_t *at = xen_rx_bytes(queue, page) + offset;
    struct leat_buf *buf = NULL;

    if (len > COPIED_MAX && kept(queue) >= KEPT_LEAST)
        buf = leat_buf_lend(pool, at, len, xen_rx_returned, &queue->rx_pages[page]);
    if (buf)
        return buf;
    /* THE place where this backend copies on receive. */
    buf = leat_buf_alloc(pool, RX_HEADROOM);
    if (buf && leat_buf_tailroom(buf) >= len) {
        memcpy(leat_buf_put(buf, len), at, len);
    } else {
        leat_buf_free(buf);
        buf = leat_buf_copy(pool, at, len);
    }
    if (buf)
        queue->xen->counters.rx_copied_bytes += len;
    xen_rx_give(queue, page);
    return buf;
}

/* A slot with data: the first one of a frame, or a further one. */
static void take_data(struct xen_queue *queue, struct leat_pool *pool, uint32_t slot,
                      const struct xen_rx_response *response)
{
    struct xen_rx_chain *chain = &queue->chain;
    const uint16_t page = queue->rx_slots[slot];
    struct leat_buf *buf = NULL;

    if (!xen_rx_revoke(queue, slot)) {
        /* It said that it is done with the page, but holds it: XSA-396. */
        xen_net_fail(queue->xen);
        return;
    }
    if (!chain->open) {
        *chain = (struct xen_rx_chain){.flags = response->flags};
        chain->extra_is_next = response->flags & XEN_RX_EXTRA_INFO;
    }
    chain->open = response->flags & XEN_RX_MORE_DATA;
    chain->slots++;
    if (response->status <= 0 || response->offset + (uint32_t)response->status > XEN_PAGE_BYTES ||
        chain->slots > XEN_FRAME_SLOTS)
        chain->bad = true;
    if (chain->bad || chain->starved) {
        xen_rx_give(queue, page);
        return;
    }
    buf = take_page(queue, pool, page, response->offset, (uint32_t)response->status);
    chain->starved = !buf;
    if (buf && chain->frame)
        leat_buf_append(chain->frame, buf);
    else if (buf)
        chain->frame = buf;
}

/* True if the frame is TCP of the family of @gso_type, as far as its first piece shows. */
static bool is_tcp_of(const struct leat_buf *frame, uint8_t gso_type)
{
    const uint8_t *at = frame->data;

    if (frame->len <= PROTOCOL4_AT)
        return false;
    if (gso_type == XEN_GSO_TCPV4)
        return at[TYPE_AT] == 0x08 && at[TYPE_AT + 1] == 0 && at[PROTOCOL4_AT] == PROTOCOL_TCP;
    return gso_type == XEN_GSO_TCPV6 && at[TYPE_AT] == 0x86 && at[TYPE_AT + 1] == 0xdd &&
           at[PROTOCOL6_AT] == PROTOCOL_TCP;
}

/* True if the frame may be one of several segments: it was agreed on, and its checksum is the
 * device's. */
static bool is_good_super(const struct leat_xen *xen, const struct xen_rx_chain *chain)
{
    return !xen->no_offload && (chain->flags & (XEN_RX_CSUM_BLANK | XEN_RX_DATA_VALIDATED)) &&
           is_tcp_of(chain->frame, chain->gso_type);
}

/* Counts a frame that can't be one; true: it is one. */
static bool is_good(struct leat_xen *xen, const struct xen_rx_chain *chain)
{
    const uint32_t datagram = chain->gso_bytes > 0 ? UINT16_MAX : xen->netif.mtu;
    const uint32_t len = leat_buf_total(chain->frame);

    if (chain->starved)
        xen->counters.rx_starved++;
    else if (chain->bad || (chain->gso_bytes > 0 && !is_good_super(xen, chain)))
        xen->counters.rx_refused++;
    else if (len < ETHERNET_BYTES || len > datagram + ETHERNET_BYTES + VLAN_BYTES)
        xen->counters.rx_length++;
    else
        return true;
    return false;
}

/* The frame is complete; NULL: it was dropped. */
static struct leat_buf *end_frame(struct xen_queue *queue)
{
    struct xen_rx_chain chain = queue->chain;

    queue->chain = (struct xen_rx_chain){0};
    if (!is_good(queue->xen, &chain)) {
        leat_buf_free(chain.frame);
        return NULL;
    }
    chain.frame->segment_bytes = chain.gso_bytes;
    /* blank: the frame was never on a wire, and its field holds only the pseudo-header's sum */
    chain.frame->checksum = chain.flags & (XEN_RX_CSUM_BLANK | XEN_RX_DATA_VALIDATED)
                                ? LEAT_CHECKSUM_VERIFIED
                                : LEAT_CHECKSUM_UNKNOWN;
    return chain.frame;
}

/* Takes one response; the frame that it completes, or NULL. */
static struct leat_buf *take_slot(struct xen_queue *queue, struct leat_pool *pool)
{
    const uint32_t slot = queue->rx.responses++ % XEN_RING_SLOTS;
    union xen_rx_slot copy;

    /* A copy, because the other domain may still write where the slot lies (XSA-155). The barrier
     * keeps the compiler from reading it there again. */
    memcpy(&copy, &xen_rx_ring(queue)->slots[slot], sizeof copy);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    if (queue->chain.extra_is_next) {
        const uint16_t page = queue->rx_slots[slot];

        take_extra(&queue->chain, &copy.extra);
        /* Nothing was written into its page. */
        if (xen_rx_revoke(queue, slot))
            xen_rx_give(queue, page);
    } else {
        take_data(queue, pool, slot, &copy.response);
    }
    if (queue->xen->lost || queue->chain.open || queue->chain.extra_is_next)
        return NULL;
    return end_frame(queue);
}

uint32_t xen_queue_receive(struct xen_queue *queue, struct leat_pool *pool,
                           struct leat_buf **frames, uint32_t frames_max)
{
    const uint32_t ready = xen_ring_ready(&queue->rx);
    uint32_t count = 0, taken;

    if (ready == UINT32_MAX) {
        xen_net_fail(queue->xen);
        return 0;
    }
    /* dropped frames count, too, so that the loop is bounded */
    for (taken = 0; taken < ready && taken < XEN_RING_SLOTS && count < frames_max; taken++) {
        struct leat_buf *frame = take_slot(queue, pool);

        if (queue->xen->lost)
            return count;
        if (frame)
            frames[count++] = frame;
    }
    queue->more = taken < ready;
    xen_queue_rx_fill(queue);
    return count;
}
