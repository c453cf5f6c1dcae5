/* test_habits.c -- servers that refuse EDNS, lower names, or have no UDP: found out once, then
 * asked in the way that they answer. */
#include "dns_lookup.h"

static const uint64_t minute = 60 * UINT64_C(1000000000);

/* ---- a server by TCP ---------------------------------------------------------------------- */

struct by_tcp {
    struct liar *liar;
    struct leat_tcp_listener *listener;
    unsigned count; /* queries heard */
};

static void hear_by_tcp(struct leat_tcp *conn, void *arg)
{
    struct by_tcp *server = arg;
    struct leat_buf *text;

    while ((text = leat_tcp_receive(conn, 65535))) { /* a query comes in one piece */
        const uint32_t len = leat_buf_total(text);
        const struct message *reply;
        uint8_t bytes[600];
        size_t taken;

        server->liar->query.len = leat_buf_read(text, 2, server->liar->query.bytes, 1000);
        leat_buf_free(text);
        leat_tcp_consumed(conn, len);
        reply = make_reply(server->liar, LEAT_DNS_NOERROR, 7);
        put16(bytes, (uint16_t)reply->len);
        memcpy(bytes + 2, reply->bytes, reply->len);
        leat_tcp_write(conn, bytes, reply->len + 2, &taken);
        server->count++;
    }
    if (leat_tcp_at_end(conn))
        leat_tcp_close(conn);
}

static const struct leat_tcp_events by_tcp_events = {.on_readable = hear_by_tcp};

static void accept_by_tcp(struct leat_tcp_listener *listener, void *arg)
{
    while (leat_tcp_accept(listener, &by_tcp_events, arg)) {
    }
}

static void listen_by_tcp(struct fixture *f, struct by_tcp *server)
{
    const struct leat_tcp_listen_config config = {
        .port = 53, .on_acceptable = accept_by_tcp, .arg = server};

    *server = (struct by_tcp){.liar = &f->liar};
    assert_int_equal(leat_tcp_listen(f->world->stacks[SERVER], &server->listener, &config),
                     LEAT_OK);
}

/* Looks up a name that the server has; returns the time until the answer. */
static uint64_t took_ns(struct fixture *f)
{
    static struct outcome outcome;
    const struct leat_dns_name name = name_of("www.example.test");
    const uint64_t start_ns = f->world->now_ns;

    memset(&outcome, 0, sizeof outcome);
    assert_int_equal(leat_lookup_start(f->resolver, &name, LEAT_DNS_A, on_done, &outcome, NULL),
                     LEAT_OK);
    assert_true(world_run(f->world, &outcome.done, 300 * second));
    assert_int_equal(outcome.err, LEAT_OK);
    return f->world->now_ns - start_ns;
}

static struct leat_resolver_server habits_of(const struct fixture *f)
{
    struct leat_resolver_server server;

    leat_resolver_get_server(f->resolver, 0, &server);
    return server;
}

static void tell(struct liar *liar)
{
    say(liar, make_reply(liar, LEAT_DNS_NOERROR, 8));
}

static bool has_edns(const struct liar *liar)
{
    return get16(liar->query.bytes + 10) == 1;
}

/* ---- EDNS --------------------------------------------------------------------------------- */

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
        say_bare(liar, LEAT_DNS_FORMERR);
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
    say_bare(liar, LEAT_DNS_FORMERR);
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
}

