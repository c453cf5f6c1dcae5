/* dns_zone.c -- finds names in a zone; see dns_zone.h. */
#include "proto/dns/dns_zone.h"

#include "core/assert.h"

#include <string.h>

static int label_order(const uint8_t *a, const uint8_t *b)
{
    const unsigned shorter = *a < *b ? *a : *b;

    /* RFC 4034 6.1: as unsigned bytes, capitals as small letters; a label goes before those that it
     * begins */
    for (unsigned i = 1; i <= shorter; i++) {
        if (a[i] != b[i] && dns_lower(a[i]) != dns_lower(b[i]))
            return dns_lower(a[i]) - dns_lower(b[i]);
    }
    return *a - *b;
}

/* RFC 4034 6.1: compares labels from the right; the shorter name comes first. The last @same
 * labels are known to be equal; the first @skip labels of @b don't count. */
static int labels_order(const struct dns_zone_labels *a, const struct dns_zone_labels *b,
                        unsigned skip, unsigned same)
{
    unsigned a_left = a->count - same;
    unsigned b_left = b->count - same;

    leat_debug_assert(skip + same <= b->count);
    leat_debug_assert(same <= a->count);
    /* from the right, because the order is that of the tree: a name goes before all that is below
     * it */
    while (a_left > 0 && b_left > skip) {
        const int order = label_order(a->name + a->starts[--a_left], b->name + b->starts[--b_left]);

        if (order != 0)
            return order;
    }
    return (int)a_left - (int)(b_left - skip);
}

int dns_name_order(const uint8_t *a, const uint8_t *b)
{
    struct dns_zone_labels a_labels, b_labels;

    dns_zone_labels(&a_labels, a);
    dns_zone_labels(&b_labels, b);
    return labels_order(&a_labels, &b_labels, 0, 0);
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
    /* Label by label: "badexample.com" ends with the letters of "example.com", but doesn't lie
     * below it. */
    while (front < bytes - top_bytes)
        front += name[front] + 1u;
    if (front != bytes - top_bytes || !dns_bytes_equal(name + front, top, top_bytes))
        return -1;
    return (int)front;
}

/* The first record whose owner does not precede the name; @found: its owner is the name. */
static uint32_t first_not_before(const struct leat_dns_zone *zone,
                                 const struct dns_zone_labels *labels, unsigned skip, bool *found)
{
    uint32_t low = 0;
    uint32_t high = zone->count;

    *found = false;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        struct dns_zone_labels owner;
        int order;

        /* all names share the apex, so its labels aren't compared again */
        dns_zone_labels(&owner, dns_zone_record(zone, middle)->owner);
        order = labels_order(&owner, labels, skip, zone->apex_labels);
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
            *found = order == 0;
        }
    }
    return low;
}

/* True if the record at @at has the same owner as the one before. */
static bool same_owner(const struct leat_dns_zone *zone, uint32_t at)
{
    const uint8_t *owner = dns_zone_record(zone, at)->owner;
    const uint8_t *before = dns_zone_record(zone, at - 1)->owner;

    leat_assert(at > 0);
    /* most of them share the same bytes */
    return owner == before || dns_name_order(owner, before) == 0;
}

bool dns_zone_find_inside(const struct leat_dns_zone *zone, const struct dns_zone_labels *labels,
                          unsigned skip, struct dns_zone_range *node)
{
    const uint8_t *name = labels->name + labels->starts[skip];
    bool found;
    uint32_t end = first_not_before(zone, labels, skip, &found);

    *node = (struct dns_zone_range){.first = end, .end = end};
    if (!found) /* a name below it, if any exists, comes next in this order */
        return end < zone->count && dns_name_below(dns_zone_record(zone, end)->owner, name) >= 0;
    while (++end < zone->count && same_owner(zone, end)) {
    }
    node->end = end;
    return true;
}

bool dns_zone_find(const struct leat_dns_zone *zone, const uint8_t *name,
                   struct dns_zone_range *node)
{
    struct dns_zone_labels labels;

    *node = (struct dns_zone_range){.first = 0, .end = 0};
    if (dns_name_below(name, dns_zone_apex_wire(zone)) < 0)
        return false;
    dns_zone_labels(&labels, name);
    return dns_zone_find_inside(zone, &labels, 0, node);
}

struct dns_zone_range dns_zone_set(const struct leat_dns_zone *zone, struct dns_zone_range node,
                                   uint16_t type)
{
    struct dns_zone_range set;

    leat_assert(node.first <= node.end);
    /* the records of a name are sorted by type, so a set is one range */
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
