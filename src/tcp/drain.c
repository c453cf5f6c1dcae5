/*
 * drain.c -- the end of all connections, in order.
 *
 * A connection has been opened by its peer if a listener has its local port. Programs keep their
 * listeners during a drain, so that handshakes can be finished; input.c refuses new ones.
 */
#include "tcp/drain.h"

#include "tcp/conn/account.h"
#include "tcp/conn/lifetime.h"
#include "tcp/conn/table.h"
#include "tcp/listener.h"
#include "tcp/send/emit.h"
#include "tcp/tcp.h"

static bool is_passive(const struct leat_tcp *conn)
{
    return tcp_find_listener(conn->tcp, conn->tcb.local_ip, conn->tcb.local_port) != 0;
}

/* True if the program may still send: our FIN isn't queued. */
static bool is_open(const struct leat_tcp *conn)
{
    return 1u << conn->tcb.state &
           (1u << TCP_SYN_RECEIVED | 1u << TCP_ESTABLISHED | 1u << TCP_CLOSE_WAIT);
}

/* True if all data is read and acknowledged. */
static bool is_empty(const struct leat_tcp *conn)
{
    return conn->data_bytes == 0 && conn->transfer->sendq.bytes == 0;
}

/* True if the program closes the connection itself. */
static bool asked(struct leat_tcp *conn, bool quiet)
{
    return !(conn->flags & CONN_UNACCEPTED) && conn->events->on_drain &&
           conn->events->on_drain(conn, quiet, conn->arg);
}

/* The error is a mark for reset(). */
static void close_quiet(struct leat_tcp *conn, struct drain_look *look)
{
    leat_tcp_shutdown(conn);
    tcp_note_error(conn, LEAT_ERR_ABORTED);
    look->closed++;
    look->ours += !is_passive(conn);
}

/* Ends @conn by a reset, which the table would not send after the peer's FIN and ours (RFC 9293
 * 3.10.5): the peer may wait for data that we never sent. */
static void reset(struct leat_tcp *conn, struct drain_look *look)
{
    struct tcb *tcb = &conn->tcb;

    if (!(conn->flags & CONN_TELL_CLOSED) && conn->error == LEAT_ERR_ABORTED)
        look->closed--; /* it was counted there */
    else
        look->ours += !is_passive(conn);
    if (1u << tcb->state & (1u << TCP_CLOSING | 1u << TCP_LAST_ACK))
        tcp_emit_control(conn->tcp, tcb, tcb->snd_nxt, TCP_RST | TCP_ACK);
    tcp_end_early(conn, LEAT_ERR_ABORTED);
    look->reset++;
}

/* Lets the program finish its work, or closes the connection. */
static void wait_for(struct leat_tcp *conn, struct drain_look *look)
{
    const bool quiet =
        is_empty(conn) && tcp_age_ms(conn->tcp, conn->tcb.clock_ms) >= look->quiet_ms;

    look->alive++;
    if (!asked(conn, quiet) && quiet && is_open(conn) && !(conn->flags & CONN_UNACCEPTED))
        close_quiet(conn, look);
    look->waits += is_open(conn) || tcp_fin_waits(conn);
}

/* Closes what has all its data acknowledged, and resets what hasn't. The program's last words, such
 * as close_notify, and a FIN that waits for its ACK alone get more time. */
static void close_now(struct leat_tcp *conn, struct drain_look *look)
{
    const bool was_empty = is_empty(conn);
    const bool may_ask = is_open(conn) && was_empty && !(conn->flags & CONN_UNACCEPTED);

    if (may_ask && !asked(conn, true) && is_open(conn))
        close_quiet(conn, look);
    else if (is_open(conn) || conn->tcb.state == TCP_SYN_SENT || !was_empty)
        reset(conn, look);
    look->unacked += tcp_fin_waits(conn);
}

static void look_at(struct leat_tcp *conn, struct drain_look *look)
{
    if (1u << conn->tcb.state & (1u << TCP_CLOSED | 1u << TCP_TIME_WAIT | 1u << TCP_FIN_WAIT_2))
        return; /* the peer knows */
    if (look->step == DRAIN_WAIT && is_passive(conn))
        wait_for(conn, look);
    else if (look->step == DRAIN_CLOSE)
        close_now(conn, look);
    else if (look->step == DRAIN_RESET && tcp_fin_waits(conn))
        reset(conn, look);
    else if (look->step == DRAIN_ACKS)
        look->unacked += tcp_fin_waits(conn);
}

/* Half-open connections get time to finish their handshake. A forged SYN would never do that. */
static void look_at_halves(struct tcp *tcp, struct drain_look *look)
{
    struct tcp_step step = {.tcp = tcp};

    for (uint32_t i = 0; i <= tcp->config.half_open; i++) {
        if (tcp->halves[i].tcb.kind != TCB_HALF)
            continue;
        if (look->step == DRAIN_WAIT)
            look->waits += look->age_ms < look->quiet_ms;
        else
            tcp_event(&tcp->halves[i].tcb, &step, TCP_ABORT);
    }
}

void tcp_drain(struct leat *stack, struct drain_look *look)
{
    enum {
        LOOK_NS = 20 /* at a connection that isn't in use, about */
    };
    struct tcp *tcp = stack->tcp;

    for (uint32_t i = 0; i < tcp->config.connections; i++) {
        if (tcp->conns[i].tcb.kind == TCB_CONN)
            look_at(&tcp->conns[i], look);
    }
    look_at_halves(tcp, look);
    look->cost_ns += (uint64_t)tcp->config.connections * LOOK_NS;
}

COLD void leat_tcp_abort_of(struct leat *stack, const struct leat_tcp_events *events, const void *arg)
{
    struct tcp *tcp = stack->tcp;

    for (uint32_t i = 0; i < tcp->config.connections; i++) {
        struct leat_tcp *conn = &tcp->conns[i];

        if (conn->tcb.kind != TCB_CONN || conn->flags & CONN_UNACCEPTED || conn->events != events ||
            conn->arg != arg)
            continue;
        leat_tcp_set_events(conn, NULL, NULL);
        leat_tcp_abort(conn);
    }
}
