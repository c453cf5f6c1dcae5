/*
 * stream.c -- connections: events, connect, shutdown, close.
 *
 * The states are those that Linux's programs see. A connect that fails leaves SOCKET_FAILED until
 * the next connect() has reported it; a connection that ends is SOCKET_OVER, and stays so. The
 * stack's handle is gone then, and data that had arrived before is in `unread`.
 */
#include "sockets/calls/inside.h"

#include "core/assert.h"

enum {
    ALL_BYTES = 0x7fffffff
};

/* ---- events -------------------------------------------------------------------------------- */

static void on_open(struct leat_tcp *conn, void *arg)
{
    struct socket *socket = arg;

    (void)conn;
    if (socket->state == SOCKET_CONNECTING)
        socket->state = SOCKET_CONNECTED;
    socket_changed(socket);
}

static void on_change(struct leat_tcp *conn, void *arg)
{
    struct socket *socket = arg;
    struct leat_tcp_info info;

    /* the peer may have closed behind data that the program has not read yet */
    leat_tcp_get_info(conn, &info);
    socket->peer_closed = info.state == LEAT_TCP_CLOSE_WAIT || info.state == LEAT_TCP_CLOSING ||
                          info.state == LEAT_TCP_LAST_ACK || info.state == LEAT_TCP_TIME_WAIT ||
                          leat_tcp_at_end(conn);
    socket_changed(socket);
}

/* Data that came before the end can still be read, as on Linux. */
static void keep_data(struct socket *socket, struct leat_tcp *conn)
{
    struct leat_buf *rest = leat_tcp_receive(conn, ALL_BYTES);

    if (!rest)
        return;
    if (socket->unread)
        leat_buf_append(socket->unread, rest);
    else
        socket->unread = rest;
}

static void on_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    struct socket *socket = arg;

    keep_data(socket, conn);
    socket->conn = NULL;
    socket->shut = SHUT_BOTH;
    /* one whose success connect() has not told yet has failed, too */
    socket->state = socket->connect_told ? SOCKET_OVER : SOCKET_FAILED;
    /* A reset behind the peer's FIN only says that it takes no more. */
    if (why == LEAT_ERR_RESET && socket->peer_closed)
        socket->error = LEAT_EPIPE;
    else if (why)
        socket->error = -error_number(why);
    socket->is_released = !socket->is_bound;
    socket_changed(socket);
}

/* leat_drain() asks: a task that waits for its peer has nothing under way. */
static bool on_drain(struct leat_tcp *conn, bool quiet, void *arg)
{
    const struct socket *socket = arg;

    (void)conn;
    return !(quiet && !socket->unread);
}

const struct leat_tcp_events stream_events = {.on_open = on_open,
                                              .on_readable = on_change,
                                              .on_writable = on_change,
                                              .on_closed = on_closed,
                                              .on_drain = on_drain};

/* ---- questions ----------------------------------------------------------------------------- */

uint32_t stream_readable(const struct socket *socket)
{
    return leat_buf_total(socket->unread) + (socket->conn ? leat_tcp_readable(socket->conn) : 0);
}

bool stream_is_at_end(const struct socket *socket)
{
    return !socket->unread && (socket->conn ? leat_tcp_at_end(socket->conn) : socket->peer_closed);
}

/* ---- connect ------------------------------------------------------------------------------- */

void stream_apply_options(const struct socket *socket)
{
    const struct socket_options *options = &socket->options;
    struct leat_tcp *conn = socket->conn;

    if (!conn)
        return;
    leat_tcp_set_nodelay(conn, options->nodelay);
    leat_tcp_set_keepalive(conn, options->keepalive);
    leat_tcp_set_dscp(conn, options->tos >> 2);
    leat_tcp_set_send_queue(conn, (uint32_t)options->send_bytes);
    leat_tcp_set_congestion(conn, options->congestion);
    leat_tcp_set_user_timeout(conn, (uint64_t)options->user_timeout_ms * 1000000);
}

/* The errors of connect() differ: an address that can't be used is "not available". */
static int connect_error(enum leat_err err)
{
    if (err == LEAT_ERR_IN_USE)
        return -LEAT_EADDRNOTAVAIL;
    return err == LEAT_ERR_ARGUMENT ? -LEAT_ENETUNREACH : error_number(err);
}

static int begin(struct socket *socket, const struct leat_endpoint *peer)
{
    const bool is_local_fixed = socket_has_port(socket);
    struct leat_endpoint local = socket->local;
    struct leat_tcp_info info;
    enum leat_err err;

    leat_debug_assert(!socket->conn);
    /* no listener can have the port 0, so this is the answer that its host would give */
    if (peer->port == 0)
        return -LEAT_ECONNREFUSED;
    if (socket->is_v6 && socket->options.v6_only && leat_ip_is_v4(peer->ip))
        return -LEAT_ENETUNREACH;
    err = leat_tcp_connect(socket->sockets->stack, &socket->conn, peer,
                           is_local_fixed ? &local : NULL, &stream_events, socket);
    if (err) {
        socket->conn = NULL;
        return connect_error(err);
    }
    socket->state = SOCKET_CONNECTING;
    socket->is_released = false;
    socket->peer_closed = false;
    socket->peer = *peer;
    stream_apply_options(socket);
    leat_tcp_get_info(socket->conn, &info);
    socket->local = info.local;
    return 0;
}

