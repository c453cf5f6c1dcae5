/*
 * dns_clients.h -- the clients of a name server by TCP (RFC 7766): their places, and the queries
 * that they send.
 *
 * The places have shares (core/shares.h). A client that comes while its holder may not have one
 * more ends the connection that has been without progress for longest, of the largest holder or its
 * own. Progress is a whole query, or as much of the replies as the configuration says; a client
 * without any, which waits for no answer, ends after the idle time.  So one byte a second keeps no
 * place.
 */
#ifndef DNS_DNS_CLIENTS_H
#define DNS_DNS_CLIENTS_H

#include <leat/stream.h>
#include <leat/tcp.h>

#include "core/shares.h"
#include "service.h"

enum {
    DNS_LENGTH_BYTES = 2,          /* in front of each message by TCP (RFC 1035 4.2.2) */
    DNS_CLIENT_QUERY_BYTES = 1024, /* no query that we can answer is longer, however padded */
    DNS_CLIENT_PROGRESS_BYTES = 4096
};

struct dns_clients;

struct dns_client {
    struct dns_clients *clients;
    struct dns_client *next_free;
    struct leat_stream stream; /* without an end: free */
    struct leat_endpoint peer;
    struct leat_ip local_ip;
    uint64_t active_at_ns; /* when it last got further */
    uint32_t taken;        /* of replies by then, as leat_stream_progress() says */
    uint32_t query_at_s;   /* when its query was whole */
    uint16_t have;         /* bytes of length and query */
    bool ending;           /* closed by us, or aborted: nothing is read any more */
    bool aborted;          /* on_closed is still to come */
    uint8_t query[DNS_LENGTH_BYTES + DNS_CLIENT_QUERY_BYTES];
};

struct dns_clients_config {
    struct leat_ip ip;
    uint16_t port;
    uint16_t places;
    uint32_t client_bytes;     /* a struct dns_client, and what its server has behind that */
    uint32_t progress_bytes;   /* of replies that wait, in idle_ns */
    uint32_t send_queue_bytes; /* 0: as the stack */
    uint64_t idle_ns;
    void *server;
    void (*serve)(struct dns_client *client);         /* bytes or room have come */
    bool (*is_owed)(const struct dns_client *client); /* an answer; NULL: never for long */
    void (*left)(struct dns_client *client);          /* the connection is over; NULL: unwanted */
    uint64_t *bad_length, *idle, *displaced;          /* counters of ends */
};

struct dns_clients {
    struct dns_clients_config config;
    struct leat *stack;
    struct leat_tcp_listener *listener;
    struct timer idle_timer; /* set while there are clients */
    struct shares shares;
    uint8_t *block; /* the clients */
    struct dns_client *free;
};

/* Bytes of memory, aligned for any type, that dns_clients_init() takes. */
size_t dns_clients_bytes(const struct dns_clients_config *config);

void dns_clients_init(struct dns_clients *clients, struct leat *stack, void *memory,
                      const struct dns_clients_config *config);

/* Begins to listen, with the errors of leat_tcp_listen(); ends all connections. */
enum leat_err dns_clients_listen(struct dns_clients *clients);
void dns_clients_stop(struct dns_clients *clients);

/* Reads up to the end of the length, or of the query; false: there is nothing to be read, or what
 * came can't be a query, which ends the connection. */
bool dns_client_read(struct dns_client *client);

/* Bytes of the query, once its length is there. */
static inline uint16_t dns_client_query_bytes(const struct dns_client *client)
{
    return (uint16_t)(client->query[0] << 8 | client->query[1]);
}

/* True if the query is whole; it is, until dns_client_next(). */
static inline bool dns_client_has_query(const struct dns_client *client)
{
    return client->have > DNS_LENGTH_BYTES &&
           client->have == DNS_LENGTH_BYTES + dns_client_query_bytes(client);
}

/* The query is answered, or will be. */
static inline void dns_client_next(struct dns_client *client)
{
    client->have = 0;
}

/* It got further. */
void dns_client_progressed(struct dns_client *client);

/* Ends the connection because of what @count counts. */
void dns_client_end(struct dns_client *client, uint64_t *count);

/* Closes the connection in order, if its peer has: all that it asked is answered. */
void dns_client_close_at_end(struct dns_client *client);

#endif
