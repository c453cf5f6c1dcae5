/*
 * guest.c -- a listener's limits.
 *
 * A connection doesn't point at its listener: it has its address and port.  A listener has few
 * limits, and they are looked at when a connection begins, and when nothing happens.
 */
#include "tcp/entry/guest.h"

#include "tcp/entry/account.h"

enum {
    LOOK_MAX = 64,         /* connections that are looked at to find one that may go */
    NEARLY_FULL_PART = 16, /* of the entries: with fewer that are free, one is made free */
    REST_MS = 1000,        /* nobody goes who was heard of since */
    AGE_TICKS = 7,         /* in a lifetime */
    AGES = 15              /* that can be told apart: 1 to 15 */
};

static struct leat_tcp_listener *listener_of(const struct leat_tcp *conn)
{
    if (conn->guest_age == 0)
        return 0;
    return tcp_find_listener(conn->tcp, conn->tcb.local_ip, conn->tcb.local_port);
}

/* ---- how long ----------------------------------------------------------------------------- */

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
    const unsigned age = (age_now(listener) + AGES - conn->guest_age) % AGES;

    if (listener->config.lifetime_ns == 0)
        return LEAT_NEVER_NS;
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

uint64_t tcp_guest_left_ns(struct leat_tcp *conn)
{
    const struct leat_tcp_listener *listener = listener_of(conn);
    uint64_t life_ns, rest_ns;

    if (!listener)
        return LEAT_NEVER_NS;
    life_ns = left_of_life_ns(conn, listener);
    rest_ns = left_of_rest_ns(conn, listener);
    return life_ns < rest_ns ? life_ns : rest_ns;
}

/* ---- begin and end ------------------------------------------------------------------------ */

void tcp_guest_begin(struct leat_tcp *conn, struct leat_tcp_listener *listener)
{
    conn->guest_age = listener->config.lifetime_ns > 0 ? age_now(listener) & 15u : 1;
    listener->guest_count++;
}

void tcp_guest_end(struct leat_tcp *conn)
{
    struct leat_tcp_listener *listener = listener_of(conn);

    if (listener)
        listener->guest_count--;
}

void tcp_guests_forget(struct leat_tcp_listener *listener)
{
    struct tcp *tcp = listener->tcp;

    for (uint32_t i = 0; listener->guest_count > 0 && i < tcp->config.connections; i++) {
        if (tcp->conns[i].tcb.kind != TCB_CONN || listener_of(&tcp->conns[i]) != listener)
            continue;
        tcp->conns[i].guest_age = 0;
        listener->guest_count--;
    }
}

/* ---- who goes ----------------------------------------------------------------------------- */

/* Who comes. */
struct newcomer {
    struct leat_tcp_listener *listener;
    const struct peer *peer; /* NULL: its address has no connection yet */
    bool listener_is_full;   /* so one of its own must go */
};

/* Its program has left, and it only waits for its peer: RFC 9293 would wait for ever. */
static bool is_orphan(struct leat_tcp *conn)
{
    if (!(conn->flags & CONN_NO_READER) || tcp_age_ms(conn->tcp, conn->progress_ms) < REST_MS)
        return false;
    return conn->transfer->sendq.bytes == 0 || tcp_stuck_ms(conn) >= tcp_patience_ms(conn->tcp);
}

/* Its listener lets it go for others, and its address has more connections than the newcomer's. */
static bool may_be_displaced(struct leat_tcp *conn, const struct newcomer *newcomer)
{
    const struct leat_tcp_listener *listener = listener_of(conn);
    const struct peer *peer = tcp_peer(conn);

    if (!listener || !listener->config.displace ||
        tcp_age_ms(conn->tcp, conn->tcb.clock_ms) < REST_MS)
        return false;
    return !newcomer->peer || peer == newcomer->peer ||
           peer->connections > newcomer->peer->connections;
}

/* The hand goes on.  Free entries are taken in their order, or again, so behind one that has never
 * been taken are none that were. */
static struct leat_tcp *next_entry(struct tcp *tcp)
{
    const uint32_t next = tcp->eviction.conn_hand + 1;
    struct leat_tcp *conn = &tcp->conns[tcp->eviction.conn_hand];

    tcp->eviction.conn_hand = next < tcp->config.connections && tcp->conns[next].tcp ? next : 0;
    return conn;
}

/* Of the next few that the hand passes: an orphan, or else who is idle for longest. */
static struct leat_tcp *find_one(struct tcp *tcp, const struct newcomer *newcomer)
{
    struct leat_tcp *idlest = 0;

    for (unsigned look = 0; look < LOOK_MAX; look++) {
        struct leat_tcp *conn = next_entry(tcp);

        if (conn->tcb.kind != TCB_CONN || !(conn->tcb.flags & TCB_HASHED) ||
            (newcomer->listener_is_full && listener_of(conn) != newcomer->listener))
            continue;
        if (is_orphan(conn))
            return conn;
        if (may_be_displaced(conn, newcomer) &&
            (!idlest || (int32_t)(conn->tcb.clock_ms - idlest->tcb.clock_ms) < 0))
            idlest = conn;
    }
    return idlest;
}

bool tcp_admit_scarce(struct leat_tcp_listener *listener, leat_ip4 remote_ip)
{
    struct tcp *tcp = listener->tcp;
    const uint32_t free = tcp->config.connections - tcp->conn_count;
    const bool is_full =
        listener->config.connections > 0 && listener->guest_count >= listener->config.connections;
    struct leat_tcp *conn;

    if (is_full || free <= tcp->config.connections / NEARLY_FULL_PART) {
        const struct newcomer newcomer = {listener, peer_find(&tcp->peers, host_network(tcp->stack, remote_ip)), is_full};

        conn = find_one(tcp, &newcomer);
        if (conn) {
            tcp->stack->stats.tcp_displaced++;
            tcp_end_early(conn, LEAT_ERR_MEMORY);
        }
    }
    return !is_full && tcp_may_connect(tcp, remote_ip, listener->config.per_address);
}
