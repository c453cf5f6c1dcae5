/* filter.h -- the program on the device that takes leat's frames and leaves the rest to Linux. */
#ifndef XDP_FILTER_H
#define XDP_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/xdp.h>

enum {
    XDP_MAC_KEY_BYTES = 8 /* a MAC address, and zeros */
};

struct xdp_filter {
    int ifindex;   /* where it is; 0: nowhere */
    int program;   /* descriptors, or -1 */
    int sockets;   /* the map of queues to sockets */
    int addresses; /* the map of IPv6 addresses that are ours, and of their groups; or of MACs */
    bool by_mac;   /* which of the two */
    uint32_t mode; /* XDP_FLAGS_*_MODE that the driver took */
};

#define XDP_NO_FILTER ((struct xdp_filter){.program = -1, .sockets = -1, .addresses = -1})

/* Puts it on device @ifindex for @config's addresses.  On error errno is set. */
bool leat_xdp_filter_open(struct xdp_filter *filter, int ifindex,
                          const struct leat_xdp_config *config);

/* @ip, IPv6, is ours from now on.  On error errno is set: E2BIG, too many. */
bool leat_xdp_filter_take(struct xdp_filter *filter, struct leat_ip ip);

/* Frames for @mac that come by @queue are that queue's from now on.  On error errno is set: EEXIST,
 * another queue's. */
bool leat_xdp_filter_take_mac(struct xdp_filter *filter, struct leat_mac mac, uint32_t queue);

/* The program for a filter by MACs; its descriptor, or negative and errno is set. */
int leat_xdp_load_mac_program(const struct xdp_filter *filter);

/* Takes it off again. */
void leat_xdp_filter_close(struct xdp_filter *filter);

#endif
