/*
 * capture.h -- reads captures frame by frame: pcap and pcapng, of either byte order, in
 * microseconds or nanoseconds, from a file or from standard input.
 *
 * The reader trusts no length in the file.  It never holds more than one block and 16 MiB, however
 * large the file is, and reports where a broken file breaks.
 */
#ifndef LEAT_CAPTURE_H
#define LEAT_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/err.h>
#include <leat/posix.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Longest frame of a capture that is read or written, bytes: libpcap's own limit. */
#define LEAT_CAPTURE_FRAME_MAX 262144u

/** Bytes of a section's comment that are kept, the final NUL included. */
#define LEAT_CAPTURE_NOTES_BYTES 4096u

/** The direction of a frame, as seen by the recording host; only pcapng has it. */
enum leat_capture_direction {
    LEAT_CAPTURE_UNKNOWN,
    LEAT_CAPTURE_IN, /**< received */
    LEAT_CAPTURE_OUT /**< sent */
};

/** A frame of a capture; the pointers are valid until the next call. */
struct leat_capture_frame {
    uint64_t number;         /**< the first is 1 */
    uint64_t offset;         /**< of its record in the file, bytes */
    uint64_t time_ns;        /**< as written; a capture may go back in time */
    const uint8_t *bytes;    /**< from the Ethernet header on */
    uint32_t captured_bytes; /**< bytes in `bytes`; may be 0 */
    uint32_t wire_bytes;     /**< length of the frame on the wire, >= captured_bytes */
    enum leat_capture_direction direction; /**< in or out */
    const char *comment;                   /**< not terminated; NULL: none */
    uint32_t comment_bytes;                /**< its length */
};

struct leat_capture;

/**
 * Opens @p path; "-" is standard input.  On error @p why holds one line: the file, the offset, the
 * reason.
 * Errors: LEAT_ERR_NOT_FOUND (it can't be read), LEAT_ERR_FORMAT (no capture, or not of Ethernet),
 * LEAT_ERR_MEMORY.
 */
enum leat_err leat_capture_open(struct leat_capture **capture, const char *path,
                                char why[LEAT_WHY_BYTES]);

/**
 * Reads the next frame.  LEAT_ERR_NOT_FOUND: there is none, the file ends regularly.
 * LEAT_ERR_FORMAT: the file is broken here (leat_capture_why() gives the reason); all further calls
 * return the same.
 */
enum leat_err leat_capture_next(struct leat_capture *capture, struct leat_capture_frame *frame);

/** One line with the reason of the last error, or "". */
const char *leat_capture_why(const struct leat_capture *capture);

/** The comment of the first section header, in which recorders describe their run; or "". */
const char *leat_capture_notes(const struct leat_capture *capture);

/** Bytes read so far. */
uint64_t leat_capture_position(const struct leat_capture *capture);

/** Bytes in all; 0 if the size is unknown (a pipe). */
uint64_t leat_capture_size(const struct leat_capture *capture);

/** Closes the file and frees @p capture.  NULL is allowed. */
void leat_capture_close(struct leat_capture *capture);

#ifdef __cplusplus
}
#endif
#endif
