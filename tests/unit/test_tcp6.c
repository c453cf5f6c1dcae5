/* test_tcp6.c -- TCP over IPv6: what differs from IPv4. */
#include "frames6.h"

#include "ip/host.h"
#include "tcp/tcp.h"

enum {
    FIN = 1,
    SYN = 2,
    RST = 4,
    ACK = 16,
    FLAGS_AT = FRAME6_L4 + 13,
    SEQ_AT = FRAME6_L4 + 4,
    ACK_AT = FRAME6_L4 + 8,
    MSS_AT = FRAME6_L4 + 22, /* the first option of our SYNs */
    TOO_BIG = 2,
    UNREACHABLE = 1,
    TIME_EXCEEDED = 3,
    PARAMETER = 4
};

static const uint8_t mss_1440[4] = {2, 4, 5, 0xa0};

static struct world *begin(uint32_t hosts)
{
    struct world *world = world6_create();

    world->with_tcp = true;
    world->ipv6_config.hosts = hosts;
    world_init(world);
    world6_settle(world);
    return world;
}

static int setup(void **state)
{
    *state = begin(0);
    return 0;
}

static uint32_t held(const struct world *world)
{
    return world->stack->hosts6->held;
}

static void feed(struct world *world, struct leat_ip from, const struct frame_segment *segment,
                 const char *text)
{
    const struct frame frame =
        frame_tcp6(from, IP6_US, segment, text, text ? (uint32_t)strlen(text) : 0);

    world_feed(world, &frame);
}

/* The next frame is a segment to @to. */
static const struct fake_frame *expect(struct world *world, struct leat_ip to, uint8_t flags)
{
    const struct fake_frame *sent = world_expect(world);

    frame_is_ip6(sent, 6);
    assert_true(leat_ip_equal(frame_ip6_at(sent->bytes + 22), IP6_US));
    assert_true(leat_ip_equal(frame_ip6_at(sent->bytes + 38), to));
    assert_int_equal(sent->bytes[FLAGS_AT] & ~8, flags);
    return sent;
}

static struct leat_tcp_listener *listening(struct world *world, struct leat_ip ip)
{
    const struct leat_tcp_listen_config config = {.ip = ip, .port = 80, .backlog = 512};
    struct leat_tcp_listener *listener;

    assert_int_equal(leat_tcp_listen(world->stack, &listener, &config), LEAT_OK);
    return listener;
}

static struct frame_segment syn_from(uint16_t port)
{
    return (struct frame_segment){.src_port = port,
                                  .dst_port = 80,
                                  .seq = 1000,
                                  .flags = SYN,
                                  .window = 60000,
                                  .options = mss_1440,
                                  .options_len = 4};
}

/* The handshake of a client, whose SYN is answered; the number that we begin with. */
static uint32_t opened_by(struct world *world, struct leat_ip from, uint16_t port)
{
    struct frame_segment segment = syn_from(port);
    const struct fake_frame *sent;
    uint32_t iss;

    feed(world, from, &segment, 0);
    assert_ended(world, taken_tcp);
    sent = expect(world, from, SYN | ACK);
    assert_int_equal(frame_get16(sent->bytes + MSS_AT), 1440);
    iss = frame_get32(sent->bytes + SEQ_AT);
    segment = (struct frame_segment){.src_port = port,
                                     .dst_port = 80,
                                     .seq = 1001,
                                     .ack = iss + 1,
                                     .flags = ACK,
                                     .window = 60000};
    feed(world, from, &segment, 0);
    assert_ended(world, taken_tcp);
    return iss;
}

