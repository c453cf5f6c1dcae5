/* segment.c -- a second implementation of the formats: from the RFCs, without code of src/. */
#include "segment.h"

#include <string.h>

static uint16_t u16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t u32(const uint8_t *at)
{
    return (uint32_t)u16(at) << 16 | u16(at + 2);
}

/* RFC 1071, byte by byte. */
static uint32_t sum(uint32_t so_far, const uint8_t *bytes, uint32_t len)
{
    for (uint32_t i = 0; i + 1 < len; i += 2)
        so_far += u16(bytes + i);
    if (len % 2)
        so_far += (uint32_t)bytes[len - 1] << 8;
    return so_far;
}

static bool sum_is_good(uint32_t total)
{
    while (total >> 16)
        total = (total & 0xffff) + (total >> 16);
    return total == 0xffff;
}

static const char *parse_option(struct sim_segment *s, const uint8_t *option)
{
    const unsigned len = option[1];

    switch (option[0]) {
    case 2: /* RFC 9293 3.2 */
        s->mss = u16(option + 2);
        return len == 4 && (s->flags & SIM_SYN) ? NULL : "MSS option malformed or without SYN";
    case 3: /* RFC 7323 2.2 */
        s->has_wind_shift = true;
        s->wind_shift = option[2];
        return len == 3 && (s->flags & SIM_SYN) ? NULL : "window scale malformed or without SYN";
    case 4: /* RFC 2018 2 */
        s->sack_ok = true;
        return len == 2 && (s->flags & SIM_SYN) ? NULL : "SACK permitted malformed or without SYN";
    case 5: /* RFC 2018 3 */
        if (len < 10 || (len - 2) % 8 != 0 || len > 34)
            return "SACK option malformed";
        s->sack_count = (len - 2) / 8;
        for (unsigned i = 0; i < s->sack_count; i++) {
            s->sack[i][0] = u32(option + 2 + 8 * i);
            s->sack[i][1] = u32(option + 6 + 8 * i);
        }
        return NULL;
    case 8: /* RFC 7323 3.2 */
        if (len != 10)
            return "timestamp option malformed";
        s->has_timestamp = true;
        s->ts_value = u32(option + 2);
        s->ts_echo = u32(option + 6);
        return NULL;
    case 34: /* RFC 7413 4.1.1 */
        return s->flags & SIM_SYN ? NULL : "Fast Open option without SYN";
    default:
        return "unknown TCP option";
    }
}

static const char *parse_options(struct sim_segment *s, const uint8_t *at, uint32_t len)
{
    const uint8_t *const end = at + len;
    const char *why = NULL;

    while (at < end && !why) {
        if (*at == 0) /* end of options: the rest is padding of zeros */
            break;
        if (*at == 1) {
            at++;
            continue;
        }
        if (end - at < 2 || at[1] < 2 || at[1] > end - at)
            return "TCP option of impossible length";
        why = parse_option(s, at);
        at += at[1];
    }
    return why;
}

/* @addresses: those of the pseudo-header, of either family. */
static const char *parse_tcp(struct sim_segment *s, const uint8_t *addresses,
                             uint32_t addresses_len, const uint8_t *at, uint32_t len)
{
    uint32_t header_len;

    if (len < 20)
        return "TCP header cut short";
    header_len = (uint32_t)(at[12] >> 4) * 4;
    if (header_len < 20 || header_len > len)
        return "TCP data offset wrong";
    if (at[12] & 0x0e)
        return "TCP reserved bits set";
    if (!sum_is_good(sum(sum(6 + len, addresses, addresses_len), at, len)))
        return "TCP checksum wrong";
    s->is_tcp = true;
    s->src_port = u16(at);
    s->dst_port = u16(at + 2);
    s->seq = u32(at + 4);
    s->ack = u32(at + 8);
    s->flags = (uint16_t)(at[13] | (at[12] & 1) << 8);
    s->window = u16(at + 14);
    if (!(s->flags & SIM_ACK) && s->ack != 0)
        return "an acknowledgment number without ACK";
    s->options_len = header_len - 20;
    s->data = at + header_len;
    s->data_len = len - header_len;
    return parse_options(s, at + 20, s->options_len);
}

