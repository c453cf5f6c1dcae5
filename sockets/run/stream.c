/*
 * stream.c -- connections: between the kernel's socket of the program and TCP.
 *
 * Nothing is stored in between but what one read has brought: the kernel's buffer and TCP's queues
 * have bounds, and each stops the other. Data goes up (to the network) while TCP has room, and down
 * while the kernel's socket has.
 *
 * The program's end tells three things. A read of 0 bytes: its data is over. The same with
 * EPOLLHUP: it has closed. ECONNRESET: it has closed with data unread, which is a reset for TCP,
 * too.
 */
#include "server.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
    PIECES_MAX = STREAM_PIECES_MAX,
    ROUND_BYTES = 131072, /* taken from TCP at a time */
    READ_BYTES = 4096,    /* read from the program at first */
    HEADROOM = 0
};

static struct sock *resets; /* to be reset in the next turn */

static bool is_hung_up(const struct sock *sock)
{
    struct pollfd look = {.fd = sock->fd};

    return poll(&look, 1, 0) == 1 && (look.revents & POLLHUP);
}

/* The connection is over, and all data has been given to the program. */
static void end_if_over(struct sock *sock)
{
    if (!sock->conn && !sock->pending && (sock->fd >= 0 || sock->state == SOCK_OPEN) &&
        !(sock->slot && fast_is_unread(sock)))
        sock_free(sock);
}

/* ---- resets ---------------------------------------------------------------------------------- */

/* Resets the connection in the next turn. Then the program's last data has gone to the network, as
 * with the kernel's sockets. */
static void reset_later(struct sock *sock)
{
    sock->up_ended = sock->gone = sock->resets = true;
    sock->reset_next = resets;
    resets = sock;
}

bool streams_reset(void)
{
    const bool some = resets != NULL;

    while (resets) {
        struct sock *sock = resets;

        resets = sock->reset_next;
        if (sock->conn)
            leat_tcp_abort(sock->conn);
    }
    return some;
}

void stream_forget_reset(const struct sock *sock)
{
    struct sock **at = &resets;

    while (*at && *at != sock)
        at = &(*at)->reset_next;
    if (*at)
        *at = sock->reset_next;
}

/* ---- up -------------------------------------------------------------------------------------- */

/* SO_LINGER with 0 seconds resets, and so does data that was not read. */
void stream_close_up(struct sock *sock)
{
    sock->up_ended = true;
    if (!is_hung_up(sock)) {
        leat_tcp_shutdown(sock->conn);
        return;
    }
    if ((sock->options.lingers && sock->options.linger_s == 0) ||
        (sock->slot && (sock->pending || fast_used(fast_ring(sock->slot, FAST_DOWN)) > 0))) {
        reset_later(sock);
        return;
    }
    sock->gone = true;
    leat_tcp_close(sock->conn);
}

/* Skips what RUN_CONNECT announced. False: it isn't all there yet. */
static bool skip_filler(struct sock *sock)
{
    static char scratch[65536];

    while (sock->filler_bytes > 0) {
        const size_t wanted =
            sock->filler_bytes < sizeof scratch ? sock->filler_bytes : sizeof scratch;
        const ssize_t got = recv(sock->fd, scratch, wanted, 0);

        if (got <= 0) {
            sock->can_read = got < 0 && errno == EAGAIN ? false : sock->can_read;
            if (got == 0 || errno != EAGAIN)
                sock->filler_bytes = 0; /* the reader below finds the same */
            return sock->filler_bytes == 0;
        }
        sock->filler_bytes -= (uint32_t)got;
    }
    return true;
}

struct leat_buf *stream_buffers(uint32_t room, struct iovec *pieces, int *count)
{
    struct leat_pool *pool = leat_pool(server.platform->stack);
    struct leat_buf *first = NULL, **at = &first;

    for (*count = 0; room > 0 && *count < PIECES_MAX; ++*count) {
        struct leat_buf *buf = leat_buf_alloc(pool, HEADROOM);
        uint32_t bytes;

        if (!buf)
            break;
        bytes = leat_buf_tailroom(buf) < room ? leat_buf_tailroom(buf) : room;
        pieces[*count] = (struct iovec){leat_buf_put(buf, bytes), bytes};
        room -= bytes;
        *at = buf;
        at = &buf->next;
    }
    return first;
}

/* The next read takes more if this one was full. After a shorter one the kernel's socket is empty,
 * and tells when it isn't; its end may be known already. */
