/*
 * bits6.c -- comparisons of IPv6 addresses, and ICMPv6's checksum, which covers addresses.
 *
 * An address is compared as two numbers of 64 bits, whose differing bits an exclusive or shows.
 */
#include "core/assert.h"
#include "core/checksum.h"
#include "ip/v6/ipv6.h"
#include "wire/bytes.h"

enum {
    CHECKSUM_AT = 2
};

bool ip6_in_prefix(struct leat_ip a, struct leat_ip b, uint32_t bits)
{
    const uint64_t left = get64(a.bytes) ^ get64(b.bytes);
    const uint64_t right = get64(a.bytes + 8) ^ get64(b.bytes + 8);

    leat_assert(bits <= 128);
    /* C doesn't define a shift by 64, so a prefix of length 0 is a case of its own */
    if (bits <= 64)
        return bits == 0 || left >> (64 - bits) == 0;
    return left == 0 && right >> (128 - bits) == 0;
}

uint32_t ip6_common_bits(struct leat_ip a, struct leat_ip b)
{
    const uint64_t left = get64(a.bytes) ^ get64(b.bytes);
    const uint64_t right = get64(a.bytes + 8) ^ get64(b.bytes + 8);

    if (left > 0)
        return (uint32_t)__builtin_clzll(left);
    return right > 0 ? 64 + (uint32_t)__builtin_clzll(right) : 128;
}

struct leat_ip ip6_solicited_node(struct leat_ip ip)
{
    /* the group has the last 24 bits, so all addresses with one identifier share it */
    return (struct leat_ip){
        {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, ip.bytes[13], ip.bytes[14], ip.bytes[15]}};
}

bool ip6_stays_on_link(struct leat_ip ip)
{
    /* the scope of a group: 1 is the node, 2 the link, 0 is reserved (RFC 4291 2.7) */
    return leat_ip_is_link_local(ip) || (ip.bytes[0] == 0xff && (ip.bytes[1] & 15) <= 2);
}

void icmpv6_put_checksum(struct leat_buf *message, const struct leat_ip *src,
                         const struct leat_ip *dst)
{
    checksum_put(message->data + CHECKSUM_AT,
                 checksum_pseudo6(src, dst, IPV6_ICMP, leat_buf_total(message)) +
                     checksum_list(message));
}
