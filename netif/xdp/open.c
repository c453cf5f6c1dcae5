/*
 * open.c -- opens a queue of a network device: its facts, the UMEM, the socket, the filter.
 *
 * leat_xdp_open() calls check(), set_facts(), open_umem() and open_socket() in this order. On an
 * error leat_xdp_close() undoes what is there. Further queues of a device use the filter of the
 * first one.
 */
#include "inside.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* Linux 6.6; Debian 12's headers don't know it yet. */
#ifndef XDP_USE_SG
#define XDP_USE_SG (1 << 4)
#endif

enum {
    FRAME_OVERHEAD = 14 + 4, /* Ethernet, and a VLAN tag */
    MTU_MIN = 68,            /* RFC 791 3.2 */
    BUSY_POLL_BUDGET = 64
};

static enum leat_err fail(const char *what, const char *device, int error, char why[LEAT_WHY_BYTES])
{
    const char *help = error == EPERM || error == EACCES
                           ? ": it takes root, or CAP_NET_ADMIN, CAP_NET_RAW and CAP_BPF"
                       : error == EBUSY || error == EEXIST ? ": another program has it"
                       : error == EOPNOTSUPP               ? ": the driver can't; try with copies"
                                                           : "";

    snprintf(why, LEAT_WHY_BYTES, "%s %.32s: %s%s", what, device, strerror(error), help);
    return error == ENOMEM ? LEAT_ERR_MEMORY : LEAT_ERR_DEVICE;
}

/* MAC and MTU; the device is brought up. */
static enum leat_err ask_device(struct leat_xdp *xdp, uint16_t *mtu, char why[LEAT_WHY_BYTES])
{
    struct ifreq request = {0};
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool asked;

    memcpy(request.ifr_name, xdp->device, sizeof request.ifr_name);
    asked = fd >= 0 && ioctl(fd, SIOCGIFHWADDR, &request) == 0;
    memcpy(xdp->netif.mac.octet, request.ifr_hwaddr.sa_data, sizeof xdp->netif.mac.octet);
    asked = asked && ioctl(fd, SIOCGIFMTU, &request) == 0;
    *mtu = asked && request.ifr_mtu < UINT16_MAX ? (uint16_t)request.ifr_mtu : UINT16_MAX;
    if (fd >= 0)
        close(fd);
    return asked ? LEAT_OK : fail("can't ask", xdp->device, errno, why);
}

/* A MAC of our own, which neither the device nor another queue's stack has: locally administered
 * (IEEE 802), with one more bit, because a virtual device's own may be locally administered, too.
 */
static struct leat_mac own_mac(struct leat_mac device, const struct leat_xdp_config *config)
{
    static const struct leat_mac none;

    if (memcmp(&config->mac, &none, sizeof none) != 0)
        return config->mac;
    device.octet[0] = (uint8_t)((device.octet[0] ^ 0x04) | 0x02);
    device.octet[1] = (uint8_t)(device.octet[1] + config->queue);
    return device;
}

static enum leat_err set_facts(struct leat_xdp *xdp, const struct leat_xdp_config *config,
                               char why[LEAT_WHY_BYTES])
{
    const uint32_t buf_bytes = config->buf_bytes ? config->buf_bytes : 2048;
    /* A frame must fit one buffer: AF_XDP delivers longer ones in pieces, which are dropped
     * (xdp.c). */
    const uint32_t most = buf_bytes - RX_HEADROOM - FRAME_OVERHEAD;
    uint16_t mtu = 0;
    enum leat_err err = ask_device(xdp, &mtu, why);

    if (err)
        return err;
    if (mtu > most)
        mtu = (uint16_t)most;
    if (config->own_mac)
        xdp->netif.mac = own_mac(xdp->netif.mac, config);
    xdp->netif.ops = &leat_xdp_ops;
    xdp->netif.name = xdp->device;
    xdp->netif.mtu = config->mtu ? config->mtu : mtu;
    if (xdp->netif.mtu >= MTU_MIN && xdp->netif.mtu <= mtu)
        return LEAT_OK;
    snprintf(why, LEAT_WHY_BYTES, "the MTU must be %d to %u, for %.32s and buffers of %u bytes",
             MTU_MIN, (unsigned)mtu, xdp->device, (unsigned)buf_bytes);
    return LEAT_ERR_ARGUMENT;
}

static enum leat_err check_addresses(const struct leat_xdp_config *config, char why[LEAT_WHY_BYTES])
{
    if (!leat_ip_is_v4(config->ip) && !leat_ip_is_any(config->ip)) {
        snprintf(why, LEAT_WHY_BYTES, "the range must be of IPv4 addresses");
        return LEAT_ERR_FAMILY;
    }
    if (leat_ip_is_v4(config->ip6)) {
        snprintf(why, LEAT_WHY_BYTES, "the IPv6 address is one of IPv4");
        return LEAT_ERR_FAMILY;
    }
    if (config->mac.octet[0] & 1) {
        snprintf(why, LEAT_WHY_BYTES, "the MAC address is a group's");
        return LEAT_ERR_ARGUMENT;
    }
    if (config->first && config->first->shared->by_mac != config->own_mac) {
        snprintf(why, LEAT_WHY_BYTES,
                 "all queues' stacks have MAC addresses of their own, or none");
        return LEAT_ERR_ARGUMENT;
    }
    return LEAT_OK;
}

