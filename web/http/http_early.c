/* http_early.c -- requests that arrive before the end of the handshake, and may be replays (RFC
 * 8470). */
#include "web/http/server_conn.h"

/* RFC 8470 3: safe requests may be answered. The effects of a route are unknown, so it may not
 * answer. */
static bool is_too_early(const struct server_conn *client)
{
    const struct leat_http_server_config *config = &client->server->config;
    const struct http_request *request = &client->request;
    uint8_t methods;

    return request->method > HTTP_HEAD || request->content_length > 0 ||
           !http_request_body_is_plain(request) ||
           http_route_find(config->routes, config->route_count, request, &methods);
}

void http_early_look(struct server_conn *client)
{
    if (client->early && client->request.status == HTTP_OK && is_too_early(client)) {
        client->server->counts.too_early++;
        client->request.status = HTTP_TOO_EARLY;
    }
}
