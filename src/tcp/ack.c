/* ack.c -- what an acceptable ACK changes (RFC 9293 3.10.7.4, fifth; RFC 5681; RFC 6298). */
#include "tcp/seq.h"
#include "tcp/tcp.h"

/* RFC 9293 3.10.7.4: an old segment must not bring back an old window. */
static bool window_is_news(const struct leat_tcp *conn, const struct wire_tcp *header)
{
    return seq_lt(conn->snd_wl1, header->seq) ||
           (conn->snd_wl1 == header->seq && seq_le(conn->snd_wl2, header->ack));
}

/* Takes the window of the segment; true if it has changed. */
static bool take_window(struct leat_tcp *conn, const struct wire_tcp *header)
{
    const uint8_t shift = header->flags & TCP_SYN ? 0 : conn->snd_wind_shift;
    const uint32_t wnd = (uint32_t)header->window << shift;
    const bool changed = wnd != conn->snd_wnd;

    if (!window_is_news(conn, header))
        return false;
    conn->snd_wnd = wnd;
    conn->snd_wl1 = header->seq;
    conn->snd_wl2 = header->ack;
    if (wnd > conn->snd_wnd_max)
        conn->snd_wnd_max = wnd;
    if (wnd > 0 && (conn->flags & CONN_PERSIST)) { /* the wait is over, whatever it was */
        conn->flags &= ~(unsigned)CONN_PERSIST;
        conn->rexmt_at_ns = LEAT_NEVER_NS;
        rtt_forget_backoff(&conn->rtt, &conn->tcp->rto);
    }
    return changed;
}

static void take_sample(struct leat_tcp *conn, uint32_t ack)
{
    if (!(conn->flags & CONN_TIMED) || seq_le(ack, conn->timed_seq))
        return;
    conn->flags &= ~(unsigned)CONN_TIMED;
    rtt_sample(&conn->rtt, &conn->tcp->rto, conn->tcp->stack->now_ns - conn->timed_at_ns);
}

/* The numbers up to @ack have arrived: our SYN, text, our FIN. */
static void release_acked(struct leat_tcp *conn, uint32_t ack)
{
    const uint32_t text_end = sendq_end(&conn->sendq);

    if (conn->tcb.flags & TCB_SYN_UNACKED) {
        conn->tcb.flags &= (uint8_t)~TCB_SYN_UNACKED;
        conn->flags &= ~(unsigned)CONN_SEND_SYN;
    }
    if ((conn->flags & CONN_FIN_SENT) && ack == text_end + 1)
        conn->flags |= CONN_FIN_ACKED;
    sendq_ack(&conn->sendq, seq_min(ack, text_end));
    conn->snd_una = ack;
    conn->snd_at = seq_max(conn->snd_at, ack);
    if ((conn->flags & CONN_WAS_FULL) &&
        conn->sendq.bytes <= conn->tcp->config.send_queue_bytes / 2) {
        conn->flags &= ~(unsigned)CONN_WAS_FULL;
        tcp_tell(conn, CONN_TELL_WRITABLE);
    }
}

/* RFC 6298 5.2, 5.3. */
static void restart_timer(struct leat_tcp *conn)
{
    const uint64_t now_ns = conn->tcp->stack->now_ns;

    rtt_forget_backoff(&conn->rtt, &conn->tcp->rto);
    conn->progress_at_ns = now_ns;
    conn->flags &= ~(unsigned)CONN_PERSIST;
    if (conn->snd_at == conn->snd_una) {
        conn->rexmt_at_ns = LEAT_NEVER_NS; /* tcp_output() starts what is needed */
    } else {
        conn->rexmt_at_ns = now_ns + conn->rtt.rto_ns;
        tcp_arm(conn);
    }
}

static void take_new(struct leat_tcp *conn, uint32_t ack)
{
    const bool had_syn = conn->tcb.flags & TCB_SYN_UNACKED;
    const uint32_t flight = conn->snd_at - conn->snd_una;
    const uint32_t acked = ack - conn->snd_una;

    take_sample(conn, ack);
    release_acked(conn, ack);
    if (had_syn) /* its ACK opens no congestion window (RFC 5681 3.1) */
        tcp_conn_handshaken(conn);
    else
        recovery_acked(&conn->recovery, &conn->congestion, conn->snd_una, acked, flight);
    restart_timer(conn);
}

/* RFC 5681 2, "duplicate acknowledgment": (a)-(e). */
static bool is_duplicate(const struct leat_tcp *conn, const struct tcp_segment *segment,
                         bool window_changed)
{
    return segment->header.ack == conn->snd_una && conn->snd_at != conn->snd_una &&
           segment->skip_bytes + segment->text_bytes == 0 && !window_changed &&
           !(segment->header.flags & (TCP_SYN | TCP_FIN));
}

void tcp_take_ACK(struct tcb *tcb, struct tcp_step *step)
{
    struct leat_tcp *conn = tcp_conn(tcb);
    const struct wire_tcp *header = &step->segment->header;
    bool window_changed = false;

    if (seq_le(conn->snd_una, header->ack))
        window_changed = take_window(conn, header);
    if (conn->flags & CONN_PERSIST) /* it is there, and says no (RFC 9293 3.8.6.1) */
        conn->probes = 0;
    if (seq_lt(conn->snd_una, header->ack)) {
        take_new(conn, header->ack);
    } else if (is_duplicate(conn, step->segment, window_changed)) {
        const uint32_t flight = conn->snd_at - conn->snd_una;

        if (recovery_duplicate(&conn->recovery, &conn->congestion, conn->snd_una, tcb->snd_nxt,
                               flight)) {
            step->tcp->stack->stats.tcp_fast_recoveries++;
            conn->flags &= ~(unsigned)CONN_TIMED; /* Karn */
        }
    }
    tcp_want_output(conn);
}
