/* transfer.c -- the pool of transfers, for connections with data on its way. */
#include "core/assert.h"
#include "core/minmax.h"
#include "core/parts.h"
#include "tcp/bbr/bbr.h"
#include "tcp/conn/account.h"
#include "tcp/tcp.h"

enum {
    LOOK_MAX = 64 /* transfers that one search for an idle one looks at */
};

void transfer_pool_init(struct tcp *tcp, struct transfer *entries, struct flow_headers *headers,
                        uint32_t count)
{
    struct transfer_pool *pool = &tcp->transfers;

    pool->all = entries;
    pool->count = count;
    for (uint32_t i = count; i > 0; i--) {
        entries[i - 1].headers = headers ? &headers[i - 1] : &tcp->no_headers;
        entries[i - 1].next = pool->free;
        pool->free = &entries[i - 1];
    }
    scoreboard_init(&tcp->nothing.scoreboard);
    tcp->nothing.headers = &tcp->no_headers;
    tcp->nothing.loss_at_ns = LEAT_NEVER_NS;
    tcp->nothing.congestion.ops =
        tcp_default_congestion; /* its window is 0, but callers need operations */
}

/* ---- start and continuation --------------------------------------------------------------- */

const struct leat_tcp_congestion *tcp_congestion_of(const struct leat_tcp *conn)
{
    return conn->tcp->congestions[conn->flags >> CONGESTION_SHIFT & (CONGESTIONS_MAX - 1)];
}

unsigned tcp_congestion_place(struct tcp *tcp, const struct leat_tcp_congestion *congestion)
{
    const struct leat_tcp_congestion **all = tcp->congestions;
    unsigned place = 0;

    while (congestion && place < CONGESTIONS_MAX - 1 && all[place] && all[place] != congestion)
        place++;
    if (congestion)
        all[place] = congestion;
    return place;
}

/* The algorithm of @conn, or one in its place that needs no model. */
static const struct leat_tcp_congestion *without_model(const struct leat_tcp *conn)
{
    const struct leat_tcp_congestion *wanted = tcp_congestion_of(conn);

    if (wanted->bbr)
        wanted = conn->tcp->congestions[0];
    return wanted->bbr ? tcp_default_congestion : wanted;
}

/* Gives the model of @transfer back, if there is one. */
static void give_model(struct leat_tcp *conn, struct transfer *transfer)
{
    if (transfer->congestion.bbr)
        transfer->congestion.ops->bbr->give(conn, transfer);
}

void tcp_transfer_congestion(const struct leat_tcp *conn, struct congestion *congestion)
{
    const uint16_t own = conn->saved.initial_segments;
    const uint16_t initial = own > 0 ? own : conn->tcp->config.initial_window_segments;

    congestion_init(congestion, without_model(conn), conn->mss, initial,
                    conn->flags & CONN_LOST_SYN);
    /* a connection that never had an entry begins with the initial window */
    if (conn->saved.cwnd == 0)
        return;
    congestion->cwnd = (uint32_t)conn->saved.cwnd * conn->mss;
    if (conn->saved.ssthresh < SAVED_MAX)
        congestion->ssthresh = (uint32_t)conn->saved.ssthresh * conn->mss;
    congestion->cubic.w_max = congestion->cubic.cwnd_prior =
        (uint32_t)conn->saved.w_max * conn->mss;
    congestion->after_timeout = conn->saved.w_max == 0;
}

static void begin(struct leat_tcp *conn, struct transfer *transfer)
{
    /* at the end of the handshake the entry may have one already, from data in the SYN */
    give_model(conn, transfer);
    tcp_transfer_congestion(conn, &transfer->congestion);
    recovery_init(&transfer->recovery, tcp_recovery_mode(conn));
    if (HAS_RACK && conn->rtt.srtt > 0) /* else the answer to the first probe would be doubted */
        rack_sample(&transfer->recovery.rack, rtt_srtt_ns(&conn->rtt), conn->tcp->stack->now_ns);
    if (tcp_congestion_of(conn)->bbr) {
        congestion_restart(&transfer->congestion); /* no model of the old window exists */
        tcp_congestion_of(conn)->bbr->take(conn, transfer);
    }
}

void tcp_transfer_handshaken(struct leat_tcp *conn)
{
    begin(conn, conn->transfer);
}

void tcp_transfer_choose(struct leat_tcp *conn)
{
    const struct leat_tcp_congestion *wanted = tcp_congestion_of(conn);
    struct transfer *transfer = conn->transfer;
    const uint32_t cwnd = transfer->congestion.cwnd;
    /* The threshold after BBR is the window of its model, which is a measure of the path. */
    const uint32_t ssthresh = transfer->congestion.bbr ? cwnd : transfer->congestion.ssthresh;
    const bool after_timeout = transfer->congestion.after_timeout;

    if (!tcp_has_transfer(conn) || transfer->congestion.ops == wanted)
        return;
    give_model(conn, transfer);
    tcp_transfer_congestion(conn, &transfer->congestion);
    transfer->congestion.cwnd = cwnd;
    transfer->congestion.after_timeout = after_timeout;
    if (wanted->bbr)
        wanted->bbr->take(conn, transfer);
    else
        transfer->congestion.ssthresh = ssthresh;
    transfer->recovery.can_undo = false; /* the old window belongs to another algorithm */
}

/* ---- taking and reclaiming ---------------------------------------------------------------- */

/* An idle entry holds nothing that would be lost with it: no data either way, no FIN in flight, no
 * report that the next ACK owes. */
