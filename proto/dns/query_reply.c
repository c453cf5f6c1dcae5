/*
 * query_reply.c -- what a reply of a server means for its query: the answer, a failure, another try
 * by TCP or without EDNS, or nothing, because it is from elsewhere.
 */
#include <string.h>

#include "proto/dns/dns_reply.h"
#include "proto/dns/lookup.h"
#include "proto/wire/dns.h"

/* RFC 7873 5.3: our cookie was out of date, and the reply has the right one. If that fails
 * too, TCP needs none. */
static void take_bad_cookie(struct query *query)
{
    query->resolver->counts.bad_cookies++;
    if (query->bad_cookies++ == 0)
        query_try_again(query);
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

/* True if an error that may be about EDNS belongs to the question with EDNS, although it was
 * repeated without since: the first such error does. */
static bool answers_the_first(const struct query *query)
{
    return query->repeated_plain && !(query->plain & query_server_bit(query));
}

/* True if the error may mean that the server knows no EDNS, or not one of its options (RFC 6891 7).
 * Then it is asked again without: @edns is that of the reply, which has @len bytes. */
static bool take_dislike(struct query *query, unsigned rcode, const struct dns_edns *edns,
                         size_t len)
{
    struct upstream *upstream = query_upstream(query);
    const uint64_t now_ns = leat_now_ns(query->resolver->stack);
    const bool is_bare = len == DNS_HEADER_BYTES;

    if (upstream_wants_tls(upstream) ||
        (rcode != LEAT_DNS_FORMERR && rcode != LEAT_DNS_NOTIMP && rcode != LEAT_DNS_BADVERS))
        return false;
    if (answers_the_first(query)) { /* the answer to the repeated question follows */
        query->plain |= query_server_bit(query);
        query->plain_bare |= is_bare ? query_server_bit(query) : 0;
        query->resolver->counts.edns_refused++;
        return true;
    }
    if (!query->has_edns)
        return false;
    if (edns->is_there && query->cookie.is_set && rcode == LEAT_DNS_FORMERR) {
        dns_cookie_refused(&upstream->cookie, now_ns);
    } else {
        dns_cookie_forget(&upstream->cookie); /* a cookie would demand EDNS */
        query->plain |= query_server_bit(query);
        query->plain_bare |= is_bare ? query_server_bit(query) : 0;
    }
    query->resolver->counts.edns_refused++;
    query_try_again(query);
    return true;
}

static void take_failure(struct query *query, unsigned rcode, const struct dns_edns *edns,
                         size_t len)
{
    query->rcode = rcode;
    query_note(query,
               rcode == LEAT_DNS_NOERROR ? "with a referral to other servers" : why_failed(rcode));
    if (rcode == LEAT_DNS_BADCOOKIE && !query->by_tcp)
        take_bad_cookie(query);
    else if (!take_dislike(query, rcode, edns, len))
        query_server_failed(query, LEAT_ERR_SERVERS);
}

/* Learns of a reply how the server is asked best. A reply that came by UDP to a question that was
 * repeated without EDNS shows that EDNS was ignored, if it has none itself. */
static void learn(struct query *query, enum dns_reply reply, const struct dns_edns *edns)
{
    struct habits *habits = &query_upstream(query)->habits;
    const uint64_t now_ns = leat_now_ns(query->resolver->stack);

    if (!query->by_tcp && reply == DNS_REPLY_TRUNCATED && (query->variant & CACHE_DO))
        return; /* signatures are long: that is no habit */
    if (!query->by_tcp)
        habits_udp_answered(habits, reply == DNS_REPLY_TRUNCATED, now_ns);
    else if (!query_upstream(query)->secure) /* TLS shows nothing about UDP */
        habits_tcp_answered(habits, now_ns);
    if (reply == DNS_REPLY_FAILED)
        return;
    if (edns->is_there || query->has_edns)
        habits_edns_answered(habits, now_ns);
    else if (query->plain & ~query->plain_bare & query_server_bit(query))
        habits_edns_refused(habits, now_ns);
    else if (query->repeated_plain || (query->plain & query_server_bit(query)))
        habits_edns_doubted(habits, now_ns);
}

/* Handles an answer, described in resolver->result; false: it isn't taken. */
static bool take_answer(struct query *query, uint8_t *message)
{
    struct leat_resolver *resolver = query->resolver;

    /* names in the data may be compressed against the question, whose letter case was mixed */
    memcpy(message + DNS_HEADER_BYTES, query->asked.wire, query->asked.len);
    if (resolver->config.no_rebinding && rebinds(resolver, &query->asked)) {
        resolver->counts.drop_private++;
        query_note(query, "with an address of a private network");
        query_fail(query, LEAT_ERR_SERVERS); /* the other servers have the same data */
        return false;
    }
    resolver->result.server = query->resolver->config.servers[query_server(query)];
    resolver->result.type = query->type;
    query_end_try(query);
    resolver_keep_reply(resolver, query);
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
        query_server_failed(query, LEAT_ERR_SERVERS);
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

/* The server has lowered the name. TCP needs no letter case against forgers; without TCP, names
 * are sent in lower case from now on. */
static void take_lowered(struct query *query)
{
    struct upstream *upstream = query_upstream(query);
    const uint64_t now_ns = leat_now_ns(query->resolver->stack);

    query->resolver->counts.drop_case++;
    query_note(query, "with the letters of the name in another case");
    habits_lowered(&upstream->habits, now_ns);
    habits_udp_answered(&upstream->habits, false, now_ns);
    query->by_habit = habits_want_tcp(&upstream->habits, now_ns);
    query->by_tcp = query->by_habit;
    query_try_again(query);
}

/* False: the reply is from elsewhere, or an attacker, or needs another try, which has begun. */
static bool is_taken(struct query *query, enum dns_reply reply, const struct dns_edns *edns,
                     const uint8_t *message, size_t len)
{
    struct leat_resolver *resolver = query->resolver;

    if (reply == DNS_REPLY_LOWERED) {
        take_lowered(query);
        return false;
    }
    if (reply == DNS_REPLY_CASE) {
        resolver->counts.drop_case++;
        query_note(query, "with the letters of the name in another case");
        return false;
    }
    if (reply == DNS_REPLY_FOREIGN || (reply == DNS_REPLY_TRUNCATED && query->by_tcp)) {
        take_foreign(query, why_foreign(query, reply, message, len));
        return false;
    }
    return reply == DNS_REPLY_TRUNCATED || cookie_allows(query, edns);
}

/* True if a header alone may be the server's reply. Its forger needs only the right id and port. So
 * it is believed only where EDNS may be its cause: the query had EDNS, and the server isn't known
 * to answer such queries. */
static bool may_be_bare(const struct query *query, uint64_t now_ns)
{
    const bool had_edns = query->has_edns || query->repeated_plain;

    return query->by_tcp || (had_edns && !habits_is(query_upstream(query)->habits.edns_ns, now_ns));
}

/* The time at which the question of a reply was sent. A failure may answer either of two. */
static uint64_t asked_at_ns(const struct query *query, enum dns_reply reply,
                            const struct dns_edns *edns)
{
    return query->repeated_plain && !edns->is_there && reply != DNS_REPLY_FAILED
               ? query->repeated_ns
               : query->begin_ns;
}

bool query_take_message(struct query *query, uint8_t *message, size_t len)
{
    struct leat_resolver *resolver = query->resolver;
    struct upstream *upstream = query_upstream(query);
    const uint64_t now_ns = leat_now_ns(resolver->stack);
    struct dns_edns edns;
    const struct dns_asked asked = {.name = &query->name,
                                    .id = query->id,
                                    .type = query->type,
                                    .any_case = query->by_tcp,
                                    .may_be_bare = may_be_bare(query, now_ns)};
    const enum dns_reply reply = dns_reply_read(&asked, message, len, &resolver->result, &edns);

    if (!is_taken(query, reply, &edns, message, len))
        return false;
    resolver->counts.replies++;
    learn(query, reply, &edns);
    if (query_shows_delay(query))
        upstream_answered(upstream, now_ns - asked_at_ns(query, reply, &edns));
    if (reply == DNS_REPLY_TRUNCATED) {
        resolver->counts.truncated++;
        query_note(query, "with a truncated reply by UDP");
        query_go_on_by_tcp(query);
    } else if (reply == DNS_REPLY_FAILED) {
        take_failure(query, resolver->result.rcode, &edns, len);
    } else {
        return take_answer(query, message);
    }
    return false;
}
