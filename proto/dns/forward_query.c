/* forward_query.c -- handles a query, by UDP or TCP. See forward.h. */
#include <string.h>

#include "proto/dns/forward.h"

enum {
    IPV4_BITS = 96 /* in front of an address of IPv4 */
};

static const uint64_t second_ns = 1000000000;

static bool is_in(const struct leat_ip *ip, const struct leat_forwarder_network *network)
{
    /* all addresses have 16 bytes; those of IPv4 are mapped (::ffff:a.b.c.d) */
    const unsigned bits = network->prefix_bits + (leat_ip_is_v4(network->ip) ? IPV4_BITS : 0u);
    const unsigned whole = bits / 8;
    const unsigned mask = 0xff00u >> bits % 8 & 0xff;

    return memcmp(ip->bytes, network->ip.bytes, whole) == 0 &&
           (bits % 8 == 0 || ((ip->bytes[whole] ^ network->ip.bytes[whole]) & mask) == 0);
}

/* Reports a refused client to the program, at most once a second. */
static void tell_prohibited(struct leat_forwarder *forwarder, const struct leat_ip *ip)
{
    const struct leat_forwarder_config *config = &forwarder->config;
    const uint64_t now_ns = leat_now_ns(forwarder->stack);

    if (!config->on_prohibited ||
        (forwarder->prohibited_at_ns > 0 && now_ns - forwarder->prohibited_at_ns < second_ns))
        return;
    forwarder->prohibited_at_ns = now_ns;
    config->on_prohibited(config->on_prohibited_arg, *ip);
}

bool forward_admits(struct leat_forwarder *forwarder, const struct leat_ip *ip)
{
    const struct leat_forwarder_config *config = &forwarder->config;

    for (unsigned i = 0; i < config->network_count; i++) {
        if (is_in(ip, &config->networks[i]))
            return true;
    }
    /* without a list everyone is served */
    if (config->network_count == 0)
        return true;
    forwarder->counts.prohibited++;
    tell_prohibited(forwarder, ip);
    return false;
}

/* Sets the resolver, and resolver->kept to the program's or the cache's answer to the question;
 * false: the servers must be asked. */
static bool find(struct leat_forwarder *forwarder, const struct forward_from *from,
                 const struct dns_question *question, uint8_t variant)
{
    struct leat_resolver *resolver;
    struct cache_entry *entry;

    /* copied, because the question may lie in scratch, which a reply overwrites */
    forwarder->name.len = (uint8_t)question->name_bytes;
    memcpy(forwarder->name.wire, question->name, question->name_bytes);
    forward_choose(forwarder);
    /* before the cache: the program may have blocked a name since it was cached */
    if (forward_own(forwarder, from, question->type))
        return true;
    resolver = forwarder->resolver;
    resolver_key(resolver, &forwarder->name, question->type, variant);
    entry = resolver_find(resolver, &forwarder->name);
    if (!entry)
        return false;
    /* RFC 9520: the servers have failed a moment ago, and aren't asked again yet */
    if (!resolver_keep_from(resolver, entry))
        forwarder->extended_error = LEAT_FORWARDER_CACHED_ERROR;
    forwarder->told.access.how = LEAT_DNS_HOW_CACHE;
    forwarder->counts.cached++;
    forwarder->way->counts.cached++;
    return true;
}

/* The rcode that refuses the query, or NOERROR. Without RD it would reveal what other clients have
 * asked for. */
static unsigned refusal_of(struct leat_forwarder *forwarder, const struct forward_from *from,
                           const struct dns_query *asked)
{
    /* first: a client from elsewhere learns nothing else */
    if (!forward_admits(forwarder, &from->peer.ip)) {
        forwarder->extended_error = LEAT_FORWARDER_PROHIBITED;
        return LEAT_DNS_REFUSED;
    }
    return dns_query_refusal(asked, (asked->header.flags & DNS_RD) != 0);
}

/* The parts of a query that its reply needs. */
static struct forward_form form_of(const struct dns_query *asked, enum dns_query_verdict verdict,
                                   enum leat_dns_transport transport, size_t reply_bytes)
{
    const uint16_t flags = asked->header.flags;
    const bool has_edns = asked->has_edns && verdict != DNS_QUERY_FORMERR;
    const bool dnssec_ok = has_edns && asked->edns.dnssec_ok;

