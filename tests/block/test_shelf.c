/*
 * test_shelf.c -- the power is cut at each write of a shelf (examples/shelf.h).
 *
 *     test_shelf [COPIES]
 *
 * Random copies are written beside a store, as leat_main() has it.  Some are dropped on the way,
 * have no room, or meet a write or a flush that fails.  After each write three images are made, as
 * test_power.c makes them.  On each image the shelf has the copy before or the new one, as a whole.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "demand.h"
#include "examples/shelf.h"
#include "faulty.h"
#include "keep.h"

enum {
    AREA_BYTES = 400 * 1024,
    DEVICE_BYTES = KEEP_STORE_BYTES + AREA_BYTES,
    TEXT_BYTES_MAX = 110 * 1024,
    TEXTS = 3,
    COPIES = 400,
    IMAGES = 3,
    PENDING_MAX = 64
};

struct machine {
    struct leat_host host; /* first */
    struct leat_platform platform;
    struct faulty faulty;
    struct options options;
    struct keep *keep;
    struct shelf *shelf;
    void *memory;
    uint64_t now_ns;
    bool is_done, has_room;
    enum leat_err err;
    size_t got;      /* bytes of a text */
    uint32_t serial; /* of the text that is read */
};

static struct machine machine, after;
static uint32_t kept, wanted; /* serials; 0: no copy */
static uint8_t *images[PENDING_MAX];
static unsigned image_count;
static unsigned images_checked;
static uint32_t drawn = 1;

/* xorshift32 (Marsaglia, 2003). */
static uint32_t draw(void)
{
    drawn ^= drawn << 13;
    drawn ^= drawn >> 17;
    drawn ^= drawn << 5;
    return drawn;
}

/* ---- the content of a copy, which follows from its serial */

static unsigned texts_of(uint32_t serial)
{
    return 1 + serial % TEXTS;
}

static size_t bytes_of(uint32_t serial, unsigned text)
{
    const uint32_t hash = (serial * TEXTS + text) * 2654435761u;

    if (hash % 5 == 0) /* a text may end where a chunk ends */
        return hash % 2 ? SHELF_CHUNK_BYTES : 0;
    return hash % TEXT_BYTES_MAX;
}

static uint8_t byte_of(uint32_t serial, size_t at)
{
    return (uint8_t)((serial * 2654435761u) >> (at % 4 * 8)) ^ (uint8_t)(at / 4);
}

static void label_of(uint32_t serial, unsigned text, char label[32])
{
    snprintf(label, 32, "%u/%u", (unsigned)serial, text);
}

/* ---- a machine with a disk */

static uint64_t tick(struct leat_host *host)
{
    struct machine *at = (struct machine *)host; /* its first member */

    return at->now_ns += 1000000;
}

static void say(struct leat_platform *platform, const char *line)
{
    (void)platform;
    fprintf(stderr, "%s\n", line);
    demand(false);
}

static void poll(struct machine *at)
{
    leat_poll(at->platform.stack, tick(&at->host));
}

static void boot(struct machine *at)
{
    struct leat_config config = leat_small_config();
    const size_t bytes = leat_memory_bytes(&config);

    config.seed[0] = 1;
    at->memory = malloc(bytes);
    at->keep = calloc(1, sizeof *at->keep);
    at->shelf = calloc(1, sizeof *at->shelf);
    demand(at->memory && at->keep && at->shelf);
    at->host.now_ns = tick;
    at->platform = (struct leat_platform){.host = &at->host, .say = say};
    demand(leat_init(&at->platform.stack, at->memory, bytes, &config) == LEAT_OK);
    at->faulty.closed = false;
    at->keep->platform = &at->platform;
    at->keep->program = "test";
    at->keep->path = "disk";
    at->keep->device = &at->faulty.device;
    at->keep->has_area = true;
    demand(!keep_open(at->keep, &at->options));
    demand(shelf_open(at->shelf, &at->platform, "test/shelf"));
    while (at->shelf->is_opening)
        poll(at);
}

static void halt(struct machine *at)
{
    keep_close(at->keep);
    leat_close(at->platform.stack);
    free(at->keep);
    free(at->shelf);
    free(at->memory);
}

/* ---- what a machine has */

static void on_bytes(void *arg, const void *bytes, size_t len)
{
    struct machine *at = arg;

    for (size_t i = 0; i < len; i++)
        demand(((const uint8_t *)bytes)[i] == byte_of(at->serial, at->got + i));
    at->got += len;
}

static void on_done(void *arg, enum leat_err err)
{
    struct machine *at = arg;

    at->is_done = true;
    at->err = err;
}

static void wait(struct machine *at)
{
    while (!at->is_done)
        poll(at);
    at->is_done = false;
}

/* Demands that the copy is that of @serial, or that of @other. */
static void check(struct machine *at, uint32_t serial, uint32_t other)
{
    const struct shelf_copy *copy = &at->shelf->kept;
    char label[32];

    label_of(other, 0, label);
    if (copy->count > 0 && other > 0 && strcmp(copy->texts[0].label, label) == 0)
        serial = other;
    demand(copy->count == (serial > 0 ? texts_of(serial) : 0));
    for (unsigned i = 0; i < copy->count; i++) {
        label_of(serial, i, label);
        demand(strcmp(copy->texts[i].label, label) == 0);
        demand(copy->texts[i].bytes == bytes_of(serial, i));
        at->got = 0;
        at->serial = serial;
        shelf_read(at->shelf, i, on_bytes, on_done, at);
        wait(at);
        demand(at->err == LEAT_OK && at->got == bytes_of(serial, i));
    }
}

