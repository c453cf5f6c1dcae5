/*
 * recorder.c -- a backend around another one that writes every frame to a capture.
 *
 * The fate of a frame is known when the stack asks for more, or sends.  So the frames of the last
 * burst wait in memory until then, and the reason of a drop becomes a comment.
 *
 * A poll of the stack that neither received nor sent a frame may still have run timers.  It is
 * recorded as a frame of no bytes, so that a replay makes the same polls.  Such polls are few.
 */
#include <leat/pcap.h>

#include <errno.h>
#include <leat/capture.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pcapng.h"

enum {
    NS_PER_S = 1000000000,
    BURST_MAX = 64,                      /* frames that wait; the stack takes 16 at a time */
    BURST_BYTES = LEAT_CAPTURE_FRAME_MAX /* and their bytes together */
};

/* A frame that waits for its fate. */
struct waiting {
    struct pcapng_frame frame;
    const uint8_t *bytes;
};

struct leat_pcap_recorder {
    struct leat_netif netif; /* the inner one's facts, our functions */
    struct leat_netif *inner;
    FILE *file;
    bool plain; /* a pcap */
    uint64_t frames;
    uint64_t polled_at_ns; /* the poll that is going on, or the last one; 0: none yet */
    bool poll_is_written;  /* a frame has its time */
    bool failed;
    const struct leat_stats *stats; /* NULL: not known */
    struct leat_stats before;       /* when the waiting frames went up */
    struct waiting burst[BURST_MAX];
    uint32_t burst_count;
    uint32_t burst_bytes;
    uint8_t *bytes; /* BURST_BYTES of them: the waiting frames, each in one piece */
};

static struct leat_pcap_recorder *recorder_of(struct leat_netif *netif)
{
    return (struct leat_pcap_recorder *)netif; /* its first member */
}

static void recorder_put(struct leat_pcap_recorder *recorder, const void *bytes, size_t len)
{
    if (!recorder->failed && fwrite(bytes, 1, len, recorder->file) != len)
        recorder->failed = true;
}

/* struct pcap_pkthdr as it is in a file */
static void recorder_put_plain_head(struct leat_pcap_recorder *recorder,
                                    const struct pcapng_frame *frame)
{
    const uint32_t head[4] = {(uint32_t)(frame->time_ns / NS_PER_S),
                              (uint32_t)(frame->time_ns % NS_PER_S), frame->captured_bytes,
                              frame->wire_bytes};

    recorder_put(recorder, head, sizeof head);
}

static void recorder_write(struct leat_pcap_recorder *recorder, const struct pcapng_frame *frame,
                           const uint8_t *bytes)
{
    uint8_t head[PCAPNG_FRAME_HEAD_BYTES];
    uint8_t tail[256]; /* comments are short here */

    if (recorder->failed || !recorder->file)
        return;
    if (recorder->plain) {
        recorder_put_plain_head(recorder, frame);
        recorder_put(recorder, bytes, frame->captured_bytes);
    } else {
        leat__pcapng_frame_head(head, frame);
        recorder_put(recorder, head, sizeof head);
        recorder_put(recorder, bytes, frame->captured_bytes);
        recorder_put(recorder, tail, leat__pcapng_frame_tail(tail, frame));
    }
    if (!recorder->failed && frame->captured_bytes > 0)
        recorder->frames++;
}

/* The fate of the waiting frames, by the counters. */
struct fate {
    uint64_t dropped;
    unsigned reasons;
    enum leat_stat reason; /* the last one seen */
};

static struct fate recorder_fate(const struct leat_pcap_recorder *recorder)
{
    struct fate fate = {0};

    if (!recorder->stats || recorder->stats->rx_loopback != recorder->before.rx_loopback)
        return fate; /* our own packets may have been dropped */
    for (unsigned i = 0; i < LEAT_STAT_COUNT; i++) {
        const enum leat_stat stat = (enum leat_stat)i;
        const uint64_t more =
            leat_stat_value(recorder->stats, stat) - leat_stat_value(&recorder->before, stat);

        if (leat_stat_group(stat) != LEAT_STAT_DROP || more == 0)
            continue;
        fate.dropped += more;
        fate.reasons++;
        fate.reason = stat;
    }
    return fate;
}

