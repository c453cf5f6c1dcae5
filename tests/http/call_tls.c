/* call_tls.c -- see call_tls.h. */
#include "call_tls.h"

#include <leat/crypto_openssl.h>

#include "entropy.h"
#include "keys.h"

enum {
    CIVIL_S = 1800000000 /* January 2027 */
};

struct leat_tls *tls[2];
struct leat_crypto_anchors anchors;

static struct leat_crypto crypto;
static struct leat_tls_identity identity;
static void *memory[2];
static struct leat_tcp_listener *listener;
static struct dns_world *the_world;

static uint64_t civil_time(void *arg)
{
    (void)arg;
    return CIVIL_S + the_world->now_ns / second;
}

struct leat_stream accept_session(struct leat_tcp_listener *on)
{
    static const struct leat_tcp_events nothing;
    const struct leat_stream below = leat_stream_of_tcp(leat_tcp_accept(on, &nothing, NULL));
    struct leat_stream session;

    assert_int_equal(leat_tls_accept(tls[SERVER], &below, &session), LEAT_OK);
    return session;
}

static void serve_session(struct leat_tcp_listener *on, void *arg)
{
    const struct leat_stream session = accept_session(on);

    assert_true(leat_http_server_serve(((struct fixture *)arg)->server, &session));
}

static void open_crypto(void)
{
    static uint8_t der[2048];
    static uint64_t random;

    random = 1;
    assert_int_equal(leat_crypto_openssl_open(&crypto, known_entropy, &random), LEAT_OK);
    assert_int_equal(crypto.ops->anchors_open(crypto.self, &anchors, authority_pem,
                                              strlen(authority_pem), NULL, 0),
                     LEAT_OK);
    assert_int_equal(leat_tls_identity_read(&identity, &crypto, ec_pem, strlen(ec_pem), ec_key,
                                            strlen(ec_key), der, sizeof der),
                     LEAT_OK);
}

static void open_tls(const struct fixture *f, const struct leat_tls_config *wanted)
{
    static const struct leat_tls_identity *const identities[] = {&identity};
    struct leat_tls_config config = *wanted;

    open_crypto();
    config.crypto = &crypto;
    config.identities = identities;
    config.identity_count = 1;
    config.civil_time_s = civil_time;
    if (config.sessions == 0)
        config.sessions = 4;
    for (unsigned i = 0; i < 2; i++) {
        const size_t bytes = leat_tls_memory_bytes(&config);

        memory[i] = malloc(bytes);
        assert_int_equal(leat_tls_open(&tls[i], f->world->stacks[i], memory[i], bytes, &config),
                         LEAT_OK);
    }
}

int open_https(void **state, const struct https *what)
{
    static const struct leat_connect_config names = {.hosts = "10.0.0.1 leat.test other.test\n"};
    struct leat_http_client_config config = {.connect = &names,
                                             .connections = 3,
                                             .tls_connect = leat_tls_connect,
                                             .tls_info = leat_tls_get_info,
                                             .carrier = what->carrier,
                                             .anchors = &anchors};
    struct leat_tcp_listen_config listen = {
        .port = 443, .on_acceptable = what->on_acceptable ? what->on_acceptable : serve_session};
    struct leat_http_server_config server = what->server;
    struct fixture *f;

    server.files = files;
    server.file_count = FILES;
    server.clients = CLIENTS;
    set_up_with(state, &server);
    f = *state;
    the_world = f->world;
    open_tls(f, &what->tls);
    config.tls = tls[CLIENT];
    open_client_by(state, &config);
    listen.arg = f;
    assert_int_equal(leat_tcp_listen(f->world->stacks[SERVER], &listener, &listen), LEAT_OK);
    return 0;
}

int close_https(void **state)
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
