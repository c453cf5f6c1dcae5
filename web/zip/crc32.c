/*
 * crc32.c -- CRC-32 (ISO 3309: the polynomial 0x04c11db7 with its bits reversed).
 *
 * A word of eight octets is one step: each octet has its own table, so that the lookups don't
 * depend on each other. Long data is processed as several words side by side ("braids"), each with
 * a sum of its own, so that those don't depend on each other, either.
 *
 * CRCs are linear: the result of an octet is the sum of the results of its bits. So each table is
 * made of eight numbers by the compiler.
 */
#include <leat/zip.h>

enum {
    COLUMNS = 8, /* octets in a word */
    BRAIDS = 5,  /* words side by side */
    ROUND = BRAIDS * COLUMNS
};

#define ENTRY(n, b0, b1, b2, b3, b4, b5, b6, b7)                                                   \
    (((n)&1 ? (b0) : 0u) ^ ((n)&2 ? (b1) : 0u) ^ ((n)&4 ? (b2) : 0u) ^ ((n)&8 ? (b3) : 0u) ^       \
     ((n)&16 ? (b4) : 0u) ^ ((n)&32 ? (b5) : 0u) ^ ((n)&64 ? (b6) : 0u) ^ ((n)&128 ? (b7) : 0u))
#define FOUR(n, ...)                                                                               \
    ENTRY(n, __VA_ARGS__), ENTRY(n + 1, __VA_ARGS__), ENTRY(n + 2, __VA_ARGS__),                   \
        ENTRY(n + 3, __VA_ARGS__)
#define SIXTEEN(n, ...)                                                                            \
    FOUR(n, __VA_ARGS__), FOUR(n + 4, __VA_ARGS__), FOUR(n + 8, __VA_ARGS__),                      \
        FOUR(n + 12, __VA_ARGS__)
#define SIXTY_FOUR(n, ...)                                                                         \
    SIXTEEN(n, __VA_ARGS__), SIXTEEN(n + 16, __VA_ARGS__), SIXTEEN(n + 32, __VA_ARGS__),           \
        SIXTEEN(n + 48, __VA_ARGS__)
#define COLUMN(...)                                                                                \
    {                                                                                              \
        SIXTY_FOUR(0, __VA_ARGS__), SIXTY_FOUR(64, __VA_ARGS__), SIXTY_FOUR(128, __VA_ARGS__),     \
            SIXTY_FOUR(192, __VA_ARGS__)                                                           \
    }

/* [i][n]: the CRC of the octet n followed by i zero octets. */
static const uint32_t table[COLUMNS][256] = {
    COLUMN(0x77073096, 0xee0e612c, 0x076dc419, 0x0edb8832, 0x1db71064, 0x3b6e20c8, 0x76dc4190,
           0xedb88320),
    COLUMN(0x191b3141, 0x32366282, 0x646cc504, 0xc8d98a08, 0x4ac21251, 0x958424a2, 0xf0794f05,
           0x3b83984b),
    COLUMN(0x01c26a37, 0x0384d46e, 0x0709a8dc, 0x0e1351b8, 0x1c26a370, 0x384d46e0, 0x709a8dc0,
           0xe1351b80),
    COLUMN(0xb8bc6765, 0xaa09c88b, 0x8f629757, 0xc5b428ef, 0x5019579f, 0xa032af3e, 0x9b14583d,
           0xed59b63b),
    COLUMN(0x3d6029b0, 0x7ac05360, 0xf580a6c0, 0x30704bc1, 0x60e09782, 0xc1c12f04, 0x58f35849,
           0xb1e6b092),
    COLUMN(0xcb5cd3a5, 0x4dc8a10b, 0x9b914216, 0xec53826d, 0x03d6029b, 0x07ac0536, 0x0f580a6c,
           0x1eb014d8),
    COLUMN(0xa6770bb4, 0x979f1129, 0xf44f2413, 0x33ef4e67, 0x67de9cce, 0xcfbd399c, 0x440b7579,
           0x8816eaf2),
    COLUMN(0xccaa009e, 0x4225077d, 0x844a0efa, 0xd3e51bb5, 0x7cbb312b, 0xf9766256, 0x299dc2ed,
           0x533b85da),
};

