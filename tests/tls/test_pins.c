/* test_pins.c -- servers that are known by their keys, and clients that accept any server. */
#include "tls_test.h"

enum {
    WIDE = 1 << 18
};

static struct leat_tls_pin pins[2];

/* The client knows only the key of one of the certificates, the second pin in its list. */
static void know_key(struct fixture *f, unsigned identity)
{
    const struct leat_crypto_certificate certificate = {f->identities[identity].chain, 1};

    memset(pins, 0, sizeof pins);
    assert_true(f->crypto.ops->pin(f->crypto.self, &certificate, pins[1].digest));
    f->client = (struct leat_tls_client){.pins = pins, .pin_count = 2};
}

static void expect_refusal(struct fixture *f, uint8_t alert, const char *why)
{
    begin(f, WIDE);
    shake(f);
    expect_end(f, CLIENT, LEAT_ERR_TLS);
    expect_end(f, SERVER, LEAT_ERR_TLS);
    assert_int_equal(f->users[CLIENT]->info.alert_sent, alert);
    assert_string_equal(f->users[CLIENT]->info.why, why);
    assert_false(f->users[CLIENT]->open);
}

static void test_a_key_that_is_known_is_enough(void **state)
{
    struct fixture *f = *state;

    f->civil_s = 0; /* RFC 7858 4.2: no dates, no names, no authorities */
    know_key(f, EC);
    open_both(f, WIDE);
    say(f, CLIENT, "question");
    assert_int_equal(f->users[SERVER]->have, 8);
    leave(f);
}

static void test_another_key_is_refused(void **state)
{
    struct fixture *f = *state;

    know_key(f, RSA);
    expect_refusal(f, WIRE_TLS_CERTIFICATE_UNKNOWN, "another key than the one that is known");
}

static void test_a_known_key_beside_a_good_chain_is_what_counts(void **state)
{
    struct fixture *f = *state;

    know_key(f, RSA);
    f->client.name = "leat.test";
    f->client.anchors = &f->anchors;
    f->client.anybody = true;
    expect_refusal(f, WIRE_TLS_CERTIFICATE_UNKNOWN, "another key than the one that is known");
}

/* A copy of the certificate is no proof: the server must sign with its key. */
static void test_a_known_key_must_sign(void **state)
{
    struct fixture *f = *state;
    const struct leat_crypto_piece own = f->identities[EC].chain[0];

    know_key(f, RSA);
    f->identities[EC].chain[0] = f->identities[RSA].chain[0];
    expect_refusal(f, WIRE_TLS_DECRYPT_ERROR, "the server's signature is wrong");
    f->identities[EC].chain[0] = own;
}

static void test_any_server_is_accepted_if_the_client_allows_it(void **state)
{
    struct fixture *f = *state;

    f->client = (struct leat_tls_client){.name = "other.example", .anybody = true};
    open_both(f, WIDE);
    leave(f);
}

static void test_any_server_must_sign(void **state)
{
    struct fixture *f = *state;
    const struct leat_crypto_piece own = f->identities[EC].chain[0];

    f->client = (struct leat_tls_client){.anybody = true};
    f->identities[EC].chain[0] = f->identities[RSA].chain[0];
    expect_refusal(f, WIRE_TLS_DECRYPT_ERROR, "the server's signature is wrong");
    f->identities[EC].chain[0] = own;
}

static void test_a_client_must_name_its_server(void **state)
{
    struct fixture *f = *state;
    const struct leat_tls_client nobody[] = {{.name = "leat.test"},
                                             {.anchors = &f->anchors},
                                             {.name = "", .anchors = &f->anchors},
                                             {.name = "", .anybody = true}};
    struct leat_stream below, session;

    begin(f, WIDE);
    below = pipe_stream(&f->ends[CLIENT]);
    for (unsigned i = 0; i < sizeof nobody / sizeof *nobody; i++)
        assert_int_equal(leat_tls_connect(f->tls[CLIENT], &below, &nobody[i], &session),
                         LEAT_ERR_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_key_that_is_known_is_enough),
        TEST(test_another_key_is_refused),
        TEST(test_a_known_key_beside_a_good_chain_is_what_counts),
        TEST(test_a_known_key_must_sign),
        TEST(test_any_server_is_accepted_if_the_client_allows_it),
        TEST(test_any_server_must_sign),
        TEST(test_a_client_must_name_its_server),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
