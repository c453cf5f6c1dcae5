/*
 * transmit.c -- frames to the other domain.
 *
 * A frame is read from where its pieces lie, if every page of it may be granted and there are not
 * too many.  Otherwise it is copied into the pages of its own slots.
 */
#include "net.h"

#include <leat/assert.h>

#include <string.h>

enum {
    ETHERNET_BYTES = 14,
    SLOTS_MAX = XEN_FRAME_SLOTS + 1 /* with extra information */
};

static const uintptr_t page_mask = XEN_PAGE_BYTES - 1;

/* Takes one response; false: it answers nothing that was asked. */
static bool take_response(struct xen_queue *queue)
{
    const uint32_t slot = queue->tx.responses++ % XEN_RING_SLOTS;
    union xen_tx_slot copy;
    struct xen_tx_entry *head;
    uint16_t id;

    memcpy(&copy, &xen_tx_ring(queue)->slots[slot], sizeof copy);
    __atomic_signal_fence(__ATOMIC_SEQ_CST); /* as in receive.c */
    if (copy.response.status == XEN_STATUS_NULL)
        return true;
    id = copy.response.id;
    if (id >= XEN_NET_TX_PAGES || queue->tx_entries[id].head == XEN_NET_NONE)
        return false;
    head = &queue->tx_entries[queue->tx_entries[id].head];
    if (copy.response.status != XEN_STATUS_OKAY && head->is_group)
        queue->xen->all_groups = true;
    else if (copy.response.status != XEN_STATUS_OKAY && &queue->tx_entries[id] == head)
        queue->xen->counters.tx_refused++; /* once a frame */
    leat_debug_assert(head->left > 0);
    head->left--;
    if (head->left == 0)
        xen_tx_end(queue, queue->tx_entries[id].head);
    else
        queue->tx_entries[id].head = XEN_NET_NONE; /* a second answer would be one too many */
    return true;
}

bool xen_queue_collect(struct xen_queue *queue)
{
    const uint32_t ready = xen_ring_ready(&queue->tx);
    bool good = ready != UINT32_MAX;

    for (uint32_t i = 0; i < ready && good; i++)
        good = take_response(queue);
    /* All slots are answered, but not all frames: some answers were none. */
    if (good && queue->tx.requests == queue->tx.responses &&
        queue->tx_free_count < XEN_NET_TX_PAGES)
        good = false;
    return good;
}

uint32_t xen_queue_room(const struct xen_queue *queue)
{
    const uint32_t room = xen_ring_room(&queue->tx);

    /* There are never fewer free entries than free slots, but the other domain decides when. */
    return (room < queue->tx_free_count ? room : queue->tx_free_count) / SLOTS_MAX;
}

/* ---- a frame ------------------------------------------------------------------------------ */

/* The reference of a page of the window, which is granted at its first use; 0: it can't be. */
static uint32_t window_ref(struct leat_xen *xen, uintptr_t address)
{
    const uintptr_t page = (address - xen->window) / XEN_PAGE_BYTES;
    const uint32_t ref = xen_window_ref(xen, page);
    const uint32_t bit = 1u << page % 32;

    if (!xen->direct || address < xen->window || page >= xen->window_pages)
        return 0;
    if (xen->window_granted[page / 32] & bit)
        return ref;
    /* the window begins at a page, and an address in it is one of memory */
    if (!xen->machine->ops->grant(xen->machine, ref, (const void *)(address & ~page_mask),
                                  xen->bus.domain, true))
        return 0;
    xen->window_granted[page / 32] |= bit;
    return ref;
}

/* A list of the frame's parts, each in one page. */
struct parts {
    struct xen_tx_request list[XEN_FRAME_SLOTS];
    unsigned count;
};

/* THE place where this backend copies on transmit: up to a page of the frame goes into the page of
 * the entry @at, as the next part.  False: another domain keeps that page. */
static bool copy_part(struct xen_queue *queue, uint16_t at, const struct leat_buf *frame,
                      uint32_t from, uint32_t most, struct parts *parts)
{
    struct xen_machine *machine = queue->xen->machine;
    uint8_t *page = xen_tx_bytes(queue, at);
    const uint32_t ref = xen_ref_of(queue, page);

    leat_debug_assert(parts->count < XEN_FRAME_SLOTS);
    /* granted at its first use, and then for good; a second grant to the same domain changes
     * nothing */
    if (!machine->ops->grant(machine, ref, page, queue->xen->bus.domain, true))
        return false;
    const uint32_t len = leat_buf_read(frame, from, page, most);

    parts->list[parts->count++] = (struct xen_tx_request){.ref = ref, .size = (uint16_t)len};
    queue->xen->counters.tx_copied_bytes += len;
    return true;
}

/* Lists the pages in which the frame lies; false: too many, or one can't be granted.  An Ethernet
 * header that lies in two pages is copied, because Linux' backend wants it in the first slot. */