static enum leat_err check(const struct leat_xdp_config *config, char why[LEAT_WHY_BYTES])
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const uint32_t buffers = config->rx_buffers ? config->rx_buffers : RX_BUFFERS;

    if (LEAT_RESERVED_IS_USED(config)) {
        snprintf(why, LEAT_WHY_BYTES, LEAT_RESERVED_WHY);
        return LEAT_ERR_ARGUMENT;
    }
    if (!config->memory || (uintptr_t)config->memory % page || config->memory_bytes % page) {
        snprintf(why, LEAT_WHY_BYTES, "the stack's memory must be whole pages of %u bytes",
                 (unsigned)page);
        return LEAT_ERR_ARGUMENT;
    }
    /* The kernel's limits for chunks of the UMEM. */
    if (config->buf_bytes && (config->buf_bytes < 2048 || config->buf_bytes > page)) {
        snprintf(why, LEAT_WHY_BYTES, "buffers must have 2048 to %u bytes", (unsigned)page);
        return LEAT_ERR_ARGUMENT;
    }
    /* the rings' sizes are powers of two */
    if (buffers & (buffers - 1)) {
        snprintf(why, LEAT_WHY_BYTES, "the buffers in the device must be a power of two");
        return LEAT_ERR_ARGUMENT;
    }
    if (!config->device || strlen(config->device) >= IF_NAMESIZE) {
        snprintf(why, LEAT_WHY_BYTES, "a device's name has 1 to %d letters", IF_NAMESIZE - 1);
        return LEAT_ERR_ARGUMENT;
    }
    if (if_nametoindex(config->device) == 0) {
        snprintf(why, LEAT_WHY_BYTES, "there is no device %.32s", config->device);
        return LEAT_ERR_NOT_FOUND;
    }
    return check_addresses(config, why);
}

/* The stack's memory becomes the UMEM.  Buffers lie there as the pool has put them: unaligned. */
static enum leat_err open_umem(struct leat_xdp *xdp, const struct leat_xdp_config *config,
                               char why[LEAT_WHY_BYTES])
{
    const struct xsk_umem_config umem = {
        .fill_size =
            2 *
            xdp->rx_buffers, /* if it were no larger than its content, it would fill and stall */
        .comp_size = TX_PIECES,
        .frame_size = config->buf_bytes ? config->buf_bytes : 2048,
        .frame_headroom = RX_HEADROOM - KERNEL_HEADROOM,
        .flags = XDP_UMEM_UNALIGNED_CHUNK_FLAG};
    const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
    int error;

    setrlimit(RLIMIT_MEMLOCK, &all); /* needed before Linux 5.11, harmless later */
    error = -xsk_umem__create(&xdp->umem, config->memory, config->memory_bytes, &xdp->fill,
                              &xdp->done, &umem);
    return error ? fail("can't lend the stack's memory to", xdp->device, error, why) : LEAT_OK;
}

/* If any mode will do, tries zero copy first; and frames of several pieces first, which kernels
 * before 6.6 and some drivers don't support. */
static int create_socket(struct leat_xdp *xdp, const struct leat_xdp_config *config)
{
    struct xsk_socket_config socket = {.rx_size = 2 * xdp->rx_buffers,
                                       .tx_size = TX_PIECES,
                                       .libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD};
    int error = EOPNOTSUPP;

    /* the looks: zero copy with pieces and without, then copies with pieces and without */
    for (unsigned look = 0; look < 4 && error; look++) {
        const bool copy = look >= 2, gather = look % 2 == 0;

        if (config->copy == (copy ? LEAT_XDP_ZERO_COPY : LEAT_XDP_COPY))
            continue;
        socket.bind_flags = (uint16_t)(XDP_USE_NEED_WAKEUP | (copy ? XDP_COPY : XDP_ZEROCOPY) |
                                       (gather ? XDP_USE_SG : 0));
        error = -xsk_socket__create(&xdp->socket, xdp->device, config->queue, xdp->umem, &xdp->rx,
                                    &xdp->tx, &socket);
        xdp->zero_copy = !copy;
        xdp->netif.capabilities = gather ? LEAT_NETIF_GATHER : 0;
        xdp->netif.gather_pieces = XDP_PIECES_MAX;
    }
    return error;
}

static void set_busy_poll(struct leat_xdp *xdp, uint16_t us)
{
    const int prefer = 1, budget = BUSY_POLL_BUDGET, wait_us = us;

    /* A kernel without these options interrupts as usual. */
    if (us > 0 &&
        setsockopt(xdp->fd, SOL_SOCKET, SO_PREFER_BUSY_POLL, &prefer, sizeof prefer) == 0 &&
        setsockopt(xdp->fd, SOL_SOCKET, SO_BUSY_POLL, &wait_us, sizeof wait_us) == 0 &&
        setsockopt(xdp->fd, SOL_SOCKET, SO_BUSY_POLL_BUDGET, &budget, sizeof budget) == 0)
        xdp->busy_poll_ns = us * UINT64_C(1000);
}

