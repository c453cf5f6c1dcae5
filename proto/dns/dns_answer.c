/*
 * dns_answer.c -- authoritative answers: turns the bytes of a query into those of the reply.
 *
 * The search for a name goes from the apex down (RFC 1034 4.3.2). It ends at a delegation, at the
 * name, or at the closest existing name, where a wildcard may apply (RFC 4592). A CNAME restarts
 * the search, as long as it stays in the zone.
 */
#include <leat/dns_server.h>

#include <string.h>

#include "proto/dns/cookie_keeper.h"
#include "proto/dns/dns_zone.h"
#include "core/assert.h"
#include "wire/bytes.h"

enum {
    CHAIN_MAX = 8,   /* names along CNAMEs in one answer */
    TARGETS_MAX = 16 /* names whose addresses are added for one set */
};

struct reply {
    const struct leat_dns_zone *zone;
    struct dns_writer writer;
    uint16_t type; /* asked for */
    uint16_t flags;
    unsigned rcode;
};

/* How the search for a name ended. */
enum found {
    FOUND_NAME,
    FOUND_CUT,    /* a delegation */
    FOUND_NOTHING /* no such name */
};

/* Where it ended. */
struct place {
    struct dns_zone_range node; /* the records of that name */
    const uint8_t *name;        /* owner of the delegation */
};

/* Writes a set completely or not at all; false: it does not fit. */
static bool add_set(struct reply *reply, enum dns_section section, const uint8_t *owner,
                    struct dns_zone_range set)
{
    const struct dns_mark mark = dns_write_mark(&reply->writer);

    leat_debug_assert(set.first <= set.end);
    for (uint32_t i = set.first; i < set.end && !reply->writer.full; i++) {
        struct dns_new_record record = *dns_zone_record(reply->zone, i);

        record.owner = owner;
        dns_write_record(&reply->writer, section, &record);
    }
    if (!reply->writer.full)
        return true;
    dns_write_rewind(&reply->writer, &mark);
    return false;
}

/* Writes a set without which the reply is incomplete; sets TC if it does not fit (RFC 2181 9). */
static bool add_needed_set(struct reply *reply, enum dns_section section, const uint8_t *owner,
                           struct dns_zone_range set)
{
    if (add_set(reply, section, owner, set))
        return true;
    reply->flags |= DNS_TC;
    return false;
}

/* RFC 2308 3: the SOA record gives the negative TTL. */
static void add_soa(struct reply *reply)
{
    struct dns_new_record soa = *dns_zone_record(reply->zone, reply->zone->soa);
    const uint32_t minimum_s = get32(soa.rdata + soa.rdata_len - 4);
    const struct dns_mark mark = dns_write_mark(&reply->writer);

    leat_assert(soa.rdata_len >= 4);
    if (minimum_s < soa.ttl_s)
        soa.ttl_s = minimum_s;
    dns_write_record(&reply->writer, DNS_AUTHORITY, &soa);
    if (reply->writer.full) {
        dns_write_rewind(&reply->writer, &mark);
        reply->flags |= DNS_TC;
    }
}

/* The name in the data of an NS, CNAME or MX record. */
static const uint8_t *target_of(const struct dns_new_record *record)
{
    leat_debug_assert(dns_fields(record->type) != NULL);
    return record->rdata + (record->type == LEAT_DNS_MX ? 2 : 0);
}

static bool is_repeated(const struct leat_dns_zone *zone, uint32_t first, uint32_t at)
{
    const uint8_t *target = target_of(dns_zone_record(zone, at));

    while (first < at) {
        if (dns_name_order(target, target_of(dns_zone_record(zone, first++))) == 0)
            return true;
    }
    return false;
}

/* Adds the addresses of the names in a set of NS or MX records, as far as they fit. RFC 9471:
 * those of servers below @cut (NULL: no referral) must fit, otherwise TC is set. */
static void add_addresses(struct reply *reply, struct dns_zone_range set, const uint8_t *cut)
{
    const uint32_t end = set.end - set.first > TARGETS_MAX ? set.first + TARGETS_MAX : set.end;
    static const uint16_t types[] = {LEAT_DNS_A, LEAT_DNS_AAAA};

    for (uint32_t i = set.first; i < end; i++) {
        const uint8_t *target = target_of(dns_zone_record(reply->zone, i));
        struct dns_zone_range node;

        /* several MX records may name one host */
        if (is_repeated(reply->zone, set.first, i))
            continue;
        dns_zone_find(reply->zone, target, &node);
        for (unsigned j = 0; j < 2; j++) {
            if (!add_set(reply, DNS_ADDITIONAL, target,
                         dns_zone_set(reply->zone, node, types[j])) &&
                cut && dns_name_below(target, cut) >= 0)
                reply->flags |= DNS_TC;
        }
    }
}

