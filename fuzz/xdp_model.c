/* xdp_model.c -- the kernel's side of AF_XDP, in memory. */
#include "xdp_model.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#ifndef XDP_PKT_CONTD /* Linux 6.6 */
#define XDP_PKT_CONTD (1 << 0)
#endif

enum {
    MAC_AT = 66, /* offset of the frame in a packet socket's ring, after its header */
    NUMBER_BYTES = 4,
    FD = 1000 /* not open */
};

struct xdp_model xdp_model;
static uint8_t aside_ring[XDP_MODEL_ASIDE_PLACES * XDP_MODEL_ASIDE_BYTES]
    __attribute__((aligned(16)));

void xdp_model_demand(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "fuzz_xdp: %s\n", what);
    abort();
}

/* ---- system calls ------------------------------------------------------------------------- */

ssize_t __wrap_sendto(int fd, const void *bytes, size_t len, int flags, const void *to,
                      socklen_t to_bytes);
ssize_t __wrap_recvfrom(int fd, void *bytes, size_t len, int flags, void *from,
                        socklen_t *from_bytes);
int __wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *bytes);
unsigned __wrap_if_nametoindex(const char *name);
void __wrap_xsk_socket__delete(struct xsk_socket *socket);

ssize_t __wrap_sendto(int fd, const void *bytes, size_t len, int flags, const void *to,
                      socklen_t to_bytes)
{
    const int error = xdp_model.error;

    (void)bytes;
    (void)to;
    xdp_model_demand(fd == FD && len == 0 && flags == MSG_DONTWAIT && to_bytes == 0, "a kick");
    xdp_model_sends(xdp_model.each_kick);
    if (error == EAGAIN) /* some are sent, and the rest needs another call */
        xdp_model.error = 0;
    errno = error;
    return error ? -1 : 0;
}

ssize_t __wrap_recvfrom(int fd, void *bytes, size_t len, int flags, void *from,
                        socklen_t *from_bytes)
{
    (void)bytes;
    (void)from;
    (void)from_bytes;
    xdp_model_demand(fd == FD && len == 0 && flags == MSG_DONTWAIT, "a wakeup");
    xdp_model_takes(1);
    return 0;
}

int __wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *bytes)
{
    (void)level;
    (void)name;
    xdp_model_demand(fd == FD || fd == FD + 1, "a socket");
    memset(value, 0, *bytes);
    return 0;
}

unsigned __wrap_if_nametoindex(const char *name)
{
    (void)name;
    return xdp_model.ifindex;
}

void __wrap_xsk_socket__delete(struct xsk_socket *socket)
{
    (void)socket;
    xdp_model.deleted = true;
}

/* ---- identification of frames --------------------------------------------------------------- */

uint8_t xdp_model_byte(const struct xdp_model_frame *frame, uint32_t at)
{
    if (at < NUMBER_BYTES)
        return (uint8_t)(frame->number >> 8 * at);
    return (uint8_t)(frame->number * 29 + at * 7 + (at >> 8));
}

static void write_bytes(uint8_t *to, const struct xdp_model_frame *frame, uint32_t from,
                        uint32_t len)
{
    for (uint32_t i = 0; i < len; i++)
        to[i] = xdp_model_byte(frame, from + i);
}

static void push(struct xdp_model_queue *queue, struct xdp_model_frame frame)
{
    xdp_model_demand(queue->count < XDP_MODEL_WAITING, "the model's queue is full");
    queue->frames[(queue->first + queue->count++) % XDP_MODEL_WAITING] = frame;
}

static struct xdp_model_frame *front(struct xdp_model_queue *queue)
{
    return &queue->frames[queue->first % XDP_MODEL_WAITING];
}

static void pop(struct xdp_model_queue *queue)
{
    queue->first++;
    queue->count--;
}

/* ---- in ----------------------------------------------------------------------------------- */

static uint32_t ring_size(void)
{
    return 2 * xdp_model.xdp.rx_buffers;
}

static uint32_t in_fill(void)
{
    return xdp_model.fill.producer - xdp_model.fill.consumer;
}

static uint64_t take_buffer(void)
{
    if (xdp_model.taken_count > 0)
        return xdp_model.taken[--xdp_model.taken_count];
    return xdp_model.fill.addresses[xdp_model.fill.consumer++ % ring_size()];
}

void xdp_model_takes(uint32_t count)
{
    for (; count > 0 && in_fill() > 0; count--) {
        const uint64_t address = xdp_model.fill.addresses[xdp_model.fill.consumer++ % ring_size()];

        xdp_model.taken[xdp_model.taken_count++] = address;
    }
}

