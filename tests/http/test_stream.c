/* test_stream.c -- the server on a stream that is no TCP connection: its end, its limits, its
 * clients. */
#include "http_test.h"

#include "pipe.h"

enum {
    NARROW = 700 /* bytes on their way; less than a file */
};

/* The program's end of a pipe. */
struct user {
    struct leat_stream stream;
    size_t have;
    bool ended, closed;
    enum leat_err why;
    char bytes[2 * BIG_BYTES];
};

static void on_readable(struct leat_tcp *conn, void *arg)
{
    struct user *user = arg;
    struct leat_buf *data = leat_stream_receive(&user->stream, UINT32_MAX);
    const uint32_t len = leat_buf_total(data);

    assert_null(conn); /* the stream has no connection */
    assert_true(user->have + len < sizeof user->bytes);
    leat_buf_read(data, 0, user->bytes + user->have, len);
    user->have += len;
    leat_buf_free(data);
    leat_stream_consumed(&user->stream, len);
    user->ended = leat_stream_at_end(&user->stream);
}

static void on_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    struct user *user = arg;

    (void)conn;
    user->closed = true;
    user->why = why;
}

static const struct leat_tcp_events user_events = {.on_readable = on_readable,
                                                   .on_closed = on_closed};

static struct user *open_user(struct fixture *f, struct pipe_end ends[2])
{
    struct user *user = calloc(1, sizeof *user);
    const struct leat_stream served =
        (pipe_open(ends, f->world->stacks[SERVER], NARROW), pipe_stream(&ends[1]));

    user->stream = pipe_stream(&ends[0]);
    leat_stream_set_events(&user->stream, &user_events, user);
    assert_true(leat_http_server_serve(f->server, &served));
    return user;
}

static void ask(const struct user *user, const char *text)
{
    size_t taken;

    assert_int_equal(leat_stream_write(&user->stream, text, strlen(text), &taken), LEAT_OK);
    assert_int_equal(taken, strlen(text));
}

/* The same head and file as over TCP, through a stream that holds only a part of it at a time. */
static void test_a_file_through_a_narrow_stream(void **state)
{
    struct fixture *f = *state;
    struct pipe_end ends[2];
    struct user *user = open_user(f, ends);

    ask(user, GET("/", ""));
    world_wait(f->world, second);
    assert_int_equal(user->have, strlen(PAGE_HEAD PAGE));
    assert_memory_equal(user->bytes, PAGE_HEAD PAGE, user->have);
    user->have = 0;
    ask(user, GET("/big", "Connection: close\r\n"));
    world_wait(f->world, second);
    assert_true(user->have > BIG_BYTES);
    assert_memory_equal(user->bytes + user->have - BIG_BYTES, big, BIG_BYTES);
    assert_true(user->ended);
    leat_stream_shutdown(&user->stream);
    assert_true(world_run(f->world, &user->closed, second));
    assert_int_equal(user->why, LEAT_OK);
    free(user);
}

static void test_a_client_without_a_request_is_closed(void **state)
{
    struct fixture *f = *state;
    struct pipe_end ends[2];
    struct user *user = open_user(f, ends);

    assert_true(world_run(f->world, &user->ended, 16 * second));
    assert_int_equal(f->counts->idle, 1);
    leat_stream_abort(&user->stream);
    assert_true(world_run(f->world, &user->closed, second));
    free(user);
}

/* Streams and connections share the places: one more evicts the idlest. */
static void test_streams_are_clients_like_others(void **state)
{
    static struct pipe_end ends[CLIENTS + 1][2];
    struct fixture *f = *state;
    struct user *users[CLIENTS + 1];

    for (unsigned i = 0; i <= CLIENTS; i++) {
        users[i] = open_user(f, ends[i]);
        world_wait(f->world, ms);
    }
    assert_int_equal(f->counts->displaced, 1);
    assert_true(world_run(f->world, &users[0]->closed, second));
    assert_int_equal(users[0]->why, LEAT_ERR_RESET);
    for (unsigned i = 1; i <= CLIENTS; i++) {
        leat_stream_abort(&users[i]->stream);
        assert_true(world_run(f->world, &users[i]->closed, second));
    }
    for (unsigned i = 0; i <= CLIENTS; i++)
        free(users[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_file_through_a_narrow_stream),
        TEST(test_a_client_without_a_request_is_closed),
        TEST(test_streams_are_clients_like_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
