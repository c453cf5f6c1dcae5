/*
 * host.h -- a host of either family as one number.
 *
 * UDP and TCP keep, compare and hash addresses of 32 bits.  An IPv4 address is such a number.  One
 * of IPv6 gets a number in 240.0.0.0/8, which no host of IPv4 has (RFC 1112 4): its place in a
 * table of addresses.  So one tuple, one table of connections and one cache of routes serve both
 * families, and who knows no IPv6 pays nothing for it.  What goes to the wire, or to the program,
 * is looked up here.
 *
 * A number stands for its address while somebody holds it; and, if nobody does, until three other
 * addresses have been asked for.
 */
#ifndef IP_HOST_H
#define IP_HOST_H

#include "core/assert.h"
#include "core/checksum.h"
#include "core/cold.h"
#include "ip/ipv4.h"
#include "stack.h"

/* An address of IPv6 that has a number. */
struct host6 {
    struct leat_ip ip;
    uint32_t chain; /* index of the next one in its bucket; of the last one HOST_CHAIN_END and the
                     * bucket; 0: it is in none */
    uint32_t holders : 27;
    uint32_t link : 4;    /* of a link-local address, or a group on a link: which link, from 1 on */
    uint32_t is_ours : 1; /* was the source of a path */
};

_Static_assert(sizeof(struct host6) <= 24, "32 bytes with a bucket");

enum {
    HOSTS_RECENT = 4 /* these keep their numbers, even if nobody holds them */
};

/* An address and its keyed hash, for who asks for it again. */
struct hashed6 {
    uint64_t ip[2];
    uint64_t hash;
};

struct hosts6 {
    struct host6 *all; /* the first is nobody's */
    uint32_t *buckets; /* as host6.chain */
    uint32_t bucket_mask;
    uint32_t count; /* without the first */
    uint32_t held;
    uint32_t hand; /* where to look for one that nobody holds */
    uint32_t recent[HOSTS_RECENT];
    uint32_t recent_at;
    struct hashed6 last[2]; /* of others, of ours */
};

enum {
    HOST_V6 = 0xf0, /* the upper eight bits of a number that stands for an address of IPv6 */
    HOST_INDEX_MAX = 0xffffff,
    HOST_CHAIN_END = 1 << 24
};

static inline bool host_is_v6(leat_ip4 host)
{
    return host >> 24 == HOST_V6;
}

/* The entry of such a number. */
static inline struct host6 *host6_at(const struct leat *stack, leat_ip4 host)
{
    return &stack->hosts6->all[host & HOST_INDEX_MAX];
}

/* The address that @host stands for. */
static inline struct leat_ip host_ip(const struct leat *stack, leat_ip4 host)
{
    return host_is_v6(host) ? host6_at(stack, host)->ip : leat_ip_v4(host);
}

/* An end of a conversation, as the program sees it. */
static inline struct leat_endpoint host_endpoint(const struct leat *stack, leat_ip4 host,
                                                 uint16_t port)
{
    struct leat_endpoint end = leat_endpoint_of(host_ip(stack, host), port);

    if (host_is_v6(host))
        end.zone = (uint8_t)host6_at(stack, host)->link;
    return end;
}

/* host_of() of what isn't an IPv4 address. */
static inline bool host_of_v6(struct leat *stack, struct leat_ip ip, uint8_t zone, leat_ip4 *host)
{
    if (!stack->ipv6_family || (zone > 0 && zone > stack->links_end - stack->links))
        return false;
    *host = stack->ipv6_family->host_of(stack, ip, zone > 0 ? zone : 1);
    return true;
}

/* The number of @ip; of "::" and 0.0.0.0 it is IP4_ANY.  @zone: which link, from 1 on, of an
 * address that is good on one link alone; 0: the first.  False: IPv6, which isn't registered, or no
 * such zone. */
static inline bool host_of(struct leat *stack, struct leat_ip ip, uint8_t zone, leat_ip4 *host)
{
    if (!ip4_of(ip, host))
        return host_of_v6(stack, ip, zone, host);
    if (host_is_v6(*host))
        *host |= 1u << 24; /* 240/8 is 241/8: nobody's, too */
    return true;
}

