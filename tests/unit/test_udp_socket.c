/* test_udp_socket.c -- sockets: ports, peers, queues (RFC 1122 4.1, RFC 6056). */
#include "frames6.h"

#include "base.h"

static void ports_are_not_shared(void **state)
{
    struct world *world = *state;
    struct leat_udp *any = world_socket(world, 7);
    struct leat_udp *udp = world_socket(world, 0);
    struct leat_udp *other = world_socket(world, 0);

    assert_int_equal(leat_udp_bind(udp, LEAT_IP_ANY, 7), LEAT_ERR_IN_USE);
    assert_int_equal(leat_udp_bind(udp, leat_ip_v4(IP_US), 7), LEAT_ERR_IN_USE);
    assert_int_equal(leat_udp_bind(udp, leat_ip_v4(IP_PEER), 8), LEAT_ERR_ARGUMENT);
    assert_int_equal(leat_udp_bind(any, LEAT_IP_ANY, 8), LEAT_ERR_ARGUMENT);
    leat_udp_close(any);
    assert_int_equal(leat_udp_bind(udp, leat_ip_v4(IP_US), 7), LEAT_OK);
    assert_int_equal(leat_udp_bind(other, leat_ip_v4(IP_US), 7), LEAT_ERR_IN_USE);
    assert_int_equal(leat_udp_bind(other, LEAT_IP4(127, 0, 0, 1), 7), LEAT_OK);
    assert_int_equal(leat_udp_local(udp).port, 7);
}

static void ephemeral_ports_cannot_be_predicted(void **state)
{
    /* RFC 6056 3.1: from 1,024 on, all different, and far apart */
    struct world *world = *state;
    uint16_t ports[64];
    unsigned near = 0;

    for (unsigned i = 0; i < 64; i++) {
        struct leat_udp *udp = world_socket(world, 0);

        assert_int_equal(leat_udp_bind(udp, LEAT_IP_ANY, 0), LEAT_OK);
        ports[i] = leat_udp_local(udp).port;
        assert_true(ports[i] >= 1024);
        for (unsigned k = 0; k < i; k++)
            assert_int_not_equal(ports[k], ports[i]);
        if (i > 0 && abs(ports[i] - ports[i - 1]) < 100)
            near++;
    }
    assert_true(near < 4);
}

static void sockets_are_bounded(void **state)
{
    static const struct leat_udp_events events = {0, 0};
    struct world *world = *state;
    struct leat_udp *sockets[64];
    struct leat_udp *more;

    for (unsigned i = 0; i < 64; i++)
        assert_int_equal(leat_udp_open(world->stack, &sockets[i], &events, 0), LEAT_OK);
    assert_int_equal(leat_udp_open(world->stack, &more, &events, 0), LEAT_ERR_MEMORY);
    /* each closed socket can be opened again */
    for (unsigned i = 0; i < 64; i++)
        leat_udp_close(sockets[i]);
    for (unsigned i = 0; i < 64; i++)
        assert_int_equal(leat_udp_open(world->stack, &sockets[i], &events, 0), LEAT_OK);
    assert_int_equal(leat_udp_open(world->stack, &more, &events, 0), LEAT_ERR_MEMORY);
}

static void connected_socket_hears_its_peer_only(void **state)
{
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 7);
    const struct frame from_peer = frame_udp(IP_PEER, 1000, IP_US, 7, "hello", 5);
    const struct frame other_port = frame_udp(IP_PEER, 1001, IP_US, 7, "hello", 5);
    const struct frame other_host = frame_udp(IP_OTHER, 1000, IP_US, 7, "hello", 5);

    world_meet(world, IP_OTHER, &MAC_OTHER);
    assert_int_equal(leat_udp_send(udp, leat_buf_copy(leat_pool(world->stack), "x", 1)),
                     LEAT_ERR_CLOSED);
    assert_int_equal(leat_udp_connect(udp, leat_ip_v4(IP_PEER), 1000), LEAT_OK);
    assert_int_equal(leat_ip_v4_number(leat_udp_local(udp).ip), IP_US);
    world_feed(world, &from_peer);
    assert_ended(world, taken_udp);
    /* an attacker that scans for the port of a conversation sees a closed one (SAD DNS) */
    world_feed(world, &other_port);
    assert_ended(world, drop_udp_port);
    world_expect_icmp(world, &other_port, 3, 3);
    world_feed(world, &other_host);
    assert_ended(world, drop_udp_port);
    assert_int_equal(leat_udp_send(udp, leat_buf_copy(leat_pool(world->stack), "x", 1)), LEAT_OK);
    assert_int_equal(leat_udp_connect(udp, LEAT_IP_ANY, 0), LEAT_OK);
    assert_int_equal(leat_ip_v4_number(leat_udp_local(udp).ip), IP4_ANY);
    world_feed(world, &other_host);
    assert_ended(world, taken_udp);
}

