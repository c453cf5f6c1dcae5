/*
 * time_wait.c -- TIME-WAIT in an entry of less than a cache line (RFC 9293 3.6).
 *
 * All entries wait equally long, so the oldest is always the first of one ring, and one timer
 * serves them all. When no entry is free the oldest one ends early, because new connections are
 * worth more than the last seconds of an old one.
 */
#include "ip/route.h"
#include "tcp/send/emit.h"
#include "tcp/passive/time_wait.h"
#include "tcp/conn/table.h"
#include "tcp/tcp.h"

struct tcp_time_wait *tcp_time_wait_oldest(struct tcp *tcp)
{
    if (near_ring_is_empty(tcp, &tcp->time_wait))
        return 0;
    return container_of(near_ring_first(tcp, &tcp->time_wait), struct tcp_time_wait, ring);
}

/* The time at which an entry ends, from its 32 bits of ms. */
static uint64_t until_ns(const struct tcp *tcp, const struct tcp_time_wait *entry)
{
    const int32_t left_ms = (int32_t)(entry->tcb.clock_ms - tcp_now_ms(tcp->stack));

    return tcp->stack->now_ns + (left_ms > 0 ? (uint64_t)left_ms : 0) * 1000000;
}

void tcp_time_wait_arm(struct tcp *tcp)
{
    struct tcp_time_wait *first = tcp_time_wait_oldest(tcp);

    if (first && !timer_is_set(&tcp->time_wait_timer))
        timer_set(&tcp->stack->timers, &tcp->time_wait_timer, until_ns(tcp, first));
}

void tcp_time_wait_restart(struct tcp *tcp, struct tcp_time_wait *entry)
{
    near_ring_remove(tcp, &entry->ring);
    entry->tcb.clock_ms = tcp_now_ms(tcp->stack) + (uint32_t)(2 * tcp->config.msl_ns / 1000000);
    near_ring_put(tcp, &tcp->time_wait, &entry->ring);
    tcp_time_wait_arm(tcp);
}

/* Acknowledges the FIN, and perhaps data before it. */
static void send_last_ack(struct leat_tcp *conn)
{
    struct path room;
    const struct path *path =
        route_cache_find(conn->tcp->stack, conn->tcb.local_ip, conn->tcb.remote_ip, &room);

    if (path)
        tcp_emit_data(conn, path, conn->tcb.snd_nxt, TCP_ACK, 0, 0);
}

void tcp_time_wait_from(struct leat_tcp *conn)
{
    struct tcp *tcp = conn->tcp;
    struct tcp_time_wait *entry;

    if (conn->flags & CONN_ACK_NOW)
        send_last_ack(conn);
    entry = tcp_take_time_wait(tcp);
    leat_assert(entry != 0);
    entry->tcb = conn->tcb;
    entry->tcb.kind = TCB_TIME_WAIT;
    tcp_hash_instead(tcp, &entry->tcb, &conn->tcb);
    tcp_conn_bury(conn);
    tcp_time_wait_restart(tcp, entry);
}

/* Clears the pointer to @entry in the half-open connection that has replaced it in the hash table,
 * so that @entry isn't restored when that connection fails. */
COLD static void be_forgotten(struct tcp *tcp, const struct tcp_time_wait *entry)
{
    struct tcb *tcb = tcp_find(tcp, tcb_tuple(&entry->tcb));

    if (tcb && tcb->kind == TCB_HALF && tcp_half(tcb)->before == entry)
        tcp_half(tcb)->before = 0;
}

void tcp_time_wait_free(struct tcp *tcp, struct tcp_time_wait *entry)
{
    if (!(entry->tcb.flags & TCB_HASHED))
        be_forgotten(tcp, entry);
    tcp_unhash(tcp, &entry->tcb);
    near_ring_remove(tcp, &entry->ring);
    tcp_give_entry(tcp, &entry->tcb);
}
