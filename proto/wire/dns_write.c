/*
 * dns_write.c -- writes messages: see dns.h.
 *
 * A message is written front to back into memory of the caller: dns_write_start(), the questions
 * and records section by section, dns_write_end(). The first part that doesn't fit sets `full`, and
 * a server then rewinds to a mark and sets TC.
 */
#include "proto/wire/dns.h"

#include <string.h>

#include "core/assert.h"
#include "wire/bytes.h"

enum {
    POINTER = 0xc0,
    POINTER_REACH = 0x4000 /* a pointer has 14 bits */
};

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

/* The names after the mark are forgotten with it, because no pointer may lead to bytes that are
 * written again. */
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
            /* Each pointer leads backward, because it was written behind its target. So this
             * ends. */
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

    /* Each suffix of the name is looked up, the longest first. */
    for (; *name != 0; name += *name + 1) {
        pointer = known_name(writer, name);
        if (pointer != 0)
            break;
        /* A label beyond 16 KiB can't be reached by the 14 bits of a pointer. */
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

    /* For all other types the loop does nothing, and the data is copied as a whole below. */
    for (; fields && *fields != DNS_FIELD_END; fields++) {
        size_t before = at;

        if (*fields == DNS_FIELD_NAME) {
            write_name(writer, record->rdata + at);
            at += dns_plain_name_bytes(record->rdata + at, record->rdata_len - at);
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
    /* The length is known only after names have been compressed; it is put in behind the data. */
    length_at = writer->len;
    write16(writer, 0);
    write_rdata(writer, record);
    /* A part of a record may be there. It isn't counted, and the caller rewinds or drops the
     * message. */
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
    /* All lengths must be known first: RDLENGTH stands before the options, and the padding counts
     * them all. */
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
    /* RFC 6891 6.1.3: upper bits of the rcode, version, DO and 15 zeros take the place of the
     * TTL. */
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
        /* the last option, behind all that it makes a multiple of the block */
        write_padding(writer, padding_bytes - DNS_OPTION_BYTES);
    if (!writer->full)
        writer->counts[DNS_ADDITIONAL]++;
}

/* The header comes last, when the counts and the flags (TC) are known. */
size_t dns_write_end(struct dns_writer *writer, uint16_t id, uint16_t flags)
{
    put16(writer->bytes, id);
    put16(writer->bytes + 2, flags);
    for (unsigned i = 0; i < DNS_SECTIONS; i++)
        put16(writer->bytes + 4 + 2 * i, writer->counts[i]);
    return writer->len;
}
