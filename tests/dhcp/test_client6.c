/* test_client6.c -- the DHCPv6 client's messages, their times, and its leases (RFC 8415). */
#include "dhcp6_talk.h"

static bool is_about(uint64_t wait_ns, uint64_t base_ns)
{
    return wait_ns >= base_ns - base_ns / 10 && wait_ns <= base_ns + base_ns / 10 + 4096;
}

/* RFC 8415 18.2.1, 21.7, 11.4 */
static void a_solicit_has_our_identifier_and_the_options_we_want(void **state)
{
    static const uint8_t wishes[] = {0, 23, 0, 24, 0, 56, 0, 82};
    struct talk6 *talk = *state;
    struct wire_dhcp6_option option;

    talk6_start(talk);
    assert_true(wire_dhcp6_find(&talk->heard.options, DHCP6_CLIENT_ID, &option));
    assert_int_equal(option.len, 10);
    assert_memory_equal(option.bytes, "\0\3\0\1", 4);
    assert_memory_equal(option.bytes + 4, MAC_US.octet, 6);
    assert_true(wire_dhcp6_find(&talk->heard.options, DHCP6_OPTION_REQUEST, &option));
    assert_int_equal(option.len, sizeof wishes);
    assert_memory_equal(option.bytes, wishes, sizeof wishes);
    assert_false(wire_dhcp6_find(&talk->heard.options, DHCP6_RAPID_COMMIT, &option));
    assert_int_equal(talk->heard.elapsed, 0);
}

/* RFC 6355: a DUID-UUID */
static void the_program_may_set_the_duid(void **state)
{
    static const uint8_t uuid[18] = {0, 4, 0xfe, 1, 2, 3};
    struct talk6 *talk = *state;
    struct wire_dhcp6_option option;

    talk->config.duid = uuid;
    talk->config.duid_bytes = sizeof uuid;
    talk->config.iaid = 7;
    talk6_begin(talk);
    talk6_start(talk);
    assert_true(wire_dhcp6_find(&talk->heard.options, DHCP6_CLIENT_ID, &option));
    assert_int_equal(option.len, sizeof uuid);
    assert_memory_equal(option.bytes, uuid, sizeof uuid);
    assert_true(wire_dhcp6_find(&talk->heard.options, DHCP6_IA_NA, &option));
    assert_int_equal(frame_get32(option.bytes), 7);
}

/* RFC 8415 15: the waits double up to SOL_MAX_RT, the xid stays, the elapsed time grows. */
static void a_solicit_is_repeated_ever_more_seldom(void **state)
{
    struct talk6 *talk = *state;
    const uint64_t hour = 3600 * second;
    uint64_t before_ns, wait_ns = second;
    uint64_t begin_ns;
    uint32_t xid;

    talk6_start(talk);
    xid = talk->heard.xid;
    begin_ns = before_ns = talk->world->now_ns;
    for (unsigned i = 0; i < 16; i++) {
        uint64_t waited_ns, elapsed;

        talk6_wait_until(talk, talk->dhcp6->rexmt_ns);
        talk6_heard(talk, DHCP6_SOLICIT);
        waited_ns = talk->world->now_ns - before_ns;
        before_ns = talk->world->now_ns;
        elapsed = (before_ns - begin_ns) / (10 * ms);
        assert_int_equal(talk->heard.xid, xid);
        assert_int_equal(talk->heard.elapsed, elapsed < 0xffff ? elapsed : 0xffff);
        assert_true(i > 0 || waited_ns > second); /* 18.2.1: the first wait is not reduced */
        assert_true(waited_ns >= wait_ns * 9 / 10 && waited_ns <= wait_ns * 11 / 10 + 4096);
        wait_ns = 2 * waited_ns < hour ? 2 * waited_ns : hour;
        assert_int_equal(talk->news[talk->news_count - 1], LEAT_DHCP6_SILENCE);
    }
    assert_true(leat_dhcp6_waited_ns(talk->dhcp6) >= 4 * hour);
}

