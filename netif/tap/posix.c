/*
 * posix.c -- the host: clock, wait, entropy, console.
 *
 * leat_poll() calls posix_wait() when it has nothing to do. It sleeps in one ppoll(), on the
 * descriptors of all backends and of the program, until the stack's next deadline. Signals that end
 * the program come by a descriptor, too, so no handler interrupts the stack.
 */
#include <leat/posix.h>
#include <leat/task.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

enum {
    NS_PER_S = 1000000000,
    /* A loop that never has to wait still looks for a signal this often. */
    LOOK_EVERY_ROUNDS = 64
};

struct leat_posix {
    struct leat_host host;
    struct pollfd watched[1 + LEAT_POSIX_WATCHED_MAX]; /* [0] is the signals'; ~fd: paused */
    nfds_t watched_count;
    int descriptor;  /* an epoll of all watched ones, for leat_posix_descriptor(); -1: unused */
    uint32_t rounds; /* since the last look for a signal */
    void (*on_hangup)(void *arg); /* NULL: SIGHUP isn't ours */
    void *on_hangup_arg;
    sigset_t mask_before;
};

static struct leat_posix *posix_of(struct leat_host *host)
{
    return (struct leat_posix *)host; /* its first member */
}

static uint64_t posix_now_ns(struct leat_host *host)
{
    struct timespec now;

    (void)host;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static uint64_t posix_civil_ns(struct leat_host *host)
{
    struct timespec now;

    (void)host;
    if (clock_gettime(CLOCK_REALTIME, &now) || now.tv_sec < 0)
        return 0;
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* Takes the signal, so that it doesn't kill the process when the mask is restored. True: it ends
 * the program. */
static bool posix_take_signal(struct leat_posix *posix)
{
    struct signalfd_siginfo info;

    if (read(posix->watched[0].fd, &info, sizeof info) != (ssize_t)sizeof info)
        return false;
    if (info.ssi_signo != SIGHUP)
        return true;
    posix->on_hangup(posix->on_hangup_arg);
    return false;
}

static bool posix_wait(struct leat_host *host, uint64_t deadline_ns)
{
    struct leat_posix *posix = posix_of(host);
    uint64_t now_ns = posix_now_ns(host);
    uint64_t rest_ns = deadline_ns > now_ns ? deadline_ns - now_ns : 0;
    struct timespec rest = {.tv_sec = (time_t)(rest_ns / NS_PER_S),
                            .tv_nsec = (long)(rest_ns % NS_PER_S)};

    /* A busy stack reads its devices itself, so the system call would tell it nothing but a
     * signal. */
    if (rest_ns == 0 && ++posix->rounds < LOOK_EVERY_ROUNDS)
        return true;
    posix->rounds = 0;
    /* ppoll(), because poll() counts milliseconds, which is coarse for the timers of TCP. */
    if (ppoll(posix->watched, posix->watched_count, deadline_ns == UINT64_MAX ? NULL : &rest,
              NULL) <= 0)
        return true; /* the deadline, or EINTR of a signal that is not ours: early is allowed */
    return !(posix->watched[0].revents && posix_take_signal(posix));
}

/* getrandom() blocks until the kernel's generator is seeded, early in a boot, and never after. */
static enum leat_err posix_entropy(struct leat_host *host, void *bytes, size_t len)
{
    uint8_t *next = bytes;

    (void)host;
    while (len > 0) {
        ssize_t got = getrandom(next, len, 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return LEAT_ERR_ENTROPY;
        next += got;
        len -= (size_t)got;
    }
    return LEAT_OK;
}

__attribute__((weak)) void leat_assert_failed(const char *file, unsigned line)
{
    fprintf(stderr, "leat: assertion failed: %s:%u\n", file, line);
    __builtin_trap();
}

__attribute__((weak)) void leat_task_overflowed(const char *name)
{
    fprintf(stderr, "leat: the stack of task \"%s\" has overflowed\n", name);
    __builtin_trap();
}

static void posix_console(struct leat_host *host, const char *text, size_t len)
{
    (void)host;
    while (len > 0) {
        ssize_t put = write(STDOUT_FILENO, text, len);

        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return; /* the output is closed */
        text += put;
        len -= (size_t)put;
    }
}

enum leat_err leat_posix_open(struct leat_posix **posix)
{
    struct leat_posix *made = calloc(1, sizeof *made);
    sigset_t ending;

    if (!made)
        return LEAT_ERR_MEMORY;
    made->host = (struct leat_host){.now_ns = posix_now_ns,
                                    .wait = posix_wait,
                                    .entropy = posix_entropy,
                                    .console = posix_console,
                                    .civil_ns = posix_civil_ns};
    made->descriptor = -1;
    sigemptyset(&ending);
    sigaddset(&ending, SIGINT);
    sigaddset(&ending, SIGTERM);
    /* Blocked first: a signal between the two calls would end the process. */
    sigprocmask(SIG_BLOCK, &ending, &made->mask_before);
    made->watched[0].fd = signalfd(-1, &ending, SFD_NONBLOCK | SFD_CLOEXEC);
    made->watched[0].events = POLLIN;
    made->watched_count = 1;
    if (made->watched[0].fd < 0) {
        leat_posix_close(made);
        return LEAT_ERR_DEVICE;
    }
    *posix = made;
    return LEAT_OK;
}

enum leat_err leat_posix_on_hangup(struct leat_posix *posix, void (*on_hangup)(void *arg),
                                   void *arg)
{
    sigset_t ours;

    sigemptyset(&ours);
    /* signalfd() replaces the whole set, so the first two are in it again. */
    sigaddset(&ours, SIGINT);
    sigaddset(&ours, SIGTERM);
    sigaddset(&ours, SIGHUP);
    posix->on_hangup = on_hangup;
    posix->on_hangup_arg = arg;
    sigprocmask(SIG_BLOCK, &ours, NULL);
    return signalfd(posix->watched[0].fd, &ours, SFD_NONBLOCK | SFD_CLOEXEC) < 0 ? LEAT_ERR_DEVICE
                                                                                 : LEAT_OK;
}

struct leat_host *leat_posix_host(struct leat_posix *posix)
{
    return &posix->host;
}

/* The entry of @fd, paused or not, or NULL. */
static struct pollfd *posix_find(struct leat_posix *posix, int fd)
{
    for (nfds_t i = 1; i < posix->watched_count; i++)
        if (posix->watched[i].fd == fd || posix->watched[i].fd == ~fd)
            return &posix->watched[i];
    return NULL;
}

/* Updates the epoll of leat_posix_descriptor() by @entry. */
static void posix_show(const struct leat_posix *posix, const struct pollfd *entry)
{
    const int fd = entry->fd < 0 ? ~entry->fd : entry->fd;
    struct epoll_event event = {.events = EPOLLIN, .data = {.fd = fd}};

    if (posix->descriptor < 0)
        return;
    if (entry->events & POLLOUT)
        event.events |= EPOLLOUT;
    /* These two work from every state. To delete a descriptor that isn't there only fails. */
    epoll_ctl(posix->descriptor, EPOLL_CTL_DEL, fd, NULL);
    if (entry->fd >= 0)
        epoll_ctl(posix->descriptor, EPOLL_CTL_ADD, fd, &event);
}

int leat_posix_descriptor(struct leat_posix *posix)
{
    if (posix->descriptor >= 0)
        return posix->descriptor;
    posix->descriptor = epoll_create1(EPOLL_CLOEXEC);
    for (nfds_t i = 0; i < posix->watched_count; i++)
        posix_show(posix, &posix->watched[i]);
    return posix->descriptor;
}

enum leat_err leat_posix_watch(struct leat_posix *posix, int fd, bool wanted)
{
    struct pollfd *entry = posix_find(posix, fd);

    if (fd < 0)
        return LEAT_ERR_ARGUMENT;
    if (!entry) {
        if (posix->watched_count == 1 + LEAT_POSIX_WATCHED_MAX)
            return LEAT_ERR_FULL;
        entry = &posix->watched[posix->watched_count++];
        entry->events = POLLIN;
    }
    entry->fd = wanted ? fd : ~fd; /* ppoll passes over a negative descriptor */
    entry->revents = 0;
    posix_show(posix, entry);
    return LEAT_OK;
}

void leat_posix_watch_output(struct leat_posix *posix, int fd, bool wanted)
{
    struct pollfd *entry = posix_find(posix, fd);

    if (!entry)
        return;
    entry->events = wanted ? POLLIN | POLLOUT : POLLIN;
    posix_show(posix, entry);
}

void leat_posix_unwatch(struct leat_posix *posix, int fd)
{
    struct pollfd *entry = posix_find(posix, fd);

    if (!entry)
        return;
    entry->fd = ~fd;
    posix_show(posix, entry);
    /* The order of the others doesn't matter, except for entry 0, which is never removed. */
    *entry = posix->watched[--posix->watched_count];
}

void leat_posix_close(struct leat_posix *posix)
{
    if (!posix)
        return;
    if (posix->watched[0].fd >= 0)
        close(posix->watched[0].fd);
    if (posix->descriptor >= 0)
        close(posix->descriptor);
    sigprocmask(SIG_SETMASK, &posix->mask_before, NULL);
    free(posix);
}
