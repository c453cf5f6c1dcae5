/* test_waits.c -- the times of DHCPv4's exchanges (RFC 2131 4.1, 4.4), one function each. */
#include "dhcp_talk.h"

enum {
    DRAWS = 2000
};

static uint64_t now(const struct talk *talk)
{
    return leat_now_ns(talk->world->stack);
}

/* Many results of a random choice. */
struct drawn {
    uint64_t least, most;
};

static void draw(struct drawn *drawn, uint64_t value)
{
    if (drawn->most == 0 || value < drawn->least)
        drawn->least = value;
    if (value > drawn->most)
        drawn->most = value;
}

/* They fill the range between the two, and leave it nowhere. */
static void assert_fills(const struct drawn *drawn, uint64_t from, uint64_t to)
{
    const uint64_t edge = (to - from) / 50;

    assert_true(drawn->least >= from && drawn->least <= from + edge);
    assert_true(drawn->most <= to && drawn->most >= to - edge);
}

/* 4.1: 2 s, doubled each time, up to 64 s; each is changed by up to a quarter. */
static void a_wait_for_an_answer_doubles_up_to_64_seconds(void **state)
{
    struct talk *talk = *state;

    for (unsigned tries = 0; tries < 10; tries++) {
        const uint64_t base_ns = (tries < 5 ? 2 * second << tries : 64 * second);
        struct drawn drawn = {0};

        for (unsigned i = 0; i < DRAWS; i++)
            draw(&drawn, dhcp_retry_ns(talk->dhcp, tries));
        assert_fills(&drawn, base_ns * 3 / 4, base_ns * 5 / 4);
    }
    talk->dhcp->config.retry_ns = 100 * second;
    assert_true(dhcp_retry_ns(talk->dhcp, 0) <= 80 * second);
}

/* After a long sleep several deadlines are due: the latest one of the lease goes first. */
static void the_last_deadline_goes_first(void **state)
{
    static const enum dhcp_event events[] = {DHCP_timeout_lease, DHCP_timeout_T2, DHCP_timeout_T1,
                                             DHCP_timeout_wait, DHCP_timeout_rexmt};
    struct talk *talk = *state;
    struct leat_dhcp *dhcp = talk->dhcp;
    uint64_t *const times[] = {&dhcp->expires_ns, &dhcp->t2_ns, &dhcp->t1_ns, &dhcp->wait_ns,
                               &dhcp->rexmt_ns};
    enum dhcp_event event;

    dhcp->tries = 3;
    dhcp->tries_max = 4;
    for (unsigned i = 0; i < 5; i++) {
        for (unsigned k = 0; k < 5; k++)
            *times[k] = k < i ? LEAT_NEVER_NS : now(talk);
        assert_true(dhcp_due(dhcp, &event));
        assert_int_equal(event, events[i]);
        for (unsigned k = 0; k < 5; k++)
            *times[k] = k == i ? now(talk) + 1 : LEAT_NEVER_NS;
        assert_false(dhcp_due(dhcp, &event));
        dhcp_set_timer(dhcp);
        assert_true(leat_timer_is_set(&dhcp->timer));
    }
    dhcp->rexmt_ns = now(talk);
    dhcp->tries = 4;
    assert_true(dhcp_due(dhcp, &event));
    assert_int_equal(event, DHCP_timeout_give_up);
    dhcp_forget_times(dhcp);
    assert_false(dhcp_due(dhcp, &event));
    dhcp_set_timer(dhcp);
    assert_false(leat_timer_is_set(&dhcp->timer));
}

/* Half of the time that is left, and a minute at least; no renewal comes after the end. */
static void a_renewal_waits_half_of_what_is_left(void **state)
{
    static const struct {
        uint64_t left_ms, wait_ms; /* 0: none */
    } table[] = {{600000, 300000}, {121000, 60500}, {120002, 60001}, {120000, 60000},
                 {100000, 60000},  {60001, 60000},  {60000, 0},      {59000, 0}};
    struct talk *talk = *state;
    struct leat_dhcp *dhcp = talk->dhcp;
    struct dhcp_step step = {0};

    dhcp->lease.ip = leat_ip_v4(IP_GRANTED);
    dhcp->lease.server = leat_ip_v4(IP_SERVER);
    for (unsigned i = 0; i < 2 * sizeof table / sizeof *table; i++) {
        const uint64_t end_ns = now(talk) + table[i / 2].left_ms * ms;
        const uint64_t wait_ns = table[i / 2].wait_ms * ms;

        dhcp_forget_times(dhcp);
        dhcp->server_want = IP_SERVER;
        dhcp->t2_ns = i % 2 ? 7 : end_ns;
        dhcp->expires_ns = i % 2 ? end_ns : 9;
        (i % 2 ? dhcp_snd_REQUEST_rebind : dhcp_snd_REQUEST_renew)(dhcp, &step);
        assert_true(dhcp->rexmt_ns == (wait_ns ? now(talk) + wait_ns : LEAT_NEVER_NS));
        assert_int_equal(dhcp->tries, 0);
        assert_int_equal(dhcp->tries_max, UINT8_MAX);
        assert_true(dhcp->t2_ns == (i % 2 ? LEAT_NEVER_NS : end_ns));
        assert_int_equal(dhcp->server_want, i % 2 ? IP4_ANY : IP_SERVER);
    }
    dhcp->t2_ns = now(talk) - 1; /* the end has passed */
    dhcp_snd_REQUEST_renew(dhcp, &step);
    assert_true(dhcp->rexmt_ns == LEAT_NEVER_NS);
    dhcp_forget_times(dhcp);
}

