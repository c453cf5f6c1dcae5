/* test_bits6.c -- prefixes, common bits, groups and scopes of IPv6 addresses. */
#include "world.h"

#include "ip/v6/ipv6.h"

static struct leat_ip flipped(struct leat_ip ip, uint32_t bit)
{
    ip.bytes[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
    return ip;
}

static const struct leat_ip samples[] = {
    {{0}},
    {{0x20, 1, 0xd, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}},
    {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
      0xff}},
};

/* Two addresses that differ in one bit share each prefix that ends before it. */
static void a_prefix_has_exactly_its_bits(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        for (uint32_t bit = 0; bit < 128; bit++) {
            const struct leat_ip other = flipped(samples[i], bit);

            for (uint32_t bits = 0; bits <= 128; bits++) {
                assert_int_equal(ip6_in_prefix(samples[i], other, bits), bits <= bit);
                assert_int_equal(ip6_in_prefix(other, samples[i], bits), bits <= bit);
            }
        }
        assert_true(ip6_in_prefix(samples[i], samples[i], 128));
    }
}

static void common_bits_end_before_the_first_that_differs(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        assert_int_equal(ip6_common_bits(samples[i], samples[i]), 128);
        for (uint32_t bit = 0; bit < 128; bit++) {
            const struct leat_ip other = flipped(samples[i], bit);

            assert_int_equal(ip6_common_bits(samples[i], other), bit);
            if (bit < 127) /* a later difference changes nothing */
                assert_int_equal(ip6_common_bits(samples[i], flipped(other, 127)), bit);
            if (bit > 0)
                assert_int_equal(ip6_common_bits(samples[i], flipped(other, 0)), 0);
        }
    }
}

static void a_solicited_node_group_has_the_last_24_bits(void **state)
{
    static const struct leat_ip all_ones_group = {{0xff, 2, [11] = 1, 0xff, 0xff, 0xff, 0xff}};
    static const struct leat_ip group = {{0xff, 2, [11] = 1, 0xff, 10, 11, 12}};
    const struct leat_ip of_one = ip6_solicited_node(samples[1]),
                         of_ones = ip6_solicited_node(samples[2]);

    (void)state;
    assert_memory_equal(&of_one, &group, sizeof group);
    assert_memory_equal(&of_ones, &all_ones_group, sizeof group);
    for (uint32_t bit = 0; bit < 128; bit++) {
        const struct leat_ip other = ip6_solicited_node(flipped(samples[1], bit));

        assert_int_equal(memcmp(&other, &group, sizeof group) != 0, bit >= 104);
    }
}

/* fe80::/10, and groups of a scope up to the link's (RFC 4291 2.7). */
static void link_local_addresses_and_groups_of_small_scopes_stay_on_their_link(void **state)
{
    (void)state;
    for (unsigned first = 0; first < 256; first++) {
        for (unsigned second_octet = 0; second_octet < 256; second_octet++) {
            const struct leat_ip ip = {{(uint8_t)first, (uint8_t)second_octet, [15] = 1}};
            const bool is_link_local = first == 0xfe && second_octet >> 6 == 2;
            const bool is_small_group = first == 0xff && second_octet % 16 <= 2;

            assert_int_equal(ip6_stays_on_link(ip), is_link_local || is_small_group);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_prefix_has_exactly_its_bits),
        cmocka_unit_test(common_bits_end_before_the_first_that_differs),
        cmocka_unit_test(a_solicited_node_group_has_the_last_24_bits),
        cmocka_unit_test(link_local_addresses_and_groups_of_small_scopes_stay_on_their_link),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
