/* test_places.c -- shares of addresses in a server's sessions and handshakes, and evictions. */
#include "tls_test.h"

enum {
    WIDE = 1 << 18,
    CROWD = 40
};

/* One of the crowd, with a pipe of its own. */
struct stranger {
    struct pipe_end ends[2];
    struct leat_stream session;
    bool is_in; /* accepted by the server */
    unsigned closed;
    enum leat_err why;
};

static struct stranger crowd[CROWD];

static void on_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    struct stranger *stranger = arg;

    (void)conn;
    stranger->closed++;
    stranger->why = why;
}

static const struct leat_tcp_events events = {.on_closed = on_closed};

/* One of the crowd connects from @peer. With @hello it sends a hello, and nothing else. */
static struct stranger *come(struct fixture *f, unsigned i, struct leat_ip peer, bool hello)
{
    struct stranger *stranger = &crowd[i];
    struct leat_stream below;

    memset(stranger, 0, sizeof *stranger);
    pipe_open(stranger->ends, f->world->stacks[SERVER], WIDE);
    stranger->ends[SERVER].peer = peer;
    if (hello) {
        say_first_hello(f, stranger->ends, &stranger->session);
        stranger->is_in = true;
    } else {
        below = pipe_stream(&stranger->ends[SERVER]);
        stranger->is_in = !leat_tls_accept(f->tls[SERVER], &below, &stranger->session);
    }
    if (stranger->is_in)
        leat_stream_set_events(&stranger->session, &events, stranger);
    world_wait(f->world, 10 * ms);
    return stranger;
}

static const struct leat_ip attacker = LEAT_IP4_INIT(10, 0, 0, 66);

/* An address in a /64 or a /32 of its own; families alternate. */
static struct leat_ip site(unsigned i)
{
    struct leat_ip six = {{0x20, 1, 0xd, 0xb8, 0, 0, (uint8_t)(i >> 8), (uint8_t)i, 0, 0, 1}};

    return i % 2 ? six : LEAT_IP4(10, 1, (uint8_t)(i >> 8), (uint8_t)i);
}

/* Closes all of the crowd. */
static void disperse(struct fixture *f)
{
    for (unsigned i = 0; i < CROWD; i++)
        if (crowd[i].is_in && !crowd[i].closed)
            leat_stream_abort(&crowd[i].session);
    world_wait(f->world, 10 * ms);
}

/* Expects a session at once, because after a second an address could evict its own entries without
 * activity. */
static void expect_service(struct fixture *f)
{
    f->ends[SERVER].peer = LEAT_IP4(192, 0, 2, 1);
    shake(f);
    assert_true(world_run(f->world, &f->users[SERVER]->open, 50 * ms));
    assert_true(world_run(f->world, &f->users[CLIENT]->open, 50 * ms));
    say(f, CLIENT, "served");
    assert_int_equal(f->users[SERVER]->have, 6);
    leave(f);
}

/* Number of the crowd that got on_closed because they were evicted, each once. */
static unsigned displaced(struct fixture *f)
{
    unsigned count = 0;

    for (unsigned i = 0; i < CROWD; i++) {
        assert_in_range(crowd[i].closed, 0, 1);
        count += crowd[i].closed == 1 && crowd[i].why == LEAT_ERR_MEMORY;
    }
    assert_int_equal(leat_tls_counts(f->tls[SERVER])->displaced, count);
    disperse(f);
    return count;
}

static void begin_small(struct fixture *f, uint32_t sessions, uint16_t handshakes)
{
    memset(crowd, 0, sizeof crowd);
    f->config[SERVER].sessions = sessions;
    f->config[SERVER].server_handshakes = handshakes;
    begin(f, WIDE);
}

static void test_threat_Q12_silence_takes_no_handshake(void **state)
{
    struct fixture *f = *state;

    begin_small(f, CROWD + 1, 1);
    for (unsigned i = 0; i < CROWD; i++) {
        const struct leat_stream client =
            (come(f, i, attacker, false), pipe_stream(&crowd[i].ends[CLIENT]));
        size_t taken;

        leat_stream_write(&client, "\x16\x03\x01\x01\x00\x01", i % 7, &taken);
    }
    world_wait(f->world, 10 * ms);
    assert_int_equal(f->tls[SERVER]->server_busy, 0);
    expect_service(f);
    assert_int_equal(displaced(f), 0);
}

