/*
 * port.c -- bind(), listen(), and the connections that come in.
 *
 * leat has one listener for a port and an address, or for all addresses. Several sockets of
 * the program may share it here: one of IPv4 and one of IPv6, or several with SO_REUSEPORT.
 *
 * The backlog is the kernel's: the server connects to the program's listening UNIX socket. As long
 * as that is full, one connection waits here and the others in leat's backlog.
 */
#include "server.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    PORTS_MAX = 256,
    FIRST_PORT = 32768, /* Linux's range */
    PORT_COUNT = 28232,
    RETRY_NS = 2000000
};

/* A listener of leat. */
struct port {
    struct leat_tcp_listener *listener; /* NULL: unused */
    struct leat_endpoint at;            /* any address: LEAT_IP_ANY */
    struct sock *members;
    struct sock *waiting; /* a connection for which the program's backlog has no room */
    struct leat_timer retry;
};

static struct port ports[PORTS_MAX];
static struct sock *bound;

/* ---- bind ------------------------------------------------------------------------------------ */

static bool is_any(const struct sock *sock)
{
    return leat_ip_is_any(sock->local.ip);
}

/* The families that a socket takes connections of: bit 0 IPv4, bit 1 IPv6. */
static unsigned families_of(const struct sock *sock)
{
    if (sock->family == '4' || leat_ip_is_v4(sock->local.ip))
        return 1;
    return is_any(sock) && !sock->options.only_v6 ? 3 : 2;
}

/* Linux's rule: SO_REUSEADDR of both is enough unless one listens, SO_REUSEPORT always is. */
static bool conflicts(const struct sock *a, const struct sock *b, bool listens)
{
    if (a == b || a->local.port != b->local.port || !(families_of(a) & families_of(b)) ||
        !(is_any(a) || is_any(b) || leat_ip_equal(a->local.ip, b->local.ip)))
        return false;
    if (a->options.reuse_port && b->options.reuse_port)
        return false;
    return !(a->options.reuse_address && b->options.reuse_address) || listens ||
           a->state == SOCK_LISTENING || b->state == SOCK_LISTENING;
}

/* True if another socket has the port. One that is gone from the program loses it now. */
static bool is_taken(const struct sock *sock, bool listens)
{
    struct sock *next;

    for (struct sock *other = bound; other; other = next) {
        next = other->bound_next;
        if (!conflicts(sock, other, listens))
            continue;
        if ((other->state == SOCK_FRESH || other->state == SOCK_LISTENING) && !sock_is_alive(other))
            sock_free(other);
        else
            return true;
    }
    return false;
}

static void add_bound(struct sock *sock)
{
    sock->is_bound = true;
    sock->bound_next = bound;
    bound = sock;
}

static bool choose_port(struct sock *sock)
{
    const uint32_t first = (uint32_t)leat_random(server.platform->stack) % PORT_COUNT;

    for (uint32_t i = 0; i < PORT_COUNT; i++) {
        sock->local.port = (uint16_t)(FIRST_PORT + (first + i) % PORT_COUNT);
        if (!is_taken(sock, true))
            return true;
    }
    sock->local.port = 0;
    return false;
}

int port_bind(struct sock *sock, const struct leat_endpoint *local)
{
    const struct leat_endpoint before = sock->local;

    if (sock->is_bound || sock->state != SOCK_FRESH)
        return EINVAL;
    if (!leat_ip_is_any(local->ip) && !leat_ip_is_loopback(local->ip) &&
        !leat_address_is_ours(server.platform->stack, local->ip))
        return EADDRNOTAVAIL;
    sock->local = *local;
    if (local->port == 0 ? !choose_port(sock) : is_taken(sock, false)) {
        sock->local = before;
        return EADDRINUSE;
    }
    add_bound(sock);
    return 0;
}

static void remove_bound(struct sock *sock)
{
    struct sock **at = &bound;

    while (*at && *at != sock)
        at = &(*at)->bound_next;
    if (*at)
        *at = sock->bound_next;
    sock->is_bound = false;
}

/* ---- connections that come in ---------------------------------------------------------------- */

/* The program's socket that takes connections to this address; those with SO_REUSEPORT in turn. */
static struct sock *choose(struct port *port, struct leat_ip ip)
{
    const unsigned family = leat_ip_is_v4(ip) ? 1 : 2;
    struct sock **at = &port->members, *found;

    while (*at && !(families_of(*at) & family))
        at = &(*at)->port_next;
    found = *at;
    if (!found)
        return NULL;
    *at = found->port_next; /* to the end */
    found->port_next = NULL;
    for (at = &port->members; *at; at = &(*at)->port_next)
        ;
    *at = found;
    return found;
}

/* Connects our end to the program's listening socket. 0, or an errno: EAGAIN: its backlog is
 * full. */
static int reach(struct sock *sock, const struct sock *member)
{
    const struct run_socket_name to = {
        .kind = 'p', .family = member->family, .type = 's', .id = member->id};
    const struct run_accepted from = {.kind = 'a',
                                      .id = sock->id,
                                      .local = run_endpoint_of(&sock->local),
                                      .remote = run_endpoint_of(&sock->remote),
                                      .place = fast_place_of(sock)};
    struct sockaddr_un address;
    socklen_t len;

    if (sock->fd < 0) {
        sock->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        len = run_address(&address, server.run, &from, sizeof from);
        if (sock->fd < 0 || bind(sock->fd, (struct sockaddr *)&address, len))
            return ENOBUFS;
    }
    len = run_address(&address, server.run, &to, sizeof to);
    if (connect(sock->fd, (struct sockaddr *)&address, len))
        return errno;
    sock->family = member->family;
    sock->options = member->options;
    stream_configure(sock);
    return 0;
}

