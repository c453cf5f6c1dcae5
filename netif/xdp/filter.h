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
    int addresses; /* the map of our IPv6 addresses, and their groups; or of MACs */
    bool by_mac;   /* true: of MACs */
    uint32_t mode; /* XDP_FLAGS_*_MODE that the driver took */
};

#define XDP_NO_FILTER ((struct xdp_filter){.program = -1, .sockets = -1, .addresses = -1})

/* Installs it on device @ifindex for @config's addresses.  On error errno is set. */
bool leat_xdp_filter_open(struct xdp_filter *filter, int ifindex,
                          const struct leat_xdp_config *config);

/* Adds @ip, an IPv6 address of ours.  On error errno is set: E2BIG, too many. */
bool leat_xdp_filter_take(struct xdp_filter *filter, struct leat_ip ip);

/* Gives frames for @mac that come by @queue to that queue.  On error errno is set: EEXIST, another
 * queue has it. */
bool leat_xdp_filter_take_mac(struct xdp_filter *filter, struct leat_mac mac, uint32_t queue);

/* The program for a filter by MACs; its descriptor, or negative and errno is set. */
int leat_xdp_load_mac_program(const struct xdp_filter *filter);

/* Removes it. */
void leat_xdp_filter_close(struct xdp_filter *filter);

#endif
