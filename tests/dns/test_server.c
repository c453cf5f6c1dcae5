/* test_server.c -- the server on UDP and TCP, over a wire. */
#include "dns_world.h"

struct fixture {
    struct dns_world *world;
    void *zone_memory, *server_memory;
    const struct leat_dns_zone *zone;
    struct leat_dns_server *server;
    const struct leat_dns_server_counts *counts;
};

/* The client's end of a connection. */
struct client {
    struct leat_tcp *conn;
    bool open, closed, hold; /* hold: don't read */
    bool whole;              /* `want` bytes have come */
    enum leat_err why;
    size_t want, have;
    uint8_t bytes[450000];
};

static char big_zone[40000];

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct leat_dns_server_config config = {.clients = 8, .tcp_reply_bytes = 65535};
    const size_t bytes = leat_dns_server_memory_bytes(&config);
    char *at = big_zone + sprintf(big_zone, "%s", test_zone_text);

    for (unsigned i = 0; i < 100; i++)
        at += sprintf(at, "big TXT \"%0200u\"\n", i);
    f->world = world_create();
    f->zone = zone_of(big_zone, &f->zone_memory);
    config.zones = (struct leat_dns_zones){.list = &f->zone, .count = 1};
    f->server_memory = malloc(bytes + 1);
    assert_int_equal(leat_dns_server_open(&f->server, f->world->stacks[SERVER],
                                          (char *)f->server_memory + 1, bytes, &config),
                     LEAT_OK);
    f->counts = leat_dns_server_counts(f->server);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    leat_dns_server_close(f->server);
    memset(f->server_memory, 0xa5, 100); /* the memory must not be used any more */
    world_destroy(f->world);
    free(f->server_memory);
    free(f->zone_memory);
    free(f);
    return 0;
}

