/* ethernet_output.c -- sends frames on a link. */
#include <string.h>

#include "core/view.h"
#include "core/writable.h"
#include "link/ethernet.h"

/* Pads a short frame with zeros, because padding with old memory would leak it (CVE-2003-0001).
 * False: no buffer for the zeros. */
static bool pad_short(const struct link *link, struct leat_buf *frame)
{
    static const uint8_t zeros[ETHERNET_FRAME_MIN];
    uint32_t total, missing;
    uint8_t *at;
    struct leat_buf *tail;

    total = leat_buf_total(frame);
    if (total >= ETHERNET_FRAME_MIN || (link->netif->capabilities & LEAT_NETIF_NO_PADDING))
        return true;
    missing = ETHERNET_FRAME_MIN - total;
    if (!frame->next && buf_is_writable(frame)) {
        at = leat_buf_put(frame, missing);
        if (at) {
            memset(at, 0, missing);
            return true;
        }
    }
    tail = pool_lend(&link->stack->pool, zeros, missing, 0, 0);
    if (tail)
        leat_buf_append(frame, tail);
    return tail != 0;
}

static inline bool pad(const struct link *link, struct leat_buf *frame)
{
    /* frames with TCP headers are always long enough */
    return frame->len >= ETHERNET_FRAME_MIN || pad_short(link, frame);
}

void ethernet_output(struct link *link, struct leat_buf *packet, const struct leat_mac *dst,
                     uint16_t type)
{
    const struct wire_ethernet header = {.dst = *dst, .src = link->netif->mac, .type = type};

    wire_ethernet_emit(&header, view_push(packet, ETHERNET_HEADER_BYTES));
    if (!pad(link, packet)) {
        link->stack->stats.tx_no_memory++;
        leat_buf_free(packet);
        return;
    }
    transmit_put(link, packet);
}
