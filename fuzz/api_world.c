/* api_world.c -- the stacks, the wire between them, their clock, and the end of an input. */
#include "api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clocks.h"
#include "base.h"
#include "tcp_check.h"

enum {
    WIRE_FRAMES = 96,
    FRAME_BYTES = 1514,
    CONNECTIONS = 4,
    END_POLLS = 40000,
    MEMORY_BYTES = 1 << 20
};

static const uint64_t second_ns = 1000000000;

struct api_end api_ends[2];
uint64_t api_now_ns;
uint8_t api_data[API_PERIOD + API_DATA_MAX];
static struct leat_link *wire;

void api_demand(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "fuzz_api: %s\n", what);
    abort();
}

/* ---- the beginning ------------------------------------------------------------------------ */

static struct leat_config stack_config(const struct api_draw *draw, unsigned number)
{
    static const uint16_t counts[] = {64, 24, 40, 96};

    return (struct leat_config){
        .seed = {1, (uint8_t)number},
        .buf_count = counts[draw->pool & 3],
        .small_count = counts[draw->pool >> 2 & 3],
        .view_count = counts[draw->pool >> 4 & 3],
        .tx_queue_frames = draw->pool & 64 ? 4 : 24,
        .burst_frames = draw->pool & 128 ? 2 : 0,
        .arp_entries = 4,
        .arp_probe = draw->options & 128,
        .routes = 2,
        .reassemblies = 2,
        .on_conflict = api_on_address,
        .on_address = api_on_address,
    };
}

static struct leat_tcp_config tcp_config(const struct api_draw *draw)
{
    return (struct leat_tcp_config){
        .connections = CONNECTIONS,
        .half_open = 2,
        .time_wait = 2,
        .listeners = API_LISTENERS,
        .reorder_runs = draw->tcp & 1 ? 4 : 80,
        .sent_segments = draw->tcp & 2 ? 16 : 128,
        .transfers = draw->tcp & 4 ? 2 : 0,
        .peers = draw->link & 2 ? 1 : 0,
        .share_percent = draw->link & 4 ? 10 : 0,
        .receive_window_bytes = draw->tcp & 8 ? 4 * 1024 : 64 * 1024,
        .send_queue_bytes = draw->tcp & 16 ? 4 * 1024 : 64 * 1024,
        .keepalive_idle_ns = second_ns,
        .keepalive_interval_ns = second_ns,
        .keepalive_probes = 2,
        .congestion = draw->tcp & 32 ? &leat_tcp_newreno : &leat_tcp_cubic,
        .ecn = draw->tcp >> 6 < 3 ? (enum leat_tcp_ecn)(draw->tcp >> 6) : LEAT_TCP_ECN_ASK,
        .no_timestamps = draw->options & 1,
        .no_sack = draw->options & 2,
        .fast_open = draw->options & 4,
        .no_cookies = draw->options & 8,
        .no_pacing = draw->options & 16,
        .no_rack = draw->options & 32,
    };
}

/* The block ends where the stack's memory ends, so that a sanitizer detects reads beyond it. */
static bool open_end(const struct api_draw *draw, unsigned number)
{
    static const struct leat_udp_config udp = {.sockets = API_SOCKETS, .queue_max = 4};
    const struct leat_config config = stack_config(draw, number);
    const struct leat_tcp_config tcp = tcp_config(draw);
    const size_t bytes =
        leat_memory_bytes(&config) + leat_udp_memory_bytes(&udp) + leat_tcp_memory_bytes(&tcp);
    struct api_end *end = &api_ends[number];
    void *memory = end->memory ? end->memory : malloc(MEMORY_BYTES);

    api_demand(memory && bytes <= MEMORY_BYTES, "memory");
    *end = (struct api_end){.memory = memory, .next_ns = api_now_ns};
    end->ip = IP4(10, 0, 0, 1 + number);
    end->peer = IP4(10, 0, 0, 2 - number);
    end->netif = leat_link_end(wire, (int)number);
    if (leat_init(&end->stack, (uint8_t *)memory + MEMORY_BYTES - bytes, bytes, &config))
        return false;
    api_demand(!leat_udp_register(end->stack, &udp), "udp");
    api_demand(!leat_tcp_register(end->stack, &tcp), "tcp");
    api_demand(!leat_attach(end->stack, end->netif), "attach");
    api_demand(!leat_address_add(end->stack, end->netif, leat_ip_v4(end->ip), 24), "address");
    return true;
}

