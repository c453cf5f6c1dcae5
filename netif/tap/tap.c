/*
 * tap.c -- frames to and from a Linux TAP device.
 *
 * One system call per frame: TAP has no bursts, but super-frames (vnet.h).  Input is read straight
 * into buffers of the pool, as many as an ordinary frame may need; unused ones serve the next
 * frame. Behind them lies a slab (slab.h), which takes the rest of a super-frame's payload in one
 * piece. The kernel fills one piece faster than 32, and the slab is lent to the stack.
 */
#include <leat/ip_link.h>
#include <leat/tap.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/uio.h>
#include <unistd.h>

#include "device.h"
#include "slab.h"
#include "steer.h"
#include "vnet.h"

enum {
    PIECES_MAX = 64, /* of a frame in one readv or writev */
    SUPER_BYTES = UINT16_MAX,
    COPIED_MAX = 2048, /* a shorter rest is copied, because it would occupy a whole slab */
    /* Leaves room for longer headers of a reply in the same buffer, and puts the IP header (14
     * bytes later) on a multiple of 4. */
    RX_HEADROOM = LEAT_BUF_HEADROOM - 2,
    ETHERNET_BYTES = 14,
    RX_OVERHEAD =
        ETHERNET_BYTES + 4 + 1, /* Ethernet, a VLAN tag, and one byte to see that a frame was cut */
    TX_ROOM = 256,
    RETRY_NS = 1000000 /* looks again for free buffers: 1 ms */
};

struct leat_tap {
    struct leat_netif netif;
    struct leat_posix *posix;
    int fd;
    uint16_t queue;
    bool is_tun;         /* its frames are IP packets */
    bool steered;        /* by us: it must be undone at the end */
    uint16_t device_mtu; /* limit of frames from the kernel, whatever MTU we use ourselves */
    bool lost;
    bool starved; /* the last receive() found no buffers */
    bool more;    /* the last receive() stopped at frames_max */
    uint32_t spare_count;
    struct leat_buf *spare[PIECES_MAX];  /* empty buffers for the next frame, within receive() */
    struct iovec pieces[PIECES_MAX + 1]; /* those, and the rest of a super-frame */
    bool vnet;                           /* there is a header in front of each frame */
    struct tap_vnet header;              /* of a frame that is sent in pieces */
    struct slabs slabs;
    struct slab *slab; /* for the rest of the next super-frame; NULL: all of them are lent */
    uint8_t *over;     /* SUPER_BYTES: for the rest then, to be copied */
    uint8_t *flat;     /* one whole frame, for lists that are too long for writev */
    struct leat_tap_counters counters;
    char device[32];
    struct leat_ip_link *ip_link; /* around a TUN device; NULL: Ethernet */
    void *ip_link_memory;
};

static struct leat_tap *tap_of(struct leat_netif *netif)
{
    return (struct leat_tap *)netif; /* its first member */
}

/* Fills the list of spare buffers until the largest frame fits; false: the pool is empty. */
static bool tap_fill_spare(struct leat_tap *tap, struct leat_pool *pool)
{
    const uint32_t needed = tap->device_mtu + RX_OVERHEAD;
    uint32_t room = 0;

    for (uint32_t i = 0; i < tap->spare_count; i++)
        room += leat_buf_tailroom(tap->spare[i]);
    while (room < needed && tap->spare_count < PIECES_MAX) {
        struct leat_buf *buf =
            leat_buf_alloc(pool, tap->is_tun ? RX_HEADROOM + ETHERNET_BYTES : RX_HEADROOM);

        if (!buf)
            return false;
        tap->spare[tap->spare_count++] = buf;
        room += leat_buf_tailroom(buf);
    }
    return true;
}

static void tap_free_spare(struct leat_tap *tap)
{
    for (uint32_t i = 0; i < tap->spare_count; i++)
        leat_buf_free(tap->spare[i]);
    tap->spare_count = 0;
}

/* No more frames will come: the device was removed. */
static void tap_set_lost(struct leat_tap *tap)
{
    tap->lost = true;
    if (tap->posix)
        leat_posix_unwatch(tap->posix, tap->fd); /* it would be ready for ever */
}

/* Lists the memory for a frame; returns the number of pieces.  @room: bytes of a frame that they
 * hold.
 */
