/* test_dot.c -- servers asked by TLS (RFC 7858, RFC 8310): authenticated by name or by key,
 * or not at all. */
#include "dns_lookup.h"

#include <leat/crypto_openssl.h>
#include <leat/tls.h>

#include "entropy.h"
#include "keys.h"

enum {
    HEARD_MAX = 8,
    CIVIL_S = 1800000000 /* January 2027 */
};

/* The server at port 853: answers 192.0.2.9 to every question. */
struct tls_server {
    struct fixture *f;
    struct leat_tcp_listener *listener;
    struct leat_stream stream; /* of the last session */
    bool open, silent, deaf;   /* deaf: accepts connections without a TLS session */
    unsigned connections, count;
    size_t lens[HEARD_MAX]; /* of queries, without their length fields */
    struct message query;
    uint8_t bytes[1000];
    size_t have;
};

static struct tls_server server;
static struct leat_crypto crypto;
static struct leat_crypto_anchors anchors;
static struct leat_tls_identity identity;
static struct leat_tls *tls[2];
static void *memory[2];
static struct leat_tls_client client;
static struct leat_tls_pin pin;
static uint64_t civil_s, random_state;
static char why[100];

/* ---- The server -------------------------------------------------------------------------------
 */

static void answer(void)
{
    struct liar liar = {.world = server.f->world, .query = server.query};
    const struct message *reply = make_reply(&liar, LEAT_DNS_NOERROR, 9);
    uint8_t bytes[600];
    size_t taken;

    put16(bytes, (uint16_t)reply->len);
    memcpy(bytes + 2, reply->bytes, reply->len);
    assert_int_equal(leat_stream_write(&server.stream, bytes, 2 + reply->len, &taken), LEAT_OK);
    assert_int_equal(taken, 2 + reply->len);
}

static void hear(struct leat_tcp *conn, void *arg)
{
    struct leat_buf *text = leat_stream_receive(&server.stream, 500);
    size_t len;

    (void)conn;
    (void)arg;
    server.have += leat_buf_read(text, 0, server.bytes + server.have, leat_buf_total(text));
    leat_stream_consumed(&server.stream, leat_buf_total(text));
    leat_buf_free(text);
    while (server.have >= 2 && server.have >= 2 + (len = get16(server.bytes))) {
        assert_true(server.count < HEARD_MAX);
        server.lens[server.count++] = server.query.len = len;
        memcpy(server.query.bytes, server.bytes + 2, len);
        server.have -= 2 + len;
        memmove(server.bytes, server.bytes + 2 + len, server.have);
        if (!server.silent)
            answer();
    }
    if (leat_stream_at_end(&server.stream))
        leat_stream_close(&server.stream);
}

static void session_closed(struct leat_tcp *conn, enum leat_err err, void *arg)
{
    (void)conn;
    (void)err;
    (void)arg;
    server.open = false;
}

static void accept_one(struct leat_tcp_listener *listener, void *arg)
{
    static const struct leat_tcp_events events = {.on_readable = hear, .on_closed = session_closed},
                                        nothing;
    struct leat_tcp *conn = leat_tcp_accept(listener, &nothing, NULL);
    const struct leat_stream below = leat_stream_of_tcp(conn);

    (void)arg;
    server.connections++;
    server.have = 0;
    if (server.deaf)
        return;
    assert_int_equal(leat_tls_accept(tls[SERVER], &below, &server.stream), LEAT_OK);
    leat_stream_set_events(&server.stream, &events, NULL);
    server.open = true;
}

static void listen_853(void)
{
    const struct leat_tcp_listen_config listen = {.port = 853, .on_acceptable = accept_one};

    assert_int_equal(leat_tcp_listen(server.f->world->stacks[SERVER], &server.listener, &listen),
                     LEAT_OK);
}

/* ---- Set up -----------------------------------------------------------------------------------
 */

static uint64_t civil_time(void *arg)
{
    (void)arg;
    return civil_s;
}

static void open_tls(struct fixture *f)
{
    static uint8_t der[1000];
    static const struct leat_tls_identity *const identities[] = {&identity};
    const struct leat_tls_config config = {.crypto = &crypto,
                                           .identities = identities,
                                           .identity_count = 1,
                                           .civil_time_s = civil_time};
    const struct leat_crypto_certificate certificate = {identity.chain, 1};
    const size_t bytes = leat_tls_memory_bytes(&config);

    assert_int_equal(leat_crypto_openssl_open(&crypto, known_entropy, &random_state), LEAT_OK);
    assert_int_equal(crypto.ops->anchors_open(crypto.self, &anchors, authority_pem,
                                              strlen(authority_pem), NULL, 0),
                     LEAT_OK);
    assert_int_equal(leat_tls_identity_read(&identity, &crypto, ec_pem, strlen(ec_pem), ec_key,
                                            strlen(ec_key), der, sizeof der),
                     LEAT_OK);
    assert_true(crypto.ops->pin(crypto.self, &certificate, pin.digest));
    for (unsigned i = 0; i < 2; i++) {
        memory[i] = malloc(bytes);
        assert_int_equal(leat_tls_open(&tls[i], f->world->stacks[i], memory[i], bytes, &config),
                         LEAT_OK);
    }
}

