/* test_source6.c -- the selection of the source address, and when addresses are usable (RFC 6724,
 * 8028, 4429). */
#include "routers6.h"

#include "ip/v6/ipv6.h"
#include "link/address.h"

/* RFC 8028 3.2 */
static void packets_from_a_routers_prefix_leave_by_it(void **state)
{
    struct home *home = *state;
    struct router other = router6(IP6_ROUTER2, MAC_ROUTER2, 1800);
    struct leat_ip ip, ip2;

    home6_settle(home);
    ip = home->facts.ip;
    other.message[5] = 0x08; /* preferred */
    router6_prefix(&other, "2001:db8:2::", 64, AUTONOMOUS, 86400, 14400);
    router6_says(home->world, &other);
    world_wait(home->world, 2 * second);
    ip2 = home->world->last_address;
    assert_memory_equal(ip2.bytes, ip6_of("2001:db8:2::").bytes, 8);
    assert_true(mac_is(home6_ping(home, IP6_FAR, ip), MAC_ROUTER));
    assert_true(mac_is(home6_ping(home, IP6_FAR, ip2), MAC_ROUTER2));
}

/* RFC 4429: sends at once, without changing other hosts' caches */
static void an_optimist_speaks_at_once_and_carefully(void **state)
{
    struct home *home = home6_create();
    struct router router = router6(IP6_ROUTER, MAC_ROUTER, 1800);
    const struct fake_frame *sent;
    struct frame question;
    struct leat_ip ip;
    uint64_t begin_ns;

    home->world->ipv6_config.optimistic = true;
    home6_begin(home);
    *state = home;
    begin_ns = home->world->now_ns;
    assert_int_equal(home6_next_question(home)->len,
                     FRAME6_L4 + 8); /* without our link-layer address */
    router6_prefix(&router, PREFIX6, 64, ON_LINK | AUTONOMOUS, 86400, 14400);
    router6_says(home->world, &router);
    ip = home->facts.ip;
    assert_false(leat_ip_is_any(ip));
    assert_true(home->world->now_ns - begin_ns <= 20 * ms);
    assert_true(mac_is(home6_ping(home, IP6_FAR, ip), MAC_ROUTER));
    fake_netif_forget(&home->world->dev);
    question = frame_ndp(135, 0, IP6_PEER_LINK, ip6_asked(ip), ip, &MAC_PEER, 0);
    world_feed(home->world, &question);
    sent = world_expect(home->world);
    assert_int_equal(frame_icmp6_type(sent), 136);
    assert_int_equal(sent->bytes[FRAME6_L4 + 4], 0x40); /* no Override */
    /* a neighbour is solicited after the check */
    question = frame_echo6(ip6_of("2001:db8:1::99"), ip, 8);
    world_feed(home->world, &question);
    assert_silent(home->world);
    world_wait(home->world, 2100 * ms);
    assert_true(home6_was_asked(home, ip6_of("2001:db8:1::99")));
}

/* ---- rules of RFC 6724 5 ------------------------------------------------------------------- */

/* The source of the answer to an echo request from @peer to all nodes. */
static struct leat_ip source_toward(struct home *home, const char *peer)
{
    const struct frame echo = frame_echo6(ip6_of(peer), IP6_ALL, 8);
    const struct fake_frame *sent;

    fake_netif_forget(&home->world->dev);
    world_feed(home->world, &echo);
    assert_ended(home->world, taken_icmp6);
    while ((sent = fake_netif_sent(&home->world->dev))) {
        if (frame_icmp6_type(sent) == 129 || frame_icmp6_type(sent) == 135)
            return frame_ip6_at(sent->bytes + 22);
    }
    fail_msg("nothing was sent");
    return LEAT_IP_ANY;
}

static bool has_prefix(struct leat_ip ip, const char *prefix)
{
    return memcmp(ip.bytes, ip6_of(prefix).bytes, 8) == 0;
}

