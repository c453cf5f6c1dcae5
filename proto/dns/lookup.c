/*
 * lookup.c -- lookups of the program: answered from the cache, or by a query that equal lookups
 * share.
 */
#include "proto/dns/lookup.h"

#include <string.h>

#include "core/assert.h"
#include "core/container_of.h"
#include "proto/dns/dns_reply.h"
#include "proto/wire/dns.h"

enum {
    PREFETCH_PART = 10 /* a hit in the last part of the TTL renews the answer */
};

static const uint64_t stale_answer_ns = 1800000000; /* RFC 8767 5: wait before a stale answer
                                                     * is used */

/* Reports the error of a query to its lookups. */
static void on_query_failed(struct leat *stack, struct ready *ready)
{
    struct query *query = container_of(ready, struct query, ready);

    (void)stack;
    lookups_tell(query, query->err, NULL);
}

/* Renews an entry that is about to expire, if a query is free. */
static void prefetch(struct leat_resolver *resolver, const struct leat_dns_name *name)
{
    struct query *query;

    leat_debug_assert(resolver->config.prefetch);
    if (!resolver->free_queries || query_find(resolver))
        return;
    query = query_start(resolver, name, on_query_failed);
    /* it goes on although no lookup waits for it */
    query->renews = true;
    resolver->counts.prefetches++;
}

struct cache_entry *resolver_find(struct leat_resolver *resolver, const struct leat_dns_name *name)
{
    struct cache_entry *entry = resolver_find_stale(resolver);
    const uint32_t now_s = resolver_now_s(resolver);
    uint32_t left_s;

    if (!entry)
        return NULL;
    left_s = cache_left_s(entry, now_s);
    if (left_s == 0) {
        /* RFC 8767 5: the servers are asked first, unless they have failed a moment ago */
        if (now_s >= entry->recheck_s)
            return NULL;
        resolver->counts.cache_stale++;
        return entry;
    }
    /* the cache keeps answers that are asked for (cache.h) */
    entry->used = true;
    resolver->counts.cache_hits++;
    if (resolver->config.prefetch && left_s <= entry->ttl_s / PREFETCH_PART &&
        now_s >= entry->recheck_s)
        prefetch(resolver, name);
    return entry;
}

/* ---- telling ------------------------------------------------------------------------------ */

static void release(struct leat_lookup *lookup)
{
    struct leat_resolver *resolver = lookup->resolver;

    leat_debug_assert(lookup->on_done); /* it has a caller */
    /* the place may be used again at once, so nothing may call back */
    service_timer_cancel(resolver->stack, &lookup->stale_timer);
    stack_not_ready(&lookup->ready);
    lookup->on_done = NULL;
    lookup->query = NULL;
    lookup->next = resolver->free_lookups;
    resolver->free_lookups = lookup;
}

/* Ends a lookup. When this returns it may belong to another caller, or the resolver may be
 * closed. */
static void tell(struct leat_lookup *lookup, enum leat_err err)
{
    leat_lookup_fn *on_done = lookup->on_done;
    void *arg = lookup->arg;
    const struct leat_dns_result *result = &lookup->resolver->result;

    /* before the callback, which may start another lookup in this place */
    release(lookup);
    on_done(arg, err, result);
}

/* The end of the @count records behind @at, in a message of our own. */
static size_t records_end(const struct leat_dns_result *result, size_t at, unsigned count)
{
    struct leat_dns_record record;

    for (; count > 0; count--) {
        const bool legal = dns_record_read(result->message, result->message_len, &at, &record);

        leat_assert(legal);
        (void)legal;
    }
    return at;
}

