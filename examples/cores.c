/*
 * cores.c -- an image with a stack for each processor of its machine: all serve the files of
 * examples/site by HTTP, at one address.
 *
 * The stacks share the network device, which gives each flow to the stack that owns it
 * (leat_virtio_open_pairs), and the files, which are never written: no lock, no atomic, no counter.
 * A device that can't spread flows, or one processor, leaves one stack.
 *
 * Processor 0 builds all stacks, because the devices and the memory are its own.  At the end it
 * waits for the others, prints, and closes the stacks.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <leat/http_server.h>
#include <leat/leat.h>
#include <leat/metal.h>
#include <leat/virtio.h>

enum {
    STACKS_MAX = LEAT_VIRTIO_PAIRS_MAX,
    STATUS_FAILED = 1,
    STATUS_NOT_STARTED = 2,
    BUFFERS = 2048,
    BUFFERS_MIN = 128,
    CLIENTS = 500,
    LINE_BYTES = 256
};

_Static_assert((int)STACKS_MAX <= (int)LEAT_METAL_PROCESSORS_MAX, "a processor for each");

/* One stack and its objects; from its start on, a processor's own. */
struct worker {
    unsigned number;
    struct leat_virtio *virtio;
    struct leat *stack;
    struct leat_http_server *server;
    int status;
};

/* The command line. */
struct orders {
    struct leat_ip ip, ip6, gateway, ip6_gateway; /* LEAT_IP_ANY: not given */
    uint8_t ip_bits, ip6_bits;
    unsigned stacks; /* 0: as many as processors */
    uint64_t drain_ns;
    bool stats;
};

/* made by tools/embed.py */
extern const struct leat_http_file site[];
extern const uint32_t site_count;

static struct worker workers[STACKS_MAX];
static struct leat_host *console;

static const char *const usage =
    "usage: --ip=ADDRESS/BITS [--gateway=ADDRESS] [--ip6=ADDRESS/BITS] [--ip6-gateway=ADDRESS]\n"
    "       [--stacks=N] [--drain=SECONDS] [--stats]\n"
    "Serves HTTP at one address with N stacks, each on a processor: as many as there are.\n";

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
    char line[LINE_BYTES];
    va_list values;

    va_start(values, format);
    vsnprintf(line, sizeof line, format, values);
    va_end(values);
    console->console(console, line, strlen(line));
}

/* ---- The command line ---------------------------------------------------------------------- */

/* The rest of @word behind --NAME=, or NULL. */
static const char *value_of(const char *word, const char *name)
{
    const size_t len = strlen(name);

    return strncmp(word, name, len) == 0 ? word + len : NULL;
}

/* Reads a number up to @max. */
static bool parse_number(const char *text, unsigned long max, unsigned long *number)
{
    char *end;

    *number = strtoul(text, &end, 10);
    return end != text && *end == '\0' && *number <= max;
}

static bool parse_word(struct orders *orders, const char *word)
{
    unsigned long number;
    const char *value;

    if (strcmp(word, "--stats") == 0)
        return orders->stats = true;
    if ((value = value_of(word, "--ip=")))
        return leat_ip_parse_cidr(value, &orders->ip, &orders->ip_bits) &&
               leat_ip_is_v4(orders->ip);
    if ((value = value_of(word, "--ip6=")))
        return leat_ip_parse_cidr(value, &orders->ip6, &orders->ip6_bits) &&
               !leat_ip_is_v4(orders->ip6);
    if ((value = value_of(word, "--gateway=")))
        return leat_ip_parse(value, &orders->gateway) && leat_ip_is_v4(orders->gateway);
    if ((value = value_of(word, "--ip6-gateway=")))
        return leat_ip_parse(value, &orders->ip6_gateway) && !leat_ip_is_v4(orders->ip6_gateway);
    if ((value = value_of(word, "--stacks=")) && parse_number(value, STACKS_MAX, &number)) {
        orders->stacks = (unsigned)number;
        return number > 0;
    }
    if ((value = value_of(word, "--drain=")) && parse_number(value, 3600, &number)) {
        orders->drain_ns = (number > 0 ? number * UINT64_C(1000000000) : 1);
        return true;
    }
    return value_of(word, "virtio_mmio.device=") != NULL; /* the machine's own */
}

