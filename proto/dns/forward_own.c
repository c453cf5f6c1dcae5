/* forward_own.c -- answers that a forwarder gives without its servers. See forward.h. */
#include "proto/dns/forward.h"

#include <string.h>

#include "proto/dns/special_names.h"
#include "wire/bytes.h"

enum {
    TO_THE_QUESTION = 0xc000 | DNS_HEADER_BYTES, /* a compression pointer (RFC 1035 4.1.4) */
    POINTER_BYTES = 2,
    FIXED_BYTES = 12,   /* bytes of a record before its RDATA */
    NUMBERS_BYTES = 20, /* of a SOA record */
    RNAME_BYTES = 16,   /* nobody.invalid. */
    /* RFC 6303 3: the zone of a special name */
    SPECIAL_TTL_S = 10800,
    SPECIAL_REFRESH_S = 3600,
    SPECIAL_RETRY_S = 1200,
    SPECIAL_EXPIRE_S = 604800,
    DENIED_TTL_S = 60, /* another configuration may change it */
    FILTERED = 17      /* RFC 8914 4.18; 4.17 is between it and LEAT_FORWARDER_BLOCKED */
};

_Static_assert(FIXED_BYTES + POINTER_BYTES + RNAME_BYTES + NUMBERS_BYTES <= FORWARD_OWN_BYTES,
               "the longest record");

/* Writes the header of a record, whose owner is the question's name without its first @owner_at
 * bytes. */
static uint8_t *write_header(uint8_t *to, unsigned owner_at, uint16_t type, uint32_t ttl_s,
                             uint16_t rdata_len)
{
    put16(to, (uint16_t)(TO_THE_QUESTION + owner_at));
    put16(to + 2, type);
    put16(to + 4, DNS_CLASS_IN);
    put32(to + 6, ttl_s);
    put16(to + 10, rdata_len);
    return to + FIXED_BYTES;
}

/* The same for the question's name. */
static uint8_t *write_fixed(uint8_t *to, uint16_t type, uint32_t ttl_s, uint16_t rdata_len)
{
    return write_header(to, 0, type, ttl_s, rdata_len);
}

/* Writes the numbers of a SOA record behind its names, @at. */
static void write_numbers(uint8_t *at, const uint32_t numbers[5])
{
    for (unsigned i = 0; i < 5; i++)
        put32(at + i * sizeof *numbers, numbers[i]);
}

/* Writes a SOA record with the negative TTL (RFC 2308 5). Its owner is the name itself, so
 * other names are not affected. */
static size_t write_soa(uint8_t *to, uint32_t ttl_s)
{
    uint8_t *rdata = write_fixed(to, LEAT_DNS_SOA, ttl_s, 2 + NUMBERS_BYTES);

    rdata[0] = rdata[1] = 0; /* MNAME, RNAME */
    write_numbers(rdata + 2, (const uint32_t[]){1, ttl_s, ttl_s, ttl_s, ttl_s});
    return FIXED_BYTES + 2 + NUMBERS_BYTES;
}

/* Writes the SOA or NS record of a special zone (RFC 6303 3). Its name begins at @zone_at in the
 * question's. */
static size_t write_zone(uint8_t *to, unsigned zone_at, uint16_t type)
{
    static const uint8_t rname[RNAME_BYTES] = "\6nobody\7invalid";
    static const uint32_t numbers[] = {1, SPECIAL_REFRESH_S, SPECIAL_RETRY_S, SPECIAL_EXPIRE_S,
                                       SPECIAL_TTL_S};
    const uint16_t len =
        type == LEAT_DNS_NS ? POINTER_BYTES : POINTER_BYTES + RNAME_BYTES + NUMBERS_BYTES;
    uint8_t *rdata = write_header(to, zone_at, type, SPECIAL_TTL_S, len);

    put16(rdata, (uint16_t)(TO_THE_QUESTION + zone_at)); /* its server is the zone's name */
    if (type == LEAT_DNS_SOA) {
        memcpy(rdata + POINTER_BYTES, rname, sizeof rname);
        write_numbers(rdata + POINTER_BYTES + RNAME_BYTES, numbers);
    }
    return (size_t)FIXED_BYTES + len;
}

