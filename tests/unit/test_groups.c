/* test_groups.c -- sockets join groups of both families; IPv4 groups are reported to routers (RFC
 * 3376, 2236, 1112). */
#include "frames6.h"

enum {
    QUERY = 0x11,
    V1_REPORT = 0x12,
    V2_REPORT = 0x16,
    V2_LEAVE = 0x17,
    V3_REPORT = 0x22,
    IGMP_AT = 38, /* after a header with a Router Alert */
    IS_EXCLUDE = 2,
    TO_INCLUDE = 3,
    TO_EXCLUDE = 4,
    PORT = 5353
};

#define GROUP      IP4(239, 1, 2, 3)
#define GROUP_IP   LEAT_IP4(239, 1, 2, 3)
#define ALIAS      IP4(239, 129, 2, 3) /* the same Ethernet address (RFC 1112 6.4) */
#define ALL_HOSTS  IP4(224, 0, 0, 1)
#define V3_ROUTERS IP4(224, 0, 0, 22)
#define GROUP6     ip6_of("ff02::4:5")

static void put_group_mac(struct frame *frame, leat_ip4 group)
{
    frame->bytes[0] = 1;
    frame->bytes[1] = 0;
    frame->bytes[2] = 0x5e;
    frame->bytes[3] = (uint8_t)(group >> 16 & 0x7f);
    frame_put16(frame->bytes + 4, group & 0xffff);
}

static struct frame datagram_to(leat_ip4 group)
{
    struct frame frame = frame_udp(IP_PEER, 1000, group, PORT, "hello", 5);

    put_group_mac(&frame, group);
    return frame;
}

/* An IGMP message from @src, with a Router Alert and a TTL of 1. */
static struct frame igmp_from(leat_ip4 src, leat_ip4 dst, void *message, uint32_t len)
{
    static const uint8_t alert[4] = {148, 4, 0, 0};
    uint8_t *bytes = message;
    struct frame frame;

    frame_put16(bytes + 2, 0);
    frame_put16(bytes + 2, frame_sum(bytes, len, 0));
    frame = frame_ip_with(2, src, dst, alert, sizeof alert, message, len);
    frame.bytes[FRAME_IP + 8] = 1;
    frame_seal_ip(&frame);
    put_group_mac(&frame, dst);
    return frame;
}

/* A query of IGMPv3; @group 0: a general query.  @code: tenths of a second. */
static struct frame query_of(leat_ip4 group, uint8_t code)
{
    uint8_t message[12] = {QUERY, code};

    frame_put32(message + 4, group);
    message[8] = 2;
    message[9] = 125;
    return igmp_from(IP_PEER, group ? group : ALL_HOSTS, message, sizeof message);
}

/* A query of IGMPv2, or of IGMPv1 if @code is 0. */
static struct frame old_query(leat_ip4 group, uint8_t code)
{
    uint8_t message[8] = {QUERY, code};

    frame_put32(message + 4, group);
    return igmp_from(IP_PEER, group ? group : ALL_HOSTS, message, sizeof message);
}

/* Expects that the next frame is a correct IGMP message to @dst; returns it. */
static const uint8_t *expect_igmp(struct world *world, leat_ip4 dst, uint8_t type, uint32_t len)
{
    const struct fake_frame *sent = world_expect(world);
    struct frame to = {.len = 0};

    put_group_mac(&to, dst);
    assert_memory_equal(sent->bytes, to.bytes, 6);
    assert_int_equal(sent->bytes[FRAME_IP], 0x46);
    assert_int_equal(sent->bytes[FRAME_IP + 1], 0xc0);
    assert_int_equal(frame_get16(sent->bytes + FRAME_IP + 2), 24 + len);
    assert_int_equal(sent->bytes[FRAME_IP + 8], 1);
    assert_int_equal(sent->bytes[FRAME_IP + 9], 2);
    assert_int_equal(frame_get32(sent->bytes + FRAME_IP + 12), IP_US);
    assert_int_equal(frame_get32(sent->bytes + FRAME_IP + 16), dst);
    assert_int_equal(frame_get32(sent->bytes + FRAME_IP + 20), 0x94040000);
    assert_int_equal(frame_sum(sent->bytes + FRAME_IP, 24, 0), 0);
    assert_int_equal(frame_sum(sent->bytes + IGMP_AT, len, 0), 0);
    assert_int_equal(sent->bytes[IGMP_AT], type);
    return sent->bytes + IGMP_AT;
}

