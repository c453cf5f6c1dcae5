/* test_client.c -- calls of the HTTP client by HTTP/2, against the server of the other tests. */
#include "http2_test.h"

#include <leat/http_client.h>

enum {
    CALLS = 8
};

/* A call as its program sees it. */
struct heard {
    struct leat_http_call *call;
    uint16_t status;
    bool over, failed;
    enum leat_err why;
    size_t have;
    size_t body_left; /* of the request */
    bool any_length;  /* ... isn't told */
    bool slow;        /* doesn't read the body yet */
    char bytes[BIG_BYTES];
};

static struct leat_http2 *http2;
static const struct leat_http2_counts *counts;
static struct leat_http_client *client;
static void *memory[2];
static struct pipe_end ends[2];
static const char *const origin = "https://leat.test/";

/* Without another connection by HTTP/2 the client would need a new one, and there is none. */
static enum leat_err no_tls(struct leat_tls *tls, const struct leat_stream *below,
                            const struct leat_tls_client *wanted, struct leat_stream *session)
{
    (void)tls;
    (void)below;
    (void)wanted;
    (void)session;
    return LEAT_ERR_TLS;
}

static void read_body(struct leat_http_call *call, void *arg)
{
    struct heard *heard = arg;
    struct leat_buf *data;

    while (!heard->slow && (data = leat_http_call_receive(call, UINT32_MAX)) != NULL) {
        const uint32_t len = leat_buf_total(data);

        assert_true(heard->have + len <= sizeof heard->bytes);
        leat_buf_read(data, 0, heard->bytes + heard->have, len);
        heard->have += len;
        leat_buf_free(data);
        leat_http_call_consumed(call, len);
    }
    if (leat_http_call_over(call)) {
        heard->over = true;
        leat_http_call_close(call);
    }
}

static void on_reply(struct leat_http_call *call, void *arg)
{
    ((struct heard *)arg)->status = leat_http_call_status(call);
}

static void on_writable(struct leat_http_call *call, void *arg)
{
    static char some[1000];
    struct heard *heard = arg;
    size_t part, sent = 1;

    memset(some, 'b', sizeof some);
    while (heard->body_left > 0 && sent > 0) {
        part = heard->body_left < sizeof some ? heard->body_left : sizeof some;
        sent = leat_http_call_write(call, some, part);
        heard->body_left -= sent;
    }
    if (heard->body_left == 0 && heard->any_length)
        leat_http_call_finish(call);
}

static void on_failed(struct leat_http_call *call, enum leat_err why, void *arg)
{
    struct heard *heard = arg;

    (void)call;
    heard->failed = true;
    heard->why = why;
}

static struct heard *call(enum leat_http_method method, const char *url, uint64_t body_len,
                          size_t body_left)
{
    struct heard *heard = calloc(1, sizeof *heard);
    const struct leat_http_request request = {.method = method,
                                              .url = url,
                                              .fields = "X-Own: 1\r\n",
                                              .body_len = body_len,
                                              .on_reply = on_reply,
                                              .on_body = read_body,
                                              .on_writable = on_writable,
                                              .on_failed = on_failed,
                                              .arg = heard};

    heard->body_left = body_left;
    heard->any_length = body_len == LEAT_HTTP_ANY;
    assert_int_equal(leat_http_call(client, &request, &heard->call), LEAT_OK);
    return heard;
}

static struct heard *get_page(struct fixture *f, const char *url)
{
    struct heard *heard = call(LEAT_HTTP_GET, url, 0, 0);

    world_run(f->world, &heard->over, second);
    return heard;
}

/* Connects the client, whose first stream waits for a call. */
static void connect_client(struct fixture *f, bool served)
{
    const struct leat_stream near = pipe_stream(&ends[0]), far = pipe_stream(&ends[1]);
    struct leat_stream stream;
    const struct leat_http_carrier *carrier = leat_http2_carrier(http2);

    (void)near;
    pipe_open(ends, f->world->stacks[CLIENT], PIPE_BYTES);
    assert_true(carrier->begin(carrier->arg, &near, "leat.test", 443, &stream));
    assert_int_equal(leat_http_client_keep(client, origin, &stream), LEAT_OK);
    if (served)
        assert_true(leat_http2_serve(f->http2, &far));
    world_wait(f->world, ms);
}

