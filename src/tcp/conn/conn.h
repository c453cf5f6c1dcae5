/* conn.h -- a connection as the program holds it: 248 bytes, and 4 to 8 of the table. */
#ifndef TCP_CONN_H
#define TCP_CONN_H

#include <stddef.h>
#include <stdint.h>

#include <leat/tcp.h>

#include "core/cold.h"
#include "core/near.h"
#include "core/timer.h"
#include "tcp/math/deadline.h"
#include "tcp/math/pmtu.h"
#include "tcp/math/rtt.h"
#include "tcp/conn/tcb.h"
#include "tcp/conn/transfer.h"

struct wire_tcp;

/*
 * One word for all who do something with a connection.  Who reads a flag may be anybody; who writes
 * it stands above it, and tests/structure/test_flags.py looks after that.  How far our FIN is
 * stands nowhere here: the state and SND.NXT say it (tcp_fin_waits() and its like in tcp.h).
 */
enum conn_flag {
    /* what the program wants: written by api.c */
    CONN_NODELAY = 1 << 0, /* no Nagle */
    CONN_KEEPALIVE = 1 << 1,
    CONN_NO_READER = 1 << 2,     /* leat_tcp_close(): data is not wanted any more */
    CONN_CONGESTION_1 = 1 << 29, /* its congestion control is at the place that these two ... */
    CONN_CONGESTION_2 = 1 << 30, /* ... say, in tcp->congestions */

    /* what it waits for: written by api.c, timers.c, receive/ack.c, receive/data.c, conn/conn.c */
    CONN_WAS_FULL = 1 << 22, /* it was refused: tell it when there is room */
    CONN_WAS_DRY = 1 << 28,  /* a part of its data found no descriptor: tell it of it again */

    /* what the peer has said: written by input.c, receive/data.c, machine/classify.c,
     * machine/actions.c, passive_open.c, conn/accecn.c */
    CONN_PEER_SYN = 1 << 4,    /* learn_SYN was here: RCV.NXT is known */
    CONN_PEER_SCALES = 1 << 5, /* its SYN had a window scale, perhaps 0: ours has one too */
    CONN_FIN_KNOWN = 1 << 6,   /* its FIN is at fin_seq, but data before it is missing */
    CONN_ECE = 1 << 7,         /* it is to hear of congestion, until it says CWR; of Accurate ECN:
                                * always, and CWR is ACE's */
    CONN_ACE_SYN = 1 << 3,     /* r_cep is how its SYN,ACK came, until a pure ACK has told it */

    /* what is to leave: set by who finds it due, cleared by who has sent it. Written by api.c,
     * timers.c, machine/actions.c, receive/ack.c, input.c, receive/data.c, send/segment.c,
     * send/probe.c, send/output.c, send/output.h, conn/accecn.c */
    CONN_SEND_SYN = 1 << 8,    /* a SYN (with ACK if we know the peer's) is to be sent */
    CONN_ACK_NOW = 1 << 9,     /* an ACK is due at the next flush */
    CONN_PROBE = 1 << 10,      /* one probe is to be sent */
    CONN_TAIL_PROBE = 1 << 11, /* a tail loss probe is to be sent (RFC 8985 7) */
    CONN_CWR = 1 << 12,        /* the peer is to hear that we have reduced (RFC 3168 6.1.2) */
    CONN_REACHED = 1 << 13,    /* the next hop has passed something on: ARP may know */

    /* what a deadline is for: written by conn/deadlines.c, conn/deadlines.h, receive/ack.c,
     * send/output.h */
    CONN_PERSIST = 1 << 14,       /* rexmt_at is the persist timer's */
    CONN_LOSS_IS_PROBE = 1 << 15, /* loss_at_ns is the tail loss probe's, not RACK's */
    CONN_DELAYED_ACK = 1 << 16, /* ack_or_retry_at: one segment with data isn't acknowledged yet */
    CONN_RETRY = 1 << 17,       /* ack_or_retry_at: memory was short, or the next burst is due */

    /* how it began, and may end: written by conn/conn.c, passive_open.c, listener.c,
     * timers.c, machine/actions.c */
    CONN_UNACCEPTED = 1 << 18, /* in its listener's queue: no callbacks yet */
    CONN_FAST_OPEN = 1 << 19,  /* opened by data in the SYN, which isn't acknowledged yet */
    CONN_LOST_SYN = 1 << 20,   /* a SYN had to be repeated */
    CONN_ABANDONED = 1 << 21,  /* in FIN-WAIT-2 without a reader: keepalive_at_ms ends it */

    /* what the program is to be told, in this order; tcp_tell() sets it. Written by conn/conn.c,
     * listener.c, machine/actions.c, receive/data.c */
    CONN_TELL_OPEN = 1 << 23,
    CONN_TELL_READABLE = 1 << 24,
    CONN_TELL_WRITABLE = 1 << 25,
    CONN_TELL_CLOSED = 1 << 26,
    CONN_TOLD_OPEN = 1 << 27 /* and accepted, if it came to a listener */
};

enum {
    CONGESTION_SHIFT = 29,
    CONGESTIONS_MAX = 4 /* that connections of one stack choose among: there are three */
};

/*
 * A connection as the program holds it.  What a request and its answer need comes first, and what
 * lies behind the timer is seldom looked at: tools/layout prints it.
 */
struct leat_tcp {
    struct tcb tcb;
    uint32_t flags;   /* enum conn_flag */
    uint32_t snd_una; /* RFC 9293 3.3.1 */
    struct tcp *tcp;
    struct transfer *transfer; /* never NULL: tcp->nothing, if it has none */

