/* wire.c -- packets as bytes: a second implementation of RFC 894, 826, 791, 792, 768, 9293. */
#include "wire.h"

#include <string.h>

enum {
    FOEXP_MAGIC = 0xf989, /* ExID of Fast Open: RFC 7413 4.1.1 */
    ETHER_BYTES = 14,
    IP_BYTES = 20,
    TCP_BYTES = 20,
    UDP_BYTES = 8,
    ICMP_BYTES = 8,
    QUOTE_BYTES = IP_BYTES + 8 /* RFC 792: the header and 64 bits */
};

static unsigned load16(const uint8_t *at)
{
    return (unsigned)at[0] << 8 | at[1];
}

static uint32_t load32(const uint8_t *at)
{
    return (uint32_t)load16(at) << 16 | load16(at + 2);
}

static void store16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void store32(uint8_t *at, uint32_t value)
{
    store16(at, value >> 16);
    store16(at + 2, value & 0xffff);
}

/* RFC 1071; 0 over data that contains its own checksum. */
static uint16_t sum16(const uint8_t *bytes, uint32_t len, uint32_t sum)
{
    for (uint32_t i = 0; i + 1 < len; i += 2)
        sum += load16(bytes + i);
    if (len % 2 > 0)
        sum += (uint32_t)bytes[len - 1] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

static uint32_t pseudo(const uint8_t *ip, uint32_t len)
{
    uint32_t sum = ip[9] + len;

    for (unsigned i = 12; i < 20; i += 2)
        sum += load16(ip + i);
    return sum;
}

/* ---- build -------------------------------------------------------------------------------- */

static uint32_t build_option(const struct packet_option *option, uint8_t *at)
{
    at[0] = option->kind;
    switch (option->kind) {
    case OPTION_EOL:
    case OPTION_NOP:
        return 1;
    case OPTION_MSS:
        store16(at + 2, option->value);
        at[1] = 4;
        break;
    case OPTION_WSCALE:
        at[2] = (uint8_t)option->value;
        at[1] = 3;
        break;
    case OPTION_SACK:
        for (unsigned i = 0; i < option->count; i++) {
            store32(at + 2 + 8 * i, option->sack[i].start);
            store32(at + 6 + 8 * i, option->sack[i].end);
        }
        at[1] = (uint8_t)(2 + 8 * option->count);
        break;
    case OPTION_TS:
        store32(at + 2, option->value);
        store32(at + 6, option->value2);
        at[1] = 10;
        break;
    case OPTION_FO:
        memcpy(at + 2, option->cookie, option->count);
        at[1] = (uint8_t)(2 + option->count);
        break;
    case OPTION_FOEXP:
        store16(at + 2, FOEXP_MAGIC);
        memcpy(at + 4, option->cookie, option->count);
        at[1] = (uint8_t)(4 + option->count);
        break;
    default:
        at[1] = 2;
        break;
    }
    return at[1];
}

/* The header, with its options padded by EOL, up to 40 bytes. */
static uint32_t build_tcp(const struct packet *packet, uint8_t *tcp)
{
    uint8_t options[PACKET_OPTIONS_MAX * (4 + COOKIE_BYTES_MAX)] = {0};
    uint32_t len = 0;

    for (unsigned i = 0; i < packet->option_count; i++)
        len += build_option(&packet->options[i], options + len);
    len = len > 40 ? 40 : (len + 3) & ~3u;
    memcpy(tcp + TCP_BYTES, options, len);
    len += TCP_BYTES;
    store16(tcp, packet->src_port);
    store16(tcp + 2, packet->dst_port);
    store32(tcp + 4, packet->seq);
    store32(tcp + 8, packet->flags & FLAG_ACK || packet->has_ack ? packet->ack : 0);
    tcp[12] = (uint8_t)(len / 4 << 4);
    tcp[12] |= packet->flags >> 8 & 1; /* AE */
    tcp[13] = (uint8_t)packet->flags;
    store16(tcp + 14, packet->window);
    store16(tcp + 16, 0);
    store16(tcp + 18, packet->urgent);
    return len;
}

static void build_ip(const struct packet *packet, uint32_t total, uint8_t *ip)
{
    memset(ip, 0, IP_BYTES);
    ip[0] = 0x45;
    ip[1] = packet->tos;
    store16(ip + 2, total);
    ip[8] = packet->has_ttl ? packet->ttl : 64;
    ip[9] = (uint8_t)packet->protocol;
    store32(ip + 12, packet->src);
    store32(ip + 16, packet->dst);
    store16(ip + 10, sum16(ip, IP_BYTES, 0));
}

/* The beginning of our packet that the error quotes; the error's addresses determine its own. */
static void build_quote(const struct packet *packet, uint8_t *quote)
{
    struct packet about = {.protocol = packet->quoted, .src = packet->dst, .dst = packet->src};
    const bool is_tcp = packet->quoted == PACKET_TCP;
    uint8_t *transport = quote + IP_BYTES;

    build_ip(&about, packet->len + IP_BYTES + (is_tcp ? TCP_BYTES : UDP_BYTES), quote);
    store16(transport, packet->dst_port);
    store16(transport + 2, packet->src_port);
    if (is_tcp) {
        store32(transport + 4, packet->seq);
    } else {
        store16(transport + 4, packet->len + UDP_BYTES);
        store16(transport + 6, packet->quoted_checksum);
    }
}

static uint32_t build_icmp(const struct packet *packet, uint8_t *icmp)
{
    memset(icmp, 0, ICMP_BYTES);
    icmp[0] = packet->icmp_type;
    icmp[1] = packet->icmp_code;
    store16(icmp + 6, packet->mtu);
    build_quote(packet, icmp + ICMP_BYTES);
    store16(icmp + 2, sum16(icmp, ICMP_BYTES + QUOTE_BYTES, 0));
    return ICMP_BYTES + QUOTE_BYTES;
}

uint32_t wire_build(const struct packet *packet, const uint8_t src[6], const uint8_t dst[6],
                    uint8_t *frame)
{
    uint8_t *ip = frame + ETHER_BYTES, *transport = ip + IP_BYTES;
    uint32_t len;

    if (packet->protocol == PACKET_ICMP) {
        len = build_icmp(packet, transport);
    } else if (packet->protocol == PACKET_TCP) {
        len = build_tcp(packet, transport);
    } else {
        store16(transport, packet->src_port);
        store16(transport + 2, packet->dst_port);
        store16(transport + 4, UDP_BYTES + packet->len);
        store16(transport + 6, 0);
        len = UDP_BYTES;
    }
    if (packet->protocol != PACKET_ICMP) {
        memcpy(transport + len, packet->data, packet->len);
        len += packet->len;
    }
    build_ip(packet, IP_BYTES + len, ip);
    if (packet->protocol == PACKET_TCP)
        store16(transport + 16, sum16(transport, len, pseudo(ip, len)));
    else if (packet->protocol == PACKET_UDP)
        store16(transport + 6, sum16(transport, len, pseudo(ip, len)));
    memcpy(frame, dst, 6);
    memcpy(frame + 6, src, 6);
    store16(frame + 12, 0x0800);
    return ETHER_BYTES + IP_BYTES + len;
}

/* ---- read --------------------------------------------------------------------------------- */

/* Length of the option at @at, of which @left bytes are there; 0: malformed. */
static uint32_t option_len(const uint8_t *at, uint32_t left)
{
    if (at[0] == OPTION_EOL || at[0] == OPTION_NOP)
        return 1;
    return left < 2 || at[1] < 2 || at[1] > left ? 0 : at[1];
}

/* False: the length is illegal for its kind. */
static bool read_option(const uint8_t *at, uint32_t len, struct packet_option *option)
{
    option->kind = at[0];
    switch (at[0]) {
    case OPTION_MSS:
        option->value = len == 4 ? load16(at + 2) : 0;
        return len == 4;
    case OPTION_WSCALE:
        option->value = at[2];
        return len == 3;
    case OPTION_SACKOK:
        return len == 2;
    case OPTION_SACK:
        option->count = (uint8_t)((len - 2) / 8);
        for (unsigned i = 0; i < option->count && i < SACK_BLOCKS_MAX; i++) {
            option->sack[i].start = load32(at + 2 + 8 * i);
            option->sack[i].end = load32(at + 6 + 8 * i);
        }
        return len % 8 == 2 && option->count > 0 && option->count <= SACK_BLOCKS_MAX;
    case OPTION_TS:
        option->value = len == 10 ? load32(at + 2) : 0;
        option->value2 = len == 10 ? load32(at + 6) : 0;
        return len == 10;
    case OPTION_FO:
        option->count = (uint8_t)(len - 2 < COOKIE_BYTES_MAX ? len - 2 : COOKIE_BYTES_MAX);
        memcpy(option->cookie, at + 2, option->count);
        return len - 2 <= COOKIE_BYTES_MAX;
    case OPTION_FOEXP:
        if (len < 4 || len - 4 > COOKIE_BYTES_MAX || load16(at + 2) != FOEXP_MAGIC)
            return false;
        option->count = (uint8_t)(len - 4);
        memcpy(option->cookie, at + 4, option->count);
        return true;
    default:
        return true;
    }
}

static const char *read_options(const uint8_t *at, uint32_t left, struct packet *packet)
{
    while (left > 0) {
        const uint32_t len = option_len(at, left);

        if (len == 0 || packet->option_count == PACKET_OPTIONS_MAX ||
            !read_option(at, len, &packet->options[packet->option_count]))
            return "malformed TCP options";
        packet->option_count++;
        if (at[0] == OPTION_EOL)
            break;
        at += len;
        left -= len;
    }
    return 0;
}

static const char *read_tcp(const uint8_t *tcp, uint32_t len, struct packet *packet)
{
    const uint32_t header = len >= TCP_BYTES ? (uint32_t)(tcp[12] >> 4) * 4 : 0;

    if (header < TCP_BYTES || header > len)
        return "a TCP header of the wrong length";
    packet->src_port = (uint16_t)load16(tcp);
    packet->dst_port = (uint16_t)load16(tcp + 2);
    packet->seq = load32(tcp + 4);
    packet->ack = load32(tcp + 8);
    packet->flags = (uint16_t)((tcp[12] & 1) << 8 | tcp[13]);
    packet->has_window = true;
    packet->window = (uint16_t)load16(tcp + 14);
    packet->has_urgent = packet->flags & FLAG_URG;
    packet->urgent = (uint16_t)load16(tcp + 18);
    packet->len = len - header;
    packet->data = tcp + header;
    return read_options(tcp + TCP_BYTES, header - TCP_BYTES, packet);
}

static const char *read_udp(const uint8_t *udp, uint32_t len, struct packet *packet)
{
    if (len < UDP_BYTES || load16(udp + 4) != len)
        return "a UDP header of the wrong length";
    packet->src_port = (uint16_t)load16(udp);
    packet->dst_port = (uint16_t)load16(udp + 2);
    packet->len = len - UDP_BYTES;
    packet->data = udp + UDP_BYTES;
    return 0;
}

static const char *read_icmp(const uint8_t *icmp, uint32_t len, struct packet *packet)
{
    const uint8_t *quote = icmp + ICMP_BYTES;
    const uint8_t *transport = quote + IP_BYTES;

    if (len < ICMP_BYTES + QUOTE_BYTES)
        return "an ICMP error that quotes too little";
    packet->icmp_type = icmp[0];
    packet->icmp_code = icmp[1];
    packet->has_mtu = icmp[0] == 3 && icmp[1] == 4;
    packet->mtu = (uint16_t)load16(icmp + 6);
    packet->quoted = quote[9] == PACKET_TCP ? PACKET_TCP : PACKET_UDP;
    /* the quoted packet came from the peer, so its ports are swapped */
    packet->src_port = (uint16_t)load16(transport + 2);
    packet->dst_port = (uint16_t)load16(transport);
    if (packet->quoted == PACKET_TCP) {
        const uint32_t header =
            len >= ICMP_BYTES + IP_BYTES + TCP_BYTES ? (uint32_t)(transport[12] >> 4) * 4 : 0;

        packet->seq = load32(transport + 4);
        packet->len = load16(quote + 2) - IP_BYTES - (header ? header : TCP_BYTES);
    } else {
        packet->len = load16(transport + 4) - UDP_BYTES;
    }
    return 0;
}

const char *wire_read(const uint8_t *frame, uint32_t len, struct packet *packet)
{
    const uint8_t *ip = frame + ETHER_BYTES, *transport = ip + IP_BYTES;
    uint32_t total;

    *packet = (struct packet){.tos_check = TOS_ECN, .has_ttl = true};
    if (len < ETHER_BYTES + IP_BYTES || ip[0] != 0x45)
        return "an IPv4 header with options, or none at all";
    total = load16(ip + 2);
    if (total < IP_BYTES || total > len - ETHER_BYTES)
        return "a wrong IPv4 length";
    if (sum16(ip, IP_BYTES, 0) != 0)
        return "a wrong IPv4 checksum";
    if ((load16(ip + 6) & 0x3fff) != 0)
        return "a fragment";
    packet->tos = ip[1];
    packet->ttl = ip[8];
    packet->df_check = ip[6] & 0x40 ? DF_SET : DF_CLEAR;
    packet->src = load32(ip + 12);
    packet->dst = load32(ip + 16);
    packet->protocol = (enum packet_protocol)ip[9];
    total -= IP_BYTES;
    if (ip[9] == PACKET_ICMP ? sum16(transport, total, 0) != 0
                             : (ip[9] != PACKET_UDP || total < 8 || load16(transport + 6) != 0) &&
                                   sum16(transport, total, pseudo(ip, total)) != 0)
        return "a wrong transport checksum";
    if (ip[9] == PACKET_TCP)
        return read_tcp(transport, total, packet);
    if (ip[9] == PACKET_UDP)
        return read_udp(transport, total, packet);
    return ip[9] == PACKET_ICMP ? read_icmp(transport, total, packet) : "an unknown protocol";
}

bool wire_answer_arp(uint8_t *frame, uint32_t len, const uint8_t mac[6])
{
    uint8_t *arp = frame + ETHER_BYTES;
    uint8_t wanted[4];

    if (len < ETHER_BYTES + 28 || load16(frame + 12) != 0x0806 || load16(arp + 6) != 1)
        return false;
    memcpy(wanted, arp + 24, 4);
    memcpy(frame, frame + 6, 6);
    memcpy(frame + 6, mac, 6);
    store16(arp + 6, 2);
    memmove(arp + 18, arp + 8, 10); /* the sender becomes the target */
    memcpy(arp + 8, mac, 6);
    memcpy(arp + 14, wanted, 4);
    return true;
}
