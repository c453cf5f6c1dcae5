/* table.h -- who has a tuple, and memory of the four kinds of entries. */
#ifndef TCP_TABLE_H
#define TCP_TABLE_H

#include "tcp/tcp.h"

/* Whose tuple it is, or NULL. */
struct tcb *tcp_look_up(struct tcp *tcp, struct tcp_tuple tuple);

/* The same; segments come in bursts, so the one that was found last is asked first. */
static inline struct tcb *tcp_find(struct tcp *tcp, struct tcp_tuple tuple)
{
    struct tcb *tcb = tcp->last_tcb;

    return tcb && tcp_tuple_equal(tcb_tuple(tcb), tuple) ? tcb : tcp_look_up(tcp, tuple);
}

/* The same in three steps, so that other tuples' memory comes while one's is waited for.  The first
 * hashes the tuple and fetches the beginning of its chain; the second fetches the entry that may
 * have it; the third looks it up.  What the first returns is good until another tuple is hashed in
 * its place: then it is that one's. */
struct hashed_tuple *tcp_expect(struct tcp *tcp, struct tcp_tuple tuple);
void tcp_fetch_expected(struct tcp *tcp, const struct hashed_tuple *at);
struct tcb *tcp_look_up_expected(struct tcp *tcp, struct hashed_tuple *at);

/* Who listens at @ip, else at all addresses; NULL: nobody. */
struct leat_tcp_listener *tcp_find_listener(struct tcp *tcp, leat_ip4 ip, uint16_t port);

/* Puts @tcb into the table, and takes it out. */
void tcp_hash(struct tcp *tcp, struct tcb *tcb);
void tcp_unhash(struct tcp *tcp, struct tcb *tcb);

/* @tcb takes the place of @old, which has the same tuple. */
void tcp_hash_instead(struct tcp *tcp, struct tcb *tcb, struct tcb *old);

/* A zeroed entry in CLOSED, or NULL; tcp_give_entry() takes any of them back. */
struct leat_tcp *tcp_take_conn(struct tcp *tcp);
struct tcp_half *tcp_take_half(struct tcp *tcp);
struct tcp_time_wait *tcp_take_time_wait(struct tcp *tcp);
COLD struct leat_tcp_listener *tcp_take_listener(struct tcp *tcp);
void tcp_give_entry(struct tcp *tcp, struct tcb *tcb);

/* Bytes of the table and of all entries; and both taken from @arena. */
COLD size_t tcp_tables_cost(const struct leat_tcp_config *config);
COLD bool tcp_tables_init(struct tcp *tcp, struct arena *arena);

#endif
