/* posix_check_device.c -- whether the device of the options could be opened. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "posix_device.h"
#include "posix_probe.h"
#include "posix_reach.h"

static const char *fail(char why[LEAT_WHY_BYTES], const char *what, const char *path,
                        const char *reason)
{
    snprintf(why, LEAT_WHY_BYTES, "%s %.100s: %s", what, path, reason);
    return why;
}

static bool fits(const char *path)
{
    return path[0] && strlen(path) < sizeof((struct sockaddr_un *)NULL)->sun_path;
}

/* A socket of ours is made there.  One that is there belongs to a dead program, or to the one that
 * is to be started again. */
static const char *check_ours(const char *path, char why[LEAT_WHY_BYTES])
{
    struct stat is;
    const char *wrong;

    if (!fits(path))
        return fail(why, "the path of a UNIX socket has 1 to 107 bytes:", path, "it is longer");
    if (lstat(path, &is) == 0)
        return S_ISSOCK(is.st_mode)
                   ? NULL
                   : fail(why, "can't make the socket", path, "a file with that name is no socket");
    wrong = posix_probe_write(path);
    return wrong ? fail(why, "can't make the socket", path, wrong) : NULL;
}

/* The peer's socket: connecting to it would make the peer a connection. */
static const char *check_theirs(const char *path, char why[LEAT_WHY_BYTES])
{
    struct stat is;

    if (!fits(path))
        return fail(why, "the path of a UNIX socket has 1 to 107 bytes:", path, "it is longer");
    if (stat(path, &is) != 0)
        return fail(why, "can't connect to", path,
                    errno == ENOENT
                        ? "No such file or directory; start the other end first, or listen there"
                        : strerror(errno));
    if (!S_ISSOCK(is.st_mode))
        return fail(why, "can't connect to", path, "it is no socket");
    return faccessat(AT_FDCWD, path, W_OK, AT_EACCESS)
               ? fail(why, "can't connect to", path, strerror(errno))
               : NULL;
}

static const char *check_socket(const struct options *options, char why[LEAT_WHY_BYTES])
{
    const char *path = options->socket ? options->socket : options->shm;
    const char *wrong = NULL;

    if (options->datagram)
        wrong = check_ours(options->datagram, why);
    if (wrong)
        return wrong;
    return options->listen ? check_ours(path, why) : check_theirs(path, why);
}

/* execvp() looks for it along these folders. */
static const char *check_passt(char why[LEAT_WHY_BYTES])
{
    static char path[PATH_MAX];
    const char *at = getenv("PATH");

    if (!at)
        at = "/bin:/usr/bin";
    for (;;) {
        const size_t len = strcspn(at, ":");

        snprintf(path, sizeof path, "%.*s%spasst", (int)len, at, len > 0 ? "/" : "");
        if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0)
            return NULL;
        if (!at[len])
            break;
        at += len + 1;
    }
    return fail(why, "can't start", "passt",
                "No such file or directory; install it (Debian: apt-get install passt)");
}

static const char *check_xdp(const struct options *options, char why[LEAT_WHY_BYTES])
{
#ifdef LEAT_HAS_XDP
    const int fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
    const int error = errno;

    if (fd >= 0)
        close(fd);
    if (if_nametoindex(options->xdp) == 0) {
        snprintf(why, LEAT_WHY_BYTES, "there is no device %.32s", options->xdp);
        return why;
    }
    return fd >= 0
               ? NULL
               : fail(why, "can't open a queue of", options->xdp,
                      error == EPERM ? "it takes root, or CAP_NET_ADMIN, CAP_NET_RAW and CAP_BPF"
                                     : strerror(error));
#else
    (void)options;
    snprintf(why, LEAT_WHY_BYTES, "built without AF_XDP: install libxdp-dev and libbpf-dev");
    return why;
#endif
}

static const char *check_tap(const struct options *options, char why[LEAT_WHY_BYTES])
{
    const struct posix_device none = {0};
    const struct leat_tap_config config = posix_device_tap(&none, options);

    return posix_reach_check(options, why) && leat_tap_check(&config, why) == LEAT_OK ? NULL : why;
}

const char *posix_device_check(const struct options *options, char why[LEAT_WHY_BYTES])
{
    if (options->replay)
        return NULL; /* it is open */
    if (options->passt)
        return check_passt(why);
    if (options->socket || options->shm)
        return check_socket(options, why);
    return options->xdp ? check_xdp(options, why) : check_tap(options, why);
}
