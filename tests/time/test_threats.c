/* test_threats.c -- row P12 of docs/security.md: attacks by time servers, or in their name. */
#include "sntp_talk.h"

/* Civil time isn't set by @ntp, and the client still waits for the right answer. */
static void assert_ignored(struct talk *talk, const struct ntp *ntp)
{
    const uint64_t before = leat_sntp_counts(talk->sntp)->drop_foreign;

    talk_answer(talk, 0, ntp);
    assert_int_equal(leat_sntp_counts(talk->sntp)->drop_foreign, before + 1);
    assert_int_equal(talk->news_count, 0);
    assert_int_equal(leat_civil_ns(talk->world->stack), 0);
}

static void test_threat_P12_answers_to_what_we_did_not_ask_are_ignored(void **state)
{
    struct talk *talk = *state;
    struct ntp ntp;

    talk_begin(talk, 1);
    ntp = ntp_answer(talk, 0, 0);
    for (unsigned bit = 0; bit < 64; bit++) {
        ntp.origin ^= UINT64_C(1) << bit;
        assert_ignored(talk, &ntp);
        ntp.origin ^= UINT64_C(1) << bit;
    }
    ntp.origin = 0;
    assert_ignored(talk, &ntp);
    talk_answer_right(talk, 0, 0);
    assert_int_equal(talk->news, LEAT_SNTP_SET);
    talk_mark(talk);
    leat_sntp_set_servers(talk->sntp, talk->config.servers, 1); /* another origin timestamp,
                                                                 * and port */
    talk_wait(talk, ms);
    ntp.origin = talk->asked[0].transmit ^ 1;
    talk_answer(talk, 0, &ntp);
    assert_int_equal(talk->news_count, 0);
}

static void test_threat_P12_what_is_no_answer_of_a_known_version_is_ignored(void **state)
{
    struct talk *talk = *state;
    struct ntp ntp;

    talk_begin(talk, 1);
    for (uint8_t mode = 0; mode < 8; mode++) {
        ntp = ntp_answer(talk, 0, 0);
        ntp.mode = mode;
        if (mode != 4)
            assert_ignored(talk, &ntp);
    }
    for (uint8_t version = 0; version < 8; version++) {
        ntp = ntp_answer(talk, 0, 0);
        ntp.version = version;
        if (version < 1 || version > 4)
            assert_ignored(talk, &ntp);
    }
    for (uint32_t bytes = 0; bytes < 48; bytes++) {
        ntp = ntp_answer(talk, 0, 0);
        ntp.bytes = bytes;
        assert_ignored(talk, &ntp);
    }
    ntp.bytes = 48 + 24; /* a MAC by an unknown key */
    talk_answer(talk, 0, &ntp);
    assert_int_equal(talk->news, LEAT_SNTP_SET);
}

/* chrony, ntpd-rs and rsntp accept them as well. */
static void answers_of_older_versions_are_taken(void **state)
{
    struct talk *talk = *state;

    talk_begin(talk, 1);
    for (uint8_t version = 1; version <= 4; version++) {
        struct ntp ntp;

        talk_mark(talk);
        leat_sntp_set_servers(talk->sntp, talk->config.servers, 1);
        talk_wait(talk, ms);
        ntp = ntp_answer(talk, 0, 0);
        ntp.version = version;
        talk_answer(talk, 0, &ntp);
        assert_int_equal(talk->news_count, 1);
        assert_int_equal(talk->news, LEAT_SNTP_SET);
    }
}

/* Extension fields (RFC 7822) are ignored, so a malformed one does no harm. */
static void bytes_behind_the_header_cost_nothing(void **state)
{
    struct talk *talk = *state;

    talk_begin(talk, 1);
    for (uint32_t more = 0; more < 40; more += 3) {
        struct ntp ntp;

        talk_mark(talk);
        leat_sntp_set_servers(talk->sntp, talk->config.servers, 1);
        talk_wait(talk, ms);
        ntp = ntp_answer(talk, 0, 0);
        ntp.bytes = 48 + more;
        talk_answer(talk, 0, &ntp);
        assert_int_equal(talk->news, LEAT_SNTP_SET);
    }
}

