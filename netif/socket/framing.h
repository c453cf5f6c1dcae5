/*
 * framing.h -- frames out of a stream of bytes: each behind its length, 4 bytes, big endian.
 *
 * Between two stacks of leat with `marks` set, the highest bits of the length are marks; a length
 * has 17 bits.
 *
 * Bytes come in buffers of the pool, as the kernel filled them, and leave as frames in the same
 * buffers.  A buffer that holds several frames is shared: each gets a view.  Only headers that lie
 * across two buffers are copied, because headers must lie whole in the first piece.
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
    FRAME_OVERHEAD = 14 + 4,     /* an Ethernet header with a VLAN tag */
    FRAME_LIMIT = 65535 + 14 + 4 /* no frame is longer, whatever the MTU */
};

/* Marks in the word in front of a frame. */
#define FRAME_MARKED          (UINT32_C(1) << 31) /* marks follow: in each word, or in none */
#define FRAME_NEVER_ON_A_WIRE (UINT32_C(1) << 30) /* its transport checksum was left out */

enum framing_result {
    FRAMING_FRAME,     /* a frame */
    FRAMING_MORE,      /* no whole frame is left */
    FRAMING_NO_MEMORY, /* no descriptor: the frame stays for the next call */
    FRAMING_BROKEN     /* an impossible length: the rest of the stream can't be read */
};

struct framing {
    struct leat_buf *first; /* bytes that were read and not taken: pieces, none of them empty */
    struct leat_buf *last;
    uint32_t bytes;       /* in them */
    uint32_t frame_bytes; /* length of the next frame; 0: not read yet */
    uint32_t skip_bytes;  /* remaining bytes of a frame that is dropped */
    uint32_t frame_max;   /* longer frames are dropped */
    uint32_t broken_word; /* FRAMING_BROKEN: the impossible length */
    bool marked;          /* both ends are leat's, and mark their frames */
    bool has_no_checksum; /* of the frame that comes next */
    struct leat_socket_counters *counters;
};

void leat_framing_init(struct framing *framing, uint32_t frame_max, bool marked,
                       struct leat_socket_counters *counters);

/* Appends @piece, the next bytes of the stream.  Takes it. */
void leat_framing_put(struct framing *framing, struct leat_buf *piece);

/* The next frame; it belongs to the caller.  @pool gives descriptors and room for headers. */
enum framing_result leat_framing_take(struct framing *framing, struct leat_pool *pool,
                                      struct leat_buf **frame);

/* Drops the incomplete frame, so that its buffers are free again. */
void leat_framing_give_up(struct framing *framing);

/* Frees all its buffers, for a new stream. */
void leat_framing_reset(struct framing *framing);

#endif
