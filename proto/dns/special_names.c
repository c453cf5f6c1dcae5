/* special_names.c -- see special_names.h. */
#include "proto/dns/special_names.h"

#include <stdint.h>

#include "proto/dns/dns_zone.h"
#include "proto/wire/dns.h"

enum {
    OCTETS_MAX = 4,
    NIBBLES_MAX = 32
};

/* The ends of names in arpa, with the root. */
static const uint8_t in_addr_arpa[] = "\7in-addr\4arpa";
static const uint8_t ip6_arpa[] = "\3ip6\4arpa";
static const uint8_t resolver_arpa[] = "\10resolver\4arpa";
static const uint8_t dns_resolver_arpa[] = "\4_dns\10resolver\4arpa";

/* The labels of a name, and the special zone that it lies in. */
struct parts {
    const struct leat_dns_name *name;
    struct dns_zone_labels labels;
    unsigned zone_labels; /* of the zone's name, once it is found */
};

/* The label with index @from_right, which has its length in front; the last one has 0. */
static const uint8_t *label_of(const struct parts *parts, unsigned from_right)
{
    return parts->name->wire + parts->labels.starts[parts->labels.count - 1 - from_right];
}

/* True if the name ends with @end, of @labels labels. */
static bool ends_with(const struct parts *parts, const uint8_t *end, unsigned labels, size_t bytes)
{
    return parts->labels.count >= labels &&
           dns_bytes_equal(label_of(parts, labels - 1), end, bytes);
}

/* The number in a label: decimal up to 255, or a hexadecimal digit; -1: it has none. */
static int number_in(const uint8_t *label, bool is_hex)
{
    unsigned value = 0;

    if (*label == 0 || *label > (is_hex ? 1 : 3) || (*label > 1 && label[1] == '0'))
        return -1; /* 010 is another name than 10 */
    for (unsigned i = 1; i <= *label; i++) {
        const uint8_t digit = dns_lower(label[i]);

        if (digit >= '0' && digit <= '9')
            value = value * 10 + digit - '0';
        else if (is_hex && digit >= 'a' && digit <= 'f')
            value = digit - 'a' + 10u;
        else
            return -1;
    }
    return value <= 255 ? (int)value : -1;
}

/* Reads the numbers in front of the last two labels, from the right; -1 ends them. Returns their
 * number. */
static unsigned numbers_of(const struct parts *parts, bool is_hex, int *numbers, unsigned max)
{
    unsigned count = 0;

    while (count < max && count + 2 < parts->labels.count &&
           (numbers[count] = number_in(label_of(parts, count + 2), is_hex)) >= 0)
        count++;
    return count;
}

/* RFC 6303 4.2 and RFC 7793: networks whose reverse zones are empty; a prefix of octets, and the
 * range of the last one. */
static const struct network {
    uint8_t octets; /* of the prefix */
    uint8_t prefix[OCTETS_MAX];
    uint8_t last; /* the prefix's last octet is at most this */
} networks[] = {
    {1, {0}, 0},                    /* this network */
    {1, {10}, 10},                  /* private */
    {2, {100, 64}, 127},            /* shared */
    {1, {127}, 127},                /* loopback */
    {2, {169, 254}, 254},           /* link-local */
    {2, {172, 16}, 31},             /* private */
    {3, {192, 0, 2}, 2},            /* documentation */
    {2, {192, 168}, 168},           /* private */
    {3, {198, 51, 100}, 100},       /* documentation */
    {3, {203, 0, 113}, 113},        /* documentation */
    {4, {255, 255, 255, 255}, 255}, /* broadcast */
};

static const struct network *network_of(const int *octets, unsigned count)
{
    for (size_t i = 0; i < sizeof networks / sizeof *networks; i++) {
        const struct network *network = &networks[i];
        unsigned at = 0;

        if (count < network->octets)
            continue;
        while (at + 1u < network->octets && octets[at] == network->prefix[at])
            at++;
        if (at + 1u == network->octets && octets[at] >= network->prefix[at] &&
            octets[at] <= network->last)
            return network;
    }
    return NULL;
}

/* True if the octets are the first @count of 127.0.0.1. */
static bool leads_to_loopback(const int *octets, unsigned count)
{
    static const uint8_t loopback[OCTETS_MAX] = {127, 0, 0, 1};

    for (unsigned i = 0; i < count; i++) {
        if (octets[i] != loopback[i])
            return false;
    }
    return true;
}

static enum dns_special find_in_addr(struct parts *parts)
{
    int octets[OCTETS_MAX];
    const unsigned count = numbers_of(parts, false, octets, OCTETS_MAX);
    const struct network *network = network_of(octets, count);
    const bool is_whole = parts->labels.count == count + 2;

    if (!network)
        return DNS_SPECIAL_NOT;
    parts->zone_labels = network->octets + 2u;
    if (is_whole && count == OCTETS_MAX && leads_to_loopback(octets, count))
        return DNS_SPECIAL_LOCALHOST;
    /* the zone itself, or a name above 1.0.0.127.in-addr.arpa, is no missing one (RFC 8020) */
    if (is_whole && (count == network->octets || leads_to_loopback(octets, count)))
        return DNS_SPECIAL_NO_RECORD;
    return DNS_SPECIAL_NO_NAME;
}

