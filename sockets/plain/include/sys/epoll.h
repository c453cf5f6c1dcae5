/* sys/epoll.h -- waiting for several, for images: by leat's sockets. */
#ifndef PLAIN_SYS_EPOLL_H
#define PLAIN_SYS_EPOLL_H

#include <leat/sockets_numbers.h>

#ifdef __cplusplus
extern "C" {
#endif

#define EPOLL_CTL_ADD  LEAT_EPOLL_CTL_ADD
#define EPOLL_CTL_DEL  LEAT_EPOLL_CTL_DEL
#define EPOLL_CTL_MOD  LEAT_EPOLL_CTL_MOD
#define EPOLLIN        LEAT_EPOLLIN
#define EPOLLPRI       LEAT_EPOLLPRI
#define EPOLLOUT       LEAT_EPOLLOUT
#define EPOLLERR       LEAT_EPOLLERR
#define EPOLLHUP       LEAT_EPOLLHUP
#define EPOLLRDNORM    LEAT_EPOLLRDNORM
#define EPOLLRDBAND    LEAT_EPOLLRDBAND
#define EPOLLWRNORM    LEAT_EPOLLWRNORM
#define EPOLLWRBAND    LEAT_EPOLLWRBAND
#define EPOLLRDHUP     LEAT_EPOLLRDHUP
#define EPOLLEXCLUSIVE LEAT_EPOLLEXCLUSIVE
#define EPOLLWAKEUP    LEAT_EPOLLWAKEUP
#define EPOLLONESHOT   LEAT_EPOLLONESHOT
#define EPOLLET        LEAT_EPOLLET
#define EPOLL_CLOEXEC  LEAT_SOCK_CLOEXEC

typedef union {
    void *ptr;
    int fd;
    uint32_t u32;
    uint64_t u64;
} epoll_data_t;

struct epoll_event {
    uint32_t events;
    epoll_data_t data;
} __attribute__((packed, may_alias));

int epoll_create(int size) __asm__("leat_plain_epoll_create");
int epoll_create1(int flags) __asm__("leat_plain_epoll_create1");
int epoll_ctl(int epoll, int op, int fd, struct epoll_event *event) __asm__("leat_plain_epoll_ctl");
int epoll_wait(int epoll, struct epoll_event *events, int count,
               int timeout_ms) __asm__("leat_plain_epoll_wait");

#ifdef __cplusplus
}
#endif

#endif
