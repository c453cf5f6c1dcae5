/* fast_open.h -- data in the SYN (RFC 7413). */
#ifndef TCP_FAST_OPEN_H
#define TCP_FAST_OPEN_H

#include <stdbool.h>
#include <stdint.h>

#include "core/ip4.h"
#include "core/parts.h"
#include "wire/tcp.h"
#include "core/cold.h"

struct leat_tcp;
struct tcp;

enum {
    FAST_OPEN_SERVERS = HAS_FAST_OPEN ? 16 : 1,
    FAST_OPEN_FAILURES = HAS_FAST_OPEN ? 16 : 1
};

/* A server whose cookie we have. */
struct fast_open_server {
    uint64_t host; /* host_word(); 0: unused */
    uint16_t mss;
    uint8_t cookie_bytes;
    uint8_t cookie[WIRE_FAST_OPEN_MAX];
};

/* A server's port to which Fast Open failed (RFC 7413 4.1.3.1). */
struct fast_open_failure {
    uint64_t host;     /* host_word(); 0: unused */
    uint64_t until_ns; /* only plain SYNs until then */
    uint16_t port;
    uint8_t count; /* failures since the last success */
};

struct fast_open {
    struct fast_open_server servers[FAST_OPEN_SERVERS];
    struct fast_open_failure failures[FAST_OPEN_FAILURES];
    uint32_t next;         /* the entry to use next */
    uint32_t next_failure; /* likewise */
    uint32_t pending;      /* connections with CONN_FAST_OPEN */
};

/* Puts the cookie of @client into a SYN,ACK. */
COLD void tcp_fast_open_cookie(const struct tcp *tcp, host_id client, struct wire_tcp *header);

/* True if @syn of @client has the cookie. */
COLD bool tcp_fast_open_knows(const struct tcp *tcp, host_id client, const struct wire_tcp *syn);

/* Keeps the cookie in @syn_ack of @server, if it has one. */
COLD void tcp_fast_open_learn(struct tcp *tcp, host_id server, const struct wire_tcp *syn_ack);

/* Adds the cookie of @server to a SYN, or requests one. Returns the server's MSS; 0: the SYN can't
 * carry data. */
COLD uint16_t tcp_fast_open_ask(struct tcp *tcp, host_id server, struct wire_tcp *syn);

/* False: Fast Open to the remote address of @conn has failed, so a plain SYN is to be sent. */
COLD bool tcp_fast_open_may_ask(const struct leat_tcp *conn);

/* Counts a failure: the SYN of @conn with Fast Open was not answered, or not with its data. */
COLD void tcp_fast_open_failed(struct leat_tcp *conn);

/* Counts a failure by an error or a RST, if that SYN has no answer yet. */
COLD void tcp_fast_open_rejected(struct leat_tcp *conn);

/* Handles @header, which answers a SYN of @conn with data. */
COLD void tcp_fast_open_answered(struct leat_tcp *conn, const struct wire_tcp *header);

/* Makes data that the peer didn't accept with the SYN be sent again (RFC 7413 4.1.3, 4.2.2). */
COLD void tcp_fast_open_retake(struct leat_tcp *conn);

#endif
