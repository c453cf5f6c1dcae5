/* services_world.c -- the stacks, the link between them, their clock, and the end of an input. */
#include "services.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <leat/autoconf.h>

#include "clocks.h"
#include "base.h"
#include "tcp_check.h"

enum {
    LINK_FRAMES = 128,
    FRAME_BYTES = 1514,
    HOGS = 256,
    END_POLLS = 20000,
    MEMORY_BYTES = 4 << 20
};

static const uint64_t second_ns = 1000000000;

struct services_end services_ends[2];
struct services_draw services_draw;
struct services_mood services_mood;
uint64_t services_now_ns;
uint8_t services_file[SERVICES_FILE_BYTES];
static struct leat_link *wire;
static struct leat_buf *hogs[HOGS];

/* The last DHCP message of the first stack; it has no address yet, so the second stack's sockets
 * don't receive it.
 */
static struct {
    uint32_t len;
    uint8_t bytes[600];
} asked;

void services_demand(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "fuzz_services: %s\n", what);
    abort();
}

/* Prints the place of a failed assertion, because a sanitizer can't unwind a task's stack. */
void leat_assert_failed(const char *file, unsigned line)
{
    fprintf(stderr, "fuzz_services: assertion at %s:%u\n", file, line);
    abort();
}

void *services_memory(size_t bytes)
{
    void *memory = malloc(bytes);

    services_demand(memory != NULL, "memory");
    return memory;
}

/* ---- the beginning ------------------------------------------------------------------------ */

static const struct leat_ipv6_config ipv6_config = {
    .neighbours = 8, .hosts = 128, .no_duplicate_check = true};

static struct leat_config stack_config(unsigned number)
{
    static const uint16_t counts[] = {256, 48, 96, 160};
    const uint8_t pool = services_draw.pool;
    const bool ours = number == 0;

    return (struct leat_config){
        .seed = {1, (uint8_t)number},
        .buf_count = ours ? counts[pool & 3] : 512,
        .small_count = ours ? counts[pool >> 2 & 3] : 512,
        .view_count = ours ? 2u * counts[pool >> 4 & 3] : 1024,
        .tx_queue_frames = ours && pool & 64 ? 6 : 64,
        .burst_frames = ours && pool & 128 ? 2 : 0,
        .arp_entries = 8,
        .routes = 2,
        .reassemblies = 2,
        .now_ns = services_now_ns,
    };
}

static struct leat_tcp_config tcp_config(unsigned number)
{
    const uint8_t tcp = number == 0 ? services_draw.tcp : 0;

    return (struct leat_tcp_config){
        .connections = tcp & 1 ? 10 : 48,
        .half_open = 8,
        .time_wait = 8,
        .listeners = 10,
        .reorder_runs = 160,
        .sent_segments = tcp & 2 ? 48 : 512,
        .peers = tcp & 4 ? 1 : 0,
        .share_percent = tcp & 8 ? 20 : 0,
        .receive_window_bytes = 64 * 1024,
        .send_queue_bytes = 32 * 1024,
        .fast_open = tcp & 16,
        .no_cookies = tcp & 32,
        .no_rack = tcp & 64,
        .no_timestamps = tcp & 128,
    };
}

/* The block ends where the stack's memory ends, so that a sanitizer detects reads beyond it. */
static bool open_end(unsigned number)
{
    const struct leat_udp_config udp = {.sockets = number == 0 && services_draw.tables & 1 ? 6 : 24,
                                        .queue_max = 16};
    const struct leat_config config = stack_config(number);
    const struct leat_tcp_config tcp = tcp_config(number);
    const size_t bytes = leat_memory_bytes(&config) + leat_udp_memory_bytes(&udp) +
                         leat_tcp_memory_bytes(&tcp) + leat_ipv6_memory_bytes(&ipv6_config) +
                         leat_autoconf_memory_bytes();
    struct services_end *end = &services_ends[number];
    void *memory = end->memory ? end->memory : malloc(MEMORY_BYTES);

    services_demand(memory && bytes <= MEMORY_BYTES, "memory");
    *end = (struct services_end){.memory = memory, .next_ns = services_now_ns};
    end->netif = leat_link_end(wire, (int)number);
    end->ip = LEAT_IP4(10, 0, 0, (uint8_t)(1 + number));
    if (leat_init(&end->stack, (uint8_t *)memory + MEMORY_BYTES - bytes, bytes, &config))
        return false;
    services_demand(!leat_udp_register(end->stack, &udp), "udp");
    services_demand(!leat_tcp_register(end->stack, &tcp), "tcp");
    services_demand(!leat_attach(end->stack, end->netif), "attach");
    services_demand(!leat_address_add(end->stack, end->netif, end->ip, 24), "address");
    if (!services_draw.is_ipv6)
        return true;
    end->ip = (struct leat_ip){
        {0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, (uint8_t)(1 + number)}};
    services_demand(!leat_ipv6_register(end->stack, &ipv6_config), "ipv6");
    services_demand(!leat_address_add(end->stack, end->netif, end->ip, 64), "address");
    return true;
}

