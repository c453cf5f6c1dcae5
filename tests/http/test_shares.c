/* test_shares.c -- evictions from a full table of the server, by shares of addresses. */
#include "http_test.h"

#include "pipe.h"

enum {
    PLACES = 8,
    CROWD = 40,
    WIDE = 65536
};

/* One of the crowd, with a pipe of its own. */
struct stranger {
    struct pipe_end ends[2];
    struct leat_stream stream;
    bool is_in; /* accepted by the server */
    unsigned closed;
    size_t have;
    char bytes[4096];
};

static struct stranger crowd[CROWD + 1];
static uint32_t body_bytes;
static unsigned failed;

/* ---- A route that reads a body --------------------------------------------------------------- */

static void on_request(struct leat_http_exchange *exchange, void *arg)
{
    leat_http_set_arg(exchange, arg);
}

static void on_body(struct leat_http_exchange *exchange, void *arg)
{
    static const struct leat_http_head head = {.status = 200, .type = "text/plain"};
    struct leat_buf *data = leat_http_receive(exchange, UINT32_MAX);
    const uint32_t len = leat_buf_total(data);

    (void)arg;
    body_bytes += len;
    leat_buf_free(data);
    leat_http_consumed(exchange, len);
    if (leat_http_body_over(exchange))
        leat_http_answer(exchange, &head, "thanks", 6);
}

static void on_failed(struct leat_http_exchange *exchange, enum leat_err why, void *arg)
{
    (void)exchange;
    (void)why;
    (void)arg;
    failed++;
}

static const struct leat_http_route routes[] = {{.path = "/upload",
                                                 .methods = LEAT_HTTP_POST,
                                                 .body_bytes_max = LEAT_HTTP_ANY,
                                                 .on_request = on_request,
                                                 .on_body = on_body,
                                                 .on_failed = on_failed}};

static int set_up_places(void **state)
{
    memset(crowd, 0, sizeof crowd);
    body_bytes = failed = 0;
    return set_up_with(state, &(struct leat_http_server_config){.files = files,
                                                                .file_count = FILES,
                                                                .routes = routes,
                                                                .route_count = 1,
                                                                .clients = PLACES});
}

/* ---- The crowd ------------------------------------------------------------------------------- */

static void on_readable(struct leat_tcp *conn, void *arg)
{
    struct stranger *stranger = arg;
    struct leat_buf *data = leat_stream_receive(&stranger->stream, UINT32_MAX);
    const uint32_t len = leat_buf_total(data);

    (void)conn;
    stranger->have += leat_buf_read(data, 0, stranger->bytes + stranger->have,
                                    (uint32_t)(sizeof stranger->bytes - 1 - stranger->have));
    leat_buf_free(data);
    leat_stream_consumed(&stranger->stream, len);
}

static void on_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    (void)conn;
    (void)why;
    ((struct stranger *)arg)->closed++;
}

static const struct leat_tcp_events events = {.on_readable = on_readable, .on_closed = on_closed};

static void tell(struct fixture *f, struct stranger *stranger, const char *text)
{
    size_t taken;

    if (!stranger->closed)
        leat_stream_write(&stranger->stream, text, strlen(text), &taken);
    world_wait(f->world, 10 * ms);
}

/* One of the crowd connects from @peer, and sends @text. */
static struct stranger *come(struct fixture *f, unsigned i, struct leat_ip peer, const char *text)
{
    struct stranger *stranger = &crowd[i];
    struct leat_stream served;

    pipe_open(stranger->ends, f->world->stacks[SERVER], WIDE);
    stranger->ends[1].peer = peer;
    stranger->stream = pipe_stream(&stranger->ends[0]);
    leat_stream_set_events(&stranger->stream, &events, stranger);
    served = pipe_stream(&stranger->ends[1]);
    stranger->is_in = leat_http_server_serve(f->server, &served);
    assert_true(stranger->is_in);
    tell(f, stranger, text);
    return stranger;
}

static const struct leat_ip attacker = LEAT_IP4_INIT(10, 0, 0, 66);
static const struct leat_ip honest = LEAT_IP4_INIT(192, 0, 2, 1);

