/*
 * store.h -- values under names that survive a restart, on a block device (library leat-block).
 *
 * A log: each change is a record behind the last one, and the end of the device continues at its
 * beginning.  So all sectors are written equally often.  Values that are still valid are written
 * again before the log reaches them.  A change is durable when its callback runs: the device has
 * been flushed.  Whenever the power is cut, each name has its old value or its new one.
 *
 *      leat_block_open -> leat_store_mount -> its callback -> leat_store_get, _put, _delete
 *
 * Every request ends with a callback from leat_poll().  They are carried out one at a time, in the
 * order of their submission.
 */
#ifndef LEAT_STORE_H
#define LEAT_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/abi.h>
#include <leat/block.h>
#include <leat/err.h>
#include <leat/timer.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Limits. */
enum {
    LEAT_STORE_NAME_BYTES = 31,      /**< of a name, without its NUL */
    LEAT_STORE_RECORD_BYTES = 72,    /**< of a record's first sector that aren't the value's */
    LEAT_STORE_SECTORS_MAX = 1 << 20 /**< of a device that a store uses: mounting reads them all */
};

struct leat_store;
struct leat_store_request;

/** The end of a request, or of a mount (@p request is NULL), from leat_poll(); it may call every
 * function of leat. */
typedef void leat_store_fn(struct leat_store *store, struct leat_store_request *request,
                           enum leat_err err, void *arg);

/** Limits of a store.  Every 0 means the default that is named beside it. */
struct leat_store_config {
    uint32_t names;        /**< values at a time: 32, at most 1024; each takes 48 bytes */
    uint32_t record_bytes; /**< of the largest record, whole sectors: 4 sectors, at most 16.  With
                                sectors of 512 bytes the largest value then has 1,952 bytes */
    bool format;           /**< replace the contents of the device by an empty store */
    leat_store_fn *on_mounted; /**< not NULL */
    void *arg;                 /**< for on_mounted */
    uint64_t sectors; /**< the first ones of the device, which the store uses; the others are the
                           program's.  0, or more than it has: all.  A store must always be mounted
                           with the same number */
    uint64_t reserved[LEAT_RESERVED - 1]; /**< for members of later versions; all 0 */
};

/** A request.  The program's memory until its callback; its members are private. */
struct leat_store_request {
    struct leat_store_request *next;      /**< the one that was made after it */
    leat_store_fn *on_done;               /**< as given to the call */
    void *arg;                            /**< likewise */
    const void *value;                    /**< of a put */
    void *to;                             /**< of a get */
    size_t len;                           /**< bytes of the value, or of the room at `to` */
    uint8_t what;                         /**< get, put or delete */
    char name[LEAT_STORE_NAME_BYTES + 1]; /**< a copy of the name */
};

/** Facts about a mounted store. */
struct leat_store_info {
    uint32_t names;         /**< values that it has */
    uint32_t sectors;       /**< of the device that it uses */
    uint32_t sectors_valid; /**< with values */
    uint32_t value_max;     /**< bytes of the largest value */
    uint64_t damaged;       /**< records that were lost: damaged when it was mounted, or since */
    uint64_t moved;         /**< valid records that were written again, since it was mounted */
    uint64_t written;       /**< sectors written since then */
};

/** A value's name; its members are private. */
struct leat_store_entry {
    char name[LEAT_STORE_NAME_BYTES + 1]; /**< "": no value */
    uint64_t sequence;                    /**< of its record */
    uint32_t sector;                      /**< the first of its record */
    uint32_t len;                         /**< bytes of the value */
};

/** A store.  The program's memory, which stays where it is; its members are private. */
struct leat_store {
    struct leat_block *block;            /**< the device */
    struct leat_store_entry *entries;    /**< one a name */
    uint8_t *record;                     /**< the one that is read or written */
    leat_store_fn *on_mounted;           /**< as given to leat_store_mount() */
    void *mount_arg;                     /**< likewise */
    struct leat_store_request *requests; /**< the oldest first */
    struct leat_store_request **end;     /**< the end of that list */
    struct leat_timer start;             /**< the next request */
    struct leat_block_request io;        /**< the access to the device */
    struct leat_buf view;                /**< its part of `record` */
    uint32_t io_at;                      /**< its next sector */
    uint32_t io_left;                    /**< sectors that it still has */
    uint32_t io_done;                    /**< sectors that it has had */
    uint32_t names;                      /**< entries that there are */
    uint32_t record_sectors;             /**< of the largest record */
    uint32_t sector_bytes;               /**< of the device */
    uint32_t sectors;                    /**< of the device */
    uint32_t valid;                      /**< sectors with values */
    uint64_t sequence;                   /**< of the next record */
    uint32_t head;                       /**< its sector */
    uint32_t tail;                       /**< the first sector that may not be written */
    uint64_t tail_sequence;              /**< of the first record that counts */
    uint32_t next_tail;                  /**< of the record that is being written */
    uint64_t next_tail_sequence;         /**< likewise */
    uint32_t window;                     /**< sectors from the tail to the head */
    uint32_t at;                         /**< of a mount: its sector */
    uint32_t walked;                     /**< of a mount: sectors that were walked */
    uint32_t chunk;                      /**< of a mount: sectors that are read at once */
    uint64_t expected;                   /**< likewise: the sequence of the next record */
    uint64_t longer;                     /**< likewise: the last one that `record` can't hold */
    uint32_t moves_left;                 /**< of a put or delete */
    uint64_t moving;                     /**< the sequence of the record that is being moved */
    uint64_t damaged;                    /**< as in struct leat_store_info, as the next two */
    uint64_t moved;                      /**< likewise */
    uint64_t written;                    /**< likewise */
    uint8_t phase;                       /**< what the access to the device is for */
    bool format;                         /**< the mount writes all sectors again */
    bool is_mounted;                     /**< requests are taken */
    bool is_foreign;                     /**< of a mount: the device has other data */
    bool is_found;                       /**< of a mount: a record was found */
    bool is_unreadable;                  /**< of a mount: a sector could not be read */
};