static void connecting_binds_to_an_ephemeral_port(void **state)
{
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 0);

    assert_int_equal(leat_udp_connect(udp, LEAT_IP4(192, 0, 2, 1), 53), LEAT_ERR_NO_ROUTE);
    assert_int_equal(leat_udp_local(udp).port, 0);
    assert_int_equal(leat_udp_connect(udp, leat_ip_v4(IP_PEER), 53), LEAT_OK);
    assert_int_not_equal(leat_udp_local(udp).port, 0);
}

static void connected_socket_hears_errors_of_its_peer_only(void **state)
{
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 1000);
    const struct frame ours = frame_udp(IP_US, 1000, IP_PEER, 9, 0, 0);
    const struct frame error =
        frame_icmp(IP_PEER, IP_US, 3, 3, 0, ours.bytes + FRAME_IP, ours.len - FRAME_IP);

    leat_udp_connect(udp, leat_ip_v4(IP_PEER), 10);
    world_feed(world, &error);
    assert_int_equal(world->errors, 0);
    leat_udp_connect(udp, leat_ip_v4(IP_PEER), 9);
    world_feed(world, &error);
    assert_int_equal(world->errors, 1);
    assert_int_equal(world->error, LEAT_ERR_REFUSED);
}

static void broadcasts_must_be_allowed(void **state)
{
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 1000);

    assert_int_equal(world_send(world, udp, IP4_BROADCAST, 9, "x", 1), LEAT_ERR_ARGUMENT);
    assert_int_equal(world_send(world, udp, IP4(10, 0, 0, 255), 9, "x", 1), LEAT_ERR_ARGUMENT);
    leat_udp_set_broadcast(udp, true);
    assert_int_equal(world_send(world, udp, IP4(10, 0, 0, 255), 9, "x", 1), LEAT_OK);
}

static void broadcast_is_received_and_told(void **state)
{
    struct world *world = *state;
    struct leat_udp *bound = world_socket(world, 0);
    struct frame frame = frame_udp(IP_PEER, 1000, IP4(10, 0, 0, 255), 7, "all", 3);

    frame_to(&frame, &MAC_ALL);
    leat_udp_bind(bound, leat_ip_v4(IP_US), 7);
    world_feed(world, &frame);
    assert_dropped(world,
                   drop_udp_port); /* a socket that is bound to an address gets no broadcasts */
    leat_udp_close(bound);
    world_socket(world, 7);
    world_feed(world, &frame);
    assert_dropped(world, taken_udp);
    assert_int_equal(leat_ip_v4_number(world->local.ip), IP4(10, 0, 0, 255));
}

static void hold_datagram(struct leat_udp *udp, struct leat_buf *payload,
                          const struct leat_endpoint *peer, const struct leat_endpoint *local,
                          void *arg)
{
    struct leat_udp **reopened = arg;
    static const struct leat_udp_events events = {hold_datagram, 0};
    struct leat *stack = leat_udp_stack(udp);

    (void)peer;
    (void)local;
    leat_buf_free(payload);
    leat_udp_close(udp);
    assert_int_equal(leat_udp_open(stack, reopened, &events, reopened), LEAT_OK);
}

static void socket_may_be_closed_and_reopened_in_its_callback(void **state)
{
    struct world *world = *state;
    const struct frame frame = frame_udp(IP_PEER, 1000, IP_US, 7, "hello", 5);
    static const struct leat_udp_events events = {hold_datagram, 0};
    struct leat_udp *udp;
    struct leat_udp *reopened = 0;

    leat_udp_open(world->stack, &udp, &events, &reopened);
    leat_udp_bind(udp, LEAT_IP_ANY, 7);
    for (unsigned i = 0; i < 3; i++)
        fake_netif_feed(&world->dev, frame.bytes, frame.len);
    world_poll(world);
    assert_non_null(reopened);
    assert_int_equal(leat_udp_local(reopened).port, 0);
    assert_int_equal(leat_stats(world->stack)->taken_udp, 3);
    assert_int_equal(leat_pool_free_count(leat_pool(world->stack)), 1024);
}

