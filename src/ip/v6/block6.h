/*
 * block6.h -- hosts behind a gateway, as blocks of addresses to all of which the way is the same.
 *
 * A server's peers are many, and nearly all of them behind one router.  The cache of paths has
 * places for few of them; but what was decided for one of a block holds for all of it, until an
 * address, a prefix or a route of ours changes.  So it is decided once for each block, as
 * ip/route.c does for IPv4.  Who lets the stack choose the source asks anew: RFC 6724 5 compares
 * it with the very destination.
 */
#ifndef IP_V6_BLOCK6_H
#define IP_V6_BLOCK6_H

#include "ip/v6/ipv6.h"
#include "wire/ethernet.h"

enum {
    HEADERS6_BYTES = ETHERNET_HEADER_BYTES + IPV6_HEADER_BYTES,
    BLOCKS6 = 16 /* with one router the Internet is about so many */
};

/* The headers of a packet that went from @src to @dst. */
struct headers6 {
    uint64_t neighbour_generation; /* of the stack then; 0: there are none */
    struct neighbour6 *hop;        /* its Ethernet address was known */
    uint32_t route_generation;
    leat_ip4 src;
    leat_ip4 dst;
    uint8_t bytes[HEADERS6_BYTES];
};

/* The addresses whose first bits, those of @mask, are @network's; in the order of the network. */
struct block6 {
    uint64_t network[2];
    uint64_t mask[2];
    uint32_t generation; /* stack->route_generation then; 0: there is none */
    leat_ip4 src;        /* of ours, from which they are reached */
    struct link *link;
    uint64_t reached_until_ns; /* path.reached_until_ns of who was reached last */
    struct headers6 headers;   /* of the packet that went there last */
};

struct blocks6 {
    struct block6 all[BLOCKS6];
    uint32_t last; /* that was asked for */
    uint32_t hand; /* that gives its place to the next one */
};

size_t blocks6_cost(void);
bool blocks6_init(struct leat *stack);

/* The block of @dst, if the way to it from @src is known to be good now; or NULL. */
struct block6 *block6_find(struct leat *stack, leat_ip4 src, struct leat_ip dst);

/* True if @block holds @dst, and is good from @src now. */
static inline bool block6_leads(const struct leat *stack, const struct block6 *block, leat_ip4 src,
                                const uint8_t dst[16])
{
    uint64_t words[2];

    memcpy(words, dst, sizeof words);
    return block->generation == stack->route_generation && block->src == src &&
           (((block->network[0] ^ words[0]) & block->mask[0]) |
            ((block->network[1] ^ words[1]) & block->mask[1])) == 0;
}

/* The way from @src to @dst, a single host's address that is none of ours, is by @link.  That is
 * remembered for its block, if it has one: what is on a link has none. */
COLD void block6_put(struct leat *stack, leat_ip4 src, struct leat_ip dst, struct link *link);

#endif
