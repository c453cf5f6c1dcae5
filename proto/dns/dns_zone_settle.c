/* dns_zone_settle.c -- turns unsorted records into a zone: sorted, without duplicates, and
 * checked. */
#include <string.h>

#include "proto/dns/dns_zone.h"

static int data_order(const struct dns_new_record *a, const struct dns_new_record *b)
{
    const size_t shorter = a->rdata_len < b->rdata_len ? a->rdata_len : b->rdata_len;
    /* RFC 4034 6.3: as unsigned bytes; data goes before data that it begins */
    const int order = memcmp(a->rdata, b->rdata, shorter);

    return order != 0 ? order : a->rdata_len - b->rdata_len;
}

static int record_order(const struct dns_zone_record *a, const struct dns_zone_record *b)
{
    int order = dns_name_order(a->record.owner, b->record.owner);

    if (order == 0)
        order = a->record.type - b->record.type;
    if (order == 0)
        order = data_order(&a->record, &b->record);
    /* heap sort isn't stable: by the line, the first of equal records is the one that stays */
    return order != 0 ? order : (a->line > b->line) - (a->line < b->line);
}

/* Sifts the record at @at down, in a heap of @count. */
static void sift_down(struct dns_zone_record *records, size_t count, size_t at)
{
    const struct dns_zone_record sinking = records[at];
    size_t child;

    while ((child = 2 * at + 1) < count) {
        if (child + 1 < count && record_order(&records[child], &records[child + 1]) < 0)
            child++;
        if (record_order(&sinking, &records[child]) >= 0)
            break;
        records[at] = records[child];
        at = child;
    }
    records[at] = sinking;
}

/* Heap sort, because it needs no memory or recursion, and has no slow input. */
static void sort(struct dns_zone_record *records, size_t count)
{
    for (size_t at = count / 2; at-- > 0;)
        sift_down(records, count, at);
    while (count-- > 1) {
        const struct dns_zone_record largest = records[0];

        records[0] = records[count];
        records[count] = largest;
        sift_down(records, count, 0);
    }
}

static bool same_set(const struct dns_new_record *a, const struct dns_new_record *b)
{
    return a->type == b->type && dns_name_order(a->owner, b->owner) == 0;
}

/* The end of the set that begins at @first; @ttl_s: its smallest TTL. */
static uint32_t set_end(const struct leat_dns_zone *zone, uint32_t first, uint32_t *ttl_s)
{
    const struct dns_new_record *leader = dns_zone_record(zone, first);
    uint32_t end = first;

    *ttl_s = leader->ttl_s;
    while (end < zone->count && same_set(leader, dns_zone_record(zone, end))) {
        if (dns_zone_record(zone, end)->ttl_s < *ttl_s)
            *ttl_s = dns_zone_record(zone, end)->ttl_s;
        end++;
    }
    return end;
}

/* RFC 2181 5: removes duplicate records, and gives all records of a set one TTL. */
static void make_sets(struct leat_dns_zone *zone)
{
    struct dns_zone_record *records = zone->records;
    uint32_t kept = 0;
    uint32_t end;

    for (uint32_t first = 0; first < zone->count; first = end) {
        uint32_t ttl_s;

        end = set_end(zone, first, &ttl_s);
        for (uint32_t i = first; i < end; i++) {
            /* sorted by their data, so equal records are neighbours */
            if (i > first && data_order(&records[kept - 1].record, &records[i].record) == 0)
                continue;
            records[kept] = records[i];
            records[kept++].record.ttl_s = ttl_s;
        }
    }
    zone->count = kept;
}

static const char *find_soa(struct leat_dns_zone *zone, uint32_t *line)
{
    struct dns_zone_labels apex;
    uint32_t found = 0;

    for (uint32_t i = 0; i < zone->count; i++) {
        if (dns_zone_record(zone, i)->type != LEAT_DNS_SOA)
            continue;
        *line = zone->records[i].line;
        if (found++ > 0)
            return "a zone has one SOA record, and this is another one";
        zone->soa = i;
        dns_zone_labels(&apex, dns_zone_record(zone, i)->owner);
        zone->apex_labels = apex.count;
    }
    return found > 0 ? NULL : "there is no SOA record";
}

static const char *check_record(const struct leat_dns_zone *zone, uint32_t at)
{
    const struct dns_new_record *record = dns_zone_record(zone, at);
    const struct dns_new_record *before = at > 0 ? dns_zone_record(zone, at - 1) : NULL;

    /* dns_zone_find_inside() relies on this: it doesn't compare the labels of the apex */
    if (dns_name_below(record->owner, dns_zone_apex_wire(zone)) < 0)
        return "the name lies outside of the zone, which begins at its SOA record";
    /* RFC 4592 4.2: undefined */
    if (record->type == LEAT_DNS_NS && record->owner[0] == 1 && record->owner[1] == '*')
        return "a wildcard must not have NS records";
    /* RFC 1034 3.6.2; records of one name are neighbours, so comparing neighbours is enough */
    if (before && (record->type == LEAT_DNS_CNAME || before->type == LEAT_DNS_CNAME) &&
        dns_name_order(record->owner, before->owner) == 0)
        return "a name with a CNAME record must have no other";
    return NULL;
}

const char *dns_zone_settle(struct leat_dns_zone *zone, uint32_t *line)
{
    struct dns_zone_range apex;
    const char *why;

    *line = 0;
    sort(zone->records, zone->count);
    make_sets(zone);
    /* the other checks need the apex, which is the owner of the SOA record */
    why = find_soa(zone, line);
    if (why)
        return why;
    for (uint32_t i = 0; i < zone->count; i++) {
        *line = zone->records[i].line;
        why = check_record(zone, i);
        if (why)
            return why;
    }
    /* what is missing has no line: the error names that of the SOA record */
    *line = zone->records[zone->soa].line;
    dns_zone_find(zone, dns_zone_apex_wire(zone), &apex);
    if (dns_zone_range_is_empty(dns_zone_set(zone, apex, LEAT_DNS_NS)))
        return "the zone has no NS record at its apex";
    return NULL;
}
