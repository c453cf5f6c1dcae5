/* test_limits.c -- a listener's limits: lifetime, number, eviction and send queue of its
 * connections; and the limit on a hole in a peer's data. */
#include "talk.h"

/* A client on @port connects. */
static void come_in(struct talk *talk, uint16_t port)
{
    talk->port_peer = port;
    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
    rx(talk, ACK, 1, 1, 0);
    world_mark(talk->world);
}

/* ---- lifetime ----------------------------------------------------------------------------- */

static void silent_peer_is_left_after_the_idle_time(void **state)
{
    struct talk *talk = *state;

    talk->listen.idle_timeout_ns = 5 * second;
    talk_establish(talk);
    talk_wait(talk, 4 * second);
    rx(talk, ACK, 1, 1, 10); /* from here on */
    talk_wait(talk, second);
    tx(talk, ACK, 1, 11, 0);
    talk_wait(talk, 3 * second);
    talk_silence(talk, second);
    tx(talk, RST | ACK, 1, 11, 0);
    assert_int_equal(talk->closed, 1);
    assert_int_equal(talk->why, LEAT_ERR_TIMEOUT);
    assert_int_equal(leat_stats(talk->world->stack)->tcp_limits_reached, 1);
}

/* Data that we send doesn't show that the peer is alive. */
static void data_to_a_silent_peer_is_no_life(void **state)
{
    struct talk *talk = *state;

    talk->listen.idle_timeout_ns = 5 * second;
    talk_establish(talk);
    talk_wait(talk, 4 * second);
    talk_send(talk, 10);
    world_mark(talk->world);
    talk_wait(talk, second + 10 * ms);
    assert_int_equal(talk->closed, 1);
    assert_int_equal(talk->why, LEAT_ERR_TIMEOUT);
    world_mark(talk->world);
}

/* How long a connection lasts whose peer never falls silent. */
static uint64_t life_ns(struct talk *talk, uint16_t port)
{
    const uint64_t begun_ns = leat_now_ns(talk->world->stack);

    come_in(talk, port);
    while (talk->conn) {
        talk_wait(talk, 50 * ms);
        world_mark(talk->world);
        if (talk->conn)
            rx(talk, ACK, 1, 1, 0);
    }
    assert_int_equal(talk->why, LEAT_ERR_TIMEOUT);
    return leat_now_ns(talk->world->stack) - begun_ns;
}

/* The lifetime is up to a third longer; the time at which the connection begins doesn't matter. */
static void connection_ends_after_its_lifetime_though_its_peer_talks(void **state)
{
    struct talk *talk = *state;

    talk->listen.lifetime_ns = 7 * second;
    talk_listen(talk);
    for (uint16_t i = 0; i < 20; i++) {
        assert_in_range(life_ns(talk, 5000 + i), 7 * second, 7 * second * 4 / 3 + 100 * ms);
        talk_wait(talk, 130 * ms);
    }
}

static void limits_end_with_their_listener(void **state)
{
    struct talk *talk = *state;

    talk->listen.idle_timeout_ns = 5 * second;
    talk->listen.lifetime_ns = 5 * second;
    talk_establish(talk);
    leat_tcp_listener_close(talk->listener);
    talk_listen(talk); /* another listener, which the connection didn't come to */
    talk_wait(talk, 100 * second);
    quiet(talk);
    assert_int_equal(talk_state(talk), LEAT_TCP_ESTABLISHED);
}

/* ---- number ------------------------------------------------------------------------------- */

/* A SYN of another address is answered. */
static void knock_from_elsewhere(struct talk *talk)
{
    struct frame frame = talk_frame(talk, SYN, 0, 0, 0, 0);
    const uint8_t *sent;

    frame_put32(frame.bytes + FRAME_IP + 12, IP_OTHER);
    frame_seal_ip(&frame);
    frame_seal_tcp(&frame);
    world_meet(talk->world, IP_OTHER, &MAC_OTHER);
    world_feed(talk->world, &frame);
    sent = world_expect(talk->world)->bytes;
    assert_int_equal(frame_get32(sent + FRAME_IP + 16), IP_OTHER);
    assert_int_equal(sent[FRAME_L4 + 13], SYN | ACK);
}

