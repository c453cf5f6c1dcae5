/* test_doh.c -- DNS over HTTPS (RFC 8484): a forwarder behind an HTTP server. */
#include "dns_home.h"

#include <leat/doh.h>
#include <leat/http_server.h>

#include "pipe.h"

enum {
    ROOM = 2000000,
    SLOW = 60, /* clients that read nothing */
    MANY = 300 /* requests whose replies fill the send queue and the window */
};

/* The servers on the forwarder's stack, and the client's connection from the other one. */
static struct {
    void *http_memory, *doh_memory;
    struct leat_http_server *http;
    struct leat_doh *doh;
    const struct leat_doh_counts *counts;
    struct leat_tcp *conn;
    char bytes[ROOM];
    size_t have;
    bool closed, holds; /* holds: reads nothing */
} web;

static void open_web(struct fixture *f, uint16_t clients)
{
    static struct leat_http_route route;
    const struct leat_doh_config config = {.forwarder = home.forwarder, .clients = clients};
    const struct leat_http_server_config http = {
        .routes = &route, .route_count = 1, .clients = clients > 4 ? clients : 4};
    const size_t doh_bytes = leat_doh_memory_bytes(&config);
    const size_t http_bytes = leat_http_server_memory_bytes(&http);
    struct leat *stack = f->world->stacks[CLIENT];

    memset(&web, 0, sizeof web);
    web.doh_memory = malloc(doh_bytes + 1);
    web.http_memory = malloc(http_bytes);
    assert_int_equal(leat_doh_open(&web.doh, stack, web.doh_memory, doh_bytes - 1, &config),
                     LEAT_ERR_MEMORY);
    assert_int_equal(leat_doh_open(&web.doh, stack, (char *)web.doh_memory + 1, doh_bytes, &config),
                     LEAT_OK);
    web.counts = leat_doh_counts(web.doh);
    route = leat_doh_route(web.doh, LEAT_DOH_PATH);
    assert_int_equal(leat_http_server_open(&web.http, stack, web.http_memory, http_bytes, &http),
                     LEAT_OK);
}

static int close_web(void **state)
{
    if (web.conn)
        leat_tcp_abort(web.conn);
    if (web.http) {
        leat_http_server_close(web.http);
        leat_doh_close(web.doh);
    }
    free(web.http_memory);
    free(web.doh_memory);
    memset(&web, 0, sizeof web);
    return close_home(state);
}

/* ---- the client --------------------------------------------------------------------------- */

static void on_readable(struct leat_tcp *conn, void *arg)
{
    struct leat_buf *data;

    (void)arg;
    while (!web.holds && (data = leat_tcp_receive(conn, ROOM))) {
        const uint32_t len = leat_buf_total(data);

        assert_true(web.have + len < sizeof web.bytes);
        leat_buf_read(data, 0, web.bytes + web.have, len);
        web.have += len;
        web.bytes[web.have] = '\0';
        leat_tcp_consumed(conn, len);
        leat_buf_free(data);
    }
}

static void on_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    (void)conn;
    (void)why;
    (void)arg;
    web.conn = NULL;
    web.closed = true;
}

static void connect_web(void)
{
    static const struct leat_tcp_events events = {.on_readable = on_readable,
                                                  .on_closed = on_closed};
    const struct leat_endpoint at = {.ip = CLIENT_IP, .port = LEAT_HTTP_PORT};

    web.have = 0;
    web.closed = false;
    assert_int_equal(
        leat_tcp_connect(home.f->world->stacks[SERVER], &web.conn, &at, NULL, &events, NULL),
        LEAT_OK);
    world_wait(home.f->world, 100 * ms);
}

static void send_bytes(const void *bytes, size_t len)
{
    size_t taken;

    assert_int_equal(leat_tcp_write(web.conn, bytes, len, &taken), LEAT_OK);
    assert_int_equal(taken, len);
}

/* Sends a head, and returns what has come half a second later. */
static const char *request(const char *head)
{
    web.have = 0;
    web.bytes[0] = '\0';
    send_bytes(head, strlen(head));
    world_wait(home.f->world, second / 2);
    return web.bytes;
}

