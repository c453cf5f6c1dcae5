/*
 * stacks.c -- several stacks in one program: one thread and one queue of the device for each.
 *
 * Stack i has the address ADDRESS + i and serves the files of examples/site there by HTTP.  Only
 * the files are shared, and they are never written: no lock, no atomic, no counter.  A stack is a
 * host of its own, with its own address, ARP cache and ports.  Each frame comes to the queue of its
 * stack (stacks_device.c).
 *
 * With one address for all, the queue would be chosen by a flow's hash.  But ARP replies, ICMP
 * errors and fragments have no ports to hash.  And the packets of a connection that a stack opens
 * itself may come to another stack after a pause.
 *
 * Signals: the thread that ends first notifies the first thread, which notifies all.
 */
#include "stacks_device.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <leat/http_server.h>
#include <leat/leat.h>
#include <leat/posix.h>

enum {
    STACKS_MAX = 64,
    STATUS_FAILED = 1,
    STATUS_NOT_STARTED = 2,
    BUFFERS = 2048,
    CLIENTS = 500
};

/* One stack and its objects; workers don't use each other's. */
struct worker {
    unsigned number;
    struct leat_ip ip;
    int core; /* -1: the kernel chooses */
    struct leat_posix *posix;
    struct stacks_queue queue;
    struct leat *stack;
    void *memory;
    struct leat_http_server *server;
    void *server_memory;
    pthread_t thread;
    pthread_t first; /* the thread that waits for all */
    struct timespec used;
};

/* The command line. */
struct orders {
    struct stacks_device device;
    struct leat_ip ip;
    uint8_t prefix_bits;
    char why[LEAT_WHY_BYTES]; /* what went wrong */
};

/* made by tools/embed.py */
extern const struct leat_http_file site[];
extern const uint32_t site_count;

static const char *const usage = "usage: stacks [--no-offload] TAP ADDRESS/BITS COUNT\n"
                                 "       stacks --xdp DEVICE ADDRESS/BITS COUNT\n"
                                 "COUNT stacks serve HTTP, from ADDRESS on, each in a thread and "
                                 "on a queue of a TAP device or,\n"
                                 "by AF_XDP, of a network device, with a MAC address of its own\n";

/* ---- A stack ------------------------------------------------------------------------------- */

static const struct leat_config stack_config = {.buf_count = BUFFERS};
static const struct leat_tcp_config tcp_config = {.connections = 2 * CLIENTS};

/* Whole pages, as AF_XDP wants them. */
static size_t stack_bytes(void)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t bytes = leat_memory_bytes(&stack_config) + leat_tcp_memory_bytes(&tcp_config);

    return (bytes + page - 1) / page * page;
}

static enum leat_err build_stack(struct worker *worker, uint8_t prefix_bits)
{
    struct leat_host *host = leat_posix_host(worker->posix);
    struct leat_config config = stack_config;
    struct leat_netif *netif = worker->queue.netif;
    enum leat_err err;

    err = host->entropy(host, config.seed, sizeof config.seed);
    if (err)
        return err;
    err = leat_init(&worker->stack, worker->memory, stack_bytes(), &config);
    if (err)
        return err;
    err = leat_attach(worker->stack, netif);
    if (err)
        return err;
    err = leat_address_add(worker->stack, netif, worker->ip, prefix_bits);
    return err ? err : leat_tcp_register(worker->stack, &tcp_config);
}

static enum leat_err open_server(struct worker *worker)
{
    const struct leat_http_server_config config = {
        .files = site, .file_count = site_count, .clients = CLIENTS};
    const size_t bytes = leat_http_server_memory_bytes(&config);

    worker->server_memory = malloc(bytes);
    if (!worker->server_memory)
        return LEAT_ERR_MEMORY;
    return leat_http_server_open(&worker->server, worker->stack, worker->server_memory, bytes,
                                 &config);
}

/* Opens the objects of a worker, before its thread begins; on failure returns false and sets
 * orders->why. */
static bool open_worker(struct worker *worker, const struct worker *first, struct orders *orders)
{
    enum leat_err err = leat_posix_open(&worker->posix);

    worker->memory = leat_posix_memory(stack_bytes());
    if (!err && !worker->memory)
        err = LEAT_ERR_MEMORY;
    snprintf(orders->why, sizeof orders->why, "%s", leat_err_text(err));
    if (err || !stacks_queue_open(&worker->queue, &orders->device, worker->number, &first->queue,
                                  worker->posix, worker->memory, stack_bytes(), orders->why))
        return false;
    err = build_stack(worker, orders->prefix_bits);
    if (!err)
        err = open_server(worker);
    snprintf(orders->why, sizeof orders->why, "stack %u: %s", worker->number, leat_err_text(err));
    return !err;
}

/* Opens all workers, and steers frames to them. */
static bool open_all(struct worker *workers, struct orders *orders)
{
    for (unsigned i = 0; i < orders->device.count; i++) {
        workers[i].number = i;
        workers[i].ip = leat_ip_v4(leat_ip_v4_number(orders->ip) + i);
        if (!open_worker(&workers[i], &workers[0], orders))
            return false;
    }
    return stacks_queues_steer(&workers[0].queue, &orders->device, orders->ip, orders->why);
}

static void close_worker(struct worker *worker)
{
    if (worker->server)
        leat_http_server_close(worker->server);
    if (worker->stack)
        leat_close(worker->stack);
    stacks_queue_close(&worker->queue);
    leat_posix_close(worker->posix);
    free(worker->server_memory);
    free(worker->memory);
}

/* ---- Its thread ---------------------------------------------------------------------------- */

