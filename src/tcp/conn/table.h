/* table.h -- lookup of connections by tuple, and the memory of the four kinds of entries. */
#ifndef TCP_TABLE_H
#define TCP_TABLE_H

#include "tcp/tcp.h"

/* The entry with @tuple, or NULL. */
struct tcb *tcp_look_up(struct tcp *tcp, struct tcp_tuple tuple);

/* tcp_look_up(), but compares the last result first, because segments come in bursts. */
static inline struct tcb *tcp_find(struct tcp *tcp, struct tcp_tuple tuple)
{
    struct tcb *tcb = tcp->last_tcb;

    return tcb && tcp_tuple_equal(tcb_tuple(tcb), tuple) ? tcb : tcp_look_up(tcp, tuple);
}

/* tcp_look_up() in three steps, so that waits for the memory of several tuples overlap. The first
 * step hashes the tuple and prefetches the head of its chain; the second prefetches the entry that
 * may have it; the third looks it up. The result of the first step is valid until another tuple is
 * hashed into its place: then it belongs to that tuple. */
struct hashed_tuple *tcp_expect(struct tcp *tcp, struct tcp_tuple tuple);
void tcp_fetch_expected(struct tcp *tcp, const struct hashed_tuple *at);
struct tcb *tcp_look_up_expected(struct tcp *tcp, struct hashed_tuple *at);

/* The listener at @ip, else at all addresses of its family, or NULL. */
struct leat_tcp_listener *tcp_find_listener(struct tcp *tcp, host_id ip, uint16_t port);

/* Puts @tcb into the table; takes it out. */
void tcp_hash(struct tcp *tcp, struct tcb *tcb);
void tcp_unhash(struct tcp *tcp, struct tcb *tcb);

/* Puts @tcb in the place of @old, which has the same tuple. */
void tcp_hash_instead(struct tcp *tcp, struct tcb *tcb, struct tcb *old);

/* A zeroed entry in CLOSED, or NULL. tcp_give_entry() frees an entry of any kind. */
struct leat_tcp *tcp_take_conn(struct tcp *tcp);
struct tcp_half *tcp_take_half(struct tcp *tcp);
struct tcp_time_wait *tcp_take_time_wait(struct tcp *tcp);
COLD struct leat_tcp_listener *tcp_take_listener(struct tcp *tcp);
void tcp_give_entry(struct tcp *tcp, struct tcb *tcb);

/* Bytes of the table and of all entries; takes both from @arena. */
COLD size_t tcp_tables_cost(const struct leat_tcp_config *config);
COLD bool tcp_tables_init(struct tcp *tcp, struct arena *arena);

#endif
