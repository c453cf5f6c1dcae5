/*
 * dns_rate.h -- response rate limiting: how many UDP replies a network gets.
 *
 * The source of a UDP query may be forged; the replies then hit that network. So each /24, in IPv6
 * each /64, has a bucket of replies. Over the limit every second query gets a reply without records
 * and with TC, no longer than the query. A real client repeats the query by TCP, where the source
 * can't be forged.
 *
 * The buckets lie in a table of fixed size. A network without a bucket takes over the fullest of
 * its set without refilling it, so all networks together get no more replies than the buckets hold.
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
    uint64_t paid_until_ns; /* all replies are paid for at this time; 1 s ahead of now: the
                             * bucket is empty */
    uint32_t network;       /* upper 24 bits of dns_rate_ip() */
    uint32_t over;          /* queries over the limit */
};

struct dns_rate {
    struct dns_rate_bucket buckets[DNS_RATE_BUCKETS];
    uint64_t interval_ns; /* long-term interval between replies */
};

enum dns_rate_verdict {
    DNS_RATE_REPLY,
    DNS_RATE_SLIP, /* reply with TC and the question alone */
    DNS_RATE_DROP
};

/* Fills all buckets: @per_s (> 0) replies each, and as many a second after that. */
void dns_rate_init(struct dns_rate *rate, uint32_t per_s);

/* The key of an address for dns_rate_take(). A keyed hash maps an IPv6 /64 to the bucket of
 * some IPv4 /24. */
static inline leat_ip4 dns_rate_ip(const struct siphash_key *key, struct leat_ip ip)
{
    uint64_t network;

    if (leat_ip_is_v4(ip))
        return leat_ip_v4_number(ip);
    memcpy(&network, ip.bytes, sizeof network);
    return (leat_ip4)siphash13(key, network, 6);
}

/* The verdict for a query from @ip at @now_ns. @key is secret, so that clients can't predict
 * which networks share a set. */
enum dns_rate_verdict dns_rate_take(struct dns_rate *rate, const struct siphash_key *key,
                                    leat_ip4 ip, uint64_t now_ns);

#endif
