/* test_udp_families.c -- a socket of UDP for one family (RFC 3493 5.3). */
#include "frames6.h"

#include "family.h"

enum {
    PORT = 7
};

static struct leat_udp *bound_for(struct world *world, struct leat_ip ip, bool v6_only)
{
    struct leat_udp *udp = world_socket(world, 0);

    leat_udp_set_v6_only(udp, v6_only);
    assert_int_equal(leat_udp_bind(udp, ip, PORT), LEAT_OK);
    return udp;
}

/* Sends from @from to a home of ours; returns how many datagrams @udp got of it. */
static uint64_t heard(struct world *world, struct leat_udp *from, const char *home,
                      const struct leat_udp *udp)
{
    const uint64_t before = leat_udp_counts(udp)->received;
    const struct leat_ip ip = strchr(home, ':') ? ip6_of(home) : LEAT_IP4(127, 0, 0, 1);

    world->errors = 0;
    assert_int_equal(world_send_to(world, from, leat_endpoint_of(ip, PORT), "x", 1), LEAT_OK);
    for (unsigned i = 0; i < 3; i++)
        world_poll(world);
    return leat_udp_counts(udp)->received - before;
}

static void each_family_may_have_a_socket_of_its_own(void **state)
{
    struct world *world = *state;
    struct leat_udp *sender = world_socket(world, 0);

    for (unsigned i = 0; i < 2; i++) {
        struct leat_udp *first = bound_for(world, i == 0 ? LEAT_IP4_ANY : LEAT_IP_ANY, i == 1);
        struct leat_udp *second_one = bound_for(world, i == 1 ? LEAT_IP4_ANY : LEAT_IP_ANY, i == 0);
        struct leat_udp *four = i == 0 ? first : second_one, *six = i == 0 ? second_one : first;
        uint64_t refused;

        for (unsigned turn = 0; turn < 3; turn++) {
            assert_int_equal(heard(world, sender, "127.0.0.1", four), 1);
            assert_int_equal(heard(world, sender, "127.0.0.1", four), 1);
            assert_int_equal(heard(world, sender, "::1", six), 1);
            assert_int_equal(heard(world, sender, "::1", six), 1);
        }
        assert_int_equal(heard(world, sender, "::1", four), 0);
        assert_int_equal(heard(world, sender, "127.0.0.1", six), 0);
        leat_udp_close(first);
        /* the other one has its family alone */
        refused = leat_udp_counts(second_one)->drop_family;
        assert_int_equal(heard(world, sender, i == 0 ? "127.0.0.1" : "::1", second_one), 0);
        assert_int_equal(leat_udp_counts(second_one)->drop_family, refused + 1);
        assert_int_equal(heard(world, sender, i == 0 ? "::1" : "127.0.0.1", second_one), 1);
        leat_udp_close(second_one);
    }
}

/* Two sockets may have a port unless a datagram could be for both. */
static void sockets_of_one_family_exclude_each_other(void **state)
{
    static const struct {
        const char *ip;
        bool v6_only, has_v4, has_v6, is_any;
    } ways[] = {{"::", false, true, true, true},
                {"0.0.0.0", false, true, false, true},
                {"::", true, false, true, true},
                {"127.0.0.1", false, true, false, false},
                {"::1", false, false, true, false}};
    enum {
        WAYS = sizeof ways / sizeof ways[0]
    };
    struct world *world = *state;
    struct leat_ip ips[WAYS] = {LEAT_IP_ANY, LEAT_IP4_ANY, LEAT_IP_ANY, LEAT_IP4(127, 0, 0, 1)};

    ips[WAYS - 1] = ip6_of("::1");
    for (unsigned i = 0; i < WAYS * WAYS; i++) {
        const unsigned a = i / WAYS, b = i % WAYS;
        const bool meet = (ways[a].has_v4 && ways[b].has_v4) || (ways[a].has_v6 && ways[b].has_v6);
        const bool exclude = meet && (a == b || ways[a].is_any || ways[b].is_any);
        struct leat_udp *first = bound_for(world, ips[a], ways[a].v6_only);
        struct leat_udp *other = world_socket(world, 0);

        leat_udp_set_v6_only(other, ways[b].v6_only);
        assert_int_equal(leat_udp_bind(other, ips[b], PORT), exclude ? LEAT_ERR_IN_USE : LEAT_OK);
        leat_udp_close(first);
        if (exclude) /* a bind that failed leaves no trace */
            assert_int_equal(leat_udp_bind(other, ips[b], PORT), LEAT_OK);
        leat_udp_close(other);
    }
}

