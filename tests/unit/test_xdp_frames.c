/* test_xdp_frames.c -- frames received by AF_XDP's own rings; the test acts as the kernel. */
#include "unit_pool.h"

#include "inside.h"

#include <fcntl.h>
#include <unistd.h>

#ifndef XDP_PKT_CONTD /* Linux 6.6 */
#define XDP_PKT_CONTD (1 << 0)
#endif

enum {
    PLACES = 64, /* of each ring */
    BUFFERS = 32,
    BUF_BYTES = 2048,
    BURST = 16
};

/* A ring that the kernel shares with a socket. */
struct shared {
    uint32_t producer, consumer, flags;
    uint64_t addresses[PLACES];
    struct xdp_desc frames[PLACES];
};

struct fixture {
    struct unit_pool unit;
    struct leat_xdp xdp;
    struct shared fill, rx, tx, done;
};

#define RING(shared, cells)                                                                        \
    {                                                                                              \
        .mask = PLACES - 1, .size = PLACES, .producer = &(shared).producer,                        \
        .consumer = &(shared).consumer, .ring = (shared).cells, .flags = &(shared).flags           \
    }

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    unit_pool_open(&f->unit, 2 * BUFFERS, BUF_BYTES, 0, 0);
    f->xdp = (struct leat_xdp){.fill = RING(f->fill, addresses),
                               .tx = RING(f->tx, frames),
                               .rx = RING(f->rx, frames),
                               .done = RING(f->done, addresses),
                               .packet = {.fd = -1},
                               .memory = f->unit.memory,
                               .fd = open("/dev/null", O_RDWR | O_CLOEXEC),
                               .rx_buffers = BUFFERS};
    f->xdp.fill.cached_cons = PLACES; /* as xsk_umem__create() leaves it: completely free */
    *state = f;
    return 0;
}

static uint32_t receive(struct fixture *f, struct leat_buf **frames)
{
    return leat_xdp_ops.receive(&f->xdp.netif, 1, &f->unit.pool, frames, BURST);
}

/* Returns the buffers in the rings, because the pool must be complete. */
static int tear_down(void **state)
{
    struct fixture *f = *state;

    for (; f->fill.consumer != f->fill.producer; f->fill.consumer++)
        leat_buf_free((struct leat_buf *)(void *)(f->xdp.memory +
                                                  f->fill.addresses[f->fill.consumer % PLACES]) -
                      1);
    close(f->xdp.fd);
    unit_pool_close(&f->unit);
    free(f);
    return 0;
}

/* The device writes @len bytes of @byte into the next buffer. */
static void comes(struct fixture *f, uint32_t len, int byte, uint32_t options)
{
    const uint64_t address = f->fill.addresses[f->fill.consumer++ % PLACES];

    memset(f->xdp.memory + address + RX_HEADROOM, byte, len);
    f->rx.frames[f->rx.producer++ % PLACES] =
        (struct xdp_desc){.addr = address | (uint64_t)RX_HEADROOM << XSK_UNALIGNED_BUF_OFFSET_SHIFT,
                          .len = len,
                          .options = options};
}

static void expect(struct fixture *f, uint32_t len, int byte)
{
    struct leat_buf *frames[BURST];

    assert_int_equal(receive(f, frames), 1);
    assert_int_equal(frames[0]->len, len);
    assert_int_equal(frames[0]->data[0], byte);
    leat_buf_free(frames[0]);
}

static void frames_come_in_the_buffers_that_were_given(void **state)
{
    struct leat_buf *frames[BURST];
    struct fixture *f = *state;

    assert_int_equal(receive(f, frames), 0);
    assert_int_equal(f->fill.producer, BUFFERS);
    for (uint32_t i = 0; i < 3 * PLACES; i++) {
        comes(f, 60 + i, (int)(i & 0x7f), 0);
        expect(f, 60 + i, (int)(i & 0x7f));
    }
}

/* A frame longer than a buffer comes in several since Linux 6.6; the second buffer alone isn't a
 * frame. */
static void parts_of_a_long_frame_are_no_frames(void **state)
{
    struct leat_buf *frames[BURST];
    struct fixture *f = *state;

    assert_int_equal(receive(f, frames), 0);
    comes(f, 1700, 1, XDP_PKT_CONTD);
    comes(f, 1700, 2, XDP_PKT_CONTD);
    comes(f, 300, 3, 0);
    comes(f, 60, 4, 0);
    expect(f, 60, 4);
    assert_int_equal(f->xdp.counters.rx_long, 1);
    comes(f, 1700, 5, XDP_PKT_CONTD); /* its end comes later */
    assert_int_equal(receive(f, frames), 0);
    comes(f, 300, 6, 0);
    assert_int_equal(receive(f, frames), 0);
    comes(f, 61, 7, 0);
    expect(f, 61, 7);
    assert_int_equal(f->xdp.counters.rx_long, 2);
}

/* The ring's producer is read again even if entries seen before are left. */
static void a_burst_is_taken_whole_behind_the_rest_of_the_last_one(void **state)
{
    struct leat_buf *frames[BURST];
    struct fixture *f = *state;

    assert_int_equal(receive(f, frames), 0);
    for (uint32_t i = 0; i < BURST + 3; i++)
        comes(f, 60, (int)i, 0);
    assert_int_equal(receive(f, frames), BURST);
    for (uint32_t i = 0; i < BURST; i++)
        leat_buf_free(frames[i]);
    for (uint32_t i = 0; i < 5; i++)
        comes(f, 60, (int)i, 0);
    assert_int_equal(receive(f, frames), 8);
    for (uint32_t i = 0; i < 8; i++)
        leat_buf_free(frames[i]);
    assert_int_equal(f->rx.consumer, f->rx.producer);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(frames_come_in_the_buffers_that_were_given),
        TEST(parts_of_a_long_frame_are_no_frames),
        TEST(a_burst_is_taken_whole_behind_the_rest_of_the_last_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
