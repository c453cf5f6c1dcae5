/* sys/socket.h -- sockets, for images: by leat's sockets. */
#ifndef PLAIN_SYS_SOCKET_H
#define PLAIN_SYS_SOCKET_H

#include <leat/sockets_numbers.h>
#include <sys/uio.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef uint16_t sa_family_t;
typedef uint32_t socklen_t;

#define AF_UNSPEC 0
#define AF_INET   2
#define AF_INET6  10
#define PF_UNSPEC AF_UNSPEC
#define PF_INET   AF_INET
#define PF_INET6  AF_INET6
#define SOMAXCONN 4096

#define SOL_SOCKET 1

#define SOCK_STREAM   LEAT_SOCK_STREAM
#define SOCK_DGRAM    LEAT_SOCK_DGRAM
#define SOCK_RAW      LEAT_SOCK_RAW
#define SOCK_NONBLOCK LEAT_SOCK_NONBLOCK
#define SOCK_CLOEXEC  LEAT_SOCK_CLOEXEC
#define SO_REUSEADDR  LEAT_SO_REUSEADDR
#define SO_TYPE       LEAT_SO_TYPE
#define SO_ERROR      LEAT_SO_ERROR
#define SO_DONTROUTE  LEAT_SO_DONTROUTE
#define SO_BROADCAST  LEAT_SO_BROADCAST
#define SO_SNDBUF     LEAT_SO_SNDBUF
#define SO_RCVBUF     LEAT_SO_RCVBUF
#define SO_KEEPALIVE  LEAT_SO_KEEPALIVE
#define SO_OOBINLINE  LEAT_SO_OOBINLINE
#define SO_LINGER     LEAT_SO_LINGER
#define SO_REUSEPORT  LEAT_SO_REUSEPORT
#define SO_RCVLOWAT   LEAT_SO_RCVLOWAT
#define SO_SNDLOWAT   LEAT_SO_SNDLOWAT
#define SO_RCVTIMEO   LEAT_SO_RCVTIMEO
#define SO_SNDTIMEO   LEAT_SO_SNDTIMEO
#define SO_ACCEPTCONN LEAT_SO_ACCEPTCONN
#define SO_PROTOCOL   LEAT_SO_PROTOCOL
#define SO_DOMAIN     LEAT_SO_DOMAIN
#define MSG_OOB       LEAT_MSG_OOB
#define MSG_PEEK      LEAT_MSG_PEEK
#define MSG_DONTROUTE LEAT_MSG_DONTROUTE
#define MSG_CTRUNC    LEAT_MSG_CTRUNC
#define MSG_TRUNC     LEAT_MSG_TRUNC
#define MSG_DONTWAIT  LEAT_MSG_DONTWAIT
#define MSG_EOR       LEAT_MSG_EOR
#define MSG_WAITALL   LEAT_MSG_WAITALL
#define MSG_ERRQUEUE  LEAT_MSG_ERRQUEUE
#define MSG_NOSIGNAL  LEAT_MSG_NOSIGNAL
#define MSG_MORE      LEAT_MSG_MORE
#define SHUT_RD       LEAT_SHUT_RD
#define SHUT_WR       LEAT_SHUT_WR
#define SHUT_RDWR     LEAT_SHUT_RDWR

struct sockaddr {
    sa_family_t sa_family;
    char sa_data[14];
} __attribute__((may_alias));

struct sockaddr_storage {
    sa_family_t ss_family;
    char ss_padding[118];
    unsigned long ss_align;
} __attribute__((may_alias));

struct linger {
    int l_onoff;
    int l_linger;
};

struct msghdr {
    void *msg_name;
    socklen_t msg_namelen;
    struct iovec *msg_iov;
    size_t msg_iovlen;
    void *msg_control;
    size_t msg_controllen;
    int msg_flags;
};

int socket(int family, int type, int protocol) __asm__("leat_plain_socket");
int bind(int fd, const struct sockaddr *address, socklen_t len) __asm__("leat_plain_bind");
int listen(int fd, int backlog) __asm__("leat_plain_listen");
int accept(int fd, struct sockaddr *address, socklen_t *len) __asm__("leat_plain_accept");
int accept4(int fd, struct sockaddr *address, socklen_t *len,
            int flags) __asm__("leat_plain_accept4");
int connect(int fd, const struct sockaddr *address, socklen_t len) __asm__("leat_plain_connect");
int getsockname(int fd, struct sockaddr *address, socklen_t *len) __asm__("leat_plain_getsockname");
int getpeername(int fd, struct sockaddr *address, socklen_t *len) __asm__("leat_plain_getpeername");
int shutdown(int fd, int how) __asm__("leat_plain_shutdown");
int getsockopt(int fd, int level, int name, void *value,
               socklen_t *len) __asm__("leat_plain_getsockopt");
int setsockopt(int fd, int level, int name, const void *value,
               socklen_t len) __asm__("leat_plain_setsockopt");
ssize_t send(int fd, const void *bytes, size_t len, int flags) __asm__("leat_plain_send");
ssize_t sendto(int fd, const void *bytes, size_t len, int flags, const struct sockaddr *address,
               socklen_t address_len) __asm__("leat_plain_sendto");
ssize_t sendmsg(int fd, const struct msghdr *message, int flags) __asm__("leat_plain_sendmsg");
ssize_t recv(int fd, void *bytes, size_t len, int flags) __asm__("leat_plain_recv");
ssize_t recvfrom(int fd, void *bytes, size_t len, int flags, struct sockaddr *address,
                 socklen_t *address_len) __asm__("leat_plain_recvfrom");
ssize_t recvmsg(int fd, struct msghdr *message, int flags) __asm__("leat_plain_recvmsg");

#ifdef __cplusplus
}
#endif

#endif
