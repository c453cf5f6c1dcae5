/* test_udp6.c -- datagrams over IPv6 (RFC 8200 8.1, RFC 4443 3). */
#include "frames6.h"

#include "ip/host.h"
#include "family.h"

enum {
    CHECKSUM_AT = FRAME6_L4 + 6,
    UNREACHABLE = 1,
    TOO_BIG = 2
};

/* Expects a datagram to the peer. */
static const struct fake_frame *expect_datagram(struct world *world, struct leat_ip src,
                                                struct leat_ip dst, const char *text)
{
    const struct fake_frame *sent = world_expect(world);

    frame_is_ip6(sent, 17);
    assert_memory_equal(sent->bytes, MAC_PEER.octet, 6);
    assert_true(leat_ip_equal(frame_ip6_at(sent->bytes + 22), src));
    assert_true(leat_ip_equal(frame_ip6_at(sent->bytes + 38), dst));
    assert_int_equal(sent->bytes[21], 64);
    assert_int_equal(sent->len, FRAME6_L4 + 8 + strlen(text));
    assert_memory_equal(sent->bytes + FRAME6_L4 + 8, text, strlen(text));
    assert_int_not_equal(frame_get16(sent->bytes + CHECKSUM_AT), 0);
    return sent;
}

static void a_socket_for_all_hears_both_families(void **state)
{
    struct world *world = *state;
    const struct frame frame = frame_udp6(IP6_PEER, 1000, IP6_US, 7, "hello", 5);

    world_socket(world, 7);
    world_feed(world, &frame);
    assert_dropped(world, taken_udp);
    assert_int_equal(world->datagrams, 1);
    assert_memory_equal(world->data, "hello", 5);
    assert_true(leat_ip_equal(world->peer.ip, IP6_PEER));
    assert_int_equal(world->peer.port, 1000);
    assert_int_equal(world->peer.zone, 0);
    assert_true(leat_ip_equal(world->local.ip, IP6_US));
    assert_int_equal(world->local.port, 7);
}

static void a_socket_for_all_of_IPv4_hears_that_alone(void **state)
{
    struct world *world = *state;
    const struct frame frame = frame_udp6(IP6_PEER, 1000, IP6_US, 7, "hello", 5);
    struct leat_udp *udp = world_socket(world, 0);

    assert_int_equal(leat_udp_bind(udp, LEAT_IP4_ANY, 7), LEAT_OK);
    world_feed(world, &frame);
    assert_ended(world, drop_udp_port);
    assert_int_equal(frame_icmp6_type(world_expect(world)), UNREACHABLE);
    assert_int_equal(world_send_to(world, udp, leat_endpoint_of(IP6_PEER, 9), "x", 1),
                     LEAT_ERR_FAMILY);
    assert_int_equal(leat_udp_connect(udp, IP6_PEER, 9), LEAT_ERR_FAMILY);
}

static void a_socket_is_bound_to_one_address_of_ours(void **state)
{
    struct world *world = *state;
    const struct frame frame = frame_udp6(IP6_PEER, 1000, IP6_US, 7, "hello", 5);
    struct frame to_link;
    struct leat_udp *udp = world_socket(world, 0), *other = world_socket(world, 0);

    assert_int_equal(leat_udp_bind(udp, IP6_OTHER, 7), LEAT_ERR_ARGUMENT);
    assert_int_equal(leat_udp_bind(udp, IP6_US, 7), LEAT_OK);
    assert_true(leat_ip_equal(leat_udp_local(udp).ip, IP6_US));
    assert_int_equal(leat_udp_bind(other, IP6_US, 7), LEAT_ERR_IN_USE);
    assert_int_equal(leat_udp_bind(other, LEAT_IP_ANY, 7), LEAT_ERR_IN_USE);
    world_feed(world, &frame);
    assert_dropped(world, taken_udp);
    to_link = frame_udp6(IP6_PEER, 1000, IP6_US, 8, "hello", 5);
    world_feed(world, &to_link);
    assert_ended(world, drop_udp_port);
    leat_udp_close(udp);
    assert_int_equal(leat_udp_bind(other, IP6_US, 7), LEAT_OK);
}

