/* cookie.c -- see cookie.h. */
#include "proto/dns/cookie.h"

#include "core/assert.h"

#include <string.h>

#include <leat/crypto.h>

/* RFC 9018 3: a server without cookies gets none for so long */
static const uint64_t without_ns = UINT64_C(300000000000);

/* RFC 9018 3: 64 bits that reveal nothing, different for each server and each of our
 * addresses. The stack's random numbers are a keyed hash. */
static void make(struct dns_cookie *cookie, struct leat *stack, struct leat_ip local)
{
    const uint64_t random = leat_random(stack);

    memcpy(cookie->bytes, &random, DNS_COOKIE_CLIENT_BYTES);
    cookie->len = DNS_COOKIE_CLIENT_BYTES;
    cookie->local = local;
    cookie->seed_generation = leat_generation(stack);
}

void dns_cookie_use(struct dns_cookie *cookie, struct leat *stack, struct leat_ip local,
                    struct dns_cookie_sent *sent)
{
    sent->is_set = cookie->without_until_ns <= leat_now_ns(stack);
    if (!sent->is_set)
        return;
    if (cookie->len == 0 || !leat_ip_equal(cookie->local, local) ||
        cookie->seed_generation != leat_generation(stack))
        make(cookie, stack, local);
    memcpy(sent->client, cookie->bytes, sizeof sent->client);
    sent->has_server = dns_cookie_has_server(cookie);
}

/* RFC 9018 3: the same client cookie is not sent to that server again. */
static void do_without(struct dns_cookie *cookie, uint64_t now_ns)
{
    cookie->len = 0;
    cookie->without_until_ns = now_ns + without_ns;
}

void dns_cookie_refused(struct dns_cookie *cookie, uint64_t now_ns)
{
    do_without(cookie, now_ns);
}

void dns_cookie_forget(struct dns_cookie *cookie)
{
    cookie->len = 0;
}

enum dns_cookie_verdict dns_cookie_judge(struct dns_cookie *cookie,
                                         const struct dns_cookie_sent *sent,
                                         const struct dns_edns *edns, uint64_t now_ns, bool proven)
{
    leat_assert(cookie->len <= sizeof cookie->bytes);
    if (!sent->is_set)
        return DNS_COOKIE_GOOD;
    if (!edns->cookie) {
        /* the server had a cookie before, so a reply without one may come from a forger that
         * doesn't know ours */
        if (sent->has_server && !proven)
            return DNS_COOKIE_MISSING;
        do_without(cookie, now_ns);
        return DNS_COOKIE_GOOD;
    }
    /* RFC 7873 5.3 */
    if (edns->cookie_bytes < DNS_COOKIE_FULL_BYTES_MIN ||
        edns->cookie_bytes > DNS_COOKIE_BYTES_MAX ||
        !leat_crypto_equal(edns->cookie, sent->client, sizeof sent->client))
        return DNS_COOKIE_WRONG;
    /* the reply answers an older client cookie, so its server cookie is of no use */
    if (cookie->len == 0 || memcmp(cookie->bytes, sent->client, sizeof sent->client) != 0)
        return DNS_COOKIE_GOOD;
    memcpy(cookie->bytes, edns->cookie, edns->cookie_bytes);
    cookie->len = (uint8_t)edns->cookie_bytes;
    return DNS_COOKIE_GOOD;
}
