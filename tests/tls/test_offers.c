/* test_offers.c -- a TLS client's offers, the tickets that it keeps, and early data without a
 * ticket. */
#include "tls_test.h"

enum {
    WIDE = 1 << 18
};

/* ---- Tickets that a client doesn't offer or keep --------------------------------------------- */

static void test_a_client_offers_what_is_young(void **state)
{
    struct fixture *f = *state;
    struct leat_tls_ticket own;

    open_first(f);
    own = f->ticket;
    assert_int_equal(own.lifetime_s, 7200);
    f->civil_s = CIVIL_S + 7199;
    f->ticket = own;
    open_next(f, true);
    f->civil_s = CIVIL_S + 7200;
    f->ticket = own;
    open_next(f, false);
    own.received_s = own.checked_s + 604800; /* tickets were renewed for a week */
    f->civil_s = own.received_s;
    f->ticket = own;
    open_next(f, false);
    f->ticket = own;
    f->ticket.checked_s++;
    open_next(f, true);
    assert_int_equal(refused(f), 0);
    assert_int_equal(f->ticket.checked_s, own.checked_s + 1); /* the new ticket inherits it */
}

/* 9.1: RSA by PKCS #1 is for certificates. Some servers send theirs only to clients that offer
 * it. */
static void test_a_client_takes_certificates_signed_by_PKCS_1(void **state)
{
    struct fixture *f = *state;
    const struct leat_stream client = pipe_stream(&f->ends[CLIENT]);
    struct wire_tls_client_hello hello;
    const struct tls_handshake *handshake;

    begin(f, WIDE);
    assert_int_equal(
        leat_tls_connect(f->tls[CLIENT], &client, &f->client, &f->users[CLIENT]->stream), LEAT_OK);
    handshake = session_of(f, CLIENT)->handshake;
    assert_int_equal(wire_tls_client_hello_read(handshake->out + WIRE_TLS_MESSAGE_HEADER,
                                                handshake->out_len - WIRE_TLS_MESSAGE_HEADER,
                                                &hello),
                     0);
    for (uint16_t scheme = 0x0401; scheme <= 0x0601; scheme += 0x0100)
        assert_true(wire_tls_has(hello.schemes, scheme));
    assert_false(wire_tls_has(hello.schemes, 0x0201)); /* SHA-1 */
    leat_stream_abort(&client);
    world_wait(f->world, second);
}

static void test_protocols_that_fit_no_hello(void **state)
{
    static const char longest[] = "1234567890123456789012345678901",
                      too_long[] = "1234567890123456789012345678901.";
    static const char *const empty[] = {"h2", ""}, *const one[] = {too_long},
                             *const five[] = {longest, longest, longest, longest, "5"};
    static const struct {
        const char *const *protocols;
        uint16_t count;
        enum leat_err err;
    } tries[] = {{empty, 2, LEAT_ERR_ARGUMENT},
                 {one, 1, LEAT_ERR_ARGUMENT},
                 {five, 5, LEAT_ERR_ARGUMENT},
                 {five, 4, LEAT_OK}};
    struct fixture *f = *state;
    const struct leat_stream client = pipe_stream(&f->ends[CLIENT]);

    begin(f, WIDE);
    for (unsigned i = 0; i < 4; i++) {
        f->client.protocols = tries[i].protocols;
        f->client.protocol_count = tries[i].count;
        assert_int_equal(
            leat_tls_connect(f->tls[CLIENT], &client, &f->client, &f->users[CLIENT]->stream),
            tries[i].err);
    }
    leat_stream_abort(&client);
    world_wait(f->world, second);
}

