/*
 * sockets.h -- BSD sockets over tasks: the calls of POSIX.1-2017, for programs in a straight line.
 *
 * A call that waits parks its task (task.h), and all others go on.  Outside of a task no call can
 * wait, so each then acts as if its socket had O_NONBLOCK.  Where POSIX leaves something open, the
 * calls do what Linux does; docs/sockets.md lists what differs.
 *
 * Each call has the arguments of the POSIX function of the same name, behind the sockets that it
 * uses.  It returns what that function returns, or the negative of an error number
 * (sockets_numbers.h) instead of -1 and errno.  Addresses, messages and numbers have the layout and
 * the values that they have on Linux, so a hosted program may pass the structs of its C library.
 */
#ifndef LEAT_SOCKETS_H
#define LEAT_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/abi.h>
#include <leat/resolver.h>
#include <leat/sockets_numbers.h>
#include <leat/task.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat_sockets;

/** Options and limits of the sockets of a program.  Every 0 means the default named beside it. */
struct leat_sockets_config {
    uint32_t descriptors; /**< open descriptors at a time: 64; at most 65,536.  As many sockets may
                               be open without one, while calls still use them */
    uint32_t first; /**< number of the first descriptor: 3, as 0 to 2 are the standard streams */
    uint32_t datagrams; /**< received datagrams that wait, of all sockets at a time: 256.  One
                             socket may hold half of the places that are free */
    uint32_t addresses; /**< results of leat_bsd_getaddrinfo() at a time: 32 */
    uint32_t watches;   /**< descriptors that epolls watch at a time, counted once for each: as
                             many as descriptors */
    struct leat_resolver *resolver; /**< for names; NULL: only numbers and "localhost" are known */
    uint64_t resolve_ns;            /**< longest time for one name: 30 s */
    uint64_t reserved[LEAT_RESERVED]; /**< for members of later versions; all 0 */
};

/** Counters of sockets. */
struct leat_sockets_counts {
    uint64_t opened;   /**< sockets; accepted ones, eventfds and epolls included */
    uint64_t closed;   /**< those that are gone */
    uint64_t refused;  /**< calls refused because all descriptors or sockets were taken */
    uint64_t dropped;  /**< datagrams dropped because no place was free */
    uint64_t accepted; /**< connections that a program has accepted */
};

/** Bytes that leat_sockets_open() needs. */
size_t leat_sockets_memory_bytes(const struct leat_sockets_config *config);

/**
 * Prepares sockets for the programs that run in @p tasks.  The TCP/IP stack has UDP and TCP
 * registered.  @p memory (any alignment) of @p bytes belongs to the sockets until
 * leat_sockets_close().  Errors: LEAT_ERR_MEMORY, LEAT_ERR_ARGUMENT (a limit is too large).
 */
enum leat_err leat_sockets_open(struct leat_sockets **sockets, struct leat_tasks *tasks,
                                void *memory, size_t bytes,
                                const struct leat_sockets_config *config);

/** Aborts all connections and closes all sockets.  No task may be in a call.  The memory is the
 * program's again.  Call it before leat_close(). */
void leat_sockets_close(struct leat_sockets *sockets);

/** The counters; live, valid until leat_sockets_close(). */
const struct leat_sockets_counts *leat_sockets_counts(const struct leat_sockets *sockets);

/* ---- open, name, close -------------------------------------------------------------------- */

/** socket(): @p type may have LEAT_SOCK_NONBLOCK and LEAT_SOCK_CLOEXEC.  Returns a descriptor. */
int leat_bsd_socket(struct leat_sockets *sockets, int family, int type, int protocol);

/** bind(): @p address is a struct leat_sockaddr_in or leat_sockaddr_in6, in @p len bytes. */
int leat_bsd_bind(struct leat_sockets *sockets, int fd, const void *address, uint32_t len);

/** listen() */
int leat_bsd_listen(struct leat_sockets *sockets, int fd, int backlog);

/** accept4(): writes the peer's address to @p address, at most *@p len bytes, and sets *@p len to
 * its full length; both may be NULL.  Returns a descriptor. */
int leat_bsd_accept4(struct leat_sockets *sockets, int fd, void *address, uint32_t *len, int flags);

/** connect(): a family of LEAT_AF_UNSPEC disconnects. */
int leat_bsd_connect(struct leat_sockets *sockets, int fd, const void *address, uint32_t len);

