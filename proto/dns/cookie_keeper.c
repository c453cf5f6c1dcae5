/* cookie_keeper.c -- see cookie_keeper.h. */
#include "proto/dns/cookie_keeper.h"

#include <string.h>

#include <leat/crypto.h>

#include "wire/bytes.h"

enum {
    VERSION = 1,
    TIME_AT = 4, /* offset in the server's part, after the version and three reserved bytes */
    HASH_AT = 8,
    IP4_BYTES = 4,
    /* RFC 9018 4.3 */
    OLD_S = 3600,
    RENEWED_S = 1800,
    AHEAD_S = 300,
    KEY_S = 86400 /* RFC 7873 7.1: at most 36 days, preferably at most 26 hours */
};

static uint32_t now_s(const struct leat *stack)
{
    return (uint32_t)(leat_now_ns(stack) / 1000000000u);
}

static void draw_key(struct dns_cookie_keeper *keeper, struct leat *stack)
{
    keeper->key.k0 = leat_random(stack);
    keeper->key.k1 = leat_random(stack);
    keeper->since_s = now_s(stack);
    keeper->seed_generation = leat_generation(stack);
}

void dns_cookie_keeper_init(struct dns_cookie_keeper *keeper, struct leat *stack, bool off)
{
    draw_key(keeper, stack);
    keeper->before = keeper->key;
    keeper->is_on = !off;
}

struct dns_cookie_asker dns_cookie_asker_of(struct dns_cookie_keeper *keeper, struct leat *stack,
                                            struct leat_ip ip)
{
    /* a clone of this guest may have the same key: cookies of both would be valid at both */
    if (keeper->seed_generation != leat_generation(stack)) {
        draw_key(keeper, stack);
        keeper->before = keeper->key;
    } else if (now_s(stack) - keeper->since_s >= KEY_S) {
        keeper->before = keeper->key;
        draw_key(keeper, stack);
    }
    return (struct dns_cookie_asker){.keeper = keeper, .ip = ip, .now_s = now_s(stack)};
}

/* The key of a cookie made at @at_s. No cookie is valid for longer than one key's life. */
static const struct siphash_key *key_of(const struct dns_cookie_keeper *keeper, uint32_t at_s)
{
    /* the sign of the difference, because the clock of seconds wraps (RFC 1982) */
    return (int32_t)(at_s - keeper->since_s) < 0 ? &keeper->before : &keeper->key;
}

/* RFC 9018 4.4: the hash of the client's cookie, the server's up to the hash, and the address. */
static uint64_t hash(const struct dns_cookie_asker *asker, const uint8_t *cookie)
{
    enum {
        FRONT = DNS_COOKIE_CLIENT_BYTES + HASH_AT
    };
    const bool is_v4 = leat_ip_is_v4(asker->ip);
    const size_t ip_bytes = is_v4 ? IP4_BYTES : sizeof asker->ip.bytes;
    uint8_t bytes[FRONT + sizeof asker->ip.bytes];

    memcpy(bytes, cookie, FRONT);
    memcpy(bytes + FRONT, asker->ip.bytes + sizeof asker->ip.bytes - ip_bytes, ip_bytes);
    return siphash24(key_of(asker->keeper, get32(cookie + DNS_COOKIE_CLIENT_BYTES + TIME_AT)),
                     bytes, FRONT + ip_bytes);
}

/* Writes SipHash's result in its own byte order. */
static void put_hash(uint8_t *at, uint64_t value)
{
    for (unsigned i = 0; i < sizeof value; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

/* True if @cookie is a client's and a server's part, the latter made by us and recent. @age_s
 * gets its age. */
static bool is_ours(const struct dns_cookie_asker *asker, const struct dns_edns *edns,
                    int32_t *age_s)
{
    const uint8_t *server = edns->cookie + DNS_COOKIE_CLIENT_BYTES;
    uint8_t right[sizeof(uint64_t)];

    if (edns->cookie_bytes != DNS_COOKIE_REPLY_BYTES || server[0] != VERSION)
        return false;
    *age_s = (int32_t)(asker->now_s - get32(server + TIME_AT)); /* RFC 1982 */
    /* checked before the hash, because an old cookie needs no computation */
    if (*age_s > OLD_S || *age_s < -AHEAD_S)
        return false;
    put_hash(right, hash(asker, edns->cookie));
    /* in constant time: an early end would reveal how much of a guess is right */
    return leat_crypto_equal(right, server + HASH_AT, sizeof right);
}

/* True if the query asks for a cookie, and the reply has room for it. */
static bool is_wanted(const struct dns_query *asked, enum leat_dns_transport transport)
{
    /* A reply to an unproven address isn't longer than its query: it could be aimed at a victim. */
    return asked->has_edns && asked->edns.cookie &&
           (transport != LEAT_DNS_SLIP || asked->edns.cookie_bytes >= DNS_COOKIE_REPLY_BYTES);
}

void dns_cookie_reply_to(const struct dns_cookie_asker *asker, const struct dns_query *asked,
                         enum leat_dns_transport transport, struct dns_cookie_reply *reply)
{
    /* only an address is taken; cppcheck takes it for a read */
    // cppcheck-suppress ctuuninitvar
    uint8_t *server = reply->bytes + DNS_COOKIE_CLIENT_BYTES;
    int32_t age_s = 0;

    reply->is_set = asker && asker->keeper->is_on && is_wanted(asked, transport);
    reply->proven = reply->is_set && is_ours(asker, &asked->edns, &age_s);
    if (!reply->is_set)
        return;
    /* RFC 9018 4.3: a cookie that is still young is returned as it is */
    if (reply->proven && age_s <= RENEWED_S && age_s >= 0) {
        memcpy(reply->bytes, asked->edns.cookie, sizeof reply->bytes);
        return;
    }
    memcpy(reply->bytes, asked->edns.cookie, DNS_COOKIE_CLIENT_BYTES);
    put32(server, (uint32_t)VERSION << 24);
    put32(server + TIME_AT, asker->now_s);
    put_hash(server + HASH_AT, hash(asker, reply->bytes));
}

unsigned dns_cookie_rcode(const struct dns_query *asked, const struct dns_cookie_reply *reply)
{
    if (!reply->is_set)
        return LEAT_DNS_FORMERR;
    if (asked->edns.version > 0)
        return LEAT_DNS_BADVERS;
    /* RFC 7873 5.4: BADCOOKIE only for a server's part that isn't ours; a client's part alone asks
     * for one */
    return asked->edns.cookie_bytes > DNS_COOKIE_CLIENT_BYTES && !reply->proven ? LEAT_DNS_BADCOOKIE
                                                                                : LEAT_DNS_NOERROR;
}

bool dns_cookie_proves(const struct dns_cookie_asker *asker, const uint8_t *query, size_t len)
{
    struct dns_cookie_reply reply;
    struct dns_query asked;

    if (!asker->keeper->is_on || dns_query_read(&asked, query, len) != DNS_QUERY_GOOD)
        return false;
    dns_cookie_reply_to(asker, &asked, LEAT_DNS_OVER_UDP, &reply);
    return reply.proven;
}
