/*
 * expected.h -- header prediction (Jacobson 1990): classifies the next segment in order.
 *
 * In line in input.c, because nearly every segment is one. tcp_classify() gives it the same events.
 */
#ifndef TCP_EXPECTED_H
#define TCP_EXPECTED_H

#include "core/cold.h"
#include "tcp/congestion/seq.h"
#include "tcp/machine/classify.h"
#include "tcp/tcp.h"

/* SND.UNA for each kind: a half-open connection has only a SYN in flight, TIME-WAIT nothing. */
static inline uint32_t tcp_snd_una_of(const struct tcb *tcb)
{
    if (tcb->kind == TCB_CONN)
        return ((const struct leat_tcp *)(const void *)tcb)->snd_una;
    return tcb->kind == TCB_HALF ? tcb->snd_nxt - 1 : tcb->snd_nxt;
}

/* True if the acceptable @ack is the first one to cover our FIN. */
static inline bool tcp_covers_FIN(const struct tcb *tcb, uint32_t ack)
{
    const struct leat_tcp *conn = (const void *)tcb;

    return tcb->kind == TCB_CONN && tcp_fin_waits(conn) && ack == tcb->snd_nxt &&
           tcp_fin_has_left(conn);
}

/* The event for an acceptable ACK. */
static inline enum tcp_event tcp_ack_event(const struct tcb *tcb, uint32_t ack)
{
    if (tcp_covers_FIN(tcb, ack))
        return TCP_rcv_ACK_of_FIN;
    return tcb->flags & TCB_SYN_UNACKED ? TCP_rcv_ACK_of_SYN : TCP_rcv_ACK;
}

static inline enum tcp_event tcp_data_event(const struct tcb *tcb)
{
    const struct leat_tcp *conn = (const void *)tcb;

    if (tcb->kind == TCB_CONN && !(tcb->flags & TCB_FIN_TAKEN) && (conn->flags & CONN_NO_READER))
        return TCP_rcv_data_no_reader;
    return TCP_rcv_data;
}

/* Sets the events of a segment that has passed the checks: RFC 9293 3.10.7.4 fifth and seventh. */
static inline void tcp_good_events(const struct tcb *tcb, struct tcp_segment *segment)
{
    segment->events[0] = (uint8_t)tcp_ack_event(tcb, segment->header.ack);
    segment->event_count = 1;
    if (segment->data_bytes > 0) {
        segment->events[1] = (uint8_t)tcp_data_event(tcb);
        segment->event_count = 2;
    }
}

/* True for the next segment in order, within both windows, with plain flags. Such a segment passes
 * all of the checks of tcp_classify(), so they are skipped. */
static inline bool tcp_is_expected(const struct tcb *tcb, const struct tcp_segment *segment)
{
    enum {
        KNOWS_NO_PEER = 1 << TCP_CLOSED | 1 << TCP_LISTEN | 1 << TCP_SYN_SENT
    };
    const struct wire_tcp *header = &segment->header;
    const uint32_t first = tcp_snd_una_of(tcb) + (tcb->flags & TCB_SYN_UNACKED);

    return SHORTCUTS && !(1u << tcb->state & KNOWS_NO_PEER) && header->seq == tcb->rcv_nxt &&
           (header->flags & ~(unsigned)(TCP_PSH | TCP_FIN | TCP_ECE | TCP_CWR)) == TCP_ACK &&
           segment->data_bytes + segment->fin <= tcb->rcv_wnd &&
           header->ack - first <= tcb->snd_nxt - first &&
           (!(tcb->flags & TCB_TS) || (header->has_ts && !seq_lt(header->tsval, tcb->ts_recent)));
}

/* tcp_classify(), fast for the segment that is expected next. */
HOT bool tcp_classify_fast(struct tcp *tcp, const struct tcb *tcb, struct tcp_segment *segment)
{
    if (!tcp_is_expected(tcb, segment))
        return tcp_classify(tcp, tcb, segment);
    tcp_good_events(tcb, segment);
    return true;
}

#endif
