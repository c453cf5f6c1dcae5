/* test_store.c -- a store: values, a full device, damage, devices that fail. The end of one is in
 * test_store_close.c, the loss of power in test_power.c. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include "block/record.h"
#include "store_test.h"

static struct leat_store_info info(void)
{
    struct leat_store_info is;

    leat_store_get_info(&world.store, &is);
    return is;
}

/* Puts @len bytes of @fill. */
static enum leat_err put(const char *name, uint8_t fill, size_t len)
{
    uint8_t value[WORLD_VALUE_MAX + 1];

    memset(value, fill, sizeof value);
    return world_put(&world, name, value, len);
}

static void expect(const char *name, uint8_t fill, size_t len)
{
    assert_int_equal(world_get(&world, name), LEAT_OK);
    assert_int_equal(world.request.len, len);
    for (size_t i = 0; i < len; i++)
        assert_int_equal(world.got[i], fill);
}

static void remount(void)
{
    assert_int_equal(world_mount(&world, false), LEAT_OK);
}

/* ---- Values ------------------------------------------------------------------------------- */

static void values_come_back_also_after_a_mount(void **state)
{
    static const size_t lens[] = {0, 1, 440, 441, 944, 945, 1448, 1449, WORLD_VALUE_MAX};
    char name[8];

    (void)state;
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < sizeof lens / sizeof lens[0]; i++) {
            snprintf(name, sizeof name, "n%u", i);
            if (round == 0)
                assert_int_equal(put(name, (uint8_t)(i + 1), lens[i]), LEAT_OK);
            expect(name, (uint8_t)(i + 1), lens[i]);
        }
        assert_int_equal(info().names, sizeof lens / sizeof lens[0]);
        assert_int_equal(info().damaged, 0);
        remount();
    }
    assert_int_equal(info().value_max, WORLD_VALUE_MAX);
}

static void a_put_replaces_and_a_delete_removes(void **state)
{
    (void)state;
    assert_int_equal(put("a", 1, 700), LEAT_OK);
    assert_int_equal(put("a", 2, 30), LEAT_OK);
    expect("a", 2, 30);
    assert_int_equal(world_delete(&world, "a"), LEAT_OK);
    assert_int_equal(world_get(&world, "a"), LEAT_ERR_NOT_FOUND);
    assert_int_equal(world_delete(&world, "a"), LEAT_ERR_NOT_FOUND);
    remount();
    assert_int_equal(world_get(&world, "a"), LEAT_ERR_NOT_FOUND);
    assert_int_equal(info().sectors_valid, 0);
}

static void names_are_listed_once_each(void **state)
{
    uint32_t cursor = 0;
    unsigned seen = 0;
    const struct leat_store_entry *entry;

    (void)state;
    assert_int_equal(put("a", 1, 10), LEAT_OK);
    assert_int_equal(put("b", 1, 20), LEAT_OK);
    assert_int_equal(put("c", 1, 30), LEAT_OK);
    assert_int_equal(world_delete(&world, "b"), LEAT_OK);
    while ((entry = leat_store_next(&world.store, &cursor))) {
        assert_int_equal(entry->len, entry->name[0] == 'a' ? 10 : 30);
        seen |= 1u << (entry->name[0] - 'a');
    }
    assert_int_equal(seen, 5);
}

static void limits_are_refused(void **state)
{
    static const char long_name[] = "0123456789012345678901234567890x"; /* 32 bytes */

    (void)state;
    assert_int_equal(put("", 1, 1), LEAT_ERR_ARGUMENT);
    assert_int_equal(put(long_name, 1, 1), LEAT_ERR_ARGUMENT);
    assert_int_equal(put(long_name + 1, 1, 1), LEAT_OK);
    expect(long_name + 1, 1, 1);
    assert_int_equal(put("a", 1, WORLD_VALUE_MAX + 1), LEAT_ERR_TOO_BIG);
    assert_int_equal(put("a", 1, 100), LEAT_OK);
    assert_int_equal(world_wait(&world, leat_store_get(&world.store, &world.request, "a", world.got,
                                                       99, world_done, &world)),
                     LEAT_ERR_TOO_BIG);
    assert_int_equal(world.request.len, 100);
    for (char name[] = "b"; name[0] < 'b' + WORLD_NAMES - 2; name[0]++)
        assert_int_equal(put(name, 1, 1), LEAT_OK);
    assert_int_equal(put("z", 1, 1), LEAT_ERR_FULL); /* no entry is free */
    assert_int_equal(put("b", 2, 1), LEAT_OK);
}

