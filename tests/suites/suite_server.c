/*
 * suite_server.c -- a server of TLS for tlsfuzzer, on 127.0.0.1: CERTIFICATES KEY [bearssl]
 * [echo] [cookie].
 *
 * Answers each request of HTTP, which ends with an empty line, and leaves the connection open; with
 * "echo" it returns all data. With "cookie" each hello is answered by a cookie. Prints its port,
 * and the reason of each failed session. A line or the end of its standard input ends it.
 */
#include "suite_host.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <leat/leat.h>
#include <leat/tls.h>

enum {
    CLIENTS = 32,
    WAIT_MS = 200
};

static const char answer[] = "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nanswer\r\n";
static const char end_of_head[] = "\r\n\r\n";

struct client {
    struct leat_stream session;
    unsigned seen; /* bytes of end_of_head that the data so far ends with */
    bool closed, used;
};

static struct suite_host host;
static struct suite_wire wires[CLIENTS];
static struct client clients[CLIENTS];
static struct leat_tls *tls;
static struct leat_tls_identity identity;
static bool echoes;

/* ---- Data ------------------------------------------------------------------------------------ */

static void look(struct client *client, const struct leat_buf *data)
{
    size_t taken;

    for (; data; data = data->next)
        for (uint32_t i = 0; i < data->len; i++) {
            if (data->data[i] == (uint8_t)end_of_head[client->seen])
                client->seen++;
            else
                client->seen = data->data[i] == '\r' ? 1 : 0;
            if (client->seen < sizeof end_of_head - 1)
                continue;
            client->seen = 0;
            if (leat_stream_write(&client->session, answer, sizeof answer - 1, &taken))
                return; /* it has ended; on_closed follows */
        }
}

static void serve_data(struct leat_tcp *conn, void *arg)
{
    struct client *client = arg;
    struct leat_buf *data;
    uint32_t room;

    (void)conn;
    while ((room = leat_stream_send_room(&client->session)) > sizeof answer &&
           (data = leat_stream_receive(&client->session, room)) != NULL) {
        const uint32_t len = leat_buf_total(data);

        if (echoes) {
            if (leat_stream_send(&client->session, data))
                leat_stream_abort(&client->session);
        } else {
            look(client, data);
            leat_buf_free(data);
        }
        leat_stream_consumed(&client->session, len);
    }
    if (leat_stream_at_end(&client->session))
        leat_stream_shutdown(&client->session);
}

static void on_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    struct client *client = arg;
    struct leat_tls_info info;

    (void)conn;
    client->closed = true;
    leat_tls_get_info(&client->session, &info);
    if (why != LEAT_OK)
        printf("%s: %s\n", leat_err_text(why), info.why);
}

static const struct leat_tcp_events events = {
    .on_readable = serve_data, .on_writable = serve_data, .on_closed = on_closed};

/* ---- Connections ----------------------------------------------------------------------------- */

/* Listens on a free port, and prints it. */
static int open_listener(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    const int made = socket(AF_INET, SOCK_STREAM, 0);
    socklen_t len = sizeof at;

    suite_demand(made >= 0 && bind(made, (const struct sockaddr *)&at, sizeof at) == 0 &&
                     listen(made, CLIENTS) == 0 &&
                     getsockname(made, (struct sockaddr *)&at, &len) == 0,
                 "no port");
    printf("%u\n", ntohs(at.sin_port));
    fflush(stdout);
    return made;
}

static void accept_one(int listener)
{
    const int made = accept(listener, NULL, NULL), on = 1;
    struct leat_stream below;
    unsigned i = 0;

    if (made < 0)
        return;
    setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    while (i < CLIENTS && clients[i].used)
        i++;
    if (i == CLIENTS) {
        close(made);
        return;
    }
    suite_wire_open(&wires[i], &host, made);
    clients[i] = (struct client){.used = true};
    below = pipe_stream(&wires[i].ends[0]);
    suite_demand(leat_tls_accept(tls, &below, &clients[i].session) == LEAT_OK, "no session");
    leat_stream_set_events(&clients[i].session, &events, &clients[i]);
}

/* Closes what has ended at both sides of its pipe. */
static void clean_up(void)
{
    for (unsigned i = 0; i < CLIENTS; i++) {
        struct suite_wire *wire = &wires[i];

        if (!clients[i].used)
            continue;
        if (suite_wire_is_over(wire) && !clients[i].closed)
            leat_stream_abort(&clients[i].session);
        if (clients[i].closed && wire->ends[1].told_closed && wire->sent == wire->pending) {
            suite_wire_close(wire);
            clients[i].used = false;
        }
    }
}

static void serve(int listener)
{
    struct timeval none = {0, 0};
    fd_set set;

    for (;;) {
        FD_ZERO(&set);
        FD_SET(STDIN_FILENO, &set);
        if (select(STDIN_FILENO + 1, &set, NULL, NULL, &none) != 0)
            return;
        if (suite_serve(&host, wires, CLIENTS, listener, WAIT_MS))
            accept_one(listener);
        clean_up();
        fflush(stdout);
    }
}

/* ---- The process ----------------------------------------------------------------------------- */

static void read_identity(const char *certificates, const char *key)
{
    static uint8_t der[65536];
    size_t key_len = 0, chain_len = 0;
    char *key_text = suite_read_file(key, &key_len);
    char *chain = suite_read_file(certificates, &chain_len);
    enum leat_err err;

    suite_demand(key_text && chain, "no certificate or key");
    err = leat_tls_identity_read(&identity, &host.crypto, chain, chain_len, key_text, key_len, der,
                                 sizeof der);
    suite_demand(err == LEAT_OK, leat_err_text(err));
    free(key_text);
    free(chain);
}

static bool has_word(int count, char **words, const char *word)
{
    for (int i = 3; i < count; i++)
        if (strcmp(words[i], word) == 0)
            return true;
    return false;
}

static void *open_tls(bool with_cookie)
{
    static const struct leat_tls_identity *const identities[] = {&identity};
    static const char *const protocols[] = {"http/1.1"};
    const struct leat_tls_config config = {.crypto = &host.crypto,
                                           .identities = identities,
                                           .identity_count = 1,
                                           .protocols = protocols,
                                           .protocol_count = 1,
                                           .cookie_handshakes = with_cookie ? 1 : 0,
                                           .server_message_bytes = 65535};
    const size_t bytes = leat_tls_memory_bytes(&config);
    void *memory = malloc(bytes);

    suite_demand(memory != NULL, "no memory");
    suite_demand(leat_tls_open(&tls, host.stack, memory, bytes, &config) == LEAT_OK, "no TLS");
    return memory;
}

int main(int count, char **words)
{
    void *memory;
    int listener;

    suite_demand(count >= 3, "usage: suite_server CERTIFICATES KEY [bearssl] [echo] [cookie]");
    suite_open(&host, has_word(count, words, "bearssl"));
    echoes = has_word(count, words, "echo");
    read_identity(words[1], words[2]);
    memory = open_tls(has_word(count, words, "cookie"));
    for (unsigned i = 0; i < CLIENTS; i++)
        wires[i].socket = -1;
    listener = open_listener();
    serve(listener);
    close(listener);
    leat_tls_close(tls);
    for (unsigned i = 0; i < CLIENTS; i++)
        if (wires[i].socket >= 0)
            suite_wire_close(&wires[i]);
    free(memory);
    leat_tls_identity_close(&identity, &host.crypto);
    suite_close(&host);
    return 0;
}
