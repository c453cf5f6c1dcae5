/*
 * passt.c -- starts passt as a child.  By sockets of its own passt gives the program of an ordinary
 * user the network of the host.  It reads frames from our end of a socketpair, and ends when that
 * closes.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "inside.h"

enum {
    /* A frame of it is one write (WHOLE_WRITE_BYTES).  Passt rounds its MSS down to a multiple of
     * 4,096: 32,768 with headers of 40 bytes. */
    MTU_DEFAULT = 32768 + 40,
    ARGUMENTS_MAX = 48,
    /* Passt drops data that its end of the socket doesn't accept at once: it holds our window. */
    THEIR_BUFFER_BYTES = 4 * 1024 * 1024
};

/* The arguments of passt; the strings live as long as it. */
struct command {
    const char *words[ARGUMENTS_MAX]; /* ours are 17; the rest is for ports */
    uint32_t count;
    char fd[12], mtu[12], bits[12];
    char ip[LEAT_IP_TEXT_BYTES], ip6[LEAT_IP_TEXT_BYTES], gateway[LEAT_IP_TEXT_BYTES];
};

static void add(struct command *command, const char *word)
{
    command->words[command->count++] = word;
}

static void add_pair(struct command *command, const char *option, const char *value)
{
    add(command, option);
    add(command, value);
}

/* False: there are too many. */
static bool add_ports(struct command *command, const char *option, const char *const *ports)
{
    for (; ports && *ports; ports++) {
        if (command->count + 2 >= ARGUMENTS_MAX)
            return false;
        add_pair(command, option, *ports);
    }
    return true;
}

static bool make_command(struct command *command, const struct leat_passt_config *config, int fd)
{
    const unsigned mtu = config->mtu ? config->mtu : MTU_DEFAULT;

    command->count = 0;
    snprintf(command->fd, sizeof command->fd, "%d", fd);
    snprintf(command->mtu, sizeof command->mtu, "%u", mtu);
    snprintf(command->bits, sizeof command->bits, "%u", (unsigned)config->prefix_bits);
    leat_ip_format(config->ip, command->ip);
    leat_ip_format(config->gateway, command->gateway);
    add(command, config->program ? config->program : "passt");
    add(command, "--foreground");
    add(command, "--quiet");
    add(command, "--stderr");
    if (config->ipv4_only)
        add(command, "--ipv4-only");
    add_pair(command, "--fd", command->fd);
    add_pair(command, "--mtu", command->mtu);
    add_pair(command, "--address", command->ip);
    add_pair(command, "--netmask", command->bits);
    add_pair(command, "--gateway", command->gateway);
    add_pair(command, "--dns-forward", command->gateway);
    if (!leat_ip_is_any(config->ip6)) {
        leat_ip_format(config->ip6, command->ip6);
        add_pair(command, "--address", command->ip6);
    }
    return add_ports(command, "--tcp-ports", config->tcp) &&
           add_ports(command, "--udp-ports", config->udp);
}

/* In the child.  If the program can't be started, errno is written to @report. */
static void become_passt(struct command *command, int report)
{
    sigset_t none;
    int error;

    sigemptyset(&none); /* the host has blocked the signals that end the program */
    sigprocmask(SIG_SETMASK, &none, NULL);
    /* passt must not outlive a program that was killed, and so couldn't end it. */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    command->words[command->count] = NULL;
    execvp(command->words[0], (char *const *)(uintptr_t)command->words);
    error = errno;
    if (write(report, &error, sizeof error) < 0) {
    }
    _exit(127);
}

/* Starts @command; returns 0 and *@child, or errno. */
static int start(struct command *command, int theirs, pid_t *child)
{
    int report[2], error = 0;
    ssize_t got = 0;

    /* A successful exec closes the writing end without a byte; a failed one writes errno first. So
     * the parent learns the outcome without a wait for passt. */
    if (pipe2(report, O_CLOEXEC))
        return errno;
    *child = fork();
    if (*child == 0) {
        fcntl(theirs, F_SETFD, 0);
        become_passt(command, report[1]);
    }
    if (*child < 0)
        error = errno;
    close(report[1]);
    do /* it closes when the program has begun */
        got = *child > 0 ? read(report[0], &error, sizeof error) : 0;
    while (got < 0 && errno == EINTR);
    if (got > 0)
        waitpid(*child, NULL, 0);
    close(report[0]);
    return error;
}

/* Starts passt with @theirs as its end of the socket. */
static enum leat_err start_passt(const struct leat_passt_config *config, int theirs, pid_t *child,
                                 char why[LEAT_WHY_BYTES])
{
    struct command *command = calloc(1, sizeof *command);
    enum leat_err err = LEAT_OK;
    int error;

    snprintf(why, LEAT_WHY_BYTES, "no memory for passt");
    if (!command)
        return LEAT_ERR_MEMORY;
    if (make_command(command, config, theirs)) {
        error = start(command, theirs, child);
        snprintf(why, LEAT_WHY_BYTES, "can't start %.100s: %s%s", command->words[0],
                 strerror(error),
                 error == ENOENT ? "; install it (Debian: apt-get install passt)" : "");
        err = error == 0 ? LEAT_OK : error == ENOENT ? LEAT_ERR_NOT_FOUND : LEAT_ERR_DEVICE;
    } else {
        snprintf(why, LEAT_WHY_BYTES, "passt: too many ports are forwarded");
        err = LEAT_ERR_ARGUMENT;
    }
    free(command);
    return err;
}

enum leat_err leat_passt_open(struct leat_socket **socket, const struct leat_passt_config *config,
                              char why[LEAT_WHY_BYTES])
{
    struct leat_socket_config ours = {
        .mac = config->mac, .posix = config->posix, .mtu = config->mtu ? config->mtu : MTU_DEFAULT};
    const int room = THEIR_BUFFER_BYTES;
    enum leat_err err;
    pid_t child = 0;
    int ends[2];

    if (LEAT_RESERVED_IS_USED(config)) {
        snprintf(why, LEAT_WHY_BYTES, LEAT_RESERVED_WHY);
        return LEAT_ERR_ARGUMENT;
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends)) {
        snprintf(why, LEAT_WHY_BYTES, "no socket for passt: %s", strerror(errno));
        return LEAT_ERR_DEVICE;
    }
    setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    err = start_passt(config, ends[1], &child, why);
    /* Only passt has its end now, so it closes when passt ends. */
    close(ends[1]);
    if (err) {
        close(ends[0]);
        return err;
    }
    ours.fd = ends[0];
    err = leat_socket_open(socket, &ours, why);
    if (err) {
        leat_socket_end_child(child);
        return err;
    }
    (*socket)->child = child;
    snprintf((*socket)->name, sizeof(*socket)->name, "passt");
    return LEAT_OK;
}
