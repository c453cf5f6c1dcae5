/* options.c -- setsockopt, getsockopt, fcntl, ioctl. */
#include "sockets.h"

#include <string.h>

#include "names.h"

/* ---- setsockopt --------------------------------------------------------------------------- */

/* [1]; 0 if it isn't an array of one. */
static int64_t only_element(const struct value *value)
{
    return value->kind == VALUE_ARRAY && value->first ? value->first->integer : value->integer;
}

/* A setting per socket in Linux, and per stack in leat. It can be set before the stack
 * exists, and later only to its current value, as scripts with several connections do. */
static bool set_for_all(struct sockets *sockets, struct calling *calling, const char *field,
                        uint64_t value)
{
    if (sockets->machine->stack && !settings_are(sockets->settings, field, value))
        return call_complain(calling,
                             "not supported: %s is the whole stack's, and is set before the first "
                             "listen() or connect()",
                             field);
    settings_field(sockets->settings, field, value);
    return call_returns(calling, 0);
}

static bool set_socket_level(struct sockets *sockets, struct calling *calling, int64_t name)
{
    struct sock *sock = calling->sock;
    const struct value *arg = call_arg(calling, 3);
    const int64_t value = only_element(arg);

    switch (name) {
    case LINUX_SO_REUSEADDR:
    case LINUX_SO_REUSEPORT:
        sock->reuse = value != 0;
        break;
    case LINUX_SO_KEEPALIVE:
        sock->keepalive = value != 0;
        if (sock->conn)
            leat_tcp_set_keepalive(sock->conn, sock->keepalive);
        break;
    case LINUX_SO_BROADCAST:
        if (sock->udp)
            leat_udp_set_broadcast(sock->udp, value != 0);
        break;
    case LINUX_SO_ZEROCOPY:
        if (sock->kind != SOCK_TCP)
            return call_complain(calling, "not supported: SO_ZEROCOPY of UDP");
        sock->zero_copy = value != 0;
        break;
    case LINUX_SO_LINGER: {
        const struct value *on = call_field(arg, "onoff"), *linger = call_field(arg, "linger");

        if (!on || !linger)
            return call_complain(calling, "SO_LINGER wants {onoff=..., linger=...}");
        sock->lingers = on->integer != 0;
        sock->linger_s = (uint32_t)linger->integer;
        break;
    }
    case LINUX_SO_RCVBUF:
        return set_for_all(sockets, calling, "receive_window_bytes", (uint64_t)value);
    case LINUX_SO_SNDBUF:
        if (!sockets->machine->stack)
            return set_for_all(sockets, calling, "send_queue_bytes", (uint64_t)value);
        sock->send_queue_bytes = (uint32_t)value;
        if (sock->conn)
            leat_tcp_set_send_queue(sock->conn, sock->send_queue_bytes);
        break;
    default:
        return call_complain(calling, "not supported: %s", name_of_option("SO_", name));
    }
    return call_returns(calling, 0);
}

/* In a running stack it applies to one connection; BBR needs room for its state. */
static bool choose_congestion(struct sockets *sockets, struct calling *calling,
                              const struct leat_tcp_congestion *wanted)
{
    const struct leat_tcp_config *config = &sockets->settings->tcp;
    struct sock *sock = calling->sock;

    if (wanted == &leat_tcp_bbr && config->congestion != wanted && config->bbr_connections == 0)
        return call_fails(calling, LINUX_ENOENT);
    sock->congestion = wanted;
    if (sock->conn)
        leat_tcp_set_congestion(sock->conn, wanted);
    return call_returns(calling, 0);
}

/* "cubic", 5 */
static bool set_congestion(struct sockets *sockets, struct calling *calling,
                           const struct value *arg)
{
    struct settings wanted = *sockets->settings;
    char name[32] = {0};

    if (arg->kind == VALUE_STRING && arg->len < sizeof name)
        memcpy(name, arg->text, arg->len);
    if (settings_option(&wanted, "congestion", name) != SETTING_DONE)
        return call_fails(calling, LINUX_ENOENT);
    if (sockets->machine->stack)
        return choose_congestion(sockets, calling, wanted.tcp.congestion);
    *sockets->settings = wanted;
    return call_returns(calling, 0);
}

