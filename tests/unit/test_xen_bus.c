/* test_xen_bus.c -- the handshake of Xen's netif: its store and backend obey, lie, or vanish. */
#include "netback.h"

#include <string.h>

static int set_up(void **state)
{
    (void)state;
    netback_init();
    xen_world_prepare(0);
    return 0;
}

static int tear_down(void **state)
{
    struct leat_xen *xen = &xen_world.xen;

    (void)state;
    if (xen->netif.ops)
        xen->netif.ops->close(&xen->netif);
    assert_true(pool_is_whole(&xen_world.pool));
    assert_int_equal(netback.ports_open, 0);
    for (uint32_t ref = 0; ref < NETBACK_REFS; ref++)
        assert_true(!netback.grants[ref].page || netback.grants[ref].mapped);
    return 0;
}

static void start(void)
{
    const char *why = NULL;

    assert_int_equal(xen_world_start(&why), LEAT_OK);
    assert_true(leat_xen_link_up(&xen_world.xen));
}

/* Asserts that there is no connection, and why; the clock says that it took at most @seconds. */
static void start_fails(enum leat_err err, const char *text, unsigned seconds)
{
    const uint64_t began_ns = netback.now_ns;
    const char *why = NULL;

    assert_int_equal(xen_world_start(&why), err);
    assert_string_equal(why, text);
    assert_true(netback.now_ns - began_ns <= seconds * UINT64_C(1000000000));
    assert_true(leat_xen_lost(&xen_world.xen));
}

/* ---- in order ----------------------------------------------------------------------------- */

static void the_facts_are_those_of_the_store(void **state)
{
    const struct leat_netif *netif = leat_xen_netif(&xen_world.xen);
    static const uint8_t mac[] = {0x00, 0x16, 0x3e, 0x00, 0x0a, 0xff};

    (void)state;
    netback_set("device/vif/0/mtu", "1400");
    start();
    assert_memory_equal(netif->mac.octet, mac, sizeof mac);
    assert_int_equal(netif->mtu, 1400);
    assert_int_equal(netif->super_bytes, 65535);
    assert_int_equal(netif->capabilities, LEAT_NETIF_GATHER | LEAT_NETIF_RX_CHECKSUM |
                                              LEAT_NETIF_TX_CHECKSUM | LEAT_NETIF_TSO |
                                              LEAT_NETIF_TSO6 | LEAT_NETIF_GRO);
    assert_string_equal(netback_key("device/vif/0/state"), "4");
    assert_string_equal(netback_key("device/vif/0/feature-gso-tcpv6"), "1");
    assert_string_equal(netback_key("device/vif/0/feature-rx-notify"), "1");
    /* 256 pages to write to, and the rings */
    assert_int_equal(netback.queue->rx_head->request_produced, 256);
}

static void a_close_goes_through_the_states(void **state)
{
    (void)state;
    start();
    xen_world.xen.netif.ops->close(&xen_world.xen.netif);
    assert_string_equal(netback_key("device/vif/0/state"), "6");
    assert_string_equal(netback_key("~/state"), "6");
    assert_null(leat_xen_why(&xen_world.xen));
    assert_true(leat_xen_lost(&xen_world.xen));
    xen_world.xen.netif.ops->close(&xen_world.xen.netif); /* nothing is left to close */
}

static void without_features_there_are_no_capabilities(void **state)
{
    const struct leat_netif *netif = leat_xen_netif(&xen_world.xen);

    (void)state;
    netback_set("~/feature-sg", NULL);
    netback_set("~/feature-ipv6-csum-offload", "0");
    start();
    assert_int_equal(netif->capabilities, LEAT_NETIF_RX_CHECKSUM | LEAT_NETIF_GRO);
}

static void no_offload_asks_for_no_super_frames(void **state)
{
    (void)state;
    xen_world_prepare(XEN_WORLD_NO_OFFLOAD);
    start();
    assert_int_equal(leat_xen_netif(&xen_world.xen)->capabilities &
                         (LEAT_NETIF_TSO | LEAT_NETIF_TSO6 | LEAT_NETIF_GRO),
                     0);
    assert_string_equal(netback_key("device/vif/0/feature-gso-tcpv4"), "0");
}

/* The answer to the driver's question and the event of the next change come at once. */
static void a_change_behind_an_answer_is_seen(void **state)
{
    (void)state;
    start();
    netback.follows = false;
    netback.next_state = "6";
    netback_set("~/state", "4"); /* an event, without a change */
    xen_world_look(1);
    assert_null(netback.next_state);
    assert_false(leat_xen_link_up(&xen_world.xen));
}

