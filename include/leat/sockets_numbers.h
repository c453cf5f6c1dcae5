/*
 * sockets_numbers.h -- the numbers and address structs of BSD sockets (sockets.h).
 *
 * Names are those of POSIX and Linux behind LEAT_; values and layouts are those of Linux on the
 * architectures that leat's images run on.
 */
#ifndef LEAT_SOCKETS_NUMBERS_H
#define LEAT_SOCKETS_NUMBERS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- addresses ---------------------------------------------------------------------------- */

/** Families. */
enum {
    LEAT_AF_UNSPEC = 0,
    LEAT_AF_INET = 2,
    LEAT_AF_INET6 = 10
};

/** An IPv4 address and a port; the layout of struct sockaddr_in. */
struct leat_sockaddr_in {
    uint16_t sin_family; /**< LEAT_AF_INET */
    uint16_t sin_port;   /**< network byte order */
    uint8_t sin_addr[4]; /**< network byte order */
    uint8_t sin_zero[8]; /**< not looked at */
};

/** An IPv6 address and a port; the layout of struct sockaddr_in6. */
struct leat_sockaddr_in6 {
    uint16_t sin6_family;   /**< LEAT_AF_INET6 */
    uint16_t sin6_port;     /**< network byte order */
    uint32_t sin6_flowinfo; /**< not looked at */
    uint8_t sin6_addr[16];  /**< network byte order */
    uint32_t sin6_scope_id; /**< of a link-local address: the netif, counted from 1; 0: the first */
};

enum {
    LEAT_SOCKADDR_BYTES = 28,     /**< of the largest address */
    LEAT_SOCKADDR_IN6_BYTES = 24, /**< of the least struct leat_sockaddr_in6 taken (RFC 2133) */
    LEAT_FD_SETSIZE = 1024,
    LEAT_IOV_MAX = 1024,
    LEAT_SOMAXCONN = 4096
};

/* ---- sockets ------------------------------------------------------------------------------ */

/** Types of leat_bsd_socket(), and flags beside them. */
enum {
    LEAT_SOCK_STREAM = 1,
    LEAT_SOCK_DGRAM = 2,
    LEAT_SOCK_RAW = 3,
    LEAT_SOCK_TYPES = 15, /**< mask of the types */
    LEAT_SOCK_NONBLOCK = 04000,
    LEAT_SOCK_CLOEXEC = 02000000
};

/** Protocols, which are also levels of options. */
enum {
    LEAT_IPPROTO_IP = 0,
    LEAT_IPPROTO_TCP = 6,
    LEAT_IPPROTO_UDP = 17,
    LEAT_IPPROTO_IPV6 = 41,
    LEAT_SOL_SOCKET = 1
};

/** Options of LEAT_SOL_SOCKET. */
enum {
    LEAT_SO_REUSEADDR = 2,
    LEAT_SO_TYPE = 3,
    LEAT_SO_ERROR = 4,
    LEAT_SO_DONTROUTE = 5,
    LEAT_SO_BROADCAST = 6,
    LEAT_SO_SNDBUF = 7,
    LEAT_SO_RCVBUF = 8,
    LEAT_SO_KEEPALIVE = 9,
    LEAT_SO_OOBINLINE = 10,
    LEAT_SO_LINGER = 13,
    LEAT_SO_REUSEPORT = 15,
    LEAT_SO_RCVLOWAT = 18,
    LEAT_SO_SNDLOWAT = 19,
    LEAT_SO_RCVTIMEO = 20,
    LEAT_SO_SNDTIMEO = 21,
    LEAT_SO_ACCEPTCONN = 30,
    LEAT_SO_PROTOCOL = 38,
    LEAT_SO_DOMAIN = 39
};

/** The value of LEAT_SO_LINGER; the layout of struct linger. */
struct leat_linger {
    int l_onoff;  /**< 0: close returns at once, and leat delivers the rest */
    int l_linger; /**< seconds; 0: close resets the connection */
};

/** Options of LEAT_IPPROTO_TCP. */
enum {
    LEAT_TCP_NODELAY = 1,
    LEAT_TCP_MAXSEG = 2,
    LEAT_TCP_CORK = 3,
    LEAT_TCP_KEEPIDLE = 4,
    LEAT_TCP_KEEPINTVL = 5,
    LEAT_TCP_KEEPCNT = 6,
    LEAT_TCP_DEFER_ACCEPT = 9,
    LEAT_TCP_INFO = 11,
    LEAT_TCP_QUICKACK = 12,
    LEAT_TCP_CONGESTION = 13,
    LEAT_TCP_USER_TIMEOUT = 18,
    LEAT_TCP_FASTOPEN = 23
};

/** The value of LEAT_TCP_INFO: the first 104 bytes of Linux's struct tcp_info.  Members that leat
 * does not know are 0. */
