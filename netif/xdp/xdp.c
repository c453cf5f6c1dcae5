/*
 * xdp.c -- AF_XDP: frames to and from a queue of a network device, in the pool itself.
 *
 * Four rings are shared with the kernel.  Empty buffers of the pool go out through `fill`, and come
 * back full through `rx`.  Frames go out through `tx`, and their buffers come back through `done`.
 * An address in a ring counts from the beginning of the stack's memory, which is the UMEM.
 */
#include "inside.h"

#include <leat/assert.h>

#include <errno.h>
#include <sys/socket.h>

/* Linux 6.6; Debian 12's headers don't know it yet. */
#ifndef XDP_PKT_CONTD
#define XDP_PKT_CONTD (1 << 0)
#endif

enum {
    KICKS_MAX = 32,             /* system calls in a row: each sends some 32 frames */
    LOOK_NS = 100000,           /* until a full ring has room, or an empty pool a buffer */
    DEVICE_LOOK_NS = 1000000000 /* whether the device is still there */
};

static struct leat_xdp *xdp_of(struct leat_netif *netif)
{
    return (struct leat_xdp *)netif; /* its first member */
}

static void set_lost(struct leat_xdp *xdp)
{
    xdp->lost = true;
    leat_xdp_unwatch(xdp); /* they would be ready for ever */
}

void leat_xdp_unwatch(struct leat_xdp *xdp)
{
    if (!xdp->posix)
        return;
    leat_posix_unwatch(xdp->posix, xdp->fd);
    if (xdp->packet.fd >= 0)
        leat_posix_unwatch(xdp->posix, xdp->packet.fd);
}

/* Reads up to @most entries of @ring, from place *@at on.  libxdp reads the kernel's index again
 * only when all entries that it saw the last time are used.  So a single look may show a part. */
static uint32_t peek_all(struct xsk_ring_cons *ring, uint32_t most, uint32_t *at)
{
    const uint32_t seen = xsk_ring_cons__peek(ring, most, at);
    uint32_t behind = 0, more;

    if (seen == most)
        return seen;
    more = xsk_ring_cons__peek(ring, most - seen, &behind);
    if (seen == 0)
        *at = behind;
    return seen + more;
}

/* ---- in ----------------------------------------------------------------------------------- */

/* The buffer whose storage begins at @address: its descriptor lies in front. */
static struct leat_buf *buf_at(const struct leat_xdp *xdp, uint64_t address)
{
    return (struct leat_buf *)(void *)(xdp->memory + address) - 1;
}

/* Gives the device buffers until @rx_buffers of ours wait there, or the pool is empty. */
static void refill(struct leat_xdp *xdp, struct leat_pool *pool)
{
    uint32_t wanted = xdp->rx_buffers - xdp->filled, count = 0, at;

    if (wanted == 0 || xsk_prod_nb_free(&xdp->fill, wanted) < wanted)
        return;
    at = xdp->fill.cached_prod;
    for (; count < wanted; count++) {
        struct leat_buf *buf = leat_buf_alloc(pool, 0);

        if (!buf)
            break;
        *xsk_ring_prod__fill_addr(&xdp->fill, at + count) = (uint64_t)(buf->start - xdp->memory);
    }
    xdp->fill.cached_prod += count;
    xdp->filled += count;
    xsk_ring_prod__submit(&xdp->fill, count);
    xdp->counters.rx_starved += count < wanted;
    xdp->starved = xdp->filled == 0;
    if (count > 0 && xsk_ring_prod__needs_wakeup(&xdp->fill)) {
        xdp->counters.kicks++;
        recvfrom(xdp->fd, NULL, 0, MSG_DONTWAIT, NULL, NULL);
    }
}

/* The frame that @desc names, in the buffer that went through fill. */
static struct leat_buf *take_frame(const struct leat_xdp *xdp, const struct xdp_desc *desc)
{
    const uint32_t offset = (uint32_t)xsk_umem__extract_offset(desc->addr);
    struct leat_buf *frame = buf_at(xdp, xsk_umem__extract_addr(desc->addr));