static void without_a_watch_the_state_is_read_each_second(void **state)
{
    struct leat_netif *netif = leat_xen_netif(&xen_world.xen);

    (void)state;
    netback.no_watches = true;
    start();
    assert_true(netif->ops->next_look_ns(netif, netback.now_ns) > netback.now_ns);
    netback.follows = false;
    netback_set("~/state", "6");
    xen_world_look_for(1);
    xen_world_look(50);
    assert_false(leat_xen_link_up(&xen_world.xen));
}

/* The watch of the first connection still tells of changes, and no clock is needed. */
static void a_second_connection_has_the_watch_of_the_first(void **state)
{
    struct leat_netif *netif = leat_xen_netif(&xen_world.xen);

    (void)state;
    start();
    netback_set("~/state", "5");
    netback.disconnect();
    xen_world_look(1);
    xen_world_look_for(3);
    assert_true(leat_xen_link_up(&xen_world.xen));
    assert_int_equal(netif->ops->next_look_ns(netif, netback.now_ns), LEAT_NEVER_NS);
    netback_set("~/state", "5");
    xen_world_look(1);
    assert_false(leat_xen_link_up(&xen_world.xen));
}

/* A driver before this one ended without a word. */
static void a_backend_that_is_still_connected_is_led_down_first(void **state)
{
    (void)state;
    netback_set("~/state", "4");
    start();
    assert_string_equal(netback_key("~/state"), "4");
}

static void a_backend_that_goes_and_comes_back_is_connected_to_again(void **state)
{
    struct leat_xen *xen = &xen_world.xen;

    (void)state;
    start();
    netback_set("~/state", "5");
    netback.disconnect();
    xen_world_look(1);
    assert_false(leat_xen_link_up(xen));
    xen_world_look_for(3);
    assert_false(leat_xen_lost(xen));
    assert_true(leat_xen_link_up(xen));
    assert_int_equal(leat_xen_counters(xen)->link_changes, 2);
    assert_int_equal(netback.queue->rx_head->request_produced, 256);
    assert_int_equal(netback.ports_open, 1);
}

/* It has gone and come back between two looks. */
static void a_backend_that_began_anew_is_connected_to_again(void **state)
{
    struct leat_xen *xen = &xen_world.xen;

    (void)state;
    start();
    netback.disconnect();
    netback_set("~/state", "2");
    xen_world_look_for(1);
    assert_true(leat_xen_link_up(xen));
    assert_int_equal(leat_xen_counters(xen)->link_changes, 2);
    assert_non_null(netback.queue->rx_head);
    assert_int_equal(netback.queue->rx_head->request_produced, 256);
}

static void an_attempt_that_fails_is_no_change_of_the_link(void **state)
{
    struct leat_xen *xen = &xen_world.xen;

    (void)state;
    start();
    netback.follows = false;
    netback_set("~/state", "6");
    xen_world_look(1);
    netback_set("~/state", "2");
    xen_world_look_for(1);
    assert_int_equal(xen->bus.phase, XEN_BUS_ANSWERING);
    netback_set("~/state", "6");
    xen_world_look_for(1);
    assert_int_equal(xen->queue_count, 0);
    assert_int_equal(leat_xen_counters(xen)->link_changes, 1);
}

static void frames_for_a_backend_that_is_away_are_lost_and_counted(void **state)
{
    struct leat_xen *xen = &xen_world.xen;
    struct leat_buf *frame;

    (void)state;
    start();
    netback.follows = false;
    netback_set("~/state", "6");
    xen_world_look(1);
    assert_true(xen->netif.ops->transmit_room(&xen->netif) > 0);
    frame = leat_buf_copy(&xen_world.pool, "twenty bytes of a frame", 20);
    xen->netif.ops->transmit(&xen->netif, netback.now_ns, &frame, 1);
    assert_int_equal(leat_xen_counters(xen)->tx_lost, 1);
}

/* The driver sleeps instead of looking again and again at a ring that stays full. */
static void a_store_that_takes_nothing_is_not_looked_at_without_end(void **state)
{
    struct leat_netif *netif = leat_xen_netif(&xen_world.xen);
    struct leat_buf *frames[1];
    uint64_t due_ns;

    (void)state;
    start();
    netback_set("~/state", "5");
    netback.store_how = NETBACK_STORE_STILL;
    netback.store->request_consumed -= XEN_STORE_RING_BYTES;
    netif->ops->receive(netif, netback.now_ns, &xen_world.pool, frames, 1);
    due_ns = netif->ops->next_look_ns(netif, netback.now_ns);
    netback.store->request_consumed += XEN_STORE_RING_BYTES; /* for the close */
    netback.store_how = NETBACK_STORE_GOOD;
    assert_true(xen_world.xen.bus.asked);
    assert_true(due_ns > netback.now_ns);
}

