/*
 * pair.c -- the cost of a frame there and back between two processes, for each backend.
 *
 *      pair [--bursts N] [--burst FRAMES] [--bytes N] [--busy-poll US] [BACKEND...]
 *
 * A BACKEND is socket, datagram, shm, tap:DEVICE,DEVICE (two TAP devices that a bridge joins) or
 * xdp:DEVICE,DEVICE (two that are each other's wire).  No stack: the backends alone.  Processor
 * time is that of both processes together, from when both are open.
 */
#include <signal.h>
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
#include <leat/tap.h>
#ifdef LEAT_HAS_XDP
#include <leat/xdp.h>
#endif

#include "core/pool.h"

enum {
    BURST_MAX = 64,
    BUFFERS = 1024,
    BYTES_MAX = 1514,
    PAGE = 4096,
    TYPE_AT = 12,  /* EtherType: 88b5, for experiments (IEEE 802) */
    PATIENCE_S = 5 /* then the rest of a burst counts as lost */
};

struct options {
    uint32_t bursts;
    uint32_t burst; /* 0: 1, 8 and 64 */
    uint32_t bytes;
    uint16_t busy_poll_us;
};

struct end {
    struct leat_pool pool;
    uint8_t *memory;
    size_t memory_bytes;
    struct leat_posix *posix;
    struct leat_netif *netif;
    struct leat_shm *shm;
    struct leat_socket *socket;
    struct leat_tap *tap;
    struct leat_xdp *xdp;
    const struct options *options;
};

/* The results of one run; those of the other process come through a pipe. */
struct result {
    double processor_s;
    double clock_s;
    uint32_t lost;
    uint64_t bells;
};

static const struct leat_mac macs[] = {{{2, 0, 0, 0, 0, 1}}, {{2, 0, 0, 0, 0, 2}}};

_Noreturn static void fail(const char *why)
{
    fprintf(stderr, "pair: %s\n", why);
    exit(1);
}

/* ---- opening ------------------------------------------------------------------------------ */

static void open_memory(struct end *end)
{
    const size_t bytes = pool_cost(BUFFERS, 2048, BUFFERS, 4 * BUFFERS);
    struct arena arena;

    end->memory_bytes = (bytes + PAGE - 1) / PAGE * PAGE;
    end->memory = aligned_alloc(PAGE, end->memory_bytes);
    arena = (struct arena){end->memory, end->memory + bytes};
    if (!end->memory || !pool_init(&end->pool, &arena, BUFFERS, 2048, BUFFERS, 4 * BUFFERS) ||
        leat_posix_open(&end->posix))
        fail("no memory");
}

static bool open_socket(struct end *end, bool datagrams, bool second, int fd,
                        char why[LEAT_WHY_BYTES])
{
    const struct leat_socket_config config = {.fd = fd,
                                              .framing = datagrams ? LEAT_SOCKET_DATAGRAM
                                                                   : LEAT_SOCKET_STREAM,
                                              .mac = &macs[second],
                                              .posix = end->posix};

    if (leat_socket_open(&end->socket, &config, why))
        return false;
    end->netif = leat_socket_netif(end->socket);
    return true;
}

static bool open_shm(struct end *end, bool second, int fd, char why[LEAT_WHY_BYTES])
{
    const struct leat_shm_config config = {.fd = fd,
                                           .listen = second,
                                           .mac = &macs[second],
                                           .posix = end->posix,
                                           .busy_poll_us = end->options->busy_poll_us};

    if (leat_shm_open(&end->shm, &config, why))
        return false;
    end->netif = leat_shm_netif(end->shm);
    return true;
}

static bool open_tap(struct end *end, const char *device, bool second, char why[LEAT_WHY_BYTES])
{
    const struct leat_tap_config config = {
        .device = device, .mac = &macs[second], .posix = end->posix};

    if (leat_tap_open(&end->tap, &config, why))
        return false;
    end->netif = leat_tap_netif(end->tap);
    return true;
}

static bool open_xdp(struct end *end, const char *device, char why[LEAT_WHY_BYTES])
{
#ifdef LEAT_HAS_XDP
    const struct leat_xdp_config config = {.device = device,
                                           .all = true,
                                           .memory = end->memory,
                                           .memory_bytes = end->memory_bytes,
                                           .busy_poll_us = end->options->busy_poll_us,
                                           .posix = end->posix};

    if (leat_xdp_open(&end->xdp, &config, why))
        return false;
    end->netif = leat_xdp_netif(end->xdp);
    return true;
#else
    (void)end;
    (void)device;
    snprintf(why, LEAT_WHY_BYTES, "built without AF_XDP");
    return false;
#endif
}

