/* tls_test.c -- client and server of TLS on a pipe. */
#include "tls_test.h"

#include "entropy.h"
#include "keys.h"

static uint64_t civil_time(void *arg)
{
    return ((struct fixture *)arg)->civil_s;
}

static void on_secret(const char *line, void *arg)
{
    struct fixture *f = arg;

    if (f->secret_count == 8)
        f->secret_count = 0;
    strcpy(f->secrets[f->secret_count++], line);
}

/* ---- The program at an end ------------------------------------------------------------------- */

static void on_open(struct leat_tcp *conn, void *arg)
{
    struct user *user = arg;

    (void)conn;
    assert_false(user->open);
    user->open = true;
    leat_tls_get_info(&user->stream, &user->info);
}

static void on_readable(struct leat_tcp *conn, void *arg)
{
    struct user *user = arg;
    struct leat_buf *data;

    (void)conn;
    assert_true(user->open);
    while (!user->hold && (data = leat_stream_receive(&user->stream, 5000)) != NULL) {
        const uint32_t len = leat_buf_total(data);

        assert_true(user->have + len <= HEARD_BYTES);
        leat_buf_read(data, 0, user->bytes + user->have, len);
        user->have += len;
        leat_buf_free(data);
        leat_stream_consumed(&user->stream, len);
    }
    user->ended = leat_stream_at_end(&user->stream);
}

static void on_writable(struct leat_tcp *conn, void *arg)
{
    (void)conn;
    ((struct user *)arg)->writable++;
}

static void on_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    struct user *user = arg;

    (void)conn;
    assert_false(user->closed);
    user->closed = true;
    user->why = why;
    leat_tls_get_info(&user->stream, &user->info);
}

const struct leat_tcp_events user_events = {.on_open = on_open,
                                            .on_readable = on_readable,
                                            .on_writable = on_writable,
                                            .on_closed = on_closed};

/* ---- Set up ---------------------------------------------------------------------------------- */

static void read_identity(struct fixture *f, unsigned i, const char *certificate, const char *key)
{
    assert_int_equal(leat_tls_identity_read(&f->identities[i], &f->crypto, certificate,
                                            strlen(certificate), key, strlen(key), f->der[i],
                                            sizeof f->der[i]),
                     LEAT_OK);
    f->list[i] = &f->identities[i];
}

int set_up(void **state)
{
    static uint64_t seed;
    struct fixture *f = calloc(1, sizeof *f);

    seed = 1;
    f->world = world_create();
    assert_int_equal(leat_crypto_openssl_open(&f->crypto, known_entropy, &seed), LEAT_OK);
    assert_int_equal(f->crypto.ops->anchors_open(f->crypto.self, &f->anchors, authority_pem,
                                                 strlen(authority_pem), NULL, 0),
                     LEAT_OK);
    read_identity(f, EC, ec_pem, ec_key);
    read_identity(f, RSA, rsa_pem, rsa_key);
    f->civil_s = CIVIL_S;
    f->client = (struct leat_tls_client){.name = "leat.test", .anchors = &f->anchors};
    for (unsigned i = 0; i < 2; i++) {
        f->config[i] = (struct leat_tls_config){.crypto = &f->crypto,
                                                .early = &leat_tls_early,
                                                .civil_time_s = civil_time,
                                                .on_secret = on_secret,
                                                .arg = f};
        f->users[i] = calloc(1, sizeof *f->users[i]);
    }
    f->config[SERVER].identities = f->list;
    f->config[SERVER].identity_count = 1;
    *state = f;
    return 0;
}

static void on_transition(void *arg, uint8_t state, uint8_t event, uint8_t next)
{
    ((struct fixture *)arg)->taken[state][event] = next;
}

void begin(struct fixture *f, uint32_t capacity)
{
    struct leat *stack = f->world->stacks[SERVER];

    for (unsigned i = 0; i < 2; i++) {
        const size_t bytes = leat_tls_memory_bytes(&f->config[i]);

        f->memory[i] = malloc(bytes + 1);
        assert_int_equal(leat_tls_open(&f->tls[i], stack, f->memory[i], bytes - 1, &f->config[i]),
                         LEAT_ERR_MEMORY);
        assert_int_equal(leat_tls_open(&f->tls[i], stack, f->memory[i], bytes + 1, &f->config[i]),
                         LEAT_OK);
        f->tls[i]->on_transition = on_transition;
        f->tls[i]->watcher = f;
    }
    pipe_open(f->ends, stack, capacity);
}

