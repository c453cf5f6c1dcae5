/* test_liberal.c -- unusual records and messages of other implementations, which a session must
 * accept. */
#include "tls_test.h"

enum {
    WIDE = 1 << 18,
    MANY = 40 /* more than TLS_IDLE_MAX */
};

/* ---- Messages in many records ------------------------------------------------------------- */

/* RFC 8446 5.1 allows a message to be cut anywhere. OpenSSL and GnuTLS accept records of one
 * byte. */
static void test_a_handshake_in_many_short_records(void **state)
{
    struct fixture *f = *state;

    begin(f, WIDE);
    shake(f);
    for (unsigned end = 0; end < 2; end++)
        session_of(f, end)->data_max = 7;
    assert_true(world_run(f->world, &f->users[SERVER]->open, 5 * second));
    assert_true(world_run(f->world, &f->users[CLIENT]->open, 5 * second));
    leave(f);
}

/* The client's first hello, one byte per record. */
static void test_a_hello_in_records_of_one_byte(void **state)
{
    static const uint8_t share[32] = {9}; /* the base point */
    const struct wire_tls_client_offer offer = least_offer(share, sizeof share);
    struct fixture *f = *state;
    uint8_t bytes[400];
    struct wire_tls_out out = {bytes, bytes + sizeof bytes, false};
    const struct leat_stream server = pipe_stream(&f->ends[SERVER]);
    const struct leat_stream client = pipe_stream(&f->ends[CLIENT]);
    size_t taken;

    begin(f, WIDE);
    wire_tls_client_hello_write(&out, &offer);
    assert_true(out.at - bytes > 100);
    assert_int_equal(leat_tls_accept(f->tls[SERVER], &server, &f->users[SERVER]->stream), LEAT_OK);
    leat_stream_set_events(&f->users[SERVER]->stream, &user_events, f->users[SERVER]);
    for (const uint8_t *at = bytes; at < out.at; at++) {
        const uint8_t record[] = {WIRE_TLS_HANDSHAKE, 3, 1, 0, 1, *at};

        assert_int_equal(leat_stream_write(&client, record, sizeof record, &taken), LEAT_OK);
        assert_int_equal(taken, sizeof record);
    }
    world_wait(f->world, 10 * ms);
    assert_false(f->users[SERVER]->closed);
    assert_int_equal(session_of(f, SERVER)->state, TLS_WAIT_FLIGHT2);
}

/* ---- After the handshake --------------------------------------------------------------------- */

/* Sends a message of @len bytes from the session of an end. */
static void send_message(struct fixture *f, unsigned from, uint8_t *bytes, uint32_t len)
{
    struct tls_session *session = session_of(f, from);

    session->tls->in[0] = (struct leat_crypto_piece){bytes, len};
    assert_true(tls_protect(session, WIRE_TLS_HANDSHAKE, 1, len));
}

static void test_many_tickets_in_a_row(void **state)
{
    struct fixture *f = *state;
    uint8_t message[64];
    const uint8_t identity[] = {1, 2, 3};
    const struct wire_tls_ticket ticket = {.lifetime_s = 7200,
                                           .identity = {identity, sizeof identity}};

    open_both(f, WIDE);
    for (unsigned i = 0; i < MANY; i++) {
        struct wire_tls_out out = {message, message + sizeof message, false};

        wire_tls_ticket_write(&out, &ticket);
        assert_false(out.full);
        send_message(f, SERVER, message, (uint32_t)(out.at - message));
        world_wait(f->world, ms);
    }
    say(f, SERVER, "still there");
    assert_int_equal(f->users[CLIENT]->have, 11);
    leave(f);
}

/* RFC 8446 4.6.3: key updates that arrive together get one answer. */
static void test_key_updates_together_get_one_answer(void **state)
{
    struct fixture *f = *state;
    uint8_t asking[] = {WIRE_TLS_KEY_UPDATE, 0, 0, 1, 1};

    open_both(f, WIDE);
    for (unsigned i = 0; i < 5; i++) {
        send_message(f, CLIENT, asking, sizeof asking);
        assert_true(tls_key_update(session_of(f, CLIENT), &session_of(f, CLIENT)->write));
    }
    world_wait(f->world, ms);
    assert_int_equal(leat_tls_counts(f->tls[SERVER])->key_updates, 5 + 1);
    assert_int_equal(leat_tls_counts(f->tls[CLIENT])->key_updates, 5 + 1);
    say(f, CLIENT, "question");
    say(f, SERVER, "answer");
    assert_int_equal(f->users[SERVER]->have, 8);
    assert_int_equal(f->users[CLIENT]->have, 6);
    leave(f);
}

