/* test_frame_flow.c -- the flow of a frame, and which frames are control traffic. */
#include "world.h"

#include "link/frame_flow.h"
#include "link/link.h"

enum {
    IP4_AT = 14,
    L4_AT = 34, /* behind an IPv4 header without options */
    L6_AT = 54,
    FIN = 1,
    SYN = 2,
    RST = 4,
    PSH = 8,
    ACK = 16
};

struct built {
    uint8_t bytes[128];
    uint32_t len;
};

static struct flow_name name_in(struct world *world, unsigned link, struct built *built)
{
    const struct leat_buf frame = {.data = built->bytes, .len = built->len};

    return frame_flow(&world->stack->links[link], &frame);
}

static struct flow_name name_of(struct world *world, struct built *built)
{
    return name_in(world, 0, built);
}

static uint64_t key_of(struct world *world, struct built *built)
{
    return name_of(world, built).key;
}

static void ethernet(struct built *built, uint16_t type)
{
    memcpy(built->bytes, MAC_PEER.octet, 6);
    memcpy(built->bytes + 6, MAC_US.octet, 6);
    frame_put16(built->bytes + 12, type);
}

/* An IPv4 packet with @options bytes of options and a payload of @payload bytes, all of it in the
 * frame. */
static struct built ipv4(uint8_t protocol, uint32_t options, uint32_t payload)
{
    struct built built = {.len = L4_AT + options + payload};
    uint8_t *ip = built.bytes + IP4_AT;

    ethernet(&built, 0x0800);
    ip[0] = (uint8_t)(0x45 + options / 4);
    frame_put16(ip + 2, 20 + options + payload);
    ip[9] = protocol;
    frame_put32(ip + 12, IP_US);
    frame_put32(ip + 16, IP_PEER);
    return built;
}

static struct built ipv6(uint8_t protocol, uint32_t payload)
{
    struct built built = {.len = L6_AT + payload};
    uint8_t *ip = built.bytes + IP4_AT;

    ethernet(&built, 0x86dd);
    ip[0] = 0x60;
    frame_put16(ip + 4, payload);
    ip[6] = protocol;
    memset(ip + 8, 0x11, 16);
    memset(ip + 24, 0x22, 16);
    return built;
}

/* Writes a TCP header of @header bytes at @at. */
static void put_tcp(struct built *built, uint32_t at, uint8_t flags, uint32_t header)
{
    frame_put16(built->bytes + at, 1000);
    frame_put16(built->bytes + at + 2, 80);
    built->bytes[at + 12] = (uint8_t)(header / 4 << 4);
    built->bytes[at + 13] = flags;
}

static void protocols_of_control_are_control(void **state)
{
    struct world *world = *state;

    for (unsigned protocol = 0; protocol < 256; protocol++) {
        const bool is_control = protocol == 0 || protocol == 1 || protocol == 2 || protocol == 58;
        struct built four = ipv4((uint8_t)protocol, 0, 40), six = ipv6((uint8_t)protocol, 40);

        if (protocol == 6) /* its header decides */
            continue;
        assert_int_equal(name_of(world, &four).kind, is_control ? FLOW_CONTROL : FLOW_BULK);
        assert_int_equal(name_of(world, &six).kind, is_control ? FLOW_CONTROL : FLOW_BULK);
    }
}

static void segments_without_payload_are_control_but_for_a_fin(void **state)
{
    static const struct {
        uint8_t flags;
        uint32_t header, payload;
        enum flow_kind kind;
    } cases[] = {{ACK, 20, 0, FLOW_CONTROL},       {ACK, 20, 1, FLOW_BULK},
                 {ACK, 32, 0, FLOW_CONTROL},       {ACK, 32, 1, FLOW_BULK},
                 {ACK | PSH, 20, 30, FLOW_BULK},   {ACK | FIN, 20, 0, FLOW_BULK},
                 {ACK | FIN, 20, 1, FLOW_BULK},    {SYN, 40, 0, FLOW_CONTROL},
                 {SYN | ACK, 20, 9, FLOW_CONTROL}, {RST, 20, 0, FLOW_CONTROL},
                 {RST | ACK, 20, 9, FLOW_CONTROL}, {RST | FIN, 20, 0, FLOW_CONTROL},
                 {SYN | FIN, 20, 9, FLOW_CONTROL}, {0, 60, 0, FLOW_CONTROL}};
    struct world *world = *state;

    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const uint32_t bytes = cases[i].header + cases[i].payload;
        struct built four = ipv4(6, 0, bytes), with = ipv4(6, 8, bytes), six = ipv6(6, bytes);

        put_tcp(&four, L4_AT, cases[i].flags, cases[i].header);
        put_tcp(&with, L4_AT + 8, cases[i].flags, cases[i].header);
        put_tcp(&six, L6_AT, cases[i].flags, cases[i].header);
        assert_int_equal(name_of(world, &four).kind, cases[i].kind);
        assert_int_equal(name_of(world, &with).kind, cases[i].kind);
        assert_int_equal(name_of(world, &six).kind, cases[i].kind);
        /* only the header is in the first piece */
        four.len = L4_AT + 20;
        six.len = L6_AT + 20;
        assert_int_equal(name_of(world, &four).kind, cases[i].kind);
        assert_int_equal(name_of(world, &six).kind, cases[i].kind);
    }
}

