/* test_ends.c -- client and server of TLS: hellos, data, the end, in pieces of any size. */
#include "tls_test.h"

enum {
    WIDE = 1 << 18
};

static void test_data_both_ways(void **state)
{
    struct fixture *f = *state;

    open_both(f, WIDE);
    assert_int_equal(f->users[CLIENT]->info.suite, 0x1301);
    assert_int_equal(f->users[CLIENT]->info.group, LEAT_CRYPTO_X25519);
    assert_int_equal(f->users[CLIENT]->info.scheme, LEAT_CRYPTO_ECDSA_SECP256R1_SHA256);
    say(f, CLIENT, "question");
    assert_memory_equal(f->users[SERVER]->bytes, "question", 8);
    say(f, SERVER, "answer");
    assert_memory_equal(f->users[CLIENT]->bytes, "answer", 6);
    assert_int_equal(leat_tls_counts(f->tls[SERVER])->accepted, 1);
    assert_int_equal(leat_tls_counts(f->tls[CLIENT])->connected, 1);
    assert_int_equal(leat_tls_counts(f->tls[CLIENT])->copied_bytes, 0);
    leave(f);
}

static void test_a_lot_of_data(void **state)
{
    struct fixture *f = *state;

    open_both(f, WIDE);
    send_pattern(f, SERVER, 700000, 100000);
    send_pattern(f, CLIENT, 700000, 3000);
    send_pattern(f, CLIENT, 3000, 1);
    leave(f);
}

static void test_a_narrow_stream(void **state)
{
    struct fixture *f = *state;

    open_both(f, 20000);
    send_pattern(f, SERVER, 300000, 300000);
    leave(f);
}

/* Data that found no room is followed by on_writable, as with TCP. */
static void test_more_than_there_is_room_for_hears_on_writable(void **state)
{
    struct fixture *f = *state;
    struct user *server;
    static uint8_t bytes[20000];
    uint32_t room;

    open_both(f, 20000);
    server = f->users[SERVER];
    f->users[CLIENT]->hold = true;
    assert_int_equal(leat_stream_write(&server->stream, bytes, 12000, &(size_t){0}), LEAT_OK);
    room = leat_stream_send_room(&server->stream);
    assert_in_range(room, 1, sizeof bytes - 1);
    assert_int_equal(
        leat_stream_send(&server->stream,
                         leat_buf_copy(leat_pool(f->world->stacks[SERVER]), bytes, room + 1)),
        LEAT_ERR_FULL);
    server->writable = 0;
    f->users[CLIENT]->hold = false;
    leat_stream_write(&f->users[CLIENT]->stream, "go on", 5, &(size_t){0});
    world_wait(f->world, second);
    assert_true(server->writable > 0);
    leave(f);
}

/* 12,000 bytes and close_notify wait for a client that reads nothing. */
static void leave_unread(struct fixture *f)
{
    static uint8_t bytes[12000];

    open_both(f, 20000);
    f->users[CLIENT]->hold = true;
    assert_int_equal(
        leat_stream_write(&f->users[SERVER]->stream, bytes, sizeof bytes, &(size_t){0}), LEAT_OK);
    assert_int_equal(leat_stream_close(&f->users[SERVER]->stream), LEAT_OK);
}

static void test_what_was_sent_before_the_close_may_be_read_late(void **state)
{
    struct fixture *f = *state;
    struct user *client = f->users[CLIENT];

    leave_unread(f);
    world_wait(f->world, 20 * second);
    assert_false(f->users[SERVER]->closed);
    client->hold = false;
    user_events.on_readable(NULL, client);
    world_wait(f->world, second);
    assert_int_equal(client->have, 12000);
    assert_true(client->ended);
    leat_stream_close(&client->stream);
    expect_end(f, SERVER, LEAT_OK);
}

static void test_a_peer_without_progress_is_not_waited_for(void **state)
{
    struct fixture *f = *state;

    leave_unread(f);
    assert_true(world_run(f->world, &f->users[SERVER]->closed, 40 * second));
    expect_end(f, CLIENT, LEAT_ERR_RESET);
}

