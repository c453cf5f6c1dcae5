/*
 * player.h -- the stack plays one side of a recorded TCP flow.
 *
 * It hears the other side's recorded segments at their times, and its program writes, closes and
 * aborts when the recorded one did.  Its sequence numbers are its own: the other side's
 * acknowledgments are translated.  One of data that the stack has not sent yet (its congestion
 * window is smaller, say) is held back until it has, so that each flow comes to its end.
 */
#ifndef REPLAY_PLAYER_H
#define REPLAY_PLAYER_H

#include "clock.h"
#include "flows.h"
#include "options.h"
#include "plot.h"
#include "data.h"
#include "world.h"

enum {
    FINDINGS_MAX = 8,
    FINDING_BYTES = 160
};

/* How one side answered. */
struct answers {
    uint64_t segments, acks, data_segments, retransmissions;
    uint32_t window_min, window_max; /* bytes, of segments without a SYN */
    uint32_t highest;                /* end of the data sent so far */
};

struct player {
    const struct options *options;
    struct flow flow; /* as the whole capture tells it */
    enum side side;
    struct world world;
    struct leat_tcp_listener *listener;
    struct leat_tcp *conn;
    bool has_iss, is_open, is_closed, at_end, fin_wanted, fin_done, aborted, peer_reset;
    enum leat_err why;
    uint32_t iss, snd_nxt; /* the stack's */
    uint32_t tsval;        /* its last timestamp */
    uint8_t shift;         /* of its windows */
    struct packet peer;    /* the other side's last segment: the values, not the bytes */
    bool has_peer;
    bool synchronized;   /* the recorded side has a connection: what it resets is the program's */
    bool heard_odd_ack;  /* in SYN-SENT: of what it never sent */
    uint32_t peer_nxt;   /* the other side's next sequence number */
    uint32_t ack_wanted; /* the highest it acknowledged, since the SYN */
    uint32_t ack_given;  /* the highest the stack was told */
    uint64_t acks_held;
    bool ack_again;    /* the stack repeats what the other side has */
    uint64_t damaged;  /* segments with a wrong checksum, which the stack did not take */
    struct data wrote; /* what the recorded side sent: the program's writes */
    uint32_t written;  /* of these: taken by the stack */
    uint32_t fin_at;
    struct data told;   /* what the other side sent */
    uint32_t delivered; /* of these: received by the program */
    FILE *out;
    struct clock clock;
    uint64_t first_ns; /* recorded */
    struct answers recorded, played;
    struct plot plot[2]; /* data that the stack gets, data that it sends */
    unsigned finding_count;
    char findings[FINDINGS_MAX][FINDING_BYTES];
    uint8_t frame[PACKET_FRAME_MAX];
};

/* @memory: the stack's; it must stay until player_close(). */
bool player_open(struct player *player, const struct options *options, const struct flow *flow,
                 enum side side, struct world_memory *memory);

/* A segment of the flow, at its time. */
void player_take(struct player *player, const struct packet *packet, enum side from,
                 uint64_t recorded_ns);

/* The capture is over: lets timers run, and judges. */
void player_end(struct player *player);

void player_close(struct player *player);

/* ---- between the player's files ----------------------------------------------------------- */

/* Something is not as recorded; the first FINDINGS_MAX are kept. */
void player_finding(struct player *player, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Compares the end with the recorded one (judge.c). */
void player_judge(struct player *player);

#endif