/* `secs` counts from the first renewal, whichever comes first. */
static void a_renewal_begins_with_its_first_request(void **state)
{
    struct talk *talk = *state;
    struct leat_dhcp *dhcp = talk->dhcp;
    struct dhcp_step step = {0};

    dhcp->lease.ip = leat_ip_v4(IP_GRANTED);
    dhcp->lease.server = leat_ip_v4(IP_SERVER);
    for (unsigned i = 0; i < 2; i++) {
        void (*const ask)(struct leat_dhcp * dhcp, struct dhcp_step * step) =
            i == 0 ? dhcp_snd_REQUEST_renew : dhcp_snd_REQUEST_rebind;
        uint32_t xid;

        dhcp->begun_ns = 0;
        dhcp->t1_ns = now(talk);
        ask(dhcp, &step);
        assert_true(dhcp->begun_ns == now(talk));
        assert_true(dhcp->t1_ns == LEAT_NEVER_NS);
        assert_true(dhcp->asked_ns == now(talk));
        assert_int_equal(dhcp->secs, 0);
        xid = dhcp->xid;
        world_wait(talk->world, 3 * second);
        ask(dhcp, &step);
        assert_true(dhcp->begun_ns == now(talk) - 3 * second);
        assert_true(dhcp->asked_ns == now(talk));
        assert_int_equal(dhcp->secs, 3);
        assert_int_not_equal(dhcp->xid, xid);
    }
    dhcp_forget_times(dhcp);
}

static void the_seconds_end_at_65535(void **state)
{
    static const uint32_t table[][2] = {{0, 0},         {1, 1},         {65534, 65534},
                                        {65535, 65535}, {65536, 65535}, {70000, 65535}};
    struct talk *talk = *state;
    struct dhcp_step step = {0};

    world_wait(talk->world, 70000 * second);
    for (unsigned i = 0; i < sizeof table / sizeof *table; i++) {
        talk->dhcp->begun_ns = now(talk) - table[i][0] * second;
        dhcp_snd_DISCOVER(talk->dhcp, &step);
        world_poll(talk->world);
        assert_int_equal(talk_heard(talk, 1)->secs, table[i][1]);
        talk->dhcp->begun_ns = now(talk) - (table[i][0] * second + second - 1);
        dhcp_snd_DISCOVER(talk->dhcp, &step);
        world_poll(talk->world);
        assert_int_equal(talk_heard(talk, 1)->secs, table[i][1]);
    }
    dhcp_forget_times(talk->dhcp);
}

/* RFC 2131 table 5: which messages have `secs`; 4.1: which ask for a broadcast. */
static void seconds_and_broadcasts_are_of_table_5(void **state)
{
    struct talk *talk = *state;
    struct leat_dhcp *dhcp = talk->dhcp;
    struct dhcp_step step = {0};
    const struct {
        dhcp_action *send;
        uint8_t type;
        bool has_secs, may_ask_all;
    } table[] = {{dhcp_snd_DISCOVER, 1, true, true},        {dhcp_snd_REQUEST, 3, true, true},
                 {dhcp_snd_REQUEST_reboot, 3, true, true},  {dhcp_snd_DECLINE, 4, false, false},
                 {dhcp_snd_REQUEST_rebind, 3, true, false}, {dhcp_snd_INFORM, 8, true, false}};

    assert_int_equal(
        leat_address_add(talk->world->stack, &talk->world->dev.netif, leat_ip_v4(IP_GRANTED), 24),
        LEAT_OK);
    world_wait(talk->world, 10 * second);
    for (unsigned i = 0; i < sizeof table / sizeof *table; i++) {
        for (uint8_t tries = 0; tries < 8; tries++) {
            const struct heard *heard;

            talk_mark(talk);
            dhcp_forget_times(dhcp);
            dhcp->tries = (uint8_t)(tries % 4);
            dhcp->config.broadcast = tries >= 4;
            dhcp->begun_ns = now(talk) - 5 * second;
            dhcp->server_want = dhcp->ip_want = IP4_ANY;
            dhcp->lease.ip = leat_ip_v4(table[i].may_ask_all ? IP4_ANY : IP_GRANTED);
            if (table[i].send == dhcp_snd_INFORM)
                dhcp->ip_want = IP_GRANTED;
            table[i].send(dhcp, &step);
            world_poll(talk->world);
            heard = talk_heard(talk, table[i].type);
            assert_int_equal(heard->secs, table[i].has_secs ? 5 : 0);
            assert_int_equal(heard->flags,
                             table[i].may_ask_all && (tries % 4 >= 2 || tries >= 4) ? 0x8000 : 0);
        }
    }
    dhcp->config.broadcast = false;
    dhcp_forget_times(dhcp);
}

