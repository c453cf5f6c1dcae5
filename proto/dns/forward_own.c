/* forward_own.c -- answers that a forwarder gives without its servers. See forward.h. */
#include "proto/dns/forward.h"

#include <string.h>

#include "wire/bytes.h"

enum {
    TO_THE_QUESTION = 0xc000 | DNS_HEADER_BYTES, /* a compression pointer (RFC 1035 4.1.4) */
    FIXED_BYTES = 12,                            /* bytes of a record before its RDATA */
    SOA_RDATA_BYTES = 22                         /* two root names and five numbers */
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

bool forward_own(struct leat_forwarder *forwarder, const struct forward_from *from, uint16_t type)
{
    const struct leat_forwarder_config *config = &forwarder->config;
    struct leat_resolver *resolver = config->resolver;
    const struct leat_forwarder_question question = {
        .name = &forwarder->name, .type = type, .peer = from->peer.ip, .local = from->local_ip};
    struct leat_forwarder_own own = {.say = LEAT_FORWARDER_ASK};
    struct dns_kept *kept = &resolver->kept;

    if (!config->on_question)
        return false;
    config->on_question(config->on_question_arg, &question, &own);
    if (own.say == LEAT_FORWARDER_ASK)
        return false;
    *kept = (struct dns_kept){.records = forwarder->own, .ttl_s = own.ttl_s};
    if (own.say == LEAT_FORWARDER_ADDRESS)
        kept->records_len = write_address(forwarder->own, &own, type);
    else
        kept->rcode = LEAT_DNS_NXDOMAIN;
    kept->answers = kept->records_len > 0;
    if (!kept->answers) {
        kept->records_len = write_soa(forwarder->own, own.ttl_s);
        kept->authorities = 1;
    }
    resolver->kept_age = (struct dns_kept_age){.age_s = 0};
    resolver->has_kept = true;
    return true;
}
