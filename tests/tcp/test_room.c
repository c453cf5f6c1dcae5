/* test_room.c -- waiting for room in the send queue: for a record, or for free buffers. */
#include "talk.h"

#include "core/pool.h"
#include "tcp/conn/budget.h"

enum {
    QUEUE = 10000, /* send_queue_bytes */
    RECORD = 4000,
    SEGMENT = 1000
};

static void on_writable(struct leat_tcp *conn, void *arg)
{
    struct talk *talk = arg;

    (void)conn;
    talk->writable++;
}

static void begin(struct talk *talk)
{
    static const struct leat_tcp_events events = {.on_writable = on_writable};

    talk->world->tcp_config.send_queue_bytes = QUEUE;
    talk_begin(talk);
    talk_establish_with(talk, SEGMENT, NO_SHIFT);
    leat_tcp_set_events(talk->conn, &events, talk);
}

/* ACKs the first @acked bytes of data, whatever was sent. */
static void ack(struct talk *talk, uint32_t acked)
{
    world_mark(talk->world);
    rx(talk, ACK, 1, 1 + acked, 0);
    world_mark(talk->world);
    world_poll(talk->world);
}

static void on_writable_comes_with_as_much_room_as_was_asked_for(void **state)
{
    struct talk *talk = *state;

    begin(talk);
    talk_send(talk, QUEUE - RECORD + 1);
    assert_int_equal(leat_tcp_send_room(talk->conn), RECORD - 1);
    leat_tcp_want_room(talk->conn, RECORD);
    world_poll(talk->world);
    assert_int_equal(talk->writable, 0);
    ack(talk, SEGMENT);
    assert_int_equal(talk->writable, 1);
    assert_true(leat_tcp_send_room(talk->conn) >= RECORD);
    ack(talk, 2 * SEGMENT);
    assert_int_equal(talk->writable, 1); /* asked once, called once */
}

/* By default the callback comes at half of the queue, which is less than this record. */
static void it_does_not_come_before(void **state)
{
    struct talk *talk = *state;

    begin(talk);
    talk_send(talk, 8 * SEGMENT);
    leat_tcp_want_room(talk->conn, 9 * SEGMENT);
    for (uint32_t acked = 1; acked < 7; acked++) {
        ack(talk, acked * SEGMENT);
        assert_int_equal(talk->writable, 0);
    }
    ack(talk, 7 * SEGMENT);
    assert_int_equal(talk->writable, 1);
}

static void room_that_is_there_is_told_in_the_next_turn(void **state)
{
    struct talk *talk = *state;

    begin(talk);
    leat_tcp_want_room(talk->conn, RECORD);
    assert_int_equal(talk->writable, 0); /* never from inside a call */
    world_poll(talk->world);
    assert_int_equal(talk->writable, 1);
}

static void more_than_the_queue_can_hold_means_all_of_it(void **state)
{
    struct talk *talk = *state;

    begin(talk);
    talk_send(talk, SEGMENT);
    leat_tcp_want_room(talk->conn, 100 * QUEUE);
    world_poll(talk->world);
    assert_int_equal(talk->writable, 0);
    ack(talk, SEGMENT);
    assert_int_equal(talk->writable, 1);
    assert_int_equal(leat_tcp_send_room(talk->conn), QUEUE);
}

/* Nothing is in flight, so no ACK will come to report room. */
static void writer_without_buffers_hears_when_they_are_back(void **state)
{
    struct talk *talk = *state;
    struct leat_pool *pool;
    struct leat_buf *all = NULL, *buf;

    begin(talk);
    pool = leat_pool(talk->world->stack);
    while ((buf = leat_buf_lend(pool, "x", 1, NULL, NULL))) {
        buf->queued = all;
        all = buf;
    }
    leat_tcp_want_room(talk->conn, 1);
    talk_wait(talk, second);
    assert_int_equal(talk->writable, 0);
    while (all) {
        buf = all;
        all = buf->queued;
        leat_buf_free(buf);
    }
    talk_wait(talk, second);
    assert_int_equal(talk->writable, 1);
}

static void a_side_that_is_closed_waits_for_nothing(void **state)
{
    struct talk *talk = *state;

    begin(talk);
    leat_tcp_shutdown(talk->conn);
    leat_tcp_want_room(talk->conn, 1);
    talk_wait(talk, 10 * ms);
    assert_int_equal(talk->writable, 0);
    ack(talk, 1); /* our FIN */
    talk_wait(talk, 10 * ms);
    assert_int_equal(talk->writable, 0);
}

/* The share of a connection is limited, and the buffer of the payload may use up the rest. */
static void promised_room_holds_for_the_buffers_that_are_then_taken(void **state)
{
    struct talk *talk = *state;
    struct leat_pool *pool;
    unsigned sent = 0;

    begin(talk);
    pool = leat_pool(talk->world->stack);
    while (leat_tcp_send_room(talk->conn) > 0) {
        struct leat_buf *data = leat_buf_copy(pool, "x", 1);

        assert_true(leat_tcp_send_room(talk->conn) > 0); /* as a layer in between asks again */
        assert_int_equal(leat_tcp_send(talk->conn, data), LEAT_OK);
        sent++;
    }
    assert_true(sent > 8 && sent < QUEUE);
}

/* Another program, or the data's own buffer, may make memory low between the two calls. */
static void promised_room_holds_when_memory_becomes_low(void **state)
{
    enum {
        LONG = 2 * TCP_SEND_SCARCE_BYTES
    };
    static const uint8_t bytes[LONG];
    struct talk *talk = *state;
    struct leat_buf *taken = NULL, *buf;
    struct leat_pool *pool;

    talk->world->tcp_config.send_queue_bytes = 2 * LONG;
    talk_begin(talk);
    talk_establish_with(talk, SEGMENT, NO_SHIFT);
    pool = leat_pool(talk->world->stack);
    while (pool_has(pool, POOL_LOW)) {
        buf = leat_buf_alloc_small(pool, 0);
        buf->queued = taken;
        taken = buf;
    }
    buf = taken;
    taken = buf->queued;
    leat_buf_free(buf);
    assert_true(leat_tcp_send_room(talk->conn) >= LONG);
    buf = leat_buf_lend(pool, bytes, LONG, NULL, NULL);
    assert_false(pool_has(pool, POOL_LOW));
    assert_true(leat_tcp_send_room(talk->conn) >= LONG);
    assert_int_equal(leat_tcp_send(talk->conn, buf), LEAT_OK);
    assert_int_equal(leat_tcp_send_room(talk->conn), 0);
    world_give_all(taken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        talk_test_later(on_writable_comes_with_as_much_room_as_was_asked_for),
        talk_test_later(it_does_not_come_before),
        talk_test_later(room_that_is_there_is_told_in_the_next_turn),
        talk_test_later(more_than_the_queue_can_hold_means_all_of_it),
        talk_test_later(promised_room_holds_for_the_buffers_that_are_then_taken),
        talk_test_later(promised_room_holds_when_memory_becomes_low),
        talk_test_later(writer_without_buffers_hears_when_they_are_back),
        talk_test_later(a_side_that_is_closed_waits_for_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
