/*
 * half.c -- half-open connections: in SYN-RECEIVED, in an entry of their own kind.
 *
 * Connections with the same number of retransmissions wait equally long. So they lie in one ring,
 * the oldest first, and one timer serves all rings.
 */
#include "core/assert.h"
#include "core/parts.h"
#include "ip/route.h"
#include "tcp/conn/accecn.h"
#include "tcp/passive/cookie.h"
#include "tcp/congestion/accecn.h"
#include "tcp/send/emit.h"
#include "tcp/conn/table.h"
#include "tcp/passive/time_wait.h"
#include "tcp/listener.h"
#include "tcp/tcp.h"

enum {
    ACCURATE_ANSWERS = 2 /* SYN,ACKs that offer Accurate ECN; later ones offer none */
};

/* ---- the SYN,ACK -------------------------------------------------------------------------- */

void tcp_half_hear_SYN(struct tcp_half *half, const struct tcp_segment *segment)
{
    half->syn_tos = segment->packet->tos;
    if (ace_of(tcp_accecn_read(segment)) == 0) /* the peer's ECN support is uncertain now */
        half->tcb.flags &= TCB_FLAGS & ~TCB_ECN;
}

/* The ECN flags of the SYN,ACK. Later retransmissions have none, because a middlebox may drop
 * segments with them (RFC 9768 3.2.3.2.2). */
COLD static uint16_t ecn_flags(struct tcp_half *half)
{
    if (!(half->tcb.flags & TCB_ACCECN))
        return TCP_ECE;
    if (half->retransmits < ACCURATE_ANSWERS)
        return ace_flags(ace_of_handshake(half->syn_tos));
    half->tcb.flags &= TCB_FLAGS & ~TCB_ECN; /* 3.1.5 */
    return 0;
}

static void send_answer(struct tcp_half *half)
{
    const bool has_ecn = half->tcb.flags & (TCB_ECN | TCB_ACCECN);
    const uint16_t flags = TCP_SYN | TCP_ACK | (has_ecn ? ecn_flags(half) : 0);
    const bool scaled = half->snd_wind_shift != WIRE_TCP_NO_SHIFT;
    struct wire_tcp header;
    struct path room;
    const struct path *path =
        route_cache_find(half->tcp->stack, half->tcb.local_ip, half->tcb.remote_ip, &room);

    half->sent_at_ns = half->tcp->stack->now_ns;
    if (!path)
        return;
    tcp_begin_SYN(&header, &half->tcb, path, half->tcb.snd_nxt - 1, flags, scaled);
    if (HAS_FAST_OPEN && half->wants_fast_open) /* a cookie, as requested: RFC 7413 4.2 */
        tcp_fast_open_cookie(half->tcp, half->tcb.remote_ip, &header);
    tcp_emit(half->tcp, path, &half->tcb, &header, 0, 0);
}

/* RFC 6298 2.1, 5.5. */
static uint64_t rto_ns(const struct tcp *tcp, unsigned retransmits)
{
    const uint64_t doubled_ns = (uint64_t)1000000000 << retransmits;

    return doubled_ns < tcp->config.rto_max_ns ? doubled_ns : tcp->config.rto_max_ns;
}

void tcp_halves_arm(struct tcp *tcp, uint64_t at_ns)
{
    if (!timer_is_set(&tcp->halves_timer) || at_ns < timer_at_ns(&tcp->halves_timer))
        timer_set(&tcp->stack->timers, &tcp->halves_timer, at_ns);
}

void tcp_half_answer(struct tcp_half *half)
{
    struct tcp *tcp = half->tcp;

    leat_assert(half->retransmits <= HALF_RETRANSMITS_MAX);
    /* also for an answered one: without memory for a connection it may stay half open */
    half->due_ns = tcp->stack->now_ns + rto_ns(tcp, half->retransmits);
    ring_remove(&half->ring);
    ring_put(&tcp->halves_waiting[half->retransmits], &half->ring);
    tcp_halves_arm(tcp, half->due_ns);
    if (!half->is_answered)
        send_answer(half);
}

void tcp_halves_init(struct tcp *tcp)
{
    for (unsigned i = 0; i <= HALF_RETRANSMITS_MAX; i++)
        ring_init(&tcp->halves_waiting[i]);
}

/* ---- the end ------------------------------------------------------------------------------ */

bool tcp_half_was_cookie(struct tcp_half *half, const struct tcp_segment *segment)
{
    struct wire_tcp syn;

    leat_debug_assert(half->tcb.kind == TCB_HALF);
    if (!tcp_cookie_check(half->tcp, segment, &syn))
        return false;
    half->tcb.snd_nxt = segment->header.ack;
    /* the cookie's SYN,ACK may have agreed to fewer options than the second one */
    half->tcb.flags = tcp_agreed_options(half->tcb.flags, &syn) & (unsigned)TCB_FLAGS;
    half->snd_wind_shift = syn.wind_shift;
    half->peer_mss = syn.mss;
    if (syn.wind_shift == WIRE_TCP_NO_SHIFT)
        half->tcb.rcv_wind_shift = 0;
    half->sent_at_ns = 0; /* the ACK may answer either SYN,ACK: no RTT sample (Karn) */
    return true;
}

void tcp_half_free(struct tcp_half *half)
{
    leat_assert(half->listener->half_count > 0);
    if (half->before) /* the SYN was an old duplicate, it seems: back to TIME-WAIT (MAY-2 b) */
        tcp_hash_instead(half->tcp, &half->before->tcb, &half->tcb);
    else
        tcp_unhash(half->tcp, &half->tcb);
    ring_remove(&half->ring);
    half->listener->half_count--;
    tcp_give_entry(half->tcp, &half->tcb);
}
