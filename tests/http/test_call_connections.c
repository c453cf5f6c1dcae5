/* test_call_connections.c -- the client: kept connections, deadlines, and leat's own server. */
#include "call_test.h"

#include "tcp/conn/conn.h"
#include "web/http/client.h"

/* ---- Connections -------------------------------------------------------------------------- */

static void test_a_connection_is_kept_for_the_next_call(void **state)
{
    struct fixture *f = *state;
    struct peer *peer = open_peer(f);
    struct heard *heard = listen_for(URL);

    heard->again = URL;
    begin(f, heard);
    say(f, peer, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1");
    assert_string_equal(peer->bytes, ASKED ASKED);
    say(f, peer, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2");
    assert_true(heard->over);
    assert_string_equal(heard->bytes, "12");
    assert_int_equal(counts->reused, 2); /* the first one was given by leat_http_client_keep() */
    assert_int_equal(counts->calls, 2);
    world_wait(f->world, 9 * second);
    assert_false(leat_stream_at_end(&peer->stream));
    world_wait(f->world, 2 * second);
    assert_true(leat_stream_at_end(&peer->stream)); /* kept_ns */
    leat_stream_shutdown(&peer->stream);
    assert_true(world_run(f->world, &peer->closed, second));
    free(heard);
    free(peer);
}

/* After a reply with "close", an incomplete one, or data without a request. */
static void test_a_connection_that_is_not_kept(void **state)
{
    static const char *const replies[] = {
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\n1",
        "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n1",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1HTTP/1.1 200 OK\r\n",
    };
    struct fixture *f = *state;

    for (unsigned i = 0; i < sizeof replies / sizeof *replies; i++) {
        struct peer *peer = open_peer(f);
        struct heard *heard = ask(f);

        say(f, peer, replies[i]);
        assert_true(heard->over);
        world_wait(f->world, ms);
        assert_true(peer->closed || leat_stream_at_end(&peer->stream));
        free(heard);
        close_peer(f, peer);
    }
}

/* Data on a connection without a request is no reply to the next one. */
static void test_threat_W1_a_reply_without_a_request(void **state)
{
    struct fixture *f = *state;
    struct peer *peer = open_peer(f);

    say(f, peer, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
    world_wait(f->world, ms);
    assert_true(peer->closed || leat_stream_at_end(&peer->stream));
    close_peer(f, peer);
}

static void test_a_call_that_is_given_up_ends_its_connection(void **state)
{
    struct fixture *f = *state;
    struct peer *peer = open_peer(f);
    struct heard *heard = ask(f);

    say(f, peer, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1");
    leat_http_call_close(heard->call);
    assert_true(world_run(f->world, &peer->closed, second));
    assert_int_equal(heard->failures, 0);
    free(heard);
    free(peer);
}

static void test_all_places_are_taken(void **state)
{
    struct fixture *f = *state;
    struct peer *peers[2] = {open_peer(f), open_peer(f)};
    struct heard *heard[3] = {ask(f), ask(f), listen_for(URL)};

    assert_int_equal(leat_http_call(client, &heard[2]->request, &heard[2]->call), LEAT_ERR_FULL);
    for (unsigned i = 0; i < 2; i++) {
        leat_http_call_close(heard[i]->call);
        close_peer(f, peers[i]);
    }
    for (unsigned i = 0; i < 3; i++)
        free(heard[i]);
}

/* ---- Time --------------------------------------------------------------------------------- */

static void test_threat_W2_servers_that_are_slow(void **state)
{
    struct fixture *f = *state;
    struct peer *peer = open_peer(f);
    struct heard *heard = ask(f);

    world_wait(f->world, 29 * second);
    assert_false(heard->failed); /* sends nothing */
    assert_true(world_run(f->world, &heard->failed, 2 * second));
    assert_int_equal(heard->why, LEAT_ERR_TIMEOUT);
    free(heard);
    close_peer(f, peer);

    peer = open_peer(f); /* sends a byte of its head now and then */
    heard = ask(f);
    for (unsigned i = 0; i < 4 && !heard->failed; i++) {
        say(f, peer, i == 0 ? "HTTP/1.1 200 " : "a");
        world_wait(f->world, 10 * second);
    }
    assert_true(heard->failed);
    assert_int_equal(heard->why, LEAT_ERR_TIMEOUT);
    free(heard);
    close_peer(f, peer);

    peer = open_peer(f); /* doesn't read a body */
    peer->deaf = true;
    heard = listen_for(URL);
    heard->request.method = LEAT_HTTP_POST;
    heard->request.body_len = sizeof big;
    heard->request.body = big;
    begin(f, heard);
    assert_true(world_run(f->world, &heard->failed, 40 * second));
    assert_int_equal(heard->why, LEAT_ERR_TIMEOUT);
    free(heard);
    close_peer(f, peer);
}

static void test_the_deadline_of_a_call(void **state)
{
    struct fixture *f = *state;
    struct peer *peer = open_peer(f);
    struct heard *heard = listen_for(URL);

    heard->request.deadline_ns = f->world->now_ns + 5 * second;
    begin(f, heard);
    say(f, peer, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
    for (unsigned i = 0; i < 10 && !heard->failed; i++) {
        say(f, peer, "x");
        world_wait(f->world, second);
    }
    assert_true(heard->failed);
    assert_int_equal(heard->why, LEAT_ERR_TIMEOUT);
    assert_true(heard->have == 5 || heard->have == 6);
    free(heard);
    close_peer(f, peer);
}

/* ---- leat's own server ----------------------------------------------------------------------- */

static struct heard *fetch(struct fixture *f, const char *url, enum leat_http_method method)
{
    struct heard *heard = listen_for(url);

    heard->request.method = method;
    begin(f, heard);
    for (unsigned i = 0; i < 100 && !heard->over && !heard->failed; i++)
        world_wait(f->world, 100 * ms);
    return heard;
}

/* The room that is told has been reduced by the framing of a chunk: data of that length is taken,
 * and one byte more is not. */
static void test_the_room_for_a_chunk_leaves_its_framing_out(void **state)
{
    struct fixture *f = *state;

    for (uint32_t more = 0; more < 2; more++) {
        struct leat_pool *pool = leat_pool(f->world->stacks[CLIENT]);
        struct peer *peer = open_peer(f);
        struct heard *heard = listen_for(URL);
        uint32_t room;

        heard->request.method = LEAT_HTTP_PUT;
        heard->request.body_len = LEAT_HTTP_ANY;
        heard->request.on_writable = NULL;
        heard->keep_open = peer->deaf = true;
        begin(f, heard);
        room = leat_http_call_send_room(heard->call);
        assert_in_range(room, PIPE_BYTES / 2, PIPE_BYTES - 32);
        assert_int_equal(
            leat_http_call_send(heard->call, leat_buf_lend(pool, big, room + more, NULL, NULL)),
            more ? LEAT_ERR_FULL : LEAT_OK);
        leat_http_call_close(heard->call);
        world_wait(f->world, second);
        free(heard);
        close_peer(f, peer);
    }
}

static void test_files_of_our_server(void **state)
{
    struct fixture *f = *state;
    struct heard *heard = fetch(f, "http://10.0.0.1/", LEAT_HTTP_GET);

    assert_true(heard->over);
    assert_int_equal(heard->status, 200);
    assert_string_equal(heard->bytes, PAGE);
    free(heard);
    heard = fetch(f, "http://10.0.0.1/big", LEAT_HTTP_GET);
    assert_true(heard->over);
    assert_int_equal(heard->have, BIG_BYTES);
    assert_memory_equal(heard->bytes, big, BIG_BYTES);
    free(heard);
    heard = fetch(f, "http://10.0.0.1/big", LEAT_HTTP_HEAD);
    assert_true(heard->over);
    assert_int_equal(heard->have, 0);
    free(heard);
    heard = fetch(f, "http://10.0.0.1/none", LEAT_HTTP_GET);
    assert_int_equal(heard->status, 404);
    free(heard);
    assert_int_equal(counts->connected, 1);
    assert_int_equal(counts->reused, 3);
    heard = fetch(f, "http://10.0.0.1:81/", LEAT_HTTP_GET);
    assert_true(heard->failed);
    assert_int_equal(heard->why, LEAT_ERR_REFUSED);
    free(heard);
}

/* The server closes while a request is on its way: it is sent again, once. */
static void test_a_server_that_has_closed_is_asked_again(void **state)
{
    struct fixture *f = *state;
    struct heard *heard = fetch(f, "http://10.0.0.1/", LEAT_HTTP_GET);
    struct pipe_end ends[2];
    struct leat_stream ours, theirs;
    static const struct leat_tcp_events nothing;

    free(heard);
    pipe_open(ends, f->world->stacks[CLIENT], PIPE_BYTES);
    ours = pipe_stream(&ends[0]);
    theirs = pipe_stream(&ends[1]);
    leat_stream_set_events(&theirs, &nothing, NULL);
    world_wait(f->world, 2 * ms); /* the newest kept connection is used first */
    assert_int_equal(leat_http_client_keep(client, "http://10.0.0.1/", &ours), LEAT_OK);
    heard = listen_for("http://10.0.0.1/");
    begin(f, heard);
    leat_stream_abort(&theirs);
    for (unsigned i = 0; i < 100 && !heard->over && !heard->failed; i++)
        world_wait(f->world, 100 * ms);
    assert_true(heard->over);
    assert_string_equal(heard->bytes, PAGE);
    assert_int_equal(counts->retried, 1);
    assert_int_equal(counts->failed, 0);
    free(heard);
}

/* A POST isn't sent again, because the server may have handled it. */
static void test_requests_that_are_not_idempotent_are_not_sent_again(void **state)
{
    struct fixture *f = *state;
    struct peer *peer = open_peer(f);
    struct heard *heard = listen_for(URL);

    heard->request.method = LEAT_HTTP_POST;
    begin(f, heard);
    assert_true(peer->have > 0);
    leat_stream_abort(&peer->stream);
    assert_true(world_run(f->world, &heard->failed, second));
    assert_int_equal(heard->why, LEAT_ERR_RESET);
    assert_int_equal(counts->retried, 0);
    free(heard);
    close_peer(f, peer);
}

/* A byte less than leat_http_client_memory_bytes() is refused, and nothing is written. */
static void test_a_client_needs_all_of_its_memory(void **state)
{
    const struct leat_http_client_config config = {.connections = 3};
    const size_t bytes = leat_http_client_memory_bytes(&config);
    struct fixture *f = *state;
    struct leat *stack = f->world->stacks[CLIENT];
    struct leat_http_client *made = NULL;
    uint8_t *memory = malloc(bytes);

    memset(memory, 0xa5, bytes); /* earlier content of the memory doesn't matter */
    assert_int_equal(leat_http_client_open(&made, stack, memory, bytes - 1, &config),
                     LEAT_ERR_MEMORY);
    assert_null(made);
    for (size_t i = 0; i < bytes; i++)
        assert_int_equal(memory[i], 0xa5);
    assert_int_equal(leat_http_client_open(&made, stack, memory, bytes, &config), LEAT_OK);
    assert_int_equal(leat_http_client_counts(made)->calls, 0);
    leat_http_client_close(made);
    free(memory);
}

static enum leat_err open_made(struct fixture *f, const struct leat_http_client_config *config,
                               struct leat_http_client_config *full)
{
    const size_t bytes = leat_http_client_memory_bytes(config);
    struct leat_http_client *made;
    void *memory = malloc(bytes);
    enum leat_err err;

    err = leat_http_client_open(&made, f->world->stacks[CLIENT], memory, bytes, config);
    if (!err) {
        *full = made->config;
        leat_http_client_close(made);
    }
    free(memory);
    return err;
}

static void test_the_limits_and_defaults_of_a_client(void **state)
{
    static const struct {
        struct leat_http_client_config config;
        enum leat_err err;
    } table[] = {
        {{.connections = 1}, LEAT_OK},
        {{.connections = 256}, LEAT_OK},
        {{.connections = 257}, LEAT_ERR_ARGUMENT},
        {{.request_bytes = 255}, LEAT_ERR_ARGUMENT},
        {{.request_bytes = 256}, LEAT_OK},
        {{.reply_bytes = 255}, LEAT_ERR_ARGUMENT},
        {{.reply_bytes = 256}, LEAT_OK},
        {{.reserved = {1}}, LEAT_ERR_ARGUMENT},
        {{.reserved = {[LEAT_RESERVED - 1] = 1}}, LEAT_ERR_ARGUMENT},
        {{.connections = 0}, LEAT_OK}, /* the last one: the defaults */
    };
    struct leat_http_client_config full = {.connections = 0};

    for (unsigned i = 0; i < sizeof table / sizeof *table; i++)
        assert_int_equal(open_made(*state, &table[i].config, &full), table[i].err);
    assert_int_equal(full.connections, 4);
    assert_int_equal(full.request_bytes, 2048);
    assert_int_equal(full.reply_bytes, 8192);
    assert_int_equal(full.connect_ns, 30 * second);
    assert_int_equal(full.stall_ns, 30 * second);
    assert_int_equal(full.kept_ns, 10 * second);
}

/* A request in several segments doesn't wait for acknowledgments (RFC 1122 4.2.3.4). */
static void test_a_connection_of_a_call_is_without_Nagle(void **state)
{
    struct fixture *f = *state;
    struct heard *heard = listen_for("http://10.0.0.1/big");
    const struct leat_tcp *conn;

    heard->hold = true;
    begin(f, heard);
    world_wait(f->world, 100 * ms);
    assert_int_equal(heard->replies, 1);
    conn = leat_stream_tcp(&heard->call->stream);
    assert_true(conn && conn->flags & CONN_NODELAY);
    leat_http_call_close(heard->call);
    free(heard);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CALL_TEST(test_a_connection_is_kept_for_the_next_call),
        CALL_TEST(test_a_connection_that_is_not_kept),
        CALL_TEST(test_threat_W1_a_reply_without_a_request),
        CALL_TEST(test_a_call_that_is_given_up_ends_its_connection),
        CALL_TEST(test_all_places_are_taken),
        CALL_TEST(test_threat_W2_servers_that_are_slow),
        CALL_TEST(test_the_deadline_of_a_call),
        CALL_TEST(test_the_room_for_a_chunk_leaves_its_framing_out),
        CALL_TEST(test_files_of_our_server),
        CALL_TEST(test_a_connection_of_a_call_is_without_Nagle),
        CALL_TEST(test_a_server_that_has_closed_is_asked_again),
        CALL_TEST(test_a_client_needs_all_of_its_memory),
        CALL_TEST(test_the_limits_and_defaults_of_a_client),
        CALL_TEST(test_requests_that_are_not_idempotent_are_not_sent_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
