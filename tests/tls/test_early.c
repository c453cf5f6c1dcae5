/* test_early.c -- early data (0-RTT): accepted, and refused for each reason. */
#include "early_test.h"

#include "wire/bytes.h"

/* ---- Accepted -------------------------------------------------------------------------------- */

static void test_early_data_is_answered_before_the_session_is_open(void **state)
{
    struct fixture *f = *state;

    open_old(f);
    early.answer = true;
    open_early(f, true);
    assert_int_equal(early.calls, 1);
    assert_int_equal(f->users[CLIENT]->have, 5);
    assert_memory_equal(f->users[CLIENT]->bytes, "early", 5);
    assert_true(f->users[CLIENT]->info.resumed);
    assert_int_equal(counts(f, CLIENT)->early_taken, 1);
    assert_int_equal(counts(f, SERVER)->early_refused + counts(f, CLIENT)->early_refused, 0);
    open_early(f, true);
}

/* RFC 8446 8: after the handshake it is like any other data. */
static void test_early_data_that_is_not_asked_for(void **state)
{
    struct fixture *f = *state;

    open_old(f);
    f->tls[SERVER]->config.on_early = NULL;
    shake_early(f, NULL);
    assert_true(world_run(f->world, &f->users[SERVER]->open, 5 * second));
    world_wait(f->world, 10 * ms);
    assert_int_equal(early.calls, 0);
    assert_int_equal(f->users[SERVER]->have, QUESTION);
    assert_memory_equal(f->users[SERVER]->bytes, f->client.early, QUESTION);
    assert_int_equal(f->users[CLIENT]->info.early_bytes, QUESTION);
    say(f, CLIENT, "more");
    assert_int_equal(f->users[SERVER]->have, QUESTION + 4);
    leave(f);
}

static uint32_t grain;

static void set_grain(struct fixture *f)
{
    f->ends[0].grain = f->ends[1].grain = grain;
}

static void test_threat_T2_early_data_in_pieces_of_any_size(void **state)
{
    struct fixture *f = *state;

    open_old(f);
    for (grain = 1; grain < 700; grain += grain < 8 ? 1 : grain < 100 ? 31 : 211) {
        shake_early(f, set_grain);
        assert_true(world_run(f->world, &f->users[CLIENT]->open, 5 * second));
        assert_true(world_run(f->world, &f->users[SERVER]->open, 5 * second));
        assert_int_equal(early.have, QUESTION);
        leave(f);
    }
}

/* The client sends as much as the ticket allows; the program has to send the rest. */
static void test_more_early_data_than_the_ticket_allows(void **state)
{
    static uint8_t data[3 * LIMIT];
    struct fixture *f = *state;

    open_old(f);
    f->client.early = data;
    f->client.early_len = sizeof data;
    shake_early(f, NULL);
    assert_true(world_run(f->world, &f->users[CLIENT]->open, 5 * second));
    assert_int_equal(f->users[CLIENT]->info.early_bytes, LIMIT);
    assert_true(world_run(f->world, &f->users[SERVER]->open, 5 * second));
    assert_int_equal(early.have, LIMIT);
    leave(f);
}

static void be_narrow(struct fixture *f)
{
    f->ends[SERVER].capacity = 2500;
}

/* Data that finds no room in time isn't sent early. */
static void test_early_data_waits_for_no_room(void **state)
{
    static uint8_t data[LIMIT];
    struct fixture *f = *state;
    uint32_t taken;

    open_old(f);
    f->client.early = data;
    f->client.early_len = sizeof data;
    shake_early(f, be_narrow);
    assert_true(world_run(f->world, &f->users[CLIENT]->open, 5 * second));
    taken = f->users[CLIENT]->info.early_bytes;
    assert_true(taken > 0);
    assert_true(world_run(f->world, &f->users[SERVER]->open, 5 * second));
    assert_int_equal(early.have, taken);
    assert_int_equal(f->users[SERVER]->info.early_bytes, taken);
    leave(f);
}

/* There is room after the hello only when the server's flight has been read. */
static uint32_t grant_late(struct pipe_end *end, uint32_t room)
{
    const struct tls_session *session = end->arg;

    return session->segment_records == 2 && session->state != TLS_SND_FINISHED ? 0 : room;
}

static void be_late(struct fixture *f)
{
    f->ends[CLIENT].grants = grant_late;
}

/* Early data was accepted, but none was sent: EndOfEarlyData must still be encrypted with its
 * key. */
static void test_no_room_for_early_data_at_all(void **state)
{
    struct fixture *f = *state;

    open_old(f);
    shake_early(f, be_late);
    assert_true(world_run(f->world, &f->users[CLIENT]->open, 5 * second));
    assert_true(world_run(f->world, &f->users[SERVER]->open, 5 * second));
    assert_int_equal(counts(f, CLIENT)->early_taken, 1);
    assert_int_equal(f->users[CLIENT]->info.early_bytes, 0);
    assert_int_equal(early.have, 0);
    say(f, CLIENT, "question");
    assert_int_equal(f->users[SERVER]->have, 8);
    leave(f);
}

