/*
 * options.c -- setsockopt().
 *
 * An option that leat has no use for is refused (LEAT_ENOPROTOOPT) rather than kept silently, but
 * for those that change nothing a program could see: buffer sizes of UDP, low-water marks of 1.
 */
#include "sockets/calls/inside.h"

#include <string.h>

#include "wire/bytes.h"

enum {
    BUFFER_BYTES_MIN = 2304, /* Linux's least */
    BUFFER_BYTES_MAX = 1 << 25,
    BYTE_MAX = 255
};

/* ---- values -------------------------------------------------------------------------------- */

/* An option that is a number. */
struct value {
    const void *bytes;
    uint32_t len;
    int number; /* of the first bytes, if there are as many */
};

static int need_number(const struct value *value)
{
    return value->len < sizeof(int) ? -LEAT_EINVAL : 0;
}

/* ---- SOL_SOCKET ---------------------------------------------------------------------------- */

static int set_flag(const struct value *value, bool *flag)
{
    const int error = need_number(value);

    if (!error)
        *flag = value->number != 0;
    return error;
}

static int set_time(const struct value *value, uint64_t *ns)
{
    struct leat_timeval time;

    if (value->len < sizeof time)
        return -LEAT_EINVAL;
    memcpy(&time, value->bytes, sizeof time);
    if (time.tv_usec < 0 || time.tv_usec >= 1000000)
        return -LEAT_EDOM;
    /* Linux: a negative time is over at once, 0 is none, and a very long one is none, too */
    if (time.tv_sec < 0)
        *ns = 1;
    else if (time.tv_sec >= INT32_MAX)
        *ns = 0;
    else
        *ns = (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_usec * 1000;
    return 0;
}

static int set_linger(const struct value *value, struct socket_options *options)
{
    struct leat_linger linger;

    if (value->len < sizeof linger)
        return -LEAT_EINVAL;
    memcpy(&linger, value->bytes, sizeof linger);
    options->linger = linger.l_onoff != 0;
    options->linger_s = linger.l_linger < 0 ? INT32_MAX : linger.l_linger;
    return 0;
}

/* Linux doubles what is asked for, and tells the double. */
static int set_buffer(const struct value *value, int *bytes)
{
    const int error = need_number(value);
    const int most = BUFFER_BYTES_MAX / 2;

    if (error)
        return error;
    *bytes = value->number < 0 || value->number > most ? BUFFER_BYTES_MAX : 2 * value->number;
    if (*bytes < BUFFER_BYTES_MIN)
        *bytes = BUFFER_BYTES_MIN;
    return 0;
}

/* Options that are accepted with the only value that leat has. */
static int set_only(const struct value *value, int only)
{
    const int error = need_number(value);

    if (error)
        return error;
    return value->number == only ? 0 : -LEAT_EINVAL;
}

static int set_broadcast(struct socket *socket, const struct value *value)
{
    const int error = set_flag(value, &socket->options.broadcast);

    if (!error && socket->kind == SOCKET_DATAGRAM)
        leat_udp_set_broadcast(socket->udp, socket->options.broadcast);
    return error;
}

static int set_socket(struct socket *socket, int name, const struct value *value)
{
    struct socket_options *options = &socket->options;

    if (need_number(value))
        return -LEAT_EINVAL; /* as on Linux, also for an option that is unknown */
    switch (name) {
    case LEAT_SO_REUSEADDR:
        return set_flag(value, &options->reuse_address);
    case LEAT_SO_REUSEPORT:
        return set_flag(value, &options->reuse_port);
    case LEAT_SO_KEEPALIVE:
        return set_flag(value, &options->keepalive);
    case LEAT_SO_OOBINLINE:
        return set_flag(value, &options->oob_inline);
    case LEAT_SO_BROADCAST:
        return set_broadcast(socket, value);
    case LEAT_SO_LINGER:
        return set_linger(value, options);
    case LEAT_SO_RCVTIMEO:
        return set_time(value, &options->receive_ns);
    case LEAT_SO_SNDTIMEO:
        return set_time(value, &options->send_ns);
    case LEAT_SO_SNDBUF:
        return set_buffer(value, &options->send_bytes);
    case LEAT_SO_RCVBUF:
        return set_buffer(value, &options->receive_bytes);
    case LEAT_SO_RCVLOWAT:
        return set_only(value, 1);
    case LEAT_SO_DONTROUTE:
        return set_only(value, 0);
    default:
        /* SO_TYPE, SO_ERROR and the like can only be read; others are unknown */
        return -LEAT_ENOPROTOOPT;
    }
}

/* ---- IPPROTO_TCP --------------------------------------------------------------------------- */

static int set_congestion(const struct value *value, struct socket_options *options)
{
    char name[16] = {0};

    if (value->len < 1)
        return -LEAT_EINVAL;
    memcpy(name, value->bytes, value->len < sizeof name ? value->len : sizeof name - 1);
    if (memcmp(name, "cubic", sizeof "cubic") == 0)
        options->congestion = &leat_tcp_cubic;
    else if (memcmp(name, "reno", sizeof "reno") == 0)
        options->congestion = &leat_tcp_newreno;
    else
        return -LEAT_ENOENT;
    return 0;
}

static int set_user_timeout(const struct value *value, struct socket_options *options)
{
    const int error = need_number(value);

    if (error || value->number < 0)
        return -LEAT_EINVAL;
    options->user_timeout_ms = (uint32_t)value->number;
    return 0;
}

static int set_tcp(struct socket *socket, int name, const struct value *value)
{
    struct socket_options *options = &socket->options;

    if (name == LEAT_TCP_CONGESTION) /* a text, of any length */
        return set_congestion(value, options);
    if (need_number(value))
        return -LEAT_EINVAL;
    switch (name) {
    case LEAT_TCP_NODELAY:
        return set_flag(value, &options->nodelay);
    case LEAT_TCP_USER_TIMEOUT:
        return set_user_timeout(value, options);
    default:
        return -LEAT_ENOPROTOOPT;
    }
}

/* ---- IPPROTO_IP, IPPROTO_IPV6 -------------------------------------------------------------- */

/* A number that may also be given as one byte; no bytes are a 0. */
static int short_number(const struct value *value)
{
    if (value->len >= sizeof(int))
        return value->number;
    return value->len > 0 ? *(const uint8_t *)value->bytes : 0;
}

/* The same of one byte. */
static int byte_of(const struct value *value, int least, int *number)
{
    *number = short_number(value);
    return *number < least || *number > BYTE_MAX ? -LEAT_EINVAL : 0;
}

/* A hop limit; -1: the default, which is 0 here. */
static int set_hops(const struct value *value, int least, uint8_t *hops)
{
    int number;
    const int error = byte_of(value, -1, &number);

    if (error || (number >= 0 && number < least))
        return -LEAT_EINVAL;
    *hops = number < 0 ? 0 : (uint8_t)number;
    return 0;
}

/* As Linux, which looks at eight bits, and lets a program of a stream set six of them. */
static int set_tos(struct socket *socket, int number)
{
    const uint8_t ecn = 3;
    uint8_t *tos = &socket->options.tos;

    if (socket->kind == SOCKET_STREAM)
        *tos = (uint8_t)((number & ~ecn) | (*tos & ecn));
    else
        *tos = (uint8_t)number;
    if (socket->kind == SOCKET_DATAGRAM)
        leat_udp_set_tos(socket->udp, socket->options.tos);
    return 0;
}

static int set_class(struct socket *socket, const struct value *value)
{
    if (need_number(value) || value->number < -1 || value->number > BYTE_MAX)
        return -LEAT_EINVAL;
    return set_tos(socket, value->number < 0 ? 0 : value->number);
}

/* The stack doesn't send our own datagrams to groups back to us. */
static int set_loop(const struct value *value)
{
    int number;
    const int error = byte_of(value, 0, &number);

    if (error)
        return error;
    return number == 0 ? 0 : -LEAT_ENOPROTOOPT;
}

static int join(const struct socket *socket, bool leave, struct leat_ip group,
                struct leat_netif *netif)
{
    const enum leat_err err = leave ? leat_udp_leave(socket->udp, netif, group)
                                    : leat_udp_join(socket->udp, netif, group);

    if (err == LEAT_ERR_IN_USE)
        return -LEAT_EADDRINUSE;
    return err == LEAT_ERR_FULL ? -LEAT_ENOBUFS : error_number(err);
}

/* The group's netif is the first, or that of the address given. */
static int set_membership(const struct socket *socket, const struct value *value, bool leave)
{
    struct leat_ip_mreq mreq;
    struct leat_ip ours;

    if (value->len < sizeof mreq)
        return -LEAT_EINVAL;
    if (socket->kind != SOCKET_DATAGRAM)
        return -LEAT_EPROTO;
    memcpy(&mreq, value->bytes, sizeof mreq);
    ours = leat_ip_v4(get32(mreq.imr_interface));
    if (!leat_ip_is_any(ours) && !leat_address_is_ours(socket->sockets->stack, ours))
        return -LEAT_ENODEV;
    return join(socket, leave, leat_ip_v4(get32(mreq.imr_multiaddr)), NULL);
}

static int set_membership6(const struct socket *socket, const struct value *value, bool leave)
{
    struct leat_ipv6_mreq mreq;
    struct leat_ip group;

    if (value->len < sizeof mreq)
        return -LEAT_EINVAL;
    if (socket->kind != SOCKET_DATAGRAM)
        return -LEAT_EPROTO;
    memcpy(&mreq, value->bytes, sizeof mreq);
    if (mreq.ipv6mr_interface > 1)
        return -LEAT_ENODEV;
    memcpy(group.bytes, mreq.ipv6mr_multiaddr, sizeof group.bytes);
    if (leat_ip_is_v4(group))
        return -LEAT_EINVAL;
    return join(socket, leave, group, NULL);
}

static int set_ip(struct socket *socket, int name, const struct value *value)
{
    switch (name) {
    case LEAT_IP_TOS:
        return set_tos(socket, short_number(value));
    case LEAT_IP_TTL:
        return socket->kind == SOCKET_DATAGRAM ? set_hops(value, 1, &socket->options.ttl)
                                               : -LEAT_ENOPROTOOPT;
    case LEAT_IP_MULTICAST_TTL:
        return socket->kind == SOCKET_DATAGRAM ? set_hops(value, 1, &socket->options.multicast_ttl)
                                               : -LEAT_EINVAL;
    case LEAT_IP_MULTICAST_LOOP:
        return set_loop(value);
    case LEAT_IP_ADD_MEMBERSHIP:
    case LEAT_IP_DROP_MEMBERSHIP:
        return set_membership(socket, value, name == LEAT_IP_DROP_MEMBERSHIP);
    default:
        return -LEAT_ENOPROTOOPT;
    }
}

static int set_v6_only(struct socket *socket, const struct value *value)
{
    const int error = need_number(value);

    if (error || socket->local.port > 0)
        return -LEAT_EINVAL;
    socket->options.v6_only = value->number != 0;
    return 0;
}

static int set_ipv6(struct socket *socket, int name, const struct value *value)
{
    switch (name) {
    case LEAT_IPV6_V6ONLY:
        return set_v6_only(socket, value);
    case LEAT_IPV6_TCLASS:
        return set_class(socket, value);
    case LEAT_IPV6_UNICAST_HOPS:
        return socket->kind == SOCKET_DATAGRAM ? set_hops(value, 1, &socket->options.ttl)
                                               : -LEAT_ENOPROTOOPT;
    case LEAT_IPV6_MULTICAST_HOPS:
        return socket->kind == SOCKET_DATAGRAM ? set_hops(value, 1, &socket->options.multicast_ttl)
                                               : -LEAT_ENOPROTOOPT;
    case LEAT_IPV6_MULTICAST_LOOP:
        return set_loop(value);
    case LEAT_IPV6_ADD_MEMBERSHIP:
    case LEAT_IPV6_DROP_MEMBERSHIP:
        return set_membership6(socket, value, name == LEAT_IPV6_DROP_MEMBERSHIP);
    default:
        return -LEAT_ENOPROTOOPT;
    }
}

/* ---- all ----------------------------------------------------------------------------------- */

static int set(struct socket *socket, int level, int name, const struct value *value)
{
    int error = -LEAT_ENOPROTOOPT;

    if (level == LEAT_SOL_SOCKET)
        return set_socket(socket, name, value);
    if (level == LEAT_IPPROTO_TCP && socket->kind == SOCKET_STREAM)
        error = set_tcp(socket, name, value);
    else if (level == LEAT_IPPROTO_IP)
        error = set_ip(socket, name, value);
    else if (level == LEAT_IPPROTO_IPV6 && socket->is_v6)
        error = set_ipv6(socket, name, value);
    return error;
}

int leat_bsd_setsockopt(struct leat_sockets *sockets, int fd, int level, int name,
                        const void *bytes, uint32_t len)
{
    struct value value = {.bytes = bytes, .len = len};
    struct socket *socket = socket_take(sockets, fd);
    int error;

    if (!socket)
        return -LEAT_EBADF;
    if (!socket_is_real(socket)) {
        error = -LEAT_ENOTSOCK;
    } else if ((int32_t)len < 0) {
        error = -LEAT_EINVAL;
    } else if (!bytes && len > 0) {
        error = -LEAT_EFAULT;
    } else {
        if (len >= sizeof value.number)
            memcpy(&value.number, bytes, sizeof value.number);
        error = set(socket, level, name, &value);
        if (!error && socket->kind == SOCKET_STREAM)
            stream_apply_options(socket);
    }
    socket_give(socket);
    return error;
}
