/* shelf.c -- see shelf.h. */
#include "shelf.h"

#include <string.h>

#include <leat/civil.h>

enum {
    VERSION = 1 /* of the value */
};

static const uint64_t fnv_basis = UINT64_C(0xcbf29ce484222325);
static const uint64_t fnv_prime = UINT64_C(0x100000001b3);
static const uint64_t second_ns = 1000000000;

static uint64_t sum_of(uint64_t sum, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        sum = (sum ^ bytes[i]) * fnv_prime;
    return sum;
}

static uint32_t sector_bytes(const struct shelf *shelf)
{
    return shelf->platform->area->device->sector_bytes;
}

static uint64_t sectors_for(const struct shelf *shelf, uint64_t bytes)
{
    return (bytes + sector_bytes(shelf) - 1) / sector_bytes(shelf);
}

static uint64_t sectors_of(const struct shelf *shelf, const struct shelf_copy *copy)
{
    uint64_t sectors = 0;

    for (unsigned i = 0; i < copy->count; i++)
        sectors += sectors_for(shelf, copy->texts[i].bytes);
    return sectors;
}

/* ---- access to the disk ---------------------------------------------------------------------- */

static enum leat_err io_go_on(struct shelf_io *io)
{
    struct leat_block *block = io->shelf->platform->area;
    const struct leat_block_device *device = block ? block->device : NULL;
    uint32_t part = io->left, most;

    if (!device)
        return LEAT_ERR_CLOSED;
    most = device->piece_bytes_max / device->sector_bytes * device->sector_bytes;
    if (most > 0 && part > most)
        part = most;
    io->view = (struct leat_buf){.data = io->bytes, .len = part};
    io->request.sector = io->sector;
    io->bytes += part;
    io->left -= part;
    io->sector += part / device->sector_bytes;
    return leat_block_submit(block, &io->request);
}

static void on_io(struct leat_block_request *request, enum leat_err err, void *arg)
{
    struct shelf_io *io = arg;

    (void)request;
    if (!err && io->left > 0) {
        err = io_go_on(io);
        if (!err)
            return;
    }
    io->is_busy = false;
    if (err != LEAT_ERR_CLOSED)
        io->on_end(io->shelf, err);
}

/* An error means that there will be no end. @len is whole sectors; 0: flushes. */
static enum leat_err io_begin(struct shelf_io *io, enum leat_block_what what, uint64_t sector,
                              uint8_t *bytes, uint32_t len)
{
    enum leat_err err;

    io->request = (struct leat_block_request){
        .what = what, .buf = len > 0 ? &io->view : NULL, .on_done = on_io, .arg = io};
    io->sector = sector;
    io->bytes = bytes;
    io->left = len;
    io->is_busy = true;
    if (len > 0)
        err = io_go_on(io);
    else
        err = leat_block_submit(io->shelf->platform->area, &io->request);
    io->is_busy = !err;
    return err;
}

/* ---- the value -------------------------------------------------------------------------------
 *
 * The version, then numbers of 8 bytes, the highest first: the sector, the time, and of each text
 * the bytes and the checksum; behind these its label and a NUL.
 */

static void put_number(uint8_t *at, uint64_t number)
{
    for (unsigned i = 0; i < sizeof number; i++)
        at[i] = (uint8_t)(number >> (56 - 8 * i));
}

static uint64_t get_number(const uint8_t *at)
{
    uint64_t number = 0;

    for (unsigned i = 0; i < sizeof number; i++)
        number = number << 8 | at[i];
    return number;
}

/* Writes @copy to the value; returns its length, or 0: it is too long. */
static size_t value_of(struct shelf *shelf, const struct shelf_copy *copy)
{
    uint8_t *at = shelf->value;
    size_t left = sizeof shelf->value - 17;

    at[0] = VERSION;
    put_number(at + 1, copy->sector);
    put_number(at + 9, copy->written_s);
    at += 17;
    for (unsigned i = 0; i < copy->count; i++) {
        const struct shelf_text *text = &copy->texts[i];
        const size_t len = strlen(text->label) + 1;

        if (left < 16 + len)
            return 0;
        put_number(at, text->bytes);
        put_number(at + 8, text->sum);
        memcpy(at + 16, text->label, len);
        at += 16 + len;
        left -= 16 + len;
    }
    return (size_t)(at - shelf->value);
}

