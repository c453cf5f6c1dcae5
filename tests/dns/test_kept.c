/* test_kept.c -- a resolver with a cache, in virtual time: cached answers, and repeated
 * questions. */
#include "dns_lookup.h"

enum {
    CACHE = 262144
};

static void open_caching(struct fixture *f, uint32_t stale_s, bool prefetch)
{
    const struct leat_resolver_config config = {.servers = {{.ip = SERVER_IP}},
                                                .server_count = 1,
                                                .cache_bytes = CACHE,
                                                .stale_s = stale_s,
                                                .prefetch = prefetch};

    open_resolver(f, &config);
}

/* Number of queries sent. */
static unsigned asked(const struct fixture *f)
{
    return (unsigned)(f->counts->udp_queries + f->counts->tcp_queries);
}

/* 192.0.2.8, with a TTL of 9 s. */
static void says_8(struct liar *liar)
{
    say(liar, make_reply(liar, LEAT_DNS_NOERROR, 8));
}

static void test_an_answer_is_kept_for_its_TTL(void **state)
{
    struct fixture *f = *state;

    with_liar(f, says_8);
    open_caching(f, 0, false);
    look_up(f, "www.example.test", LEAT_DNS_A); /* takes a second */
    world_wait(f->world, 4 * second);
    assert_found(look_up(f, "WWW.example.test", LEAT_DNS_A),
                 "WWW.example.test. 4 IN A 192.0.2.8\n");
    assert_int_equal(asked(f), 1);
    assert_int_equal(f->counts->cache_hits, 1);
    world_wait(f->world, 4 * second);
    assert_found(look_up(f, "www.example.test", LEAT_DNS_A),
                 "www.example.test. 9 IN A 192.0.2.8\n");
    assert_int_equal(asked(f), 2);
}

static void test_aliases_and_missing_names_are_kept(void **state)
{
    struct fixture *f = *state;

    with_server(f);
    leat_resolver_close(f->resolver);
    free(f->resolver_memory);
    open_caching(f, 0, false);
    for (unsigned i = 0; i < 2; i++) {
        const struct outcome *outcome = look_up(f, "alias2.example.test", LEAT_DNS_A);

        assert_non_null(strstr(outcome->records, "www.example.test."));
        assert_string_equal(outcome->name, "www.example.test.");
        outcome = look_up(f, "no.example.test", i == 0 ? LEAT_DNS_A : LEAT_DNS_MX);
        assert_int_equal(outcome->err, LEAT_ERR_NOT_FOUND);
        assert_int_equal(outcome->rcode, LEAT_DNS_NXDOMAIN);
        outcome = look_up(f, "www.example.test", LEAT_DNS_MX);
        assert_int_equal(outcome->err, LEAT_ERR_NOT_FOUND);
        assert_int_equal(outcome->rcode, LEAT_DNS_NOERROR);
        assert_non_null(strstr(look_up(f, "big.example.test", LEAT_DNS_TXT)->records, "00014"));
        assert_int_equal(look_up(f, "example.test", LEAT_DNS_SOA)->err, LEAT_OK);
        assert_int_equal(look_up(f, "example.test", LEAT_DNS_MX)->err, LEAT_OK);
        assert_int_equal(look_up(f, "out.example.test", LEAT_DNS_A)->err, LEAT_ERR_NOT_FOUND);
        /* one by UDP and one by TCP, and the last again, because its answer had no SOA record */
        assert_int_equal(asked(f), 8 + i);
    }
}

static void says_no_record(struct liar *liar)
{
    say(liar, make_reply(liar, LEAT_DNS_NOERROR, 0));
}

static void test_a_negative_answer_without_SOA_is_not_kept(void **state)
{
    struct fixture *f = *state;

    with_liar(f, says_no_record);
    open_caching(f, 0, false);
    for (unsigned i = 1; i <= 2; i++) {
        assert_int_equal(look_up(f, "www.example.test", LEAT_DNS_A)->err, LEAT_ERR_NOT_FOUND);
        assert_int_equal(asked(f), i);
    }
}

static void says_servfail(struct liar *liar)
{
    say(liar, make_reply(liar, LEAT_DNS_SERVFAIL, 0));
}

