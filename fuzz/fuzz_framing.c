/*
 * fuzz_framing.c -- frames from a byte stream, compared with a model that has the whole stream.
 *
 * The input is the peer and the machine: writes with legal and illegal lengths, sizes of reads,
 * shortage of memory, frames that are given up, and new peers. Each frame has the bytes that were
 * sent, also when it is checked later; other data is counted; every buffer comes back.
 */
#include <stdlib.h>
#include <string.h>

#include <leat/leat.h>

#include "core/pool.h"
#include "framing.h"

enum {
    STREAM_MAX = 1 << 17,
    BUFFERS = 96,
    BUFFER_BYTES = 512,
    SMALL = 8,
    VIEWS = 32,
    HEADROOM = 126,
    HEAD_BYTES = 134, /* headers are contiguous in the first piece */
    KEPT_MAX = 16,
    STEPS_MAX = 400
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A frame that the program holds. */
struct kept {
    struct leat_buf *frame;
    uint32_t at; /* its offset in the stream */
};

static struct {
    const uint8_t *input, *input_end;
    struct leat_pool pool;
    struct framing framing;
    struct leat_socket_counters counters;
    struct leat_socket_counters expected; /* rx_short, rx_long and rx_dropped */
    uint32_t frame_max;
    bool marked;      /* both ends use marked frames */
    uint32_t written; /* bytes that the peer has written */
    uint32_t read;    /* bytes that the framing has read */
    uint32_t next;    /* offset of the next length; possibly beyond the written bytes */
    bool broken;
    struct leat_buf *held; /* buffers of any kind that other users hold */
    struct kept kept[KEPT_MAX];
    uint32_t kept_count;
    uint8_t stream[STREAM_MAX];
    uint64_t memory[160 * 1024 / 8];
} world;

static void demand(bool condition)
{
    if (!condition)
        abort();
}

static uint8_t next8(void)
{
    return world.input < world.input_end ? *world.input++ : 0;
}

static uint16_t next16(void)
{
    const uint8_t low = next8();

    return (uint16_t)(low | next8() << 8);
}

/* ---- the peer
 * -----------------------------------------------------------------------------
 */

static void write_length(uint32_t len)
{
    if (STREAM_MAX - world.written < FRAME_LENGTH_BYTES)
        return;
    for (unsigned shift = 32; shift > 0;)
        world.stream[world.written++] = (uint8_t)(len >> (shift -= 8));
}

static void write_bytes(uint32_t len)
{
    if (len > STREAM_MAX - world.written)
        len = STREAM_MAX - world.written;
    for (uint32_t i = 0; i < len; i++, world.written++)
        world.stream[world.written] = (uint8_t)(world.written * 7 + (world.written >> 8) * 31);
}

/* Writes a frame with the header of this kind of peer. */
static void write_frame(uint32_t len)
{
    const uint32_t left_out = world.written % 2 ? FRAME_NEVER_ON_A_WIRE : 0;

    write_length(world.marked ? FRAME_MARKED | left_out | len : len);
    write_bytes(len);
}

/* A length near a limit. */
static uint32_t edge(void)
{
    const uint32_t edges[] = {FRAME_MIN,
                              HEAD_BYTES,
                              BUFFER_BYTES - HEADROOM,
                              BUFFER_BYTES,
                              world.frame_max,
                              FRAME_LIMIT,
                              0,
                              2 * BUFFER_BYTES,
                              HEAD_BYTES + BUFFER_BYTES - HEADROOM};
    const uint8_t which = next8();

    return edges[which % 9] + (uint32_t)(which / 9 % 5) - 2;
}

/* ---- the model
 * ----------------------------------------------------------------------------
 */

static uint32_t word_at(uint32_t at)
{
    const uint8_t *bytes = world.stream + at;

    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static uint32_t length_at(uint32_t at)
{
    return world.marked ? word_at(at) & 0x3fffffff : word_at(at);
}

static bool is_word_at(uint32_t at)
{
    return length_at(at) <= FRAME_LIMIT && (!world.marked || word_at(at) >= FRAME_MARKED);
}

/* Skips bytes that are no frame. Returns the length of the next frame; 0: not known yet, or
 * the stream is broken. */
static uint32_t pass_over(void)
{
    while (!world.broken && world.next + FRAME_LENGTH_BYTES <= world.read) {
        const uint32_t len = length_at(world.next);

        world.broken = !is_word_at(world.next);
        if (world.broken)
            break;
        if (len >= FRAME_MIN && len <= world.frame_max)
            return len;
        *(len < FRAME_MIN ? &world.expected.rx_short : &world.expected.rx_long) += 1;
        world.next += FRAME_LENGTH_BYTES + len;
    }
    return 0;
}

static void check_counters(void)
{
    demand(world.counters.rx_short == world.expected.rx_short);
    demand(world.counters.rx_long == world.expected.rx_long);
    demand(world.counters.rx_dropped == world.expected.rx_dropped);
}

/* ---- the machine
 * -------------------------------------------------------------------------- */

static void free_held(void)
{
    while (world.held) {
        struct leat_buf *next = world.held->next;

        world.held->next = NULL;
        leat_buf_free(world.held);
        world.held = next;
    }
}

static void hold(struct leat_buf *buf)
{
    demand(buf != NULL);
    buf->next = world.held;
    world.held = buf;
}

static struct leat_buf *alloc(uint8_t kind)
{
    return kind == POOL_FULL ? leat_buf_alloc(&world.pool, 0)
                             : leat_buf_alloc_small(&world.pool, 0);
}

/* Takes all buffers of a kind but @left. */
static void hold_all(uint8_t kind, uint32_t left)
{
    while (world.pool.lists[kind].free_count > left)
        hold(alloc(kind));
}

/* Takes all bare descriptors but @left. */
static void hold_views(uint32_t left)
{
    struct leat_buf *base = alloc(POOL_FULL);

    if (!base)
        return;
    leat_buf_put(base, 1);
    while (world.pool.lists[POOL_VIEW].free_count > left)
        hold(leat_buf_slice(base, 0, 1));
    hold(base);
}

/* Simulates one read: up to @len bytes into pool buffers. False: the pool is empty, or all is
 * read. */
static bool read_some(uint32_t len)
{
    bool any = false;

    if (len > world.written - world.read)
        len = world.written - world.read;
    while (len > 0) {
        struct leat_buf *buf = leat_buf_alloc(&world.pool, HEADROOM);
        uint32_t here;

        if (!buf)
            break;
        here = leat_buf_tailroom(buf) < len ? leat_buf_tailroom(buf) : len;
        memcpy(leat_buf_put(buf, here), world.stream + world.read, here);
        leat_framing_put(&world.framing, buf);
        world.read += here;
        len -= here;
        any = true;
    }
    return any;
}

static void check_frame(const struct kept *kept)
{
    const uint32_t len = length_at(kept->at - FRAME_LENGTH_BYTES);
    const uint8_t *sent = world.stream + kept->at;

    demand(leat_buf_total(kept->frame) == len);
    demand(kept->frame->checksum ==
           (world.marked && word_at(kept->at - FRAME_LENGTH_BYTES) & FRAME_NEVER_ON_A_WIRE
                ? LEAT_CHECKSUM_VERIFIED
                : LEAT_CHECKSUM_UNKNOWN));
    demand(kept->frame->len >= (len < HEAD_BYTES ? len : HEAD_BYTES));
    for (const struct leat_buf *piece = kept->frame; piece; piece = piece->next) {
        demand(piece->len > 0 && memcmp(piece->data, sent, piece->len) == 0);
        sent += piece->len;
    }
}

static void free_kept(void)
{
    while (world.kept_count > 0) {
        const struct kept *kept = &world.kept[--world.kept_count];

        check_frame(kept);
        leat_buf_free(kept->frame);
    }
}

/* Takes a frame, which must equal the model's. It is held for a while. */
static enum framing_result take(void)
{
    const struct pool_list *lists = world.pool.lists;
    struct leat_buf *frame = NULL;
    enum framing_result result;
    uint32_t len;

    if (world.broken) /* the socket is closed, so nothing is read again */
        return FRAMING_BROKEN;
    if (world.kept_count == KEPT_MAX)
        free_kept();
    result = leat_framing_take(&world.framing, &world.pool, &frame);
    len = pass_over();
    demand((result == FRAMING_BROKEN) == world.broken);
    check_counters();
    if (world.broken) {
        demand(world.framing.broken_word == word_at(world.next));
    } else if (len == 0 || world.next + FRAME_LENGTH_BYTES + len > world.read) {
        demand(result == FRAMING_MORE);
    } else if (result == FRAMING_NO_MEMORY) {
        demand(lists[POOL_VIEW].free_count == 0 ||
               (lists[POOL_SMALL].free_count == 0 && lists[POOL_FULL].free_count == 0));
    } else {
        demand(result == FRAMING_FRAME);
        world.kept[world.kept_count] = (struct kept){frame, world.next + FRAME_LENGTH_BYTES};
        check_frame(&world.kept[world.kept_count++]);
        world.next += FRAME_LENGTH_BYTES + len;
    }
    return result;
}

static enum framing_result take_all(void)
{
    enum framing_result result;

    while ((result = take()) == FRAMING_FRAME) {
    }
    return result;
}

/* The pool stays empty: the frame of known length is dropped, complete or not. */
static void give_up(void)
{
    uint32_t len;

    if (take_all() == FRAMING_BROKEN)
        return;
    len = pass_over();
    leat_framing_give_up(&world.framing);
    if (len == 0)
        return;
    world.expected.rx_dropped++;
    world.next += FRAME_LENGTH_BYTES + len;
    check_counters();
}

/* Connects another peer; bytes in flight from the old one are lost. */
static void begin_stream(void)
{
    leat_framing_reset(&world.framing);
    world.read = world.next = world.written;
    world.broken = false;
}

static void machine_step(uint8_t what)
{
    switch (what % 6) {
    case 0:
        hold_views(what / 6 % 4);
        break;
    case 1:
        hold_all(POOL_FULL, what / 6 % 4);
        hold_all(POOL_SMALL, what / 24 % 2);
        break;
    case 2:
        free_held();
        break;
    case 3:
        free_kept();
        break;
    case 4:
        give_up();
        break;
    default:
        begin_stream();
        break;
    }
}

static void step(uint8_t what)
{
    switch (what % 8) {
    case 0:
        write_frame(what >= 8 ? what : next8());
        break;
    case 1:
        write_frame(edge());
        break;
    case 2:
        write_frame(next16());
        break;
    case 3: /* only a length, of any value */
        write_length((uint32_t)next16() << (what >= 128 ? 16 : 0) | next8());
        break;
    case 4:
        read_some(1u + what / 8);
        break;
    case 5:
        read_some(next16());
        break;
    case 6:
        (void)(what >= 64 ? take() : take_all());
        break;
    default:
        machine_step(what / 8);
        break;
    }
}

/* Only the framing uses memory: frames must arrive, or be too large for the pool.
 */
static void finish(void)
{
    free_held();
    free_kept();
    for (;;) {
        const enum framing_result result = take_all();

        free_kept();
        if (result == FRAMING_BROKEN)
            break;
        if (result == FRAMING_NO_MEMORY || world.pool.lists[POOL_FULL].free_count == 0)
            give_up();
        else if (!read_some(STREAM_MAX))
            break;
    }
    demand(world.broken || world.read == world.written);
    leat_framing_reset(&world.framing);
    demand(pool_is_whole(&world.pool));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint32_t frame_maxima[] = {1518, FRAME_LIMIT, 86, 9018};
    struct arena arena = {(uint8_t *)world.memory, (uint8_t *)world.memory + sizeof world.memory};
    uint8_t kind;

    world.input = data;
    world.input_end = data + size;
    world.counters = world.expected = (struct leat_socket_counters){0};
    world.written = world.read = world.next = 0;
    world.broken = false;
    kind = next8();
    world.frame_max = frame_maxima[kind % 4];
    world.marked = kind / 4 % 2;
    world.pool = (struct leat_pool){0};
    demand(pool_init(&world.pool, &arena, BUFFERS, BUFFER_BYTES, SMALL, VIEWS));
    leat_framing_init(&world.framing, world.frame_max, world.marked, &world.counters);
    for (unsigned i = 0; i < STEPS_MAX && world.input < world.input_end; i++)
        step(next8());
    finish();
    return 0;
}