/* Reads a text at @at; returns what is behind it, or NULL. */
static const uint8_t *take_text(struct shelf_text *text, const uint8_t *at, const uint8_t *end)
{
    size_t len;

    if (end - at <= 16)
        return NULL;
    text->bytes = get_number(at);
    text->sum = get_number(at + 8);
    at += 16;
    for (len = 0; at[len] != '\0';) {
        if (++len == (size_t)(end - at) || len == sizeof text->label)
            return NULL;
    }
    memcpy(text->label, at, len + 1);
    return at + len + 1;
}

/* True if the sectors of the copy are in the area. */
static bool is_inside(const struct shelf *shelf, const struct shelf_copy *copy)
{
    const struct leat_platform *platform = shelf->platform;
    const uint64_t end = platform->area_sector + platform->area_sectors;
    uint64_t left = end - copy->sector;

    if (copy->sector < platform->area_sector || copy->sector > end)
        return false;
    for (unsigned i = 0; i < copy->count; i++) {
        const uint64_t bytes = copy->texts[i].bytes;

        if (bytes > left * sector_bytes(shelf))
            return false;
        left -= sectors_for(shelf, bytes);
    }
    return true;
}

/* Reads the value, of @len bytes, to shelf->kept, which has no text if the value is of another
 * version or area. */
static void take_value(struct shelf *shelf, size_t len)
{
    const uint8_t *at = shelf->value, *end = at + len;
    struct shelf_copy *copy = &shelf->kept;

    if (len < 17 || at[0] != VERSION)
        return;
    copy->sector = get_number(at + 1);
    copy->written_s = get_number(at + 9);
    at += 17;
    while (at && at < end) {
        at = copy->count < SHELF_TEXTS ? take_text(&copy->texts[copy->count], at, end) : NULL;
        copy->count += at != NULL;
    }
    if (!at || !is_inside(shelf, copy))
        copy->count = 0;
}

static void on_got(struct leat_store *store, struct leat_store_request *request, enum leat_err err,
                   void *arg)
{
    struct shelf *shelf = arg;

    (void)store;
    shelf->is_opening = false;
    if (!err)
        take_value(shelf, request->len);
}

/* ---- a new copy ------------------------------------------------------------------------------ */

/* Where a new copy begins, and how many sectors it can have. One half has room, unless the size of
 * the area has changed since the former copy was written. */
static void find_room(const struct shelf *shelf, uint64_t *sector, uint64_t *sectors)
{
    const struct shelf_copy *kept = &shelf->kept;
    const uint64_t begin = shelf->platform->area_sector, all = shelf->platform->area_sectors;
    const uint64_t half = begin + all / 2, end = begin + all;
    const uint64_t kept_end = kept->sector + sectors_of(shelf, kept);

    *sector = begin;
    *sectors = 0;
    if (kept->count == 0)
        *sectors = all / 2;
    else if (kept->sector < half && kept_end <= half)
        *sector = half;
    else if (kept->sector < half && end - kept_end > kept->sector - begin)
        *sector = kept_end;
    else
        *sectors = kept->sector - begin;
    if (*sector != begin)
        *sectors = end - *sector;
}

static void end_commit(struct shelf *shelf, enum leat_err err)
{
    shelf->out.is_committing = false;
    shelf->out.is_open = false;
    shelf->out.on_done(shelf->out.arg, err);
}

/* Begins to write the chunk, filled up to a whole sector, if the one before is written. */
static void write_chunk(struct shelf *shelf)
{
    const uint64_t sectors = sectors_for(shelf, shelf->out.filled);
    const uint32_t len = (uint32_t)sectors * sector_bytes(shelf);
    uint8_t *chunk = shelf->out.chunks[shelf->out.chunk];

    if (shelf->out.io.is_busy)
        return;
    if (sectors > shelf->out.left) {
        shelf->out.err = LEAT_ERR_FULL;
        return;
    }
    memset(chunk + shelf->out.filled, 0, len - shelf->out.filled);
    shelf->out.err = io_begin(&shelf->out.io, LEAT_BLOCK_WRITE, shelf->out.sector, chunk, len);
    shelf->out.sector += sectors;
    shelf->out.left -= sectors;
    shelf->out.filled = 0;
    shelf->out.chunk ^= 1;
}

