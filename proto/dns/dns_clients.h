/*
 * dns_clients.h -- TCP clients of a name server (RFC 7766): their places, and the queries that they
 * send.
 *
 * The places have shares (core/shares.h). If a new client's holder is at its limit, the connection
 * without progress for longest is ended, of the largest holder or of the client's own. Progress
 * means a complete query, or as many reply bytes as the configuration demands. A client that makes
 * none, and waits for no answer, is closed after the idle time. So one byte a second keeps no
 * place.
 */
#ifndef DNS_DNS_CLIENTS_H
#define DNS_DNS_CLIENTS_H

#include <leat/dns_server.h>
#include <leat/stream.h>
#include <leat/tcp.h>

#include "core/shares.h"
#include "service.h"

enum {
    DNS_LENGTH_BYTES = 2,          /* in front of each message by TCP (RFC 1035 4.2.2) */
    DNS_CLIENT_QUERY_BYTES = 1024, /* no valid query is longer, with any padding */
    DNS_CLIENT_PROGRESS_BYTES = 4096
};

struct dns_clients;

struct dns_client {
    struct dns_clients *clients;
    struct dns_client *next_free;
    struct leat_stream stream; /* without an end: the place is free */
    struct leat_endpoint peer;
    struct leat_ip local_ip;
    uint64_t active_at_ns; /* time of the last progress */
    uint64_t query_at_ns;  /* when its query was complete */
    uint32_t taken;        /* reply bytes taken at active_at_ns (leat_stream_progress()) */
    uint16_t have;         /* bytes of length and query received */
    bool ending;           /* closed or aborted by us: nothing is read any more */
    bool aborted;          /* aborted; on_closed is still to come */
    uint8_t query[DNS_LENGTH_BYTES + DNS_CLIENT_QUERY_BYTES];
};

struct dns_clients_config {
    struct leat_ip ip;
    uint16_t port;
    uint16_t places;
    uint32_t client_bytes;     /* struct dns_client and the server's own part behind it */
    uint32_t progress_bytes;   /* reply bytes that a client with queued replies must take
                                * within idle_ns */
    uint32_t send_queue_bytes; /* 0: the stack's default */
    uint64_t idle_ns;
    void *server;
    /* false: a connection from @ip is reset. NULL: all are served. */
    bool (*admits)(void *server, const struct leat_ip *ip);
    void (*serve)(struct dns_client *client);         /* called when bytes or room have come, and by
                                                       * dns_client_serve() */
    bool (*is_owed)(const struct dns_client *client); /* the client waits for an answer; NULL:
                                                       * it never waits for long */
    bool (*is_half_sent)(const struct dns_client *client); /* the end of a reply is not queued
                                                            * yet; NULL: its query is kept then */
    void (*left)(struct dns_client *client);               /* the connection has ended; NULL: not
                                                            * called */
    uint64_t *bad_length, *idle, *displaced;               /* counters of closed connections */
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

/* Bytes of memory, aligned for any type, that dns_clients_init() needs. */
size_t dns_clients_bytes(const struct dns_clients_config *config);

void dns_clients_init(struct dns_clients *clients, struct leat *stack, void *memory,
                      const struct dns_clients_config *config);

/* The client at @place, from 0 to config.places - 1. */
struct dns_client *dns_clients_at(const struct dns_clients *clients, uint32_t place);

/* Starts to listen; errors as leat_tcp_listen(). The second ends all connections. */
enum leat_err dns_clients_listen(struct dns_clients *clients);
void dns_clients_stop(struct dns_clients *clients);

/* Serves an open stream as a client's, or aborts it if its peer isn't admitted. */
void dns_clients_serve(struct dns_clients *clients, const struct leat_stream *stream);

/* A stream that isn't TCP's was handed over by dns_clients_serve(), and counts as encrypted. */
static inline enum leat_dns_transport dns_client_transport(const struct dns_client *client)
{
    return LEAT_STREAM_IS_OTHER(&client->stream) ? LEAT_DNS_OVER_TLS : LEAT_DNS_OVER_TCP;
}

/* Reads the rest of the length or of the query. False: nothing has come, or the length is
 * illegal, which ends the connection. */
bool dns_client_read(struct dns_client *client);

/* Length of the query, once its length field is complete. */
static inline uint16_t dns_client_query_bytes(const struct dns_client *client)
{
    return (uint16_t)(client->query[0] << 8 | client->query[1]);
}

/* True if the query is complete; stays so until dns_client_next(). */
static inline bool dns_client_has_query(const struct dns_client *client)
{
    return client->have > DNS_LENGTH_BYTES &&
           client->have == DNS_LENGTH_BYTES + dns_client_query_bytes(client);
}

/* Begins the next query: this one is answered, or will be. */
static inline void dns_client_next(struct dns_client *client)
{
    client->have = 0;
}

/* Has the server read the client's next queries, unless the connection is being ended. */
void dns_client_serve(struct dns_client *client);

/* Records progress, which restarts the idle time. */
void dns_client_progressed(struct dns_client *client);

/* Ends the connection, and increments @count. */
void dns_client_end(struct dns_client *client, uint64_t *count);

/* Closes the connection if the peer has closed; all its queries are answered. */
void dns_client_close_at_end(struct dns_client *client);

#endif
