/* test_proof.c -- proofs of the client of ACME, as the authority sees them, and a provider of
 * cryptography that fails. */
#include "authority.h"

#include "tls/tls.h"

#define CHALLENGE "/.well-known/acme-challenge/"

/* ---- http-01 --------------------------------------------------------------------------------- */

/* A connection to the server at port 80 of the client of ACME. */
struct visit {
    struct leat_tcp *conn;
    bool closed;
    size_t have;
    char bytes[1000];
};

static void on_readable(struct leat_tcp *conn, void *arg)
{
    struct visit *visit = arg;
    struct leat_buf *data = leat_tcp_receive(conn, UINT32_MAX);
    const uint32_t len = leat_buf_total(data);

    assert_true(visit->have + len < sizeof visit->bytes);
    leat_buf_read(data, 0, visit->bytes + visit->have, len);
    visit->have += len;
    visit->bytes[visit->have] = '\0';
    leat_buf_free(data);
    leat_tcp_consumed(conn, len);
    if (leat_tcp_at_end(conn))
        leat_tcp_close(conn);
}

static void on_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    (void)conn;
    (void)why;
    ((struct visit *)arg)->closed = true;
}

/* The reply for @path. */
static const char *visit(const char *path)
{
    static const struct leat_tcp_events events = {.on_readable = on_readable,
                                                  .on_closed = on_closed};
    static struct visit visit;
    const struct leat_endpoint server = leat_endpoint_of(CLIENT_IP, 80);
    char request[300];
    size_t taken;

    visit = (struct visit){.have = 0};
    assert_int_equal(
        leat_tcp_connect(ca.f->world->stacks[SERVER], &visit.conn, &server, NULL, &events, &visit),
        LEAT_OK);
    world_wait(ca.f->world, second);
    snprintf(request, sizeof request,
             "GET %s HTTP/1.1\r\nHost: one.test\r\nConnection: close\r\n\r\n", path);
    assert_int_equal(leat_tcp_write(visit.conn, request, strlen(request), &taken), LEAT_OK);
    assert_true(world_run(ca.f->world, &visit.closed, 10 * second));
    return visit.bytes;
}

static void assert_not_found(const char *path)
{
    const char *reply = visit(path);

    assert_ptr_equal(strstr(reply, "HTTP/1.1 404 "), reply);
    assert_non_null(strstr(reply, "\r\n\r\nno such challenge\n"));
}

static void test_the_proof_is_served_while_its_challenge_waits(void **state)
{
    struct leat_http_route route;
    const struct leat_http_server_config config = {
        .routes = &route, .route_count = 1, .clients = 2};
    const size_t bytes = leat_http_server_memory_bytes(&config);
    void *memory = malloc(bytes);
    struct leat_http_server *server;
    const char *reply, *body;

    (void)state;
    leat_acme_route(&ca.acme, &route);
    assert_int_equal(
        leat_http_server_open(&server, ca.f->world->stacks[CLIENT], memory, bytes, &config),
        LEAT_OK);
    assert_not_found(CHALLENGE "token-of-the-authority-0"); /* the client isn't open */
    ca.slow = 1000000;
    open_acme(1);
    world_wait(ca.f->world, 5 * second);
    reply = visit(CHALLENGE "token-of-the-authority-0");
    body = strstr(reply, "\r\n\r\n");
    assert_ptr_equal(strstr(reply, "HTTP/1.1 200 "), reply);
    assert_non_null(strstr(reply, "\r\nContent-Type: application/octet-stream\r\n"));
    assert_non_null(body);
    assert_string_equal(body + 4, ca.acme->proof.text);
    assert_not_found(CHALLENGE "token-of-the-authority-1");
    assert_not_found(CHALLENGE "token-of-the-authority-");
    assert_not_found(CHALLENGE "token-of-the-authority-00");
    assert_int_equal(info_of_acme().proofs, 1);
    assert_int_equal(info_of_acme().strays, 3);
    ca.slow = 0;
    run_acme(200);
    assert_int_equal(ca.taken, 1);
    assert_not_found(CHALLENGE "token-of-the-authority-0");
    close_acme();
    leat_http_server_close(server);
    free(memory);
}

/* ---- tls-alpn-01 ----------------------------------------------------------------------------- */

/* Sets up TLS without a certificate, which only serves challenges. */
static void open_tls(void)
{
    const struct leat_tls_config config = {.crypto = ca.config.crypto};
    const size_t bytes = leat_tls_memory_bytes(&config);

    assert_int_equal(
        leat_tls_open(&ca.config.tls, ca.f->world->stacks[CLIENT], malloc(bytes), bytes, &config),
        LEAT_OK);
    ca.config.no_http = true;
    ca.challenge = "tls-alpn-01";
}

static void close_tls(void)
{
    close_acme();
    leat_tls_close(ca.config.tls);
    free(ca.config.tls);
    ca.config.tls = NULL;
}

static bool has(const struct leat_crypto_piece *der, const void *part, size_t len)
{
    return memmem(der->bytes, der->len, part, len) != NULL;
}

