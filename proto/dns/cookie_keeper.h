/*
 * cookie_keeper.h -- the server's side of DNS cookies (RFC 7873 5.2, RFC 9018 4).
 *
 * The server stores nothing about its clients: its cookie is the time and a keyed hash of that, of
 * the client's cookie and of the client's address. A client that returns it has received a reply at
 * that address, so its source isn't forged.
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

/* The cookie state of a server. */
struct dns_cookie_keeper {
    struct siphash_key key;
    struct siphash_key before; /* key of cookies that are older */
    uint32_t since_s;          /* when the key was drawn */
    uint32_t seed_generation;  /* leat_generation() at that time */
    bool is_on;
};

/* Draws the first key; @off: cookies are disabled. */
void dns_cookie_keeper_init(struct dns_cookie_keeper *keeper, struct leat *stack, bool off);

/* The sender of a query, and when it came. */
struct dns_cookie_asker {
    const struct dns_cookie_keeper *keeper;
    struct leat_ip ip;
    uint32_t now_s; /* of any monotonic clock */
};

/* Returns the asker of a query that @ip sends now. Draws a new key each day and after
 * leat_reseed(). The latter voids all earlier cookies, because another clone may have issued
 * them. */
struct dns_cookie_asker dns_cookie_asker_of(struct dns_cookie_keeper *keeper, struct leat *stack,
                                            struct leat_ip ip);

/* The cookie of a reply. */
struct dns_cookie_reply {
    uint8_t bytes[DNS_COOKIE_REPLY_BYTES]; /* the client's part, then the server's */
    bool is_set;                           /* the reply has a cookie */
    bool proven;                           /* the server's part in the query's cookie is valid */
};

/* Writes the cookie of the reply to @asked, whose cookie has a legal length. @asker NULL: no
 * cookie. With LEAT_DNS_SLIP the reply has no cookie either if that made it longer than the
 * query. */
void dns_cookie_reply_to(const struct dns_cookie_asker *asker, const struct dns_query *asked,
                         enum leat_dns_transport transport, struct dns_cookie_reply *reply);

/* leat_dns_answer(), with a cookie for @asker; NULL: without one. */
size_t dns_answer(const struct leat_dns_zones *zones, enum leat_dns_transport transport,
                  const struct dns_cookie_asker *asker, const uint8_t *query, size_t query_len,
                  uint8_t *reply, size_t reply_bytes);

/* The rcode of the reply to a query without a question (RFC 7873 5.4), with the cookie @reply. */
unsigned dns_cookie_rcode(const struct dns_query *asked, const struct dns_cookie_reply *reply);

/* True if the query proves that its source isn't forged. */
bool dns_cookie_proves(const struct dns_cookie_asker *asker, const uint8_t *query, size_t len);

/* Length of the OPT record of a reply to @asked. */
static inline size_t dns_cookie_opt_bytes(bool has_edns, const struct dns_cookie_reply *cookie)
{
    if (!has_edns)
        return 0;
    return DNS_OPT_BYTES + (cookie->is_set ? (size_t)DNS_OPTION_BYTES + DNS_COOKIE_REPLY_BYTES : 0);
}

#endif
