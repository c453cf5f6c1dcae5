/* test_tickets.c -- sessions that are resumed by a ticket, and tickets that are refused. */
#include "tls_test.h"

enum {
    WIDE = 1 << 18,
    HOUR_S = 3600
};

/* ---- Resumption ------------------------------------------------------------------------------ */

static void test_a_session_is_resumed_and_gives_the_next_ticket(void **state)
{
    struct fixture *f = *state;
    struct leat_tls_ticket before;

    open_first(f);
    for (unsigned i = 1; i < 4; i++) {
        before = f->ticket;
        open_next(f, true);
        assert_memory_not_equal(f->ticket.identity, before.identity, f->ticket.identity_len);
        assert_memory_not_equal(f->ticket.secret, before.secret, 32);
        assert_int_equal(leat_tls_counts(f->tls[SERVER])->resumed, i);
        assert_int_equal(leat_tls_counts(f->tls[CLIENT])->resumed, i);
    }
    assert_int_equal(leat_tls_counts(f->tls[SERVER])->tickets_sent, 4);
    assert_int_equal(leat_tls_counts(f->tls[CLIENT])->tickets_kept, 4);
    assert_int_equal(refused(f), 0);
}

static bool no_hmac(void *self, enum leat_crypto_hash hash, const uint8_t *key, size_t key_len,
                    const struct leat_crypto_piece *pieces, size_t count, uint8_t *mac)
{
    (void)self;
    (void)hash;
    (void)key;
    (void)key_len;
    (void)pieces;
    (void)count;
    (void)mac;
    return false;
}

/* A hello whose binder can't be computed is not sent. */
static void test_a_binder_that_cannot_be_made_ends_the_session(void **state)
{
    struct leat_crypto_ops ops;
    struct fixture *f = *state;

    open_first(f);
    ops = *f->tls[CLIENT]->crypto.ops;
    ops.hmac = no_hmac;
    f->tls[CLIENT]->crypto.ops = &ops;
    shake_again(f);
    expect_end(f, CLIENT, LEAT_ERR_TLS);
    assert_string_equal(f->users[CLIENT]->info.why, "the provider of cryptography failed");
    assert_int_equal(refused(f), 0);
}

static void test_a_ticket_is_used_once(void **state)
{
    struct fixture *f = *state;

    open_first(f);
    f->tls[SERVER]->config.no_tickets = true;
    open_next(f, false); /* offered in vain */
    assert_int_equal(f->ticket.identity_len, 0);
    f->tls[SERVER]->config.no_tickets = false;
    open_next(f, false);
    open_next(f, true);
}

static void test_a_ticket_that_was_not_sent_stays(void **state)
{
    struct fixture *f = *state;
    struct leat_stream client;

    open_first(f);
    world_wait(f->world, second);
    pipe_open(f->ends, f->world->stacks[SERVER], 0); /* no room for a hello */
    memset(f->users[CLIENT], 0, sizeof *f->users[CLIENT]);
    client = pipe_stream(&f->ends[CLIENT]);
    assert_int_equal(
        leat_tls_connect(f->tls[CLIENT], &client, &f->client, &f->users[CLIENT]->stream), LEAT_OK);
    leat_stream_abort(&f->users[CLIENT]->stream);
    world_wait(f->world, second);
    assert_true(f->ticket.identity_len > 0);
    open_next(f, true);
}

static void test_a_share_is_asked_for_of_a_client_with_a_ticket(void **state)
{
    struct fixture *f = *state;

    open_first(f);
    f->tls[SERVER]->groups[0] = LEAT_CRYPTO_SECP256R1;
    f->tls[SERVER]->group_count = 1;
    open_next(f, true);
    assert_int_equal(leat_tls_counts(f->tls[SERVER])->retried, 1);
    assert_int_equal(f->users[SERVER]->info.group, LEAT_CRYPTO_SECP256R1);
}

static void only_suite(struct fixture *f, uint16_t suite)
{
    f->tls[SERVER]->suites[0] = suite;
    f->tls[SERVER]->suite_count = 1;
}

static void test_the_longer_hash(void **state)
{
    struct fixture *f = *state;

    use_ticket(f);
    begin(f, WIDE);
    only_suite(f, WIRE_TLS_AES_256_GCM);
    shake(f);
    expect_talk(f, false);
    leave(f);
    open_next(f, true);
    assert_int_equal(f->users[CLIENT]->info.suite, WIRE_TLS_AES_256_GCM);
}