static bool list_pages(struct xen_queue *queue, const struct leat_buf *frame, struct parts *parts)
{
    const bool is_cut = ((uintptr_t)frame->data & page_mask) > XEN_PAGE_BYTES - ETHERNET_BYTES;
    uint32_t skip = is_cut ? ETHERNET_BYTES : 0;

    parts->count = 0;
    if (is_cut && !copy_part(queue, queue->tx_free, frame, 0, skip, parts))
        return false;
    for (; frame; frame = frame->next, skip = 0) {
        uintptr_t at = (uintptr_t)frame->data + skip;

        for (uint32_t left = frame->len - skip; left > 0;) {
            const uint32_t in_page = XEN_PAGE_BYTES - (uint32_t)(at & page_mask);
            const uint32_t here = left < in_page ? left : in_page;
            const uint32_t ref =
                parts->count < queue->xen->slots_max ? window_ref(queue->xen, at) : 0;

            if (ref == 0)
                return false;
            parts->list[parts->count++] = (struct xen_tx_request){
                .ref = ref, .offset = (uint16_t)(at & page_mask), .size = (uint16_t)here};
            at += here;
            left -= here;
        }
    }
    return parts->count > 0;
}

/* Copies the frame into the pages of the entries that it will get, which are the next free ones. */
static bool copy_pages(struct xen_queue *queue, const struct leat_buf *frame, uint32_t total,
                       struct parts *parts)
{
    uint16_t at = queue->tx_free;

    parts->count = 0;
    for (uint32_t done = 0; done < total; done += XEN_PAGE_BYTES) {
        if (!copy_part(queue, at, frame, done, XEN_PAGE_BYTES, parts))
            return false;
        at = queue->tx_entries[at].next;
    }
    return parts->count > 0;
}

/* Puts the parts, at least one, into the ring, and behind the first of them @extra, unless it is
 * NULL.  They take the first free entries, which are in a list already.  Returns the first entry.
 */
static struct xen_tx_entry *put(struct xen_queue *queue, struct parts *parts,
                                const struct xen_extra *extra)
{
    union xen_tx_slot *slots = xen_tx_ring(queue)->slots;
    const uint16_t head = queue->tx_free;
    struct xen_tx_entry *entry;
    unsigned i = 0;

    if (extra)
        parts->list[0].flags |= XEN_TX_EXTRA_INFO;
    do {
        struct xen_tx_request *request = &parts->list[i];

        leat_assert(queue->tx_free != XEN_NET_NONE);
        entry = &queue->tx_entries[queue->tx_free];
        entry->head = head;
        request->id = queue->tx_free;
        if (i + 1 < parts->count)
            request->flags |= XEN_TX_MORE_DATA;
        slots[queue->tx.requests++ % XEN_RING_SLOTS].request = *request;
        if (i == 0 && extra)
            slots[queue->tx.requests++ % XEN_RING_SLOTS].extra = *extra;
        queue->tx_free = entry->next;
        queue->tx_free_count--;
    } while (++i < parts->count);
    entry->next = XEN_NET_NONE;
    queue->tx_entries[head].left = (uint16_t)parts->count;
    return &queue->tx_entries[head];
}

bool xen_queue_send_group(struct xen_queue *queue, enum xen_extra_type what,
                          const struct leat_mac *mac)
{
    struct xen_extra extra = {.type = (uint8_t)what};
    struct parts parts = {.count = 1}; /* a frame without bytes */

    if (xen_ring_room(&queue->tx) < 2 || queue->tx_free_count == 0)
        return false;
    memcpy(extra.group, mac->octet, sizeof extra.group);
    put(queue, &parts, &extra)->is_group = true;
    return true;
}

/* Puts a frame into the ring, as the stack wants it to be sent.  @kept: the frame, which must live
 * until it is answered; NULL: it was copied. */
static void put_frame(struct xen_queue *queue, const struct leat_buf *frame, struct leat_buf *kept,
                      uint32_t total, struct parts *parts)
{
    const bool is_v6 = frame->data[ETHERNET_BYTES] >> 4 == 6;
    const struct xen_extra gso = {.type = XEN_EXTRA_GSO,
                                  .gso_bytes = frame->segment_bytes,
                                  .gso_type = is_v6 ? XEN_GSO_TCPV6 : XEN_GSO_TCPV4};

    parts->list[0].size = (uint16_t)total;
    if (frame->checksum == LEAT_CHECKSUM_PARTIAL)
        parts->list[0].flags |= XEN_TX_CSUM_BLANK | XEN_TX_DATA_VALIDATED;
    put(queue, parts, frame->segment_bytes > 0 ? &gso : NULL)->frame = kept;
}

void xen_queue_send(struct xen_queue *queue, struct leat_buf *frame)
{
    const uint32_t total = leat_buf_total(frame);
    const bool fits =
        xen_queue_room(queue) > 0 && total <= XEN_FRAME_BYTES && frame->len > ETHERNET_BYTES;
    struct parts parts;

    if (fits && list_pages(queue, frame, &parts)) {
        put_frame(queue, frame, frame, total, &parts);
        return;
    }
    if (fits && copy_pages(queue, frame, total, &parts))
        put_frame(queue, frame, NULL, total, &parts);
    else
        queue->xen->counters.tx_lost++;
    leat_buf_free(frame);
}