/* ---- Long hellos --------------------------------------------------------------------------- */

/* Sends a record with the beginning of a hello of @len bytes. */
static void begin_hello(struct fixture *f, uint32_t len)
{
    const uint8_t header[] = {WIRE_TLS_HANDSHAKE,  3,           1, 0, 4, WIRE_TLS_CLIENT_HELLO, 0,
                              (uint8_t)(len >> 8), (uint8_t)len};
    const struct leat_stream server = pipe_stream(&f->ends[SERVER]);
    const struct leat_stream client = pipe_stream(&f->ends[CLIENT]);
    size_t taken;

    begin(f, WIDE);
    assert_int_equal(leat_tls_accept(f->tls[SERVER], &server, &f->users[SERVER]->stream), LEAT_OK);
    leat_stream_set_events(&f->users[SERVER]->stream, &user_events, f->users[SERVER]);
    assert_int_equal(leat_stream_write(&client, header, sizeof header, &taken), LEAT_OK);
    world_wait(f->world, 10 * ms);
}

static void test_a_hello_of_6000_bytes_is_not_too_long(void **state)
{
    struct fixture *f = *state;

    begin_hello(f, 6000);
    assert_false(f->users[SERVER]->closed);
    assert_int_not_equal(session_of(f, SERVER)->state, TLS_FAILED);
}

static void test_threat_T3_the_limit_of_a_hello_is_named(void **state)
{
    struct fixture *f = *state;

    begin_hello(f, 6200);
    assert_string_equal(session_of(f, SERVER)->why,
                        "a handshake message longer than server_message_bytes");
    assert_int_equal(session_of(f, SERVER)->alert_sent, WIRE_TLS_ILLEGAL_PARAMETER);
}

/* ---- A client that leaves ------------------------------------------------------------------- */

static uint8_t first_types[16];  /* of the client's records, one in each buffer */
static uint8_t first_minors[16]; /* minor versions of these records */
static unsigned first_count;

static void note_type(struct pipe_end *end, struct leat_buf *data)
{
    (void)end;
    if (first_count == sizeof first_types)
        return;
    leat_buf_read(data, 0, &first_types[first_count], 1);
    leat_buf_read(data, 2, &first_minors[first_count++], 1);
}

/* D.4: middleboxes expect change_cipher_spec before an encrypted record, even before an alert. */
static void test_a_client_that_refuses_its_server_changes_ciphers_first(void **state)
{
    struct fixture *f = *state;

    f->client.name = "other.example";
    begin(f, WIDE);
    first_count = 0;
    f->ends[SERVER].spoil = note_type;
    shake(f);
    expect_end(f, CLIENT, LEAT_ERR_TLS);
    expect_end(f, SERVER, LEAT_ERR_TLS);
    assert_int_equal(first_count, 3);
    assert_int_equal(first_types[0], WIRE_TLS_HANDSHAKE);
    assert_int_equal(first_types[1], WIRE_TLS_CHANGE_CIPHER_SPEC);
    assert_int_equal(first_types[2], WIRE_TLS_APPLICATION_DATA);
}

/* D.4: also before the second hello, because it begins the second flight. */
static void test_a_client_changes_ciphers_before_its_second_hello(void **state)
{
    struct fixture *f = *state;

    f->config[SERVER].cookie_handshakes = 1;
    begin(f, WIDE);
    first_count = 0;
    f->ends[SERVER].spoil = note_type;
    shake(f);
    expect_talk(f, false);
    assert_true(first_count >= 4);
    assert_int_equal(first_types[0], WIRE_TLS_HANDSHAKE);
    assert_int_equal(first_types[1], WIRE_TLS_CHANGE_CIPHER_SPEC);
    assert_int_equal(first_types[2], WIRE_TLS_HANDSHAKE);
    assert_int_equal(first_types[3], WIRE_TLS_APPLICATION_DATA); /* no second one */
    assert_int_equal(first_minors[0], 1); /* 5.1: TLS 1.0 for the first hello only */
    assert_int_equal(first_minors[2], 3);
    leave(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_handshake_in_many_short_records),
        TEST(test_a_hello_in_records_of_one_byte),
        TEST(test_many_tickets_in_a_row),
        TEST(test_key_updates_together_get_one_answer),
        TEST(test_a_hello_of_6000_bytes_is_not_too_long),
        TEST(test_threat_T3_the_limit_of_a_hello_is_named),
        TEST(test_a_client_that_refuses_its_server_changes_ciphers_first),
        TEST(test_a_client_changes_ciphers_before_its_second_hello),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
