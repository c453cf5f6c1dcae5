/* test_tcp6_icmp.c -- the effect of ICMPv6 errors on TCP (RFC 4443, 5461, 8201). */
#include "tcp6_talk.h"

#include "core/unreachable.h"

enum {
    UNREACHABLE = 1,
    TOO_BIG = 2,
    TIME_EXCEEDED = 3,
    PARAMETER = 4
};

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

/* Sends @len bytes; returns the first segment. */
static struct fake_frame first_segment(struct world *world, struct leat_tcp *conn, uint32_t len)
{
    static const uint8_t data[1440];
    size_t taken;

    leat_tcp_write(conn, data, len, &taken);
    world_poll(world);
    return *tcp6_expect(world, IP6_PEER, ACK);
}

/* RFC 8201 4: no router reports less than the minimum MTU.  RFC 8021: no atomic fragments are sent
 * for it. */
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
    struct leat_tcp *conn = tcp6_connected(world, &iss);
    const struct fake_frame first = first_segment(world, conn, 1440);

    for (unsigned i = 0; i < sizeof many / sizeof many[0]; i++) {
        feed_error(world, &first, TOO_BIG, 0, many[i].said);
        world_assert_end(world,
                         many[i].said < 1280 ? LEAT_STAT_drop_icmp6_format : LEAT_STAT_taken_icmp6);
        while (fake_netif_sent_count(&world->dev) > 0) {
            const struct fake_frame *sent = tcp6_expect(world, IP6_PEER, ACK);

            assert_true(sent->len <= 14u + many[i].mtu);
        }
        leat_tcp_get_info(conn, &info);
        assert_int_equal(info.path_mtu_bytes, many[i].mtu);
        assert_int_equal(info.mss_bytes, many[i].mtu - 60);
    }
    world_wait(world, second); /* lost data is retransmitted in smaller segments */
    leat_tcp_get_info(conn, &info);
    assert_true(info.retransmits > 0 || leat_stats(world->stack)->tcp_retransmitted > 0);
    leat_tcp_abort(conn);
}

/* RFC 5461 4.1: even a forged hard error ends no established connection. */
static void errors_end_no_connection(void **state)
{
    struct world *world = *state;
    struct leat_tcp_info info;
    uint32_t iss;
    struct leat_tcp *conn = tcp6_connected(world, &iss);
    struct fake_frame first = first_segment(world, conn, 100);
    const struct leat_unreachable *report;

    feed_error(world, &first, TOO_BIG, 0, 1400);
    assert_null(leat_unreachable_to(world->stack, IP6_PEER));
    feed_error(world, &first, UNREACHABLE, 3, 0);
    report = leat_unreachable_to(world->stack, IP6_PEER);
    assert_non_null(report);
    assert_int_equal(report->how, LEAT_UNREACHABLE_ICMP6);
    assert_int_equal(report->type, UNREACHABLE);
    assert_int_equal(report->code, 3);
    assert_int_equal(report->at_ns, world->now_ns);
    assert_true(leat_ip_equal(report->from, IP6_OTHER));
    assert_null(leat_unreachable_to(world->stack, IP6_OTHER));
    feed_error(world, &first, UNREACHABLE, 0, 0);
    leat_tcp_get_info(conn, &info);
    assert_int_equal(info.soft_error, LEAT_ERR_UNREACHABLE);
    feed_error(world, &first, UNREACHABLE, 4, 0);
    feed_error(world, &first, PARAMETER, 1, 0);
    assert_int_equal(world->closed, 0);
    first.bytes[SEQ_AT] ^= 0x80; /* data that isn't in flight: RFC 5927 4 */
    feed_error(world, &first, TOO_BIG, 0, 1280);
    assert_ended(world, drop_icmp_blind);
    leat_tcp_abort(conn);
}

/* RFC 4443 3, RFC 5461 4: a closed port and an unknown next header end an attempt. Other errors may
 * be temporary, and the SYN is retransmitted. */
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
        feed_error(world, tcp6_expect(world, IP6_PEER, SYN), many[i].type, many[i].code, 0);
        assert_int_equal(world->closed, closed + many[i].hard);
        if (!many[i].hard)
            leat_tcp_abort(conn);
        else
            assert_int_equal(world->why, LEAT_ERR_REFUSED);
        world_poll(world);
        world_mark(world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(test_threat_V10_packet_too_big_is_believed_down_to_1280),
        test(errors_end_no_connection),
        test(hard_errors_end_an_attempt_and_soft_ones_do_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
