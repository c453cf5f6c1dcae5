/*
 * posix_block.h -- a file or a disk of a Linux machine as a block device (block.h; library
 * leat-posix).
 *
 * Requests are carried out where they are submitted, by preadv(), pwritev() and fdatasync(): the
 * program waits for the disk.  While the file is open it is locked (flock()): by one program that
 * writes to it, or by any number that only read it.
 */
#ifndef LEAT_POSIX_BLOCK_H
#define LEAT_POSIX_BLOCK_H

#include <stdbool.h>

#include <leat/block.h>
#include <leat/err.h>
#include <leat/posix.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Opens the file or block device at @p path.  A file has sectors of 512 bytes.  Bytes behind
 * the last whole sector are not used.
 * Errors: LEAT_ERR_NOT_FOUND (it can't be opened or locked, or is neither), LEAT_ERR_IN_USE
 * (another program has it locked), LEAT_ERR_ARGUMENT (less than one sector), LEAT_ERR_MEMORY; @p
 * why has the reason in words.
 */
enum leat_err leat_posix_block_open(struct leat_block_device **device, const char *path,
                                    bool read_only, char why[LEAT_WHY_BYTES]);

/** The reason of the last LEAT_ERR_DEVICE in words; "" before the first. */
const char *leat_posix_block_why(const struct leat_block_device *device);

/** Frees it after leat_block_close(), or if it was never opened there.  NULL is allowed. */
void leat_posix_block_free(struct leat_block_device *device);

#ifdef __cplusplus
}
#endif
#endif