static bool set_tcp_level(struct sockets *sockets, struct calling *calling, int64_t name)
{
    static const uint64_t second_ns = 1000000000, ms_ns = 1000000;
    struct sock *sock = calling->sock;
    const uint64_t value = (uint64_t)only_element(call_arg(calling, 3));

    switch (name) {
    case LINUX_TCP_NODELAY:
        sock->nodelay = value != 0;
        if (sock->conn)
            leat_tcp_set_nodelay(sock->conn, sock->nodelay);
        break;
    case LINUX_TCP_USER_TIMEOUT:
        sock->user_timeout_ns = value * ms_ns;
        if (sock->conn)
            leat_tcp_set_user_timeout(sock->conn, sock->user_timeout_ns);
        break;
    case LINUX_TCP_MAXSEG:
        sock->mss_max = (uint16_t)value;
        if (sock->conn)
            leat_tcp_set_mss_max(sock->conn, sock->mss_max);
        break;
    case LINUX_TCP_FASTOPEN:
    case LINUX_TCP_FASTOPEN_CONNECT:
        sock->fast_open = value != 0;
        break;
    case LINUX_TCP_KEEPIDLE:
        return set_for_all(sockets, calling, "keepalive_idle_ns", value * second_ns);
    case LINUX_TCP_KEEPINTVL:
        return set_for_all(sockets, calling, "keepalive_interval_ns", value * second_ns);
    case LINUX_TCP_KEEPCNT:
        return set_for_all(sockets, calling, "keepalive_probes", value);
    case LINUX_TCP_KEEPINIT:
        return set_for_all(sockets, calling, "connect_timeout_ns", value * second_ns);
    case LINUX_TCP_CONGESTION:
        return set_congestion(sockets, calling, call_arg(calling, 3));
    default:
        return call_complain(calling, "not supported: %s", name_of_option("TCP_", name));
    }
    return call_returns(calling, 0);
}

/* The upper six bits are DiffServ's (RFC 2474 3); the lower two are TCP's own (RFC 3168 5). */
static bool set_tos_of_tcp(struct calling *calling, uint8_t tos)
{
    struct sock *sock = calling->sock;

    sock->dscp = tos >> 2;
    if (sock->conn)
        leat_tcp_set_dscp(sock->conn, sock->dscp);
    return call_returns(calling, 0);
}

static bool set_ip_level(struct calling *calling, int64_t name)
{
    const uint8_t value = (uint8_t)only_element(call_arg(calling, 3));
    struct leat_udp *udp = calling->sock->udp;

    if (calling->sock->kind == SOCK_TCP && name == LINUX_IP_TOS)
        return set_tos_of_tcp(calling, value);
    if (!udp || (name != LINUX_IP_TOS && name != LINUX_IP_TTL))
        return call_complain(calling, "not supported: %s; of SOL_IP only IP_TOS, and of UDP IP_TTL",
                             name_of_option("IP_", name));
    if (name == LINUX_IP_TOS)
        leat_udp_set_tos(udp, value);
    else
        leat_udp_set_ttl(udp, value);
    return call_returns(calling, 0);
}

bool call_setsockopt(struct sockets *sockets, struct calling *calling)
{
    const int64_t level = call_arg(calling, 1)->integer, name = call_arg(calling, 2)->integer;

    if (level == LINUX_SOL_SOCKET)
        return set_socket_level(sockets, calling, name);
    if (level == LINUX_SOL_IPV6 && name == LINUX_IPV6_TCLASS && calling->sock->kind == SOCK_TCP)
        return set_tos_of_tcp(calling, (uint8_t)only_element(call_arg(calling, 3)));
    if (level == LINUX_SOL_IP)
        return set_ip_level(calling, name);
    if (level == LINUX_SOL_TCP)
        return set_tcp_level(sockets, calling, name);
    return call_complain(calling, "not supported: options of level %lld", (long long)level);
}

/* ---- getsockopt --------------------------------------------------------------------------- */

/* Checks that the n-th argument is [value] or ...; complains otherwise. */
static bool returns_value(struct calling *calling, unsigned n, int64_t value)
{
    const struct value *arg = call_arg(calling, n);

    if (arg->kind != VALUE_ELLIPSIS && only_element(arg) != value)
        return call_complain(calling, "the value is %lld", (long long)value);
    return call_returns(calling, 0);
}

/* The size of a buffer differs between systems; --relaxed doesn't compare it. */
static bool returns_size(const struct sockets *sockets, struct calling *calling, uint32_t bytes,
                         uint32_t bytes_default)
{
    if (sockets->relaxed)
        return call_returns(calling, 0);
    return returns_value(calling, 3, bytes > 0 ? bytes : bytes_default);
}

static uint64_t or_default(uint64_t value, uint64_t value_default)
{
    return value > 0 ? value : value_default;
}

/* Sets a field of struct leat_tcp_config, for all connections. False: @name is none. */
static bool get_of_stack(const struct sockets *sockets, struct calling *calling, int64_t name)
{
    static const uint64_t second_ns = 1000000000;
    const struct leat_tcp_config *config = &sockets->settings->tcp;
    uint64_t value;

    switch (name) {
    case LINUX_TCP_KEEPIDLE:
        value = or_default(config->keepalive_idle_ns, 7200 * second_ns) / second_ns;
        break;
    case LINUX_TCP_KEEPINTVL:
        value = or_default(config->keepalive_interval_ns, 75 * second_ns) / second_ns;
        break;
    case LINUX_TCP_KEEPCNT:
        value = or_default(config->keepalive_probes, 9);
        break;
    case LINUX_TCP_KEEPINIT:
        value = or_default(config->connect_timeout_ns, 180 * second_ns) / second_ns;
        break;
    default:
        return false;
    }
    returns_value(calling, 3, (int64_t)value);
    return true;
}

