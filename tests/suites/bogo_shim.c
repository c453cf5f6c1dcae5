/*
 * bogo_shim.c -- leat under BoringSSL's test runner (ssl/test/runner, PORTING.md there).
 *
 * Connects to the runner, and is client or server of TLS as the flags say. Returns data with all
 * bits flipped. Exits with 0 if the session was as expected.
 */
#include "bogo_flags.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <leat/leat.h>
#include <leat/tls.h>

#include "tls/tls.h"

enum {
    WAIT_MS = 100,
    LIMIT_S = 25, /* the runner itself waits for 15 s */
    CHUNK = 512,  /* BoringSSL's shim reads so much at a time */
    PROTOCOLS = 8,
    EARLY_BYTES = 14336 /* as BoringSSL */
};

static const char greeting[] = "hello";

/* One session, and what the program has seen of it. */
struct exchange {
    const struct bogo_config *config;
    struct leat_stream session;
    struct leat_tls_info info; /* when it was opened, or when it ended */
    uint64_t retried_before, tickets_before;
    enum leat_err why;
    size_t owed; /* bytes of 0x42 to send */
    bool resume, open, closed, clean;
    bool mismatch; /* a result that isn't the expected one */
};

static struct suite_host host;
static struct suite_wire wire;
static struct bogo_config configs[BOGO_PHASES];
static struct exchange exchange;
static struct leat_tls *tls;
static struct leat_tls_identity identity;
static struct leat_tls_ticket ticket;
static const char *protocols[PROTOCOLS];
static char protocol_text[PROTOCOLS][LEAT_TLS_PROTOCOL_BYTES];
static unsigned protocol_count;
static const char *identity_names[1];

static void mismatch(const char *what)
{
    fprintf(stderr, "not as expected: %s\n", what);
    exchange.mismatch = true;
}

static void expect(bool condition, const char *what)
{
    if (!condition)
        mismatch(what);
}

/* ---- Data ------------------------------------------------------------------------------------ */

static void flip(struct leat_buf *data)
{
    for (; data; data = data->next)
        for (uint32_t i = 0; i < data->len; i++)
            data->data[i] ^= 0xff;
}

static void send_owed(void)
{
    static uint8_t bytes[32769];
    size_t taken = 1;

    memset(bytes, 0x42, sizeof bytes);
    while (exchange.owed > 0 && taken > 0) {
        const size_t part = exchange.owed < sizeof bytes ? exchange.owed : sizeof bytes;

        if (leat_stream_write(&exchange.session, bytes, part, &taken))
            break;
        exchange.owed -= taken;
    }
}

/* Returns what has come, as far as there is room. */
static void echo(struct leat_buf *(*receive)(const struct leat_stream *stream, uint32_t bytes_max))
{
    const uint64_t read_size = exchange.config->read_size;
    const uint32_t chunk = read_size > 0 ? (uint32_t)read_size : CHUNK;

    while (!exchange.config->shuts_down) {
        const bool has_room = !exchange.open || leat_stream_send_room(&exchange.session) > chunk;
        struct leat_buf *data = has_room ? receive(&exchange.session, chunk) : NULL;
        uint32_t len;

        if (!data)
            return;
        len = leat_buf_total(data);
        flip(data);
        if (exchange.config->key_update) {
            tls_event(exchange.session.end, TLS_key_is_worn);
            tls_flush(exchange.session.end);
        }
        if (leat_stream_send(&exchange.session, data))
            mismatch("data can't be sent");
        leat_stream_consumed(&exchange.session, len);
    }
}

static void on_early(void *arg)
{
    (void)arg;
    echo(leat_tls_receive_early);
}

static void serve_data(struct leat_tcp *conn, void *arg)
{
    (void)conn;
    (void)arg;
    send_owed();
    if (exchange.open)
        echo(leat_stream_receive);
    if (leat_stream_at_end(&exchange.session)) {
        exchange.clean = true;
        leat_stream_shutdown(&exchange.session);
    }
}

/* ---- Expectations ---------------------------------------------------------------------------- */