/* RFC 6066 3: a literal address is not a HostName. */
static void test_an_address_is_not_said(void **state)
{
    static const char *const names[] = {"192.0.2.1", "2001:db8::1", "192.0.2.1.example"};
    struct fixture *f = *state;

    begin(f, WIDE);
    for (unsigned i = 0; i < 3; i++) {
        const struct leat_stream client = pipe_stream(&f->ends[CLIENT]);
        struct wire_tls_client_hello hello;
        const struct tls_handshake *handshake;

        f->client.name = names[i];
        assert_int_equal(
            leat_tls_connect(f->tls[CLIENT], &client, &f->client, &f->users[CLIENT]->stream),
            LEAT_OK);
        handshake = session_of(f, CLIENT)->handshake;
        assert_int_equal(wire_tls_client_hello_read(handshake->out + WIRE_TLS_MESSAGE_HEADER,
                                                    handshake->out_len - WIRE_TLS_MESSAGE_HEADER,
                                                    &hello),
                         0);
        assert_int_equal(hello.name.at != NULL, i == 2);
        leat_stream_abort(&client);
        world_wait(f->world, second);
        pipe_open(f->ends, f->world->stacks[SERVER], WIDE);
    }
}

static void test_a_client_without_civil_time_offers_none(void **state)
{
    struct fixture *f = *state;

    open_first(f);
    f->civil_s = 0;
    shake_again(f);
    expect_end(f, CLIENT, LEAT_ERR_TLS);
    assert_string_equal(f->users[CLIENT]->info.why, "no civil time: start sntp, or give --time");
    expect_end(f, SERVER, LEAT_ERR_TLS);
}

static void test_a_client_that_knows_no_such_suite_offers_none(void **state)
{
    struct fixture *f = *state;

    open_first(f);
    f->ticket.suite = 0x1305;
    open_next(f, false);
    f->ticket.identity_len = LEAT_TLS_TICKET_BYTES + 1;
    open_next(f, false);
    assert_int_equal(refused(f), 0);
}

/* Sends @bytes, a ticket of the server's session, in records of @step bytes. */
static void inject(struct fixture *f, unsigned from, uint8_t *bytes, uint32_t len, uint32_t step)
{
    struct tls_session *session = session_of(f, from);

    for (uint32_t at = 0; at < len; at += step) {
        const uint32_t part = len - at < step ? len - at : step;

        session->tls->in[0] = (struct leat_crypto_piece){bytes + at, part};
        assert_true(tls_protect(session, WIRE_TLS_HANDSHAKE, 1, part));
    }
    world_wait(f->world, ms);
}

static uint32_t make_ticket(uint8_t *bytes, size_t size, const struct wire_tls_ticket *said)
{
    struct wire_tls_out out = {bytes, bytes + size, false};

    wire_tls_ticket_write(&out, said);
    assert_false(out.full);
    return (uint32_t)(out.at - bytes);
}

static const uint8_t letters[1024] = "some ticket, and a nonce of it";

/* A ticket that is too long doesn't replace the one that is there. The longest lifetime is a
 * week. */
static void test_a_client_keeps_tickets_of_some_size(void **state)
{
    struct fixture *f = *state;
    struct leat_tls_ticket own;
    uint8_t bytes[1400];
    uint32_t len;

    use_ticket(f);
    open_both(f, WIDE);
    world_wait(f->world, ms);
    own = f->ticket;
    for (unsigned i = 0; i < 5; i++) {
        const struct wire_tls_ticket said = {
            .lifetime_s = i == 0 ? 0 : UINT32_MAX,
            .nonce = {letters, i == 1 ? TLS_NONCE_MAX + 1 : i},
            .identity = {letters, i == 2 ? LEAT_TLS_TICKET_BYTES + 1 : LEAT_TLS_TICKET_BYTES}};

        len = make_ticket(bytes, sizeof bytes, &said);
        inject(f, SERVER, bytes, len, i == 3 ? 100 : len); /* in pieces, too */
        assert_int_equal(memcmp(&own, &f->ticket, sizeof own) != 0, i >= 3);
    }
    assert_int_equal(f->ticket.identity_len, LEAT_TLS_TICKET_BYTES);
    assert_int_equal(f->ticket.lifetime_s, 604800);
    say(f, SERVER, "text");
    leave(f);
}

