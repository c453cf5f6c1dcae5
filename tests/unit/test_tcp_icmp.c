/* test_tcp_icmp.c -- ICMP errors about connections, forged ones among them (RFC 5927, RFC 5461). */
#include "world.h"
#include "core/unreachable.h"

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

/* The last report about a destination is kept, if its quote was believed; "too big" is none. */
static void the_sender_of_an_error_is_remembered(void **state)
{
    struct world *world = *state;
    const struct leat_unreachable *report;
    char text[LEAT_REFUSAL_TEXT_BYTES];
    struct frame syn;

    connecting(world, &syn);
    feed_blind_error(world, &syn, 3, 13, 0, 1);
    feed_error(world, &syn, 3, 4, 1000, 0);
    assert_null(leat_unreachable_to(world->stack, leat_ip_v4(IP_PEER)));
    feed_error(world, &syn, 11, 0, 0, 0);
    feed_error(world, &syn, 3, 13, 0, 0);
    report = leat_unreachable_to(world->stack, leat_ip_v4(IP_PEER));
    assert_non_null(report);
    assert_int_equal(report->at_ns, world->now_ns);
    assert_true(leat_unreachable_format(report, text) == strlen(text));
    assert_non_null(strstr(text, " says: administratively denied (ICMP type 3, code 13)"));
    assert_null(leat_unreachable_to(world->stack, leat_ip_v4(IP_OTHER)));
}

static void each_kind_of_report_is_told(void **state)
{
    static const struct {
        enum leat_unreachable_how how;
        uint8_t type, code;
        const char *text;
    } all[] = {
        {LEAT_UNREACHABLE_ARP, 0, 0, "no answer from 10.0.0.9 to ARP"},
        {LEAT_UNREACHABLE_NDP, 0, 0, "no answer from 10.0.0.9 to neighbour discovery"},
        {LEAT_UNREACHABLE_ICMP, 3, 1, "10.0.0.9 says: host unreachable (ICMP type 3, code 1)"},
        {LEAT_UNREACHABLE_ICMP, 3, 8, "10.0.0.9 says: unreachable (ICMP type 3, code 8)"},
        {LEAT_UNREACHABLE_ICMP, 3, 255, "10.0.0.9 says: unreachable (ICMP type 3, code 255)"},
        {LEAT_UNREACHABLE_ICMP, 11, 0, "10.0.0.9 says: time exceeded (ICMP type 11, code 0)"},
        {LEAT_UNREACHABLE_ICMP, 12, 0, "10.0.0.9 says: parameter problem (ICMP type 12, code 0)"},
        {LEAT_UNREACHABLE_ICMP6, 1, 0, "10.0.0.9 says: no route (ICMPv6 type 1, code 0)"},
        {LEAT_UNREACHABLE_ICMP6, 1, 7, "10.0.0.9 says: unreachable (ICMPv6 type 1, code 7)"},
        {LEAT_UNREACHABLE_ICMP6, 3, 0, "10.0.0.9 says: time exceeded (ICMPv6 type 3, code 0)"},
        {LEAT_UNREACHABLE_ICMP6, 4, 0, "10.0.0.9 says: parameter problem (ICMPv6 type 4, code 0)"},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
        const struct leat_unreachable report = {.from = leat_ip_v4(0x0a000009),
                                                .how = all[i].how,
                                                .type = all[i].type,
                                                .code = all[i].code};
        char text[LEAT_REFUSAL_TEXT_BYTES];

        leat_unreachable_format(&report, text);
        assert_string_equal(text, all[i].text);
    }
}

/* A fifth destination takes the place of the oldest, and a known one its own. */
static void the_last_reports_are_kept(void **state)
{
    struct unreachables reports = {.all = {{.at_ns = 0}}};

    (void)state;
    for (uint32_t i = 1; i <= 6; i++) {
        const struct leat_unreachable report = {.to = leat_ip_v4(i == 4 ? 2 : i), .at_ns = i};

        unreachable_note(&reports, &report);
    }
    assert_int_equal(reports.all[0].at_ns, 6); /* of 1 */
    assert_int_equal(reports.all[1].at_ns, 4); /* of 2, again */
    assert_int_equal(reports.all[2].at_ns, 3);
    assert_int_equal(reports.all[3].at_ns, 5);
}

#define tcp_test(function)                                                                         \
    cmocka_unit_test_setup_teardown(function, world_setup_tcp, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        tcp_test(the_sender_of_an_error_is_remembered),
        cmocka_unit_test(each_kind_of_report_is_told),
        cmocka_unit_test(the_last_reports_are_kept),
        tcp_test(test_threat_C2_error_about_data_not_in_flight_is_dropped),
        tcp_test(test_threat_C2_error_about_data_in_flight_is_soft),
        tcp_test(test_threat_C2_path_mtu_is_never_under_576),
        tcp_test(test_threat_C2_refusal_ends_a_connection_that_is_opening),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
