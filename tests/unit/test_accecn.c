/* test_accecn.c -- the tables of RFC 9768, section 3, row by row. */
#include "unit.h"

#include "tcp/congestion/accecn.h"

static unsigned ace(bool ae, bool cwr, bool ece)
{
    return ace_of((uint16_t)((ae ? TCP_AE : 0) | (cwr ? TCP_CWR : 0) | (ece ? TCP_ECE : 0) | 0x3f));
}

/* Table 2 for a client that requested with 1 1 1; and 3.1.3 */
static void table_2_of_the_client(void **state)
{
    (void)state;
    assert_int_equal(ecn_mode_of_SYN_ACK(ace(0, 1, 0)), ECN_ACCURATE);
    assert_int_equal(ecn_mode_of_SYN_ACK(ace(0, 1, 1)), ECN_ACCURATE);
    assert_int_equal(ecn_mode_of_SYN_ACK(ace(1, 0, 0)), ECN_ACCURATE);
    assert_int_equal(ecn_mode_of_SYN_ACK(ace(1, 1, 0)), ECN_ACCURATE);
    assert_int_equal(ecn_mode_of_SYN_ACK(ace(1, 0, 1)), ECN_ACCURATE); /* reserved */
    assert_int_equal(ecn_mode_of_SYN_ACK(ace(0, 0, 1)), ECN_CLASSIC);
    assert_int_equal(ecn_mode_of_SYN_ACK(ace(0, 0, 0)), ECN_NONE);
    assert_int_equal(ecn_mode_of_SYN_ACK(ace(1, 1, 1)), ECN_NONE); /* broken */
}

/* Table 2 for the server; and 3.1.3: reserved values are requests, too */
static void table_2_of_the_server(void **state)
{
    (void)state;
    assert_int_equal(ecn_mode_of_SYN(ace(0, 0, 0)), ECN_NONE);
    assert_int_equal(ecn_mode_of_SYN(ace(0, 1, 1)), ECN_CLASSIC);
    assert_int_equal(ecn_mode_of_SYN(ace(1, 1, 1)), ECN_ACCURATE);
    for (unsigned reserved = 1; reserved < 7; reserved++) {
        if (reserved != 3)
            assert_int_equal(ecn_mode_of_SYN(reserved), ECN_ACCURATE);
    }
}

/* Tables 2 and 3, with any DSCP beside the field */
static void handshake_tells_the_ecn_field(void **state)
{
    (void)state;
    for (unsigned dscp = 0; dscp < 256; dscp += 4) {
        assert_int_equal(ace_of_handshake((uint8_t)(dscp | 0)), ace(0, 1, 0));
        assert_int_equal(ace_of_handshake((uint8_t)(dscp | 1)), ace(0, 1, 1));
        assert_int_equal(ace_of_handshake((uint8_t)(dscp | 2)), ace(1, 0, 0));
        assert_int_equal(ace_of_handshake((uint8_t)(dscp | 3)), ace(1, 1, 0));
    }
}

/* Table 4, and 3.2.2.3, for packets sent as not-ECT */
static void only_some_values_say_that_it_was_changed(void **state)
{
    static const bool mangled[] = {true, false, false, true, true, false, true, false};

    (void)state;
    for (unsigned value = 0; value < 8; value++)
        assert_int_equal(ace_says_mangled(value), mangled[value]);
}

/* 3.2.2.2: the smallest growth that explains the counter */
static void counters_grow_modulo_eight(void **state)
{
    (void)state;
    for (unsigned before = 0; before < 8; before++) {
        for (unsigned grown = 0; grown < 8; grown++)
            assert_int_equal(ace_grown(before, (before + grown) % 8), grown);
    }
}

static void flags_are_the_number_and_back(void **state)
{
    (void)state;
    for (unsigned value = 0; value < 8; value++)
        assert_int_equal(ace_of(ace_flags(value)), value);
    assert_int_equal(ace_flags(ACE_BEGIN), TCP_AE | TCP_ECE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_2_of_the_client),
        cmocka_unit_test(table_2_of_the_server),
        cmocka_unit_test(handshake_tells_the_ecn_field),
        cmocka_unit_test(only_some_values_say_that_it_was_changed),
        cmocka_unit_test(counters_grow_modulo_eight),
        cmocka_unit_test(flags_are_the_number_and_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
