/* test_odd.c -- rare events at the server: lack of memory, no route to the client, no valid
 * query. */
#include "dns_world.h"

struct fixture {
    struct dns_world *world;
    void *zone_memory, *server_memory;
    const struct leat_dns_zone *zone;
    struct leat_dns_server *server;
    const struct leat_dns_server_counts *counts;
    struct hog hog;
    unsigned replies;    /* received by the client's socket */
    struct message said; /* by TCP */
    bool done;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    f->world = world_create();
    *state = f;
    return 0;
}

static void open_server(struct fixture *f)
{
    struct leat_dns_server_config config = {.clients = 4, .tcp_reply_bytes = 65535};
    const size_t bytes = leat_dns_server_memory_bytes(&config);

    f->zone = zone_of(test_zone_text, &f->zone_memory);
    config.zones = (struct leat_dns_zones){.list = &f->zone, .count = 1};
    f->server_memory = malloc(bytes);
    assert_int_equal(leat_dns_server_open(&f->server, f->world->stacks[SERVER], f->server_memory,
                                          bytes, &config),
                     LEAT_OK);
    f->counts = leat_dns_server_counts(f->server);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    if (f->server)
        leat_dns_server_close(f->server);
    world_destroy(f->world);
    free(f->server_memory);
    free(f->zone_memory);
    free(f);
    return 0;
}

static void client_hears(struct leat_udp *udp, struct leat_buf *payload,
                         const struct leat_endpoint *peer, const struct leat_endpoint *local,
                         void *arg)
{
    (void)udp;
    (void)peer;
    (void)local;
    ((struct fixture *)arg)->replies++;
    leat_buf_free(payload);
}

static const struct leat_udp_events client_events = {.on_datagram = client_hears};

/* A query from @ip, an address of ours. */
static void ask(struct fixture *f, struct leat_udp *udp, struct leat_ip ip)
{
    const struct leat_endpoint server = leat_endpoint_of(SERVER_IP, 53);
    struct message *query = malloc(sizeof *query);

    make_query(query, "www.example.test", LEAT_DNS_A, 0);
    assert_int_equal(leat_udp_send_from(udp,
                                        leat_buf_copy(leat_pool(f->world->stacks[CLIENT]),
                                                      query->bytes, (uint32_t)query->len),
                                        &server, ip),
                     LEAT_OK);
    free(query);
    world_wait(f->world, second);
}

static void test_a_query_without_a_buffer_for_its_reply_is_counted(void **state)
{
    struct fixture *f = *state;
    struct leat_udp *udp;

    open_server(f);
    assert_int_equal(leat_udp_open(f->world->stacks[CLIENT], &udp, &client_events, f), LEAT_OK);
    ask(f, udp, CLIENT_IP);
    assert_int_equal(f->replies, 1);
    take_all_but(&f->hog, f->world->stacks[SERVER], 1); /* for the query */
    ask(f, udp, CLIENT_IP);
    assert_int_equal(f->replies, 1);
    assert_int_equal(f->counts->drop_memory, 1);
    give_all(&f->hog);
    ask(f, udp, CLIENT_IP);
    assert_int_equal(f->replies, 2);
    assert_int_equal(f->counts->replies, 2);
    leat_udp_close(udp);
}

static void test_a_query_from_beyond_all_routes_is_counted(void **state)
{
    struct fixture *f = *state;
    struct leat *client = f->world->stacks[CLIENT];
    const struct leat_ip far = LEAT_IP4(192, 0, 2, 1);
    struct leat_udp *udp;

    open_server(f);
    assert_int_equal(leat_address_add(client, leat_link_end(f->world->link, CLIENT), far, 32),
                     LEAT_OK);
    assert_int_equal(leat_route_add(client, SERVER_IP, 32, SERVER_IP), LEAT_OK);
    assert_int_equal(leat_udp_open(client, &udp, &client_events, f), LEAT_OK);
    ask(f, udp, far);
    assert_int_equal(f->counts->udp_queries, 1);
    assert_int_equal(f->counts->replies, 0);
    assert_int_equal(f->counts->drop_memory, 1);
    leat_udp_close(udp);
}

static void test_a_second_server_on_the_same_port_is_refused(void **state)
{
    struct fixture *f = *state;
    struct leat_dns_server_config config = {.tcp_reply_bytes = 65535};
    const size_t bytes = leat_dns_server_memory_bytes(&config);
    void *memory = malloc(bytes);
    struct leat_dns_server *second_server;

    open_server(f);
    config.zones = (struct leat_dns_zones){.list = &f->zone, .count = 1};
    assert_int_equal(
        leat_dns_server_open(&second_server, f->world->stacks[SERVER], memory, bytes, &config),
        LEAT_ERR_IN_USE);
    free(memory);
}

static void note_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    (void)conn;
    (void)why;
    ((struct fixture *)arg)->done = true;
}

static void note_open(struct leat_tcp *conn, void *arg)
{
    struct fixture *f = arg;
    size_t taken;

    leat_tcp_write(conn, f->said.bytes, f->said.len, &taken);
}

/* A reply to the server's port gets no answer, and at most closes the client's connection. */
static void test_a_message_by_TCP_that_is_no_query_is_counted(void **state)
{
    static const struct leat_tcp_events events = {.on_open = note_open, .on_closed = note_closed};
    const struct leat_endpoint server = leat_endpoint_of(SERVER_IP, 53);
    struct fixture *f = *state;
    struct leat_tcp *conn;

    open_server(f);
    make_query(&f->said, "www.example.test", LEAT_DNS_A, 0);
    f->said.bytes[2] |= 0x80;
    memmove(f->said.bytes + 2, f->said.bytes, f->said.len);
    put16(f->said.bytes, (uint16_t)f->said.len);
    f->said.len += 2;
    assert_int_equal(leat_tcp_connect(f->world->stacks[CLIENT], &conn, &server, NULL, &events, f),
                     LEAT_OK);
    world_wait(f->world, second);
    assert_int_equal(f->counts->drop_format, 1);
    assert_int_equal(f->counts->replies, 0);
    if (!f->done)
        leat_tcp_abort(conn);
    world_wait(f->world, second);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_query_without_a_buffer_for_its_reply_is_counted),
        TEST(test_a_query_from_beyond_all_routes_is_counted),
        TEST(test_a_message_by_TCP_that_is_no_query_is_counted),
        TEST(test_a_second_server_on_the_same_port_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
