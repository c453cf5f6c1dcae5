/* half.h -- half-open connections. */
#ifndef TCP_HALF_H
#define TCP_HALF_H

#include <stdbool.h>
#include <stdint.h>

#include "core/ring.h"
#include "core/timer.h"
#include "tcp/conn/tcb.h"

struct leat_tcp_listener;
struct tcp_segment;
struct tcp_time_wait;
struct tcp;

enum {
    HALF_RETRANSMITS_MAX = 5 /* SYN,ACKs sent again: with the first RTO of 1 s, for 63 s */
};

/* A connection in SYN-RECEIVED that came from a listener. */
struct tcp_half {
    struct tcb tcb;
    struct ring ring; /* in tcp->halves_waiting, by its retransmits */
    struct leat_tcp_listener *listener;
    struct tcp *tcp;
    struct tcp_time_wait *before; /* whose place in the table it has; NULL: nobody's */
    uint64_t due_ns;              /* then the SYN,ACK goes again */
    uint64_t sent_at_ns;          /* it left; 0: not, or twice, and its answer is no sample */
    uint32_t snd_wnd;
    uint16_t peer_mss;
    uint8_t snd_wind_shift; /* WIRE_TCP_NO_SHIFT: no scaling at all (RFC 7323 2.2) */
    uint8_t retransmits;
    uint8_t syn_tos;      /* of the latest SYN: AccECN tells its mark (RFC 9768 3.1.5) */
    bool wants_fast_open; /* a cookie: RFC 7413 4.2 */
    bool is_answered;     /* by a cookie: no SYN,ACK is to be sent */
};

COLD void tcp_halves_init(struct tcp *tcp);

/* The child of @listener to whom @segment, a SYN or the answer to a cookie, comes: in LISTEN.
 * @before, the connection in TIME-WAIT that it reopens (RFC 9293 3.6.1, MAY-2), or NULL: it waits
 * out of the table until the handshake is over, and comes back if that fails. */
struct tcp_half *tcp_half_new(struct leat_tcp_listener *listener, const struct tcp_segment *segment,
                              struct tcp_time_wait *before);

/* Sends its SYN,ACK (again), and waits for the answer. */
void tcp_half_answer(struct tcp_half *half);

/* @segment, its SYN, came, perhaps again: what Accurate ECN has to know (RFC 9768 3.1.5). */
void tcp_half_hear_SYN(struct tcp_half *half, const struct tcp_segment *segment);

/* The peer answers the cookie that its first SYN got, though its second one has found room: our SYN
 * was the cookie.  False: @segment answers no cookie. */
COLD bool tcp_half_was_cookie(struct tcp_half *half, const struct tcp_segment *segment);

/* The half-open connection is about to be established: a connection takes its place in the table.
 * NULL: no memory. */
struct leat_tcp *tcp_promote(struct tcp_half *half);

void tcp_half_free(struct tcp_half *half);

/* Has a look at all of them at @at_ns, if not before. */
void tcp_halves_arm(struct tcp *tcp, uint64_t at_ns);
COLD timer_fn tcp_halves_timer; /* timers.c */

#endif
