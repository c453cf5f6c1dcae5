/*
 * test_rfc8448.c -- the handshakes of RFC 8448, sections 3 and 4, byte by byte: key schedule,
 * Finished, records both ways, ticket, early data.
 *
 * The certificate has a key of 1,024 bits, which no provider accepts, so the messages go to the
 * transcript and not to the state machine.
 */
#include "rfc8448_hex.h"

#include "rfc8448.h"

static void expect_hex(const uint8_t *bytes, const char *hex)
{
    uint8_t expected[BYTES_MAX];

    assert_memory_equal(bytes, expected, unhex(hex, expected));
}

static void hear(struct tls_session *session, const char *message)
{
    uint8_t bytes[BYTES_MAX];

    assert_true(tls_transcript_add(session, bytes, unhex(message, bytes)));
}

/* Starts a session of a server that has received nothing yet. */
static struct tls_session *start(struct fixture *f)
{
    struct tls_session *session;

    begin(f, WIDE);
    session = accept_ready(f);
    session->suite = WIRE_TLS_AES_128_GCM;
    session->hash = LEAT_CRYPTO_SHA256;
    return session;
}

/* @text sealed with the writing key of @session makes @record, which opens to @text. */
static void expect_record(struct fixture *f, uint8_t type, const char *text, const char *record)
{
    struct tls_session *session = session_of(f, SERVER);
    const struct leat_stream client = pipe_stream(&f->ends[CLIENT]);
    uint8_t bytes[BYTES_MAX], sealed[BYTES_MAX], inner, alert;
    const uint32_t len = (uint32_t)unhex(text, bytes);
    struct leat_buf *got;
    uint32_t total;

    session->read = session->write;
    session->tls->in[0] = (struct leat_crypto_piece){bytes, len};
    assert_true(tls_protect(session, type, 1, len));
    got = leat_stream_receive(&client, UINT32_MAX);
    total = leat_buf_total(got);
    assert_int_equal(total, strlen(record) / 2);
    assert_int_equal(leat_buf_read(got, 0, sealed, sizeof sealed), total);
    expect_hex(sealed, record);
    leat_stream_consumed(&client, total);
    session->record_minor = sealed[2];
    got = tls_unprotect(session, leat_buf_consume(got, WIRE_TLS_RECORD_HEADER),
                        total - WIRE_TLS_RECORD_HEADER, &inner, &alert);
    assert_non_null(got);
    assert_int_equal(inner, type);
    assert_int_equal(leat_buf_read(got, 0, sealed, sizeof sealed), len);
    assert_memory_equal(sealed, bytes, len);
    leat_buf_free(got);
}

static void write_with(struct tls_session *session, const uint8_t *secret, const char *key,
                       const char *iv)
{
    assert_true(tls_key_set(session, &session->write, secret));
    expect_hex(session->write.key.bytes, key);
    expect_hex(session->write.iv, iv);
}

/* Runs the handshake up to its secrets. */
static void agree(struct tls_session *session)
{
    uint8_t shared[BYTES_MAX];

    assert_true(tls_transcript_open(session));
    hear(session, rfc_client_hello);
    hear(session, rfc_server_hello);
    assert_true(tls_schedule_handshake(
        session, shared,
        unhex("8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d", shared)));
    expect_hex(session->handshake->client_secret,
               "b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21");
    expect_hex(session->handshake->server_secret,
               "b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38");
}

/* Runs both flights, and leaves the secrets of the next stage. */
static void finish(struct fixture *f)
{
    struct tls_session *session = session_of(f, SERVER);
    uint8_t client_secret[LEAT_CRYPTO_DIGEST_BYTES_MAX], mac[LEAT_CRYPTO_DIGEST_BYTES_MAX];
    char flight[2 * BYTES_MAX];

    memcpy(client_secret, session->handshake->client_secret, sizeof client_secret);
    write_with(session, session->handshake->server_secret, "3fce516009c21727d0f2e4e86ee403bc",
               "5d313eb2671276ee13000b30");
    hear(session, rfc_encrypted_extensions);
    hear(session, rfc_certificate);
    hear(session, rfc_certificate_verify);
    assert_true(tls_finished(session, session->handshake->server_secret, mac));
    expect_hex(mac, rfc_server_finished + 8);
    hear(session, rfc_server_finished);
    snprintf(flight, sizeof flight, "%s%s%s%s", rfc_encrypted_extensions, rfc_certificate,
             rfc_certificate_verify, rfc_server_finished);
    expect_record(f, WIRE_TLS_HANDSHAKE, flight, rfc_server_flight);
    assert_true(tls_schedule_master(session));
    assert_true(tls_finished(session, client_secret, mac));
    expect_hex(mac, rfc_client_finished + 8);
    write_with(session, client_secret, "dbfaa693d1762c5b666af5d950258d01",
               "5bd3c71b836e0b76bb73265f");
    expect_record(f, WIRE_TLS_HANDSHAKE, rfc_client_finished, rfc_client_finished_record);
    hear(session, rfc_client_finished);
    assert_true(tls_schedule_resumption(session));
}

