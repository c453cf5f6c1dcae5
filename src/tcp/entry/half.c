/*
 * half.c -- half-open connections: in SYN-RECEIVED, in an entry of their own kind.
 *
 * Those that have sent their SYN,ACK equally often wait equally long, so they lie in one ring, the
 * oldest first, and one timer serves all rings.
 */
#include "ip/route.h"
#include "tcp/entry/isn.h"
#include "tcp/entry/cookie.h"
#include "tcp/send/emit.h"
#include "tcp/entry/budget.h"
#include "tcp/entry/guest.h"
#include "tcp/tcp.h"

enum {
    EXPIRE_MAX = 256 /* SYN,ACKs sent again at once: less than wait for a device */
};

static uint32_t min32(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* ---- birth -------------------------------------------------------------------------------- */

struct tcp_half *tcp_half_new(struct leat_tcp_listener *listener, const struct tcp_segment *segment,
                              struct tcp_time_wait *before)
{
    struct tcp *tcp = listener->tcp;
    const uint32_t window = tcp_window_begin(tcp);
    struct tcp_step step = {.tcp = tcp};
    struct tcp_half *half = tcp_take_half(tcp);
    struct tcb *tcb;

    if (!half)
        return 0;
    tcb = &half->tcb;
    half->tcp = tcp;
    half->listener = listener;
    tcb->local_ip = segment->packet->dst;
    tcb->local_port = segment->header.dst_port;
    tcb->remote_ip = segment->packet->src;
    tcb->remote_port = segment->header.src_port;
    tcb->rcv_wnd = window < UINT16_MAX ? window : UINT16_MAX;
    tcb->rcv_wind_shift = tcp->wind_shift;
    tcb->flags = tcp_offered_options(tcp, true);
    tcb->ts_offset = tcp_ts_offset(tcp->stack, tcb); /* for good: another seed must not move it */
    tcp_event(tcb, TCP_passive_OPEN, &step);
    listener->half_count++;
    half->before = before;
    if (before)
        tcp_hash_instead(tcp, tcb, &before->tcb);
    else
        tcp_hash(tcp, tcb);
    return half;
}

/* ---- its SYN,ACK -------------------------------------------------------------------------- */

static void send_answer(struct tcp_half *half)
{
    const uint8_t flags = (uint8_t)(TCP_SYN | TCP_ACK | (half->tcb.flags & TCB_ECN ? TCP_ECE : 0));
    const bool scaled = half->snd_wind_shift != WIRE_TCP_NO_SHIFT;
    struct wire_tcp header;
    struct path room;
    const struct path *path =
        route_cache_find(half->tcp->stack, half->tcb.local_ip, half->tcb.remote_ip, &room);

    half->sent_at_ns = half->tcp->stack->now_ns;
    if (!path)
        return;
    tcp_begin_SYN(&header, &half->tcb, path, half->tcb.snd_nxt - 1, flags, scaled);
    if (half->wants_fast_open) /* the cookie that the peer has asked for: RFC 7413 4.2 */
        tcp_fast_open_cookie(half->tcp, half->tcb.remote_ip, &header);
    tcp_emit(half->tcp, path, &half->tcb, &header, 0, 0);
}

/* RFC 6298 2.1, 5.5. */
static uint64_t rto_ns(const struct tcp *tcp, unsigned retransmits)
{
    const uint64_t doubled_ns = (uint64_t)1000000000 << retransmits;

    return doubled_ns < tcp->config.rto_max_ns ? doubled_ns : tcp->config.rto_max_ns;
}

static void arm(struct tcp *tcp, uint64_t at_ns)
{
    if (!timer_is_set(&tcp->halves_timer) || at_ns < timer_at_ns(&tcp->halves_timer))
        timer_set(&tcp->stack->timers, &tcp->halves_timer, at_ns);
}

void tcp_half_answer(struct tcp_half *half)
{
    struct tcp *tcp = half->tcp;

    /* also for one that is answered: without memory for a connection it may stay half open */
    half->due_ns = tcp->stack->now_ns + rto_ns(tcp, half->retransmits);
    ring_remove(&half->ring);
    ring_put(&tcp->halves_waiting[half->retransmits], &half->ring);
    arm(tcp, half->due_ns);
    if (!half->is_answered)
        send_answer(half);
}

COLD static void expire(struct tcp_half *half)
{
    struct tcp_step step = {.tcp = half->tcp};

    if (half->retransmits == HALF_RETRANSMITS_MAX) {
        tcp_event(&half->tcb, TCP_timeout_R2, &step);
        return;
    }
    half->retransmits++;
    half->tcp->stack->stats.tcp_timeouts++;
    half->tcp->stack->stats.tcp_retransmitted++;
    tcp_event(&half->tcb, TCP_timeout_rexmt, &step);
}

/* The first of those that wait with so many SYN,ACKs behind them, or NULL. */
static struct tcp_half *first_of(struct tcp *tcp, unsigned retransmits)
{
    struct ring *ring = &tcp->halves_waiting[retransmits];

    return ring_is_empty(ring) ? 0 : container_of(ring->next, struct tcp_half, ring);
}

void tcp_halves_timer(struct timer *timer, void *context)
{
    struct tcp *tcp = container_of(timer, struct tcp, halves_timer);
    unsigned budget = EXPIRE_MAX;
    struct tcp_half *half;

    (void)context;
    for (unsigned i = 0; i <= HALF_RETRANSMITS_MAX; i++) {
        while ((half = first_of(tcp, i)) && half->due_ns <= tcp->stack->now_ns && budget > 0) {
            expire(half);
            budget--;
        }
        if (half)
            arm(tcp, half->due_ns);
    }
}

void tcp_halves_init(struct tcp *tcp)
{
    for (unsigned i = 0; i <= HALF_RETRANSMITS_MAX; i++)
        ring_init(&tcp->halves_waiting[i]);
    tcp->halves_timer.fire = tcp_halves_timer;
}

/* ---- its end ------------------------------------------------------------------------------ */

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
    half->sent_at_ns = 0; /* which SYN,ACK it answers we can't tell: no RTT from it (Karn) */
    return true;
}

