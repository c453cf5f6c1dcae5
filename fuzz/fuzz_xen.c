/*
 * fuzz_xen.c -- a xenstore and a backend of Xen that break every rule.
 *
 * The input is the tool stack and the other domain. It chooses the answers of the store, and then
 * writes arbitrary values into both rings and granted pages, step by step. The other domain reaches
 * only what it was granted. No byte outside of that may be touched, a page that was taken back is
 * never written to, and every buffer and page comes back. Input bytes are used in order; after the
 * end all are 0.
 */
#include <stdlib.h>
#include <string.h>

#include <leat/leat.h>

#include "core/pool.h"
#include "demand.h"
#include "netif/xen/net.h"
#include "pieces.h"
#include "xen_liar.h"

enum {
    BUFFERS = 96,
    BUFFER_BYTES = 512,
    STEPS_MAX = 200,
    BURST = 16,
    QUEUE_BYTES = XEN_NET_PAGES * XEN_PAGE_BYTES
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The driver. */
struct world {
    struct leat_xen xen;
    struct leat_pool pool;
    struct xen_queue queues[LIAR_QUEUES];
    uint8_t pages[LIAR_QUEUES * QUEUE_BYTES] __attribute__((aligned(4096)));
    uint8_t memory[(size_t)LIAR_WINDOW_PAGES * XEN_PAGE_BYTES] __attribute__((aligned(4096)));
};

static struct world world;

/* ---- the rings ---------------------------------------------------------------------------- */

/* The reference of a ring: of @queue's, for sent frames or (@rx) for received ones. */
static uint32_t ring_of(uint32_t queue, uint32_t rx)
{
    return LIAR_FIRST_REF + queue * XEN_NET_PAGES + rx;
}

/* Responds to the next request, correctly unless the input changes something. */
static void use_rx(uint32_t queue)
{
    struct xen_rx_ring *ring = (void *)liar_page(ring_of(queue, 1));
    uint32_t *seen = &liar.seen[2 * queue + 1];
    const uint8_t how = next8();
    union xen_rx_slot *slot;
    uint32_t ref;
    uint8_t *page;

    if (!ring || *seen == ring->head.request_produced)
        return;
    slot = &ring->slots[(*seen)++ % XEN_RING_SLOTS];
    /* once: after an earlier lie it can name the ring, and then the page below holds the slot */
    ref = slot->request.ref;
    page = liar_page(ref);
    if (how & 16) {
        slot->extra = (struct xen_extra){.type = next8() & 7};
        slot->extra.flags = next8() & 3;
        slot->extra.gso_bytes = next16();
        slot->extra.gso_type = next8() & 3;
    } else {
        const uint8_t len = next8();

        if (page) {
            memset(page, len, 600);
            page[12] = how & 32 ? 0x86 : 0x08;
            page[13] = how & 32 ? 0xdd : 0;
            page[20] = page[23] = 6;
        }
        if (how & 128 && page)
            liar.entries[ref].held = next8() > 250;
        slot->response =
            (struct xen_rx_response){0, how & 64 ? next16() : 0, how & 15,
                                     how & 128 ? (int16_t)next16() : (int16_t)(len * 5)};
    }
    ring->head.response_produced = *seen;
}

static void use_tx(uint32_t queue)
{
    struct xen_tx_ring *ring = (void *)liar_page(ring_of(queue, 0));
    uint32_t *seen = &liar.seen[2 * queue];
    const uint8_t how = next8();
    union xen_tx_slot *slot;

    if (!ring || *seen == ring->head.request_produced)
        return;
    slot = &ring->slots[(*seen)++ % XEN_RING_SLOTS];
    slot->response = (struct xen_tx_response){how & 1 ? next16() : slot->request.id,
                                              how & 2 ? (int16_t)next8() : XEN_STATUS_OKAY};
    ring->head.response_produced = *seen;
}

/* ---- the driver --------------------------------------------------------------------------- */

/* Reads all bytes of a piece, so that a sanitizer detects those that aren't the frame's: by a call
 * that it checks as a whole, because a loop of so many rounds would be slow. */
static void read_all(const struct leat_buf *piece)
{
    static uint8_t copy[XEN_PAGE_BYTES];

    demand(piece->len <= sizeof copy);
    memcpy(copy, piece->data, piece->len);
    __asm__ volatile("" : : "r"(copy) : "memory"); /* as if the copy were used */
}

/* Nothing that the stack has is within the other domain's reach. */
static void check_reach(const uint8_t *data)
{
    if (data < world.pages || data >= world.pages + sizeof world.pages)
        return;
    demand(!liar_page(LIAR_FIRST_REF + (uint32_t)(data - world.pages) / XEN_PAGE_BYTES));
}

static void check_frame(const struct leat_buf *frame)
{
    const struct leat_buf *piece = frame;
    uint32_t total = 0;
    const uint32_t most = frame->segment_bytes > 0 ? UINT16_MAX : world.xen.netif.mtu;

    demand(frame->segment_bytes == 0 || frame->data[23] == 6 || frame->data[20] == 6);
    do {
        read_all(piece);
        check_reach(piece->data);
        total += piece->len;
        piece = piece->next;
    } while (piece);
    demand(total >= 14 && total <= most + 18);
}

static void receive(struct leat_pool *pool, struct leat_buf **kept)
{
    struct leat_netif *netif = &world.xen.netif;
    struct leat_buf *frames[BURST];
    const uint32_t count = netif->ops->receive(netif, liar.now_ns, pool, frames, BURST);

    demand(count <= BURST);
    for (uint32_t i = 0; i < count; i++) {
        check_frame(frames[i]);
        leat_buf_free(*kept); /* the stack keeps a frame for a while */
        *kept = frames[i];
    }
    liar.now_ns += 10000000;
    netif->ops->next_look_ns(netif, liar.now_ns);
}

/* Sends a frame that says that the stack has joined or left a group: with IGMP or MLD, in any
 * version. */
static void report(struct leat_pool *pool)
{
    static const uint8_t types[2][4] = {{0x22, 0x16, 0x12, 0x17}, {143, 131, 132, 0}};
    struct leat_netif *netif = &world.xen.netif;
    const uint8_t how = next8();
    const uint32_t v6 = how & 1, message = v6 ? 62 : 38, len = v6 ? 90 : 60;
    struct leat_buf *frame = leat_buf_alloc(pool, 0);
    uint8_t *at;

    if (!frame || netif->ops->transmit_room(netif) == 0) {
        leat_buf_free(frame);
        return;
    }
    at = leat_buf_put(frame, len);
    memset(at, 0, len);
    at[0] = 1;
    memcpy(at + 12, v6 ? "\x86\xdd\x60" : "\x08\x00\x46", 3);
    at[v6 ? 54 : 23] = v6 ? 58 : 2;
    at[message] = types[v6][how >> 1 & 3];
    at[message + 8] = how >> 3 & 7; /* of a record; or an address, as the next one */
    at[len - 1] = at[message + 7] = at[message + 15] = next8();
    netif->ops->transmit(netif, liar.now_ns, &frame, 1);
}

static void step(struct leat_pool *pool, struct leat_buf **kept, uint8_t what)
{
    switch (what & 7) {
    case 0:
    case 1:
        use_rx(what >> 3 & 1);
        break;
    case 2:
        use_tx(what >> 3 & 1);
        break;
    case 3:
        liar_scribble(ring_of(what >> 5 & 1, what >> 3 & 1), what >> 3 & 2);
        break;
    case 4:
        liar_store_answers();
        break;
    case 5:
        if (what & 8)
            report(pool);
        else
            pieces_transmit(&world.xen.netif, pool, next8(), 100, liar.now_ns);
        break;
    default:
        receive(pool, kept);
        break;
    }
}

static const char *const readings[] = {"/local/domain/3/backend/vif/9/0",
                                       "3",
                                       "00:16:3e:00:0a:00",
                                       "1500",
                                       "1",
                                       "1",
                                       "2",
                                       "1",
                                       "1",
                                       "1",
                                       "1",
                                       "1",
                                       "1",
                                       "2"};

/* An interface that is up, after a start without a lie: most inputs begin there, because that takes
 * less time than a start. */
static struct ready {
    bool is_made;
    struct leat_xen xen;
    struct leat_pool pool;
    struct xen_queue queues[LIAR_QUEUES];
    struct liar liar;
    uint8_t rings[LIAR_QUEUES][2 * XEN_PAGE_BYTES];
    uint8_t memory[(size_t)LIAR_WINDOW_PAGES * XEN_PAGE_BYTES];
    size_t memory_used;
} readies[8]; /* one for each configuration */

static struct xen_queue *take_queue(struct leat_xen *xen)
{
    struct xen_queue *queue = &world.queues[xen->queue_count];

