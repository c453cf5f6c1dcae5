/* test_threats6.c -- DHCPv6 servers that lie, or aren't ours (row V15 of docs/security.md). */
#include "dhcp6_talk.h"

/* RFC 8415 16.3, 16.10 */
static void test_threat_V15_strangers_are_not_heard(void **state)
{
    struct talk6 *talk = *state;
    const struct leat_dhcp6_counts *counts = leat_dhcp6_counts(talk->dhcp6);
    struct answer6 made;

    made = grant6(talk, DHCP6_ADVERTISE, 3600); /* before the first request */
    talk6_feed(talk, &made);
    assert_int_equal(counts->drop_foreign, 1);
    talk6_start(talk);
    made = grant6(talk, DHCP6_ADVERTISE, 3600);
    made.bytes[3] ^= 1; /* another xid */
    talk6_feed(talk, &made);
    made.bytes[3] ^= 1;
    made.bytes[4 + 4 + 9] ^= 1; /* another client */
    talk6_feed(talk, &made);
    made.bytes[4 + 4 + 9] ^= 1;
    made.bytes[0] = DHCP6_REPLY; /* a Reply to a Solicit, without rapid commit */
    talk6_feed(talk, &made);
    made.bytes[0] = DHCP6_SOLICIT;
    talk6_feed(talk, &made);
    assert_int_equal(counts->drop_foreign, 5);
    made.bytes[0] = DHCP6_ADVERTISE;
    made.bytes[4 + 14 + 1] = 77; /* no server identifier */
    talk6_feed(talk, &made);
    assert_int_equal(counts->drop_server, 1);
    assert_int_equal(counts->taken, 0);
    assert_false(talk6_listen(talk));
}

/* From outside the link, and to a multicast address: servers answer on the link to our
 * link-local address. */
static void test_threat_V15_servers_from_afar_are_not_heard(void **state)
{
    struct talk6 *talk = *state;
    struct answer6 made;

    talk6_start(talk);
    made = grant6(talk, DHCP6_ADVERTISE, 3600);
    answer6_option(&made, DHCP6_PREFERENCE, "\xff", 1);
    made.src = ip6_of("2001:db8:ffff::1");
    talk6_feed(talk, &made);
    made.src = IP6_SERVER;
    made.dst = IP6_ALL;
    talk6_feed(talk, &made);
    assert_state6(talk, "SOLICITING");
}

/* Only the server that was asked may answer a Request or a Renew. */
static void test_threat_V15_another_server_does_not_answer_for_ours(void **state)
{
    struct talk6 *talk = *state;
    struct answer6 made;

    talk6_to_requesting(talk);
    made = answer6_from(talk, DHCP6_REPLY, TALK6_OTHER_DUID);
    answer6_ia(&made, talk, 0, 0);
    answer6_address(&made, IP6_LEASED, 3600, 3600);
    talk6_feed(talk, &made);
    assert_int_equal(leat_dhcp6_counts(talk->dhcp6)->drop_server, 1);
    assert_state6(talk, "REQUESTING");
}

/* Options that go beyond the message, or beyond the option that contains them. */
static void test_threat_V15_options_that_overrun_are_dropped(void **state)
{
    struct talk6 *talk = *state;
    const struct leat_dhcp6_counts *counts = leat_dhcp6_counts(talk->dhcp6);
    const uint32_t ia_at = 4 + 2 * (4 + TALK6_DUID_BYTES);
    const struct answer6 whole = (talk6_to_requesting(talk), grant6(talk, DHCP6_REPLY, 3600));
    const uint64_t before = counts->taken;
    struct answer6 made = whole;

    for (made.len = 0; made.len < whole.len; made.len++) {
        if (made.len != ia_at) /* without its association it would be a refusal */
            talk6_feed(talk, &made);
    }
    assert_true(counts->drop_format >= whole.len - 3 - ia_at); /* before, an identifier is cut */
    assert_int_equal(counts->drop_format + counts->drop_foreign + counts->drop_server,
                     whole.len - 1);
    assert_state6(talk, "REQUESTING");
    made = whole;
    made.bytes[ia_at + 4 + 12 + 3] += 1; /* the address option is one byte longer than its
                                          * association */
    talk6_feed(talk, &made);
    made = whole;
    made.bytes[ia_at + 4 + 12 + 3] -= 1; /* an address that is too short */
    talk6_feed(talk, &made);
    made = whole;
    made.bytes[ia_at + 3] = 11; /* an association without its times */
    talk6_feed(talk, &made);
    made = whole;
    answer6_option(&made, DHCP6_STATUS, "", 1);
    talk6_feed(talk, &made);
    assert_int_equal(counts->taken, before);
    assert_state6(talk, "REQUESTING");
    talk6_feed(talk, &whole); /* a correct answer is still accepted */
    assert_state6(talk, "CHECKING");
}

