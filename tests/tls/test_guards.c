/* test_guards.c -- checks that protect a session if all cryptography agrees. Each test breaks one
 * rule and expects that rule's alert. */
#include "byte_peer.h"

static struct tls_end end;

static const struct tls_handshake *handshake(void)
{
    return ((const struct tls_session *)end.stream.end)->handshake;
}

static int set_up_client(void **state)
{
    (void)state;
    tls_world_open(false);
    tls_end_open(&end, TLS_END_CLIENT, false);
    tls_world_poll();
    tls_world_poll();
    return 0;
}

static int set_up_server(void **state)
{
    (void)state;
    tls_world_open(false);
    tls_end_open(&end, 0, false);
    tls_world_poll();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tls_end_close(&end, false);
    tls_world_close();
    return 0;
}

static void expect(uint8_t alert, const char *why)
{
    struct leat_tls_info info;

    leat_tls_get_info(&end.stream, &info);
    assert_string_equal(info.why, why);
    assert_int_equal(info.alert_sent, alert);
    assert_false(end.open && end.heard > 0);
}

/* ---- A server's hello ------------------------------------------------------------------------ */

/* A legal hello, or a retry. */
static struct wire_tls_server_choice legal(bool retry)
{
    static uint8_t share[32];

    memset(share, LEAT_CRYPTO_X25519, sizeof share);
    return (struct wire_tls_server_choice){
        .random = retry ? NULL : handshake()->random,
        .session_id = {handshake()->session_id, handshake()->session_id_len},
        .suite = WIRE_TLS_AES_128_GCM,
        .group = retry ? LEAT_CRYPTO_SECP256R1 : LEAT_CRYPTO_X25519,
        .share = {retry ? NULL : share, retry ? 0 : sizeof share}};
}

static void say_hello(struct wire_tls_server_choice choice)
{
    uint8_t message[600];
    struct wire_tls_out out = {message, message + sizeof message, false};

    wire_tls_server_hello_write(&out, &choice);
    assert_false(out.full);
    peer_say(&end, WIRE_TLS_HANDSHAKE, message, (uint32_t)(out.at - message));
}

/* Sends a hello of TLS 1.2; @extensions are all bytes after its compression. */
static void say_old_hello(const char *random_end, const uint8_t *extensions, uint32_t len)
{
    uint8_t body[100] = {3, 3};
    uint32_t at = 2 + WIRE_TLS_RANDOM;

    memcpy(body + at - 8, random_end, 8);
    body[at++] = 0;
    body[at++] = 0x13;
    body[at++] = 0x01;
    body[at++] = 0;
    memcpy(body + at, extensions, len);
    peer_message(&end, WIRE_TLS_SERVER_HELLO, body, at + len);
}

/* RFC 8446 4.1.3: a downgrade is told apart from a server without TLS 1.3. */
static void test_threat_T5_a_downgrade_is_an_illegal_parameter(void **state)
{
    (void)state;
    say_old_hello("DOWNGRD\1", (const uint8_t *)"", 0);
    expect(WIRE_TLS_ILLEGAL_PARAMETER, "the server has no TLS 1.3");
}

static void test_threat_T5_a_downgrade_to_an_older_one_with_extensions(void **state)
{
    static const uint8_t none[] = {0, 0};

    (void)state;
    say_old_hello("DOWNGRD\0", none, sizeof none);
    expect(WIRE_TLS_ILLEGAL_PARAMETER, "the server has no TLS 1.3");
}

static void test_an_old_server_is_none_that_was_downgraded(void **state)
{
    static const uint8_t none[] = {0, 0};

    (void)state;
    say_old_hello("DOWNGRD\2", none, sizeof none);
    expect(WIRE_TLS_PROTOCOL_VERSION, "the server has no TLS 1.3");
}

static void test_a_version_that_was_not_offered(void **state)
{
    static const uint8_t versions[] = {0, 6, 0, 43, 0, 2, 3, 3};

    (void)state;
    say_old_hello("12345678", versions, sizeof versions);
    expect(WIRE_TLS_ILLEGAL_PARAMETER, "a version that was not offered");
}

static void test_another_session_id(void **state)
{
    struct wire_tls_server_choice choice = legal(false);
    uint8_t id[WIRE_TLS_SESSION_ID_MAX];

    (void)state;
    memcpy(id, choice.session_id.at, sizeof id);
    id[31] ^= 1;
    choice.session_id.at = id;
    say_hello(choice);
    expect(WIRE_TLS_ILLEGAL_PARAMETER, "another session id than ours");
}

static void test_a_shorter_session_id(void **state)
{
    struct wire_tls_server_choice choice = legal(false);

    (void)state;
    choice.session_id.len--;
    say_hello(choice);
    expect(WIRE_TLS_ILLEGAL_PARAMETER, "another session id than ours");
}

