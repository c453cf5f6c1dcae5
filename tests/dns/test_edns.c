/* test_edns.c -- servers that refuse or ignore EDNS or cookies: found out once, then asked without.
 */
#include "dns_lookup.h"

static const uint64_t minute = 60 * UINT64_C(1000000000);

static void ignores_edns(struct liar *liar)
{
    if (!has_edns(liar))
        tell(liar);
}

static void edns_that_is_ignored_costs_half_a_second_and_is_remembered(void **state)
{
    struct fixture *f = *state;

    with_liar(f, ignores_edns);
    open_plain_resolver(f, 1);
    assert_in_range(took_ns(f), second / 2, second * 6 / 10);
    assert_true(habits_of(f).no_edns);
    assert_in_range(took_ns(f), 0, second / 10);
    world_wait(f->world, 21 * second); /* it may have been a loss: asked with EDNS again */
    assert_in_range(took_ns(f), second / 2, second * 6 / 10);
    world_wait(f->world, 9 * minute);
    assert_in_range(took_ns(f), 0, second / 10);
    world_wait(f->world, 2 * minute);
    assert_false(habits_of(f).no_edns);
    assert_in_range(took_ns(f), second / 2, second * 6 / 10);
    assert_int_equal(f->counts->repeated, 3);
    assert_int_equal(f->counts->timeouts, 0);
}

static void is_deaf_once(struct liar *liar)
{
    if (liar->count > 1 || liar->repeated > 0)
        tell(liar);
}

/* One lost query: the next ones have EDNS again soon. */
static void a_lost_query_is_no_habit(void **state)
{
    struct fixture *f = *state;
    struct liar *liar = with_liar(f, is_deaf_once);

    open_plain_resolver(f, 1);
    assert_in_range(took_ns(f), second / 2, second * 6 / 10);
    world_wait(f->world, 21 * second);
    assert_in_range(took_ns(f), 0, second / 10);
    assert_true(liar->seen[1].has_edns);
    assert_false(habits_of(f).no_edns);
    /* the server is known to answer EDNS now, so it is repeated with it */
    liar->count = liar->repeated = 0;
    assert_in_range(took_ns(f), second / 2, second * 6 / 10);
    assert_true(has_edns(liar));
    assert_false(habits_of(f).no_edns);
}

static void is_deaf_for_a_moment(struct liar *liar)
{
    if (liar->again || liar->count > 3)
        tell(liar);
}

/* Three queries that are lost at the same time are one loss, and no habit. */
static void one_burst_of_losses_is_no_habit(void **state)
{
    static const char *const names[] = {"a.test", "b.test", "c.test"};
    static struct outcome outcomes[3];
    struct fixture *f = *state;
    struct liar *liar = with_liar(f, is_deaf_for_a_moment);

    open_plain_resolver(f, 1);
    memset(outcomes, 0, sizeof outcomes);
    for (unsigned i = 0; i < 3; i++) {
        const struct leat_dns_name name = name_of(names[i]);

        assert_int_equal(
            leat_lookup_start(f->resolver, &name, LEAT_DNS_A, on_done, &outcomes[i], NULL),
            LEAT_OK);
    }
    for (unsigned i = 0; i < 3; i++)
        assert_true(world_run(f->world, &outcomes[i].done, 300 * second));
    assert_int_equal(f->counts->repeated, 3);
    assert_true(habits_of(f).no_edns);
    world_wait(f->world, 21 * second);
    assert_false(habits_of(f).no_edns);
    assert_in_range(took_ns(f), 0, second / 10);
    assert_true(liar->seen[3].has_edns);
}

static void bare_formerr(struct liar *liar)
{
    struct message reply = {.len = DNS_HEADER_BYTES};

    put16(reply.bytes, get16(liar->query.bytes));
    put16(reply.bytes + 2, DNS_QR | LEAT_DNS_FORMERR);
    if (has_edns(liar))
        say(liar, &reply);
    else
        tell(liar);
}

