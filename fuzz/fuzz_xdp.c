/*
 * fuzz_xdp.c -- the backend over AF_XDP between a program and the kernel's side of the rings
 * (xdp_model.h). The indexes begin near to their wrap.
 *
 * The input is the received frames, also in several buffers, and those that Linux delivers by a
 * packet socket. It is also when the kernel takes buffers, sends and completes, in which order and
 * with which errors; the sent frames, in pieces that lie anywhere; and shortage of memory. Each
 * delivered frame is the one received, in order, and never a part of a long one. The kernel gets
 * the program's frames, which stay unchanged until it completes them. The counts of buffers agree
 * after each call, and every buffer comes back.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <leat/leat.h>

#include "core/pool.h"
#include "xdp_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    BUFFERS = 72,
    BUFFER_BYTES = 2048,
    SMALL = 8,
    VIEWS = 64,
    KEPT = 16,
    HELD = 96,
    LENT_BYTES = 3000,
    STEPS_MAX = 300
};

static struct {
    const uint8_t *input, *input_end;
    struct leat_pool pool;
    uint64_t now_ns;
    struct leat_buf *kept[KEPT]; /* frames that the program holds */
    uint32_t kept_count;
    struct leat_buf *held[HELD]; /* buffers that other users hold */
    uint32_t held_count;
    uint8_t lent[LENT_BYTES]; /* the program's own memory */
    uint32_t lent_count;      /* pieces of it in the backend */
    uint8_t memory[256 * 1024] __attribute__((aligned(4096)));
} world;

static uint8_t next8(void)
{
    return world.input < world.input_end ? *world.input++ : 0;
}

static uint32_t next16(void)
{
    const uint32_t low = next8();

    return low | (uint32_t)next8() << 8;
}

/* ---- in ----------------------------------------------------------------------------------- */

static void free_kept(void)
{
    while (world.kept_count > 0)
        leat_buf_free(world.kept[--world.kept_count]);
}

static uint32_t receive(uint32_t most)
{
    struct leat_netif *netif = &xdp_model.xdp.netif;
    struct leat_buf *frames[64];
    const uint32_t count = netif->ops->receive(netif, world.now_ns, &world.pool, frames, most);

    xdp_model_demand(count <= most, "more frames than were asked for");
    /* until the next call; a watched descriptor would report it, too */
    xdp_model.left = !xdp_model.xdp.lost && xdp_model.rx.producer != xdp_model.rx.consumer;
    for (uint32_t i = 0; i < count; i++) {
        xdp_model_judge(frames[i]);
        if (world.kept_count < KEPT)
            world.kept[world.kept_count++] = frames[i];
        else
            leat_buf_free(frames[i]);
    }
    return count;
}

/* ---- out ---------------------------------------------------------------------------------- */

static void on_release(void *arg)
{
    (void)arg;
    world.lent_count--;
}

/* A piece of @frame, @len bytes from @at on: in a pool buffer, in the program's memory, or in
 * both.
 */
static struct leat_buf *make_piece(const struct xdp_model_frame *frame, uint32_t at, uint32_t len,
                                   uint8_t where)
{
    struct leat_buf *piece = NULL;
    uint8_t *bytes;

    if (where & 1 && world.lent_count == 0) {
        for (uint32_t i = 0; i < len; i++)
            world.lent[i] = xdp_model_byte(frame, at + i);
        piece = leat_buf_lend(&world.pool, world.lent, len, on_release, NULL);
        world.lent_count += piece != NULL;
        return piece;
    }
    piece = leat_buf_alloc(&world.pool, where & 2 ? LEAT_BUF_HEADROOM : where);
    bytes = piece ? leat_buf_put(piece, len) : NULL;
    for (uint32_t i = 0; bytes && i < len; i++)
        bytes[i] = xdp_model_byte(frame, at + i);
    return piece;
}

/* Splits off the first bytes, as another view of the same buffer. */
static struct leat_buf *split(struct leat_buf *piece, uint32_t first)
{
    struct leat_buf *rest = leat_buf_slice(piece, first, piece->len - first);

