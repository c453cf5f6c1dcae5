/* dns_shape.c -- the data format of each record type (RFC 1035 3.3, RFC 3597 4, and others). */
#include <stddef.h>

#include "proto/wire/dns.h"

/* The only place that defines the data of a type. A new type gets a shape here, with
 * `compresses` only if RFC 1035 defines it, and a row in type_names of dns_text.c if it is
 * known. */
static const struct dns_shape shape_a = {.fields = {DNS_FIELD_IP4}, .is_known = true};
static const struct dns_shape shape_aaaa = {.fields = {DNS_FIELD_IP6}, .is_known = true};
static const struct dns_shape shape_name = {
    .fields = {DNS_FIELD_NAME}, .is_known = true, .compresses = true};
static const struct dns_shape shape_mx = {
    .fields = {DNS_FIELD_U16, DNS_FIELD_NAME}, .is_known = true, .compresses = true};
static const struct dns_shape shape_txt = {.fields = {DNS_FIELD_TEXTS}, .is_known = true};
static const struct dns_shape shape_soa = {.fields = {DNS_FIELD_NAME, DNS_FIELD_NAME, DNS_FIELD_U32,
                                                      DNS_FIELD_TIME, DNS_FIELD_TIME,
                                                      DNS_FIELD_TIME, DNS_FIELD_TIME},
                                           .is_known = true,
                                           .compresses = true};
/* This and the next three say only where names lie, which a server may have compressed (RFC 3597
 * 4). Such data is never shown as text, and its names are written as they are. */
static const struct dns_shape shape_other_name = {.fields = {DNS_FIELD_NAME}};
static const struct dns_shape shape_other_names = {.fields = {DNS_FIELD_NAME, DNS_FIELD_NAME}};
static const struct dns_shape shape_host = {.fields = {DNS_FIELD_U16, DNS_FIELD_NAME}};
static const struct dns_shape shape_px = {
    .fields = {DNS_FIELD_U16, DNS_FIELD_NAME, DNS_FIELD_NAME}};
static const struct dns_shape shape_srv = {
    .fields = {DNS_FIELD_U16, DNS_FIELD_U16, DNS_FIELD_U16, DNS_FIELD_NAME},
    .is_known = true,
    .may_differ = true}; /* RFC 2782 */
static const struct dns_shape shape_naptr = {.fields = {DNS_FIELD_U16, DNS_FIELD_U16,
                                                        DNS_FIELD_TEXT, DNS_FIELD_TEXT,
                                                        DNS_FIELD_TEXT, DNS_FIELD_NAME},
                                             .is_known = true,
                                             .may_differ = true}; /* RFC 3403 4.1 */
static const struct dns_shape shape_ds = {
    .fields = {DNS_FIELD_U16, DNS_FIELD_U8, DNS_FIELD_U8, DNS_FIELD_HEX},
    .is_known = true,
    .may_differ = true}; /* RFC 4034 5.1 */
static const struct dns_shape shape_sshfp = {.fields = {DNS_FIELD_U8, DNS_FIELD_U8, DNS_FIELD_HEX},
                                             .is_known = true,
                                             .may_differ = true}; /* RFC 4255 3.1 */
static const struct dns_shape shape_dnskey = {
    .fields = {DNS_FIELD_U16, DNS_FIELD_U8, DNS_FIELD_U8, DNS_FIELD_BASE64},
    .is_known = true,
    .may_differ = true}; /* RFC 4034 2.1 */
static const struct dns_shape shape_tlsa = {
    .fields = {DNS_FIELD_U8, DNS_FIELD_U8, DNS_FIELD_U8, DNS_FIELD_HEX},
    .is_known = true,
    .may_differ = true}; /* RFC 6698 2.1 */
static const struct dns_shape shape_caa = {.fields = {DNS_FIELD_U8, DNS_FIELD_TAG, DNS_FIELD_VALUE},
                                           .is_known = true,
                                           .may_differ = true}; /* RFC 8659 4.1 */

static const struct dns_shape shape_svcb = {
    .fields = {DNS_FIELD_U16, DNS_FIELD_NAME, DNS_FIELD_PARAMS},
    .is_known = true,
    .may_differ = true}; /* RFC 9460 2.2 */

const struct dns_shape *dns_shape(uint16_t type)
{
    switch (type) {
    case LEAT_DNS_A:
        return &shape_a;
    case LEAT_DNS_AAAA:
        return &shape_aaaa;
    case LEAT_DNS_NS:
    case LEAT_DNS_CNAME:
    case LEAT_DNS_PTR:
        return &shape_name;
    case LEAT_DNS_MX:
        return &shape_mx;
    case LEAT_DNS_TXT:
        return &shape_txt;
    case LEAT_DNS_SOA:
        return &shape_soa;
    case DNS_TYPE_MD:
    case DNS_TYPE_MF:
    case DNS_TYPE_MB:
    case DNS_TYPE_MG:
    case DNS_TYPE_MR:
        return &shape_other_name;
    case DNS_TYPE_MINFO:
    case DNS_TYPE_RP:
        return &shape_other_names;
    case DNS_TYPE_AFSDB:
    case DNS_TYPE_RT:
        return &shape_host;
    case DNS_TYPE_PX:
        return &shape_px;
    case DNS_TYPE_SRV:
        return &shape_srv;
    case DNS_TYPE_NAPTR:
        return &shape_naptr;
    case DNS_TYPE_DS:
        return &shape_ds;
    case DNS_TYPE_SSHFP:
        return &shape_sshfp;
    case DNS_TYPE_DNSKEY:
        return &shape_dnskey;
    case DNS_TYPE_TLSA:
        return &shape_tlsa;
    case DNS_TYPE_CAA:
        return &shape_caa;
    case DNS_TYPE_SVCB:
    case DNS_TYPE_HTTPS:
        return &shape_svcb;
    default:
        return NULL;
    }
}

const uint8_t *dns_fields(uint16_t type)
{
    const struct dns_shape *shape = dns_shape(type);

    return shape && shape->is_known ? shape->fields : NULL;
}

uint8_t dns_field_bytes(uint8_t field)
{
    switch ((enum dns_field)field) {
    case DNS_FIELD_U8:
        return 1;
    case DNS_FIELD_U16:
        return 2;
    case DNS_FIELD_U32:
    case DNS_FIELD_TIME:
    case DNS_FIELD_IP4:
        return 4;
    case DNS_FIELD_IP6:
        return 16;
    case DNS_FIELD_END:
    case DNS_FIELD_NAME:
    case DNS_FIELD_TEXT:
    case DNS_FIELD_TAG:
    case DNS_FIELD_TEXTS:
    case DNS_FIELD_HEX:
    case DNS_FIELD_BASE64:
    case DNS_FIELD_VALUE:
    case DNS_FIELD_PARAMS:
        break;
    }
    return 0;
}