/** Bytes of memory that leat_store_mount() needs for @p config, which may be NULL, with sectors of
 * @p sector_bytes. */
size_t leat_store_memory_bytes(const struct leat_store_config *config, uint32_t sector_bytes);

/**
 * Begins to mount the store on @p block, whose first LEAT_STORE_SECTORS_MAX sectors are read.  @p
 * memory (any alignment) of @p bytes belongs to the store.
 * LEAT_ERR_ARGUMENT: a limit is out of range, or the store has fewer sectors than three times the
 * largest record and one; LEAT_ERR_MEMORY.
 *
 * Errors in the callback:
 * - LEAT_ERR_FORMAT: the device has something else than zeros or a store with sectors of its size,
 *   and `format` isn't set;
 * - LEAT_ERR_MEMORY: it has more values than leat_store_config.names, or a larger one than
 *   `record_bytes` allows;
 * - LEAT_ERR_UNSUPPORTED: `format` is set, and the device is read-only;
 * - LEAT_ERR_DEVICE, LEAT_ERR_CLOSED.
 *
 * A store with damaged sectors is mounted with the intact ones.  leat_store_info.damaged tells how
 * many records are lost.  A name whose last record is lost has the value before, or none.
 */
enum leat_err leat_store_mount(struct leat_store *store, struct leat_block *block, void *memory,
                               size_t bytes, const struct leat_store_config *config);

/**
 * Reads the value of @p name to @p to, which has @p room bytes; the request's `len` tells how many
 * it has.  @p name is copied.
 * Errors: LEAT_ERR_ARGUMENT (a name of no byte, or of more than LEAT_STORE_NAME_BYTES),
 * LEAT_ERR_CLOSED (the store isn't mounted).  In the callback: LEAT_ERR_NOT_FOUND,
 * LEAT_ERR_TOO_BIG (`len` bytes don't fit into @p room), LEAT_ERR_FORMAT (the record is damaged),
 * LEAT_ERR_DEVICE, LEAT_ERR_CLOSED.
 */
enum leat_err leat_store_get(struct leat_store *store, struct leat_store_request *request,
                             const char *name, void *to, size_t room, leat_store_fn *on_done,
                             void *arg);

/**
 * Gives @p name the value @p value of @p len bytes, which stays as it is until the callback.
 * Errors: as leat_store_get(), and LEAT_ERR_TOO_BIG (more than leat_store_info.value_max).  In the
 * callback:
 * - LEAT_ERR_FULL: the device has no room for it beside the old value, or there are
 *   leat_store_config.names values already; all is as before;
 * - LEAT_ERR_UNSUPPORTED: the device is read-only;
 * - LEAT_ERR_DEVICE: the old value is there, and after another mount the old or the new one;
 * - LEAT_ERR_CLOSED: likewise.
 */
enum leat_err leat_store_put(struct leat_store *store, struct leat_store_request *request,
                             const char *name, const void *value, size_t len,
                             leat_store_fn *on_done, void *arg);

/** Removes @p name and its value.  It never fails for lack of room.  Errors: those of
 * leat_store_put(); LEAT_ERR_NOT_FOUND in the callback. */
enum leat_err leat_store_delete(struct leat_store *store, struct leat_store_request *request,
                                const char *name, leat_store_fn *on_done, void *arg);

/** The next value's entry, in any order; NULL: there are no more.  @p cursor begins at 0.  A value
 * that is put meanwhile may be left out. */
const struct leat_store_entry *leat_store_next(const struct leat_store *store, uint32_t *cursor);

/** Fills in @p info. */
void leat_store_get_info(const struct leat_store *store, struct leat_store_info *info);

/** Ends all requests, or the mount, with LEAT_ERR_CLOSED.  Close the block device first.  The
 * callbacks must not mount @p store again.  The values are safe without this call. */
void leat_store_close(struct leat_store *store);

#ifdef __cplusplus
}
#endif
#endif
