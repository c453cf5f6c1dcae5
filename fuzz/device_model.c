/* device_model.c -- a device whose behaviour the input chooses. */
#include "device_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "offload.h"
#include "steps.h"

enum {
    MTU = 1500,
    HEADERS = 54, /* Ethernet, IPv4, TCP without options */
    SUPER_BYTES = 65535 + 14
};

void device_demand(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "fuzz_device: %s\n", what);
    abort();
}

/* ---- in ----------------------------------------------------------------------------------- */

void device_hears(struct device_model *device, const uint8_t *bytes, uint32_t len)
{
    struct device_frame *frame;

    if (device->count == DEVICE_FRAMES || len > DEVICE_FRAME_BYTES)
        return;
    frame = &device->frames[(device->first + device->count++) % DEVICE_FRAMES];
    memcpy(frame->bytes, bytes, len);
    frame->len = len;
}

void device_invents(struct device_model *device, struct steps *steps, uint8_t len)
{
    uint8_t frame[256] = {0};

    for (unsigned i = 0; i < STEP_BYTES / 2; i++)
        frame[i] = take(steps);
    device->forged = true;
    device_hears(device, frame, len > 0 ? len : 1);
}

/* A buffer with as many of @len bytes as fit. */
static struct leat_buf *piece(const struct device_model *device, struct leat_pool *pool,
                              const uint8_t *bytes, uint32_t len)
{
    struct leat_buf *buf =
        device->cut_how & 4 ? leat_buf_alloc_small(pool, 0) : leat_buf_alloc(pool, 0);
    struct leat_buf *slice;

    if (!buf)
        return NULL;
    if (len > leat_buf_tailroom(buf))
        len = leat_buf_tailroom(buf);
    memcpy(leat_buf_put(buf, len), bytes, len);
    if (!(device->cut_how & 8))
        return buf;
    slice = leat_buf_slice(buf, 0, len);
    leat_buf_free(buf);
    return slice;
}

/* The length of piece @number. */
static uint32_t piece_bytes(const struct device_model *device, unsigned number, uint32_t left)
{
    const bool cuts = device->cut_how & 1 && number < DEVICE_CUTS;
    const uint32_t least = number == 0 && !(device->cut_how & 2) ? HEADERS + 40 : 0;
    const uint32_t want = cuts ? least + device->cuts[number] % DEVICE_FRAME_BYTES : left;

    return want < left ? want : left;
}

/* Appends @len bytes in pieces to @frame, which is NULL at first; false: no memory. */
static bool append(const struct device_model *device, struct leat_pool *pool,
                   struct leat_buf **frame, const uint8_t *bytes, uint32_t len)
{
    uint32_t at = 0;

    for (unsigned number = 0; at < len; number++) {
        struct leat_buf *more =
            piece(device, pool, bytes + at, piece_bytes(device, number, len - at));

        if (!more)
            return false;
        at += more->len;
        if (*frame)
            leat_buf_append(*frame, more);
        else
            *frame = more;
    }
    return true;
}

/* Takes the oldest frame off the wire. */
static void next(struct device_model *device)
{
    device->first = (device->first + 1) % DEVICE_FRAMES;
    device->count--;
}

/* Appends the payload of the following segments to @frame, as a network card does. */
static void merge(struct device_model *device, struct leat_pool *pool, struct leat_buf *frame,
                  struct device_frame *first, uint32_t headers)
{
    const uint32_t each = first->len - headers;
    uint32_t total = each;
    uint32_t last = each;

    for (unsigned i = 1; i < device->merge_max && device->count > 0 && last == each; i++) {
        const struct device_frame *more = &device->frames[device->first];

        if (leat_link_mergeable_headers(more->bytes, more->len) != headers ||
            more->len - headers > each || total + more->len > UINT16_MAX ||
            !leat_link_goes_on(first->bytes, more->bytes, headers, total) ||
            !append(device, pool, &frame, more->bytes + headers, more->len - headers))
            break;
        last = more->len - headers;
        total += last;
        next(device);
    }
    if (total == each)
        return;
    leat_link_set_data_bytes(first->bytes, headers, total);
    memcpy(frame->data, first->bytes, headers);
    frame->segment_bytes = (uint16_t)each;
    frame->checksum = LEAT_CHECKSUM_VERIFIED;
}

static struct leat_buf *hand_over(struct device_model *device, struct leat_pool *pool)
{
    struct device_frame *first = &device->frames[device->first];
    const uint32_t headers = leat_link_mergeable_headers(first->bytes, first->len);
    struct leat_buf *frame = NULL;

    if (!append(device, pool, &frame, first->bytes, first->len) || !frame) {
        leat_buf_free(frame);
        return NULL;
    }
    next(device);
    if (device->merge_max > 1 && headers > 0 && frame->len >= headers)
        merge(device, pool, frame, first, headers);
    if (device->marks_left > 0) {
        device->marks_left--;
        if (device->marks_sum)
            frame->checksum = device->checksum;
        if (device->marks_super)
            frame->segment_bytes = device->segment_bytes;
    }
    return frame;
}

static uint32_t device_receive(struct leat_netif *netif, uint64_t now_ns, struct leat_pool *pool,
                               struct leat_buf **frames, uint32_t frames_max)
{
    struct device_model *device = (struct device_model *)netif;
    uint32_t count = 0;