    if (!rest)
        return piece;
    leat_buf_trim(piece, first);
    leat_buf_append(piece, rest);
    return piece;
}

/* A frame of @len bytes in several pieces; NULL: no memory. */
static struct leat_buf *make_frame(const struct xdp_model_frame *frame, uint8_t pieces)
{
    const uint32_t each = frame->len / (pieces + 1u) + 1;
    struct leat_buf *whole = NULL;

    for (uint32_t at = 0; at < frame->len; at += each) {
        const uint32_t len = frame->len - at < each ? frame->len - at : each;
        const uint8_t where = next8();
        struct leat_buf *piece = make_piece(frame, at, len, where);

        if (!piece) {
            leat_buf_free(whole);
            return NULL;
        }
        if (where & 128 && len > 1)
            piece = split(piece, 1 + where % (len - 1));
        if (whole)
            leat_buf_append(whole, piece);
        else
            whole = piece;
    }
    return whole;
}

/* Checks that a frame without room, or without a buffer for a copy, is refused and counted. */
static void transmit(uint8_t count)
{
    struct leat_netif *netif = &xdp_model.xdp.netif;
    const bool lost = xdp_model.xdp.lost;

    for (uint8_t i = 0; i <= count % 4; i++) {
        const uint64_t refused = xdp_model.xdp.counters.tx_refused;
        const struct xdp_model_frame frame =
            xdp_model_next_out(XDP_MODEL_FRAME_MIN + next16() % (XDP_MODEL_FRAME_MAX - 14));
        const bool room = netif->ops->transmit_room(netif) > 0;
        struct leat_buf *list = room ? make_frame(&frame, next8() % 24) : NULL;
        const bool spare = leat_pool_free_count(&world.pool) > 0;

        if (!list)
            return;
        xdp_model_goes(&frame);
        netif->ops->transmit(netif, world.now_ns, &list, 1);
        if (xdp_model.xdp.counters.tx_refused == refused)
            continue;
        xdp_model_demand(lost || xdp_model.xdp.lost || !spare, "a frame that had room is refused");
        xdp_model.out.count--;
        return;
    }
}

/* ---- the machine -------------------------------------------------------------------------- */

static void hold_all(uint32_t left)
{
    while (leat_pool_free_count(&world.pool) > left && world.held_count < HELD) {
        struct leat_buf *buf = leat_buf_alloc(&world.pool, 0);

        if (!buf)
            return;
        world.held[world.held_count++] = buf;
    }
}

static void free_held(void)
{
    while (world.held_count > 0)
        leat_buf_free(world.held[--world.held_count]);
}

static void set_flags(uint8_t what)
{
    xdp_model.fill.flags = what & 1 ? XDP_RING_NEED_WAKEUP : 0;
    xdp_model.tx.flags = what & 2 ? XDP_RING_NEED_WAKEUP : 0;
    xdp_model.xdp.busy_poll_ns = what & 4 ? 50000 : 0;
    xdp_model.each_kick = what >> 3;
}

static void fail_next(uint8_t what)
{
    static const int errors[] = {EAGAIN, EBUSY, ENOBUFS, ENETDOWN, EOPNOTSUPP, 0, 0, ENXIO};

    xdp_model.error = errors[what % 8];
    if (what == 255)
        xdp_model.ifindex = 2; /* the device is gone, and another one has its name */
}

static void machine_step(uint8_t what)
{
    switch (what % 8) {
    case 0:
        hold_all(next8() % 8);
        break;
    case 1:
        free_held();
        break;
    case 2:
        free_kept();
        break;
    case 3:
        set_flags(next8());
        break;
    case 4:
        fail_next(next8());
        break;
    case 5:
        world.now_ns += (uint64_t)1000 << next8() % 24;
        break;
    case 6:
        xdp_model_takes(next8() % 8u);
        break;
    default:
        xdp_model_demand(leat_xdp_counters(&xdp_model.xdp) != NULL, "counters");
        break;
    }
}

