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
    const uint8_t *fields;
    const size_t end = record->rdata_at + record->rdata_len;
    size_t at = record->rdata_at, used = 0;

    leat_assert(shape != NULL); /* data of a type without a shape is plain */
    for (fields = shape->fields; *fields != DNS_FIELD_END; fields++) {
        const size_t before = at;

        /* pointers lead into the server's message, and would be wrong in another one */
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

/* Adds a record. */
static void keep_record(struct dns_keeper *keeper, struct dns_writer *writer,
                        enum dns_section section, const struct leat_dns_name *owner,
                        const struct leat_dns_record *record, uint32_t ttl_s)
{
    struct dns_new_record made = {.owner = owner->wire, .type = record->type, .ttl_s = ttl_s};

    made.rdata = plain_rdata(keeper, record, &made.rdata_len);
    dns_write_record(writer, section, &made);
}

/* Reads the next record of a message that was checked. */
static void next_record(const struct leat_dns_result *result, size_t *at,
                        struct leat_dns_record *record)
{
    const bool legal = dns_record_read(result->message, result->message_len, at, record);

    leat_assert(legal);
    (void)legal;
}

/* The type that a signature covers (RFC 4034 3.1.1); 0: the record is none. */
static uint16_t covered(const struct leat_dns_record *record)
{
    return record->type == DNS_TYPE_RRSIG && record->rdata_len >= 2
               ? get16(record->message + record->rdata_at)
               : 0;
}

/* Adds the records of keeper->name and @type, or the signatures that cover @signed_type. Returns
 * their number, and a CNAME in @record: a name has only one.
 *
 * The arguments of keep_set(), and one more: NOLINTNEXTLINE(readability-function-size) */
static unsigned keep_matching(struct dns_kept *kept, struct dns_keeper *keeper,
                              struct dns_writer *writer, const struct leat_dns_result *result,
                              uint16_t type, uint16_t signed_type, struct leat_dns_record *record)
{
    size_t at = result->answers_at;
    unsigned count = 0;

    while (at < result->answers_end) {
        next_record(result, &at, record);
        if ((record->type != type && type != LEAT_DNS_ANY) ||
            (signed_type > 0 && covered(record) != signed_type) ||
            record->class_number != DNS_CLASS_IN ||
            !dns_name_is(record->message, record->message_len, record->owner_at, &keeper->name))
            continue;
        count++;
        /* the answer as a whole expires with its shortest TTL */
        kept->ttl_s = min32(kept->ttl_s, record->ttl_s);
        keep_record(keeper, writer, DNS_ANSWER, &keeper->name, record,
                    min32(record->ttl_s, keeper->ttl_max_s));
        /* a second CNAME would make two chains of one */
        if (type == LEAT_DNS_CNAME && result->type != LEAT_DNS_CNAME)
            break;
    }
    return count;
}

/* Adds the records of keeper->name and @type, and their signatures; returns their number, and a
 * CNAME in @record. */
static unsigned keep_set(struct dns_kept *kept, struct dns_keeper *keeper,
                         struct dns_writer *writer, const struct leat_dns_result *result,
                         uint16_t type, struct leat_dns_record *record)
{
    const unsigned count = keep_matching(kept, keeper, writer, result, type, 0, record);
    struct leat_dns_record signature;

    if (count > 0 && keeper->dnssec && type != LEAT_DNS_ANY)
        keep_matching(kept, keeper, writer, result, DNS_TYPE_RRSIG, type, &signature);
    return count;
}

/* True if @name lies below @above. */
static bool is_below(const struct leat_dns_name *name, const struct leat_dns_name *above)
{
    unsigned at = 0;

    while (name->len - at > above->len)
        at += 1u + name->wire[at];
    return at > 0 && name->len - at == above->len &&
           dns_bytes_equal(name->wire + at, above->wire, above->len);
}

/* Adds the DNAMEs that the CNAME of keeper->name may be made of (RFC 6672 3.1), and their
 * signatures: the CNAME itself has none. */
static void keep_dnames(struct dns_kept *kept, struct dns_keeper *keeper, struct dns_writer *writer,
                        const struct leat_dns_result *result)
{
    size_t at = result->answers_at;

    while (at < result->answers_end) {
        struct leat_dns_record record;

        next_record(result, &at, &record);
        if ((record.type != DNS_TYPE_DNAME && covered(&record) != DNS_TYPE_DNAME) ||
            record.class_number != DNS_CLASS_IN)
            continue;
        leat_dns_record_owner(&record, &keeper->owner);
        if (!is_below(&keeper->name, &keeper->owner))
            continue;
        kept->ttl_s = min32(kept->ttl_s, record.ttl_s);
        keep_record(keeper, writer, DNS_ANSWER, &keeper->owner, &record,
                    min32(record.ttl_s, keeper->ttl_max_s));
    }
}

/* Adds a record of the authority section. */
static void keep_authority(struct dns_kept *kept, struct dns_keeper *keeper,
                           struct dns_writer *writer, const struct leat_dns_record *record,
                           uint32_t ttl_s)
{
    leat_dns_record_owner(record, &keeper->owner);
    keep_record(keeper, writer, DNS_AUTHORITY, &keeper->owner, record, ttl_s);
    kept->ttl_s = min32(kept->ttl_s, ttl_s);
}

/* RFC 2308 5: the TTL of a negative answer comes from its SOA record; without one it isn't
 * cached. */
static void keep_soa(struct dns_kept *kept, struct dns_keeper *keeper, struct dns_writer *writer,
                     const struct leat_dns_result *result, uint32_t ttl_max_s)
{
    unsigned left = get16(result->message + 8);
    size_t at = result->answers_end;

    for (; left > 0; left--) {
        struct leat_dns_record record;
        uint32_t ttl_s;

        next_record(result, &at, &record);
        if (record.type != LEAT_DNS_SOA || record.class_number != DNS_CLASS_IN)
            continue;
        ttl_s = get32(record.message + record.rdata_at + record.rdata_len - 4); /* MINIMUM */
        /* RFC 2308 3 and 5: the smaller of the record's TTL and its MINIMUM */
        keep_authority(kept, keeper, writer, &record, min32(min32(ttl_s, record.ttl_s), ttl_max_s));
        return;
    }
    kept->ttl_s = 0;
}

/* RFC 4035 3.1.3: adds the proofs that a name or a set doesn't exist, and the signatures of these
 * and of the SOA record. */
static void keep_proofs(struct dns_kept *kept, struct dns_keeper *keeper, struct dns_writer *writer,
                        const struct leat_dns_result *result, uint32_t ttl_max_s)
{
    unsigned left = get16(result->message + 8);
    size_t at = result->answers_end;

    for (; left > 0; left--) {
        struct leat_dns_record record;
        uint16_t type;

        next_record(result, &at, &record);
        type = record.type == DNS_TYPE_RRSIG ? covered(&record) : record.type;
        if (record.class_number == DNS_CLASS_IN &&
            (type == DNS_TYPE_NSEC || type == DNS_TYPE_NSEC3 ||
             (record.type == DNS_TYPE_RRSIG && type == LEAT_DNS_SOA && kept->negative)))
            keep_authority(kept, keeper, writer, &record, min32(record.ttl_s, ttl_max_s));
    }
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
            kept->negative = true;
            keep_soa(kept, keeper, writer, result, limits->negative_ttl_max_s);
            return true;
        }
        if (keeper->dnssec)
            keep_dnames(kept, keeper, writer, result);
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

    *kept = (struct dns_kept){.ttl_s = limits->ttl_max_s,
                              .rcode = (uint8_t)result->rcode,
                              .authentic = (get16(result->message + 2) & DNS_AD) != 0};
    keeper->name = *name;
    keeper->ttl_max_s = limits->ttl_max_s;
    keeper->dnssec = limits->dnssec;
    dns_write_start(&writer, keeper->bytes, keeper->bytes_max);
    dns_write_question(&writer, name->wire, result->type, DNS_CLASS_IN);
    if (!keep_chain(kept, keeper, &writer, result, limits))
        return false;
    if (limits->dnssec)
        keep_proofs(kept, keeper, &writer, result,
                    kept->negative ? limits->negative_ttl_max_s : limits->ttl_max_s);
    /* an answer that is kept in part would be a wrong one */
    if (writer.full || writer.counts[DNS_AUTHORITY] > UINT8_MAX)
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

        /* RFC 8767 4: clients get the time that is left, and a short one with stale data */
        put32(at + TTL_AT, age->stale_ttl_s     ? age->stale_ttl_s
                           : ttl_s > age->age_s ? ttl_s - age->age_s
                                                : 0);
        at += FIXED_BYTES + get16(at + LENGTH_AT);
    }
    leat_assert(at == to + kept->records_len);
}
