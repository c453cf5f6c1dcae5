/* dns_record.c -- the public view of names and records: their contents, and their text. */
#include <string.h>

#include <leat/dns.h>

#include "proto/dns/dns_text.h"
#include "proto/dns/svcb.h"
#include "core/assert.h"
#include "wire/bytes.h"
#include "proto/wire/dns.h"

static void text_name(struct dns_text *text, const uint8_t *message, size_t len, size_t at)
{
    struct dns_labels labels;
    const uint8_t *label = NULL;
    bool root = true;
    int bytes;

    dns_labels_start(&labels, message, len, at);
    while ((bytes = dns_label_next(&labels, &label)) > 0) {
        root = false;
        for (int i = 0; i < bytes; i++) {
            /* a bare space would end the name's word in a master file */
            if (label[i] == ' ')
                dns_text_string(text, "\\032");
            else
                dns_text_byte(text, label[i], ".\\\"();@$");
        }
        dns_text_char(text, '.');
    }
    if (root)
        dns_text_char(text, '.');
}

static void text_strings(struct dns_text *text, const uint8_t *at, const uint8_t *end)
{
    while (at < end) {
        /* dns_record_is_formed() was true, so the lengths end with the data */
        const uint8_t *next = at + *at + 1;

        dns_text_string(text, " \"");
        while (++at < next)
            dns_text_byte(text, *at, "\\\"");
        dns_text_char(text, '"');
    }
}

static void text_string(struct dns_text *text, const uint8_t *at, const uint8_t *end)
{
    dns_text_char(text, '"');
    while (at < end)
        dns_text_byte(text, *at++, "\\\"");
    dns_text_char(text, '"');
}

/* Formats a tag, as a character string if it has other bytes than a tag may have. */
static void text_tag(struct dns_text *text, const uint8_t *at, const uint8_t *end)
{
    const uint8_t *next = at;

    while (next < end && dns_is_letter_or_digit(*next))
        next++;
    if (at == end || next < end) {
        text_string(text, at, end);
        return;
    }
    while (at < end)
        dns_text_char(text, (char)*at++);
}

static void text_hex(struct dns_text *text, const uint8_t *at, const uint8_t *end)
{
    for (; at < end; at++) {
        dns_text_char(text, "0123456789abcdef"[*at >> 4]);
        dns_text_char(text, "0123456789abcdef"[*at & 15]);
    }
}

/* RFC 3597 5: the generic format, for unknown types. */
static void text_unknown(struct dns_text *text, const struct leat_dns_record *record)
{
    const uint8_t *rdata = record->message + record->rdata_at;

    dns_text_string(text, " \\# ");
    dns_text_number(text, record->rdata_len);
    /* RFC 3597 5: without data only the length stands there */
    if (record->rdata_len != 0)
        dns_text_char(text, ' ');
    text_hex(text, rdata, rdata + record->rdata_len);
}

/* Formats a field that ends with the data. */
static void text_rest(struct dns_text *text, uint8_t field, const uint8_t *at, const uint8_t *end)
{
    if (field == DNS_FIELD_VALUE)
        text_string(text, at, end);
    else if (field == DNS_FIELD_HEX)
        text_hex(text, at, end);
    else
        dns_text_base64(text, at, end);
}

/* Formats a field of legal data at @*at after a space, and moves @*at behind it. */
static void text_field(struct dns_text *text, const struct leat_dns_record *record, uint8_t field,
                       size_t *at)
{
    const uint8_t *bytes = record->message + *at;
    const uint8_t *end = record->message + record->rdata_at + record->rdata_len;
    char ip4[LEAT_IP_TEXT_BYTES];

    if (field == DNS_FIELD_TEXTS) {
        text_strings(text, bytes, end);
        return;
    }
    if (field == DNS_FIELD_PARAMS) {
        svcb_format(text, bytes, end);
        return;
    }
    dns_text_char(text, ' ');
    if (field == DNS_FIELD_NAME) {
        /* the name may end with a pointer to any name in front of it, so the whole message is
         * needed */
        text_name(text, record->message, record->message_len, *at);
        dns_name_skip(record->message, record->message_len, at);
    } else if (field == DNS_FIELD_IP4) {
        leat_ip_format(leat_ip_v4(get32(bytes)), ip4);
        dns_text_string(text, ip4);
        *at += 4;
    } else if (field == DNS_FIELD_IP6) {
        dns_text_ip6(text, bytes);
        *at += 16;
    } else if (field == DNS_FIELD_U8) {
        dns_text_number(text, *bytes);
        *at += 1;
    } else if (field == DNS_FIELD_U16) {
        dns_text_number(text, get16(bytes));
        *at += 2;
    } else if (field == DNS_FIELD_TEXT) {
        text_string(text, bytes + 1, bytes + 1 + *bytes);
        *at += *bytes + 1u;
    } else if (field == DNS_FIELD_TAG) {
        text_tag(text, bytes + 1, bytes + 1 + *bytes);
        *at += *bytes + 1u;
    } else if (dns_field_bytes(field) == 0) {
        text_rest(text, field, bytes, end);
    } else {
        dns_text_number(text, get32(bytes));
        *at += 4;
    }
}

