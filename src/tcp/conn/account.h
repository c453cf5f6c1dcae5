/*
 * account.h -- what a connection, and a remote address, may hold of the pool.
 *
 * Three numbers decide: what is free of the scarcest list of buffers (core/pool.h, which has the
 * levels), what the connection holds, and what all connections with its address hold.  The rule:
 *
 *      While POOL_PLENTY is free nobody is asked.  Below, an address may hold as much as it leaves
 *      free, each way: data from it, and data to it.  Half of that is for one connection.
 *
 * So shares shrink as the pool runs low, by themselves, and one address leaves a third, whatever it
 * does.  N addresses together could leave 2^-N: hence the levels.  Below POOL_SCARCE nobody who
 * holds an eighth of what is free gets more, below POOL_SEND_END nobody who holds anything, and
 * evict.c takes back what is held for nothing.
 *
 * Data in order keeps a promise, the window: a connection that the program has read empty may
 * always have some, down to POOL_RESERVE.  Sending ends before that: if two ends that had all
 * their memory in their send queues met, neither could take anything from the other.
 */
#ifndef TCP_ACCOUNT_H
#define TCP_ACCOUNT_H

#include "tcp/tcp.h"

static inline struct peer *tcp_peer(const struct leat_tcp *conn)
{
    return &conn->tcp->peers.all[conn->peer];
}

/* What is free of the scarcest list, where the records of segments in flight are a list as well:
 * who acknowledges nothing holds them, too. */
uint32_t tcp_free(const struct tcp *tcp);

/* What is held by data from the peer that the program has not taken: every piece counts as the
 * dearer kind that has storage. */
static inline void tcp_hold_data(struct leat_tcp *conn, uint32_t pieces)
{
    conn->data_pieces = (uint16_t)(conn->data_pieces + pieces);
    tcp_peer(conn)->in += pieces * conn->tcp->stack->pool.piece_units;
}

static inline void tcp_release_data(struct leat_tcp *conn, uint32_t pieces)
{
    conn->data_pieces = (uint16_t)(conn->data_pieces - pieces);
    tcp_peer(conn)->in -= pieces * conn->tcp->stack->pool.piece_units;
}

/* The send queue, or the data out of order, held @before; it has changed. */
static inline void tcp_note_sendq(const struct leat_tcp *conn, uint32_t before)
{
    tcp_peer(conn)->out += conn->transfer->sendq.held - before;
}

static inline void tcp_note_early(const struct leat_tcp *conn, uint32_t before)
{
    tcp_peer(conn)->in += conn->transfer->reorder.held - before;
}

/* What tcp_may_take_data() asks when memory isn't plenty. */
bool tcp_may_take_scarce_data(const struct leat_tcp *conn, bool in_order);

/* True if memory is plenty, so that nobody is asked what else it holds. */
static inline bool tcp_data_is_welcome(const struct leat_tcp *conn)
{
    return pool_is_plenty(&conn->tcp->stack->pool) && conn->data_pieces < INT16_MAX;
}

/* True if data that has come may stay. */
static inline bool tcp_may_take_data(const struct leat_tcp *conn, bool in_order)
{
    return tcp_data_is_welcome(conn) || tcp_may_take_scarce_data(conn, in_order);
}

/* Gives up what came out of order: it will come again (RFC 2018 8). */
void tcp_drop_early_data(struct leat_tcp *conn);

/* Units that the send queue of @conn may grow by; 0: not now. */
uint32_t tcp_send_units(const struct leat_tcp *conn);

/* Full buffers that it may take to be written to. */
uint32_t tcp_scarce_pieces(const struct leat_tcp *conn);

static inline uint32_t tcp_send_pieces(const struct leat_tcp *conn)
{
    const struct leat_pool *pool = &conn->tcp->stack->pool;

    return pool_is_plenty(pool) ? pool->lists[POOL_FULL].count / 16 + 1 : tcp_scarce_pieces(conn);
}

/* Bytes that may wait for the program, by what is free: half of it, and of that two thirds, for a
 * frame doesn't fill its buffer. */
uint32_t tcp_scarce_data_share(const struct leat_tcp *conn);

static inline uint32_t tcp_data_share(const struct leat_tcp *conn)
{
    const struct leat_pool *pool = &conn->tcp->stack->pool;
    const struct pool_list *full = &pool->lists[POOL_FULL];
    const uint64_t bytes = (uint64_t)full->free_count * full->bytes / 3;

    if (!pool_is_plenty(pool))
        return tcp_scarce_data_share(conn);
    return bytes < UINT32_MAX ? (uint32_t)bytes : UINT32_MAX;
}

/* For leat_holdings(). */
COLD void tcp_holdings(const struct leat *stack, struct leat_holdings *holdings);

/* True if @remote_ip may have one connection more: it has fewer than @most, or, if that is 0,
 * leaves enough of the table. */
bool tcp_may_connect(const struct tcp *tcp, leat_ip4 remote_ip, uint32_t most);

#endif
