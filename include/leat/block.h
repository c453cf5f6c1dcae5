/*
 * block.h -- block devices: sectors that a program reads and writes (library leat-block).
 *
 * A backend is a struct leat_block_device, whatever it drives: a virtio-blk device, a file of the
 * host, memory in tests.  A program opens a struct leat_block on it and submits requests.  Each one
 * ends with a callback from leat_poll(), never from within leat_block_submit().
 *
 *      backend's open -> leat_block_open -> leat_block_submit -> leat_poll -> on_done
 *
 * The data lies in buffers (buf.h), which the device reads and writes in place.  Requests may end
 * in another order than they were submitted in.  A write is durable when a flush has ended that was
 * submitted after the write's callback.
 */
#ifndef LEAT_BLOCK_H
#define LEAT_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/buf.h>
#include <leat/err.h>
#include <leat/timer.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat;
struct leat_block_request;

/** Limits. */
enum {
    LEAT_BLOCK_SECTOR_MIN = 512,   /**< bytes of a sector: a power of two from here */
    LEAT_BLOCK_SECTOR_MAX = 65536, /**< to here */
    LEAT_BLOCK_PIECES_MAX = 16     /**< buffers of one request; a device may take fewer */
};

/** The kinds of requests. */
enum leat_block_what {
    LEAT_BLOCK_READ,
    LEAT_BLOCK_WRITE,
    LEAT_BLOCK_FLUSH,  /**< makes the writes durable whose callbacks have run */
    LEAT_BLOCK_DISCARD /**< gives up the contents of sectors, which are undefined from then on,
                          until they are written again */
};

/** The end of a request, from leat_poll(); it may call every function of leat.  The request and its
 * buffers are the program's again. */
typedef void leat_block_fn(struct leat_block_request *request, enum leat_err err, void *arg);

/** A request.  The program's memory; it and the buffers stay as they are until the callback. */
struct leat_block_request {
    enum leat_block_what what; /**< as the next four, the program's */
    uint64_t sector;           /**< the first one; not looked at for a flush */
    struct leat_buf *buf;      /**< whole sectors in all, in one or more buffers, of
                                    which `data`, `len` and `next` are looked at: a program may make one
                                    of memory of its own.  A read fills them.  NULL for a flush and
                                    a discard */
    leat_block_fn *on_done;    /**< not NULL */
    void *arg;                 /**< for on_done */

    struct leat_block_request *next; /**< private; a backend's while the device has the request */
    enum leat_err err;               /**< how it ended; set by the backend */
    uint32_t sectors;                /**< of a discard, the program's; not looked at otherwise */
};

/* ---- backends */

struct leat_block_device;

/** The functions of a backend.  They never call the stack, which stands still while they wait. */
struct leat_block_ops {
    /**
     * Gives a legal request to the device; at most `requests_max` are with it at a time.  False: it
     * has no room.  Then another one is with the device, and the request is given again after that
     * has ended.  A failure is an end: finished() tells it.
     */
    bool (*start)(struct leat_block_device *device, struct leat_block_request *request);
    /** A request that has ended, with its `err` set; NULL: none has.  @p now_ns is the time of
     * leat_poll(). */
    struct leat_block_request *(*finished)(struct leat_block_device *device, uint64_t now_ns);
    /** Stops the device: it touches no buffer any more.  finished() then gives each request that
     * was with it; those without a result have LEAT_ERR_CLOSED. */
    void (*close)(struct leat_block_device *device);
};

/** A backend; must not change while it is open. */
struct leat_block_device {
    const struct leat_block_ops *ops; /**< its functions; static */
    const char *name;                 /**< for messages */
    uint32_t sector_bytes;            /**< of a sector, which is read or written as a whole */
    uint64_t sectors;                 /**< sectors that it has */
    uint32_t requests_max;            /**< with the device at a time; at least 1 */
    uint32_t pieces_max;              /**< buffers of a request; 0: LEAT_BLOCK_PIECES_MAX */
    uint32_t piece_bytes_max;         /**< bytes of one buffer, at least a sector; 0: any number */
    bool read_only;                   /**< writes are refused */
    bool discards; /**< it takes discards, of any length, and may do a part only */
};

/* ---- for programs */

/** Counters of an open device. */
struct leat_block_counters {
    uint64_t reads;           /**< requests that were submitted */
    uint64_t writes;          /**< likewise */
    uint64_t flushes;         /**< likewise */
    uint64_t sectors_read;    /**< by requests that ended well */
    uint64_t sectors_written; /**< likewise */
    uint64_t failed;          /**< requests that ended with an error */
};

/** An open device.  The program's memory, which stays where it is; its members are private. */
struct leat_block {
    struct leat *stack;                  /**< its polls look at the device */
    struct leat_block_device *device;    /**< NULL: it was closed */
    struct leat_block_request *waiting;  /**< not with the device yet, the oldest first */
    struct leat_block_request **end;     /**< the end of that list */
    uint32_t in_flight;                  /**< requests that are with the device */
    bool is_fresh;                       /**< the device got one since the last look */
    uint64_t quiet_since_ns;             /**< the last time that the device got or ended one */
    struct leat_timer look;              /**< when to look at the device again */
    struct leat_block_counters counters; /**< of this device */
};

/**
 * Opens @p device, whose requests end in the polls of @p stack.
 * LEAT_ERR_ARGUMENT: the size of a sector is no power of two in the limits above, there is no
 * sector, or none fits into a buffer.
 */
enum leat_err leat_block_open(struct leat_block *block, struct leat *stack,
                              struct leat_block_device *device);

/**
 * Submits a request, which ends with its callback.  Any number may be submitted: those that the
 * device has no room for wait in the order of their submission.
 *
 * Errors, after which no callback comes:
 * - LEAT_ERR_ARGUMENT: no sector, no whole sectors, or sectors behind the end;
 * - LEAT_ERR_TOO_BIG: more buffers than LEAT_BLOCK_PIECES_MAX or the device's `pieces_max`, a
 *   buffer of more than its `piece_bytes_max`, or 4 GiB and more in all;
 * - LEAT_ERR_UNSUPPORTED: a write or a discard to a device that is read-only, or a discard to one
 * that takes none;
 * - LEAT_ERR_CLOSED.
 *
 * Errors in the callback:
 * - LEAT_ERR_DEVICE: the device failed.  A read's buffers have any bytes.  Each sector of a write
 *   has the old bytes, the new ones, or a part of each.  A flush that failed may have lost the
 *   writes before it, and another one doesn't bring them back: write them again;
 * - LEAT_ERR_UNSUPPORTED: the device doesn't know the request;
 * - LEAT_ERR_CLOSED.
 */
enum leat_err leat_block_submit(struct leat_block *block, struct leat_block_request *request);

/** Requests that were submitted and haven't ended. */
uint32_t leat_block_pending(const struct leat_block *block);

/** Its counters; also valid after leat_block_close(). */
const struct leat_block_counters *leat_block_counters(const struct leat_block *block);

/**
 * Closes the device.  The callbacks of all pending requests run before it returns, those that the
 * device hasn't finished with LEAT_ERR_CLOSED.  They must not open @p block again.  The device
 * makes no write durable: flush first.
 */
void leat_block_close(struct leat_block *block);

#ifdef __cplusplus
}
#endif
#endif
