/*
 * flows.h -- assigns segments to TCP flows.
 *
 * Flows are numbered from 0 in the order of their first segments; a SYN with another sequence
 * number on the same ports begins a new one. The table holds the FLOWS_MAX youngest.
 */
#ifndef REPLAY_FLOWS_H
#define REPLAY_FLOWS_H

#include <stdbool.h>
#include <stdint.h>

#include "packet.h"

enum {
    FLOWS_MAX = 4096 /* a power of two */
};

enum side {
    CLIENT,
    SERVER
};

/* One side of a flow, from its segments. */
struct flow_side {
    struct leat_endpoint endpoint;
    bool has_syn, has_fin, has_rst;
    bool wind_shift, sack, ts, ecn; /* options of its SYN */
    uint8_t shift;                  /* shift of its window scale option */
    uint32_t iss;
    uint32_t rst_bytes;         /* data of a RST, which is no part of the stream */
    uint32_t end;               /* bytes of data up to the highest sequence number, or to the FIN */
    uint64_t frames;            /* whole segments */
    uint64_t cut;               /* segments that the capture has truncated */
    uint64_t wrong, unfinished; /* checksums of whole segments: enum packet_sum */
    uint64_t data_frames;
    uint64_t data_bytes; /* bytes of data in all segments, including repeated data */
};

struct flow {
    struct flow *next; /* next in its bucket */
    uint32_t number;
    uint32_t slot;
    bool used;
    struct flow_side side[2];
    void *user; /* for the table's user */
};

struct flows {
    struct flow flow[FLOWS_MAX];
    struct flow *buckets[FLOWS_MAX];
    uint32_t count; /* number of flows so far */
    /* Called before a flow is dropped from the table. */
    void (*on_end)(void *arg, struct flow *flow);
    void *arg;
};

/* Finds or adds the flow of @packet, and the side that sent it. Counts the segment. */
struct flow *flows_find(struct flows *flows, const struct packet *packet, enum side *from);

/* The same for a segment that the capture has truncated; NULL: it has no ends. */
struct flow *flows_note_cut(struct flows *flows, const struct packet *packet);

enum {
    FLOW_WHY_BYTES = 160
};

/* Says why a flow can't be played; NULL: it can. */
const char *flow_why_not(const struct flow *flow, char why[FLOW_WHY_BYTES]);

/* Drops all flows, the oldest first. */
void flows_end(struct flows *flows);

/* "10.0.0.1:80"; returns @text. */
char *endpoint_text(const struct leat_endpoint *endpoint, char text[LEAT_ENDPOINT_TEXT_BYTES]);

#endif
