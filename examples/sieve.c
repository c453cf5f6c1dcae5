/*
 * sieve.c -- a caching name server that blocks the names on lists: advertisements, trackers,
 * malware.
 *
 * The lists are files, or are fetched by HTTPS from time to time (sieve_fetch.c), or are uploaded
 * by HTTP while the former ones serve (sieve_lists.c, sieve_upload.c).  With --store those lists
 * serve again after a restart (sieve_kept.c).
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
#include "sieve_fetch.h"
#include "sieve_hosts.h"
#include "sieve_kept.h"
#include "sieve_latest.h"
#include "sieve_lists.h"
#include "sieve_sources.h"
#include "sieve_statistics.h"
#include "sieve_totals.h"
#include "sieve_upload.h"
#include "trust.h"

enum {
    LOOKUPS = 2048,        /* at a time; an eighth is left to lookups of our own */
    CLIENTS = 256,         /* by TCP */
    CACHE_BYTES = 4 << 20, /* some 50,000 addresses */
    AREA_BYTES = 32 << 20, /* for two copies of lists that were sent */
    DAY_S = 86400,
    BLOCKED_TTL_S = 60 /* a blocked name may soon be allowed */
};

static struct {
    struct leat_forwarder *forwarder;
    enum leat_forwarder_say say;
    bool null; /* answer 0.0.0.0 and ::, not the address of our page */
    bool any_rate;
    bool no_rebinding;
    const char *token;
} sieve = {.say = LEAT_FORWARDER_NXDOMAIN};

static _Alignas(16) unsigned char resolver_memory[CACHE_BYTES + (4 << 20)];
static _Alignas(16) unsigned char forwarder_memory[1 << 20];
static _Alignas(16) unsigned char http_memory[2 << 20];

/* ---- questions --------------------------------------------------------------------------------
 */

/* True if the lists block the name: @name is the question's, or that of an alias. */
static bool is_blocked(const struct leat_forwarder_question *question,
                       const struct leat_dns_name *name, struct leat_blocklist_answer *answer)
{
    const struct leat_blocklist_question asked = {
        .name = name, .type = question->type, .client = question->peer};

    leat_blocklist_ask(lists_serving(), &asked, answer);
    return answer->verdict == LEAT_BLOCKLIST_BLOCKED;
}

static void on_question(void *arg, const struct leat_forwarder_question *question,
                        struct leat_forwarder_own *own)
{
    struct leat_blocklist_answer answer, alias;

    (void)arg;
    if (hosts_answer(question, own) || !is_blocked(question, question->name, &answer))
        return;
    if (question->name != question->asked) { /* an exception for an alias is one for its target */
        is_blocked(question, question->asked, &alias);
        if (alias.verdict == LEAT_BLOCKLIST_ALLOWED)
            return;
    }
    *own = (struct leat_forwarder_own){.say = sieve.say, .ttl_s = BLOCKED_TTL_S};
    own->extended_error = LEAT_FORWARDER_BLOCKED;
    own->has_ip4 = sieve.null || leat_ip_is_v4(question->local);
    own->has_ip6 = sieve.null || !own->has_ip4;
    own->ip4 = sieve.null ? LEAT_IP4(0, 0, 0, 0) : question->local;
    own->ip6 = sieve.null ? LEAT_IP_ANY : question->local;
    if (answer.has_ip4 || answer.has_ip6) { /* the list has addresses for it */
        own->say = LEAT_FORWARDER_ADDRESS;
        own->has_ip4 = answer.has_ip4;
        own->has_ip6 = answer.has_ip6;
        own->ip4 = answer.ip4;
        own->ip6 = answer.ip6;
    }
    statistics_count(question->name, question->peer);
}

/* ---- pages ------------------------------------------------------------------------------------
 */

static void count(struct totals *totals)
{
    const struct leat_forwarder_counts *counts = leat_forwarder_counts(sieve.forwarder);

    totals->questions = counts->udp_queries + counts->tcp_queries + counts->asked;
    totals->blocked = counts->own - hosts_answered();
}

static void write_page(struct page *page)
{
    const struct leat_forwarder_counts *counts = leat_forwarder_counts(sieve.forwarder);
    const struct leat_blocklist_counts *set = leat_blocklist_counts(lists_serving());
    struct totals totals;

    count(&totals);
    page_add(page, "<title>leat: sieve</title><h1>Sieve</h1><table>");
    page_add_row(page, "questions", totals.questions);
    page_add_row(page, "answered by the cache", counts->cached);
    page_add_row(page, "blocked", totals.blocked);
    page_add_row(page, "of these, by the target of an alias", counts->own_aliases);
    page_add_row(page, "answered here: local names", counts->special + hosts_answered());
    page_add_row(page, "refused: from other networks", counts->prohibited);
    page_add_row(page, "questions that went for others", counts->displaced + counts->busy);
    page_add_row(page, "connections that went for others", counts->tcp_displaced);
    page_add_row(page, "names in the lists", set->names);
    page_add_row(page, "lines that were not understood", set->other);
    page_add_row(page, "names without room", set->full);
    totals_add(page);
    page_add(page, "</table>");
    sources_add(page);
    statistics_add(page);
    latest_add(page);
    domains_add(page, sieve.forwarder);
}

static void write_json(struct page *page)
{
    page_add(page, "{");
    sources_add_json(page);
    statistics_add_json(page);
    latest_add_json(page);
    page_add(page, "}\n");
}

/* The page that blocked names lead to with "page". */
static void write_blocked(struct page *page)
{
    page_add(page, "<title>Blocked</title><h1>Blocked</h1><p>This name is in a list of the sieve.");
}

/* ---- the program ------------------------------------------------------------------------------
 */

