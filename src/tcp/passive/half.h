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
    HALF_RETRANSMITS_MAX = 5 /* retransmitted SYN,ACKs: with the first RTO of 1 s, for 63 s */
};

/* A connection in SYN-RECEIVED that came to a listener. */
struct tcp_half {
    struct tcb tcb;
    struct ring ring; /* in tcp->halves_waiting, by retransmits */
    struct leat_tcp_listener *listener;
    struct tcp *tcp;
    struct tcp_time_wait *before; /* the TIME-WAIT entry that it replaces in the table, or NULL */
    uint64_t due_ns;              /* when to retransmit the SYN,ACK */
    uint64_t sent_at_ns;          /* when the SYN,ACK was sent; 0: its ACK is no RTT sample */
    uint32_t snd_wnd;
    uint16_t peer_mss;
    uint8_t snd_wind_shift; /* WIRE_TCP_NO_SHIFT: no scaling at all (RFC 7323 2.2) */
    uint8_t retransmits;
    uint8_t syn_tos;      /* of the latest SYN: AccECN echoes its mark (RFC 9768 3.1.5) */
    bool wants_fast_open; /* wants a cookie in the SYN,ACK: RFC 7413 4.2 */
    bool is_answered;     /* no SYN,ACK is to be sent: the ACK of a cookie, or data with a Fast Open
                             cookie, came */
};

COLD void tcp_halves_init(struct tcp *tcp);

/* Makes a half-open connection of @listener, in LISTEN, for @segment, a SYN or the ACK of a cookie.
 * @before is the connection in TIME-WAIT that it reopens (RFC 9293 3.6.1, MAY-2), or NULL. That is
 * kept out of the table until the handshake is over, and returns if the handshake fails. */
struct tcp_half *tcp_half_new(struct leat_tcp_listener *listener, const struct tcp_segment *segment,
                              struct tcp_time_wait *before);

/* Sends the SYN,ACK (again), and starts its timer. */
void tcp_half_answer(struct tcp_half *half);

/* Notes for Accurate ECN how the SYN came, first or again (RFC 9768 3.1.5). */
void tcp_half_hear_SYN(struct tcp_half *half, const struct tcp_segment *segment);

/* True if @segment is the ACK of a cookie that the peer's first SYN got, after its second SYN made
 * @half. The cookie then becomes our ISS. */
COLD bool tcp_half_was_cookie(struct tcp_half *half, const struct tcp_segment *segment);

/* Puts a connection in the place of the half-open one in the table, which is about to be
 * established. NULL: no memory. */
struct leat_tcp *tcp_promote(struct tcp_half *half);

void tcp_half_free(struct tcp_half *half);

/* Makes the timer look at all of them at @at_ns, or before. */
void tcp_halves_arm(struct tcp *tcp, uint64_t at_ns);
COLD timer_fn tcp_halves_timer; /* timers.c */

#endif
