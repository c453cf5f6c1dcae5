/*
 * query.c -- the conversation of a query with its servers.
 *
 * A query is a series of tries (query_try.c) with alternating servers. A try ends with an answer,
 * with a server that can't answer (and is left out from then on), or with a timeout. After a TC
 * reply it goes on by TCP, on the connection to that server (upstream_conn.c).
 */
#include "proto/dns/lookup.h"

#include <string.h>

#include "core/container_of.h"
#include "core/refusal.h"
#include "proto/wire/dns.h"

static const uint64_t probing_delay_ns = 50000000; /* small against the second of RFC 4862 5.4 */

void query_note(struct query *query, const char *why)
{
    refusal_note(&query->refusal, query->resolver->config.servers[query_server(query)].ip, why);
}

/* Ends the try. The connection stays, because other queries may use it. */
void query_end_try(struct query *query)
{
    service_timer_cancel(query->resolver->stack, &query->timer);
    query_close_socket(query);
    upstream_leave(query);
}

/* Ends the query with an error, reported from the ready queue. */
void query_fail(struct query *query, enum leat_err err)
{
    query_end_try(query);
    query->err = err;
    service_ready(query->resolver->stack, &query->ready);
}

/* Waits until an address of ours has been checked, because it may give a route to a server. */
static void await_address(struct query *query)
{
    struct leat *stack = query->resolver->stack;

    /* by the timer, because no event reports the end of the check */
    query_end_try(query);
    query->awaits_address = true;
    service_timer_set(stack, &query->timer, leat_now_ns(stack) + probing_delay_ns);
}

/* By TCP if the server has TLS, or the habit; or at last, if UDP is never answered: then it, or a
 * filter on the path, may not have UDP. */
static void choose_transport(struct query *query)
{
    const struct habits *habits = &query_upstream(query)->habits;
    const uint64_t now_ns = leat_now_ns(query->resolver->stack);
    const unsigned round = query_round(query);
    const bool at_last = round > 0 && round + 1u == query->resolver->config.rounds &&
                         !habits_is(habits->udp_ns, now_ns) &&
                         !habits_is(habits->no_tcp_ns, now_ns);

    query->by_tcp = upstream_wants_tls(query_upstream(query));
    query->by_habit = !query->by_tcp && (habits_want_tcp(habits, now_ns) || at_last);
    query->by_tcp |= query->by_habit;
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
        query_end_try(query);
        /* it has said that it can't answer, and would say so again */
        if (query->failed & query_server_bit(query))
            continue;
        choose_transport(query);
        if (query_begin_try(query))
            return;
        /* a route can only come with an address that is being checked, and there is none */
        if (!service_is_probing6(query->resolver->stack))
            query->failed |= query_server_bit(query);
        else
            may_come = true;
    }
    if (may_come) {
        /* these tries begin again when the address may be used */
        query->tries = begun;
        query->err = err;
        await_address(query);
        return;
    }
    query_fail(query, err);
}

bool query_shows_delay(const struct query *query)
{
    return !query->by_tcp || upstream_wants_tls(query_upstream(query));
}

void query_server_failed(struct query *query, enum leat_err err)
{
    query->resolver->counts.servers_failed++;
    /* a failure counts as a slow reply, so that another server is asked first */
    if (query_shows_delay(query) && err != LEAT_ERR_SERVERS && err != LEAT_ERR_MEMORY)
        upstream_was_silent(query_upstream(query), query->resolver->config.timeout_ns);
    query->failed |= query_server_bit(query);
    next_try(query, err);
}

void query_try_again(struct query *query)
{
    query_end_try(query);
    if (!query_begin_try(query))
        query_server_failed(query, LEAT_ERR_NO_ROUTE);
}

void query_go_on_by_tcp(struct query *query)
{
    query->by_tcp = true;
    query->by_habit = false;
    query_try_again(query);
}

/* TCP failed with @err, and no reply demanded it: goes on by UDP, in the same try. A failure for
 * lack of our memory says nothing about the server. */