struct leat_bsd_tcp_info {
    uint8_t tcpi_state;          /**< 1: ESTABLISHED ... 11: CLOSING */
    uint8_t tcpi_ca_state;       /**< 0: open, 2: window reduced, 3: recovery, 4: loss */
    uint8_t tcpi_retransmits;    /**< 0 */
    uint8_t tcpi_probes;         /**< 0 */
    uint8_t tcpi_backoff;        /**< 0 */
    uint8_t tcpi_options;        /**< 1: timestamps, 2: SACK, 4: window scale, 8: ECN */
    uint8_t tcpi_wscales;        /**< of the peer in the low four bits, ours in the high ones */
    uint8_t tcpi_rate_limited;   /**< 0 */
    uint32_t tcpi_rto;           /**< us */
    uint32_t tcpi_ato;           /**< 0 */
    uint32_t tcpi_snd_mss;       /**< bytes */
    uint32_t tcpi_rcv_mss;       /**< 0 */
    uint32_t tcpi_unacked;       /**< segments, by tcpi_snd_mss */
    uint32_t tcpi_sacked;        /**< the same */
    uint32_t tcpi_lost;          /**< the same */
    uint32_t tcpi_retrans;       /**< 0 */
    uint32_t tcpi_fackets;       /**< 0 */
    uint32_t tcpi_last_times[4]; /**< 0 */
    uint32_t tcpi_pmtu;          /**< bytes */
    uint32_t tcpi_rcv_ssthresh;  /**< our window, bytes */
    uint32_t tcpi_rtt;           /**< us */
    uint32_t tcpi_rttvar;        /**< us */
    uint32_t tcpi_snd_ssthresh;  /**< segments */
    uint32_t tcpi_snd_cwnd;      /**< segments */
    uint32_t tcpi_advmss;        /**< bytes */
    uint32_t tcpi_reordering;    /**< 0 */
    uint32_t tcpi_rcv_rtt;       /**< 0 */
    uint32_t tcpi_rcv_space;     /**< our window, bytes */
    uint32_t tcpi_total_retrans; /**< segments sent again, modulo 1,024 */
};

/** Options of LEAT_IPPROTO_IP and LEAT_IPPROTO_IPV6. */
enum {
    LEAT_IP_TOS = 1,
    LEAT_IP_TTL = 2,
    LEAT_IP_MULTICAST_TTL = 33,
    LEAT_IP_MULTICAST_LOOP = 34,
    LEAT_IP_ADD_MEMBERSHIP = 35,
    LEAT_IP_DROP_MEMBERSHIP = 36,
    LEAT_IPV6_UNICAST_HOPS = 16,
    LEAT_IPV6_MULTICAST_HOPS = 18,
    LEAT_IPV6_MULTICAST_LOOP = 19,
    LEAT_IPV6_ADD_MEMBERSHIP = 20,
    LEAT_IPV6_DROP_MEMBERSHIP = 21,
    LEAT_IPV6_V6ONLY = 26,
    LEAT_IPV6_TCLASS = 67
};

/** The value of LEAT_IP_ADD_MEMBERSHIP; the layout of struct ip_mreq. */
struct leat_ip_mreq {
    uint8_t imr_multiaddr[4]; /**< the group */
    uint8_t imr_interface[4]; /**< our address on the netif; 0.0.0.0: the first one */
};

/** The value of LEAT_IPV6_ADD_MEMBERSHIP; the layout of struct ipv6_mreq. */
struct leat_ipv6_mreq {
    uint8_t ipv6mr_multiaddr[16]; /**< the group */
    uint32_t ipv6mr_interface;    /**< the netif, counted from 1; 0: the first one */
};

/** Flags of messages. */
enum {
    LEAT_MSG_OOB = 1,
    LEAT_MSG_PEEK = 2,
    LEAT_MSG_DONTROUTE = 4,
    LEAT_MSG_CTRUNC = 8,
    LEAT_MSG_TRUNC = 0x20,
    LEAT_MSG_DONTWAIT = 0x40,
    LEAT_MSG_EOR = 0x80,
    LEAT_MSG_WAITALL = 0x100,
    LEAT_MSG_ERRQUEUE = 0x2000,
    LEAT_MSG_NOSIGNAL = 0x4000,
    LEAT_MSG_MORE = 0x8000
};

/** The directions of leat_bsd_shutdown(). */
enum {
    LEAT_SHUT_RD,
    LEAT_SHUT_WR,
    LEAT_SHUT_RDWR
};

/** Events of leat_bsd_poll(). */
enum {
    LEAT_POLLIN = 1,
    LEAT_POLLPRI = 2,
    LEAT_POLLOUT = 4,
    LEAT_POLLERR = 8,
    LEAT_POLLHUP = 0x10,
    LEAT_POLLNVAL = 0x20,
    LEAT_POLLRDNORM = 0x40,
    LEAT_POLLRDBAND = 0x80,
    LEAT_POLLWRNORM = 0x100,
    LEAT_POLLWRBAND = 0x200,
    LEAT_POLLRDHUP = 0x2000
};

