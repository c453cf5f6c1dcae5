/*
 * plain.h -- the calls of sockets with the signatures of POSIX: -1 and errno, and no argument for
 * the sockets that they use.
 *
 * A program that calls socket(), bind() and so on is compiled unchanged. Then its object's symbols
 * get new names by `objcopy --redefine-syms=names.txt`, so that each call comes here; those of
 * leat's own backends still go to the C library. A number that is none of leat's descriptors is
 * handed on to the C library.
 *
 * In images there is no other C library with sockets: the headers in include/ declare socket() and
 * the others with the names of these functions.
 */
#ifndef SOCKETS_PLAIN_H
#define SOCKETS_PLAIN_H

#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>
#include <stdarg.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <leat/sockets.h>

/* The sockets of all following calls; NULL: none any more. */
void leat_plain_use(struct leat_sockets *sockets);

int leat_plain_socket(int family, int type, int protocol);
int leat_plain_bind(int fd, const struct sockaddr *address, socklen_t len);
int leat_plain_listen(int fd, int backlog);
int leat_plain_accept(int fd, struct sockaddr *address, socklen_t *len);
int leat_plain_accept4(int fd, struct sockaddr *address, socklen_t *len, int flags);
int leat_plain_connect(int fd, const struct sockaddr *address, socklen_t len);
int leat_plain_getsockname(int fd, struct sockaddr *address, socklen_t *len);
int leat_plain_getpeername(int fd, struct sockaddr *address, socklen_t *len);
int leat_plain_shutdown(int fd, int how);
int leat_plain_getsockopt(int fd, int level, int name, void *value, socklen_t *len);
int leat_plain_setsockopt(int fd, int level, int name, const void *value, socklen_t len);
int leat_plain_eventfd(unsigned count, int flags);
ssize_t leat_plain_send(int fd, const void *bytes, size_t len, int flags);
ssize_t leat_plain_sendto(int fd, const void *bytes, size_t len, int flags,
                          const struct sockaddr *address, socklen_t address_len);
ssize_t leat_plain_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t leat_plain_recv(int fd, void *bytes, size_t len, int flags);
ssize_t leat_plain_recvfrom(int fd, void *bytes, size_t len, int flags, struct sockaddr *address,
                            socklen_t *address_len);
ssize_t leat_plain_recvmsg(int fd, struct msghdr *message, int flags);

/* These also get descriptors of the C library. */
int leat_plain_close(int fd);
int leat_plain_dup(int fd);
int leat_plain_dup2(int fd, int to);
int leat_plain_fcntl(int fd, int command, ...);
int leat_plain_fcntl64(int fd, int command, ...);
int leat_plain_ioctl(int fd, unsigned long request, ...);
ssize_t leat_plain_read(int fd, void *bytes, size_t len);
ssize_t leat_plain_write(int fd, const void *bytes, size_t len);
ssize_t leat_plain_readv(int fd, const struct iovec *parts, int count);
ssize_t leat_plain_writev(int fd, const struct iovec *parts, int count);

/* All descriptors of these are leat's; another is POLLNVAL or EBADF. */
int leat_plain_poll(struct pollfd *fds, nfds_t count, int timeout_ms);
int leat_plain_select(int count, fd_set *readable, fd_set *writable, fd_set *exceptional,
                      struct timeval *timeout);

int leat_plain_epoll_create(int size);
int leat_plain_epoll_create1(int flags);
int leat_plain_epoll_ctl(int epoll, int op, int fd, struct epoll_event *event);
int leat_plain_epoll_wait(int epoll, struct epoll_event *events, int count, int timeout_ms);

/* Only the task sleeps. */
unsigned leat_plain_sleep(unsigned seconds);
int leat_plain_usleep(useconds_t microseconds);

int leat_plain_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                           struct addrinfo **results);
void leat_plain_freeaddrinfo(struct addrinfo *results);
int leat_plain_getnameinfo(const struct sockaddr *address, socklen_t len, char *node,
                           socklen_t node_bytes, char *service, socklen_t service_bytes, int flags);
const char *leat_plain_gai_strerror(int error);

/* ---- inet.c: for images, whose C library has none of these ----------------------------------- */

extern const struct in6_addr leat_plain_in6addr_any;
extern const struct in6_addr leat_plain_in6addr_loopback;

int leat_plain_inet_pton(int family, const char *text, void *address);
const char *leat_plain_inet_ntop(int family, const void *address, char *text, socklen_t size);
in_addr_t leat_plain_inet_addr(const char *text);

#endif