/* One of the two devices in "tap:FIRST,SECOND". */
static void name_device(const char *backend, bool second, char device[32])
{
    const char *names = strchr(backend, ':') + 1, *comma = strchr(names, ',');

    if (!comma || comma - names > 31)
        fail("two devices: tap:FIRST,SECOND");
    if (second)
        snprintf(device, 32, "%s", comma + 1);
    else
        snprintf(device, 32, "%.*s", (int)(comma - names), names);
}

static void open_end(struct end *end, const char *backend, bool second, int fd)
{
    char why[LEAT_WHY_BYTES] = "no such backend", device[32];
    bool good = false;

    open_memory(end);
    if (strcmp(backend, "socket") == 0 || strcmp(backend, "datagram") == 0)
        good = open_socket(end, backend[0] == 'd', second, fd, why);
    else if (strcmp(backend, "shm") == 0)
        good = open_shm(end, second, fd, why);
    else if (strncmp(backend, "tap:", 4) == 0 || strncmp(backend, "xdp:", 4) == 0) {
        close(fd);
        name_device(backend, second, device);
        good = backend[0] == 't' ? open_tap(end, device, second, why) : open_xdp(end, device, why);
    }
    if (!good)
        fail(why);
}

static void close_end(struct end *end)
{
    leat_shm_close(end->shm);
    leat_socket_close(end->socket);
    leat_tap_close(end->tap);
#ifdef LEAT_HAS_XDP
    leat_xdp_close(end->xdp);
#endif
    leat_posix_close(end->posix);
    free(end->memory);
}

