/* inside.h -- declarations that the parts of the AF_XDP backend share. */
#ifndef XDP_INSIDE_H
#define XDP_INSIDE_H

#include <leat/xdp.h>
#include <net/if.h>
#include <xdp/xsk.h>

#include "filter.h"
#include "packet.h"

enum {
    RX_BUFFERS = 256,    /* buffers that wait in the device */
    TX_PIECES = 1024,    /* pieces that the kernel has not sent yet; a power of two */
    XDP_PIECES_MAX = 16, /* of one frame: the kernel takes 17 */
    KERNEL_HEADROOM = 256,
    /* the kernel leaves 256 bytes in front; with 2 more the IP header lies on a multiple of 4 */
    RX_HEADROOM = KERNEL_HEADROOM + 2
};

struct leat_xdp {
    struct leat_netif netif; /* must be first: its address is also that of the struct */
    struct leat_posix *posix;
    struct xsk_umem *umem;
    struct xsk_socket *socket;
    struct xsk_ring_prod fill, tx;
    struct xsk_ring_cons rx, done;
    struct xdp_filter filter;  /* of the first queue */
    struct xdp_filter *shared; /* points to that one */
    struct xdp_packet packet;  /* with a MAC of our own: frames that come by way of Linux */
    uint8_t *memory;
    size_t memory_bytes;
    int fd;
    bool lost;
    bool down;    /* the device was down at the last send */
    bool starved; /* not one buffer waits in the device */
    bool more;    /* the last receive() stopped at frames_max */
    bool goes_on; /* the last descriptor was not the last one of its frame */
    bool zero_copy;
    uint32_t rx_buffers;
    uint32_t filled;     /* buffers of ours in fill, the device and rx */
    uint32_t sent_first; /* counts up; the place is its rest by TX_PIECES */
    uint32_t sent_count;
    struct leat_buf *sent[TX_PIECES]; /* pieces that the kernel has not sent yet, oldest first */
    uint64_t looked_ns;
    uint64_t busy_poll_ns; /* 0: never */
    uint64_t busy_until_ns;
    unsigned ifindex;
    struct leat_xdp_counters counters;
    char device[IF_NAMESIZE];
};

/* The backend's functions; close may be called twice. */
extern const struct leat_netif_ops leat_xdp_ops;
void leat_xdp_shut(struct leat_netif *netif);

/* Stops the host's watching. */
void leat_xdp_unwatch(struct leat_xdp *xdp);

#endif
