/*
 * query.c -- the conversation of a query with its servers.
 *
 * A query is a series of tries (query_try.c) with alternating servers. A try ends with an answer,
 * with a server that can't answer (and is left out from then on), or with a timeout. After a TC
 * reply it goes on by TCP, on the connection to that server (upstream_conn.c).
 */
#include "proto/dns/lookup.h"

#include <string.h>

#include "proto/dns/dns_reply.h"
#include "core/container_of.h"
#include "core/refusal.h"
#include "proto/wire/dns.h"

static const uint64_t probing_delay_ns = 50000000; /* small against the second of RFC 4862 5.4 */

void query_note(struct query *query, const char *why)
{
    refusal_note(&query->refusal, query->resolver->config.servers[query_server(query)].ip, why);
}

/* Ends the try. The connection stays, because other queries may use it. */
static void end_try(struct query *query)
{
    service_timer_cancel(query->resolver->stack, &query->timer);
    query_close_socket(query);
    upstream_leave(query);
}

/* Ends the query with an error, reported from the ready queue. */
void query_fail(struct query *query, enum leat_err err)
{
    end_try(query);
    query->err = err;
    service_ready(query->resolver->stack, &query->ready);
}

/* Waits until an address of ours has been checked, because it may give a route to a server. */
static void await_address(struct query *query)
{
    struct leat *stack = query->resolver->stack;

    end_try(query);
    query->awaits_address = true;
    service_timer_set(stack, &query->timer, leat_now_ns(stack) + probing_delay_ns);
}

/* Begins the next possible try, or fails with @err when all are used up. A server without a
 * route is passed over. */
static void next_try(struct query *query, enum leat_err err)
{
    const struct leat_resolver_config *config = &query->resolver->config;
    const unsigned end = (unsigned)config->server_count * config->rounds;
    const unsigned begun = query->tries;
    bool may_come = false;

    for (; query->tries < end; query->tries++) {
        end_try(query);
        if (query->failed & 1u << query_server(query))
            continue;
        query->by_tcp = (query->case_differed & 1u << query_server(query)) != 0 ||
                        upstream_wants_tls(query_upstream(query));
        query->case_differed &= (uint8_t) ~(1u << query_server(query));
        if (query_begin_try(query))
            return;
        if (!service_is_probing6(query->resolver->stack))
            query->failed |= (uint8_t)(1u << query_server(query));
        else
            may_come = true;
    }
    if (may_come) {
        query->tries = begun;
        query->err = err;
        await_address(query);
        return;
    }
    query_fail(query, err);
}

/* A reply that came by TCP because of its length says nothing about the server's delay. */
static bool shows_delay(const struct query *query)
{
    return !query->by_tcp || upstream_wants_tls(query_upstream(query));
}

/* Leaves the server out of later tries: it can't answer. A silent server counts as down
 * beyond this query. */
static void server_failed(struct query *query, enum leat_err err)
{
    query->resolver->counts.servers_failed++;
    if (shows_delay(query) && err != LEAT_ERR_SERVERS && err != LEAT_ERR_MEMORY)
        upstream_was_silent(query_upstream(query), query->resolver->config.timeout_ns);
    query->failed |= (uint8_t)(1u << query_server(query));
    next_try(query, err);
}

static void try_again(struct query *query)
{
    end_try(query);
    if (!query_begin_try(query))
        server_failed(query, LEAT_ERR_NO_ROUTE);
}

void query_go_on_by_tcp(struct query *query)
{
    query->by_tcp = true;
    try_again(query);
}

void queries_lost(struct upstream *upstream, enum leat_err err, bool again)
{
    bool clear;
    struct query *query = upstream_lose(upstream, &clear);

    while (query) {
        struct query *next = query->next_upstream;

        query->upstream = NULL;
        if (clear) {
            query->by_tcp = false;
            try_again(query);
        } else if (again && !query->sent_again) {
            query->sent_again = true;
            try_again(query);
        } else {
            server_failed(query, err);
        }
        query = next;
    }
}

/* Takes the query off its connection, which is closed if no reply has come on it meanwhile. */
static void leave_silent(struct query *query)
{
    struct upstream *upstream = query->upstream;

    upstream_leave(query);
    if (upstream && upstream->heard_ns < query->begin_ns)
        queries_lost(upstream, LEAT_ERR_TIMEOUT, true);
}

