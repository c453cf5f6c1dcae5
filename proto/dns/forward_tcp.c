/* forward_tcp.c -- TCP clients of a forwarder (RFC 7766). See forward.h. */
#include "core/container_of.h"
#include "proto/dns/forward.h"

static struct forward_client *client_of(struct dns_client *tcp)
{
    return container_of(tcp, struct forward_client, tcp);
}

/* Handles the client's query. If its reply has no room behind those that the client hasn't taken
 * yet, it is made again when there is room, as if the query had come then. */
static void client_ask(struct forward_client *client)
{
    struct leat_forwarder *forwarder = forward_owner(client);
    const struct leat_forwarder_counts before = forwarder->counts;
    const struct forward_from from = {
        .peer = client->tcp.peer,
        .local_ip = client->tcp.local_ip,
        .query_at_ns = client->tcp.query_at_ns,
        .client = client,
        .asker = dns_cookie_asker_of(&forwarder->cookies, forwarder->stack, client->tcp.peer.ip)};
    size_t len = 0;

    forwarder->way_before = forwarder->way->counts;
    forwarder->counts.tcp_queries++;
    if (forward_take(forwarder, &from, dns_client_transport(&client->tcp),
                     client->tcp.query + DNS_LENGTH_BYTES, dns_client_query_bytes(&client->tcp),
                     forwarder->scratch + DNS_LENGTH_BYTES,
                     forwarder->scratch_bytes - DNS_LENGTH_BYTES, &len) == FORWARD_REPLY) {
        /* it will be counted when it is answered */
        if (!forward_fits(client, len)) {
            forwarder->counts = before;
            forwarder->way->counts = forwarder->way_before;
            client->wants_bytes = DNS_LENGTH_BYTES + (uint32_t)len;
            return;
        }
        forward_reply_by_tcp(client, len, from.query_at_ns);
    }
    dns_client_next(&client->tcp);
}

/* True while the next reply has no room; serve() is called when there is some. */
static bool is_held(struct forward_client *client)
{
    if (client->wants_bytes == 0)
        return false;
    if (!forward_fits(client, client->wants_bytes - DNS_LENGTH_BYTES)) {
        /* with a rest to send, forward_send_rest() has asked for room already */
        if (forward_owner(client)->rest.client != client)
            leat_stream_want_room(&client->tcp.stream, client->wants_bytes);
        return true;
    }
    client->wants_bytes = 0;
    return false;
}

/* Reads the client's next queries, as long as it may have more of them waiting, and takes its
 * replies. */
static void serve(struct dns_client *tcp)
{
    struct forward_client *client = client_of(tcp);

    /* the rest of a reply comes first: another one in between would break the framing */
    if (!forward_send_rest(client))
        return;
    while (!client->tcp.ending && client->count < FORWARD_PIPELINE_MAX && !is_held(client)) {
        if (dns_client_has_query(&client->tcp))
            client_ask(client);
        else if (!dns_client_read(&client->tcp))
            break;
    }
    /* a client may shut down when it has asked, and still read */
    if (client->count == 0 && client->wants_bytes == 0 &&
        forward_owner(client)->rest.client != client)
        dns_client_close_at_end(&client->tcp);
}

static bool admits(void *server, const struct leat_ip *ip)
{
    return forward_admits(server, ip);
}

static bool is_owed(const struct dns_client *tcp)
{
    return ((const struct forward_client *)(const void *)tcp)->count > 0;
}

static bool is_half_sent(const struct dns_client *tcp)
{
    const struct forward_client *client = (const struct forward_client *)(const void *)tcp;

    return forward_owner(client)->rest.client == client;
}

/* Tells the program of a query whose reply had no room in the send queue. */
static void tell_held(struct forward_client *client)
{
    struct dns_told *told = &forward_owner(client)->told;
    const struct dns_client *tcp = &client->tcp;

    if (!dns_is_told(told) || !dns_client_has_query(tcp) ||
        !dns_told_question(told, tcp->query + DNS_LENGTH_BYTES, dns_client_query_bytes(tcp)))
        return;
    told->access.how = LEAT_DNS_HOW_BUSY;
    dns_told_tell(told, &tcp->peer.ip, dns_client_transport(tcp), tcp->query_at_ns, false);
}

static void left(struct dns_client *tcp)
{
    struct forward_client *client = client_of(tcp);

    stack_not_ready(&client->ready);
    client->wants_bytes = 0;
    if (forward_owner(client)->rest.client == client)
        forward_owner(client)->rest.client = NULL;
    tell_held(client);
    /* their replies have no reader; a lookup that others wait for goes on */
    while (client->waiting)
        forward_abandon(client->waiting);
}

struct dns_clients_config forward_clients(const struct leat_forwarder_config *config,
                                          struct leat_forwarder *forwarder)
{
    return (struct dns_clients_config){
        .ip = config->ip,
        .port = config->port,
        .places = config->clients,
        .client_bytes = sizeof(struct forward_client),
        .progress_bytes = config->progress_bytes,
        .send_queue_bytes =
            FORWARD_QUEUE_PART * (uint32_t)(DNS_LENGTH_BYTES + forward_reply_bytes(config)),
        .idle_ns = config->idle_ns,
        .server = forwarder,
        .admits = admits,
        .serve = serve,
        .is_owed = is_owed,
        .is_half_sent = is_half_sent,
        .left = left,
        .bad_length = forwarder ? &forwarder->counts.tcp_bad_length : NULL,
        .idle = forwarder ? &forwarder->counts.tcp_idle : NULL,
        .displaced = forwarder ? &forwarder->counts.tcp_displaced : NULL,
    };
}
