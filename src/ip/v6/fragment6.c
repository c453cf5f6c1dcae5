/*
 * fragment6.c -- receives fragments (RFC 8200 4.5).
 *
 * ip/reassembly.c reassembles them together with IPv4's.  The rules for IPv6 are here: a first
 * fragment has all headers (RFC 7112), and a reassembled packet is processed like any other.
 */
#include "ip/v6/fragment6.h"

#include "core/view.h"
#include "ip/reassembly.h"
#include "wire/bytes.h"
#include "wire/ndp.h"

enum {
    PAYLOAD_MAX = 65535, /* no jumbograms */
    UPPER_MIN = 8,       /* of UDP, ICMPv6 */
    TCP = 6,
    TCP_MIN = 20,
    ERRONEOUS_FIELD = 0,         /* RFC 4443 3.4 */
    INCOMPLETE_CHAIN = 3,        /* RFC 7112 5 */
    REASSEMBLY_TIME_EXCEEDED = 1 /* RFC 4443 3.3 */
};

/* The IPv6 form of the packet that reassembly has kept. */
static struct packet6 packet6_of(const struct packet *packet, const struct leat_ip *src,
                                 const struct leat_ip *dst)
{
    return (struct packet6){.buf = packet->buf,
                            .link = packet->link,
                            .src = *src,
                            .dst = *dst,
                            .header_bytes = packet->header_bytes,
                            .next_header = packet->protocol,
                            .hop_limit = packet->ttl,
                            .traffic_class = packet->tos,
                            .is_group = packet->is_group,
                            .had_fragments = true};
}

static void deliver_whole(struct leat *stack, struct packet *packet, const struct leat_ip *src,
                          const struct leat_ip *dst)
{
    struct packet6 whole = packet6_of(packet, src, dst);

    leat_buf_push(whole.buf, whole.header_bytes);
    ipv6_whole_input(stack, &whole);
}

static void timed_out(struct leat *stack, struct packet *packet, const struct leat_ip *src,
                      const struct leat_ip *dst)
{
    const struct packet6 first = packet6_of(packet, src, dst);

    icmpv6_send_error(stack, &first, ICMPV6_TIME_EXCEEDED, REASSEMBLY_TIME_EXCEEDED, 0, false);
}

static const struct reassembly_family in_fragments = {
    .timeout_ns = 60000000000u, .deliver = deliver_whole, .timed_out = timed_out};

/* RFC 7112 5: without the upper layer's header a first fragment can't be filtered. */
static bool has_all_headers(const struct packet6 *packet)
{
    const struct leat_buf *buf = packet->buf;
    const uint8_t *bytes = buf->data;
    struct wire_ipv6_chain chain;
    uint32_t upper;

    if (wire_ipv6_walk_whole(&chain, bytes, buf->len, leat_ip_is_multicast(packet->dst)) ==
        IPV6_CHAIN_DROP)
        return false;
    upper = buf->len - chain.bytes;
    if (chain.next_header != TCP)
        return chain.next_header == IPV6_NONE || leat_buf_total(buf) - chain.bytes >= UPPER_MIN;
    return upper >= TCP_MIN && upper >= (bytes[chain.bytes + 12] >> 4) * 4u;
}

void fragment6_input(struct leat *stack, struct packet6 *packet,
                     const struct wire_ipv6_chain *chain)
{
    struct leat_buf *buf = packet->buf;
    const uint32_t header_at = chain->bytes - FRAGMENT_BYTES;
    const uint8_t *header = buf->data + header_at;
    const uint16_t offset = get16(header + 2);
    const struct reassembly_part part = {.family = &in_fragments,
                                         .src = packet->src,
                                         .dst = packet->dst,
                                         .id = get32(header + 4),
                                         .first = offset & 0xfff8u,
                                         .end_max = PAYLOAD_MAX + IPV6_HEADER_BYTES - header_at,
                                         .more = offset & 1};
    const uint32_t len = leat_buf_total(buf) - chain->bytes;
    const bool is_cut = part.first == 0 && !has_all_headers(packet);
    struct packet kept = {.link = packet->link,
                          .header_bytes = (uint16_t)chain->bytes,
                          .protocol = chain->next_header,
                          .ttl = packet->hop_limit,
                          .tos = packet->traffic_class,
                          .is_group = packet->is_group};

    packet->header_bytes = chain->bytes;
    view_pull(buf, chain->bytes);
    packet->next_header = chain->next_header;
    if (is_cut) {
        icmpv6_send_error(stack, packet, ICMPV6_PARAMETER, INCOMPLETE_CHAIN, 0, false);
        stack_end(stack, buf, drop_ip6_headers);
        return;
    }
    if (part.more && len % 8 != 0)
        icmpv6_send_error(stack, packet, ICMPV6_PARAMETER, ERRONEOUS_FIELD, IPV6_PAYLOAD_AT, false);
    else if (part.first + len > part.end_max)
        icmpv6_send_error(stack, packet, ICMPV6_PARAMETER, ERRONEOUS_FIELD, header_at + 2, false);
    kept.buf = buf;
    reassembly_input(stack, &kept, &part);
}
