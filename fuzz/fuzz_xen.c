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

enum {
    BUFFERS = 96,
    BUFFER_BYTES = 512,
    WINDOW_PAGES = 32,
    FIRST_REF = 8,
    REFS = FIRST_REF + XEN_NET_PAGES + WINDOW_PAGES,
    STEPS_MAX = 200,
    BURST = 16,
    PORT = 7,
    ANSWERS_MAX = 4096
};

/* Time passes even while the store writes without end. */
static const uint64_t wait_ns = 10000000;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct entry {
    const uint8_t *page; /* NULL: not granted */
    uint16_t domain;
    bool read_only;
    bool held; /* the other domain doesn't let go */
};

/* The other domain of this input, and the driver. */
struct world {
    struct xen_machine machine;
    const uint8_t *at, *end;
    struct entry entries[REFS];
    struct xen_store_ring store;
    uint32_t answers;
    uint32_t tx_seen, rx_seen;
    uint64_t now_ns;
    struct leat_xen xen;
    uint8_t pages[(size_t)XEN_NET_PAGES * XEN_PAGE_BYTES] __attribute__((aligned(4096)));
    uint8_t memory[(size_t)WINDOW_PAGES * XEN_PAGE_BYTES] __attribute__((aligned(4096)));
};

static struct world world;

static uint8_t next8(void)
{
    return world.at < world.end ? *world.at++ : 0;
}

static uint16_t next16(void)
{
    const uint8_t low = next8();

    return (uint16_t)(low | next8() << 8);
}

static uint32_t next32(void)
{
    const uint16_t low = next16();

    return low | (uint32_t)next16() << 16;
}

/* ---- the hypervisor ----------------------------------------------------------------------- */

static bool op_grant(struct xen_machine *machine, uint32_t ref, const void *page, uint16_t domain,
                     bool read_only)
{
    struct entry *entry = &world.entries[ref];

    (void)machine;
    demand(ref >= FIRST_REF && ref < REFS);
    demand((uintptr_t)page % XEN_PAGE_BYTES == 0);
    if (entry->page)
        return entry->page == page && entry->domain == domain && entry->read_only == read_only;
    *entry = (struct entry){.page = page, .domain = domain, .read_only = read_only};
    return true;
}

static bool op_revoke(struct xen_machine *machine, uint32_t ref)
{
    (void)machine;
    demand(ref >= FIRST_REF && ref < REFS);
    if (world.entries[ref].held)
        return false;
    world.entries[ref].page = NULL;
    return true;
}

static bool op_port_open(struct xen_machine *machine, uint16_t domain, uint32_t *port)
{
    (void)machine;
    (void)domain;
    *port = PORT;
    world.rx_seen = world.tx_seen = 0; /* a connection has empty rings */
    return next8() != 255;
}

static void op_port_close(struct xen_machine *machine, uint32_t port)
{
    (void)machine;
    demand(port == PORT);
}

static void op_notify(struct xen_machine *machine, uint32_t port)
{
    (void)machine;
    (void)port;
}

static uint64_t op_now_ns(struct xen_machine *machine)
{
    (void)machine;
    return world.now_ns;
}

/* ---- the store ---------------------------------------------------------------------------- */

static void put_bytes(const void *bytes, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++)
        world.store.answers[world.store.answer_produced++ % XEN_STORE_RING_BYTES] =
            ((const uint8_t *)bytes)[i];
}

static void put_answer(uint32_t type, uint32_t request, const char *text, uint32_t len)
{
    const struct xen_store_head head = {.type = type, .request = request, .len = len};

    put_bytes(&head, sizeof head);
    put_bytes(text, len);
}

/* The answer of an honest store. Without it no input would get as far as the rings. */
static const char *honest(void)
{
    const struct xen_bus *bus = &world.xen.bus;
    static const char *const values[] = {"/local/domain/3/backend/vif/9/0",
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
                                         "1"};

    if (bus->phase == XEN_BUS_READING && bus->step < sizeof values / sizeof *values)
        return values[bus->step];
    return bus->phase == XEN_BUS_ANSWERING || bus->phase == XEN_BUS_UP ? "4" : "6";
}

