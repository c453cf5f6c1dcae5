/* world.c -- a client's stack and a server's, a wire between them, and a clock that is a number. */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#ifdef HAVE_CALLGRIND
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_START_INSTRUMENTATION ((void)0)
#define CALLGRIND_STOP_INSTRUMENTATION  ((void)0)
#endif

enum {
    MTU = 1500,
    BUFS = 4096,
    BUFS_MANY = 16384,     /* many connections: their responses wait for delayed ACKs */
    BUF_BYTES_MANY = 1024, /* room for headers and a message */
    SOCKETS_MAX = 60000,
    HOSTS = 2048, /* beside the peers, which may hold 7/8 of all */
    MANY = 1000
};

static struct timespec began;

_Noreturn void world_fail(const char *what)
{
    fprintf(stderr, "inmem: %s\n", what);
    exit(1);
}

/* Without --transfers no connection ever waits for one.  A transfer takes 520 bytes, a segment in
 * flight 56, a connection 248. */
static struct leat_tcp_config tcp_config(const struct options *options)
{
    const uint32_t at_once = options->transfers ? options->transfers : options->connections + 64;

    return (struct leat_tcp_config){
        .connections = options->connections + 64 + options->outstanding,
        .half_open = 1024,
        .time_wait = 65536,
        .listeners = PORTS_MAX,
        .sent_segments = BUFS_MANY + at_once,
        .transfers = at_once,
        .receive_window_bytes = options->window_bytes,
        .send_queue_bytes = options->window_bytes,
        .no_timestamps = options->no_timestamps,
    };
}

/* A response keeps its buffer until it is acknowledged: by the delayed ACK or, if all connections
 * have their turn before that, by the next request. */
static uint32_t buf_count(const struct options *options)
{
    const uint64_t delayed_ack_ns = 40000000;
    const uint64_t round_ns = 2ull * options->step_ns * options->connections;
    const uint32_t pieces = options->bytes_max / MTU + 1; /* of a message */

    if (options->connections <= MANY)
        return BUFS + 4 * pieces * options->outstanding;
    return round_ns < delayed_ack_ns ? 3 * options->connections : BUFS_MANY;
}

/* Whether a message fills more than a small buffer. */
static bool options_are_large(const struct options *options)
{
    return options->imix || options->bytes_max > BUF_BYTES_MANY / 2;
}

/* 10.0.0.@last, or 2001:db8::@last. */
static struct leat_ip address(const struct world *world, uint8_t last)
{
    if (!world->options.ipv6)
        return LEAT_IP4(10, 0, 0, last);
    return (struct leat_ip){{0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last}};
}

struct leat_ip world_client_ip(const struct world *world)
{
    return address(world, 1);
}

struct leat_ip world_server_ip(const struct world *world)
{
    return address(world, 2);
}

/* The configurations of one side. */
struct configs {
    struct leat_config stack;
    struct leat_tcp_config tcp;
    struct leat_udp_config udp;
    struct leat_ipv6_config ipv6;
};

static void configure(struct configs *all, const struct options *options, unsigned index)
{
    const uint32_t bufs = buf_count(options);
    const uint32_t sockets = options->peers + 1; /* of udp_mix, which refuses more */

    all->stack = (struct leat_config){
        .seed = {(uint8_t)(index + 1)},
        .buf_count = bufs,
        .buf_bytes = bufs > BUFS_MANY && !options_are_large(options) ? BUF_BYTES_MANY : 0,
        .small_count = 2 * bufs,
        .view_count = 2 * bufs};
    all->tcp = tcp_config(options);
    all->udp = (struct leat_udp_config){
        .sockets = sockets < SOCKETS_MAX ? (uint16_t)sockets : SOCKETS_MAX, .queue_max = 1024};
    all->ipv6 = (struct leat_ipv6_config){.hosts = HOSTS + options->peers / 2 * 3,
                                          .no_duplicate_check = true};
}

static void side_create(struct world *world, struct side *side, unsigned index, struct leat_ip ip)
{
    static struct configs all; /* too large for a frame */
    const bool with_ipv6 = world->options.ipv6;
    struct leat_netif *netif = &world->wire.ends[index].netif;

    configure(&all, &world->options, index);
    side->bytes = leat_memory_bytes(&all.stack) + leat_tcp_memory_bytes(&all.tcp) +
                  leat_udp_memory_bytes(&all.udp) +
                  (with_ipv6 ? leat_ipv6_memory_bytes(&all.ipv6) : 0);
    side->memory = malloc(side->bytes);
    if (!side->memory || leat_init(&side->stack, side->memory, side->bytes, &all.stack) ||
        leat_tcp_register(side->stack, &all.tcp) || leat_udp_register(side->stack, &all.udp) ||
        (with_ipv6 && leat_ipv6_register(side->stack, &all.ipv6)) ||
        leat_attach(side->stack, netif) ||
        leat_address_add(side->stack, netif, ip, with_ipv6 ? 64 : 24))
        world_fail("can't build a stack");
}

struct world *world_create(const struct options *options)
{
    struct world *world = calloc(1, sizeof *world);

    if (!world)
        world_fail("no memory");
    world->options = *options;
    world->now_ns = 1000000000;
    world->random = 88172645463325252u;
    wire_init(&world->wire, MTU, options->offload);
    world->wire.peers = options->peers;
    side_create(world, &world->client, 0, world_client_ip(world));
    side_create(world, &world->server, 1, world_server_ip(world));
    if (leat_route_add(world->server.stack, options->ipv6 ? LEAT_IP_ANY : LEAT_IP4_ANY, 0,
                       world_client_ip(world)))
        world_fail("can't add a route");
    return world;
}