/* base64url without padding. */
static void encode(const uint8_t *bytes, size_t len, char *text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint32_t bits = 0;
    unsigned count = 0;

    for (size_t i = 0; i < len; i++) {
        bits = bits << 8 | bytes[i];
        for (count += 8; count >= 6; count -= 6)
            *text++ = digits[bits >> (count - 6) & 63];
    }
    if (count > 0)
        *text++ = digits[bits << (6 - count) & 63];
    *text = '\0';
}

static void send_get(const char *name, uint16_t edns_bytes)
{
    struct message query;
    char text[400], head[600];

    make_query(&query, name, LEAT_DNS_A, edns_bytes);
    put16(query.bytes, 0); /* RFC 8484 4.1: so that caches see equal requests */
    encode(query.bytes, query.len, text);
    snprintf(head, sizeof head, "GET /dns-query?ct=x&dns=%s HTTP/1.1\r\nHost: d\r\n\r\n", text);
    request(head);
}

static void send_post(const char *name, const char *type, size_t cut)
{
    struct message query;
    char head[300];

    make_query(&query, name, LEAT_DNS_A, 0);
    snprintf(
        head, sizeof head,
        "POST /dns-query HTTP/1.1\r\nHost: d\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n",
        type, query.len);
    web.have = 0;
    web.bytes[0] = '\0';
    send_bytes(head, strlen(head));
    send_bytes(query.bytes, cut);
    world_wait(home.f->world, 100 * ms);
    send_bytes(query.bytes + cut, query.len - cut);
    world_wait(home.f->world, second / 2);
}

/* The body of the reply, as text. */
static const char *body(void)
{
    const char *at = strstr(web.bytes, "\r\n\r\n");

    assert_non_null(at);
    at += 4;
    return text_of((const uint8_t *)at, web.have - (size_t)(at - web.bytes));
}

/* ---- tests -------------------------------------------------------------------------------- */

/* A forwarder whose upstream server is the liar, behind HTTP, and a client that is connected. */
static void begin(struct fixture *f, void (*answer)(struct liar *liar), uint16_t clients)
{
    with_liar(f, answer);
    open_home(f);
    open_web(f, clients);
    connect_web();
}

/* The same with a true server, which has long sets. */
static void begin_with_long_answers(struct fixture *f, uint16_t clients)
{
    with_server(f);
    leat_resolver_close(f->resolver);
    free(f->resolver_memory);
    open_home(f);
    open_web(f, clients);
    connect_web();
}

static void test_a_GET_gets_the_answer_with_its_type_and_freshness(void **state)
{
    struct fixture *f = *state;

    begin(f, says_8, 0);
    send_get("www.example.test", 0);
    assert_memory_equal(web.bytes, "HTTP/1.1 200 OK\r\n", 17);
    assert_non_null(strstr(web.bytes, "Content-Type: application/dns-message\r\n"));
    /* the record's TTL is 9 s, or a second less */
    assert_non_null(strstr(web.bytes, "Cache-Control: max-age=5\r\n"));
    assert_non_null(strstr(body(), "www.example.test. 9 IN A 192.0.2.8"));
    send_get("www.example.test", 0); /* from the cache, on the same connection */
    assert_non_null(strstr(body(), "192.0.2.8"));
    assert_int_equal(home.counts->cached, 1);
    assert_int_equal(home.counts->asked, 2);
    assert_int_equal(web.counts->queries, 2);
    assert_int_equal(web.counts->replies, 2);
}

static void test_a_POST_in_two_pieces_is_answered(void **state)
{
    struct fixture *f = *state;

    begin(f, says_8, 0);
    send_post("www.example.test", "application/dns-message", 7);
    assert_memory_equal(web.bytes, "HTTP/1.1 200", 12);
    assert_non_null(strstr(body(), "192.0.2.8"));
    send_post("www.example.test", "Application/DNS-Message; x=y", 20);
    assert_memory_equal(web.bytes, "HTTP/1.1 200", 12);
}