/* RFC 8415 21.24: an offer without an address can also set the retransmission limit; 18.2.9. */
static void a_server_says_how_often_it_may_be_asked(void **state)
{
    static const uint32_t said[] = {59, 60, 86401};
    struct talk6 *talk = *state;

    talk6_start(talk);
    for (unsigned i = 0; i < 3; i++) {
        struct answer6 offer = answer6(talk, DHCP6_ADVERTISE);

        answer6_status(&offer, DHCP6_NO_ADDRS_AVAIL);
        answer6_option32(&offer, DHCP6_SOL_MAX_RT, said[i]);
        talk6_feed(talk, &offer);
        assert_int_equal(talk->dhcp6->sol_max_s, i == 0 ? 3600 : 60);
    }
    assert_int_equal(leat_dhcp6_counts(talk->dhcp6)->drop_status, 3);
    assert_state6(talk, "SOLICITING");
}

/* RFC 8415 18.2.1 and 18.2.9: all offers of the first wait are compared. */
static void the_offer_of_the_highest_preference_is_taken(void **state)
{
    static const struct {
        const char *duid;
        uint8_t preference;
    } offers[] = {{"\0\3\0\1\2\0\0\0\0\1", 0},
                  {TALK6_SERVER_DUID, 7},
                  {"\0\3\0\1\2\0\0\0\0\2", 7},
                  {"\0\3\0\1\2\0\0\0\0\3", 3}};
    struct talk6 *talk = *state;
    struct wire_dhcp6_option option;

    talk6_start(talk);
    for (unsigned i = 0; i < 4; i++) {
        struct answer6 offer = answer6_from(talk, DHCP6_ADVERTISE, offers[i].duid);

        answer6_ia(&offer, talk, 0, 0);
        answer6_address(&offer, i == 1 ? IP6_LEASED : IP6_LEASED_OTHER, 3600, 3600);
        answer6_close(&offer);
        answer6_option(&offer, DHCP6_PREFERENCE, &offers[i].preference, 1);
        talk6_feed(talk, &offer);
        assert_state6(talk, "SOLICITING");
    }
    talk6_wait_until(talk, talk->dhcp6->rexmt_ns);
    talk6_heard(talk, DHCP6_REQUEST);
    assert_true(leat_ip_equal(talk->heard.ip, IP6_LEASED));
    assert_true(wire_dhcp6_find(&talk->heard.options, DHCP6_SERVER_ID, &option));
    assert_memory_equal(option.bytes, TALK6_SERVER_DUID, TALK6_DUID_BYTES);
}

/* RFC 8415 18.2.1: after the first wait the first offer is taken. */
static void a_late_offer_is_taken_at_once(void **state)
{
    struct talk6 *talk = *state;
    struct answer6 offer;

    talk6_start(talk);
    talk6_wait_until(talk, talk->dhcp6->rexmt_ns);
    offer = grant6(talk, DHCP6_ADVERTISE, 3600);
    talk6_feed(talk, &offer);
    talk6_heard(talk, DHCP6_REQUEST);
}

/* RFC 8415 18.2.2: REQ_MAX_RC; then it starts again after a while. */
static void a_request_is_given_up_after_ten_tries(void **state)
{
    struct talk6 *talk = *state;
    unsigned tries = 1;

    talk6_to_requesting(talk);
    while (strcmp(leat_dhcp6_state_name(talk->dhcp6), "REQUESTING") == 0) {
        talk6_wait_until(talk, talk->dhcp6->rexmt_ns);
        tries += talk6_listen(talk);
        assert_true(talk->dhcp6->rexmt_ns == LEAT_NEVER_NS ||
                    talk->dhcp6->rexmt_ns - talk->world->now_ns <= 33 * second);
    }
    assert_int_equal(tries, 10);
    assert_state6(talk, "INIT");
    assert_true(talk->dhcp6->wait_ns >= talk->world->now_ns + 9 * second);
    talk6_wait_until(talk, talk->dhcp6->wait_ns);
    talk6_heard(talk, DHCP6_SOLICIT);
}

