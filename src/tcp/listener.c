/* listener.c -- passive opens: listeners, and the connections that wait to be accepted. */
#include "tcp/conn/wake.h"
#include "tcp/conn/lifetime.h"
#include "tcp/listener.h"
#include "tcp/passive/cookie.h"
#include "tcp/conn/account.h"
#include "tcp/conn/budget.h"
#include "tcp/machine/classify.h"
#include "tcp/congestion/mss.h"
#include "tcp/congestion/seq.h"
#include "tcp/conn/table.h"
#include "tcp/passive/time_wait.h"
#include "tcp/tcp.h"
#include "core/parts.h"

enum {
    BACKLOG_DEFAULT = 128,
    FAST_OPEN_PENDING_MAX = 64 /* RFC 7413 5.1: bounds the cost of spoofed SYNs with data */
};

static void listener_deliver(struct leat *stack, struct ready *ready)
{
    struct leat_tcp_listener *listener = container_of(ready, struct leat_tcp_listener, ready);
    const uint32_t waited = listener->acceptable_count;

    if (waited == 0 || !listener->config.on_acceptable)
        return;
    listener->config.on_acceptable(listener, listener->config.arg);
    /* only after progress: a program that accepts none would be called for ever */
    if (listener->tcb.kind == TCB_LISTENER && listener->acceptable_count > 0 &&
        listener->acceptable_count < waited)
        stack_ready(stack, &listener->ready);
}

/* Fills in options that the configuration leaves to the stack. */
COLD static void settle_options(struct leat_tcp_listen_config *config,
                                const struct leat_tcp_config *stack)
{
    if (!HAS_FAST_OPEN)
        config->fast_open = LEAT_TCP_OFF;
    else if (config->fast_open == LEAT_TCP_AS_STACK)
        config->fast_open = stack->fast_open ? LEAT_TCP_ON : LEAT_TCP_OFF;
    if (config->mss_max == 0)
        config->mss_max = UINT16_MAX;
    if (config->mss_max < MSS_MIN)
        config->mss_max = MSS_MIN;
}

/* The number of the address to listen at, or of all. False: there is no such family. */
COLD static bool listened_at(struct leat *stack, const struct leat_tcp_listen_config *config,
                             host_id *ip)
{
    if (!host_of(stack, config->ip, 0, ip))
        return false;
    if (!config->v6_only || !leat_ip_equal(config->ip, LEAT_IP_ANY))
        return true;
    *ip = HOST_V6_ANY;
    return stack->ipv6_family;
}

/* True for all addresses of a family or both, and for one of ours, which has one family already. */
COLD static bool may_listen_at(const struct leat *stack,
                               const struct leat_tcp_listen_config *config, host_id ip)
{
    if (config->v6_only || ip == HOST_V6_ANY)
        return config->v6_only && ip == HOST_V6_ANY;
    return ip == IP4_ANY || host_is_ours(stack, ip);
}

/* The listener that already has the port of one at @ip; @v4_only tells 0.0.0.0 from "::". */
COLD static struct tcb *rival_of(struct tcp *tcp, host_id ip, uint16_t port, bool v4_only)
{
    struct tcb *tcb = tcp_find(tcp, tcp_tuple(ip, port, IP4_ANY, 0));
    struct leat_tcp_listener *both;

    if (tcb || (ip == IP4_ANY && v4_only) || (ip != IP4_ANY && ip != HOST_V6_ANY))
        return tcb;
    /* one for both families excludes the one for IPv6 */
    if (ip == IP4_ANY)
        return tcp_find(tcp, tcp_tuple(HOST_V6_ANY, port, IP4_ANY, 0));
    tcb = tcp_find(tcp, tcp_tuple(IP4_ANY, port, IP4_ANY, 0));
    both = (struct leat_tcp_listener *)(void *)tcb;
    return both && !both->v4_only ? tcb : 0;
}