    leat_buf_put(frame, offset + desc->len);
    leat_buf_pull(frame, offset);
    return frame;
}

/* The socket of a removed device is never ready again, so the device is polled now and then. */
static void look_at_device(struct leat_xdp *xdp, uint64_t now_ns)
{
    if (now_ns - xdp->looked_ns < DEVICE_LOOK_NS)
        return;
    xdp->looked_ns = now_ns;
    leat_xdp_packet_look(&xdp->packet);
    if (if_nametoindex(xdp->device) != xdp->ifindex)
        set_lost(xdp);
}

/* A frame in several buffers is longer than one, and so than our MTU: it is dropped.  (Sockets that
 * send such frames also receive them.)  Its further buffers may look like frames of their own, with
 * contents chosen by an attacker. */
static bool is_part(struct leat_xdp *xdp, const struct xdp_desc *desc)
{
    const bool began = xdp->goes_on;

    xdp->goes_on = desc->options & XDP_PKT_CONTD;
    xdp->counters.rx_long += began && !xdp->goes_on;
    return began || xdp->goes_on;
}

static uint32_t receive_frames(struct leat_xdp *xdp, struct leat_buf **frames, uint32_t frames_max)
{
    uint32_t at, got, count = 0;

    got = peek_all(&xdp->rx, frames_max, &at);
    leat_assert(got <= frames_max);
    for (uint32_t i = 0; i < got; i++) {
        const struct xdp_desc *desc = xsk_ring_cons__rx_desc(&xdp->rx, at + i);
        struct leat_buf *frame = take_frame(xdp, desc);

        if (is_part(xdp, desc))
            leat_buf_free(frame);
        else
            frames[count++] = frame;
    }
    xsk_ring_cons__release(&xdp->rx, got);
    xdp->filled -= got;
    xdp->more = got == frames_max;
    return count;
}

/* Frames that the kernel has not looked at yet. */
static bool has_unsent(const struct leat_xdp *xdp)
{
    return __atomic_load_n(xdp->tx.consumer, __ATOMIC_ACQUIRE) !=
           __atomic_load_n(xdp->tx.producer, __ATOMIC_RELAXED);
}

/* Makes the kernel send; while it copies it takes some frames per call.  It leaves frames if its
 * memory for this socket is in use, or the device dropped a frame or is down; the next look sends
 * those. */
static void kick(struct leat_xdp *xdp)
{
    for (unsigned kicks = 0; kicks < KICKS_MAX && xsk_ring_prod__needs_wakeup(&xdp->tx); kicks++) {
        xdp->counters.kicks++;
        xdp->down = false;
        if (sendto(xdp->fd, NULL, 0, MSG_DONTWAIT, NULL, 0) >= 0)
            return;
        if (errno == ENXIO) {
            set_lost(xdp);
            return;
        }
        xdp->down = errno == ENETDOWN;
        if (errno != EAGAIN && errno != EBUSY && errno != ENOBUFS)
            return;
    }
}

static void reap(struct leat_xdp *xdp);

static uint32_t xdp_receive(struct leat_netif *netif, uint64_t now_ns, struct leat_pool *pool,
                            struct leat_buf **frames, uint32_t frames_max)
{
    struct leat_xdp *xdp = xdp_of(netif);
    uint32_t count;

    if (xdp->fd < 0 || xdp->lost)
        return 0;
    if (has_unsent(xdp))
        kick(xdp);
    reap(xdp);
    if (now_ns < xdp->busy_until_ns) { /* this call polls the device */
        xdp->counters.kicks++;
        recvfrom(xdp->fd, NULL, 0, MSG_DONTWAIT, NULL, NULL);
    }
    count = leat_xdp_packet_receive(&xdp->packet, pool, frames, frames_max);
    count += receive_frames(xdp, frames + count, frames_max - count);
    refill(xdp, pool);
    if (count == 0)
        look_at_device(xdp, now_ns);
    else
        xdp->busy_until_ns = now_ns + xdp->busy_poll_ns;
    return count;
}

