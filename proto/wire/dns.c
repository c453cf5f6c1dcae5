/* dns.c -- reads messages: see dns.h. */
#include "proto/wire/dns.h"

#include <string.h>

#include "core/assert.h"
#include "wire/bytes.h"

enum {
    POINTER = 0xc0,
    POINTER_REACH = 0x4000, /* a pointer has 14 bits */
    JUMPS_MAX = 127         /* a name has at most 127 labels */
};

void dns_labels_start(struct dns_labels *labels, const uint8_t *message, size_t len, size_t at)
{
    *labels = (struct dns_labels){.message = message, .len = len, .at = at, .floor = at};
}

/* RFC 9267 2 and 3: pointers lead strictly backward, so no walk can loop; a name's length is
 * counted while it is read. Jumps are counted too, because a message can hold long chains of
 * pointers. The floor falls with each jump, and the next target must lie below it. The end is set
 * once, at the first pointer or at the root: the caller goes on behind that. */
int dns_label_next(struct dns_labels *labels, const uint8_t **label)
{
    while (labels->at < labels->len) {
        uint8_t first = labels->message[labels->at];
        size_t target;

        if (first < POINTER) {
            /* The bits 01 and 10 begin no label any more (RFC 6891 5). */
            if (first > LEAT_DNS_LABEL_BYTES || first >= labels->len - labels->at)
                return -1;
            labels->bytes += first + 1u;
            if (labels->bytes > LEAT_DNS_NAME_BYTES)
                return -1;
            *label = labels->message + labels->at + 1;
            labels->at += first + 1u;
            if (first == 0 && labels->end == 0)
                labels->end = labels->at;
            return first;
        }
        if (labels->len - labels->at < 2)
            return -1;
        /* 14 bits, from the beginning of the message (RFC 1035 4.1.4) */
        target = get16(labels->message + labels->at) & (POINTER_REACH - 1u);
        if (labels->end == 0)
            labels->end = labels->at + 2;
        if (target >= labels->floor || ++labels->jumps > JUMPS_MAX)
            return -1;
        labels->at = target;
        labels->floor = target;
    }
    return -1;
}

bool dns_name_read(const uint8_t *message, size_t len, size_t *at, struct leat_dns_name *name)
{
    struct dns_labels labels;
    const uint8_t *label = NULL;
    size_t used = 0;
    int bytes;

    dns_labels_start(&labels, message, len, *at);
    while ((bytes = dns_label_next(&labels, &label)) > 0) {
        name->wire[used] = (uint8_t)bytes;
        memcpy(name->wire + used + 1, label, (size_t)bytes);
        used += (size_t)bytes + 1;
    }
    if (bytes < 0)
        return false;
    /* dns_label_next() has counted the root, too, so there is room for it. */
    leat_assert(used < LEAT_DNS_NAME_BYTES);
    name->wire[used] = 0;
    name->len = (uint8_t)(used + 1);
    *at = labels.end;
    return true;
}

/* Checks as much as dns_name_read() does, by the same walk, so a name that was skipped can be read
 * later without a fault. */
bool dns_name_skip(const uint8_t *message, size_t len, size_t *at)
{
    struct dns_labels labels;
    const uint8_t *label;
    int bytes;

    dns_labels_start(&labels, message, len, *at);
    do {
        bytes = dns_label_next(&labels, &label);
    } while (bytes > 0);
    *at = labels.end;
    return bytes == 0;
}

/* RFC 4343 3: only ASCII letters have a case in names. */
bool dns_bytes_equal(const uint8_t *a, const uint8_t *b, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (a[i] != b[i] && dns_lower(a[i]) != dns_lower(b[i]))
            return false;
    }
    return true;
}

/* True if the name at @at of a message is the uncompressed, legal @name. */
static bool labels_equal(const uint8_t *message, size_t len, size_t at, const uint8_t *name)
{
    struct dns_labels labels;
    const uint8_t *label = NULL;
    int bytes;

    dns_labels_start(&labels, message, len, at);
    while ((bytes = dns_label_next(&labels, &label)) > 0) {
        /* Lengths first: a different length at any label ends the comparison before a byte is read
         * beyond @name. */
        if (*name != bytes || !dns_bytes_equal(name + 1, label, (size_t)bytes))
            return false;
        name += *name + 1;
    }
    return bytes == 0 && *name == 0;
}

bool dns_name_is(const uint8_t *message, size_t len, size_t at, const struct leat_dns_name *name)
{
    return labels_equal(message, len, at, name->wire);
}

bool dns_header_read(const uint8_t *message, size_t len, struct dns_header *header)
{
    if (len < DNS_HEADER_BYTES)
        return false;
    header->id = get16(message);
    header->flags = get16(message + 2);
    for (unsigned i = 0; i < DNS_SECTIONS; i++)
        header->counts[i] = get16(message + 4 + 2 * i);
    return true;
}

/* A walk without pointers. @bytes_max bounds it, because the labels may come from the peer. */
size_t dns_plain_name_bytes(const uint8_t *name, size_t bytes_max)
{
    size_t bytes = 0;

    while (bytes < bytes_max && name[bytes] < POINTER) {
        if (name[bytes] == 0)
            return bytes + 1;
        bytes += name[bytes] + 1u;
    }
    return 0;
}

bool dns_question_read(const uint8_t *message, size_t len, size_t *at,
                       struct dns_question *question)
{
    const size_t start = *at;

    if (!dns_name_skip(message, len, at) || len - *at < 4)
        return false;
    question->name = message + start;
    question->name_bytes = *at - start;
    question->type = get16(message + *at);
    question->class_number = get16(message + *at + 2);
    *at += 4;
    /* A pointer in the first question could lead into the header only. */
    return dns_plain_name_bytes(question->name, question->name_bytes) == question->name_bytes;
}

