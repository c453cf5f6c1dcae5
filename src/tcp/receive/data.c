/*
 * data.c -- the receiver's half: data, FIN, and the window that we offer (RFC 9293 3.8.6).
 *
 * The program gets the buffers that the device filled. A buffer occupies its whole storage, however
 * little data is in it. While POOL_PLENTY is free nothing is copied. Below, short payloads that the
 * program hasn't read yet are copied together, below POOL_LOW also into small buffers, and
 * account.h decides what is kept.
 */
#include <string.h>

#include "core/assert.h"
#include "core/view.h"
#include "tcp/conn/deadlines.h"
#include "tcp/conn/wake.h"
#include "tcp/send/emit.h"
#include "tcp/conn/account.h"
#include "tcp/conn/budget.h"
#include "tcp/congestion/seq.h"
#include "tcp/tcp.h"

/* ---- data --------------------------------------------------------------------------------- */

/* Appends a short payload to the storage of the one before it. False: not needed, or not
 * possible. */
static bool merge_into_last(struct leat_tcp *conn, const struct leat_buf *piece)
{
    struct leat_buf *last = conn->data ? conn->data->queued : 0;

    if (!last || !view_merge(last, piece))
        return false;
    conn->tcp->stack->stats.copied_compact_bytes += piece->len;
    return true;
}

/* Moves a short payload from a large buffer to a small one, if large ones are scarce. */
static struct leat_buf *shrink(struct leat_tcp *conn, struct leat_buf *piece)
{
    struct leat_buf *small;

    if (piece->len > POOL_SMALL_BYTES || piece->capacity <= POOL_SMALL_BYTES ||
        pool_has(&conn->tcp->stack->pool, POOL_LOW))
        return piece;
    small = leat_buf_alloc_small(&conn->tcp->stack->pool, 0);
    if (!small)
        return piece;
    memcpy(leat_buf_put(small, piece->len), piece->data, piece->len);
    conn->tcp->stack->stats.copied_compact_bytes += piece->len;
    leat_buf_free(piece);
    return small;
}

/* Appends @first .. @last. The `queued` of the first piece of all points at the last one. */
static inline void put_data(struct leat_tcp *conn, struct leat_buf *first, struct leat_buf *last)
{
    if (conn->data)
        conn->data->queued->next = first;
    else
        conn->data = first;
    conn->data->queued = last;
}

static void append_piece(struct leat_tcp *conn, struct leat_buf *piece)
{
    conn->data_bytes += piece->len;
    if (merge_into_last(conn, piece)) {
        leat_buf_free(piece);
        return;
    }
    piece = shrink(conn, piece);
    put_data(conn, piece, piece);
    tcp_hold_data(conn, 1);
}

/* Appends pieces as they are, while memory is plenty. */
static void append_list(struct leat_tcp *conn, struct leat_buf *data, uint32_t len)
{
    struct leat_buf *last = data;
    uint32_t pieces = 1;

    for (; last->next; pieces++)
        last = last->next;
    put_data(conn, data, last);
    tcp_hold_data(conn, pieces);
    conn->data_bytes += len;
}

COLD static void append_pieces(struct leat_tcp *conn, struct leat_buf *data)
{
    while (data) {
        struct leat_buf *next = data->next;

        data->next = 0;
        if (data->len > 0)
            append_piece(conn, data);
        else
            leat_buf_free(data);
        data = next;
    }
}

/* Appends @data of @len bytes at RCV.NXT. @plenty: memory is. */
static inline void append(struct leat_tcp *conn, struct leat_buf *data, uint32_t len, bool plenty)
{
    conn->tcb.rcv_nxt += len;
    conn->tcb.rcv_wnd -= len;
    if (data->len > 0 && plenty)
        append_list(conn, data, len);
    else
        append_pieces(conn, data);
    tcp_tell(conn, CONN_TELL_READABLE);
}

/* The data of @segment, cut to the window. */
static inline struct leat_buf *cut_data(struct tcp_segment *segment)
{
    struct leat_buf *data = segment->packet->buf;

    segment->packet->buf = 0;
    view_trim(data, segment->skip_bytes + segment->data_bytes);
    return segment->skip_bytes > 0 ? leat_buf_consume(data, segment->skip_bytes) : data;
}

static void ack_now(struct leat_tcp *conn)
{
    conn->flags |= CONN_ACK_NOW;
    tcp_want_output(conn);
}

