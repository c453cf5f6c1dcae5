/* test_sendq.c -- the send queue, compared with an array of all data. */
#include "unit_pool.h"

#include "tcp/congestion/sendq.h"

enum {
    PIECES = 16, /* most pieces of a slice */
    BUF_BYTES = 256,
    MODEL_BYTES = 8192
};

static struct unit_pool unit;
static struct sendq queue;

/* All bytes ever queued; the queue holds [acked, put) of them. */
static struct {
    uint8_t bytes[MODEL_BYTES];
    uint32_t acked, put;
} model;

static const uint32_t start = 0xfffffe00u; /* close to the wraparound */

static int open_queue(void **state)
{
    (void)state;
    unit_pool_open(&unit, 64, BUF_BYTES, 8, 64);
    sendq_init(&queue, start);
    memset(&model, 0, sizeof model);
    for (uint32_t i = 0; i < MODEL_BYTES; i++)
        model.bytes[i] = (uint8_t)(i * 13 + (i >> 8));
    return 0;
}

static int close_queue(void **state)
{
    (void)state;
    sendq_free(&queue);
    assert_int_equal(queue.bytes, 0);
    unit_pool_close(&unit);
    return 0;
}

static void put(uint32_t len)
{
    struct leat_buf *data = leat_buf_copy(&unit.pool, model.bytes + model.put, len);

    assert_non_null(data);
    sendq_put(&queue, data);
    model.put += len;
}

static uint32_t write_data(uint32_t len)
{
    const uint32_t done = sendq_write(&queue, &unit.pool, UINT32_MAX, model.bytes + model.put, len);

    model.put += done;
    return done;
}

static void ack(uint32_t len)
{
    model.acked += len;
    sendq_ack(&queue, start + model.acked);
}

static void assert_agrees(void)
{
    assert_int_equal(queue.seq, start + model.acked);
    assert_int_equal(sendq_end(&queue), start + model.put);
    assert_int_equal(leat_buf_total(queue.first), model.put - model.acked);
}

/* Takes the slice and compares it; returns its length. */
static uint32_t slice(uint32_t at, uint32_t len)
{
    uint8_t bytes[MODEL_BYTES];
    uint32_t got = len;
    struct leat_buf *data = sendq_slice(&queue, PIECES, start + at, &got);

    assert_non_null(data);
    assert_true(got > 0 && got <= len);
    assert_int_equal(leat_buf_total(data), got);
    assert_int_equal(leat_buf_read(data, 0, bytes, sizeof bytes), got);
    assert_memory_equal(bytes, model.bytes + at, got);
    leat_buf_free(data);
    return got;
}

static void slices_share_the_programs_buffers(void **state)
{
    struct leat_buf *payload;
    uint32_t len = 10;

    (void)state;
    put(100);
    payload = sendq_slice(&queue, PIECES, start + 20, &len);
    assert_ptr_equal(payload->data, queue.first->data + 20);
    ack(100); /* while the device holds a slice */
    assert_memory_equal(payload->data, model.bytes + 20, 10);
    leat_buf_free(payload);
}

static void slices_go_across_pieces_in_any_order(void **state)
{
    (void)state;
    put(100);
    put(100);
    put(100);
    assert_int_equal(slice(150, 150), 150);
    assert_int_equal(slice(0, 300), 300);
    assert_int_equal(slice(99, 2), 2);
    ack(150);
    assert_int_equal(slice(150, 1), 1);
    assert_int_equal(slice(299, 1), 1);
}

static void slice_is_cut_where_a_device_would_have_to_gather_too_much(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 20; i++)
        put(10);
    assert_int_equal(slice(0, 200), PIECES * 10);
    assert_int_equal(slice(5, 195), PIECES * 10 - 5);
}

/* Returns the writable space before the @len bytes at @at; the slice stays with @device. */
static uint32_t room_in_front(uint32_t at, uint32_t len, struct leat_buf **device)
{
    *device = sendq_slice(&queue, PIECES, start + at, &len);
    assert_non_null(*device);
    return leat_buf_headroom(*device);
}

static void headers_go_in_front_only_where_no_other_view_reads(void **state)
{
    struct leat_buf *first, *second;

    (void)state;
    put(100);
    assert_int_equal(room_in_front(0, 100, &first), LEAT_BUF_HEADROOM);
    assert_int_equal(room_in_front(0, 100, &second), 0); /* while the device holds the first one */
    leat_buf_free(first);
    leat_buf_free(second);
    assert_int_equal(room_in_front(0, 60, &first), LEAT_BUF_HEADROOM); /* again */
    leat_buf_free(first);
    assert_int_equal(room_in_front(40, 60, &first),
                     0); /* there lies data that isn't acknowledged */
    leat_buf_free(first);
    ack(40);
    assert_int_equal(room_in_front(40, 60, &first), LEAT_BUF_HEADROOM + 40);
    leat_buf_free(first);
}

/* As for a super-frame with too many pieces. */
static void a_slice_trimmed_to_one_piece_has_no_room_in_front(void **state)
{
    struct leat_buf *data;
    uint32_t len = 80;

    (void)state;
    put(100);
    put(100);
    data = sendq_slice(&queue, PIECES, start + 50, &len);
    assert_non_null(data->next);
    leat_buf_trim(data, 40);
    assert_null(data->next);
    assert_int_equal(leat_buf_headroom(data), 0);
    leat_buf_free(data);
}