static void expect_number(uint64_t wanted, uint64_t have, const char *what)
{
    expect(wanted == 0 || wanted == have, what);
}

static void check_open(const struct bogo_config *config)
{
    const struct leat_tls_info *info = &exchange.info;
    const bool retried = leat_tls_counts(tls)->retried > exchange.retried_before;

    expect_number(config->expect_curve, info->group, "the group");
    expect_number(config->expect_cipher, info->suite, "the suite");
    expect_number(config->server || info->resumed ? 0 : config->expect_scheme, info->scheme,
                  "the scheme");
    expect(!config->expect_hrr || retried, "no HelloRetryRequest");
    expect(!config->expect_no_hrr || !retried, "a HelloRetryRequest");
    expect(!config->expect_alpn || strcmp(config->expect_alpn, info->protocol) == 0,
           "the protocol");
    if (exchange.resume)
        expect(info->resumed != config->expect_session_miss, "resumed or not");
}

static void check_early(const struct bogo_config *config, bool was_offered)
{
    if (config->expect_early_accepted)
        expect(config->server ? exchange.info.early_bytes > 0 : was_offered, "no early data");
    if (config->expect_early_refused || config->expect_early_not_offered)
        expect(exchange.info.early_bytes == 0, "early data was taken");
}

static void check_ticket(const struct bogo_config *config)
{
    const bool got = leat_tls_counts(tls)->tickets_kept > exchange.tickets_before;
    const bool wanted = !config->expect_no_session && !config->no_ticket;

    if (config->server || config->shuts_down)
        return;
    expect(got == wanted, got ? "a ticket" : "no ticket");
    if (got && wanted)
        expect((ticket.early_bytes > 0) == config->expect_ticket_early, "early data of the ticket");
}

/* ---- A session ------------------------------------------------------------------------------- */

static void write_first(size_t from)
{
    size_t taken;

    expect(leat_stream_write(&exchange.session, greeting + from, sizeof greeting - 1 - from,
                             &taken) == LEAT_OK &&
               taken == sizeof greeting - 1 - from,
           "the greeting can't be sent");
}

static void on_open(struct leat_tcp *conn, void *arg)
{
    static const size_t sizes[] = {0, 1, 255, 256, 257, 16383, 16384, 16385, 32767, 32768, 32769};
    const struct bogo_config *config = exchange.config;

    (void)conn;
    (void)arg;
    exchange.open = true;
    leat_tls_get_info(&exchange.session, &exchange.info);
    check_early(config, exchange.info.early_bytes > 0);
    if (!config->server && exchange.resume && config->expect_early_refused)
        exchange.config = config = &configs[BOGO_RETRY];
    check_open(config);
    if (config->varied_sizes)
        for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++)
            exchange.owed += sizes[i];
    send_owed();
    if (config->writes_first && exchange.info.early_bytes < sizeof greeting - 1)
        write_first(config->server ? 0 : exchange.info.early_bytes);
    if (config->shuts_down)
        leat_stream_shutdown(&exchange.session);
}

static void on_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    (void)conn;
    (void)arg;
    exchange.closed = true;
    exchange.why = why;
    leat_tls_get_info(&exchange.session, &exchange.info);
}

static const struct leat_tcp_events events = {.on_open = on_open,
                                              .on_readable = serve_data,
                                              .on_writable = serve_data,
                                              .on_closed = on_closed};