static void sources_are_chosen_as_rfc_6724_says(void **state)
{
    struct home *home = *state;
    struct router router = router6(IP6_ROUTER, MAC_ROUTER, 1800);

    router6_prefix(&router, PREFIX6, 64, AUTONOMOUS, 86400, 14400);
    router6_prefix(&router, "fd00:1::", 64, AUTONOMOUS, 86400, 14400);
    router6_prefix(&router, "2001:db8:8000::", 64, AUTONOMOUS, 86400, 14400);
    router6_prefix(&router, "2002:a00:1::", 64, AUTONOMOUS, 86400, 14400);
    router6_says(home->world, &router);
    world_wait(home->world, 2 * second);
    assert_true(leat_ip_is_link_local(source_toward(home, "fe80::a")));        /* rule 2 */
    assert_true(has_prefix(source_toward(home, "fd00:2::1"), "fd00:1::"));     /* rule 6 */
    assert_true(has_prefix(source_toward(home, "2002:1::1"), "2002:a00:1::")); /* rule 6 */
    assert_true(has_prefix(source_toward(home, "2001:db8:8001::1"), "2001:db8:8000::")); /* 8 */
    assert_true(has_prefix(source_toward(home, "2001:db8:2::1"), PREFIX6));
    router = router6(IP6_ROUTER, MAC_ROUTER, 1800);
    router6_prefix(&router, PREFIX6, 64, AUTONOMOUS, 86400, 0);
    router6_says(home->world, &router);
    assert_true(has_prefix(source_toward(home, "2001:db8:2::1"), "2001:db8:8000::")); /* rule 3 */
    router = router6(IP6_ROUTER2, MAC_ROUTER2, 1800);
    router.message[5] = 0x08;
    router6_prefix(&router, "fd00:1::", 64, AUTONOMOUS, 86400, 14400);
    router6_says(home->world, &router);
    assert_true(has_prefix(source_toward(home, "2001:db8:8001::1"), "fd00:1::")); /* rule 5.5 */
}

/* Rule 2: a site-local address (RFC 4291 2.5.7) has too small a scope, despite more common bits. */
/* RFC 6724 5, rule 2, with the scopes of groups (RFC 4291 2.7). */
static void a_group_is_spoken_to_by_an_address_of_its_scope(void **state)
{
    static const struct {
        const char *group;
        bool by_link;
    } table[] = {{"ff01::fb", true},  {"ff02::fb", true},  {"ff05::fb", false},
                 {"ff08::fb", false}, {"ff0e::fb", false}, {"ff12::fb", true}};
    struct home *home = *state;
    struct link *link = &home->world->stack->links[0];

    home6_settle(home);
    for (unsigned i = 0; i < sizeof table / sizeof table[0]; i++) {
        const struct address6 *from = address6_toward(link, ip6_of(table[i].group));

        assert_non_null(from);
        assert_int_equal(leat_ip_is_link_local(from->ip), table[i].by_link);
    }
}

static void a_site_local_address_is_no_source_beyond_the_site(void **state)
{
    struct home *home = *state;
    struct router router = router6(IP6_ROUTER, MAC_ROUTER, 1800);

    router6_prefix(&router, PREFIX6, 64, AUTONOMOUS, 86400, 14400);
    router6_prefix(&router, "fec0:1::", 64, AUTONOMOUS, 86400, 14400);
    router6_says(home->world, &router);
    world_wait(home->world, 2 * second);
    assert_true(has_prefix(source_toward(home, "fd00:2::1"), PREFIX6));
    assert_true(has_prefix(source_toward(home, "fec0:2::1"), "fec0:1::"));
}

/* The source that a socket uses for @peer. */
static struct leat_ip source_of_socket(struct home *home, const char *peer)
{
    struct leat_udp *udp = world_socket(home->world, 0);
    struct leat_ip ip;

    assert_int_equal(leat_udp_connect(udp, ip6_of(peer), 9), LEAT_OK);
    ip = leat_udp_local(udp).ip;
    leat_udp_close(udp);
    return ip;
}

/* RFC 6724 5, rule 3: also on a path in use, and for an address that isn't in the facts. */
/* RFC 4007 6: the zone of a link-local source is the link of the packet. */
static void a_link_local_source_has_the_zone_of_its_link(void **state)
{
    struct home *home = *state;
    struct leat_udp *udp = world_socket(home->world, 0);
    struct leat_endpoint local;

    home6_settle(home);
    assert_int_equal(leat_udp_connect(udp, IP6_ROUTER, 9), LEAT_OK);
    local = leat_udp_local(udp);
    assert_true(leat_ip_is_link_local(local.ip));
    assert_int_equal(local.zone, 1);
    leat_udp_close(udp);
}

static void a_deprecated_address_is_chosen_no_more(void **state)
{
    static const char peer[] = "2001:db8:8001::1";
    struct home *home = *state;
    struct router router = router6(IP6_ROUTER, MAC_ROUTER, 65535);

    router6_prefix(&router, PREFIX6, 64, AUTONOMOUS, 86400, 14400);
    router6_prefix(&router, "2001:db8:8000::", 64, AUTONOMOUS, 86400, 100);
    router6_says(home->world, &router);
    world_wait(home->world, 2 * second);
    assert_true(has_prefix(source_of_socket(home, peer), "2001:db8:8000::"));
    world_wait(home->world, 100 * second); /* the address is deprecated */
    assert_true(has_prefix(source_of_socket(home, peer), PREFIX6));
    router = router6(IP6_ROUTER, MAC_ROUTER, 65535);
    router6_prefix(&router, "2001:db8:8000::", 64, AUTONOMOUS, 86400, 1000);
    router6_says(home->world, &router); /* preferred again */
    assert_true(has_prefix(source_of_socket(home, peer), "2001:db8:8000::"));
    router = router6(IP6_ROUTER, MAC_ROUTER, 65535);
    router6_prefix(&router, "2001:db8:8000::", 64, AUTONOMOUS, 86400, 0);
    router6_says(home->world, &router); /* deprecated again */
    assert_true(has_prefix(source_of_socket(home, peer), PREFIX6));
}

