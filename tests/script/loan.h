/*
 * loan.h -- data lent to the stack by MSG_ZEROCOPY, and the notices of its return.
 *
 * Each lending call has a number, from 0. Consecutive numbers whose data has come back are combined
 * to one notice, as in Linux, which recvmsg() with MSG_ERRQUEUE takes.
 */
#ifndef SCRIPT_LOAN_H
#define SCRIPT_LOAN_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/buf.h>

struct sock;
struct lender;

/* Lends @count bytes from the runner's pattern at @at, as a part of the current call. NULL:
 * no room, or too many calls with lent data. */
struct leat_buf *loan_make(struct sock *sock, struct leat_pool *pool, uint32_t at, uint32_t count);

/* Ends the current call. @has_lent: it used its number, and the next call gets the next. */
void loan_end_call(struct sock *sock, bool has_lent);

/* True if a notice waits. */
bool loan_has_notice(const struct sock *sock);

/* Takes the oldest notice: calls @first to @last.  False: none waits. */
bool loan_take_notice(struct sock *sock, uint32_t *first, uint32_t *last);

/* The socket is closed; lent data may come back later. */
void loan_leave(struct sock *sock);

#endif