/* Makes resolver->result a message from a cached answer, in the form of a server's reply. */
static enum leat_err result_from(struct leat_resolver *resolver, const struct cache_entry *entry,
                                 const struct leat_lookup *lookup)
{
    struct leat_dns_result *result = &resolver->result;
    const struct dns_kept *kept = &resolver->kept;
    struct dns_writer writer;

    *result = (struct leat_dns_result){
        .rcode = entry->rcode, .name = lookup->asked, .type = lookup->type};
    if (!resolver_keep_from(resolver, entry))
        return LEAT_ERR_SERVERS;
    dns_write_start(&writer, resolver->keeper.bytes, resolver->keeper.bytes_max);
    dns_write_question(&writer, lookup->asked.wire, lookup->type, DNS_CLASS_IN);
    result->answers_at = writer.len;
    dns_kept_copy(kept, &resolver->kept_age, writer.bytes + writer.len);
    writer.len += kept->records_len;
    writer.counts[DNS_ANSWER] = kept->answers;
    writer.counts[DNS_AUTHORITY] = kept->authorities;
    result->message_len =
        dns_write_end(&writer, 0, (uint16_t)(DNS_QR | DNS_RD | DNS_RA | entry->rcode));
    result->message = writer.bytes;
    result->answers_end = records_end(result, result->answers_at, kept->answers);
    return dns_reply_follow(result);
}

static void tell_from(struct leat_lookup *lookup, const struct cache_entry *entry)
{
    const enum leat_err err = result_from(lookup->resolver, entry, lookup);

    tell(lookup, err); /* last: it may close the resolver */
}

/* Reports the outcome to one lookup of a query: the reply in @message, or the error @err. */
static void tell_outcome(struct leat_lookup *lookup, const struct query *query, enum leat_err err,
                         const struct cache_entry *stale, uint8_t *message)
{
    struct leat_dns_result *result = &lookup->resolver->result;

    /* RFC 8767 4: stale data only if the servers don't answer */
    if (err != LEAT_OK && stale) {
        lookup->resolver->counts.cache_stale++;
        tell_from(lookup, stale);
        return;
    }
    if (err != LEAT_OK) {
        lookup->resolver->has_kept = false;
        *result = (struct leat_dns_result){.rcode = query->rcode,
                                           .refusal = query->refusal,
                                           .name = lookup->asked,
                                           .type = lookup->type};
        tell(lookup, err);
        return;
    }
    leat_assert(message != NULL); /* an outcome without an error is a reply */
    /* restore the program's letter case, which the query had mixed */
    memcpy(message + DNS_HEADER_BYTES, lookup->asked.wire, lookup->asked.len);
    result->name = lookup->asked;
    result->refusal = (struct leat_refusal){.why = NULL};
    tell(lookup, dns_reply_follow(result));
}

void lookups_tell(struct query *query, enum leat_err err, uint8_t *message)
{
    struct leat_resolver *resolver = query->resolver;
    struct cache_entry *stale = NULL;
    bool gone = false;

    /* first: a lookup that a callback starts must not join a query that is over */
    query_stop(query);
    /* a callback may close the resolver, and free its memory */
    resolver->gone = &gone;
    if (err != LEAT_OK) {
        resolver_key(resolver, &query->asked, query->type, query->variant);
        stale = resolver_find_stale(resolver);
        if (err != LEAT_ERR_NO_ROUTE) /* no route: found without a wait, and not a fault of
                                       * the servers */
            resolver_keep_failure(resolver, stale);
    }
    while (!gone && query->lookups) {
        struct leat_lookup *lookup = query->lookups;

        query->lookups = lookup->next;
        tell_outcome(lookup, query, err, stale, message);
    }
    if (gone)
        return;
    resolver->gone = NULL;
    resolver->has_kept = false;
    query_free(query);
}

/* ---- asking ------------------------------------------------------------------------------- */

/* Has the lookup wait for a query; false: there are too many queries. */
static bool wait_for_query(struct leat_lookup *lookup)
{
    struct leat_resolver *resolver = lookup->resolver;
    struct leat *stack = resolver->stack;
    struct query *query = query_find(resolver);

    if (query)
        resolver->counts.joined++;
    else
        query = query_start(resolver, &lookup->asked, on_query_failed);
    if (!query)
        return false;
    lookup->query = query;
    lookup->next = query->lookups;
    query->lookups = lookup;
    /* RFC 8767 5: a stale answer is used if the servers take longer than a person would wait */
    if (resolver_find_stale(resolver))
        service_timer_set(stack, &lookup->stale_timer, leat_now_ns(stack) + stale_answer_ns);
    return true;
}

