/*
 * unix.c -- UNIX sockets by their paths, for all backends over them.
 *
 * leat_unix_listen() and leat_unix_connect() explain each failure with a remedy. On an error the
 * caller closes the descriptor, which is set as soon as there is one.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "unix.h"

static bool set_address(struct sockaddr_un *address, const char *path, char why[LEAT_WHY_BYTES])
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    /* A leading NUL would be Linux' abstract namespace, which has no owner and no rights. */
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

/* Removes a socket at @path without a listener, which a dead program has left. */
static void remove_stale(const struct sockaddr_un *address, int type)
{
    struct stat facts;
    int fd;

    if (lstat(address->sun_path, &facts) || !S_ISSOCK(facts.st_mode))
        return;
    fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return;
    /* A path whose program lives accepts, or is full; only a dead one refuses. A file that is no
     * socket is never removed. */
    if (connect(fd, (const struct sockaddr *)address, sizeof *address) && errno == ECONNREFUSED)
        unlink(address->sun_path);
    close(fd);
}

/* Binds @fd to @path; *@unlink_path becomes a copy of it. */
static enum leat_err bind_to(int fd, int type, const char *path, char **unlink_path,
                             char why[LEAT_WHY_BYTES])
{
    struct sockaddr_un address;

    if (!set_address(&address, path, why))
        return LEAT_ERR_ARGUMENT;
    remove_stale(&address, type);
    if (bind(fd, (const struct sockaddr *)&address, sizeof address))
        return fail("can't make the socket", path,
                    errno == EADDRINUSE ? "; another program listens there" : "", why);
    *unlink_path = strdup(path);
    return LEAT_OK;
}

enum leat_err leat_unix_listen(int *fd, const char *path, char **unlink_path,
                               char why[LEAT_WHY_BYTES])
{
    enum leat_err err;

    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (*fd < 0)
        return fail("can't make the socket", path, "", why);
    err = bind_to(*fd, SOCK_STREAM, path, unlink_path, why);
    if (!err && listen(*fd, 1))
        err = fail("can't listen at", path, "", why);
    return err;
}

enum leat_err leat_unix_connect(int *fd, int type, const char *path, const char *local_path,
                                char **unlink_path, char why[LEAT_WHY_BYTES])
{
    struct sockaddr_un address;
    enum leat_err err = LEAT_OK;

    if (!set_address(&address, path, why))
        return LEAT_ERR_ARGUMENT;
    *fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (*fd < 0)
        return fail("can't make a socket for", path, "", why);
    if (local_path)
        err = bind_to(*fd, type, local_path, unlink_path, why);
    if (!err && connect(*fd, (const struct sockaddr *)&address, sizeof address))
        err = fail("can't connect to", path,
                   errno == ENOENT         ? "; start the other end first, or listen there"
                   : errno == ECONNREFUSED ? "; no program listens there"
                   : errno == EPROTOTYPE   ? "; it is a socket of the other kind"
                                           : "",
                   why);
    return err;
}

bool leat_unix_choose_mac(struct leat_mac *mac, const struct leat_mac *given)
{
    if (given) {
        *mac = *given;
        return !(given->octet[0] & 1);
    }
    if (getrandom(mac->octet, sizeof mac->octet, 0) != (ssize_t)sizeof mac->octet)
        return false;
    /* locally administered (IEEE 802-2014 8.2) */
    mac->octet[0] = (uint8_t)((mac->octet[0] & 0xfcu) | 0x02u);
    return true;
}
