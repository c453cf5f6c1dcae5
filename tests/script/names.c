/* names.c -- constants of Linux's headers, as numbers. */
#include "names.h"

#include <string.h>

enum {
    FREEBSD = LINUX_FREEBSD /* options that Linux lacks: above all of its numbers */
};

struct name {
    const char *name;
    int64_t value;
};

#define ROW(name)                                                                                  \
    {                                                                                              \
#name, LINUX_##name                                                                        \
    }

static const struct name constants[] = {
    {"AF_UNSPEC", 0},
    ROW(AF_INET),
    {"PF_INET", LINUX_AF_INET},
    ROW(SOCK_STREAM),
    ROW(SOCK_DGRAM),
    ROW(SOCK_NONBLOCK),
    {"SOCK_CLOEXEC", 0x80000},
    {"IPPROTO_IP", 0},
    {"IPPROTO_TCP", 6},
    {"IPPROTO_UDP", 17},
    {"IPPROTO_IPV6", LINUX_SOL_IPV6},
    ROW(SOL_SOCKET),
    ROW(SOL_IP),
    ROW(SOL_TCP),
    ROW(SOL_UDP),
    ROW(SOL_IPV6),
    ROW(SO_REUSEADDR),
    ROW(SO_ERROR),
    ROW(SO_BROADCAST),
    ROW(SO_SNDBUF),
    ROW(SO_RCVBUF),
    ROW(SO_KEEPALIVE),
    ROW(SO_LINGER),
    ROW(SO_REUSEPORT),
    {"SO_PRIORITY", 12},
    {"SO_RCVLOWAT", 18},
    {"SO_RCVTIMEO", 20},
    {"SO_SNDTIMEO", 21},
    {"SO_TIMESTAMPING", 37},
    {"SO_MARK", 36},
    {"SO_MAX_PACING_RATE", 47},
    ROW(SO_ZEROCOPY),
    ROW(TCP_NODELAY),
    ROW(TCP_MAXSEG),
    {"TCP_CORK", 3},
    ROW(TCP_KEEPIDLE),
    ROW(TCP_KEEPINTVL),
    ROW(TCP_KEEPCNT),
    {"TCP_SYNCNT", 7},
    {"TCP_LINGER2", 8},
    {"TCP_DEFER_ACCEPT", 9},
    {"TCP_WINDOW_CLAMP", 10},
    ROW(TCP_INFO),
    {"TCP_QUICKACK", 12},
    ROW(TCP_CONGESTION),
    ROW(TCP_USER_TIMEOUT),
    ROW(TCP_FASTOPEN),
    ROW(TCP_FASTOPEN_CONNECT),
    {"TCP_NOTSENT_LOWAT", 25},
    {"TCP_FASTOPEN_KEY", 33},
    {"TCP_INQ", 36},
    {"TCP_MD5SIG", 14},
    ROW(TCP_KEEPINIT),
    {"TCP_NOOPT", FREEBSD + 8},
    {"TCP_FUNCTION_BLK", FREEBSD + 8192},
    {"TCP_RACK_PACE_ALWAYS", FREEBSD + 1082},
    {"TCP_RACK_PACE_RATE_SS", FREEBSD + 1070},
    {"TCP_RACK_PACE_MAX_SEG", FREEBSD + 1071},
    {"TCP_REMOTE_UDP_ENCAPS_PORT", FREEBSD + 71},
    ROW(IP_TOS),
    ROW(IP_TTL),
    {"IP_MTU_DISCOVER", 10},
    {"IP_PMTUDISC_DONT", 0},
    {"IP_PMTUDISC_WANT", 1},
    {"IP_PMTUDISC_DO", 2},
    {"IP_PMTUDISC_PROBE", 3},
    ROW(IP_RECVERR),
    {"IP_FREEBIND", 15},
    {"IPV6_RECVERR", 25},
    {"IPV6_UNICAST_HOPS", 16},
    ROW(IPV6_TCLASS),
    {"IPTOS_DSCP_CS1", 1 << 5},
    {"IPTOS_DSCP_CS2", 2 << 5},
    {"IPTOS_DSCP_CS3", 3 << 5},
    {"IPTOS_DSCP_CS4", 4 << 5},
    {"IPTOS_DSCP_CS5", 5 << 5},
    {"IPTOS_DSCP_CS6", 6 << 5},
    {"IPTOS_DSCP_CS7", 7 << 5},
    ROW(SO_EE_ORIGIN_ZEROCOPY),
    ROW(SO_EE_CODE_ZEROCOPY_COPIED),
    ROW(F_GETFL),
    ROW(F_SETFL),
    {"O_RDONLY", 0},
    {"O_WRONLY", 1},
    ROW(O_RDWR),
    ROW(O_NONBLOCK),
    ROW(SHUT_RD),
    ROW(SHUT_WR),
    ROW(SHUT_RDWR),
    {"MSG_OOB", 1},
    ROW(MSG_PEEK),
    ROW(MSG_TRUNC),
    ROW(MSG_DONTWAIT),
    {"MSG_EOR", 0x80},
    {"MSG_WAITALL", 0x100},
    ROW(MSG_ERRQUEUE),
    ROW(MSG_NOSIGNAL),
    {"MSG_MORE", 0x8000},
    ROW(MSG_ZEROCOPY),
    ROW(MSG_FASTOPEN),
    ROW(POLLIN),
    {"POLLPRI", 2},
    ROW(POLLOUT),
    ROW(POLLERR),
    ROW(POLLHUP),
    ROW(POLLRDHUP),
    ROW(EPOLL_CTL_ADD),
    ROW(EPOLL_CTL_DEL),
    ROW(EPOLL_CTL_MOD),
    {"EPOLLIN", LINUX_POLLIN},
    {"EPOLLOUT", LINUX_POLLOUT},
    {"EPOLLERR", LINUX_POLLERR},
    {"EPOLLHUP", LINUX_POLLHUP},
    {"EPOLLRDHUP", LINUX_POLLRDHUP},
    {"EPOLLEXCLUSIVE", 0x10000000},
    ROW(EPOLLET),
    ROW(EPOLLONESHOT),
    ROW(FIONREAD),
    {"SIOCINQ", LINUX_FIONREAD},
    ROW(FIONBIO),
    ROW(SIOCOUTQ),
    ROW(SIOCOUTQNSD),
    {"INADDR_ANY", 0},
};