/* The counter of tries stops, where there is no limit; else it ends the exchange. */
static void tries_are_counted_up_to_254(void **state)
{
    struct talk *talk = *state;
    struct leat_dhcp *dhcp = talk->dhcp;
    struct dhcp_step step = {0};

    for (unsigned i = 0; i < 300; i++) {
        dhcp_snd_DISCOVER(dhcp, &step);
        assert_int_equal(dhcp->tries, i < 254 ? i + 1 : 254);
        assert_int_equal(dhcp->tries_max, UINT8_MAX);
        world_poll(talk->world);
        talk_mark(talk);
    }
    dhcp->tries = 0;
    for (unsigned i = 0; i < 4; i++) {
        dhcp_snd_REQUEST(dhcp, &step);
        assert_int_equal(dhcp->tries, i + 1);
        assert_int_equal(dhcp->tries_max, 4);
        assert_true(dhcp->wait_ns == LEAT_NEVER_NS);
    }
    dhcp_forget_times(dhcp);
}

/* All tries of a REQUEST count from the first one, and a rapid DISCOVER from itself. */
static void the_lease_counts_from_its_request(void **state)
{
    struct talk *talk = *state;
    struct leat_dhcp *dhcp = talk->dhcp;
    struct dhcp_step step = {0};
    uint32_t xid;

    dhcp->tries = 0;
    dhcp->begun_ns = now(talk);
    dhcp_snd_REQUEST(dhcp, &step);
    assert_true(dhcp->asked_ns == now(talk));
    xid = dhcp->xid;
    world_wait(talk->world, second);
    dhcp_snd_REQUEST(dhcp, &step);
    assert_true(dhcp->asked_ns == now(talk) - second);
    assert_int_equal(dhcp->secs, 1);
    dhcp->server_want = IP_SERVER; /* the secs of the DISCOVER */
    world_wait(talk->world, second);
    dhcp_snd_REQUEST(dhcp, &step);
    assert_int_equal(dhcp->secs, 1);
    dhcp_snd_DISCOVER(dhcp, &step);
    assert_int_equal(dhcp->xid, xid);
    assert_true(dhcp->asked_ns == now(talk) - 2 * second);
    dhcp->config.rapid_commit = true;
    dhcp_snd_DISCOVER(dhcp, &step);
    assert_int_not_equal(dhcp->xid, xid);
    assert_true(dhcp->asked_ns == now(talk));
    dhcp_forget_times(dhcp);
}

/* 10 to 20 s after the first failure, doubled each time, five times at most. */
static void failures_make_the_client_wait(void **state)
{
    struct talk *talk = *state;
    struct leat_dhcp *dhcp = talk->dhcp;
    struct dhcp_step step = {0};

    world_wait(talk->world, second);
    for (unsigned failures = 0; failures < 9; failures++) {
        const uint64_t least_ns = 10 * second << (failures < 5 ? failures : 5);
        struct drawn drawn = {0};

        for (unsigned i = 0; i < DRAWS; i++) {
            const uint32_t xid = dhcp->xid;

            dhcp->failures = (uint8_t)failures;
            dhcp->tries = 3;
            dhcp->ip_want = IP_GRANTED;
            dhcp->server_want = IP_SERVER;
            dhcp->has_lease = true;
            dhcp->rexmt_ns = dhcp->t1_ns = dhcp->t2_ns = dhcp->expires_ns = dhcp->begun_ns = 0;
            dhcp_back_off(dhcp, &step);
            draw(&drawn, dhcp->wait_ns - now(talk));
            assert_int_equal(dhcp->failures, failures + 1);
            assert_int_equal(dhcp->tries, 0);
            assert_int_equal(dhcp->ip_want, IP4_ANY);
            assert_int_equal(dhcp->server_want, IP4_ANY);
            assert_false(dhcp->has_lease);
            assert_int_not_equal(dhcp->xid, xid);
            assert_true(dhcp->begun_ns == now(talk));
            assert_true(dhcp->rexmt_ns == LEAT_NEVER_NS && dhcp->t1_ns == LEAT_NEVER_NS);
            assert_true(dhcp->t2_ns == LEAT_NEVER_NS && dhcp->expires_ns == LEAT_NEVER_NS);
        }
        assert_fills(&drawn, least_ns, 2 * least_ns);
    }
    for (unsigned failures = 254; failures <= 255; failures++) {
        dhcp->failures = (uint8_t)failures;
        dhcp_back_off(dhcp, &step);
        assert_int_equal(dhcp->failures, 255);
    }
    dhcp_rest(dhcp, &step);
    assert_int_equal(dhcp->failures, 0);
    assert_true(dhcp->wait_ns == LEAT_NEVER_NS);
}

