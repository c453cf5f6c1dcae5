/*
 * call.c -- one request to the authority (RFC 8555 6), and its reply.
 *
 * A signed request needs a nonce that no other request has used.  Each reply brings one (6.5); only
 * if there is none, a HEAD asks for it first.  A request whose nonce is refused is signed again
 * with the nonce of the refusal.  If a connection that was kept open turns out to be closed, the
 * request is sent once more with a new nonce: the old one makes a second execution impossible.
 */
#include <string.h>

#include <leat/civil.h>

#include "core/assert.h"
#include "core/minmax.h"
#include "core/second.h"
#include "service.h"
#include "web/acme/acme.h"
#include "web/acme/words.h"

enum {
    RETRY_AFTER_S_MAX = 86400
};

static void send(struct leat_acme *acme);

/* The end of the request: the machine goes on. */
static void end(struct leat_acme *acme, enum acme_event event)
{
    acme->call.on_end(acme, event);
}

static void break_off(struct leat_acme *acme, const char *why, const char *more)
{
    acme_why(acme, why, more);
    end(acme, ACME_broken);
}

void acme_call_end(struct leat_acme *acme)
{
    struct leat_http_call *http = acme->call.http;

    acme->call.http = NULL;
    if (http)
        leat_http_call_close(http);
}

/* ---- The head of a reply --------------------------------------------------------------------- */

/* Copies a field if it is there and has room; otherwise "". */
static void take_field(struct leat_http_call *http, const char *name, char *to, size_t room)
{
    size_t len = 0;
    const char *value = leat_http_call_field(http, name, &len);

    if (!value || len >= room)
        len = 0;
    if (len > 0)
        memcpy(to, value, len);
    to[len] = '\0';
}

/* Keeps the nonce of a reply.  Others than base64url are refused (6.5.1). */
static void take_nonce(struct leat_acme *acme, struct leat_http_call *http)
{
    take_field(http, "Replay-Nonce", acme->nonce, sizeof acme->nonce);
    for (const char *at = acme->nonce; *at; at++) {
        if (!is_url_char(*at))
            acme->nonce[0] = '\0';
    }
}

/* Seconds, or a date (RFC 9110 10.2.3). */
static uint32_t retry_after(const struct leat_acme *acme, struct leat_http_call *http)
{
    const uint64_t civil_ns = leat_civil_ns(acme->stack);
    uint64_t seconds = 0, date_ns;
    size_t len = 0;
    const char *value = leat_http_call_field(http, "Retry-After", &len);

    if (!value || len == 0)
        return 0;
    for (size_t i = 0; i < len && value[i] >= '0' && value[i] <= '9'; i++)
        seconds = min64(10 * seconds + (uint64_t)(value[i] - '0'), RETRY_AFTER_S_MAX);
    date_ns = leat_civil_parse_http(value, len);
    if (date_ns > 0)
        seconds = date_ns > civil_ns ? (date_ns - civil_ns) / second_ns + 1 : 0;
    return (uint32_t)min64(seconds, RETRY_AFTER_S_MAX);
}

static void on_reply(struct leat_http_call *http, void *arg)
{
    struct leat_acme *acme = arg;
    struct acme_call *call = &acme->call;

    call->status = leat_http_call_status(http);
    call->retry_after_s = retry_after(acme, http);
    take_nonce(acme, http);
    take_field(http, "Location", call->location, sizeof call->location);
    if (!acme_is_url(acme, call->location))
        call->location[0] = '\0';
}

/* ---- Its body -------------------------------------------------------------------------------- */

/* Reads the document of an error (RFC 7807) into `why`.  True: only the nonce was wrong. */
static bool read_problem(struct leat_acme *acme)
{
    static const char *const kind = "urn:ietf:params:acme:error:";
    const struct json *json = &acme->json;
    char type[80] = "", words[LEAT_ACME_WHY_BYTES];
    struct text text = {words, 0, sizeof words - 1};
    int detail = JSON_NONE;

    if (json_parse(&acme->json, acme->call.reply, acme->call.reply_len)) {
        json_words(json, json_member(json, 0, "type"), type, sizeof type);
        detail = json_member(json, 0, "detail");
    }
    if (acme_ends_with(type, ":badNonce"))
        return true;
    if (type[0]) {
        text_add(&text, acme_begins_with(type, kind) ? type + acme_len(kind) : type);
    } else {
        text_add(&text, "status ");
        text_add_number(&text, acme->call.status);
    }
    text_add(&text, ": ");
    json_words(json, detail, words + text.len, sizeof words - text.len);
    acme_why(acme, "the authority refuses: ", words);
    return false;
}

