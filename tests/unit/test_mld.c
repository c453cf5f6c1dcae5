/* test_mld.c -- IPv6 groups are reported to routers (RFC 3810, RFC 2710). */
#include "frames6.h"

enum {
    QUERY = 130,
    OLD_REPORT = 131,
    OLD_DONE = 132,
    REPORT = 143,
    MLD_AT = FRAME6_L4 + 8, /* after the hop-by-hop header */
    IS_EXCLUDE = 2,
    TO_INCLUDE = 3,
    TO_EXCLUDE = 4
};

#define IP6_ROUTERS     ip6_of("ff02::2")
#define IP6_MLD_ROUTERS ip6_of("ff02::16")
#define IP6_NEW         ip6_of("2001:db8::77:1")

/* A packet with an MLD message, as a router builds it. */
static struct frame frame_mld(struct leat_ip src, struct leat_ip dst, const void *message,
                              uint32_t len)
{
    const struct frame plain = frame_icmp6(src, dst, message, len);
    uint8_t payload[512] = {58, 0, 5, 2, 0, 0, 1, 0};
    struct frame frame;

    memcpy(payload + 8, plain.bytes + FRAME6_L4, len);
    frame = frame_ip6(0, src, dst, payload, 8 + len);
    frame.bytes[21] = 1;
    return frame;
}

/* A query of MLDv2; "::": a general query. */
static struct frame query_of(struct leat_ip group, uint16_t code, uint8_t robustness)
{
    uint8_t message[28] = {QUERY, 0, 0, 0, (uint8_t)(code >> 8), (uint8_t)code};

    memcpy(message + 8, group.bytes, 16);
    message[24] = robustness;
    message[25] = 125;
    return frame_mld(IP6_PEER_LINK, leat_ip_is_any(group) ? IP6_ALL : group, message, 28);
}

static struct frame old_query(struct leat_ip group, uint16_t delay_ms)
{
    uint8_t message[24] = {QUERY, 0, 0, 0, (uint8_t)(delay_ms >> 8), (uint8_t)delay_ms};

    memcpy(message + 8, group.bytes, 16);
    return frame_mld(IP6_PEER_LINK, leat_ip_is_any(group) ? IP6_ALL : group, message, 24);
}

/* Asserts that @sent is a correct MLD message to @dst; returns its type. */
static uint8_t mld_type(const struct fake_frame *sent, struct leat_ip dst)
{
    static const uint8_t alert[8] = {58, 0, 5, 2, 0, 0, 1, 0};
    const uint32_t len = frame_get16(sent->bytes + 18) - 8u;
    struct frame plain;

    assert_int_equal(sent->bytes[20], 0);
    assert_int_equal(sent->bytes[21], 1);
    assert_memory_equal(sent->bytes + FRAME6_L4, alert, 8);
    assert_true(leat_ip_equal(frame_ip6_at(sent->bytes + 38), dst));
    assert_int_equal(sent->bytes[0], 0x33);
    assert_memory_equal(sent->bytes + 2, dst.bytes + 12, 4);
    plain = frame_icmp6(frame_ip6_at(sent->bytes + 22), dst, sent->bytes + MLD_AT, len);
    frame_icmp6_repair(&plain);
    assert_memory_equal(plain.bytes + FRAME6_L4, sent->bytes + MLD_AT, len);
    return sent->bytes[MLD_AT];
}

/* The type of the record for @group in a report; 0: there is none. */
static uint8_t record_of(const struct fake_frame *sent, struct leat_ip group)
{
    const uint32_t count = frame_get16(sent->bytes + MLD_AT + 6);

    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *record = sent->bytes + MLD_AT + 8 + i * 20;

        assert_int_equal(frame_get16(record + 2), 0);
        if (memcmp(record + 4, group.bytes, 16) == 0)
            return record[0];
    }
    return 0;
}

static const struct fake_frame *expect_report(struct world *world)
{
    const struct fake_frame *sent = world_expect(world);

    assert_int_equal(mld_type(sent, IP6_MLD_ROUTERS), REPORT);
    return sent;
}

