/* test_xen_groups.c -- the groups of Ethernet whose frames the other domain of Xen hands over. */
#include "netback.h"

#include <string.h>

enum {
    EXCLUDES = 2, /* types of records */
    LEAVES = 3,
    JOINS = 4
};

static int set_up_with(const char *offer)
{
    const char *why = NULL;

    netback_init();
    netback_set("~/feature-multicast-control", offer);
    xen_world_prepare(0);
    return xen_world_start(&why) == LEAT_OK ? 0 : 1;
}

static int set_up(void **state)
{
    (void)state;
    return set_up_with("1");
}

static int set_up_without(void **state)
{
    (void)state;
    return set_up_with("0");
}

static int tear_down(void **state)
{
    struct leat_xen *xen = &xen_world.xen;

    (void)state;
    xen->netif.ops->close(&xen->netif);
    assert_true(pool_is_whole(&xen_world.pool));
    return 0;
}

static void send(const uint8_t *bytes, uint32_t len)
{
    struct leat_netif *netif = leat_xen_netif(&xen_world.xen);
    struct leat_buf *frame = leat_buf_copy(&xen_world.pool, bytes, len);

    assert_non_null(frame);
    netif->ops->transmit(netif, netback.now_ns, &frame, 1);
}

/* The other domain takes all frames that were sent, and the driver its answers. */
static void take_all(void)
{
    struct leat_netif *netif = leat_xen_netif(&xen_world.xen);

    while (netback_take(XEN_STATUS_OKAY))
        continue;
    netif->ops->transmit_room(netif);
}

/* A report of one group: IGMPv3, or MLDv2 if @group has 16 bytes; with a tag if @tag is not 0. */
static void report(uint8_t type, const uint8_t *group, uint32_t group_bytes, uint16_t tag)
{
    static const uint8_t igmp[] = {1, 0, 0x5e, 0, 0, 22, 2, 0, 0, 0, 0, 1, 8, 0};
    static const uint8_t mld[] = {0x33, 0x33, 0, 0, 0, 22, 2, 0, 0, 0, 0, 1, 0x86, 0xdd};
    const bool v6 = group_bytes == 16;
    const uint32_t ip = tag ? 18 : 14, message = ip + (v6 ? 48 : 24);
    uint8_t frame[128] = {0};

    memcpy(frame, v6 ? mld : igmp, 12);
    memcpy(frame + ip - 2, (v6 ? mld : igmp) + 12, 2);
    if (tag) {
        frame[12] = 0x81;
        frame[15] = (uint8_t)tag;
    }
    frame[ip] = v6 ? 0x60 : 0x46;
    if (v6)
        frame[ip + 40] = 58;
    else
        frame[ip + 9] = 2;
    frame[message] = v6 ? 143 : 0x22;
    frame[message + 7] = 1;
    frame[message + 8] = type;
    memcpy(frame + message + 12, group, group_bytes);
    send(frame, message + 12 + group_bytes);
}

static void report4(uint8_t type, uint8_t third, uint8_t last)
{
    report(type, (const uint8_t[]){239, 1, third, last}, 4, 0);
    take_all();
}

static void report6(uint8_t type, uint8_t last)
{
    report(type, (const uint8_t[]){0xff, 2, [11] = 1, 0xff, 0, 0, last}, 16, 0);
    take_all();
}

/* ---- in order ----------------------------------------------------------------------------- */

static void the_groups_of_all_hosts_are_told_at_the_start(void **state)
{
    (void)state;
    assert_int_equal(netback_number("device/vif/0/request-multicast-control"), 1);
    xen_world_look(1);
    take_all();
    assert_int_equal(netback.group_count, 2);
    assert_true(netback_hears("01:00:5e:00:00:01"));
    assert_true(netback_hears("33:33:00:00:00:01"));
}

static void groups_of_both_families_are_told_and_taken_back(void **state)
{
    (void)state;
    report4(JOINS, 2, 3);
    report6(JOINS, 7);
    assert_true(netback_hears("01:00:5e:01:02:03"));
    assert_true(netback_hears("33:33:ff:00:00:07"));
    report4(EXCLUDES, 2, 3); /* an answer to a query changes nothing */
    report6(JOINS, 7);       /* nor does a repeated report */
    assert_int_equal(netback.group_count, 4);
    report4(LEAVES, 2, 3);
    report6(LEAVES, 7);
    report6(LEAVES, 7);
    assert_int_equal(netback.group_count, 2);
    assert_int_equal(leat_xen_counters(&xen_world.xen)->tx_refused, 0);
}

