/*
 * pcap.h -- captures: a recorder around any backend, and a backend that replays a capture under
 * its own clock.
 *
 * The recorder writes pcapng: times in nanoseconds, the direction of each frame, and the reason of
 * its drop if that is known.  The section's header has the program's notes about its run.  Times
 * are the stack's: all frames of one leat_poll() have the same time, and a poll without frames is
 * recorded as a frame of no bytes.  So a recording shows which frames the stack saw together, when
 * it answered, and when its timers ran.
 */
#ifndef LEAT_PCAP_H
#define LEAT_PCAP_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/abi.h>
#include <leat/host.h>
#include <leat/netif.h>
#include <leat/posix.h>
#include <leat/stats.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat_pcap_recorder;

/**
 * Wraps @p inner: every frame in and out is written to the new file @p path, and then passed on.
 * Closing the recorder (leat_close() does it) closes @p inner.  A path that ends in ".pcap" gets a
 * nanosecond pcap, which holds frames and times only.
 *
 * @p notes: text for the section's header, such as the stack's seed and configuration; up to 2 KiB,
 * may be NULL.
 * Errors: LEAT_ERR_DEVICE (@p why holds the file and the reason), LEAT_ERR_MEMORY.
 */
enum leat_err leat_pcap_recorder_open(struct leat_pcap_recorder **recorder,
                                      struct leat_netif *inner, const char *path, const char *notes,
                                      char why[LEAT_WHY_BYTES]);

/**
 * Gives the recorder the stack's counters, from which it finds out why frames were dropped: it
 * writes the name of the counter as the frame's comment.  If only some frames of one burst were
 * dropped, the comment is at the last one and says how many.  @p stats must stay valid until the
 * recorder is closed.
 */
void leat_pcap_recorder_watch(struct leat_pcap_recorder *recorder, const struct leat_stats *stats);

/** The backend to give to leat_attach(); valid until leat_pcap_recorder_close(). */
struct leat_netif *leat_pcap_recorder_netif(struct leat_pcap_recorder *recorder);

/** Frames written so far. */
uint64_t leat_pcap_recorder_frames(const struct leat_pcap_recorder *recorder);

/**
 * LEAT_OK, or LEAT_ERR_DEVICE after a write has failed (a full disk): the recording ends there, but
 * frames are still passed on.  The last bytes are only written when the backend is closed.
 */
enum leat_err leat_pcap_recorder_status(const struct leat_pcap_recorder *recorder);

/** Closes the file, if leat_close() has not done it, and frees @p recorder.  NULL is allowed. */
void leat_pcap_recorder_close(struct leat_pcap_recorder *recorder);

struct leat_pcap_reader;

/** The file to replay, and how. */
struct leat_pcap_reader_config {
    const char *path; /**< a capture (capture.h); "-": standard input */
    /**
     * Ours; frames from it are left out, because the stack sends them.  In a capture of a link
     * without addresses a host with the IPv4 address a.b.c.d has 02:04:a:b:c:d.
     */
    struct leat_mac mac;
    uint16_t mtu; /**< 0: 1500 */
    /**
     * The file is a recording of this very stack: the clock stops exactly at the times in it, those
     * of our own frames included.  Timers then fire in the same polls as when it was recorded,
     * instead of some microseconds earlier, when they were due.  So the same bytes are sent again.
     */
    bool recording;
    uint64_t linger_ns; /**< how long the clock runs after the last frame; not for a recording */
    uint64_t reserved[LEAT_RESERVED]; /**< for members of later versions; all 0 */
};

/** Counters of a replay. */
struct leat_pcap_reader_counters {
    uint64_t frames_read; /**< frames in the file, so far */
    uint64_t left_out;    /**< frames from our own address */
    uint64_t too_long;    /**< frames longer than an IPv4 datagram can be */
    uint64_t given_up;    /**< frames for which the pool had no buffers for 1000 ms */
    uint64_t transmitted; /**< frames that the stack sent; they are discarded */
};

/**
 * Opens a capture.  On error @p why holds one line: the file, the offset, the reason.
 * Errors: LEAT_ERR_NOT_FOUND, LEAT_ERR_FORMAT (no capture, or of a link that isn't read),
 * LEAT_ERR_MEMORY, LEAT_ERR_ARGUMENT (an MTU under 68).
 */
enum leat_err leat_pcap_reader_open(struct leat_pcap_reader **reader,
                                    const struct leat_pcap_reader_config *config,
                                    char why[LEAT_WHY_BYTES]);

/** The backend: receive() returns the frames that are due. */
struct leat_netif *leat_pcap_reader_netif(struct leat_pcap_reader *reader);

/**
 * The host with the capture's clock.  It starts at the first frame.  wait() jumps to the next frame
 * or the deadline (for a recording: to the next frame), and returns false when both are over.
 * entropy() fails with LEAT_ERR_ENTROPY: the caller must give the seed, so that a replay is
 * repeatable.
 */
struct leat_host *leat_pcap_reader_host(struct leat_pcap_reader *reader);

/** The counters so far; valid until leat_pcap_reader_close(). */
const struct leat_pcap_reader_counters *
leat_pcap_reader_counters(const struct leat_pcap_reader *reader);

/**
 * LEAT_OK, or LEAT_ERR_FORMAT: the file is broken at some frame, where the replay ended.
 * If @p why isn't NULL it then holds one line with the file, the offset and the reason.
 */
enum leat_err leat_pcap_reader_status(const struct leat_pcap_reader *reader,
                                      char why[LEAT_WHY_BYTES]);

/** Closes the file, if leat_close() has not done it, and frees @p reader.  NULL is allowed. */
void leat_pcap_reader_close(struct leat_pcap_reader *reader);

#ifdef __cplusplus
}
#endif
#endif
