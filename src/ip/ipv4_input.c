/* ipv4_input.c -- receives datagrams: the checks, in their order, before a packet is delivered. */
#include "ip/ipv4.h"

#include "core/view.h"
#include "ip/icmp.h"
#include "ip/reassembly.h"
#include "ip/route.h"
#include "link/address.h"
#include "wire/ipv4.h"

static const leat_ip4 all_hosts = IP4(224, 0, 0, 1); /* RFC 1112 4 */

/* RFC 1122 3.2.1.3, 3.3.6: a packet from outside never has as its source one of our addresses (LAND
 * attack), a group, or an address that no host has. */
static bool source_is_martian(const struct leat *stack, const struct link *link, leat_ip4 src)
{
    if (link && (ip4_is_no_host(src) || address_is_broadcast(link, src)))
        return true;
    /* a packet from a link must not have our source, one from ourselves must */
    return ipv4_is_ours(stack, src) == (link != 0);
}

/* RFC 1122 3.3.4.2, the strong model: an address is ours on its own link only.  3.3.6: a packet to
 * a broadcast or multicast link address must have such an IP address, too. */
static bool is_for_us(const struct leat *stack, const struct link *link, leat_ip4 dst,
                      bool link_is_group, bool *is_group)
{
    if (!link) {
        *is_group = false;
        return ipv4_is_ours(stack, dst);
    }
    *is_group =
        dst == all_hosts || address_is_broadcast(link, dst) ||
        (ip4_is_multicast(dst) && stack->ipv4_groups && stack->ipv4_groups->hears(link, dst));
    return *is_group || (!link_is_group && address_is_ours(link, dst));
}

/* The path back from @dst to @src, if the route cache has it for @link. Then the addresses need no
 * check: both are hosts, @dst is ours on this link, and @src is neither ours nor a broadcast
 * address. */
static const struct path *path_of_known(struct leat *stack, const struct link *link, leat_ip4 src,
                                        leat_ip4 dst)
{
    const struct path *back = route_cache_get(stack, dst, src);

    return back && back->known_link == link ? back : 0;
}

/* The counter for the fault of the addresses; NULL: they are valid. The source comes first, so that
 * a martian is counted as one even if it is for another host. */
static uint64_t *check_addresses(struct leat *stack, const struct link *link, leat_ip4 src,
                                 leat_ip4 dst, bool *is_group)
{
    if (source_is_martian(stack, link, src))
        return &stack->stats.drop_ip_source;
    return is_for_us(stack, link, dst, *is_group, is_group) ? 0 : &stack->stats.drop_ip_not_ours;
}

/* RFC 1122 3.2.2.1; a packet in a packet ends here, too: there is no recursion. */
COLD static void refuse_protocol(struct leat *stack, struct packet *packet)
{
    icmp_send_error(stack, packet, ICMP_UNREACHABLE, ICMP_PROTOCOL_UNREACHABLE, 0);
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): as in ipv4_input() */
    stack_end(stack, packet->buf, drop_ip_protocol);
}

HOT void deliver(struct leat *stack, struct packet *packet)
{
    /* ipv4_input() sets each field, which cppcheck doesn't see */
    // cppcheck-suppress ctuuninitvar
    const struct protocol *protocol = protocol_find(stack, packet->protocol);

    if (packet->protocol == IP_ICMP)
        icmp_input(stack, packet);
    else if (protocol)
        protocol->input(stack, packet);
    else
        refuse_protocol(stack, packet);
}

void ipv4_deliver(struct leat *stack, struct packet *packet)
{
    deliver(stack, packet);
}

/* False: the options are invalid, and the packet is dropped silently.  RFC 1122 3.2.2.5 asks for a
 * parameter problem about a malformed option. But the sender of such a header isn't a legitimate
 * peer, and its address may be forged, so an answer would only help an attacker. */
static inline bool options_pass(const struct packet *packet)
{
    return packet->header_bytes == IPV4_HEADER_BYTES ||
           wire_ipv4_options_ok(packet->buf->data - packet->header_bytes, packet->header_bytes);
}

