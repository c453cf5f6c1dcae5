/*
 * player.h -- the stack plays one side of a recorded TCP flow.
 *
 * It receives the other side's recorded segments at their times, and its program writes, closes and
 * aborts when the recorded one did. Its sequence numbers are its own, so the other side's
 * acknowledgments are translated. The stack may not have sent the acknowledged data yet, for
 * example because its congestion window is smaller. Then the acknowledgment is held back, so that
 * each flow comes to its end.
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

/* The segments of one side. */
struct answers {
    uint64_t segments, acks, data_segments, retransmissions;
    uint32_t window_min, window_max; /* in bytes, of segments without a SYN */
    uint32_t highest;                /* end of the data sent so far */
};

struct player {
    const struct options *options;
    struct flow flow; /* as found in the whole capture */
    enum side side;
    struct world world;
    struct leat_tcp_listener *listener;
    struct leat_tcp *conn;
    bool has_iss, is_open, is_closed, at_end, fin_wanted, fin_done, aborted, peer_reset;
    enum leat_err why;
    uint32_t iss, snd_nxt; /* the stack's */
    uint32_t tsval;        /* its last timestamp */
    uint8_t shift;         /* window scale of its segments */
    struct packet peer;    /* the other side's last segment: the header values, without the bytes */
    bool has_peer;
    bool synchronized;   /* the recorded side has a connection, so its RST is an abort by the
                          * program */
    bool heard_odd_ack;  /* in SYN-SENT: the last ACK was for data that was never sent */
    uint32_t peer_nxt;   /* the other side's next sequence number */
    uint32_t ack_wanted; /* the highest acknowledgment it has sent, since the SYN */
    uint32_t ack_given;  /* the highest one delivered to the stack */
    uint64_t acks_held;
    bool ack_again;          /* the stack has repeated data that the other side has */
    uint64_t resets_allowed; /* after segments with a wrong checksum */
    uint64_t damaged;        /* segments with a wrong checksum, which the stack has dropped */
    struct data wrote;       /* data of the recorded side: the program's writes */
    uint32_t written;        /* bytes of it that the stack has accepted */
    uint32_t fin_at;
    struct data told;   /* data of the other side */
    uint32_t delivered; /* bytes of it that the program has received */
    FILE *out;
    struct clock clock;
    uint64_t first_ns; /* recorded */
    struct answers recorded, played;
    struct plot plot[2]; /* the data that the stack receives, and the data that it sends */
    unsigned finding_count;
    char findings[FINDINGS_MAX][FINDING_BYTES];
    uint8_t frame[PACKET_FRAME_MAX];
};

/* @memory is used by the stack, and must stay until player_close(). */
bool player_open(struct player *player, const struct options *options, const struct flow *flow,
                 enum side side, struct world_memory *memory);

/* Handles a segment of the flow, at its time. */
void player_take(struct player *player, const struct packet *packet, enum side from,
                 uint64_t recorded_ns);

/* Handles the end of the capture: runs the timers, and compares the results. */
void player_end(struct player *player);

void player_close(struct player *player);

/* ---- shared by the player's files ---------------------------------------------------------- */

/* Records a difference from the capture; the first FINDINGS_MAX are kept. */
void player_finding(struct player *player, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Compares the end with the recorded one (judge.c). */
void player_judge(struct player *player);

#endif
