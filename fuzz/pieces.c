/* pieces.c -- frames of several pieces. */
#include "pieces.h"

#include <string.h>

void pieces_transmit(struct leat_netif *netif, struct leat_pool *pool, uint8_t what,
                     uint16_t segment_bytes, uint64_t now_ns)
{
    struct leat_buf *frame = leat_buf_alloc(pool, 0);

    if (!frame || netif->ops->transmit_room(netif) == 0) {
        leat_buf_free(frame);
        return;
    }
    memset(leat_buf_put(frame, 64), what, 64);
    memcpy(frame->data + 12, "\x08\x00", 2); /* IPv4, of a flow that @what chooses */
    frame->checksum = what & 1 ? LEAT_CHECKSUM_PARTIAL : LEAT_CHECKSUM_UNKNOWN;
    frame->segment_bytes = what & 32 ? segment_bytes : 0;
    for (unsigned i = 0; i < (what & 31u); i++) {
        struct leat_buf *more = leat_buf_slice(frame, i, 4);

        if (more)
            leat_buf_append(frame, more);
    }
    netif->ops->transmit(netif, now_ns, &frame, 1);
}