static void a_client_comes_talks_and_goes(void **state)
{
    struct world *world = *state;
    struct leat_tcp_listener *listener = listening(world, LEAT_IP_ANY);
    const uint32_t iss = opened_by(world, IP6_PEER, 2000);
    struct frame_segment segment = {.src_port = 2000,
                                    .dst_port = 80,
                                    .seq = 1001,
                                    .ack = iss + 1,
                                    .flags = ACK | 8,
                                    .window = 60000};
    struct leat_tcp *conn = leat_tcp_accept(listener, &world_closes, world);
    struct leat_tcp_info info;
    struct leat_buf *text;

    assert_non_null(conn);
    leat_tcp_get_info(conn, &info);
    assert_true(leat_ip_equal(info.local.ip, IP6_US));
    assert_true(leat_ip_equal(info.remote.ip, IP6_PEER));
    assert_int_equal(info.mss_bytes, 1440);
    assert_int_equal(info.path_mtu_bytes, 1500);
    feed(world, IP6_PEER, &segment, "hello");
    text = leat_tcp_receive(conn, 100);
    assert_int_equal(leat_buf_total(text), 5);
    assert_memory_equal(text->data, "hello", 5);
    leat_tcp_consumed(conn, 5);
    assert_int_equal(leat_tcp_send(conn, text), LEAT_OK);
    world_poll(world);
    assert_memory_equal(expect(world, IP6_PEER, ACK)->bytes + FRAME6_L4 + 20, "hello", 5);
    segment.seq = 1006;
    segment.ack = iss + 6;
    segment.flags = FIN | ACK;
    feed(world, IP6_PEER, &segment, 0);
    leat_tcp_close(conn);
    world_poll(world);
    while (fake_netif_sent_count(&world->dev) > 1)
        world_expect(world);
    expect(world, IP6_PEER, FIN | ACK);
    segment.seq = 1007;
    segment.ack = iss + 7;
    segment.flags = ACK;
    feed(world, IP6_PEER, &segment, 0);
    world_poll(world);
    assert_int_equal(world->closed, 1);
    assert_int_equal(world->why, LEAT_OK);
    assert_int_equal(held(world), 0);
    leat_tcp_listener_close(listener);
}

static void a_wrong_checksum_is_dropped(void **state)
{
    struct world *world = *state;
    const struct frame_segment segment = syn_from(2000);
    struct frame frame = frame_tcp6(IP6_PEER, IP6_US, &segment, 0, 0);

    listening(world, LEAT_IP_ANY);
    frame.bytes[SEQ_AT] ^= 1;
    world_feed(world, &frame);
    assert_dropped(world, drop_tcp_checksum);
    frame.bytes[SEQ_AT] ^= 1;
    frame.bytes[30] ^= 1; /* the source is part of the sum */
    world_feed(world, &frame);
    assert_dropped(world, drop_tcp_checksum);
}

static void who_listens_to_IPv4_alone_resets_IPv6(void **state)
{
    struct world *world = *state;
    const struct frame_segment segment = syn_from(2000);

    listening(world, LEAT_IP4_ANY);
    feed(world, IP6_PEER, &segment, 0);
    assert_ended(world, drop_tcp_port);
    expect(world, IP6_PEER, RST | ACK);
}

static void a_listener_may_have_one_address(void **state)
{
    struct world *world = *state;
    const struct leat_tcp_listen_config config = {.ip = IP6_OTHER, .port = 80};
    struct leat_tcp_listener *listener = listening(world, IP6_US), *other;

    assert_int_equal(leat_tcp_listen(world->stack, &other, &config), LEAT_ERR_ARGUMENT);
    opened_by(world, IP6_PEER, 2000);
    leat_tcp_listener_close(listener);
    assert_int_equal(held(world), 0);
}

/* A connection to the peer's port 80, answered. */
static struct leat_tcp *connected(struct world *world, uint32_t *iss)
{
    const struct leat_endpoint remote = leat_endpoint_of(IP6_PEER, 80);
    const struct fake_frame *sent;
    struct frame_segment answer = {.src_port = 80,
                                   .seq = 5000,
                                   .flags = SYN | ACK,
                                   .window = 60000,
                                   .options = mss_1440,
                                   .options_len = 4};
    struct leat_tcp *conn;

