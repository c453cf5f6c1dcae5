/* xen_liar.c -- a store and another domain of Xen that break every rule. */
#include "xen_liar.h"

#include <string.h>

#include "demand.h"

enum {
    ANSWERS_MAX = 4096
};

/* Time passes even while the store writes without end; faster when no byte of the input is left to
 * change anything. A start still gets all answers in its 30 seconds, and a close in its two. */
static const uint64_t wait_ns = 10000000;
static const uint64_t rest_ns = 200000000;

struct liar liar;

uint8_t next8(void)
{
    return liar.at < liar.end ? *liar.at++ : 0;
}

uint16_t next16(void)
{
    const uint8_t low = next8();

    return (uint16_t)(low | next8() << 8);
}

uint32_t next32(void)
{
    const uint16_t low = next16();

    return low | (uint32_t)next16() << 16;
}

/* ---- the hypervisor ----------------------------------------------------------------------- */

static bool op_grant(struct xen_machine *machine, uint32_t ref, const void *page, uint16_t domain,
                     bool read_only)
{
    struct liar_entry *entry = &liar.entries[ref];

    (void)machine;
    demand(ref >= LIAR_FIRST_REF && ref < LIAR_REFS);
    demand((uintptr_t)page % XEN_PAGE_BYTES == 0);
    if (entry->page)
        return entry->page == page && entry->domain == domain && entry->read_only == read_only;
    *entry = (struct liar_entry){.page = page, .domain = domain, .read_only = read_only};
    return true;
}

static bool op_revoke(struct xen_machine *machine, uint32_t ref)
{
    (void)machine;
    demand(ref >= LIAR_FIRST_REF && ref < LIAR_REFS);
    if (liar.entries[ref].held)
        return false;
    liar.entries[ref].page = NULL;
    return true;
}

static bool op_port_open(struct xen_machine *machine, uint16_t domain, uint32_t *port)
{
    (void)machine;
    (void)domain;
    memset(liar.seen, 0, sizeof liar.seen); /* a connection has empty rings */
    *port = LIAR_PORT + liar.ports;
    if (next8() == 255)
        return false;
    liar.ports++;
    return true;
}

static void op_port_close(struct xen_machine *machine, uint32_t port)
{
    (void)machine;
    liar.ports--;
    demand(port == LIAR_PORT + liar.ports); /* the last one first */
}

static void op_notify(struct xen_machine *machine, uint32_t port)
{
    (void)machine;
    (void)port;
}

static uint64_t op_now_ns(struct xen_machine *machine)
{
    (void)machine;
    return liar.now_ns;
}

/* ---- the store ---------------------------------------------------------------------------- */

UNTRACED static void put_bytes(const void *bytes, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++)
        liar.ring.answers[liar.ring.answer_produced++ % XEN_STORE_RING_BYTES] =
            ((const uint8_t *)bytes)[i];
}

static void put_answer(uint32_t type, uint32_t request, const char *text, uint32_t len)
{
    const struct xen_store_head head = {.type = type, .request = request, .len = len};

    put_bytes(&head, sizeof head);
    put_bytes(text, len);
}

/* The answer of an honest store. */
static const char *honest(void)
{
    const struct xen_bus *bus = liar.bus;

    if (bus->phase == XEN_BUS_READING)
        return liar.readings[bus->step];
    if (bus->phase == XEN_BUS_LEARNING)
        return liar.facts[bus->step];
    return bus->phase == XEN_BUS_ANSWERING || bus->phase == XEN_BUS_UP ? "4" : "6";
}

void liar_store_answers(void)
{
    static const char lie[] = "/../:9999999999999999999999999999999999999999999999999999999999999";
    const uint32_t request = liar.store.request;
    const uint8_t how = next8();
    const char *text = honest();
    char digit[2] = {(char)('0' + (how >> 4) % 8), '\0'};

    liar.ring.request_consumed = liar.ring.request_produced;
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
        liar.now_ns += UINT64_C(1000000000) * next8();
        break;
    case 14:
        put_answer(next32(), next32(), lie, next8() % sizeof lie);
        break;
    case 15:
        liar.ring.answer_produced = next32();
        liar.ring.request_consumed = next32();
        break;
    default:
        put_answer(XEN_STORE_READ, request, text, (uint32_t)strlen(text));
        break;
    }
}

static void op_wait(struct xen_machine *machine, uint64_t deadline_ns)
{
    (void)machine;
    demand(liar.answers++ < ANSWERS_MAX); /* no store can keep the driver at its start */
    if (liar.bus->asked && liar.store.state == XEN_STORE_ASKED)
        liar_store_answers();
    liar.now_ns += liar.at < liar.end ? wait_ns : rest_ns;
    if (!xen_store_is_due(&liar.store) && deadline_ns > liar.now_ns)
        liar.now_ns = deadline_ns;
}

static const struct xen_machine_ops ops = {.grant = op_grant,
                                           .revoke = op_revoke,
                                           .port_open = op_port_open,
                                           .port_close = op_port_close,
                                           .notify = op_notify,
                                           .wait = op_wait,
                                           .now_ns = op_now_ns};

/* ---- the other domain --------------------------------------------------------------------- */

uint8_t *liar_page(uint32_t ref)
{
    union {
        const uint8_t *granted;
        uint8_t *bytes;
    } page = {ref < LIAR_REFS && !liar.entries[ref].read_only ? liar.entries[ref].page : NULL};

    return page.bytes;
}

void liar_scribble(uint32_t ref, bool anywhere)
{
    uint8_t *ring = liar_page(ref);
    const uint16_t at = next16() % (XEN_PAGE_BYTES - 4);
    const uint32_t value = next32();

    if (ring)
        memcpy(ring + (anywhere ? at : at % 16 & ~3u), &value, sizeof value);
}

UNTRACED uint32_t liar_pages_held(void)
{
    uint32_t held = 0;

    for (uint32_t ref = LIAR_FIRST_REF; ref < LIAR_REFS; ref++) {
        if (!liar.entries[ref].page)
            continue;
        demand(liar.entries[ref].held);
        held++;
    }
    return held;
}

void liar_begin(const uint8_t *data, size_t size, const struct xen_bus *bus)
{
    memset(liar.entries, 0, sizeof liar.entries);
    memset(&liar.ring, 0, sizeof liar.ring);
    liar.at = data;
    liar.end = size > 0 ? data + size : data; /* an empty input may be NULL */
    liar.answers = liar.ports = 0;
    liar.now_ns = 1000000000;
    liar.bus = bus;
    liar.machine = (struct xen_machine){&ops, &liar.ring, 1, LIAR_FIRST_REF, LIAR_REFS};
    xen_store_open(&liar.store, &liar.machine);
}