static const char *parse_ip(struct sim_segment *s, const uint8_t *at, uint32_t len, unsigned from)
{
    const uint8_t src[4] = {10, 0, 0, (uint8_t)(1 + from)};
    const uint8_t dst[4] = {10, 0, 0, (uint8_t)(2 - from)};
    uint32_t total;

    if (len < 20 || at[0] != 0x45)
        return "IP header cut short, not version 4, or with options";
    total = u16(at + 2);
    if (total < 20 || total > len)
        return "IP total length wrong";
    if (!sum_is_good(sum(0, at, 20)))
        return "IP checksum wrong";
    if (memcmp(at + 12, src, 4) != 0 || memcmp(at + 16, src, 4) == 0)
        return "IP addresses of others";
    s->to_stranger = memcmp(at + 16, dst, 4) != 0;
    if (at[8] == 0)
        return "TTL of zero";
    if (u16(at + 6) & 0x3fff)
        return "a fragment";
    for (uint32_t i = total; i < len; i++) {
        if (at[i] != 0)
            return "padding that is not zero";
    }
    s->ecn = at[1] & 3;
    return at[9] == 6 ? parse_tcp(s, at + 12, 8, at + 20, total - 20) : NULL;
}

/* RFC 4443 2.3, RFC 4861 7.1, RFC 3810 5: neighbour discovery, groups and errors. */
static const char *parse_icmp6(const uint8_t *at, uint32_t len)
{
    const uint8_t *message = at + 40;
    uint8_t next = at[6];

    if (next == 0 && len > 8) { /* hop-by-hop options, for MLD: the router alert only (RFC 2711) */
        static const uint8_t alert[4] = {5, 2, 0, 0};

        if (message[1] != 0 || memcmp(message + 2, alert, 4) != 0 || at[7] != 1)
            return "hop-by-hop options that are no router alert";
        next = message[0];
        message += 8;
        len -= 8;
    }
    if (next != 58 || len < 4)
        return "neither TCP nor ICMPv6";
    if (!sum_is_good(sum(sum(58 + len, at + 8, 32), message, len)))
        return "ICMPv6 checksum wrong";
    if (message[0] >= 133 && message[0] <= 137 && at[7] != 255)
        return "neighbour discovery with a hop limit that is not 255";
    return NULL;
}

static const char *parse_ip6(struct sim_segment *s, const uint8_t *at, uint32_t len, unsigned from)
{
    const uint8_t src[16] = {0x20, 1, 0x0d, 0xb8, 10, 0, 0, (uint8_t)(1 + from), [15] = 1};
    const uint8_t dst[16] = {0x20, 1, 0x0d, 0xb8, 10, 0, 0, (uint8_t)(2 - from), [15] = 1};
    static const uint8_t nobody[16];
    uint32_t payload;

    if (len < 40 || at[0] >> 4 != 6)
        return "IPv6 header cut short, or not version 6";
    payload = u16(at + 4);
    if (payload + 40 != len)
        return "IPv6 payload length wrong";
    if (at[7] == 0)
        return "hop limit of zero";
    if (memcmp(at + 8, src, 16) != 0 &&
        (at[6] == 6 || ((at[8] != 0xfe || at[9] != 0x80) && memcmp(at + 8, nobody, 16) != 0)))
        return "IPv6 source of others";
    if (memcmp(at + 24, src, 16) == 0)
        return "to itself";
    s->to_stranger =
        memcmp(at + 24, dst, 16) != 0 && at[24] != 0xff && (at[24] != 0xfe || at[25] != 0x80);
    s->ecn = at[1] >> 4 & 3;
    return at[6] == 6 ? parse_tcp(s, at + 8, 32, at + 40, payload) : parse_icmp6(at, payload);
}

const char *sim_segment_parse(struct sim_segment *segment, const uint8_t *frame, uint32_t len,
                              unsigned from, bool ipv6)
{
    const uint8_t mac[6] = {2, 0, 0, 0, 0, (uint8_t)(1 + from)};

    *segment = (struct sim_segment){0};
    if (len < 60)
        return "shorter than Ethernet's minimum";
    if (memcmp(frame + 6, mac, 6) != 0)
        return "sender's MAC is not its own";
    if (ipv6 && u16(frame + 12) == 0x86dd)
        return parse_ip6(segment, frame + 14, len - 14, from);
    if (u16(frame + 12) == 0x0806 && !ipv6)
        return NULL;
    if (u16(frame + 12) != 0x0800 || ipv6)
        return "of another family";
    return parse_ip(segment, frame + 14, len - 14, from);
}

/* ---- captures ----------------------------------------------------------------------------- */

void sim_record_begin(FILE *file)
{
    const uint32_t head[6] = {0xa1b23c4d, 4u << 16 | 2, 0, 0, 262144, 1};

    fwrite(head, sizeof head, 1, file);
}

void sim_record_frame(FILE *file, uint64_t now_ns, const uint8_t *frame, uint32_t len)
{
    const uint32_t head[4] = {(uint32_t)(now_ns / 1000000000u), (uint32_t)(now_ns % 1000000000u),
                              len, len};

    fwrite(head, sizeof head, 1, file);
    fwrite(frame, 1, len, file);
}
