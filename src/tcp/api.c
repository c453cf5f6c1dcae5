/* api.c -- the program's calls (RFC 9293 3.9.1). Each is an event of tcp.rl. */
#include "ip/route.h"
#include "tcp/conn/deadlines.h"
#include "tcp/conn/lifetime.h"
#include "tcp/conn/wake.h"
#include "tcp/conn/isn.h"
#include "tcp/conn/account.h"
#include "tcp/conn/budget.h"
#include "tcp/conn/table.h"
#include "tcp/receive/ack.h"
#include "tcp/tcp.h"
#include "core/parts.h"

#include <string.h>

/* Stands in for missing callbacks. */
static const struct leat_tcp_events no_events;

/* True if a connection has the tuple of @key: tcp.rl refuses active_OPEN (RFC 9293 3.10.1). */
COLD static bool is_in_use(struct tcp *tcp, const struct tcb *key)
{
    struct tcp_step step = {.tcp = tcp};
    struct tcb *existing = tcp_look_up(tcp, tcb_tuple(key));

    if (existing)
        tcp_event(existing, &step, TCP_active_OPEN);
    return step.err != LEAT_OK;
}

enum leat_err leat_tcp_connect(struct leat *stack, struct leat_tcp **conn,
                               const struct leat_endpoint *remote,
                               const struct leat_endpoint *local,
                               const struct leat_tcp_events *events, void *arg)
{
    struct tcp *tcp = stack->tcp;
    struct tcp_step step = {.tcp = tcp};
    struct tcb key = {.remote_port = remote->port, .local_port = local ? local->port : 0};
    const struct path *path;
    struct path room;

    if (!tcp)
        return LEAT_ERR_PROTOCOL;
    if (remote->port == 0)
        return LEAT_ERR_ARGUMENT;
    if (!host_of(stack, remote->ip, remote->zone, &key.remote_ip) ||
        (local && !host_of(stack, local->ip, remote->zone, &key.local_ip)))
        return LEAT_ERR_FAMILY;
    /* the path comes first: without a source address there is no tuple to check */
    path = route_cache_find(stack, key.local_ip, key.remote_ip, &room);
    if (!path)
        return LEAT_ERR_NO_ROUTE;
    if (path->is_group)
        return LEAT_ERR_ARGUMENT;
    if (!host_may_be_held(stack, path->src) || !host_may_be_held(stack, key.remote_ip))
        return LEAT_ERR_MEMORY;
    key.local_ip = path->src;
    if (key.local_port > 0 ? is_in_use(tcp, &key) : !tcp_choose_port(tcp, &key))
        return LEAT_ERR_IN_USE;
    *conn = tcp_conn_new(tcp, key.local_ip, key.remote_ip);
    if (!*conn)
        return LEAT_ERR_MEMORY;
    leat_tcp_set_events(*conn, events, arg);
    (*conn)->tcb.local_port = key.local_port;
    (*conn)->tcb.remote_port = key.remote_port;
    (*conn)->tcb.rcv_wnd = tcp_window_begin(tcp);
    (*conn)->tcb.flags |= tcp_offered_options(tcp, false);
    (*conn)->tcb.ts_offset = tcp_ts_offset(stack, &key);
    (*conn)->peer_mss = UINT16_MAX; /* until the peer's SYN arrives */
    pmtu_init(&(*conn)->pmtu, path->mtu);
    tcp_conn_mss_changed(*conn);
    tcp_hash(tcp, &(*conn)->tcb);
    tcp_event(&(*conn)->tcb, &step, TCP_active_OPEN);
    return LEAT_OK;
}

/* ---- send --------------------------------------------------------------------------------- */

static bool is_closing(const struct leat_tcp *conn)
{
    return tcp_fin_is_queued(conn) || (conn->flags & (CONN_TELL_CLOSED | CONN_NO_READER));
}

/* Room promised to the program stays valid for this turn, or until data is queued. Its own
 * allocations may have used up the share since, or the pool may be low. */
static uint32_t tell_room(struct transfer *transfer, uint64_t now_ns, uint32_t bytes)
{
    transfer->told_bytes = bytes;
    transfer->told_ns = now_ns;
    return bytes;
}

/* The room that the program was promised in this turn, or 0. */
static uint32_t told_room(const struct leat_tcp *conn, uint64_t now_ns)
{
    return conn->transfer->told_ns == now_ns ? conn->transfer->told_bytes : 0;
}

