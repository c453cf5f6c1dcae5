/* emit.h -- sends segments: headers, options, MSS. */
#ifndef TCP_EMIT_H
#define TCP_EMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/cold.h"
#include "ip/ipv4.h"
#include "tcp/congestion/pmtu.h"
#include "wire/tcp.h"

struct leat_buf;
struct leat_tcp;
struct tcb;
struct tcp;
struct tcp_segment;

/* The TOS of a segment that may be marked instead of dropped, ECT(0), and of a marked one (RFC 3168
 * 5). */
enum {
    TOS_ECT = 2,
    TOS_CE = 3
};

/* Sends one segment of @tcb. The caller has filled in @header's seq, flags and the options of a
 * SYN; the rest is filled in here. Takes @payload (may be NULL); its segment_bytes says whether it
 * is a segment or a super-frame. False: no memory, and nothing was sent. */
bool tcp_emit(struct tcp *tcp, const struct path *path, struct tcb *tcb, struct wire_tcp *header,
              uint8_t tos, struct leat_buf *payload);

/* tcp_emit() for a segment of a connection whose @flags have ACK, no SYN and no RST. Takes @payload
 * (may be NULL). */
bool tcp_emit_data(struct leat_tcp *conn, const struct path *path, uint32_t seq, uint8_t flags,
                   uint8_t tos, struct leat_buf *payload);

/* Initializes the @header of a SYN or SYN,ACK. @scaled: with our window scale. */
void tcp_begin_SYN(struct wire_tcp *header, const struct tcb *tcb, const struct path *path,
                   uint32_t seq, uint16_t flags, bool scaled);

/* Sends a segment without data, on a path found for it. */
bool tcp_emit_control(struct tcp *tcp, struct tcb *tcb, uint32_t seq, uint8_t flags);

/* A TCB of kind TCB_NONE with the tuple of @segment, to reply without a connection. */
struct tcb tcp_tcb_of(const struct tcp_segment *segment);

/* Sends the RST that answers @segment (RFC 9293 3.10.7.1). */
void tcp_emit_reset(struct tcp *tcp, const struct tcp_segment *segment);

/* The largest payload of a segment on @path, without options (RFC 6691). */
static inline uint16_t tcp_mss_of(const struct path *path)
{
    return (uint16_t)(path->mtu - (path->is_v6 ? TCP_HEADERS6_BYTES : TCP_HEADERS_BYTES));
}

/* tcp_mss_of() for the path to @remote_ip; without a route, the default MSS. */
uint16_t tcp_path_mss(struct tcp *tcp, host_id local_ip, host_id remote_ip);

#endif
