/* tcp.h -- the format of a TCP segment (RFC 9293 3.1, 3.2; RFC 7323; RFC 2018). */
#ifndef WIRE_TCP_H
#define WIRE_TCP_H

#include <stdbool.h>
#include <stdint.h>

#include "core/cold.h"
#include "wire/bytes.h"

enum {
    WIRE_TCP_BYTES = 20,         /* without options */
    WIRE_TCP_OPTIONS_BYTES = 40, /* maximum */
    WIRE_TCP_NO_SHIFT = 0xff     /* wind_shift: option absent */
};

enum wire_tcp_flag {
    TCP_FIN = 0x01,
    TCP_SYN = 0x02,
    TCP_RST = 0x04,
    TCP_PSH = 0x08,
    TCP_ACK = 0x10,
    TCP_URG = 0x20,
    TCP_ECE = 0x40, /* RFC 3168 6.1 */
    TCP_CWR = 0x80,
    TCP_AE = 0x100 /* RFC 9768 3.2.2; in the byte of the data offset */
};

/* A SACK block: sequence numbers @left to @right - 1 (RFC 2018 3). */
struct wire_sack {
    uint32_t left;
    uint32_t right;
};

enum {
    WIRE_SACKS_MAX = 4,
    WIRE_FAST_OPEN_MAX = 16
};

/* A header with valid values. */
struct wire_tcp {
    uint16_t src_port;
    uint16_t dst_port;
    uint32_t seq;
    uint32_t ack;
    uint16_t window;         /* unscaled, as on the wire */
    uint16_t flags;          /* enum wire_tcp_flag; parsed without TCP_AE, see wire_tcp_ae() */
    uint8_t header_bytes;    /* 20..60 */
    uint16_t mss;            /* option; 0: absent */
    uint8_t wind_shift;      /* option; WIRE_TCP_NO_SHIFT: absent; larger than 14 becomes 14 */
    bool sack_permitted;     /* option */
    bool has_ts;             /* option: tsval and tsecr */
    bool has_fast_open;      /* option of a SYN: fast_open[] */
    uint8_t fast_open_bytes; /* 0 (a request) or 4..16 */
    uint8_t sack_count;      /* option: number of blocks; 0: absent */
    uint32_t tsval;
    uint32_t tsecr;
    uint8_t fast_open[WIRE_FAST_OPEN_MAX];  /* the cookie (RFC 7413 2) */
    struct wire_sack sacks[WIRE_SACKS_MAX]; /* as received, not validated */
};

/* The start of the options of nearly every segment: timestamps only, as in RFC 7323 appendix A. */
enum {
    WIRE_TCP_TS_ALONE = 0x0101080a,
    WIRE_TCP_TS_BYTES = 12 /* with padding */
};

/* The options of a SYN as Linux and leat order them: MSS, SACK permitted, timestamps, window
 * scale. */
enum {
    WIRE_TCP_SYN_MSS = 0x02040000,   /* followed by the MSS */
    WIRE_TCP_SYN_TS = 0x0402080a,    /* followed by both timestamps */
    WIRE_TCP_SYN_SHIFT = 0x01030300, /* plus the shift */
    WIRE_TCP_SYN_BYTES = 20
};

/* Parses the fixed header from the @len bytes at @at; false: too short, or the data offset is under
 * 5 or exceeds @len.  Options are not parsed. */
static inline bool wire_tcp_parse(const uint8_t *at, uint32_t len, struct wire_tcp *header)
{
    if (len < WIRE_TCP_BYTES)
        return false;
    header->src_port = get16(at);
    header->dst_port = get16(at + 2);
    header->seq = get32(at + 4);
    header->ack = get32(at + 8);
    header->header_bytes = (uint8_t)((at[12] >> 4) * 4);
    header->flags = at[13];
    header->window = get16(at + 14);
    header->mss = 0;
    header->wind_shift = WIRE_TCP_NO_SHIFT;
    header->sack_permitted = header->has_ts = header->has_fast_open = false;
    header->sack_count = 0;
    return header->header_bytes >= WIRE_TCP_BYTES && header->header_bytes <= len;
}

/* TCP_AE of the header at @at, or 0.  Separate because few connections need it. */
static inline uint16_t wire_tcp_ae(const uint8_t *at)
{
    return (uint16_t)((at[12] & 1) << 8);
}

/* Parses any options. */
bool wire_tcp_parse_any_options(const uint8_t *at, struct wire_tcp *header);

/* Parses the options of a header that wire_tcp_parse() accepted; false: an option's length is 0 or
 * 1, or exceeds the header (CVE-2020-24337 and related ones).  The usual options are parsed
 * inline. */
