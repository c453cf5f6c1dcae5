/* test_doh_client.c -- a resolver that asks by DNS over HTTPS, and a server with certificates. */
#include "dns_lookup.h"

#include <leat/crypto_openssl.h>
#include <leat/doh_client.h>
#include <leat/http2.h>
#include <leat/http_server.h>
#include <leat/tls.h>

#include "entropy.h"
#include "keys.h"

enum {
    CIVIL_S = 1800000000, /* January 2027 */
    PORT = 443,
    QUERIES = 8,
    PARTS = 32 /* queries of which a part may be there */
};

/* The server's answer to a query. */
enum deed {
    ANSWER,
    REFUSE,  /* 403 */
    MISTYPE, /* text/html */
    AGE,     /* a reply that is 4 s old */
    LONG,    /* more than a message can have */
    BE_SILENT
};

static struct {
    struct fixture *f;
    struct leat_tcp_listener *listener;
    struct leat_http_server *http;
    struct leat_http2 *http2;
    enum deed deed;
    unsigned connections, queries;
    struct message query; /* the last whole one */
    struct message parts[PARTS];
    unsigned begun;
    struct leat_stream session;
    struct leat_http_exchange *held;
} server;

static struct leat_doh_client *doh;
static const struct leat_doh_client_counts *counts;
static struct leat_doh_server asked;
static struct leat_http2 *http2;
static struct leat_crypto crypto;
static struct leat_crypto_anchors anchors;
static struct leat_tls_identity identity;
static struct leat_tls *tls[2];
static void *memory[6];
static uint64_t random_state;
static uint16_t streams; /* of the client, at a time */
static char why[100];

/* ---- The server ----------------------------------------------------------------------------- */

static void reply(struct leat_http_exchange *exchange)
{
    /* a reply must not change until it is sent, and by HTTP/2 several are on their way */
    static uint8_t replies[PARTS][sizeof(struct message)], zeros[70000];
    struct liar liar = {.world = server.f->world, .query = server.query};
    struct leat_http_head head = {.status = 200, .type = "application/dns-message"};
    const struct message *made = make_reply(&liar, LEAT_DNS_NOERROR, 9);
    uint8_t *bytes = replies[server.queries % PARTS];

    memcpy(bytes, made->bytes, made->len);
    if (server.deed == REFUSE)
        head.status = 403;
    if (server.deed == MISTYPE)
        head.type = "text/html";
    if (server.deed == AGE)
        head.fields = "Age: 4\r\n";
    if (server.deed == LONG)
        leat_http_answer(exchange, &head, zeros, sizeof zeros);
    else
        leat_http_answer(exchange, &head, bytes, (uint32_t)made->len);
}

static void on_body(struct leat_http_exchange *exchange, void *arg)
{
    struct message *part = arg;
    struct leat_buf *data;

    while ((data = leat_http_receive(exchange, 500)) != NULL) {
        const uint32_t len = leat_buf_total(data);

        leat_buf_read(data, 0, part->bytes + part->len, len);
        part->len += len;
        leat_buf_free(data);
        leat_http_consumed(exchange, len);
    }
    if (!leat_http_body_over(exchange))
        return;
    server.query = *part;
    server.queries++;
    if (server.deed == BE_SILENT)
        server.held = exchange;
    else
        reply(exchange);
}

/* The streams of HTTP/2 mix their heads and bodies: each request has a message of its own. */
static void on_request(struct leat_http_exchange *exchange, void *arg)
{
    struct message *part = &server.parts[server.begun++ % PARTS];

    (void)arg;
    part->len = 0;
    leat_http_set_arg(exchange, part);
}

static void on_failed(struct leat_http_exchange *exchange, enum leat_err err, void *arg)
{
    (void)exchange;
    (void)err;
    (void)arg;
    server.held = NULL;
}

static void accept_one(struct leat_tcp_listener *listener, void *arg)
{
    static const struct leat_tcp_events nothing;
    const struct leat_stream below = leat_stream_of_tcp(leat_tcp_accept(listener, &nothing, NULL));

    (void)arg;
    server.connections++;
    assert_int_equal(leat_tls_accept(tls[SERVER], &below, &server.session), LEAT_OK);
    assert_true(leat_http2_serve(server.http2, &server.session));
}

