/* test_threats.c -- clients that want us to work, wait or keep for nothing. Each loses its own
 * connection, or its own request, and others are served meanwhile. */
#include "http2_test.h"

/* Another client is served. */
static void check_others(struct fixture *f)
{
    struct peer *other = connect_peer(f);

    assert_string_equal(get(other, "/")->status, "200");
    close_peer(other);
}

/* The attacker was told to calm down, and is gone; others aren't. */
static void check_calmed(struct fixture *f, struct peer *peer)
{
    world_wait(f->world, 100 * ms);
    assert_int_equal(f->counts->flooded, 1);
    assert_true(peer->goaway);
    assert_int_equal(peer->goaway_code, NGHTTP2_ENHANCE_YOUR_CALM);
    assert_true(peer->ended);
    check_others(f);
    close_peer(peer);
}

/* Rapid reset (CVE-2023-44487): requests that are given up at once. */
static void test_threat_W10_rapid_reset(void **state)
{
    static const uint8_t cancel[] = {0, 0, 0, NGHTTP2_CANCEL};
    struct fixture *f = *state;
    struct peer *peer = connect_peer(f);

    for (uint32_t i = 0; i < 300 && !peer->goaway; i++) {
        send_frame(peer, NGHTTP2_HEADERS, END, 2 * i + 1, BYTES(GET_ROOT));
        send_frame(peer, NGHTTP2_RST_STREAM, 0, 2 * i + 1, cancel, 4);
        if (i % 10 == 9)
            world_wait(f->world, ms);
    }
    assert_true(f->counts->requests <= 110);
    check_calmed(f, peer);
}

/* A browser gives up a few requests, too. */
static void test_some_resets_are_allowed(void **state)
{
    struct fixture *f = *state;
    struct peer *peer = connect_peer(f);

    for (unsigned i = 0; i < 30; i++) {
        const struct reply *reply = ask(peer, "GET", "/hold", 0, NULL);

        flush(peer);
        nghttp2_submit_rst_stream(peer->frames, NGHTTP2_FLAG_NONE, reply->id, NGHTTP2_CANCEL);
        flush(peer);
        world_wait(f->world, ms);
    }
    assert_int_equal(f->counts->resets, 30);
    assert_string_equal(get(peer, "/")->status, "200");
    close_peer(peer);
}

/* CONTINUATION without end (CVE-2024-28182). */
static void test_threat_W11_continuation_flood(void **state)
{
    static const uint8_t field[] = "\x00\x01x\x01y";
    struct fixture *f = *state;
    struct peer *peer = connect_peer(f);

    send_frame(peer, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_STREAM, 1, BYTES(GET_ROOT));
    for (unsigned i = 0; i < 100 && !peer->closed; i++) {
        send_frame(peer, NGHTTP2_CONTINUATION, 0, 1, field, sizeof field - 1);
        world_wait(f->world, ms);
    }
    assert_true(peer->closed || peer->ended);
    assert_int_equal(f->counts->requests, 0);
    assert_int_equal(f->counts->errors, 1);
    check_others(f);
    close_peer(peer);
}

/* A head that never ends keeps its connection no longer than an idle one is kept. */
static void test_threat_W11_a_head_without_end(void **state)
{
    struct fixture *f = *state;
    struct peer *peer = connect_peer(f);

    send_frame(peer, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_STREAM, 1, BYTES(GET_ROOT));
    assert_true(world_run(f->world, &peer->ended, 61 * second));
    assert_int_equal(f->counts->idle, 1);
    close_peer(peer);
}

static void flood(struct fixture *f, struct peer *peer, uint8_t type, uint32_t id,
                  const void *payload, size_t len)
{
    for (unsigned i = 0; i < 3000 && !peer->goaway; i++) {
        send_frame(peer, type, 0, id, payload, len);
        if (i % 20 == 19)
            world_wait(f->world, ms / 10);
    }
}

