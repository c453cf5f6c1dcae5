/* test_waits6.c -- the times of DHCPv6's exchanges (RFC 8415 7.6, 15), one row each. */
#include "dhcp6_talk.h"

#include "proto/dhcp/dhcp6.h"

static bool is_about(uint64_t ns, uint64_t base_ns)
{
    return ns >= base_ns - base_ns / 10 && ns <= base_ns + base_ns / 10;
}

/* 0: no limit. */
struct times {
    enum dhcp6_message type;
    uint64_t irt_s, mrt_s;
    uint8_t mrc;
    uint64_t mrd_s;
};

static void each_exchange_has_its_times(void **state)
{
    static const struct times table[] = {
        {DHCP6_SOLICIT, 1, 3600, 0, 0}, {DHCP6_REQUEST, 1, 30, 10, 0},
        {DHCP6_CONFIRM, 1, 4, 0, 10},   {DHCP6_RENEW, 10, 600, 0, 0},
        {DHCP6_REBIND, 10, 600, 0, 0},  {DHCP6_RELEASE, 1, 0, 4, 0},
        {DHCP6_DECLINE, 1, 0, 4, 0},    {DHCP6_INFORMATION_REQUEST, 1, 3600, 0, 0},
    };
    struct talk6 *talk = *state;
    struct leat_dhcp6 *dhcp6 = talk->dhcp6;

    dhcp6->has_address = true; /* a Rebind of a kept address has other times */
    for (unsigned i = 0; i < sizeof table / sizeof *table; i++) {
        const struct times *row = &table[i];
        const uint64_t now_ns = leat_now_ns(talk->world->stack);
        uint64_t before_ns;

        dhcp6_open_exchange(dhcp6, row->type);
        assert_int_equal(dhcp6->rexmt.mrc, row->mrc);
        assert_true(dhcp6->rexmt.give_up_ns ==
                    (row->mrd_s ? now_ns + row->mrd_s * second : LEAT_NEVER_NS));
        dhcp6->rexmt.give_up_ns = LEAT_NEVER_NS;
        dhcp6_await(dhcp6);
        before_ns = dhcp6->rexmt_ns - now_ns;
        assert_true(is_about(before_ns, row->irt_s * second));
        assert_true(row->type != DHCP6_SOLICIT || before_ns > second); /* 18.2.1 */
        for (unsigned k = 0; k < 14; k++) {
            uint64_t wait_ns;

            dhcp6_await(dhcp6);
            wait_ns = dhcp6->rexmt_ns - now_ns;
            /* RT = 2 * RTprev + RAND * RTprev, up to MRT + RAND * MRT */
            if (row->mrt_s == 0 || wait_ns < row->mrt_s * second * 9 / 10)
                assert_true(wait_ns >= before_ns * 19 / 10 && wait_ns <= before_ns * 21 / 10);
            else
                assert_true(wait_ns <= row->mrt_s * second * 11 / 10);
            before_ns = wait_ns;
        }
        assert_true(row->mrt_s == 0 || is_about(before_ns, row->mrt_s * second));
    }
    dhcp6->has_address = false;
    dhcp6_forget_times(dhcp6);
}

/* 18.2.12: a Rebind after a restart is given up soon. */
static void a_rebind_of_a_kept_address_is_short(void **state)
{
    struct talk6 *talk = *state;
    struct leat_dhcp6 *dhcp6 = talk->dhcp6;

    dhcp6_open_exchange(dhcp6, DHCP6_REBIND);
    assert_int_equal(dhcp6->rexmt.mrc, 2);
    dhcp6_await(dhcp6);
    assert_true(is_about(dhcp6->rexmt_ns - leat_now_ns(talk->world->stack), second));
    for (unsigned k = 0; k < 5; k++)
        dhcp6_await(dhcp6);
    assert_true(is_about(dhcp6->rexmt_ns - leat_now_ns(talk->world->stack), 4 * second));
    dhcp6_forget_times(dhcp6);
}

/* RFC 8415 12: the last four octets of the MAC, which are the same after each start. */
static void an_association_is_named_after_the_MAC(void **state)
{
    struct talk6 *talk = *state;
    struct wire_dhcp6_option option;

    talk6_start(talk);
    assert_true(wire_dhcp6_find(&talk->heard.options, DHCP6_IA_NA, &option));
    assert_memory_equal(option.bytes, MAC_US.octet + 2, 4);
}

