/*
 * resolver.c -- a caching name server for a home: asks other servers, and caches answers.  A web
 * page shows its counters.
 */
#include <stdio.h>
#include <string.h>

#include <leat/forwarder.h>

#include "admit.h"
#include "dns_kept.h"
#include "dns_secure.h"
#include "domains.h"
#include "example.h"
#include "page.h"
#include "secure.h"
#include "trust.h"

enum {
    LOOKUPS = 2048,        /* at a time; an eighth is left to lookups of our own */
    CLIENTS = 256,         /* by TCP */
    CACHE_BYTES = 4 << 20, /* some 50,000 addresses */
    DAY_S = 86400
};

/* The memory of the one resolver and the one forwarder of this program. */
static _Alignas(16) unsigned char resolver_memory[CACHE_BYTES + (4 << 20)];
static _Alignas(16) unsigned char forwarder_memory[1 << 20];
static _Alignas(16) unsigned char http_memory[2 << 20];
static char complaint[200];
static struct leat_resolver *asker;
static unsigned server_count; /* of the asker */
static struct leat_forwarder *server;

static const char *complain(const char *what, const char *why)
{
    snprintf(complaint, sizeof complaint, "%.120s: %s", what, why);
    return complaint;
}

static bool take_server(struct leat_resolver_config *resolver, const char *word)
{
    struct leat_ip *ip = &resolver->servers[resolver->server_count++].ip;

    return leat_ip_parse(word, ip) && !leat_ip_is_any(*ip);
}

/* Takes the arguments: further servers, and words. */
static const char *read_arguments(const struct leat_platform *platform,
                                  struct leat_resolver_config *resolver,
                                  struct leat_forwarder_config *forwarder)
{
    for (int i = 0; i < platform->argument_count; i++) {
        const char *word = platform->arguments[i];
        const char *wrong;

        if (admit_word(word, &wrong) || domains_word(word, &wrong)) {
            if (wrong)
                return wrong;
        } else if (strcmp(word, "any-rate") == 0)
            forwarder->no_rate_limit = true;
        else if (strcmp(word, "no-rebinding") == 0)
            resolver->no_rebinding = true;
        else if (resolver->server_count == LEAT_RESOLVER_SERVERS_MAX)
            return "at most four servers can be asked";
        else if (!take_server(resolver, word))
            return complain(word, "that is no address of a server");
    }
    return domains_ask_us(platform->stack, resolver)
               ? "a server is our own address: give another one"
               : NULL;
}

/* The delay of each server in microseconds, and its habits. */
static void add_servers(struct page *page)
{
    page_add(page, "</table><h2>Its servers</h2><table>");
    for (unsigned i = 0; i < server_count; i++) {
        struct leat_resolver_server about;
        char row[LEAT_ENDPOINT_TEXT_BYTES + 120];

        leat_resolver_get_server(asker, i, &about);
        leat_endpoint_format(&about.endpoint, row);
        snprintf(row + strlen(row), sizeof row - strlen(row), "%s%s%s%s%s",
                 about.no_edns ? ", no EDNS" : "", about.no_cookies ? ", no cookies" : "",
                 about.lowers ? ", lowers names" : "", about.tcp_only ? ", no UDP" : "",
                 about.no_tcp ? ", no TCP" : "");
        page_add_row(page, row, about.delay_ns / 1000);
    }
    page_add(page, "</table>");
}

