/*
 * host.h -- represents a host of either family as one number.
 *
 * UDP and TCP store, compare and hash 32-bit addresses.  An IPv4 address is its own number.  An
 * IPv6 address gets a number in 240.0.0.0/8, which no IPv4 host has (RFC 1112 4); it is the
 * address's index in a table.  So one tuple, one connection table and one route cache serve both
 * families, and IPv6 costs nothing in programs without it.  The functions here convert numbers back
 * to addresses for packets and for the program.
 *
 * A number is valid as long as its host is held, and otherwise until three other addresses have
 * been looked up.
 */
#ifndef IP_HOST_H
#define IP_HOST_H

#include "core/assert.h"
#include "core/checksum.h"
#include "core/cold.h"
#include "ip/ipv4.h"
#include "family.h"
#include "link/link.h"

/* An IPv6 address that has a number. */
struct host6 {
    struct leat_ip ip;
    uint32_t chain; /* index of the next one in its bucket; in the last one HOST_CHAIN_END plus the
                     * bucket; 0: in no bucket */
    uint32_t holders : 27;
    uint32_t link : 4;    /* for a link-local or multicast address: its link, counted from 1 */
    uint32_t is_ours : 1; /* was the source of a path */
};

_Static_assert(sizeof(struct host6) <= 24, "32 bytes with a bucket");

enum {
    HOSTS_RECENT = 4 /* the last lookups, which keep their numbers without being held */
};

/* An address and its keyed hash, cached for the next lookup. */
struct hashed6 {
    uint64_t ip[2];
    uint64_t hash;
};

struct hosts6 {
    struct host6 *all; /* index 0 is unused */
    uint32_t *buckets; /* with the same encoding as host6.chain */
    uint32_t bucket_mask;
    uint32_t count; /* without index 0 */
    uint32_t held;
    uint32_t hand; /* clock hand: where the search for an entry that isn't held starts */
    uint32_t recent[HOSTS_RECENT];
    uint32_t recent_at;
    uint32_t *known; /* a cache of lookups, by bits of the address: indices of entries */
    uint32_t known_mask;
    uint32_t reused;        /* counts entries that another address got */
    struct hashed6 last[2]; /* [0] of other hosts, [1] of ours */
    uint64_t network;       /* the /64 that was hashed last, and its hash */
    uint32_t network_hash;
};

enum {
    HOST_V6 = 0xf0, /* the upper eight bits of the number of an IPv6 address */
    HOST_INDEX_MAX = 0xffffff,
    HOST_CHAIN_END = 1 << 24
};

/* All of our addresses of IPv6, for a listener: 0.0.0.1, which no host has. */
#define HOST_V6_ANY ((host_id)1)

static inline bool host_is_v6(host_id host)
{
    return host >> 24 == HOST_V6;
}

/* The table entry of the number of an IPv6 address. */
static inline struct host6 *host6_at(const struct leat *stack, host_id host)
{
    return &stack->hosts6->all[host & HOST_INDEX_MAX];
}

/* The address of @host. */
static inline struct leat_ip host_ip(const struct leat *stack, host_id host)
{
    return host_is_v6(host) ? host6_at(stack, host)->ip : leat_ip_v4(host);
}

/* An endpoint in the form that programs see. */
static inline struct leat_endpoint host_endpoint(const struct leat *stack, host_id host,
                                                 uint16_t port)
{
    struct leat_endpoint end = leat_endpoint_of(host_ip(stack, host), port);

    if (host_is_v6(host))
        end.zone = (uint8_t)host6_at(stack, host)->link;
    return end;
}

/* host_of() for addresses that aren't IPv4. */
static inline bool host_of_v6(struct leat *stack, struct leat_ip ip, uint8_t zone, host_id *host)
{
    if (!stack->ipv6_family || (zone > 0 && zone > stack->links_end - stack->links))
        return false;
    *host = stack->ipv6_family->host_of(stack, ip, zone > 0 ? zone : 1);
    return true;
}

