/* test_virtio_flows.c -- the pair of queues that owns a frame: the hash, and every kind of frame.
 */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "flows.h"

enum {
    PAIRS = 7,
    FRAME_BYTES = 256,
    ETHERNET = 14,
    TCP = 6,
    UDP = 17
};

/* Microsoft's key, and its examples ("Verifying the RSS Hash Calculation"). */
static const uint8_t key[FLOWS_KEY_BYTES] = {
    0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
    0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
    0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa};
static const uint8_t tuple4[] = {66,  9,  149,       187,        161,       142,
                                 100, 80, 2794 >> 8, 2794 & 255, 1766 >> 8, 1766 & 255};
static const uint8_t tuple6[] = {
    0x3f, 0xfe, 0x25, 1, 2,    0,    0x1f, 0xff, 0,         0,          0,         0,
    0,    0,    0,    7, 0x3f, 0xfe, 0x25, 1,    2,         0,          0,         3,
    0,    0,    0,    0, 0,    0,    0,    1,    2794 >> 8, 2794 & 255, 1766 >> 8, 1766 & 255};

static struct virtio_flows flows;
static uint8_t frame[FRAME_BYTES];
static uint32_t frame_len;

static int set_up(void **state)
{
    (void)state;
    memset(frame, 0, sizeof frame);
    virtio_flows_init(&flows, key, PAIRS);
    return 0;
}

/* A frame of IPv4 with the addresses of tuple4, and its ports behind @options bytes of options. */
static void put4(uint8_t protocol, uint32_t options)
{
    uint8_t *ip = frame + ETHERNET;

    memset(frame, 0, sizeof frame);
    frame[12] = 8;
    ip[0] = (uint8_t)(0x45 + options / 4);
    ip[9] = protocol;
    memcpy(ip + 12, tuple4, 8);
    memcpy(ip + 20 + options, tuple4 + 8, 4);
    frame_len = ETHERNET + 20 + options + 20;
}

static void put6(uint8_t next)
{
    uint8_t *ip = frame + ETHERNET;

    memset(frame, 0, sizeof frame);
    frame[12] = 0x86;
    frame[13] = 0xdd;
    ip[0] = 0x60;
    ip[6] = next;
    memcpy(ip + 8, tuple6, 32);
    memcpy(ip + 40, tuple6 + 32, 4);
    frame_len = ETHERNET + 40 + 20;
}

/* Puts a header of @bytes, of this kind, between those of IPv6 and the rest. */
static uint8_t *extend(uint8_t kind, uint32_t bytes)
{
    uint8_t *ip = frame + ETHERNET, *at = ip + 40;

    memmove(at + bytes, at, frame_len - ETHERNET - 40);
    memset(at, 0, bytes);
    at[0] = ip[6];
    at[1] = kind == 51 ? (uint8_t)(bytes / 4 - 2) : kind == 44 ? 0 : (uint8_t)(bytes / 8 - 1);
    ip[6] = kind;
    frame_len += bytes;
    return at;
}

static unsigned owner(void)
{
    return virtio_flows_owner(&flows, frame, frame_len);
}

static unsigned pair_of(uint32_t hash)
{
    return flows.table[hash & (FLOWS_TABLE_ENTRIES - 1)];
}

static void the_hash_is_that_of_the_standard(void **state)
{
    (void)state;
    assert_int_equal(virtio_flows_hash(&flows, tuple4, 8), 0x323e8fc2);
    assert_int_equal(virtio_flows_hash(&flows, tuple4, 12), 0x51ccc178);
    assert_int_equal(virtio_flows_hash(&flows, tuple6, 32), 0x2cc18cd5);
    assert_int_equal(virtio_flows_hash(&flows, tuple6, 36), 0x40207d3d);
}

static void the_table_gives_equal_shares(void **state)
{
    (void)state;
    for (unsigned pairs = 1; pairs <= 16; pairs++) {
        unsigned counts[16] = {0};

        virtio_flows_init(&flows, key, pairs);
        for (unsigned i = 0; i < FLOWS_TABLE_ENTRIES; i++)
            counts[flows.table[i]]++;
        for (unsigned i = 0; i < pairs; i++)
            assert_in_range(counts[i], FLOWS_TABLE_ENTRIES / pairs,
                            FLOWS_TABLE_ENTRIES / pairs + 1);
    }
}

static void a_flow_belongs_to_the_pair_of_its_hash(void **state)
{
    (void)state;
    /* the pair must not be that of the rest, or this would show nothing */
    assert_int_not_equal(pair_of(0x51ccc178), 0);
    assert_int_not_equal(pair_of(0x40207d3d), 0);
    for (unsigned i = 0; i < 2; i++) {
        put4(i ? UDP : TCP, 0);
        assert_int_equal(owner(), pair_of(0x51ccc178));
        put4(i ? UDP : TCP, 40);
        assert_int_equal(owner(), pair_of(0x51ccc178));
        put6(i ? UDP : TCP);
        assert_int_equal(owner(), pair_of(0x40207d3d));
    }
    /* with a tag of IEEE 802.1Q */
    put4(TCP, 0);
    memmove(frame + 16, frame + 12, frame_len - 12);
    frame[12] = 0x81;
    frame[13] = 0;
    frame_len += 4;
    assert_int_equal(owner(), pair_of(0x51ccc178));
}

