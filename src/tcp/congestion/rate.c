/* rate.c -- samples of the delivery rate (draft-ietf-ccwg-bbr 4.1). */
#include "tcp/congestion/rate.h"

#include "core/second.h"
#include "tcp/congestion/seq.h"

void rate_sent(struct rate *rate, struct rate_stamp *stamp, uint32_t in_flight_bytes, bool is_first,
               uint64_t now_ns)
{
    if (is_first) /* idle time doesn't count */
        rate->first_sent_ns = rate->delivered_ns = now_ns;
    *stamp = (struct rate_stamp){
        .delivered = rate->delivered,
        .delivered_ns = rate->delivered_ns,
        .first_sent_ns = rate->first_sent_ns,
        .lost = rate->lost,
        .tx_in_flight = in_flight_bytes,
        .is_app_limited = rate->app_limited > 0,
    };
}

/* IsNewestPacket (4.1.2.3). */
static bool is_newest(const struct rate *rate, uint64_t sent_ns, uint32_t end)
{
    return !rate->any || sent_ns > rate->newest_sent_ns ||
           (sent_ns == rate->newest_sent_ns && seq_lt(rate->newest_end, end));
}

void rate_delivered(struct rate *rate, const struct rate_stamp *stamp, uint64_t sent_ns,
                    uint32_t end, uint32_t bytes, bool again)
{
    rate->delivered += bytes;
    rate->newly_acked += bytes;
    if (!is_newest(rate, sent_ns, end))
        return;
    rate->any = true;
    rate->newest = *stamp;
    rate->newest_sent_ns = sent_ns;
    rate->newest_end = end;
    rate->newest_again = again;
}

void rate_lost(struct rate *rate, const struct rate_stamp *stamp, uint32_t seq, uint32_t end)
{
    uint32_t lost;

    rate->lost += end - seq;
    rate->lost_ranges += rate->newly_lost == 0 || rate->lost_end != seq;
    rate->newly_lost += end - seq;
    rate->lost_end = end;
    lost = (uint32_t)(rate->lost - stamp->lost);
    /* the first record over the limit tells how much the path carries (5.5.10.2) */
    if (rate->excess.any || !rate_is_too_much(lost, stamp->tx_in_flight, rate->segment_bytes))
        return;
    rate->excess = (struct rate_excess){
        .any = true,
        .is_app_limited = stamp->is_app_limited,
        .bytes = end - seq,
        .tx_in_flight = stamp->tx_in_flight,
        .lost = lost,
    };
}

void rate_init(struct rate *rate, uint64_t now_ns)
{
    static const struct rate_calls calls = {rate_sent, rate_delivered, rate_lost};

    *rate = (struct rate){
        .calls = &calls,
        .delivered_ns = now_ns,
        .first_sent_ns = now_ns,
        .min_rtt_ns = UINT64_MAX,
    };
}

void rate_mark_app_limited(struct rate *rate, uint32_t in_flight_bytes)
{
    rate->app_limited = rate->delivered + in_flight_bytes;
    /* 0 means that there is no gap */
    if (rate->app_limited == 0)
        rate->app_limited = 1;
}

/* Computes the interval and the fields that depend on the newest record. */
static void measure(struct rate *rate, struct rate_sample *rs, uint64_t now_ns)
{
    /* the longer of both times counts, so that neither bunched data nor bunched ACKs make the path
     * look faster */
    const uint64_t send_ns = rate->newest_sent_ns - rate->newest.first_sent_ns;
    const uint64_t ack_ns = now_ns - rate->newest.delivered_ns;
    const uint64_t interval_ns = send_ns > ack_ns ? send_ns : ack_ns;

    rate->delivered_ns = now_ns;
    rate->first_sent_ns = rate->newest_sent_ns;
    /* the ACK of a retransmission may be for the first transmission (Karn) */
    if (!rate->newest_again) {
        rs->rtt_ns = now_ns - rate->newest_sent_ns;
        if (rs->rtt_ns < rate->min_rtt_ns)
            rate->min_rtt_ns = rs->rtt_ns;
    }
    rs->has_data = true;
    rs->is_app_limited = rate->newest.is_app_limited;
    rs->prior_delivered = rate->newest.delivered;
    rs->delivered = rate->delivered - rs->prior_delivered;
    rs->tx_in_flight = rate->newest.tx_in_flight;
    rs->lost = (uint32_t)(rate->lost - rate->newest.lost);
    /* a spurious retransmission is acknowledged too soon */
    if (interval_ns > 0 && (rate->min_rtt_ns == UINT64_MAX || interval_ns >= rate->min_rtt_ns))
        rs->delivery_rate = rs->delivered * second_ns / interval_ns;
}

struct rate_sample rate_take(struct rate *rate, uint64_t now_ns)
{
    struct rate_sample rs = {
        .newly_acked = rate->newly_acked,
        .newly_lost = rate->newly_lost,
        .lost_ranges = rate->lost_ranges,
        .excess = rate->excess,
    };

    if (rate->app_limited > 0 && rate->delivered > rate->app_limited)
        rate->app_limited = 0;
    if (rate->any)
        measure(rate, &rs, now_ns);
    rate->any = false;
    rate->newly_acked = rate->newly_lost = rate->lost_ranges = 0;
    rate->excess.any = false;
    return rs;
}