/* RFC 8446 4.6.1: a client ignores unknown extensions. */
static void test_a_ticket_with_an_extension_of_the_future(void **state)
{
    static const uint8_t extension[] = {0x3a, 0x3a, 0, 3, 1, 2, 3};
    struct fixture *f = *state;
    const struct wire_tls_ticket said = {
        .lifetime_s = 7, .nonce = {letters, 1}, .identity = {letters, 100}};
    uint8_t bytes[200];
    uint32_t len;

    use_ticket(f);
    open_both(f, WIDE);
    world_wait(f->world, ms);
    len = make_ticket(bytes, sizeof bytes, &said);
    bytes[len - 1] = sizeof extension;
    bytes[3] = (uint8_t)(bytes[3] + sizeof extension);
    memcpy(bytes + len, extension, sizeof extension);
    inject(f, SERVER, bytes, len + sizeof extension, len + sizeof extension);
    assert_int_equal(f->ticket.identity_len, 100);
    assert_int_equal(f->ticket.lifetime_s, 7);
    assert_int_equal(f->ticket.early_bytes, 0);
    say(f, SERVER, "text");
    leave(f);
}

static void test_a_malformed_ticket(void **state)
{
    struct fixture *f = *state;
    const struct wire_tls_ticket said = {.nonce = {letters, 1}, .identity = {letters, 100}};
    uint8_t bytes[200];
    uint32_t len;

    use_ticket(f);
    open_both(f, WIDE);
    len = make_ticket(bytes, sizeof bytes, &said);
    bytes[4 + 8 + 2 + 1]++; /* one byte more than there is */
    inject(f, SERVER, bytes, len, len);
    expect_end(f, CLIENT, LEAT_ERR_TLS);
    assert_int_equal(f->users[CLIENT]->info.alert_sent, WIRE_TLS_DECODE_ERROR);
    assert_string_equal(f->users[CLIENT]->info.why, "a malformed NewSessionTicket");
    expect_end(f, SERVER, LEAT_ERR_TLS);
}

static void test_a_ticket_of_a_client(void **state)
{
    struct fixture *f = *state;
    const struct wire_tls_ticket said = {.nonce = {letters, 1}, .identity = {letters, 100}};
    uint8_t bytes[200];
    uint32_t len;

    open_both(f, WIDE);
    len = make_ticket(bytes, sizeof bytes, &said);
    inject(f, CLIENT, bytes, len, len);
    expect_end(f, SERVER, LEAT_ERR_TLS);
    assert_int_equal(f->users[SERVER]->info.alert_sent, WIRE_TLS_UNEXPECTED_MESSAGE);
    expect_end(f, CLIENT, LEAT_ERR_TLS);
}

/* ---- A server's answer to a ticket ----------------------------------------------------------- */

/* A server that accepts a ticket although none was offered. */
static void test_a_ticket_that_was_not_offered(void **state)
{
    struct fixture *f = *state;
    uint8_t bytes[300];
    struct wire_tls_out out = {bytes + 5, bytes + sizeof bytes, false};
    const struct leat_stream server = pipe_stream(&f->ends[SERVER]);
    const struct leat_stream client = pipe_stream(&f->ends[CLIENT]);
    struct wire_tls_server_choice choice = {.random = letters,
                                            .suite = WIRE_TLS_AES_128_GCM,
                                            .group = LEAT_CRYPTO_X25519,
                                            .share = {letters, 32},
                                            .has_psk = true};
    size_t taken;

    begin(f, WIDE);
    assert_int_equal(
        leat_tls_connect(f->tls[CLIENT], &client, &f->client, &f->users[CLIENT]->stream), LEAT_OK);
    world_wait(f->world, ms);
    choice.session_id = (struct wire_tls_bytes){session_of(f, CLIENT)->handshake->session_id, 32};
    wire_tls_server_hello_write(&out, &choice);
    memcpy(bytes, "\x16\x03\x03\x00", 4);
    bytes[4] = (uint8_t)(out.at - bytes - 5);
    assert_int_equal(leat_stream_write(&server, bytes, (size_t)(out.at - bytes), &taken), LEAT_OK);
    world_wait(f->world, 10 * ms);
    assert_int_equal(session_of(f, CLIENT)->alert_sent, WIRE_TLS_UNSUPPORTED_EXTENSION);
    leat_stream_abort(&server);
    world_wait(f->world, second);
}

