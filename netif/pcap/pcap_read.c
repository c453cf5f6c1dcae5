/*
 * pcap_read.c -- the format pcap: a header, then records of a time, two lengths and a frame.
 *
 * A file has the byte order of the host that wrote it, and its magic number shows which one that
 * was. The magic number also tells whether times have microseconds or nanoseconds.
 */
#include "capture.h"

enum {
    HEADER_BYTES = 24,
    RECORD_BYTES = 16,
    RECORD_BYTES_PATCHED = 24, /* of Kuznetsov's libpcap: interface, protocol, type of packet */
    VERSION = 2
};

static const uint32_t magic_us = 0xa1b2c3d4;
static const uint32_t magic_ns = 0xa1b23c4d;
static const uint32_t magic_patched = 0xa1b2cd34;

static enum leat_err read_next(struct leat_capture *capture, struct capture_record *record)
{
    const uint32_t head = capture->record_bytes;
    const uint8_t *at;
    uint32_t captured;

    if (!leat__capture_want(capture, head)) {
        if (capture->status)
            return capture->status;
        if (leat__capture_have(capture) == 0)
            return capture->status = LEAT_ERR_NOT_FOUND;
        return leat__capture_fail(capture, "cut off: %zu of the %u bytes before frame %llu",
                                  leat__capture_have(capture), head,
                                  (unsigned long long)capture->frames + 1);
    }
    captured = leat__capture_get32(capture, leat__capture_at(capture) + 8);
    /* checked before memory is asked for: a length is 32 bits of an unknown file */
    if (captured > LEAT_CAPTURE_FRAME_MAX)
        return leat__capture_fail(capture, "frame %llu claims %u bytes, more than %u",
                                  (unsigned long long)capture->frames + 1, captured,
                                  LEAT_CAPTURE_FRAME_MAX);
    if (!leat__capture_want(capture, head + captured))
        return capture->status
                   ? capture->status
                   : leat__capture_fail(capture, "cut off: %zu of frame %llu's %u bytes",
                                        leat__capture_have(capture) - head,
                                        (unsigned long long)capture->frames + 1, captured);
    at = leat__capture_at(capture);
    record->interface = capture->interfaces;
    record->frame = (struct leat_capture_frame){
        .offset = leat__capture_offset(capture),
        .time_ns = (uint64_t)leat__capture_get32(capture, at) * NS_PER_S +
                   (uint64_t)leat__capture_get32(capture, at + 4) * capture->ns_per_unit,
        .bytes = at + head,
        .captured_bytes = captured,
        .wire_bytes = leat__capture_get32(capture, at + 12)};
    leat__capture_use(capture, head + captured);
    return LEAT_OK;
}

/* Takes the magic number; false: it is none. */
static bool take_magic(struct leat_capture *capture, uint32_t magic)
{
    const uint32_t other = __builtin_bswap32(magic);

    capture->swapped = other == magic_us || other == magic_ns || other == magic_patched;
    if (capture->swapped)
        magic = other;
    capture->ns_per_unit = magic == magic_ns ? 1 : 1000;
    capture->record_bytes = magic == magic_patched ? RECORD_BYTES_PATCHED : RECORD_BYTES;
    return magic == magic_us || magic == magic_ns || magic == magic_patched;
}

enum leat_err leat__pcap_read_start(struct leat_capture *capture)
{
    const uint8_t *at = leat__capture_at(capture);
    uint32_t magic;

    memcpy(&magic, at, sizeof magic);
    if (!take_magic(capture, magic))
        return leat__capture_fail(capture, "no capture: it begins with 0x%08x", magic);
    if (!leat__capture_want(capture, HEADER_BYTES))
        return capture->status
                   ? capture->status
                   : leat__capture_fail(capture, "cut off: %zu of the header's %d bytes",
                                        leat__capture_have(capture), HEADER_BYTES);
    at = leat__capture_at(capture);
    if (leat__capture_get16(capture, at + 4) != VERSION)
        return leat__capture_fail(capture, "pcap of version %u.%u: only 2 is read",
                                  leat__capture_get16(capture, at + 4),
                                  leat__capture_get16(capture, at + 6));
    /* the upper bits say whether an FCS follows each frame: IP's own length cuts it off */
    if (leat__capture_one_interface(capture, leat__capture_get32(capture, at + 20) & 0x03ffffff))
        return LEAT_ERR_FORMAT;
    leat__capture_use(capture, HEADER_BYTES);
    capture->next = read_next;
    return LEAT_OK;
}