/* 4.2.11: a ticket may be used with another suite that has the same hash. */
static void test_another_suite(void **state)
{
    struct fixture *f = *state;

    open_first(f);
    only_suite(f, WIRE_TLS_CHACHA20_POLY1305);
    open_next(f, true);
    assert_int_equal(f->users[CLIENT]->info.suite, WIRE_TLS_CHACHA20_POLY1305);
    only_suite(f, WIRE_TLS_AES_256_GCM);
    open_next(f, false);
    assert_int_equal(refused(f), 1);
}

/* The retry chooses a suite with another hash than the ticket's: the second hello has no ticket. */
static void test_another_hash_after_a_retry(void **state)
{
    struct fixture *f = *state;

    open_first(f);
    only_suite(f, WIRE_TLS_AES_256_GCM);
    f->tls[SERVER]->groups[0] = LEAT_CRYPTO_SECP256R1;
    f->tls[SERVER]->group_count = 1;
    open_next(f, false);
    assert_int_equal(refused(f), 0); /* the second hello had none */
}

/* ---- Threats --------------------------------------------------------------------------------- */

static void test_threat_T7_a_ticket_with_any_bit_changed_is_not_taken(void **state)
{
    struct fixture *f = *state;
    struct leat_tls_ticket own;

    open_first(f);
    assert_int_equal(f->ticket.identity_len, TLS_TICKET);
    for (unsigned i = 0; i < TLS_TICKET; i += 5) {
        own = f->ticket;
        f->ticket.identity[i] ^= (uint8_t)(1u << i % 8);
        open_next(f, false);
        assert_int_equal(refused(f), i / 5 + 1);
        f->ticket = own;
    }
    open_next(f, true);
}

static void test_threat_T7_a_ticket_of_another_length_is_not_taken(void **state)
{
    struct fixture *f = *state;

    open_first(f);
    f->ticket.identity_len--;
    open_next(f, false);
    f->ticket.identity_len++;
    open_next(f, false);
    f->ticket.identity_len = 1;
    open_next(f, false);
    f->ticket.identity_len = LEAT_TLS_TICKET_BYTES;
    open_next(f, false);
    assert_int_equal(refused(f), 4);
}

/* The last byte of its tag is also the first byte of its age, which follows it. */
static void test_threat_T7_a_ticket_ends_where_it_says(void **state)
{
    struct fixture *f = *state;

    open_first(f);
    f->ticket.age_add = (uint32_t)f->ticket.identity[TLS_TICKET - 1] << 24;
    f->ticket.identity_len--;
    open_next(f, false);
    assert_int_equal(refused(f), 1);
}

/* An attacker that has only seen the ticket can't bind it to a hello. */
static void test_threat_T7_a_ticket_without_its_key(void **state)
{
    struct fixture *f = *state;

    open_first(f);
    f->ticket.secret[31] ^= 1;
    shake_again(f);
    expect_end(f, SERVER, LEAT_ERR_TLS);
    assert_int_equal(f->users[SERVER]->info.alert_sent, WIRE_TLS_DECRYPT_ERROR);
    assert_string_equal(f->users[SERVER]->info.why, "a ticket with a wrong binder");
    expect_end(f, CLIENT, LEAT_ERR_TLS);
    assert_false(f->users[CLIENT]->open);
}

/* Changes a hello on its way, so that its binder is wrong. */
static void change_hello(struct pipe_end *end, struct leat_buf *payload)
{
    (void)end;
    if (payload->data[0] == WIRE_TLS_HANDSHAKE)
        payload->data[5 + 4 + 2] ^= 1; /* its random */
}

static void test_threat_T7_a_binder_is_of_its_hello(void **state)
{
    struct fixture *f = *state;

    open_first(f);
    world_wait(f->world, second);
    pipe_open(f->ends, f->world->stacks[SERVER], WIDE);
    memset(f->users[0], 0, sizeof *f->users[0]);
    memset(f->users[1], 0, sizeof *f->users[1]);
    f->ends[SERVER].spoil = change_hello;
    shake(f);
    expect_end(f, SERVER, LEAT_ERR_TLS);
    assert_int_equal(f->users[SERVER]->info.alert_sent, WIRE_TLS_DECRYPT_ERROR);
    expect_end(f, CLIENT, LEAT_ERR_TLS);
}

static void test_threat_T7_a_ticket_has_its_time(void **state)
{
    struct fixture *f = *state;

    open_first(f); /* the client's civil time stands still, so it offers the ticket forever */
    wait_s(f, 2 * HOUR_S - 60);
    open_next(f, true);
    wait_s(f, 2 * HOUR_S + 1);
    open_next(f, false);
    assert_int_equal(refused(f), 1);
}