/* The whole reply is there. */
static void take_reply(struct leat_acme *acme)
{
    struct acme_call *call = &acme->call;

    leat_debug_assert(call->reply_len <= ACME_REPLY_BYTES);
    call->reply[call->reply_len] = '\0';
    if (call->status >= 300 && call->status < 400) {
        break_off(acme, "a redirect, which isn't followed: ", call->url);
    } else if (call->asks_nonce) {
        if (!acme->nonce[0] || call->status >= 400)
            break_off(acme, "no nonce from ", acme->directory.new_nonce);
        else
            send(acme);
    } else if (call->status < 300) {
        end(acme, ACME_replied);
    } else if (!read_problem(acme)) {
        end(acme, ACME_refused);
    } else if (!call->is_post || call->nonces == ACME_NONCES_MAX) {
        break_off(acme, "the authority refuses one nonce after the other", "");
    } else {
        call->nonces++;
        acme->info.bad_nonces++;
        send(acme);
    }
}

static void on_body(struct leat_http_call *http, void *arg)
{
    struct leat_acme *acme = arg;
    struct acme_call *call = &acme->call;
    struct leat_buf *data = leat_http_call_receive(http, UINT32_MAX);
    bool has_room = true;

    for (const struct leat_buf *piece = data; piece; piece = piece->next) {
        has_room = has_room && piece->len <= ACME_REPLY_BYTES - call->reply_len;
        if (has_room)
            memcpy(call->reply + call->reply_len, piece->data, piece->len);
        call->reply_len += has_room ? piece->len : 0;
    }
    leat_http_call_consumed(http, leat_buf_total(data));
    leat_buf_free(data);
    if (has_room && !leat_http_call_over(http))
        return;
    acme_call_end(acme);
    if (has_room)
        take_reply(acme);
    else
        break_off(acme, "a reply that is too long: ", call->url);
}

/* ---- Requests -------------------------------------------------------------------------------- */

static void on_writable(struct leat_http_call *http, void *arg)
{
    struct leat_acme *acme = arg;
    struct acme_call *call = &acme->call;

    call->sent += leat_http_call_write(http, call->post + call->sent, call->post_len - call->sent);
}

/* The stream of TLS says more than its error. */
static const char *reason_of(struct leat_http_call *http, enum leat_err why,
                             struct leat_tls_info *info)
{
    const struct leat_stream *stream = leat_http_call_stream(http);

    if (why != LEAT_ERR_TLS || !stream->end)
        return leat_err_text(why);
    leat_tls_get_info(stream, info);
    return info->why[0] ? info->why : leat_tls_alert_name(info->alert_received);
}

static void on_failed(struct leat_http_call *http, enum leat_err why, void *arg)
{
    struct leat_acme *acme = arg;
    struct acme_call *call = &acme->call;
    const bool is_silent = call->status == 0 && (why == LEAT_ERR_END || why == LEAT_ERR_RESET);
    struct leat_tls_info info;
    char *const told = call->reply; /* none has come */

    call->http = NULL;
    if (is_silent && !call->is_repeated) {
        call->is_repeated = true;
        acme->nonce[0] = '\0';
        send(acme);
        return;
    }
    if (leat_http_call_stream(http)->end || call->status > 0) {
        break_off(acme, "no reply from the authority: ", reason_of(http, why, &info));
    } else {
        leat_connect_format(leat_http_call_connecting(http), why, told);
        break_off(acme, "the authority can't be reached: ", told);
    }
}

