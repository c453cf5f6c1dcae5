/*
 * recovery.h -- the response to losses: fast recovery, timeouts, and undoing spurious ones.
 *
 * With SACK, losses are found by RACK-TLP (RFC 8985), or by RFC 6675 if RACK is switched off.
 * Without SACK by NewReno (RFC 6582), in which a duplicate ACK stands for a segment that has
 * arrived. PRR sets the window during fast recovery (RFC 9937). A spurious recovery is undone (RFC
 * 4015); it is recognized by timestamps (Eifel, RFC 3522) or by DSACKs (RFC 3708).
 */
#ifndef TCP_RECOVERY_H
#define TCP_RECOVERY_H

#include <stdbool.h>
#include <stdint.h>

#include "tcp/congestion/congestion.h"
#include "tcp/congestion/prr.h"
#include "tcp/congestion/rack.h"
#include "tcp/congestion/scoreboard.h"
#include "tcp/congestion/tlp.h"
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
    union {
        struct {
            uint8_t phase; /* enum recovery_phase */
            uint8_t mode;  /* enum recovery_mode */
            bool armed;    /* `recover` is valid after the recovery too */
            bool can_undo;
        };
        uint32_t unusual; /* these four, which recovery_is_open() reads together */
    };
    uint8_t dupacks;
    bool has_resent_ts;
    uint8_t undos; /* recent ones, until undone_to is acknowledged */
    bool held;     /* the window is one segment and was marked: nothing is sent for a timeout */
    struct tlp tlp;
    struct rack rack;
    uint32_t target;    /* bytes; cwnd after the reduction: ssthresh, or less (ECN) */
    uint32_t recover;   /* SND.NXT when the recovery began */
    uint32_t timed_out; /* SND.UNA at the last timeout, in LOSS */
    uint32_t dup_bytes; /* NEWRENO: delivered, judging by duplicate ACKs */
    struct prr prr;
    uint64_t reduced_at_ns; /* the time of the last reduction */
    /* for undo */
    uint32_t undone_to;
    uint32_t resent_ts;  /* TSval of the first retransmission (Eifel) */
    uint32_t undo_until; /* SND.NXT at the end of the recovery: undo ends when it is acknowledged */
    uint32_t again_bytes; /* retransmitted, less the bytes that DSACKs report as duplicate */
    struct congestion before;
};

/* The contents of an ACK, except the data that it delivers. */
struct recovery_ack {
    uint64_t now_ns;
    uint64_t srtt_ns;
    uint64_t rtt_ns;  /* sample of this ACK; 0: none */
    uint32_t snd_una; /* after the ACK */
    uint32_t snd_nxt;
    uint32_t flight_bytes; /* before the ACK: SND.NXT - SND.UNA */
    uint32_t pipe_bytes;   /* before the ACK: recovery_pipe() */
    uint32_t dsack_bytes;  /* bytes that a DSACK reports; 0: none */
    bool duplicate;        /* RFC 5681 2 */
    bool paced;
    bool has_ecr;
    uint32_t ecr;           /* TSecr, if has_ecr */
    bool congestion_marked; /* ECE (RFC 3168 6.1.2) */
};

/* The results of an ACK or a timeout. */
struct recovery_result {
    bool fast; /* fast recovery was entered */
    bool undone;
    bool reduced_for_ecn;
    bool reduced_again;     /* a retransmission was lost (RFC 5681 4.3) */
    bool reduced_for_probe; /* the tail loss probe has repaired a loss (RFC 8985 7.4) */
    uint64_t look_at_ns;    /* when RACK checks again; UINT64_MAX: not */
};

void recovery_init(struct recovery *recovery, enum recovery_mode mode);

/* Bytes that are estimated to be in flight. */
uint32_t recovery_pipe(const struct recovery *recovery, const struct scoreboard *board);

/* True if no loss or mark is, or was recently, suspected. Then an ACK of everything in flight,
 * without a DSACK or a mark, needs no recovery, only rack_delivered() and congestion control. */
static inline bool recovery_is_open(const struct recovery *recovery)
{
    _Static_assert(RECOVERY_NONE == 0 && RECOVERY_RACK == 0, "then `unusual` is 0");

    return recovery->unusual == 0 && !recovery->tlp.out;
}

/* Handles an acceptable ACK, after the scoreboard has. */
struct recovery_result recovery_acked(struct recovery *recovery, struct scoreboard *board,
                                      struct congestion *congestion, const struct recovery_ack *ack,
                                      const struct delivered *delivered);

/* Looks for losses without an ACK, when RACK's reordering timer expires. Result as above. */
COLD struct recovery_result recovery_look(struct recovery *recovery, struct scoreboard *board,
                                          struct congestion *congestion,
                                          const struct recovery_ack *ack);

/* Marks everything lost when the retransmission timer expires (RFC 6298 5.4-5.6, RFC 5681 3.1). */
COLD void recovery_timed_out(struct recovery *recovery, struct scoreboard *board,
                             struct congestion *congestion, const struct recovery_ack *ack);

/* Notes that @bytes were sent; @again: retransmitted, with timestamp @tsval if @has_ts. */
void recovery_sent(struct recovery *recovery, uint32_t bytes, bool again, bool has_ts,
                   uint32_t tsval);

#endif
