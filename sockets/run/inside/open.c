/* open.c -- socket(), bind(), listen(), accept(), shutdown(). */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <unistd.h>

#include "fast.h"

/* Binds @fd to a name of a fresh id. 0, or an errno. */
static int give_name(int fd, char family, char type)
{
    struct run_socket_name name = {.kind = 'p', .family = family, .type = type};
    struct sockaddr_un address;
    socklen_t len;

    if (getrandom(&name.id, sizeof name.id, 0) != (ssize_t)sizeof name.id)
        return ENOBUFS;
    len = run_address(&address, run_name(), &name, sizeof name);
    return NEXT(bind)(fd, (struct sockaddr *)&address, len) ? errno : 0;
}

/* Connects a socket of UDP to the server, for its whole life, and says hello with the token. */
static int join_server(int fd)
{
    struct sockaddr_un address;
    const socklen_t len = run_address(&address, run_name(), "d", 1);
    struct run_request request = {.call = RUN_NAMES};
    struct run_reply reply;
    struct ours ours;

    if (NEXT(connect)(fd, (struct sockaddr *)&address, len))
        return errno == EAGAIN ? ENOBUFS : ENETDOWN;
    return ours_look(fd, &ours) ? ask(&ours, &request, &reply) : ENETDOWN;
}

/* Makes a socket of ours; -1 with errno. */
static int open_ours(int domain, int type, int flags)
{
    const bool stream = type == SOCK_STREAM;
    const char family = domain == AF_INET ? '4' : '6';
    /* it must block while it connects to the server */
    const int fd = NEXT(socket)(AF_UNIX,
                                (stream ? SOCK_STREAM : SOCK_SEQPACKET) | (flags & SOCK_CLOEXEC) |
                                    (stream ? flags & SOCK_NONBLOCK : 0),
                                0);
    int error;

    if (fd < 0)
        return fd;
    error = give_name(fd, family, stream ? 's' : 'd');
    if (!error && !stream)
        error = join_server(fd);
    if (!error && !stream && (flags & SOCK_NONBLOCK)) {
        const int on = 1;

        error = NEXT(ioctl)(fd, FIONBIO, &on) ? errno : 0;
    }
    if (error) {
        NEXT(close)(fd);
        errno = error;
        return -1;
    }
    kind_note(fd, stream ? KIND_STREAM : KIND_DATAGRAM);
    return fd;
}

EXPORT int socket(int domain, int type, int protocol)
{
    const int flags = type & (SOCK_NONBLOCK | SOCK_CLOEXEC), bare = type & ~flags;

    if (!runs() || (domain != AF_INET && domain != AF_INET6)) {
        const int fd = NEXT(socket)(domain, type, protocol);

        kind_note(fd, KIND_UNKNOWN);
        return fd;
    }
    if ((bare == SOCK_STREAM && (protocol == 0 || protocol == IPPROTO_TCP)) ||
        (bare == SOCK_DGRAM && (protocol == 0 || protocol == IPPROTO_UDP)))
        return open_ours(domain, bare, flags);
    errno = bare == SOCK_RAW ? EPERM : EPROTONOSUPPORT;
    return -1;
}

EXPORT int bind(int fd, const struct sockaddr *address, socklen_t len)
{
    struct run_request request = {.call = RUN_BIND};
    struct run_reply reply;
    struct ours ours;
    int error;

    if (!ours_find(fd, &ours))
        return NEXT(bind)(fd, address, len);
    error = endpoint_read(ours.family, address, len, &request.endpoint);
    return fail(error ? error : ask(&ours, &request, &reply));
}

EXPORT int listen(int fd, int backlog)
{
    struct run_request request = {.call = RUN_LISTEN};
    struct run_reply reply;
    struct ours ours;
    int error;

    if (!ours_find(fd, &ours))
        return NEXT(listen)(fd, backlog);
    if (ours.kind != KIND_STREAM)
        return fail(EOPNOTSUPP);
    if (ours.connected)
        return fail(EINVAL);
    request.value = backlog < 0 ? 0 : backlog > 4096 ? 4096 : (uint32_t)backlog;
    /* the kernel's first: the server may have a connection at once */
    if (NEXT(listen)(fd, (int)request.value))
        return -1;
    error = ask(&ours, &request, &reply);
    return fail(error);
}

