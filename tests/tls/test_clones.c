/* test_clones.c -- two copies of one machine have no secret in common after leat_reseed(). */
#include "tls_test.h"

enum {
    WIDE = 1 << 18
};

static unsigned reseeds;
static bool reseed_fails;

static bool counted_reseed(void *self)
{
    (void)self;
    reseeds++;
    return !reseed_fails;
}

/* Reseeds the stack, which both ends share. */
static void reseed(const struct fixture *f, uint8_t seed_byte)
{
    uint8_t seed[LEAT_SEED_BYTES];

    memset(seed, seed_byte, sizeof seed);
    assert_int_equal(leat_reseed(f->world->stacks[SERVER], seed), LEAT_OK);
}

static void test_a_generation_is_counted_when_it_begins(void **state)
{
    const struct fixture *f = *state;
    const uint8_t zeros[LEAT_SEED_BYTES] = {0};
    const uint32_t first = leat_generation(f->world->stacks[SERVER]);

    assert_int_equal(leat_reseed(f->world->stacks[SERVER], zeros), LEAT_ERR_ENTROPY);
    assert_int_equal(leat_generation(f->world->stacks[SERVER]), first);
    reseed(f, 1);
    assert_int_equal(leat_generation(f->world->stacks[SERVER]), first + 1);
}

/* Its keys and its next nonce are those of the other copy. */
static void test_threat_T15_a_session_of_a_copied_machine_seals_nothing(void **state)
{
    struct fixture *f = *state;

    for (unsigned end = SERVER; end <= CLIENT; end++) {
        if (end == SERVER)
            open_both(f, WIDE);
        else
            shake_again(f);
        assert_true(world_run(f->world, &f->users[CLIENT]->open, 5 * second));
        assert_true(world_run(f->world, &f->users[SERVER]->open, 5 * second));
        reseed(f, (uint8_t)(end + 1));
        say(f, end, "a record with the keys of both copies");
        expect_end(f, end, LEAT_ERR_ABORTED);
        assert_non_null(strstr(f->users[end]->info.why, "copied"));
        assert_true(world_run(f->world, &f->users[1 - end]->closed, 60 * second));
        assert_int_equal(f->users[1 - end]->have, 0);
    }
}

static void test_threat_T15_a_handshake_that_was_copied_does_not_end_well(void **state)
{
    struct fixture *f = *state;

    begin(f, WIDE);
    shake(f);
    reseed(f, 1);
    assert_true(world_run(f->world, &f->users[SERVER]->closed, 60 * second));
    assert_true(world_run(f->world, &f->users[CLIENT]->closed, 60 * second));
    assert_false(f->users[SERVER]->open || f->users[CLIENT]->open);
}

static void test_threat_T15_tickets_of_before_are_refused(void **state)
{
    struct fixture *f = *state;
    uint8_t name[TLS_SEAL_NAME];
    struct leat_crypto_aead_key key;

    open_first(f);
    memcpy(name, f->tls[SERVER]->seals[0].name, sizeof name);
    key = f->tls[SERVER]->seals[0].key;
    reseed(f, 1);
    open_next(f, false);
    assert_memory_not_equal(f->tls[SERVER]->seals[0].name, name, sizeof name);
    assert_memory_not_equal(f->tls[SERVER]->seals[0].key.bytes, key.bytes, 32);
    assert_false(f->tls[SERVER]->seals[1].made);
    open_next(f, true);
}

static void test_threat_T15_cookies_have_another_key(void **state)
{
    struct fixture *f = *state;
    uint8_t key[TLS_COOKIE_MAC];

    f->config[SERVER].cookie_handshakes = 1;
    open_both(f, WIDE);
    leave(f);
    assert_true(f->tls[SERVER]->cookie_key_made);
    memcpy(key, f->tls[SERVER]->cookie_key, sizeof key);
    reseed(f, 1);
    shake_again(f);
    assert_true(world_run(f->world, &f->users[CLIENT]->open, 5 * second));
    assert_true(world_run(f->world, &f->users[SERVER]->open, 5 * second));
    leave(f);
    assert_int_equal(leat_tls_counts(f->tls[SERVER])->cookies, 2);
    assert_memory_not_equal(f->tls[SERVER]->cookie_key, key, sizeof key);
}

static void test_threat_T15_the_provider_takes_new_entropy_before_a_session_begins(void **state)
{
    struct fixture *f = *state;
    struct leat_crypto_ops ops = *f->crypto.ops;
    struct leat_stream below, session;

    begin(f, WIDE);
    ops.reseed = counted_reseed;
    f->tls[SERVER]->crypto.ops = f->tls[CLIENT]->crypto.ops = &ops;
    below = pipe_stream(&f->ends[SERVER]);
    reseeds = 0;
    reseed_fails = true;
    reseed(f, 1);
    assert_int_equal(leat_tls_accept(f->tls[SERVER], &below, &session), LEAT_ERR_ENTROPY);
    assert_int_equal(leat_tls_connect(f->tls[CLIENT], &below, &f->client, &session),
                     LEAT_ERR_ENTROPY);
    assert_int_equal(reseeds, 2);
    reseed_fails = false;
    shake(f);
    assert_true(world_run(f->world, &f->users[CLIENT]->open, 5 * second));
    assert_true(world_run(f->world, &f->users[SERVER]->open, 5 * second));
    assert_int_equal(reseeds, 4);
    leave(f);
    assert_int_equal(reseeds, 4); /* once per generation */
}

static void test_closing_wipes_the_keys_of_tickets_and_cookies(void **state)
{
    const uint8_t zeros[sizeof(struct tls_seal)] = {0};
    struct fixture *f = *state;

    f->config[SERVER].cookie_handshakes = 1;
    use_ticket(f);
    open_both(f, WIDE);
    expect_talk(f, false);
    leave(f);
    assert_true(f->tls[SERVER]->cookie_key_made && f->tls[SERVER]->seals[0].made);
    leat_tls_close(f->tls[SERVER]);
    assert_memory_equal(f->tls[SERVER]->cookie_key, zeros, sizeof f->tls[SERVER]->cookie_key);
    assert_memory_equal(&f->tls[SERVER]->seals[0], zeros, sizeof zeros);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_generation_is_counted_when_it_begins),
        TEST(test_threat_T15_a_session_of_a_copied_machine_seals_nothing),
        TEST(test_threat_T15_a_handshake_that_was_copied_does_not_end_well),
        TEST(test_threat_T15_tickets_of_before_are_refused),
        TEST(test_threat_T15_cookies_have_another_key),
        TEST(test_threat_T15_the_provider_takes_new_entropy_before_a_session_begins),
        TEST(test_closing_wipes_the_keys_of_tickets_and_cookies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