/* RFC 8415 21.4: an association with T1 > T2 is ignored; times beyond the lifetimes, and
 * times of 0, are replaced. */
static void test_threat_V15_times_out_of_order_are_not_taken(void **state)
{
    static const struct {
        uint32_t t1_s, t2_s, preferred_s, valid_s, renew_s, rebind_s;
    } said[] = {
        {0, 0, 1000, 2000, 500, 800},
        {0, 0, 0, 2000, 1000, 1600},
        {100, 300, 1000, 2000, 100, 300},
        {100, 0, 1000, 2000, 100, 800},
        {900, 0, 1000, 2000, 500, 800},
        {0, 300, 1000, 2000, 300, 300},
        {3000, 4000, 1000, 2000, 500, 800},
        {UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX},
        {0, 0, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX},
        {UINT32_MAX, UINT32_MAX, 1000, 2000, 500, 800},
    };
    struct talk6 *talk = *state;
    struct answer6 made;

    talk6_to_requesting(talk);
    made = answer6(talk, DHCP6_REPLY);
    answer6_ia(&made, talk, 600, 500);
    answer6_address(&made, IP6_LEASED, 1000, 2000);
    talk6_feed(talk, &made);
    assert_state6(talk, "INIT"); /* no address for us */
    for (unsigned i = 0; i < sizeof said / sizeof *said; i++) {
        leat_dhcp6_stop(talk->dhcp6);
        talk6_to_requesting(talk);
        made = answer6(talk, DHCP6_REPLY);
        answer6_ia(&made, talk, said[i].t1_s, said[i].t2_s);
        answer6_address(&made, IP6_LEASED, said[i].preferred_s, said[i].valid_s);
        talk6_feed(talk, &made);
        world_wait(talk->world, second + 10 * ms);
        assert_state6(talk, "BOUND");
        assert_int_equal(talk->lease.renew_s, said[i].renew_s);
        assert_int_equal(talk->lease.rebind_s, said[i].rebind_s);
        talk6_mark(talk);
    }
    leat_dhcp6_stop(talk->dhcp6);
}

/* Addresses that no host can have, and impossible lifetimes. */
static void test_threat_V15_addresses_that_can_not_be_are_left_out(void **state)
{
    static const char *const odd[] = {"::",        "::1", "ff02::1", "fe80::9", "::ffff:10.0.0.1",
                                      "::10.0.0.1"};
    struct talk6 *talk = *state;
    const struct leat_dhcp6_counts *counts = leat_dhcp6_counts(talk->dhcp6);
    struct answer6 made;

    talk6_start(talk);
    made = answer6(talk, DHCP6_ADVERTISE);
    answer6_ia(&made, talk, 0, 0);
    for (unsigned i = 0; i < 6; i++)
        answer6_address(&made, ip6_of(odd[i]), 1000, 1000);
    answer6_address(&made, IP6_LEASED, 1001, 1000); /* preferred for longer than valid, 21.6 */
    talk6_feed(talk, &made);
    assert_int_equal(counts->ignored_parts, 7);
    assert_int_equal(counts->drop_address, 1);
    made = grant6(talk, DHCP6_ADVERTISE, 9); /* under lease_s_min */
    talk6_feed(talk, &made);
    assert_int_equal(counts->drop_time, 1);
    made = answer6(talk, DHCP6_ADVERTISE); /* another association's */
    answer6_ia(&made, talk, 0, 0);
    made.bytes[made.ia_at + 7] ^= 1;
    answer6_address(&made, IP6_LEASED, 1000, 1000);
    talk6_feed(talk, &made);
    assert_int_equal(counts->drop_address, 2);
    assert_int_equal(counts->taken, 0);
}

/* RFC 8415 16.11: it isn't signed. */
static void test_threat_V15_reconfigure_is_ignored(void **state)
{
    struct talk6 *talk = *state;
    struct answer6 made;

    talk6_to_bound(talk, 3600);
    talk6_mark(talk);
    made = answer6(talk, DHCP6_RECONFIGURE);
    answer6_option(&made, 19, "\5", 1);
    talk6_feed(talk, &made);
    assert_int_equal(leat_dhcp6_counts(talk->dhcp6)->drop_forced, 1);
    assert_state6(talk, "BOUND");
    assert_false(talk6_listen(talk));
}

