/* test_text.c -- addresses as text, and the texts of errors and counters. */
#include "unit.h"

#include <leat/addr.h>
#include <leat/err.h>
#include <leat/stats.h>

#include "core/ip4.h"

static void check_both_ways(const char *text, struct leat_ip ip)
{
    char written[LEAT_IP_TEXT_BYTES];
    struct leat_ip read;

    assert_true(leat_ip_parse(text, &read));
    assert_memory_equal(read.bytes, ip.bytes, sizeof ip.bytes);
    assert_int_equal(leat_ip_format(ip, written), strlen(text));
    assert_string_equal(written, text);
}

static void ip4_is_read_and_written(void **state)
{
    (void)state;
    check_both_ways("0.0.0.0", LEAT_IP4_ANY);
    check_both_ways("10.0.0.1", leat_ip_v4(0x0a000001));
    check_both_ways("192.168.100.9", LEAT_IP4(192, 168, 100, 9));
    check_both_ways("255.255.255.255", LEAT_IP4_BROADCAST);
}

/* RFC 5952 4: no leading zeros, "::" for the first of the longest runs, never for a single
 * group. */
static void ip6_is_read_and_written(void **state)
{
    static const struct {
        const char *text;
        struct leat_ip ip;
    } cases[] = {
        {"::", {{0}}},
        {"::1", {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}}},
        {"1::", {{0, 1}}},
        {"2001:db8::1", {{0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}}},
        {"2001:db8:0:1:1:1:1:1", {{0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1}}},
        {"2001:db8::1:0:0:1", {{0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1}}},
        {"2001:0:0:1::1", {{0x20, 0x01, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1}}},
        {"fe80::abcd:10:0", {{0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0xab, 0xcd, 0, 0x10}}},
        {"1:2:3:4:5:6:7:8", {{0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8}}},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
         {{255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}}},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_both_ways(cases[i].text, cases[i].ip);
}

