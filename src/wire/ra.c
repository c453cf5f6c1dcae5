/*
 * ra.c -- parses router advertisements and emits solicitations.
 *
 * wire_ra_parse() checks the lengths of all options before the caller takes any of them by
 * wire_ra_next(). So an advertisement that is malformed at its end changes nothing (RFC 4861
 * 6.1.2).
 */
#include "wire/ra.h"

#include <string.h>

#include "core/assert.h"
#include "wire/bytes.h"

enum {
    OPTION_SOURCE = 1, /* RFC 4861 4.6 */
    OPTION_PREFIX = 3,
    OPTION_MTU = 5,
    OPTION_ROUTE = 24,   /* RFC 4191 2.3 */
    OPTION_SERVERS = 25, /* RFC 8106 5.1 */
    OPTION_SEARCH = 31,
    OPTION_NAT64 = 38, /* RFC 8781 4 */
    FLAG_MANAGED = 0x80,
    FLAG_OTHER = 0x40,
    FLAG_ON_LINK = 0x80,
    FLAG_AUTONOMOUS = 0x40,
    PREFERENCE_RESERVED = 2,
    LABEL_MAX = 63 /* RFC 1035 2.3.4 */
};

/* The preference in the two middle bits of a byte (RFC 4191 2.1); RA_MEDIUM for the reserved
 * value. */
static int8_t preference_of(uint8_t byte)
{
    static const int8_t all[] = {RA_MEDIUM, RA_HIGH, RA_MEDIUM, RA_LOW};

    _Static_assert(sizeof all == 1 << 2, "two bits");
    return all[byte >> 3 & 3];
}

bool wire_ra_parse(struct wire_ra *ra, const uint8_t *bytes, uint32_t len)
{
    uint32_t at = RA_BYTES;

    if (len < RA_BYTES || bytes[1] != 0)
        return false;
    for (unsigned i = 0; at < len; i++) {
        if (i == RA_OPTIONS_MAX || len - at < 8 || bytes[at + 1] == 0 ||
            bytes[at + 1] * 8u > len - at)
            return false;
        at += bytes[at + 1] * 8u;
    }
    *ra = (struct wire_ra){.hop_limit = bytes[4],
                           .managed = bytes[5] & FLAG_MANAGED,
                           .other = bytes[5] & FLAG_OTHER,
                           .preference = preference_of(bytes[5]),
                           .lifetime_s = get16(bytes + 6),
                           .reachable_ms = get32(bytes + 8),
                           .retrans_ms = get32(bytes + 12)};
    return true;
}

/* The first @bits of the @bytes at @at; the rest is 0. */
static struct leat_ip prefix_at(const uint8_t *at, uint32_t bytes, uint32_t bits)
{
    struct leat_ip prefix = {{0}};
    const uint32_t whole = bits / 8;

    leat_assert(bits <= 128);
    memcpy(prefix.bytes, at, whole < bytes ? whole : bytes);
    if (whole < bytes && bits % 8)
        prefix.bytes[whole] = (uint8_t)(at[whole] & 0xff00u >> bits % 8);
    return prefix;
}

/* RFC 4861 4.6.2: a receiver ignores the bits behind the prefix length. They are cleared, because
 * prefixes are compared whole. */
static void take_prefix(struct wire_ra_option *option, const uint8_t *at, uint32_t len)
{
    if (len != 32 || at[2] > 128)
        return;
    option->kind = RA_PREFIX;
    option->prefix_bits = at[2];
    option->on_link = at[3] & FLAG_ON_LINK;
    option->autonomous = at[3] & FLAG_AUTONOMOUS;
    option->lifetime_s = get32(at + 4);
    option->preferred_s = get32(at + 8);
    option->prefix = prefix_at(at + 16, 16, at[2]);
}

static void take_route(struct wire_ra_option *option, const uint8_t *at, uint32_t len)
{
    /* RFC 4191 2.3: at least as long as the prefix needs; a reserved preference is ignored */
    if (at[2] > 128 || len > 24 || len < 8 + (at[2] + 63u) / 64 * 8 ||
        (at[3] >> 3 & 3) == PREFERENCE_RESERVED)
        return;
    option->kind = RA_ROUTE;
    option->prefix_bits = at[2];
    option->preference = preference_of(at[3]);
    option->lifetime_s = get32(at + 4);
    option->prefix = prefix_at(at + 8, len - 8, at[2]);
}

