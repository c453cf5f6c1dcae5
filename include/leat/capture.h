/*
 * capture.h -- reads captures frame by frame: pcap and pcapng, of either byte order, in
 * microseconds or nanoseconds, and snoop (RFC 1761), from a file, from standard input, or from a
 * function.
 *
 * Frames of other links (Linux cooked, raw IP, BSD loopback, PPP, 802.11 and so on) are returned
 * as Ethernet frames of the same packet.  One pcapng may hold several links.
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
    const uint8_t *bytes;    /**< from the Ethernet header on, which may be made up */
    uint32_t captured_bytes; /**< bytes in `bytes`; may be 0 */
    uint32_t wire_bytes;     /**< length of that frame on the wire, >= captured_bytes */
    uint32_t link_type; /**< of the file, as in the registry of LINKTYPE_ values: 1: Ethernet */
    bool is_made;       /**< `bytes` isn't what the file has: the header was made */
    enum leat_capture_direction direction; /**< in or out */
    const char *comment;                   /**< not terminated; NULL: none */
    uint32_t comment_bytes;                /**< its length */
};

struct leat_capture;

/**
 * Opens @p path; "-" is standard input.  On error @p why holds one line: the file, the offset, the
 * reason.
 * Errors: LEAT_ERR_NOT_FOUND (it can't be read), LEAT_ERR_FORMAT (no capture, or of a link that
 * isn't read), LEAT_ERR_MEMORY.
 */
enum leat_err leat_capture_open(struct leat_capture **capture, const char *path,
                                char why[LEAT_WHY_BYTES]);

/** Gives the bytes of a capture, for instance those that a compressed file holds. */
struct leat_capture_source {
    /**
     * Puts up to @p room bytes, which are more than 0, to @p to.  Returns how many, 0 at the end,
     * or -1: @p why has the reason, without a file's name.
     */
    ptrdiff_t (*read)(void *arg, uint8_t *to, size_t room, char why[LEAT_WHY_BYTES]);
    void (*close)(void *arg); /**< called once, also if opening fails; may be NULL */
    void *arg;                /**< for both */
    const char *offset_note;  /**< follows each offset in a reason, such as " (decompressed)" */
};

/** leat_capture_open() from @p source, which messages call @p name. */
enum leat_err leat_capture_open_source(struct leat_capture **capture,
                                       const struct leat_capture_source *source, const char *name,
                                       char why[LEAT_WHY_BYTES]);

/**
 * From now on frames of Ethernet lose what is between their addresses and their packet: tags of
 * 802.1Q and 802.1ad, labels of MPLS, PPPoE, SNAP.  Without this they are returned as they are.
 */
void leat_capture_unwrap(struct leat_capture *capture);

/**
 * Reads the next frame.  LEAT_ERR_NOT_FOUND: there is none, the file ends regularly.
 * LEAT_ERR_FORMAT: the file is broken here (leat_capture_why() gives the reason), or no frame was
 * of a link that is read; all further calls return the same.
 */
enum leat_err leat_capture_next(struct leat_capture *capture, struct leat_capture_frame *frame);

/** Frames that were left out. */
struct leat_capture_left_out {
    uint64_t frames;    /**< of link types that aren't read, beside others in a pcapng */
    uint32_t link_type; /**< of the first such frame */
    const char *name;   /**< of that link type, or "unknown" */
};

/** The frames left out so far. */
struct leat_capture_left_out leat_capture_left_out(const struct leat_capture *capture);

/** One line with the reason of the last error, or "". */
const char *leat_capture_why(const struct leat_capture *capture);

/** The comment of the first section header, in which recorders describe their run; or "". */
const char *leat_capture_notes(const struct leat_capture *capture);

/** Bytes read so far. */
uint64_t leat_capture_position(const struct leat_capture *capture);

/** Bytes in all; 0 if the size is unknown (a pipe, a source). */
uint64_t leat_capture_size(const struct leat_capture *capture);

/** Closes the file and frees @p capture.  NULL is allowed. */
void leat_capture_close(struct leat_capture *capture);

#ifdef __cplusplus
}
#endif
#endif