static int set_up_client(void **state)
{
    const struct leat_http2_config config = {.connections = 2, .streams = CALLS};
    struct leat_http_client_config calls = {.connections = CALLS, .tls_connect = no_tls};
    struct leat *stack;
    size_t bytes = leat_http2_memory_bytes(&config);

    set_up(state);
    stack = ((struct fixture *)*state)->world->stacks[CLIENT];
    memory[0] = malloc(bytes);
    assert_int_equal(leat_http2_open(&http2, stack, memory[0], bytes, &config), LEAT_OK);
    counts = leat_http2_counts(http2);
    calls.carrier = leat_http2_carrier(http2);
    bytes = leat_http_client_memory_bytes(&calls);
    memory[1] = malloc(bytes);
    assert_int_equal(leat_http_client_open(&client, stack, memory[1], bytes, &calls), LEAT_OK);
    return 0;
}

static int tear_down_client(void **state)
{
    struct fixture *f = *state;

    leat_http_client_close(client);
    leat_http2_close(http2);
    world_wait(f->world, second);
    free(memory[0]);
    free(memory[1]);
    return tear_down(state);
}

/* ---- Calls -------------------------------------------------------------------------------- */

static void test_calls_follow_each_other(void **state)
{
    struct fixture *f = *state;

    connect_client(f, true);
    for (unsigned i = 0; i < 20; i++) {
        struct heard *heard = get_page(f, i % 2 ? "https://leat.test/big" : origin);

        assert_true(heard->over);
        assert_int_equal(heard->status, 200);
        assert_int_equal(heard->have, i % 2 ? BIG_BYTES : 11);
        assert_memory_equal(heard->bytes, i % 2 ? big : "<p>leat</p>", heard->have);
        free(heard);
    }
    assert_int_equal(f->counts->requests, 20);
    assert_int_equal(f->counts->connections, 1);
    assert_non_null(strstr(f->log, "\"GET / HTTP/2.0\" 200"));
}

static void test_calls_share_a_connection(void **state)
{
    struct fixture *f = *state;
    struct heard *heard[CALLS];

    connect_client(f, true);
    for (unsigned i = 0; i < CALLS; i++)
        heard[i] = call(LEAT_HTTP_GET, "https://leat.test/big", 0, 0);
    world_wait(f->world, 2 * second);
    for (unsigned i = 0; i < CALLS; i++) {
        assert_true(heard[i]->over);
        assert_memory_equal(heard[i]->bytes, big, BIG_BYTES);
        free(heard[i]);
    }
    assert_int_equal(counts->connections, 1);
    assert_int_equal(counts->requests, CALLS);
}

static void test_bodies_go_both_ways(void **state)
{
    struct fixture *f = *state;
    struct heard *unknown, *known;

    connect_client(f, true);
    unknown = call(LEAT_HTTP_POST, "https://leat.test/echo", LEAT_HTTP_ANY, 250000);
    known = call(LEAT_HTTP_POST, "https://leat.test/echo", 150000, 150000);
    world_wait(f->world, 2 * second);
    assert_true(unknown->over && known->over);
    assert_int_equal(unknown->have, 250000);
    assert_int_equal(known->have, 150000);
    for (size_t i = 0; i < unknown->have; i++)
        assert_int_equal(unknown->bytes[i], 'b');
    free(unknown);
    free(known);
}

static void test_replies_without_a_body(void **state)
{
    struct fixture *f = *state;
    struct heard *head, *none;

    connect_client(f, true);
    head = call(LEAT_HTTP_HEAD, "https://leat.test/big", 0, 0);
    none = call(LEAT_HTTP_POST, "https://leat.test/count", 3, 3);
    world_wait(f->world, second);
    assert_true(head->over && head->status == 200 && head->have == 0);
    assert_true(none->over && none->status == 204 && none->have == 0);
    assert_int_equal(f->app.body_bytes, 3);
    free(head);
    free(none);
}

/* A reply whose program reads late arrives no faster, and whole, although its stream is closed. */
static void test_a_late_program_gets_all(void **state)
{
    struct fixture *f = *state;
    struct heard *late, *other;

    connect_client(f, true);
    late = call(LEAT_HTTP_GET, origin, 0, 0);
    late->slow = true;
    world_wait(f->world, second);
    other = get_page(f, "https://leat.test/big");
    assert_int_equal(other->have, BIG_BYTES);
    late->slow = false;
    read_body(late->call, late);
    assert_true(late->over);
    assert_int_equal(late->have, 11);
    free(late);
    free(other);
}

