/* options_get.c -- getsockopt(). */
#include "sockets/calls/inside.h"

#include <string.h>

enum {
    SEND_BYTES = 262144, /* what a connection begins with: leat_tcp_config */
    RECEIVE_BYTES = 262144,
    TTL = 64
};

/* The answer, before it is cut off at the room that the program has. */
struct answer {
    union {
        int number;
        struct leat_linger linger;
        struct leat_timeval time;
        struct leat_bsd_tcp_info info;
        char text[16];
    };
    uint32_t len;
};

static int tell(struct answer *answer, int number)
{
    answer->number = number;
    answer->len = sizeof number;
    return 0;
}

static int tell_time(struct answer *answer, uint64_t ns)
{
    answer->time =
        (struct leat_timeval){(int64_t)(ns / 1000000000), (int64_t)(ns % 1000000000 / 1000)};
    answer->len = sizeof answer->time;
    return 0;
}

static int tell_linger(struct answer *answer, const struct socket_options *options)
{
    answer->linger = (struct leat_linger){options->linger, options->linger_s};
    answer->len = sizeof answer->linger;
    return 0;
}

static int socket_type(const struct socket *socket)
{
    return socket->kind == SOCKET_STREAM ? LEAT_SOCK_STREAM : LEAT_SOCK_DGRAM;
}

static int socket_protocol(const struct socket *socket)
{
    return socket->kind == SOCKET_STREAM ? LEAT_IPPROTO_TCP : LEAT_IPPROTO_UDP;
}

static int get_socket(struct socket *socket, int name, struct answer *answer)
{
    const struct socket_options *options = &socket->options;

    switch (name) {
    case LEAT_SO_REUSEADDR:
        return tell(answer, options->reuse_address);
    case LEAT_SO_REUSEPORT:
        return tell(answer, options->reuse_port);
    case LEAT_SO_KEEPALIVE:
        return tell(answer, options->keepalive);
    case LEAT_SO_OOBINLINE:
        return tell(answer, options->oob_inline);
    case LEAT_SO_BROADCAST:
        return tell(answer, options->broadcast);
    case LEAT_SO_DONTROUTE:
        return tell(answer, 0);
    case LEAT_SO_RCVLOWAT:
    case LEAT_SO_SNDLOWAT:
        return tell(answer, 1);
    case LEAT_SO_TYPE:
        return tell(answer, socket_type(socket));
    case LEAT_SO_DOMAIN:
        return tell(answer, socket->is_v6 ? LEAT_AF_INET6 : LEAT_AF_INET);
    case LEAT_SO_PROTOCOL:
        return tell(answer, socket_protocol(socket));
    case LEAT_SO_ERROR:
        return tell(answer, -socket_take_error(socket));
    case LEAT_SO_ACCEPTCONN:
        return tell(answer, socket->state == SOCKET_LISTENING);
    case LEAT_SO_LINGER:
        return tell_linger(answer, options);
    case LEAT_SO_RCVTIMEO:
        return tell_time(answer, options->receive_ns);
    case LEAT_SO_SNDTIMEO:
        return tell_time(answer, options->send_ns);
    case LEAT_SO_SNDBUF:
        return tell(answer, options->send_bytes ? options->send_bytes : SEND_BYTES);
    case LEAT_SO_RCVBUF:
        return tell(answer, options->receive_bytes ? options->receive_bytes : RECEIVE_BYTES);
    default:
        return -LEAT_ENOPROTOOPT;
    }
}

/* ---- IPPROTO_TCP --------------------------------------------------------------------------- */

/* Linux's numbers of states, in the order of enum leat_tcp_state. */
static uint8_t state_number(enum leat_tcp_state state)
{
    static const uint8_t numbers[] = {7, 10, 2, 3, 1, 4, 5, 8, 11, 9, 6};

    return numbers[state];
}

static uint8_t repair_number(enum leat_tcp_repair repair)
{
    static const uint8_t numbers[] = {0, 2, 3, 4};

    return numbers[repair];
}

static uint32_t us(uint64_t ns)
{
    return (uint32_t)(ns / 1000);
}

static void fill(struct leat_bsd_tcp_info *to, const struct leat_tcp_info *from)
{
    const uint32_t mss = from->mss_bytes > 0 ? from->mss_bytes : 1;

    to->tcpi_state = state_number(from->state);
    to->tcpi_ca_state = repair_number(from->repair);
    to->tcpi_options = (uint8_t)((from->timestamps ? 1 : 0) | (from->sack ? 2 : 0) |
                                 (from->snd_wind_shift > 0 ? 4 : 0) | (from->ecn ? 8 : 0));
    to->tcpi_wscales = (uint8_t)(from->snd_wind_shift | from->rcv_wind_shift << 4);
    to->tcpi_rto = us(from->rto_ns);
    to->tcpi_snd_mss = from->mss_bytes;
    to->tcpi_unacked = (from->snd_nxt - from->snd_una + mss - 1) / mss;
    to->tcpi_sacked = (from->sacked_bytes + mss - 1) / mss;
    to->tcpi_lost = (from->lost_bytes + mss - 1) / mss;
    to->tcpi_pmtu = from->path_mtu_bytes;
    to->tcpi_rcv_ssthresh = from->rcv_wnd_bytes;
    to->tcpi_rtt = us(from->srtt_ns);
    to->tcpi_rttvar = us(from->rttvar_ns);
    to->tcpi_snd_ssthresh = from->ssthresh_bytes / mss;
    to->tcpi_snd_cwnd = from->cwnd_bytes / mss;
    to->tcpi_advmss = from->mss_bytes;
    to->tcpi_rcv_space = from->rcv_wnd_bytes;
    to->tcpi_total_retrans = (uint32_t)from->retransmits;
}

