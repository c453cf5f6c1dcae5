/*
 * tcp.c -- parses and emits the options of TCP segments.
 *
 * The two lists that nearly all segments have, timestamps alone and those of a SYN, are handled
 * inline in tcp.h and by parse_common_syn(). The walk over any list gives the same result for them.
 */
#include "wire/tcp.h"

#include <string.h>

#include "core/cold.h"
#include "core/parts.h"
#include "wire/bytes.h"

enum option_kind {
    OPTION_END = 0,
    OPTION_NOP = 1,
    OPTION_MSS = 2,
    OPTION_WIND_SHIFT = 3,
    OPTION_SACK_PERMITTED = 4,
    OPTION_SACK = 5,
    OPTION_TS = 8,
    OPTION_FAST_OPEN = 34
};

enum {
    MSS_BYTES = 4,
    WIND_SHIFT_BYTES = 3,
    SACK_PERMITTED_BYTES = 2,
    SACK_BLOCK_BYTES = 8,
    TS_BYTES = 10,
    WIND_SHIFT_MAX = 14 /* RFC 7323 2.3 */
};

_Static_assert(WIRE_TCP_TS_ALONE ==
                   (OPTION_NOP << 24 | OPTION_NOP << 16 | OPTION_TS << 8 | TS_BYTES),
               "timestamps and nothing else");
_Static_assert(WIRE_TCP_SYN_MSS == (OPTION_MSS << 24 | MSS_BYTES << 16), "then the MSS");
_Static_assert(WIRE_TCP_SYN_TS == (OPTION_SACK_PERMITTED << 24 | SACK_PERMITTED_BYTES << 16 |
                                   OPTION_TS << 8 | TS_BYTES),
               "then both timestamps");
_Static_assert(WIRE_TCP_SYN_SHIFT ==
                   (OPTION_NOP << 24 | OPTION_WIND_SHIFT << 16 | WIND_SHIFT_BYTES << 8),
               "then the shift");
_Static_assert(WIRE_TCP_SYN_BYTES ==
                   MSS_BYTES + SACK_PERMITTED_BYTES + TS_BYTES + 1 + WIND_SHIFT_BYTES,
               "and no more");

/* A SACK option of a wrong length is ignored (RFC 2018 3). */
static void parse_sacks(const uint8_t *option, struct wire_tcp *header)
{
    const uint8_t count = (uint8_t)((option[1] - 2) / SACK_BLOCK_BYTES);

    if (option[1] != 2 + count * SACK_BLOCK_BYTES || count > WIRE_SACKS_MAX)
        return;
    header->sack_count = count;
    for (unsigned i = 0; i < count; i++) {
        header->sacks[i].left = get32(option + 2 + i * SACK_BLOCK_BYTES);
        header->sacks[i].right = get32(option + 6 + i * SACK_BLOCK_BYTES);
    }
}

/* RFC 7413 4.1.1: the cookie has an even number of 4 to 16 bytes, or is absent. */
static void parse_fast_open(const uint8_t *option, struct wire_tcp *header)
{
    const uint8_t bytes = (uint8_t)(option[1] - 2);

    if (bytes > WIRE_FAST_OPEN_MAX || bytes % 2 != 0 || bytes == 2)
        return;
    header->has_fast_open = true;
    header->fast_open_bytes = bytes;
    memcpy(header->fast_open, option + 2, bytes);
}

/* RFC 7323 2.3: a larger shift counts as 14, since a window must stay below 2^30. */
static uint8_t shift_of(uint8_t said)
{
    return said < WIND_SHIFT_MAX ? said : WIND_SHIFT_MAX;
}

/* Parses one complete option; unknown ones and those of a wrong length are ignored. */
static void parse_option(const uint8_t *option, struct wire_tcp *header)
{
    switch (option[0]) {
    case OPTION_MSS:
        if (option[1] == MSS_BYTES)
            header->mss = get16(option + 2);
        break;
    case OPTION_WIND_SHIFT:
        if (option[1] == WIND_SHIFT_BYTES)
            header->wind_shift = shift_of(option[2]);
        break;
    case OPTION_SACK_PERMITTED:
        header->sack_permitted |= option[1] == SACK_PERMITTED_BYTES;
        break;
    case OPTION_SACK:
        parse_sacks(option, header);
        break;
    case OPTION_TS:
        if (option[1] == TS_BYTES) {
            header->has_ts = true;
            header->tsval = get32(option + 2);
            header->tsecr = get32(option + 6);
        }
        break;
    case OPTION_FAST_OPEN:
        if (HAS_FAST_OPEN)
            parse_fast_open(option, header);
        break;
    default:
        break;
    }
}

