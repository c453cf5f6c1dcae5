/*
 * hystart.h -- HyStart++: leaves slow start when round trips get longer, before a loss (RFC 9406).
 */
#ifndef TCP_HYSTART_H
#define TCP_HYSTART_H

#include <stdbool.h>
#include <stdint.h>

struct hystart {
    uint64_t last_min_ns;    /* lastRoundMinRTT */
    uint64_t current_min_ns; /* currentRoundMinRTT */
    uint64_t css_base_ns;    /* cssBaselineMinRtt */
    uint32_t window_end;     /* the round ends when this number is acknowledged */
    uint8_t samples;         /* rttSampleCount */
    uint8_t css_rounds;
    bool in_css; /* conservative slow start */
    bool in_round;
};

void hystart_init(struct hystart *hystart);

/* Handles an ACK in slow start. @rtt_ns: 0 if it gives no sample. True: slow start is over. */
bool hystart_acked(struct hystart *hystart, uint32_t snd_una, uint32_t snd_nxt, uint64_t rtt_ns);

/* The divisor of the window's growth: 1, or 4 in conservative slow start. */
uint32_t hystart_divisor(const struct hystart *hystart);

#endif