/* Writes the address of the requested type, if there is one. */
static size_t write_address(uint8_t *to, const struct leat_forwarder_own *own, uint16_t type)
{
    if (type == LEAT_DNS_A && own->has_ip4) {
        put32(write_fixed(to, type, own->ttl_s, 4), leat_ip_v4_number(own->ip4));
        return FIXED_BYTES + 4;
    }
    if (type == LEAT_DNS_AAAA && own->has_ip6) {
        memcpy(write_fixed(to, type, own->ttl_s, 16), own->ip6.bytes, 16);
        return FIXED_BYTES + 16;
    }
    return 0;
}

/* Writes the name that PTR leads to. */
static size_t write_target(uint8_t *to, const struct leat_dns_name *target, uint32_t ttl_s)
{
    memcpy(write_fixed(to, LEAT_DNS_PTR, ttl_s, target->len), target->wire, target->len);
    return (size_t)FIXED_BYTES + target->len;
}

/* Sets resolver->kept to @records_len bytes in forwarder->own, or to a negative answer. */
static void keep(struct leat_forwarder *forwarder, size_t records_len, unsigned rcode,
                 uint32_t ttl_s)
{
    struct leat_resolver *resolver = forwarder->resolver;
    struct dns_kept *kept = &resolver->kept;

    *kept = (struct dns_kept){.records = forwarder->own,
                              .ttl_s = ttl_s,
                              .rcode = (uint8_t)rcode,
                              .records_len = records_len,
                              .answers = records_len > 0};
    if (!kept->answers) {
        kept->records_len = write_soa(forwarder->own, ttl_s);
        kept->authorities = 1;
    }
    resolver->kept_age = (struct dns_kept_age){.age_s = 0};
    resolver->has_kept = true;
}

/* Keeps an answer about a name in a special zone: @len bytes of a record, or the zone's SOA or NS
 * record that is asked for, or a negative answer. */
static void keep_in_zone(struct leat_forwarder *forwarder, uint8_t zone_at, uint16_t type,
                         size_t len, unsigned rcode)
{
    struct dns_kept *kept = &forwarder->resolver->kept;

    if (rcode == LEAT_DNS_NOERROR && zone_at == 0 && (type == LEAT_DNS_SOA || type == LEAT_DNS_NS))
        len = write_zone(forwarder->own, zone_at, type);
    keep(forwarder, len, rcode, SPECIAL_TTL_S);
    if (kept->answers == 0)
        kept->records_len = write_zone(forwarder->own, zone_at, LEAT_DNS_SOA);
}

/* Keeps the answer for a special name; false: it is an ordinary one. */
static bool keep_special(struct leat_forwarder *forwarder, uint16_t type)
{
    static const struct leat_dns_name localhost = {.len = 11, .wire = "\11localhost"};
    static const struct leat_ip loopback6 = {.bytes = {[15] = 1}};
    const struct leat_forwarder_config *config = &forwarder->config;
    const struct leat_forwarder_own loopback = {.has_ip4 = true,
                                                .has_ip6 = true,
                                                .ip4 = LEAT_IP4(127, 0, 0, 1),
                                                .ip6 = loopback6,
                                                .ttl_s = SPECIAL_TTL_S};
    enum dns_special special = DNS_SPECIAL_NOT;
    uint8_t zone_at = 0;
    size_t len = 0;

    if (!config->pass_special)
        special = dns_special_find(&forwarder->name, &zone_at);
    if (special == DNS_SPECIAL_NOT && config->refuse_canaries &&
        dns_special_is_canary(&forwarder->name))
        special = DNS_SPECIAL_NO_NAME;
    if (special == DNS_SPECIAL_NOT || forward_is_chosen_over(forwarder, zone_at))
        return false;
    if (special == DNS_SPECIAL_LOOPBACK)
        len = write_address(forwarder->own, &loopback, type);
    else if (special == DNS_SPECIAL_LOCALHOST && type == LEAT_DNS_PTR)
        len = write_target(forwarder->own, &localhost, SPECIAL_TTL_S);
    keep_in_zone(forwarder, zone_at, type, len,
                 special == DNS_SPECIAL_NO_NAME ? LEAT_DNS_NXDOMAIN : LEAT_DNS_NOERROR);
    forwarder->told.access.how = LEAT_DNS_HOW_LOCAL;
    forwarder->counts.special++;
    return true;
}

