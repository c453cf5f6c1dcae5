/*
 * snoop_read.c -- the format snoop (RFC 1761) of Solaris: a header, then records of lengths, drops,
 * a time and a frame, all of them in network byte order.
 */
#include "capture.h"

enum {
    HEADER_BYTES = 16,
    RECORD_BYTES = 24,
    VERSION = 2,
    UNKNOWN = -1
};

static const uint32_t record_bytes_max = 2 * LEAT_CAPTURE_FRAME_MAX; /* with any padding */

/* The link types of RFC 1761 4 and Solaris in the registry of pcap; the others are UNKNOWN. */
static int link_type_of(uint32_t datalink)
{
    enum {
        IEEE_802_3 = 0,
        TOKEN_RING = 2,
        ETHERNET = 4,
        FDDI = 8,
        IPV4 = 21,
        IPV6 = 22,
        IPNET = 26
    };

    switch (datalink) {
    case IEEE_802_3:
    case ETHERNET:
        return LINK_TYPE_ETHERNET;
    case TOKEN_RING:
        return 6;
    case FDDI:
        return 10;
    case IPV4:
        return 228;
    case IPV6:
        return 229;
    case IPNET:
        return 226;
    default:
        return UNKNOWN;
    }
}

/* The whole record; false: it is cut off, or its lengths contradict each other. */
static bool want_record(struct leat_capture *capture, uint32_t *captured, uint32_t *bytes)
{
    const unsigned long long number = (unsigned long long)capture->frames + 1;
    const uint8_t *at;

    if (!leat__capture_want(capture, RECORD_BYTES)) {
        if (!capture->status && leat__capture_have(capture) == 0)
            capture->status = LEAT_ERR_NOT_FOUND;
        if (!capture->status)
            leat__capture_fail(capture, "cut off: %zu of the %d bytes before frame %llu",
                               leat__capture_have(capture), RECORD_BYTES, number);
        return false;
    }
    at = leat__capture_at(capture);
    *captured = leat__capture_get32(capture, at + 4);
    *bytes = leat__capture_get32(capture, at + 8);
    if (*captured > LEAT_CAPTURE_FRAME_MAX || *bytes > record_bytes_max ||
        /* The record's own length covers header, frame and padding. */
        *bytes < RECORD_BYTES + *captured) {
        leat__capture_fail(capture, "frame %llu claims %u bytes, in a record of %u", number,
                           *captured, *bytes);
        return false;
    }
    if (!leat__capture_want(capture, RECORD_BYTES + *captured)) {
        if (!capture->status)
            leat__capture_fail(capture, "cut off: %zu of frame %llu's %u bytes",
                               leat__capture_have(capture) - RECORD_BYTES, number, *captured);
        return false;
    }
    if (!leat__capture_want(capture, *bytes)) /* the last one's padding may be missing */
        *bytes = (uint32_t)leat__capture_have(capture);
    return !capture->status;
}

static enum leat_err read_next(struct leat_capture *capture, struct capture_record *record)
{
    uint32_t captured, bytes;
    const uint8_t *at;

    if (!want_record(capture, &captured, &bytes))
        return capture->status;
    at = leat__capture_at(capture);
    record->interface = capture->interfaces;
    record->frame = (struct leat_capture_frame){
        .offset = leat__capture_offset(capture),
        .time_ns = (uint64_t)leat__capture_get32(capture, at + 16) * NS_PER_S +
                   (uint64_t)leat__capture_get32(capture, at + 20) * 1000,
        .bytes = at + RECORD_BYTES,
        .captured_bytes = captured,
        .wire_bytes = leat__capture_get32(capture, at)};
    leat__capture_use(capture, bytes);
    return LEAT_OK;
}

enum leat_err leat__snoop_read_start(struct leat_capture *capture)
{
    static const uint16_t one = 1;
    const uint8_t *at;
    int link_type;

    if (!leat__capture_want(capture, HEADER_BYTES))
        return capture->status
                   ? capture->status
                   : leat__capture_fail(capture, "cut off: %zu of the header's %d bytes",
                                        leat__capture_have(capture), HEADER_BYTES);
    /* on a little endian machine, because the file is big endian */
    capture->swapped = *(const uint8_t *)&one == 1;
    at = leat__capture_at(capture);
    if (leat__capture_get32(capture, at + 8) != VERSION)
        return leat__capture_fail(capture, "snoop of version %u: only 2 is read",
                                  leat__capture_get32(capture, at + 8));
    link_type = link_type_of(leat__capture_get32(capture, at + 12));
    if (link_type == UNKNOWN)
        return leat__capture_fail(capture, "snoop's data link type %u: read are %s",
                                  leat__capture_get32(capture, at + 12), leat__links_read);
    if (leat__capture_one_interface(capture, (uint32_t)link_type))
        return LEAT_ERR_FORMAT;
    leat__capture_use(capture, HEADER_BYTES);
    capture->next = read_next;
    return LEAT_OK;
}
