/*
 * block.c -- a disk of Xen: requests to the other domain, and its answers.
 *
 * A request of the program is one of the ring, with up to 11 pages of its own.
 */
#include "block.h"

#include <leat/assert.h>

#include <string.h>

static const uint64_t open_ns = 30000000000; /* a hot-plug script may be slow */
static const uint64_t close_ns = 2000000000;

static struct leat_xen_block *block_of(struct leat_block_device *device)
{
    return (void *)device; /* its first member */
}

/* Ends a request that the other domain doesn't get. */
static void end(struct leat_xen_block *block, struct leat_block_request *request, enum leat_err err)
{
    request->err = err;
    request->next = NULL;
    *block->end = request;
    block->end = &request->next;
}

/* ---- requests ----------------------------------------------------------------------------- */

static enum xen_block_operation operation_of(enum leat_block_what what)
{
    switch (what) {
    case LEAT_BLOCK_WRITE:
        return XEN_BLOCK_WRITE;
    case LEAT_BLOCK_FLUSH:
        return XEN_BLOCK_FLUSH;
    case LEAT_BLOCK_DISCARD: /* isn't offered */
    case LEAT_BLOCK_READ:
    default:
        return XEN_BLOCK_READ;
    }
}

/* Fills in the segments, each a page but the last, and copies what is to be written. */
static void fill(struct leat_xen_block *block, uint32_t id,
                 const struct leat_block_request *request, struct xen_block_ring_request *out)
{
    const uint32_t total = request->buf ? leat_buf_total(request->buf) : 0;

    for (uint32_t done = 0; done < total;) {
        const uint32_t left = total - done;
        const uint32_t here = left < XEN_PAGE_BYTES ? left : (uint32_t)XEN_PAGE_BYTES;
        uint8_t *page = xen_block_page(block, id, out->segment_count);

        leat_assert(out->segment_count < XEN_BLOCK_SEGMENTS);
        if (out->operation == XEN_BLOCK_WRITE)
            leat_buf_read(request->buf, done, page, here);
        out->segments[out->segment_count++] = (struct xen_block_segment){
            .ref = xen_block_ref(block, page), .last = (uint8_t)(here / XEN_BLOCK_UNIT - 1)};
        done += here;
    }
}

static bool xen_block_start_one(struct leat_block_device *device,
                                struct leat_block_request *request)
{
    struct leat_xen_block *block = block_of(device);
    const uint64_t units = device->sector_bytes / XEN_BLOCK_UNIT;
    struct xen_block_ring_request out = {.operation = (uint8_t)operation_of(request->what),
                                         .handle = (uint16_t)block->bus.number};
    uint32_t id = 0;

    if (block->stopped) {
        end(block, request, LEAT_ERR_DEVICE);
        return true;
    }
    /* Without the feature the disk has no cache that a loss of power would empty. */
    if (out.operation == XEN_BLOCK_FLUSH && !(block->bus.features & XEN_BUS_FLUSH)) {
        end(block, request, LEAT_OK);
        return true;
    }
    while (id < XEN_BLOCK_REQUESTS && block->requests[id])
        id++;
    if (id == XEN_BLOCK_REQUESTS)
        return false;
    out.id = id;
    out.unit = out.operation == XEN_BLOCK_FLUSH ? 0 : request->sector * units;
    fill(block, id, request, &out);
    block->requests[id] = request;
    xen_block_ring(block)->slots[block->ring.requests++ % XEN_BLOCK_RING_SLOTS].request = out;
    if (xen_ring_publish(&block->ring))
        block->machine->ops->notify(block->machine, block->port);
    return true;
}

/* ---- answers ------------------------------------------------------------------------------ */

/* THE place where a read is copied: once, out of pages that the other domain may still change. */
static void copy_out(const struct leat_xen_block *block, uint32_t id,
                     const struct leat_block_request *request)
{
    uint32_t at = 0; /* the pages of a request lie one behind the other */

    for (struct leat_buf *buf = request->buf; buf; buf = buf->next) {
        memcpy(buf->data, xen_block_page(block, id, 0) + at, buf->len);
        at += buf->len;
    }
}

/* Takes one answer; NULL: it answers nothing that was asked. */
static struct leat_block_request *take(struct leat_xen_block *block)
{
    const uint32_t slot = block->ring.responses++ % XEN_BLOCK_RING_SLOTS;
    struct xen_block_ring_response answer;
    struct leat_block_request *request;

