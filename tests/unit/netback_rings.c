/* netback_rings.c -- the rings of the model, and the groups whose frames it hands over. */
#include "netback.h"

#include <stdio.h>
#include <string.h>

/* ---- frames to the driver ----------------------------------------------------------------- */

static bool put_slot(union xen_rx_slot slot)
{
    struct xen_rx_ring *ring = (void *)netback.queue->rx_head;

    if (netback.queue->rx_taken == netback.queue->rx_head->request_produced)
        return false;
    ring->slots[netback.queue->rx_taken++ % XEN_RING_SLOTS] = slot;
    netback.queue->rx_head->response_produced = netback.queue->rx_taken;
    return true;
}

bool netback_put_raw(const void *bytes, uint32_t len, uint16_t offset, uint16_t flags,
                     int16_t status)
{
    struct xen_rx_ring *ring = (void *)netback.queue->rx_head;
    struct xen_rx_request request;
    uint8_t *page;

    if (netback.queue->rx_taken == netback.queue->rx_head->request_produced)
        return false;
    request = ring->slots[netback.queue->rx_taken % XEN_RING_SLOTS].request;
    page = netback_page(request.ref, true);
    assert_non_null(page);
    memcpy(page + offset, bytes, len);
    return put_slot((union xen_rx_slot){
        .response = {.id = request.id, .offset = offset, .flags = flags, .status = status}});
}

bool netback_put(const void *bytes, uint32_t len, uint16_t flags)
{
    return netback_put_raw(bytes, len, 0, flags, (int16_t)len);
}

bool netback_put_extra(struct xen_extra extra)
{
    return put_slot((union xen_rx_slot){.extra = extra});
}

/* ---- frames of the driver, and its groups -------------------------------------------------- */

static void respond(uint16_t id, int16_t status)
{
    struct xen_tx_ring *ring = (void *)netback.queue->tx_head;
    const uint32_t at = ring->head.response_produced;

    ring->slots[at % XEN_RING_SLOTS].response = (struct xen_tx_response){id, status};
    ring->head.response_produced = at + 1;
}

/* Appends the bytes of a request; the first one's size is that of the whole frame. */
static void take_part(struct netback_frame *frame, const struct xen_tx_request *request,
                      uint32_t len)
{
    const uint8_t *page = netback_page(request->ref, false);

    assert_non_null(page);
    assert_true(request->offset + len <= XEN_PAGE_BYTES);
    memcpy(frame->bytes + frame->len, page + request->offset, len);
    frame->len += len;
    frame->slots++;
}

/* The place of an address in the list, or its end. */
static unsigned find_group(const uint8_t *mac)
{
    unsigned at = 0;

    while (at < netback.group_count && memcmp(netback.groups[at].octet, mac, 6) != 0)
        at++;
    return at;
}

bool netback_hears(const char *mac)
{
    unsigned octets[6];
    uint8_t bytes[6];

    assert_int_equal(sscanf(mac, "%x:%x:%x:%x:%x:%x", &octets[0], &octets[1], &octets[2],
                            &octets[3], &octets[4], &octets[5]),
                     6);
    for (unsigned i = 0; i < 6; i++)
        bytes[i] = (uint8_t)octets[i];
    return netback_number("device/vif/0/request-multicast-control") == 0 ||
           find_group(bytes) < netback.group_count;
}

/* A request without a frame changes the list. Linux' backend would have an address twice. */
static void change_group(const struct xen_tx_request *request, const struct xen_extra *extra)
{
    const unsigned at = find_group(extra->group);
    const bool adds = extra->type == XEN_EXTRA_GROUP_ADD;
    const bool fits = netback.group_count < netback.groups_max;

    assert_int_equal(request->flags, XEN_TX_EXTRA_INFO);
    assert_int_equal(extra->flags, 0);
    assert_int_equal(netback_number("device/vif/0/request-multicast-control"), 1);
    assert_int_equal(adds, at == netback.group_count);
    if (adds && fits)
        memcpy(netback.groups[netback.group_count++].octet, extra->group, 6);
    else if (!adds)
        netback.groups[at] = netback.groups[--netback.group_count];
    respond(request->id, adds && !fits ? -1 : XEN_STATUS_OKAY);
    respond(0xabcd, XEN_STATUS_NULL);
}

/* Makes the changes at the front of the ring. */
static void change_groups(struct xen_tx_ring *ring)
{
    while (netback.queue->tx_taken != ring->head.request_produced) {
        const struct xen_tx_request request =
            ring->slots[netback.queue->tx_taken % XEN_RING_SLOTS].request;
        const struct xen_extra extra =
            ring->slots[(netback.queue->tx_taken + 1) % XEN_RING_SLOTS].extra;

        if (!(request.flags & XEN_TX_EXTRA_INFO) ||
            (extra.type != XEN_EXTRA_GROUP_ADD && extra.type != XEN_EXTRA_GROUP_DEL))
            return;
        netback.queue->tx_taken += 2;
        change_group(&request, &extra);
    }
}

bool netback_take(int16_t status)
{
    struct xen_tx_ring *ring = (void *)netback.queue->tx_head;
    struct netback_frame *frame = &netback.frame;
    struct xen_tx_request requests[XEN_FRAME_SLOTS + 1];
    unsigned count = 0;
    uint32_t rest = 0;

    change_groups(ring);
    if (netback.queue->tx_taken == ring->head.request_produced)
        return false;
    frame->len = frame->slots = 0;
    frame->extra = (struct xen_extra){0};
    do {
        assert_true(count < XEN_FRAME_SLOTS);
        requests[count] = ring->slots[netback.queue->tx_taken++ % XEN_RING_SLOTS].request;
        if (count == 0 && (requests[0].flags & XEN_TX_EXTRA_INFO))
            frame->extra = ring->slots[netback.queue->tx_taken++ % XEN_RING_SLOTS].extra;
        rest += count > 0 ? requests[count].size : 0;
    } while (requests[count++].flags & XEN_TX_MORE_DATA);
    frame->flags = requests[0].flags;
    assert_true(requests[0].size >= rest + 14); /* Linux refuses others */
    take_part(frame, &requests[0], requests[0].size - rest);
    for (unsigned i = 1; i < count; i++)
        take_part(frame, &requests[i], requests[i].size);
    for (unsigned i = 0; i < count; i++) {
        respond(requests[i].id, status);
        if (i == 0 && frame->extra.type != 0)
            respond(0xabcd, XEN_STATUS_NULL);
    }
    return true;
}
