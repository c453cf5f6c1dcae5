/* connect.c -- how a UNIX socket is reached: a path, one of ours, or a descriptor. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "inside.h"

enum {
    /* The peer may be slow for a while, and a burst of frames shall not wait for it. */
    SOCKET_BUFFER_BYTES = 1024 * 1024
};

static bool set_address(struct sockaddr_un *address, const char *path, char why[LEAT_WHY_BYTES])
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (path[0] && strlen(path) < sizeof address->sun_path) {
        memcpy(address->sun_path, path, strlen(path));
        return true;
    }
    snprintf(why, LEAT_WHY_BYTES, "the path of a UNIX socket has 1 to %u bytes: %.64s",
             (unsigned)sizeof address->sun_path - 1, path);
    return false;
}

static enum leat_err fail(const char *what, const char *path, const char *help,
                          char why[LEAT_WHY_BYTES])
{
    const int error = errno;

    snprintf(why, LEAT_WHY_BYTES, "%s %.100s: %s%s", what, path, strerror(error), help);
    return error == ENOENT ? LEAT_ERR_NOT_FOUND : LEAT_ERR_DEVICE;
}

/* A socket at @path that nobody listens to was left by a program that died. */
static void remove_stale(const struct sockaddr_un *address, int type)
{
    struct stat facts;
    int fd;

    if (lstat(address->sun_path, &facts) || !S_ISSOCK(facts.st_mode))
        return;
    fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return;
    if (connect(fd, (const struct sockaddr *)address, sizeof *address) && errno == ECONNREFUSED)
        unlink(address->sun_path);
    close(fd);
}

/* Binds @fd to @path, which is removed at the end. */
static enum leat_err bind_to(struct leat_socket *made, int fd, int type, const char *path,
                             char why[LEAT_WHY_BYTES])
{
    struct sockaddr_un address;

    if (!set_address(&address, path, why))
        return LEAT_ERR_ARGUMENT;
    remove_stale(&address, type);
    if (bind(fd, (const struct sockaddr *)&address, sizeof address))
        return fail("can't make the socket", path,
                    errno == EADDRINUSE ? "; another program listens there" : "", why);
    made->unlink_path = strdup(path);
    return LEAT_OK;
}

static enum leat_err start_listening(struct leat_socket *made, const char *path,
                                     char why[LEAT_WHY_BYTES])
{
    enum leat_err err;

    made->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (made->listen_fd < 0)
        return fail("can't make the socket", path, "", why);
    err = bind_to(made, made->listen_fd, SOCK_STREAM, path, why);
    if (!err && listen(made->listen_fd, 1))
        err = fail("can't listen at", path, "", why);
    return err;
}

static enum leat_err connect_to(struct leat_socket *made, const struct leat_socket_config *config,
                                char why[LEAT_WHY_BYTES])
{
    const int type = config->framing == LEAT_SOCKET_STREAM ? SOCK_STREAM : SOCK_DGRAM;
    struct sockaddr_un address;
    enum leat_err err = LEAT_OK;

    if (!set_address(&address, config->path, why))
        return LEAT_ERR_ARGUMENT;
    made->fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (made->fd < 0)
        return fail("can't make a socket for", config->path, "", why);
    if (config->local_path)
        err = bind_to(made, made->fd, type, config->local_path, why);
    if (!err && connect(made->fd, (const struct sockaddr *)&address, sizeof address))
        err = fail("can't connect to", config->path,
                   errno == ENOENT         ? "; start the other end first, or listen there"
                   : errno == ECONNREFUSED ? "; nobody listens there"
                   : errno == EPROTOTYPE   ? "; it is a socket of the other kind"
                                           : "",
                   why);
    return err;
}

/* A descriptor of the program's: it must be what the framing says. */
static enum leat_err adopt(struct leat_socket *made, enum leat_socket_framing framing,
                           char why[LEAT_WHY_BYTES])
{
    const int wanted = framing == LEAT_SOCKET_STREAM ? SOCK_STREAM : SOCK_DGRAM;
    socklen_t bytes = sizeof(int);
    int type = 0;

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

/* As large as the system lets an ordinary user have it; a smaller one works as well. */
static void enlarge(int fd)
{
    const int bytes = SOCKET_BUFFER_BYTES;

    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

enum leat_err leat_socket_connect(struct leat_socket *made, const struct leat_socket_config *config,
                                  char why[LEAT_WHY_BYTES])
{
    enum leat_err err;

    if (config->listen && (!config->path || config->framing != LEAT_SOCKET_STREAM)) {
        snprintf(why, LEAT_WHY_BYTES, "only a stream socket with a path can listen");
        return LEAT_ERR_ARGUMENT;
    }
    if (config->listen)
        return start_listening(made, config->path, why);
    err = config->path ? connect_to(made, config, why) : adopt(made, config->framing, why);
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
        close(made->fd); /* the host watches too many: the peer sees that nobody is there */
        made->fd = -1;
        return false;
    }
    enlarge(made->fd);
    made->counters.peers++;
    return true;
}
