/* test_flaws.c -- flaws that an end of TLS refuses: its alert and its reason. */
#include "tls_test.h"

enum {
    WIDE = 1 << 18
};

static const uint16_t p256 = LEAT_CRYPTO_SECP256R1;

/* The session of @end finds a flaw, and the other end gets the alert. */
static void expect_alert(struct fixture *f, unsigned end, uint8_t alert, const char *why)
{
    expect_end(f, end, LEAT_ERR_TLS);
    expect_end(f, 1 - end, LEAT_ERR_TLS);
    assert_int_equal(f->users[end]->info.alert_sent, alert);
    assert_string_equal(f->users[end]->info.why, why);
    assert_int_equal(f->users[1 - end]->info.alert_received, alert);
    assert_int_equal(f->users[end]->have, 0);
    assert_false(f->users[CLIENT]->open);
}

static void refuse(struct fixture *f, unsigned end, uint8_t alert, const char *why)
{
    begin(f, WIDE);
    shake(f);
    expect_alert(f, end, alert, why);
}

/* ---- Certificates ------------------------------------------------------------------------ */

static void test_no_civil_time_no_session(void **state)
{
    struct fixture *f = *state;

    f->civil_s = 0;
    refuse(f, CLIENT, WIRE_TLS_CERTIFICATE_UNKNOWN, "no civil time: start sntp, or give --time");
}

static void test_an_old_certificate(void **state)
{
    struct fixture *f = *state;

    f->civil_s = 4000000000;
    refuse(f, CLIENT, WIRE_TLS_CERTIFICATE_EXPIRED, leat_crypto_why(LEAT_CRYPTO_EXPIRED));
}

static void test_another_name(void **state)
{
    struct fixture *f = *state;

    f->client.name = "other.example";
    refuse(f, CLIENT, WIRE_TLS_CERTIFICATE_UNKNOWN, leat_crypto_why(LEAT_CRYPTO_WRONG_NAME));
}

static void test_an_unknown_authority(void **state)
{
    static const struct leat_crypto_anchors nobody;
    struct fixture *f = *state;

    f->client.anchors = &nobody;
    refuse(f, CLIENT, WIRE_TLS_UNKNOWN_CA, leat_crypto_why(LEAT_CRYPTO_UNKNOWN_AUTHORITY));
}

/* The key of one certificate with the chain of another. */
static void test_a_signature_by_another_key(void **state)
{
    struct fixture *f = *state;
    struct leat_crypto_piece own = f->identities[EC].chain[0];

    f->identities[EC].chain[0] = f->identities[RSA].chain[0];
    refuse(f, CLIENT, WIRE_TLS_DECRYPT_ERROR, "the server's signature is wrong");
    f->identities[EC].chain[0] = own;
}

/* ---- Nothing in common ------------------------------------------------------------------- */

static void test_no_suite_in_common(void **state)
{
    struct fixture *f = *state;

    begin(f, WIDE);
    f->tls[SERVER]->suite_count = 1;
    f->tls[CLIENT]->suites[0] = f->tls[CLIENT]->suites[--f->tls[CLIENT]->suite_count];
    shake(f);
    expect_alert(f, SERVER, WIRE_TLS_HANDSHAKE_FAILURE, "no cipher suite in common");
}

static void test_no_group_in_common(void **state)
{
    struct fixture *f = *state;

    begin(f, WIDE);
    f->tls[CLIENT]->group_count = f->tls[SERVER]->group_count = 1;
    f->tls[SERVER]->groups[0] = p256;
    shake(f);
    expect_alert(f, SERVER, WIRE_TLS_HANDSHAKE_FAILURE, "no group in common");
}

static void test_no_scheme_in_common(void **state)
{
    struct fixture *f = *state;

    f->config[SERVER].identities = &f->list[RSA];
    begin(f, WIDE);
    f->tls[CLIENT]->scheme_count = 1; /* and those for certificates only */
    memcpy(f->tls[CLIENT]->schemes + 1, (const uint16_t[]){0x0401, 0x0501, 0x0601}, 6);
    shake(f);
    expect_alert(f, SERVER, WIRE_TLS_HANDSHAKE_FAILURE, "no signature scheme in common");
}

