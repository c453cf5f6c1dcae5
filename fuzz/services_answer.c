/* services_answer.c -- messages of the second stack's name server, its clients and its DHCP server,
 * byte by byte. */
#include "services.h"

#include <string.h>

#include "wire/bytes.h"

enum {
    DNS_HEADER = 12,
    DNS_QUESTION_MIN = DNS_HEADER + 1 + 4,
    QUERY_MAX = 512,
    ANSWER_RECORD_MAX = 64,
    BOOTP_BYTES = 240,
    BOOTP_REPLY_BYTES = 300,
    OPTION_REQUESTED = 50,
    OPTION_KIND = 53
};

/* Answers of the name server: a kind in the lowest three bits of services_mood.names, and flags in
 * the next three. */
enum answer {
    ANSWER_RIGHT,
    ANSWER_TWO, /* records */
    ANSWER_NONE,
    ANSWER_NO_NAME,
    ANSWER_FAILURE,
    ANSWER_CUT_SHORT,
    ANSWER_ALIAS,
    ANSWER_CIRCLE,
    ANSWER_TTL_0 = 8, /* the first flag */
    ANSWER_SILENCE = 16,
    ANSWER_SPOILT = 32
};

uint32_t services_spoil(uint8_t *bytes, uint32_t len)
{
    const uint8_t at = services_mood.spoil_at, with = services_mood.spoil_with;

    if (!(services_mood.names & ANSWER_SPOILT) || len == 0)
        return len;
    if (with == 0)
        return at % (len + 1);
    bytes[at % len] ^= with;
    return len;
}

/* The end of the first question; 0: there is none. */
static uint32_t question_end(const uint8_t *query, uint32_t len)
{
    uint32_t at = DNS_HEADER;

    while (at < len && query[at] != 0)
        at += query[at] + 1u;
    return at + 5 <= len ? at + 5 : 0;
}

/* Writes a record's name as a pointer to @name_at, its type, class, TTL, and @len bytes of data. */
static uint32_t put_record(uint8_t *at, uint16_t name_at, uint16_t type, uint16_t len)
{
    put16(at, 0xc000 | name_at);
    put16(at + 2, type);
    put16(at + 4, 1);
    put32(at + 6, services_mood.names & ANSWER_TTL_0 ? 0 : 20);
    put16(at + 10, len);
    memset(at + 12, 10, len); /* 10.10.10.10, or ten bytes of data */
    return 12u + len;
}

/* Writes a CNAME to "alias" below the question's name, and a record for that, or a CNAME back
 * to that name. */
static uint32_t put_alias(uint8_t *at, uint32_t from, uint16_t type, bool circle)
{
    uint8_t *const begin = at;
    const uint16_t alias_at = (uint16_t)(from + 12);

    at += put_record(at, DNS_HEADER, 5, 8);
    memcpy(at - 8, "\5alias", 6);
    put16(at - 2, 0xc000 | DNS_HEADER);
    if (circle) {
        at += put_record(at, alias_at, 5, 2);
        put16(at - 2, 0xc000 | DNS_HEADER);
    } else {
        at += put_record(at, alias_at, type, type == 28 ? 16 : 4);
    }
    return (uint32_t)(at - begin);
}

static uint32_t put_answers(uint8_t *reply, uint32_t at, uint16_t type, enum answer what)
{
    const uint16_t len = type == 1 ? 4 : type == 28 ? 16 : 11;

    if (what > ANSWER_TWO && what != ANSWER_ALIAS && what != ANSWER_CIRCLE)
        return 0;
    put16(reply + 6, what == ANSWER_RIGHT ? 1 : 2);
    if (what > ANSWER_TWO)
        return put_alias(reply + at, at, type, what == ANSWER_CIRCLE);
    put_record(reply + at, DNS_HEADER, type, len);
    if (what == ANSWER_TWO)
        put_record(reply + at + 12 + len, DNS_HEADER, type, len);
    return (12u + len) * (what == ANSWER_TWO ? 2 : 1);
}

