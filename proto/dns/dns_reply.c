/* dns_reply.c -- see dns_reply.h. */
#include "proto/dns/dns_reply.h"

#include <string.h>

#include "proto/dns/dns_zone.h"
#include "core/assert.h"

enum {
    CHAIN_MAX = 16 /* CNAMEs followed in one answer */
};

/* RFC 5452 9.1: the reply must repeat the question exactly. */
static enum dns_reply question_verdict(const struct dns_asked *asked,
                                       const struct dns_question *question)
{
    const struct leat_dns_name *name = asked->name;

    if (question->type != asked->type || question->class_number != DNS_CLASS_IN ||
        question->name_bytes != name->len ||
        !dns_bytes_equal(question->name, name->wire, name->len))
        return DNS_REPLY_FOREIGN;
    if (asked->any_case || memcmp(question->name, name->wire, name->len) == 0)
        return DNS_REPLY_ANSWER;
    /* A server that lowers all letters is told from a forger by that. A guess would have some
     * letters right and some wrong. */
    for (unsigned i = 0; i < name->len; i++) {
        if (question->name[i] != dns_lower(name->wire[i]))
            return DNS_REPLY_CASE;
    }
    return DNS_REPLY_LOWERED;
}

/* The records after the question, beside the answers. */
struct sections {
    bool has_soa; /* in the authority section */
    bool has_ns;
};

static bool read_sections(const struct dns_header *header, size_t at, struct sections *sections,
                          struct leat_dns_result *result, struct dns_edns *edns)
{
    *sections = (struct sections){.has_soa = false};
    result->answers_at = at;
    /* All records are read, also those that don't matter here. So a malformed message is refused as
     * a whole, and later readers need no checks. */
    for (unsigned section = DNS_ANSWER; section < DNS_SECTIONS; section++) {
        for (unsigned left = header->counts[section]; left > 0; left--) {
            struct leat_dns_record record;

            if (!dns_record_read(result->message, result->message_len, &at, &record))
                return false;
            if (record.type == DNS_TYPE_OPT && section == DNS_ADDITIONAL) {
                if (!dns_edns_read(&record, edns))
                    return false;
                edns->is_there = true;
            } else if (section == DNS_AUTHORITY) {
                sections->has_soa |= record.type == LEAT_DNS_SOA;
                sections->has_ns |= record.type == LEAT_DNS_NS;
            }
        }
        /* later readers stop here: the other sections answer no question (RFC 2181 5.4.1) */
        if (section == DNS_ANSWER)
            result->answers_end = at;
    }
    return true;
}

/* True for a reply that matches the query, as far as its header says. */
static bool is_reply(const struct dns_asked *asked, const struct dns_header *header)
{
    return header->id == asked->id && (header->flags & DNS_QR) &&
           dns_opcode(header->flags) == DNS_OPCODE_QUERY;
}

/* True for a header alone that says that the server could not read the query. */
static bool is_bare_formerr(const struct dns_header *header, size_t len)
{
    return len == DNS_HEADER_BYTES && (header->flags & 15u) == LEAT_DNS_FORMERR &&
           header->counts[DNS_QUESTION] == 0;
}

/* RFC 2308 2.2: a referral, which means that the server does not recurse for us. */
static bool refers(const struct dns_header *header, const struct sections *sections)
{
    return header->counts[DNS_ANSWER] == 0 && !(header->flags & DNS_AA) && sections->has_ns &&
           !sections->has_soa;
}

enum dns_reply dns_reply_read(const struct dns_asked *asked, const uint8_t *message, size_t len,
                              struct leat_dns_result *result, struct dns_edns *edns)
{
    struct dns_header header;
    struct dns_question question;
    struct sections sections;
    size_t at = DNS_HEADER_BYTES;
    enum dns_reply verdict;

    *edns = (struct dns_edns){.cookie = NULL};
    /* by UDP a foreign message is ignored, and the wait goes on: a forger can't end the query by a
     * wrong reply */
    if (!dns_header_read(message, len, &header) || !is_reply(asked, &header))
        return DNS_REPLY_FOREIGN;
    if (asked->may_be_bare && is_bare_formerr(&header, len)) {
        result->rcode = LEAT_DNS_FORMERR;
        return DNS_REPLY_FAILED;
    }
    if (header.counts[DNS_QUESTION] != 1 || !dns_question_read(message, len, &at, &question))
        return DNS_REPLY_FOREIGN;
    verdict = question_verdict(asked, &question);
    if (verdict != DNS_REPLY_ANSWER)
        return verdict;
    if (header.flags & DNS_TC)
        return DNS_REPLY_TRUNCATED; /* a truncated message may end anywhere */
    result->message = message;
    result->message_len = len;
    /* malformed: this may be a forger's, too */
    if (!read_sections(&header, at, &sections, result, edns))
        return DNS_REPLY_FOREIGN;
    result->rcode = (unsigned)edns->rcode_high << 4 | (header.flags & 15u);
    if (result->rcode == LEAT_DNS_NOERROR)
        return refers(&header, &sections) ? DNS_REPLY_FAILED : DNS_REPLY_ANSWER;
    return result->rcode == LEAT_DNS_NXDOMAIN ? DNS_REPLY_ANSWER : DNS_REPLY_FAILED;
}

/* The next record of result->name and @type. */
static bool next_of_type(const struct leat_dns_result *result, uint16_t type, size_t *cursor,
                         struct leat_dns_record *record)
{
    size_t at = *cursor > result->answers_at ? *cursor : result->answers_at;

    while (result->message && at < result->answers_end) {
        /* read_sections() has read all records */
        const bool legal = dns_record_read(result->message, result->message_len, &at, record);

        leat_assert(legal);
        (void)legal;
        if ((record->type == type || type == LEAT_DNS_ANY) &&
            record->class_number == DNS_CLASS_IN &&
            dns_name_is(record->message, record->message_len, record->owner_at, &result->name)) {
            *cursor = at;
            return true;
        }
    }
    return false;
}

bool leat_dns_result_next(const struct leat_dns_result *result, size_t *cursor,
                          struct leat_dns_record *record)
{
    return next_of_type(result, result->type, cursor, record);
}

enum leat_err dns_reply_follow(struct leat_dns_result *result)
{
    for (unsigned i = 0; i <= CHAIN_MAX; i++) {
        struct leat_dns_record record;
        size_t cursor = 0;

        if (leat_dns_result_next(result, &cursor, &record))
            return LEAT_OK;
        if (!next_of_type(result, LEAT_DNS_CNAME, &cursor, &record))
            return LEAT_ERR_NOT_FOUND;
        /* result->name becomes the name that has the records */
        leat_dns_record_target(&record, &result->name);
    }
    return LEAT_ERR_FORMAT;
}
