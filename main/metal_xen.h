/* metal_xen.h -- the devices of a bare machine that is a guest of Xen. */
#ifndef METAL_XEN_H
#define METAL_XEN_H

#include <leat/metal.h>

#include "bare/bare.h"

/* The services of a device that virtio_main.c calls. */
struct metal_device {
    struct leat_netif *(*open)(struct leat_metal *metal, const struct leat_mac *mac, uint16_t mtu,
                               const char **why);
    /* The disk @number, from 0; and why it was lost. */
    struct leat_block_device *(*open_disk)(struct leat_metal *metal, unsigned number,
                                           const char **why);
    const char *(*disk_why)(void);
    const char *(*news)(bool *lost);
    void (*say_counters)(void (*say)(void *arg, const char *name, uint64_t value, const char *text),
                         void *arg);
};

/* NULL: the machine is no guest of Xen. */
const struct metal_device *metal_xen(void);

#endif
