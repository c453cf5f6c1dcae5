/*
 * table.c -- lookup of connections by tuple, and the memory of the four kinds of entries.
 *
 * All kinds are in one hash table, so one lookup finds whatever has the tuple: a listener, a
 * half-open connection, a connection, or one in TIME-WAIT. Links are near pointers, counted from
 * struct tcp, behind which the arena has put all entries.
 */
#include <string.h>

#include "core/assert.h"
#include "core/prefetch.h"
#include "core/zero.h"
#include "ip/host.h"
#include "tcp/listener.h"
#include "tcp/conn/table.h"
#include "tcp/passive/time_wait.h"
#include "tcp/tcp.h"

static struct tcb *tcb_at(struct tcp *tcp, uint32_t near)
{
    return near_at(tcp, near);
}

/* Hashes @tuple into the cache entry @at. */
static __attribute__((noinline)) void hash_anew(struct tcp *tcp, struct hashed_tuple *at,
                                                struct tcp_tuple tuple)
{
    at->tuple = tuple;
    at->bucket =
        (uint32_t)siphash13_15(&tcp->stack->table_key, tuple.ips, tuple.ports) & tcp->bucket_mask;
    at->near = NEAR_NONE;
}

/* A cache of hashes and results. A tuple is looked up several times while a connection begins and
 * ends, and a comparison is cheaper than a hash. */
static inline struct hashed_tuple *hashed(struct tcp *tcp, struct tcp_tuple tuple)
{
    const uint64_t low_bits = tuple.ports ^ tuple.ports >> 16 ^ tuple.ips ^ tuple.ips >> 32;
    struct hashed_tuple *at = &tcp->hashed[low_bits % HASHED_TUPLES];

    if (!tcp_tuple_equal(at->tuple, tuple))
        hash_anew(tcp, at, tuple);
    return at;
}

struct tcb *tcp_look_up_expected(struct tcp *tcp, struct hashed_tuple *at)
{
    uint32_t near = at->near;

    if (near == NEAR_NONE) {
        near = tcp->buckets[at->bucket];
        while (near != NEAR_NONE && !tcp_tuple_equal(tcb_tuple(tcb_at(tcp, near)), at->tuple))
            near = tcb_at(tcp, near)->hash_next;
        /* a miss stays NEAR_NONE, so the next lookup walks the chain again */
        at->near = near;
    }
    return near != NEAR_NONE ? tcb_at(tcp, near) : 0;
}

struct tcb *tcp_look_up(struct tcp *tcp, struct tcp_tuple tuple)
{
    tcp->last_tcb = tcp_look_up_expected(tcp, hashed(tcp, tuple));
    return tcp->last_tcb;
}

struct hashed_tuple *tcp_expect(struct tcp *tcp, struct tcp_tuple tuple)
{
    struct hashed_tuple *at = hashed(tcp, tuple);

    prefetch(&tcp->buckets[at->bucket], 1);
    return at;
}

void tcp_fetch_expected(struct tcp *tcp, const struct hashed_tuple *at)
{
    const uint32_t near = at->near != NEAR_NONE ? at->near : tcp->buckets[at->bucket];

    if (near != NEAR_NONE)
        prefetch(tcb_at(tcp, near), sizeof(struct leat_tcp));
}

/* The listener for all addresses of the family of @ip. */
static struct tcb *find_for_all(struct tcp *tcp, host_id ip, uint16_t port)
{
    struct tcb *tcb = tcp_look_up(tcp, tcp_tuple(IP4_ANY, port, IP4_ANY, 0));
    const struct leat_tcp_listener *listener = (struct leat_tcp_listener *)(void *)tcb;

    if (!host_is_v6(ip) || (tcb && !listener->v4_only))
        return tcb;
    return tcp_look_up(tcp, tcp_tuple(HOST_V6_ANY, port, IP4_ANY, 0));
}

/* Listeners lie in the same table, with no remote end. Consecutive SYNs are often for the same
 * listener, so the last result is cached until a listener is opened or closed. A stack without
 * listeners skips the lookup. */
struct leat_tcp_listener *tcp_find_listener(struct tcp *tcp, host_id ip, uint16_t port)
{
    struct listener_cache *last = &tcp->listener_cache;
    struct tcb *tcb;

    if (last->listener && last->ip == ip && last->port == port)
        return last->listener;
    if (tcp->listener_count == 0)
        return 0;
    tcb = tcp_look_up(tcp, tcp_tuple(ip, port, IP4_ANY, 0));
    if (!tcb)
        tcb = find_for_all(tcp, ip, port);
    *last = (struct listener_cache){(struct leat_tcp_listener *)(void *)tcb, ip, port};
    return last->listener;
}

/* Makes a lookup find @tcb from now on, not an older entry with the same tuple. */
static void set_last_tcb(struct tcp *tcp, struct hashed_tuple *at, struct tcb *tcb)
{
    at->near = near_to(tcp, tcb);
    tcp->last_tcb = tcb;
    tcb->flags |= TCB_HASHED;
}

