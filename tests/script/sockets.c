/* sockets.c -- the table of sockets, and the results of the stack's callbacks. */
#include "sockets.h"

#include "loan.h"
#include "names.h"

void sockets_init(struct sockets *sockets, struct machine *machine, struct settings *settings)
{
    *sockets = (struct sockets){.machine = machine, .settings = settings};
}

static void free_datagrams(struct sock *sock)
{
    for (unsigned i = 0; i < sock->datagram_count; i++)
        leat_buf_free(sock->datagrams[i].payload);
    sock->datagram_count = 0;
}

void sockets_free(struct sockets *sockets)
{
    for (unsigned i = 0; i < SOCKETS_MAX; i++) {
        free_datagrams(&sockets->socks[i]);
        loan_leave(&sockets->socks[i]);
    }
}

struct sock *sockets_find(struct sockets *sockets, int64_t fd)
{
    for (unsigned i = 0; i < SOCKETS_MAX; i++) {
        if (sockets->socks[i].kind != SOCK_FREE && sockets->socks[i].fd == fd)
            return &sockets->socks[i];
    }
    return 0;
}

struct sock *sockets_add(struct sockets *sockets, int64_t fd, enum sock_kind kind)
{
    for (unsigned i = 0; i < SOCKETS_MAX; i++) {
        struct sock *sock = &sockets->socks[i];

        if (sock->kind != SOCK_FREE)
            continue;
        *sock = (struct sock){.kind = kind, .fd = fd, .sockets = sockets};
        if (kind == SOCK_TCP)
            sockets->latest_tcp = sock;
        return sock;
    }
    return 0;
}

int sock_errno(enum leat_err err)
{
    switch (err) {
    case LEAT_OK:
        return 0;
    case LEAT_ERR_MEMORY:
    case LEAT_ERR_FULL:
        return LINUX_ENOBUFS;
    case LEAT_ERR_IN_USE:
        return LINUX_EADDRINUSE;
    case LEAT_ERR_NO_ROUTE:
        return LINUX_ENETUNREACH;
    case LEAT_ERR_TOO_BIG:
        return LINUX_EMSGSIZE;
    case LEAT_ERR_CLOSED:
        return LINUX_ENOTCONN;
    case LEAT_ERR_CLOSING:
        return LINUX_EPIPE;
    case LEAT_ERR_REFUSED:
        return LINUX_ECONNREFUSED;
    case LEAT_ERR_RESET:
        return LINUX_ECONNRESET;
    case LEAT_ERR_ABORTED:
        return LINUX_ECONNABORTED;
    case LEAT_ERR_TIMEOUT:
        return LINUX_ETIMEDOUT;
    case LEAT_ERR_UNREACHABLE:
        return LINUX_EHOSTUNREACH;
    case LEAT_ERR_ARGUMENT:
    case LEAT_ERR_ENTROPY:
    case LEAT_ERR_CONFLICT:
    case LEAT_ERR_FORMAT:
    case LEAT_ERR_NOT_FOUND:
    case LEAT_ERR_END:
    case LEAT_ERR_CANCELLED:
    case LEAT_ERR_NO_TASK:
    case LEAT_ERR_TLS:
    case LEAT_ERR_CUT_SHORT:
    case LEAT_ERR_SERVERS:
    case LEAT_ERR_UNSUPPORTED:
    case LEAT_ERR_PROTOCOL:
    case LEAT_ERR_FAMILY:
    case LEAT_ERR_DEVICE:
    case LEAT_ERR_COUNT:
        break;
    }
    return LINUX_EINVAL;
}

/* ---- TCP ---------------------------------------------------------------------------------- */

static void on_open(struct leat_tcp *conn, void *arg)
{
    struct sock *sock = arg;

    (void)conn;
    sock->connecting = false;
    sock->connected = true;
    sock->news++;
}

static void on_news(struct leat_tcp *conn, void *arg)
{
    (void)conn;
    ((struct sock *)arg)->news++;
}

static void on_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    struct sock *sock = arg;

    (void)conn;
    sock->conn = 0;
    sock->ended = true;
    sock->connecting = false;
    sock->error = sock_errno(why);
    sock->news++;
}

const struct leat_tcp_events sock_tcp_events = {
    .on_open = on_open, .on_readable = on_news, .on_writable = on_news, .on_closed = on_closed};

void sock_on_acceptable(struct leat_tcp_listener *listener, void *arg)
{
    struct sock *sock = arg;

    (void)listener;
    sock->acceptable = true;
    sock->news++;
}

void sock_attach(struct sock *sock, struct leat_tcp *conn)
{
    sock->conn = conn;
    leat_tcp_set_nodelay(conn, sock->nodelay);
    leat_tcp_set_keepalive(conn, sock->keepalive);
    if (sock->user_timeout_ns > 0)
        leat_tcp_set_user_timeout(conn, sock->user_timeout_ns);
    if (sock->send_queue_bytes > 0)
        leat_tcp_set_send_queue(conn, sock->send_queue_bytes);
    if (sock->dscp > 0)
        leat_tcp_set_dscp(conn, sock->dscp);
    if (sock->congestion)
        leat_tcp_set_congestion(conn, sock->congestion);
    sock->sockets->latest_tcp = sock;
}

/* ---- UDP ---------------------------------------------------------------------------------- */

static void on_datagram(struct leat_udp *udp, struct leat_buf *payload,
                        const struct leat_endpoint *peer, const struct leat_endpoint *local,
                        void *arg)
{
    struct sock *sock = arg;

    (void)udp;
    (void)local;
    sock->news++;
    if (sock->datagram_count == DATAGRAMS_MAX) {
        leat_buf_free(payload);
        return;
    }
    sock->datagrams[sock->datagram_count].payload = payload;
    sock->datagrams[sock->datagram_count++].peer = *peer;
}

/* Linux reports errors to connected sockets only. */
static void on_error(struct leat_udp *udp, enum leat_err err, const struct leat_endpoint *peer,
                     void *arg)
{
    struct sock *sock = arg;

    (void)udp;
    (void)peer;
    sock->news++;
    if (sock->connected)
        sock->error = sock_errno(err);
}

const struct leat_udp_events sock_udp_events = {.on_datagram = on_datagram, .on_error = on_error};
