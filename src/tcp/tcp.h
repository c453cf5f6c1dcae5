/*
 * tcp.h -- the state that all of TCP shares, and questions about a connection (conn.h).
 *
 * A segment goes up
 *      tcp_input -> tcp_classify (chooses events of tcp.rl) -> tcp_event -> the actions
 *      (actions.c, ack.c, data.c) -> stack_ready -> the program's callback
 * and down
 *      leat_tcp_send -> tcp_event(SEND) -> tcp_want_output -> tcp_flush -> tcp_output -> tcp_emit
 *      -> ipv4_output
 *
 * Every connection, whatever its size, begins with a struct tcb: the fields that the table, the
 * lookup and the replies to unacceptable segments need. Half-open connections and connections in
 * TIME-WAIT are small entries of their own kinds around it.
 *
 * Only tcp_event() writes the state, from the table that is generated from tcp.rl. It does so
 * before the actions of the transition run, because the last action may free the TCB.
 */
#ifndef TCP_TCP_H
#define TCP_TCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/tcp.h>

#include "core/near.h"
#include "core/ring.h"
#include "core/parts.h"
#include "ip/host.h"
#include "ip/ipv4.h"
#include "base.h"
#include "tcp/conn/bbr_pool.h"
#include "tcp/conn/conn.h"
#include "tcp/evict.h"
#include "tcp/conn/fast_open.h"
#include "tcp/passive/half.h"
#include "tcp/conn/peer.h"
#include "tcp/machine/step.h"
#include "tcp/conn/tcb.h"
#include "tcp/machine/tcp_fsm.h"
#include "wire/tcp.h"

/* Uses of the secret hash of a tuple, whose 64 bits serve two of them. */
enum purpose {
    FOR_ISN_AND_TS,
    FOR_PORT,
    PURPOSES
};

/* The hash of the last tuple, cached. */
struct secret_of_tuple {
    struct tcp_tuple tuple;
    uint32_t generation; /* a new seed, or a host number used again, gives another hash */
    uint64_t hash;
};

/* The listener that the last SYN found: a cache of one entry. */
struct listener_cache {
    struct leat_tcp_listener *listener; /* NULL: the cache is empty */
    host_id ip;
    uint16_t port;
};

/* All of TCP in one stack. Members are ordered as in struct leat: often used ones first. */
struct tcp {
    struct leat *stack;
    struct tcb *last_tcb; /* last result of tcp_look_up(), or NULL: segments come in bursts */
    struct listener_cache listener_cache;
    uint32_t *buckets; /* near pointers, as tcb.hash_next */
    uint32_t bucket_mask;
    uint8_t wind_shift;       /* for the largest window that we offer */
    uint8_t asked_options;    /* TCB_TS, _SACK, _ECN, _ACCECN in our SYN */
    uint8_t accepted_options; /* those that we accept in a peer's SYN */
    bool cookies_out;         /* a cookie has been sent */
    uint64_t cookie_sent_ns;  /* when the last cookie was sent */
    struct near_ring output;  /* connections with something to send */
    struct run_pool runs;
    struct sent_pool sents;
    struct transfer_pool transfers;
    struct bbr_pool bbrs;
    const struct leat_tcp_congestion
        *congestions[CONGESTIONS_MAX]; /* the first is config.congestion */
    struct peer_table peers;
    uint32_t share_256;  /* of the free memory, for one address: in 256ths */
    uint32_t conn_count; /* entries in use */
    /* free entries, linked through tcb.hash_next */
    uint32_t free_conns;
    uint32_t free_halves;
    uint32_t free_time_waits;
    uint32_t free_listeners;
    uint32_t listener_count;         /* open listeners */
    struct near_ring output_last;    /* a mark behind the connections of this turn */
    struct near_ring told;           /* connections with a callback due */
    struct near_ring told_last;      /* the mark of that ring */
    struct near_ring told_same_turn; /* connections that were accepted in this turn */
    struct ready ready;              /* set while told isn't empty */
    struct ready ready_same_turn;    /* set while told_same_turn isn't empty */
    struct rtt_limits rto;
    struct leat_tcp_rtts rtts;
    struct leat_tcp_config config; /* with the defaults filled in */
    struct leat_tcp *conns;        /* the whole array, for tcp_close() */
    timer_fn *conn_timer;          /* tcp_conn_timer(), as a pointer: lower folders don't call it */
    struct tcp_half *halves;
    struct ring halves_waiting[HALF_RETRANSMITS_MAX + 1]; /* by the number of retransmissions */
    struct timer halves_timer;
    struct near_ring time_wait;
    struct timer time_wait_timer;
    struct eviction eviction;
    uint64_t retry_turn_ns;     /* when the next connection may retry after a refusal of memory */
    uint32_t port_counters[16]; /* RFC 6056 3.3.4 */
    struct secret_of_tuple secrets[PURPOSES];  /* indexed by enum purpose */
    struct hashed_tuple hashed[HASHED_TUPLES]; /* indexed by the low bits of addresses and ports */
    struct fast_open fast_open;
    struct flow_headers no_headers; /* stands for headers that are never prepared */
    struct transfer
        nothing; /* stands for the transfer of a connection without one: never written */
};

/* The clock for times that are kept in milliseconds. */
static inline uint32_t tcp_now_ms(const struct leat *stack)
{
    return stack->now_ms;
}

/* How long ago @then_ms was. */
static inline uint32_t tcp_age_ms(const struct tcp *tcp, uint32_t then_ms)
{
    return tcp_now_ms(tcp->stack) - then_ms;
}

