/*
 * socket.c -- the backend over a UNIX socket: its table of functions.
 *
 * The file has what both framings share; stream.c and datagram.c read and write. A frame that the
 * stack hands over is the backend's until it is written, or refused because there is no peer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "inside.h"
#include "unix.h"

enum {
    MTU_MIN = 68, /* RFC 791 3.2 */
    MTU_DEFAULT = 1500
};

static struct leat_socket *socket_of(struct leat_netif *netif)
{
    return (struct leat_socket *)netif; /* its first member */
}

static void flush(struct leat_socket *socket)
{
    if (socket->fd < 0)
        leat_socket_refuse_waiting(socket);
    else if (socket->framing == LEAT_SOCKET_STREAM)
        leat_socket_stream_flush(socket);
    else
        leat_socket_datagram_flush(socket);
}

/* ---- the table ---------------------------------------------------------------------------- */

static uint32_t socket_receive(struct leat_netif *netif, uint64_t now_ns, struct leat_pool *pool,
                               struct leat_buf **frames, uint32_t frames_max)
{
    struct leat_socket *socket = socket_of(netif);
    const bool was_starved = socket->starved;
    uint32_t count;

    (void)now_ns;
    /* The host wakes us when the peer takes more, and leat_poll() asks for frames first. */
    if (socket->blocked)
        flush(socket);
    if (socket->fd < 0 && !(socket->listen_fd >= 0 && leat_socket_accept(socket)))
        return 0;
    count = socket->framing == LEAT_SOCKET_STREAM
                ? leat_socket_stream_receive(socket, pool, frames, frames_max)
                : leat_socket_datagram_receive(socket, pool, frames, frames_max);
    /* Without buffers, input stays in the kernel, and a descriptor that is ready would end each
     * wait at once. */
    if (socket->starved != was_starved && socket->posix && socket->fd >= 0)
        leat_posix_watch(socket->posix, socket->fd, !socket->starved);
    return count;
}

static uint32_t socket_transmit_room(struct leat_netif *netif)
{
    /* The stack keeps further frames itself, so a slow peer slows TCP down and loses nothing. */
    return TX_FRAMES_MAX - socket_of(netif)->waiting_count;
}

static void socket_transmit(struct leat_netif *netif, uint64_t now_ns, struct leat_buf **frames,
                            uint32_t frame_count)
{
    struct leat_socket *socket = socket_of(netif);

    (void)now_ns;
    for (uint32_t i = 0; i < frame_count; i++) {
        socket->waiting[socket->waiting_count] = frames[i];
        if (socket->framing == LEAT_SOCKET_STREAM)
            leat_socket_stream_put_length(socket, socket->waiting_count);
        socket->waiting_count++;
    }
    if (!socket->blocked)
        flush(socket);
}

static uint64_t socket_next_look_ns(struct leat_netif *netif, uint64_t now_ns)
{
    const struct leat_socket *socket = socket_of(netif);

    if (socket->fd < 0)
        return LEAT_NEVER_NS;
    /* Without a host that watches the descriptor, only time can tell when the peer takes more. */
    if (socket->starved || (socket->blocked && !socket->posix))
        return now_ns + RETRY_NS;
    return socket->more ? now_ns : LEAT_NEVER_NS;
}

static void socket_close(struct leat_netif *netif)
{
    struct leat_socket *socket = socket_of(netif);

    leat_socket_hang_up(socket);
    if (socket->listen_fd >= 0) {
        if (socket->posix)
            leat_posix_unwatch(socket->posix, socket->listen_fd);
        close(socket->listen_fd);
        socket->listen_fd = -1;
    }
    /* Only a path that this program has made is removed. */
    if (socket->unlink_path)
        unlink(socket->unlink_path);
    free(socket->unlink_path);
    socket->unlink_path = NULL;
}

static const struct leat_netif_ops socket_ops = {.receive = socket_receive,
                                                 .transmit_room = socket_transmit_room,
                                                 .transmit = socket_transmit,
                                                 .next_look_ns = socket_next_look_ns,
                                                 .close = socket_close};

/* ---- opening ------------------------------------------------------------------------------ */