/* Gives @conn a transfer, if it has none. False: there is none, and on_writable will follow. */
static bool get_transfer(struct leat_tcp *conn)
{
    if (tcp_transfer_get(conn))
        return true;
    conn->flags |= CONN_WAS_FULL;
    tcp_retry_later(conn);
    return false;
}

uint32_t leat_tcp_send_room(struct leat_tcp *conn)
{
    const uint64_t now_ns = conn->tcp->stack->now_ns;
    const uint32_t limit = tcp_send_limit(conn);
    uint32_t room = 0;

    /* nothing can be sent any more, so no on_writable will follow */
    if (is_closing(conn) || !get_transfer(conn))
        return 0;
    if (conn->transfer->sendq.bytes < limit && tcp_send_units(conn) > 0)
        room = limit - conn->transfer->sendq.bytes;
    if (room < told_room(conn, now_ns))
        room = conn->transfer->told_bytes;
    if (room > 0)
        return tell_room(conn->transfer, now_ns, room);
    if (conn->transfer->sendq.bytes < limit) /* there may be no ACK to report room */
        tcp_retry_later(conn);
    /* The limit follows the window and the pool, so a queue that wasn't full when the program
     * filled it may be full now. After an answer of 0 the program sends nothing and waits for
     * on_writable. */
    conn->flags |= CONN_WAS_FULL;
    return 0;
}

void leat_tcp_want_room(struct leat_tcp *conn, uint32_t bytes)
{
    if (is_closing(conn))
        return;
    conn->flags |= CONN_WAS_FULL;
    if (tcp_transfer_get(conn)) {
        conn->transfer->wanted_bytes = bytes;
        tcp_tell_writable(conn);
    }
    if ((conn->flags & CONN_WAS_FULL) && !tcp_something_waits(conn))
        tcp_retry_later(conn); /* no ACK will come to report room */
}

/* A program that fills the queue to the last byte gets no error, but waits for on_writable too. */
static void remember_if_full(struct leat_tcp *conn)
{
    if (conn->transfer->sendq.bytes >= tcp_send_limit_least(conn) &&
        conn->transfer->sendq.bytes >= tcp_send_limit(conn))
        conn->flags |= CONN_WAS_FULL;
}

enum leat_err leat_tcp_send(struct leat_tcp *conn, struct leat_buf *data)
{
    struct tcp_step step = {.tcp = conn->tcp, .data = data};

    if (!is_closing(conn) && leat_buf_total(data) > leat_tcp_send_room(conn)) {
        conn->flags |= CONN_WAS_FULL;
        if (!tcp_something_waits(conn)) /* the limit may grow without an ACK to report it */
            tcp_retry_later(conn);
        leat_buf_free(data);
        return LEAT_ERR_FULL;
    }
    tcp_event(&conn->tcb, &step, TCP_SEND);
    conn->transfer->told_bytes = 0;
    leat_buf_free(step.data); /* freed here if the table refused it */
    remember_if_full(conn);
    return step.err;
}

/* Asks the table with an event SEND that has no data. */
static enum leat_err may_write(struct leat_tcp *conn)
{
    struct tcp_step step = {.tcp = conn->tcp};

    tcp_event(&conn->tcb, &step, TCP_SEND);
    return step.err;
}

/* Copies up to @wanted bytes into the queue, within what the account allows now. Returns how
 * many. */
HOT uint32_t copy_part(struct leat_tcp *conn, const uint8_t *bytes, uint32_t wanted)
{
    const uint32_t held = conn->transfer->sendq.held;
    const uint32_t done = sendq_write(&conn->transfer->sendq, &conn->tcp->stack->pool,
                                      tcp_send_pieces(conn), bytes, wanted);

    tcp_note_sendq(conn, held);
    conn->transfer->told_bytes = 0;
    return done;
}

/* Copies bytes until @wanted are there, of which @done are there already, or until there is no
 * room. Returns how many are there. */
static uint32_t copy_rest(struct leat_tcp *conn, const uint8_t *bytes, uint32_t done,
                          uint32_t wanted)
{
    uint32_t more;

    do {
        more = copy_part(conn, bytes + done, wanted - done);
        done += more;
    } while (more > 0 && done < wanted);
    return done;
}

