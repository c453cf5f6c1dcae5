/*
 * bind.c -- bind(), and who may have a port.
 *
 * The ports of UDP are the stack's table. TCP's has no binding without a listener or a connection,
 * so the ports of streams are those of the sockets here. A connection that its program has closed
 * no longer counts, as if each program set SO_REUSEADDR.
 */
#include "sockets/calls/inside.h"

enum {
    EPHEMERAL_FIRST = 32768, /* Linux's range */
    EPHEMERAL_COUNT = 60999 - EPHEMERAL_FIRST + 1
};

struct leat_ip socket_any(const struct socket *socket)
{
    return socket->is_v6 ? LEAT_IP_ANY : LEAT_IP4_ANY;
}

/* ---- streams ------------------------------------------------------------------------------- */

/* True if the address of a stream has this family, too. */
static bool has_family(const struct socket *socket, bool v4)
{
    if (!leat_ip_equal(socket->local.ip, LEAT_IP_ANY))
        return leat_ip_is_v4(socket->local.ip) == v4;
    return socket->is_v6 ? !v4 || !socket->options.v6_only : v4;
}

static bool overlap(const struct socket *a, const struct socket *b)
{
    if (!leat_ip_is_any(a->local.ip) && !leat_ip_is_any(b->local.ip))
        return leat_ip_equal(a->local.ip, b->local.ip);
    return (has_family(a, true) && has_family(b, true)) ||
           (has_family(a, false) && has_family(b, false));
}

static bool is_rival(const struct socket *socket, const struct socket *other)
{
    return other != socket && other->refs > 0 && other->kind == SOCKET_STREAM &&
           !other->is_released && other->local.port == socket->local.port && overlap(socket, other);
}

/* Both may have the port: Linux's inet_csk_bind_conflict(). */
static bool share(const struct socket *socket, const struct socket *other)
{
    return (socket->options.reuse_address && other->options.reuse_address &&
            other->state != SOCKET_LISTENING) ||
           (socket->options.reuse_port && other->options.reuse_port);
}

static bool is_taken(const struct socket *socket)
{
    const struct leat_sockets *sockets = socket->sockets;

    for (uint32_t i = 0; i < sockets->socket_count; i++) {
        if (is_rival(socket, &sockets->all[i]) && !share(socket, &sockets->all[i]))
            return true;
    }
    return false;
}

bool port_is_listened_to(const struct socket *listener)
{
    const struct leat_sockets *sockets = listener->sockets;

    for (uint32_t i = 0; i < sockets->socket_count; i++) {
        if (sockets->all[i].state == SOCKET_LISTENING && is_rival(listener, &sockets->all[i]))
            return true;
    }
    return false;
}

/* A free port for an address, RFC 6056 3.3.1: a random start, then the next free one. */
static int choose_port(struct socket *socket)
{
    const uint64_t start = leat_random(socket->sockets->stack) % EPHEMERAL_COUNT;

    for (uint32_t i = 0; i < EPHEMERAL_COUNT; i++) {
        socket->local.port = (uint16_t)(EPHEMERAL_FIRST + (start + i) % EPHEMERAL_COUNT);
        if (!is_taken(socket))
            return 0;
    }
    return -LEAT_EADDRINUSE;
}

static int bind_stream(struct socket *socket, struct leat_ip ip, uint16_t port)
{
    const struct leat_endpoint before = leat_endpoint_of(socket_any(socket), socket->local.port);
    int error = 0;

    socket->local = leat_endpoint_of(ip, port);
    if (port == 0)
        error = choose_port(socket);
    else if (is_taken(socket))
        error = -LEAT_EADDRINUSE;
    if (error)
        socket->local = before; /* with a port that it has no more, as on Linux */
    else
        socket->is_released = false;
    socket->bound_ip = socket->local.ip;
    return error;
}

/* Our addresses, among them all of the loopback's, and "any". */
static bool may_bind(const struct socket *socket, struct leat_ip ip)
{
    return leat_ip_is_any(ip) || leat_ip_is_loopback(ip) ||
           leat_address_is_ours(socket->sockets->stack, ip);
}

static int bind_datagram(struct socket *socket, struct leat_ip ip, uint16_t port)
{
    enum leat_err err;

    leat_udp_set_v6_only(socket->udp, socket->options.v6_only && leat_ip_equal(ip, LEAT_IP_ANY));
    err = leat_udp_bind(socket->udp, ip, port);
    if (err == LEAT_ERR_ARGUMENT || err == LEAT_ERR_FAMILY)
        return -LEAT_EADDRNOTAVAIL;
    if (err)
        return error_number(err);
    socket->local = leat_endpoint_of(ip, leat_udp_local(socket->udp).port);
    return 0;
}

/* ---- both ---------------------------------------------------------------------------------- */

static int bind_to(struct socket *socket, struct leat_ip ip, uint16_t port)
{
    return socket->kind == SOCKET_STREAM ? bind_stream(socket, ip, port)
                                         : bind_datagram(socket, ip, port);
}

int socket_bind_any(struct socket *socket)
{
    return socket_has_port(socket) ? 0 : bind_to(socket, socket_any(socket), 0);
}

/* An address of IPv6 can be one of IPv4, mapped, unless the socket has IPV6_V6ONLY. */
static int bind_socket(struct socket *socket, const void *address, uint32_t len)
{
    struct leat_endpoint end;
    int error = address_read(socket->is_v6, address, len, &end);

    if (error)
        return error;
    if (socket->is_v6 && leat_ip_is_v4(end.ip) && socket->options.v6_only)
        return -LEAT_EINVAL;
    if (leat_ip_is_multicast(end.ip) && socket->kind == SOCKET_STREAM)
        return -LEAT_EADDRNOTAVAIL;
    if (socket->kind == SOCKET_STREAM && !may_bind(socket, end.ip))
        return -LEAT_EADDRNOTAVAIL;
    /* a stream that has ended has given its port back */
    if (socket_has_port(socket))
        return -LEAT_EINVAL;
    error = bind_to(socket, end.ip, end.port);
    if (!error)
        socket->is_bound = true;
    return error;
}

int leat_bsd_bind(struct leat_sockets *sockets, int fd, const void *address, uint32_t len)
{
    struct socket *socket = socket_take(sockets, fd);
    int error;

    if (!socket)
        return -LEAT_EBADF;
    error = socket_is_real(socket) ? bind_socket(socket, address, len) : -LEAT_ENOTSOCK;
    socket_give(socket);
    return error;
}
