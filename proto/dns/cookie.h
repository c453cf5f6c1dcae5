/*
 * cookie.h -- cookies by which a DNS client and server prove their addresses (RFC 7873, RFC 9018).
 *
 * Each side sends a number that is unknown off the path, and repeats the other's. So an attacker
 * off the path can't forge a reply, even with the right id and port.
 */
#ifndef DNS_COOKIE_H
#define DNS_COOKIE_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/addr.h>

#include "service.h"
#include "proto/wire/dns.h"

/* The client's cookie for one server, and that server's cookie. */
struct dns_cookie {
    uint8_t bytes[DNS_COOKIE_BYTES_MAX]; /* the client's part, then the server's */
    uint8_t len;                         /* 0: no cookie; DNS_COOKIE_CLIENT_BYTES: the server
                                          * has sent no part of its own */
    struct leat_ip local;                /* our address that the cookie belongs to */
    uint32_t seed_generation;            /* leat_generation() when the client's part was made */
    uint64_t without_until_ns;           /* the server supports no cookies: send no cookie
                                          * before this time */
};

/* The cookie part of a query, kept to check its reply. */
struct dns_cookie_sent {
    uint8_t client[DNS_COOKIE_CLIENT_BYTES];
    bool is_set;
    bool has_server; /* the server's part was sent: the reply must have a cookie */
};

/* Writes the client cookie for a query from @local to @sent. The cookie is made if there is
 * none, and again if our address has changed (RFC 9018 3) or after leat_reseed(). None is set
 * while the server is known to support none. */
void dns_cookie_use(struct dns_cookie *cookie, struct leat *stack, struct leat_ip local,
                    struct dns_cookie_sent *sent);

enum dns_cookie_verdict {
    DNS_COOKIE_GOOD,
    DNS_COOKIE_MISSING, /* no cookie, although the server has sent one before */
    DNS_COOKIE_WRONG
};

/* Checks the cookie of a reply, and stores the server's part. @proven: the reply came by TCP
 * and can't be forged, so a missing cookie means that the server supports none. */
enum dns_cookie_verdict dns_cookie_judge(struct dns_cookie *cookie,
                                         const struct dns_cookie_sent *sent,
                                         const struct dns_edns *edns, uint64_t now_ns, bool proven);

/* True if the server has sent a cookie. */
static inline bool dns_cookie_has_server(const struct dns_cookie *cookie)
{
    return cookie->len > DNS_COOKIE_CLIENT_BYTES;
}

/* The server refuses queries with a cookie: none is sent for a while. */
void dns_cookie_refused(struct dns_cookie *cookie, uint64_t now_ns);

/* Forgets the cookie; the server may have been replaced. */
void dns_cookie_forget(struct dns_cookie *cookie);

#endif
