/*
 * block.c -- see leat/block.h: the account of requests, and when to look at the device.
 *
 * The device is polled: a request that it has had for a time t is looked for again t / 4 later. So
 * the end is seen at most a quarter late, a slow disk costs a handful of looks, and a backend needs
 * neither interrupts nor a place in the stack's loop.
 */
#include <leat/assert.h>
#include <leat/block.h>
#include <leat/stack.h>

#include <string.h>

enum {
    ENDS_PER_LOOK = 64 /* callbacks in one poll, so that a fast device doesn't hold the loop */
};

static const uint64_t look_min_ns = 10000; /* between looks at a device that has a request */
static const uint64_t look_max_ns = 10000000;

/* ---- what the device gets */

/* Gives waiting requests to the device as long as it has room. */
static void feed(struct leat_block *block)
{
    struct leat_block_device *device = block->device;

    while (block->waiting && block->in_flight < device->requests_max) {
        struct leat_block_request *request = block->waiting;
        struct leat_block_request *next = request->next; /* the backend's once it has started */

        if (!device->ops->start(device, request)) {
            leat_assert(block->in_flight > 0); /* or nothing would offer it again */
            return;
        }
        block->waiting = next;
        if (!block->waiting)
            block->end = &block->waiting;
        block->in_flight++;
        block->is_fresh = true;
        block->quiet_since_ns = leat_now_ns(block->stack);
    }
}

/* ---- what the device has finished */

static void count_end(struct leat_block_counters *counters,
                      const struct leat_block_request *request, uint32_t sector_bytes)
{
    const uint64_t sectors = request->buf ? leat_buf_total(request->buf) / sector_bytes : 0;

    if (request->err)
        counters->failed++;
    else if (request->what == LEAT_BLOCK_READ)
        counters->sectors_read += sectors;
    else if (request->what == LEAT_BLOCK_WRITE)
        counters->sectors_written += sectors;
}

/* Ends up to @most requests; returns how many. The callback may submit others, and may close the
 * device. */
static unsigned collect(struct leat_block *block, unsigned most)
{
    unsigned count = 0;

    while (count < most && block->device && block->in_flight > 0) {
        struct leat_block_device *device = block->device;
        struct leat_block_request *request =
            device->ops->finished(device, leat_now_ns(block->stack));

        if (!request)
            break;
        count++;
        block->in_flight--;
        count_end(&block->counters, request, device->sector_bytes);
        request->on_done(request, request->err, request->arg);
    }
    return count;
}

/* Sets the time of the next look, if there is anything to look for. */
static void look_again(struct leat_block *block, bool soon)
{
    const uint64_t now_ns = leat_now_ns(block->stack);
    const uint64_t quarter_ns = (now_ns - block->quiet_since_ns) / 4;
    uint64_t wait_ns = quarter_ns < look_min_ns ? look_min_ns : quarter_ns;

    if (block->in_flight == 0)
        return;
    if (wait_ns > look_max_ns)
        wait_ns = look_max_ns;
    leat_timer_set(block->stack, &block->look, soon ? now_ns : now_ns + wait_ns);
}

static void look(struct leat_timer *timer, void *arg)
{
    struct leat_block *block = arg;
    unsigned count;

    (void)timer;
    block->is_fresh = false;
    count = collect(block, ENDS_PER_LOOK);
    if (!block->device)
        return;
    if (count > 0)
        block->quiet_since_ns = leat_now_ns(block->stack);
    feed(block);
    /* A file of the host has already done the requests that it got in this look. */
    look_again(block, block->is_fresh || count == ENDS_PER_LOOK);
}

/* ---- for programs */

/* True if the device can be used: its sectors have a possible size, and one fits into a buffer. */
static bool is_possible(const struct leat_block_device *device)
{
    const uint32_t bytes = device->sector_bytes;

    return bytes >= LEAT_BLOCK_SECTOR_MIN && bytes <= LEAT_BLOCK_SECTOR_MAX &&
           (bytes & (bytes - 1)) == 0 && device->sectors > 0 &&
           (device->piece_bytes_max == 0 || device->piece_bytes_max >= bytes);
}

enum leat_err leat_block_open(struct leat_block *block, struct leat *stack,
                              struct leat_block_device *device)
{
    leat_assert(device->ops && device->requests_max > 0);
    if (!is_possible(device))
        return LEAT_ERR_ARGUMENT;
    memset(block, 0, sizeof *block);
    block->stack = stack;
    block->device = device;
    block->end = &block->waiting;
    block->look.on_time = look;
    block->look.arg = block;
    return LEAT_OK;
}

