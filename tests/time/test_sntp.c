/* test_sntp.c -- the NTP client in virtual time: its requests, and the choice of an answer. */
#include "frames6.h"
#include "sntp_talk.h"

/* A request may wait for neighbour resolution, and a timer may be 1,024 ns late. */
#define assert_about(ns, expected) assert_in_range((ns) - (expected) + 3000, 0, 6000)

static void first_answer_sets_civil_time(void **state)
{
    struct talk *talk = *state;

    talk_begin(talk, 1);
    assert_int_equal(talk->requests, 1);
    assert_int_equal(leat_civil_ns(talk->world->stack), 0);
    talk_answer_right(talk, 0, 0);
    assert_int_equal(talk->news_count, 1);
    assert_int_equal(talk->news, LEAT_SNTP_SET);
    assert_int_equal(talk->report.offset_ns, 0);
    assert_int_equal(talk->report.answers, 1);
    assert_int_equal(talk->report.stratum, 2);
    assert_about(talk_error_ns(talk), 0);
    assert_int_equal(leat_sntp_counts(talk->sntp)->answers, 1);
}

static void half_of_the_way_there_and_back_is_added(void **state)
{
    struct talk *talk = *state;
    struct ntp ntp;

    talk_begin(talk, 1);
    talk_wait(talk, 100 * ms);
    ntp = ntp_answer(talk, 0, 0);
    talk_answer(talk, 0, &ntp);
    assert_about(talk_error_ns(talk), 0);
    assert_about((int64_t)talk->report.error_ns, 101 * (int64_t)ms / 2 + 976562 / 2 + 976562);
}

static void time_that_the_server_held_it_is_no_way(void **state)
{
    struct talk *talk = *state;
    struct ntp ntp;

    talk_begin(talk, 1);
    talk_wait(talk, 100 * ms);
    ntp = ntp_answer(talk, 0, 0);
    ntp.receive = ntp_timestamp(talk_truth_ns(talk) - 91 * ms);
    ntp.transmit = ntp_timestamp(talk_truth_ns(talk) - 10 * ms);
    talk_answer(talk, 0, &ntp);
    assert_about(talk_error_ns(talk), 0);
    assert_about((int64_t)talk->report.error_ns, 10 * (int64_t)ms + 976562 / 2 + 976562);
}

static void the_median_of_three_is_believed(void **state)
{
    static const int64_t ahead_s[][3] = {{0, 1, -86400 * 4000}, {-5, 0, 86400 * 4000}, {7, -7, 0}};
    struct talk *talk = *state;

    talk_begin(talk, 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(talk->requests, 3);
        for (unsigned server = 0; server < 3; server++)
            talk_answer_right(talk, server, ahead_s[i][server] * (int64_t)second);
        assert_int_equal(talk->report.answers, 3);
        assert_about(talk_error_ns(talk), 0);
        talk_next(talk);
    }
}

static void the_surer_one_of_two_is_believed(void **state)
{
    struct talk *talk = *state;
    struct ntp ntp;

    talk_begin(talk, 2);
    ntp = ntp_answer(talk, 0, (int64_t)second);
    ntp.root_dispersion = 1 << 14; /* 250 ms */
    talk_answer(talk, 0, &ntp);
    talk_answer_right(talk, 1, 0);
    assert_int_equal(talk->report.answers, 2);
    assert_about(talk_error_ns(talk), 0);
    assert_true(leat_ip_equal(talk->report.server.ip, talk->config.servers[1].ip));
}

static void a_silent_server_is_waited_for_no_longer_than_two_seconds(void **state)
{
    struct talk *talk = *state;

    talk_begin(talk, 2);
    talk_answer_right(talk, 1, 0);
    talk_wait(talk, 1999 * ms);
    assert_int_equal(talk->news_count, 0);
    talk_wait(talk, 2 * ms);
    assert_int_equal(talk->news, LEAT_SNTP_SET);
    assert_int_equal(talk->report.answers, 1);
    assert_about(talk_error_ns(talk), 0);
}