/* ---- out ---------------------------------------------------------------------------------- */

/* Frees a buffer that the kernel has sent.  It gives the address, mostly of the oldest frame. */
static void reap_one(struct leat_xdp *xdp, uint64_t address)
{
    const uint8_t *data = xdp->memory + xsk_umem__add_offset_to_addr(address);
    uint32_t place = xdp->sent_first % TX_PIECES;

    for (uint32_t i = 0; i < xdp->sent_count; i++) {
        const uint32_t here = (xdp->sent_first + i) % TX_PIECES;

        if (xdp->sent[here]->data != data)
            continue;
        leat_buf_free(xdp->sent[here]);
        xdp->sent[here] = xdp->sent[place];
        xdp->sent_first++;
        xdp->sent_count--;
        return;
    }
}

static void reap(struct leat_xdp *xdp)
{
    uint32_t at, count;

    if (xdp->sent_count == 0)
        return;
    count = peek_all(&xdp->done, TX_PIECES, &at);
    for (uint32_t i = 0; i < count; i++)
        reap_one(xdp, *xsk_ring_cons__comp_addr(&xdp->done, at + i));
    xsk_ring_cons__release(&xdp->done, count);
}

static uint32_t xdp_transmit_room(struct leat_netif *netif)
{
    struct leat_xdp *xdp = xdp_of(netif);

    if (xdp->fd < 0 || xdp->lost)
        return TX_PIECES; /* they are dropped, and counted */
    if (xdp->sent_count > TX_PIECES / 2)
        reap(xdp);
    return (TX_PIECES - xdp->sent_count) / XDP_PIECES_MAX;
}

static bool is_in_memory(const struct leat_xdp *xdp, const struct leat_buf *piece)
{
    return piece->data >= xdp->memory &&
           piece->data + piece->len <= xdp->memory + xdp->memory_bytes;
}

static uint32_t count_pieces(const struct leat_buf *frame)
{
    uint32_t count = 0;

    for (; frame; frame = frame->next)
        count++;
    return count;
}

/* THE place where this backend copies: memory that the program lent lies outside of the UMEM, and
 * the kernel takes only so many pieces.  Takes @frame; NULL: there is no buffer. */
static struct leat_buf *copy_into_pool(struct leat_xdp *xdp, struct leat_buf *frame)
{
    const uint32_t len = leat_buf_total(frame);
    struct leat_buf *whole = leat_buf_alloc(frame->pool, 0);
    uint8_t *at = whole ? leat_buf_put(whole, len) : NULL;

    if (at) {
        leat_buf_read(frame, 0, at, len);
        xdp->counters.tx_copied += len;
    } else {
        leat_buf_free(whole);
        whole = NULL;
    }
    leat_buf_free(frame);
    return whole;
}

/* The frame in pieces that the kernel takes.  Takes @frame; NULL: it is lost. */
static struct leat_buf *prepare(struct leat_xdp *xdp, struct leat_buf *frame)
{
    bool fits = count_pieces(frame) <= XDP_PIECES_MAX;

    for (const struct leat_buf *piece = frame; piece && fits; piece = piece->next)
        fits = is_in_memory(xdp, piece);
    return fits ? frame : copy_into_pool(xdp, frame);
}

/* From here on the pieces are independent: the kernel returns each by itself. */
static bool queue_frame(struct leat_xdp *xdp, struct leat_buf *frame)
{
    const uint32_t count = count_pieces(frame);
    uint32_t at;

    if (TX_PIECES - xdp->sent_count < count || xsk_ring_prod__reserve(&xdp->tx, count, &at) == 0)
        return false;
    while (frame) {
        struct leat_buf *next = frame->next;

        *xsk_ring_prod__tx_desc(&xdp->tx, at++) =
            (struct xdp_desc){.addr = (uint64_t)(frame->data - xdp->memory),
                              .len = frame->len,
                              .options = next ? XDP_PKT_CONTD : 0};
        frame->next = NULL;
        xdp->sent[(xdp->sent_first + xdp->sent_count++) % TX_PIECES] = frame;
        frame = next;
    }
    xsk_ring_prod__submit(&xdp->tx, count);
    return true;
}