static void a_bare_FORMERR_is_acted_on_at_once(void **state)
{
    struct fixture *f = *state;
    struct liar *liar = with_liar(f, bare_formerr);

    open_plain_resolver(f, 1);
    assert_in_range(took_ns(f), 0, second / 10);
    assert_int_equal(liar->count, 2);
    assert_true(habits_of(f).no_edns);
    assert_in_range(took_ns(f), 0, second / 10);
    assert_int_equal(liar->count, 3);
    assert_false(liar->seen[2].has_edns);
    assert_int_equal(f->counts->edns_refused, 1);
    assert_int_equal(f->counts->repeated, 0);
}

/* A header alone may be forged, so only the second one in a row counts for minutes. */
static void a_bare_FORMERR_is_believed_for_seconds_and_then_for_minutes(void **state)
{
    struct fixture *f = *state;
    struct liar *liar = with_liar(f, bare_formerr);

    open_plain_resolver(f, 1);
    took_ns(f);
    world_wait(f->world, 21 * second);
    assert_false(habits_of(f).no_edns);
    took_ns(f);
    assert_int_equal(liar->count, 4);
    world_wait(f->world, 9 * minute);
    assert_true(habits_of(f).no_edns);
}

static void say_bare(struct liar *liar, uint16_t rcode)
{
    struct message reply = {.len = DNS_HEADER_BYTES};

    put16(reply.bytes, get16(liar->query.bytes));
    put16(reply.bytes + 2, (uint16_t)(DNS_QR | rcode));
    say(liar, &reply);
}

/* Its FORMERR takes so long that the question was repeated meanwhile. */
static void refuses_late(struct liar *liar)
{
    if (has_edns(liar))
        return;
    if (liar->again)
        say(liar, make_reply(liar, LEAT_DNS_FORMERR, 0));
    tell(liar);
}

static void a_FORMERR_that_comes_after_the_repetition_is_about_the_first_question(void **state)
{
    struct fixture *f = *state;

    with_liar(f, refuses_late);
    open_plain_resolver(f, 1);
    assert_in_range(took_ns(f), second / 2, second * 6 / 10);
    assert_int_equal(f->counts->edns_refused, 1);
    assert_int_equal(f->counts->servers_failed, 0);
    assert_in_range(habits_of(f).delay_ns, second * 4 / 10, second * 6 / 10);
    world_wait(f->world, minute); /* longer than after a loss */
    assert_true(habits_of(f).no_edns);
    assert_in_range(took_ns(f), 0, second / 10);
}

static void refuses_both(struct liar *liar)
{
    if (!liar->again)
        return;
    say_bare(liar, LEAT_DNS_FORMERR);
    say(liar, make_reply(liar, LEAT_DNS_FORMERR, 0));
}

static void a_second_FORMERR_is_the_answer(void **state)
{
    struct fixture *f = *state;
    const struct outcome *outcome;

    with_liar(f, refuses_both);
    open_plain_resolver(f, 1);
    outcome = look_up(f, "www.example.test", LEAT_DNS_A);
    assert_int_equal(outcome->err, LEAT_ERR_SERVERS);
    assert_int_equal(f->counts->servers_failed, 1);
}

static void foreign_formerr(struct liar *liar)
{
    struct message reply = {.len = DNS_HEADER_BYTES};

    put16(reply.bytes, (uint16_t)(get16(liar->query.bytes) + 1));
    put16(reply.bytes + 2, DNS_QR | LEAT_DNS_FORMERR);
    say(liar, &reply);
    put16(reply.bytes, get16(liar->query.bytes));
    put16(reply.bytes + 2, DNS_QR | LEAT_DNS_NOTIMP); /* another error than FORMERR */
    say(liar, &reply);
    put16(reply.bytes + 2, LEAT_DNS_FORMERR); /* no reply */
    say(liar, &reply);
    tell(liar);
}