static void silence_is_told_and_asked_into_ever_more_seldom(void **state)
{
    struct talk *talk = *state;
    uint64_t rest_ns = 2 * second;

    talk_begin(talk, 1);
    for (unsigned i = 0; i < 20; i++) {
        const uint64_t before_ns = talk->asked[0].at_ns;
        uint64_t gap_ns;

        talk_next(talk);
        assert_int_equal(talk->news_count, 1);
        assert_int_equal(talk->news, LEAT_SNTP_SILENCE);
        assert_int_equal(talk->report.answers, 0);
        gap_ns = talk->asked[0].at_ns - before_ns;
        assert_in_range(gap_ns, 2 * second + rest_ns - rest_ns / 8, 2 * second + rest_ns + ms);
        rest_ns = rest_ns < 512 * second ? 2 * rest_ns : 1024 * second;
    }
    assert_int_equal(leat_civil_ns(talk->world->stack), 0);
}

static void drift_is_corrected_every_poll(void **state)
{
    struct talk *talk = *state;

    talk_begin(talk, 1);
    talk_answer_right(talk, 0, 0);
    for (int i = 1; i < 50; i++) {
        talk_next(talk);
        talk_answer_right(talk, 0, i * (int64_t)ms);
        assert_int_equal(talk->news, LEAT_SNTP_SET);
        assert_about(talk->report.offset_ns, (int64_t)ms);
        assert_about(talk_error_ns(talk), i * (int64_t)ms);
    }
}

static void each_request_has_a_number_and_a_port_of_its_own(void **state)
{
    struct talk *talk = *state;
    uint64_t numbers[40];
    unsigned same_ports = 0;
    uint16_t port = 0;

    talk_begin(talk, 1);
    for (unsigned i = 0; i < 40; i++) {
        numbers[i] = talk->asked[0].transmit;
        for (unsigned other = 0; other < i; other++)
            assert_true(numbers[i] != numbers[other]);
        same_ports += talk->asked[0].port == port;
        port = talk->asked[0].port;
        talk_answer_right(talk, 0, 0);
        talk_next(talk);
    }
    assert_true(same_ports < 3);
}

static void servers_may_be_named_later_and_changed(void **state)
{
    struct talk *talk = *state;
    const struct leat_endpoint other = talk_server(3);

    talk_begin(talk, 0);
    talk_wait(talk, 5000 * second);
    assert_int_equal(talk->requests, 0);
    assert_int_equal(talk->news_count, 0);
    leat_sntp_set_servers(talk->sntp, talk->config.servers, 1);
    talk_wait(talk, ms);
    assert_true(talk->asked[0].waits);
    leat_sntp_set_servers(talk->sntp, &other, 1);
    talk_wait(talk, ms);
    talk_answer_right(talk, 3, 0);
    assert_about(talk_error_ns(talk), 0);
    talk_mark(talk);
    leat_sntp_set_servers(talk->sntp, NULL, 0);
    talk_wait(talk, 5000 * second);
    assert_int_equal(talk->requests, 0);
}

static void a_resting_client_asks_no_server(void **state)
{
    struct talk *talk = *state;

    talk_begin(talk, 2);
    leat_sntp_stop(talk->sntp);
    talk_mark(talk);
    talk_wait(talk, 5000 * second);
    leat_sntp_set_servers(talk->sntp, talk->config.servers, 2);
    talk_wait(talk, 5000 * second);
    assert_int_equal(talk->requests, 0);
    assert_int_equal(talk->news_count, 0);
    leat_sntp_start(talk->sntp);
    talk_wait(talk, ms);
    assert_int_equal(talk->requests, 2);
}

/* RFC 4330 10 */
static void no_server_is_asked_twice_in_15_seconds(void **state)
{
    struct talk *talk = *state;

    talk->config.poll_ns = 16 * second;
    talk_begin(talk, 1);
    for (unsigned i = 0; i < 50; i++) {
        const uint64_t asked_ns = talk->asked[0].at_ns;

        talk_answer_right(talk, 0, 0);
        talk_next(talk);
        assert_in_range(talk->asked[0].at_ns - asked_ns, 15 * second, 17 * second);
    }
}

/* Also while answers are pending: their sockets are closed. */
static void a_client_that_restarts_again_and_again_holds_one_socket_a_server(void **state)
{
    struct talk *talk = *state;

    talk_begin(talk, 2);
    for (unsigned i = 0; i < 100; i++) {
        leat_sntp_start(talk->sntp);
        talk_wait(talk, ms);
    }
    assert_int_equal(talk->requests, 202);
    talk_answer_right(talk, 0, 0);
    talk_answer_right(talk, 1, 0);
    assert_int_equal(talk->report.answers, 2);
}