/* RFC 6303 4.4 to 4.6: zones in ip6.arpa, by their nibbles from the right. */
static const struct {
    uint8_t count;
    uint8_t nibbles[8];
} zones6[] = {
    {2, {15, 13}},    /* unique local */
    {3, {15, 14, 8}}, /* link-local, and the following three */
    {3, {15, 14, 9}},  {3, {15, 14, 10}},
    {3, {15, 14, 11}}, {8, {2, 0, 0, 1, 0, 13, 11, 8}}, /* documentation */
};

static bool begins_with(const int *numbers, unsigned count, const uint8_t *prefix, unsigned bytes)
{
    unsigned at = 0;

    while (at < count && at < bytes && numbers[at] == prefix[at])
        at++;
    return at == bytes;
}

/* RFC 6303 4.3: the addresses :: and ::1. */
static enum dns_special find_whole6(const int *nibbles)
{
    unsigned at = 0;

    while (at < NIBBLES_MAX - 1 && nibbles[at] == 0)
        at++;
    if (at < NIBBLES_MAX - 1 || nibbles[at] > 1)
        return DNS_SPECIAL_NOT;
    return nibbles[at] == 1 ? DNS_SPECIAL_LOCALHOST : DNS_SPECIAL_NO_RECORD;
}

static enum dns_special find_ip6(struct parts *parts)
{
    int nibbles[NIBBLES_MAX];
    const unsigned count = numbers_of(parts, true, nibbles, NIBBLES_MAX);
    const unsigned names = parts->labels.count - 2; /* labels in front of ip6.arpa */

    for (size_t i = 0; i < sizeof zones6 / sizeof *zones6; i++) {
        if (!begins_with(nibbles, count, zones6[i].nibbles, zones6[i].count))
            continue;
        parts->zone_labels = zones6[i].count + 2u;
        return names == zones6[i].count ? DNS_SPECIAL_NO_RECORD : DNS_SPECIAL_NO_NAME;
    }
    parts->zone_labels = parts->labels.count;
    return count == NIBBLES_MAX && names == NIBBLES_MAX ? find_whole6(nibbles) : DNS_SPECIAL_NOT;
}

static enum dns_special find_arpa(struct parts *parts)
{
    if (ends_with(parts, in_addr_arpa, 2, sizeof in_addr_arpa))
        return find_in_addr(parts);
    if (ends_with(parts, ip6_arpa, 2, sizeof ip6_arpa))
        return find_ip6(parts);
    parts->zone_labels = 2; /* resolver.arpa */
    /* RFC 9462 6.4: without a designated resolver, the name that asks for it has no records */
    if (ends_with(parts, dns_resolver_arpa, 3, sizeof dns_resolver_arpa) ||
        (ends_with(parts, resolver_arpa, 2, sizeof resolver_arpa) && parts->labels.count == 2))
        return DNS_SPECIAL_NO_RECORD;
    if (ends_with(parts, resolver_arpa, 2, sizeof resolver_arpa))
        return DNS_SPECIAL_NO_NAME;
    return DNS_SPECIAL_NOT;
}

/* The kind of a name of one label at least; sets zone_labels. */
static enum dns_special find(struct parts *parts)
{
    static const uint8_t arpa[] = "\4arpa", localhost[] = "\11localhost", invalid[] = "\7invalid",
                         onion[] = "\5onion";

    if (ends_with(parts, arpa, 1, sizeof arpa))
        return find_arpa(parts);
    parts->zone_labels = 1;
    if (ends_with(parts, localhost, 1, sizeof localhost))
        return DNS_SPECIAL_LOOPBACK;                    /* RFC 6761 6.3 */
    if (ends_with(parts, invalid, 1, sizeof invalid) || /* RFC 6761 6.4 */
        ends_with(parts, onion, 1, sizeof onion))       /* RFC 7686 2 */
        return parts->labels.count == 1 ? DNS_SPECIAL_NO_RECORD : DNS_SPECIAL_NO_NAME;
    return DNS_SPECIAL_NOT;
}

enum dns_special dns_special_find(const struct leat_dns_name *name, uint8_t *zone_at)
{
    struct parts parts = {.name = name};
    enum dns_special special;

    dns_zone_labels(&parts.labels, name->wire);
    if (parts.labels.count == 0)
        return DNS_SPECIAL_NOT;
    special = find(&parts);
    if (special != DNS_SPECIAL_NOT)
        *zone_at = parts.labels.starts[parts.labels.count - parts.zone_labels];
    return special;
}

bool dns_special_is_canary(const struct leat_dns_name *name)
{
    static const uint8_t names[][25] = {"\23use-application-dns\3net", "\4mask\6icloud\3com",
                                        "\7mask-h2\6icloud\3com"};
    static const uint8_t bytes[] = {25, 17, 20};

    for (size_t i = 0; i < sizeof bytes; i++) {
        if (name->len == bytes[i] && dns_bytes_equal(name->wire, names[i], bytes[i]))
            return true;
    }
    return false;
}
