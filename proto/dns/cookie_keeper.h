/*
 * cookie_keeper.h -- a server's side of DNS cookies (RFC 7873 5.2, RFC 9018 4).
 *
 * The server keeps nothing of its clients: its cookie is the time and a keyed hash of that, of the
 * client's cookie and of the client's address.  Who shows it again has received a reply there, so
 * its address isn't forged.
 */
#ifndef DNS_COOKIE_KEEPER_H
#define DNS_COOKIE_KEEPER_H

#include "core/siphash.h"
#include "proto/dns/dns_query.h"
#include "service.h"

enum {
    DNS_COOKIE_SERVER_BYTES = 16, /* RFC 9018 4: version, reserved, time, hash */
    DNS_COOKIE_REPLY_BYTES = DNS_COOKIE_CLIENT_BYTES + DNS_COOKIE_SERVER_BYTES
};

/* Of a server. */
struct dns_cookie_keeper {
    struct siphash_key key;
    struct siphash_key before; /* of cookies that are older than that */
    uint32_t since_s;          /* when the key was drawn */
    uint32_t seed_generation;  /* of the stack by then */
    bool is_on;
};

/* Draws the first key; @off: there are no cookies. */
void dns_cookie_keeper_init(struct dns_cookie_keeper *keeper, struct leat *stack, bool off);

/* Whose query it is, and when it came. */
struct dns_cookie_asker {
    const struct dns_cookie_keeper *keeper;
    struct leat_ip ip;
    uint32_t now_s; /* of any clock that goes on */
};

/* The asker of a query that @ip sends now.  Draws a new key each day, and after leat_reseed(), when
 * the cookies of before are worth nothing: another clone may have said them. */
struct dns_cookie_asker dns_cookie_asker_of(struct dns_cookie_keeper *keeper, struct leat *stack,
                                            struct leat_ip ip);

/* The cookie of a reply. */
struct dns_cookie_reply {
    uint8_t bytes[DNS_COOKIE_REPLY_BYTES]; /* the client's, ours */
    bool is_set;                           /* the client has sent one */
    bool proven;                           /* and ours with it, which was right */
};

/* Writes the cookie of the reply to @asked, whose cookie has a legal length.  @asker NULL: none;
 * nor is there one of LEAT_DNS_SLIP that would make the reply longer than its query. */
void dns_cookie_reply_to(const struct dns_cookie_asker *asker, const struct dns_query *asked,
                         enum leat_dns_transport transport, struct dns_cookie_reply *reply);

/* leat_dns_answer(), with a cookie for @asker; NULL: without. */
size_t dns_answer(const struct leat_dns_zones *zones, enum leat_dns_transport transport,
                  const struct dns_cookie_asker *asker, const uint8_t *query, size_t query_len,
                  uint8_t *reply, size_t reply_bytes);

/* Of the reply to a query without a question (RFC 7873 5.4), whose cookie is @reply. */
unsigned dns_cookie_rcode(const struct dns_query *asked, const struct dns_cookie_reply *reply);

/* True if the query shows that its source isn't forged. */
bool dns_cookie_proves(const struct dns_cookie_asker *asker, const uint8_t *query, size_t len);

/* Bytes of the OPT record of a reply to @asked. */
static inline size_t dns_cookie_opt_bytes(bool has_edns, const struct dns_cookie_reply *cookie)
{
    if (!has_edns)
        return 0;
    return DNS_OPT_BYTES + (cookie->is_set ? (size_t)DNS_OPTION_BYTES + DNS_COOKIE_REPLY_BYTES : 0);
}

#endif
