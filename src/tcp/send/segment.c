/* segment.c -- sends a segment with data, for the first time or again. */
#include "core/minmax.h"
#include "core/parts.h"
#include "tcp/congestion/accecn.h"
#include "tcp/conn/deadlines.h"
#include "tcp/send/emit.h"
#include "tcp/send/output.h"
#include "tcp/congestion/seq.h"

/* The plan for a record of the scoreboard, and @more bytes behind it. */
static struct plan plan_again(const struct leat_tcp *conn, const struct sent *sent, uint32_t more)
{
    const uint32_t data_end = sendq_end(&conn->transfer->sendq);
    const uint32_t end = sent->end + more;
    const struct plan plan = {
        .seq = sent->seq,
        .data_bytes = seq_min(end, data_end) - sent->seq,
        .fin = seq_lt(data_end, end),
    };

    return plan;
}

/* Turns @data into a super-frame. If it was @cut, because it lay in too many pieces, it is
 * shortened to whole segments. */
static void make_super_data(struct plan *plan, struct leat_buf *data, bool cut)
{
    if (cut && plan->data_bytes > plan->segment_bytes) {
        plan->data_bytes -= plan->data_bytes % plan->segment_bytes;
        leat_buf_trim(data, plan->data_bytes);
    }
    data->segment_bytes = plan->data_bytes > plan->segment_bytes ? plan->segment_bytes : 0;
}

bool tcp_send_plan(struct leat_tcp *conn, const struct path *path, struct plan *plan)
{
    const bool is_new = plan->seq == conn->tcb.snd_nxt;
    struct leat_buf *data = 0;
    uint8_t flags = TCP_ACK;
    uint8_t tos;

    if (plan->data_bytes > 0) {
        const uint32_t wanted = plan->data_bytes;

        data = sendq_slice(&conn->transfer->sendq, link_gathers(path->link), plan->seq,
                           &plan->data_bytes);
        if (!data)
            return false;
        if (plan->segment_bytes > 0)
            make_super_data(plan, data, plan->data_bytes < wanted);
        /* a FIN goes only with the last byte */
        plan->fin = plan->fin && plan->data_bytes == wanted;
        if (plan->seq + plan->data_bytes == sendq_end(&conn->transfer->sendq))
            flags |= TCP_PSH; /* RFC 9293 3.9.1.2: no more is queued */
    }
    if (plan->fin)
        flags |= TCP_FIN;
    tos = tcp_ecn_of(conn, &flags, is_new && plan->data_bytes > 0);
    if (!tcp_emit_data(conn, path, plan->seq, flags, tos, data))
        return false;
    tcp_note_left(conn, plan_len(plan), is_new);
    return true;
}

/* Records the range from @plan to SND.NXT as sent. Without SACK each segment of a super-frame gets
 * a record, because NewReno repairs one at a time (RFC 6582 3.2), and no SACK block would split a
 * longer one. */
static void record(struct leat_tcp *conn, const struct plan *plan, uint64_t now_ns)
{
    struct scoreboard *board = &conn->transfer->scoreboard;
    const uint32_t end = conn->tcb.snd_nxt;
    uint32_t seq = plan->seq;

    while (conn->transfer->recovery.mode == RECOVERY_NEWRENO && end - seq > conn->mss) {
        scoreboard_sent(board, &conn->tcp->sents, seq, seq + conn->mss, now_ns);
        seq += conn->mss;
    }
    scoreboard_sent(board, &conn->tcp->sents, seq, end, now_ns);
}

bool tcp_send_new(struct leat_tcp *conn, const struct path *path, struct plan *plan)
{
    const uint64_t now_ns = conn->tcp->stack->now_ns;
    const bool is_first = conn->snd_una == conn->tcb.snd_nxt;

    leat_debug_assert(tcp_has_transfer(conn));
    /* records are checked before anything is sent: a segment without one could never be
     * retransmitted */
    if (!tcp_may_record(conn) || !tcp_send_plan(conn, path, plan))
        return false;
    if (is_first) /* the wait for an ACK begins */
        conn->progress_ms = tcp_now_ms(conn->tcp->stack);
    conn->tcb.snd_nxt = plan->seq + plan_len(plan);
    record(conn, plan, now_ns);
    if (is_first && plan->segment_bytes == 0)
        tcp_run_first(conn);
    else
        tcp_start_rexmt(conn);
    return true;
}

/* Updates the scoreboard after @done bytes of @sent and the new data behind it were
 * retransmitted. */
static void note_sent_again(struct leat_tcp *conn, const struct sent *sent, uint32_t done)
{
    const uint32_t len = sent->end - sent->seq;

    if (done > len) {
        scoreboard_extend_lost(&conn->transfer->scoreboard, done - len);
        conn->tcb.snd_nxt += done - len;
    } else if (done < len) {
        /* the rest stays lost if a record is free for it, else it waits for the timeout */
        scoreboard_lost(&conn->transfer->scoreboard, &conn->tcp->sents, done);
    }
}