static void say_in_the_clear(struct liar *liar)
{
    say(liar, make_reply(liar, LEAT_DNS_NOERROR, 1));
}

static int set_up_tls(void **state)
{
    struct fixture *f;

    set_up(state);
    f = *state;
    memset(&server, 0, sizeof server);
    server.f = f;
    civil_s = CIVIL_S;
    why[0] = '\0';
    client = (struct leat_tls_client){.name = "leat.test", .anchors = &anchors};
    open_tls(f);
    with_liar(f, say_in_the_clear);
    listen_853();
    return 0;
}

static int tear_down_tls(void **state)
{
    struct fixture *f = *state;

    if (server.listener)
        leat_tcp_listener_close(server.listener);
    if (f->resolver)
        leat_resolver_close(f->resolver);
    f->resolver = NULL;
    for (unsigned i = 0; i < 2; i++)
        leat_tls_close(tls[i]);
    tear_down(state);
    free(memory[0]);
    free(memory[1]);
    leat_tls_identity_close(&identity, &crypto);
    crypto.ops->anchors_close(crypto.self, &anchors);
    leat_crypto_openssl_close(&crypto);
    return 0;
}

static void on_tls_failed(void *arg, const struct leat_endpoint *whom,
                          const struct leat_stream *session)
{
    struct leat_tls_info info;

    assert_ptr_equal(arg, &server);
    assert_int_equal(whom->port, 853);
    leat_tls_get_info(session, &info);
    snprintf(why, sizeof why, "%s", info.why);
}

static void with_tls(struct fixture *f, bool or_clear)
{
    const struct leat_resolver_config config = {.servers = {{.ip = SERVER_IP}},
                                                .server_count = 1,
                                                .lookups = 4,
                                                .tls_clients = {&client},
                                                .tls_connect = leat_tls_connect,
                                                .tls = tls[CLIENT],
                                                .tls_or_clear = or_clear,
                                                .on_tls_failed = on_tls_failed,
                                                .arg = &server};

    open_resolver(f, &config);
}

/* The question goes by TLS only. */
static void assert_by_tls(const struct fixture *f, const struct outcome *outcome)
{
    assert_int_equal(outcome->err, LEAT_OK);
    assert_non_null(strstr(outcome->records, "192.0.2.9\n"));
    assert_int_equal(outcome->server.port, 853);
    assert_int_equal(f->liar.count, 0);
    assert_int_equal(f->counts->udp_queries, 0);
}

static void assert_in_the_clear(const struct outcome *outcome)
{
    assert_int_equal(outcome->err, LEAT_OK);
    assert_non_null(strstr(outcome->records, "192.0.2.1\n"));
}

/* ---- Strict -----------------------------------------------------------------------------------
 */

static void a_server_is_known_by_its_name(void **state)
{
    struct fixture *f = *state;

    with_tls(f, false);
    assert_by_tls(f, look_up(f, "a.example", LEAT_DNS_A));
    assert_int_equal(f->counts->tls_opened, 1);
    assert_false(habits_of(f).tcp_only);
}

static void a_session_is_kept_and_shared(void **state)
{
    struct fixture *f = *state;

    with_tls(f, false);
    assert_by_tls(f, look_up(f, "a.example", LEAT_DNS_A));
    assert_by_tls(f, look_up(f, "b.example", LEAT_DNS_A));
    assert_int_equal(server.connections, 1);
    world_wait(f->world, 11 * second); /* tcp_idle_ns is 10 s */
    assert_false(server.open);
    assert_by_tls(f, look_up(f, "c.example", LEAT_DNS_A));
    assert_int_equal(server.connections, 2);
    assert_int_equal(f->counts->tls_opened, 2);
}

