/* test_tcp6.c -- TCP over IPv6: the differences to IPv4. */
#include "tcp6_talk.h"

static void a_client_comes_talks_and_goes(void **state)
{
    struct world *world = *state;
    struct leat_tcp_listener *listener = tcp6_listening(world, LEAT_IP_ANY);
    const uint32_t iss = tcp6_opened_by(world, IP6_PEER, 2000);
    struct frame_segment segment = {.src_port = 2000,
                                    .dst_port = 80,
                                    .seq = 1001,
                                    .ack = iss + 1,
                                    .flags = ACK | 8,
                                    .window = 60000};
    struct leat_tcp *conn = leat_tcp_accept(listener, &world_closes, world);
    struct leat_tcp_info info;
    struct leat_buf *payload;

    assert_non_null(conn);
    leat_tcp_get_info(conn, &info);
    assert_true(leat_ip_equal(info.local.ip, IP6_US));
    assert_true(leat_ip_equal(info.remote.ip, IP6_PEER));
    assert_int_equal(info.mss_bytes, 1440);
    assert_int_equal(info.path_mtu_bytes, 1500);
    tcp6_feed(world, IP6_PEER, &segment, "hello");
    payload = leat_tcp_receive(conn, 100);
    assert_int_equal(leat_buf_total(payload), 5);
    assert_memory_equal(payload->data, "hello", 5);
    leat_tcp_consumed(conn, 5);
    assert_int_equal(leat_tcp_send(conn, payload), LEAT_OK);
    world_poll(world);
    assert_memory_equal(tcp6_expect(world, IP6_PEER, ACK)->bytes + FRAME6_L4 + 20, "hello", 5);
    segment.seq = 1006;
    segment.ack = iss + 6;
    segment.flags = FIN | ACK;
    tcp6_feed(world, IP6_PEER, &segment, 0);
    leat_tcp_close(conn);
    world_poll(world);
    while (fake_netif_sent_count(&world->dev) > 1)
        world_expect(world);
    tcp6_expect(world, IP6_PEER, FIN | ACK);
    segment.seq = 1007;
    segment.ack = iss + 7;
    segment.flags = ACK;
    tcp6_feed(world, IP6_PEER, &segment, 0);
    world_poll(world);
    assert_int_equal(world->closed, 1);
    assert_int_equal(world->why, LEAT_OK);
    assert_int_equal(tcp6_held(world), 0);
    leat_tcp_listener_close(listener);
}

static void a_wrong_checksum_is_dropped(void **state)
{
    struct world *world = *state;
    const struct frame_segment segment = tcp6_syn_from(2000);
    struct frame frame = frame_tcp6(IP6_PEER, IP6_US, &segment, 0, 0);

    tcp6_listening(world, LEAT_IP_ANY);
    frame.bytes[SEQ_AT] ^= 1;
    world_feed(world, &frame);
    assert_dropped(world, drop_tcp_checksum);
    frame.bytes[SEQ_AT] ^= 1;
    frame.bytes[30] ^= 1; /* the checksum covers the source */
    world_feed(world, &frame);
    assert_dropped(world, drop_tcp_checksum);
}

static void a_listener_for_IPv4_alone_resets_IPv6(void **state)
{
    struct world *world = *state;
    const struct frame_segment segment = tcp6_syn_from(2000);

    tcp6_listening(world, LEAT_IP4_ANY);
    tcp6_feed(world, IP6_PEER, &segment, 0);
    assert_ended(world, drop_tcp_port);
    tcp6_expect(world, IP6_PEER, RST | ACK);
}

/* Connects over the loopback of a family. True: a listener has taken the connection. */
static bool opens(struct world *world, const char *home)
{
    const struct leat_endpoint end =
        leat_endpoint_of(strchr(home, ':') ? ip6_of(home) : LEAT_IP4(127, 0, 0, 1), 80);
    const unsigned closed = world->closed;
    struct leat_tcp *conn;

    assert_int_equal(leat_tcp_connect(world->stack, &conn, &end, 0, &world_closes, world), LEAT_OK);
    world_wait(world, second);
    return world->closed == closed;
}

/* RFC 3493 5.3 */
static void each_family_may_have_a_listener_of_its_own(void **state)
{
    struct world *world = *state;
    const struct leat_tcp_listen_config v6 = {.ip = LEAT_IP_ANY, .port = 80, .v6_only = true};
    struct leat_tcp_listener *four, *six;

    assert_int_equal(leat_tcp_listen(world->stack, &six, &v6), LEAT_OK);
    assert_true(opens(world, "::1"));
    assert_false(opens(world, "127.0.0.1"));
    assert_non_null(leat_tcp_accept(six, &world_closes, world));
    four = tcp6_listening(world, LEAT_IP4_ANY);
    assert_true(opens(world, "127.0.0.1"));
    assert_null(leat_tcp_accept(six, &world_closes, world));
    assert_non_null(leat_tcp_accept(four, &world_closes, world));
    leat_tcp_listener_close(six);
    assert_false(opens(world, "::1"));
    assert_int_equal(leat_tcp_listen(world->stack, &six, &v6), LEAT_OK);
    leat_tcp_listener_close(four);
    assert_false(opens(world, "127.0.0.1"));
    assert_true(opens(world, "::1"));
    leat_tcp_listener_close(six);
}