/* RFC 8415 18.2.10.1: the check comes first; T1 and T2 are 50 % and 80 %. */
static void an_address_is_checked_then_used_then_renewed(void **state)
{
    struct talk6 *talk = *state;
    struct answer6 reply;
    uint64_t asked_ns;

    talk6_to_requesting(talk);
    asked_ns = talk->world->now_ns;
    world_wait(talk->world, second / 2);
    reply = grant6(talk, DHCP6_REPLY, 1000);
    talk6_feed(talk, &reply);
    assert_false(talk6_has(talk, IP6_LEASED));
    assert_null(leat_dhcp6_lease(talk->dhcp6));
    world_wait(talk->world, second + 10 * ms);
    assert_true(talk6_has(talk, IP6_LEASED));
    assert_int_equal(talk->news[0], LEAT_DHCP6_BOUND);
    assert_true(leat_ip_equal(talk->lease.ip, IP6_LEASED));
    assert_int_equal(talk->lease.renew_s, 500);
    assert_int_equal(talk->lease.rebind_s, 800);
    /* counted from the request, not from the answer */
    assert_true(is_about(leat_dhcp6_expires_ns(talk->dhcp6) - asked_ns, 1000 * second));
    assert_true(leat_dhcp6_expires_ns(talk->dhcp6) < asked_ns + 1000 * second + 4096);
    talk6_wait_until(talk, asked_ns + 500 * second);
    talk6_heard(talk, DHCP6_RENEW);
    assert_true(leat_ip_equal(talk->heard.ip, IP6_LEASED));
    reply = grant6(talk, DHCP6_REPLY, 2000);
    answer6_option(&reply, DHCP6_NAME_SERVERS, ip6_of("2001:db8::53").bytes, 16);
    talk6_feed(talk, &reply);
    assert_state6(talk, "BOUND");
    assert_int_equal(talk->lease.valid_s, 2000);
    assert_int_equal(talk->lease.name_server_count, 1);
    assert_true(talk6_has(talk, IP6_LEASED)); /* and it isn't checked again */
    world_wait(talk->world, 900 * second);
    assert_true(talk6_has(talk, IP6_LEASED));
}

/* An expired address is never used, not in a single packet or tick. */
static void without_a_server_an_address_ends_with_its_lifetime(void **state)
{
    struct talk6 *talk = *state;
    uint64_t expires_ns;

    talk6_to_bound(talk, 1000);
    expires_ns = leat_dhcp6_expires_ns(talk->dhcp6);
    talk6_wait_until(talk, talk->dhcp6->t2_ns);
    talk6_heard(talk, DHCP6_REBIND);
    assert_false(talk->heard.has_server);
    world_wait(talk->world, expires_ns - talk->world->now_ns - ms);
    assert_true(talk6_has(talk, IP6_LEASED));
    talk->world->now_ns = expires_ns + 1024;
    world_poll(talk->world);
    assert_false(talk6_has(talk, IP6_LEASED));
    assert_true(talk6_was_told(talk, LEAT_DHCP6_EXPIRED));
    assert_null(leat_dhcp6_lease(talk->dhcp6));
    talk6_wait_until(talk, talk->dhcp6->wait_ns);
    talk6_heard(talk, DHCP6_SOLICIT);
}

/* The stack sends nothing from the address in the poll in which it has expired, even before
 * callbacks run. */
static void a_client_that_slept_through_its_lease_has_no_address(void **state)
{
    struct talk6 *talk = *state;

    talk6_to_bound(talk, 1000);
    talk->world->now_ns += 5000 * second;
    world_poll(talk->world);
    assert_false(talk6_has(talk, IP6_LEASED));
    assert_true(talk6_was_told(talk, LEAT_DHCP6_EXPIRED));
    assert_state6(talk, "INIT");
}

