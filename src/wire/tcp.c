/* tcp.c -- the format of a TCP segment. */
#include "wire/tcp.h"

#include "wire/bytes.h"

enum option_kind {
    OPTION_END = 0,
    OPTION_NOP = 1,
    OPTION_MSS = 2,
    OPTION_WIND_SHIFT = 3
};

enum {
    MSS_BYTES = 4,
    WIND_SHIFT_BYTES = 3,
    WIND_SHIFT_MAX = 14 /* RFC 7323 2.3 */
};

bool wire_tcp_parse(const uint8_t *at, uint32_t len, struct wire_tcp *header)
{
    if (len < WIRE_TCP_BYTES)
        return false;
    header->src_port = get16(at);
    header->dst_port = get16(at + 2);
    header->seq = get32(at + 4);
    header->ack = get32(at + 8);
    header->header_bytes = (uint8_t)((at[12] >> 4) * 4);
    header->flags = at[13] & 0x3f;
    header->window = get16(at + 14);
    header->mss = 0;
    header->wind_shift = WIRE_TCP_NO_SHIFT;
    return header->header_bytes >= WIRE_TCP_BYTES && header->header_bytes <= len;
}

bool wire_tcp_parse_options(const uint8_t *at, struct wire_tcp *header)
{
    const uint8_t *option = at + WIRE_TCP_BYTES;
    const uint8_t *end = at + header->header_bytes;

    while (option < end && option[0] != OPTION_END) {
        if (option[0] == OPTION_NOP) {
            option++;
            continue;
        }
        if (end - option < 2 || option[1] < 2 || option[1] > end - option)
            return false;
        if (option[0] == OPTION_MSS && option[1] == MSS_BYTES)
            header->mss = get16(option + 2);
        if (option[0] == OPTION_WIND_SHIFT && option[1] == WIND_SHIFT_BYTES)
            header->wind_shift = option[2] < WIND_SHIFT_MAX ? option[2] : WIND_SHIFT_MAX;
        option += option[1];
    }
    return true;
}

uint32_t wire_tcp_bytes(const struct wire_tcp *header)
{
    uint32_t bytes = WIRE_TCP_BYTES;

    if (header->mss)
        bytes += MSS_BYTES;
    if (header->wind_shift != WIRE_TCP_NO_SHIFT)
        bytes += 1 + WIND_SHIFT_BYTES; /* with a NOP in front: aligned */
    return bytes;
}

void wire_tcp_emit(uint8_t *at, const struct wire_tcp *header)
{
    uint8_t *option = at + WIRE_TCP_BYTES;

    put16(at, header->src_port);
    put16(at + 2, header->dst_port);
    put32(at + 4, header->seq);
    put32(at + 8, header->ack);
    at[12] = (uint8_t)(wire_tcp_bytes(header) / 4 << 4);
    at[13] = header->flags;
    put16(at + 14, header->window);
    put32(at + WIRE_TCP_CHECKSUM_AT, 0); /* and the urgent pointer */
    if (header->mss) {
        option[0] = OPTION_MSS;
        option[1] = MSS_BYTES;
        put16(option + 2, header->mss);
        option += MSS_BYTES;
    }
    if (header->wind_shift != WIRE_TCP_NO_SHIFT) {
        option[0] = OPTION_NOP;
        option[1] = OPTION_WIND_SHIFT;
        option[2] = WIND_SHIFT_BYTES;
        option[3] = header->wind_shift;
    }
}
