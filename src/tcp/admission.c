/*
 * admission.c -- admission of a connection when entries are scarce, and the choice of one to end.
 */
#include "tcp/admission.h"

#include "tcp/conn/account.h"
#include "tcp/conn/lifetime.h"

enum {
    LOOK_MAX = 64,         /* connections that one search looks at */
    NEARLY_FULL_PART = 16, /* with fewer free than one in 16, an entry is freed */
    REST_MS = 1000         /* a connection whose peer was heard within this time stays */
};

/* The connection that asks for an entry. */
struct newcomer {
    struct leat_tcp_listener *listener;
    const struct peer *peer; /* NULL: its address has no connection yet */
    bool listener_is_full;   /* so a connection of this listener must go */
};

/* True if the program has closed it and only the peer is waited for, which RFC 9293 permits without
 * limit. */
static bool is_orphan(struct leat_tcp *conn)
{
    if (!(conn->flags & CONN_NO_READER) || tcp_age_ms(conn->tcp, conn->progress_ms) < REST_MS)
        return false;
    return conn->transfer->sendq.bytes == 0 || tcp_stalled_ms(conn) >= tcp_patience_ms(conn->tcp);
}

/* True if its listener lets it be displaced, and its address is the newcomer's or has more
 * connections. */
static bool may_be_displaced(struct leat_tcp *conn, const struct newcomer *newcomer)
{
    const struct leat_tcp_listener *listener = tcp_listener_of(conn);
    const struct peer *peer = tcp_peer(conn);

    if (!listener || !listener->config.displace ||
        tcp_age_ms(conn->tcp, conn->tcb.clock_ms) < REST_MS)
        return false;
    return !newcomer->peer || peer == newcomer->peer ||
           peer->connections > newcomer->peer->connections;
}

/* Advances the clock hand. Entries are first taken in their order, so all behind one that has never
 * been taken are unused. */
static struct leat_tcp *next_entry(struct tcp *tcp)
{
    const uint32_t next = tcp->eviction.conn_hand + 1;
    struct leat_tcp *conn = &tcp->conns[tcp->eviction.conn_hand];

    tcp->eviction.conn_hand = next < tcp->config.connections && tcp->conns[next].tcp ? next : 0;
    return conn;
}

/* Looks at the next LOOK_MAX entries: the first orphan, or else the connection idle for longest. */
static struct leat_tcp *find_one(struct tcp *tcp, const struct newcomer *newcomer)
{
    struct leat_tcp *idlest = 0;

    for (unsigned look = 0; look < LOOK_MAX; look++) {
        struct leat_tcp *conn = next_entry(tcp);

        if (conn->tcb.kind != TCB_CONN || !(conn->tcb.flags & TCB_HASHED) ||
            (newcomer->listener_is_full && tcp_listener_of(conn) != newcomer->listener))
            continue;
        if (is_orphan(conn))
            return conn;
        if (may_be_displaced(conn, newcomer) &&
            (!idlest || (int32_t)(conn->tcb.clock_ms - idlest->tcb.clock_ms) < 0))
            idlest = conn;
    }
    return idlest;
}

bool tcp_admit_scarce(struct leat_tcp_listener *listener, host_id remote_ip)
{
    struct tcp *tcp = listener->tcp;
    const uint32_t free = tcp->config.connections - tcp->conn_count;
    const bool is_full = listener->config.connections > 0 &&
                         listener->admitted_count >= listener->config.connections;
    struct leat_tcp *conn;

    if (is_full || free <= tcp->config.connections / NEARLY_FULL_PART) {
        const struct newcomer newcomer = {
            listener, peer_find(&tcp->peers, host_network(tcp->stack, remote_ip)), is_full};

        conn = find_one(tcp, &newcomer);
        if (conn) {
            tcp->stack->stats.tcp_displaced++;
            tcp_end_early(conn, LEAT_ERR_MEMORY);
        }
    }
    return !is_full && tcp_may_connect(tcp, remote_ip, listener->config.per_address);
}
