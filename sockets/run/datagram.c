/*
 * datagram.c -- datagrams: each with a header (struct run_datagram), between the program's socket
 * and UDP.
 *
 * The program's socket has no room: a datagram is dropped, as on Linux. UDP has none: the program's
 * sends wait, or are told EAGAIN.
 */
#include "server.h"

#include <errno.h>
#include <stdlib.h>
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

static void give_error(struct sock *sock, int error)
{
    const struct run_datagram header = {.error = error};

    give(sock, &header, NULL);
}

/* Datagrams of a family that the program's socket doesn't take are for no one. */
static void on_datagram(struct leat_udp *udp, struct leat_buf *payload,
                        const struct leat_endpoint *peer, const struct leat_endpoint *local,
                        void *arg)
{
    struct sock *sock = arg;
    const struct run_datagram header = {.peer = run_endpoint_of(peer),
                                        .local = run_endpoint_of(local),
                                        .ttl = leat_udp_received_ttl(udp),
                                        .tos = leat_udp_received_tos(udp),
                                        .wants = sock->options.wants};

    if (sock->fd >= 0 && !(sock->options.only_v6 && leat_ip_is_v4(peer->ip)))
        give(sock, &header, payload);
    leat_buf_free(payload);
}

/* As Linux, only a connected socket gets these (without IP_RECVERR). */
static void on_error(struct leat_udp *udp, enum leat_err err, const struct leat_endpoint *peer,
                     void *arg)
{
    struct sock *sock = arg;

    (void)udp;
    (void)peer;
    if (sock->fd >= 0 && sock->remote.port != 0)
        give_error(sock, errno_of(err));
}

static const struct leat_udp_events datagram_events = {.on_datagram = on_datagram,
                                                       .on_error = on_error};

int datagram_arrived(struct sock *sock, int fd)
{
    sock->fd = fd;
    if (strangers == STRANGERS_MAX)
        return ENOBUFS;
    strangers++;
    sock->state = SOCK_DATAGRAM;
    sock->udp_memory = calloc(1, leat_udp_socket_bytes());
    if (!sock->udp_memory || leat_udp_open_in(server.platform->stack, sock->udp_memory, &sock->udp,
                                              &datagram_events, sock))
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
    if (sock->udp)
        leat_udp_close(sock->udp);
    sock->udp = NULL;
    free(sock->udp_memory);
    sock->udp_memory = NULL;
}

/* An IPv6 socket that is bound to "::" also takes IPv4, by one socket of leat. */
int datagram_bind(struct sock *sock, const struct leat_endpoint *local)
{
    enum leat_err err;

    if (leat_udp_local(sock->udp).port != 0)
        return EINVAL;
    err = leat_udp_bind(sock->udp, local->ip, local->port);
    if (err == LEAT_ERR_FAMILY && leat_ip_is_any(local->ip))
        err = leat_udp_bind(sock->udp, LEAT_IP4_ANY, local->port);
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
    err = leat_udp_connect_to(sock->udp, &to);
    if (err)
        return errno_of(err);
    sock->remote = to;
    if (!remote)
        sock->remote.ip = sock->family == '4' ? LEAT_IP4_ANY : LEAT_IP_ANY;
    sock->local = leat_udp_local(sock->udp);
    return 0;
}

/* Gives it to the stack, with the TTL and the TOS of its control data. */
static enum leat_err send_as(struct sock *sock, const struct run_datagram *header,
                             struct leat_buf *payload, const struct leat_endpoint *peer)
{
    const struct leat_endpoint from = endpoint_of(&header->local);
    enum leat_err err;

    if (header->ttl > 0)
        leat_udp_set_ttl(sock->udp, (uint8_t)header->ttl);
    if (header->tos >= 0)
        leat_udp_set_tos(sock->udp, (uint8_t)header->tos);
    if (leat_ip_is_any(from.ip))
        err = peer->port == 0 ? leat_udp_send(sock->udp, payload)
                              : leat_udp_send_to(sock->udp, payload, peer);
    else
        err =
            leat_udp_send_from(sock->udp, payload, peer->port == 0 ? &sock->remote : peer, from.ip);
    leat_udp_set_ttl(sock->udp, sock->options.ttl);
    leat_udp_set_tos(sock->udp, sock->options.tos);
    return err;
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
        give_error(sock, EINVAL);
        return;
    }
    if (err) {
        give_error(sock, errno_of(err));
        return;
    }
    payload = len > 0 ? leat_buf_copy(leat_pool(server.platform->stack), bytes, len)
                      : leat_buf_alloc(leat_pool(server.platform->stack), LEAT_BUF_HEADROOM);
    err = send_as(sock, header, payload, &peer);
    if (err == LEAT_ERR_ARGUMENT)
        give_error(sock, EACCES);           /* a broadcast address without SO_BROADCAST */
    else if (err && err != LEAT_ERR_MEMORY) /* without memory a datagram is lost, as on the way */
        give_error(sock, errno_of(err));
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