/* The limits that a server sends bound the waits. */
static void a_servers_limits_are_kept(void **state)
{
    struct talk6 *talk = *state;
    struct leat_dhcp6 *dhcp6 = talk->dhcp6;

    dhcp6->sol_max_s = 60;
    dhcp6->inf_max_s = 90;
    for (unsigned i = 0; i < 2; i++) {
        dhcp6_open_exchange(dhcp6, i == 0 ? DHCP6_SOLICIT : DHCP6_INFORMATION_REQUEST);
        for (unsigned k = 0; k < 12; k++)
            dhcp6_await(dhcp6);
        assert_true(is_about(dhcp6->rexmt_ns - leat_now_ns(talk->world->stack),
                             (i == 0 ? 60 : 90) * second));
    }
    dhcp6_forget_times(dhcp6);
}

/* An exchange ends at MRD, and no wait goes beyond that. */
static void no_wait_goes_beyond_the_end(void **state)
{
    struct talk6 *talk = *state;
    struct leat_dhcp6 *dhcp6 = talk->dhcp6;

    dhcp6_open_exchange(dhcp6, DHCP6_CONFIRM);
    for (unsigned k = 0; k < 3; k++)
        dhcp6_await(dhcp6);
    assert_true(dhcp6->rexmt_ns < dhcp6->rexmt.give_up_ns);
    world_wait(talk->world, 8 * second);
    dhcp6_await(dhcp6);
    assert_true(dhcp6->rexmt_ns == dhcp6->rexmt.give_up_ns);
    dhcp6_forget_times(dhcp6);
}

/* The first message waits for a random time up to the delay of the configuration. */
static void the_start_waits_for_its_delay_at_most(void **state)
{
    struct talk6 *talk = *state;
    struct leat_dhcp6 *dhcp6 = talk->dhcp6;
    struct dhcp6_step step = {0};

    for (uint64_t most_ns = 0; most_ns < 4; most_ns++) {
        unsigned seen[4] = {0};

        dhcp6->config.start_delay_ns = most_ns;
        for (unsigned i = 0; i < 200; i++) {
            dhcp6_begin(dhcp6, &step);
            assert_in_range(dhcp6->wait_ns - dhcp6->begun_ns, 0, most_ns);
            seen[dhcp6->wait_ns - dhcp6->begun_ns]++;
        }
        for (uint64_t wait_ns = 0; wait_ns <= most_ns; wait_ns++)
            assert_true(seen[wait_ns] > 0);
    }
    dhcp6_forget_times(dhcp6);
    dhcp6_set_timer(dhcp6);
}

/* An answer to a Solicit is one to the last Solicit if they are half a minute apart. */
static void a_late_solicit_is_the_one_that_is_answered(void **state)
{
    struct talk6 *talk = *state;
    struct leat_dhcp6 *dhcp6 = talk->dhcp6;
    const uint64_t now_ns = leat_now_ns(talk->world->stack);
    struct dhcp6_step step = {0};

    for (unsigned late = 0; late < 2; late++) {
        dhcp6_open_exchange(dhcp6, DHCP6_SOLICIT);
        dhcp6->asked_ns = 7;
        dhcp6->rexmt.rt_ns = 30 * second - 1 + late;
        dhcp6_snd_SOLICIT(dhcp6, &step);
        assert_true(dhcp6->asked_ns == (late ? now_ns : 7));
    }
    dhcp6_forget_times(dhcp6);
    dhcp6_set_timer(dhcp6);
    talk6_mark(talk);
}

/* Without a link-local address: 32 rounds of 50 ms, then of 100 ms, and so on, up to 6.4 s. */
static void the_wait_for_an_address_doubles_after_32_rounds(void **state)
{
    struct talk6 *talk = *state;
    struct leat_dhcp6 *dhcp6 = talk->dhcp6;

    dhcp6->tries = 0;
    for (unsigned round = 0; round < 300; round++) {
        const unsigned doubled = round < 224 ? round / 32 : 7;

        dhcp6_wait_on(dhcp6);
        assert_true(dhcp6->wait_ns == leat_now_ns(talk->world->stack) + (50 * ms << doubled));
        assert_true(leat_timer_is_set(&dhcp6->timer));
    }
    assert_int_equal(dhcp6->tries, UINT8_MAX);
    dhcp6_forget_times(dhcp6);
    dhcp6_set_timer(dhcp6);
    assert_false(leat_timer_is_set(&dhcp6->timer));
}