static void learn(struct sock *sock, uint32_t wanted, uint32_t got)
{
    if (got < wanted && !sock->ends)
        sock->can_read = false;
    if (got == wanted && wanted == sock->read_bytes && wanted < ROUND_BYTES)
        sock->read_bytes = wanted * 2;
    else if (got < sock->read_bytes / 4 && sock->read_bytes > READ_BYTES)
        sock->read_bytes /= 2;
}

/* Reads once. False: nothing more for now. */
static bool move_up(struct sock *sock, uint32_t room)
{
    struct iovec pieces[PIECES_MAX];
    int count;
    struct leat_buf *data;
    uint32_t wanted;
    ssize_t got;

    if (sock->read_bytes == 0)
        sock->read_bytes = READ_BYTES;
    data = stream_buffers(room < sock->read_bytes ? room : sock->read_bytes, pieces, &count);

    if (!data) {
        leat_tcp_want_room(sock->conn, 1); /* on_writable comes when the pool has buffers */
        return false;
    }
    wanted = leat_buf_total(data);
    got = readv(sock->fd, pieces, count);
    if (got > 0) {
        learn(sock, wanted, (uint32_t)got);
        leat_buf_trim(data, (uint32_t)got);
        return leat_tcp_send(sock->conn, data) == LEAT_OK;
    }
    leat_buf_free(data);
    if (got == 0) {
        stream_close_up(sock);
    } else if (errno == EAGAIN) {
        sock->can_read = false;
    } else { /* ECONNRESET: closed with data unread */
        reset_later(sock);
    }
    return false;
}

static void go_up(struct sock *sock)
{
    if (sock->slot) {
        fast_up(sock);
        return;
    }
    if (sock->state != SOCK_OPEN || sock->fd < 0 || !skip_filler(sock))
        return;
    while (sock->conn && sock->can_read && !sock->up_ended) {
        const uint32_t room = leat_tcp_send_room(sock->conn);

        if (room == 0 || !move_up(sock, room))
            return;
    }
}

/* ---- down ------------------------------------------------------------------------------------ */

/* Tells TCP that the data is with the program. */
static void took(struct sock *sock, uint32_t bytes)
{
    if (sock->conn)
        leat_tcp_consumed(sock->conn, bytes);
}

/* The program takes nothing more: data is received and dropped, so that its own still goes out. */
static void drop_down(struct sock *sock)
{
    took(sock, leat_buf_total(sock->pending));
    leat_buf_free(sock->pending);
    sock->pending = NULL;
}

/* Writes once. False: no room, or it has closed. */
static bool write_down(struct sock *sock)
{
    struct iovec pieces[PIECES_MAX];
    struct msghdr message = {.msg_iov = pieces};
    ssize_t put;

    for (struct leat_buf *buf = sock->pending; buf && message.msg_iovlen < PIECES_MAX;
         buf = buf->next)
        pieces[message.msg_iovlen++] = (struct iovec){buf->data, buf->len};
    put = sendmsg(sock->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (put >= 0) {
        took(sock, (uint32_t)put);
        sock->pending = leat_buf_consume(sock->pending, (uint32_t)put);
        return true;
    }
    if (errno == EAGAIN)
        sock->can_write = false;
    else
        sock->gone = true;
    return false;
}

/* Tells the program that nothing more comes. After a reset nothing can be sent either, so its
 * socket is closed (end_if_over()). */
static void end_down(struct sock *sock)
{
    const bool at_end = sock->conn && leat_tcp_at_end(sock->conn);

    if (!at_end || sock->pending || sock->down_ended || sock->fd < 0 ||
        (sock->slot && fast_is_unread(sock)))
        return;
    sock->down_ended = true;
    shutdown(sock->fd, SHUT_WR);
}

/* False: no room for now. */
static bool put_down(struct sock *sock)
{
    if (!sock->can_write)
        return false;
    return sock->slot ? fast_down(sock) : write_down(sock);
}

static void go_down(struct sock *sock)
{
    while (sock->fd >= 0 && sock->state == SOCK_OPEN) {
        if (!sock->pending && sock->conn)
            sock->pending = leat_tcp_receive(sock->conn, ROUND_BYTES);
        if (!sock->pending)
            break;
        if (sock->gone)
            drop_down(sock);
        else if (!put_down(sock))
            if (!sock->gone)
                break;
    }
    end_down(sock);
}

/* ---- events of the stack -----------------------------------------------------------------------
 */

static void on_open(struct leat_tcp *conn, void *arg)
{
    struct sock *sock = arg;
    struct leat_tcp_info info;

    leat_tcp_get_info(conn, &info);
    sock->local = info.local;
    sock->remote = info.remote;
    sock->state = SOCK_OPEN;
    go_up(sock); /* reads the filler, so that the program can write */
    go_down(sock);
}

static void on_readable(struct leat_tcp *conn, void *arg)
{
    (void)conn;
    go_down(arg);
}

static void on_writable(struct leat_tcp *conn, void *arg)
{
    (void)conn;
    go_up(arg);
}

/* True if the program's end is not there yet: it will be closed when it comes. */
static bool awaits_end(const struct sock *sock)
{
    return sock->fd < 0 && !sock->accepted;
}

static void on_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    struct sock *sock = arg;

    go_down(sock); /* data that came before a reset, as far as it is here */
    sock->conn = NULL;
    if (!sock->gone)
        sock->error = errno_of(why);
    (void)conn;
    if (sock->state == SOCK_CONNECTING || awaits_end(sock))
        sock_free(sock); /* the filler is unread: the program gets an error */
    else
        end_if_over(sock);
}

