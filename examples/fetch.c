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
#include "fetch_words.h"
#include "http2_call.h"
#include "trust.h"

enum {
    HEAD_BYTES = 65535, /* of a reply: some send cookies by the dozen */
    REQUEST_BYTES = 2 * FETCH_FIELDS_BYTES + LEAT_URL_BYTES + 512
};

static struct leat_platform *platform;
static struct fetch_words words;
static struct leat_http_client *client;
static struct leat_connect_config names;
static struct leat_timer first, deadline;
static char url[LEAT_URL_BYTES], next_url[LEAT_URL_BYTES];
static char fields[REQUEST_BYTES];
static struct leat_ip host; /* the URL's, if it has an address; else LEAT_IP_ANY */
static const char *body;    /* of the file; NULL: none is sent */
static size_t body_len;
static unsigned redirects;
static bool moving; /* to `url`, when the redirecting reply is over */
static bool replied, ended;
static enum fetch_status status; /* of the reply */
static char line[LEAT_URL_BYTES + 100];
static char told[LEAT_CONNECT_TEXT_BYTES];

static _Alignas(16) unsigned char memory[256 * 1024];
static _Alignas(16) unsigned char resolver_memory[1 << 15];

static void ask(void);

/* Ends the program, once. */
static void end(enum fetch_status with)
{
    if (ended)
        return;
    ended = true;
    if (client)
        early_end(client, (int)with);
    else
        platform->finish(platform, (int)with);
}

static void complain(const char *what)
{
    snprintf(line, sizeof line, "fetch: %s", what);
    platform->say(platform, line);
}

/* ---- Redirects (RFC 9110 15.4) ----------------------------------------------------------------
 */

static bool is_same_host(const char *a, const char *b)
{
    static struct leat_url one, other;

    return !leat_url_parse(&one, a) && !leat_url_parse(&other, b) && one.secure == other.secure &&
           one.port == other.port && strcmp(one.host, other.host) == 0;
}

static bool is_secure(const char *text)
{
    struct leat_url parsed;

    return leat_url_parse(&parsed, text) == LEAT_OK && parsed.secure;
}

/* True if the reply is a redirect that we follow; one that we don't follow has a status. */
static bool goes_on(struct leat_http_call *call)
{
    const uint16_t code = leat_http_call_status(call);
    size_t len;
    const char *where = leat_http_call_field(call, "Location", &len);

    if (body || !where || (code != 301 && code != 302 && code != 303 && code != 307 && code != 308))
        return false;
    if (redirects++ == words.redirects_max)
        status = FETCH_REDIRECTS;
    else if (leat_url_join(next_url, url, where, len))
        status = FETCH_BAD_URL;
    else if (is_secure(url) && !is_secure(next_url))
        status = FETCH_UNSUPPORTED;
    if (status) {
        complain("a redirect that is not followed");
        return false;
    }
    memcpy(url, next_url, sizeof url);
    return true;
}

/* ---- Reply ------------------------------------------------------------------------------------
 */

/* True if the reply begins where the file ends, or the file is complete. */
static bool resumes(struct leat_http_call *call)
{
    const uint16_t code = leat_http_call_status(call);
    size_t len = 0;
    const char *range = leat_http_call_field(call, "Content-Range", &len);
    char expected[48];
    const int all =
        snprintf(expected, sizeof expected, code == 206 ? "bytes %llu-" : "bytes */%llu",
                 (unsigned long long)words.from);

    return range && len >= (size_t)all && memcmp(range, expected, (size_t)all) == 0 &&
           (code == 206 || (code == 416 && len == (size_t)all));
}

static void on_reply(struct leat_http_call *call, void *arg)
{
    const uint16_t code = leat_http_call_status(call);

    (void)arg;
    replied = true;
    moving = goes_on(call);
    if (moving || status)
        return;
    if (words.from > 0 && resumes(call))
        return;
    if (words.from > 0 && code >= 200 && code < 300) {
        status = FETCH_NO_RANGES;
        complain("the server doesn't send a part of it");
    } else if (code >= 400) {
        status = FETCH_HTTP_ERROR;
    }
    if (code < 200 || code >= 300) {
        snprintf(line, sizeof line, "fetch: %s: status %u", url, code);
        platform->say(platform, line);
    }
}

