/*
 * output.h -- output.c decides what to send, plan.c how much, segment.c and single_segment.h send
 * it, probe.c sends probes.
 */
#ifndef TCP_OUTPUT_H
#define TCP_OUTPUT_H

#include "tcp/congestion/seq.h"
#include "tcp/send/emit.h"
#include "tcp/tcp.h"
#include "wire/ethernet.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

enum {
    /* payload of a super-frame: IPv4's length field has 16 bits and includes the headers */
    SUPER_DATA_MAX = IPV4_TOTAL_MAX - IPV4_HEADER_BYTES - WIRE_TCP_BYTES - WIRE_TCP_OPTIONS_BYTES,
    /* all that may lie in front of it, whatever its family */
    SUPER_HEADERS_MAX =
        ETHERNET_HEADER_BYTES + IPV6_HEADER_BYTES + WIRE_TCP_BYTES + WIRE_TCP_OPTIONS_BYTES
};

/* A range of sequence numbers to send. */
struct plan {
    uint32_t seq;
    uint32_t data_bytes;
    uint16_t segment_bytes; /* payload of each segment of a super-frame; 0: one segment */
    bool fin;
};

static inline uint32_t plan_len(const struct plan *plan)
{
    return plan->data_bytes + plan->fin;
}

/* Bytes behind SND.NXT that the peer's window allows. */
static inline uint32_t tcp_peer_room(const struct leat_tcp *conn)
{
    const uint32_t flight = conn->tcb.snd_nxt - conn->snd_una;

    return flight < conn->snd_wnd ? conn->snd_wnd - flight : 0;
}

/* Data that was never sent. */
static inline uint32_t tcp_unsent_bytes(const struct leat_tcp *conn)
{
    const uint32_t data_end = tcp_data_end(conn);

    return seq_lt(conn->tcb.snd_nxt, data_end) ? data_end - conn->tcb.snd_nxt : 0;
}

/* ---- output.c ----------------------------------------------------------------------------- */

/* Calls tcp_output() for all queued connections. True: more waits. */
bool tcp_flush(struct leat *stack);

/* ---- link_queue.c ------------------------------------------------------------------------- */

/* Bytes of @conn that may be passed below TCP, when the link's tx_places doesn't say it. */
COLD uint32_t tcp_link_queue_left(const struct leat_tcp *conn, const struct path *path);

/* To be called when tcp_link_queue_left() was 0. tcp_wake() is called when there is room, unless
 * this returns false. */
COLD bool tcp_link_queue_wait(const struct leat_tcp *conn, const struct path *path);

/* True if a segment with payload waits for the device. */
COLD bool tcp_waits_below(const struct leat_tcp *conn);

/* The wake of struct protocol. */
void tcp_wake(struct leat *stack, uint32_t waiter);

/* ---- plan.c ------------------------------------------------------------------------------- */

/* Plans the next segment at SND.NXT, with @room bytes of congestion window, or a super-frame of as
 * many whole segments as fit into @most bytes. False: no new data may be sent. */
bool tcp_plan_new(const struct leat_tcp *conn, uint32_t room, uint32_t most, struct plan *plan);

/* ---- segment.c ---------------------------------------------------------------------------- */

/* Notes that a segment with an ACK was sent. */
static inline void tcp_note_acked(struct leat_tcp *conn)
{
    conn->flags &= ~(unsigned)(CONN_ACK_NOW | CONN_DELAYED_ACK);
}

/* RFC 3168 6.1.5, 6.1.6: only new data may be marked, and no window probe. The first segment of new
 * data carries CWR after a reduction. */
static inline uint8_t tcp_ecn_of(struct leat_tcp *conn, uint8_t *flags, bool is_new)
{
    if (!(conn->tcb.flags & TCB_ECN) || !is_new || (conn->flags & CONN_PROBE))
        return 0;
    if (conn->tcb.flags & TCB_ACCECN)
        return TOS_ECT; /* no CWR: RFC 9768 3.1.5 */
    if (conn->flags & CONN_CWR)
        *flags |= TCP_CWR;
    conn->flags &= ~(unsigned)CONN_CWR;
    return TOS_ECT;
}

/* Notes that a segment of @len sequence numbers was sent. */
static inline void tcp_note_left(struct leat_tcp *conn, uint32_t len, bool is_new)
{
    if (!is_new || conn->transfer->recovery.phase != RECOVERY_NONE)
        recovery_sent(&conn->transfer->recovery, len, !is_new, conn->tcb.flags & TCB_TS,
                      tcp_now_ms(conn->tcp->stack) + conn->tcb.ts_offset);
    tcp_note_acked(conn);
}

/* True if a record is free for one more segment. */
static inline bool tcp_may_record(const struct leat_tcp *conn)
{
    return scoreboard_has_room(&conn->transfer->scoreboard, &conn->tcp->sents);
}

/* Sends one segment as planned; may shorten the plan. False: no memory, and nothing has changed. */
bool tcp_send_plan(struct leat_tcp *conn, const struct path *path, struct plan *plan);

/* tcp_send_plan() for new data: SND.NXT moves, the scoreboard gets a record, the timers start. */
bool tcp_send_new(struct leat_tcp *conn, const struct path *path, struct plan *plan);

/* Retransmits a whole record, in several segments if it is longer than one. @more bytes at SND.NXT
 * go with it, if it is the only record. False: no memory, and nothing has changed. */
COLD bool tcp_send_again(struct leat_tcp *conn, const struct path *path, struct sent *sent,
                         uint32_t more);

void tcp_send_syn(struct leat_tcp *conn, const struct path *path);

/* Sends a bare ACK with @seq. False: no memory. */
bool tcp_send_ack(struct leat_tcp *conn, const struct path *path, uint32_t seq);

/* ---- probe.c ------------------------------------------------------------------------------ */

/* Sends a window probe or a keep-alive, depending on the queue. */
COLD void tcp_send_probe(struct leat_tcp *conn, const struct path *path);

/* True if the peer's window has room for some of the queue, and nothing is lost. */
bool tcp_window_is_silly(const struct leat_tcp *conn);

/* RFC 8985 7.3: sends new data if there is any, else the last segment again. False: no memory. */
COLD bool tcp_send_tail_probe(struct leat_tcp *conn, const struct path *path);

/* Starts the persist timer if something waits, nothing is in flight and the window is closed or
 * silly. */
COLD void tcp_start_persist(struct leat_tcp *conn);

#endif
