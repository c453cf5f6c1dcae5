/* services_names.c -- the resolver and the forwarder of the first stack, and a program that
 * makes lookups.
 */
#include "services.h"

#include <stdio.h>
#include <stdlib.h>

#include <leat/forwarder.h>
#include <leat/resolver.h>
#include <leat/tls.h>

enum {
    LOOKUPS = 8,
    NAMES = 12,
    OWN_TTL_S = 5
};

static const uint64_t ms_ns = 1000000;

static struct leat_resolver *resolver;
static struct leat_forwarder *forwarder;
static void *resolver_memory, *forwarder_memory;
static struct leat_lookup *asked[LOOKUPS]; /* lookups of the program; NULL: none */
static uint8_t own;                        /* the program's own answers to the next questions */
static struct leat_tls_client tls_client;
static struct leat_tls_ticket ticket;

struct leat_resolver *services_resolver(void)
{
    return resolver;
}

bool services_name(uint8_t which, char text[16])
{
    return snprintf(text, 16, "n%u.test", which % NAMES) > 0;
}

/* ---- lookups ------------------------------------------------------------------------------ */

/* Reads all parts of an answer, as programs do. */
static void read_answer(const struct leat_dns_result *result)
{
    struct leat_dns_record record;
    size_t cursor = 0;
    unsigned count = 0;

    while (leat_dns_result_next(result, &cursor, &record)) {
        char text[LEAT_DNS_NAME_TEXT_BYTES];
        struct leat_dns_name target;
        struct leat_ip ip;

        leat_dns_record_format(&record, text, sizeof text);
        (void)leat_dns_record_ip(&record, &ip);
        (void)leat_dns_record_target(&record, &target);
        count++;
    }
    services_demand(count > 0, "an answer without a record");
}

static void on_looked_up(void *arg, enum leat_err err, const struct leat_dns_result *result)
{
    struct leat_lookup **place = arg;

    services_demand(*place != NULL, "on_done of no lookup");
    *place = NULL;
    if (!err)
        read_answer(result);
    services_obey(SERVICES_ON_LOOKUP, NULL);
}

static void look_up(const struct services_act *act)
{
    static const uint16_t types[] = {LEAT_DNS_A,   LEAT_DNS_AAAA, LEAT_DNS_CNAME, LEAT_DNS_MX,
                                     LEAT_DNS_TXT, LEAT_DNS_ANY,  LEAT_DNS_PTR,   257};
    struct leat_dns_name name;
    char text[16];
    unsigned i = 0;

    while (i < LOOKUPS && asked[i])
        i++;
    if (!resolver || i == LOOKUPS || !services_name(act->how, text))
        return;
    services_demand(!leat_dns_name_parse(text, &name), "a name");
    if (leat_lookup_start(resolver, &name, types[act->more % 8], on_looked_up, &asked[i],
                          &asked[i]))
        asked[i] = NULL;
}

static void cancel(uint8_t which)
{
    struct leat_lookup **place = &asked[which % LOOKUPS];

    if (*place)
        leat_lookup_cancel(*place);
    *place = NULL;
}

unsigned services_names_pending(void)
{
    unsigned count = 0;

    for (unsigned i = 0; i < LOOKUPS; i++)
        count += asked[i] != NULL;
    return count;
}

/* ---- the services ------------------------------------------------------------------------- */

static void on_question(void *arg, const struct leat_forwarder_question *question,
                        struct leat_forwarder_own *said)
{
    (void)arg;
    (void)question;
    if (own == 0)
        return;
    said->say = (enum leat_forwarder_say)(own % 3);
    said->has_ip4 = own & 4;
    said->has_ip6 = own & 8;
    said->ip4 = services_ends[0].ip;
    said->ip6 = services_ends[1].ip;
    said->ttl_s = OWN_TTL_S;
    own = own & 128 ? own : 0;
}

static void open_resolver(void)
{
    const uint8_t draw = services_draw.names;
    const bool secret = draw & 1;
    struct leat_resolver_config config = {
        .servers = {services_at(1, secret ? 0 : SERVICES_PORT_NAMES),
                    leat_endpoint_of(LEAT_IP4(10, 0, 0, 9), 0)},
        .server_count = draw & 2 ? 2 : 1,
        .tls_clients = {secret ? &tls_client : NULL},
        .tls_connect = leat_tls_connect,
        .tls = services_tls(0),
        .tls_or_clear = draw & 4,
        .rounds = 2,
        .lookups = draw & 8 ? 4 : 24,
        .answer_bytes = draw & 16 ? LEAT_DNS_UDP_BYTES : 4096,
        .timeout_ns = 300 * ms_ns,
        .cache_bytes = draw & 32 ? LEAT_RESOLVER_CACHE_BYTES_MIN : 0,
        .stale_s = draw & 64 ? 60 : 0,
        .prefetch = draw & 64,
        .fastest_first = draw & 2,
        .no_rebinding = draw & 128,
        .tcp_idle_ns = 2000 * ms_ns,
    };
    const size_t bytes = leat_resolver_memory_bytes(&config);

    ticket = (struct leat_tls_ticket){0};
    tls_client = (struct leat_tls_client){
        .name = services_secret_name(1), .anchors = services_anchors(), .ticket = &ticket};
    resolver_memory = services_memory(bytes);
    services_demand(
        !leat_resolver_open(&resolver, services_ends[0].stack, resolver_memory, bytes, &config),
        "a resolver");
}

/* Without memory for a socket or a listener there is no forwarder. */
static void open_forwarder(void)
{
    const uint8_t draw = services_draw.tables;
    const struct leat_forwarder_config config = {
        .resolver = resolver,
        .clients = draw & 2 ? 2 : 6,
        .waiting = draw & 4 ? 6 : 24,
        .idle_ns = 2000 * ms_ns,
        .replies_per_s = draw & 8 ? 5 : 0,
        .no_cookies = draw & 16,
        .on_question = on_question,
    };
    const size_t bytes = leat_forwarder_memory_bytes(&config);

    forwarder_memory = services_memory(bytes);
    if (!leat_forwarder_open(&forwarder, services_ends[0].stack, forwarder_memory, bytes, &config))
        return;
    free(forwarder_memory);
    forwarder_memory = NULL;
    forwarder = NULL;
}

void services_names_open(void)
{
    if (!resolver)
        open_resolver();
    if (!forwarder)
        open_forwarder();
}

static void close_forwarder(void)
{
    if (forwarder)
        leat_forwarder_close(forwarder);
    forwarder = NULL;
    free(forwarder_memory);
    forwarder_memory = NULL;
}

void services_names_close(void)
{
    close_forwarder();
    if (resolver)
        leat_resolver_close(resolver);
    resolver = NULL;
    free(resolver_memory);
    resolver_memory = NULL;
    for (unsigned i = 0; i < LOOKUPS; i++)
        asked[i] = NULL;
    own = 0;
}

void services_names_act(const struct services_act *act)
{
    switch (act->which % 8) {
    case 0:
        cancel(act->how);
        break;
    case 1:
        own = act->how;
        break;
    case 2:
        if (act->more & 1)
            close_forwarder();
        else if (resolver && !forwarder)
            open_forwarder();
        break;
    default:
        look_up(act);
        break;
    }
}