/* PING and SETTINGS must be answered (CVE-2019-9512, CVE-2019-9515). */
static void test_threat_W12_pings(void **state)
{
    struct fixture *f = *state;
    struct peer *peer = connect_peer(f);

    flood(f, peer, NGHTTP2_PING, 0, "12345678", 8);
    assert_in_range(peer->pings, 900, 1100);
    check_calmed(f, peer);
}

static void test_threat_W12_settings(void **state)
{
    struct fixture *f = *state;
    struct peer *peer = connect_peer(f);

    peer->raw = true;
    flood(f, peer, NGHTTP2_SETTINGS, 0, NULL, 0);
    world_wait(f->world, 100 * ms);
    assert_int_equal(f->counts->flooded, 1);
    assert_true(peer->ended);
    check_others(f);
    close_peer(peer);
}

/* A client that reads no answers can't make us keep them. */
static void test_threat_W12_pings_of_a_deaf_client(void **state)
{
    struct fixture *f = *state;
    struct peer *peer = connect_peer(f);

    world_wait(f->world, 10 * ms);
    peer->deaf = true;
    while (!peer->closed && f->counts->flooded + f->counts->memory + f->counts->errors == 0) {
        for (unsigned i = 0; i < 100; i++)
            send_frame(peer, NGHTTP2_PING, 0, 0, "12345678", 8);
        world_wait(f->world, ms);
    }
    world_run(f->world, &peer->closed, 70 * second);
    assert_int_equal(leat_http2_connections(f->http2), 0);
    check_others(f);
    close_peer(peer);
}

/* Frames that say nothing: empty DATA (CVE-2019-9518), windows, priorities, unknown types. */
static void test_threat_W12_empty_data(void **state)
{
    struct fixture *f = *state;
    struct peer *peer = connect_peer(f);

    send_frame(peer, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, BYTES(POST_COUNT));
    flood(f, peer, NGHTTP2_DATA, 1, NULL, 0);
    check_calmed(f, peer);
}

static void test_threat_W12_windows(void **state)
{
    static const uint8_t one[] = {0, 0, 0, 1};
    struct fixture *f = *state;
    struct peer *peer = connect_peer(f);

    flood(f, peer, NGHTTP2_WINDOW_UPDATE, 0, one, 4);
    check_calmed(f, peer);
}

static void test_threat_W12_priorities(void **state)
{
    static const uint8_t priority[] = {0, 0, 0, 3, 7};
    struct fixture *f = *state;
    struct peer *peer = connect_peer(f);

    flood(f, peer, NGHTTP2_PRIORITY, 5, priority, 5);
    check_calmed(f, peer);
}

static void test_threat_W12_unknown_frames(void **state)
{
    struct fixture *f = *state;
    struct peer *peer = connect_peer(f);

    flood(f, peer, 0xf0, 0, "x", 1);
    check_calmed(f, peer);
}

/* A head that is short on the wire, and long when it is read: one field of the table, again and
 * again. */
static void test_threat_W13_header_bomb(void **state)
{
    static uint8_t head[16000];
    struct fixture *f = *state;
    struct peer *peer = connect_peer(f);
    size_t len = sizeof GET_ROOT - 1;

    memcpy(head, GET_ROOT, len);
    memcpy(head + len, "\x40\x01x\x7f\xa1\x1e", 6); /* x: 4,000 octets, which go to the table */
    len += 6;
    memset(head + len, 'y', 4000);
    len += 4000;
    memset(head + len, 0xbe, sizeof head - len); /* the table's first entry */
    send_frame(peer, NGHTTP2_HEADERS, END, 1, head, sizeof head);
    world_wait(f->world, second);
    assert_int_equal(f->counts->heads_too_big, 1);
    assert_int_equal(f->counts->requests, 0);
    assert_int_equal(f->counts->errors + f->counts->memory, 0);
    check_others(f);
    close_peer(peer);
}