COLD enum leat_err leat_tcp_listen(struct leat *stack, struct leat_tcp_listener **listener,
                                   const struct leat_tcp_listen_config *config)
{
    struct tcp *tcp = stack->tcp;
    struct tcp_step step = {.tcp = tcp};
    struct leat_tcp_listener *made;
    struct tcb *tcb;
    host_id ip;

    if (!tcp)
        return LEAT_ERR_PROTOCOL;
    if (!listened_at(stack, config, &ip))
        return LEAT_ERR_FAMILY;
    if (LEAT_RESERVED_IS_USED(config) || config->port == 0 ||
        config->initial_window_segments > LEAT_TCP_INITIAL_WINDOW_MAX ||
        !may_listen_at(stack, config, ip))
        return LEAT_ERR_ARGUMENT;
    if (!host_may_be_held(stack, ip))
        return LEAT_ERR_MEMORY;
    tcb = rival_of(tcp, ip, config->port, leat_ip_is_v4(config->ip));
    if (tcb) { /* the table says that it exists (RFC 9293 3.10.1) */
        tcp_event(tcb, &step, TCP_passive_OPEN);
        return step.err;
    }
    made = tcp_take_listener(tcp);
    if (!made)
        return LEAT_ERR_MEMORY;
    tcb = &made->tcb;
    made->tcp = tcp;
    made->config = *config;
    if (made->config.backlog == 0)
        made->config.backlog = BACKLOG_DEFAULT;
    settle_options(&made->config, &tcp->config);
    made->send_queue = tcp_send_queue_class(config->send_queue_bytes);
    made->congestion_place = tcp_congestion_place(tcp, config->congestion) & 3u;
    made->ready.run = listener_deliver;
    near_ring_init(tcp, &made->acceptable);
    made->v4_only = ip == IP4_ANY && leat_ip_is_v4(config->ip);
    tcb->local_ip = ip;
    tcb->local_port = config->port;
    tcp_hash(tcp, tcb);
    tcp->listener_count++;
    /* the cache may hold a listener for all addresses, which this one hides at its own */
    tcp->listener_cache.listener = 0;
    tcp_event(tcb, &step, TCP_passive_OPEN);
    *listener = made;
    return LEAT_OK;
}

/* ---- half-open ---------------------------------------------------------------------------- */

/* True if @syn may have an entry. The last entry is kept for an ACK that answers a cookie. */
static bool has_room_for_half(const struct leat_tcp_listener *listener, const struct packet *syn)
{
    struct tcp *tcp = listener->tcp;
    const uint32_t first = tcp->free_halves;

    return listener->half_count + listener->acceptable_count < listener->config.backlog &&
           first != NEAR_NONE && ((struct tcb *)near_at(tcp, first))->hash_next != NEAR_NONE &&
           host_has_room_for_stranger(tcp->stack, syn->src) &&
           host_may_be_held(tcp->stack, syn->dst);
}

/* RFC 7413 4.2: requires a good cookie, data, and few pending connections (5.1). */
static bool may_open_fast(const struct leat_tcp_listener *listener,
                          const struct tcp_segment *segment)
{
    const struct tcp *tcp = listener->tcp;

    return HAS_FAST_OPEN && segment->data_bytes > 0 && listener->config.fast_open == LEAT_TCP_ON &&
           tcp->fast_open.pending < FAST_OPEN_PENDING_MAX &&
           tcp_fast_open_knows(tcp, segment->packet->src, &segment->header);
}

/* Opens the connection now, in SYN-RECEIVED, with the data of its SYN. */
static void open_fast(struct tcp_half *half, struct tcp_segment *segment)
{
    struct tcp_step step = {.tcp = half->tcp, .segment = segment};
    struct leat_tcp *conn = tcp_promote(half);

    if (!conn) { /* no memory: an ordinary handshake */
        half->is_answered = false;
        tcp_half_answer(half);
        return;
    }
    conn->flags |= CONN_FAST_OPEN;
    step.tcp->fast_open.pending++;
    step.tcp->stack->stats.tcp_fast_opens++;
    tcp_conn_handshaken(conn);
    tcp_classify_SYN_data(&conn->tcb, segment);
    tcp_event(&conn->tcb, &step, segment->events[0]);
}

/* RFC 9293 3.6.1, MAY-2 (a): the ISS of the new connection lies above all sequence numbers of the
 * old one. */