static void not_told(struct address_watch *watch)
{
    (void)watch;
}

/* The same for a lease: its deprecation, and its renewal. */
static void a_lease_is_chosen_while_it_is_preferred(void **state)
{
    static struct address_watch watch = {.usable = not_told, .taken = not_told};
    static const char peer[] = "2001:db8:8001::1";
    const struct leat_ip leased = ip6_of("2001:db8:8000::77");
    struct home *home = *state;
    struct world *world = home->world;
    struct link *link = world->stack->links;
    const struct router router = router6(IP6_ROUTER, MAC_ROUTER, 65535);

    router6_says(world, &router);
    assert_int_equal(leat_address_add(world->stack, &world->dev.netif, ip6_of("2001:db8:1::5"), 64),
                     LEAT_OK);
    assert_int_equal(address6_lease(link, leased, world->now_ns + 100 * second,
                                    world->now_ns + 1000 * second, &watch),
                     LEAT_OK);
    world_wait(world, 2 * second);
    assert_true(leat_ip_equal(source_of_socket(home, peer), leased));
    world_wait(world, 100 * second);
    assert_true(has_prefix(source_of_socket(home, peer), PREFIX6));
    assert_int_equal(address6_lease(link, leased, world->now_ns + 100 * second,
                                    world->now_ns + 1000 * second, &watch),
                     LEAT_OK);
    assert_true(leat_ip_equal(source_of_socket(home, peer), leased));
    world_wait(world, 1001 * second); /* until the end of its lifetime */
    assert_false(leat_address_is_ours(world->stack, leased));
}

/* RFC 4862 5.5.4: an address that was removed isn't used as a source; solicitations for the
 * neighbour use another one. */
static void a_neighbour_is_not_asked_from_an_address_that_has_gone(void **state)
{
    struct world *world = *state;
    const struct frame echo = frame_echo6(IP6_OTHER, IP6_US, 8);
    const struct fake_frame *sent;
    struct leat_ip from;

    world_feed(world, &echo);
    assert_ended(world, taken_icmp6);
    assert_int_equal(leat_address_remove(world->stack, &world->dev.netif, IP6_US), LEAT_OK);
    fake_netif_forget(&world->dev);
    world_wait(world, second + 10 * ms);
    sent = world_expect(world);
    assert_int_equal(frame_icmp6_type(sent), 135);
    from = frame_ip6_at(sent->bytes + 22);
    assert_true(leat_ip_is_link_local(from));
    assert_true(leat_address_is_ours(world->stack, from));
}

/* RFC 6724 2.1, 10.6: a table that prefers a private prefix for other hosts of the same site */
static void the_program_may_have_a_table_of_its_own(void **state)
{
    static const struct leat_ipv6_policy policies[] = {
        {{{0x20, 0x01, 0x0d, 0xb8, 0, 2}}, 48, 41, 20},
        {{{0xfd}}, 8, 41, 20},
        {{{0}}, 0, 40, 1},
    };
    struct home *home = home6_create();
    struct router router = router6(IP6_ROUTER, MAC_ROUTER, 1800);

    *state = home;
    home->world->ipv6_config.policies = policies;
    home->world->ipv6_config.policy_count = 3;
    home6_begin(home);
    router6_prefix(&router, PREFIX6, 64, AUTONOMOUS, 86400, 14400);
    router6_prefix(&router, "fd00:1::", 64, AUTONOMOUS, 86400, 14400);
    router6_says(home->world, &router);
    world_wait(home->world, 2 * second);
    assert_true(has_prefix(source_toward(home, "2001:db8:2::1"), "fd00:1::"));
    assert_true(has_prefix(source_toward(home, "2001:db8:3::1"), PREFIX6));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        home6_test(packets_from_a_routers_prefix_leave_by_it),
        cmocka_unit_test_teardown(an_optimist_speaks_at_once_and_carefully, home6_teardown),
        home6_test(a_group_is_spoken_to_by_an_address_of_its_scope),
        home6_test(a_site_local_address_is_no_source_beyond_the_site),
        home6_test(a_link_local_source_has_the_zone_of_its_link),
        home6_test(sources_are_chosen_as_rfc_6724_says),
        world6_test(a_neighbour_is_not_asked_from_an_address_that_has_gone),
        home6_test(a_deprecated_address_is_chosen_no_more),
        home6_test(a_lease_is_chosen_while_it_is_preferred),
        cmocka_unit_test_teardown(the_program_may_have_a_table_of_its_own, home6_teardown),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