static void deliver_whole(struct leat *stack, struct packet *packet, const struct leat_ip *src,
                          const struct leat_ip *dst)
{
    (void)src;
    (void)dst;
    ipv4_deliver(stack, packet);
}

static void timed_out(struct leat *stack, struct packet *packet, const struct leat_ip *src,
                      const struct leat_ip *dst)
{
    (void)src;
    (void)dst;
    icmp_send_error(stack, packet, ICMP_TIME_EXCEEDED, ICMP_REASSEMBLY_TIME_EXCEEDED, 0);
}

static const struct reassembly_family in_fragments = {.timeout_ns = 30000000000u,
                                                      .by_protocol = true,
                                                      .deliver = deliver_whole,
                                                      .timed_out = timed_out};

COLD static void fragment_input(struct leat *stack, struct packet *packet,
                                const struct wire_ipv4 *header)
{
    const struct reassembly_part part = {.family = &in_fragments,
                                         .src = leat_ip_v4(packet->src),
                                         .dst = leat_ip_v4(packet->dst),
                                         .id = header->id,
                                         .first = header->fragment_offset,
                                         .end_max = IPV4_TOTAL_MAX - packet->header_bytes,
                                         .more = header->more_fragments};

    reassembly_input(stack, packet, &part);
}

/* Processes a packet with options, a fragment, or both.  The header is parsed again here, so that
 * the fast path need not keep all of it. */
