/*
 * tls_early.c -- a server that accepts early data: CERTIFICATE KEY.
 *
 * Answers a line by "early: LINE" if it came before the end of its handshake, else by "late: LINE",
 * and closes the session. Prints its counters after each session.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <leat/crypto_openssl.h>
#include <leat/tls.h>

#include "example.h"

enum {
    EARLY_BYTES = 16384,
    PLACES = 8,
    LINE_BYTES = 200
};

/* A session. */
struct place {
    struct leat_stream session;
    bool used, open, answered;
    char line[LINE_BYTES];
    size_t have;
};

static struct server {
    struct leat_platform *platform;
    struct leat_crypto crypto;
    struct leat_tls_identity identity;
    const struct leat_tls_identity *identities[1];
    struct leat_tls *tls;
    struct leat_tcp_listener *listener;
    unsigned char certificates[16384];
    struct place places[PLACES];
} server;

static enum leat_err entropy(void *arg, void *bytes, size_t len)
{
    struct leat_host *host = arg;

    return host->entropy(host, bytes, len);
}

static void leave_if_said(struct place *place)
{
    if (place->open && place->answered)
        leat_stream_shutdown(&place->session);
}

/* Receives all data, and answers the first line. */
static void hear(struct place *place, bool early)
{
    struct leat_buf *data;
    char answer[LINE_BYTES + 8];
    size_t taken;

    while ((data = early ? leat_tls_receive_early(&place->session, 4096)
                         : leat_stream_receive(&place->session, 4096)) != NULL) {
        const uint32_t len = leat_buf_total(data);

        place->have += leat_buf_read(data, 0, (uint8_t *)place->line + place->have,
                                     (uint32_t)(LINE_BYTES - 1 - place->have));
        leat_buf_free(data);
        leat_stream_consumed(&place->session, len);
    }
    if (!strchr(place->line, '\n') || place->answered)
        return;
    *strchr(place->line, '\n') = '\0';
    snprintf(answer, sizeof answer, "%s: %s\n", early ? "early" : "late", place->line);
    leat_stream_write(&place->session, answer, strlen(answer), &taken);
    place->answered = true;
    leave_if_said(place);
}

static void on_early(void *arg)
{
    hear(arg, true);
}

static void on_open(struct leat_tcp *conn, void *arg)
{
    struct place *place = arg;

    (void)conn;
    place->open = true;
    leave_if_said(place);
}

static void on_readable(struct leat_tcp *conn, void *arg)
{
    (void)conn;
    hear(arg, false);
}

static void on_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    const struct leat_tls_counts *counts = leat_tls_counts(server.tls);
    struct place *place = arg;
    char line[128];

    (void)conn;
    (void)why;
    snprintf(line, sizeof line, "over: taken %llu, refused %llu, repeated %llu",
             (unsigned long long)counts->early_taken, (unsigned long long)counts->early_refused,
             (unsigned long long)counts->early_repeated);
    server.platform->say(server.platform, line);
    memset(place, 0, sizeof *place);
}

static const struct leat_tcp_events events = {
    .on_open = on_open, .on_readable = on_readable, .on_closed = on_closed};

static void accept_all(struct leat_tcp_listener *listener, void *arg)
{
    static const struct leat_tcp_events nothing;
    struct leat_tcp *conn;

    (void)arg;
    while ((conn = leat_tcp_accept(listener, &nothing, NULL)) != NULL) {
        const struct leat_stream below = leat_stream_of_tcp(conn);
        unsigned i = 0;

        while (i < PLACES && server.places[i].used)
            i++;
        if (i == PLACES || leat_tls_accept(server.tls, &below, &server.places[i].session)) {
            leat_tcp_abort(conn);
            continue;
        }
        server.places[i].used = true;
        leat_stream_set_events(&server.places[i].session, &events, &server.places[i]);
    }
}

static const char *start(struct leat_platform *platform)
{
    static const char *const protocols[] = {"http/1.1"};
    const struct leat_tls_config config = {.crypto = &server.crypto,
                                           .identities = server.identities,
                                           .identity_count = 1,
                                           .protocols = protocols,
                                           .protocol_count = 1,
                                           .early = &leat_tls_early,
                                           .early_bytes = EARLY_BYTES,
                                           .on_early = on_early};
    const struct leat_tcp_listen_config listen = {
        .port = platform->port, .backlog = PLACES, .on_acceptable = accept_all};
    const size_t bytes = leat_tls_memory_bytes(&config);
    const char *certificate, *key;
    size_t certificate_len, key_len;

    server.platform = platform;
    server.identities[0] = &server.identity;
    if (platform->argument_count != 2 ||
        platform->read_file(platform, platform->arguments[0], &certificate, &certificate_len) ||
        platform->read_file(platform, platform->arguments[1], &key, &key_len))
        return "CERTIFICATE KEY";
    if (leat_crypto_openssl_open(&server.crypto, entropy, platform->host) ||
        leat_tls_identity_read(&server.identity, &server.crypto, certificate, certificate_len, key,
                               key_len, server.certificates, sizeof server.certificates) ||
        leat_tls_open(&server.tls, platform->stack, malloc(bytes), bytes, &config) ||
        leat_tcp_listen(platform->stack, &server.listener, &listen))
        return "no server";
    return NULL;
}

const struct leat_app example = {.name = "tls_early",
                                 .summary = "Takes early data by TLS.",
                                 .arguments = "CERTIFICATE KEY",
                                 .default_port = 443,
                                 .start = start};