static void requests_are_carried_out_in_their_order(void **state)
{
    struct leat_store_request requests[3];

    (void)state;
    assert_int_equal(leat_store_put(&world.store, &requests[0], "a", "1", 1, world_done, &world),
                     LEAT_OK);
    assert_int_equal(leat_store_put(&world.store, &requests[1], "a", "2", 1, world_done, &world),
                     LEAT_OK);
    assert_int_equal(leat_store_get(&world.store, &requests[2], "a", world.got, sizeof world.got,
                                    world_done, &world),
                     LEAT_OK);
    assert_false(world.is_done);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(world_wait(&world, LEAT_OK), LEAT_OK);
    assert_int_equal(world.got[0], '2');
}

/* ---- Room --------------------------------------------------------------------------------- */

static void a_full_device_keeps_all_and_takes_deletes(void **state)
{
    char name[8];
    unsigned count = 0;

    (void)state;
    do
        snprintf(name, sizeof name, "n%u", count);
    while (put(name, (uint8_t)count, 1000) == LEAT_OK && ++count < WORLD_NAMES);
    assert_int_equal(count, 11); /* 33 sectors, and 5 that stay free */
    assert_int_equal(put("z", 1, 1000), LEAT_ERR_FULL);
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < count; i++) {
            snprintf(name, sizeof name, "n%u", i);
            expect(name, (uint8_t)i, 1000);
        }
        remount();
    }
    /* from the middle, so that no room comes from the delete itself */
    for (unsigned i = count; i-- > 0;) {
        snprintf(name, sizeof name, "n%u", (i + 5) % count);
        assert_int_equal(world_delete(&world, name), LEAT_OK);
    }
    assert_int_equal(put("z", 1, 1000), LEAT_OK);
    assert_int_equal(info().damaged, 0);
}

/* The store was filled with a smaller `record_bytes`, which left less free. */
static void a_delete_has_room_also_after_the_largest_record_has_grown(void **state)
{
    char name[8];

    (void)state;
    for (unsigned i = 0; i < 11; i++) {
        snprintf(name, sizeof name, "n%u", i);
        assert_int_equal(put(name, (uint8_t)i, 1000), LEAT_OK);
    }
    world.record_bytes = 12 * WORLD_SECTOR;
    remount();
    assert_int_equal(put("n0", 1, 1000), LEAT_ERR_FULL);
    for (unsigned i = 11; i-- > 0;) {
        snprintf(name, sizeof name, "n%u", (i + 5) % 11);
        assert_int_equal(world_delete(&world, name), LEAT_OK);
    }
    assert_int_equal(put("n0", 1, 1000), LEAT_OK);
}

static unsigned writes_of[WORLD_SECTORS];

static void count_writes(struct faulty *faulty)
{
    for (uint64_t i = 0; i < faulty->last_count; i++)
        writes_of[faulty->last + i]++;
}

/* A value that never changes is moved along, so that its sectors are written as often as others. */
static void all_sectors_are_written_equally_often(void **state)
{
    unsigned least = UINT32_MAX, most = 0;

    (void)state;
    memset(writes_of, 0, sizeof writes_of);
    world.faulty.on_write = count_writes;
    assert_int_equal(put("still", 7, 1500), LEAT_OK);
    for (unsigned i = 0; i < 2000; i++)
        assert_int_equal(put(i % 3 ? "a" : "b", (uint8_t)i, 100 + i % 900), LEAT_OK);
    for (unsigned i = 0; i < WORLD_SECTORS; i++) {
        least = writes_of[i] < least ? writes_of[i] : least;
        most = writes_of[i] > most ? writes_of[i] : most;
    }
    assert_true(least > 50);
    assert_true(most - least <= 2);
    expect("still", 7, 1500);
    assert_true(info().moved > 50);
}

/* ---- Damage ------------------------------------------------------------------------------- */

static void damage_costs_one_value_and_is_told(void **state)
{
    static uint8_t image[WORLD_SECTORS * WORLD_SECTOR];
    unsigned lost_and_told = 0;

    (void)state;
    for (char name[] = "a"; name[0] < 'f'; name[0]++)
        assert_int_equal(put(name, (uint8_t)name[0], 600), LEAT_OK);
    memcpy(image, world.faulty.stable, sizeof image);
    for (size_t at = 0; at < 10 * WORLD_SECTOR; at += 61) {
        unsigned there = 0;

        image[at] ^= 0x10;
        world_unmount(&world);
        faulty_load(&world.faulty, image);
        image[at] ^= 0x10;
        remount();
        for (char name[] = "a"; name[0] < 'f'; name[0]++) {
            if (world_get(&world, name) == LEAT_ERR_NOT_FOUND)
                continue;
            expect(name, (uint8_t)name[0], 600);
            there++;
        }
        assert_int_equal(there, 4);
        /* that of the newest record looks like a change that was cut short */
        assert_int_equal(info().damaged, at < 8 * WORLD_SECTOR ? 1 : 0);
        lost_and_told += (unsigned)info().damaged;
        assert_int_equal(put("new", 1, 600), LEAT_OK);
    }
    assert_true(lost_and_told > 50);
}