static const char *const h2[] = {"h2"};
static const char *const both[] = {"http/1.1", "h2"};

static void test_no_protocol_in_common(void **state)
{
    struct fixture *f = *state;

    f->config[SERVER].protocols = both;
    f->config[SERVER].protocol_count = 1;
    f->client.protocols = h2;
    f->client.protocol_count = 1;
    refuse(f, SERVER, WIRE_TLS_NO_APPLICATION_PROTOCOL, "no protocol in common");
}

static void test_a_protocol_in_common(void **state)
{
    struct fixture *f = *state;

    f->config[SERVER].protocols = h2;
    f->config[SERVER].protocol_count = 1;
    f->client.protocols = both;
    f->client.protocol_count = 2;
    open_both(f, WIDE);
    assert_string_equal(f->users[SERVER]->info.protocol, "h2");
    assert_string_equal(f->users[CLIENT]->info.protocol, "h2");
    leave(f);
}

/* ---- HelloRetryRequest ------------------------------------------------------------------- */

static void test_a_share_is_asked_for(void **state)
{
    struct fixture *f = *state;

    begin(f, WIDE);
    f->tls[SERVER]->groups[0] = p256;
    f->tls[SERVER]->group_count = 1;
    shake(f);
    assert_true(world_run(f->world, &f->users[SERVER]->open, second));
    assert_int_equal(f->users[SERVER]->info.group, p256);
    assert_int_equal(leat_tls_counts(f->tls[SERVER])->retried, 1);
    assert_int_equal(leat_tls_counts(f->tls[CLIENT])->retried, 1);
    send_pattern(f, CLIENT, 5000, 5000);
    leave(f);
}

/* Changes the random of the client's second hello. */
static void change_second_hello(struct pipe_end *end, struct leat_buf *payload)
{
    static const unsigned random_at = 5 + 4 + 2;

    if (payload->data[0] == WIRE_TLS_HANDSHAKE && end->taken > 0)
        payload->data[random_at] ^= 1;
    end->taken++;
}

static void test_threat_T4_a_second_hello_that_differs(void **state)
{
    struct fixture *f = *state;

    begin(f, WIDE);
    f->tls[SERVER]->groups[0] = p256;
    f->tls[SERVER]->group_count = 1;
    f->ends[SERVER].spoil = change_second_hello;
    shake(f);
    expect_end(f, SERVER, LEAT_ERR_TLS);
    assert_int_equal(f->users[SERVER]->info.alert_sent, WIRE_TLS_ILLEGAL_PARAMETER);
    expect_end(f, CLIENT, LEAT_ERR_TLS);
}

/* ---- Shares ------------------------------------------------------------------------------ */

/* Replaces the client's share by zeros. */
static void spoil_share(struct pipe_end *end, struct leat_buf *payload)
{
    static const uint8_t extension[] = {0, 0x33, 0};

    (void)end;
    for (uint32_t i = 0; i + 40 < payload->len; i++)
        if (payload->data[0] == WIRE_TLS_HANDSHAKE &&
            memcmp(payload->data + i, extension, sizeof extension) == 0)
            memset(payload->data + i + 10, 0, 32);
}

static void test_threat_T12_a_share_of_zeros(void **state)
{
    struct fixture *f = *state;

    begin(f, WIDE);
    f->ends[SERVER].spoil = spoil_share;
    shake(f);
    expect_alert(f, SERVER, WIRE_TLS_ILLEGAL_PARAMETER, "a key share that isn't valid");
}

static void test_threat_T12_a_point_off_its_curve(void **state)
{
    struct fixture *f = *state;

    begin(f, WIDE);
    f->tls[CLIENT]->groups[0] = p256;
    f->tls[CLIENT]->group_count = 1;
    f->ends[SERVER].spoil = spoil_share;
    shake(f);
    expect_alert(f, SERVER, WIRE_TLS_ILLEGAL_PARAMETER, "a key share that isn't valid");
}

/* ---- Other protocols ------------------------------------------------------------------------- */

