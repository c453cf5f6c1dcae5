/*
 * xen_block.h -- a disk of a guest of Xen as a block device (block.h; library leat-metal).
 *
 * The other domain sees neither the program's buffers nor what lies beside them: data are copied
 * into pages of the backend, and out of them.  The device is polled: it never interrupts.  A
 * request has one buffer of at most 45,056 bytes.
 */
#ifndef LEAT_XEN_BLOCK_H
#define LEAT_XEN_BLOCK_H

#include <leat/abi.h>
#include <leat/block.h>
#include <leat/err.h>
#include <leat/metal.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat_xen_block;

/** Which disk, and on which machine. */
struct leat_xen_block_config {
    struct leat_metal *metal;         /**< the machine; its memory holds the ring and pages */
    unsigned number;                  /**< of the disk, from 0: xvda, xvdb, to 15 */
    uint64_t reserved[LEAT_RESERVED]; /**< for members of later versions; all 0 */
};

/**
 * Finds the disk and connects to the domain that has it.  Waits for it at most 30 seconds.  On
 * error
 * @p why is one line with the failure.
 *
 * Errors: LEAT_ERR_NOT_FOUND (this is no guest of Xen, or has no such disk), LEAT_ERR_DEVICE (the
 * other domain doesn't answer, or says that its sectors have an impossible size or number),
 * LEAT_ERR_MEMORY, LEAT_ERR_ARGUMENT.
 */
enum leat_err leat_xen_block_open(struct leat_xen_block **block,
                                  const struct leat_xen_block_config *config, const char **why);

/** The backend to give to leat_block_open(); valid for ever. */
struct leat_block_device *leat_xen_block_device(struct leat_xen_block *block);

/**
 * Why the disk was lost: the host has taken it away, or the other domain broke the rules.  One
 * line, valid for ever; NULL: it isn't lost, or was closed.  The first is seen while a request is
 * with the disk.  All requests of a lost disk end with LEAT_ERR_DEVICE, and it doesn't come back.
 */
const char *leat_xen_block_why(const struct leat_xen_block *block);

#ifdef __cplusplus
}
#endif
#endif