/* RFC 8200 8.1 */
static void a_checksum_that_is_missing_or_wrong_is_dropped(void **state)
{
    struct world *world = *state;
    struct frame frame = frame_udp6(IP6_PEER, 1000, IP6_US, 7, "hello", 5);
    const uint32_t right = frame_get16(frame.bytes + CHECKSUM_AT);

    world_socket(world, 7);
    frame_put16(frame.bytes + CHECKSUM_AT, 0);
    world_feed(world, &frame);
    assert_dropped(world, drop_udp_checksum);
    frame_put16(frame.bytes + CHECKSUM_AT, right ^ 1);
    world_feed(world, &frame);
    assert_dropped(world, drop_udp_checksum);
    world->dev.verified = true;
    world_feed(world, &frame);
    assert_dropped(world, taken_udp);
    frame_put16(frame.bytes + CHECKSUM_AT, 0);
    world_feed(world, &frame);
    assert_dropped(world, drop_udp_checksum);
}

static void datagrams_leave_with_right_headers_made_or_copied(void **state)
{
    static const char *const texts[] = {"", "x", "hello", "a longer one than those before"};
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 7);
    const uint8_t tos[] = {0, 0xb8};

    for (unsigned i = 0; i < 8;
         i++) { /* the first resolves the neighbour, the others use cached headers */
        const char *text = texts[i % 4];
        const struct fake_frame *sent;

        leat_udp_set_tos(udp, tos[i / 4]);
        assert_int_equal(
            world_send_to(world, udp, leat_endpoint_of(IP6_PEER, 9), text, (uint32_t)strlen(text)),
            LEAT_OK);
        sent = expect_datagram(world, IP6_US, IP6_PEER, text);
        assert_int_equal(frame_get16(sent->bytes + 14) & 0xfff0, 0x6000 | tos[i / 4] << 4);
        assert_int_equal(frame_get16(sent->bytes + FRAME6_L4 + 2), 9);
        assert_grown(world, udp_sent, 1);
    }
}

/* The flow label of the next frame, a datagram to the peer. */
static uint32_t label_to(struct world *world, struct leat_udp *udp, uint16_t port)
{
    assert_int_equal(world_send_to(world, udp, leat_endpoint_of(IP6_PEER, port), "x", 1), LEAT_OK);
    return frame_get32(expect_datagram(world, IP6_US, IP6_PEER, "x")->bytes + 14) & 0xfffff;
}

/* RFC 6437 3 */
static void a_flow_has_a_label_of_its_own_that_stays(void **state)
{
    struct world *world = *state;
    const struct frame confirms = frame_ndp(136, 0x60, IP6_PEER, IP6_US, IP6_PEER, &MAC_PEER, 0);
    struct leat_udp *udp = world_socket(world, 7);
    const uint32_t first = label_to(world, udp, 9);
    unsigned same = 0;

    assert_int_not_equal(first, 0);
    for (uint16_t port = 10; port < 30; port++)
        same += label_to(world, udp, port) == first;
    assert_true(same < 2);
    assert_int_equal(label_to(world, udp, 9), first);
    world_feed(world, &confirms); /* from now on headers are cached */
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(label_to(world, udp, 9), first);
        assert_int_not_equal(label_to(world, udp, 10), first);
    }
}