    /* RFC 1035 4.1.1 and RFC 4035 3.2.2: RD, CD and the opcode are those of the query */
    return (struct forward_form){
        .id = asked->header.id,
        .flags = flags & (DNS_RD | DNS_CD | 15u << 11),
        .limit = dns_query_limit(asked, transport, reply_bytes),
        .by_tcp = dns_is_by_stream(transport),
        .has_edns = has_edns,
        .is_padded = has_edns && dns_is_encrypted(transport),
        .dnssec_ok = dnssec_ok,
        .wants_ad = dnssec_ok || (flags & DNS_AD),
        .variant = (uint8_t)((dnssec_ok ? CACHE_DO : 0) | (flags & DNS_CD ? CACHE_CD : 0))};
}

/* How a query is answered that isn't looked up. */
static enum leat_dns_how early_how(enum dns_query_verdict verdict,
                                   enum leat_dns_transport transport)
{
    if (verdict == DNS_QUERY_COOKIE)
        return LEAT_DNS_HOW_COOKIE;
    return verdict == DNS_QUERY_GOOD && transport == LEAT_DNS_SLIP ? LEAT_DNS_HOW_LIMITED
                                                                   : LEAT_DNS_HOW_REFUSED;
}

/* NOLINTNEXTLINE(readability-function-size): two messages, each with its length */
enum forward_outcome forward_take(struct leat_forwarder *forwarder, const struct forward_from *from,
                                  enum leat_dns_transport transport, const uint8_t *query,
                                  size_t query_len, uint8_t *reply, size_t reply_bytes,
                                  size_t *reply_len)
{
    struct dns_query asked;
    const enum dns_query_verdict verdict = dns_query_read(&asked, query, query_len);
    const struct dns_question *question = &asked.question;
    struct forward_form form;
    unsigned rcode;

    if (verdict == DNS_QUERY_DROP) {
        forwarder->counts.drop_format++;
        return FORWARD_NOTHING;
    }
    forwarder->told.access.how = early_how(verdict, transport);
    form = form_of(&asked, verdict, transport, reply_bytes);
    asked.has_edns = form.has_edns;
    dns_cookie_reply_to(&from->asker, &asked, transport, &form.cookie);
    if (verdict == DNS_QUERY_COOKIE) {
        rcode = dns_cookie_rcode(&asked, &form.cookie);
        *reply_len = forward_write(forwarder, &form, NULL, NULL, rcode, reply);
        return FORWARD_REPLY;
    }
    if (verdict == DNS_QUERY_FORMERR || dns_opcode(asked.header.flags) != DNS_OPCODE_QUERY) {
        *reply_len =
            forward_write(forwarder, &form, NULL, NULL,
                          verdict == DNS_QUERY_FORMERR ? LEAT_DNS_FORMERR : LEAT_DNS_NOTIMP, reply);
        return FORWARD_REPLY;
    }
    rcode = refusal_of(forwarder, from, &asked);
    if (transport == LEAT_DNS_SLIP || rcode != LEAT_DNS_NOERROR) {
        form.flags |= transport == LEAT_DNS_SLIP ? DNS_TC : 0;
        *reply_len = forward_write(forwarder, &form, question, NULL,
                                   transport == LEAT_DNS_SLIP ? LEAT_DNS_NOERROR : rcode, reply);
        return FORWARD_REPLY;
    }
    if (find(forwarder, from, question, form.variant)) {
        const struct forward_ends ends = {.peer = from->peer.ip, .local = from->local_ip};

        *reply_len = forward_write_kept(forwarder, &ends, &form, question, reply);
        return FORWARD_REPLY;
    }
    asked.question.name = forwarder->name.wire; /* scratch may be overwritten */
    if (forward_await(forwarder, from, &form, question->type))
        return FORWARD_WAITS;
    forwarder->told.access.how = LEAT_DNS_HOW_BUSY;
    forwarder->counts.busy++;
    forwarder->way->counts.busy++;
    *reply_len = forward_write(forwarder, &form, question, NULL, LEAT_DNS_SERVFAIL, reply);
    return FORWARD_REPLY;
}
