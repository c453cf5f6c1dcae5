/*
 * conn.c -- creation and end of connections, and their callbacks.
 *
 * A connection begins in tcp_conn_new(). tcp_conn_bury() takes it out of the table when the machine
 * deletes it. The handle lives on, for the program to read what has come, until on_closed has been
 * called: then tcp_conn_free() gives the entry back.
 */
#include "tcp/conn/deadlines.h"
#include "tcp/conn/account.h"
#include "tcp/conn/budget.h"
#include "tcp/conn/lifetime.h"
#include "tcp/congestion/accecn.h"
#include "tcp/conn/table.h"

#include "ip/host.h"
#include "core/parts.h"

uint8_t tcp_options_to_offer(const struct leat_tcp_config *config, bool passive)
{
    const bool ecn =
        config->ecn != LEAT_TCP_ECN_OFF && (passive || config->ecn != LEAT_TCP_ECN_ACCEPT);
    const bool accurate = ecn && (passive || config->ecn == LEAT_TCP_ECN_ASK_ACCURATE);

    return (uint8_t)((config->no_timestamps ? 0 : TCB_TS) | (config->no_sack ? 0 : TCB_SACK) |
                     (ecn ? TCB_ECN : 0) | (unsigned)TCB_ACCECN * accurate);
}

/* TCB_ECN and TCB_ACCECN out of @offered, as agreed by a SYN or SYN,ACK with @flags. */
COLD static uint16_t agreed_ecn(uint16_t offered, uint16_t flags)
{
    const unsigned ace = ace_of(flags);
    enum ecn_mode mode;

    if (offered & TCB_ACCECN)
        mode = flags & TCP_ACK ? ecn_mode_of_SYN_ACK(ace) : ecn_mode_of_SYN(ace);
    else /* a SYN asks with both bits, a SYN,ACK agrees with one (RFC 3168 6.1.1) */
        mode = (flags & (TCP_ECE | TCP_CWR)) == (flags & TCP_ACK ? TCP_ECE : TCP_ECE | TCP_CWR)
                   ? ECN_CLASSIC
                   : ECN_NONE;
    if (mode == ECN_NONE)
        return 0;
    return offered & (TCB_ECN | (unsigned)TCB_ACCECN * (mode == ECN_ACCURATE));
}

uint16_t tcp_agreed_options(uint16_t offered, const struct wire_tcp *syn)
{
    const uint16_t ecn = syn->flags & ACE_FLAGS ? agreed_ecn(offered, syn->flags) : 0;

    if (!syn->has_ts)
        offered &= TCB_FLAGS & ~TCB_TS;
    if (!syn->sack_permitted)
        offered &= TCB_FLAGS & ~TCB_SACK;
    return (offered & TCB_FLAGS & ~(TCB_ECN | TCB_ACCECN)) | ecn;
}

struct leat_tcp *tcp_conn_new(struct tcp *tcp, host_id local_ip, host_id remote_ip)
{
    struct leat_tcp *conn = tcp_take_conn(tcp);

    if (!conn)
        return 0;
    tcp->conn_count++;
    conn->tcp = tcp;
    /* connections to ourselves have no share: both ends would take from the same */
    if (remote_ip != local_ip)
        conn->peer = peer_take(&tcp->peers, host_network(tcp->stack, remote_ip));
    else
        tcp->peers.all[PEER_OURSELVES].connections++;
    host_hold(tcp->stack, local_ip); /* for as long as the program has the handle */
    host_hold(tcp->stack, remote_ip);
    conn->tcb.local_ip = local_ip;
    conn->tcb.remote_ip = remote_ip;
    conn->timer.fire = tcp->conn_timer;
    conn->transfer = &tcp->nothing;
    conn->progress_ms = conn->tcb.clock_ms = tcp_now_ms(tcp->stack);
    conn->tcb.rcv_wind_shift = tcp->wind_shift & 15u;
    conn->fast_open = HAS_FAST_OPEN && tcp->config.fast_open;
    rtt_init(&conn->rtt, &tcp->rto);
    conn->window_limit = tcp_window_begin(tcp);
    return conn;
}

void tcp_conn_mss_changed(struct leat_tcp *conn)
{
    const uint16_t path = (uint16_t)(conn->pmtu.mtu - tcp_headers_bytes(&conn->tcb));
    const uint16_t most = conn->peer_mss < path ? conn->peer_mss : path;

    conn->no_df = pmtu_is_least(&conn->pmtu) &&
                  !tcb_is_v6(&conn->tcb); /* RFC 8200 5: IPv6 routers don't fragment */
    /* RFC 6691 3: an MSS doesn't count options */
    conn->mss = (uint16_t)(most - (conn->tcb.flags & TCB_TS ? WIRE_TCP_TS_BYTES : 0));
    if (tcp_has_transfer(conn))
        congestion_resize(&conn->transfer->congestion, conn->mss);
}

void tcp_conn_handshaken(struct leat_tcp *conn)
{
    tcp_conn_mss_changed(conn);
    if (tcp_has_transfer(conn))
        tcp_transfer_handshaken(conn);
    /* RFC 6298 5.7: the RTO becomes 3 s for data */
    if (conn->flags & CONN_LOST_SYN)
        rtt_after_lost_SYN(&conn->rtt);
    tcp_open_window(conn);
    tcp_run_keepalive(conn);
}

void tcp_conn_not_fast(struct leat_tcp *conn)
{
    if (conn->flags & CONN_FAST_OPEN)
        conn->tcp->fast_open.pending--;
    conn->flags &= ~(unsigned)CONN_FAST_OPEN;
}

