/* test_listener.c -- connections that wait at a listener, for how long, and the full backlog. */
#include "talk.h"

/* A SYN from @port; the listener answers. */
static void knock(struct talk *talk, uint16_t port)
{
    talk->port_peer = port;
    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
}

/* ... and the handshake is completed. */
static void come_in(struct talk *talk, uint16_t port)
{
    knock(talk, port);
    rx(talk, ACK, 1, 1, 0);
    quiet(talk);
}

static void listen_for(struct talk *talk, uint16_t backlog)
{
    talk->listen.backlog = backlog;
    talk->hold_on_accept = true;
    talk_listen(talk);
    assert_int_equal(talk->err, LEAT_OK);
}

/* The first waiting connection came from @port. It is aborted, so that its place is free. */
static void accept_from(struct talk *talk, uint16_t port)
{
    talk_accept(talk);
    assert_non_null(talk->conn);
    assert_int_equal(talk_info(talk).remote.port, port);
    leat_tcp_abort(talk->conn);
    world_poll(talk->world);
    assert_null(talk->conn);
    world_mark(talk->world);
}

static void connections_are_accepted_in_their_order(void **state)
{
    struct talk *talk = *state;

    listen_for(talk, 0);
    come_in(talk, 5001);
    come_in(talk, 5000);
    come_in(talk, 5002);
    accept_from(talk, 5001);
    accept_from(talk, 5000);
    accept_from(talk, 5002);
    talk_accept(talk);
    assert_null(talk->conn);
}

/* One turn: the handshake's last ACK with the request, the accept, the callback that reads it. So
 * the answer carries the ACK. */
static void data_that_comes_with_the_last_ACK_is_read_when_it_is_accepted(void **state)
{
    struct talk *talk = *state;

    talk_listen(talk);
    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
    rx(talk, ACK | FIN, 1, 1, 100);
    talk_heard(talk, 100);
    tx(talk, ACK, 1, 102, 0);
    quiet(talk);
}

/* Half-open and waiting connections both count. */
static void full_backlog_refuses_in_silence(void **state)
{
    struct talk *talk = *state;

    talk->world->tcp_config.no_cookies = true;
    talk_begin(talk);
    listen_for(talk, 2);
    come_in(talk, 5000);
    knock(talk, 5001);
    talk->port_peer = 5002;
    rx(talk, SYN, 0, 0, 0);
    assert_dropped(talk->world, drop_tcp_backlog);
    accept_from(talk, 5000);
    knock(talk, 5002); /* the peer's next SYN finds a place */
}

static void half_open_connections_have_a_limit_of_their_own(void **state)
{
    struct talk *talk = *state;

    talk->world->tcp_config.half_open = 2;
    talk->world->tcp_config.no_cookies = true;
    talk_begin(talk);
    listen_for(talk, 100);
    knock(talk, 5000);
    knock(talk, 5001);
    talk->port_peer = 5002;
    rx(talk, SYN, 0, 0, 0);
    assert_dropped(talk->world, drop_tcp_backlog);
    talk_wait(talk, 70 * second); /* the unanswered ones end */
    world_mark(talk->world);
    knock(talk, 5002);
}

/* RFC 9293 3.10.7.4 second: its place is free */
static void RST_of_a_half_open_connection_frees_its_place(void **state)
{
    struct talk *talk = *state;

    listen_for(talk, 1);
    knock(talk, 5000);
    rx(talk, RST, 1, 0, 0);
    quiet(talk);
    come_in(talk, 5001);
    accept_from(talk, 5001);
}

/* The connection stays half open, and is established once there is room. */
static void no_room_for_a_connection_is_no_end(void **state)
{
    struct talk *talk = *state;

    talk->world->tcp_config.connections = 1;
    talk_begin(talk);
    listen_for(talk, 0);
    come_in(talk, 5000);
    knock(talk, 5001);
    rx(talk, ACK, 1, 1, 0);
    assert_dropped(talk->world, drop_tcp_memory);
    accept_from(talk, 5000);
    rx(talk, ACK, 1, 1, 100); /* data, sent again */
    accept_from(talk, 5001);
}

static void connection_with_data_can_be_accepted_late(void **state)
{
    struct talk *talk = *state;

    listen_for(talk, 0);
    come_in(talk, 5000);
    rx(talk, ACK, 1, 1, 100);
    talk_wait(talk, 100 * ms);
    tx(talk, ACK, 1, 101, 0);
    assert_int_equal(talk->readable, 0);
    talk_accept(talk);
    world_poll(talk->world);
    talk_heard(talk, 100);
}