/* xl network-detach: the folder goes, too. */
static void an_interface_that_is_taken_away_is_lost(void **state)
{
    struct leat_xen *xen = &xen_world.xen;

    (void)state;
    start();
    netback_set("~/online", "0");
    netback_set("~/state", "5");
    xen_world_look(1);
    xen_world_look_for(1);
    assert_string_equal(netback_key("~/state"), "6"); /* and it isn't asked to begin again */
    assert_false(leat_xen_lost(xen));
    netback_set("device/vif/0/backend", NULL);
    xen_world_look_for(1);
    assert_true(leat_xen_lost(xen));
    assert_string_equal(leat_xen_why(xen), "xenstore has no such network interface");
    assert_int_equal(xen->netif.ops->next_look_ns(&xen->netif, netback.now_ns), LEAT_NEVER_NS);
}

static void a_backend_that_comes_back_with_less_is_not_used(void **state)
{
    (void)state;
    start();
    netback_set("~/feature-sg", "0");
    netback_set("~/state", "5");
    xen_world_look(1);
    xen_world_look_for(3);
    assert_string_equal(leat_xen_why(&xen_world.xen),
                        "the backend that came back offers less than the earlier one");
}

/* A page that the other domain still has mapped is not used again (XSA-396). */
static void pages_that_stay_mapped_are_given_up(void **state)
{
    struct leat_xen *xen = &xen_world.xen;

    (void)state;
    start();
    for (uint32_t ref = NETBACK_REFS_FIRST + 2; ref < NETBACK_REFS_FIRST + 12; ref++)
        netback.grants[ref].mapped = true;
    netback_set("~/state", "5");
    xen_world_look(1);
    xen_world_look_for(3);
    assert_true(leat_xen_link_up(xen));
    assert_int_equal(leat_xen_counters(xen)->pages_kept, 10);
    assert_int_equal(xen_world.queues[0].rx_free_count, XEN_NET_RX_PAGES - 10 - 256);
}

static void rings_that_stay_mapped_end_the_interface(void **state)
{
    (void)state;
    start();
    netback.grants[NETBACK_REFS_FIRST].mapped = true;
    netback.grants[NETBACK_REFS_FIRST].domain = 99; /* so that a second grant is another one */
    netback_set("~/state", "5");
    xen_world_look(1);
    xen_world_look_for(3);
    assert_true(leat_xen_lost(&xen_world.xen));
}

/* ---- out of order ------------------------------------------------------------------------- */

static void without_an_interface_there_is_one_line(void **state)
{
    (void)state;
    netback_set("device/vif/0/backend", NULL);
    start_fails(LEAT_ERR_NOT_FOUND, "xenstore has no such network interface", 1);
}

static void a_silent_store_ends_the_start_in_time(void **state)
{
    (void)state;
    netback.store_how = NETBACK_STORE_SILENT;
    start_fails(LEAT_ERR_DEVICE, "xenstore doesn't answer", 33);
}

static void a_store_that_takes_nothing_ends_the_start_in_time(void **state)
{
    (void)state;
    netback.store_how = NETBACK_STORE_STILL;
    start_fails(LEAT_ERR_DEVICE, "xenstore doesn't answer", 33);
}

static void a_backend_that_never_gets_ready_ends_the_start_in_time(void **state)
{
    (void)state;
    netback_set("~/state", "1");
    start_fails(LEAT_ERR_DEVICE, "the backend isn't ready", 33);
}

static void a_backend_that_never_connects_ends_the_start_in_time(void **state)
{
    (void)state;
    netback.follows = false;
    start_fails(LEAT_ERR_DEVICE, "the backend doesn't connect", 33);
}

static void without_an_event_channel_there_is_no_connection(void **state)
{
    (void)state;
    netback.ports_max = 0;
    start_fails(LEAT_ERR_DEVICE, "there is no event channel, or an earlier backend keeps the rings",
                3);
}

static void answers_to_other_requests_are_passed_over(void **state)
{
    (void)state;
    netback.stranger = 3;
    start();
}

static void impossible_values_are_refused(void **state)
{
    static const struct {
        const char *path, *value, *why;
        enum leat_err err;
    } lies[] = {
        {"device/vif/0/backend", "no absolute path", "xenstore has no such network interface",
         LEAT_ERR_NOT_FOUND},
        {"device/vif/0/backend-id", "32752", "xenstore: backend-id is no domain", LEAT_ERR_DEVICE},
        {"device/vif/0/backend-id", "99999999999999999999", "xenstore: backend-id is no domain",
         LEAT_ERR_DEVICE},
        {"device/vif/0/backend-id", "-1", "xenstore: backend-id is no domain", LEAT_ERR_DEVICE},
        {"device/vif/0/backend-id", "", "xenstore: backend-id is no domain", LEAT_ERR_DEVICE},
        {"~/feature-rx-copy", "0", "the backend doesn't offer feature-rx-copy", LEAT_ERR_DEVICE},
        {"device/vif/0/mac", "00:16:3e:00:0a",
         "xenstore has no MAC address for the network interface", LEAT_ERR_ARGUMENT},
        {"device/vif/0/mac", "00:16:3e:00:0a:gg",
         "xenstore has no MAC address for the network interface", LEAT_ERR_ARGUMENT},
        {"device/vif/0/mac", "01:16:3e:00:0a:01",
         "the MAC address must be one station's (first octet even)", LEAT_ERR_ARGUMENT},
        {"device/vif/0/mtu", "67", "the MTU must be 68 to the interface's", LEAT_ERR_ARGUMENT},
        {"device/vif/0/mtu", "65535", "the MTU must be 68 to the interface's", LEAT_ERR_ARGUMENT},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof lies / sizeof *lies; i++) {
        netback_init();
        xen_world_prepare(0);
        netback_set(lies[i].path, lies[i].value);
        start_fails(lies[i].err, lies[i].why, 3);
    }
}