/* RFC 4291 2.2: legal forms that shouldn't be written. */
static void other_spellings_of_ip6_are_read(void **state)
{
    static const char *const same[][2] = {
        {"2001:DB8::A", "2001:db8::a"},
        {"2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"},
        {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
        {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
        {"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"},
        {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
        {"::1.2.3.4", "::102:304"},
        {"::ffff:1.2.3.4", "1.2.3.4"},
        {"::ffff:102:304", "1.2.3.4"},
    };
    char text[LEAT_IP_TEXT_BYTES];
    struct leat_ip ip;

    (void)state;
    for (unsigned i = 0; i < sizeof same / sizeof same[0]; i++) {
        assert_true(leat_ip_parse(same[i][0], &ip));
        leat_ip_format(ip, text);
        assert_string_equal(text, same[i][1]);
    }
}

static void any_ip_survives_the_way_there_and_back(void **state)
{
    char text[LEAT_IP_TEXT_BYTES];
    uint64_t seed = 1;

    (void)state;
    for (unsigned i = 0; i < 200000; i++) {
        struct leat_ip ip = leat_ip_v4((uint32_t)(unit_random(&seed) >> unit_below(&seed, 64)));
        struct leat_ip back;
        size_t len;

        for (unsigned k = 0; i % 2 == 1 && k < 16; k += 2) { /* many groups are 0 */
            ip.bytes[k] = (uint8_t)(unit_below(&seed, 2) ? unit_random(&seed) : 0);
            ip.bytes[k + 1] = (uint8_t)(unit_below(&seed, 2) ? unit_random(&seed) : 0);
        }
        len = leat_ip_format(ip, text);
        assert_int_equal(len, strlen(text));
        assert_true(len < LEAT_IP_TEXT_BYTES);
        assert_true(leat_ip_parse(text, &back));
        assert_true(leat_ip_equal(back, ip));
    }
}

static void malformed_addresses_are_refused_and_nothing_written(void **state)
{
    static const char *const wrong[] = {
        "",
        "1",
        "1.2.3",
        "1.2.3.",
        "1.2.3.4.",
        "1.2.3.4.5",
        ".1.2.3.4",
        "1..2.3",
        "256.1.1.1",
        "1.1.1.256",
        "01.2.3.4",
        "1.2.3.00",
        "1.2.3.4 ",
        " 1.2.3.4",
        "1.2.3.-4",
        "1.2.3.4/24",
        "a.b.c.d",
        "1,2,3,4",
        "0x1.2.3.4",
        "1.2.3.99999999999999999999",
        ":",
        ":1",
        "1:",
        ":::",
        "1:::2",
        "1::2::3",
        "12345::",
        "::g",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "1:2:3:4:5:6:7:8::",
        "::1:2:3:4:5:6:7:8",
        "1:2:3:4::5:6:7:8",
        "::1.2.3",
        "::1.2.3.4.5",
        "::01.2.3.4",
        "1.2.3.4::",
        "1:2:3:4:5:6:7:1.2.3.4",
        "::1 ",
        "[::1]",
        "fe80::1%1",
        "::1/64",
    };

    (void)state;
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        /* a separate copy, so that ASan detects reads past the end */
        char *text = strdup(wrong[i]);
        struct leat_ip ip = LEAT_IP4(1, 2, 3, 4);

        if (leat_ip_parse(text, &ip))
            fail_msg("%s", text);
        assert_true(leat_ip_equal(ip, LEAT_IP4(1, 2, 3, 4)));
        free(text);
    }
}

static void cidr(void **state)
{
    static const char *const wrong[] = {"1.2.3.4/",   "1.2.3.4/33",   "1.2.3.4/024",
                                        "1.2.3.4/-1", "1.2.3.4/24 ",  "1.2.3/24",
                                        "/24",        "1.2.3.4/24/1", "::/129",
                                        "::/",        "::1/064",      "::ffff:1.2.3.4/95"};
    static const struct {
        const char *text;
        struct leat_ip ip;
        uint8_t bits;
    } right[] = {
        {"10.0.0.2/24", LEAT_IP4_INIT(10, 0, 0, 2), 24},
        {"0.0.0.0/0", LEAT_IP4_INIT(0, 0, 0, 0), 0},
        {"10.0.0.2", LEAT_IP4_INIT(10, 0, 0, 2), 32},
        {"::/0", {{0}}, 0},
        {"fe80::/10", {{0xfe, 0x80}}, 10},
        {"1::", {{0, 1}}, 128},
        {"::ffff:10.0.0.2/120", LEAT_IP4_INIT(10, 0, 0, 2), 24},
    };
    struct leat_ip ip;
    uint8_t bits;

    (void)state;
    for (unsigned i = 0; i < sizeof right / sizeof right[0]; i++) {
        assert_true(leat_ip_parse_cidr(right[i].text, &ip, &bits));
        assert_memory_equal(ip.bytes, right[i].ip.bytes, 16);
        assert_int_equal(bits, right[i].bits);
    }
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        ip = LEAT_IP_ANY;
        bits = 99;
        assert_false(leat_ip_parse_cidr(wrong[i], &ip, &bits));
        assert_true(leat_ip_equal(ip, LEAT_IP_ANY));
        assert_int_equal(bits, 99);
    }
}

/* RFC 5952 6, RFC 4007 11 */
static void an_endpoint_is_read_and_written(void **state)
{
    static const char *const right[] = {
        "10.0.0.2:80",    "0.0.0.0:0",
        "[::]:65535",     "[2001:db8::1]:443",
        "[fe80::1]:1",    "[fe80::1%1]:80",
        "[ff02::1%8]:53", "[fe80:1234:1234:1234:1234:1234:1234:1234%255]:65535"};
    static const char *const wrong[] = {
        "",           "10.0.0.2",      "10.0.0.2:",     "10.0.0.2:65536",  "10.0.0.2:080",
        "::1:80",     "[::1]",         "[::1]80",       "[::1:80",         "[10.0.0.2]:80",
        "[::1%1]:80", "[fe80::1%]:80", "[fe80::1%0]:1", "[fe80::1%256]:1", "[fe80::1%01]:1"};
    char text[LEAT_ENDPOINT_TEXT_BYTES];
    struct leat_endpoint end, before;

    (void)state;
    for (unsigned i = 0; i < sizeof right / sizeof right[0]; i++) {
        assert_true(leat_endpoint_parse(right[i], &end));
        assert_int_equal(leat_endpoint_format(&end, text), strlen(right[i]));
        assert_string_equal(text, right[i]);
    }
    assert_int_equal(end.zone, 255);
    before = end;
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        if (leat_endpoint_parse(wrong[i], &end))
            fail_msg("%s", wrong[i]);
        assert_true(leat_endpoint_equal(&end, &before));
    }
}