static struct leat_ip link_local_of(const struct fake_frame *sent)
{
    const struct leat_ip src = frame_ip6_at(sent->bytes + 22);

    assert_true(leat_ip_is_link_local(src));
    return src;
}

/* A world whose addresses have finished their reports. */
static struct world *settled(void **state)
{
    struct world *world = *state;

    world_wait(world, 5 * second);
    fake_netif_forget(&world->dev);
    world->dev.keeps_reports = true;
    return world;
}

/* RFC 4862 5.4.2, RFC 3590 4 */
static void an_address_is_listened_to_before_it_is_checked(void **state)
{
    struct world *world = world6_create();
    const struct fake_frame *sent;
    struct leat_ip address;

    *state = world;
    world->dev.keeps_reports = true;
    world_init(world);
    world_wait(world, 300 * ms);
    sent = expect_report(world);
    assert_true(leat_ip_is_any(frame_ip6_at(sent->bytes + 22)));
    assert_int_equal(frame_get16(sent->bytes + MLD_AT + 6), 1);
    sent = world_expect(world);
    assert_int_equal(frame_icmp6_type(sent), 135);
    address = frame_ip6_at(sent->bytes + FRAME6_L4 + 8);
    world_wait(world, 5 * second);
    /* it is repeated, and sent from the address when that is usable */
    do
        sent = expect_report(world);
    while (leat_ip_is_any(frame_ip6_at(sent->bytes + 22)));
    assert_true(leat_ip_equal(link_local_of(sent), address));
    assert_int_equal(record_of(sent, ip6_asked(address)), TO_EXCLUDE);
    sent = expect_report(world);
    assert_int_equal(record_of(sent, ip6_asked(address)), TO_EXCLUDE);
    assert_silent(world);
}

/* RFC 3810 6.1 */
static void a_change_is_told_as_often_as_the_querier_wants(void **state)
{
    struct world *world = settled(state);
    const struct frame query = query_of(LEAT_IP_ANY, 100, 3);

    world_feed(world, &query);
    world_wait(world, second);
    fake_netif_forget(&world->dev);
    assert_int_equal(leat_address_add(world->stack, &world->dev.netif, IP6_NEW, 64), LEAT_OK);
    world_wait(world, 5 * second);
    assert_int_equal(record_of(expect_report(world), ip6_asked(IP6_NEW)), TO_EXCLUDE);
    assert_int_equal(frame_icmp6_type(world_expect(world)), 135);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(record_of(expect_report(world), ip6_asked(IP6_NEW)), TO_EXCLUDE);
    assert_silent(world);
    assert_int_equal(leat_address_remove(world->stack, &world->dev.netif, IP6_NEW), LEAT_OK);
    world_wait(world, 5 * second);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(record_of(expect_report(world), ip6_asked(IP6_NEW)), TO_INCLUDE);
    assert_silent(world);
}

/* RFC 3810 6.2 */
static void a_general_query_is_answered_by_one_report_in_time(void **state)
{
    struct world *world = settled(state);
    const struct frame query = query_of(LEAT_IP_ANY, 1000, 2);
    const struct fake_frame *sent;

    world_feed(world, &query);
    assert_dropped(world, taken_group);
    world_feed(world, &query);
    assert_dropped(world, taken_group);
    world_wait(world, second);
    sent = expect_report(world);
    link_local_of(sent);
    assert_int_equal(frame_get16(sent->bytes + MLD_AT + 6), 2);
    assert_int_equal(record_of(sent, ip6_asked(IP6_US)), IS_EXCLUDE);
    assert_silent(world);
}

