/*
 * calls.c -- the system calls, implemented on leat's callbacks.
 *
 * A call is tried at once, and again after each poll until it returns. So a call on a blocking
 * socket takes as long in virtual time as it would on a real machine.
 */
#include "sockets.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "loan.h"
#include "names.h"

/* ---- results of calls ---------------------------------------------------------------------- */

const struct value *call_arg(const struct calling *calling, unsigned n)
{
    static const struct value nothing = {.kind = VALUE_ELLIPSIS};
    const struct value *value = calling->call->args;

    while (n-- > 0 && value)
        value = value->next;
    return value ? value : &nothing;
}

bool call_returns(struct calling *calling, int64_t result)
{
    calling->result = result;
    return true;
}

bool call_fails(struct calling *calling, int error)
{
    calling->result = -1;
    calling->error = error;
    return true;
}

bool call_would_block(struct calling *calling, bool nonblocking)
{
    return nonblocking && call_fails(calling, LINUX_EAGAIN);
}

bool call_complain(struct calling *calling, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(calling->complaint, sizeof calling->complaint, format, args);
    va_end(args);
    return true;
}

bool call_fails_with_pending(struct calling *calling, int fallback)
{
    struct sock *sock = calling->sock;
    const int error = sock->error ? sock->error : fallback;

    sock->error = 0;
    return call_fails(calling, error);
}

const struct value *call_field(const struct value *value, const char *name)
{
    const struct value *field = value->first;

    while (field &&
           !(field->name_len == strlen(name) && memcmp(field->name, name, field->name_len) == 0))
        field = field->next;
    return field;
}

struct leat_endpoint call_endpoint(const struct settings *settings, const struct value *value,
                                   uint32_t ip, uint16_t port)
{
    struct leat_endpoint endpoint = leat_endpoint_of(settings_ip(settings, ip), port);
    const struct value *sin_port = call_field(value, "sin_port");
    const struct value *sin_addr = call_field(value, "sin_addr");

    if (sin_port)
        endpoint.port = (uint16_t)sin_port->integer;
    if (sin_addr)
        endpoint.ip = settings_ip(settings, (uint32_t)sin_addr->integer);
    return endpoint;
}

/* ---- open --------------------------------------------------------------------------------- */

static bool call_socket(struct sockets *sockets, struct calling *calling)
{
    const int64_t type = call_arg(calling, 1)->integer;
    const int64_t kind = type & 0xff;
    struct sock *sock;

    if (kind != LINUX_SOCK_STREAM && kind != LINUX_SOCK_DGRAM)
        return call_fails(calling, LINUX_EINVAL);
    if (calling->call->result < 0 || sockets_find(sockets, calling->call->result))
        return call_complain(calling, "the script's result is no free descriptor");
    sock = sockets_add(sockets, calling->call->result,
                       kind == LINUX_SOCK_STREAM ? SOCK_TCP : SOCK_UDP);
    if (!sock)
        return call_complain(calling, "more than %d sockets", SOCKETS_MAX);
    sock->nonblocking = type & LINUX_SOCK_NONBLOCK;
    if (sock->kind == SOCK_UDP &&
        leat_udp_open(sockets->machine->stack, &sock->udp, &sock_udp_events, sock) != LEAT_OK)
        return call_fails(calling, LINUX_ENOBUFS);
    return call_returns(calling, sock->fd);
}

void call_note_udp(struct sockets *sockets, const struct sock *sock,
                   const struct leat_endpoint *remote)
{
    sockets->udp_local = leat_udp_local(sock->udp);
    if (remote)
        sockets->udp_remote = *remote;
}

static bool call_bind(struct sockets *sockets, struct calling *calling)
{
    struct sock *sock = calling->sock;
    enum leat_err err;

    sock->bound =
        call_endpoint(sockets->settings, call_arg(calling, 1), 0, sockets->settings->bind_port);
    if (sock->kind == SOCK_TCP)
        return call_returns(calling, 0);
    err = leat_udp_bind(sock->udp, sock->bound.ip, sock->bound.port);
    call_note_udp(sockets, sock, 0);
    return err == LEAT_OK ? call_returns(calling, 0) : call_fails(calling, sock_errno(err));
}

