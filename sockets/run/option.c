/*
 * option.c -- setsockopt() and getsockopt(), those that the kernel's socket doesn't have itself.
 *
 * An option that leat has no equivalent of is refused with ENOPROTOOPT: a program that insists on
 * it notices, and one that doesn't goes on.
 */
#include "server.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

enum {
    TCP_CLOSED = 7, /* Linux's numbers of the states, which differ from those of RFC 9293 */
    IPTOS_MASK = 0xff
};

/* An option that is a number. */
struct number {
    int level, name;
    char type; /* 's', 'd', or 'b' of both */
    int low, high;
};

static const struct number numbers[] = {
    {SOL_SOCKET, SO_REUSEADDR, 'b', INT32_MIN, INT32_MAX},
    {SOL_SOCKET, SO_REUSEPORT, 'b', INT32_MIN, INT32_MAX},
    {SOL_SOCKET, SO_KEEPALIVE, 'b', INT32_MIN, INT32_MAX},
    {SOL_SOCKET, SO_BROADCAST, 'b', INT32_MIN, INT32_MAX},
    {SOL_SOCKET, SO_OOBINLINE, 'b', INT32_MIN, INT32_MAX},
    {IPPROTO_TCP, TCP_NODELAY, 's', INT32_MIN, INT32_MAX},
    {IPPROTO_TCP, TCP_MAXSEG, 's', 88, 32767},
    {IPPROTO_TCP, TCP_USER_TIMEOUT, 's', 0, INT32_MAX},
    {IPPROTO_IP, IP_TOS, 'b', 0, IPTOS_MASK},
    {IPPROTO_IP, IP_TTL, 'd', -1, 255},
    {IPPROTO_IPV6, IPV6_TCLASS, 'b', -1, IPTOS_MASK},
    {IPPROTO_IPV6, IPV6_UNICAST_HOPS, 'd', -1, 255},
    {IPPROTO_IPV6, IPV6_V6ONLY, 'b', INT32_MIN, INT32_MAX},
    {IPPROTO_IP, IP_PKTINFO, 'd', INT32_MIN, INT32_MAX},
    {IPPROTO_IP, IP_RECVTTL, 'd', INT32_MIN, INT32_MAX},
    {IPPROTO_IP, IP_RECVTOS, 'd', INT32_MIN, INT32_MAX},
    {IPPROTO_IPV6, IPV6_RECVPKTINFO, 'd', INT32_MIN, INT32_MAX},
    {IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 'd', INT32_MIN, INT32_MAX},
    {IPPROTO_IPV6, IPV6_RECVTCLASS, 'd', INT32_MIN, INT32_MAX},
};

/* The control data that an option asks for; 0: none. */
static uint8_t wants_of(const struct number *number)
{
    static const struct {
        int level, name;
        uint8_t wants;
    } known[] = {{IPPROTO_IP, IP_PKTINFO, RUN_WANTS_PKTINFO},
                 {IPPROTO_IP, IP_RECVTTL, RUN_WANTS_TTL},
                 {IPPROTO_IP, IP_RECVTOS, RUN_WANTS_TOS},
                 {IPPROTO_IPV6, IPV6_RECVPKTINFO, RUN_WANTS_PKTINFO6},
                 {IPPROTO_IPV6, IPV6_RECVHOPLIMIT, RUN_WANTS_TTL6},
                 {IPPROTO_IPV6, IPV6_RECVTCLASS, RUN_WANTS_TOS6}};

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].level == number->level && known[i].name == number->name)
            return known[i].wants;
    return 0;
}

static const struct number *number_find(const struct sock *sock, int level, int name, char type)
{
    for (const struct number *number = numbers; number < numbers + sizeof numbers / sizeof *numbers;
         number++) {
        if (number->level == level && number->name == name &&
            (number->type == 'b' || number->type == type) &&
            (level != IPPROTO_IPV6 || !sock || sock->family == '6'))
            return number;
    }
    return NULL;
}

/* ---- set ------------------------------------------------------------------------------------- */