/* Each flight and record in pieces of each small size. */
static void test_threat_T2_flights_in_pieces_of_any_size(void **state)
{
    struct fixture *f = *state;

    begin(f, WIDE);
    for (uint32_t grain = 1; grain < 1500; grain += grain < 8 ? 1 : grain < 100 ? 31 : 467) {
        pipe_open(f->ends, f->world->stacks[SERVER], WIDE);
        f->ends[0].grain = f->ends[1].grain = grain;
        memset(f->users[0], 0, sizeof *f->users[0]);
        memset(f->users[1], 0, sizeof *f->users[1]);
        f->secret_count = 0;
        shake(f);
        assert_true(world_run(f->world, &f->users[CLIENT]->open, 5 * second));
        assert_true(world_run(f->world, &f->users[SERVER]->open, 5 * second));
        send_pattern(f, CLIENT, 700, 300);
        send_pattern(f, SERVER, 3000, 3000);
        leave(f);
        world_wait(f->world, ms); /* timers of the pipe */
    }
}

static void test_an_rsa_key(void **state)
{
    struct fixture *f = *state;

    f->config[SERVER].identities = &f->list[RSA];
    open_both(f, WIDE);
    assert_int_equal(f->users[CLIENT]->info.scheme, LEAT_CRYPTO_RSA_PSS_RSAE_SHA256);
    leave(f);
}

static void test_the_end_of_one_side_leaves_the_other(void **state)
{
    struct fixture *f = *state;

    open_both(f, WIDE);
    assert_int_equal(leat_stream_shutdown(&f->users[CLIENT]->stream), LEAT_OK);
    assert_int_equal(leat_stream_shutdown(&f->users[CLIENT]->stream), LEAT_ERR_CLOSING);
    world_wait(f->world, 10 * ms);
    assert_true(f->users[SERVER]->ended);
    send_pattern(f, SERVER, 100000, 5000);
    leave(f);
}

/* 6.1: Java's close() sends user_canceled first, a closure alert: that is an end in order. */
static void test_user_canceled_and_close_notify_end_in_order(void **state)
{
    static uint8_t alert[] = {1, WIRE_TLS_USER_CANCELED};
    struct fixture *f = *state;

    open_both(f, WIDE);
    say(f, SERVER, "all of it");
    f->tls[SERVER]->in[0] = (struct leat_crypto_piece){alert, sizeof alert};
    assert_true(tls_protect(session_of(f, SERVER), WIRE_TLS_ALERT, 1, sizeof alert));
    assert_int_equal(leat_stream_close(&f->users[SERVER]->stream), LEAT_OK);
    world_wait(f->world, 10 * ms);
    assert_true(f->users[CLIENT]->ended);
    assert_int_equal(leat_stream_close(&f->users[CLIENT]->stream), LEAT_OK);
    expect_end(f, CLIENT, LEAT_OK);
    expect_end(f, SERVER, LEAT_OK);
}

/* A drain lets a session go on until it is quiet; then its peer gets a close_notify. */
static void test_a_drain_ends_a_quiet_session_in_order(void **state)
{
    struct fixture *f = *state;

    open_both(f, WIDE);
    assert_false(tls_below_events.on_drain(NULL, false, session_of(f, SERVER)));
    assert_true(tls_below_events.on_drain(NULL, true, session_of(f, SERVER)));
    world_wait(f->world, 10 * ms);
    assert_true(f->users[CLIENT]->ended);
    leave(f);
}

static void test_threat_T14_a_stream_that_is_cut_short_is_told(void **state)
{
    struct fixture *f = *state;
    const struct leat_stream below = pipe_stream(&f->ends[SERVER]);

    open_both(f, WIDE);
    say(f, SERVER, "half of");
    leat_stream_shutdown(&below);
    expect_end(f, CLIENT, LEAT_ERR_CUT_SHORT);
    assert_int_equal(f->users[CLIENT]->have, 7);
    assert_false(f->users[CLIENT]->ended);
    assert_int_equal(leat_tls_counts(f->tls[CLIENT])->cut_short, 1);
}

/* Three servers share one signature per turn: each gets it in time. */
/* The same after data that the program hasn't taken, because it doesn't look further. */
static void test_threat_T14_a_cut_behind_data_that_waits_is_told(void **state)
{
    struct fixture *f = *state;
    const struct leat_stream server = pipe_stream(&f->ends[SERVER]);

    open_both(f, WIDE);
    f->users[CLIENT]->hold = true;
    assert_int_equal(leat_stream_shutdown(&f->users[CLIENT]->stream), LEAT_OK);
    say(f, SERVER, "rest");
    assert_int_equal(leat_stream_shutdown(&server), LEAT_OK);
    expect_end(f, CLIENT, LEAT_ERR_CUT_SHORT);
    assert_string_equal(f->users[CLIENT]->info.why, "the stream ended without close_notify");
    assert_int_equal(leat_tls_counts(f->tls[CLIENT])->cut_short, 1);
    if (!f->users[SERVER]->closed)
        leat_stream_abort(&f->users[SERVER]->stream);
    world_wait(f->world, second);
}