static void open_server(struct fixture *f)
{
    static const struct leat_http_route routes[] = {{.path = "/dns-query",
                                                     .methods = LEAT_HTTP_POST,
                                                     .body_bytes_max = 500,
                                                     .on_request = on_request,
                                                     .on_body = on_body,
                                                     .on_failed = on_failed}};
    const struct leat_http_server_config web = {.routes = routes, .route_count = 1, .clients = 16};
    const struct leat_tcp_listen_config listen = {.port = PORT, .on_acceptable = accept_one};
    struct leat *stack = f->world->stacks[SERVER];
    struct leat_http2_config config = {.tls_info = leat_tls_get_info, .connections = 4};
    size_t bytes = leat_http_server_memory_bytes(&web);

    memset(&server, 0, sizeof server);
    server.f = f;
    memory[2] = malloc(bytes);
    assert_int_equal(leat_http_server_open(&server.http, stack, memory[2], bytes, &web), LEAT_OK);
    config.server = server.http;
    bytes = leat_http2_memory_bytes(&config);
    memory[3] = malloc(bytes);
    assert_int_equal(leat_http2_open(&server.http2, stack, memory[3], bytes, &config), LEAT_OK);
    assert_int_equal(leat_tcp_listen(stack, &server.listener, &listen), LEAT_OK);
}

/* ---- Set up --------------------------------------------------------------------------------- */

static uint64_t civil_time(void *arg)
{
    (void)arg;
    return CIVIL_S;
}

