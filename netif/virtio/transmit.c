/*
 * transmit.c -- frames to a virtio-net device, each read from where its pieces lie.
 *
 * The virtio-net header is a piece of its own in front, because the frame's first buffer may be
 * shared and must not be written.
 */
#include "net.h"

#include <leat/assert.h>

enum {
    ETHERNET_BYTES = 14,
    TAG_BYTES = 4,
    IPV4_BYTES_MIN = 20,
    IPV4_PROTOCOL_AT = 9,
    IPV6_BYTES = 40,
    IPV6_NEXT_AT = 6,
    PROTOCOL_TCP = 6,
    PROTOCOL_UDP = 17,
    TCP_CHECKSUM_AT = 16,
    UDP_CHECKSUM_AT = 6,
    PIECES_MAX = VIRTQUEUE_PIECES_MAX
};

void virtio_net_collect(struct leat_virtio *virtio)
{
    uint32_t len;
    struct leat_buf *frame;

    /* bounded: only what was in flight comes back */
    while ((frame = virtqueue_take(&virtio->tx, &len)))
        leat_buf_free(frame);
}

uint32_t virtio_net_transmit_room(struct leat_netif *netif)
{
    struct leat_virtio *virtio = virtio_of(netif);

    if (virtio->lost)
        return UINT16_MAX; /* sent frames are lost, as on a wire that was cut */
    virtio_net_collect(virtio);
    if (virtio->tx.broken) {
        virtio_net_fail(virtio);
        return UINT16_MAX;
    }
    return virtqueue_room(&virtio->tx);
}

/* Bytes in front of the IP header: a frame may have a tag of IEEE 802.1Q. */
static uint32_t link_header_bytes(const struct leat_buf *frame)
{
    return ETHERNET_BYTES + (frame->data[12] == 0x81 && frame->data[13] == 0 ? TAG_BYTES : 0);
}

/* Makes the device complete the checksum of a frame that the stack left partial (5.1.6.2). */
static struct virtio_net_header header_of(const struct leat_buf *frame)
{
    const uint32_t link_bytes = link_header_bytes(frame);
    const uint8_t *ip = frame->data + link_bytes;
    struct virtio_net_header header = {0};
    uint16_t ip_bytes;
    uint8_t protocol;
    bool is_v6;

    if (frame->checksum != LEAT_CHECKSUM_PARTIAL || frame->len < link_bytes + IPV4_BYTES_MIN)
        return header;
    is_v6 = ip[0] >> 4 == 6; /* the stack sends no extension headers */
    ip_bytes = is_v6 ? (uint16_t)IPV6_BYTES : (uint16_t)((ip[0] & 15) * 4);
    protocol = ip[is_v6 ? IPV6_NEXT_AT : IPV4_PROTOCOL_AT];
    if (protocol == PROTOCOL_TCP)
        header.checksum_offset = TCP_CHECKSUM_AT;
    else if (protocol == PROTOCOL_UDP)
        header.checksum_offset = UDP_CHECKSUM_AT;
    else
        return header;
    header.flags = VIRTIO_NET_HEADER_NEEDS_CSUM;
    header.checksum_start = (uint16_t)(link_bytes + ip_bytes);
    if (frame->segment_bytes > 0) { /* the device cuts it: 5.1.6.2.1 */
        header.gso_type = is_v6 ? VIRTIO_NET_HEADER_TCPV6 : VIRTIO_NET_HEADER_TCPV4;
        header.gso_size = frame->segment_bytes;
        header.header_len = (uint16_t)frame->len; /* the payload lies in pieces of its own */
    }
    return header;
}

/* THE place where this backend copies: a frame of more pieces than a chain holds.  Takes @frame;
 * NULL: there is no buffer that holds it. */
static struct leat_buf *flatten(struct leat_virtio *virtio, struct leat_buf *frame)
{
    const uint32_t total = leat_buf_total(frame);
    struct leat_buf *flat = leat_buf_alloc(frame->pool, 0);
    uint8_t *at = flat ? leat_buf_put(flat, total) : 0;

    leat_debug_assert(frame->next != 0);
    if (at) {
        leat_buf_read(frame, 0, at, total);
        flat->checksum = frame->checksum;
        flat->segment_bytes = frame->segment_bytes;
        virtio->counters.tx_flattened++;
    } else {
        virtio->counters.tx_lost++;
        leat_buf_free(flat);
        flat = 0;
    }
    leat_buf_free(frame);
    return flat;
}

/* Lists the pieces of @frame behind its header; 0: there are too many. */
static unsigned list_pieces(const struct leat_buf *frame, struct virtqueue_piece *pieces)
{
    const struct leat_buf *buf = frame;
    unsigned count = 1;

    do {
        if (count == PIECES_MAX)
            return 0;
        if (buf->len > 0)
            pieces[count++] = (struct virtqueue_piece){buf->data, buf->len};
        buf = buf->next;
    } while (buf);
    return count;
}

static void send(struct leat_virtio *virtio, struct leat_buf *frame)
{
    struct virtqueue_piece pieces[PIECES_MAX];
    struct virtio_net_header *header;
    unsigned count = list_pieces(frame, pieces);

    if (virtqueue_room(&virtio->tx) == 0) { /* more frames than we allowed, or broken */
        virtio->counters.tx_lost++;
        leat_buf_free(frame);
        return;
    }
    if (count == 0) {
        frame = flatten(virtio, frame);
        if (!frame)
            return;
        count = list_pieces(frame, pieces);
    }
    /* The chain begins with this descriptor, so its header is free as long as the descriptor is. */
    header = &virtio->tx_headers[virtio->tx.first_free];
    leat_debug_assert(virtio->tx.first_free < virtio->tx.size);
    *header = header_of(frame);
    pieces[0] = (struct virtqueue_piece){header, sizeof *header};
    if (!virtqueue_add(&virtio->tx, pieces, count, VIRTQUEUE_TO_DEVICE, frame)) {
        virtio->counters.tx_lost++;
        leat_buf_free(frame);
    }
}

void virtio_net_transmit(struct leat_netif *netif, uint64_t now_ns, struct leat_buf **frames,
                         uint32_t frame_count)
{
    struct leat_virtio *virtio = virtio_of(netif);

    (void)now_ns;
    for (uint32_t i = 0; i < frame_count; i++) {
        if (virtio->lost) {
            virtio->counters.tx_lost++;
            leat_buf_free(frames[i]);
        } else {
            send(virtio, frames[i]);
        }
    }
    if (!virtio->lost && virtqueue_publish(&virtio->tx))
        virtio->device.transport->notify(&virtio->device, virtio_net_queue(virtio, VIRTIO_NET_TX));
}
