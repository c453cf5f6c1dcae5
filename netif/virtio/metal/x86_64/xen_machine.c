/*
 * xen_machine.c -- grants, event channels and time of a guest, for the drivers of Xen's devices.
 *
 * The grant table (public/grant_table.h, version 1) is shared with Xen, which marks in it what the
 * other domain has mapped.
 */
#include <leat/metal.h>

#include "cpu.h"
#include "machine.h"
#include "xen_guest.h"
#include "../metal.h"

enum {
    REFS_A_PAGE = 512,
    REFS_RESERVED = 8,    /* the tool stack's: console and store */
    TABLE_PAGES_MAX = 80, /* as many as the driver's pages and 128 MiB need */
    QUERY_SIZE = 6,       /* of XEN_GRANT_TABLE_OP */
    GRANT_ACCESS = 1,
    GRANT_READ_ONLY = 1 << 2,
    GRANT_READING = 1 << 3,
    GRANT_WRITING = 1 << 4,
    PORT_CLOSE = 3, /* of XEN_EVENT_CHANNEL_OP */
    PORT_ALLOC_UNBOUND = 6
};

/* struct grant_entry_v1 */
struct grant {
    uint16_t flags;
    uint16_t domain;
    uint32_t frame;
};

/* The hypervisor as one driver has it: with pages of the grant table that are the driver's alone.
 */
struct driver {
    struct xen_machine machine; /* first: its address is also that of the struct */
    struct grant *grants;
    uint32_t first; /* the reference of the first one */
};

static uint32_t table_pages; /* in use */

static struct grant *grant_of(struct xen_machine *machine, uint32_t ref)
{
    const struct driver *driver = (const void *)machine;

    return &driver->grants[ref - driver->first];
}

static bool op_grant(struct xen_machine *machine, uint32_t ref, const void *page, uint16_t domain,
                     bool read_only)
{
    const uint16_t flags = GRANT_ACCESS | (read_only ? GRANT_READ_ONLY : 0);
    const uint32_t frame = (uint32_t)((uintptr_t)page / XEN_PAGE_BYTES);
    struct grant *grant = grant_of(machine, ref);
    const uint16_t now = __atomic_load_n(&grant->flags, __ATOMIC_ACQUIRE);

    if (now != 0)
        return (now & ~(GRANT_READING | GRANT_WRITING)) == flags && grant->domain == domain &&
               grant->frame == frame;
    grant->frame = frame;
    grant->domain = domain;
    __atomic_store_n(&grant->flags, flags, __ATOMIC_RELEASE);
    return true;
}

static bool op_revoke(struct xen_machine *machine, uint32_t ref)
{
    struct grant *grant = grant_of(machine, ref);
    uint16_t flags = __atomic_load_n(&grant->flags, __ATOMIC_ACQUIRE);

    /* Xen sets the last two as the other domain maps the page, so only an exchange is safe. It
     * changes them once each at most between two tries. */
    for (unsigned i = 0; i < 8; i++) {
        if (flags & (GRANT_READING | GRANT_WRITING))
            return false;
        if (__atomic_compare_exchange_n(&grant->flags, &flags, 0, false, __ATOMIC_SEQ_CST,
                                        __ATOMIC_ACQUIRE))
            return true;
    }
    return false;
}

static bool op_port_open(struct xen_machine *machine, uint16_t domain, uint32_t *port)
{
    struct {
        uint16_t domain, remote;
        uint32_t port;
    } unbound = {.domain = XEN_DOMID_SELF, .remote = domain};

    (void)machine;
    if (xen_call(XEN_EVENT_CHANNEL_OP, PORT_ALLOC_UNBOUND, &unbound, 0) != 0)
        return false;
    *port = unbound.port;
    return true;
}

static void op_port_close(struct xen_machine *machine, uint32_t port)
{
    (void)machine;
    xen_call(XEN_EVENT_CHANNEL_OP, PORT_CLOSE, &port, 0);
}

static void op_notify(struct xen_machine *machine, uint32_t port)
{
    (void)machine;
    xen_notify(port);
}

static uint64_t op_now_ns(struct xen_machine *machine)
{
    (void)machine;
    return clock_ns();
}

static void op_wait(struct xen_machine *machine, uint64_t deadline_ns)
{
    const uint64_t now_ns = clock_ns();

    (void)machine;
    if (deadline_ns > now_ns)
        interrupts_wait(deadline_ns - now_ns);
}

static const struct xen_machine_ops ops = {.grant = op_grant,
                                           .revoke = op_revoke,
                                           .port_open = op_port_open,
                                           .port_close = op_port_close,
                                           .notify = op_notify,
                                           .wait = op_wait,
                                           .now_ns = op_now_ns};

/* How many pages of the grant table one more driver may have. */
static uint32_t table_pages_max(void)
{
    struct {
        uint16_t domain, pad;
        uint32_t pages, pages_max;
        int16_t status;
    } size = {.domain = XEN_DOMID_SELF};

    if (xen_call(XEN_GRANT_TABLE_OP, QUERY_SIZE, &size, 1) != 0 || size.status != 0)
        return 0;
    if (size.pages_max <= table_pages)
        return 0;
    size.pages_max -= table_pages;
    return size.pages_max < TABLE_PAGES_MAX ? size.pages_max : TABLE_PAGES_MAX;
}

bool xen_machine_is_here(void)
{
    return xen_guest();
}

bool xen_machine_find_store(struct xen_machine *machine)
{
    *machine = (struct xen_machine){.ops = &ops,
                                    .store = xen_param_page(XEN_PARAM_STORE_PAGE),
                                    .store_port = (uint32_t)xen_param(XEN_PARAM_STORE_PORT)};
    return machine->store != NULL;
}

void xen_machine_on_wait(bool (*asks_end)(uint64_t now_ns))
{
    xen_on_wait(asks_end);
}

void xen_machine_end_is_reboot(bool reboot)
{
    xen_end_is_reboot(reboot);
}

void *xen_machine_pages(struct leat_metal *metal, uint32_t count)
{
    const size_t bytes = (size_t)(count + 1) * XEN_PAGE_BYTES;
    const uintptr_t mask = XEN_PAGE_BYTES - 1;
    void *memory = leat_metal_take(metal, bytes - 1);

    return memory ? (void *)(((uintptr_t)memory + mask) & ~mask) : NULL;
}

struct xen_machine *xen_machine_open(struct leat_metal *metal, uint32_t refs, const char **why)
{
    const uint32_t reserved = table_pages == 0 ? REFS_RESERVED : 0;
    const uint32_t first = table_pages * REFS_A_PAGE;
    const uint32_t wanted = (reserved + refs + REFS_A_PAGE - 1) / REFS_A_PAGE;
    const uint32_t most = table_pages_max();
    const uint32_t pages = wanted < most ? wanted : most;
    struct driver *driver = leat_metal_take(metal, sizeof *driver);
    uint8_t *table = xen_machine_pages(metal, pages);

    *why = "no memory for the grant table, or Xen allows none";
    if (!driver || !table || pages == 0)
        return NULL;
    for (uint32_t i = 0; i < pages; i++) {
        if (!xen_map_page(XEN_MAP_GRANT_TABLE, table_pages + i,
                          (uintptr_t)table + (uintptr_t)i * XEN_PAGE_BYTES))
            return NULL;
    }
    table_pages += pages;
    *driver = (struct driver){.machine = {.ops = &ops,
                                          .ref_first = first + reserved,
                                          .ref_end = first + pages * REFS_A_PAGE},
                              .grants = (void *)table,
                              .first = first};
    return &driver->machine;
}