static struct leat_ip ip_of(const char *text)
{
    struct leat_ip ip;

    assert_true(leat_ip_parse(text, &ip));
    return ip;
}

static void kinds_of_addresses(void **state)
{
    (void)state;
    assert_false(leat_ip_is_multicast(ip_of("223.255.255.255")));
    assert_true(leat_ip_is_multicast(ip_of("224.0.0.1")));
    assert_true(leat_ip_is_multicast(ip_of("239.255.255.255")));
    assert_false(leat_ip_is_multicast(ip_of("240.0.0.0")));
    assert_true(leat_ip_is_multicast(ip_of("ff02::1")));
    assert_false(leat_ip_is_multicast(ip_of("fe80::e000:1")));
    assert_true(leat_ip_is_link_local(ip_of("fe80::1")));
    assert_true(leat_ip_is_link_local(ip_of("febf::1")));
    assert_false(leat_ip_is_link_local(ip_of("fec0::1")));
    assert_true(leat_ip_is_link_local(ip_of("169.254.1.1")));
    assert_false(leat_ip_is_link_local(ip_of("169.255.1.1")));
    assert_true(leat_ip_is_loopback(ip_of("::1")));
    assert_true(leat_ip_is_loopback(ip_of("127.1.2.3")));
    assert_false(leat_ip_is_loopback(ip_of("::2")));
    assert_true(leat_ip_is_any(LEAT_IP_ANY));
    assert_true(leat_ip_is_any(LEAT_IP4_ANY));
    assert_false(leat_ip_is_any(ip_of("::1")));
    assert_true(leat_ip_is_v4(ip_of("0.0.0.0")));
    assert_false(leat_ip_is_v4(ip_of("::1.2.3.4")));
    assert_int_equal(leat_ip_v4_number(LEAT_IP4(10, 0, 0, 1)), 0x0a000001);
}

static void masks_and_multicast(void **state)
{
    (void)state;
    assert_int_equal(ip4_mask(0), 0);
    assert_int_equal(ip4_mask(1), 0x80000000u);
    assert_int_equal(ip4_mask(24), 0xffffff00u);
    assert_int_equal(ip4_mask(32), 0xffffffffu);
    assert_false(ip4_is_multicast(IP4(223, 255, 255, 255)));
    assert_true(ip4_is_multicast(IP4(224, 0, 0, 1)));
    assert_true(ip4_is_multicast(IP4(239, 255, 255, 255)));
    assert_false(ip4_is_multicast(IP4(240, 0, 0, 0)));
}

static void mac(void **state)
{
    static const uint8_t octets[6] = {0x02, 0x00, 0xab, 0xCD, 0x5e, 0xff};
    static const char *const wrong[] = {
        "",
        "0",
        "02",
        "02:",
        "02:00:00:00:00",
        "02:00:00:00:00:0",
        "02:00:00:00:00:01:",
        "02:00:00:00:00:01:02",
        "02-00-00-00-00-01",
        "2:0:0:0:0:1",
        "0g:00:00:00:00:01",
        "02:00:00:00:00:01 ",
        "020000000001",
    };
    struct leat_mac read;

    (void)state;
    assert_true(leat_mac_parse("02:00:ab:CD:5e:FF", &read));
    assert_memory_equal(read.octet, octets, 6);
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        /* a separate copy, so that ASan detects reads past the end */
        char *text = strdup(wrong[i]);

        assert_false(leat_mac_parse(text, &read));
        assert_memory_equal(read.octet, octets, 6);
        free(text);
    }
}

