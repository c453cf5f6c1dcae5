/*
 * pcapng.h -- writes the blocks of a pcapng (draft-ietf-opsawg-pcapng) into memory: an Ethernet
 * interface, times in nanoseconds, the machine's byte order.  Freestanding: a unikernel uses it
 * too.
 */
#ifndef PCAP_PCAPNG_H
#define PCAP_PCAPNG_H

#include <stdint.h>

enum {
    PCAPNG_TEXT_MAX = 2048,                      /* of a comment, which is cut off there */
    PCAPNG_START_MAX = 128 + PCAPNG_TEXT_MAX,    /* leat__pcapng_start() */
    PCAPNG_FRAME_HEAD_BYTES = 28,                /* leat__pcapng_frame_head() */
    PCAPNG_FRAME_TAIL_MAX = 40 + PCAPNG_TEXT_MAX /* leat__pcapng_frame_tail() */
};

/* The numbers of the format, which enum leat_capture_direction has, too. */
enum pcapng_direction {
    PCAPNG_UNKNOWN,
    PCAPNG_IN,
    PCAPNG_OUT
};

struct pcapng_frame {
    uint64_t time_ns;
    uint32_t captured_bytes;
    uint32_t wire_bytes;
    enum pcapng_direction direction;
    const char *comment; /* NULL: none */
};

/* Section header with a comment (may be NULL) and the description of one interface; returns bytes.
 * @snap_bytes: no frame has more bytes here; 0: no limit. */
uint32_t leat__pcapng_start(uint8_t *at, const char *comment, uint32_t snap_bytes);

/* Write the parts before and behind the bytes of a frame.  The tail's length is returned. */
void leat__pcapng_frame_head(uint8_t *at, const struct pcapng_frame *frame);
uint32_t leat__pcapng_frame_tail(uint8_t *at, const struct pcapng_frame *frame);

#endif
