/*
 * fuzz_ring.c -- the ring in shared memory, and a peer that writes anything anywhere in it.
 *
 * There are two rings: we are the consumer of one, and the producer of the other. The input is the
 * peer and the machine: correct frames; arbitrary indexes, lengths and words (also over our own);
 * shortage of memory. A model judges each index and each length by docs/socket.md. Received frames
 * keep the bytes that they had when they were taken, whatever is written later. No byte beside our
 * frames changes, our indexes match our actions, and every buffer comes back.
 */
#include <stdlib.h>
#include <string.h>

#include <leat/leat.h>

#include "core/pool.h"
#include "ring.h"

enum {
    RING_MAX = 8192,
    BUFFERS = 24,
    BUFFER_BYTES = 512,
    HEADROOM = 126,
    KEPT_MAX = 8,
    STEPS_MAX = 300
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A frame that the program holds, and a copy of its bytes. */
struct kept {
    struct leat_buf *frame;
    uint32_t len;
    uint8_t bytes[RING_MAX];
};

/* The model of a ring: the last published and accepted indexes. */
struct model {
    uint32_t ours;
    uint32_t told;
    uint32_t theirs;
    bool broken;
};

static struct {
    const uint8_t *input, *input_end;
    struct leat_pool pool;
    struct ring_shared *shared; /* [0] in, [1] out; each ends at the end of its memory */
    uint8_t *bytes[2];          /* the same */
    uint32_t size;
    uint32_t frame_max;
    struct ring in, out;
    struct model in_model, out_model;
    uint32_t peer_put; /* position of the peer's next frame, while it is honest */
    struct leat_buf *held;
    struct kept kept[KEPT_MAX];
    uint32_t kept_count;
    uint64_t memory[64 * 1024 / 8];
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

static uint32_t next16(void)
{
    const uint32_t low = next8();

    return low | (uint32_t)next8() << 8;
}

static uint32_t record_bytes(uint32_t len)
{
    return 8 + (len + 7) / 8 * 8;
}

/* ---- the peer ----------------------------------------------------------------------------- */

static void write_at(uint8_t *bytes, uint32_t at, const void *from, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++)
        bytes[(at + i) % world.size] = ((const uint8_t *)from)[i];
}

/* The peer adds a frame, and publishes it or not. @announced is the length in its header. */
static void put_frame(uint32_t len, uint32_t announced, bool tell)
{
    uint8_t bytes[RING_MAX];

    if (record_bytes(len) > world.size)
        return;
    for (uint32_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)(world.peer_put * 7 + i * 31 + (i >> 8));
    write_at(world.bytes[0], world.peer_put, &announced, sizeof announced);
    write_at(world.bytes[0], world.peer_put + 8, bytes, len);
    world.peer_put += record_bytes(len);
    if (tell)
        world.shared[0].producer.index = world.peer_put;
}

/* A number near a limit. */
static uint32_t edge(const struct model *model)
{
    const uint32_t edges[] = {model->theirs,
                              model->told,
                              model->told + world.size,
                              model->ours,
                              model->ours + 8,
                              model->theirs + world.size,
                              0,
                              model->theirs - 8u,
                              world.peer_put};
    const uint8_t which = next8();

    return edges[which % 9] + 8u * (which / 9 % 3) - 8u + (which >= 243 ? which - 242u : 0);
}

static uint32_t any_length(void)
{
    const uint32_t lengths[] = {
        13, 14,         world.frame_max, world.frame_max + 1, world.size - 8, world.size,
        0,  UINT32_MAX, UINT32_MAX - 7,  UINT32_MAX - 8,      1u << 31};
    const uint8_t which = next8();

    return which < 11 ? lengths[which] : (uint32_t)which << which % 24;
}

/* The peer writes an illegal word anywhere, also where only we may write. */
static void scribble(void)
{
    const uint8_t where = next8();
    struct ring_line *lines[] = {&world.shared[0].producer, &world.shared[1].consumer,
                                 &world.shared[0].consumer, &world.shared[1].producer};
    struct ring_line *line = lines[where % 4];
    const struct model *model = where % 2 ? &world.out_model : &world.in_model;

    if (where & 8)
        line->wake_behind = edge(model);
    else
        line->index = edge(model);
}

static void peer_step(uint8_t what)
{
    uint8_t rubbish[8];
    uint32_t len;

    switch (what % 8) {
    case 0:
    case 1:
        len = next8() + 10u;
        put_frame(len, len, what & 8);
        break;
    case 2:
        len = next16() % (world.frame_max + 4);
        put_frame(len, len, what & 8);
        break;
    case 3:
        put_frame(next8(), any_length(), what & 8);
        break;
    case 4:
        scribble();
        break;
    case 5: /* correct: all frames are put and taken */
        world.shared[0].producer.index = world.peer_put;
        world.shared[1].consumer.index = world.out_model.told;
        break;
    case 6: /* an honest peer again, from the model's position */
        world.peer_put = world.in_model.theirs;
        break;
    default:
        for (uint32_t i = 0; i < sizeof rubbish; i++)
            rubbish[i] = next8();
        write_at(world.bytes[what >> 3 & 1], 8 * next16(), rubbish, sizeof rubbish);
        break;
    }
}

/* ---- the machine -------------------------------------------------------------------------- */

static void free_held(void)
{
    while (world.held) {
        struct leat_buf *next = world.held->next;

        world.held->next = NULL;
        leat_buf_free(world.held);
        world.held = next;
    }
}

static void hold_all(uint32_t left)
{
    while (world.pool.lists[POOL_FULL].free_count > left) {
        struct leat_buf *buf = leat_buf_alloc(&world.pool, 0);

        demand(buf != NULL);
        buf->next = world.held;
        world.held = buf;
    }
}

/* Checks that later writes of the peer have not changed held frames, and frees them. */
static void free_kept(void)
{
    while (world.kept_count > 0) {
        struct kept *kept = &world.kept[--world.kept_count];
        uint8_t now[RING_MAX];

        demand(leat_buf_total(kept->frame) == kept->len);
        leat_buf_read(kept->frame, 0, now, kept->len);
        demand(memcmp(now, kept->bytes, kept->len) == 0);
        leat_buf_free(kept->frame);
    }
}

/* ---- what every look obeys ---------------------------------------------------------------- */

/* Judges the peer's current index @now. @ahead: how far it may be ahead of the index
 * published to it. */
static void judge_index(struct model *model, uint32_t now, uint32_t ahead)
{
    const uint32_t most = model->told + ahead - model->theirs;

    if (now == model->theirs)
        return;
    if (now % 8 != 0 || now - model->theirs > most)
        model->broken = true;
    else
        model->theirs = now;
}

static void check_look(const struct ring *ring, const struct model *model, bool found,
                       uint32_t before)
{
    demand(ring->peer_index == model->theirs && ring->broken == model->broken);
    demand(found == (model->theirs != before));
}

static void tell(struct ring *ring, struct model *model, const struct ring_line *ours,
                 const struct ring_line *theirs)
{
    const uint32_t behind = theirs->wake_behind;
    const bool wakes = leat_ring_tell(ring);

    demand(wakes == (behind - model->told < model->ours - model->told));
    demand(model->ours == model->told || ours->index == model->ours);
    model->told = model->ours;
}

/* ---- in: we are the consumer -------------------------------------------------------------- */

static void look_in(bool arms)
{
    struct ring_shared *shared = &world.shared[0];
    const uint32_t before = world.in_model.theirs;
    bool found;

    judge_index(&world.in_model, shared->producer.index, world.size);
    found = arms ? leat_ring_arm(&world.in, world.in.index) : leat_ring_look(&world.in);
    check_look(&world.in, &world.in_model, found, before);
    demand(!arms || shared->consumer.wake_behind == world.in.index);
}

/* Keeps a copy of the frame of @len bytes at the model's position. */
static void keep(struct leat_buf *frame, uint32_t len)
{
    struct kept *kept = &world.kept[world.kept_count++];
    uint32_t flags;

    kept->frame = frame;
    kept->len = len;
    demand(leat_buf_total(frame) == len && leat_buf_headroom(frame) == HEADROOM);
    memcpy(&flags, world.bytes[0] + (world.in_model.ours + 4) % world.size, sizeof flags);
    demand(frame->checksum == (flags & 1 ? LEAT_CHECKSUM_VERIFIED : LEAT_CHECKSUM_UNKNOWN));
    for (uint32_t i = 0; i < len; i++)
        kept->bytes[i] = world.bytes[0][(world.in_model.ours + 8 + i) % world.size];
}

/* Takes a frame, which must equal the model's; false: there is none. */
static bool take(void)
{
    struct model *model = &world.in_model;
    const uint32_t have = model->theirs - model->ours;
    struct leat_buf *frame = NULL;
    enum ring_result result;
    uint32_t len;

    if (world.kept_count == KEPT_MAX)
        free_kept();
    result = leat_ring_take(&world.in, &world.pool, HEADROOM, world.frame_max, &frame);
    if (model->broken || have == 0) {
        demand(result == (model->broken ? RING_BROKEN : RING_EMPTY));
        return false;
    }
    demand(have <= world.size && have % 8 == 0);
    memcpy(&len, world.bytes[0] + model->ours % world.size, sizeof len);
    if (len > have - 8) {
        demand(result == RING_BROKEN);
        model->broken = true;
        return false;
    }
    if (result == RING_NO_MEMORY) { /* the frame stays, or is dropped */
        const uint32_t each = BUFFER_BYTES - HEADROOM;

        demand(world.pool.lists[POOL_FULL].free_count < (len + each - 1) / each);
        demand(len >= 14 && len <= world.frame_max && world.in.index == model->ours);
        if (next8() & 1) {
            leat_ring_skip(&world.in);
            model->ours += record_bytes(len);
        }
        demand(world.in.index == model->ours);
        return false;
    }
    demand(result == (len < 14 ? RING_SHORT : len > world.frame_max ? RING_LONG : RING_FRAME));
    if (result == RING_FRAME)
        keep(frame, len);
    model->ours += record_bytes(len);
    demand(world.in.index == model->ours);
    return true;
}

/* ---- out: we are the producer ------------------------------------------------------------- */

static void look_out(bool arms)
{
    struct ring_shared *shared = &world.shared[1];
    const uint32_t before = world.out_model.theirs;
    bool found;

    judge_index(&world.out_model, shared->consumer.index, 0);
    found = arms ? leat_ring_arm(&world.out, world.out.index) : leat_ring_look(&world.out);
    check_look(&world.out, &world.out_model, found, before);
}

/* Sends a frame: its bytes are at the right place, and nothing else has changed. */
static void send(uint32_t len)
{
    static uint8_t before[RING_MAX], bytes[RING_MAX];
    struct model *model = &world.out_model;
    struct leat_buf *frame;

    demand(leat_ring_free_bytes(&world.out) == world.size - (model->ours - model->theirs));
    if (leat_ring_record_bytes(len) > leat_ring_free_bytes(&world.out))
        return;
    for (uint32_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)(model->ours + i * 13);
    frame = leat_buf_copy(&world.pool, bytes, len);
    if (!frame)
        return;
    frame->checksum = len & 1 ? LEAT_CHECKSUM_PARTIAL : LEAT_CHECKSUM_UNKNOWN;
    memcpy(before, world.bytes[1], world.size);
    write_at(before, model->ours, &(uint32_t[2]){len, len & 1}, 8);
    write_at(before, model->ours + 8, bytes, len);
    leat_ring_put(&world.out, frame, len);
    demand(memcmp(before, world.bytes[1], world.size) == 0);
    leat_buf_free(frame);
    model->ours += record_bytes(len);
    demand(world.out.index == model->ours);
}

/* ---- all of it ---------------------------------------------------------------------------- */

static void our_step(uint8_t what)
{
    switch (what % 8) {
    case 0:
        look_in(what & 8);
        break;
    case 1:
    case 2:
        take();
        break;
    case 3:
        look_out(what & 8);
        break;
    case 4:
        send(14 + (what & 8 ? next16() % world.frame_max : next8()));
        break;
    case 5:
        tell(&world.in, &world.in_model, &world.shared[0].consumer, &world.shared[0].producer);
        break;
    case 6:
        tell(&world.out, &world.out_model, &world.shared[1].producer, &world.shared[1].consumer);
        break;
    default:
        if (what & 8)
            hold_all(what >> 4 & 3);
        else if (what & 16)
            free_kept();
        else
            free_held();
        break;
    }
}

/* Starts both indexes of a ring anywhere, because they count modulo 2^32. */
static void begin_at(struct ring *ring, struct model *model, uint32_t start)
{
    ring->index = ring->told_index = ring->peer_index = start;
    model->ours = model->told = model->theirs = start;
    model->broken = false;
    ring->ours->index = ring->theirs->index = start;
}

static void begin(void)
{
    struct arena arena = {(uint8_t *)world.memory, (uint8_t *)world.memory + sizeof world.memory};
    const uint8_t what = next8();
    const uint32_t start = (what & 16 ? 0u - 64u : 0u) + 8u * (what >> 5);

    world.size = 1024u << (what & 3);
    world.frame_max = what & 4 ? 1518 : 118;
    while (2 * record_bytes(world.frame_max) > world.size)
        world.frame_max /= 2;
    world.pool = (struct leat_pool){0};
    demand(pool_init(&world.pool, &arena, BUFFERS, BUFFER_BYTES, 4, 8));
    world.shared = calloc(2, sizeof *world.shared);
    world.bytes[0] = calloc(1, world.size);
    world.bytes[1] = calloc(1, world.size);
    demand(world.shared && world.bytes[0] && world.bytes[1]);
    leat_ring_init_consumer(&world.in, &world.shared[0], world.bytes[0], world.size);
    leat_ring_init_producer(&world.out, &world.shared[1], world.bytes[1], world.size);
    begin_at(&world.in, &world.in_model, start);
    begin_at(&world.out, &world.out_model, start);
    world.peer_put = start;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    world.input = data;
    world.input_end = data + size;
    begin();
    for (unsigned i = 0; i < STEPS_MAX && world.input < world.input_end; i++) {
        const uint8_t what = next8();

        if (what & 128)
            peer_step(what & 127);
        else
            our_step(what);
    }
    free_held();
    while (take())
        free_kept();
    free_kept();
    demand(pool_is_whole(&world.pool));
    free(world.bytes[0]);
    free(world.bytes[1]);
    free(world.shared);
    return 0;
}
