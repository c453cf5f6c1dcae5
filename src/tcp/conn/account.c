/* account.c -- the memory rule of account.h. */
#include "core/assert.h"
#include "tcp/conn/account.h"
#include "core/minmax.h"

static uint32_t share_of(const struct tcp *tcp, uint32_t free)
{
    return (uint32_t)((uint64_t)free * tcp->share_256 >> 8);
}

static uint32_t left_of(uint32_t share, uint32_t held)
{
    return held < share ? share - held : 0;
}

static bool is_at(uint32_t free, enum pool_level level)
{
    return free >= (uint32_t)level << POOL_LEVEL_SHIFT;
}

uint32_t tcp_free(const struct tcp *tcp)
{
    const uint32_t part = (1u << POOL_ALL_SHIFT) / tcp->config.sent_segments;

    leat_assert(tcp->config.sent_segments > 0);
    /* if all records are free, the pool alone decides: rounding would make them look too few */
    return min32(pool_free(&tcp->stack->pool), tcp->sents.free_count == tcp->config.sent_segments
                                                   ? UINT32_MAX
                                                   : tcp->sents.free_count * part);
}

/* The free units of the pool. Asking while memory is scarce triggers a look by evict.c. */
static uint32_t free_of(const struct leat_tcp *conn)
{
    const uint32_t free = pool_free(&conn->tcp->stack->pool);

    if (!is_at(tcp_free(conn->tcp), POOL_SCARCE))
        tcp_watch_memory(conn->tcp, true);
    return free;
}

/* ---- data from the peer ------------------------------------------------------------------- */

static uint32_t held_in(const struct leat_tcp *conn)
{
    leat_debug_assert(conn->transfer != 0);
    return conn->data_pieces * conn->tcp->stack->pool.piece_units + conn->transfer->reorder.held;
}

static bool may_take_in_order(const struct leat_tcp *conn, uint32_t free)
{
    if (!is_at(free, POOL_RESERVE))
        return is_at(free, POOL_LAST) && tcp_peer(conn)->in == 0;
    if (conn->peer == PEER_OURSELVES)
        return true;
    if (!is_at(free, POOL_SEND_END)) /* the rest is reserved for replies to other addresses */
        return tcp_peer(conn)->in <= share_of(conn->tcp, free) / 8;
    /* a program that has read all gets some in any case: the window is a promise */
    return conn->data_pieces == 0 || tcp_peer(conn)->in <= share_of(conn->tcp, free);
}

static bool may_take_early(const struct leat_tcp *conn, uint32_t free)
{
    const uint32_t share = share_of(conn->tcp, free);

    /* out-of-order data was promised nothing (RFC 2018 8), so it goes first when memory is short */
    return is_at(free, POOL_SCARCE) && held_in(conn) <= share / 2 &&
           (conn->peer == PEER_OURSELVES || tcp_peer(conn)->in <= share);
}

bool tcp_may_take_scarce_data(const struct leat_tcp *conn, bool in_order)
{
    const uint32_t free = free_of(conn);

    if (conn->data_pieces > UINT16_MAX - UINT8_MAX) /* the field's range, less one frame */
        return false;
    return in_order ? may_take_in_order(conn, free) : may_take_early(conn, free);
}

uint32_t tcp_scarce_data_share(const struct leat_tcp *conn)
{
    const struct pool_list *full = &conn->tcp->stack->pool.lists[POOL_FULL];
    const uint32_t free = pool_free(&conn->tcp->stack->pool);
    const uint32_t share = share_of(conn->tcp, free);
    uint32_t units = share / 2;

    /* the share is less by the part that other connections of the address hold */
    if (conn->peer != PEER_OURSELVES)
        units = min32(units, left_of(share, tcp_peer(conn)->in - held_in(conn)));
    if (!is_at(free, POOL_SCARCE))
        units /= 4;
    return (uint32_t)(((uint64_t)full->count * full->bytes * units >> POOL_ALL_SHIFT) * 2 / 3);
}

/* ---- data to the peer --------------------------------------------------------------------- */

uint32_t tcp_send_units(const struct leat_tcp *conn)
{
    const struct leat_pool *pool = &conn->tcp->stack->pool;
    const uint32_t own = conn->transfer->sendq.held;
    uint32_t free, share, all;

    free = free_of(conn);
    if (is_at(free, POOL_PLENTY)) /* more than any one call takes, and far from its share */
        return 1u << POOL_LEVEL_SHIFT;
    share = share_of(conn->tcp, free);
    all = conn->peer == PEER_OURSELVES ? own : tcp_peer(conn)->out;
    if (is_at(free, POOL_SCARCE))
        return min32(left_of(share / 2, own), left_of(share, all));
    if (is_at(free, POOL_SEND_END))
        return left_of(share / 8, all);
    return is_at(free, POOL_RESERVE) && all == 0 ? pool->piece_units : 0;
}

uint32_t tcp_scarce_pieces(const struct leat_tcp *conn)
{
    const uint32_t units = conn->tcp->stack->pool.lists[POOL_FULL].units;

    return (tcp_send_units(conn) + units - 1) / units;
}

/* ---- entries of connections --------------------------------------------------------------- */

enum {
    ENTRIES_PART = 64 /* one entry in 64 is reserved for addresses with few connections */
};

bool tcp_may_connect(const struct tcp *tcp, host_id remote_ip, uint32_t most)
{
    const uint32_t free = tcp->config.connections - tcp->conn_count;
    const struct peer *peer;

    leat_debug_assert(tcp->conn_count <= tcp->config.connections);
    if (most == 0 && free > tcp->config.connections / ENTRIES_PART)
        return true;
    peer = peer_find(&tcp->peers, host_network(tcp->stack, remote_ip));
    if (!peer)
        return true;
    return peer->connections < (most > 0 ? most : share_of(tcp, free) + 1);
}

/* ---- statistics --------------------------------------------------------------------------- */

static void add_transfer(const struct transfer *transfer, struct leat_holdings *holdings)
{
    holdings->held_send += pool_pieces(transfer->sendq.first);
    for (const struct run *run = transfer->reorder.first; run; run = run->next)
        holdings->held_early += pool_pieces(run->data);
}

void tcp_holdings(const struct leat *stack, struct leat_holdings *holdings)
{
    const struct tcp *tcp = stack->tcp;

    for (uint32_t i = 0; i < tcp->config.connections; i++) {
        if (tcp->conns[i].tcb.kind != TCB_CONN)
            continue;
        holdings->held_receive += tcp->conns[i].data_pieces;
        add_transfer(tcp->conns[i].transfer, holdings);
    }
}

/* ---- starting evict.c --------------------------------------------------------------------- */

static const uint64_t look_ns = 20000000;         /* while memory is scarce */
static const uint64_t look_early_ns = 1000000000; /* while there is out-of-order data */

static void look_in(struct tcp *tcp, uint64_t ns)
{
    const uint64_t at_ns = tcp->stack->now_ns + ns;

    if (!timer_is_set(&tcp->eviction.timer) || at_ns < timer_at_ns(&tcp->eviction.timer))
        timer_set(&tcp->stack->timers, &tcp->eviction.timer, at_ns);
}

void tcp_watch_memory(struct tcp *tcp, bool low)
{
    tcp->eviction.early_seen |= !low;
    look_in(tcp, low ? look_ns : look_early_ns);
}