static const struct name errors[] = {
    ROW(ENOENT),
    ROW(EINTR),
    ROW(EBADF),
    ROW(EAGAIN),
    {"EWOULDBLOCK", LINUX_EAGAIN},
    ROW(ENOMEM),
    ROW(EEXIST),
    ROW(EINVAL),
    ROW(EPIPE),
    ROW(EMSGSIZE),
    ROW(EDESTADDRREQ),
    ROW(ENOPROTOOPT),
    ROW(EOPNOTSUPP),
    ROW(EADDRINUSE),
    ROW(EADDRNOTAVAIL),
    ROW(ENETUNREACH),
    ROW(ECONNABORTED),
    ROW(ECONNRESET),
    ROW(ENOBUFS),
    ROW(EISCONN),
    ROW(ENOTCONN),
    ROW(ETIMEDOUT),
    ROW(ECONNREFUSED),
    ROW(EHOSTUNREACH),
    ROW(EALREADY),
    ROW(EINPROGRESS),
};

static const struct name *find(const struct name *rows, size_t count, const char *name, size_t len)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(rows[i].name) == len && memcmp(rows[i].name, name, len) == 0)
            return &rows[i];
    }
    return 0;
}

bool name_constant(const char *name, size_t len, int64_t *value)
{
    const struct name *row = find(constants, sizeof constants / sizeof *constants, name, len);

    if (row)
        *value = row->value;
    return row != 0;
}

const char *name_of_option(const char *prefix, int64_t value)
{
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++) {
        if (constants[i].value == value && strncmp(constants[i].name, prefix, strlen(prefix)) == 0)
            return constants[i].name;
    }
    return "an option";
}

int name_errno(const char *name, size_t len)
{
    const struct name *row = find(errors, sizeof errors / sizeof *errors, name, len);

    return row ? (int)row->value : 0;
}

const char *name_of_errno(int error)
{
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        if (errors[i].value == error)
            return errors[i].name;
    }
    return "E?";
}
