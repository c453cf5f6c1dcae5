/* test_gateway.c -- the gateway of bench/inmem: addresses, and the checksums that cover them. */
#include "frames6.h"
#include "unit.h"

#include "gateway.h"

enum {
    CLIENT_PORT = 10000,
    SERVER_PORT = 7000,
    PEERS = 1000
};

static struct frame datagram(bool is_v6, uint16_t port)
{
    return is_v6 ? frame_udp6(ip6_of("2001:db8::1"), port, ip6_of("2001:db8::2"), SERVER_PORT,
                              "some text", 9)
                 : frame_udp(0x0a000001, port, 0x0a000002, SERVER_PORT, "some text", 9);
}

/* The source address; asserts that all checksums are correct. */
static struct leat_ip source(const struct frame *frame, bool is_v6)
{
    const uint8_t *ip = frame->bytes + 14;
    const uint32_t udp_bytes = frame_get16(frame->bytes + (is_v6 ? 54 : 34) + 4);
    uint32_t pseudo = 17 + udp_bytes;

    for (unsigned i = 0; i < (is_v6 ? 32u : 8u); i += 2)
        pseudo += frame_get16(ip + (is_v6 ? 8 : 12) + i);
    assert_int_equal(frame_sum(ip + (is_v6 ? 40 : 20), udp_bytes, pseudo), 0);
    if (is_v6)
        return frame_ip6_at(ip + 8);
    assert_int_equal(frame_sum(ip, 20, 0), 0);
    return leat_ip_v4(frame_get32(ip + 12));
}

static void each_port_is_a_peer(void **state)
{
    (void)state;
    for (unsigned v6 = 0; v6 < 2; v6++) {
        for (uint32_t i = 0; i < 3000; i++) {
            struct frame frame = datagram(v6, (uint16_t)(CLIENT_PORT + i));
            struct leat_ip peer = v6 ? ip6_of("2001:db8:1::1") : leat_ip_v4(0x0b000001);

            frame_put16(&peer.bytes[14], frame_get16(&peer.bytes[14]) + i % PEERS);
            gateway_to_server(frame.bytes, PEERS);
            assert_true(leat_ip_equal(source(&frame, v6), peer));
            assert_int_equal(gateway_flow(frame.bytes), CLIENT_PORT + i);
        }
    }
}

static void the_way_back_is_the_clients_address(void **state)
{
    (void)state;
    for (unsigned v6 = 0; v6 < 2; v6++) {
        struct frame frame =
            v6 ? frame_udp6(ip6_of("2001:db8::2"), SERVER_PORT, ip6_of("2001:db8:1::3e8"),
                            CLIENT_PORT, "text", 4)
               : frame_udp(0x0a000002, SERVER_PORT, 0x0b0003e8, CLIENT_PORT, "text", 4);

        gateway_to_client(frame.bytes);
        (void)source(&frame, v6);
        assert_int_equal(frame.bytes[v6 ? 53 : 33], 1);
        assert_int_equal(frame.bytes[v6 ? 43 : 32], 0);
    }
}

/* Neighbour discovery and ARP concern the gateway itself, so they pass unchanged. */
static void other_frames_pass(void **state)
{
    const struct leat_mac mac = {{2, 0, 0, 0, 0, 1}};
    struct frame frames[] = {frame_arp(1, &mac, 0x0a000001, 0x0a000002),
                             frame_ndp(135, 0, ip6_of("2001:db8::1"), ip6_of("2001:db8::2"),
                                       ip6_of("2001:db8::2"), &mac, NULL)};

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        const struct frame before = frames[i];

        gateway_to_server(frames[i].bytes, PEERS);
        gateway_to_client(frames[i].bytes);
        assert_memory_equal(frames[i].bytes, before.bytes, before.len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_port_is_a_peer),
        cmocka_unit_test(the_way_back_is_the_clients_address),
        cmocka_unit_test(other_frames_pass),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