COLD static void start_above(struct tcb *tcb, const struct tcp_time_wait *before)
{
    const uint32_t iss_min = before->tcb.snd_nxt + UINT16_MAX;

    if (seq_lt(tcb->snd_nxt, iss_min))
        tcb->snd_nxt = iss_min;
}

bool tcp_listener_SYN(struct leat_tcp_listener *listener, struct tcp_segment *segment,
                      struct tcp_time_wait *before)
{
    struct tcp_step step = {.tcp = listener->tcp, .segment = segment};
    struct tcp_half *half;

    if (listener->config.per_address > 0 && !listener->config.displace &&
        !tcp_may_connect(listener->tcp, segment->packet->src, listener->config.per_address))
        return false; /* it would be refused when the handshake ends */
    if (!has_room_for_half(listener, segment->packet)) {
        /* No cookie while the backlog is full of unaccepted connections. No cookie in TIME-WAIT
         * either, because its number need not lie above those of the old connection. */
        if (listener->tcp->config.no_cookies || before ||
            listener->acceptable_count >= listener->config.backlog)
            return false;
        tcp_cookie_answer(listener, segment);
        return true;
    }
    half = tcp_half_new(listener, segment, before);
    leat_assert(half != 0); /* has_room_for_half() has checked that */
    if (before)
        start_above(&half->tcb, before);
    half->is_answered = !before && may_open_fast(listener, segment);
    half->wants_fast_open =
        HAS_FAST_OPEN && listener->config.fast_open == LEAT_TCP_ON && segment->header.has_fast_open;
    tcp_event(&half->tcb, &step, segment->events[0]);
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

    /* the cookie is recomputed from the segment, because no state was kept for the SYN */
    if (!tcp_cookie_check(tcp, segment, &syn.header))
        return false;
    *half = listener->acceptable_count < listener->config.backlog &&
                    host_may_be_held(tcp->stack, segment->packet->src) &&
                    host_may_be_held(tcp->stack, segment->packet->dst)
                ? tcp_half_new(listener, segment, 0)
                : 0;
    if (!*half)
        return true;
    (*half)->is_answered = true;
    (*half)->tcb.flags &= TCB_FLAGS & ~TCB_ACCECN; /* a SYN,ACK with a cookie agrees to no AccECN */
    (*half)->tcb.snd_nxt = segment->header.ack; /* the cookie was our ISS, which the ACK covers */
    tcp_classify(tcp, &(*half)->tcb, &syn);     /* the SYN that the cookie describes */
    tcp_event(&(*half)->tcb, &step, syn.events[0]);
    tcp->stack->stats.tcp_cookies_taken++;
    return true;
}

/* ---- waiting for accept ------------------------------------------------------------------- */

static struct leat_tcp *accept_first(struct leat_tcp_listener *listener)
{
    struct leat_tcp *conn;

    if (near_ring_is_empty(listener->tcp, &listener->acceptable))
        return 0;
    conn = container_of(near_ring_first(listener->tcp, &listener->acceptable), struct leat_tcp,
                        waiting);
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
        tcp_call_back_same_turn(conn);
    return conn;
}

COLD void leat_tcp_listener_close(struct leat_tcp_listener *listener)
{
    struct tcp *tcp = listener->tcp;
    struct tcp_step step = {.tcp = tcp};
    struct leat_tcp *conn;

    for (uint32_t i = 0; listener->half_count > 0; i++) {
        leat_assert(i <= tcp->config.half_open);
        if (tcp->halves[i].tcb.kind == TCB_HALF && tcp->halves[i].listener == listener)
            tcp_event(&tcp->halves[i].tcb, &step, TCP_ABORT);
    }
    while ((conn = accept_first(listener))) {
        tcp_event(&conn->tcb, &step, TCP_ABORT);
        tcp_conn_free(conn); /* the program doesn't know it: no callback */
    }
    tcp_admitted_forget(listener);
    stack_not_ready(&listener->ready);
    tcp->listener_cache.listener = 0;
    /* the listener ends after its connections, which look for it by its tuple */
    tcp_event(&listener->tcb, &step, TCP_CLOSE);
    tcp->listener_count--;
    tcp_give_entry(tcp, &listener->tcb);
}

struct leat *leat_tcp_listener_stack(const struct leat_tcp_listener *listener)
{
    return listener->tcp->stack;
}