static void a_neighbour_that_moved_is_sent_to_where_it_is(void **state)
{
    static const struct leat_mac elsewhere = {{2, 0, 0, 0, 0, 0x77}};
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 7);
    const struct frame confirms = frame_ndp(136, 0x60, IP6_PEER, IP6_US, IP6_PEER, &MAC_PEER, 0);
    const struct frame moves = frame_ndp(136, 0x60, IP6_PEER, IP6_US, IP6_PEER, &elsewhere, 0);

    world_feed(world, &confirms);
    for (unsigned i = 0; i < 3; i++) {
        world_send_to(world, udp, leat_endpoint_of(IP6_PEER, 9), "x", 1);
        expect_datagram(world, IP6_US, IP6_PEER, "x");
    }
    world_feed(world, &moves);
    world_send_to(world, udp, leat_endpoint_of(IP6_PEER, 9), "x", 1);
    assert_memory_equal(world_expect(world)->bytes, elsewhere.octet, 6);
}

/* Cached headers are used while a neighbour is probed, until it is given up. */
static void a_silent_neighbour_gets_no_kept_headers(void **state)
{
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 7);
    const struct frame confirms = frame_ndp(136, 0x60, IP6_OTHER, IP6_US, IP6_OTHER, &MAC_PEER, 0);

    for (unsigned i = 0; i < 60 + 40; i++) { /* it isn't reachable any more, and doesn't answer */
        if (i == 60)
            world_send_to(world, udp, leat_endpoint_of(IP6_PEER, 9), "x", 1);
        world_wait(world, 1000000000);
        fake_netif_forget(&world->dev);
    }
    world_send_to(world, udp, leat_endpoint_of(IP6_OTHER, 9), "x", 1); /* takes its entry */
    world_feed(world, &confirms);
    fake_netif_forget(&world->dev);
    world_send_to(world, udp, leat_endpoint_of(IP6_PEER, 9), "x", 1);
    assert_int_equal(frame_icmp6_type(world_expect(world)), 135);
}

/* Sends two datagrams to the peer; the second one uses the path of the first. */
static void talk(struct world *world, struct leat_udp *udp)
{
    for (unsigned i = 0; i < 2; i++) {
        world_send_to(world, udp, leat_endpoint_of(IP6_PEER, 1000), "x", 1);
        expect_datagram(world, IP6_US, IP6_PEER, "x");
    }
}

static void an_address_that_we_begin_to_check_is_no_peers_any_more(void **state)
{
    struct world *world = *state;
    const struct frame frame = frame_udp6(IP6_PEER, 1000, IP6_US, 7, "hello", 5);
    struct leat_udp *udp = world_socket(world, 7);

    talk(world, udp);
    world_feed(world, &frame);
    assert_dropped(world, taken_udp);
    assert_int_equal(leat_address_add(world->stack, &world->dev.netif, IP6_PEER, 64), LEAT_OK);
    world_feed(world, &frame);
    assert_ended(world, drop_ip6_source);
}

static void odd_packets_of_a_known_peer_are_checked(void **state)
{
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 7);
    struct frame frame = frame_udp6(IP6_PEER, 1000, IP6_US, 7, "hello", 5);
    const struct frame good = frame;

    talk(world, udp); /* the path back is cached; the following packets are checked nevertheless */
    frame.bytes[18] = 1; /* longer than the frame */
    world_feed(world, &frame);
    assert_ended(world, drop_ip6_header);
    frame = good;
    frame.bytes[14] = 0x40; /* another version */
    world_feed(world, &frame);
    assert_ended(world, drop_ip6_header);
    frame = good;
    frame.bytes[20] = 253; /* an unknown protocol */
    world_feed(world, &frame);
    assert_ended(world, drop_ip6_protocol);
    fake_netif_forget(&world->dev);
    frame = frame_udp6(IP6_PEER, 1000, IP6_US, 8, "hello", 5); /* a closed port */
    world_feed(world, &frame);
    assert_ended(world, drop_udp_port);
    assert_int_equal(frame_icmp6_type(world_expect(world)), UNREACHABLE);
    frame = frame_udp6(IP6_PEER, 1000, IP6_OTHER, 7, "hello", 5);
    world_feed(world, &frame);
    assert_ended(world, drop_ip6_not_ours);
    frame = frame_udp6(IP6_OTHER, 1000, IP6_US, 7, "hello", 5);
    world_feed(world, &frame);
    assert_dropped(world, taken_udp);
    assert_true(leat_ip_equal(world->peer.ip, IP6_OTHER));
    frame = good;
    frame.bytes[frame.len++] = 0xee; /* padding */
    world_feed(world, &frame);
    assert_dropped(world, taken_udp);
    assert_memory_equal(world->data, "hello", 5);
}