COLD static void input_slow_path(struct leat *stack, struct packet *packet)
{
    const uint8_t *at = packet->buf->data - packet->header_bytes;
    struct wire_ipv4 header;
    bool ok;

    if (!options_pass(packet)) {
        /* check_addresses() may return NULL; the analyzer takes &stack->stats.drop_... for that,
         * and stack for NULL: NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
        stack_end(stack, packet->buf, drop_ip_options);
        return;
    }
    ok = wire_ipv4_parse_quote(&header, at, packet->header_bytes);
    leat_assert(ok); /* it was parsed before */
    /* a fragment is kept only if a protocol will handle its datagram */
    if (wire_ipv4_is_fragment(at) &&
        (packet->protocol == IP_ICMP || ipv4_protocol(stack, packet->protocol)))
        fragment_input(stack, packet, &header);
    else
        ipv4_deliver(stack, packet);
}

/* True for a packet to the one port that is open for any address: an answer to a DHCP client
 * without an address (RFC 2131 4.1).  Fragments are excluded, because they may lack the port. */
COLD static bool is_for_open_port(const struct leat *stack, const struct link *link,
                                  const uint64_t *wrong, const struct leat_buf *buf,
                                  uint32_t header_bytes)
{
    const uint8_t *bytes = buf->data;

    return link && link->open_port != 0 && wrong == &stack->stats.drop_ip_not_ours &&
           bytes[IPV4_PROTOCOL_AT] == IP_UDP && !wire_ipv4_is_fragment(bytes) &&
           !ip4_is_no_host(get32(bytes + IPV4_DST_AT)) && buf->len >= header_bytes + 4 &&
           get16(bytes + header_bytes + 2) == link->open_port;
}

/* True for a query from a switch that snoops IGMP and has no address (RFC 4541 2.1.1). */
COLD static bool is_from_switch(const struct leat *stack, const struct link *link,
                                const uint64_t *wrong, const uint8_t *bytes)
{
    return link && stack->ipv4_groups && wrong == &stack->stats.drop_ip_source &&
           bytes[IPV4_PROTOCOL_AT] == IP_IGMP && get32(bytes + IPV4_SRC_AT) == IP4_ANY;
}

/* Each header field is loaded where it is used: it stays in memory, and registers are few. */
static __attribute__((noinline)) void input_any(struct leat *stack, struct link *link,
                                                struct leat_buf *buf, bool is_group)
{
    const uint8_t *bytes = buf->data;
    const uint32_t header_bytes = wire_ipv4_header_bytes(bytes, buf->len);
    struct packet packet;
    uint64_t *wrong;

    if (header_bytes == 0 || get16(bytes + IPV4_TOTAL_AT) > leat_buf_total(buf)) {
        stack_end(stack, buf, drop_ip_header);
        return;
    }
    /* the checksum is verified before the addresses are believed (RFC 1122 3.2.1.2) */
    if (!wire_ipv4_checksum_ok(bytes, header_bytes)) {
        stack_end(stack, buf, drop_ip_checksum);
        return;
    }
    packet.src = get32(bytes + IPV4_SRC_AT);
    packet.dst = get32(bytes + IPV4_DST_AT);
    wrong = check_addresses(stack, link, packet.src, packet.dst, &is_group);
    if (wrong && !is_for_open_port(stack, link, wrong, buf, header_bytes) &&
        !is_from_switch(stack, link, wrong, bytes)) {
        (*wrong)++;
        leat_buf_free(buf);
        return;
    }
    /* Ethernet's padding is cut off, since it isn't part of the packet */
    view_trim(buf, get16(bytes + IPV4_TOTAL_AT));
    view_pull(buf, header_bytes);
    packet.buf = buf;
    packet.link = link;
    packet.pseudo_sum = checksum_addresses4(packet.src, packet.dst);
    packet.header_bytes = (uint16_t)header_bytes;
    packet.protocol = bytes[IPV4_PROTOCOL_AT];
    packet.ttl = bytes[IPV4_TTL_AT]; /* ignored by hosts: RFC 1122 3.2.1.7 */
    packet.tos = bytes[IPV4_TOS_AT];
    packet.is_group = is_group;
    packet.reassembled = false;
    if (header_bytes > IPV4_HEADER_BYTES || wire_ipv4_is_fragment(bytes))
        input_slow_path(stack, &packet);
    else
        ipv4_deliver(stack, &packet);
}

/* True for a datagram that input_any() would only deliver, if its addresses are valid: it has no
 * options and no padding, and isn't a fragment. */
static inline bool is_plain(const struct leat_buf *buf)
{
    const uint8_t *bytes = buf->data;

    return buf->len >= IPV4_HEADER_BYTES && bytes[0] == IPV4_NO_OPTIONS &&
           get16(bytes + IPV4_TOTAL_AT) == view_total(buf) && !wire_ipv4_is_fragment(bytes) &&
           wire_ipv4_checksum_ok(bytes, IPV4_HEADER_BYTES);
}

/* Delivers such a datagram, for which @back validates the addresses. */
HOT void input_plain(struct leat *stack, struct link *link, struct leat_buf *buf,
                     const struct path *back)
{
    const uint8_t *bytes = buf->data;
    struct packet packet;

    view_pull(buf, IPV4_HEADER_BYTES);
    packet.buf = buf;
    packet.link = link;
    packet.src = back->dst;
    packet.dst = back->src;
    packet.pseudo_sum = back->pseudo_sum;
    packet.header_bytes = IPV4_HEADER_BYTES;
    packet.protocol = bytes[IPV4_PROTOCOL_AT];
    packet.ttl = bytes[IPV4_TTL_AT];
    packet.tos = bytes[IPV4_TOS_AT];
    packet.is_group = packet.reassembled = false;
    deliver(stack, &packet);
}

/* A plain datagram that came on another path than the last. Separate, so that the path of most
 * datagrams saves no registers. */
static __attribute__((noinline)) void input_from_another(struct leat *stack, struct link *link,
                                                         struct leat_buf *buf)
{
    const uint8_t *bytes = buf->data;
    const struct path *back =
        path_of_known(stack, link, get32(bytes + IPV4_SRC_AT), get32(bytes + IPV4_DST_AT));

    if (back)
        input_plain(stack, link, buf, back);
    else
        input_any(stack, link, buf, false);
}

void ipv4_input(struct leat *stack, struct link *link, struct leat_buf *buf, bool is_group)
{
    const struct path *back;

    if (!SHORTCUTS || is_group || !is_plain(buf)) {
        input_any(stack, link, buf, is_group);
        return;
    }
    back = route_last_back(stack, buf->data + IPV4_SRC_AT);
    if (back && back->known_link == link)
        input_plain(stack, link, buf, back);
    else
        input_from_another(stack, link, buf);
}
