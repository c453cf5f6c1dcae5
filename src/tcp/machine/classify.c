/*
 * classify.c -- which events of tcp.rl is a segment?
 *
 * The order of checks is that of RFC 9293 3.10.7.  What a state does with an event is the table's
 * business; here are only the questions that need numbers: is it in the window, does it cover our
 * SYN, is that FIN the one that we know.
 */
#include "tcp/machine/classify.h"
#include "tcp/conn/accecn.h"
#include "tcp/math/seq.h"
#include "tcp/conn/table.h"
#include "tcp/tcp.h"

static const uint32_t paws_idle_ms = 24u * 86400 * 1000; /* RFC 7323 5.5 */

static void add_event(struct tcp_segment *segment, enum tcp_event event)
{
    segment->events[segment->event_count++] = (uint8_t)event;
}

/* SND.UNA of each kind: half-open has sent its SYN only, TIME-WAIT has nothing left to send. */
static uint32_t snd_una_of(const struct tcb *tcb)
{
    if (tcb->kind == TCB_CONN)
        return ((const struct leat_tcp *)(const void *)tcb)->snd_una;
    return tcb->kind == TCB_HALF ? tcb->snd_nxt - 1 : tcb->snd_nxt;
}

/* An ACK for what is in flight?  Old ones are fine as far as they may just be late: RFC 5961 5.2.
 */
static bool ack_is_acceptable(const struct tcb *tcb, uint32_t ack)
{
    const uint32_t una = snd_una_of(tcb);
    /* TIME-WAIT keeps no SND.WND.MAX; no window is larger than this (RFC 7323 2.3) */
    uint32_t late = UINT16_MAX << 14;

    if (tcb->flags & TCB_SYN_UNACKED) /* 3.10.7.4 fifth, SYN-RECEIVED: SND.UNA < SEG.ACK */
        return seq_lt(una, ack) && seq_le(ack, tcb->snd_nxt);
    if (tcb->kind == TCB_CONN)
        late = ((const struct leat_tcp *)(const void *)tcb)->snd_wnd_max;
    /* no comparison of numbers: one that is 2^31 away is less than both */
    return tcb->snd_nxt - ack <= tcb->snd_nxt - una + late;
}

/* An acceptable @ack: is it the one that first covers our FIN? */
static inline bool covers_FIN(const struct tcb *tcb, uint32_t ack)
{
    const struct leat_tcp *conn = (const void *)tcb;

    return tcb->kind == TCB_CONN && tcp_fin_waits(conn) && ack == tcb->snd_nxt &&
           tcp_fin_has_left(conn);
}

/* Which acceptable ACK is it? */
static inline enum tcp_event ack_event(const struct tcb *tcb, uint32_t ack)
{
    if (covers_FIN(tcb, ack))
        return TCP_rcv_ACK_of_FIN;
    return tcb->flags & TCB_SYN_UNACKED ? TCP_rcv_ACK_of_SYN : TCP_rcv_ACK;
}

/* A SYN that ends what it begins is a probe of port scanners, no connection. */
static bool is_plain_syn(uint16_t flags)
{
    return (flags & (TCP_SYN | TCP_FIN)) == TCP_SYN;
}

/* RFC 9293 3.10.7.1 and 3.10.7.2: no connection, or only a listener. */
static void classify_without_peer(struct tcp_segment *segment)
{
    const uint16_t flags = segment->header.flags;

    if (flags & TCP_RST)
        add_event(segment, TCP_rcv_RST);
    else if (flags & TCP_ACK)
        add_event(segment, TCP_rcv_bad_ACK);
    else
        add_event(segment, is_plain_syn(flags) ? TCP_rcv_SYN : TCP_rcv_no_ACK);
}

/* Data in a SYN stands behind it, and is cut at our window, which the peer may not know yet. */
static void cut_syn_data(const struct tcb *tcb, struct tcp_segment *segment)
{
    segment->seq = segment->header.seq + 1;
    if (segment->data_bytes > tcb->rcv_wnd)
        segment->data_bytes = tcb->rcv_wnd;
}