static void store_answers(void)
{
    static const char lie[] = "/../:9999999999999999999999999999999999999999999999999999999999999";
    const uint32_t request = world.xen.store.request;
    const uint8_t how = next8();
    const char *text = honest();
    char digit[2] = {(char)('0' + (how >> 4) % 8), '\0'};

    world.store.request_consumed = world.store.request_produced;
    switch (how & 15) {
    case 9: /* a number, or a state */
        put_answer(XEN_STORE_READ, request, digit, 1);
        break;
    case 10:
        put_answer(XEN_STORE_ERROR, request, "ENOENT", 7);
        break;
    case 11:
        put_answer(XEN_STORE_READ, request, lie, next8() % sizeof lie);
        break;
    case 12:
        put_answer(XEN_STORE_WATCH_EVENT, next32(), lie, next8() % sizeof lie);
        break;
    case 13: /* silence */
        world.now_ns += UINT64_C(1000000000) * next8();
        break;
    case 14:
        put_answer(next32(), next32(), lie, next8() % sizeof lie);
        break;
    case 15:
        world.store.answer_produced = next32();
        world.store.request_consumed = next32();
        break;
    default:
        put_answer(XEN_STORE_READ, request, text, (uint32_t)strlen(text));
        break;
    }
}

static void op_wait(struct xen_machine *machine, uint64_t deadline_ns)
{
    (void)machine;
    demand(world.answers++ < ANSWERS_MAX); /* no store can keep the driver at its start */
    if (world.xen.bus.asked && world.xen.store.state == XEN_STORE_ASKED)
        store_answers();
    world.now_ns += wait_ns;
    if (!xen_store_is_due(&world.xen.store) && deadline_ns > world.now_ns)
        world.now_ns = deadline_ns;
}

static const struct xen_machine_ops ops = {.grant = op_grant,
                                           .revoke = op_revoke,
                                           .port_open = op_port_open,
                                           .port_close = op_port_close,
                                           .notify = op_notify,
                                           .wait = op_wait,
                                           .now_ns = op_now_ns};

/* ---- the rings ---------------------------------------------------------------------------- */

/* The page that the other domain may write to; NULL: none. */
static uint8_t *page_of(uint32_t ref)
{
    union {
        const uint8_t *granted;
        uint8_t *bytes;
    } page = {ref < REFS && !world.entries[ref].read_only ? world.entries[ref].page : NULL};

    return page.bytes;
}

/* Responds to the next request, correctly unless the input changes something. */
static void use_rx(void)
{
    struct xen_rx_ring *ring = (void *)page_of(FIRST_REF + 1);
    const uint8_t how = next8();
    union xen_rx_slot *slot;
    uint8_t *page;

    if (!ring || world.rx_seen == ring->head.request_produced)
        return;
    slot = &ring->slots[world.rx_seen++ % XEN_RING_SLOTS];
    page = page_of(slot->request.ref);
    if (how & 16) {
        slot->extra = (struct xen_extra){next8() & 7, next8() & 3, next16(), next8() & 3, 0, 0};
    } else {
        const uint8_t len = next8();

        if (page) {
            memset(page, len, 600);
            page[12] = how & 32 ? 0x86 : 0x08;
            page[13] = how & 32 ? 0xdd : 0;
            page[20] = page[23] = 6;
        }
        if (how & 128 && page)
            world.entries[slot->request.ref].held = next8() > 250;
        slot->response =
            (struct xen_rx_response){0, how & 64 ? next16() : 0, how & 15,
                                     how & 128 ? (int16_t)next16() : (int16_t)(len * 5)};
    }
    ring->head.response_produced = world.rx_seen;
}

static void use_tx(void)
{
    struct xen_tx_ring *ring = (void *)page_of(FIRST_REF);
    const uint8_t how = next8();
    union xen_tx_slot *slot;

    if (!ring || world.tx_seen == ring->head.request_produced)
        return;
    slot = &ring->slots[world.tx_seen++ % XEN_RING_SLOTS];
    slot->response = (struct xen_tx_response){how & 1 ? next16() : slot->request.id,
                                              how & 2 ? (int16_t)next8() : XEN_STATUS_OKAY};
    ring->head.response_produced = world.tx_seen;
}