/* Reset while it waited: on_closed is called after the accept. */
static void connection_that_died_waiting_says_so(void **state)
{
    struct talk *talk = *state;

    listen_for(talk, 0);
    come_in(talk, 5000);
    rx(talk, RST, 1, 0, 0);
    assert_int_equal(talk->closed, 0);
    talk_accept(talk);
    assert_non_null(talk->conn);
    world_poll(talk->world);
    assert_int_equal(talk->closed, 1);
    assert_int_equal(talk->why, LEAT_ERR_RESET);
}

/* RFC 9293 3.10.4, 3.10.5: they can't be accepted any more */
static void closing_listener_resets_all_that_wait(void **state)
{
    struct talk *talk = *state;

    listen_for(talk, 0);
    come_in(talk, 5000);
    knock(talk, 5001);
    leat_tcp_listener_close(talk->listener);
    world_poll(talk->world);
    tx(talk, RST | ACK, 1, 1, 0);
    talk->port_peer = 5000;
    talk->iss = frame_get32(world_expect(talk->world)->bytes + FRAME_L4 + 4) - 1;
    quiet(talk);
    rx(talk, SYN, 0, 0, 0); /* RFC 9293 3.10.7.1: the port is closed */
    talk->iss = 0;
    tx(talk, RST | ACK, 0, 1, 0);
    assert_ended(talk->world, drop_tcp_port);
}

static void accepted_connections_survive_their_listener(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    leat_tcp_listener_close(talk->listener);
    world_poll(talk->world);
    quiet(talk);
    rx(talk, ACK, 1, 1, 10);
    talk_heard(talk, 10);
}

static void port_of_a_closed_listener_is_free(void **state)
{
    struct talk *talk = *state;

    talk_listen(talk);
    talk_listen(talk);
    assert_int_equal(talk->err, LEAT_ERR_IN_USE);
    leat_tcp_listener_close(talk->listener);
    talk_listen(talk);
    assert_int_equal(talk->err, LEAT_OK);
}

/* A SYN goes to the listener at its address, or else to the one at all addresses. */
static bool accept_one(struct leat_tcp_listener *listener, uint32_t *count)
{
    struct leat_tcp *conn = leat_tcp_accept(listener, 0, 0);

    if (!conn)
        return false;
    leat_tcp_abort(conn);
    ++*count;
    return true;
}

static void accept_to(struct leat_tcp_listener *listener, uint32_t *count)
{
    while (accept_one(listener, count))
        ;
}

static void the_nearer_listener_hears(void **state)
{
    struct talk *talk = *state;
    const struct leat_tcp_listen_config config = {.ip = world_ip(talk->world, IP_US),
                                                  .port = PORT_US};
    struct leat_tcp_listener *nearer;
    uint32_t near = 0, far = 0;

    listen_for(talk, 0);
    come_in(talk, 5000);
    come_in(talk, 5001);
    accept_to(talk->listener, &far);
    assert_int_equal(far, 2);
    assert_int_equal(leat_tcp_listen(talk->world->stack, &nearer, &config), LEAT_OK);
    world_poll(talk->world);
    world_mark(talk->world);
    come_in(talk, 5002);
    accept_to(nearer, &near);
    accept_to(talk->listener, &far);
    assert_int_equal(near, 1);
    assert_int_equal(far, 2);
    leat_tcp_listener_close(nearer);
    world_poll(talk->world);
    world_mark(talk->world);
    come_in(talk, 5003);
    accept_to(talk->listener, &far);
    assert_int_equal(far, 3);
}

static void wait_until(struct talk *talk, uint64_t at_ns)
{
    talk_wait(talk, at_ns - leat_now_ns(talk->world->stack));
}

/* One timer serves all half-open connections (tcp/passive/half.c). */
static void each_half_open_connection_waits_its_own_time(void **state)
{
    static const struct {
        uint32_t at_ms;
        uint16_t port;
    } again[] = {{1000, 5000}, {1300, 5001}, {2400, 5002},
                 {3000, 5000}, {3300, 5001}, {4400, 5002}};
    struct talk *talk = *state;
    uint64_t begin;

    listen_for(talk, 0);
    begin = leat_now_ns(talk->world->stack);
    knock(talk, 5000);
    wait_until(talk, begin + 300 * ms);
    knock(talk, 5001);
    for (unsigned i = 0; i < sizeof again / sizeof *again; i++) {
        wait_until(talk, begin + (again[i].at_ms - 10) * ms);
        quiet(talk);
        wait_until(talk, begin + (again[i].at_ms + 10) * ms);
        talk->port_peer = again[i].port;
        tx(talk, SYN | ACK, 0, 1, 0);
        quiet(talk);
        if (i == 1) {
            wait_until(talk, begin + 1400 * ms);
            knock(talk, 5002);
        }
    }
    rx(talk, ACK, 1, 1, 0);
    talk_accept(talk);
    assert_non_null(talk->conn);
    assert_int_equal(talk_info(talk).remote.port, 5002);
}

