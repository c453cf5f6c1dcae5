/* net.h -- the inside of the virtio-net backend: a device, its two queues, its counters.  group.h
 * has several pairs of queues. */
#ifndef VIRTIO_NET_H
#define VIRTIO_NET_H

#include <leat/virtio.h>

#include "device.h"

#define VIRTIO_NET_F_CSUM       (UINT64_C(1) << 0) /* virtio 1.2, 5.1.3 */
#define VIRTIO_NET_F_GUEST_CSUM (UINT64_C(1) << 1)
#define VIRTIO_NET_F_MTU        (UINT64_C(1) << 3)
#define VIRTIO_NET_F_MAC        (UINT64_C(1) << 5)
#define VIRTIO_NET_F_GUEST_TSO4 (UINT64_C(1) << 7)
#define VIRTIO_NET_F_GUEST_TSO6 (UINT64_C(1) << 8)
#define VIRTIO_NET_F_HOST_TSO4  (UINT64_C(1) << 11)
#define VIRTIO_NET_F_HOST_TSO6  (UINT64_C(1) << 12)
#define VIRTIO_NET_F_MRG_RXBUF  (UINT64_C(1) << 15)
#define VIRTIO_NET_F_STATUS     (UINT64_C(1) << 16)
#define VIRTIO_NET_F_CTRL_VQ    (UINT64_C(1) << 17)
#define VIRTIO_NET_F_RSS        (UINT64_C(1) << 60)

/* In front of every frame, in both directions (5.1.6). */
struct virtio_net_header {
    uint8_t flags;
    uint8_t gso_type;
    uint16_t header_len;
    uint16_t gso_size;
    uint16_t checksum_start;
    uint16_t checksum_offset;
    uint16_t buffer_count;
};

/* TCP data may come in super-frames of one family, or both. */
#define VIRTIO_NET_GUEST_TSO (VIRTIO_NET_F_GUEST_TSO4 | VIRTIO_NET_F_GUEST_TSO6)

struct virtio_group;

struct leat_virtio {
    struct leat_netif netif; /* must be first: its address is also that of the struct */
    struct virtio_device device;
    uint64_t features; /* agreed on */
    struct leat_virtio_counters counters;
    struct virtio_group *group; /* of several pairs of queues; NULL: there is this one */
    uint16_t number;            /* of the pair, from 0 */
    uint64_t state_look_ns;     /* when virtio_net_look() looks again */
    const char *why_lost;       /* NULL: it isn't, or was closed */
    bool link_up;               /* at the last look */
    bool lost;                  /* see why_lost */
    bool more;                  /* the last receive() stopped at frames_max */
    bool starved;               /* the device has not a single buffer of ours */
    struct virtqueue rx;
    struct virtqueue tx;
    struct virtqueue_indirect tx_indirect[VIRTQUEUE_SIZE_MAX];
    struct virtio_net_header tx_headers[VIRTQUEUE_SIZE_MAX]; /* by the chain's first descriptor */
};

static inline struct leat_virtio *virtio_of(struct leat_netif *netif)
{
    return (void *)netif; /* its first member */
}

/* Brings up virtio->device, which has been found; the rest is zero.  Makes the queues, and fills in
 * the facts of the backend, except a MAC that the device doesn't have. */
enum leat_err virtio_net_start(struct leat_virtio *virtio, uint16_t mtu, bool no_offload,
                               const char **why);

/* Its parts: agrees on features, @more among them if the device offers these, and fills in the
 * facts of the backend; */
enum leat_err virtio_net_prepare(struct leat_virtio *virtio, uint64_t more, uint16_t mtu,
                                 bool no_offload, const char **why);

/* makes the queues of virtio->number.  False: the device doesn't have them. */
bool virtio_net_open_queues(struct leat_virtio *virtio, const char **why);

/* Resets the device, takes every buffer back, and uses the device no more. */
void virtio_net_stop(struct leat_virtio *virtio);

/* Stops this pair of queues after another processor has stopped the device. */
void virtio_net_follow(struct leat_virtio *virtio);

/* Stops a device that can't go on; @why is one line. */
void virtio_net_lose(struct leat_virtio *virtio, const char *why);

/* Stops a device that broke the rules, and counts it. */
void virtio_net_fail(struct leat_virtio *virtio);

/* Looks once a second at the device's state: whether it is still there, works, and has a link. */
void virtio_net_look(struct leat_virtio *virtio, uint64_t now_ns);

/* The number that the device gives to a queue of this pair. */
static inline uint16_t virtio_net_queue(const struct leat_virtio *virtio, unsigned queue)
{
    return (uint16_t)(2u * virtio->number + queue);
}

/* --- the two directions ----------------------------------------------------------------------- */

uint32_t virtio_net_receive(struct leat_netif *netif, uint64_t now_ns, struct leat_pool *pool,
                            struct leat_buf **frames, uint32_t frames_max);
uint32_t virtio_net_transmit_room(struct leat_netif *netif);
void virtio_net_transmit(struct leat_netif *netif, uint64_t now_ns, struct leat_buf **frames,
                         uint32_t frame_count);

uint64_t virtio_net_next_look_ns(struct leat_netif *netif, uint64_t now_ns);
void virtio_net_close(struct leat_netif *netif);

/* Frees the frames that the device has read. */
void virtio_net_collect(struct leat_virtio *virtio);

enum {
    VIRTIO_NET_HEADER_BYTES = sizeof(struct virtio_net_header),
    VIRTIO_NET_RX = 0, /* the queues' numbers (5.1.2), in each pair */
    VIRTIO_NET_TX = 1,
    VIRTIO_NET_PAIRS_MAX = 0x7fff, /* 5.1.4.1 has one more, but no number for its control queue */
    VIRTIO_NET_HEADER_NEEDS_CSUM = 1, /* of flags */
    VIRTIO_NET_HEADER_DATA_VALID = 2,
    VIRTIO_NET_HEADER_TCPV4 = 1, /* of gso_type */
    VIRTIO_NET_HEADER_TCPV6 = 4
};

#endif
