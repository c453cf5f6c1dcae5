/*
 * input.c -- a segment comes up: whose is it, which events is it, what does the table say.
 */
#include "tcp/predict.h"
#include "tcp/seq.h"
#include "tcp/tcp.h"

#include "core/checksum.h"
#include "core/view.h"
#include "ip/icmp.h"
#include "wire/bytes.h"

/* ---- is it a segment at all --------------------------------------------------------------- */

static bool checksum_is_right(const struct packet *packet, uint32_t len)
{
    if (packet->buf->checksum == LEAT_CHECKSUM_VERIFIED ||
        packet->buf->checksum == LEAT_CHECKSUM_PARTIAL) /* from ourselves */
        return true;
    return checksum_agrees(checksum_pseudo(packet->src, packet->dst, IP_TCP, len) +
                           checksum_list(packet->buf));
}

/* Reads the header and pulls it off; NULL or the counter of what is wrong. */
static uint64_t *parse(struct leat *stack, struct packet *packet, struct tcp_segment *segment)
{
    struct leat_buf *buf = packet->buf;
    struct wire_tcp *header = &segment->header;
    const uint32_t len = leat_buf_total(buf);

    if (packet->to_many) /* RFC 1122 4.2.3.10 */
        return &stack->stats.drop_tcp_broadcast;
    if (!wire_tcp_parse(buf->data, buf->len, header))
        return &stack->stats.drop_tcp_format;
    if (!checksum_is_right(packet, len))
        return &stack->stats.drop_tcp_checksum;
    if (!wire_tcp_parse_options(buf->data, header))
        return &stack->stats.drop_tcp_options;
    view_pull(buf, header->header_bytes);
    segment->now_ms = tcp_now_ms(stack);
    segment->text_bytes = len - header->header_bytes;
    segment->skip_bytes = 0;
    segment->seq = header->seq;
    segment->fin = header->flags & TCP_FIN;
    segment->event_count = 0;
    return 0;
}

/* ---- what the table says ------------------------------------------------------------------ */

/* Events after which a segment counts as refused. */
static bool is_refusal(enum tcp_event event)
{
    switch ((unsigned)event) {
    case TCP_rcv_unacceptable:
    case TCP_rcv_RST_in_window:
    case TCP_rcv_bad_RST:
    case TCP_rcv_SYN_in_window:
    case TCP_rcv_no_ACK:
    case TCP_rcv_bad_ACK:
        return true;
    default:
        return false;
    }
}

static enum tcp_outcome give_event(struct tcb *tcb, enum tcp_event event, struct tcp_step *step)
{
    const enum tcp_outcome outcome = tcp_event(tcb, event, step);
    struct leat_stats *stats = &step->tcp->stack->stats;

    if (outcome == TCP_IMPOSSIBLE)
        step->segment->counter = &stats->drop_tcp_impossible;
    else if (is_refusal(event))
        step->segment->counter = &stats->drop_tcp_unacceptable;
    return outcome;
}

/* RFC 9293 3.10.7.4 eighth: a FIN counts when all text before it is here, perhaps later. */
static void take_fin_if_due(struct tcb *tcb, struct tcp_step *step)
{
    const struct tcp_segment *segment = step->segment;
    struct leat_tcp *conn;

    if (tcb->flags & TCB_FIN_TAKEN) {
        if (segment->fin)
            give_event(tcb, TCP_rcv_FIN, step);
        return;
    }
    conn = tcp_conn(tcb);
    if (segment->fin) {
        conn->flags |= CONN_FIN_KNOWN;
        conn->fin_seq = segment->seq + segment->text_bytes;
    }
    if (!(conn->flags & CONN_FIN_KNOWN))
        return;
    if (tcb->rcv_nxt == conn->fin_seq) {
        give_event(tcb, TCP_rcv_FIN, step);
    } else if (segment->fin && segment->text_bytes == 0) { /* out of order: RFC 5681 4.2 */
        conn->flags |= CONN_ACK_NOW;
        tcp_want_output(conn);
    }
}

/* What a segment means to a connection beside its events. */
static void note_heard(struct leat_tcp *conn, const struct tcp_segment *segment)
{
    conn->tcb.clock_ms = segment->now_ms;
    if (segment->text_bytes == 0 && leat_buf_total(segment->packet->buf) > 0) {
        conn->flags |= CONN_ACK_NOW; /* text, but no window for it: a probe wants an answer */
        tcp_want_output(conn);
    }
}

/* RFC 7323 4.3 (2): only from segments that begin at or before what we last acknowledged.  What is
 * older than TS.Recent was dropped, unless that itself is too old to be compared (5.5). */