static void on_put(struct leat_store *store, struct leat_store_request *request, enum leat_err err,
                   void *arg)
{
    struct shelf *shelf = arg;

    (void)store;
    (void)request;
    if (err == LEAT_ERR_CLOSED)
        return;
    if (!err)
        shelf->kept = shelf->next;
    end_commit(shelf, err);
}

/* The device has been flushed. */
static void name_copy(struct shelf *shelf)
{
    const size_t len = value_of(shelf, &shelf->next);
    enum leat_err err = LEAT_ERR_TOO_BIG;

    if (len > 0)
        err = leat_store_put(shelf->platform->store, &shelf->request, shelf->name, shelf->value,
                             len, on_put, shelf);
    if (err)
        end_commit(shelf, err);
}

/* The next step of a commit: the last chunk, and a flush. */
static void commit_go_on(struct shelf *shelf)
{
    if (!shelf->out.err && !shelf->out.io.is_busy && shelf->out.filled > 0)
        write_chunk(shelf);
    if (shelf->out.io.is_busy)
        return;
    if (!shelf->out.err)
        shelf->out.err = io_begin(&shelf->out.io, LEAT_BLOCK_FLUSH, 0, NULL, 0);
    if (shelf->out.err)
        end_commit(shelf, shelf->out.err);
}

static void on_written(struct shelf *shelf, enum leat_err err)
{
    const bool was_flush = shelf->out.io.request.what == LEAT_BLOCK_FLUSH;

    if (err && !shelf->out.is_stale)
        shelf->out.err = err;
    shelf->out.is_stale = false;
    if (!shelf->out.is_open)
        return;
    if (!shelf->out.err && shelf->out.filled == SHELF_CHUNK_BYTES)
        write_chunk(shelf);
    if (!shelf->out.is_committing)
        shelf->out.on_room(shelf->out.room_arg);
    else if (was_flush && !shelf->out.err)
        name_copy(shelf);
    else
        commit_go_on(shelf);
}

void shelf_begin(struct shelf *shelf, void (*on_room)(void *arg), void *arg)
{
    shelf_cancel(shelf);
    find_room(shelf, &shelf->out.sector, &shelf->out.left);
    shelf->next.sector = shelf->out.sector;
    shelf->next.count = 0;
    shelf->out.filled = 0;
    shelf->out.err = LEAT_OK;
    shelf->out.on_room = on_room;
    shelf->out.room_arg = arg;
    shelf->out.is_open = true;
}

void shelf_text(struct shelf *shelf, const char *label)
{
    struct shelf_text *text = &shelf->next.texts[shelf->next.count];
    const size_t len = strlen(label);
    const uint32_t filled = shelf->out.filled;
    const uint32_t whole = (uint32_t)sectors_for(shelf, filled) * sector_bytes(shelf);

    if (shelf->next.count == SHELF_TEXTS || len >= sizeof text->label) {
        shelf->out.err = LEAT_ERR_TOO_BIG;
        return;
    }
    memset(shelf->out.chunks[shelf->out.chunk] + filled, 0, whole - filled);
    shelf->out.filled = whole;
    *text = (struct shelf_text){.sum = fnv_basis};
    memcpy(text->label, label, len + 1);
    shelf->next.count++;
    if (whole == SHELF_CHUNK_BYTES)
        write_chunk(shelf);
}

uint32_t shelf_space(const struct shelf *shelf)
{
    if (!shelf->out.is_open || shelf->out.err)
        return UINT32_MAX;
    return SHELF_CHUNK_BYTES - shelf->out.filled;
}

size_t shelf_add(struct shelf *shelf, const void *bytes, size_t len)
{
    struct shelf_text *text = &shelf->next.texts[shelf->next.count - 1];
    const size_t room = SHELF_CHUNK_BYTES - shelf->out.filled;

    if (!shelf->out.is_open || shelf->out.err)
        return len;
    if (len > room)
        len = room;
    memcpy(shelf->out.chunks[shelf->out.chunk] + shelf->out.filled, bytes, len);
    text->sum = sum_of(text->sum, bytes, len);
    text->bytes += len;
    shelf->out.filled += (uint32_t)len;
    if (shelf->out.filled == SHELF_CHUNK_BYTES)
        write_chunk(shelf);
    return len;
}

