/*
 * loan.h -- data that MSG_ZEROCOPY lends to the stack, and the notices that it is back.
 *
 * Each call that lends has a number, from 0.  Numbers that come back one behind the other make one
 * notice, as Linux does, which recvmsg() with MSG_ERRQUEUE takes.
 */
#ifndef SCRIPT_LOAN_H
#define SCRIPT_LOAN_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/buf.h>

struct sock;
struct lender;

/* @count bytes of data, from the runner's pattern at @at on, as a part of the call that is under
 * way.  NULL: there is no room, or there are too many calls whose data isn't back. */
struct leat_buf *loan_make(struct sock *sock, struct leat_pool *pool, uint32_t at, uint32_t count);

/* The call has returned.  @has_lent: it had a number, and the next one has the next. */
void loan_end_call(struct sock *sock, bool has_lent);

/* Some notice waits. */
bool loan_has_notice(const struct sock *sock);

/* Takes the oldest notice: calls @first to @last.  False: none waits. */
bool loan_take_notice(struct sock *sock, uint32_t *first, uint32_t *last);

/* The socket goes; what is still lent may come back later. */
void loan_leave(struct sock *sock);

#endif