static bool parse(struct orders *orders, const char *command_line)
{
    char word[LINE_BYTES];

    orders->ip = orders->ip6 = orders->gateway = orders->ip6_gateway = LEAT_IP_ANY;
    for (const char *at = command_line; *at;) {
        const size_t len = strcspn(at, " ");

        if (len >= sizeof word)
            return false;
        memcpy(word, at, len);
        word[len] = '\0';
        if (len > 0 && !parse_word(orders, word)) {
            say("cores: wrong: %.200s\n", word);
            return false;
        }
        at += len;
        at += strspn(at, " ");
    }
    return !leat_ip_equal(orders->ip, LEAT_IP_ANY);
}

/* ---- The stacks ---------------------------------------------------------------------------- */

static const struct leat_tcp_config tcp_config = {.connections = 2 * CLIENTS};
static struct leat_http_server_config server_config = {.files = site, .clients = CLIENTS};

static size_t stack_bytes(const struct leat_config *config)
{
    return leat_memory_bytes(config) + leat_tcp_memory_bytes(&tcp_config) +
           leat_ipv6_memory_bytes(NULL);
}

/* As many buffers as the memory holds @count times. */
static void choose_buffers(struct leat_config *config, size_t memory_bytes, unsigned count)
{
    const size_t room = memory_bytes / count;

    config->buf_count = BUFFERS;
    while (config->buf_count > BUFFERS_MIN &&
           stack_bytes(config) + leat_http_server_memory_bytes(&server_config) > room)
        config->buf_count /= 2;
}

/* The addresses are the same for all stacks; @ip6 also has the secret of the link-local one. */
static enum leat_err add_addresses(struct leat *stack, struct leat_netif *netif,
                                   const struct orders *orders)
{
    const struct leat_ip any = LEAT_IP_ANY;
    enum leat_err err = leat_address_add(stack, netif, orders->ip, orders->ip_bits);

    if (!err && !leat_ip_equal(orders->gateway, any))
        err = leat_route_add(stack, LEAT_IP4_ANY, 0, orders->gateway);
    if (!err && !leat_ip_equal(orders->ip6, any))
        err = leat_address_add(stack, netif, orders->ip6, orders->ip6_bits);
    if (!err && !leat_ip_equal(orders->ip6_gateway, any))
        err = leat_route_add(stack, LEAT_IP_ANY, 0, orders->ip6_gateway);
    return err;
}

static enum leat_err build_stack(struct worker *worker, struct leat_metal *metal,
                                 const struct orders *orders, struct leat_config *config,
                                 const struct leat_ipv6_config *ip6)
{
    struct leat_netif *netif = leat_virtio_netif(worker->virtio);
    const size_t bytes = stack_bytes(config);
    void *memory = leat_metal_take(metal, bytes);
    enum leat_err err = memory ? LEAT_OK : LEAT_ERR_MEMORY;

    if (!err)
        err = metal->host->entropy(metal->host, config->seed, sizeof config->seed);
    if (!err)
        err = leat_init(&worker->stack, memory, bytes, config);
    if (!err)
        err = leat_attach(worker->stack, netif);
    if (!err)
        err = leat_ipv6_register(worker->stack, ip6);
    if (!err)
        err = leat_tcp_register(worker->stack, &tcp_config);
    return err ? err : add_addresses(worker->stack, netif, orders);
}

static enum leat_err open_server(struct worker *worker, struct leat_metal *metal)
{
    const size_t bytes = leat_http_server_memory_bytes(&server_config);
    void *memory = leat_metal_take(metal, bytes);

