/*
 * test_secrets.c -- no branch and no address in leat depends on a secret.
 *
 * Runs under valgrind, which reports branches and addresses that depend on undefined bytes. Shared
 * secrets and MACs are marked undefined outside the library, and so is all that is derived from
 * them. Only two things are defined again: ciphertext, and the result of leat_crypto_equal().
 */
#include "tls_test.h"

#include <valgrind/memcheck.h>

enum {
    WIDE = 1 << 18,
    BITS = 1 << 18
};

/* Definedness of the arguments of one call, as a stack. */
static uint8_t bits[BITS];
static size_t used;
static const struct leat_crypto_ops *library;
static struct leat_crypto_ops veiled;
static unsigned secrets;

static void show(const void *bytes, size_t len)
{
    assert_true(used + len <= BITS);
    VALGRIND_GET_VBITS(bytes, bits + used, len);
    VALGRIND_MAKE_MEM_DEFINED(bytes, len);
    used += len;
}

static void hide(const void *bytes, size_t len)
{
    used -= len;
    VALGRIND_SET_VBITS(bytes, bits + used, len);
}

static void show_pieces(const struct leat_crypto_piece *pieces, size_t count)
{
    for (size_t i = 0; i < count; i++)
        show(pieces[i].bytes, pieces[i].len);
}

static void hide_pieces(const struct leat_crypto_piece *pieces, size_t count)
{
    for (size_t i = count; i > 0; i--)
        hide(pieces[i - 1].bytes, pieces[i - 1].len);
}

/* Marks a secret as undefined. */
static void veil(void *secret, size_t len)
{
    VALGRIND_MAKE_MEM_UNDEFINED(secret, len);
    secrets++;
}

/* ---- The library, for which secrets are defined ---- */

static bool veiled_update(void *self, struct leat_crypto_hashing *hashing, const void *bytes,
                          size_t len)
{
    bool done;

    show(bytes, len);
    done = library->hash_update(self, hashing, bytes, len);
    hide(bytes, len);
    return done;
}

static bool veiled_hmac(void *self, enum leat_crypto_hash hash, const uint8_t *key, size_t key_len,
                        const struct leat_crypto_piece *pieces, size_t count, uint8_t *mac)
{
    bool done;

    show(key, key_len);
    show_pieces(pieces, count);
    done = library->hmac(self, hash, key, key_len, pieces, count, mac);
    hide_pieces(pieces, count);
    hide(key, key_len);
    veil(mac, leat_crypto_digest_bytes(hash));
    return done;
}

/* For seal() and open(): their output is public. */
static bool run(bool (*job_of)(void *self, const struct leat_crypto_aead_key *key,
                               const struct leat_crypto_job *job, uint8_t *tag),
                void *self, const struct leat_crypto_aead_key *key,
                const struct leat_crypto_job *job, uint8_t *tag)
{
    bool done;

    show(key, sizeof *key);
    show(job->nonce, LEAT_CRYPTO_NONCE_BYTES);
    show_pieces(job->in, job->in_count);
    done = job_of(self, key, job, tag);
    hide_pieces(job->in, job->in_count);
    hide(job->nonce, LEAT_CRYPTO_NONCE_BYTES);
    hide(key, sizeof *key);
    for (size_t i = 0; i < job->out_count; i++)
        VALGRIND_MAKE_MEM_DEFINED(job->out[i].bytes, job->out[i].len);
    return done;
}

static bool veiled_seal(void *self, const struct leat_crypto_aead_key *key,
                        const struct leat_crypto_job *job, uint8_t *tag)
{
    return run(library->seal, self, key, job, tag);
}

static bool open_it(void *self, const struct leat_crypto_aead_key *key,
                    const struct leat_crypto_job *job, uint8_t *tag)
{
    return library->open(self, key, job, tag);
}

static bool veiled_open(void *self, const struct leat_crypto_aead_key *key,
                        const struct leat_crypto_job *job, const uint8_t *tag)
{
    uint8_t copy[LEAT_CRYPTO_TAG_BYTES];

    memcpy(copy, tag, sizeof copy);
    return run(open_it, self, key, job, copy);
}

static bool veiled_derive(void *self, struct leat_crypto_share *share, const uint8_t *peer,
                          size_t peer_len, uint8_t *secret, size_t *secret_len)
{
    const bool done = library->share_derive(self, share, peer, peer_len, secret, secret_len);

    veil(secret, *secret_len);
    return done;
}

static bool veiled_answer(void *self, enum leat_crypto_group group, const uint8_t *peer,
                          size_t peer_len, uint8_t *public_share, size_t *len, uint8_t *secret,
                          size_t *secret_len)
{
    const bool done =
        library->share_answer(self, group, peer, peer_len, public_share, len, secret, secret_len);

    veil(secret, *secret_len);
    return done;
}

/* For the linker's --wrap. The result of a comparison is public, because an alert shows it. */
bool __real_leat_crypto_equal(const void *a, const void *b, size_t len);
bool __wrap_leat_crypto_equal(const void *a, const void *b, size_t len);

bool __wrap_leat_crypto_equal(const void *a, const void *b, size_t len)
{
    bool same = __real_leat_crypto_equal(a, b, len);

    VALGRIND_MAKE_MEM_DEFINED(&same, sizeof same);
    return same;
}

static int veil_all(void **state)
{
    struct fixture *f;

    set_up(state);
    f = *state;
    library = f->crypto.ops;
    veiled = *library;
    veiled.hash_update = veiled_update;
    veiled.hmac = veiled_hmac;
    veiled.seal = veiled_seal;
    veiled.open = veiled_open;
    veiled.share_derive = veiled_derive;
    veiled.share_answer = veiled_answer;
    f->crypto.ops = &veiled;
    f->config[SERVER].on_secret = f->config[CLIENT].on_secret = NULL; /* it gets secrets */
    secrets = 0;
    return 0;
}

/* ---- Client and server ---- */

static void test_a_handshake_and_data(void **state)
{
    struct fixture *f = *state;

    open_both(f, WIDE);
    send_pattern(f, SERVER, 50000, 5000);
    send_pattern(f, CLIENT, 5000, 5000);
    leave(f);
    assert_true(secrets > 20);
}

static void test_keys_are_updated(void **state)
{
    struct fixture *f = *state;

    f->config[SERVER].records_per_key = 4;
    open_both(f, WIDE);
    send_pattern(f, SERVER, 50000, 1000);
    assert_true(leat_tls_counts(f->tls[SERVER])->key_updates > 0);
    leave(f);
}

static void test_by_a_ticket(void **state)
{
    struct fixture *f = *state;

    open_first(f);
    open_next(f, true);
}

static void test_by_a_cookie(void **state)
{
    struct fixture *f = *state;

    f->config[SERVER].cookie_handshakes = 1;
    open_both(f, WIDE);
    assert_true(leat_tls_counts(f->tls[SERVER])->cookies > 0);
    leave(f);
}

#define VEILED(name) cmocka_unit_test_setup_teardown(name, veil_all, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        VEILED(test_a_handshake_and_data),
        VEILED(test_keys_are_updated),
        VEILED(test_by_a_ticket),
        VEILED(test_by_a_cookie),
    };

    return cmocka_run_group_tests_name("secrets of TLS", tests, NULL, NULL);
}