enum {
    UDP_AT = 14 + 20, /* without options */
    UDP_DATA_AT = UDP_AT + 8,
    PORT_LEASES = 67
};

static void on_frame(void *arg, int from_end, uint64_t now_ns, const uint8_t *frame, uint32_t len)
{
    (void)arg;
    (void)now_ns;
    if (from_end != 0 || len < UDP_DATA_AT || frame[12] != 8 || frame[13] != 0 || frame[23] != 17 ||
        frame[UDP_AT + 2] != 0 || frame[UDP_AT + 3] != PORT_LEASES)
        return;
    len -= UDP_DATA_AT;
    asked.len = len < sizeof asked.bytes ? len : sizeof asked.bytes;
    memcpy(asked.bytes, frame + UDP_DATA_AT, asked.len);
}

static void fill_file(void)
{
    for (size_t i = 0; i < sizeof services_file; i++)
        services_file[i] = (uint8_t)(i % SERVICES_PERIOD);
}

bool services_open(const struct services_draw *draw)
{
    static uint8_t memory[512 * 1024];

    services_demand(leat_link_memory_bytes(LINK_FRAMES, FRAME_BYTES) <= sizeof memory, "the link");
    if (services_file[1] == 0)
        fill_file();
    services_draw = *draw;
    services_mood = (struct services_mood){0};
    services_now_ns = clock_near_wrap(draw->clock, draw->clock_back);
    wire = leat_link_init(memory, LINK_FRAMES, FRAME_BYTES, draw->link);
    leat_link_set_tap(wire, on_frame, NULL);
    asked.len = 0;
    memset(hogs, 0, sizeof hogs);
    services_forget_rules();
    services_tasks_forget();
    if (!open_end(0) || !open_end(1))
        return false;
    services_secret_open();
    services_peer_open();
    services_names_open();
    services_tasks_open();
    services_web_open();
    services_calls_open();
    services_rest_open();
    return true;
}

struct leat_endpoint services_at(unsigned end, uint16_t port)
{
    return leat_endpoint_of(services_ends[end].ip, port);
}

/* ---- time and the link -------------------------------------------------------------------- */

static void poll_end(struct services_end *end)
{
    struct services_end *other = &services_ends[end == &services_ends[0]];
    const char *wrong;
    uint64_t look_ns;

    end->next_ns = leat_poll(end->stack, services_now_ns);
    services_demand(services_where == SERVICES_OUTSIDE, "a callback that didn't end");
    services_demand(end->next_ns >= services_now_ns, "leat_poll() wants to be called in the past");
    services_demand(leat_stats_balance(leat_stats(end->stack)), "the statistics don't balance");
    wrong = tcp_check(end->stack);
    services_demand(!wrong, wrong);
    if (asked.len > 0)
        services_peer_lease(asked.bytes, asked.len);
    asked.len = 0;
    /* its frames wake the other stack */
    look_ns = other->netif->ops->next_look_ns(other->netif, services_now_ns);
    if (look_ns < other->next_ns)
        other->next_ns = look_ns;
}

static struct services_end *next_end(void)
{
    return &services_ends[services_ends[1].next_ns < services_ends[0].next_ns];
}

