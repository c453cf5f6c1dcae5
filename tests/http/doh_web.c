/* doh_web.c -- see doh_web.h. */
#include "doh_web.h"

struct web web;

void open_web(struct fixture *f, uint16_t clients)
{
    static struct leat_http_route route;
    const struct leat_doh_config config = {.forwarder = home.forwarder, .clients = clients};
    const struct leat_http_server_config http = {
        .routes = &route, .route_count = 1, .clients = clients > 4 ? clients : 4};
    const size_t doh_bytes = leat_doh_memory_bytes(&config);
    const size_t http_bytes = leat_http_server_memory_bytes(&http);
    struct leat *stack = f->world->stacks[CLIENT];

    memset(&web, 0, sizeof web);
    web.doh_memory = malloc(doh_bytes + 1);
    web.http_memory = malloc(http_bytes);
    assert_int_equal(leat_doh_open(&web.doh, stack, web.doh_memory, doh_bytes - 1, &config),
                     LEAT_ERR_MEMORY);
    assert_int_equal(leat_doh_open(&web.doh, stack, (char *)web.doh_memory + 1, doh_bytes, &config),
                     LEAT_OK);
    web.counts = leat_doh_counts(web.doh);
    route = leat_doh_route(web.doh, LEAT_DOH_PATH);
    assert_int_equal(leat_http_server_open(&web.http, stack, web.http_memory, http_bytes, &http),
                     LEAT_OK);
}

int close_web(void **state)
{
    if (web.conn)
        leat_tcp_abort(web.conn);
    if (web.http) {
        leat_http_server_close(web.http);
        leat_doh_close(web.doh);
    }
    free(web.http_memory);
    free(web.doh_memory);
    memset(&web, 0, sizeof web);
    return close_home(state);
}

/* ---- the client --------------------------------------------------------------------------- */

void on_readable(struct leat_tcp *conn, void *arg)
{
    struct leat_buf *data;

    (void)arg;
    while (!web.holds && (data = leat_tcp_receive(conn, ROOM))) {
        const uint32_t len = leat_buf_total(data);

        assert_true(web.have + len < sizeof web.bytes);
        leat_buf_read(data, 0, web.bytes + web.have, len);
        web.have += len;
        web.bytes[web.have] = '\0';
        leat_tcp_consumed(conn, len);
        leat_buf_free(data);
    }
}

static void on_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    (void)conn;
    (void)why;
    (void)arg;
    web.conn = NULL;
    web.closed = true;
}

void connect_web(void)
{
    static const struct leat_tcp_events events = {.on_readable = on_readable,
                                                  .on_closed = on_closed};
    const struct leat_endpoint at = {.ip = CLIENT_IP, .port = LEAT_HTTP_PORT};

    web.have = 0;
    web.closed = false;
    assert_int_equal(
        leat_tcp_connect(home.f->world->stacks[SERVER], &web.conn, &at, NULL, &events, NULL),
        LEAT_OK);
    world_wait(home.f->world, 100 * ms);
}

void send_bytes(const void *bytes, size_t len)
{
    size_t taken;

    assert_int_equal(leat_tcp_write(web.conn, bytes, len, &taken), LEAT_OK);
    assert_int_equal(taken, len);
}

const char *request(const char *head)
{
    web.have = 0;
    web.bytes[0] = '\0';
    send_bytes(head, strlen(head));
    world_wait(home.f->world, second / 2);
    return web.bytes;
}

void encode(const uint8_t *bytes, size_t len, char *text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint32_t bits = 0;
    unsigned count = 0;

    for (size_t i = 0; i < len; i++) {
        bits = bits << 8 | bytes[i];
        for (count += 8; count >= 6; count -= 6)
            *text++ = digits[bits >> (count - 6) & 63];
    }
    if (count > 0)
        *text++ = digits[bits << (6 - count) & 63];
    *text = '\0';
}

void send_get(const char *name, uint16_t edns_bytes)
{
    struct message query;
    char text[400], head[600];

    make_query(&query, name, LEAT_DNS_A, edns_bytes);
    put16(query.bytes, 0); /* RFC 8484 4.1: so that caches see equal requests */
    encode(query.bytes, query.len, text);
    snprintf(head, sizeof head, "GET /dns-query?ct=x&dns=%s HTTP/1.1\r\nHost: d\r\n\r\n", text);
    request(head);
}

void send_post(const char *name, const char *type, size_t cut)
{
    struct message query;
    char head[300];

    make_query(&query, name, LEAT_DNS_A, 0);
    snprintf(
        head, sizeof head,
        "POST /dns-query HTTP/1.1\r\nHost: d\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n",
        type, query.len);
    web.have = 0;
    web.bytes[0] = '\0';
    send_bytes(head, strlen(head));
    send_bytes(query.bytes, cut);
    world_wait(home.f->world, 100 * ms);
    send_bytes(query.bytes + cut, query.len - cut);
    world_wait(home.f->world, second / 2);
}

const char *body(void)
{
    const char *at = strstr(web.bytes, "\r\n\r\n");

    assert_non_null(at);
    at += 4;
    return text_of((const uint8_t *)at, web.have - (size_t)(at - web.bytes));
}

void begin(struct fixture *f, void (*answer)(struct liar *liar), uint16_t clients)
{
    with_liar(f, answer);
    open_home(f);
    open_web(f, clients);
    connect_web();
}

void begin_with_long_answers(struct fixture *f, uint16_t clients)
{
    with_server(f);
    leat_resolver_close(f->resolver);
    free(f->resolver_memory);
    open_home(f);
    open_web(f, clients);
    connect_web();
}