/* RFC 8106 5.1, 5.2. Server addresses fill whole 16 bytes behind the lifetime; names are padded
 * with zeros. */
static void take_text(struct wire_ra_option *option, const uint8_t *at, uint32_t len)
{
    const bool is_servers = at[0] == OPTION_SERVERS;

    if (len < (is_servers ? 24u : 16u) || (is_servers && len % 16 != 8))
        return;
    option->kind = is_servers ? RA_SERVERS : RA_SEARCH;
    option->lifetime_s = get32(at + 4);
    option->bytes = at + 8;
    option->len = len - 8;
}

/* RFC 8781 4: the code stands for one of the prefix lengths of RFC 6052. */
static void take_nat64(struct wire_ra_option *option, const uint8_t *at, uint32_t len)
{
    static const uint8_t bits[] = {96, 64, 56, 48, 40, 32};
    const unsigned code = at[3] & 7;

    if (len != 16 || code >= sizeof bits)
        return;
    option->kind = RA_NAT64;
    option->prefix_bits = bits[code];
    option->lifetime_s = get16(at + 2) & 0xfff8u; /* 13 bits in units of 8 s */
    option->prefix = prefix_at(at + 4, 12, bits[code]);
}

bool wire_ra_next(struct wire_ra_option *option, const uint8_t *bytes, uint32_t len, uint32_t *at)
{
    const uint8_t *here = bytes + *at;
    uint32_t here_bytes;

    if (*at >= len)
        return false;
    here_bytes = here[1] * 8u;
    leat_debug_assert(here_bytes <= len - *at);
    leat_debug_assert(here_bytes > 0); /* checked by wire_ra_parse() */
    *option = (struct wire_ra_option){.code = here[0], .kind = RA_MALFORMED};
    *at += here_bytes;
    switch (here[0]) {
    case OPTION_SOURCE:
        if (here_bytes == 8)
            option->kind = RA_SOURCE;
        memcpy(option->mac.octet, here + 2, sizeof option->mac.octet);
        break;
    case OPTION_PREFIX:
        take_prefix(option, here, here_bytes);
        break;
    case OPTION_MTU:
        if (here_bytes == 8)
            option->kind = RA_MTU;
        option->mtu = get32(here + 4);
        break;
    case OPTION_ROUTE:
        take_route(option, here, here_bytes);
        break;
    case OPTION_SERVERS:
    case OPTION_SEARCH:
        take_text(option, here, here_bytes);
        break;
    case OPTION_NAT64:
        take_nat64(option, here, here_bytes);
        break;
    default:
        option->kind = RA_OTHER;
        break;
    }
    return true;
}

/* True for characters of host names. Programs might mishandle others, so they are refused. */
static bool is_plain(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

bool wire_ra_name(const uint8_t *bytes, uint32_t len, uint32_t *at, char *text, uint32_t text_bytes)
{
    uint32_t used = 0;

    leat_assert(text_bytes > 0);
    while (*at < len && bytes[*at] > 0) {
        const uint32_t label = bytes[*at];

        /* a compressed name has the two highest bits set, so it is refused (RFC 8106 5.2) */
        if (label > LABEL_MAX || label >= len - *at || used + label + 2 > text_bytes)
            return false;
        if (used > 0)
            text[used++] = '.';
        for (uint32_t i = 1; i <= label; i++) {
            if (!is_plain(bytes[*at + i]))
                return false;
            text[used++] = (char)bytes[*at + i];
        }
        *at += label + 1;
    }
    /* without labels it is the padding at the end of the option */
    if (*at >= len || used == 0)
        return false;
    text[used] = '\0';
    (*at)++;
    return true;
}

uint32_t wire_rs_emit(uint8_t bytes[RS_BYTES_MAX], const struct leat_mac *mac)
{
    memset(bytes, 0, RS_BYTES_MAX);
    bytes[0] = ICMPV6_ROUTER_SOLICITATION;
    /* without an address of ours, which `::` as the source shows, the option is forbidden (RFC 4861
     * 4.1) */
    if (!mac)
        return 8;
    bytes[8] = OPTION_SOURCE;
    bytes[9] = 1;
    memcpy(bytes + 10, mac->octet, sizeof mac->octet);
    return 16;
}
