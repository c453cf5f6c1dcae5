/*
 * input.c -- input of a segment: parsing, lookup of its TCB, classification, events.
 */
#include "tcp/conn/accecn.h"
#include "tcp/conn/wake.h"
#include "tcp/machine/expected.h"
#include "tcp/listener.h"
#include "tcp/send/emit.h"
#include "tcp/congestion/seq.h"
#include "tcp/conn/table.h"
#include "tcp/input.h"
#include "tcp/tcp.h"

#include "core/checksum.h"
#include "core/view.h"
#include "core/parts.h"
#include "ip/icmp.h"
#include "wire/bytes.h"

/* ---- parsing ------------------------------------------------------------------------------ */

static bool checksum_is_right(const struct packet *packet, uint32_t len)
{
    if (packet->buf->checksum == LEAT_CHECKSUM_VERIFIED ||
        packet->buf->checksum == LEAT_CHECKSUM_PARTIAL) /* from our own stack */
        return true;
    return checksum_agrees(packet->pseudo_sum + big_endian16(IP_TCP) + big_endian32(len) +
                           checksum_segment(packet->buf));
}

/* Parses the header and pulls it off. Returns NULL, or the counter of the error. */
static uint64_t *parse(struct leat *stack, struct packet *packet, struct tcp_segment *segment)
{
    struct leat_buf *buf = packet->buf;
    struct wire_tcp *header = &segment->header;
    const uint32_t len = view_total(buf);

    if (packet->is_group) /* RFC 1122 4.2.3.10 */
        return &stack->stats.drop_tcp_broadcast;
    if (!wire_tcp_parse(buf->data, buf->len, header))
        return &stack->stats.drop_tcp_format;
    if (!checksum_is_right(packet, len))
        return &stack->stats.drop_tcp_checksum;
    if (!wire_tcp_parse_options(buf->data, header))
        return &stack->stats.drop_tcp_options;
    view_pull(buf, header->header_bytes);
    segment->now_ms = tcp_now_ms(stack);
    segment->data_bytes = len - header->header_bytes;
    segment->skip_bytes = 0;
    segment->seq = header->seq;
    segment->fin = header->flags & TCP_FIN;
    return 0;
}

/* ---- events ------------------------------------------------------------------------------- */

/* Notes that the peer is alive, and answers a window probe. */
static void note_heard(struct leat_tcp *conn, const struct tcp_segment *segment)
{
    conn->tcb.clock_ms = segment->now_ms;
    if (segment->data_bytes == 0 && leat_buf_total(segment->packet->buf) > 0) {
        conn->flags |= CONN_ACK_NOW; /* data outside of the window: a probe wants an ACK */
        tcp_want_output(conn);
    }
}

/* RFC 7323 4.3 (2): only a segment that begins at or before the last ACK sent updates TS.Recent.
 * Segments with an older timestamp were dropped before, unless TS.Recent was too old to compare
 * (5.5). */
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

/* RFC 3168 6.1.3: CE is echoed until the peer says that it has reduced its window. */
static void take_ecn(struct leat_tcp *conn, struct tcp_segment *segment)
{
    if (!(conn->tcb.flags & (TCB_ECN | TCB_ACCECN)))
        return;
    if (conn->tcb.flags & TCB_ACCECN) {
        tcp_accecn_take(conn, segment);
        return;
    }
    if (segment->header.flags & TCP_CWR)
        conn->flags &= ~(unsigned)CONN_ECE;
    if ((segment->packet->tos & TOS_CE) == TOS_CE) {
        conn->flags |= CONN_ECE | CONN_ACK_NOW;
        tcp_want_output(conn);
    }
}

/* RFC 9293 3.10.7.4 eighth: handles a FIN of this segment or of one before it. */
static __attribute__((noinline)) void take_FIN_if_due(struct tcb *tcb, struct tcp_step *step)
{
    struct tcp_segment *segment = step->segment;

    if (segment->header.flags & TCP_SYN)
        return;
    if (tcp_classify_FIN(tcb, segment)) {
        tcp_event(tcb, step, TCP_rcv_FIN);
    } else if (segment->fin && segment->data_bytes == 0) { /* out of order: RFC 5681 4.2 */
        tcp_conn(tcb)->flags |= CONN_ACK_NOW;
        tcp_want_output(tcp_conn(tcb));
    }
}

static bool may_have_FIN(struct tcb *tcb, const struct tcp_segment *segment)
{
    return segment->fin || (tcb->kind == TCB_CONN && (tcp_conn(tcb)->flags & CONN_FIN_KNOWN) != 0);
}

/* Completes a handshake: a connection takes the place of the half-open one. NULL: no memory; the
 * connection stays half open until the peer's next segment. */
static struct tcb *promoted(struct tcb *half, struct tcp_step *step)
{
    struct leat_tcp *conn = tcp_promote(tcp_half(half));

