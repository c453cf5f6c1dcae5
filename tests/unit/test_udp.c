/* test_udp.c -- receiving and sending datagrams (RFC 768, RFC 1122 4.1). */
#include "world.h"

#include "base.h"

static void datagram_reaches_its_socket(void **state)
{
    struct world *world = *state;
    const struct frame frame = frame_udp(IP_PEER, 1000, IP_US, 7, "hello", 5);

    world_socket(world, 7);
    world_feed(world, &frame);
    assert_dropped(world, taken_udp);
    assert_int_equal(world->datagrams, 1);
    assert_int_equal(world->data_len, 5);
    assert_memory_equal(world->data, "hello", 5);
    assert_int_equal(leat_ip_v4_number(world->peer.ip), IP_PEER);
    assert_int_equal(world->peer.port, 1000);
    assert_int_equal(leat_ip_v4_number(world->local.ip), IP_US);
    assert_int_equal(world->local.port, 7);
}

static void ip_options_do_not_hide_the_sender(void **state)
{
    static const uint8_t options[8] = {7, 7, 4, 0, 0, 0, 0, 0};
    struct world *world = *state;
    const struct frame plain = frame_udp(IP_PEER, 1000, IP_US, 7, "hello", 5);
    const struct frame frame =
        frame_ip_with(17, IP_PEER, IP_US, options, 8, plain.bytes + FRAME_L4, plain.len - FRAME_L4);

    world_socket(world, 7);
    world_feed(world, &frame);
    assert_int_equal(world->datagrams, 1);
    assert_int_equal(leat_ip_v4_number(world->peer.ip), IP_PEER);
    assert_memory_equal(world->data, "hello", 5);
}

static void test_threat_U1_bad_lengths_are_dropped(void **state)
{
    struct world *world = *state;
    struct frame frame;

    world_socket(world, 7);
    for (uint32_t len = 0; len < 8; len++) {
        frame = frame_ip(17, IP_PEER, IP_US, "\x03\xe8\0\7\0\x08\0\0", len);
        world_feed(world, &frame);
        assert_dropped(world, drop_udp_format);
    }
    for (uint32_t length = 0; length < 65536; length += length < 20 ? 1 : 4093) {
        frame = frame_udp(IP_PEER, 1000, IP_US, 7, "hello", 5);
        frame_put16(frame.bytes + FRAME_L4 + 4, length);
        frame_put16(frame.bytes + FRAME_L4 + 6, 0);
        world_feed(world, &frame);
        if (length < 8 || length > 13)
            assert_dropped(world, drop_udp_format);
        else
            assert_int_equal(world->data_len, length - 8);
    }
}

static void test_threat_U1_bad_checksum_is_dropped(void **state)
{
    struct world *world = *state;
    struct frame frame = frame_udp(IP_PEER, 1000, IP_US, 7, "hello", 5);

    world_socket(world, 7);
    frame.bytes[FRAME_UDP_DATA] ^= 1;
    world_feed(world, &frame);
    assert_dropped(world, drop_udp_checksum);
    /* and no error is sent if the port is closed */
    frame = frame_udp(IP_PEER, 1000, IP_US, 8, "hello", 5);
    frame.bytes[FRAME_UDP_DATA] ^= 1;
    world_feed(world, &frame);
    assert_dropped(world, drop_udp_checksum);
    assert_int_equal(world->datagrams, 0);
}

static void test_threat_U1_checksum_of_zero_is_accepted(void **state)
{
    struct world *world = *state;
    struct frame frame = frame_udp(IP_PEER, 1000, IP_US, 7, "hello", 5);

    world_socket(world, 7);
    frame_put16(frame.bytes + FRAME_L4 + 6, 0);
    world_feed(world, &frame);
    assert_dropped(world, taken_udp);
}

static void device_that_verified_is_believed(void **state)
{
    struct world *world = *state;
    struct frame frame = frame_udp(IP_PEER, 1000, IP_US, 7, "hello", 5);

    world_socket(world, 7);
    world->dev.verified = true;
    frame.bytes[FRAME_L4 + 6] ^= 1;
    world_feed(world, &frame);
    assert_dropped(world, taken_udp);
}