/* 0, or an errno. */
static int read_number(const struct run_request *request, int *value)
{
    if (request->len < sizeof *value)
        return EINVAL;
    memcpy(value, request->data, sizeof *value);
    return 0;
}

static void set_number(struct sock_options *options, const struct number *number, int value)
{
    const bool on = value != 0;
    const uint8_t wants = wants_of(number);

    if (wants) {
        options->wants = (uint8_t)(on ? options->wants | wants : options->wants & ~wants);
    } else if (number->level == SOL_SOCKET) {
        switch (number->name) {
        case SO_REUSEADDR:
            options->reuse_address = on;
            break;
        case SO_REUSEPORT:
            options->reuse_port = on;
            break;
        case SO_KEEPALIVE:
            options->keepalive = on;
            break;
        case SO_BROADCAST:
            options->broadcast = on;
            break;
        default:
            options->oob_inline = on;
            break;
        }
    } else if (number->level == IPPROTO_TCP) {
        if (number->name == TCP_NODELAY)
            options->nodelay = on;
        else if (number->name == TCP_MAXSEG)
            options->mss = (uint16_t)value;
        else
            options->user_timeout_ms = (uint32_t)value;
    } else if (number->name == IPV6_V6ONLY && number->level == IPPROTO_IPV6) {
        options->only_v6 = on;
    } else if ((number->level == IPPROTO_IP && number->name == IP_TOS) ||
               (number->level == IPPROTO_IPV6 && number->name == IPV6_TCLASS)) {
        options->tos = value < 0 ? 0 : (uint8_t)value;
    } else {
        options->ttl = value < 0 ? 0 : (uint8_t)value;
    }
}

static const struct leat_tcp_congestion *congestion_of(const struct run_request *request)
{
    static const struct {
        const char *name;
        const struct leat_tcp_congestion *congestion;
    } known[] = {{"cubic", &leat_tcp_cubic}, {"reno", &leat_tcp_newreno}, {"bbr", &leat_tcp_bbr}};
    const size_t len = strnlen((const char *)request->data, request->len);

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strlen(known[i].name) == len && memcmp(known[i].name, request->data, len) == 0)
            return known[i].congestion;
    return NULL;
}

static int set_linger(struct sock *sock, const struct run_request *request)
{
    struct linger linger;

    if (request->len < sizeof linger)
        return EINVAL;
    memcpy(&linger, request->data, sizeof linger);
    sock->options.lingers = linger.l_onoff != 0;
    sock->options.linger_s = linger.l_linger < 0 ? INT32_MAX : linger.l_linger;
    return 0;
}

/* Groups: the interface is the only one, however it is named. */
static int set_group(struct sock *sock, const struct run_request *request, bool joins)
{
    struct leat_ip group;
    struct ipv6_mreq in6;
    struct ip_mreq in;
    enum leat_err err;

    if (request->level == IPPROTO_IP) {
        if (request->len < sizeof in)
            return EINVAL;
        memcpy(&in, request->data, sizeof in);
        group = leat_ip_v4(ntohl(in.imr_multiaddr.s_addr));
    } else {
        if (request->len < sizeof in6)
            return EINVAL;
        memcpy(&in6, request->data, sizeof in6);
        memcpy(group.bytes, &in6.ipv6mr_multiaddr, sizeof group.bytes);
    }
    err = joins ? leat_udp_join(sock->udp, NULL, group) : leat_udp_leave(sock->udp, NULL, group);
    return err == LEAT_ERR_NOT_FOUND ? EADDRNOTAVAIL
           : err == LEAT_ERR_FULL    ? ENOBUFS
                                     : errno_of(err);
}

