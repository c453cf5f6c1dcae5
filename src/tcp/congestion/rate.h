/*
 * rate.h -- samples of the delivery rate (draft-ietf-ccwg-bbr 4.1, before that
 * draft-cheng-iccrg-delivery-rate-estimation).
 *
 * Each record of the scoreboard gets a stamp when it is sent: how much had been delivered until
 * then, and when. When it arrives, the amount delivered since and the time that this took are a
 * sample. The time is the longer of two intervals, that in which the records were sent and that in
 * which their ACKs came. So neither a burst of ours nor a burst of ACKs makes the path look faster
 * than it is.
 *
 * The scoreboard reports records that are sent, delivered and lost. rate_take() makes a sample of
 * them, once for each ACK. Names are those of the draft: C.delivered is rate.delivered, P.lost is
 * stamp.lost.
 */
#ifndef TCP_RATE_H
#define TCP_RATE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    RATE_LOSS_THRESH_PERCENT = 2 /* LossThresh (2.8): the share of a flight that may be lost */
};

/* The state when a record was last sent (4.1.2.1.2). */
struct rate_stamp {
    uint64_t delivered;
    uint64_t delivered_ns;
    uint64_t first_sent_ns;
    uint64_t lost;
    uint32_t tx_in_flight; /* with this record, all its segments */
    bool is_app_limited;
};

/* The first record whose loss exceeded LossThresh of the data in flight with it (5.5.10.2). */
struct rate_excess {
    bool any;
    bool is_app_limited;
    uint32_t bytes; /* of the record */
    uint32_t tx_in_flight;
    uint32_t lost; /* since it was sent, including it */
};

struct rate;

/* rate_sent(), rate_delivered() and rate_lost() for the scoreboard, which is linked without them.
 */
struct rate_calls {
    void (*sent)(struct rate *rate, struct rate_stamp *stamp, uint32_t in_flight_bytes,
                 bool is_first, uint64_t now_ns);
    void (*delivered)(struct rate *rate, const struct rate_stamp *stamp, uint64_t sent_ns,
                      uint32_t end, uint32_t bytes, bool again);
    void (*lost)(struct rate *rate, const struct rate_stamp *stamp, uint32_t seq, uint32_t end);
};

struct rate {
    const struct rate_calls *calls;
    uint64_t delivered;     /* bytes, since the start */
    uint64_t delivered_ns;  /* when that last grew */
    uint64_t first_sent_ns; /* when the last record delivered was sent */
    uint64_t lost;          /* bytes, since the start */
    uint64_t app_limited;   /* C.delivered when the gap will have left the path; 0: no gap */
    uint64_t min_rtt_ns;    /* C.min_rtt: minimum of all samples; UINT64_MAX: none */
    uint32_t segment_bytes; /* of a full segment; 0: losses aren't a matter of chance */
    /* delivered since the last rate_take() ... */
    struct rate_stamp newest; /* stamp of the record that was sent last */
    uint64_t newest_sent_ns;  /* when that was sent */
    uint32_t newest_end;
    bool newest_again; /* it was retransmitted, so its time doesn't count */
    bool any;
    uint32_t newly_acked;
    /* ... and lost since then */
    uint32_t newly_lost;
    uint32_t lost_ranges; /* that are not adjacent */
    uint32_t lost_end;    /* the end of the last of them */
    struct rate_excess excess;
};

/* RS (4.1.2.1.3). */
struct rate_sample {
    bool has_data;          /* something was delivered; otherwise only newly_lost is valid */
    bool is_app_limited;    /* the program had too little to send */
    uint64_t delivery_rate; /* bytes a second; 0: no reliable sample */
    uint64_t delivered;     /* in the interval */
    uint64_t prior_delivered;
    uint64_t rtt_ns; /* 0: no sample */
    uint32_t newly_acked;
    uint32_t newly_lost;
    uint32_t lost_ranges;
    uint32_t tx_in_flight; /* when the newest record was sent */
    uint32_t lost;         /* since then */
    struct rate_excess excess;
};

void rate_init(struct rate *rate, uint64_t now_ns);

/* Stamps a record that is sent, or sent again. @in_flight_bytes include it; @is_first: nothing else
 * is in flight (4.1.2.2). */
void rate_sent(struct rate *rate, struct rate_stamp *stamp, uint32_t in_flight_bytes, bool is_first,
               uint64_t now_ns);

/* Notes that @bytes of a record, which was sent at @sent_ns and ends at @end, were delivered
 * (4.1.2.3, UpdateRateSample). */
void rate_delivered(struct rate *rate, const struct rate_stamp *stamp, uint64_t sent_ns,
                    uint32_t end, uint32_t bytes, bool again);

/* Notes that the record @seq .. @end counts as lost (5.5.10.2, HandleLostPacket). */
void rate_lost(struct rate *rate, const struct rate_stamp *stamp, uint32_t seq, uint32_t end);

/* Splits the stamp of a record that is cut, with a second half of @rest_bytes. The first half was
 * sent before the rest. */
static inline void rate_split(struct rate_stamp *first, struct rate_stamp *rest,
                              uint32_t rest_bytes)
{
    *rest = *first;
    first->tx_in_flight -= first->tx_in_flight < rest_bytes ? first->tx_in_flight : rest_bytes;
}

/* Notes that the program has nothing more to send although the window allows it. Samples of the
 * data in flight, and of the next round trip, say little about the path (4.1.2.4,
 * MarkConnectionAppLimited). */
void rate_mark_app_limited(struct rate *rate, uint32_t in_flight_bytes);

/* The sample of all reports since the last call (4.1.2.3, GenerateRateSample). */
struct rate_sample rate_take(struct rate *rate, uint64_t now_ns);

/* True if @lost exceeds LossThresh of @tx_in_flight bytes by more than chance explains. The draft
 * compares with the threshold itself. But a path that loses each segment of @segment_bytes with
 * that probability exceeds it in nearly every second flight. So one standard deviation is added
 * here, the root of the expected number of lost segments. */
static inline bool rate_is_too_much(uint64_t lost, uint64_t tx_in_flight, uint32_t segment_bytes)
{
    const uint64_t borne = tx_in_flight * RATE_LOSS_THRESH_PERCENT / 100;
    const uint64_t over = lost > borne ? lost - borne : 0;

    return over * over > borne * segment_bytes;
}

#endif