static uint32_t told_age(uint32_t add)
{
    const size_t hello = WIRE_TLS_RECORD_HEADER + get16(sent.bytes + 3);

    return get32(sent.bytes + hello - (2 + 1 + 32) - 4) - add; /* in front of the binders */
}

/* The client's clock counts whole seconds: a second that has just ended may have just begun. */
static void test_an_age_is_never_told_too_high(void **state)
{
    struct fixture *f = *state;
    struct leat_tls_ticket own;

    open_old(f);
    own = f->ticket;
    for (uint32_t age_s = 0; age_s < 4; age_s++) {
        f->ticket = own;
        f->ticket.received_s = CIVIL_S + (f->world->now_ns + second) / second - age_s;
        capture(f);
        assert_int_equal(told_age(own.age_add), age_s > 0 ? 1000 * (age_s - 1) : 0);
    }
}

/* D.4: middleboxes take it for a resumed session of TLS 1.2. */
static void test_change_cipher_spec_comes_between_hello_and_early_data(void **state)
{
    static const uint8_t change[] = {WIRE_TLS_CHANGE_CIPHER_SPEC, 3, 3, 0, 1, 1};
    struct fixture *f = *state;
    size_t hello;

    open_old(f);
    capture(f);
    hello = WIRE_TLS_RECORD_HEADER + get16(sent.bytes + 3);
    assert_int_equal(sent.bytes[0], WIRE_TLS_HANDSHAKE);
    assert_memory_equal(sent.bytes + hello, change, sizeof change);
    assert_int_equal(sent.bytes[hello + sizeof change], WIRE_TLS_APPLICATION_DATA);
    assert_int_equal(sent.len, hello + sizeof change + QUESTION + TLS_OVERHEAD);
}

/* ---- Refused --------------------------------------------------------------------------------- */

static void test_a_server_takes_none_unless_it_is_told(void **state)
{
    struct fixture *f = *state;

    open_first(f);
    assert_int_equal(f->ticket.early_bytes, 0);
    pass(f, 11 * second);
    f->client.early = "GET / HTTP/1.1";
    f->client.early_len = QUESTION;
    open_early(f, false); /* the client sends none, either */
    assert_int_equal(counts(f, SERVER)->early_bytes, 0);
    f->ticket.early_bytes = 100; /* a ticket from when it did */
    open_early(f, false);
    assert_true(counts(f, SERVER)->early_bytes > 0);
    assert_int_equal(counts(f, SERVER)->early_refused, 1);
    assert_int_equal(counts(f, CLIENT)->early_refused, 1);
}

/* Without leat_tls_config.early, neither end offers or accepts early data, and early_bytes is
 * refused. */
static void test_early_data_needs_leat_tls_early(void **state)
{
    struct fixture *f = *state;
    struct leat_tls *none;

    f->config[CLIENT].early = NULL;
    open_old(f);
    open_early(f, false);
    assert_int_equal(counts(f, SERVER)->early_refused + counts(f, CLIENT)->early_refused, 0);
    f->tls[CLIENT]->config.early = &leat_tls_early;
    f->tls[SERVER]->config.early = NULL;
    open_early(f, false);
    assert_int_equal(counts(f, SERVER)->early_refused, 1);
    assert_true(counts(f, SERVER)->early_bytes > 0);
    f->config[SERVER].early = NULL;
    assert_int_equal(leat_tls_open(&none, f->world->stacks[SERVER], f->memory[SERVER],
                                   leat_tls_memory_bytes(&f->config[SERVER]), &f->config[SERVER]),
                     LEAT_ERR_ARGUMENT);
}

static void test_a_client_sends_none_unless_it_is_asked(void **state)
{
    struct fixture *f = *state;

    open_old(f);
    f->client.early_len = 0;
    open_next(f, true);
    assert_int_equal(counts(f, SERVER)->early_taken + counts(f, SERVER)->early_refused, 0);
}

/* 4.2.10: the ticket's suite */
static void test_early_data_for_another_suite(void **state)
{
    struct fixture *f = *state;

    open_old(f);
    f->tls[SERVER]->suites[0] = WIRE_TLS_CHACHA20_POLY1305;
    f->tls[SERVER]->suite_count = 1;
    open_early(f, false);
    assert_true(f->users[SERVER]->info.resumed);
    open_early(f, true);
}

