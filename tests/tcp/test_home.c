/* test_home.c -- connections of a stack with itself (RFC 9293 3.9.1, RFC 1122 3.3.1.1). */
#include "talk.h"

enum {
    DATA_BYTES = 300000
};

/* One of the two ends. */
struct end {
    struct leat_tcp *conn;
    uint32_t heard;
    bool closed;
    enum leat_err why;
};

struct home {
    struct talk *talk;
    struct end caller, called;
};

static void on_readable(struct leat_tcp *conn, void *arg)
{
    struct end *end = arg;
    struct leat_buf *data;

    while ((data = leat_tcp_receive(conn, UINT32_MAX))) {
        const uint32_t len = leat_buf_total(data);

        for (uint32_t i = 0; i < len; i += 997) {
            uint8_t byte;

            leat_buf_read(data, i, &byte, 1);
            assert_int_equal(byte, talk_byte(end->heard + i));
        }
        end->heard += len;
        leat_buf_free(data);
        leat_tcp_consumed(conn, len);
    }
    if (leat_tcp_at_end(conn))
        leat_tcp_close(conn);
}

static void on_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    struct end *end = arg;

    (void)conn;
    end->closed = true;
    end->why = why;
}

static const struct leat_tcp_events events = {.on_readable = on_readable, .on_closed = on_closed};

static void on_acceptable(struct leat_tcp_listener *listener, void *arg)
{
    struct home *home = arg;

    home->called.conn = leat_tcp_accept(listener, &events, &home->called);
}

static void write_all(struct talk *talk, struct leat_tcp *conn, uint32_t len)
{
    uint8_t data[1000];
    uint32_t at = 0;

    for (unsigned turn = 0; at < len && turn < 100000; turn++) {
        const uint32_t here = len - at < sizeof data ? len - at : sizeof data;
        size_t taken = 0;

        for (uint32_t i = 0; i < here; i++)
            data[i] = talk_byte(at + i);
        if (leat_tcp_write(conn, data, here, &taken) == LEAT_ERR_FULL || taken < here)
            talk_wait(talk, ms);
        at += (uint32_t)taken;
    }
    assert_int_equal(at, len);
}

static struct leat_tcp_listener *open_both(struct talk *talk, struct home *home)
{
    const struct leat_tcp_listen_config config = {
        .port = PORT_US, .on_acceptable = on_acceptable, .arg = home};
    const struct leat_endpoint us = talk_remote(talk, IP_US, PORT_US);
    struct leat *stack = talk->world->stack;
    struct leat_tcp_listener *listener;

    home->talk = talk;
    world_mark(talk->world);
    assert_int_equal(leat_tcp_listen(stack, &listener, &config), LEAT_OK);
    assert_int_equal(leat_tcp_connect(stack, &home->caller.conn, &us, 0, &events, &home->caller),
                     LEAT_OK);
    talk_wait(talk, second);
    assert_non_null(home->called.conn);
    assert_ptr_equal(leat_tcp_stack(home->called.conn), stack);
    return listener;
}

/* No frame is sent, every byte arrives, both ends close in order. */
static void stack_talks_with_itself(void **state)
{
    struct talk *talk = *state;
    struct home home = {0};
    struct leat_tcp_listener *listener = open_both(talk, &home);

    write_all(talk, home.caller.conn, DATA_BYTES);
    write_all(talk, home.called.conn, 1000);
    leat_tcp_shutdown(home.caller.conn);
    talk_wait(talk, 10 * second);
    assert_int_equal(home.called.heard, DATA_BYTES);
    assert_int_equal(home.caller.heard, 1000);
    talk_wait(talk, 300 * second);
    assert_true(home.caller.closed && home.called.closed);
    assert_int_equal(home.caller.why, LEAT_OK);
    assert_int_equal(home.called.why, LEAT_OK);
    assert_true(talk_grown(talk, rx_loopback) > 0);
    assert_int_equal(talk_grown(talk, tx_frames), 0);
    leat_tcp_listener_close(listener);
}

/* To ourselves a segment may be 65,483 bytes long. That is more than a small pool has, or than a
 * third of its free part, which is the limit of the window. */
static void window_opens_though_no_segment_fits_into_it(void **state)
{
    static const uint32_t buffers[] = {48, 64, 96, 128};

    (void)state;
    for (unsigned i = 0; i < sizeof buffers / sizeof *buffers; i++) {
        struct home home = {0};
        struct leat_tcp_listener *listener;
        struct talk *talk;
        void *fixture;

        talk_setup_later(&fixture);
        talk = fixture;
        talk->world->config.buf_count = buffers[i];
        talk_begin(talk);
        listener = open_both(talk, &home);
        write_all(talk, home.caller.conn, DATA_BYTES);
        talk_wait(talk, 100 * second);
        assert_int_equal(home.called.heard, DATA_BYTES);
        leat_tcp_shutdown(home.caller.conn);
        talk_wait(talk, 300 * second);
        assert_true(home.caller.closed && home.called.closed);
        leat_tcp_listener_close(listener);
        talk_teardown(&fixture);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        talk_test(stack_talks_with_itself),
        cmocka_unit_test(window_opens_though_no_segment_fits_into_it),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