    if (!conn)
        step->segment->counter = &step->tcp->stack->stats.drop_tcp_memory;
    else if (conn->tcb.flags & TCB_ACCECN)
        tcp_accecn_promoted(conn, step->segment);
    return conn ? &conn->tcb : 0;
}

/* Handles a segment with a good ACK: its options and marks, then its events. */
static void take_segment(struct tcb *tcb, struct tcp_step *step)
{
    struct tcp_segment *segment = step->segment;

    take_timestamp(tcb, segment);
    if (tcb->kind == TCB_CONN)
        take_ecn(tcp_conn(tcb), segment);
    else if (tcb->kind == TCB_HALF && !(tcb = promoted(tcb, step)))
        return;
    tcp_event(tcb, step, segment->events[0]);
    if (step->outcome != TCP_ALIVE)
        return;
    if (tcb->kind == TCB_CONN)
        note_heard(tcp_conn(tcb), segment);
    if (segment->event_count > 1)
        tcp_event(tcb, step, segment->events[1]);
    if (step->outcome != TCP_ALIVE)
        return;
    if (may_have_FIN(tcb, segment))
        take_FIN_if_due(tcb, step);
}

/* True for events after which a segment counts as refused. */
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

/* Handles a segment without a good ACK: one event, and a second one for the data of a SYN. After a
 * repeated SYN the ACK may answer either SYN,ACK, so it gives no RTT sample (Karn). */
static void take_only_event(struct tcb *tcb, struct tcp_step *step)
{
    const struct tcp_segment *segment = step->segment;
    const enum tcp_event event = segment->events[0];

    tcp_event(tcb, step, event);
    if (event == TCP_rcv_dup_SYN && tcb->kind == TCB_HALF)
        tcp_half(tcb)->sent_at_ns = 0;
    if (step->outcome != TCP_IMPOSSIBLE && is_refusal(event))
        step->segment->counter = &step->tcp->stack->stats.drop_tcp_unacceptable;
    if (step->outcome == TCP_ALIVE && segment->event_count > 1)
        tcp_event(tcb, step, segment->events[1]);
}

/* ---- lookup ------------------------------------------------------------------------------- */

/* Handles an ACK that may answer a cookie. Without room it is dropped. No RST is sent, because the
 * peer believes the connection is open and will send its data again, with the same ACK. */
COLD static struct tcb *cookie_input(struct leat_tcp_listener *listener, struct tcp_step *step)
{
    struct tcp_half *half;

    if (!tcp_listener_ACK(listener, step->segment, &half)) {
        take_only_event(&listener->tcb, step);
    } else if (!half) {
        step->segment->counter = &step->tcp->stack->stats.drop_tcp_backlog;
    } else if (tcp_classify(step->tcp, &half->tcb, step->segment)) {
        return &half->tcb;
    } else {
        take_only_event(&half->tcb, step);
    }
    return 0;
}

/* RFC 9293 3.10.7.1. */
COLD static void closed_input(struct tcp_step *step)
{
    struct tcb nobody = {.kind = TCB_NONE};

    tcp_fsm_start(&nobody);
    tcp_classify(step->tcp, &nobody, step->segment);
    take_only_event(&nobody, step);
    step->segment->counter = &step->tcp->stack->stats.drop_tcp_port;
}

/* Handles a segment for a listener. Returns the connection that a cookie stood for, or NULL. */
static __attribute__((noinline)) struct tcb *listener_input(struct leat_tcp_listener *listener,
                                                            struct tcp_step *step,
                                                            struct tcp_time_wait *before)
{
    struct tcp_segment *segment = step->segment;

    tcp_classify(step->tcp, &listener->tcb, segment);
    if (segment->events[0] == TCP_rcv_bad_ACK)
        return cookie_input(listener, step);
    if (segment->events[0] == TCP_rcv_SYN && step->tcp->stack->life.is_draining) {
        segment->event_count = 0;
        closed_input(step);
        return 0;
    }
    if (segment->events[0] != TCP_rcv_SYN) {
        take_only_event(&listener->tcb, step);
        if (segment->events[0] == TCP_rcv_no_ACK) /* no flags at all, FIN alone, or SYN and FIN */
            segment->counter = &step->tcp->stack->stats.drop_tcp_flags;
    } else if (!tcp_listener_SYN(listener, segment, before)) {
        segment->counter = &step->tcp->stack->stats.drop_tcp_backlog;
    }
    return 0;
}

/* RFC 7323 3.2: once agreed, timestamps are in every segment but RSTs. A SYN has its own rules. A
 * segment without them is accepted all the same, as Linux does, because a middlebox may strip them
 * and the connection would stall. An old duplicate still has its own timestamp, so PAWS drops it;
 * and an attacker guesses a timestamp that is new enough at every second try. */
