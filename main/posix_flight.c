/*
 * posix_flight.c -- when the flight recorder is dumped on POSIX, and where to.
 *
 * A signal handler may do little: the dump takes no memory and no locks, and uses write().  SIGUSR1
 * may come while a frame is being recorded, so its dump waits for the loop.
 */
#include "posix_flight.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

static const struct flight *watched; /* a process has one set of signals */
static const char *watched_path;
static int wake_fd = -1;
static volatile sig_atomic_t asked;

static void write_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        const ssize_t put = write(fd, bytes, len);

        if (put <= 0)
            return; /* no place to report it */
        bytes += put;
        len -= (size_t)put;
    }
}

static void write_file(void *arg, const void *bytes, size_t len)
{
    write_all(*(int *)arg, bytes, len);
}

static void write_console(struct leat_host *host, const char *text, size_t len)
{
    (void)host;
    write_all(STDERR_FILENO, text, len);
}

void posix_flight_dump(void)
{
    struct leat_host console = {.console = write_console};
    int fd;

    if (!watched || !watched->recorder)
        return;
    if (!watched_path) {
        leat_flight_dump_hex(watched->recorder, &console);
        return;
    }
    fd = open(watched_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) { /* better on the console than lost */
        static const char trouble[] = "can't write --flight-file: the last frames are here\n";

        write_console(&console, trouble, sizeof trouble - 1);
        leat_flight_dump_hex(watched->recorder, &console);
        return;
    }
    leat_flight_dump(watched->recorder, write_file, &fd);
    close(fd);
}

/* SA_RESETHAND: the signal comes again when this returns, and ends the process as it would have. */
static void on_crash(int signal)
{
    posix_flight_dump();
    raise(signal);
}

static void on_asked(int signal)
{
    const uint64_t one = 1;

    (void)signal;
    asked = 1;
    if (wake_fd >= 0 && write(wake_fd, &one, sizeof one) < 0)
        return; /* it is awake */
}

void posix_flight_look(void)
{
    uint64_t count;

    if (!asked)
        return;
    asked = 0;
    if (read(wake_fd, &count, sizeof count) < 0)
        return; /* the signal is half way: the next look finds it */
    posix_flight_dump();
}

void posix_flight_watch(struct flight *flight, const char *path, struct leat_posix *posix)
{
    static const int crashes[] = {SIGILL, SIGTRAP, SIGABRT, SIGSEGV, SIGBUS, SIGFPE};
    struct sigaction crash = {.sa_handler = on_crash, .sa_flags = (int)SA_RESETHAND};
    struct sigaction ask = {.sa_handler = on_asked, .sa_flags = SA_RESTART};

    if (!flight->recorder)
        return;
    watched = flight;
    watched_path = path;
    for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++)
        sigaction(crashes[i], &crash, NULL);
    wake_fd = posix ? eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) : -1;
    if (wake_fd < 0 || leat_posix_watch(posix, wake_fd, true))
        return;
    sigaction(SIGUSR1, &ask, NULL);
}

void posix_flight_end(void)
{
    watched = NULL;
    if (wake_fd >= 0)
        close(wake_fd);
    wake_fd = -1;
}