    /* A copy, because the other domain may still write there. The barrier keeps the compiler from
     * reading it there again. */
    memcpy(&answer, &xen_block_ring(block)->slots[slot].response, sizeof answer);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    if (answer.id >= XEN_BLOCK_REQUESTS || !block->requests[answer.id])
        return NULL;
    request = block->requests[answer.id];
    block->requests[answer.id] = NULL;
    request->err = answer.status == XEN_BLOCK_OKAY          ? LEAT_OK
                   : answer.status == XEN_BLOCK_UNSUPPORTED ? LEAT_ERR_UNSUPPORTED
                                                            : LEAT_ERR_DEVICE;
    if (!request->err && request->what == LEAT_BLOCK_READ)
        copy_out(block, (uint32_t)answer.id, request);
    return request;
}

/* Looks whether the other domain wants to end the connection. */
static void look(struct leat_xen_block *block, uint64_t now_ns)
{
    if (xen_store_is_due(block->store) || now_ns >= xen_bus_due_ns(&block->bus))
        xen_block_serve(block, now_ns);
}

static struct leat_block_request *xen_block_finished(struct leat_block_device *device,
                                                     uint64_t now_ns)
{
    struct leat_xen_block *block = block_of(device);
    struct leat_block_request *request = NULL;
    uint32_t ready = 0;

    if (!block->stopped) {
        ready = xen_ring_ready(&block->ring);
        if (ready > 0 && ready != UINT32_MAX)
            request = take(block);
        if (ready > 0 && !request)
            xen_block_lose(block, "the backend of the disk broke the rules of its ring");
        else if (ready == 0)
            look(block, now_ns);
    }
    if (request)
        return request;
    request = block->ended;
    if (!request)
        return NULL;
    block->ended = request->next;
    if (!block->ended)
        block->end = &block->ended;
    return request;
}

/* ---- from the start to the end ------------------------------------------------------------ */

static void xen_block_close(struct leat_block_device *device)
{
    struct leat_xen_block *block = block_of(device);

    if (block->stopped)
        return;
    xen_block_leave(block, close_ns);
    xen_block_stop(block, LEAT_ERR_CLOSED);
}

static const struct leat_block_ops xen_block_ops = {
    .start = xen_block_start_one, .finished = xen_block_finished, .close = xen_block_close};

/* Fills in the facts of the backend; false: they are impossible. */
static bool set_facts(struct leat_xen_block *block)
{
    const uint32_t sector = block->bus.numbers[XEN_BUS_SECTOR_BYTES];

    if (sector < LEAT_BLOCK_SECTOR_MIN || sector > XEN_PAGE_BYTES || (sector & (sector - 1)) != 0)
        return false;
    block->block = (struct leat_block_device){
        .ops = &xen_block_ops,
        .name = "xen-block0",
        .sector_bytes = sector,
        .sectors = block->bus.disk_units / (sector / XEN_BLOCK_UNIT),
        .requests_max = XEN_BLOCK_REQUESTS,
        .pieces_max = 1,
        .piece_bytes_max = XEN_BLOCK_BYTES_MAX,
        .read_only = block->bus.numbers[XEN_BUS_DISK_INFO] & XEN_BLOCK_READ_ONLY};
    return block->block.sectors > 0;
}

static const char *why_not_up(const struct leat_xen_block *block)
{
    if (block->why_lost)
        return block->why_lost;
    if (block->bus.backend[0] == '\0')
        return "xenstore doesn't answer";
    return block->connected ? "the backend of the disk doesn't connect"
                            : "the backend of the disk isn't ready";
}

enum leat_err xen_block_start(struct leat_xen_block *block, unsigned number, const char **why)
{
    bool is_up;

    leat_assert(((uintptr_t)block->pages & (XEN_PAGE_BYTES - 1)) == 0);
    leat_assert(block->machine->ref_end - block->machine->ref_first >= XEN_BLOCK_PAGES);
    block->end = &block->ended;
    xen_bus_open(&block->bus, &xen_bus_vbd, block->store, number);
    is_up = xen_bus_run(&block->bus, block->machine, XEN_BUS_UP, open_ns, xen_block_serve, block);
    *why = is_up ? "its sectors have an impossible size or number" : why_not_up(block);
    if (is_up && set_facts(block))
        return LEAT_OK;
    xen_block_close(&block->block);
    return block->bus.missing ? LEAT_ERR_NOT_FOUND : LEAT_ERR_DEVICE;
}

struct leat_block_device *leat_xen_block_device(struct leat_xen_block *block)
{
    return &block->block;
}

const char *leat_xen_block_why(const struct leat_xen_block *block)
{
    return block->why_lost;
}