void tcp_conn_bury(struct leat_tcp *conn)
{
    tcp_unhash(conn->tcp, &conn->tcb);
    tcp_conn_not_fast(conn);
    tcp_stop_deadlines(conn);
    near_ring_remove(conn->tcp, &conn->output);
    tcp_transfer_end(conn);
    conn->flags &= ~(unsigned)CONN_WAS_FULL; /* there will never be room again */
}

static void data_free(struct leat_tcp *conn)
{
    tcp_release_data(conn, conn->data_pieces);
    leat_buf_free(conn->data);
    conn->data = 0;
    conn->data_bytes = 0;
}

void tcp_conn_free(struct leat_tcp *conn)
{
    near_ring_remove(conn->tcp, &conn->told);
    if (conn->flags & CONN_UNACCEPTED)
        near_ring_remove(conn->tcp, &conn->waiting);
    /* it isn't buried yet when the whole stack closes */
    if (conn->tcb.flags & TCB_HASHED)
        tcp_conn_bury(conn);
    else /* there may be a retry for a reader that waits for a descriptor: refuse_part() */
        tcp_stop_deadlines(conn);
    leat_debug_assert(!tcp_has_transfer(conn) && !near_ring_is_in(&conn->output));
    if (conn->data)
        data_free(conn);
    if (conn->admitted_age > 0)
        tcp_admitted_end(conn);
    peer_give(&conn->tcp->peers, conn->peer);
    host_release(conn->tcp->stack, conn->tcb.local_ip);
    host_release(conn->tcp->stack, conn->tcb.remote_ip);
    conn->tcp->conn_count--;
    tcp_give_entry(conn->tcp, &conn->tcb);
}

/* on_closed comes last: after an orderly close the program may first read the data before it. */
static bool end_may_be_told(const struct leat_tcp *conn)
{
    return (conn->flags & CONN_TELL_CLOSED) &&
           (conn->error != LEAT_OK || conn->data_bytes == 0 || (conn->flags & CONN_NO_READER));
}

static bool take_flag(struct leat_tcp *conn, enum conn_flag flag)
{
    if (!(conn->flags & flag))
        return false;
    conn->flags &= ~(unsigned)flag;
    return true;
}

/* Runs from leat_poll() only. A callback may call anything: it changes flags and queues, and the
 * handle lives until tcp_conn_free() here. False: the handle is gone. */
static inline bool tell(struct leat_tcp *conn)
{
    if (take_flag(conn, CONN_TELL_OPEN) && conn->events->on_open)
        conn->events->on_open(conn, conn->arg);
    if (take_flag(conn, CONN_TELL_READABLE) && !(conn->flags & CONN_NO_READER) &&
        conn->events->on_readable)
        conn->events->on_readable(conn, conn->arg);
    /* the usual case ends here, after one comparison for two rare callbacks */
    if (!(conn->flags & (CONN_TELL_WRITABLE | CONN_TELL_CLOSED)))
        return true;
    if (take_flag(conn, CONN_TELL_WRITABLE) && !(conn->flags & CONN_TELL_CLOSED) &&
        conn->events->on_writable)
        conn->events->on_writable(conn, conn->arg);
    if (!end_may_be_told(conn))
        return true;
    if (conn->events->on_closed)
        conn->events->on_closed(conn, (enum leat_err)conn->error, conn->arg);
    tcp_conn_free(conn);
    return false;
}

/* Calls back. Data that the program writes leaves in this turn's flush, with the ACK that is
 * due. */
static void deliver(struct leat_tcp *conn)
{
    if (tell(conn) && !near_ring_is_in(&conn->output))
        tcp_arm_delayed_ack(conn);
}

static void deliver_first(struct tcp *tcp, struct near_ring *ring)
{
    struct near_ring *node = near_ring_first(tcp, ring);

    near_ring_remove(tcp, node);
    deliver(container_of(node, struct leat_tcp, told));
}

/* Serves connections that were queued before this turn; the rest has the next one. */
static __attribute__((noinline)) void deliver_many(struct tcp *tcp)
{
    unsigned budget = READY_BUDGET;

    near_ring_put(tcp, &tcp->told, &tcp->told_last);
    while (budget-- > 0 && near_ring_first(tcp, &tcp->told) != &tcp->told_last)
        deliver_first(tcp, &tcp->told);
    near_ring_remove(tcp, &tcp->told_last);
    if (!near_ring_is_empty(tcp, &tcp->told))
        stack_ready(tcp->stack, &tcp->ready);
}

static void deliver_told(struct leat *stack, struct ready *ready)
{
    struct tcp *tcp = container_of(ready, struct tcp, ready);

    (void)stack;
    if (!near_ring_is_short(&tcp->told))
        deliver_many(tcp);
    else if (!near_ring_is_empty(tcp, &tcp->told)) /* a single one needs no mark */
        deliver(container_of(near_ring_take_only(tcp, &tcp->told), struct leat_tcp, told));
}

/* Serves connections that were accepted in this turn. */
static void deliver_accepted(struct leat *stack, struct ready *ready)
{
    struct tcp *tcp = container_of(ready, struct tcp, ready_same_turn);
    unsigned budget = READY_BUDGET;

    while (budget-- > 0 && !near_ring_is_empty(tcp, &tcp->told_same_turn))
        deliver_first(tcp, &tcp->told_same_turn);
    if (!near_ring_is_empty(tcp, &tcp->told_same_turn))
        stack_ready(stack, ready);
}

void tcp_told_init(struct tcp *tcp)
{
    near_ring_init(tcp, &tcp->told);
    near_ring_init(tcp, &tcp->told_same_turn);
    tcp->ready.run = deliver_told;
    tcp->ready_same_turn.run = deliver_accepted;
}
