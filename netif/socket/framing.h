/*
 * framing.h -- frames out of a stream of bytes: each behind its length, 4 bytes, big endian.
 *
 * Between two leats that were told so the highest bits of the length are marks; a length has 17.
 *
 * Bytes come in buffers of the pool, as the kernel filled them, and leave as frames in the same
 * buffers.  A buffer that holds several frames is shared: each gets a view.  What is copied is a
 * head of headers that lies across two buffers, since headers must lie whole in the first piece.
 */
#ifndef SOCKET_FRAMING_H
#define SOCKET_FRAMING_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/buf.h>
#include <leat/socket.h>

enum {
    FRAME_LENGTH_BYTES = 4,
    FRAME_MIN = 14,              /* an Ethernet header */
    FRAME_OVERHEAD = 14 + 4,     /* the same, and a VLAN tag */
    FRAME_LIMIT = 65535 + 14 + 4 /* no frame is longer, whatever the MTU */
};

/* Of the word in front of a frame. */
#define FRAME_MARKED          (UINT32_C(1) << 31) /* marks follow: in each word, or in none */
#define FRAME_NEVER_ON_A_WIRE (UINT32_C(1) << 30) /* its transport checksum was left out */

enum framing_result {
    FRAMING_FRAME,     /* there it is */
    FRAMING_MORE,      /* all is taken that is whole */
    FRAMING_NO_MEMORY, /* no descriptor: it stays for the next time */
    FRAMING_BROKEN     /* a word that no frame has: nothing behind it can be read */
};

struct framing {
    struct leat_buf *first; /* bytes that were read and not taken: pieces, none of them empty */
    struct leat_buf *last;
    uint32_t bytes;       /* in them */
    uint32_t frame_bytes; /* of the frame that comes next, whose length was read; 0: it wasn't */
    uint32_t skip_bytes;  /* still to come of a frame that is thrown away */
    uint32_t frame_max;   /* longer ones are thrown away */
    uint32_t broken_word; /* FRAMING_BROKEN: what the stream said */
    bool marked;          /* both ends are leat's, and mark their frames */
    bool has_no_checksum; /* of the frame that comes next */
    struct leat_socket_counters *counters;
};

void leat_framing_init(struct framing *framing, uint32_t frame_max, bool marked,
                       struct leat_socket_counters *counters);

/* Appends @piece, which holds what the stream goes on with.  Takes it. */
void leat_framing_put(struct framing *framing, struct leat_buf *piece);

/* The next frame, which the caller then owns.  @pool gives descriptors and room for heads. */
enum framing_result leat_framing_take(struct framing *framing, struct leat_pool *pool,
                                      struct leat_buf **frame);

/* Gives up the frame that is on its way, so that the buffers which it holds are free again. */
void leat_framing_give_up(struct framing *framing);

/* Frees what it holds, as for a new stream. */
void leat_framing_reset(struct framing *framing);

#endif