void world_destroy(struct world *world)
{
    leat_close(world->client.stack);
    leat_close(world->server.stack);
    free(world->client.memory);
    free(world->server.memory);
    free(world);
}

struct leat_endpoint world_server(const struct world *world, uint32_t connection)
{
    return leat_endpoint_of(world_server_ip(world),
                            (uint16_t)(SERVER_PORT + connection / CONNECTIONS_A_PORT % PORTS_MAX));
}

uint32_t world_per_address(const struct world *world)
{
    return world->options.connections > MANY ? UINT32_MAX : 0;
}

void world_listen(struct world *world, void (*on_acceptable)(struct leat_tcp_listener *, void *))
{
    for (uint16_t i = 0; i <= world->options.connections / CONNECTIONS_A_PORT; i++) {
        const struct leat_tcp_listen_config config = {.port = (uint16_t)(SERVER_PORT + i),
                                                      .backlog = 1024,
                                                      .per_address = world_per_address(world),
                                                      .on_acceptable = on_acceptable,
                                                      .arg = world};
        struct leat_tcp_listener *listener;

        if (leat_tcp_listen(world->server.stack, &listener, &config))
            world_fail("can't listen");
    }
}

/* ---- turns -------------------------------------------------------------------------------- */

uint64_t client_poll(struct leat *stack, uint64_t now_ns);
uint64_t server_poll(struct leat *stack, uint64_t now_ns);

COUNTED uint64_t client_poll(struct leat *stack, uint64_t now_ns)
{
    return leat_poll(stack, now_ns);
}

COUNTED uint64_t server_poll(struct leat *stack, uint64_t now_ns)
{
    return leat_poll(stack, now_ns);
}

void world_begin_loss(struct world *world)
{
    world->wire.loss_per_m = world->options.loss_per_m;
}

uint32_t world_below(struct world *world, uint32_t limit)
{
    return wire_random(&world->random, limit);
}

uint32_t world_message_bytes(struct world *world)
{
    const struct options *options = &world->options;
    uint32_t of_twelve;

    if (!options->imix)
        return options->bytes_min + world_below(world, options->bytes_max - options->bytes_min + 1);
    of_twelve = world_below(world, 12);
    return of_twelve < 7 ? 64 : of_twelve < 11 ? 576 : 1460;
}

static void turn(struct world *world, uint64_t (*client)(struct leat *, uint64_t),
                 uint64_t (*server)(struct leat *, uint64_t))
{
    uint64_t look_ns, server_look_ns;

    world->now_ns += world->options.step_ns;
    look_ns = client(world->client.stack, world->now_ns);
    if (world->options.interleave)
        wire_interleave(&world->wire.ends[1]);
    server_look_ns = server(world->server.stack, world->now_ns);
    if (server_look_ns < look_ns)
        look_ns = server_look_ns;
    if (world->wire.loss_per_m > 0 && wire_frames(&world->wire) == 0 && look_ns != LEAT_NEVER_NS &&
        look_ns > world->now_ns)
        world->now_ns = look_ns;
}

void world_turn(struct world *world)
{
    turn(world, leat_poll, leat_poll);
}

void world_counted_turn(struct world *world)
{
    turn(world, client_poll, server_poll);
}

void world_turn_until(struct world *world, bool (*done)(void *arg), void *arg, uint64_t turns_max)
{
    for (uint64_t i = 0; i < turns_max; i++) {
        if (done(arg))
            return;
        world_turn(world);
    }
    world_fail("it does not come to an end");
}

static uint64_t idle_until(struct leat *stack, uint64_t from_ns, uint64_t until_ns, bool counted)
{
    uint64_t next_ns = from_ns;

    while (next_ns <= until_ns)
        next_ns = counted ? server_poll(stack, next_ns) : leat_poll(stack, next_ns);
    return next_ns;
}

void world_idle(struct world *world, uint64_t ns, bool counted)
{
    const uint64_t until_ns = world->now_ns + ns;

    /* one after the other: frames between them wait for the next turn */
    idle_until(world->client.stack, world->now_ns, until_ns, counted);
    idle_until(world->server.stack, world->now_ns, until_ns, counted);
    world->now_ns = until_ns;
}

/* ---- counting ----------------------------------------------------------------------------- */

void world_count_begin(struct world *world)
{
    (void)world;
    CALLGRIND_START_INSTRUMENTATION;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &began);
}

double world_count_end(struct world *world)
{
    struct timespec now;

    (void)world;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    CALLGRIND_STOP_INSTRUMENTATION;
    return (double)(now.tv_sec - began.tv_sec) + (double)(now.tv_nsec - began.tv_nsec) / 1e9;
}

/* ---- memory ------------------------------------------------------------------------------- */

uint64_t world_resident(const struct side *side)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    const uintptr_t begin = (uintptr_t)side->memory / page * page;
    const size_t pages = ((uintptr_t)side->memory + side->bytes - begin + page - 1) / page;
    unsigned char *is_there = malloc(pages);
    uint64_t count = 0;

    if (!is_there || mincore((void *)begin, pages * page, is_there) < 0)
        world_fail("can't ask what is resident");
    for (size_t i = 0; i < pages; i++)
        count += is_there[i] & 1;
    free(is_there);
    return count * page;
}

uint64_t world_resident_process(void)
{
    unsigned long size, resident;
    FILE *statm = fopen("/proc/self/statm", "r");

    if (!statm || fscanf(statm, "%lu %lu", &size, &resident) != 2)
        world_fail("can't read /proc/self/statm");
    fclose(statm);
    return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}
