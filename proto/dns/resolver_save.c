/*
 * resolver_save.c -- the answers of a resolver as bytes, for the next run.
 *
 * A block has a version, a tag of the servers, the civil time, and answers. Each answer is a
 * message as a server would send it, with the bits of its question and its length in front. So it
 * is read by the functions that read replies, which believe nothing.
 */
#include <leat/civil.h>

#include <string.h>

#include "core/second.h"
#include "core/siphash.h"
#include "proto/dns/dns_reply.h"
#include "proto/dns/lookup.h"
#include "proto/wire/dns.h"
#include "wire/bytes.h"

enum {
    VERSION = 1,
    SERVERS_AT = 1,
    TIME_AT = 9,
    BLOCK_BYTES = 17, /* without answers */
    VARIANT_BYTES = 1,
    LENGTH_BYTES = 2,
    LEFT_S_MIN = 60,
    AGE_S_MAX = 604800 /* no TTL is longer */
};

static uint64_t civil_s(const struct leat_resolver *resolver)
{
    return leat_civil_ns(resolver->stack) / second_ns;
}

/* Answers of other servers may differ, as those of a network at home and of one at work. */
static uint64_t tag_of_servers(const struct leat_resolver *resolver)
{
    const struct siphash_key key = {0};
    uint64_t tag = 0;

    for (unsigned i = 0; i < resolver->config.server_count; i++) {
        const struct leat_endpoint *end = &resolver->config.servers[i];
        uint8_t part[sizeof end->ip.bytes + 2 + sizeof tag];

        memcpy(part, end->ip.bytes, sizeof end->ip.bytes);
        put16(part + sizeof end->ip.bytes, end->port);
        put64(part + sizeof end->ip.bytes + 2, tag);
        tag = siphash24(&key, part, sizeof part);
    }
    return tag;
}

/* ---- save */

static size_t bytes_of(const struct cache_entry *entry)
{
    return VARIANT_BYTES + LENGTH_BYTES + DNS_HEADER_BYTES + (size_t)entry->name_len +
           DNS_QUESTION_FIXED_BYTES + entry->records_len;
}

/* @room: bytes for answers in a block. */
static bool is_saved(const struct cache_entry *entry, uint32_t now_s, size_t room)
{
    return cache_left_s(entry, now_s) >= LEFT_S_MIN && bytes_of(entry) <= room &&
           bytes_of(entry) <= UINT16_MAX &&
           (entry->rcode == LEAT_DNS_NOERROR || entry->rcode == LEAT_DNS_NXDOMAIN);
}

/* The sum of all answers but the last @saved ones; @count is then their number. */
static size_t sum_of(const struct leat_resolver *resolver, size_t room, uint32_t saved,
                     uint32_t *count)
{
    const uint32_t now_s = resolver_now_s(resolver);
    const struct cache_entry *entry;
    struct cache_walk walk = {0};
    uint32_t all = 0, seen = 0;
    size_t sum = 0;

    while ((entry = cache_next(&resolver->cache, &walk)))
        all += is_saved(entry, now_s, room);
    *count = all > saved ? all - saved : 0;
    walk = (struct cache_walk){0};
    while (seen < *count && (entry = cache_next(&resolver->cache, &walk))) {
        if (is_saved(entry, now_s, room)) {
            sum += bytes_of(entry);
            seen++;
        }
    }
    return sum;
}

/* Writes an answer; returns its length. */
static size_t write_answer(const struct cache_entry *entry, uint32_t now_s, uint8_t *to)
{
    const struct dns_kept_age age = {.age_s = now_s - entry->stored_s};
    const uint16_t type = entry->type == 0 ? LEAT_DNS_A : entry->type; /* 0: no such name */
    struct dns_writer writer;
    struct dns_kept kept;
    size_t len;

    cache_view(entry, &kept);
    dns_write_start(&writer, to + VARIANT_BYTES + LENGTH_BYTES,
                    bytes_of(entry) - VARIANT_BYTES - LENGTH_BYTES);
    dns_write_question(&writer, cache_name(entry), type, DNS_CLASS_IN);
    dns_kept_copy(&kept, &age, writer.bytes + writer.len);
    writer.len += kept.records_len;
    writer.counts[DNS_ANSWER] = kept.answers;
    writer.counts[DNS_AUTHORITY] = kept.authorities;
    len = dns_write_end(
        &writer, 0,
        (uint16_t)(DNS_QR | DNS_RD | DNS_RA | (kept.authentic ? DNS_AD : 0) | kept.rcode));
    to[0] = entry->variant;
    put16(to + VARIANT_BYTES, (uint16_t)len);
    return VARIANT_BYTES + LENGTH_BYTES + len;
}

