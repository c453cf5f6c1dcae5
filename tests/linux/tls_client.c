/*
 * tls_client.c -- a client of TLS: NAME AUTHORITIES TEXT [TICKET].
 *
 * Sends TEXT to the server NAME at --server, whose certificate must lead to one of a file of
 * AUTHORITIES, and says what was agreed on, how much came, and how it ended.  The file TICKET has the
 * ticket of an earlier session, if it is there, and gets the next one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <leat/crypto_openssl.h>
#include <leat/tls.h>

#include "example.h"

struct client {
    struct example_platform *platform;
    struct leat_crypto crypto;
    struct leat_crypto_anchors anchors;
    struct leat_tls_client wanted;
    struct leat_tls_ticket ticket;
    struct leat_stream session;
    const char *text;
    const char *ticket_file;
    unsigned long long heard;
    unsigned long long sum; /* of all bytes, each times its place */
    bool ended;
};

static struct client client;

static enum leat_err entropy(void *arg, void *bytes, size_t len)
{
    struct leat_host *host = arg;

    return host->entropy(host, bytes, len);
}

static uint64_t civil_time(void *arg)
{
    (void)arg;
    return (uint64_t)time(NULL);
}

static void on_open(struct leat_tcp *conn, void *arg)
{
    struct leat_tls_info info;
    char line[128];
    size_t taken;

    (void)conn;
    (void)arg;
    leat_tls_get_info(&client.session, &info);
    snprintf(line, sizeof line, "open %04x %04x %04x %s%s", info.suite, info.group,
             info.scheme, info.protocol, info.resumed ? " resumed" : "");
    client.platform->say(client.platform, line);
    leat_stream_write(&client.session, client.text, strlen(client.text), &taken);
}

static void on_readable(struct leat_tcp *conn, void *arg)
{
    struct leat_buf *text;

    (void)conn;
    (void)arg;
    while ((text = leat_stream_receive(&client.session, 1 << 16)) != NULL) {
        const uint32_t len = leat_buf_total(text);

        for (const struct leat_buf *piece = text; piece; piece = piece->next)
            for (uint32_t i = 0; i < piece->len; i++)
                client.sum += (++client.heard % 65521) * piece->data[i];
        leat_buf_free(text);
        leat_stream_consumed(&client.session, len);
    }
    if (leat_stream_at_end(&client.session) && !client.ended) {
        client.ended = true;
        leat_stream_shutdown(&client.session);
    }
}

static void write_ticket(void)
{
    FILE *file = client.ticket_file ? fopen(client.ticket_file, "wb") : NULL;

    if (!file)
        return;
    fwrite(&client.ticket, sizeof client.ticket, 1, file);
    fclose(file);
}

static void read_ticket(struct example_platform *platform)
{
    const char *bytes;
    size_t len;

    client.ticket_file = platform->arguments[3];
    if (!platform->read_file(platform, client.ticket_file, &bytes, &len) &&
        len == sizeof client.ticket)
        memcpy(&client.ticket, bytes, len);
    client.wanted.ticket = &client.ticket;
}

static void on_closed(struct leat_tcp *conn, enum leat_err err, void *arg)
{
    struct leat_tls_info info;
    char line[200];

    (void)conn;
    (void)arg;
    leat_tls_get_info(&client.session, &info);
    snprintf(line, sizeof line, "heard %llu sum %llu", client.heard, client.sum);
    client.platform->say(client.platform, line);
    snprintf(line, sizeof line, "closed: %s: %s, sent %s, got %s", leat_err_text(err), info.why,
             leat_tls_alert_name(info.alert_sent), leat_tls_alert_name(info.alert_received));
    client.platform->say(client.platform, line);
    write_ticket();
    client.platform->finish(client.platform, 0);
}

static const struct leat_tcp_events events = {
    .on_open = on_open, .on_readable = on_readable, .on_closed = on_closed};

static const char *start(struct example_platform *platform)
{
    static const struct leat_tcp_events nothing;
    static const char *const protocols[] = {"http/1.1"};
    struct leat_tls_config config = {.crypto = &client.crypto, .civil_time_s = civil_time};
    const struct leat_endpoint server = {.ip = platform->server, .port = platform->port};
    struct leat_stream below;
    struct leat_tcp *conn;
    struct leat_tls *tls;
    const char *authorities;
    size_t len;

    if (platform->argument_count != 3 && platform->argument_count != 4)
        return "NAME AUTHORITIES TEXT [TICKET]";
    client.platform = platform;
    client.text = platform->arguments[2];
    if (platform->read_file(platform, platform->arguments[1], &authorities, &len) ||
        leat_crypto_openssl_open(&client.crypto, entropy, platform->host) ||
        client.crypto.ops->anchors_open(client.crypto.self, &client.anchors, authorities, len, NULL,
                                        0))
        return "no authorities";
    client.wanted = (struct leat_tls_client){.name = platform->arguments[0],
                                             .anchors = &client.anchors,
                                             .protocols = protocols,
                                             .protocol_count = 1};
    if (platform->argument_count == 4)
        read_ticket(platform);
    len = leat_tls_memory_bytes(&config);
    if (leat_tls_open(&tls, platform->stack, malloc(len), len, &config) ||
        leat_tcp_connect(platform->stack, &conn, &server, NULL, &nothing, NULL))
        return "no connection";
    below = leat_stream_of_tcp(conn);
    if (leat_tls_connect(tls, &below, &client.wanted, &client.session))
        return "no session";
    leat_stream_set_events(&client.session, &events, NULL);
    return NULL;
}

const struct example example = {.name = "tls_client",
                                .summary = "Asks a server by TLS.",
                                .arguments = "NAME AUTHORITIES TEXT [TICKET]",
                                .default_port = 443,
                                .start = start};