static int tell_info(struct answer *answer, const struct socket *socket)
{
    struct leat_tcp_info info;

    memset(&answer->info, 0, sizeof answer->info);
    answer->len = sizeof answer->info;
    answer->info.tcpi_state =
        state_number(socket->state == SOCKET_LISTENING ? LEAT_TCP_LISTEN : LEAT_TCP_CLOSED);
    if (!socket->conn)
        return 0;
    leat_tcp_get_info(socket->conn, &info);
    fill(&answer->info, &info);
    return 0;
}

/* The name of the congestion control; Linux's "reno" is NewReno. */
static int tell_congestion(struct answer *answer, const struct socket *socket)
{
    static const char cubic[sizeof answer->text] = "cubic";
    static const char reno[sizeof answer->text] = "reno";

    memcpy(answer->text, socket->options.congestion == &leat_tcp_newreno ? reno : cubic,
           sizeof answer->text);
    answer->len = sizeof answer->text;
    return 0;
}

static __attribute__((noinline)) int get_tcp(const struct socket *socket, int name,
                                             struct answer *answer)
{
    struct leat_tcp_info info = {.mss_bytes = 536}; /* Linux's, without a connection */

    switch (name) {
    case LEAT_TCP_NODELAY:
        return tell(answer, socket->options.nodelay);
    case LEAT_TCP_MAXSEG:
        if (socket->conn)
            leat_tcp_get_info(socket->conn, &info);
        return tell(answer, info.mss_bytes);
    case LEAT_TCP_USER_TIMEOUT:
        return tell(answer, (int)socket->options.user_timeout_ms);
    case LEAT_TCP_CONGESTION:
        return tell_congestion(answer, socket);
    case LEAT_TCP_INFO:
        return tell_info(answer, socket);
    default:
        return -LEAT_ENOPROTOOPT;
    }
}

/* ---- IPPROTO_IP, IPPROTO_IPV6 -------------------------------------------------------------- */

static int get_ip(const struct socket *socket, int name, struct answer *answer)
{
    const struct socket_options *options = &socket->options;

    switch (name) {
    case LEAT_IP_TOS:
        return tell(answer, options->tos);
    case LEAT_IP_TTL:
        return tell(answer, options->ttl ? options->ttl : TTL);
    case LEAT_IP_MULTICAST_TTL:
        return tell(answer, options->multicast_ttl ? options->multicast_ttl : 1);
    case LEAT_IP_MULTICAST_LOOP:
        return tell(answer, 0);
    default:
        return -LEAT_ENOPROTOOPT;
    }
}

static int get_ipv6(const struct socket *socket, int name, struct answer *answer)
{
    const struct socket_options *options = &socket->options;

    switch (name) {
    case LEAT_IPV6_V6ONLY:
        return tell(answer, options->v6_only);
    case LEAT_IPV6_TCLASS:
        return tell(answer, options->tos);
    case LEAT_IPV6_UNICAST_HOPS:
        return tell(answer, options->ttl ? options->ttl : TTL);
    case LEAT_IPV6_MULTICAST_HOPS:
        return tell(answer, options->multicast_ttl ? options->multicast_ttl : 1);
    case LEAT_IPV6_MULTICAST_LOOP:
        return tell(answer, 0);
    default:
        return -LEAT_ENOPROTOOPT;
    }
}

/* ---- all ----------------------------------------------------------------------------------- */

static int get(struct socket *socket, int level, int name, struct answer *answer)
{
    if (!socket_is_real(socket))
        return -LEAT_ENOTSOCK;
    if (level == LEAT_SOL_SOCKET)
        return get_socket(socket, name, answer);
    if (level == LEAT_IPPROTO_TCP && socket->kind == SOCKET_STREAM)
        return get_tcp(socket, name, answer);
    if (level == LEAT_IPPROTO_IP)
        return get_ip(socket, name, answer);
    if (level == LEAT_IPPROTO_IPV6 && socket->is_v6)
        return get_ipv6(socket, name, answer);
    return -LEAT_EOPNOTSUPP;
}

int leat_bsd_getsockopt(struct leat_sockets *sockets, int fd, int level, int name, void *value,
                        uint32_t *len)
{
    struct socket *socket = socket_take(sockets, fd);
    struct answer answer = {.len = 0};
    int error;

    if (!socket)
        return -LEAT_EBADF;
    if (!value || !len)
        error = -LEAT_EFAULT;
    else if ((int32_t)*len < 0)
        error = -LEAT_EINVAL;
    else
        error = get(socket, level, name, &answer);
    if (!error) {
        /* as Linux, which gives one byte of IPv4's numbers where there is no room for four */
        if (level == LEAT_IPPROTO_IP && *len > 0 && *len < answer.len &&
            (uint32_t)answer.number <= UINT8_MAX)
            answer.len = 1;
        *len = *len < answer.len ? *len : answer.len;
        memcpy(value, &answer, *len);
    }
    socket_give(socket);
    return error;
}
