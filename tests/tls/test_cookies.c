/* test_cookies.c -- a server that forgets the first hello: its cookie, its memory, its
 * threshold. */
#include "tls_test.h"

enum {
    WIDE = 1 << 18
};

static void always(struct fixture *f)
{
    f->config[SERVER].cookie_handshakes = 1;
}

static void expect_open(struct fixture *f, unsigned cookies)
{
    assert_true(world_run(f->world, &f->users[SERVER]->open, 5 * second));
    assert_true(world_run(f->world, &f->users[CLIENT]->open, 5 * second));
    send_pattern(f, CLIENT, 3000, 3000);
    send_pattern(f, SERVER, 3000, 3000);
    assert_int_equal(leat_tls_counts(f->tls[SERVER])->cookies, cookies);
    assert_int_equal(f->tls[SERVER]->server_busy, 0);
    leave(f);
}

static void test_a_hello_is_answered_by_a_cookie(void **state)
{
    struct fixture *f = *state;

    always(f);
    begin(f, WIDE);
    shake(f);
    expect_open(f, 1);
    assert_int_equal(leat_tls_counts(f->tls[CLIENT])->retried, 1);
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

/* Without its MAC a cookie is not sent. */
static void test_a_cookie_that_cannot_be_made_ends_the_session(void **state)
{
    struct leat_crypto_ops ops;
    struct fixture *f = *state;

    always(f);
    begin(f, WIDE);
    ops = *f->tls[SERVER]->crypto.ops;
    ops.hmac = no_hmac;
    f->tls[SERVER]->crypto.ops = &ops;
    shake(f);
    expect_end(f, CLIENT, LEAT_ERR_TLS);
    assert_int_equal(leat_tls_counts(f->tls[CLIENT])->retried, 0);
}

static void test_a_share_is_asked_for_with_the_cookie(void **state)
{
    struct fixture *f = *state;

    always(f);
    begin(f, WIDE);
    f->tls[SERVER]->groups[0] = LEAT_CRYPTO_SECP256R1;
    f->tls[SERVER]->group_count = 1;
    shake(f);
    expect_open(f, 1);
    assert_int_equal(f->users[CLIENT]->info.group, LEAT_CRYPTO_SECP256R1);
}

static void test_the_longer_hash(void **state)
{
    struct fixture *f = *state;

    always(f);
    begin(f, WIDE);
    f->tls[SERVER]->suites[0] = WIRE_TLS_AES_256_GCM;
    f->tls[SERVER]->suite_count = 1;
    shake(f);
    expect_open(f, 1);
}

static void test_all_that_is_agreed_on_is_agreed_on_again(void **state)
{
    static const char *const protocols[] = {"http/1.1"};
    struct fixture *f = *state;

    always(f);
    f->config[SERVER].protocols = f->client.protocols = protocols;
    f->config[SERVER].protocol_count = f->client.protocol_count = 1;
    f->config[SERVER].identities = &f->list[RSA];
    begin(f, WIDE);
    f->ends[SERVER].grain = f->ends[CLIENT].grain = 7;
    shake(f);
    assert_true(world_run(f->world, &f->users[SERVER]->open, 5 * second));
    assert_string_equal(f->users[SERVER]->info.protocol, "http/1.1");
    assert_int_equal(f->users[SERVER]->info.scheme, LEAT_CRYPTO_RSA_PSS_RSAE_SHA256);
    expect_open(f, 1);
}

static void test_a_ticket_is_taken_behind_a_cookie(void **state)
{
    struct fixture *f = *state;

    use_ticket(f);
    always(f);
    begin(f, WIDE);
    shake(f);
    expect_open(f, 1);
    assert_true(f->ticket.identity_len > 0);
    shake_again(f);
    expect_open(f, 2);
    assert_true(f->users[SERVER]->info.resumed);
}

/* The first hello is so long that it overwrites the stored share. The second one has the same
 * share. */
static void test_a_long_hello_keeps_its_share(void **state)
{
    static char name[250];
    struct fixture *f = *state;

    memset(name, 'x', sizeof name - 1);
    for (unsigned i = 50; i < sizeof name - 1; i += 50)
        name[i] = '.';
    f->client.name = name;
    f->client.anybody = true;
    use_ticket(f);
    always(f);
    begin(f, WIDE);
    shake(f);
    expect_open(f, 1);
    assert_true(f->ticket.identity_len > 0);
    shake_again(f);
    expect_open(f, 2);
    assert_true(f->users[SERVER]->info.resumed);
}

static void test_without_pressure_there_is_no_cookie(void **state)
{
    struct fixture *f = *state;

    f->config[SERVER].cookie_handshakes = 2;
    begin(f, WIDE);
    shake(f);
    expect_open(f, 0);
}

/* ---- The client ------------------------------------------------------------------------------ */

static uint8_t shares[2][32];
static unsigned hellos;

static void note_share(struct pipe_end *end, struct leat_buf *payload)
{
    static const uint8_t extension[] = {0, 0x33, 0, 38, 0, 36, 0, 0x1d, 0, 32};

    (void)end;
    if (payload->data[0] != WIRE_TLS_HANDSHAKE)
        return;
    for (uint32_t i = 0; i + 42 <= payload->len; i++)
        if (hellos < 2 && memcmp(payload->data + i, extension, sizeof extension) == 0)
            memcpy(shares[hellos++], payload->data + i + sizeof extension, 32);
}

/* 4.1.2: the retry asks for no share, so the client must not change its own. */
static void test_a_client_repeats_its_share(void **state)
{
    struct fixture *f = *state;

    always(f);
    hellos = 0;
    begin(f, WIDE);
    f->ends[SERVER].spoil = note_share;
    shake(f);
    assert_true(world_run(f->world, &f->users[SERVER]->open, 5 * second));
    assert_int_equal(hellos, 2);
    assert_memory_equal(shares[0], shares[1], 32);
    f->ends[SERVER].spoil = NULL;
    expect_open(f, 1);
}

/* ---- Wrong second hellos --------------------------------------------------------------------- */

static uint32_t spoil_at; /* offset in the cookie's extension */
static uint8_t spoil_by;

/* Offset of the cookie's extension in a hello; 0: none. */
static uint32_t cookie_at(const struct leat_buf *payload)
{
    static const uint8_t extension[] = {0, 0x2c, 0, TLS_COOKIE + 2, 0, TLS_COOKIE};

    for (uint32_t i = 0; i + sizeof extension <= payload->len; i++)
        if (memcmp(payload->data + i, extension, sizeof extension) == 0)
            return i;
    return 0;
}

static void spoil_cookie(struct pipe_end *end, struct leat_buf *payload)
{
    const uint32_t at = payload->data[0] == WIRE_TLS_HANDSHAKE ? cookie_at(payload) : 0;

    (void)end;
    if (at > 0)
        payload->data[at + spoil_at] ^= spoil_by;
}

static void expect_refusal(struct fixture *f, uint8_t alert, const char *why)
{
    expect_end(f, SERVER, LEAT_ERR_TLS);
    assert_int_equal(f->users[SERVER]->info.alert_sent, alert);
    assert_string_equal(f->users[SERVER]->info.why, why);
    expect_end(f, CLIENT, LEAT_ERR_TLS);
    assert_false(f->users[CLIENT]->open);
}

static void test_threat_T13_a_cookie_that_is_not_ours(void **state)
{
    struct fixture *f = *state;

    always(f);
    begin(f, WIDE);
    for (unsigned i = 0; i < TLS_COOKIE; i += 11) {
        spoil_at = 6 + i;
        spoil_by = (uint8_t)(1u << i % 8);
        pipe_open(f->ends, f->world->stacks[SERVER], WIDE);
        memset(f->users[0], 0, sizeof *f->users[0]);
        memset(f->users[1], 0, sizeof *f->users[1]);
        f->ends[SERVER].spoil = spoil_cookie;
        shake(f);
        expect_refusal(f, WIRE_TLS_ILLEGAL_PARAMETER, "a cookie that isn't ours");
        world_wait(f->world, second);
    }
}

static void test_threat_T13_no_cookie_at_all(void **state)
{
    struct fixture *f = *state;

    always(f);
    begin(f, WIDE);
    spoil_at = 0; /* an unknown extension */
    spoil_by = 0xfa;
    f->ends[SERVER].spoil = spoil_cookie;
    shake(f);
    expect_refusal(f, WIRE_TLS_MISSING_EXTENSION, "a second hello without a cookie");
}

static void change_random(struct pipe_end *end, struct leat_buf *payload)
{
    (void)end;
    if (payload->data[0] == WIRE_TLS_HANDSHAKE && cookie_at(payload) > 0)
        payload->data[5 + 4 + 2] ^= 1;
}

static void test_threat_T4_a_second_hello_that_differs_from_a_forgotten_one(void **state)
{
    struct fixture *f = *state;

    always(f);
    begin(f, WIDE);
    f->ends[SERVER].spoil = change_random;
    shake(f);
    expect_refusal(f, WIRE_TLS_ILLEGAL_PARAMETER, "a second hello that isn't like the first");
}

/* ---- The memory ------------------------------------------------------------------------------ */

static void test_threat_T13_nothing_is_kept_of_a_first_hello(void **state)
{
    struct fixture *f = *state;
    struct pipe_end ends[3][2];
    struct leat_stream sessions[3];

    f->config[SERVER].server_handshakes = 1;
    f->config[SERVER].stall_ns = 10 * second;
    always(f);
    begin(f, WIDE);
    for (unsigned i = 0; i < 3; i++) { /* one by one, with memory for one handshake */
        pipe_open(ends[i], f->world->stacks[SERVER], WIDE);
        say_first_hello(f, ends[i], &sessions[i]);
        assert_null(((struct tls_session *)sessions[i].end)->handshake);
        assert_int_equal(f->tls[SERVER]->server_busy, 0);
    }
    shake(f);
    expect_open(f, 4);
    world_wait(f->world, 8 * second);
    assert_int_equal(leat_tls_counts(f->tls[SERVER])->timeouts, 0);
    world_wait(f->world, 2 * second);
    assert_int_equal(leat_tls_counts(f->tls[SERVER])->timeouts, 3);
}

static struct fixture *world_of_spoiler;
static struct leat_stream intruder;
static struct pipe_end intruder_ends[2];

/* Another session takes the only handshake before the second hello arrives. */
static void take_place(struct pipe_end *end, struct leat_buf *payload)
{
    struct fixture *f = world_of_spoiler;
    const struct leat_stream server = pipe_stream(&intruder_ends[SERVER]);

    (void)end;
    if (payload->data[0] == WIRE_TLS_HANDSHAKE && !intruder.end)
        assert_int_equal(leat_tls_accept(f->tls[SERVER], &server, &intruder), LEAT_OK);
}

/* If an address holds all handshakes, one without activity for a second is evicted. */
static void test_a_second_hello_waits_for_its_place(void **state)
{
    struct fixture *f = *state;
    struct leat_stream client;
    size_t taken;

    world_of_spoiler = f;
    intruder.end = NULL;
    f->config[SERVER].server_handshakes = 1;
    always(f);
    begin(f, WIDE);
    pipe_open(intruder_ends, f->world->stacks[SERVER], WIDE);
    client = pipe_stream(&intruder_ends[CLIENT]);
    leat_stream_write(&client, "\x16\x03\x01\x00\x04\x01\x00\x00\x80", 9, &taken);
    f->ends[SERVER].spoil = take_place;
    shake(f);
    world_wait(f->world, 800 * ms);
    assert_non_null(((struct tls_session *)intruder.end)->handshake);
    assert_false(f->users[SERVER]->open);
    assert_true(leat_tls_counts(f->tls[SERVER])->waited > 30);
    assert_true(world_run(f->world, &f->users[SERVER]->open, second));
    assert_int_equal(leat_tls_counts(f->tls[SERVER])->displaced, 1);
    expect_open(f, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_hello_is_answered_by_a_cookie),
        TEST(test_a_cookie_that_cannot_be_made_ends_the_session),
        TEST(test_a_share_is_asked_for_with_the_cookie),
        TEST(test_the_longer_hash),
        TEST(test_all_that_is_agreed_on_is_agreed_on_again),
        TEST(test_a_ticket_is_taken_behind_a_cookie),
        TEST(test_a_long_hello_keeps_its_share),
        TEST(test_without_pressure_there_is_no_cookie),
        TEST(test_a_client_repeats_its_share),
        TEST(test_threat_T13_a_cookie_that_is_not_ours),
        TEST(test_threat_T13_no_cookie_at_all),
        TEST(test_threat_T4_a_second_hello_that_differs_from_a_forgotten_one),
        TEST(test_threat_T13_nothing_is_kept_of_a_first_hello),
        TEST(test_a_second_hello_waits_for_its_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
