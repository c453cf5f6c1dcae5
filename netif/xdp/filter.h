/* filter.h -- the program on the device that takes leat's frames and leaves the rest to Linux. */
#ifndef XDP_FILTER_H
#define XDP_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/xdp.h>

struct xdp_filter {
    int ifindex;   /* where it is; 0: nowhere */
    int program;   /* descriptors, or -1 */
    int sockets;   /* the map of queues to sockets */
    uint32_t mode; /* XDP_FLAGS_*_MODE that the driver took */
};

/* Puts it on device @ifindex for @config's addresses.  On error errno is set. */
bool leat_xdp_filter_open(struct xdp_filter *filter, int ifindex,
                          const struct leat_xdp_config *config);

/* Takes it off again. */
void leat_xdp_filter_close(struct xdp_filter *filter);

#endif
