/*
 * evict.c -- takes memory back from connections that don't use it, for those that hold less.
 *
 * While less than POOL_SCARCE is free, of buffers or of records of data in flight, a clock hand
 * goes round the transfers, LOOK_MAX at a time. It drops out-of-order data of an address above half
 * of its share; the peer will retransmit it. A connection is stalled if, for longer than our
 * patience, its peer has not acknowledged an eighth of the queued data. The patience is 10 s at
 * POOL_SCARCE and 2 s at POOL_RESERVE: in that time a client on a bad line repeats a loss twice,
 * and a client at 56 kbit/s takes an eighth of 64 KiB.
 *
 * In each GROUP of consecutive transfers the worst stalled connection is reset. That is one that
 * its program has closed, else one of an address above its share, else the one with the largest
 * product of memory and time. A connection that makes progress is never reset.
 *
 * Out-of-order data is also dropped if its hole is not filled within the user timeout.
 */
#include "tcp/conn/account.h"
#include "tcp/conn/lifetime.h"

enum {
    LOOK_MAX = 256,
    GROUP = 32,
    PROGRESS_PART = 8, /* progress is an ACK for this part of the queue */
    PATIENCE_MS = 10000,
    PATIENCE_LEAST_MS = 2000
};

uint32_t tcp_patience_ms(const struct tcp *tcp)
{
    const uint32_t from = (uint32_t)POOL_RESERVE << POOL_LEVEL_SHIFT;
    const uint32_t to = (uint32_t)POOL_SCARCE << POOL_LEVEL_SHIFT;
    const uint32_t free = tcp_free(tcp);

    if (free <= from)
        return PATIENCE_LEAST_MS;
    if (free >= to)
        return PATIENCE_MS;
    return PATIENCE_LEAST_MS +
           (uint32_t)((uint64_t)(PATIENCE_MS - PATIENCE_LEAST_MS) * (free - from) / (to - from));
}

uint32_t tcp_stalled_ms(struct leat_tcp *conn)
{
    struct sendq *queue = &conn->transfer->sendq;
    const uint32_t now_ms = tcp_now_ms(conn->tcp->stack);

    if (queue->bytes == 0)
        return 0;
    if (queue->mark_ms == 0 ||
        (queue->seq - queue->mark_seq) * (uint64_t)PROGRESS_PART >= queue->bytes) {
        queue->mark_ms = now_ms | 1; /* 0 means none */
        queue->mark_seq = queue->seq;
        return 0;
    }
    return now_ms == queue->mark_ms - 1 ? 0 : now_ms - queue->mark_ms;
}

/* ---- the worst connection ----------------------------------------------------------------- */

struct candidate {
    struct leat_tcp *conn;
    bool abandoned;
    bool above_share;
    uint64_t weight; /* bytes held, times how long it is stalled */
};

static bool is_worse(const struct candidate *a, const struct candidate *b)
{
    if (a->abandoned != b->abandoned)
        return a->abandoned;
    if (a->above_share != b->above_share)
        return a->above_share;
    return a->weight > b->weight;
}

static bool is_above_share(const struct leat_tcp *conn, uint32_t held)
{
    const uint64_t free = pool_free(&conn->tcp->stack->pool);

    return conn->peer != PEER_OURSELVES && held > free * conn->tcp->share_256 >> 8;
}

static void consider(struct leat_tcp *conn, struct candidate *worst)
{
    const uint32_t stalled_ms = tcp_stalled_ms(conn);
    struct candidate candidate;

    if (stalled_ms < tcp_patience_ms(conn->tcp))
        return;
    candidate = (struct candidate){
        .conn = conn,
        .abandoned = conn->flags & CONN_NO_READER,
        .above_share = is_above_share(conn, tcp_peer(conn)->out),
        .weight = (uint64_t)conn->transfer->sendq.held * stalled_ms,
    };
    if (!worst->conn || is_worse(&candidate, worst))
        *worst = candidate;
}

void tcp_end_early(struct leat_tcp *conn, enum leat_err why)
{
    struct tcp_step step = {.tcp = conn->tcp};

    tcp_event(&conn->tcb, &step, TCP_ABORT);
    conn->error = why & 31u;
}

/* ---- the clock hand ----------------------------------------------------------------------- */

static void look_at_early_data(struct leat_tcp *conn, bool scarce)
{
    const struct reorder *reorder = &conn->transfer->reorder;

    if (!reorder->first)
        return;
    if (tcp_age_ms(conn->tcp, reorder->since_ms) >= tcp_give_up_ms(conn) ||
        (scarce && is_above_share(conn, 2 * tcp_peer(conn)->in)))
        tcp_drop_early_data(conn);
    else
        conn->tcp->eviction.early_seen = true;
}

/* The next transfer in use, or NULL. Counts @left down. */
static struct transfer *next_in_use(struct tcp *tcp, unsigned *left)
{
    struct transfer_pool *pool = &tcp->transfers;

    while (*left > 0) {
        struct transfer *transfer = &pool->all[tcp->eviction.hand];

        --*left;
        tcp->eviction.hand = tcp->eviction.hand + 1 < pool->count ? tcp->eviction.hand + 1 : 0;
        if (transfer->in_use)
            return transfer;
    }
    return 0;
}

/* Looks at one group. Returns false if memory isn't scarce any more. */
static bool look_at_group(struct tcp *tcp, unsigned left)
{
    const bool scarce = tcp_free(tcp) < (uint32_t)POOL_SCARCE << POOL_LEVEL_SHIFT;
    struct candidate worst = {0};
    struct transfer *transfer;

    while ((transfer = next_in_use(tcp, &left))) {
        look_at_early_data(transfer->conn, scarce);
        if (scarce)
            consider(transfer->conn, &worst);
    }
    if (worst.conn) {
        tcp->stack->stats.tcp_evicted++;
        tcp_end_early(worst.conn, LEAT_ERR_MEMORY);
    }
    return scarce;
}

void tcp_eviction_timer(struct timer *timer, void *context)
{
    struct tcp *tcp = container_of(timer, struct tcp, eviction.timer);
    const uint32_t looks = tcp->transfers.count < LOOK_MAX ? tcp->transfers.count : LOOK_MAX;
    const uint32_t from = tcp->eviction.hand;
    bool scarce = false;

    (void)context;
    for (uint32_t done = 0; done < looks; done += GROUP)
        scarce = look_at_group(tcp, looks - done < GROUP ? looks - done : GROUP);
    if (scarce) {
        tcp_watch_memory(tcp, true);
    } else if (tcp->eviction.early_seen) {
        tcp_watch_memory(tcp, false);
    }
    if (tcp->eviction.hand <= from) /* the hand has passed all transfers */
        tcp->eviction.early_seen = false;
}
