/*
 * recorder.c -- a backend around another one that writes every frame to a capture.
 *
 * A poll of the stack that neither took nor sent a frame may have run timers all the same: it
 * becomes a frame of no bytes, so that a replay makes the same polls.  Such polls are few.
 */
#include <leat/pcap.h>

#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    NS_PER_S = 1000000000
};

struct leat_pcap_recorder {
    struct leat_netif netif; /* the inner one's facts, our functions */
    struct leat_netif *inner;
    pcap_t *format;
    pcap_dumper_t *file;
    uint64_t frames;
    uint64_t polled_at_ns; /* the poll that is going on, or the last one; 0: none yet */
    bool poll_is_written;  /* a frame has its time */
    bool failed;
    uint8_t *flat; /* a frame of several pieces: a capture wants one */
};

static struct leat_pcap_recorder *recorder_of(struct leat_netif *netif)
{
    return (struct leat_pcap_recorder *)netif; /* its first member */
}

static void recorder_write_poll(struct leat_pcap_recorder *recorder)
{
    struct pcap_pkthdr header = {0};
    static const u_char nothing[1] = {0};

    if (recorder->failed || !recorder->file || recorder->poll_is_written ||
        recorder->polled_at_ns == 0)
        return;
    header.ts.tv_sec = (time_t)(recorder->polled_at_ns / NS_PER_S);
    header.ts.tv_usec = (suseconds_t)(recorder->polled_at_ns % NS_PER_S);
    pcap_dump((u_char *)recorder->file, &header, nothing);
}

/* receive() is called once or more often at the beginning of each poll. */
static void recorder_note_poll(struct leat_pcap_recorder *recorder, uint64_t now_ns)
{
    if (now_ns == recorder->polled_at_ns)
        return;
    recorder_write_poll(recorder);
    recorder->polled_at_ns = now_ns;
    recorder->poll_is_written = false;
}

static void recorder_write(struct leat_pcap_recorder *recorder, uint64_t now_ns,
                           const struct leat_buf *frame)
{
    struct pcap_pkthdr header = {0};
    const uint8_t *bytes = frame->data;

    recorder->poll_is_written = true;
    if (recorder->failed || !recorder->file)
        return;
    header.ts.tv_sec = (time_t)(now_ns / NS_PER_S);
    header.ts.tv_usec = (suseconds_t)(now_ns % NS_PER_S); /* ns: see pcap_open_dead_... below */
    header.len = leat_buf_total(frame);
    header.caplen = header.len < LEAT_PCAP_FRAME_MAX ? header.len : LEAT_PCAP_FRAME_MAX;
    if (frame->next) {
        leat_buf_read(frame, 0, recorder->flat, header.caplen);
        bytes = recorder->flat;
    }
    pcap_dump((u_char *)recorder->file, &header, bytes);
    if (ferror(pcap_dump_file(recorder->file)))
        recorder->failed = true;
    else
        recorder->frames++;
}

static uint32_t recorder_receive(struct leat_netif *netif, uint64_t now_ns, struct leat_pool *pool,
                                 struct leat_buf **frames, uint32_t frames_max)
{
    struct leat_pcap_recorder *recorder = recorder_of(netif);
    struct leat_netif *inner = recorder->inner;
    uint32_t count;

    recorder_note_poll(recorder, now_ns);
    count = inner->ops->receive(inner, now_ns, pool, frames, frames_max);
    for (uint32_t i = 0; i < count; i++)
        recorder_write(recorder, now_ns, frames[i]);
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

    for (uint32_t i = 0; i < frame_count; i++) /* before they go: they are not ours afterwards */
        recorder_write(recorder, now_ns, frames[i]);
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
    recorder_write_poll(recorder);
    if (pcap_dump_flush(recorder->file) != 0)
        recorder->failed = true;
    pcap_dump_close(recorder->file);
    recorder->file = NULL;
    recorder->inner->ops->close(recorder->inner);
}

static const struct leat_netif_ops recorder_ops = {.receive = recorder_receive,
                                                   .transmit_room = recorder_transmit_room,
                                                   .transmit = recorder_transmit,
                                                   .next_look_ns = recorder_next_look_ns,
                                                   .close = recorder_close};

enum leat_err leat_pcap_recorder_open(struct leat_pcap_recorder **recorder,
                                      struct leat_netif *inner, const char *path,
                                      char why[LEAT_WHY_BYTES])
{
    struct leat_pcap_recorder *made = calloc(1, sizeof *made);
    enum leat_err err = LEAT_ERR_MEMORY;

    snprintf(why, LEAT_WHY_BYTES, "no memory to record to %.128s", path);
    if (!made)
        return err;
    made->netif = *inner;
    made->netif.ops = &recorder_ops;
    made->inner = inner;
    made->flat = malloc(LEAT_PCAP_FRAME_MAX);
    made->format = pcap_open_dead_with_tstamp_precision(DLT_EN10MB, LEAT_PCAP_FRAME_MAX,
                                                        PCAP_TSTAMP_PRECISION_NANO);
    if (!made->flat || !made->format)
        goto failed;
    made->file = pcap_dump_open(made->format, path);
    if (!made->file) {
        snprintf(why, LEAT_WHY_BYTES, "can't record: %.200s", pcap_geterr(made->format));
        err = LEAT_ERR_DEVICE;
        goto failed;
    }
    *recorder = made;
    return LEAT_OK;
failed:
    leat_pcap_recorder_close(made);
    return err;
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
    if (recorder->format)
        pcap_close(recorder->format);
    free(recorder->flat);
    free(recorder);
}