/** Operations and events of leat_bsd_epoll_ctl(). */
enum {
    LEAT_EPOLL_CTL_ADD = 1,
    LEAT_EPOLL_CTL_DEL = 2,
    LEAT_EPOLL_CTL_MOD = 3,
    LEAT_EPOLLIN = 1,
    LEAT_EPOLLPRI = 2,
    LEAT_EPOLLOUT = 4,
    LEAT_EPOLLERR = 8,
    LEAT_EPOLLHUP = 0x10,
    LEAT_EPOLLRDNORM = 0x40,
    LEAT_EPOLLRDBAND = 0x80,
    LEAT_EPOLLWRNORM = 0x100,
    LEAT_EPOLLWRBAND = 0x200,
    LEAT_EPOLLRDHUP = 0x2000
};

/** Further events of leat_bsd_epoll_ctl(), which don't fit into an enumerator. */
#define LEAT_EPOLLEXCLUSIVE (UINT32_C(1) << 28) /**< no effect: one task is as good as another */
#define LEAT_EPOLLWAKEUP    (UINT32_C(1) << 29) /**< no effect */
#define LEAT_EPOLLONESHOT   (UINT32_C(1) << 30) /**< told once, until LEAT_EPOLL_CTL_MOD */
#define LEAT_EPOLLET        (UINT32_C(1) << 31) /**< told once for each change */

/** Commands of leat_bsd_fcntl(), its flags, and requests of leat_bsd_ioctl(). */
enum {
    LEAT_F_DUPFD = 0,
    LEAT_F_GETFD = 1,
    LEAT_F_SETFD = 2,
    LEAT_F_GETFL = 3,
    LEAT_F_SETFL = 4,
    LEAT_F_DUPFD_CLOEXEC = 1030,
    LEAT_FD_CLOEXEC = 1,
    LEAT_O_RDWR = 2,
    LEAT_O_NONBLOCK = 04000,
    LEAT_EFD_SEMAPHORE = 1,
    LEAT_FIONREAD = 0x541b,
    LEAT_FIONBIO = 0x5421
};

/* ---- names -------------------------------------------------------------------------------- */

/** Flags of leat_bsd_getaddrinfo() and leat_bsd_getnameinfo(), and their errors. */
enum {
    LEAT_AI_PASSIVE = 1,
    LEAT_AI_CANONNAME = 2,
    LEAT_AI_NUMERICHOST = 4,
    LEAT_AI_V4MAPPED = 8,
    LEAT_AI_ALL = 0x10,
    LEAT_AI_ADDRCONFIG = 0x20,
    LEAT_AI_NUMERICSERV = 0x400,
    LEAT_NI_NUMERICHOST = 1,
    LEAT_NI_NUMERICSERV = 2,
    LEAT_NI_NOFQDN = 4,
    LEAT_NI_NAMEREQD = 8,
    LEAT_NI_DGRAM = 16,
    LEAT_EAI_BADFLAGS = -1,
    LEAT_EAI_NONAME = -2,
    LEAT_EAI_AGAIN = -3,
    LEAT_EAI_FAIL = -4,
    LEAT_EAI_NODATA = -5,
    LEAT_EAI_FAMILY = -6,
    LEAT_EAI_SOCKTYPE = -7,
    LEAT_EAI_SERVICE = -8,
    LEAT_EAI_ADDRFAMILY = -9,
    LEAT_EAI_MEMORY = -10,
    LEAT_EAI_SYSTEM = -11,
    LEAT_EAI_OVERFLOW = -12
};

/* ---- errors ------------------------------------------------------------------------------- */

/** Numbers of errors. */
enum leat_errno {
    LEAT_ENOENT = 2,
    LEAT_EBADF = 9,
    LEAT_EAGAIN = 11,
    LEAT_ENOMEM = 12,
    LEAT_EACCES = 13,
    LEAT_EFAULT = 14,
    LEAT_EEXIST = 17,
    LEAT_ENODEV = 19,
    LEAT_EINVAL = 22,
    LEAT_ENFILE = 23,
    LEAT_EMFILE = 24,
    LEAT_ENOTTY = 25,
    LEAT_ENOSPC = 28,
    LEAT_EPIPE = 32,
    LEAT_EDOM = 33,
    LEAT_EPROTO = 71,
    LEAT_ENOTSOCK = 88,
    LEAT_EDESTADDRREQ = 89,
    LEAT_EMSGSIZE = 90,
    LEAT_EPROTOTYPE = 91,
    LEAT_ENOPROTOOPT = 92,
    LEAT_EPROTONOSUPPORT = 93,
    LEAT_ESOCKTNOSUPPORT = 94,
    LEAT_EOPNOTSUPP = 95,
    LEAT_EAFNOSUPPORT = 97,
    LEAT_EADDRINUSE = 98,
    LEAT_EADDRNOTAVAIL = 99,
    LEAT_ENETUNREACH = 101,
    LEAT_ECONNABORTED = 103,
    LEAT_ECONNRESET = 104,
    LEAT_ENOBUFS = 105,
    LEAT_EISCONN = 106,
    LEAT_ENOTCONN = 107,
    LEAT_ETIMEDOUT = 110,
    LEAT_ECONNREFUSED = 111,
    LEAT_EHOSTUNREACH = 113,
    LEAT_EALREADY = 114,
    LEAT_EINPROGRESS = 115,
    LEAT_ECANCELED = 125
};

#ifdef __cplusplus
}
#endif
#endif
