/* test_flow.c -- the client of ACME and a model of an authority (authority.h), in virtual time. */
#include "authority.h"

static void test_a_certificate_is_obtained_and_kept(void **state)
{
    (void)state;
    open_acme(3);
    run_acme(60);
    assert_int_equal(ca.taken, 1);
    assert_non_null(strstr(ca.line, "one.test: a new certificate, valid for 2160 h"));
    assert_non_null(ca.accounts);
    assert_non_null(ca.certificates);
    assert_int_equal(ca.orders, 1);
    assert_int_equal(asked("/challenge/"), 3);
    assert_int_equal(asked("/nonce"), 1); /* all others come with replies */
    assert_string_equal(ca.acme->proof.text, "");
    const struct leat_acme_info info = info_of_acme();

    assert_int_equal(info.certificates, 1);
    assert_false(info.busy);
    assert_string_equal(info.why, "");
    assert_in_range(info.ends_s, CIVIL_S + 90 * DAY_S, CIVIL_S + 90 * DAY_S + 60);
    assert_in_range(info.next_s, CIVIL_S + 60 * DAY_S, CIVIL_S + 60 * DAY_S + 60);
}

static void test_what_is_kept_is_used_by_the_next_run(void **state)
{
    (void)state;
    open_acme(2);
    run_acme(60);
    close_acme();
    open_acme(2);
    run_acme(10);
    assert_int_equal(ca.taken, 2);
    assert_int_equal(ca.orders, 1);
    assert_non_null(strstr(ca.line, "the kept certificate is used"));
    close_acme();
    open_acme(3); /* it isn't for the third name */
    run_acme(60);
    assert_int_equal(ca.taken, 3);
    assert_int_equal(ca.orders, 2);
    assert_int_equal(info_of_acme().certificates, 1);
}

static void test_it_is_renewed_at_two_thirds_of_its_lifetime(void **state)
{
    (void)state;
    ca.lifetime_s = 3 * DAY_S;
    open_acme(1);
    run_acme(60);
    world_wait(ca.f->world, (2 * DAY_S - 3600) * second);
    assert_int_equal(ca.orders, 1);
    run_acme(2 * 3600);
    assert_int_equal(ca.orders, 2);
    assert_int_equal(ca.taken, 2);
    assert_false(ca.replaced);
    assert_int_equal(asked("/account"), 2); /* of the same key */
}

static void test_an_authority_suggests_the_time(void **state)
{
    (void)state;
    ca.window = "{\"suggestedWindow\":{\"start\":\"2026-11-20T01:02:03.5Z\",\"end\":\"2026-11-"
                "20T02:02:03+01:00\"}}";
    open_acme(1);
    run_acme(60);
    assert_int_equal(asked("/renewal/YXV0aG9yaXR5.EjQ"), 0);
    run_acme(2 * 3600); /* that window is over: it is renewed when the first hour is */
    assert_int_equal(asked("/renewal/YXV0aG9yaXR5.EjQ"), 1);
    assert_int_equal(ca.taken, 2);
    assert_true(ca.replaced);
    ca.window = "{\"suggestedWindow\":{\"start\":\"2099-11-20T01:02:03Z\",\"end\":\"2099-11-20T02:"
                "02:03Z\"}}";
    world_wait(ca.f->world, 2 * 3600 * second);
    assert_int_equal(ca.taken, 2);
    assert_in_range(info_of_acme().next_s, CIVIL_S + 81 * DAY_S,
                    CIVIL_S + 81 * DAY_S + 4 * 3600); /* not that late */
    ca.window = "{\"suggestedWindow\":{\"start\":\"yesterday\",\"end\":\"2099-11-20T02:02:03Z\"}"
                "}"; /* is
                        ignored
                      */
    world_wait(ca.f->world, 7 * 3600 * second);
    ca.wrong = (struct wrong){.path = "/renewal/YXV0aG9yaXR5.EjQ", .status = 404};
    world_wait(ca.f->world, 7 * 3600 * second);
    ca.wrong.cut = true;
    world_wait(ca.f->world, 7 * 3600 * second);
    assert_int_equal(ca.taken, 2);
}

