/* plain.c -- the calls with the signatures of POSIX that concern sockets alone. */
#include "plain.h"

#include <errno.h>

#include "here.h"

_Static_assert(sizeof(struct leat_epoll_event) <= sizeof(struct epoll_event),
               "events of leat fit into those of the program");

enum {
    SLEEP_S_MAX = 1 << 20 /* of one call; the rest is its result */
};

/* ---- open, name, end ------------------------------------------------------------------------ */

int leat_plain_socket(int family, int type, int protocol)
{
    return (int)plain_result(leat_bsd_socket(plain_here(), family, type, protocol));
}

int leat_plain_bind(int fd, const struct sockaddr *address, socklen_t len)
{
    return (int)plain_result(leat_bsd_bind(plain_here(), fd, address, len));
}

int leat_plain_listen(int fd, int backlog)
{
    return (int)plain_result(leat_bsd_listen(plain_here(), fd, backlog));
}

int leat_plain_accept(int fd, struct sockaddr *address, socklen_t *len)
{
    return leat_plain_accept4(fd, address, len, 0);
}

int leat_plain_accept4(int fd, struct sockaddr *address, socklen_t *len, int flags)
{
    return (int)plain_result(leat_bsd_accept4(plain_here(), fd, address, len, flags));
}

int leat_plain_connect(int fd, const struct sockaddr *address, socklen_t len)
{
    return (int)plain_result(leat_bsd_connect(plain_here(), fd, address, len));
}

int leat_plain_getsockname(int fd, struct sockaddr *address, socklen_t *len)
{
    return (int)plain_result(leat_bsd_getsockname(plain_here(), fd, address, len));
}

int leat_plain_getpeername(int fd, struct sockaddr *address, socklen_t *len)
{
    return (int)plain_result(leat_bsd_getpeername(plain_here(), fd, address, len));
}

int leat_plain_shutdown(int fd, int how)
{
    return (int)plain_result(leat_bsd_shutdown(plain_here(), fd, how));
}

int leat_plain_getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
    return (int)plain_result(leat_bsd_getsockopt(plain_here(), fd, level, name, value, len));
}

int leat_plain_setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
    return (int)plain_result(leat_bsd_setsockopt(plain_here(), fd, level, name, value, len));
}

int leat_plain_eventfd(unsigned count, int flags)
{
    return (int)plain_result(leat_bsd_eventfd(plain_here(), count, flags));
}

/* ---- send and receive ----------------------------------------------------------------------- */

ssize_t leat_plain_send(int fd, const void *bytes, size_t len, int flags)
{
    return plain_result(leat_bsd_send(plain_here(), fd, bytes, len, flags));
}

ssize_t leat_plain_sendto(int fd, const void *bytes, size_t len, int flags,
                          const struct sockaddr *address, socklen_t address_len)
{
    return plain_result(leat_bsd_sendto(plain_here(), fd, bytes, len, flags, address, address_len));
}

ssize_t leat_plain_sendmsg(int fd, const struct msghdr *message, int flags)
{
    return plain_result(leat_bsd_sendmsg(plain_here(), fd, (const void *)message, flags));
}

ssize_t leat_plain_recv(int fd, void *bytes, size_t len, int flags)
{
    return plain_result(leat_bsd_recv(plain_here(), fd, bytes, len, flags));
}

ssize_t leat_plain_recvfrom(int fd, void *bytes, size_t len, int flags, struct sockaddr *address,
                            socklen_t *address_len)
{
    return plain_result(
        leat_bsd_recvfrom(plain_here(), fd, bytes, len, flags, address, address_len));
}

ssize_t leat_plain_recvmsg(int fd, struct msghdr *message, int flags)
{
    return plain_result(leat_bsd_recvmsg(plain_here(), fd, (void *)message, flags));
}

/* ---- wait for several ------------------------------------------------------------------------ */

int leat_plain_poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
    return (int)plain_result(leat_bsd_poll(plain_here(), (void *)fds, count, timeout_ms));
}

int leat_plain_select(int count, fd_set *readable, fd_set *writable, fd_set *exceptional,
                      struct timeval *timeout)
{
    return (int)plain_result(leat_bsd_select(plain_here(), count, (void *)readable,
                                             (void *)writable, (void *)exceptional,
                                             (void *)timeout));
}

int leat_plain_epoll_create(int size)
{
    return size > 0 ? leat_plain_epoll_create1(0) : (int)plain_result(-EINVAL);
}

int leat_plain_epoll_create1(int flags)
{
    return (int)plain_result(leat_bsd_epoll_create1(plain_here(), flags));
}

int leat_plain_epoll_ctl(int epoll, int op, int fd, struct epoll_event *event)
{
    struct leat_epoll_event made = {.events = 0};

    if (event)
        made = (struct leat_epoll_event){event->events, event->data.u64};
    return (int)plain_result(leat_bsd_epoll_ctl(plain_here(), epoll, op, fd, event ? &made : NULL));
}

int leat_plain_epoll_wait(int epoll, struct epoll_event *events, int count, int timeout_ms)
{
    struct leat_epoll_event *told = (void *)events; /* not larger, so there is room */
    const int ready =
        (int)plain_result(leat_bsd_epoll_wait(plain_here(), epoll, told, count, timeout_ms));

    /* the last one first: none is written over before it was read */
    for (int i = ready - 1; i >= 0; i--) {
        const struct leat_epoll_event one = told[i];

        events[i] = (struct epoll_event){.events = one.events, .data = {.u64 = one.data}};
    }
    return ready;
}

unsigned leat_plain_sleep(unsigned seconds)
{
    const unsigned now = seconds < SLEEP_S_MAX ? seconds : SLEEP_S_MAX;

    return leat_bsd_poll(plain_here(), NULL, 0, (int)now * 1000) ? seconds : seconds - now;
}

int leat_plain_usleep(useconds_t microseconds)
{
    return (int)plain_result(leat_bsd_poll(plain_here(), NULL, 0,
                                           (int)(microseconds / 1000 + (microseconds % 1000 > 0))));
}

/* ---- names ---------------------------------------------------------------------------------- */

int leat_plain_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                           struct addrinfo **results)
{
    struct leat_addrinfo *found = NULL;
    int why = 0;
    const int error =
        leat_bsd_getaddrinfo(plain_here(), node, service, (const void *)hints, &found, &why);

    if (error == LEAT_EAI_SYSTEM)
        errno = why;
    *results = (void *)found;
    return error;
}

void leat_plain_freeaddrinfo(struct addrinfo *results)
{
    leat_bsd_freeaddrinfo(plain_here(), (void *)results);
}

int leat_plain_getnameinfo(const struct sockaddr *address, socklen_t len, char *node,
                           socklen_t node_bytes, char *service, socklen_t service_bytes, int flags)
{
    return leat_bsd_getnameinfo(plain_here(), address, len, node, node_bytes, service,
                                service_bytes, flags);
}

const char *leat_plain_gai_strerror(int error)
{
    return leat_bsd_gai_text(error);
}