/* The same, with an SOA record. */
static void says_no_record_for_long(struct liar *liar)
{
    static const uint8_t apex[] = "\7example\4test";
    static const uint8_t rdata[22] = {[20] = 1}; /* MINIMUM: 256 s */
    const uint8_t *name = liar->query.bytes + DNS_HEADER_BYTES;
    const struct dns_new_record soa = {.owner = apex,
                                       .rdata = rdata,
                                       .ttl_s = 300,
                                       .type = LEAT_DNS_SOA,
                                       .rdata_len = sizeof rdata};
    struct message reply;
    struct dns_writer writer;

    dns_write_start(&writer, reply.bytes, 512);
    dns_write_question(&writer, name, get16(name + strlen((const char *)name) + 1), DNS_CLASS_IN);
    dns_write_record(&writer, DNS_AUTHORITY, &soa);
    reply.len = dns_write_end(&writer, get16(liar->query.bytes), DNS_QR);
    say(liar, &reply);
}

static void test_a_failure_is_kept_for_some_seconds(void **state)
{
    struct fixture *f = *state;

    with_liar(f, says_servfail);
    open_caching(f, 0, false);
    for (unsigned i = 0; i < 3; i++) {
        const struct outcome *outcome = look_up(f, "www.example.test", LEAT_DNS_A);

        assert_int_equal(outcome->err, LEAT_ERR_SERVERS);
        assert_int_equal(outcome->rcode, LEAT_DNS_SERVFAIL);
        assert_int_equal(asked(f), 1);
    }
    world_wait(f->world, 5 * second);
    look_up(f, "www.example.test", LEAT_DNS_A);
    assert_int_equal(asked(f), 2);
}

/* A name that is an alias of itself. */
static void says_circle(struct liar *liar)
{
    const uint8_t *name = liar->query.bytes + DNS_HEADER_BYTES;
    const struct dns_new_record alias = {.owner = name,
                                         .rdata = name,
                                         .ttl_s = 300,
                                         .type = LEAT_DNS_CNAME,
                                         .rdata_len = (uint16_t)(strlen((const char *)name) + 1)};
    struct message reply;
    struct dns_writer writer;

    dns_write_start(&writer, reply.bytes, 512);
    dns_write_question(&writer, name, LEAT_DNS_A, DNS_CLASS_IN);
    dns_write_record(&writer, DNS_ANSWER, &alias);
    reply.len = dns_write_end(&writer, get16(liar->query.bytes), DNS_QR);
    say(liar, &reply);
}

/* RFC 9520 2.5 */
static void test_a_circle_of_aliases_is_kept_as_a_failure(void **state)
{
    struct fixture *f = *state;

    with_liar(f, says_circle);
    open_caching(f, 0, false);
    assert_int_equal(look_up(f, "www.example.test", LEAT_DNS_A)->err, LEAT_ERR_FORMAT);
    assert_int_equal(look_up(f, "www.example.test", LEAT_DNS_A)->err, LEAT_ERR_SERVERS);
    assert_int_equal(asked(f), 1);
    f->liar.answer = says_8;
    world_wait(f->world, 5 * second);
    assert_int_equal(look_up(f, "www.example.test", LEAT_DNS_A)->err, LEAT_OK);
}

static void test_a_failure_is_kept_though_another_server_can_not_be_reached(void **state)
{
    const struct leat_resolver_config config = {
        .servers = {{.ip = SERVER_IP}, {.ip = LEAT_IP4(192, 0, 2, 1)}}, /* without a gateway */
        .server_count = 2,
        .cache_bytes = CACHE};
    struct fixture *f = *state;

    with_liar(f, says_servfail);
    open_resolver(f, &config);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(look_up(f, "www.example.test", LEAT_DNS_A)->err, LEAT_ERR_SERVERS);
    assert_int_equal(asked(f), 1);
}

/* No record has type 0 (RFC 6895 3.1), but it can be asked for. */
static void test_an_answer_for_type_0_is_not_kept_for_all_types(void **state)
{
    struct fixture *f = *state;

    with_liar(f, says_no_record_for_long);
    open_caching(f, 0, false);
    for (unsigned i = 0; i < 2; i++) {
        look_up(f, "www.example.test", 0);
        f->liar.answer = says_8;
        assert_found(look_up(f, "www.example.test", LEAT_DNS_A),
                     "www.example.test. 9 IN A 192.0.2.8\n");
        f->liar.answer = says_servfail;
        world_wait(f->world, 10 * second);
    }
    assert_int_equal(f->counts->cache_hits, 0);
}

static void says_long(struct liar *liar)
{
    struct message *reply = make_reply(liar, LEAT_DNS_NOERROR, 8);

    put32(reply->bytes + reply->len - 10, 100);
    say(liar, reply);
}

