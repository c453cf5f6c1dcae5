/*
 * tcp_check.c -- the invariants of TCP: numbers that agree with the state, waits that end.
 *
 * Each function returns NULL, or the violated invariant as a sentence.
 */
#include "tcp_check.h"

#include <stdio.h>

#include "core/container_of.h"
#include "tcp/congestion/seq.h"
#include "tcp/listener.h"
#include "tcp/conn/table.h"
#include "tcp/passive/time_wait.h"
#include "tcp/tcp.h"

/* The invariant that was checked last. */
#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition))                                                                          \
            return #condition;                                                                     \
    } while (0)

/* ---- numbers ------------------------------------------------------------------------------ */

static bool has(const struct leat_tcp *conn, uint32_t flags)
{
    return conn->flags & flags;
}

static bool in_states(const struct leat_tcp *conn, uint32_t states)
{
    return 1u << conn->tcb.state & states;
}

enum {
    SYN_STATES = 1 << TCP_SYN_SENT | 1 << TCP_SYN_RECEIVED,
    OPEN_STATES = 1 << TCP_ESTABLISHED | 1 << TCP_CLOSE_WAIT,
    FIN_STATES = 1 << TCP_FIN_WAIT_1 | 1 << TCP_FIN_WAIT_2 | 1 << TCP_CLOSING | 1 << TCP_LAST_ACK,
    PEER_FIN_STATES = 1 << TCP_CLOSE_WAIT | 1 << TCP_CLOSING | 1 << TCP_LAST_ACK
};

/* The first sequence number of data that isn't acknowledged. */
static uint32_t data_una(const struct leat_tcp *conn)
{
    return conn->snd_una + ((conn->tcb.flags & TCB_SYN_UNACKED) != 0);
}

/* SND.UNA, SND.NXT and the end of the queue. */
static const char *check_numbers(const struct leat_tcp *conn)
{
    const uint32_t una = conn->snd_una;
    const uint32_t nxt = conn->tcb.snd_nxt;
    const uint32_t data_end = tcp_data_end(conn);
    const uint32_t queued = conn->transfer->sendq.bytes;

    MUST(seq_le(una, nxt));
    MUST(seq_le(nxt, data_end + 1));
    MUST(tcp_fin_has_left(conn) == (nxt == data_end + 1));
    MUST(in_states(conn, 1 << TCP_FIN_WAIT_2) == (una == data_end + 1));
    MUST(queued == data_end - data_una(conn) || (queued == 0 && una == nxt));
    MUST(seq_le(conn->last_ack_sent, conn->tcb.rcv_nxt) || in_states(conn, SYN_STATES));
    return 0;
}

/* The flags for both FINs must match the state. */
static const char *check_fins(const struct leat_tcp *conn)
{
    MUST(!tcp_fin_has_left(conn) || in_states(conn, FIN_STATES));
    MUST(!tcp_fin_is_alone(conn) || tcp_fin_waits(conn));
    MUST(((conn->tcb.flags & TCB_FIN_TAKEN) != 0) == in_states(conn, PEER_FIN_STATES));
    MUST(!has(conn, CONN_FIN_KNOWN) || (conn->tcb.flags & TCB_FIN_TAKEN) ||
         seq_lt(conn->tcb.rcv_nxt, conn->fin_seq));
    MUST(!in_states(conn, SYN_STATES) || (conn->tcb.flags & TCB_SYN_UNACKED));
    MUST(!(conn->tcb.flags & TCB_SYN_UNACKED) || !in_states(conn, OPEN_STATES));
    MUST(!has(conn, CONN_NO_READER) || in_states(conn, FIN_STATES));
    return 0;
}

/* The scoreboard covers exactly the data in flight. */
static const char *check_records(const struct leat_tcp *conn)
{
    const struct scoreboard *board = &conn->transfer->scoreboard;
    const uint32_t known = board->in_flight_bytes + board->sacked_bytes + board->lost_bytes;
    const bool in_syn = (conn->tcb.flags & TCB_SYN_UNACKED) && !has(conn, CONN_FAST_OPEN);

    MUST((board->first == 0) == (known == 0));
    if (in_syn || tcp_fin_is_alone(conn)) /* the data of a SYN has no record */
        MUST(known == 0);
    else
        MUST(known == conn->tcb.snd_nxt - data_una(conn));
    return 0;
}

/* ---- waits -------------------------------------------------------------------------------- */

/* True if the queue of a full device will call tcp_wake() after the frames before. */
static bool is_to_be_woken(const struct leat_tcp *conn)
{
    const struct fair_table *table = conn->tcp->stack->flows;

    for (unsigned i = 0; i < LEAT_NETIFS_MAX + (unsigned)table->count; i++) {
        if (table->all[i].waiter == near_to(conn->tcp, conn) && table->all[i].frames > 0)
            return true;
    }
    return false;
}

