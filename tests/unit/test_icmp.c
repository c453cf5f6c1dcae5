/* test_icmp.c -- echo, and errors received and sent (RFC 792, RFC 1122 3.2.2, RFC 5927). */
#include "world.h"

#include "ip/ipv4.h"

/* An error about a packet that we seem to have sent: UDP from port 1000 to the peer's port 9. */
static struct frame error_about_ours(uint8_t type, uint8_t code, uint32_t detail, uint32_t quoted)
{
    const struct frame ours = frame_udp(IP_US, 1000, IP_PEER, 9, "quoted", 6);

    return frame_icmp(IP_PEER, IP_US, type, code, detail, ours.bytes + FRAME_IP, quoted);
}

static void echo_is_answered_with_all_its_data(void **state)
{
    struct world *world = *state;
    uint8_t data[1472];
    struct frame echo;
    const struct fake_frame *reply;

    for (unsigned i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 7);
    echo = frame_icmp(IP_PEER, IP_US, 8, 0, 0xabcd0001, data, sizeof data);
    world_feed(world, &echo);
    assert_ended(world, taken_icmp);
    assert_grown(world, icmp_echo_replies, 1);
    reply = world_expect(world);
    assert_int_equal(reply->len, echo.len);
    assert_int_equal(frame_get32(reply->bytes + FRAME_IP + 12), IP_US);
    assert_int_equal(frame_get32(reply->bytes + FRAME_IP + 16), IP_PEER);
    assert_int_equal(frame_sum(reply->bytes + FRAME_IP, 20, 0), 0);
    assert_int_equal(reply->bytes[FRAME_L4], 0);
    assert_memory_equal(reply->bytes + FRAME_L4 + 4, echo.bytes + FRAME_L4 + 4,
                        echo.len - FRAME_L4 - 4);
    assert_int_equal(frame_sum(reply->bytes + FRAME_L4, reply->len - FRAME_L4, 0), 0);
    assert_int_equal(reply->pieces, 1); /* the buffer of the request itself */
}

/* A faulty device marks a ping as a super-frame of TCP: its reply isn't segmented. */
static void test_threat_Q11_ping_marked_as_super_frame_is_answered_whole(void **state)
{
    static const uint8_t data[1200] = "ping";
    struct world *world = *state;
    const struct frame ping = frame_icmp(IP_PEER, IP_US, 8, 0, 0x10001, data, sizeof data);
    const struct fake_frame *reply;

    for (uint16_t segment_bytes = 1; segment_bytes < 2000; segment_bytes += 333) {
        world->dev.segment_bytes = segment_bytes;
        world_feed(world, &ping);
        assert_grown(world, icmp_echo_replies, 1);
        reply = world_expect(world);
        assert_int_equal(reply->segment_bytes, 0);
        assert_int_equal(reply->whole_len, ping.len);
        assert_int_equal(frame_sum(reply->bytes + FRAME_L4, sizeof data + 8, 0), 0);
        assert_silent(world);
    }
}

static void test_threat_C1_short_messages_are_dropped(void **state)
{
    struct world *world = *state;
    struct frame echo = frame_icmp(IP_PEER, IP_US, 8, 0, 0xabcd0001, 0, 0);

    for (uint32_t len = 0; len < 8; len++) {
        struct frame cut = frame_ip(1, IP_PEER, IP_US, echo.bytes + FRAME_L4, len);

        /* bytes of the frame after the packet aren't part of it */
        memcpy(cut.bytes + cut.len, echo.bytes + FRAME_L4 + len, 8 - len);
        cut.len = FRAME_L4 + 8;
        world_feed(world, &cut);
        assert_dropped(world, drop_icmp_format);
    }
}

static void test_threat_C1_cut_quotes_are_dropped(void **state)
{
    struct world *world = *state;
    struct frame error;

    world_socket(world, 1000);
    for (uint32_t len = 0; len < 28; len++) {
        error = error_about_ours(3, 3, 0, len);
        world_feed(world, &error);
        assert_dropped(world, drop_icmp_format);
    }
    /* an inner header with a wrong length */
    error = error_about_ours(3, 3, 0, 34);
    error.bytes[FRAME_ICMP_DATA] = 0x4f;
    frame_seal_icmp(&error);
    world_feed(world, &error);
    assert_dropped(world, drop_icmp_format);
    assert_int_equal(world->errors, 0);
}

static void bad_checksums_are_dropped(void **state)
{
    struct world *world = *state;
    struct frame echo = frame_icmp(IP_PEER, IP_US, 8, 0, 1, "abc", 3);

    echo.bytes[FRAME_ICMP_DATA] ^= 1;
    world_feed(world, &echo);
    assert_dropped(world, drop_icmp_checksum);
}

