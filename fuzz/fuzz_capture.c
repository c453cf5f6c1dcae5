/*
 * fuzz_capture.c -- malicious captures: each frame lies within the file, an error is reported with
 * its place, and reading ends. The frames then pass through the flow code of leat-replay.
 *
 * The first byte chooses the beginning of the file, so that most inputs are captures, and whether
 * tags and labels are removed.  The second byte changes the link type in that beginning.
 */
#include <leat/capture.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "flows.h"

enum {
    BEGIN_MAX = 64,
    UNWRAPS = 0x80, /* in the first byte */
    MADE_BYTES = 14 /* that a frame may be longer than in the file */
};

struct beginning {
    size_t len;
    size_t link_at; /* 0: there is none */
    uint8_t bytes[BEGIN_MAX];
};

/* Headers of pcap and pcapng, in both byte orders, and of snoop. */
static const struct beginning beginnings[] = {
    {0, 0, {0}},
    {24, 20, {0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, [20] = 1}},
    {24, 23, {0xa1, 0xb2, 0x3c, 0x4d, 0, 2, 0, 4, [23] = 1}},
    {48,
     36,
     {0x0a, 0x0d, 0x0d, 0x0a, 28, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a,
      1, [24] = 28, [28] = 1, [32] = 20, [36] = 1, [44] = 20}},
    {48,
     37,
     {0x0a, 0x0d, 0x0d, 0x0a, 0, 0, 0, 28, 0x1a, 0x2b, 0x3c, 0x4d, 0,
      1, [27] = 28, [31] = 1, [35] = 20, [37] = 1, [47] = 20}},
    {16, 15, {'s', 'n', 'o', 'o', 'p', 0, 0, 0, [11] = 2, [15] = 4}}};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(int holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "fuzz_capture: %s\n", what);
    abort();
}

/* Checks that a translated segment is the same segment. */
static void translate(const struct packet *packet)
{
    static uint8_t frame[PACKET_FRAME_MAX];
    const struct translation how = {
        .src = {LEAT_IP4(10, 0, 0, 1), 1, 0}, .dst = {LEAT_IP4(10, 0, 0, 2), 2, 0}, .repair = true};
    struct packet again;
    const uint32_t len = packet_translate(frame, packet, &how);

    demand(packet_parse(&again, frame, len) == PACKET_TCP, "a translated segment is none");
    demand(again.data_bytes == packet->data_bytes &&
               memcmp(again.data, packet->data, packet->data_bytes) == 0,
           "a translated segment has other data");
}

static void look_at(struct flows *flows, const struct leat_capture_frame *frame)
{
    struct packet packet;
    enum side from;

    if (packet_parse(&packet, frame->bytes, frame->captured_bytes) != PACKET_TCP)
        return;
    demand(flows_find(flows, &packet, &from)->side[from].frames > 0, "a segment is not counted");
    translate(&packet);
}

/* Every byte of a frame is there: the sanitizers look. */
static void touch(const struct leat_capture_frame *frame)
{
    volatile uint8_t sum = 0;

    for (uint32_t i = 0; i < frame->captured_bytes; i++)
        sum = (uint8_t)(sum + frame->bytes[i]);
}

static void read_all(struct leat_capture *capture, size_t size)
{
    struct flows *flows = calloc(1, sizeof *flows);
    struct leat_capture_frame frame;
    uint64_t number = 0, offset = 0;
    enum leat_err err;

    while (flows && (err = leat_capture_next(capture, &frame)) == LEAT_OK) {
        demand(frame.number == ++number, "frames are numbered otherwise");
        demand(frame.offset > offset && frame.offset < size, "a frame lies elsewhere");
        demand(frame.captured_bytes <= size + MADE_BYTES &&
                   frame.captured_bytes <= LEAT_CAPTURE_FRAME_MAX + MADE_BYTES &&
                   frame.wire_bytes >= frame.captured_bytes,
               "a frame has a length that can't be");
        demand(!frame.is_made || frame.captured_bytes >= MADE_BYTES, "a made frame has no header");
        touch(&frame);
        offset = frame.offset;
        look_at(flows, &frame);
    }
    demand(leat_capture_next(capture, &frame) != LEAT_OK, "it goes on behind its end");
    demand(leat_capture_position(capture) <= size, "it has read more than there is");
    demand(leat_capture_why(capture)[0] || leat_capture_position(capture) == size,
           "it stops before the end and doesn't say why");
    demand(leat_capture_why(capture)[0] || number > 0 || !leat_capture_left_out(capture).frames,
           "it leaves out all frames and doesn't say why");
    if (flows)
        flows_end(flows);
    free(flows);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct beginning begin;
    struct leat_capture *capture;
    char path[64], why[LEAT_WHY_BYTES];
    int fd;

    if (size < 2)
        return 0;
    begin = beginnings[(data[0] & ~(unsigned)UNWRAPS) % (sizeof beginnings / sizeof *beginnings)];
    if (begin.link_at > 0)
        begin.bytes[begin.link_at] ^= data[1];
    fd = memfd_create("capture", MFD_CLOEXEC);
    if (fd < 0 || write(fd, begin.bytes, begin.len) != (ssize_t)begin.len ||
        write(fd, data + 2, size - 2) != (ssize_t)size - 2)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (leat_capture_open(&capture, path, why) == LEAT_OK) {
        if (data[0] & UNWRAPS)
            leat_capture_unwrap(capture);
        read_all(capture, begin.len + size - 2);
        leat_capture_close(capture);
    } else {
        demand(strstr(why, "offset") != NULL, "it is refused without a place");
    }
    close(fd);
    return 0;
}