    world_mark(world);
    assert_int_equal(leat_tcp_connect(world->stack, &conn, &remote, 0, &world_closes, world),
                     LEAT_OK);
    world_poll(world);
    sent = expect(world, IP6_PEER, SYN);
    assert_int_equal(frame_get16(sent->bytes + MSS_AT), 1440);
    *iss = frame_get32(sent->bytes + SEQ_AT);
    answer.dst_port = frame_get16(sent->bytes + FRAME6_L4);
    answer.ack = *iss + 1;
    feed(world, IP6_PEER, &answer, 0);
    expect(world, IP6_PEER, ACK);
    return conn;
}

/* RFC 9293 3.7.1, MUST-15 */
static void without_an_MSS_option_segments_have_1220(void **state)
{
    struct world *world = *state;
    struct leat_tcp_listener *listener = listening(world, LEAT_IP_ANY);
    struct frame_segment segment = syn_from(2000);
    struct leat_tcp_info info;
    struct leat_tcp *conn;

    segment.options_len = 0;
    feed(world, IP6_PEER, &segment, 0);
    segment.ack = frame_get32(expect(world, IP6_PEER, SYN | ACK)->bytes + SEQ_AT) + 1;
    segment.seq++;
    segment.flags = ACK;
    feed(world, IP6_PEER, &segment, 0);
    conn = leat_tcp_accept(listener, &world_closes, world);
    assert_non_null(conn);
    leat_tcp_get_info(conn, &info);
    assert_int_equal(info.mss_bytes, 1220);
    leat_tcp_abort(conn);
}

/* Super-frames are cut by us, and each segment has a right checksum. */
static void long_texts_leave_in_segments_of_the_mss(void **state)
{
    static const uint8_t text[10 * 1440];
    struct world *world = *state;
    uint32_t iss, seq;
    struct leat_tcp *conn = connected(world, &iss);
    size_t taken;

    seq = iss + 1;
    assert_int_equal(leat_tcp_write(conn, text, sizeof text, &taken), LEAT_OK);
    world_poll(world);
    while (fake_netif_sent_count(&world->dev) > 0) {
        const struct fake_frame *sent = expect(world, IP6_PEER, ACK);

        assert_int_equal(frame_get32(sent->bytes + SEQ_AT), seq);
        assert_int_equal(sent->len, FRAME6_L4 + 20 + 1440);
        seq += 1440;
    }
    assert_int_equal(seq, iss + 1 + sizeof text);
    leat_tcp_abort(conn);
}

static void feed_error(struct world *world, const struct fake_frame *sent, uint8_t type,
                       uint8_t code, uint32_t detail)
{
    uint8_t message[300] = {type, code};
    struct frame error;

    frame_put32(message + 4, detail);
    memcpy(message + 8, sent->bytes + 14, 100);
    error = frame_icmp6(IP6_OTHER, IP6_US, message, 108);
    world_feed(world, &error);
}

/* Sends so much text; returns the first segment of it. */
static struct fake_frame first_segment(struct world *world, struct leat_tcp *conn, uint32_t len)
{
    static const uint8_t text[1440];
    size_t taken;

    leat_tcp_write(conn, text, len, &taken);
    world_poll(world);
    return *expect(world, IP6_PEER, ACK);
}

/* RFC 8201 4: less than any link carries is no word of a router's.  RFC 8021: nor is it answered by
 * fragments of one piece. */
static void test_threat_V10_packet_too_big_is_believed_down_to_1280(void **state)
{
    static const struct {
        uint32_t said;
        uint16_t mtu;
    } many[] = {{1600, 1500}, {1400, 1400}, {1279, 1400}, {1000, 1400},  {0, 1400},
                {68, 1400},   {1280, 1280}, {1279, 1280}, {100000, 1280}};
    struct world *world = *state;
    struct leat_tcp_info info;
    uint32_t iss;
    struct leat_tcp *conn = connected(world, &iss);
    const struct fake_frame first = first_segment(world, conn, 1440);

    for (unsigned i = 0; i < sizeof many / sizeof many[0]; i++) {
        feed_error(world, &first, TOO_BIG, 0, many[i].said);
        world_assert_end(world,
                         many[i].said < 1280 ? LEAT_STAT_drop_icmp6_format : LEAT_STAT_taken_icmp6);
        while (fake_netif_sent_count(&world->dev) > 0) {
            const struct fake_frame *sent = expect(world, IP6_PEER, ACK);

            assert_true(sent->len <= 14u + many[i].mtu);
        }
        leat_tcp_get_info(conn, &info);
        assert_int_equal(info.path_mtu_bytes, many[i].mtu);
        assert_int_equal(info.mss_bytes, many[i].mtu - 60);
    }
    world_wait(world, second); /* what was lost goes again, smaller */
    leat_tcp_get_info(conn, &info);
    assert_true(info.retransmits > 0 || leat_stats(world->stack)->tcp_retransmitted > 0);
    leat_tcp_abort(conn);
}

