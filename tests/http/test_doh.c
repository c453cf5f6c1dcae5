/* test_doh.c -- DNS over HTTPS (RFC 8484): queries, replies, and refusals. */
#include "doh_web.h"

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
        WEB(test_the_log_names_the_client_and_how_it_was_answered),
        WEB(test_closing_forgets_what_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