static void the_fastest_server_by_tls_is_asked_first(void **state)
{
    const struct leat_resolver_config config = {.servers = {{.ip = SERVER_IP, .port = 854},
                                                            {.ip = SERVER_IP, .port = 855},
                                                            {.ip = SERVER_IP}},
                                                .server_count = 3,
                                                .fastest_first = true,
                                                .tls_clients = {&client, &client, &client},
                                                .tls_connect = leat_tls_connect,
                                                .tls = tls[CLIENT]};
    const struct leat_tcp_listen_config silent = {.port = 855}; /* and 854 is closed */
    struct leat_tcp_listener *listener;
    struct fixture *f = *state;

    assert_int_equal(leat_tcp_listen(f->world->stacks[SERVER], &listener, &silent), LEAT_OK);
    open_resolver(f, &config);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(look_up(f, "a.example", LEAT_DNS_A)->err, LEAT_OK);
    assert_int_equal(f->counts->tcp_connections, 3); /* one to each server */
    leat_tcp_listener_close(listener);
}

/* RFC 7858 3.4 */
static void the_next_session_is_resumed_where_there_is_a_place_for_tickets(void **state)
{
    struct fixture *f = *state;
    static struct leat_tls_ticket ticket;

    memset(&ticket, 0, sizeof ticket);
    client.ticket = &ticket;
    with_tls(f, false);
    for (unsigned i = 0; i < 3; i++) {
        const char *const names[] = {"a.example", "b.example", "c.example"};

        assert_by_tls(f, look_up(f, names[i], LEAT_DNS_A));
        assert_int_equal(leat_tls_counts(tls[CLIENT])->resumed, i);
        world_wait(f->world, 20 * second); /* the connection has ended */
    }
    assert_int_equal(server.connections, 3);
}

/* RFC 8467 4.1 */
static void the_length_of_a_query_says_little(void **state)
{
    struct fixture *f = *state;

    with_tls(f, false);
    look_up(f, "a.example", LEAT_DNS_A);
    look_up(f, "a-name-that-is-a-good-deal-longer-than-the-other-one.example", LEAT_DNS_A);
    look_up(f,
            "a-name-that-is-so-long.that-with-what-is-around-it.it-has-more-than-"
            "one-hundred-and.twenty-eight-bytes.a-name-that-is-so-long.example",
            LEAT_DNS_A);
    assert_int_equal(server.count, 3);
    assert_int_equal(server.lens[0], 128);
    assert_int_equal(server.lens[1], 128);
    assert_int_equal(server.lens[2], 256);
    for (size_t i = server.lens[2] - 60; i < server.lens[2]; i++)
        assert_int_equal(server.query.bytes[i], 0); /* RFC 7830 3 */
}

static void another_servers_certificate_is_refused(void **state)
{
    struct fixture *f = *state;
    const struct outcome *outcome;

    client.name = "dns.example";
    with_tls(f, false);
    outcome = look_up(f, "a.example", LEAT_DNS_A);
    assert_int_equal(outcome->err, LEAT_ERR_TLS);
    assert_string_equal(why, leat_crypto_why(LEAT_CRYPTO_WRONG_NAME));
    assert_int_equal(f->liar.count, 0);
    assert_int_equal(server.count, 0);
    assert_true(f->counts->tls_failed > 0);
}

static void without_civil_time_no_name_is_good(void **state)
{
    struct fixture *f = *state;

    civil_s = 0;
    with_tls(f, false);
    assert_int_equal(look_up(f, "a.example", LEAT_DNS_A)->err, LEAT_ERR_TLS);
    assert_string_equal(why, "no civil time: start sntp, or give --time");
    assert_int_equal(f->liar.count, 0);
}

static void a_server_is_known_by_its_key(void **state)
{
    struct fixture *f = *state;

    civil_s = 0;
    client = (struct leat_tls_client){.pins = &pin, .pin_count = 1};
    with_tls(f, false);
    assert_by_tls(f, look_up(f, "a.example", LEAT_DNS_A));
}

static void another_key_is_refused(void **state)
{
    struct fixture *f = *state;

    client = (struct leat_tls_client){.pins = &pin, .pin_count = 1};
    pin.digest[31] ^= 1;
    with_tls(f, false);
    assert_int_equal(look_up(f, "a.example", LEAT_DNS_A)->err, LEAT_ERR_TLS);
    assert_string_equal(why, "another key than the one that is known");
    assert_int_equal(f->liar.count, 0);
}

static void a_server_that_requires_tls_is_asked_no_other_way(void **state)
{
    struct fixture *f = *state;

    leat_tcp_listener_close(server.listener);
    server.listener = NULL;
    with_tls(f, false);
    assert_int_equal(look_up(f, "a.example", LEAT_DNS_A)->err, LEAT_ERR_REFUSED);
    listen_853();
    server.deaf = true;
    assert_int_equal(look_up(f, "b.example", LEAT_DNS_A)->err, LEAT_ERR_TIMEOUT);
    assert_int_equal(f->liar.count, 0);
    assert_int_equal(f->counts->udp_queries, 0);
    assert_int_equal(f->counts->tls_given_up, 0);
}