/* RFC 5461 4.1: who forges even a hard one ends no connection that is up. */
static void errors_end_no_connection(void **state)
{
    struct world *world = *state;
    struct leat_tcp_info info;
    uint32_t iss;
    struct leat_tcp *conn = connected(world, &iss);
    struct fake_frame first = first_segment(world, conn, 100);

    feed_error(world, &first, UNREACHABLE, 0, 0);
    leat_tcp_get_info(conn, &info);
    assert_int_equal(info.soft_error, LEAT_ERR_UNREACHABLE);
    feed_error(world, &first, UNREACHABLE, 4, 0);
    feed_error(world, &first, PARAMETER, 1, 0);
    assert_int_equal(world->closed, 0);
    first.bytes[SEQ_AT] ^= 0x80; /* nothing that is in flight: RFC 5927 4 */
    feed_error(world, &first, TOO_BIG, 0, 1280);
    assert_ended(world, drop_icmp_blind);
    leat_tcp_abort(conn);
}

/* RFC 4443 3, RFC 5461 4: the port, and a next header that nobody knows, end an attempt; the rest
 * may pass, and the SYN goes again. */
static void hard_errors_end_an_attempt_and_soft_ones_do_not(void **state)
{
    static const struct {
        uint8_t type, code;
        bool hard;
    } many[] = {{UNREACHABLE, 0, false},   {UNREACHABLE, 3, false}, {UNREACHABLE, 4, true},
                {TIME_EXCEEDED, 0, false}, {PARAMETER, 0, false},   {PARAMETER, 1, true}};
    const struct leat_endpoint remote = leat_endpoint_of(IP6_PEER, 80);
    struct world *world = *state;

    for (unsigned i = 0; i < sizeof many / sizeof many[0]; i++) {
        const uint32_t closed = world->closed;
        struct leat_tcp *conn;

        assert_int_equal(leat_tcp_connect(world->stack, &conn, &remote, 0, &world_closes, world),
                         LEAT_OK);
        world_poll(world);
        feed_error(world, expect(world, IP6_PEER, SYN), many[i].type, many[i].code, 0);
        assert_int_equal(world->closed, closed + many[i].hard);
        if (!many[i].hard)
            leat_tcp_abort(conn);
        else
            assert_int_equal(world->why, LEAT_ERR_REFUSED);
        world_poll(world);
        world_mark(world);
    }
}

/* What one site may hold: docs/security.md. */
static void addresses_of_one_64_have_one_account(void **state)
{
    static const char *const many[] = {"2001:db8::2", "2001:db8::9:9:9", "2001:db8:0:1::2"};
    struct world *world = *state;
    struct leat_tcp *conns[3];

    assert_int_equal(leat_route_add(world->stack, LEAT_IP_ANY, 0, IP6_PEER), LEAT_OK);
    for (unsigned i = 0; i < 3; i++) {
        const struct leat_endpoint remote = leat_endpoint_of(ip6_of(many[i]), 80);

        assert_int_equal(
            leat_tcp_connect(world->stack, &conns[i], &remote, 0, &world_closes, world), LEAT_OK);
    }
    assert_int_equal(conns[0]->peer, conns[1]->peer);
    assert_int_not_equal(conns[0]->peer, conns[2]->peer);
    for (unsigned i = 0; i < 3; i++)
        leat_tcp_abort(conns[i]);
    world_poll(world);
    assert_int_equal(held(world), 0);
}