/* Parses the options of nearly every SYN; false: other options. */
static bool parse_common_syn(const uint8_t *option, struct wire_tcp *header)
{
    /* an exclusive or with the expected word leaves the value of the field, if all other bits
     * agree */
    if (header->header_bytes != WIRE_TCP_BYTES + WIRE_TCP_SYN_BYTES ||
        (get32(option) ^ WIRE_TCP_SYN_MSS) > UINT16_MAX || get32(option + 4) != WIRE_TCP_SYN_TS ||
        (get32(option + 16) ^ WIRE_TCP_SYN_SHIFT) > UINT8_MAX)
        return false;
    header->mss = get16(option + 2);
    header->sack_permitted = header->has_ts = true;
    header->tsval = get32(option + 8);
    header->tsecr = get32(option + 12);
    header->wind_shift = shift_of(option[19]);
    return true;
}

/* Walks the options one by one. The rest behind an end-of-list option is padding and isn't looked
 * at (RFC 9293 3.1). */
COLD static bool parse_list(const uint8_t *at, struct wire_tcp *header)
{
    const uint8_t *option = at + WIRE_TCP_BYTES;
    const uint8_t *end = at + header->header_bytes;

    while (option < end && option[0] != OPTION_END) {
        if (option[0] == OPTION_NOP) {
            option++;
            continue;
        }
        /* with an illegal length the caller drops the segment, because the rest can't be divided
         * into options */
        if (end - option < 2 || option[1] < 2 || option[1] > end - option)
            return false;
        parse_option(option, header);
        option += option[1];
    }
    return true;
}

bool wire_tcp_parse_any_options(const uint8_t *at, struct wire_tcp *header)
{
    return (SHORTCUTS && parse_common_syn(at + WIRE_TCP_BYTES, header)) || parse_list(at, header);
}

uint32_t wire_tcp_bytes_of_any(const struct wire_tcp *header)
{
    uint32_t bytes = WIRE_TCP_BYTES;

    if (header->mss)
        bytes += MSS_BYTES;
    if (header->wind_shift != WIRE_TCP_NO_SHIFT)
        bytes += 1 + WIND_SHIFT_BYTES;
    if (header->has_ts || header->sack_permitted) /* the second one replaces the first's padding */
        bytes += header->has_ts ? 2 + TS_BYTES : 2 + SACK_PERMITTED_BYTES;
    if (HAS_FAST_OPEN && header->has_fast_open)
        bytes += (2u + header->fast_open_bytes + 3) & ~3u;
    if (header->sack_count > 0)
        bytes += 4 + header->sack_count * (uint32_t)SACK_BLOCK_BYTES;
    return bytes;
}

static void emit_sacks(uint8_t *option, const struct wire_tcp *header)
{
    *option++ = OPTION_NOP;
    *option++ = OPTION_NOP;
    *option++ = OPTION_SACK;
    *option++ = (uint8_t)(2 + header->sack_count * SACK_BLOCK_BYTES);
    for (unsigned i = 0; i < header->sack_count; i++, option += SACK_BLOCK_BYTES) {
        put32(option, header->sacks[i].left);
        put32(option + 4, header->sacks[i].right);
    }
}

/* SACK permitted takes the two bytes that would be padding in front of timestamps, so both fit into
 * twelve bytes. */
static uint8_t *emit_ts_and_permission(uint8_t *option, const struct wire_tcp *header)
{
    *option++ = header->sack_permitted ? OPTION_SACK_PERMITTED : OPTION_NOP;
    *option++ = header->sack_permitted ? SACK_PERMITTED_BYTES : OPTION_NOP;
    if (!header->has_ts) {
        *option++ = OPTION_NOP;
        *option++ = OPTION_NOP;
        return option;
    }
    *option++ = OPTION_TS;
    *option++ = TS_BYTES;
    put32(option, header->tsval);
    put32(option + 4, header->tsecr);
    return option + 8;
}

/* RFC 7413 4.1.1: kind and length of two bytes, then the cookie, which has an even length. */
static uint8_t *emit_fast_open(uint8_t *option, const struct wire_tcp *header)
{
    if ((2 + header->fast_open_bytes) % 4 != 0) {
        *option++ = OPTION_NOP;
        *option++ = OPTION_NOP;
    }
    *option++ = OPTION_FAST_OPEN;
    *option++ = (uint8_t)(2 + header->fast_open_bytes);
    memcpy(option, header->fast_open, header->fast_open_bytes);
    return option + header->fast_open_bytes;
}

/* Each option is padded in front with NOPs to a multiple of 4, which keeps the next one aligned. */
void wire_tcp_emit_any_options(uint8_t *option, const struct wire_tcp *header)
{
    if (header->mss) {
        option[0] = OPTION_MSS;
        option[1] = MSS_BYTES;
        put16(option + 2, header->mss);
        option += MSS_BYTES;
    }
    if (header->has_ts || header->sack_permitted)
        option = emit_ts_and_permission(option, header);
    if (header->wind_shift != WIRE_TCP_NO_SHIFT) {
        option[0] = OPTION_NOP;
        option[1] = OPTION_WIND_SHIFT;
        option[2] = WIND_SHIFT_BYTES;
        option[3] = header->wind_shift;
        option += 1 + WIND_SHIFT_BYTES;
    }
    if (HAS_FAST_OPEN && header->has_fast_open)
        option = emit_fast_open(option, header);
    if (header->sack_count > 0)
        emit_sacks(option, header);
}
