/* test_saved.c -- the answers of a resolver, from one run to the next. */
#include "dns_home.h"

#include <stdlib.h>

#include <leat/civil.h>

enum {
    CACHE = 262144,
    ROOM = 60000
};

static const uint64_t in_2031_ns = UINT64_C(1935748800) * 1000000000;
static uint8_t block[ROOM];

static void open_caching(struct fixture *f, struct leat_ip server)
{
    const struct leat_resolver_config config = {
        .servers = {{.ip = server}}, .server_count = 1, .cache_bytes = CACHE};

    open_resolver(f, &config);
}

/* A run that ends, and another one @after_s later, by civil time. */
static uint32_t restart(struct fixture *f, uint64_t after_s, size_t len)
{
    struct leat *stack = f->world->stacks[CLIENT];
    const uint64_t civil_ns = leat_civil_ns(stack);
    uint8_t *exact = malloc(len);
    uint32_t taken;

    assert_non_null(exact);
    memcpy(exact, block, len); /* a sanitizer sees each byte that is read behind it */
    leat_resolver_close(f->resolver);
    free(f->resolver_memory);
    open_caching(f, SERVER_IP);
    leat_civil_set(stack, civil_ns + after_s * second);
    taken = leat_resolver_load(f->resolver, exact, len);
    free(exact);
    return taken;
}

static size_t save(struct fixture *f)
{
    uint32_t saved = 0;

    return leat_resolver_save(f->resolver, &saved, block, sizeof block);
}

static void with_real_server(struct fixture *f)
{
    with_server(f);
    leat_resolver_close(f->resolver);
    free(f->resolver_memory);
    open_caching(f, SERVER_IP);
    leat_civil_set(f->world->stacks[CLIENT], in_2031_ns);
}

/* Number of queries sent. */
static unsigned asked(const struct fixture *f)
{
    return (unsigned)(f->counts->udp_queries + f->counts->tcp_queries);
}

static void test_an_answer_lives_for_the_rest_of_its_time(void **state)
{
    struct fixture *f = *state;
    size_t len;

    with_real_server(f);
    look_up(f, "WWW.example.test", LEAT_DNS_A); /* takes a second */
    world_wait(f->world, 9 * second);
    len = save(f);
    assert_int_equal(restart(f, 100, len), 1);
    assert_found(look_up(f, "www.example.test", LEAT_DNS_A),
                 "www.example.test. 190 IN A 192.0.2.3\nwww.example.test. 190 IN A 192.0.2.4\n");
    assert_int_equal(asked(f), 0);
    len = save(f); /* once more */
    assert_int_equal(restart(f, 100, len), 1);
    assert_non_null(strstr(look_up(f, "www.example.test", LEAT_DNS_A)->records, " 89 IN A"));
    assert_int_equal(asked(f), 0);
    world_wait(f->world, 90 * second);
    look_up(f, "www.example.test", LEAT_DNS_A);
    assert_int_equal(asked(f), 1);
}

static const struct {
    const char *name;
    uint16_t type;
} questions[] = {{"alias2.example.test", LEAT_DNS_A}, {"no.example.test", LEAT_DNS_A},
                 {"www.example.test", LEAT_DNS_MX},   {"big.example.test", LEAT_DNS_TXT},
                 {"example.test", LEAT_DNS_SOA},      {"example.test", LEAT_DNS_MX},
                 {"mail.example.test", LEAT_DNS_A},   {"a.b.c.example.test", LEAT_DNS_A}};

enum {
    QUESTIONS = sizeof questions / sizeof *questions
};

/* Asks them all, and notes the outcomes; the resolver is then asked for other types, too. */
static void ask_all(struct fixture *f, struct outcome outcomes[QUESTIONS])
{
    for (unsigned i = 0; i < QUESTIONS; i++)
        outcomes[i] = *look_up(f, questions[i].name, questions[i].type);
}

/* The records without their TTLs. */
static void assert_same(const struct outcome *a, const struct outcome *b)
{
    const char *x = a->records, *y = b->records;

    assert_int_equal(a->err, b->err);
    assert_int_equal(a->rcode, b->rcode);
    while (*x && *y) {
        if (*x >= '0' && *x <= '9' && x[-1] == ' ' && *y >= '0' && *y <= '9') {
            x += strspn(x, "0123456789");
            y += strspn(y, "0123456789");
        }
        assert_int_equal(*x++, *y++);
    }
    assert_int_equal(*x, *y);
}

static void test_all_kinds_of_answers_come_back(void **state)
{
    static struct outcome before[QUESTIONS], after[QUESTIONS];
    struct fixture *f = *state;

    with_real_server(f);
    ask_all(f, before);
    ask_all(f, before);
    assert_int_equal(restart(f, 10, save(f)), QUESTIONS);
    ask_all(f, after);
    for (unsigned i = 0; i < QUESTIONS; i++)
        assert_same(&before[i], &after[i]);
    assert_int_equal(look_up(f, "no.example.test", LEAT_DNS_MX)->rcode, LEAT_DNS_NXDOMAIN);
    assert_int_equal(asked(f), 0);
}

static void says_servfail(struct liar *liar)
{
    say(liar, make_reply(liar, LEAT_DNS_SERVFAIL, 0));
}