/* [i][n]: the CRC of the octet n followed by i zero octets and the words of all other braids. */
static const uint32_t braided[COLUMNS][256] = {
    COLUMN(0x36f290f3, 0x6de521e6, 0xdbca43cc, 0x6ce581d9, 0xd9cb03b2, 0x68e70125, 0xd1ce024a,
           0x78ed02d5),
    COLUMN(0x24825136, 0x4904a26c, 0x920944d8, 0xff638ff1, 0x25b619a3, 0x4b6c3346, 0x96d8668c,
           0xf6c1cb59),
    COLUMN(0xcf9e17c8, 0x444d29d1, 0x889a53a2, 0xca45a105, 0x4ffa444b, 0x9ff48896, 0xe498176d,
           0x1241289b),
    COLUMN(0x9570d495, 0xf190af6b, 0x38505897, 0x70a0b12e, 0xe141625c, 0x19f3c2f9, 0x33e785f2,
           0x67cf0be4),
    COLUMN(0x80f0171f, 0xda91287f, 0x6e5356bf, 0xdca6ad7e, 0x623c5cbd, 0xc478b97a, 0x538074b5,
           0xa700e96a),
    COLUMN(0x8d88fde2, 0xc060fd85, 0x5bb0fd4b, 0xb761fa96, 0xb5b2f36d, 0xb014e09b, 0xbb58c777,
           0xadc088af),
    COLUMN(0x4e890ba9, 0x9d121752, 0xe15528e5, 0x19db578b, 0x33b6af16, 0x676d5e2c, 0xcedabc58,
           0x46c47ef1),
    COLUMN(0xaf449247, 0x85f822cf, 0xd08143df, 0x7a7381ff, 0xf4e703fe, 0x32bf01bd, 0x657e037a,
           0xcafc06f4),
};

/* Little-endian. Compilers make it one load on little-endian machines. */
static uint64_t word_at(const uint8_t *at)
{
    return (uint64_t)at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 | (uint64_t)at[3] << 24 |
           (uint64_t)at[4] << 32 | (uint64_t)at[5] << 40 | (uint64_t)at[6] << 48 |
           (uint64_t)at[7] << 56;
}

static uint32_t step_word(const uint32_t (*by)[256], uint64_t word)
{
    return by[7][word & 255] ^ by[6][word >> 8 & 255] ^ by[5][word >> 16 & 255] ^
           by[4][word >> 24 & 255] ^ by[3][word >> 32 & 255] ^ by[2][word >> 40 & 255] ^
           by[1][word >> 48 & 255] ^ by[0][word >> 56];
}

/* Processes @rounds rounds, at least one. The last round adds up the sums. */
static uint32_t step_rounds(uint32_t crc, const uint8_t *at, size_t rounds)
{
    uint32_t sums[BRAIDS] = {crc};

    for (; rounds > 1; rounds--, at += ROUND) {
        for (unsigned i = 0; i < BRAIDS; i++)
            sums[i] = step_word(braided, sums[i] ^ word_at(at + (size_t)i * COLUMNS));
    }
    crc = 0;
    for (unsigned i = 0; i < BRAIDS; i++)
        crc = step_word(table, crc ^ sums[i] ^ word_at(at + (size_t)i * COLUMNS));
    return crc;
}

uint32_t leat_crc32(uint32_t crc, const void *bytes, size_t len)
{
    const uint8_t *at = bytes;
    const size_t rounds = len / ROUND;

    crc = ~crc;
    if (rounds > 0) {
        crc = step_rounds(crc, at, rounds);
        at += rounds * ROUND;
        len %= ROUND;
    }
    for (; len >= COLUMNS; len -= COLUMNS, at += COLUMNS)
        crc = step_word(table, crc ^ word_at(at));
    for (; len > 0; len--, at++)
        crc = crc >> 8 ^ table[0][(crc ^ *at) & 255];
    return ~crc;
}