static void test_threat_T13_signatures_have_their_turn(void **state)
{
    struct fixture *f = *state;
    struct pipe_end ends[2][2];
    struct leat_stream below, sessions[2][2];
    struct leat_tls_info info;

    f->config[SERVER].signatures_per_turn = 1;
    begin(f, WIDE);
    shake(f);
    for (unsigned i = 0; i < 2; i++) {
        f->secret_count = 0;
        pipe_open(ends[i], f->world->stacks[SERVER], WIDE);
        below = pipe_stream(&ends[i][SERVER]);
        assert_int_equal(leat_tls_accept(f->tls[SERVER], &below, &sessions[i][SERVER]), LEAT_OK);
        below = pipe_stream(&ends[i][CLIENT]);
        assert_int_equal(leat_tls_connect(f->tls[CLIENT], &below, &f->client, &sessions[i][CLIENT]),
                         LEAT_OK);
    }
    f->tls[SERVER]->config.on_secret = f->tls[CLIENT]->config.on_secret = NULL;
    world_wait(f->world, second);
    assert_int_equal(leat_tls_counts(f->tls[SERVER])->accepted, 3);
    assert_true(leat_tls_counts(f->tls[SERVER])->waited > 0);
    for (unsigned i = 0; i < 2; i++) {
        leat_tls_get_info(&sessions[i][SERVER], &info);
        assert_true(info.open);
        leat_stream_abort(&sessions[i][CLIENT]);
    }
    world_wait(f->world, second);
    leave(f);
}

/* The room shrinks when some of it is used, as a connection's share of a pool does. */
static void shrink(struct pipe_end *end, struct leat_buf *data)
{
    end->capacity = leat_buf_total(end->data) + end->unconsumed + leat_buf_total(data);
    if (end->capacity < 3000)
        end->capacity = 3000;
}

static void test_room_that_goes_while_it_is_used(void **state)
{
    struct fixture *f = *state;

    open_both(f, WIDE);
    f->ends[CLIENT].spoil = shrink;
    send_pattern(f, SERVER, 200000, 100000);
    assert_int_equal(leat_stream_shutdown(&f->users[SERVER]->stream), LEAT_OK);
    leave(f);
}

static uint32_t free_before;
static unsigned denials;

static uint32_t deny_beside_a_record(struct pipe_end *end, uint32_t room)
{
    if (denials == 0 || leat_pool_free_count(leat_pool(end->stack)) == free_before)
        return room;
    denials--;
    return 0;
}

/* A share of the pool shrinks by the record itself: its data waits, and is sent once. */
static void test_room_that_goes_by_the_record(void **state)
{
    static uint8_t bytes[5000];
    struct fixture *f = *state;
    struct user *to;
    struct leat_buf *data;

    open_both(f, WIDE);
    to = f->users[CLIENT];
    to->have = 0;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7);
    data = leat_buf_lend(leat_pool(f->world->stacks[SERVER]), bytes, sizeof bytes, NULL, NULL);
    assert_non_null(data);
    free_before = leat_pool_free_count(leat_pool(f->world->stacks[SERVER]));
    denials = 3;
    f->ends[SERVER].grants = deny_beside_a_record;
    assert_int_equal(leat_stream_send(&f->users[SERVER]->stream, data), LEAT_OK);
    world_wait(f->world, second);
    assert_int_equal(denials, 0);
    assert_int_equal(to->have, sizeof bytes);
    assert_memory_equal(to->bytes, bytes, sizeof bytes);
    leave(f);
}

/* 4.6.3: a peer's request for a key update is answered before data that waits. */
static void test_an_update_goes_before_data_that_waits(void **state)
{
    static uint8_t update[] = {WIRE_TLS_KEY_UPDATE, 0, 0, 1, 1};
    static uint8_t bytes[5000];
    struct fixture *f = *state;
    struct tls_session *server, *client;

    open_both(f, WIDE);
    server = session_of(f, SERVER);
    client = session_of(f, CLIENT);
    free_before = leat_pool_free_count(leat_pool(f->world->stacks[SERVER]));
    denials = 1;
    f->ends[SERVER].grants = deny_beside_a_record;
    assert_int_equal(leat_stream_send(&f->users[SERVER]->stream,
                                      leat_buf_lend(leat_pool(f->world->stacks[SERVER]), bytes,
                                                    sizeof bytes, NULL, NULL)),
                     LEAT_OK);
    assert_non_null(server->unsent);
    client->tls->in[0] = (struct leat_crypto_piece){update, sizeof update};
    assert_true(tls_protect(client, WIRE_TLS_HANDSHAKE, 1, sizeof update));
    assert_true(tls_key_update(client, &client->write));
    tls_session_pump(server);
    assert_null(server->unsent);
    assert_int_equal(server->write.sequence, 4); /* all records with data use the new key */
    world_wait(f->world, second);
    assert_int_equal(f->users[CLIENT]->have, sizeof bytes);
    leave(f);
}