/* The key of the account may be lost while the certificate is there. */
static void test_a_lost_account_is_made_anew_at_the_time_that_is_suggested(void **state)
{
    (void)state;
    open_acme(1);
    run_acme(60);
    close_acme();
    free(ca.accounts);
    ca.accounts = strdup("-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n");
    ca.window = "{\"suggestedWindow\":{\"start\":\"2026-11-20T01:02:03Z\",\"end\":\"2026-11-20T02:"
                "02:03Z\"}}";
    open_acme(1);
    run_acme(60);
    assert_int_equal(ca.taken, 2);
    run_acme(60);
    assert_int_equal(ca.taken, 3);
    assert_int_equal(ca.orders, 2);
}

static void test_a_failed_renewal_keeps_the_old_one_and_says_why(void **state)
{
    (void)state;
    ca.lifetime_s = 3 * DAY_S;
    open_acme(1);
    run_acme(60);
    const uint64_t ends_s = info_of_acme().ends_s;

    ca.wrong = (struct wrong){
        .path = "/finalize",
        .status = 403,
        .body = "{\"type\":\"urn:ietf:params:acme:error:unauthorized\",\"detail\":\"not today\"}"};
    world_wait(ca.f->world, 2 * DAY_S * second);
    assert_int_equal(ca.taken, 1);
    run_acme(3600);
    assert_in_range(info_of_acme().failures, 1, 3);
    assert_string_equal(info_of_acme().why, "the authority refuses: unauthorized: not today");
    assert_non_null(strstr(ca.line, "one.test: no new certificate: the authority refuses: "
                                    "unauthorized: not today; the next attempt is in "));
    assert_non_null(strstr(ca.line, ", and the old one stays"));
    assert_int_equal(info_of_acme().ends_s, ends_s);
    ca.wrong.path = NULL;
    run_acme(7 * 3600);
    assert_int_equal(ca.taken, 2);
    assert_string_equal(info_of_acme().why, "");
}

static void test_waits_grow_after_failures(void **state)
{
    uint64_t at_ns[8];

    (void)state;
    ca.wrong = (struct wrong){.path = "/dir", .status = 500};
    open_acme(1);
    for (unsigned i = 0; i < 8; i++) {
        run_acme(8 * 3600);
        at_ns[i] = ca.f->world->now_ns;
    }
    for (unsigned i = 1; i < 8; i++)
        assert_in_range((at_ns[i] - at_ns[i - 1]) / second, 60u << (i - 1), (75u << (i - 1)) + 2);
    ca.wrong.fields = "Retry-After: 50000\r\n";
    run_acme(8 * 3600);
    at_ns[0] = ca.f->world->now_ns;
    ca.wrong.fields = "Retry-After: 99999999999999999999\r\n"; /* a day at most */
    run_acme(DAY_S);
    at_ns[1] = ca.f->world->now_ns;
    run_acme(2 * DAY_S);
    assert_in_range((at_ns[1] - at_ns[0]) / second, 50000, 50002);
    assert_in_range((ca.f->world->now_ns - at_ns[1]) / second, DAY_S, DAY_S + 2);
}

static void test_an_authority_may_give_a_date_to_come_again(void **state)
{
    char field[80] = "Retry-After: ";
    uint64_t date_ns;

    (void)state;
    ca.wrong = (struct wrong){.path = "/dir", .status = 500};
    open_acme(1);
    date_ns = ca.f->world->now_ns + 40000 * second;
    leat_civil_format_http(leat_civil_ns(ca.f->world->stacks[CLIENT]) + 40000 * second,
                           field + strlen(field));
    strcat(field, "\r\n");
    ca.wrong.fields = field;
    run_acme(60);
    run_acme(50000);
    assert_in_range((ca.f->world->now_ns - date_ns) / second, 0, 3);
    run_acme(3600); /* a date of the past counts as none */
    assert_in_range((ca.f->world->now_ns - date_ns) / second, 120, 154);
}

