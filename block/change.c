/*
 * change.c -- writes the records of a store.
 *
 * A record goes to the head of the log. With it the tail moves on to the oldest record that counts
 * once the new one does. No sector from the tail on is written: the newest record that is stable
 * may need it. So there must be room first, which is made by writing the oldest valid records
 * again, at the head.
 *
 * Sectors of the largest possible record and one more stay free behind each put, those of the
 * largest one that there is behind each delete. Hence there is always room to move a record, and to
 * delete one, also if a mount has made larger records possible since.
 */
#include <leat/assert.h>

#include <string.h>

#include "block/log.h"

static uint32_t free_sectors(const struct leat_store *store)
{
    leat_assert(store->window <= store->sectors);
    return store->sectors - store->window;
}

/* The distance from @tail to the head after a record of @sectors. */
static uint32_t window_from(const struct leat_store *store, uint32_t tail, uint32_t sectors)
{
    const uint32_t head = store->head + sectors + store->sectors;
    const uint32_t window = (head - tail) % store->sectors;

    return window > 0 ? window : store->sectors;
}

/* ---- the record that is being written */

/* Numbers it. @replaced is the entry that it makes obsolete; NULL: none. */
static void number(struct leat_store *store, struct record *record,
                   const struct leat_store_entry *replaced)
{
    const struct leat_store_entry *oldest = entry_oldest(store, replaced);

    record->sequence = store->sequence;
    record->tail = store->next_tail = oldest ? oldest->sector : store->head;
    record->tail_sequence = store->next_tail_sequence = oldest ? oldest->sequence : store->sequence;
}

/* The record of @sectors is stable. */
static void commit(struct leat_store *store, uint32_t sectors)
{
    store->window = window_from(store, store->next_tail, sectors);
    store->tail = store->next_tail;
    store->tail_sequence = store->next_tail_sequence;
    store->head = (store->head + sectors) % store->sectors;
    store->sequence++;
    store->written += sectors;
}

/* ---- room */

static uint32_t sectors_wanted(const struct leat_store *store)
{
    const struct leat_store_request *request = store->requests;

    return request->what == STORE_DELETE
               ? 1
               : record_sectors(store->sector_bytes, (uint32_t)request->len);
}

static uint32_t sectors_spared(const struct leat_store *store)
{
    return store->requests->what == STORE_PUT ? store->record_sectors + 1
                                              : entry_sectors_max(store);
}

static bool has_room(const struct leat_store *store)
{
    const uint32_t sectors = sectors_wanted(store);
    const struct leat_store_entry *oldest =
        entry_oldest(store, entry_find(store, store->requests->name));
    const uint32_t window = window_from(store, oldest ? oldest->sector : store->head, sectors);

    return free_sectors(store) >= sectors && store->sectors - window >= sectors_spared(store);
}

static enum leat_err write_change(struct leat_store *store)
{
    const struct leat_store_request *request = store->requests;
    struct record record = {.kind = request->what == STORE_PUT ? RECORD_PUT : RECORD_DELETE,
                            .len = request->what == STORE_PUT ? (uint32_t)request->len : 0};
    const uint32_t sectors = sectors_wanted(store);

    memcpy(record.name, request->name, sizeof record.name);
    number(store, &record, entry_find(store, request->name));
    record_write(&record, request->value, store->record, store->sector_bytes);
    record_seal(store->record, store->sector_bytes, sectors);
    store->phase = PHASE_CHANGE_WRITE;
    return log_write(store, store->head, sectors);
}

/* Writes the change, or moves the oldest record first. */
static enum leat_err make_room(struct leat_store *store)
{
    const struct leat_store_entry *oldest = entry_oldest(store, 0);

    if (has_room(store))
        return write_change(store);
    /* After one round all valid records follow each other, and no more room is to be had. */
    if (!oldest || store->moves_left == 0 || free_sectors(store) < entry_sectors(store, oldest))
        return log_end(store, LEAT_ERR_FULL);
    store->moves_left--;
    store->moving = oldest->sequence;
    store->phase = PHASE_MOVE_READ;
    return log_read(store, oldest->sector, entry_sectors(store, oldest));
}

/* ---- phases */

enum leat_err change_begin(struct leat_store *store)
{
    const struct leat_store_request *request = store->requests;
    const bool is_new = !entry_find(store, request->name);

    if (request->what == STORE_DELETE && is_new)
        return log_end(store, LEAT_ERR_NOT_FOUND);
    if (request->what == STORE_PUT &&
        ((is_new && !entry_free(store)) ||
         store->valid + sectors_wanted(store) + sectors_spared(store) > store->sectors))
        return log_end(store, LEAT_ERR_FULL);
    store->moves_left = store->names + 1;
    return make_room(store);
}

/* The oldest record was read, or written at the head. */
static enum leat_err move(struct leat_store *store)
{
    struct leat_store_entry *entry = entry_oldest(store, 0);
    const uint32_t sectors = entry_sectors(store, entry);
    struct record record;

    leat_assert(entry->sequence == store->moving);
    if (!record_read(&record, store->record, store->sector_bytes, sectors) ||
        record.sequence != entry->sequence) {
        /* Its value is lost already; the others need its room. */
        store->damaged++;
        entry_drop(store, entry);
        return make_room(store);
    }
    number(store, &record, entry);
    record_renumber(store->record, &record);
    record_seal(store->record, store->sector_bytes, sectors);
    store->phase = PHASE_MOVE_WRITE;
    return log_write(store, store->head, sectors);
}

enum leat_err change_moving(struct leat_store *store, enum leat_err err)
{
    return err ? log_end(store, err) : move(store);
}

enum leat_err change_moved(struct leat_store *store, enum leat_err err)
{
    struct leat_store_entry *entry = entry_oldest(store, 0);

    /* The head stays where it is: the next record replaces this one. */
    if (err)
        return log_end(store, err);
    if (store->phase == PHASE_MOVE_WRITE) {
        store->phase = PHASE_MOVE_FLUSH;
        return log_flush(store);
    }
    leat_assert(entry && entry->sequence == store->moving);
    entry->sector = store->head;
    entry->sequence = store->sequence;
    store->moved++;
    commit(store, entry_sectors(store, entry));
    return make_room(store);
}

enum leat_err change_written(struct leat_store *store, enum leat_err err)
{
    const struct leat_store_request *request = store->requests;
    const uint32_t sectors = sectors_wanted(store), head = store->head;
    struct record record = {.kind = request->what == STORE_PUT ? RECORD_PUT : RECORD_DELETE,
                            .sequence = store->sequence,
                            .len = request->what == STORE_PUT ? (uint32_t)request->len : 0};

    if (err)
        return log_end(store, err);
    if (store->phase == PHASE_CHANGE_WRITE) {
        store->phase = PHASE_CHANGE_FLUSH;
        return log_flush(store);
    }
    memcpy(record.name, request->name, sizeof record.name);
    commit(store, sectors);
    if (!entry_apply(store, &record, head))
        leat_assert(false); /* change_begin() has looked for a free entry */
    return log_end(store, LEAT_OK);
}