static void test_threat_N4_a_bare_FORMERR_with_another_id(void **state)
{
    struct fixture *f = *state;

    with_liar(f, foreign_formerr);
    open_plain_resolver(f, 1);
    took_ns(f);
    assert_int_equal(f->counts->edns_refused, 0);
    assert_int_equal(f->counts->drop_foreign, 3);
    assert_false(habits_of(f).no_edns);
}

static void bare_and_true(struct liar *liar)
{
    if (liar->count <= 2)
        say_bare(liar, LEAT_DNS_FORMERR);
    if (has_edns(liar))
        tell_with_opt(liar, make_reply(liar, LEAT_DNS_NOERROR, 8));
    else
        tell(liar);
}

/* A forger of such a reply need not know the letter case. */
static void test_threat_N4_a_bare_FORMERR_to_a_query_without_EDNS(void **state)
{
    struct fixture *f = *state;

    with_liar(f, bare_and_true);
    open_plain_resolver(f, 1);
    took_ns(f); /* asked with EDNS, and then without */
    assert_int_equal(f->counts->edns_refused, 1);
    assert_int_equal(f->counts->servers_failed, 0);
    assert_int_equal(f->counts->drop_foreign, 1);
    world_wait(f->world, 21 * second);
    took_ns(f);
    assert_false(habits_of(f).no_edns);
    assert_int_equal(f->counts->edns_refused, 1);
}

static void bare_behind_edns(struct liar *liar)
{
    if (liar->count > 1)
        say_bare(liar, LEAT_DNS_FORMERR);
    tell_with_opt(liar, make_reply(liar, LEAT_DNS_NOERROR, 8));
}

static void test_threat_N4_a_bare_FORMERR_of_a_server_that_knows_EDNS(void **state)
{
    struct fixture *f = *state;
    struct liar *liar = with_liar(f, bare_behind_edns);

    open_plain_resolver(f, 1);
    took_ns(f);
    took_ns(f);
    assert_int_equal(liar->count, 2);
    assert_int_equal(f->counts->edns_refused, 0);
    assert_int_equal(f->counts->drop_foreign, 1);
    assert_false(habits_of(f).no_edns);
}

/* It knows EDNS, but no cookies. */
static void dislikes_cookies(struct liar *liar)
{
    const bool has_cookie =
        has_edns(liar) && get16(liar->query.bytes + liar->query.len - 12) == DNS_OPTION_COOKIE;
    struct message *reply =
        make_reply(liar, has_cookie ? LEAT_DNS_FORMERR : LEAT_DNS_NOERROR, has_cookie ? 0 : 8);

    tell_with_opt(liar, reply);
}

static void a_server_that_refuses_cookies_gets_none(void **state)
{
    struct fixture *f = *state;
    struct liar *liar = with_liar(f, dislikes_cookies);

    open_plain_resolver(f, 1);
    assert_in_range(took_ns(f), 0, second / 10);
    assert_int_equal(liar->count, 2);
    assert_true(liar->seen[1].has_edns);
    assert_true(habits_of(f).no_cookies);
    assert_false(habits_of(f).no_edns);
    assert_in_range(took_ns(f), 0, second / 10);
    assert_int_equal(liar->count, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(edns_that_is_ignored_costs_half_a_second_and_is_remembered),
        TEST(a_lost_query_is_no_habit),
        TEST(one_burst_of_losses_is_no_habit),
        TEST(a_bare_FORMERR_is_acted_on_at_once),
        TEST(a_bare_FORMERR_is_believed_for_seconds_and_then_for_minutes),
        TEST(a_FORMERR_that_comes_after_the_repetition_is_about_the_first_question),
        TEST(a_second_FORMERR_is_the_answer),
        TEST(test_threat_N4_a_bare_FORMERR_with_another_id),
        TEST(test_threat_N4_a_bare_FORMERR_to_a_query_without_EDNS),
        TEST(test_threat_N4_a_bare_FORMERR_of_a_server_that_knows_EDNS),
        TEST(a_server_that_refuses_cookies_gets_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
