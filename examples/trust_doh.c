/* trust_doh.c -- see trust_doh.h. */
#include <leat/doh_client.h>
#include <leat/url.h>

#include "http2_call.h"
#include "trust_doh.h"

enum {
    SERVERS = LEAT_RESOLVER_SERVERS_MAX,
    QUERIES = 64,
    MEMORY_BYTES = 1200 * 1024
};

static _Alignas(16) unsigned char memory[MEMORY_BYTES];

const char *trust_doh(struct leat_platform *platform, struct leat_resolver_config *config,
                      const struct leat_tls_client *client)
{
    const struct leat_doh_client_config options = {.tls_connect = leat_tls_connect,
                                                   .tls_info = leat_tls_get_info,
                                                   .carrier = http2_carrier(platform),
                                                   .connections = SERVERS,
                                                   .queries = QUERIES};
    static struct leat_doh_server servers[SERVERS];
    static struct leat_url url;
    static struct leat_doh_client *doh;

    if (leat_url_parse(&url, platform->doh) || !url.secure)
        return "--doh: that is no URL of HTTPS";
    if (leat_doh_client_open(&doh, platform->stack, memory, sizeof memory, &options))
        return "no memory for DNS over HTTPS";
    for (unsigned i = 0; i < SERVERS; i++) {
        servers[i] = (struct leat_doh_server){.tls = *client, .url = platform->doh, .client = doh};
        servers[i].tls.name = url.host;
        config->tls_clients[i] = &servers[i].tls;
        config->servers[i].port = url.port;
    }
    config->tls_connect = leat_doh_connect;
    return NULL;
}
