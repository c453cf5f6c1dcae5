/* offload.c -- checksums, cutting and merging, as a network card does them. */
#include "offload.h"

#include <string.h>

enum {
    IP_AT = 14,
    TCP6_AT = IP_AT + 40,
    PAYLOAD6_AT = IP_AT + 4, /* then the next header, the hop limit, both addresses */
    IP_BYTES = 20,
    TOTAL_AT = IP_AT + 2,
    ID_AT = IP_AT + 4,
    FRAGMENT_AT = IP_AT + 6, /* then TTL and protocol */
    PROTOCOL_AT = IP_AT + 9,
    IP_SUM_AT = IP_AT + 10,
    ADDRESSES_AT = IP_AT + 12,
    TCP4_AT = IP_AT + IP_BYTES,
    TCP_SEQ = 4, /* from the start of the header */
    TCP_ACK = 8,
    TCP_OFFSET = 12,
    TCP_FLAGS = 13,
    TCP_WINDOW = 14,
    TCP_SUM = 16,
    TCP_OPTIONS = 20,
    UDP_SUM = 6
};

enum {
    FIN = 1,
    PSH = 8,
    ACK = 16,
    CWR = 128,
    PROTOCOL_TCP = 6,
    PROTOCOL_UDP = 17
};

static uint32_t get16(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

static void put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static uint32_t get32(const uint8_t *at)
{
    return get16(at) << 16 | get16(at + 2);
}

static void put32(uint8_t *at, uint32_t value)
{
    put16(at, value >> 16);
    put16(at + 2, value & 0xffff);
}

/* ---- sums (RFC 1071) ---------------------------------------------------------------------- */

static uint64_t sum(const uint8_t *bytes, uint32_t len)
{
    uint64_t total = 0;

    /* An odd last byte counts as the upper half of a word, as if a zero followed (RFC 1071 1). */
    for (uint32_t i = 0; i + 1 < len; i += 2)
        total += get16(bytes + i);
    return len % 2 ? total + ((uint32_t)bytes[len - 1] << 8) : total;
}

static uint32_t folded(uint64_t total)
{
    while (total >> 16)
        total = (total & 0xffff) + (total >> 16);
    return (uint32_t)total;
}

/* The transport's part of a frame, as the IP header describes it. */
struct part {
    uint8_t protocol;
    uint32_t at;
    uint32_t len;
    uint32_t sum_at; /* in the frame */
};

static bool is_v6(const uint8_t *frame, uint32_t len)
{
    return len >= TCP6_AT && get16(frame + 12) == 0x86dd && frame[IP_AT] >> 4 == 6;
}

/* Where TCP's header lies, if it is TCP; IPv4 has no options then. */
static uint32_t tcp_at_of(const uint8_t *frame, uint32_t len)
{
    return is_v6(frame, len) ? TCP6_AT : TCP4_AT;
}

static bool part_is_whole(struct part *part)
{
    part->sum_at = part->at + (part->protocol == PROTOCOL_TCP ? TCP_SUM : UDP_SUM);
    if (part->protocol == PROTOCOL_TCP)
        return part->len >= 20;
    return part->protocol == PROTOCOL_UDP && part->len >= 8;
}

/* find_part() for IPv6 without extension headers. */
static bool find_part6(const uint8_t *frame, uint32_t len, struct part *part)
{
    part->protocol = frame[IP_AT + 6];
    part->at = TCP6_AT;
    part->len = get16(frame + IP_AT + 4);
    return TCP6_AT + part->len <= len && part_is_whole(part);
}

/* False: no TCP or UDP, or not whole. */
static bool find_part(const uint8_t *frame, uint32_t len, struct part *part)
{
    const uint32_t header = len > IP_AT ? (frame[IP_AT] & 15u) * 4 : 0;
    uint32_t total;

    if (is_v6(frame, len))
        return find_part6(frame, len, part);
    if (len < IP_AT + IP_BYTES || get16(frame + 12) != 0x0800 || frame[IP_AT] >> 4 != 4)
        return false;
    total = get16(frame + TOTAL_AT);
    if (header < IP_BYTES || total < header || IP_AT + total > len ||
        /* more fragments, or an offset: the transport's header isn't all there */
        (get16(frame + FRAGMENT_AT) & 0x3fff))
        return false;
    part->protocol = frame[PROTOCOL_AT];
    part->at = IP_AT + header;
    part->len = total - header;
    return part_is_whole(part);
}

/* The pseudo-header's (RFC 9293 3.1). */
static uint64_t pseudo_sum(const uint8_t *frame, const struct part *part)
{
    const uint64_t addresses =
        is_v6(frame, TCP6_AT) ? sum(frame + IP_AT + 8, 32) : sum(frame + ADDRESSES_AT, 8);

    return addresses + part->protocol + part->len;
}

void leat_link_checksum_complete(uint8_t *frame, uint32_t len)
{
    struct part part;
    uint32_t field;

    if (!find_part(frame, len, &part))
        return;
    field = ~folded(sum(frame + part.at, part.len)) & 0xffff;
    if (field == 0 && part.protocol == PROTOCOL_UDP)
        field = 0xffff; /* RFC 768: zero means none */
    put16(frame + part.sum_at, field);
}

bool leat_link_checksum_is_right(const uint8_t *frame, uint32_t len)
{
    struct part part;

    return find_part(frame, len, &part) &&
           (is_v6(frame, len) || folded(sum(frame + IP_AT, part.at - IP_AT)) == 0xffff) &&
           (part.protocol != PROTOCOL_UDP || get16(frame + part.sum_at) != 0) &&
           folded(pseudo_sum(frame, &part) + sum(frame + part.at, part.len)) == 0xffff;
}

/* ---- cutting ------------------------------------------------------------------------------ */

uint32_t leat_link_segment_count(const struct leat_buf *super)
{
    return (leat_buf_total(super->next) + super->segment_bytes - 1) / super->segment_bytes;
}

/* @total: of the datagram, with its header. */
static void set_total(uint8_t *frame, uint32_t tcp_at, uint32_t total)
{
    if (tcp_at == TCP6_AT) {
        put16(frame + PAYLOAD6_AT, total - (TCP6_AT - IP_AT));
        return;
    }
    put16(frame + TOTAL_AT, total);
    put16(frame + IP_SUM_AT, 0);
    put16(frame + IP_SUM_AT, ~folded(sum(frame + IP_AT, IP_BYTES)) & 0xffff);
}

uint32_t leat_link_segment(const struct leat_buf *super, uint32_t number, uint8_t *bytes,
                           uint32_t bytes_max)
{
    const uint32_t headers = super->len;
    const uint32_t from = number * super->segment_bytes;
    const uint32_t tcp_at = tcp_at_of(super->data, headers);
    uint32_t payload = leat_buf_total(super->next) - from;
    const uint32_t all = headers - tcp_at + from + payload;
    uint8_t *tcp = bytes + tcp_at;
    const bool is_last = payload <= super->segment_bytes;
    struct part part;

    if (!is_last)
        payload = super->segment_bytes;
    if (headers < tcp_at + TCP_OPTIONS || headers + payload > bytes_max)
        return 0;
    leat_buf_read(super, 0, bytes, headers);
    leat_buf_read(super->next, from, bytes + headers, payload);
    if (tcp_at == TCP4_AT)
        /* each datagram has an identification of its own (RFC 791 3.2) */
        put16(bytes + ID_AT, get16(bytes + ID_AT) + number);
    set_total(bytes, tcp_at, headers - IP_AT + payload);
    put32(tcp + TCP_SEQ, get32(tcp + TCP_SEQ) + from);
    if (!is_last)
        tcp[TCP_FLAGS] &= (uint8_t) ~(FIN | PSH);
    if (number > 0)
        tcp[TCP_FLAGS] &= (uint8_t)~CWR; /* RFC 3168 6.1.2: once */
    if (!find_part(bytes, headers + payload, &part))
        return 0;
    /* the field holds the pseudo-header's sum, with the length of all of the payload */
    put16(bytes + part.sum_at, folded(get16(bytes + part.sum_at) + (~all & 0xffff) + part.len));
    leat_link_checksum_complete(bytes, headers + payload);
    return headers + payload;
}

/* ---- merging ------------------------------------------------------------------------------ */

/* Neither options of IP nor extension headers, and no padding. */
static bool is_plain(const uint8_t *frame, uint32_t len)
{
    struct part part;

    return find_part(frame, len, &part) && part.protocol == PROTOCOL_TCP &&
           part.at == tcp_at_of(frame, len) && part.at + part.len == len;
}

uint32_t leat_link_mergeable_headers(const uint8_t *frame, uint32_t len)
{
    const uint8_t *tcp = frame + tcp_at_of(frame, len);
    uint32_t headers;

    if (!is_plain(frame, len) || !leat_link_checksum_is_right(frame, len))
        return 0;
    /* no flag but ACK and PSH, and payload */
    headers = (uint32_t)(tcp - frame) + (tcp[TCP_OFFSET] >> 4) * 4u;
    if ((tcp[TCP_FLAGS] & ~PSH) != ACK || tcp[TCP_OFFSET] >> 4 < TCP_OPTIONS / 4 || headers >= len)
        return 0;
    return headers;
}

/* True if both IP headers agree, but for lengths, IPv4's identification, sums. */
static bool ip_is_same(const uint8_t *first, const uint8_t *next, uint32_t tcp_at)
{
    if (tcp_at == TCP6_AT)
        return memcmp(first, next, PAYLOAD6_AT) == 0 &&
               memcmp(first + PAYLOAD6_AT + 2, next + PAYLOAD6_AT + 2, 2 + 32) == 0;
    return memcmp(first, next, TOTAL_AT) == 0 &&
           memcmp(first + FRAGMENT_AT, next + FRAGMENT_AT, 4) == 0 &&
           memcmp(first + ADDRESSES_AT, next + ADDRESSES_AT, 8) == 0;
}

bool leat_link_goes_on(const uint8_t *first, const uint8_t *next, uint32_t headers, uint32_t so_far)
{
    const uint32_t tcp_at = tcp_at_of(first, headers);
    const uint8_t *tcp = first + tcp_at, *next_tcp = next + tcp_at;

    return ip_is_same(first, next, tcp_at) && memcmp(tcp, next_tcp, 4) == 0 && /* the ports */
           get32(tcp + TCP_SEQ) + so_far == get32(next_tcp + TCP_SEQ) &&
           memcmp(tcp + TCP_ACK, next_tcp + TCP_ACK, 5) == 0 &&
           memcmp(tcp + TCP_WINDOW, next_tcp + TCP_WINDOW, 2) == 0 &&
           memcmp(tcp + TCP_OPTIONS, next_tcp + TCP_OPTIONS, headers - tcp_at - TCP_OPTIONS) == 0;
}

void leat_link_set_data_bytes(uint8_t *frame, uint32_t headers, uint32_t data_bytes)
{
    set_total(frame, tcp_at_of(frame, headers), headers - IP_AT + data_bytes);
}
