/*
 * lifetime.c -- how long a connection may stay without progress.
 *
 * A connection doesn't point at its listener, which is found by address and port. Few listeners
 * have limits, and those are checked only when a connection begins and when it is idle.
 */
#include "core/minmax.h"
#include "tcp/conn/deadlines.h"
#include "tcp/conn/lifetime.h"
#include "tcp/conn/table.h"

enum {
    AGE_TICKS = 7, /* per lifetime */
    AGES = 15      /* values of admitted_age: 1 to 15 */
};

struct leat_tcp_listener *tcp_listener_of(const struct leat_tcp *conn)
{
    if (conn->admitted_age == 0)
        return 0;
    return tcp_find_listener(conn->tcp, conn->tcb.local_ip, conn->tcb.local_port);
}

/* ---- remaining time ----------------------------------------------------------------------- */

/* admitted_age has four bits. A lifetime is seven ticks long, so the age of a connection is unique
 * among fifteen values until it has twice lived out its time. The price: a connection may live a
 * tick longer. */
static uint64_t tick_ns(const struct leat_tcp_listener *listener)
{
    return listener->config.lifetime_ns / AGE_TICKS + 1;
}

static unsigned age_now(const struct leat_tcp_listener *listener)
{
    return 1 + (unsigned)(listener->tcp->stack->now_ns / tick_ns(listener) % AGES);
}

static uint64_t left_of_life_ns(const struct leat_tcp *conn,
                                const struct leat_tcp_listener *listener)
{
    const unsigned age = (age_now(listener) + AGES - conn->admitted_age) % AGES;

    if (listener->config.lifetime_ns == 0)
        return LEAT_NEVER_NS;
    /* age counts from the end of its first tick, so that none ends early */
    return age > AGE_TICKS ? 0 : (AGE_TICKS + 1 - age) * tick_ns(listener);
}

static uint64_t left_of_rest_ns(const struct leat_tcp *conn,
                                const struct leat_tcp_listener *listener)
{
    const uint64_t idle_ns =
        (uint64_t)tcp_age_ms(conn->tcp, conn->tcb.clock_ms) * DEADLINE_NS_PER_MS;

    if (listener->config.idle_timeout_ns == 0)
        return LEAT_NEVER_NS;
    return idle_ns < listener->config.idle_timeout_ns ? listener->config.idle_timeout_ns - idle_ns
                                                      : 0;
}

uint64_t tcp_admitted_left_ns(struct leat_tcp *conn)
{
    const struct leat_tcp_listener *listener = tcp_listener_of(conn);
    uint64_t life_ns, rest_ns;

    if (!listener)
        return LEAT_NEVER_NS;
    life_ns = left_of_life_ns(conn, listener);
    rest_ns = left_of_rest_ns(conn, listener);
    return life_ns < rest_ns ? life_ns : rest_ns;
}

/* ---- begin and end ------------------------------------------------------------------------ */

void tcp_admitted_begin(struct leat_tcp *conn, struct leat_tcp_listener *listener)
{
    conn->admitted_age = listener->config.lifetime_ns > 0 ? age_now(listener) & 15u : 1;
    listener->admitted_count++;
}

void tcp_admitted_end(struct leat_tcp *conn)
{
    struct leat_tcp_listener *listener = tcp_listener_of(conn);

    if (listener)
        listener->admitted_count--;
}

void tcp_admitted_forget(struct leat_tcp_listener *listener)
{
    struct tcp *tcp = listener->tcp;

    for (uint32_t i = 0; listener->admitted_count > 0 && i < tcp->config.connections; i++) {
        if (tcp->conns[i].tcb.kind != TCB_CONN || tcp_listener_of(&tcp->conns[i]) != listener)
            continue;
        tcp->conns[i].admitted_age = 0;
        listener->admitted_count--;
    }
}

/* ---- idle connections --------------------------------------------------------------------- */

uint32_t tcp_give_up_ms(const struct leat_tcp *conn)
{
    const struct leat_tcp_config *config = &conn->tcp->config;

    if (conn->user_timeout > 0)
        return deadline_short_ms(conn->user_timeout);
    return deadline_at_ms(conn->tcb.flags & TCB_SYN_UNACKED ? config->connect_timeout_ns
                                                            : config->user_timeout_ns);
}

void tcp_arm_keepalive(struct leat_tcp *conn, uint64_t ns)
{
    tcp_run_keepalive_in(conn, min64(ns, tcp_admitted_left_ns(conn)));
}

void tcp_run_keepalive(struct leat_tcp *conn)
{
    if (conn->flags & CONN_ABANDONED)
        tcp_arm_keepalive(conn, conn->tcp->config.fin_wait_2_ns);
    else if (conn->flags & CONN_KEEPALIVE)
        tcp_arm_keepalive(conn, conn->tcp->config.keepalive_idle_ns);
    else if (conn->admitted_age > 0 && tcp_admitted_left_ns(conn) != LEAT_NEVER_NS)
        tcp_arm_keepalive(conn, LEAT_NEVER_NS);
    else
        tcp_stop_keepalive(conn);
}
