/*
 * fetch.c -- fetches a URL and writes the reply; or sends a file there (PUT).  It follows
 * redirects, a few times, but never from "https" to "http".
 */
#include <stdio.h>
#include <string.h>

#include <leat/http_client.h>
#include <leat/timer.h>
#include <leat/url.h>

#include "early.h"
#include "example.h"
#include "trust.h"

enum {
    REDIRECTS_MAX = 5
};

static struct example_platform *platform;
static struct leat_http_client *client;
static struct leat_connect_config names;
static struct leat_timer first;
static char url[LEAT_URL_BYTES], next_url[LEAT_URL_BYTES];
static struct leat_ip host; /* the URL's, if it has an address; else LEAT_IP_ANY */
static const char *body;    /* of the file; NULL: none is sent */
static size_t body_len;
static unsigned redirects;
static bool moving; /* to `url`, when the redirecting reply is over */
static char line[LEAT_URL_BYTES + 100];
static char told[LEAT_CONNECT_TEXT_BYTES];

static _Alignas(16) unsigned char memory[64 * 1024];
static _Alignas(16) unsigned char resolver_memory[1 << 15];

static void ask(void);

static bool is_secure(const char *text)
{
    struct leat_url parsed;

    return leat_url_parse(&parsed, text) == LEAT_OK && parsed.secure;
}

/* True if the reply is a redirect (RFC 9110 15.4) that we may follow. */
static bool goes_on(struct leat_http_call *call)
{
    const uint16_t status = leat_http_call_status(call);
    size_t len;
    const char *where = leat_http_call_field(call, "Location", &len);

    if (body || !where ||
        (status != 301 && status != 302 && status != 303 && status != 307 && status != 308))
        return false;
    if (redirects++ == REDIRECTS_MAX || leat_url_join(next_url, url, where, len) ||
        (is_secure(url) && !is_secure(next_url))) {
        platform->say(platform, "fetch: a redirect that is not followed");
        return false;
    }
    memcpy(url, next_url, sizeof url);
    return true;
}

static void on_reply(struct leat_http_call *call, void *arg)
{
    const uint16_t status = leat_http_call_status(call);

    (void)arg;
    moving = goes_on(call);
    if (!moving && (status < 200 || status >= 300)) {
        snprintf(line, sizeof line, "fetch: %s: status %u", url, status);
        platform->say(platform, line);
    }
}

static void on_body(struct leat_http_call *call, void *arg)
{
    struct leat_buf *payload = leat_http_call_receive(call, UINT32_MAX);
    const uint16_t status = leat_http_call_status(call);

    (void)arg;
    for (const struct leat_buf *piece = payload; piece && !moving; piece = piece->next)
        platform->host->console(platform->host, (const char *)piece->data, piece->len);
    leat_http_call_consumed(call, leat_buf_total(payload));
    leat_buf_free(payload);
    if (!leat_http_call_over(call))
        return;
    leat_http_call_close(call);
    if (moving)
        ask();
    else
        early_end(client, status >= 200 && status < 300 ? 0 : 1);
}

static void on_failed(struct leat_http_call *call, enum leat_err why, void *arg)
{
    const struct leat_stream *stream = leat_http_call_stream(call);

    (void)arg;
    if (!stream->end)
        leat_connect_format(leat_http_call_connecting(call), why, told);
    else
        snprintf(told, sizeof told, "%s",
                 why == LEAT_ERR_TLS ? trust_why(stream) : leat_err_text(why));
    snprintf(line, sizeof line, "fetch: %s", told);
    platform->say(platform, line);
    early_end(client, 1);
}

static void ask(void)
{
    struct leat_http_request request = {.method = body ? LEAT_HTTP_PUT : LEAT_HTTP_GET,
                                        .url = url,
                                        .fields = "User-Agent: leat\r\nAccept: */*\r\n",
                                        .body = body,
                                        .body_len = body ? body_len : 0,
                                        .on_reply = on_reply,
                                        .on_body = on_body,
                                        .on_failed = on_failed};
    struct leat_http_call *call;
    const enum leat_err err = leat_http_call(client, early_ask(&request), &call);

    if (!err)
        return;
    snprintf(line, sizeof line, "fetch: can't ask for %s: %s", url, leat_err_text(err));
    platform->say(platform, line);
    early_end(client, 1);
}

/* Runs in the first poll: before that the stack has no civil time. */
static void on_time(struct leat_timer *timer, void *arg)
{
    (void)timer;
    (void)arg;
    ask();
}

static const char *check(struct example_platform *given)
{
    struct leat_url parsed;

    if (given->argument_count < 1 || given->argument_count > 2)
        return "fetch takes a URL, and perhaps a file to send there";
    if (leat_url_parse(&parsed, given->arguments[0]))
        return "that is no URL of http or https";
    snprintf(url, sizeof url, "%s", given->arguments[0]);
    if (!leat_ip_parse(parsed.host, &host))
        host = LEAT_IP_ANY;
    if (given->argument_count > 1 && given->read_file(given, given->arguments[1], &body, &body_len))
        return snprintf(line, sizeof line, "can't read %s", given->arguments[1]), line;
    return NULL;
}

static bool lacks_address(const struct example_platform *given)
{
    return !leat_ip_is_any(host) && example_lacks_address(given, host);
}

/* Names are understood if there is a name server. */
static const char *open_names(void)
{
    struct leat_resolver_config config = {
        .servers = {{.ip = platform->server, .port = platform->port}},
        .server_count = 1,
        .lookups = 2};
    const char *wrong = NULL;

    if (leat_ip_is_any(platform->server))
        return NULL;
    names.search = platform->search;
    if (platform->dot) {
        wrong = trust_servers(platform, &config);
        if (platform->port == LEAT_DNS_PORT)
            config.servers[0].port = LEAT_RESOLVER_TLS_PORT;
    }
    if (wrong)
        return wrong;
    return leat_resolver_open(&names.resolver, platform->stack, resolver_memory,
                              sizeof resolver_memory, &config)
               ? "no memory for the resolver"
               : NULL;
}

static const char *start(struct example_platform *given)
{
    struct leat_http_client_config config = {.connect = &names, .connections = 2};
    const char *wrong;

    platform = given;
    wrong = trust(given, &config);
    if (wrong && is_secure(url))
        return wrong;
    wrong = early_open(given, &config);
    if (!wrong)
        wrong = open_names();
    if (wrong)
        return wrong;
    if (leat_http_client_open(&client, given->stack, memory, sizeof memory, &config))
        return "no memory for the client";
    first.on_time = on_time;
    leat_timer_set(given->stack, &first, 0);
    return NULL;
}

const struct example example = {.name = "fetch",
                                .summary = "Asks for a URL, or sends a file there.",
                                .arguments = "URL [FILE]",
                                .default_port = LEAT_DNS_PORT,
                                .has_tls = true,
                                .check = check,
                                .lacks = lacks_address,
                                .start = start};
