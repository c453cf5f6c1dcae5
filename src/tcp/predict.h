/*
 * predict.h -- header prediction (Jacobson 1990): the segment that nearly always comes.
 *
 * It is the next text of an established connection, or acknowledges something, or both, and has
 * nothing else to say.  classify.c would call it rcv_ACK and rcv_text; tcp.rl answers these in
 * ESTABLISHED with take_ACK and take_text, and stays there (tests/structure holds it to that).  So
 * the two actions run at once.  That saves the questions about what isn't there, and two steps of
 * the table: 400 instructions of a request.  The program's SEND and RECEIVE are spared the table in
 * the same way (tcp_established(), api.c).  It is called in one place, and stands in line there.
 */
#ifndef TCP_PREDICT_H
#define TCP_PREDICT_H

#include "tcp/seq.h"
#include "tcp/tcp.h"

/* Tells who watches the table of @event, which was answered without asking it. */
COLD void tcp_tell_watcher(const struct tcp *tcp, enum tcp_event event);

/* True if the state is ESTABLISHED: the caller then does what tcp.rl answers there to @event, one
 * of those that the table is spared, and the state stays (tests/structure holds the table to that).
 */
static inline bool tcp_established(const struct tcp *tcp, const struct tcb *tcb,
                                   enum tcp_event event)
{
    if (tcb->state != TCP_ESTABLISHED)
        return false;
    if (tcp->config.on_transition)
        tcp_tell_watcher(tcp, event);
    return true;
}

/* Tells who watches the table of a segment that was dealt with without it. */
COLD void tcp_tell_of_predicted(const struct tcp *tcp, const struct tcp_segment *segment);

static inline bool says_nothing_else(const struct wire_tcp *header)
{
    return (header->flags & ~TCP_PSH) == TCP_ACK && header->sack_count == 0;
}

/* What a timestamp must be, if they are agreed on (RFC 7323 5.3 R1). */
static inline bool timestamp_is_news(const struct tcb *tcb, const struct wire_tcp *header)
{
    /* what lacks its timestamp was dropped before, unless it is a RST, which is never predicted:
     * NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage) */
    return !(tcb->flags & TCB_TS) || !seq_lt(header->tsval, tcb->ts_recent);
}

static inline bool is_predicted(const struct leat_tcp *conn, const struct tcp_segment *segment)
{
    const struct tcb *tcb = &conn->tcb;
    const struct wire_tcp *header = &segment->header;

    return tcb->state == TCP_ESTABLISHED && header->seq == tcb->rcv_nxt &&
           says_nothing_else(header) && segment->text_bytes <= tcb->rcv_wnd &&
           header->ack - conn->snd_una <= tcb->snd_nxt - conn->snd_una &&
           timestamp_is_news(tcb, header) && !(tcb->flags & (TCB_ECN | TCB_SYN_UNACKED)) &&
           !(conn->flags & (CONN_NO_READER | CONN_FIN_KNOWN));
}

/* True if @step->segment, which has its timestamp if it must, is what @tcb expected most: then it
 * has been dealt with. */
static inline bool tcp_predicted(struct tcb *tcb, struct tcp_step *step)
{
    struct tcp_segment *segment = step->segment;
    struct leat_tcp *conn;

    if (tcb->kind != TCB_CONN)
        return false;
    conn = tcp_conn(tcb);
    if (!is_predicted(conn, segment))
        return false;
    if ((tcb->flags & TCB_TS) && seq_le(segment->header.seq, conn->last_ack_sent))
        tcb->ts_recent = segment->header.tsval; /* RFC 7323 4.3 (2) */
    tcb->clock_ms = segment->now_ms;
    tcp_take_ACK(tcb, step);
    if (segment->text_bytes > 0)
        tcp_take_text(tcb, step);
    if (step->tcp->config.on_transition)
        tcp_tell_of_predicted(step->tcp, segment);
    return true;
}

#endif
