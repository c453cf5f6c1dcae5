/*
 * datagram.c -- sockets of UDP.
 *
 * The stack hands over each datagram at once. It waits here, in one of the places that all sockets
 * share. One socket may hold as many as it leaves free, so a flooded socket leaves room for the
 * others.
 */
#include "sockets/calls/inside.h"

#include <string.h>

#include "core/assert.h"

enum {
    DATAGRAM_BYTES_MAX = 65507,
    DATAGRAM6_BYTES_MAX = 65527
};

/* ---- events -------------------------------------------------------------------------------- */

static void on_datagram(struct leat_udp *udp, struct leat_buf *payload,
                        const struct leat_endpoint *peer, const struct leat_endpoint *local,
                        void *arg)
{
    struct socket *socket = arg;
    struct leat_sockets *sockets = socket->sockets;
    struct datagram *datagram;

    (void)udp, (void)local;
    if (socket->datagram_count >= sockets->free_datagram_count ||
        (socket->options.v6_only && leat_ip_is_v4(peer->ip))) {
        sockets->counts.dropped++;
        leat_buf_free(payload);
        return;
    }
    leat_debug_assert(!ring_is_empty(&sockets->free_datagrams));
    datagram = container_of(sockets->free_datagrams.next, struct datagram, ring);
    ring_remove(&datagram->ring);
    sockets->free_datagram_count--;
    datagram->payload = payload;
    datagram->peer = *peer;
    ring_put(&socket->datagrams, &datagram->ring);
    socket->datagram_count++;
    socket_changed(socket);
}

/* Linux tells only a connected socket (udp(7)). */
static void on_error(struct leat_udp *udp, enum leat_err err, const struct leat_endpoint *peer,
                     void *arg)
{
    struct socket *socket = arg;

    (void)udp, (void)peer;
    if (socket->state != SOCKET_CONNECTED)
        return;
    socket->error = -error_number(err);
    socket_changed(socket);
}

/* ---- open, bind, connect, close ------------------------------------------------------------- */

int datagram_open(struct socket *socket)
{
    static const struct leat_udp_events events = {.on_datagram = on_datagram, .on_error = on_error};
    struct leat_sockets *sockets = socket->sockets;
    uint8_t *memory =
        sockets->udp_memory + (size_t)(socket - sockets->all) * leat_udp_socket_bytes();

    ring_init(&socket->datagrams);
    return error_number(leat_udp_open_in(sockets->stack, memory, &socket->udp, &events, socket));
}

int datagram_disconnect(struct socket *socket)
{
    const struct leat_endpoint nowhere = leat_endpoint_of(LEAT_IP_ANY, 0);

    if (socket->state != SOCKET_CONNECTED)
        return 0;
    leat_udp_connect_to(socket->udp, &nowhere);
    socket->peer = nowhere;
    socket->state = SOCKET_IDLE;
    socket->local.ip = socket->bound_ip;
    return 0;
}

int datagram_connect(struct socket *socket, const struct leat_endpoint *peer)
{
    const struct leat_endpoint to = address_of_peer(peer);
    const bool was_bound = socket->local.port > 0;
    enum leat_err err;
    int error;

    if (socket->is_v6 && socket->options.v6_only && leat_ip_is_v4(to.ip))
        return -LEAT_ENETUNREACH;
    /* leat has no peer without a port, and such a peer could not answer */
    if (to.port == 0)
        return -LEAT_EINVAL;
    error = socket_bind_any(socket);
    if (error)
        return error;
    if (!was_bound || socket->state != SOCKET_CONNECTED)
        socket->bound_ip = socket->local.ip;
    err = leat_udp_connect_to(socket->udp, &to);
    if (err)
        return err == LEAT_ERR_FAMILY ? -LEAT_EAFNOSUPPORT : error_number(err);
    socket->peer = to;
    socket->state = SOCKET_CONNECTED;
    socket->local = leat_udp_local(socket->udp);
    return 0;
}

int datagram_shutdown(struct socket *socket, unsigned how)
{
    socket->shut |= (uint8_t)how;
    socket_changed(socket);
    return socket->state == SOCKET_CONNECTED ? 0 : -LEAT_ENOTCONN;
}

/* Takes the first datagram out of the queue. The payload is the caller's. */
static struct leat_buf *take(struct socket *socket)
{
    struct leat_sockets *sockets = socket->sockets;
    struct datagram *datagram = container_of(socket->datagrams.next, struct datagram, ring);

    leat_debug_assert(socket->datagram_count > 0);
    ring_remove(&datagram->ring);
    socket->datagram_count--;
    ring_put(&sockets->free_datagrams, &datagram->ring);
    sockets->free_datagram_count++;
    return datagram->payload;
}

static struct socket *datagram_close(struct socket *socket)
{
    if (socket->udp)
        leat_udp_close(socket->udp);
    while (socket->datagram_count > 0)
        leat_buf_free(take(socket));
    return NULL;
}

const struct socket_ops datagram_ops = {.kind = SOCKET_DATAGRAM, .close = datagram_close};