static void test_a_suite_that_was_not_offered(void **state)
{
    struct wire_tls_server_choice choice = legal(false);

    (void)state;
    choice.suite = 0x1304;
    say_hello(choice);
    expect(WIRE_TLS_ILLEGAL_PARAMETER, "a suite that was not offered");
}

static void test_threat_T4_another_suite_than_the_retry_had(void **state)
{
    struct wire_tls_server_choice choice;

    (void)state;
    say_hello(legal(true));
    choice = legal(false);
    choice.suite = WIRE_TLS_CHACHA20_POLY1305;
    say_hello(choice);
    expect(WIRE_TLS_ILLEGAL_PARAMETER, "a suite that was not offered");
}

static void test_threat_T4_a_retry_that_changes_nothing(void **state)
{
    struct wire_tls_server_choice choice = legal(true);

    (void)state;
    choice.group = 0;
    say_hello(choice);
    expect(WIRE_TLS_ILLEGAL_PARAMETER, "a retry that changes nothing");
}

static void test_threat_T4_a_retry_for_the_share_that_was_there(void **state)
{
    struct wire_tls_server_choice choice = legal(true);

    (void)state;
    choice.group = LEAT_CRYPTO_X25519;
    say_hello(choice);
    expect(WIRE_TLS_ILLEGAL_PARAMETER, "a retry that changes nothing");
}

static void test_a_share_of_another_group(void **state)
{
    struct wire_tls_server_choice choice = legal(false);

    (void)state;
    choice.group = LEAT_CRYPTO_SECP256R1;
    say_hello(choice);
    expect(WIRE_TLS_ILLEGAL_PARAMETER, "a share of another group than ours");
}

/* ---- A server's flight ----------------------------------------------------------------------- */

static void lead_to_certificate(void)
{
    static const uint8_t nothing[] = {0, 0};

    say_hello(legal(false));
    peer_message(&end, WIRE_TLS_ENCRYPTED_EXTENSIONS, nothing, sizeof nothing);
}

static void say_certificate(uint16_t scheme)
{
    static const uint8_t certificate[] = {0, 0, 0, 9, 0, 0, 4, 0x30, 2, 5, 0, 0, 0};
    const uint8_t verify[] = {(uint8_t)(scheme >> 8), (uint8_t)scheme, 0, 1, 1};

    peer_message(&end, WIRE_TLS_CERTIFICATE, certificate, sizeof certificate);
    peer_message(&end, WIRE_TLS_CERTIFICATE_VERIFY, verify, sizeof verify);
}

static void lead_to_Finished(uint16_t scheme)
{
    lead_to_certificate();
    say_certificate(scheme);
}

/* True if the end has sent @wanted, which this cryptography doesn't encrypt. */
static bool has_sent(const uint8_t *wanted, uint32_t size)
{
    uint8_t sent[2000];
    const uint32_t len = tls_end_sent(&end, sent, sizeof sent);

    for (uint32_t i = 0; i + size <= len; i++)
        if (memcmp(sent + i, wanted, size) == 0)
            return true;
    return false;
}

/* RFC 8446 4.4.2: a client without certificate answers a request by an empty one, and sends nothing
 * without a request. */
static void finish_with_request(bool asks)
{
    static const uint8_t request[] = {0, 0, 8, 0, 13, 0, 4, 0, 2, 4, 3};
    static const uint8_t empty[] = {WIRE_TLS_CERTIFICATE, 0, 0, 4, 0, 0, 0, 0};

    lead_to_certificate();
    if (asks)
        peer_message(&end, WIRE_TLS_CERTIFICATE_REQUEST, request, sizeof request);
    say_certificate(LEAT_CRYPTO_ECDSA_SECP256R1_SHA256);
    peer_Finished(&end, true);
    assert_true(end.open);
    assert_int_equal(has_sent(empty, sizeof empty), asks);
}

static void test_a_client_that_is_asked_shows_no_certificate(void **state)
{
    (void)state;
    finish_with_request(true);
}

static void test_a_client_that_is_not_asked_says_none(void **state)
{
    (void)state;
    finish_with_request(false);
}

static void test_a_protocol_that_was_not_offered(void **state)
{
    static const uint8_t alpn[] = {0, 9, 0, 16, 0, 5, 0, 3, 2, 'h', '2'};

    (void)state;
    say_hello(legal(false));
    peer_message(&end, WIRE_TLS_ENCRYPTED_EXTENSIONS, alpn, sizeof alpn);
    expect(WIRE_TLS_UNSUPPORTED_EXTENSION, "an extension that was not offered");
}