/* TTLs of less than a minute, too. */
static void test_failures_and_short_lives_are_left_out(void **state)
{
    struct fixture *f = *state;

    with_liar(f, says_8);
    open_caching(f, SERVER_IP);
    leat_civil_set(f->world->stacks[CLIENT], in_2031_ns);
    look_up(f, "www.example.test", LEAT_DNS_A);
    f->liar.answer = says_servfail;
    look_up(f, "other.example.test", LEAT_DNS_A);
    assert_int_equal(save(f), 0);
}

static void test_blocks_share_the_answers(void **state)
{
    struct fixture *f = *state;
    static struct outcome outcomes[QUESTIONS];
    static uint8_t blocks[QUESTIONS][ROOM];
    size_t lens[QUESTIONS];
    uint32_t saved = 0, taken = 0;
    unsigned count = 0;

    with_real_server(f);
    ask_all(f, outcomes);
    for (unsigned i = 0; i < QUESTIONS; i++) {
        /* the largest answer, big.example.test, doesn't fit */
        lens[i] = leat_resolver_save(f->resolver, &saved, blocks[i], 400);
        assert_true(lens[i] <= 400);
        count += lens[i] > 0;
    }
    assert_int_equal(saved, QUESTIONS - 1);
    assert_in_range(count, 2, QUESTIONS - 1);
    memcpy(block, blocks[0], lens[0]);
    taken = restart(f, 10, lens[0]);
    for (unsigned i = 1; i < count; i++)
        taken += leat_resolver_load(f->resolver, blocks[i], lens[i]);
    assert_int_equal(taken, QUESTIONS - 1);
}

static void test_a_clock_that_is_unknown_or_behind_takes_nothing(void **state)
{
    struct fixture *f = *state;
    struct leat *stack;
    size_t len;

    with_real_server(f);
    stack = f->world->stacks[CLIENT];
    look_up(f, "mail.example.test", LEAT_DNS_A);
    leat_civil_set(stack, 0);
    assert_int_equal(save(f), 0);
    leat_civil_set(stack, in_2031_ns);
    len = save(f);
    assert_int_equal(restart(f, (uint64_t)-10, len), 0);
    assert_int_equal(restart(f, 8 * 86400, len), 0);
    leat_civil_set(stack, 0);
    assert_int_equal(leat_resolver_load(f->resolver, block, len), 0);
    leat_civil_set(stack, in_2031_ns + 3000 * second);
    assert_int_equal(leat_resolver_load(f->resolver, block, len), 1);
    leat_civil_set(stack, in_2031_ns + 3600 * second); /* the TTL */
    assert_int_equal(leat_resolver_load(f->resolver, block, len), 0);
}

static void test_answers_of_other_servers_are_not_taken(void **state)
{
    struct fixture *f = *state;
    size_t len;

    with_real_server(f);
    look_up(f, "mail.example.test", LEAT_DNS_A);
    len = save(f);
    leat_resolver_close(f->resolver);
    free(f->resolver_memory);
    open_caching(f, SERVER2_IP);
    assert_int_equal(leat_resolver_load(f->resolver, block, len), 0);
    assert_int_equal(restart(f, 0, len), 1);
}

/* Bytes of any kind are refused or taken, but never read beyond their end. */
static void test_damaged_blocks_are_read_within_their_bounds(void **state)
{
    static struct outcome outcomes[QUESTIONS];
    struct fixture *f = *state;
    uint32_t random = 1;
    size_t len;

    with_real_server(f);
    ask_all(f, outcomes);
    len = save(f);
    for (size_t part = 0; part < len; part += part < 600 ? 1 : 7) {
        uint8_t *exact = malloc(part + 1);

        memcpy(exact + 1, block, part);
        assert_true(leat_resolver_load(f->resolver, exact + 1, part) <= QUESTIONS);
        free(exact);
    }
    for (unsigned i = 0; i < 20000; i++) {
        uint8_t *byte;
        uint8_t before;

        random = random * 1664525 + 1013904223;
        byte = &block[17 + (random >> 8) % (len - 17)];
        before = *byte;
        *byte = (uint8_t)(random >> 3);
        (void)leat_resolver_load(f->resolver, block, len);
        *byte = before;
    }
    assert_int_equal(leat_resolver_load(f->resolver, block, len), QUESTIONS);
}

static void test_a_resolver_without_a_cache_keeps_nothing(void **state)
{
    struct fixture *f = *state;
    uint32_t saved = 0;

    with_server(f);
    leat_civil_set(f->world->stacks[CLIENT], in_2031_ns);
    look_up(f, "mail.example.test", LEAT_DNS_A);
    assert_int_equal(leat_resolver_save(f->resolver, &saved, block, sizeof block), 0);
    assert_int_equal(leat_resolver_load(f->resolver, block, sizeof block), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_an_answer_lives_for_the_rest_of_its_time),
        TEST(test_all_kinds_of_answers_come_back),
        TEST(test_failures_and_short_lives_are_left_out),
        TEST(test_blocks_share_the_answers),
        TEST(test_a_clock_that_is_unknown_or_behind_takes_nothing),
        TEST(test_answers_of_other_servers_are_not_taken),
        TEST(test_damaged_blocks_are_read_within_their_bounds),
        TEST(test_a_resolver_without_a_cache_keeps_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