    (void)now_ns;
    while (count < frames_max && device->count > 0) {
        frames[count] = hand_over(device, pool);
        if (!frames[count])
            break;
        count++;
    }
    return count;
}

/* ---- out ---------------------------------------------------------------------------------- */

/* FNV-1a (Fowler, Noll, Vo) of the frame's bytes. */
static uint32_t hash_of(const struct leat_buf *frame)
{
    uint32_t hash = 2166136261u;

    for (; frame; frame = frame->next) {
        for (uint32_t i = 0; i < frame->len; i++)
            hash = (hash ^ frame->data[i]) * 16777619u;
    }
    return hash;
}

static void put_on_wire(struct device_model *device, const struct leat_buf *frame)
{
    uint8_t bytes[DEVICE_FRAME_BYTES];
    uint32_t len;

    if (frame->segment_bytes > 0) {
        for (uint32_t i = 0; i < leat_link_segment_count(frame); i++) {
            len = leat_link_segment(frame, i, bytes, sizeof bytes);
            device_demand(len > 0, "a super-frame that can't be cut");
            fake_netif_feed(device->peer, bytes, len);
        }
        return;
    }
    len = leat_buf_read(frame, 0, bytes, sizeof bytes);
    if (frame->checksum == LEAT_CHECKSUM_PARTIAL)
        leat_link_checksum_complete(bytes, len);
    fake_netif_feed(device->peer, bytes, len);
}

/* Checks the rules of netif.h for transmitted frames. */
static void check_frame(const struct device_model *device, const struct leat_buf *frame)
{
    const uint32_t can = device->netif.capabilities;
    const uint32_t total = leat_buf_total(frame);

    device_demand(total >= 60, "a frame without padding");
    device_demand(total <= (frame->segment_bytes > 0 ? (uint32_t)SUPER_BYTES : MTU + 14u),
                  "a frame longer than the MTU");
    device_demand(frame->segment_bytes == 0 || (can & LEAT_NETIF_TSO),
                  "a super-frame to a device that can't cut");
    device_demand(frame->segment_bytes == 0 || frame->len + frame->segment_bytes <= MTU + 14u,
                  "a super-frame with segments longer than the MTU");
    device_demand(!frame->next || (can & LEAT_NETIF_GATHER),
                  "pieces to a device that can't gather");
    device_demand(frame->checksum != LEAT_CHECKSUM_PARTIAL || (can & LEAT_NETIF_TX_CHECKSUM),
                  "a sum left to a device that can't");
}

void device_done(struct device_model *device, uint8_t from, uint8_t count)
{
    for (; count > 0 && device->held_count > 0; count--) {
        struct device_held *held = &device->held[from % device->held_count];

        device_demand(hash_of(held->frame) == held->hash, "a frame changed in the device");
        leat_buf_free(held->frame);
        *held = device->held[--device->held_count];
    }
}

static uint32_t device_transmit_room(struct leat_netif *netif)
{
    return ((struct device_model *)netif)->room;
}

static void device_transmit(struct leat_netif *netif, uint64_t now_ns, struct leat_buf **frames,
                            uint32_t frame_count)
{
    struct device_model *device = (struct device_model *)netif;

    (void)now_ns;
    device_demand(frame_count <= device->room, "more frames than there is room for");
    for (uint32_t i = 0; i < frame_count; i++) {
        check_frame(device, frames[i]);
        put_on_wire(device, frames[i]);
        if (device->held_count < device->hold_max)
            device->held[device->held_count++] =
                (struct device_held){frames[i], hash_of(frames[i])};
        else
            leat_buf_free(frames[i]);
    }
    if (device->room != UINT32_MAX)
        device->room -= frame_count;
}

static uint64_t device_next_look_ns(struct leat_netif *netif, uint64_t now_ns)
{
    const struct device_model *device = (struct device_model *)netif;

    if (device->look & 1)
        return device->look & 2 ? now_ns : now_ns + device->look * UINT64_C(1000);
    return device->count > 0 ? now_ns : LEAT_NEVER_NS;
}

static void device_close(struct leat_netif *netif)
{
    struct device_model *device = (struct device_model *)netif;

    device_done(device, 0, DEVICE_HELD);
}

void device_is_good(struct device_model *device)
{
    device->cut_how = device->merge_max = device->marks_left = device->look = 0;
    device->room = UINT32_MAX;
    device->hold_max = 0;
    device_done(device, 0, DEVICE_HELD);
}

void device_start(struct device_model *device, uint8_t what, struct fake_netif *peer)
{
    static const struct leat_netif_ops ops = {
        .receive = device_receive,
        .transmit_room = device_transmit_room,
        .transmit = device_transmit,
        .next_look_ns = device_next_look_ns,
        .close = device_close,
    };

    device->netif = (struct leat_netif){
        .ops = &ops, .name = "model", .mac = MAC_US, .mtu = MTU, .capabilities = what & 31};
    device->peer = peer;
    device->first = device->count = 0;
    device->held_count = 0;
    device->forged = false;
    device->marks_sum = device->marks_super = false;
    device_is_good(device);
}
