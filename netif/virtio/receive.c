/*
 * receive.c -- frames from a virtio-net device.
 *
 * The device has buffers of the pool.  Each begins with the virtio-net header, which is pulled off;
 * in front of the frame that leaves the headroom for a reply.  With MRG_RXBUF a frame may fill
 * several buffers.  Without it, each entry is a chain long enough for the largest frame.
 */
#include "group.h"

#include <leat/assert.h>

enum {
    /* so that the IP header lies on a multiple of 4, and there is room for longer ones in front */
    RX_HEADROOM = LEAT_BUF_HEADROOM - 2 - VIRTIO_NET_HEADER_BYTES,
    ETHERNET_BYTES = 14,
    VLAN_BYTES = 4,
    PIECES_MAX = VIRTQUEUE_PIECES_MAX
};

/* @super: of a super-frame. */
static uint32_t frame_bytes_max(const struct leat_virtio *virtio, bool super)
{
    const uint32_t datagram = super ? UINT16_MAX : virtio->netif.mtu;

    return datagram + ETHERNET_BYTES + VLAN_BYTES;
}

/* One entry for the device: a buffer, or as many as the largest frame needs. */
static struct leat_buf *alloc_entry(const struct leat_virtio *virtio, struct leat_pool *pool)
{
    const bool merges = virtio->features & VIRTIO_NET_F_MRG_RXBUF;
    const bool super = virtio->features & VIRTIO_NET_GUEST_TSO;
    const uint32_t needed = merges ? 1 : frame_bytes_max(virtio, super) + VIRTIO_NET_HEADER_BYTES;
    struct leat_buf *entry = leat_buf_alloc(pool, RX_HEADROOM);
    uint32_t room = entry ? leat_buf_tailroom(entry) : 0;

    for (unsigned i = 1; entry && room < needed; i++) {
        struct leat_buf *buf = i < PIECES_MAX ? leat_buf_alloc(pool, 0) : 0;

        if (!buf) {
            leat_buf_free(entry);
            return 0;
        }
        room += leat_buf_tailroom(buf);
        leat_buf_append(entry, buf);
    }
    return entry;
}

/* Tells the device of new buffers, when it asked for that.  Without vhost QEMU 7.2 takes a frame
 * from a queue of the host, and delivers it to the queue that RSS chooses.  If that one has no
 * buffers, the host's queue stands still until the guest notifies the queue of the same number.  So
 * a device of several pairs is notified of new buffers at each. */
static void notify(struct leat_virtio *virtio)
{
    const struct virtio_group *group = virtio->group;

    for (unsigned i = 0; group && i < group->count; i++) {
        struct leat_virtio *pair = group->pairs[i];

        if (i != virtio->number)
            pair->device.transport->notify(&pair->device, virtio_net_queue(pair, VIRTIO_NET_RX));
    }
    virtio->device.transport->notify(&virtio->device, virtio_net_queue(virtio, VIRTIO_NET_RX));
}

/* Gives the device free buffers: at most half of the pool, the rest is for all other uses. */
static void refill(struct leat_virtio *virtio, struct leat_pool *pool)
{
    struct virtqueue *queue = &virtio->rx;

    while (queue->free_count > 0 && leat_pool_free_count(pool) > queue->in_flight) {
        struct virtqueue_piece pieces[PIECES_MAX];
        struct leat_buf *entry = alloc_entry(virtio, pool);
        unsigned count = 0;

        for (struct leat_buf *buf = entry; buf; buf = buf->next)
            pieces[count++] = (struct virtqueue_piece){buf->data, leat_buf_tailroom(buf)};
        if (!entry || !virtqueue_add(queue, pieces, count, VIRTQUEUE_FROM_DEVICE, entry)) {
            leat_buf_free(entry);
            break;
        }
    }
    /* A device with one buffer left goes on; without any, only a later refill wakes it. */
    virtio->starved = queue->in_flight == 0;
    if (virtio->starved)
        virtio->counters.rx_starved++;
    if (virtqueue_publish(queue))
        notify(virtio);
}

/* Sets the lengths of an entry into which the device has written @len bytes; frees unused buffers.
 */
static void fill(struct leat_buf *entry, uint32_t len)
{
    leat_debug_assert(len != UINT32_MAX);
    for (struct leat_buf *buf = entry; buf; buf = buf->next) {
        const uint32_t room = leat_buf_tailroom(buf);
        const uint32_t here = len < room ? len : room;

        leat_buf_put(buf, here);
        len -= here;
        if (len == 0) {
            leat_buf_free(buf->next);
            buf->next = 0;
        }
    }
}

/* The next entry that the device has used, filled; NULL: none.  @good: its length is possible. */
static struct leat_buf *take_entry(struct leat_virtio *virtio, bool *good)
{
    uint32_t len;
    struct leat_buf *entry = virtqueue_take(&virtio->rx, &len);

    if (!entry)
        return 0;
    *good = len > 0 && len != UINT32_MAX;
    fill(entry, *good ? len : 0);
    return entry;
}

