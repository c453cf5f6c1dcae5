/*
 * dns_rate.h -- how many replies by UDP a network gets (response rate limiting).
 *
 * A query by UDP may have a forged source, whose network then gets our replies.  So each /24, of
 * IPv6 each /64, has a bucket of replies.  Over the limit every second query gets a reply without
 * records and with TC, no longer than the query: an honest client asks again by TCP, which nobody
 * forges.
 *
 * The buckets lie in a table of fixed size.  A network that has none takes over the fullest of its
 * set as it is: so no number of networks gets more than all buckets hold.
 */
#ifndef DNS_DNS_RATE_H
#define DNS_DNS_RATE_H

#include <stdint.h>
#include <string.h>

#include "core/ip4.h"
#include "core/siphash.h"

enum {
    DNS_RATE_WAYS = 4,
    DNS_RATE_BUCKETS = 1024 /* a power of two */
};

struct dns_rate_bucket {
    uint64_t paid_until_ns; /* what was sent is paid for then; a second ahead: empty */
    uint32_t network;       /* upper 24 bits of what dns_rate_ip() says */
    uint32_t over;          /* queries over the limit */
};

struct dns_rate {
    struct dns_rate_bucket buckets[DNS_RATE_BUCKETS];
    uint64_t interval_ns; /* of two replies, in the long run */
};

enum dns_rate_verdict {
    DNS_RATE_REPLY,
    DNS_RATE_SLIP, /* TC and the question alone */
    DNS_RATE_DROP
};

/* Buckets are full: @per_s (> 0) replies each, and as many a second from then on. */
void dns_rate_init(struct dns_rate *rate, uint32_t per_s);

/* What dns_rate_take() knows an address by.  A /64 of IPv6 has the bucket of some /24 of IPv4: of
 * which one, the key decides. */
static inline leat_ip4 dns_rate_ip(const struct siphash_key *key, struct leat_ip ip)
{
    uint64_t network;

    if (leat_ip_is_v4(ip))
        return leat_ip_v4_number(ip);
    memcpy(&network, ip.bytes, sizeof network);
    return (leat_ip4)siphash13(key, network, 6);
}

/* What a query from @ip gets at @now_ns.  @key: nobody else knows where a network's bucket lies. */
enum dns_rate_verdict dns_rate_take(struct dns_rate *rate, const struct siphash_key *key,
                                    leat_ip4 ip, uint64_t now_ns);

#endif
