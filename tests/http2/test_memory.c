/* test_memory.c -- malloc() in a block, beside a model. */
#include "memory.h"

#include "dns_test.h"

enum {
    BLOCK_BYTES = 100000,
    CHUNKS = 200,
    ROUNDS = 200000
};

static _Alignas(16) unsigned char block[BLOCK_BYTES];

/* Each chunk keeps its bytes, none overlaps another, and at the end the block is one chunk again.
 */
static void test_chunks_keep_their_bytes(void **state)
{
    static struct {
        unsigned char *bytes;
        size_t len;
        unsigned char fill;
    } chunks[CHUNKS];
    struct http2_memory memory;
    uint32_t random = 1;
    unsigned refused = 0;

    (void)state;
    http2_memory_init(&memory, block, sizeof block);
    for (unsigned round = 0; round < ROUNDS; round++) {
        const unsigned i = (random = random * 1664525 + 1013904223) >> 8 & 0xffffff;
        const unsigned at = i % CHUNKS;
        const size_t len = (i >> 8) % 16 == 0 ? i % 9000 : i % 300;

        for (size_t k = 0; k < chunks[at].len; k++)
            assert_int_equal(chunks[at].bytes[k], chunks[at].fill);
        if (round % 3 == 0) {
            unsigned char *moved = http2_memory_resize(&memory, chunks[at].bytes, len);

            if (!moved)
                continue;
            for (size_t k = 0; k < len && k < chunks[at].len; k++)
                assert_int_equal(moved[k], chunks[at].fill);
            chunks[at].bytes = moved;
        } else {
            http2_memory_give(&memory, chunks[at].bytes);
            chunks[at].bytes = round % 3 == 1 ? http2_memory_take(&memory, len) : NULL;
            refused += round % 3 == 1 && !chunks[at].bytes;
        }
        chunks[at].len = chunks[at].bytes ? len : 0;
        chunks[at].fill = (unsigned char)round;
        if (chunks[at].bytes) {
            assert_int_equal((uintptr_t)chunks[at].bytes % 16, 0);
            memset(chunks[at].bytes, chunks[at].fill, len);
        }
    }
    assert_true(refused > 0);
    assert_true(memory.failed);
    for (unsigned at = 0; at < CHUNKS; at++)
        http2_memory_give(&memory, chunks[at].bytes);
    assert_int_equal(memory.used, 0);
    assert_non_null(http2_memory_take(&memory, sizeof block - 16));
    assert_null(http2_memory_take(&memory, 1));
}

static void test_sizes_that_no_block_has_are_refused(void **state)
{
    struct http2_memory memory;

    (void)state;
    http2_memory_init(&memory, block, sizeof block);
    assert_null(http2_memory_take(&memory, SIZE_MAX));
    assert_null(http2_memory_take(&memory, SIZE_MAX - 15));
    assert_null(http2_memory_take(&memory, sizeof block));
    assert_int_equal(memory.used, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chunks_keep_their_bytes),
        cmocka_unit_test(test_sizes_that_no_block_has_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