static void listeners_of_one_family_exclude_each_other(void **state)
{
    const struct {
        struct leat_ip ip;
        bool v6_only;
    } ways[] = {{LEAT_IP_ANY, false}, {LEAT_IP4_ANY, false}, {LEAT_IP_ANY, true}};
    struct world *world = *state;

    for (unsigned i = 0; i < 9; i++) {
        struct leat_tcp_listen_config config = {
            .ip = ways[i / 3].ip, .port = 80, .v6_only = ways[i / 3].v6_only};
        const bool differ = (i / 3 == 1 && i % 3 == 2) || (i / 3 == 2 && i % 3 == 1);
        struct leat_tcp_listener *first, *second_one;

        assert_int_equal(leat_tcp_listen(world->stack, &first, &config), LEAT_OK);
        config.ip = ways[i % 3].ip;
        config.v6_only = ways[i % 3].v6_only;
        assert_int_equal(leat_tcp_listen(world->stack, &second_one, &config),
                         differ ? LEAT_OK : LEAT_ERR_IN_USE);
        if (differ)
            leat_tcp_listener_close(second_one);
        leat_tcp_listener_close(first);
    }
}

static void only_a_listener_for_all_addresses_can_be_for_one_family(void **state)
{
    struct world *world = *state;
    const struct leat_ip ips[] = {IP6_US, LEAT_IP4_ANY};
    struct leat_tcp_listener *listener;

    for (unsigned i = 0; i < 2; i++) {
        const struct leat_tcp_listen_config config = {.ip = ips[i], .port = 80, .v6_only = true};

        assert_int_equal(leat_tcp_listen(world->stack, &listener, &config), LEAT_ERR_ARGUMENT);
    }
}

static void a_listener_may_have_one_address(void **state)
{
    struct world *world = *state;
    const struct leat_tcp_listen_config config = {.ip = IP6_OTHER, .port = 80};
    struct leat_tcp_listener *listener = tcp6_listening(world, IP6_US), *other;

    assert_int_equal(leat_tcp_listen(world->stack, &other, &config), LEAT_ERR_ARGUMENT);
    tcp6_opened_by(world, IP6_PEER, 2000);
    leat_tcp_listener_close(listener);
    assert_int_equal(tcp6_held(world), 0);
}

/* RFC 9293 3.7.1, MUST-15 */
static void without_an_MSS_option_segments_have_1220(void **state)
{
    struct world *world = *state;
    struct leat_tcp_listener *listener = tcp6_listening(world, LEAT_IP_ANY);
    struct frame_segment segment = tcp6_syn_from(2000);
    struct leat_tcp_info info;
    struct leat_tcp *conn;

    segment.options_len = 0;
    tcp6_feed(world, IP6_PEER, &segment, 0);
    segment.ack = frame_get32(tcp6_expect(world, IP6_PEER, SYN | ACK)->bytes + SEQ_AT) + 1;
    segment.seq++;
    segment.flags = ACK;
    tcp6_feed(world, IP6_PEER, &segment, 0);
    conn = leat_tcp_accept(listener, &world_closes, world);
    assert_non_null(conn);
    leat_tcp_get_info(conn, &info);
    assert_int_equal(info.mss_bytes, 1220);
    leat_tcp_abort(conn);
}

/* The stack segments super-frames, and each segment has a correct checksum. */
static void long_data_leaves_in_segments_of_the_mss(void **state)
{
    static const uint8_t data[10 * 1440];
    struct world *world = *state;
    uint32_t iss, seq;
    struct leat_tcp *conn = tcp6_connected(world, &iss);
    size_t taken;

    seq = iss + 1;
    assert_int_equal(leat_tcp_write(conn, data, sizeof data, &taken), LEAT_OK);
    world_poll(world);
    while (fake_netif_sent_count(&world->dev) > 0) {
        const struct fake_frame *sent = tcp6_expect(world, IP6_PEER, ACK);

        assert_int_equal(frame_get32(sent->bytes + SEQ_AT), seq);
        assert_int_equal(sent->len, FRAME6_L4 + 20 + 1440);
        seq += 1440;
    }
    assert_int_equal(seq, iss + 1 + sizeof data);
    leat_tcp_abort(conn);
}

static void connections_to_ourselves_never_leave_us(void **state)
{
    struct world *world = *state;
    const struct leat_endpoint home = leat_endpoint_of(ip6_of("::1"), 80);
    struct leat_tcp_listener *listener = tcp6_listening(world, LEAT_IP_ANY);
    struct leat_tcp *conn, *other;

    world_mark(world);
    assert_int_equal(leat_tcp_connect(world->stack, &conn, &home, 0, &world_closes, world),
                     LEAT_OK);
    world_wait(world, second);
    other = leat_tcp_accept(listener, &world_closes, world);
    assert_non_null(other);
    assert_silent(world);
    leat_tcp_abort(conn);
    world_wait(world, second);
    assert_int_equal(world->closed, 2);
    leat_tcp_listener_close(listener);
    assert_int_equal(tcp6_held(world), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_client_comes_talks_and_goes),
        test(a_wrong_checksum_is_dropped),
        test(a_listener_for_IPv4_alone_resets_IPv6),
        test(each_family_may_have_a_listener_of_its_own),
        test(listeners_of_one_family_exclude_each_other),
        test(only_a_listener_for_all_addresses_can_be_for_one_family),
        test(a_listener_may_have_one_address),
        test(without_an_MSS_option_segments_have_1220),
        test(long_data_leaves_in_segments_of_the_mss),
        test(connections_to_ourselves_never_leave_us),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
