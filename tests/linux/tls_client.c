/*
 * tls_client.c -- a TLS client: NAME AUTHORITIES TEXT [TICKET [early]].
 *
 * Sends TEXT to the server NAME at --server, whose certificate must lead to an authority in the
 * file AUTHORITIES. Prints the parameters of the session, how many bytes came, their SHA-256, and
 * how the session ended. The file TICKET has the ticket of an earlier session, if it exists, and is
 * replaced by the next one. With "early" TEXT goes as early data, as far as the server accepts it.
 *
 * TEXT may be @FILE: its bytes are sent, with some key updates between them, and as many must come
 * back before the client closes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <leat/crypto_openssl.h>
#include <leat/tls.h>

#include "example.h"

enum {
    RECORD_BYTES = 1 << 14,
    UPDATES = 6 /* GnuTLS ends a connection for more than 8 a second */
};

struct client {
    struct leat_platform *platform;
    struct leat_crypto crypto;
    struct leat_crypto_anchors anchors;
    struct leat_tls_client wanted;
    struct leat_tls_ticket ticket;
    struct leat_tls *tls;
    struct leat_stream session;
    struct leat_crypto_hashing hashing; /* hash of all data but a reply's head */
    const char *data;
    const char *ticket_file;
    size_t data_len, said;
    unsigned long long heard;
    uint32_t unacknowledged; /* bytes on their way to the server when it, or we, had finished */
    unsigned blank;          /* received bytes of the blank line after that head: 4 are all */
    bool echoed;             /* the data is echoed */
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

static void on_writable(struct leat_tcp *conn, void *arg)
{
    size_t taken;

    (void)conn;
    (void)arg;
    do {
        if (leat_stream_write(&client.session, client.data + client.said,
                              client.data_len - client.said, &taken))
            return; /* it has ended; on_closed follows */
        client.said += taken;
    } while (taken > 0 && client.said < client.data_len);
}

static void on_open(struct leat_tcp *conn, void *arg)
{
    struct leat_tls_info info;
    char line[128];

    leat_tls_get_info(&client.session, &info);
    snprintf(line, sizeof line, "open %04x %04x %04x %s%s", info.suite, info.group, info.scheme,
             info.protocol, info.resumed ? " resumed" : "");
    client.platform->say(client.platform, line);
    snprintf(line, sizeof line, "early %u", (unsigned)info.early_bytes);
    if (client.wanted.early)
        client.platform->say(client.platform, line);
    client.said = info.early_bytes;
    if (client.said < client.data_len)
        on_writable(conn, arg);
}

/* Number of these bytes that belong to the head; 0 if everything is echoed. */
static size_t head_bytes(const uint8_t *at, size_t len)
{
    size_t i = 0;

    for (; !client.echoed && client.blank < 4 && i < len; i++)
        client.blank = at[i] == "\r\n\r\n"[client.blank] ? client.blank + 1 : at[i] == '\r';
    return i;
}

static void on_readable(struct leat_tcp *conn, void *arg)
{
    struct leat_buf *payload;

    (void)conn;
    (void)arg;
    while ((payload = leat_stream_receive(&client.session, 1 << 16)) != NULL) {
        const uint32_t len = leat_buf_total(payload);

        for (const struct leat_buf *piece = payload; piece; piece = piece->next) {
            const size_t head = head_bytes(piece->data, piece->len);

            client.crypto.ops->hash_update(client.crypto.self, &client.hashing, piece->data + head,
                                           piece->len - head);
        }
        client.heard += len;
        leat_buf_free(payload);
        leat_stream_consumed(&client.session, len);
    }
    if ((leat_stream_at_end(&client.session) ||
         (client.echoed && client.heard >= client.data_len)) &&
        !client.ended) {
        client.ended = true;
        client.unacknowledged = leat_stream_progress(&client.session).queued_bytes;
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

static void read_ticket(struct leat_platform *platform)
{
    const char *bytes;
    size_t len;

    client.ticket_file = platform->arguments[3];
    if (!platform->read_file(platform, client.ticket_file, &bytes, &len) &&
        len == sizeof client.ticket)
        memcpy(&client.ticket, bytes, len);
    client.wanted.ticket = &client.ticket;
}

static void say_heard(void)
{
    uint8_t digest[LEAT_CRYPTO_DIGEST_BYTES_MAX];
    char line[128];
    int at = snprintf(line, sizeof line, "heard %llu ", client.heard);

    if (client.crypto.ops->hash_digest(client.crypto.self, &client.hashing, digest))
        for (unsigned i = 0; i < 32; i++)
            at += snprintf(line + at, sizeof line - (size_t)at, "%02x", digest[i]);
    client.platform->say(client.platform, line);
}

static void on_closed(struct leat_tcp *conn, enum leat_err err, void *arg)
{
    struct leat_tls_info info;
    char line[200];

    (void)conn;
    (void)arg;
    say_heard();
    leat_tls_get_info(&client.session, &info);
    if (client.echoed) {
        snprintf(line, sizeof line, "said %llu, of these unacknowledged %lu, key updates %llu",
                 (unsigned long long)client.said, (unsigned long)client.unacknowledged,
                 (unsigned long long)leat_tls_counts(client.tls)->key_updates);
        client.platform->say(client.platform, line);
    }
    snprintf(line, sizeof line, "closed: %s: %s, sent %s, got %s", leat_err_text(err), info.why,
             leat_tls_alert_name(info.alert_sent), leat_tls_alert_name(info.alert_received));
    client.platform->say(client.platform, line);
    write_ticket();
    client.platform->finish(client.platform, 0);
}

static const struct leat_tcp_events events = {.on_open = on_open,
                                              .on_readable = on_readable,
                                              .on_writable = on_writable,
                                              .on_closed = on_closed};

/* The data to send; NULL: no such file. */
static const char *read_data(struct leat_platform *platform, const char *text)
{
    client.data = text;
    client.data_len = strlen(text);
    if (*text != '@')
        return text;
    client.echoed = true;
    return platform->read_file(platform, text + 1, &client.data, &client.data_len) ? NULL : text;
}

static const char *start(struct leat_platform *platform)
{
    static const struct leat_tcp_events nothing;
    static const char *const protocols[] = {"http/1.1"};
    struct leat_tls_config config = {
        .crypto = &client.crypto, .early = &leat_tls_early, .civil_time_s = civil_time};
    const struct leat_endpoint server = {.ip = platform->server, .port = platform->port};
    struct leat_stream below;
    struct leat_tcp *conn;
    const char *authorities;
    size_t len;

    if (platform->argument_count < 3 || platform->argument_count > 5)
        return "NAME AUTHORITIES TEXT [TICKET [early]]";
    client.platform = platform;
    if (!read_data(platform, platform->arguments[2]))
        return "no such data";
    if (client.echoed)
        config.records_per_key = client.data_len / RECORD_BYTES / UPDATES + 1;
    if (platform->read_file(platform, platform->arguments[1], &authorities, &len) ||
        leat_crypto_openssl_open(&client.crypto, entropy, platform->host) ||
        !client.crypto.ops->hash_open(client.crypto.self, &client.hashing, LEAT_CRYPTO_SHA256) ||
        client.crypto.ops->anchors_open(client.crypto.self, &client.anchors, authorities, len, NULL,
                                        0))
        return "no authorities";
    client.wanted = (struct leat_tls_client){.name = platform->arguments[0],
                                             .anchors = &client.anchors,
                                             .protocols = protocols,
                                             .protocol_count = 1};
    if (platform->argument_count >= 4)
        read_ticket(platform);
    if (platform->argument_count == 5) {
        client.wanted.early = client.data;
        client.wanted.early_len = client.data_len;
    }
    len = leat_tls_memory_bytes(&config);
    if (leat_tls_open(&client.tls, platform->stack, malloc(len), len, &config) ||
        leat_tcp_connect(platform->stack, &conn, &server, NULL, &nothing, NULL))
        return "no connection";
    below = leat_stream_of_tcp(conn);
    if (leat_tls_connect(client.tls, &below, &client.wanted, &client.session))
        return "no session";
    leat_stream_set_events(&client.session, &events, NULL);
    return NULL;
}

const struct leat_app example = {.name = "tls_client",
                                 .summary = "Asks a server by TLS.",
                                 .arguments = "NAME AUTHORITIES TEXT [TICKET [early]]",
                                 .default_port = 443,
                                 .start = start};
