/* dns_zone.c -- finding names in a zone; see dns_zone.h. */
#include "apps/dns_zone.h"

#include <string.h>

unsigned dns_name_labels(const uint8_t *name, uint8_t starts[DNS_LABELS_MAX])
{
    unsigned count = 0;
    unsigned at = 0;

    while (name[at] != 0 && count < DNS_LABELS_MAX) {
        starts[count++] = (uint8_t)at;
        at += name[at] + 1u;
    }
    return count;
}

unsigned dns_name_label_count(const uint8_t *name)
{
    unsigned count = 0;

    for (; *name != 0; name += *name + 1u)
        count++;
    return count;
}

static int label_order(const uint8_t *a, const uint8_t *b)
{
    const unsigned shorter = *a < *b ? *a : *b;

    for (unsigned i = 1; i <= shorter; i++) {
        if (dns_lower(a[i]) != dns_lower(b[i]))
            return dns_lower(a[i]) - dns_lower(b[i]);
    }
    return *a - *b;
}

/* RFC 4034 6.1: label by label from the right, the shorter one first. */
int dns_name_order(const uint8_t *a, const uint8_t *b)
{
    uint8_t a_starts[DNS_LABELS_MAX];
    uint8_t b_starts[DNS_LABELS_MAX];
    unsigned a_left = dns_name_labels(a, a_starts);
    unsigned b_left = dns_name_labels(b, b_starts);

    while (a_left > 0 && b_left > 0) {
        const int order = label_order(a + a_starts[--a_left], b + b_starts[--b_left]);

        if (order != 0)
            return order;
    }
    return (int)a_left - (int)b_left;
}

size_t dns_name_bytes(const uint8_t *name)
{
    size_t bytes = 1;

    while (*name != 0) {
        bytes += *name + 1u;
        name += *name + 1u;
    }
    return bytes;
}

int dns_name_below(const uint8_t *name, const uint8_t *top)
{
    const size_t bytes = dns_name_bytes(name);
    const size_t top_bytes = dns_name_bytes(top);
    size_t front = 0;

    if (bytes < top_bytes)
        return -1;
    while (front < bytes - top_bytes)
        front += name[front] + 1u;
    if (front != bytes - top_bytes || !dns_bytes_equal(name + front, top, top_bytes))
        return -1;
    return (int)front;
}

/* The first record whose owner does not stand before @name. */
static uint32_t first_not_before(const struct leat_dns_zone *zone, const uint8_t *name)
{
    uint32_t low = 0;
    uint32_t high = zone->count;

    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;

        if (dns_name_order(dns_zone_record(zone, middle)->owner, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool dns_zone_find(const struct leat_dns_zone *zone, const uint8_t *name,
                   struct dns_zone_range *node)
{
    const uint32_t first = first_not_before(zone, name);
    uint32_t end = first;

    while (end < zone->count && dns_name_order(dns_zone_record(zone, end)->owner, name) == 0)
        end++;
    *node = (struct dns_zone_range){.first = first, .end = end};
    /* what follows at once is below it, or nothing is */
    return end > first ||
           (end < zone->count && dns_name_below(dns_zone_record(zone, end)->owner, name) >= 0);
}

struct dns_zone_range dns_zone_set(const struct leat_dns_zone *zone, struct dns_zone_range node,
                                   uint16_t type)
{
    struct dns_zone_range set;

    while (node.first < node.end && dns_zone_record(zone, node.first)->type != type)
        node.first++;
    set = (struct dns_zone_range){.first = node.first, .end = node.first};
    while (set.end < node.end && dns_zone_record(zone, set.end)->type == type)
        set.end++;
    return set;
}

uint32_t leat_dns_zone_record_count(const struct leat_dns_zone *zone)
{
    return zone->count;
}

void leat_dns_zone_apex(const struct leat_dns_zone *zone, struct leat_dns_name *name)
{
    const uint8_t *apex = dns_zone_apex_wire(zone);

    name->len = (uint8_t)dns_name_bytes(apex);
    memcpy(name->wire, apex, name->len);
}