/* Expects a report of IGMPv3 with this one record. */
static void expect_record(struct world *world, uint8_t type, leat_ip4 group)
{
    const uint8_t *report = expect_igmp(world, V3_ROUTERS, V3_REPORT, 16);

    assert_int_equal(frame_get16(report + 6), 1);
    assert_int_equal(report[8], type);
    assert_int_equal(frame_get16(report + 10), 0);
    assert_int_equal(frame_get32(report + 12), group);
}

/* Expects a message of an older version. */
static void expect_old(struct world *world, leat_ip4 dst, uint8_t type, leat_ip4 group)
{
    assert_int_equal(frame_get32(expect_igmp(world, dst, type, 8) + 4), group);
}

static enum leat_err join(struct world *world, struct leat_udp *udp, struct leat_ip group)
{
    const enum leat_err err = leat_udp_join(udp, &world->dev.netif, group);

    world_poll(world);
    return err;
}

/* A socket in the group, after all reports were sent. */
static struct leat_udp *joined(struct world *world)
{
    struct leat_udp *udp = world_socket(world, PORT);

    assert_int_equal(join(world, udp, GROUP_IP), LEAT_OK);
    world_wait(world, 20 * second);
    fake_netif_forget(&world->dev);
    world->dev.keeps_reports = true;
    return udp;
}

/* RFC 3376 5.1 */
static void joining_and_leaving_are_told_twice(void **state)
{
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, PORT);

    world->dev.keeps_reports = true;
    assert_int_equal(join(world, udp, GROUP_IP), LEAT_OK);
    expect_record(world, TO_EXCLUDE, GROUP);
    assert_silent(world);
    world_wait(world, 1001 * ms);
    expect_record(world, TO_EXCLUDE, GROUP);
    world_wait(world, 20 * second);
    assert_silent(world);
    assert_int_equal(leat_udp_leave(udp, &world->dev.netif, GROUP_IP), LEAT_OK);
    world_wait(world, 20 * second);
    expect_record(world, TO_INCLUDE, GROUP);
    expect_record(world, TO_INCLUDE, GROUP);
    assert_silent(world);
    assert_int_equal(leat_udp_leave(udp, &world->dev.netif, GROUP_IP), LEAT_ERR_NOT_FOUND);
}

/* RFC 3376 4.2.13 */
static void a_host_without_an_address_reports_from_none(void **state)
{
    struct world *world = world_create();

    *state = world;
    world_init(world);
    world->dev.keeps_reports = true;
    assert_int_equal(join(world, world_socket(world, PORT), GROUP_IP), LEAT_OK);
    assert_int_equal(frame_get32(world_expect(world)->bytes + FRAME_IP + 12), 0);
}

static void a_member_hears_the_group(void **state)
{
    struct world *world = *state;
    const struct frame frame = datagram_to(GROUP);
    struct frame other;
    struct leat_udp *udp;

    world_feed(world, &frame);
    assert_dropped(world, drop_eth_not_ours);
    udp = joined(world);
    world_feed(world, &frame);
    assert_dropped(world, taken_udp);
    assert_int_equal(world->datagrams, 1);
    assert_true(leat_ip_equal(world->local.ip, GROUP_IP));
    other = datagram_to(ALIAS);
    world_feed(world, &other);
    assert_dropped(world, drop_ip_not_ours);
    other = datagram_to(IP4(239, 1, 2, 4));
    world_feed(world, &other);
    assert_dropped(world, drop_eth_not_ours);
    leat_udp_close(udp);
    world_wait(world, 20 * second);
    world_feed(world, &frame);
    assert_dropped(world, drop_eth_not_ours);
}

static void a_group_is_heard_by_its_members_alone(void **state)
{
    struct world *world = *state;
    const struct frame frame = datagram_to(GROUP);
    struct leat_udp *member = world_socket(world, PORT + 1), *other = world_socket(world, PORT);

    assert_int_equal(join(world, member, GROUP_IP), LEAT_OK);
    world_feed(world, &frame);
    assert_dropped(world, drop_udp_port);
    assert_int_equal(join(world, other, GROUP_IP), LEAT_OK);
    world_feed(world, &frame);
    assert_dropped(world, taken_udp);
    leat_udp_close(member); /* the other socket is still a member */
    world_feed(world, &frame);
    assert_dropped(world, taken_udp);
}