    /* send */
    uint32_t snd_wnd;
    uint32_t snd_wl1;     /* SND.WL2 is never behind SND.UNA, so nobody asks for it */
    uint32_t snd_wnd_max; /* largest window that the peer has offered */
    uint16_t mss;         /* data in a segment, bytes: the peer's, the path's, less our options */

    /* receive */
    uint16_t rcv_over;      /* what rounding has added to rcv_wnd: less than a unit of the scale */
    uint32_t last_ack_sent; /* Last.ACK.sent (RFC 7323 4.3) */
    uint32_t window_limit;  /* what we offer at most; grows, see budget.c */
    struct leat_buf *data;  /* in order, for leat_tcp_receive(); its `queued` is the last piece */
    uint32_t data_bytes;
    uint32_t unconsumed_bytes; /* with the program, not given back yet */
    union {
        uint32_t tune_end; /* the round ends when RCV.NXT gets here */
        uint32_t fin_seq;  /* CONN_FIN_KNOWN: the window need not grow any more */
    };
    uint32_t tune_consumed_bytes; /* in this round */
    uint32_t tune_at;             /* when it began, ticks of the wheel */

    uint8_t snd_wind_shift : 4;
    uint8_t admitted_age : 4; /* of who came to a listener: when that was, limits.c; else 0 */
    uint8_t dscp : 6;         /* RFC 2474 */
    uint8_t fast_open : 1;    /* our SYN may carry data */
    uint8_t no_df : 1;        /* data may be fragmented on its way: pmtu_is_least() */
    uint16_t error : 5; /* enum leat_err: what ICMP said last; CONN_TELL_CLOSED: why it has ended */
    uint16_t probes : 7;     /* keep-alive probes since the peer was last heard */
    uint16_t send_queue : 4; /* the program's limit (budget.h); 0: the configuration's */

    uint32_t progress_ms; /* the wait for the peer to acknowledge something began, or it did */
    struct rtt rtt;
    struct near_ring told;   /* in tcp->told: the program is to be called */
    struct near_ring output; /* in tcp->output */
    union {
        struct { /* of the program */
            const struct leat_tcp_events *events;
            void *arg;
        };
        struct { /* CONN_UNACCEPTED: there is no program yet */
            struct leat_tcp_listener *listener;
            struct near_ring waiting; /* in listener->acceptable */
        };
    };
    uint16_t peer;        /* whose share it has a part in (peer.h) */
    uint16_t data_pieces; /* in `data` */

    /* deadlines (deadline.h), which cost a store to move, and one timer in the wheel: together, as
     * the wheel asks when the timer is due */
    uint32_t rexmt_at;        /* retransmission or persist */
    uint32_t ack_or_retry_at; /* delayed-ACK timer, or the retry timer */
    uint32_t keepalive_at_ms; /* keep-alive timer, or FIN-WAIT-2's (CONN_ABANDONED) */
    struct timer timer;

    /* seldom */
    struct pmtu pmtu;
    uint16_t user_timeout; /* the program's (deadline.h); 0: the configuration's */
    uint16_t retransmits : 10;
    uint16_t r_cep : 3;            /* Accurate ECN: marked packets that came, and ... */
    uint16_t s_cep : 3;            /* ... what the peer has said of ours, modulo 8 (RFC 9768 3.2) */
    uint16_t peer_mss;             /* as its SYN said */
    struct saved_congestion saved; /* while it has no transfer */
};

_Static_assert((unsigned)LEAT_ERR_COUNT <= 1u << 5, "an error of a connection has 5 bits");
_Static_assert(sizeof(struct leat_tcp) <= 248, "256 bytes, with two buckets of the table");
_Static_assert(offsetof(struct leat_tcp, timer) <= 3 * 64, "what is hot, in three cache lines");

/* ---- conn.c: birth and death -------------------------------------------------------------- */

/* The options that our SYN offers, or that we accept in a peer's: TCB_TS, _SACK, _ECN, _ACCECN. */
COLD uint8_t tcp_options_to_offer(const struct leat_tcp_config *config, bool passive);

/* Those of @offered that the peer's SYN has too. */
uint8_t tcp_agreed_options(uint8_t offered, const struct wire_tcp *syn);

/* Fills in what every new connection needs; NULL if there is no entry left. */
struct leat_tcp *tcp_conn_new(struct tcp *tcp, leat_ip4 local_ip, leat_ip4 remote_ip);

/* Takes it out of the table and lets go of what it doesn't need any more; the handle stays. */
void tcp_conn_bury(struct leat_tcp *conn);

/* The end of the handle. */
void tcp_conn_free(struct leat_tcp *conn);

/* Makes both rings of those that are to be told ready for use. */
void tcp_told_init(struct tcp *tcp);

/* An error that needn't be the end, as ICMP reports: it is told if the connection ends otherwise
 * without an answer (RFC 1122 4.2.3.9). */
static inline void tcp_note_error(struct leat_tcp *conn, enum leat_err error)
{
    if (!(conn->flags & CONN_TELL_CLOSED))
        conn->error = error & 31u;
}

/* The handshake is over, or the connection is: one less whose Fast Open waits for its ACK. */
void tcp_conn_not_fast(struct leat_tcp *conn);

/* The path or the peer carries another size than before. */
void tcp_conn_mss_changed(struct leat_tcp *conn);

/* The connection has the window, MSS and RTT that its handshake found. */
void tcp_conn_handshaken(struct leat_tcp *conn);

#endif
