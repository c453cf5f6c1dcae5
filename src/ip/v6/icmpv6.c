/* icmpv6.c -- receives ICMPv6: answers echo requests, passes other messages on (RFC 4443). */
#include "core/checksum.h"
#include "core/view.h"
#include "ip/v6/ipv6.h"
#include "ip/v6/slaac.h"
#include "wire/bytes.h"
#include "wire/icmp.h"
#include "wire/ndp.h"
#include "wire/ra.h"

enum {
    CHECKSUM_AT = 2,
    ICMP_DETAIL_AT = 4
};

/* A reply that shares the request's data after a header of its own, because the request's storage
 * may be shared. */
static struct leat_buf *reply_to(struct leat *stack, const struct leat_buf *request)
{
    const uint32_t data_bytes = leat_buf_total(request) - ICMP_HEADER_BYTES;
    struct leat_buf *head = leat_buf_alloc_small(&stack->pool, LEAT_BUF_HEADROOM);
    struct leat_buf *data =
        data_bytes > 0 ? leat_buf_slice(request, ICMP_HEADER_BYTES, data_bytes) : 0;
    uint8_t *at = head ? leat_buf_put(head, ICMP_HEADER_BYTES) : 0;

    if (!at || (data_bytes > 0 && !data)) {
        leat_buf_free(head);
        leat_buf_free(data);
        return 0;
    }
    memcpy(at, request->data, ICMP_HEADER_BYTES);
    at[0] = ICMPV6_ECHO_REPLY;
    put16(at + CHECKSUM_AT, 0);
    if (data)
        leat_buf_append(head, data);
    return head;
}

/* RFC 4443 4.2: from the address that was asked or, for a group, one of our addresses on the
 * link. */
static void echo_input(struct leat *stack, struct packet6 *packet)
{
    struct ipv6_header header = {.src = packet->dst,
                                 .dst = packet->src,
                                 .next_header = IPV6_ICMP,
                                 .traffic_class = packet->traffic_class & 0xfc,
                                 .may_fragment = true};
    struct leat_buf *reply;

    if (!limiter_take(&stack->icmp_echoes, stack->now_ns, 0)) {
        stack_end(stack, packet->buf, drop_icmp_limit);
        return;
    }
    if (packet->is_group) {
        const struct address6 *from = address6_toward(packet->link, packet->src);

        if (!from) {
            stack_end(stack, packet->buf, drop_ip6_not_ours);
            return;
        }
        header.src = from->ip;
    }
    reply = reply_to(stack, packet->buf);
    stack_end(stack, packet->buf, taken_icmp6);
    if (!reply) {
        stack->stats.tx_no_memory++;
        return;
    }
    icmpv6_put_checksum(reply, &header.src, &header.dst);
    /* a Packet Too Big is believed only about a reply that was sent (transport6.c) */
    if (leat_buf_total(reply) > IPV6_MTU_MIN - IPV6_HEADER_BYTES)
        pmtu6_echoed(stack, header.dst, get32(reply->data + ICMP_DETAIL_AT));
    if (ipv6_output(packet->link, &header, reply) == LEAT_OK)
        stack->stats.icmp_echo_replies++;
}

/* Passes an advertisement to the link's configuration by routers; drops it if that isn't
 * started. */
static void router_advertised(struct leat *stack, struct packet6 *packet)
{
    struct leat_slaac *slaac =
        packet->link ? stack->ipv6->links[packet->link - stack->links].slaac : 0;

    if (slaac)
        slaac_input(stack, slaac, packet);
    else
        stack_end(stack, packet->buf, drop_icmp6_type);
}

void icmpv6_input(struct leat *stack, struct packet6 *packet)
{
    const struct leat_buf *buf = packet->buf;

    packet->buf->segment_bytes = 0; /* a device may have marked it as a super-frame of TCP */
    if (buf->len < ICMP_HEADER_BYTES) {
        stack_end(stack, packet->buf, drop_icmp6_format);
        return;
    }
    /* the checksum comes first, since a damaged type would take the message to the wrong
     * function */
    if (!checksum_agrees(
            checksum_pseudo6(&packet->src, &packet->dst, IPV6_ICMP, leat_buf_total(buf)) +
            checksum_list(buf))) {
        stack_end(stack, packet->buf, drop_icmp6_checksum);
        return;
    }
    switch (buf->data[0]) {
    case ICMPV6_NEIGHBOUR_SOLICITATION:
    case ICMPV6_NEIGHBOUR_ADVERTISEMENT:
    case ICMPV6_REDIRECT:
        ndp_input(stack, packet);
        break;
    case ICMPV6_ROUTER_ADVERTISEMENT:
        router_advertised(stack, packet);
        break;
    case ICMPV6_MLD_QUERY:
    case ICMPV6_MLD1_REPORT:
        mld_input(stack, packet);
        break;
    /* "::" is a host without an address, and can't be answered */
    case ICMPV6_ECHO:
        if (leat_ip_is_any(packet->src))
            stack_end(stack, packet->buf, drop_ip6_source);
        else
            echo_input(stack, packet);
        break;
    case ICMPV6_UNREACHABLE:
    case ICMPV6_TOO_BIG:
    case ICMPV6_TIME_EXCEEDED:
    case ICMPV6_PARAMETER:
        transport6_error(stack, packet);
        break;
    default:
        /* unknown errors concern none of our packets, unknown requests get no answer (RFC 4443
         * 2.4) */
        stack_end(stack, packet->buf, drop_icmp6_type);
        break;
    }
}
