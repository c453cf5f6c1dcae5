/* test_siphash.c -- the published vectors of SipHash-2-4, and SipHash-1-3 of two words. */
#include "unit.h"

#include "core/siphash.h"

/* Appendix A of the paper, and the vectors of the authors' code: the key is 00 to 0f, the input 00,
 * 01, 02, ... */
static const struct {
    size_t len;
    uint64_t hash;
} vectors[] = {
    {0, 0x726fdb47dd0e0e31u},  {1, 0x74f839c593dc67fdu},  {2, 0x0d6c8009d9a94f5au},
    {3, 0x85676696d7fb7e2du},  {7, 0xab0200f58b01d137u},  {8, 0x93f5f5799a932462u},
    {9, 0x9e0082df0ba9e4b0u},  {15, 0xa129ca6149be45e5u}, {16, 0x3f2acc7f57c29bdbu},
    {17, 0x699ae9f52cbe4794u}, {31, 0x32d892fad841c342u}, {32, 0x7127512f72f27cceu},
    {62, 0xe51b38608ef25f57u}, {63, 0x958a324ceb064572u},
};

static struct siphash_key counting_key(void)
{
    uint8_t bytes[16];

    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    return siphash_key_from(bytes);
}

static void key_is_little_endian(void **state)
{
    const struct siphash_key key = counting_key();

    (void)state;
    assert_true(key.k0 == 0x0706050403020100u);
    assert_true(key.k1 == 0x0f0e0d0c0b0a0908u);
}

static void siphash24_gives_the_published_values(void **state)
{
    const struct siphash_key key = counting_key();
    uint8_t input[64];

    (void)state;
    for (unsigned i = 0; i < sizeof input; i++)
        input[i] = (uint8_t)i;
    for (unsigned i = 0; i < sizeof vectors / sizeof vectors[0]; i++)
        assert_true(siphash24(&key, input, vectors[i].len) == vectors[i].hash);
}

static void siphash24_takes_any_alignment(void **state)
{
    const struct siphash_key key = counting_key();
    uint8_t input[8 + 15];

    (void)state;
    for (unsigned shift = 0; shift < 8; shift++) {
        for (unsigned i = 0; i < 15; i++)
            input[shift + i] = (uint8_t)i;
        assert_true(siphash24(&key, input + shift, 15) == 0xa129ca6149be45e5u);
    }
}

static void siphash24_of_two_words_is_that_of_their_bytes(void **state)
{
    const struct siphash_key key = counting_key();
    uint8_t input[15];

    (void)state;
    for (unsigned i = 0; i < sizeof input; i++)
        input[i] = (uint8_t)i;
    assert_true(siphash24_15(&key, 0x0706050403020100u, 0x000e0d0c0b0a0908u) ==
                siphash24(&key, input, sizeof input));
}

static void siphash13_of_two_words(void **state)
{
    const struct siphash_key key = counting_key();

    (void)state;
    assert_true(siphash13(&key, 0x0706050403020100u, 0x0f0e0d0c0b0a0908u) == 0xcc4fdd1a7d908b66u);
    assert_true(siphash13(&key, 0, 0) == 0x403e4b0d4f19f787u);
    assert_true(siphash13(&key, UINT64_MAX, UINT64_MAX) == 0x04c3a2db341281ecu);
}

static void siphash13_of_15_bytes(void **state)
{
    const struct siphash_key key = counting_key();

    (void)state;
    assert_true(siphash13_15(&key, 0x0706050403020100u, 0x000e0d0c0b0a0908u) ==
                0xd320d86d2a519956u);
    assert_true(siphash13_15(&key, 0, 0) == 0x0fa1f2de7e8e68f0u);
    assert_true(siphash13_15(&key, UINT64_MAX, UINT64_MAX >> 8) == 0xb7080372366ed745u);
}

static void another_key_gives_another_hash(void **state)
{
    struct siphash_key key = counting_key();
    const uint64_t before = siphash13_15(&key, 1, 2);

    (void)state;
    key.k1 ^= 1;
    assert_true(siphash13_15(&key, 1, 2) != before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_is_little_endian),
        cmocka_unit_test(siphash24_gives_the_published_values),
        cmocka_unit_test(siphash24_takes_any_alignment),
        cmocka_unit_test(siphash24_of_two_words_is_that_of_their_bytes),
        cmocka_unit_test(siphash13_of_two_words),
        cmocka_unit_test(siphash13_of_15_bytes),
        cmocka_unit_test(another_key_gives_another_hash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