/* Takes a word of the command line; NULL, or what is wrong with it. */
static const char *read_word(struct leat_platform *platform, const char *word)
{
    const bool allow = strncmp(word, "allow=", 6) == 0;
    const char *wrong;

    if (admit_word(word, &wrong) || domains_word(word, &wrong) || hosts_word(word, &wrong) ||
        statistics_word(word, &wrong) || sources_word(word, &wrong))
        return wrong;
    if (strcmp(word, "any-rate") == 0)
        sieve.any_rate = true;
    else if (strcmp(word, "no-rebinding") == 0)
        sieve.no_rebinding = true;
    else if (strcmp(word, "nxdomain") == 0)
        sieve.say = LEAT_FORWARDER_NXDOMAIN;
    else if (strcmp(word, "null") == 0 || strcmp(word, "page") == 0)
        sieve.say = LEAT_FORWARDER_ADDRESS;
    else if (strncmp(word, "token=", 6) == 0)
        sieve.token = word + 6;
    else
        return lists_add_file(platform, allow ? word + 6 : word, allow);
    sieve.null = sieve.null || strcmp(word, "null") == 0;
    return NULL;
}

static const char *check(struct leat_platform *platform)
{
    const char *wrong = NULL;

    lists_open(platform);
    for (int i = 0; i < platform->argument_count && !wrong; i++)
        wrong = read_word(platform, platform->arguments[i]);
    if (!wrong)
        wrong = dns_secure_check(platform);
    if (!wrong)
        kept_load(platform);
    return wrong;
}

/* The pages, the list of blocked names, and the encrypted ports. */
static const char *serve_pages(struct leat_platform *platform)
{
    static struct leat_http_route routes[4 + DNS_SECURE_ROUTES];
    const bool is_secure = dns_secure_wanted(platform);
    struct leat_http_server_config http = {.routes = routes,
                                           .clients = is_secure ? DNS_SECURE_CLIENTS : 64};
    struct leat_http_server *server;
    unsigned count = 3;

    routes[0] = page_route("/sieve", write_page);
    routes[1] = lists_route;
    routes[2] = page_route_json("/sieve.json", write_json);
    count += dns_secure_routes(platform, sieve.forwarder, routes + count);
    routes[count] = page_route("/", write_blocked); /* the last one: it takes all other paths */
    routes[count++].below = true;
    http.route_count = (uint16_t)count;
    if (leat_platform_serve_http(platform, &server, http_memory, sizeof http_memory, &http))
        return EXAMPLE_PORT_TAKEN;
    return is_secure ? dns_secure_serve(platform, sieve.forwarder, server) : NULL;
}

static const char *start(struct leat_platform *platform)
{
    static struct leat_resolver_config resolver = {.server_count = 1,
                                                   .lookups = LOOKUPS,
                                                   .answer_bytes = UINT16_MAX,
                                                   .cache_bytes = CACHE_BYTES,
                                                   .stale_s = DAY_S,
                                                   .prefetch = true};
    struct leat_forwarder_config forwarder = {.port = platform->port,
                                              .clients = CLIENTS,
                                              .no_rate_limit = sieve.any_rate,
                                              .refuse_canaries = true,
                                              .inspect_aliases = true,
                                              .on_question = on_question};

    const char *wrong;

    resolver.servers[0].ip = platform->server;
    resolver.no_rebinding = sieve.no_rebinding;
    wrong = domains_servers(&resolver);
    if (!wrong && (platform->dot || platform->doh))
        wrong = trust_servers(platform, &resolver);
    if (wrong)
        return wrong;
    admit_configure(platform, &forwarder);
    lists_start(sources_at(0) ? " until a list is fetched"
                : sieve.token ? " until lists are sent"
                              : "");
    upload_start(platform, sieve.token);
    if (leat_resolver_open(&forwarder.resolver, platform->stack, resolver_memory,
                           sizeof resolver_memory, &resolver))
        return "no memory for the resolver";
    wrong = domains_open(platform, &forwarder);
    if (wrong)
        return wrong;
    latest_start(platform);
    if (leat_platform_forward_dns(platform, &sieve.forwarder, forwarder_memory,
                                  sizeof forwarder_memory, &forwarder))
        return "can't open the ports of DNS";
    dns_kept_take(platform, forwarder.resolver);
    totals_start(count);
    statistics_start(platform, count);
    wrong = fetch_start(platform, forwarder.resolver);
    return wrong ? wrong : serve_pages(platform);
}

static const char *reload(struct leat_platform *platform)
{
    const char *wrong = upload_is_busy() ? "lists are just being sent: try again" : lists_reload();

    if (!wrong && !lists_are_sent())
        kept_drop_sent();
    if (!wrong)
        fetch_now();
    return wrong ? wrong : dns_secure_reload(platform);
}

static void end(struct leat_platform *platform)
{
    secure_end(platform);
    dns_kept_keep(platform);
    totals_keep();
}

const struct leat_app example = {
    .name = "sieve",
    .summary = "A caching name server that keeps from you what stands in lists.",
    .arguments = "[nxdomain|null|page] [any-rate] [no-rebinding] [clients=NET,...] "
                 "[host=NAME=IP,...] [server=[/DOMAIN/]IP,...] [local=/DOMAIN/] [token=TOKEN] "
                 "[statistics=whole|network|none] [every=TIME] [authorities=FILE] "
                 "[allow=LIST...] [LIST...]",
    .default_port = LEAT_DNS_PORT,
    .has_tls = true,
    .has_acme = true,
    .check = check,
    .has_http = true,
    .has_dns = true,
    .lacks = leat_platform_lacks_server,
    .start = start,
    .reload = reload,
    .area_bytes = AREA_BYTES,
    .end = end};
