/*
 * below.h -- what lies below an encrypted session: the bytes that TCP has of it.
 *
 * Nobody can read them, so the watcher keeps what it sees first, and what comes again must be the
 * same.  Where the plan wants it TCP hides behind a stream that does what an attacker on the way
 * could who knows the connection: it ends the stream in the middle, or changes a byte.  What TCP
 * was given is known then before the wire has it.
 */
#ifndef SIM_BELOW_H
#define SIM_BELOW_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/stream.h>

struct sim_side;

struct sim_below {
    struct sim_side *side;
    struct leat_tcp *conn;
    uint8_t *sent; /* what TCP was given, or is known to have sent */
    bool *known;   /* which bytes of that */
    uint64_t len;
    uint64_t size;
    uint64_t record_at; /* where the last record whose header was seen begins */
    uint64_t record_end;
    bool again;  /* a hello was sent behind early data, for a server that wants another one */
    bool sealed; /* a record of those that hide their type was sent */
    bool ended;  /* TCP was told that no more comes */
    bool cut;    /* ... though the session had not ended */
    uint64_t lost_bytes; /* that the session has sent since then */
    bool flipped;
    bool flipped_early; /* ... in early data */
};

/* The stream of @conn, for @side's session. */
struct leat_stream sim_below_open(struct sim_below *below, struct sim_side *side,
                                  struct leat_tcp *conn);

/* True if TCP hides behind a stream of ours. */
bool sim_below_is_between(const struct sim_side *side);

/* @len bytes are on the wire that begin at @offset.  False: others were there before, or TCP has not
 * been given so many. */
bool sim_below_see(struct sim_below *below, uint64_t offset, const uint8_t *bytes, uint32_t len);

void sim_below_close(struct sim_below *below);

/* Something was changed or left out: the other end must notice. */
static inline bool sim_below_harmed(const struct sim_below *below)
{
    return below->flipped || below->lost_bytes > 0;
}

#endif