static void queue_is_bounded(void **state)
{
    struct world *world = world_create();
    const struct leat_udp_config config = {.sockets = 2, .queue_max = 3};
    const struct frame frame = frame_udp(IP_PEER, 1000, IP_US, 7, "hello", 5);
    const size_t bytes = leat_memory_bytes(&world->config) + leat_udp_memory_bytes(&config);
    struct leat_udp *udp;

    world->memory = malloc(bytes);
    assert_int_equal(leat_init(&world->stack, world->memory, bytes, &world->config), LEAT_OK);
    leat_attach(world->stack, &world->dev.netif);
    leat_address_add(world->stack, &world->dev.netif, leat_ip_v4(IP_US), 24);
    assert_int_equal(leat_udp_register(world->stack, &config), LEAT_OK);
    assert_int_equal(leat_udp_register(world->stack, &config), LEAT_ERR_IN_USE);
    world_poll(world);
    udp = world_socket(world, 7);
    world_mark(world);
    for (unsigned i = 0; i < 5; i++)
        fake_netif_feed(&world->dev, frame.bytes, frame.len);
    world_poll(world);
    assert_grown(world, taken_udp, 3);
    assert_grown(world, drop_udp_full, 2);
    assert_int_equal(leat_udp_counts(udp)->drop_full, 2);
    assert_int_equal(leat_udp_counts(udp)->received, 3);
    assert_int_equal(world->datagrams, 3);
    *state = world;
    world_teardown(state);
}

/* A socket for all datagrams of a netif, as DHCP uses it. */
static void a_netif_has_one_socket_for_addresses_that_are_not_ours_yet(void **state)
{
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 0), *other = world_socket(world, 0);

    assert_int_equal(leat_udp_bind_netif(udp, &world->second.netif, 68), LEAT_ERR_ARGUMENT);
    assert_int_equal(leat_udp_bind_netif(udp, &world->dev.netif, 0), LEAT_ERR_ARGUMENT);
    assert_int_equal(leat_udp_bind_netif(udp, &world->dev.netif, 68), LEAT_OK);
    assert_int_equal(leat_udp_bind_netif(udp, &world->dev.netif, 69), LEAT_ERR_ARGUMENT);
    assert_int_equal(leat_udp_bind_netif(other, &world->dev.netif, 68), LEAT_ERR_IN_USE);
    leat_udp_close(udp);
    assert_int_equal(leat_udp_bind_netif(other, &world->dev.netif, 68), LEAT_OK);
}

/* Without IPv6 its addresses can be neither source nor destination. */
static void addresses_of_another_family_are_refused(void **state)
{
    struct world *world = *state;
    const struct leat_ip six = {{0x20, 1, 0x0d, 0xb8, [15] = 1}};
    const struct leat_endpoint peer = leat_endpoint_of(leat_ip_v4(IP_PEER), 9);
    const struct leat_endpoint peer6 = leat_endpoint_of(six, 9);
    struct leat_udp *udp = world_socket(world, 0);
    struct leat_pool *pool = leat_pool(world->stack);

    assert_true(leat_address_is_ours(world->stack, leat_ip_v4(IP_US)));
    assert_false(leat_address_is_ours(world->stack, leat_ip_v4(IP_PEER)));
    assert_false(leat_address_is_ours(world->stack, six));
    assert_int_equal(
        leat_udp_send_from(udp, leat_buf_copy(pool, "x", 1), &peer6, leat_ip_v4(IP_US)),
        LEAT_ERR_FAMILY);
    assert_int_equal(leat_udp_send_from(udp, leat_buf_copy(pool, "x", 1), &peer, six),
                     LEAT_ERR_FAMILY);
}

/* A refused call has no effect. */
static void a_bind_that_failed_binds_to_no_family(void **state)
{
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 0), *other = world_socket(world, 0);

    assert_int_equal(leat_udp_bind(other, LEAT_IP4_ANY, 7), LEAT_OK);
    assert_int_equal(leat_udp_bind(udp, LEAT_IP4_ANY, 7), LEAT_ERR_IN_USE);
    assert_int_equal(leat_udp_connect(udp, IP6_PEER, 9), LEAT_OK);
    assert_int_equal(leat_udp_connect(udp, IP6_PEER, 0), LEAT_ERR_ARGUMENT);
    assert_int_equal(leat_udp_send(udp, leat_buf_copy(leat_pool(world->stack), "x", 1)), LEAT_OK);
}

static void registering_needs_room_in_the_block(void **state)
{
    struct world *world = world_create();
    const size_t bytes = leat_memory_bytes(&world->config);
    struct leat_udp *udp;

    world->memory = malloc(bytes);
    assert_int_equal(leat_init(&world->stack, world->memory, bytes, &world->config), LEAT_OK);
    leat_attach(world->stack, &world->dev.netif);
    assert_int_equal(leat_udp_register(world->stack, 0), LEAT_ERR_MEMORY);
    assert_int_equal(leat_udp_open(world->stack, &udp, 0, 0), LEAT_ERR_PROTOCOL);
    *state = world;
    world_teardown(state);
}

