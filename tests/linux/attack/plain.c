/*
 * plain.c -- echo and chargen on Linux's sockets, for comparison with leat's.
 *
 *      plain echo          port 7
 *      plain chargen       port 19, and --ipv6 behind it: over IPv6 instead of IPv4
 *
 * One thread, one epoll, and no limit but that of descriptors, as is common in such servers.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    CLIENTS_MAX = 60000,
    HELD_BYTES = 16384, /* bytes of a client that are not echoed yet */
    EVENTS = 64,
    BACKLOG = 1024,
    WIDTH = 72,
    LINE_BYTES = WIDTH + 2,
    KINDS = 95,
    PERIOD = KINDS * LINE_BYTES
};

struct client {
    uint32_t at, len; /* echo: range in `held`; chargen: `at` alone, in the period */
    char *held;
};

struct server {
    bool is_echo;
    int epoll;
    struct client clients[CLIENTS_MAX]; /* by descriptor */
    char lines[2 * PERIOD];
    char ignored[4096];
    struct epoll_event events[EVENTS];
};

static void end(struct server *server, int fd)
{
    free(server->clients[fd].held);
    server->clients[fd] = (struct client){0};
    close(fd);
}

/* Echoes as much as the socket takes; false: the client is gone. */
static bool echo(struct client *client, int fd)
{
    ssize_t done;

    for (;;) {
        if (client->len == 0) {
            done = recv(fd, client->held, HELD_BYTES, 0);
            if (done <= 0)
                return done < 0 && errno == EAGAIN;
            client->at = 0;
            client->len = (uint32_t)done;
        }
        done = send(fd, client->held + client->at, client->len, MSG_NOSIGNAL);
        if (done < 0)
            return errno == EAGAIN;
        client->at += (uint32_t)done;
        client->len -= (uint32_t)done;
    }
}

static bool generate(struct server *server, struct client *client, int fd)
{
    ssize_t done;

    while ((done = recv(fd, server->ignored, sizeof server->ignored, 0)) > 0) {
    }
    if (done == 0 || errno != EAGAIN)
        return false;
    while ((done = send(fd, server->lines + client->at, PERIOD, MSG_NOSIGNAL)) > 0)
        client->at = (client->at + (uint32_t)done) % PERIOD;
    return errno == EAGAIN;
}

static void serve(struct server *server, int fd)
{
    struct client *client = &server->clients[fd];

    if (!(server->is_echo ? echo(client, fd) : generate(server, client, fd)))
        end(server, fd);
}

static void accept_all(struct server *server, int listener)
{
    int fd;

    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.fd = fd};

        if (fd >= CLIENTS_MAX ||
            (server->is_echo && !(server->clients[fd].held = malloc(HELD_BYTES))) ||
            epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
            close(fd);
    }
}

static int listen_on(uint16_t port, bool v6)
{
    const struct sockaddr_in where = {.sin_family = AF_INET, .sin_port = htons(port)};
    const struct sockaddr_in6 where6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    const struct sockaddr *at =
        v6 ? (const struct sockaddr *)&where6 : (const struct sockaddr *)&where;
    int on = 1;
    int fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        bind(fd, at, v6 ? sizeof where6 : sizeof where) < 0 || listen(fd, BACKLOG) < 0) {
        fprintf(stderr, "plain: port %u: %s\n", port, strerror(errno));
        exit(1);
    }
    return fd;
}

static void make_lines(struct server *server)
{
    for (uint32_t i = 0; i < sizeof server->lines; i++) {
        const uint32_t column = i % LINE_BYTES;

        server->lines[i] = column == WIDTH       ? '\r'
                           : column == WIDTH + 1 ? '\n'
                                                 : (char)(' ' + (i / LINE_BYTES + column) % KINDS);
    }
}

static void serve_for_ever(struct server *server, int listener)
{
    for (;;) {
        const int count = epoll_wait(server->epoll, server->events, EVENTS, -1);

        for (int i = 0; i < count; i++) {
            if (server->events[i].data.fd == listener)
                accept_all(server, listener);
            else
                serve(server, server->events[i].data.fd);
        }
    }
}

int main(int argc, char **argv)
{
    static struct server server;
    struct epoll_event event = {.events = EPOLLIN};

    const bool v6 = argc == 3 && strcmp(argv[2], "--ipv6") == 0;

    if (argc != 2 + v6 || (strcmp(argv[1], "echo") != 0 && strcmp(argv[1], "chargen") != 0)) {
        fprintf(stderr, "usage: plain echo | chargen [--ipv6]\n");
        return 2;
    }
    server.is_echo = strcmp(argv[1], "echo") == 0;
    make_lines(&server);
    event.data.fd = listen_on(server.is_echo ? 7 : 19, v6);
    server.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_ctl(server.epoll, EPOLL_CTL_ADD, event.data.fd, &event) < 0)
        return 1;
    serve_for_ever(&server, event.data.fd);
}