void shelf_commit(struct shelf *shelf, shelf_fn *on_done, void *arg)
{
    shelf->out.on_done = on_done;
    shelf->out.arg = arg;
    shelf->out.is_committing = true;
    shelf->next.written_s = leat_civil_ns(shelf->platform->stack) / second_ns;
    commit_go_on(shelf);
}

void shelf_cancel(struct shelf *shelf)
{
    shelf->out.is_open = false;
    shelf->out.is_stale = shelf->out.io.is_busy;
}

static void on_forgotten(struct leat_store *store, struct leat_store_request *request,
                         enum leat_err err, void *arg)
{
    struct shelf *shelf = arg;

    (void)store;
    (void)request;
    if (err != LEAT_ERR_CLOSED)
        shelf->forget.on_done(shelf->forget.arg, err == LEAT_ERR_NOT_FOUND ? LEAT_OK : err);
}

void shelf_forget(struct shelf *shelf, shelf_fn *on_done, void *arg)
{
    shelf_cancel(shelf);
    shelf->forget.on_done = on_done;
    shelf->forget.arg = arg;
    shelf->kept.count = 0;
    (void)leat_store_delete(shelf->platform->store, &shelf->forget.request, shelf->name,
                            on_forgotten, shelf);
}

/* ---- reading --------------------------------------------------------------------------------- */

static void end_read(struct shelf *shelf, enum leat_err err)
{
    shelf->in.text = NULL;
    shelf->in.on_done(shelf->in.arg, err);
}

/* Reads the next chunk at the sector behind the last one. */
static void read_next(struct shelf *shelf, uint64_t sector)
{
    enum leat_err err;

    shelf->in.len =
        shelf->in.left < SHELF_CHUNK_BYTES ? (uint32_t)shelf->in.left : (uint32_t)SHELF_CHUNK_BYTES;
    err = io_begin(&shelf->in.io, LEAT_BLOCK_READ, sector, shelf->in.chunk,
                   (uint32_t)sectors_for(shelf, shelf->in.len) * sector_bytes(shelf));
    if (err)
        end_read(shelf, err);
}

static void on_read(struct shelf *shelf, enum leat_err err)
{
    if (err) {
        end_read(shelf, err);
        return;
    }
    shelf->in.sum = sum_of(shelf->in.sum, shelf->in.chunk, shelf->in.len);
    shelf->in.left -= shelf->in.len;
    shelf->in.on_bytes(shelf->in.arg, shelf->in.chunk, shelf->in.len);
    if (shelf->in.left > 0)
        read_next(shelf, shelf->in.io.sector);
    else
        end_read(shelf, shelf->in.sum == shelf->in.text->sum ? LEAT_OK : LEAT_ERR_FORMAT);
}

void shelf_read(struct shelf *shelf, unsigned text,
                void (*on_bytes)(void *arg, const void *bytes, size_t len), shelf_fn *on_done,
                void *arg)
{
    uint64_t sector = shelf->kept.sector;

    for (unsigned i = 0; i < text; i++)
        sector += sectors_for(shelf, shelf->kept.texts[i].bytes);
    shelf->in.text = &shelf->kept.texts[text];
    shelf->in.left = shelf->in.text->bytes;
    shelf->in.sum = fnv_basis;
    shelf->in.on_bytes = on_bytes;
    shelf->in.on_done = on_done;
    shelf->in.arg = arg;
    if (shelf->in.left > 0)
        read_next(shelf, sector);
    else
        end_read(shelf, LEAT_OK);
}

/* ---- the shelf ------------------------------------------------------------------------------- */

bool shelf_open(struct shelf *shelf, struct leat_platform *platform, const char *name)
{
    if (!platform->store || !platform->area)
        return false;
    shelf->platform = platform;
    shelf->name = name;
    shelf->out.io.shelf = shelf->in.io.shelf = shelf;
    shelf->out.io.on_end = on_written;
    shelf->in.io.on_end = on_read;
    shelf->is_opening = !leat_store_get(platform->store, &shelf->request, name, shelf->value,
                                        sizeof shelf->value, on_got, shelf);
    return true;
}

uint64_t shelf_room(const struct shelf *shelf)
{
    uint64_t sector, sectors;

    find_room(shelf, &sector, &sectors);
    return sectors * sector_bytes(shelf);
}