static void tell_with_opt(struct liar *liar, struct message *reply)
{
    memcpy(reply->bytes + reply->len, "\0\0\51\4\320\0\0\0\0\0\0", DNS_OPT_BYTES);
    reply->len += DNS_OPT_BYTES;
    put16(reply->bytes + 10, 1);
    say(liar, reply);
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

/* ---- letter case -------------------------------------------------------------------------- */

static void lowers(struct liar *liar)
{
    for (uint8_t *at = liar->query.bytes + DNS_HEADER_BYTES; *at; at++)
        *at = dns_lower(*at);
    tell(liar);
}

static void a_server_that_lowers_names_is_asked_by_tcp(void **state)
{
    struct fixture *f = *state;
    struct liar *liar = with_liar(f, lowers);
    struct by_tcp by_tcp;

    listen_by_tcp(f, &by_tcp);
    open_plain_resolver(f, 1);
    assert_in_range(took_ns(f), 0, second / 10);
    assert_int_equal(by_tcp.count, 1);
    assert_true(habits_of(f).lowers);
    for (unsigned i = 2; i < 6; i++) {
        assert_in_range(took_ns(f), 0, second / 10);
        assert_int_equal(by_tcp.count, i);
    }
    assert_int_equal(liar->count, 1); /* by UDP */
    world_wait(f->world, 11 * minute);
    took_ns(f);
    assert_int_equal(liar->count, 2);
    leat_tcp_listener_close(by_tcp.listener);
}

static void without_tcp_it_is_asked_in_lower_case(void **state)
{
    struct fixture *f = *state;
    struct liar *liar = with_liar(f, lowers);

    open_plain_resolver(f, 1);
    assert_in_range(took_ns(f), 0, second / 10);
    assert_true(habits_of(f).lowers && habits_of(f).no_tcp);
    assert_int_equal(f->counts->tcp_queries, 1);
    for (unsigned i = 0; i < 5; i++)
        assert_in_range(took_ns(f), 0, second / 10);
    assert_int_equal(liar->count, 7);
    assert_int_equal(f->counts->tcp_queries, 1);
    assert_int_equal(f->counts->drop_case, 1);
}

static void swaps_later(struct liar *liar)
{
    if (liar->count > 2) {
        liar->query.bytes[DNS_HEADER_BYTES + 1] ^= 0x20;
        tell(liar);
    }
    lowers(liar);
}

/* The questions are in lower case, and so are its replies. */
static void test_threat_N4_another_letter_case_of_a_server_that_lowers_names(void **state)
{
    struct fixture *f = *state;

    with_liar(f, swaps_later);
    open_plain_resolver(f, 1);
    took_ns(f); /* by UDP, by TCP in vain, and in lower case */
    assert_int_equal(f->counts->drop_case, 1);
    took_ns(f);
    assert_int_equal(f->counts->drop_case, 2);
}

/* ---- transports --------------------------------------------------------------------------- */

static void truncates(struct liar *liar)
{
    struct message *reply = make_reply(liar, LEAT_DNS_NOERROR, 0);

    put16(reply->bytes + 2, DNS_QR | DNS_TC | DNS_RD | DNS_RA);
    say(liar, reply);
}

static void a_server_that_truncates_all_is_asked_by_tcp(void **state)
{
    struct fixture *f = *state;
    struct liar *liar = with_liar(f, truncates);
    struct by_tcp by_tcp;

    listen_by_tcp(f, &by_tcp);
    open_plain_resolver(f, 1);
    for (unsigned i = 1; i <= 8; i++) {
        took_ns(f);
        assert_int_equal(liar->count, i < 4 ? i : 4);
        assert_int_equal(by_tcp.count, i);
    }
    assert_true(habits_of(f).tcp_only);
    leat_tcp_listener_close(by_tcp.listener);
}

static void a_server_without_udp_is_asked_by_tcp(void **state)
{
    struct fixture *f = *state;
    struct by_tcp by_tcp;

    with_liar(f, NULL);
    listen_by_tcp(f, &by_tcp);
    open_plain_resolver(f, 1);
    assert_in_range(took_ns(f), 6 * second, 7 * second); /* the last of three rounds */
    assert_true(habits_of(f).tcp_only);
    assert_in_range(took_ns(f), 0, second / 10);
    assert_int_equal(by_tcp.count, 2);
    leat_tcp_listener_close(by_tcp.listener);
}

/* ---- slow servers ------------------------------------------------------------------------- */

static void is_slow(struct liar *liar)
{
    if (liar->again)
        tell_with_opt(liar, make_reply(liar, LEAT_DNS_NOERROR, 8));
}

/* The delay of a reply says when the next question is repeated. */
static void a_slow_server_is_waited_for(void **state)
{
    struct fixture *f = *state;
    struct liar *liar = with_liar(f, is_slow);

    open_plain_resolver(f, 1);
    took_ns(f);
    assert_in_range(habits_of(f).delay_ns, second / 2, second * 6 / 10);
    liar->count = liar->repeated = 0;
    assert_in_range(took_ns(f), second, second * 12 / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(edns_that_is_ignored_costs_half_a_second_and_is_remembered),
        TEST(a_lost_query_is_no_habit),
        TEST(one_burst_of_losses_is_no_habit),
        TEST(a_bare_FORMERR_is_acted_on_at_once),
        TEST(a_FORMERR_that_comes_after_the_repetition_is_about_the_first_question),
        TEST(a_second_FORMERR_is_the_answer),
        TEST(test_threat_N4_a_bare_FORMERR_with_another_id),
        TEST(test_threat_N4_a_bare_FORMERR_to_a_query_without_EDNS),
        TEST(test_threat_N4_a_bare_FORMERR_of_a_server_that_knows_EDNS),
        TEST(a_server_that_refuses_cookies_gets_none),
        TEST(a_server_that_lowers_names_is_asked_by_tcp),
        TEST(without_tcp_it_is_asked_in_lower_case),
        TEST(test_threat_N4_another_letter_case_of_a_server_that_lowers_names),
        TEST(a_server_that_truncates_all_is_asked_by_tcp),
        TEST(a_server_without_udp_is_asked_by_tcp),
        TEST(a_slow_server_is_waited_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