static void a_query_for_a_group_is_answered_by_its_members(void **state)
{
    struct world *world = settled(state);
    uint8_t message[28] = {QUERY, 0, 0, 0, 3};
    struct frame query = query_of(ip6_asked(IP6_US), 1000, 2);
    const struct fake_frame *sent;

    world_feed(world, &query);
    assert_dropped(world, taken_group);
    world_wait(world, second);
    sent = expect_report(world);
    assert_int_equal(frame_get16(sent->bytes + MLD_AT + 6), 1);
    assert_int_equal(record_of(sent, ip6_asked(IP6_US)), IS_EXCLUDE);
    memcpy(message + 8, ip6_asked(IP6_OTHER).bytes, 16);
    query = frame_mld(IP6_PEER_LINK, IP6_ALL, message, sizeof message);
    world_feed(world, &query);
    assert_dropped(world, drop_group_not_ours);
    world_wait(world, second);
    assert_silent(world);
}

/* RFC 3810 5.1.3 */
static void long_delays_are_floating_point_numbers(void **state)
{
    struct world *world = settled(state);
    const struct frame query = query_of(LEAT_IP_ANY, 0xffff, 2); /* 8,387,584 ms */
    uint64_t latest_ns = 0;

    for (unsigned i = 0; i < 8; i++) {
        uint64_t begin_ns;

        world_feed(world, &query);
        begin_ns = world->now_ns;
        while (fake_netif_sent_count(&world->dev) == 0 && world->now_ns - begin_ns < 8389 * second)
            world_wait(world, second);
        expect_report(world);
        if (world->now_ns - begin_ns > latest_ns)
            latest_ns = world->now_ns - begin_ns;
    }
    assert_true(latest_ns > 4200 * second); /* one of eight random times is in the second half */
}

/* RFC 3810 8.2, RFC 2710 4 */
static void an_older_router_is_spoken_to_in_its_version(void **state)
{
    struct world *world = settled(state);
    struct frame query = old_query(LEAT_IP_ANY, 1000);
    uint8_t report[24] = {OLD_REPORT};
    struct frame heard;
    const struct fake_frame *sent;

    world_feed(world, &query);
    assert_dropped(world, taken_group);
    world_wait(world, second);
    for (unsigned i = 0; i < 2; i++) { /* of two addresses */
        const struct leat_ip group = frame_ip6_at((sent = world_expect(world))->bytes + 38);

        assert_int_equal(mld_type(sent, group), OLD_REPORT);
        assert_memory_equal(sent->bytes + MLD_AT + 8, group.bytes, 16);
    }
    assert_silent(world);
    /* after another host's report we send none, nor a done message */
    query = old_query(ip6_asked(IP6_US), 1000);
    world_feed(world, &query);
    memcpy(report + 8, ip6_asked(IP6_US).bytes, 16);
    heard = frame_mld(IP6_PEER_LINK, ip6_asked(IP6_US), report, 24);
    world_feed(world, &heard);
    assert_dropped(world, taken_group);
    world_wait(world, second);
    assert_silent(world);
    assert_int_equal(leat_address_remove(world->stack, &world->dev.netif, IP6_US), LEAT_OK);
    world_wait(world, 20 * second);
    assert_silent(world);
    /* after 2 * 125 s + 1 s the newer version is used again */
    world_wait(world, 300 * second);
    query = query_of(LEAT_IP_ANY, 1000, 2);
    world_feed(world, &query);
    world_wait(world, second);
    expect_report(world);
}

static void the_last_reporter_sends_an_older_router_its_leave(void **state)
{
    struct world *world = settled(state);
    const struct frame query = old_query(ip6_asked(IP6_US), 1000);

    world_feed(world, &query);
    world_wait(world, second);
    assert_int_equal(mld_type(world_expect(world), ip6_asked(IP6_US)), OLD_REPORT);
    assert_int_equal(leat_address_remove(world->stack, &world->dev.netif, IP6_US), LEAT_OK);
    world_wait(world, 20 * second);
    assert_int_equal(mld_type(world_expect(world), IP6_ROUTERS), OLD_DONE);
    assert_silent(world);
}

