/* tcp.c -- registration of TCP with a stack: configuration, memory, and the functions that IP
 * calls. */
#include "core/minmax.h"
#include "core/second.h"
#include "core/parts.h"
#include "tcp/passive/time_wait.h"
#include "tcp/conn/account.h"
#include "tcp/conn/budget.h"
#include "tcp/conn/table.h"
#include "tcp/drain.h"
#include "tcp/input.h"
#include "tcp/timers.h"
#include "tcp/send/output.h"
#include "tcp/tcp.h"

#include "tcp/send/gso.h"
#include "tcp/burst.h"

enum {
    KEEPALIVE_PROBES_MAX = 127 /* the width of conn.probes */
};

static uint32_t or32(uint32_t value, uint32_t fallback)
{
    return value ? value : fallback;
}

static uint64_t or64(uint64_t value, uint64_t fallback)
{
    return value ? value : fallback;
}

/* The default size of a table: @each entries for a connection, at least @least and at most @most.
 * So a program that sets only the number of connections gets tables to match. */
static uint32_t or_for(const struct leat_tcp_config *c, uint32_t value, uint32_t each,
                       uint32_t least, uint32_t most)
{
    const uint32_t all = c->connections < most ? c->connections * each : most;

    return value ? value : all < least ? least : min32(all, most);
}

/* Clamps times to the range of a deadline. */
static void clamp_times(struct leat_tcp_config *c)
{
    c->delayed_ack_ns = min64(c->delayed_ack_ns, deadline_max_ns);
    c->msl_ns = min64(c->msl_ns, deadline_ms_max_ns / 2);
    c->fin_wait_2_ns = min64(c->fin_wait_2_ns, deadline_ms_max_ns);
    c->user_timeout_ns = min64(c->user_timeout_ns, deadline_ms_max_ns);
    c->connect_timeout_ns = min64(c->connect_timeout_ns, deadline_ms_max_ns);
    c->keepalive_idle_ns = min64(c->keepalive_idle_ns, deadline_ms_max_ns);
    c->keepalive_interval_ns = min64(c->keepalive_interval_ns, deadline_ms_max_ns);
}

COLD static struct leat_tcp_config with_defaults(const struct leat_tcp_config *given)
{
    struct leat_tcp_config c = {0};

    if (given)
        c = *given;
    c.connections = or32(c.connections, 1024);
    c.half_open = or_for(&c, c.half_open, 8, 64, 1024);
    c.time_wait = or_for(&c, c.time_wait, 4, 64, 4096);
    c.listeners = (uint16_t)or32(c.listeners, 16);
    c.reorder_runs = or_for(&c, c.reorder_runs, 1, 64, 1024);
    c.reorder_runs_per_connection = or32(c.reorder_runs_per_connection, 64);
    c.sent_segments = or_for(&c, c.sent_segments, 16, 128, 4096);
    /* a transfer without a record could send nothing */
    c.transfers = or32(c.transfers, min32(c.connections, c.sent_segments));
    if (!c.congestion)
        c.congestion = tcp_default_congestion;
    /* RFC 6928 2 allows ten segments */
    c.initial_window_segments = (uint16_t)or32(c.initial_window_segments, 10);
    if (c.congestion->bbr)
        c.bbr_connections = or32(c.bbr_connections, c.transfers);
    c.bbr_connections = min32(c.bbr_connections, c.transfers);
    c.peers = min32(or32(c.peers, min32(c.connections, 1024)), PEERS_MAX);
    c.share_percent = (uint16_t)or32(c.share_percent, 100);
    c.receive_window_bytes = or32(c.receive_window_bytes, 4 * 1024 * 1024);
    c.send_queue_bytes = or32(c.send_queue_bytes, 4 * 1024 * 1024);
    /* this is below the second of RFC 6298 2.4, as in other stacks: on a path of less than 100 ms,
     * a timeout would take ten round trips */
    c.rto_min_ns = or64(c.rto_min_ns, second_ns / 5);
    c.rto_max_ns = or64(c.rto_max_ns, 60 * second_ns);
    /* RFC 1122 4.2.3.2 demands less than 0.5 s */
    c.delayed_ack_ns = or64(c.delayed_ack_ns, second_ns / 25);
    /* RFC 9293 3.4 takes two minutes, an engineering choice that may be changed */
    c.msl_ns = or64(c.msl_ns, 30 * second_ns);
    c.fin_wait_2_ns = or64(c.fin_wait_2_ns, 60 * second_ns);
    /* R2 of RFC 1122 4.2.3.5 is at least 100 s, and three minutes for a SYN */
    c.user_timeout_ns = or64(c.user_timeout_ns, 100 * second_ns);
    c.connect_timeout_ns = or64(c.connect_timeout_ns, 180 * second_ns);
    /* RFC 1122 4.2.3.6 demands no less than two hours by default */
    c.keepalive_idle_ns = or64(c.keepalive_idle_ns, 7200 * second_ns);
    c.keepalive_interval_ns = or64(c.keepalive_interval_ns, 75 * second_ns);
    c.keepalive_probes = (uint8_t)min32(or32(c.keepalive_probes, 9), KEEPALIVE_PROBES_MAX);
    clamp_times(&c);
    return c;
}