static void a_socket_may_be_in_several_groups(void **state)
{
    struct world *world = *state;
    const struct frame first = datagram_to(GROUP), second_one = datagram_to(IP4(239, 1, 2, 4));
    struct leat_udp *udp = joined(world);

    assert_int_equal(join(world, udp, LEAT_IP4(239, 1, 2, 4)), LEAT_OK);
    world_feed(world, &second_one);
    assert_ended(world, taken_udp);
    world_feed(world, &first);
    assert_ended(world, taken_udp);
    assert_int_equal(leat_udp_leave(udp, &world->dev.netif, GROUP_IP), LEAT_OK);
    world_feed(world, &first);
    assert_ended(world, drop_eth_not_ours);
    world_feed(world, &second_one);
    assert_ended(world, taken_udp);
}

static void joins_that_mean_nothing_are_refused(void **state)
{
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, PORT), *many = world_socket(world, 0);

    assert_int_equal(join(world, udp, LEAT_IP4(10, 0, 0, 1)), LEAT_ERR_ARGUMENT);
    assert_int_equal(leat_udp_join(udp, &world->second.netif, GROUP_IP), LEAT_ERR_ARGUMENT);
    assert_int_equal(join(world, udp, GROUP6), LEAT_ERR_FAMILY);
    assert_int_equal(leat_udp_join(udp, 0, GROUP_IP), LEAT_OK); /* on the first netif */
    assert_int_equal(join(world, udp, GROUP_IP), LEAT_ERR_IN_USE);
    for (uint8_t i = 1; i < 8; i++)
        assert_int_equal(join(world, many, LEAT_IP4(239, 0, 0, i)), LEAT_OK);
    assert_int_equal(join(world, many, LEAT_IP4(239, 0, 0, 8)), LEAT_ERR_FULL);
    assert_int_equal(leat_udp_leave(udp, 0, GROUP_IP), LEAT_OK);
    assert_int_equal(join(world, many, LEAT_IP4(239, 0, 0, 8)), LEAT_OK);
}

/* RFC 3376 5: 224.0.0.1 is never reported, and always received. */
static void all_hosts_are_nothing_to_tell(void **state)
{
    struct world *world = *state;
    const struct frame query = query_of(IP4_ANY, 10);
    struct leat_udp *udp = world_socket(world, PORT);
    const struct frame frame = datagram_to(ALL_HOSTS);

    world->dev.keeps_reports = true;
    assert_int_equal(join(world, udp, LEAT_IP4(224, 0, 0, 1)), LEAT_OK);
    world_wait(world, 20 * second);
    world_feed(world, &query);
    world_wait(world, 20 * second);
    assert_silent(world);
    world_feed(world, &frame);
    assert_dropped(world, taken_udp);
    assert_int_equal(leat_udp_leave(udp, 0, LEAT_IP4(224, 0, 0, 1)), LEAT_OK);
    world_feed(world, &frame);
    assert_dropped(world, taken_udp);
}

/* A query for it needs no answer either. */
static void a_query_for_all_hosts_gives_us_no_work(void **state)
{
    struct world *world = *state;
    const struct frame queries[] = {old_query(IP4_ANY, 10), query_of(ALL_HOSTS, 10),
                                    old_query(IP4_ANY, 0)};

    world->dev.keeps_reports = true;
    assert_int_equal(join(world, world_socket(world, PORT), LEAT_IP4(224, 0, 0, 1)), LEAT_OK);
    for (unsigned i = 0; i < 3; i++) {
        world_feed(world, &queries[i]);
        assert_dropped(world, taken_group);
        world->now_ns += 20 * second;
        assert_true(leat_poll(world->stack, world->now_ns) > world->now_ns);
        assert_silent(world);
    }
}