static void xdp_transmit(struct leat_netif *netif, uint64_t now_ns, struct leat_buf **frames,
                         uint32_t frame_count)
{
    struct leat_xdp *xdp = xdp_of(netif);
    const bool open = xdp->fd >= 0 && !xdp->lost;

    xdp->busy_until_ns = now_ns + xdp->busy_poll_ns; /* an answer may come soon */
    for (uint32_t i = 0; i < frame_count; i++) {
        struct leat_buf *frame = open ? prepare(xdp, frames[i]) : frames[i];

        if (open && frame && queue_frame(xdp, frame))
            continue;
        xdp->counters.tx_refused++;
        leat_buf_free(frame);
    }
    if (!open)
        return;
    kick(xdp);
    reap(xdp);
}

/* ---- the rest of the table ---------------------------------------------------------------- */

static uint64_t xdp_next_look_ns(struct leat_netif *netif, uint64_t now_ns)
{
    const struct leat_xdp *xdp = xdp_of(netif);

    if (xdp->fd < 0 || xdp->lost)
        return LEAT_NEVER_NS;
    if (xdp->more || now_ns < xdp->busy_until_ns)
        return now_ns;
    return !xdp->down &&
                   (xdp->starved || has_unsent(xdp) || xdp->sent_count > TX_PIECES - XDP_PIECES_MAX)
               ? now_ns + LOOK_NS
               : xdp->looked_ns + DEVICE_LOOK_NS;
}

/* Takes back the buffers that the kernel still holds.  It releases all when the socket is deleted,
 * so they are found by the contents of the rings. */
static void take_back(struct leat_xdp *xdp)
{
    const struct xdp_desc *desc;
    uint32_t at, count;

    reap(xdp);
    for (uint32_t i = 0; i < xdp->sent_count; i++)
        leat_buf_free(xdp->sent[(xdp->sent_first + i) % TX_PIECES]);
    xdp->sent_count = 0;
    count = peek_all(&xdp->rx, UINT32_MAX, &at);
    for (uint32_t i = 0; i < count; i++) {
        desc = xsk_ring_cons__rx_desc(&xdp->rx, at + i);
        leat_buf_free(buf_at(xdp, xsk_umem__extract_addr(desc->addr)));
    }
    /* fill: buffers that the kernel has not taken.  One that it has taken and not filled stays
     * lost, with the memory, which the stack gives up as well */
    for (at = __atomic_load_n(xdp->fill.consumer, __ATOMIC_ACQUIRE);
         at != __atomic_load_n(xdp->fill.producer, __ATOMIC_RELAXED); at++)
        leat_buf_free(buf_at(xdp, *xsk_ring_prod__fill_addr(&xdp->fill, at)));
}

void leat_xdp_shut(struct leat_netif *netif)
{
    struct leat_xdp *xdp = xdp_of(netif);

    if (xdp->fd >= 0 && !xdp->lost)
        leat_xdp_unwatch(xdp);
    xdp->fd = -1;
    leat_xdp_packet_close(&xdp->packet);
    if (xdp->socket) {
        take_back(xdp);
        xsk_socket__delete(xdp->socket);
    }
    xdp->socket = NULL;
    if (xdp->umem)
        xsk_umem__delete(xdp->umem);
    xdp->umem = NULL;
    leat_xdp_filter_close(&xdp->filter);
}

const struct leat_netif_ops leat_xdp_ops = {.receive = xdp_receive,
                                            .transmit_room = xdp_transmit_room,
                                            .transmit = xdp_transmit,
                                            .next_look_ns = xdp_next_look_ns,
                                            .close = leat_xdp_shut};
