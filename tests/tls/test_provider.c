/* test_provider.c -- a provider of cryptography that fails once, at each of its calls in turn: the
 * session ends, isn't taken for open, and nothing leaks. */
#include "tls_test.h"

enum {
    WIDE = 1 << 18,
    CALLS_MAX = 1000
};

static const struct leat_crypto_ops *real;
static unsigned calls_left; /* until the failure; 0: none */
static bool has_failed;

static bool fails(void)
{
    if (calls_left == 0 || --calls_left > 0)
        return false;
    has_failed = true;
    return true;
}

static bool fail_random(void *self, void *bytes, size_t len)
{
    return !fails() && real->random(self, bytes, len);
}

static bool fail_hash_open(void *self, struct leat_crypto_hashing *hashing,
                           enum leat_crypto_hash hash)
{
    if (!fails())
        return real->hash_open(self, hashing, hash);
    memset(hashing, 0, sizeof *hashing);
    return false;
}

static bool fail_hash_update(void *self, struct leat_crypto_hashing *hashing, const void *bytes,
                             size_t len)
{
    return !fails() && real->hash_update(self, hashing, bytes, len);
}

static bool fail_hash_digest(void *self, const struct leat_crypto_hashing *hashing, uint8_t *digest)
{
    return !fails() && real->hash_digest(self, hashing, digest);
}

static bool fail_hmac(void *self, enum leat_crypto_hash hash, const uint8_t *key, size_t key_len,
                      const struct leat_crypto_piece *pieces, size_t count, uint8_t *mac)
{
    return !fails() && real->hmac(self, hash, key, key_len, pieces, count, mac);
}

static bool fail_seal(void *self, const struct leat_crypto_aead_key *key,
                      const struct leat_crypto_job *job, uint8_t *tag)
{
    return !fails() && real->seal(self, key, job, tag);
}

static bool fail_open(void *self, const struct leat_crypto_aead_key *key,
                      const struct leat_crypto_job *job, const uint8_t *tag)
{
    return !fails() && real->open(self, key, job, tag);
}

static bool fail_share_open(void *self, struct leat_crypto_share *share,
                            enum leat_crypto_group group, uint8_t *public_share, size_t *len)
{
    return !fails() && real->share_open(self, share, group, public_share, len);
}

static bool fail_share_derive(void *self, struct leat_crypto_share *share, const uint8_t *peer,
                              size_t peer_len, uint8_t *secret, size_t *secret_len)
{
    return !fails() && real->share_derive(self, share, peer, peer_len, secret, secret_len);
}

static bool fail_sign(void *self, const struct leat_crypto_private *key,
                      enum leat_crypto_scheme scheme, const struct leat_crypto_piece *pieces,
                      size_t count, uint8_t *signature, size_t *len)
{
    return !fails() && real->sign(self, key, scheme, pieces, count, signature, len);
}

static bool fail_verify(void *self, const struct leat_crypto_public *key,
                        enum leat_crypto_scheme scheme, const struct leat_crypto_piece *pieces,
                        size_t count, const uint8_t *signature, size_t len)
{
    return !fails() && real->verify(self, key, scheme, pieces, count, signature, len);
}

/* Lets the provider of @end fail from now on, as @calls_left says. */
static void replace(struct fixture *f, unsigned end, struct leat_crypto_ops *ops)
{
    real = f->crypto.ops;
    *ops = *real;
    ops->random = fail_random;
    ops->hash_open = fail_hash_open;
    ops->hash_update = fail_hash_update;
    ops->hash_digest = fail_hash_digest;
    ops->hmac = fail_hmac;
    ops->seal = fail_seal;
    ops->open = fail_open;
    ops->share_open = fail_share_open;
    ops->share_derive = fail_share_derive;
    ops->sign = fail_sign;
    ops->verify = fail_verify;
    f->tls[end]->crypto.ops = ops;
}

/* RFC 8446 6: an end that has encrypted before encrypts its alert, too. */
static bool encrypted[2];

static void look(struct pipe_end *end, struct leat_buf *payload)
{
    bool *has = &encrypted[end > end->other];
    const uint8_t type = payload->data[0];

    if (type == WIRE_TLS_APPLICATION_DATA)
        *has = true;
    assert_false(*has && type == WIRE_TLS_ALERT);
}

static void look_at_both(struct fixture *f)
{
    memset(encrypted, 0, sizeof encrypted);
    f->ends[SERVER].spoil = f->ends[CLIENT].spoil = look;
}

