/* test_ipv6_headers.c -- the chain of extension headers, according to RFC 8200 and 7112. */
#include "unit.h"

#include <string.h>

#include "wire/ipv6.h"
#include "wire/ndp.h"

enum {
    HBH = 0,
    ROUTING = 43,
    FRAGMENT = 44,
    DESTINATION = 60,
    UDP = 17
};

struct chain_case {
    const char *name;
    uint8_t first;
    uint8_t len;
    uint8_t bytes[64];
    enum ipv6_chain verdict;
    uint8_t next_header;  /* if valid */
    uint8_t problem_code; /* if invalid */
    uint32_t at;          /* offset of the upper layer, or of the fault */
};

static enum ipv6_chain walk(const struct chain_case *c, bool to_group,
                            struct wire_ipv6_chain *chain)
{
    /* a separate allocation, so that ASan detects reads past the end */
    uint8_t *packet = calloc(1, (size_t)IPV6_HEADER_BYTES + c->len);
    enum ipv6_chain verdict;

    packet[0] = 0x60;
    packet[IPV6_NEXT_AT] = c->first;
    memcpy(packet + IPV6_HEADER_BYTES, c->bytes, c->len);
    verdict = wire_ipv6_walk(chain, packet, (uint32_t)IPV6_HEADER_BYTES + c->len, to_group);
    free(packet);
    return verdict;
}

static const struct chain_case good[] = {
    {"none", UDP, 0, {0}, IPV6_CHAIN_OK, UDP, 0, 40},
    {"hop by hop, PadN", HBH, 8, {UDP, 0, 1, 4}, IPV6_CHAIN_OK, UDP, 0, 48},
    {"six Pad1", DESTINATION, 8, {UDP}, IPV6_CHAIN_OK, UDP, 0, 48},
    {"router alert", HBH, 8, {58, 0, 5, 2, 0, 0, 1, 0}, IPV6_CHAIN_OK, 58, 0, 48},
    {"option to skip", HBH, 8, {UDP, 0, 0x3e, 4}, IPV6_CHAIN_OK, UDP, 0, 48},
    {"16 bytes of destination options",
     DESTINATION,
     16,
     {UDP, 1, 1, 12},
     IPV6_CHAIN_OK,
     UDP,
     0,
     56},
    {"routing that is over", ROUTING, 8, {UDP, 0, 0, 0}, IPV6_CHAIN_OK, UDP, 0, 48},
    {"routing of any type that is over", ROUTING, 8, {UDP, 0, 99, 0}, IPV6_CHAIN_OK, UDP, 0, 48},
    {"atomic fragment", FRAGMENT, 8, {UDP, 0, 0, 0, 1, 2, 3, 4}, IPV6_CHAIN_OK, UDP, 0, 48},
    {"two headers",
     HBH,
     16,
     {DESTINATION, 0, 1, 4, 0, 0, 0, 0, UDP, 0, 1, 4},
     IPV6_CHAIN_OK,
     UDP,
     0,
     56},
};

static void a_good_chain_leads_to_the_upper_layer(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct wire_ipv6_chain chain;

        if (walk(&good[i], false, &chain) != IPV6_CHAIN_OK || chain.bytes != good[i].at ||
            chain.next_header != good[i].next_header || chain.is_fragment)
            fail_msg("%s", good[i].name);
    }
}

static const struct chain_case bad[] = {
    {"cut short", HBH, 7, {UDP, 0, 1, 3}, IPV6_CHAIN_DROP, 0, 0, 0},
    {"longer than the packet", HBH, 8, {UDP, 1, 1, 4}, IPV6_CHAIN_DROP, 0, 0, 0},
    {"option to drop at", HBH, 8, {UDP, 0, 0x40, 4}, IPV6_CHAIN_DROP, 0, 0, 0},
    {"option to tell of", HBH, 8, {UDP, 0, 1, 0, 0x80, 2}, IPV6_CHAIN_PROBLEM, 0, 2, 44},
    {"option to tell hosts of", HBH, 8, {UDP, 0, 0xc2, 4}, IPV6_CHAIN_PROBLEM, 0, 2, 42},
    {"option that overruns", HBH, 8, {UDP, 0, 1, 5}, IPV6_CHAIN_PROBLEM, 0, 0, 42},
    {"option without a length", HBH, 8, {UDP, 0, 1, 3, 0, 0, 0, 1}, IPV6_CHAIN_PROBLEM, 0, 0, 47},
    {"routing type 0", ROUTING, 8, {UDP, 0, 0, 1}, IPV6_CHAIN_PROBLEM, 0, 0, 42},
    {"hop by hop behind another",
     DESTINATION,
     16,
     {HBH, 0, 1, 4, 0, 0, 0, 0, UDP, 0, 1, 4},
     IPV6_CHAIN_PROBLEM,
     0,
     1,
     40},
};

static void a_bad_chain_is_refused_as_rfc_8200_says(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct wire_ipv6_chain chain;
        const enum ipv6_chain verdict = walk(&bad[i], false, &chain);

        if (verdict != bad[i].verdict)
            fail_msg("%s: %d", bad[i].name, (int)verdict);
        if (verdict == IPV6_CHAIN_PROBLEM &&
            (chain.problem_code != bad[i].problem_code || chain.problem_at != bad[i].at))
            fail_msg("%s: code %u at %u", bad[i].name, chain.problem_code, chain.problem_at);
    }
}

