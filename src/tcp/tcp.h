/*
 * tcp.h -- the inside of TCP: who does what with a connection (conn.h).
 *
 * A segment goes up
 *      tcp_input -> tcp_classify (which events of tcp.rl is it?) -> tcp_event -> the actions
 *      (actions.c, ack.c, text.c) -> stack_ready -> the program's callback
 * and down
 *      leat_tcp_send -> tcp_event(SEND) -> tcp_want_output -> tcp_flush -> tcp_output -> tcp_emit
 *      -> ipv4_output
 *
 * Every connection, whatever its size, begins with a struct tcb: the fields that the table, the
 * lookup and the answers to strange segments need.  A half-open connection and one in TIME-WAIT
 * are small entries of their own kinds around it.
 *
 * The state is written by tcp_event() alone, from the table that is made of tcp.rl, before the
 * actions of the line run: so the last of them may end the TCB.
 */
#ifndef TCP_TCP_H
#define TCP_TCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/tcp.h>

#include "core/near.h"
#include "core/ring.h"
#include "ip/host.h"
#include "ip/ipv4.h"
#include "stack.h"
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

/* What strangers can't guess, and who asks: a hash has 64 bits, each needs 32 of them. */
enum purpose {
    FOR_ISN_AND_TS,
    FOR_PORT,
    PURPOSES
};

/* The tuple that was asked for last. */
struct secret_of_tuple {
    struct tcp_tuple tuple;
    uint32_t generation; /* stack->route_generation then: another seed, another hash */
    uint64_t hash;
};

/* The listener that the last SYN found: a cache of one entry. */
struct listener_cache {
    struct leat_tcp_listener *listener; /* NULL: the cache is empty */
    leat_ip4 ip;
    uint16_t port;
};

/* All of TCP in one stack; in that order for the reason that struct leat has. */
struct tcp {
    struct leat *stack;
    struct tcb *last_tcb; /* what tcp_look_up() found last, or NULL: segments come in bursts */
    struct listener_cache listener_cache;
    uint32_t *buckets; /* near, as tcb.hash_next */
    uint32_t bucket_mask;
    uint8_t wind_shift;       /* that the largest window which we offer needs */
    uint8_t asked_options;    /* TCB_TS, _SACK, _ECN, _ACCECN of our SYN */
    uint8_t accepted_options; /* those of a peer's that we take */
    bool cookies_out;         /* there was one, */
    uint64_t cookie_sent_ns;  /* the last one then */
    struct near_ring output;  /* connections with something to send */
    struct run_pool runs;
    struct sent_pool sents;
    struct transfer_pool transfers;
    struct bbr_pool bbrs;
    const struct leat_tcp_congestion *congestions[CONGESTIONS_MAX]; /* the first is config's */
    struct peer_table peers;
    uint32_t share_256;  /* of what is free, for one address: in 256ths */
    uint32_t conn_count; /* entries that are taken */
    /* free entries, linked through tcb.hash_next */
    uint32_t free_conns;
    uint32_t free_halves;
    uint32_t free_time_waits;
    uint32_t free_listeners;
    uint32_t listener_count;         /* of those that are open */
    struct near_ring output_last;    /* a mark behind those whose turn it is */
    struct near_ring told;           /* connections whose program is to be called */
    struct near_ring told_last;      /* the same mark */
    struct near_ring told_same_turn; /* connections that were accepted in this turn */
    struct ready ready;              /* told isn't empty */
    struct ready ready_same_turn;    /* told_same_turn isn't */
    struct rtt_limits rto;
    struct leat_tcp_rtts rtts;
    struct leat_tcp_config config; /* with the defaults filled in */
    struct leat_tcp *conns;        /* the array, for close() */
    timer_fn *conn_timer;          /* tcp_conn_timer(): what is below doesn't call it */
    struct tcp_half *halves;
    struct ring halves_waiting[HALF_RETRANSMITS_MAX + 1]; /* those in one wait equally long */
    struct timer halves_timer;
    struct near_ring time_wait;
    struct timer time_wait_timer;
    struct eviction eviction;
    uint64_t retry_turn_ns;     /* when the next connection that memory refused may look again */
    uint32_t port_counters[16]; /* RFC 6056 3.3.4 */
    struct secret_of_tuple secrets[PURPOSES];  /* by enum purpose */
    struct hashed_tuple hashed[HASHED_TUPLES]; /* by the low bits of all four numbers */
    struct fast_open fast_open;
    struct transfer nothing; /* of those that have no transfer: read, never written */
};