static void errors_reach_the_socket_that_caused_them(void **state)
{
    static const struct {
        uint8_t type, code;
        enum leat_err err;
    } cases[] = {{3, 0, LEAT_ERR_UNREACHABLE},  {3, 1, LEAT_ERR_UNREACHABLE},
                 {3, 2, LEAT_ERR_REFUSED},      {3, 3, LEAT_ERR_REFUSED},
                 {3, 4, LEAT_ERR_TOO_BIG},      {3, 5, LEAT_ERR_UNREACHABLE},
                 {3, 13, LEAT_ERR_UNREACHABLE}, {3, 200, LEAT_ERR_UNREACHABLE},
                 {11, 0, LEAT_ERR_UNREACHABLE}, {11, 1, LEAT_ERR_UNREACHABLE},
                 {12, 0, LEAT_ERR_UNREACHABLE}};
    struct world *world = *state;

    world_socket(world, 1000);
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct frame error = error_about_ours(cases[i].type, cases[i].code, 0, 28);

        world_feed(world, &error);
        assert_dropped(world, taken_icmp);
        assert_int_equal(world->errors, i + 1);
        assert_int_equal(world->error, cases[i].err);
        assert_int_equal(leat_ip_v4_number(world->error_peer.ip), IP_PEER);
        assert_int_equal(world->error_peer.port, 9);
    }
}

static void errors_about_packets_that_we_never_sent_are_dropped(void **state)
{
    struct world *world = *state;
    struct frame error = error_about_ours(3, 3, 0, 28);

    world_socket(world, 1000);
    frame_put32(error.bytes + FRAME_ICMP_DATA + 12, IP_OTHER);
    frame_seal_icmp(&error);
    world_feed(world, &error);
    assert_dropped(world, drop_icmp_quote);
    /* a protocol that isn't registered, and a fragment without ports */
    error = error_about_ours(3, 3, 0, 28);
    error.bytes[FRAME_ICMP_DATA + 9] = 132;
    frame_seal_icmp(&error);
    world_feed(world, &error);
    assert_dropped(world, drop_icmp_quote);
    error = error_about_ours(3, 3, 0, 28);
    error.bytes[FRAME_ICMP_DATA + 7] = 1;
    frame_seal_icmp(&error);
    world_feed(world, &error);
    assert_dropped(world, drop_icmp_quote);
    /* an address that no host has */
    error = error_about_ours(3, 3, 0, 28);
    frame_put32(error.bytes + FRAME_ICMP_DATA + 16, IP4(240, 0, 0, 1));
    frame_seal_icmp(&error);
    world_feed(world, &error);
    assert_dropped(world, drop_icmp_quote);
    /* a port without a socket */
    error = error_about_ours(3, 3, 0, 28);
    frame_put16(error.bytes + FRAME_ICMP_DATA + 20, 1001);
    frame_seal_icmp(&error);
    world_feed(world, &error);
    assert_dropped(world, drop_icmp_blind);
    assert_int_equal(world->errors, 0);
}

static void test_threat_C3_control_messages_are_ignored(void **state)
{
    static const uint8_t types[] = {0, 1, 2, 4, 5, 6, 7, 9, 10, 13, 14, 15, 16, 17, 18, 30, 255};
    struct world *world = *state;

    world_socket(world, 1000);
    for (unsigned i = 0; i < sizeof types; i++) {
        const struct frame message = error_about_ours(types[i], 0, IP_OTHER, 28);

        world_feed(world, &message);
        assert_dropped(world, drop_icmp_type);
    }
    assert_int_equal(world->errors, 0);
    /* the redirect was ignored */
    world_send(world, world_socket(world, 0), IP_PEER, 9, "x", 1);
    assert_memory_equal(world_expect(world)->bytes, MAC_PEER.octet, 6);
}

static void test_threat_C4_port_errors_are_limited_and_their_number_is_random(void **state)
{
    struct world *world = *state;
    uint64_t counts[16];
    bool differ = false;

    for (unsigned round = 0; round < 16; round++) {
        world_wait(world, 2 * second);
        world_mark(world);
        const struct leat_stats before = *leat_stats(world->stack);

        for (uint16_t port = 2000; port < 2200; port++) {
            const struct frame probe = frame_udp(IP_PEER, 1000, IP_US, port, 0, 0);

            world_feed(world, &probe);
            assert_ended(world, drop_udp_port);
        }
        counts[round] = leat_stats(world->stack)->icmp_errors_sent - before.icmp_errors_sent;
        assert_int_equal(leat_stats(world->stack)->icmp_errors_limited - before.icmp_errors_limited,
                         200 - counts[round]);
        assert_true(counts[round] <= 100 && counts[round] >= 75);
        differ |= counts[round] != counts[0];
    }
    assert_true(differ);
}

