/*
 * wireless.c -- 802.11, and the headers that drivers put before it.
 *
 * Frames without data, encrypted ones and fragments hold no packet that could be read.
 */
#include "layers.h"

enum {
    HEADER_BYTES = 24,
    TYPE_DATA = 2,
    SUBTYPE_QOS = 8,
    SUBTYPE_EMPTY = 4, /* data frames of no data */
    FLAG_TO_DS = 1,
    FLAG_FROM_DS = 2,
    FLAG_MORE = 4,
    FLAG_PROTECTED = 0x40,
    FLAG_ORDER = 0x80,
    AGGREGATE = 0x80, /* in the QoS control: a subframe's header follows */
    SUBFRAME_BYTES = 14,
    PRISM_BYTES = 144,
    RADIOTAP_TSFT = 1,
    RADIOTAP_FLAGS = 2,
    RADIOTAP_EXTENDED = 0x80, /* of a bitmap's last byte: another follows */
    RADIOTAP_PADDED = 0x20
};

/* The bytes of a data frame's header; 0: it holds no packet. */
static uint32_t header_bytes(const uint8_t *at)
{
    const bool is_data = ((at[0] >> 2) & 3) == TYPE_DATA && !((at[0] >> 4) & SUBTYPE_EMPTY);
    const bool is_wds = (at[1] & FLAG_TO_DS) && (at[1] & FLAG_FROM_DS);
    const bool has_qos = (at[0] >> 4) & SUBTYPE_QOS;

    /* at[22]: the number of a fragment; only the first one has headers, and MORE says that it isn't
     * all */
    if (!is_data || (at[1] & (FLAG_MORE | FLAG_PROTECTED)) || (at[22] & 0x0f))
        return 0;
    return HEADER_BYTES + (is_wds ? 6u : 0u) + (has_qos ? 2u : 0u) +
           (has_qos && (at[1] & FLAG_ORDER) ? 4u : 0u);
}

/* IEEE 802.11 9.2 */
enum layer leat__take_wireless(struct walk *walk)
{
    const uint8_t *at = walk_want(walk, HEADER_BYTES);
    uint32_t bytes = at ? header_bytes(at) : 0;
    bool is_wds;

    if (bytes == 0 || !walk_want(walk, bytes))
        return LAYER_OTHER;
    is_wds = (at[1] & FLAG_TO_DS) && (at[1] & FLAG_FROM_DS);
    if (is_wds)
        leat__walk_addresses(walk, at + 16, at + HEADER_BYTES);
    else
        /* Address 3 is the destination on the way to the access point, and the source on the way
         * from it. */
        leat__walk_addresses(walk, at + (at[1] & FLAG_TO_DS ? 16 : 4),
                             at + (at[1] & FLAG_FROM_DS ? 16 : 10));
    if ((at[0] >> 4 & SUBTYPE_QOS) && (at[is_wds ? 30 : 24] & AGGREGATE))
        bytes += SUBFRAME_BYTES; /* the first of them */
    if (walk->is_padded)
        bytes = (bytes + 3) & ~3u;
    return walk_want(walk, bytes) ? walk_on(walk, bytes, LAYER_LLC) : LAYER_OTHER;
}

/* Whether the radiotap field "flags" says that the header behind is padded. */
static bool says_padded(const uint8_t *at, uint32_t len)
{
    uint32_t field = 8;

    for (uint32_t map = 7; map < len && (at[map] & RADIOTAP_EXTENDED); map += 4)
        field += 4;
    if (at[4] & RADIOTAP_TSFT)
        field = ((field + 7) & ~7u) + 8;
    return (at[4] & RADIOTAP_FLAGS) && field < len && (at[field] & RADIOTAP_PADDED);
}

/* Version, padding, length (little endian), bitmap of the fields. */
enum layer leat__take_radiotap(struct walk *walk)
{
    const uint8_t *at = walk_want(walk, 8);
    const uint32_t len = at ? (uint32_t)at[2] | (uint32_t)at[3] << 8 : 0;

    if (len < 8 || !walk_want(walk, len))
        return LAYER_OTHER;
    walk->is_padded = says_padded(at, len);
    return walk_on(walk, len, LAYER_WIRELESS);
}

/* Prism's own header, or AVS's, which begins with 0x8021100 and a length. */
enum layer leat__take_prism(struct walk *walk)
{
    const uint8_t *at = walk_want(walk, 8);
    uint32_t bytes = PRISM_BYTES;

    if (at && at[0] == 0x80 && at[1] == 0x21 && at[2] == 0x10)
        bytes = (uint32_t)layer_get16(at + 6);
    return bytes >= 8 && walk_want(walk, bytes) ? walk_on(walk, bytes, LAYER_WIRELESS)
                                                : LAYER_OTHER;
}
