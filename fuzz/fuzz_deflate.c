/*
 * fuzz_deflate.c -- Deflate: zlib decompresses the output for any data, in any pieces.
 *
 * The first four bytes set the configuration, the pieces of the data, and how much output is taken
 * at a time.
 */
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include <leat/deflate.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    DATA_MAX = 20000,
    PACKED_MAX = 2 * DATA_MAX
};

static uint8_t packed[PACKED_MAX], back[DATA_MAX + 1];

static void demand(bool condition)
{
    if (!condition)
        abort();
}

static size_t drain(struct leat_deflate *packer, size_t len, size_t room)
{
    size_t taken;

    do {
        demand(len + room <= PACKED_MAX);
        taken = leat_deflate_take(packer, packed + len, room);
        demand(taken <= room);
        len += taken;
    } while (taken == room);
    return len;
}

static void check_back(size_t len, const uint8_t *data, size_t size)
{
    z_stream zlib = {.next_in = packed, .avail_in = (unsigned)len, .next_out = back};

    zlib.avail_out = sizeof back;
    demand(inflateInit2(&zlib, -15) == Z_OK);
    demand(inflate(&zlib, Z_FINISH) == Z_STREAM_END);
    demand(zlib.avail_in == 0 && zlib.total_out == size && memcmp(back, data, size) == 0);
    inflateEnd(&zlib);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct leat_deflate_config config = {.level = 1};
    struct leat_deflate *packer;
    size_t bytes, piece, room, len = 0;
    void *memory;

    if (size < 4 || size > DATA_MAX)
        return 0;
    config.level = (uint8_t)(1 + data[0] % 9);
    config.memory_level = (uint8_t)(1 + data[0] / 9 % 9);
    config.window_bits = (uint8_t)(9 + data[1] % 7);
    piece = 1 + (size_t)data[2] * data[2] / 8;
    room = 1 + (size_t)data[3] * data[3] / 16;
    data += 4;
    size -= 4;
    bytes = leat_deflate_memory_bytes(&config);
    memory = malloc(bytes);
    demand(memory && !leat_deflate_open(&packer, memory, bytes, &config));
    for (size_t at = 0; at < size; at += piece) {
        leat_deflate_give(packer, data + at, piece < size - at ? piece : size - at);
        len = drain(packer, len, room);
    }
    leat_deflate_end(packer);
    check_back(drain(packer, len, room), data, size);
    free(memory);
    return 0;
}