static bool is_idle(const struct transfer *transfer)
{
    return transfer->sendq.bytes == 0 && !transfer->scoreboard.first && !transfer->reorder.first &&
           !transfer->sacks.has_dsack && transfer->recovery.phase == RECOVERY_NONE;
}

static unsigned segments(const struct leat_tcp *conn, uint32_t bytes)
{
    return min32(bytes / conn->mss, SAVED_MAX) & SAVED_MAX;
}

/* Windows are saved in whole segments, which is exact enough for the restart of an idle connection.
 * 0 is taken as a mark, so cwnd is saved as at least one segment. */
static void save_and_leave(struct leat_tcp *conn)
{
    const struct congestion *congestion = &conn->transfer->congestion;

    leat_debug_assert(tcp_has_transfer(conn));
    conn->saved.cwnd = segments(conn, max32(congestion->cwnd, conn->mss)) & SAVED_MAX;
    conn->saved.ssthresh = segments(conn, congestion->ssthresh) & SAVED_MAX;
    conn->saved.w_max = segments(conn, congestion->cubic.w_max) & SAVED_MAX;
    if (congestion->after_timeout)
        conn->saved.w_max = 0;
    else if (conn->saved.w_max == 0)
        conn->saved.w_max = 1; /* less than any window, so without effect */
    give_model(conn, conn->transfer);
    conn->transfer = &conn->tcp->nothing;
}

/* Takes a free entry, or one of a connection that has nothing on its way. The clock hand finds
 * those first that were taken long ago. */
static struct transfer *take(struct tcp *tcp)
{
    struct transfer_pool *pool = &tcp->transfers;
    struct transfer *transfer = pool->free;

    if (transfer) {
        pool->free = transfer->next;
        return transfer;
    }
    for (unsigned look = 0; look < LOOK_MAX; look++) {
        leat_debug_assert(pool->hand < pool->count);
        transfer = &pool->all[pool->hand];
        pool->hand = pool->hand + 1 < pool->count ? pool->hand + 1 : 0;
        if (is_idle(transfer)) {
            save_and_leave(transfer->conn);
            return transfer;
        }
    }
    return 0;
}

bool tcp_transfer_get(struct leat_tcp *conn)
{
    const bool fin = tcp_fin_is_alone(conn);
    struct tcp *tcp = conn->tcp;
    struct transfer *transfer;

    if (tcp_has_transfer(conn))
        return true;
    /* a FIN in flight needs a record at once (tcp_fin_record()) */
    transfer = fin && !tcp->sents.free ? 0 : take(tcp);
    if (!transfer) {
        tcp->stack->stats.tcp_transfers_short++;
        tcp->transfers.refused_at_ns = tcp->stack->now_ns;
        tcp->transfers.was_short = true;
        return false;
    }
    transfer->conn = conn;
    transfer->in_use = true;
    transfer->loss_at_ns = LEAT_NEVER_NS;
    transfer->paced_until_ns = 0;
    transfer->wanted_bytes = 0;
    transfer->told_bytes = 0;
    transfer->reorder = (struct reorder){0};
    transfer->sacks.count = 0;
    transfer->sacks.has_dsack = false;
    flow_headers_forget(transfer->headers);
    sendq_init(&transfer->sendq, tcp_data_end(conn));
    scoreboard_init(&transfer->scoreboard);
    begin(conn, transfer);
    conn->transfer = transfer;
    if (fin)
        tcp_fin_record(conn);
    return true;
}

void tcp_note_duplicate(struct leat_tcp *conn, uint32_t left, uint32_t right)
{
    if ((conn->tcb.flags & TCB_SACK) && tcp_transfer_get(conn))
        sacks_note_duplicate(&conn->transfer->sacks, left, right);
}

void tcp_transfer_end(struct leat_tcp *conn)
{
    struct transfer_pool *pool = &conn->tcp->transfers;
    struct transfer *transfer = conn->transfer;

    if (!tcp_has_transfer(conn))
        return;
    leat_debug_assert(tcp_peer(conn)->in >= transfer->reorder.held);
    leat_debug_assert(tcp_peer(conn)->out >= transfer->sendq.held);
    leat_debug_assert(transfer->conn == conn);
    give_model(conn, transfer);
    /* the account of the address is settled before the queues that it counts are emptied */
    tcp_peer(conn)->out -= transfer->sendq.held;
    tcp_peer(conn)->in -= transfer->reorder.held;
    sendq_free(&transfer->sendq);
    scoreboard_free(&transfer->scoreboard, &conn->tcp->sents);
    reorder_free(&transfer->reorder, &conn->tcp->runs);
    transfer->in_use = false;
    conn->transfer = &conn->tcp->nothing;
    transfer->next = pool->free;
    pool->free = transfer;
}

bool tcp_nothing_is_unwritten(const struct tcp *tcp)
{
    const struct transfer *nothing = &tcp->nothing;

    return is_idle(nothing) && !nothing->conn && nothing->loss_at_ns == LEAT_NEVER_NS &&
           nothing->paced_until_ns == 0 && nothing->wanted_bytes == 0 &&
           nothing->sacks.count == 0 && nothing->congestion.cwnd == 0 &&
           nothing->congestion.ssthresh == 0 && nothing->recovery.rack.rtt_ns == 0;
}

bool tcp_transfers_are_short(const struct tcp *tcp, uint64_t lately_ns)
{
    return tcp->transfers.was_short &&
           tcp->stack->now_ns - tcp->transfers.refused_at_ns < lately_ns;
}
