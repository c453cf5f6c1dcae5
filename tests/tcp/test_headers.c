/* test_headers.c -- the headers that a connection prepares for its segments (ip/flow_headers.h):
 * they are those of the general path, and aren't used when they have become invalid. */
#include "talk.h"

#include "base.h"
#include "ip/flow_headers.h"
#include "tcp/tcp.h"

enum {
    MESSAGE = 100,
    EARLIER = 10, /* bytes that the peer has sent */
    VIEWS_MAX = 8192
};

/* Sends a message that begins at @at, which the peer acknowledges; returns its end. */
static uint32_t say(struct talk *talk, uint32_t at)
{
    talk_send(talk, MESSAGE);
    tx(talk, PSH | ACK, at, 1, MESSAGE);
    rx(talk, ACK, 1, at + MESSAGE, 0);
    return at + MESSAGE;
}

static bool are_prepared(const struct talk *talk)
{
    return flow_headers_lead(talk->world->stack, talk->conn->transfer->headers);
}

/* Two messages: the second one prepares the headers. Returns the next sequence number. */
static uint32_t prepare(struct talk *talk)
{
    uint32_t at;

    talk_establish(talk);
    at = say(talk, 1);
    assert_false(are_prepared(talk));
    at = say(talk, at);
    assert_int_equal(are_prepared(talk), FOR_SPEED);
    return at;
}

static void prepared_headers_are_those_of_the_general_path(void **state)
{
    struct talk *talk = *state;
    const uint32_t at = prepare(talk);
    const struct fake_frame before = talk->last;

    say(talk, at);
    assert_int_equal(talk->last.len, before.len);
    assert_memory_equal(talk->last.bytes, before.bytes, FRAME_IP + 20);
}

static void prepared_headers_get_a_later_dscp(void **state)
{
    struct talk *talk = *state;
    uint32_t at = prepare(talk);

    leat_tcp_set_dscp(talk->conn, 46);
    at = say(talk, at);
    assert_int_equal(talk->last.bytes[FRAME_IP + 1], 46 << 2);
    leat_tcp_set_dscp(talk->conn, 0);
    say(talk, at);
    assert_int_equal(talk->last.bytes[FRAME_IP + 1], 0);
}

/* Two messages make the headers again: the first one finds the path. */
static void expect_prepared_again(struct talk *talk, uint32_t at)
{
    assert_false(are_prepared(talk));
    at = say(talk, at);
    at = say(talk, at);
    assert_int_equal(are_prepared(talk), FOR_SPEED);
    say(talk, at);
}

static void prepared_headers_are_void_after_a_change_of_routes(void **state)
{
    struct talk *talk = *state;
    const uint32_t at = prepare(talk);

    talk->world->stack->route_generation++;
    expect_prepared_again(talk, at);
}

static void prepared_headers_are_void_after_a_change_of_neighbours(void **state)
{
    struct talk *talk = *state;
    const uint32_t at = prepare(talk);

    talk->world->stack->neighbour_generation++;
    expect_prepared_again(talk, at);
}

/* Data from the peer confirms the neighbour (RFC 4861 7.3.1), once a second. */
static void neighbour_is_confirmed_from_time_to_time(void **state)
{
    struct talk *talk = *state;
    const uint32_t at = prepare(talk);
    const uint64_t before_ns = talk->conn->transfer->headers->reached_until_ns;

    talk_wait(talk, 2 * second);
    rx(talk, PSH | ACK, 1, at, EARLIER);
    talk_send(talk, MESSAGE);
    tx(talk, PSH | ACK, at, 1 + EARLIER, MESSAGE);
    if (FOR_SPEED)
        assert_true(talk->conn->transfer->headers->reached_until_ns > before_ns);
}

static void message_without_memory_is_sent_later(void **state)
{
    static struct leat_buf *views[VIEWS_MAX];
    struct talk *talk = *state;
    const uint32_t at = prepare(talk);
    struct leat_buf *whole = leat_buf_alloc(leat_pool(talk->world->stack), 0);
    unsigned count = 0;

    talk_queue(talk, MESSAGE);
    while (count < VIEWS_MAX && (views[count] = leat_buf_slice(whole, 0, 0)))
        count++;
    assert_in_range(count, 1, VIEWS_MAX - 1);
    world_poll(talk->world);
    quiet(talk);
    while (count > 0)
        leat_buf_free(views[--count]);
    leat_buf_free(whole);
    talk_wait(talk, 5 * ms);
    tx(talk, PSH | ACK, at, 1, MESSAGE);
}

static void headers_of_one_connection_are_not_the_next_ones(void **state)
{
    struct talk *talk = *state;
    struct leat_tcp *conn;
    const uint32_t at = prepare(talk);

    conn = talk->conn;
    rx(talk, RST, 1, at, 0);
    talk->port_peer++;
    talk_establish(talk);
    assert_ptr_equal(talk->conn, conn); /* the entry that was freed last */
    assert_false(are_prepared(talk));
    say(talk, 1);
    assert_false(are_prepared(talk));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        talk_test(prepared_headers_are_those_of_the_general_path),
        talk_test(prepared_headers_get_a_later_dscp),
        talk_test(prepared_headers_are_void_after_a_change_of_routes),
        talk_test(prepared_headers_are_void_after_a_change_of_neighbours),
        talk_test(neighbour_is_confirmed_from_time_to_time),
        talk_test(message_without_memory_is_sent_later),
        talk_test(headers_of_one_connection_are_not_the_next_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