static void refer(struct reply *reply, const struct place *place)
{
    const struct dns_zone_range set = dns_zone_set(reply->zone, place->node, LEAT_DNS_NS);

    if (add_needed_set(reply, DNS_AUTHORITY, place->name, set))
        add_addresses(reply, set, place->name);
}

/* RFC 4592 3.3.1: finds a "*" below the closest existing name. Like the next function it
 * isn't inlined, so that its name buffer doesn't enlarge the frames of all callers. */
__attribute__((noinline)) static bool find_wildcard(const struct leat_dns_zone *zone,
                                                    const uint8_t *encloser, size_t encloser_bytes,
                                                    struct dns_zone_range *node)
{
    uint8_t name[LEAT_DNS_NAME_BYTES];

    if (encloser_bytes + 2 > sizeof name)
        return false;
    name[0] = 1;
    name[1] = '*';
    memcpy(name + 2, encloser, encloser_bytes);
    return dns_zone_find(zone, name, node);
}

/* Searches @name, which lies in the zone, from the apex down. */
__attribute__((noinline)) static enum found locate(const struct reply *reply, const uint8_t *name,
                                                   struct place *place)
{
    const struct leat_dns_zone *zone = reply->zone;
    struct dns_zone_labels labels;
    const uint8_t *encloser;
    unsigned below; /* labels below the apex */

    dns_zone_labels(&labels, name);
    leat_assert(labels.count >= zone->apex_labels); /* @name lies in the zone */
    below = labels.count - zone->apex_labels;
    encloser = name + labels.starts[below];
    if (below == 0) {
        dns_zone_find_inside(zone, &labels, 0, &place->node);
        return FOUND_NAME;
    }
    do {
        place->name = name + labels.starts[--below];
        if (!dns_zone_find_inside(zone, &labels, below, &place->node))
            return find_wildcard(zone, encloser, dns_name_bytes(encloser), &place->node)
                       ? FOUND_NAME
                       : FOUND_NOTHING;
        /* RFC 4035 3.1.4.1: at a delegation only DS belongs to the parent */
        if (!dns_zone_range_is_empty(dns_zone_set(zone, place->node, LEAT_DNS_NS)) &&
            !(below == 0 && reply->type == DNS_TYPE_DS))
            return FOUND_CUT;
        encloser = place->name;
    } while (below > 0);
    return FOUND_NAME;
}

/* Answers from the records of @name. Returns the CNAME record to follow, or NULL. */
static const struct dns_new_record *answer_node(struct reply *reply, const uint8_t *name,
                                                struct dns_zone_range node)
{
    const bool any = reply->type == LEAT_DNS_ANY;
    const uint16_t type = any && !dns_zone_range_is_empty(node)
                              ? dns_zone_record(reply->zone, node.first)->type /* RFC 8482 4.1 */
                              : reply->type;
    struct dns_zone_range set = dns_zone_set(reply->zone, node, type);

    if (!dns_zone_range_is_empty(set)) {
        if (add_needed_set(reply, DNS_ANSWER, name, set) &&
            (type == LEAT_DNS_NS || type == LEAT_DNS_MX))
            add_addresses(reply, set, NULL);
        return NULL;
    }
    set = dns_zone_set(reply->zone, node, LEAT_DNS_CNAME);
    if (dns_zone_range_is_empty(set)) {
        add_soa(reply);
        return NULL;
    }
    return add_needed_set(reply, DNS_ANSWER, name, set) ? dns_zone_record(reply->zone, set.first)
                                                        : NULL;
}

static bool is_among(const uint8_t *const *names, unsigned count, const uint8_t *name)
{
    for (unsigned i = 0; i < count; i++) {
        if (dns_name_order(names[i], name) == 0)
            return true;
    }
    return false;
}

/* Answers for @name, and follows CNAMEs. A chain that is a loop or too long is cut, and the
 * client gets the part so far. */
static void answer_name(struct reply *reply, const uint8_t *name)
{
    const uint8_t *names[CHAIN_MAX];

    for (unsigned count = 0; count < CHAIN_MAX; count++) {
        const struct dns_new_record *alias;
        struct place place;
        const enum found found = locate(reply, name, &place);

        if (found == FOUND_CUT) {
            if (count == 0)
                reply->flags &= (uint16_t)~DNS_AA;
            refer(reply, &place);
            return;
        }
        if (found == FOUND_NOTHING) {
            reply->rcode = LEAT_DNS_NXDOMAIN; /* RFC 6604 3: rcode of the last name */
            add_soa(reply);
            return;
        }
        alias = answer_node(reply, name, place.node);
        if (!alias)
            return;
        names[count] = name;
        name = target_of(alias);
        /* out of the zone: the client, or its resolver, asks the servers of that name */
        if (dns_name_below(name, dns_zone_apex_wire(reply->zone)) < 0 ||
            is_among(names, count + 1, name))
            return;
    }
}