bool xdp_model_comes(uint32_t len, uint32_t parts)
{
    const struct xdp_model_frame frame = {.number = xdp_model.numbers++, .len = len};
    struct xdp_shared *rx = &xdp_model.rx;
    uint32_t at = 0;

    if (in_fill() + xdp_model.taken_count < parts ||
        ring_size() - (rx->producer - rx->consumer) < parts)
        return false; /* all parts are dropped, and counted by the kernel */
    for (uint32_t i = 0; i < parts; i++) {
        const uint64_t address = take_buffer();

        write_bytes(xdp_model.xdp.memory + address + RX_HEADROOM, &frame, at, len);
        at += len;
        rx->frames[rx->producer++ % ring_size()] = (struct xdp_desc){
            .addr = address | (uint64_t)RX_HEADROOM << XSK_UNALIGNED_BUF_OFFSET_SHIFT,
            .len = len,
            .options = i + 1 < parts ? XDP_PKT_CONTD : 0};
    }
    if (parts == 1)
        push(&xdp_model.in, frame);
    xdp_model.long_frames += parts > 1;
    return true;
}

void xdp_model_comes_aside(uint32_t len, uint8_t how)
{
    const struct xdp_model_frame frame = {
        .number = xdp_model.numbers, .len = len, .unsummed = how & 1};
    uint8_t *place = aside_ring + (size_t)xdp_model.aside_next * XDP_MODEL_ASIDE_BYTES;
    struct tpacket2_hdr *header = (void *)place;
    const bool tagged = how & 2, cut = how & 4;

    if (header->tp_status != TP_STATUS_KERNEL)
        return; /* the ring is full */
    *header = (struct tpacket2_hdr){.tp_len = len + cut,
                                    .tp_snaplen = len,
                                    .tp_mac = MAC_AT,
                                    .tp_vlan_tci = tagged ? 7 : 0,
                                    .tp_status = TP_STATUS_USER};
    if (frame.unsummed)
        header->tp_status |= TP_STATUS_CSUMNOTREADY;
    if (tagged)
        header->tp_status |= TP_STATUS_VLAN_VALID;
    write_bytes(place + MAC_AT, &frame, 0, len);
    xdp_model.aside_next = (xdp_model.aside_next + 1) % XDP_MODEL_ASIDE_PLACES;
    xdp_model.numbers++;
    /* a frame that must not be delivered gets an impossible length */
    push(&xdp_model.aside,
         tagged || cut ? (struct xdp_model_frame){frame.number, 0, false} : frame);
}

static void judge_bytes(const struct leat_buf *frame, const struct xdp_model_frame *wanted)
{
    xdp_model_demand(leat_buf_total(frame) == wanted->len, "the length of a frame");
    for (uint32_t i = 0; i < wanted->len; i++)
        xdp_model_demand(frame->data[i] == xdp_model_byte(wanted, i), "the bytes of a frame");
    xdp_model_demand(frame->checksum ==
                         (wanted->unsummed ? LEAT_CHECKSUM_VERIFIED : LEAT_CHECKSUM_UNKNOWN),
                     "the mark of a frame");
}

void xdp_model_judge(const struct leat_buf *frame)
{
    struct xdp_model_queue *aside = &xdp_model.aside;
    uint32_t number = 0;

    xdp_model_demand(frame->len >= NUMBER_BYTES && !frame->next, "a frame in one piece");
    for (unsigned i = NUMBER_BYTES; i > 0; i--)
        number = number << 8 | frame->data[i - 1];
    if (xdp_model.in.count > 0 && front(&xdp_model.in)->number == number) {
        judge_bytes(frame, front(&xdp_model.in));
        pop(&xdp_model.in);
        return;
    }
    for (; aside->count > 0 && front(aside)->number != number; xdp_model.aside_passed++)
        pop(aside);
    xdp_model_demand(aside->count > 0, "a frame that was not sent, or in another order");
    judge_bytes(frame, front(aside));
    pop(aside);
}

/* ---- out ---------------------------------------------------------------------------------- */

struct xdp_model_frame xdp_model_next_out(uint32_t len)
{
    return (struct xdp_model_frame){.number = xdp_model.numbers++, .len = len};
}

void xdp_model_goes(const struct xdp_model_frame *frame)
{
    push(&xdp_model.out, *frame);
}

/* Checks that a piece has the next bytes of the oldest frame in the backend. */
static void judge_piece(const struct xdp_desc *piece)
{
    const struct xdp_model_frame *frame = front(&xdp_model.out);
    const uint8_t *bytes = xdp_model.xdp.memory + piece->addr;
    const uint32_t end = xdp_model.out_at + piece->len;

    xdp_model_demand(xdp_model.out.count > 0, "a piece of no frame");
    xdp_model_demand(piece->addr + piece->len <= xdp_model.xdp.memory_bytes && piece->len > 0,
                     "a piece outside of the memory");
    xdp_model_demand(end <= frame->len, "a piece too long");
    xdp_model_demand((end < frame->len) == ((piece->options & XDP_PKT_CONTD) != 0),
                     "the end of a frame");
    for (uint32_t i = 0; i < piece->len; i++)
        xdp_model_demand(bytes[i] == xdp_model_byte(frame, xdp_model.out_at + i),
                         "the bytes of a piece");
    xdp_model.out_at = end;
    if (end < frame->len)
        return;
    xdp_model.out_at = 0;
    pop(&xdp_model.out);
}