static enum leat_err set_facts(struct leat_socket *socket, const struct leat_socket_config *config,
                               char why[LEAT_WHY_BYTES])
{
    const char *path = config->path ? config->path : "socket";
    const char *slash = strrchr(path, '/');
    uint32_t mtu = config->mtu ? config->mtu : MTU_DEFAULT;

    snprintf(socket->name, sizeof socket->name, "%s", slash && slash[1] ? slash + 1 : path);
    socket->framing = config->framing;
    socket->reach = 2;
    socket->frame_max = mtu + FRAME_OVERHEAD;
    socket->netif = (struct leat_netif){.ops = &socket_ops,
                                        .name = socket->name,
                                        .mtu = (uint16_t)mtu,
                                        .capabilities = LEAT_NETIF_GATHER | LEAT_NETIF_NO_PADDING};
    if (config->marks)
        socket->netif.capabilities |=
            LEAT_NETIF_RX_CHECKSUM | (config->no_offload ? 0 : LEAT_NETIF_TX_CHECKSUM);
    leat_framing_init(&socket->stream, socket->frame_max, config->marks, &socket->counters);
    if (LEAT_RESERVED_IS_USED(config)) {
        snprintf(why, LEAT_WHY_BYTES, LEAT_RESERVED_WHY);
        return LEAT_ERR_ARGUMENT;
    }
    if (config->marks && config->framing != LEAT_SOCKET_STREAM) {
        snprintf(why, LEAT_WHY_BYTES, "a datagram has no room to say that its checksum is missing");
        return LEAT_ERR_ARGUMENT;
    }
    if (mtu < MTU_MIN) {
        snprintf(why, LEAT_WHY_BYTES, "the MTU must be %d to %d", MTU_MIN, UINT16_MAX);
        return LEAT_ERR_ARGUMENT;
    }
    if (!leat_unix_choose_mac(&socket->netif.mac, config->mac)) {
        snprintf(why, LEAT_WHY_BYTES, "the MAC address must be one station's (first octet even)");
        return LEAT_ERR_ARGUMENT;
    }
    return LEAT_OK;
}

/* Makes the host watch the descriptor. */
static enum leat_err watch(struct leat_socket *socket, struct leat_posix *posix,
                           char why[LEAT_WHY_BYTES])
{
    const int fd = socket->listen_fd >= 0 ? socket->listen_fd : socket->fd;
    enum leat_err err;

    if (!posix)
        return LEAT_OK;
    err = leat_posix_watch(posix, fd, true);
    if (err)
        snprintf(why, LEAT_WHY_BYTES, "the host watches too many descriptors");
    else
        socket->posix = posix;
    return err;
}

enum leat_err leat_socket_open(struct leat_socket **socket, const struct leat_socket_config *config,
                               char why[LEAT_WHY_BYTES])
{
    struct leat_socket *made = calloc(1, sizeof *made);
    enum leat_err err = LEAT_ERR_MEMORY;

    snprintf(why, LEAT_WHY_BYTES, "no memory for a socket");
    if (!made) {
        /* The descriptor is ours from the call on, so it is closed on errors, too. */
        if (!config->path && config->fd >= 0)
            close(config->fd);
        return err;
    }
    made->fd = config->path ? -1 : config->fd;
    made->listen_fd = -1;
    err = set_facts(made, config, why);
    if (!err)
        err = leat_socket_connect(made, config, why);
    if (!err)
        err = watch(made, config->posix, why);
    if (err) {
        leat_socket_close(made);
        return err;
    }
    *socket = made;
    return LEAT_OK;
}

struct leat_netif *leat_socket_netif(struct leat_socket *socket)
{
    return &socket->netif;
}

const struct leat_socket_counters *leat_socket_counters(const struct leat_socket *socket)
{
    return &socket->counters;
}

const char *leat_socket_lost(const struct leat_socket *socket)
{
    return socket->is_lost ? socket->lost : NULL;
}

void leat_socket_close(struct leat_socket *socket)
{
    if (!socket)
        return;
    socket_close(&socket->netif);
    leat_socket_end_child(socket->child);
    free(socket);
}
