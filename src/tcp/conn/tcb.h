/*
 * tcb.h -- the head of every connection, whatever its size: the fields that the table, the lookup
 * and the replies to unacceptable segments need.
 */
#ifndef TCP_TCB_H
#define TCP_TCB_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/addr.h>

#include "core/ip4.h"
#include "core/parts.h"

enum tcb_kind {
    TCB_NONE,      /* stands for "no connection": state CLOSED, on the C stack */
    TCB_LISTENER,  /* struct leat_tcp_listener */
    TCB_HALF,      /* struct tcp_half */
    TCB_CONN,      /* struct leat_tcp */
    TCB_TIME_WAIT, /* struct tcp_time_wait */
};

enum tcb_flag {
    TCB_SYN_UNACKED = 1 << 0, /* our SYN isn't acknowledged: SND.UNA = ISS */
    TCB_FIN_TAKEN = 1 << 1,   /* the peer's FIN has been processed: no more data will come */
    TCB_LIMITED = 1 << 2,     /* limited_at_ms is valid */
    TCB_HASHED = 1 << 3,      /* in the table */
    TCB_TS = 1 << 4,          /* timestamps (RFC 7323): offered, then agreed */
    TCB_SACK = 1 << 5,        /* SACK (RFC 2018): the same */
    TCB_ECN = 1 << 6,         /* ECN (RFC 3168): the same; then data may be marked */
    TCB_ACCECN = PART_FLAG(ACCECN, 1 << 7), /* Accurate ECN feedback (RFC 9768): the same */
    TCB_SCALES = 1 << 8, /* the peer's SYN had a window scale, perhaps 0: ours has one too */
    /* the ACE field carries the mark of the peer's SYN,ACK, until a pure ACK has echoed it */
    TCB_ACE_SYN = PART_FLAG(ACCECN, 1 << 9),
    TCB_FLAGS = (1 << 12) - 1 /* all that the member has room for */
};

/* The head of every connection. */
struct tcb {
    uint32_t hash_next; /* near pointer (core/near.h) */
    host_id local_ip;   /* IP4_ANY or HOST_V6_ANY in a listener for all addresses; see ip/host.h */
    host_id remote_ip;
    uint16_t remote_port;
    uint16_t local_port;
    uint8_t state;       /* enum tcp_state; only tcp_event() writes it */
    uint8_t kind;        /* enum tcb_kind */
    uint16_t flags : 12; /* enum tcb_flag: ten are used */
    uint16_t rcv_wind_shift : 4;
    uint32_t snd_nxt; /* RFC 9293 3.3.1 */
    uint32_t rcv_nxt;
    uint32_t rcv_wnd;       /* bytes that we accept, up to the furthest edge ever offered */
    uint32_t limited_at_ms; /* last ACK that an attacker could provoke (RFC 5961 7) */
    uint32_t ts_recent;     /* TS.Recent (RFC 7323 4.3) */
    uint32_t ts_offset;     /* of our timestamp clock, secret (RFC 7323 7.1) */
    uint32_t clock_ms;      /* when the peer was last heard; in TIME-WAIT: when that ends */
};

/* The 4-tuple of a connection in two words: fast to compare, and the input of the hash. On a little
 * endian machine each is one load from a struct tcb, a struct packet and the ports of a header. */
struct tcp_tuple {
    uint64_t ips;
    uint32_t ports;
};

static inline struct tcp_tuple tcp_tuple(host_id local_ip, uint16_t local_port, host_id remote_ip,
                                         uint16_t remote_port)
{
    return (struct tcp_tuple){(uint64_t)remote_ip << 32 | local_ip,
                              (uint32_t)local_port << 16 | remote_port};
}

static inline struct tcp_tuple tcb_tuple(const struct tcb *tcb)
{
    return tcp_tuple(tcb->local_ip, tcb->local_port, tcb->remote_ip, tcb->remote_port);
}

static inline bool tcp_tuple_equal(struct tcp_tuple a, struct tcp_tuple b)
{
    return a.ips == b.ips && a.ports == b.ports;
}

enum {
    HASHED_TUPLES =
        HAS_WIDE_TABLES ? 64 : 4 /* connections that begin while others end; a power of two */
};

/* A recently hashed tuple. Entries of all zero bits match no tuple, because no port is 0. */
struct hashed_tuple {
    struct tcp_tuple tuple;
    uint32_t bucket;
    uint32_t near; /* the entry with the tuple; NEAR_NONE: none, or not looked up since */
};

#endif
