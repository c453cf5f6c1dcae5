/* test_shortage.c -- faults that the simulator found: memory that others hold, old sequence
 * numbers. */
#include "place.h"

enum {
    MSS = 1460,
    HELD_MAX = 4096,
    WIND_SHIFT = 3 /* kind of the option, RFC 7323 2.2 */
};

static struct leat_buf *held[HELD_MAX];
static unsigned held_count;

static void let_go(void)
{
    while (held_count > 0)
        leat_buf_free(held[--held_count]);
}

static void hold_all(struct talk *talk)
{
    while (held_count < HELD_MAX &&
           (held[held_count] = leat_buf_alloc(leat_pool(talk->world->stack), 0)))
        held_count++;
    assert_true(held_count > 0 && held_count < HELD_MAX);
}

/* No ACK will ever come to report room. */
static void writer_that_memory_refused_hears_when_there_is_some(void **state)
{
    struct talk *talk = *state;
    const uint8_t byte = talk_byte(1);
    size_t taken = 1;

    talk_establish(talk);
    hold_all(talk);
    assert_int_equal(leat_tcp_write(talk->conn, &byte, 1, &taken), LEAT_ERR_FULL);
    assert_int_equal(taken, 0);
    let_go();
    talk_wait(talk, 5 * ms);
    assert_int_equal(talk->writable, 1);
    assert_int_equal(leat_tcp_write(talk->conn, &byte, 1, &taken), LEAT_OK);
    world_poll(talk->world);
    tx(talk, PSH | ACK, 1, 1, 1);
}

/* No other event will report the data. */
static void reader_of_a_part_that_found_no_descriptor_hears_when_there_is_one(void **state)
{
    struct talk *talk = *state;
    struct leat_buf *data, *whole, *views = NULL, *view;

    talk->read_nothing = true;
    talk_establish(talk);
    whole = leat_buf_alloc(leat_pool(talk->world->stack), 0);
    rx(talk, PSH | ACK, 1, 1, 100);
    world_poll(talk->world);
    while ((view = leat_buf_slice(whole, 0, 0))) {
        view->queued = views;
        views = view;
    }
    talk->readable = 0;
    assert_null(leat_tcp_receive(talk->conn, 10));
    assert_int_equal(leat_tcp_readable(talk->conn), 100);
    talk_wait(talk, 5 * ms); /* without a callback in each turn */
    assert_int_equal(talk->readable, 1);
    assert_null(leat_tcp_receive(talk->conn, 10));
    world_give_all(views);
    leat_buf_free(whole);
    talk_wait(talk, 5 * ms);
    assert_int_equal(talk->readable, 2);
    data = leat_tcp_receive(talk->conn, 10);
    assert_int_equal(leat_buf_total(data), 10);
    leat_buf_free(data);
    data = leat_tcp_receive(talk->conn, 1000);
    assert_int_equal(leat_buf_total(data), 90);
    leat_buf_free(data);
    leat_tcp_consumed(talk->conn, 100);
    talk_wait(talk, second);
    assert_int_equal(talk->readable, 2);
}

/* ... nor retried after the program has closed the connection. */
static void reader_that_found_no_descriptor_may_close(void **state)
{
    struct talk *talk = *state;
    struct leat_buf *whole, *views = NULL, *view;

    talk->read_nothing = true;
    talk_establish(talk);
    whole = leat_buf_alloc(leat_pool(talk->world->stack), 0);
    rx(talk, PSH | ACK, 1, 1, 100);
    world_poll(talk->world);
    assert_int_equal(leat_tcp_shutdown(talk->conn), LEAT_OK);
    world_poll(talk->world);
    tx(talk, FIN | ACK, 1, 101, 0);
    rx(talk, FIN | ACK, 101, 2, 0); /* in TIME-WAIT; data received before stays */
    tx(talk, ACK, 2, 102, 0);
    while ((view = leat_buf_slice(whole, 0, 0))) {
        view->queued = views;
        views = view;
    }
    assert_null(leat_tcp_receive(talk->conn, 10));
    world_give_all(views);
    leat_buf_free(whole);
    leat_tcp_close(talk->conn);
    world_poll(talk->world);
    assert_int_equal(talk->closed, 1);
    talk_wait(talk, second);
    quiet(talk);
}

/* More than the limit that memory leaves, with an empty queue: no ACK will come when it rises. */
static void sender_of_more_than_memory_allows_hears_when_there_is_some(void **state)
{
    static const uint8_t data[100 * 1024];
    struct talk *talk = *state;
    struct leat_pool *pool = leat_pool(talk->world->stack);
    struct leat_buf *list;

    talk_establish(talk);
    hold_all(talk);
    assert_true(leat_tcp_send_room(talk->conn) < sizeof data);
    list = leat_buf_lend(pool, data, sizeof data, 0, 0);
    assert_int_equal(leat_tcp_send(talk->conn, list), LEAT_ERR_FULL);
    let_go();
    talk_wait(talk, 5 * ms);
    assert_int_equal(talk->writable, 1);
    list = leat_buf_lend(pool, data, sizeof data, 0, 0);
    assert_int_equal(leat_tcp_send(talk->conn, list), LEAT_OK);
}

