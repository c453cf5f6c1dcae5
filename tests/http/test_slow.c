/* test_slow.c -- clients without progress, short memory, a bad wire, the end of the server. */
#include "http_test.h"

/* ---- Clients without progress ---------------------------------------------------------------- */

static void test_threat_W2_a_slow_head_ends(void **state)
{
    struct fixture *f = *state;
    struct client *client = connect_client(f);

    send_text(client, "GET / HTTP/1.1\r\n");
    for (int i = 0; i < 8; i++) { /* one field per second isn't enough to keep it open */
        world_wait(f->world, second);
        send_text(client, "A: b\r\n");
    }
    assert_false(client->ended);
    assert_true(world_run(f->world, &client->closed, 4 * second));
    assert_non_null(strstr(client->bytes, "HTTP/1.1 408 Request Timeout\r\n"));
    assert_int_equal(f->counts->timeouts, 1);
    leave_server(f, client);
}

/* A head of 12 KB at 560 bytes per second takes 22 s. Each byte extends its deadline. */
static void test_a_long_head_on_a_slow_path_is_answered(void **state)
{
    struct fixture *f = *state;
    struct client *client = connect_client(f);
    char field[80 + 1] = "";

    snprintf(field, sizeof field, "%.*s\r\n", 78,
             "C: 0123456789012345678901234567890123456789012345678901234567890123456789012345");
    send_text(client, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n");
    for (int i = 0; i < 22 * 7; i++) {
        world_wait(f->world, second / 7);
        send_text(client, field);
    }
    assert_false(client->ended);
    send_text(client, "\r\n");
    assert_true(world_run(f->world, &client->closed, second));
    assert_non_null(strstr(client->bytes, "HTTP/1.1 200 OK\r\n"));
    assert_int_equal(f->counts->timeouts, 0);
    leave_server(f, client);
}

/* A burst doesn't allow a client to be silent for longer. */
static void test_threat_W2_a_head_that_stops_ends(void **state)
{
    struct fixture *f = *state;
    struct client *client = connect_client(f);

    send_text(client, "GET / HTTP/1.1\r\n");
    for (int i = 0; i < 100; i++)
        send_text(client, "A: 0123456789012345678901234567890123456789012345678901234567890\r\n");
    world_wait(f->world, 9 * second);
    assert_false(client->ended);
    assert_true(world_run(f->world, &client->closed, 4 * second));
    assert_non_null(strstr(client->bytes, "HTTP/1.1 408 Request Timeout\r\n"));
    leave_server(f, client);
}

static void test_idle_connection_is_closed(void **state)
{
    struct fixture *f = *state;
    struct client *client = connect_client(f);

    send_text(client, GET("/", ""));
    world_wait(f->world, 14 * second);
    assert_false(client->ended);
    assert_true(world_run(f->world, &client->ended, 3 * second));
    assert_true(world_run(f->world, &client->closed, second));
    assert_int_equal(client->why, LEAT_OK);
    assert_string_equal(client->bytes, PAGE_HEAD PAGE);
    assert_int_equal(f->counts->idle, 1);
    leave_server(f, client);
}

static void test_threat_W2_a_reader_that_stops_is_ended(void **state)
{
    struct fixture *f = *state;
    struct client *client = connect_client(f);

    client->hold = true;
    send_text(client, GET("/big", "") GET("/big", ""));
    world_wait(f->world, 100 * second);
    assert_int_equal(f->counts->timeouts, 1);
    client->hold = false;
    read_some(client, UINT32_MAX); /* its window update comes too late */
    assert_true(world_run(f->world, &client->closed, second));
    assert_int_equal(client->why, LEAT_ERR_RESET);
    leave_server(f, client);
}

/* Endless requests of a client that doesn't read stay with the client. */
static void test_threat_W7_a_pipeline_without_end_is_bounded(void **state)
{
    static const char request[] = GET("/big", "");
    struct fixture *f = *state;
    struct client *client = connect_client(f), *other = connect_client(f);
    struct leat_pool *pool = leat_pool(f->world->stacks[SERVER]);
    const uint32_t before = leat_pool_free_count(pool);
    uint32_t least = before;
    size_t taken = 1;

    client->hold = true;
    for (int i = 0; i < 20000; i++) {
        leat_tcp_write(client->conn, request, sizeof request - 1, &taken);
        if (i % 100 == 99)
            world_wait(f->world, ms);
        if (leat_pool_free_count(pool) < least)
            least = leat_pool_free_count(pool);
    }
    assert_int_equal(taken, 0); /* 780,000 bytes were sent, and the window is closed */
    assert_true(least > before / 2);
    send_text(other, GET("/", ""));
    world_wait(f->world, second);
    assert_string_equal(other->bytes, PAGE_HEAD PAGE);
    world_wait(f->world, 100 * second);
    assert_int_equal(f->counts->timeouts, 1);
    leave_server(f, client);
    leave_server(f, other);
}

static void test_a_slow_reader_gets_every_byte(void **state)
{
    struct fixture *f = *state;
    struct client *client = connect_client(f);

    client->hold = true;
    send_text(client, GET("/big", "Connection: close\r\n"));
    for (int i = 0; i < 100 && !client->ended; i++) {
        client->hold = true;
        world_wait(f->world, 6 * second);
        client->hold = false;
        read_some(client, 40000);
    }
    assert_true(world_run(f->world, &client->closed, second));
    assert_int_equal(client->why, LEAT_OK);
    assert_memory_equal(client->bytes + client->have - BIG_BYTES, big, BIG_BYTES);
    leave_server(f, client);
}

static void test_new_clients_displace_the_idlest(void **state)
{
    struct fixture *f = *state;
    struct client *clients[CLIENTS + 1];

    for (int i = 0; i <= CLIENTS; i++) {
        clients[i] = connect_client(f);
        world_wait(f->world, 100 * ms);
        send_text(clients[i], GET("/", ""));
        world_wait(f->world, 100 * ms);
        assert_string_equal(clients[i]->bytes, PAGE_HEAD PAGE);
    }
    assert_true(clients[0]->closed);
    assert_int_equal(clients[0]->why, LEAT_ERR_RESET);
    assert_int_equal(f->counts->displaced, 1);
    for (int i = 0; i <= CLIENTS; i++)
        leave_server(f, clients[i]);
}

/* ---- Short memory, a bad wire, the end ---------------------------------------------------- */

static void test_a_reply_waits_for_the_pool(void **state)
{
    struct fixture *f = *state;
    struct client *client = connect_client(f);
    struct leat_pool *pool = leat_pool(f->world->stacks[SERVER]);
    struct leat_buf *all = NULL, *one;

    send_text(client, "GET / HTTP/1.1\r\nHost: leat\r\n");
    world_wait(f->world, 50 * ms);
    while (leat_pool_free_count(pool) > 16) { /* some are left to the device */
        one = leat_buf_alloc(pool, 0);
        assert_non_null(one);
        one->queued = all;
        all = one;
    }
    send_text(client, "Connection: close\r\n\r\n");
    world_wait(f->world, 50 * ms);
    while ((one = leat_buf_alloc(pool, 0))) {
        one->queued = all;
        all = one;
    }
    world_wait(f->world, 50 * ms);
    while ((one = all)) {
        all = one->queued;
        one->queued = NULL;
        leat_buf_free(one);
    }
    assert_true(world_run(f->world, &client->closed, 5 * second));
    assert_int_equal(client->why, LEAT_OK);
    assert_non_null(strstr(client->bytes, PAGE));
    leave_server(f, client);
}

static void test_over_a_bad_wire(void **state)
{
    struct fixture *f = *state;
    struct client *client = connect_client(f);

    world_spoil(f->world, 20000);
    send_text(client,
              GET("/big", "") GET("/big", "Range: bytes=1000-200999\r\nConnection: close\r\n"));
    assert_true(world_run(f->world, &client->closed, 600 * second));
    assert_int_equal(client->why, LEAT_OK);
    assert_memory_equal(client->bytes + client->have - 200000, big + 1000, 200000);
    leave_server(f, client);
}

static void test_closing_the_server_resets_its_clients(void **state)
{
    struct fixture *f = *state;
    struct client *client = connect_client(f);

    client->hold = true;
    send_text(client, GET("/big", ""));
    world_wait(f->world, 100 * ms);
    tear_down(state);
    assert_true(client->closed);
    assert_int_equal(client->why, LEAT_ERR_RESET);
    free(client);
    set_up(state);
    (void)f;
}

static void test_files_that_cannot_be(void **state)
{
    static char memory[1 << 16];
    static char long_path[300];
    const struct leat_http_file wrong[] = {
        {"index.html", "text/html", PAGE, 11, 0, 0},
        {long_path, "text/html", PAGE, 11, 0, 0},
        {"/",
         "text/html; charset=utf-8; and so on and so on and so on and so on and so on and so on "
         "and so on and so on",
         PAGE, 11, 0, 0},
    };
    struct fixture *f = *state;
    struct leat_http_server_config config = {.file_count = 1, .port = 81, .clients = 4};
    struct leat_http_server *server;

    memset(long_path, '/', sizeof long_path - 1);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        config.files = &wrong[i];
        assert_int_equal(leat_http_server_open(&server, f->world->stacks[SERVER], memory,
                                               sizeof memory, &config),
                         LEAT_ERR_ARGUMENT);
    }
    config.files = files;
    assert_int_equal(leat_http_server_open(&server, f->world->stacks[SERVER], memory,
                                           leat_http_server_memory_bytes(&config) - 1, &config),
                     LEAT_ERR_MEMORY);
    config.port = 80;
    assert_int_equal(
        leat_http_server_open(&server, f->world->stacks[SERVER], memory, sizeof memory, &config),
        LEAT_ERR_IN_USE);
}

