/* super.h -- segments and super-frames, for tests of GRO and GSO. */
#ifndef SUPER_H
#define SUPER_H

#include "world.h"

#include "tcp/receive/gro.h"

enum {
    DATA = 100, /* payload of a segment */
    COUNT_MAX = 16,
    TS_BYTES = 12
};

static const uint32_t seq_begin = 0xffffff80u; /* close to the wraparound */
static const uint8_t ts[TS_BYTES] = {1, 1, 8, 10, 0, 0, 0, 7, 0, 0, 0, 9};
static uint8_t payload[65536];

/* The fields of segment @index of the sender at @port. */
static inline struct frame_segment fields_of(uint16_t port, uint32_t index, uint8_t flags)
{
    return (struct frame_segment){.src_port = port,
                                  .dst_port = 2000,
                                  .seq = seq_begin + index * DATA,
                                  .ack = 5000,
                                  .flags = flags,
                                  .window = 1000,
                                  .options = ts,
                                  .options_len = sizeof ts};
}

static inline struct frame segment_of(uint16_t port, uint32_t index, uint32_t len, uint8_t flags)
{
    const struct frame_segment s = fields_of(port, index, flags);

    return frame_tcp(&s, payload + index * DATA, len);
}

static inline struct frame segment(uint32_t index, uint32_t len, uint8_t flags)
{
    return segment_of(80, index, len, flags);
}

static inline struct leat_buf *buf_of(struct world *world, const struct frame *frame)
{
    return leat_buf_copy(leat_pool(world->stack), frame->bytes, frame->len);
}

/* Copies the whole frame into one piece of memory. */
static inline struct frame flat(const struct leat_buf *buf)
{
    struct frame frame;

    assert_true(leat_buf_total(buf) <= sizeof frame.bytes);
    frame.len = leat_buf_read(buf, 0, frame.bytes, sizeof frame.bytes);
    return frame;
}

/* Asserts that the IP checksum is correct, and TCP's if @tcp. */
static inline void assert_sealed(const struct frame *frame, bool tcp)
{
    struct frame again = *frame;

    assert_int_equal(frame_get16(frame->bytes + FRAME_IP + 2), frame->len - FRAME_IP);
    frame_seal_ip(&again);
    if (tcp)
        frame_seal_tcp(&again);
    assert_memory_equal(frame->bytes, again.bytes, frame->len);
}

/* Merges @count frames; returns how many are left. */
static inline uint32_t merge(struct world *world, const struct frame *frames, uint32_t count,
                             struct leat_buf **bufs)
{
    for (uint32_t i = 0; i < count; i++)
        bufs[i] = buf_of(world, &frames[i]);
    world_mark(world);
    return gro_merge(world->stack, bufs, count);
}

static inline void free_all(struct world *world, struct leat_buf **bufs, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        leat_buf_free(bufs[i]);
    world->stack->stats = world->before; /* the frames were never received */
}

static inline int super_setup(void **state)
{
    for (uint32_t i = 0; i < sizeof payload; i++)
        payload[i] = (uint8_t)(i * 7 + i / 251);
    return world_setup_tcp(state);
}

#define super_test(function) cmocka_unit_test_setup_teardown(function, super_setup, world_teardown)

#endif
