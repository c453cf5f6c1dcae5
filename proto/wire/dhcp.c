/*
 * dhcp.c -- DHCP messages, read and written.
 *
 * The options lie behind the fixed part, and, if the server says so in an overload option, in the
 * fields `file` and `sname`, too. wire_dhcp_parse() finds these up to three fields, and
 * wire_dhcp_option() puts the pieces of one option together from all of them.
 */
#include "proto/wire/dhcp.h"

#include <string.h>

#include "core/assert.h"
#include "wire/bytes.h"

enum {
    OP_AT = 0,
    HTYPE_AT = 1,
    HLEN_AT = 2,
    XID_AT = 4,
    SECS_AT = 8,
    FLAGS_AT = 10,
    CIADDR_AT = 12,
    YIADDR_AT = 16,
    SIADDR_AT = 20,
    GIADDR_AT = 24,
    CHADDR_AT = 28,
    SNAME_AT = 44,
    SNAME_BYTES = 64,
    FILE_AT = 108,
    FILE_BYTES = 128,
    COOKIE_AT = 236,
    OVERLOAD_FILE = 1, /* RFC 2132 9.3 */
    OVERLOAD_SNAME = 2,
    PIECE_MAX = 255
};

static const uint32_t cookie = 0x63825363; /* RFC 2131 3 */

/* Finds the next option at @*at of a field, and moves @*at behind it; false: the field ends,
 * or the option goes beyond it. */
static bool next_option(const uint8_t *field, uint32_t len, uint32_t *at, const uint8_t **option)
{
    leat_debug_assert(*at <= len);
    /* Pad and end have no length byte (RFC 2132 3.1, 3.2). */
    while (*at < len && field[*at] == DHCP_PAD)
        (*at)++;
    if (*at >= len || field[*at] == DHCP_END)
        return false;
    /* @at stays where the faulty option begins, so flaws_of() finds no end option there. */
    if (len - *at < 2 || len - *at - 2 < field[*at + 1])
        return false;
    *option = field + *at;
    *at += 2u + field[*at + 1];
    return true;
}

/* Counts the faults of a field: an option that goes beyond the field, a missing end option, and
 * illegal overloads. @overload gets the first legal one. It is NULL for an overloaded field, in
 * which an overload has no meaning (RFC 2132 9.3). */
static uint32_t flaws_of(const uint8_t *field, uint32_t len, uint8_t *overload)
{
    const uint8_t *option;
    uint32_t at = 0, flaws = 0;

    while (next_option(field, len, &at, &option)) {
        if (option[0] != DHCP_OVERLOAD)
            continue;
        if (!overload || *overload || option[1] != 1 || option[2] == 0 || option[2] > 3)
            flaws++;
        else
            *overload = option[2];
    }
    return flaws + !(at < len && field[at] == DHCP_END);
}

bool wire_dhcp_parse(struct wire_dhcp *message, struct wire_dhcp_options *options,
                     const uint8_t *bytes, uint32_t len)
{
    uint8_t overload = 0;
    uint32_t flaws;

    /* 1: Ethernet, whose addresses have 6 bytes */
    if (len <= DHCP_FIXED_BYTES || bytes[HTYPE_AT] != 1 || bytes[HLEN_AT] != 6 ||
        get32(bytes + COOKIE_AT) != cookie)
        return false;
    /* The overload must be known before the other two fields are looked at: without it they hold
     * names of a server and a file. */
    flaws = flaws_of(bytes + DHCP_FIXED_BYTES, len - DHCP_FIXED_BYTES, &overload);
    if (overload & OVERLOAD_FILE)
        flaws += flaws_of(bytes + FILE_AT, FILE_BYTES, 0);
    if (overload & OVERLOAD_SNAME)
        flaws += flaws_of(bytes + SNAME_AT, SNAME_BYTES, 0);
    *options = (struct wire_dhcp_options){
        .at = {bytes + DHCP_FIXED_BYTES, bytes + FILE_AT, bytes + SNAME_AT},
        .len = {len - DHCP_FIXED_BYTES, overload & OVERLOAD_FILE ? FILE_BYTES : 0,
                overload & OVERLOAD_SNAME ? SNAME_BYTES : 0},
        .flaws = flaws};
    *message = (struct wire_dhcp){.op = bytes[OP_AT],
                                  .xid = get32(bytes + XID_AT),
                                  .secs = get16(bytes + SECS_AT),
                                  .flags = get16(bytes + FLAGS_AT),
                                  .ciaddr = get32(bytes + CIADDR_AT),
                                  .yiaddr = get32(bytes + YIADDR_AT),
                                  .siaddr = get32(bytes + SIADDR_AT),
                                  .giaddr = get32(bytes + GIADDR_AT)};
    memcpy(message->chaddr.octet, bytes + CHADDR_AT, sizeof message->chaddr.octet);
    return true;
}

