/* dns_told.c -- see dns_told.h. */
#include "proto/dns/dns_told.h"

#include <string.h>

#include "core/assert.h"
#include "wire/bytes.h"

void dns_told_name(struct dns_told *told, const uint8_t *name, size_t name_bytes, uint16_t type)
{
    leat_assert(name_bytes > 0 && name_bytes <= LEAT_DNS_NAME_BYTES);
    memcpy(told->name.wire, name, name_bytes);
    told->name.len = (uint8_t)name_bytes;
    told->access.name = &told->name;
    told->access.type = type;
}

void dns_told_no_name(struct dns_told *told)
{
    told->access.name = NULL;
    told->access.type = 0;
}

/* The offset behind the question; 0: the message is illegal. */
static size_t read_question(struct dns_told *told, const struct dns_header *header,
                            const uint8_t *message, size_t len)
{
    struct dns_question question;
    size_t at = DNS_HEADER_BYTES;

    dns_told_no_name(told);
    if (header->counts[DNS_QUESTION] == 0)
        return at;
    if (!dns_question_read(message, len, &at, &question))
        return 0;
    dns_told_name(told, question.name, question.name_bytes, question.type);
    return at;
}

bool dns_told_question(struct dns_told *told, const uint8_t *message, size_t len)
{
    struct dns_header header;

    return dns_header_read(message, len, &header) && read_question(told, &header, message, len) > 0;
}

/* Bits 4 to 11 of the rcode. They are in the OPT record, and only replies without other records
 * have any of them set. */
static unsigned rcode_high(const struct dns_header *header, const uint8_t *reply, size_t len,
                           size_t at)
{
    if (header->counts[DNS_ANSWER] > 0 || header->counts[DNS_AUTHORITY] > 0 ||
        header->counts[DNS_ADDITIONAL] != 1 || len - at < DNS_OPT_BYTES)
        return 0;
    /* RFC 6891 6.1.2: the root, the type, the class, and then the TTL, which begins with them */
    return get16(reply + at + 1) == DNS_TYPE_OPT ? reply[at + 5] : 0u;
}

void dns_told_reply(struct dns_told *told, const uint8_t *reply, size_t len)
{
    struct dns_header header;
    const bool legal = dns_header_read(reply, len, &header);
    size_t at;

    leat_assert(legal); /* this server has written it */
    (void)legal;
    at = read_question(told, &header, reply, len);
    leat_assert(at > 0 && at <= len);
    told->access.rcode =
        (uint16_t)(rcode_high(&header, reply, len, at) << 4 | (header.flags & 15u));
    told->access.reply_bytes = (uint32_t)len;
}

void dns_told_tell(struct dns_told *told, const struct leat_ip *peer,
                   enum leat_dns_transport transport, uint64_t begun_ns, bool complete)
{
    struct leat_dns_access *access = &told->access;

    access->peer = *peer;
    access->transport = transport;
    access->took_ns = leat_now_ns(told->stack) - begun_ns;
    access->complete = complete;
    if (!complete) {
        access->rcode = 0;
        access->reply_bytes = 0;
        access->extended_error = 0;
    }
    told->on_access(told->arg, access);
}