/* Octets that would end a line of HTTP/1.1 never reach the server (RFC 9113 10.3). */
static void test_threat_W14_smuggling(void **state)
{
    static const struct {
        const char *name;
        const uint8_t *head;
        size_t len;
    } rows[] = {
        {"line end in a value", BYTES(GET_ROOT "\x00\x01x\x10y\r\nGET /hold H:1")},
        {"line end in a name", BYTES(GET_ROOT "\x00\x06x\r\nh:i\x01y")},
        {"NUL in a value", BYTES(GET_ROOT "\x00\x01x\x03"
                                          "a\0b")},
        {"space in the path", BYTES("\x82\x87\x41\x04leat\x04\x0f/hold HTTP/1.1\n")},
        {"space in the method", BYTES("\x87\x84\x41\x04leat\x02\x0aGET /hold ")},
        {"line end in the authority", BYTES("\x82\x87\x84\x01\x0aleat\r\nx: y")},
        {"upper case", BYTES(GET_ROOT "\x00\x01X\x01y")},
        {"transfer coding", BYTES(GET_ROOT "\x00\x11transfer-encoding\x07"
                                           "chunked")},
        {"connection", BYTES(GET_ROOT "\x00\x0a"
                                      "connection\x05"
                                      "close")},
        {"another host", BYTES(GET_ROOT "\x00\x04host\x05other")},
        {"two lengths", BYTES(GET_ROOT "\x00\x0e"
                                       "content-length\x01"
                                       "0\x00\x0e"
                                       "content-length\x01"
                                       "1")},
        {"a path twice", BYTES(GET_ROOT "\x84")},
        {"no path", BYTES("\x82\x87\x41\x04leat")},
        {"colon in a name", BYTES(GET_ROOT "\x00\x03x:y\x01z")},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct peer *peer = connect_peer(f);

        send_frame(peer, NGHTTP2_HEADERS, END, 1, rows[i].head, rows[i].len);
        world_wait(f->world, 10 * ms);
        if (f->counts->requests > 0 || f->app.requests > 0)
            fail_msg("%s: the server got it", rows[i].name);
        if (f->counts->malformed != i + 1)
            fail_msg("%s: not refused", rows[i].name);
        close_peer(peer);
    }
    check_others(f);
}

/* A length that the body doesn't have (RFC 9113 8.1.1). */
static void test_threat_W14_length(void **state)
{
    struct fixture *f = *state;
    struct peer *peer = connect_peer(f);

    send_frame(peer, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1,
               BYTES(POST_COUNT "\x00\x0e"
                                "content-length\x02"
                                "10"));
    send_frame(peer, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1, "12345", 5);
    world_wait(f->world, 10 * ms);
    assert_int_equal(f->app.failed, 1);
    assert_int_equal(f->web->ok, 0);
    check_others(f);
    close_peer(peer);
}

/* Bodies that come octet by octet, and aren't read, don't fill the pool with buffers. */
static void test_threat_W15_small_pieces(void **state)
{
    struct fixture *f = *state;
    struct peer *peer = connect_peer(f);
    const uint32_t before = leat_pool_free_count(leat_pool(f->world->stacks[SERVER]));

    send_frame(peer, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1,
               BYTES("\x83\x87\x44\x05/hold\x41\x04leat"));
    for (unsigned i = 0; i < 20000; i++) {
        send_frame(peer, NGHTTP2_DATA, 0, 1, "x", 1);
        if (i % 100 == 99)
            world_wait(f->world, ms / 10);
    }
    assert_non_null(f->app.held);
    assert_true(before - leat_pool_free_count(leat_pool(f->world->stacks[SERVER])) < 100);
    check_others(f);
    close_peer(peer);
}

/* A reply for which its client opens no window ends with the server's limit for stalls, even if
 * the connection itself goes on. */