static void a_client_without_an_answer_knows_why(void **state)
{
    struct talk *talk = *state;
    const struct leat_refusal *refusal;
    struct ntp ntp;

    talk_begin(talk, 1);
    refusal = leat_sntp_refusal(talk->sntp);
    assert_null(refusal->why);
    ntp = ntp_answer(talk, 0, 0);
    ntp.version = 7;
    talk_answer(talk, 0, &ntp);
    assert_string_equal(refusal->why, "in another version than 1 to 4");
    assert_int_equal(refusal->count, 1);
    talk_answer_right(talk, 0, 0);
    assert_int_equal(talk->news, LEAT_SNTP_SET);
    assert_null(refusal->why);
}

/* The server has answered: the round ends without it. */
static void assert_refused(struct talk *talk, const struct ntp *ntp, const uint64_t *count)
{
    const uint64_t before = *count;

    talk_mark(talk);
    leat_sntp_stop(talk->sntp);
    leat_sntp_start(talk->sntp);
    talk_wait(talk, ms);
    {
        struct ntp again = *ntp;

        again.origin = talk->asked[0].transmit;
        talk_answer(talk, 0, &again);
    }
    assert_int_equal(*count, before + 1);
    assert_int_equal(talk->news, LEAT_SNTP_SILENCE);
    assert_int_equal(leat_civil_ns(talk->world->stack), 0);
}

static void test_threat_P12_servers_that_do_not_know_the_time_are_refused(void **state)
{
    struct talk *talk = *state;
    struct ntp right, ntp;
    const uint64_t *count;

    talk_begin(talk, 1);
    count = &leat_sntp_counts(talk->sntp)->drop_unsynchronized;
    right = ntp = ntp_answer(talk, 0, 0);
    ntp.leap = 3;
    assert_refused(talk, &ntp, count);
    for (unsigned stratum = 16; stratum < 256; stratum += 13) {
        ntp = right;
        ntp.stratum = (uint8_t)stratum;
        assert_refused(talk, &ntp, count);
    }
    ntp = right;
    ntp.stratum = 0; /* without a code of a kiss, as chrony says it */
    ntp.reference_id = 0;
    assert_refused(talk, &ntp, count);
    ntp = right;
    ntp.root_dispersion = 0x18000; /* 1.5 s */
    assert_refused(talk, &ntp, count);
    ntp = right;
    ntp.root_delay = 0xffffffff;
    assert_refused(talk, &ntp, count);
}

static void test_threat_P12_times_that_can_not_be_are_refused(void **state)
{
    struct talk *talk = *state;
    struct ntp right, ntp;
    const uint64_t *count;

    talk_begin(talk, 1);
    count = &leat_sntp_counts(talk->sntp)->drop_time;
    right = ntp = ntp_answer(talk, 0, 0);
    ntp.receive = 0;
    assert_refused(talk, &ntp, count);
    ntp = right;
    ntp.transmit = 0;
    assert_refused(talk, &ntp, count);
    ntp = right;
    ntp.transmit -= UINT64_C(1) << 32; /* transmitted before it was received */
    assert_refused(talk, &ntp, count);
    ntp = right;
    ntp.transmit += UINT64_C(1) << 32; /* held for longer than the exchange took */
    assert_refused(talk, &ntp, count);
}

static void test_threat_P12_a_jump_over_the_threshold_is_refused_and_told(void **state)
{
    static const int64_t ahead_s[] = {1001, -1001, 86400 * 365 * 20, -(int64_t)86400 * 365 * 20};
    struct talk *talk = *state;

    talk_begin(talk, 1);
    talk_answer_right(talk, 0, 0);
    for (unsigned i = 0; i < 4; i++) {
        talk_next(talk);
        talk_answer_right(talk, 0, ahead_s[i] * (int64_t)second);
        assert_int_equal(talk->news, LEAT_SNTP_PANIC);
        assert_in_range(talk->report.offset_ns - ahead_s[i] * (int64_t)second + 3000, 0, 6000);
        assert_in_range(talk_error_ns(talk) + 3000, 0, 6000);
        assert_int_equal(leat_sntp_counts(talk->sntp)->panics, i + 1);
    }
    talk_next(talk);
    talk_answer_right(talk, 0, 999 * (int64_t)second);
    assert_int_equal(talk->news, LEAT_SNTP_SET);
}