/* Moves data that isn't out of order any more to the received data. */
COLD static void take_early_data(struct leat_tcp *conn)
{
    struct reorder *reorder = &conn->transfer->reorder;
    const uint32_t held = reorder->held;
    struct leat_buf *data;
    uint32_t len;

    while (reorder->first &&
           (data = reorder_take(reorder, &conn->tcp->runs, conn->tcb.rcv_nxt, &len)))
        append(conn, data, len, pool_is_plenty(&conn->tcp->stack->pool));
    reorder->since_ms = tcp_now_ms(conn->tcp->stack);
    tcp_note_early(conn, held);
}

/* Takes data in order. @fills_gap: out-of-order data waits behind it. */
HOT void take_in_order(struct leat_tcp *conn, struct tcp_segment *segment, bool plenty,
                       bool fills_gap)
{
    append(conn, cut_data(segment), segment->data_bytes, plenty);
    if (fills_gap)
        take_early_data(conn);
    conn->flags |=
        CONN_REACHED; /* our ACKs arrive, so the neighbour is reachable (RFC 4861 7.3.1) */
    /* RFC 9293 3.8.6.3: at least every second segment */
    if (fills_gap || (conn->flags & (CONN_DELAYED_ACK | CONN_ACK_NOW)) ||
        segment->data_bytes > conn->mss || conn->tcp->config.delayed_ack_ns == 0)
        ack_now(conn);
    else
        tcp_delay_ack(conn);
}

/* Drops the data; the peer will retransmit it. */
COLD static void refuse_data(struct leat_tcp *conn, struct tcp_segment *segment)
{
    segment->counter = &conn->tcp->stack->stats.drop_tcp_memory;
    segment->fin = false;
    ack_now(conn);
}

/* Takes data out of order. False: there is no room, so no ACK needs to report it. */
COLD static __attribute__((noinline)) bool take_out_of_order(struct leat_tcp *conn,
                                                             struct tcp_segment *segment)
{
    struct leat *stack = conn->tcp->stack;
    struct reorder *reorder;
    uint32_t held, copied;

    leat_debug_assert(segment->seq != conn->tcb.rcv_nxt);
    stack->stats.tcp_out_of_order++;
    if (!tcp_transfer_get(conn)) {
        refuse_data(conn, segment);
        return false;
    }
    reorder = &conn->transfer->reorder;
    held = reorder->held;
    copied = reorder->copied_bytes;
    if (!reorder->first) {
        reorder->since_ms = tcp_now_ms(stack);
        tcp_watch_memory(conn->tcp, false);
    }
    sacks_note(&conn->transfer->sacks, segment->seq);
    if (!reorder_put(reorder, &conn->tcp->runs, segment->seq, cut_data(segment),
                     segment->data_bytes))
        segment->counter = &stack->stats.drop_tcp_memory;
    stack->stats.copied_compact_bytes += reorder->copied_bytes - copied;
    tcp_note_early(conn, held);
    tcp_open_window(conn);
    return true;
}

void tcp_drop_early_data(struct leat_tcp *conn)
{
    const uint32_t held = conn->transfer->reorder.held;

    if (!conn->transfer->reorder.first)
        return;
    reorder_free(&conn->transfer->reorder, &conn->tcp->runs);
    tcp_note_early(conn, held);
}

/* RFC 2883 4: reports the part of the data that was received before, or the first part if there are
 * several (4.2.3). */
static void note_duplicate(struct leat_tcp *conn, const struct tcp_segment *segment)
{
    uint32_t left = segment->seq;
    uint32_t right = segment->seq + segment->data_bytes;

    if (segment->skip_bytes > 0)
        tcp_note_duplicate(conn, segment->seq - segment->skip_bytes, segment->seq);
    else if (conn->transfer->reorder.first &&
             reorder_overlap(&conn->transfer->reorder, &left, &right))
        tcp_note_duplicate(conn, left, right);
}

/* True if the data of @segment may be kept; else it has been dropped. */
static __attribute__((noinline)) bool may_stay(struct leat_tcp *conn, struct tcp_segment *segment,
                                               bool in_order)
{
    bool has_room = tcp_may_take_data(conn, in_order);

    if (in_order && !has_room) { /* drop out-of-order data first: RFC 2018 8 */
        tcp_drop_early_data(conn);
        has_room = tcp_may_take_data(conn, true);
    }
    note_duplicate(conn, segment);
    if (!has_room)
        refuse_data(conn, segment);
    return has_room;
}

/* Takes data for which the fast path doesn't hold: memory isn't plenty, or out-of-order data
 * exists. */
