/* test_resolver.c -- lookups over a wire: with the real server, without one, and with failing
 * ones.
 */
#include "dns_lookup.h"

/* ---- with the real server ----------------------------------------------------------------- */

static void test_addresses_are_found(void **state)
{
    struct fixture *f = *state;

    with_server(f);
    assert_found(look_up(f, "www.Example.test", LEAT_DNS_A),
                 "www.Example.test. 300 IN A 192.0.2.3\nwww.Example.test. 300 IN A 192.0.2.4\n");
    assert_found(look_up(f, "ns1.example.test", LEAT_DNS_AAAA),
                 "ns1.example.test. 3600 IN AAAA 2001:db8::1\n");
    assert_int_equal(f->counts->udp_queries, 2);
    assert_int_equal(f->counts->replies, 2);
}

static void test_aliases_are_followed(void **state)
{
    struct fixture *f = *state;
    const struct outcome *outcome;

    with_server(f);
    outcome = look_up(f, "alias2.example.test", LEAT_DNS_A);
    assert_found(outcome,
                 "www.example.test. 300 IN A 192.0.2.3\nwww.example.test. 300 IN A 192.0.2.4\n");
    assert_string_equal(outcome->name, "www.example.test.");
    assert_found(look_up(f, "alias2.example.test", LEAT_DNS_CNAME),
                 "alias2.example.test. 3600 IN CNAME alias.example.test.\n");
    outcome = look_up(f, "out.example.test", LEAT_DNS_A);
    assert_int_equal(outcome->err, LEAT_ERR_NOT_FOUND);
    assert_string_equal(outcome->name, "www.example.net.");
}

static void test_threat_N9_aliases_in_a_circle_are_an_error(void **state)
{
    struct fixture *f = *state;

    with_server(f);
    assert_int_equal(look_up(f, "loop1.example.test", LEAT_DNS_A)->err, LEAT_ERR_FORMAT);
}

static void test_missing_names_and_types(void **state)
{
    struct fixture *f = *state;
    const struct outcome *outcome;

    with_server(f);
    outcome = look_up(f, "no.example.test", LEAT_DNS_A);
    assert_int_equal(outcome->err, LEAT_ERR_NOT_FOUND);
    assert_int_equal(outcome->rcode, LEAT_DNS_NXDOMAIN);
    outcome = look_up(f, "www.example.test", LEAT_DNS_MX);
    assert_int_equal(outcome->err, LEAT_ERR_NOT_FOUND);
    assert_int_equal(outcome->rcode, LEAT_DNS_NOERROR);
    outcome = look_up(f, "www.elsewhere.test", LEAT_DNS_A);
    assert_int_equal(outcome->err, LEAT_ERR_SERVERS);
    assert_int_equal(outcome->rcode, LEAT_DNS_REFUSED);
    assert_int_equal(look_up(f, "x.sub.example.test", LEAT_DNS_A)->err, LEAT_ERR_SERVERS);
}

static void test_truncated_reply_is_asked_for_by_tcp(void **state)
{
    struct fixture *f = *state;
    const struct outcome *outcome;

    with_server(f);
    outcome = look_up(f, "big.example.test", LEAT_DNS_TXT);
    assert_int_equal(outcome->err, LEAT_OK);
    assert_non_null(strstr(outcome->records, "00014"));
    assert_int_equal(f->counts->truncated, 1);
    assert_int_equal(f->counts->tcp_queries, 1);
    /* UDP had one try, TCP another: no more */
    assert_int_equal(f->counts->udp_queries, 1);
}

static void test_reply_by_tcp_over_the_limit(void **state)
{
    struct fixture *f = *state;

    with_server(f);
    assert_int_equal(look_up(f, "huge.example.test", LEAT_DNS_TXT)->err, LEAT_ERR_TOO_BIG);
}