/* RFC 3376 5.2 */
static void queries_are_answered_in_time(void **state)
{
    struct world *world = *state;
    const struct frame queries[] = {query_of(IP4_ANY, 10), query_of(GROUP, 10)};
    struct frame from_switch = query_of(IP4_ANY, 10), others;
    uint8_t message[12] = {QUERY, 10};

    joined(world);
    for (unsigned i = 0; i < 2; i++) {
        world_feed(world, &queries[i]);
        assert_dropped(world, taken_group);
        world_wait(world, second);
        expect_record(world, IS_EXCLUDE, GROUP);
        assert_silent(world);
    }
    /* a switch without an address queries as well (RFC 4541 2.1.1) */
    frame_put32(from_switch.bytes + FRAME_IP + 12, 0);
    frame_seal_ip(&from_switch);
    world_feed(world, &from_switch);
    assert_dropped(world, taken_group);
    frame_put32(message + 4, IP4(239, 9, 9, 9));
    others = igmp_from(IP_PEER, ALL_HOSTS, message, sizeof message);
    world_feed(world, &others);
    assert_dropped(world, drop_group_not_ours);
}

/* RFC 3376 7.2, RFC 2236 3 */
static void routers_of_version_2_are_spoken_to_so(void **state)
{
    struct world *world = *state;
    const struct frame query = old_query(IP4_ANY, 10), newer = query_of(IP4_ANY, 10);
    struct leat_udp *udp = joined(world);

    world_feed(world, &query);
    assert_dropped(world, taken_group);
    world_wait(world, second);
    expect_old(world, GROUP, V2_REPORT, GROUP);
    assert_int_equal(join(world, udp, LEAT_IP4(239, 0, 0, 1)), LEAT_OK);
    world_wait(world, 20 * second);
    expect_old(world, IP4(239, 0, 0, 1), V2_REPORT, IP4(239, 0, 0, 1));
    expect_old(world, IP4(239, 0, 0, 1), V2_REPORT, IP4(239, 0, 0, 1));
    leat_udp_close(udp);
    world_poll(world);
    expect_old(world, IP4(224, 0, 0, 2), V2_LEAVE, IP4(239, 0, 0, 1));
    expect_old(world, IP4(224, 0, 0, 2), V2_LEAVE, GROUP);
    world_wait(world, 300 * second);
    assert_silent(world);
    joined(world);
    world_feed(world, &newer);
    world_wait(world, second);
    expect_record(world, IS_EXCLUDE, GROUP);
}

static void one_of_the_members_answers_version_2(void **state)
{
    struct world *world = *state;
    const struct frame query = old_query(GROUP, 10);
    uint8_t report[8] = {V2_REPORT};
    struct leat_udp *udp = joined(world);
    struct frame heard;

    frame_put32(report + 4, GROUP);
    heard = igmp_from(IP_PEER, GROUP, report, sizeof report);
    world_feed(world, &heard); /* members with IGMPv3 ignore it */
    assert_dropped(world, drop_group_not_ours);
    world_feed(world, &query);
    world_wait(world, second);
    expect_old(world, GROUP, V2_REPORT, GROUP);
    world_feed(world, &query);
    world_feed(world, &heard); /* now another host has reported last */
    assert_dropped(world, taken_group);
    leat_udp_close(udp);
    world_wait(world, 20 * second);
    assert_silent(world);
}

static void routers_of_version_1_hear_no_leave(void **state)
{
    struct world *world = *state;
    struct frame query = old_query(IP4_ANY, 0);
    struct leat_udp *udp = joined(world);

    /* IGMPv1 queries have no Router Alert */
    query = frame_ip(2, IP_PEER, ALL_HOSTS, query.bytes + IGMP_AT, 8);
    query.bytes[FRAME_IP + 8] = 1;
    frame_seal_ip(&query);
    put_group_mac(&query, ALL_HOSTS);
    world_feed(world, &query);
    assert_dropped(world, taken_group);
    world_wait(world, 10 * second);
    expect_old(world, GROUP, V1_REPORT, GROUP);
    leat_udp_close(udp);
    world_wait(world, 20 * second);
    assert_silent(world);
}