    return memory ? leat_http_server_open(&worker->server, worker->stack, memory, bytes,
                                          &server_config)
                  : LEAT_ERR_MEMORY;
}

/* Opens the device with a pair of queues for each stack; returns how many there are, 0: none. */
static unsigned open_device(struct leat_metal *metal, const struct orders *orders)
{
    const struct leat_virtio_config config = {.metal = metal};
    unsigned count = leat_metal_processors();
    struct leat_virtio *pairs[STACKS_MAX];
    const char *why = NULL;
    enum leat_err err;

    if (orders->stacks > 0 && orders->stacks < count)
        count = orders->stacks;
    if (count > STACKS_MAX)
        count = STACKS_MAX;
    leat_virtio_rng_use(metal); /* if there is one; otherwise the processor's is used */
    err = count > 1 ? leat_virtio_open_pairs(pairs, &count, &config, &why)
                    : leat_virtio_open(&pairs[0], &config, &why);
    if (err) {
        say("cores: network device: %.200s\n", why);
        return 0;
    }
    if (why && count == 1 && leat_metal_processors() > 1 && orders->stacks != 1)
        say("cores: one stack only, because of the network device: %.180s\n", why);
    for (unsigned i = 0; i < count; i++)
        workers[i] = (struct worker){.number = i, .virtio = pairs[i]};
    return count;
}

/* Builds @count stacks with their servers; NULL, or what has failed. */
static const char *build_all(struct leat_metal *metal, const struct orders *orders, unsigned count)
{
    struct leat_config config = {.drain_ns = orders->drain_ns};
    struct leat_ipv6_config ip6 = {0};
    enum leat_err err = metal->host->entropy(metal->host, ip6.secret, sizeof ip6.secret);

    server_config.file_count = site_count;
    choose_buffers(&config, metal->memory_bytes - metal->memory_bytes / 8, count);
    for (unsigned i = 0; i < count && !err; i++) {
        err = build_stack(&workers[i], metal, orders, &config, &ip6);
        if (!err)
            err = open_server(&workers[i], metal);
    }
    return err ? leat_err_text(err) : NULL;
}

/* ---- Running ------------------------------------------------------------------------------- */

/* leat_run(), which also ends when the device is lost. */
static void serve(struct leat_host *host, void *arg)
{
    struct worker *worker = arg;

    for (;;) {
        const uint64_t next_ns = leat_poll(worker->stack, host->now_ns(host));

        if (leat_stopped(worker->stack, &worker->status))
            return;
        if (leat_virtio_lost(worker->virtio)) {
            worker->status = STATUS_FAILED;
            return;
        }
        if (!host->wait(host, next_ns))
            leat_end(worker->stack);
    }
}

static void say_started(const struct orders *orders, unsigned count)
{
    char ip[LEAT_IP_TEXT_BYTES];

    say("cores: stacks: %u, processors: %u\n", count, leat_metal_processors());
    leat_ip_format(orders->ip, ip);
    say("cores: %s/%u on virtio0, MTU %u, port %d\n", ip, orders->ip_bits,
        leat_virtio_netif(workers[0].virtio)->mtu, LEAT_HTTP_PORT);
}

static bool have_ended(unsigned count)
{
    for (unsigned i = 1; i < count; i++) {
        if (!leat_metal_processor_ended(i))
            return false;
    }
    return true;
}

/* Runs all stacks until they have ended.  False: one didn't start. */
static bool run_all(struct leat_metal *metal, const struct orders *orders, unsigned count)
{
    struct leat_host *host = metal->host;

    for (unsigned i = 1; i < count; i++) {
        if (!leat_metal_start_processor(metal, i, serve, &workers[i])) {
            say("cores: processor %u does not start\n", i);
            return false;
        }
    }
    say_started(orders, count);
    serve(host, &workers[0]);
    /* The end of each interrupts this wait. */
    while (!have_ended(count))
        (void)host->wait(host, LEAT_NEVER_NS);
    return true;
}

/* ---- The end ------------------------------------------------------------------------------- */