/* Growing waits with a maximum: from 10 to 20 s up to 320 to 640 s. */
static void test_threat_V15_a_server_that_refuses_is_asked_ever_more_seldom(void **state)
{
    struct talk6 *talk = *state;
    uint64_t least_s = 10;

    talk6_to_requesting(talk);
    for (unsigned i = 0; i < 8; i++) {
        struct answer6 made = answer6(talk, DHCP6_REPLY);
        uint64_t wait_ns;

        answer6_ia(&made, talk, 0, 0);
        answer6_status(&made, DHCP6_NO_ADDRS_AVAIL);
        talk6_feed(talk, &made);
        assert_int_equal(talk->news[talk->news_count - 1], LEAT_DHCP6_REFUSED);
        wait_ns = talk->dhcp6->wait_ns - talk->world->now_ns;
        assert_true(wait_ns + ms >= least_s * second && wait_ns <= 2 * least_s * second);
        least_s = least_s < 320 ? 2 * least_s : 320;
        talk6_wait_until(talk, talk->dhcp6->wait_ns);
        talk6_heard(talk, DHCP6_SOLICIT);
        made = grant6(talk, DHCP6_ADVERTISE, 3600);
        answer6_option(&made, DHCP6_PREFERENCE, "\xff", 1);
        talk6_feed(talk, &made);
    }
}

/* RFC 8415 18.2.10: an unhelpful status changes nothing; the request is repeated in time. */
static void test_threat_V15_a_lease_is_not_lost_by_a_word(void **state)
{
    static const uint16_t words[] = {DHCP6_UNSPEC_FAIL, DHCP6_NO_ADDRS_AVAIL, DHCP6_NOT_ON_LINK,
                                     DHCP6_USE_MULTICAST, 999};
    struct talk6 *talk = *state;
    struct answer6 made;

    talk6_to_bound(talk, 3600);
    talk6_wait_until(talk, talk->dhcp6->t1_ns);
    talk6_heard(talk, DHCP6_RENEW);
    for (unsigned i = 0; i < 5; i++) {
        made = answer6(talk, DHCP6_REPLY);
        answer6_ia(&made, talk, 0, 0);
        answer6_status(&made, words[i]);
        talk6_feed(talk, &made);
        assert_state6(talk, "RENEWING");
    }
    assert_int_equal(leat_dhcp6_counts(talk->dhcp6)->drop_status, 5);
    made = answer6(talk, DHCP6_REPLY); /* no association */
    talk6_feed(talk, &made);
    assert_int_equal(leat_dhcp6_counts(talk->dhcp6)->drop_address, 1);
    assert_true(talk6_has(talk, IP6_LEASED));
}

/* At most four of each; multicast, the unspecified address and our own are left out. */
static void test_threat_V15_servers_that_can_not_be_are_left_out(void **state)
{
    static const char *const said[] = {"ff02::1",        "::",          "::1",
                                       "::ffff:9.9.9.9", "2001:db8::1", "2001:db8::2",
                                       "2001:db8::3",    "2001:db8::4", "2001:db8::5"};
    struct talk6 *talk = *state;
    struct answer6 made;
    uint8_t bytes[10 * 16];

    for (unsigned i = 0; i < 9; i++)
        memcpy(bytes + 16 * (i + 1), ip6_of(said[i]).bytes, 16);
    memcpy(bytes, talk->us.bytes, 16);
    talk6_to_requesting(talk);
    made = grant6(talk, DHCP6_REPLY, 3600);
    answer6_option(&made, DHCP6_NAME_SERVERS, bytes, sizeof bytes);
    talk6_feed(talk, &made);
    world_wait(talk->world, second + 10 * ms);
    assert_int_equal(talk->lease.name_server_count, 4);
    assert_true(leat_ip_equal(talk->lease.name_servers[3], ip6_of("2001:db8::4")));
    assert_int_equal(leat_dhcp6_counts(talk->dhcp6)->ignored_parts, 6);
}

/* An answer that comes after the end of its lease grants nothing. */
static void test_threat_V15_a_lease_that_is_over_is_none(void **state)
{
    struct talk6 *talk = *state;
    struct answer6 made;

    talk6_to_requesting(talk);
    made = grant6(talk, DHCP6_REPLY, 20);
    world_wait(talk->world, 21 * second);
    talk6_feed(talk, &made);
    assert_int_equal(leat_dhcp6_counts(talk->dhcp6)->drop_time, 1);
    assert_state6(talk, "REQUESTING");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        talk6_test(test_threat_V15_strangers_are_not_heard),
        talk6_test(test_threat_V15_servers_from_afar_are_not_heard),
        talk6_test(test_threat_V15_another_server_does_not_answer_for_ours),
        talk6_test(test_threat_V15_options_that_overrun_are_dropped),
        talk6_test(test_threat_V15_times_out_of_order_are_not_taken),
        talk6_test(test_threat_V15_addresses_that_can_not_be_are_left_out),
        talk6_test(test_threat_V15_reconfigure_is_ignored),
        talk6_test(test_threat_V15_a_server_that_refuses_is_asked_ever_more_seldom),
        talk6_test(test_threat_V15_a_lease_is_not_lost_by_a_word),
        talk6_test(test_threat_V15_servers_that_can_not_be_are_left_out),
        talk6_test(test_threat_V15_a_lease_that_is_over_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
