/* test_xen_control.c -- what the tool stack asks by control/shutdown, beside a network interface.
 */
#include "netback.h"

#include "control.h"

static struct xen_control control;

static int set_up(void **state)
{
    (void)state;
    netback_init();
    xen_world_prepare(0);
    xen_control_open(&control, &xen_world.store);
    netback_set("control/shutdown", "");
    return 0;
}

/* Looks every 50 ms for @seconds; returns how many ends were asked for. */
static unsigned look_for(unsigned seconds)
{
    unsigned ends = 0;

    for (unsigned i = 0; i < seconds * 20; i++) {
        netback.now_ns += 50000000;
        ends += xen_control_take_end(&control, netback.now_ns);
        netback_serve_store();
    }
    return ends;
}

static void a_power_off_is_acknowledged_and_ends_once(void **state)
{
    (void)state;
    assert_int_equal(look_for(3), 0);
    assert_string_equal(netback_key("control/feature-poweroff"), "1");
    assert_string_equal(netback_key("control/feature-reboot"), "1");
    netback_set("control/shutdown", "poweroff");
    assert_int_equal(look_for(3), 1);
    assert_false(control.reboot);
    assert_string_equal(netback_key("control/shutdown"), "");
    netback_set("control/shutdown", "halt");
    assert_int_equal(look_for(3), 1);
    assert_string_equal(netback_key("control/shutdown"), "");
}

static void a_reboot_is_an_end_after_which_the_domain_begins_again(void **state)
{
    (void)state;
    look_for(1);
    netback_set("control/shutdown", "reboot");
    netback.now_ns += 50000000;
    for (unsigned i = 0; i < 10 && !xen_control_take_end(&control, netback.now_ns); i++)
        netback_serve_store();
    assert_true(control.reboot);
    assert_string_equal(netback_key("control/shutdown"), "");
}

static void a_request_from_before_the_start_is_seen(void **state)
{
    (void)state;
    netback_set("control/shutdown", "poweroff");
    assert_int_equal(look_for(3), 1);
}

/* Not acknowledged, the request fails in the tool stack. */
static void requests_that_can_not_be_followed_are_left_alone(void **state)
{
    (void)state;
    look_for(1);
    netback_set("control/shutdown", "suspend");
    assert_int_equal(look_for(3), 0);
    assert_string_equal(netback_key("control/shutdown"), "suspend");
    netback_set("control/shutdown", NULL);
    assert_int_equal(look_for(3), 0);
    netback_set("control/shutdown", "poweroff");
    assert_int_equal(look_for(1), 1);
}

static void without_a_watch_the_key_is_read_each_second(void **state)
{
    (void)state;
    netback.no_watches = true;
    assert_int_equal(look_for(3), 0);
    netback_set("control/shutdown", "poweroff");
    assert_int_equal(look_for(2), 1);
}

/* The drain must not wait for a store that has died. */
static void a_store_without_an_answer_does_not_stop_the_end(void **state)
{
    (void)state;
    look_for(1);
    control.step = XEN_CONTROL_ACKNOWLEDGE; /* the request was read, and then the store died */
    control.again_ns = netback.now_ns;
    netback.store_how = NETBACK_STORE_SILENT;
    assert_int_equal(look_for(4), 0);
    assert_int_equal(look_for(2), 1);
}

static void a_store_that_is_silent_from_the_start_is_asked_again(void **state)
{
    (void)state;
    netback.store_how = NETBACK_STORE_SILENT;
    assert_int_equal(look_for(20), 0);
    netback.store_how = NETBACK_STORE_GOOD;
    assert_int_equal(look_for(7), 0);
    netback_set("control/shutdown", "poweroff");
    assert_int_equal(look_for(1), 1);
}

static void a_store_that_breaks_its_ring_is_left_alone(void **state)
{
    (void)state;
    look_for(1);
    netback.store->answer_produced += 2000;
    assert_int_equal(look_for(1), 0);
    assert_true(xen_world.store.broken);
}

/* Both ask one client: whatever the order of their looks, each gets its own answers. */
static void requests_and_a_network_interface_share_the_store(void **state)
{
    struct leat_netif *netif = leat_xen_netif(&xen_world.xen);
    const char *why = NULL;
    unsigned ends = 0;

    (void)state;
    netback.now_ns += 1;
    assert_false(xen_control_take_end(&control, netback.now_ns)); /* has asked, and waits */
    xen_control_take_end(&control, netback.now_ns);
    netback_serve_store();
    xen_control_take_end(&control, netback.now_ns);
    assert_int_equal(look_for(1), 0);
    assert_int_equal(xen_world_start(&why), LEAT_OK);
    for (unsigned round = 0; round < 3; round++) {
        netback_set("~/state", "5"); /* the backend goes and comes while the tool stack asks */
        netback.disconnect();
        netback_set("control/shutdown", "poweroff");
        for (unsigned i = 0; i < 100; i++) {
            ends += xen_control_take_end(&control, netback.now_ns);
            xen_world_look(50);
        }
        assert_int_equal(ends, round + 1);
        assert_string_equal(netback_key("control/shutdown"), "");
        assert_true(leat_xen_link_up(&xen_world.xen));
    }
    netif->ops->close(netif);
    assert_string_equal(netback_key("device/vif/0/state"), "6");
}

/* The driver's answer, taken out of the ring by another look, is due at once. */
static void an_answer_that_another_look_has_taken_is_not_lost(void **state)
{
    struct xen_bus *bus = &xen_world.xen.bus;

    (void)state;
    xen_bus_open(bus, &xen_bus_vif, &xen_world.store, 0);
    xen_bus_step(bus, netback.now_ns);
    assert_true(bus->asked);
    netback_serve_store();
    xen_store_poll(&xen_world.store);
    assert_false(xen_store_is_due(&xen_world.store));
    assert_int_equal(xen_bus_due_ns(bus), 0);
    assert_false(xen_control_take_end(&control, netback.now_ns)); /* not its turn */
    assert_false(control.asked);
    xen_bus_step(bus, netback.now_ns);
    assert_int_equal(bus->step, 1);
}

int main(void)
{
#define control_test(name) cmocka_unit_test_setup(name, set_up)
    const struct CMUnitTest tests[] = {
        control_test(a_power_off_is_acknowledged_and_ends_once),
        control_test(a_reboot_is_an_end_after_which_the_domain_begins_again),
        control_test(a_request_from_before_the_start_is_seen),
        control_test(requests_that_can_not_be_followed_are_left_alone),
        control_test(without_a_watch_the_key_is_read_each_second),
        control_test(a_store_without_an_answer_does_not_stop_the_end),
        control_test(a_store_that_is_silent_from_the_start_is_asked_again),
        control_test(a_store_that_breaks_its_ring_is_left_alone),
        control_test(requests_and_a_network_interface_share_the_store),
        control_test(an_answer_that_another_look_has_taken_is_not_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