static void test_threat_C4_no_error_about_broadcasts(void **state)
{
    static const leat_ip4 many[] = {IP4_BROADCAST, IP4(10, 0, 0, 255), IP4(10, 0, 0, 0),
                                    IP4(224, 0, 0, 1)};
    struct world *world = *state;

    for (unsigned i = 0; i < 4; i++) {
        struct frame probe = frame_udp(IP_PEER, 1000, many[i], 9, 0, 0);

        frame_to(&probe, &MAC_ALL);
        world_feed(world, &probe);
        assert_dropped(world, drop_udp_port);
        probe = frame_ip(132, IP_PEER, many[i], "x", 1);
        frame_to(&probe, &MAC_ALL);
        world_feed(world, &probe);
        assert_dropped(world, drop_ip_protocol);
    }
}

static void test_threat_C4_no_error_about_link_broadcasts(void **state)
{
    struct world *world = *state;
    struct frame probe = frame_udp(IP_PEER, 1000, IP_US, 9, 0, 0);

    /* RFC 1122 3.3.6: the packet isn't even accepted */
    frame_to(&probe, &MAC_ALL);
    world_feed(world, &probe);
    assert_dropped(world, drop_ip_not_ours);
}

static void test_threat_C4_no_error_about_errors(void **state)
{
    /* a first fragment whose datagram never becomes complete could cause an error */
    struct world *world = *state;
    const struct frame error = error_about_ours(3, 3, 0, 28);
    const struct frame of_error = frame_fragment(1, 1, 0, true, error.bytes + FRAME_L4, 32);
    const struct frame of_echo = frame_fragment(1, 2, 0, true, "\x08\0\0\0\0\0\0\0", 8);

    world_feed(world, &of_echo); /* the sender is told about an echo (RFC 1122 3.3.2) */
    world_wait(world, 31 * second);
    world_expect_icmp(world, &of_echo, 11, 1);
    assert_silent(world);
    world_feed(world, &of_error);
    assert_ended(world, taken_fragment);
    world_wait(world, 31 * second);
    assert_grown(world, ip_reassembly_timeouts, 1);
    assert_grown(world, icmp_errors_sent, 0);
}

static void test_threat_C4_no_error_about_later_fragments(void **state)
{
    struct world *world = *state;
    const struct frame of_unknown = frame_fragment(132, 1, 8, true, "01234567", 8);
    const struct frame of_echo = frame_fragment(1, 2, 8, true, "01234567", 8);

    world_feed(world, &of_unknown);
    assert_dropped(world, drop_ip_protocol);
    world_feed(world, &of_echo); /* RFC 792: nothing is sent without fragment zero */
    world_wait(world, 31 * second);
    assert_silent(world);
}

static void echo_to_many_is_dropped(void **state)
{
    struct world *world = *state;
    struct frame echo = frame_icmp(IP_PEER, IP4(10, 0, 0, 255), 8, 0, 1, 0, 0);

    frame_to(&echo, &MAC_ALL);
    world_feed(world, &echo);
    assert_dropped(world, drop_icmp_broadcast);
}

static void echo_to_a_group_is_dropped(void **state)
{
    struct world *world = *state;
    struct frame echo = frame_icmp(IP_PEER, IP4(224, 0, 0, 1), 8, 0, 1, 0, 0);

    frame_to(&echo, &(struct leat_mac){{1, 0, 0x5e, 0, 0, 1}});
    world_feed(world, &echo);
    assert_dropped(world, drop_icmp_broadcast);
}

static void echoes_are_limited(void **state)
{
    struct world *world = world_create();
    const struct frame echo = frame_icmp(IP_PEER, IP_US, 8, 0, 1, 0, 0);

    world->config.icmp_echo_per_s = 3;
    world_init(world);
    assert_int_equal(leat_address_add(world->stack, &world->dev.netif, leat_ip_v4(IP_US), 24),
                     LEAT_OK);
    world_wait(world, 5 * second);
    world_meet(world, IP_PEER, &MAC_PEER);
    for (unsigned i = 0; i < 3; i++) {
        world_feed(world, &echo);
        assert_ended(world, taken_icmp);
    }
    world_feed(world, &echo);
    assert_dropped(world, drop_icmp_limit);
    world_wait(world, second);
    world_feed(world, &echo);
    assert_ended(world, taken_icmp);
    *state = world;
    world_teardown(state);
}

static void error_quotes_at_most_576_bytes(void **state)
{
    struct world *world = *state;
    static const uint8_t data[1400];
    const struct frame probe = frame_udp(IP_PEER, 1000, IP_US, 9, data, sizeof data);

    world_feed(world, &probe);
    assert_int_equal(frame_get16(world_expect(world)->bytes + FRAME_IP + 2), 576);
    fake_netif_forget(&world->dev);
    world_feed(world, &probe);
    world_expect_icmp(world, &probe, 3, 3);
}

