/* places.c -- places for connections. */
#include "inside.h"

#include <string.h>

/* True if two addresses count as one client: with IPv6, those of a /64. */
static bool is_same(const struct leat_ip *a, const struct leat_ip *b)
{
    const size_t bytes = leat_ip_is_v4(*a) || leat_ip_is_v4(*b) ? sizeof a->bytes : 8;

    return memcmp(a->bytes, b->bytes, bytes) == 0;
}

static uint32_t count_of(const struct leat_http2 *http2, const struct leat_ip *peer)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < http2->config.connections; i++) {
        const struct http2_conn *conn = &http2->conns[i];

        count += conn->state != HTTP2_FREE && is_same(&conn->peer, peer);
    }
    return count;
}

/* The connection that leaves for a new one: of the address that has the most, the one whose last
 * request is longest ago. A client's leaves only if it has no request. NULL: there is none. */
static struct http2_conn *oldest(const struct leat_http2 *http2)
{
    struct http2_conn *found = NULL;
    uint32_t most = 0;

    for (uint32_t i = 0; i < http2->config.connections; i++) {
        struct http2_conn *conn = &http2->conns[i];
        const uint32_t count = count_of(http2, &conn->peer);

        if (conn->running || count < most || (conn->is_client && conn->stream_count > 0) ||
            (found && count == most && conn->used_at_ns >= found->used_at_ns))
            continue;
        most = count;
        found = conn;
    }
    return found;
}

struct http2_conn *http2_begin(struct leat_http2 *http2, const struct leat_stream *session)
{
    struct http2_conn *conn;

    if (!http2->free_conn) {
        conn = oldest(http2);
        if (!conn)
            return NULL;
        http2->counts.displaced++;
        http2_conn_end(conn, LEAT_ERR_ABORTED);
    }
    conn = http2->free_conn;
    http2->free_conn = conn->next_free;
    if (http2_conn_begin(conn, session))
        return conn;
    conn->next_free = http2->free_conn;
    http2->free_conn = conn;
    return NULL;
}
