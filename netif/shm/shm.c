/*
 * shm.c -- the backend over shared memory: its table of functions.
 *
 * A frame is copied into a ring by its sender and out of it by its receiver. A bell, which is a
 * byte on the socket, wakes a peer that sleeps; an end that is busy looks at the rings by itself.
 * The socket's end is the end of the peer.
 */
#include <errno.h>

#include <leat/assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../socket/unix.h"
#include "inside.h"

enum {
    MTU_MIN = 68, /* RFC 791 3.2 */
    MTU_DEFAULT = 1500,
    ROOM_ALONE = 256,       /* frames that are lost in a burst while there is no peer */
    RETRY_NS = 1000000,     /* looks again for free buffers, or for room: 1 ms */
    STARVED_LOOKS_MAX = 64, /* then a frame that is too large for the pool is dropped */
    /* Leaves room for longer headers of a reply in the same buffer, and puts the IP header (14
     * bytes later) on a multiple of 4. */
    RX_HEADROOM = LEAT_BUF_HEADROOM - 2
};

static struct leat_shm *shm_of(struct leat_netif *netif)
{
    return (struct leat_shm *)netif; /* its first member */
}

/* ---- the peer ----------------------------------------------------------------------------- */

static void hang_up(struct leat_shm *shm)
{
    if (shm->fd < 0)
        return;
    if (shm->posix)
        leat_posix_unwatch(shm->posix, shm->fd);
    if (shm->posix && shm->listen_fd >= 0)
        leat_posix_watch(shm->posix, shm->listen_fd, true);
    close(shm->fd);
    shm->fd = -1;
    shm->starved = shm->blocked = shm->more = false;
    shm->starved_looks = 0;
    leat_shm_part(shm);
}