bool api_open(const struct api_draw *draw)
{
    static const uint32_t devices[] = {
        LEAT_NETIF_GATHER, 0, LEAT_NETIF_GATHER | LEAT_NETIF_RX_CHECKSUM | LEAT_NETIF_TX_CHECKSUM,
        LEAT_NETIF_GATHER | LEAT_NETIF_RX_CHECKSUM | LEAT_NETIF_TX_CHECKSUM | LEAT_NETIF_TSO |
            LEAT_NETIF_GRO};
    static uint8_t memory[256 * 1024];

    api_demand(leat_link_memory_bytes(WIRE_FRAMES, FRAME_BYTES) <= sizeof memory, "the wire");
    for (size_t i = 0; i < sizeof api_data; i++)
        api_data[i] = (uint8_t)(i % API_PERIOD);
    wire = leat_link_init(memory, WIRE_FRAMES, draw->link & 1 ? 14 + 300 : FRAME_BYTES, draw->link);
    leat_link_set_offloads(wire, 0, devices[draw->offloads & 3]);
    leat_link_set_offloads(wire, 1, devices[draw->offloads >> 2 & 3]);
    api_now_ns = clock_near_wrap(draw->clock, draw->clock_back);
    return open_end(draw, 0) && open_end(draw, 1);
}

/* ---- time and the wire -------------------------------------------------------------------- */

void api_poll(struct api_end *end)
{
    struct api_end *other = &api_ends[end == &api_ends[0]];
    const char *wrong;
    uint64_t look_ns;

    end->next_ns = leat_poll(end->stack, api_now_ns);
    api_demand(end->next_ns >= api_now_ns, "leat_poll() wants to be called in the past");
    api_demand(leat_stats_balance(leat_stats(end->stack)), "the statistics don't balance");
    wrong = tcp_check(end->stack);
    api_demand(!wrong, wrong);
    api_check_handles(end);
    /* its frames wake the other stack */
    look_ns = other->netif->ops->next_look_ns(other->netif, api_now_ns);
    if (look_ns < other->next_ns)
        other->next_ns = look_ns;
}

/* The stack to be polled next. */
static struct api_end *next_end(void)
{
    return &api_ends[api_ends[1].next_ns < api_ends[0].next_ns];
}

void api_run(uint64_t ns, unsigned polls)
{
    const uint64_t until_ns = api_now_ns + ns;

    api_ends[0].next_ns = api_ends[1].next_ns = api_now_ns; /* the programs have made calls since */
    for (struct api_end *end = next_end(); polls > 0 && end->next_ns <= until_ns; polls--) {
        if (end->next_ns > api_now_ns)
            api_now_ns = end->next_ns;
        api_poll(end);
        end = next_end();
    }
    if (until_ns > api_now_ns)
        api_now_ns = until_ns;
    api_poll(&api_ends[0]);
    api_poll(&api_ends[1]);
}

void api_set_faults(unsigned from, uint8_t what, uint8_t how)
{
    const struct leat_link_faults faults = {
        .delay_ns = what & 1 ? (uint64_t)1000 << how % 20 : 0,
        .jitter_ns = what & 2 ? (uint64_t)1000 << how % 16 : 0,
        .bits_per_s = what & 4 ? 1000000 : 0,
        .queue_frames = what & 8 ? 1 + how % 16 : 0,
        .loss_per_m = what & 16 ? how * 4000u : 0,
        .duplicate_per_m = what & 32 ? how * 2000u : 0,
        .corrupt_per_m = what & 64 ? how * 1000u : 0,
        .reorder_per_m = what & 128 ? how * 2000u : 0,
        .reorder_ns = (uint64_t)1000 << how % 22,
    };

    leat_link_set_faults(wire, (int)from, &faults);
}

/* A buffer of the kind that is to become scarce. */
static struct leat_buf *hog_one(struct leat_pool *pool, uint8_t kind)
{
    return kind == 0   ? leat_buf_alloc(pool, 0)
           : kind == 1 ? leat_buf_alloc_small(pool, 0)
                       : leat_buf_lend(pool, api_data, 1, NULL, NULL);
}