static void headers_of_ipv6_are_skipped(void **state)
{
    static const struct {
        uint8_t kind;
        uint8_t bytes;
    } headers[] = {{0, 8}, {60, 24}, {43, 24}, {44, 8}, {51, 24}};

    (void)state;
    put6(TCP);
    for (unsigned i = 0; i < sizeof headers / sizeof *headers; i++) {
        extend(headers[i].kind, headers[i].bytes);
        assert_int_equal(owner(), pair_of(0x40207d3d));
    }
    for (uint32_t len = ETHERNET; len < ETHERNET + 40 + 88 + 4; len++) { /* cut anywhere */
        assert_int_equal(virtio_flows_owner(&flows, frame, len), FLOWS_NOBODY);
    }
    put6(TCP);
    for (unsigned i = 0; i < 9; i++)
        extend(60, 8);
    assert_int_equal(owner(), FLOWS_NOBODY); /* more than are read */
}

static void a_fragment_of_tcp_belongs_to_nobody(void **state)
{
    uint8_t *fragment;

    (void)state;
    put4(TCP, 0);
    frame[ETHERNET + 6] = 0x40; /* don't fragment: it is whole */
    assert_int_equal(owner(), pair_of(0x51ccc178));
    frame[ETHERNET + 6] = 0x20; /* the first one */
    assert_int_equal(owner(), FLOWS_NOBODY);
    frame[ETHERNET + 6] = 0;
    frame[ETHERNET + 7] = 1; /* the last one */
    assert_int_equal(owner(), FLOWS_NOBODY);
    put4(UDP, 0);
    frame[ETHERNET + 6] = 0x20;
    assert_int_equal(owner(), 0);
    put6(TCP);
    fragment = extend(44, 8);
    assert_int_equal(owner(), pair_of(0x40207d3d)); /* an atomic one (RFC 6946) */
    fragment[3] = 1;
    assert_int_equal(owner(), FLOWS_NOBODY);
    fragment[3] = 8;
    assert_int_equal(owner(), FLOWS_NOBODY);
    put6(TCP);
    extend(60, 8);
    extend(44, 8)[3] = 1; /* options, behind which TCP may be */
    assert_int_equal(owner(), FLOWS_NOBODY);
    put6(UDP);
    extend(44, 8)[3] = 1;
    assert_int_equal(owner(), 0);
    put6(58);
    extend(44, 8)[3] = 1;
    assert_int_equal(owner(), 0);
}

static void errors_of_icmp_are_for_everyone(void **state)
{
    (void)state;
    for (unsigned type = 0; type < 256; type++) {
        put4(1, 0);
        frame[ETHERNET + 20] = (uint8_t)type;
        assert_int_equal(owner(), type == 3 || type == 11 || type == 12 ? FLOWS_EVERYONE : 0);
        put6(58);
        frame[ETHERNET + 40] = (uint8_t)type;
        assert_int_equal(owner(),
                         (type >= 1 && type <= 4) || type == 134 || type == 136 || type == 137
                             ? FLOWS_EVERYONE
                             : 0);
    }
}

static void replies_and_announcements_of_arp_are_for_everyone(void **state)
{
    uint8_t *arp = frame + ETHERNET;

    (void)state;
    frame[12] = 8;
    frame[13] = 6;
    frame_len = ETHERNET + 28;
    arp[7] = 1;
    arp[17] = 1; /* the sender */
    arp[27] = 2; /* the target */
    assert_int_equal(owner(), 0);
    arp[27] = 1;
    assert_int_equal(owner(), FLOWS_EVERYONE);
    arp[27] = 2;
    arp[7] = 2;
    assert_int_equal(owner(), FLOWS_EVERYONE);
    frame_len--;
    assert_int_equal(owner(), 0);
}

static void all_other_frames_belong_to_the_first_pair(void **state)
{
    (void)state;
    put4(2, 0); /* IGMP */
    assert_int_equal(owner(), 0);
    put4(TCP, 0);
    frame[ETHERNET] = 0x55; /* not IPv4: no stack takes it */
    assert_int_equal(owner(), 0);
    frame[ETHERNET] = 0x44;
    assert_int_equal(owner(), 0);
    put6(59);
    assert_int_equal(owner(), 0);
    put6(TCP);
    frame[ETHERNET] = 0x50;
    assert_int_equal(owner(), 0);
    put4(TCP, 0);
    frame[12] = 0x88;
    assert_int_equal(owner(), 0);
    assert_int_equal(virtio_flows_owner(&flows, frame, 13), 0);
    put4(TCP, 0);
    for (uint32_t len = ETHERNET; len < ETHERNET + 24; len++) /* cut before the ports */
        assert_int_equal(virtio_flows_owner(&flows, frame, len), FLOWS_NOBODY);
    put4(TCP, 40);
    assert_int_equal(virtio_flows_owner(&flows, frame, ETHERNET + 60), FLOWS_NOBODY);
}