bool datagram_first(const struct socket *socket, uint32_t *bytes)
{
    if (socket->datagram_count == 0)
        return false;
    *bytes = leat_buf_total(container_of(socket->datagrams.next, struct datagram, ring)->payload);
    return true;
}

/* ---- receive ------------------------------------------------------------------------------- */

/* Copies the first datagram. The rest of one that is longer than the parts is lost. */
static intptr_t copy(struct socket *socket, struct parts *parts, int flags,
                     struct received *received)
{
    const struct datagram *first = container_of(socket->datagrams.next, struct datagram, ring);
    const uint32_t bytes = leat_buf_total(first->payload);
    const size_t copied = parts_take(parts, first->payload, 0, bytes);

    received->peer = first->peer;
    if (copied < bytes)
        received->flags |= LEAT_MSG_TRUNC;
    if (!(flags & LEAT_MSG_PEEK))
        leat_buf_free(take(socket));
    return flags & LEAT_MSG_TRUNC ? (intptr_t)bytes : (intptr_t)copied;
}

intptr_t datagram_receive(struct socket *socket, struct parts *parts, int flags,
                          struct received *received)
{
    const uint64_t deadline_ns = socket_deadline(socket, socket->options.receive_ns, flags);
    int error = 0;

    if (flags & LEAT_MSG_OOB)
        return -LEAT_EOPNOTSUPP;
    while (!error) {
        error = socket_take_error(socket);
        if (error)
            break;
        if (socket->datagram_count > 0)
            return copy(socket, parts, flags, received);
        if ((socket->shut & SHUT_READ) && deadline_ns > 0)
            return 0;
        error = socket_wait(socket, deadline_ns);
    }
    return error;
}

/* ---- send ---------------------------------------------------------------------------------- */

/* Appends a copy of the bytes to the list that ends with @last. Returns the new end, or NULL: the
 * pool is used up. */
static struct leat_buf *append(struct leat_pool *pool, struct leat_buf *last, const uint8_t *bytes,
                               size_t len)
{
    while (len > 0) {
        const uint32_t room = leat_buf_tailroom(last);
        const uint32_t part = len < room ? (uint32_t)len : room;

        if (part == 0) {
            last->next = leat_buf_alloc(pool, 0);
            last = last->next;
            if (!last)
                return NULL;
            continue;
        }
        memcpy(leat_buf_put(last, part), bytes, part);
        bytes += part;
        len -= part;
    }
    return last;
}

/* A list of buffers with a copy of the message. NULL: the pool is used up. */
static struct leat_buf *gather(const struct socket *socket, struct parts *parts)
{
    struct leat_pool *pool = leat_pool(socket->sockets->stack);
    struct leat_buf *all = leat_buf_alloc(pool, LEAT_BUF_HEADROOM);
    struct leat_buf *last = all;
    size_t len = 0;
    const uint8_t *at;

    while (last && (at = parts_here(parts, &len))) {
        last = append(pool, last, at, len);
        parts_advance(parts, len);
    }
    if (last)
        return all;
    leat_buf_free(all);
    return NULL;
}

static int send_error(enum leat_err err)
{
    /* the only argument that is wrong here: a broadcast address without SO_BROADCAST */
    return err == LEAT_ERR_ARGUMENT ? -LEAT_EACCES : error_number(err);
}

static int check(struct socket *socket, const struct leat_endpoint *peer, size_t len)
{
    int error;

    if (len > (leat_ip_is_v4(peer->ip) ? DATAGRAM_BYTES_MAX : DATAGRAM6_BYTES_MAX))
        return -LEAT_EMSGSIZE;
    if (peer->port == 0)
        return -LEAT_EINVAL;
    if (socket->is_v6 && socket->options.v6_only && leat_ip_is_v4(peer->ip))
        return -LEAT_ENETUNREACH;
    error = socket_take_error(socket);
    if (!error && (socket->shut & SHUT_WRITE))
        error = -LEAT_EPIPE;
    return error;
}

intptr_t datagram_send(struct socket *socket, struct parts *parts, int flags,
                       const struct leat_endpoint *peer)
{
    const size_t len = (size_t)parts_total(parts);
    const struct socket_options *options = &socket->options;
    struct leat_endpoint to;
    int error;

    if (flags & LEAT_MSG_OOB)
        return -LEAT_EOPNOTSUPP;
    /* Linux binds even for a send that then fails */
    error = socket_bind_any(socket);
    if (error)
        return error;
    if (!peer && socket->state != SOCKET_CONNECTED)
        return -LEAT_EDESTADDRREQ;
    to = peer ? address_of_peer(peer) : socket->peer;
    error = check(socket, &to, len);
    if (error)
        return error;
    leat_udp_set_ttl(socket->udp,
                     leat_ip_is_multicast(to.ip) ? options->multicast_ttl : options->ttl);
    error = send_error(leat_udp_send_to(socket->udp, gather(socket, parts), &to));
    return error ? error : (intptr_t)len;
}