static void test_an_answer_used_near_its_end_is_renewed(void **state)
{
    struct fixture *f = *state;

    with_liar(f, says_long);
    open_caching(f, 0, true);
    look_up(f, "www.example.test", LEAT_DNS_A);
    world_wait(f->world, 80 * second);
    look_up(f, "www.example.test", LEAT_DNS_A);
    assert_int_equal(f->counts->prefetches, 0);
    world_wait(f->world, 10 * second);
    assert_found(look_up(f, "www.example.test", LEAT_DNS_A),
                 "www.example.test. 8 IN A 192.0.2.8\n");
    assert_int_equal(f->counts->prefetches, 1);
    world_wait(f->world, 20 * second);
    assert_int_equal(look_up(f, "www.example.test", LEAT_DNS_A)->err, LEAT_OK);
    assert_int_equal(asked(f), 2);
}

/* RFC 9520 3.2 */
static void test_a_failed_renewal_is_not_repeated_at_once(void **state)
{
    struct fixture *f = *state;

    with_liar(f, says_long);
    open_caching(f, 0, true);
    look_up(f, "www.example.test", LEAT_DNS_A);
    world_wait(f->world, 91 * second);
    f->liar.answer = says_servfail;
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(look_up(f, "www.example.test", LEAT_DNS_A)->err, LEAT_OK);
    assert_int_equal(f->counts->prefetches, 1);
    assert_int_equal(asked(f), 2);
}

/* ---- simultaneous questions ---------------------------------------------------------------- */

static void test_threat_N6_equal_lookups_are_one_question(void **state)
{
    struct fixture *f = *state;
    const struct leat_dns_name names[2] = {name_of("www.example.test"),
                                           name_of("WWW.Example.test")};
    static struct outcome outcomes[16];
    struct leat_lookup *lookups[16];

    with_liar(f, says_8);
    open_caching(f, 0, false);
    memset(outcomes, 0, sizeof outcomes);
    for (unsigned i = 0; i < 16; i++)
        assert_int_equal(leat_lookup_start(f->resolver, &names[i % 2], LEAT_DNS_A, on_done,
                                           &outcomes[i], &lookups[i]),
                         LEAT_OK);
    leat_lookup_cancel(lookups[0]);
    leat_lookup_cancel(lookups[7]);
    world_wait(f->world, second);
    assert_int_equal(f->liar.count, 1);
    assert_int_equal(f->counts->joined, 15);
    for (unsigned i = 0; i < 16; i++)
        assert_int_equal(outcomes[i].calls, i != 0 && i != 7);
    assert_string_equal(outcomes[2].records, "www.example.test. 9 IN A 192.0.2.8\n");
    assert_string_equal(outcomes[3].records, "WWW.Example.test. 9 IN A 192.0.2.8\n");
}

static void test_a_question_without_a_lookup_ends(void **state)
{
    struct fixture *f = *state;
    const struct leat_dns_name name = name_of("www.example.test");
    struct leat_lookup *lookups[2];

    with_liar(f, NULL);
    open_caching(f, 0, false);
    for (unsigned i = 0; i < 2; i++)
        leat_lookup_start(f->resolver, &name, LEAT_DNS_A, on_done, NULL, &lookups[i]);
    leat_lookup_cancel(lookups[0]);
    leat_lookup_cancel(lookups[1]);
    world_wait(f->world, 100 * second);
    assert_int_equal(f->counts->timeouts, 0);
}

static void close_all(void *arg, enum leat_err err, const struct leat_dns_result *result)
{
    struct fixture *f = arg;

    (void)err;
    (void)result;
    leat_resolver_close(f->resolver);
    f->resolver = NULL;
    free(f->resolver_memory); /* available to the program again */
    f->resolver_memory = NULL;
}

static void says_8_twice(struct liar *liar)
{
    says_8(liar);
    says_8(liar);
}

/* Another datagram waits after the one that closes the resolver. */
static void test_the_first_callback_may_close_the_resolver(void **state)
{
    struct fixture *f = *state;
    const struct leat_dns_name name = name_of("www.example.test");

    with_liar(f, says_8_twice);
    open_caching(f, 0, false);
    for (unsigned i = 0; i < 4; i++)
        leat_lookup_start(f->resolver, &name, LEAT_DNS_A, close_all, f, NULL);
    world_wait(f->world, 10 * second);
    assert_null(f->resolver);
}

/* ---- N8 ------------------------------------------------------------------------------------ */

static uint32_t ttl_to_say;