static void a_group_is_told_behind_a_tag(void **state)
{
    (void)state;
    report(JOINS, (const uint8_t[]){239, 1, 2, 3}, 4, 5);
    report(JOINS, (const uint8_t[]){0xff, 5, [15] = 9}, 16, 5);
    take_all();
    assert_true(netback_hears("01:00:5e:01:02:03"));
    assert_true(netback_hears("33:33:00:00:00:09"));
}

/* IGMPv1, IGMPv2 and MLDv1 have a message for each group. */
static void messages_of_older_versions_are_read(void **state)
{
    static const struct {
        uint8_t join, leave;
        bool v6;
    } versions[] = {{0x12, 0x17, false}, {0x16, 0x17, false}, {131, 132, true}};

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        const uint32_t message = versions[i].v6 ? 62 : 38;
        uint8_t frame[100] = {1, 0, 0x5e, 1, 2, 3, [12] = 8, [14] = 0x46, [23] = 2};

        if (versions[i].v6)
            memcpy(frame + 12, (const uint8_t[]){0x86, 0xdd, 0x60, [42] = 58}, 43);
        frame[message] = versions[i].join;
        memcpy(frame + message + (versions[i].v6 ? 8 : 4),
               versions[i].v6 ? (const uint8_t[]){0xff, 2, [15] = 3}
                              : (const uint8_t[16]){239, 1, 2, 3},
               16);
        send(frame, sizeof frame);
        take_all();
        assert_int_equal(netback.group_count, 3);
        frame[message] = versions[i].leave;
        send(frame, sizeof frame);
        take_all();
        assert_int_equal(netback.group_count, 2);
    }
}

/* 239.1.2.3 and 239.129.2.3 have the same address of Ethernet (RFC 1112 6.4). */
static void an_address_of_two_groups_is_taken_back_with_the_last(void **state)
{
    const uint8_t other[] = {239, 129, 2, 3};

    (void)state;
    report4(JOINS, 2, 3);
    report(JOINS, other, 4, 0);
    take_all();
    assert_int_equal(netback.group_count, 3);
    report4(LEAVES, 2, 3);
    assert_true(netback_hears("01:00:5e:01:02:03"));
    report(LEAVES, other, 4, 0);
    take_all();
    assert_false(netback_hears("01:00:5e:01:02:03"));
}

static void without_the_feature_nothing_is_told(void **state)
{
    (void)state;
    assert_int_equal(netback_number("device/vif/0/request-multicast-control"), 0);
    report4(JOINS, 2, 3); /* the model would refuse more than a frame */
    assert_int_equal(netback.group_count, 0);
    assert_int_equal(xen_world.queues[0].tx.requests, 1);
}

static void a_new_connection_is_told_all_groups(void **state)
{
    (void)state;
    report4(JOINS, 2, 3);
    netback_set("~/state", "5");
    netback.disconnect();
    xen_world_look(1);
    report(JOINS, (const uint8_t[]){239, 1, 2, 4}, 4, 0); /* a frame that is lost */
    report(LEAVES, (const uint8_t[]){239, 1, 2, 3}, 4, 0);
    xen_world_look_for(3);
    assert_true(leat_xen_link_up(&xen_world.xen));
    take_all();
    assert_int_equal(netback.group_count, 3);
    assert_true(netback_hears("01:00:5e:01:02:04"));
}

static void a_full_ring_delays_a_group(void **state)
{
    static const uint8_t bytes[64]; /* outside of the memory that is granted: they are copied */
    struct leat_netif *netif = leat_xen_netif(&xen_world.xen);

    (void)state;
    xen_world_look(1);
    take_all();
    while (xen_ring_room(&xen_world.queues[0].tx) >= 20) { /* a frame's slots, and one more */
        struct leat_buf *frame = leat_buf_lend(&xen_world.pool, bytes, sizeof bytes, NULL, NULL);

        assert_non_null(frame);
        netif->ops->transmit(netif, netback.now_ns, &frame, 1);
    }
    report(JOINS, (const uint8_t[]){239, 1, 2, 3}, 4, 0);
    for (unsigned i = 0; i < 30; i++)
        report(JOINS, (const uint8_t[]){239, 1, 2, (uint8_t)(10 + i)}, 4, 0);
    assert_true(xen_world.xen.groups_pending);
    take_all();
    xen_world_look(1);
    take_all();
    assert_int_equal(netback.group_count, 33);
    assert_false(xen_world.xen.groups_pending);
}

