/* test_lease6.c -- a lease that other servers may know, or must confirm (RFC 8415 18.2). */
#include "dhcp6_talk.h"

/* Another server answers a Rebind: the lease is its own from then on. */
static void another_server_may_take_a_lease_over(void **state)
{
    struct talk6 *talk = *state;
    struct wire_dhcp6_option option;
    struct answer6 reply;

    talk6_to_bound(talk, 1000);
    talk6_wait_until(talk, talk->dhcp6->t2_ns);
    reply = answer6_from(talk, DHCP6_REPLY, TALK6_OTHER_DUID);
    answer6_ia(&reply, talk, 0, 0);
    answer6_address(&reply, IP6_LEASED, 1000, 1000);
    talk6_feed(talk, &reply);
    assert_state6(talk, "BOUND");
    talk6_wait_until(talk, talk->dhcp6->t1_ns);
    talk6_heard(talk, DHCP6_RENEW);
    assert_true(wire_dhcp6_find(&talk->heard.options, DHCP6_SERVER_ID, &option));
    assert_memory_equal(option.bytes, TALK6_OTHER_DUID, TALK6_DUID_BYTES);
}

static void expect_request_to(struct talk6 *talk, const char *duid)
{
    struct wire_dhcp6_option option;

    talk6_heard(talk, DHCP6_REQUEST);
    assert_true(wire_dhcp6_find(&talk->heard.options, DHCP6_SERVER_ID, &option));
    assert_memory_equal(option.bytes, duid, TALK6_DUID_BYTES);
}

/* RFC 8415 18.2.10.1: the server without a binding, and no other, is asked for the lease. */
static void a_server_that_has_no_binding_is_asked_for_one(void **state)
{
    struct talk6 *talk = *state;
    struct answer6 reply;

    talk6_to_bound(talk, 1000);
    talk6_wait_until(talk, talk->dhcp6->t2_ns);
    reply = answer6_from(talk, DHCP6_REPLY, TALK6_OTHER_DUID);
    answer6_ia(&reply, talk, 0, 0);
    answer6_status(&reply, DHCP6_NO_BINDING);
    answer6_close(&reply);
    talk6_feed(talk, &reply);
    assert_state6(talk, "REREQUESTING");
    expect_request_to(talk, TALK6_OTHER_DUID);
    reply = grant6(talk, DHCP6_REPLY, 1000); /* from the first server, which wasn't asked */
    talk6_feed(talk, &reply);
    assert_state6(talk, "REREQUESTING");
    talk6_wait_until(talk, talk->dhcp6->rexmt_ns);
    expect_request_to(talk, TALK6_OTHER_DUID);
}

/* RFC 8415 18.2.3 */
static void a_confirmed_address_goes_on_where_it_was(void **state)
{
    struct talk6 *talk = *state;
    struct answer6 reply;
    uint64_t t2_ns;

    leat_dhcp6_confirm(talk->dhcp6); /* there is nothing to confirm */
    talk6_to_bound(talk, 1000);
    talk6_wait_until(talk, talk->dhcp6->t1_ns);
    t2_ns = talk->dhcp6->t2_ns;
    leat_dhcp6_confirm(talk->dhcp6);
    world_poll(talk->world);
    talk6_heard(talk, DHCP6_CONFIRM);
    reply = answer6_from(talk, DHCP6_REPLY, TALK6_OTHER_DUID);
    answer6_status(&reply, DHCP6_SUCCESS);
    talk6_feed(talk, &reply);
    world_wait(talk->world, ms);
    talk6_heard(talk, DHCP6_RENEW); /* T1 has passed, so it is renewed at once */
    assert_int_equal(talk->dhcp6->t2_ns, t2_ns);
}

