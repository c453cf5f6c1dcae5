/* test_tcp_icmp.c -- ICMP errors about connections, forged ones among them (RFC 5927, RFC 5461). */
#include "world.h"

/* A connection to the peer's port 80, whose SYN was sent: @syn. */
static struct leat_tcp *connecting(struct world *world, struct frame *syn)
{
    const struct leat_endpoint remote = leat_endpoint_of(leat_ip_v4(IP_PEER), 80);
    const struct fake_frame *sent;
    struct leat_tcp *conn;

    world_mark(world);
    assert_int_equal(leat_tcp_connect(world->stack, &conn, &remote, 0, &world_closes, world),
                     LEAT_OK);
    world_poll(world);
    sent = world_expect(world);
    memcpy(syn->bytes, sent->bytes, sent->len);
    syn->len = FRAME_IP + frame_get16(sent->bytes + FRAME_IP + 2);
    return conn;
}

/* The same, established, with 100 bytes of data in flight: @segment. */
static struct leat_tcp *sending(struct world *world, struct frame *segment)
{
    static const uint8_t mss[4] = {2, 4, 5, 0xb4};
    static const uint8_t data[100];
    struct leat_tcp *conn = connecting(world, segment);
    const struct frame_segment answer = {.src_port = 80,
                                         .dst_port = frame_get16(segment->bytes + FRAME_L4),
                                         .seq = 5000,
                                         .ack = frame_get32(segment->bytes + FRAME_L4 + 4) + 1,
                                         .flags = 2 | 16,
                                         .window = 60000,
                                         .options = mss,
                                         .options_len = 4};
    const struct frame syn_ack = frame_tcp(&answer, 0, 0);
    const struct fake_frame *sent;
    size_t taken;

    world_feed(world, &syn_ack);
    world_mark(world);
    assert_int_equal(leat_tcp_write(conn, data, sizeof data, &taken), LEAT_OK);
    world_poll(world);
    sent = world_expect(world);
    memcpy(segment->bytes, sent->bytes, sent->len);
    segment->len = FRAME_IP + frame_get16(sent->bytes + FRAME_IP + 2);
    assert_int_equal(segment->len, FRAME_L4 + 20 + sizeof data);
    return conn;
}

static struct leat_tcp_info info_of(const struct leat_tcp *conn)
{
    struct leat_tcp_info info;

    leat_tcp_get_info(conn, &info);
    return info;
}

/* An error about @segment, with its sequence number shifted by @shift. */
static void feed_message(struct world *world, const struct frame *segment, uint8_t type,
                         uint8_t code, uint32_t detail, uint32_t shift)
{
    struct frame quoted = *segment;
    uint8_t *seq = quoted.bytes + FRAME_L4 + 4;

    frame_put32(seq, frame_get32(seq) + shift);
    const struct frame error =
        frame_icmp(IP_PEER, IP_US, type, code, detail, quoted.bytes + FRAME_IP, 28);

    world_feed(world, &error);
}

static void feed_error(struct world *world, const struct frame *segment, uint8_t type, uint8_t code,
                       uint32_t detail, uint32_t shift)
{
    feed_message(world, segment, type, code, detail, shift);
    assert_ended(world, taken_icmp);
}

static void feed_blind_error(struct world *world, const struct frame *segment, uint8_t type,
                             uint8_t code, uint32_t detail, uint32_t shift)
{
    feed_message(world, segment, type, code, detail, shift);
    assert_dropped(world, drop_icmp_blind);
}

static void test_threat_C2_error_about_data_not_in_flight_is_dropped(void **state)
{
    static const uint32_t shifts[] = {(uint32_t)-1, 100, 101, 60000, 0x80000000};
    struct world *world = *state;
    struct frame segment;
    struct leat_tcp *conn = sending(world, &segment);

    for (unsigned i = 0; i < sizeof shifts / sizeof shifts[0]; i++) {
        for (uint8_t code = 0; code < 5; code++)
            feed_blind_error(world, &segment, 3, code, 576, shifts[i]);
        feed_blind_error(world, &segment, 11, 0, 0, shifts[i]);
        feed_blind_error(world, &segment, 12, 0, 0, shifts[i]);
    }
    assert_int_equal(info_of(conn).state, LEAT_TCP_ESTABLISHED);
    assert_int_equal(info_of(conn).soft_error, LEAT_OK);
    assert_int_equal(info_of(conn).mss_bytes, 1460);
    assert_int_equal(world->closed, 0);
}

static void test_threat_C2_error_about_data_in_flight_is_soft(void **state)
{
    static const uint8_t codes[] = {0, 1, 2, 3, 5, 13};
    struct world *world = *state;
    struct frame segment;
    struct leat_tcp *conn = sending(world, &segment);

    for (unsigned i = 0; i < sizeof codes; i++) {
        feed_error(world, &segment, 3, codes[i], 0, i % 2 ? 99 : 0);
        assert_int_equal(info_of(conn).state, LEAT_TCP_ESTABLISHED);
        assert_int_not_equal(info_of(conn).soft_error, LEAT_OK);
    }
    assert_int_equal(world->closed, 0);
}

static void test_threat_C2_path_mtu_is_never_under_576(void **state)
{
    static const uint16_t mtus[] = {0, 1, 68, 296, 575, 576};
    struct world *world = *state;
    struct frame segment;
    struct leat_tcp *conn = sending(world, &segment);

    /* larger than the present one: ignored */
    feed_error(world, &segment, 3, 4, 9000, 0);
    assert_int_equal(info_of(conn).mss_bytes, 1460);
    feed_error(world, &segment, 3, 4, 1400, 0);
    assert_int_equal(info_of(conn).mss_bytes, 1360);
    for (unsigned i = 0; i < sizeof mtus / sizeof mtus[0]; i++) {
        feed_error(world, &segment, 3, 4, mtus[i], 0);
        assert_int_equal(info_of(conn).mss_bytes, 536);
    }
    assert_int_equal(info_of(conn).state, LEAT_TCP_ESTABLISHED);
}

static void test_threat_C2_refusal_ends_a_connection_that_is_opening(void **state)
{
    struct world *world = *state;
    struct frame syn;

    connecting(world, &syn);
    feed_blind_error(world, &syn, 3, 3, 0, 1);
    assert_int_equal(world->closed, 0);
    feed_error(world, &syn, 3, 3, 0, 0);
    assert_int_equal(world->closed, 1);
    assert_int_equal(world->why, LEAT_ERR_REFUSED);
}

#define tcp_test(function)                                                                         \
    cmocka_unit_test_setup_teardown(function, world_setup_tcp, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        tcp_test(test_threat_C2_error_about_data_not_in_flight_is_dropped),
        tcp_test(test_threat_C2_error_about_data_in_flight_is_soft),
        tcp_test(test_threat_C2_path_mtu_is_never_under_576),
        tcp_test(test_threat_C2_refusal_ends_a_connection_that_is_opening),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
