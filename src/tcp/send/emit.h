/* emit.h -- segments as they leave: headers, options, MSS. */
#ifndef TCP_EMIT_H
#define TCP_EMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/cold.h"
#include "ip/ipv4.h"
#include "tcp/math/pmtu.h"
#include "wire/tcp.h"

struct leat_buf;
struct leat_tcp;
struct tcb;
struct tcp;
struct tcp_segment;

/* The TOS of a segment that may be marked instead of dropped: ECT(0) (RFC 3168 5). */
enum {
    TOS_ECT = 2,
    TOS_CE = 3
};

/* Sends one segment of @tcb: @header's seq, flags and the options of a SYN are the caller's; the
 * rest is filled in.  Takes @payload (may be NULL); its segment_bytes says whether it is one
 * segment or a super-frame.  False: no memory, and nothing was sent. */
bool tcp_emit(struct tcp *tcp, const struct path *path, struct tcb *tcb, struct wire_tcp *header,
              uint8_t tos, struct leat_buf *payload);

/* The same for a segment of a connection with data or without, whose @flags have ACK, no SYN and no
 * RST.  Takes @payload. */
bool tcp_emit_data(struct leat_tcp *conn, const struct path *path, uint32_t seq, uint8_t flags,
                   uint8_t tos, struct leat_buf *payload);

/* The @header of a SYN, or a SYN,ACK; @scaled: it says our window's scale. */
void tcp_begin_SYN(struct wire_tcp *header, const struct tcb *tcb, const struct path *path,
                   uint32_t seq, uint16_t flags, bool scaled);

/* A segment without data, on a path found for it. */
bool tcp_emit_control(struct tcp *tcp, struct tcb *tcb, uint32_t seq, uint8_t flags);

/* Who @segment came to, for an answer from nobody's connection: kind TCB_NONE. */
struct tcb tcp_tcb_of(const struct tcp_segment *segment);

/* The RST that answers @segment (RFC 9293 3.10.7.1). */
void tcp_emit_reset(struct tcp *tcp, const struct tcp_segment *segment);

/* An ACK that a stranger may have provoked: at most one in 500 ms (RFC 5961 7). */
COLD void tcp_emit_limited_ACK(struct tcp *tcp, struct tcb *tcb);

/* Largest data in a segment on @path, without options (RFC 6691). */
static inline uint16_t tcp_mss_of(const struct path *path)
{
    return (uint16_t)(path->mtu - (path->is_v6 ? TCP_HEADERS6_BYTES : TCP_HEADERS_BYTES));
}

/* The same to @remote, or a guess. */
uint16_t tcp_path_mss(struct tcp *tcp, leat_ip4 local_ip, leat_ip4 remote_ip);

#endif