static void open_tls(struct fixture *f, bool both)
{
    static uint8_t der[1000];
    static const struct leat_tls_identity *const identities[] = {&identity};
    static const char *const protocols[] = {"h2", "http/1.1"};
    const struct leat_tls_config config = {.crypto = &crypto,
                                           .identities = identities,
                                           .identity_count = 1,
                                           .protocols = both ? protocols : protocols + 1,
                                           .protocol_count = both ? 2 : 1,
                                           .civil_time_s = civil_time};
    const size_t bytes = leat_tls_memory_bytes(&config);

    assert_int_equal(leat_crypto_openssl_open(&crypto, known_entropy, &random_state), LEAT_OK);
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

static void on_tls_failed(void *arg, const struct leat_endpoint *whom,
                          const struct leat_stream *stream)
{
    struct leat_tls_info info;

    (void)arg;
    assert_int_equal(whom->port, PORT);
    leat_tls_get_info(leat_doh_session(stream), &info);
    snprintf(why, sizeof why, "%s", info.why);
}

static void open_client(struct fixture *f)
{
    const struct leat_http2_config second_half = {
        .connections = 2, .streams = streams, .connection_bytes = 65536};
    struct leat_doh_client_config config = {.tls_connect = leat_tls_connect,
                                            .tls_info = leat_tls_get_info,
                                            .connections = 2,
                                            .queries = QUERIES};
    struct leat *stack = f->world->stacks[CLIENT];
    size_t bytes = leat_http2_memory_bytes(&second_half);
    const struct leat_resolver_config resolver = {.servers = {{.ip = SERVER_IP, .port = PORT}},
                                                  .server_count = 1,
                                                  .lookups = 2 * QUERIES,
                                                  .tls_clients = {&asked.tls},
                                                  .tls_connect = leat_doh_connect,
                                                  .tls = tls[CLIENT],
                                                  .on_tls_failed = on_tls_failed};

    memory[4] = malloc(bytes);
    assert_int_equal(leat_http2_open(&http2, stack, memory[4], bytes, &second_half), LEAT_OK);
    config.carrier = leat_http2_carrier(http2);
    bytes = leat_doh_client_memory_bytes(&config);
    memory[5] = malloc(bytes);
    assert_int_equal(leat_doh_client_open(&doh, stack, memory[5], bytes - 1, &config),
                     LEAT_ERR_MEMORY);
    assert_int_equal(leat_doh_client_open(&doh, stack, memory[5], bytes, &config), LEAT_OK);
    counts = leat_doh_client_counts(doh);
    asked = (struct leat_doh_server){.tls = {.name = "leat.test", .anchors = &anchors},
                                     .url = "https://leat.test/dns-query",
                                     .client = doh};
    open_resolver(f, &resolver);
}

static int set_up_with(void **state, bool both)
{
    set_up(state);
    why[0] = '\0';
    open_tls(*state, both);
    open_server(*state);
    open_client(*state);
    return 0;
}

static int set_up_both(void **state)
{
    streams = QUERIES;
    return set_up_with(state, true);
}

static int set_up_few(void **state)
{
    streams = 3;
    return set_up_with(state, true);
}

static int set_up_older(void **state)
{
    streams = QUERIES;
    return set_up_with(state, false);
}

static int tear_down_all(void **state)
{
    struct fixture *f = *state;

    leat_resolver_close(f->resolver);
    f->resolver = NULL;
    leat_doh_client_close(doh);
    leat_http2_close(http2);
    world_wait(f->world, second);
    leat_http2_close(server.http2);
    leat_http_server_close(server.http);
    leat_tcp_listener_close(server.listener);
    for (unsigned i = 0; i < 2; i++)
        leat_tls_close(tls[i]);
    tear_down(state);
    for (unsigned i = 0; i < 6; i++)
        free(memory[i]);
    leat_tls_identity_close(&identity, &crypto);
    crypto.ops->anchors_close(crypto.self, &anchors);
    leat_crypto_openssl_close(&crypto);
    return 0;
}

/* ---- Lookups -------------------------------------------------------------------------------- */

static void assert_answered(const struct outcome *outcome)
{
    assert_int_equal(outcome->err, LEAT_OK);
    assert_non_null(strstr(outcome->records, "192.0.2.9\n"));
    assert_int_equal(outcome->server.port, PORT);
}

static void a_connection_is_kept_and_shared(void **state)
{
    struct fixture *f = *state;

    assert_answered(look_up(f, "a.example", LEAT_DNS_A));
    assert_answered(look_up(f, "b.example", LEAT_DNS_A));
    assert_int_equal(server.connections, 1);
    assert_int_equal(f->counts->udp_queries, 0);
    assert_int_equal(f->counts->tls_opened, 1);
    assert_int_equal(counts->queries, 2);
    assert_int_equal(counts->replies, 2);
}

/* RFC 8484 4.1: an identifier of 0, so that caches know equal queries. RFC 8467 4.1: padding. */
static void a_query_says_little(void **state)
{
    look_up(*state, "a.example", LEAT_DNS_A);
    assert_int_equal(server.query.len, 128);
    assert_int_equal(get16(server.query.bytes), 0);
}

static void begin_all(struct fixture *f, struct outcome *outcomes, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct leat_lookup *lookup;
        struct leat_dns_name name;
        char text[20];

        snprintf(text, sizeof text, "n%u.example", i);
        assert_int_equal(leat_dns_name_parse(text, &name), LEAT_OK);
        assert_int_equal(
            leat_lookup_start(f->resolver, &name, LEAT_DNS_A, on_done, &outcomes[i], &lookup),
            LEAT_OK);
    }
}

/* More queries than places, at once. */
static void queries_at_a_time(void **state)
{
    static struct outcome outcomes[2 * QUERIES];

    memset(outcomes, 0, sizeof outcomes);
    begin_all(*state, outcomes, 2 * QUERIES);
    world_wait(((struct fixture *)*state)->world, 2 * second);
    for (unsigned i = 0; i < 2 * QUERIES; i++)
        assert_answered(&outcomes[i]);
    assert_int_equal(server.connections, 1);
    assert_int_equal(server.queries, 2 * QUERIES);
}

/* Begins two queries of a server that doesn't answer. */
static void begin_two(struct fixture *f, struct outcome outcomes[2])
{
    memset(outcomes, 0, 2 * sizeof *outcomes);
    server.deed = BE_SILENT;
    begin_all(f, outcomes, 2);
    world_wait(f->world, 200 * ms);
}

static void by_http2_streams_are_parallel(void **state)
{
    static struct outcome outcomes[2];

    begin_two(*state, outcomes);
    assert_int_equal(server.queries, 2);
    assert_int_equal(leat_http2_counts(http2)->connections, 1);
}

static void by_http_1_1_queries_follow_each_other(void **state)
{
    struct fixture *f = *state;
    static struct outcome outcomes[2];

    begin_two(f, outcomes);
    assert_int_equal(server.queries, 1);
    server.deed = ANSWER;
    reply(server.held);
    world_wait(f->world, 200 * ms);
    assert_answered(&outcomes[0]);
    assert_answered(&outcomes[1]);
    assert_int_equal(server.connections, 1);
}