/* ---- Ends --------------------------------------------------------------------------------- */

static void test_a_call_that_is_closed_resets_its_stream(void **state)
{
    struct fixture *f = *state;
    struct heard *heard, *next;

    connect_client(f, true);
    heard = call(LEAT_HTTP_GET, "https://leat.test/hold", 0, 0);
    world_wait(f->world, 10 * ms);
    leat_http_call_close(heard->call);
    world_wait(f->world, 10 * ms);
    assert_int_equal(f->app.failed, 1);
    assert_int_equal(f->counts->resets, 1);
    next = get_page(f, origin);
    assert_true(next->over);
    free(heard);
    free(next);
}

static void test_a_reset_fails_its_call_only(void **state)
{
    struct fixture *f = *state;
    struct heard *held, *other;

    connect_client(f, true);
    held = call(LEAT_HTTP_POST, "https://leat.test/hold", 3, 3);
    world_wait(f->world, 10 * ms);
    other = call(LEAT_HTTP_GET, "https://leat.test/big", 0, 0);
    leat_http_abort(f->app.held);
    world_wait(f->world, second);
    assert_true(held->failed);
    assert_int_equal(held->why, LEAT_ERR_RESET);
    assert_true(other->over);
    free(held);
    free(other);
}

static void test_the_end_of_a_connection_fails_its_calls(void **state)
{
    struct fixture *f = *state;
    struct heard *heard;
    const struct leat_stream far = pipe_stream(&ends[1]);

    connect_client(f, true);
    heard = call(LEAT_HTTP_POST, "https://leat.test/hold", 3, 3);
    world_wait(f->world, 10 * ms);
    leat_stream_abort(&far);
    world_wait(f->world, 10 * ms);
    assert_true(heard->failed);
    assert_int_equal(leat_http2_connections(http2), 0);
    free(heard);
}

/* A server that says nothing may be gone, so the next call needs another connection. */
static void test_a_silent_connection_is_not_used_again(void **state)
{
    struct fixture *f = *state;
    const struct leat_http_request request = {
        .url = origin, .on_failed = on_failed, .deadline_ns = 0};
    struct heard *heard;
    struct leat_http_call *none;

    connect_client(f, false);
    heard = call(LEAT_HTTP_GET, origin, 0, 0);
    assert_true(world_run(f->world, &heard->failed, 40 * second));
    assert_int_equal(heard->why, LEAT_ERR_TIMEOUT);
    world_wait(f->world, ms);
    assert_int_equal(leat_http2_connections(http2), 0);
    assert_int_not_equal(leat_http_call(client, &request, &none), LEAT_OK);
    free(heard);
}

/* A server that drains gets no further call. */
static void test_a_connection_that_ends_gets_no_call(void **state)
{
    struct fixture *f = *state;
    const struct leat_http_carrier *carrier = leat_http2_carrier(http2);
    struct leat_stream stream, session;
    struct heard *heard;

    connect_client(f, true);
    heard = get_page(f, origin);
    ends[1].events->on_drain(NULL, true, ends[1].arg);
    world_wait(f->world, 10 * ms);
    assert_false(carrier->more(carrier->arg, "leat.test", 443, &stream, &session));
    free(heard);
}

static void test_calls_to_others_need_another_connection(void **state)
{
    struct fixture *f = *state;
    const struct leat_http_carrier *carrier = leat_http2_carrier(http2);
    struct leat_stream stream, session;

    connect_client(f, true);
    assert_false(carrier->more(carrier->arg, "leat.test", 444, &stream, &session));
    assert_false(carrier->more(carrier->arg, "leat.tes", 443, &stream, &session));
    assert_true(carrier->more(carrier->arg, "leat.test", 443, &stream, &session));
    assert_ptr_equal(session.end, &ends[0]);
    leat_stream_close(&stream);
    world_wait(f->world, ms);
}

/* ---- Threats ------------------------------------------------------------------------------ */