static int tap_list_room(struct leat_tap *tap, uint32_t *room)
{
    int count = 0;

    *room = 0;
    for (uint32_t i = 0; i < tap->spare_count; i++) {
        tap->pieces[count++] =
            (struct iovec){tap->spare[i]->data, leat_buf_tailroom(tap->spare[i])};
        *room += leat_buf_tailroom(tap->spare[i]);
    }
    if (tap->vnet) { /* its header lies in front of the frame: a piece less for the kernel */
        tap->pieces[0].iov_base = tap->spare[0]->data - sizeof(struct tap_vnet);
        tap->pieces[0].iov_len += sizeof(struct tap_vnet);
        tap->pieces[count++] =
            (struct iovec){tap->slab ? tap->slab->bytes : tap->over, SUPER_BYTES};
        *room += SUPER_BYTES;
    }
    return count;
}

/* Reads one frame into the spare buffers and the memory behind them; returns its length, or 0 if
 * there is none. */
static uint32_t tap_read(struct leat_tap *tap)
{
    const uint32_t header = tap->vnet ? sizeof(struct tap_vnet) : 0;
    uint32_t room;
    const int count = tap_list_room(tap, &room);

    for (;;) {
        ssize_t got = readv(tap->fd, tap->pieces, count);

        if (got > (ssize_t)header && (uint32_t)got < header + room)
            return (uint32_t)got - header;
        if (got <= 0) {
            if (got < 0 && errno != EAGAIN && errno != EINTR)
                tap_set_lost(tap);
            return 0;
        }
        tap->counters.rx_cut++;
    }
}

/* Makes a frame of the first @len bytes of the spare buffers; the others stay for the next. */
static struct leat_buf *tap_take_spare(struct leat_tap *tap, uint32_t len)
{
    struct leat_buf *first = NULL, **end = &first;
    uint32_t used = 0;

    while (len > 0 && used < tap->spare_count) {
        struct leat_buf *buf = tap->spare[used++];
        uint32_t here = leat_buf_tailroom(buf) < len ? leat_buf_tailroom(buf) : len;

        leat_buf_put(buf, here);
        *end = buf;
        end = &buf->next;
        len -= here;
    }
    tap->spare_count -= used;
    memmove(tap->spare, tap->spare + used, tap->spare_count * sizeof tap->spare[0]);
    return first;
}

/* The @len bytes of a frame that lie behind the spare buffers.  NULL: the pool is empty. */
static struct leat_buf *tap_take_rest(struct leat_tap *tap, struct leat_pool *pool, uint32_t len)
{
    struct slab *slab = len > COPIED_MAX ? tap->slab : NULL;
    struct leat_buf *rest =
        slab ? leat_buf_lend(pool, slab->bytes, len, leat_tap_slab_give, slab) : NULL;

    if (rest) {
        tap->slab = NULL;
        return rest;
    }
    tap->counters.rx_copied += len;
    return leat_buf_copy(pool, tap->slab ? tap->slab->bytes : tap->over, len);
}

/* Makes a frame of the @len bytes that were read.  NULL: the pool is empty, and it is lost. */
static struct leat_buf *tap_take_frame(struct leat_tap *tap, struct leat_pool *pool, uint32_t len)
{
    struct leat_buf *frame = tap_take_spare(tap, len);
    const uint32_t over = len - leat_buf_total(frame);
    struct leat_buf *rest;

    if (over > 0) {
        rest = tap_take_rest(tap, pool, over);
        if (!rest) {
            leat_buf_free(frame);
            return NULL;
        }
        leat_buf_append(frame, rest);
    }
    return frame;
}

/* One frame; false: there is none.  *@frame is NULL if it was lost. */
static bool tap_receive_one(struct leat_tap *tap, struct leat_pool *pool, struct leat_buf **frame)
{
    uint32_t len;

    if (tap->vnet && !tap->slab)
        tap->slab = leat_tap_slab_take(&tap->slabs);
    len = tap_read(tap);
    if (len == 0)
        return false;
    *frame = tap_take_frame(tap, pool, len);
    if (!*frame) {
        tap->counters.rx_starved++;
        return true;
    }
    if (tap->vnet && !leat_tap_vnet_read(*frame)) {
        tap->counters.rx_cut++;
        leat_buf_free(*frame);
        *frame = NULL;
        return true;
    }
    return true;
}

static void tap_set_starved(struct leat_tap *tap, bool starved)
{
    if (starved)
        tap->counters.rx_starved++;
    if (starved != tap->starved && tap->posix && !tap->lost)
        leat_posix_watch(tap->posix, tap->fd, !starved);
    tap->starved = starved;
}

static uint32_t tap_receive(struct leat_netif *netif, uint64_t now_ns, struct leat_pool *pool,
                            struct leat_buf **frames, uint32_t frames_max)
{
    struct leat_tap *tap = tap_of(netif);
    bool starved = false;
    uint32_t count = 0;