/* The queue was not full when the program filled it, but is now, because memory is scarce. A
 * program that asks for room and gets 0 waits for on_writable. */
static void program_that_asks_for_room_hears_when_the_limit_rises_again(void **state)
{
    struct talk *talk = *state;
    uint32_t room;

    talk_establish(talk);
    talk_send(talk, 50 * MSS);
    room = leat_tcp_send_room(talk->conn);
    assert_true(room > 0);
    hold_all(talk);
    talk_wait(talk, ms); /* until then the promised room holds */
    assert_int_equal(leat_tcp_send_room(talk->conn), 0);
    let_go();
    assert_int_equal(talk->writable, 0);
    world_mark(talk->world);
    rx(talk, ACK, 1, 1 + 2 * MSS, 0);
    assert_int_equal(talk->writable, 1);
    assert_int_equal(leat_tcp_send_room(talk->conn), room + 2 * MSS);
    world_mark(talk->world);
}

/* A program that writes whenever on_writable is called. */
static unsigned writable_count;
static size_t write_bytes;

static void write_again(struct leat_tcp *conn, void *arg)
{
    static const uint8_t data[4096];
    size_t taken;

    (void)arg;
    writable_count++;
    leat_tcp_write(conn, data, write_bytes, &taken);
}

static const struct leat_tcp_events writers = {.on_writable = write_again};

/* The connection of the peer's next port, with a program that will write. */
static struct leat_tcp *open_writer(struct talk *talk)
{
    struct leat_tcp *conn;

    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
    rx(talk, ACK, 1, 1, 0);
    conn = leat_tcp_accept(talk->listener, &writers, talk);
    assert_non_null(conn);
    talk->port_peer++;
    return conn;
}

/* Peers that close their windows hold half of the pool. The other connections retry from time to
 * time, but all together they must not retry all the time. */
static void writers_that_memory_refused_do_not_keep_the_stack_busy(void **state)
{
    enum {
        WRITERS = 500
    };
    struct talk *talk = *state;
    struct leat_tcp *conns[WRITERS];

    talk->world->tcp_config.connections = WRITERS + WRITERS / 32; /* some for others */
    talk_begin(talk);
    talk->hold_on_accept = true;
    talk_listen(talk);
    for (unsigned i = 0; i < WRITERS; i++)
        conns[i] = open_writer(talk);
    hold_all(talk);
    writable_count = 0;
    write_bytes = 1;
    for (unsigned i = 0; i < WRITERS; i++)
        write_again(conns[i], talk);
    talk_wait(talk, second);
    assert_in_range(writable_count, WRITERS, 25000); /* 1,000 each, without that limit */
    let_go();
    writable_count = 0;
    talk_wait(talk, 100 * ms);
    assert_int_equal(writable_count, WRITERS); /* all are called soon */
    world_mark(talk->world);
}

/* A connection with data in flight is woken by ACKs: the longer they don't come, the less often it
 * retries. */
static void writer_that_waits_for_ACKs_looks_seldom_for_memory(void **state)
{
    struct talk *talk = *state;
    struct leat_tcp *conn;
    size_t taken;

    talk_begin(talk);
    talk->hold_on_accept = true;
    talk_listen(talk);
    conn = open_writer(talk);
    assert_int_equal(leat_tcp_write(conn, "some text", 9, &taken), LEAT_OK);
    world_poll(talk->world);
    hold_all(talk);
    writable_count = 0;
    write_bytes = 4096; /* the first write finds room in the last buffer */
    write_again(conn, talk);
    talk_wait(talk, 10 * second);
    assert_in_range(writable_count, 1, 500); /* the stack retries, and calls when there is room */
    let_go();
    world_mark(talk->world);
}

/* Opens a connection from the peer's next port, and closes it, we first: to TIME-WAIT. */
static void open_and_close(struct talk *talk)
{
    leat_tcp_close(open_writer(talk));
    talk->port_peer--;
    world_poll(talk->world);
    tx(talk, FIN | ACK, 1, 1, 0);
    rx(talk, FIN | ACK, 1, 2, 0);
    tx(talk, ACK, 2, 2, 0);
    talk->port_peer++;
}

/* Many connections that are opened and closed at one time end at one time. */
static void TIME_WAIT_of_a_crowd_ends_in_parts(void **state)
{
    enum {
        CROWD = 1000,
        AT_ONCE = 256
    };
    struct talk *talk = *state;
    struct place place = {.talk = talk};
    uint32_t free_entries, before;

    talk->world->tcp_config.time_wait = CROWD;
    talk->world->tcp_config.msl_ns = second;
    talk_begin(talk);
    talk->hold_on_accept = true;
    talk_listen(talk);
    free_entries = place_free_entries(&place);
    for (unsigned i = 0; i < CROWD; i++)
        open_and_close(talk);
    assert_int_equal(place_free_entries(&place), free_entries - CROWD);
    while ((before = place_free_entries(&place)) < free_entries) {
        assert_true(talk->world->next_ns != LEAT_NEVER_NS);
        talk->world->now_ns = talk->world->next_ns;
        world_poll(talk->world);
        assert_in_range(place_free_entries(&place) - before, 0, AT_ONCE);
    }
    world_mark(talk->world);
}