/* Starts the HTTP call.  Returns why it can't begin, or NULL. */
static const char *start(struct leat_acme *acme)
{
    struct acme_call *call = &acme->call;
    char fields[256];
    struct text text = {fields, 0, sizeof fields - 1};
    const bool posts = call->is_post && !call->asks_nonce;
    struct leat_http_request request = {.method = posts              ? LEAT_HTTP_POST
                                                  : call->asks_nonce ? LEAT_HTTP_HEAD
                                                                     : LEAT_HTTP_GET,
                                        .url = call->asks_nonce ? acme->directory.new_nonce
                                                                : call->url,
                                        .fields = fields,
                                        .body_len = posts ? call->post_len : 0,
                                        .on_reply = on_reply,
                                        .on_body = on_body,
                                        .on_writable = posts ? on_writable : NULL,
                                        .on_failed = on_failed,
                                        .arg = acme};
    enum leat_err err;

    text_add(&text, "User-Agent: leat-acme\r\n"); /* 6.1 */
    if (posts)
        text_add(&text, "Content-Type: application/jose+json\r\n");
    if (call->accept) {
        text_add(&text, "Accept: ");
        text_add(&text, call->accept);
        text_add(&text, "\r\n");
    }
    fields[text.len] = '\0';
    if (leat_now_ns(acme->stack) >= acme->until_ns)
        return "it takes too long";
    if (acme->left == 0)
        return "it takes too many requests";
    acme->left--;
    acme->info.requests++;
    request.deadline_ns = acme->until_ns;
    err = leat_http_call(acme->config.client, &request, &call->http);
    return err ? leat_err_text(err) : NULL;
}

/* Begins what is next of the request: the HEAD for a nonce, or itself.  Returns as start(). */
static const char *begin(struct leat_acme *acme)
{
    struct acme_call *call = &acme->call;

    call->asks_nonce = call->is_post && !acme->nonce[0];
    call->sent = 0;
    call->status = 0;
    call->reply_len = 0;
    call->retry_after_s = 0;
    call->location[0] = '\0';
    if (call->is_post && !call->asks_nonce) {
        if (!acme_sign(acme))
            return "the request can't be signed";
        acme->nonce[0] = '\0'; /* it is used now */
    }
    return start(acme);
}

/* From a callback: goes on with the request. */
static void send(struct leat_acme *acme)
{
    const char *why = begin(acme);

    if (why)
        break_off(acme, why, "");
}

/* From an action. */
static void first(struct leat_acme *acme, struct acme_step *step, const char *url, bool is_post)
{
    struct acme_call *call = &acme->call;
    const char *why;

    leat_debug_assert(!call->http && acme_len(url) < sizeof call->url);
    memmove(call->url, url, acme_len(url) + 1);
    call->is_post = is_post;
    call->by_key = is_post && !acme->kid[0];
    call->is_repeated = false;
    call->nonces = 0;
    why = begin(acme);
    call->accept = NULL;
    if (!why)
        return;
    acme_why(acme, why, "");
    acme_follow(step, ACME_broken);
}

void acme_get(struct leat_acme *acme, struct acme_step *step, const char *url)
{
    first(acme, step, url, false);
}

void acme_post(struct leat_acme *acme, struct acme_step *step, const char *url)
{
    first(acme, step, url, true);
}

struct text acme_payload(struct leat_acme *acme)
{
    return (struct text){acme->call.payload, 0, sizeof acme->call.payload};
}

/* ---- What replies have ----------------------------------------------------------------------- */

bool acme_parse(struct leat_acme *acme, struct acme_step *step)
{
    if (json_parse(&acme->json, acme->call.reply, acme->call.reply_len))
        return true;
    acme_flaw(acme, step, "a reply that isn't JSON, or is larger than our limits");
    return false;
}

/* A quote or backslash would end the string that it is copied to.  An authority that is asked by
 * TLS names no URL without it. */
bool acme_is_url(const struct leat_acme *acme, const char *url)
{
    struct leat_url parsed;

    for (const char *at = url; *at; at++) {
        if (*at == '"' || *at == '\\')
            return false;
    }
    return url[0] && leat_url_parse(&parsed, url) == LEAT_OK && (parsed.secure || !acme->is_secure);
}

bool acme_take_url(struct leat_acme *acme, int token, char url[ACME_URL_BYTES])
{
    if (json_string(&acme->json, token, url, ACME_URL_BYTES) && acme_is_url(acme, url))
        return true;
    url[0] = '\0';
    return false;
}
