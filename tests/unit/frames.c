/* frames.c -- legal frames for tests. */
#include "frames.h"

#include <string.h>

const struct leat_mac MAC_US = {{2, 0, 0, 0, 0, 1}};
const struct leat_mac MAC_PEER = {{2, 0, 0, 0, 0, 2}};
const struct leat_mac MAC_OTHER = {{2, 0, 0, 0, 0, 3}};
const struct leat_mac MAC_ALL = {{255, 255, 255, 255, 255, 255}};

uint16_t frame_get16(const uint8_t *at)
{
    return (uint16_t)(at[0] * 256 + at[1]);
}

uint32_t frame_get32(const uint8_t *at)
{
    return ((uint32_t)frame_get16(at) << 16) | frame_get16(at + 2);
}

void frame_put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

void frame_put32(uint8_t *at, uint32_t value)
{
    frame_put16(at, value >> 16);
    frame_put16(at + 2, value);
}

uint16_t frame_sum(const uint8_t *bytes, uint32_t len, uint32_t start)
{
    uint32_t sum = start;

    for (uint32_t i = 0; i < len; i++)
        sum += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

static void append(struct frame *frame, const void *bytes, uint32_t len)
{
    if (len > 0)
        memcpy(frame->bytes + frame->len, bytes, len);
    frame->len += len;
}

struct frame frame_ethernet(uint16_t type, const void *payload, uint32_t len)
{
    struct frame frame = {.len = 14};

    frame_to(&frame, &MAC_US);
    frame_from(&frame, &MAC_PEER);
    frame_put16(frame.bytes + 12, type);
    append(&frame, payload, len);
    return frame;
}

struct frame frame_arp(uint16_t operation, const struct leat_mac *sha, leat_ip4 spa, leat_ip4 tpa)
{
    uint8_t arp[28] = {0, 1, 8, 0, 6, 4};
    struct frame frame;

    frame_put16(arp + 6, operation);
    memcpy(arp + 8, sha->octet, 6);
    frame_put32(arp + 14, spa);
    frame_put32(arp + 24, tpa);
    frame = frame_ethernet(0x0806, arp, sizeof arp);
    frame_from(&frame, sha);
    if (operation == 1)
        frame_to(&frame, &MAC_ALL);
    return frame;
}

struct frame frame_ip_with(uint8_t protocol, leat_ip4 src, leat_ip4 dst, const void *options,
                           uint32_t options_len, const void *payload, uint32_t len)
{
    uint8_t header[20] = {0x45, 0, 0, 0, 0x12, 0x34, 0, 0, 64};
    struct frame frame;

    header[0] = (uint8_t)(0x45 + options_len / 4);
    frame_put16(header + 2, 20 + options_len + len);
    header[9] = protocol;
    frame_put32(header + 12, src);
    frame_put32(header + 16, dst);
    frame = frame_ethernet(0x0800, header, sizeof header);
    append(&frame, options, options_len);
    append(&frame, payload, len);
    frame_seal_ip(&frame);
    return frame;
}

struct frame frame_ip(uint8_t protocol, leat_ip4 src, leat_ip4 dst, const void *payload,
                      uint32_t len)
{
    return frame_ip_with(protocol, src, dst, 0, 0, payload, len);
}

struct frame frame_fragment(uint8_t protocol, uint16_t id, uint32_t offset, bool more,
                            const void *payload, uint32_t len)
{
    struct frame frame = frame_ip(protocol, IP_PEER, IP_US, payload, len);

    frame_put16(frame.bytes + FRAME_IP + 4, id);
    frame_put16(frame.bytes + FRAME_IP + 6, offset / 8 + (more ? 0x2000 : 0));
    frame_seal_ip(&frame);
    return frame;
}

struct frame frame_icmp(leat_ip4 src, leat_ip4 dst, uint8_t type, uint8_t code, uint32_t detail,
                        const void *data, uint32_t len)
{
    uint8_t header[8] = {type, code};
    struct frame frame;

    frame_put32(header + 4, detail);
    frame = frame_ip(1, src, dst, header, sizeof header);
    append(&frame, data, len);
    frame_put16(frame.bytes + FRAME_IP + 2, frame.len - FRAME_IP);
    frame_seal_ip(&frame);
    frame_seal_icmp(&frame);
    return frame;
}

struct frame frame_udp(leat_ip4 src, uint16_t src_port, leat_ip4 dst, uint16_t dst_port,
                       const void *data, uint32_t len)
{
    uint8_t header[8];
    struct frame frame;

    frame_put16(header, src_port);
    frame_put16(header + 2, dst_port);
    frame_put16(header + 4, 8 + len);
    frame_put16(header + 6, 0);
    frame = frame_ip(17, src, dst, header, sizeof header);
    append(&frame, data, len);
    frame_put16(frame.bytes + FRAME_IP + 2, frame.len - FRAME_IP);
    frame_seal_ip(&frame);
    frame_seal_udp(&frame);
    return frame;
}

struct frame frame_tcp(const struct frame_segment *segment, const void *data, uint32_t len)
{
    uint8_t header[20] = {0};
    struct frame frame;

    frame_put16(header, segment->src_port);
    frame_put16(header + 2, segment->dst_port);
    frame_put32(header + 4, segment->seq);
    frame_put32(header + 8, segment->ack);
    header[12] = (uint8_t)((5 + segment->options_len / 4) << 4);
    header[13] = segment->flags;
    frame_put16(header + 14, segment->window);
    frame_put16(header + 18, segment->urgent);
    frame = frame_ip(6, IP_PEER, IP_US, header, sizeof header);
    append(&frame, segment->options, segment->options_len);
    append(&frame, data, len);
    frame_put16(frame.bytes + FRAME_IP + 2, frame.len - FRAME_IP);
    frame_seal_ip(&frame);
    frame_seal_tcp(&frame);
    return frame;
}

void frame_seal_ip(struct frame *frame)
{
    uint8_t *header = frame->bytes + FRAME_IP;

    frame_put16(header + 10, 0);
    frame_put16(header + 10, frame_sum(header, (header[0] & 15) * 4u, 0));
}

void frame_seal_icmp(struct frame *frame)
{
    uint8_t *icmp = frame->bytes + FRAME_L4;

    frame_put16(icmp + 2, 0);
    frame_put16(icmp + 2, frame_sum(icmp, frame->len - FRAME_L4, 0));
}

/* The unfolded sum of the pseudo-header. */
static uint32_t pseudo_header(const struct frame *frame, uint32_t len)
{
    const uint8_t *ip = frame->bytes + FRAME_IP;
    uint32_t sum = ip[9] + len;

    for (uint32_t i = 12; i < 20; i += 2)
        sum += frame_get16(ip + i);
    return sum;
}

void frame_seal_udp(struct frame *frame)
{
    uint8_t *udp = frame->bytes + FRAME_L4;
    const uint32_t start = pseudo_header(frame, frame_get16(udp + 4));

    frame_put16(udp + 6, 0);
    frame_put16(udp + 6, frame_sum(udp, frame->len - FRAME_L4, start));
    if (frame_get16(udp + 6) == 0)
        frame_put16(udp + 6, 0xffff);
}

void frame_seal_tcp(struct frame *frame)
{
    uint8_t *tcp = frame->bytes + FRAME_L4;
    const uint32_t len = frame->len - FRAME_L4;

    frame_put16(tcp + 16, 0);
    frame_put16(tcp + 16, frame_sum(tcp, len, pseudo_header(frame, len)));
}

void frame_to(struct frame *frame, const struct leat_mac *mac)
{
    memcpy(frame->bytes, mac->octet, 6);
}

void frame_from(struct frame *frame, const struct leat_mac *mac)
{
    memcpy(frame->bytes + 6, mac->octet, 6);
}