/* RFC 8415 18.2.4 and 18.2.5: REN_TIMEOUT, REB_TIMEOUT; each exchange has its own xid. */
static void renewal_goes_to_the_server_and_rebinding_to_all(void **state)
{
    struct talk6 *talk = *state;
    uint32_t renew_xid;
    uint64_t at_ns;

    talk6_to_bound(talk, 10000);
    talk6_wait_until(talk, talk->dhcp6->t1_ns);
    renew_xid = talk6_heard(talk, DHCP6_RENEW)->xid;
    at_ns = talk->world->now_ns;
    talk6_wait_until(talk, talk->dhcp6->rexmt_ns);
    assert_int_equal(talk6_heard(talk, DHCP6_RENEW)->xid, renew_xid);
    assert_true(is_about(talk->world->now_ns - at_ns, 10 * second));
    talk6_wait_until(talk, talk->dhcp6->t2_ns);
    assert_int_not_equal(talk6_heard(talk, DHCP6_REBIND)->xid, renew_xid);
    while (talk->dhcp6->rexmt_ns < talk->dhcp6->expires_ns) {
        at_ns = talk->world->now_ns;
        talk6_wait_until(talk, talk->dhcp6->rexmt_ns);
        talk6_heard(talk, DHCP6_REBIND);
        assert_true(talk->world->now_ns - at_ns <= 661 * second);
    }
    assert_true(talk6_was_told(talk, LEAT_DHCP6_SILENCE));
}

/* RFC 8415 18.2.8: four times in 15 s; then another address. */
static void an_address_that_another_host_has_is_declined(void **state)
{
    struct talk6 *talk = *state;
    struct answer6 reply;
    unsigned tries = 0;

    talk6_to_requesting(talk);
    reply = grant6(talk, DHCP6_REPLY, 1000);
    talk6_feed(talk, &reply);
    talk6_claim(talk, IP6_LEASED);
    assert_int_equal(talk->news[0], LEAT_DHCP6_DECLINED);
    assert_true(leat_ip_equal(talk->lease.ip, IP6_LEASED));
    while (strcmp(leat_dhcp6_state_name(talk->dhcp6), "DECLINING") == 0) {
        talk6_heard(talk, DHCP6_DECLINE);
        tries++;
        talk6_wait_until(talk, talk->dhcp6->rexmt_ns);
    }
    assert_int_equal(tries, 4);
    assert_false(talk6_has(talk, IP6_LEASED));
    assert_true(talk->dhcp6->wait_ns >= talk->world->now_ns + 9 * second);
}

/* RFC 8415 18.2.7 */
static void a_release_is_told_until_the_server_answers(void **state)
{
    struct talk6 *talk = *state;
    struct answer6 reply;

    talk6_to_bound(talk, 1000);
    leat_dhcp6_release(talk->dhcp6);
    world_poll(talk->world);
    assert_false(talk6_has(talk, IP6_LEASED));
    talk6_heard(talk, DHCP6_RELEASE);
    talk6_wait_until(talk, talk->dhcp6->rexmt_ns);
    talk6_heard(talk, DHCP6_RELEASE);
    reply = answer6(talk, DHCP6_REPLY);
    answer6_status(&reply, DHCP6_NO_BINDING); /* ignored by now */
    talk6_feed(talk, &reply);
    assert_state6(talk, "STOPPED");
}

/* RFC 8415 18.2.6, 21.23 */
static void facts_alone_are_asked_for_and_refreshed(void **state)
{
    struct talk6 *talk = *state;
    struct wire_dhcp6_option option;
    struct answer6 reply;

    assert_int_equal(leat_dhcp6_inform(talk->dhcp6), LEAT_OK);
    talk6_wait_until(talk, talk->dhcp6->wait_ns);
    talk6_heard(talk, DHCP6_INFORMATION_REQUEST);
    assert_true(wire_dhcp6_find(&talk->heard.options, DHCP6_OPTION_REQUEST, &option));
    assert_memory_equal(option.bytes + 6, "\0\40\0\123", 4); /* 32, 83 */
    reply = answer6(talk, DHCP6_REPLY);
    answer6_option(&reply, DHCP6_NAME_SERVERS, ip6_of("2001:db8::53").bytes, 16);
    answer6_option32(&reply, DHCP6_REFRESH_TIME, 20); /* IRT_MINIMUM is 600 */
    answer6_option32(&reply, DHCP6_INF_MAX_RT, 120);
    talk6_feed(talk, &reply);
    assert_int_equal(talk->news[0], LEAT_DHCP6_INFORMED);
    assert_true(leat_ip_is_any(talk->lease.ip));
    assert_int_equal(talk->lease.refresh_s, 600);
    assert_int_equal(talk->dhcp6->inf_max_s, 120);
    talk6_mark(talk);
    world_wait(talk->world, 599 * second);
    assert_false(talk6_listen(talk));
    world_wait(talk->world, 2 * second + ms);
    talk6_heard(talk, DHCP6_INFORMATION_REQUEST);
    assert_non_null(leat_dhcp6_lease(talk->dhcp6)); /* until there are newer facts */
}