static bool lacks_timestamp(const struct tcb *tcb, const struct wire_tcp *header)
{
    return !header->has_ts && (tcb->flags & TCB_TS) && !(header->flags & (TCP_RST | TCP_SYN)) &&
           tcb->state != TCP_SYN_SENT;
}

/* True if the SYN,ACK that @step->segment answers was a cookie, and the segment is good by the
 * cookie's number. It has then been classified again. */
COLD static bool is_good_cookie(struct tcb *tcb, struct tcp_step *step)
{
    return tcb->kind == TCB_HALF && step->segment->events[0] == TCP_rcv_bad_ACK &&
           tcp_half_was_cookie(tcp_half(tcb), step->segment) &&
           tcp_classify(step->tcp, tcb, step->segment);
}

/* Finds the TCB of the segment and classifies the segment. NULL: nothing that it carries counts,
 * and its events have been handled. */
static struct tcb *find_and_classify(struct tcp *tcp, struct tcp_step *step, struct packet *packet)
{
    const uint16_t port = step->segment->header.dst_port;
    struct tcb *tcb =
        tcp_find(tcp, tcp_tuple(packet->dst, port, packet->src, step->segment->header.src_port));
    struct tcp_time_wait *before = 0;
    struct leat_tcp_listener *listener;

    if (tcb) {
        if (lacks_timestamp(tcb, &step->segment->header))
            tcp->stack->stats.tcp_timestamps_missing++;
        if (tcp_classify_fast(tcp, tcb, step->segment) || is_good_cookie(tcb, step))
            return tcb;
        if (step->segment->events[0] != TCP_rcv_newer_SYN) {
            take_only_event(tcb, step);
            return 0;
        }
        before = (struct tcp_time_wait *)(void *)tcb;
        step->segment->event_count = 0;
    }
    listener = tcp_find_listener(tcp, packet->dst, port);
    if (listener)
        return listener_input(listener, step, before);
    closed_input(step);
    return 0;
}

void tcp_input(struct leat *stack, struct packet *packet)
{
    struct tcp_segment segment; /* filled by parse(): zeroing absent options costs more */
    struct tcp_step step = {.tcp = stack->tcp, .segment = &segment};
    struct tcb *tcb;
    uint64_t *wrong;

    segment.packet = packet;
    segment.counter = &stack->stats.taken_tcp;
    wrong = parse(stack, packet, &segment);
    if (wrong)
        segment.counter = wrong;
    else if ((tcb = find_and_classify(stack->tcp, &step, packet)))
        take_segment(tcb, &step);
    (*segment.counter)++;
    if (packet->buf)
        leat_buf_free(packet->buf); /* if no action took it */
    packet->buf = 0;
}

/* ---- ICMP --------------------------------------------------------------------------------- */

/* RFC 1191 6.4: reduces the segment size and retransmits all data in flight. */
static void path_is_narrow(struct leat_tcp *conn, uint16_t next_hop_mtu)
{
    if (!pmtu_told(&conn->pmtu, next_hop_mtu, tcp_least_mtu(&conn->tcb), conn->tcp->stack->now_ns))
        return;
    tcp_conn_mss_changed(conn);
    if (!tcp_has_transfer(conn))
        return;
    scoreboard_requeue_all(&conn->transfer->scoreboard); /* not because of congestion */
    conn->transfer->scoreboard.lost_probe_bytes = 0;
    tcp_want_output(conn);
}

bool tcp_icmp_error(struct leat *stack, const struct icmp_error *error)
{
    struct tcp *tcp = stack->tcp;
    struct tcp_step step = {.tcp = tcp, .err = icmp_error_meaning(error)};
    const uint32_t quoted_seq = get32(error->transport + 4);
    struct tcb *tcb = tcp_find(tcp, tcp_tuple(error->local_ip, get16(error->transport),
                                              error->remote_ip, get16(error->transport + 2)));
    struct leat_tcp *conn;

    /* only for a connection, and a sequence number that is in flight (RFC 5927 4) */
    if (!tcb || tcb->kind != TCB_CONN)
        return false;
    conn = tcp_conn(tcb);
    if (!seq_in(quoted_seq, conn->snd_una, tcb->snd_nxt - conn->snd_una))
        return false;
    if (HAS_FAST_OPEN && step.err != LEAT_ERR_TOO_BIG && (tcb->flags & TCB_SYN_UNACKED))
        tcp_fast_open_rejected(conn);
    if (step.err == LEAT_ERR_TOO_BIG)
        path_is_narrow(conn, error->next_hop_mtu);
    else if (error->type == ICMP_UNREACHABLE &&
             (error->code == ICMP_PROTOCOL_UNREACHABLE || error->code == ICMP_PORT_UNREACHABLE))
        tcp_event(tcb, &step, TCP_ICMP_hard_error);
    else
        tcp_note_error(conn, step.err);
    return true;
}
