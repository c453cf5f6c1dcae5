/* authority.c -- see authority.h. */
#include "authority.h"

#include <leat/crypto_openssl.h>

#include "entropy.h"

struct authority ca;

static const char *const names[] = {"one.test", "two.test", "three.test"};
static struct leat_crypto crypto;
static struct acme_key own;
static uint8_t taken[ACME_NSTATES][ACME_NEVENTS];

/* ---- Certificates ---------------------------------------------------------------------------- */

static void put_time(struct der_out *out, uint64_t civil_s)
{
    const struct leat_civil_date date = leat_civil_date(civil_s * second);
    const uint8_t *const end = out->at;
    char text[80];

    snprintf(text, sizeof text, "%02u%02u%02u%02u%02u%02uZ", date.year % 100u, date.month, date.day,
             date.hour, date.minute, date.second);
    der_put(out, text, strlen(text));
    der_wrap(out, 0x17, end);
}

static void put_extensions(struct der_out *out, unsigned count)
{
    static const uint8_t names_id[] = {0x06, 0x03, 0x55, 0x1d, 0x11},
                         key_id[] = {0x06, 0x03, 0x55, 0x1d, 0x23};
    const uint8_t *const whole = out->at;

    for (unsigned i = count; i-- > 0;) {
        const uint8_t *const end = out->at;

        der_put(out, names[i], strlen(names[i]));
        der_wrap(out, 0x82, end);
    }
    der_wrap(out, 0x30, whole);
    der_wrap(out, 0x04, whole);
    der_put(out, names_id, sizeof names_id);
    der_wrap(out, 0x30, whole);
    const uint8_t *const second_end = out->at;

    der_put(out, "authority", 9);
    der_wrap(out, 0x80, second_end);
    der_wrap(out, 0x30, second_end);
    der_wrap(out, 0x04, second_end);
    der_put(out, key_id, sizeof key_id);
    der_wrap(out, 0x30, second_end);
    der_wrap(out, 0x30, whole);
    der_wrap(out, 0xa3, whole);
}

