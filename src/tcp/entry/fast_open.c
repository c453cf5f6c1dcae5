/*
 * fast_open.c -- text in the SYN (RFC 7413), where the program has asked for it.
 *
 * A client gets a cookie with its first connection, and shows it in the SYNs of later ones; a
 * server that knows the cookie gives the text in the SYN to the program before the handshake is
 * over.  The cookie is a keyed hash of the client's address and of the half-day, so the server
 * keeps nothing, and what was read off a wire is worth something for a day at most.
 */
#include <string.h>

#include "tcp/math/mss.h"
#include "tcp/tcp.h"

enum {
    COOKIE_BYTES = 8, /* RFC 7413 4.1.1: 4 to 16 */
    COOKIE_BYTES_MIN = 4
};

static const uint64_t key_life_ns = UINT64_C(12) * 3600 * 1000000000;

/* What stands for another key each half-day (RFC 7413 4.1.2). */
static uint32_t key_number(const struct tcp *tcp)
{
    return (uint32_t)(tcp->stack->now_ns / key_life_ns);
}

static uint64_t cookie_of(const struct tcp *tcp, leat_ip4 client, uint32_t key)
{
    const uint32_t words[] = {(uint32_t)host_word(tcp->stack, client), 0x54464f, key};

    return siphash24(&tcp->stack->secret_key, words, sizeof words);
}

void tcp_fast_open_cookie(const struct tcp *tcp, leat_ip4 client, struct wire_tcp *header)
{
    const uint64_t cookie = cookie_of(tcp, client, key_number(tcp));

    header->has_fast_open = true;
    header->fast_open_bytes = COOKIE_BYTES;
    memcpy(header->fast_open, &cookie, COOKIE_BYTES);
}

bool tcp_fast_open_knows(const struct tcp *tcp, leat_ip4 client, const struct wire_tcp *syn)
{
    const uint32_t key = key_number(tcp);
    uint64_t shown;

    if (!syn->has_fast_open || syn->fast_open_bytes != COOKIE_BYTES)
        return false;
    memcpy(&shown, syn->fast_open, COOKIE_BYTES);
    /* that of the half-day before is still good, or each change would cost all clients a round trip
     */
    return shown == cookie_of(tcp, client, key) || shown == cookie_of(tcp, client, key - 1);
}

static struct fast_open_server *find(struct tcp *tcp, leat_ip4 server)
{
    const uint64_t host = host_word(tcp->stack, server);

    for (unsigned i = 0; i < FAST_OPEN_SERVERS; i++) {
        if (tcp->fast_open.servers[i].host == host)
            return &tcp->fast_open.servers[i];
    }
    return 0;
}

void tcp_fast_open_learn(struct tcp *tcp, leat_ip4 server, const struct wire_tcp *syn_ack)
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

uint16_t tcp_fast_open_ask(struct tcp *tcp, leat_ip4 server, struct wire_tcp *syn)
{
    const struct fast_open_server *known;

    known = find(tcp, server);
    syn->has_fast_open = true; /* without a cookie: please give us one */
    if (!known)
        return 0;
    syn->fast_open_bytes = known->cookie_bytes;
    memcpy(syn->fast_open, known->cookie, known->cookie_bytes);
    return known->mss;
}