static void address_has_no_more_connections_than_it_may(void **state)
{
    struct talk *talk = *state;

    talk->listen.per_address = 2;
    talk->hold_on_accept = true;
    talk_listen(talk);
    come_in(talk, 5000);
    come_in(talk, 5001);
    talk->port_peer = 5002;
    rx(talk, SYN, 0, 0, 0);
    assert_dropped(talk->world, drop_tcp_backlog);
    knock_from_elsewhere(talk);
    talk_accept(talk);
    leat_tcp_abort(talk->conn);
    world_poll(talk->world);
    world_mark(talk->world);
    come_in(talk, 5002);
}

/* Half-open connections don't count, because anyone can forge an address in a SYN. */
static void handshake_beyond_the_limit_of_an_address_stays_half_open(void **state)
{
    struct talk *talk = *state;
    uint32_t iss;

    talk->listen.per_address = 1;
    talk->hold_on_accept = true;
    talk_listen(talk);
    talk->port_peer = 5001;
    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
    iss = talk->iss;
    come_in(talk, 5000);
    talk->port_peer = 5001;
    talk->iss = iss;
    rx(talk, ACK, 1, 1, 10);
    assert_dropped(talk->world, drop_tcp_memory);
    talk_accept(talk);
    leat_tcp_abort(talk->conn);
    world_poll(talk->world);
    world_mark(talk->world);
    rx(talk, ACK, 1, 1, 10);
    assert_ended(talk->world, taken_tcp);
}

static void listener_has_no_more_connections_than_it_may(void **state)
{
    struct talk *talk = *state;

    talk->listen.connections = 2;
    talk->hold_on_accept = true;
    talk_listen(talk);
    come_in(talk, 5000);
    come_in(talk, 5001);
    talk->port_peer = 5002;
    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
    rx(talk, ACK, 1, 1, 10);
    assert_dropped(talk->world, drop_tcp_memory);
    talk_accept(talk);
    leat_tcp_abort(talk->conn);
    world_poll(talk->world);
    world_mark(talk->world);
    rx(talk, ACK, 1, 1, 10);
    assert_ended(talk->world, taken_tcp);
}

/* A connection whose peer was heard within the last second stays. */
static void idle_connection_goes_for_one_that_comes(void **state)
{
    struct talk *talk = *state;
    const struct leat_stats *stats = leat_stats(talk->world->stack);

    talk->listen.connections = 1;
    talk->listen.displace = true;
    talk_listen(talk);
    come_in(talk, 5000);
    talk_wait(talk, 900 * ms);
    talk->port_peer = 5001;
    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
    rx(talk, ACK, 1, 1, 10);
    assert_int_equal(stats->tcp_displaced, 0);
    talk_wait(talk, 200 * ms);
    rx(talk, ACK, 1, 1, 10);
    assert_int_equal(stats->tcp_displaced, 1);
    world_poll(talk->world);
    assert_int_equal(talk->closed, 1);
    assert_int_equal(talk->why, LEAT_ERR_MEMORY);
    world_mark(talk->world);
    rx(talk, ACK, 1, 1, 10);
    assert_non_null(talk->conn);
    assert_int_equal(talk_info(talk).remote.port, 5001);
    talk_heard(talk, 10);
}

/* ---- send queue --------------------------------------------------------------------------- */

static void connections_of_a_listener_have_its_send_queue(void **state)
{
    struct talk *talk = *state;

    talk->listen.send_queue_bytes = 5000;
    talk_establish(talk);
    assert_int_equal(leat_tcp_send_room(talk->conn), 8192);
    leat_tcp_set_send_queue(talk->conn, 0);
    assert_int_equal(leat_tcp_send_room(talk->conn), 256 * 1024);
}

