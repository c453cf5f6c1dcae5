/* sock.c -- the table of the program's sockets. */
#include "server.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    BUCKETS = 4096 /* a power of two */
};

/* Connections that have failed. */
struct ended {
    struct run_id id;
    int error;
};

static struct sock socks[SOCKS_MAX];
static struct sock *buckets[BUCKETS], *free_socks;
static uint32_t used; /* of socks, the free ones behind it included */
static struct ended ended[ENDED_MAX];
static uint32_t ended_next;

/* The ids are random. */
static struct sock **bucket_of(const struct run_id *id)
{
    return &buckets[(id->bytes[0] | id->bytes[1] << 8) & (BUCKETS - 1)];
}

struct sock *sock_find(const struct run_id *id)
{
    struct sock *sock = *bucket_of(id);

    while (sock && memcmp(&sock->id, id, sizeof *id) != 0)
        sock = sock->hash_next;
    return sock;
}

struct sock *sock_new(const struct run_id *id, char family, char type)
{
    struct sock **bucket = bucket_of(id);
    struct sock *sock = free_socks;

    if (sock)
        free_socks = sock->free_next;
    else if (used < SOCKS_MAX)
        sock = &socks[used++];
    else
        return NULL;
    *sock = (struct sock){.watch = WATCH_SOCK,
                          .state = SOCK_FRESH,
                          .id = *id,
                          .fd = -1,
                          .family = family,
                          .type = type,
                          .hash_next = *bucket};
    sock->local.ip = sock->remote.ip = family == '4' ? LEAT_IP4_ANY : LEAT_IP_ANY;
    *bucket = sock;
    return sock;
}

void sock_free(struct sock *sock)
{
    struct sock **at = bucket_of(&sock->id);

    while (*at != sock)
        at = &(*at)->hash_next;
    *at = sock->hash_next;
    if (sock->error) {
        ended[ended_next] = (struct ended){sock->id, sock->error};
        ended_next = (ended_next + 1) % ENDED_MAX;
    }
    port_leave(sock);
    datagram_close(sock);
    stream_forget_reset(sock);
    if (sock->conn) {
        leat_tcp_set_events(sock->conn, NULL, NULL);
        leat_tcp_abort(sock->conn);
    }
    leat_buf_free(sock->pending);
    if (sock->fd >= 0)
        close(sock->fd);
    fast_release(sock);
    sock->state = SOCK_FREE;
    sock->free_next = free_socks;
    free_socks = sock;
}

int ended_why(const struct run_id *id)
{
    for (uint32_t i = 0; i < ENDED_MAX; i++) {
        if (ended[i].error && memcmp(&ended[i].id, id, sizeof *id) == 0) {
            const int error = ended[i].error;

            ended[i].error = 0;
            return error;
        }
    }
    return 0;
}

/* A name that a socket has can't be given to another one of the same type. */
bool sock_is_alive(const struct sock *sock)
{
    static int probe = -1;
    const struct run_socket_name name = {
        .kind = 'p', .family = sock->family, .type = sock->type, .id = sock->id};
    struct sockaddr_un address;
    const socklen_t len = run_address(&address, server.run, &name, sizeof name);

    if (probe < 0)
        probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (probe < 0 || bind(probe, (struct sockaddr *)&address, len))
        return true;
    close(probe); /* it has the name now */
    probe = -1;
    return false;
}

void socks_sweep(void)
{
    for (uint32_t i = 0; i < used; i++) {
        struct sock *sock = &socks[i];

        if ((sock->state == SOCK_FRESH || sock->state == SOCK_LISTENING ||
             (sock->state == SOCK_CONNECTING && sock->fd < 0)) &&
            !sock_is_alive(sock))
            sock_free(sock);
    }
}

/* A closed socket has handed its data to TCP, whose FIN stands behind it. */
static bool sends_on(const struct sock *sock)
{
    struct leat_tcp_info info;

    if (sock->state != SOCK_OPEN || !sock->conn)
        return false;
    if (!sock->up_ended)
        return sock->fd >= 0;
    leat_tcp_get_info(sock->conn, &info);
    return info.state == LEAT_TCP_FIN_WAIT_1 || info.state == LEAT_TCP_CLOSING ||
           info.state == LEAT_TCP_LAST_ACK;
}

bool socks_send_on(void)
{
    for (uint32_t i = 0; i < used; i++)
        if (sends_on(&socks[i]))
            return true;
    return false;
}

int errno_of(enum leat_err err)
{
    static const int numbers[LEAT_ERR_COUNT] = {
        [LEAT_ERR_MEMORY] = ENOBUFS,      [LEAT_ERR_FULL] = EAGAIN,
        [LEAT_ERR_IN_USE] = EADDRINUSE,   [LEAT_ERR_NO_ROUTE] = ENETUNREACH,
        [LEAT_ERR_TOO_BIG] = EMSGSIZE,    [LEAT_ERR_CLOSED] = ENOTCONN,
        [LEAT_ERR_CLOSING] = EPIPE,       [LEAT_ERR_REFUSED] = ECONNREFUSED,
        [LEAT_ERR_RESET] = ECONNRESET,    [LEAT_ERR_ABORTED] = ECONNABORTED,
        [LEAT_ERR_TIMEOUT] = ETIMEDOUT,   [LEAT_ERR_UNREACHABLE] = EHOSTUNREACH,
        [LEAT_ERR_FAMILY] = EAFNOSUPPORT, [LEAT_ERR_DEVICE] = ENETDOWN};

    if (err == LEAT_OK)
        return 0;
    return (unsigned)err < LEAT_ERR_COUNT && numbers[err] ? numbers[err] : EINVAL;
}

struct leat_endpoint endpoint_of(const struct run_endpoint *endpoint)
{
    struct leat_endpoint made = {.port = endpoint->port};

    memcpy(made.ip.bytes, endpoint->ip, sizeof made.ip.bytes);
    made.zone = endpoint->scope <= UINT8_MAX ? (uint8_t)endpoint->scope : UINT8_MAX;
    return made;
}

struct run_endpoint run_endpoint_of(const struct leat_endpoint *endpoint)
{
    struct run_endpoint made = {.port = endpoint->port, .scope = endpoint->zone};

    memcpy(made.ip, endpoint->ip.bytes, sizeof made.ip);
    return made;
}