/* RFC 8415 21.23: the first message is delayed at random by up to INF_MAX_DELAY. */
static void hosts_that_began_together_do_not_refresh_together(void **state)
{
    struct talk6 *talk = *state;
    uint64_t least_ns = UINT64_MAX, most_ns = 0;

    assert_int_equal(leat_dhcp6_inform(talk->dhcp6), LEAT_OK);
    talk6_wait_until(talk, talk->dhcp6->wait_ns);
    for (unsigned i = 0; i < 20; i++) {
        struct answer6 reply;
        uint64_t delay_ns;

        talk6_heard(talk, DHCP6_INFORMATION_REQUEST);
        reply = answer6(talk, DHCP6_REPLY);
        answer6_option32(&reply, DHCP6_REFRESH_TIME, 600);
        talk6_feed(talk, &reply);
        delay_ns = talk->dhcp6->refresh_ns - talk->world->now_ns - 600 * second;
        assert_in_range(delay_ns, 0, second);
        least_ns = delay_ns < least_ns ? delay_ns : least_ns;
        most_ns = delay_ns > most_ns ? delay_ns : most_ns;
        talk6_wait_until(talk, talk->dhcp6->refresh_ns);
    }
    assert_true(least_ns < 300 * ms);
    assert_true(most_ns > 700 * ms);
}

/* RFC 3646, RFC 5908 */
static void servers_and_domains_are_read(void **state)
{
    static const uint8_t search[] = "\4leat\7example\0\3lab\7example";
    struct talk6 *talk = *state;
    struct answer6 reply;
    uint8_t servers[32], ntp[24] = {0, 1, 0, 16};

    memcpy(servers, ip6_of("2001:db8::53").bytes, 16);
    memcpy(servers + 16, ip6_of("fe80::53").bytes, 16);
    memcpy(ntp + 4, ip6_of("2001:db8::123").bytes, 16);
    talk6_to_requesting(talk);
    reply = grant6(talk, DHCP6_REPLY, 1000);
    answer6_option(&reply, DHCP6_NAME_SERVERS, servers, sizeof servers);
    answer6_option(&reply, DHCP6_SEARCH, search, sizeof search);
    answer6_option(&reply, DHCP6_NTP_SERVER, ntp, 20);
    answer6_option(&reply, DHCP6_NTP_SERVER, "\0\3\0\5\3ntp", 9); /* a name, RFC 5908 4.3 */
    answer6_option(&reply, DHCP6_NTP_SERVER, "\0\3\0\x0c\4time\5local", 16);
    ntp[1] = 2; /* a group, 4.2 */
    answer6_option(&reply, DHCP6_NTP_SERVER, ntp, 20);
    talk6_feed(talk, &reply);
    world_wait(talk->world, second + 10 * ms);
    assert_int_equal(talk->lease.name_server_count, 2);
    assert_true(leat_ip_equal(talk->lease.name_servers[1], ip6_of("fe80::53")));
    assert_int_equal(talk->lease.ntp_server_count, 1);
    assert_true(leat_ip_equal(talk->lease.ntp_servers[0], ip6_of("2001:db8::123")));
    assert_string_equal(talk->lease.search, "leat.example lab.example");
    assert_string_equal(talk->lease.ntp_names, "ntp time.local");
    assert_int_equal(leat_dhcp6_counts(talk->dhcp6)->ignored_parts, 1);
}

