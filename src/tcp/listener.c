/* listener.c -- passive opens: a listener, its half-open connections, and those that wait. */
#include "tcp/budget.h"
#include "tcp/seq.h"
#include "tcp/tcp.h"

enum {
    HEADERS_BYTES = 40,
    BACKLOG_DEFAULT = 128,
    FAST_OPEN_PENDING_MAX = 64, /* RFC 7413 5.1: spoofed SYNs with text cost no more than this */
    HALF_RETRANSMITS_MAX = 5    /* SYN,ACKs sent again: with the first RTO of 1 s, for 63 s */
};

static void listener_deliver(struct leat *stack, struct ready *ready)
{
    struct leat_tcp_listener *listener = owner_of(ready, struct leat_tcp_listener, ready);

    (void)stack;
    if (!near_ring_is_empty(listener->tcp, &listener->acceptable) && listener->config.on_acceptable)
        listener->config.on_acceptable(listener, listener->config.arg);
}

COLD enum leat_err leat_tcp_listen(struct leat *stack, struct leat_tcp_listener **listener,
                                   const struct leat_tcp_listen_config *config)
{
    struct tcp *tcp = stack->tcp;
    struct tcp_step step = {.tcp = tcp};
    struct leat_tcp_listener *made;
    struct tcb *tcb;

    leat_assert(tcp != 0); /* leat_tcp_register() first */
    if (config->port == 0 || (config->ip != LEAT_IP4_ANY && !ipv4_is_ours(stack, config->ip)))
        return LEAT_ERR_ARGUMENT;
    tcb = tcp_find(tcp, tcp_ends(config->ip, config->port, LEAT_IP4_ANY, 0));
    if (tcb) { /* the table says that it exists (RFC 9293 3.10.1) */
        tcp_event(tcb, TCP_passive_OPEN, &step);
        return step.err;
    }
    tcb = tcp_take_entry(tcp, TCB_LISTENER);
    if (!tcb)
        return LEAT_ERR_MEMORY;
    made = (struct leat_tcp_listener *)(void *)tcb;
    made->tcp = tcp;
    made->config = *config;
    if (made->config.backlog == 0)
        made->config.backlog = BACKLOG_DEFAULT;
    made->ready.run = listener_deliver;
    ring_init(&made->halves);
    near_ring_init(tcp, &made->acceptable);
    tcb->local_ip = config->ip;
    tcb->local_port = config->port;
    tcp_hash(tcp, tcb);
    tcp->listener_count++;
    tcp_event(tcb, TCP_passive_OPEN, &step);
    *listener = made;
    return LEAT_OK;
}

/* ---- half-open ---------------------------------------------------------------------------- */

void tcp_half_answer(struct tcp_half *half)
{
    struct tcp *tcp = half->tcp;
    const bool scaled = half->snd_wind_shift != WIRE_TCP_NO_SHIFT;
    struct wire_tcp header = {
        .seq = half->tcb.snd_nxt - 1,
        .flags = (uint8_t)(TCP_SYN | TCP_ACK | (half->tcb.flags & TCB_ECN ? TCP_ECE : 0)),
        .mss = tcp_path_mss(tcp, half->tcb.local_ip, half->tcb.remote_ip),
        .wind_shift = scaled ? half->tcb.rcv_wind_shift : WIRE_TCP_NO_SHIFT,
        .sack_permitted = half->tcb.flags & TCB_SACK,
    };
    struct path path;
    uint64_t rto_ns = (uint64_t)1000000000 << half->retransmits; /* RFC 6298 2.1, 5.5 */

    if (rto_ns > tcp->config.rto_max_ns)
        rto_ns = tcp->config.rto_max_ns;
    /* also for one that is answered: without memory for a connection it may stay half open */
    timer_set(&tcp->stack->timers, &half->timer, tcp->stack->now_ns + rto_ns);
    if (half->is_answered)
        return;
    half->sent_at_ns = tcp->stack->now_ns;
    if (half->wants_fast_open)
        tcp_fast_open_cookie(tcp, half->tcb.remote_ip, &header);
    if (ipv4_path(tcp->stack, half->tcb.local_ip, half->tcb.remote_ip, &path) == LEAT_OK)
        tcp_emit(tcp, &path, &half->tcb, &header, 0, 0);
}

void tcp_half_timer(struct timer *timer, void *context)
{
    struct tcp_half *half = owner_of(timer, struct tcp_half, timer);
    struct tcp_step step = {.tcp = half->tcp};

    (void)context;
    if (half->retransmits == HALF_RETRANSMITS_MAX) {
        tcp_event(&half->tcb, TCP_timeout_R2, &step);
        return;
    }
    half->retransmits++;
    half->tcp->stack->stats.tcp_timeouts++;
    half->tcp->stack->stats.tcp_retransmitted++;
    tcp_event(&half->tcb, TCP_timeout_rexmt, &step);
}

