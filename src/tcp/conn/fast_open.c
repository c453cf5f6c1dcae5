/*
 * fast_open.c -- data in the SYN (RFC 7413), if the program asks for it.
 *
 * A client gets a cookie with its first connection, and shows it in the SYNs of later ones. A
 * server that recognizes the cookie gives the data in the SYN to the program before the handshake
 * is over. The cookie is a keyed hash of the client's address and of the half-day. So the server
 * keeps no state, and a cookie that was read off the wire is good for a day at most.
 */
#include <string.h>

#include "tcp/congestion/mss.h"
#include "tcp/conn/deadlines.h"
#include "tcp/tcp.h"

enum {
    COOKIE_BYTES = 8, /* RFC 7413 4.1.1: 4 to 16 */
    COOKIE_BYTES_MIN = 4,
    FAILURES_MAX = 8 /* failures that are counted: then plain SYNs for two hours */
};

static const uint64_t key_life_ns = UINT64_C(12) * 3600 * 1000000000;
static const uint64_t first_failure_ns = UINT64_C(60) * 1000000000;

/* Part of the hashed data that changes each half-day, instead of the key (RFC 7413 4.1.2). */
static uint32_t key_number(const struct tcp *tcp)
{
    return (uint32_t)(tcp->stack->now_ns / key_life_ns);
}

static uint64_t cookie_of(const struct tcp *tcp, host_id client, uint32_t key)
{
    const uint32_t words[] = {(uint32_t)host_word(tcp->stack, client), 0x54464f, key};

    return siphash24(&tcp->stack->secret_key, words, sizeof words);
}

void tcp_fast_open_cookie(const struct tcp *tcp, host_id client, struct wire_tcp *header)
{
    const uint64_t cookie = cookie_of(tcp, client, key_number(tcp));

    header->has_fast_open = true;
    header->fast_open_bytes = COOKIE_BYTES;
    memcpy(header->fast_open, &cookie, COOKIE_BYTES);
}

bool tcp_fast_open_knows(const struct tcp *tcp, host_id client, const struct wire_tcp *syn)
{
    const uint32_t key = key_number(tcp);
    uint64_t shown;

    if (!syn->has_fast_open || syn->fast_open_bytes != COOKIE_BYTES)
        return false;
    memcpy(&shown, syn->fast_open, COOKIE_BYTES);
    /* The cookie of the half-day before is still good. Otherwise each change would cost all clients
     * a round trip. */
    return shown == cookie_of(tcp, client, key) || shown == cookie_of(tcp, client, key - 1);
}

static struct fast_open_server *find(struct tcp *tcp, host_id server)
{
    const uint64_t host = host_word(tcp->stack, server);

    for (unsigned i = 0; i < FAST_OPEN_SERVERS; i++) {
        if (tcp->fast_open.servers[i].host == host)
            return &tcp->fast_open.servers[i];
    }
    return 0;
}

void tcp_fast_open_learn(struct tcp *tcp, host_id server, const struct wire_tcp *syn_ack)
{
    struct fast_open_server *known;

    if (!syn_ack->has_fast_open || syn_ack->fast_open_bytes < COOKIE_BYTES_MIN)
        return;
    known = find(tcp, server);
    if (!known)
        known = &tcp->fast_open.servers[tcp->fast_open.next++ % FAST_OPEN_SERVERS];
    known->host = host_word(tcp->stack, server);
    known->mss = tcp_mss_of_syn(syn_ack, host_is_v6(server));
    known->cookie_bytes = syn_ack->fast_open_bytes;
    memcpy(known->cookie, syn_ack->fast_open, known->cookie_bytes);
}

uint16_t tcp_fast_open_ask(struct tcp *tcp, host_id server, struct wire_tcp *syn)
{
    const struct fast_open_server *known;

    known = find(tcp, server);
    syn->has_fast_open = true; /* empty, it requests a cookie */
    if (!known)
        return 0;
    syn->fast_open_bytes = known->cookie_bytes;
    memcpy(syn->fast_open, known->cookie, known->cookie_bytes);
    return known->mss;
}

/* ---- negative responses ------------------------------------------------------------------- */

/* The entry for failures of the remote address and port of @conn, or NULL. */
static struct fast_open_failure *find_failure(const struct leat_tcp *conn)
{
    struct fast_open_failure *failures = conn->tcp->fast_open.failures;
    const uint64_t host = host_word(conn->tcp->stack, conn->tcb.remote_ip);

    for (unsigned i = 0; i < FAST_OPEN_FAILURES; i++) {
        if (failures[i].host == host && failures[i].port == conn->tcb.remote_port)
            return &failures[i];
    }
    return 0;
}

bool tcp_fast_open_may_ask(const struct leat_tcp *conn)
{
    const struct fast_open_failure *failure = find_failure(conn);

    return !failure || conn->tcp->stack->now_ns >= failure->until_ns;
}

/* RFC 7413 4.1.3.1: a middlebox may drop SYNs with the option or with data, and each connection
 * would wait for a timeout to find that out. Each failure doubles the time without Fast Open. */
void tcp_fast_open_failed(struct leat_tcp *conn)
{
    struct tcp *tcp = conn->tcp;
    struct fast_open_failure *failure = find_failure(conn);

    if (!failure) {
        failure = &tcp->fast_open.failures[tcp->fast_open.next_failure++ % FAST_OPEN_FAILURES];
        *failure = (struct fast_open_failure){.host = host_word(tcp->stack, conn->tcb.remote_ip),
                                              .port = conn->tcb.remote_port};
    }
    if (failure->count < FAILURES_MAX)
        failure->count++;
    failure->until_ns = tcp->stack->now_ns + (first_failure_ns << (failure->count - 1));
    tcp->stack->stats.tcp_fast_opens_failed++;
}

void tcp_fast_open_rejected(struct leat_tcp *conn)
{
    if (conn->fast_open && !(conn->flags & (CONN_PEER_SYN | CONN_LOST_SYN)))
        tcp_fast_open_failed(conn);
}

static void forget_failure(const struct leat_tcp *conn)
{
    struct fast_open_failure *failure = find_failure(conn);

    if (failure)
        failure->host = 0;
}

/* A server that accepts none of the data but sends a new cookie supports Fast Open. Without a
 * cookie it doesn't, or not for us (RFC 7413 4.1.3.1). */
void tcp_fast_open_answered(struct leat_tcp *conn, const struct wire_tcp *header)
{
    if (header->ack != conn->snd_una + 1)
        forget_failure(conn);
    else if (!(header->has_fast_open && header->fast_open_bytes > 0) &&
             !(conn->flags & CONN_LOST_SYN))
        tcp_fast_open_failed(conn);
}

void tcp_fast_open_retake(struct leat_tcp *conn)
{
    struct scoreboard *board = &conn->transfer->scoreboard;
    const uint64_t ago_ms =
        tcp_age_ms(conn->tcp, conn->progress_ms); /* the data was sent with the first SYN */

    const bool fits = conn->tcb.snd_nxt - conn->snd_una <= conn->snd_wnd;

    if (fits && scoreboard_sent(board, &conn->tcp->sents, conn->snd_una, conn->tcb.snd_nxt,
                                conn->tcp->stack->now_ns - ago_ms * DEADLINE_NS_PER_MS))
        scoreboard_requeue(board, board->last);
    else /* no record, or beyond the window, which wasn't known: treat it as never sent */
        conn->tcb.snd_nxt = conn->snd_una;
}