/* Two records with that TTL; one of them doesn't belong to the question. */
static void says_with_ttl(struct liar *liar)
{
    static const uint8_t other[] = "\4bank\4test";
    const uint8_t rdata[] = {192, 0, 2, 66};
    const uint8_t *name = liar->query.bytes + DNS_HEADER_BYTES;
    struct dns_new_record record = {
        .owner = name, .rdata = rdata, .ttl_s = ttl_to_say, .type = LEAT_DNS_A, .rdata_len = 4};
    struct message reply;
    struct dns_writer writer;

    dns_write_start(&writer, reply.bytes, 512);
    dns_write_question(&writer, name, LEAT_DNS_A, DNS_CLASS_IN);
    dns_write_record(&writer, DNS_ANSWER, &record);
    record.owner = other;
    dns_write_record(&writer, DNS_ANSWER, &record);
    dns_write_record(&writer, DNS_ADDITIONAL, &record);
    reply.len = dns_write_end(&writer, get16(liar->query.bytes), DNS_QR);
    say(liar, &reply);
}

static void test_threat_N8_TTLs_are_clamped(void **state)
{
    static const struct {
        uint32_t ttl_s;
        unsigned kept_s;
    } cases[] = {{0, 0}, {0x80000000u, 0}, {0x7fffffff, 86400}, {200000, 86400}, {100, 100}};
    struct fixture *f = *state;

    with_liar(f, says_with_ttl);
    open_caching(f, 0, false);
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        char name[30];

        sprintf(name, "www%u.example.test", i);
        ttl_to_say = cases[i].ttl_s;
        look_up(f, name, LEAT_DNS_A);
        world_wait(f->world, (cases[i].kept_s > 2 ? cases[i].kept_s - 2 : 0) * second);
        assert_int_equal(f->liar.count, i * 2 + 1);
        look_up(f, name, LEAT_DNS_A); /* in its last second, or after it */
        assert_int_equal(f->liar.count, i * 2 + (cases[i].kept_s == 0 ? 2 : 1));
        world_wait(f->world, 2 * second);
        f->liar.count = i * 2 + 1;
        look_up(f, name, LEAT_DNS_A);
        assert_int_equal(f->liar.count, (i + 1) * 2);
    }
}

static void test_threat_N8_what_nobody_asked_for_is_not_kept(void **state)
{
    struct fixture *f = *state;

    with_liar(f, says_with_ttl);
    open_caching(f, 0, false);
    ttl_to_say = 100;
    look_up(f, "www.example.test", LEAT_DNS_A);
    assert_int_equal(f->liar.count, 1);
    assert_found(look_up(f, "www.example.test", LEAT_DNS_A),
                 "www.example.test. 99 IN A 192.0.2.66\n");
    assert_int_equal(f->liar.count, 1);
    look_up(f, "bank.test", LEAT_DNS_A);
    assert_int_equal(f->liar.count, 2);
}

static void test_limits_out_of_range_are_refused(void **state)
{
    struct fixture *f = *state;
    static uint8_t memory[200000];
    struct leat_resolver *resolver;

    for (unsigned i = 0; i < 4; i++) {
        const struct leat_resolver_config config = {.servers = {{.ip = SERVER_IP}},
                                                    .server_count = 1,
                                                    .cache_bytes = i == 0 ? 16383 : 16384,
                                                    .ttl_max_s = i == 1 ? 604801 : 0,
                                                    .stale_s = i == 2 ? 604801 : 0,
                                                    .failure_ttl_s = i == 3 ? 301 : 300};

        assert_int_equal(
            leat_resolver_open(&resolver, f->world->stacks[CLIENT], memory, sizeof memory, &config),
            LEAT_ERR_ARGUMENT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_an_answer_is_kept_for_its_TTL),
        TEST(test_aliases_and_missing_names_are_kept),
        TEST(test_a_negative_answer_without_SOA_is_not_kept),
        TEST(test_a_failure_is_kept_for_some_seconds),
        TEST(test_a_circle_of_aliases_is_kept_as_a_failure),
        TEST(test_a_failure_is_kept_though_another_server_can_not_be_reached),
        TEST(test_an_answer_for_type_0_is_not_kept_for_all_types),
        TEST(test_an_answer_used_near_its_end_is_renewed),
        TEST(test_a_failed_renewal_is_not_repeated_at_once),
        TEST(test_threat_N6_equal_lookups_are_one_question),
        TEST(test_a_question_without_a_lookup_ends),
        TEST(test_the_first_callback_may_close_the_resolver),
        TEST(test_threat_N8_TTLs_are_clamped),
        TEST(test_threat_N8_what_nobody_asked_for_is_not_kept),
        TEST(test_limits_out_of_range_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