static void end(struct fixture *f)
{
    const struct leat_stream client = pipe_stream(&f->ends[CLIENT]);

    leat_stream_abort(&client);
    world_wait(f->world, second);
}

static void test_the_simple_handshake(void **state)
{
    struct fixture *f = *state;
    struct tls_session *session = start(f);

    agree(session);
    finish(f);
    write_with(session, session->handshake->server_secret, "9f02283b6c9c07efc26bb9f2ac92e356",
               "cf782b88dd83549aadf1e984");
    expect_record(f, WIRE_TLS_HANDSHAKE, rfc_ticket, rfc_ticket_record);
    expect_record(f, WIRE_TLS_APPLICATION_DATA, rfc_data, rfc_server_data_record);
    expect_record(f, WIRE_TLS_ALERT, "0100", rfc_server_end_record);
    write_with(session, session->handshake->client_secret, "17422dda596ed5d9acd890e3c63f5051",
               "5b78923dee08579033e523d9");
    expect_record(f, WIRE_TLS_APPLICATION_DATA, rfc_data, rfc_client_data_record);
    expect_record(f, WIRE_TLS_ALERT, "0100", rfc_client_end_record);
    end(f);
}

static void test_the_ticket_and_its_binder(void **state)
{
    static const uint8_t nonce[2] = {0};
    struct fixture *f = *state;
    struct tls_session *session = start(f);
    const struct leat_crypto *crypto = &session->tls->crypto;
    uint8_t psk[LEAT_CRYPTO_DIGEST_BYTES_MAX], digest[LEAT_CRYPTO_DIGEST_BYTES_MAX];
    uint8_t hello[BYTES_MAX], mac[LEAT_CRYPTO_DIGEST_BYTES_MAX];
    struct leat_crypto_hashing hashing;

    agree(session);
    finish(f);
    expect_hex(session->resumption,
               "7df235f2031d2a051287d02b0241b0bfdaf86cc856231f2d5aba46c434ec196c");
    assert_true(tls_ticket_key(session, (struct wire_tls_bytes){nonce, sizeof nonce}, psk));
    expect_hex(psk, "4ecd0eb6ec3b4d87f5d6028f922ca4c5851a277fd41311c9e62d2c9492e1c4f3");
    assert_true(crypto->ops->hash_open(crypto->self, &hashing, LEAT_CRYPTO_SHA256));
    assert_true(
        crypto->ops->hash_update(crypto->self, &hashing, hello, unhex(rfc_resumed_hello, hello)));
    assert_true(crypto->ops->hash_digest(crypto->self, &hashing, digest));
    crypto->ops->hash_close(crypto->self, &hashing);
    assert_true(tls_binder(session, psk, digest, mac));
    expect_hex(mac, "3add4fb2d8fdf822a0ca3cf7678ef5e88dae990141c5924d57bb6fa31b9e5f9d");
    end(f);
}

/* ---- Section 4 ------------------------------------------------------------------------------- */