/* Writes anywhere into one of the rings. */
static void scribble(uint8_t which)
{
    uint8_t *ring = page_of(FIRST_REF + (which & 1u));
    const uint16_t at = next16() % (XEN_PAGE_BYTES - 4);
    const uint32_t value = next32();

    if (ring)
        memcpy(ring + (which & 2 ? at : at % 16 & ~3u), &value, sizeof value);
}

/* ---- the driver --------------------------------------------------------------------------- */

static void check_frame(const struct leat_buf *frame)
{
    const uint32_t total = leat_buf_total(frame);
    const uint32_t most = frame->segment_bytes > 0 ? UINT16_MAX : world.xen.netif.mtu;
    volatile uint8_t sum = 0;

    demand(total >= 14 && total <= most + 18);
    demand(frame->segment_bytes == 0 || frame->data[23] == 6 || frame->data[20] == 6);
    for (; frame; frame = frame->next) {
        for (uint32_t i = 0; i < frame->len; i++)
            sum = (uint8_t)(sum + frame->data[i]);
        /* nothing that the stack has is within the other domain's reach */
        for (uint32_t ref = FIRST_REF + 2; ref < FIRST_REF + XEN_NET_PAGES; ref++)
            demand(!page_of(ref) || frame->data < page_of(ref) ||
                   frame->data >= page_of(ref) + XEN_PAGE_BYTES);
    }
}

static void receive(struct leat_pool *pool, struct leat_buf **kept)
{
    struct leat_netif *netif = &world.xen.netif;
    struct leat_buf *frames[BURST];
    const uint32_t count = netif->ops->receive(netif, world.now_ns, pool, frames, BURST);

    demand(count <= BURST);
    for (uint32_t i = 0; i < count; i++) {
        check_frame(frames[i]);
        leat_buf_free(*kept); /* the stack keeps a frame for a while */
        *kept = frames[i];
    }
    world.now_ns += 10000000;
    netif->ops->next_look_ns(netif, world.now_ns);
}

static void step(struct leat_pool *pool, struct leat_buf **kept, uint8_t what)
{
    switch (what & 7) {
    case 0:
    case 1:
        use_rx();
        break;
    case 2:
        use_tx();
        break;
    case 3:
        scribble(what >> 3);
        break;
    case 4:
        store_answers();
        break;
    case 5:
        pieces_transmit(&world.xen.netif, pool, next8(), 100, world.now_ns);
        break;
    default:
        receive(pool, kept);
        break;
    }
}

/* Pages are free, or the other domain keeps them: none is lost otherwise. */
static void check_pages(void)
{
    uint32_t held = 0;

    for (uint32_t ref = FIRST_REF; ref < REFS; ref++) {
        held += world.entries[ref].held && world.entries[ref].page;
        demand(!world.entries[ref].page || world.entries[ref].held);
    }
    demand(world.xen.rx_free_count + held >= XEN_NET_RX_PAGES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {world.memory, world.memory + sizeof world.memory};
    struct leat_pool pool = {0};
    struct leat_buf *kept = NULL;
    const char *why;
    uint8_t how;

    memset(&world.xen, 0, sizeof world.xen);
    memset(world.entries, 0, sizeof world.entries);
    memset(&world.store, 0, sizeof world.store);
    world.at = data;
    world.end = data + size;
    world.answers = 0;
    world.now_ns = 1000000000;
    world.machine = (struct xen_machine){&ops, &world.store, 1, FIRST_REF, REFS};
    world.xen.machine = &world.machine;
    world.xen.pages = world.pages;
    world.xen.window = (uintptr_t)world.memory;
    world.xen.window_pages = WINDOW_PAGES;
    how = next8();
    world.xen.no_offload = how & 1;
    world.xen.untrusted = how & 2;
    demand(pool_init(&pool, &arena, BUFFERS, BUFFER_BYTES, 64, 64));
    if (xen_net_start(&world.xen, 0, NULL, 0, &why) == LEAT_OK) {
        for (unsigned i = 0; i < STEPS_MAX && world.at < world.end; i++)
            step(&pool, &kept, next8());
        receive(&pool, &kept);
        world.xen.netif.ops->close(&world.xen.netif);
        world.xen.netif.ops->close(&world.xen.netif);
    }
    leat_buf_free(kept);
    demand(pool_is_whole(&pool));
    check_pages();
    return 0;
}
