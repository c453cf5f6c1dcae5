/* test_call_early.c -- requests as early data of TLS (0-RTT, RFC 8470), over two stacks on a wire.
 */
#include "call_tls.h"

#include "web/http/client.h"
#include "tls/tls.h"

enum {
    SESSIONS = 4
};

/* A session of the server. It answers each head as the test wants. */
struct place {
    struct leat_stream session;
    bool used;
    size_t have;
    char data[1024];
};

static struct leat_tls_ticket ticket,
    spare; /* the client's ticket, and a second one, if it gets one */
static struct place places[SESSIONS];
static unsigned early_heads, late_heads;
static const char *early_answer; /* answer to early data; NULL: the server waits */
static const char *late_answer;
static char last[1024]; /* the last complete head */

#define GOOD "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood"

/* ---- the server ---- */

static void hear(struct place *place, bool early)
{
    struct leat_buf *data;
    const char *answer = early ? early_answer : late_answer;
    size_t taken;

    while ((data = early ? leat_tls_receive_early(&place->session, 1000)
                         : leat_stream_receive(&place->session, 1000)) != NULL) {
        const uint32_t len = leat_buf_total(data);

        assert_true(place->have + len < sizeof place->data);
        place->have += leat_buf_read(data, 0, (uint8_t *)place->data + place->have, len);
        leat_buf_free(data);
        leat_stream_consumed(&place->session, len);
    }
    if (!strstr(place->data, "\r\n\r\n"))
        return;
    strcpy(last, place->data);
    memset(place->data, 0, sizeof place->data);
    place->have = 0;
    early_heads += early;
    late_heads += !early;
    assert_int_equal(leat_stream_write(&place->session, answer, strlen(answer), &taken), LEAT_OK);
}

static void on_early(void *arg)
{
    if (early_answer)
        hear(arg, true);
}

static void on_readable(struct leat_tcp *conn, void *arg)
{
    (void)conn;
    hear(arg, false);
}

static void on_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    (void)conn;
    (void)why;
    if (spare.identity_len > 0)
        ticket = spare;
    memset(arg, 0, sizeof(struct place));
}

static void accept_one(struct leat_tcp_listener *on, void *arg)
{
    static const struct leat_tcp_events events = {.on_readable = on_readable,
                                                  .on_closed = on_closed};
    struct place *place = places;

    (void)arg;
    while (place->used)
        place++;
    assert_true(place < places + SESSIONS);
    place->used = true;
    place->session = accept_session(on);
    leat_stream_set_events(&place->session, &events, place);
}

static int open_both(void **state)
{
    const struct https what = {.tls = {.sessions = SESSIONS,
                                       .early = &leat_tls_early,
                                       .early_bytes = EARLY_BYTES,
                                       .on_early = on_early},
                               .on_acceptable = accept_one};

    memset(&ticket, 0, sizeof ticket);
    memset(&spare, 0, sizeof spare);
    memset(places, 0, sizeof places);
    early_heads = late_heads = 0;
    early_answer = late_answer = GOOD;
    return open_https(state, &what);
}

/* ---- what a test does ---- */

static struct heard *listen_early(void)
{
    struct heard *heard = listen_for("https://leat.test/a");

    heard->request.ticket = &ticket;
    heard->request.early = true;
    return heard;
}

/* Sends a request, gets its reply, and lets its connection end. */
static void call_once(struct fixture *f)
{
    struct heard *heard = listen_early();

    begin(f, heard);
    for (unsigned i = 0; i < 400 && !heard->over && !heard->failed; i++)
        world_wait(f->world, 10 * ms);
    assert_true(heard->over);
    assert_int_equal(heard->replies, 1);
    assert_int_equal(heard->status, 200);
    assert_string_equal(heard->bytes, "good");
    assert_string_equal(last, "GET /a HTTP/1.1\r\nHost: leat.test\r\n\r\n");
    free(heard);
    world_wait(f->world, WINDOW_S * second); /* long enough to end a kept connection */
}

static void test_a_request_goes_as_early_data(void **state)
{
    struct fixture *f = *state;

    call_once(f); /* without a ticket */
    assert_int_equal(late_heads, 1);
    assert_int_equal(counts->early, 0);
    for (unsigned i = 1; i <= 3; i++) {
        call_once(f);
        assert_int_equal(early_heads, i);
        assert_int_equal(counts->early, i);
    }
    assert_int_equal(late_heads, 1);
    assert_int_equal(counts->connected, 4);
    assert_int_equal(counts->too_early, 0);
}