/* Tickets of the last seal are good until their own time is over. */
static void test_threat_T7_seals_change(void **state)
{
    struct fixture *f = *state;
    struct leat_tls_ticket early, late;
    uint8_t name[TLS_SEAL_NAME];

    open_first(f);
    early = f->ticket;
    memcpy(name, f->tls[SERVER]->seals[0].name, sizeof name);
    wait_s(f, HOUR_S);
    use_ticket(f);
    open_next(f, false);
    late = f->ticket;
    assert_memory_equal(f->tls[SERVER]->seals[0].name, name, sizeof name);
    wait_s(f, HOUR_S);
    use_ticket(f);
    open_next(f, false); /* a new seal */
    assert_memory_not_equal(f->tls[SERVER]->seals[0].name, name, sizeof name);
    f->ticket = late;
    open_next(f, true);
    f->ticket = early;
    open_next(f, false);
    wait_s(f, 2 * HOUR_S);
    use_ticket(f);
    open_next(f, false); /* another seal: the first is gone */
    assert_memory_not_equal(f->tls[SERVER]->seals[1].name, name, sizeof name);
}

static void test_identities_that_are_replaced_end_all_tickets(void **state)
{
    struct fixture *f = *state;

    open_first(f);
    assert_int_equal(leat_tls_set_identities(f->tls[SERVER], &f->list[RSA], 1), LEAT_OK);
    open_next(f, false);
    assert_int_equal(f->users[CLIENT]->info.scheme, LEAT_CRYPTO_RSA_PSS_RSAE_SHA256);
}

static void test_a_ticket_is_for_its_name(void **state)
{
    struct fixture *f = *state;
    struct leat_tls_ticket own;

    open_first(f);
    own = f->ticket;
    f->client.name = "other.leat.test";
    open_next(f, false);
    assert_int_equal(refused(f), 0); /* it was not offered */
    memcpy(own.name, f->ticket.name, sizeof own.name);
    f->ticket = own;
    open_next(f, false);
    assert_int_equal(refused(f), 1); /* nor accepted */
}

/* 5.1 allows it, and servers with short records do so. */
static void test_a_ticket_in_several_records_is_kept(void **state)
{
    struct fixture *f = *state;

    for (uint16_t data_max = 7; data_max < 300; data_max = (uint16_t)(data_max * 3)) {
        use_ticket(f);
        if (!f->tls[SERVER])
            begin(f, 1 << 18);
        shake_again(f);
        session_of(f, SERVER)->data_max = data_max;
        expect_talk(f, false);
        assert_true(f->ticket.identity_len > 0);
        leave(f);
        open_next(f, true);
    }
}

/* Until all of it has come, the program's memory has no ticket. */
static void test_half_a_ticket_is_none(void **state)
{
    static const uint8_t start[] = {WIRE_TLS_NEW_SESSION_TICKET, 0, 0, 200, 0xff, 0xff, 0xff};
    struct fixture *f = *state;

    open_first(f);
    f->tls[SERVER]->config.no_tickets = true;
    shake_again(f);
    assert_true(world_run(f->world, &f->users[SERVER]->open, 5 * second));
    f->tls[SERVER]->in[0] = leat_crypto_piece_of(start, sizeof start);
    assert_true(tls_protect(session_of(f, SERVER), WIRE_TLS_HANDSHAKE, 1, sizeof start));
    world_wait(f->world, 10 * ms);
    assert_int_equal(f->ticket.identity_len, 0);
    assert_int_equal(session_of(f, CLIENT)->late_left, 197);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_session_is_resumed_and_gives_the_next_ticket),
        TEST(test_a_binder_that_cannot_be_made_ends_the_session),
        TEST(test_a_ticket_is_used_once),
        TEST(test_a_ticket_that_was_not_sent_stays),
        TEST(test_a_share_is_asked_for_of_a_client_with_a_ticket),
        TEST(test_the_longer_hash),
        TEST(test_another_suite),
        TEST(test_another_hash_after_a_retry),
        TEST(test_threat_T7_a_ticket_with_any_bit_changed_is_not_taken),
        TEST(test_threat_T7_a_ticket_of_another_length_is_not_taken),
        TEST(test_threat_T7_a_ticket_ends_where_it_says),
        TEST(test_threat_T7_a_ticket_without_its_key),
        TEST(test_threat_T7_a_binder_is_of_its_hello),
        TEST(test_threat_T7_a_ticket_has_its_time),
        TEST(test_threat_T7_seals_change),
        TEST(test_identities_that_are_replaced_end_all_tickets),
        TEST(test_a_ticket_is_for_its_name),
        TEST(test_a_ticket_in_several_records_is_kept),
        TEST(test_half_a_ticket_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