static void test_an_authority_without_a_way_to_it_is_told(void **state)
{
    (void)state;
    ca.config.directory = "http://10.0.0.77/dir"; /* no host has that address */
    open_acme(1);
    run_acme(600);
    assert_non_null(strstr(info_of_acme().why, "the authority can't be reached: "));
    assert_int_equal(ca.path_count, 0);
}

static void test_a_contact_is_sent(void **state)
{
    (void)state;
    ca.config.contact = "mailto:me@one.test";
    open_acme(1);
    run_acme(60);
    assert_int_equal(ca.taken, 1);
    assert_int_equal(asked("/account"), 1);
}

static void test_bad_nonces_are_replaced(void **state)
{
    (void)state;
    ca.refuse_nonces = 7;
    open_acme(1);
    run_acme(60);
    assert_int_equal(ca.taken, 1);
    assert_int_equal(info_of_acme().bad_nonces, 7);
}

static void test_an_authority_that_is_slow_is_waited_for(void **state)
{
    (void)state;
    ca.slow = 5;
    open_acme(2);
    run_acme(300);
    assert_int_equal(ca.taken, 1);
}

static void test_an_authority_says_when_to_look_again(void **state)
{
    uint64_t began_ns;

    (void)state;
    ca.slow = 3;
    ca.retry_after_s = 30;
    open_acme(1);
    began_ns = ca.f->world->now_ns;
    run_acme(600);
    assert_int_equal(ca.taken, 1);
    assert_in_range((ca.f->world->now_ns - began_ns) / second, 6 * 30, 8 * 30);
    ca.retry_after_s = 4000; /* a minute at most */
    leat_acme_now(ca.acme, true);
    began_ns = ca.f->world->now_ns;
    run_acme(900);
    assert_int_equal(ca.taken, 2);
    assert_in_range((ca.f->world->now_ns - began_ns) / second, 6 * 60, 8 * 60);
}

static void test_threat_W8_an_authority_that_never_ends_is_left(void **state)
{
    (void)state;
    ca.slow = 1000000;
    open_acme(1);
    run_acme(1800);
    assert_int_equal(ca.taken, 0);
    assert_int_equal(info_of_acme().failures, 1);
    assert_non_null(strstr(ca.line, "it takes too long"));
    assert_in_range(ca.path_count, 10, 60); /* it isn't asked without pauses */
}

/* Each reply that isn't right, and the reason that is told (wrong_replies.c). */
static void test_threat_W8_replies_that_are_wrong_are_told(void **state)
{
    (void)state;
    make_wrong_replies();
    for (const struct wrong_reply *it = wrong_replies; it->why; it++) {
        ca.wrong = it->wrong;
        ca.path_count = 0;
        open_acme(1);
        run_acme(120);
        if (!strstr(info_of_acme().why, it->why) || ca.taken > 0)
            fail_msg("%s: \"%s\" instead of \"%s\"", it->wrong.path, info_of_acme().why, it->why);
        assert_non_null(strstr(ca.line, info_of_acme().why));
        assert_string_equal(ca.acme->proof.text, "");
        close_acme();
    }
}

static void test_threat_W9_a_certificate_that_is_not_ours_is_refused(void **state)
{
    (void)state;
    ca.other_key = true;
    open_acme(2);
    run_acme(60);
    assert_string_equal(info_of_acme().why,
                        "the authority's certificate: the certificate is for another key");
    ca.other_key = false;
    ca.other_name = true;
    run_acme(120);
    assert_string_equal(info_of_acme().why, "the authority's certificate: it isn't for all names");
    assert_int_equal(ca.taken, 0);
    assert_null(ca.certificates);
    assert_int_equal(info_of_acme().ends_s, 0);
}

