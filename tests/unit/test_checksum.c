/* test_checksum.c -- the Internet checksum against the definition, read word by word. */
#include "unit.h"

#include "core/checksum.h"

/* RFC 1071 1: the one's complement of the one's complement sum of the big-endian words. */
static uint16_t naive(const uint8_t *bytes, size_t len, uint32_t sum)
{
    for (size_t i = 0; i < len; i++) {
        sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return (uint16_t)~sum;
}

static void fill(uint8_t *bytes, size_t len, uint64_t *seed)
{
    /* every fourth buffer is all ones, because carries are the likely faults */
    const bool ones = unit_below(seed, 4) == 0;

    for (size_t i = 0; i < len; i++)
        bytes[i] = ones ? 0xff : (uint8_t)unit_random(seed);
}

static void the_example_of_rfc1071(void **state)
{
    /* RFC 1071 3: the sum is ddf2 */
    static const uint8_t bytes[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};

    (void)state;
    assert_int_equal(checksum_finish(checksum_bytes(bytes, sizeof bytes)), (uint16_t)~0xddf2);
}

static void nothing_sums_to_nothing(void **state)
{
    (void)state;
    assert_int_equal(checksum_finish(checksum_bytes("", 0)), 0xffff);
}

static void every_length_at_every_offset(void **state)
{
    static uint8_t bytes[16 + 300];
    uint64_t seed = 1;

    (void)state;
    for (size_t offset = 0; offset < 16; offset++) {
        for (size_t len = 0; len <= 300; len++) {
            fill(bytes, sizeof bytes, &seed);
            assert_int_equal(checksum_finish(checksum_bytes(bytes + offset, len)),
                             naive(bytes + offset, len, 0));
        }
    }
}

static void all_ones_of_64_kib(void **state)
{
    static uint8_t bytes[65535];

    (void)state;
    memset(bytes, 0xff, sizeof bytes);
    assert_int_equal(checksum_finish(checksum_bytes(bytes, sizeof bytes)),
                     naive(bytes, sizeof bytes, 0));
}

static void sums_add(void **state)
{
    static uint8_t bytes[512];
    uint64_t seed = 2;

    (void)state;
    for (unsigned i = 0; i < 10000; i++) {
        const size_t even = 2 * unit_below(&seed, sizeof bytes / 2);

        fill(bytes, sizeof bytes, &seed);
        assert_int_equal(checksum_finish(checksum_bytes(bytes, even) +
                                         checksum_bytes(bytes + even, sizeof bytes - even)),
                         naive(bytes, sizeof bytes, 0));
    }
}

/* A list of views of @bytes, split at random: pieces of any length, also 0 and odd. */
static struct leat_buf *cut(struct leat_buf *pieces, unsigned count, uint8_t *bytes, uint32_t len,
                            uint64_t *seed)
{
    memset(pieces, 0, count * sizeof *pieces);
    for (unsigned i = 0; i < count; i++) {
        const uint32_t here = i + 1 < count ? unit_below(seed, len + 1) : len;

        pieces[i].data = bytes;
        pieces[i].len = here;
        pieces[i].next = i + 1 < count ? &pieces[i + 1] : NULL;
        bytes += here;
        len -= here;
    }
    return pieces;
}

static void lists_sum_like_their_bytes(void **state)
{
    static uint8_t bytes[700];
    struct leat_buf pieces[7];
    uint64_t seed = 3;

    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        const uint32_t len = i % 16 == 0 ? 32 : unit_below(&seed, sizeof bytes + 1);
        const uint32_t offset = unit_below(&seed, len + 1);
        struct leat_buf *list = cut(pieces, 1 + unit_below(&seed, 7), bytes, len, &seed);

        fill(bytes, sizeof bytes, &seed);
        assert_int_equal(checksum_finish(checksum_list(list)), naive(bytes, len, 0));
        assert_int_equal(checksum_finish(checksum_segment(list)), naive(bytes, len, 0));
        assert_int_equal(checksum_finish(checksum_list_from(list, offset)),
                         naive(bytes + offset, len - offset, 0));
    }
}