size_t leat_resolver_save(struct leat_resolver *resolver, uint32_t *saved, void *to, size_t room)
{
    const uint32_t now_s = resolver_now_s(resolver);
    const uint64_t civil = civil_s(resolver);
    const struct cache_entry *entry;
    struct cache_walk walk = {0};
    uint8_t *bytes = to;
    size_t len = BLOCK_BYTES, left;
    uint32_t count;

    if (resolver->config.cache_bytes == 0 || civil == 0 || room <= BLOCK_BYTES)
        return 0;
    room -= BLOCK_BYTES;
    left = sum_of(resolver, room, *saved, &count);
    while (count > 0 && (entry = cache_next(&resolver->cache, &walk))) {
        if (!is_saved(entry, now_s, room))
            continue;
        count--;
        /* The oldest ones are left out until the others fit. */
        if (left > room) {
            left -= bytes_of(entry);
            continue;
        }
        len += write_answer(entry, now_s, bytes + len);
        (*saved)++;
    }
    if (len == BLOCK_BYTES)
        return 0;
    bytes[0] = VERSION;
    put64(bytes + SERVERS_AT, tag_of_servers(resolver));
    put64(bytes + TIME_AT, civil);
    return len;
}

/* ---- load */

/* Takes the answer that the message has, @age_s after it was saved. */
static bool take_answer(struct leat_resolver *resolver, uint8_t variant, const uint8_t *message,
                        size_t len, uint32_t age_s)
{
    const struct dns_kept_limits limits = {.ttl_max_s = resolver->config.ttl_max_s,
                                           .negative_ttl_max_s =
                                               resolver->config.negative_ttl_max_s,
                                           .dnssec = (variant & CACHE_DO) != 0};
    struct leat_dns_result *result = &resolver->result;
    struct leat_dns_name *name = &result->name;
    const struct dns_kept *kept = &resolver->kept;
    struct dns_asked asked = {.name = &resolver->keeper.owner, .any_case = true};
    struct dns_edns edns;
    size_t at = DNS_HEADER_BYTES;

    resolver->has_kept = false;
    *result = (struct leat_dns_result){.rcode = LEAT_DNS_NOERROR};
    if (len < DNS_HEADER_BYTES || !dns_name_read(message, len, &at, &resolver->keeper.owner) ||
        len - at < DNS_QUESTION_FIXED_BYTES)
        return false;
    asked.type = get16(message + at);
    *name = resolver->keeper.owner;
    if (asked.type == 0 || dns_reply_read(&asked, message, len, result, &edns) != DNS_REPLY_ANSWER)
        return false;
    result->type = asked.type;
    if (resolver->config.no_rebinding && rebinds(resolver, name))
        return false;
    if (!dns_kept_make(&resolver->kept, &resolver->keeper, name, result, &limits) ||
        kept->ttl_s <= age_s)
        return false;
    resolver_key(resolver, name,
                 kept->rcode == LEAT_DNS_NXDOMAIN && !kept->aliased ? 0 : asked.type, variant);
    cache_put(&resolver->cache, &resolver->key, kept, resolver_now_s(resolver) - age_s);
    return true;
}

uint32_t leat_resolver_load(struct leat_resolver *resolver, const void *bytes, size_t len)
{
    const uint64_t civil = civil_s(resolver);
    const uint8_t *at = bytes, *const end = at + len;
    uint32_t taken = 0;
    uint64_t age_s;

    if (resolver->config.cache_bytes == 0 || civil == 0 || len < BLOCK_BYTES || at[0] != VERSION ||
        get64(at + SERVERS_AT) != tag_of_servers(resolver))
        return 0;
    age_s = civil - get64(at + TIME_AT); /* a time to come wraps */
    at += BLOCK_BYTES;
    while (age_s < AGE_S_MAX && end - at > VARIANT_BYTES + LENGTH_BYTES) {
        const uint8_t variant = at[0];
        const size_t message_len = get16(at + VARIANT_BYTES);

        at += VARIANT_BYTES + LENGTH_BYTES;
        if (message_len > (size_t)(end - at) || variant > (CACHE_DO | CACHE_CD))
            break;
        taken += take_answer(resolver, variant, at, message_len, (uint32_t)age_s);
        at += message_len;
    }
    return taken;
}