/* RFC 8449 4: the limit counts the data and its type. */
static void test_a_limit_of_records_of_the_server_is_kept(void **state)
{
    static const uint8_t limit[] = {0, 6, 0, 28, 0, 2, 0, 64};
    const struct tls_session *session = end.stream.end;

    (void)state;
    say_hello(legal(false));
    peer_message(&end, WIRE_TLS_ENCRYPTED_EXTENSIONS, limit, sizeof limit);
    assert_int_equal(session->data_max, 63);
}

static void test_a_scheme_that_was_not_offered(void **state)
{
    (void)state;
    lead_to_Finished(0x0401); /* rsa_pkcs1_sha256 (4.2.3: not in TLS 1.3) */
    expect(WIRE_TLS_ILLEGAL_PARAMETER, "a scheme that was not offered");
}

static void test_a_Finished_of_the_server_that_is_wrong(void **state)
{
    (void)state;
    lead_to_Finished(LEAT_CRYPTO_ECDSA_SECP256R1_SHA256);
    peer_Finished(&end, false);
    expect(WIRE_TLS_DECRYPT_ERROR, "a Finished that is wrong");
    assert_false(end.open);
}

/* RFC 8446 5.1 */
static void test_a_message_behind_a_Finished(void **state)
{
    uint8_t both[WIRE_TLS_MESSAGE_HEADER + 32 + 5] = {WIRE_TLS_FINISHED, 0, 0, 32};

    (void)state;
    lead_to_Finished(LEAT_CRYPTO_ECDSA_SECP256R1_SHA256);
    memset(both + WIRE_TLS_MESSAGE_HEADER, AGREEABLE_DIGEST, 32);
    memcpy(both + WIRE_TLS_MESSAGE_HEADER + 32, "\x18\0\0\1\0", 5);
    peer_say(&end, WIRE_TLS_HANDSHAKE, both, sizeof both);
    expect(WIRE_TLS_UNEXPECTED_MESSAGE, "a message after a change of keys");
}

/* ---- Records --------------------------------------------------------------------------------- */

static void test_a_record_that_is_not_encrypted(void **state)
{
    static const uint8_t record[] = {22, 3, 3, 0, 6, 8, 0, 0, 2, 0, 0};

    (void)state;
    say_hello(legal(false));
    tls_end_feed(&end, record, sizeof record, 1500);
    tls_world_poll();
    expect(WIRE_TLS_UNEXPECTED_MESSAGE, "a record that isn't encrypted");
}

static void test_an_alert_inside_of_a_message(void **state)
{
    static const uint8_t half[] = {WIRE_TLS_ENCRYPTED_EXTENSIONS, 0, 0, 2, 0}, warning[] = {1, 0};

    (void)state;
    say_hello(legal(false));
    peer_say(&end, WIRE_TLS_HANDSHAKE, half, sizeof half);
    peer_say(&end, WIRE_TLS_ALERT, warning, sizeof warning);
    expect(WIRE_TLS_UNEXPECTED_MESSAGE, "a record inside of a message");
}

static void test_another_change_cipher_spec(void **state)
{
    static const uint8_t two[] = {2};

    (void)state;
    say_hello(legal(false));
    peer_say(&end, WIRE_TLS_CHANGE_CIPHER_SPEC, two, sizeof two);
    expect(WIRE_TLS_UNEXPECTED_MESSAGE, "not the one change_cipher_spec");
}

static void test_a_longer_change_cipher_spec(void **state)
{
    static const uint8_t two[] = {1, 1};

    (void)state;
    say_hello(legal(false));
    peer_say(&end, WIRE_TLS_CHANGE_CIPHER_SPEC, two, sizeof two);
    expect(WIRE_TLS_UNEXPECTED_MESSAGE, "not the one change_cipher_spec");
}

static void test_alerts_of_another_length(void **state)
{
    static const uint8_t longer[] = {2, 40, 0};

    (void)state;
    say_hello(legal(false));
    peer_say(&end, WIRE_TLS_ALERT, longer, sizeof longer);
    expect(WIRE_TLS_DECODE_ERROR, "an alert of a wrong length");
}

static void test_half_an_alert(void **state)
{
    static const uint8_t half[] = {2};

    (void)state;
    say_hello(legal(false));
    peer_say(&end, WIRE_TLS_ALERT, half, sizeof half);
    expect(WIRE_TLS_DECODE_ERROR, "an alert of a wrong length");
}

/* RFC 8446 5.4: the encrypted form may be longer, but the data inside may not. */
static void test_threat_T1_data_that_is_too_long(void **state)
{
    static const uint8_t data[WIRE_TLS_PLAINTEXT_MAX + 1] = {1};

    (void)state;
    say_hello(legal(false));
    peer_say(&end, WIRE_TLS_HANDSHAKE, data, sizeof data);
    expect(WIRE_TLS_RECORD_OVERFLOW, "a record that is too long");
}

/* ---- A client's Finished --------------------------------------------------------------------- */