/* An address in a /64 or a /32 of its own; families alternate. */
static struct leat_ip site(unsigned i)
{
    struct leat_ip six = {{0x20, 1, 0xd, 0xb8, 0, 0, 0, (uint8_t)i, 0, 0, 1}};

    return i % 2 ? six : LEAT_IP4(10, 1, 0, (uint8_t)i);
}

/* A client from a new address connects and is served. Then the crowd leaves. */
static void expect_service(struct fixture *f)
{
    const struct stranger *client = come(f, CROWD, honest, GET("/", "Connection: close\r\n"));

    assert_non_null(strstr(client->bytes, PAGE));
    for (unsigned i = 0; i <= CROWD; i++) {
        assert_in_range(crowd[i].closed, 0, 1);
        if (crowd[i].is_in && !crowd[i].closed)
            leat_stream_abort(&crowd[i].stream);
    }
    world_wait(f->world, second);
    assert_int_equal(leat_http_server_clients(f->server), 0);
}

#define POST "POST /upload HTTP/1.1\r\nHost: leat\r\nContent-Length: 6000\r\n\r\n"

/* ---- Tests ----------------------------------------------------------------------------------- */

/* The honest upload of 2 KB/s is the oldest client, and stays. */
static void test_threat_Q16_a_crowd_of_one_address_displaces_no_other(void **state)
{
    static char piece[2049];
    struct fixture *f = *state;
    struct stranger *upload = come(f, CROWD, honest, POST);

    memset(piece, 'x', sizeof piece - 1);
    for (unsigned i = 0; i < CROWD; i++) {
        come(f, i, attacker, GET("/", ""));
        if (i % 20 == 10) {
            tell(f, upload, piece);
            world_wait(f->world, second);
        }
    }
    piece[6000 - 2 * 2048] = '\0';
    tell(f, upload, piece);
    assert_int_equal(body_bytes, 6000);
    assert_non_null(strstr(upload->bytes, "200 OK"));
    assert_int_equal(upload->closed, 0);
    assert_true(f->counts->displaced >= CROWD - PLACES);
    leat_stream_abort(&upload->stream);
    world_wait(f->world, 10 * ms);
    upload->closed = 0;
    upload->have = 0;
    expect_service(f);
}

static void test_threat_Q17_slow_bodies_of_one_address_shut_out_no_other(void **state)
{
    struct fixture *f = *state;

    for (unsigned i = 0; i < CROWD; i++)
        come(f, i, attacker, POST);
    expect_service(f);
    assert_int_equal(failed, CROWD);
}

static void test_threat_Q17_slow_bodies_of_many_sites_shut_out_no_other(void **state)
{
    struct fixture *f = *state;

    for (unsigned i = 0; i < CROWD; i++)
        come(f, i, site(i), POST);
    expect_service(f);
    assert_true(f->counts->displaced >= CROWD - PLACES);
}

/* A body that is too slow doesn't renew its place, so it is evicted before one that isn't. */
static void test_threat_Q17_of_two_bodies_the_slower_one_makes_room(void **state)
{
    static char piece[601];
    struct fixture *f = *state;

    memset(piece, 'x', sizeof piece - 1);
    come(f, 0, attacker, POST);
    come(f, 1, attacker, POST);
    for (unsigned i = 2; i < PLACES; i++)
        come(f, i, site(i), POST);
    for (unsigned i = 0; i < 5; i++) {
        world_wait(f->world, second);
        tell(f, &crowd[0], piece);
        tell(f, &crowd[1], "x");
    }
    come(f, PLACES, site(PLACES), POST);
    assert_int_equal(crowd[0].closed, 0);
    assert_int_equal(crowd[1].closed, 1);
    expect_service(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define PLACES_TEST(name) cmocka_unit_test_setup_teardown(name, set_up_places, tear_down)
        PLACES_TEST(test_threat_Q16_a_crowd_of_one_address_displaces_no_other),
        PLACES_TEST(test_threat_Q17_slow_bodies_of_one_address_shut_out_no_other),
        PLACES_TEST(test_threat_Q17_slow_bodies_of_many_sites_shut_out_no_other),
        PLACES_TEST(test_threat_Q17_of_two_bodies_the_slower_one_makes_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
