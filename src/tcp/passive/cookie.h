/* cookie.h -- SYN cookies: a handshake without memory (RFC 4987 3.6). */
#ifndef TCP_COOKIE_H
#define TCP_COOKIE_H

#include <stdbool.h>

#include "core/cold.h"

struct leat_tcp_listener;
struct tcp;
struct tcp_segment;
struct wire_tcp;

/* Answers a SYN for which there is no memory with a cookie. */
COLD void tcp_cookie_answer(const struct leat_tcp_listener *listener,
                            const struct tcp_segment *segment);

/* True if @segment, an ACK without a connection, answers a cookie of ours. Then @syn is set to the
 * SYN that the cookie stands for. */
COLD bool tcp_cookie_check(const struct tcp *tcp, const struct tcp_segment *segment,
                           struct wire_tcp *syn);

#endif
