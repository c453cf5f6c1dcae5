/* block_open.c -- opens a disk of the guest that this machine is. */
#include <string.h>

#include "block.h"
#include "guest.h"

enum {
    DISKS_MAX = 16,
    DISK_FIRST = 202 << 8, /* xvda, by the numbers of Linux' devices (docs/man/xen-vbd-interface) */
    DISK_STEP = 16         /* of each one's partitions */
};

enum leat_err leat_xen_block_open(struct leat_xen_block **block,
                                  const struct leat_xen_block_config *config, const char **why)
{
    struct leat_xen_block *made;
    enum leat_err err;

    *why = LEAT_RESERVED_WHY;
    if (LEAT_RESERVED_IS_USED(config))
        return LEAT_ERR_ARGUMENT;
    *why = "a guest of Xen has no disk behind xvdp";
    if (config->number >= DISKS_MAX)
        return LEAT_ERR_ARGUMENT;
    *why = "this is no guest of Xen";
    if (!xen_machine_is_here())
        return LEAT_ERR_NOT_FOUND;
    *why = "no memory for the ring and pages of the disk";
    made = leat_metal_take(config->metal, sizeof *made);
    if (!made)
        return LEAT_ERR_MEMORY;
    memset(made, 0, sizeof *made);
    made->pages = xen_machine_pages(config->metal, XEN_BLOCK_PAGES);
    if (!made->pages)
        return LEAT_ERR_MEMORY;
    *why = "there is no page of xenstore";
    made->store = xen_guest_store();
    if (!made->store)
        return LEAT_ERR_DEVICE;
    made->machine = xen_machine_open(config->metal, XEN_BLOCK_PAGES, why);
    if (!made->machine)
        return LEAT_ERR_DEVICE;
    err = xen_block_start(made, DISK_FIRST + config->number * DISK_STEP, why);
    if (!err)
        *block = made;
    return err;
}