static struct tcp_half *half_new(struct leat_tcp_listener *listener,
                                 const struct tcp_segment *segment)
{
    struct tcp *tcp = listener->tcp;
    const uint32_t window = tcp_window_begin(tcp);
    struct tcb *tcb;
    struct tcp_half *half;

    tcb = tcp_take_entry(tcp, TCB_HALF);
    if (!tcb)
        return 0;
    half = tcp_half(tcb);
    half->tcp = tcp;
    half->listener = listener;
    half->timer.fire = tcp_half_timer;
    tcb->local_ip = segment->packet->dst;
    tcb->local_port = segment->header.dst_port;
    tcb->remote_ip = segment->packet->src;
    tcb->remote_port = segment->header.src_port;
    tcb->rcv_wnd = window < UINT16_MAX ? window : UINT16_MAX;
    tcb->rcv_wind_shift = tcp->wind_shift;
    tcb->flags |= tcp_offered_options(tcp, true);
    ring_put(&listener->halves, &half->ring);
    listener->half_count++;
    tcp_hash(tcp, tcb);
    return half;
}

/* True if a SYN may have an entry.  The last one is kept for those that come with a cookie. */
static bool has_room_for_half(const struct leat_tcp_listener *listener)
{
    const uint32_t first = listener->tcp->free_halves;
    const struct tcb *free = near_at(listener->tcp, first);

    return listener->half_count + listener->acceptable_count < listener->config.backlog &&
           first != NEAR_NONE && free->hash_next != NEAR_NONE;
}

/* RFC 7413 4.2: a good cookie, something to take, and not too many of them at a time (5.1). */
static bool may_open_fast(const struct leat_tcp_listener *listener,
                          const struct tcp_segment *segment)
{
    const struct tcp *tcp = listener->tcp;

    return segment->text_bytes > 0 && tcp->fast_open.pending < FAST_OPEN_PENDING_MAX &&
           tcp_fast_open_knows(tcp, segment->packet->src, &segment->header);
}

/* The connection begins now, in SYN-RECEIVED, with the text of its SYN. */
static void open_fast(struct tcp_half *half, struct tcp_segment *segment)
{
    struct tcp_step step = {.tcp = half->tcp, .segment = segment};
    struct leat_tcp *conn = tcp_promote(half);

    if (!conn) { /* no memory: a handshake like any other */
        half->is_answered = false;
        tcp_half_answer(half);
        return;
    }
    conn->flags |= CONN_FAST_OPEN;
    step.tcp->fast_open.pending++;
    step.tcp->stack->stats.tcp_fast_opens++;
    tcp_conn_handshaken(conn);
    segment->seq = conn->tcb.rcv_nxt;
    tcp_event(&conn->tcb, TCP_rcv_SYN_text, &step);
}

bool tcp_listener_SYN(struct leat_tcp_listener *listener, struct tcp_segment *segment,
                      uint32_t iss_min, bool has_iss_min)
{
    struct tcp_step step = {.tcp = listener->tcp, .segment = segment};
    struct tcp_half *half;

    if (!has_room_for_half(listener)) {
        if (listener->tcp->config.no_cookies ||
            listener->acceptable_count >= listener->config.backlog)
            return false; /* nobody takes those that are here already */
        tcp_cookie_answer(listener->tcp, segment);
        return true;
    }
    half = half_new(listener, segment);
    leat_assert(half != 0); /* there was room */
    tcp_event(&half->tcb, TCP_passive_OPEN, &step);
    if (has_iss_min && seq_lt(half->tcb.snd_nxt, iss_min))
        half->tcb.snd_nxt = iss_min; /* RFC 9293 3.10.7.4: larger than the last one used */
    half->is_answered = may_open_fast(listener, segment);
    half->wants_fast_open = listener->tcp->config.fast_open && segment->header.has_fast_open;
    tcp_event(&half->tcb, TCP_rcv_SYN, &step);
    if (half->is_answered)
        open_fast(half, segment);
    return true;
}

bool tcp_listener_ACK(struct leat_tcp_listener *listener, struct tcp_segment *segment,
                      struct tcp_half **half)
{
    struct tcp *tcp = listener->tcp;
    struct tcp_segment syn = {.packet = segment->packet};
    struct tcp_step step = {.tcp = tcp, .segment = &syn};

    if (!tcp_cookie_check(tcp, segment, &syn.header))
        return false;
    *half = listener->acceptable_count < listener->config.backlog ? half_new(listener, segment) : 0;
    if (!*half)
        return true;
    (*half)->is_answered = true;
    tcp_event(&(*half)->tcb, TCP_passive_OPEN, &step);
    (*half)->tcb.snd_nxt = segment->header.ack; /* our SYN was the cookie */
    tcp_event(&(*half)->tcb, TCP_rcv_SYN, &step);
    tcp->stack->stats.tcp_cookies_taken++;
    return true;
}

