/*
 * group.h -- what hosts and routers say of groups: IGMP (RFC 3376, 2236, 1112) and MLD (RFC 3810,
 * 2710), whose newest versions mean the same.
 *
 * A version's age is how many newer ones there are: IGMPv3 and MLDv2 have age 0, IGMPv2 and MLDv1
 * age 1, IGMPv1 age 2.
 */
#ifndef WIRE_GROUP_H
#define WIRE_GROUP_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/addr.h>

enum {
    GROUP_AGES = 3,
    GROUP_ROBUSTNESS = 2,   /* RFC 3376 8.1, RFC 3810 9.1: what holds if no router says */
    GROUP_INTERVAL_S = 125, /* RFC 3376 8.2, RFC 3810 9.2 */
    MLD_BYTES = 24,         /* of an MLDv1 message, and of what each query has */
    MLD_QUERY_BYTES = 28,   /* of MLDv2, sources follow */
    MLD_REPORT_BYTES = 8,   /* of MLDv2, records follow */
    MLD_RECORD_BYTES = 20,  /* of one without sources */
    IGMP_BYTES = 8,         /* of IGMPv1 and IGMPv2, and in front of IGMPv3's records */
    IGMP_QUERY_BYTES = 12,  /* of IGMPv3, sources follow */
    IGMP_RECORD_BYTES = 8
};

/* RFC 3376 4.2.12, RFC 3810 5.2.12: we never name sources. */
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
    uint32_t interval_s; /* 0: it isn't said */
    uint8_t robustness;  /* 0: it isn't said */
    uint8_t age;
};

/* Reads a query of which @len bytes have come in one piece, those of its sources included; its
 * sources are counted and not read.  False: a length that no version has, or it asks for what is no
 * group. */
bool wire_mld_query_parse(struct group_query *query, const uint8_t *bytes, uint32_t len);
bool wire_igmp_query_parse(struct group_query *query, const uint8_t *bytes, uint32_t len);

/* Writes a report of the newest version, its checksum 0; the length. */
uint32_t wire_mld_report_emit(const struct group_record *records, uint32_t count, uint8_t *bytes);
uint32_t wire_igmp_report_emit(const struct group_record *records, uint32_t count, uint8_t *bytes);

/* Writes a message of an older version, of MLD_BYTES or IGMP_BYTES, its checksum 0. */
void wire_mld_older_emit(uint8_t type, struct leat_ip ip, uint8_t *bytes);
void wire_igmp_older_emit(uint8_t type, struct leat_ip ip, uint8_t *bytes);

#endif
