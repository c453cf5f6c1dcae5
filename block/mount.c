/*
 * mount.c -- finds the state of a store on its device.
 *
 * All sectors are read, for the record with the highest sequence: the newest one. It says which
 * record is the oldest that counts. From there on the records follow each other without a gap; they
 * are read in their order, and make the entries. A gap is damage: a change that was cut short can
 * only be the newest record, which then is not found at all.
 */
#include <leat/assert.h>

#include <string.h>

#include "block/log.h"

/* ---- reading */

/* Reads as much as a record may have from @at on. */
static enum leat_err read_at(struct leat_store *store, uint32_t at)
{
    store->at = at;
    store->chunk = store->record_sectors;
    return log_read(store, at, store->chunk);
}

/* A read has failed. Some sectors of it may be good, so it is repeated with one less; with none
 * left, the first one is bad. True: it is repeated, and *@err tells whether that has begun. */
static bool read_less(struct leat_store *store, enum leat_err *err)
{
    store->is_unreadable = true;
    if (*err != LEAT_ERR_DEVICE || store->chunk <= 1)
        return false;
    store->chunk--;
    *err = log_read(store, store->at, store->chunk);
    return true;
}

/* ---- the newest record */

static enum leat_err end_empty(struct leat_store *store)
{
    if (store->is_unreadable)
        return mount_end(store, LEAT_ERR_DEVICE);
    if (store->is_foreign)
        return mount_end(store, LEAT_ERR_FORMAT);
    store->sequence = 1;
    store->phase = PHASE_MOUNT_FLUSH;
    return log_flush(store);
}

/* The newest record so far. Its fields are those that the next record continues. */
static void take_newest(struct leat_store *store, const struct record *record)
{
    const uint32_t sectors = record_sectors(store->sector_bytes, record->len);

    store->is_found = true;
    store->sequence = record->sequence + 1;
    store->tail = record->tail;
    store->tail_sequence = record->tail_sequence;
    store->head = (store->at + sectors) % store->sectors;
    store->window = (store->at + store->sectors - record->tail) % store->sectors + sectors;
}

static void look_at_chunk(struct leat_store *store)
{
    const uint64_t longer =
        record_longer(store->record, store->sector_bytes, store->record_sectors);
    struct record record;

    if (longer > store->longer)
        store->longer = longer;
    if (record_read(&record, store->record, store->sector_bytes, store->chunk) &&
        record.tail < store->sectors && (!store->is_found || record.sequence >= store->sequence))
        take_newest(store, &record);
    for (uint32_t i = 0; i < store->chunk; i++)
        store->is_foreign |=
            record_is_foreign(store->record + (size_t)i * store->sector_bytes, store->sector_bytes);
}

/* Sectors to the next one that begins like a record. */
static uint32_t step_of(const struct leat_store *store)
{
    uint32_t step = 1;

    while (step < store->chunk &&
           !record_is_first(store->record + (size_t)step * store->sector_bytes))
        step++;
    return step;
}

enum leat_err mount_scanned(struct leat_store *store, enum leat_err err)
{
    uint32_t step = 1;

    if (err && read_less(store, &err))
        return err;
    if (err && err != LEAT_ERR_DEVICE)
        return mount_end(store, err);
    if (!err) {
        look_at_chunk(store);
        step = step_of(store);
    }
    if (step < store->sectors - store->at)
        return read_at(store, store->at + step);
    /* A value that doesn't fit into the store's memory. The next changes would overwrite it. */
    if (store->longer > 0 && store->longer >= store->tail_sequence)
        return mount_end(store, LEAT_ERR_MEMORY);
    if (!store->is_found)
        return end_empty(store);
    /* Only a made-up record claims more than the device has. */
    if (store->window > store->sectors)
        store->window = store->sectors;
    store->walked = 0;
    store->expected = store->tail_sequence;
    store->phase = PHASE_WALK;
    return read_at(store, store->tail);
}

/* ---- the records that count */

/* Takes the record at the front of the chunk, if there is one; returns the sectors to the next one.
 * 0: there are more names than entries. */
static uint32_t take_record(struct leat_store *store)
{
    struct record record;

    if (!record_read(&record, store->record, store->sector_bytes, store->chunk) ||
        record.sequence < store->expected || record.sequence >= store->sequence)
        return 1;
    store->damaged += record.sequence - store->expected;
    store->expected = record.sequence + 1;
    if (!entry_apply(store, &record, store->at))
        return 0;
    return record_sectors(store->sector_bytes, record.len);
}

enum leat_err mount_walked(struct leat_store *store, enum leat_err err)
{
    uint32_t step = 1;

    if (err && read_less(store, &err))
        return err;
    if (err && err != LEAT_ERR_DEVICE)
        return mount_end(store, err);
    if (!err)
        step = take_record(store);
    if (step == 0)
        return mount_end(store, LEAT_ERR_MEMORY);
    store->walked += step;
    if (store->walked < store->window)
        return read_at(store, (store->at + step) % store->sectors);
    leat_assert(store->expected <= store->sequence);
    store->damaged += store->sequence - store->expected;
    /* After a crash of the program alone, the device may have records that are not stable yet. No
     * program may see one that a loss of power would take away again. */
    store->phase = PHASE_MOUNT_FLUSH;
    return log_flush(store);
}

/* ---- an empty store */

static enum leat_err write_zeros(struct leat_store *store)
{
    const uint32_t left = store->sectors - store->at;

    store->chunk = left < store->record_sectors ? left : store->record_sectors;
    return log_write(store, store->at, store->chunk);
}

enum leat_err mount_formatted(struct leat_store *store, enum leat_err err)
{
    if (err)
        return mount_end(store, err);
    store->at += store->chunk;
    return store->at < store->sectors ? write_zeros(store) : end_empty(store);
}

enum leat_err mount_begin(struct leat_store *store)
{
    store->at = 0;
    store->phase = store->format ? PHASE_FORMAT : PHASE_SCAN;
    if (!store->format)
        return read_at(store, 0);
    memset(store->record, 0, (size_t)store->record_sectors * store->sector_bytes);
    return write_zeros(store);
}

enum leat_err mount_end(struct leat_store *store, enum leat_err err)
{
    store->phase = PHASE_IDLE;
    store->is_mounted = !err;
    store->on_mounted(store, 0, err, store->mount_arg);
    return LEAT_OK;
}
