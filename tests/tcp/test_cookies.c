/* test_cookies.c -- SYN cookies (RFC 4987 3.6): a full backlog doesn't keep a client out. */
#include "talk.h"

#include "tcp/conn/table.h"
#include "tcp/tcp.h"

/* Two spoofed SYNs fill the backlog of two, and are never answered. */
static void fill_backlog(struct talk *talk)
{
    talk->listen.backlog = 2;
    talk->hold_on_accept = true;
    talk_listen(talk);
    for (uint16_t port = 6000; port < 6002; port++) {
        talk->port_peer = port;
        rx(talk, SYN, 0, 0, 0);
        tx(talk, SYN | ACK, 0, 1, 0);
    }
    talk->port_peer = PORT_PEER;
}

static uint32_t ts_of(const struct talk *talk, unsigned offset)
{
    const uint8_t *option = talk_option(talk, 8);

    assert_non_null(option);
    return frame_get32(option + offset);
}

static void full_backlog_answers_with_a_cookie_and_lets_the_client_in(void **state)
{
    struct talk *talk = *state;

    fill_backlog(talk);
    talk_options(talk, 1000, NO_SHIFT);
    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
    assert_int_equal(talk_grown(talk, tcp_cookies_sent), 1);
    rx(talk, ACK, 1, 1, 5);
    assert_int_equal(talk_grown(talk, tcp_cookies_taken), 1);
    talk_accept(talk);
    assert_non_null(talk->conn);
    world_poll(talk->world);
    talk_heard(talk, 5);
    /* of the eight values that a cookie can hold, the next one below 1,000 */
    assert_int_equal(talk_info(talk).mss_bytes, 536);
}

/* RFC 9768 5.1: a cookie can't hold its state, so the SYN,ACK declines ECN. */
static void a_cookie_agrees_to_no_accurate_ECN(void **state)
{
    struct talk *talk = *state;
    uint8_t data[20];
    struct frame frame;

    memset(data, 0xff, sizeof data);
    fill_backlog(talk);
    frame = talk_frame(talk, SYN | 0xc0, 0, 0, 0, 0);
    frame.bytes[FRAME_L4 + 12] |= 1;
    frame_seal_tcp(&frame);
    world_feed(talk->world, &frame);
    tx(talk, SYN | ACK, 0, 1, 0);
    assert_int_equal(talk->last.bytes[FRAME_L4 + 12] & 15, 0);
    assert_int_equal(talk_grown(talk, tcp_cookies_sent), 1);
    rx_data(talk, ACK, 1, 1, data, sizeof data);
    talk_accept(talk);
    assert_non_null(talk->conn);
    assert_false(talk_info(talk).ecn || talk_info(talk).accurate_ecn);
}

/* A cookie costs no memory: after many of them a client that answers still gets in. */
static void cookies_keep_no_state(void **state)
{
    struct talk *talk = *state;
    uint32_t iss;

    fill_backlog(talk);
    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
    iss = talk->iss;
    for (uint32_t port = 10000; port < 12000; port++) {
        talk->port_peer = (uint16_t)port;
        rx(talk, SYN, 0, 0, 0);
        tx(talk, SYN | ACK, 0, 1, 0);
        assert_true(talk->iss != iss);
    }
    talk->port_peer = PORT_PEER;
    talk->iss = iss;
    rx(talk, ACK, 1, 1, 0);
    assert_int_equal(talk_grown(talk, tcp_cookies_taken), 1);
}

/* Its timestamp holds the options that the SYN has offered. */
static void get_cookie_with_options(struct talk *talk)
{
    fill_backlog(talk);
    talk_offer(talk, 1000);
    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
}

static void cookie_remembers_window_scale_and_SACK_in_the_timestamp(void **state)
{
    struct talk *talk = *state;

    get_cookie_with_options(talk);
    assert_int_equal(ts_of(talk, 6), 1000);
    talk_extra_ts(talk, 1001, ts_of(talk, 2));
    rx(talk, ACK, 1, 1, 0);
    talk_accept(talk);
    assert_non_null(talk->conn);
    assert_int_equal(talk_info(talk).snd_wind_shift, 7);
    talk_send(talk, 10);
    tx(talk, ACK, 1, 1, 10);
    assert_int_equal(ts_of(talk, 6), 1001);
}