/* ---- cuts */

static void cut_here(struct faulty *faulty)
{
    demand(image_count + IMAGES <= PENDING_MAX);
    memcpy(images[image_count++], faulty->cached, DEVICE_BYTES);
    faulty_cut(faulty, images[image_count++], false, draw);
    faulty_cut(faulty, images[image_count++], true, draw);
}

static void check_images(void)
{
    while (image_count > 0) {
        faulty_load(&after.faulty, images[--image_count]);
        boot(&after);
        check(&after, kept, wanted);
        halt(&after);
        images_checked++;
    }
}

/* ---- a new copy */

static void on_room(void *arg)
{
    struct machine *at = arg;

    at->has_room = true;
}

static void add_text(uint32_t serial, unsigned text)
{
    static uint8_t piece[3000];
    char label[32];

    label_of(serial, text, label);
    shelf_text(machine.shelf, label);
    for (size_t at = 0; at < bytes_of(serial, text);) {
        size_t len = 1 + draw() % sizeof piece, taken;

        if (len > bytes_of(serial, text) - at)
            len = bytes_of(serial, text) - at;
        for (size_t i = 0; i < len; i++)
            piece[i] = byte_of(serial, at + i);
        taken = shelf_add(machine.shelf, piece, len);
        at += taken;
        machine.has_room = taken == len;
        while (!machine.has_room) {
            poll(&machine);
            check_images();
        }
    }
}

/* Writes the copy @serial; returns the error of its commit. */
static enum leat_err write_copy(uint32_t serial)
{
    wanted = serial;
    shelf_begin(machine.shelf, on_room, &machine);
    for (unsigned i = 0; i < texts_of(serial); i++)
        add_text(serial, i);
    shelf_commit(machine.shelf, on_done, &machine);
    while (!machine.is_done) {
        poll(&machine);
        check_images();
    }
    machine.is_done = false;
    check_images();
    return machine.err;
}

/* Begins a copy that is dropped.  Its last write may still be under way, and fails then. */
static void drop_copy(uint32_t serial)
{
    if (bytes_of(serial, 0) >= SHELF_CHUNK_BYTES)
        machine.faulty.fail_write = machine.faulty.writes + 1;
    shelf_begin(machine.shelf, on_room, &machine);
    add_text(serial, 0);
    shelf_cancel(machine.shelf);
}

static uint64_t need_of(uint32_t serial)
{
    uint64_t bytes = 0;

    for (unsigned i = 0; i < texts_of(serial); i++)
        bytes += (bytes_of(serial, i) + 511) / 512 * 512;
    return bytes;
}

static void one(uint32_t serial, unsigned *full)
{
    const bool fits = need_of(serial) <= shelf_room(machine.shelf);
    const unsigned fault = draw() % 8;
    enum leat_err err;

    demand(shelf_room(machine.shelf) >= AREA_BYTES / 2);
    if (fault > 1 && draw() % 2)
        drop_copy(serial + 1000000);
    if (fault == 0)
        machine.faulty.fail_write = machine.faulty.writes + 1 + draw() % 4;
    if (fault == 1)
        machine.faulty.fail_flush = machine.faulty.flushes + 1;
    err = write_copy(serial);
    demand(fits || err == LEAT_ERR_FULL || err == LEAT_ERR_DEVICE);
    demand(!fits || err == LEAT_OK || (fault < 2 && err == LEAT_ERR_DEVICE));
    *full += err == LEAT_ERR_FULL;
    if (err == LEAT_OK)
        kept = serial;
    wanted = 0;
    machine.faulty.fail_write = machine.faulty.fail_flush = 0;
    check(&machine, kept, 0);
    if (draw() % 16 == 0) {
        halt(&machine);
        boot(&machine);
        check(&machine, kept, 0);
    }
}

static void open_disk(struct machine *at, uint32_t piece_bytes_max)
{
    faulty_open(&at->faulty, 512, DEVICE_BYTES / 512);
    at->faulty.device.piece_bytes_max = piece_bytes_max;
    at->faulty.looks = piece_bytes_max > 0 ? 2 : 0;
    boot(at);
}

int main(int argc, char **argv)
{
    const unsigned copies = argc > 1 ? (unsigned)atoi(argv[1]) : (unsigned)COPIES;
    unsigned full = 0;

    for (unsigned i = 0; i < PENDING_MAX; i++)
        demand(images[i] = malloc(DEVICE_BYTES));
    faulty_open(&after.faulty, 512, DEVICE_BYTES / 512);
    for (unsigned part = 0; part < 2; part++) {
        kept = 0;
        open_disk(&machine, part == 0 ? 0 : 20000); /* a device that takes small pieces */
        machine.faulty.on_write = cut_here;
        for (unsigned i = 1; i <= copies / 2; i++)
            one(part * copies + i, &full);
        halt(&machine);
        faulty_free(&machine.faulty);
    }
    demand(full > 0 && full < copies / 2);
    printf("%u copies, %u of them without room; the power cut %u times\n", copies, full,
           images_checked);
    faulty_free(&after.faulty);
    for (unsigned i = 0; i < PENDING_MAX; i++)
        free(images[i]);
    return 0;
}
