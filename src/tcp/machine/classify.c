/*
 * classify.c -- translates a segment into events of tcp.rl.
 *
 * The order of the checks is that of RFC 9293 3.10.7. The table decides what a state does with an
 * event. Only the checks of sequence numbers are here: the segment against the window, its ACK
 * against our SYN, its FIN against the one that we know.
 */
#include "tcp/machine/classify.h"
#include "tcp/machine/expected.h"
#include "tcp/conn/accecn.h"
#include "tcp/congestion/seq.h"
#include "tcp/conn/table.h"
#include "tcp/tcp.h"

static const uint32_t paws_idle_ms = 24u * 86400 * 1000; /* RFC 7323 5.5 */

static void add_event(struct tcp_segment *segment, enum tcp_event event)
{
    segment->events[segment->event_count++] = (uint8_t)event;
}

/* True if the ACK is for data in flight, or older by no more than a delay explains (RFC 5961
 * 5.2). */
static bool ack_is_acceptable(const struct tcb *tcb, uint32_t ack)
{
    const uint32_t una = tcp_snd_una_of(tcb);
    /* TIME-WAIT keeps no SND.WND.MAX; no window is larger than this (RFC 7323 2.3) */
    uint32_t late = UINT16_MAX << 14;

    if (tcb->flags & TCB_SYN_UNACKED) /* 3.10.7.4 fifth, SYN-RECEIVED: SND.UNA < SEG.ACK */
        return seq_lt(una, ack) && seq_le(ack, tcb->snd_nxt);
    if (tcb->kind == TCB_CONN)
        late = ((const struct leat_tcp *)(const void *)tcb)->snd_wnd_max;
    /* not compared with seq_lt(): a number that is 2^31 away is less than both */
    return tcb->snd_nxt - ack <= tcb->snd_nxt - una + late;
}

/* False for SYN and FIN together, as port scanners send. */
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

/* Cuts the data of a SYN, which begins behind the SYN, at our window, which the peer may not know
 * yet. */
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

/* RFC 9293 3.4, the four cases: true if any part of the segment lies in the window. */
static bool is_acceptable(const struct tcb *tcb, uint32_t seq, uint32_t seg_len)
{
    /* One number more than in 3.4: a peer that has filled our window, with its first segment lost,
     * sends its ACKs from the right edge. Refusing them would stop our own data as well. */
    if (seg_len == 0)
        return seq_in(seq, tcb->rcv_nxt, tcb->rcv_wnd + 1);
    return seq_in(seq, tcb->rcv_nxt, tcb->rcv_wnd) ||
           seq_in(seq + seg_len - 1, tcb->rcv_nxt, tcb->rcv_wnd) ||
           /* Begins before the window and ends behind it. With a zero window the data can't be
            * accepted, but the ACK counts (3.4, "special allowance"). */
           (seq_le(seq, tcb->rcv_nxt) && seq_lt(tcb->rcv_nxt + tcb->rcv_wnd, seq + seg_len) &&
            (tcb->rcv_wnd > 0 || seq == tcb->rcv_nxt));
}

/* Cuts the data outside of the window. */
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

/* RFC 7323 5.3 R1: true if the timestamp is older than TS.Recent, and TS.Recent isn't too old to
 * compare. */
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

/* The sequence number of the peer's SYN, during the handshake. */
static uint32_t irs_of(const struct tcb *tcb)
{
    if (tcb->kind == TCB_CONN) /* with data in the SYN, RCV.NXT is further on */
        return ((const struct leat_tcp *)(const void *)tcb)->snd_wl1;
    return tcb->rcv_nxt - 1;
}

/* Without a listener a newer SYN can't reopen the connection. */
static bool has_listener(struct tcp *tcp, const struct tcp_segment *segment)
{
    return tcp_find_listener(tcp, segment->packet->dst, segment->header.dst_port) != 0;
}

/* A SYN when the peer's SYN is known already. True: it passes all checks. */
static bool classify_syn(struct tcp *tcp, const struct tcb *tcb, struct tcp_segment *segment)
{
    const struct wire_tcp *header = &segment->header;

    if ((tcb->flags & TCB_SYN_UNACKED) && header->seq == irs_of(tcb)) {
        /* simultaneous open: the second SYN carries the ACK (RFC 9293 3.5, figure 8) */
        if ((header->flags & TCP_ACK) && ack_is_acceptable(tcb, header->ack)) {
            segment->seq++; /* data begins behind the SYN */
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

/* The checks of RFC 9293 3.10.7.4, in its order. False: @segment is refused, or is a SYN or RST, as
 * its event says. */
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

/* The states of RFC 9293 3.10.7.4, from SYN-RECEIVED on. */
static bool classify_synchronized(struct tcp *tcp, const struct tcb *tcb,
                                  struct tcp_segment *segment)
{
    if (!passes_checks(tcp, tcb, segment))
        return false;
    trim(tcb, segment);
    tcp_good_events(tcb, segment);
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
    if (seq_lt(conn->fin_seq, tcb->rcv_nxt)) /* data came from beyond it, so it was no FIN */
        conn->flags &= ~(unsigned)CONN_FIN_KNOWN;
    return (conn->flags & CONN_FIN_KNOWN) && tcb->rcv_nxt == conn->fin_seq;
}

bool tcp_classify(struct tcp *tcp, const struct tcb *tcb, struct tcp_segment *segment)
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