static void test_early_data_for_another_protocol(void **state)
{
    static const char *const both[] = {"one", "two"};
    struct fixture *f = *state;

    f->config[SERVER].protocols = f->client.protocols = both;
    f->config[SERVER].protocol_count = f->client.protocol_count = 2;
    open_old(f);
    assert_string_equal(f->ticket.protocol, "one");
    open_early(f, true);
    f->tls[SERVER]->config.protocols = both + 1;
    f->tls[SERVER]->config.protocol_count = 1;
    open_early(f, false);
    assert_true(f->users[SERVER]->info.resumed);
    assert_int_equal(counts(f, SERVER)->early_refused, 1);
    f->client.protocols = both; /* no longer the ticket's protocol: the client doesn't send it */
    f->client.protocol_count = 1;
    f->tls[SERVER]->config.protocols = both;
    open_early(f, false);
    assert_int_equal(counts(f, SERVER)->early_refused, 1);
}

static void test_early_data_for_another_name(void **state)
{
    struct fixture *f = *state;
    uint8_t name[TLS_NAME_DIGEST];

    open_old(f);
    memcpy(name, f->ticket.name, sizeof name);
    f->client.name = "other.leat.test";
    open_early(f, false);
    assert_int_equal(counts(f, SERVER)->early_refused, 0); /* the client didn't send it */
    f->client.name = "leat.test";
    open_early(f, false);
    memcpy(name, f->ticket.name, sizeof name);
    f->client.name = "other.leat.test";
    open_early(f, false);
    memcpy(f->ticket.name, name, sizeof name); /* for the other name, offered for this one */
    f->client.name = "leat.test";
    open_early(f, false);
    assert_false(f->users[SERVER]->info.resumed);
    assert_int_equal(counts(f, SERVER)->early_refused, 1);
}

static void test_early_data_when_the_seal_is_gone(void **state)
{
    struct fixture *f = *state;

    open_old(f);
    assert_int_equal(leat_tls_set_identities(f->tls[SERVER], f->list, 1), LEAT_OK);
    open_early(f, false);
    assert_false(f->users[SERVER]->info.resumed);
    assert_int_equal(counts(f, SERVER)->early_refused, 1);
    open_early(f, true);
}

static void test_a_retry_refuses_early_data(void **state)
{
    struct fixture *f = *state;

    open_old(f);
    f->tls[SERVER]->groups[0] = LEAT_CRYPTO_SECP256R1;
    f->tls[SERVER]->group_count = 1;
    open_early(f, false);
    assert_true(f->users[SERVER]->info.resumed);
    assert_int_equal(counts(f, SERVER)->retried, 1);
    assert_int_equal(counts(f, CLIENT)->early_refused, 1);
    assert_true(counts(f, SERVER)->early_bytes > 0);
}

static void test_a_cookie_refuses_early_data(void **state)
{
    struct fixture *f = *state;

    open_old(f);
    f->tls[SERVER]->config.cookie_handshakes = 1;
    open_early(f, false);
    assert_true(f->users[SERVER]->info.resumed);
    assert_int_equal(counts(f, SERVER)->cookies, 1);
    assert_true(counts(f, SERVER)->early_bytes > 0);
}

/* The longest early data. If it is refused, it is skipped up to a limit, which is higher. */
static void test_early_data_that_is_refused_is_passed_over(void **state)
{
    static uint8_t data[3 << 15];
    struct fixture *f = *state;

    open_old(f);
    f->client.early = data;
    f->client.early_len = (1 << 15) + LIMIT;
    f->ticket.early_bytes = sizeof data;
    f->ticket.received_s -= 30;
    open_early(f, false);
    assert_true(counts(f, SERVER)->early_bytes > f->client.early_len);
    f->client.early_len = (1 << 15) + 3 * LIMIT;
    f->ticket.early_bytes = sizeof data;
    f->ticket.received_s -= 30;
    shake_early(f, NULL);
    expect_end(f, SERVER, LEAT_ERR_TLS);
    assert_int_equal(f->users[SERVER]->info.alert_sent, WIRE_TLS_BAD_RECORD_MAC);
    expect_end(f, CLIENT, LEAT_ERR_TLS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_early_data_is_answered_before_the_session_is_open),
        TEST(test_early_data_that_is_not_asked_for),
        TEST(test_threat_T2_early_data_in_pieces_of_any_size),
        TEST(test_more_early_data_than_the_ticket_allows),
        TEST(test_early_data_waits_for_no_room),
        TEST(test_no_room_for_early_data_at_all),
        TEST(test_an_age_is_never_told_too_high),
        TEST(test_change_cipher_spec_comes_between_hello_and_early_data),
        TEST(test_a_server_takes_none_unless_it_is_told),
        TEST(test_early_data_needs_leat_tls_early),
        TEST(test_a_client_sends_none_unless_it_is_asked),
        TEST(test_early_data_for_another_suite),
        TEST(test_early_data_for_another_protocol),
        TEST(test_early_data_for_another_name),
        TEST(test_early_data_when_the_seal_is_gone),
        TEST(test_a_retry_refuses_early_data),
        TEST(test_a_cookie_refuses_early_data),
        TEST(test_early_data_that_is_refused_is_passed_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
