/* dns_rate.c -- see dns_rate.h. */
#include "proto/dns/dns_rate.h"

#include <string.h>

#include "core/assert.h"
#include "core/second.h"

void dns_rate_init(struct dns_rate *rate, uint32_t per_s)
{
    leat_assert(per_s > 0);
    memset(rate, 0, sizeof *rate);
    rate->interval_ns = per_s < second_ns ? second_ns / per_s : 1;
}

/* The bucket of @network; if it has none, it gets the fullest of its set. */
static struct dns_rate_bucket *bucket_of(struct dns_rate *rate, const struct siphash_key *key,
                                         uint32_t network)
{
    const uint64_t set = siphash13(key, network, 0) % (DNS_RATE_BUCKETS / DNS_RATE_WAYS);
    struct dns_rate_bucket *ways = &rate->buckets[set * DNS_RATE_WAYS];
    struct dns_rate_bucket *fullest = ways;

    for (unsigned i = 0; i < DNS_RATE_WAYS; i++) {
        if (ways[i].network == network)
            return &ways[i];
        if (ways[i].paid_until_ns < fullest->paid_until_ns)
            fullest = &ways[i];
    }
    /* It isn't refilled. An attacker with many networks would otherwise get a full bucket for
     * each. */
    fullest->network = network;
    return fullest;
}

enum dns_rate_verdict dns_rate_take(struct dns_rate *rate, const struct siphash_key *key,
                                    leat_ip4 ip, uint64_t now_ns)
{
    struct dns_rate_bucket *bucket = bucket_of(rate, key, ip >> 8);

    /* credit isn't saved up: an idle network has a second's worth of replies */
    if (bucket->paid_until_ns < now_ns)
        bucket->paid_until_ns = now_ns;
    if (bucket->paid_until_ns + rate->interval_ns <= now_ns + second_ns) {
        bucket->paid_until_ns += rate->interval_ns;
        return DNS_RATE_REPLY;
    }
    /* half of them slip through truncated, so that a real client is sent to TCP by a retry at the
     * latest */
    return bucket->over++ % 2 == 0 ? DNS_RATE_SLIP : DNS_RATE_DROP;
}
