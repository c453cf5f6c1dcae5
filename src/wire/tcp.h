/* tcp.h -- the format of a TCP segment (RFC 9293 3.1, 3.2; RFC 7323; RFC 2018). */
#ifndef WIRE_TCP_H
#define WIRE_TCP_H

#include <stdbool.h>
#include <stdint.h>

#include "core/cold.h"
#include "wire/bytes.h"

enum {
    WIRE_TCP_BYTES = 20,         /* without options */
    WIRE_TCP_OPTIONS_BYTES = 40, /* at most */
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
    TCP_CWR = 0x80
};

/* A SACK block: the numbers @left to @right - 1 (RFC 2018 3). */
struct wire_sack {
    uint32_t left;
    uint32_t right;
};

enum {
    WIRE_SACKS_MAX = 4,
    WIRE_FAST_OPEN_MAX = 16
};

/* A header of legal values. */
struct wire_tcp {
    uint16_t src_port;
    uint16_t dst_port;
    uint32_t seq;
    uint32_t ack;
    uint16_t window;         /* unscaled, as on the wire */
    uint8_t flags;           /* enum wire_tcp_flag */
    uint8_t header_bytes;    /* 20..60 */
    uint16_t mss;            /* option; 0: absent */
    uint8_t wind_shift;      /* option; WIRE_TCP_NO_SHIFT: absent; over 14 is cut to 14 */
    bool sack_permitted;     /* option */
    bool has_ts;             /* option: tsval and tsecr */
    bool has_fast_open;      /* option of a SYN: fast_open[] */
    uint8_t fast_open_bytes; /* 0 (a request) or 4..16 */
    uint8_t sack_count;      /* option: blocks; 0: absent */
    uint32_t tsval;
    uint32_t tsecr;
    uint8_t fast_open[WIRE_FAST_OPEN_MAX];  /* the cookie (RFC 7413 2) */
    struct wire_sack sacks[WIRE_SACKS_MAX]; /* as sent: may be nonsense */
};

/* How the options begin when they are timestamps and nothing else, as nearly every segment has
 * them: RFC 7323 appendix A. */
enum {
    WIRE_TCP_TS_ALONE = 0x0101080a,
    WIRE_TCP_TS_BYTES = 12 /* with the padding */
};

/* The options of a SYN as Linux and we write them: MSS, SACK permitted, timestamps, window scale.
 */
enum {
    WIRE_TCP_SYN_MSS = 0x02040000,   /* and the MSS */
    WIRE_TCP_SYN_TS = 0x0402080a,    /* and both timestamps */
    WIRE_TCP_SYN_SHIFT = 0x01030300, /* and the shift */
    WIRE_TCP_SYN_BYTES = 20
};

/* Reads the fixed header out of the @len bytes that lie at @at; false: too short, or a data offset
 * under 5 or past @len.  The options are not read yet. */
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

/* Reads whatever options there are. */
bool wire_tcp_parse_any_options(const uint8_t *at, struct wire_tcp *header);

/* Reads the options of a header that wire_tcp_parse() accepted; false: a length of 0 or 1, or past
 * the end (CVE-2020-24337 and its family).  What nearly every segment has is read here. */
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

/* Bytes that wire_tcp_emit() writes for @header: 20 plus its options, padded. */
COLD uint32_t wire_tcp_bytes(const struct wire_tcp *header);

/* Writes the header with its options, checksum and urgent pointer 0; sets nothing else. */
COLD void wire_tcp_emit(uint8_t *at, const struct wire_tcp *header);

/* Where the checksum lies. */
enum {
    WIRE_TCP_CHECKSUM_AT = 16
};

#endif
