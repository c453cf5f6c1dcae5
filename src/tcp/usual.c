/*
 * usual.c -- the segments by which connections begin and end, nearly always.
 *
 * They are the next that is expected, carry no text, acknowledge all that was sent, and say nothing
 * else.  classify.c would find the events of the arrows that stand here, and input.c would give
 * them to the table one by one; this saves both, and the questions about what isn't there: 200
 * instructions a segment.
 */
#include "tcp/arrow.h"
#include "tcp/predict.h"

/* In order, and ours, if there was something of ours on its way, has arrived. */
static inline bool is_usual(const struct tcb *tcb, const struct tcp_segment *segment)
{
    const struct wire_tcp *header = &segment->header;

    return header->seq == tcb->rcv_nxt && header->ack == tcb->snd_nxt && tcb->rcv_wnd > 0 &&
           segment->text_bytes == 0 && header->sack_count == 0 && !(tcb->flags & TCB_ECN) &&
           timestamp_is_news(tcb, header);
}

/* SND.NXT is behind our FIN, which wasn't acknowledged yet. */
static inline bool has_sent_FIN(const struct leat_tcp *conn)
{
    return (conn->flags & (CONN_FIN_SENT | CONN_FIN_ACKED)) == CONN_FIN_SENT &&
           conn->tcb.snd_nxt == tcp_text_end(conn) + 1;
}

/* What input.c does with any acceptable ACK. */
static inline void note_heard(struct leat_tcp *conn, struct tcp_segment *segment)
{
    if ((conn->tcb.flags & TCB_TS) && seq_le(segment->header.seq, conn->last_ack_sent))
        conn->tcb.ts_recent = segment->header.tsval; /* RFC 7323 4.3 (2) */
    conn->tcb.clock_ms = segment->now_ms;
    segment->events[0] = TCP_rcv_ACK;
}

static __attribute__((noinline)) void take_FIN(struct leat_tcp *conn, struct tcp_step *step)
{
    tcp_ESTABLISHED_rcv_FIN(&conn->tcb, step);
}

/* The end of the handshake, perhaps of a peer that has nothing to say. */
static void take_in_SYN_RECEIVED(struct tcp_half *half, struct tcp_step *step, bool fin)
{
    struct leat_tcp *conn = tcp_promote(half);

    if (!conn) { /* it stays half open; the peer will speak again */
        if (half->tcb.flags & TCB_TS)
            half->tcb.ts_recent = step->segment->header.tsval; /* RFC 7323 4.3 (2) */
        step->segment->counter = &step->tcp->stack->stats.drop_tcp_memory;
        return;
    }
    note_heard(conn, step->segment);
    tcp_SYN_RECEIVED_rcv_ACK_of_SYN(&conn->tcb, step);
    if (fin)
        take_FIN(conn, step);
}

static void take_in_FIN_WAIT_1(struct leat_tcp *conn, struct tcp_step *step, bool fin)
{
    tcp_FIN_WAIT_1_rcv_ACK_of_FIN(&conn->tcb, step);
    if (!fin)
        return;
    tcp_FIN_WAIT_2_rcv_FIN(&conn->tcb, step);
    tcp_time_wait_from(conn); /* start_2MSL */
}

/* An ACK for a connection, perhaps with the peer's @fin. */
static bool take_ACK(struct leat_tcp *conn, struct tcp_step *step, bool fin)
{
    const unsigned state = conn->tcb.state;

    if (state == TCP_ESTABLISHED ? !fin : !has_sent_FIN(conn))
        return false;
    note_heard(conn, step->segment);
    if (state == TCP_ESTABLISHED) {
        tcp_ESTABLISHED_rcv_ACK(&conn->tcb, step);
        take_FIN(conn, step);
    } else if (state == TCP_FIN_WAIT_1) {
        take_in_FIN_WAIT_1(conn, step, fin);
    } else if (state == TCP_LAST_ACK && !fin) {
        tcp_LAST_ACK_rcv_ACK_of_FIN(&conn->tcb, step);
        tcp_conn_bury(conn); /* delete_TCB */
    } else {
        return false;
    }
    return true;
}

/* The answer to our SYN. */
static bool take_SYN_ACK(struct tcb *tcb, struct tcp_step *step)
{
    struct tcp_segment *segment = step->segment;

    if (tcb->state != TCP_SYN_SENT || segment->header.ack != tcb->snd_nxt)
        return false;
    segment->events[0] = TCP_rcv_SYN_ACK;
    tcp_SYN_SENT_rcv_SYN_ACK(tcb, step);
    return true;
}

bool tcp_usual(struct tcb *tcb, struct tcp_step *step)
{
    const unsigned flags = step->segment->header.flags & ~(unsigned)TCP_PSH;
    const bool fin = flags & TCP_FIN;

    if (flags == (TCP_SYN | TCP_ACK))
        return take_SYN_ACK(tcb, step);
    if ((flags & ~(unsigned)TCP_FIN) != TCP_ACK || !is_usual(tcb, step->segment))
        return false;
    if (tcb->kind == TCB_CONN)
        return take_ACK(tcp_conn(tcb), step, fin);
    if (tcb->kind != TCB_HALF)
        return false;
    take_in_SYN_RECEIVED(tcp_half(tcb), step, fin);
    return true;
}