static void test_threat_Q12_silent_sessions_of_one_address_shut_out_no_other(void **state)
{
    struct fixture *f = *state;

    begin_small(f, 8, 4);
    for (unsigned i = 0; i < CROWD; i++)
        come(f, i, attacker, false);
    assert_false(crowd[CROWD - 1].is_in); /* its own ones are too young to be evicted */
    expect_service(f);
    assert_int_equal(crowd[0].closed, 1);
    assert_int_equal(displaced(f), 1);
}

static void test_threat_Q12_hellos_of_one_address_shut_out_no_other(void **state)
{
    struct fixture *f = *state;

    begin_small(f, CROWD + 1, 4);
    for (unsigned i = 0; i < CROWD; i++)
        come(f, i, attacker, true);
    assert_int_equal(f->tls[SERVER]->server_busy, 4);
    expect_service(f);
    assert_in_range(displaced(f), 1, CROWD);
}

/* The victim is the oldest handshake of the address that has the most. */
static void test_a_handshake_of_the_greediest_makes_room(void **state)
{
    struct fixture *f = *state;

    begin_small(f, 8, 4);
    come(f, 0, site(2), true);
    come(f, 1, site(4), true);
    come(f, 2, attacker, true);
    come(f, 3, attacker, true);
    assert_int_equal(f->tls[SERVER]->server_busy, 4);
    come(f, 4, site(6), true);
    assert_int_equal(f->tls[SERVER]->server_busy, 4);
    assert_int_equal(crowd[2].closed, 1);
    assert_int_equal(displaced(f), 1);
    disperse(f);
}

static void test_threat_Q12_a_crowd_of_sites_shuts_out_no_other(void **state)
{
    struct fixture *f = *state;

    begin_small(f, 8, 4);
    for (unsigned i = 0; i < CROWD; i++)
        assert_true(come(f, i, site(i), i % 3 > 0)->is_in);
    expect_service(f);
    assert_true(displaced(f) >= CROWD - 8);
}

/* The rule of threat Q15 holds here, too. */
static void test_threat_Q12_a_slash_64_is_one_address(void **state)
{
    struct fixture *f = *state;
    struct leat_ip one = site(1);

    begin_small(f, 4, 4);
    for (unsigned i = 0; i < 8; i++) {
        one.bytes[15] = (uint8_t)i;
        come(f, i, one, false);
    }
    assert_false(crowd[7].is_in);
    come(f, 8, site(3), false);
    come(f, 9, site(5), false);
    assert_true(crowd[8].is_in && crowd[9].is_in);
    expect_service(f);
    assert_true(crowd[8].closed == 0 && crowd[9].closed == 0);
    assert_int_equal(displaced(f), 3);
}

static void test_an_address_alone_evicts_its_own_idle_entry(void **state)
{
    struct fixture *f = *state;

    begin_small(f, 2, 2);
    come(f, 0, attacker, false);
    come(f, 1, attacker, false);
    assert_false(come(f, 2, attacker, false)->is_in);
    assert_int_equal(leat_tls_counts(f->tls[SERVER])->refused, 1);
    world_wait(f->world, second);
    assert_true(come(f, 3, attacker, false)->is_in);
    assert_int_equal(crowd[0].closed, 1);
    assert_int_equal(displaced(f), 1);
}

/* A session with traffic is the last of its address to be evicted, open or not. */
static void test_an_open_session_that_is_displaced_hears_so_once(void **state)
{
    struct fixture *f = *state;

    begin_small(f, 2, 2);
    f->ends[SERVER].peer = attacker;
    shake(f);
    assert_true(world_run(f->world, &f->users[SERVER]->open, second));
    come(f, 0, attacker, false);
    world_wait(f->world, second);
    say(f, CLIENT, "here");
    come(f, 1, site(2), false);
    assert_int_equal(crowd[0].closed, 1);
    assert_false(f->users[SERVER]->closed);
    world_wait(f->world, second);
    say(f, CLIENT, "here");
    come(f, 2, site(4), false);
    assert_int_equal(crowd[1].closed,
                     1); /* each address has one; this one was silent for the longest time */
    come(f, 3, site(6), false);
    expect_end(f, SERVER, LEAT_ERR_MEMORY);
    assert_string_equal(f->users[SERVER]->info.why, "evicted to make room for others");
    expect_end(f, CLIENT, LEAT_ERR_RESET);
    disperse(f);
}