EXPORT int accept4(int fd, struct sockaddr *address, socklen_t *len, int flags)
{
    struct ours listener, ours;
    int taken;

    if (!ours_find(fd, &listener))
        return NEXT(accept4)(fd, address, len, flags);
    if (listener.kind != KIND_STREAM)
        return fail(EOPNOTSUPP);
    for (;;) {
        taken = NEXT(accept4)(fd, NULL, NULL, flags);
        if (taken < 0)
            return taken;
        if (is_server(taken) && ours_look(taken, &ours) && ours.accepted)
            break;
        NEXT(close)(taken); /* another program of this machine */
    }
    if (fast_is_on())
        fast_attach(taken, ours.ends.place);
    endpoint_write(ours.family, &ours.ends.remote, address, len);
    return taken;
}

EXPORT int accept(int fd, struct sockaddr *address, socklen_t *len)
{
    if (kind_guess(fd) == KIND_FOREIGN)
        return NEXT(accept)(fd, address, len);
    return accept4(fd, address, len, 0);
}

static bool listens(int fd)
{
    int listens = 0;
    socklen_t len = sizeof listens;

    return NEXT(getsockopt)(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) == 0 && listens;
}

/* Ends the listener, as on Linux: each accept() that waits is EINVAL, and the port refuses. */
static int shut_listener(int fd, int how, const struct ours *ours)
{
    struct run_request request = {.call = RUN_CHECK, .value = RUN_SHUT};
    struct run_reply reply;

    if (how == SHUT_WR)
        return 0;
    if (NEXT(shutdown)(fd, how))
        return -1;
    ask(ours, &request, &reply);
    return 0;
}

/* False for a socket without a peer. */
static bool is_open(const struct ours *ours)
{
    struct run_request request = {.call = RUN_NAMES};
    struct run_reply reply;

    if (ask(ours, &request, &reply) || reply.remote.port == 0)
        return ours->kind != KIND_DATAGRAM && ours->connected;
    return true;
}

EXPORT int shutdown(int fd, int how)
{
    struct fast fast;
    struct ours ours;

    if (ours_find(fd, &ours) && how >= SHUT_RD && how <= SHUT_RDWR) {
        if (ours.kind == KIND_STREAM && !ours.connected && listens(fd))
            return shut_listener(fd, how, &ours);
        if (!is_open(&ours))
            return fail(ENOTCONN);
        if (fast_find(fd, &fast))
            fast_shut(&fast, how);
    }
    return NEXT(shutdown)(fd, how);
}

/* Both names of a socket of ours, of its own name or by the server. */
static int names_of(const struct ours *ours, struct run_endpoint *local,
                    struct run_endpoint *remote)
{
    struct run_request request = {.call = RUN_NAMES};
    struct run_reply reply;
    int error = 0;

    if (ours->accepted) {
        *local = ours->ends.local;
        *remote = ours->ends.remote;
        return 0;
    }
    error = ask(ours, &request, &reply);
    *local = error ? endpoint_any(ours->family) : reply.local;
    *remote = error ? endpoint_any(ours->family) : reply.remote;
    return error == ENOTCONN ? 0 : error;
}

EXPORT int getsockname(int fd, struct sockaddr *address, socklen_t *len)
{
    struct run_endpoint local, remote;
    struct ours ours;
    int error;

    if (!ours_find(fd, &ours))
        return NEXT(getsockname)(fd, address, len);
    error = names_of(&ours, &local, &remote);
    if (!error)
        endpoint_write(ours.family, &local, address, len);
    return fail(error);
}

EXPORT int getpeername(int fd, struct sockaddr *address, socklen_t *len)
{
    struct run_endpoint local, remote;
    struct ours ours;
    int error;

    if (!ours_find(fd, &ours))
        return NEXT(getpeername)(fd, address, len);
    error = names_of(&ours, &local, &remote);
    if (!error && remote.port == 0)
        error = ENOTCONN;
    if (!error)
        endpoint_write(ours.family, &remote, address, len);
    return fail(error);
}
