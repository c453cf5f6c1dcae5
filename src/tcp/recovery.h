/*
 * recovery.h -- fast retransmit and fast recovery without SACK (RFC 5681 3.2, RFC 6582).
 */
#ifndef TCP_RECOVERY_H
#define TCP_RECOVERY_H

#include <stdbool.h>
#include <stdint.h>

#include "tcp/congestion.h"

struct recovery {
    uint32_t recover; /* RFC 6582: highest sequence number sent when the trouble began */
    uint8_t dupacks;
    bool active;   /* between the third duplicate and the ACK of `recover` */
    bool armed;    /* `recover` means something */
    bool resend;   /* the segment at SND.UNA is to be sent again */
};

void recovery_init(struct recovery *recovery);

/* A duplicate ACK at @snd_una; @flight bytes are on their way.  True: it was the third. */
bool recovery_duplicate(struct recovery *recovery, struct congestion *congestion, uint32_t snd_una,
                        uint32_t snd_nxt, uint32_t flight);

/* An ACK that moved SND.UNA to @snd_una, by @acked; @flight: before it. */
void recovery_acked(struct recovery *recovery, struct congestion *congestion, uint32_t snd_una,
                    uint32_t acked, uint32_t flight);

/* The retransmission timer expired. */
void recovery_timed_out(struct recovery *recovery, uint32_t snd_nxt);

#endif