/* True if that reason says that the operator doesn't want the name to be answered. */
static bool is_block(uint16_t extended_error)
{
    return extended_error >= LEAT_FORWARDER_BLOCKED && extended_error <= FILTERED;
}

/* Keeps the program's answer to @question; false: it has none. */
static bool keep_programs(struct leat_forwarder *forwarder,
                          const struct leat_forwarder_question *question)
{
    const struct leat_forwarder_config *config = &forwarder->config;
    struct leat_forwarder_own own = {.say = LEAT_FORWARDER_ASK};

    if (!config->on_question)
        return false;
    config->on_question(config->on_question_arg, question, &own);
    /* the callback didn't change it: the servers are asked */
    if (own.say == LEAT_FORWARDER_ASK)
        return false;
    if (own.say == LEAT_FORWARDER_ADDRESS)
        keep(forwarder, write_address(forwarder->own, &own, question->type), LEAT_DNS_NOERROR,
             own.ttl_s);
    else if (own.say == LEAT_FORWARDER_TARGET)
        keep(forwarder,
             question->type == LEAT_DNS_PTR ? write_target(forwarder->own, own.target, own.ttl_s)
                                            : 0,
             LEAT_DNS_NOERROR, own.ttl_s);
    else
        keep(forwarder, 0, LEAT_DNS_NXDOMAIN, own.ttl_s);
    forwarder->extended_error = own.extended_error;
    forwarder->told.access.how =
        is_block(own.extended_error) ? LEAT_DNS_HOW_BLOCKED : LEAT_DNS_HOW_LOCAL;
    forwarder->counts.own++;
    return true;
}

bool forward_own_alias(struct leat_forwarder *forwarder, const struct forward_ends *ends,
                       const struct dns_question *question, const struct dns_kept *kept,
                       const uint8_t *reply, size_t len)
{
    const struct leat_forwarder_question about = {.name = &forwarder->alias,
                                                  .asked = &forwarder->asked,
                                                  .type = question->type,
                                                  .peer = ends->peer,
                                                  .local = ends->local};
    size_t at = DNS_HEADER_BYTES + question->name_bytes + DNS_QUESTION_FIXED_BYTES;
    struct leat_dns_record record;

    forwarder->asked.len = (uint8_t)question->name_bytes;
    memcpy(forwarder->asked.wire, question->name, question->name_bytes);
    /* a reply that was too long has no records */
    for (unsigned left = get16(reply + 6) > 0 ? kept->answers : 0; left > 0; left--) {
        if (!dns_record_read(reply, len, &at, &record))
            return false;
        if (record.type != LEAT_DNS_CNAME || !leat_dns_record_target(&record, &forwarder->alias) ||
            !keep_programs(forwarder, &about))
            continue;
        forwarder->counts.own_aliases++;
        return true;
    }
    return false;
}

bool forward_own(struct leat_forwarder *forwarder, const struct forward_from *from, uint16_t type)
{
    const struct leat_forwarder_question question = {.name = &forwarder->name,
                                                     .asked = &forwarder->name,
                                                     .type = type,
                                                     .peer = from->peer.ip,
                                                     .local = from->local_ip};

    /* the program comes first, so that it can answer special names in its own way */
    if (keep_programs(forwarder, &question) || keep_special(forwarder, type))
        return true;
    forwarder->way->counts.questions++;
    if (forwarder->way->queue)
        return false;
    keep(forwarder, 0, LEAT_DNS_NXDOMAIN, DENIED_TTL_S);
    forwarder->told.access.how = LEAT_DNS_HOW_LOCAL;
    forwarder->way->counts.denied++;
    return true;
}