/* The server's end says @bytes behind its SETTINGS and the acknowledgement of ours. */
static void say(struct fixture *f, const void *bytes, size_t len)
{
    static const uint8_t settings[] = {0, 0, 0, NGHTTP2_SETTINGS, 0, 0, 0, 0, 0,
                                       0, 0, 0, NGHTTP2_SETTINGS, 1, 0, 0, 0, 0};
    const struct leat_stream far = pipe_stream(&ends[1]);
    size_t taken;

    leat_stream_write(&far, settings, sizeof settings, &taken);
    leat_stream_write(&far, bytes, len, &taken);
    assert_int_equal(taken, len);
    world_wait(f->world, 100 * ms);
}

static struct heard *ask_attacker(struct fixture *f)
{
    struct heard *heard;

    connect_client(f, false);
    heard = call(LEAT_HTTP_POST, origin, 0, 0);
    world_wait(f->world, ms);
    return heard;
}

static void test_threat_W17_a_server_that_pushes(void **state)
{
    struct fixture *f = *state;
    struct heard *heard = ask_attacker(f);

    say(f, BYTES("\0\0\x05\x05\x04\0\0\0\x01\0\0\0\x02\x82"));
    assert_true(heard->failed);
    world_wait(f->world, 3 * second);
    assert_int_equal(leat_http2_connections(http2), 0);
    free(heard);
}

static void test_threat_W17_a_reply_that_smuggles(void **state)
{
    struct fixture *f = *state;
    struct heard *heard = ask_attacker(f);

    /* :status 200, and x: a CR LF */
    say(f, BYTES("\0\0\x08\x01\x04\0\0\0\x01\x88\0\x01x\x03"
                 "a\r\n"));
    assert_true(heard->failed);
    assert_int_equal(heard->why, LEAT_ERR_RESET);
    assert_int_equal(heard->status, 0);
    assert_int_equal(counts->malformed, 1);
    free(heard);
}

static void test_threat_W17_a_head_that_is_too_long(void **state)
{
    static uint8_t frame[9 + 16000] = {0, 0x3e, 0x80, NGHTTP2_HEADERS, 4, 0, 0, 0, 1, 0x88};
    struct fixture *f = *state;
    struct heard *heard = ask_attacker(f);

    memcpy(frame + 10, "\x40\x01x\x7f\xa1\x1e", 6); /* x: 4,000 octets, which go to the table */
    memset(frame + 16, 'y', 4000);
    memset(frame + 4016, 0xbe, sizeof frame - 4016); /* the table's first entry */
    say(f, frame, sizeof frame);
    assert_true(heard->failed);
    assert_int_equal(heard->why, LEAT_ERR_TOO_BIG);
    assert_int_equal(counts->heads_too_big, 1);
    free(heard);
}

static void test_threat_W17_interim_replies_without_end(void **state)
{
    struct fixture *f = *state;
    struct heard *heard = ask_attacker(f);

    for (unsigned i = 0; i < 100 && !heard->failed; i++)
        say(f, BYTES("\0\0\x05\x01\x04\0\0\0\x01\x08\x03"
                     "103"));
    assert_true(heard->failed);
    free(heard);
}

static void test_threat_W17_pings_without_end(void **state)
{
    struct fixture *f = *state;
    struct heard *heard = ask_attacker(f);

    for (unsigned i = 0; i < 100 && !heard->failed; i++) {
        static uint8_t frames[100][17];

        for (unsigned n = 0; n < 100; n++)
            memcpy(frames[n], "\0\0\x08\x06\0\0\0\0\0pingpong", 17);
        say(f, frames, sizeof frames);
    }
    assert_true(heard->failed);
    assert_int_equal(counts->flooded + counts->errors, 1);
    free(heard);
}

#undef TEST
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_client, tear_down_client)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_calls_follow_each_other),
        TEST(test_calls_share_a_connection),
        TEST(test_bodies_go_both_ways),
        TEST(test_replies_without_a_body),
        TEST(test_a_late_program_gets_all),
        TEST(test_a_call_that_is_closed_resets_its_stream),
        TEST(test_a_reset_fails_its_call_only),
        TEST(test_the_end_of_a_connection_fails_its_calls),
        TEST(test_a_silent_connection_is_not_used_again),
        TEST(test_a_connection_that_ends_gets_no_call),
        TEST(test_calls_to_others_need_another_connection),
        TEST(test_threat_W17_a_server_that_pushes),
        TEST(test_threat_W17_a_reply_that_smuggles),
        TEST(test_threat_W17_a_head_that_is_too_long),
        TEST(test_threat_W17_interim_replies_without_end),
        TEST(test_threat_W17_pings_without_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