static void another_identifier_is_another_group(void **state)
{
    struct world *world = world6_create();
    const struct fake_frame *sent;
    struct leat_ip target;
    struct frame taken;

    *state = world;
    world_init(world);
    world_wait(world, 300 * ms);
    sent = world_expect(world);
    target = frame_ip6_at(sent->bytes + FRAME6_L4 + 8);
    world->dev.keeps_reports = true;
    taken = frame_ndp(136, 0x20, target, IP6_ALL, target, &MAC_PEER, 0);
    world_feed(world, &taken);
    world_wait(world, 10 * ms);
    sent = expect_report(world);
    assert_int_equal(record_of(sent, ip6_asked(target)), TO_INCLUDE);
}

/* V12: RFC 3810 5.1.14, 6.2 */
static void test_threat_V12_queries_from_afar_are_dropped(void **state)
{
    struct world *world = settled(state);
    const struct frame good = query_of(LEAT_IP_ANY, 1000, 2);
    uint8_t message[28] = {QUERY};
    struct frame bad = good;

    bad.bytes[21] = 2;
    world_feed(world, &bad);
    assert_dropped(world, drop_group_format);
    bad = good;
    bad.bytes[FRAME6_L4 + 2] = 1; /* PadN */
    world_feed(world, &bad);
    assert_dropped(world, drop_group_format);
    bad = good;
    bad.bytes[FRAME6_L4 + 5] = 1; /* RSVP's alert */
    world_feed(world, &bad);
    assert_dropped(world, drop_group_format);
    bad = frame_mld(IP6_PEER, IP6_ALL, message, 28);
    world_feed(world, &bad);
    assert_dropped(world, drop_group_format);
    bad = frame_icmp6(IP6_PEER_LINK, IP6_ALL, message, 28);
    bad.bytes[21] = 1;
    world_feed(world, &bad);
    assert_dropped(world, drop_group_format);
    message[1] = 1;
    bad = frame_mld(IP6_PEER_LINK, IP6_ALL, message, 28);
    world_feed(world, &bad);
    assert_dropped(world, drop_group_format);
    message[1] = 0;
    for (uint8_t len = 8; len < 28; len++) {
        bad = frame_mld(IP6_PEER_LINK, IP6_ALL, message, len);
        world_feed(world, &bad);
        if (len == 24) /* MLDv1 has that length */
            assert_dropped(world, taken_group);
        else
            assert_dropped(world, drop_group_format);
    }
}

static void test_threat_V12_lists_of_sources_must_be_there(void **state)
{
    struct world *world = settled(state);
    uint8_t message[28 + 32] = {QUERY};
    struct frame frame;

    frame_put16(message + 26, 3);
    frame = frame_mld(IP6_PEER_LINK, IP6_ALL, message, sizeof message);
    world_feed(world, &frame);
    assert_dropped(world, drop_group_format);
    frame_put16(message + 26, 0xffff);
    frame = frame_mld(IP6_PEER_LINK, IP6_ALL, message, sizeof message);
    world_feed(world, &frame);
    assert_dropped(world, drop_group_format);
    frame_put16(message + 26, 2);
    memcpy(message + 8, ip6_asked(IP6_US).bytes, 16);
    frame = frame_mld(IP6_PEER_LINK, ip6_asked(IP6_US), message, sizeof message);
    world_feed(world, &frame);
    assert_dropped(world, taken_group);
    message[8] = 0x20; /* not a multicast address */
    frame = frame_mld(IP6_PEER_LINK, ip6_asked(IP6_US), message, sizeof message);
    world_feed(world, &frame);
    assert_dropped(world, drop_group_format);
}

static void test_threat_V12_a_flood_of_hasty_queries_gets_few_answers(void **state)
{
    struct world *world = settled(state);
    const struct frame query = query_of(LEAT_IP_ANY, 0, 2);
    uint32_t answers = 0;

    for (unsigned i = 0; i < 1000; i++) {
        fake_netif_feed(&world->dev, query.bytes, query.len);
        world_wait(world, ms);
    }
    while (fake_netif_sent(&world->dev))
        answers++;
    assert_in_range(answers, 8, 40);
}

