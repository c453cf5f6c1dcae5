/* stored_answer.c -- see stored_answer.h. */
#include "proto/dns/stored_answer.h"

#include <string.h>

#include "core/assert.h"
#include "core/minmax.h"
#include "wire/bytes.h"
#include "proto/wire/dns.h"

enum {
    CHAIN_MAX = 16, /* CNAMEs followed in one answer */
    POINTER = 0xc0,
    TTL_AT = 4, /* behind a record's owner */
    LENGTH_AT = 8,
    FIXED_BYTES = 10
};

/* Copies the data of @record to the keeper with its names uncompressed; false: it doesn't match its
 * type. */
static bool expand_rdata(struct dns_keeper *keeper, const struct leat_dns_record *record,
                         uint16_t *len)
{
    const struct dns_shape *shape = dns_shape(record->type);
    const uint8_t *fields = shape ? shape->fields : NULL;
    const size_t end = record->rdata_at + record->rdata_len;
    size_t at = record->rdata_at, used = 0;

    for (; *fields != DNS_FIELD_END; fields++) {
        const size_t before = at;

        if (*fields == DNS_FIELD_NAME) {
            if (!dns_name_read(record->message, end, &at, &keeper->part) ||
                keeper->part.len > sizeof keeper->rdata - used)
                return false;
            memcpy(keeper->rdata + used, keeper->part.wire, keeper->part.len);
            used += keeper->part.len;
            continue;
        }
        if (!dns_field_skip(record->message, end, &at, *fields) ||
            at - before > sizeof keeper->rdata - used)
            return false;
        memcpy(keeper->rdata + used, record->message + before, at - before);
        used += at - before;
    }
    *len = (uint16_t)used;
    return at == end;
}

/* The data of @record as dns_write_record() expects it: as it is, or with its names uncompressed.
 * Data that doesn't match its type is passed on as it is, like that of an unknown type (RFC 3597
 * 3). Types whose names are compressed again have legal data (dns_record_read()). */
static const uint8_t *plain_rdata(struct dns_keeper *keeper, const struct leat_dns_record *record,
                                  uint16_t *len)
{
    const uint8_t *data = record->message + record->rdata_at;

    *len = record->rdata_len;
    if (dns_rdata_is_plain(record->type, data, record->rdata_len))
        return data;
    if (expand_rdata(keeper, record, len))
        return keeper->rdata;
    leat_assert(!dns_shape(record->type)->compresses);
    *len = record->rdata_len;
    return data;
}

/* Adds a record with the owner keeper->name. */
static void keep_record(struct dns_keeper *keeper, struct dns_writer *writer,
                        enum dns_section section, const struct leat_dns_record *record,
                        uint32_t ttl_s)
{
    struct dns_new_record made = {.owner = keeper->name.wire, .type = record->type, .ttl_s = ttl_s};

    made.rdata = plain_rdata(keeper, record, &made.rdata_len);
    dns_write_record(writer, section, &made);
}

/* Adds the records of keeper->name and @type; returns their number. */
static unsigned keep_set(struct dns_kept *kept, struct dns_keeper *keeper,
                         struct dns_writer *writer, const struct leat_dns_result *result,
                         uint16_t type, struct leat_dns_record *record)
{
    size_t at = result->answers_at;
    unsigned count = 0;

    while (at < result->answers_end) {
        const bool legal = dns_record_read(result->message, result->message_len, &at, record);

        leat_assert(legal);
        (void)legal;
        if ((record->type != type && type != LEAT_DNS_ANY) ||
            record->class_number != DNS_CLASS_IN ||
            !dns_name_is(record->message, record->message_len, record->owner_at, &keeper->name))
            continue;
        kept->ttl_s = min32(kept->ttl_s, record->ttl_s);
        keep_record(keeper, writer, DNS_ANSWER, record, min32(record->ttl_s, keeper->ttl_max_s));
        count++;
        if (type == LEAT_DNS_CNAME && result->type != LEAT_DNS_CNAME)
            break; /* a name has only one CNAME */
    }
    return count;
}