static void test_a_body_of_another_type_is_refused(void **state)
{
    struct fixture *f = *state;

    begin(f, says_8, 0);
    send_post("www.example.test", "application/dns-messages", 5);
    assert_memory_equal(web.bytes, "HTTP/1.1 415", 12);
    assert_int_equal(web.counts->types, 1);
    assert_int_equal(home.counts->asked, 0);
}

static void test_a_request_without_a_query_gets_400(void **state)
{
    static const char *const heads[] = {
        "GET /dns-query HTTP/1.1\r\nHost: d\r\n\r\n",
        "GET /dns-query? HTTP/1.1\r\nHost: d\r\n\r\n",
        "GET /dns-query?dns= HTTP/1.1\r\nHost: d\r\n\r\n",
        "GET /dns-query?dns=A HTTP/1.1\r\nHost: d\r\n\r\n",
        "GET /dns-query?dns=AAAA+AAA HTTP/1.1\r\nHost: d\r\n\r\n",
        "GET /dns-query?dns=AB HTTP/1.1\r\nHost: d\r\n\r\n", /* its last bits aren't 0 */
        "GET /dns-query?xdns=AAAA HTTP/1.1\r\nHost: d\r\n\r\n",
        "GET /dns-query?dns=AAABAAABAAAAAAAA HTTP/1.1\r\nHost: d\r\n\r\n", /* cut short */
        ("POST /dns-query HTTP/1.1\r\nHost: d\r\nContent-Type: application/dns-message\r\n"
         "Content-Length: 0\r\n\r\n"),
    };
    const unsigned count = sizeof heads / sizeof *heads;
    struct fixture *f = *state;

    begin(f, says_8, 0);
    for (unsigned i = 0; i < count; i++)
        assert_memory_equal(request(heads[i]), "HTTP/1.1 400", 12);
    assert_int_equal(web.counts->malformed, count);
    assert_int_equal(home.counts->drop_format, 2);
}

static void test_a_failure_is_a_reply_that_is_not_kept(void **state)
{
    struct fixture *f = *state;

    begin(f, NULL, 0);
    send_get("www.example.test", 0);
    assert_int_equal(web.have, 0);
    world_wait(f->world, 20 * second);
    assert_memory_equal(web.bytes, "HTTP/1.1 200", 12);
    assert_non_null(strstr(web.bytes, "Cache-Control: max-age=0\r\n"));
    assert_non_null(strstr(body(), "SERVFAIL"));
}

static void test_a_client_that_goes_is_not_waited_for(void **state)
{
    struct fixture *f = *state;

    begin(f, NULL, 1);
    send_get("www.example.test", 0);
    leat_tcp_abort(web.conn);
    world_wait(f->world, 100 * ms);
    assert_int_equal(web.counts->failed, 1);
    world_wait(f->world, 30 * second);
    assert_int_equal(web.counts->replies, 0);
    /* its place is free again */
    f->liar.answer = says_8;
    connect_web();
    send_get("mail.example.test", 0);
    assert_memory_equal(web.bytes, "HTTP/1.1 200", 12);
}

static void test_a_query_without_a_place_gets_503(void **state)
{
    struct fixture *f = *state;
    struct leat_tcp *first;

    begin(f, NULL, 1);
    send_get("www.example.test", 0);
    first = web.conn;
    connect_web();
    send_get("mail.example.test", 0);
    assert_memory_equal(web.bytes, "HTTP/1.1 503", 12);
    send_post("mail.example.test", "application/dns-message", 3);
    assert_memory_equal(web.bytes, "HTTP/1.1 503", 12);
    assert_int_equal(web.counts->busy, 2);
    leat_tcp_abort(first);
    web.conn = NULL;
    world_wait(f->world, second);
}

static void test_a_reply_with_EDNS_is_padded(void **state)
{
    struct fixture *f = *state;

    begin(f, says_8, 0);
    send_get("www.example.test", 1232);
    assert_non_null(strstr(web.bytes, "Content-Length: 468\r\n"));
    assert_non_null(strstr(body(), "192.0.2.8"));
}