/* Sockets in the same bucket, as their ports have the same low bits, are found and closed one by
 * one. */
static void closing_one_of_many_leaves_the_others(void **state)
{
    struct world *world = *state;
    struct leat_udp *sockets[60];

    for (uint16_t i = 0; i < 60; i++)
        sockets[i] = world_socket(world, (uint16_t)(100 + 64 * i));
    for (uint16_t i = 0; i < 60; i++) {
        for (uint16_t k = 0; k < 60; k++) {
            const struct frame frame =
                frame_udp(IP_PEER, 9, IP_US, (uint16_t)(100 + 64 * k), "x", 1);

            world_feed(world, &frame);
            if (k < i)
                assert_ended(world, drop_udp_port);
            else
                assert_dropped(world, taken_udp);
        }
        leat_udp_close(sockets[i]);
    }
}

static void program_that_does_not_listen_loses_its_datagrams(void **state)
{
    static const struct leat_udp_events events = {0, 0};
    struct world *world = *state;
    const struct frame frame = frame_udp(IP_PEER, 9, IP_US, 7, "x", 1);
    struct leat_udp *udp;

    assert_int_equal(leat_udp_open(world->stack, &udp, &events, 0), LEAT_OK);
    assert_int_equal(leat_udp_bind(udp, LEAT_IP_ANY, 7), LEAT_OK);
    world_feed(world, &frame);
    assert_dropped(world, taken_udp);
}

static void datagram_without_room_for_its_header_is_counted_and_told(void **state)
{
    const struct leat_endpoint peer = leat_endpoint_of(leat_ip_v4(IP_PEER), 9);
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 1000);
    struct leat_buf *data = leat_buf_copy(leat_pool(world->stack), "x", 1);
    struct leat_buf *all = world_take_all_small(world);

    /* payload shared with other views can't be written, nor the space before it */
    world_mark(world);
    assert_int_equal(leat_udp_send_to(udp, leat_buf_slice(data, 0, 1), &peer), LEAT_ERR_MEMORY);
    assert_grown(world, tx_no_memory, 1);
    world_give_all(all);
    assert_int_equal(leat_udp_send_to(udp, leat_buf_slice(data, 0, 1), &peer), LEAT_OK);
    leat_buf_free(data);
    world_poll(world);
    assert_int_equal(world_expect(world)->bytes[FRAME_UDP_DATA], 'x');
}

static void test_threat_Q9_ICMP_error_must_quote_the_one_datagram_that_was_sent(void **state)
{
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 1000);
    struct frame ours, error;

    assert_int_equal(leat_udp_connect(udp, leat_ip_v4(IP_PEER), 9), LEAT_OK);
    assert_int_equal(world_send(world, udp, IP_PEER, 9, "a query", 7), LEAT_OK);
    memcpy(ours.bytes, world_expect(world)->bytes, FRAME_L4 + 8);
    for (unsigned bit = 0; bit < 32; bit++) {
        struct frame guess = ours;

        guess.bytes[FRAME_L4 + 4 + bit / 8] ^= (uint8_t)(1 << bit % 8);
        error = frame_icmp(IP_PEER, IP_US, 3, 3, 0, guess.bytes + FRAME_IP, 28);
        world_feed(world, &error);
        assert_dropped(world, drop_icmp_blind);
    }
    assert_int_equal(world->errors, 0);
    error = frame_icmp(IP_PEER, IP_US, 3, 3, 0, ours.bytes + FRAME_IP, 28);
    world_feed(world, &error);
    assert_dropped(world, taken_icmp);
    assert_int_equal(world->errors, 1);
}

