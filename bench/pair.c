/*
 * pair.c -- what a frame there and back costs two processes: over a UNIX socket, and in shared
 * memory.  No stack: the backends alone.  Processor time is that of both processes together.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <leat/shm.h>
#include <leat/socket.h>

#include "core/pool.h"

enum {
    BURST = 64,
    BUFFERS = 1024,
    FRAME_BYTES = 64
};

struct end {
    struct leat_pool pool;
    struct leat_posix *posix;
    struct leat_netif *netif;
    struct leat_shm *shm;
    struct leat_socket *socket;
};

static const struct leat_mac mac = {{2, 0, 0, 0, 0, 1}};

static void open_end(struct end *end, bool shared, bool second, int fd)
{
    const size_t bytes = pool_cost(BUFFERS, 2048, BUFFERS, 4 * BUFFERS);
    struct arena arena = {.next = aligned_alloc(ARENA_ALIGN, bytes)};
    const struct leat_socket_config on_socket = {.fd = fd, .mac = &mac};
    char why[LEAT_WHY_BYTES] = "no memory";
    bool good;

    arena.end = arena.next + bytes;
    good = arena.next && pool_init(&end->pool, &arena, BUFFERS, 2048, BUFFERS, 4 * BUFFERS) &&
           leat_posix_open(&end->posix) == LEAT_OK;
    if (good && shared) {
        const struct leat_shm_config config = {
            .fd = fd, .listen = second, .mac = &mac, .posix = end->posix};

        good = leat_shm_open(&end->shm, &config, why) == LEAT_OK;
        end->netif = good ? leat_shm_netif(end->shm) : NULL;
    } else if (good) {
        struct leat_socket_config config = on_socket;

        config.posix = end->posix;
        good = leat_socket_open(&end->socket, &config, why) == LEAT_OK;
        end->netif = good ? leat_socket_netif(end->socket) : NULL;
    }
    if (!good) {
        fprintf(stderr, "pair: %s\n", why);
        exit(1);
    }
}

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static bool is_lost(const struct end *end)
{
    return end->shm ? leat_shm_lost(end->shm) != NULL : leat_socket_lost(end->socket) != NULL;
}

/* Receives; waits when there is nothing. */
static uint32_t receive(struct end *end, struct leat_buf **frames)
{
    const uint64_t now = now_ns();
    const uint32_t count = end->netif->ops->receive(end->netif, now, &end->pool, frames, BURST);
    struct leat_host *host = leat_posix_host(end->posix);
    const uint64_t look = end->netif->ops->next_look_ns(end->netif, now);

    if (count == 0 && look > now && !is_lost(end))
        host->wait(host, look);
    return count;
}

/* Sends back what comes, until nobody is there. */
static void reflect(struct end *end)
{
    static struct leat_buf *frames[BURST];

    while (!is_lost(end)) {
        const uint32_t count = receive(end, frames);

        if (count > 0 && end->netif->ops->transmit_room(end->netif) >= count)
            end->netif->ops->transmit(end->netif, now_ns(), frames, count);
    }
}

static void drive(struct end *end, uint32_t rounds, uint32_t burst)
{
    static const uint8_t bytes[FRAME_BYTES];
    static struct leat_buf *frames[BURST];

    for (uint32_t round = 0; round < rounds; round++) {
        for (uint32_t i = 0; i < burst; i++)
            frames[i] = leat_buf_copy(&end->pool, bytes, sizeof bytes);
        end->netif->ops->transmit_room(end->netif);
        end->netif->ops->transmit(end->netif, now_ns(), frames, burst);
        for (uint32_t back = 0; back < burst;) {
            const uint32_t count = receive(end, frames);

            for (uint32_t i = 0; i < count; i++)
                leat_buf_free(frames[i]);
            back += count;
        }
    }
}

static double processor_s(int who)
{
    struct rusage used;

    getrusage(who, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           1e-6 * (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

static void measure(bool shared, uint32_t rounds, uint32_t burst)
{
    const double all = (double)rounds * burst;
    const double ours = processor_s(RUSAGE_SELF), theirs = processor_s(RUSAGE_CHILDREN);
    const uint64_t begin = now_ns();
    static struct end end;
    uint64_t rung = 0;
    double clock_s;
    int ends[2];
    pid_t child;

    end = (struct end){0};
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) || (child = fork()) < 0)
        exit(1);
    close(ends[child == 0 ? 0 : 1]);
    open_end(&end, shared, child == 0, ends[child == 0 ? 1 : 0]);
    if (child == 0) {
        reflect(&end);
        _exit(0);
    }
    drive(&end, rounds, burst);
    clock_s = 1e-9 * (double)(now_ns() - begin);
    if (shared)
        rung = leat_shm_counters(end.shm)->bells_rung;
    leat_shm_close(end.shm);
    leat_socket_close(end.socket);
    leat_posix_close(end.posix);
    waitpid(child, NULL, 0);
    printf("%-6s %5u %12.3f %12.3f %14.3f\n", shared ? "shm" : "socket", (unsigned)burst,
           1e6 * (processor_s(RUSAGE_SELF) - ours + processor_s(RUSAGE_CHILDREN) - theirs) / all,
           1e6 * clock_s / all, (double)rung / rounds);
}

int main(int count, char **words)
{
    const long rounds = count > 1 ? strtol(words[1], NULL, 10) : 20000;

    if (rounds < 1 || rounds > 100000000 || count > 2) {
        fprintf(stderr, "usage: pair [BURSTS]\n"
                        "Sends bursts of 64-byte frames to another process and waits for them.\n");
        return 2;
    }
    printf("over   burst  us both ends  us by clock  bells a burst\n");
    fflush(stdout);
    for (uint32_t burst = 1; burst <= BURST; burst *= 8) {
        measure(false, (uint32_t)rounds, burst);
        measure(true, (uint32_t)rounds, burst);
        fflush(stdout);
    }
    return 0;
}
