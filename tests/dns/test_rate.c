/* test_rate.c -- the number of UDP replies that a network gets. */
#include "dns_test.h"

#include <leat/addr.h>

#include "proto/dns/dns_rate.h"

static const uint64_t second_ns = 1000000000u;
static const struct siphash_key key = {1, 2};
static struct dns_rate rate;

/* The number of @tries queries from @ip whose verdict is @wanted. */
static unsigned take(leat_ip4 ip, uint64_t now_ns, unsigned tries, enum dns_rate_verdict wanted)
{
    unsigned count = 0;

    for (unsigned i = 0; i < tries; i++)
        count += dns_rate_take(&rate, &key, ip, now_ns) == wanted;
    return count;
}

static int set_up(void **state)
{
    (void)state;
    dns_rate_init(&rate, 100);
    return 0;
}

static void a_network_gets_its_rate_and_a_burst_of_it(void **state)
{
    const leat_ip4 ip = IP4(192, 0, 2, 1);

    (void)state;
    assert_int_equal(take(ip, 0, 300, DNS_RATE_REPLY), 100);
    assert_int_equal(take(ip, second_ns / 100 - 1, 10, DNS_RATE_REPLY), 0);
    assert_int_equal(take(ip, second_ns / 100, 10, DNS_RATE_REPLY), 1);
    assert_int_equal(take(ip, second_ns / 2, 1000, DNS_RATE_REPLY), 49);
    assert_int_equal(take(ip, 3600 * second_ns, 1000, DNS_RATE_REPLY), 100); /* the bucket
                                                                              * doesn't grow
                                                                              * beyond its size */
}

static void every_second_query_over_the_limit_slips(void **state)
{
    const leat_ip4 ip = IP4(192, 0, 2, 1);

    (void)state;
    take(ip, 0, 100, DNS_RATE_REPLY);
    assert_int_equal(dns_rate_take(&rate, &key, ip, 0), DNS_RATE_SLIP);
    assert_int_equal(dns_rate_take(&rate, &key, ip, 0), DNS_RATE_DROP);
    assert_int_equal(take(ip, 0, 1000, DNS_RATE_SLIP), 500);
}

static void addresses_of_a_network_share_and_networks_do_not(void **state)
{
    unsigned replies = 0;

    (void)state;
    for (unsigned host = 0; host < 256; host++)
        replies += take(IP4(192, 0, 2, host), 0, 2, DNS_RATE_REPLY);
    assert_int_equal(replies, 100);
    assert_int_equal(take(IP4(192, 0, 3, 1), 0, 200, DNS_RATE_REPLY), 100);
    assert_int_equal(take(IP4(192, 1, 2, 1), 0, 200, DNS_RATE_REPLY), 100);
}

static void more_networks_than_buckets_get_no_more_than_all_buckets_hold(void **state)
{
    unsigned replies = 0;

    (void)state;
    for (unsigned round = 0; round < 4; round++)
        for (unsigned i = 0; i < 4 * DNS_RATE_BUCKETS; i++)
            replies += take(IP4(10, i >> 8, i & 255, 1), 0, 100, DNS_RATE_REPLY);
    assert_in_range(replies, 1, 100 * DNS_RATE_BUCKETS);
}

static void any_rate_is_one(void **state)
{
    static const uint32_t rates[] = {1, 3, 1000000000u, UINT32_MAX};

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        const unsigned most = rates[i] < 2000 ? rates[i] : 2000;

        dns_rate_init(&rate, rates[i]);
        assert_int_equal(take(IP4(192, 0, 2, 1), 7, 2000, DNS_RATE_REPLY), most);
    }
}

/* The time between replies, also at the highest rates: never 0, which would be no limit. */
static void a_rate_has_an_interval(void **state)
{
    static const struct {
        uint32_t per_s;
        uint64_t interval_ns;
    } table[] = {{1, 1000000000}, {3, 333333333},  {500000001, 1},
                 {999999999, 1},  {1000000000, 1}, {UINT32_MAX, 1}};

    (void)state;
    for (unsigned i = 0; i < sizeof table / sizeof *table; i++) {
        dns_rate_init(&rate, table[i].per_s);
        assert_int_equal(rate.interval_ns, table[i].interval_ns);
    }
}

/* All addresses of an IPv6 network share one bucket; another network has another. */
static void networks_of_ipv6_have_a_bucket_each(void **state)
{
    const struct siphash_key rate_key = {1, 2}, other_key = {3, 4};
    struct leat_ip ip = {{0x20, 1, 0x0d, 0xb8, [15] = 1}}, same = ip, other = ip;

    (void)state;
    same.bytes[8] = 77;
    other.bytes[7] = 1;
    assert_int_equal(dns_rate_ip(&rate_key, ip), dns_rate_ip(&rate_key, same));
    assert_int_not_equal(dns_rate_ip(&rate_key, ip), dns_rate_ip(&rate_key, other));
    assert_int_not_equal(dns_rate_ip(&rate_key, ip), dns_rate_ip(&other_key, ip));
    assert_int_equal(dns_rate_ip(&rate_key, leat_ip_v4(IP4(1, 2, 3, 4))), IP4(1, 2, 3, 4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_network_gets_its_rate_and_a_burst_of_it, set_up),
        cmocka_unit_test_setup(every_second_query_over_the_limit_slips, set_up),
        cmocka_unit_test_setup(addresses_of_a_network_share_and_networks_do_not, set_up),
        cmocka_unit_test_setup(more_networks_than_buckets_get_no_more_than_all_buckets_hold,
                               set_up),
        cmocka_unit_test_setup(any_rate_is_one, set_up),
        cmocka_unit_test(a_rate_has_an_interval),
        cmocka_unit_test(networks_of_ipv6_have_a_bucket_each),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
