/* test_servers.c -- what a resolver remembers of its servers, and what it says of a failure. */
#include "dns_lookup.h"

#include "core/unreachable.h"
#include "proto/dns/lookup.h"
#include "base.h"

static const uint64_t ten_minutes = UINT64_C(600000000000);
static const uint64_t now_ns = 7777;

/* ---- habits ------------------------------------------------------------------------------- */

static void assert_habits(const struct habits *is, const struct habits *expected)
{
    assert_true(is->edns_ns == expected->edns_ns);
    assert_true(is->plain_ns == expected->plain_ns);
    assert_true(is->lowers_ns == expected->lowers_ns);
    assert_true(is->tcp_only_ns == expected->tcp_only_ns);
    assert_true(is->no_tcp_ns == expected->no_tcp_ns);
    assert_true(is->udp_ns == expected->udp_ns);
    assert_int_equal(is->truncated, expected->truncated);
    assert_int_equal(is->doubted, expected->doubted);
}

static void a_habit_is_believed_for_ten_minutes(void **state)
{
    const uint64_t until = now_ns + ten_minutes;
    struct habits habits = {.plain_ns = 5, .doubted = true};

    (void)state;
    habits_edns_answered(&habits, now_ns);
    assert_habits(&habits, &(struct habits){.edns_ns = until});
    habits_edns_refused(&habits, now_ns + 1);
    assert_habits(&habits, &(struct habits){.plain_ns = until + 1});
    habits = (struct habits){.edns_ns = 5, .udp_ns = 6};
    habits_silent(&habits);
    assert_habits(&habits, &(struct habits){.udp_ns = 6});
    habits_lowered(&habits, now_ns);
    assert_habits(&habits, &(struct habits){.udp_ns = 6, .lowers_ns = until});
    habits_tcp_failed(&habits, now_ns);
    assert_habits(&habits, &(struct habits){.udp_ns = 6, .lowers_ns = until, .no_tcp_ns = until});
    habits_tcp_answered(&habits, now_ns);
    assert_habits(&habits, &(struct habits){.udp_ns = 6, .lowers_ns = until, .tcp_only_ns = until});
    assert_true(habits_is(8, 7));
    assert_false(habits_is(8, 8));
}

/* A loss that may be chance counts for 20 s, and for ten minutes when it is repeated. */
static void a_doubt_is_short_at_first(void **state)
{
    const uint64_t first = now_ns + UINT64_C(20000000000);
    struct habits habits = {0};

    (void)state;
    habits_edns_doubted(&habits, now_ns);
    assert_habits(&habits, &(struct habits){.plain_ns = first, .doubted = true});
    habits_edns_doubted(&habits, first - 1); /* the same burst */
    assert_habits(&habits, &(struct habits){.plain_ns = first, .doubted = true});
    habits_edns_doubted(&habits, first);
    assert_habits(&habits, &(struct habits){.plain_ns = first + ten_minutes, .doubted = true});
    habits = (struct habits){.edns_ns = now_ns + 1};
    habits_edns_doubted(&habits, now_ns);
    assert_habits(&habits, &(struct habits){.edns_ns = now_ns + 1});
    habits_edns_doubted(&habits, now_ns + 1);
    assert_true(habits.doubted);
}

static void four_truncated_replies_in_a_row_lead_to_tcp(void **state)
{
    const uint64_t until = now_ns + ten_minutes;
    struct habits habits = {0};

    (void)state;
    for (uint8_t i = 1; i < 4; i++) {
        habits_udp_answered(&habits, true, now_ns);
        assert_habits(&habits, &(struct habits){.udp_ns = until, .truncated = i});
    }
    habits_udp_answered(&habits, false, now_ns);
    assert_habits(&habits, &(struct habits){.udp_ns = until});
    for (uint8_t i = 1; i <= 4; i++)
        habits_udp_answered(&habits, true, now_ns);
    assert_habits(&habits, &(struct habits){.udp_ns = until, .tcp_only_ns = until});
    habits_udp_answered(&habits, false, now_ns + 1);
    assert_habits(&habits, &(struct habits){.udp_ns = until + 1});
    /* TCP once says nothing about a server that answers by UDP */
    habits = (struct habits){.udp_ns = now_ns + 1};
    habits_tcp_answered(&habits, now_ns);
    assert_int_equal(habits.tcp_only_ns, 0);
    habits_tcp_answered(&habits, now_ns + 1);
    assert_true(habits.tcp_only_ns == until + 1);
}

