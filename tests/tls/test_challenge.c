/* test_challenge.c -- the identity for an authority that checks a name (tls-alpn-01, RFC 8737). */
#include "tls_test.h"

enum {
    WIDE = 1 << 18
};

static const char *const acme[] = {"acme-tls/1"}, *const both[] = {"acme-tls/1", "http/1.1"},
                         *const http[] = {"http/1.1"};
static const char *names[] = {"leat.test"};
static struct leat_tls_pin pin;

/* The client accepts only the key of that identity; the challenge's is RSA. */
static void expect_key(struct fixture *f, unsigned identity, const char *const *protocols,
                       uint16_t count)
{
    const struct leat_crypto_certificate certificate = {f->identities[identity].chain, 1};

    assert_true(f->crypto.ops->pin(f->crypto.self, &certificate, pin.digest));
    f->client = (struct leat_tls_client){.name = "leat.test",
                                         .pins = &pin,
                                         .pin_count = 1,
                                         .protocols = protocols,
                                         .protocol_count = count};
    f->identities[RSA].names = names;
    f->identities[RSA].name_count = 1;
    f->config[SERVER].challenge = &f->identities[RSA];
    f->config[SERVER].identity_count = 1; /* EC */
    f->config[SERVER].protocols = http;
    f->config[SERVER].protocol_count = 1;
}

static void test_an_authority_gets_the_challenge(void **state)
{
    struct fixture *f = *state;

    expect_key(f, RSA, acme, 1);
    open_both(f, WIDE);
    assert_string_equal(f->users[CLIENT]->info.protocol, "acme-tls/1");
    assert_string_equal(f->users[SERVER]->info.protocol, "acme-tls/1");
    leave(f);
}

/* Also before there is any certificate. */
static void test_a_server_without_certificates_answers_a_challenge(void **state)
{
    struct fixture *f = *state;

    expect_key(f, RSA, acme, 1);
    f->config[SERVER].identity_count = 0;
    open_both(f, WIDE);
    leave(f);
}

static void test_other_clients_get_the_certificate(void **state)
{
    struct fixture *f = *state;

    expect_key(f, EC, http, 1);
    open_both(f, WIDE);
    assert_string_equal(f->users[CLIENT]->info.protocol, "http/1.1");
    leave(f);
}

/* RFC 8737 3: the list has that protocol only. */
static void test_a_client_with_more_protocols_is_no_authority(void **state)
{
    struct fixture *f = *state;

    expect_key(f, EC, both, 2);
    open_both(f, WIDE);
    assert_string_equal(f->users[CLIENT]->info.protocol, "http/1.1");
    leave(f);
}

static void expect_refusal(struct fixture *f)
{
    begin(f, WIDE);
    shake(f);
    expect_end(f, CLIENT, LEAT_ERR_TLS);
    expect_end(f, SERVER, LEAT_ERR_TLS);
    assert_int_equal(f->users[CLIENT]->info.alert_received, WIRE_TLS_NO_APPLICATION_PROTOCOL);
}

static void test_without_a_challenge_the_protocol_is_refused(void **state)
{
    struct fixture *f = *state;

    expect_key(f, RSA, acme, 1);
    f->config[SERVER].challenge = NULL;
    expect_refusal(f);
}

static void test_a_challenge_is_for_its_name_only(void **state)
{
    struct fixture *f = *state;

    expect_key(f, RSA, acme, 1);
    f->client.name = "other.test";
    expect_refusal(f);
}

static void test_a_challenge_is_set_and_taken_away(void **state)
{
    struct fixture *f = *state;
    struct leat_tls_identity none = {.chain_count = 0};

    expect_key(f, RSA, acme, 1);
    f->config[SERVER].challenge = NULL;
    f->config[SERVER].identity_count = 0;
    begin(f, WIDE);
    assert_int_equal(leat_tls_set_challenge(f->tls[SERVER], &none), LEAT_ERR_ARGUMENT);
    assert_int_equal(leat_tls_set_challenge(f->tls[SERVER], &f->identities[RSA]), LEAT_OK);
    shake(f);
    assert_true(world_run(f->world, &f->users[SERVER]->open, 5 * second));
    assert_true(world_run(f->world, &f->users[CLIENT]->open, 5 * second));
    assert_int_equal(leat_tls_set_challenge(f->tls[SERVER], NULL), LEAT_OK);
    leave(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_an_authority_gets_the_challenge),
        TEST(test_a_server_without_certificates_answers_a_challenge),
        TEST(test_other_clients_get_the_certificate),
        TEST(test_a_client_with_more_protocols_is_no_authority),
        TEST(test_without_a_challenge_the_protocol_is_refused),
        TEST(test_a_challenge_is_for_its_name_only),
        TEST(test_a_challenge_is_set_and_taken_away),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
