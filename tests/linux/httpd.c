/* httpd.c -- for tests: answers any request with the same page, lent from static memory. */
#include "example.h"

#include <string.h>

enum {
    BODY_BYTES = 612 /* of nginx's welcome page: what everybody measures */
};

static char reply[1024];
static uint32_t reply_len;

/* Takes what has come until the empty line that ends a request, then answers and closes. */
static void on_readable(struct leat_tcp *conn, void *arg)
{
    struct leat_buf *text = leat_tcp_receive(conn, UINT32_MAX);
    char end[4] = "";
    uint32_t len;

    (void)arg;
    if (!text) {
        leat_tcp_close(conn);
        return;
    }
    len = leat_buf_total(text);
    /* curl sends its request in one segment; a request in pieces would need a parser */
    leat_buf_read(text, len > 4 ? len - 4 : 0, end, sizeof end);
    leat_buf_free(text);
    leat_tcp_consumed(conn, len);
    if (memcmp(end, "\r\n\r\n", 4) != 0)
        return;
    text = leat_buf_lend(leat_pool(leat_tcp_stack(conn)), reply, reply_len, NULL, NULL);
    if (!text || leat_tcp_send(conn, text))
        leat_tcp_abort(conn);
    else
        leat_tcp_shutdown(conn);
}

static const struct leat_tcp_events events = {.on_readable = on_readable};

static void on_acceptable(struct leat_tcp_listener *listener, void *arg)
{
    while (leat_tcp_accept(listener, &events, arg))
        ;
}

static const char *start(struct example_platform *platform)
{
    static const char head[] = "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n"
                               "Content-Length: 612\r\nConnection: close\r\n\r\n";
    struct leat_tcp_listen_config listen = {
        .port = platform->port, .backlog = 512, .on_acceptable = on_acceptable};
    struct leat_tcp_listener *listener;

    memcpy(reply, head, sizeof head - 1);
    for (size_t i = 0; i < BODY_BYTES; i++)
        reply[sizeof head - 1 + i] = (char)('a' + i % 26);
    reply_len = sizeof head - 1 + BODY_BYTES;
    return leat_tcp_listen(platform->stack, &listener, &listen) ? "can't open the TCP port" : NULL;
}

const struct example example = {.name = "httpd",
                                .summary = "Answers every HTTP request with one page.",
                                .arguments = "",
                                .default_port = 80,
                                .start = start};