const struct leat_tcp_events stream_events = {.on_open = on_open,
                                              .on_readable = on_readable,
                                              .on_writable = on_writable,
                                              .on_closed = on_closed};

/* ---- events of the program ---------------------------------------------------------------------
 */

void stream_configure(struct sock *sock)
{
    const struct sock_options *options = &sock->options;

    if (!sock->conn)
        return;
    leat_tcp_set_nodelay(sock->conn, options->nodelay);
    leat_tcp_set_keepalive(sock->conn, options->keepalive);
    leat_tcp_set_dscp(sock->conn, options->tos >> 2);
    leat_tcp_set_user_timeout(sock->conn, options->user_timeout_ms * UINT64_C(1000000));
    if (options->mss > 0)
        leat_tcp_set_mss_max(sock->conn, options->mss);
    if (options->congestion)
        leat_tcp_set_congestion(sock->conn, options->congestion);
}

int stream_connect(struct sock *sock, const struct leat_endpoint *remote, uint32_t filler_bytes)
{
    struct leat_endpoint to = *remote;
    enum leat_err err;

    if (sock->state != SOCK_FRESH)
        return sock->state == SOCK_CONNECTING ? EALREADY : EISCONN;
    if (leat_ip_is_any(to.ip)) /* as Linux: this host */
        to.ip = sock->family == '4' || leat_ip_is_v4(to.ip)
                    ? LEAT_IP4(127, 0, 0, 1)
                    : (struct leat_ip){{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
    if (to.port == 0)
        return ECONNREFUSED;
    err = leat_tcp_connect(server.platform->stack, &sock->conn, &to,
                           sock->is_bound ? &sock->local : NULL, &stream_events, sock);
    if (err) {
        sock->conn = NULL;
        return err == LEAT_ERR_IN_USE ? EADDRNOTAVAIL : errno_of(err);
    }
    sock->state = SOCK_CONNECTING;
    sock->remote = to;
    sock->filler_bytes = filler_bytes;
    sock->can_write = true;
    fast_take(sock);
    stream_configure(sock);
    return EINPROGRESS;
}

void stream_arrived(struct sock *sock, int fd)
{
    sock->fd = fd;
    if (!server_watch(fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, sock)) {
        sock->error = ENOBUFS;
        sock_free(sock);
        return;
    }
    sock->can_read = true;
    sock->can_write = true;
    go_up(sock);
    go_down(sock);
}

void stream_event(struct sock *sock, uint32_t events)
{
    sock->can_read = sock->can_read || (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR));
    sock->ends = sock->ends || (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR));
    sock->can_write = sock->can_write || (events & (EPOLLOUT | EPOLLHUP | EPOLLERR));
    if (sock->state == SOCK_CONNECTING) {
        if (events & EPOLLHUP) /* closed before there was a connection */
            sock_free(sock);
        return;
    }
    go_up(sock);
    /* half-closed before, and closed now */
    if (sock->conn && sock->up_ended && !sock->resets && (events & EPOLLHUP)) {
        sock->gone = true;
        leat_tcp_close(sock->conn);
    }
    go_down(sock);
    end_if_over(sock);
}