/* True if tcp_output() will be called again. */
static bool is_looked_at(const struct leat_tcp *conn)
{
    return near_ring_is_in(&conn->output) || has(conn, CONN_RETRY) ||
           conn->rexmt_at != DEADLINE_NONE || is_to_be_woken(conn);
}

static const char *check_output(const struct leat_tcp *conn)
{
    const uint32_t owed = CONN_SEND_SYN | CONN_ACK_NOW | CONN_PROBE | CONN_TAIL_PROBE;
    /* without a route the next call of the program or segment of the peer tries again */
    const bool no_route = conn->error == LEAT_ERR_NO_ROUTE;

    MUST(conn->snd_una == conn->tcb.snd_nxt || is_looked_at(conn));
    MUST(!tcp_something_waits(conn) || is_looked_at(conn));
    MUST(!has(conn, owed) || no_route || is_looked_at(conn));
    MUST(!has(conn, CONN_PERSIST) ||
         (tcp_something_waits(conn) && !(conn->tcb.flags & TCB_SYN_UNACKED) &&
          conn->transfer->scoreboard.in_flight_bytes == 0));
    return 0;
}

/* True if @deadline is set, and the timer fires by then; a late one fires in the next tick. */
static bool is_in_wheel(const struct leat_tcp *conn, uint64_t deadline_at_ns)
{
    const uint64_t now_ns = conn->tcp->stack->now_ns;
    const uint64_t tick_ns = (uint64_t)1 << TIMER_TICK_SHIFT;
    const uint64_t at_ns = deadline_at_ns < now_ns ? now_ns : deadline_at_ns;

    return deadline_at_ns == LEAT_NEVER_NS ||
           (timer_is_set(&conn->timer) && timer_at_ns(&conn->timer) <= at_ns + tick_ns);
}

/* The ACK may be sent with the program's data in the next turn, and its timer waits for that. */
static bool has_its_turn(const struct leat_tcp *conn)
{
    return !has(conn, CONN_RETRY) &&
           (near_ring_is_in(&conn->told) || near_ring_is_in(&conn->output));
}

static const char *check_deadlines(const struct leat_tcp *conn)
{
    const struct leat_tcp_config *config = &conn->tcp->config;
    const uint64_t now_ns = conn->tcp->stack->now_ns;
    const uint64_t least_ns = 3000000000; /* RFC 6298 5.7, even above the limit */
    const uint64_t limit_ns = config->rto_max_ns > least_ns ? config->rto_max_ns : least_ns;
    const uint64_t rexmt_ns = deadline_ns(conn->rexmt_at, now_ns);
    const uint64_t keepalive_ns = deadline_ms_ns(conn->keepalive_at_ms, now_ns);

    MUST(rexmt_ns == LEAT_NEVER_NS || rexmt_ns <= now_ns + limit_ns + DEADLINE_NS_PER_MS);
    MUST(is_in_wheel(conn, rexmt_ns));
    MUST(is_in_wheel(conn, keepalive_ns));
    MUST(is_in_wheel(conn, conn->transfer->loss_at_ns));
    MUST(conn->rexmt_at != DEADLINE_NONE || conn->transfer->loss_at_ns == LEAT_NEVER_NS);
    MUST(!has(conn, CONN_DELAYED_ACK | CONN_RETRY) || has_its_turn(conn) ||
         is_in_wheel(conn, deadline_tick_ns(conn->ack_or_retry_at, now_ns)));
    MUST(!has(conn, CONN_ABANDONED) || in_states(conn, 1 << TCP_FIN_WAIT_2));
    MUST(!in_states(conn, 1 << TCP_FIN_WAIT_2) || !has(conn, CONN_NO_READER) ||
         (has(conn, CONN_ABANDONED) && conn->keepalive_at_ms != DEADLINE_NONE));
    MUST(!has(conn, CONN_KEEPALIVE) || (conn->tcb.flags & TCB_SYN_UNACKED) ||
         conn->keepalive_at_ms != DEADLINE_NONE);
    return 0;
}

/* A program that waits for a callback will get it. */
static const char *check_program(const struct leat_tcp *conn)
{
    const uint32_t tell = CONN_TELL_OPEN | CONN_TELL_READABLE | CONN_TELL_WRITABLE;
    const bool held_back = conn->data_bytes > 0 && conn->error == LEAT_OK;

    if (has(conn, CONN_UNACCEPTED)) {
        MUST(near_ring_is_in(&conn->waiting));
        return 0;
    }
    MUST(!has(conn, tell) || near_ring_is_in(&conn->told));
    MUST(!has(conn, CONN_TELL_CLOSED) || held_back || near_ring_is_in(&conn->told));
    /* an ACK makes room, or the next output */
    MUST(!has(conn, CONN_WAS_FULL) || tcp_fin_is_queued(conn) || has(conn, CONN_TELL_WRITABLE) ||
         (conn->tcb.flags & TCB_SYN_UNACKED) || conn->transfer->sendq.bytes > 0 ||
         has(conn, CONN_RETRY) || !(conn->tcb.flags & TCB_HASHED));
    return 0;
}

