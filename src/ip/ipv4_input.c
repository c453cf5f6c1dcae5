/* ipv4_input.c -- datagrams in: what is checked, in this order, before anybody sees a packet. */
#include "ip/ipv4.h"

#include "core/view.h"
#include "ip/icmp.h"
#include "ip/reassembly.h"
#include "ip/route.h"
#include "link/address.h"
#include "wire/ipv4.h"

static const leat_ip4 all_hosts = LEAT_IP4(224, 0, 0, 1); /* RFC 1112 4 */

static bool is_loopback(leat_ip4 ip)
{
    return ip >> 24 == 127;
}

bool ipv4_is_ours(const struct leat *stack, leat_ip4 ip)
{
    for (unsigned i = 0; i < stack->link_count; i++) {
        if (address_is_ours(&stack->links[i], ip))
            return true;
    }
    return is_loopback(ip);
}

bool ipv4_is_many(const struct leat *stack, leat_ip4 ip)
{
    if (leat_ip4_is_multicast(ip) || ip == LEAT_IP4_BROADCAST)
        return true;
    for (unsigned i = 0; i < stack->link_count; i++) {
        if (address_is_broadcast(&stack->links[i], ip))
            return true;
    }
    return false;
}

/* RFC 1122 3.2.1.3, 3.3.6: what comes from outside never has one of our addresses (LAND), a group
 * or no host as its source. */
static bool source_is_martian(const struct leat *stack, const struct link *link, leat_ip4 src)
{
    if (link && (address_is_no_host(src) || address_is_broadcast(link, src)))
        return true;
    return ipv4_is_ours(stack, src) == (link != 0);
}

/* RFC 1122 3.3.4.2, the strong model: an address is ours on its own link only.  3.3.6: what a link
 * address brought to many must be for many. */
static bool is_for_us(const struct leat *stack, const struct link *link, leat_ip4 dst,
                      bool link_to_many, bool *to_many)
{
    if (!link) {
        *to_many = false;
        return ipv4_is_ours(stack, dst);
    }
    *to_many = dst == all_hosts || address_is_broadcast(link, dst);
    return *to_many || (!link_to_many && address_is_ours(link, dst));
}

/* Between these two ends nothing is strange, as the way back was found not long ago: both are
 * hosts, one of them us on this link, and the other one neither us nor a broadcast address. */
static bool ends_are_known(struct leat *stack, const struct link *link, leat_ip4 src, leat_ip4 dst)
{
    const struct path *back = route_known(stack, dst, src);

    return back && back->link == link;
}

/* NULL, or the counter of what is wrong with the addresses. */
static uint64_t *check_ends(struct leat *stack, const struct link *link, leat_ip4 src, leat_ip4 dst,
                            bool *to_many)
{
    if (!*to_many && ends_are_known(stack, link, src, dst))
        return 0;
    if (source_is_martian(stack, link, src))
        return &stack->stats.drop_ip_source;
    return is_for_us(stack, link, dst, *to_many, to_many) ? 0 : &stack->stats.drop_ip_not_ours;
}

/* False: the options are not acceptable, and the packet dies in silence.  A parameter problem
 * should tell of a malformed one (RFC 1122 3.2.2.5), but who makes such a header is no honest peer,
 * and maybe not at the address that it names: an answer would help him alone. */
static bool options_pass(const struct packet *packet)
{
    const uint8_t *header = packet->buf->data - packet->header_bytes;

    return packet->header_bytes == IPV4_HEADER_BYTES ||
           wire_ipv4_options_ok(header, packet->header_bytes);
}

const struct protocol *ipv4_protocol(const struct leat *stack, uint8_t number)
{
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): as in ipv4_input() */
    for (unsigned i = 0; i < stack->protocol_count; i++) {
        if (stack->protocols[i]->number == number)
            return stack->protocols[i];
    }
    return 0;
}

void ipv4_deliver(struct leat *stack, struct packet *packet)
{
    const struct protocol *protocol = ipv4_protocol(stack, packet->protocol);

    if (packet->protocol == IP_ICMP) {
        icmp_input(stack, packet);
    } else if (protocol) {
        protocol->input(stack, packet);
    } else {
        /* RFC 1122 3.2.2.1; a packet in a packet ends here, too: there is no recursion */
        icmp_send_error(stack, packet, ICMP_UNREACHABLE, ICMP_PROTOCOL_UNREACHABLE, 0);
        /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): as in ipv4_input() */
        stack_end(stack, packet->buf, drop_ip_protocol);
    }
}

/* A fragment waits for the others; of a datagram that nobody handles it is not worth it.  Its
 * header is read once more, so that whole datagrams, which nearly all are, need not keep all of it.
 */
COLD static void fragment_input(struct leat *stack, struct packet *packet)
{
    const uint8_t *at = packet->buf->data - packet->header_bytes;
    struct wire_ipv4 header;
    bool ok;

    if (packet->protocol != IP_ICMP && !ipv4_protocol(stack, packet->protocol)) {
        ipv4_deliver(stack, packet);
        return;
    }
    ok = wire_ipv4_parse_quote(&header, at, packet->header_bytes);
    leat_assert(ok); /* it was a moment ago */
    reassembly_input(stack, packet, &header);
}

void ipv4_input(struct leat *stack, struct link *link, struct leat_buf *buf, bool to_many)
{
    struct wire_ipv4 header;
    struct packet packet;
    uint64_t *wrong;

    if (!wire_ipv4_parse(&header, buf->data, buf->len, leat_buf_total(buf))) {
        stack_end(stack, buf, drop_ip_header);
        return;
    }
    if (!wire_ipv4_checksum_ok(buf->data, header.header_bytes)) {
        stack_end(stack, buf, drop_ip_checksum);
        return;
    }
    wrong = check_ends(stack, link, header.src, header.dst, &to_many);
    if (wrong) {
        (*wrong)++;
        leat_buf_free(buf);
        return;
    }
    /* the TTL is the routers' business: RFC 1122 3.2.1.7 */
    view_trim(buf, header.total_bytes);
    view_pull(buf, header.header_bytes);
    packet = (struct packet){.buf = buf,
                             .link = link,
                             .src = header.src,
                             .dst = header.dst,
                             .header_bytes = header.header_bytes,
                             .protocol = header.protocol,
                             .ttl = header.ttl,
                             .tos = header.tos,
                             .to_many = to_many};
    if (!options_pass(&packet)) {
        /* check_ends() may return NULL; the analyzer takes &stack->stats.drop_... for that, and
         * stack for NULL: NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
        stack_end(stack, buf, drop_ip_options);
        return;
    }
    if (header.more_fragments || header.fragment_offset > 0)
        fragment_input(stack, &packet);
    else
        ipv4_deliver(stack, &packet);
}
