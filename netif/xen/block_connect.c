/* block_connect.c -- a disk's connection to the other domain: made, and lost. */
#include "block.h"

#include <string.h>

static const uint64_t leave_ns = 100000000; /* the stack stands still meanwhile */

/* Takes back the pages. */
static void disconnect(struct leat_xen_block *block)
{
    struct xen_machine *machine = block->machine;

    if (!block->connected)
        return;
    block->connected = false;
    machine->ops->port_close(machine, block->port);
    for (uint32_t page = 0; page < XEN_BLOCK_PAGES; page++) {
        if (!machine->ops->revoke(machine, machine->ref_first + page))
            block->pages_kept++;
    }
}

void xen_block_stop(struct leat_xen_block *block, enum leat_err err)
{
    block->stopped = true;
    disconnect(block);
    for (uint32_t id = 0; id < XEN_BLOCK_REQUESTS; id++) {
        struct leat_block_request *request = block->requests[id];

        block->requests[id] = NULL;
        if (!request)
            continue;
        request->err = err;
        request->next = NULL;
        *block->end = request;
        block->end = &request->next;
    }
}

void xen_block_lose(struct leat_xen_block *block, const char *why)
{
    if (block->stopped)
        return;
    block->why_lost = why;
    xen_block_stop(block, LEAT_ERR_DEVICE);
}

static void connect(struct leat_xen_block *block)
{
    struct xen_machine *machine = block->machine;
    uint32_t page;
    bool good = true;

    memset(block->pages, 0, (size_t)XEN_BLOCK_PAGES * XEN_PAGE_BYTES);
    xen_ring_init(&block->ring, &xen_block_ring(block)->head);
    for (page = 0; page < XEN_BLOCK_PAGES && good; page++)
        good = machine->ops->grant(machine, machine->ref_first + page,
                                   block->pages + (size_t)page * XEN_PAGE_BYTES, block->bus.domain,
                                   false);
    if (!good || !machine->ops->port_open(machine, block->bus.domain, &block->port)) {
        while (page > 0)
            machine->ops->revoke(machine, machine->ref_first + --page);
        xen_block_lose(block, "there is no event channel for the disk, or no grant");
        return;
    }
    block->connected = true;
    block->bus.ring_count = 1;
    block->bus.rings[0][0] = machine->ref_first;
    block->bus.rings[0][1] = block->port;
    xen_bus_connect(&block->bus);
}

static bool serve_end(void *arg, uint64_t now_ns)
{
    struct leat_xen_block *block = arg;

    xen_bus_step(&block->bus, now_ns);
    return block->bus.phase != XEN_BUS_FAILED;
}

void xen_block_leave(struct leat_xen_block *block, uint64_t most_ns)
{
    xen_bus_close(&block->bus, block->machine->ops->now_ns(block->machine));
    xen_bus_run(&block->bus, block->machine, XEN_BUS_ENDED, most_ns, serve_end, block);
}

bool xen_block_serve(void *arg, uint64_t now_ns)
{
    struct leat_xen_block *block = arg;

    xen_bus_step(&block->bus, now_ns);
    if (block->bus.phase == XEN_BUS_READY)
        connect(block);
    if (block->bus.phase == XEN_BUS_DOWN) {
        xen_block_leave(block, leave_ns); /* or the tool stack would wait for us */
        xen_block_lose(block, "the backend of the disk has gone");
    } else if (block->bus.phase == XEN_BUS_FAILED) {
        xen_block_lose(block, block->bus.why);
    }
    return !block->why_lost;
}
