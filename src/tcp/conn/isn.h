/* isn.h -- numbers that an attacker can't guess: ISN, timestamp offset, port. */
#ifndef TCP_ISN_H
#define TCP_ISN_H

#include <stdbool.h>
#include <stdint.h>

struct leat;
struct tcb;
struct tcp;

/* The offset of our timestamp clock for this connection (RFC 7323 5.4, 7.1), ticks of 1 ms. */
uint32_t tcp_ts_offset(const struct leat *stack, const struct tcb *tcb);

/* Initial sequence number (RFC 6528). */
uint32_t tcp_isn(const struct leat *stack, const struct tcb *tcb);

/* Chooses tcb->local_port (RFC 6056 algorithm 4); false: all are taken. */
bool tcp_choose_port(struct tcp *tcp, struct tcb *tcb);

#endif