/* The check of an address says nothing about another link, and no server there has granted it. */
static void a_confirm_during_the_check_begins_again(void **state)
{
    struct talk6 *talk = *state;
    struct answer6 reply;

    talk6_to_requesting(talk);
    reply = grant6(talk, DHCP6_REPLY, 1000);
    talk6_feed(talk, &reply);
    assert_state6(talk, "CHECKING");
    leat_dhcp6_confirm(talk->dhcp6);
    assert_state6(talk, "INIT");
    world_wait(talk->world, 2 * second); /* longer than the check */
    assert_false(talk6_has(talk, IP6_LEASED));
    talk6_heard(talk, DHCP6_SOLICIT);
}

/* RFC 8415 7.6, 18.2.3: CNF_TIMEOUT, CNF_MAX_RT, CNF_MAX_RD; then the lease stays valid.
 */
static void a_confirm_is_given_up_after_ten_seconds(void **state)
{
    static const uint64_t waits_s[] = {1, 2, 4};
    struct talk6 *talk = *state;
    uint64_t begin_ns;

    talk6_to_bound(talk, 1000);
    begin_ns = talk->world->now_ns;
    leat_dhcp6_confirm(talk->dhcp6);
    world_poll(talk->world);
    talk6_heard(talk, DHCP6_CONFIRM);
    for (unsigned i = 0; i < 3; i++) {
        const uint64_t at_ns = talk->world->now_ns;

        talk6_wait_until(talk, talk->dhcp6->rexmt_ns);
        talk6_heard(talk, DHCP6_CONFIRM);
        /* each is twice the last one, which was random by a tenth */
        assert_in_range(talk->world->now_ns - at_ns, waits_s[i] * 850 * ms, waits_s[i] * 1150 * ms);
    }
    talk6_wait_until(talk, begin_ns + 10 * second);
    assert_state6(talk, "BOUND");
    assert_true(talk6_has(talk, IP6_LEASED));
}

/* RFC 8415 14.2: T1 and T2 are the client's choice, parts of a preferred lifetime of 1 s. */
static void a_preferred_second_is_no_storm(void **state)
{
    struct talk6 *talk = *state;
    unsigned messages = 0;

    talk6_to_bound(talk, 1000);
    talk6_wait_until(talk, talk->dhcp6->t1_ns);
    for (const uint64_t end_ns = talk->world->now_ns + 10 * second; talk->world->now_ns < end_ns;
         messages++) {
        struct answer6 reply = answer6(talk, DHCP6_REPLY);

        answer6_ia(&reply, talk, 0, 0);
        answer6_address(&reply, IP6_LEASED, 1, 1000);
        talk6_feed(talk, &reply);
        assert_in_range(messages, 0, 20);
        while (!talk6_listen(talk))
            world_wait(talk->world, 10 * ms);
    }
}

/* RFC 8415 21.4: an association with T1 > T2 is ignored. */
static void an_association_with_T1_behind_T2_is_not_there(void **state)
{
    static const struct {
        uint32_t t1_s, t2_s;
        bool is_taken;
    } cases[] = {{2, 1, false}, {1, 1, true}, {1, 0, true}, {801, 800, false}, {0, 1, true}};

    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct talk6 *talk = *state;
        struct answer6 reply;

        talk6_to_requesting(talk);
        reply = answer6(talk, DHCP6_REPLY);
        answer6_ia(&reply, talk, cases[i].t1_s, cases[i].t2_s);
        answer6_address(&reply, IP6_LEASED, 1000, 1000);
        talk6_feed(talk, &reply);
        world_wait(talk->world, second + 10 * ms);
        assert_int_equal(talk6_has(talk, IP6_LEASED), cases[i].is_taken);
        talk6_teardown(state);
        talk6_setup(state);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        talk6_test(another_server_may_take_a_lease_over),
        talk6_test(a_server_that_has_no_binding_is_asked_for_one),
        talk6_test(a_confirmed_address_goes_on_where_it_was),
        talk6_test(a_confirm_during_the_check_begins_again),
        talk6_test(a_confirm_is_given_up_after_ten_seconds),
        talk6_test(a_preferred_second_is_no_storm),
        talk6_test(an_association_with_T1_behind_T2_is_not_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