static void begin_early(struct fixture *f)
{
    struct tls_session *session = session_of(f, SERVER);
    uint8_t digest[LEAT_CRYPTO_DIGEST_BYTES_MAX], secret[LEAT_CRYPTO_DIGEST_BYTES_MAX];
    char hello[2 * BYTES_MAX];

    unhex("4ecd0eb6ec3b4d87f5d6028f922ca4c5851a277fd41311c9e62d2c9492e1c4f3",
          session->handshake->psk);
    session->resumed = true;
    snprintf(hello, sizeof hello, "%s%s", rfc_resumed_hello, rfc_resumed_binders);
    assert_true(tls_transcript_open(session));
    hear(session, hello);
    assert_true(tls_transcript_digest(session, digest));
    assert_true(tls_schedule_early(session, digest, secret));
    expect_hex(secret, "3fbbe6a60deb66c30a32795aba0eff7eaa10105586e7be5c09678d63b6caab62");
    write_with(session, secret, "920205a5b7bf2115e6fc5c2942834f54", "6d475f0993c8e564610db2b9");
    expect_record(f, WIRE_TLS_APPLICATION_DATA, "414243444546", rfc_early_record);
    expect_record(f, WIRE_TLS_HANDSHAKE, rfc_end_of_early, rfc_end_of_early_record);
}

static void finish_early(struct fixture *f)
{
    struct tls_session *session = session_of(f, SERVER);
    struct tls_handshake *handshake = session->handshake;
    uint8_t shared[BYTES_MAX], client_secret[LEAT_CRYPTO_DIGEST_BYTES_MAX];
    uint8_t mac[LEAT_CRYPTO_DIGEST_BYTES_MAX];
    char flight[2 * BYTES_MAX];

    hear(session, rfc_resumed_server_hello);
    assert_true(tls_schedule_handshake(
        session, shared,
        unhex("f44194756ff9ec9d25180635d66ea6824c6ab3bf179977be37f723570e7ccb2e", shared)));
    memcpy(client_secret, handshake->client_secret, sizeof client_secret);
    expect_hex(client_secret, "2faac08f851d35fea3604fcb4de82dc62c9b164a70974d0462e27f1ab278700f");
    write_with(session, handshake->server_secret, "27c6bdc0a3dcea39a47326d79bc9e4ee",
               "9569ecdd4d0536705e9ef725");
    hear(session, rfc_early_extensions);
    assert_true(tls_finished(session, handshake->server_secret, mac));
    expect_hex(mac, rfc_resumed_server_finished + 8);
    hear(session, rfc_resumed_server_finished);
    snprintf(flight, sizeof flight, "%s%s", rfc_early_extensions, rfc_resumed_server_finished);
    expect_record(f, WIRE_TLS_HANDSHAKE, flight, rfc_resumed_server_flight);
    assert_true(tls_schedule_master(session));
    hear(session, rfc_end_of_early);
    assert_true(tls_finished(session, client_secret, mac));
    expect_hex(mac, rfc_resumed_client_finished + 8);
    write_with(session, client_secret, "b1530806f4adfeac83f1413032bbfa82",
               "eb50c16be7654abf99dd06d9");
    expect_record(f, WIRE_TLS_HANDSHAKE, rfc_resumed_client_finished,
                  rfc_resumed_client_finished_record);
    hear(session, rfc_resumed_client_finished);
    assert_true(tls_schedule_resumption(session));
    expect_hex(session->resumption,
               "5e95bdf1f89005ea2e9aa0ba85e728e3c19c5fe0c699e3f5bee59faebd0b5406");
}

static void test_the_resumed_handshake_with_early_data(void **state)
{
    struct fixture *f = *state;
    struct tls_session *session = start(f);

    begin_early(f);
    finish_early(f);
    write_with(session, session->handshake->server_secret, "e857c690a34c5a9129d833619684f95e",
               "0685d6b561aab9ef1013faf9");
    expect_record(f, WIRE_TLS_APPLICATION_DATA, rfc_data, rfc_resumed_server_data_record);
    expect_record(f, WIRE_TLS_ALERT, "0100", rfc_resumed_server_end_record);
    write_with(session, session->handshake->client_secret, "3cf122f301c6358ca7989553250efd72",
               "ab1aec26aa78b8fc1176b9ac");
    expect_record(f, WIRE_TLS_APPLICATION_DATA, rfc_data, rfc_resumed_client_data_record);
    expect_record(f, WIRE_TLS_ALERT, "0100", rfc_resumed_client_end_record);
    end(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_simple_handshake),
        TEST(test_the_ticket_and_its_binder),
        TEST(test_the_resumed_handshake_with_early_data),
    };

    return cmocka_run_group_tests_name("RFC 8448", tests, NULL, NULL);
}
