/* test_connect.c -- addresses are tried in turn, in virtual time (RFC 8305). */
#include "connect_talk.h"

#include "proto/connect/connect.h"
#include "family.h"

static const char zone[] = "$ORIGIN example.test.\n"
                           "$TTL 60\n"
                           "@ SOA ns h 1 2 3 4 5\n"
                           " NS ns\n"
                           "ns A 10.0.0.1\n"
                           "one A 10.0.0.1\n"
                           "both AAAA 2001:db8::1\n"
                           " A 10.0.0.1\n"
                           "two A 10.0.0.1\n"
                           " A 10.0.0.3\n"
                           "silent A 10.0.0.99\n"
                           "slow A 10.0.0.99\n"
                           " A 10.0.0.3\n"
                           "text TXT x\n";

static void name_of_one_address_is_connected(void **state)
{
    struct talk *talk = *state;

    talk_serve(talk, zone);
    assert_int_equal(talk_connect(talk, "one.example.test", OPEN_PORT), LEAT_OK);
    assert_string_equal(talk_text(talk), "one.example.test: 10.0.0.1 success");
    assert_true(talk_took_ns(talk) < 10 * ms);
    assert_int_equal(talk->f->counts->udp_queries, 2); /* A and AAAA */
}

static void address_of_a_family_that_there_is_not_costs_no_time(void **state)
{
    struct talk *talk = *state;

    talk_serve(talk, zone);
    assert_int_equal(talk_connect(talk, "both.example.test", OPEN_PORT), LEAT_OK);
    assert_int_equal(talk->connecting.try_count, 2);
    assert_int_equal(talk->connecting.tries[0].err, LEAT_ERR_FAMILY);
    assert_int_equal(talk->connecting.tries[1].err, LEAT_OK);
    assert_true(talk_took_ns(talk) < 10 * ms);
}

static void no_ipv6_asks_for_IPv4_alone(void **state)
{
    struct talk *talk = *state;

    talk_serve(talk, zone);
    talk->config.no_ipv6 = true;
    assert_int_equal(talk_connect(talk, "both.example.test", OPEN_PORT), LEAT_OK);
    assert_int_equal(talk->connecting.try_count, 1);
    assert_int_equal(talk->f->counts->udp_queries, 1);
    assert_int_equal(talk_begin(talk, "2001:db8::1", OPEN_PORT), LEAT_ERR_FAMILY);
}

static void silent_address_has_250_ms_for_itself(void **state)
{
    struct talk *talk = *state;

    talk->config.hosts = "10.0.0.99 slow.example.test\n10.0.0.3 slow.example.test";
    assert_int_equal(talk_connect(talk, "slow.example.test", OPEN_PORT), LEAT_OK);
    assert_int_equal(talk->connecting.tries[0].state, LEAT_CONNECT_UNDER_WAY);
    assert_true(leat_ip_equal(talk->connecting.tries[1].remote.ip, SERVER2_IP));
    assert_in_range(talk_took_ns(talk), 250 * ms, 260 * ms);
    talk->config.attempt_delay_ns = 100 * ms;
    assert_int_equal(talk_connect(talk, "slow.example.test", OPEN_PORT), LEAT_OK);
    assert_in_range(talk_took_ns(talk), 100 * ms, 110 * ms);
}

static void next_try_begins_when_one_has_failed(void **state)
{
    struct talk *talk = *state;

    talk_serve(talk, zone);
    assert_int_equal(talk_connect(talk, "two.example.test", SHUT_PORT), LEAT_ERR_REFUSED);
    assert_string_equal(
        talk_text(talk),
        "two.example.test: 10.0.0.1 connection refused (RST); 10.0.0.3 connection refused (RST)");
    assert_true(talk_took_ns(talk) < 20 * ms);
}

static void the_first_that_opens_wins_and_others_are_reset(void **state)
{
    const struct leat_link_faults far = {.delay_ns = 150 * ms};
    struct talk *talk = *state;

    talk_serve(talk, zone);
    leat_link_set_faults(talk->f->world->link, 0, &far);
    leat_link_set_faults(talk->f->world->link, 1, &far);
    assert_int_equal(talk_connect(talk, "two.example.test", OPEN_PORT), LEAT_OK);
    assert_int_equal(talk->connecting.tries[0].err, LEAT_OK);
    assert_int_equal(talk->connecting.tries[1].state, LEAT_CONNECT_UNDER_WAY);
    assert_null(talk->connecting.tries[1].conn);
    world_wait(talk->f->world, 10 * second);
    assert_int_equal(talk->calls, 1);
}

static void deadline_ends_it(void **state)
{
    struct talk *talk = *state;
    const uint64_t now_ns = talk->f->world->now_ns;

    talk_serve(talk, zone);
    assert_int_equal(talk_begin(talk, "silent.example.test", OPEN_PORT), LEAT_OK);
    leat_connect_cancel(&talk->connecting);
    assert_int_equal(leat_connect(talk->client, &talk->connecting, &talk->config,
                                  "silent.example.test", OPEN_PORT, now_ns + second),
                     LEAT_OK);
    assert_true(world_run(talk->f->world, &talk->done, 61 * second));
    assert_int_equal(talk->err, LEAT_ERR_TIMEOUT);
    assert_in_range(talk->done_ns - now_ns, second, second + ms);
    assert_string_equal(talk_text(talk), "silent.example.test: 10.0.0.99 timed out");
}

