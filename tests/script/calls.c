/*
 * calls.c -- the system calls, over leat's callbacks.
 *
 * A call is tried at once and then after each poll until it returns; a call on a blocking socket
 * so lasts as long, in virtual time, as it would on a real machine.
 */
#include "sockets.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "flow.h"
#include "names.h"

enum {
    PIECE_BYTES = 4096
};

/* ---- what a call says --------------------------------------------------------------------- */

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

/* The error that waits, told once. */
static bool fails_with_pending(struct calling *calling, int fallback)
{
    struct sock *sock = calling->sock;
    const int error = sock->error ? sock->error : fallback;

    sock->error = 0;
    return call_fails(calling, error);
}

static const struct value *field_of(const struct value *value, const char *name)
{
    const struct value *field = value->first;

    while (field && !(field->name_len == strlen(name) &&
                      memcmp(field->name, name, field->name_len) == 0))
        field = field->next;
    return field;
}

/* `...` is @fallback; {sa_family=..., sin_port=..., sin_addr=...} says it. */
static struct leat_endpoint endpoint_of(const struct value *value, leat_ip4 ip, uint16_t port)
{
    struct leat_endpoint endpoint = {ip, port};
    const struct value *sin_port = field_of(value, "sin_port");
    const struct value *sin_addr = field_of(value, "sin_addr");

    if (sin_port)
        endpoint.port = (uint16_t)sin_port->integer;
    if (sin_addr)
        endpoint.ip = (leat_ip4)sin_addr->integer;
    return endpoint;
}

