/* budget.h -- how much one connection may hold: the window that we offer, and the send queue. */
#ifndef TCP_BUDGET_H
#define TCP_BUDGET_H

#include "tcp/congestion/seq.h"
#include "tcp/tcp.h"

enum {
    TCP_SEND_LEAST_BYTES = 2 * 1024,  /* the smallest limit that a program may choose */
    TCP_SEND_CLASSES = 15,            /* powers of two from there */
    TCP_SEND_SCARCE_BYTES = 64 * 1024 /* limit while memory is scarce */
};

/* The open window without what rounding has added to rcv_wnd. */
static inline uint32_t tcp_window_left(const struct leat_tcp *conn)
{
    return conn->tcb.rcv_wnd > conn->rcv_over ? conn->tcb.rcv_wnd - conn->rcv_over : 0;
}

/* False if the window, opened to its limit, would move by less than a segment and less than half of
 * the limit. That is so after most segments, and saves the other checks. */
static inline bool tcp_window_has_moved(const struct leat_tcp *conn)
{
    const uint32_t half = conn->window_limit / 2;
    const uint32_t least = conn->mss < half ? conn->mss : half;

    return conn->window_limit >=
           conn->data_bytes + conn->unconsumed_bytes + tcp_window_left(conn) + least;
}

/* The general part of tcp_open_window() and tcp_window_would_open(). */
void tcp_open_window_wider(struct leat_tcp *conn);
bool tcp_window_may_grow(const struct leat_tcp *conn, uint32_t segments);

/* Opens the window as far as there is room, if the gain is large enough. */
static inline void tcp_open_window(struct leat_tcp *conn)
{
    if (tcp_window_has_moved(conn))
        tcp_open_window_wider(conn);
}

/* True if tcp_open_window() would open it, and the gain is worth a window update. */
static inline bool tcp_window_would_open(const struct leat_tcp *conn)
{
    return tcp_window_left(conn) < conn->window_limit / 2 && tcp_window_may_grow(conn, 2);
}

/* The shift for a window of @window_bytes (RFC 7323 2.3). */
uint8_t tcp_wind_shift_for(uint32_t window_bytes);

/* The window that a new connection offers. */
uint32_t tcp_window_begin(const struct tcp *tcp);

/* Ends a round of tcp_tune_window(). */
void tcp_end_tuning_round(struct leat_tcp *conn);

/* Notes that the program has consumed @consumed_bytes; the window grows if they come fast
 * enough. */
static inline void tcp_tune_window(struct leat_tcp *conn, uint32_t consumed_bytes)
{
    conn->tune_consumed_bytes += consumed_bytes;
    if (!seq_lt(conn->tcb.rcv_nxt, conn->tune_end) && !(conn->flags & CONN_FIN_KNOWN))
        tcp_end_tuning_round(conn);
}

/* conn->send_queue for a limit of @bytes: half of TCP_SEND_LEAST_BYTES, doubled that many times. */
COLD uint8_t tcp_send_queue_class(uint32_t bytes);

/* The largest limit of the send queue, bytes. */
static inline uint32_t tcp_send_most(const struct leat_tcp *conn)
{
    return conn->send_queue == 0 ? conn->tcp->config.send_queue_bytes
                                 : (uint32_t)TCP_SEND_LEAST_BYTES / 2 << conn->send_queue;
}

/* The limit of the send queue now, bytes. */
uint32_t tcp_send_limit(const struct leat_tcp *conn);

/* A lower bound of tcp_send_limit() that is cheap to compute. */
static inline uint32_t tcp_send_limit_least(const struct leat_tcp *conn)
{
    const uint32_t most = tcp_send_most(conn);

    return most < TCP_SEND_SCARCE_BYTES ? most : TCP_SEND_SCARCE_BYTES;
}

#endif
