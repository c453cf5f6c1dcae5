/*
 * account.h -- how much of the pool a connection, and a remote address, may hold.
 *
 * Three numbers decide. These are the free part of the scarcest list of buffers (core/pool.h, which
 * has the levels), the memory of the connection, and that of all connections with its address. The
 * rule:
 *
 *      While POOL_PLENTY is free there is no limit. Below, an address may hold as much as it leaves
 *      free, each way: data from it, and data to it. Half of that is for one connection.
 *
 * So shares shrink by themselves as the pool runs low, and one address leaves a third free,
 * whatever it does. N addresses together could leave 2^-N, hence the levels. Below POOL_SCARCE an
 * address that holds an eighth of the free memory gets no more, below POOL_SEND_END an address that
 * holds anything. Below POOL_SCARCE evict.c also takes unused memory back.
 *
 * Data in order keeps a promise, the window: a connection whose data the program has all read may
 * always have some, down to POOL_RESERVE. Sending ends before that, because of two ends with all
 * their memory in their send queues neither could accept data from the other.
 */
#ifndef TCP_ACCOUNT_H
#define TCP_ACCOUNT_H

#include "tcp/tcp.h"

static inline struct peer *tcp_peer(const struct leat_tcp *conn)
{
    return &conn->tcp->peers.all[conn->peer];
}

/* The free part of the scarcest list. The records of segments in flight count as a list too,
 * because a peer that acknowledges nothing holds those as well. */
uint32_t tcp_free(const struct tcp *tcp);

/* Charges data from the peer that the program has not read. Every piece counts as the more
 * expensive kind with storage. */
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

/* Charges a change of the send queue, or of the out-of-order data, which held @before. */
static inline void tcp_note_sendq(const struct leat_tcp *conn, uint32_t before)
{
    tcp_peer(conn)->out += conn->transfer->sendq.held - before;
}

static inline void tcp_note_early(const struct leat_tcp *conn, uint32_t before)
{
    tcp_peer(conn)->in += conn->transfer->reorder.held - before;
}

/* tcp_may_take_data() when memory isn't plenty. */
bool tcp_may_take_scarce_data(const struct leat_tcp *conn, bool in_order);

/* True if memory is plenty, so that no share is checked. */
static inline bool tcp_data_is_welcome(const struct leat_tcp *conn)
{
    return pool_is_plenty(&conn->tcp->stack->pool) && conn->data_pieces < INT16_MAX;
}

/* True if received data may be kept. */
static inline bool tcp_may_take_data(const struct leat_tcp *conn, bool in_order)
{
    return tcp_data_is_welcome(conn) || tcp_may_take_scarce_data(conn, in_order);
}

/* Drops the out-of-order data; the peer will retransmit it (RFC 2018 8). */
void tcp_drop_early_data(struct leat_tcp *conn);

/* Units that the send queue of @conn may grow by; 0: none now. */
uint32_t tcp_send_units(const struct leat_tcp *conn);

/* Full buffers that it may take for data to be written into. */
uint32_t tcp_scarce_pieces(const struct leat_tcp *conn);

static inline uint32_t tcp_send_pieces(const struct leat_tcp *conn)
{
    const struct leat_pool *pool = &conn->tcp->stack->pool;

    return pool_is_plenty(pool) ? pool->lists[POOL_FULL].count / 16 + 1 : tcp_scarce_pieces(conn);
}

/* Bytes that may wait for the program, from the free memory: half of it, times two thirds, because
 * a frame doesn't fill its buffer. */
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

/* The buffers that TCP holds, for leat_holdings(). */
COLD void tcp_holdings(const struct leat *stack, struct leat_holdings *holdings);

/* True if @remote_ip may have another connection: it has fewer than @most or, if @most is 0, leaves
 * enough of the table free. */
bool tcp_may_connect(const struct tcp *tcp, host_id remote_ip, uint32_t most);

#endif