/* RFC 2308 5: the TTL of a negative answer comes from its SOA record; without one it isn't
 * cached. */
static void keep_soa(struct dns_kept *kept, struct dns_keeper *keeper, struct dns_writer *writer,
                     const struct leat_dns_result *result, uint32_t ttl_max_s)
{
    unsigned left = get16(result->message + 8);
    size_t at = result->answers_end;
    struct leat_dns_record record;

    for (; left > 0; left--) {
        const bool legal = dns_record_read(result->message, result->message_len, &at, &record);
        uint32_t ttl_s;

        leat_assert(legal);
        (void)legal;
        if (record.type != LEAT_DNS_SOA || record.class_number != DNS_CLASS_IN)
            continue;
        ttl_s = get32(record.message + record.rdata_at + record.rdata_len - 4); /* MINIMUM */
        ttl_s = min32(min32(ttl_s, record.ttl_s), ttl_max_s);
        leat_dns_record_owner(&record, &keeper->name);
        keep_record(keeper, writer, DNS_AUTHORITY, &record, ttl_s);
        kept->ttl_s = min32(kept->ttl_s, ttl_s);
        return;
    }
    kept->ttl_s = 0;
}

/* Follows the chain from keeper->name; false: it is a loop, or too long. */
static bool keep_chain(struct dns_kept *kept, struct dns_keeper *keeper, struct dns_writer *writer,
                       const struct leat_dns_result *result, const struct dns_kept_limits *limits)
{
    for (unsigned i = 0; i <= CHAIN_MAX; i++) {
        struct leat_dns_record record;

        if (keep_set(kept, keeper, writer, result, result->type, &record) > 0)
            return true;
        if (keep_set(kept, keeper, writer, result, LEAT_DNS_CNAME, &record) == 0) {
            keep_soa(kept, keeper, writer, result, limits->negative_ttl_max_s);
            return true;
        }
        kept->aliased = true;
        leat_dns_record_target(&record, &keeper->name);
    }
    return false;
}

bool dns_kept_make(struct dns_kept *kept, struct dns_keeper *keeper,
                   const struct leat_dns_name *name, const struct leat_dns_result *result,
                   const struct dns_kept_limits *limits)
{
    const size_t question_end = DNS_HEADER_BYTES + (size_t)name->len + DNS_QUESTION_FIXED_BYTES;
    struct dns_writer writer;

    *kept = (struct dns_kept){.ttl_s = limits->ttl_max_s, .rcode = (uint8_t)result->rcode};
    keeper->name = *name;
    keeper->ttl_max_s = limits->ttl_max_s;
    dns_write_start(&writer, keeper->bytes, keeper->bytes_max);
    dns_write_question(&writer, name->wire, result->type, DNS_CLASS_IN);
    if (!keep_chain(kept, keeper, &writer, result, limits) || writer.full)
        return false;
    kept->records = keeper->bytes + question_end;
    kept->records_len = writer.len - question_end;
    kept->answers = writer.counts[DNS_ANSWER];
    kept->authorities = (uint8_t)writer.counts[DNS_AUTHORITY];
    return true;
}

/* The fixed part of the record at @at, in the output of dns_kept_make(). */
static uint8_t *behind_owner(uint8_t *at)
{
    while (*at != 0 && *at < POINTER)
        at += *at + 1u;
    return at + (*at == 0 ? 1 : 2);
}

void dns_kept_copy(const struct dns_kept *kept, const struct dns_kept_age *age, uint8_t *to)
{
    uint8_t *at = to;

    memcpy(to, kept->records, kept->records_len);
    for (unsigned left = kept->answers + (unsigned)kept->authorities; left > 0; left--) {
        const uint32_t ttl_s = get32((at = behind_owner(at)) + TTL_AT);

        put32(at + TTL_AT, age->stale_ttl_s     ? age->stale_ttl_s
                           : ttl_s > age->age_s ? ttl_s - age->age_s
                                                : 0);
        at += FIXED_BYTES + get16(at + LENGTH_AT);
    }
    leat_assert(at == to + kept->records_len);
}