/* ---- out of order ------------------------------------------------------------------------- */

/* The filter can't be ended but by a new connection. */
static void is_without_filter(void)
{
    xen_world_look_for(3);
    assert_true(leat_xen_link_up(&xen_world.xen));
    assert_int_equal(netback_number("device/vif/0/request-multicast-control"), 0);
    assert_int_equal(leat_xen_counters(&xen_world.xen)->link_changes, 2);
    assert_int_equal(leat_xen_counters(&xen_world.xen)->pages_kept, 0);
    assert_int_equal(leat_xen_counters(&xen_world.xen)->tx_refused, 0);
    assert_true(netback_hears("01:00:5e:01:02:03"));
    take_all();
    assert_int_equal(netback.group_count, 0);
    assert_int_equal(netback.ports_open, 1);
}

static void a_backend_that_refuses_a_group_hands_over_all(void **state)
{
    (void)state;
    xen_world_look(1);
    take_all();
    netback.groups_max = 2;
    report4(JOINS, 2, 3);
    assert_int_equal(netback.group_count, 2);
    is_without_filter();
}

static void with_too_many_groups_the_backend_hands_over_all(void **state)
{
    (void)state;
    for (unsigned i = 2; i < XEN_NET_GROUPS; i++)
        report4(JOINS, 2, (uint8_t)i);
    assert_int_equal(netback.group_count, XEN_NET_GROUPS);
    xen_world_look_for(1);
    assert_int_equal(leat_xen_counters(&xen_world.xen)->link_changes, 0);
    report4(JOINS, 3, 1);
    is_without_filter();
}

static void a_close_ends_the_search_for_a_connection_without_filter(void **state)
{
    (void)state;
    netback.groups_max = 0;
    xen_world_look(1);
    take_all();
    netback.follows = false;
    xen_world_look(1);
    xen_world_look(1);
    assert_false(leat_xen_link_up(&xen_world.xen));
    netback.follows = true;
    xen_world.xen.netif.ops->close(&xen_world.xen.netif);
    assert_string_equal(netback_key("device/vif/0/state"), "6");
    assert_true(leat_xen_lost(&xen_world.xen));
}

/* Frames that are no whole reports, of every length: a sanitizer looks on. */
static void other_frames_are_no_reports(void **state)
{
    static const uint8_t starts[][16] = {{1, 0, 0x5e, [12] = 8, 0, 0x4f},
                                         {0x33, 0x33, [12] = 0x86, 0xdd},
                                         {0x33, 0x33, [12] = 0x81, 0},
                                         {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, [12] = 8, 6},
                                         {2, 0, 0, 0, 0, 1, [12] = 8, 0, 0x46}};

    (void)state;
    xen_world_look(1);
    take_all();
    for (unsigned i = 0; i < sizeof starts / sizeof *starts; i++) {
        for (uint32_t len = 15; len < 400; len++) {
            uint8_t frame[400];

            memset(frame, 2, sizeof frame); /* IGMP's number */
            memcpy(frame, starts[i], sizeof starts[i]);
            frame[20] = 0;
            frame[54] = 58;
            send(frame, len);
            take_all();
        }
    }
    assert_int_equal(netback.group_count, 2);
}

int main(void)
{
#define groups_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        groups_test(the_groups_of_all_hosts_are_told_at_the_start),
        groups_test(groups_of_both_families_are_told_and_taken_back),
        groups_test(a_group_is_told_behind_a_tag),
        groups_test(messages_of_older_versions_are_read),
        groups_test(an_address_of_two_groups_is_taken_back_with_the_last),
        cmocka_unit_test_setup_teardown(without_the_feature_nothing_is_told, set_up_without,
                                        tear_down),
        groups_test(a_new_connection_is_told_all_groups),
        groups_test(a_full_ring_delays_a_group),
        groups_test(a_backend_that_refuses_a_group_hands_over_all),
        groups_test(with_too_many_groups_the_backend_hands_over_all),
        groups_test(a_close_ends_the_search_for_a_connection_without_filter),
        groups_test(other_frames_are_no_reports),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