static void test_a_long_answer_comes_whole(void **state)
{
    struct fixture *f = *state;
    struct message query;
    char text[400], head[600];

    begin_with_long_answers(f, 0);
    make_query(&query, "big.example.test", LEAT_DNS_TXT, 0);
    encode(query.bytes, query.len, text);
    snprintf(head, sizeof head, "GET /dns-query?dns=%s HTTP/1.1\r\nHost: d\r\n\r\n", text);
    request(head);
    world_wait(f->world, second);
    assert_non_null(strstr(body(), "00014"));
}

/* The rest of a reply waits for room, and comes behind what the client has read. */
static void test_a_client_that_reads_late_gets_every_reply_whole(void **state)
{
    struct fixture *f = *state;
    struct message query;
    char text[400], head[600];
    unsigned sent = 0, replies = 0;
    size_t reply_bytes;

    begin_with_long_answers(f, 0);
    make_query(&query, "big.example.test", LEAT_DNS_TXT, 0);
    put16(query.bytes, 0);
    encode(query.bytes, query.len, text);
    snprintf(head, sizeof head, "GET /dns-query?dns=%s HTTP/1.1\r\nHost: d\r\n\r\n", text);
    request(head);
    reply_bytes = web.have;
    web.have = 0;
    web.holds = true;
    for (; sent < MANY; sent++) {
        send_bytes(head, strlen(head));
        world_wait(f->world, 10 * ms);
    }
    assert_in_range(web.counts->replies, 2, MANY - 1); /* the queue is full */
    web.holds = false;
    on_readable(web.conn, NULL);
    world_wait(f->world, second);
    while (replies < sent &&
           memcmp(web.bytes + replies * reply_bytes, "HTTP/1.1 200 OK\r\n", 17) == 0)
        replies++;
    assert_int_equal(replies, sent);
    assert_int_equal(web.have, sent * reply_bytes);
}

/* Clients that read nothing, each with a small window. */
static void test_slow_readers_hold_a_bounded_part_of_the_pool(void **state)
{
    static const struct leat_tcp_events nothing;
    static struct pipe_end slow[SLOW][2];
    struct fixture *f = *state;
    struct leat *stack = f->world->stacks[CLIENT];
    struct message query;
    char text[400], head[600];
    uint32_t free_before;

    begin_with_long_answers(f, 2 * SLOW);
    make_query(&query, "big.example.test", LEAT_DNS_TXT, 0);
    encode(query.bytes, query.len, text);
    snprintf(head, sizeof head, "GET /dns-query?dns=%s HTTP/1.1\r\nHost: d\r\n\r\n", text);
    request(head);
    free_before = leat_pool_free_count(leat_pool(stack));
    for (unsigned i = 0; i < SLOW; i++) {
        struct leat_stream ours, theirs;
        size_t taken;

        pipe_open(slow[i], stack, 700);
        slow[i][0].peer = LEAT_IP4(10, 0, 1, (uint8_t)i);
        ours = pipe_stream(&slow[i][0]);
        theirs = pipe_stream(&slow[i][1]);
        leat_stream_set_events(&theirs, &nothing, NULL);
        assert_true(leat_http_server_serve(web.http, &ours));
        assert_int_equal(leat_stream_write(&theirs, head, strlen(head), &taken), LEAT_OK);
    }
    world_wait(f->world, second);
    assert_in_range(web.counts->failed, 1, SLOW - 2);
    /* those that weren't cut off hold the limit, and the head of each reply */
    assert_in_range(free_before - leat_pool_free_count(leat_pool(stack)), 1, 2 * SLOW + 80);
    assert_memory_equal(request(head), "HTTP/1.1 200 OK\r\n", 17); /* others are served */
    assert_non_null(strstr(body(), "00014"));
    for (unsigned i = 0; i < SLOW; i++) {
        struct leat_stream theirs = pipe_stream(&slow[i][1]);

        leat_stream_abort(&theirs);
    }
    world_wait(f->world, second);
    assert_int_equal(leat_pool_free_count(leat_pool(stack)), free_before);
}

