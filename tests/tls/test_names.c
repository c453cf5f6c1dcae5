/* test_names.c -- a server's choice of an identity by name (RFC 6066 3), reading of identities, and
 * names of alerts. */
#include "tls_test.h"

#include "keys.h"

enum {
    WIDE = 1 << 18
};

/* ---- Identities by name ---------------------------------------------------------------------- */

static const char *const wild[] = {"unused.test", "*.Leat.test"};
static const char *const plain[] = {"leat.test"};

/* Returns the identity that the client gets for @name, by its key. */
static unsigned identity_for(struct fixture *f, const char *name)
{
    f->client.name = name;
    shake_again(f);
    assert_true(world_run(f->world, &f->users[CLIENT]->closed, second) || f->users[CLIENT]->open);
    if (f->users[CLIENT]->closed) {
        expect_end(f, SERVER, LEAT_ERR_TLS);
        return IDENTITIES;
    }
    leave(f);
    return f->users[CLIENT]->info.scheme == LEAT_CRYPTO_ECDSA_SECP256R1_SHA256 ? EC : RSA;
}

static void test_a_name_gets_its_identity(void **state)
{
    struct fixture *f = *state;

    f->identities[EC].names = wild;
    f->identities[EC].name_count = 2;
    f->identities[RSA].names = plain;
    f->identities[RSA].name_count = 1;
    f->config[SERVER].identity_count = 2;
    begin(f, WIDE);
    assert_int_equal(identity_for(f, "leat.test"), RSA); /* "*" is one label */
    assert_int_equal(identity_for(f, "a.leat.test"), EC);
    assert_int_equal(identity_for(f, "A.LEAT.TEST"), EC); /* RFC 4343 */
    assert_int_equal(identity_for(f, "Leat.Test"), RSA);
}

/* An unknown name gets the first identity, which the client may refuse. */
static void test_an_unknown_name_gets_the_first_identity(void **state)
{
    static const char *const none[] = {"leat.tes", "leat.test.", "*.leat.test.x", "b.leat.test"};
    struct fixture *f = *state;

    f->identities[EC].names = none;
    f->identities[EC].name_count = 4;
    f->identities[RSA].names = none;
    f->identities[RSA].name_count = 4;
    f->config[SERVER].identity_count = 2;
    begin(f, WIDE);
    assert_int_equal(identity_for(f, "leat.test"), EC);
    assert_int_equal(identity_for(f, "a.leat.test"), EC);
    f->identities[RSA].names = plain;
    f->identities[RSA].name_count = 1;
    assert_int_equal(identity_for(f, "leat.test"), RSA);
}

/* ---- Reading identities ---------------------------------------------------------------------- */

static enum leat_err read_texts(struct fixture *f, const char *certificates, const char *key,
                                struct leat_tls_identity *identity)
{
    static uint8_t der[16000];

    return leat_tls_identity_read(identity, &f->crypto, certificates, strlen(certificates), key,
                                  strlen(key), der, sizeof der);
}

static void test_an_identity_is_read_from_its_texts(void **state)
{
    struct leat_tls_identity identity;
    struct fixture *f = *state;
    char text[20000];

    snprintf(text, sizeof text, "%s%s%s", ec_key, ec_pem, authority_pem); /* all in one file */
    assert_int_equal(read_texts(f, text, text, &identity), LEAT_OK);
    assert_int_equal(identity.chain_count, 2);
    leat_tls_identity_close(&identity, &f->crypto);
    assert_int_equal(read_texts(f, rsa_pem, ec_key, &identity), LEAT_ERR_ARGUMENT);
    assert_int_equal(read_texts(f, ec_key, ec_key, &identity), LEAT_ERR_NOT_FOUND);
    assert_int_equal(read_texts(f, "", ec_key, &identity), LEAT_ERR_NOT_FOUND);
    text[0] = '\0';
    for (unsigned i = 0; i < LEAT_TLS_CHAIN_MAX; i++)
        strcat(text, ec_pem);
    assert_int_equal(read_texts(f, text, ec_key, &identity), LEAT_OK);
    leat_tls_identity_close(&identity, &f->crypto);
    strcat(text, ec_pem);
    assert_int_equal(read_texts(f, text, ec_key, &identity), LEAT_ERR_TOO_BIG);
}

/* ---- Alerts ---------------------------------------------------------------------------------- */

/* RFC 8446 B.2. Alerts of older versions that 6.2 lists are "unknown". */
static void test_alerts_have_the_names_of_RFC_8446(void **state)
{
    static const struct {
        uint8_t alert;
        const char *name;
    } named[] = {{0, "close_notify"},
                 {10, "unexpected_message"},
                 {20, "bad_record_mac"},
                 {22, "record_overflow"},
                 {40, "handshake_failure"},
                 {42, "bad_certificate"},
                 {48, "unknown_ca"},
                 {50, "decode_error"},
                 {51, "decrypt_error"},
                 {70, "protocol_version"},
                 {80, "internal_error"},
                 {109, "missing_extension"},
                 {116, "certificate_required"},
                 {120, "no_application_protocol"},
                 {21, "unknown alert"},
                 {255, "unknown alert"}};
    unsigned known = 0;

    (void)state;
    for (unsigned i = 0; i < sizeof named / sizeof *named; i++)
        assert_string_equal(leat_tls_alert_name(named[i].alert), named[i].name);
    for (unsigned alert = 0; alert < 256; alert++)
        known += strcmp(leat_tls_alert_name((uint8_t)alert), "unknown alert") != 0;
    assert_int_equal(known, 27);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_name_gets_its_identity),
        TEST(test_an_unknown_name_gets_the_first_identity),
        TEST(test_an_identity_is_read_from_its_texts),
        cmocka_unit_test(test_alerts_have_the_names_of_RFC_8446),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