/* True if the device takes so many buffers of a request, and one of @bytes. */
static bool takes(const struct leat_block_device *device, unsigned pieces, uint32_t bytes)
{
    return pieces <= LEAT_BLOCK_PIECES_MAX &&
           (device->pieces_max == 0 || pieces <= device->pieces_max) &&
           (device->piece_bytes_max == 0 || bytes <= device->piece_bytes_max);
}

/* True if the device has these sectors, at least one. */
static bool has(const struct leat_block_device *device, uint64_t first, uint64_t sectors)
{
    /* in this form, as a sum could wrap */
    return sectors > 0 && sectors <= device->sectors && first <= device->sectors - sectors;
}

/* The pieces and the range of a read or a write. */
static enum leat_err check_range(const struct leat_block_device *device,
                                 const struct leat_block_request *request)
{
    uint64_t bytes = 0;
    unsigned pieces = 0;

    for (const struct leat_buf *buf = request->buf; buf; buf = buf->next) {
        if (!takes(device, ++pieces, buf->len))
            return LEAT_ERR_TOO_BIG;
        bytes += buf->len;
    }
    if (bytes > UINT32_MAX)
        return LEAT_ERR_TOO_BIG;
    return bytes % device->sector_bytes == 0 &&
                   has(device, request->sector, bytes / device->sector_bytes)
               ? LEAT_OK
               : LEAT_ERR_ARGUMENT;
}

static enum leat_err check(const struct leat_block_device *device,
                           const struct leat_block_request *request)
{
    switch (request->what) {
    case LEAT_BLOCK_FLUSH:
        return request->buf ? LEAT_ERR_ARGUMENT : LEAT_OK;
    case LEAT_BLOCK_WRITE:
        if (device->read_only)
            return LEAT_ERR_UNSUPPORTED;
        return check_range(device, request);
    case LEAT_BLOCK_READ:
        return check_range(device, request);
    case LEAT_BLOCK_DISCARD:
        if (device->read_only || !device->discards)
            return LEAT_ERR_UNSUPPORTED;
        return !request->buf && has(device, request->sector, request->sectors) ? LEAT_OK
                                                                               : LEAT_ERR_ARGUMENT;
    default:
        return LEAT_ERR_ARGUMENT;
    }
}

static void count_submitted(struct leat_block_counters *counters, enum leat_block_what what)
{
    counters->reads += what == LEAT_BLOCK_READ;
    counters->writes += what == LEAT_BLOCK_WRITE;
    counters->flushes += what == LEAT_BLOCK_FLUSH;
}

enum leat_err leat_block_submit(struct leat_block *block, struct leat_block_request *request)
{
    enum leat_err err;

    leat_assert(request->on_done);
    if (!block->device)
        return LEAT_ERR_CLOSED;
    err = check(block->device, request);
    if (err)
        return err;
    count_submitted(&block->counters, request->what);
    request->next = 0;
    request->err = LEAT_OK;
    *block->end = request;
    block->end = &request->next;
    feed(block);
    /* A file of the host has it done already, so the first look is at once. */
    leat_timer_set(block->stack, &block->look, leat_now_ns(block->stack));
    return LEAT_OK;
}

uint32_t leat_block_pending(const struct leat_block *block)
{
    uint32_t count = block->in_flight;

    for (const struct leat_block_request *request = block->waiting; request;
         request = request->next)
        count++;
    return count;
}

const struct leat_block_counters *leat_block_counters(const struct leat_block *block)
{
    return &block->counters;
}

void leat_block_close(struct leat_block *block)
{
    struct leat_block_device *device = block->device;
    struct leat_block_request *request;

    if (!device)
        return;
    leat_timer_cancel(block->stack, &block->look);
    device->ops->close(device);
    /* From here on a callback that submits another request is refused, so both loops end. */
    block->device = 0;
    for (; block->in_flight > 0; block->in_flight--) {
        request = device->ops->finished(device, leat_now_ns(block->stack));
        leat_assert(request);
        count_end(&block->counters, request, device->sector_bytes);
        request->on_done(request, request->err, request->arg);
        leat_assert(!block->device); /* not opened again yet */
    }
    while ((request = block->waiting)) {
        block->waiting = request->next;
        block->counters.failed++;
        request->err = LEAT_ERR_CLOSED;
        request->on_done(request, LEAT_ERR_CLOSED, request->arg);
        leat_assert(!block->device);
    }
}
