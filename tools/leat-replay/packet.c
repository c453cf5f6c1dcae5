/* packet.c -- a TCP segment in a captured frame, and its translation for another stack. */
#include "packet.h"

#include <string.h>

#include "core/checksum.h"
#include "tcp/congestion/seq.h"
#include "wire/bytes.h"
#include "wire/ethernet.h"
#include "wire/ipv6.h"

enum {
    PROTOCOL_TCP = 6,
    OPTION_END = 0,
    OPTION_NOP = 1,
    OPTION_WIND_SHIFT = 3,
    OPTION_SACK_PERMITTED = 4,
    OPTION_SACK = 5,
    OPTION_TS = 8
};

const struct leat_mac packet_peer_mac = {{2, 0, 0, 0, 0, 0xfe}};

/* Parses the headers before TCP; PACKET_TCP: they are complete. */
static enum packet_kind parse_ipv4(struct packet *packet, uint32_t len)
{
    const uint8_t *at = packet->ip_bytes;
    struct wire_ipv4 *ip = &packet->ip;

    packet->is_ipv6 = false;
    if (!wire_ipv4_parse(ip, at, len, len))
        return wire_ipv4_parse_quote(ip, at, len) && ip->protocol == PROTOCOL_TCP ? PACKET_CUT
                                                                                  : PACKET_OTHER;
    if (ip->protocol != PROTOCOL_TCP)
        return PACKET_OTHER;
    packet->src = leat_ip_v4(ip->src);
    packet->dst = leat_ip_v4(ip->dst);
    packet->tcp_bytes = at + ip->header_bytes;
    return ip->more_fragments || ip->fragment_offset > 0 ? PACKET_FRAGMENT : PACKET_TCP;
}

static enum packet_kind parse_ipv6(struct packet *packet, uint32_t len)
{
    const uint8_t *at = packet->ip_bytes;
    struct wire_ipv6_chain chain;
    struct wire_ipv6 ip;
    uint32_t total;

    packet->is_ipv6 = true;
    if (!wire_ipv6_parse(&ip, at, len, len))
        return len >= IPV6_HEADER_BYTES && at[0] >> 4 == 6 && at[IPV6_NEXT_AT] == PROTOCOL_TCP
                   ? PACKET_CUT
                   : PACKET_OTHER;
    total = IPV6_HEADER_BYTES + ip.payload_bytes;
    if (wire_ipv6_walk(&chain, at, total, false) != IPV6_CHAIN_OK ||
        chain.next_header != PROTOCOL_TCP)
        return PACKET_OTHER;
    if (total - chain.bytes > UINT16_MAX - IPV4_HEADER_BYTES)
        return PACKET_CUT; /* our segments are never so long */
    packet->src = ip.src;
    packet->dst = ip.dst;
    packet->tcp_bytes = at + chain.bytes;
    packet->ip =
        (struct wire_ipv4){.total_bytes = (uint16_t)(IPV4_HEADER_BYTES + total - chain.bytes),
                           .header_bytes = IPV4_HEADER_BYTES,
                           .ttl = ip.hop_limit,
                           .tos = ip.traffic_class,
                           .protocol = PROTOCOL_TCP,
                           .dont_fragment = true};
    return chain.is_fragment ? PACKET_FRAGMENT : PACKET_TCP;
}

/* Reads the ends of a segment from its first 20 bytes; @len: bytes of TCP in the capture. */
static void parse_ends(struct packet *packet, uint32_t len)
{
    const uint8_t *at = packet->tcp_bytes;

    packet->has_ends = len >= WIRE_TCP_BYTES;
    if (!packet->has_ends)
        return;
    packet->tcp = (struct wire_tcp){
        .src_port = get16(at), .dst_port = get16(at + 2), .seq = get32(at + 4), .flags = at[13]};
}