/* The options of our SYN, or those that we accept in a peer's. */
static inline uint8_t tcp_offered_options(const struct tcp *tcp, bool passive)
{
    return passive ? tcp->accepted_options : tcp->asked_options;
}

enum {
    RTT_FIRST_BITS = 16 /* the first bound of struct leat_tcp_rtts is 1 << 16 ns */
};

/* Counts a round trip of @sample_ns (> 0). A bucket includes its bound, as in Prometheus. */
static inline void tcp_count_rtt(struct tcp *tcp, uint64_t sample_ns)
{
    const unsigned bits = 64u - (unsigned)__builtin_clzll((sample_ns - 1) | 1);
    const unsigned index = bits > RTT_FIRST_BITS ? bits - RTT_FIRST_BITS : 0;

    tcp->rtts.counts[index < LEAT_TCP_RTT_BUCKETS ? index : LEAT_TCP_RTT_BUCKETS]++;
    tcp->rtts.sum_ns += sample_ns;
}

/* ---- questions that many files ask -------------------------------------------------------- */

/* True for IPv6. */
static inline bool tcb_is_v6(const struct tcb *tcb)
{
    return host_is_v6(tcb->local_ip);
}

/* The fixed headers of IP and TCP: the difference between an MTU and an MSS. */
static inline uint32_t tcp_headers_bytes(const struct tcb *tcb)
{
    return tcb_is_v6(tcb) ? TCP_HEADERS6_BYTES : TCP_HEADERS_BYTES;
}

/* The smallest path MTU that we accept. */
static inline uint16_t tcp_least_mtu(const struct tcb *tcb)
{
    return tcb_is_v6(tcb) ? PMTU_LEAST_IPV6 : PMTU_LEAST_IPV4;
}

static inline struct leat_tcp *tcp_conn(struct tcb *tcb)
{
    leat_assert(tcb->kind == TCB_CONN);
    return (struct leat_tcp *)(void *)tcb;
}

static inline struct tcp_half *tcp_half(struct tcb *tcb)
{
    leat_assert(tcb->kind == TCB_HALF);
    return (struct tcp_half *)(void *)tcb;
}

static inline bool tcp_has_transfer(const struct leat_tcp *conn)
{
    return conn->transfer->conn != 0;
}

/* ---- the progress of our FIN, from the state and SND.NXT ---------------------------------- */

/* True if the program has closed its side, or the connection is over: no more data is taken. */
static inline bool tcp_fin_is_queued(const struct leat_tcp *conn)
{
    return 1u << conn->tcb.state &
           (1u << TCP_FIN_WAIT_1 | 1u << TCP_FIN_WAIT_2 | 1u << TCP_CLOSING | 1u << TCP_LAST_ACK |
            1u << TCP_TIME_WAIT | 1u << TCP_CLOSED);
}

/* True if our FIN is queued and not acknowledged; it may still wait behind data. */
static inline bool tcp_fin_waits(const struct leat_tcp *conn)
{
    return 1u << conn->tcb.state & (1u << TCP_FIN_WAIT_1 | 1u << TCP_CLOSING | 1u << TCP_LAST_ACK);
}

/* True if our FIN is all that is in flight, without a transfer (fin.c). Without a transfer, and
 * with our SYN acknowledged, nothing else can be in flight. */
static inline bool tcp_fin_is_alone(const struct leat_tcp *conn)
{
    return conn->snd_una != conn->tcb.snd_nxt && !tcp_has_transfer(conn) &&
           !(conn->tcb.flags & TCB_SYN_UNACKED);
}

/* True if our FIN has been sent at least once: SND.NXT is behind it. */
static inline bool tcp_fin_has_left(const struct leat_tcp *conn)
{
    if (tcp_has_transfer(conn))
        return conn->tcb.snd_nxt == sendq_end(&conn->transfer->sendq) + 1;
    return tcp_fin_is_alone(conn) ||
           (1u << conn->tcb.state & (1u << TCP_FIN_WAIT_2 | 1u << TCP_TIME_WAIT));
}

/* The sequence number behind the data that the program has queued. Without a transfer all of it is
 * acknowledged. */
static inline uint32_t tcp_data_end(const struct leat_tcp *conn)
{
    if (tcp_has_transfer(conn))
        return sendq_end(&conn->transfer->sendq);
    return conn->tcb.snd_nxt - tcp_fin_has_left(conn);
}

/* True if there is data or a FIN that the peer has not acknowledged, sent or not. */
static inline bool tcp_something_waits(const struct leat_tcp *conn)
{
    return conn->transfer->sendq.bytes > 0 || tcp_fin_waits(conn);
}

/* Counts a retransmitted segment; the field wraps at 1024. */
static inline void tcp_count_retransmit(struct leat_tcp *conn)
{
    conn->retransmits = (conn->retransmits + 1u) & 1023u;
}

/* The algorithm that detects and repairs losses. */
static inline enum recovery_mode tcp_recovery_mode(const struct leat_tcp *conn)
{
    if (!(conn->tcb.flags & TCB_SACK))
        return RECOVERY_NEWRENO;
    return conn->tcp->config.no_rack || !HAS_RACK ? RECOVERY_SACK : RECOVERY_RACK;
}

/* True if bursts are spread over the round trip, which must have been measured for that. */
static inline bool tcp_is_paced(const struct leat_tcp *conn)
{
    return !conn->tcp->config.no_pacing && conn->transfer->congestion.ops->is_paced &&
           conn->rtt.srtt > 0;
}

#endif
