/* log.h -- the inside of a store: its phases, and what its files share. */
#ifndef BLOCK_LOG_H
#define BLOCK_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/store.h>

#include "block/record.h"

/* The end of an access to the device leads to the next phase. */
enum phase {
    PHASE_IDLE,
    PHASE_MOUNT, /* the timer begins it */
    PHASE_FORMAT,
    PHASE_SCAN, /* looks for the newest record */
    PHASE_WALK, /* reads all records that count, the oldest first */
    PHASE_MOUNT_FLUSH,
    PHASE_GET,
    PHASE_MOVE_READ,
    PHASE_MOVE_WRITE,
    PHASE_MOVE_FLUSH,
    PHASE_CHANGE_WRITE,
    PHASE_CHANGE_FLUSH
};

enum store_what {
    STORE_GET,
    STORE_PUT,
    STORE_DELETE
};

/* ---- access (log.c). An error means that it was not begun. */

enum leat_err log_read(struct leat_store *store, uint32_t at, uint32_t sectors);
enum leat_err log_write(struct leat_store *store, uint32_t at, uint32_t sectors);
enum leat_err log_flush(struct leat_store *store);

/* Begins the next part of an access, which lies in one piece on the device. */
enum leat_err log_go_on(struct leat_store *store);

/* Has the next request begin in a turn of its own, so that a program that always has another one
 * doesn't hold the loop. */
void log_start_later(struct leat_store *store);

/* Ends the oldest request with its callback. Returns LEAT_OK. */
enum leat_err log_end(struct leat_store *store, enum leat_err err);

/* ---- entries (entries.c) */

struct leat_store_entry *entry_find(const struct leat_store *store, const char *name);
struct leat_store_entry *entry_free(const struct leat_store *store);

/* The entry of the oldest record beside that of @except, which may be NULL; NULL: there is none. */
struct leat_store_entry *entry_oldest(const struct leat_store *store,
                                      const struct leat_store_entry *except);

/* Sectors of the entry's record. */
uint32_t entry_sectors(const struct leat_store *store, const struct leat_store_entry *entry);

/* Sectors of the largest record that an entry has. */
uint32_t entry_sectors_max(const struct leat_store *store);

/* Removes the entry; NULL is allowed. */
void entry_drop(struct leat_store *store, struct leat_store_entry *entry);

/* Makes @record at @sector the one of its name. False: there is no free entry. */
bool entry_apply(struct leat_store *store, const struct record *record, uint32_t sector);

/* ---- phases: the access has ended with @err. They return an error if the next one was not begun.
 */

enum leat_err mount_begin(struct leat_store *store); /* mount.c */
enum leat_err mount_formatted(struct leat_store *store, enum leat_err err);
enum leat_err mount_scanned(struct leat_store *store, enum leat_err err);
enum leat_err mount_walked(struct leat_store *store, enum leat_err err);
enum leat_err mount_end(struct leat_store *store, enum leat_err err);

enum leat_err change_begin(struct leat_store *store); /* change.c */
enum leat_err change_moving(struct leat_store *store, enum leat_err err);
enum leat_err change_moved(struct leat_store *store, enum leat_err err);
enum leat_err change_written(struct leat_store *store, enum leat_err err);

#endif
