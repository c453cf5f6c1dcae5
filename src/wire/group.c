/*
 * group.c -- parses and emits MLD and IGMP messages.
 *
 * The length of a query tells its version (RFC 3376 7.1, RFC 3810 8.1). A length between those of
 * two versions is an error, since a router that means something newer must send all of its fields.
 */
#include "wire/group.h"

#include "core/assert.h"
#include "core/ip4.h"
#include "wire/bytes.h"
#include "wire/igmp.h"
#include "wire/ndp.h"

enum {
    ROBUSTNESS_MASK = 7,
    MLD_GROUP_AT = 8,
    MLD_SOURCES_AT = 26,
    IGMP_SOURCES_AT = 10,
    IGMP1_RESPONSE_MS = 10000 /* RFC 2236 4: the default, as IGMPv1 has no such field */
};

/* RFC 3376 4.1.1, 4.1.7, RFC 3810 5.1.9: values from 128 are floating-point, with three bits of
 * exponent and four of mantissa behind a leading 1 that isn't sent. */
static uint32_t from_code8(uint8_t code)
{
    return code < 0x80 ? code : (uint32_t)((code & 0x0f) | 0x10) << ((code >> 4 & 7) + 3);
}

/* RFC 3810 5.1.3: the mantissa has twelve bits here */
static uint32_t from_code16(uint16_t code)
{
    return code < 0x8000 ? code : (uint32_t)((code & 0x0fff) | 0x1000) << ((code >> 12 & 7) + 3);
}

bool wire_mld_query_parse(struct group_query *query, const uint8_t *bytes, uint32_t len)
{
    const bool is_old = len == MLD_BYTES;

    if (!is_old &&
        (len < MLD_QUERY_BYTES || len - MLD_QUERY_BYTES < 16u * get16(bytes + MLD_SOURCES_AT)))
        return false;
    *query = (struct group_query){.age = is_old};
    memcpy(query->ip.bytes, bytes + MLD_GROUP_AT, sizeof query->ip.bytes);
    if (is_old) {
        /* MLDv1 has plain milliseconds, not a code */
        query->max_response_ms = get16(bytes + 4);
    } else {
        query->max_response_ms = from_code16(get16(bytes + 4));
        query->robustness = bytes[24] & ROBUSTNESS_MASK;
        query->interval_s = from_code8(bytes[25]);
    }
    return leat_ip_is_any(query->ip) || leat_ip_is_multicast(query->ip);
}

bool wire_igmp_query_parse(struct group_query *query, const uint8_t *bytes, uint32_t len)
{
    const bool is_old = len == IGMP_BYTES;
    leat_ip4 ip;

    if (!is_old &&
        (len < IGMP_QUERY_BYTES || len - IGMP_QUERY_BYTES < 4u * get16(bytes + IGMP_SOURCES_AT)))
        return false;
    *query = (struct group_query){.age = is_old};
    ip = get32(bytes + 4);
    /* the general query keeps "::", as in MLD, instead of ::ffff:0.0.0.0 */
    if (ip != IP4_ANY)
        query->ip = leat_ip_v4(ip);
    if (is_old && bytes[1] == 0) { /* RFC 3376 7.1 */
        query->age = 2;
        query->ip = LEAT_IP_ANY; /* RFC 2236 4: IGMPv1 has only general queries */
        query->max_response_ms = IGMP1_RESPONSE_MS;
        return true;
    }
    /* IGMP counts tenths of a second */
    query->max_response_ms = 100 * (is_old ? bytes[1] : from_code8(bytes[1]));
    if (!is_old) {
        query->robustness = bytes[8] & ROBUSTNESS_MASK;
        query->interval_s = from_code8(bytes[9]);
    }
    return ip == IP4_ANY || ip4_is_multicast(ip);
}

uint32_t wire_mld_report_emit(const struct group_record *records, uint32_t count, uint8_t *bytes)
{
    uint8_t *at = bytes + MLD_REPORT_BYTES;

    leat_assert(count <= UINT16_MAX);
    /* zeros say: no sources, no auxiliary data; reserved fields are zero, too */
    memset(bytes, 0, MLD_REPORT_BYTES + count * MLD_RECORD_BYTES);
    bytes[0] = ICMPV6_MLD2_REPORT;
    put16(bytes + 6, (uint16_t)count);
    for (uint32_t i = 0; i < count; i++, at += MLD_RECORD_BYTES) {
        at[0] = records[i].type;
        memcpy(at + 4, records[i].ip.bytes, sizeof records[i].ip.bytes);
    }
    return MLD_REPORT_BYTES + count * MLD_RECORD_BYTES;
}

uint32_t wire_igmp_report_emit(const struct group_record *records, uint32_t count, uint8_t *bytes)
{
    uint8_t *at = bytes + IGMP_BYTES;

    leat_assert(count <= UINT16_MAX);
    memset(bytes, 0, IGMP_BYTES + count * IGMP_RECORD_BYTES);
    bytes[0] = IGMP_V3_REPORT;
    put16(bytes + 6, (uint16_t)count);
    for (uint32_t i = 0; i < count; i++, at += IGMP_RECORD_BYTES) {
        at[0] = records[i].type;
        put32(at + 4, leat_ip_v4_number(records[i].ip));
    }
    return IGMP_BYTES + count * IGMP_RECORD_BYTES;
}

void wire_mld_older_emit(uint8_t type, struct leat_ip ip, uint8_t *bytes)
{
    memset(bytes, 0, MLD_BYTES);
    bytes[0] = type;
    memcpy(bytes + MLD_GROUP_AT, ip.bytes, sizeof ip.bytes);
}

void wire_igmp_older_emit(uint8_t type, struct leat_ip ip, uint8_t *bytes)
{
    memset(bytes, 0, IGMP_BYTES);
    bytes[0] = type;
    put32(bytes + 4, leat_ip_v4_number(ip));
}
