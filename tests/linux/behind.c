/*
 * behind.c -- for tests: an HTTP server whose replies name the request that they answer. It prints
 * the status of each reply.
 */
#include <inttypes.h>
#include <stdio.h>

#include <leat/http_server.h>

#include "example.h"

static struct leat_platform *platform;
static unsigned answered;
static _Alignas(16) unsigned char memory[1024 * 1024];

static void on_body(struct leat_http_exchange *exchange, void *arg)
{
    static const char *const names[] = {
        [LEAT_HTTP_GET] = "GET", [LEAT_HTTP_HEAD] = "HEAD",   [LEAT_HTTP_POST] = "POST",
        [LEAT_HTTP_PUT] = "PUT", [LEAT_HTTP_PATCH] = "PATCH", [LEAT_HTTP_DELETE] = "DELETE"};
    struct leat_http_head head = {.status = 200, .type = "text/x-seen"};
    char line[320];
    const char *path;
    size_t path_len;
    struct leat_buf *data;

    (void)arg;
    while ((data = leat_http_receive(exchange, UINT32_MAX))) {
        leat_http_consumed(exchange, leat_buf_total(data));
        leat_buf_free(data);
    }
    if (!leat_http_body_over(exchange))
        return;
    path = leat_http_request_path(exchange, &path_len);
    head.len = (uint64_t)snprintf(line, sizeof line, "[%u %s %.*s]", answered++,
                                  names[leat_http_request_method(exchange)], (int)path_len, path);
    leat_http_reply(exchange, &head);
    leat_http_write(exchange, line, (size_t)head.len);
    leat_http_finish(exchange);
}

static void on_request(struct leat_http_exchange *exchange, void *arg)
{
    (void)exchange;
    (void)arg;
}

static void on_access(void *arg, const struct leat_http_access *access)
{
    char line[320];

    (void)arg;
    snprintf(line, sizeof line, "behind: %u %.*s", access->status, (int)access->path_len,
             access->path_len ? access->path : "");
    platform->say(platform, line);
}

static const char *start(struct leat_platform *where)
{
    static const struct leat_http_route all = {.path = "/",
                                               .methods = LEAT_HTTP_GET | LEAT_HTTP_POST |
                                                          LEAT_HTTP_PUT | LEAT_HTTP_PATCH |
                                                          LEAT_HTTP_DELETE,
                                               .below = true,
                                               .on_request = on_request,
                                               .on_body = on_body};
    const struct leat_http_server_config config = {.routes = &all,
                                                   .route_count = 1,
                                                   .port = where->port,
                                                   .clients = 256,
                                                   .on_access = on_access};
    struct leat_http_server *server;

    platform = where;
    if (leat_http_server_open(&server, where->stack, memory, sizeof memory, &config))
        return "can't serve HTTP";
    return NULL;
}

const struct leat_app example = {.name = "behind",
                                 .summary = "Answers each request with its number.",
                                 .arguments = "",
                                 .default_port = 80,
                                 .start = start};