static void say_hello_with(uint16_t record_size_limit)
{
    static const uint16_t groups[] = {LEAT_CRYPTO_X25519}, suites[] = {WIRE_TLS_AES_128_GCM};
    static const uint16_t schemes[] = {LEAT_CRYPTO_ECDSA_SECP256R1_SHA256};
    uint8_t message[600], share[32] = {1};
    struct wire_tls_out out = {message, message + sizeof message, false};
    const struct wire_tls_client_offer offer = {.random = share,
                                                .suites = suites,
                                                .suite_count = 1,
                                                .groups = groups,
                                                .group_count = 1,
                                                .schemes = schemes,
                                                .scheme_count = 1,
                                                .share_group = LEAT_CRYPTO_X25519,
                                                .share = {share, sizeof share},
                                                .record_size_limit = record_size_limit};

    wire_tls_client_hello_write(&out, &offer);
    peer_say(&end, WIRE_TLS_HANDSHAKE, message, (uint32_t)(out.at - message));
}

static void say_hello_of_client(void)
{
    say_hello_with(16385);
}

/* RFC 8449 4: a client that sends a limit gets ours, and no longer records than its own limit. */
static void test_a_limit_of_records_is_answered_and_kept(void **state)
{
    static const uint8_t ours[] = {0, 28, 0, 2, 0x40, 1};
    const struct tls_session *session = end.stream.end;

    (void)state;
    say_hello_with(64);
    assert_true(has_sent(ours, sizeof ours));
    assert_int_equal(session->data_max, 63);
}

static void test_a_client_without_a_limit_of_records_hears_of_none(void **state)
{
    static const uint8_t ours[] = {0, 28, 0, 2, 0x40, 1};

    (void)state;
    say_hello_with(0);
    assert_false(has_sent(ours, sizeof ours));
}

static void test_a_Finished_of_the_client_that_is_wrong(void **state)
{
    (void)state;
    say_hello_of_client();
    peer_Finished(&end, false);
    expect(WIRE_TLS_DECRYPT_ERROR, "a Finished that is wrong");
    assert_false(end.open);
}

static void test_a_Finished_of_another_length(void **state)
{
    uint8_t mac[33];

    (void)state;
    memset(mac, AGREEABLE_DIGEST, sizeof mac);
    say_hello_of_client();
    peer_message(&end, WIRE_TLS_FINISHED, mac, sizeof mac);
    expect(WIRE_TLS_DECODE_ERROR, "a Finished of a wrong length");
    assert_false(end.open);
}

#define OF_CLIENT(name) cmocka_unit_test_setup_teardown(name, set_up_client, tear_down)
#define OF_SERVER(name) cmocka_unit_test_setup_teardown(name, set_up_server, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        OF_CLIENT(test_threat_T5_a_downgrade_is_an_illegal_parameter),
        OF_CLIENT(test_threat_T5_a_downgrade_to_an_older_one_with_extensions),
        OF_CLIENT(test_an_old_server_is_none_that_was_downgraded),
        OF_CLIENT(test_a_version_that_was_not_offered),
        OF_CLIENT(test_another_session_id),
        OF_CLIENT(test_a_shorter_session_id),
        OF_CLIENT(test_a_suite_that_was_not_offered),
        OF_CLIENT(test_threat_T4_another_suite_than_the_retry_had),
        OF_CLIENT(test_threat_T4_a_retry_that_changes_nothing),
        OF_CLIENT(test_threat_T4_a_retry_for_the_share_that_was_there),
        OF_CLIENT(test_a_share_of_another_group),
        OF_CLIENT(test_a_client_that_is_asked_shows_no_certificate),
        OF_CLIENT(test_a_client_that_is_not_asked_says_none),
        OF_CLIENT(test_a_protocol_that_was_not_offered),
        OF_CLIENT(test_a_limit_of_records_of_the_server_is_kept),
        OF_CLIENT(test_a_scheme_that_was_not_offered),
        OF_CLIENT(test_a_Finished_of_the_server_that_is_wrong),
        OF_CLIENT(test_a_message_behind_a_Finished),
        OF_CLIENT(test_a_record_that_is_not_encrypted),
        OF_CLIENT(test_an_alert_inside_of_a_message),
        OF_CLIENT(test_another_change_cipher_spec),
        OF_CLIENT(test_a_longer_change_cipher_spec),
        OF_CLIENT(test_alerts_of_another_length),
        OF_CLIENT(test_half_an_alert),
        OF_CLIENT(test_threat_T1_data_that_is_too_long),
        OF_SERVER(test_a_limit_of_records_is_answered_and_kept),
        OF_SERVER(test_a_client_without_a_limit_of_records_hears_of_none),
        OF_SERVER(test_a_Finished_of_the_client_that_is_wrong),
        OF_SERVER(test_a_Finished_of_another_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
