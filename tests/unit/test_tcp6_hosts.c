/* test_tcp6_hosts.c -- IPv6 hosts in TCP: accounts, floods, reuse of host numbers. */
#include "tcp6_talk.h"

#include "tcp/tcp.h"

/* Limits per site: docs/security.md. */
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
    assert_int_equal(tcp6_held(world), 0);
}

/* Spoofed SYNs can't use up all numbers; then cookies are sent, and a client that returns one gets
 * in. */
static void a_flood_of_addresses_locks_no_client_out(void **state)
{
    struct world *world = tcp6_begin(64);
    struct leat_tcp_listener *listener = tcp6_listening(world, LEAT_IP_ANY);
    struct leat_ip from = ip6_of("2001:db8:6::1");
    struct leat_tcp *conn;

    assert_int_equal(leat_route_add(world->stack, LEAT_IP_ANY, 0, IP6_PEER), LEAT_OK);
    for (uint32_t i = 0; i < 300; i++) {
        const struct frame_segment segment = tcp6_syn_from(3000);

        frame_put16(from.bytes + 6, i);
        tcp6_feed(world, from, &segment, 0);
        assert_ended(world, taken_tcp);
        tcp6_expect(world, from, SYN | ACK);
    }
    assert_int_equal(tcp6_held(world), 48);
    assert_true(leat_stats(world->stack)->tcp_cookies_sent >= 250);
    tcp6_opened_by(world, IP6_PEER, 2000);
    assert_int_equal(leat_stats(world->stack)->tcp_cookies_taken, 1);
    conn = leat_tcp_accept(listener, &world_closes, world);
    assert_non_null(conn);
    leat_tcp_abort(conn);
    leat_tcp_listener_close(listener);
    world_poll(world);
    assert_int_equal(tcp6_held(world), 0);
    *state = world;
    world_teardown(state);
}

/* A host number may be given to another address. Initial sequence numbers are derived from the
 * address, not from its number, so they don't change with it (RFC 6528 3). */
static void a_number_that_changes_hands_changes_no_sequence_number(void **state)
{
    struct world *world = tcp6_begin(64);
    const struct frame_segment segment = tcp6_syn_from(2000);
    struct leat_tcp_listener *listener = tcp6_listening(world, LEAT_IP_ANY);
    struct leat_ip from = ip6_of("2001:db8:6::1");
    uint32_t first, again;

    assert_int_equal(leat_route_add(world->stack, LEAT_IP_ANY, 0, IP6_PEER), LEAT_OK);
    tcp6_feed(world, IP6_PEER, &segment, 0);
    first = frame_get32(tcp6_expect(world, IP6_PEER, SYN | ACK)->bytes + SEQ_AT);
    leat_tcp_listener_close(listener);
    for (uint32_t i = 0; i < 200; i++) {
        frame_put16(from.bytes + 6, i);
        tcp6_feed(world, from, &segment, 0);
        assert_ended(world, drop_tcp_port);
    }
    listener = tcp6_listening(world, LEAT_IP_ANY);
    tcp6_feed(world, IP6_PEER, &segment, 0);
    again = frame_get32(tcp6_expect(world, IP6_PEER, SYN | ACK)->bytes + SEQ_AT);
    assert_true(again - first < 1000);
    leat_tcp_listener_close(listener);
    *state = world;
    world_teardown(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(addresses_of_one_64_have_one_account),
        cmocka_unit_test(a_flood_of_addresses_locks_no_client_out),
        cmocka_unit_test(a_number_that_changes_hands_changes_no_sequence_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