static void link_local_peers_have_a_zone(void **state)
{
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 7);
    const struct frame hello =
        frame_ndp(136, 0x60, IP6_PEER_LINK, IP6_US, IP6_PEER_LINK, &MAC_PEER, 0);
    const struct frame frame = frame_udp6(IP6_PEER_LINK, 1000, IP6_US, 7, "hello", 5);
    struct leat_endpoint peer;

    world_feed(world, &frame);
    assert_ended(world, taken_udp);
    assert_int_equal(world->peer.zone, 1);
    assert_true(leat_ip_equal(world->peer.ip, IP6_PEER_LINK));
    peer = world->peer;
    assert_int_equal(world_send_to(world, udp, peer, "x", 1), LEAT_OK);
    assert_int_equal(frame_icmp6_type(world_expect(world)), 135);
    world_feed(world, &hello);
    frame_is_ip6(world_expect(world), 17);
    peer.zone = 2;
    assert_int_equal(world_send_to(world, udp, peer, "x", 1), LEAT_ERR_FAMILY);
}

static void a_connected_socket_hears_its_peer_alone(void **state)
{
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 0);
    struct frame frame;
    uint16_t port;

    assert_int_equal(leat_udp_connect(udp, IP6_PEER, 53), LEAT_OK);
    assert_true(leat_ip_equal(leat_udp_local(udp).ip, IP6_US));
    port = leat_udp_local(udp).port;
    frame = frame_udp6(IP6_OTHER, 53, IP6_US, port, "no", 2);
    world_feed(world, &frame);
    assert_ended(world, drop_udp_port);
    frame = frame_udp6(IP6_PEER, 53, IP6_US, port, "yes", 3);
    world_feed(world, &frame);
    assert_ended(world, taken_udp);
    assert_int_equal(leat_udp_connect(udp, LEAT_IP_ANY, 0), LEAT_OK);
    assert_true(leat_ip_is_any(leat_udp_local(udp).ip));
    assert_int_equal(world->stack->hosts6->held, 0);
}

/* An ICMPv6 error that quotes a sent frame. */
static struct frame error_about(const struct fake_frame *sent, uint8_t type, uint8_t code,
                                uint32_t detail)
{
    uint8_t message[1400] = {type, code};

    frame_put16(message + 6, detail);
    memcpy(message + 8, sent->bytes + 14, sent->len - 14);
    return frame_icmp6(IP6_OTHER, IP6_US, message, sent->len - 14 + 8);
}

static void errors_are_told_to_the_sending_socket(void **state)
{
    static const struct {
        uint8_t type, code;
        enum leat_err err;
    } many[] = {{UNREACHABLE, 4, LEAT_ERR_REFUSED}, {UNREACHABLE, 0, LEAT_ERR_UNREACHABLE},
                {TOO_BIG, 0, LEAT_ERR_TOO_BIG},     {3, 0, LEAT_ERR_UNREACHABLE},
                {4, 1, LEAT_ERR_REFUSED},           {4, 0, LEAT_ERR_UNREACHABLE}};
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 7);

    for (uint32_t i = 0; i < sizeof many / sizeof many[0]; i++) {
        struct frame error;

        world_send_to(world, udp, leat_endpoint_of(IP6_PEER, 9), "x", 1);
        error = error_about(world_expect(world), many[i].type, many[i].code, 1280);
        world_feed(world, &error);
        assert_dropped(world, taken_icmp6);
        assert_int_equal(world->errors, i + 1);
        assert_int_equal(world->error, many[i].err);
        assert_true(leat_ip_equal(world->error_peer.ip, IP6_PEER));
        assert_int_equal(world->error_peer.port, 9);
    }
}