/* Writes the frames of the last burst, with their fate. */
static void recorder_settle(struct leat_pcap_recorder *recorder)
{
    const uint32_t count = recorder->burst_count;
    struct fate fate;
    char text[96] = "";

    if (count == 0)
        return;
    fate = recorder_fate(recorder);
    /* The counters are the stack's, and not a frame's. Only if all frames of the burst were dropped
     * for one reason is the fate of each one known. */
    if (fate.dropped > 0 && fate.reasons == 1 && fate.dropped == count)
        snprintf(text, sizeof text, "%s", leat_stat_name(fate.reason));
    else if (fate.dropped > 0)
        snprintf(text, sizeof text, "of the last %u frames %llu dropped: %s%s", count,
                 (unsigned long long)fate.dropped, leat_stat_name(fate.reason),
                 fate.reasons > 1 ? ", ..." : "");
    for (uint32_t i = 0; i < count; i++) {
        if (text[0] && (fate.dropped == count || i + 1 == count))
            recorder->burst[i].frame.comment = text;
        recorder_write(recorder, &recorder->burst[i].frame, recorder->burst[i].bytes);
    }
    recorder->burst_count = 0;
    recorder->burst_bytes = 0;
}

static void recorder_write_poll(struct leat_pcap_recorder *recorder)
{
    const struct pcapng_frame nothing = {.time_ns = recorder->polled_at_ns};

    if (!recorder->poll_is_written && recorder->polled_at_ns != 0)
        recorder_write(recorder, &nothing, (const uint8_t *)"");
}

/* receive() is called at least once at the beginning of each poll. */
static void recorder_note_poll(struct leat_pcap_recorder *recorder, uint64_t now_ns)
{
    if (now_ns == recorder->polled_at_ns)
        return;
    recorder_write_poll(recorder);
    recorder->polled_at_ns = now_ns;
    recorder->poll_is_written = false;
}

/* Queues a copy of the frame. */
static void recorder_hold(struct leat_pcap_recorder *recorder, uint64_t now_ns,
                          const struct leat_buf *buf, enum pcapng_direction direction)
{
    struct pcapng_frame frame = {
        .time_ns = now_ns, .wire_bytes = leat_buf_total(buf), .direction = direction};
    uint8_t *at;

    frame.captured_bytes =
        frame.wire_bytes < LEAT_CAPTURE_FRAME_MAX ? frame.wire_bytes : LEAT_CAPTURE_FRAME_MAX;
    recorder->poll_is_written = true;
    /* Without room, frames are written before their fate is known. Their comment is missing then,
     * and nothing else. */
    if (recorder->burst_count == BURST_MAX ||
        frame.captured_bytes > BURST_BYTES - recorder->burst_bytes)
        recorder_settle(recorder);
    at = recorder->bytes + recorder->burst_bytes;
    leat_buf_read(buf, 0, at, frame.captured_bytes);
    recorder->burst[recorder->burst_count++] = (struct waiting){frame, at};
    recorder->burst_bytes += frame.captured_bytes;
}

static uint32_t recorder_receive(struct leat_netif *netif, uint64_t now_ns, struct leat_pool *pool,
                                 struct leat_buf **frames, uint32_t frames_max)
{
    struct leat_pcap_recorder *recorder = recorder_of(netif);
    struct leat_netif *inner = recorder->inner;
    uint32_t count;

    recorder_settle(recorder);
    recorder_note_poll(recorder, now_ns);
    count = inner->ops->receive(inner, now_ns, pool, frames, frames_max);
    for (uint32_t i = 0; i < count; i++)
        recorder_hold(recorder, now_ns, frames[i], PCAPNG_IN);
    if (recorder->stats && count > 0)
        recorder->before = *recorder->stats;
    return count;
}

static uint32_t recorder_transmit_room(struct leat_netif *netif)
{
    struct leat_netif *inner = recorder_of(netif)->inner;

    return inner->ops->transmit_room(inner);
}

