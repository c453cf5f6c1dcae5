/* test_stale.c -- a resolver whose cache gives stale answers (RFC 8767), in virtual time. */
#include "dns_home.h"

enum {
    CACHE = 262144
};

static void open_caching(struct fixture *f)
{
    const struct leat_resolver_config config = {
        .servers = {{.ip = SERVER_IP}}, .server_count = 1, .cache_bytes = CACHE, .stale_s = 86400};

    open_resolver(f, &config);
}

/* Number of queries sent. */
static unsigned asked(const struct fixture *f)
{
    return (unsigned)(f->counts->udp_queries + f->counts->tcp_queries);
}

static void says_servfail(struct liar *liar)
{
    say(liar, make_reply(liar, LEAT_DNS_SERVFAIL, 0));
}

static void says_no_record(struct liar *liar)
{
    say(liar, make_reply(liar, LEAT_DNS_NOERROR, 0));
}

static void says_ttl_0(struct liar *liar)
{
    struct message *reply = make_reply(liar, LEAT_DNS_NOERROR, 8);

    put32(reply->bytes + reply->len - 10, 0);
    say(liar, reply);
}

static void test_stale_answers_are_used_while_the_servers_fail(void **state)
{
    struct fixture *f = *state;

    with_liar(f, says_8);
    open_caching(f);
    look_up(f, "www.example.test", LEAT_DNS_A);
    f->liar.answer = says_servfail;
    world_wait(f->world, 10 * second);
    for (unsigned i = 0; i < 3; i++) /* the last two without a query */
        assert_found(look_up(f, "www.example.test", LEAT_DNS_A),
                     "www.example.test. 30 IN A 192.0.2.8\n");
    assert_int_equal(asked(f), 2);
    assert_int_equal(f->counts->cache_stale, 3);
    world_wait(f->world, 30 * second);
    f->liar.answer = says_8;
    assert_found(look_up(f, "www.example.test", LEAT_DNS_A),
                 "www.example.test. 9 IN A 192.0.2.8\n");
}

static void test_stale_answers_are_used_when_the_servers_are_slow(void **state)
{
    struct fixture *f = *state;
    uint64_t start_ns;

    with_liar(f, says_8);
    open_caching(f);
    look_up(f, "www.example.test", LEAT_DNS_A);
    f->liar.answer = NULL;
    world_wait(f->world, 10 * second);
    start_ns = f->world->now_ns;
    assert_found(look_up(f, "www.example.test", LEAT_DNS_A),
                 "www.example.test. 30 IN A 192.0.2.8\n");
    assert_in_range(f->world->now_ns - start_ns, 2800 * ms,
                    2900 * ms);         /* and one second from look_up() */
    world_wait(f->world, 100 * second); /* the query goes on without a lookup */
    assert_int_equal(f->liar.count, 4);
}

static struct outcome slow;

/* Asks, and waits until a stale answer would come (1.8 s), but not until a second try (2 s). */
static void begin_slowly(struct fixture *f)
{
    const struct leat_dns_name name = name_of("www.example.test");

    memset(&slow, 0, sizeof slow);
    assert_int_equal(leat_lookup_start(f->resolver, &name, LEAT_DNS_A, on_done, &slow, NULL),
                     LEAT_OK);
    world_wait(f->world, 1900 * ms);
}

/* RFC 8767 covers data; a cached failure is used for some seconds only (RFC 9520 3.2). */
static void test_a_failure_is_never_stale(void **state)
{
    struct fixture *f = *state;

    with_liar(f, says_servfail);
    open_caching(f);
    look_up(f, "www.example.test", LEAT_DNS_A);
    world_wait(f->world, 5 * second);
    look_up(f, "www.example.test", LEAT_DNS_A); /* fails again: cached for as long as the
                                                 * first time */
    assert_int_equal(asked(f), 2);
    world_wait(f->world, 5 * second);
    f->liar.answer = NULL; /* slow: the second try is answered, after two seconds */
    begin_slowly(f);
    assert_int_equal(slow.calls, 0);
    f->liar.answer = says_8;
    world_wait(f->world, second);
    assert_found(&slow, "www.example.test. 9 IN A 192.0.2.8\n");
    assert_int_equal(f->counts->cache_stale, 0);
}