/* The same for a packet that the capture has truncated. */
static void parse_cut(struct packet *packet, uint32_t len)
{
    const struct wire_ipv4 *ip = &packet->ip;

    if (packet->is_ipv6) {
        memcpy(packet->src.bytes, packet->ip_bytes + IPV6_SRC_AT, sizeof packet->src.bytes);
        memcpy(packet->dst.bytes, packet->ip_bytes + IPV6_DST_AT, sizeof packet->dst.bytes);
        packet->tcp_bytes = packet->ip_bytes + IPV6_HEADER_BYTES;
        parse_ends(packet, len - IPV6_HEADER_BYTES);
    } else if (ip->fragment_offset == 0 && len >= ip->header_bytes) {
        packet->src = leat_ip_v4(ip->src);
        packet->dst = leat_ip_v4(ip->dst);
        packet->tcp_bytes = packet->ip_bytes + ip->header_bytes;
        parse_ends(packet, len - ip->header_bytes);
    }
}

enum packet_kind packet_parse(struct packet *packet, const uint8_t *frame, uint32_t len)
{
    struct wire_ethernet ethernet;
    const uint32_t at = ETHERNET_HEADER_BYTES;
    enum packet_kind kind = PACKET_OTHER;

    if (!wire_ethernet_parse(&ethernet, frame, len))
        return PACKET_OTHER;
    packet->ip_bytes = frame + at;
    packet->has_ends = false;
    if (ethernet.type == ETHERNET_IPV4)
        kind = parse_ipv4(packet, len - at);
    else if (ethernet.type == ETHERNET_IPV6)
        kind = parse_ipv6(packet, len - at);
    if (kind == PACKET_CUT)
        parse_cut(packet, len - at);
    if (kind != PACKET_TCP)
        return kind;
    len = (uint32_t)packet->ip.total_bytes - packet->ip.header_bytes;
    if (!wire_tcp_parse(packet->tcp_bytes, len, &packet->tcp))
        return PACKET_CUT;
    if (!wire_tcp_parse_options(packet->tcp_bytes, &packet->tcp))
        packet->tcp.has_ts = packet->tcp.sack_permitted = false;
    packet->data = packet->tcp_bytes + packet->tcp.header_bytes;
    packet->data_bytes = len - packet->tcp.header_bytes;
    return PACKET_TCP;
}

static uint32_t fold(uint64_t sum)
{
    while (sum > 0xffff)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint32_t)sum;
}

/* The checksum for a packet with the sum @now (checksum field 0) that has the same error as
 * @before had: RFC 1624, for many words at once. */
static uint16_t checksum_as_before(uint64_t before, uint64_t now)
{
    return checksum_finish(now + (0xffff - fold(before)));
}

static void translate_sacks(uint8_t *option, const struct translation *how)
{
    for (uint8_t *block = option + 2; block + 8 <= option + option[1]; block += 8) {
        const uint32_t left = get32(block) + how->sack_shift;
        const uint32_t right = get32(block + 4) + how->sack_shift;

        if (seq_lt(how->snd_nxt, right)) {
            memset(option, OPTION_NOP, option[1]);
            return;
        }
        put32(block, left);
        put32(block + 4, right);
    }
}

/* Overwrites options that the stack must not see with NOPs, so that no byte moves. */
static void translate_options(uint8_t *tcp, const struct packet *packet,
                              const struct translation *how)
{
    uint8_t *at = tcp + WIRE_TCP_BYTES;
    const uint8_t *end = tcp + packet->tcp.header_bytes;
    const bool syn = packet->tcp.flags & TCP_SYN;

    while (at < end && *at != OPTION_END) {
        const uint8_t kind = *at;
        uint8_t len;

        if (kind == OPTION_NOP) {
            at++;
            continue;
        }
        if (at + 1 >= end || at[1] < 2 || at + at[1] > end)
            return; /* malformed: left unchanged */
        len = at[1];
        if (kind == OPTION_TS && len == 10 && !(syn && how->no_ts))
            put32(at + 6, packet->tcp.flags & TCP_ACK ? how->tsecr : 0);
        if (kind == OPTION_SACK)
            translate_sacks(at, how);
        if (syn &&
            ((kind == OPTION_TS && how->no_ts) || (kind == OPTION_SACK_PERMITTED && how->no_sack) ||
             (kind == OPTION_WIND_SHIFT && how->no_wind_shift)))
            memset(at, OPTION_NOP, len);
        at += len;
    }
}

