#include "http_test.h"

char big[BIG_BYTES];

const struct leat_http_file files[FILES] = {
    {"/index.html", "text/html", PAGE, sizeof PAGE - 1, 0xaa, 0},
    {"/sub/index.html", "text/html", "sub", 3, 0, 0},
    {"/big", "application/octet-stream", big, BIG_BYTES, 0xbb, 0},
    {"/empty", "text/plain", NULL, 0, 0xcc, 0},
};

int set_up(void **state)
{
    const struct leat_http_server_config config = {
        .files = files, .file_count = FILES, .clients = CLIENTS};

    return set_up_with(state, &config);
}

int set_up_with(void **state, const struct leat_http_server_config *config)
{
    const size_t bytes = leat_http_server_memory_bytes(config);
    struct fixture *f = calloc(1, sizeof *f);

    for (size_t i = 0; i < BIG_BYTES; i++)
        big[i] = (char)(i * 7 + i / 251);
    f->world = world_create();
    f->memory = malloc(bytes + 1);
    assert_int_equal(leat_http_server_open(&f->server, f->world->stacks[SERVER],
                                           (char *)f->memory + 1, bytes, config),
                     LEAT_OK);
    f->counts = leat_http_server_counts(f->server);
    *state = f;
    return 0;
}

int tear_down(void **state)
{
    struct fixture *f = *state;

    leat_http_server_close(f->server);
    memset(f->memory, 0xa5, 100); /* to find reads after the server was closed */
    world_destroy(f->world);
    free(f->memory);
    free(f);
    return 0;
}

void read_some(struct client *client, uint32_t bytes_max)
{
    struct leat_buf *data = leat_tcp_receive(client->conn, bytes_max);
    const uint32_t len = leat_buf_total(data);

    assert_true(client->have + len < sizeof client->bytes);
    leat_buf_read(data, 0, client->bytes + client->have, len);
    client->have += len;
    client->bytes[client->have] = '\0';
    leat_buf_free(data);
    leat_tcp_consumed(client->conn, len);
    client->ended = leat_tcp_at_end(client->conn);
    if (client->ended && !client->stay)
        leat_tcp_close(client->conn);
}

static void client_read(struct leat_tcp *conn, void *arg)
{
    struct client *client = arg;

    (void)conn;
    if (!client->hold)
        read_some(client, UINT32_MAX);
}

static void client_open(struct leat_tcp *conn, void *arg)
{
    (void)conn;
    ((struct client *)arg)->open = true;
}

static void client_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    struct client *client = arg;

    (void)conn;
    client->closed = true;
    client->why = why;
}

static const struct leat_tcp_events client_events = {
    .on_open = client_open, .on_readable = client_read, .on_closed = client_closed};

struct client *connect_client(struct fixture *f)
{
    const struct leat_endpoint server = leat_endpoint_of(SERVER_IP, 80);
    struct client *client = calloc(1, sizeof *client);

    assert_int_equal(leat_tcp_connect(f->world->stacks[CLIENT], &client->conn, &server, NULL,
                                      &client_events, client),
                     LEAT_OK);
    assert_true(world_run(f->world, &client->open, second));
    leat_tcp_set_nodelay(client->conn, true);
    return client;
}

void send_text(struct client *client, const char *text)
{
    size_t taken;

    assert_int_equal(leat_tcp_write(client->conn, text, strlen(text), &taken), LEAT_OK);
    assert_int_equal(taken, strlen(text));
}

void leave_server(struct fixture *f, struct client *client)
{
    if (!client->closed) {
        leat_tcp_close(client->conn);
        assert_true(world_run(f->world, &client->closed, 200 * second));
    }
    free(client);
}

void check(struct fixture *f, const char *request, const char *expected)
{
    struct client *client = connect_client(f);

    send_text(client, request);
    world_wait(f->world, second);
    assert_string_equal(client->bytes, expected);
    leave_server(f, client);
}

size_t data_of_chunks(const struct client *client, char *plain)
{
    const char *body = strstr(client->bytes, "\r\n\r\n");
    size_t at, len = 1, total = 0;

    assert_non_null(body);
    at = (size_t)(body + 4 - client->bytes);
    while (len > 0) {
        char *text;

        len = strtoul(client->bytes + at, &text, 16);
        memcpy(plain + total, text + 2, len);
        total += len;
        at = (size_t)(text + 2 + len + 2 - client->bytes);
    }
    assert_int_equal(at, client->have);
    plain[total] = '\0';
    return total;
}