/** getsockname() */
int leat_bsd_getsockname(struct leat_sockets *sockets, int fd, void *address, uint32_t *len);

/** getpeername() */
int leat_bsd_getpeername(struct leat_sockets *sockets, int fd, void *address, uint32_t *len);

/** shutdown() */
int leat_bsd_shutdown(struct leat_sockets *sockets, int fd, int how);

/** close(): a socket ends with its last descriptor, and not before calls that still use it. */
int leat_bsd_close(struct leat_sockets *sockets, int fd);

/** dup() */
int leat_bsd_dup(struct leat_sockets *sockets, int fd);

/** dup2() */
int leat_bsd_dup2(struct leat_sockets *sockets, int fd, int to);

/** eventfd(): a counter that leat_bsd_write() adds 8 bytes to and leat_bsd_read() takes. */
int leat_bsd_eventfd(struct leat_sockets *sockets, unsigned count, int flags);

/** fcntl(): LEAT_F_DUPFD, LEAT_F_GETFD, LEAT_F_SETFD, LEAT_F_GETFL, LEAT_F_SETFL. */
int leat_bsd_fcntl(struct leat_sockets *sockets, int fd, int command, long arg);

/** ioctl(): LEAT_FIONREAD, LEAT_FIONBIO, both with an int at @p arg. */
int leat_bsd_ioctl(struct leat_sockets *sockets, int fd, unsigned long request, void *arg);

/** True if @p fd is the number of one of these descriptors, open or not. */
bool leat_sockets_has(const struct leat_sockets *sockets, int fd);

/* ---- send and receive --------------------------------------------------------------------- */

/** A part of a message; the layout of struct iovec. */
struct leat_iovec {
    void *iov_base; /**< its bytes */
    size_t iov_len; /**< their number */
} __attribute__((may_alias));

/** A message; the layout of struct msghdr. */
struct leat_msghdr {
    void *msg_name;             /**< the peer's address; may be NULL */
    uint32_t msg_namelen;       /**< its bytes */
    struct leat_iovec *msg_iov; /**< the parts */
    size_t msg_iovlen;          /**< their number, at most LEAT_IOV_MAX */
    void *msg_control;          /**< control data: none is sent or received */
    size_t msg_controllen;      /**< its bytes; 0 after leat_bsd_recvmsg() */
    int msg_flags;              /**< of a received message: LEAT_MSG_TRUNC */
} __attribute__((may_alias));

/** send() */
intptr_t leat_bsd_send(struct leat_sockets *sockets, int fd, const void *bytes, size_t len,
                       int flags);

/** sendto() */
intptr_t leat_bsd_sendto(struct leat_sockets *sockets, int fd, const void *bytes, size_t len,
                         int flags, const void *address, uint32_t address_len);

/** sendmsg() */
intptr_t leat_bsd_sendmsg(struct leat_sockets *sockets, int fd, const struct leat_msghdr *message,
                          int flags);

/** recv() */
intptr_t leat_bsd_recv(struct leat_sockets *sockets, int fd, void *bytes, size_t len, int flags);

/** recvfrom() */
intptr_t leat_bsd_recvfrom(struct leat_sockets *sockets, int fd, void *bytes, size_t len, int flags,
                           void *address, uint32_t *address_len);

/** recvmsg() */
intptr_t leat_bsd_recvmsg(struct leat_sockets *sockets, int fd, struct leat_msghdr *message,
                          int flags);

/** read(), of a socket or an eventfd. */
intptr_t leat_bsd_read(struct leat_sockets *sockets, int fd, void *bytes, size_t len);

/** write(), the same. */
intptr_t leat_bsd_write(struct leat_sockets *sockets, int fd, const void *bytes, size_t len);

/* ---- options ------------------------------------------------------------------------------ */

/** getsockopt() */
int leat_bsd_getsockopt(struct leat_sockets *sockets, int fd, int level, int name, void *value,
                        uint32_t *len);

/** setsockopt() */
int leat_bsd_setsockopt(struct leat_sockets *sockets, int fd, int level, int name,
                        const void *value, uint32_t len);

/* ---- wait for several --------------------------------------------------------------------- */

/** One of the descriptors of leat_bsd_poll(); the layout of struct pollfd. */
struct leat_pollfd {
    int fd;        /**< the descriptor; negative: ignored */
    short events;  /**< LEAT_POLLIN and so on: asked for */
    short revents; /**< the answer */
} __attribute__((may_alias));