static void pseudo_header(void **state)
{
    uint64_t seed = 4;

    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        const leat_ip4 src = i ? (leat_ip4)unit_random(&seed) : 0xffffffffu;
        const leat_ip4 dst = i ? (leat_ip4)unit_random(&seed) : 0xffffffffu;
        const uint8_t protocol = (uint8_t)unit_random(&seed);
        const uint16_t length = (uint16_t)unit_random(&seed);
        const uint8_t header[12] = {
            (uint8_t)(src >> 24),
            (uint8_t)(src >> 16),
            (uint8_t)(src >> 8),
            (uint8_t)src,
            (uint8_t)(dst >> 24),
            (uint8_t)(dst >> 16),
            (uint8_t)(dst >> 8),
            (uint8_t)dst,
            0,
            protocol,
            (uint8_t)(length >> 8),
            (uint8_t)length,
        };

        assert_int_equal(checksum_finish(checksum_pseudo(src, dst, protocol, length)),
                         naive(header, sizeof header, 0));
    }
}

static void a_packet_that_is_right_gives_0(void **state)
{
    static uint8_t packet[100];
    uint64_t seed = 5;

    (void)state;
    for (unsigned i = 0; i < 10000; i++) {
        uint16_t checksum;

        fill(packet, sizeof packet, &seed);
        packet[6] = packet[7] = 0;
        checksum = checksum_finish(checksum_bytes(packet, sizeof packet));
        packet[6] = (uint8_t)(checksum >> 8);
        packet[7] = (uint8_t)checksum;
        assert_int_equal(checksum_finish(checksum_bytes(packet, sizeof packet)), 0);
    }
}

/* Sums of all sizes, near multiples of 65,535, which fold to 0xffff, unless they are 0. */
static void a_sum_agrees_if_it_folds_to_all_ones(void **state)
{
    uint64_t seed = 7;

    (void)state;
    for (unsigned i = 0; i < 1000000; i++) {
        const uint64_t random = unit_random(&seed) >> unit_below(&seed, 64);
        const uint64_t sum =
            i < 10 ? UINT64_MAX + i - 5 : random / 65535 * 65535 + unit_below(&seed, 3) - 1;

        assert_int_equal(checksum_agrees(sum), checksum_fold16(sum) == 0xffff);
        assert_int_equal(checksum_agrees(random), checksum_fold16(random) == 0xffff);
    }
}

static void update_is_the_checksum_of_the_changed_packet(void **state)
{
    static uint8_t packet[20];
    uint64_t seed = 6;

    (void)state;
    for (unsigned i = 0; i < 100000; i++) {
        const size_t at = 2 * unit_below(&seed, sizeof packet / 2);
        uint16_t before, old_word, new_word;

        fill(packet, sizeof packet, &seed);
        packet[0] = 0x45; /* a real header is never all zero, so the sum has only one form */
        packet[1] = 1;
        before = naive(packet, sizeof packet, 0);
        old_word = (uint16_t)(packet[at] << 8 | packet[at + 1]);
        new_word = at == 0 ? 0x4502 : (uint16_t)unit_random(&seed);
        packet[at] = (uint8_t)(new_word >> 8);
        packet[at + 1] = (uint8_t)new_word;
        assert_int_equal(checksum_update(before, old_word, new_word),
                         naive(packet, sizeof packet, 0));
    }
}

/* RFC 1624 4: the method of RFC 1141 gives ffff here, which is wrong. */
static void update_of_rfc1624_4(void **state)
{
    (void)state;
    assert_int_equal(checksum_update(0xdd2f, 0x5555, 0x3285), 0x0000);
}

static void update_by_nothing_changes_nothing(void **state)
{
    (void)state;
    for (uint32_t word = 0; word <= 0xffff; word++) {
        assert_int_equal(checksum_update(0x1234, (uint16_t)word, (uint16_t)word), 0x1234);
        assert_int_equal(checksum_update(0, (uint16_t)word, (uint16_t)word), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_rfc1071),
        cmocka_unit_test(nothing_sums_to_nothing),
        cmocka_unit_test(every_length_at_every_offset),
        cmocka_unit_test(all_ones_of_64_kib),
        cmocka_unit_test(sums_add),
        cmocka_unit_test(lists_sum_like_their_bytes),
        cmocka_unit_test(pseudo_header),
        cmocka_unit_test(a_packet_that_is_right_gives_0),
        cmocka_unit_test(a_sum_agrees_if_it_folds_to_all_ones),
        cmocka_unit_test(update_is_the_checksum_of_the_changed_packet),
        cmocka_unit_test(update_of_rfc1624_4),
        cmocka_unit_test(update_by_nothing_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