/* At the deadline all pending attempts have timed out. */
static void a_deadline_ends_each_try(void **state)
{
    struct talk *talk = *state;

    talk->config.hosts = "10.0.0.98 two.test\n10.0.0.99 two.test\n";
    assert_int_equal(talk_begin(talk, "two.test", OPEN_PORT), LEAT_OK);
    leat_connect_cancel(&talk->connecting);
    assert_int_equal(leat_connect(talk->client, &talk->connecting, &talk->config, "two.test",
                                  OPEN_PORT, talk->f->world->now_ns + second),
                     LEAT_OK);
    assert_true(world_run(talk->f->world, &talk->done, 61 * second));
    assert_string_equal(talk_text(talk), "two.test: 10.0.0.98 timed out; 10.0.0.99 timed out");
}

/* A host that isn't there: ARP is given up after three seconds. */
static void the_hop_that_does_not_answer_is_told(void **state)
{
    struct talk *talk = *state;

    assert_int_equal(talk_connect(talk, "10.0.0.99", OPEN_PORT), LEAT_ERR_TIMEOUT);
    assert_string_equal(talk_text(talk),
                        "10.0.0.99: 10.0.0.99 timed out (no answer from 10.0.0.99 to ARP)");
}

static void the_reply_that_was_not_taken_is_told(void **state)
{
    struct talk *talk = *state;

    talk_serve(talk, zone);
    assert_int_equal(talk_connect(talk, "host.elsewhere", OPEN_PORT), LEAT_ERR_SERVERS);
    assert_string_equal(talk_text(talk),
                        "host.elsewhere: no address: name servers can't answer (10.0.0.1 answered, "
                        "but with REFUSED: it doesn't serve us)");
    /* and not in the next attempt */
    assert_int_equal(talk_connect(talk, "text.example.test", OPEN_PORT), LEAT_ERR_NOT_FOUND);
    assert_string_equal(talk_text(talk), "text.example.test: no address: not found");
}

/* Its lookups are cancelled; their results are dropped. */
static void a_cancelled_lookup_has_no_callback(void **state)
{
    struct talk *talk = *state;

    with_liar(talk->f, NULL);
    open_plain_resolver(talk->f, 1);
    talk->config.resolver = talk->f->resolver;
    assert_int_equal(talk_begin(talk, "www.example.test", OPEN_PORT), LEAT_OK);
    world_wait(talk->f->world, 10 * ms);
    assert_int_equal(talk->f->liar.count, 2);
    leat_connect_cancel(&talk->connecting);
    world_wait(talk->f->world, 100 * second);
    assert_int_equal(talk->calls, 0);
    assert_int_equal(talk->f->liar.count, 2); /* no question is repeated either */
}

static void answer_A_alone(struct liar *liar)
{
    const uint8_t *name = liar->query.bytes + DNS_HEADER_BYTES;

    if (get16(name + strlen((const char *)name) + 1) == LEAT_DNS_A)
        say(liar, make_reply(liar, LEAT_DNS_NOERROR, 1));
}

static void IPv4_waits_50_ms_for_IPv6(void **state)
{
    struct talk *talk = *state;

    with_liar(talk->f, answer_A_alone);
    open_plain_resolver(talk->f, 1);
    talk->config.resolver = talk->f->resolver;
    assert_int_equal(talk_begin(talk, "www.example.test", OPEN_PORT), LEAT_OK);
    world_wait(talk->f->world, 49 * ms);
    assert_int_equal(talk->connecting.try_count, 1);
    assert_int_equal(talk->connecting.tries[0].state, LEAT_CONNECT_WAITS);
    world_wait(talk->f->world, 3 * ms); /* there is no route to 192.0.2.1 */
    assert_int_equal(talk->connecting.tries[0].state, LEAT_CONNECT_OVER);
    assert_int_equal(talk->connecting.tries[0].err, LEAT_ERR_NO_ROUTE);
}

static void it_can_be_told_while_it_goes_on(void **state)
{
    struct talk *talk = *state;

    talk->config.hosts = "10.0.0.98 two.test\n10.0.0.99 two.test\n";
    assert_int_equal(talk_begin(talk, "two.test", OPEN_PORT), LEAT_OK);
    world_wait(talk->f->world, ms);
    assert_string_equal(talk_text(talk), "two.test: 10.0.0.98 no answer yet; 10.0.0.99 not tried");
    world_wait(talk->f->world, 300 * ms);
    assert_string_equal(talk_text(talk),
                        "two.test: 10.0.0.98 no answer yet; 10.0.0.99 no answer yet");
    leat_connect_cancel(&talk->connecting);
}