void tcp_classify_SYN_data(const struct tcb *tcb, struct tcp_segment *segment)
{
    segment->event_count = 0;
    cut_syn_data(tcb, segment);
    add_event(segment, TCP_rcv_SYN_data);
}

/* RFC 9293 3.10.7.3. */
static void classify_syn_sent(const struct tcb *tcb, struct tcp_segment *segment)
{
    const struct wire_tcp *header = &segment->header;
    const bool ack_fits = (header->flags & TCP_ACK) && ack_is_acceptable(tcb, header->ack);

    if (header->flags & TCP_RST)
        add_event(segment, ack_fits ? TCP_rcv_RST : TCP_rcv_bad_RST);
    else if ((header->flags & TCP_ACK) && !ack_fits)
        add_event(segment, TCP_rcv_bad_ACK);
    else if (!is_plain_syn(header->flags))
        add_event(segment, TCP_rcv_no_ACK);
    else {
        add_event(segment, ack_fits ? TCP_rcv_SYN_ACK : TCP_rcv_SYN);
        cut_syn_data(tcb, segment); /* "continue at the sixth step" */
        if (segment->data_bytes > 0)
            add_event(segment, TCP_rcv_data);
    }
}

/* The four cases of RFC 9293 3.4: does any part of the segment lie in the window? */
static bool is_acceptable(const struct tcb *tcb, uint32_t seq, uint32_t seg_len)
{
    /* One more than 3.4 has: a peer that has filled our window, with its first segment lost, sends
     * its ACKs from the right edge.  Refusing them stops our own data as well. */
    if (seg_len == 0)
        return seq_in(seq, tcb->rcv_nxt, tcb->rcv_wnd + 1);
    return seq_in(seq, tcb->rcv_nxt, tcb->rcv_wnd) ||
           seq_in(seq + seg_len - 1, tcb->rcv_nxt, tcb->rcv_wnd) ||
           /* begins before the window and ends behind it; with no window at all: data that we
            * can't take, but whose ACK counts (3.4, "special allowance") */
           (seq_le(seq, tcb->rcv_nxt) && seq_lt(tcb->rcv_nxt + tcb->rcv_wnd, seq + seg_len) &&
            (tcb->rcv_wnd > 0 || seq == tcb->rcv_nxt));
}

/* Cuts what lies outside of the window. */
static void trim(const struct tcb *tcb, struct tcp_segment *segment)
{
    const uint32_t edge = tcb->rcv_nxt + tcb->rcv_wnd;
    uint32_t end = segment->seq + segment->data_bytes;

    if (seq_lt(segment->seq, tcb->rcv_nxt)) {
        const uint32_t old = tcb->rcv_nxt - segment->seq;

        segment->skip_bytes = old < segment->data_bytes ? old : segment->data_bytes;
        segment->data_bytes -= segment->skip_bytes;
        segment->seq = tcb->rcv_nxt;
    }
    if (seq_lt(edge, end)) {
        const uint32_t over = end - edge;

        segment->data_bytes -= over < segment->data_bytes ? over : segment->data_bytes;
        segment->fin = false;
    }
}

static void classify_rst(const struct tcb *tcb, struct tcp_segment *segment)
{
    if (segment->header.seq == tcb->rcv_nxt)
        add_event(segment, TCP_rcv_RST);
    else if (seq_in(segment->header.seq, tcb->rcv_nxt, tcb->rcv_wnd))
        add_event(segment, TCP_rcv_RST_in_window);
    else
        add_event(segment, TCP_rcv_bad_RST);
}

/* RFC 7323 5.3 R1: a timestamp older than TS.Recent, which is not itself too old to be compared. */
static bool is_old_duplicate(const struct tcb *tcb, const struct wire_tcp *header, uint32_t now_ms)
{
    const bool outdated = tcb->kind == TCB_CONN && now_ms - tcb->clock_ms > paws_idle_ms;

    return (tcb->flags & TCB_TS) && header->has_ts && seq_lt(header->tsval, tcb->ts_recent) &&
           !outdated;
}