/* Moves @*at behind one or more character strings that end at @end. A TXT record without any is
 * illegal (RFC 1035 3.3.14). */
static bool texts_skip(const uint8_t *message, size_t end, size_t *at)
{
    size_t next = *at;

    if (next == end)
        return false;
    while (next < end)
        next += message[next] + 1u;
    *at = next;
    return next == end;
}

/* Moves @*at behind parameters that end at @end: each key is larger than the one before. */
static bool params_skip(const uint8_t *message, size_t end, size_t *at)
{
    size_t next = *at;
    int before = -1;

    while (end - next >= 4) {
        const int key = get16(message + next);
        const size_t len = get16(message + next + 2);

        if (key <= before || len > end - next - 4)
            return false;
        before = key;
        next += 4 + len;
    }
    *at = next;
    return next == end;
}

bool dns_field_skip(const uint8_t *message, size_t end, size_t *at, uint8_t field)
{
    size_t bytes = dns_field_bytes(field);

    if (field == DNS_FIELD_NAME)
        return dns_name_skip(message, end, at);
    if (field == DNS_FIELD_TEXTS)
        return texts_skip(message, end, at);
    if (field == DNS_FIELD_PARAMS)
        return params_skip(message, end, at);
    /* At @end not even the length byte is there; 1 makes the check below fail. */
    if (field == DNS_FIELD_TEXT || field == DNS_FIELD_TAG)
        bytes = *at < end ? message[*at] + 1u : 1;
    else if (bytes == 0) /* to the end */
        bytes = end - *at;
    if (end - *at < bytes)
        return false;
    *at += bytes;
    return true;
}

bool dns_rdata_is_plain(uint16_t type, const uint8_t *rdata, size_t len)
{
    const struct dns_shape *shape = dns_shape(type);
    const uint8_t *fields = shape ? shape->fields : NULL;
    size_t at = 0;

    /* A type without a shape may hold anything: an unknown type has no names that could be
     * compressed (RFC 3597 4). */
    for (; fields && *fields != DNS_FIELD_END; fields++) {
        const size_t name_bytes =
            *fields == DNS_FIELD_NAME ? dns_plain_name_bytes(rdata + at, len - at) : 1;

        if (name_bytes == 0 || !dns_field_skip(rdata, len, &at, *fields))
            return false;
    }
    return !fields || at == len;
}

bool dns_record_is_formed(const struct leat_dns_record *record)
{
    const uint8_t *fields = dns_fields(record->type);
    size_t at = record->rdata_at;
    const size_t end = at + record->rdata_len;

    /* The formats are those of class IN. In another class the same type may have other data. */
    if (!fields || record->class_number != DNS_CLASS_IN)
        return false;
    for (; *fields != DNS_FIELD_END; fields++) {
        if (!dns_field_skip(record->message, end, &at, *fields))
            return false;
    }
    return at == end;
}

/* RFC 9267 5: the data must match the format of its type exactly, within RDLENGTH. */
static bool rdata_is_legal(const struct leat_dns_record *record)
{
    const struct dns_shape *shape = dns_shape(record->type);

    return !shape || !shape->is_known || shape->may_differ ||
           record->class_number != DNS_CLASS_IN || dns_record_is_formed(record);
}

bool dns_record_read(const uint8_t *message, size_t len, size_t *at, struct leat_dns_record *record)
{
    const uint8_t *fixed;

    record->message = message;
    record->message_len = len;
    record->owner_at = *at;
    /* type, class, TTL and RDLENGTH have 10 bytes */
    if (!dns_name_skip(message, len, at) || len - *at < 10)
        return false;
    fixed = message + *at;
    record->type = get16(fixed);
    record->class_number = get16(fixed + 2);
    record->ttl_s = get32(fixed + 4);
    if (record->type != DNS_TYPE_OPT && record->ttl_s > INT32_MAX)
        record->ttl_s = 0; /* RFC 2181 8: a TTL with the top bit set counts as 0 */
    record->rdata_len = get16(fixed + 8);
    record->rdata_at = *at + 10;
    if (len - record->rdata_at < record->rdata_len)
        return false;
    /* moved even if the data is illegal, so that a caller may go on with the next record */
    *at = record->rdata_at + record->rdata_len;
    return rdata_is_legal(record);
}

bool dns_edns_read(const struct leat_dns_record *record, struct dns_edns *edns)
{
    size_t at = record->rdata_at;
    size_t end = at + record->rdata_len;

    leat_assert(record->message); /* @record must come from dns_record_read() */
    edns->cookie = NULL;
    while (end - at >= DNS_OPTION_BYTES) {
        const uint8_t *bytes = record->message + at;
        const size_t option = (size_t)DNS_OPTION_BYTES + get16(bytes + 2);

        if (option > end - at)
            return false;
        if (get16(bytes) == DNS_OPTION_COOKIE && !edns->cookie) { /* RFC 7873 5: the first
                                                                   * cookie counts */
            edns->cookie = bytes + DNS_OPTION_BYTES;
            edns->cookie_bytes = get16(bytes + 2);
        }
        at += option;
    }
    /* RFC 6891 6.1.3: class and TTL of an OPT record have another meaning. */
    edns->payload_bytes = record->class_number;
    edns->rcode_high = (uint8_t)(record->ttl_s >> 24);
    edns->version = (uint8_t)(record->ttl_s >> 16);
    edns->dnssec_ok = (record->ttl_s & 0x8000) != 0;
    return at == end && record->message[record->owner_at] == 0;
}
