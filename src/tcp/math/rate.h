/*
 * rate.h -- how fast the path delivers: samples of the delivery rate (draft-ietf-ccwg-bbr 4.1,
 * before that draft-cheng-iccrg-delivery-rate-estimation).
 *
 * Each record of the scoreboard gets a stamp when it leaves: how much had been delivered until
 * then, and when.  When it arrives, what was delivered in between, and the time that this took, is
 * a sample.  The time is the longer one of how long the records took to leave and their ACKs to
 * come: neither a burst of ours nor a burst of ACKs makes the path look faster than it is.
 *
 * The scoreboard tells of what leaves, arrives and is lost; rate_take() makes a sample of it, once
 * for each ACK.  Names are those of the draft: C.delivered is rate.delivered, P.lost is stamp.lost.
 */
#ifndef TCP_RATE_H
#define TCP_RATE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    RATE_LOSS_THRESH_PERCENT = 2 /* LossThresh (2.8): what is lost of a flight, at most */
};

/* What a record remembers of the time when it last left (4.1.2.1.2). */
struct rate_stamp {
    uint64_t delivered;
    uint64_t delivered_ns;
    uint64_t first_sent_ns;
    uint64_t lost;
    uint32_t tx_in_flight; /* with this record; of all its segments */
    bool is_app_limited;
};

/* The record of which loss first exceeded LossThresh of what was in flight with it (5.5.10.2). */
struct rate_excess {
    bool any;
    bool is_app_limited;
    uint32_t bytes; /* of the record */
    uint32_t tx_in_flight;
    uint32_t lost; /* since it left, with it */
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
    uint64_t delivered;     /* bytes, ever */
    uint64_t delivered_ns;  /* when that last grew */
    uint64_t first_sent_ns; /* when the record left that was delivered last */
    uint64_t lost;          /* bytes, ever */
    uint64_t app_limited;   /* C.delivered when the gap will have left the path; 0: there is none */
    uint64_t min_rtt_ns;    /* C.min_rtt: of all samples; UINT64_MAX: none */
    /* since the last rate_take(): what was delivered ... */
    struct rate_stamp newest; /* of the record that left last, ... */
    uint64_t newest_sent_ns;  /* then */
    uint32_t newest_end;
    bool newest_again; /* more than once, so its time says nothing */
    bool any;
    uint32_t newly_acked;
    /* ... and lost */
    uint32_t newly_lost;
    uint32_t lost_ranges; /* that don't touch */
    uint32_t lost_end;    /* where the last of them ends */
    struct rate_excess excess;
};

/* RS (4.1.2.1.3). */
struct rate_sample {
    bool has_data;          /* something was delivered: else only newly_lost means something */
    bool is_app_limited;    /* the program had too little to send */
    uint64_t delivery_rate; /* bytes a second; 0: no reliable sample */
    uint64_t delivered;     /* in the interval */
    uint64_t prior_delivered;
    uint64_t rtt_ns; /* 0: no sample */
    uint32_t newly_acked;
    uint32_t newly_lost;
    uint32_t lost_ranges;
    uint32_t tx_in_flight; /* when what has just arrived left */
    uint32_t lost;         /* since then */
    struct rate_excess excess;
};

void rate_init(struct rate *rate, uint64_t now_ns);

/* A record leaves, or leaves again; @in_flight_bytes with it, and without it none if @is_first
 * (4.1.2.2). */
void rate_sent(struct rate *rate, struct rate_stamp *stamp, uint32_t in_flight_bytes, bool is_first,
               uint64_t now_ns);

/* @bytes of a record that left at @sent_ns and ends at @end have arrived (4.1.2.3,
 * UpdateRateSample). */
void rate_delivered(struct rate *rate, const struct rate_stamp *stamp, uint64_t sent_ns,
                    uint32_t end, uint32_t bytes, bool again);

/* The record @seq .. @end is believed to be lost (5.5.10.2, HandleLostPacket). */
void rate_lost(struct rate *rate, const struct rate_stamp *stamp, uint32_t seq, uint32_t end);

/* The first half of a record that is cut, its second half @rest_bytes long: it left before the
 * rest did. */
static inline void rate_split(struct rate_stamp *first, struct rate_stamp *rest,
                              uint32_t rest_bytes)
{
    *rest = *first;
    first->tx_in_flight -= first->tx_in_flight < rest_bytes ? first->tx_in_flight : rest_bytes;
}

/* The program has nothing more to send, though it might: what is in flight, and what follows for a
 * round trip, says little about the path (4.1.2.4, MarkConnectionAppLimited). */
void rate_mark_app_limited(struct rate *rate, uint32_t in_flight_bytes);

/* The sample of all that was heard since the last call (4.1.2.3, GenerateRateSample). */
struct rate_sample rate_take(struct rate *rate, uint64_t now_ns);

/* True if of @tx_in_flight bytes more than LossThresh was @lost. */
static inline bool rate_is_too_much(uint64_t lost, uint64_t tx_in_flight)
{
    return lost * 100 > tx_in_flight * RATE_LOSS_THRESH_PERCENT;
}

#endif