/* The certificate for @name has the digest of the proof (RFC 8737 3). */
static void assert_shown(const char *name)
{
    static const uint8_t acme_identifier[] = {0x06, 0x08, 0x2b, 0x06, 0x01,
                                              0x05, 0x05, 0x07, 0x01, 0x1f};
    const struct leat_tls_identity *shown = ca.config.tls->config.challenge;
    uint8_t digest[ACME_DIGEST_BYTES];

    assert_non_null(shown);
    assert_int_equal(shown->chain_count, 1);
    assert_int_equal(shown->name_count, 1);
    assert_string_equal(shown->names[0], name);
    assert_true(acme_digest(ca.acme, ca.acme->proof.text, strlen(ca.acme->proof.text), digest));
    assert_true(has(&shown->chain[0], digest, sizeof digest));
    assert_true(has(&shown->chain[0], acme_identifier, sizeof acme_identifier));
    assert_true(has(&shown->chain[0], name, strlen(name)));
}

static void test_a_certificate_with_the_proof_is_shown(void **state)
{
    (void)state;
    open_tls();
    ca.slow = 1000000;
    open_acme(2);
    world_wait(ca.f->world, 5 * second);
    assert_shown("one.test");
    ca.slow = 0;
    while (ca.proven == 0)
        world_wait(ca.f->world, second);
    ca.slow = 1000000;
    world_wait(ca.f->world, 100 * second);
    assert_shown("two.test"); /* by the same key */
    ca.slow = 0;
    run_acme(200);
    assert_int_equal(ca.taken, 1);
    assert_null(ca.config.tls->config.challenge);
    close_tls();
}

/* ---- A provider that fails ------------------------------------------------------------------- */

enum fault {
    FAULT_MAKE,
    FAULT_SIGN,
    FAULT_DIGEST,
    FAULT_OPEN,
    FAULTS
};

static const struct leat_crypto_ops *inner;
static unsigned calls_left[FAULTS]; /* the last of them fails; 0: none does */

static bool fails(enum fault fault)
{
    return calls_left[fault] > 0 && --calls_left[fault] == 0;
}

static bool make(void *self, uint8_t der[LEAT_CRYPTO_MADE_BYTES])
{
    return !fails(FAULT_MAKE) && inner->private_make(self, der);
}

static bool sign(void *self, const struct leat_crypto_private *key, enum leat_crypto_scheme scheme,
                 const struct leat_crypto_piece *pieces, size_t count, uint8_t *signature,
                 size_t *len)
{
    return !fails(FAULT_SIGN) && inner->sign(self, key, scheme, pieces, count, signature, len);
}

static bool digest(void *self, const struct leat_crypto_hashing *hashing, uint8_t *bytes)
{
    return !fails(FAULT_DIGEST) && inner->hash_digest(self, hashing, bytes);
}

static enum leat_err open_key(void *self, struct leat_crypto_private *key, const void *der,
                              size_t len)
{
    return fails(FAULT_OPEN) ? LEAT_ERR_MEMORY : inner->private_open(self, key, der, len);
}

/* Whichever call fails, a reason is told, and the next attempt succeeds. */
static void check_faults(enum fault fault, const char *why)
{
    bool was_told = false;

    for (unsigned call = 1; call < 12; call++) {
        free(ca.certificates);
        free(ca.accounts);
        ca.certificates = ca.accounts = NULL;
        ca.taken = 0;
        ca.path_count = 0;
        calls_left[fault] = call;
        open_acme(2);
        run_acme(60);
        assert_int_equal(ca.taken + info_of_acme().failures, 1);
        if (info_of_acme().failures > 0) {
            assert_string_not_equal(info_of_acme().why, "");
            was_told = was_told || strstr(info_of_acme().why, why);
            run_acme(120);
        }
        if (ca.taken != 1)
            fail_msg("fault %u, call %u: %s", fault, call, info_of_acme().why);
        calls_left[fault] = 0;
        close_acme();
    }
    assert_true(was_told);
}

static void test_a_provider_that_fails_is_told(void **state)
{
    static struct leat_crypto_ops ops;
    static struct leat_crypto failing;

    (void)state;
    inner = ca.config.crypto->ops;
    ops = *inner;
    ops.private_make = make;
    ops.sign = sign;
    ops.hash_digest = digest;
    ops.private_open = open_key;
    failing = (struct leat_crypto){&ops, ca.config.crypto->self};
    ca.config.crypto = &failing;
    open_tls();
    check_faults(FAULT_MAKE, "the provider of cryptography makes no key");
    check_faults(FAULT_MAKE, "the challenge can't be answered: the provider, or TLS");
    check_faults(FAULT_SIGN, "the challenge can't be answered: the provider, or TLS");
    check_faults(FAULT_DIGEST, "the challenge can't be answered: the provider, or TLS");
    check_faults(FAULT_OPEN, "the challenge can't be answered: the provider, or TLS");
    close_tls();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CA_TEST(test_the_proof_is_served_while_its_challenge_waits),
        CA_TEST(test_a_certificate_with_the_proof_is_shown),
        CA_TEST(test_a_provider_that_fails_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