static void take_timestamp(struct tcb *tcb, const struct tcp_segment *segment)
{
    const struct wire_tcp *header = &segment->header;
    uint32_t last_ack_sent = tcb->rcv_nxt;

    if (tcb->kind == TCB_CONN)
        last_ack_sent = tcp_conn(tcb)->last_ack_sent;
    if (!(tcb->flags & TCB_TS) || !header->has_ts || seq_lt(last_ack_sent, header->seq))
        return;
    tcb->ts_recent = header->tsval;
}

/* RFC 3168 6.1.3: a mark is reported until the peer says that it has reduced. */
static void take_ecn(struct leat_tcp *conn, const struct tcp_segment *segment)
{
    if (!(conn->tcb.flags & TCB_ECN))
        return;
    if (segment->header.flags & TCP_CWR)
        conn->flags &= ~(unsigned)CONN_ECE;
    if ((segment->packet->tos & TOS_CE) == TOS_CE) {
        conn->flags |= CONN_ECE | CONN_ACK_NOW;
        tcp_want_output(conn);
    }
}

/* True if the fifth check was passed: what it carries counts. */
static bool has_good_ack(const struct tcp_segment *segment)
{
    return segment->events[0] >= TCP_rcv_ACK && segment->events[0] <= TCP_rcv_ACK_of_FIN;
}

static void give_events(struct tcb *tcb, struct tcp_step *step)
{
    struct tcp_segment *segment = step->segment;

    if (has_good_ack(segment))
        take_timestamp(tcb, segment);
    if (has_good_ack(segment) && tcb->kind == TCB_CONN)
        take_ecn(tcp_conn(tcb), segment);
    for (unsigned i = 0; i < segment->event_count; i++) {
        const enum tcp_event event = segment->events[i];

        if (tcb->kind == TCB_HALF && event == TCP_rcv_ACK_of_SYN) {
            struct leat_tcp *conn = tcp_promote(tcp_half(tcb));

            if (!conn) { /* it stays half open; the peer will speak again */
                segment->counter = &step->tcp->stack->stats.drop_tcp_memory;
                return;
            }
            tcb = &conn->tcb;
        }
        if (give_event(tcb, event, step) != TCP_ALIVE)
            return;
        if (tcb->kind == TCB_CONN && event >= TCP_rcv_ACK && event <= TCP_rcv_ACK_of_FIN)
            note_heard(tcp_conn(tcb), segment);
    }
    /* only what passed the ACK check may end anything */
    if (has_good_ack(segment) && !(segment->header.flags & TCP_SYN))
        take_fin_if_due(tcb, step);
}

/* ---- whose is it -------------------------------------------------------------------------- */

/* An ACK that answers a cookie of ours.  Without room it is dropped, and no RST ends a connection
 * that the peer believes in: its text will come again, with the same ACK. */
COLD static void cookie_input(struct tcp_half *half, struct tcp_step *step)
{
    struct tcp_segment *segment = step->segment;

    if (!half) {
        segment->counter = &step->tcp->stack->stats.drop_tcp_backlog;
        return;
    }
    segment->event_count = 0;
    tcp_classify(&half->tcb, segment);
    give_events(&half->tcb, step);
}

/* Anything but a SYN. */
COLD static void listener_is_asked(struct leat_tcp_listener *listener, struct tcp_step *step)
{
    struct tcp_segment *segment = step->segment;
    struct tcp_half *half;

    tcp_classify(&listener->tcb, segment);
    if (segment->events[0] == TCP_rcv_bad_ACK && tcp_listener_ACK(listener, segment, &half)) {
        cookie_input(half, step);
        return;
    }
    give_event(&listener->tcb, segment->events[0], step);
    if (segment->events[0] == TCP_rcv_no_ACK) /* none at all, FIN alone, SYN and FIN */
        segment->counter = &step->tcp->stack->stats.drop_tcp_flags;
}

static void listener_input(struct leat_tcp_listener *listener, struct tcp_step *step,
                           uint32_t iss_min, bool has_iss_min)
{
    struct tcp_segment *segment = step->segment;

    /* what the classifier would say of a SYN needs no classifier */
    if ((segment->header.flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) != TCP_SYN) {
        listener_is_asked(listener, step);
        return;
    }
    segment->events[0] = TCP_rcv_SYN;
    if (!tcp_listener_SYN(listener, segment, iss_min, has_iss_min))
        segment->counter = &step->tcp->stack->stats.drop_tcp_backlog;
}

/* RFC 9293 3.10.7.1. */
static void closed_input(struct tcp_step *step)
{
    struct tcb nobody = {.kind = TCB_NONE};

    tcp_fsm_start(&nobody);
    tcp_classify(&nobody, step->segment);
    give_event(&nobody, step->segment->events[0], step);
    step->segment->counter = &step->tcp->stack->stats.drop_tcp_port;
}

