/* transport6.c -- passes received packets and errors to UDP and TCP. */
#include "core/checksum.h"
#include "core/view.h"
#include "ip/host.h"
#include "ip/icmp.h"
#include "ip/v6/ipv6.h"
#include "wire/bytes.h"
#include "wire/icmp.h"
#include "wire/ndp.h"

enum {
    QUOTE_MIN = 8, /* quoted bytes of a transport header: the ports, and a check against forgery */
    TRANSPORT_AT_MAX = 2000, /* no legitimate packet has more headers; UDP stores this offset */
    UNREACHABLE_PORT = 4,    /* codes of RFC 4443 3.1, 3.4 */
    PARAMETER_NEXT_HEADER = 1,
    FRAGMENT_OFFSET_BACK = 6, /* from the end of the fragment header (RFC 8200 4.5) */
    FRAGMENT_OFFSET = 0xfff8
};

/* The number of the link by which a packet came; packets to ourselves have no link, and 1 will
 * do. */
static uint8_t zone_of(const struct leat *stack, const struct packet6 *packet)
{
    return packet->link ? (uint8_t)(packet->link - stack->links + 1) : 1;
}

bool transport6_input(struct leat *stack, struct packet6 *packet)
{
    const struct protocol *protocol = ipv4_protocol(stack, packet->next_header);
    struct packet up = {.buf = packet->buf,
                        .link = packet->link,
                        .header_bytes = (uint16_t)packet->header_bytes,
                        .protocol = packet->next_header,
                        .ttl = packet->hop_limit,
                        .tos = packet->traffic_class,
                        .is_group = packet->is_group,
                        .reassembled = packet->had_fragments,
                        .pseudo_sum = checksum_addresses6(packet->src.bytes, packet->dst.bytes)};

    if (!protocol)
        return false;
    /* "::" is the source of a host without an address, which no transport can answer */
    if (leat_ip_is_any(packet->src)) {
        stack_end(stack, packet->buf, drop_ip6_source);
        return true;
    }
    if (packet->header_bytes > TRANSPORT_AT_MAX) {
        stack_end(stack, packet->buf, drop_ip6_headers);
        return true;
    }
    up.src = host6_of(stack, packet->src, zone_of(stack, packet));
    up.dst = host6_of(stack, packet->dst, zone_of(stack, packet));
    protocol->input(stack, &up);
    return true;
}

void transport6_port_unreachable(struct leat *stack, const struct packet *packet)
{
    const uint8_t *ip = packet->buf->data - packet->header_bytes;
    struct packet6 about = {.buf = packet->buf,
                            .link = packet->link,
                            .header_bytes = packet->header_bytes,
                            .next_header = packet->protocol,
                            .is_group = packet->is_group};

    memcpy(about.src.bytes, ip + IPV6_SRC_AT, sizeof about.src.bytes);
    memcpy(about.dst.bytes, ip + IPV6_DST_AT, sizeof about.dst.bytes);
    icmpv6_send_error(stack, &about, ICMPV6_UNREACHABLE, UNREACHABLE_PORT, 0, false);
}

/* Translates an ICMPv6 error to the IPv4 error of the same meaning for UDP and TCP (RFC 1122 3.2.2,
 * RFC 4443 3, RFC 7915 5.2). */
static void translate(const struct wire_icmp *icmp, struct icmp_error *error)
{
    error->type = ICMP_UNREACHABLE;
    error->code = ICMP_HOST_UNREACHABLE;
    if (icmp->type == ICMPV6_TOO_BIG) {
        error->code = ICMP_FRAGMENTATION_NEEDED;
        error->next_hop_mtu = icmp->detail < UINT16_MAX ? (uint16_t)icmp->detail : UINT16_MAX;
    } else if (icmp->type == ICMPV6_TIME_EXCEEDED) {
        error->type = ICMP_TIME_EXCEEDED;
    } else if (icmp->type == ICMPV6_PARAMETER) {
        error->type = icmp->code == PARAMETER_NEXT_HEADER ? ICMP_UNREACHABLE : ICMP_PARAMETER;
        error->code = ICMP_PROTOCOL_UNREACHABLE;
    } else if (icmp->code == UNREACHABLE_PORT) {
        error->code = ICMP_PORT_UNREACHABLE;
    }
}

/* Walks the header chain of a quoted packet. It may be a first fragment, but no later one, which
 * would lack the ports. */