bool call_getsockopt(struct sockets *sockets, struct calling *calling)
{
    const int64_t level = call_arg(calling, 1)->integer, name = call_arg(calling, 2)->integer;
    struct sock *sock = calling->sock;
    struct leat_tcp_info info = {.mss_bytes = 536};

    if (sock->conn)
        leat_tcp_get_info(sock->conn, &info);
    if (level == LINUX_SOL_SOCKET && name == LINUX_SO_ERROR) {
        const int error = sock->error;

        sock->error = 0;
        return returns_value(calling, 3, error);
    }
    if (level == LINUX_SOL_SOCKET && name == LINUX_SO_KEEPALIVE)
        return returns_value(calling, 3, sock->keepalive);
    if (level == LINUX_SOL_SOCKET && name == LINUX_SO_REUSEADDR)
        return returns_value(calling, 3, sock->reuse);
    if (level == LINUX_SOL_SOCKET && name == LINUX_SO_RCVBUF)
        return returns_size(sockets, calling, sockets->settings->tcp.receive_window_bytes, 4 << 20);
    if (level == LINUX_SOL_SOCKET && name == LINUX_SO_SNDBUF)
        return returns_size(sockets, calling, sockets->settings->tcp.send_queue_bytes, 4 << 20);
    if (level == LINUX_SOL_TCP && get_of_stack(sockets, calling, name))
        return true;
    if (level == LINUX_SOL_SOCKET && name == LINUX_SO_ZEROCOPY)
        return returns_value(calling, 3, sock->zero_copy);
    if (level == LINUX_SOL_TCP && name == LINUX_TCP_NODELAY)
        return returns_value(calling, 3, sock->nodelay);
    if (level == LINUX_SOL_TCP && name == LINUX_TCP_MAXSEG)
        return returns_value(calling, 3, info.mss_bytes);
    if (level == LINUX_SOL_TCP && name == LINUX_TCP_USER_TIMEOUT)
        return returns_value(calling, 3, (int64_t)(sock->user_timeout_ns / 1000000));
    if (level == LINUX_SOL_TCP && name == LINUX_TCP_INFO) {
        if (call_arg(calling, 3)->kind != VALUE_ELLIPSIS)
            return call_complain(calling, "ask for the fields of TCP_INFO in %%{ }%%");
        return sock->kind == SOCK_TCP ? call_returns(calling, 0)
                                      : call_fails(calling, LINUX_EOPNOTSUPP);
    }
    return call_complain(calling, "not supported: %s",
                         name_of_option(level == LINUX_SOL_SOCKET ? "SO_"
                                        : level == LINUX_SOL_TCP  ? "TCP_"
                                                                  : "IP_",
                                        name));
}

/* ---- fcntl, ioctl ------------------------------------------------------------------------- */

bool call_fcntl(struct sockets *sockets, struct calling *calling)
{
    const int64_t command = call_arg(calling, 1)->integer;
    const struct value *arg = call_arg(calling, 2);
    struct sock *sock = calling->sock;

    (void)sockets;
    if (command == LINUX_F_GETFL)
        return call_returns(calling, LINUX_O_RDWR | (sock->nonblocking ? LINUX_O_NONBLOCK : 0));
    if (command != LINUX_F_SETFL || arg->kind != VALUE_INT)
        return call_complain(calling, "of fcntl() only F_GETFL and F_SETFL");
    sock->nonblocking = arg->integer & LINUX_O_NONBLOCK;
    return call_returns(calling, 0);
}

static int64_t unsent_bytes(const struct leat_tcp_info *info)
{
    const uint32_t flight = info->snd_nxt - info->snd_una;

    return info->queued_bytes > flight ? info->queued_bytes - flight : 0;
}

bool call_ioctl(struct sockets *sockets, struct calling *calling)
{
    const int64_t request = call_arg(calling, 1)->integer;
    struct sock *sock = calling->sock;
    struct leat_tcp_info info = {0};

    (void)sockets;
    if (sock->conn)
        leat_tcp_get_info(sock->conn, &info);
    switch (request) {
    case LINUX_FIONREAD:
        if (sock->kind == SOCK_UDP)
            return returns_value(
                calling, 2,
                sock->datagram_count == 0 ? 0 : leat_buf_total(sock->datagrams[0].payload));
        return returns_value(calling, 2, (int64_t)info.readable_bytes + sock->peeked_bytes);
    case LINUX_SIOCOUTQ:
        return returns_value(calling, 2, info.queued_bytes);
    case LINUX_SIOCOUTQNSD:
        return returns_value(calling, 2, unsent_bytes(&info));
    case LINUX_FIONBIO:
        sock->nonblocking = only_element(call_arg(calling, 2)) != 0;
        return call_returns(calling, 0);
    default:
        return call_complain(calling, "of ioctl() only FIONREAD, SIOCINQ, SIOCOUTQ, SIOCOUTQNSD "
                                      "and FIONBIO");
    }
}