/* An echo of another timestamp than the cookie's has other options: it must not be trusted. */
static void cookie_with_other_options_is_reset(void **state)
{
    struct talk *talk = *state;

    get_cookie_with_options(talk);
    talk_extra_ts(talk, 1001, ts_of(talk, 2) ^ 1);
    rx(talk, ACK, 1, 1, 0);
    tx(talk, RST, 1, 0, 0);
    assert_int_equal(talk_grown(talk, tcp_cookies_taken), 0);
}

static void guessed_cookie_is_reset(void **state)
{
    struct talk *talk = *state;

    fill_backlog(talk);
    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
    rx(talk, ACK, 1, 2, 0);
    tx(talk, RST, 2, 0, 0);
    rx(talk, ACK, 2, 1, 0); /* another ISN */
    tx(talk, RST, 1, 0, 0);
    talk->port_peer++; /* another port */
    rx(talk, ACK, 1, 1, 0);
    tx(talk, RST, 1, 0, 0);
    talk_accept(talk);
    assert_null(talk->conn);
}

static void old_cookie_is_worth_nothing(void **state)
{
    struct talk *talk = *state;

    fill_backlog(talk);
    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
    talk_wait(talk, 121 * second);
    world_mark(talk->world);
    rx(talk, ACK, 1, 1, 0);
    world_poll(talk->world); /* for ARP */
    tx(talk, RST, 1, 0, 0);
}

/* A cookie made at any second of a minute is good 59 seconds later. */
static void cookie_is_good_for_a_minute_at_least(void **state)
{
    (void)state;
    for (unsigned phase = 0; phase < 60; phase += 7) {
        struct talk *talk;
        void *fixture;

        talk_setup(&fixture);
        talk = fixture;
        talk_wait(talk, phase * second);
        fill_backlog(talk);
        rx(talk, SYN, 0, 0, 0);
        tx(talk, SYN | ACK, 0, 1, 0);
        talk_wait(talk, 59 * second);
        world_mark(talk->world);
        rx(talk, ACK, 1, 1, 0);
        assert_int_equal(talk_grown(talk, tcp_cookies_taken), 1);
        talk_teardown(&fixture);
    }
}

/* A cookie contains five bits of the minute: they repeat after 32 minutes. */
static void test_threat_Q10_copy_of_a_cookies_ACK_dies_after_two_minutes(void **state)
{
    struct talk *talk = *state;
    uint32_t iss;

    fill_backlog(talk);
    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
    iss = talk->iss;
    for (unsigned minute = 1; minute <= 130; minute++) {
        world_wait(talk->world, 60 * second);
        for (uint16_t port = 6000; port < 6003; port++) { /* cookies are in use all the time */
            talk->port_peer = port;
            world_mark(talk->world);
            rx(talk, SYN, 0, 0, 0);
        }
        talk->port_peer = PORT_PEER;
        talk->iss = iss;
        world_mark(talk->world);
        if (minute < 2)
            continue;
        rx(talk, ACK, 1, 1, 7);
        assert_int_equal(talk_grown(talk, tcp_cookies_taken), 0);
    }
    assert_true(leat_stats(talk->world->stack)->tcp_cookies_sent > 120);
    assert_int_equal(leat_stats(talk->world->stack)->tcp_cookies_taken, 0);
    fake_netif_forget(&talk->world->dev);
}

/* Guessing is possible only while cookies are in use. This cookie is good, as a stack with the same
 * seed shows that makes it now, but we have sent none for three minutes. */
static void a_good_cookie_is_refused_long_after_the_flood(void **state)
{
    struct talk *talk = *state;
    struct talk *twin;
    void *other;
    uint32_t iss;

    talk_setup(&other);
    twin = other;
    world_wait(twin->world, 180 * second);
    world_meet(twin->world, IP_PEER, &MAC_PEER); /* again, after the long silence */
    fill_backlog(twin);
    rx(twin, SYN, 0, 0, 0);
    tx(twin, SYN | ACK, 0, 1, 0);
    iss = twin->iss;
    fill_backlog(talk);
    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
    assert_int_equal(talk_grown(talk, tcp_cookies_sent), 1);
    world_wait(talk->world, twin->world->now_ns - talk->world->now_ns);
    fake_netif_forget(&talk->world->dev); /* the retransmitted SYN,ACKs of the spoofed SYNs */
    world_mark(talk->world);
    talk->iss = iss;
    rx(talk, ACK, 1, 1, 7);
    assert_int_equal(talk_grown(talk, tcp_cookies_taken), 0);
    rx(twin, ACK, 1, 1, 7);
    assert_int_equal(talk_grown(twin, tcp_cookies_taken), 1);
    fake_netif_forget(&talk->world->dev);
    fake_netif_forget(&twin->world->dev);
    talk_teardown(&other);
}