/* True if host_hold() may be called for @host: an eighth of the table is for those that come and
 * go. */
static inline bool host_may_be_held(const struct leat *stack, leat_ip4 host)
{
    return !host_is_v6(host) || host6_at(stack, host)->holders > 0 ||
           stack->hosts6->held < stack->hosts6->count - stack->hosts6->count / 8;
}

/* True if a host that has shown nothing yet but an address, which may be forged, may be held: they
 * have three quarters. */
static inline bool host_has_room_for_stranger(const struct leat *stack, leat_ip4 host)
{
    return !host_is_v6(host) || host6_at(stack, host)->holders > 0 ||
           stack->hosts6->held < stack->hosts6->count - stack->hosts6->count / 4;
}

/* The number of @host stays its own until host_release().  No more is needed for IPv4. */
static inline void host_hold(const struct leat *stack, leat_ip4 host)
{
    if (host_is_v6(host))
        stack->hosts6->held += host6_at(stack, host)->holders++ == 0;
}

static inline void host_release(const struct leat *stack, leat_ip4 host)
{
    if (host_is_v6(host)) {
        leat_debug_assert(host6_at(stack, host)->holders > 0);
        /* 27 bits are an int: NOLINTNEXTLINE(bugprone-narrowing-conversions) */
        stack->hosts6->held -= --host6_at(stack, host)->holders == 0;
    }
}

/* The keyed hash of an address: its place in the table of hosts, and its part of other hashes.  Who
 * answers asks for both. */
static inline uint64_t host6_hash(const struct leat *stack, const uint8_t *ip, bool is_ours)
{
    struct hashed6 *last = &stack->hosts6->last[is_ours];
    uint64_t words[2];

    memcpy(words, ip, sizeof words);
    if (!SHORTCUTS || last->ip[0] != words[0] || last->ip[1] != words[1]) {
        memcpy(last->ip, words, sizeof words);
        last->hash = siphash13(&stack->table_key, words[0], words[1]);
    }
    return last->hash;
}

/* 64 bits for hashes that outlive a number: the same for the same address.  They are for other
 * keyed hashes alone, as where it lies in the table may be seen by the time that it takes. */
static inline uint64_t host_word(const struct leat *stack, leat_ip4 host)
{
    const struct host6 *entry;

    if (!host_is_v6(host))
        return host;
    entry = host6_at(stack, host);
    return host6_hash(stack, entry->ip.bytes, entry->is_ours);
}

/* What a host is held to account as: itself or, of IPv6, its /64 (RFC 6177 2: one site has that at
 * least), by a keyed hash, which some other may have, too. */
static inline uint32_t host_network(const struct leat *stack, leat_ip4 host)
{
    uint64_t network;

    if (!host_is_v6(host))
        return host;
    memcpy(&network, host6_at(stack, host)->ip.bytes, sizeof network);
    return (uint32_t)siphash13(&stack->table_key, network, 64);
}

/* The sum of the addresses in a pseudo-header (RFC 9293 3.1, RFC 8200 8.1). */
static inline uint64_t host_pseudo_sum(const struct leat *stack, leat_ip4 src, leat_ip4 dst)
{
    if (!host_is_v6(dst))
        return (uint64_t)big_endian32(src) + big_endian32(dst);
    return checksum_addresses6(host6_at(stack, src)->ip.bytes, host6_at(stack, dst)->ip.bytes);
}

/* True if @host is an address of ours that may be used. */
static inline bool host_is_ours(const struct leat *stack, leat_ip4 host)
{
    return host_is_v6(host) ? stack->ipv6_family->is_ours(stack, host6_at(stack, host)->ip)
                            : ipv4_is_ours(stack, host);
}

/* ipv4_output() for a path of either family. */
static inline enum leat_err ip_output(struct leat *stack, const struct path *path,
                                      const struct ipv4_options *options, struct leat_buf *payload)
{
    return path->is_v6 ? stack->ipv6_family->output(stack, path, options, payload)
                       : ipv4_output(stack, path, options, payload);
}

#endif
