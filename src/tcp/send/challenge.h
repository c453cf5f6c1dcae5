/* challenge.h -- challenge ACKs (RFC 5961). */
#ifndef TCP_CHALLENGE_H
#define TCP_CHALLENGE_H

#include "tcp/tcp.h"

/* Sends an ACK that an attacker may have provoked: at most one in 500 ms (RFC 5961 7). */
COLD void tcp_emit_challenge_ACK(struct tcp *tcp, struct tcb *tcb);

#endif
