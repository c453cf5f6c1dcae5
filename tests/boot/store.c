/*
 * store.c -- for a test: an image that counts its boots in a store on its disk: virtio's, or Xen's.
 *
 * It says "boot 3" and ends with status 0; or it says why not, and ends with status 1. With the
 * word "discard" it gives up all sectors but the first one instead.
 */
#include <leat/leat.h>
#include <leat/metal.h>
#include <leat/store.h>
#include <leat/virtio_block.h>
#include <leat/xen.h>
#include <leat/xen_block.h>

#include <string.h>

enum {
    STEP_MOUNTED,
    STEP_READ,
    STEP_WRITTEN,
    STEP_CHECKED,
    VALUE_BYTES = 1900 /* four sectors, so that the log goes round a small disk */
};

static struct program {
    struct leat_metal *metal;
    struct leat *stack;
    struct leat_block block;
    struct leat_store store;
    struct leat_store_request request;
    struct leat_block_request discard;
    unsigned step;
    uint8_t value[VALUE_BYTES]; /* a count, and bytes that follow from it */
    uint8_t again[VALUE_BYTES];
} program;

static void say(const char *text)
{
    struct leat_host *host = program.metal->host;

    host->console(host, text, strlen(text));
}

static int complain(const char *what, const char *why)
{
    say(what);
    say(": ");
    say(why);
    say("\n");
    return 1;
}

/* At most two digits. */
static void say_number(unsigned number)
{
    const char text[3] = {(char)('0' + number / 10), (char)('0' + number % 10)};

    say(number < 10 ? text + 1 : text);
}

static void fill(uint8_t *value, uint8_t count)
{
    for (unsigned i = 0; i < VALUE_BYTES; i++)
        value[i] = (uint8_t)(count + (i > 0 ? i * 7 : 0));
}

static void on_done(struct leat_store *store, struct leat_store_request *request, enum leat_err err,
                    void *arg);

static void next(struct leat_store *store, struct leat_store_request *request)
{
    uint8_t *value = program.value;

    switch (program.step++) {
    case STEP_MOUNTED:
        (void)leat_store_get(store, &program.request, "boots", value, VALUE_BYTES, on_done, NULL);
        break;
    case STEP_READ:
        fill(value, (uint8_t)(request->len == VALUE_BYTES ? value[0] + 1 : 1));
        (void)leat_store_put(store, request, "boots", value, VALUE_BYTES, on_done, NULL);
        break;
    case STEP_WRITTEN:
        (void)leat_store_get(store, request, "boots", program.again, VALUE_BYTES, on_done, NULL);
        break;
    case STEP_CHECKED:
    default:
        say("boot ");
        say_number(value[0]);
        say(memcmp(program.again, value, VALUE_BYTES) == 0 ? "\n" : ", but it reads differently\n");
        leat_stop(program.stack, 0);
        break;
    }
}

static void on_done(struct leat_store *store, struct leat_store_request *request, enum leat_err err,
                    void *arg)
{
    (void)arg;
    if (err == LEAT_ERR_NOT_FOUND) {
        request->len = 0;
        err = LEAT_OK;
    }
    if (!err) {
        next(store, request);
        return;
    }
    leat_stop(program.stack, complain("the store", leat_err_text(err)));
}

static void on_discarded(struct leat_block_request *request, enum leat_err err, void *arg)
{
    (void)request;
    (void)arg;
    leat_stop(program.stack, err ? complain("the discard", leat_err_text(err)) : 0);
}

static enum leat_err discard(const struct leat_block_device *device)
{
    program.discard = (struct leat_block_request){.what = LEAT_BLOCK_DISCARD,
                                                  .sector = 1,
                                                  .sectors = (uint32_t)device->sectors - 1,
                                                  .on_done = on_discarded};
    return leat_block_submit(&program.block, &program.discard);
}

/* NULL: there is none, for the reason @why. */
static struct leat_block_device *open_disk(const char **why)
{
    const struct leat_virtio_block_config config = {.metal = program.metal};
    const struct leat_xen_block_config xen_config = {.metal = program.metal};
    struct leat_virtio_block *disk;
    struct leat_xen_block *xen_disk;

    if (leat_xen_here())
        return leat_xen_block_open(&xen_disk, &xen_config, why) ? NULL
                                                                : leat_xen_block_device(xen_disk);
    return leat_virtio_block_open(&disk, &config, why) ? NULL : leat_virtio_block_device(disk);
}

static enum leat_err start(struct leat_block_device *device)
{
    struct leat_config config = leat_small_config();
    const struct leat_store_config store = {.on_mounted = on_done};
    const size_t bytes = leat_store_memory_bytes(&store, device->sector_bytes);
    void *memory = leat_metal_take(program.metal, leat_memory_bytes(&config));
    void *store_memory = leat_metal_take(program.metal, bytes);
    enum leat_err err;

    config.seed[0] = 1; /* it has no network */
    if (!memory || !store_memory)
        return LEAT_ERR_MEMORY;
    err = leat_init(&program.stack, memory, leat_memory_bytes(&config), &config);
    if (!err)
        err = leat_block_open(&program.block, program.stack, device);
    if (!err && strstr(program.metal->command_line, "discard"))
        return discard(device);
    if (!err)
        err = leat_store_mount(&program.store, &program.block, store_memory, bytes, &store);
    return err;
}

int leat_metal_main(struct leat_metal *metal)
{
    struct leat_block_device *disk;
    const char *why;
    enum leat_err err;
    int status;

    program.metal = metal;
    disk = open_disk(&why);
    if (!disk)
        return complain("the disk", why);
    err = start(disk);
    if (err)
        return complain("the store", leat_err_text(err));
    status = leat_run(program.stack, metal->host);
    leat_block_close(&program.block);
    if (!program.discard.on_done)
        leat_store_close(&program.store);
    return status;
}
