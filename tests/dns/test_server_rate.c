/* test_server_rate.c -- the server's limit of UDP replies, over a wire. */
#include "served.h"

enum {
    REPLY_BYTES = 12 + 22 + 2 * 16, /* to a query for www.example.test */
    TCP_QUERIES = 200
};

/* @count queries for www.example.test in @count tenths of a millisecond. */
static size_t ask(struct served *f, unsigned count, uint16_t edns_bytes)
{
    const struct leat_endpoint peer = leat_endpoint_of(SERVER_IP, 53);
    struct leat_pool *pool = leat_pool(f->world->stacks[CLIENT]);
    struct message query;

    make_query(&query, "www.example.test", LEAT_DNS_A, edns_bytes);
    for (unsigned i = 0; i < count; i++) {
        struct leat_buf *text = leat_buf_copy(pool, query.bytes, (uint32_t)query.len);

        assert_int_equal(leat_udp_send_to(f->udp, text, &peer), LEAT_OK);
        world_wait(f->world, ms / 10);
    }
    return query.len;
}

static void test_threat_Q21_forged_queries_get_a_limited_number_of_replies(void **state)
{
    struct served *f = *state;
    size_t query_bytes;

    open_server(f, (struct leat_dns_server_config){.port = 0});
    ask(f, 100, 0);
    assert_int_equal(f->got.count, 100);
    assert_int_equal(f->got.all_bytes, 100 * REPLY_BYTES);
    world_wait(f->world, second);
    f->got.count = 0;
    f->got.all_bytes = 0;
    query_bytes = ask(f, 400, 0); /* in 40 ms: a burst of 100, and four more */
    assert_int_equal(f->counts->udp_queries, 500);
    assert_in_range(f->counts->rate_slipped, 147, 149);
    assert_in_range(f->counts->rate_dropped, 147, 149);
    assert_int_equal(f->counts->replies, 500 - f->counts->rate_dropped);
    assert_int_equal(f->counts->truncated, f->counts->rate_slipped);
    assert_int_equal(f->got.count, 400 - f->counts->rate_dropped);
    assert_int_equal(f->got.all_bytes, (f->got.count - f->counts->rate_slipped) * REPLY_BYTES +
                                           f->counts->rate_slipped * query_bytes);
}

static void the_rate_is_chosen_by_configuration(void **state)
{
    struct served *f = *state;

    open_server(f, (struct leat_dns_server_config){.replies_per_s = 5});
    ask(f, 25, 0);
    assert_int_equal(f->counts->replies - f->counts->rate_slipped, 5);
    assert_int_equal(f->counts->rate_slipped, 10);
    assert_int_equal(f->counts->rate_dropped, 10);
}

static void without_a_limit_every_query_gets_a_reply(void **state)
{
    struct served *f = *state;

    open_server(f, (struct leat_dns_server_config){.no_rate_limit = true});
    ask(f, 1000, 0);
    assert_int_equal(f->got.all_bytes, 1000 * REPLY_BYTES);
}

/* One query and its reply at a time. */
struct client {
    size_t query_len, came;
    uint8_t query[60];
    bool done;
};

static void client_ask(struct leat_tcp *conn, void *arg)
{
    struct client *client = arg;
    size_t taken;

    assert_int_equal(leat_tcp_write(conn, client->query, client->query_len, &taken), LEAT_OK);
    assert_int_equal(taken, client->query_len);
}

static void client_read(struct leat_tcp *conn, void *arg)
{
    struct client *client = arg;
    struct leat_buf *text;

    while ((text = leat_tcp_receive(conn, 65535))) {
        const uint32_t len = leat_buf_total(text);

        client->came += len;
        leat_buf_free(text);
        leat_tcp_consumed(conn, len);
    }
    client->done = client->came == (size_t)TCP_QUERIES * (2 + REPLY_BYTES);
    if (client->done)
        leat_tcp_close(conn);
    else if (client->came % (2 + REPLY_BYTES) == 0)
        client_ask(conn, client);
}

static void test_threat_Q21_who_slips_gets_the_answer_by_tcp(void **state)
{
    static const struct leat_tcp_events events = {.on_open = client_ask,
                                                  .on_readable = client_read};
    const struct leat_endpoint peer = leat_endpoint_of(SERVER_IP, 53);
    struct served *f = *state;
    struct client client = {.came = 0};
    struct message query;
    struct leat_tcp *conn;
    size_t query_bytes;

    open_server(f, (struct leat_dns_server_config){.replies_per_s = 1});
    query_bytes = ask(f, 2, 1232);
    assert_int_equal(f->counts->rate_slipped, 1);
    assert_string_equal(text_of(f->got.bytes, f->got.len), "NOERROR  tc\n--\n--\nOPT 1232\n");
    assert_int_equal(f->got.len, query_bytes);
    make_query(&query, "www.example.test", LEAT_DNS_A, 0);
    put16(client.query, (uint16_t)query.len);
    memcpy(client.query + 2, query.bytes, query.len);
    client.query_len = 2 + query.len;
    assert_int_equal(
        leat_tcp_connect(f->world->stacks[CLIENT], &conn, &peer, NULL, &events, &client), LEAT_OK);
    assert_true(world_run(f->world, &client.done, 10 * second));
    assert_int_equal(f->counts->tcp_queries, TCP_QUERIES);
    world_wait(f->world, second);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_served, tear_down_served)
    const struct CMUnitTest tests[] = {
        TEST(test_threat_Q21_forged_queries_get_a_limited_number_of_replies),
        TEST(test_threat_Q21_who_slips_gets_the_answer_by_tcp),
        TEST(the_rate_is_chosen_by_configuration),
        TEST(without_a_limit_every_query_gets_a_reply),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