void api_hog(struct api_end *end, uint8_t what, uint8_t leave)
{
    const uint8_t kind = what % 4;
    unsigned count = 0;

    while (count < API_HOGS && end->hogs[count])
        count++;
    while (kind < 3 && count < API_HOGS &&
           (end->hogs[count] = hog_one(leat_pool(end->stack), kind)))
        count++;
    for (unsigned give = kind == 3 ? API_HOGS : leave % 32; give > 0 && count > 0; give--) {
        leat_buf_free(end->hogs[--count]);
        end->hogs[count] = NULL;
    }
}

/* ---- the end ------------------------------------------------------------------------------ */

/* Gives back all memory, drops the rules, and ends all faults of the machine. */
static void calm(struct api_end *end)
{
    memset(end->rules, 0, sizeof end->rules);
    api_hog(end, 3, 0);
    for (unsigned i = 0; i < API_SHELF; i++) {
        leat_buf_free(end->shelf[i].data);
        end->shelf[i].data = NULL;
    }
    api_set_faults(end == &api_ends[1], 0, 0);
}

static void close_rest(struct api_end *end)
{
    for (unsigned i = 0; i < API_LISTENERS; i++) {
        if (end->listeners[i])
            leat_tcp_listener_close(end->listeners[i]);
        end->listeners[i] = NULL;
    }
    for (unsigned i = 0; i < API_SOCKETS; i++) {
        if (end->sockets[i])
            leat_udp_close(end->sockets[i]);
        end->sockets[i] = NULL;
    }
}

/* Calls @what for all connections of both programs. */
static void to_all(void (*what)(struct api_handle *handle))
{
    for (unsigned i = 0; i < 2 * API_HANDLES; i++) {
        struct api_handle *handle = &api_ends[i / API_HANDLES].handles[i % API_HANDLES];

        if (handle->conn)
            what(handle);
    }
    api_run(second_ns, 2000);
}

static void read_all(struct api_handle *handle)
{
    leat_tcp_set_keepalive(handle->conn, false);
    leat_tcp_set_user_timeout(handle->conn, 0);
    leat_buf_free(api_receive(handle, UINT32_MAX));
    leat_tcp_consumed(handle->conn, handle->owed);
    handle->owed = 0;
}

static void close_well(struct api_handle *handle)
{
    (void)leat_tcp_close(handle->conn);
}

static void abort_it(struct api_handle *handle)
{
    leat_tcp_abort(handle->conn);
}

static void demand_end(struct api_handle *handle)
{
    (void)handle;
    api_demand(false, "a connection without its last callback");
}

/* Checks that as many connections as in the beginning can be opened. */
static void open_all_again(struct api_end *end)
{
    const struct leat_endpoint remote = leat_endpoint_of(leat_ip_v4(end->peer), 9);
    struct leat_tcp *conns[CONNECTIONS];

    (void)leat_address_add(end->stack, end->netif, leat_ip_v4(end->ip), 24);
    if (leat_ip_is_any(leat_address(end->stack, end->netif)))
        return; /* duplicate address detection goes on */
    for (unsigned i = 0; i < CONNECTIONS; i++)
        api_demand(leat_tcp_connect(end->stack, &conns[i], &remote, NULL, NULL, NULL) == LEAT_OK,
                   "an entry for a connection is lost");
    for (unsigned i = 0; i < CONNECTIONS; i++)
        leat_tcp_abort(conns[i]);
    api_run(second_ns, 1000);
}

void api_finish(bool well)
{
    calm(&api_ends[0]);
    calm(&api_ends[1]);
    close_rest(&api_ends[0]); /* resets connections that were not accepted, and ends those
                               * that wait for them */
    close_rest(&api_ends[1]);
    if (well) {
        to_all(read_all);
        to_all(close_well);
        api_run(600 * second_ns, END_POLLS);
    } else {
        to_all(abort_it);
    }
    to_all(demand_end);
    open_all_again(&api_ends[0]);
    open_all_again(&api_ends[1]);
    api_run(300 * second_ns, END_POLLS); /* TIME-WAIT, neighbours and fragments end */
    for (unsigned i = 0; i < 2; i++) {
        struct api_end *end = &api_ends[i];

        api_demand(pool_is_whole(&end->stack->pool), "a buffer is kept");
        api_demand(end->lent == end->released, "memory that was lent wasn't given back, or twice");
        leat_close(end->stack);
        api_demand(pool_is_whole(&end->stack->pool), "a buffer is lost");
    }
}