static void habits_decide_about_tcp_and_letters(void **state)
{
    (void)state;
    for (unsigned has = 0; has < 8; has++) {
        const bool no_tcp = has & 1, lowers = has & 2, tcp_only = has & 4;
        const struct habits habits = {.no_tcp_ns = no_tcp ? now_ns + 1 : now_ns,
                                      .lowers_ns = lowers ? now_ns + 1 : now_ns,
                                      .tcp_only_ns = tcp_only ? now_ns + 1 : now_ns};

        assert_int_equal(habits_want_tcp(&habits, now_ns), !no_tcp && (lowers || tcp_only));
        assert_int_equal(habits_lower(&habits, now_ns), no_tcp && lowers);
    }
}

/* ---- delays ------------------------------------------------------------------------------- */

static void a_new_delay_has_an_eighth_of_the_weight(void **state)
{
    struct upstream upstream = {.delay_ns = 0};

    (void)state;
    upstream_answered(&upstream, 800);
    assert_int_equal(upstream.delay_ns, 800);
    upstream_answered(&upstream, 1600);
    assert_int_equal(upstream.delay_ns, 900);
    upstream_answered(&upstream, 0);
    assert_int_equal(upstream.delay_ns, 900 - 112);
    upstream.delay_ns = 0;
    upstream_answered(&upstream, 0); /* 0 would mean that it is unknown */
    assert_int_equal(upstream.delay_ns, 1);
    upstream_was_silent(&upstream, 500);
    assert_int_equal(upstream.delay_ns, 500);
    upstream_was_silent(&upstream, 400);
    assert_int_equal(upstream.delay_ns, 500);
}

static void assert_order(struct leat_resolver *resolver, const uint8_t *order,
                         const uint64_t *delays_ns)
{
    uint8_t is[LEAT_RESOLVER_SERVERS_MAX];

    upstreams_order(resolver, is);
    assert_memory_equal(is, order, resolver->config.server_count);
    for (unsigned i = 0; i < resolver->config.server_count; i++)
        assert_int_equal(resolver->upstreams[i].delay_ns, delays_ns[i]);
}

/* Those that aren't asked first age by a 32nd. */
static void the_fastest_server_goes_first_and_others_age(void **state)
{
    static const uint64_t delays_ns[] = {3200, 64, 0, 64};
    struct leat_resolver *resolver = calloc(1, sizeof *resolver);

    (void)state;
    assert_non_null(resolver);
    assert_true(LEAT_RESOLVER_SERVERS_MAX >= 3);
    resolver->config.server_count = 3;
    for (unsigned i = 0; i < 3; i++)
        resolver->upstreams[i].delay_ns = delays_ns[i];
    assert_order(resolver, (const uint8_t[]){0, 1, 2}, (const uint64_t[]){3200, 61, 0});
    resolver->config.fastest_first = true;
    assert_order(resolver, (const uint8_t[]){2, 1, 0}, (const uint64_t[]){3099, 59, 0});
    resolver->upstreams[0].delay_ns = resolver->upstreams[1].delay_ns = 2;
    resolver->upstreams[2].delay_ns = 3;
    assert_order(resolver, (const uint8_t[]){0, 1, 2}, (const uint64_t[]){2, 1, 2});
    assert_order(resolver, (const uint8_t[]){1, 0, 2}, (const uint64_t[]){1, 1, 1});
    resolver->config.server_count = 1;
    resolver->upstreams[0].delay_ns = 1000;
    assert_order(resolver, (const uint8_t[]){0}, (const uint64_t[]){1000});
    free(resolver);
}

/* ---- why a lookup has failed -------------------------------------------------------------- */