static void test_a_refused_request_goes_again_behind_the_handshake(void **state)
{
    struct fixture *f = *state;

    call_once(f);
    tls[SERVER]->config.early_bytes = 0;
    call_once(f);
    assert_int_equal(leat_tls_counts(tls[CLIENT])->early_refused, 1);
    assert_int_equal(counts->early, 0);
    assert_int_equal(early_heads, 0);
    assert_int_equal(late_heads, 2);
}

/* The server accepts less than the head has: the rest follows after the handshake. */
static void test_a_part_of_a_request_goes_early(void **state)
{
    struct fixture *f = *state;

    call_once(f);
    ticket.early_bytes = 10;
    call_once(f);
    assert_int_equal(counts->early, 1);
    assert_int_equal(late_heads, 2);
}

static void test_a_server_that_says_too_early_is_asked_again(void **state)
{
    struct fixture *f = *state;

    call_once(f);
    spare = ticket; /* it could be sent early again, but must not (RFC 8470 5.2) */
    early_answer = "HTTP/1.1 425 Too Early\r\nContent-Length: 5\r\n\r\nagain";
    call_once(f);
    assert_int_equal(counts->early, 1);
    assert_int_equal(counts->too_early, 1);
    assert_int_equal(counts->connected, 3); /* on another connection */
    assert_int_equal(early_heads, 1);
    assert_int_equal(late_heads, 2);
}

/* 425 to a request that wasn't early is a reply like any other. */
static void test_425_to_a_request_that_was_not_early_is_a_reply(void **state)
{
    struct fixture *f = *state;
    struct heard *heard;

    call_once(f);
    early_answer = NULL; /* the server waits until the session is open */
    call_once(f);
    assert_int_equal(counts->early, 1);
    assert_int_equal(early_heads, 0);
    assert_int_equal(late_heads, 2);
    late_answer = "HTTP/1.1 425 Too Early\r\nContent-Length: 0\r\n\r\n";
    heard = listen_early();
    heard->request.early = false;
    begin(f, heard);
    world_wait(f->world, second);
    assert_true(heard->over);
    assert_int_equal(heard->status, 425);
    assert_int_equal(counts->early, 1);
    assert_int_equal(counts->too_early, 0);
    free(heard);
}

static void test_only_safe_requests_go_early(void **state)
{
    static const enum leat_http_method unsafe[] = {LEAT_HTTP_POST, LEAT_HTTP_PUT, LEAT_HTTP_PATCH,
                                                   LEAT_HTTP_DELETE};
    struct heard *heard = listen_early();

    (void)state;
    for (unsigned i = 0; i < sizeof unsafe / sizeof *unsafe; i++) {
        heard->request.method = unsafe[i];
        assert_int_equal(leat_http_call(client, &heard->request, &heard->call), LEAT_ERR_ARGUMENT);
    }
    heard->request.method = LEAT_HTTP_GET;
    heard->request.body = "x";
    heard->request.body_len = 1;
    assert_int_equal(leat_http_call(client, &heard->request, &heard->call), LEAT_ERR_ARGUMENT);
    free(heard);
}

static void test_nothing_goes_early_without_tls_info(void **state)
{
    struct fixture *f = *state;

    call_once(f);
    client->config.tls_info = NULL;
    call_once(f);
    assert_int_equal(counts->early + early_heads, 0);
    assert_int_equal(late_heads, 2);
}

#define EARLY_TEST(name) cmocka_unit_test_setup_teardown(name, open_both, close_https)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EARLY_TEST(test_a_request_goes_as_early_data),
        EARLY_TEST(test_a_refused_request_goes_again_behind_the_handshake),
        EARLY_TEST(test_a_part_of_a_request_goes_early),
        EARLY_TEST(test_a_server_that_says_too_early_is_asked_again),
        EARLY_TEST(test_425_to_a_request_that_was_not_early_is_a_reply),
        EARLY_TEST(test_only_safe_requests_go_early),
        EARLY_TEST(test_nothing_goes_early_without_tls_info),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