/* Appends the other buffers of a merged frame (5.1.6.4); false: the device's count was wrong. */
static bool take_rest(struct leat_virtio *virtio, struct leat_buf *frame, uint16_t buffer_count)
{
    bool all_good = true;

    for (uint32_t i = 1; i < buffer_count; i++) {
        bool good;
        struct leat_buf *entry = take_entry(virtio, &good);

        if (!entry)
            return false;
        all_good &= good;
        leat_buf_append(frame, entry);
    }
    return all_good;
}

/* True if the frame is TCP, as far as its first piece shows. */
static bool is_tcp(const struct leat_buf *frame)
{
    enum {
        TYPE_AT = 12,
        PROTOCOL4_AT = 14 + 9,
        PROTOCOL6_AT = 14 + 6,
        PROTOCOL_TCP = 6
    };
    const uint8_t *at = frame->data;

    if (frame->len <= PROTOCOL4_AT)
        return false;
    if (at[TYPE_AT] == 0x08 && at[TYPE_AT + 1] == 0)
        return at[PROTOCOL4_AT] == PROTOCOL_TCP;
    return at[TYPE_AT] == 0x86 && at[TYPE_AT + 1] == 0xdd && at[PROTOCOL6_AT] == PROTOCOL_TCP;
}

/* The feature that frames of this type need; 0: none. */
static uint64_t feature_of(uint8_t gso_type)
{
    if (gso_type == VIRTIO_NET_HEADER_TCPV4)
        return VIRTIO_NET_F_GUEST_TSO4;
    return gso_type == VIRTIO_NET_HEADER_TCPV6 ? VIRTIO_NET_F_GUEST_TSO6 : 0;
}

/* Applies the device's header to the frame; false: it is impossible, or was not agreed on.  A
 * super-frame's type has no meaning for frames other than TCP. */
static bool read_header(const struct leat_virtio *virtio, const struct virtio_net_header *header,
                        struct leat_buf *frame, uint32_t len)
{
    const bool agreed = virtio->features & VIRTIO_NET_F_GUEST_CSUM;
    const bool partial = header->flags & VIRTIO_NET_HEADER_NEEDS_CSUM;
    const bool valid = header->flags & VIRTIO_NET_HEADER_DATA_VALID;
    const uint32_t field_end = (uint32_t)header->checksum_start + header->checksum_offset + 2u;
    const bool super = header->gso_type != 0;

    leat_debug_assert(leat_buf_total(frame) == len);
    if (partial && (!agreed || field_end > len))
        return false;
    /* 5.1.6.4: only with a checksum to complete, and with a size */
    if (super &&
        (!(virtio->features & feature_of(header->gso_type)) || !partial || !header->gso_size))
        return false;
    frame->segment_bytes = super && is_tcp(frame) ? header->gso_size : 0;
    /* partial: the frame was never on a wire, and its field holds only the pseudo-header's sum */
    frame->checksum = agreed && (partial || valid) ? LEAT_CHECKSUM_VERIFIED : LEAT_CHECKSUM_UNKNOWN;
    return true;
}

/* Makes a frame of the buffers that the device has written; NULL: it was dropped, and counted. */
static struct leat_buf *take_frame(struct leat_virtio *virtio, struct leat_buf *frame, bool good)
{
    const bool merges = virtio->features & VIRTIO_NET_F_MRG_RXBUF;
    const struct virtio_net_header *at =
        good ? (const void *)leat_buf_pull(frame, VIRTIO_NET_HEADER_BYTES) : 0;
    struct virtio_net_header header = {0};
    uint32_t len;

    /* A copy, because the device may still write where the header lies. */
    if (at)
        header = *at;
    if (at && merges)
        good = take_rest(virtio, frame, header.buffer_count);
    len = leat_buf_total(frame);
    if (!at || !good || len < ETHERNET_BYTES ||
        len > frame_bytes_max(virtio, header.gso_type != 0)) {
        virtio->counters.rx_length++;
        goto dropped;
    }
    if ((merges && header.buffer_count == 0) || !read_header(virtio, &header, frame, len)) {
        virtio->counters.rx_header++;
        goto dropped;
    }
    return frame;
dropped:
    leat_buf_free(frame);
    return 0;
}

uint32_t virtio_net_receive(struct leat_netif *netif, uint64_t now_ns, struct leat_pool *pool,
                            struct leat_buf **frames, uint32_t frames_max)
{
    struct leat_virtio *virtio = virtio_of(netif);
    uint32_t count = 0, looks = 0;
    struct leat_buf *entry = 0;
    bool good;

    virtio_net_look(virtio, now_ns);
    if (virtio->lost)
        return 0;
    virtqueue_disarm(&virtio->rx);
    virtio_net_collect(virtio);
    /* dropped frames count, too, so that the loop is bounded */
    for (; looks < frames_max && (entry = take_entry(virtio, &good)); looks++) {
        struct leat_buf *frame = take_frame(virtio, entry, good);

        if (frame)
            frames[count++] = frame;
    }
    virtio->more = looks == frames_max;
    if (virtio->rx.broken || virtio->tx.broken) {
        virtio_net_fail(virtio);
        return count;
    }
    refill(virtio, pool);
    return count;
}
