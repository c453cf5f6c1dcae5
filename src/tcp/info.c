/*
 * info.c -- the state of a connection, for the program (RFC 9293 3.9.1.6 STATUS).
 *
 * All functions only read. A connection without a transfer is described as its next transfer would
 * begin: with the saved window, and nothing in flight.
 */
#include "core/text.h"
#include "tcp/tcp.h"

_Static_assert((int)LEAT_TCP_REPAIR_REDUCED == (int)RECOVERY_REDUCED &&
                   (int)LEAT_TCP_REPAIR_FAST == (int)RECOVERY_FAST &&
                   (int)LEAT_TCP_REPAIR_LOSS == (int)RECOVERY_LOSS,
               "the program sees recovery's own phases");

/* The states of the machine are generated from tcp.rl and may get other numbers. Those of the
 * program are a part of the ABI. */
static enum leat_tcp_state public_state(enum tcp_state state)
{
    switch (state) {
    case TCP_CLOSED:
        return LEAT_TCP_CLOSED;
    case TCP_LISTEN:
        return LEAT_TCP_LISTEN;
    case TCP_SYN_SENT:
        return LEAT_TCP_SYN_SENT;
    case TCP_SYN_RECEIVED:
        return LEAT_TCP_SYN_RECEIVED;
    case TCP_ESTABLISHED:
        return LEAT_TCP_ESTABLISHED;
    case TCP_FIN_WAIT_1:
        return LEAT_TCP_FIN_WAIT_1;
    case TCP_FIN_WAIT_2:
        return LEAT_TCP_FIN_WAIT_2;
    case TCP_CLOSE_WAIT:
        return LEAT_TCP_CLOSE_WAIT;
    case TCP_CLOSING:
        return LEAT_TCP_CLOSING;
    case TCP_LAST_ACK:
        return LEAT_TCP_LAST_ACK;
    case TCP_TIME_WAIT:
        return LEAT_TCP_TIME_WAIT;
    }
    return LEAT_TCP_CLOSED;
}

/* The algorithm's name. Without a transfer it comes from the configuration. */
static const char *congestion_name(const struct leat_tcp *conn, const struct congestion *congestion)
{
    return tcp_has_transfer(conn) ? congestion->ops->name : tcp_congestion_of(conn)->name;
}

void leat_tcp_get_info(const struct leat_tcp *conn, struct leat_tcp_info *info)
{
    const struct tcb *tcb = &conn->tcb;
    const struct transfer *transfer = conn->transfer;
    const uint64_t min_rtt_ns = transfer->recovery.rack.min_rtt_ns;
    /* this is a copy, because tcp->nothing must not be written */
    struct congestion congestion = transfer->congestion;

    if (!tcp_has_transfer(conn))
        tcp_transfer_congestion(conn, &congestion);
    *info = (struct leat_tcp_info){
        .state = public_state(tcb->state),
        .local = host_endpoint(conn->tcp->stack, tcb->local_ip, tcb->local_port),
        .remote = host_endpoint(conn->tcp->stack, tcb->remote_ip, tcb->remote_port),
        .snd_una = conn->snd_una,
        .snd_nxt = tcb->snd_nxt,
        .rcv_nxt = tcb->rcv_nxt,
        .snd_wnd_bytes = conn->snd_wnd,
        .rcv_wnd_bytes = tcb->rcv_wnd,
        .cwnd_bytes = congestion.cwnd,
        .ssthresh_bytes = congestion.ssthresh,
        .mss_bytes = conn->mss,
        .snd_wind_shift = conn->snd_wind_shift,
        .rcv_wind_shift = tcb->rcv_wind_shift,
        .srtt_ns = rtt_srtt_ns(&conn->rtt),
        .rttvar_ns = rtt_rttvar_ns(&conn->rtt),
        .rto_ns = rtt_rto_ns(&conn->rtt),
        .retransmits = conn->retransmits,
        .path_mtu_bytes = conn->pmtu.mtu,
        .timestamps = tcb->flags & TCB_TS,
        .sack = tcb->flags & TCB_SACK,
        .ecn = tcb->flags & (TCB_ECN | TCB_ACCECN),
        .accurate_ecn = tcb->flags & TCB_ACCECN,
        .repair = (enum leat_tcp_repair)transfer->recovery.phase,
        /* a FIN that left alone has a sequence number, but no record in a scoreboard */
        .in_flight_bytes = tcp_fin_waits(conn) && tcp_fin_is_alone(conn)
                               ? 1
                               : recovery_pipe(&transfer->recovery, &transfer->scoreboard),
        .sacked_bytes = transfer->scoreboard.sacked_bytes,
        .lost_bytes = transfer->scoreboard.lost_bytes,
        .min_rtt_ns = min_rtt_ns == UINT64_MAX ? 0 : min_rtt_ns,
        .congestion = congestion_name(conn, &congestion),
        .queued_bytes = transfer->sendq.bytes,
        .readable_bytes = conn->data_bytes,
        /* with CONN_TELL_CLOSED the field holds the reason for the end */
        .soft_error = conn->flags & CONN_TELL_CLOSED ? LEAT_OK : (enum leat_err)conn->error,
    };
}