static void test_a_connection_that_was_closed_is_made_again(void **state)
{
    (void)state;
    ca.wrong = (struct wrong){.path = "/order", .cut = true, .times = 1};
    open_acme(1);
    run_acme(60);
    assert_int_equal(ca.taken, 1);
    assert_int_equal(asked("/nonce"), 2); /* the nonce may have been used */
}

static void test_obstacles_are_told_before_anything_is_sent(void **state)
{
    (void)state;
    ca.meta = "\"termsOfService\":\"" CA "/terms\"";
    open_acme(1);
    run_acme(60);
    assert_string_equal(info_of_acme().why,
                        "the user must agree to the authority's terms of service: " CA "/terms");
    close_acme();
    ca.config.agree = true;
    ca.meta = "\"termsOfService\":\"" CA "/terms\",\"externalAccountRequired\":true";
    open_acme(1);
    run_acme(60);
    assert_string_equal(info_of_acme().why, "the authority wants an external account");
    assert_int_equal(asked("/account"), 0);
    assert_null(ca.accounts);
    close_acme();
    ca.config.binding_id = "kid-1";
    ca.config.binding_key = "c2VjcmV0IG9mIHRoZSBhdXRob3JpdHk";
    open_acme(1);
    run_acme(60);
    assert_int_equal(ca.taken, 1);
}

static void test_an_account_whose_key_is_not_kept_is_not_made(void **state)
{
    (void)state;
    ca.put_err = LEAT_ERR_DEVICE;
    open_acme(1);
    run_acme(60);
    assert_int_equal(asked("/account"), 0);
    assert_non_null(strstr(ca.line, "no new certificate: the store: "));
    ca.put_err = LEAT_OK;
    run_acme(120);
    assert_int_equal(ca.taken, 1);
}

static void test_a_store_that_can_not_be_read_makes_no_second_account(void **state)
{
    (void)state;
    ca.get_err = LEAT_ERR_DEVICE;
    open_acme(1);
    run_acme(60);
    assert_int_equal(ca.path_count, 0);
    ca.get_err = LEAT_OK;
    run_acme(120);
    assert_int_equal(ca.taken, 1);
    close_acme(); /* the other value can't be read */
    ca.get_err = LEAT_ERR_FORMAT;
    ca.reads_account = true;
    open_acme(1);
    run_acme(10);
    assert_non_null(strstr(info_of_acme().why, "the store: "));
}

static void test_a_certificate_that_is_not_kept_is_used(void **state)
{
    (void)state;
    ca.put_err = LEAT_ERR_FULL;
    ca.keeps_account = true;
    open_acme(1);
    run_acme(60);
    assert_int_equal(ca.taken, 1);
    assert_non_null(strstr(ca.line, "it can't be kept: "));
}

static void test_a_program_may_refuse_a_certificate(void **state)
{
    (void)state;
    ca.refuses = "the chain is too long\n\xe2\x80\xa6";
    open_acme(1);
    run_acme(60);
    assert_int_equal(ca.taken, 1);
    assert_string_equal(info_of_acme().why,
                        "the program can't use the certificate: the chain is too long????");
}

/* It ends after each number of requests, and in between; no buffer is lost (tear_down). */
static void test_it_may_end_at_any_time(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 60; i++) {
        free(ca.certificates);
        ca.certificates = NULL;
        open_acme(2);
        world_wait(ca.f->world, i * 3 * ms);
        close_acme();
    }
}

static void test_it_waits_for_the_clock(void **state)
{
    (void)state;
    leat_civil_set(ca.f->world->stacks[CLIENT], 0);
    open_acme(1);
    world_wait(ca.f->world, 10 * second);
    assert_int_equal(ca.path_count, 0);
    leat_civil_set(ca.f->world->stacks[CLIENT], CIVIL_S * second);
    run_acme(60);
    assert_int_equal(ca.taken, 1);
    leat_acme_now(ca.acme, true);
    run_acme(60);
    assert_int_equal(ca.taken, 2);
}