static void every_error_has_its_own_text(void **state)
{
    (void)state;
    for (int i = 0; i < LEAT_ERR_COUNT; i++) {
        assert_non_null(leat_err_text((enum leat_err)i));
        assert_true(strlen(leat_err_text((enum leat_err)i)) > 0);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(leat_err_text((enum leat_err)i),
                                    leat_err_text((enum leat_err)j));
    }
    assert_string_equal(leat_err_text(LEAT_ERR_COUNT), "unknown error");
}

static void every_counter_has_a_name_and_its_own_value(void **state)
{
    struct leat_stats stats;

    (void)state;
    for (unsigned i = 0; i < LEAT_STAT_COUNT; i++) {
        memset(&stats, 0, sizeof stats);
        ((uint64_t *)(void *)&stats)[i] = 5;
        for (unsigned j = 0; j < LEAT_STAT_COUNT; j++)
            assert_int_equal(leat_stat_value(&stats, (enum leat_stat)j), i == j ? 5 : 0);
        assert_true(strlen(leat_stat_name((enum leat_stat)i)) > 0);
        assert_true(strlen(leat_stat_text((enum leat_stat)i)) > 0);
    }
    memset(&stats, 0, sizeof stats);
    stats.drop_udp_port = 3;
    assert_int_equal(leat_stat_value(&stats, LEAT_STAT_drop_udp_port), 3);
    assert_string_equal(leat_stat_name(LEAT_STAT_drop_udp_port), "drop_udp_port");
}

/* The first part of a counter's name tells its group. */
static void a_counters_name_tells_its_group(void **state)
{
    (void)state;
    for (unsigned i = 0; i < LEAT_STAT_COUNT; i++) {
        const char *name = leat_stat_name((enum leat_stat)i);
        const enum leat_stat_group group = leat_stat_group((enum leat_stat)i);

        assert_int_equal(strncmp(name, "drop_", 5) == 0, group == LEAT_STAT_DROP);
        assert_int_equal(strncmp(name, "taken_", 6) == 0, group == LEAT_STAT_TAKEN);
    }
}

static void counters_balance(void **state)
{
    struct leat_stats stats = {0};

    (void)state;
    assert_true(leat_stats_balance(&stats));
    stats.rx_frames = 5;
    stats.rx_loopback = 1;
    assert_false(leat_stats_balance(&stats));
    stats.taken_udp = 4;
    stats.drop_ip_checksum = 1;
    stats.drop_memory = 1;
    assert_true(leat_stats_balance(&stats));
    stats.tx_frames = 99; /* a NOTE isn't part of the balance */
    assert_true(leat_stats_balance(&stats));
    stats.drop_tcp_port++;
    assert_false(leat_stats_balance(&stats));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ip4_is_read_and_written),
        cmocka_unit_test(ip6_is_read_and_written),
        cmocka_unit_test(other_spellings_of_ip6_are_read),
        cmocka_unit_test(any_ip_survives_the_way_there_and_back),
        cmocka_unit_test(malformed_addresses_are_refused_and_nothing_written),
        cmocka_unit_test(cidr),
        cmocka_unit_test(an_endpoint_is_read_and_written),
        cmocka_unit_test(kinds_of_addresses),
        cmocka_unit_test(masks_and_multicast),
        cmocka_unit_test(mac),
        cmocka_unit_test(every_error_has_its_own_text),
        cmocka_unit_test(every_counter_has_a_name_and_its_own_value),
        cmocka_unit_test(a_counters_name_tells_its_group),
        cmocka_unit_test(counters_balance),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