/* Ends a write that was cut short or may have filled the queue. Returns @taken. */
static uint32_t end_write(struct leat_tcp *conn, uint32_t taken, uint32_t wanted, size_t len)
{
    if (taken < len)
        conn->flags |= CONN_WAS_FULL;
    if (taken < wanted) /* the pool was short: there may be no ACK to report room */
        tcp_retry_later(conn);
    remember_if_full(conn);
    return taken;
}

/* True if the queue has room for @len bytes without further checks, as for nearly every write. */
static inline bool write_fits(const struct leat_tcp *conn, size_t len)
{
    return conn->transfer->sendq.bytes + len < tcp_send_limit_least(conn);
}

/* Any other write, or the rest of one that @fits, for which the pool had room for @done bytes. */
static __attribute__((noinline)) enum leat_err write_any(struct leat_tcp *conn, const void *bytes,
                                                         size_t len, bool fits, uint32_t done,
                                                         size_t *taken)
{
    const uint32_t room = fits ? (uint32_t)len : leat_tcp_send_room(conn);
    const uint32_t wanted = len < room ? (uint32_t)len : room;

    /* nothing was written of a write that fits: there is no buffer */
    if (!fits || done > 0)
        done = copy_rest(conn, bytes, done, wanted);
    *taken = end_write(conn, done, wanted, len);
    return *taken == 0 && len > 0 ? LEAT_ERR_FULL : LEAT_OK;
}

enum leat_err leat_tcp_write(struct leat_tcp *conn, const void *bytes, size_t len, size_t *taken)
{
    const enum leat_err err = may_write(conn);
    uint32_t done = 0;
    bool fits;

    *taken = 0;
    if (err != LEAT_OK)
        return err;
    if (!tcp_has_transfer(conn) && !get_transfer(conn))
        return len > 0 ? LEAT_ERR_FULL : LEAT_OK;
    fits = write_fits(conn, len);
    if (fits)
        done = copy_part(conn, bytes, (uint32_t)len);
    if (!fits || done < len)
        return write_any(conn, bytes, len, fits, done, taken);
    *taken = done;
    return LEAT_OK;
}

/* ---- receive ------------------------------------------------------------------------------ */

struct leat_buf *leat_tcp_receive(struct leat_tcp *conn, uint32_t bytes_max)
{
    struct tcp_step step = {.tcp = conn->tcp, .bytes = bytes_max};

    tcp_event(&conn->tcb, &step, TCP_RECEIVE);
    if (conn->data_bytes == 0 && (conn->flags & CONN_TELL_CLOSED))
        tcp_call_back(conn); /* on_closed may be due now */
    return step.data;
}

void leat_tcp_consumed(struct leat_tcp *conn, uint32_t bytes)
{
    leat_assert(bytes <= conn->unconsumed_bytes);
    /* only now the bytes count as read: a program that keeps buffers keeps the window closed */
    conn->unconsumed_bytes -= bytes;
    tcp_tune_window(conn, bytes);
    if ((conn->tcb.flags & TCB_HASHED) && !(conn->tcb.flags & (TCB_FIN_TAKEN | TCB_SYN_UNACKED)) &&
        tcp_window_would_open(conn)) {
        conn->flags |= CONN_ACK_NOW;
        tcp_want_output(conn);
    }
}

size_t leat_tcp_read(struct leat_tcp *conn, void *bytes, size_t len)
{
    struct leat_buf *data = leat_tcp_receive(conn, len < UINT32_MAX ? (uint32_t)len : UINT32_MAX);
    const uint32_t total = data ? leat_buf_total(data) : 0;

    if (total == 0)
        return 0;
    /* the bytes are copied, so the buffers go back at once */
    leat_buf_read(data, 0, bytes, total);
    leat_tcp_consumed(conn, total);
    leat_buf_free(data);
    return total;
}

uint32_t leat_tcp_readable(const struct leat_tcp *conn)
{
    return conn->flags & CONN_TOLD_OPEN ? conn->data_bytes : 0;
}

bool leat_tcp_at_end(const struct leat_tcp *conn)
{
    return (conn->tcb.flags & TCB_FIN_TAKEN) && conn->data_bytes == 0;
}

bool leat_tcp_awaits_data(const struct leat_tcp *conn)
{
    return conn->data_bytes > 0 ? !(conn->flags & CONN_TOLD_OPEN)
                                : !(conn->tcb.flags & TCB_FIN_TAKEN);
}