/* The zone with the longest apex that @name is in, or NULL. */
static const struct leat_dns_zone *zone_of(const struct leat_dns_zones *zones, const uint8_t *name)
{
    const struct leat_dns_zone *best = NULL;
    size_t best_bytes = 0;

    for (uint32_t i = 0; i < zones->count; i++) {
        const uint8_t *apex = dns_zone_apex_wire(zones->list[i]);
        const size_t bytes = dns_name_bytes(apex);

        /* a zone may lie below another one, and knows its names better */
        if (bytes > best_bytes && dns_name_below(name, apex) >= 0) {
            best = zones->list[i];
            best_bytes = bytes;
        }
    }
    return best;
}

static size_t finish(struct reply *reply, const struct dns_query *query,
                     const struct dns_cookie_reply *cookie, bool is_padded)
{
    const size_t opt_bytes = dns_cookie_opt_bytes(query->has_edns, cookie);
    /* dns_answer() sets the members one by one, which cppcheck doesn't follow */
    // cppcheck-suppress ctuuninitvar
    const size_t limit = reply->writer.limit + opt_bytes;
    /* flags copied from the query (RFC 1035 4.1.1); RA stays 0, since there is no recursion */
    const unsigned kept = query->header.flags & (DNS_RD | 15u << 11);
    const unsigned rcode = reply->rcode;
    const struct dns_edns edns = {
        .payload_bytes = LEAT_DNS_UDP_BYTES,
        .rcode_high = (uint8_t)(rcode >> 4),
        .dnssec_ok = query->edns.dnssec_ok,
        .cookie = cookie->is_set ? cookie->bytes : NULL,
        .cookie_bytes = sizeof cookie->bytes,
        .pad_to = is_padded ? dns_reply_pad_to(reply->writer.len, opt_bytes, limit) : 0};

    if (query->has_edns) {
        reply->writer.limit = limit; /* dns_answer() has reserved room */
        dns_write_opt(&reply->writer, &edns);
    }
    return dns_write_end(&reply->writer, query->header.id,
                         (uint16_t)(DNS_QR | kept | reply->flags | (rcode & 15)));
}

size_t leat_dns_answer(const struct leat_dns_zones *zones, enum leat_dns_transport transport,
                       const uint8_t *query, size_t query_len, uint8_t *reply, size_t reply_bytes)
{
    return dns_answer(zones, transport, NULL, query, query_len, reply, reply_bytes);
}

/* NOLINTNEXTLINE(readability-function-size): two messages, each with its length */
size_t dns_answer(const struct leat_dns_zones *zones, enum leat_dns_transport transport,
                  const struct dns_cookie_asker *asker, const uint8_t *query, size_t query_len,
                  uint8_t *reply, size_t reply_bytes)
{
    struct dns_cookie_reply cookie;
    struct reply made;
    struct dns_query asked;
    const enum dns_query_verdict verdict = dns_query_read(&asked, query, query_len);
    const size_t limit = dns_query_limit(&asked, transport, reply_bytes);

    leat_assert(reply_bytes >= LEAT_DNS_REPLY_BYTES_MIN);
    if (verdict == DNS_QUERY_DROP)
        return 0;
    if (verdict == DNS_QUERY_FORMERR)
        asked.has_edns = false;
    dns_cookie_reply_to(asker, &asked, transport, &cookie);
    dns_write_start(&made.writer, reply, limit - dns_cookie_opt_bytes(asked.has_edns, &cookie));
    made.rcode = LEAT_DNS_NOERROR;
    made.flags = 0;
    if (verdict == DNS_QUERY_FORMERR) {
        made.rcode = LEAT_DNS_FORMERR;
    } else if (verdict == DNS_QUERY_COOKIE) {
        made.rcode = dns_cookie_rcode(&asked, &cookie);
    } else if (dns_opcode(asked.header.flags) != DNS_OPCODE_QUERY) {
        made.rcode = LEAT_DNS_NOTIMP;
    } else {
        const struct dns_question *question = &asked.question;

        dns_write_question(&made.writer, question->name, question->type, question->class_number);
        made.zone = zone_of(zones, question->name);
        made.type = question->type;
        made.rcode = dns_query_refusal(&asked, made.zone != NULL);
        if (transport == LEAT_DNS_SLIP) {
            made.rcode = LEAT_DNS_NOERROR;
            made.flags = DNS_TC;
        } else if (made.rcode == LEAT_DNS_NOERROR) {
            made.flags = DNS_AA;
            answer_name(&made, question->name);
        }
    }
    return finish(&made, &asked, &cookie, dns_is_encrypted(transport));
}