/* Only the first attempt has a random delay, and asks for the address of before. */
static void the_first_attempt_begins_at_random(void **state)
{
    struct talk *talk = *state;
    struct leat_dhcp *dhcp = talk->dhcp;
    struct dhcp_step step = {0};
    struct drawn drawn = {0};

    world_wait(talk->world, second);
    dhcp->config.start_delay_ns = 8 * second;
    for (unsigned i = 0; i < DRAWS; i++) {
        dhcp->ip_want = IP_GRANTED;
        dhcp_begin(dhcp, &step);
        draw(&drawn, dhcp->wait_ns - now(talk));
        assert_int_equal(dhcp->ip_want, IP_GRANTED);
        assert_true(dhcp->begun_ns == now(talk));
    }
    assert_fills(&drawn, 0, 8 * second);
    dhcp->state = DHCP_SELECTING;
    dhcp_begin(dhcp, &step);
    assert_true(dhcp->wait_ns == now(talk));
    assert_int_equal(dhcp->ip_want, IP4_ANY);
    dhcp->state = DHCP_FIRST_STATE;
    dhcp->config.start_delay_ns = 0;
    dhcp_begin(dhcp, &step);
    assert_true(dhcp->wait_ns == now(talk));
    dhcp->read.ipv6_only_s = 300;
    dhcp_wait_without_IPv4(dhcp, &step);
    assert_true(dhcp->wait_ns == now(talk) + 300 * second);
    dhcp_forget_times(dhcp);
}

/* T1 comes up to an eighth earlier than the server says; T2 and the end come when it says. */
static void a_lease_has_its_times(void **state)
{
    struct talk *talk = *state;
    struct leat_dhcp *dhcp = talk->dhcp;
    struct dhcp_step step = {0};
    struct drawn drawn = {0};

    dhcp->asked_ns = now(talk);
    dhcp->read = (struct leat_dhcp_lease){.ip = leat_ip_v4(IP_GRANTED),
                                          .server = leat_ip_v4(IP_SERVER),
                                          .lease_s = 2000,
                                          .renew_s = 1000,
                                          .rebind_s = 1750};
    dhcp->tries = 2;
    dhcp_take_lease(dhcp, &step);
    assert_true(dhcp->expires_ns == dhcp->asked_ns + 2000 * second);
    assert_int_equal(dhcp->tries, 0);
    assert_int_equal(dhcp->ip_want, IP_GRANTED);
    assert_int_equal(dhcp->server_want, IP_SERVER);
    for (unsigned i = 0; i < DRAWS; i++) {
        dhcp->failures = 3;
        dhcp_set_T1_T2(dhcp, &step);
        draw(&drawn, dhcp->t1_ns - dhcp->asked_ns);
        assert_true(dhcp->t2_ns == dhcp->asked_ns + 1750 * second);
        assert_int_equal(dhcp->failures, 0);
    }
    assert_fills(&drawn, 875 * second, 1000 * second);
    dhcp->read.lease_s = LEAT_DHCP_FOR_EVER;
    dhcp_take_lease(dhcp, &step);
    dhcp_set_T1_T2(dhcp, &step);
    assert_true(dhcp->expires_ns == LEAT_NEVER_NS && dhcp->t1_ns == LEAT_NEVER_NS);
    assert_true(dhcp->t2_ns == LEAT_NEVER_NS);
    dhcp_forget_times(dhcp);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        talk_test(a_wait_for_an_answer_doubles_up_to_64_seconds),
        talk_test(the_last_deadline_goes_first),
        talk_test(a_renewal_waits_half_of_what_is_left),
        talk_test(a_renewal_begins_with_its_first_request),
        talk_test(the_seconds_end_at_65535),
        talk_test(seconds_and_broadcasts_are_of_table_5),
        talk_test(tries_are_counted_up_to_254),
        talk_test(the_lease_counts_from_its_request),
        talk_test(failures_make_the_client_wait),
        talk_test(the_first_attempt_begins_at_random),
        talk_test(a_lease_has_its_times),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
