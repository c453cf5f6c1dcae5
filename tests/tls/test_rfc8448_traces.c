/*
 * test_rfc8448_traces.c -- RFC 8448, sections 5 (HelloRetryRequest), 6 (client authentication) and
 * 7 (compatibility mode).
 *
 * Each encrypted record opens with the keys that follow from the hellos and the shared secret, and
 * each Finished fits the transcript so far. As in section 3, certificates have keys that no
 * provider accepts, so messages go to the transcript and not to the state machine.
 */
#include "rfc8448_hex.h"

#include "rfc8448_traces.h"

/* Adds @message to the transcript, padded with zeros to its length. */
static void hear(struct tls_session *session, const char *message)
{
    uint8_t bytes[BYTES_MAX] = {0};

    unhex(message, bytes);
    assert_true(
        tls_transcript_add(session, bytes,
                           WIRE_TLS_MESSAGE_HEADER + ((size_t)bytes[2] << 8 | bytes[3])));
}

/* Opens @record with the reading key of @session. Returns its data and its type. */
static size_t open_record(struct tls_session *session, const char *record, uint8_t *data,
                          uint8_t *type)
{
    uint8_t bytes[BYTES_MAX], alert;
    const uint32_t len = (uint32_t)unhex(record, bytes);
    struct leat_buf *got = leat_buf_copy(leat_pool(session->tls->stack), bytes, len);
    uint32_t total;

    session->record_minor = bytes[2];
    got = tls_unprotect(session, leat_buf_consume(got, WIRE_TLS_RECORD_HEADER),
                        len - WIRE_TLS_RECORD_HEADER, type, &alert);
    assert_non_null(got);
    total = leat_buf_read(got, 0, data, BYTES_MAX);
    leat_buf_free(got);
    return total;
}

/* Adds the messages of a flight to the transcript. Checks their types, and its Finished. */
static void hear_flight(struct tls_session *session, const uint8_t *secret, const char *record,
                        const char *types)
{
    uint8_t data[BYTES_MAX], type, mac[LEAT_CRYPTO_DIGEST_BYTES_MAX];
    size_t len, at = 0;

    assert_true(tls_key_set(session, &session->read, secret));
    len = open_record(session, record, data, &type);
    assert_int_equal(type, WIRE_TLS_HANDSHAKE);
    for (; at < len; types++) {
        const size_t size = WIRE_TLS_MESSAGE_HEADER + ((size_t)data[at + 2] << 8 | data[at + 3]);

        assert_int_equal(data[at], *types);
        assert_in_range(size, WIRE_TLS_MESSAGE_HEADER, len - at);
        if (data[at] == WIRE_TLS_FINISHED) {
            assert_true(tls_finished(session, secret, mac));
            assert_int_equal(size, WIRE_TLS_MESSAGE_HEADER + 32);
            assert_memory_equal(data + at + WIRE_TLS_MESSAGE_HEADER, mac, 32);
        }
        assert_true(tls_transcript_add(session, data + at, size));
        at += size;
    }
    assert_int_equal(at, len);
    assert_int_equal(*types, 0);
}

static void expect_close(struct tls_session *session, const uint8_t *secret, const char *record)
{
    uint8_t data[BYTES_MAX], type;

    assert_true(tls_key_set(session, &session->read, secret));
    assert_int_equal(open_record(session, record, data, &type), 2);
    assert_int_equal(type, WIRE_TLS_ALERT);
    assert_int_equal(data[1], WIRE_TLS_CLOSE_NOTIFY);
}

/* Plays the trace; @server_types and @client_types are the messages of each flight. */
static void play(struct fixture *f, const struct trace *trace, const char *server_types,
                 const char *client_types)
{
    const struct leat_stream client = pipe_stream(&f->ends[CLIENT]);
    uint8_t shared[BYTES_MAX], client_secret[LEAT_CRYPTO_DIGEST_BYTES_MAX];
    struct tls_session *session;

    begin(f, WIDE);
    session = accept_ready(f);
    session->suite = WIRE_TLS_AES_128_GCM;
    session->hash = LEAT_CRYPTO_SHA256;
    assert_true(tls_transcript_open(session));
    hear(session, trace->hello);
    if (trace->retry) {
        assert_true(tls_transcript_retry(session)); /* RFC 8446 4.4.1 */
        hear(session, trace->retry);
        hear(session, trace->second);
    }
    hear(session, trace->answer);
    assert_true(tls_schedule_handshake(session, shared, unhex(trace->shared, shared)));
    memcpy(client_secret, session->handshake->client_secret, sizeof client_secret);
    hear_flight(session, session->handshake->server_secret, trace->server, server_types);
    assert_true(tls_schedule_master(session));
    hear_flight(session, client_secret, trace->client, client_types);
    expect_close(session, session->handshake->client_secret, trace->client_end);
    expect_close(session, session->handshake->server_secret, trace->server_end);
    leat_stream_abort(&client);
    world_wait(f->world, second);
}

/* EncryptedExtensions, Certificate, CertificateVerify, Finished. */
static const char usual[] = {WIRE_TLS_ENCRYPTED_EXTENSIONS, WIRE_TLS_CERTIFICATE,
                             WIRE_TLS_CERTIFICATE_VERIFY, WIRE_TLS_FINISHED, 0};
static const char finished_alone[] = {WIRE_TLS_FINISHED, 0};

static void test_5_hello_retry_request(void **state)
{
    play(*state, &trace_of_retry, usual, finished_alone);
}

static void test_6_client_authentication(void **state)
{
    static const char asks[] = {WIRE_TLS_ENCRYPTED_EXTENSIONS, WIRE_TLS_CERTIFICATE_REQUEST,
                                WIRE_TLS_CERTIFICATE,          WIRE_TLS_CERTIFICATE_VERIFY,
                                WIRE_TLS_FINISHED,             0};
    static const char shows[] = {WIRE_TLS_CERTIFICATE, WIRE_TLS_CERTIFICATE_VERIFY,
                                 WIRE_TLS_FINISHED, 0};

    play(*state, &trace_of_authentication, asks, shows);
}

static void test_7_compatibility_mode(void **state)
{
    play(*state, &trace_of_compatibility, usual, finished_alone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_5_hello_retry_request),
        TEST(test_6_client_authentication),
        TEST(test_7_compatibility_mode),
    };

    return cmocka_run_group_tests_name("RFC 8448, traces", tests, NULL, NULL);
}