const char *leat_tcp_state_text(enum leat_tcp_state state)
{
    static const char *const texts[] = {
        [LEAT_TCP_CLOSED] = "CLOSED",           [LEAT_TCP_LISTEN] = "LISTEN",
        [LEAT_TCP_SYN_SENT] = "SYN-SENT",       [LEAT_TCP_SYN_RECEIVED] = "SYN-RECEIVED",
        [LEAT_TCP_ESTABLISHED] = "ESTABLISHED", [LEAT_TCP_FIN_WAIT_1] = "FIN-WAIT-1",
        [LEAT_TCP_FIN_WAIT_2] = "FIN-WAIT-2",   [LEAT_TCP_CLOSE_WAIT] = "CLOSE-WAIT",
        [LEAT_TCP_CLOSING] = "CLOSING",         [LEAT_TCP_LAST_ACK] = "LAST-ACK",
        [LEAT_TCP_TIME_WAIT] = "TIME-WAIT",
    };

    _Static_assert(sizeof texts / sizeof *texts == LEAT_TCP_TIME_WAIT + 1, "each state has a name");
    return (unsigned)state < sizeof texts / sizeof *texts ? texts[state] : "?";
}

const struct leat_tcp *leat_tcp_next(const struct leat *stack, uint32_t *index)
{
    const struct tcp *tcp = stack->tcp;
    const uint32_t count = tcp ? tcp->config.connections : 0;

    while (*index < count) {
        const struct leat_tcp *conn = &tcp->conns[(*index)++];

        if (conn->tcb.kind == TCB_CONN)
            return conn;
    }
    return 0;
}

const struct leat_tcp_rtts *leat_tcp_rtts(const struct leat *stack)
{
    return stack->tcp ? &stack->tcp->rtts : 0;
}

uint64_t leat_tcp_rtt_bound_ns(unsigned index)
{
    return UINT64_C(1) << (RTT_FIRST_BITS + index);
}

uint32_t leat_tcp_count(const struct leat *stack)
{
    const struct tcp *tcp = stack->tcp;

    return tcp ? tcp->conn_count : 0;
}

/* ---- one line of text --------------------------------------------------------------------- */

static void add_number(struct text *line, const char *name, uint64_t value, const char *unit)
{
    text_add(line, name);
    text_add_number(line, value);
    text_add(line, unit);
}

static void add_endpoint(struct text *line, const char *name, const struct leat_endpoint *end)
{
    char text[LEAT_ENDPOINT_TEXT_BYTES];

    leat_endpoint_format(end, text);
    text_add(line, name);
    text_add(line, text);
}

static const char *repair_text(enum leat_tcp_repair repair)
{
    switch (repair) {
    case LEAT_TCP_REPAIR_REDUCED:
        return " reduced";
    case LEAT_TCP_REPAIR_FAST:
        return " fast-recovery";
    case LEAT_TCP_REPAIR_LOSS:
        return " loss-recovery";
    case LEAT_TCP_REPAIR_NONE:
        break;
    }
    return "";
}

size_t leat_tcp_info_text(const struct leat_tcp_info *info, char text[LEAT_TCP_INFO_TEXT_BYTES])
{
    struct text line = {.bytes = text, .room = LEAT_TCP_INFO_TEXT_BYTES - 1};

    text_add(&line, leat_tcp_state_text(info->state));
    add_endpoint(&line, " ", &info->local);
    add_endpoint(&line, " > ", &info->remote);
    add_number(&line, " rtt ", info->srtt_ns / 1000, "us");
    add_number(&line, " rto ", info->rto_ns / 1000000, "ms");
    text_add(&line, " ");
    text_add(&line, info->congestion);
    add_number(&line, " cwnd ", info->cwnd_bytes, "");
    /* the first slow start has no threshold, which the largest number stands for */
    if (info->ssthresh_bytes < 0x7fffffff)
        add_number(&line, " ssthresh ", info->ssthresh_bytes, "");
    add_number(&line, " flight ", info->in_flight_bytes, "");
    add_number(&line, " lost ", info->lost_bytes, "");
    add_number(&line, " again ", info->retransmits, "");
    add_number(&line, " snd_wnd ", info->snd_wnd_bytes, "");
    add_number(&line, " rcv_wnd ", info->rcv_wnd_bytes, "");
    add_number(&line, " mss ", info->mss_bytes, "");
    add_number(&line, " queued ", info->queued_bytes, "");
    text_add(&line, info->timestamps ? " ts" : "");
    text_add(&line, info->sack ? " sack" : "");
    if (info->ecn)
        text_add(&line, info->accurate_ecn ? " accecn" : " ecn");
    text_add(&line, repair_text(info->repair));
    text[line.len] = '\0';
    return line.len;
}