static const char *check_conn(const struct leat_tcp *conn)
{
    const char *(*const checks[])(const struct leat_tcp *) = {
        check_numbers, check_fins, check_records, check_output, check_deadlines, check_program};
    const char *wrong = 0;

    if (!(conn->tcb.flags & TCB_HASHED)) /* a handle stays until its last callback */
        return check_program(conn);
    for (unsigned i = 0; i < sizeof checks / sizeof *checks && !wrong; i++)
        wrong = checks[i](conn);
    return wrong;
}

/* ---- the small entries -------------------------------------------------------------------- */

static bool fires_by(const struct tcp *tcp, const struct timer *timer, uint64_t at_ns)
{
    const uint64_t now_ns = tcp->stack->now_ns;
    const uint64_t tick_ns = (uint64_t)1 << TIMER_TICK_SHIFT;

    return timer_is_set(timer) && timer_at_ns(timer) <= (at_ns < now_ns ? now_ns : at_ns) + tick_ns;
}

/* Half-open connections lie in rings, the oldest first, and one timer checks them. */
static const char *check_halves(const struct tcp *tcp)
{
    for (unsigned i = 0; i <= HALF_RETRANSMITS_MAX; i++) {
        const struct ring *head = &tcp->halves_waiting[i];
        uint64_t due_ns = 0;

        for (const struct ring *at = head->next; at != head; at = at->next) {
            const struct tcp_half *half =
                container_of((struct ring *)(uintptr_t)at, struct tcp_half, ring);

            MUST(half->tcb.state == TCP_SYN_RECEIVED && (half->tcb.flags & TCB_HASHED));
            MUST(half->retransmits == i && half->listener->half_count > 0);
            MUST(half->due_ns >= due_ns);
            due_ns = half->due_ns;
            MUST(fires_by(tcp, &tcp->halves_timer, due_ns));
        }
    }
    return 0;
}

/* A half-open connection that may reopen @entry must be found instead of it. */
static bool half_has_its_place(struct tcp *tcp, const struct tcp_time_wait *entry)
{
    struct tcb *tcb = tcp_look_up(tcp, tcb_tuple(&entry->tcb));

    return tcb && tcb->kind == TCB_HALF && tcp_half(tcb)->before == entry;
}

/* Those in TIME-WAIT lie in rings, too. */
static const char *check_time_waits(struct tcp *tcp)
{
    const uint64_t longest_ns = 2 * tcp->config.msl_ns;
    uint32_t end_ms = 0;

    for (struct near_ring *at = near_ring_first(tcp, &tcp->time_wait); at != &tcp->time_wait;
         at = near_node(tcp, at->next)) {
        const struct tcp_time_wait *entry = container_of(at, struct tcp_time_wait, ring);
        const int32_t left_ms = (int32_t)(entry->tcb.clock_ms - tcp_now_ms(tcp->stack));

        MUST(entry->tcb.state == TCP_TIME_WAIT);
        MUST((entry->tcb.flags & TCB_HASHED) || half_has_its_place(tcp, entry));
        MUST(left_ms <= (int32_t)(longest_ns / DEADLINE_NS_PER_MS));
        MUST(at == near_ring_first(tcp, &tcp->time_wait) || seq_le(end_ms, entry->tcb.clock_ms));
        end_ms = entry->tcb.clock_ms;
        MUST(fires_by(tcp, &tcp->time_wait_timer,
                      tcp->stack->now_ns + longest_ns + DEADLINE_NS_PER_MS));
    }
    return 0;
}

/* ---- all of it ---------------------------------------------------------------------------- */

static const char *say(const struct leat_tcp *conn, const char *wrong)
{
    static char text[LEAT_TCP_INFO_TEXT_BYTES + 400];
    char info_text[LEAT_TCP_INFO_TEXT_BYTES];
    struct leat_tcp_info info;

    leat_tcp_get_info(conn, &info);
    leat_tcp_info_text(&info, info_text);
    snprintf(text, sizeof text, "not so: %s; flags %#x, %s", wrong, (unsigned)conn->flags,
             info_text);
    return text;
}

const char *tcp_check(struct leat *stack)
{
    struct tcp *tcp = stack->tcp;
    const char *wrong;
    uint32_t pending = 0;

    if (!tcp)
        return 0;
    for (uint32_t i = 0; i < tcp->config.connections; i++) {
        const struct leat_tcp *conn = &tcp->conns[i];

        if (conn->tcb.kind != TCB_CONN)
            continue;
        pending += has(conn, CONN_FAST_OPEN);
        wrong = check_conn(conn);
        if (wrong)
            return say(conn, wrong);
    }
    MUST(pending == tcp->fast_open.pending);
    wrong = check_halves(tcp);
    return wrong ? wrong : check_time_waits(tcp);
}
