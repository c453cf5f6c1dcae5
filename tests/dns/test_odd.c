/* test_odd.c -- what seldom happens to the server and the resolver: want of memory, wrong servers.
 */
#include "dns_world.h"

#include <leat/resolver.h>

enum {
    HOGS = 4096
};

/* Buffers of one stack that nobody else can have. */
struct hog {
    struct leat_buf *bufs[HOGS];
    unsigned count;
};

struct fixture {
    struct dns_world *world;
    void *zone_memory, *server_memory, *resolver_memory;
    const struct leat_dns_zone *zone;
    struct leat_dns_server *server;
    const struct leat_dns_server_counts *counts;
    struct leat_resolver *resolver;
    struct hog hog;
    /* what the client's socket heard */
    unsigned replies;
    /* what a lookup heard */
    bool done;
    enum leat_err err;
    char records[400];
    /* a false server on port 53 */
    struct leat_udp *udp;
    struct leat_tcp_listener *listener;
    struct message reply; /* to the next query by TCP, behind its length; its id is made right */
    size_t said;          /* of which so much is sent before the end */
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

static void open_resolver(struct fixture *f)
{
    const struct leat_resolver_config config = {
        .servers = {{SERVER_IP, 53}}, .server_count = 1, .rounds = 2};
    const size_t bytes = leat_resolver_memory_bytes(&config);

    f->resolver_memory = malloc(bytes);
    assert_int_equal(leat_resolver_open(&f->resolver, f->world->stacks[CLIENT], f->resolver_memory,
                                        bytes, &config),
                     LEAT_OK);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    if (f->resolver)
        leat_resolver_close(f->resolver);
    if (f->server)
        leat_dns_server_close(f->server);
    if (f->udp)
        leat_udp_close(f->udp);
    if (f->listener)
        leat_tcp_listener_close(f->listener);
    world_destroy(f->world);
    free(f->resolver_memory);
    free(f->server_memory);
    free(f->zone_memory);
    free(f);
    return 0;
}

/* Takes all whole buffers of a stack but @left. */
static void take_all_but(struct fixture *f, int end, unsigned left)
{
    struct leat_pool *pool = leat_pool(f->world->stacks[end]);
    struct leat_buf *buf;

    while ((buf = leat_buf_alloc(pool, 0)))
        f->hog.bufs[f->hog.count++] = buf;
    while (left-- > 0)
        leat_buf_free(f->hog.bufs[--f->hog.count]);
}

static void give_all(struct fixture *f)
{
    while (f->hog.count > 0)
        leat_buf_free(f->hog.bufs[--f->hog.count]);
}

/* ---- The server --------------------------------------------------------------------------- */

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

/* A query from @ip, our address. */
static void ask(struct fixture *f, struct leat_udp *udp, leat_ip4 ip)
{
    const struct leat_endpoint server = {SERVER_IP, 53};
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
    take_all_but(f, SERVER, 1); /* for the query */
    ask(f, udp, CLIENT_IP);
    assert_int_equal(f->replies, 1);
    assert_int_equal(f->counts->drop_memory, 1);
    give_all(f);
    ask(f, udp, CLIENT_IP);
    assert_int_equal(f->replies, 2);
    assert_int_equal(f->counts->replies, 2);
    leat_udp_close(udp);
}

static void test_a_query_from_beyond_all_routes_is_counted(void **state)
{
    struct fixture *f = *state;
    struct leat *client = f->world->stacks[CLIENT];
    const leat_ip4 far = LEAT_IP4(192, 0, 2, 1);
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

    leat_tcp_write(conn, f->reply.bytes, f->said, &taken);
}

/* A reply that pretends to be a query gets no word, and costs the client its connection at most. */
static void test_a_message_by_TCP_that_is_no_query_is_counted(void **state)
{
    static const struct leat_tcp_events events = {.on_open = note_open, .on_closed = note_closed};
    const struct leat_endpoint server = {SERVER_IP, 53};
    struct fixture *f = *state;
    struct leat_tcp *conn;

    open_server(f);
    make_query(&f->reply, "www.example.test", LEAT_DNS_A, 0);
    f->reply.bytes[2] |= 0x80;
    memmove(f->reply.bytes + 2, f->reply.bytes, f->reply.len);
    put16(f->reply.bytes, (uint16_t)f->reply.len);
    f->said = 2 + f->reply.len;
    assert_int_equal(leat_tcp_connect(f->world->stacks[CLIENT], &conn, &server, NULL, &events, f),
                     LEAT_OK);
    world_wait(f->world, second);
    assert_int_equal(f->counts->drop_format, 1);
    assert_int_equal(f->counts->replies, 0);
    if (!f->done)
        leat_tcp_abort(conn);
    world_wait(f->world, second);
}

/* ---- The resolver ------------------------------------------------------------------------- */

static void on_done(void *arg, enum leat_err err, const struct leat_dns_result *result)
{
    struct fixture *f = arg;
    struct leat_dns_record record;
    size_t cursor = 0, len = 0;

    f->done = true;
    f->err = err;
    while (leat_dns_result_next(result, &cursor, &record) && len + 100 < sizeof f->records) {
        len += leat_dns_record_format(&record, f->records + len, sizeof f->records - len);
        f->records[len++] = '\n';
        f->records[len] = '\0';
    }
}

static void look_up(struct fixture *f)
{
    const struct leat_dns_name name = name_of("www.example.test");

    f->done = false;
    assert_int_equal(leat_lookup_start(f->resolver, &name, LEAT_DNS_A, on_done, f, NULL), LEAT_OK);
}

#define WWW "www.example.test. 300 IN A 192.0.2.3\nwww.example.test. 300 IN A 192.0.2.4\n"

/* Want of memory passes: the next round asks. */
static void test_a_lookup_begins_again_when_there_is_memory(void **state)
{
    struct fixture *f = *state;
    struct leat *client = f->world->stacks[CLIENT];
    struct leat_udp *sockets[1024];
    unsigned count = 0;

    open_server(f);
    open_resolver(f);
    take_all_but(f, CLIENT, 0);
    look_up(f);
    give_all(f);
    assert_true(world_run(f->world, &f->done, 60 * second));
    assert_int_equal(f->err, LEAT_OK);
    assert_string_equal(f->records, WWW);
    /* the same without a socket */
    while (leat_udp_open(client, &sockets[count], &client_events, f) == LEAT_OK)
        count++;
    look_up(f);
    while (count > 0)
        leat_udp_close(sockets[--count]);
    assert_true(world_run(f->world, &f->done, 60 * second));
    assert_int_equal(f->err, LEAT_OK);
}

/* The false server says by UDP that its reply is cut off. */
static void say_truncated(struct leat_udp *udp, struct leat_buf *payload,
                          const struct leat_endpoint *peer, const struct leat_endpoint *local,
                          void *arg)
{
    struct fixture *f = arg;
    uint8_t bytes[512];
    const uint32_t len = leat_buf_read(payload, 0, bytes, sizeof bytes);

    put16(bytes + 2, DNS_QR | DNS_TC | DNS_RD | DNS_RA);
    leat_buf_free(payload);
    leat_udp_send_from(udp, leat_buf_copy(leat_pool(f->world->stacks[SERVER]), bytes, len), peer,
                       local->ip);
}

/* It says 100 addresses, more than we have offered to take and than a frame holds. */
static void say_much(struct leat_udp *udp, struct leat_buf *payload,
                     const struct leat_endpoint *peer, const struct leat_endpoint *local, void *arg)
{
    struct fixture *f = arg;
    uint8_t query[512], reply[2000];
    struct dns_writer writer;
    size_t len;

    leat_buf_read(payload, 0, query, sizeof query);
    leat_buf_free(payload);
    dns_write_start(&writer, reply, sizeof reply);
    dns_write_question(&writer, query + DNS_HEADER_BYTES, LEAT_DNS_A, DNS_CLASS_IN);
    for (uint8_t i = 0; i < 100; i++) {
        const uint8_t rdata[] = {192, 0, 2, i};
        const struct dns_new_record record = {.owner = query + DNS_HEADER_BYTES,
                                              .rdata = rdata,
                                              .ttl_s = 9,
                                              .type = LEAT_DNS_A,
                                              .rdata_len = 4};

        dns_write_record(&writer, DNS_ANSWER, &record);
    }
    len = dns_write_end(&writer, get16(query), DNS_QR | DNS_RD | DNS_RA);
    assert_true(len > 1500);
    assert_int_equal(
        leat_udp_send_from(udp,
                           leat_buf_copy(leat_pool(f->world->stacks[SERVER]), reply, (uint32_t)len),
                           peer, local->ip),
        LEAT_OK);
}

/* ... and by TCP something else, as far as f->said. */
static void speak(struct leat_tcp *conn, void *arg)
{
    struct fixture *f = arg;
    struct leat_buf *text = leat_tcp_receive(conn, 65535);
    uint8_t query[512];
    size_t taken;

    if (!text || leat_buf_total(text) < 2 + DNS_HEADER_BYTES) {
        leat_buf_free(text);
        return;
    }
    leat_buf_read(text, 0, query, sizeof query);
    leat_tcp_consumed(conn, leat_buf_total(text));
    leat_buf_free(text);
    memcpy(f->reply.bytes + 2, query + 2, 2);
    leat_tcp_write(conn, f->reply.bytes, f->said, &taken);
    leat_tcp_close(conn);
}

static const struct leat_tcp_events speaker = {.on_readable = speak};

static void accept_one(struct leat_tcp_listener *listener, void *arg)
{
    leat_tcp_accept(listener, &speaker, arg);
}

static void open_false_server(struct fixture *f)
{
    static const struct leat_udp_events events = {.on_datagram = say_truncated};
    struct leat *stack = f->world->stacks[SERVER];
    const struct leat_tcp_listen_config config = {
        .port = 53, .on_acceptable = accept_one, .arg = f};

    assert_int_equal(leat_udp_open(stack, &f->udp, &events, f), LEAT_OK);
    assert_int_equal(leat_udp_bind(f->udp, LEAT_IP4_ANY, 53), LEAT_OK);
    assert_int_equal(leat_tcp_listen(stack, &f->listener, &config), LEAT_OK);
    make_query(&f->reply, "www.example.test", LEAT_DNS_A, 0);
    memmove(f->reply.bytes + 2, f->reply.bytes, f->reply.len);
    put16(f->reply.bytes, (uint16_t)f->reply.len);
    put16(f->reply.bytes + 4, DNS_QR | DNS_RD | DNS_RA | LEAT_DNS_SERVFAIL);
    f->said = 2 + f->reply.len;
}

static void test_a_reply_in_fragments_is_read(void **state)
{
    static const struct leat_udp_events events = {.on_datagram = say_much};
    struct fixture *f = *state;

    assert_int_equal(leat_udp_open(f->world->stacks[SERVER], &f->udp, &events, f), LEAT_OK);
    assert_int_equal(leat_udp_bind(f->udp, LEAT_IP4_ANY, 53), LEAT_OK);
    open_resolver(f);
    look_up(f);
    assert_true(world_run(f->world, &f->done, 60 * second));
    assert_int_equal(f->err, LEAT_OK);
    assert_non_null(strstr(f->records, "192.0.2.2\n"));
    assert_int_equal(leat_stats(f->world->stacks[CLIENT])->ip_reassembled, 1);
}

static void test_a_server_that_hangs_up_in_its_reply_is_left(void **state)
{
    struct fixture *f = *state;

    open_false_server(f);
    open_resolver(f);
    f->said = 10;
    look_up(f);
    assert_true(world_run(f->world, &f->done, 60 * second));
    assert_int_equal(f->err, LEAT_ERR_REFUSED);
    assert_int_equal(leat_resolver_counts(f->resolver)->servers_failed, 1);
}

/* On a connection nobody else can have said it: no use to wait. */
static void test_a_server_that_answers_something_else_by_TCP_is_left(void **state)
{
    struct fixture *f = *state;

    open_false_server(f);
    open_resolver(f);
    put16(f->reply.bytes + 6, 0); /* no question */
    look_up(f);
    assert_true(world_run(f->world, &f->done, 60 * second));
    assert_int_equal(f->err, LEAT_ERR_REFUSED);
    assert_int_equal(leat_resolver_counts(f->resolver)->drop_foreign, 1);
}

/* The reply is cut off, and no connection is to be had: the next round asks again. */
static void test_no_connection_for_a_long_reply_is_waited_out(void **state)
{
    static const struct leat_tcp_events none = {0};
    struct fixture *f = *state;
    const struct leat_endpoint server = {SERVER_IP, 54}; /* nobody listens there */
    struct leat_tcp *conn;

    open_false_server(f);
    open_resolver(f);
    while (leat_tcp_connect(f->world->stacks[CLIENT], &conn, &server, NULL, &none, NULL) == LEAT_OK)
        ;
    look_up(f);
    assert_true(world_run(f->world, &f->done, 60 * second));
    assert_int_not_equal(f->err, LEAT_OK);
    assert_true(leat_resolver_counts(f->resolver)->truncated >= 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_query_without_a_buffer_for_its_reply_is_counted),
        TEST(test_a_query_from_beyond_all_routes_is_counted),
        TEST(test_a_message_by_TCP_that_is_no_query_is_counted),
        TEST(test_a_second_server_on_the_same_port_is_refused),
        TEST(test_a_lookup_begins_again_when_there_is_memory),
        TEST(test_a_reply_in_fragments_is_read),
        TEST(test_a_server_that_hangs_up_in_its_reply_is_left),
        TEST(test_a_server_that_answers_something_else_by_TCP_is_left),
        TEST(test_no_connection_for_a_long_reply_is_waited_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