/* True, with the result, for an option of groups. */
static bool is_group_option(struct sock *sock, const struct run_request *request, int *error)
{
    const bool is_v4 = request->level == IPPROTO_IP, is_v6 = request->level == IPPROTO_IPV6;

    if (sock->type != 'd')
        return false;
    if ((is_v4 && request->name == IP_ADD_MEMBERSHIP) ||
        (is_v6 && request->name == IPV6_JOIN_GROUP))
        *error = set_group(sock, request, true);
    else if ((is_v4 && request->name == IP_DROP_MEMBERSHIP) ||
             (is_v6 && request->name == IPV6_LEAVE_GROUP))
        *error = set_group(sock, request, false);
    else
        return false;
    return true;
}

int option_set(struct sock *sock, const struct run_request *request)
{
    const struct number *number = number_find(sock, request->level, request->name, sock->type);
    int value = 0, error;

    if (is_group_option(sock, request, &error))
        return error;
    if (request->level == SOL_SOCKET && request->name == SO_LINGER)
        return set_linger(sock, request);
    if (request->level == IPPROTO_TCP && request->name == TCP_CONGESTION && sock->type == 's') {
        sock->options.congestion = congestion_of(request);
        stream_configure(sock);
        return sock->options.congestion ? 0 : ENOENT;
    }
    if (!number)
        return ENOPROTOOPT;
    error = read_number(request, &value);
    if (!error && (value < number->low || value > number->high))
        error = EINVAL;
    if (!error && number->level == IPPROTO_IPV6 && number->name == IPV6_V6ONLY && sock->is_bound)
        error = EINVAL; /* as Linux: it is too late */
    if (error)
        return error;
    set_number(&sock->options, number, value);
    stream_configure(sock);
    return 0;
}

/* ---- get ------------------------------------------------------------------------------------- */

static int give(struct run_reply *reply, const void *bytes, size_t len)
{
    memcpy(reply->data, bytes, len);
    reply->len = (uint32_t)len;
    return 0;
}

static int get_number(const struct sock *sock, const struct number *number)
{
    static const struct sock_options none;
    const struct sock_options *options = sock ? &sock->options : &none;
    struct leat_tcp_info info = {.mss_bytes = 536};

    if (wants_of(number))
        return (options->wants & wants_of(number)) != 0;
    if (number->level == SOL_SOCKET)
        return number->name == SO_REUSEADDR   ? options->reuse_address
               : number->name == SO_REUSEPORT ? options->reuse_port
               : number->name == SO_KEEPALIVE ? options->keepalive
               : number->name == SO_BROADCAST ? options->broadcast
                                              : options->oob_inline;
    if (number->level == IPPROTO_TCP) {
        if (sock && sock->conn)
            leat_tcp_get_info(sock->conn, &info);
        return number->name == TCP_NODELAY  ? options->nodelay
               : number->name == TCP_MAXSEG ? info.mss_bytes
                                            : (int)options->user_timeout_ms;
    }
    if (number->level == IPPROTO_IPV6 && number->name == IPV6_V6ONLY)
        return options->only_v6;
    if ((number->level == IPPROTO_IP && number->name == IP_TOS) ||
        (number->level == IPPROTO_IPV6 && number->name == IPV6_TCLASS))
        return options->tos;
    return options->ttl > 0 ? options->ttl : 64;
}

/* RFC 9293's state as Linux counts. */
static uint8_t linux_state(enum leat_tcp_state state)
{
    static const uint8_t states[] = {[LEAT_TCP_CLOSED] = TCP_CLOSE,
                                     [LEAT_TCP_LISTEN] = TCP_LISTEN,
                                     [LEAT_TCP_SYN_SENT] = TCP_SYN_SENT,
                                     [LEAT_TCP_SYN_RECEIVED] = TCP_SYN_RECV,
                                     [LEAT_TCP_ESTABLISHED] = TCP_ESTABLISHED,
                                     [LEAT_TCP_FIN_WAIT_1] = TCP_FIN_WAIT1,
                                     [LEAT_TCP_FIN_WAIT_2] = TCP_FIN_WAIT2,
                                     [LEAT_TCP_CLOSE_WAIT] = TCP_CLOSE_WAIT,
                                     [LEAT_TCP_CLOSING] = TCP_CLOSING,
                                     [LEAT_TCP_LAST_ACK] = TCP_LAST_ACK,
                                     [LEAT_TCP_TIME_WAIT] = TCP_TIME_WAIT};

    return states[state];
}

