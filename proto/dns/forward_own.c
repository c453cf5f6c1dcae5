/* forward_own.c -- answers that a forwarder gives without its servers. See forward.h. */
#include "proto/dns/forward.h"

#include <string.h>

#include "proto/dns/special_names.h"
#include "wire/bytes.h"

enum {
    TO_THE_QUESTION = 0xc000 | DNS_HEADER_BYTES, /* a compression pointer (RFC 1035 4.1.4) */
    FIXED_BYTES = 12,                            /* bytes of a record before its RDATA */
    SOA_RDATA_BYTES = 22,                        /* two root names and five numbers */
    SPECIAL_TTL_S = 3600
};

_Static_assert(FIXED_BYTES + SOA_RDATA_BYTES <= FORWARD_OWN_BYTES, "the longest record");

/* Writes the header of a record, whose owner is the question's name. */
static uint8_t *write_fixed(uint8_t *to, uint16_t type, uint32_t ttl_s, uint16_t rdata_len)
{
    put16(to, TO_THE_QUESTION);
    put16(to + 2, type);
    put16(to + 4, DNS_CLASS_IN);
    put32(to + 6, ttl_s);
    put16(to + 10, rdata_len);
    return to + FIXED_BYTES;
}

/* Writes a SOA record with the negative TTL (RFC 2308 5). Its owner is the name itself, so
 * other names are not affected. */
static size_t write_soa(uint8_t *to, uint32_t ttl_s)
{
    uint8_t *rdata = write_fixed(to, LEAT_DNS_SOA, ttl_s, SOA_RDATA_BYTES);
    const uint32_t numbers[] = {1, ttl_s, ttl_s, ttl_s, ttl_s};

    rdata[0] = rdata[1] = 0; /* MNAME, RNAME */
    for (unsigned i = 0; i < 5; i++)
        put32(rdata + 2 + i * sizeof *numbers, numbers[i]);
    return FIXED_BYTES + SOA_RDATA_BYTES;
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

/* Writes the name localhost, for 127.0.0.1 and ::1. */
static size_t write_localhost(uint8_t *to, uint32_t ttl_s)
{
    static const uint8_t localhost[] = "\11localhost";

    memcpy(write_fixed(to, LEAT_DNS_PTR, ttl_s, sizeof localhost), localhost, sizeof localhost);
    return FIXED_BYTES + sizeof localhost;
}

/* Sets resolver->kept to @records_len bytes in forwarder->own, or to a negative answer. */
static void keep(struct leat_forwarder *forwarder, size_t records_len, unsigned rcode,
                 uint32_t ttl_s)
{
    struct leat_resolver *resolver = forwarder->config.resolver;
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

/* Keeps the answer for a special name; false: it is an ordinary one. */
static bool keep_special(struct leat_forwarder *forwarder, uint16_t type)
{
    static const struct leat_ip loopback6 = {.bytes = {[15] = 1}};
    const struct leat_forwarder_config *config = &forwarder->config;
    const struct leat_forwarder_own loopback = {.has_ip4 = true,
                                                .has_ip6 = true,
                                                .ip4 = LEAT_IP4(127, 0, 0, 1),
                                                .ip6 = loopback6,
                                                .ttl_s = SPECIAL_TTL_S};
    enum dns_special special = DNS_SPECIAL_NOT;
    size_t len = 0;

    if (!config->pass_special)
        special = dns_special_find(&forwarder->name);
    if (special == DNS_SPECIAL_NOT && config->refuse_canaries &&
        dns_special_is_canary(&forwarder->name))
        special = DNS_SPECIAL_NO_NAME;
    if (special == DNS_SPECIAL_NOT)
        return false;
    if (special == DNS_SPECIAL_LOOPBACK)
        len = write_address(forwarder->own, &loopback, type);
    else if (special == DNS_SPECIAL_LOCALHOST && type == LEAT_DNS_PTR)
        len = write_localhost(forwarder->own, SPECIAL_TTL_S);
    keep(forwarder, len, special == DNS_SPECIAL_NO_NAME ? LEAT_DNS_NXDOMAIN : LEAT_DNS_NOERROR,
         SPECIAL_TTL_S);
    forwarder->counts.special++;
    return true;
}

/* Keeps the program's answer; false: it has none. */
static bool keep_programs(struct leat_forwarder *forwarder, const struct forward_from *from,
                          uint16_t type)
{
    const struct leat_forwarder_config *config = &forwarder->config;
    const struct leat_forwarder_question question = {
        .name = &forwarder->name, .type = type, .peer = from->peer.ip, .local = from->local_ip};
    struct leat_forwarder_own own = {.say = LEAT_FORWARDER_ASK};

    if (!config->on_question)
        return false;
    config->on_question(config->on_question_arg, &question, &own);
    if (own.say == LEAT_FORWARDER_ASK)
        return false;
    if (own.say == LEAT_FORWARDER_ADDRESS)
        keep(forwarder, write_address(forwarder->own, &own, type), LEAT_DNS_NOERROR, own.ttl_s);
    else
        keep(forwarder, 0, LEAT_DNS_NXDOMAIN, own.ttl_s);
    forwarder->extended_error = own.extended_error;
    forwarder->counts.own++;
    return true;
}

bool forward_own(struct leat_forwarder *forwarder, const struct forward_from *from, uint16_t type)
{
    return keep_programs(forwarder, from, type) || keep_special(forwarder, type);
}