static void test_sessions_of_a_client_make_no_room(void **state)
{
    struct fixture *f = *state;
    struct leat_stream session;

    f->config[CLIENT].sessions = 1;
    begin_small(f, 2, 2);
    shake(f);
    assert_true(world_run(f->world, &f->users[CLIENT]->open, second));
    assert_true(world_run(f->world, &f->users[SERVER]->open, second));
    pipe_open(crowd[0].ends, f->world->stacks[SERVER], WIDE);
    session = pipe_stream(&crowd[0].ends[CLIENT]);
    assert_int_equal(leat_tls_connect(f->tls[CLIENT], &session, &f->client, &session),
                     LEAT_ERR_MEMORY);
    assert_int_equal(leat_tls_counts(f->tls[CLIENT])->refused, 1);
    leave(f);
}

/* Each record extends the deadline of the handshake, up to a limit. */
static void test_a_handshake_may_be_slow_while_it_goes_on(void **state)
{
    struct fixture *f = *state;
    const char *const pieces[] = {"\x16\x03\x01\x00\x04\x01\x00\x00\x80", "\x16\x03\x01\x00\x01x",
                                  "\x16\x03\x01\x00\x01x", "\x16\x03\x01\x00\x01x"};
    struct leat_stream client;
    size_t taken;

    f->config[SERVER].stall_ns = 3 * second;
    begin_small(f, 2, 2);
    come(f, 0, attacker, false);
    client = pipe_stream(&crowd[0].ends[CLIENT]);
    for (unsigned i = 0; i < 4; i++) {
        leat_stream_write(&client, pieces[i], i == 0 ? 9 : 6, &taken);
        world_wait(f->world, 2800 * ms);
        assert_int_equal(crowd[0].closed, i == 3); /* 10 s in all */
    }
    assert_int_equal(crowd[0].why, LEAT_ERR_TIMEOUT);
    come(f, 1, attacker, false);
    world_wait(f->world, 2900 * ms);
    assert_int_equal(crowd[1].closed, 0);
    world_wait(f->world, 200 * ms);
    assert_int_equal(crowd[1].closed, 1);
    assert_int_equal(leat_tls_counts(f->tls[SERVER])->timeouts, 2);
}

/* A record renews its session's place, but at most ten times a second. */
static void test_a_place_is_renewed_every_100_ms(void **state)
{
    struct fixture *f = *state;
    struct tls_session *session;
    uint64_t renewed_ns;

    begin_small(f, 2, 2);
    shake(f);
    assert_true(world_run(f->world, &f->users[SERVER]->open, second));
    world_wait(f->world, second);
    session = session_of(f, SERVER);
    say(f, CLIENT, "1");
    renewed_ns = session->renewed_ns;
    assert_true(f->world->now_ns - renewed_ns < 50 * ms);
    world_wait(f->world, renewed_ns + 98 * ms - f->world->now_ns);
    say(f, CLIENT, "2");
    assert_true(session->renewed_ns == renewed_ns);
    world_wait(f->world, renewed_ns + 101 * ms - f->world->now_ns);
    say(f, CLIENT, "3");
    assert_in_range(session->renewed_ns - renewed_ns, 100 * ms, 110 * ms);
    leave(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_threat_Q12_silence_takes_no_handshake),
        TEST(test_threat_Q12_silent_sessions_of_one_address_shut_out_no_other),
        TEST(test_threat_Q12_hellos_of_one_address_shut_out_no_other),
        TEST(test_a_handshake_of_the_greediest_makes_room),
        TEST(test_threat_Q12_a_crowd_of_sites_shuts_out_no_other),
        TEST(test_threat_Q12_a_slash_64_is_one_address),
        TEST(test_an_address_alone_evicts_its_own_idle_entry),
        TEST(test_an_open_session_that_is_displaced_hears_so_once),
        TEST(test_sessions_of_a_client_make_no_room),
        TEST(test_a_place_is_renewed_every_100_ms),
        TEST(test_a_handshake_may_be_slow_while_it_goes_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
