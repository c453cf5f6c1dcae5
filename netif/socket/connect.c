/*
 * connect.c -- opens the connection to the peer: by a path, at a path of ours, or a descriptor.
 *
 * One of three ways leads to socket->fd: a connection to a path, a descriptor of the program, or a
 * listening socket at a path of ours, from which leat_socket_accept() takes one peer after another.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "inside.h"
#include "unix.h"

enum {
    /* The peer may be slow for a while; a burst of frames must not wait for it. */
    SOCKET_BUFFER_BYTES = 256 * 1024
};

/* A descriptor of the program: it must fit the framing. */
static enum leat_err adopt(struct leat_socket *made, enum leat_socket_framing framing,
                           char why[LEAT_WHY_BYTES])
{
    const int wanted = framing == LEAT_SOCKET_STREAM ? SOCK_STREAM : SOCK_DGRAM;
    socklen_t bytes = sizeof(int);
    int type = 0;

    /* The type is checked because a wrong framing would lose the bounds of frames without an
     * error. */
    if (made->fd < 0 || getsockopt(made->fd, SOL_SOCKET, SO_TYPE, &type, &bytes)) {
        snprintf(why, LEAT_WHY_BYTES, "no path, and descriptor %d is no socket", made->fd);
        return LEAT_ERR_ARGUMENT;
    }
    if (type != wanted) {
        snprintf(why, LEAT_WHY_BYTES, "descriptor %d is a socket of the other kind", made->fd);
        return LEAT_ERR_ARGUMENT;
    }
    fcntl(made->fd, F_SETFL, fcntl(made->fd, F_GETFL) | O_NONBLOCK);
    return LEAT_OK;
}

/* Makes the buffers as large as ordinary users may; smaller ones work as well. */
static void enlarge(int fd)
{
    const int bytes = SOCKET_BUFFER_BYTES;

    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

enum leat_err leat_socket_connect(struct leat_socket *made, const struct leat_socket_config *config,
                                  char why[LEAT_WHY_BYTES])
{
    const int type = config->framing == LEAT_SOCKET_STREAM ? SOCK_STREAM : SOCK_DGRAM;
    enum leat_err err;

    if (config->listen && (!config->path || config->framing != LEAT_SOCKET_STREAM)) {
        snprintf(why, LEAT_WHY_BYTES, "only a stream socket with a path can listen");
        return LEAT_ERR_ARGUMENT;
    }
    if (config->listen)
        return leat_unix_listen(&made->listen_fd, config->path, &made->unlink_path, why);
    err = config->path ? leat_unix_connect(&made->fd, type, config->path, config->local_path,
                                           &made->unlink_path, why)
                       : adopt(made, config->framing, why);
    if (!err)
        enlarge(made->fd);
    return err;
}

bool leat_socket_accept(struct leat_socket *made)
{
    made->fd = accept4(made->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (made->fd < 0)
        return false;
    if (made->posix && leat_posix_watch(made->posix, made->fd, true)) {
        close(made->fd); /* the host watches too many: the peer sees that its connection closes */
        made->fd = -1;
        return false;
    }
    if (made->posix) /* further peers wait; the listening socket would be ready all the time */
        leat_posix_watch(made->posix, made->listen_fd, false);
    enlarge(made->fd);
    made->counters.peers++;
    return true;
}