static void a_cancelled_attempt_has_no_callback(void **state)
{
    struct talk *talk = *state;

    talk_serve(talk, zone);
    for (uint64_t wait_ns = 0; wait_ns < 600 * ms; wait_ns += 60 * ms) {
        assert_int_equal(talk_begin(talk, "slow.example.test", SHUT_PORT), LEAT_OK);
        world_wait(talk->f->world, wait_ns / 20);
        leat_connect_cancel(&talk->connecting);
        world_wait(talk->f->world, 2 * second);
        assert_int_equal(talk->calls <= 1, 1);
        assert_true(talk->calls == 0 || wait_ns / 20 > 0);
    }
    assert_false(talk->connecting.runs);
    leat_connect_cancel(&talk->connecting); /* a second cancel does nothing */
}

static void assert_next(struct talk *talk, const char *expected)
{
    struct leat_connect_try *next = connect_next(&talk->connecting);
    char text[LEAT_IP_TEXT_BYTES];

    assert_non_null(next);
    leat_ip_format(next->remote.ip, text);
    assert_string_equal(text, expected);
    next->state = LEAT_CONNECT_UNDER_WAY;
    talk->connecting.last_was_ipv6 = !leat_ip_is_v4(next->remote.ip);
}

static void add(struct talk *talk, const char *text)
{
    struct leat_ip ip;

    assert_true(leat_ip_parse(text, &ip));
    connect_add(&talk->connecting, ip);
}

/* There is no route to any of them: then precedence and scope decide. */
static void families_go_by_turns_in_the_order_of_RFC_6724(void **state)
{
    struct talk *talk = *state;

    talk->connecting.config = &talk->config;
    talk->connecting.stack = talk->f->world->stacks[CLIENT];
    add(talk, "::7");
    add(talk, "169.254.1.1");
    add(talk, "192.0.2.1");
    add(talk, "192.0.2.2");
    add(talk, "fd00::1");
    add(talk, "2002::1");
    add(talk, "2001:db8::1");
    add(talk, "2001:db8::1"); /* added once */
    add(talk, "2001:db8::2");
    add(talk, "2001:db8::3"); /* more than there is room for */
    assert_int_equal(talk->connecting.try_count, LEAT_CONNECT_TRIES_MAX);
    /* among IPv4 addresses a link-local one has the smaller scope */
    assert_next(talk, "2001:db8::1");
    assert_next(talk, "169.254.1.1");
    assert_next(talk, "2001:db8::2");
    assert_next(talk, "192.0.2.1");
    assert_next(talk, "2002::1");
    assert_next(talk, "192.0.2.2");
    assert_next(talk, "fd00::1");
    assert_next(talk, "::7");
    assert_null(connect_next(&talk->connecting));
}

static void IPv4_goes_first_where_RFC_6724_prefers_it(void **state)
{
    struct talk *talk = *state;

    talk->connecting.config = &talk->config;
    talk->connecting.stack = talk->f->world->stacks[CLIENT];
    add(talk, "2001::1"); /* Teredo */
    add(talk, "3ffe::1");
    add(talk, "fec0::1");
    add(talk, "192.0.2.1");
    assert_next(talk, "192.0.2.1");
    assert_next(talk, "2001::1");
    assert_next(talk, "fec0::1");
    assert_next(talk, "3ffe::1");
}

/* RFC 6724 2.1, 10.3 */
static void the_programs_table_decides_the_order(void **state)
{
    static const struct leat_ipv6_policy policies[] = {
        {{{[10] = 0xff, [11] = 0xff}}, 96, 100, 4}, /* IPv4 */
        {{{0xfd}}, 8, 50, 13},
    };
    struct talk *talk = *state;

    talk->connecting.config = &talk->config;
    talk->connecting.stack = talk->f->world->stacks[CLIENT];
    talk->connecting.stack->policies = policies;
    talk->connecting.stack->policy_count = 2;
    add(talk, "2001:db8::1");
    add(talk, "fd00::1");
    add(talk, "192.0.2.1");
    assert_next(talk, "192.0.2.1");
    assert_next(talk, "fd00::1");
    assert_next(talk, "2001:db8::1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        talk_test(name_of_one_address_is_connected),
        talk_test(address_of_a_family_that_there_is_not_costs_no_time),
        talk_test(no_ipv6_asks_for_IPv4_alone),
        talk_test(silent_address_has_250_ms_for_itself),
        talk_test(next_try_begins_when_one_has_failed),
        talk_test(the_hop_that_does_not_answer_is_told),
        talk_test(the_reply_that_was_not_taken_is_told),
        talk_test(the_first_that_opens_wins_and_others_are_reset),
        talk_test(deadline_ends_it),
        talk_test(IPv4_waits_50_ms_for_IPv6),
        talk_test(it_can_be_told_while_it_goes_on),
        talk_test(a_cancelled_attempt_has_no_callback),
        talk_test(a_deadline_ends_each_try),
        talk_test(a_cancelled_lookup_has_no_callback),
        talk_test(families_go_by_turns_in_the_order_of_RFC_6724),
        talk_test(IPv4_goes_first_where_RFC_6724_prefers_it),
        talk_test(the_programs_table_decides_the_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
