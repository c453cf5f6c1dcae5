/*
 * tcp_check.h -- the invariants of TCP after each leat_poll(), with any peer.
 *
 * No state lasts for ever: a connection has a timer, or the next step is its program's (which may
 * read, write, or wait on purpose), and the awaited event is possible. The simulator and the fuzz
 * targets check them after each poll.
 */
#ifndef TCP_CHECK_H
#define TCP_CHECK_H

struct leat;

/* NULL, or the violated invariant and its place, valid until the next call. */
const char *tcp_check(struct leat *stack);

#endif