static void bytes_behind_the_datagram_are_cut_off(void **state)
{
    struct world *world = *state;
    struct frame frame = frame_udp(IP_PEER, 1000, IP_US, 7, "hello+more", 5);

    /* the IP packet is longer than its datagram */
    memcpy(frame.bytes + frame.len, "+more", 5);
    frame.len += 5;
    frame_put16(frame.bytes + FRAME_IP + 2, frame.len - FRAME_IP);
    frame_seal_ip(&frame);
    world_socket(world, 7);
    world_feed(world, &frame);
    assert_dropped(world, taken_udp);
    assert_int_equal(world->data_len, 5);
}

static void closed_port_is_unreachable(void **state)
{
    struct world *world = *state;
    const struct frame frame = frame_udp(IP_PEER, 1000, IP_US, 9, "hello", 5);

    world_feed(world, &frame);
    assert_ended(world, drop_udp_port);
    world_expect_icmp(world, &frame, 3, 3);
}

static void port_zero_is_closed(void **state)
{
    struct world *world = *state;
    const struct frame frame = frame_udp(IP_PEER, 1000, IP_US, 0, "hello", 5);

    world_socket(world, 0);
    world_feed(world, &frame);
    assert_ended(world, drop_udp_port);
}

static void sent_datagrams_are_right(void **state)
{
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 1000);
    const struct frame want = frame_udp(IP_US, 1000, IP_PEER, 9, "a question", 10);
    const struct fake_frame *frame;

    assert_int_equal(world_send(world, udp, IP_PEER, 9, "a question", 10), LEAT_OK);
    assert_grown(world, udp_sent, 1);
    frame = world_expect(world);
    assert_memory_equal(frame->bytes, MAC_PEER.octet, 6);
    assert_memory_equal(frame->bytes + 6, world->dev.netif.mac.octet, 6);
    assert_int_equal(frame_get16(frame->bytes + 12), 0x0800);
    assert_int_equal(frame->bytes[FRAME_IP], 0x45);
    assert_int_equal(frame_get16(frame->bytes + FRAME_IP + 2), 38);
    assert_int_equal(frame->bytes[FRAME_IP + 8], 64);
    assert_int_equal(frame_sum(frame->bytes + FRAME_IP, 20, 0), 0);
    assert_memory_equal(frame->bytes + FRAME_L4, want.bytes + FRAME_L4, 18);
    assert_int_equal(frame->pieces, 1); /* the headers are in the payload's headroom */
}

static void ttl_and_tos_may_be_chosen(void **state)
{
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 1000);
    const struct fake_frame *frame;

    leat_udp_set_ttl(udp, 3);
    leat_udp_set_tos(udp, 0xb8);
    world_send(world, udp, IP_PEER, 9, "x", 1);
    frame = world_expect(world);
    assert_int_equal(frame->bytes[FRAME_IP + 1], 0xb8);
    assert_int_equal(frame->bytes[FRAME_IP + 8], 3);
}

static void checksum_is_never_sent_as_zero(void **state)
{
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 1000);
    bool seen = false;

    for (uint32_t i = 0; i < 65536; i++) {
        const uint8_t data[2] = {(uint8_t)(i >> 8), (uint8_t)i};
        uint16_t sum;

        world_send(world, udp, IP_PEER, 9, data, 2);
        sum = frame_get16(world_expect(world)->bytes + FRAME_L4 + 6);
        assert_int_not_equal(sum, 0);
        seen |= sum == 0xffff;
    }
    assert_true(seen);
}

