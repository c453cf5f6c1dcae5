/*
 * test_power.c -- the power is cut at each write of a store.
 *
 *     test_power [CHANGES]
 *
 * Random changes of a few names on a small device, so that the log goes round it all the time.
 * After each write three images are made, as the device may be when the power is cut there. One has
 * all writes; in one each sector is old or new; in one each sector is torn at any byte. A store is
 * mounted on each image. It has no damage, and each name has its value; the one that was being
 * changed has the old value or the new one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "demand.h"
#include "store_world.h"

enum {
    SECTORS = 24,
    CHANGES = 10000,
    IMAGES = 3,
    PENDING_MAX = 64
};

/* The value of a name: it follows from its serial number. */
struct value {
    uint32_t serial; /* 0: there is none */
    uint32_t len;
};

static struct store_world world, after;
static struct value values[WORLD_NAMES], wanted;
static unsigned changing; /* the name */
static uint8_t images[PENDING_MAX][SECTORS * WORLD_SECTOR];
static unsigned image_count;
static uint64_t images_checked;
static uint32_t drawn = 1;

/* xorshift32 (Marsaglia, 2003). */
static uint32_t draw(void)
{
    drawn ^= drawn << 13;
    drawn ^= drawn >> 17;
    drawn ^= drawn << 5;
    return drawn;
}

static void fill(uint8_t *to, struct value value)
{
    for (uint32_t i = 0; i < value.len; i++)
        to[i] = (uint8_t)((value.serial * 2654435761u) >> (i % 4 * 8)) ^ (uint8_t)(i / 4);
}

static const char *name_of(unsigned i)
{
    static char name[16];

    snprintf(name, sizeof name, "name-%u", i);
    return name;
}

static void cut_here(struct faulty *faulty)
{
    demand(image_count + IMAGES <= PENDING_MAX);
    memcpy(images[image_count++], faulty->cached, sizeof images[0]);
    faulty_cut(faulty, images[image_count++], false, draw);
    faulty_cut(faulty, images[image_count++], true, draw);
}

/* True if the store on the image gives the name this value. */
static bool has(unsigned name, struct value value)
{
    uint8_t bytes[WORLD_VALUE_MAX];
    const enum leat_err err = world_get(&after, name_of(name));

    if (value.serial == 0)
        return err == LEAT_ERR_NOT_FOUND;
    fill(bytes, value);
    return err == LEAT_OK && after.request.len == value.len &&
           memcmp(after.got, bytes, value.len) == 0;
}

static void check_image(const uint8_t *image)
{
    struct leat_store_info info;

    world_unmount(&after);
    faulty_load(&after.faulty, image);
    demand(world_mount(&after, false) == LEAT_OK);
    leat_store_get_info(&after.store, &info);
    demand(info.damaged == 0);
    for (unsigned i = 0; i < WORLD_NAMES; i++)
        demand(has(i, values[i]) || (i == changing && has(i, wanted)));
    /* it also goes on from there */
    if (images_checked++ % 16 == 0)
        demand(world_put(&after, name_of(changing), "x", 1) == LEAT_OK || info.names > 0);
}

static void check_images(void)
{
    while (image_count > 0)
        check_image(images[--image_count]);
}

static enum leat_err change(void)
{
    static uint8_t bytes[WORLD_VALUE_MAX];
    enum leat_err err;

    if (wanted.serial > 0) {
        fill(bytes, wanted);
        err = leat_store_put(&world.store, &world.request, name_of(changing), bytes, wanted.len,
                             world_done, &world);
    } else {
        err =
            leat_store_delete(&world.store, &world.request, name_of(changing), world_done, &world);
    }
    if (err)
        return err;
    while (!world.is_done) {
        world_poll(&world);
        check_images();
    }
    world.is_done = false;
    return world.err;
}

/* One random change; returns its error. */
static enum leat_err one(uint32_t serial)
{
    enum leat_err err;

    changing = draw() % WORLD_NAMES;
    wanted = (struct value){0};
    if (draw() % 8 > 0)
        wanted = (struct value){serial, draw() % 4 ? draw() % 300 : draw() % (WORLD_VALUE_MAX + 1)};
    err = change();
    demand(err == LEAT_OK || err == LEAT_ERR_FULL ||
           (err == LEAT_ERR_NOT_FOUND && wanted.serial == 0 && values[changing].serial == 0));
    if (err == LEAT_OK)
        values[changing] = wanted;
    return err;
}

int main(int argc, char **argv)
{
    const unsigned changes = argc > 1 ? (unsigned)atoi(argv[1]) : (unsigned)CHANGES;
    struct leat_store_info info;
    unsigned full = 0;

    world_open(&world, SECTORS);
    world_open(&after, SECTORS);
    demand(world_mount(&world, false) == LEAT_OK);
    world.faulty.on_write = cut_here;
    for (unsigned i = 1; i <= changes; i++)
        full += one(i) == LEAT_ERR_FULL;
    leat_store_get_info(&world.store, &info);
    demand(info.moved > changes / 10); /* or the log had room all the time */
    demand(full > 0 && full < changes / 2);
    printf("%u changes, %u of them refused for lack of room; %llu records moved; the power cut "
           "%llu times\n",
           changes, full, (unsigned long long)info.moved, (unsigned long long)images_checked);
    world_close(&world);
    world_close(&after);
    return 0;
}
