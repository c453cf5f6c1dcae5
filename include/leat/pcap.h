/*
 * pcap.h -- captures: a recorder around any backend, and a backend that replays a capture under
 * its own clock.
 *
 * The recorder writes pcapng: nanoseconds, the direction of each frame, why it was dropped where
 * that is known, and in the section's header what the program says about its run.  The time is the
 * stack's: all frames of one leat_poll() have the same, and a poll without any leaves a frame of no
 * bytes.  So a recording says which frames the stack saw together, when it answered, and when its
 * timers ran.
 */
#ifndef LEAT_PCAP_H
#define LEAT_PCAP_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/host.h>
#include <leat/netif.h>
#include <leat/posix.h>
#include <leat/stats.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat_pcap_recorder;

/**
 * Wraps @p inner: every frame in and out is written to the new file @p path, and then goes its
 * way.  Closing the recorder (leat_close() does it) closes @p inner.  A path that ends in ".pcap"
 * gets a nanosecond pcap, which holds frames and times only.
 *
 * @p notes: text for the section's header, such as the stack's seed and configuration; up to 2 KiB,
 * may be NULL.
 * Errors: LEAT_ERR_DEVICE (@p why says which file and why), LEAT_ERR_MEMORY.
 */
enum leat_err leat_pcap_recorder_open(struct leat_pcap_recorder **recorder,
                                      struct leat_netif *inner, const char *path, const char *notes,
                                      char why[LEAT_WHY_BYTES]);

/**
 * Lets the recorder see the stack's counters, from which it learns why frames were dropped: their
 * comment is the name of the counter.  Of several frames taken in one burst only some were, then
 * the last one's comment says how many.  @p stats must stay valid until the recorder is closed.
 */
void leat_pcap_recorder_watch(struct leat_pcap_recorder *recorder, const struct leat_stats *stats);

/** The backend to give to leat_attach(); valid until leat_pcap_recorder_close(). */
struct leat_netif *leat_pcap_recorder_netif(struct leat_pcap_recorder *recorder);

/** Frames written so far. */
uint64_t leat_pcap_recorder_frames(const struct leat_pcap_recorder *recorder);

/**
 * LEAT_OK, or LEAT_ERR_DEVICE after a write has failed (a full disk): the recording then ends
 * there, and the frames go on.  The last bytes are only written when the backend is closed.
 */
enum leat_err leat_pcap_recorder_status(const struct leat_pcap_recorder *recorder);

/** Closes the file, if leat_close() has not done it, and frees @p recorder.  NULL is allowed. */
void leat_pcap_recorder_close(struct leat_pcap_recorder *recorder);

struct leat_pcap_reader;

/** What to replay. */
struct leat_pcap_reader_config {
    const char *path;    /**< a pcap or pcapng file of Ethernet frames; "-": standard input */
    struct leat_mac mac; /**< ours; frames that come from it are left out: the stack sends them */
    uint16_t mtu;        /**< 0: 1500 */
    /**
     * The file is a recording of this very stack: the clock visits the times in it, those of our
     * own frames included, and no others.  Timers then fire in the polls in which they fired when
     * it was made, and not some microseconds earlier, when they were due: the same bytes go out
     * again.
     */
    bool recording;
    uint64_t linger_ns; /**< how long the clock goes on after the last frame; not for a recording */
};

/** What has become of the frames. */
struct leat_pcap_reader_counters {
    uint64_t frames_read; /**< frames in the file, so far */
    uint64_t left_out;    /**< those that came from our own address */
    uint64_t too_long;    /**< those longer than an IPv4 datagram can be */
    uint64_t given_up;    /**< those for which the pool had no buffers for 1000 ms */
    uint64_t transmitted; /**< frames that the stack sent: they go nowhere */
};

/**
 * Opens a capture.  On error @p why holds one line: the file, the offset, the reason.
 * Errors: LEAT_ERR_NOT_FOUND, LEAT_ERR_FORMAT (no capture, or not of Ethernet), LEAT_ERR_MEMORY,
 * LEAT_ERR_ARGUMENT (an MTU under 68).
 */
enum leat_err leat_pcap_reader_open(struct leat_pcap_reader **reader,
                                    const struct leat_pcap_reader_config *config,
                                    char why[LEAT_WHY_BYTES]);

/** The backend: receive() gives the frames whose time has come. */
struct leat_netif *leat_pcap_reader_netif(struct leat_pcap_reader *reader);

/**
 * The host whose clock is the capture's: it starts at the first frame, wait() jumps to the next
 * frame or the deadline (a recording: the next frame), and says false when both are over. entropy()
 * fails with LEAT_ERR_ENTROPY: a replay takes its seed from whoever wants it repeated.
 */
struct leat_host *leat_pcap_reader_host(struct leat_pcap_reader *reader);

/** What happened so far; valid until leat_pcap_reader_close(). */
const struct leat_pcap_reader_counters *
leat_pcap_reader_counters(const struct leat_pcap_reader *reader);

/**
 * LEAT_OK, or LEAT_ERR_FORMAT: the file is broken at some frame, where the replay ended.
 * @p why may be NULL; else it then holds one line with the file, the offset and the reason.
 */
enum leat_err leat_pcap_reader_status(const struct leat_pcap_reader *reader,
                                      char why[LEAT_WHY_BYTES]);

/** Closes the file, if leat_close() has not done it, and frees @p reader.  NULL is allowed. */
void leat_pcap_reader_close(struct leat_pcap_reader *reader);

#ifdef __cplusplus
}
#endif
#endif