/* Many that came together are not all answered together. */
static void SYN_ACKs_of_a_crowd_go_again_in_parts(void **state)
{
    enum {
        CROWD = 600,
        AT_ONCE = 256
    };
    struct talk *talk = *state;
    const struct leat_stats *stats;
    uint64_t before;

    talk->world->tcp_config.half_open = CROWD;
    talk_begin(talk);
    stats = leat_stats(talk->world->stack);
    listen_for(talk, CROWD);
    for (uint16_t i = 0; i < CROWD; i++)
        knock(talk, (uint16_t)(5000 + i));
    while ((before = stats->tcp_retransmitted) < CROWD) {
        assert_true(talk->world->next_ns != LEAT_NEVER_NS);
        talk->world->now_ns = talk->world->next_ns;
        world_poll(talk->world);
        assert_in_range(stats->tcp_retransmitted - before, 0, AT_ONCE);
    }
    assert_int_equal(stats->tx_dropped, 0);
    world_mark(talk->world);
}

/* Accepts one connection each time it is called, or none. */
struct taker {
    unsigned calls, taken;
    bool takes;
};

static void take_one(struct leat_tcp_listener *listener, void *arg)
{
    struct taker *taker = arg;

    taker->calls++;
    if (taker->takes)
        accept_one(listener, &taker->taken);
}

static void program_that_accepts_some_is_called_for_the_others(void **state)
{
    struct talk *talk = *state;
    struct taker taker = {.takes = false};
    const struct leat_tcp_listen_config config = {
        .port = PORT_US, .on_acceptable = take_one, .arg = &taker};

    assert_int_equal(leat_tcp_listen(talk->world->stack, &talk->listener, &config), LEAT_OK);
    come_in(talk, 5000);
    come_in(talk, 5001);
    talk_wait(talk, second);
    assert_int_equal(taker.calls, 2); /* after accepting none, it is called only for a new one */
    taker.takes = true;
    knock(talk, 5002);
    rx(talk, ACK, 1, 1, 0);
    talk_wait(talk, ms);
    assert_int_equal(taker.calls, 5);
    assert_int_equal(taker.taken, 3);
    world_mark(talk->world);
    leat_tcp_listener_close(talk->listener);
}

static void listener_on_no_port_or_on_an_address_of_others_is_refused(void **state)
{
    struct talk *talk = *state;
    struct leat *stack = talk->world->stack;
    struct leat_tcp_listen_config config = {.port = 0};
    struct leat_tcp_listener *listener;

    assert_int_equal(leat_tcp_listen(stack, &listener, &config), LEAT_ERR_ARGUMENT);
    config = (struct leat_tcp_listen_config){.ip = world_ip(talk->world, IP_OTHER), .port = 80};
    assert_int_equal(leat_tcp_listen(stack, &listener, &config), LEAT_ERR_ARGUMENT);
    config.ip = world_ip(talk->world, IP_US);
    assert_int_equal(leat_tcp_listen(stack, &listener, &config), LEAT_OK);
    assert_ptr_equal(leat_tcp_listener_stack(listener), stack);
    leat_tcp_listener_close(listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        talk_test(listener_on_no_port_or_on_an_address_of_others_is_refused),
        talk_test(program_that_accepts_some_is_called_for_the_others),
        talk_test(connections_are_accepted_in_their_order),
        talk_test(data_that_comes_with_the_last_ACK_is_read_when_it_is_accepted),
        talk_test_later(full_backlog_refuses_in_silence),
        talk_test_later(half_open_connections_have_a_limit_of_their_own),
        talk_test(RST_of_a_half_open_connection_frees_its_place),
        talk_test_later(no_room_for_a_connection_is_no_end),
        talk_test(connection_with_data_can_be_accepted_late),
        talk_test(connection_that_died_waiting_says_so),
        talk_test(closing_listener_resets_all_that_wait),
        talk_test(accepted_connections_survive_their_listener),
        talk_test(port_of_a_closed_listener_is_free),
        talk_test(the_nearer_listener_hears),
        talk_test(each_half_open_connection_waits_its_own_time),
        talk_test_later(SYN_ACKs_of_a_crowd_go_again_in_parts),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
