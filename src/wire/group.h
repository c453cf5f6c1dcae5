/*
 * group.h -- messages about multicast groups: IGMP (RFC 3376, 2236, 1112) and MLD (RFC 3810, 2710).
 * The newest versions of both have the same semantics.
 *
 * The age of a version is the number of newer versions: 0 for IGMPv3 and MLDv2, 1 for IGMPv2 and
 * MLDv1, 2 for IGMPv1.
 */
#ifndef WIRE_GROUP_H
#define WIRE_GROUP_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/addr.h>

enum {
    GROUP_AGES = 3,
    GROUP_ROBUSTNESS = 2,   /* RFC 3376 8.1, RFC 3810 9.1: the default without a router's value */
    GROUP_INTERVAL_S = 125, /* RFC 3376 8.2, RFC 3810 9.2 */
    MLD_BYTES = 24,         /* of an MLDv1 message, and of the common part of all queries */
    MLD_QUERY_BYTES = 28,   /* of an MLDv2 query before its sources */
    MLD_REPORT_BYTES = 8,   /* of an MLDv2 report before its records */
    MLD_RECORD_BYTES = 20,  /* of a record without sources */
    IGMP_BYTES = 8,         /* of IGMPv1 and IGMPv2 messages, and of IGMPv3 before the records */
    IGMP_QUERY_BYTES = 12,  /* of an IGMPv3 query before its sources */
    IGMP_RECORD_BYTES = 8
};

/* RFC 3376 4.2.12, RFC 3810 5.2.12: our records never list sources. */
enum group_record_type {
    GROUP_IS_EXCLUDE = 2, /* listens to all sources */
    GROUP_TO_INCLUDE = 3, /* has left */
    GROUP_TO_EXCLUDE = 4  /* has joined */
};

struct group_record {
    struct leat_ip ip;
    uint8_t type; /* enum group_record_type */
};

struct group_query {
    struct leat_ip ip; /* "::": all groups */
    uint32_t max_response_ms;
    uint32_t interval_s; /* 0: not given */
    uint8_t robustness;  /* 0: not given */
    uint8_t age;
};

/* Parses a query of @len contiguous bytes, sources included; the sources are skipped.  False: a
 * length that no version has, or the address isn't multicast. */
bool wire_mld_query_parse(struct group_query *query, const uint8_t *bytes, uint32_t len);
bool wire_igmp_query_parse(struct group_query *query, const uint8_t *bytes, uint32_t len);

/* Emits a report of the newest version with checksum 0; returns its length. */
uint32_t wire_mld_report_emit(const struct group_record *records, uint32_t count, uint8_t *bytes);
uint32_t wire_igmp_report_emit(const struct group_record *records, uint32_t count, uint8_t *bytes);

/* Emits a message of an older version with checksum 0, MLD_BYTES or IGMP_BYTES long. */
void wire_mld_older_emit(uint8_t type, struct leat_ip ip, uint8_t *bytes);
void wire_igmp_older_emit(uint8_t type, struct leat_ip ip, uint8_t *bytes);

#endif