static void test_a_query_byte_by_byte_holds_no_buffers(void **state)
{
    struct fixture *f = *state;
    struct leat_pool *pool = leat_pool(f->world->stacks[CLIENT]);
    static const char head[] = "POST /dns-query HTTP/1.1\r\nHost: d\r\nContent-Type: "
                               "application/dns-message\r\nContent-Length: 34\r\n\r\n";
    struct message query;
    uint32_t free_before;

    begin(f, says_8, 0);
    make_query(&query, "www.example.test", LEAT_DNS_A, 0);
    assert_int_equal(query.len, 34);
    free_before = leat_pool_free_count(pool);
    web.have = 0;
    send_bytes(head, sizeof head - 1);
    for (size_t i = 0; i < query.len; i++) {
        world_wait(f->world, 100 * ms);
        assert_int_equal(leat_pool_free_count(pool), free_before);
        send_bytes(query.bytes + i, 1);
    }
    world_wait(f->world, second);
    assert_memory_equal(web.bytes, "HTTP/1.1 200", 12);
}

/* The last query that the program was told of, and how many there were. */
static struct leat_dns_access told;
static unsigned told_count;

static void on_access(void *arg, const struct leat_dns_access *access)
{
    (void)arg;
    told = *access;
    told_count++;
}

static void test_the_log_names_the_client_and_how_it_was_answered(void **state)
{
    const struct leat_forwarder_config config = {.waiting = 32, .on_access = on_access};
    struct fixture *f = *state;

    told_count = 0;
    with_liar(f, says_8);
    open_home_for(f, &plain_resolver, &config);
    open_web(f, 0);
    connect_web();
    send_get("www.example.test", 0);
    assert_int_equal(told_count, 1);
    assert_int_equal(told.transport, LEAT_DNS_OVER_HTTPS);
    assert_int_equal(told.how, LEAT_DNS_HOW_UPSTREAM);
    assert_true(told.complete && leat_ip_equal(told.peer, SERVER_IP));
    send_get("www.example.test", 0);
    assert_int_equal(told_count, 2);
    assert_int_equal(told.how, LEAT_DNS_HOW_CACHE);
    assert_non_null(strstr(web.bytes, "Content-Length: 50\r\n"));
    assert_int_equal(told.reply_bytes, 50);
    f->liar.answer = NULL;
    send_get("mail.example.test", 0);
    leat_tcp_abort(web.conn);
    world_wait(f->world, 100 * ms);
    assert_int_equal(told_count, 3);
    assert_false(told.complete);
}

/* Closing forgets the queries that wait, and their lookups end without a call. */
static void test_closing_forgets_what_waits(void **state)
{
    struct fixture *f = *state;

    begin(f, NULL, 0);
    send_get("www.example.test", 0);
    leat_http_server_close(web.http);
    leat_doh_close(web.doh);
    web.http = NULL;
    free(web.doh_memory);
    web.doh_memory = NULL;
    world_wait(f->world, 30 * second);
}

#define WEB(name) cmocka_unit_test_setup_teardown(name, set_up, close_web)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WEB(test_a_GET_gets_the_answer_with_its_type_and_freshness),
        WEB(test_a_POST_in_two_pieces_is_answered),
        WEB(test_a_body_of_another_type_is_refused),
        WEB(test_a_request_without_a_query_gets_400),
        WEB(test_a_failure_is_a_reply_that_is_not_kept),
        WEB(test_a_client_that_goes_is_not_waited_for),
        WEB(test_a_query_without_a_place_gets_503),
        WEB(test_a_reply_with_EDNS_is_padded),
        WEB(test_a_long_answer_comes_whole),
        WEB(test_a_client_that_reads_late_gets_every_reply_whole),
        WEB(test_slow_readers_hold_a_bounded_part_of_the_pool),
        WEB(test_a_query_byte_by_byte_holds_no_buffers),
        WEB(test_the_log_names_the_client_and_how_it_was_answered),
        WEB(test_closing_forgets_what_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