static void a_socket_for_IPv6_alone_has_no_business_with_IPv4(void **state)
{
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 0);
    const struct leat_ip group = LEAT_IP4(224, 0, 0, 9);
    const uint64_t before = leat_udp_counts(udp)->drop_family;
    struct leat_udp *sender = world_socket(world, 0);

    leat_udp_set_v6_only(udp, true);
    assert_int_equal(leat_udp_bind(udp, LEAT_IP4_ANY, PORT), LEAT_ERR_FAMILY);
    assert_int_equal(leat_udp_bind(udp, leat_ip_v4(IP_US), PORT), LEAT_ERR_FAMILY);
    assert_int_equal(leat_udp_bind(udp, LEAT_IP_ANY, PORT), LEAT_OK);
    assert_int_equal(world_send(world, udp, IP_PEER, 9, "x", 1), LEAT_ERR_FAMILY);
    assert_int_equal(leat_udp_connect(udp, leat_ip_v4(IP_PEER), 9), LEAT_ERR_FAMILY);
    assert_int_equal(leat_udp_join(udp, NULL, group), LEAT_ERR_FAMILY);
    assert_int_equal(heard(world, sender, "127.0.0.1", udp), 0);
    assert_int_equal(leat_udp_counts(udp)->drop_family, before + 1);
    /* a peer doesn't change that, nor its end */
    assert_int_equal(leat_udp_connect(udp, IP6_PEER, 9), LEAT_OK);
    assert_int_equal(leat_udp_connect(udp, LEAT_IP_ANY, 0), LEAT_OK);
    assert_int_equal(heard(world, sender, "::1", udp), 1);
    assert_int_equal(heard(world, sender, "127.0.0.1", udp), 0);
}

static void a_socket_without_a_port_keeps_to_IPv6_too(void **state)
{
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 0), *four = world_socket(world, 0);

    leat_udp_set_v6_only(udp, true);
    assert_int_equal(leat_udp_connect(udp, leat_ip_v4(IP_PEER), 9), LEAT_ERR_FAMILY);
    assert_int_equal(leat_udp_connect(udp, IP6_PEER, 9), LEAT_OK);
    /* so the port is free for IPv4 */
    assert_int_equal(leat_udp_bind(four, LEAT_IP4_ANY, leat_udp_local(udp).port), LEAT_OK);
}

/* The errors of one socket; the other one's go to the world. */
static void note_error(struct leat_udp *udp, enum leat_err err, const struct leat_endpoint *peer,
                       void *arg)
{
    (void)udp, (void)peer;
    *(enum leat_err *)arg = err;
}

static void errors_go_to_the_socket_of_their_family(void **state)
{
    static const struct leat_udp_events events = {.on_error = note_error};
    struct world *world = *state;
    enum leat_err told = LEAT_OK;
    struct leat_udp *six;

    assert_int_equal(leat_udp_open(world->stack, &six, &events, &told), LEAT_OK);
    leat_udp_set_v6_only(six, true);
    assert_int_equal(leat_udp_bind(six, LEAT_IP_ANY, PORT + 1), LEAT_OK);
    assert_int_equal(leat_udp_bind(world_socket(world, 0), LEAT_IP4_ANY, PORT + 1), LEAT_OK);
    world->errors = 0;
    assert_int_equal(world_send_to(world, six, leat_endpoint_of(ip6_of("::1"), PORT + 2), "x", 1),
                     LEAT_OK);
    for (unsigned i = 0; i < 3; i++)
        world_poll(world);
    assert_int_equal(told, LEAT_ERR_REFUSED);
    assert_int_equal(world->errors, 0);
}

static void without_IPv6_there_is_no_socket_for_it_alone(void **state)
{
    struct leat_udp *udp = world_socket(*state, 0);

    leat_udp_set_v6_only(udp, true);
    assert_int_equal(leat_udp_bind(udp, LEAT_IP_ANY, PORT), LEAT_ERR_FAMILY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world6_test(each_family_may_have_a_socket_of_its_own),
        world6_test(sockets_of_one_family_exclude_each_other),
        world6_test(a_socket_for_IPv6_alone_has_no_business_with_IPv4),
        world6_test(a_socket_without_a_port_keeps_to_IPv6_too),
        world6_test(errors_go_to_the_socket_of_their_family),
        world_test(without_IPv6_there_is_no_socket_for_it_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
