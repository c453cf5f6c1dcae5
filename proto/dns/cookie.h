/*
 * cookie.h -- what a client and a server of DNS prove to each other (RFC 7873, RFC 9018).
 *
 * Each says a number that nobody on another path can know, and repeats that of the other.  So who
 * can't read a conversation can't forge a reply, whatever id and port he guesses.
 */
#ifndef DNS_COOKIE_H
#define DNS_COOKIE_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/addr.h>

#include "service.h"
#include "proto/wire/dns.h"

/* A client's cookie for one server, and the server's for it. */
struct dns_cookie {
    uint8_t bytes[DNS_COOKIE_BYTES_MAX]; /* ours, then the server's */
    uint8_t len;                         /* 0: there is none; only ours: the server has said none */
    struct leat_ip local;                /* for which address of ours */
    uint32_t seed_generation;            /* of the stack when ours was drawn */
    uint64_t without_until_ns;           /* this server knows of none: it gets none before */
};

/* What a query said, for its reply to be judged by. */
struct dns_cookie_sent {
    uint8_t client[DNS_COOKIE_CLIENT_BYTES];
    bool is_set;
    bool has_server; /* the server's went with it: its reply must have a cookie */
};

/* Notes in @sent what a query from @local takes along, which is @cookie's bytes: it is made, or
 * made anew if our address is another one (RFC 9018 3), or after leat_reseed().  Nothing while the
 * server knows of none. */
void dns_cookie_use(struct dns_cookie *cookie, struct leat *stack, struct leat_ip local,
                    struct dns_cookie_sent *sent);

enum dns_cookie_verdict {
    DNS_COOKIE_GOOD,
    DNS_COOKIE_MISSING, /* of a server that had said one */
    DNS_COOKIE_WRONG
};

/* Judges the cookie of a reply, and learns from it.  @proven: by TCP, where nobody forges, so a
 * server without a cookie is one that knows of none. */
enum dns_cookie_verdict dns_cookie_judge(struct dns_cookie *cookie,
                                         const struct dns_cookie_sent *sent,
                                         const struct dns_edns *edns, uint64_t now_ns, bool proven);

/* True if the server has said a cookie. */
static inline bool dns_cookie_has_server(const struct dns_cookie *cookie)
{
    return cookie->len > DNS_COOKIE_CLIENT_BYTES;
}

/* Forgets what the server has said: it may be another one by now. */
void dns_cookie_forget(struct dns_cookie *cookie);

#endif