/* V12 for IPv4: RFC 3376 9.1 */
static void test_threat_V12_queries_of_IGMP_from_afar_are_dropped(void **state)
{
    struct world *world = *state;
    const struct frame good = query_of(IP4_ANY, 10);
    uint8_t message[20] = {QUERY, 10};
    struct frame bad = good;

    joined(world);
    bad.bytes[FRAME_IP + 8] = 2;
    frame_seal_ip(&bad);
    world_feed(world, &bad);
    assert_dropped(world, drop_group_format);
    bad = good;
    bad.bytes[FRAME_IP + 20] = 1; /* four times NOP */
    bad.bytes[FRAME_IP + 21] = bad.bytes[FRAME_IP + 22] = bad.bytes[FRAME_IP + 23] = 1;
    frame_seal_ip(&bad);
    world_feed(world, &bad);
    assert_dropped(world, drop_group_format);
    bad = good;
    bad.bytes[IGMP_AT + 1]++;
    world_feed(world, &bad);
    assert_dropped(world, drop_group_format);
    bad = igmp_from(IP_PEER, GROUP, message, 12); /* a general query to a group */
    world_feed(world, &bad);
    assert_dropped(world, drop_group_format);
    bad = igmp_from(IP_PEER, ALL_HOSTS, message, 7);
    world_feed(world, &bad);
    assert_dropped(world, drop_group_format);
    bad = igmp_from(IP_PEER, ALL_HOSTS, message, 10);
    world_feed(world, &bad);
    assert_dropped(world, drop_group_format);
    frame_put16(message + 10, 3);
    bad = igmp_from(IP_PEER, ALL_HOSTS, message,
                    sizeof message); /* three sources, in a message with space for two */
    world_feed(world, &bad);
    assert_dropped(world, drop_group_format);
}

static void groups_of_IPv6_are_joined(void **state)
{
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, PORT);
    const struct frame frame = frame_udp6(IP6_PEER, 1000, GROUP6, PORT, "hello", 5);
    struct frame away = frame_udp6(IP6_PEER, 1000, ip6_of("ff05::4:5"), PORT, "hello", 5);
    const struct fake_frame *sent;

    world_feed(world, &frame);
    assert_dropped(world, drop_eth_not_ours);
    world->dev.keeps_reports = true;
    assert_int_equal(join(world, udp, GROUP6), LEAT_OK);
    sent = world_expect(world);
    assert_int_equal(sent->bytes[FRAME6_L4 + 8], 143);
    assert_int_equal(sent->bytes[FRAME6_L4 + 16], TO_EXCLUDE);
    assert_memory_equal(sent->bytes + FRAME6_L4 + 20, GROUP6.bytes, 16);
    world_wait(world, 5 * second);
    world_feed(world, &frame);
    assert_dropped(world, taken_udp);
    assert_true(leat_ip_equal(world->local.ip, GROUP6));
    world_feed(world, &away); /* a group with the same Ethernet address */
    assert_dropped(world, drop_ip6_not_ours);
    assert_int_equal(leat_udp_leave(udp, 0, GROUP6), LEAT_OK);
    world_wait(world, 5 * second);
    world_feed(world, &frame);
    assert_dropped(world, drop_eth_not_ours);
}

static void IGMP_is_none_of_IPv6(void **state)
{
    struct world *world = *state;
    uint8_t message[12] = {QUERY, 10};
    struct frame frame;

    assert_int_equal(join(world, world_socket(world, PORT), GROUP_IP), LEAT_OK);
    frame = frame_ip6(2, IP6_PEER, IP6_US, message, sizeof message);
    world_feed(world, &frame);
    assert_dropped(world, drop_ip6_protocol);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(joining_and_leaving_are_told_twice),
        cmocka_unit_test_teardown(a_host_without_an_address_reports_from_none, world_teardown),
        world_test(a_member_hears_the_group),
        world_test(a_group_is_heard_by_its_members_alone),
        world_test(a_socket_may_be_in_several_groups),
        world_test(joins_that_mean_nothing_are_refused),
        world_test(all_hosts_are_nothing_to_tell),
        world_test(a_query_for_all_hosts_gives_us_no_work),
        world_test(queries_are_answered_in_time),
        world_test(routers_of_version_2_are_spoken_to_so),
        world_test(one_of_the_members_answers_version_2),
        world_test(routers_of_version_1_hear_no_leave),
        world_test(test_threat_V12_queries_of_IGMP_from_afar_are_dropped),
        world6_test(groups_of_IPv6_are_joined),
        world6_test(IGMP_is_none_of_IPv6),
    };

    return cmocka_run_group_tests_name("groups", tests, 0, 0);
}