static bool config_is_legal(const struct leat_tcp_config *c)
{
    enum {
        WINDOW_MAX = 1 << 30, /* RFC 7323 2.3 */
        SHARE_PERCENT_MAX = 1000
    };

    /* near pointers must reach every entry, hence the last condition */
    return c->share_percent <= SHARE_PERCENT_MAX && c->receive_window_bytes <= WINDOW_MAX &&
           c->send_queue_bytes <= WINDOW_MAX && c->rto_min_ns <= c->rto_max_ns &&
           c->initial_window_segments <= LEAT_TCP_INITIAL_WINDOW_MAX &&
           (uint64_t)arena_cost(1, sizeof(struct tcp)) + tcp_tables_cost(c) <= NEAR_MAX_BYTES;
}

size_t leat_tcp_memory_bytes(const struct leat_tcp_config *config)
{
    const struct leat_tcp_config c = with_defaults(config);

    return arena_cost(1, sizeof(struct tcp)) + tcp_tables_cost(&c);
}

/* Gives the buffers back to the pool. All other memory belongs to the program. */
COLD static void tcp_close(struct leat *stack)
{
    struct tcp *tcp = stack->tcp;

    for (uint32_t i = 0; i < tcp->config.connections; i++) {
        if (tcp->conns[i].tcb.kind == TCB_CONN)
            tcp_conn_free(&tcp->conns[i]);
    }
    leat_debug_assert(tcp_nothing_is_unwritten(tcp));
}

COLD enum leat_err leat_tcp_register(struct leat *stack, const struct leat_tcp_config *config)
{
    static const struct protocol protocol = {
        .input = tcp_input,
        .icmp_error = tcp_icmp_error,
        .flush = tcp_flush,
        .holdings = tcp_holdings,
        .drain = tcp_drain,
        .close = tcp_close,
        .burst = HAS_SUPER_FRAMES ? tcp_burst : 0,
        .gso = HAS_SUPER_FRAMES ? gso_cut : 0,
        .wake = tcp_wake,
        .number = IP_TCP,
    };
    const struct leat_tcp_config c = with_defaults(config);
    struct tcp *tcp;

    if (LEAT_RESERVED_IS_USED(&c) || !config_is_legal(&c))
        return LEAT_ERR_ARGUMENT;
    if (stack->tcp)
        return LEAT_ERR_IN_USE;
    tcp = arena_take(&stack->arena, 1, sizeof *tcp);
    if (!tcp)
        return LEAT_ERR_MEMORY;
    tcp->stack = stack;
    tcp->config = c;
    tcp->congestions[0] = c.congestion;
    tcp->rto = rtt_limits(c.rto_min_ns, c.rto_max_ns);
    tcp->asked_options = tcp_options_to_offer(&c, false);
    tcp->accepted_options = tcp_options_to_offer(&c, true);
    tcp->wind_shift = tcp_wind_shift_for(c.receive_window_bytes);
    near_ring_init(tcp, &tcp->output);
    near_ring_init(tcp, &tcp->time_wait);
    tcp_told_init(tcp);
    tcp->conn_timer = tcp_conn_timer;
    tcp->time_wait_timer.fire = tcp_time_wait_timer;
    tcp->halves_timer.fire = tcp_halves_timer;
    tcp->eviction.timer.fire = tcp_eviction_timer;
    tcp->share_256 = c.share_percent * 256u / 100;
    tcp_halves_init(tcp);
    if (!tcp_tables_init(tcp, &stack->arena))
        return LEAT_ERR_MEMORY;
    if (!stack_register(stack, &protocol))
        return LEAT_ERR_FULL;
    /* this comes last, so that a stack whose registration has failed has no TCP, and can have one
     * by another call. The wheel asks for the deadline of these timers when it moves them, so most
     * never fire in vain */
    timers_ask(&stack->timers, tcp_conn_timer, tcp_conn_due_ns);
    stack->tcp = tcp;
    return LEAT_OK;
}
