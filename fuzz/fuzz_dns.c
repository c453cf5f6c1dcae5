/*
 * fuzz_dns.c -- DNS: parsed records can be written and parsed again; the server's replies are
 * legal; the resolver's results are consistent, also from the cache. Any text is a zone, or gives
 * an error with its place.
 *
 * The first byte chooses the part, and whether the rest is a message or a list of changes to a
 * legal one, because random bytes are hardly ever legal.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <leat/dns_server.h>
#include <leat/dns_zone.h>

#include "proto/dns/cache.h"
#include "proto/dns/dns_reply.h"
#include "proto/dns/stored_answer.h"
#include "wire/bytes.h"
#include "proto/wire/dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char zone_text[] = "$ORIGIN example.test.\n$TTL 60\n"
                                "@ SOA ns h ( 1 2h 3m 4 5 ) ; comment\n NS ns\n MX 1 www\n"
                                "ns A 192.0.2.1\nwww AAAA 2001:db8::1\n TXT \"a b\" c\\100\n"
                                "alias CNAME www\nloop CNAME loop\n*.w CNAME alias\n"
                                "sub NS ns.sub\nns.sub A 192.0.2.2\n";

/* Replies and queries that are changed. */
static const uint8_t query[] = "\1\2\1\0\0\1\0\0\0\0\0\1\5alias\7example\4test\0\0\1\0\1"
                               "\0\0\51\4\320\0\0\0\0\0\0";
static const uint8_t reply[] =
    "\1\2\205\0\0\1\0\2\0\1\0\2\5alias\7example\4test\0\0\1\0\1"
    "\300\14\0\5\0\1\0\0\0\74\0\6\3www\300\22"
    "\300\60\0\1\0\1\0\0\0\74\0\4\300\0\2\1"
    "\300\22\0\6\0\1\0\0\0\74\0\35\2ns\300\22\1h\300\22\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\5"
    "\300\22\0\20\0\1\0\0\0\74\0\6\3abc\1d"
    "\0\0\51\4\320\0\0\0\0\0\0";

static void demand(bool condition)
{
    if (!condition)
        abort();
}

/* Writes the legal data of a record with uncompressed names; returns its length. SIZE_MAX: it
 * has other fields than its type, and that is one whose data may differ. */
static size_t expand_rdata(const struct leat_dns_record *record, uint8_t *rdata)
{
    const uint8_t *fields = dns_fields(record->type);
    const size_t end = record->rdata_at + record->rdata_len;
    size_t at = record->rdata_at;
    size_t len = 0;

    for (; fields && *fields != DNS_FIELD_END; fields++) {
        const size_t before = at;

        if (*fields == DNS_FIELD_NAME) {
            struct leat_dns_name name;

            if (!dns_name_read(record->message, end, &at, &name)) {
                demand(dns_shape(record->type)->may_differ);
                return SIZE_MAX;
            }
            memcpy(rdata + len, name.wire, name.len);
            len += name.len;
            continue;
        }
        if (!dns_field_skip(record->message, end, &at, *fields)) {
            demand(dns_shape(record->type)->may_differ);
            return SIZE_MAX;
        }
        memcpy(rdata + len, record->message + before, at - before);
        len += at - before;
    }
    if (fields && at < end) { /* more than the fields: such data is opaque */
        demand(dns_shape(record->type)->may_differ);
        return SIZE_MAX;
    }
    memcpy(rdata + len, record->message + at, end - at);
    return len + end - at;
}

/* Writes a parsed record, and checks that parsing gives the same again. */
static void write_and_read(struct dns_writer *writer, const struct leat_dns_record *record)
{
    static uint8_t rdata[65535 + 1000];
    static char before[400000], after[400000];
    const struct dns_mark mark = dns_write_mark(writer);
    struct leat_dns_name owner;
    struct leat_dns_record again;
    struct dns_new_record made = {
        .owner = owner.wire, .rdata = rdata, .ttl_s = record->ttl_s, .type = record->type};
    const size_t len = expand_rdata(record, rdata);
    size_t at = writer->len;

    leat_dns_record_owner(record, &owner);
    demand(leat_dns_record_format(record, before, sizeof before) < sizeof before);
    if (len > UINT16_MAX)
        return;
    made.rdata_len = (uint16_t)len;
    dns_write_record(writer, DNS_ANSWER, &made);
    if (writer->full) {
        dns_write_rewind(writer, &mark);
        return;
    }
    demand(dns_record_read(writer->bytes, writer->len, &at, &again));
    demand(at == writer->len);
    leat_dns_record_format(&again, after, sizeof after);
    for (size_t i = 0; before[i] != '\0' || after[i] != '\0'; i++) /* compression may change
                                                                    * the case */
        demand(dns_lower((uint8_t)before[i]) == dns_lower((uint8_t)after[i]));
}

