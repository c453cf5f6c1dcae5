/* icmpv6_output.c -- sends errors (RFC 4443 2.4). */
#include "ip/icmp_error.h"
#include "ip/v6/ipv6.h"

enum {
    QUOTE_BYTES_MAX = IPV6_MTU_MIN - IPV6_HEADER_BYTES - ICMP_HEADER_BYTES
};

/* RFC 4443 2.4 (e): no error about an error or a redirect, to a host without an address, or about a
 * packet to a group. Two errors about groups are exceptions: a packet too big, and an unknown
 * option that asks for it. */
static bool error_is_allowed(struct leat *stack, const struct packet6 *packet, bool even_groups)
{
    const struct leat_buf *buf = packet->buf;

    if (wire_ipv6_is_error(packet->next_header, buf->data, buf->len))
        return false;
    if (leat_ip_is_any(packet->src) || (packet->is_group && !even_groups))
        return false;
    return icmp_error_take(stack);
}

void icmpv6_send_error(struct leat *stack, const struct packet6 *packet, uint8_t type, uint8_t code,
                       uint32_t detail, bool even_groups)
{
    const struct wire_icmp icmp = {.type = type, .code = code, .detail = detail};
    struct ipv6_header header = {.src = packet->dst, .dst = packet->src, .next_header = IPV6_ICMP};
    const struct address6 *from;
    struct leat_buf *message;

    if (!error_is_allowed(stack, packet, even_groups))
        return;
    /* a group can't be a source, so one of our addresses on its link stands for it */
    from = packet->is_group ? address6_toward(packet->link, packet->src) : 0;
    if (packet->is_group && !from)
        return;
    if (from)
        header.src = from->ip;
    message = icmp_error_about(stack, &icmp, packet->buf, packet->header_bytes, QUOTE_BYTES_MAX);
    if (!message)
        return;
    /* the checksum needs the source, because ICMPv6's covers both addresses */
    icmpv6_put_checksum(message, &header.src, &header.dst);
    if (!packet->link)
        ipv6_send_home(stack, &header, message);
    else if (ipv6_output(packet->link, &header, message) != LEAT_OK)
        return;
    stack->stats.icmp_errors_sent++;
}