bool tcp_half_was_cookie(struct tcp_half *half, const struct tcp_segment *segment)
{
    struct wire_tcp syn;

    if (!tcp_cookie_check(half->tcp, segment, &syn))
        return false;
    half->tcb.snd_nxt = segment->header.ack;
    /* the cookie's SYN,ACK may have agreed to less than the second one */
    half->tcb.flags = tcp_agreed_options(half->tcb.flags, &syn);
    half->snd_wind_shift = syn.wind_shift;
    half->peer_mss = syn.mss;
    if (syn.wind_shift == WIRE_TCP_NO_SHIFT)
        half->tcb.rcv_wind_shift = 0;
    half->retransmits = 1; /* which SYN,ACK it answers we can't tell: no RTT from it (Karn) */
    return true;
}

void tcp_half_free(struct tcp_half *half)
{
    tcp_unhash(half->tcp, &half->tcb);
    timer_cancel(&half->tcp->stack->timers, &half->timer);
    ring_remove(&half->ring);
    half->listener->half_count--;
    tcp_give_entry(half->tcp, &half->tcb);
}

struct leat_tcp *tcp_promote(struct tcp_half *half)
{
    struct tcp *tcp = half->tcp;
    struct leat_tcp *conn = tcp_conn_new(tcp, 0, 0);
    const bool scaled = half->snd_wind_shift != WIRE_TCP_NO_SHIFT;
    const uint16_t path_mss = tcp_path_mss(tcp, half->tcb.local_ip, half->tcb.remote_ip);

    if (!conn)
        return 0;
    tcp_unhash(tcp, &half->tcb);
    conn->tcb = half->tcb;
    conn->tcb.kind = TCB_CONN;
    tcp_hash(tcp, &conn->tcb);
    conn->flags |= CONN_PEER_SYN | CONN_UNACCEPTED | (half->retransmits ? CONN_LOST_SYN : 0);
    conn->listener = half->listener;
    conn->snd_una = half->tcb.snd_nxt - 1;
    conn->ts_offset = tcp_ts_offset(tcp->stack, &half->tcb);
    conn->last_ack_sent = half->tcb.rcv_nxt;
    if (half->sent_at_ns > 0)
        rtt_SYN_sent(&conn->rtt, half->sent_at_ns);
    pmtu_init(&conn->pmtu, (uint16_t)(path_mss + HEADERS_BYTES));
    conn->peer_mss = half->peer_mss;
    conn->snd_wnd = conn->snd_wnd_max = half->snd_wnd;
    conn->snd_wind_shift = scaled ? half->snd_wind_shift : 0;
    conn->snd_wl1 = half->tcb.rcv_nxt - 1;
    tcp_half_free(half);
    return conn;
}

/* ---- waiting for accept ------------------------------------------------------------------- */

void tcp_listener_accepting(struct leat_tcp *conn)
{
    struct leat_tcp_listener *listener = conn->listener;

    near_ring_put(listener->tcp, &listener->acceptable, &conn->waiting);
    listener->acceptable_count++;
    stack_ready(listener->tcp->stack, &listener->ready);
}

static struct leat_tcp *accept_first(struct leat_tcp_listener *listener)
{
    struct leat_tcp *conn;

    if (near_ring_is_empty(listener->tcp, &listener->acceptable))
        return 0;
    conn =
        owner_of(near_ring_first(listener->tcp, &listener->acceptable), struct leat_tcp, waiting);
    near_ring_remove(listener->tcp, &conn->waiting);
    listener->acceptable_count--;
    conn->flags &= ~(unsigned)(CONN_UNACCEPTED | CONN_TELL_OPEN);
    return conn;
}

struct leat_tcp *leat_tcp_accept(struct leat_tcp_listener *listener,
                                 const struct leat_tcp_events *events, void *arg)
{
    struct leat_tcp *conn = accept_first(listener);

    if (!conn)
        return 0;
    leat_tcp_set_events(conn, events, arg);
    if (conn->flags & (CONN_TELL_READABLE | CONN_TELL_CLOSED))
        tcp_call_back_still(conn);
    return conn;
}

COLD void leat_tcp_listener_close(struct leat_tcp_listener *listener)
{
    struct tcp *tcp = listener->tcp;
    struct tcp_step step = {.tcp = tcp};
    struct leat_tcp *conn;

    while (!ring_is_empty(&listener->halves)) {
        struct tcp_half *half = owner_of(listener->halves.next, struct tcp_half, ring);

        tcp_event(&half->tcb, TCP_ABORT, &step);
    }
    while ((conn = accept_first(listener))) {
        tcp_event(&conn->tcb, TCP_ABORT, &step);
        tcp_conn_free(conn); /* nobody knows it: no callback */
    }
    stack_not_ready(&listener->ready);
    tcp_event(&listener->tcb, TCP_CLOSE, &step);
    tcp->listener_count--;
    tcp_give_entry(tcp, &listener->tcb);
}

struct leat *leat_tcp_listener_stack(const struct leat_tcp_listener *listener)
{
    return listener->tcp->stack;
}