static uint32_t bytes_of(const struct value *value)
{
    return value->integer < 0 || value->integer > INT32_MAX ? 0 : (uint32_t)value->integer;
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

static void note_udp(struct sockets *sockets, const struct sock *sock,
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

    sock->bound = endpoint_of(call_arg(calling, 1), LEAT_IP4_ANY, sockets->settings->bind_port);
    if (sock->kind == SOCK_TCP)
        return call_returns(calling, 0);
    err = leat_udp_bind(sock->udp, sock->bound.ip, sock->bound.port);
    note_udp(sockets, sock, 0);
    return err == LEAT_OK ? call_returns(calling, 0) : call_fails(calling, sock_errno(err));
}

static bool call_listen(struct sockets *sockets, struct calling *calling)
{
    struct sock *sock = calling->sock;
    const int64_t backlog = call_arg(calling, 1)->integer;
    const struct leat_tcp_listen_config config = {
        .ip = sock->bound.ip,
        .port = sock->bound.port,
        .backlog = (uint16_t)(backlog < 1 ? 1 : backlog > UINT16_MAX ? UINT16_MAX : backlog),
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
    child->keepalive = sock->keepalive;
    child->lingers = sock->lingers;
    child->linger_s = sock->linger_s;
    child->user_timeout_ns = sock->user_timeout_ns;
    leat_tcp_set_events(conn, &sock_tcp_events, child);
    sock_attach(child, conn);
    return call_returns(calling, child->fd);
}

static bool connect_tcp(struct sockets *sockets, struct calling *calling,
                        const struct leat_endpoint *remote)
{
    struct sock *sock = calling->sock;
    struct leat_tcp *conn = 0;
    enum leat_err err;

    err = leat_tcp_connect(sockets->machine->stack, &conn, remote, &sock->bound, &sock_tcp_events,
                           sock);
    if (err != LEAT_OK)
        return call_fails(calling, err == LEAT_ERR_IN_USE ? LINUX_EADDRNOTAVAIL : sock_errno(err));
    sock->connecting = calling->started = true;
    sock_attach(sock, conn);
    return sock->nonblocking && call_fails(calling, LINUX_EINPROGRESS);
}

static bool call_connect(struct sockets *sockets, struct calling *calling)
{
    struct sock *sock = calling->sock;
    const struct leat_endpoint remote = endpoint_of(
        call_arg(calling, 1), sockets->settings->remote_ip, sockets->settings->connect_port);

    if (sock->kind == SOCK_UDP) {
        const enum leat_err err = leat_udp_connect(sock->udp, remote.ip, remote.port);

        sock->connected = err == LEAT_OK;
        note_udp(sockets, sock, &remote);
        return err == LEAT_OK ? call_returns(calling, 0) : call_fails(calling, sock_errno(err));
    }
    if (calling->started) {
        if (sock->connecting)
            return false;
        return sock->error ? fails_with_pending(calling, 0) : call_returns(calling, 0);
    }
    if (sock->connecting)
        return call_fails(calling, LINUX_EALREADY);
    if (sock->error || (sock->ended && !sock->connected))
        return fails_with_pending(calling, LINUX_ECONNABORTED);
    if (sock->connected)
        return call_fails(calling, LINUX_EISCONN);
    return connect_tcp(sockets, calling, &remote);
}

/* ---- receive ------------------------------------------------------------------------------ */

/* Compares @text with what the peer has sent from @at on, and frees it. */
static bool returns_text(struct calling *calling, struct leat_buf *text, uint32_t at)
{
    const uint32_t len = leat_buf_total(text);
    uint8_t bytes[PIECE_BYTES];

    for (uint32_t done = 0; done < len;) {
        const uint32_t got = leat_buf_read(text, done, bytes, sizeof bytes);

        for (uint32_t i = 0; i < got; i++) {
            if (bytes[i] != flow_byte(at + done + i)) {
                leat_buf_free(text);
                return call_complain(calling, "byte %u of the text is not what the peer sent",
                                     at + done + i);
            }
        }
        done += got;
    }
    leat_buf_free(text);
    return call_returns(calling, len);
}

static bool read_tcp(struct calling *calling, uint32_t bytes_max, bool nonblocking)
{
    struct sock *sock = calling->sock;

    if (sock->conn && leat_tcp_readable(sock->conn) > 0 && !sock->shut_read) {
        struct leat_buf *text = leat_tcp_receive(sock->conn, bytes_max);
        const uint32_t len = leat_buf_total(text), at = sock->read_at;

        leat_tcp_consumed(sock->conn, len);
        sock->read_at += len;
        return returns_text(calling, text, at);
    }
    if (sock->error)
        return fails_with_pending(calling, 0);
    if (sock->shut_read || sock->ended || (sock->conn && leat_tcp_at_end(sock->conn)))
        return call_returns(calling, 0);
    if (!sock->conn)
        return call_fails(calling, LINUX_ENOTCONN);
    return call_would_block(calling, nonblocking);
}

static bool read_udp(struct sockets *sockets, struct calling *calling, uint32_t bytes_max,
                     bool nonblocking)
{
    struct sock *sock = calling->sock;
    struct datagram first;

    if (sock->error)
        return fails_with_pending(calling, 0);
    if (sock->datagram_count == 0)
        return call_would_block(calling, nonblocking);
    first = sock->datagrams[0];
    memmove(sock->datagrams, sock->datagrams + 1, --sock->datagram_count * sizeof first);
    leat_buf_trim(first.payload, bytes_max);
    note_udp(sockets, sock, &first.peer);
    return returns_text(calling, first.payload, 0);
}

/* False: a flag that nothing here stands for. */
static bool flags_are_known(struct calling *calling, unsigned n)
{
    const int64_t flags = call_arg(calling, n)->integer;

    if ((flags & ~(int64_t)(LINUX_MSG_DONTWAIT | LINUX_MSG_NOSIGNAL)) == 0)
        return true;
    call_complain(calling, "of the flags only MSG_DONTWAIT and MSG_NOSIGNAL are known");
    return false;
}

static bool call_read(struct sockets *sockets, struct calling *calling)
{
    const bool has_flags = calling->call->kind != CALL_READ;
    const bool nonblocking =
        calling->sock->nonblocking ||
        (has_flags && (call_arg(calling, 3)->integer & LINUX_MSG_DONTWAIT));
    const uint32_t bytes_max = bytes_of(call_arg(calling, 2));

    if (has_flags && !flags_are_known(calling, 3))
        return true;
    if (calling->sock->kind == SOCK_UDP)
        return read_udp(sockets, calling, bytes_max, nonblocking);
    return read_tcp(calling, bytes_max, nonblocking);
}

/* ---- send --------------------------------------------------------------------------------- */

static uint32_t fill(uint8_t bytes[PIECE_BYTES], uint32_t at, uint32_t len)
{
    const uint32_t count = len < PIECE_BYTES ? len : PIECE_BYTES;

    for (uint32_t i = 0; i < count; i++)
        bytes[i] = flow_byte(at + i);
    return count;
}

static bool write_tcp(struct calling *calling, uint32_t len, bool nonblocking)
{
    struct sock *sock = calling->sock;
    uint8_t bytes[PIECE_BYTES];

    if (sock->error)
        return fails_with_pending(calling, 0);
    if (sock->ended || sock->shut_write || (!sock->conn && !sock->connecting))
        return call_fails(calling, LINUX_EPIPE);
    while (!sock->connecting && calling->done_bytes < len) {
        const uint32_t count = fill(bytes, sock->written_at, len - calling->done_bytes);
        size_t taken;
        const enum leat_err err = leat_tcp_write(sock->conn, bytes, count, &taken);

        if (err != LEAT_OK && err != LEAT_ERR_FULL)
            return call_fails(calling, sock_errno(err));
        calling->done_bytes += (uint32_t)taken;
        sock->written_at += (uint32_t)taken;
        if (taken < count)
            break;
    }
    if (calling->done_bytes == len || (nonblocking && calling->done_bytes > 0))
        return call_returns(calling, calling->done_bytes);
    return call_would_block(calling, nonblocking);
}

/* All of a datagram at once; the pool's buffers hold what it needs. */
static struct leat_buf *datagram_of(struct sockets *sockets, uint32_t len)
{
    struct leat_pool *pool = leat_pool(sockets->machine->stack);
    uint8_t bytes[PIECE_BYTES];
    struct leat_buf *payload = leat_buf_copy(pool, bytes, fill(bytes, 0, len));

    for (uint32_t done = PIECE_BYTES; payload && done < len; done += PIECE_BYTES) {
        struct leat_buf *more = leat_buf_copy(pool, bytes, fill(bytes, done, len - done));

        if (!more) {
            leat_buf_free(payload);
            return 0;
        }
        leat_buf_append(payload, more);
    }
    return payload;
}

static bool write_udp(struct sockets *sockets, struct calling *calling, uint32_t len,
                      const struct value *to)
{
    struct sock *sock = calling->sock;
    struct leat_buf *payload;
    enum leat_err err;

    if (sock->error)
        return fails_with_pending(calling, 0);
    if (!sock->connected && !to)
        return call_fails(calling, LINUX_EDESTADDRREQ);
    payload = datagram_of(sockets, len);
    if (!to || (to->kind == VALUE_ELLIPSIS && sock->connected)) {
        err = leat_udp_send(sock->udp, payload);
        note_udp(sockets, sock, 0);
    } else {
        const struct leat_endpoint peer =
            endpoint_of(to, sockets->settings->remote_ip, sockets->settings->connect_port);

        err = leat_udp_send_to(sock->udp, payload, &peer);
        note_udp(sockets, sock, &peer);
    }
    return err == LEAT_OK ? call_returns(calling, len) : call_fails(calling, sock_errno(err));
}

static bool call_write(struct sockets *sockets, struct calling *calling)
{
    const bool has_flags = calling->call->kind != CALL_WRITE;
    const bool nonblocking =
        calling->sock->nonblocking ||
        (has_flags && (call_arg(calling, 3)->integer & LINUX_MSG_DONTWAIT));
    const uint32_t len = bytes_of(call_arg(calling, 2));

    if (call_arg(calling, 1)->kind != VALUE_ELLIPSIS)
        return call_complain(calling, "the text of a packet is the runner's: write ...");
    if (has_flags && !flags_are_known(calling, 3))
        return true;
    if (calling->sock->kind == SOCK_UDP)
        return write_udp(sockets, calling, len,
                         calling->call->kind == CALL_SENDTO ? call_arg(calling, 4) : 0);
    return write_tcp(calling, len, nonblocking);
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
        if (sock->lingers && sock->linger_s == 0)
            leat_tcp_abort(sock->conn);
        else
            leat_tcp_close(sock->conn);
    }
    if (sockets->latest_tcp == sock)
        sockets->latest_tcp = 0;
    sock->kind = SOCK_FREE;
    return call_returns(calling, 0);
}

/* ---- all ---------------------------------------------------------------------------------- */

typedef bool call_fn(struct sockets *sockets, struct calling *calling);

bool call_needs_stack(const struct call *call)
{
    const bool is_option = call->kind == CALL_SETSOCKOPT || call->kind == CALL_BIND ||
                           call->kind == CALL_FCNTL || call->kind == CALL_GETSOCKOPT;

    if (call->kind == CALL_SOCKET && call->args->next)
        return (call->args->next->integer & 0xff) == LINUX_SOCK_DGRAM;
    return !is_option;
}

bool call_try(struct sockets *sockets, struct calling *calling)
{
    static call_fn *const functions[CALL_COUNT] = {
        [CALL_SOCKET] = call_socket,         [CALL_BIND] = call_bind,
        [CALL_LISTEN] = call_listen,         [CALL_ACCEPT] = call_accept,
        [CALL_CONNECT] = call_connect,       [CALL_READ] = call_read,
        [CALL_WRITE] = call_write,           [CALL_SEND] = call_write,
        [CALL_RECV] = call_read,             [CALL_SENDTO] = call_write,
        [CALL_RECVFROM] = call_read,         [CALL_SHUTDOWN] = call_shutdown,
        [CALL_CLOSE] = call_close,           [CALL_SETSOCKOPT] = call_setsockopt,
        [CALL_GETSOCKOPT] = call_getsockopt, [CALL_FCNTL] = call_fcntl,
        [CALL_IOCTL] = call_ioctl,           [CALL_POLL] = call_poll,
    };
    const enum call_kind kind = calling->call->kind;

    if (kind != CALL_SOCKET && kind != CALL_POLL) {
        calling->sock = sockets_find(sockets, call_arg(calling, 0)->integer);
        if (!calling->sock)
            return call_fails(calling, LINUX_EBADF);
    }
    return functions[kind](sockets, calling);
}