/* Sets a path of @len bytes to the backend's folder, which is empty. */
static void set_long_path(size_t len)
{
    char path[2 * XEN_STORE_VALUE_MAX];

    memset(path, 'a', len);
    path[0] = '/';
    path[len] = '\0';
    netback_set("device/vif/0/backend", path);
}

static void the_longest_path_is_followed_and_a_longer_one_is_refused(void **state)
{
    (void)state;
    set_long_path(XEN_STORE_VALUE_MAX);
    start_fails(LEAT_ERR_DEVICE, "the backend isn't ready", 33);
    netback_init();
    xen_world_prepare(0);
    set_long_path(XEN_STORE_VALUE_MAX + 1);
    start_fails(LEAT_ERR_DEVICE, "xenstore: the path of the backend is too long", 1);
}

/* A length and indices that no store writes. */
static void a_store_that_breaks_its_ring_is_asked_no_more(void **state)
{
    const struct xen_store_head head = {.type = XEN_STORE_READ, .request = 1, .len = 4097};

    (void)state;
    netback_store_bytes(&head, sizeof head);
    start_fails(LEAT_ERR_DEVICE, "xenstore broke the rules of its ring", 1);
    netback_init();
    xen_world_prepare(0);
    netback.store->answer_produced = 1025;
    start_fails(LEAT_ERR_DEVICE, "xenstore broke the rules of its ring", 1);
    netback_init();
    xen_world_prepare(0);
    netback.store_how = NETBACK_STORE_STILL;
    netback.store->request_consumed = 1;
    start_fails(LEAT_ERR_DEVICE, "xenstore broke the rules of its ring", 1);
}

/* The connection goes on, because frames need no store. */
static void a_store_that_breaks_its_ring_later_does_not_end_the_connection(void **state)
{
    (void)state;
    start();
    netback.store->answer_produced += 2000;
    xen_world_look(1);
    xen_world_look_for(1);
    assert_true(leat_xen_link_up(&xen_world.xen));
}

int main(void)
{
#define bus_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        bus_test(the_facts_are_those_of_the_store),
        bus_test(a_close_goes_through_the_states),
        bus_test(without_features_there_are_no_capabilities),
        bus_test(no_offload_asks_for_no_super_frames),
        bus_test(a_change_behind_an_answer_is_seen),
        bus_test(without_a_watch_the_state_is_read_each_second),
        bus_test(a_second_connection_has_the_watch_of_the_first),
        bus_test(a_backend_that_is_still_connected_is_led_down_first),
        bus_test(a_backend_that_goes_and_comes_back_is_connected_to_again),
        bus_test(a_backend_that_began_anew_is_connected_to_again),
        bus_test(an_attempt_that_fails_is_no_change_of_the_link),
        bus_test(frames_for_a_backend_that_is_away_are_lost_and_counted),
        bus_test(a_store_that_takes_nothing_is_not_looked_at_without_end),
        bus_test(an_interface_that_is_taken_away_is_lost),
        bus_test(a_backend_that_comes_back_with_less_is_not_used),
        bus_test(pages_that_stay_mapped_are_given_up),
        bus_test(rings_that_stay_mapped_end_the_interface),
        bus_test(without_an_interface_there_is_one_line),
        bus_test(a_silent_store_ends_the_start_in_time),
        bus_test(a_store_that_takes_nothing_ends_the_start_in_time),
        bus_test(a_backend_that_never_gets_ready_ends_the_start_in_time),
        bus_test(a_backend_that_never_connects_ends_the_start_in_time),
        bus_test(without_an_event_channel_there_is_no_connection),
        bus_test(answers_to_other_requests_are_passed_over),
        bus_test(impossible_values_are_refused),
        bus_test(the_longest_path_is_followed_and_a_longer_one_is_refused),
        bus_test(a_store_that_breaks_its_ring_is_asked_no_more),
        bus_test(a_store_that_breaks_its_ring_later_does_not_end_the_connection),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