static void errors_about_packets_of_others_are_dropped(void **state)
{
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 7);
    struct fake_frame sent;
    struct frame error;

    world_send_to(world, udp, leat_endpoint_of(IP6_PEER, 9), "x", 1);
    sent = *world_expect(world);
    sent.bytes[37] ^= 1; /* our address */
    error = error_about(&sent, UNREACHABLE, 4, 0);
    world_feed(world, &error);
    assert_dropped(world, drop_icmp_quote);
    sent.bytes[37] ^= 1;
    sent.bytes[FRAME6_L4 + 1] ^= 1; /* our port */
    error = error_about(&sent, UNREACHABLE, 4, 0);
    world_feed(world, &error);
    assert_dropped(world, drop_icmp_blind);
    for (sent.len = 14; sent.len < FRAME6_L4 + 8; sent.len++) {
        error = error_about(&sent, UNREACHABLE, 4, 0);
        world_feed(world, &error);
        if (sent.len < FRAME6_L4)
            assert_dropped(world, drop_icmp6_format);
        else
            assert_dropped(world, drop_icmp_quote);
    }
    assert_int_equal(world->errors, 0);
}

static void datagrams_to_ourselves_never_leave_us(void **state)
{
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 7);
    const char *const homes[] = {"::1", "2001:db8::1"};

    for (uint32_t i = 0; i < 2; i++) {
        world_send_to(world, udp, leat_endpoint_of(ip6_of(homes[i]), 7), "home", 4);
        world_poll(world);
        assert_silent(world);
        assert_int_equal(world->datagrams, i + 1);
        assert_true(leat_ip_equal(world->peer.ip, ip6_of(homes[i])));
    }
    world_send_to(world, udp, leat_endpoint_of(ip6_of("::1"), 8), "home", 4);
    world_poll(world);
    world_poll(world);
    assert_int_equal(world->error, LEAT_ERR_REFUSED);
}

/* RFC 8200 3: 65,535 bytes after the IPv6 header, 8 of them UDP's. */
static void a_datagram_may_be_longer_than_one_of_IPv4(void **state)
{
    static uint8_t data[65528];
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 7);
    struct leat_endpoint end = leat_endpoint_of(ip6_of("::1"), 7);

    assert_int_equal(world_send_to(world, udp, end, data, 65528), LEAT_ERR_TOO_BIG);
    assert_int_equal(world_send_to(world, udp, end, data, 65527), LEAT_OK);
    world_poll(world);
    assert_int_equal(world->datagrams, 1);
    end.ip = IP6_PEER;
    assert_int_equal(world_send_to(world, udp, end, data, 65527), LEAT_OK);
    assert_grown(world, ip_fragments_sent, 46);
    end.ip = leat_ip_v4(IP_PEER);
    assert_int_equal(world_send_to(world, udp, end, data, 65508), LEAT_ERR_TOO_BIG);
}

static void more_hosts_than_have_numbers_are_all_answered(void **state)
{
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 7), *to_peer = world_socket(world, 0);
    struct leat_ip from = IP6_PEER;

    assert_int_equal(leat_udp_connect(to_peer, IP6_PEER, 53), LEAT_OK);
    for (uint32_t i = 0; i < 5000; i++) {
        struct frame frame;

        from.bytes[2] = (uint8_t)(i >> 8);
        from.bytes[3] = (uint8_t)i;
        frame = frame_udp6(from, 1000, IP6_US, 7, "hello", 5);
        world_feed(world, &frame);
        assert_dropped(world, taken_udp);
        assert_true(leat_ip_equal(world->peer.ip, from));
    }
    assert_true(leat_ip_equal(leat_udp_local(to_peer).ip, IP6_US));
    world_mark(world);
    assert_int_equal(leat_udp_send(to_peer, leat_buf_copy(leat_pool(world->stack), "still", 5)),
                     LEAT_OK);
    world_poll(world);
    expect_datagram(world, IP6_US, IP6_PEER, "still");
    leat_udp_close(to_peer);
    leat_udp_close(udp);
    assert_int_equal(world->stack->hosts6->held, 0);
}

