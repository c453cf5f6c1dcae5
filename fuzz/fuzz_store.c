/*
 * fuzz_store.c -- a store is mounted on a disk of any bytes.
 *
 * It is refused, or has values of which each is read or found to be damaged. Then it takes changes:
 * those that end well are there, also after another mount. The first byte tells whether sectors
 * that begin like a record get its right sizes and checksum, which random bytes never have.
 */
#include <stdlib.h>
#include <string.h>

#include "block/record.h"
#include "demand.h"
#include "store_world.h"

enum {
    SECTORS = 24,
    BYTES = SECTORS * WORLD_SECTOR,
    SIZE_AT = 5, /* as record.h has it */
    SECTORS_AT = 6,
    LEN_AT = 28,
    CHANGES = 12
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct store_world world;

/* Gives each sector that begins like a record the sizes and the checksum of one. */
static void seal(uint8_t *image)
{
    for (uint32_t i = SECTORS; i-- > 0;) {
        uint8_t *at = image + i * WORLD_SECTOR;
        uint32_t len, sectors;

        if (!record_is_first(at))
            continue;
        memcpy(&len, at + LEN_AT, sizeof len);
        sectors = record_sectors(WORLD_SECTOR, len);
        at[SIZE_AT] = 9;
        at[SECTORS_AT] = (uint8_t)sectors;
        if (sectors <= SECTORS - i)
            record_seal(at, WORLD_SECTOR, sectors);
    }
}

static void read_all(void)
{
    const struct leat_store_entry *entry;
    struct leat_store_info info;
    uint32_t cursor = 0, count = 0;

    leat_store_get_info(&world.store, &info);
    while ((entry = leat_store_next(&world.store, &cursor))) {
        const enum leat_err err = world_get(&world, entry->name);

        demand(err == LEAT_OK || err == LEAT_ERR_FORMAT);
        demand(entry->len <= WORLD_VALUE_MAX);
        count++;
    }
    demand(count == info.names && count <= WORLD_NAMES);
}

static void expect(const char *name, uint8_t value, uint32_t len)
{
    demand(world_get(&world, name) == LEAT_OK);
    demand(world.request.len == len && (len == 0 || world.got[len - 1] == value));
}

/* Changes as the bytes of the input say. */
static void make_changes(const uint8_t *data, size_t size)
{
    static uint8_t value[WORLD_VALUE_MAX];

    for (size_t i = 0; i < CHANGES; i++) {
        const uint8_t what = i < size ? data[i] : (uint8_t)i;
        const uint32_t len = what * 7u % (WORLD_VALUE_MAX + 1);
        char name[] = "a";
        enum leat_err err;

        name[0] = (char)('a' + what % 5);
        memset(value, what, sizeof value);
        err = what % 4 ? world_put(&world, name, value, len) : world_delete(&world, name);
        demand(err == LEAT_OK || err == LEAT_ERR_FULL ||
               (err == LEAT_ERR_NOT_FOUND && what % 4 == 0));
        if (err)
            continue;
        if (i % 3 == 0)
            demand(world_mount(&world, false) == LEAT_OK);
        if (what % 4)
            expect(name, what, len);
        else
            demand(world_get(&world, name) == LEAT_ERR_NOT_FOUND);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t image[BYTES];
    enum leat_err err;

    if (size < 1)
        return 0;
    memset(image, 0, sizeof image);
    memcpy(image, data + 1, size - 1 < BYTES ? size - 1 : BYTES);
    if (data[0] & 1)
        seal(image);
    world_open(&world, SECTORS);
    faulty_load(&world.faulty, image);
    err = world_mount(&world, false);
    demand(err == LEAT_OK || err == LEAT_ERR_FORMAT || err == LEAT_ERR_MEMORY);
    if (err == LEAT_OK) {
        read_all();
        make_changes(data, size);
        read_all();
    }
    world_close(&world);
    return 0;
}