static uint32_t us_of(uint64_t ns)
{
    return ns / 1000 < UINT32_MAX ? (uint32_t)(ns / 1000) : UINT32_MAX;
}

/* The members that leat knows; the others are 0. */
static int get_info(const struct sock *sock, struct run_reply *reply)
{
    struct tcp_info made = {.tcpi_state = TCP_CLOSE};
    struct leat_tcp_info info;

    if (sock && sock->state == SOCK_LISTENING)
        made.tcpi_state = TCP_LISTEN;
    if (!sock || !sock->conn)
        return give(reply, &made, sizeof made);
    leat_tcp_get_info(sock->conn, &info);
    made.tcpi_state = linux_state(info.state);
    made.tcpi_options =
        (uint8_t)((info.timestamps ? TCPI_OPT_TIMESTAMPS : 0) | (info.sack ? TCPI_OPT_SACK : 0) |
                  TCPI_OPT_WSCALE | (info.ecn ? TCPI_OPT_ECN : 0));
    made.tcpi_snd_wscale = info.snd_wind_shift & 15u;
    made.tcpi_rcv_wscale = info.rcv_wind_shift & 15u;
    made.tcpi_rto = us_of(info.rto_ns);
    made.tcpi_snd_mss = made.tcpi_advmss = info.mss_bytes;
    made.tcpi_unacked = info.mss_bytes ? info.in_flight_bytes / info.mss_bytes : 0;
    made.tcpi_sacked = info.mss_bytes ? info.sacked_bytes / info.mss_bytes : 0;
    made.tcpi_lost = info.mss_bytes ? info.lost_bytes / info.mss_bytes : 0;
    made.tcpi_pmtu = info.path_mtu_bytes;
    made.tcpi_rtt = us_of(info.srtt_ns);
    made.tcpi_rttvar = us_of(info.rttvar_ns);
    made.tcpi_snd_ssthresh = info.mss_bytes ? info.ssthresh_bytes / info.mss_bytes : 0;
    made.tcpi_snd_cwnd = info.mss_bytes ? info.cwnd_bytes / info.mss_bytes : 0;
    made.tcpi_rcv_space = info.rcv_wnd_bytes;
    made.tcpi_total_retrans = (uint32_t)info.retransmits;
    return give(reply, &made, sizeof made);
}

static int get_congestion(const struct sock *sock, struct run_reply *reply)
{
    struct leat_tcp_info info = {.congestion = "cubic"};
    char name[16] = "";

    if (sock && sock->conn)
        leat_tcp_get_info(sock->conn, &info);
    else if (sock && sock->options.congestion)
        info.congestion = sock->options.congestion == &leat_tcp_bbr       ? "bbr"
                          : sock->options.congestion == &leat_tcp_newreno ? "newreno"
                                                                          : "cubic";
    strncpy(name, strcmp(info.congestion, "newreno") == 0 ? "reno" : info.congestion,
            sizeof name - 1);
    return give(reply, name, sizeof name);
}

int option_get(struct sock *sock, const struct run_request *request, struct run_reply *reply)
{
    const struct number *number = number_find(sock, request->level, request->name, request->type);
    int value;

    if (request->level == SOL_SOCKET && request->name == SO_LINGER) {
        const struct linger linger = {.l_onoff = sock && sock->options.lingers,
                                      .l_linger = sock ? sock->options.linger_s : 0};

        return give(reply, &linger, sizeof linger);
    }
    if (request->level == IPPROTO_TCP && request->type == 's' && request->name == TCP_INFO)
        return get_info(sock, reply);
    if (request->level == IPPROTO_TCP && request->type == 's' && request->name == TCP_CONGESTION)
        return get_congestion(sock, reply);
    if (!number)
        return ENOPROTOOPT;
    value = get_number(sock, number);
    return give(reply, &value, sizeof value);
}
