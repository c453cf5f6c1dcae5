/*
 * recovery.h -- what to do about losses: fast recovery, timeouts, and taking it all back.
 *
 * With SACK: RACK-TLP (RFC 8985), or RFC 6675 where that is switched off.  Without: NewReno
 * (RFC 6582), where a duplicate ACK stands for a segment that has arrived somewhere.  The window
 * during fast recovery is PRR's (RFC 9937).  A recovery that turns out to have been for nothing is
 * undone (RFC 4015): found by timestamps (Eifel, RFC 3522) or by DSACKs (RFC 3708).
 */
#ifndef TCP_RECOVERY_H
#define TCP_RECOVERY_H

#include <stdbool.h>
#include <stdint.h>

#include "tcp/math/congestion.h"
#include "tcp/math/prr.h"
#include "tcp/math/rack.h"
#include "tcp/math/scoreboard.h"
#include "tcp/math/tlp.h"
#include "core/cold.h"

enum recovery_phase {
    RECOVERY_NONE,
    RECOVERY_REDUCED, /* ECN: the window is being reduced, nothing is lost */
    RECOVERY_FAST,    /* fast recovery, until `recover` is acknowledged */
    RECOVERY_LOSS     /* after a timeout, until `recover` is acknowledged */
};

enum recovery_mode {
    RECOVERY_RACK,
    RECOVERY_SACK,   /* RFC 6675 */
    RECOVERY_NEWRENO /* the peer has no SACK */
};

struct recovery {
    uint8_t phase; /* enum recovery_phase */
    uint8_t mode;  /* enum recovery_mode */
    uint8_t dupacks;
    bool armed; /* `recover` means something after the recovery too */
    bool can_undo;
    bool has_resent_ts;
    uint8_t undos; /* lately: until undone_to is acknowledged */
    bool held;     /* the window is one segment and was marked: nothing leaves for a timeout */
    struct tlp tlp;
    struct rack rack;
    uint32_t target;    /* bytes; cwnd when the reduction is over: ssthresh, or less (ECN) */
    uint32_t recover;   /* SND.NXT when the trouble began */
    uint32_t timed_out; /* SND.UNA at the last timeout, in LOSS */
    uint32_t dup_bytes; /* NEWRENO: arrived somewhere, as duplicate ACKs say */
    struct prr prr;
    uint64_t reduced_at_ns; /* the last reduction */
    /* to take it back */
    uint32_t undone_to;
    uint32_t resent_ts;   /* TSval of the first retransmission (Eifel) */
    uint32_t undo_until;  /* when it is too late */
    uint32_t again_bytes; /* sent again, less what DSACKs say was not needed */
    struct congestion before;
};

/* What an ACK says, beside what it delivered. */
struct recovery_ack {
    uint64_t now_ns;
    uint64_t srtt_ns;
    uint64_t rtt_ns;  /* sample of this ACK; 0: none */
    uint32_t snd_una; /* after it */
    uint32_t snd_nxt;
    uint32_t flight_bytes; /* before it: SND.NXT - SND.UNA */
    uint32_t pipe_bytes;   /* before it: recovery_pipe() */
    uint32_t dsack_bytes;  /* a DSACK: what arrived twice; 0: none */
    bool duplicate;        /* RFC 5681 2 */
    bool paced;
    bool has_ecr;
    uint32_t ecr;           /* TSecr, if it has one */
    bool congestion_marked; /* ECE (RFC 3168 6.1.2) */
};

/* What came of it. */
struct recovery_result {
    bool fast; /* fast recovery was entered */
    bool undone;
    bool reduced_for_ecn;
    bool reduced_again;     /* a retransmission was lost (RFC 5681 4.3) */
    bool reduced_for_probe; /* the tail loss probe has repaired a loss (RFC 8985 7.4) */
    uint64_t look_at_ns;    /* RACK wants to look again; UINT64_MAX: no */
};

void recovery_init(struct recovery *recovery, enum recovery_mode mode);

/* Bytes believed to be on their way. */
uint32_t recovery_pipe(const struct recovery *recovery, const struct scoreboard *board);

/* True if nothing is, or was lately, suspected to be lost or marked.  Then an ACK of all that is in
 * flight, without a DSACK or a mark, asks nothing of recovery: rack_delivered() and the congestion
 * window are all that hear of it. */
static inline bool recovery_is_open(const struct recovery *recovery)
{
    return recovery->phase == RECOVERY_NONE && recovery->mode == RECOVERY_RACK &&
           !recovery->can_undo && !recovery->armed && !recovery->tlp.out;
}

/* An acceptable ACK came; the scoreboard knows it already. */
struct recovery_result recovery_acked(struct recovery *recovery, struct scoreboard *board,
                                      struct congestion *congestion, const struct recovery_ack *ack,
                                      const struct delivered *delivered);

/* RACK's reordering timer fired: losses without an ACK.  Result as above. */
COLD struct recovery_result recovery_look(struct recovery *recovery, struct scoreboard *board,
                                          struct congestion *congestion,
                                          const struct recovery_ack *ack);

/* The retransmission timer fired: all is lost (RFC 6298 5.4-5.6, RFC 5681 3.1). */
COLD void recovery_timed_out(struct recovery *recovery, struct scoreboard *board,
                             struct congestion *congestion, const struct recovery_ack *ack);

/* @bytes left; @again: they had left before, now with timestamp @tsval if @has_ts. */
void recovery_sent(struct recovery *recovery, uint32_t bytes, bool again, bool has_ts,
                   uint32_t tsval);

#endif