/* ---- frames ------------------------------------------------------------------------------- */

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static double processor_s(void)
{
    struct rusage used;

    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           1e-6 * (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

/* Receives; waits until @until at most when there is nothing.  Foreign frames are dropped.
 * False: the other end has gone, or we must end. */
static bool receive(struct end *end, uint64_t until, struct leat_buf **frames, uint32_t *count)
{
    struct leat_host *host = leat_posix_host(end->posix);
    const uint64_t now = now_ns();
    const uint32_t got = end->netif->ops->receive(end->netif, now, &end->pool, frames, BURST_MAX);
    const uint64_t look = end->netif->ops->next_look_ns(end->netif, now);

    *count = 0;
    for (uint32_t i = 0; i < got; i++) {
        if (frames[i]->data[TYPE_AT] == 0x88 && frames[i]->data[TYPE_AT + 1] == 0xb5)
            frames[(*count)++] = frames[i];
        else
            leat_buf_free(frames[i]);
    }
    if ((end->socket && leat_socket_lost(end->socket)) || (end->shm && leat_shm_lost(end->shm)))
        return false;
    return got > 0 || host->wait(host, look < until ? look : until);
}

static void transmit(struct end *end, struct leat_buf **frames, uint32_t count)
{
    struct leat_host *host = leat_posix_host(end->posix);

    while (count > 0) {
        uint32_t room = end->netif->ops->transmit_room(end->netif);

        room = room < count ? room : count;
        if (room == 0)
            host->wait(host, now_ns() + 10000);
        else
            end->netif->ops->transmit(end->netif, now_ns(), frames, room);
        frames += room;
        count -= room;
    }
}

/* The first look: from now on AF_XDP has buffers to receive into. */
static void look_once(struct end *end)
{
    static struct leat_buf *frames[BURST_MAX];
    uint32_t count;

    receive(end, 0, frames, &count);
    while (count > 0)
        leat_buf_free(frames[--count]);
}

/* Sends received frames back, until it is told to end. */
static void reflect(struct end *end)
{
    static struct leat_buf *frames[BURST_MAX];
    uint32_t count;

    while (receive(end, LEAT_NEVER_NS, frames, &count)) {
        for (uint32_t i = 0; i < count; i++) {
            memcpy(frames[i]->data, frames[i]->data + 6, 6);
            memcpy(frames[i]->data + 6, end->netif->mac.octet, 6);
        }
        transmit(end, frames, count);
    }
}

/* Sends bursts, each when all of the one before have come back.  Returns how many did not. */
static uint32_t drive(struct end *end, uint32_t burst)
{
    static uint8_t bytes[BYTES_MAX] = {2, 0, 0, 0, 0, 2, [TYPE_AT] = 0x88, 0xb5};
    static struct leat_buf *frames[BURST_MAX];
    uint32_t lost = 0;

    memcpy(bytes + 6, end->netif->mac.octet, 6);
    for (uint32_t round = 0; round < end->options->bursts; round++) {
        const uint64_t until = now_ns() + PATIENCE_S * UINT64_C(1000000000);
        uint32_t missing = burst, count;

        for (uint32_t i = 0; i < burst; i++)
            frames[i] = leat_buf_copy(&end->pool, bytes, end->options->bytes);
        transmit(end, frames, burst);
        while (missing > 0 && receive(end, until, frames, &count)) {
            for (uint32_t i = 0; i < count; i++)
                leat_buf_free(frames[i]);
            missing -= count < missing ? count : missing;
            if (count == 0 && now_ns() >= until)
                break;
        }
        lost += missing;
    }
    return lost;
}

/* ---- one run ------------------------------------------------------------------------------ */

/* The other process: says when it is open, and at the end what it has used. */
_Noreturn static void be_second(const struct options *options, const char *backend, int fd,
                                int report)
{
    static struct end end;
    double used;

    end.options = options;
    open_end(&end, backend, true, fd);
    look_once(&end);
    used = processor_s();
    if (write(report, &used, sizeof used) != sizeof used)
        exit(1);
    reflect(&end);
    used = processor_s() - used;
    if (write(report, &used, sizeof used) != sizeof used)
        exit(1);
    close_end(&end);
    exit(0);
}

static struct result measure(const struct options *options, const char *backend, uint32_t burst)
{
    static struct end end;
    struct result result = {0};
    int ends[2], report[2];
    uint64_t begun;
    double theirs;
    pid_t child;

    end = (struct end){.options = options};
    if (socketpair(AF_UNIX, strcmp(backend, "datagram") == 0 ? SOCK_DGRAM : SOCK_STREAM, 0, ends) ||
        pipe(report) || (child = fork()) < 0)
        fail("no process");
    close(ends[child == 0 ? 0 : 1]);
    close(report[child == 0 ? 0 : 1]);
    if (child == 0)
        be_second(options, backend, ends[1], report[1]);
    open_end(&end, backend, false, ends[0]);
    if (read(report[0], &theirs, sizeof theirs) != sizeof theirs)
        fail("the other process has not begun");
    look_once(&end);
    result.processor_s = -processor_s();
    begun = now_ns();
    result.lost = drive(&end, burst);
    result.clock_s = 1e-9 * (double)(now_ns() - begun);
    result.processor_s += processor_s();
    result.bells = end.shm ? leat_shm_counters(end.shm)->bells_rung : 0;
    kill(child, SIGTERM);
    if (read(report[0], &theirs, sizeof theirs) != sizeof theirs)
        fail("the other process has failed");
    result.processor_s += theirs;
    close(report[0]);
    close_end(&end);
    waitpid(child, NULL, 0);
    return result;
}

static void show(const struct options *options, const char *backend, uint32_t burst)
{
    const struct result found = measure(options, backend, burst);
    const double frames = (double)options->bursts * burst;
    const char *colon = strchr(backend, ':');

    printf("%-8.*s %5u %12.3f %12.3f %6u %14.3f\n",
           (int)(colon ? (size_t)(colon - backend) : strlen(backend)), backend, (unsigned)burst,
           1e6 * found.processor_s / frames, 1e6 * found.clock_s / frames, (unsigned)found.lost,
           (double)found.bells / options->bursts);
    fflush(stdout);
}

/* ---- the command line --------------------------------------------------------------------- */

_Noreturn static void usage(void)
{
    fprintf(stderr,
            "usage: pair [--bursts N] [--burst FRAMES] [--bytes N] [--busy-poll US] [BACKEND...]\n"
            "BACKEND: socket datagram shm tap:DEVICE,DEVICE xdp:DEVICE,DEVICE (socket shm)\n");
    exit(2);
}

/* The number behind an option; it must be @least to @most. */
static uint32_t number(const char *word, long least, long most)
{
    char *end = NULL;
    const long value = word ? strtol(word, &end, 10) : 0;

    if (!word || *end || value < least || value > most)
        usage();
    return (uint32_t)value;
}

/* Returns how many words were options. */
static int read_options(struct options *options, char **words)
{
    int at = 1;

    for (; words[at] && words[at][0] == '-'; at += 2) {
        if (strcmp(words[at], "--bursts") == 0)
            options->bursts = number(words[at + 1], 1, 100000000);
        else if (strcmp(words[at], "--burst") == 0)
            options->burst = number(words[at + 1], 1, BURST_MAX);
        else if (strcmp(words[at], "--bytes") == 0)
            options->bytes = number(words[at + 1], 60, BYTES_MAX);
        else if (strcmp(words[at], "--busy-poll") == 0)
            options->busy_poll_us = (uint16_t)number(words[at + 1], 0, 10000);
        else
            usage();
    }
    return at;
}

int main(int count, char **words)
{
    static char *both[] = {"socket", "shm", NULL};
    struct options options = {.bursts = 20000, .bytes = 64};
    char **backends = count > 0 ? words + read_options(&options, words) : both;

    if (!*backends)
        backends = both;
    printf("over     burst us both ends  us by clock   lost  bells a burst\n");
    fflush(stdout);
    for (uint32_t burst = options.burst ? options.burst : 1; burst <= BURST_MAX; burst *= 8) {
        for (char **backend = backends; *backend; backend++)
            show(&options, *backend, burst);
        if (options.burst)
            break;
    }
    return 0;
}