/* Destinations behind a reachable router, so that headers are cached. */
static void a_number_that_is_anothers_now_brings_no_headers_of_the_old_one(void **state)
{
    struct world *world = world6_create();
    const struct frame confirms = frame_ndp(136, 0x60, IP6_PEER, IP6_US, IP6_PEER, &MAC_PEER, 0);
    struct leat_ip to = ip6_of("2001:db8:ffff::1");
    struct leat_udp *udp;

    *state = world;
    world->ipv6_config.hosts = 1; /* raised to 64 */
    world_init(world);
    world6_settle(world);
    assert_int_equal(leat_route_add(world->stack, LEAT_IP_ANY, 0, IP6_PEER), LEAT_OK);
    udp = world_socket(world, 0);
    world_send_to(world, udp, leat_endpoint_of(to, 9), "x", 1);
    world_feed(world, &confirms);
    fake_netif_forget(&world->dev);
    for (uint32_t i = 0; i < 1000; i++) {
        to.bytes[14] = (uint8_t)(i / 2 >> 8);
        to.bytes[15] =
            (uint8_t)(i / 2); /* each of them twice: the second has the first one's headers */
        world_send_to(world, udp, leat_endpoint_of(to, 9), "x", 1);
        expect_datagram(world, IP6_US, to, "x");
    }
    world_teardown(state);
}

static void without_IPv6_an_address_of_it_is_refused(void **state)
{
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 0);

    assert_int_equal(leat_udp_bind(udp, IP6_US, 7), LEAT_ERR_FAMILY);
    assert_int_equal(leat_udp_connect(udp, IP6_PEER, 7), LEAT_ERR_FAMILY);
    assert_int_equal(world_send_to(world, udp, leat_endpoint_of(IP6_PEER, 9), "x", 1),
                     LEAT_ERR_FAMILY);
    /* the numbers of IPv6 hosts are no valid addresses */
    assert_int_equal(world_send_to(world, udp, leat_endpoint_of(LEAT_IP4(240, 0, 0, 1), 9), "x", 1),
                     LEAT_ERR_NO_ROUTE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world6_test(a_socket_for_all_hears_both_families),
        world6_test(a_socket_for_all_of_IPv4_hears_that_alone),
        world6_test(a_socket_is_bound_to_one_address_of_ours),
        world6_test(a_checksum_that_is_missing_or_wrong_is_dropped),
        world6_test(datagrams_leave_with_right_headers_made_or_copied),
        world6_test(a_flow_has_a_label_of_its_own_that_stays),
        world6_test(a_neighbour_that_moved_is_sent_to_where_it_is),
        world6_test(a_silent_neighbour_gets_no_kept_headers),
        world6_test(an_address_that_we_begin_to_check_is_no_peers_any_more),
        world6_test(odd_packets_of_a_known_peer_are_checked),
        world6_test(link_local_peers_have_a_zone),
        world6_test(a_connected_socket_hears_its_peer_alone),
        world6_test(errors_are_told_to_the_sending_socket),
        world6_test(errors_about_packets_of_others_are_dropped),
        world6_test(datagrams_to_ourselves_never_leave_us),
        world6_test(a_datagram_may_be_longer_than_one_of_IPv4),
        world6_test(more_hosts_than_have_numbers_are_all_answered),
        cmocka_unit_test(a_number_that_is_anothers_now_brings_no_headers_of_the_old_one),
        world_test(without_IPv6_an_address_of_it_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
