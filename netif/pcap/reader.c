/*
 * reader.c -- a capture as a backend, and the virtual machine it runs on.
 *
 * One frame is always read ahead, so that its time is known.  The clock stands still while the
 * stack works, and jumps in wait().  So the same capture causes the same calls at the same times.
 *
 * A recording contains the times of all polls of the stack: those of its frames, and frames of no
 * bytes for polls that neither received nor sent any.
 */
#include <leat/pcap.h>

#include <leat/capture.h>

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    MTU_DEFAULT = 1500,
    MTU_MIN = 68, /* RFC 791 3.2 */
    ETHERNET_BYTES = 14,
    FRAME_BYTES_MAX = 14 + 4 + 65535,    /* the longest IPv4 datagram, with a VLAN tag */
    RX_HEADROOM = LEAT_BUF_HEADROOM - 2, /* as a device would: the IP header on a multiple of 4 */
    TX_ROOM = 256,
    RETRY_NS = 1000000, /* looks again for free buffers: 1 ms */
    RETRIES_MAX = 1000  /* and then gives the frame up: a replay must end */
};

struct leat_pcap_reader {
    struct leat_netif netif;
    struct leat_host host;
    struct leat_capture *file;
    const uint8_t *bytes; /* of the frame read ahead; NULL: there is none */
    uint32_t len;
    bool ours; /* it came from us, or is empty: it only marks a time */
    bool recording;
    uint64_t due_ns; /* its time; after the last frame, that frame's */
    uint64_t now_ns;
    uint64_t linger_ns;
    uint32_t retries; /* of a due frame that waits for buffers; 0: none waits */
    enum leat_err status;
    struct leat_pcap_reader_counters counters;
    char path[96];
    char why[LEAT_WHY_BYTES]; /* outlives the file */
};

static struct leat_pcap_reader *reader_of(struct leat_netif *netif)
{
    return (struct leat_pcap_reader *)netif; /* its first member */
}

static struct leat_pcap_reader *reader_of_host(struct leat_host *host)
{
    return (struct leat_pcap_reader *)(void *)((char *)host -
                                               offsetof(struct leat_pcap_reader, host));
}

/* A capture may go back in time, the stack may not. */
static void reader_set_due(struct leat_pcap_reader *reader, uint64_t due_ns)
{
    if (due_ns > reader->due_ns)
        reader->due_ns = due_ns;
}

/* Sets reader->ours; false: skip the frame. */
static bool reader_wants(struct leat_pcap_reader *reader, const struct leat_capture_frame *frame)
{
    const size_t mac_bytes = sizeof reader->netif.mac.octet;

    if (frame->captured_bytes > FRAME_BYTES_MAX) {
        reader->counters.too_long++;
        return false;
    }
    /* Frames with our source address are answers of an earlier run. The stack makes its own now. */
    reader->ours = frame->captured_bytes >= ETHERNET_BYTES &&
                   memcmp(frame->bytes + mac_bytes, reader->netif.mac.octet, mac_bytes) == 0;
    if (reader->ours)
        reader->counters.left_out++;
    reader->ours |= frame->captured_bytes == 0;
    return !reader->ours || reader->recording;
}

/* Reads on to the next frame that matters. */
static void reader_advance(struct leat_pcap_reader *reader)
{
    struct leat_capture_frame frame;
    enum leat_err err;

    reader->bytes = NULL;
    while ((err = leat_capture_next(reader->file, &frame)) == LEAT_OK) {
        reader->counters.frames_read++;
        reader_set_due(reader, frame.time_ns);
        if (reader->now_ns == 0) /* the clock starts with the file, even if that frame was ours */
            reader->now_ns = reader->due_ns;
        if (reader_wants(reader, &frame)) {
            reader->bytes = frame.bytes;
            reader->len = frame.captured_bytes;
            return;
        }
    }
    if (err != LEAT_ERR_NOT_FOUND) {
        reader->status = err;
        snprintf(reader->why, sizeof reader->why, "%s", leat_capture_why(reader->file));
    }
}

/* Frames of ours in a recording are done once they are due. */
static void reader_pass_ours(struct leat_pcap_reader *reader, uint64_t now_ns)
{
    while (reader->bytes && reader->ours && reader->due_ns <= now_ns)
        reader_advance(reader);
}

/* A copy of the frame read ahead, in buffers of @pool; NULL if it has too few. */
static struct leat_buf *reader_copy(const struct leat_pcap_reader *reader, struct leat_pool *pool)
{
    struct leat_buf *frame = NULL;
    uint32_t done = 0;

    while (done < reader->len) {
        struct leat_buf *buf = leat_buf_alloc(pool, RX_HEADROOM);
        uint32_t here;

        if (!buf) {
            leat_buf_free(frame);
            return NULL;
        }
        here = reader->len - done;
        if (here > leat_buf_tailroom(buf))
            here = leat_buf_tailroom(buf);
        memcpy(leat_buf_put(buf, here), reader->bytes + done, here);
        done += here;
        if (frame)
            leat_buf_append(frame, buf);
        else
            frame = buf;
    }
    return frame;
}

static uint32_t reader_receive(struct leat_netif *netif, uint64_t now_ns, struct leat_pool *pool,
                               struct leat_buf **frames, uint32_t frames_max)
{
    struct leat_pcap_reader *reader = reader_of(netif);
    uint32_t count = 0;

    for (;;) {
        reader_pass_ours(reader, now_ns);
        if (count == frames_max || !reader->bytes || reader->due_ns > now_ns)
            break;
        frames[count] = reader_copy(reader, pool);
        /* The frame stays due while the pool is empty; the stack frees buffers in later polls. */
        if (!frames[count] && ++reader->retries < RETRIES_MAX)
            break;
        if (frames[count])
            count++;
        else
            reader->counters.given_up++;
        reader->retries = 0;
        reader_advance(reader);
    }
    return count;
}