/* Each entry in the table holds references to both hosts, a listener to its local one. */
COLD static void hold_hosts(const struct tcp *tcp, const struct tcb *tcb)
{
    leat_debug_assert(tcb->kind != TCB_NONE);
    host_hold(tcp->stack, tcb->local_ip);
    host_hold(tcp->stack, tcb->remote_ip);
}

COLD static void release_hosts(const struct tcp *tcp, const struct tcb *tcb)
{
    host_release(tcp->stack, tcb->local_ip);
    host_release(tcp->stack, tcb->remote_ip);
}

void tcp_hash(struct tcp *tcp, struct tcb *tcb)
{
    struct hashed_tuple *at = hashed(tcp, tcb_tuple(tcb));

    if (host_is_v6(tcb->local_ip))
        hold_hosts(tcp, tcb);
    /* the entry goes to the front: among those with one tuple the newest is found */
    tcb->hash_next = tcp->buckets[at->bucket];
    tcp->buckets[at->bucket] = near_to(tcp, tcb);
    set_last_tcb(tcp, at, tcb);
}

/* The link that points at @tcb, which is in the table in the bucket of @at. */
static uint32_t *link_to(struct tcp *tcp, const struct hashed_tuple *at, const struct tcb *tcb)
{
    uint32_t *link = &tcp->buckets[at->bucket];
    const uint32_t near = near_to(tcp, tcb);

    while (*link != near)
        link = &tcb_at(tcp, *link)->hash_next;
    return link;
}

void tcp_unhash(struct tcp *tcp, struct tcb *tcb)
{
    struct hashed_tuple *at;

    if (!(tcb->flags & TCB_HASHED))
        return;
    at = hashed(tcp, tcb_tuple(tcb));
    *link_to(tcp, at, tcb) = tcb->hash_next;
    /* the cache must not lead to an entry that is free, or another connection's */
    at->near = NEAR_NONE;
    if (tcp->last_tcb == tcb)
        tcp->last_tcb = 0;
    if (host_is_v6(tcb->local_ip))
        release_hosts(tcp, tcb);
    tcb->flags &= TCB_FLAGS & ~TCB_HASHED;
}

/* The references to the hosts pass from @old to @tcb with the place, because both have the same
 * tuple. */
void tcp_hash_instead(struct tcp *tcp, struct tcb *tcb, struct tcb *old)
{
    struct hashed_tuple *at = hashed(tcp, tcb_tuple(old));

    leat_assert(old->flags & TCB_HASHED);
    *link_to(tcp, at, old) = near_to(tcp, tcb);
    tcb->hash_next = old->hash_next;
    old->flags &= TCB_FLAGS & ~TCB_HASHED;
    set_last_tcb(tcp, at, tcb);
}

static inline size_t entry_bytes(enum tcb_kind kind)
{
    switch (kind) {
    case TCB_LISTENER:
        return sizeof(struct leat_tcp_listener);
    case TCB_HALF:
        return sizeof(struct tcp_half);
    case TCB_CONN:
        return sizeof(struct leat_tcp);
    case TCB_TIME_WAIT:
        return sizeof(struct tcp_time_wait);
    case TCB_NONE:
        break;
    }
    return sizeof(struct tcb);
}

static inline uint32_t *free_list(struct tcp *tcp, enum tcb_kind kind)
{
    switch (kind) {
    case TCB_LISTENER:
        return &tcp->free_listeners;
    case TCB_HALF:
        return &tcp->free_halves;
    case TCB_CONN:
        return &tcp->free_conns;
    case TCB_TIME_WAIT:
    case TCB_NONE:
        break;
    }
    return &tcp->free_time_waits;
}

/* Zeroes an entry, but for the timer of a connection: the wheel may still hold it
 * (deadlines.h). */
static inline void clear(struct tcb *tcb, enum tcb_kind kind)
{
    const size_t timer_at = offsetof(struct leat_tcp, timer);
    const size_t rest_at = timer_at + sizeof(struct timer);

    if (kind != TCB_CONN) {
        memset(tcb, 0, entry_bytes(kind));
        return;
    }
    zero_bytes(tcb, timer_at);
    zero_bytes((uint8_t *)tcb + rest_at, sizeof(struct leat_tcp) - rest_at);
}

/* Always in line, so that @kind is a constant, and its size and list too. */
static inline __attribute__((always_inline)) struct tcb *take(struct tcp *tcp, enum tcb_kind kind)
{
    uint32_t *list = free_list(tcp, kind);
    struct tcb *tcb = tcb_at(tcp, *list);

    if (*list == NEAR_NONE)
        return 0;
    *list = tcb->hash_next;
    clear(tcb, kind);
    tcp_fsm_start(tcb);
    tcb->kind = (uint8_t)kind;
    return tcb;
}

struct leat_tcp *tcp_take_conn(struct tcp *tcp)
{
    return (struct leat_tcp *)(void *)take(tcp, TCB_CONN);
}

struct tcp_half *tcp_take_half(struct tcp *tcp)
{
    return (struct tcp_half *)(void *)take(tcp, TCB_HALF);
}