static void write_page(struct page *page)
{
    const struct leat_forwarder_counts *counts = leat_forwarder_counts(server);
    const struct leat_resolver_counts *asked = leat_resolver_counts(asker);

    page_add(page, "<title>leat: resolver</title><h1>Resolver</h1><table>");
    page_add_row(page, "questions by UDP", counts->udp_queries);
    page_add_row(page, "questions by TCP", counts->tcp_queries);
    page_add_row(page, "replies", counts->replies);
    page_add_row(page, "replies from the cache", counts->cached);
    page_add_row(page, "replies that were cut short", counts->truncated);
    page_add_row(page, "questions over the rate", counts->rate_slipped + counts->rate_dropped);
    page_add_row(page, "questions that went for others", counts->displaced + counts->busy);
    page_add_row(page, "connections that went for others", counts->tcp_displaced);
    page_add_row(page, "no questions at all", counts->drop_format);
    page_add_row(page, "refused: from other networks", counts->prohibited);
    page_add(page, "</table><h2>Its own questions</h2><table>");
    page_add_row(page, "by UDP", asked->udp_queries);
    page_add_row(page, "by TCP", asked->tcp_queries);
    page_add_row(page, "connections with TLS", asked->tls_opened);
    page_add_row(page, "connections where TLS has failed", asked->tls_failed);
    page_add_row(page, "to renew what is asked for often", asked->prefetches);
    page_add_row(page, "that joined another one", asked->joined);
    page_add_row(page, "answered late, from expired records", asked->cache_stale);
    page_add_row(page, "without an answer", asked->timeouts);
    page_add_row(page, "refused", asked->servers_failed);
    page_add_row(page, "replies that may be forged",
                 asked->drop_foreign + asked->drop_case + asked->drop_cookie +
                     asked->drop_fragmented);
    page_add_row(page, "replies that wanted another cookie", asked->bad_cookies);
    page_add_row(page, "sent twice", asked->repeated);
    add_servers(page);
    domains_add(page, server);
}

/* The page, at the port of HTTP, and the encrypted ports. */
static const char *serve_page(struct leat_platform *platform)
{
    static struct leat_http_route routes[1 + DNS_SECURE_ROUTES];
    const bool is_secure = dns_secure_wanted(platform);
    struct leat_http_server_config config = {.routes = routes,
                                             .clients = is_secure ? DNS_SECURE_CLIENTS : 32};
    struct leat_http_server *made;

    routes[0] = page_route("/", write_page);
    config.route_count = (uint16_t)(1 + dns_secure_routes(platform, server, routes + 1));
    if (leat_platform_serve_http(platform, &made, http_memory, sizeof http_memory, &config))
        return EXAMPLE_PORT_TAKEN;
    return is_secure ? dns_secure_serve(platform, server, made) : NULL;
}

/* Opens the resolver by the arguments, and sets the options of @forwarder. */
static const char *start_asker(struct leat_platform *platform,
                               struct leat_forwarder_config *forwarder)
{
    struct leat_resolver_config resolver = {.servers = {{.ip = platform->server}},
                                            .server_count = 1,
                                            .lookups = LOOKUPS,
                                            .answer_bytes = UINT16_MAX,
                                            .cache_bytes = CACHE_BYTES,
                                            .stale_s = DAY_S,
                                            .prefetch = true,
                                            .fastest_first = true};
    const char *wrong = read_arguments(platform, &resolver, forwarder);

    if (!wrong)
        wrong = domains_servers(&resolver);
    if (!wrong && (platform->dot || platform->doh))
        wrong = trust_servers(platform, &resolver);
    if (wrong)
        return wrong;
    if (leat_resolver_open(&asker, platform->stack, resolver_memory, sizeof resolver_memory,
                           &resolver))
        return "no memory for the resolver";
    forwarder->resolver = asker;
    server_count = resolver.server_count;
    return domains_open(platform, forwarder);
}

static const char *start(struct leat_platform *platform)
{
    static struct leat_forwarder_config forwarder = {.clients = CLIENTS};
    const char *wrong = start_asker(platform, &forwarder);
    enum leat_err err;

    if (wrong)
        return wrong;
    forwarder.port = platform->port;
    admit_configure(platform, &forwarder);
    err = leat_platform_forward_dns(platform, &server, forwarder_memory, sizeof forwarder_memory,
                                    &forwarder);
    if (err)
        return complain("can't open the ports", leat_err_text(err));
    dns_kept_take(platform, asker);
    return serve_page(platform);
}

static void end(struct leat_platform *platform)
{
    secure_end(platform);
    dns_kept_keep(platform);
}

const struct leat_app example = {.name = "resolver",
                                 .summary = "Answers names by asking other servers, and remembers.",
                                 .arguments =
                                     "[any-rate] [no-rebinding] [clients=NET,...] "
                                     "[server=[/DOMAIN/]IP,...] [local=/DOMAIN/] [SERVER...]",
                                 .default_port = LEAT_DNS_PORT,
                                 .has_tls = true,
                                 .has_acme = true,
                                 .has_http = true,
                                 .has_dns = true,
                                 .check = dns_secure_check,
                                 .lacks = leat_platform_lacks_server,
                                 .start = start,
                                 .reload = dns_secure_reload,
                                 .end = end};