void services_run(uint64_t ns, unsigned polls)
{
    const uint64_t until_ns = services_now_ns + ns;

    /* the programs have made calls since */
    services_ends[0].next_ns = services_ends[1].next_ns = services_now_ns;
    for (struct services_end *end = next_end(); polls > 0 && end->next_ns <= until_ns; polls--) {
        if (end->next_ns > services_now_ns)
            services_now_ns = end->next_ns;
        poll_end(end);
        end = next_end();
    }
    if (until_ns > services_now_ns)
        services_now_ns = until_ns;
    poll_end(&services_ends[0]);
    poll_end(&services_ends[1]);
}

void services_set_faults(unsigned from, uint8_t what, uint8_t how)
{
    const struct leat_link_faults faults = {
        .delay_ns = what & 1 ? (uint64_t)1000 << how % 20 : 0,
        .jitter_ns = what & 2 ? (uint64_t)1000 << how % 16 : 0,
        .bits_per_s = what & 4 ? 2000000 : 0,
        .queue_frames = what & 8 ? 1 + how % 16 : 0,
        .loss_per_m = what & 16 ? how * 3000u : 0,
        .duplicate_per_m = what & 32 ? how * 2000u : 0,
        .reorder_per_m = what & 64 ? how * 2000u : 0,
        .reorder_ns = (uint64_t)1000 << how % 22,
    };

    leat_link_set_faults(wire, (int)from, &faults);
}

void services_hog(bool take, uint8_t leave)
{
    struct leat_pool *pool = leat_pool(services_ends[0].stack);
    unsigned count = 0;

    while (count < HOGS && hogs[count])
        count++;
    while (take && count < HOGS && leat_pool_free_count(pool) > leave &&
           (hogs[count] = leat_buf_alloc(pool, 0)))
        count++;
    while (!take && count > 0) {
        leat_buf_free(hogs[--count]);
        hogs[count] = NULL;
    }
}

/* ---- the end ------------------------------------------------------------------------------ */

/* The link works, the servers answer, and no more rules apply.
 */
static void calm(void)
{
    services_forget_rules();
    services_hog(false, 0);
    services_set_faults(0, 0, 0);
    services_set_faults(1, 0, 0);
    services_mood = (struct services_mood){0};
    services_peer_calm();
}

/* Waits until lookups, calls, exchanges and tasks have ended by themselves. */
static void await_ends(void)
{
    for (unsigned i = 0; i < 20; i++) {
        services_web_settle();
        services_calls_settle();
        services_run(20 * second_ns, END_POLLS / 10);
    }
    services_demand(services_names_pending() == 0, "a lookup doesn't end");
    services_demand(services_calls_pending() == 0, "a call doesn't end");
    services_demand(services_web_pending() == 0, "an exchange doesn't end");
    services_demand(services_tasks_pending() == 0, "a task doesn't end");
}

/* Demands that no connection is left; prints those that are. */
static void demand_no_connection(unsigned number)
{
    const struct leat *stack = services_ends[number].stack;
    const struct leat_tcp *conn;
    uint32_t index = 0;

    while ((conn = leat_tcp_next(stack, &index))) {
        char text[LEAT_TCP_INFO_TEXT_BYTES];
        struct leat_tcp_info info;

        leat_tcp_get_info(conn, &info);
        leat_tcp_info_text(&info, text);
        fprintf(stderr, "stack %u: %s\n", number, text);
    }
    services_demand(index == 0 || leat_tcp_count(stack) == 0, "a connection doesn't end");
}

void services_finish(void)
{
    calm();
    await_ends();
    services_calls_close();
    services_tasks_close();
    services_web_close(true);
    services_names_close();
    services_rest_close();
    services_peer_close();
    services_run(10 * second_ns, END_POLLS / 10);
    services_secret_close();
    services_run(400 * second_ns, END_POLLS); /* TIME-WAIT, neighbours, fragments */
    for (unsigned i = 0; i < 2; i++) {
        struct leat *stack = services_ends[i].stack;

        demand_no_connection(i);
        services_demand(pool_is_whole(&stack->pool), "a buffer is kept");
        leat_close(stack);
        services_demand(pool_is_whole(&stack->pool), "a buffer is lost");
    }
}
