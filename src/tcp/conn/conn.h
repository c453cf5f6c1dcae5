/* conn.h -- a connection as the program holds it: 248 bytes, and 4 to 8 of the table. */
#ifndef TCP_CONN_H
#define TCP_CONN_H

#include <stddef.h>
#include <stdint.h>

#include <leat/tcp.h>

#include "core/cold.h"
#include "core/near.h"
#include "core/timer.h"
#include "core/parts.h"
#include "tcp/congestion/deadline.h"
#include "tcp/congestion/pmtu.h"
#include "tcp/congestion/rtt.h"
#include "tcp/conn/tcb.h"
#include "tcp/conn/transfer.h"

struct wire_tcp;

/*
 * One word for all code that handles a connection. Any file may read a flag; only the files listed
 * may write it (checked by tests/structure/test_flags.py). The progress of our FIN has no flag: the
 * state and SND.NXT imply it (tcp_fin_waits() and others in tcp.h).
 */
enum conn_flag {
    /* what the program wants: written by api.c */
    CONN_NODELAY = 1 << 0, /* no Nagle */
    CONN_KEEPALIVE = 1 << 1,
    CONN_NO_READER = 1 << 2,     /* leat_tcp_close(): received data is not wanted any more */
    CONN_CONGESTION_1 = 1 << 29, /* index in tcp->congestions: its lower bit */
    CONN_CONGESTION_2 = 1 << 30, /* index in tcp->congestions: its upper bit */

    /* what the program waits for: written by api.c, timers.c, receive/ack.c, receive/data.c,
     * conn/conn.c */
    CONN_WAS_FULL = 1 << 22, /* a send was refused: call on_writable when there is room */
    /* the program asked for a part of received data, but the pool had no view descriptor: call
     * on_readable again later */
    CONN_WAS_DRY = 1 << 28,

    /* what the peer has said: written by input.c, receive/data.c, machine/classify.c,
     * machine/actions.c, passive_open.c, conn/accecn.c */
    CONN_PEER_SYN = 1 << 4,  /* the peer's SYN came (learn_SYN): RCV.NXT is known */
    CONN_FIN_KNOWN = 1 << 6, /* the peer's FIN is at fin_seq, but data before it is missing */
    CONN_ECE = 1 << 7, /* echo congestion until the peer sends CWR. With Accurate ECN: always, and
                          CWR belongs to ACE */

    /* what is to be sent: set when due, cleared when sent. Written by api.c, timers.c,
     * machine/actions.c, receive/ack.c, input.c, receive/data.c, send/segment.c, send/probe.c,
     * send/output.c, send/output.h, conn/accecn.c */
    CONN_SEND_SYN = 1 << 8,                     /* a SYN (with ACK if we know the peer's) */
    CONN_ACK_NOW = 1 << 9,                      /* an ACK, at the next flush */
    CONN_PROBE = 1 << 10,                       /* a window probe */
    CONN_TAIL_PROBE = PART_FLAG(RACK, 1 << 11), /* a tail loss probe (RFC 8985 7) */
    CONN_CWR = 1 << 12,     /* CWR: we have reduced the window (RFC 3168 6.1.2) */
    CONN_REACHED = 1 << 13, /* the next hop is reachable: confirm the neighbour */

    /* which event a deadline is for: written by conn/deadlines.c, conn/deadlines.h, receive/ack.c,
     * send/output.h */
    CONN_PERSIST = 1 << 14, /* rexmt_at is the persist timer, not the retransmission timer */
    CONN_LOSS_IS_PROBE =
        PART_FLAG(RACK, 1 << 15), /* loss_at_ns is the tail loss probe's, not RACK's */
    CONN_DELAYED_ACK = 1 << 16,   /* ack_or_retry_at: a segment with data isn't acknowledged yet */
    CONN_RETRY = 1 << 17,         /* ack_or_retry_at: memory was short, or the next burst is due */

    /* how it began, and may end: written by conn/conn.c, passive_open.c, listener.c, timers.c,
     * machine/actions.c */
    CONN_UNACCEPTED = 1 << 18, /* in its listener's queue: no callbacks yet */
    CONN_FAST_OPEN = PART_FLAG(
        FAST_OPEN, 1 << 19),  /* opened by data in the SYN; our SYN isn't acknowledged yet */
    CONN_LOST_SYN = 1 << 20,  /* a SYN had to be retransmitted */
    CONN_ABANDONED = 1 << 21, /* in FIN-WAIT-2 without a reader: keepalive_at_ms ends it */

    /* callbacks that are due, in this order, set by tcp_tell(). Written by conn/conn.c, listener.c,
     * machine/actions.c, receive/data.c */
    CONN_TELL_OPEN = 1 << 23,
    CONN_TELL_READABLE = 1 << 24,
    CONN_TELL_WRITABLE = 1 << 25,
    CONN_TELL_CLOSED = 1 << 26,
    CONN_TOLD_OPEN = 1 << 27 /* on_open was called or, for a passive open, it was accepted */
};

enum {
    CONGESTION_SHIFT = 29,
    CONGESTIONS_MAX = 4 /* algorithms that one stack can use: there are three */
};

/*
 * A connection as the program holds it. Fields that a request and its answer need come first; those
 * behind the timer are rarely used. tools/layout prints it.
 */
struct leat_tcp {
    struct tcb tcb;
    uint32_t flags;   /* enum conn_flag */
    uint32_t snd_una; /* RFC 9293 3.3.1 */
    struct tcp *tcp;
    struct transfer *transfer; /* never NULL: &tcp->nothing stands for none */