/* True if the body of this reply is what was asked for. */
static bool is_wanted(struct leat_http_call *call)
{
    const bool is_complete = words.from > 0 && leat_http_call_status(call) == 416;

    return !moving && !is_complete && status != FETCH_NO_RANGES && !(words.fail && status);
}

static void on_body(struct leat_http_call *call, void *arg)
{
    struct leat_buf *payload = leat_http_call_receive(call, UINT32_MAX);
    const bool wanted = is_wanted(call);
    enum leat_err err = LEAT_OK;

    (void)arg;
    for (const struct leat_buf *piece = payload; piece && wanted && !err; piece = piece->next)
        err = platform->write(platform, piece->data, piece->len);
    leat_http_call_consumed(call, leat_buf_total(payload));
    leat_buf_free(payload);
    if (err) {
        complain("the output can't be written");
        status = FETCH_NOT_WRITTEN;
    }
    if (!leat_http_call_over(call) && !err && status != FETCH_NO_RANGES)
        return;
    leat_http_call_close(call);
    if (moving)
        ask();
    else
        end(status);
}

/* ---- Failures ---------------------------------------------------------------------------------
 */

/* A failure before the connection was there: of the name, or of the connection. */
static enum fetch_status status_of_connecting(const struct leat_http_call *call, enum leat_err why)
{
    const struct leat_connecting *connecting = leat_http_call_connecting(call);

    if (connecting && connecting->try_count == 0 && leat_ip_is_any(host) &&
        why != LEAT_ERR_NO_ROUTE)
        return FETCH_NO_HOST;
    return why == LEAT_ERR_TIMEOUT ? FETCH_TIMEOUT : FETCH_NO_CONNECTION;
}

static enum fetch_status status_of(struct leat_http_call *call, enum leat_err why)
{
    const struct leat_stream *stream = leat_http_call_stream(call);

    if (why == LEAT_ERR_TLS)
        return trust_refused(stream) ? FETCH_UNTRUSTED : FETCH_TLS;
    if (why == LEAT_ERR_TIMEOUT)
        return FETCH_TIMEOUT;
    if (why == LEAT_ERR_END || why == LEAT_ERR_CUT_SHORT)
        return replied ? FETCH_PARTIAL : FETCH_NO_REPLY;
    if (why == LEAT_ERR_FORMAT)
        return replied ? FETCH_RECEIVE : FETCH_WEIRD_REPLY;
    return body && !replied ? FETCH_SEND : FETCH_RECEIVE;
}

static void on_failed(struct leat_http_call *call, enum leat_err why, void *arg)
{
    const struct leat_stream *stream = leat_http_call_stream(call);
    enum fetch_status failed;

    (void)arg;
    if (!stream->end && !replied) {
        failed = status_of_connecting(call, why);
        leat_connect_format(leat_http_call_connecting(call), why, told);
    } else {
        failed = status_of(call, why);
        snprintf(told, sizeof told, "%s",
                 why == LEAT_ERR_TLS ? trust_why(stream) : leat_err_text(why));
    }
    complain(told);
    end(failed);
}

static void on_deadline(struct leat_timer *timer, void *arg)
{
    (void)timer;
    (void)arg;
    if (!ended)
        complain("it takes longer than it may (-m)");
    end(FETCH_TIMEOUT);
}

/* ---- Request ----------------------------------------------------------------------------------
 */