    (void)now_ns;
    for (uint32_t looks = 0; looks < frames_max && !tap->lost; looks++) {
        starved = !tap_fill_spare(tap, pool);
        if (starved || !tap_receive_one(tap, pool, &frames[count]))
            break;
        count += frames[count] != NULL;
    }
    tap_free_spare(tap);
    tap_set_starved(tap, starved);
    tap->more = count == frames_max;
    return count;
}

static uint32_t tap_transmit_room(struct leat_netif *netif)
{
    (void)netif;
    return TX_ROOM;
}

/* Describes @frame in tap->pieces; returns how many there are. */
static int tap_gather(struct leat_tap *tap, const struct leat_buf *frame)
{
    int count = 0, first;

    if (tap->vnet) {
        tap->header = leat_tap_vnet_of(frame, tap->is_tun);
        tap->pieces[count++] = (struct iovec){&tap->header, sizeof tap->header};
    }
    first = count;
    for (const struct leat_buf *piece = frame; piece; piece = piece->next) {
        if (count == PIECES_MAX) {
            tap->counters.tx_flattened++;
            tap->pieces[first].iov_base = tap->flat;
            tap->pieces[first].iov_len = leat_buf_read(frame, 0, tap->flat, leat_buf_total(frame));
            return first + 1;
        }
        tap->pieces[count].iov_base = piece->data;
        tap->pieces[count++].iov_len = piece->len;
    }
    return count;
}

/* A frame in one piece with room in front needs no list.  (A list costs the kernel more.) */
static bool tap_is_plain(const struct leat_buf *frame)
{
    const struct leat_buf *owner = frame->owner;
    /* no other view shows the room in front, and the memory isn't lent */
    const bool writable = owner->refs == 1 && owner->start == (const uint8_t *)(owner + 1);

    return !frame->next && writable && leat_buf_headroom(frame) >= sizeof(struct tap_vnet);
}

static void tap_transmit_one(struct leat_tap *tap, struct leat_buf *frame)
{
    ssize_t sent;

    if (tap->vnet && tap_is_plain(frame)) {
        const struct tap_vnet vnet = leat_tap_vnet_of(frame, tap->is_tun);
        const void *begin = memcpy(leat_buf_push(frame, sizeof vnet), &vnet, sizeof vnet);

        sent = write(tap->fd, begin, frame->len);
    } else {
        const int count = tap_gather(tap, frame);

        sent = writev(tap->fd, tap->pieces, count);
    }
    if (sent < 0)
        tap->counters.tx_refused++;
    leat_buf_free(frame);
}

static void tap_transmit(struct leat_netif *netif, uint64_t now_ns, struct leat_buf **frames,
                         uint32_t frame_count)
{
    (void)now_ns;
    for (uint32_t i = 0; i < frame_count; i++)
        tap_transmit_one(tap_of(netif), frames[i]);
}

static uint64_t tap_next_look_ns(struct leat_netif *netif, uint64_t now_ns)
{
    const struct leat_tap *tap = tap_of(netif);

    if (tap->starved)
        return now_ns + RETRY_NS;
    return tap->more ? now_ns : LEAT_NEVER_NS;
}

static void tap_close(struct leat_netif *netif)
{
    struct leat_tap *tap = tap_of(netif);

    if (tap->fd < 0)
        return;
    if (tap->posix)
        leat_posix_unwatch(tap->posix, tap->fd);
    /* a device that stays must not keep our program for the next process; the first queue does this
     * for all */
    if (tap->steered)
        leat_tap_unsteer(tap->fd);
    if (tap->vnet && tap->queue == 0)
        leat_tap_vnet_offload(tap->fd, false);
    close(tap->fd);
    tap->fd = -1;
}

static const struct leat_netif_ops tap_ops = {.receive = tap_receive,
                                              .transmit_room = tap_transmit_room,
                                              .transmit = tap_transmit,
                                              .next_look_ns = tap_next_look_ns,
                                              .close = tap_close};

/* Ours or a random one; false: no entropy. */
static bool tap_choose_mac(struct leat_tap *tap, const struct leat_mac *given)
{
    if (given) {
        tap->netif.mac = *given;
        return true;
    }
    if (getrandom(tap->netif.mac.octet, sizeof tap->netif.mac.octet, 0) !=
        (ssize_t)sizeof tap->netif.mac.octet)
        return false;
    /* locally administered, one station (IEEE 802-2014 8.2) */
    tap->netif.mac.octet[0] = (uint8_t)((tap->netif.mac.octet[0] & 0xfcu) | 0x02u);
    return true;
}

