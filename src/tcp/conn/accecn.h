/*
 * accecn.h -- Accurate ECN of a connection that has agreed on it (RFC 9768).
 *
 * Received segments are translated to RFC 3168 before any other code reads their flags: ECE is set
 * exactly in a segment that reports new marks. Sent segments carry ACE instead of CWR and ECE.
 * CONN_ECE stays set, so that code that writes headers calls tcp_accecn_flags(). Only ACE is used,
 * not the option (3.2.3).
 */
#ifndef TCP_ENTRY_ACCECN_H
#define TCP_ENTRY_ACCECN_H

#include "core/cold.h"

#include <stdbool.h>
#include <stdint.h>

struct leat_tcp;
struct tcb;
struct tcp_segment;

/* The flags of @segment, with AE, which is read from the header in front of the data. */
COLD uint16_t tcp_accecn_read(const struct tcp_segment *segment);

/* True if @segment, a repeated SYN of our peer, asks for RFC 3168's ECN instead of this one; for a
 * half-open connection also the other way round (3.1.5). After an active open only the agreed
 * options are known of a SYN that crossed ours, so the second case can't be told there. */
COLD bool tcp_accecn_is_other(const struct tcb *tcb, const struct tcp_segment *segment);

/* Begins AccECN for @conn. It was agreed by a segment with @tcp_flags and the traffic class @tos:
 * the SYN,ACK, or a SYN that crossed ours. */
COLD void tcp_accecn_begin(struct leat_tcp *conn, uint16_t tcp_flags, uint8_t tos);

/* Begins AccECN for @conn, which was a half-open connection; @segment ends its handshake. */
COLD void tcp_accecn_promoted(struct leat_tcp *conn, struct tcp_segment *segment);

/* Reads the ACE field and the CE mark of an acceptable segment. */
COLD void tcp_accecn_take(struct leat_tcp *conn, struct tcp_segment *segment);

/* AE, CWR and ECE for a segment that isn't a SYN. @is_pure: an ACK without data, FIN and SACK. */
COLD uint16_t tcp_accecn_flags(struct leat_tcp *conn, bool is_pure);

#endif