static void client_read(struct leat_tcp *conn, void *arg)
{
    struct client *client = arg;
    struct leat_buf *text;

    while (!client->hold && (text = leat_tcp_receive(conn, 65535))) {
        const uint32_t len = leat_buf_total(text);

        assert_true(client->have + len <= sizeof client->bytes);
        leat_buf_read(text, 0, client->bytes + client->have, len);
        client->have += len;
        leat_buf_free(text);
        leat_tcp_consumed(conn, len);
    }
    client->whole = client->want > 0 && client->have >= client->want;
    if (leat_tcp_at_end(conn))
        leat_tcp_close(conn);
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

static struct client *connect_client(struct fixture *f)
{
    const struct leat_endpoint server = leat_endpoint_of(SERVER_IP, 53);
    struct client *client = calloc(1, sizeof *client);

    assert_int_equal(leat_tcp_connect(f->world->stacks[CLIENT], &client->conn, &server, NULL,
                                      &client_events, client),
                     LEAT_OK);
    assert_true(world_run(f->world, &client->open, second));
    leat_tcp_set_nodelay(client->conn, true);
    return client;
}

static void client_write(struct client *client, const void *bytes, size_t len)
{
    size_t taken = 0;

    assert_int_equal(leat_tcp_write(client->conn, bytes, len, &taken), LEAT_OK);
    assert_int_equal(taken, len);
}

/* A query after its length field. */
static size_t make_tcp_query(uint8_t *bytes, const char *name, uint16_t type, uint16_t id)
{
    struct message *query = malloc(sizeof *query);
    size_t len;

    make_query(query, name, type, 0);
    len = query->len;
    put16(bytes, (uint16_t)len);
    memcpy(bytes + 2, query->bytes, len);
    put16(bytes + 2, id);
    free(query);
    return len + 2;
}

/* The reply at @*at of the received bytes. */
static const char *next_reply(const struct client *client, size_t *at, uint16_t id)
{
    const size_t len = get16(client->bytes + *at);
    const uint8_t *reply = client->bytes + *at + 2;

    assert_true(*at + 2 + len <= client->have);
    assert_int_equal(get16(reply), id);
    *at += 2 + len;
    return text_of(reply, len);
}

static void leave(struct fixture *f, struct client *client)
{
    if (!client->closed)
        leat_tcp_close(client->conn);
    assert_true(world_run(f->world, &client->closed, 600 * second));
    free(client);
}

#define WWW                                                                                        \
    "NOERROR  aa\nwww.example.test. 300 IN A 192.0.2.3\n"                                          \
    "www.example.test. 300 IN A 192.0.2.4\n--\n--\n"
#define WWW_REPLY_BYTES (2 + 12 + 22 + 2 * 16)

/* --- UDP ---------------------------------------------------------------------------------------
 */

static void ask_udp(struct fixture *f, struct datagrams *got, const uint8_t *query, size_t len,
                    struct leat_ip server)
{
    struct leat *stack = f->world->stacks[CLIENT];
    const struct leat_endpoint peer = leat_endpoint_of(server, 53);
    struct leat_udp *udp;

    memset(got, 0, sizeof *got);
    assert_int_equal(leat_udp_open(stack, &udp, &datagrams_events, got), LEAT_OK);
    assert_int_equal(leat_udp_bind(udp, LEAT_IP_ANY, 0), LEAT_OK);
    assert_int_equal(
        leat_udp_send_to(udp, leat_buf_copy(leat_pool(stack), query, (uint32_t)len), &peer),
        LEAT_OK);
    world_wait(f->world, 100 * ms);
    leat_udp_close(udp);
}

static void test_udp_query_is_answered(void **state)
{
    struct fixture *f = *state;
    struct datagrams got;
    struct message query;

    make_query(&query, "www.example.test", LEAT_DNS_A, 0);
    ask_udp(f, &got, query.bytes, query.len, SERVER_IP);
    assert_int_equal(got.count, 1);
    assert_string_equal(text_of(got.bytes, got.len), WWW);
    assert_true(leat_ip_equal(got.peer.ip, SERVER_IP));
    assert_int_equal(f->counts->udp_queries, 1);
    assert_int_equal(f->counts->replies, 1);
}

static void test_udp_reply_comes_from_the_address_that_was_asked(void **state)
{
    struct fixture *f = *state;
    struct datagrams got;
    struct message query;

    make_query(&query, "www.example.test", LEAT_DNS_A, 0);
    ask_udp(f, &got, query.bytes, query.len, SERVER2_IP);
    assert_int_equal(got.count, 1);
    assert_true(leat_ip_equal(got.peer.ip, SERVER2_IP));
}

static void test_udp_query_in_fragments_is_answered(void **state)
{
    struct fixture *f = *state;
    struct datagrams got;
    struct message query;

    make_query(&query, "www.example.test", LEAT_DNS_A, 1232);
    /* an option of 1,700 bytes (padding, RFC 7830) */
    put16(query.bytes + query.len - 2, 1704);
    put16(query.bytes + query.len, 12);
    put16(query.bytes + query.len + 2, 1700);
    memset(query.bytes + query.len + 4, 0, 1700);
    query.len += 1704;
    ask_udp(f, &got, query.bytes, query.len, SERVER_IP);
    assert_int_equal(got.count, 1);
    assert_int_equal(got.bytes[3] & 15, LEAT_DNS_NOERROR);
    assert_int_equal(get16(got.bytes + 6), 2); /* ANCOUNT */
    assert_int_equal(leat_stats(f->world->stacks[SERVER])->ip_reassembled, 1);
}

static void test_udp_garbage_gets_no_reply(void **state)
{
    struct fixture *f = *state;
    struct datagrams got;

    ask_udp(f, &got, BYTES("\0\1\1\0\0\1\0\0\0\0\0\0garbage"), SERVER_IP);
    assert_int_equal(got.count, 0);
    ask_udp(f, &got, BYTES(""), SERVER_IP);
    assert_int_equal(got.count, 0);
    assert_int_equal(f->counts->drop_format, 2);
    assert_int_equal(f->counts->replies, 0);
}

static void test_udp_truncated_reply_is_counted(void **state)
{
    struct fixture *f = *state;
    struct datagrams got;
    struct message query;

    make_query(&query, "big.example.test", LEAT_DNS_TXT, 0);
    ask_udp(f, &got, query.bytes, query.len, SERVER_IP);
    assert_string_equal(text_of(got.bytes, got.len), "NOERROR  aa tc\n--\n--\n");
    assert_int_equal(f->counts->truncated, 1);
}

/* --- TCP ---------------------------------------------------------------------------------------
 */

static void test_tcp_pipelined_queries_are_answered_in_order(void **state)
{
    struct fixture *f = *state;
    struct client *client = connect_client(f);
    uint8_t bytes[50 * 60];
    size_t len = 0, at = 0;

    for (uint16_t id = 0; id < 50; id++)
        len += make_tcp_query(bytes + len, "www.example.test", LEAT_DNS_A, id);
    client->want = 50 * WWW_REPLY_BYTES;
    client_write(client, bytes, len);
    assert_true(world_run(f->world, &client->whole, 5 * second));
    for (uint16_t id = 0; id < 50; id++)
        assert_string_equal(next_reply(client, &at, id), WWW);
    assert_int_equal(at, client->have);
    assert_int_equal(f->counts->tcp_queries, 50);
    leave(f, client);
}

static void test_tcp_query_split_at_every_byte(void **state)
{
    struct fixture *f = *state;
    struct client *client = connect_client(f);
    uint8_t bytes[60];
    const size_t len = make_tcp_query(bytes, "www.example.test", LEAT_DNS_A, 1);
    size_t at = 0;

    for (size_t cut = 1; cut < len; cut++) {
        client->whole = false;
        client->want = client->have + WWW_REPLY_BYTES;
        client_write(client, bytes, cut);
        world_wait(f->world, 50 * ms);
        client_write(client, bytes + cut, len - cut);
        assert_true(world_run(f->world, &client->whole, 5 * second));
        assert_string_equal(next_reply(client, &at, 1), WWW);
    }
    leave(f, client);
}

static void test_tcp_half_closed_client_gets_its_replies(void **state)
{
    struct fixture *f = *state;
    struct client *client = connect_client(f);
    uint8_t bytes[200];
    size_t len = make_tcp_query(bytes, "big.example.test", LEAT_DNS_TXT, 1);
    size_t at = 0;

    len += make_tcp_query(bytes + len, "www.example.test", LEAT_DNS_A, 2);
    client_write(client, bytes, len);
    leat_tcp_shutdown(client->conn);
    assert_true(world_run(f->world, &client->closed, 200 * second));
    assert_int_equal(client->why, LEAT_OK);
    assert_non_null(strstr(next_reply(client, &at, 1), "0099"));
    assert_string_equal(next_reply(client, &at, 2), WWW);
    assert_int_equal(at, client->have);
    leave(f, client);
}

static void test_tcp_slow_reader_gets_every_byte(void **state)
{
    struct fixture *f = *state;
    struct client *client = connect_client(f);
    const size_t reply_bytes = 2 + 12 + 22 + 100 * 213, window_bytes = 256 * 1024;
    uint8_t bytes[30 * 60];
    size_t len = 0, at = 0;

    for (uint16_t id = 0; id < 20; id++)
        len += make_tcp_query(bytes + len, "big.example.test", LEAT_DNS_TXT, id);
    client->hold = true;
    client_write(client, bytes, len);
    leat_tcp_shutdown(client->conn); /* everything is sent, and most replies are still to come */
    world_wait(f->world, second);    /* more than the pool and the queues hold together */
    /* two replies of the maximum size may wait */
    assert_in_range(f->counts->tcp_queries * reply_bytes, window_bytes / 2,
                    window_bytes + 2 * 65536);
    client->hold = false;
    client_read(client->conn, client);
    client->want = 20 * reply_bytes;
    assert_true(world_run(f->world, &client->whole, 60 * second));
    for (uint16_t id = 0; id < 20; id++)
        assert_non_null(strstr(next_reply(client, &at, id), "0099"));
    assert_int_equal(at, client->have);
    leave(f, client);
}

static void test_tcp_over_a_bad_wire(void **state)
{
    struct fixture *f = *state;
    struct client *client = connect_client(f);
    uint8_t bytes[60];
    size_t at = 0;

    world_spoil(f->world, 50000);
    client_write(client, bytes, make_tcp_query(bytes, "big.example.test", LEAT_DNS_TXT, 7));
    client->want = 2 + 12 + 22 + 100 * 213;
    assert_true(world_run(f->world, &client->whole, 60 * second));
    assert_non_null(strstr(next_reply(client, &at, 7), "0099"));
    world_spoil(f->world, 0);
    leave(f, client);
}

static void test_threat_N5_tcp_length_lies(void **state)
{
    static const uint16_t lengths[] = {0, 1, 11, 1025, 65535};
    struct fixture *f = *state;

    for (unsigned i = 0; i < 5; i++) {
        struct client *client = connect_client(f);
        uint8_t bytes[60];

        make_tcp_query(bytes, "www.example.test", LEAT_DNS_A, 1);
        put16(bytes, lengths[i]);
        client_write(client, bytes, 40);
        assert_true(world_run(f->world, &client->closed, second));
        assert_int_equal(client->why, LEAT_ERR_RESET);
        assert_int_equal(client->have, 0);
        assert_int_equal(f->counts->tcp_bad_length, i + 1);
        leave(f, client);
    }
}

static void test_threat_N5_tcp_length_promises_more(void **state)
{
    struct fixture *f = *state;
    struct client *client = connect_client(f);
    uint8_t bytes[60];

    make_tcp_query(bytes, "www.example.test", LEAT_DNS_A, 1);
    put16(bytes, 1000);
    client_write(client, bytes, 36);
    world_wait(f->world, 9 * second);
    assert_false(client->closed);
    client_write(client, bytes, 2); /* single bytes don't extend the time */
    assert_true(world_run(f->world, &client->closed, 2 * second));
    assert_int_equal(f->counts->tcp_idle, 1);
    assert_int_equal(client->have, 0);
    leave(f, client);
}

static void test_tcp_idle_connection_is_closed(void **state)
{
    struct fixture *f = *state;
    struct client *client = connect_client(f);
    uint8_t bytes[60];

    world_wait(f->world, 9 * second);
    client_write(client, bytes, make_tcp_query(bytes, "www.example.test", LEAT_DNS_A, 1));
    world_wait(f->world, 9 * second);
    assert_false(client->closed);
    assert_true(world_run(f->world, &client->closed, 2 * second));
    assert_int_equal(client->have, WWW_REPLY_BYTES);
    assert_int_equal(f->counts->tcp_idle, 1);
    leave(f, client);
}

/* Four of eight places belong to one address. */
static void test_tcp_idlest_client_makes_room(void **state)
{
    struct fixture *f = *state;
    struct client *clients[6];
    uint8_t bytes[60];
    const size_t len = make_tcp_query(bytes, "www.example.test", LEAT_DNS_A, 1);

    for (unsigned i = 0; i < 4; i++) {
        clients[i] = connect_client(f);
        world_wait(f->world, 100 * ms);
    }
    client_write(clients[0], bytes, len); /* now the second is idle for longest */
    world_wait(f->world, 100 * ms);
    for (unsigned i = 4; i < 6; i++) {
        clients[i] = connect_client(f);
        client_write(clients[i], bytes, len);
        world_wait(f->world, 100 * ms);
        assert_int_equal(clients[i]->have, WWW_REPLY_BYTES);
    }
    assert_int_equal(f->counts->tcp_displaced, 2);
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(clients[i]->closed, i == 1 || i == 2);
        leave(f, clients[i]);
    }
}

static void test_closing_the_server_resets_its_clients(void **state)
{
    struct fixture *f = *state;
    struct client *client = connect_client(f);

    world_wait(f->world, 100 * ms);
    assert_int_equal(tear_down(state), 0);
    assert_true(client->closed);
    assert_int_equal(client->why, LEAT_ERR_RESET);
    free(client);
    set_up(state);
    (void)f;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_udp_query_is_answered),
        TEST(test_udp_reply_comes_from_the_address_that_was_asked),
        TEST(test_udp_query_in_fragments_is_answered),
        TEST(test_udp_garbage_gets_no_reply),
        TEST(test_udp_truncated_reply_is_counted),
        TEST(test_tcp_pipelined_queries_are_answered_in_order),
        TEST(test_tcp_query_split_at_every_byte),
        TEST(test_tcp_half_closed_client_gets_its_replies),
        TEST(test_tcp_slow_reader_gets_every_byte),
        TEST(test_tcp_over_a_bad_wire),
        TEST(test_threat_N5_tcp_length_lies),
        TEST(test_threat_N5_tcp_length_promises_more),
        TEST(test_tcp_idle_connection_is_closed),
        TEST(test_tcp_idlest_client_makes_room),
        TEST(test_closing_the_server_resets_its_clients),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