static void go_back_to_udp(struct query *query, enum leat_err err)
{
    if (err != LEAT_ERR_MEMORY)
        habits_tcp_failed(&query_upstream(query)->habits, leat_now_ns(query->resolver->stack));
    query->by_tcp = false;
    query->by_habit = false;
    query_try_again(query);
}

void queries_lost(struct upstream *upstream, enum leat_err err, bool again)
{
    bool clear;
    struct query *query = upstream_lose(upstream, &clear);

    /* The list has been taken off the connection. Queries that are repeated may open a new one
     * meanwhile. */
    while (query) {
        struct query *next = query->next_upstream;

        query->upstream = NULL;
        if (clear) {
            query->by_tcp = false;
            query_try_again(query);
        } else if (again && !query->sent_again) {
            query->sent_again = true;
            query_try_again(query);
        } else if (query->by_habit) {
            go_back_to_udp(query, err);
        } else {
            query_server_failed(query, err);
        }
        query = next;
    }
}

/* Takes the query off its connection, which is closed if no reply has come on it meanwhile. */
static void leave_silent(struct query *query)
{
    struct upstream *upstream = query->upstream;

    /* a server that has answered others on this connection since is only slow with this question */
    upstream_leave(query);
    if (upstream && upstream->heard_ns < query->begin_ns)
        queries_lost(upstream, LEAT_ERR_TIMEOUT, true);
}

/* The server has not answered in the try's time. */
static void take_silence(struct query *query)
{
    struct upstream *upstream = query_upstream(query);

    query->resolver->counts.timeouts++;
    if (query->unsent)
        return; /* the shortage was ours */
    if (query_shows_delay(query))
        upstream_was_silent(upstream, query->end_ns - query->begin_ns);
    if (query->by_habit)
        habits_tcp_failed(&upstream->habits, leat_now_ns(query->resolver->stack));
    else if (query->has_edns)
        habits_silent(&upstream->habits);
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
    /* the question hasn't left yet, for lack of memory */
    if (query->unsent && leat_now_ns(query->resolver->stack) < query->end_ns) {
        if (!query_send(query))
            query_server_failed(query, LEAT_ERR_NO_ROUTE);
        return;
    }
    /* an ICMP error has come, and no answer since */
    if (query->soft != LEAT_OK) {
        query_server_failed(query, query->soft);
        return;
    }
    if (query->may_repeat && leat_now_ns(query->resolver->stack) < query->end_ns) {
        query_repeat(query);
        return;
    }
    take_silence(query);
    leave_silent(query);
    /* forget the cookie: a server that drops queries with cookies may have replaced the old one */
    if (is_last_round)
        dns_cookie_forget(&query_upstream(query)->cookie);
    query->tries++;
    next_try(query, LEAT_ERR_TIMEOUT);
}

struct query *query_find(struct leat_resolver *resolver)
{
    const struct cache_key *key = &resolver->key;
    struct query *query = resolver->live_queries;

    while (query && (query->hash != key->hash || query->type != key->type ||
                     query->variant != key->variant || query->asked.len != key->len ||
                     !dns_bytes_equal(query->asked.wire, key->name, key->len)))
        query = query->next;
    return query;
}

/* Frees a query if none is free: the oldest without a lookup, which only renews the cache. */
static void end_renewal(struct leat_resolver *resolver)
{
    struct query *oldest = NULL;

    for (struct query *query = resolver->live_queries; query; query = query->next) {
        /* new queries are put in front, so the last one that is found is the oldest */
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
    query->variant = resolver->key.variant;
    /* equal lookups find the query by this key, and share it */
    query->hash = resolver->key.hash;
    upstreams_order(resolver, query->order);
    query->live = true;
    query->next = resolver->live_queries;
    resolver->live_queries = query;
    /* last: it may fail at once, which is reported from the ready queue */
    next_try(query, LEAT_ERR_NO_ROUTE);
    return query;
}

void query_stop(struct query *query)
{
    struct query **link = &query->resolver->live_queries;

    query_end_try(query);
    /* an error that isn't reported yet has no reader any more */
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