static void unknown_protocol_is_unreachable(void **state)
{
    struct world *world = *state;
    const struct frame probe = frame_ip(132, IP_PEER, IP_US, "01234567", 8);

    world_feed(world, &probe);
    assert_ended(world, drop_ip_protocol);
    world_expect_icmp(world, &probe, 3, 2);
    assert_grown(world, icmp_errors_sent, 1);
}

/* RFC 1122 3.2.2: whatever the packet's TOS */
static void error_has_a_TOS_of_0(void **state)
{
    struct world *world = *state;
    struct frame probe = frame_udp(IP_PEER, 1000, IP_US, 9, "x", 1);
    const struct fake_frame *error;

    probe.bytes[FRAME_IP + 1] = 0xb9;
    frame_seal_ip(&probe);
    world_feed(world, &probe);
    error = world_expect(world);
    assert_int_equal(error->bytes[FRAME_L4], 3);
    assert_int_equal(error->bytes[FRAME_IP + 1], 0);
}

static void errors_survive_an_empty_pool(void **state)
{
    struct world *world = *state;
    const struct frame probe = frame_udp(IP_PEER, 1000, IP_US, 9, "x", 1);
    struct leat_buf *all = world_take_all_small(world);

    world_feed(world, &probe);
    assert_dropped(world, drop_udp_port);
    assert_grown(world, tx_no_memory, 1);
    world_give_all(all);
    world_feed(world, &probe);
    world_expect_icmp(world, &probe, 3, 3);
}

/* A backend may keep buffers that it has passed on (a recorder, say), so they must not be
 * written. */
static void echo_in_shared_storage_is_answered_in_another_buffer(void **state)
{
    struct world *world = *state;
    const struct frame echo = frame_icmp(IP_PEER, IP_US, 8, 0, 0xabcd0001, "01234567", 8);
    const struct fake_frame *reply;

    for (unsigned memory = 0; memory < 2; memory++) {
        struct leat_buf *packet = leat_buf_copy(leat_pool(world->stack), echo.bytes, echo.len);
        struct leat_buf *kept = leat_buf_slice(packet, 0, echo.len);
        struct leat_buf *all = memory ? 0 : world_take_all_small(world);

        world_mark(world);
        leat_buf_pull(packet, FRAME_IP);
        ipv4_input(world->stack, &world->stack->links[0], packet, false);
        world_poll(world);
        assert_grown(world, taken_icmp, 1);
        assert_grown(world, tx_no_memory, !memory);
        assert_int_equal(fake_netif_sent_count(&world->dev), memory);
        assert_memory_equal(kept->data, echo.bytes, echo.len);
        leat_buf_free(kept);
        world_give_all(all);
        world->stack->stats.rx_frames++; /* counts the frame that was fed without a device */
    }
    reply = world_expect(world);
    assert_int_equal(reply->bytes[FRAME_L4], 0);
    assert_memory_equal(reply->bytes + FRAME_L4 + 4, echo.bytes + FRAME_L4 + 4, 12);
    assert_int_equal(frame_sum(reply->bytes + FRAME_L4, 16, 0), 0);
}

static void echo_from_beyond_all_routes_is_not_answered(void **state)
{
    struct world *world = *state;
    const struct frame echo = frame_icmp(IP4(192, 0, 2, 1), IP_US, 8, 0, 1, 0, 0);

    world_feed(world, &echo);
    assert_dropped(world, taken_icmp);
    assert_grown(world, icmp_echo_replies, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(echo_is_answered_with_all_its_data),
        world_test(echo_in_shared_storage_is_answered_in_another_buffer),
        world_test(echo_from_beyond_all_routes_is_not_answered),
        world_test(test_threat_Q11_ping_marked_as_super_frame_is_answered_whole),
        world_test(test_threat_C1_short_messages_are_dropped),
        world_test(test_threat_C1_cut_quotes_are_dropped),
        world_test(bad_checksums_are_dropped),
        world_test(errors_reach_the_socket_that_caused_them),
        world_test(errors_about_packets_that_we_never_sent_are_dropped),
        world_test(test_threat_C3_control_messages_are_ignored),
        world_test(test_threat_C4_port_errors_are_limited_and_their_number_is_random),
        world_test(test_threat_C4_no_error_about_broadcasts),
        world_test(test_threat_C4_no_error_about_link_broadcasts),
        world_test(test_threat_C4_no_error_about_errors),
        world_test(test_threat_C4_no_error_about_later_fragments),
        world_test(echo_to_many_is_dropped),
        world_test(echo_to_a_group_is_dropped),
        cmocka_unit_test(echoes_are_limited),
        world_test(error_quotes_at_most_576_bytes),
        world_test(unknown_protocol_is_unreachable),
        world_test(error_has_a_TOS_of_0),
        world_test(errors_survive_an_empty_pool),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