static uint32_t reader_transmit_room(struct leat_netif *netif)
{
    (void)netif;
    return TX_ROOM;
}

static void reader_transmit(struct leat_netif *netif, uint64_t now_ns, struct leat_buf **frames,
                            uint32_t frame_count)
{
    (void)now_ns;
    reader_of(netif)->counters.transmitted += frame_count;
    for (uint32_t i = 0; i < frame_count; i++)
        leat_buf_free(frames[i]);
}

static uint64_t reader_next_look_ns(struct leat_netif *netif, uint64_t now_ns)
{
    const struct leat_pcap_reader *reader = reader_of(netif);

    if (!reader->bytes)
        return LEAT_NEVER_NS;
    if (reader->retries > 0) /* a clock that stood still would wait for buffers for ever */
        return now_ns + RETRY_NS;
    return reader->due_ns > now_ns ? reader->due_ns : now_ns;
}

static void reader_close(struct leat_netif *netif)
{
    struct leat_pcap_reader *reader = reader_of(netif);

    leat_capture_close(reader->file);
    reader->file = NULL;
    reader->bytes = NULL;
}

static uint64_t reader_now_ns(struct leat_host *host)
{
    return reader_of_host(host)->now_ns;
}

static bool reader_wait(struct leat_host *host, uint64_t deadline_ns)
{
    struct leat_pcap_reader *reader = reader_of_host(host);
    uint64_t next_ns = deadline_ns;

    /* A recording has the time of each poll, so the clock only ever goes to the next of these. */
    if (reader->recording && reader->retries == 0) {
        if (!reader->bytes)
            return false;
        next_ns = reader->due_ns;
    }
    if (reader->bytes && reader->retries == 0 && reader->due_ns < next_ns)
        next_ns = reader->due_ns;
    /* Behind the last frame the timers go on for linger_ns, and then wait() ends the program. */
    if (!reader->bytes &&
        (next_ns == LEAT_NEVER_NS || next_ns > reader->due_ns + reader->linger_ns))
        return false;
    if (next_ns > reader->now_ns)
        reader->now_ns = next_ns;
    return true;
}

/* A replay must be the same each time, so there is no entropy: the program gives a seed. */
static enum leat_err reader_entropy(struct leat_host *host, void *bytes, size_t len)
{
    (void)host;
    (void)bytes;
    (void)len;
    return LEAT_ERR_ENTROPY;
}

static void reader_console(struct leat_host *host, const char *text, size_t len)
{
    (void)host;
    if (write(STDOUT_FILENO, text, len) < 0)
        return; /* the output is closed */
}

static const struct leat_netif_ops reader_ops = {.receive = reader_receive,
                                                 .transmit_room = reader_transmit_room,
                                                 .transmit = reader_transmit,
                                                 .next_look_ns = reader_next_look_ns,
                                                 .close = reader_close};

enum leat_err leat_pcap_reader_open(struct leat_pcap_reader **reader,
                                    const struct leat_pcap_reader_config *config,
                                    char why[LEAT_WHY_BYTES])
{
    struct leat_pcap_reader *made = calloc(1, sizeof *made);
    enum leat_err err;

    if (!made) {
        snprintf(why, LEAT_WHY_BYTES, "no memory to read a capture");
        return LEAT_ERR_MEMORY;
    }
    made->netif = (struct leat_netif){.ops = &reader_ops,
                                      .name = made->path,
                                      .mac = config->mac,
                                      .mtu = config->mtu ? config->mtu : MTU_DEFAULT,
                                      .capabilities = LEAT_NETIF_GATHER};
    made->host = (struct leat_host){.now_ns = reader_now_ns,
                                    .wait = reader_wait,
                                    .entropy = reader_entropy,
                                    .console = reader_console};
    made->recording = config->recording;
    made->linger_ns = config->linger_ns;
    if (LEAT_RESERVED_IS_USED(config))
        snprintf(made->why, sizeof made->why, LEAT_RESERVED_WHY);
    else
        snprintf(made->why, sizeof made->why, "an MTU is at least %d bytes", MTU_MIN);
    snprintf(made->path, sizeof made->path, "%s", config->path);
    err = LEAT_RESERVED_IS_USED(config) || made->netif.mtu < MTU_MIN
              ? LEAT_ERR_ARGUMENT
              : leat_capture_open(&made->file, config->path, made->why);
    if (err == LEAT_OK) {
        reader_advance(made);
        err = made->status;
    }
    if (err) {
        memcpy(why, made->why, LEAT_WHY_BYTES);
        leat_pcap_reader_close(made);
        return err;
    }
    *reader = made;
    return LEAT_OK;
}

struct leat_netif *leat_pcap_reader_netif(struct leat_pcap_reader *reader)
{
    return &reader->netif;
}

struct leat_host *leat_pcap_reader_host(struct leat_pcap_reader *reader)
{
    return &reader->host;
}

const struct leat_pcap_reader_counters *
leat_pcap_reader_counters(const struct leat_pcap_reader *reader)
{
    return &reader->counters;
}

enum leat_err leat_pcap_reader_status(const struct leat_pcap_reader *reader,
                                      char why[LEAT_WHY_BYTES])
{
    if (why && reader->status)
        memcpy(why, reader->why, LEAT_WHY_BYTES);
    return reader->status;
}

void leat_pcap_reader_close(struct leat_pcap_reader *reader)
{
    if (!reader)
        return;
    reader_close(&reader->netif);
    free(reader);
}
