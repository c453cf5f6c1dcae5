/* doh_client.c -- the client of DNS over HTTPS: open and close. */
#include "web/doh/doh_client.h"

#include <string.h>

#include "service.h"

enum {
    ALIGN = 16,
    CONNECTIONS_MAX = 64,
    QUERIES_MAX = 192, /* with the connections, the calls that the HTTP client can have */
    REQUEST_BYTES = LEAT_URL_BYTES + 1024,
    REPLY_BYTES = 8192
};

static struct leat_doh_client_config with_defaults(const struct leat_doh_client_config *given)
{
    struct leat_doh_client_config config = *given;

    if (config.connections == 0)
        config.connections = 8;
    if (config.queries == 0)
        config.queries = 32;
    return config;
}

/* Each call and each connection that waits for one has a place in the HTTP client. */
static struct leat_http_client_config http_config(const struct leat_doh_client_config *full)
{
    return (struct leat_http_client_config){.connections =
                                                (uint16_t)(full->connections + full->queries),
                                            .request_bytes = REQUEST_BYTES,
                                            .reply_bytes = REPLY_BYTES,
                                            .tls_connect = full->tls_connect,
                                            .tls_info = full->tls_info,
                                            .carrier = full->carrier};
}

static size_t align_up(size_t bytes)
{
    return (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

size_t leat_doh_client_memory_bytes(const struct leat_doh_client_config *config)
{
    const struct leat_doh_client_config full = with_defaults(config);
    const struct leat_http_client_config http = http_config(&full);

    return ALIGN + align_up(sizeof(struct leat_doh_client)) +
           full.connections * align_up(sizeof(struct doh_conn)) +
           full.queries * align_up(sizeof(struct doh_ask)) + leat_http_client_memory_bytes(&http);
}

static bool is_possible(const struct leat_doh_client_config *full)
{
    return !LEAT_RESERVED_IS_USED(full) && full->tls_connect && full->tls_info &&
           full->connections <= CONNECTIONS_MAX && full->queries <= QUERIES_MAX;
}

enum leat_err leat_doh_client_open(struct leat_doh_client **client, struct leat *stack,
                                   void *memory, size_t bytes,
                                   const struct leat_doh_client_config *config)
{
    const struct leat_doh_client_config full = with_defaults(config);
    const struct leat_http_client_config http = http_config(&full);
    uint8_t *at = (uint8_t *)memory + (ALIGN - (uintptr_t)memory % ALIGN) % ALIGN;
    struct leat_doh_client *made = (void *)at;
    enum leat_err err;

    if (!is_possible(&full))
        return LEAT_ERR_ARGUMENT;
    if (bytes < leat_doh_client_memory_bytes(config))
        return LEAT_ERR_MEMORY;
    memset(memory, 0, leat_doh_client_memory_bytes(config));
    made->config = full;
    made->stack = stack;
    at += align_up(sizeof *made);
    made->conns = (void *)at;
    for (unsigned i = 0; i < full.connections; i++, at += align_up(sizeof(struct doh_conn))) {
        struct doh_conn *conn = (void *)at;

        conn->client = made;
        conn->next_free = made->free_conn;
        made->free_conn = conn;
        doh_conn_init(conn);
    }
    for (unsigned i = 0; i < full.queries; i++, at += align_up(sizeof(struct doh_ask))) {
        struct doh_ask *ask = (void *)at;

        ask->next = made->free_ask;
        made->free_ask = ask;
    }
    err =
        leat_http_client_open(&made->http, stack, at, leat_http_client_memory_bytes(&http), &http);
    if (!err)
        *client = made;
    return err;
}

const struct leat_doh_client_counts *leat_doh_client_counts(const struct leat_doh_client *client)
{
    return &client->counts;
}

void leat_doh_client_close(struct leat_doh_client *client)
{
    uint8_t *at = (uint8_t *)client->conns;

    for (unsigned i = 0; i < client->config.connections;
         i++, at += align_up(sizeof(struct doh_conn)))
        doh_conn_drop((void *)at);
    leat_http_client_close(client->http);
}