/* Gives the connection to the program, to a socket that still exists. False: it waits. */
static bool hand_over(struct port *port, struct sock *sock)
{
    struct sock *member;

    while ((member = choose(port, sock->local.ip))) {
        const int error = reach(sock, member);
        const int fd = sock->fd;

        if (error == EAGAIN)
            return false;
        if (error == ECONNREFUSED) { /* the program has closed it; the last one closes the port */
            sock_free(member);
            continue;
        }
        if (error)
            break;
        sock->fd = -1;
        sock->port = NULL;
        stream_arrived(sock, fd);
        return true;
    }
    sock_free(sock); /* a reset: there is no taker */
    return true;
}

static void on_retry(struct leat_timer *timer, void *arg);

/* Makes a socket of a connection. */
static struct sock *sock_of(struct leat_tcp *conn)
{
    struct leat_tcp_info info;
    struct run_id id;
    struct sock *sock;

    if (getrandom(&id, sizeof id, 0) != (ssize_t)sizeof id)
        return NULL;
    sock = sock_new(&id, '4', 's');
    if (!sock)
        return NULL;
    leat_tcp_get_info(conn, &info);
    sock->local = info.local;
    sock->remote = info.remote;
    sock->state = SOCK_OPEN;
    sock->accepted = true;
    sock->conn = conn;
    fast_take(sock);
    return sock;
}

static void take(struct port *port)
{
    while (port->listener && !port->waiting) {
        struct leat_tcp *conn = leat_tcp_accept(port->listener, &stream_events, NULL);
        struct sock *sock = conn ? sock_of(conn) : NULL;

        if (!conn)
            return;
        if (!sock) {
            leat_tcp_set_events(conn, NULL, NULL);
            leat_tcp_abort(conn);
            continue;
        }
        leat_tcp_set_events(conn, &stream_events, sock);
        if (!hand_over(port, sock)) {
            sock->port = port;
            port->waiting = sock;
            leat_timer_set(server.platform->stack, &port->retry,
                           leat_now_ns(server.platform->stack) + RETRY_NS);
        }
    }
}

static void on_retry(struct leat_timer *timer, void *arg)
{
    struct port *port = arg;
    struct sock *sock = port->waiting;

    port->waiting = NULL;
    if (sock && !hand_over(port, sock)) {
        port->waiting = sock;
        leat_timer_set(server.platform->stack, timer,
                       leat_now_ns(server.platform->stack) + RETRY_NS);
        return;
    }
    take(port);
}

static void on_acceptable(struct leat_tcp_listener *listener, void *arg)
{
    (void)listener;
    take(arg);
}

/* ---- listen ---------------------------------------------------------------------------------- */

static struct port *port_find(const struct leat_endpoint *at)
{
    struct port *unused = NULL;

    for (struct port *port = ports; port < ports + PORTS_MAX; port++) {
        if (port->listener && leat_endpoint_equal(&port->at, at))
            return port;
        if (!port->listener && !unused)
            unused = port;
    }
    return unused;
}

static int open_port(struct port *port, const struct leat_endpoint *at, uint32_t backlog)
{
    struct leat_tcp_listen_config config = {.ip = at->ip,
                                            .port = at->port,
                                            .backlog = (uint16_t)(backlog > 0 ? backlog : 1),
                                            .on_acceptable = on_acceptable,
                                            .arg = port};
    enum leat_err err = leat_tcp_listen(server.platform->stack, &port->listener, &config);

    if (err == LEAT_ERR_FAMILY && leat_ip_is_any(at->ip)) { /* the stack has no IPv6 */
        config.ip = LEAT_IP4_ANY;
        err = leat_tcp_listen(server.platform->stack, &port->listener, &config);
    }
    if (err) {
        port->listener = NULL;
        return errno_of(err);
    }
    port->at = *at;
    port->retry = (struct leat_timer){.on_time = on_retry, .arg = port};
    return 0;
}

int port_listen(struct sock *sock, uint32_t backlog)
{
    struct leat_endpoint at;
    struct port *port;
    int error = 0;

    if (sock->state == SOCK_LISTENING)
        return 0; /* the kernel has taken the new backlog */
    if (sock->state != SOCK_FRESH)
        return EINVAL;
    if (!sock->is_bound)
        error = choose_port(sock) ? 0 : EADDRINUSE;
    if (!error && !sock->is_bound)
        add_bound(sock);
    if (error || is_taken(sock, true))
        return EADDRINUSE;
    at = sock->local;
    if (leat_ip_is_any(at.ip))
        at.ip = LEAT_IP_ANY;
    port = port_find(&at);
    if (!port)
        return ENOBUFS;
    error = port->listener ? 0 : open_port(port, &at, backlog);
    if (error)
        return error;
    sock->port = port;
    sock->port_next = port->members;
    port->members = sock;
    sock->state = SOCK_LISTENING;
    return 0;
}

void port_leave(struct sock *sock)
{
    struct port *port = sock->port;

    if (sock->is_bound)
        remove_bound(sock);
    if (!port)
        return;
    sock->port = NULL;
    if (port->waiting == sock)
        port->waiting = NULL;
    if (sock->state != SOCK_LISTENING)
        return;
    for (struct sock **at = &port->members; *at; at = &(*at)->port_next) {
        if (*at == sock) {
            *at = sock->port_next;
            break;
        }
    }
    if (port->members)
        return;
    leat_timer_cancel(server.platform->stack, &port->retry);
    leat_tcp_listener_close(port->listener);
    port->listener = NULL;
    if (port->waiting) {
        struct sock *waiting = port->waiting;

        port->waiting = NULL;
        waiting->port = NULL;
        sock_free(waiting);
    }
}