static void test_lossy_wire(void **state)
{
    struct fixture *f = *state;
    unsigned found = 0;

    with_server(f);
    world_spoil(f->world, 200000);
    for (unsigned i = 0; i < 40; i++) {
        const bool big = i % 4 == 0;
        const struct outcome *outcome = look_up(f, big ? "big.example.test" : "www.example.test",
                                                big ? LEAT_DNS_TXT : LEAT_DNS_A);

        assert_true(outcome->err == LEAT_OK || outcome->err == LEAT_ERR_TIMEOUT);
        if (outcome->err == LEAT_OK)
            found++;
    }
    assert_in_range(found, 32, 40);
    assert_true(f->counts->timeouts > 5);
    world_spoil(f->world, 0);
}

static void test_many_lookups_at_a_time(void **state)
{
    struct fixture *f = *state;
    const struct leat_dns_name www = name_of("www.example.test");
    static struct outcome outcomes[5];
    struct leat_lookup *lookups[4];

    with_server(f);
    memset(outcomes, 0, sizeof outcomes);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(
            leat_lookup_start(f->resolver, &www, LEAT_DNS_A, on_done, &outcomes[i], &lookups[i]),
            LEAT_OK);
    assert_int_equal(leat_lookup_start(f->resolver, &www, LEAT_DNS_A, on_done, &outcomes[4], NULL),
                     LEAT_ERR_FULL);
    leat_lookup_cancel(lookups[1]);
    assert_int_equal(leat_lookup_start(f->resolver, &www, LEAT_DNS_A, on_done, &outcomes[4], NULL),
                     LEAT_OK);
    world_wait(f->world, 60 * second);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(outcomes[i].calls, i != 1);
}

/* ---- without a server, or with a failing one ---------------------------------------------- */

static void test_silence_is_asked_again_ever_later_and_ends(void **state)
{
    struct fixture *f = *state;
    struct liar *liar = with_liar(f, NULL);
    uint64_t start_ns;

    open_plain_resolver(f, 2);
    start_ns = f->world->now_ns;
    assert_int_equal(look_up(f, "www.example.test", LEAT_DNS_A)->err, LEAT_ERR_TIMEOUT);
    assert_int_equal(liar->count, 6);
    for (unsigned i = 0; i < 6; i++) {
        static const uint64_t at_s[] = {0, 2, 4, 8, 12, 20};

        assert_true(leat_ip_equal(liar->seen[i].to, i % 2 == 0 ? SERVER_IP : SERVER2_IP));
        assert_in_range(liar->seen[i].at_ns - start_ns, at_s[i] * second,
                        at_s[i] * second + 100 * ms);
        assert_int_equal(liar->seen[i].has_edns, i < 2);
    }
    assert_int_equal(f->counts->timeouts, 6);
}

static void test_no_server_there(void **state)
{
    struct fixture *f = *state;

    open_plain_resolver(f, 2); /* the host is there, its port is closed: ICMP reports it */
    assert_int_equal(look_up(f, "www.example.test", LEAT_DNS_A)->err, LEAT_ERR_REFUSED);
    assert_int_equal(f->counts->udp_queries, 2);
    assert_int_equal(f->counts->timeouts, 0);
}

static void test_no_way_to_the_server(void **state)
{
    struct fixture *f = *state;
    const struct leat_resolver_config config = {.servers = {{.ip = LEAT_IP4(192, 0, 2, 1)}},
                                                .server_count = 1};

    open_resolver(f, &config);
    assert_int_equal(look_up(f, "www.example.test", LEAT_DNS_A)->err, LEAT_ERR_NO_ROUTE);
}

static void first_fails(struct liar *liar)
{
    if (leat_ip_equal(liar->local_ip, SERVER_IP))
        say(liar, make_reply(liar, LEAT_DNS_SERVFAIL, 0));
    else
        say(liar, make_reply(liar, LEAT_DNS_NOERROR, 8));
}

static void test_server_that_fails_is_left_out(void **state)
{
    struct fixture *f = *state;
    struct liar *liar = with_liar(f, first_fails);
    const struct outcome *outcome;

    open_plain_resolver(f, 2);
    outcome = look_up(f, "www.example.test", LEAT_DNS_A);
    assert_found(outcome, "www.example.test. 9 IN A 192.0.2.8\n");
    assert_true(leat_ip_equal(outcome->server.ip, SERVER2_IP));
    assert_int_equal(liar->count, 2);
    assert_int_equal(f->counts->timeouts, 0);
}