/* Before that nothing can be sent: its check takes a second. */
static void the_first_message_waits_for_our_link_local_address(void **state)
{
    struct talk6 *talk = *state;
    struct world *world = talk->world;

    world_init(world);
    assert_int_equal(leat_dhcp6_register(world->stack, 1), LEAT_OK);
    assert_int_equal(leat_dhcp6_open(world->stack, &world->dev.netif, &talk->dhcp6, &talk->config),
                     LEAT_OK);
    world_poll(world);
    assert_int_equal(leat_dhcp6_start(talk->dhcp6, NULL), LEAT_OK);
    world_wait(world, 1300 * ms);
    assert_state6(talk, "SOLICITING");
    assert_int_equal(leat_dhcp6_counts(talk->dhcp6)->unsent, 0);
    assert_int_equal(leat_dhcp6_counts(talk->dhcp6)->sent, 1);
}

static void mistakes_of_the_program_are_told(void **state)
{
    struct talk6 *talk = *state;
    struct world *world = talk->world;
    struct leat_dhcp6_config config = talk->config;
    struct leat_dhcp6 *other;

    assert_int_equal(leat_dhcp6_register(world->stack, 1), LEAT_ERR_IN_USE);
    assert_int_equal(leat_dhcp6_open(world->stack, &world->dev.netif, &other, &config),
                     LEAT_ERR_IN_USE);
    world_attach_second(world);
    assert_int_equal(leat_dhcp6_open(world->stack, &world->second.netif, &other, &config),
                     LEAT_ERR_FULL);
    config.duid = MAC_US.octet;
    config.duid_bytes = 2;
    assert_int_equal(leat_dhcp6_open(world->stack, &world->second.netif, &other, &config),
                     LEAT_ERR_ARGUMENT);
    assert_int_equal(leat_dhcp6_start(talk->dhcp6, NULL), LEAT_OK);
    assert_int_equal(leat_dhcp6_start(talk->dhcp6, NULL), LEAT_ERR_IN_USE);
    assert_int_equal(leat_dhcp6_inform(talk->dhcp6), LEAT_ERR_IN_USE);
    leat_dhcp6_stop(talk->dhcp6);
    leat_dhcp6_stop(talk->dhcp6);
    leat_dhcp6_release(talk->dhcp6);
    assert_state6(talk, "STOPPED");
}

/* An idle machine sleeps until a frame comes. */
static void an_idle_client_sets_no_timer(void **state)
{
    struct talk6 *talk = *state;

    talk6_to_bound(talk, 1000);
    assert_true(leat_timer_is_set(&talk->dhcp6->timer));
    leat_dhcp6_stop(talk->dhcp6);
    assert_false(leat_timer_is_set(&talk->dhcp6->timer));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        talk6_test(a_solicit_has_our_identifier_and_the_options_we_want),
        talk6_test_later(the_program_may_set_the_duid),
        talk6_test(a_solicit_is_repeated_ever_more_seldom),
        talk6_test(a_server_says_how_often_it_may_be_asked),
        talk6_test(the_offer_of_the_highest_preference_is_taken),
        talk6_test(a_late_offer_is_taken_at_once),
        talk6_test(a_request_is_given_up_after_ten_tries),
        talk6_test(an_address_is_checked_then_used_then_renewed),
        talk6_test(without_a_server_an_address_ends_with_its_lifetime),
        talk6_test(a_client_that_slept_through_its_lease_has_no_address),
        talk6_test(renewal_goes_to_the_server_and_rebinding_to_all),
        talk6_test(an_address_that_another_host_has_is_declined),
        talk6_test(a_release_is_told_until_the_server_answers),
        talk6_test(facts_alone_are_asked_for_and_refreshed),
        talk6_test(hosts_that_began_together_do_not_refresh_together),
        talk6_test(servers_and_domains_are_read),
        talk6_test_later(the_first_message_waits_for_our_link_local_address),
        talk6_test(mistakes_of_the_program_are_told),
        talk6_test(an_idle_client_sets_no_timer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