    /* send */
    uint32_t snd_wnd;
    uint32_t snd_wl1;     /* SND.WL2 is never behind SND.UNA, so it isn't kept */
    uint32_t snd_wnd_max; /* largest window that the peer has offered */
    uint16_t
        mss; /* payload of a segment, bytes: the peer's and the path's limit, less our options */

    /* receive */
    uint16_t rcv_over;      /* added to rcv_wnd by rounding: less than a unit of the scale */
    uint32_t last_ack_sent; /* Last.ACK.sent (RFC 7323 4.3) */
    uint32_t window_limit;  /* the largest window that we offer; grows, see budget.c */
    struct leat_buf *data;  /* in order, for leat_tcp_receive(); its `queued` is the last piece */
    uint32_t data_bytes;
    uint32_t unconsumed_bytes; /* received by the program, but not yet consumed */
    union {
        uint32_t tune_end; /* the tuning round ends when RCV.NXT gets here */
        uint32_t fin_seq;  /* with CONN_FIN_KNOWN, when the window need not grow any more */
    };
    uint32_t tune_consumed_bytes; /* bytes consumed in this tuning round */
    uint32_t tune_at;             /* when the round began, ticks of the wheel */

    uint8_t snd_wind_shift : 4;
    uint8_t admitted_age : 4; /* lifetime.c: the time of a passive open at a listener with limits;
                                 else 0 */
    uint8_t dscp : 6;         /* RFC 2474 */
    uint8_t fast_open : 1;    /* our SYN may carry data */
    uint8_t no_df : 1;        /* data may be fragmented on the path: pmtu_is_least() */
    uint16_t error : 5;  /* enum leat_err: the last ICMP error or, with CONN_TELL_CLOSED, why it has
                            ended */
    uint16_t probes : 7; /* keep-alive probes since the peer was last heard */
    uint16_t send_queue : 4; /* the program's limit (budget.h); 0: the configuration's */

    uint32_t
        progress_ms; /* when the peer last acknowledged something, or the wait for an ACK began */
    struct rtt rtt;
    struct near_ring told;   /* in tcp->told: a callback is due */
    struct near_ring output; /* in tcp->output */
    union {
        struct { /* the program's */
            const struct leat_tcp_events *events;
            void *arg;
        };
        struct { /* CONN_UNACCEPTED: not handed to a program yet */
            struct leat_tcp_listener *listener;
            struct near_ring waiting; /* in listener->acceptable */
        };
    };
    uint16_t peer;        /* index of its address in the table of peers (peer.h) */
    uint16_t data_pieces; /* in `data` */

    /* deadlines (deadline.h), which one store moves, and one timer in the wheel. They lie together,
     * because the wheel asks for them when the timer is due */
    uint32_t rexmt_at;        /* retransmission or persist */
    uint32_t ack_or_retry_at; /* delayed-ACK timer, or the retry timer */
    uint32_t keepalive_at_ms; /* keep-alive timer, or FIN-WAIT-2's (CONN_ABANDONED) */
    struct timer timer;

    /* rarely used */
    struct pmtu pmtu;
    uint16_t user_timeout; /* the program's choice (deadline.h); 0: the configuration's */
    uint16_t retransmits : 10;
    uint16_t r_cep : 3;            /* Accurate ECN: marked packets received, modulo 8 */
    uint16_t s_cep : 3;            /* our marked packets that the peer reported (RFC 9768 3.2) */
    uint16_t peer_mss;             /* MSS option of the peer's SYN */
    struct saved_congestion saved; /* congestion state while there is no struct transfer */
};

_Static_assert((unsigned)LEAT_ERR_COUNT <= 1u << 5, "an error of a connection has 5 bits");
_Static_assert(sizeof(struct leat_tcp) <= 248, "256 bytes, with two buckets of the table");
_Static_assert(offsetof(struct leat_tcp, timer) <= 3 * 64, "what is hot, in three cache lines");

/* ---- conn.c: creation and end ------------------------------------------------------------- */

/* The options that our SYN offers, or that we accept in a peer's SYN: TCB_TS, _SACK, _ECN,
 * _ACCECN. */
COLD uint8_t tcp_options_to_offer(const struct leat_tcp_config *config, bool passive);

/* The options of @offered that the peer's SYN has too. */
uint16_t tcp_agreed_options(uint16_t offered, const struct wire_tcp *syn);

/* Takes an entry and fills in the fields that every new connection needs. NULL: no entry is
 * free. */
struct leat_tcp *tcp_conn_new(struct tcp *tcp, host_id local_ip, host_id remote_ip);

/* Takes it out of the table and frees all that a closed connection doesn't need; the handle
 * stays. */
void tcp_conn_bury(struct leat_tcp *conn);

/* Frees the handle. */
void tcp_conn_free(struct leat_tcp *conn);

/* Initializes both rings of due callbacks. */
void tcp_told_init(struct tcp *tcp);

/* Notes an error that need not end the connection, as ICMP reports. The program gets it if the
 * connection ends later without an answer (RFC 1122 4.2.3.9). LEAT_ERR_ABORTED is the mark of a
 * connection that a drain has closed (drain.c), so it stays. */
static inline void tcp_note_error(struct leat_tcp *conn, enum leat_err error)
{
    if (!(conn->flags & CONN_TELL_CLOSED) && conn->error != LEAT_ERR_ABORTED)
        conn->error = error & 31u;
}

/* Clears CONN_FAST_OPEN, at the end of the handshake or of the connection. */
void tcp_conn_not_fast(struct leat_tcp *conn);

/* Adapts the MSS to a change of the path MTU or of the peer's limit. */
void tcp_conn_mss_changed(struct leat_tcp *conn);

/* Sets up window, MSS and timers with the results of the handshake. */
void tcp_conn_handshaken(struct leat_tcp *conn);

#endif