static void a_sector_that_cant_be_read_costs_one_value(void **state)
{
    (void)state;
    for (char name[] = "a"; name[0] < 'f'; name[0]++)
        assert_int_equal(put(name, (uint8_t)name[0], 600), LEAT_OK);
    for (uint64_t bad = 0; bad < 10; bad++) {
        unsigned there = 0;

        world.faulty.bad_sector = bad;
        remount();
        for (char name[] = "a"; name[0] < 'f'; name[0]++)
            there += world_get(&world, name) == LEAT_OK;
        assert_int_equal(there, 4);
        assert_int_equal(info().damaged, bad < 8);
    }
}

static void damage_after_the_mount_is_found_by_a_get(void **state)
{
    (void)state;
    assert_int_equal(put("a", 1, 600), LEAT_OK);
    world.faulty.cached[100] ^= 1;
    assert_int_equal(world_get(&world, "a"), LEAT_ERR_FORMAT);
    world.faulty.bad_sector = 1;
    assert_int_equal(world_get(&world, "a"), LEAT_ERR_DEVICE);
    world.faulty.bad_sector = UINT64_MAX;
    /* it doesn't keep others from being written */
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(put("b", (uint8_t)i, 600), LEAT_OK);
    assert_int_equal(info().damaged, 1);
    assert_int_equal(world_get(&world, "a"), LEAT_ERR_NOT_FOUND);
    expect("b", 99, 600);
}

/* ---- Devices ------------------------------------------------------------------------------ */

static void another_content_is_not_overwritten(void **state)
{
    (void)state;
    world_unmount(&world);
    world.faulty.cached[20 * WORLD_SECTOR + 56] = 0x53; /* as the magic number of ext4 */
    assert_int_equal(world_mount(&world, false), LEAT_ERR_FORMAT);
    assert_int_equal(world.faulty.writes, 0);
    assert_int_equal(put("a", 1, 1), LEAT_ERR_CLOSED);
    assert_int_equal(world_mount(&world, true), LEAT_OK);
    assert_int_equal(put("a", 1, 1), LEAT_OK);
    remount();
    expect("a", 1, 1);
    assert_int_equal(world_mount(&world, true), LEAT_OK);
    assert_int_equal(world_get(&world, "a"), LEAT_ERR_NOT_FOUND);
}

static void a_value_that_has_become_too_large_is_not_lost(void **state)
{
    (void)state;
    assert_int_equal(put("a", 1, 1900), LEAT_OK);
    for (unsigned i = 0; i < 3; i++) {
        const uint64_t writes = world.faulty.writes;

        world.record_bytes = 2 * WORLD_SECTOR;
        assert_int_equal(world_mount(&world, false), LEAT_ERR_MEMORY);
        assert_int_equal(world.faulty.writes, writes);
        world.record_bytes = 0;
        remount();
        expect("a", 1, 1900);
        assert_int_equal(put("b", 1, 100), LEAT_OK); /* it isn't the newest any more */
    }
    assert_int_equal(world_delete(&world, "a"), LEAT_OK);
    assert_int_equal(put("b", 2, 100), LEAT_OK);
    world.record_bytes = 2 * WORLD_SECTOR;
    remount();
    expect("b", 2, 100);
}

static void set_sectors(uint32_t sector_bytes)
{
    world_unmount(&world);
    world.faulty.device.sector_bytes = sector_bytes;
    world.faulty.device.sectors = WORLD_SECTORS * WORLD_SECTOR / sector_bytes;
    world.record_bytes = sector_bytes;
}

static void a_store_with_other_sectors_is_refused(void **state)
{
    (void)state;
    assert_int_equal(put("a", 1, 100), LEAT_OK);
    set_sectors(4096);
    assert_int_equal(world_mount(&world, false), LEAT_ERR_FORMAT);
    assert_int_equal(world_mount(&world, true), LEAT_OK);
    assert_int_equal(put("a", 2, 100), LEAT_OK);
    set_sectors(WORLD_SECTOR);
    assert_int_equal(world_mount(&world, false), LEAT_ERR_FORMAT);
    set_sectors(4096);
    remount();
    expect("a", 2, 100);
    set_sectors(WORLD_SECTOR);
}