/* Sends @text if the session still can. */
static void talk(struct fixture *f, unsigned from, const char *text)
{
    struct user *to = f->users[1 - from];
    const size_t said = from == CLIENT ? f->users[from]->info.early_bytes : 0;
    size_t taken;

    if (f->users[from]->open && !f->users[from]->closed)
        leat_stream_write(&f->users[from]->stream, text + said, strlen(text) - said, &taken);
    world_wait(f->world, 10 * ms);
    assert_true(to->have <= strlen(text));
    assert_memory_equal(to->bytes, text, to->have);
}

/* Runs a session from begin to end. True if each end has received everything and ended well. @end
 * has the provider that fails, and closes first if that matters. */
static bool goes_well(struct fixture *f, unsigned end)
{
    const bool never = false;
    bool heard;

    f->civil_s = CIVIL_S + f->world->now_ns / second + 1; /* keeps early data fresh */
    shake_again(f);
    look_at_both(f);
    world_run(f->world, &never, 100 * ms);
    talk(f, CLIENT, "question");
    talk(f, SERVER, "answer");
    heard = f->users[SERVER]->have == 8 && f->users[CLIENT]->have == 6;
    assert_true(heard || (f->users[end]->closed && f->users[end]->why != LEAT_OK));
    for (unsigned i = 0; i < 2; i++) {
        if (!f->users[i]->closed)
            leat_stream_shutdown(&f->users[i]->stream);
    }
    for (unsigned i = 0; i < 2; i++)
        assert_true(world_run(f->world, &f->users[i]->closed, 100 * second));
    return heard && f->users[SERVER]->why == LEAT_OK && f->users[CLIENT]->why == LEAT_OK;
}

/* Runs sessions in which the provider of @end fails at its first, second, ... call, by @ticket or
 * without. A failure while a ticket is made doesn't end the session. */
static void fail_each_call(struct fixture *f, unsigned end, const struct leat_tls_ticket *ticket)
{
    struct leat_crypto_ops ops;
    unsigned went_on = 0, call = 0;

    replace(f, end, &ops);
    do {
        f->ticket = ticket ? *ticket : (struct leat_tls_ticket){0};
        has_failed = false;
        calls_left = ++call;
        if (goes_well(f, end))
            went_on += has_failed;
        else
            assert_true(has_failed);
        calls_left = 0;
    } while (has_failed && call < CALLS_MAX);
    assert_in_range(call, 20, CALLS_MAX - 1);
    assert_in_range(went_on, 0, call / 4);
    f->tls[end]->crypto.ops = real;
}

static void test_each_call_fails_once(void **state)
{
    struct fixture *f = *state;

    use_ticket(f);
    begin(f, WIDE);
    fail_each_call(f, SERVER, NULL);
    fail_each_call(f, CLIENT, NULL);
}

static void test_each_call_fails_once_with_a_ticket(void **state)
{
    struct fixture *f = *state;
    struct leat_tls_ticket ticket;

    open_first(f);
    ticket = f->ticket;
    fail_each_call(f, SERVER, &ticket);
    fail_each_call(f, CLIENT, &ticket);
}

/* The server's group isn't that of the client's share. */
static void test_each_call_fails_once_with_a_second_hello(void **state)
{
    struct fixture *f = *state;

    use_ticket(f);
    begin(f, WIDE);
    f->tls[SERVER]->groups[0] = LEAT_CRYPTO_SECP256R1;
    f->tls[SERVER]->group_count = 1;
    fail_each_call(f, SERVER, NULL);
    fail_each_call(f, CLIENT, NULL);
}

/* The client can't make the share that a retry asks for: its own fault, not that of a cookie. */
static void test_a_share_that_fails_after_a_retry_is_named(void **state)
{
    struct fixture *f = *state;
    struct leat_crypto_ops ops;

    begin(f, WIDE);
    f->tls[SERVER]->groups[0] = LEAT_CRYPTO_SECP256R1;
    f->tls[SERVER]->group_count = 1;
    real = f->crypto.ops;
    ops = *real;
    ops.share_open = fail_share_open;
    f->tls[CLIENT]->crypto.ops = &ops;
    calls_left = 2;
    shake(f);
    expect_end(f, CLIENT, LEAT_ERR_TLS);
    assert_int_equal(f->users[CLIENT]->info.alert_sent, WIRE_TLS_INTERNAL_ERROR);
    assert_string_equal(f->users[CLIENT]->info.why, tls_provider_failed);
    expect_end(f, SERVER, LEAT_ERR_TLS);
    f->tls[CLIENT]->crypto.ops = real;
}

