/*
 * fuzz_xen_disk.c -- a xenstore and a backend of Xen's disks that break every rule.
 *
 * The input is the tool stack and the other domain, as in fuzz_xen.c. Each request ends exactly
 * once, no byte outside of its buffer changes, and the other domain reaches no page but the
 * driver's own. With a first byte that is no multiple of 4 the disk is up already.
 */
#include <string.h>

#include <leat/leat.h>

#include "demand.h"
#include "netif/xen/block.h"
#include "xen_liar.h"

enum {
    REQUESTS = XEN_BLOCK_REQUESTS,
    GUARD = 16,
    SECTORS_MAX = 88, /* of a request */
    STEPS_MAX = 200
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct asked {
    struct leat_block_request request;
    struct leat_buf buf;
    bool pending;
    uint8_t before[GUARD], bytes[XEN_BLOCK_BYTES_MAX], behind[GUARD];
};

/* The driver, and its program. */
static struct world {
    struct leat_xen_block block;
    struct asked asked[REQUESTS];
    uint8_t pages[(size_t)XEN_BLOCK_PAGES * XEN_PAGE_BYTES] __attribute__((aligned(4096)));
} world;

static const char *const readings[] = {"/local/domain/3/backend/vbd/9/51712", "3", "1", "2"};
static const char *const facts[] = {"4096", "512", "0", "1"};

/* Answers the next request, correctly unless the input changes something. */
static void answer(void)
{
    struct xen_block_ring *ring = (void *)liar_page(LIAR_FIRST_REF);
    const uint8_t how = next8();
    struct xen_block_ring_request request;
    uint8_t *page;

    if (!ring || liar.seen[0] == ring->head.request_produced)
        return;
    request = ring->slots[liar.seen[0] % XEN_BLOCK_RING_SLOTS].request;
    page = liar_page(request.segments[how >> 4 & 7].ref);
    if (page)
        memset(page, how, XEN_PAGE_BYTES);
    if (how & 4 && page)
        liar.entries[request.segments[how >> 4 & 7].ref].held = next8() > 250;
    ring->slots[liar.seen[0]++ % XEN_BLOCK_RING_SLOTS].response = (struct xen_block_ring_response){
        .id = how & 1 ? next8() % (REQUESTS + 2u) : request.id,
        .status = how & 2 ? (int16_t)(int8_t)next8() : XEN_BLOCK_OKAY};
    ring->head.response_produced = liar.seen[0];
}

static void ask(struct asked *asked, uint8_t what)
{
    const uint32_t units = world.block.block.sector_bytes / XEN_BLOCK_UNIT;
    uint32_t len = (next8() % SECTORS_MAX + 1u) * XEN_BLOCK_UNIT;

    if (asked->pending)
        return;
    len = (len + units * XEN_BLOCK_UNIT - 1) / (units * XEN_BLOCK_UNIT) * units * XEN_BLOCK_UNIT;
    if (len > XEN_BLOCK_BYTES_MAX)
        len = units * XEN_BLOCK_UNIT;
    asked->buf = (struct leat_buf){.data = asked->bytes, .len = len};
    asked->request = (struct leat_block_request){
        .what = (enum leat_block_what)(what % 3), .sector = next16(), .buf = &asked->buf};
    if (asked->request.what == LEAT_BLOCK_FLUSH)
        asked->request.buf = NULL;
    asked->pending = world.block.block.ops->start(&world.block.block, &asked->request);
    demand(asked->pending); /* there are as many requests as the driver takes */
}

UNTRACED static void check_guards(const struct asked *asked)
{
    for (unsigned i = 0; i < GUARD; i++)
        demand(asked->before[i] == 0 && asked->behind[i] == 0);
}

/* Requests end once, without a byte outside of their buffers. */
static void finish(void)
{
    struct leat_block_request *request;

    while ((request = world.block.block.ops->finished(&world.block.block, liar.now_ns))) {
        struct asked *asked = (void *)request; /* its first member */

        demand(asked >= world.asked && asked < world.asked + REQUESTS && asked->pending);
        asked->pending = false;
        check_guards(asked);
    }
    liar.now_ns += 10000000;
}

static void step(uint8_t what)
{
    switch (what & 7) {
    case 0:
    case 1:
        ask(&world.asked[what >> 3 & (REQUESTS - 1)], what >> 6);
        break;
    case 2:
    case 3:
        answer();
        break;
    case 4:
        liar_store_answers();
        break;
    case 5:
        liar_scribble(LIAR_FIRST_REF, what & 8);
        break;
    default:
        finish();
        break;
    }
}

/* Only the driver's pages are granted. */
UNTRACED static void check_grants(void)
{
    for (uint32_t ref = LIAR_FIRST_REF; ref < LIAR_FIRST_REF + XEN_BLOCK_PAGES; ref++) {
        const uint8_t *page = liar.entries[ref].page;

        demand(!page || (page >= world.pages && page < world.pages + sizeof world.pages));
    }
}

/* A disk that is up, after a start without a lie: most inputs begin there, because that takes less
 * time than a start. */
static struct ready {
    bool is_made;
    struct leat_xen_block block;
    struct liar liar;
    uint8_t ring[XEN_PAGE_BYTES];
} ready;

/* Starts the disk; false: it failed. */
static bool start(const uint8_t *data, size_t size)
{
    const char *why;

    memset(&world.block, 0, sizeof world.block);
    liar_begin(data, size, &world.block.bus);
    liar.readings = readings;
    liar.facts = facts;
    world.block.machine = &liar.machine;
    world.block.store = &liar.store;
    world.block.pages = world.pages;
    return xen_block_start(&world.block, 51712, &why) == LEAT_OK;
}

static void begin_ready(const uint8_t *data, size_t size)
{
    if (!ready.is_made) {
        demand(start(NULL, 0));
        ready.is_made = true;
        ready.block = world.block;
        ready.liar = liar;
        memcpy(ready.ring, world.pages, sizeof ready.ring);
    }
    world.block = ready.block;
    liar = ready.liar;
    memcpy(world.pages, ready.ring, sizeof ready.ring);
    liar.at = data;
    liar.end = data + size;
}

/* Begins with the disk in its first state; false: it didn't start. */
static bool begin(const uint8_t *data, size_t size)
{
    if (size == 0)
        return start(data, size);
    if (data[0] % 4 == 0)
        return start(data + 1, size - 1);
    begin_ready(data + 1, size - 1);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (begin(data, size)) {
        for (unsigned i = 0; i < STEPS_MAX && liar.at < liar.end; i++)
            step(next8());
        check_grants();
        world.block.block.ops->close(&world.block.block);
        world.block.block.ops->close(&world.block.block);
        finish();
    }
    for (unsigned i = 0; i < REQUESTS; i++)
        demand(!world.asked[i].pending);
    demand(liar_pages_held() == world.block.pages_kept);
    return 0;
}