static void shared_and_lent_payloads_are_not_written_into(void **state)
{
    static const char payload[] = "lent for ever and a day";
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 1000);
    const struct leat_endpoint peer = leat_endpoint_of(leat_ip_v4(IP_PEER), 9);
    struct leat_pool *pool = leat_pool(world->stack);
    struct leat_buf *whole = leat_buf_copy(pool, payload, sizeof payload);
    const struct fake_frame *frame;

    world_mark(world);
    leat_udp_send_to(udp, leat_buf_lend(pool, payload, sizeof payload, 0, 0), &peer);
    leat_udp_send_to(udp, leat_buf_slice(whole, 5, 3), &peer);
    world_poll(world);
    frame = world_expect(world);
    assert_int_equal(frame->pieces, 2);
    assert_memory_equal(frame->bytes + FRAME_UDP_DATA, payload, sizeof payload);
    frame = world_expect(world);
    assert_memory_equal(frame->bytes + FRAME_UDP_DATA, "for", 3);
    assert_memory_equal(whole->data, payload, sizeof payload);
    assert_grown(world, copied_tx_bytes, 0);
    leat_buf_free(whole);
}

static void echo_on_datagram(struct leat_udp *udp, struct leat_buf *payload,
                             const struct leat_endpoint *peer, const struct leat_endpoint *local,
                             void *arg)
{
    (void)arg;
    leat_udp_send_from(udp, payload, peer, local->ip);
}

static void echo_returns_the_very_buffer(void **state)
{
    static const struct leat_udp_events events = {echo_on_datagram, 0};
    struct world *world = *state;
    const struct frame frame = frame_udp(IP_PEER, 1000, IP_US, 7, "hello", 5);
    struct frame to_all = frame_udp(IP_PEER, 1000, IP4_BROADCAST, 7, "hello", 5);
    const struct fake_frame *reply;
    struct leat_udp *udp;

    leat_udp_open(world->stack, &udp, &events, 0);
    leat_udp_bind(udp, LEAT_IP_ANY, 7);
    world_feed(world, &frame);
    reply = world_expect(world);
    assert_int_equal(reply->pieces, 1);
    assert_memory_equal(reply->bytes + FRAME_UDP_DATA, "hello", 5);
    assert_int_equal(frame_get16(reply->bytes + FRAME_L4), 7);
    assert_int_equal(frame_get16(reply->bytes + FRAME_L4 + 2), 1000);
    /* the answer to a broadcast is from our own address */
    frame_to(&to_all, &MAC_ALL);
    world_feed(world, &to_all);
    reply = world_expect(world);
    assert_int_equal(frame_get32(reply->bytes + FRAME_IP + 12), IP_US);
    assert_int_equal(frame_get32(reply->bytes + FRAME_IP + 16), IP_PEER);
}

static void sending_fails_without_leaks(void **state)
{
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 1000);
    struct leat_pool *pool = leat_pool(world->stack);
    const struct leat_endpoint peer = leat_endpoint_of(leat_ip_v4(IP_PEER), 9);
    static uint8_t data[65508];

    assert_int_equal(world_send(world, udp, IP_PEER, 0, "x", 1), LEAT_ERR_ARGUMENT);
    assert_int_equal(world_send(world, udp, IP4(192, 0, 2, 1), 9, "x", 1), LEAT_ERR_NO_ROUTE);
    assert_int_equal(world_send(world, udp, IP_PEER, 9, data, 65508), LEAT_ERR_TOO_BIG);
    assert_int_equal(leat_udp_send_to(udp, 0, &peer), LEAT_ERR_MEMORY);
    assert_int_equal(leat_pool_free_count(pool), 1024);
    assert_int_equal(world_send(world, udp, IP_PEER, 9, data, 65507), LEAT_OK);
    assert_grown(world, ip_fragments_sent, 45);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(datagram_reaches_its_socket),
        world_test(ip_options_do_not_hide_the_sender),
        world_test(test_threat_U1_bad_lengths_are_dropped),
        world_test(test_threat_U1_bad_checksum_is_dropped),
        world_test(test_threat_U1_checksum_of_zero_is_accepted),
        world_test(device_that_verified_is_believed),
        world_test(bytes_behind_the_datagram_are_cut_off),
        world_test(closed_port_is_unreachable),
        world_test(port_zero_is_closed),
        world_test(sent_datagrams_are_right),
        world_test(ttl_and_tos_may_be_chosen),
        world_test(checksum_is_never_sent_as_zero),
        world_test(shared_and_lent_payloads_are_not_written_into),
        world_test(echo_returns_the_very_buffer),
        world_test(sending_fails_without_leaks),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