static bool watch(struct leat_xdp *xdp, struct leat_posix *posix)
{
    xdp->posix = posix;
    return !leat_posix_watch(posix, xdp->fd, true) &&
           (xdp->packet.fd < 0 || !leat_posix_watch(posix, xdp->packet.fd, true));
}

static enum leat_err open_socket(struct leat_xdp *xdp, const struct leat_xdp_config *config,
                                 char why[LEAT_WHY_BYTES])
{
    struct xdp_filter *filter = xdp->shared;
    int error;

    /* The filter first, though it has no socket yet: until the socket is in its map, frames go to
     * Linux. */
    if (!config->first && !leat_xdp_filter_open(filter, (int)xdp->ifindex, config))
        return fail("can't put a filter on", xdp->device, errno, why);
    error = create_socket(xdp, config);
    if (error)
        return fail("can't open a queue of", xdp->device, error, why);
    xdp->fd = xsk_socket__fd(xdp->socket);
    error = -xsk_socket__update_xskmap(xdp->socket, filter->sockets);
    if (error)
        return fail("can't tell the filter the queue of", xdp->device, error, why);
    if (config->own_mac && !leat_xdp_filter_take_mac(filter, xdp->netif.mac, config->queue))
        return fail("can't tell the filter our MAC on", xdp->device, errno, why);
    if (config->own_mac && !leat_xdp_packet_open(&xdp->packet, xdp->ifindex, xdp->netif.mac,
                                                 xdp->netif.mtu + FRAME_OVERHEAD))
        return fail("can't hear groups on", xdp->device, errno, why);
    set_busy_poll(xdp, config->busy_poll_us);
    if (config->posix && !watch(xdp, config->posix)) {
        snprintf(why, LEAT_WHY_BYTES, "the host watches too many descriptors");
        return LEAT_ERR_FULL;
    }
    return LEAT_OK;
}

enum leat_err leat_xdp_open(struct leat_xdp **xdp, const struct leat_xdp_config *config,
                            char why[LEAT_WHY_BYTES])
{
    enum leat_err err = check(config, why);
    struct leat_xdp *made;

    if (err)
        return err;
    made = calloc(1, sizeof *made);
    snprintf(why, LEAT_WHY_BYTES, "no memory for a queue of %.32s", config->device);
    if (!made)
        return LEAT_ERR_MEMORY;
    made->fd = -1;
    made->filter = XDP_NO_FILTER;
    made->packet.fd = -1;
    made->shared = config->first ? config->first->shared : &made->filter;
    made->memory = config->memory;
    made->memory_bytes = config->memory_bytes;
    made->rx_buffers = config->rx_buffers ? config->rx_buffers : RX_BUFFERS;
    snprintf(made->device, sizeof made->device, "%s", config->device);
    made->ifindex = if_nametoindex(made->device);
    err = set_facts(made, config, why);
    if (!err)
        err = open_umem(made, config, why);
    if (!err)
        err = open_socket(made, config, why);
    if (err) {
        leat_xdp_close(made);
        return err;
    }
    *xdp = made;
    return LEAT_OK;
}

struct leat_netif *leat_xdp_netif(struct leat_xdp *xdp)
{
    return &xdp->netif;
}

enum leat_err leat_xdp_take(struct leat_xdp *xdp, struct leat_ip ip)
{
    if (leat_ip_is_v4(ip) || leat_ip_is_any(ip) || leat_ip_is_multicast(ip))
        return LEAT_ERR_FAMILY;
    if (xdp->shared->by_mac || leat_xdp_filter_take(xdp->shared, ip))
        return LEAT_OK;
    return errno == E2BIG ? LEAT_ERR_FULL : LEAT_ERR_DEVICE;
}

const struct leat_xdp_counters *leat_xdp_counters(struct leat_xdp *xdp)
{
    struct xdp_statistics kernel = {0};
    socklen_t bytes = sizeof kernel;

    if (xdp->fd >= 0 && getsockopt(xdp->fd, SOL_XDP, XDP_STATISTICS, &kernel, &bytes) == 0) {
        xdp->counters.rx_dropped = kernel.rx_dropped + kernel.rx_fill_ring_empty_descs;
        xdp->counters.rx_ring_full = kernel.rx_ring_full;
    }
    if (xdp->packet.fd >= 0)
        leat_xdp_packet_look(&xdp->packet);
    xdp->counters.rx_aside = xdp->packet.taken;
    xdp->counters.rx_aside_lost = xdp->packet.lost;
    xdp->counters.rx_copied = xdp->packet.copied;
    return &xdp->counters;
}

bool leat_xdp_is_zero_copy(const struct leat_xdp *xdp)
{
    return xdp->zero_copy;
}

bool leat_xdp_lost(const struct leat_xdp *xdp)
{
    return xdp->lost;
}

void leat_xdp_close(struct leat_xdp *xdp)
{
    if (!xdp)
        return;
    leat_xdp_shut(&xdp->netif);
    free(xdp);
}
