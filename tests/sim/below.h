/*
 * below.h -- the bytes of an encrypted session as TCP has them.
 *
 * They can't be computed in advance, so the watcher keeps them when it first sees them, and
 * retransmissions must be the same. If the plan wants it, a stream lies between session and TCP. It
 * does what an on-path attacker could do with the connection: end the stream in the middle, or
 * change a byte. Then the bytes are known before they are on the wire.
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
    uint8_t *sent; /* bytes given to TCP, or seen on the wire */
    bool *known;   /* which of those bytes are known */
    uint64_t len;
    uint64_t size;
    uint64_t record_at; /* the start of the last record whose header was seen */
    uint64_t record_end;
    bool again;  /* a second hello was sent behind early data, because the server asked for it */
    bool sealed; /* a record that hides its type was sent */
    bool ended;  /* TCP was closed for sending */
    bool cut;    /* ... before the session had ended */
    uint64_t lost_bytes; /* sent by the session since then */
    bool flipped;
    bool flipped_early; /* ... in early data */
};

/* The stream of @conn, for @side's session. */
struct leat_stream sim_below_open(struct sim_below *below, struct sim_side *side,
                                  struct leat_tcp *conn);

/* True if our stream lies between session and TCP. */
bool sim_below_is_between(const struct sim_side *side);

/* Notes @len bytes on the wire, beginning at @offset. False: they differ from those before, or TCP
 * was not given so many. */
bool sim_below_see(struct sim_below *below, uint64_t offset, const uint8_t *bytes, uint32_t len);

void sim_below_close(struct sim_below *below);

/* True if bytes were changed or left out: the other end must notice. */
static inline bool sim_below_harmed(const struct sim_below *below)
{
    return below->flipped || below->lost_bytes > 0;
}

#endif