static bool say_ended(const struct worker *worker)
{
    const struct leat_stats *stats = leat_stats(worker->stack);
    const struct leat_virtio_counters *counters = leat_virtio_counters(worker->virtio);
    const char *why = leat_virtio_why(worker->virtio);

    say("stack %u: %llu requests, %llu frames in, %llu out, %llu handed to others%s%.60s%s\n",
        worker->number, (unsigned long long)leat_http_server_counts(worker->server)->requests,
        (unsigned long long)stats->rx_frames, (unsigned long long)stats->tx_frames,
        (unsigned long long)counters->rx_handed, why ? "; " : "", why ? why : "",
        leat_stats_balance(stats) ? "" : "; the counters do not balance");
    return worker->status == 0 && leat_stats_balance(stats);
}

static void say_counter(const char *name, uint64_t value, const char *text)
{
    if (value > 0 || strncmp(name, "copied_", 7) == 0) /* a zero there is worth a line */
        say("%-24s %12llu  %s\n", name, (unsigned long long)value, text);
}

/* The sums of all stacks. */
static void say_stats(unsigned count)
{
    struct leat_virtio_counters all = {0};

    for (unsigned i = 0; i < LEAT_STAT_COUNT; i++) {
        const enum leat_stat stat = (enum leat_stat)i;
        uint64_t sum = 0;

        for (unsigned k = 0; k < count; k++)
            sum += leat_stat_value(leat_stats(workers[k].stack), stat);
        say_counter(leat_stat_name(stat), sum, leat_stat_text(stat));
    }
    for (unsigned i = 0; i < count; i++) {
        const struct leat_virtio_counters *one = leat_virtio_counters(workers[i].virtio);

        all.rx_header += one->rx_header;
        all.rx_length += one->rx_length;
        all.rx_starved += one->rx_starved;
        all.tx_flattened += one->tx_flattened;
        all.tx_lost += one->tx_lost;
        all.resets += one->resets;
        all.rx_handed += one->rx_handed;
        all.rx_unhanded += one->rx_unhanded;
        all.rx_unowned += one->rx_unowned;
    }
    say_counter("virtio_rx_header", all.rx_header, "frames with an impossible virtio-net header");
    say_counter("virtio_rx_length", all.rx_length, "frames of a length that can't be");
    say_counter("virtio_rx_starved", all.rx_starved, "times that input had to wait");
    say_counter("virtio_tx_lost", all.tx_lost, "frames that could not be sent");
    say_counter("virtio_resets", all.resets, "resets because the device broke the rules");
    say_counter("virtio_rx_handed", all.rx_handed, "copies of frames for another stack");
    say_counter("virtio_rx_unhanded", all.rx_unhanded, "such copies that were lost");
    say_counter("virtio_rx_unowned", all.rx_unowned, "frames that no stack can own");
    say_counter("copied_virtio_frames", all.tx_flattened,
                "frames copied because they had too many pieces");
}

int leat_metal_main(struct leat_metal *metal)
{
    static struct orders orders;
    const char *wrong;
    bool good = true;
    unsigned count;

    console = metal->host;
    if (!parse(&orders, metal->command_line)) {
        say("%s", usage);
        return STATUS_NOT_STARTED;
    }
    count = open_device(metal, &orders);
    if (count == 0)
        return STATUS_NOT_STARTED;
    wrong = build_all(metal, &orders, count);
    if (wrong) {
        say("cores: %s\n", wrong);
        return STATUS_NOT_STARTED;
    }
    if (!run_all(metal, &orders, count))
        return STATUS_NOT_STARTED;
    for (unsigned i = 0; i < count; i++)
        good &= say_ended(&workers[i]);
    if (orders.stats)
        say_stats(count);
    for (unsigned i = 0; i < count; i++) {
        leat_http_server_close(workers[i].server);
        leat_close(workers[i].stack);
    }
    return good ? 0 : STATUS_FAILED;
}
