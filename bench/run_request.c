/*
 * run_request.c -- a request of 64 bytes and its response by blocking calls, for bench/run.py.
 *
 *   run_request serve PORT
 *   run_request ask ADDRESS PORT COUNT    prints the median and the mean in nanoseconds
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    BYTES = 64,
    COUNT_MAX = 1000000
};

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
    const uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return left < right ? -1 : left > right;
}

static int serve(uint16_t port)
{
    const struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    const int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    char bytes[BYTES];

    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (const struct sockaddr *)&at, sizeof at) || listen(listener, 16))
        return EXIT_FAILURE;
    puts("ready");
    fflush(stdout);
    for (;;) {
        const int fd = accept(listener, NULL, NULL);

        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        while (recv(fd, bytes, sizeof bytes, MSG_WAITALL) == BYTES)
            send(fd, bytes, sizeof bytes, MSG_NOSIGNAL);
        close(fd);
    }
}

static int ask(const char *address, uint16_t port, uint32_t count)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    const int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    static uint64_t took_ns[COUNT_MAX];
    const uint64_t begin_ns = now_ns();
    char bytes[BYTES] = {0};

    inet_pton(AF_INET, address, &to.sin_addr);
    if (connect(fd, (const struct sockaddr *)&to, sizeof to))
        return EXIT_FAILURE;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    for (uint32_t i = 0; i < count; i++) {
        const uint64_t from_ns = now_ns();

        if (send(fd, bytes, sizeof bytes, MSG_NOSIGNAL) != BYTES ||
            recv(fd, bytes, sizeof bytes, MSG_WAITALL) != BYTES)
            return EXIT_FAILURE;
        took_ns[i] = now_ns() - from_ns;
    }
    qsort(took_ns, count, sizeof *took_ns, by_size);
    printf("%llu %llu\n", (unsigned long long)took_ns[count / 2],
           (unsigned long long)((now_ns() - begin_ns) / count));
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "serve") == 0)
        return serve((uint16_t)atoi(argv[2]));
    if (argc == 5 && strcmp(argv[1], "ask") == 0 && atoi(argv[4]) > 0 && atoi(argv[4]) <= COUNT_MAX)
        return ask(argv[2], (uint16_t)atoi(argv[3]), (uint32_t)atoi(argv[4]));
    fprintf(stderr, "usage: run_request serve PORT | ask ADDRESS PORT COUNT\n");
    return 2;
}
