/* poll.h -- waiting for several, for images: by leat's sockets. */
#ifndef PLAIN_POLL_H
#define PLAIN_POLL_H

#include <leat/sockets_numbers.h>

#ifdef __cplusplus
extern "C" {
#endif

#define POLLIN     LEAT_POLLIN
#define POLLPRI    LEAT_POLLPRI
#define POLLOUT    LEAT_POLLOUT
#define POLLERR    LEAT_POLLERR
#define POLLHUP    LEAT_POLLHUP
#define POLLNVAL   LEAT_POLLNVAL
#define POLLRDNORM LEAT_POLLRDNORM
#define POLLRDBAND LEAT_POLLRDBAND
#define POLLWRNORM LEAT_POLLWRNORM
#define POLLWRBAND LEAT_POLLWRBAND
#define POLLRDHUP  LEAT_POLLRDHUP

typedef unsigned long nfds_t;

struct pollfd {
    int fd;
    short events;
    short revents;
} __attribute__((may_alias));

int poll(struct pollfd *fds, nfds_t count, int timeout_ms) __asm__("leat_plain_poll");

#ifdef __cplusplus
}
#endif

#endif
