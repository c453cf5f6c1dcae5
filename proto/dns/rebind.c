/*
 * rebind.c -- private addresses in public names (DNS rebinding).
 *
 * A web page of an attacker may look up a name of his that changes to a private address a moment
 * later. His scripts then reach hosts in our network, and the browser takes them for his. The
 * program exempts names that belong to it.
 */
#include <string.h>

#include "proto/dns/lookup.h"
#include "wire/bytes.h"

enum {
    PREFIX_BYTES = 14, /* longest prefix in the list */
    KEY_IPV4HINT = 4,  /* RFC 9460 14.3.2 */
    KEY_IPV6HINT = 6,
    PARAMETER_BYTES = 4 /* key and length, in front of the value */
};

/* Networks whose addresses no public name may have; IPv4 as ::ffff:a.b.c.d (RFC 6890, 4193,
 * 4291). */
static const struct {
    uint8_t bytes[PREFIX_BYTES];
    uint8_t bits;
} private_networks[] = {
    {{0}, 96},                                                   /* ::, ::1, and ::a.b.c.d */
    {{0xfc}, 7},                                                 /* unique local */
    {{0xfe, 0x80}, 9},                                           /* link-local, site-local */
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0}, 104},        /* this network */
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10}, 104},       /* private */
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 100, 64}, 106},  /* shared (RFC 6598) */
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127}, 104},      /* loopback */
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 169, 254}, 112}, /* link-local */
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 172, 16}, 108},  /* private */
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 168}, 112}, /* private */
};

static bool begins_with(const uint8_t *bytes, const uint8_t *prefix, unsigned bits)
{
    const unsigned whole = bits / 8;
    const unsigned mask = 0xff00u >> bits % 8 & 0xff;

    return memcmp(bytes, prefix, whole) == 0 &&
           (bits % 8 == 0 || (bytes[whole] & mask) == (prefix[whole] & mask));
}

static bool is_private(struct leat_ip ip)
{
    static const uint8_t nat64[12] = {0, 0x64, 0xff, 0x9b};       /* RFC 6052 2.1 */
    static const uint8_t to_6[2] = {0x20, 0x02};                  /* RFC 3056 2 */
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff}; /* RFC 4291 2.5.5.2 */
    uint8_t bytes[16];

    memcpy(bytes, &ip, sizeof bytes);
    /* an IPv4 address inside of one of IPv6 is judged as such: a translator on the path would reach
     * it */
    if (begins_with(bytes, nat64, 96)) {
        memcpy(bytes, mapped, sizeof mapped);
    } else if (begins_with(bytes, to_6, 16)) {
        memmove(bytes + 12, bytes + 2, 4);
        memcpy(bytes, mapped, sizeof mapped);
    }
    for (size_t i = 0; i < sizeof private_networks / sizeof *private_networks; i++) {
        if (begins_with(bytes, private_networks[i].bytes, private_networks[i].bits))
            return true;
    }
    return false;
}

/* True if one of the addresses, of @size bytes each, is private, or the last one is cut short. */
static bool any_is_private(const uint8_t *bytes, size_t len, size_t size)
{
    struct leat_ip ip = leat_ip_v4(0);

    for (; len >= size; bytes += size, len -= size) {
        memcpy(ip.bytes + sizeof ip.bytes - size, bytes, size);
        if (is_private(ip))
            return true;
    }
    return len > 0;
}

/* True if a SVCB or HTTPS record (RFC 9460 2.2) has private addresses as hints (7.3).
 * Malformed parameters are refused, too, because a client might use them. */
static bool hints_are_private(const struct leat_dns_record *record)
{
    const size_t end = record->rdata_at + record->rdata_len;
    size_t at = record->rdata_at + 2; /* after the priority */

    if (record->rdata_len < 2 || !dns_name_skip(record->message, end, &at))
        return true;
    while (end - at >= PARAMETER_BYTES) {
        const uint16_t key = get16(record->message + at);
        const size_t len = get16(record->message + at + 2);
        const uint8_t *value = record->message + at + PARAMETER_BYTES;

        if (len > end - at - PARAMETER_BYTES)
            return true;
        if ((key == KEY_IPV4HINT && any_is_private(value, len, 4)) ||
            (key == KEY_IPV6HINT && any_is_private(value, len, 16)))
            return true;
        at += PARAMETER_BYTES + len;
    }
    return at != end;
}

static bool has_private(const struct leat_dns_record *record)
{
    struct leat_ip ip;

    if (record->type == DNS_TYPE_SVCB || record->type == DNS_TYPE_HTTPS)
        return hints_are_private(record);
    return leat_dns_record_ip(record, &ip) && is_private(ip);
}

/* True if @name is @domain, or below it. */
static bool is_in(const struct leat_dns_name *name, const struct leat_dns_name *domain)
{
    unsigned at = 0;

    while (name->len - at > domain->len)
        at += 1u + name->wire[at];
    return name->len - at == domain->len &&
           dns_bytes_equal(name->wire + at, domain->wire, domain->len);
}

static bool may_have_any(const struct leat_resolver_config *config,
                         const struct leat_dns_name *asked)
{
    for (unsigned i = 0; i < config->own_name_count; i++) {
        if (is_in(asked, &config->own_names[i]))
            return true;
    }
    return false;
}

bool rebinds(const struct leat_resolver *resolver, const struct leat_dns_name *asked)
{
    const struct leat_dns_result *result = &resolver->result;
    size_t at = result->answers_at;

    if (may_have_any(&resolver->config, asked))
        return false;
    while (at < result->answers_end) {
        struct leat_dns_record record;

        if (!dns_record_read(result->message, result->message_len, &at, &record))
            return true; /* read before */
        if (has_private(&record))
            return true;
    }
    return false;
}