static void dislikes_edns(struct liar *liar)
{
    const bool has_edns = get16(liar->query.bytes + 10) == 1;

    say(liar,
        has_edns ? make_reply(liar, LEAT_DNS_FORMERR, 0) : make_reply(liar, LEAT_DNS_NOERROR, 8));
}

static void test_server_without_edns(void **state)
{
    struct fixture *f = *state;

    with_liar(f, dislikes_edns);
    open_plain_resolver(f, 1);
    assert_found(look_up(f, "www.example.test", LEAT_DNS_A),
                 "www.example.test. 9 IN A 192.0.2.8\n");
    assert_int_equal(f->counts->timeouts, 0);
}

static void no_datagram(struct leat_udp *udp, struct leat_buf *payload,
                        const struct leat_endpoint *peer, const struct leat_endpoint *local,
                        void *arg)
{
    (void)udp, (void)peer, (void)local, (void)arg;
    leat_buf_free(payload);
}

/* Lack of memory passes: the next round asks. */
static void test_a_lookup_begins_again_when_there_is_memory(void **state)
{
    static const struct leat_udp_events events = {.on_datagram = no_datagram};
    static const char www[] =
        "www.example.test. 300 IN A 192.0.2.3\nwww.example.test. 300 IN A 192.0.2.4\n";
    const struct leat_dns_name name = name_of("www.example.test");
    static struct outcome outcomes[2];
    static struct hog hog;
    struct leat_udp *sockets[1024];
    struct fixture *f = *state;
    struct leat *client = f->world->stacks[CLIENT];
    unsigned count = 0;

    memset(outcomes, 0, sizeof outcomes);
    with_server(f);
    take_all_but(&hog, client, 0);
    assert_int_equal(leat_lookup_start(f->resolver, &name, LEAT_DNS_A, on_done, &outcomes[0], NULL),
                     LEAT_OK);
    give_all(&hog);
    assert_true(world_run(f->world, &outcomes[0].done, 60 * second));
    assert_found(&outcomes[0], www);
    /* the same without a socket */
    while (leat_udp_open(client, &sockets[count], &events, NULL) == LEAT_OK)
        count++;
    assert_int_equal(leat_lookup_start(f->resolver, &name, LEAT_DNS_A, on_done, &outcomes[1], NULL),
                     LEAT_OK);
    while (count > 0)
        leat_udp_close(sockets[--count]);
    assert_true(world_run(f->world, &outcomes[1].done, 60 * second));
    assert_found(&outcomes[1], www);
}

static void test_closing_ends_lookups_without_a_word(void **state)
{
    struct fixture *f = *state;
    const struct leat_dns_name name = name_of("www.example.test");
    static struct outcome outcome;

    with_liar(f, NULL);
    open_plain_resolver(f, 1);
    memset(&outcome, 0, sizeof outcome);
    leat_lookup_start(f->resolver, &name, LEAT_DNS_A, on_done, &outcome, NULL);
    world_wait(f->world, second);
    leat_resolver_close(f->resolver);
    f->resolver = NULL;
    world_wait(f->world, 60 * second);
    assert_int_equal(outcome.calls, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_addresses_are_found),
        TEST(test_aliases_are_followed),
        TEST(test_threat_N9_aliases_in_a_circle_are_an_error),
        TEST(test_missing_names_and_types),
        TEST(test_truncated_reply_is_asked_for_by_tcp),
        TEST(test_reply_by_tcp_over_the_limit),
        TEST(test_lossy_wire),
        TEST(test_many_lookups_at_a_time),
        TEST(test_silence_is_asked_again_ever_later_and_ends),
        TEST(test_no_server_there),
        TEST(test_no_way_to_the_server),
        TEST(test_server_that_fails_is_left_out),
        TEST(test_server_without_edns),
        TEST(test_a_lookup_begins_again_when_there_is_memory),
        TEST(test_closing_ends_lookups_without_a_word),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