static int connect_to_runner(const struct bogo_config *config)
{
    const struct sockaddr_in6 six = {.sin6_family = AF_INET6,
                                     .sin6_port = htons((uint16_t)config->port),
                                     .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    const struct sockaddr_in four = {.sin_family = AF_INET,
                                     .sin_port = htons((uint16_t)config->port),
                                     .sin_addr = {htonl(INADDR_LOOPBACK)}};
    const int made = socket(config->ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0);
    uint8_t name[8];

    suite_demand(made >= 0, "no socket");
    suite_demand(
        connect(made, config->ipv6 ? (const struct sockaddr *)&six : (const struct sockaddr *)&four,
                config->ipv6 ? sizeof six : sizeof four) == 0,
        "the runner doesn't listen");
    for (unsigned i = 0; i < sizeof name; i++)
        name[i] = (uint8_t)(config->shim_id >> 8 * i);
    suite_demand(write(made, name, sizeof name) == sizeof name, "the runner doesn't read");
    return made;
}

/* Ends the session if the runner has gone, so that on_closed comes. */
static void run_session(void)
{
    const time_t end = time(NULL) + LIMIT_S;

    while (!exchange.closed && time(NULL) < end) {
        suite_serve(&host, &wire, 1, -1, WAIT_MS);
        if (suite_wire_is_over(&wire) && !exchange.closed)
            leat_stream_abort(&exchange.session);
    }
    suite_demand(exchange.closed, "the session doesn't end");
    suite_serve(&host, &wire, 1, -1, 0);
}

/* Reads until the runner has closed, so that it can read our last bytes. */
static void drain(void)
{
    uint8_t bytes[CHUNK];

    shutdown(wire.socket, SHUT_WR);
    for (unsigned waits = 0; waits < 2000; waits++) {
        const ssize_t len = recv(wire.socket, bytes, sizeof bytes, MSG_DONTWAIT);

        if (len == 0)
            break;
        if (len < 0)
            usleep(1000);
    }
    suite_wire_close(&wire);
}

static struct leat_tls_client client_of(const struct bogo_config *config)
{
    static const struct leat_tls_pin nothing;
    struct leat_tls_client client = {.name = config->host_name,
                                     .anybody = true, /* the runner makes its own certificates */
                                     .protocols = protocols,
                                     .protocol_count = (uint16_t)protocol_count};

    if (config->verify_fail) { /* no key has this digest */
        client.pins = &nothing;
        client.pin_count = 1;
    }
    if (!config->no_ticket)
        client.ticket = &ticket;
    if (config->writes_first && config->early_data) {
        client.early = greeting;
        client.early_len = sizeof greeting - 1;
    }
    return client;
}

static void set_protocols(const struct bogo_config *config)
{
    const char *at = config->advertise_alpn;

    protocol_count = 0;
    if (config->server && config->select_alpn)
        protocols[protocol_count++] = config->select_alpn;
    else if (config->server && config->reject_alpn)
        protocols[protocol_count++] = "none of them";
    for (; !config->server && at && *at; at += 1 + *at) {
        suite_demand(protocol_count<PROTOCOLS && * at> 0 && *at < LEAT_TLS_PROTOCOL_BYTES,
                     "protocols that don't fit");
        memcpy(protocol_text[protocol_count], at + 1, (size_t)*at);
        protocol_text[protocol_count][(size_t)*at] = '\0';
        protocols[protocol_count] = protocol_text[protocol_count];
        protocol_count++;
    }
}

/* True: the session was as the flags expect. */
static bool exchange_with_runner(const struct bogo_config *config, bool resume)
{
    const struct leat_tls_counts *counts = leat_tls_counts(tls);
    const struct leat_tls_client client = client_of(config);
    struct leat_stream below;
    enum leat_err err;

    exchange = (struct exchange){.config = config,
                                 .resume = resume,
                                 .retried_before = counts->retried,
                                 .tickets_before = counts->tickets_kept};
    suite_wire_open(&wire, &host, connect_to_runner(config));
    below = pipe_stream(&wire.ends[0]);
    err = config->server ? leat_tls_accept(tls, &below, &exchange.session)
                         : leat_tls_connect(tls, &below, &client, &exchange.session);
    suite_demand(err == LEAT_OK, leat_err_text(err));
    leat_stream_set_events(&exchange.session, &events, NULL);
    run_session();
    drain();
    if (!exchange.open || (exchange.why != LEAT_OK &&
                           (exchange.why != LEAT_ERR_CUT_SHORT || config->check_close_notify))) {
        fprintf(stderr, "%s: %s\n", leat_err_text(exchange.why), exchange.info.why);
        return false;
    }
    check_ticket(exchange.config);
    return !exchange.mismatch;
}

/* ---- The process ----------------------------------------------------------------------------- */

static void read_identity(const struct bogo_config *config)
{
    static uint8_t der[65536];
    size_t key_len = 0, chain_len = 0;
    char *key = suite_read_file(config->key_file, &key_len);
    char *chain = suite_read_file(config->cert_file, &chain_len);
    enum leat_err err;

    suite_demand(key && chain, "no certificate or key");
    err = leat_tls_identity_read(&identity, &host.crypto, chain, chain_len, key, key_len, der,
                                 sizeof der);
    free(key);
    free(chain);
    if (err == LEAT_ERR_UNSUPPORTED) {
        fprintf(stderr, "a key of this kind: %s\n", leat_err_text(err));
        exit(BOGO_UNIMPLEMENTED);
    }
    suite_demand(err == LEAT_OK, leat_err_text(err));
    if (config->server_name) {
        identity_names[0] = config->server_name;
        identity.names = identity_names;
        identity.name_count = 1;
    }
}

/* Cases for other versions aren't for leat. */
static void check_versions(const struct bogo_config *config)
{
    enum {
        TLS_1_3 = 0x0304
    };

    if ((config->max_version > 0 && config->max_version < TLS_1_3) ||
        (config->expect_version > 0 && config->expect_version != TLS_1_3) ||
        config->min_version > TLS_1_3) {
        fputs("not implemented: another version than TLS 1.3\n", stderr);
        exit(BOGO_UNIMPLEMENTED);
    }
    if (!config->server && config->key_file) {
        fputs("not implemented: certificates of clients\n", stderr);
        exit(BOGO_UNIMPLEMENTED);
    }
    if (config->server && config->verify_peer) {
        fputs("not implemented: certificates of clients\n", stderr);
        exit(BOGO_UNIMPLEMENTED);
    }
}

static void *open_tls(const struct bogo_config *first)
{
    static const struct leat_tls_identity *const identities[] = {&identity};
    const struct leat_tls_config config = {.crypto = &host.crypto,
                                           .identities = identities,
                                           .identity_count = first->server ? 1 : 0,
                                           .protocols = protocols,
                                           .protocol_count = (uint16_t)protocol_count,
                                           .server_message_bytes = 65535,
                                           .client_message_bytes = 65535,
                                           .no_tickets = first->no_ticket,
                                           .early = &leat_tls_early,
                                           .early_bytes =
                                               first->server && first->early_data ? EARLY_BYTES : 0,
                                           .on_early = on_early,
                                           .civil_time_s = suite_civil_s,
                                           .arg = &host};
    const size_t bytes = leat_tls_memory_bytes(&config);
    void *memory = malloc(bytes);
    enum leat_err err;

    suite_demand(memory != NULL, "no memory");
    err = leat_tls_open(&tls, host.stack, memory, bytes, &config);
    if (err == LEAT_ERR_ARGUMENT) { /* none of the groups or schemes of the flags */
        fputs("not implemented: groups or schemes\n", stderr);
        exit(BOGO_UNIMPLEMENTED);
    }
    suite_demand(err == LEAT_OK, leat_err_text(err));
    tls->early_from_ns = 1; /* as if it had run for ten seconds, after which it takes early data */
    return memory;
}

int main(int count, char **words)
{
    const struct bogo_config *first = &configs[BOGO_INITIAL];
    bool good = true;
    void *memory;

    bogo_flags_read(configs, count, words);
    check_versions(first);
    check_versions(&configs[BOGO_RESUME]);
    host.limits = first->limits;
    suite_open(&host, first->bearssl);
    if (first->server)
        read_identity(first);
    set_protocols(first);
    memory = open_tls(first);
    for (uint64_t i = 0; good && i <= first->resume_count; i++) {
        const struct bogo_config *config = &configs[i > 0 ? BOGO_RESUME : BOGO_INITIAL];

        if (i > 0)
            host.ahead_s += config->resumption_delay_s;
        set_protocols(config);
        tls->config.no_tickets = config->no_ticket; /* a flag of one phase, too */
        good = exchange_with_runner(config, i > 0);
    }
    leat_tls_close(tls);
    free(memory);
    leat_tls_identity_close(&identity, &host.crypto);
    suite_close(&host);
    return good ? 0 : 1;
}