bool tcp_send_again(struct leat_tcp *conn, const struct path *path, struct sent *sent,
                    uint32_t more)
{
    const struct plan all = plan_again(conn, sent, more);
    struct plan part = all;
    uint32_t done = 0;

    do {
        part.seq = all.seq + done;
        part.data_bytes = min32(all.data_bytes - done, conn->mss);
        part.fin = all.fin && done + part.data_bytes == all.data_bytes;
        if (!tcp_send_plan(conn, path, &part)) {
            if (done == 0)
                return false;
            break;
        }
        done += plan_len(&part);
        tcp_count_retransmit(conn);
        conn->tcp->stack->stats.tcp_retransmitted++;
    } while (done < plan_len(&all));
    note_sent_again(conn, sent, done);
    scoreboard_resent(&conn->transfer->scoreboard, sent, conn->tcp->stack->now_ns);
    if (conn->transfer->recovery.phase ==
        RECOVERY_FAST) /* RFC 6675 6: give the retransmission time for its ACK */
        tcp_run_rexmt(conn);
    tcp_start_rexmt(conn);
    return true;
}

/* Adds Fast Open's option to a SYN: a request, or the server's cookie. Returns the data to go with
 * the cookie, or NULL. */
COLD static struct leat_buf *data_for_syn(struct leat_tcp *conn, const struct path *path,
                                          struct wire_tcp *header)
{
    uint32_t most, len;
    uint16_t server_mss;

    conn->fast_open = tcp_fast_open_may_ask(conn);
    if (!conn->fast_open)
        return 0;
    server_mss = tcp_fast_open_ask(conn->tcp, conn->tcb.remote_ip, header);
    most = min32(server_mss, tcp_mss_of(path));

    if (server_mss == 0 || most <= WIRE_TCP_OPTIONS_BYTES || conn->transfer->sendq.bytes == 0)
        return 0;
    len = min32(conn->transfer->sendq.bytes, most - WIRE_TCP_OPTIONS_BYTES);
    return sendq_slice(&conn->transfer->sendq, link_gathers(path->link), conn->transfer->sendq.seq,
                       &len);
}

enum {
    ACCURATE_SYNS = 2 /* SYNs that offer Accurate ECN; later ones offer none (RFC 9768 3.1.4.1) */
};

/* Counts a retransmitted SYN, and gives up options that may have been the reason. */
COLD static void note_repeated_syn(struct leat_tcp *conn, bool answers)
{
    tcp_count_retransmit(conn);
    conn->tcp->stack->stats.tcp_retransmitted++;
    if (HAS_FAST_OPEN && conn->fast_open && !answers && conn->retransmits == 1)
        tcp_fast_open_failed(conn);
    /* a middlebox may drop SYNs that ask for ECN: RFC 3168 6.1.1.1 */
    if (!answers && !(conn->tcb.flags & TCB_ACCECN))
        conn->tcb.flags &= TCB_FLAGS & ~TCB_ECN;
}

/* AE, CWR and ECE of a SYN, or a SYN,ACK. */
COLD static uint16_t ecn_flags_of_syn(const struct leat_tcp *conn, bool answers)
{
    if (!(conn->tcb.flags & TCB_ACCECN))
        return answers ? TCP_ECE : TCP_ECE | TCP_CWR;
    if (answers)
        return ace_flags(conn->tcb.flags & TCB_ACE_SYN ? conn->r_cep : ACE_NOT_ECT);
    return conn->retransmits < ACCURATE_SYNS ? ACE_FLAGS : 0;
}

void tcp_send_syn(struct leat_tcp *conn, const struct path *path)
{
    const bool answers = conn->flags & CONN_PEER_SYN;
    const bool scaled = !answers || (conn->tcb.flags & TCB_SCALES);
    uint16_t flags = answers ? TCP_SYN | TCP_ACK : TCP_SYN;
    struct leat_buf *data = 0;
    struct wire_tcp header;
    uint32_t data_bytes;

    conn->flags &= ~(unsigned)CONN_SEND_SYN;
    if (conn->flags & CONN_LOST_SYN)
        note_repeated_syn(conn, answers);
    else /* leat_tcp_connect() may precede the first poll, when the clock wasn't set */
        conn->progress_ms = tcp_now_ms(conn->tcp->stack);
    if (conn->tcb.flags & (TCB_ECN | TCB_ACCECN))
        flags |= ecn_flags_of_syn(conn, answers);
    rtt_SYN_sent(&conn->rtt, conn->tcp->stack->now_ns);
    tcp_begin_SYN(&header, &conn->tcb, path, conn->snd_una, flags, scaled);
    if (HAS_FAST_OPEN && conn->fast_open && !answers && !(conn->flags & CONN_LOST_SYN))
        data = data_for_syn(conn, path, &header);
    data_bytes = leat_buf_total(data);
    /* a SYN that found no buffer is repeated by the timer that follows */
    if (tcp_emit(conn->tcp, path, &conn->tcb, &header, 0, data)) {
        conn->tcb.snd_nxt += data_bytes;
        if (answers)
            tcp_note_acked(conn);
    }
    tcp_start_rexmt(conn);
}

bool tcp_send_ack(struct leat_tcp *conn, const struct path *path, uint32_t seq)
{
    if (!tcp_emit_data(conn, path, seq, TCP_ACK, 0, 0))
        return false;
    tcp_note_acked(conn);
    return true;
}