/* Takes all buffers that can lend the program's memory. */
static struct leat_buf *take_lendable(struct fixture *f)
{
    struct leat_buf *all = NULL, *buf;

    while ((buf = leat_buf_lend(leat_pool(f->world->stacks[SERVER]), "x", 1, NULL, NULL))) {
        buf->queued = all;
        all = buf;
    }
    return all;
}

static void give_back(struct leat_buf *all)
{
    while (all) {
        struct leat_buf *buf = all;

        all = buf->queued;
        leat_buf_free(buf);
    }
}

/* The first head is lent, the second is copied: then there is no buffer for its body. */
static void test_replies_wait_for_buffers(void **state)
{
    struct fixture *f = *state;
    struct client *a = connect_client(f);
    struct client *b = connect_client(f);
    struct leat_buf *all = take_lendable(f);

    send_text(a, GET("/", ""));
    send_text(b, "GET / HTTP/1.0\r\n\r\n");
    world_wait(f->world, second);
    assert_int_equal(a->have, 0);
    assert_null(strstr(b->bytes, PAGE));
    assert_true(f->counts->waited > 1);
    give_back(all);
    world_wait(f->world, second);
    assert_string_equal(a->bytes, PAGE_HEAD PAGE);
    assert_non_null(strstr(b->bytes, "\r\n\r\n" PAGE));
    leave_server(f, a);
    leave_server(f, b);
}