void tcp_half_free(struct tcp_half *half)
{
    if (half->before) /* the SYN was an old duplicate, it seems: back to TIME-WAIT (MAY-2 b) */
        tcp_hash_instead(half->tcp, &half->before->tcb, &half->tcb);
    else
        tcp_unhash(half->tcp, &half->tcb);
    ring_remove(&half->ring);
    half->listener->half_count--;
    tcp_give_entry(half->tcp, &half->tcb);
}

/* The peer's SYN was a new one, so the old connection is over. */
COLD static void end_before(struct tcp_half *half)
{
    struct tcp_step step = {.tcp = half->tcp};
    struct tcp_time_wait *before = half->before;

    half->before = 0;
    tcp_event(&before->tcb, TCP_rcv_newer_SYN, &step);
}

struct leat_tcp *tcp_promote(struct tcp_half *half)
{
    struct tcp *tcp = half->tcp;
    struct leat_tcp *conn = 0;
    const bool scaled = half->snd_wind_shift != WIRE_TCP_NO_SHIFT;
    const uint16_t mss_max = half->listener->config.mss_max;
    const uint16_t path_mss = tcp_path_mss(tcp, half->tcb.local_ip, half->tcb.remote_ip);

    if (tcp_admit(half->listener, half->tcb.remote_ip))
        conn = tcp_conn_new(tcp, half->tcb.local_ip, half->tcb.remote_ip);
    if (!conn)
        return 0;
    if (tcp_has_limits(half->listener))
        tcp_guest_begin(conn, half->listener);
    conn->tcb = half->tcb;
    conn->tcb.kind = TCB_CONN;
    tcp_hash_instead(tcp, &conn->tcb, &half->tcb);
    conn->flags |= CONN_PEER_SYN | CONN_UNACCEPTED | (scaled ? CONN_PEER_SCALES : 0) |
                   (half->retransmits ? CONN_LOST_SYN : 0);
    conn->listener = half->listener;
    if (half->listener->send_queue > 0)
        conn->send_queue = half->listener->send_queue & 15u;
    conn->snd_una = half->tcb.snd_nxt - 1;
    conn->last_ack_sent = half->tcb.rcv_nxt;
    if (half->sent_at_ns > 0)
        rtt_SYN_sent(&conn->rtt, half->sent_at_ns);
    pmtu_init(&conn->pmtu,
              (uint16_t)(min32(path_mss, mss_max) + tcp_headers_bytes(&conn->tcb)));
    conn->peer_mss = half->peer_mss;
    conn->snd_wnd = conn->snd_wnd_max = half->snd_wnd;
    conn->snd_wind_shift = scaled ? half->snd_wind_shift & 15u : 0;
    conn->snd_wl1 = half->tcb.rcv_nxt - 1;
    if (half->before)
        end_before(half);
    tcp_half_free(half);
    return conn;
}