/* The counters of a socket show why it receives nothing; those of the stack don't. */
static void a_socket_counts_datagrams_taken_and_dropped(void **state)
{
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 7);
    const struct leat_udp_counts *counts = leat_udp_counts(udp);
    const struct frame sound = frame_udp(IP_PEER, 1000, IP_US, 7, "hello", 5);
    const struct frame other = frame_udp(IP_PEER, 1001, IP_US, 7, "hello", 5);
    const struct frame elsewhere = frame_udp(IP_PEER, 1000, IP_US, 8, "hello", 5);
    struct frame wrong = sound;

    world_meet(world, IP_PEER, &MAC_PEER);
    wrong.bytes[wrong.len - 1] ^= 1;
    world_feed(world, &sound);
    world_feed(world, &wrong);
    world_feed(world, &elsewhere);
    assert_int_equal(counts->received, 1);
    assert_int_equal(counts->drop_checksum, 1);
    assert_int_equal(leat_udp_connect(udp, leat_ip_v4(IP_PEER), 1000), LEAT_OK);
    world_feed(world, &other);
    world_feed(world, &sound);
    assert_int_equal(counts->drop_peer, 1);
    assert_int_equal(counts->received, 2);
    assert_int_equal(leat_udp_send(udp, leat_buf_copy(leat_pool(world->stack), "x", 1)), LEAT_OK);
    assert_int_equal(world_send(world, udp, IP4(192, 0, 2, 1), 9, "x", 1), LEAT_ERR_NO_ROUTE);
    assert_int_equal(counts->sent, 1);
    assert_int_equal(counts->unsent, 1);
    assert_int_equal(counts->drop_family + counts->drop_group, 0);
    leat_udp_close(udp);
    udp = world_socket(world, 7);
    assert_int_equal(leat_udp_counts(udp)->received, 0);
}

/* ---- TTL and TOS ----------------------------------------------------------------------------- */

static unsigned seen_ttl, seen_tos;

static void note_octets(struct leat_udp *udp, struct leat_buf *payload,
                        const struct leat_endpoint *peer, const struct leat_endpoint *local,
                        void *arg)
{
    (void)peer, (void)local, (void)arg;
    seen_ttl = leat_udp_received_ttl(udp);
    seen_tos = leat_udp_received_tos(udp);
    leat_buf_free(payload);
}

static const struct leat_udp_events octet_events = {.on_datagram = note_octets};

static void ttl_and_tos_of_a_received_datagram_are_told(void **state)
{
    struct world *world = *state;
    struct frame frame = frame_udp(IP_PEER, 9, IP_US, 7, "x", 1);
    struct leat_udp *udp;

    assert_int_equal(leat_udp_open(world->stack, &udp, &octet_events, 0), LEAT_OK);
    assert_int_equal(leat_udp_bind(udp, LEAT_IP_ANY, 7), LEAT_OK);
    frame.bytes[FRAME_IP + 1] = 0xb9;
    frame.bytes[FRAME_IP + 8] = 5;
    frame_seal_ip(&frame);
    world_feed(world, &frame);
    assert_int_equal(seen_ttl, 5);
    assert_int_equal(seen_tos, 0xb9);
}

static void hop_limit_and_class_of_a_received_datagram_are_told(void **state)
{
    struct world *world = *state;
    struct frame frame = frame_udp6(IP6_PEER, 9, IP6_US, 7, "x", 1);
    struct leat_udp *udp;

    assert_int_equal(leat_udp_open(world->stack, &udp, &octet_events, 0), LEAT_OK);
    assert_int_equal(leat_udp_bind(udp, LEAT_IP_ANY, 7), LEAT_OK);
    frame.bytes[FRAME_IP] = 0x6a;
    frame.bytes[FRAME_IP + 1] =
        0x50; /* the lower half of the class is in front of the flow label */
    frame.bytes[FRAME_IP + 7] = 1;
    world_feed(world, &frame);
    assert_int_equal(seen_ttl, 1);
    assert_int_equal(seen_tos, 0xa5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(test_threat_Q9_ICMP_error_must_quote_the_one_datagram_that_was_sent),
        world_test(ports_are_not_shared),
        world_test(ephemeral_ports_cannot_be_predicted),
        world_test(sockets_are_bounded),
        world_test(a_netif_has_one_socket_for_addresses_that_are_not_ours_yet),
        world_test(addresses_of_another_family_are_refused),
        world_test(closing_one_of_many_leaves_the_others),
        world_test(program_that_does_not_listen_loses_its_datagrams),
        world_test(datagram_without_room_for_its_header_is_counted_and_told),
        world_test(connected_socket_hears_its_peer_only),
        world_test(connecting_binds_to_an_ephemeral_port),
        world_test(connected_socket_hears_errors_of_its_peer_only),
        world_test(broadcasts_must_be_allowed),
        world_test(broadcast_is_received_and_told),
        world_test(socket_may_be_closed_and_reopened_in_its_callback),
        cmocka_unit_test(queue_is_bounded),
        world6_test(a_bind_that_failed_binds_to_no_family),
        world_test(ttl_and_tos_of_a_received_datagram_are_told),
        world6_test(hop_limit_and_class_of_a_received_datagram_are_told),
        cmocka_unit_test(registering_needs_room_in_the_block),
        world_test(a_socket_counts_datagrams_taken_and_dropped),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