/* Reads all records after the header, ignoring their number. */
static void read_records(const uint8_t *message, size_t len)
{
    static uint8_t written[65535];
    struct dns_writer writer;
    struct leat_dns_record record;
    struct dns_question question;
    size_t at = DNS_HEADER_BYTES;

    if (len < DNS_HEADER_BYTES)
        return;
    dns_write_start(&writer, written, sizeof written);
    if (dns_question_read(message, len, &at, &question))
        dns_write_question(&writer, question.name, question.type, question.class_number);
    else
        at = DNS_HEADER_BYTES;
    while (at < len && dns_record_read(message, len, &at, &record)) {
        demand(at <= len);
        if (record.class_number == DNS_CLASS_IN)
            write_and_read(&writer, &record);
    }
}

static void serve(const uint8_t *message, size_t len, enum leat_dns_transport transport)
{
    static uint8_t memory[1 << 16];
    static uint8_t written[65535];
    static uint8_t answered[65535];
    static struct leat_dns_zone *zone;
    const struct leat_dns_zone *zones[1];
    struct leat_dns_zone_error error;
    struct dns_header header;
    size_t written_len;

    if (!zone)
        demand(leat_dns_zone_parse(&zone, memory, sizeof memory, zone_text, strlen(zone_text),
                                   &error) == LEAT_OK);
    zones[0] = zone;
    written_len = leat_dns_answer(&(struct leat_dns_zones){.list = zones, .count = 1}, transport,
                                  message, len, written, sizeof written);
    if (written_len == 0)
        return;
    demand(written_len >= DNS_HEADER_BYTES);
    demand(transport == LEAT_DNS_OVER_TCP || written_len <= LEAT_DNS_UDP_BYTES);
    demand(get16(written) == get16(message));
    demand(dns_header_read(written, written_len, &header));
    demand(header.flags & DNS_QR);
    /* our own reply gets no reply, so that two servers can't answer each other for ever */
    demand(leat_dns_answer(&(struct leat_dns_zones){.list = zones, .count = 1}, transport, written,
                           written_len, answered, sizeof answered) == 0);
    read_records(written, written_len);
}

/* Writes a cached answer as a message, and checks that it is legal. */
static size_t from_cache(const struct leat_dns_name *name, uint16_t type,
                         const struct dns_kept *kept, uint8_t *message)
{
    static _Alignas(16) uint8_t memory[1 << 22];
    const struct siphash_key secret = {1, 2};
    const struct dns_kept_age age = {.age_s = 7};
    struct cache cache;
    struct cache_key key;
    struct cache_entry *entry;
    struct dns_kept view;
    struct dns_writer writer;

    cache_init(&cache, memory, sizeof memory, &secret);
    cache_key_make(&cache, &key, name->wire, name->len, type);
    cache_put(&cache, &key, kept, 100);
    entry = cache_find(&cache, &key, 100);
    demand((entry != NULL) == (kept->ttl_s != 0));
    if (!entry)
        return 0;
    cache_view(entry, &view);
    dns_write_start(&writer, message, 100000);
    dns_write_question(&writer, name->wire, type, DNS_CLASS_IN);
    dns_kept_copy(&view, &age, message + writer.len);
    writer.len += view.records_len;
    writer.counts[DNS_ANSWER] = view.answers;
    writer.counts[DNS_AUTHORITY] = view.authorities;
    return dns_write_end(&writer, 0, (uint16_t)(DNS_QR | view.rcode));
}