/* RFC 7323 3.2: once agreed they are in every segment but RSTs; a SYN has its own rules. */
static bool lacks_timestamp(const struct tcb *tcb, const struct wire_tcp *header)
{
    return (tcb->flags & TCB_TS) && !header->has_ts && !(header->flags & (TCP_RST | TCP_SYN)) &&
           tcb->state != TCP_SYN_SENT;
}

static void classify_again(const struct tcb *tcb, struct tcp_segment *segment)
{
    segment->event_count = 0;
    tcp_classify(tcb, segment);
}

static void dispatch(struct tcp *tcp, struct tcp_step *step, struct packet *packet)
{
    const uint16_t port = step->segment->header.dst_port;
    struct tcb *tcb =
        tcp_find(tcp, tcp_ends(packet->dst, port, packet->src, step->segment->header.src_port));
    struct leat_tcp_listener *listener;
    uint32_t iss_min = 0;
    bool has_iss_min = false;

    if (tcb && lacks_timestamp(tcb, &step->segment->header)) {
        step->segment->counter = &tcp->stack->stats.drop_tcp_options;
        return;
    }
    if (tcb && (tcp_predicted(tcb, step) || (FOR_SPEED && tcp_usual(tcb, step))))
        return;
    if (tcb) {
        tcp_classify(tcb, step->segment);
        if (tcb->kind == TCB_HALF && step->segment->events[0] == TCP_rcv_bad_ACK &&
            tcp_half_was_cookie(tcp_half(tcb), step->segment))
            classify_again(tcb, step->segment);
        if (step->segment->events[0] == TCP_rcv_newer_SYN &&
            !tcp_find_listener(tcp, packet->dst, port))
            step->segment->events[0] = TCP_rcv_SYN_in_window; /* it can't reopen anything */
        if (step->segment->events[0] != TCP_rcv_newer_SYN) {
            give_events(tcb, step);
            return;
        }
        /* RFC 9293 3.10.7.4, MAY-2: the new one starts above all that the old one sent */
        iss_min = tcb->snd_nxt + UINT16_MAX;
        has_iss_min = true;
        give_event(tcb, TCP_rcv_newer_SYN, step);
        step->segment->event_count = 0;
    }
    listener = tcp_find_listener(tcp, packet->dst, port);
    if (listener)
        listener_input(listener, step, iss_min, has_iss_min);
    else
        closed_input(step);
}

void tcp_input(struct leat *stack, struct packet *packet)
{
    struct tcp_segment
        segment; /* parse() fills it: zeros for options that aren't there cost more */
    struct tcp_step step = {.tcp = stack->tcp, .segment = &segment};
    uint64_t *wrong;

    segment.packet = packet;
    segment.counter = &stack->stats.taken_tcp;
    wrong = parse(stack, packet, &segment);
    if (wrong)
        segment.counter = wrong;
    else
        dispatch(stack->tcp, &step, packet);
    (*segment.counter)++;
    if (packet->buf)
        leat_buf_free(packet->buf); /* what nobody took */
    packet->buf = 0;
}

/* ---- ICMP --------------------------------------------------------------------------------- */

/* RFC 1191 6.4: smaller segments from now on, and what was in flight again. */
static void path_is_narrow(struct leat_tcp *conn, uint16_t next_hop_mtu)
{
    if (!pmtu_told(&conn->pmtu, next_hop_mtu, conn->tcp->stack->now_ns))
        return;
    tcp_conn_mss_changed(conn);
    if (!tcp_has_transfer(conn))
        return;
    scoreboard_lose_all(&conn->transfer->scoreboard); /* not because of congestion */
    conn->transfer->scoreboard.lost_probe_bytes = 0;
    tcp_want_output(conn);
}

bool tcp_icmp_error(struct leat *stack, const struct icmp_error *error)
{
    struct tcp *tcp = stack->tcp;
    struct tcp_step step = {.tcp = tcp, .err = icmp_error_meaning(error)};
    const uint32_t quoted_seq = get32(error->transport + 4);
    struct tcb *tcb = tcp_find(tcp, tcp_ends(error->local_ip, get16(error->transport),
                                             error->remote_ip, get16(error->transport + 2)));
    struct leat_tcp *conn;

    /* only about a connection, and something that it has in flight: RFC 5927 4 */
    if (!tcb || tcb->kind != TCB_CONN)
        return false;
    conn = tcp_conn(tcb);
    if (!seq_in(quoted_seq, conn->snd_una, tcb->snd_nxt - conn->snd_una))
        return false;
    if (step.err == LEAT_ERR_TOO_BIG)
        path_is_narrow(conn, error->next_hop_mtu);
    else if (error->type == ICMP_UNREACHABLE &&
             (error->code == ICMP_PROTOCOL_UNREACHABLE || error->code == ICMP_PORT_UNREACHABLE))
        tcp_event(tcb, TCP_ICMP_hard_error, &step);
    else
        tcp_note_error(conn, step.err);
    return true;
}