struct tcp_time_wait *tcp_take_time_wait(struct tcp *tcp)
{
    return (struct tcp_time_wait *)(void *)take(tcp, TCB_TIME_WAIT);
}

struct leat_tcp_listener *tcp_take_listener(struct tcp *tcp)
{
    return (struct leat_tcp_listener *)(void *)take(tcp, TCB_LISTENER);
}

void tcp_give_entry(struct tcp *tcp, struct tcb *tcb)
{
    uint32_t *list = free_list(tcp, tcb->kind);

    leat_assert(!(tcb->flags & TCB_HASHED));
    tcb->kind = TCB_NONE;
    tcb->hash_next = *list;
    *list = near_to(tcp, tcb);
}

static uint32_t bucket_count(const struct leat_tcp_config *config)
{
    const uint32_t entries =
        config->connections + config->half_open + config->time_wait + config->listeners;
    uint32_t count = 16;

    while (count < entries && count < 1u << 31)
        count *= 2;
    return count;
}

/* The size of a record; larger where connections may use BBR. */
static size_t sent_bytes(const struct leat_tcp_config *config)
{
    return config->bbr_connections > 0 ? sizeof(struct stamped_sent) : sizeof(struct sent);
}

/* Connections whose headers can be prepared: all, or none. */
static uint32_t headers_count(const struct leat_tcp_config *config)
{
    return FOR_SPEED && config->transfers >= PREPARED_FROM ? config->transfers : 0;
}

size_t tcp_tables_cost(const struct leat_tcp_config *config)
{
    return arena_cost(bucket_count(config), sizeof(uint32_t)) +
           arena_cost(config->connections, entry_bytes(TCB_CONN)) +
           arena_cost(config->half_open + 1, entry_bytes(TCB_HALF)) +
           arena_cost(config->time_wait, entry_bytes(TCB_TIME_WAIT)) +
           arena_cost(config->listeners, entry_bytes(TCB_LISTENER)) +
           arena_cost(config->reorder_runs, sizeof(struct run)) +
           arena_cost(config->sent_segments, sent_bytes(config)) +
           arena_cost(config->bbr_connections, sizeof(union bbr_entry)) +
           arena_cost(config->transfers, sizeof(struct transfer)) +
           arena_cost(headers_count(config), sizeof(struct flow_headers)) +
           peer_table_cost(config->peers);
}

/* Fills a free list with @count entries from the arena, the first on top. */
static void *entries_init(struct tcp *tcp, struct arena *arena, enum tcb_kind kind, uint32_t count)
{
    const size_t bytes = entry_bytes(kind);
    uint8_t *memory = arena_take(arena, count, bytes);

    leat_debug_assert(kind != TCB_NONE);
    for (uint32_t i = count; memory && i > 0; i--) {
        struct tcb *tcb = (void *)(memory + (i - 1) * bytes);

        tcb->kind = (uint8_t)kind;
        tcp_give_entry(tcp, tcb);
    }
    return memory;
}

bool tcp_tables_init(struct tcp *tcp, struct arena *arena)
{
    const struct leat_tcp_config *config = &tcp->config;
    const uint32_t buckets = bucket_count(config);
    struct flow_headers *headers = 0;
    struct transfer *transfers;
    union bbr_entry *bbrs;
    void *sents;
    struct run *runs;
    const uint64_t key[2] = {tcp->stack->table_key.k0, tcp->stack->table_key.k1};

    tcp->bucket_mask = buckets - 1;
    tcp->buckets = arena_take(arena, buckets, sizeof(uint32_t));
    tcp->conns = entries_init(tcp, arena, TCB_CONN, config->connections);
    /* there is one more than configured: the last is kept for an ACK that answers a cookie
     * (listener.c) */
    tcp->halves = entries_init(tcp, arena, TCB_HALF, config->half_open + 1);
    if (!entries_init(tcp, arena, TCB_TIME_WAIT, config->time_wait) ||
        !entries_init(tcp, arena, TCB_LISTENER, config->listeners))
        return false;
    runs = arena_take(arena, config->reorder_runs, sizeof *runs);
    sents = arena_take(arena, config->sent_segments, sent_bytes(config));
    bbrs = arena_take(arena, config->bbr_connections, sizeof *bbrs);
    transfers = arena_take(arena, config->transfers, sizeof *transfers);
    if (headers_count(config) > 0)
        headers = arena_take(arena, headers_count(config), sizeof *headers);
    if (!tcp->buckets || !tcp->conns || !tcp->halves || !runs || !sents || !bbrs || !transfers ||
        !peer_table_init(&tcp->peers, arena, config->peers, key))
        return false;
    transfer_pool_init(tcp, transfers, headers, config->transfers);
    if (config->bbr_connections > 0)
        sent_pool_init_stamped(&tcp->sents, sents, config->sent_segments);
    else
        sent_pool_init(&tcp->sents, sents, config->sent_segments);
    bbr_pool_init(&tcp->bbrs, bbrs, config->bbr_connections);
    run_pool_init(&tcp->runs, runs, config->reorder_runs, config->reorder_runs_per_connection);
    return true;
}