/* RFC 8200 4.2: upper bits 11: an error only if the packet wasn't to a group; 10: always. */
static void options_say_whether_senders_to_groups_are_told(void **state)
{
    struct wire_ipv6_chain chain;

    (void)state;
    assert_int_equal(walk(&bad[4], true, &chain), IPV6_CHAIN_DROP);
    assert_int_equal(walk(&bad[3], true, &chain), IPV6_CHAIN_PROBLEM);
    assert_true(chain.tell_groups);
    assert_int_equal(walk(&bad[4], false, &chain), IPV6_CHAIN_PROBLEM);
    assert_false(chain.tell_groups);
}

static void a_part_of_a_packet_is_known_as_one(void **state)
{
    struct chain_case first = {"", FRAGMENT, 8, {UDP, 0, 0, 1}, IPV6_CHAIN_OK, 0, 0, 0};
    struct chain_case last = {"", FRAGMENT, 8, {UDP, 0, 5, 0}, IPV6_CHAIN_OK, 0, 0, 0};
    struct wire_ipv6_chain chain;

    (void)state;
    assert_int_equal(walk(&first, false, &chain), IPV6_CHAIN_OK);
    assert_true(chain.is_fragment);
    assert_int_equal(walk(&last, false, &chain), IPV6_CHAIN_OK);
    assert_true(chain.is_fragment);
}

/* RFC 8504 5.3; @count headers of 8 bytes each. */
static enum ipv6_chain walk_many(unsigned count)
{
    uint8_t packet[IPV6_HEADER_BYTES + 8 * 20] = {0x60};
    struct wire_ipv6_chain chain;

    packet[IPV6_NEXT_AT] = DESTINATION;
    for (unsigned i = 0; i < count; i++) {
        uint8_t *header = packet + IPV6_HEADER_BYTES + 8 * (size_t)i;

        header[0] = i + 1 < count ? DESTINATION : UDP;
        header[2] = 1;
        header[3] = 4;
    }
    return wire_ipv6_walk(&chain, packet, IPV6_HEADER_BYTES + 8 * count, false);
}

static void headers_and_options_have_limits(void **state)
{
    struct chain_case options = {"", DESTINATION, 24, {UDP, 2}, IPV6_CHAIN_OK, 0, 0, 0};
    struct wire_ipv6_chain chain;

    (void)state;
    assert_int_equal(walk_many(8), IPV6_CHAIN_OK);
    assert_int_equal(walk_many(9), IPV6_CHAIN_DROP);
    /* 22 times Pad1 */
    assert_int_equal(walk(&options, false, &chain), IPV6_CHAIN_DROP);
    /* 16 options: 15 times Pad1, and PadN */
    options.bytes[17] = 1;
    options.bytes[18] = 5;
    assert_int_equal(walk(&options, false, &chain), IPV6_CHAIN_OK);
}

/* With random bytes, the walk stays inside the packet. */
static void any_bytes_are_walked_within_bounds(void **state)
{
    uint64_t seed = 1;

    (void)state;
    for (unsigned i = 0; i < 200000; i++) {
        static const uint8_t kinds[] = {HBH, ROUTING, FRAGMENT, DESTINATION, UDP, 58};
        struct chain_case c = {.first = kinds[unit_below(&seed, 6)],
                               .len = (uint8_t)unit_below(&seed, 65)};
        struct wire_ipv6_chain chain;
        struct wire_ndp ndp;

        for (unsigned k = 0; k < c.len; k++)
            c.bytes[k] = (uint8_t)(unit_random(&seed) >> unit_below(&seed, 8));
        for (unsigned k = 0; k < c.len; k += 8)
            c.bytes[k] = kinds[unit_below(&seed, 6)];
        if (walk(&c, unit_below(&seed, 2), &chain) == IPV6_CHAIN_OK)
            assert_true(chain.bytes <= (uint32_t)IPV6_HEADER_BYTES + c.len);
        c.bytes[1] = 0;
        (void)wire_ndp_parse(&ndp, c.bytes, c.len);
    }
}

static void a_header_is_read_as_it_was_written(void **state)
{
    const struct wire_ipv6 header = {.src = {{1, 2}},
                                     .dst = {{3, 4}},
                                     .flow_label = 0xabcde,
                                     .payload_bytes = 5,
                                     .traffic_class = 0x93,
                                     .next_header = 58,
                                     .hop_limit = 255};
    uint8_t bytes[IPV6_HEADER_BYTES];
    struct wire_ipv6 back;

    (void)state;
    wire_ipv6_emit(&header, bytes);
    assert_true(wire_ipv6_parse(&back, bytes, 40, 45));
    assert_memory_equal(&back.src, &header.src, 16);
    assert_memory_equal(&back.dst, &header.dst, 16);
    assert_int_equal(back.flow_label, 0xabcde);
    assert_int_equal(back.payload_bytes, 5);
    assert_int_equal(back.traffic_class, 0x93);
    assert_int_equal(back.next_header, 58);
    assert_int_equal(back.hop_limit, 255);
    assert_false(wire_ipv6_parse(&back, bytes, 40, 44));
    assert_false(wire_ipv6_parse(&back, bytes, 39, 45));
    bytes[0] = 0x40;
    assert_false(wire_ipv6_parse(&back, bytes, 40, 45));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_chain_leads_to_the_upper_layer),
        cmocka_unit_test(a_bad_chain_is_refused_as_rfc_8200_says),
        cmocka_unit_test(options_say_whether_senders_to_groups_are_told),
        cmocka_unit_test(a_part_of_a_packet_is_known_as_one),
        cmocka_unit_test(headers_and_options_have_limits),
        cmocka_unit_test(any_bytes_are_walked_within_bounds),
        cmocka_unit_test(a_header_is_read_as_it_was_written),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