static void devices_that_are_too_small_are_refused(void **state)
{
    (void)state;
    world.faulty.device.sectors = 12;
    assert_int_equal(world_mount(&world, false), LEAT_ERR_ARGUMENT);
    world.faulty.device.sectors = 13;
    assert_int_equal(world_mount(&world, false), LEAT_OK);
    assert_int_equal(put("a", 1, WORLD_VALUE_MAX), LEAT_OK);
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(put("a", (uint8_t)i, WORLD_VALUE_MAX), LEAT_OK);
    expect("a", 19, WORLD_VALUE_MAX);
    world.faulty.device.sectors = WORLD_SECTORS;
}

static void a_device_that_cant_be_read_is_not_taken_for_empty(void **state)
{
    (void)state;
    world.faulty.bad_sector = 3;
    assert_int_equal(world_mount(&world, false), LEAT_ERR_DEVICE);
}

/* Each write and each flush fails once: the value is the old one, and after a mount old or new. */
static void a_failed_change_leaves_the_old_value(void **state)
{
    unsigned failed = 0;

    (void)state;
    assert_int_equal(put("a", 0, 900), LEAT_OK);
    for (uint8_t i = 1; i < 100; i++) {
        if (i % 2)
            world.faulty.fail_write = world.faulty.writes + 1 + i % 3;
        else
            world.faulty.fail_flush = world.faulty.flushes + 1 + i % 3;
        if (put("a", i, 900) != LEAT_OK) {
            expect("a", (uint8_t)(i - 1), 900);
            failed++;
            world.faulty.fail_write = world.faulty.fail_flush = 0;
            remount();
            assert_int_equal(world_get(&world, "a"), LEAT_OK);
            assert_true(world.got[0] == i || world.got[0] == i - 1);
            assert_int_equal(put("a", i, 900), LEAT_OK);
        }
        assert_int_equal(info().damaged, 0);
        expect("a", i, 900);
    }
    assert_true(failed > 20);
}

static void a_read_only_device_is_read(void **state)
{
    (void)state;
    assert_int_equal(put("a", 5, 50), LEAT_OK);
    world_unmount(&world);
    world.faulty.device.read_only = true;
    remount();
    expect("a", 5, 50);
    assert_int_equal(put("a", 6, 50), LEAT_ERR_UNSUPPORTED);
    expect("a", 5, 50);
}

/* A value that looks like a record, in a sector of its own, is no record. */
static void a_value_is_never_taken_for_a_record(void **state)
{
    const struct record made_up = {
        .kind = RECORD_PUT, .sequence = 1000, .tail_sequence = 1000, .len = 3, .name = "evil"};
    uint8_t sectors[2 * WORLD_SECTOR], value[WORLD_VALUE_MAX];

    (void)state;
    record_write(&made_up, "bad", sectors, WORLD_SECTOR);
    record_seal(sectors, WORLD_SECTOR, 1);
    for (size_t shift = 0; shift < 16; shift++) {
        memset(value, 0, sizeof value);
        /* at the beginning of the second sector, if nothing were in front */
        memcpy(value + 440 - 8 + shift, sectors, WORLD_SECTOR);
        assert_int_equal(world_put(&world, "good", value, sizeof value), LEAT_OK);
        remount();
        assert_int_equal(world_get(&world, "evil"), LEAT_ERR_NOT_FOUND);
        assert_int_equal(world_get(&world, "good"), LEAT_OK);
        assert_memory_equal(world.got, value, sizeof value);
    }
}

static void a_store_of_the_defaults_takes_4_kib(void **state)
{
    (void)state;
    assert_true(sizeof(struct leat_store) + leat_store_memory_bytes(NULL, WORLD_SECTOR) <= 4096);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(values_come_back_also_after_a_mount),
        TEST(a_put_replaces_and_a_delete_removes),
        TEST(names_are_listed_once_each),
        TEST(limits_are_refused),
        TEST(requests_are_carried_out_in_their_order),
        TEST(a_full_device_keeps_all_and_takes_deletes),
        TEST(a_delete_has_room_also_after_the_largest_record_has_grown),
        TEST(all_sectors_are_written_equally_often),
        TEST(damage_costs_one_value_and_is_told),
        TEST(a_sector_that_cant_be_read_costs_one_value),
        TEST(damage_after_the_mount_is_found_by_a_get),
        TEST(another_content_is_not_overwritten),
        TEST(a_value_that_has_become_too_large_is_not_lost),
        TEST(a_store_with_other_sectors_is_refused),
        TEST(devices_that_are_too_small_are_refused),
        TEST(a_device_that_cant_be_read_is_not_taken_for_empty),
        TEST(a_failed_change_leaves_the_old_value),
        TEST(a_read_only_device_is_read),
        TEST(a_value_is_never_taken_for_a_record),
        TEST(a_store_of_the_defaults_takes_4_kib),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
