/* test_wire.c -- each format's emitter is the inverse of its parser, and lengths are checked. */
#include "world.h"

#include "wire/arp.h"
#include "wire/ethernet.h"
#include "wire/icmp.h"
#include "wire/ipv4.h"
#include "wire/udp.h"

static void ethernet_emit_inverts_parse(void **state)
{
    const struct frame frame = frame_ethernet(0x0800, 0, 0);
    struct wire_ethernet header;
    uint8_t bytes[14];

    (void)state;
    assert_true(wire_ethernet_parse(&header, frame.bytes, 14));
    wire_ethernet_emit(&header, bytes);
    assert_memory_equal(bytes, frame.bytes, 14);
    assert_false(wire_ethernet_parse(&header, frame.bytes, 13));
}

static void arp_emit_inverts_parse(void **state)
{
    const struct frame frame = frame_arp(2, &MAC_PEER, IP_PEER, IP_US);
    struct wire_arp arp;
    uint8_t bytes[28];

    (void)state;
    assert_true(wire_arp_parse(&arp, frame.bytes + 14, 28));
    assert_int_equal(arp.spa, IP_PEER);
    assert_int_equal(arp.tpa, IP_US);
    wire_arp_emit(&arp, bytes);
    assert_memory_equal(bytes, frame.bytes + 14, 28);
    assert_false(wire_arp_parse(&arp, frame.bytes + 14, 27));
}

static void ipv4_emit_inverts_parse(void **state)
{
    const struct frame frame = frame_fragment(17, 0xbeef, 1480, true, "12345678", 8);
    struct wire_ipv4 header = {0};
    uint8_t bytes[20];

    (void)state;
    assert_true(wire_ipv4_parse(&header, frame.bytes + 14, 28, 28));
    assert_int_equal(header.id, 0xbeef);
    assert_int_equal(header.fragment_offset, 1480);
    assert_true(header.more_fragments);
    assert_false(header.dont_fragment);
    wire_ipv4_emit(&header, bytes);
    assert_memory_equal(bytes, frame.bytes + 14, 20);
    assert_false(wire_ipv4_parse(&header, frame.bytes + 14, 19, 28));
    assert_false(wire_ipv4_parse(&header, frame.bytes + 14, 27, 27));
}

static void ipv4_quote_may_be_cut(void **state)
{
    const struct frame frame = frame_udp(IP_US, 1, IP_PEER, 2, "some text", 9);
    struct wire_ipv4 header;

    (void)state;
    assert_true(wire_ipv4_parse_quote(&header, frame.bytes + 14, 28));
    assert_int_equal(header.total_bytes, 37);
}

static bool options_ok(const uint8_t *options, uint32_t len)
{
    uint8_t header[60] = {0};

    memcpy(header + 20, options, len);
    return wire_ipv4_options_ok(header, 20 + len);
}

static void ipv4_options_are_judged(void **state)
{
    static const uint8_t fine[8] = {1, 7, 4,   4,
                                    1, 0, 255, 255}; /* bytes after the end are ignored */
    static const uint8_t zero[4] = {7, 0, 0, 0};
    static const uint8_t one[4] = {7, 1, 0, 0};
    static const uint8_t beyond[4] = {1, 7, 4, 0};
    static const uint8_t last[4] = {1, 1, 1, 7};
    static const uint8_t loose[4] = {131, 3, 4, 0};
    static const uint8_t strict[4] = {1, 137, 3, 4};

    (void)state;
    assert_true(options_ok(fine, 8));
    assert_false(options_ok(zero, 4));
    assert_false(options_ok(one, 4));
    assert_false(options_ok(beyond, 4));
    assert_false(options_ok(last, 4));
    assert_false(options_ok(loose, 4));
    assert_false(options_ok(strict, 4));
}

static void icmp_emit_inverts_parse(void **state)
{
    const struct frame frame = frame_icmp(IP_PEER, IP_US, 3, 4, 1400, 0, 0);
    struct wire_icmp icmp;
    uint8_t bytes[8];

    (void)state;
    assert_true(wire_icmp_parse(&icmp, frame.bytes + FRAME_L4, 8));
    assert_int_equal(icmp.detail, 1400);
    wire_icmp_emit(&icmp, bytes);
    assert_memory_equal(bytes, frame.bytes + FRAME_L4, 8);
    assert_false(wire_icmp_parse(&icmp, frame.bytes + FRAME_L4, 7));
}

static void udp_emit_inverts_parse(void **state)
{
    const struct frame frame = frame_udp(IP_PEER, 1000, IP_US, 7, "abc", 3);
    struct wire_udp udp;
    uint8_t bytes[8];

    (void)state;
    assert_true(wire_udp_parse(&udp, frame.bytes + FRAME_L4, 8, 11));
    assert_int_equal(udp.src_port, 1000);
    assert_int_equal(udp.dst_port, 7);
    wire_udp_emit(&udp, bytes);
    assert_memory_equal(bytes, frame.bytes + FRAME_L4, 8);
    assert_false(wire_udp_parse(&udp, frame.bytes + FRAME_L4, 7, 7));
    assert_false(wire_udp_parse(&udp, frame.bytes + FRAME_L4, 10, 10));
}

static void multicast_maps_to_its_low_23_bits(void **state)
{
    /* RFC 1112 6.4 */
    static const uint8_t want[6] = {0x01, 0x00, 0x5e, 0x7f, 0x02, 0x03};
    const struct leat_mac mac = mac_of_group(IP4(239, 255, 2, 3));

    (void)state;
    assert_memory_equal(mac.octet, want, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ethernet_emit_inverts_parse),
        cmocka_unit_test(arp_emit_inverts_parse),
        cmocka_unit_test(ipv4_emit_inverts_parse),
        cmocka_unit_test(ipv4_quote_may_be_cut),
        cmocka_unit_test(ipv4_options_are_judged),
        cmocka_unit_test(icmp_emit_inverts_parse),
        cmocka_unit_test(udp_emit_inverts_parse),
        cmocka_unit_test(multicast_maps_to_its_low_23_bits),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
