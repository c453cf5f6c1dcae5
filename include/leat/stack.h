/*
 * stack.h -- one TCP/IP stack: its memory, its links, its loop.
 *
 * The program gives one block of memory.  The stack never asks for more, keeps no global and knows
 * of no other stack.  Time, randomness and frames come in through arguments: the same
 * configuration, seed and inputs produce the same output.
 *
 *      leat_init -> leat_attach -> leat_address_add -> leat_udp_register, leat_tcp_register
 *      then leat_poll for ever (leat_run does it)
 */
#ifndef LEAT_STACK_H
#define LEAT_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/abi.h>
#include <leat/addr.h>
#include <leat/buf.h>
#include <leat/err.h>
#include <leat/netif.h>
#include <leat/stats.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Most backends of a stack, and most IPv4 addresses of a backend. */
enum {
    LEAT_NETIFS_MAX = 8,
    LEAT_ADDRESSES_MAX = 4
};

/** Bytes of the seed; all of them should come from a source of entropy. */
enum {
    LEAT_SEED_BYTES = 32
};

struct leat;

/** Limits and secrets of a stack.  Every 0 means the default that is named beside it. */
struct leat_config {
    uint8_t seed[LEAT_SEED_BYTES]; /**< from leat_host.entropy; all zero is refused */
    uint32_t buf_count;            /**< full-sized buffers: 1024 */
    uint32_t buf_bytes;            /**< storage of each, headroom included: 2048 */
    uint32_t small_count;          /**< small buffers (headers, ACKs): as buf_count */
    uint32_t view_count;           /**< descriptors for slices: twice buf_count */
    uint16_t burst_frames;         /**< frames taken from a backend in one poll: 128, at most 256 */
    uint16_t tx_queue_frames;      /**< frames waiting for a backend, each: 512 */
    uint16_t arp_entries;          /**< neighbours in the cache: 256 */
    uint8_t arp_parked;            /**< frames waiting for one neighbour's address: 4 */
    uint16_t arp_shared;           /**< ... and beyond these for all neighbours together: 256, or an
                                        eighth of buf_count if that is less */
    bool arp_probe;                /**< probe an address before using it (RFC 5227 2.1): 5-7 s */
    uint16_t routes;               /**< routes with a gateway: 16 */
    uint16_t reassemblies;         /**< datagrams being put together at a time: 16 */
    uint16_t reassembly_fragments; /**< fragments of each: 64 (at an MTU of 1,500 the largest
                                        datagram is 45) */
    uint32_t reassembly_bytes;     /**< storage held by all fragments together: 256 KiB, or a
                                        quarter of the pool if that is less */
    uint32_t icmp_errors_per_s;    /**< ICMP errors sent per second, in bursts of as many: 100 */
    uint32_t icmp_echo_per_s;      /**< ICMP echo replies per second: 100,000 */
    uint64_t now_ns;               /**< the time before the first leat_poll(), for leat_now_ns() and
                                        for timers set by then: 0 */
    uint8_t ttl;                   /**< of packets we send: 64 (RFC 1700's successor registry) */
    uint64_t drain_ns;             /**< the time that leat_end() gives to connections: 5 s */
    /** Called from leat_poll() when another host claims @p ip (RFC 5227 2.4); may be NULL. */
    void (*on_conflict)(struct leat *stack, struct leat_netif *netif, struct leat_ip ip, void *arg);
    /** Called when @p ip is usable: at once, or after the probes.  May be NULL. */
    void (*on_address)(struct leat *stack, struct leat_netif *netif, struct leat_ip ip, void *arg);
    void *arg;                        /**< for the two callbacks */
    uint64_t reserved[LEAT_RESERVED]; /**< for members of later versions; all 0 */
};

/**
 * Limits for a device with little memory: 8 buffers for frames of 1,514 bytes and 12 small ones,
 * bursts of 4 frames, 8 neighbours, 2 routes.  With leat_tcp_small_config(8) all memory of leat is
 * less than 64 KiB on a machine with pointers of 64 bits.  The program fills in the seed, and may
 * change the rest.
 */
struct leat_config leat_small_config(void);

/** Bytes that leat_init() takes from the block for @p config, the struct leat included. */
size_t leat_memory_bytes(const struct leat_config *config);

/**
 * Builds a stack at the start of @p memory (any alignment) of @p bytes.  leat_udp_register() and
 * leat_tcp_register() use the rest of the block.  The memory belongs to the stack until
 * leat_close().
 *
 * Errors: LEAT_ERR_MEMORY (block too small), LEAT_ERR_ENTROPY (seed all zero), LEAT_ERR_ARGUMENT
 * (a limit out of range).  Then @p stack is untouched.
 */
enum leat_err leat_init(struct leat **stack, void *memory, size_t bytes,
                        const struct leat_config *config);

/** Closes the attached backends.  The memory is the program's again; no callback is called. */
void leat_close(struct leat *stack);

/**
 * Takes a bounded burst from each backend, runs the timers that are due, calls the program's
 * callbacks, and sends.  No other function does any of these.
 *
 * @p now_ns: monotonic, never less than at the last call.
 * Returns the time at which it wants to be called again even without input: @p now_ns if there is
 * work left, LEAT_NEVER_NS if only input matters.
 */
uint64_t leat_poll(struct leat *stack, uint64_t now_ns);