void shake(struct fixture *f)
{
    const struct leat_stream server = pipe_stream(&f->ends[SERVER]);
    const struct leat_stream client = pipe_stream(&f->ends[CLIENT]);

    assert_int_equal(leat_tls_accept(f->tls[SERVER], &server, &f->users[SERVER]->stream), LEAT_OK);
    assert_int_equal(
        leat_tls_connect(f->tls[CLIENT], &client, &f->client, &f->users[CLIENT]->stream), LEAT_OK);
    for (unsigned i = 0; i < 2; i++)
        leat_stream_set_events(&f->users[i]->stream, &user_events, f->users[i]);
}

struct tls_session *accept_ready(struct fixture *f)
{
    const struct leat_stream server = pipe_stream(&f->ends[SERVER]);
    struct tls_session *session;

    assert_int_equal(leat_tls_accept(f->tls[SERVER], &server, &f->users[SERVER]->stream), LEAT_OK);
    session = session_of(f, SERVER);
    session->record_type = WIRE_TLS_HANDSHAKE;
    assert_true(tls_handshake_is_ready(session));
    return session;
}

void open_both(struct fixture *f, uint32_t capacity)
{
    begin(f, capacity);
    shake(f);
    assert_true(world_run(f->world, &f->users[SERVER]->open, 5 * second));
    assert_true(world_run(f->world, &f->users[CLIENT]->open, 5 * second));
}

struct tls_session *session_of(const struct fixture *f, unsigned end)
{
    return f->users[end]->stream.end;
}

/* ---- Data ------------------------------------------------------------------------------------ */

static uint8_t pattern_at(size_t i)
{
    return (uint8_t)(i * 31 + (i >> 8));
}

void send_pattern(struct fixture *f, unsigned from, size_t len, size_t step)
{
    struct user *to = f->users[1 - from];
    uint8_t *bytes = malloc(len);
    size_t sent = 0, taken;
    const bool never = false;

    for (size_t i = 0; i < len; i++)
        bytes[i] = pattern_at(i);
    to->have = 0;
    for (unsigned turns = 0; sent < len && turns < 100000; turns++) {
        const size_t part = len - sent < step ? len - sent : step;

        leat_stream_write(&f->users[from]->stream, bytes + sent, part, &taken);
        sent += taken;
        if (taken < part)
            world_run(f->world, &never, ms);
    }
    assert_int_equal(sent, len);
    for (unsigned i = 0; to->have < len && i < 20000; i++)
        world_run(f->world, &never, ms);
    assert_int_equal(to->have, len);
    assert_memory_equal(to->bytes, bytes, len);
    free(bytes);
}

void wait_s(struct fixture *f, uint64_t seconds)
{
    world_wait(f->world, seconds * second);
}

void say(struct fixture *f, unsigned from, const char *text)
{
    size_t taken;

    assert_int_equal(leat_stream_write(&f->users[from]->stream, text, strlen(text), &taken),
                     LEAT_OK);
    assert_int_equal(taken, strlen(text));
    world_wait(f->world, 10 * ms);
}

void expect_end(struct fixture *f, unsigned end, enum leat_err why)
{
    assert_true(world_run(f->world, &f->users[end]->closed, 60 * second));
    if (f->users[end]->why != why)
        fail_msg("%s: %s", leat_err_text(f->users[end]->why), f->users[end]->info.why);
}

void leave(struct fixture *f)
{
    for (unsigned i = 0; i < 2; i++)
        if (!f->users[i]->closed)
            leat_stream_shutdown(&f->users[i]->stream);
    for (unsigned i = 0; i < 2; i++)
        expect_end(f, i, LEAT_OK);
}

/* ---- Sessions by tickets --------------------------------------------------------------------- */

void use_ticket(struct fixture *f)
{
    memset(&f->ticket, 0, sizeof f->ticket);
    f->client.ticket = &f->ticket;
}