/* Offloads to the kernel; without them every frame is as on a wire. */
static void tap_set_capabilities(struct leat_tap *tap)
{
    /* set in either case: a program that was killed may have left the device set otherwise */
    const bool agreed = leat_tap_vnet_offload(tap->fd, tap->vnet);

    tap->netif.capabilities = LEAT_NETIF_GATHER;
    tap->netif.gather_pieces = PIECES_MAX - 1; /* the device's own header is one */
    if (tap->vnet && agreed)
        tap->netif.capabilities |= LEAT_NETIF_RX_CHECKSUM | LEAT_NETIF_TX_CHECKSUM |
                                   LEAT_NETIF_TAGGED | LEAT_NETIF_TSO | LEAT_NETIF_TSO6 |
                                   LEAT_NETIF_GRO;
}

/* Opens the device with its facts; the error is in @why. */
static enum leat_err tap_start(struct leat_tap *tap, const struct leat_tap_config *config,
                               char why[LEAT_WHY_BYTES])
{
    const char *device = leat_tap_device_name(config);
    enum leat_err err;

    snprintf(why, LEAT_WHY_BYTES, LEAT_RESERVED_WHY);
    if (LEAT_RESERVED_IS_USED(config))
        return LEAT_ERR_ARGUMENT;
    err = leat_tap_device_open(config, &tap->fd, &tap->device_mtu, why);
    if (err)
        return err;
    if (config->queues > 0 && config->queue == 0)
        leat_tap_unsteer(tap->fd); /* a program that was killed may have steered it */
    tap->queue = config->queue;
    tap->is_tun = config->tun;
    snprintf(tap->device, sizeof tap->device, "%s", device);
    tap->vnet = !config->no_offload;
    tap->netif.ops = &tap_ops;
    tap->netif.name = tap->device;
    tap->netif.mtu = config->mtu ? config->mtu : tap->device_mtu;
    tap_set_capabilities(tap);
    if (!leat_tap_suits(config, tap->device_mtu, why))
        return LEAT_ERR_ARGUMENT;
    snprintf(why, LEAT_WHY_BYTES, "no entropy for a MAC address");
    return tap_choose_mac(tap, config->mac) ? LEAT_OK : LEAT_ERR_ENTROPY;
}

enum leat_err leat_tap_open(struct leat_tap **tap, const struct leat_tap_config *config,
                            char why[LEAT_WHY_BYTES])
{
    const char *device = leat_tap_device_name(config);
    struct leat_tap *made = calloc(1, sizeof *made);
    enum leat_err err = LEAT_ERR_MEMORY;

    snprintf(why, LEAT_WHY_BYTES, "no memory for TAP device %.32s", device);
    if (!made)
        return err;
    made->fd = -1;
    err = tap_start(made, config, why);
    if (err)
        goto failed;
    err = LEAT_ERR_MEMORY;
    snprintf(why, LEAT_WHY_BYTES, "no memory for TAP device %.32s", device);
    made->flat = malloc(RX_OVERHEAD + SUPER_BYTES);
    made->over = malloc(SUPER_BYTES);
    if (!made->flat || !made->over || !leat_tap_slabs_open(&made->slabs))
        goto failed;
    if (config->tun) {
        made->ip_link_memory = malloc(leat_ip_link_memory_bytes());
        if (!made->ip_link_memory)
            goto failed;
        made->ip_link = leat_ip_link_init(made->ip_link_memory, &made->netif);
    }
    if (config->posix) {
        err = leat_posix_watch(config->posix, made->fd, true);
        snprintf(why, LEAT_WHY_BYTES, "the host watches too many descriptors");
        if (err)
            goto failed;
        made->posix = config->posix;
    }
    *tap = made;
    return LEAT_OK;
failed:
    leat_tap_close(made);
    return err;
}

enum leat_err leat_tap_steer(struct leat_tap *tap, struct leat_ip first, uint16_t count,
                             char why[LEAT_WHY_BYTES])
{
    const enum leat_err err = leat_tap_steer_device(tap->fd, tap->device, first, count, why);

    tap->steered |= err == LEAT_OK;
    return err;
}

struct leat_netif *leat_tap_netif(struct leat_tap *tap)
{
    return tap->ip_link ? leat_ip_link_netif(tap->ip_link) : &tap->netif;
}

const struct leat_tap_counters *leat_tap_counters(const struct leat_tap *tap)
{
    return &tap->counters;
}

bool leat_tap_lost(const struct leat_tap *tap)
{
    return tap->lost;
}

void leat_tap_close(struct leat_tap *tap)
{
    if (!tap)
        return;
    if (tap->ip_link)
        leat_ip_link_netif(tap->ip_link)->ops->close(leat_ip_link_netif(tap->ip_link));
    else
        tap_close(&tap->netif);
    free(tap->ip_link_memory);
    free(tap->flat);
    free(tap->over);
    leat_tap_slabs_close(&tap->slabs);
    free(tap);
}