/* Starts only the server and feeds it bytes. */
static void feed(struct fixture *f, const void *bytes, size_t len)
{
    const struct leat_stream server = pipe_stream(&f->ends[SERVER]);
    const struct leat_stream client = pipe_stream(&f->ends[CLIENT]);
    size_t taken;

    begin(f, WIDE);
    assert_int_equal(leat_tls_accept(f->tls[SERVER], &server, &f->users[SERVER]->stream), LEAT_OK);
    assert_int_equal(leat_stream_write(&client, bytes, len, &taken), LEAT_OK);
    world_wait(f->world, 10 * ms);
}

/* The server must answer @bytes by one alert. */
static void expect_answer(struct fixture *f, const void *bytes, size_t len, uint8_t alert)
{
    const uint8_t expected[] = {21, 3, 3, 0, 2, 2, alert};
    const struct leat_stream client = pipe_stream(&f->ends[CLIENT]);
    struct leat_buf *answer;
    uint8_t said[16];

    feed(f, bytes, len);
    answer = leat_stream_receive(&client, UINT32_MAX);
    assert_int_equal(leat_buf_read(answer, 0, said, sizeof said), sizeof expected);
    assert_memory_equal(said, expected, sizeof expected);
    leat_buf_free(answer);
    leat_stream_consumed(&client, sizeof expected);
    leat_stream_abort(&client);
    world_wait(f->world, second);
}

static void test_threat_T5_a_client_without_TLS_13(void **state)
{
    static const uint8_t hello[] = {22, 3, 1, 0, 45, 1, 0, 0, 41, 3, 3, /* random */
                                    1,  1, 1, 1, 1,  1, 1, 1, 1,  1, 1, 1, 1, 1, 1, 1, 1,  1, 1, 1,
                                    1,  1, 1, 1, 1,  1, 1, 1, 1,  1, 1, 1, 0, 0, 2, 0, 47, 1, 0};

    expect_answer(*state, hello, sizeof hello, WIRE_TLS_PROTOCOL_VERSION);
}

static void test_no_tls_at_all(void **state)
{
    expect_answer(*state, "GET / HTTP/1.1\r\n\r\n", 18, WIRE_TLS_UNEXPECTED_MESSAGE);
}

static void test_threat_T1_a_record_that_is_too_long(void **state)
{
    expect_answer(*state, "\x16\x03\x01\x40\x01", 5, WIRE_TLS_RECORD_OVERFLOW);
}

static void test_an_empty_record(void **state)
{
    expect_answer(*state, "\x16\x03\x01\x00\x00", 5, WIRE_TLS_UNEXPECTED_MESSAGE);
}

static void test_threat_T3_a_hello_that_is_too_long(void **state)
{
    expect_answer(*state, "\x16\x03\x01\x00\x04\x01\x00\x18\x00", 9, WIRE_TLS_ILLEGAL_PARAMETER);
}

static void test_a_message_that_is_no_hello(void **state)
{
    expect_answer(*state, "\x16\x03\x01\x00\x04\x14\x00\x00\x00", 9, WIRE_TLS_UNEXPECTED_MESSAGE);
}

static void test_data_before_a_hello(void **state)
{
    expect_answer(*state, "\x17\x03\x03\x00\x01x", 6, WIRE_TLS_UNEXPECTED_MESSAGE);
}

/* ---- Records ----------------------------------------------------------------------------- */

static void flip_last(struct pipe_end *end, struct leat_buf *payload)
{
    (void)end;
    while (payload->next)
        payload = payload->next;
    payload->data[payload->len - 1] ^= 1;
}

static void test_threat_T10_nothing_of_a_record_with_a_wrong_tag_is_handed_up(void **state)
{
    struct fixture *f = *state;

    open_both(f, WIDE);
    f->ends[SERVER].grain = 100; /* its last byte is in a piece of its own */
    f->ends[SERVER].spoil = flip_last;
    say(f, CLIENT,
        "12345678901234567890123456789012345678901234567890123456789012345678901234567890");
    expect_end(f, SERVER, LEAT_ERR_TLS);
    assert_int_equal(f->users[SERVER]->have, 0);
    assert_int_equal(f->users[SERVER]->info.alert_sent, WIRE_TLS_BAD_RECORD_MAC);
    expect_end(f, CLIENT, LEAT_ERR_TLS);
}