static void a_cut_tcp_header_is_not_read(void **state)
{
    struct world *world = *state;
    struct built four = ipv4(6, 0, 20), six = ipv6(6, 20);

    put_tcp(&four, L4_AT, SYN, 20);
    put_tcp(&six, L6_AT, SYN, 20);
    four.len--;
    six.len--;
    assert_int_equal(name_of(world, &four).kind, FLOW_BULK);
    assert_int_equal(name_of(world, &six).kind, FLOW_BULK);
}

/* Changes each octet of @built from @from on; asserts that the key changes for the first @counts of
 * them, and for those only. */
static void assert_key_has(struct world *world, struct built *built, uint32_t from, uint32_t counts)
{
    const uint64_t key = key_of(world, built);

    for (uint32_t at = from; at < sizeof built->bytes; at++) {
        built->bytes[at] ^= 0x80;
        assert_int_equal(key_of(world, built) != key, at < from + counts);
        built->bytes[at] ^= 0x80;
    }
}

static void a_key_has_addresses_and_ports(void **state)
{
    static const uint8_t protocols[] = {6, 17};
    struct world *world = *state;

    for (unsigned i = 0; i < 2; i++) {
        struct built four = ipv4(protocols[i], 0, 20), with = ipv4(protocols[i], 4, 20),
                     six = ipv6(protocols[i], 20);

        assert_key_has(world, &four, IP4_AT + 12, 8 + 4);
        assert_key_has(world, &six, IP4_AT + 8, 32 + 4);
        assert_key_has(world, &with, L4_AT + 4, 4);
        /* ports at the end of the first piece */
        four.len = L4_AT + 4;
        six.len = L6_AT + 4;
        assert_key_has(world, &four, IP4_AT + 12, 8 + 4);
        assert_key_has(world, &six, IP4_AT + 8, 32 + 4);
        four.len--;
        six.len--;
        assert_key_has(world, &four, IP4_AT + 12, 8);
        assert_key_has(world, &six, IP4_AT + 8, 32);
    }
}

static void other_protocols_have_no_ports(void **state)
{
    static const uint8_t protocols[] = {0, 1, 2, 5, 7, 16, 18, 58};
    struct world *world = *state;

    for (unsigned i = 0; i < sizeof protocols; i++) {
        struct built four = ipv4(protocols[i], 0, 20), six = ipv6(protocols[i], 20);

        assert_key_has(world, &four, IP4_AT + 12, 8);
        assert_key_has(world, &six, IP4_AT + 8, 32);
        /* nothing but the IP header in the first piece */
        four.len = L4_AT;
        six.len = L6_AT;
        assert_key_has(world, &four, IP4_AT + 12, 8);
        assert_key_has(world, &six, IP4_AT + 8, 32);
    }
}

static void keys_differ_by_protocol_and_link(void **state)
{
    struct world *world = *state;
    struct built tcp = ipv4(6, 0, 20), udp = ipv4(17, 0, 20), icmp = ipv4(1, 0, 20),
                 igmp = ipv4(2, 0, 20);

    world_attach_second(world);
    assert_int_not_equal(key_of(world, &tcp), key_of(world, &udp));
    assert_int_not_equal(key_of(world, &icmp), key_of(world, &igmp));
    assert_int_not_equal(name_in(world, 0, &tcp).key, name_in(world, 1, &tcp).key);
}

/* All fragments of a datagram have one key, though only the first has ports. */
static void fragments_stay_together(void **state)
{
    static const uint16_t fields[] = {0x2000, 0x2001, 0x0001, 0x1fff, 0x0100};
    struct world *world = *state;
    struct built whole = ipv4(17, 0, 20);
    uint64_t key;

    frame_put16(whole.bytes + IP4_AT + 6, 0x4000); /* DF says nothing */
    assert_key_has(world, &whole, IP4_AT + 12, 8 + 4);
    frame_put16(whole.bytes + IP4_AT + 6, fields[0]);
    key = key_of(world, &whole);
    for (unsigned i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        frame_put16(whole.bytes + IP4_AT + 6, fields[i]);
        assert_int_equal(key_of(world, &whole), key);
        assert_key_has(world, &whole, IP4_AT + 12, 8);
    }
}

/* Without a whole IP header, destination and type are the key. */
static void other_frames_are_known_by_destination_and_type(void **state)
{
    struct world *world = *state;
    struct built four = ipv4(17, 0, 20), six = ipv6(17, 20), arp = {.len = 42}, other = {.len = 60};

    ethernet(&arp, 0x0806);
    ethernet(&other, 0x1234);
    assert_int_equal(name_of(world, &arp).kind, FLOW_CONTROL);
    assert_int_equal(name_of(world, &other).kind, FLOW_BULK);
    assert_int_not_equal(key_of(world, &arp), key_of(world, &other));
    for (uint32_t at = 0; at < other.len; at++) {
        const uint64_t key = key_of(world, &other);

        other.bytes[at] ^= 0x80;
        assert_int_equal(key_of(world, &other) != key, at < 8 || at == 12 || at == 13);
        other.bytes[at] ^= 0x80;
    }
    assert_key_has(world, &arp, 14, 0);
    four.len = L4_AT - 1;
    six.len = L6_AT - 1;
    assert_int_equal(name_of(world, &four).kind, FLOW_BULK);
    assert_key_has(world, &four, 14, 0);
    assert_key_has(world, &six, 14, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(protocols_of_control_are_control),
        world_test(segments_without_payload_are_control_but_for_a_fin),
        world_test(a_cut_tcp_header_is_not_read),
        world_test(a_key_has_addresses_and_ports),
        world_test(other_protocols_have_no_ports),
        world_test(keys_differ_by_protocol_and_link),
        world_test(fragments_stay_together),
        world_test(other_frames_are_known_by_destination_and_type),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
