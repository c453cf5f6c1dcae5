/*
 * net.c -- frames to and from a network device of Solo5.
 *
 * One call per frame, one piece per frame.  If a buffer of the pool holds the longest frame, frames
 * are read into it; otherwise into one frame of our own, and copied from there.
 */
#include <leat/assert.h>
#include <leat/solo5.h>

#include <solo5.h>

enum {
    RX_HEADROOM = LEAT_BUF_HEADROOM - 2, /* the IP header lies on a multiple of 4 */
    RX_OVERHEAD = 14 + 4 + 1, /* Ethernet, a VLAN tag, and one byte to see that a frame was cut */
    TX_ROOM = 256,
    MTU_MIN = 68,      /* RFC 791 3.2 */
    MTU_MAX = 65521,   /* a frame has at most 65,535 bytes */
    MTU_PIECE = 1900,  /* what a buffer of the stack's default size holds, headers and all */
    CUT_MAX = 64,      /* frames too long that are dropped before the stack gets its turn again */
    RETRY_NS = 1000000 /* looks again for free buffers: 1 ms */
};

struct leat_solo5_net {
    struct leat_netif netif; /* must be first: its address is also that of the struct */
    solo5_handle_t handle;
    uint32_t frame_bytes; /* of the longest that may come in, and one more */
    uint8_t *flat;        /* one whole frame */
    bool starved;         /* the last receive() found no buffers */
    bool more;            /* the last receive() stopped at frames_max, or at CUT_MAX */
    struct leat_solo5_net_counters counters;
};

static struct leat_solo5_net *net_of(struct leat_netif *netif)
{
    return (struct leat_solo5_net *)netif; /* its first member */
}

/* Reads one frame; 0: there is none.  Frames that are too long are dropped, a burst at a time. */
static uint32_t net_read(struct leat_solo5_net *net, uint8_t *bytes)
{
    leat_assert(net->frame_bytes > 0);
    for (unsigned cut = 0; cut < CUT_MAX; cut++) {
        size_t len = 0;
        const solo5_result_t result = solo5_net_read(net->handle, bytes, net->frame_bytes, &len);

        if (result == SOLO5_R_OK && len < net->frame_bytes)
            return (uint32_t)len;
        if (result != SOLO5_R_OK) {
            if (result != SOLO5_R_AGAIN)
                net->counters.rx_error++;
            return 0;
        }
        net->counters.rx_cut++;
    }
    net->more = true;
    return 0;
}

/* Reads one frame into @buf, in place.  Takes @buf. */
static struct leat_buf *net_receive_in_place(struct leat_solo5_net *net, struct leat_buf *buf)
{
    const uint32_t len = net_read(net, buf->data);

    if (len > 0) {
        leat_buf_put(buf, len);
        return buf;
    }
    leat_buf_free(buf);
    return NULL;
}

/* Reads one frame that may not fit into a buffer, and copies it into several. */
static struct leat_buf *net_receive_flat(struct leat_solo5_net *net, struct leat_pool *pool)
{
    const uint32_t len = net_read(net, net->flat);

    if (len == 0)
        return NULL;
    net->counters.rx_copied_bytes += len;
    return leat_buf_copy(pool, net->flat, len);
}

/* Buffers that the longest frame takes. */
static uint32_t buffers_for(const struct leat_solo5_net *net, const struct leat_pool *pool)
{
    return (LEAT_BUF_HEADROOM + net->frame_bytes) / leat_pool_buf_bytes(pool) + 1;
}

/* The next frame, or NULL: there is none, or no room for one (net->starved). */
static struct leat_buf *net_receive_frame(struct leat_solo5_net *net, struct leat_pool *pool)
{
    struct leat_buf *buf;

    if (RX_HEADROOM + net->frame_bytes <= leat_pool_buf_bytes(pool)) {
        buf = leat_buf_alloc(pool, RX_HEADROOM);
        net->starved = !buf;
        return buf ? net_receive_in_place(net, buf) : NULL;
    }
    net->starved = leat_pool_free_count(pool) < buffers_for(net, pool);
    return net->starved ? NULL : net_receive_flat(net, pool);
}

static uint32_t net_receive(struct leat_netif *netif, uint64_t now_ns, struct leat_pool *pool,
                            struct leat_buf **frames, uint32_t frames_max)
{
    struct leat_solo5_net *net = net_of(netif);
    uint32_t count = 0;