/* RFC 9293 3.10.7.4, MAY-2; with timestamps RFC 6191 2. */
static bool is_newer_SYN(const struct tcb *tcb, const struct wire_tcp *header)
{
    if ((tcb->flags & TCB_TS) && header->has_ts && header->tsval != tcb->ts_recent)
        return seq_lt(tcb->ts_recent, header->tsval);
    return seq_lt(tcb->rcv_nxt, header->seq);
}

/* The number of the peer's SYN, while the handshake lasts. */
static uint32_t irs_of(const struct tcb *tcb)
{
    if (tcb->kind == TCB_CONN) /* data may have come with it: then RCV.NXT is further on */
        return ((const struct leat_tcp *)(const void *)tcb)->snd_wl1;
    return tcb->rcv_nxt - 1;
}

/* Without one a newer SYN can't reopen anything. */
static bool has_listener(struct tcp *tcp, const struct tcp_segment *segment)
{
    return tcp_find_listener(tcp, segment->packet->dst, segment->header.dst_port) != 0;
}

/* A SYN where the peer's SYN is known already.  True: it passes all checks. */
static bool classify_syn(struct tcp *tcp, const struct tcb *tcb, struct tcp_segment *segment)
{
    const struct wire_tcp *header = &segment->header;

    if ((tcb->flags & TCB_SYN_UNACKED) && header->seq == irs_of(tcb)) {
        /* simultaneous open: the second SYN carries the ACK (RFC 9293 3.5, figure 8) */
        if ((header->flags & TCP_ACK) && ack_is_acceptable(tcb, header->ack)) {
            segment->seq++; /* data stands behind the SYN */
            return true;
        }
        add_event(segment, tcp_accecn_is_other(tcb, segment) ? TCP_rcv_other_SYN : TCP_rcv_dup_SYN);
    } else if (tcb->kind == TCB_TIME_WAIT && is_plain_syn(header->flags) &&
               !(header->flags & TCP_ACK) && is_newer_SYN(tcb, header) &&
               has_listener(tcp, segment)) {
        add_event(segment, TCP_rcv_newer_SYN);
    } else {
        add_event(segment, TCP_rcv_SYN_in_window);
    }
    return false;
}

static bool is_known_fin(const struct tcb *tcb, const struct tcp_segment *segment)
{
    return segment->fin && (tcb->flags & TCB_FIN_TAKEN) &&
           segment->seq + segment->data_bytes + 1 == tcb->rcv_nxt;
}

static const unsigned knows_no_peer = 1u << TCP_CLOSED | 1u << TCP_LISTEN | 1u << TCP_SYN_SENT;

/* Header prediction (Jacobson 1990), the first question: the next segment in order, within both
 * windows, with nothing strange about it.  It passes all of the checks below, so none is made. */
static inline bool is_expected(const struct tcb *tcb, const struct tcp_segment *segment)
{
    const struct wire_tcp *header = &segment->header;
    const uint32_t first = snd_una_of(tcb) + (tcb->flags & TCB_SYN_UNACKED);

    return SHORTCUTS && (1u << tcb->state & ~knows_no_peer) && header->seq == tcb->rcv_nxt &&
           (header->flags & ~(unsigned)(TCP_PSH | TCP_FIN | TCP_ECE | TCP_CWR)) == TCP_ACK &&
           segment->data_bytes + segment->fin <= tcb->rcv_wnd &&
           header->ack - first <= tcb->snd_nxt - first &&
           (!(tcb->flags & TCB_TS) || (header->has_ts && !seq_lt(header->tsval, tcb->ts_recent)));
}

/* The checks of RFC 9293 3.10.7.4, in its order.  False: @segment is refused, or a SYN or RST; its
 * event says so. */