static void on_timeout(struct timer *timer, void *context)
{
    struct query *query = container_of(timer, struct query, timer);
    const bool is_last_round = query_round(query) + 1u == query->resolver->config.rounds;

    (void)context;
    if (query->awaits_address) {
        query->awaits_address = false;
        next_try(query, query->err);
        return;
    }
    if (query->unsent && leat_now_ns(query->resolver->stack) < query->end_ns) {
        if (!query_send(query))
            server_failed(query, LEAT_ERR_NO_ROUTE);
        return;
    }
    if (query->soft != LEAT_OK) {
        server_failed(query, query->soft);
        return;
    }
    query->resolver->counts.timeouts++;
    if (shows_delay(query) && !query->unsent)
        upstream_was_silent(query_upstream(query), query->end_ns - query->begin_ns);
    leave_silent(query);
    /* forget the cookie: a server that drops queries with cookies may have replaced the old one */
    if (is_last_round)
        dns_cookie_forget(&query_upstream(query)->cookie);
    query->tries++;
    next_try(query, LEAT_ERR_TIMEOUT);
}

/* RFC 7873 5.3: our cookie was out of date, and the reply has the right one. If that fails
 * too, TCP needs none. */
static void take_bad_cookie(struct query *query)
{
    query->resolver->counts.bad_cookies++;
    if (query->bad_cookies++ == 0)
        try_again(query);
    else
        query_go_on_by_tcp(query);
}

/* To follow "answered, but", for a reply with an error. */
static const char *why_failed(unsigned rcode)
{
    switch (rcode) {
    case LEAT_DNS_FORMERR:
        return "with FORMERR: it didn't understand the query";
    case LEAT_DNS_SERVFAIL:
        return "with SERVFAIL: it failed";
    case LEAT_DNS_NOTIMP:
        return "with NOTIMP: it doesn't know such queries";
    case LEAT_DNS_REFUSED:
        return "with REFUSED: it doesn't serve us";
    case LEAT_DNS_BADCOOKIE:
        return "with BADCOOKIE: our DNS cookie is too old";
    default:
        return "with an error";
    }
}

static void take_failure(struct query *query, unsigned rcode)
{
    query->rcode = rcode;
    query_note(query,
               rcode == LEAT_DNS_NOERROR ? "with a referral to other servers" : why_failed(rcode));
    if (rcode == LEAT_DNS_BADCOOKIE && !query->by_tcp) {
        take_bad_cookie(query);
        return;
    }
    if (rcode != LEAT_DNS_FORMERR) {
        server_failed(query, LEAT_ERR_SERVERS);
        return;
    }
    query->tries++; /* the server may dislike EDNS (RFC 6891 7), so the next round omits it */
    next_try(query, LEAT_ERR_SERVERS);
}

/* Handles an answer, described in resolver->result; false: it isn't taken. */
static bool take_answer(struct query *query)
{
    struct leat_resolver *resolver = query->resolver;

    if (resolver->config.no_rebinding && rebinds(resolver, &query->asked)) {
        resolver->counts.drop_private++;
        query_note(query, "with an address of a private network");
        query_fail(query, LEAT_ERR_SERVERS); /* the other servers have the same data */
        return false;
    }
    resolver->result.server = query->resolver->config.servers[query_server(query)];
    resolver->result.type = query->type;
    end_try(query);
    resolver_keep_reply(resolver, &query->asked, query->type);
    return true;
}

/* To follow "answered, but", for a message that isn't the reply. */
static const char *why_foreign(const struct query *query, enum dns_reply reply,
                               const uint8_t *message, size_t len)
{
    struct dns_header header;

    if (reply == DNS_REPLY_TRUNCATED)
        return "with a truncated reply by TCP";
    if (!dns_header_read(message, len, &header))
        return "with a message that is cut short";
    if (header.id != query->id)
        return "with another id than the query's";
    return "to another question, or with a malformed message";
}

/* Drops a message that isn't the reply. On a TCP connection it is the server's own fault. */
static void take_foreign(struct query *query, const char *why)
{
    query->resolver->counts.drop_foreign++;
    query_note(query, why);
    if (query->by_tcp)
        server_failed(query, LEAT_ERR_SERVERS);
}

