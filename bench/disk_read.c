/*
 * disk_read.c -- an image that reads its whole disk once, from the first sector to the last, as
 * bench/disk.py measures it.
 *
 * With the word "idle" it reads one sector. It prints how many bytes were read, and ends with
 * status 0; or it says why not, and ends with status 1.
 */
#include <leat/leat.h>
#include <leat/metal.h>
#include <leat/virtio_block.h>

#include <stdio.h>
#include <string.h>

enum {
    REQUESTS = 4, /* at a time */
    REQUEST_BYTES = 1 << 20
};

static struct program {
    struct leat_metal *metal;
    struct leat *stack;
    struct leat_block block;
    struct leat_block_device *device;
    uint64_t next; /* sector */
    uint64_t end;
    uint64_t bytes; /* that were read */
    unsigned under_way;
    struct {
        struct leat_block_request request;
        struct leat_buf buf;
    } slots[REQUESTS];
} program;

static void say(const char *text)
{
    struct leat_host *host = program.metal->host;

    host->console(host, text, strlen(text));
    host->console(host, "\n", 1);
}

static int complain(const char *why)
{
    say(why);
    return 1;
}

static void on_read(struct leat_block_request *request, enum leat_err err, void *arg);

/* Reads the next part into the buffer of @slot, or ends behind the last one. */
static void read_next(unsigned slot)
{
    struct leat_block_request *request = &program.slots[slot].request;
    struct leat_buf *buf = &program.slots[slot].buf;
    const uint64_t left = (program.end - program.next) * program.device->sector_bytes;
    enum leat_err err;

    if (left == 0) {
        if (program.under_way == 0)
            leat_stop(program.stack, 0);
        return;
    }
    buf->len = left < REQUEST_BYTES ? (uint32_t)left : REQUEST_BYTES;
    *request = (struct leat_block_request){.what = LEAT_BLOCK_READ,
                                           .sector = program.next,
                                           .buf = buf,
                                           .on_done = on_read,
                                           .arg = &program.slots[slot]};
    program.next += buf->len / program.device->sector_bytes;
    program.under_way++;
    err = leat_block_submit(&program.block, request);
    if (err)
        leat_stop(program.stack, complain(leat_err_text(err)));
}

static void on_read(struct leat_block_request *request, enum leat_err err, void *arg)
{
    (void)arg;
    program.under_way--;
    if (err) {
        leat_stop(program.stack, complain(leat_err_text(err)));
        return;
    }
    program.bytes += request->buf->len;
    for (unsigned slot = 0; slot < REQUESTS; slot++) {
        if (request == &program.slots[slot].request)
            read_next(slot);
    }
}

static enum leat_err start(void)
{
    struct leat_config config = leat_small_config();
    const size_t bytes = leat_memory_bytes(&config);
    void *memory = leat_metal_take(program.metal, bytes);
    enum leat_err err;

    config.seed[0] = 1; /* it has no network */
    if (!memory)
        return LEAT_ERR_MEMORY;
    for (unsigned slot = 0; slot < REQUESTS; slot++) {
        program.slots[slot].buf.data = leat_metal_take(program.metal, REQUEST_BYTES);
        if (!program.slots[slot].buf.data)
            return LEAT_ERR_MEMORY;
    }
    err = leat_init(&program.stack, memory, bytes, &config);
    return err ? err : leat_block_open(&program.block, program.stack, program.device);
}

int leat_metal_main(struct leat_metal *metal)
{
    const struct leat_virtio_block_config config = {.metal = metal};
    struct leat_virtio_block *disk;
    const char *why;
    char line[40];
    enum leat_err err;
    int status;

    program.metal = metal;
    if (leat_virtio_block_open(&disk, &config, &why))
        return complain(why);
    program.device = leat_virtio_block_device(disk);
    err = start();
    if (err)
        return complain(leat_err_text(err));
    program.end = strcmp(metal->command_line, "idle") == 0 ? 1 : program.device->sectors;
    for (unsigned slot = 0; slot < REQUESTS; slot++)
        read_next(slot);
    status = leat_run(program.stack, metal->host);
    leat_block_close(&program.block);
    snprintf(line, sizeof line, "%llu bytes", (unsigned long long)program.bytes);
    say(line);
    return status;
}