/* Spoofed SYNs can't have all numbers; then cookies answer, and who comes back with one gets in. */
static void a_flood_of_addresses_locks_nobody_out(void **state)
{
    struct world *world = begin(64);
    struct leat_tcp_listener *listener = listening(world, LEAT_IP_ANY);
    struct leat_ip from = ip6_of("2001:db8:6::1");
    struct leat_tcp *conn;

    assert_int_equal(leat_route_add(world->stack, LEAT_IP_ANY, 0, IP6_PEER), LEAT_OK);
    for (uint32_t i = 0; i < 300; i++) {
        const struct frame_segment segment = syn_from(3000);

        frame_put16(from.bytes + 6, i);
        feed(world, from, &segment, 0);
        assert_ended(world, taken_tcp);
        expect(world, from, SYN | ACK);
    }
    assert_int_equal(held(world), 48);
    assert_true(leat_stats(world->stack)->tcp_cookies_sent >= 250);
    opened_by(world, IP6_PEER, 2000);
    assert_int_equal(leat_stats(world->stack)->tcp_cookies_taken, 1);
    conn = leat_tcp_accept(listener, &world_closes, world);
    assert_non_null(conn);
    leat_tcp_abort(conn);
    leat_tcp_listener_close(listener);
    world_poll(world);
    assert_int_equal(held(world), 0);
    *state = world;
    world_teardown(state);
}

/* Numbers are given to other addresses, but what was made of an address stays (RFC 6528 3). */
static void a_number_that_changes_hands_changes_no_sequence_number(void **state)
{
    struct world *world = begin(64);
    const struct frame_segment segment = syn_from(2000);
    struct leat_tcp_listener *listener = listening(world, LEAT_IP_ANY);
    struct leat_ip from = ip6_of("2001:db8:6::1");
    uint32_t first, again;

    assert_int_equal(leat_route_add(world->stack, LEAT_IP_ANY, 0, IP6_PEER), LEAT_OK);
    feed(world, IP6_PEER, &segment, 0);
    first = frame_get32(expect(world, IP6_PEER, SYN | ACK)->bytes + SEQ_AT);
    leat_tcp_listener_close(listener);
    for (uint32_t i = 0; i < 200; i++) {
        frame_put16(from.bytes + 6, i);
        feed(world, from, &segment, 0);
        assert_ended(world, drop_tcp_port);
    }
    listener = listening(world, LEAT_IP_ANY);
    feed(world, IP6_PEER, &segment, 0);
    again = frame_get32(expect(world, IP6_PEER, SYN | ACK)->bytes + SEQ_AT);
    assert_true(again - first < 1000);
    leat_tcp_listener_close(listener);
    *state = world;
    world_teardown(state);
}

static void connections_to_ourselves_never_leave_us(void **state)
{
    struct world *world = *state;
    const struct leat_endpoint home = leat_endpoint_of(ip6_of("::1"), 80);
    struct leat_tcp_listener *listener = listening(world, LEAT_IP_ANY);
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
    assert_int_equal(held(world), 0);
}

#define test(function) cmocka_unit_test_setup_teardown(function, setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_client_comes_talks_and_goes),
        test(a_wrong_checksum_is_dropped),
        test(who_listens_to_IPv4_alone_resets_IPv6),
        test(a_listener_may_have_one_address),
        test(without_an_MSS_option_segments_have_1220),
        test(long_texts_leave_in_segments_of_the_mss),
        test(test_threat_V10_packet_too_big_is_believed_down_to_1280),
        test(errors_end_no_connection),
        test(hard_errors_end_an_attempt_and_soft_ones_do_not),
        test(addresses_of_one_64_have_one_account),
        cmocka_unit_test(a_flood_of_addresses_locks_nobody_out),
        cmocka_unit_test(a_number_that_changes_hands_changes_no_sequence_number),
        test(connections_to_ourselves_never_leave_us),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