/* The newest answer can't be cached, but it contradicts the old one. */
static void test_a_replaced_answer_is_never_used_as_stale(void **state)
{
    struct fixture *f = *state;

    with_liar(f, says_8);
    open_caching(f);
    for (unsigned i = 0; i < 2; i++) {
        f->liar.answer = says_8;
        look_up(f, "www.example.test", LEAT_DNS_A);
        world_wait(f->world, 10 * second);
        f->liar.answer = i == 0 ? says_ttl_0 : says_no_record;
        look_up(f, "www.example.test", LEAT_DNS_A);
        f->liar.answer = says_servfail;
        assert_int_equal(look_up(f, "www.example.test", LEAT_DNS_A)->err, LEAT_ERR_SERVERS);
        world_wait(f->world, 10 * second);
    }
    assert_int_equal(f->counts->cache_stale, 0);
}

/* Queries go on for a while after their lookups got stale answers. */
static void test_stale_answers_are_used_when_too_many_ask(void **state)
{
    const struct leat_resolver_config config = {.servers = {{.ip = SERVER_IP}},
                                                .server_count = 1,
                                                .lookups = 2,
                                                .cache_bytes = CACHE,
                                                .stale_s = 86400};
    static const char *const names[] = {"a.example.test", "b.example.test", "c.example.test"};
    struct fixture *f = *state;

    with_liar(f, says_8);
    open_resolver(f, &config);
    for (unsigned i = 0; i < 3; i++)
        look_up(f, names[i], LEAT_DNS_A);
    f->liar.answer = NULL;
    world_wait(f->world, 10 * second);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(look_up(f, names[i], LEAT_DNS_A)->err, LEAT_OK);
    assert_int_equal(f->counts->cache_stale, 3);
}

static uint32_t told_ttl_s;

static void keep_ttl(struct leat_forwarder_query *query, const uint8_t *reply, size_t len,
                     uint32_t ttl_s)
{
    (void)query;
    (void)reply;
    (void)len;
    told_ttl_s = ttl_s;
}

/* The TTL that a forwarder tells beside its reply, which a program uses as max-age. */
static uint32_t ttl_told(struct fixture *f, const char *name)
{
    struct leat_forwarder_query query = {.peer = four(9), .on_reply = keep_ttl};
    struct message message;

    told_ttl_s = UINT32_MAX;
    make_query(&message, name, LEAT_DNS_A, 0);
    assert_true(leat_forwarder_ask(home.forwarder, &query, message.bytes, message.len));
    world_wait(f->world, ms);
    assert_int_not_equal(told_ttl_s, UINT32_MAX);
    return told_ttl_s;
}

/* An answer has a TTL of 9 s, which falls in the cache; a stale one has 30 s (RFC 8767 4). */
static void test_the_ttl_of_a_reply_falls_with_the_age_of_its_answer(void **state)
{
    const struct leat_forwarder_config config = {.waiting = 4};
    struct fixture *f = *state;

    with_liar(f, says_8);
    open_caching(f);
    open_home_with(f, &config);
    assert_int_equal(ttl_told(f, "www.example.test"), 9);
    assert_int_equal(ttl_told(f, "www.example.test"), 9);
    for (uint32_t age_s = 1; age_s < 9; age_s++) {
        world_wait(f->world, second - ms);
        assert_int_equal(ttl_told(f, "www.example.test"), 9 - age_s);
    }
    world_wait(f->world, 2 * second);
    assert_int_equal(ttl_told(f, "www.example.test"), 9); /* asked for again */
    assert_int_equal(asked(f), 2);
    f->liar.answer = says_servfail;
    world_wait(f->world, 10 * second);
    assert_int_equal(ttl_told(f, "www.example.test"), 30);
    assert_int_equal(ttl_told(f, "other.example.test"), 0); /* a failure */
    f->liar.answer = says_ttl_0;
    assert_int_equal(ttl_told(f, "third.example.test"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_stale_answers_are_used_while_the_servers_fail),
        TEST(test_stale_answers_are_used_when_the_servers_are_slow),
        TEST(test_a_failure_is_never_stale),
        TEST(test_a_replaced_answer_is_never_used_as_stale),
        TEST(test_stale_answers_are_used_when_too_many_ask),
        HOME(test_the_ttl_of_a_reply_falls_with_the_age_of_its_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
