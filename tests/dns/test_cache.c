/* test_cache.c -- the cache by itself: its answers, their lifetimes, and evictions. */
#include "dns_test.h"

#include "proto/dns/cache.h"

static const struct siphash_key test_key = {1, 2};

struct fixture {
    struct cache cache;
    void *memory;
    struct cache_key key;
};

static void open_cache(struct fixture *f, size_t bytes)
{
    f->memory = malloc(bytes);
    cache_init(&f->cache, f->memory, bytes, &test_key);
}

static void set_key(struct fixture *f, const char *text, uint16_t type)
{
    const struct leat_dns_name name = name_of(text);

    cache_key_make(&f->cache, &f->key, name.wire, name.len, type);
}

/* An answer whose records are @len bytes of @fill: the cache doesn't parse them. */
static void put(struct fixture *f, const char *text, uint16_t type, uint8_t fill, size_t len,
                uint32_t ttl_s, uint32_t now_s)
{
    uint8_t records[20000];
    const struct dns_kept kept = {
        .records = records, .records_len = len, .ttl_s = ttl_s, .answers = 1};

    memset(records, fill, len);
    set_key(f, text, type);
    cache_put(&f->cache, &f->key, &kept, now_s);
}

static void put_negative(struct fixture *f, const char *text, uint16_t type, unsigned rcode)
{
    const uint8_t soa[60] = {0};
    const struct dns_kept kept = {.records = soa,
                                  .records_len = sizeof soa,
                                  .ttl_s = 300,
                                  .authorities = 1,
                                  .rcode = (uint8_t)rcode};

    set_key(f, text, type);
    cache_put(&f->cache, &f->key, &kept, 0);
}

static struct cache_entry *find(struct fixture *f, const char *text, uint16_t type, uint32_t now_s)
{
    set_key(f, text, type);
    return cache_find(&f->cache, &f->key, now_s);
}

/* True if it is found, which counts as a use. */
static bool use(struct fixture *f, const char *text)
{
    struct cache_entry *entry = find(f, text, LEAT_DNS_A, 0);

    if (entry)
        entry->used = true;
    return entry != NULL;
}

static int set_up(void **state)
{
    *state = calloc(1, sizeof(struct fixture));
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    free(f->memory);
    free(f);
    return 0;
}

static void test_an_answer_is_found_until_its_TTL_ends(void **state)
{
    struct fixture *f = *state;
    struct cache_entry *entry;
    struct dns_kept kept;

    open_cache(f, CACHE_BYTES_MIN);
    assert_null(find(f, "www.example.test", LEAT_DNS_A, 100));
    put(f, "www.Example.test", LEAT_DNS_A, 7, 16, 60, 100);
    entry = find(f, "WWW.example.test", LEAT_DNS_A, 159);
    assert_non_null(entry);
    assert_int_equal(cache_left_s(entry, 159), 1);
    cache_view(entry, &kept);
    assert_int_equal(kept.records_len, 16);
    assert_int_equal(kept.records[15], 7);
    assert_int_equal(kept.answers, 1);
    assert_null(find(f, "www.example.test", LEAT_DNS_A, 160));
    assert_null(find(f, "www.example.test", LEAT_DNS_AAAA, 100));
    assert_null(find(f, "ww.example.test", LEAT_DNS_A, 100));
}

static void test_stale_answers_are_found_for_the_configured_time(void **state)
{
    struct fixture *f = *state;

    open_cache(f, CACHE_BYTES_MIN);
    f->cache.stale_s = 1000;
    put(f, "www.example.test", LEAT_DNS_A, 7, 16, 60, 100);
    assert_int_equal(cache_left_s(find(f, "www.example.test", LEAT_DNS_A, 1159), 1159), 0);
    assert_null(find(f, "www.example.test", LEAT_DNS_A, 1160));
}

static void test_no_such_name_answers_for_all_types_until_one_is_there(void **state)
{
    struct fixture *f = *state;

    open_cache(f, CACHE_BYTES_MIN);
    put(f, "www.example.test", LEAT_DNS_A, 7, 16, 60, 0);
    put_negative(f, "www.example.test", 0, LEAT_DNS_NXDOMAIN);
    assert_int_equal(f->cache.count, 1);
    assert_int_equal(find(f, "www.example.test", LEAT_DNS_A, 0)->rcode, LEAT_DNS_NXDOMAIN);
    assert_int_equal(find(f, "www.example.test", LEAT_DNS_MX, 0)->rcode, LEAT_DNS_NXDOMAIN);
    put(f, "www.example.test", LEAT_DNS_MX, 7, 16, 60, 0);
    assert_null(find(f, "www.example.test", LEAT_DNS_A, 0));
    assert_int_equal(find(f, "www.example.test", LEAT_DNS_MX, 0)->rcode, LEAT_DNS_NOERROR);
}

static void test_an_answer_too_long_for_the_cache_is_not_kept(void **state)
{
    struct fixture *f = *state;

    open_cache(f, CACHE_BYTES_MIN);
    put(f, "www.example.test", LEAT_DNS_A, 1, 16, 60, 0);
    put(f, "www.example.test", LEAT_DNS_A, 2, 15000, 60, 0);
    assert_null(find(f, "www.example.test", LEAT_DNS_A, 0)); /* the replaced answer isn't
                                                              * found either */
    assert_int_equal(f->cache.count, 0);
}

