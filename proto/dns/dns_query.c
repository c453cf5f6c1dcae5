/* dns_query.c -- see dns_query.h. */
#include "proto/dns/dns_query.h"

/* RFC 7873 5.2.2: legal lengths are a client's part, and both parts. */
static bool cookie_is_legal(const struct dns_edns *edns)
{
    return !edns->cookie || edns->cookie_bytes == DNS_COOKIE_CLIENT_BYTES ||
           (edns->cookie_bytes >= DNS_COOKIE_FULL_BYTES_MIN &&
            edns->cookie_bytes <= DNS_COOKIE_BYTES_MAX);
}

/* RFC 6891 6.1.1: at most one OPT record, in the additional section, owned by the root. */
static enum dns_query_verdict read_records(struct dns_query *query, const uint8_t *message,
                                           size_t len, size_t at)
{
    for (unsigned section = DNS_ANSWER; section < DNS_SECTIONS; section++) {
        for (unsigned left = query->header.counts[section]; left > 0; left--) {
            struct leat_dns_record record;

            if (!dns_record_read(message, len, &at, &record))
                return DNS_QUERY_DROP;
            /* other records, such as a TSIG, are read and ignored */
            if (record.type != DNS_TYPE_OPT)
                continue;
            if (section != DNS_ADDITIONAL || query->has_edns ||
                !dns_edns_read(&record, &query->edns))
                return DNS_QUERY_FORMERR;
            query->has_edns = true;
        }
    }
    /* bytes behind the last record: the counts of the header or the length are wrong */
    if (at != len)
        return DNS_QUERY_DROP;
    return query->has_edns && !cookie_is_legal(&query->edns) ? DNS_QUERY_FORMERR : DNS_QUERY_GOOD;
}

static bool wants_cookie_alone(struct dns_query *query, const uint8_t *message, size_t len)
{
    return query->header.counts[DNS_QUESTION] == 0 &&
           read_records(query, message, len, DNS_HEADER_BYTES) == DNS_QUERY_GOOD &&
           query->has_edns && query->edns.cookie;
}

enum dns_query_verdict dns_query_read(struct dns_query *query, const uint8_t *message, size_t len)
{
    size_t at = DNS_HEADER_BYTES;

    query->has_edns = false;
    query->edns.dnssec_ok = false;
    if (!dns_header_read(message, len, &query->header))
        return DNS_QUERY_DROP;
    /* otherwise two servers could answer each other's replies for ever */
    if (query->header.flags & DNS_QR)
        return DNS_QUERY_DROP;
    if (dns_opcode(query->header.flags) != DNS_OPCODE_QUERY)
        return DNS_QUERY_GOOD; /* the format of other opcodes is unknown */
    if (query->header.counts[DNS_QUESTION] != 1)
        return wants_cookie_alone(query, message, len) ? DNS_QUERY_COOKIE
                                                       : DNS_QUERY_FORMERR; /* RFC 9619 */
    if (!dns_question_read(message, len, &at, &query->question))
        return DNS_QUERY_DROP;
    return read_records(query, message, len, at);
}

unsigned dns_query_refusal(const struct dns_query *query, bool served)
{
    const uint16_t type = query->question.type;

    /* RFC 6891 6.1.3: first, because a later version may change what follows */
    if (query->has_edns && query->edns.version > 0)
        return LEAT_DNS_BADVERS;
    if (query->question.class_number != DNS_CLASS_IN || !served)
        return LEAT_DNS_REFUSED;
    /* a transfer would give all records of the zone to everyone */
    if (type == DNS_TYPE_AXFR || type == DNS_TYPE_IXFR)
        return LEAT_DNS_REFUSED;
    /* RFC 6895 3.1: types of this range mean no data, but something to be done */
    if (type == DNS_TYPE_OPT || (type >= DNS_TYPE_META && type < LEAT_DNS_ANY))
        return LEAT_DNS_NOTIMP;
    return LEAT_DNS_NOERROR;
}

size_t dns_query_limit(const struct dns_query *query, enum leat_dns_transport transport,
                       size_t reply_bytes)
{
    size_t limit = DNS_MESSAGE_BYTES;

    if (!dns_is_by_stream(transport)) {
        limit = query->has_edns ? query->edns.payload_bytes : 0;
        if (limit < DNS_UDP_PLAIN_BYTES)
            limit = DNS_UDP_PLAIN_BYTES; /* RFC 6891 6.2.3 */
        /* longer replies would be sent in fragments, which are easy to forge (RFC 9715) */
        if (limit > LEAT_DNS_UDP_BYTES)
            limit = LEAT_DNS_UDP_BYTES;
    }
    return limit < reply_bytes ? limit : reply_bytes;
}
