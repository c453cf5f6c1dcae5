/*
 * fuzz_disk.c -- a virtio-blk device that breaks every rule.
 *
 * The input is the device: it sets features and configuration. Then it writes arbitrary values into
 * the used ring and the tables, step by step. Each request ends exactly once, and no byte outside
 * of its buffers changes.
 */
#include <stdlib.h>
#include <string.h>

#include <leat/leat.h>

#include "block.h"
#include "demand.h"
#include "fake_virtio.h"

enum {
    REQUESTS = 24,
    BYTES = 1024,
    GUARD = 64,
    QUEUE_SIZE = 32,
    STEPS_MAX = 200
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct asked {
    struct leat_block_request request;
    struct leat_buf buf;
    bool pending;
    uint8_t before[GUARD], bytes[BYTES], behind[GUARD];
};

static struct world {
    struct leat_virtio_block driver;
    struct leat_block block;
    struct leat *stack;
    uint64_t now_ns;
    struct asked asked[REQUESTS];
    uint64_t memory[64 * 1024 / 8];
} world;

/* Sectors of 512 bytes and a few of them, if the input has no other wish. */
static uint8_t config_byte(uint32_t offset)
{
    const uint8_t choice = next8();

    if (choice < 128)
        return offset == 0 ? 64 : offset == 21 || offset == 9 ? 2 : 0;
    return choice;
}

/* Uses the next chain, with any status. */
static void use_next(void)
{
    uint16_t head;

    if (!fake_virtio_take(VIRTIO_BLOCK_QUEUE, &head))
        return;
    for (unsigned i = 0; i < VIRTIO_BLOCK_REQUESTS; i++)
        world.driver.slots[i].status = next8() & 3;
    fake_virtio_use(&world.driver.queue, head, next8() & 1 ? next32() : 1);
}

static void check_guards(const struct asked *asked)
{
    for (unsigned i = 0; i < GUARD; i++)
        demand(asked->before[i] == 0 && asked->behind[i] == 0);
}

static void on_done(struct leat_block_request *request, enum leat_err err, void *arg)
{
    struct asked *asked = arg;

    (void)request;
    demand(asked->pending);
    demand(err == LEAT_OK || err == LEAT_ERR_DEVICE || err == LEAT_ERR_UNSUPPORTED ||
           err == LEAT_ERR_CLOSED);
    asked->pending = false;
    check_guards(asked);
}

static void submit(uint8_t what)
{
    struct asked *asked = &world.asked[what % REQUESTS];
    struct leat_block_request *request = &asked->request;

    if (asked->pending)
        return;
    asked->buf = (struct leat_buf){.data = asked->bytes, .len = what & 128 ? BYTES : BYTES / 2};
    *request = (struct leat_block_request){.what = (enum leat_block_what)(next8() % 4),
                                           .sector = next8() % 70u,
                                           .sectors = what & 7u,
                                           .on_done = on_done,
                                           .arg = asked};
    if (request->what == LEAT_BLOCK_READ || request->what == LEAT_BLOCK_WRITE)
        request->buf = &asked->buf;
    asked->pending = leat_block_submit(&world.block, request) == LEAT_OK;
}

static void poll(uint64_t ns)
{
    world.now_ns += ns;
    leat_poll(world.stack, world.now_ns);
}

static void step(uint8_t what)
{
    struct virtqueue *queue = &world.driver.queue;
    uint32_t id;

    switch (what & 7) {
    case 0:
    case 1:
        use_next();
        break;
    case 2:
        id = next32();
        fake_virtio_use(queue, id, next32());
        break;
    case 3:
        id = next8();
        fake_virtio_use(queue, id, next8());
        break;
    case 4:
        if (what & 128)
            queue->used.index = (uint16_t)next32();
        else /* also memory that only the driver may write */
            memset(queue->descriptors, next8(), sizeof queue->descriptors);
        break;
    case 5:
    case 6:
        submit(next8());
        break;
    default:
        poll((uint64_t)1000 << (next8() & 31));
        break;
    }
}

static void run(void)
{
    uint32_t pending = 0;

    for (unsigned i = 0; i < STEPS_MAX && fake_virtio.at < fake_virtio.end; i++)
        step(next8());
    for (unsigned i = 0; i < 4; i++)
        poll(1000000000);
    for (unsigned i = 0; i < REQUESTS; i++)
        pending += world.asked[i].pending;
    demand(pending == leat_block_pending(&world.block));
    leat_block_close(&world.block);
    for (unsigned i = 0; i < REQUESTS; i++)
        demand(!world.asked[i].pending);
    demand(world.driver.queue.in_flight == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct leat_config config = leat_small_config();
    const char *why;

    memset(&world.driver, 0, sizeof world.driver);
    memset(world.asked, 0, sizeof world.asked);
    fake_virtio_begin(data, size, QUEUE_SIZE, config_byte);
    world.now_ns = 1000;
    config.seed[0] = 1;
    demand(leat_memory_bytes(&config) <= sizeof world.memory);
    demand(!leat_init(&world.stack, world.memory, sizeof world.memory, &config));
    world.driver.device.transport = &fake_virtio_transport;
    if (virtio_block_start(&world.driver, &why) == LEAT_OK) {
        demand(
            !leat_block_open(&world.block, world.stack, leat_virtio_block_device(&world.driver)));
        run();
    }
    leat_close(world.stack);
    return 0;
}