/* RFC 3810 6; the flags in front of a scope have no effect. */
static void groups_of_each_scope_but_the_nodes_own_are_told(void **state)
{
    struct world *world = settled(state);
    struct leat_udp *udp = world_socket(world, 0);
    struct leat_netif *netif = &world->dev.netif;

    for (unsigned last = 0; last < 4; last++) { /* of ff02::1 each node is a member */
        struct leat_ip group = ip6_of("ff02::");

        group.bytes[15] = (uint8_t)last;
        assert_int_equal(leat_udp_join(udp, netif, group), LEAT_OK);
        world_wait(world, 5 * second);
        assert_int_equal(fake_netif_sent_count(&world->dev) > 0, last != 1);
        assert_int_equal(leat_udp_leave(udp, netif, group), LEAT_OK);
        world_wait(world, 5 * second);
        fake_netif_forget(&world->dev);
    }
    for (unsigned flags = 0; flags <= 0x30; flags += 0x10) {
        for (unsigned scope = 0; scope < 16; scope++) {
            struct leat_ip group = ip6_of("ff00::1234");

            group.bytes[1] = (uint8_t)(flags | scope);
            assert_int_equal(leat_udp_join(udp, netif, group), LEAT_OK);
            world_wait(world, 5 * second);
            assert_int_equal(fake_netif_sent_count(&world->dev) > 0, scope > 1);
            fake_netif_forget(&world->dev);
            assert_int_equal(leat_udp_leave(udp, netif, group), LEAT_OK);
            world_wait(world, 5 * second);
            assert_int_equal(fake_netif_sent_count(&world->dev) > 0, scope > 1);
            fake_netif_forget(&world->dev);
        }
    }
    leat_udp_close(udp);
}

/* The report is repeated, so nothing is lost by one that finds no memory. */
static void a_report_without_memory_is_counted(void **state)
{
    struct world *world = settled(state);
    struct leat_buf *all = NULL, *buf;
    struct leat_udp *udp = world_socket(world, 7);

    while ((buf = leat_buf_alloc(leat_pool(world->stack), 0))) {
        buf->queued = all;
        all = buf;
    }
    for (unsigned older = 0; older < 2; older++) {
        const struct frame old = old_query(LEAT_IP_ANY, 1000);
        const struct leat_ip group = ip6_of(older ? "ff05::77" : "ff05::66");

        world_give_all(older ? all : NULL);
        if (older) {
            world_feed(world, &old);
            world_wait(world, 5 * second);
            for (all = NULL; (buf = leat_buf_alloc(leat_pool(world->stack), 0)); all = buf)
                buf->queued = all;
        }
        world_mark(world);
        assert_int_equal(leat_udp_join(udp, &world->dev.netif, group), LEAT_OK);
        world_wait(world, 10 * second);
        assert_silent(world);
        assert_true(world_grown(world, LEAT_STAT_tx_no_memory) > 0);
        assert_int_equal(leat_udp_leave(udp, &world->dev.netif, group), LEAT_OK);
        world_wait(world, 10 * second);
        assert_silent(world);
    }
    world_give_all(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(an_address_is_listened_to_before_it_is_checked, world_teardown),
        world6_test(a_change_is_told_as_often_as_the_querier_wants),
        world6_test(a_general_query_is_answered_by_one_report_in_time),
        world6_test(a_query_for_a_group_is_answered_by_its_members),
        world6_test(long_delays_are_floating_point_numbers),
        world6_test(an_older_router_is_spoken_to_in_its_version),
        world6_test(the_last_reporter_sends_an_older_router_its_leave),
        cmocka_unit_test_teardown(another_identifier_is_another_group, world_teardown),
        world6_test(a_report_without_memory_is_counted),
        world6_test(groups_of_each_scope_but_the_nodes_own_are_told),
        world6_test(test_threat_V12_queries_from_afar_are_dropped),
        world6_test(test_threat_V12_lists_of_sources_must_be_there),
        world6_test(test_threat_V12_a_flood_of_hasty_queries_gets_few_answers),
    };

    return cmocka_run_group_tests_name("mld", tests, 0, 0);
}