/* RFC 7766 6.2.4 */
static void a_session_that_ends_before_its_answer_is_followed_by_another(void **state)
{
    struct fixture *f = *state;
    static struct outcome outcome;
    const struct leat_dns_name name = name_of("b.example");

    with_tls(f, false);
    assert_by_tls(f, look_up(f, "a.example", LEAT_DNS_A));
    server.silent = true;
    memset(&outcome, 0, sizeof outcome);
    assert_int_equal(leat_lookup_start(f->resolver, &name, LEAT_DNS_A, on_done, &outcome, NULL),
                     LEAT_OK);
    world_wait(f->world, 300 * ms);
    assert_int_equal(server.count, 2);
    leat_stream_close(&server.stream);
    server.silent = false;
    assert_true(world_run(f->world, &outcome.done, 5 * second));
    assert_by_tls(f, &outcome);
    assert_int_equal(server.connections, 2);
}

/* ---- Opportunistic ----------------------------------------------------------------------------
 */

static void any_server_is_asked_by_tls(void **state)
{
    struct fixture *f = *state;

    client = (struct leat_tls_client){.anybody = true};
    with_tls(f, true);
    assert_by_tls(f, look_up(f, "a.example", LEAT_DNS_A));
}

/* RFC 7858 3.1: TLS is not tried again for an hour. */
static void a_server_without_tls_is_asked_in_the_clear(void **state)
{
    struct fixture *f = *state;

    leat_tcp_listener_close(server.listener);
    server.listener = NULL;
    client = (struct leat_tls_client){.anybody = true};
    with_tls(f, true);
    assert_in_the_clear(look_up(f, "a.example", LEAT_DNS_A));
    listen_853();
    assert_in_the_clear(look_up(f, "b.example", LEAT_DNS_A));
    assert_int_equal(f->liar.count, 2);
    assert_int_equal(f->counts->tls_given_up, 1);
    assert_int_equal(f->counts->tcp_connections, 1);
    world_wait(f->world, 3600 * second);
    assert_non_null(strstr(look_up(f, "c.example", LEAT_DNS_A)->records, "192.0.2.9\n"));
    assert_int_equal(f->liar.count, 2);
}

static void a_server_that_is_silent_at_the_port_of_tls_is_asked_in_the_clear(void **state)
{
    struct fixture *f = *state;

    server.deaf = true;
    client = (struct leat_tls_client){.anybody = true};
    with_tls(f, true);
    assert_in_the_clear(look_up(f, "a.example", LEAT_DNS_A));
    assert_int_equal(f->counts->tls_given_up, 1);
}

static void a_name_that_must_be_right_can_lead_to_the_clear(void **state)
{
    struct fixture *f = *state;

    client.name = "dns.example";
    with_tls(f, true);
    assert_in_the_clear(look_up(f, "a.example", LEAT_DNS_A));
    assert_string_equal(why, leat_crypto_why(LEAT_CRYPTO_WRONG_NAME));
    assert_int_equal(server.count, 0);
}

static void there_is_no_tls_without_tls(void **state)
{
    struct fixture *f = *state;
    const struct leat_resolver_config config = {
        .servers = {{.ip = SERVER_IP}}, .server_count = 1, .tls_clients = {&client}};
    struct leat_resolver *resolver;

    assert_int_equal(
        leat_resolver_open(&resolver, f->world->stacks[CLIENT], NULL, SIZE_MAX, &config),
        LEAT_ERR_ARGUMENT);
}

#define TLS_TEST(name) cmocka_unit_test_setup_teardown(name, set_up_tls, tear_down_tls)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TLS_TEST(a_server_is_known_by_its_name),
        TLS_TEST(a_session_is_kept_and_shared),
        TLS_TEST(the_fastest_server_by_tls_is_asked_first),
        TLS_TEST(the_next_session_is_resumed_where_there_is_a_place_for_tickets),
        TLS_TEST(the_length_of_a_query_says_little),
        TLS_TEST(another_servers_certificate_is_refused),
        TLS_TEST(without_civil_time_no_name_is_good),
        TLS_TEST(a_server_is_known_by_its_key),
        TLS_TEST(another_key_is_refused),
        TLS_TEST(a_server_that_requires_tls_is_asked_no_other_way),
        TLS_TEST(a_session_that_ends_before_its_answer_is_followed_by_another),
        TLS_TEST(any_server_is_asked_by_tls),
        TLS_TEST(a_server_without_tls_is_asked_in_the_clear),
        TLS_TEST(a_server_that_is_silent_at_the_port_of_tls_is_asked_in_the_clear),
        TLS_TEST(a_name_that_must_be_right_can_lead_to_the_clear),
        TLS_TEST(there_is_no_tls_without_tls),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
