/* challenge.c -- limits challenge ACKs (RFC 5961 7). */
#include "tcp/send/challenge.h"

#include "tcp/send/emit.h"

static const uint64_t interval_ms = 500; /* for each connection; there is no common counter */

void tcp_emit_challenge_ACK(struct tcp *tcp, struct tcb *tcb)
{
    const uint32_t now_ms = tcp_now_ms(tcp->stack);

    if ((tcb->flags & TCB_LIMITED) && now_ms - tcb->limited_at_ms < interval_ms) {
        tcp->stack->stats.tcp_challenge_limited++;
        return;
    }
    tcb->flags |= TCB_LIMITED;
    tcb->limited_at_ms = now_ms;
    tcp->stack->stats.tcp_challenge_acks++;
    tcp_emit_control(tcp, tcb, tcb->snd_nxt, TCP_ACK);
}