static void kiss(struct talk *talk, unsigned index, const char *code)
{
    struct ntp ntp = ntp_answer(talk, index, 0);

    ntp.stratum = 0;
    ntp.reference_id = frame_get32((const uint8_t *)code);
    talk_answer(talk, index, &ntp);
}

static void test_threat_P12_who_forbids_us_to_ask_is_not_asked(void **state)
{
    struct talk *talk = *state;

    talk_begin(talk, 2);
    kiss(talk, 0, "DENY");
    talk_answer_right(talk, 1, 0);
    assert_int_equal(talk->news, LEAT_SNTP_SET);
    for (unsigned i = 0; i < 5; i++) {
        talk_next(talk);
        assert_false(talk->asked[0].waits);
        assert_int_equal(talk->requests, 1);
        talk_answer_right(talk, 1, 0);
    }
    talk_next(talk);
    kiss(talk, 1, "RSTR");
    assert_int_equal(talk->news, LEAT_SNTP_REFUSED);
    talk_mark(talk);
    talk_wait(talk, 86400 * second);
    assert_int_equal(talk->requests, 0);
    leat_sntp_start(talk->sntp); /* overridden by the program */
    talk_wait(talk, ms);
    assert_int_equal(talk->requests, 2);
}

static void test_threat_P12_who_wants_to_be_asked_less_is(void **state)
{
    struct talk *talk = *state;
    uint64_t asked_ns, rest_ns = 2048 * second;

    talk_begin(talk, 1);
    for (unsigned i = 0; i < 6; i++) {
        asked_ns = talk->asked[0].at_ns;
        kiss(talk, 0, "RATE");
        talk_next(talk);
        assert_true(talk->asked[0].at_ns >= asked_ns + rest_ns);
        assert_true(talk->asked[0].at_ns <= asked_ns + rest_ns + 1030 * second);
        rest_ns *= 2;
    }
    assert_int_equal(leat_sntp_counts(talk->sntp)->kisses, 6);
}

/* A program that sets the servers of each DHCP lease doesn't circumvent that. */
static void test_threat_P12_who_was_kissed_obeys_when_servers_are_named_again(void **state)
{
    struct talk *talk = *state;

    talk_begin(talk, 3);
    kiss(talk, 0, "DENY");
    kiss(talk, 1, "RATE");
    talk_mark(talk);
    leat_sntp_set_servers(talk->sntp, talk->config.servers, 3);
    talk_wait(talk, 10 * ms);
    assert_int_equal(talk->requests, 1); /* of the third server */
    leat_sntp_start(talk->sntp);
    talk_mark(talk);
    talk_wait(talk, 10 * ms);
    assert_int_equal(talk->requests, 3);
}

static void test_threat_P12_a_kiss_that_we_did_not_ask_for_is_ignored(void **state)
{
    struct talk *talk = *state;
    struct ntp ntp;

    talk_begin(talk, 1);
    ntp = ntp_answer(talk, 0, 0);
    ntp.stratum = 0;
    ntp.reference_id = frame_get32((const uint8_t *)"DENY");
    ntp.origin++;
    assert_ignored(talk, &ntp);
    talk_answer_right(talk, 0, 0);
    assert_int_equal(talk->news, LEAT_SNTP_SET);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        talk_test(test_threat_P12_answers_to_what_we_did_not_ask_are_ignored),
        talk_test(test_threat_P12_what_is_no_answer_of_a_known_version_is_ignored),
        talk_test(test_threat_P12_servers_that_do_not_know_the_time_are_refused),
        talk_test(test_threat_P12_times_that_can_not_be_are_refused),
        talk_test(test_threat_P12_a_jump_over_the_threshold_is_refused_and_told),
        talk_test(test_threat_P12_who_forbids_us_to_ask_is_not_asked),
        talk_test(test_threat_P12_who_wants_to_be_asked_less_is),
        talk_test(test_threat_P12_who_was_kissed_obeys_when_servers_are_named_again),
        talk_test(test_threat_P12_a_kiss_that_we_did_not_ask_for_is_ignored),
        talk_test(answers_of_older_versions_are_taken),
        talk_test(bytes_behind_the_header_cost_nothing),
        talk_test(a_client_without_an_answer_knows_why),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