/* If several deadlines are due at once, the latest one of the lease goes first. */
static void the_last_deadline_goes_first(void **state)
{
    static const enum dhcp6_event events[] = {DHCP6_timeout_lease, DHCP6_timeout_T2,
                                              DHCP6_timeout_T1,    DHCP6_timeout_wait,
                                              DHCP6_timeout_rexmt, DHCP6_timeout_refresh};
    struct talk6 *talk = *state;
    struct leat_dhcp6 *dhcp6 = talk->dhcp6;
    uint64_t *const times[] = {&dhcp6->expires_ns, &dhcp6->t2_ns,    &dhcp6->t1_ns,
                               &dhcp6->wait_ns,    &dhcp6->rexmt_ns, &dhcp6->refresh_ns};
    enum dhcp6_event event;

    dhcp6->rexmt = (struct dhcp6_rexmt){.give_up_ns = LEAT_NEVER_NS};
    for (unsigned i = 0; i < 6; i++) {
        for (unsigned k = 0; k < 6; k++)
            *times[k] = k < i ? LEAT_NEVER_NS : leat_now_ns(talk->world->stack);
        assert_true(dhcp6_due(dhcp6, &event));
        assert_int_equal(event, events[i]);
        for (unsigned k = 0; k < 6; k++)
            *times[k] = k == i ? leat_now_ns(talk->world->stack) + 1 : LEAT_NEVER_NS;
        assert_false(dhcp6_due(dhcp6, &event));
    }
    dhcp6_forget_times(dhcp6);
}

/* The count of tries, or the duration, ends an exchange; offers end a Solicit's wait. */
static void an_exchange_is_given_up_at_its_limit(void **state)
{
    struct talk6 *talk = *state;
    struct leat_dhcp6 *dhcp6 = talk->dhcp6;
    enum dhcp6_event event;

    dhcp6_open_exchange(dhcp6, DHCP6_REQUEST);
    dhcp6->rexmt_ns = leat_now_ns(talk->world->stack);
    for (unsigned tries = 1; tries < 12; tries++) {
        dhcp6->tries = (uint8_t)tries;
        assert_true(dhcp6_due(dhcp6, &event));
        assert_int_equal(event, tries < 10 ? DHCP6_timeout_rexmt : DHCP6_timeout_give_up);
    }
    dhcp6->has_offer = true;
    assert_true(dhcp6_due(dhcp6, &event));
    assert_int_equal(event, DHCP6_timeout_give_up);
    dhcp6_open_exchange(dhcp6, DHCP6_SOLICIT);
    dhcp6->rexmt_ns = leat_now_ns(talk->world->stack);
    assert_true(dhcp6_due(dhcp6, &event));
    assert_int_equal(event, DHCP6_timeout_choose);
    dhcp6->has_offer = false;
    dhcp6->tries = UINT8_MAX;
    assert_true(dhcp6_due(dhcp6, &event));
    assert_int_equal(event, DHCP6_timeout_rexmt);
    dhcp6->rexmt.give_up_ns = leat_now_ns(talk->world->stack);
    assert_true(dhcp6_due(dhcp6, &event));
    assert_int_equal(event, DHCP6_timeout_give_up);
    dhcp6_forget_times(dhcp6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        talk6_test(each_exchange_has_its_times),
        talk6_test(a_rebind_of_a_kept_address_is_short),
        talk6_test(an_association_is_named_after_the_MAC),
        talk6_test(a_servers_limits_are_kept),
        talk6_test(no_wait_goes_beyond_the_end),
        talk6_test(the_start_waits_for_its_delay_at_most),
        talk6_test(a_late_solicit_is_the_one_that_is_answered),
        talk6_test(the_wait_for_an_address_doubles_after_32_rounds),
        talk6_test(the_last_deadline_goes_first),
        talk6_test(an_exchange_is_given_up_at_its_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
