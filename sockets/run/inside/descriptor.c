/*
 * descriptor.c -- which descriptors are sockets of leat-run.
 *
 * A guess for each descriptor saves the system call that looks at its name. Calls that the library
 * doesn't see (fclose(), close_range() by syscall()) can make it outdated. Therefore a guess only
 * decides where a wrong one is found out: an operation that fails, ends a stream or concerns
 * datagrams looks at the name.
 */
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fast.h"

enum {
    GUESSES = 65536
};

static _Atomic unsigned char guesses[GUESSES]; /* of any thread; each stands for itself */

void *next_of(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);

    if (!found) {
        fprintf(stderr, "leat-run: the C library has no %s\n", name);
        abort();
    }
    return found;
}

/* The value at the start: programs such as nginx drop their environment. Constructors of other
 * libraries may come before ours. */
static char environment_kept[256];
static _Atomic bool is_kept;

static const char *environment(void)
{
    const char *value = atomic_load_explicit(&is_kept, memory_order_acquire)
                            ? environment_kept
                            : getenv(RUN_ENVIRONMENT);

    return value && strlen(value) > RUN_NAME_BYTES && value[RUN_NAME_BYTES] == ':' ? value : NULL;
}

__attribute__((constructor)) static void keep_environment(void)
{
    const char *value = getenv(RUN_ENVIRONMENT);

    if (value && strlen(value) < sizeof environment_kept)
        strcpy(environment_kept, value);
    atomic_store_explicit(&is_kept, true, memory_order_release);
}

bool runs(void)
{
    return environment() != NULL;
}

const char *run_name(void)
{
    return environment();
}

bool is_server(int fd)
{
    const char *value = environment();
    unsigned uid = 0, pid = 0;
    struct ucred peer;
    socklen_t len = sizeof peer;

    if (!value || sscanf(value + RUN_NAME_BYTES, ":%*32[0-9a-f]:%u:%u", &uid, &pid) != 2 ||
        NEXT(getsockopt)(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len))
        return false;
    return peer.uid == uid || (unsigned)peer.pid == pid;
}

enum kind kind_guess(int fd)
{
    return fd >= 0 && fd < GUESSES
               ? (enum kind)atomic_load_explicit(&guesses[fd], memory_order_relaxed)
               : KIND_UNKNOWN;
}

void kind_note(int fd, enum kind kind)
{
    if (kind != KIND_STREAM)
        fast_forget(fd);
    if (fd >= 0 && fd < GUESSES)
        atomic_store_explicit(&guesses[fd], (unsigned char)kind, memory_order_relaxed);
}

static bool look(int fd, struct ours *ours)
{
    struct sockaddr_un address;
    socklen_t len = sizeof address;
    struct run_socket_name name;

    if (!runs() || NEXT(getsockname)(fd, (struct sockaddr *)&address, &len) ||
        !run_name_read(&address, len, run_name(), &name, sizeof name) || name.kind != 'p')
        return false;
    *ours = (struct ours){.kind = name.type == 's' ? KIND_STREAM : KIND_DATAGRAM,
                          .family = name.family,
                          .id = name.id};
    len = sizeof address;
    ours->connected = NEXT(getpeername)(fd, (struct sockaddr *)&address, &len) == 0;
    ours->accepted = ours->connected &&
                     run_name_read(&address, len, run_name(), &ours->ends, sizeof ours->ends) &&
                     ours->ends.kind == 'a';
    if (ours->accepted)
        ours->id = ours->ends.id;
    return true;
}

bool ours_look(int fd, struct ours *ours)
{
    const int error = errno;
    const bool found = look(fd, ours);

    if (!found || ours->kind != KIND_DATAGRAM || kind_guess(fd) != KIND_DATAGRAM_TO)
        kind_note(fd, found ? ours->kind : KIND_FOREIGN);
    errno = error;
    return found;
}

bool ours_find(int fd, struct ours *ours)
{
    return kind_guess(fd) != KIND_FOREIGN && ours_look(fd, ours);
}