uint32_t services_answer(const uint8_t *query, uint32_t len, uint8_t *reply, uint32_t max)
{
    static const uint8_t rcodes[] = {0, 0, 0, 3, 2, 0, 0, 0};
    const enum answer what = (enum answer)(services_mood.names & 7);
    const uint32_t end = len < DNS_QUESTION_MIN ? 0 : question_end(query, len);

    if (end == 0 || end + 2 * ANSWER_RECORD_MAX > max || services_mood.names & ANSWER_SILENCE)
        return 0;
    memcpy(reply, query, end);
    reply[2] = (uint8_t)(0x81 | (what == ANSWER_CUT_SHORT ? 2 : 0));
    reply[3] = (uint8_t)(0x80 | rcodes[what]);
    memset(reply + 6, 0, 6);
    return services_spoil(reply, end + put_answers(reply, end, get16(query + end - 4), what));
}

uint32_t services_question(const struct services_act *act, uint8_t *query)
{
    static const uint8_t types[] = {1, 28, 5, 15, 255, 6, 0, 65};
    uint8_t *at = query + DNS_HEADER;
    uint32_t name_bytes;
    char name[16];

    services_name(act->how, name);
    name_bytes = (uint32_t)(strchr(name, '.') - name);
    memset(query, 0, DNS_HEADER);
    put16(query, (uint16_t)(act->which << 8 | act->more));
    query[2] = 1; /* recursion is wanted */
    query[5] = 1;
    *at++ = (uint8_t)name_bytes;
    memcpy(at, name, name_bytes);
    at += name_bytes;
    memcpy(at, "\4test\0\0\0\0\1", 10);
    at += 10;
    at[-3] = types[act->more >> 2 & 7];
    if (act->more & 1) { /* EDNS, with a cookie */
        memcpy(at, "\0\0\51\4\320\0\0\0\0\0\14\0\12\0\10", 15);
        memset(at + 15, act->which, 8);
        at += 23;
        query[11] = 1;
    }
    return services_spoil(query, (uint32_t)(at - query));
}

/* ---- DHCP --------------------------------------------------------------------------------- */

/* Finds option @code of @query; NULL: there is none. */
static const uint8_t *find(const uint8_t *query, uint32_t len, uint8_t code)
{
    for (uint32_t at = BOOTP_BYTES; at + 2 <= len && query[at] != 255;
         at += query[at] == 0 ? 1 : query[at + 1] + 2u) {
        if (query[at] == code && at + 2 + query[at + 1] <= len)
            return query + at + 2;
    }
    return NULL;
}

uint32_t services_lease(const uint8_t *query, uint32_t len, uint8_t *reply)
{
    static const uint8_t fixed[] = {54, 4, 10, 0, 0, 2, 1, 4, 255, 255, 255, 0, 51, 4, 0, 0, 0};
    const uint8_t mood = services_mood.lease, *kind = find(query, len, OPTION_KIND);
    uint8_t *at = reply + BOOTP_BYTES;

    if (!kind || mood & 1 || len < BOOTP_BYTES || (*kind != 1 && *kind != 3))
        return 0;
    memset(reply, 0, BOOTP_REPLY_BYTES);
    memcpy(reply, query, 44); /* including the hardware address */
    reply[0] = 2;
    put32(reply + 16, 0x0a000032u + (mood >> 2 & 3));
    put32(reply + 236, 0x63825363);
    *at++ = OPTION_KIND;
    *at++ = 1;
    *at++ = *kind == 1 ? 2 : mood & 2 ? 6 : 5; /* OFFER; NAK, ACK */
    memcpy(at, fixed, sizeof fixed);
    at += sizeof fixed;
    *at++ = (uint8_t)(12 + (mood >> 4)); /* seconds */
    *at++ = 255;
    return BOOTP_REPLY_BYTES;
}