static void test_an_end_that_has_shut_down_sends_no_more(void **state)
{
    struct fixture *f = *state;
    const struct leat_stream *stream = &f->users[CLIENT]->stream;
    size_t taken;

    open_both(f, WIDE);
    assert_ptr_equal(leat_stream_stack(stream), f->world->stacks[SERVER]);
    leat_stream_shutdown(stream);
    assert_int_equal(leat_stream_write(stream, "x", 1, &taken), LEAT_ERR_CLOSING);
    assert_int_equal(taken, 0);
    assert_int_equal(
        leat_stream_send(stream, leat_buf_copy(leat_pool(f->world->stacks[SERVER]), "x", 1)),
        LEAT_ERR_CLOSING);
    leave(f);
}

/* RFC 1122 4.2.2.13, as over TCP: a reset tells the peer that its data was lost. */
static void test_closing_with_unread_data_resets(void **state)
{
    struct fixture *f = *state;

    open_both(f, WIDE);
    f->users[SERVER]->hold = true;
    say(f, CLIENT, "text");
    leat_stream_close(&f->users[SERVER]->stream);
    expect_end(f, SERVER, LEAT_ERR_ABORTED);
    expect_end(f, CLIENT, LEAT_ERR_RESET);
}

/* Records without data don't keep a session alive that the program has closed. */
static void test_records_without_data_are_not_waited_for(void **state)
{
    struct fixture *f = *state;

    open_both(f, WIDE);
    assert_int_equal(leat_stream_close(&f->users[SERVER]->stream), LEAT_OK);
    world_wait(f->world, second);
    session_of(f, CLIENT)->tls->in[0] = (struct leat_crypto_piece){NULL, 0};
    assert_true(tls_protect(session_of(f, CLIENT), WIRE_TLS_APPLICATION_DATA, 1, 0));
    assert_true(world_run(f->world, &f->users[SERVER]->closed, 5 * second));
    expect_end(f, CLIENT, LEAT_ERR_RESET);
}

static void flip_version(struct pipe_end *end, struct leat_buf *payload)
{
    (void)end;
    payload->data[2] ^= 1;
}

/* The version is ignored, but the tag covers it (RFC 8446 5.2). */
static void test_the_version_of_a_record_is_not_changed_on_the_way(void **state)
{
    struct fixture *f = *state;

    open_both(f, WIDE);
    f->ends[SERVER].spoil = flip_version;
    say(f, CLIENT, "what was said");
    expect_end(f, SERVER, LEAT_ERR_TLS);
    assert_int_equal(f->users[SERVER]->have, 0);
    assert_int_equal(f->users[SERVER]->info.alert_sent, WIRE_TLS_BAD_RECORD_MAC);
    expect_end(f, CLIENT, LEAT_ERR_TLS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_version_of_a_record_is_not_changed_on_the_way),
        TEST(test_an_update_goes_before_data_that_waits),
        TEST(test_an_end_that_has_shut_down_sends_no_more),
        TEST(test_closing_with_unread_data_resets),
        TEST(test_records_without_data_are_not_waited_for),
        TEST(test_data_both_ways),
        TEST(test_a_lot_of_data),
        TEST(test_a_narrow_stream),
        TEST(test_more_than_there_is_room_for_hears_on_writable),
        TEST(test_what_was_sent_before_the_close_may_be_read_late),
        TEST(test_a_peer_without_progress_is_not_waited_for),
        TEST(test_threat_T2_flights_in_pieces_of_any_size),
        TEST(test_an_rsa_key),
        TEST(test_the_end_of_one_side_leaves_the_other),
        TEST(test_room_that_goes_while_it_is_used),
        TEST(test_room_that_goes_by_the_record),
        TEST(test_threat_T14_a_cut_behind_data_that_waits_is_told),
        TEST(test_threat_T13_signatures_have_their_turn),
        TEST(test_a_drain_ends_a_quiet_session_in_order),
        TEST(test_user_canceled_and_close_notify_end_in_order),
        TEST(test_threat_T14_a_stream_that_is_cut_short_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
