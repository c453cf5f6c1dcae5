/* forward_tcp.c -- TCP clients of a forwarder (RFC 7766). See forward.h. */
#include "core/container_of.h"
#include "proto/dns/forward.h"

static struct forward_client *client_of(struct dns_client *tcp)
{
    return container_of(tcp, struct forward_client, tcp);
}

static void client_ask(struct forward_client *client)
{
    struct leat_forwarder *forwarder = forward_owner(client);
    const struct forward_from from = {
        .peer = client->tcp.peer,
        .local_ip = client->tcp.local_ip,
        .client = client,
        .asker = dns_cookie_asker_of(&forwarder->cookies, forwarder->stack, client->tcp.peer.ip)};
    size_t len = 0;

    forwarder->counts.tcp_queries++;
    if (forward_take(forwarder, &from, LEAT_DNS_OVER_TCP, client->tcp.query + DNS_LENGTH_BYTES,
                     dns_client_query_bytes(&client->tcp), forwarder->scratch + DNS_LENGTH_BYTES,
                     forwarder->scratch_bytes - DNS_LENGTH_BYTES, &len) == FORWARD_REPLY)
        forward_reply_by_tcp(client, len);
    dns_client_next(&client->tcp);
}

/* Reads the client's next queries, as long as it may have more of them waiting. */
static void serve(struct dns_client *tcp)
{
    struct forward_client *client = client_of(tcp);

    while (!client->tcp.ending && client->count < FORWARD_PIPELINE_MAX) {
        if (dns_client_has_query(&client->tcp))
            client_ask(client);
        else if (!dns_client_read(&client->tcp))
            break;
    }
    if (client->count == 0)
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

static void left(struct dns_client *tcp)
{
    struct forward_client *client = client_of(tcp);

    stack_not_ready(&client->ready);
    while (client->waiting) {
        leat_lookup_cancel(client->waiting->lookup);
        forward_release(client->waiting);
    }
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
        .idle_ns = config->idle_ns,
        .server = forwarder,
        .admits = admits,
        .serve = serve,
        .is_owed = is_owed,
        .left = left,
        .bad_length = forwarder ? &forwarder->counts.tcp_bad_length : NULL,
        .idle = forwarder ? &forwarder->counts.tcp_idle : NULL,
        .displaced = forwarder ? &forwarder->counts.tcp_displaced : NULL,
    };
}