static bool call_listen(struct sockets *sockets, struct calling *calling)
{
    struct sock *sock = calling->sock;
    const int64_t backlog = call_arg(calling, 1)->integer;
    const struct leat_tcp_listen_config config = {
        .ip = sock->bound.ip,
        .port = sock->bound.port,
        .backlog = (uint16_t)(backlog < 1            ? 1
                              : backlog > UINT16_MAX ? UINT16_MAX
                                                     : backlog),
        .mss_max = sock->mss_max,
        .send_queue_bytes = sock->send_queue_bytes,
        .fast_open = sock->fast_open ? LEAT_TCP_ON : LEAT_TCP_AS_STACK,
        .on_acceptable = sock_on_acceptable,
        .arg = sock,
    };
    enum leat_err err;

    if (sock->kind != SOCK_TCP)
        return call_fails(calling, LINUX_EOPNOTSUPP);
    err = leat_tcp_listen(sockets->machine->stack, &sock->listener, &config);
    return err == LEAT_OK ? call_returns(calling, 0) : call_fails(calling, sock_errno(err));
}

static bool call_accept(struct sockets *sockets, struct calling *calling)
{
    struct sock *sock = calling->sock, *child;
    struct leat_tcp *conn;

    if (!sock->listener)
        return call_fails(calling, LINUX_EINVAL);
    if (calling->call->result >= 0 && sockets_find(sockets, calling->call->result))
        return call_complain(calling, "the script's result is no free descriptor");
    conn = leat_tcp_accept(sock->listener, 0, 0);
    sock->acceptable = conn != 0;
    if (!conn)
        return call_would_block(calling, sock->nonblocking);
    if (calling->call->result < 0) {
        leat_tcp_abort(conn);
        return call_complain(calling, "a connection is accepted");
    }
    child = sockets_add(sockets, calling->call->result, SOCK_TCP);
    if (!child)
        return call_complain(calling, "more than %d sockets", SOCKETS_MAX);
    child->connected = true;
    child->nodelay = sock->nodelay;
    child->zero_copy = sock->zero_copy;
    child->send_queue_bytes = sock->send_queue_bytes;
    child->dscp = sock->dscp;
    child->congestion = sock->congestion;
    child->keepalive = sock->keepalive;
    child->lingers = sock->lingers;
    child->linger_s = sock->linger_s;
    child->user_timeout_ns = sock->user_timeout_ns;
    leat_tcp_set_events(conn, &sock_tcp_events, child);
    sock_attach(child, conn);
    return call_returns(calling, child->fd);
}

enum leat_err call_begin_connect(struct sockets *sockets, struct sock *sock,
                                 const struct leat_endpoint *remote)
{
    struct leat_tcp *conn = 0;
    const enum leat_err err = leat_tcp_connect(sockets->machine->stack, &conn, remote, &sock->bound,
                                               &sock_tcp_events, sock);

    if (err != LEAT_OK)
        return err;
    sock->connecting = true;
    if (sock->mss_max > 0)
        leat_tcp_set_mss_max(conn, sock->mss_max);
    if (sock->fast_open)
        leat_tcp_set_fast_open(conn, true);
    sock_attach(sock, conn);
    return LEAT_OK;
}

static bool connect_tcp(struct sockets *sockets, struct calling *calling,
                        const struct leat_endpoint *remote)
{
    struct sock *sock = calling->sock;
    const enum leat_err err = call_begin_connect(sockets, sock, remote);

    if (err != LEAT_OK)
        return call_fails(calling, err == LEAT_ERR_IN_USE ? LINUX_EADDRNOTAVAIL : sock_errno(err));
    calling->started = true;
    return sock->nonblocking && call_fails(calling, LINUX_EINPROGRESS);
}

static bool call_connect(struct sockets *sockets, struct calling *calling)
{
    struct sock *sock = calling->sock;
    const struct leat_endpoint remote =
        call_endpoint(sockets->settings, call_arg(calling, 1), sockets->settings->remote_ip,
                      sockets->settings->connect_port);

    if (sock->kind == SOCK_UDP) {
        const enum leat_err err = leat_udp_connect(sock->udp, remote.ip, remote.port);

        sock->connected = err == LEAT_OK;
        call_note_udp(sockets, sock, &remote);
        return err == LEAT_OK ? call_returns(calling, 0) : call_fails(calling, sock_errno(err));
    }
    if (calling->started) {
        if (sock->connecting)
            return false;
        return sock->error ? call_fails_with_pending(calling, 0) : call_returns(calling, 0);
    }
    if (sock->connecting)
        return call_fails(calling, LINUX_EALREADY);
    if (sock->error || (sock->ended && !sock->connected))
        return call_fails_with_pending(calling, LINUX_ECONNABORTED);
    if (sock->connected)
        return call_fails(calling, LINUX_EISCONN);
    return connect_tcp(sockets, calling, &remote);
}