static __attribute__((noinline)) void take_any_data(struct leat_tcp *conn,
                                                    struct tcp_segment *segment, bool plenty)
{
    const bool in_order = segment->seq == conn->tcb.rcv_nxt;

    if (!may_stay(conn, segment, in_order))
        return;
    if (in_order)
        take_in_order(conn, segment, plenty, conn->transfer->reorder.first != 0);
    /* RFC 5681 4.2: at once and for each, so that the sender can count them */
    else if (take_out_of_order(conn, segment))
        tcp_emit_control(conn->tcp, &conn->tcb, conn->tcb.snd_nxt, TCP_ACK);
}

void tcp_take_data(struct tcb *tcb, struct tcp_step *step)
{
    struct leat_tcp *conn = tcp_conn(tcb);
    struct tcp_segment *segment = step->segment;
    const bool plenty = tcp_data_is_welcome(conn);

    if (!plenty || segment->seq != tcb->rcv_nxt || segment->skip_bytes > 0 ||
        conn->transfer->reorder.first)
        take_any_data(conn, segment, plenty);
    else
        take_in_order(conn, segment, true, false);
}

/* RFC 9293 3.10.7.3, fourth: keeps the data until the connection is open; tcp_tell_open() reports
 * it. */
void tcp_keep_data(struct tcb *tcb, struct tcp_step *step)
{
    struct leat_tcp *conn = tcp_conn(tcb);

    tcp_take_data(tcb, step);
    conn->flags &= ~(unsigned)CONN_TELL_READABLE;
    near_ring_remove(conn->tcp, &conn->told);
}

void tcp_take_FIN(struct tcb *tcb, struct tcp_step *step)
{
    struct leat_tcp *conn = tcp_conn(tcb);

    (void)step;
    tcb->rcv_nxt++;
    tcb->rcv_wnd -= tcb->rcv_wnd > 0;
    tcb->flags |= TCB_FIN_TAKEN;
    conn->flags &= ~(unsigned)CONN_FIN_KNOWN;
    tcp_drop_early_data(conn);
    tcp_tell(conn, CONN_TELL_READABLE);
}

/* ---- reading ------------------------------------------------------------------------------ */

/* No descriptor is left for a part of the data: on_readable is called again later. */
COLD static void refuse_part(struct leat_tcp *conn)
{
    conn->flags |= CONN_WAS_DRY;
    tcp_retry_later(conn);
}

/* A slice of up to @bytes_max from the first piece. The rest of the piece stays. */
static struct leat_buf *split_first(struct leat_tcp *conn, uint32_t bytes_max)
{
    struct leat_buf *part = leat_buf_slice(conn->data, 0, bytes_max);

    if (part)
        leat_buf_pull(conn->data, bytes_max);
    return part;
}

/* Takes less than all of the data. */
static __attribute__((noinline)) struct leat_buf *take_part(struct leat_tcp *conn,
                                                            uint32_t bytes_max)
{
    struct leat_buf *const last = conn->data->queued;
    struct leat_buf *data = 0;
    struct leat_buf **end = &data;
    uint32_t left = bytes_max;
    uint32_t pieces = 0;

    leat_debug_assert(conn->data_bytes > bytes_max);
    for (; conn->data->len <= left; pieces++) {
        struct leat_buf *piece = conn->data;

        conn->data = piece->next;
        piece->next = 0;
        left -= piece->len;
        *end = piece;
        end = &piece->next;
    }
    conn->data->queued = last;
    tcp_release_data(conn, pieces);
    if (left > 0) {
        *end = split_first(conn, left);
        left = *end ? 0 : left;
        if (!data)
            refuse_part(conn);
    }
    conn->data_bytes -= bytes_max - left;
    conn->unconsumed_bytes += bytes_max - left;
    return data;
}

/* Takes up to @bytes_max of the data in order; NULL: there is none. */
static inline struct leat_buf *take_received(struct leat_tcp *conn, uint32_t bytes_max)
{
    struct leat_buf *const data = conn->data;

    if (conn->data_bytes > bytes_max)
        return take_part(conn, bytes_max);
    conn->data = 0;
    tcp_release_data(conn, conn->data_pieces);
    conn->unconsumed_bytes += conn->data_bytes;
    conn->data_bytes = 0;
    return data;
}

void tcp_receive_data(struct tcb *tcb, struct tcp_step *step)
{
    if (tcp_conn(tcb)->flags & CONN_TOLD_OPEN) /* data of a SYN is kept back until open: 3.10.3 */
        step->data = take_received(tcp_conn(tcb), step->bytes);
}