/* ---- a hole ------------------------------------------------------------------------------- */

static uint32_t held_early(const struct talk *talk)
{
    struct leat_holdings holdings;

    leat_holdings(talk->world->stack, &holdings);
    return holdings.held_early;
}

/* RFC 2018 8: SACKed data may be dropped; the peer sends it again. */
static void data_behind_an_old_hole_is_given_up(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    leat_tcp_set_user_timeout(talk->conn, 5 * second);
    rx(talk, ACK, 101, 1, 10);
    world_mark(talk->world);
    talk_wait(talk, 4 * second);
    rx(talk, ACK, 1, 1, 50); /* the hole that remains is a new one */
    world_mark(talk->world);
    rx(talk, ACK, 61, 1, 10);
    world_mark(talk->world);
    talk_wait(talk, 4 * second);
    assert_int_equal(held_early(talk), 2);
    talk_wait(talk, 2 * second + 10 * ms); /* checked once a second */
    assert_int_equal(held_early(talk), 0);
    rx(talk, ACK, 51, 1, 50);
    talk_heard(talk, 100);
    world_mark(talk->world);
    rx(talk, ACK, 101, 1, 10);
    talk_heard(talk, 110);
    world_mark(talk->world);
}

/* ---- memory of data ----------------------------------------------------------------------- */

static void the_account_counts_data_that_waits_for_the_program(void **state)
{
    struct talk *talk = *state;
    struct leat_holdings holdings;

    talk->read_nothing = true;
    talk_establish(talk);
    rx(talk, ACK, 1, 1, 1000);
    world_mark(talk->world);
    rx(talk, ACK, 1001, 1, 1000);
    world_mark(talk->world);
    leat_holdings(talk->world->stack, &holdings);
    assert_int_equal(holdings.held_receive, 2);
    assert_int_equal(holdings.held_early + holdings.held_others, 0);
    talk_read(talk, 2000);
    leat_holdings(talk->world->stack, &holdings);
    assert_int_equal(holdings.held_receive, 0);
    world_mark(talk->world);
}

/* A program that lends as much as possible leaves an eighth of the small buffers. Refusals are
 * counted. */
static void lends_that_are_refused_are_counted(void **state)
{
    struct talk *talk = *state;
    struct leat_pool *pool = leat_pool(talk->world->stack);
    struct leat_buf *all = NULL, *lent;

    while ((lent = leat_buf_lend(pool, "x", 1, NULL, NULL)) != NULL) {
        lent->next = all;
        all = lent;
    }
    assert_int_equal(leat_stats(talk->world->stack)->lends_refused, 1);
    assert_null(leat_buf_lend(pool, "x", 1, NULL, NULL));
    assert_int_equal(leat_stats(talk->world->stack)->lends_refused, 2);
    leat_buf_free(all);
    lent = leat_buf_lend(pool, "x", 1, NULL, NULL);
    assert_non_null(lent);
    leat_buf_free(lent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        talk_test(silent_peer_is_left_after_the_idle_time),
        talk_test(data_to_a_silent_peer_is_no_life),
        talk_test(connection_ends_after_its_lifetime_though_its_peer_talks),
        talk_test(limits_end_with_their_listener),
        talk_test(address_has_no_more_connections_than_it_may),
        talk_test(handshake_beyond_the_limit_of_an_address_stays_half_open),
        talk_test(listener_has_no_more_connections_than_it_may),
        talk_test(idle_connection_goes_for_one_that_comes),
        talk_test(connections_of_a_listener_have_its_send_queue),
        talk_test(data_behind_an_old_hole_is_given_up),
        talk_test(the_account_counts_data_that_waits_for_the_program),
        talk_test(lends_that_are_refused_are_counted),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