/* ---- close -------------------------------------------------------------------------------- */

enum leat_err leat_tcp_shutdown(struct leat_tcp *conn)
{
    struct tcp_step step = {.tcp = conn->tcp};

    tcp_event(&conn->tcb, &step, TCP_CLOSE);
    return step.err;
}

/* Closes a connection with unread data by a reset (RFC 1122 4.2.2.13). */
COLD static void abort_unread(struct leat_tcp *conn)
{
    struct tcp_step step = {.tcp = conn->tcp};

    tcp_event(&conn->tcb, &step, TCP_ABORT);
}

enum leat_err leat_tcp_close(struct leat_tcp *conn)
{
    const bool unread = conn->data_bytes > 0 || conn->transfer->reorder.first;

    if (conn->flags & CONN_NO_READER)
        return LEAT_ERR_CLOSING;
    conn->flags |= CONN_NO_READER;
    if (unread && !(conn->flags & CONN_TELL_CLOSED))
        abort_unread(conn);
    else
        leat_tcp_shutdown(conn);
    if (conn->flags & CONN_TELL_CLOSED)
        tcp_call_back(conn);
    return LEAT_OK;
}

COLD void leat_tcp_abort(struct leat_tcp *conn)
{
    struct tcp_step step = {.tcp = conn->tcp};

    conn->flags |= CONN_NO_READER;
    tcp_event(&conn->tcb, &step, TCP_ABORT);
    if (conn->flags & CONN_TELL_CLOSED)
        tcp_call_back(conn);
}

/* ---- options and status ------------------------------------------------------------------- */

void leat_tcp_set_nodelay(struct leat_tcp *conn, bool nodelay)
{
    conn->flags = nodelay ? conn->flags | CONN_NODELAY : conn->flags & ~(unsigned)CONN_NODELAY;
    tcp_want_output(conn);
}

COLD void leat_tcp_set_keepalive(struct leat_tcp *conn, bool keepalive)
{
    conn->flags =
        keepalive ? conn->flags | CONN_KEEPALIVE : conn->flags & ~(unsigned)CONN_KEEPALIVE;
    conn->probes = 0;
    if ((conn->tcb.flags & TCB_HASHED) && !(conn->tcb.flags & TCB_SYN_UNACKED))
        tcp_run_keepalive(conn);
}

void leat_tcp_set_dscp(struct leat_tcp *conn, uint8_t dscp)
{
    conn->dscp = dscp & 63u;
}

COLD void leat_tcp_set_mss_max(struct leat_tcp *conn, uint16_t bytes)
{
    pmtu_clamp(&conn->pmtu, bytes, tcp_headers_bytes(&conn->tcb));
    tcp_conn_mss_changed(conn);
}

COLD void leat_tcp_set_send_queue(struct leat_tcp *conn, uint32_t bytes)
{
    conn->send_queue = tcp_send_queue_class(bytes) & 15u;
    if (tcp_has_transfer(conn))
        conn->transfer->told_bytes = 0; /* it was computed with the old limit */
    tcp_tell_writable(conn);            /* the new limit may leave room */
}

void leat_tcp_set_fast_open(struct leat_tcp *conn, bool fast_open)
{
    conn->fast_open = HAS_FAST_OPEN && fast_open;
}

COLD void leat_tcp_set_congestion(struct leat_tcp *conn,
                                  const struct leat_tcp_congestion *congestion)
{
    conn->flags &= ~(unsigned)(CONN_CONGESTION_1 | CONN_CONGESTION_2);
    conn->flags |= tcp_congestion_place(conn->tcp, congestion) << CONGESTION_SHIFT;
    tcp_transfer_choose(conn);
}

COLD void leat_tcp_set_user_timeout(struct leat_tcp *conn, uint64_t ns)
{
    if (ns > deadline_ms_max_ns)
        ns = deadline_ms_max_ns;
    conn->user_timeout = ns > 0 ? deadline_short(deadline_at_ms(ns)) : 0;
}

void leat_tcp_set_events(struct leat_tcp *conn, const struct leat_tcp_events *events, void *arg)
{
    conn->events = events ? events : &no_events;
    conn->arg = arg;
}

struct leat *leat_tcp_stack(const struct leat_tcp *conn)
{
    return conn->tcp->stack;
}
