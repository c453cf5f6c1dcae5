/* budget.h -- what one connection may hold: the window that we offer, and the send queue. */
#ifndef TCP_BUDGET_H
#define TCP_BUDGET_H

#include "tcp/tcp.h"

/* True if @parts / @of of the pool's full-sized buffers are free.  No division: it is asked for
 * each segment. */
bool tcp_pool_has_free(const struct leat_tcp *conn, uint32_t parts, uint32_t of);

/* What the window as it was meant still lets in: rcv_wnd without what rounding has added. */
static inline uint32_t tcp_window_left(const struct leat_tcp *conn)
{
    return conn->tcb.rcv_wnd > conn->rcv_over ? conn->tcb.rcv_wnd - conn->rcv_over : 0;
}

/* Opens the window as far as there is room and it is worth it. */
void tcp_open_window(struct leat_tcp *conn);

/* True if tcp_open_window() would. */
bool tcp_window_would_open(const struct leat_tcp *conn);

/* The shift that a window of so many bytes needs (RFC 7323 2.3). */
uint8_t tcp_wind_shift_for(uint32_t window_bytes);

/* The window that a new connection offers. */
uint32_t tcp_window_begin(const struct tcp *tcp);

/* The program gave back @consumed_bytes: perhaps the window should be larger. */
void tcp_tune_window(struct leat_tcp *conn, uint32_t consumed_bytes);

/* Text that the send queue may hold now, bytes. */
uint32_t tcp_send_limit(const struct leat_tcp *conn);

/* It is never less than this, which costs less to find out. */
uint32_t tcp_send_limit_least(const struct leat_tcp *conn);

#endif