static void test_threat_W15_shut_windows(void **state)
{
    struct fixture *f = *state;
    struct peer *peer = connect_peer(f);
    const nghttp2_settings_entry none = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0};
    struct reply *replies[4];

    nghttp2_submit_settings(peer->frames, NGHTTP2_FLAG_NONE, &none, 1);
    flush(peer);
    world_wait(f->world, 10 * ms);
    for (unsigned i = 0; i < 4; i++)
        replies[i] = ask(peer, "GET", "/big", 0, NULL);
    flush(peer);
    for (unsigned i = 0; i < 40; i++) {
        world_wait(f->world, second);
        nghttp2_submit_ping(peer->frames, NGHTTP2_FLAG_NONE, NULL);
        flush(peer);
    }
    for (unsigned i = 0; i < 4; i++) {
        assert_string_equal(replies[i]->status, "200");
        assert_true(replies[i]->closed);
        assert_int_equal(replies[i]->code, NGHTTP2_INTERNAL_ERROR);
    }
    assert_int_equal(f->web->timeouts, 4);
    close_peer(peer);
}

/* More connections than places: the newcomer of another address gets one of those of the address
 * that has most. */
static void test_threat_W16_a_crowd_of_one_address(void **state)
{
    struct fixture *f = *state;
    struct peer *crowd[40], *other;
    unsigned closed = 0;

    for (unsigned i = 0; i < 40; i++) {
        crowd[i] = open_peer(f, 0x0a000001);
        nghttp2_submit_settings(crowd[i]->frames, NGHTTP2_FLAG_NONE, NULL, 0);
        flush(crowd[i]);
        world_wait(f->world, ms);
    }
    assert_int_equal(f->counts->displaced, 40 - 32);
    other = open_peer(f, 0x0a000002);
    nghttp2_submit_settings(other->frames, NGHTTP2_FLAG_NONE, NULL, 0);
    assert_string_equal(get(other, "/")->status, "200");
    for (unsigned i = 0; i < 20; i++) {
        struct peer *more = open_peer(f, 0x0a000001);

        nghttp2_submit_settings(more->frames, NGHTTP2_FLAG_NONE, NULL, 0);
        flush(more);
        world_wait(f->world, ms);
        close_peer(more);
    }
    assert_string_equal(get(other, "/")->status, "200");
    for (unsigned i = 0; i < 40; i++) {
        closed += crowd[i]->closed;
        close_peer(crowd[i]);
    }
    assert_true(closed >= 8);
    close_peer(other);
}

/* A connection that uses up its memory ends, and no other one. */
static void test_threat_W16_memory(void **state)
{
    struct fixture *f = *state;
    struct peer *peer = connect_peer(f);

    world_wait(f->world, 10 * ms);
    peer->deaf = true; /* resets that must be sent pile up */
    for (uint32_t i = 0; i < 3000 && !peer->closed; i++) {
        send_frame(peer, NGHTTP2_HEADERS, END, 2 * i + 1, BYTES("\x82\x87\x41\x04leat"));
        if (i % 50 == 49)
            world_wait(f->world, ms);
    }
    world_run(f->world, &peer->closed, 70 * second);
    assert_int_equal(leat_http2_connections(f->http2), 0);
    check_others(f);
    close_peer(peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_threat_W10_rapid_reset),
        TEST(test_some_resets_are_allowed),
        TEST(test_threat_W11_continuation_flood),
        TEST(test_threat_W11_a_head_without_end),
        TEST(test_threat_W12_pings),
        TEST(test_threat_W12_settings),
        TEST(test_threat_W12_pings_of_a_deaf_client),
        TEST(test_threat_W12_empty_data),
        TEST(test_threat_W12_windows),
        TEST(test_threat_W12_priorities),
        TEST(test_threat_W12_unknown_frames),
        TEST(test_threat_W13_header_bomb),
        TEST(test_threat_W14_smuggling),
        TEST(test_threat_W14_length),
        TEST(test_threat_W15_small_pieces),
        TEST(test_threat_W15_shut_windows),
        TEST(test_threat_W16_a_crowd_of_one_address),
        TEST(test_threat_W16_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
