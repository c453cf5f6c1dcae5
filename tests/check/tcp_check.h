/*
 * tcp_check.h -- what must hold of TCP after each leat_poll(), whoever is at the other end.
 *
 * No state lasts for ever: a connection has a timer, or its program does (it may read, write, or
 * wait on purpose), and what it waits for is possible.  The simulator and the fuzz targets ask
 * after each poll.
 */
#ifndef TCP_CHECK_H
#define TCP_CHECK_H

struct leat;

/* NULL if all is as it must be; else what isn't, and where, until the next call. */
const char *tcp_check(struct leat *stack);

#endif