static void clock_of_the_host_is_corrected_by_any_size(void **state)
{
    struct talk *talk = *state;

    leat_civil_set(talk->world->stack, talk_truth_ns(talk) - 86400 * 3650 * second);
    talk_begin(talk, 1);
    talk_answer_right(talk, 0, 0);
    assert_int_equal(talk->news, LEAT_SNTP_SET);
    assert_about(talk->report.offset_ns, 86400 * 3650 * (int64_t)second);
    assert_about(talk_error_ns(talk), 0);
}

static void clock_of_the_host_may_be_trusted_instead(void **state)
{
    struct talk *talk = *state;

    leat_civil_set(talk->world->stack, talk_truth_ns(talk) - 1001 * second);
    talk->config.trust_start = true;
    talk_begin(talk, 1);
    talk_answer_right(talk, 0, 0);
    assert_int_equal(talk->news, LEAT_SNTP_PANIC);
    assert_about(talk_error_ns(talk), -1001 * (int64_t)second);
}

static void years_after_2036_are_read(void **state)
{
    struct talk *talk = *state;
    struct ntp ntp;
    const struct leat_civil_date date = {.year = 2040, .month = 2, .day = 29};
    const uint64_t then_ns = leat_civil_of_date(&date);

    talk_begin(talk, 1);
    ntp = ntp_answer(talk, 0, 0);
    ntp.receive = ntp.transmit = ntp_timestamp(then_ns);
    talk_answer(talk, 0, &ntp);
    assert_about((int64_t)(leat_civil_ns(talk->world->stack) - then_ns), (int64_t)ms / 2);
}

/* RFC 4007 6: the server in that zone and no other; there is only one netif here. */
static void a_link_local_server_is_asked_in_its_zone(void **state)
{
    struct world *world = world6_create();
    struct leat_sntp_config config = {.server_count = 1};
    struct leat_sntp *sntp;
    void *end = world;

    (void)state;
    world->more_bytes = leat_sntp_memory_bytes();
    world_init(world);
    world6_settle(world);
    config.servers[0] = leat_endpoint_of(IP6_PEER_LINK, 0);
    config.servers[0].zone = 2;
    assert_int_equal(leat_sntp_open(world->stack, &sntp, &config), LEAT_OK);
    leat_sntp_start(sntp);
    world_wait(world, second);
    assert_int_equal(leat_sntp_counts(sntp)->requests, 0);
    config.servers[0].zone = 1;
    leat_sntp_set_servers(sntp, config.servers, 1);
    world_wait(world, second);
    assert_int_equal(leat_sntp_counts(sntp)->requests, 1);
    leat_sntp_stop(sntp);
    world_teardown(&end);
}

static void wrong_settings_are_refused(void **state)
{
    struct talk *talk = *state;
    const struct leat_sntp_config wrong[] = {{.poll_ns = 15 * second},
                                             {.timeout_ns = 17 * second},
                                             {.server_count = LEAT_SNTP_SERVERS_MAX + 1}};

    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(leat_sntp_open(talk->world->stack, &talk->sntp, &wrong[i]),
                         LEAT_ERR_ARGUMENT);
    talk_begin(talk, 1);
    assert_int_equal(leat_sntp_open(talk->world->stack, &talk->sntp, &talk->config),
                     LEAT_ERR_MEMORY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        talk_test(first_answer_sets_civil_time),
        talk_test(half_of_the_way_there_and_back_is_added),
        talk_test(time_that_the_server_held_it_is_no_way),
        talk_test(the_median_of_three_is_believed),
        talk_test(the_surer_one_of_two_is_believed),
        talk_test(a_silent_server_is_waited_for_no_longer_than_two_seconds),
        talk_test(silence_is_told_and_asked_into_ever_more_seldom),
        talk_test(drift_is_corrected_every_poll),
        talk_test(each_request_has_a_number_and_a_port_of_its_own),
        talk_test(servers_may_be_named_later_and_changed),
        talk_test(a_resting_client_asks_no_server),
        talk_test(no_server_is_asked_twice_in_15_seconds),
        talk_test(a_client_that_restarts_again_and_again_holds_one_socket_a_server),
        talk_test(clock_of_the_host_is_corrected_by_any_size),
        talk_test(clock_of_the_host_may_be_trusted_instead),
        talk_test(years_after_2036_are_read),
        cmocka_unit_test(a_link_local_server_is_asked_in_its_zone),
        talk_test(wrong_settings_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