static bool passes_checks(struct tcp *tcp, const struct tcb *tcb, struct tcp_segment *segment)
{
    const struct wire_tcp *header = &segment->header;
    const uint32_t seg_len = segment->data_bytes + segment->fin;

    if (header->flags & TCP_RST)
        classify_rst(tcb, segment);
    else if (header->flags & TCP_SYN) /* before the sequence check: RFC 5961 4.2 */
        return classify_syn(tcp, tcb, segment);
    else if (!is_acceptable(tcb, header->seq, seg_len) ||
             is_old_duplicate(tcb, header, segment->now_ms))
        add_event(segment, is_known_fin(tcb, segment) ? TCP_rcv_dup_FIN : TCP_rcv_unacceptable);
    else if (!(header->flags & TCP_ACK))
        add_event(segment, TCP_rcv_no_ACK);
    else if (!ack_is_acceptable(tcb, header->ack))
        add_event(segment, TCP_rcv_bad_ACK);
    else
        return true;
    return false;
}

static enum tcp_event data_event(const struct tcb *tcb)
{
    const struct leat_tcp *conn = (const void *)tcb;

    if (tcb->kind == TCB_CONN && !(tcb->flags & TCB_FIN_TAKEN) && (conn->flags & CONN_NO_READER))
        return TCP_rcv_data_no_reader;
    return TCP_rcv_data;
}

/* What passed the checks: RFC 9293 3.10.7.4 fifth and seventh. */
static inline void add_good(const struct tcb *tcb, struct tcp_segment *segment)
{
    segment->events[0] = (uint8_t)ack_event(tcb, segment->header.ack);
    segment->event_count = 1;
    if (segment->data_bytes > 0) {
        segment->events[1] = (uint8_t)data_event(tcb);
        segment->event_count = 2;
    }
}

/* RFC 9293 3.10.7.4, and SYN-RECEIVED. */
static bool classify_synchronized(struct tcp *tcp, const struct tcb *tcb,
                                  struct tcp_segment *segment)
{
    if (!passes_checks(tcp, tcb, segment))
        return false;
    trim(tcb, segment);
    add_good(tcb, segment);
    return true;
}

bool tcp_classify_FIN(struct tcb *tcb, struct tcp_segment *segment)
{
    struct leat_tcp *conn;

    if (tcb->flags & TCB_FIN_TAKEN)
        return segment->fin;
    conn = tcp_conn(tcb);
    if (segment->fin) {
        conn->flags |= CONN_FIN_KNOWN;
        conn->fin_seq = segment->seq + segment->data_bytes;
    }
    if (seq_lt(conn->fin_seq, tcb->rcv_nxt)) /* data has come beyond it: it was none */
        conn->flags &= ~(unsigned)CONN_FIN_KNOWN;
    return (conn->flags & CONN_FIN_KNOWN) && tcb->rcv_nxt == conn->fin_seq;
}

static __attribute__((noinline)) bool classify_any(struct tcp *tcp, const struct tcb *tcb,
                                                   struct tcp_segment *segment)
{
    segment->event_count = 0;
    switch ((enum tcp_state)tcb->state) {
    case TCP_CLOSED:
    case TCP_LISTEN:
        classify_without_peer(segment);
        return false;
    case TCP_SYN_SENT:
        classify_syn_sent(tcb, segment);
        return false;
    case TCP_SYN_RECEIVED:
    case TCP_ESTABLISHED:
    case TCP_FIN_WAIT_1:
    case TCP_FIN_WAIT_2:
    case TCP_CLOSE_WAIT:
    case TCP_CLOSING:
    case TCP_LAST_ACK:
    case TCP_TIME_WAIT:
        break;
    }
    return classify_synchronized(tcp, tcb, segment);
}

bool tcp_classify(struct tcp *tcp, const struct tcb *tcb, struct tcp_segment *segment)
{
    if (!is_expected(tcb, segment))
        return classify_any(tcp, tcb, segment);
    add_good(tcb, segment);
    return true;
}
