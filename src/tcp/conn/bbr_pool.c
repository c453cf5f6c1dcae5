/* bbr_pool.c -- the models of the connections that use BBR, and BBR's congestion operations. */
#include "tcp/conn/bbr_pool.h"

#include "tcp/tcp.h"

void tcp_bbr_take(struct leat_tcp *conn, struct transfer *transfer)
{
    struct tcp *tcp = conn->tcp;
    union bbr_entry *entry = tcp->bbrs.free;
    const struct bbr_begin begin = {
        .now_ns = tcp->stack->now_ns,
        .srtt_ns = rtt_srtt_ns(&conn->rtt),
        .seed = (uint64_t)conn->tcb.ts_offset << 32 | conn->tcb.snd_nxt,
        .has_selective_acks = conn->tcb.flags & TCB_SACK,
    };

    if (!entry)
        return;
    tcp->bbrs.free = entry->next;
    transfer->congestion.ops = &leat_tcp_bbr;
    transfer->congestion.bbr = &entry->bbr;
    /* BBR counts each ACK, so none may take the fast path of neutral ones */
    transfer->congestion.cubic.epoch_ns = 1;
    bbr_init(&entry->bbr, &transfer->congestion, &begin);
    scoreboard_sample(&transfer->scoreboard, &entry->bbr.rate, begin.now_ns);
}

void tcp_bbr_give(struct leat_tcp *conn, struct transfer *transfer)
{
    union bbr_entry *entry = (union bbr_entry *)transfer->congestion.bbr;

    if (!entry)
        return;
    transfer->congestion.bbr = 0;
    /* the model will be another connection's, so the scoreboard must not report to it */
    scoreboard_sample(&transfer->scoreboard, 0, 0);
    entry->next = conn->tcp->bbrs.free;
    conn->tcp->bbrs.free = entry;
}

/* ---- congestion operations ---------------------------------------------------------------- */

/* Does nothing: recovery.c leaves the window to bbr_acked(). */
static void bbr_heard(struct congestion *congestion, const struct congestion_ack *ack)
{
    (void)congestion;
    (void)ack;
}

static const struct bbr_calls calls = {
    .take = tcp_bbr_take,
    .give = tcp_bbr_give,
    .ack_begins = bbr_ack_begins,
    .acked = bbr_acked,
    .restarts = bbr_restarts,
};

const struct leat_tcp_congestion leat_tcp_bbr = {
    .name = "bbr",
    .bbr = &calls,
    .acked = bbr_heard,
    .reduced = bbr_reduced,
};