/* Sends a byte to the peer.  If the socket is full, the peer is awake, or harms only itself. */
static void ring_bell(struct leat_shm *shm, enum shm_bell word)
{
    const uint8_t byte = (uint8_t)word;

    if (send(shm->fd, &byte, 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1)
        shm->counters.bells_rung++;
}

/* The peer has gone, or is dropped for the reason @word. */
static void lose(struct leat_shm *shm, enum shm_bell word, const char *text)
{
    snprintf(shm->lost, sizeof shm->lost, "%s: the peer %s", shm->name, text);
    shm->is_lost = shm->listen_fd < 0;
    if (word != SHM_WAKE) {
        ring_bell(shm, word);
        shm->counters.peers_refused++;
    }
    hang_up(shm);
}

static const char *last_word_text(uint8_t word)
{
    switch (word) {
    case SHM_OTHER_HELLO:
        return "refused us: it speaks another version";
    case SHM_OTHER_MTU:
        return "refused us: its MTU isn't ours";
    case SHM_BAD_MEMORY:
        return "refused us: it could not use our memory";
    default:
        return "refused us: it says that we broke the rules";
    }
}

/* Reads the bells; NULL, or the reason why the connection ended. */
static const char *hear(struct leat_shm *shm)
{
    uint8_t bells[64];
    const ssize_t got = recv(shm->fd, bells, sizeof bells, MSG_DONTWAIT);

    shm->counters.bells_heard++;
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return NULL;
    /* Any other byte than a wake-up is the peer's last word. */
    for (ssize_t i = 0; i < got; i++)
        if (bells[i] != SHM_WAKE)
            return last_word_text(bells[i]);
    return got > 0 ? NULL : "has closed the connection";
}

static bool accept_peer(struct leat_shm *shm)
{
    shm->fd = accept4(shm->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (shm->fd < 0)
        return false;
    if (shm->posix && leat_posix_watch(shm->posix, shm->fd, true)) {
        close(shm->fd); /* the host watches too many: the peer sees that its connection closes */
        shm->fd = -1;
        return false;
    }
    if (shm->posix) /* further peers wait; the listening socket would be ready all the time */
        leat_posix_watch(shm->posix, shm->listen_fd, false);
    shm->counters.peers++;
    return true;
}

/* True: there is a peer, and memory that it shares with us. */
static bool has_peer(struct leat_shm *shm)
{
    enum shm_bell verdict;

    if (shm->fd < 0 && !(shm->listen_fd >= 0 && accept_peer(shm)))
        return false;
    if (shm->memory)
        return true;
    verdict = leat_shm_meet(shm);
    if (verdict != SHM_WAKE)
        lose(shm, verdict,
             verdict == SHM_OTHER_HELLO ? "speaks another version, or not this protocol"
             : verdict == SHM_OTHER_MTU ? "has another MTU"
                                        : "shares memory that can't be used");
    return shm->memory != NULL;
}

/* ---- in ----------------------------------------------------------------------------------- */

/* The ring is empty.  True: it has frames again.  After a burst it looks again before it sleeps:
 * under load there are more frames, and no wake-up is needed. */
static bool settle(struct leat_shm *shm, uint64_t now_ns, uint32_t count)
{
    const char *end;

    if (leat_ring_look(&shm->rx))
        return true;
    shm->more = count > 0 || now_ns < shm->busy_until_ns;
    if (shm->more || shm->rx.broken)
        return false;
    /* Bells are taken off the socket only here, where we are about to sleep: one that came earlier
     * would end the sleep at once. */
    end = hear(shm);
    if (leat_ring_arm(&shm->rx, shm->rx.index)) /* also frames that came just before the end */
        return true;
    if (end)
        lose(shm, SHM_WAKE, end);
    return false;
}

/* The pool is empty: input waits in the ring.  A frame that needs more buffers than the pool has in
 * all must not block those behind it. */
static void be_starved(struct leat_shm *shm)
{
    leat_debug_assert(shm->starved_looks < STARVED_LOOKS_MAX);
    shm->counters.rx_starved++;
    shm->starved = true;
    if (++shm->starved_looks < STARVED_LOOKS_MAX)
        return;
    shm->starved_looks = 0;
    leat_ring_skip(&shm->rx);
    shm->counters.rx_dropped++;
}

static uint32_t take_frames(struct leat_shm *shm, uint64_t now_ns, struct leat_pool *pool,
                            struct leat_buf **frames, uint32_t frames_max)
{
    uint32_t count = 0;

    shm->starved = shm->more = false;
    /* Dropped frames count, too: otherwise a hostile peer could keep this loop busy with them. */
    for (uint32_t passes = 0; passes < 2 * frames_max; passes++) {
        enum ring_result result;

        if (count == frames_max)
            break;
        result = leat_ring_take(&shm->rx, pool, RX_HEADROOM, shm->frame_max, &frames[count]);
        if (result == RING_FRAME) {
            shm->counters.rx_copied += leat_buf_total(frames[count++]);
            shm->starved_looks = 0;
        } else if (result == RING_EMPTY) {
            if (!settle(shm, now_ns, count))
                return count;
        } else if (result == RING_NO_MEMORY) {
            be_starved(shm);
            return count;
        } else if (result == RING_BROKEN) {
            return count;
        } else {
            *(result == RING_SHORT ? &shm->counters.rx_short : &shm->counters.rx_long) += 1;
        }
    }
    shm->more = true;
    return count;
}

static uint32_t shm_receive(struct leat_netif *netif, uint64_t now_ns, struct leat_pool *pool,
                            struct leat_buf **frames, uint32_t frames_max)
{
    struct leat_shm *shm = shm_of(netif);
    const bool was_starved = shm->starved;
    uint32_t count;

    if (!has_peer(shm))
        return 0;
    count = take_frames(shm, now_ns, pool, frames, frames_max);
    if (count > 0)
        shm->busy_until_ns = now_ns + shm->busy_poll_ns;
    if (shm->fd < 0)
        return count;
    if (leat_ring_tell(&shm->rx))
        ring_bell(shm, SHM_WAKE);
    if (shm->rx.broken || shm->tx.broken)
        lose(shm, SHM_BROKE_RULES, "wrote into the rings what can't be");
    else if (shm->starved != was_starved && shm->posix)
        leat_posix_watch(shm->posix, shm->fd, !shm->starved);
    return count;
}

/* ---- out ---------------------------------------------------------------------------------- */

static uint32_t room_of(const struct leat_shm *shm)
{
    leat_assert(shm->frame_max > 0);
    return leat_ring_free_bytes(&shm->tx) / leat_ring_record_bytes(shm->frame_max);
}

static uint32_t shm_transmit_room(struct leat_netif *netif)
{
    struct leat_shm *shm = shm_of(netif);
    struct ring *ring = &shm->tx;

    if (!shm->memory || ring->broken)
        return ROOM_ALONE;
    /* The peer's line of the cache is read only when it matters. */
    if (leat_ring_free_bytes(ring) < ring->size / 2)
        leat_ring_look(ring);
    if (room_of(shm) == 0) /* when it has read half of the ring */
        leat_ring_arm(ring, ring->index - ring->size / 2 - RING_HEAD_BYTES);
    shm->blocked = room_of(shm) == 0;
    return ring->broken ? ROOM_ALONE : room_of(shm);
}

static void shm_transmit(struct leat_netif *netif, uint64_t now_ns, struct leat_buf **frames,
                         uint32_t frame_count)
{
    struct leat_shm *shm = shm_of(netif);
    const bool is_there = shm->memory && !shm->tx.broken;

    (void)now_ns;
    for (uint32_t i = 0; i < frame_count; i++) {
        const uint32_t len = leat_buf_total(frames[i]);

        if (is_there && leat_ring_record_bytes(len) <= leat_ring_free_bytes(&shm->tx)) {
            leat_ring_put(&shm->tx, frames[i], len);
            shm->counters.tx_copied += len;
        } else {
            shm->counters.tx_refused++;
        }
        leat_buf_free(frames[i]);
    }
    /* Once for the whole burst, so at most one bell is rung for it. */
    if (is_there && leat_ring_tell(&shm->tx))
        ring_bell(shm, SHM_WAKE);
}

/* ---- the rest of the table ---------------------------------------------------------------- */

static uint64_t shm_next_look_ns(struct leat_netif *netif, uint64_t now_ns)
{
    const struct leat_shm *shm = shm_of(netif);

    if (shm->fd < 0)
        return LEAT_NEVER_NS;
    if (shm->more || (shm->memory && shm->tx.broken))
        return now_ns;
    if (shm->starved || (shm->blocked && !shm->posix))
        return now_ns + RETRY_NS;
    return LEAT_NEVER_NS;
}

static void shm_close(struct leat_netif *netif)
{
    struct leat_shm *shm = shm_of(netif);

    hang_up(shm);
    if (shm->listen_fd >= 0) {
        if (shm->posix)
            leat_posix_unwatch(shm->posix, shm->listen_fd);
        close(shm->listen_fd);
        shm->listen_fd = -1;
    }
    if (shm->unlink_path)
        unlink(shm->unlink_path);
    free(shm->unlink_path);
    shm->unlink_path = NULL;
}

static const struct leat_netif_ops shm_ops = {.receive = shm_receive,
                                              .transmit_room = shm_transmit_room,
                                              .transmit = shm_transmit,
                                              .next_look_ns = shm_next_look_ns,
                                              .close = shm_close};

/* ---- opening ------------------------------------------------------------------------------ */

static enum leat_err set_facts(struct leat_shm *shm, const struct leat_shm_config *config,
                               char why[LEAT_WHY_BYTES])
{
    const char *path = config->path ? config->path : "shm";
    const char *slash = strrchr(path, '/');
    const uint32_t mtu = config->mtu ? config->mtu : MTU_DEFAULT;

    snprintf(shm->name, sizeof shm->name, "%s", slash && slash[1] ? slash + 1 : path);
    shm->takes_memory = config->listen;
    shm->frame_max = mtu + FRAME_OVERHEAD;
    shm->busy_poll_ns = config->busy_poll_us * UINT64_C(1000);
    shm->netif = (struct leat_netif){.ops = &shm_ops,
                                     .name = shm->name,
                                     .mtu = (uint16_t)mtu,
                                     .capabilities = LEAT_NETIF_GATHER | LEAT_NETIF_NO_PADDING |
                                                     LEAT_NETIF_RX_CHECKSUM};
    if (!config->no_offload)
        shm->netif.capabilities |= LEAT_NETIF_TX_CHECKSUM;
    if (LEAT_RESERVED_IS_USED(config)) {
        snprintf(why, LEAT_WHY_BYTES, LEAT_RESERVED_WHY);
        return LEAT_ERR_ARGUMENT;
    }
    if (mtu < MTU_MIN) {
        snprintf(why, LEAT_WHY_BYTES, "the MTU must be %d to %d", MTU_MIN, UINT16_MAX);
        return LEAT_ERR_ARGUMENT;
    }
    if (!leat_unix_choose_mac(&shm->netif.mac, config->mac)) {
        snprintf(why, LEAT_WHY_BYTES, "the MAC address must be one station's (first octet even)");
        return LEAT_ERR_ARGUMENT;
    }
    return LEAT_OK;
}

static enum leat_err adopt(const struct leat_shm *shm, char why[LEAT_WHY_BYTES])
{
    socklen_t bytes = sizeof(int);
    int type = 0;

    if (shm->fd >= 0 && getsockopt(shm->fd, SOL_SOCKET, SO_TYPE, &type, &bytes) == 0 &&
        type == SOCK_STREAM)
        return LEAT_OK;
    snprintf(why, LEAT_WHY_BYTES, "no path, and descriptor %d is no stream socket", shm->fd);
    return LEAT_ERR_ARGUMENT;
}

static enum leat_err reach(struct leat_shm *shm, const struct leat_shm_config *config,
                           char why[LEAT_WHY_BYTES])
{
    enum leat_err err;

    if (config->path && config->listen)
        return leat_unix_listen(&shm->listen_fd, config->path, &shm->unlink_path, why);
    err = config->path
              ? leat_unix_connect(&shm->fd, SOCK_STREAM, config->path, NULL, &shm->unlink_path, why)
              : adopt(shm, why);
    return err || config->listen ? err : leat_shm_introduce(shm, why);
}

static enum leat_err watch(struct leat_shm *shm, struct leat_posix *posix, char why[LEAT_WHY_BYTES])
{
    enum leat_err err;

    if (!posix)
        return LEAT_OK;
    err = leat_posix_watch(posix, shm->listen_fd >= 0 ? shm->listen_fd : shm->fd, true);
    if (err)
        snprintf(why, LEAT_WHY_BYTES, "the host watches too many descriptors");
    else
        shm->posix = posix;
    return err;
}

enum leat_err leat_shm_open(struct leat_shm **shm, const struct leat_shm_config *config,
                            char why[LEAT_WHY_BYTES])
{
    struct leat_shm *made = calloc(1, sizeof *made);
    enum leat_err err;

    snprintf(why, LEAT_WHY_BYTES, "no memory for a network");
    if (!made) {
        if (!config->path && config->fd >= 0)
            close(config->fd);
        return LEAT_ERR_MEMORY;
    }
    made->fd = config->path ? -1 : config->fd;
    made->listen_fd = -1;
    err = set_facts(made, config, why);
    if (!err)
        err = reach(made, config, why);
    if (!err)
        err = watch(made, config->posix, why);
    if (err) {
        leat_shm_close(made);
        return err;
    }
    *shm = made;
    return LEAT_OK;
}

struct leat_netif *leat_shm_netif(struct leat_shm *shm)
{
    return &shm->netif;
}

const struct leat_shm_counters *leat_shm_counters(const struct leat_shm *shm)
{
    return &shm->counters;
}

const char *leat_shm_lost(const struct leat_shm *shm)
{
    return shm->is_lost ? shm->lost : NULL;
}

void leat_shm_close(struct leat_shm *shm)
{
    if (!shm)
        return;
    shm_close(&shm->netif);
    free(shm);
}
