/*
 * base.h -- struct leat, which all layers share: clock, pool, timers, statistics, and a pointer to
 * the state of each layer.
 *
 * link/link.h has the links, family.h the tables by which layers call those above them.
 *
 * Up:   link_poll -> ethernet_input -> ipv4_input -> protocol->input -> ready queue -> callback
 * Down: leat_*_send -> *_output -> ipv4_output -> neighbour_output -> ethernet_output
 *       -> link_enqueue, then transmit_flush
 * Down, to a destination with a cached header: leat_*_send -> *_output -> header_template_send
 *       -> link_enqueue, then transmit_flush
 */
#ifndef BASE_H
#define BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/stack.h>

#include "core/arena.h"
#include "core/assert.h"
#include "core/ip4.h"
#include "core/limiter.h"
#include "core/pool.h"
#include "core/queue.h"
#include "core/siphash.h"
#include "core/timer.h"
#include "core/cold.h"
#include "core/unreachable.h"
#include "life.h"
#include "service.h"

struct link;       /* link/link.h */
struct fair_table; /* link/fair_queue.h */
struct neighbours; /* link/arp.h */
struct reassembly; /* ip/reassembly.h */
struct routes;     /* ip/route.h */
struct route_cache_entry;
struct protocol; /* family.h, as the next three */
struct ip_family;
struct ipv6_family;
struct ipv4_groups;
struct ipv6;             /* ip/v6/ipv6.h */
struct hosts6;           /* ip/host.h */
struct groups;           /* ip/groups.h */
struct dhcp6_calls;      /* dhcp6_calls.h */
struct dhcp6_clients;    /* proto/dhcp/dhcp6.h */
struct leat_ipv6_policy; /* leat/ipv6.h */

/* Families of IP. */
enum family {
    FAMILY4,
    FAMILY6, /* if leat_ipv6_register() was called */
    FAMILIES
};

enum {
    PROTOCOLS_MAX = 4,
    READY_BUDGET = 1024,   /* callbacks in one poll */
    LOOPBACK_FRAMES = 256, /* packets to ourselves that wait */
    FRAMES_AT_ONCE = 16,   /* frames in one call of a backend that a small pool can hold */
    FRAMES_TAKEN_MAX = 128 /* received in one call at most; GRO merges among these */
};

/* Small members that are used often come first: their offsets have shorter encodings. */
struct leat {
    uint64_t now_ns;           /* of this poll */
    uint32_t now_ms;           /* now_ns in ms; wraps after 49 days */
    uint32_t route_generation; /* counts changes of addresses and routes; older cached results are
                                  void */
    struct tcp *tcp;           /* tcp/tcp.h; NULL: not registered */
    struct udp *udp;           /* udp/udp.h; NULL: not registered */
    struct route_cache_entry *route_cache; /* ip/route.h */
    struct route_cache_entry *route_last;  /* the entry that was used last, or the first */
    struct neighbours *neighbours;
    struct reassembly *reassembly;
    struct routes *routes;
    const struct protocol *super; /* the protocol with super-frames; NULL: none */
    struct link *links;           /* link/link.h: LEAT_NETIFS_MAX of them */
    struct link *links_end;       /* behind the last one that is attached */
    struct fair_table *flows;     /* link/fair_queue.h: of all links */
    uint8_t protocol_count;
    uint8_t flush_count; /* protocols with a flush; they come first */
    uint8_t slow_links;  /* links whose tx_is_slow */
    bool has_woken;      /* protocol->wake() was called since the last flush of the protocols */
    uint16_t taken_max;  /* frames that are received before the first is processed */
    uint64_t neighbour_generation; /* counts neighbours that were removed or changed; older headers
                                      are void */
    struct ready ready;            /* head of the ready queue */
    struct ready ready_same_turn;  /* head of a second queue: callbacks to run in the same turn */
    struct leat_config config;     /* with the defaults filled in */
    struct leat_stats stats;
    struct leat_pool pool;
    struct arena arena;
    struct timer_wheel timers;
    struct siphash_key table_key;  /* lookups */
    struct siphash_key secret_key; /* ports, ids, sequence numbers */
    struct siphash_key random_key;
    uint64_t random_counter;
    uint32_t seed_generation; /* leat_generation() */
    const struct protocol *protocols[PROTOCOLS_MAX];
    struct buf_queue loopback;  /* packets to ourselves, IP header first */
    struct limiter icmp_errors; /* of both families */
    struct limiter icmp_echoes;
    struct leat_buf **taken;   /* taken_max of them: received by link_poll(), not processed yet */
    uint64_t civil_at_zero_ns; /* civil time when now_ns was 0, modulo 2^64; used only by civil.c */
    bool civil_known;
    const struct ip_family *families[FAMILIES];
    const struct ipv6_family *ipv6_family; /* NULL: not registered */
    struct ipv6 *ipv6;                     /* ip/v6/ipv6.h */
    const struct ipv4_groups *ipv4_groups; /* NULL: no socket has joined any */
    struct groups *igmp;             /* ip/igmp.h: membership table; NULL: UDP isn't registered */
    struct hosts6 *hosts6;           /* ip/host.h; NULL: IPv6 isn't registered */
    const struct dhcp6_calls *dhcp6; /* NULL: not registered; so is the next */
    struct dhcp6_clients *dhcp6_clients;
    const struct leat_ipv6_policy *policies; /* the program's (policy.h); NULL: RFC 6724's */
    uint8_t policy_count;
    struct unreachables unreachables;
    struct life life;
};

_Static_assert(offsetof(struct leat, now_ns) == 0, "where service_now_ns() reads it");

/* Ends a packet: counts it under @stat (a TAKEN or DROP) and frees it.  Takes @buf. */
#define stack_end(stack, buf, stat)                                                                \
    do {                                                                                           \
        (stack)->stats.stat++;                                                                     \
        leat_buf_free(buf);                                                                        \
    } while (0)

/* ---- services.c: services for all layers */

/* Appends @ready, which must not be queued, to the queue @head. */
void ready_put(struct ready *head, struct ready *ready);

/* Appends @ready to the ready queue unless it is queued already. */
static inline void stack_ready(struct leat *stack, struct ready *ready)
{
    if (!ready->prev)
        ready_put(&stack->ready, ready);
}

/* Appends @ready to the queue that is run in the same turn, so that packets which its callback
 * sends can share a packet with our answer. Only for entries that a callback has taken from a
 * bounded queue. */
static inline void stack_ready_same_turn(struct leat *stack, struct ready *ready)
{
    if (!ready->prev)
        ready_put(&stack->ready_same_turn, ready);
}

/* A random number below @bound (> 0). */
uint32_t stack_random_below(struct leat *stack, uint32_t bound);

#endif