/* Checks that a cached answer equals the reply. */
static void keep(const struct leat_dns_name *name, const struct leat_dns_result *result)
{
    static uint8_t bytes[66000], message[100000];
    static struct dns_keeper keeper = {.bytes = bytes, .bytes_max = sizeof bytes};
    const struct dns_kept_limits limits = {.ttl_max_s = 86400,
                                           .negative_ttl_max_s = 10800,
                                           .dnssec = (result->message_len & 1) != 0};
    struct dns_asked asked = {.name = name, .type = result->type};
    static struct leat_dns_result before, after;
    struct dns_edns edns;
    struct dns_kept kept;
    size_t len;

    if (!dns_kept_make(&kept, &keeper, name, result, &limits))
        return;
    demand(kept.ttl_s <= limits.ttl_max_s && (limits.dnssec || kept.authorities <= 1));
    len = from_cache(name, result->type, &kept, message);
    if (len == 0)
        return;
    before = *result;
    demand(dns_reply_read(&asked, message, len, &after, &edns) == DNS_REPLY_ANSWER);
    after.name = *name;
    after.type = result->type;
    demand(dns_reply_follow(&before) == dns_reply_follow(&after));
    demand(leat_dns_name_equal(&before.name, &after.name));
    read_records(message, len);
}

static void resolve(const uint8_t *message, size_t len)
{
    struct leat_dns_name name;
    struct dns_asked asked = {.name = &name, .id = 0x0102, .type = LEAT_DNS_A, .may_be_bare = true};
    static struct leat_dns_result result;
    static char text[400000];
    struct dns_edns edns;
    struct leat_dns_record record;
    size_t cursor = 0;

    demand(leat_dns_name_parse("alias.example.test", &name) == LEAT_OK);
    memset(&result, 0, sizeof result);
    if (dns_reply_read(&asked, message, len, &result, &edns) != DNS_REPLY_ANSWER)
        return;
    result.name = name;
    result.type = asked.type;
    keep(&name, &result);
    if (dns_reply_follow(&result) == LEAT_OK) {
        while (leat_dns_result_next(&result, &cursor, &record))
            leat_dns_record_format(&record, text, sizeof text);
        demand(cursor != 0);
    }
}

static void read_zone(const char *text, size_t len)
{
    const size_t bytes = leat_dns_zone_memory_bytes(text, len);
    struct leat_dns_zone_error error;
    struct leat_dns_zone *zone;
    void *memory = malloc(bytes);
    enum leat_err err;

    demand(memory != NULL);
    err = leat_dns_zone_parse(&zone, memory, bytes, text, len, &error);
    demand(err == LEAT_OK || err == LEAT_ERR_FORMAT);
    if (err == LEAT_ERR_FORMAT)
        demand(error.line >= 1 && error.column >= 1 && error.text[0] != '\0');
    free(memory);
}

/* Copies @base; each pair of input bytes changes one byte, and the last pair may truncate it. */
static size_t change(uint8_t *bytes, const void *base, size_t len, const uint8_t *data, size_t size)
{
    memcpy(bytes, base, len);
    for (size_t i = 0; i + 1 < size && i < 16; i += 2)
        bytes[data[i] % len] = data[i + 1];
    return size > 2 && data[size - 1] > 200 ? data[size - 2] % len : len;
}

static void run(unsigned part, const uint8_t *data, size_t size)
{
    switch (part) {
    case 0:
        read_records(data, size);
        break;
    case 1:
        serve(data, size, LEAT_DNS_OVER_UDP);
        break;
    case 2:
        serve(data, size, LEAT_DNS_OVER_TCP);
        break;
    case 3:
        resolve(data, size);
        break;
    default:
        read_zone((const char *)data, size);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct {
        const void *bytes;
        size_t len;
    } bases[] = {{reply, sizeof reply - 1},
                 {query, sizeof query - 1},
                 {query, sizeof query - 1},
                 {reply, sizeof reply - 1},
                 {zone_text, sizeof zone_text - 1}};
    unsigned part;
    uint8_t *changed;
    size_t len;

    if (size == 0)
        return 0;
    part = data[0] % 5;
    if (data[0] < 100) {
        run(part, data + 1, size - 1);
        return 0;
    }
    changed = malloc(bases[part].len);
    demand(changed != NULL);
    len = change(changed, bases[part].bytes, bases[part].len, data + 1, size - 1);
    run(part, changed, len);
    free(changed);
    return 0;
}