/* The send queue becomes full in the middle of a head. */
static void test_many_requests_at_once_are_all_answered(void **state)
{
    struct fixture *f = *state;
    struct client *client = connect_client(f);
    const size_t each = strlen(PAGE_HEAD PAGE);

    for (unsigned i = 0; i < 100; i++)
        send_text(client, GET("/", ""));
    world_wait(f->world, second);
    assert_int_equal(client->have, 100 * each);
    for (unsigned i = 0; i < 100; i++)
        assert_memory_equal(client->bytes + i * each, PAGE_HEAD PAGE, each);
    leave_server(f, client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_replies_wait_for_buffers),
        TEST(test_many_requests_at_once_are_all_answered),
        TEST(test_threat_W2_a_slow_head_ends),
        TEST(test_a_long_head_on_a_slow_path_is_answered),
        TEST(test_threat_W2_a_head_that_stops_ends),
        TEST(test_idle_connection_is_closed),
        TEST(test_threat_W2_a_reader_that_stops_is_ended),
        TEST(test_threat_W7_a_pipeline_without_end_is_bounded),
        TEST(test_a_slow_reader_gets_every_byte),
        TEST(test_new_clients_displace_the_idlest),
        TEST(test_a_reply_waits_for_the_pool),
        TEST(test_over_a_bad_wire),
        TEST(test_closing_the_server_resets_its_clients),
        TEST(test_files_that_cannot_be),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
