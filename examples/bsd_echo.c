/*
 * bsd_echo.c -- the Echo Protocol (RFC 862) by nothing but POSIX's sockets: no line knows leat.
 *
 * usage: bsd_echo PORT            echoes on all addresses, many clients at a time, by poll()
 *        bsd_echo HOST PORT TEXT  sends TEXT to such a server, and prints the answer
 *
 * The same file is built against the C library, and against leat.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    CLIENTS = 32,
    BYTES = 4096
};

int main(int argc, char **argv);

/* A client, and the part of its data that was not sent back yet. */
struct client {
    size_t len, sent;
    char bytes[BYTES];
};

static struct pollfd fds[1 + CLIENTS]; /* the first is the listener */
static struct client clients[1 + CLIENTS];
static nfds_t count;

/* ---- server --------------------------------------------------------------------------------- */

static int listen_at(const char *port)
{
    const struct addrinfo hints = {
        .ai_flags = AI_PASSIVE, .ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    const int on = 1;
    int fd;

    if (getaddrinfo(NULL, port, &hints, &found))
        return -1;
    fd = socket(found->ai_family, found->ai_socktype, found->ai_protocol);
    if (fd >= 0 && (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) ||
                    bind(fd, found->ai_addr, found->ai_addrlen) || listen(fd, 16))) {
        close(fd);
        fd = -1;
    }
    freeaddrinfo(found);
    return fd;
}

static void accept_one(void)
{
    const int fd = accept(fds[0].fd, NULL, NULL);

    if (fd < 0)
        return;
    if (count == 1 + CLIENTS || fcntl(fd, F_SETFL, O_NONBLOCK)) {
        close(fd);
        return;
    }
    clients[count].len = clients[count].sent = 0;
    fds[count++] = (struct pollfd){.fd = fd, .events = POLLIN};
}

static void drop(nfds_t i)
{
    close(fds[i].fd);
    count--;
    fds[i] = fds[count];
    clients[i] = clients[count];
}

/* Reads if all was sent back, else sends. False: the client is gone. */
static int serve(nfds_t i)
{
    struct client *client = &clients[i];
    ssize_t done;

    if (client->sent == client->len) {
        done = recv(fds[i].fd, client->bytes, sizeof client->bytes, 0);
        client->len = done > 0 ? (size_t)done : 0;
        client->sent = 0;
    } else {
        done =
            send(fds[i].fd, client->bytes + client->sent, client->len - client->sent, MSG_NOSIGNAL);
        client->sent += done > 0 ? (size_t)done : 0;
    }
    fds[i].events = client->sent < client->len ? POLLOUT : POLLIN;
    return done > 0 || (done < 0 && errno == EAGAIN);
}

static int serve_all(const char *port)
{
    const int fd = listen_at(port);

    if (fd < 0) {
        printf("can't listen: %s\n", strerror(errno));
        return 1;
    }
    fds[0] = (struct pollfd){.fd = fd, .events = POLLIN};
    count = 1;
    while (poll(fds, count, -1) > 0) {
        for (nfds_t i = count - 1; i > 0; i--) {
            if (fds[i].revents && !serve(i))
                drop(i);
        }
        if (fds[0].revents)
            accept_one();
    }
    while (count > 0)
        close(fds[--count].fd);
    return 0;
}

/* ---- client --------------------------------------------------------------------------------- */

static int connect_to(const char *host, const char *port)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    const int error = getaddrinfo(host, port, &hints, &found);
    int fd = -1;

    if (error) {
        printf("%s: %s\n", host, gai_strerror(error));
        return -1;
    }
    for (const struct addrinfo *next = found; next && fd < 0; next = next->ai_next) {
        fd = socket(next->ai_family, next->ai_socktype, next->ai_protocol);
        if (fd >= 0 && connect(fd, next->ai_addr, next->ai_addrlen)) {
            printf("%s: %s\n", host, strerror(errno));
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(found);
    return fd;
}

static int ask(const char *host, const char *port, const char *text)
{
    const int fd = connect_to(host, port);
    static char bytes[BYTES]; /* on leat this runs on the stack of a task, which is small */
    ssize_t got = -1;

    if (fd < 0)
        return 1;
    if (send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text) &&
        shutdown(fd, SHUT_WR) == 0) {
        while ((got = recv(fd, bytes, sizeof bytes, 0)) > 0)
            printf("%.*s", (int)got, bytes);
        printf("\n");
    }
    close(fd);
    return got == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc == 4)
        return ask(argv[1], argv[2], argv[3]);
    if (argc == 2)
        return serve_all(argv[1]);
    printf("usage: bsd_echo PORT | bsd_echo HOST PORT TEXT\n");
    return 2;
}