/* Sends a record of @type from an end's session. */
static void inject(struct fixture *f, unsigned from, uint8_t type, void *bytes, uint32_t len)
{
    struct tls_session *session = session_of(f, from);

    session->tls->in[0] = (struct leat_crypto_piece){bytes, len};
    assert_true(tls_protect(session, type, 1, len));
    world_wait(f->world, ms);
}

/* RFC 8446 5.4: a record's type is its last byte that isn't zero; here the padding spans pieces. */
static void test_a_record_may_be_padded(void **state)
{
    struct fixture *f = *state;
    uint8_t padded[400] = {'h', 'e', 'y', WIRE_TLS_APPLICATION_DATA}, zeros[400] = {0};

    open_both(f, WIDE);
    f->ends[SERVER].grain = 100;
    inject(f, CLIENT, 0, padded, sizeof padded);
    assert_int_equal(f->users[SERVER]->have, 3);
    assert_memory_equal(f->users[SERVER]->bytes, padded, 3);
    inject(f, CLIENT, WIRE_TLS_APPLICATION_DATA, zeros, sizeof zeros); /* data, not padding */
    assert_int_equal(f->users[SERVER]->have, 3 + sizeof zeros);
    inject(f, CLIENT, 0, zeros, sizeof zeros);
    expect_end(f, SERVER, LEAT_ERR_TLS);
    assert_int_equal(f->users[SERVER]->info.alert_sent, WIRE_TLS_UNEXPECTED_MESSAGE);
    expect_end(f, CLIENT, LEAT_ERR_TLS);
}

static void test_threat_T1_records_without_data_are_limited(void **state)
{
    struct fixture *f = *state;

    open_both(f, WIDE);
    for (unsigned i = 0; i <= TLS_IDLE_MAX; i++) {
        assert_false(f->users[SERVER]->closed);
        inject(f, CLIENT, WIRE_TLS_APPLICATION_DATA, NULL, 0);
    }
    expect_end(f, SERVER, LEAT_ERR_TLS);
    assert_string_equal(f->users[SERVER]->info.why, "too many records or key updates without data");
    expect_end(f, CLIENT, LEAT_ERR_TLS);
}

static void test_threat_T8_key_updates_are_limited(void **state)
{
    struct fixture *f = *state;

    open_both(f, WIDE);
    for (unsigned i = 0; i <= TLS_IDLE_MAX && !f->users[SERVER]->closed; i++) {
        struct tls_session *session = session_of(f, CLIENT);

        tls_event(session, TLS_key_is_worn);
        tls_flush(session);
        world_wait(f->world, ms);
    }
    expect_end(f, SERVER, LEAT_ERR_TLS);
    expect_end(f, CLIENT, LEAT_ERR_TLS);
}

static void test_threat_T9_keys_are_updated_before_they_are_worn(void **state)
{
    struct fixture *f = *state;

    f->config[SERVER].records_per_key = f->config[CLIENT].records_per_key = 5;
    open_both(f, WIDE);
    for (unsigned i = 0; i < 5; i++) {
        send_pattern(f, SERVER, 30000, 1000);
        send_pattern(f, CLIENT, 30000, 1000);
    }
    assert_true(leat_tls_counts(f->tls[SERVER])->key_updates >= 20);
    leave(f);
}

static void test_an_update_that_is_asked_for_is_answered(void **state)
{
    uint8_t message[] = {WIRE_TLS_KEY_UPDATE, 0, 0, 1, 1};
    struct fixture *f = *state;

    open_both(f, WIDE);
    inject(f, CLIENT, WIRE_TLS_HANDSHAKE, message, sizeof message);
    assert_true(tls_key_update(session_of(f, CLIENT), &session_of(f, CLIENT)->write));
    world_wait(f->world, ms);
    assert_int_equal(leat_tls_counts(f->tls[SERVER])->key_updates, 2);
    send_pattern(f, CLIENT, 100, 100);
    send_pattern(f, SERVER, 100, 100);
    leave(f);
}