static void translate_ip(uint8_t *ip, const struct packet *packet, const struct translation *how)
{
    uint64_t before, now;

    if (packet->is_ipv6) {
        struct wire_ipv4 header = packet->ip;

        header.src = leat_ip_v4_number(how->src.ip);
        header.dst = leat_ip_v4_number(how->dst.ip);
        wire_ipv4_emit(&header, ip);
        return;
    }
    memcpy(ip, packet->ip_bytes, packet->ip.header_bytes);
    before = checksum_bytes(ip, packet->ip.header_bytes);
    put32(ip + 12, leat_ip_v4_number(how->src.ip));
    put32(ip + 16, leat_ip_v4_number(how->dst.ip));
    put16(ip + 10, 0);
    now = checksum_bytes(ip, packet->ip.header_bytes);
    put16(ip + 10, how->repair ? checksum_finish(now) : checksum_as_before(before, now));
}

/* The sum of the recorded pseudo-header. */
static uint64_t recorded_pseudo(const struct packet *packet, uint32_t tcp_len)
{
    return packet->is_ipv6 ? checksum_pseudo6(&packet->src, &packet->dst, PROTOCOL_TCP, tcp_len)
                           : checksum_pseudo(packet->ip.src, packet->ip.dst, PROTOCOL_TCP, tcp_len);
}

enum packet_sum packet_sum(const struct packet *packet)
{
    const uint32_t len = (uint32_t)packet->ip.total_bytes - packet->ip.header_bytes;
    const uint16_t field = get16(packet->tcp_bytes + WIRE_TCP_CHECKSUM_AT);
    const uint16_t inverse = (uint16_t)(field ^ 0xffff); /* a sum that isn't finished */
    const uint64_t pseudo = recorded_pseudo(packet, len);

    if (!packet->is_ipv6 &&
        !checksum_agrees(checksum_bytes(packet->ip_bytes, packet->ip.header_bytes)))
        return get16(packet->ip_bytes + 10) == 0 ? SUM_UNFINISHED : SUM_WRONG;
    if (checksum_agrees(pseudo + checksum_bytes(packet->tcp_bytes, len)))
        return SUM_RIGHT;
    /* a device that cuts super-frames gets the sum without the length */
    return field == 0 || inverse == checksum_finish(pseudo) ||
                   inverse == checksum_finish(recorded_pseudo(packet, 0))
               ? SUM_UNFINISHED
               : SUM_WRONG;
}

uint32_t packet_translate(uint8_t *to, const struct packet *packet, const struct translation *how)
{
    const struct wire_ethernet ethernet = {how->mac, packet_peer_mac, ETHERNET_IPV4};
    const uint32_t tcp_len = (uint32_t)packet->ip.total_bytes - packet->ip.header_bytes;
    uint8_t *ip = to + ETHERNET_HEADER_BYTES;
    uint8_t *tcp = ip + packet->ip.header_bytes;
    uint64_t before, now;

    wire_ethernet_emit(&ethernet, to);
    translate_ip(ip, packet, how);
    memcpy(tcp, packet->tcp_bytes, tcp_len);
    before = recorded_pseudo(packet, tcp_len) + checksum_bytes(tcp, packet->tcp.header_bytes);
    put16(tcp, how->src.port);
    put16(tcp + 2, how->dst.port);
    if (packet->tcp.flags & TCP_ACK)
        put32(tcp + 8, how->ack);
    if (packet->tcp.flags & TCP_SYN) /* clear ACE, which counts packets of another stack */
        tcp[12] &= 0xfe;
    if ((packet->tcp.flags & TCP_SYN) && how->no_ecn)
        tcp[13] = (uint8_t)(tcp[13] & ~(TCP_ECE | TCP_CWR));
    translate_options(tcp, packet, how);
    put16(tcp + WIRE_TCP_CHECKSUM_AT, 0);
    now = checksum_pseudo(leat_ip_v4_number(how->src.ip), leat_ip_v4_number(how->dst.ip),
                          PROTOCOL_TCP, tcp_len);
    if (how->repair)
        put16(tcp + WIRE_TCP_CHECKSUM_AT, checksum_finish(now + checksum_bytes(tcp, tcp_len)));
    else
        put16(tcp + WIRE_TCP_CHECKSUM_AT,
              checksum_as_before(before, now + checksum_bytes(tcp, packet->tcp.header_bytes)));
    return ETHERNET_HEADER_BYTES + packet->ip.total_bytes;
}

