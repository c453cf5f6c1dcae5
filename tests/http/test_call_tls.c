/* test_call_tls.c -- "https": the client's TLS and the server's, over two stacks on a wire. */
#include "call_tls.h"

enum {
    SESSIONS = 2,
    PLACES = 3 /* of the client */
};

static bool deaf; /* the server accepts connections, but starts no session */
static unsigned accepted;

static void accept_one(struct leat_tcp_listener *on, void *arg)
{
    static const struct leat_tcp_events nothing;
    struct fixture *f = arg;

    accepted++;
    if (deaf) {
        leat_tcp_accept(on, &nothing, NULL);
    } else {
        const struct leat_stream session = accept_session(on);

        assert_true(leat_http_server_serve(f->server, &session));
    }
}

static int open_both(void **state)
{
    const struct https what = {.tls.sessions = SESSIONS, .on_acceptable = accept_one};

    deaf = false;
    accepted = 0;
    return open_https(state, &what);
}

static void end(struct fixture *f, const struct heard *heard)
{
    for (unsigned i = 0; i < 400 && !heard->over && !heard->failed; i++)
        world_wait(f->world, 100 * ms);
}

static void test_files_come_by_TLS(void **state)
{
    struct fixture *f = *state;
    struct heard *heard = listen_for("https://leat.test/big");
    struct leat_tls_info info;

    heard->keep_open = true;
    begin(f, heard);
    assert_string_equal(leat_http_call_connecting(heard->call)->host, "leat.test");
    end(f, heard);
    assert_true(heard->over);
    assert_int_equal(heard->status, 200);
    assert_int_equal(heard->have, BIG_BYTES);
    assert_memory_equal(heard->bytes, big, BIG_BYTES);
    leat_tls_get_info(leat_http_call_stream(heard->call), &info);
    assert_string_equal(info.protocol, "");
    assert_int_not_equal(info.scheme, 0);
    leat_http_call_close(heard->call);
    free(heard);
    heard = listen_for("https://leat.test/");
    begin(f, heard);
    end(f, heard);
    assert_string_equal(heard->bytes, PAGE);
    assert_int_equal(counts->connected, 1); /* one session for both */
    assert_int_equal(counts->reused, 1);
    assert_int_equal(accepted, 1);
    free(heard);
}

static void test_a_server_of_another_name_gets_no_request(void **state)
{
    struct fixture *f = *state;
    struct heard *heard = listen_for("https://other.test/");

    begin(f, heard);
    end(f, heard);
    assert_true(heard->failed);
    assert_int_equal(heard->why, LEAT_ERR_TLS);
    assert_int_equal(f->counts->requests, 0);
    free(heard);
}

/* RFC 6066 3: the dot is for resolvers, and is neither sent to the server nor in its certificate.
 */
static void test_a_final_dot_is_not_part_of_the_name(void **state)
{
    struct fixture *f = *state;
    struct heard *heard = listen_for("https://leat.test./");

    begin(f, heard);
    end(f, heard);
    assert_true(heard->over);
    assert_string_equal(heard->bytes, PAGE);
    free(heard);
}

/* The limit of 30 seconds for connecting includes the handshake. */
static void test_a_server_that_says_nothing_is_left(void **state)
{
    struct fixture *f = *state;
    struct heard *heard = listen_for("https://leat.test/");
    const uint64_t began_ns = f->world->now_ns;

    deaf = true;
    begin(f, heard);
    end(f, heard);
    assert_true(heard->failed);
    assert_in_range((f->world->now_ns - began_ns) / ms, 7000, 30200);
    free(heard);
}

/* A program may end a call at any time. */
static void test_a_call_ends_before_its_session_is_open(void **state)
{
    struct fixture *f = *state;
    struct heard *heard = listen_for("https://leat.test/");

    deaf = true;
    assert_int_equal(leat_http_call(client, &heard->request, &heard->call), LEAT_OK);
    leat_http_call_close(heard->call); /* while it connects */
    world_wait(f->world, second);
    begin(f, heard);
    leat_http_call_close(heard->call); /* in the handshake */
    end(f, heard);
    assert_false(heard->failed || heard->over);
    deaf = false;
    begin(f, heard);
    end(f, heard);
    assert_string_equal(heard->bytes, PAGE);
    free(heard);
}

static void test_no_session_is_left(void **state)
{
    struct fixture *f = *state;
    struct heard *heard[SESSIONS + 1];

    deaf = true;
    for (unsigned i = 0; i <= SESSIONS; i++) {
        heard[i] = listen_for("https://leat.test/");
        begin(f, heard[i]);
    }
    assert_true(heard[SESSIONS]->failed);
    assert_int_equal(heard[SESSIONS]->why, LEAT_ERR_MEMORY);
    for (unsigned i = 0; i < SESSIONS; i++) {
        assert_false(heard[i]->failed);
        leat_http_call_close(heard[i]->call);
        free(heard[i]);
    }
    free(heard[SESSIONS]);
}

/* ---- a carrier ------------------------------------------------------------------------------- */

/* A carrier whose protocol, "same", is HTTP/1.1: its stream is the session. */
static struct {
    bool is_full;
    unsigned begun, asked;
    struct leat_stream next; /* for the next call, if there is one */
} carrier;