    queue->pages = world.pages + (size_t)xen->queue_count * QUEUE_BYTES;
    xen_queue_init(queue, xen, xen->queue_count);
    return queue;
}

/* Starts the interface with configuration @how; false: it failed. */
static bool start(uint8_t how, size_t *memory_used)
{
    struct arena arena = {world.memory, world.memory + sizeof world.memory};
    const char *why;

    memset(&world.xen, 0, sizeof world.xen);
    memset(&world.pool, 0, sizeof world.pool);
    world.xen.store = &liar.store;
    world.xen.machine = &liar.machine;
    world.xen.take_queue = take_queue;
    world.xen.queues_max = how & 16 ? LIAR_QUEUES : 1;
    world.xen.window = (uintptr_t)world.memory;
    world.xen.window_pages = LIAR_WINDOW_PAGES;
    world.xen.no_offload = how & 1;
    world.xen.untrusted = how & 2;
    demand(pool_init(&world.pool, &arena, BUFFERS, BUFFER_BYTES, 64, 64));
    *memory_used = (size_t)(arena.next - world.memory);
    return xen_net_start(&world.xen, 0, NULL, 0, &why) == LEAT_OK;
}

static void make_ready(struct ready *ready, uint8_t how)
{
    liar_begin(NULL, 0, &world.xen.bus);
    liar.readings = readings;
    demand(start(how, &ready->memory_used));
    ready->is_made = true;
    ready->xen = world.xen;
    ready->pool = world.pool;
    ready->liar = liar;
    for (uint32_t i = 0; i < world.xen.queues_max; i++) {
        ready->queues[i] = world.queues[i];
        memcpy(ready->rings[i], world.queues[i].pages, sizeof ready->rings[i]);
    }
    memcpy(ready->memory, world.memory, ready->memory_used);
}

static void begin_ready(uint8_t how, const uint8_t *data, size_t size)
{
    struct ready *ready = &readies[(how & 3) | (how >> 2 & 4)];

    if (!ready->is_made)
        make_ready(ready, how);
    world.xen = ready->xen;
    world.pool = ready->pool;
    liar = ready->liar;
    for (uint32_t i = 0; i < world.xen.queues_max; i++) {
        world.queues[i] = ready->queues[i];
        memcpy(world.queues[i].pages, ready->rings[i], sizeof ready->rings[i]);
    }
    memcpy(world.memory, ready->memory, ready->memory_used);
    liar.at = data;
    liar.end = data + size;
}

/* Begins with the interface in its first state; false: it didn't start. */
static bool begin(const uint8_t *data, size_t size)
{
    const uint8_t how = size > 0 ? data[0] : 0;
    size_t memory_used;

    if (size > 0 && (how & 12) != 0) {
        begin_ready(how, data + 1, size - 1);
        return true;
    }
    liar_begin(data, size, &world.xen.bus);
    liar.readings = readings;
    return start(next8(), &memory_used);
}

/* Pages are free, or the other domain keeps them: none is lost otherwise. */
static void check_pages(void)
{
    uint32_t pages = liar_pages_held(), wanted = 0;

    for (uint32_t i = 0; i < world.xen.queues_max; i++) {
        if (!world.xen.queues[i])
            continue;
        pages += world.queues[i].rx_free_count;
        wanted += XEN_NET_RX_PAGES;
    }
    demand(pages >= wanted);
    demand(liar.ports == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct leat_buf *kept = NULL;

    if (begin(data, size)) {
        for (unsigned i = 0; i < STEPS_MAX && liar.at < liar.end; i++)
            step(&world.pool, &kept, next8());
        receive(&world.pool, &kept);
        world.xen.netif.ops->close(&world.xen.netif);
        world.xen.netif.ops->close(&world.xen.netif);
    }
    leat_buf_free(kept);
    demand(pool_is_whole(&world.pool));
    check_pages();
    return 0;
}