/** A time; the layout of struct timeval. */
struct leat_timeval {
    int64_t tv_sec;  /**< seconds */
    int64_t tv_usec; /**< microseconds, below a million */
} __attribute__((may_alias));

/** A set of descriptors, of any below LEAT_FD_SETSIZE; the layout of fd_set. */
struct leat_fd_set {
    unsigned long fds_bits[LEAT_FD_SETSIZE / (8 * sizeof(unsigned long))]; /**< a bit for each */
} __attribute__((may_alias));

/** poll(): @p timeout_ms below 0: no limit. */
int leat_bsd_poll(struct leat_sockets *sockets, struct leat_pollfd *fds, size_t count,
                  int timeout_ms);

/** select(): each set, and @p timeout, may be NULL.  Writes the time that is left to @p timeout. */
int leat_bsd_select(struct leat_sockets *sockets, int count, struct leat_fd_set *readable,
                    struct leat_fd_set *writable, struct leat_fd_set *exceptional,
                    struct leat_timeval *timeout);

/** An event of leat_bsd_epoll_wait(): struct epoll_event, packed everywhere as Linux packs it on
 * x86-64. */
struct leat_epoll_event {
    uint32_t events; /**< LEAT_EPOLLIN and so on */
    uint64_t data;   /**< the program's */
} __attribute__((packed, may_alias));

/** epoll_create1(): @p flags may be LEAT_SOCK_CLOEXEC.  Returns a descriptor. */
int leat_bsd_epoll_create1(struct leat_sockets *sockets, int flags);

/** epoll_ctl(): @p op is LEAT_EPOLL_CTL_ADD, LEAT_EPOLL_CTL_DEL or LEAT_EPOLL_CTL_MOD. */
int leat_bsd_epoll_ctl(struct leat_sockets *sockets, int epoll, int op, int fd,
                       const struct leat_epoll_event *event);

/** epoll_wait(): @p timeout_ms below 0: no limit.  Its cost is in proportion to the descriptors
 * that have changed, not to those that are watched. */
int leat_bsd_epoll_wait(struct leat_sockets *sockets, int epoll, struct leat_epoll_event *events,
                        int count, int timeout_ms);

/* ---- names -------------------------------------------------------------------------------- */

/** A result of leat_bsd_getaddrinfo(); the layout of struct addrinfo. */
struct leat_addrinfo {
    int ai_flags;                  /**< LEAT_AI_PASSIVE and so on */
    int ai_family;                 /**< LEAT_AF_INET or LEAT_AF_INET6 */
    int ai_socktype;               /**< LEAT_SOCK_STREAM or LEAT_SOCK_DGRAM */
    int ai_protocol;               /**< LEAT_IPPROTO_TCP or LEAT_IPPROTO_UDP */
    uint32_t ai_addrlen;           /**< bytes of ai_addr */
    void *ai_addr;                 /**< a struct leat_sockaddr_in or leat_sockaddr_in6 */
    char *ai_canonname;            /**< with LEAT_AI_CANONNAME, in the first result; else NULL */
    struct leat_addrinfo *ai_next; /**< the next result, or NULL */
} __attribute__((may_alias));

/**
 * getaddrinfo(): waits for both families at the same time, up to leat_sockets_config.resolve_ns.
 * The results, best first (RFC 6724), are freed by leat_bsd_freeaddrinfo().  Returns 0 or an error
 * LEAT_EAI_...; with LEAT_EAI_SYSTEM, *@p why (may be NULL) is an error number.
 */
int leat_bsd_getaddrinfo(struct leat_sockets *sockets, const char *node, const char *service,
                         const struct leat_addrinfo *hints, struct leat_addrinfo **results,
                         int *why);

/** freeaddrinfo() */
void leat_bsd_freeaddrinfo(struct leat_sockets *sockets, struct leat_addrinfo *results);

/** getnameinfo(): asks for the name of an address (PTR) unless there is LEAT_NI_NUMERICHOST.  Each
 * text may be NULL. */
int leat_bsd_getnameinfo(struct leat_sockets *sockets, const void *address, uint32_t len,
                         char *node, uint32_t node_bytes, char *service, uint32_t service_bytes,
                         int flags);

/** gai_strerror(): never NULL; static memory. */
const char *leat_bsd_gai_text(int error);

#ifdef __cplusplus
}
#endif
#endif
