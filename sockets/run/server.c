/*
 * server.c -- the loop, which serves leat and the sockets of the program in turn.
 */
#include "server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <leat/posix.h>

#include "posix_program.h"

enum {
    EVENTS_MAX = 256,
    BACKLOG = 4096
};

/* A descriptor of the listeners. */
struct listener {
    enum watch watch;
    int fd;
};

struct server server = {.epoll = -1};

static struct listener listeners[] = {
    {WATCH_CALLS, -1}, {WATCH_STREAMS, -1}, {WATCH_DATAGRAMS, -1}};
static struct leat_timer sweep;
static struct leat_drainer sending;

static struct program *program_of(struct leat_platform *platform)
{
    return (struct program *)platform; /* its first member */
}

bool server_has_device(void)
{
    return !program_of(server.platform)->device_is_lost;
}

bool server_watch(int fd, uint32_t events, void *what)
{
    struct epoll_event event = {.events = events, .data = {.ptr = what}};

    return epoll_ctl(server.epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

/* The program's socket at the other end of @fd. */
static struct sock *sock_behind(int fd, char type)
{
    struct run_socket_name name;
    struct sockaddr_un address;
    socklen_t len = sizeof address;

    if (getpeername(fd, (struct sockaddr *)&address, &len) ||
        !run_name_read(&address, len, server.run, &name, sizeof name) || name.kind != 'p' ||
        name.type != type)
        return NULL;
    if (type == 's')
        return sock_find(&name.id);
    return sock_find(&name.id) ? NULL : sock_new(&name.id, name.family, type);
}

/* Takes the ends of the program's sockets. One of TCP was announced by RUN_CONNECT, with the
 * token; one of UDP does nothing before datagram_trust(). */
static void take_ends(const struct listener *listener)
{
    const char type = listener->watch == WATCH_STREAMS ? 's' : 'd';
    int fd;

    while ((fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct sock *sock = sock_behind(fd, type);

        if (!sock || sock->fd >= 0 ||
            (type == 's' && sock->state != SOCK_CONNECTING && sock->state != SOCK_OPEN)) {
            close(fd); /* the program sees that as ECONNRESET, and asks why */
            continue;
        }
        if (type == 's')
            stream_arrived(sock, fd);
        else if (datagram_arrived(sock, fd))
            sock_free(sock);
    }
}

void server_take_datagrams(void)
{
    take_ends(&listeners[2]);
}

static void serve(struct epoll_event *event)
{
    void *what = event->data.ptr;
    const enum watch watch = *(const enum watch *)what;
    struct sock *sock = what;

    if (watch == WATCH_CALLS)
        calls_accept(((const struct listener *)what)->fd);
    else if (watch == WATCH_STREAMS || watch == WATCH_DATAGRAMS)
        take_ends(what);
    else if (watch == WATCH_CALL)
        call_event(what);
    else if (sock->state == SOCK_DATAGRAM)
        datagram_event(sock);
    else if (sock->state != SOCK_FREE)
        stream_event(sock, event->events);
}

/* Ends of the program's sockets come before calls about them, which mostly need them then. */
static bool is_call(const struct epoll_event *event)
{
    const enum watch watch = *(const enum watch *)event->data.ptr;

    return watch == WATCH_CALLS || watch == WATCH_CALL;
}

static bool wait_and_serve(struct leat_host *host, uint64_t deadline_ns)
{
    struct epoll_event events[EVENTS_MAX];
    const bool waits = !streams_reset() && fast_may_sleep();
    const bool goes_on = server.wait(host, waits ? deadline_ns : 0);
    const int count = epoll_wait(server.epoll, events, EVENTS_MAX, 0);

    for (int i = 0; i < count; i++)
        if (!is_call(&events[i]))
            serve(&events[i]);
    for (int i = 0; i < count; i++)
        if (is_call(&events[i]))
            serve(&events[i]);
    fast_serve();
    return goes_on;
}

static void on_sweep(struct leat_timer *timer, void *arg)
{
    const uint64_t every_ns = 1000000000;

    (void)arg;
    socks_sweep();
    fast_sweep();
    leat_timer_set(server.platform->stack, timer, leat_now_ns(server.platform->stack) + every_ns);
}

/* The program has ended. As with the kernel's sockets, the data that it wrote is still sent. */
static bool is_busy(struct leat_drainer *drainer)
{
    (void)drainer;
    return socks_send_on();
}

static const char *listen_at(struct listener *listener, int type, const char *rest)
{
    struct sockaddr_un address;
    const socklen_t len = run_address(&address, server.run, rest, strlen(rest));

    listener->fd = socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener->fd < 0 || bind(listener->fd, (struct sockaddr *)&address, len) ||
        listen(listener->fd, BACKLOG) || !server_watch(listener->fd, EPOLLIN, listener))
        return "can't listen on a UNIX socket";
    return NULL;
}

static void say_nothing(struct leat_platform *platform, const char *line)
{
    (void)platform;
    (void)line;
}

static const char *start(struct leat_platform *platform)
{
    struct program *program = program_of(platform);
    struct rlimit limit;
    const char *wrong;

    server.platform = platform;
    /* what the peer has sent before is still to be read by the program */
    program->outlives_device = true;
    platform->has_ipv6 |= program->options.ip6_count > 0;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    server.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (server.epoll < 0 || leat_posix_watch(program->device.posix, server.epoll, true))
        return "no descriptor is left";
    wrong = listen_at(&listeners[0], SOCK_SEQPACKET, "");
    if (!wrong)
        wrong = listen_at(&listeners[1], SOCK_STREAM, "s");
    if (!wrong)
        wrong = listen_at(&listeners[2], SOCK_SEQPACKET, "d");
    if (!wrong)
        wrong = lookup_open(platform);
    if (!wrong && server.is_fast)
        wrong = fast_open(program_of(platform)->options.busy_poll_us);
    if (wrong)
        return wrong;
    server.wait = platform->host->wait;
    platform->host->wait = wait_and_serve;
    sending.is_busy = is_busy;
    leat_drainer_add(platform->stack, &sending);
    sweep.on_time = on_sweep;
    on_sweep(&sweep, NULL);
    /* lines of a start don't belong between those of the program */
    if (!program->options.verbose)
        platform->say = say_nothing;
    if (write(server.ready, "", 1) != 1)
        return "the program is gone";
    return NULL;
}

int server_main(int argc, char **argv, const char *run, const uint8_t token[RUN_TOKEN_BYTES],
                bool is_fast, int ready)
{
    static const struct leat_tcp_config tcp = {.listeners = 256};
    static struct leat_app app = {
        .name = "leat-run",
        .summary = "Runs a program on leat: its TCP, UDP and names, without a change to it.",
        .arguments = "PROGRAM [ARGUMENTS]",
        .tcp = &tcp,
        .prints = true,
        .lacks = leat_platform_lacks_server,
        .start = start};

    /* with options of its own, a program takes words that aren't known for its arguments */
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0)
            app.own_options =
                "  --fast             data passes through shared memory (docs/leat-run.md)";
    server.run = run;
    server.is_fast = is_fast;
    server.ready = ready;
    memcpy(server.token, token, sizeof server.token);
    return leat_main(argc, argv, &app);
}