void xdp_model_sends(uint32_t count)
{
    struct xdp_shared *tx = &xdp_model.tx;

    for (; count > 0 && tx->consumer != tx->producer && xdp_model.held_count < TX_PIECES; count--) {
        const struct xdp_desc piece = tx->frames[tx->consumer++ % TX_PIECES];

        judge_piece(&piece);
        xdp_model.held[xdp_model.held_count++] = piece;
    }
}

void xdp_model_completes(uint32_t count, uint8_t from)
{
    struct xdp_shared *done = &xdp_model.done;

    for (; count > 0 && xdp_model.held_count > 0; count--) {
        const uint32_t i = from % xdp_model.held_count;

        if (done->producer - done->consumer == TX_PIECES)
            return;
        done->addresses[done->producer++ % TX_PIECES] = xdp_model.held[i].addr;
        xdp_model.held_count--;
        memmove(&xdp_model.held[i], &xdp_model.held[i + 1],
                (xdp_model.held_count - i) * sizeof xdp_model.held[0]);
    }
}

/* ---- all of it ---------------------------------------------------------------------------- */

static void open_ring(struct xdp_shared *shared, uint32_t start)
{
    shared->producer = shared->consumer = start;
    shared->flags = XDP_RING_NEED_WAKEUP;
}

/* Initial state of the rings in libxdp: a ring that is filled is all free, a ring that is
 * emptied has no entry. */
static struct xsk_ring_prod filled(struct xdp_shared *shared, uint32_t size, void *cells)
{
    return (struct xsk_ring_prod){.cached_prod = shared->producer,
                                  .cached_cons = shared->consumer + size,
                                  .mask = size - 1,
                                  .size = size,
                                  .producer = &shared->producer,
                                  .consumer = &shared->consumer,
                                  .ring = cells,
                                  .flags = &shared->flags};
}

static struct xsk_ring_cons emptied(struct xdp_shared *shared, uint32_t size, void *cells)
{
    return (struct xsk_ring_cons){.cached_prod = shared->producer,
                                  .cached_cons = shared->consumer,
                                  .mask = size - 1,
                                  .size = size,
                                  .producer = &shared->producer,
                                  .consumer = &shared->consumer,
                                  .ring = cells,
                                  .flags = &shared->flags};
}

static void clear_aside(void)
{
    for (uint32_t i = 0; i < XDP_MODEL_ASIDE_PLACES; i++) {
        struct tpacket2_hdr *header = (void *)(aside_ring + (size_t)i * XDP_MODEL_ASIDE_BYTES);

        header->tp_status = TP_STATUS_KERNEL;
    }
}

void xdp_model_open(uint32_t start, uint32_t rx_buffers, void *memory, size_t bytes)
{
    struct xdp_model *m = &xdp_model;
    static int socket; /* an opaque object of libxdp */

    m->taken_count = m->held_count = m->numbers = m->out_at = m->long_frames = 0;
    m->aside_next = m->aside_passed = 0;
    m->in.first = m->in.count = m->aside.first = m->aside.count = m->out.first = m->out.count = 0;
    m->error = 0;
    m->each_kick = 32;
    m->ifindex = 1;
    m->left = m->deleted = false;
    open_ring(&m->fill, start);
    open_ring(&m->rx, start);
    open_ring(&m->tx, start);
    open_ring(&m->done, start);
    clear_aside();
    m->xdp = (struct leat_xdp){
        .netif = {.ops = &leat_xdp_ops, .name = "model", .mtu = 1500},
        .socket = (void *)&socket,
        .fill = filled(&m->fill, 2 * rx_buffers, m->fill.addresses),
        .tx = filled(&m->tx, TX_PIECES, m->tx.frames),
        .rx = emptied(&m->rx, 2 * rx_buffers, m->rx.frames),
        .done = emptied(&m->done, TX_PIECES, m->done.addresses),
        .filter = XDP_NO_FILTER,
        .packet = {.fd = FD + 1, .ring = aside_ring, .frame_bytes = XDP_MODEL_ASIDE_BYTES},
        .memory = memory,
        .memory_bytes = bytes,
        .fd = FD,
        .rx_buffers = rx_buffers,
        .ifindex = 1};
}

void xdp_model_check(void)
{
    const struct leat_xdp *xdp = &xdp_model.xdp;

    xdp_model_demand(xdp->filled == in_fill() + xdp_model.taken_count +
                                        (xdp_model.rx.producer - xdp_model.rx.consumer),
                     "the count of buffers that the device has");
    xdp_model_demand(xdp->filled <= xdp->rx_buffers, "more buffers in the device than it may have");
    xdp_model_demand(xdp->counters.rx_long <= xdp_model.long_frames, "frames too long");
    xdp_model_demand(xdp->sent_count == (xdp_model.tx.producer - xdp_model.tx.consumer) +
                                            xdp_model.held_count +
                                            (xdp_model.done.producer - xdp_model.done.consumer),
                     "the count of pieces that the kernel has");
}