size_t leat_dns_record_format(const struct leat_dns_record *record, char *text, size_t text_bytes)
{
    struct dns_text out = {.bytes = text, .bytes_max = text_bytes};
    const uint8_t *fields = NULL;
    size_t at = record->rdata_at;
    char type[10];

    text_name(&out, record->message, record->message_len, record->owner_at);
    dns_text_char(&out, ' ');
    dns_text_number(&out, record->ttl_s);
    /* RFC 3597 5: in other classes the format of data is unknown, also of a known type */
    if (record->class_number == DNS_CLASS_IN) {
        dns_text_string(&out, " IN ");
        if (dns_record_is_formed(record))
            fields = dns_fields(record->type);
    } else {
        dns_text_string(&out, " CLASS");
        dns_text_number(&out, record->class_number);
        dns_text_char(&out, ' ');
    }
    leat_dns_type_format(record->type, type);
    dns_text_string(&out, type);
    if (!fields)
        text_unknown(&out, record);
    for (; fields && *fields != DNS_FIELD_END; fields++)
        text_field(&out, record, *fields, &at);
    return dns_text_end(&out);
}

size_t leat_dns_name_format(const struct leat_dns_name *name, char *text, size_t text_bytes)
{
    struct dns_text out = {.bytes = text, .bytes_max = text_bytes};

    text_name(&out, name->wire, name->len, 0);
    return dns_text_end(&out);
}

bool leat_dns_name_equal(const struct leat_dns_name *a, const struct leat_dns_name *b)
{
    /* A length byte is below 64, so lower case never changes it. */
    return a->len == b->len && dns_bytes_equal(a->wire, b->wire, a->len);
}

void leat_dns_record_owner(const struct leat_dns_record *record, struct leat_dns_name *name)
{
    size_t at = record->owner_at;
    bool legal = dns_name_read(record->message, record->message_len, &at, name);

    /* whatever made the record has read its owner before */
    leat_assert(legal);
    (void)legal;
}

bool leat_dns_record_ip(const struct leat_dns_record *record, struct leat_ip *ip)
{
    const uint8_t *bytes = record->message + record->rdata_at;

    if (record->class_number != DNS_CLASS_IN ||
        (record->type != LEAT_DNS_A && record->type != LEAT_DNS_AAAA))
        return false;
    if (record->type == LEAT_DNS_A)
        *ip = leat_ip_v4(get32(bytes));
    else
        memcpy(ip->bytes, bytes, sizeof ip->bytes);
    return true;
}

bool leat_dns_record_target(const struct leat_dns_record *record, struct leat_dns_name *name)
{
    size_t at = record->rdata_at;

    if (record->class_number != DNS_CLASS_IN)
        return false;
    switch (record->type) {
    case LEAT_DNS_MX:
        at += 2;
        break;
    case LEAT_DNS_CNAME:
    case LEAT_DNS_NS:
    case LEAT_DNS_PTR:
        break;
    default:
        return false;
    }
    return dns_name_read(record->message, record->message_len, &at, name);
}

const char *leat_dns_rcode_text(unsigned rcode)
{
    switch (rcode) {
    case LEAT_DNS_NOERROR:
        return "NOERROR";
    case LEAT_DNS_FORMERR:
        return "FORMERR";
    case LEAT_DNS_SERVFAIL:
        return "SERVFAIL";
    case LEAT_DNS_NXDOMAIN:
        return "NXDOMAIN";
    case LEAT_DNS_NOTIMP:
        return "NOTIMP";
    case LEAT_DNS_REFUSED:
        return "REFUSED";
    case LEAT_DNS_BADVERS:
        return "BADVERS";
    case LEAT_DNS_BADCOOKIE:
        return "BADCOOKIE";
    default:
        return "unknown";
    }
}