static void test_a_handshake_message_behind_the_handshake(void **state)
{
    uint8_t message[] = {WIRE_TLS_CLIENT_HELLO, 0, 0, 0};
    struct fixture *f = *state;

    open_both(f, WIDE);
    inject(f, CLIENT, WIRE_TLS_HANDSHAKE, message, sizeof message);
    expect_end(f, SERVER, LEAT_ERR_TLS);
    assert_int_equal(f->users[SERVER]->info.alert_sent, WIRE_TLS_UNEXPECTED_MESSAGE);
    expect_end(f, CLIENT, LEAT_ERR_TLS);
}

/* ---- Silence ----------------------------------------------------------------------------- */

static void test_silence_in_the_handshake(void **state)
{
    struct fixture *f = *state;

    feed(f, "\x16\x03\x01\x00\x80\x01", 6);
    assert_int_equal(leat_tls_counts(f->tls[SERVER])->timeouts, 0);
    world_wait(f->world, 7 * second);
    assert_int_equal(leat_tls_counts(f->tls[SERVER])->timeouts, 0);
    world_wait(f->world, 2 * second);
    assert_int_equal(leat_tls_counts(f->tls[SERVER])->timeouts, 1);
}

static void test_half_a_record_and_silence(void **state)
{
    const struct leat_stream client = pipe_stream(&((struct fixture *)*state)->ends[CLIENT]);
    struct fixture *f = *state;
    size_t taken;

    open_both(f, WIDE);
    leat_stream_write(&client, "\x17\x03\x03\x01\x00half", 9, &taken);
    world_wait(f->world, 29 * second);
    assert_false(f->users[SERVER]->closed);
    expect_end(f, SERVER, LEAT_ERR_TIMEOUT);
    expect_end(f, CLIENT, LEAT_ERR_RESET);
}

static void test_more_sessions_than_places(void **state)
{
    struct fixture *f = *state;
    const struct leat_stream server = pipe_stream(&f->ends[SERVER]);
    struct leat_stream session;

    f->config[SERVER].sessions = 1; /* a pipe has no address, so the newcomer shares the address */
    begin(f, WIDE);
    shake(f);
    assert_int_equal(leat_tls_accept(f->tls[SERVER], &server, &session), LEAT_ERR_MEMORY);
    assert_int_equal(leat_tls_counts(f->tls[SERVER])->refused, 1);
    assert_true(world_run(f->world, &f->users[SERVER]->open, second));
    assert_true(world_run(f->world, &f->users[CLIENT]->open, second));
    leave(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_no_civil_time_no_session),
        TEST(test_an_old_certificate),
        TEST(test_another_name),
        TEST(test_an_unknown_authority),
        TEST(test_a_signature_by_another_key),
        TEST(test_no_suite_in_common),
        TEST(test_no_group_in_common),
        TEST(test_no_scheme_in_common),
        TEST(test_no_protocol_in_common),
        TEST(test_a_protocol_in_common),
        TEST(test_a_share_is_asked_for),
        TEST(test_threat_T4_a_second_hello_that_differs),
        TEST(test_threat_T12_a_share_of_zeros),
        TEST(test_threat_T12_a_point_off_its_curve),
        TEST(test_threat_T5_a_client_without_TLS_13),
        TEST(test_no_tls_at_all),
        TEST(test_threat_T1_a_record_that_is_too_long),
        TEST(test_an_empty_record),
        TEST(test_threat_T3_a_hello_that_is_too_long),
        TEST(test_a_message_that_is_no_hello),
        TEST(test_data_before_a_hello),
        TEST(test_threat_T10_nothing_of_a_record_with_a_wrong_tag_is_handed_up),
        TEST(test_a_record_may_be_padded),
        TEST(test_threat_T1_records_without_data_are_limited),
        TEST(test_threat_T8_key_updates_are_limited),
        TEST(test_threat_T9_keys_are_updated_before_they_are_worn),
        TEST(test_an_update_that_is_asked_for_is_answered),
        TEST(test_a_handshake_message_behind_the_handshake),
        TEST(test_silence_in_the_handshake),
        TEST(test_half_a_record_and_silence),
        TEST(test_more_sessions_than_places),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
