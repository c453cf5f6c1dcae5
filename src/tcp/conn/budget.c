/*
 * budget.c -- how much one connection may hold: the window that we offer, and the send queue.
 *
 * Both begin small. They grow while the connection uses them and memory is free, so that one
 * configuration suits a long path as well as a thousand connections.
 */
#include "tcp/conn/budget.h"
#include "tcp/conn/account.h"
#include "tcp/tcp.h"
#include "core/minmax.h"

enum {
    WIND_SHIFT_MAX = 14,     /* RFC 7323 2.3 */
    BEGIN_BYTES = 256 * 1024 /* the initial size of both */
};

/* ---- the window that we offer ------------------------------------------------------------- */

uint8_t tcp_wind_shift_for(uint32_t window_bytes)
{
    uint8_t shift = 0;

    while (shift < WIND_SHIFT_MAX && window_bytes >> shift > UINT16_MAX)
        shift++;
    return shift;
}

uint32_t tcp_window_begin(const struct tcp *tcp)
{
    return min32(tcp->config.receive_window_bytes, BEGIN_BYTES);
}

/* The largest window that tuning, the header field and the pool allow. */
static uint32_t window_limit(const struct leat_tcp *conn)
{
    const uint32_t share = tcp_data_share(conn);
    const uint32_t most = (uint32_t)UINT16_MAX
                          << conn->tcb.rcv_wind_shift; /* the largest value of the header field */
    const uint32_t limit = min32(conn->window_limit, most);

    return min32(share, limit);
}

/* The window that could be offered now, with @limit. */
static uint32_t window_room(const struct leat_tcp *conn, uint32_t limit)
{
    const uint32_t used = conn->data_bytes + conn->unconsumed_bytes;
    const uint32_t room = used < limit ? limit - used : 0;

    return room >> conn->tcb.rcv_wind_shift << conn->tcb.rcv_wind_shift;
}

/* Receiver's silly window avoidance (RFC 9293 3.8.6.2.2) with @limit as the buffer. On a connection
 * to ourselves a segment may be larger than the pool. */
static inline bool is_worth_it(const struct leat_tcp *conn, uint32_t room, uint32_t limit,
                               uint32_t segments)
{
    const uint32_t least = min32(limit / 2, segments * conn->mss);
    const uint32_t left = tcp_window_left(conn);

    return room > left && room - left >= least;
}

bool tcp_window_may_grow(const struct leat_tcp *conn, uint32_t segments)
{
    const uint32_t limit = window_limit(conn);

    return is_worth_it(conn, window_room(conn, limit), limit, segments);
}

void tcp_open_window_wider(struct leat_tcp *conn)
{
    const uint32_t limit = window_limit(conn);
    const uint32_t room = window_room(conn, limit);

    if (!is_worth_it(conn, room, limit, 1))
        return;
    if (room > conn->tcb.rcv_wnd)
        conn->tcb.rcv_wnd = room;
    conn->rcv_over = (uint16_t)(conn->tcb.rcv_wnd - room);
}

static void begin_round(struct leat_tcp *conn)
{
    conn->tune_end = conn->tcb.rcv_nxt + conn->tcb.rcv_wnd / 2;
    conn->tune_at = (uint32_t)(conn->tcp->stack->now_ns >> TIMER_TICK_SHIFT);
    conn->tune_consumed_bytes = 0;
}

/* The duration of the tuning round, exact below 73 minutes. After a longer round the window may
 * grow once without need. */
static uint64_t round_ns(const struct leat_tcp *conn)
{
    const uint32_t now = (uint32_t)(conn->tcp->stack->now_ns >> TIMER_TICK_SHIFT);

    return (uint64_t)(now - conn->tune_at) << TIMER_TICK_SHIFT;
}

/* True if the window limits the peer. Either half of the window took no more than two round trips,
 * or three quarters of it are used and the program has read all. The second condition is for an end
 * that isn't scheduled often: a pure receiver can't measure how long that takes. */
static bool window_limits(const struct leat_tcp *conn)
{
    return round_ns(conn) <= 2 * rtt_srtt_ns(&conn->rtt) ||
           (tcp_window_left(conn) < conn->window_limit / 4 && conn->data_bytes == 0);
}

/* Doubles the window if it limits a peer whose data the program reads in time. */
void tcp_end_tuning_round(struct leat_tcp *conn)
{
    const uint32_t most = conn->tcp->config.receive_window_bytes;

    if (window_limits(conn) && conn->tune_consumed_bytes >= conn->window_limit / 4)
        conn->window_limit = min32(2 * conn->window_limit, most);
    begin_round(conn);
}

/* ---- the send queue ----------------------------------------------------------------------- */

uint8_t tcp_send_queue_class(uint32_t bytes)
{
    uint8_t class = 0;

    while (bytes > 0 && class < TCP_SEND_CLASSES &&
           (class == 0 || (uint32_t)TCP_SEND_LEAST_BYTES / 2 << class < bytes))
        class ++;
    return class;
}

uint32_t tcp_send_limit(const struct leat_tcp *conn)
{
    const uint32_t most = tcp_send_most(conn);
    const uint32_t begin = min32(most, BEGIN_BYTES);
    /* Two windows: one in flight, and the next while its ACKs arrive. Data that waits for a hole to
     * be filled is added, or nothing new would be sent and the repair would starve. */
    const uint32_t flight = conn->tcb.snd_nxt - conn->snd_una;
    const uint32_t cwnd = min32(conn->transfer->congestion.cwnd, most / 2);
    const uint32_t wanted = min32(most, cwnd + (flight > cwnd ? min32(flight, most) : cwnd));

    if (!pool_has(&conn->tcp->stack->pool, POOL_LOW))
        return min32(most, TCP_SEND_SCARCE_BYTES);
    return wanted > begin ? wanted : begin;
}
