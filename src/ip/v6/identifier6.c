/* identifier6.c -- makes the interface identifiers of our own addresses. */
#include "ip/v6/ipv6.h"

static void put(struct leat_ip *ip, uint64_t identifier)
{
    for (unsigned i = 0; i < 8; i++)
        ip->bytes[8 + i] = (uint8_t)(identifier >> (56 - 8 * i));
}

/* RFC 7217 5: opaque, and stable for the same secret, prefix and netif. */
void identifier6_make(struct address6 *address)
{
    const struct ipv6 *ipv6 = address->link->stack->ipv6;
    /* these are 16 bytes without padding, whose values would be undefined */
    struct {
        uint8_t prefix[8];
        struct leat_mac mac;
        uint8_t collisions;
        uint8_t again;
    } seed = {.mac = address->link->netif->mac, .collisions = address->collisions};
    uint64_t identifier;

    memcpy(seed.prefix, address->ip.bytes, sizeof seed.prefix);
    do {
        /* `again` is apart from `collisions`, so that a reserved value doesn't use up one of the
         * tries */
        identifier = siphash24(&ipv6->secret, &seed, sizeof seed);
        seed.again++;
    } while (identifier6_is_reserved(identifier));
    put(&address->ip, identifier);
}

/* Entries in any state count, because no two may have one address. */
static bool is_in_use(const struct link *link, struct leat_ip ip)
{
    const struct address6 *all = addresses6_of(link);

    for (unsigned i = 0; i < LEAT_IPV6_ADDRESSES_MAX; i++) {
        if (all[i].state != ADDRESS6_NONE && leat_ip_equal(all[i].ip, ip))
            return true;
    }
    return false;
}

/* RFC 8981 3.3.1 */
void identifier6_draw(struct address6 *address)
{
    struct leat_ip ip = address->ip;
    uint64_t identifier;

    do {
        identifier = leat_random(address->link->stack);
        put(&ip, identifier);
    } while (identifier6_is_reserved(identifier) || is_in_use(address->link, ip));
    address->ip = ip;
}
