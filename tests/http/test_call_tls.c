/* test_call_tls.c -- "https": the client's TLS and the server's, over two stacks on a wire. */
#include "call_test.h"

#include <leat/crypto_openssl.h>
#include <leat/tls.h>

#include "keys.h"

enum {
    CIVIL_S = 1800000000, /* January 2027 */
    SESSIONS = 2
};

static struct leat_crypto crypto;
static struct leat_crypto_anchors anchors;
static struct leat_tls_identity identity;
static struct leat_tls *tls[2];
static void *memory[2];
static struct leat_tcp_listener *listener;
static bool deaf; /* the server takes connections, and begins no session */
static unsigned accepted;

static enum leat_err entropy(void *arg, void *bytes, size_t len)
{
    static uint64_t state = 1;
    uint8_t *at = bytes;

    (void)arg;
    for (size_t i = 0; i < len; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        at[i] = (uint8_t)(state >> 56);
    }
    return LEAT_OK;
}

static uint64_t civil_time(void *arg)
{
    (void)arg;
    return CIVIL_S;
}

static void accept_one(struct leat_tcp_listener *on, void *arg)
{
    static const struct leat_tcp_events nothing;
    struct leat_tcp *conn = leat_tcp_accept(on, &nothing, NULL);
    const struct leat_stream below = leat_stream_of_tcp(conn);
    struct leat_stream session;
    struct fixture *f = arg;

    accepted++;
    if (deaf)
        return;
    assert_int_equal(leat_tls_accept(tls[SERVER], &below, &session), LEAT_OK);
    assert_true(leat_http_server_serve(f->server, &session));
}

static void open_tls(struct fixture *f)
{
    static uint8_t der[2048];
    static const struct leat_tls_identity *const identities[] = {&identity};
    const struct leat_tls_config config = {.crypto = &crypto,
                                           .identities = identities,
                                           .identity_count = 1,
                                           .sessions = SESSIONS,
                                           .civil_time_s = civil_time};
    const size_t bytes = leat_tls_memory_bytes(&config);

    assert_int_equal(leat_crypto_openssl_open(&crypto, entropy, NULL), LEAT_OK);
    assert_int_equal(crypto.ops->anchors_open(crypto.self, &anchors, authority_pem,
                                              strlen(authority_pem), NULL, 0),
                     LEAT_OK);
    assert_int_equal(leat_tls_identity_read(&identity, &crypto, ec_pem, strlen(ec_pem), ec_key,
                                            strlen(ec_key), der, sizeof der),
                     LEAT_OK);
    for (unsigned i = 0; i < 2; i++) {
        memory[i] = malloc(bytes);
        assert_int_equal(leat_tls_open(&tls[i], f->world->stacks[i], memory[i], bytes, &config),
                         LEAT_OK);
    }
}

static int open_both(void **state)
{
    static const struct leat_connect_config names = {.hosts = "10.0.0.1 leat.test other.test\n"};
    struct leat_http_client_config config = {.connect = &names, .connections = 3};
    const struct leat_http_server_config server = {
        .files = files, .file_count = FILES, .clients = CLIENTS};
    const struct leat_tcp_listen_config listen = {.port = 443, .on_acceptable = accept_one};
    struct leat_tcp_listen_config with_arg = listen;
    struct fixture *f;

    deaf = false;
    accepted = 0;
    set_up_with(state, &server);
    f = *state;
    open_tls(f);
    config.tls_connect = leat_tls_connect;
    config.tls = tls[CLIENT];
    config.anchors = &anchors;
    open_client_by(state, &config);
    with_arg.arg = f;
    assert_int_equal(leat_tcp_listen(f->world->stacks[SERVER], &listener, &with_arg), LEAT_OK);
    return 0;
}

static int close_both(void **state)
{
    struct fixture *f = *state;

    leat_tcp_listener_close(listener);
    leat_http_client_close(client);
    world_wait(f->world, 60 * second);
    for (unsigned i = 0; i < 2; i++) {
        leat_tls_close(tls[i]);
        free(memory[i]);
    }
    leat_tls_identity_close(&identity, &crypto);
    crypto.ops->anchors_close(crypto.self, &anchors);
    leat_crypto_openssl_close(&crypto);
    return close_client(state);
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

/* To be connected may take 30 seconds, and the handshake is a part of it. */
static void test_a_server_that_says_nothing_is_left(void **state)
{
    struct fixture *f = *state;
    struct heard *heard = listen_for("https://leat.test/");
    const uint64_t began_ns = f->world->now_ns;

    deaf = true;
    begin(f, heard);
    end(f, heard);
    assert_true(heard->failed);
    assert_in_range((f->world->now_ns - began_ns) / ms, 9000, 30200);
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

#define HTTPS_TEST(name) cmocka_unit_test_setup_teardown(name, open_both, close_both)

int main(void)
{
    const struct CMUnitTest tests[] = {
        HTTPS_TEST(test_files_come_by_TLS),
        HTTPS_TEST(test_a_server_of_another_name_gets_no_request),
        HTTPS_TEST(test_a_server_that_says_nothing_is_left),
        HTTPS_TEST(test_a_call_ends_before_its_session_is_open),
        HTTPS_TEST(test_no_session_is_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