void shake_again(struct fixture *f)
{
    world_wait(f->world, second); /* timers of the pipe */
    pipe_open(f->ends, f->world->stacks[SERVER], 1 << 18);
    memset(f->users[0], 0, sizeof *f->users[0]);
    memset(f->users[1], 0, sizeof *f->users[1]);
    f->secret_count = 0;
    shake(f);
}

void expect_talk(struct fixture *f, bool resumed)
{
    assert_true(world_run(f->world, &f->users[SERVER]->open, 5 * second));
    assert_true(world_run(f->world, &f->users[CLIENT]->open, 5 * second));
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(f->users[i]->info.resumed, resumed);
        assert_int_equal(f->users[i]->info.scheme == 0, resumed);
    }
    say(f, CLIENT, "question");
    say(f, SERVER, "answer");
    assert_int_equal(f->users[SERVER]->have, 8);
    assert_int_equal(f->users[CLIENT]->have, 6);
}

void open_first(struct fixture *f)
{
    use_ticket(f);
    begin(f, 1 << 18);
    shake(f);
    expect_talk(f, false);
    assert_true(f->ticket.identity_len > 0);
    leave(f);
}

void open_next(struct fixture *f, bool resumed)
{
    shake_again(f);
    expect_talk(f, resumed);
    leave(f);
}

uint64_t refused(const struct fixture *f)
{
    return leat_tls_counts(f->tls[SERVER])->tickets_refused;
}

static bool is_whole(const struct leat_tls *tls, const struct leat_tls_config *config)
{
    unsigned sessions = 0;

    for (const struct tls_session *at = tls->free_session; at; at = at->next_free)
        sessions++;
    (void)config;
    return sessions == tls->session_count;
}

int tear_down(void **state)
{
    struct fixture *f = *state;

    for (unsigned i = 0; i < 2; i++) {
        if (f->tls[i] && f->users[i]->closed)
            assert_true(is_whole(f->tls[i], &f->config[i]));
        if (f->tls[i])
            leat_tls_close(f->tls[i]);
    }
    world_wait(f->world, second);
    for (unsigned i = 0; i < 2; i++) {
        free(f->memory[i]);
        free(f->users[i]);
        leat_tls_identity_close(&f->identities[i], &f->crypto);
    }
    f->crypto.ops->anchors_close(f->crypto.self, &f->anchors);
    leat_crypto_openssl_close(&f->crypto);
    world_destroy(f->world);
    free(f);
    return 0;
}

struct wire_tls_client_offer least_offer(const uint8_t *share, uint32_t share_len)
{
    static const uint16_t suites[] = {WIRE_TLS_AES_128_GCM}, groups[] = {LEAT_CRYPTO_X25519},
                          schemes[] = {LEAT_CRYPTO_ECDSA_SECP256R1_SHA256};
    static const uint8_t zeros[WIRE_TLS_RANDOM];

    return (struct wire_tls_client_offer){.random = zeros,
                                          .suites = suites,
                                          .suite_count = 1,
                                          .groups = groups,
                                          .group_count = 1,
                                          .schemes = schemes,
                                          .scheme_count = 1,
                                          .share_group = LEAT_CRYPTO_X25519,
                                          .share = {share, share_len},
                                          .record_size_limit = 1000};
}

void say_first_hello(struct fixture *f, struct pipe_end ends[2], struct leat_stream *session)
{
    static const uint8_t share[32] = {9}; /* the base point */
    const struct wire_tls_client_offer offer = least_offer(share, sizeof share);
    uint8_t bytes[400] = {22, 3, 1};
    struct wire_tls_out out = {bytes + 5, bytes + sizeof bytes, false};
    const struct leat_stream server = pipe_stream(&ends[SERVER]);
    const struct leat_stream client = pipe_stream(&ends[CLIENT]);
    size_t taken;

    wire_tls_client_hello_write(&out, &offer);
    assert_false(out.full);
    bytes[4] = (uint8_t)(out.at - bytes - 5);
    assert_int_equal(leat_tls_accept(f->tls[SERVER], &server, session), LEAT_OK);
    assert_int_equal(leat_stream_write(&client, bytes, (size_t)(out.at - bytes), &taken), LEAT_OK);
    world_wait(f->world, 10 * ms);
}