static bool walk_quote(struct wire_ipv6_chain *chain, const struct leat_buf *quote)
{
    if (wire_ipv6_walk(chain, quote->data, quote->len, false) != IPV6_CHAIN_OK)
        return false;
    if (!chain->is_fragment)
        return true;
    return (get16(quote->data + chain->bytes - FRAGMENT_OFFSET_BACK) & FRAGMENT_OFFSET) == 0 &&
           wire_ipv6_walk_whole(chain, quote->data, quote->len, false) == IPV6_CHAIN_OK;
}

/* Finds the protocol of the quoted packet, and its transport header in the quote.  NULL: it isn't
 * our packet, or the quote is too short. */
static const struct protocol *read_quote(struct leat *stack, const struct packet6 *packet,
                                         const struct leat_buf *quote, struct icmp_error *error)
{
    struct leat_ip src, dst;
    struct wire_ipv6_chain chain;

    memcpy(src.bytes, quote->data + IPV6_SRC_AT, sizeof src.bytes);
    memcpy(dst.bytes, quote->data + IPV6_DST_AT, sizeof dst.bytes);
    /* no packet of ours goes to an IPv4-mapped address (RFC 4291 2.5.5.2) */
    if (packet->is_group || !leat_ip_equal(src, packet->dst) || leat_ip_is_v4(dst) ||
        !walk_quote(&chain, quote) || quote->len < chain.bytes + QUOTE_MIN)
        return 0;
    error->protocol = chain.next_header;
    /* the lookups give numbers even to strangers; the transport finds no connection by them */
    error->local_ip = host6_of(stack, src, zone_of(stack, packet));
    error->remote_ip = host6_of(stack, dst, zone_of(stack, packet));
    error->reporter = host6_of(stack, packet->src, zone_of(stack, packet));
    error->transport = quote->data + chain.bytes;
    error->transport_bytes = quote->len - chain.bytes;
    return ipv4_protocol(stack, chain.next_header);
}

/* True if the quote is of an echo reply that we sent recently. */
static bool is_echo_of_ours(const struct leat *stack, struct leat_ip dst,
                            const struct icmp_error *error)
{
    return error->protocol == IPV6_ICMP && error->transport[0] == ICMPV6_ECHO_REPLY &&
           pmtu6_has_echoed(stack, dst, get32(error->transport + 4));
}

COLD static __attribute__((noinline)) void note_unreachable(struct leat *stack, struct leat_ip to,
                                                            struct leat_ip from,
                                                            const struct wire_icmp *icmp)
{
    const struct leat_unreachable report = {.to = to,
                                            .from = from,
                                            .how = LEAT_UNREACHABLE_ICMP6,
                                            .type = icmp->type,
                                            .code = icmp->code,
                                            .at_ns = stack->now_ns};

    unreachable_note(&stack->unreachables, &report);
}

void transport6_error(struct leat *stack, struct packet6 *packet)
{
    struct leat_buf *buf = packet->buf;
    const struct wire_icmp icmp = {
        .type = buf->data[0], .code = buf->data[1], .detail = get32(buf->data + 4)};
    struct leat_buf *quote = leat_buf_consume(buf, ICMP_HEADER_BYTES);
    struct icmp_error error = {0};
    const struct protocol *protocol;
    struct leat_ip dst;

    if (!quote || quote->len < IPV6_HEADER_BYTES || quote->data[0] >> 4 != 6) {
        stack_end(stack, quote, drop_icmp6_format);
        return;
    }
    if (icmp.type == ICMPV6_TOO_BIG && icmp.detail < IPV6_MTU_MIN) { /* RFC 8201 4 */
        stack_end(stack, quote, drop_icmp6_format);
        return;
    }
    translate(&icmp, &error);
    memcpy(dst.bytes, quote->data + IPV6_DST_AT, sizeof dst.bytes);
    protocol = read_quote(stack, packet, quote, &error);
    if (icmp.type == ICMPV6_TOO_BIG && is_echo_of_ours(stack, dst, &error)) {
        pmtu6_told(stack, dst, icmp.detail, true);
        stack_end(stack, quote, taken_icmp6);
    } else if (!protocol) {
        stack_end(stack, quote, drop_icmp_quote);
    } else if (protocol->icmp_error(stack, &error)) {
        if (icmp.type == ICMPV6_TOO_BIG && error.protocol == IP_UDP)
            pmtu6_told(stack, dst, icmp.detail, false);
        else if (icmp.type != ICMPV6_TOO_BIG)
            note_unreachable(stack, dst, packet->src, &icmp);
        stack_end(stack, quote, taken_icmp6);
    } else {
        stack_end(stack, quote, drop_icmp_blind);
    }
}