/** The time of the current or last leat_poll(), ns; before the first leat_config.now_ns. */
uint64_t leat_now_ns(const struct leat *stack);

/**
 * Replaces all secrets of the stack and of its libraries.  Call it after a virtual machine was
 * cloned or resumed from a snapshot, before the next leat_poll().  It renews sequence numbers,
 * ports, identifications, ids of DNS, DHCP and NTP, DNS and TLS cookies, and the keys of TLS
 * tickets; the provider of cryptography takes new entropy.  Older TLS sessions send nothing more
 * and are reset, because their clone has the same keys and would use one nonce twice (RFC
 * 5116 3.1). LEAT_ERR_ENTROPY: @p seed is all zero, and nothing has changed.
 */
enum leat_err leat_reseed(struct leat *stack, const uint8_t seed[LEAT_SEED_BYTES]);

/** How often leat_reseed() has succeeded since leat_init(), that call included.  A library that
 * keeps secrets of its own renews them when this number has changed. */
uint32_t leat_generation(const struct leat *stack);

/** 64 unpredictable bits, from the seed (a keyed counter: deterministic for a given seed). */
uint64_t leat_random(struct leat *stack);

/** The pool that the program's buffers come from. */
struct leat_pool *leat_pool(struct leat *stack);

/** The counters; live, valid as long as the stack. */
const struct leat_stats *leat_stats(const struct leat *stack);

/**
 * Attaches a backend: its frames come in, ours go out.  It must stay valid until leat_close().
 * Errors: LEAT_ERR_FULL (LEAT_NETIFS_MAX), LEAT_ERR_ARGUMENT (MTU under 68, RFC 791 3.2, or a
 * group MAC).
 */
enum leat_err leat_attach(struct leat *stack, struct leat_netif *netif);

/**
 * Gives an address to an attached backend, with its on-link prefix, and announces it (RFC 5227
 * 2.3), after probing if the configuration says so.
 *
 * If a peer has had the address until now, it can't be reached any more, because packets with our
 * address as source must not come from outside (RFC 1122 3.2.1.3).  Its connections end at our next
 * segment, which comes back to us; those that only wait for data end by keep-alive, if that is on.
 * Errors: LEAT_ERR_FULL (LEAT_ADDRESSES_MAX, LEAT_IPV6_ADDRESSES_MAX), LEAT_ERR_ARGUMENT (not
 * attached; not an address of a host; a prefix over 32), LEAT_ERR_IN_USE (we have it already).
 */
enum leat_err leat_address_add(struct leat *stack, struct leat_netif *netif, struct leat_ip ip,
                               uint8_t prefix_bits);

/** Removes an address.  LEAT_ERR_NOT_FOUND: there is no such address. */
enum leat_err leat_address_remove(struct leat *stack, struct leat_netif *netif, struct leat_ip ip);

/** True for an address of ours that is usable: an IPv6 address is checked for a second first (RFC
 * 4862 5.4), an IPv4 address as the configuration says. */
bool leat_address_is_ours(const struct leat *stack, struct leat_ip ip);

/** The first usable address of @p netif, or LEAT_IP_ANY. */
struct leat_ip leat_address(const struct leat *stack, const struct leat_netif *netif);

/**
 * Routes packets for @p network / @p prefix_bits through @p gateway.  The gateway is on the link
 * whose prefix contains it.  If there is none, and only one netif is attached, it is on that one
 * (clouds use such gateways with an address / 32).  With several netifs use leat_route_add_by().
 * 0.0.0.0/0 is the default route of IPv4, ::/0 of IPv6.  The longest prefix wins; but an IPv6 host
 * on-link is always reached without a gateway (RFC 4861 5.2).
 * Errors: LEAT_ERR_FULL, LEAT_ERR_NO_ROUTE (no prefix contains the gateway, and there is more than
 * one netif, or none; or it is an address of ours), LEAT_ERR_ARGUMENT, LEAT_ERR_FAMILY.
 */
enum leat_err leat_route_add(struct leat *stack, struct leat_ip network, uint8_t prefix_bits,
                             struct leat_ip gateway);

/** leat_route_add() with a gateway on the link of @p netif, whatever the prefixes say; the gateway
 * itself is reached there, too.  Errors: as leat_route_add(); LEAT_ERR_ARGUMENT also for a netif
 * that isn't attached. */
enum leat_err leat_route_add_by(struct leat *stack, const struct leat_netif *netif,
                                struct leat_ip network, uint8_t prefix_bits,
                                struct leat_ip gateway);

/**
 * Makes the hosts of @p network / @p prefix_bits, of IPv4, on-link at @p netif: in addition to its
 * on-link prefix, or as the only one with an address / 32 (RFC 3442).  Gateways may be among them.
 * The longest prefix wins.  Errors: LEAT_ERR_FULL, LEAT_ERR_FAMILY, LEAT_ERR_ARGUMENT (not
 * attached; a prefix over 32, or with bits set behind it).
 */
enum leat_err leat_route_add_on_link(struct leat *stack, const struct leat_netif *netif,
                                     struct leat_ip network, uint8_t prefix_bits);

/** Removes a route.  LEAT_ERR_NOT_FOUND: there is no such route. */
enum leat_err leat_route_remove(struct leat *stack, struct leat_ip network, uint8_t prefix_bits);

#ifdef __cplusplus
}
#endif
#endif