/* ACKs come in full-sized buffers: copies must leave some, or nothing would ever be released. */
static void copies_leave_buffers_for_received_frames(void **state)
{
    struct talk *talk = *state;
    static const uint8_t data[65536];
    size_t taken;

    talk_establish(talk);
    hold_all(talk);
    for (unsigned i = 0; i < 4; i++) /* a few are free, less than a share of the pool */
        leat_buf_free(held[--held_count]);
    assert_int_equal(leat_tcp_write(talk->conn, data, sizeof data, &taken), LEAT_ERR_FULL);
    assert_int_equal(leat_pool_free_count(leat_pool(talk->world->stack)), 4);
    let_go();
}

/* A connection that holds much must stop while others, which hold nothing, may still send.
 * Otherwise its data takes each buffer that becomes free, and no other connection gets an
 * answer. */
static void data_of_a_large_holder_ends_before_answers_to_others_do(void **state)
{
    struct talk *talk = *state;
    struct leat_pool *pool = leat_pool(talk->world->stack);
    const uint32_t sixteenth = leat_pool_free_count(pool) / 16;
    uint32_t at = 1;

    talk->read_nothing = true;
    talk_establish(talk);
    for (; at < 1 + sixteenth * 100; at += 100) {
        rx(talk, ACK, at, 1, 100);
        world_mark(talk->world);
    }
    while (leat_pool_free_count(pool) > sixteenth * 5 / 2)
        held[held_count++] = leat_buf_alloc(pool, 0);
    world_mark(talk->world);
    rx(talk, ACK, at, 1, 100);
    assert_ended(talk->world, drop_tcp_memory);
    while (leat_pool_free_count(pool) < sixteenth * 7 / 2)
        leat_buf_free(held[--held_count]);
    world_mark(talk->world);
    rx(talk, ACK, at, 1, 100);
    assert_ended(talk->world, taken_tcp);
    world_mark(talk->world);
    let_go();
}

static void lent_memory_leaves_buffers_for_headers(void **state)
{
    struct talk *talk = *state;
    struct leat_pool *pool = leat_pool(talk->world->stack);

    talk_listen(talk);
    while (held_count < HELD_MAX && (held[held_count] = leat_buf_lend(pool, "x", 1, NULL, NULL)))
        held_count++;
    assert_true(held_count > 0 && held_count < HELD_MAX);
    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
    let_go();
}

/* RFC 9293 3.10.7.4 checks SEQ first, but the window counts from this ACK. */
static void window_of_a_new_ACK_counts_though_its_SEQ_is_old(void **state)
{
    struct talk *talk = *state;

    talk_establish_with(talk, MSS, NO_SHIFT);
    talk_send(talk, 2 * MSS);
    tx(talk, ACK, 1, 1, MSS);
    tx(talk, PSH | ACK, 1 + MSS, 1, MSS);
    rx(talk, ACK, 101, 1, 10);
    tx(talk, ACK, 1 + 2 * MSS, 1, 0);
    talk->window_peer = 1000;
    rx(talk, ACK, 1, 1 + 2 * MSS, 100); /* sent again, after all of our data had arrived */
    tx(talk, ACK, 1 + 2 * MSS, 111, 0);
    assert_int_equal(talk_info(talk).snd_wnd_bytes, 1000);
}

/* RFC 7323 2.2: a scale of 0 is a scale; the peer may have missed our first SYN. */
static void SYN_ACK_of_a_simultaneous_open_repeats_a_scale_of_0(void **state)
{
    struct talk *talk = *state;

    talk->world->tcp_config.receive_window_bytes = 60000;
    talk_begin(talk);
    talk_connect(talk);
    tx(talk, SYN, 0, 0, 0);
    assert_non_null(talk_option(talk, WIND_SHIFT));
    talk_options(talk, MSS, 3);
    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
    assert_non_null(talk_option(talk, WIND_SHIFT));
    assert_int_equal(talk_option(talk, WIND_SHIFT)[2], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        talk_test(writer_that_memory_refused_hears_when_there_is_some),
        talk_test(reader_of_a_part_that_found_no_descriptor_hears_when_there_is_one),
        talk_test(reader_that_found_no_descriptor_may_close),
        talk_test(sender_of_more_than_memory_allows_hears_when_there_is_some),
        talk_test(program_that_asks_for_room_hears_when_the_limit_rises_again),
        talk_test_later(writers_that_memory_refused_do_not_keep_the_stack_busy),
        talk_test_later(writer_that_waits_for_ACKs_looks_seldom_for_memory),
        talk_test_later(TIME_WAIT_of_a_crowd_ends_in_parts),
        talk_test(copies_leave_buffers_for_received_frames),
        talk_test(data_of_a_large_holder_ends_before_answers_to_others_do),
        talk_test(lent_memory_leaves_buffers_for_headers),
        talk_test(window_of_a_new_ACK_counts_though_its_SEQ_is_old),
        talk_test_later(SYN_ACK_of_a_simultaneous_open_repeats_a_scale_of_0),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