/* False: the message is foreign, and the wait goes on, or the query was repeated. A truncated
 * reply leads to TCP in any case. */
static bool cookie_allows(struct query *query, const struct dns_edns *edns)
{
    enum dns_cookie_verdict verdict =
        dns_cookie_judge(&query_upstream(query)->cookie, &query->cookie, edns,
                         leat_now_ns(query->resolver->stack), query->by_tcp);

    if (verdict == DNS_COOKIE_GOOD || query->by_tcp)
        return true;
    query->resolver->counts.drop_cookie++;
    query_note(query, verdict == DNS_COOKIE_MISSING ? "without the DNS cookie that it knows"
                                                    : "with a wrong DNS cookie");
    if (verdict == DNS_COOKIE_MISSING) /* the server may have stopped using cookies */
        query_go_on_by_tcp(query);
    return false;
}

bool query_take_message(struct query *query, const uint8_t *message, size_t len)
{
    struct leat_resolver *resolver = query->resolver;
    struct dns_edns edns;
    const struct dns_asked asked = {
        .name = &query->name, .id = query->id, .type = query->type, .any_case = query->by_tcp};
    const enum dns_reply reply = dns_reply_read(&asked, message, len, &resolver->result, &edns);

    if (reply == DNS_REPLY_CASE) {
        query->case_differed |= (uint8_t)(1u << query_server(query));
        resolver->counts.drop_case++;
        query_note(query, "with the letters of the name in another case");
        return false;
    }
    if (reply == DNS_REPLY_FOREIGN || (reply == DNS_REPLY_TRUNCATED && query->by_tcp)) {
        take_foreign(query, why_foreign(query, reply, message, len));
        return false;
    }
    if (reply != DNS_REPLY_TRUNCATED && !cookie_allows(query, &edns))
        return false;
    resolver->counts.replies++;
    if (shows_delay(query))
        upstream_answered(query_upstream(query), leat_now_ns(resolver->stack) - query->begin_ns);
    if (reply == DNS_REPLY_TRUNCATED) {
        resolver->counts.truncated++;
        query_note(query, "with a truncated reply by UDP");
        query_go_on_by_tcp(query);
    } else if (reply == DNS_REPLY_FAILED) {
        take_failure(query, resolver->result.rcode);
    } else {
        return take_answer(query);
    }
    return false;
}

struct query *query_find(struct leat_resolver *resolver)
{
    const struct cache_key *key = &resolver->key;
    struct query *query = resolver->live_queries;

    while (query &&
           (query->hash != key->hash || query->type != key->type || query->asked.len != key->len ||
            !dns_bytes_equal(query->asked.wire, key->name, key->len)))
        query = query->next;
    return query;
}

/* Frees a query if none is free: the oldest without a lookup, which only renews the cache. */
static void end_renewal(struct leat_resolver *resolver)
{
    struct query *oldest = NULL;

    for (struct query *query = resolver->live_queries; query; query = query->next) {
        if (!query->lookups)
            oldest = query;
    }
    if (!oldest)
        return;
    query_stop(oldest);
    query_free(oldest);
}

struct query *query_start(struct leat_resolver *resolver, const struct leat_dns_name *name,
                          query_failed_fn *on_failed)
{
    struct query *query;

    if (!resolver->free_queries)
        end_renewal(resolver);
    query = resolver->free_queries;
    if (!query)
        return NULL;
    resolver->free_queries = query->next;
    memset(query, 0, sizeof *query);
    query->resolver = resolver;
    query->timer.fire = on_timeout;
    query->ready.run = on_failed;
    query->asked = *name;
    query->type = resolver->key.type;
    query->hash = resolver->key.hash;
    upstreams_order(resolver, query->order);
    query->live = true;
    query->next = resolver->live_queries;
    resolver->live_queries = query;
    next_try(query, LEAT_ERR_NO_ROUTE);
    return query;
}

void query_stop(struct query *query)
{
    struct query **link = &query->resolver->live_queries;

    end_try(query);
    stack_not_ready(&query->ready);
    while (*link != query)
        link = &(*link)->next;
    *link = query->next;
    query->live = false;
}

void query_free(struct query *query)
{
    query->next = query->resolver->free_queries;
    query->resolver->free_queries = query;
}