static bool carrier_begin(void *arg, const struct leat_stream *session, const char *host,
                          uint16_t port, struct leat_stream *stream)
{
    assert_ptr_equal(arg, &carrier);
    assert_string_equal(host, "leat.test");
    assert_int_equal(port, 443);
    if (carrier.is_full)
        return false;
    carrier.begun++;
    *stream = *session;
    return true;
}

static bool carrier_more(void *arg, const char *host, uint16_t port, struct leat_stream *stream,
                         struct leat_stream *session)
{
    assert_ptr_equal(arg, &carrier);
    assert_string_equal(host, "leat.test");
    assert_int_equal(port, 443);
    carrier.asked++;
    *stream = *session = carrier.next;
    return carrier.next.end != NULL;
}

static const struct leat_http_carrier same = {
    .protocol = "same", .begin = carrier_begin, .more = carrier_more, .arg = &carrier};

static int open_by(void **state, const char *protocol)
{
    static const char *protocols[1];
    const struct https what = {.tls = {.protocols = protocols, .protocol_count = 1},
                               .carrier = &same};

    protocols[0] = protocol;
    memset(&carrier, 0, sizeof carrier);
    return open_https(state, &what);
}

static int open_carried(void **state)
{
    return open_by(state, "same");
}

static int open_other(void **state)
{
    return open_by(state, "http/1.1");
}

static void test_a_carrier_gets_a_session_of_its_protocol(void **state)
{
    struct fixture *f = *state;
    struct heard *heard = listen_for("https://leat.test/");

    heard->keep_open = true;
    begin(f, heard);
    end(f, heard);
    assert_true(heard->over);
    assert_string_equal(heard->bytes, PAGE);
    assert_int_equal(carrier.begun, 1);
    assert_int_equal(carrier.asked, 1); /* for an open connection, before this one was made */
    assert_non_null(leat_http_call_stream(heard->call)->end);
    leat_http_call_close(heard->call);
    free(heard);
}

static void test_a_carrier_gets_no_session_of_another_protocol(void **state)
{
    struct fixture *f = *state;
    struct heard *heard = listen_for("https://leat.test/");

    begin(f, heard);
    end(f, heard);
    assert_string_equal(heard->bytes, PAGE);
    assert_int_equal(carrier.begun, 0);
    free(heard);
}

static void test_a_carrier_without_a_place_fails_the_call(void **state)
{
    struct fixture *f = *state;
    struct heard *heard = listen_for("https://leat.test/");

    carrier.is_full = true;
    begin(f, heard);
    end(f, heard);
    assert_true(heard->failed);
    assert_int_equal(heard->why, LEAT_ERR_FULL);
    assert_int_equal(f->counts->requests, 0);
    free(heard);
}

/* All places have a connection that is kept for another server: one of them leaves. */
static void test_a_carried_call_takes_the_place_of_a_kept_connection(void **state)
{
    static const struct leat_tcp_events nothing;
    static const struct leat_endpoint remote = {.ip = LEAT_IP4_INIT(10, 0, 0, 1), .port = 80};
    struct fixture *f = *state;
    struct heard *heard[PLACES], *carried = listen_for("https://leat.test/");
    struct leat_tcp *conn;

    for (unsigned i = 0; i < PLACES; i++) {
        heard[i] = listen_for("http://10.0.0.1/");
        assert_int_equal(leat_http_call(client, &heard[i]->request, &heard[i]->call), LEAT_OK);
    }
    for (unsigned i = 0; i < PLACES; i++) {
        end(f, heard[i]);
        assert_true(heard[i]->over);
        free(heard[i]);
    }
    assert_int_equal(
        leat_tcp_connect(f->world->stacks[CLIENT], &conn, &remote, NULL, &nothing, NULL), LEAT_OK);
    world_wait(f->world, second);
    carrier.next = leat_stream_of_tcp(conn);
    begin(f, carried);
    end(f, carried);
    assert_string_equal(carried->bytes, PAGE);
    assert_int_equal(counts->connected, PLACES);
    assert_int_equal(counts->reused, 1);
    assert_int_equal(leat_http_server_clients(f->server),
                     PLACES); /* the carrier's is one of them */
    free(carried);
}

#define HTTPS_TEST(name) cmocka_unit_test_setup_teardown(name, open_both, close_https)

int main(void)
{
    const struct CMUnitTest tests[] = {
        HTTPS_TEST(test_files_come_by_TLS),
        HTTPS_TEST(test_a_server_of_another_name_gets_no_request),
        HTTPS_TEST(test_a_final_dot_is_not_part_of_the_name),
        HTTPS_TEST(test_a_server_that_says_nothing_is_left),
        HTTPS_TEST(test_a_call_ends_before_its_session_is_open),
        HTTPS_TEST(test_no_session_is_left),
        cmocka_unit_test_setup_teardown(test_a_carrier_gets_a_session_of_its_protocol, open_carried,
                                        close_https),
        cmocka_unit_test_setup_teardown(test_a_carrier_gets_no_session_of_another_protocol,
                                        open_other, close_https),
        cmocka_unit_test_setup_teardown(test_a_carrier_without_a_place_fails_the_call, open_carried,
                                        close_https),
        cmocka_unit_test_setup_teardown(test_a_carried_call_takes_the_place_of_a_kept_connection,
                                        open_carried, close_https),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
