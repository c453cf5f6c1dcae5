/* conn.c -- birth and death of connections, and what the program hears of them. */
#include "tcp/budget.h"
#include "tcp/tcp.h"

static void conn_deliver(struct leat *stack, struct ready *ready);

uint8_t tcp_offered_options(const struct tcp *tcp, bool passive)
{
    const struct leat_tcp_config *config = &tcp->config;
    const bool ecn =
        config->ecn == LEAT_TCP_ECN_ASK || (passive && config->ecn == LEAT_TCP_ECN_ACCEPT);

    return (uint8_t)((config->no_timestamps ? 0 : TCB_TS) | (config->no_sack ? 0 : TCB_SACK) |
                     (ecn ? TCB_ECN : 0));
}

uint8_t tcp_agreed_options(uint8_t offered, const struct wire_tcp *syn)
{
    const uint8_t ecn = syn->flags & (TCP_ECE | TCP_CWR);
    /* a SYN asks with both bits, a SYN,ACK agrees with one (RFC 3168 6.1.1) */
    const bool has_ecn = ecn == (syn->flags & TCP_ACK ? TCP_ECE : TCP_ECE | TCP_CWR);

    if (!syn->has_ts)
        offered &= (uint8_t)~TCB_TS;
    if (!syn->sack_permitted)
        offered &= (uint8_t)~TCB_SACK;
    if (!has_ecn)
        offered &= (uint8_t)~TCB_ECN;
    return offered;
}

struct leat_tcp *tcp_conn_new(struct tcp *tcp, const struct leat_tcp_events *events, void *arg)
{
    struct tcb *tcb = tcp_take_entry(tcp, TCB_CONN);
    struct leat_tcp *conn;

    if (!tcb)
        return 0;
    conn = tcp_conn(tcb);
    conn->tcp = tcp;
    conn->events = events;
    conn->arg = arg;
    conn->ready.run = conn_deliver;
    conn->timer.fire = tcp_conn_timer;
    conn->rexmt_at_ns = conn->delack_at_ns = LEAT_NEVER_NS;
    conn->quiet_at_ns = conn->retry_at_ns = LEAT_NEVER_NS;
    conn->transfer = &tcp->nothing;
    conn->progress_at_ns = conn->heard_at_ns = tcp->stack->now_ns;
    conn->user_timeout_ns = tcp->config.user_timeout_ns;
    conn->tcb.rcv_wind_shift = tcp->wind_shift;
    rtt_init(&conn->rtt, &tcp->rto);
    conn->window_limit = tcp_window_begin(tcp);
    return conn;
}

enum {
    TS_OPTION_BYTES = 12, /* with its padding */
    HEADERS_BYTES = 40
};

void tcp_conn_mss_changed(struct leat_tcp *conn)
{
    const uint16_t path = (uint16_t)(conn->pmtu.mtu - HEADERS_BYTES);
    const uint16_t most = conn->peer_mss < path ? conn->peer_mss : path;

    /* RFC 6691 3: an MSS counts no options */
    conn->mss = (uint16_t)(most - (conn->tcb.flags & TCB_TS ? TS_OPTION_BYTES : 0));
    if (tcp_has_transfer(conn))
        conn->transfer->congestion.mss = conn->mss;
}

void tcp_conn_handshaken(struct leat_tcp *conn)
{
    tcp_conn_mss_changed(conn);
    tcp_transfer_handshaken(conn);
    if (conn->flags & CONN_LOST_SYN)
        rtt_after_lost_SYN(&conn->rtt);
    tcp_open_window(conn);
    tcp_watch_quiet(conn);
}

void tcp_conn_not_fast(struct leat_tcp *conn)
{
    if (conn->flags & CONN_FAST_OPEN)
        conn->tcp->fast_open.pending--;
    conn->flags &= ~(unsigned)CONN_FAST_OPEN;
}

static void timers_stop(struct leat_tcp *conn)
{
    timer_cancel(&conn->tcp->stack->timers, &conn->timer);
    conn->rexmt_at_ns = conn->delack_at_ns = LEAT_NEVER_NS;
    conn->quiet_at_ns = conn->retry_at_ns = LEAT_NEVER_NS;
}

void tcp_conn_bury(struct leat_tcp *conn)
{
    tcp_unhash(conn->tcp, &conn->tcb);
    tcp_conn_not_fast(conn);
    timers_stop(conn);
    ring_remove(&conn->output);
    tcp_transfer_end(conn);
}

static void text_free(struct leat_tcp *conn)
{
    leat_buf_free(conn->text);
    conn->text = conn->text_last = 0;
    conn->text_bytes = 0;
}

void tcp_conn_free(struct leat_tcp *conn)
{
    stack_not_ready(&conn->ready);
    ring_remove(&conn->waiting);
    tcp_conn_bury(conn);
    text_free(conn);
    tcp_give_entry(conn->tcp, &conn->tcb);
}

/* The end is told last: after an orderly close the program may first read what came before it. */
static bool end_may_be_told(const struct leat_tcp *conn)
{
    return (conn->flags & CONN_TELL_CLOSED) &&
           (conn->why != LEAT_OK || conn->text_bytes == 0 || (conn->flags & CONN_NO_READER));
}

static bool take_flag(struct leat_tcp *conn, enum conn_flag flag)
{
    if (!(conn->flags & flag))
        return false;
    conn->flags &= ~(unsigned)flag;
    return true;
}

/* Runs from leat_poll() only.  A callback may call anything: it changes flags and queues, and the
 * handle lives until the last line here. */
static void conn_deliver(struct leat *stack, struct ready *ready)
{
    struct leat_tcp *conn = owner_of(ready, struct leat_tcp, ready);

    (void)stack;
    if (take_flag(conn, CONN_TELL_OPEN) && conn->events->on_open)
        conn->events->on_open(conn, conn->arg);
    if (take_flag(conn, CONN_TELL_READABLE) && !(conn->flags & CONN_NO_READER) &&
        conn->events->on_readable)
        conn->events->on_readable(conn, conn->arg);
    if (take_flag(conn, CONN_TELL_WRITABLE) && !(conn->flags & CONN_TELL_CLOSED) &&
        conn->events->on_writable)
        conn->events->on_writable(conn, conn->arg);
    if (!end_may_be_told(conn))
        return;
    if (conn->events->on_closed)
        conn->events->on_closed(conn, conn->why, conn->arg);
    tcp_conn_free(conn);
}