static void ask(void)
{
    struct leat_http_request request = {.method = body ? LEAT_HTTP_PUT : LEAT_HTTP_GET,
                                        .url = url,
                                        .fields = fields,
                                        .body = body,
                                        .body_len = body ? body_len : 0,
                                        .on_reply = on_reply,
                                        .on_body = on_body,
                                        .on_failed = on_failed};
    struct leat_http_call *call;
    char range[48] = "";
    enum leat_err err;

    if (ended)
        return;
    if (words.from > 0)
        snprintf(range, sizeof range, "Range: bytes=%llu-\r\n", (unsigned long long)words.from);
    /* secrets are for the host that they were given for */
    snprintf(fields, sizeof fields, "%s%s%s", words.fields,
             is_same_host(url, words.url) ? words.secrets : "", range);
    replied = false;
    err = leat_http_call(client, early_ask(&request), &call);
    if (!err)
        return;
    snprintf(line, sizeof line, "fetch: can't ask for %s: %s", url, leat_err_text(err));
    platform->say(platform, line);
    end(err == LEAT_ERR_ARGUMENT    ? FETCH_USAGE
        : err == LEAT_ERR_PROTOCOL  ? FETCH_UNSUPPORTED
        : err == LEAT_ERR_NOT_FOUND ? FETCH_NO_HOST
                                    : FETCH_NO_CONNECTION);
}

/* Runs in the first poll: before that the stack has no civil time. */
static void on_time(struct leat_timer *timer, void *arg)
{
    (void)timer;
    (void)arg;
    if (words.max_ns > 0)
        leat_timer_set(platform->stack, &deadline, leat_now_ns(platform->stack) + words.max_ns);
    ask();
}

/* ---- Start ------------------------------------------------------------------------------------
 */

/* Opens the files. */
static enum fetch_status open_files(struct leat_platform *given, const char **why)
{
    const bool appends = words.resume && words.from == 0;
    uint64_t have = 0;

    *why = line;
    if (words.body_file && given->read_file(given, words.body_file, &body, &body_len))
        return snprintf(line, sizeof line, "can't read %.200s", words.body_file), FETCH_NOT_READ;
    if (words.output && given->open_output(given, words.output, words.resume, &have))
        return snprintf(line, sizeof line, "can't write %.200s", words.output), FETCH_NOT_WRITTEN;
    if (appends)
        words.from = have;
    return FETCH_OK;
}

static const char *check(struct leat_platform *given)
{
    struct leat_url parsed;
    const char *why;
    enum fetch_status wrong = fetch_words_read(&words, given, &why);

    platform = given;
    if (wrong == FETCH_USAGE)
        return why;
    if (!wrong)
        wrong = open_files(given, &why);
    if (wrong) {
        told[0] = '\0';
        snprintf(told, sizeof told, "%s", why);
        complain(told);
        end(wrong);
        return NULL;
    }
    memcpy(url, words.url, sizeof url);
    if (leat_url_parse(&parsed, url) || !leat_ip_parse(parsed.host, &host))
        host = LEAT_IP_ANY;
    return NULL;
}

static bool lacks_address(const struct leat_platform *given)
{
    return !ended && !leat_ip_is_any(host) && leat_platform_lacks_address(given, host);
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
    if (platform->dot || platform->doh)
        wrong = trust_servers(platform, &config);
    if (wrong)
        return wrong;
    return leat_resolver_open(&names.resolver, platform->stack, resolver_memory,
                              sizeof resolver_memory, &config)
               ? "no memory for the resolver"
               : NULL;
}

static const char *start(struct leat_platform *given)
{
    struct leat_http_client_config config = {.connect = &names,
                                             .connections = 2,
                                             .request_bytes = REQUEST_BYTES,
                                             .reply_bytes = HEAD_BYTES};
    const char *wrong;

    if (ended)
        return NULL;
    wrong = trust(given, &config);
    if (wrong && is_secure(url))
        return wrong;
    if (!wrong) {
        config.tls_info = leat_tls_get_info;
        config.carrier = http2_carrier(given);
    }
    wrong = early_open(given, &config);
    if (!wrong)
        wrong = open_names();
    if (wrong)
        return wrong;
    if (leat_http_client_open(&client, given->stack, memory, sizeof memory, &config))
        return "no memory for the client";
    first.on_time = on_time;
    leat_timer_set(given->stack, &first, 0);
    deadline.on_time = on_deadline;
    return NULL;
}

const struct leat_app example = {.name = "fetch",
                                 .summary = "Asks for a URL, or sends a file there.",
                                 .arguments = "URL [FILE]",
                                 .own_options = fetch_options,
                                 .default_port = LEAT_DNS_PORT,
                                 .has_tls = true,
                                 .prints = true,
                                 .check = check,
                                 .lacks = lacks_address,
                                 .start = start};
