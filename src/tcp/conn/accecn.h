/*
 * accecn.h -- a connection that has agreed on Accurate ECN (RFC 9768).
 *
 * What comes is put into RFC 3168's words before anybody else sees it: ECE stands in a segment that
 * tells of new marks, and in no other.  What leaves has ACE instead of CWR and ECE; CONN_ECE stays
 * set, so that who writes headers asks here.  Only ACE is used, not the option (3.2.3).
 */
#ifndef TCP_ENTRY_ACCECN_H
#define TCP_ENTRY_ACCECN_H

#include "core/cold.h"

#include <stdbool.h>
#include <stdint.h>

struct leat_tcp;
struct tcb;
struct tcp_segment;

/* The flags of @segment, with AE: its header still lies before its data. */
COLD uint16_t tcp_accecn_read(const struct tcp_segment *segment);

/* @segment, the SYN that we know, asks for RFC 3168's ECN where it asked for this one, or, of a
 * listener's child, the other way round (3.1.5).  Who opens knows no more of a SYN that crossed
 * ours than what both ends have. */
COLD bool tcp_accecn_is_other(const struct tcb *tcb, const struct tcp_segment *segment);

/* @conn has just agreed on it, by a segment with @tcp_flags, which came with @tos: the SYN,ACK, or
 * a SYN that crossed ours. */
COLD void tcp_accecn_begin(struct leat_tcp *conn, uint16_t tcp_flags, uint8_t tos);

/* The same for one that was half open; @segment ends the handshake. */
COLD void tcp_accecn_promoted(struct leat_tcp *conn, struct tcp_segment *segment);

/* An acceptable segment. */
COLD void tcp_accecn_take(struct leat_tcp *conn, struct tcp_segment *segment);

/* AE, CWR and ECE of a segment that isn't a SYN; @is_pure: an ACK without data, FIN and SACK. */
COLD uint16_t tcp_accecn_flags(struct leat_tcp *conn, bool is_pure);

#endif
