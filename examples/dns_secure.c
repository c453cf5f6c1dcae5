/* dns_secure.c -- see dns_secure.h. */
#include <leat/doh.h>

#include "dns_secure.h"
#include "http2.h"
#include "secure.h"

enum {
    DOT_PORT = 853,
    HTTPS_PORT = 443
};

static _Alignas(16) unsigned char doh_memory[320 * 1024];
static struct leat_doh *doh;

bool dns_secure_wanted(const struct leat_platform *platform)
{
    /* with --dot or --doh alone, --cert has authorities for its servers */
    return platform->key || platform->acme ||
           (platform->certificate && !platform->dot && !platform->doh);
}

const char *dns_secure_check(struct leat_platform *platform)
{
    return dns_secure_wanted(platform) ? secure_check(platform) : NULL;
}

unsigned dns_secure_routes(struct leat_platform *platform, struct leat_forwarder *forwarder,
                           struct leat_http_route *routes)
{
    const struct leat_doh_config config = {.forwarder = forwarder, .clients = DNS_SECURE_CLIENTS};
    const struct leat_http_route *challenges = platform->acme ? secure_route() : NULL;
    unsigned count = 0;

    if (challenges)
        routes[count++] = *challenges;
    if (dns_secure_wanted(platform) &&
        !leat_doh_open(&doh, platform->stack, doh_memory, sizeof doh_memory, &config))
        routes[count++] = leat_doh_route(doh, LEAT_DOH_PATH);
    return count;
}

static void serve_queries(void *arg, const struct leat_stream *session)
{
    leat_forwarder_serve(arg, session);
}

const char *dns_secure_serve(struct leat_platform *platform, struct leat_forwarder *forwarder,
                             struct leat_http_server *http)
{
    const struct secure_port ports[] = {
        {.port = DOT_PORT, .protocol = "dot", .serve = serve_queries, .arg = forwarder},
        {.port = HTTPS_PORT,
         .newer = http2_open(platform, http),
         .protocol = "http/1.1",
         .serve = http2_serve,
         .arg = http}};

    if (!doh)
        return "no memory for DNS over HTTPS";
    return secure_serve(platform, ports, sizeof ports / sizeof *ports);
}

const char *dns_secure_reload(struct leat_platform *platform)
{
    return dns_secure_wanted(platform) ? secure_reload(platform) : NULL;
}