/* ---- Early data ------------------------------------------------------------------------------ */

/* Writes a hello that announces early data as one record. Returns its length. */
static uint32_t early_hello(struct fixture *f, uint8_t *bytes, size_t size, uint8_t *share,
                            size_t share_len)
{
    const struct wire_tls_client_offer offer = least_offer(share, (uint32_t)share_len);
    struct wire_tls_out out = {bytes + 5, bytes + size, false};
    uint32_t len;

    (void)f;
    wire_tls_client_hello_write(&out, &offer);
    wire_tls_put_number(&out, WIRE_TLS_EARLY_DATA << 16, 4);
    assert_false(out.full);
    len = (uint32_t)(out.at - bytes);
    memcpy(bytes, "\x16\x03\x01", 3);
    bytes[3] = (uint8_t)((len - 5) >> 8);
    bytes[4] = (uint8_t)(len - 5);
    bytes[8] = (uint8_t)(bytes[8] + 4); /* length of the message and of its extensions */
    bytes[5 + 4 + 2 + 32 + 1 + 4 + 2 + 1] = (uint8_t)(bytes[5 + 4 + 2 + 32 + 1 + 4 + 2 + 1] + 4);
    return len;
}

/* The server skips records that it can't decrypt, but only up to a limit. */
static void test_threat_T6_early_data_is_thrown_away_up_to_a_limit(void **state)
{
    struct fixture *f = *state;
    const struct leat_stream server = pipe_stream(&f->ends[SERVER]);
    const struct leat_stream client = pipe_stream(&f->ends[CLIENT]);
    struct leat_crypto_share private_share;
    uint8_t share[LEAT_CRYPTO_SHARE_BYTES_MAX], bytes[1000],
        record[1005] = {23, 3, 3, 1000 >> 8, 1000 & 255};
    size_t share_len, taken;
    uint32_t len;

    begin(f, WIDE);
    assert_true(f->crypto.ops->share_open(f->crypto.self, &private_share, LEAT_CRYPTO_X25519, share,
                                          &share_len));
    f->crypto.ops->share_close(f->crypto.self, &private_share);
    len = early_hello(f, bytes, sizeof bytes, share, share_len);
    assert_int_equal(leat_tls_accept(f->tls[SERVER], &server, &f->users[SERVER]->stream), LEAT_OK);
    assert_int_equal(leat_stream_write(&client, bytes, len, &taken), LEAT_OK);
    world_wait(f->world, 10 * ms);
    assert_string_equal(tls_state_name(session_of(f, SERVER)), "WAIT_FLIGHT2");
    for (unsigned i = 0; i < TLS_EARLY_BYTES / sizeof record; i++) {
        leat_stream_write(&client, record, sizeof record, &taken);
        world_wait(f->world, ms);
        assert_int_equal(leat_tls_counts(f->tls[SERVER])->early_bytes, (i + 1) * sizeof record);
        assert_string_equal(tls_state_name(session_of(f, SERVER)), "WAIT_FLIGHT2");
    }
    leat_stream_write(&client, record, sizeof record, &taken);
    world_wait(f->world, ms);
    assert_int_equal(session_of(f, SERVER)->alert_sent, WIRE_TLS_BAD_RECORD_MAC);
    leat_stream_abort(&client);
    world_wait(f->world, second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_client_offers_what_is_young),
        TEST(test_a_client_takes_certificates_signed_by_PKCS_1),
        TEST(test_an_address_is_not_said),
        TEST(test_protocols_that_fit_no_hello),
        TEST(test_a_client_without_civil_time_offers_none),
        TEST(test_a_client_that_knows_no_such_suite_offers_none),
        TEST(test_a_client_keeps_tickets_of_some_size),
        TEST(test_a_ticket_with_an_extension_of_the_future),
        TEST(test_a_malformed_ticket),
        TEST(test_a_ticket_of_a_client),
        TEST(test_a_ticket_that_was_not_offered),
        TEST(test_threat_T6_early_data_is_thrown_away_up_to_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