/* The SYN-ACK comes from the other end: its source is our destination. */
static void a_syn_is_answered_at_the_pair_of_the_reverse_flow(void **state)
{
    const struct leat_endpoint local = leat_endpoint_of(leat_ip_v4(0xa18e6450), 1766),
                               remote = leat_endpoint_of(leat_ip_v4(0x420995bb), 2794);
    struct leat_endpoint local6 = {.port = 1766}, remote6 = {.port = 2794};

    (void)state;
    memcpy(remote6.ip.bytes, tuple6, 16);
    memcpy(local6.ip.bytes, tuple6 + 16, 16);
    assert_int_equal(virtio_flows_pair(&flows, &local, &remote), pair_of(0x51ccc178));
    assert_int_equal(virtio_flows_pair(&flows, &local6, &remote6), pair_of(0x40207d3d));
    for (unsigned v6 = 0; v6 < 2; v6++) {
        const uint32_t at = ETHERNET + (v6 ? 40 : 20), addresses = v6 ? 22 : 26, half = v6 ? 16 : 4;
        const uint8_t *tuple = v6 ? tuple6 : tuple4;

        if (v6)
            put6(TCP);
        else
            put4(TCP, 0);
        memcpy(frame + addresses, tuple + half, half);
        memcpy(frame + addresses + half, tuple, half);
        memcpy(frame + at, tuple + 2 * half + 2, 2);
        memcpy(frame + at + 2, tuple + 2 * half, 2);
        frame[at + 13] = 0x02;
        assert_int_equal(virtio_flows_answered(&flows, frame, frame_len),
                         pair_of(v6 ? 0x40207d3d : 0x51ccc178));
        for (uint32_t len = 0; len <= at + 13; len++)
            assert_int_equal(virtio_flows_answered(&flows, frame, len), FLOWS_EVERYONE);
        frame[at + 13] = 0x12; /* an answer, which belongs to this pair */
        assert_int_equal(virtio_flows_answered(&flows, frame, frame_len), FLOWS_EVERYONE);
        frame[at + 13] = 0x02;
        frame[ETHERNET + (v6 ? 6 : 9)] = UDP;
        assert_int_equal(virtio_flows_answered(&flows, frame, frame_len), FLOWS_EVERYONE);
    }
}

/* In blocks of exactly their size, so that a sanitizer sees a byte that is read behind one. */
static void any_bytes_of_any_length(void **state)
{
    uint32_t random = 1;

    (void)state;
    for (unsigned i = 0; i < 200000; i++) {
        uint32_t len;
        uint8_t *exact;
        unsigned found;

        if (i & 1)
            put4(i & 2 ? TCP : 1, i & 4 ? 8 : 0);
        else
            put6(i & 2 ? TCP : 58);
        for (unsigned k = 0; !(i & 1) && k < (i >> 3 & 3); k++)
            extend(k & 1 ? 60 : 44, 8);
        for (unsigned k = 0; k < 3; k++) {
            random = random * 1664525 + 1013904223;
            frame[12 + (random >> 8) % 80] = (uint8_t)(random >> 24);
        }
        len = (random >> 4) % (frame_len + 1);
        exact = malloc(len > 0 ? len : 1);
        assert_non_null(exact);
        memcpy(exact, frame, len);
        found = virtio_flows_owner(&flows, exact, len);
        assert_true(found < PAIRS || found == FLOWS_EVERYONE || found == FLOWS_NOBODY);
        found = virtio_flows_answered(&flows, exact, len);
        assert_true(found < PAIRS || found == FLOWS_EVERYONE);
        free(exact);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_hash_is_that_of_the_standard, set_up),
        cmocka_unit_test_setup(the_table_gives_equal_shares, set_up),
        cmocka_unit_test_setup(a_flow_belongs_to_the_pair_of_its_hash, set_up),
        cmocka_unit_test_setup(headers_of_ipv6_are_skipped, set_up),
        cmocka_unit_test_setup(a_fragment_of_tcp_belongs_to_nobody, set_up),
        cmocka_unit_test_setup(errors_of_icmp_are_for_everyone, set_up),
        cmocka_unit_test_setup(replies_and_announcements_of_arp_are_for_everyone, set_up),
        cmocka_unit_test_setup(all_other_frames_belong_to_the_first_pair, set_up),
        cmocka_unit_test_setup(a_syn_is_answered_at_the_pair_of_the_reverse_flow, set_up),
        cmocka_unit_test_setup(any_bytes_of_any_length, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
