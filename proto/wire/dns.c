/* dns.c -- see dns.h. */
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
 * pointers. */
int dns_label_next(struct dns_labels *labels, const uint8_t **label)
{
    while (labels->at < labels->len) {
        uint8_t first = labels->message[labels->at];
        size_t target;

        if (first < POINTER) {
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
    leat_assert(used < LEAT_DNS_NAME_BYTES);
    name->wire[used] = 0;
    name->len = (uint8_t)(used + 1);
    *at = labels.end;
    return true;
}

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

/* Length of an uncompressed name; 0: illegal, or it does not end within @bytes_max. */
static size_t wire_name_bytes(const uint8_t *name, size_t bytes_max)
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
    return wire_name_bytes(question->name, question->name_bytes) == question->name_bytes;
}

/* Moves @*at behind one or more character strings that end at @end. */
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

bool dns_field_skip(const uint8_t *message, size_t end, size_t *at, uint8_t field)
{
    size_t bytes = dns_field_bytes(field);

    if (field == DNS_FIELD_NAME)
        return dns_name_skip(message, end, at);
    if (field == DNS_FIELD_TEXTS)
        return texts_skip(message, end, at);
    if (field == DNS_FIELD_TEXT)
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

    for (; fields && *fields != DNS_FIELD_END; fields++) {
        const size_t name_bytes =
            *fields == DNS_FIELD_NAME ? wire_name_bytes(rdata + at, len - at) : 1;

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
    edns->payload_bytes = record->class_number;
    edns->rcode_high = (uint8_t)(record->ttl_s >> 24);
    edns->version = (uint8_t)(record->ttl_s >> 16);
    edns->dnssec_ok = (record->ttl_s & 0x8000) != 0;
    return at == end && record->message[record->owner_at] == 0;
}

void dns_write_start(struct dns_writer *writer, uint8_t *bytes, size_t limit)
{
    leat_assert(limit >= DNS_HEADER_BYTES);
    writer->bytes = bytes;
    writer->limit = limit;
    writer->len = DNS_HEADER_BYTES;
    writer->full = false;
    writer->known_count = 0;
    memset(writer->counts, 0, sizeof writer->counts);
}

struct dns_mark dns_write_mark(const struct dns_writer *writer)
{
    struct dns_mark mark = {.len = writer->len, .known_count = writer->known_count};

    memcpy(mark.counts, writer->counts, sizeof mark.counts);
    return mark;
}

void dns_write_rewind(struct dns_writer *writer, const struct dns_mark *mark)
{
    writer->len = mark->len;
    writer->known_count = mark->known_count;
    memcpy(writer->counts, mark->counts, sizeof writer->counts);
    writer->full = false;
}

/* Reserves the next @len bytes. NULL: they don't fit, and nothing is written any more. */
static uint8_t *write_place(struct dns_writer *writer, size_t len)
{
    uint8_t *place = writer->bytes + writer->len;

    if (writer->full || len > writer->limit - writer->len) {
        writer->full = true;
        return NULL;
    }
    writer->len += len;
    return place;
}

static void write_bytes(struct dns_writer *writer, const uint8_t *bytes, size_t len)
{
    uint8_t *place = write_place(writer, len);

    if (place && len != 0)
        memcpy(place, bytes, len);
}

static void write16(struct dns_writer *writer, uint16_t value)
{
    uint8_t *place = write_place(writer, sizeof value);

    if (place)
        put16(place, value);
}

static void write32(struct dns_writer *writer, uint32_t value)
{
    uint8_t *place = write_place(writer, sizeof value);

    if (place)
        put32(place, value);
}

/* True if @name stands at @at. The writer itself wrote the name there, so its pointers lead
 * to complete names before it. */
static bool is_written_at(const struct dns_writer *writer, size_t at, const uint8_t *name)
{
    for (;;) {
        const uint8_t *label = writer->bytes + at;

        if (*label >= POINTER) {
            at = get16(label) & (POINTER_REACH - 1u);
            continue;
        }
        if (*label != *name || !dns_bytes_equal(label + 1, name + 1, *name))
            return false;
        if (*name == 0)
            return true;
        at += *name + 1u;
        name += *name + 1;
    }
}

/* The offset of an earlier copy of @name, or 0. */
static uint16_t known_name(const struct dns_writer *writer, const uint8_t *name)
{
    for (unsigned i = 0; i < writer->known_count; i++) {
        if (is_written_at(writer, writer->known[i], name))
            return writer->known[i];
    }
    return 0;
}

/* RFC 1035 4.1.4: writes the labels that are new, then a pointer to the rest. */
static void write_name(struct dns_writer *writer, const uint8_t *name)
{
    unsigned known_count = writer->known_count;
    uint16_t pointer = 0;

    for (; *name != 0; name += *name + 1) {
        pointer = known_name(writer, name);
        if (pointer != 0)
            break;
        if (known_count < DNS_KNOWN_NAMES_MAX && writer->len < POINTER_REACH)
            writer->known[known_count++] = (uint16_t)writer->len;
        write_bytes(writer, name, *name + 1u);
    }
    if (pointer != 0)
        write16(writer, (uint16_t)(POINTER << 8 | pointer));
    else
        write_bytes(writer, name, 1);
    if (!writer->full) /* pointers may lead only to complete names */
        writer->known_count = (uint8_t)known_count;
}

void dns_write_question(struct dns_writer *writer, const uint8_t *name, uint16_t type,
                        uint16_t class_number)
{
    write_name(writer, name);
    write16(writer, type);
    write16(writer, class_number);
    writer->counts[DNS_QUESTION]++;
}

/* Writes the data of a record. Names in it are compressed if dns_shape() allows it. */
static void write_rdata(struct dns_writer *writer, const struct dns_new_record *record)
{
    const struct dns_shape *shape = dns_shape(record->type);
    const uint8_t *fields = shape && shape->compresses ? shape->fields : NULL;
    size_t at = 0;

    for (; fields && *fields != DNS_FIELD_END; fields++) {
        size_t before = at;

        if (*fields == DNS_FIELD_NAME) {
            write_name(writer, record->rdata + at);
            at += wire_name_bytes(record->rdata + at, record->rdata_len - at);
        } else if (dns_field_skip(record->rdata, record->rdata_len, &at, *fields)) {
            write_bytes(writer, record->rdata + before, at - before);
        }
    }
    write_bytes(writer, record->rdata + at, record->rdata_len - at);
}

void dns_write_record(struct dns_writer *writer, enum dns_section section,
                      const struct dns_new_record *record)
{
    size_t length_at;

    write_name(writer, record->owner);
    write16(writer, record->type);
    write16(writer, DNS_CLASS_IN);
    write32(writer, record->ttl_s);
    length_at = writer->len;
    write16(writer, 0);
    write_rdata(writer, record);
    if (writer->full)
        return;
    put16(writer->bytes + length_at, (uint16_t)(writer->len - length_at - 2));
    writer->counts[section]++;
}

/* Data bytes of a padding option that makes a message of @len bytes, and the option, a
 * multiple of @block. */
static size_t padding_for(size_t len, size_t block)
{
    const size_t rest = (len + DNS_OPTION_BYTES) % block;

    return DNS_OPTION_BYTES + (rest > 0 ? block - rest : 0);
}

/* RFC 7830 3: the padding is zeros. */
static void write_padding(struct dns_writer *writer, size_t len)
{
    uint8_t *place;

    write16(writer, DNS_OPTION_PADDING);
    write16(writer, (uint16_t)len);
    place = write_place(writer, len);
    if (place)
        memset(place, 0, len);
}

void dns_write_opt(struct dns_writer *writer, const struct dns_edns *edns)
{
    static const uint8_t root;
    const size_t cookie_bytes = edns->cookie ? (size_t)DNS_OPTION_BYTES + edns->cookie_bytes : 0;
    const size_t error_bytes =
        edns->extended_error > 0 ? (size_t)DNS_OPTION_BYTES + DNS_ERROR_BYTES : 0;
    const size_t padding_bytes =
        edns->pad_to > 0
            ? padding_for(writer->len + DNS_OPT_BYTES + cookie_bytes + error_bytes, edns->pad_to)
            : 0;

    write_bytes(writer, &root, 1);
    write16(writer, DNS_TYPE_OPT);
    write16(writer, edns->payload_bytes);
    write32(writer, (uint32_t)edns->rcode_high << 24 | (uint32_t)edns->version << 16 |
                        (edns->dnssec_ok ? 0x8000u : 0));
    write16(writer, (uint16_t)(cookie_bytes + error_bytes + padding_bytes));
    if (edns->cookie) {
        write16(writer, DNS_OPTION_COOKIE);
        write16(writer, edns->cookie_bytes);
        write_bytes(writer, edns->cookie, edns->cookie_bytes);
    }
    if (edns->extended_error > 0) {
        write16(writer, DNS_OPTION_ERROR);
        write16(writer, DNS_ERROR_BYTES);
        write16(writer, edns->extended_error);
    }
    if (edns->pad_to > 0)
        write_padding(writer, padding_bytes - DNS_OPTION_BYTES);
    if (!writer->full)
        writer->counts[DNS_ADDITIONAL]++;
}

size_t dns_write_end(struct dns_writer *writer, uint16_t id, uint16_t flags)
{
    put16(writer->bytes, id);
    put16(writer->bytes + 2, flags);
    for (unsigned i = 0; i < DNS_SECTIONS; i++)
        put16(writer->bytes + 4 + 2 * i, writer->counts[i]);
    return writer->len;
}