static const char *told(struct fixture *f, const struct leat_lookup_failure *failure)
{
    static char text[LEAT_REFUSAL_TEXT_BYTES];
    size_t len;

    memset(text, 'x', sizeof text);
    len = leat_lookup_failure_format(f->resolver, failure, text);
    assert_int_equal(len, strlen(text));
    return text;
}

static void a_reply_is_told_with_its_server(void **state)
{
    struct fixture *f = *state;
    struct leat_lookup_failure failure = {.err = LEAT_ERR_NOT_FOUND,
                                          .rcode = LEAT_DNS_NXDOMAIN,
                                          .server = {.ip = SERVER_IP, .port = 53}};

    open_plain_resolver(f, 1);
    assert_string_equal(told(f, &failure), "NXDOMAIN, says 10.0.0.1");
    failure.rcode = LEAT_DNS_NOERROR;
    assert_string_equal(told(f, &failure), "NOERROR, says 10.0.0.1");
    failure.err = LEAT_ERR_SERVERS;
    failure.rcode = LEAT_DNS_REFUSED;
    failure.server.port = 0;
    assert_string_equal(told(f, &failure), "REFUSED; asked: 10.0.0.1");
    f->resolver->config.server_count = 2;
    f->resolver->config.servers[1].ip = SERVER2_IP;
    assert_string_equal(told(f, &failure), "REFUSED; asked: 10.0.0.1 and 1 more");
    f->resolver->config.server_count = 1;
}

/* Without a reply: the one that was refused, else the report of a way that is closed, else the
 * servers. */
static void silence_is_told_with_its_reason(void **state)
{
    struct fixture *f = *state;
    struct leat_lookup_failure failure = {.err = LEAT_ERR_TIMEOUT};
    struct leat_unreachable report = {
        .to = SERVER2_IP, .from = SERVER2_IP, .how = LEAT_UNREACHABLE_ARP, .at_ns = 1};

    open_plain_resolver(f, 2);
    assert_string_equal(told(f, &failure), "no reply from 10.0.0.1 and 1 more");
    unreachable_note(&f->world->stacks[CLIENT]->unreachables, &report);
    assert_string_equal(told(f, &failure), "no answer from 10.0.0.3 to ARP");
    report.to = report.from = SERVER_IP;
    unreachable_note(&f->world->stacks[CLIENT]->unreachables, &report);
    assert_string_equal(told(f, &failure), "no answer from 10.0.0.1 to ARP");
    failure.refusal = (struct leat_refusal){.from = SERVER2_IP, .why = "with nonsense", .count = 1};
    assert_string_equal(told(f, &failure), "10.0.0.3 answered, but with nonsense");
}

static void a_failure_is_taken_from_a_result(void **state)
{
    static struct leat_dns_result result;
    struct leat_lookup_failure failure;

    (void)state;
    result.rcode = LEAT_DNS_SERVFAIL;
    result.server = (struct leat_endpoint){.ip = SERVER2_IP, .port = 53};
    result.refusal = (struct leat_refusal){.from = SERVER_IP, .why = "so", .count = 2};
    leat_lookup_failure_take(&failure, LEAT_ERR_SERVERS, &result);
    assert_int_equal(failure.err, LEAT_ERR_SERVERS);
    assert_int_equal(failure.rcode, LEAT_DNS_SERVFAIL);
    assert_memory_equal(&failure.server.ip, &result.server.ip, sizeof failure.server.ip);
    assert_int_equal(failure.server.port, 53);
    assert_int_equal(failure.refusal.count, 2);
    assert_string_equal(failure.refusal.why, "so");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_habit_is_believed_for_ten_minutes),
        cmocka_unit_test(a_doubt_is_short_at_first),
        cmocka_unit_test(four_truncated_replies_in_a_row_lead_to_tcp),
        cmocka_unit_test(habits_decide_about_tcp_and_letters),
        cmocka_unit_test(a_new_delay_has_an_eighth_of_the_weight),
        cmocka_unit_test(the_fastest_server_goes_first_and_others_age),
        TEST(a_reply_is_told_with_its_server),
        TEST(silence_is_told_with_its_reason),
        cmocka_unit_test(a_failure_is_taken_from_a_result),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