/* RFC 3396 5: the pieces are concatenated in the order of the fields, and the whole is parsed only
 * then. Bytes beyond @room are counted, so that an option that is too long isn't mistaken for a
 * short one. */
int32_t wire_dhcp_option(const struct wire_dhcp_options *options, uint8_t code, uint8_t *bytes,
                         uint32_t room)
{
    uint32_t have = 0;
    bool found = false;

    for (unsigned i = 0; i < DHCP_FIELDS; i++) {
        const uint8_t *option;
        uint32_t at = 0;

        while (next_option(options->at[i], options->len[i], &at, &option)) {
            const uint32_t len = option[1];
            const uint32_t fits = have >= room ? 0 : len < room - have ? len : room - have;

            if (option[0] != code)
                continue;
            if (fits > 0)
                memcpy(bytes + have, option + 2, fits);
            have += len;
            found = true;
        }
    }
    return found ? (int32_t)have : -1;
}

bool wire_dhcp_option8(const struct wire_dhcp_options *options, uint8_t code, uint8_t *value)
{
    uint8_t byte;

    if (wire_dhcp_option(options, code, &byte, 1) != 1)
        return false;
    *value = byte;
    return true;
}

bool wire_dhcp_option32(const struct wire_dhcp_options *options, uint8_t code, uint32_t *value)
{
    uint8_t bytes[4];

    if (wire_dhcp_option(options, code, bytes, sizeof bytes) != sizeof bytes)
        return false;
    *value = get32(bytes);
    return true;
}

void wire_dhcp_write(struct wire_dhcp_writer *writer, const struct wire_dhcp *message,
                     uint8_t *bytes, uint32_t room)
{
    leat_assert(room > DHCP_FIXED_BYTES);
    *writer = (struct wire_dhcp_writer){.bytes = bytes, .room = room, .len = DHCP_FIXED_BYTES};
    memset(bytes, 0, DHCP_FIXED_BYTES);
    bytes[OP_AT] = message->op;
    bytes[HTYPE_AT] = 1;
    bytes[HLEN_AT] = 6;
    put32(bytes + XID_AT, message->xid);
    put16(bytes + SECS_AT, message->secs);
    put16(bytes + FLAGS_AT, message->flags);
    put32(bytes + CIADDR_AT, message->ciaddr);
    put32(bytes + YIADDR_AT, message->yiaddr);
    put32(bytes + SIADDR_AT, message->siaddr);
    put32(bytes + GIADDR_AT, message->giaddr);
    memcpy(bytes + CHADDR_AT, message->chaddr.octet, sizeof message->chaddr.octet);
    put32(bytes + COOKIE_AT, cookie);
}

void wire_dhcp_put(struct wire_dhcp_writer *writer, uint8_t code, const void *bytes, uint32_t len)
{
    const uint8_t *from = bytes;

    leat_debug_assert(writer->len <= writer->room);
    leat_assert(len == 0 || bytes);
    /* At least once, because an option may be empty. Each piece has the option's code again (RFC
     * 3396 4). */
    do {
        const uint32_t piece = len < PIECE_MAX ? len : PIECE_MAX;
        uint8_t *to = writer->bytes + writer->len;

        if (writer->full || writer->room - writer->len < 2 + piece) {
            writer->full = true;
            return;
        }
        to[0] = code;
        to[1] = (uint8_t)piece;
        if (piece > 0) { /* the bytes of an empty option may be NULL */
            memcpy(to + 2, from, piece);
            from += piece;
        }
        writer->len += 2 + piece;
        len -= piece;
    } while (len > 0);
}

void wire_dhcp_put8(struct wire_dhcp_writer *writer, uint8_t code, uint8_t value)
{
    wire_dhcp_put(writer, code, &value, sizeof value);
}

void wire_dhcp_put16(struct wire_dhcp_writer *writer, uint8_t code, uint16_t value)
{
    uint8_t bytes[2];

    put16(bytes, value);
    wire_dhcp_put(writer, code, bytes, sizeof bytes);
}

void wire_dhcp_put32(struct wire_dhcp_writer *writer, uint8_t code, uint32_t value)
{
    uint8_t bytes[4];

    put32(bytes, value);
    wire_dhcp_put(writer, code, bytes, sizeof bytes);
}

uint32_t wire_dhcp_end(struct wire_dhcp_writer *writer)
{
    leat_debug_assert(writer->len >= DHCP_FIXED_BYTES);
    /* The end option needs one byte more than the options. */
    if (writer->full || writer->len == writer->room)
        return 0;
    writer->bytes[writer->len++] = DHCP_END;
    /* behind the end option, where no client or server reads */
    while (writer->len < DHCP_BOOTP_BYTES && writer->len < writer->room)
        writer->bytes[writer->len++] = DHCP_PAD;
    return writer->len;
}
