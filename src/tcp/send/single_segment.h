/*
 * single_segment.h -- sends the whole queue as one segment: a request, its response, or a FIN.
 *
 * In line in output.c, because most segments are sent this way, with nothing to plan.
 */
#ifndef TCP_SINGLE_SEGMENT_H
#define TCP_SINGLE_SEGMENT_H

#include "tcp/conn/deadlines.h"
#include "tcp/send/emit_data.h"
#include "tcp/send/output.h"

/* True if nothing is in flight and the queue fits into one segment: data in one piece, a FIN, or
 * both. It may be sent: both windows have room, neither Nagle nor pacing delays it, and nothing is
 * to be repaired. send_burst() would decide the same, except for a FIN alone, which needs no
 * transfer (fin.c). */
static inline bool tcp_is_one_segment(const struct leat_tcp *conn)
{
    const uint32_t len = conn->transfer->sendq.bytes + tcp_fin_waits(conn);

    return len > 0 && !(conn->flags & (CONN_PROBE | CONN_TAIL_PROBE)) &&
           conn->snd_una == conn->tcb.snd_nxt &&
           conn->transfer->sendq.first == conn->transfer->sendq.last &&
           conn->transfer->sendq.bytes <= conn->mss && len <= conn->snd_wnd &&
           (len <= conn->transfer->congestion.cwnd || !tcp_has_transfer(conn)) &&
           !conn->transfer->recovery.held;
}

/* Records the segment sent at @seq, with nothing else in flight. */
static inline void tcp_record_first(struct leat_tcp *conn, uint32_t seq)
{
    struct scoreboard *board = &conn->transfer->scoreboard;
    const uint64_t now_ns = conn->tcp->stack->now_ns;

    if (board->rate)
        scoreboard_sent(board, &conn->tcp->sents, seq, conn->tcb.snd_nxt, now_ns);
    else
        scoreboard_sent_first(board, &conn->tcp->sents, seq, conn->tcb.snd_nxt, now_ns);
}

/* Sends data in one piece, a FIN, or both, as one segment, with nothing in flight. A FIN alone
 * needs no scoreboard (fin.c). @path: NULL if the headers of the connection serve. False: no
 * memory, and nothing has changed. */
HOT bool tcp_send_one_segment(struct leat_tcp *conn, const struct path *path)
{
    struct transfer *transfer = conn->transfer;
    const uint32_t data_bytes = transfer->sendq.bytes;
    const bool fin = tcp_fin_waits(conn);
    const bool is_recorded = tcp_has_transfer(conn);
    const uint32_t seq = conn->tcb.snd_nxt;
    struct leat_buf *data = 0;
    uint8_t flags = fin ? TCP_ACK | TCP_FIN : TCP_ACK;
    uint8_t tos;

    if (is_recorded && !tcp_may_record(conn))
        return false;
    if (data_bytes > 0) {
        data = sendq_slice_piece(transfer->sendq.first, 0, data_bytes);
        if (!data)
            return false;
        flags |= TCP_PSH;
    }
    tos = tcp_ecn_of(conn, &flags, data_bytes > 0);
    if (path ? !tcp_emit_data_inline(conn, path, seq, flags, tos, data)
             : !tcp_emit_with_headers(conn, seq, flags, tos, data))
        return false;
    tcp_note_left(conn, data_bytes + fin, true);
    conn->progress_ms = tcp_now_ms(conn->tcp->stack);
    conn->tcb.snd_nxt = seq + data_bytes + fin;
    if (is_recorded)
        tcp_record_first(conn, seq);
    tcp_run_first(conn);
    return true;
}

/* Makes the headers of the connection when a second segment with data is sent without them: a
 * connection that lives for one request doesn't need them. */
static inline void tcp_prepare_headers(struct leat_tcp *conn, const struct path *path)
{
    struct flow_headers *headers = conn->transfer->headers;

    if (!FOR_SPEED || headers == &conn->tcp->no_headers || tcp_fin_waits(conn))
        return;
    if (headers->was_wanted)
        flow_headers_make(conn->tcp->stack, path, IP_TCP,
                          (uint32_t)conn->tcb.local_port << 16 | conn->tcb.remote_port, headers);
    headers->was_wanted = true;
}

/* True if the neighbour is to be told that our segments reach it (ipv4_reached()). */
static inline bool is_reach_due(const struct leat_tcp *conn)
{
    return (conn->flags & CONN_REACHED) &&
           conn->tcp->stack->now_ns >= conn->transfer->headers->reached_until_ns;
}

/* True if the queue is a single segment, and the headers of the connection serve for it: then
 * tcp_output() needs no path. */
static inline bool tcp_headers_suffice(const struct leat_tcp *conn)
{
    return tcp_headers_serve(conn, conn->transfer->sendq.bytes) && tcp_is_one_segment(conn) &&
           !is_reach_due(conn);
}

#endif