static void put_key(struct der_out *out, const uint8_t *point)
{
    static const uint8_t p256[] = {0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
                                   0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
    const uint8_t *const end = out->at;

    der_put(out, point, LEAT_CRYPTO_POINT_BYTES);
    der_put(out, "", 1);
    der_wrap(out, 0x03, end);
    der_put(out, p256, sizeof p256);
    der_wrap(out, 0x30, end);
}

/* Writes a certificate for the key that the client has made. */
static void issue(struct text *text)
{
    static const uint8_t algorithm[] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
                                        0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
    static const uint8_t head[] = {0xa0, 0x03, 0x02, 0x01, 0x02, 0x02, 0x02, 0x12, 0x34};
    uint8_t memory[2][2048], signature[LEAT_CRYPTO_SIGNATURE_BYTES_MAX];
    struct der_out out = {memory[0], memory[0] + 2048, memory[0] + 2048, false};
    struct der_out all = {memory[1], memory[1] + 2048, memory[1] + 2048, false};
    const uint64_t now_s = leat_civil_ns(ca.f->world->stacks[CLIENT]) / second;
    const uint8_t *end;
    struct leat_crypto_piece piece;
    size_t len;

    put_extensions(&out, ca.config.name_count - (unsigned)ca.other_name);
    put_key(&out, acme_key_point(ca.other_key ? &own : &ca.acme->key));
    der_put(&out, "\x30", 2); /* no name */
    end = out.at;
    put_time(&out, now_s + ca.lifetime_s);
    put_time(&out, now_s);
    der_wrap(&out, 0x30, end);
    der_put(&out, "\x30", 2);
    der_put(&out, algorithm, sizeof algorithm);
    der_put(&out, head, sizeof head);
    der_wrap(&out, 0x30, out.end);
    piece = leat_crypto_piece_of(out.at, (size_t)(out.end - out.at));
    assert_true(crypto.ops->sign(crypto.self, &own.inside, LEAT_CRYPTO_ECDSA_SECP256R1_SHA256,
                                 &piece, 1, signature, &len));
    der_put(&all, signature, len);
    der_put(&all, "", 1);
    der_wrap(&all, 0x03, all.end);
    der_put(&all, algorithm, sizeof algorithm);
    der_put(&all, out.at, piece.len);
    der_wrap(&all, 0x30, all.end);
    assert_false(out.full || all.full);
    encode_pem(text, "CERTIFICATE", all.at, (size_t)(all.end - all.at));
}

/* ---- Replies --------------------------------------------------------------------------------- */

static void add(const char *words)
{
    strncat(ca.body, words, sizeof ca.body - strlen(ca.body) - 1);
}

static void add_object(const char *status)
{
    add("{\"status\":\"");
    add(status);
    add("\"");
}

static void add_order(void)
{
    char url[80];
    const bool ready = ca.proven >= ca.config.name_count;

    ca.looks++;
    add_object(ca.finalized ? (ca.looks > ca.slow ? "valid" : "processing")
               : ready      ? "ready"
                            : "pending");
    add(",\"finalize\":\"" CA "/finalize\",\"certificate\":\"" CA
        "/certificate\",\"authorizations\":[");
    for (unsigned i = 0; i < ca.config.name_count; i++) {
        snprintf(url, sizeof url, "%s\"" CA "/authz/%u\"", i ? "," : "", i);
        add(url);
    }
    add("]}");
}

static void add_authorization(unsigned i)
{
    char rest[300];

    assert_in_range(i, 0, LEAT_ACME_NAMES_MAX - 1);
    if (ca.answered[i])
        ca.looks++;
    if (ca.answered[i] && ca.looks > ca.slow && ca.proven == i) {
        ca.proven++;
        ca.looks = 0;
    }
    add_object(ca.proven > i ? "valid" : "pending");
    snprintf(
        rest, sizeof rest,
        ",\"identifier\":{\"type\":\"dns\",\"value\":\"%s\"},\"challenges\":[{\"type\":\"dns-01\"},"
        "{\"type\":\"%s\",\"url\":\"" CA
        "/challenge/%u\",\"token\":\"token-of-the-authority-%u\"}]}",
        names[i], ca.challenge, i, i);
    add(rest);
}

/* The challenge's proof must be there before the authority is told. */
static void take_answer(unsigned i)
{
    char expected[100];

    snprintf(expected, sizeof expected, "token-of-the-authority-%u.%s", i, ca.acme->thumbprint);
    assert_string_equal(ca.acme->proof.text, expected);
    ca.answered[i] = true;
    ca.looks = 0;
    add_object("processing");
    add("}");
}

static void add_directory(void)
{
    add("{\"newNonce\":\"" CA "/nonce\",\"newAccount\":\"" CA "/account\",\"newOrder\":\"" CA
        "/order\",\"revokeCert\":\"x\"");
    if (ca.window)
        add(",\"renewalInfo\":\"" CA "/renewal\"");
    add(",\"meta\":{");
    add(ca.meta);
    add("}}");
}

static void new_order(void)
{
    ca.orders++;
    ca.finalized = ca.proven = ca.looks = 0;
    memset(ca.answered, 0, sizeof ca.answered);
    ca.replaced = strstr(ca.acme->call.payload, "\"replaces\":\"YXV0aG9yaXR5.EjQ\"") !=
                  NULL; /* "authority", 0x1234 */
    add_order();
}

/* The right reply to @path. */
static void answer(const char *path)
{
    struct text text = {ca.body, 0, sizeof ca.body - 1};

    if (strcmp(path, "/dir") == 0)
        add_directory();
    else if (strcmp(path, "/account") == 0)
        add("{\"status\":\"valid\"}");
    else if (strcmp(path, "/order") == 0)
        new_order();
    else if (strcmp(path, "/order/1") == 0 ||
             (strcmp(path, "/finalize") == 0 && (ca.finalized = 1) && !(ca.looks = 0)))
        add_order();
    else if (strncmp(path, "/authz/", 7) == 0)
        add_authorization((unsigned)atoi(path + 7));
    else if (strncmp(path, "/challenge/", 11) == 0)
        take_answer((unsigned)atoi(path + 11));
    else if (strncmp(path, "/renewal/", 9) == 0)
        add(ca.window);
    else if (strcmp(path, "/certificate") == 0)
        issue(&text);
    else
        assert_string_equal(path, "/nonce");
}

static bool is_wrong(const char *path)
{
    struct wrong *wrong = &ca.wrong;

    if (!wrong->path || strcmp(path, wrong->path) != 0)
        return false;
    if (wrong->times > 0 && --wrong->times == 0)
        wrong->path = NULL;
    return true;
}

/* ---- The server ------------------------------------------------------------------------------ */

/* Fields of a reply to @path, beside its nonce. */
static const char *fields_of(const char *path)
{
    static char after[40];

    snprintf(after, sizeof after, "Retry-After: %u\r\n", ca.retry_after_s);
    return strcmp(path, "/account") == 0 ? "Location: " CA "/account/1\r\n"
           : strcmp(path, "/order") == 0 ? "Location: " CA "/order/1\r\n"
           : ca.retry_after_s > 0        ? after
                                         : "";
}

static void reply(struct leat_http_exchange *exchange, const char *path, bool is_post)
{
    struct leat_http_head head = {.status = 200, .type = "application/json", .fields = ca.fields};
    const struct wrong wrong = ca.wrong;
    const bool is_bad = is_wrong(path);
    char nonce[40] = "";

    memset(ca.body, 0, sizeof ca.body);
    if (!is_bad && is_post && ca.refuse_nonces > 0) {
        ca.refuse_nonces--;
        head.status = 400;
        add("{\"type\":\"urn:ietf:params:acme:error:badNonce\"}");
    } else if (is_bad) {
        head.status = wrong.status;
        add(wrong.body ? wrong.body : "");
    } else {
        answer(path);
    }
    if (strcmp(path, "/dir") != 0 && !(is_bad && wrong.no_nonce))
        snprintf(nonce, sizeof nonce, "Replay-Nonce: n-%u\r\n", ++ca.nonce);
    snprintf(ca.fields, sizeof ca.fields, "%s%s", nonce,
             !is_bad        ? fields_of(path)
             : wrong.fields ? wrong.fields
                            : "");
    if (is_bad && wrong.cut)
        leat_http_abort(exchange);
    else
        leat_http_answer(exchange, &head, ca.body, (uint32_t)strlen(ca.body));
}

static void on_body(struct leat_http_exchange *exchange, void *arg)
{
    struct leat_buf *data = leat_http_receive(exchange, UINT32_MAX);
    const uint32_t len = leat_buf_total(data);
    const char *path;
    char text[256];
    size_t path_len;

    (void)arg;
    leat_http_consumed(exchange, len);
    leat_buf_free(data);
    if (!leat_http_body_over(exchange))
        return;
    path = leat_http_request_path(exchange, &path_len);
    snprintf(text, sizeof text, "%.*s", (int)path_len, path);
    assert_in_range(ca.path_count, 0, PATHS_MAX - 1);
    snprintf(ca.paths[ca.path_count++], sizeof ca.paths[0], "%.60s", text);
    reply(exchange, text, leat_http_request_method(exchange) == LEAT_HTTP_POST);
}

static void on_request(struct leat_http_exchange *exchange, void *arg)
{
    (void)exchange;
    (void)arg;
}

/* ---- The program ----------------------------------------------------------------------------- */

static char **kept_place(const char *name)
{
    return strcmp(name, LEAT_ACME_ACCOUNT) == 0 ? &ca.accounts : &ca.certificates;
}

static void get(void *context, struct leat_acme *acme, const char *name, void *to, size_t room)
{
    const char *value = *kept_place(name);
    const bool fails = ca.get_err && !(ca.reads_account && value == ca.accounts);

    (void)context;
    if (value && !fails) {
        assert_in_range(strlen(value), 1, room);
        memcpy(to, value, strlen(value));
    }
    leat_acme_kept(acme,
                   fails   ? ca.get_err
                   : value ? LEAT_OK
                           : LEAT_ERR_NOT_FOUND,
                   value ? strlen(value) : 0);
}

static void put(void *context, struct leat_acme *acme, const char *name, const void *value,
                size_t len)
{
    char **place = kept_place(name);
    const bool fails = ca.put_err && !(ca.keeps_account && place == &ca.accounts);

    (void)context;
    if (!fails) {
        free(*place);
        *place = strndup(value, len);
    }
    leat_acme_kept(acme, fails ? ca.put_err : LEAT_OK, 0);
}

static const char *take_certificate(void *arg, const char *pem, size_t len)
{
    static uint8_t der[4096];
    struct leat_tls_identity identity;

    (void)arg;
    assert_int_equal(
        leat_tls_identity_read(&identity, &crypto, pem, len, pem, len, der, sizeof der), LEAT_OK);
    leat_tls_identity_close(&identity, &crypto);
    ca.taken++;
    return ca.refuses;
}

static void on_line(void *arg, const char *line)
{
    (void)arg;
    snprintf(ca.line, sizeof ca.line, "%s", line);
}

static void watch(void *arg, uint8_t from, uint8_t event, uint8_t to)
{
    (void)arg;
    taken[from][event] = to;
}

void open_acme(unsigned count)
{
    struct leat *stack = ca.f->world->stacks[CLIENT];

    ca.config.name_count = (uint8_t)count;
    assert_int_equal(leat_acme_open(&ca.acme, stack, (char *)ca.memory + 1,
                                    leat_acme_memory_bytes(), &ca.config),
                     LEAT_OK);
    ca.acme->on_transition = watch;
}

void close_acme(void)
{
    if (ca.acme)
        leat_acme_close(ca.acme);
    ca.acme = NULL;
}

void run_acme(uint64_t limit_s)
{
    const struct leat_acme_info before = info_of_acme();
    const unsigned had = ca.taken;

    for (uint64_t i = 0;
         i < 2 * limit_s && ca.taken == had && info_of_acme().failures == before.failures; i++)
        world_wait(ca.f->world, 500 * ms);
}

unsigned asked(const char *path)
{
    unsigned count = 0;

    for (unsigned i = 0; i < ca.path_count; i++)
        count += strncmp(ca.paths[i], path, strlen(path)) == 0;
    return count;
}

struct leat_acme_info info_of_acme(void)
{
    struct leat_acme_info info;

    leat_acme_get_info(ca.acme, &info);
    return info;
}

int set_up_authority(void **state)
{
    static const struct leat_http_route route = {.path = "/",
                                                 .methods = LEAT_HTTP_GET | LEAT_HTTP_POST,
                                                 .below = true,
                                                 .on_request = on_request,
                                                 .on_body = on_body};
    const struct leat_http_server_config server = {
        .routes = &route, .route_count = 1, .clients = 4};
    const struct leat_http_client_config config = {.connections = 2};
    static uint64_t random;

    memset(&ca, 0, sizeof ca);
    open_client_with(state, &server, &config);
    random = 1;
    assert_int_equal(leat_crypto_openssl_open(&crypto, known_entropy, &random), LEAT_OK);
    assert_true(acme_key_make(&own, &crypto));
    ca.f = *state;
    ca.memory = malloc(leat_acme_memory_bytes() + 1);
    ca.meta = "";
    ca.challenge = "http-01";
    ca.lifetime_s = 90 * DAY_S;
    ca.config = (struct leat_acme_config){.crypto = &crypto,
                                          .client = client,
                                          .directory = CA "/dir",
                                          .names = names,
                                          .keep = {get, put, NULL},
                                          .on_certificate = take_certificate,
                                          .on_line = on_line};
    world_wait(ca.f->world, ms);
    leat_civil_set(ca.f->world->stacks[CLIENT], CIVIL_S * second);
    return 0;
}

int tear_down_authority(void **state)
{
    close_acme();
    free(ca.memory);
    free(ca.accounts);
    free(ca.certificates);
    acme_key_close(&own, &crypto);
    world_wait(ca.f->world, 60 * second);
    close_client(state);
    leat_crypto_openssl_close(&crypto);
    return 0;
}

/* ---- Transitions ----------------------------------------------------------------------------- */

int check_transitions(void **state)
{
    static const struct {
        const char *name;
        uint8_t from, event, to;
    } lines[] = {
#define ACME_TRANSITION(from, event, to, actions)                                                  \
    {#from " + " #event, ACME_##from, ACME_##event, ACME_##to},
#include "acme_cover.inc"
#undef ACME_TRANSITION
    };
    int missing = 0;

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        if (taken[lines[i].from][lines[i].event] != lines[i].to) {
            print_error("no test takes %s\n", lines[i].name);
            missing++;
        }
    }
    return missing;
}