static void without_a_flood_no_ACK_is_taken_for_a_cookie(void **state)
{
    struct talk *talk = *state;

    talk_listen(talk);
    rx(talk, ACK, 1, 1, 0);
    tx(talk, RST, 1, 0, 0);
}

static void no_cookie_while_the_backlog_is_not_accepted(void **state)
{
    struct talk *talk = *state;

    talk->listen.backlog = 1;
    talk->hold_on_accept = true;
    talk_listen(talk);
    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
    rx(talk, ACK, 1, 1, 0);
    talk->port_peer++;
    rx(talk, SYN, 0, 0, 0);
    assert_dropped(talk->world, drop_tcp_backlog);
}

/* The only connection is in use, the listener is full, and port 7000 gets a cookie. */
static struct tcp *cookie_without_a_connection(struct talk *talk)
{
    talk->world->tcp_config.connections = 1;
    talk_begin(talk);
    talk_establish(talk);
    leat_tcp_listener_close(talk->listener);
    world_mark(talk->world);
    fill_backlog(talk);
    talk->port_peer = 7000;
    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
    return talk->world->stack->tcp;
}

/* Its ACK finds no free connection. All entries are free again after a while. */
static void ack_in_vain(struct talk *talk, struct tcp *tcp)
{
    rx(talk, ACK, 1, 1, 5);
    assert_ended(talk->world, drop_tcp_memory);
    talk_wait(talk, 200 * second);
    for (uint32_t left = tcp->config.half_open + 1; left > 0; left--)
        assert_non_null(tcp_take_half(tcp));
}

/* A client that returns a cookie when no connection is free gets a half-open entry, for as long as
 * any other. */
static void cookie_without_memory_for_a_connection_is_given_up(void **state)
{
    struct talk *talk = *state;

    ack_in_vain(talk, cookie_without_a_connection(talk));
    assert_int_equal(leat_stats(talk->world->stack)->tcp_cookies_taken, 1);
}

/* The same if its second SYN has found an entry, which then ends at its own time. */
static void cookie_at_an_entry_without_memory_for_a_connection_is_given_up(void **state)
{
    struct talk *talk = *state;
    struct tcp *tcp = cookie_without_a_connection(talk);

    talk->port_peer = 6000;
    rx(talk, RST, 1, 0, 0); /* one of the two ends */
    talk->port_peer = 7000;
    rx(talk, SYN, 0, 0, 0);
    world_mark(talk->world);
    ack_in_vain(talk, tcp);
}

/* Without a route to the client nothing is sent or kept. */
static void SYN_from_beyond_all_routes_gets_no_cookie(void **state)
{
    struct talk *talk = *state;
    struct frame frame;

    fill_backlog(talk);
    frame = talk_frame(talk, SYN, 0, 0, 0, 0);
    frame_put32(frame.bytes + FRAME_IP + 12, IP4(192, 0, 2, 1));
    frame_seal_ip(&frame);
    frame_seal_tcp(&frame);
    world_feed(talk->world, &frame);
    assert_silent(talk->world);
    world_assert_no_growth(talk->world);
    assert_int_equal(talk_grown(talk, tcp_cookies_sent), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        talk_test(SYN_from_beyond_all_routes_gets_no_cookie),
        talk_test(full_backlog_answers_with_a_cookie_and_lets_the_client_in),
        talk_test(a_cookie_agrees_to_no_accurate_ECN),
        talk_test(cookies_keep_no_state),
        talk_test(cookie_remembers_window_scale_and_SACK_in_the_timestamp),
        talk_test(guessed_cookie_is_reset),
        talk_test(old_cookie_is_worth_nothing),
        cmocka_unit_test(cookie_is_good_for_a_minute_at_least),
        talk_test(test_threat_Q10_copy_of_a_cookies_ACK_dies_after_two_minutes),
        talk_test(a_good_cookie_is_refused_long_after_the_flood),
        talk_test(without_a_flood_no_ACK_is_taken_for_a_cookie),
        talk_test(cookie_with_other_options_is_reset),
        talk_test(no_cookie_while_the_backlog_is_not_accepted),
        talk_test_later(cookie_at_an_entry_without_memory_for_a_connection_is_given_up),
        talk_test_later(cookie_without_memory_for_a_connection_is_given_up),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