/* The outcome of a connect that is over: at the first call that asks. */
static int outcome(struct socket *socket)
{
    int error;

    if (socket->state != SOCKET_FAILED)
        return 0;
    error = socket_take_error(socket);
    stream_disconnect(socket);
    return error ? error : -LEAT_ECONNABORTED;
}

/* Linux's inet_stream_connect(): a connect that goes on without its caller is reported as 0 by the
 * first call after it. */
int stream_connect(struct socket *socket, const struct leat_endpoint *peer)
{
    const uint64_t deadline_ns = socket_deadline(socket, socket->options.send_ns, 0);
    const bool is_first = socket->state == SOCKET_IDLE;
    const struct leat_endpoint to = address_of_peer(peer);
    int error = 0;

    if (socket->state == SOCKET_LISTENING || socket->state == SOCKET_OVER ||
        (socket->state == SOCKET_CONNECTED && socket->connect_told))
        return -LEAT_EISCONN;
    if (socket->state == SOCKET_FAILED && socket->connect_told)
        return -LEAT_EINVAL;
    if (is_first) {
        socket->connect_told = false;
        error = begin(socket, &to);
    }
    if (error)
        return error;
    while (!error && socket->state == SOCKET_CONNECTING)
        error = socket_wait(socket, deadline_ns);
    if (error == -LEAT_EAGAIN)
        return is_first ? -LEAT_EINPROGRESS : -LEAT_EALREADY;
    if (error)
        return error;
    socket->connect_told = true;
    return outcome(socket);
}

static const struct leat_tcp_events nothing = {.on_open = NULL};

static void let_go(struct socket *socket)
{
    if (socket->conn)
        leat_tcp_set_events(socket->conn, &nothing, NULL);
    socket->conn = NULL;
    leat_buf_free(socket->unread);
    socket->unread = NULL;
}

/* Ends a listener.  Returns the connection that it has taken, which the caller gives back, or NULL.
 */
static struct socket *close_listener(struct socket *socket)
{
    struct socket *next = socket->next;

    socket->next = NULL;
    if (socket->listener)
        leat_tcp_listener_close(socket->listener);
    socket->listener = NULL;
    if (next) { /* it ends as those that the stack's listener aborts */
        next->options.linger = true;
        next->options.linger_s = 0;
    }
    return next;
}

/* connect() to AF_UNSPEC, and the way back from a failed connect: the socket is as after bind(). */
int stream_disconnect(struct socket *socket)
{
    struct leat_tcp *conn = socket->conn;
    struct socket *held;

    let_go(socket);
    if (conn)
        leat_tcp_abort(conn);
    held = close_listener(socket);
    if (held)
        socket_give(held);
    socket->is_released = !socket->is_bound;
    socket->local.ip = socket->is_bound ? socket->bound_ip : socket_any(socket);
    socket->peer = leat_endpoint_of(LEAT_IP_ANY, 0);
    socket->state = SOCKET_IDLE;
    socket->shut = 0;
    socket->error = 0;
    socket->peer_closed = false;
    socket_changed(socket);
    return 0;
}

/* ---- shutdown and close -------------------------------------------------------------------- */

/* Linux's inet_shutdown(). */
int stream_shutdown(struct socket *socket, unsigned how)
{
    if (socket->state == SOCKET_LISTENING)
        return how & SHUT_READ ? stream_disconnect(socket) : 0;
    if (socket->state == SOCKET_CONNECTING)
        return stream_disconnect(socket);
    if (socket->conn && (how & SHUT_WRITE) && !(socket->shut & SHUT_WRITE))
        leat_tcp_shutdown(socket->conn);
    /* a connect that has succeeded is told by this; one that has failed can't be tried again */
    socket->connect_told = true;
    socket->shut |= (uint8_t)how;
    socket_changed(socket);
    return socket->state == SOCKET_CONNECTED ? 0 : -LEAT_ENOTCONN;
}

static struct socket *stream_close(struct socket *socket)
{
    const bool has_unread = socket->unread != NULL;
    const bool reset = socket->options.linger && socket->options.linger_s == 0;
    struct leat_tcp *conn = socket->conn;
    struct socket *held;

    let_go(socket);
    held = close_listener(socket);
    if (!conn)
        return held;
    /* RFC 1122 4.2.2.13: a reset tells the peer that data was lost */
    if (reset || has_unread)
        leat_tcp_abort(conn);
    else
        leat_tcp_close(conn);
    return held;
}

/* Waits until all data is acknowledged. */
static void stream_linger(struct socket *socket)
{
    const uint64_t deadline_ns =
        socket_deadline(socket, (uint64_t)socket->options.linger_s * 1000000000, 0);
    struct leat_tcp_info info;
    int error = socket->options.linger_s > 0 ? 0 : -LEAT_EAGAIN;

    while (!error && socket->conn && !(socket->shut & SHUT_WRITE)) {
        leat_tcp_get_info(socket->conn, &info);
        if (info.queued_bytes == 0)
            return;
        /* more than a queue can hold: on_writable comes when it is empty */
        leat_tcp_want_room(socket->conn, UINT32_MAX);
        error = socket_wait(socket, deadline_ns);
    }
}

const struct socket_ops stream_ops = {
    .kind = SOCKET_STREAM, .linger = stream_linger, .close = stream_close};