static inline bool wire_tcp_parse_options(const uint8_t *at, struct wire_tcp *header)
{
    const uint8_t *option = at + WIRE_TCP_BYTES;

    if (header->header_bytes != WIRE_TCP_BYTES + WIRE_TCP_TS_BYTES ||
        get32(option) != WIRE_TCP_TS_ALONE)
        return header->header_bytes == WIRE_TCP_BYTES || wire_tcp_parse_any_options(at, header);
    header->has_ts = true;
    header->tsval = get32(option + 4);
    header->tsecr = get32(option + 8);
    return true;
}

/* Offset of the checksum. */
enum {
    WIRE_TCP_CHECKSUM_AT = 16
};

/* Emits any options of @header. */
COLD void wire_tcp_emit_any_options(uint8_t *option, const struct wire_tcp *header);

/* wire_tcp_bytes() for a header with other options than timestamps. */
COLD uint32_t wire_tcp_bytes_of_any(const struct wire_tcp *header);

/* True if the options are those of nearly every SYN. */
static inline bool wire_tcp_is_usual_SYN(const struct wire_tcp *header)
{
    return FOR_SPEED && header->mss && header->sack_permitted && header->has_ts &&
           header->wind_shift != WIRE_TCP_NO_SHIFT && !(header->has_fast_open | header->sack_count);
}

/* The bytes that wire_tcp_emit() writes for @header: 20 plus its options, each padded to 4. */
static inline uint32_t wire_tcp_bytes(const struct wire_tcp *header)
{
    const unsigned others =
        header->mss | header->sack_permitted | header->has_fast_open | header->sack_count;

    if (wire_tcp_is_usual_SYN(header))
        return WIRE_TCP_BYTES + WIRE_TCP_SYN_BYTES;
    if (others != 0 || header->wind_shift != WIRE_TCP_NO_SHIFT)
        return wire_tcp_bytes_of_any(header);
    return WIRE_TCP_BYTES + (header->has_ts ? WIRE_TCP_TS_BYTES : 0);
}

/* Starts a header without options, which the caller may add.  Members used only by absent options
 * are not set. */
static inline void wire_tcp_begin(struct wire_tcp *header, uint32_t seq, uint16_t flags)
{
    header->seq = seq;
    header->flags = flags;
    header->mss = 0;
    header->wind_shift = WIRE_TCP_NO_SHIFT;
    header->sack_permitted = header->has_ts = header->has_fast_open = false;
    header->fast_open_bytes = header->sack_count = 0;
}

static inline void wire_tcp_emit_timestamps(uint8_t *option, const struct wire_tcp *header)
{
    put32(option, WIRE_TCP_TS_ALONE);
    put64(option + 4, pair32(header->tsval, header->tsecr));
}

static inline void wire_tcp_emit_syn_options(uint8_t *option, const struct wire_tcp *header)
{
    put64(option, pair32((uint32_t)WIRE_TCP_SYN_MSS | header->mss, WIRE_TCP_SYN_TS));
    put64(option + 8, pair32(header->tsval, header->tsecr));
    put32(option + 16, (uint32_t)WIRE_TCP_SYN_SHIFT | header->wind_shift);
}

/* Emits the options of a header that is @bytes long.  The common cases, nearly every segment and
 * nearly every SYN, are inline; the length and one option identify them. */
static inline void wire_tcp_emit_options(uint8_t *option, const struct wire_tcp *header,
                                         uint32_t bytes)
{
    if (bytes == WIRE_TCP_BYTES)
        return;
    if (FOR_SPEED && header->has_ts && !header->sack_permitted &&
        bytes == WIRE_TCP_BYTES + WIRE_TCP_TS_BYTES) {
        wire_tcp_emit_timestamps(option, header);
    } else if (wire_tcp_is_usual_SYN(header)) {
        wire_tcp_emit_syn_options(option, header);
    } else {
        wire_tcp_emit_any_options(option, header);
    }
}

/* Emits the header without options, with checksum and urgent pointer 0. */
static inline void wire_tcp_emit_fixed(uint8_t *at, const struct wire_tcp *header, uint32_t bytes)
{
    put64(at, pair32((uint32_t)header->src_port << 16 | header->dst_port, header->seq));
    put64(at + 8,
          pair32(header->ack, bytes / 4 << 28 | (uint32_t)header->flags << 16 | header->window));
    put32(at + WIRE_TCP_CHECKSUM_AT, 0); /* the urgent pointer, too */
}

/* Emits the header with its options.  @bytes: from wire_tcp_bytes(). */
static inline void wire_tcp_emit(uint8_t *at, const struct wire_tcp *header, uint32_t bytes)
{
    wire_tcp_emit_fixed(at, header, bytes);
    wire_tcp_emit_options(at + WIRE_TCP_BYTES, header, bytes);
}

#endif
