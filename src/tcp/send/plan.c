/* plan.c -- decides how much new data is sent as a segment or a super-frame (RFC 9293
 * 3.8.6.2.1). */
#include "tcp/congestion/seq.h"
#include "tcp/send/output.h"
#include "core/minmax.h"

/* True if a segment that is shorter than it could be need not wait for more data. */
static bool short_segment_may_go(const struct leat_tcp *conn, const struct plan *plan,
                                 uint32_t queued)
{
    if (plan->data_bytes == queued && /* all there is, and Nagle (RFC 1122 4.2.3.4) agrees */
        (plan->fin || !conn->transfer->scoreboard.first || (conn->flags & CONN_NODELAY)))
        return true;
    /* sender's silly window avoidance: RFC 9293 3.8.6.2.1 (3) */
    return plan->data_bytes >= conn->snd_wnd_max / 2;
}

/* The whole segments in @bytes or, if it is less than one, all of it. */
static uint32_t whole_segments(const struct leat_tcp *conn, uint32_t bytes)
{
    return bytes > conn->mss ? bytes - bytes % conn->mss : bytes;
}

bool tcp_plan_new(const struct leat_tcp *conn, uint32_t room, uint32_t most, struct plan *plan)
{
    const uint32_t data_end = tcp_data_end(conn);
    const uint32_t snd_nxt = conn->tcb.snd_nxt;
    const uint32_t queued = tcp_unsent_bytes(conn);
    const uint32_t usable = min32(room, tcp_peer_room(conn));

    plan->seq = snd_nxt;
    plan->data_bytes = whole_segments(conn, min32(min32(queued, usable), most));
    plan->segment_bytes = plan->data_bytes > conn->mss ? conn->mss : 0;
    plan->fin = tcp_fin_waits(conn) && seq_le(snd_nxt, data_end) && plan->data_bytes == queued &&
                plan->data_bytes < usable;
    if (plan->data_bytes == 0)
        return plan->fin;
    return plan->data_bytes >= conn->mss || short_segment_may_go(conn, plan, queued);
}