static void check_look(void)
{
    struct leat_netif *netif = &xdp_model.xdp.netif;
    const uint64_t look_ns = netif->ops->next_look_ns(netif, world.now_ns);

    xdp_model_demand(xdp_model.xdp.lost == (look_ns == LEAT_NEVER_NS), "when to look again");
    xdp_model_demand(xdp_model.xdp.lost || look_ns <= world.now_ns || !xdp_model.left,
                     "frames that wait unseen");
}

static void step(uint8_t what)
{
    uint8_t count;

    switch (what % 8) {
    case 0:
    case 1:
        xdp_model_comes(XDP_MODEL_FRAME_MIN + next16() % (XDP_MODEL_FRAME_MAX - 14),
                        what >= 224 ? 2 + what % 3u : 1);
        break;
    case 2:
        count = next8();
        xdp_model_comes_aside(XDP_MODEL_FRAME_MIN + next16() % (XDP_MODEL_ASIDE_MAX - 14),
                              count & 8 ? count : count & 1);
        break;
    case 3:
        receive(1 + next8() % 64u);
        break;
    case 4:
        transmit(next8());
        break;
    case 5:
        xdp_model_sends(next8() % 40u);
        break;
    case 6:
        count = next8();
        xdp_model_completes(count % 40u, count & 64 ? next8() : 0);
        break;
    default:
        machine_step(what / 8);
        break;
    }
    xdp_model_check();
    check_look();
}

/* ---- all of it ---------------------------------------------------------------------------- */

/* The kernel works without faults: all frames leave, and all received frames are delivered. */
static void end_well(void)
{
    free_held();
    free_kept();
    set_flags(3 | 31 << 3);
    xdp_model.error = 0;
    for (unsigned i = 0; i < 100 && !xdp_model.xdp.lost; i++) {
        const uint32_t count = receive(64);

        free_kept();
        xdp_model_completes(TX_PIECES, 0);
        if (count == 0 && xdp_model.xdp.sent_count == 0)
            break;
    }
    if (xdp_model.xdp.lost)
        return;
    xdp_model_demand(xdp_model.xdp.sent_count == 0 && xdp_model.out.count == 0, "a frame stays");
    xdp_model_demand(xdp_model.in.count == 0, "a frame isn't handed up");
    xdp_model_demand(xdp_model.xdp.counters.rx_long == xdp_model.long_frames, "long frames");
    xdp_model_demand(xdp_model.xdp.packet.lost == xdp_model.aside_passed + xdp_model.aside.count,
                     "frames that came aside and were lost");
}

/* Takes back buffers that the kernel has taken and not filled. */
static void close_all(void)
{
    leat_xdp_shut(&xdp_model.xdp.netif);
    xdp_model_demand(xdp_model.deleted, "the socket stays");
    for (uint32_t i = 0; i < xdp_model.taken_count; i++)
        leat_buf_free((struct leat_buf *)(void *)(world.memory + xdp_model.taken[i]) - 1);
    xdp_model_demand(world.lent_count == 0, "memory that was lent isn't given back");
    xdp_model_demand(pool_is_whole(&world.pool), "a buffer is lost");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {world.memory, world.memory + sizeof world.memory};
    uint8_t draw;
    bool well;

    world.input = data;
    world.input_end = data + size;
    world.now_ns = 1000000000;
    world.kept_count = world.held_count = world.lent_count = 0;
    world.pool = (struct leat_pool){0};
    xdp_model_demand(pool_init(&world.pool, &arena, BUFFERS, BUFFER_BYTES, SMALL, VIEWS), "a pool");
    draw = next8();
    well = draw & 1;
    xdp_model_open(0u - (draw >> 3), 4u << (draw >> 1 & 3), world.memory, sizeof world.memory);
    for (unsigned i = 0; i < STEPS_MAX && world.input < world.input_end; i++)
        step(next8());
    if (well)
        end_well();
    free_held();
    free_kept();
    xdp_model.xdp.packet.fd = -1; /* the packet socket's ring belongs to the model */
    close_all();
    return 0;
}