/* ---- close -------------------------------------------------------------------------------- */

static bool call_shutdown(struct sockets *sockets, struct calling *calling)
{
    struct sock *sock = calling->sock;
    const int64_t how = call_arg(calling, 1)->integer;

    (void)sockets;
    if (!sock->conn)
        return call_fails(calling, LINUX_ENOTCONN);
    sock->shut_read |= how != LINUX_SHUT_WR;
    if (how != LINUX_SHUT_RD && !sock->shut_write) {
        sock->shut_write = true;
        leat_tcp_shutdown(sock->conn);
    }
    return call_returns(calling, 0);
}

static bool call_close(struct sockets *sockets, struct calling *calling)
{
    struct sock *sock = calling->sock;

    if (sock->listener)
        leat_tcp_listener_close(sock->listener);
    if (sock->udp)
        leat_udp_close(sock->udp);
    for (unsigned i = 0; i < sock->datagram_count; i++)
        leat_buf_free(sock->datagrams[i].payload);
    if (sock->conn) {
        leat_tcp_set_events(sock->conn, 0, 0);
        if ((sock->lingers && sock->linger_s == 0) || sock->peeked_bytes > 0) /* RFC 2525 2.17 */
            leat_tcp_abort(sock->conn);
        else
            leat_tcp_close(sock->conn);
    }
    if (sockets->latest_tcp == sock)
        sockets->latest_tcp = 0;
    loan_leave(sock);
    sockets_unwatch(sockets, sock);
    sock->kind = SOCK_FREE;
    return call_returns(calling, 0);
}

/* ---- all ---------------------------------------------------------------------------------- */

typedef bool call_fn(struct sockets *sockets, struct calling *calling);

bool call_needs_stack(const struct call *call)
{
    const bool is_option = call->kind == CALL_SETSOCKOPT || call->kind == CALL_BIND ||
                           call->kind == CALL_FCNTL || call->kind == CALL_GETSOCKOPT ||
                           call->kind == CALL_EPOLL_CREATE || call->kind == CALL_EPOLL_CREATE1 ||
                           call->kind == CALL_EPOLL_CTL;

    if (call->kind == CALL_SOCKET && call->args->next)
        return (call->args->next->integer & 0xff) == LINUX_SOCK_DGRAM;
    return !is_option;
}

bool call_try(struct sockets *sockets, struct calling *calling)
{
    static call_fn *const functions[CALL_COUNT] = {
        [CALL_SOCKET] = call_socket,
        [CALL_BIND] = call_bind,
        [CALL_LISTEN] = call_listen,
        [CALL_ACCEPT] = call_accept,
        [CALL_CONNECT] = call_connect,
        [CALL_READ] = call_read,
        [CALL_WRITE] = call_write,
        [CALL_SEND] = call_write,
        [CALL_RECV] = call_read,
        [CALL_SENDTO] = call_write,
        [CALL_RECVFROM] = call_read,
        [CALL_SENDMSG] = call_write,
        [CALL_RECVMSG] = call_read,
        [CALL_SHUTDOWN] = call_shutdown,
        [CALL_CLOSE] = call_close,
        [CALL_SETSOCKOPT] = call_setsockopt,
        [CALL_GETSOCKOPT] = call_getsockopt,
        [CALL_FCNTL] = call_fcntl,
        [CALL_IOCTL] = call_ioctl,
        [CALL_POLL] = call_poll,
        [CALL_EPOLL_CREATE] = call_epoll_create,
        [CALL_EPOLL_CREATE1] = call_epoll_create,
        [CALL_EPOLL_CTL] = call_epoll_ctl,
        [CALL_EPOLL_WAIT] = call_epoll_wait,
    };
    const enum call_kind kind = calling->call->kind;
    const bool makes_one =
        kind == CALL_SOCKET || kind == CALL_EPOLL_CREATE || kind == CALL_EPOLL_CREATE1;

    if (!makes_one && kind != CALL_POLL) {
        calling->sock = sockets_find(sockets, call_arg(calling, 0)->integer);
        if (!calling->sock)
            return call_fails(calling, LINUX_EBADF);
        if (calling->sock->kind == SOCK_EPOLL && kind != CALL_CLOSE && kind != CALL_EPOLL_CTL &&
            kind != CALL_EPOLL_WAIT)
            return call_fails(calling, LINUX_EINVAL);
    }
    return functions[kind](sockets, calling);
}