static void pin(struct worker *worker)
{
    cpu_set_t one;

    if (worker->core < 0)
        return;
    CPU_ZERO(&one);
    CPU_SET((size_t)worker->core, &one);
    pthread_setaffinity_np(pthread_self(), sizeof one, &one); /* else where the kernel likes */
}

/* leat_run(), which also ends when the device has disappeared. */
static void *work(void *arg)
{
    struct worker *worker = arg;
    struct leat_host *host = leat_posix_host(worker->posix);
    uint64_t next_ns;

    pin(worker);
    for (;;) {
        next_ns = leat_poll(worker->stack, host->now_ns(host));
        if (leat_stopped(worker->stack, NULL) || stacks_queue_lost(&worker->queue))
            break;
        if (!host->wait(host, next_ns))
            leat_end(worker->stack);
    }
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &worker->used);
    pthread_kill(worker->first, SIGUSR1);
    return NULL;
}

/* A core for each, of those that we may use; none if there are too few. */
static void choose_cores(struct worker *workers, unsigned count)
{
    cpu_set_t allowed;
    unsigned next = 0;

    for (unsigned i = 0; i < count; i++)
        workers[i].core = -1;
    if (sched_getaffinity(0, sizeof allowed, &allowed) || CPU_COUNT(&allowed) < (int)count)
        return;
    for (int core = 0; core < CPU_SETSIZE && next < count; core++)
        if (CPU_ISSET((size_t)core, &allowed))
            workers[next++].core = core;
}

static void say_started(const struct worker *worker)
{
    char ip[LEAT_IP_TEXT_BYTES];

    leat_ip_format(worker->ip, ip);
    printf("stack %u: http://%s/", worker->number, ip);
    if (worker->core >= 0)
        printf(", core %d", worker->core);
    putchar('\n');
}

static bool say_ended(const struct worker *worker)
{
    const struct leat_stats *stats = leat_stats(worker->stack);
    const uint64_t aside = stacks_queue_aside(&worker->queue);
    const bool lost = stacks_queue_lost(&worker->queue);
    const bool good = leat_stats_balance(stats) && !lost;

    printf("stack %u: %llu requests, %llu frames in, %llu out, %lld.%03ld s of processor time",
           worker->number, (unsigned long long)leat_http_server_counts(worker->server)->requests,
           (unsigned long long)stats->rx_frames, (unsigned long long)stats->tx_frames,
           (long long)worker->used.tv_sec, worker->used.tv_nsec / 1000000);
    if (aside > 0)
        printf(", %llu of the frames by way of Linux", (unsigned long long)aside);
    puts(lost ? "; the device has gone" : good ? "" : "; the counters do not balance");
    return good;
}

/* Blocks the signals that end us, and the one of a thread that has ended; from here on they are
 * waited for.  New threads inherit that. */
static void block_signals(sigset_t *ending)
{
    sigemptyset(ending);
    sigaddset(ending, SIGINT);
    sigaddset(ending, SIGTERM);
    sigaddset(ending, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, ending, NULL);
}

/* Runs all of them until a signal comes, or one has ended; returns the exit status. */
static int run(struct worker *workers, unsigned count, const sigset_t *ending)
{
    unsigned started = 0;
    bool good = true;
    int signal;

    choose_cores(workers, count);
    for (; started < count; started++) {
        workers[started].first = pthread_self();
        say_started(&workers[started]);
        if (pthread_create(&workers[started].thread, NULL, work, &workers[started]))
            break;
    }
    printf("%u stacks, port %d\n", started, LEAT_HTTP_PORT);
    fflush(stdout);
    if (started == count)
        sigwait(ending, &signal);
    for (unsigned i = 0; i < started; i++)
        pthread_kill(workers[i].thread, SIGTERM); /* its host waits for it */
    for (unsigned i = 0; i < started; i++)
        pthread_join(workers[i].thread, NULL);
    for (unsigned i = 0; i < started; i++)
        good &= say_ended(&workers[i]);
    return good && started == count ? EXIT_SUCCESS : STATUS_FAILED;
}

/* ---- The command line ---------------------------------------------------------------------- */

static bool parse(struct orders *orders, int argc, char **argv)
{
    char *end;

    if (argc > 1 && argv[1][0] == '-') {
        orders->device.no_offload = strcmp(argv[1], "--no-offload") == 0;
        orders->device.xdp = strcmp(argv[1], "--xdp") == 0;
        if (!orders->device.no_offload && !orders->device.xdp)
            return false;
        argc--;
        argv++;
    }
    if (argc != 4 || !leat_ip_parse_cidr(argv[2], &orders->ip, &orders->prefix_bits) ||
        !leat_ip_is_v4(orders->ip))
        return false;
    orders->device.name = argv[1];
    orders->device.count = (unsigned)strtoul(argv[3], &end, 10);
    return *end == '\0' && orders->device.count >= 1 && orders->device.count <= STACKS_MAX;
}

int main(int argc, char **argv)
{
    static struct worker workers[STACKS_MAX]; /* the main thread's, and each one's a thread's */
    static struct orders orders;
    int status = STATUS_NOT_STARTED;
    sigset_t ending;

    if (!parse(&orders, argc, argv)) {
        fprintf(stderr, "%s", usage);
        return STATUS_NOT_STARTED;
    }
    block_signals(&ending);
    if (open_all(workers, &orders))
        status = run(workers, orders.device.count, &ending);
    else
        fprintf(stderr, "stacks: %s\n", orders.why);
    for (unsigned i = orders.device.count; i-- > 0;) /* the first one last */
        close_worker(&workers[i]);
    return status;
}
