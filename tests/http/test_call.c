/* test_call.c -- the client: its requests, and replies that it accepts and refuses. */
#include "call_test.h"

/* ---- Replies ------------------------------------------------------------------------------ */

static void check_reply(struct fixture *f, const char *reply, bool ends, const char *body)
{
    struct peer *peer = open_peer(f);
    struct heard *heard = ask(f);

    assert_string_equal(peer->bytes, ASKED);
    say(f, peer, reply);
    if (ends)
        leat_stream_shutdown(&peer->stream);
    world_wait(f->world, ms);
    if (body) {
        assert_true(heard->over);
        assert_int_equal(heard->replies, 1);
        assert_string_equal(heard->bytes, body);
    } else {
        assert_true(heard->failed);
        assert_int_equal(heard->failures, 1);
    }
    free(heard);
    close_peer(f, peer);
}

static void test_where_a_body_ends(void **state)
{
    struct fixture *f = *state;

    check_reply(f, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", false, "abc");
    check_reply(f, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false, "");
    check_reply(f,
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: "
                "chunked\r\n\r\n2;x=y\r\nab\r\n1\r\nc\r\n0\r\nT: u\r\n\r\n",
                false, "abc");
    check_reply(f, "HTTP/1.1 200 OK\r\n\r\nabc", true, "abc");
    check_reply(f, "HTTP/1.0 200 OK\r\n\r\n", true, "");
    check_reply(f, "HTTP/1.1 204 No Content\r\n\r\n", false, "");
    check_reply(f, "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", false, "");
    check_reply(f,
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 \r\nLink: x\r\n\r\nHTTP/1.1 200 "
                "OK\r\nContent-Length: 1\r\n\r\na",
                false, "a");
}

static void test_replies_that_are_cut_fail(void **state)
{
    struct fixture *f = *state;

    check_reply(f, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", true, NULL);
    check_reply(f, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", true, NULL);
    check_reply(f, "HTTP/1.1 200 OK\r\nX: y", true, NULL);
    assert_int_equal(counts->refused, 0);
    assert_int_equal(counts->failed, 3);
}

static void test_threat_W1_an_ambiguous_reply_reaches_no_program(void **state)
{
    struct fixture *f = *state;
    char many[100 * 30] = "";

    check_reply(f, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc",
                false, NULL);
    check_reply(f, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n+3\r\nabc\r\n0\r\n\r\n",
                false, NULL);
    check_reply(f, "HTTP/1.1 200 OK\nContent-Length: 3\r\n\r\nabc", false, NULL);
    for (unsigned i = 0; i < 17; i++)
        strcat(many, "HTTP/1.1 100 \r\n\r\n");
    check_reply(f, many, false, NULL);
    memset(many, 'x', 300);
    memcpy(many, "HTTP/1.1 200 ", 13);
    many[300] = '\0';
    check_reply(f, many, false, NULL);
    assert_int_equal(counts->refused, 5);
}

/* A body that its program doesn't take stays with the server. The time counts against neither of
 * them. */
static void test_a_body_waits_for_its_program(void **state)
{
    struct fixture *f = *state;
    struct peer *peer = open_peer(f);
    struct heard *heard = listen_for(URL);
    size_t taken;

    heard->hold = true;
    begin(f, heard);
    say(f, peer, "HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n");
    for (size_t at = 0; at < PIPE_BYTES; at += taken) {
        leat_stream_write(&peer->stream, big, 1000, &taken);
        if (taken == 0)
            break;
    }
    world_wait(f->world, 100 * second);
    assert_false(heard->failed);
    assert_int_equal(leat_stream_send_room(&peer->stream), 0);
    heard->hold = false;
    take(heard);
    assert_true(heard->have > 2000);
    assert_memory_equal(heard->bytes, big, 1000);
    assert_true(world_run(f->world, &heard->failed, 31 * second)); /* now the server has to send */
    assert_int_equal(heard->why, LEAT_ERR_TIMEOUT);
    assert_int_equal(counts->timeouts, 1);
    free(heard);
    close_peer(f, peer);
}

static void test_fields_of_a_reply(void **state)
{
    struct fixture *f = *state;
    struct peer *peer = open_peer(f);
    struct heard *heard = listen_for(URL);
    const char *value;
    size_t len;

    heard->keep_open = true;
    begin(f, heard);
    say(f, peer,
        "HTTP/1.1 301 Moved\r\nA: b\r\nLOCATION: \t /x y \r\nLocation: z\r\nEmpty: "
        "\r\nContent-Length: 1\r\n\r\n.");
    assert_int_equal(heard->status, 301);
    assert_int_equal(leat_http_call_length(heard->call), 1);
    value = leat_http_call_field(heard->call, "location", &len);
    assert_int_equal(len, 4);
    assert_memory_equal(value, "/x y", 4);
    assert_non_null(leat_http_call_field(heard->call, "empty", &len));
    assert_int_equal(len, 0);
    assert_null(leat_http_call_field(heard->call, "Locatio", &len));
    assert_null(leat_http_call_field(heard->call, "HTTP/1.1 301 Moved", &len));
    leat_http_call_close(heard->call);
    free(heard);
    close_peer(f, peer);
}

/* ---- Requests ----------------------------------------------------------------------------- */

static void test_threat_W1_a_request_is_one_request(void **state)
{
    static const char *const bad[] = {"X: a\r\n\r\nGET /",
                                      "X: a\nY: b\r\n",
                                      "X : a\r\n",
                                      "Host: b\r\n",
                                      "content-length: 1\r\n",
                                      "Transfer-Encoding: chunked\r\n",
                                      "X: a",
                                      ": b\r\n",
                                      "\r\n",
                                      "connection: close\r\n",
                                      "X: \x01\r\n"};
    static char longest[400];
    struct heard *heard = listen_for(URL);

    (void)state;
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
        heard->request.fields = bad[i];
        assert_int_equal(leat_http_call(client, &heard->request, &heard->call), LEAT_ERR_ARGUMENT);
    }
    for (unsigned octet = 1; octet < 256; octet++) { /* RFC 9110 5.6.2 */
        char field[] = "X-?: a\r\n";
        const bool good = (octet >= '0' && octet <= '9') || (octet >= 'A' && octet <= 'Z') ||
                          (octet >= 'a' && octet <= 'z') ||
                          strchr("!#$%&'*+-.^_`|~", (int)octet) != NULL;

        field[2] = (char)octet;
        if (good || octet == ':')
            continue; /* below */
        heard->request.fields = field;
        assert_int_equal(leat_http_call(client, &heard->request, &heard->call), LEAT_ERR_ARGUMENT);
    }
    heard->request.fields = NULL;
    heard->request.url = "http://h/ HTTP/1.1\r\nX: y";
    assert_int_equal(leat_http_call(client, &heard->request, &heard->call), LEAT_ERR_FORMAT);
    heard->request.url = "https://h/";
    assert_int_equal(leat_http_call(client, &heard->request, &heard->call), LEAT_ERR_PROTOCOL);
    memset(longest, 'x', sizeof longest - 1);
    memcpy(longest, URL, strlen(URL));
    heard->request.url = longest;
    assert_int_equal(leat_http_call(client, &heard->request, &heard->call), LEAT_ERR_TOO_BIG);
    heard->request.url = "http://no-such-name/"; /* the client has no resolver */
    assert_int_equal(leat_http_call(client, &heard->request, &heard->call), LEAT_ERR_NOT_FOUND);
    assert_int_equal(counts->calls, 0);
    free(heard);
}

static void check_request(struct fixture *f, struct heard *heard, const char *expected)
{
    struct peer *peer = open_peer(f);

    begin(f, heard);
    world_wait(f->world, second);
    assert_string_equal(peer->bytes, expected);
    say(f, peer, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    assert_true(heard->over);
    free(heard);
    close_peer(f, peer);
}

static void test_fields_about_the_body_of_a_request(void **state)
{
    struct fixture *f = *state;
    struct heard *heard = listen_for("http://peer:8080?q");

    heard->request.method = LEAT_HTTP_POST;
    heard->request.fields = "Content-Type: text/plain\r\n";
    check_request(f, heard,
                  "POST /?q HTTP/1.1\r\nHost: peer:8080\r\nContent-Type: "
                  "text/plain\r\nContent-Length: 0\r\n\r\n");
    heard = listen_for(URL);
    heard->request.method = LEAT_HTTP_PUT;
    heard->request.body = "hello";
    heard->request.body_len = 5;
    check_request(f, heard,
                  "PUT /a?b HTTP/1.1\r\nHost: peer:8080\r\nContent-Length: 5\r\n\r\nhello");
    heard = listen_for(URL);
    heard->request.method = LEAT_HTTP_POST;
    heard->request.body_len = LEAT_HTTP_ANY;
    check_request(
        f, heard,
        "POST /a?b HTTP/1.1\r\nHost: peer:8080\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    heard = listen_for(URL);
    heard->request.fields = "!#$%&'*+-.^_`|~09AZaz: b\r\n"; /* RFC 9110 5.6.2 */
    check_request(f, heard,
                  "GET /a?b HTTP/1.1\r\nHost: peer:8080\r\n!#$%&'*+-.^_`|~09AZaz: b\r\n\r\n");
    heard = listen_for(URL);
    heard->request.method = LEAT_HTTP_DELETE;
    check_request(f, heard, "DELETE /a?b HTTP/1.1\r\nHost: peer:8080\r\n\r\n");
}

/* A body that is longer than the pipe, by each form of length. The peer reads at its own pace. */
static void check_long_body(struct fixture *f, uint64_t len, const void *body, size_t expected)
{
    struct peer *peer = open_peer(f);
    struct heard *heard = listen_for(URL);

    heard->request.method = LEAT_HTTP_POST;
    heard->request.body_len = len;
    heard->request.body = body;
    heard->to_send = body ? 0 : 20000;
    begin(f, heard);
    world_wait(f->world, second);
    assert_int_equal(peer->have, expected);
    say(f, peer, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    assert_true(heard->over);
    assert_int_equal(peer->closed, false); /* the connection is kept */
    free(heard);
    close_peer(f, peer);
}

static void test_long_bodies_go_as_there_is_room(void **state)
{
    const size_t head =
        strlen("POST /a?b HTTP/1.1\r\nHost: peer:8080\r\nContent-Length: 20000\r\n\r\n");
    struct fixture *f = *state;

    check_long_body(f, 20000, NULL, head + 20000);
    check_long_body(f, 20000, big, head + 20000);
}

static void test_a_long_body_in_chunks(void **state)
{
    struct fixture *f = *state;
    struct peer *peer = open_peer(f);
    struct heard *heard = listen_for(URL);
    size_t at, total = 0;

    heard->request.method = LEAT_HTTP_POST;
    heard->request.body_len = LEAT_HTTP_ANY;
    heard->to_send = 20000;
    begin(f, heard);
    world_wait(f->world, second);
    at = (size_t)(strstr(peer->bytes, "\r\n\r\n") + 4 - peer->bytes);
    for (size_t len = 1; len > 0;) { /* strtoul() and the client agree about each chunk */
        char *text;

        len = strtoul(peer->bytes + at, &text, 16);
        assert_memory_equal(text, "\r\n", 2);
        assert_memory_equal(text + 2, big, len);
        assert_memory_equal(text + 2 + len, "\r\n", 2);
        at = (size_t)(text + 2 + len + 2 - peer->bytes);
        total += len;
    }
    assert_int_equal(total, 20000);
    assert_int_equal(at, peer->have);
    say(f, peer, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    assert_true(heard->over);
    free(heard);
    close_peer(f, peer);
}

/* The rest of a body that the program doesn't read isn't in the way of the next reply. */
static void test_a_body_that_is_not_read_gives_its_room_back(void **state)
{
    struct fixture *f = *state;
    struct peer *peer = open_peer(f);

    for (unsigned i = 0; i < 2; i++) {
        struct heard *heard = listen_for(URL);

        heard->hold = heard->keep_open = true;
        begin(f, heard);
        world_wait(f->world, ms);
        say(f, peer, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
        assert_int_equal(heard->replies, 1);
        assert_true(peer->ends[0].unconsumed > 0 || i > 0);
        leat_http_call_close(heard->call);
        world_wait(f->world, ms);
        assert_int_equal(peer->ends[0].unconsumed, 0);
        assert_false(peer->closed);
        free(heard);
    }
    close_peer(f, peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CALL_TEST(test_where_a_body_ends),
        CALL_TEST(test_replies_that_are_cut_fail),
        CALL_TEST(test_threat_W1_an_ambiguous_reply_reaches_no_program),
        CALL_TEST(test_a_body_waits_for_its_program),
        CALL_TEST(test_fields_of_a_reply),
        CALL_TEST(test_threat_W1_a_request_is_one_request),
        CALL_TEST(test_fields_about_the_body_of_a_request),
        CALL_TEST(test_long_bodies_go_as_there_is_room),
        CALL_TEST(test_a_long_body_in_chunks),
        CALL_TEST(test_a_body_that_is_not_read_gives_its_room_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