static void headers_never_go_into_lent_memory(void **state)
{
    static uint8_t lent[LEAT_BUF_HEADROOM + 10];
    struct leat_buf *data = leat_buf_lend(&unit.pool, lent, sizeof lent, 0, 0);

    (void)state;
    leat_buf_pull(data, LEAT_BUF_HEADROOM);
    sendq_put(&queue, data);
    model.put += 10;
    assert_int_equal(room_in_front(0, 10, &data), 0);
    leat_buf_free(data);
}

static void short_writes_share_a_buffer(void **state)
{
    const uint32_t before = leat_pool_free_count(&unit.pool);

    (void)state;
    for (unsigned i = 0; i < 25; i++)
        assert_int_equal(write_data(10), 10);
    assert_int_equal(leat_pool_free_count(&unit.pool), before - 1);
    assert_int_equal(slice(0, 250), 250);
}

static void write_goes_on_in_its_own_buffer_only(void **state)
{
    static const uint8_t lent[4] = {1, 2, 3, 4};

    (void)state;
    write_data(10);
    memcpy(model.bytes + model.put, lent, 4);
    sendq_put(&queue, leat_buf_lend(&unit.pool, lent, 4, 0, 0));
    model.put += 4;
    write_data(10); /* not after memory that the program lent */
    put(10);
    write_data(10); /* nor in the tailroom of the program's buffer */
    assert_int_equal(slice(0, 44), 44);
    assert_agrees();
}

/* TCP's account determines the number of buffers. */
static void write_takes_so_many_buffers_and_no_more(void **state)
{
    uint32_t taken, total = 0;

    (void)state;
    do {
        taken = sendq_write(&queue, &unit.pool, 2, model.bytes, 3 * BUF_BYTES);
        total += taken;
        assert_true(taken <= 2 * BUF_BYTES);
    } while (taken == 2 * BUF_BYTES && total < 8 * BUF_BYTES);
    assert_int_equal(queue.bytes, total);
    assert_int_equal(total, (64 - leat_pool_free_count(&unit.pool)) * BUF_BYTES);
    assert_int_equal(sendq_write(&queue, &unit.pool, 0, model.bytes, 1), 0);
    assert_int_equal(queue.held, (total / BUF_BYTES) * unit.pool.lists[POOL_FULL].units);
    sendq_ack(&queue, queue.seq + 5 * BUF_BYTES);
    assert_int_equal(queue.held, (total / BUF_BYTES - 5) * unit.pool.lists[POOL_FULL].units);
    sendq_ack(&queue, sendq_end(&queue));
    assert_int_equal(queue.held, 0);
}

static void slice_without_a_descriptor_is_null(void **state)
{
    struct leat_buf *taken[64];
    uint32_t len = 10;

    (void)state;
    put(10);
    for (unsigned i = 0; i < 64; i++) {
        taken[i] = sendq_slice(&queue, PIECES, start, &len);
        assert_non_null(taken[i]);
    }
    assert_null(sendq_slice(&queue, PIECES, start, &len));
    for (unsigned i = 0; i < 64; i++)
        leat_buf_free(taken[i]);
    assert_int_equal(slice(0, 10), 10);
}

static void random_step(uint64_t *seed)
{
    const uint32_t room = MODEL_BYTES - model.put;
    const uint32_t queued = model.put - model.acked;
    uint32_t len = 1 + unit_below(seed, 200);

    switch (unit_below(seed, 4)) {
    case 0:
        if (queued < 2000 && len <= room)
            put(len);
        break;
    case 1:
        if (queued < 2000)
            write_data(len < room ? len : room);
        break;
    case 2:
        if (queued > 0)
            ack(unit_below(seed, queued + 1));
        break;
    default:
        if (queued > 0) {
            const uint32_t at = unit_below(seed, queued);

            len = len < queued - at ? len : queued - at;
            slice(model.acked + at, len);
        }
        break;
    }
}

static void random_calls_agree_with_an_array(void **state)
{
    uint64_t seed = 42;

    for (unsigned run = 0; run < 200; run++) {
        for (unsigned step = 0; step < 200; step++) {
            random_step(&seed);
            assert_agrees();
        }
        close_queue(state);
        open_queue(state);
    }
}

#define queue_test(function) cmocka_unit_test_setup_teardown(function, open_queue, close_queue)

static void empty_pieces_are_dropped(void **state)
{
    struct leat_buf *data = leat_buf_copy(&unit.pool, model.bytes, 5);

    (void)state;
    leat_buf_append(data, leat_buf_alloc(&unit.pool, 0));
    leat_buf_append(data, leat_buf_copy(&unit.pool, model.bytes + 5, 5));
    sendq_put(&queue, data);
    model.put = 10;
    assert_int_equal(queue.bytes, 10);
    for (const struct leat_buf *piece = queue.first; piece; piece = piece->next)
        assert_int_equal(piece->len, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        queue_test(empty_pieces_are_dropped),
        queue_test(slices_share_the_programs_buffers),
        queue_test(slices_go_across_pieces_in_any_order),
        queue_test(slice_is_cut_where_a_device_would_have_to_gather_too_much),
        queue_test(headers_go_in_front_only_where_no_other_view_reads),
        queue_test(a_slice_trimmed_to_one_piece_has_no_room_in_front),
        queue_test(headers_never_go_into_lent_memory),
        queue_test(short_writes_share_a_buffer),
        queue_test(write_goes_on_in_its_own_buffer_only),
        queue_test(write_takes_so_many_buffers_and_no_more),
        queue_test(slice_without_a_descriptor_is_null),
        queue_test(random_calls_agree_with_an_array),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
