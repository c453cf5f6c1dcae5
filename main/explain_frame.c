/* explain_frame.c -- describes a frame in one line. */
#include <stdio.h>
#include <string.h>

#include "explain.h"

enum {
    MAC_BYTES = 6,
    ETHERNET_BYTES = 14,
    VLAN_BYTES = 4,
    TYPE_VLAN = 0x8100,
    TYPE_QINQ = 0x88a8,
    TYPE_IPV4 = 0x0800,
    TYPE_ARP = 0x0806,
    TYPE_IPV6 = 0x86dd,
    ARP_BYTES = 28,
    IPV4_BYTES = 20,
    IPV6_BYTES = 40,
    ICMP = 1,
    TCP = 6,
    UDP = 17,
    ICMPV6 = 58,
    TCP_FLAGS_AT = 13
};

/* The rest of the frame, and the place for its description. */
struct rest {
    const uint8_t *bytes;
    uint32_t len;
    uint32_t wire_bytes;
    char *text;
    const char *tag; /* of a VLAN, or "" */
};

static uint32_t get16(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

static struct leat_ip ip4_at(const uint8_t *at)
{
    return leat_ip_v4((uint32_t)get16(at) << 16 | get16(at + 2));
}

static struct leat_ip ip6_at(const uint8_t *at)
{
    struct leat_ip ip;

    memcpy(ip.bytes, at, sizeof ip.bytes);
    return ip;
}

/* "SYN", "RST,ACK" and their like, into @text. */
static const char *flags_of(const uint8_t *tcp, uint32_t len, char text[32])
{
    static const char *const names[] = {"FIN", "SYN", "RST", "PSH", "ACK", "URG"};
    size_t used = 0;

    text[0] = '\0';
    for (unsigned i = 0; i < sizeof names / sizeof *names && len > TCP_FLAGS_AT; i++) {
        if (tcp[TCP_FLAGS_AT] >> i & 1)
            used += (size_t)snprintf(text + used, 32 - used, "%s%s", used ? "," : " ", names[i]);
    }
    return text;
}

/* The transport header is at @rest, if @is_first: not a later fragment. */
static void describe_ip(const struct rest *rest, struct leat_ip src, struct leat_ip dst,
                        unsigned protocol, bool is_first)
{
    char from[LEAT_IP_TEXT_BYTES], to[LEAT_IP_TEXT_BYTES], flags[32] = "";
    const char *name = protocol == TCP ? "TCP" : protocol == UDP ? "UDP" : NULL;

    leat_ip_format(src, from);
    leat_ip_format(dst, to);
    if (name && is_first && rest->len >= 4)
        snprintf(rest->text, EXPLAIN_FRAME_BYTES, "%s port %u > %s port %u %s%s, %u bytes%s", from,
                 get16(rest->bytes), to, get16(rest->bytes + 2), name,
                 protocol == TCP ? flags_of(rest->bytes, rest->len, flags) : "", rest->wire_bytes,
                 rest->tag);
    else if ((protocol == ICMP || protocol == ICMPV6) && is_first && rest->len >= 2)
        snprintf(rest->text, EXPLAIN_FRAME_BYTES, "%s > %s %s type %u code %u, %u bytes%s", from,
                 to, protocol == ICMP ? "ICMP" : "ICMPv6", rest->bytes[0], rest->bytes[1],
                 rest->wire_bytes, rest->tag);
    else
        snprintf(rest->text, EXPLAIN_FRAME_BYTES, "%s > %s protocol %u%s, %u bytes%s", from, to,
                 protocol, is_first ? "" : ", a later fragment", rest->wire_bytes, rest->tag);
}

static bool describe_ipv4(struct rest *rest)
{
    const uint8_t *header = rest->bytes;
    const uint32_t header_bytes = rest->len >= IPV4_BYTES ? (header[0] & 15u) * 4 : 0;

    if (header_bytes < IPV4_BYTES || header[0] >> 4 != 4)
        return false;
    rest->bytes += header_bytes < rest->len ? header_bytes : rest->len;
    rest->len -= header_bytes < rest->len ? header_bytes : rest->len;
    describe_ip(rest, ip4_at(header + 12), ip4_at(header + 16), header[9],
                (get16(header + 6) & 0x1fff) == 0);
    return true;
}

static bool describe_ipv6(struct rest *rest)
{
    const uint8_t *header = rest->bytes;

    if (rest->len < IPV6_BYTES || header[0] >> 4 != 6)
        return false;
    rest->bytes += IPV6_BYTES;
    rest->len -= IPV6_BYTES;
    describe_ip(rest, ip6_at(header + 8), ip6_at(header + 24), header[6], true);
    return true;
}

static bool describe_arp(const struct rest *rest)
{
    char sender[LEAT_IP_TEXT_BYTES], target[LEAT_IP_TEXT_BYTES];

    if (rest->len < ARP_BYTES)
        return false;
    leat_ip_format(ip4_at(rest->bytes + 14), sender);
    leat_ip_format(ip4_at(rest->bytes + 24), target);
    snprintf(rest->text, EXPLAIN_FRAME_BYTES, "ARP %s from %s about %s, %u bytes%s",
             get16(rest->bytes + 6) == 1 ? "request" : "reply", sender, target, rest->wire_bytes,
             rest->tag);
    return true;
}

/* Describes the frame by its Ethernet header alone. */
static void describe_ethernet(const struct rest *rest, const uint8_t *macs, unsigned type)
{
    const uint8_t *to = macs, *from = macs + MAC_BYTES;

    snprintf(rest->text, EXPLAIN_FRAME_BYTES,
             "%02x:%02x:%02x:%02x:%02x:%02x > %02x:%02x:%02x:%02x:%02x:%02x EtherType 0x%04x, %u "
             "bytes%s",
             from[0], from[1], from[2], from[3], from[4], from[5], to[0], to[1], to[2], to[3],
             to[4], to[5], type, rest->wire_bytes, rest->tag);
}

void explain_frame(char text[EXPLAIN_FRAME_BYTES], const uint8_t *bytes, uint32_t len,
                   uint32_t wire_bytes)
{
    struct rest rest = {.wire_bytes = wire_bytes, .text = text, .tag = ""};
    uint32_t at = ETHERNET_BYTES;
    char tag[16] = "";
    unsigned type;
    bool is_told = false;

    if (len < ETHERNET_BYTES) {
        snprintf(text, EXPLAIN_FRAME_BYTES, "a frame of %u bytes", wire_bytes);
        return;
    }
    type = get16(bytes + ETHERNET_BYTES - 2);
    while ((type == TYPE_VLAN || type == TYPE_QINQ) && len >= at + VLAN_BYTES) {
        snprintf(tag, sizeof tag, ", VLAN %u", get16(bytes + at) & 0xfff);
        rest.tag = tag;
        type = get16(bytes + at + 2);
        at += VLAN_BYTES;
    }
    rest.bytes = bytes + at;
    rest.len = len - at;
    if (type == TYPE_IPV4)
        is_told = describe_ipv4(&rest);
    else if (type == TYPE_IPV6)
        is_told = describe_ipv6(&rest);
    else if (type == TYPE_ARP)
        is_told = describe_arp(&rest);
    if (!is_told)
        describe_ethernet(&rest, bytes, type);
}