/* ---- Replies that are none ------------------------------------------------------------------ */

static void check_refused(struct fixture *f, enum deed deed)
{
    const struct outcome *outcome;

    server.deed = deed;
    outcome = look_up(f, "a.example", LEAT_DNS_A);
    assert_int_equal(outcome->err, LEAT_ERR_SERVERS);
    assert_int_equal(counts->refused, 1);
    server.deed = ANSWER;
    assert_answered(look_up(f, "b.example", LEAT_DNS_A));
    assert_int_equal(server.connections, 1);
}

static void a_refusal_is_a_failure_of_the_server(void **state)
{
    check_refused(*state, REFUSE);
}

static void another_type_is_no_message(void **state)
{
    check_refused(*state, MISTYPE);
}

static void a_reply_that_is_too_long_is_no_message(void **state)
{
    check_refused(*state, LONG);
}

/* RFC 8484 5.1: it is 4 s old, of 9. */
static void a_reply_from_a_cache_lasts_for_the_rest_of_its_time(void **state)
{
    struct fixture *f = *state;
    const struct outcome *outcome;

    server.deed = AGE;
    outcome = look_up(f, "a.example", LEAT_DNS_A);
    assert_answered(outcome);
    assert_non_null(strstr(outcome->records, " 5 "));
    server.deed = ANSWER;
    assert_non_null(strstr(look_up(f, "b.example", LEAT_DNS_A)->records, " 9 "));
}

/* ---- Ends ----------------------------------------------------------------------------------- */

static void a_server_may_end_an_idle_connection(void **state)
{
    struct fixture *f = *state;

    assert_answered(look_up(f, "a.example", LEAT_DNS_A));
    leat_stream_abort(&server.session);
    world_wait(f->world, 100 * ms);
    assert_answered(look_up(f, "b.example", LEAT_DNS_A));
    assert_int_equal(server.connections, 2);
}

static void a_silent_server_fails_the_lookup(void **state)
{
    struct fixture *f = *state;

    server.deed = BE_SILENT;
    assert_int_equal(look_up(f, "a.example", LEAT_DNS_A)->err, LEAT_ERR_TIMEOUT);
    server.deed = ANSWER;
    assert_answered(look_up(f, "b.example", LEAT_DNS_A));
}

static void another_servers_certificate_is_refused(void **state)
{
    struct fixture *f = *state;

    asked.tls.name = "dns.example";
    assert_int_equal(look_up(f, "a.example", LEAT_DNS_A)->err, LEAT_ERR_TLS);
    assert_string_equal(why, leat_crypto_why(LEAT_CRYPTO_WRONG_NAME));
    assert_int_equal(server.queries, 0);
}

#define BOTH(name) cmocka_unit_test_setup_teardown(name, set_up_both, tear_down_all)
#define OLDER(name)                                                                                \
    {                                                                                              \
#name " by HTTP/1.1", name, set_up_older, tear_down_all, NULL                              \
    }

#define FEW(name)                                                                                  \
    {                                                                                              \
#name " by three streams", name, set_up_few, tear_down_all, NULL                           \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(a_connection_is_kept_and_shared),
        OLDER(a_connection_is_kept_and_shared),
        BOTH(a_query_says_little),
        OLDER(a_query_says_little),
        BOTH(queries_at_a_time),
        OLDER(queries_at_a_time),
        FEW(queries_at_a_time),
        BOTH(by_http2_streams_are_parallel),
        OLDER(by_http_1_1_queries_follow_each_other),
        BOTH(a_refusal_is_a_failure_of_the_server),
        OLDER(a_refusal_is_a_failure_of_the_server),
        BOTH(another_type_is_no_message),
        BOTH(a_reply_that_is_too_long_is_no_message),
        BOTH(a_reply_from_a_cache_lasts_for_the_rest_of_its_time),
        BOTH(a_server_may_end_an_idle_connection),
        OLDER(a_server_may_end_an_idle_connection),
        BOTH(a_silent_server_fails_the_lookup),
        OLDER(a_silent_server_fails_the_lookup),
        BOTH(another_servers_certificate_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