/* The goal: 96 bytes per name. Each name is used once, and none is evicted. */
static void test_an_A_record_takes_96_bytes_at_most(void **state)
{
    enum {
        NAMES = 100000
    };
    struct fixture *f = *state;
    char text[40];

    open_cache(f, (size_t)NAMES * 96);
    for (unsigned i = 0; i < NAMES; i++) {
        sprintf(text, "host%06u.example.test", i);
        put(f, text, LEAT_DNS_A, (uint8_t)i, 16, 60, 0);
    }
    assert_int_equal(f->cache.count, NAMES);
    for (unsigned i = 0; i < NAMES; i++) {
        struct dns_kept kept;

        sprintf(text, "host%06u.example.test", i);
        cache_view(find(f, text, LEAT_DNS_A, 0), &kept);
        assert_int_equal(kept.records[0], (uint8_t)i);
    }
}

/* N10: random names of all kinds, a hundred times as many as fit, while some are used now and
 * then. */
static void test_threat_N10_made_up_names_push_out_nothing_in_use(void **state)
{
    struct fixture *f = *state;
    char text[60];

    open_cache(f, 65536);
    for (unsigned i = 0; i < 100; i++) {
        sprintf(text, "live%u.example.test", i);
        put(f, text, LEAT_DNS_A, 1, 16, 3600, 0);
        assert_true(use(f, text));
    }
    for (unsigned i = 0; i < 80000; i++) {
        sprintf(text, "%u.water.test", i);
        if (i % 3 == 0)
            put(f, text, LEAT_DNS_A, 2, 16 + i % 50, 3600, 0);
        else
            put_negative(f, text, 0, LEAT_DNS_NXDOMAIN);
        if (i % 50 == 0) {
            sprintf(text, "live%u.example.test", i / 50 % 100);
            assert_true(use(f, text));
        }
    }
    assert_in_range(f->cache.count, 100, 65536 / 40);
}

static void test_unused_answers_are_evicted_before_used_ones(void **state)
{
    struct fixture *f = *state;
    char text[60];

    open_cache(f, 65536);
    for (unsigned i = 0; i < 2000; i++) {
        sprintf(text, "old%u.example.test", i);
        put(f, text, LEAT_DNS_A, 1, 16, 3600, 0);
        use(f, text);
    }
    for (unsigned i = 0; i < 3000; i++) {
        sprintf(text, "new%u.example.test", i);
        put(f, text, LEAT_DNS_A, 1, 16, 3600, 0);
        use(f, text);
    }
    assert_false(use(f, "old1.example.test"));
    assert_true(use(f, "new2999.example.test"));
}

/* A model of the cache: the last answer put for each name and type, or nothing. */
enum {
    MODEL_NAMES = 300
};

struct model {
    uint8_t fill;
    uint16_t len;
};

static void check_one(struct fixture *f, const struct model *model, unsigned name, unsigned *found)
{
    struct cache_entry *entry;
    struct dns_kept kept;
    char text[40];

    sprintf(text, "%u.example.test", name);
    entry = find(f, text, LEAT_DNS_A, 0);
    if (!entry)
        return;
    ++*found;
    cache_view(entry, &kept);
    assert_int_equal(kept.records_len, model[name].len);
    for (unsigned i = 0; i < kept.records_len; i++)
        assert_int_equal(kept.records[i], model[name].fill);
    if (rand() % 2 == 0)
        entry->used = true;
}

/* The entries that a walk finds; each is that which is found by its name. */
static uint32_t walk_over_all(struct fixture *f)
{
    struct cache_walk walk = {0};
    struct cache_entry *entry;
    uint32_t count = 0;

    while ((entry = cache_next(&f->cache, &walk))) {
        cache_key_make(&f->cache, &f->key, cache_name(entry), entry->name_len, entry->type);
        assert_ptr_equal(cache_find(&f->cache, &f->key, entry->stored_s), entry);
        count++;
    }
    return count;
}

static void run_against_model(struct fixture *f, unsigned seed)
{
    static struct model model[MODEL_NAMES];
    unsigned found = 0;
    char text[40];

    srand(seed);
    for (unsigned step = 0; step < 4000; step++) {
        const unsigned name = (unsigned)rand() % (seed % 2 == 0 ? MODEL_NAMES : 60);

        if (rand() % 2 == 0) {
            check_one(f, model, name, &found);
            continue;
        }
        model[name].fill = (uint8_t)rand();
        model[name].len = (uint16_t)(rand() % 8 == 0 ? rand() % 3000 : rand() % 200);
        sprintf(text, "%u.example.test", name);
        put(f, text, LEAT_DNS_A, model[name].fill, model[name].len, 60, 0);
    }
    assert_true(found > 300);
    found = 0;
    for (unsigned name = 0; name < MODEL_NAMES; name++)
        check_one(f, model, name, &found);
    assert_int_equal(found, f->cache.count);
    assert_int_equal(walk_over_all(f), f->cache.count);
}

static void test_at_random_only_the_last_is_found(void **state)
{
    struct fixture *f = *state;

    for (unsigned seed = 0; seed < 60; seed++) {
        open_cache(f, CACHE_BYTES_MIN + seed * 100);
        run_against_model(f, seed);
        free(f->memory);
        f->memory = NULL;
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_an_answer_is_found_until_its_TTL_ends),
        TEST(test_stale_answers_are_found_for_the_configured_time),
        TEST(test_no_such_name_answers_for_all_types_until_one_is_there),
        TEST(test_an_answer_too_long_for_the_cache_is_not_kept),
        TEST(test_an_A_record_takes_96_bytes_at_most),
        TEST(test_threat_N10_made_up_names_push_out_nothing_in_use),
        TEST(test_unused_answers_are_evicted_before_used_ones),
        TEST(test_at_random_only_the_last_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