/* host_of() for IPv4, and for "::". False: @ip is neither. */
static inline bool host_of_v4(struct leat_ip ip, host_id *host)
{
    if (!ip4_of(ip, host))
        return false;
    if (host_is_v6(*host))
        *host |= 1u << 24; /* 240/8 becomes 241/8, which no host has either */
    return true;
}

/* The number of @ip; IP4_ANY for "::" and 0.0.0.0.  @zone: the link, counted from 1, of an address
 * that is valid on one link only; 0: the first link.  False: IPv6 isn't registered, or there is no
 * such zone. */
static inline bool host_of(struct leat *stack, struct leat_ip ip, uint8_t zone, host_id *host)
{
    return host_of_v4(ip, host) || host_of_v6(stack, ip, zone, host);
}

/* True if host_hold() may be called for @host: an eighth of the table is reserved for hosts that
 * aren't held. */
static inline bool host_may_be_held(const struct leat *stack, host_id host)
{
    return !host_is_v6(host) || host6_at(stack, host)->holders > 0 ||
           stack->hosts6->held < stack->hosts6->count - stack->hosts6->count / 8;
}

/* True if a host may be held that has shown nothing but an address, which may be forged: such hosts
 * may use three quarters of the table. */
static inline bool host_has_room_for_stranger(const struct leat *stack, host_id host)
{
    return !host_is_v6(host) || host6_at(stack, host)->holders > 0 ||
           stack->hosts6->held < stack->hosts6->count - stack->hosts6->count / 4;
}

/* Keeps the number of @host valid until host_release().  No-op for IPv4. */
static inline void host_hold(const struct leat *stack, host_id host)
{
    if (host_is_v6(host))
        stack->hosts6->held += host6_at(stack, host)->holders++ == 0;
}

static inline void host_release(const struct leat *stack, host_id host)
{
    if (host_is_v6(host)) {
        leat_debug_assert(host6_at(stack, host)->holders > 0);
        /* 27 bits are an int: NOLINTNEXTLINE(bugprone-narrowing-conversions) */
        stack->hosts6->held -= --host6_at(stack, host)->holders == 0;
    }
}

/* The keyed hash of an address, for the table of hosts and as part of other hashes.  Cached,
 * because a reply needs the hashes of both addresses again. */
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

/* 64 bits for hashes that outlive a number: always the same for one address.  Only as input of
 * other keyed hashes, because lookup times may reveal its place in the table. */
static inline uint64_t host_word(const struct leat *stack, host_id host)
{
    const struct host6 *entry;

    if (!host_is_v6(host))
        return host;
    entry = host6_at(stack, host);
    return host6_hash(stack, entry->ip.bytes, entry->is_ours);
}

/* The unit that a host is accounted as: itself or, for IPv6, its /64, because every site has at
 * least that much (RFC 6177 2). The /64 is reduced to a keyed hash, so collisions are possible. The
 * last one is cached, because the peers of a server often share few networks. */
static inline uint32_t host_network(const struct leat *stack, host_id host)
{
    struct hosts6 *table = stack->hosts6;
    uint64_t network;

    if (!host_is_v6(host))
        return host;
    memcpy(&network, host6_at(stack, host)->ip.bytes, sizeof network);
    if (!SHORTCUTS || table->network != network) {
        table->network = network;
        table->network_hash = (uint32_t)siphash13(&stack->table_key, network, 64);
    }
    return table->network_hash;
}

/* The sum of the addresses of a pseudo-header (RFC 9293 3.1, RFC 8200 8.1). */
static inline uint64_t host_pseudo_sum(const struct leat *stack, host_id src, host_id dst)
{
    if (!host_is_v6(dst))
        return checksum_addresses4(src, dst);
    return checksum_addresses6(host6_at(stack, src)->ip.bytes, host6_at(stack, dst)->ip.bytes);
}

/* True if @host is a usable address of ours. */
static inline bool host_is_ours(const struct leat *stack, host_id host)
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