static void refused(enum leat_err err)
{
    assert_int_equal(leat_acme_open(&ca.acme, ca.f->world->stacks[CLIENT], ca.memory,
                                    leat_acme_memory_bytes(), &ca.config),
                     err);
}

static void test_wrong_configurations_are_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "test",
        "One.test",
        "*.one.test",
        "one..test",
        ".one.test",
        "one.test.",
        "-one.test",
        "one-.test",
        "one.test-",
        "one_.test",
        "192.0.2.1",
        "one.test/",
        "\xc3\xa4.test",
        "0123456789012345678901234567890123456789012345678901234567890123.test"};
    const struct leat_acme_config good = ca.config;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ca.config.names = &bad[i];
        ca.config.name_count = 1;
        refused(LEAT_ERR_FORMAT);
    }
    ca.config = good;
    refused(LEAT_ERR_ARGUMENT); /* no names */
    ca.config.name_count = LEAT_ACME_NAMES_MAX + 1;
    refused(LEAT_ERR_ARGUMENT);
    ca.config.name_count = 1;
    ca.config.no_http = true; /* and no TLS */
    refused(LEAT_ERR_ARGUMENT);
    ca.config.no_http = false;
    ca.config.directory = "ftp://a/";
    refused(LEAT_ERR_FORMAT);
    ca.config.directory = good.directory;
    ca.config.contact = "mailto:\"me\"";
    refused(LEAT_ERR_FORMAT);
    ca.config.contact = NULL;
    ca.config.binding_id = "a";
    refused(LEAT_ERR_ARGUMENT);
    ca.config.binding_key = "!";
    refused(LEAT_ERR_FORMAT);
    ca.config.binding_id = ca.config.binding_key = NULL;
    assert_int_equal(
        leat_acme_open(&ca.acme, ca.f->world->stacks[CLIENT], ca.memory, 100, &ca.config),
        LEAT_ERR_MEMORY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CA_TEST(test_a_certificate_is_obtained_and_kept),
        CA_TEST(test_what_is_kept_is_used_by_the_next_run),
        CA_TEST(test_it_is_renewed_at_two_thirds_of_its_lifetime),
        CA_TEST(test_an_authority_suggests_the_time),
        CA_TEST(test_a_lost_account_is_made_anew_at_the_time_that_is_suggested),
        CA_TEST(test_a_failed_renewal_keeps_the_old_one_and_says_why),
        CA_TEST(test_waits_grow_after_failures),
        CA_TEST(test_an_authority_may_give_a_date_to_come_again),
        CA_TEST(test_an_authority_without_a_way_to_it_is_told),
        CA_TEST(test_a_contact_is_sent),
        CA_TEST(test_bad_nonces_are_replaced),
        CA_TEST(test_an_authority_that_is_slow_is_waited_for),
        CA_TEST(test_an_authority_says_when_to_look_again),
        CA_TEST(test_threat_W8_an_authority_that_never_ends_is_left),
        CA_TEST(test_threat_W8_replies_that_are_wrong_are_told),
        CA_TEST(test_threat_W9_a_certificate_that_is_not_ours_is_refused),
        CA_TEST(test_a_connection_that_was_closed_is_made_again),
        CA_TEST(test_obstacles_are_told_before_anything_is_sent),
        CA_TEST(test_an_account_whose_key_is_not_kept_is_not_made),
        CA_TEST(test_a_store_that_can_not_be_read_makes_no_second_account),
        CA_TEST(test_a_certificate_that_is_not_kept_is_used),
        CA_TEST(test_a_program_may_refuse_a_certificate),
        CA_TEST(test_it_may_end_at_any_time),
        CA_TEST(test_it_waits_for_the_clock),
        CA_TEST(test_wrong_configurations_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, check_transitions);
}
