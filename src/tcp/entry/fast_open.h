/* fast_open.h -- text in the SYN (RFC 7413). */
#ifndef TCP_FAST_OPEN_H
#define TCP_FAST_OPEN_H

#include <stdbool.h>
#include <stdint.h>

#include "core/ip4.h"
#include "wire/tcp.h"
#include "core/cold.h"

struct tcp;

enum {
    FAST_OPEN_SERVERS = 16
};

/* A server whose cookie we have. */
struct fast_open_server {
    uint64_t host; /* host_word(); 0: nobody */
    uint16_t mss;
    uint8_t cookie_bytes;
    uint8_t cookie[WIRE_FAST_OPEN_MAX];
};

struct fast_open {
    struct fast_open_server servers[FAST_OPEN_SERVERS];
    uint32_t next;    /* the place that is used next */
    uint32_t pending; /* connections with CONN_FAST_OPEN */
};

/* Puts the cookie of @client into a SYN,ACK. */
COLD void tcp_fast_open_cookie(const struct tcp *tcp, leat_ip4 client, struct wire_tcp *header);

/* True if @syn of @client has the cookie. */
COLD bool tcp_fast_open_knows(const struct tcp *tcp, leat_ip4 client, const struct wire_tcp *syn);

/* Keeps the cookie that @syn_ack of @server brings, if it does. */
COLD void tcp_fast_open_learn(struct tcp *tcp, leat_ip4 server, const struct wire_tcp *syn_ack);

/* Adds the cookie of @server to a SYN, or asks for one.  Returns the server's MSS, or 0: no text
 * may be sent with it. */
COLD uint16_t tcp_fast_open_ask(struct tcp *tcp, leat_ip4 server, struct wire_tcp *syn);

#endif
