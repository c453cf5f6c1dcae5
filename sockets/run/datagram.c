/*
 * datagram.c -- datagrams: each with a header (struct run_datagram), between the program's socket
 * and UDP.
 *
 * The program's socket has no room: a datagram is dropped, as on Linux. UDP has none: the program's
 * sends wait, or are told EAGAIN.
 */
#include "server.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
    PIECES_MAX = 64,
    ROUND_MAX = 64,    /* datagrams of a socket before the others' turn */
    STRANGERS_MAX = 64 /* sockets that no call has named yet */
};

static unsigned strangers;

/* Writes a header and the pieces of @payload; without room they are dropped. */
static void give(struct sock *sock, const struct run_datagram *header,
                 const struct leat_buf *payload)
{
    struct iovec pieces[PIECES_MAX] = {{(void *)(uintptr_t)header, sizeof *header}};
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = 1};

    for (; payload && message.msg_iovlen < PIECES_MAX; payload = payload->next)
        pieces[message.msg_iovlen++] = (struct iovec){payload->data, payload->len};
    if (payload || sendmsg(sock->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        sock->dropped++;
}

void datagram_give_error(struct sock *sock, int error)
{
    const struct run_datagram header = {.error = error};

    give(sock, &header, NULL);
}

void datagram_give(struct sock *sock, const struct leat_buf *payload,
                   const struct leat_endpoint *peer, const struct leat_endpoint *local)
{
    const struct run_datagram header = {.peer = run_endpoint_of(peer),
                                        .local = run_endpoint_of(local),
                                        .ttl = leat_udp_received_ttl(sock->udp),
                                        .tos = leat_udp_received_tos(sock->udp),
                                        .wants = sock->options.wants};

    give(sock, &header, payload);
}

int datagram_arrived(struct sock *sock, int fd)
{
    sock->fd = fd;
    if (strangers == STRANGERS_MAX)
        return ENOBUFS;
    strangers++;
    sock->state = SOCK_DATAGRAM;
    if (!share_open(sock))
        return ENOBUFS;
    return server_watch(fd, 0, sock) ? 0 : ENOBUFS; /* EPOLLHUP comes unasked */
}

void datagram_trust(struct sock *sock)
{
    struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = sock}};

    if (sock->state != SOCK_DATAGRAM || sock->trusted)
        return;
    sock->trusted = true;
    strangers--;
    epoll_ctl(server.epoll, EPOLL_CTL_MOD, sock->fd, &event);
}

void datagram_close(struct sock *sock)
{
    if (sock->state == SOCK_DATAGRAM && !sock->trusted)
        strangers--;
    share_leave(sock);
}

int datagram_bind(struct sock *sock, const struct leat_endpoint *local)
{
    enum leat_err err;

    if (leat_udp_local(sock->udp).port != 0)
        return EINVAL;
    err = share_bind(sock, local);
    if (err)
        return err == LEAT_ERR_ARGUMENT ? EADDRNOTAVAIL : errno_of(err);
    sock->local = *local;
    sock->local.port = leat_udp_local(sock->udp).port;
    return 0;
}

/* Binds to a port of the stack's choice, if it has none. */
static enum leat_err bind_any(struct sock *sock)
{
    const struct leat_endpoint any = {.ip = sock->local.ip};

    if (leat_udp_local(sock->udp).port != 0)
        return LEAT_OK;
    return datagram_bind(sock, &any) ? LEAT_ERR_IN_USE : LEAT_OK;
}

int datagram_connect(struct sock *sock, const struct leat_endpoint *remote)
{
    static const struct leat_endpoint none = {.port = 0};
    struct leat_endpoint to = remote ? *remote : none;
    enum leat_err err;

    if (remote && to.port == 0)
        return EINVAL;
    if (remote && leat_ip_is_any(to.ip))
        to.ip = leat_ip_is_v4(to.ip) ? LEAT_IP4(127, 0, 0, 1) : (struct leat_ip){{[15] = 1}};
    if (!share_has_several(sock)) {
        err = leat_udp_connect_to(sock->udp, &to);
        if (err)
            return errno_of(err);
        sock->local = leat_udp_local(sock->udp);
    }
    sock->remote = to;
    if (!remote)
        sock->remote.ip = sock->family == '4' ? LEAT_IP4_ANY : LEAT_IP_ANY;
    return 0;
}

/* Gives it to the stack. leat's socket has the options of the one that sent last. */
static enum leat_err send_as(struct sock *sock, const struct run_datagram *header,
                             struct leat_buf *payload, const struct leat_endpoint *peer)
{
    struct leat_ip from = endpoint_of(&header->local).ip;

    leat_udp_set_broadcast(sock->udp, sock->options.broadcast);
    leat_udp_set_ttl(sock->udp, header->ttl > 0 ? (uint8_t)header->ttl : sock->options.ttl);
    leat_udp_set_tos(sock->udp, header->tos >= 0 ? (uint8_t)header->tos : sock->options.tos);
    if (leat_ip_is_any(from) && share_has_several(sock))
        from = sock->local.ip;
    if (peer->port == 0) {
        if (sock->remote.port == 0 || (leat_ip_is_any(from) && !share_has_several(sock)))
            return leat_udp_send(sock->udp, payload);
        peer = &sock->remote;
    }
    if (leat_ip_is_any(from))
        return leat_udp_send_to(sock->udp, payload, peer);
    return leat_udp_send_from(sock->udp, payload, peer, from);
}

/* Sends one to the network. */
static void send_out(struct sock *sock, const struct run_datagram *header, const uint8_t *bytes,
                     uint32_t len)
{
    const struct leat_endpoint peer = endpoint_of(&header->peer);
    enum leat_err err = bind_any(sock);
    struct leat_buf *payload;

    if (!err && !leat_ip_is_any(endpoint_of(&header->local).ip) &&
        !leat_address_is_ours(server.platform->stack, endpoint_of(&header->local).ip) &&
        !leat_ip_is_loopback(endpoint_of(&header->local).ip)) {
        datagram_give_error(sock, EINVAL);
        return;
    }
    if (err) {
        datagram_give_error(sock, errno_of(err));
        return;
    }
    payload = len > 0 ? leat_buf_copy(leat_pool(server.platform->stack), bytes, len)
                      : leat_buf_alloc(leat_pool(server.platform->stack), LEAT_BUF_HEADROOM);
    err = send_as(sock, header, payload, &peer);
    if (err == LEAT_ERR_ARGUMENT)
        datagram_give_error(sock, EACCES);  /* a broadcast address without SO_BROADCAST */
    else if (err && err != LEAT_ERR_MEMORY) /* without memory a datagram is lost, as on the way */
        datagram_give_error(sock, errno_of(err));
}

void datagram_event(struct sock *sock)
{
    static uint8_t bytes[RUN_DATAGRAM_BYTES];
    struct run_datagram header;
    struct iovec pieces[2] = {{&header, sizeof header}, {bytes, sizeof bytes}};
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = 2};

    if (!sock->trusted) { /* a stranger has closed it */
        sock_free(sock);
        return;
    }
    for (unsigned i = 0; i < ROUND_MAX; i++) {
        const ssize_t got = recvmsg(sock->fd, &message, MSG_DONTWAIT);

        if (got < 0 && errno == EAGAIN)
            return;
        if (got < (ssize_t)sizeof header) { /* closed */
            sock_free(sock);
            return;
        }
        send_out(sock, &header, bytes, (uint32_t)((size_t)got - sizeof header));
    }
}