    (void)now_ns;
    net->starved = false;
    net->more = false;
    while (count < frames_max && (frames[count] = net_receive_frame(net, pool)))
        count++;
    if (net->starved)
        net->counters.rx_starved++;
    net->more |= count == frames_max;
    return count;
}

static uint32_t net_transmit_room(struct leat_netif *netif)
{
    (void)netif;
    return TX_ROOM;
}

static void net_transmit(struct leat_netif *netif, uint64_t now_ns, struct leat_buf **frames,
                         uint32_t frame_count)
{
    struct leat_solo5_net *net = net_of(netif);

    (void)now_ns;
    for (uint32_t i = 0; i < frame_count; i++) {
        const uint8_t *bytes = frames[i]->data;
        uint32_t len = frames[i]->len;

        if (frames[i]->next) {
            len = leat_buf_read(frames[i], 0, net->flat, net->frame_bytes);
            bytes = net->flat;
            net->counters.tx_copied_bytes += len;
        }
        if (solo5_net_write(net->handle, bytes, len) != SOLO5_R_OK)
            net->counters.tx_refused++;
        leat_buf_free(frames[i]);
    }
}

static uint64_t net_next_look_ns(struct leat_netif *netif, uint64_t now_ns)
{
    const struct leat_solo5_net *net = net_of(netif);

    if (net->starved)
        return now_ns + RETRY_NS; /* solo5_yield() returns earlier: a device can't be unwatched */
    return net->more ? now_ns : LEAT_NEVER_NS;
}

static void net_close(struct leat_netif *netif)
{
    (void)netif; /* Solo5 takes no device back */
}

static const struct leat_netif_ops net_ops = {.receive = net_receive,
                                              .transmit_room = net_transmit_room,
                                              .transmit = net_transmit,
                                              .next_look_ns = net_next_look_ns,
                                              .close = net_close};

/* Fills in the facts; false: @why says what can't be. */
static bool net_set_facts(struct leat_solo5_net *net, const struct leat_solo5_net_config *config,
                          const struct solo5_net_info *info, const char **why)
{
    const uint16_t device_mtu = info->mtu < MTU_MAX ? (uint16_t)info->mtu : MTU_MAX;
    struct leat_netif *netif = &net->netif;

    netif->ops = &net_ops;
    netif->mtu = config->mtu ? config->mtu : device_mtu;
    net->frame_bytes = (uint32_t)device_mtu + RX_OVERHEAD;
    /* The stack joins pieces in a buffer of its pool; longer frames we join. */
    if (netif->mtu > MTU_PIECE)
        netif->capabilities = LEAT_NETIF_GATHER;
    for (unsigned i = 0; i < SOLO5_NET_ALEN; i++)
        netif->mac.octet[i] = config->mac ? config->mac->octet[i] : info->mac_address[i];
    *why = "the MTU must be 68 at least, and the device's at most";
    if (netif->mtu < MTU_MIN || netif->mtu > device_mtu)
        return false;
    *why = "the MAC address must be one station's (first octet even)";
    return !(netif->mac.octet[0] & 1);
}

enum leat_err leat_solo5_net_open(struct leat_solo5_net **net,
                                  const struct leat_solo5_net_config *config, const char **why)
{
    const char *device = config->device ? config->device : "service";
    struct leat_solo5_net *made = leat_solo5_take(config->solo5, sizeof *made);
    struct solo5_net_info info;

    *why = "no memory: give the guest more of it";
    if (!made)
        return LEAT_ERR_MEMORY;
    *made = (struct leat_solo5_net){.netif = {.name = device}};
    *why = LEAT_RESERVED_WHY;
    if (LEAT_RESERVED_IS_USED(config))
        return LEAT_ERR_ARGUMENT;
    if (solo5_net_acquire(device, &made->handle, &info) != SOLO5_R_OK) {
        *why = "the manifest has no network device of this name, or it has been acquired already";
        return LEAT_ERR_NOT_FOUND;
    }
    if (!net_set_facts(made, config, &info, why))
        return LEAT_ERR_ARGUMENT;
    *why = "no memory: give the guest more of it";
    made->flat = leat_solo5_take(config->solo5, made->frame_bytes);
    if (!made->flat)
        return LEAT_ERR_MEMORY;
    *net = made;
    return LEAT_OK;
}

struct leat_netif *leat_solo5_net_netif(struct leat_solo5_net *net)
{
    return &net->netif;
}

const struct leat_solo5_net_counters *leat_solo5_net_counters(const struct leat_solo5_net *net)
{
    return &net->counters;
}