/* Begins a segment of the recorded peer, with a timestamp as its only option. */
static uint32_t emit(uint8_t *to, const struct packet *packet, const struct translation *how,
                     const struct wire_tcp *head, const uint8_t *data, uint32_t data_bytes)
{
    const struct wire_ethernet ethernet = {how->mac, packet_peer_mac, ETHERNET_IPV4};
    struct wire_tcp tcp = *head;
    const uint32_t len = wire_tcp_bytes(&tcp) + data_bytes;
    const struct wire_ipv4 ip = {.src = leat_ip_v4_number(how->src.ip),
                                 .dst = leat_ip_v4_number(how->dst.ip),
                                 .total_bytes = (uint16_t)(IPV4_HEADER_BYTES + len),
                                 .header_bytes = IPV4_HEADER_BYTES,
                                 .ttl = packet->ip.ttl,
                                 .protocol = PROTOCOL_TCP,
                                 .dont_fragment = true};
    uint8_t *at = to + ETHERNET_HEADER_BYTES + IPV4_HEADER_BYTES;

    tcp.header_bytes = (uint8_t)(len - data_bytes);
    wire_ethernet_emit(&ethernet, to);
    wire_ipv4_emit(&ip, to + ETHERNET_HEADER_BYTES);
    wire_tcp_emit(at, &tcp, tcp.header_bytes);
    memcpy(at + tcp.header_bytes, data, data_bytes);
    put16(at + WIRE_TCP_CHECKSUM_AT, 0);
    put16(at + WIRE_TCP_CHECKSUM_AT,
          checksum_finish(checksum_pseudo(ip.src, ip.dst, PROTOCOL_TCP, len) +
                          checksum_bytes(at, len)));
    return ETHERNET_HEADER_BYTES + IPV4_HEADER_BYTES + len;
}

static struct wire_tcp head_of(const struct packet *packet, const struct translation *how,
                               uint32_t seq, uint32_t window)
{
    return (struct wire_tcp){.src_port = how->src.port,
                             .dst_port = how->dst.port,
                             .seq = seq,
                             .ack = how->ack,
                             .window = (uint16_t)window,
                             .flags = TCP_ACK,
                             .wind_shift = WIRE_TCP_NO_SHIFT,
                             .has_ts = packet->tcp.has_ts && !how->no_ts,
                             .tsval = packet->tcp.tsval,
                             .tsecr = how->tsecr};
}

uint32_t packet_ack(uint8_t *to, const struct packet *packet, const struct translation *how,
                    uint32_t seq, uint32_t window)
{
    const struct wire_tcp head = head_of(packet, how, seq, window);

    return emit(to, packet, how, &head, packet->data, 0);
}

uint32_t packet_syn_data(uint8_t *to, const struct packet *packet, const struct translation *how)
{
    const struct wire_tcp head = head_of(packet, how, packet->tcp.seq + 1, packet->tcp.window);

    return emit(to, packet, how, &head, packet->data, packet->data_bytes);
}
