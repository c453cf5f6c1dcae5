/* resolver.c -- a caching name server for a home: asks other servers, and remembers. */
#include <stdio.h>
#include <string.h>

#include <leat/forwarder.h>

#include "example.h"

enum {
    WAITING = 256,         /* questions on their way */
    CACHE_BYTES = 4 << 20, /* some 50,000 addresses */
    DAY_S = 86400
};

/* The memory of the one resolver and the one forwarder of this program. */
static _Alignas(16) unsigned char resolver_memory[CACHE_BYTES + (2 << 20)];
static _Alignas(16) unsigned char forwarder_memory[256 * 1024];
static char complaint[200];

static const char *complain(const char *what, const char *why)
{
    snprintf(complaint, sizeof complaint, "%.120s: %s", what, why);
    return complaint;
}

/* Takes the arguments: further servers, and words. */
static const char *read_arguments(const struct example_platform *platform,
                                  struct leat_resolver_config *resolver,
                                  struct leat_forwarder_config *forwarder)
{
    for (int i = 0; i < platform->argument_count; i++) {
        const char *word = platform->arguments[i];

        if (strcmp(word, "any-rate") == 0)
            forwarder->no_rate_limit = true;
        else if (resolver->server_count == LEAT_RESOLVER_SERVERS_MAX)
            return "at most four servers can be asked";
        else if (!leat_ip_parse(word, &resolver->servers[resolver->server_count++].ip))
            return complain(word, "that is no address of a server");
    }
    return NULL;
}

static const char *start(struct example_platform *platform)
{
    struct leat_resolver_config resolver = {.servers = {{.ip = platform->server}},
                                            .server_count = 1,
                                            .lookups = WAITING,
                                            .cache_bytes = CACHE_BYTES,
                                            .stale_s = DAY_S,
                                            .prefetch = true};
    struct leat_forwarder_config forwarder = {.port = platform->port, .waiting = WAITING};
    struct leat_forwarder *made;
    const char *wrong = read_arguments(platform, &resolver, &forwarder);
    enum leat_err err;

    if (wrong)
        return wrong;
    if (leat_ip_is_any(platform->server))
        return "whom to ask? give --server or --gateway";
    if (leat_resolver_open(&forwarder.resolver, platform->stack, resolver_memory,
                           sizeof resolver_memory, &resolver))
        return "no memory for the resolver";
    err = leat_forwarder_open(&made, platform->stack, forwarder_memory, sizeof forwarder_memory,
                              &forwarder);
    return err ? complain("can't open the ports", leat_err_text(err)) : NULL;
}

const struct example example = {.name = "resolver",
                                .summary = "Answers names by asking other servers, and remembers.",
                                .arguments = "[any-rate] [SERVER...]",
                                .default_port = LEAT_DNS_PORT,
                                .start = start};