static void recorder_transmit(struct leat_netif *netif, uint64_t now_ns, struct leat_buf **frames,
                              uint32_t frame_count)
{
    struct leat_pcap_recorder *recorder = recorder_of(netif);
    struct leat_netif *inner = recorder->inner;

    recorder_settle(recorder);
    if (recorder->stats)
        recorder->before = *recorder->stats;   /* frames that are sent aren't dropped */
    for (uint32_t i = 0; i < frame_count; i++) /* before they go: they are not ours afterwards */
        recorder_hold(recorder, now_ns, frames[i], PCAPNG_OUT);
    recorder_settle(recorder);
    inner->ops->transmit(inner, now_ns, frames, frame_count);
}

static uint64_t recorder_next_look_ns(struct leat_netif *netif, uint64_t now_ns)
{
    struct leat_netif *inner = recorder_of(netif)->inner;

    return inner->ops->next_look_ns(inner, now_ns);
}

static void recorder_close(struct leat_netif *netif)
{
    struct leat_pcap_recorder *recorder = recorder_of(netif);

    if (!recorder->file)
        return;
    recorder_settle(recorder);
    recorder_write_poll(recorder);
    if (fclose(recorder->file) != 0)
        recorder->failed = true;
    recorder->file = NULL;
    recorder->inner->ops->close(recorder->inner);
}

static const struct leat_netif_ops recorder_ops = {.receive = recorder_receive,
                                                   .transmit_room = recorder_transmit_room,
                                                   .transmit = recorder_transmit,
                                                   .next_look_ns = recorder_next_look_ns,
                                                   .close = recorder_close};

static bool ends_in_pcap(const char *path)
{
    const size_t len = strlen(path);

    return len >= 5 && strcmp(path + len - 5, ".pcap") == 0;
}

/* Writes the header of the file. */
static void recorder_write_start(struct leat_pcap_recorder *recorder, const char *notes)
{
    const uint32_t plain[6] = {0xa1b23c4d, 0, 0, 0, LEAT_CAPTURE_FRAME_MAX, 1};
    const uint16_t version[2] = {2, 4};

    if (recorder->plain) {
        recorder_put(recorder, plain, 4);
        recorder_put(recorder, version, 4);
        recorder_put(recorder, plain + 2, sizeof plain - 8);
    } else {
        recorder_put(recorder, recorder->bytes, leat__pcapng_start(recorder->bytes, notes, 0));
    }
}

enum leat_err leat_pcap_recorder_open(struct leat_pcap_recorder **recorder,
                                      struct leat_netif *inner, const char *path, const char *notes,
                                      char why[LEAT_WHY_BYTES])
{
    struct leat_pcap_recorder *made = calloc(1, sizeof *made);
    enum leat_err err = LEAT_ERR_MEMORY;

    snprintf(why, LEAT_WHY_BYTES, "no memory to record to %.128s", path);
    if (!made)
        return err;
    /* MAC, MTU and capabilities are those of the device, because the stack must act as without a
     * recorder. */
    made->netif = *inner;
    made->netif.ops = &recorder_ops;
    made->netif.gather_pieces = 0; /* as in a replay: super-frames of other lengths would differ */
    made->inner = inner;
    made->plain = ends_in_pcap(path);
    made->bytes = malloc(BURST_BYTES);
    if (!made->bytes)
        goto failed;
    made->file = fopen(path, "wbe");
    if (!made->file) {
        snprintf(why, LEAT_WHY_BYTES, "can't record to %.128s: %s", path, strerror(errno));
        err = LEAT_ERR_DEVICE;
        goto failed;
    }
    recorder_write_start(made, notes);
    *recorder = made;
    return LEAT_OK;
failed:
    leat_pcap_recorder_close(made);
    return err;
}

void leat_pcap_recorder_watch(struct leat_pcap_recorder *recorder, const struct leat_stats *stats)
{
    recorder->stats = stats;
    recorder->before = *stats;
}

struct leat_netif *leat_pcap_recorder_netif(struct leat_pcap_recorder *recorder)
{
    return &recorder->netif;
}

uint64_t leat_pcap_recorder_frames(const struct leat_pcap_recorder *recorder)
{
    return recorder->frames;
}

enum leat_err leat_pcap_recorder_status(const struct leat_pcap_recorder *recorder)
{
    return recorder->failed ? LEAT_ERR_DEVICE : LEAT_OK;
}

void leat_pcap_recorder_close(struct leat_pcap_recorder *recorder)
{
    if (!recorder)
        return;
    recorder_close(&recorder->netif);
    free(recorder->bytes);
    free(recorder);
}