/* The clock of what is kept in milliseconds. */
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
    RTT_FIRST_BITS = 16 /* of the first bound of struct leat_tcp_rtts */
};

/* A round trip took @sample_ns (> 0): the bound is included, as Prometheus has it. */
static inline void tcp_count_rtt(struct tcp *tcp, uint64_t sample_ns)
{
    const unsigned bits = 64u - (unsigned)__builtin_clzll((sample_ns - 1) | 1);
    const unsigned index = bits > RTT_FIRST_BITS ? bits - RTT_FIRST_BITS : 0;

    tcp->rtts.counts[index < LEAT_TCP_RTT_BUCKETS ? index : LEAT_TCP_RTT_BUCKETS]++;
    tcp->rtts.sum_ns += sample_ns;
}

/* ---- what is asked of a connection in many places ----------------------------------------- */

/* True for IPv6. */
static inline bool tcb_is_v6(const struct tcb *tcb)
{
    return host_is_v6(tcb->local_ip);
}

/* What an MTU has more than an MSS: fixed headers of IP and TCP. */
static inline uint32_t tcp_headers_bytes(const struct tcb *tcb)
{
    return tcb_is_v6(tcb) ? TCP_HEADERS6_BYTES : TCP_HEADERS_BYTES;
}

/* The smallest MTU that a path is believed to have. */
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

/* ---- how far our FIN is: the state says it, and SND.NXT ------------------------------------ */

/* The program has closed its side, or all is over: no more data is taken from it. */
static inline bool tcp_fin_is_queued(const struct leat_tcp *conn)
{
    return 1u << conn->tcb.state &
           (1u << TCP_FIN_WAIT_1 | 1u << TCP_FIN_WAIT_2 | 1u << TCP_CLOSING | 1u << TCP_LAST_ACK |
            1u << TCP_TIME_WAIT | 1u << TCP_CLOSED);
}

/* ... and the peer has not acknowledged the FIN, which may wait behind data. */
static inline bool tcp_fin_waits(const struct leat_tcp *conn)
{
    return 1u << conn->tcb.state & (1u << TCP_FIN_WAIT_1 | 1u << TCP_CLOSING | 1u << TCP_LAST_ACK);
}

/* It is all that is in flight, and no transfer knows of it: fin.c.  Without a transfer, and with
 * our SYN acknowledged, nothing else can be. */
static inline bool tcp_fin_is_alone(const struct leat_tcp *conn)
{
    return conn->snd_una != conn->tcb.snd_nxt && !tcp_has_transfer(conn) &&
           !(conn->tcb.flags & TCB_SYN_UNACKED);
}

/* It has left, at least once: SND.NXT is behind it. */
static inline bool tcp_fin_has_left(const struct leat_tcp *conn)
{
    if (tcp_has_transfer(conn))
        return conn->tcb.snd_nxt == sendq_end(&conn->transfer->sendq) + 1;
    return tcp_fin_is_alone(conn) ||
           (1u << conn->tcb.state & (1u << TCP_FIN_WAIT_2 | 1u << TCP_TIME_WAIT));
}

/* Sequence number behind the data that the program has sent.  Without a transfer all of it is
 * acknowledged. */
static inline uint32_t tcp_data_end(const struct leat_tcp *conn)
{
    if (tcp_has_transfer(conn))
        return sendq_end(&conn->transfer->sendq);
    return conn->tcb.snd_nxt - tcp_fin_has_left(conn);
}

/* Data, or a FIN, that the peer has not acknowledged yet, whether it left or not. */
static inline bool tcp_something_waits(const struct leat_tcp *conn)
{
    return conn->transfer->sendq.bytes > 0 || tcp_fin_waits(conn);
}

/* Segments sent again, as many as the field can count to. */
static inline void tcp_count_retransmit(struct leat_tcp *conn)
{
    conn->retransmits = (conn->retransmits + 1u) & 1023u;
}

/* How its losses are found and repaired. */
static inline enum recovery_mode tcp_recovery_mode(const struct leat_tcp *conn)
{
    if (!(conn->tcb.flags & TCB_SACK))
        return RECOVERY_NEWRENO;
    return conn->tcp->config.no_rack ? RECOVERY_SACK : RECOVERY_RACK;
}

/* True if bursts are spread over the round trip, which must have been measured for that. */
static inline bool tcp_is_paced(const struct leat_tcp *conn)
{
    return !conn->tcp->config.no_pacing && conn->transfer->congestion.ops->is_paced &&
           conn->rtt.srtt > 0;
}

#endif
