/* test_text.c -- addresses as people write them, errors and counters as they read them. */
#include "unit.h"

#include <leat/addr.h>
#include <leat/err.h>
#include <leat/stats.h>

static void ip4_is_read_and_written(void **state)
{
    static const struct {
        const char *text;
        leat_ip4 ip;
    } cases[] = {
        {"0.0.0.0", 0},
        {"10.0.0.1", 0x0a000001},
        {"192.168.100.9", LEAT_IP4(192, 168, 100, 9)},
        {"255.255.255.255", LEAT_IP4_BROADCAST},
    };
    char text[LEAT_IP4_TEXT_BYTES];
    leat_ip4 ip;

    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_true(leat_ip4_parse(cases[i].text, &ip));
        assert_int_equal(ip, cases[i].ip);
        assert_int_equal(leat_ip4_format(cases[i].ip, text), strlen(cases[i].text));
        assert_string_equal(text, cases[i].text);
    }
}

static void any_ip4_survives_the_way_there_and_back(void **state)
{
    char text[LEAT_IP4_TEXT_BYTES];
    uint64_t seed = 1;

    (void)state;
    for (unsigned i = 0; i < 100000; i++) {
        const leat_ip4 ip = (leat_ip4)(unit_random(&seed) >> unit_below(&seed, 64));
        leat_ip4 back = ~ip;
        const size_t len = leat_ip4_format(ip, text);

        assert_int_equal(len, strlen(text));
        assert_true(leat_ip4_parse(text, &back));
        assert_int_equal(back, ip);
    }
}

static void what_is_no_ip4_is_refused_and_nothing_written(void **state)
{
    static const char *const wrong[] = {
        "",           "1",        "1.2.3",    "1.2.3.",    "1.2.3.4.",
        "1.2.3.4.5",  ".1.2.3.4", "1..2.3",   "256.1.1.1", "1.1.1.256",
        "01.2.3.4",   "1.2.3.00", "1.2.3.4 ", " 1.2.3.4",  "1.2.3.-4",
        "1.2.3.4/24", "a.b.c.d",  "1,2,3,4",  "0x1.2.3.4", "1.2.3.99999999999999999999",
    };

    (void)state;
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        leat_ip4 ip = 0x01020304;

        assert_false(leat_ip4_parse(wrong[i], &ip));
        assert_int_equal(ip, 0x01020304);
    }
}

static void cidr(void **state)
{
    static const char *const wrong[] = {"1.2.3.4/",    "1.2.3.4/33", "1.2.3.4/024", "1.2.3.4/-1",
                                        "1.2.3.4/24 ", "1.2.3/24",   "/24",         "1.2.3.4/24/1"};
    leat_ip4 ip;
    uint8_t bits;

    (void)state;
    assert_true(leat_ip4_parse_cidr("10.0.0.2/24", &ip, &bits));
    assert_int_equal(ip, 0x0a000002);
    assert_int_equal(bits, 24);
    assert_true(leat_ip4_parse_cidr("0.0.0.0/0", &ip, &bits));
    assert_int_equal(bits, 0);
    assert_true(leat_ip4_parse_cidr("10.0.0.2", &ip, &bits));
    assert_int_equal(bits, 32);
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        ip = 7;
        bits = 99;
        assert_false(leat_ip4_parse_cidr(wrong[i], &ip, &bits));
        assert_int_equal(ip, 7);
        assert_int_equal(bits, 99);
    }
}

static void masks_and_multicast(void **state)
{
    (void)state;
    assert_int_equal(leat_ip4_mask(0), 0);
    assert_int_equal(leat_ip4_mask(1), 0x80000000u);
    assert_int_equal(leat_ip4_mask(24), 0xffffff00u);
    assert_int_equal(leat_ip4_mask(32), 0xffffffffu);
    assert_false(leat_ip4_is_multicast(LEAT_IP4(223, 255, 255, 255)));
    assert_true(leat_ip4_is_multicast(LEAT_IP4(224, 0, 0, 1)));
    assert_true(leat_ip4_is_multicast(LEAT_IP4(239, 255, 255, 255)));
    assert_false(leat_ip4_is_multicast(LEAT_IP4(240, 0, 0, 0)));
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
        /* a copy of its own, so that ASan sees a look behind the end */
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

/* The first part of a counter's name says on which side it stands. */
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
    stats.tx_frames = 99; /* a NOTE is no part of it */
    assert_true(leat_stats_balance(&stats));
    stats.drop_tcp_port++;
    assert_false(leat_stats_balance(&stats));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ip4_is_read_and_written),
        cmocka_unit_test(any_ip4_survives_the_way_there_and_back),
        cmocka_unit_test(what_is_no_ip4_is_refused_and_nothing_written),
        cmocka_unit_test(cidr),
        cmocka_unit_test(masks_and_multicast),
        cmocka_unit_test(mac),
        cmocka_unit_test(every_error_has_its_own_text),
        cmocka_unit_test(every_counter_has_a_name_and_its_own_value),
        cmocka_unit_test(a_counters_name_tells_its_group),
        cmocka_unit_test(counters_balance),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