static void test_each_call_fails_once_with_early_data(void **state)
{
    struct fixture *f = *state;
    struct leat_tls_ticket ticket;

    f->config[SERVER].early_bytes = 1000;
    f->config[SERVER].early_hellos = 1 << 12;
    f->civil_s = CIVIL_S + f->world->now_ns / second;
    open_first(f);
    ticket = f->ticket;
    world_wait(f->world, 11 * second);
    f->client.early = "question";
    f->client.early_len = 8;
    fail_each_call(f, SERVER, &ticket);
    fail_each_call(f, CLIENT, &ticket);
    assert_true(leat_tls_counts(f->tls[SERVER])->early_taken > 100);
}

/* RFC 8446 4.4.2: each certificate takes five more bytes in its message. */
static void test_a_chain_fits_its_message(void **state)
{
    struct fixture *f = *state;
    struct leat_tls_identity identity;
    const struct leat_tls_identity *list[] = {&identity};

    begin(f, 1 << 18);
    identity = f->identities[EC];
    identity.chain_count = 1;
    identity.chain[0].len = LEAT_TLS_CHAIN_BYTES_MAX - 5;
    assert_int_equal(leat_tls_set_identities(f->tls[SERVER], list, 1), LEAT_OK);
    identity.chain[0].len++;
    assert_int_equal(leat_tls_set_identities(f->tls[SERVER], list, 1), LEAT_ERR_ARGUMENT);
    identity.chain[1].len = 100;
    identity.chain_count = 2;
    identity.chain[0].len = LEAT_TLS_CHAIN_BYTES_MAX - 110;
    assert_int_equal(leat_tls_set_identities(f->tls[SERVER], list, 1), LEAT_OK);
    identity.chain[1].len++;
    assert_int_equal(leat_tls_set_identities(f->tls[SERVER], list, 1), LEAT_ERR_ARGUMENT);
    for (unsigned i = 0; i < LEAT_TLS_CHAIN_MAX; i++)
        identity.chain[i].len = 100;
    identity.chain_count = LEAT_TLS_CHAIN_MAX;
    assert_int_equal(leat_tls_set_identities(f->tls[SERVER], list, 1), LEAT_OK);
    identity.chain_count = 0;
    assert_int_equal(leat_tls_set_identities(f->tls[SERVER], list, 1), LEAT_ERR_ARGUMENT);
    leat_tls_set_identities(f->tls[SERVER], f->list, IDENTITIES);
    shake(f);
    world_wait(f->world, second);
    leave(f);
}

static size_t most_pieces, odd_pieces; /* of a record, and of all of them */

static bool watch_seal(void *self, const struct leat_crypto_aead_key *key,
                       const struct leat_crypto_job *job, uint8_t *tag)
{
    most_pieces = most_pieces < job->out_count ? job->out_count : most_pieces;
    for (size_t i = 0; i + 1 < job->out_count; i++)
        odd_pieces += job->out[i].len % 16 != 0;
    return real->seal(self, key, job, tag);
}

/* Ciphers are slower at a block that two buffers share. */
static void test_no_buffer_ends_inside_a_block(void **state)
{
    static const uint8_t data[16384];
    struct fixture *f = *state;
    struct leat_crypto_ops ops;
    size_t taken;

    begin(f, WIDE);
    real = f->crypto.ops;
    ops = *real;
    ops.seal = watch_seal;
    f->tls[SERVER]->crypto.ops = &ops;
    shake(f);
    world_wait(f->world, second);
    for (unsigned i = 0; i < 8; i++) { /* the first records are as short as segments */
        leat_stream_write(&f->users[SERVER]->stream, data, sizeof data, &taken);
        world_wait(f->world, second);
        assert_int_equal(taken, sizeof data);
    }
    assert_true(most_pieces > 2);
    assert_int_equal(odd_pieces, 0);
    f->tls[SERVER]->crypto.ops = real;
    leave(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_each_call_fails_once),
        TEST(test_each_call_fails_once_with_a_ticket),
        TEST(test_each_call_fails_once_with_a_second_hello),
        TEST(test_a_share_that_fails_after_a_retry_is_named),
        TEST(test_each_call_fails_once_with_early_data),
        TEST(test_a_chain_fits_its_message),
        TEST(test_no_buffer_ends_inside_a_block),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
