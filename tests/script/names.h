/* names.h -- constants of Linux's headers, as numbers: a script means the same on every system. */
#ifndef SCRIPT_NAMES_H
#define SCRIPT_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LINUX_AF_INET = 2,
    LINUX_SOCK_STREAM = 1,
    LINUX_SOCK_DGRAM = 2,
    LINUX_SOCK_NONBLOCK = 0x800,
    LINUX_SOL_SOCKET = 1,
    LINUX_SOL_IP = 0,
    LINUX_SOL_TCP = 6,
    LINUX_SOL_UDP = 17,
    LINUX_SOL_IPV6 = 41,
    LINUX_SO_REUSEADDR = 2,
    LINUX_SO_ERROR = 4,
    LINUX_SO_BROADCAST = 6,
    LINUX_SO_SNDBUF = 7,
    LINUX_SO_RCVBUF = 8,
    LINUX_SO_KEEPALIVE = 9,
    LINUX_SO_LINGER = 13,
    LINUX_SO_REUSEPORT = 15,
    LINUX_SO_ZEROCOPY = 60,
    LINUX_TCP_NODELAY = 1,
    LINUX_TCP_MAXSEG = 2,
    LINUX_TCP_KEEPIDLE = 4,
    LINUX_TCP_KEEPINTVL = 5,
    LINUX_TCP_KEEPCNT = 6,
    LINUX_TCP_INFO = 11,
    LINUX_TCP_CONGESTION = 13,
    LINUX_TCP_USER_TIMEOUT = 18,
    LINUX_TCP_FASTOPEN = 23,
    LINUX_TCP_FASTOPEN_CONNECT = 30,
    LINUX_FREEBSD = 0x10000, /* constants of FreeBSD that Linux lacks: their number plus this */
    LINUX_TCP_KEEPINIT = LINUX_FREEBSD + 128,
    LINUX_IPV6_TCLASS = 67,
    LINUX_IP_TOS = 1,
    LINUX_IP_TTL = 2,
    LINUX_IP_RECVERR = 11,
    LINUX_SO_EE_ORIGIN_ZEROCOPY = 5,
    LINUX_SO_EE_CODE_ZEROCOPY_COPIED = 1,
    LINUX_F_GETFL = 3,
    LINUX_F_SETFL = 4,
    LINUX_O_RDWR = 2,
    LINUX_O_NONBLOCK = 0x800,
    LINUX_SHUT_RD = 0,
    LINUX_SHUT_WR = 1,
    LINUX_SHUT_RDWR = 2,
    LINUX_MSG_PEEK = 2,
    LINUX_MSG_TRUNC = 0x20,
    LINUX_MSG_DONTWAIT = 0x40,
    LINUX_MSG_ERRQUEUE = 0x2000,
    LINUX_MSG_NOSIGNAL = 0x4000,
    LINUX_MSG_ZEROCOPY = 0x4000000,
    LINUX_MSG_FASTOPEN = 0x20000000,
    LINUX_POLLIN = 1,
    LINUX_POLLOUT = 4,
    LINUX_POLLERR = 8,
    LINUX_POLLHUP = 0x10,
    LINUX_POLLRDHUP = 0x2000,
    LINUX_EPOLL_CTL_ADD = 1,
    LINUX_EPOLL_CTL_DEL = 2,
    LINUX_EPOLL_CTL_MOD = 3,
    LINUX_EPOLLONESHOT = 1 << 30,
    LINUX_FIONREAD = 0x541b,
    LINUX_FIONBIO = 0x5421,
    LINUX_SIOCOUTQ = 0x5411,
    LINUX_SIOCOUTQNSD = 0x894b
};

#define LINUX_EPOLLET 0x80000000ll

enum linux_errno {
    LINUX_EINTR = 4,
    LINUX_ENOENT = 2,
    LINUX_EBADF = 9,
    LINUX_EAGAIN = 11,
    LINUX_ENOMEM = 12,
    LINUX_EEXIST = 17,
    LINUX_EINVAL = 22,
    LINUX_EPIPE = 32,
    LINUX_EMSGSIZE = 90,
    LINUX_EDESTADDRREQ = 89,
    LINUX_ENOPROTOOPT = 92,
    LINUX_EOPNOTSUPP = 95,
    LINUX_EADDRINUSE = 98,
    LINUX_EADDRNOTAVAIL = 99,
    LINUX_ENETUNREACH = 101,
    LINUX_ECONNABORTED = 103,
    LINUX_ECONNRESET = 104,
    LINUX_ENOBUFS = 105,
    LINUX_EISCONN = 106,
    LINUX_ENOTCONN = 107,
    LINUX_ETIMEDOUT = 110,
    LINUX_ECONNREFUSED = 111,
    LINUX_EHOSTUNREACH = 113,
    LINUX_EALREADY = 114,
    LINUX_EINPROGRESS = 115
};

/* False: no constant of a system call has this name. */
bool name_constant(const char *name, size_t len, int64_t *value);

/* The constant that begins with @prefix and has this value, or "an option". */
const char *name_of_option(const char *prefix, int64_t value);

/* 0: unknown error name. */
int name_errno(const char *name, size_t len);

/* Never NULL. */
const char *name_of_errno(int error);

#endif