/* Takes the lookup off its query, which goes on. */
static void leave_query(struct leat_lookup *lookup)
{
    struct leat_lookup **link = &lookup->query->lookups;

    while (*link != lookup)
        link = &(*link)->next;
    *link = lookup->next;
    lookup->query = NULL;
}

/* The servers are slow, so the stale answer is used. */
static void on_stale_timer(struct timer *timer, void *context)
{
    struct leat_lookup *lookup = container_of(timer, struct leat_lookup, stale_timer);
    struct leat_resolver *resolver = lookup->resolver;
    struct cache_entry *entry;

    (void)context;
    resolver_key(resolver, &lookup->asked, lookup->type, lookup->variant);
    entry = resolver_find_stale(resolver);
    if (!entry)
        return;
    /* the query goes on: a late answer still renews the cache */
    lookup->query->renews = true;
    leave_query(lookup);
    resolver->counts.cache_stale++;
    tell_from(lookup, entry);
}

static void on_ready(struct leat *stack, struct ready *ready)
{
    struct leat_lookup *lookup = container_of(ready, struct leat_lookup, ready);
    struct leat_resolver *resolver = lookup->resolver;
    struct cache_entry *entry;

    (void)stack;
    resolver_key(resolver, &lookup->asked, lookup->type, lookup->variant);
    entry = resolver_find_stale(resolver);
    /* looked up again: between the call and now the answer may have been replaced or evicted */
    if (entry) {
        tell_from(lookup, entry);
    } else if (!wait_for_query(lookup)) { /* the entry was evicted meanwhile */
        resolver->has_kept = false;
        resolver->result = (struct leat_dns_result){.name = lookup->asked, .type = lookup->type};
        tell(lookup, LEAT_ERR_FULL);
    }
}

/* NOLINTNEXTLINE(readability-function-size): the arguments of leat_lookup_start(), and @variant */
enum leat_err lookup_start(struct leat_resolver *resolver, const struct leat_dns_name *name,
                           uint16_t type, uint8_t variant, leat_lookup_fn *on_done, void *arg,
                           struct leat_lookup **lookup)
{
    struct leat_lookup *made = resolver->free_lookups;

    if (!made)
        return LEAT_ERR_FULL;
    resolver->free_lookups = made->next;
    memset(made, 0, sizeof *made);
    made->resolver = resolver;
    made->ready.run = on_ready;
    made->stale_timer.fire = on_stale_timer;
    made->on_done = on_done;
    made->arg = arg;
    made->asked = *name;
    made->type = type;
    made->variant = variant;
    resolver_key(resolver, name, type, variant);
    /* reported from the ready queue, so that on_done is never called before this function
     * returns */
    if (resolver_find(resolver, name)) {
        service_ready(resolver->stack, &made->ready);
    } else if (!wait_for_query(made)) {
        /* no query is free, but a stale answer does instead */
        if (!resolver_find_stale(resolver)) {
            release(made);
            return LEAT_ERR_FULL;
        }
        resolver->counts.cache_stale++;
        service_ready(resolver->stack, &made->ready);
    }
    if (lookup)
        *lookup = made;
    return LEAT_OK;
}

enum leat_err leat_lookup_start(struct leat_resolver *resolver, const struct leat_dns_name *name,
                                uint16_t type, leat_lookup_fn *on_done, void *arg,
                                struct leat_lookup **lookup)
{
    return lookup_start(resolver, name, type, 0, on_done, arg, lookup);
}

void leat_lookup_cancel(struct leat_lookup *lookup)
{
    struct query *query = lookup->query;

    if (query)
        leave_query(lookup);
    release(lookup);
    /* a query without lookups ends, unless it renews the cache; one that isn't live is being
     * reported */
    if (query && query->live && !query->lookups && !query->renews) {
        query_stop(query);
        query_free(query);
    }
}
