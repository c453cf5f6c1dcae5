/* sieve_fetch.c -- see sieve_fetch.h. */
#include "sieve_fetch.h"

#include <stdio.h>
#include <string.h>

#include <leat/civil.h>
#include <leat/http_client.h>
#include <leat/timer.h>
#include <leat/url.h>

#include "dns_secure.h"
#include "sieve_copies.h"
#include "sieve_kept.h"
#include "sieve_lists.h"
#include "sieve_report.h"
#include "sieve_schedule.h"
#include "sieve_sources.h"
#include "sieve_upload.h"
#include "trust.h"

enum {
    REDIRECTS_MAX = 5,
    REPLY_BYTES = 16384, /* of a head */
    REQUEST_BYTES = LEAT_URL_BYTES + COPY_TAG_BYTES + COPY_DATE_BYTES + 512,
    DEADLINE_S = 600,
    RETRY_AFTER_S_MAX = 86400
};

static const uint64_t second_ns = 1000000000;

static struct {
    struct leat_platform *platform;
    struct leat_http_client *client;
    struct leat_timer timer;
    struct source *source; /* that is fetched; NULL: none */
    bool is_waiting;       /* with the draft, for the end of an upload */
    /* the attempt */
    char url[LEAT_URL_BYTES];
    unsigned redirects;
    uint16_t status;
    bool moves; /* to `url` */
    uint64_t after_ns;
    char fault[SOURCE_FAULT_BYTES];
    char tag[COPY_TAG_BYTES], modified[COPY_DATE_BYTES];
} fetch;

static struct leat_connect_config names;
static _Alignas(16) unsigned char memory[160 * 1024];
static char text[LEAT_CONNECT_TEXT_BYTES];

static void ask(void);

/* ---- the end of an attempt ------------------------------------------------------------------- */

static uint64_t now_ns(void)
{
    return leat_now_ns(fetch.platform->stack);
}

static uint64_t civil_s(void)
{
    return leat_civil_ns(fetch.platform->stack) / second_ns;
}

/* The next list is fetched when it is due. */
static void go_on(void)
{
    uint64_t due_ns = UINT64_MAX;

    fetch.source = NULL;
    fetch.is_waiting = false;
    for (unsigned i = 0; sources_at(i); i++) {
        if (sources_at(i)->schedule.due_ns < due_ns)
            due_ns = sources_at(i)->schedule.due_ns;
    }
    leat_timer_set(fetch.platform->stack, &fetch.timer, due_ns);
}

static void end_good(void)
{
    struct source *source = fetch.source;

    source->fault[0] = '\0';
    source->checked_s = civil_s();
    schedule_good(&source->schedule, now_ns(), sources_every_ns(),
                  leat_random(fetch.platform->stack));
    go_on();
}

static void end_unchanged(void)
{
    fetch.platform->fetches_unchanged++;
    end_good();
}

static void end_bad(const char *fault)
{
    struct source *source = fetch.source;

    snprintf(source->fault, sizeof source->fault, "%.159s", fault);
    schedule_bad(&source->schedule, now_ns(), sources_every_ns(), fetch.after_ns,
                 leat_random(fetch.platform->stack));
    fetch.platform->fetches_failed++;
    report_begin();
    report_add(source->copy->url);
    report_add(": not fetched: ");
    report_add(source->fault);
    report_add(source->copy->len > 0 ? ". The former list stays" : ". It has not been here yet");
    report_add("; the next attempt comes in ");
    report_add_number((source->schedule.due_ns - now_ns()) / second_ns);
    report_add(" seconds.");
    fetch.platform->say(fetch.platform, report());
    go_on();
}

/* The draft was tried. */
static void on_tried(const char *wrong)
{
    struct copy *copy = fetch.source->copy;

    if (wrong) {
        end_bad(wrong);
        return;
    }
    memcpy(copy->tag, fetch.tag, sizeof copy->tag);
    memcpy(copy->modified, fetch.modified, sizeof copy->modified);
    copy->fetched_s = civil_s();
    fetch.platform->fetches_new++;
    report_begin();
    report_add(copy->url);
    report_add(": fetched: ");
    report_add_lines(lists_lines(copy));
    fetch.platform->say(fetch.platform, report());
    kept_update();
    end_good();
}

/* The draft is complete. */
static void try_draft(void)
{
    size_t len;

    copies_draft(&len);
    fetch.is_waiting = upload_is_busy();
    if (fetch.is_waiting)
        leat_timer_set(fetch.platform->stack, &fetch.timer, now_ns() + second_ns);
    else if (lists_hold())
        go_on();
    else if (len == 0)
        end_bad("it is empty");
    else
        lists_try(fetch.source->copy, on_tried);
}

/* ---- the reply ------------------------------------------------------------------------------- */

static void set_fault(const char *fault)
{
    snprintf(fetch.fault, sizeof fetch.fault, "%.159s", fault);
}

/* Copies a field; one that is too long, or missing, becomes empty. */
static void take_field(struct leat_http_call *call, const char *name, char *value, size_t size)
{
    size_t len = 0;
    const char *field = leat_http_call_field(call, name, &len);

    value[0] = '\0';
    if (!field || len >= size)
        return;
    memcpy(value, field, len);
    value[len] = '\0';
}

/* The seconds that the server asks for (RFC 9110 10.2.3); a date is not looked at. */
static uint64_t retry_after_s(struct leat_http_call *call)
{
    size_t len = 0;
    const char *value = leat_http_call_field(call, "Retry-After", &len);
    uint64_t seconds = 0;

    for (size_t i = 0; i < len && value[i] >= '0' && value[i] <= '9'; i++)
        seconds = seconds < RETRY_AFTER_S_MAX ? seconds * 10 + (uint64_t)(value[i] - '0') : seconds;
    return seconds;
}

/* Follows a redirect (RFC 9110 15.4), but never to a URL without TLS. */
static void move(struct leat_http_call *call)
{
    static char joined[LEAT_URL_BYTES];
    struct leat_url parsed;
    size_t len = 0;
    const char *where = leat_http_call_field(call, "Location", &len);

    if (fetch.redirects++ == REDIRECTS_MAX) {
        set_fault("too many redirects");
    } else if (!where || leat_url_join(joined, fetch.url, where, len) ||
               leat_url_parse(&parsed, joined) || !parsed.secure) {
        set_fault("a redirect that leads to no URL with https://");
    } else {
        memcpy(fetch.url, joined, sizeof fetch.url);
        fetch.moves = true;
    }
}

/* Looks at the head of a reply with status 200. */
static void take_head(struct leat_http_call *call)
{
    const uint64_t len = leat_http_call_length(call);
    char coding[16];

    take_field(call, "Content-Encoding", coding, sizeof coding);
    take_field(call, "ETag", fetch.tag, sizeof fetch.tag);
    take_field(call, "Last-Modified", fetch.modified, sizeof fetch.modified);
    if (coding[0] != '\0' && strcmp(coding, "identity") != 0)
        set_fault("it is compressed");
    else if (len != LEAT_HTTP_ANY && len > copies_room())
        set_fault("it is too large");
    copies_begin();
}

static void on_reply(struct leat_http_call *call, void *arg)
{
    const uint16_t status = leat_http_call_status(call);

    (void)arg;
    fetch.status = status;
    fetch.after_ns = retry_after_s(call) * second_ns;
    if (status == 200) {
        take_head(call);
    } else if (status == 301 || status == 302 || status == 303 || status == 307 || status == 308) {
        move(call);
    } else if (status != 304 || fetch.source->copy->len == 0) {
        snprintf(text, sizeof text, "status %u", status);
        set_fault(text);
    }
    if (fetch.fault[0] == '\0')
        return;
    leat_http_call_close(call); /* its body may be long, or never come */
    end_bad(fetch.fault);
}

static void take_body(const struct leat_buf *payload)
{
    const bool is_wanted = fetch.status == 200 && fetch.fault[0] == '\0';

    for (const struct leat_buf *piece = payload; piece && is_wanted; piece = piece->next) {
        if (!copies_write(piece->data, piece->len)) {
            set_fault("it is too large");
            return;
        }
    }
}

static void on_body(struct leat_http_call *call, void *arg)
{
    struct leat_buf *payload = leat_http_call_receive(call, UINT32_MAX);

    (void)arg;
    take_body(payload);
    leat_http_call_consumed(call, leat_buf_total(payload));
    leat_buf_free(payload);
    if (fetch.fault[0] == '\0' && !leat_http_call_over(call))
        return;
    leat_http_call_close(call);
    if (fetch.fault[0] != '\0')
        end_bad(fetch.fault);
    else if (fetch.moves)
        ask();
    else if (fetch.status == 200)
        try_draft();
    else
        end_unchanged();
}

static void on_failed(struct leat_http_call *call, enum leat_err why, void *arg)
{
    const struct leat_stream *stream = leat_http_call_stream(call);

    (void)arg;
    if (why == LEAT_ERR_TLS && stream->end)
        snprintf(text, sizeof text, "%s", trust_why(stream));
    else if (!stream->end && leat_http_call_connecting(call))
        leat_connect_format(leat_http_call_connecting(call), why, text);
    else
        snprintf(text, sizeof text, "%s", leat_err_text(why));
    end_bad(text);
}

/* ---- the request ----------------------------------------------------------------------------- */

static void ask(void)
{
    static char fields[COPY_TAG_BYTES + COPY_DATE_BYTES + 64];
    const struct copy *copy = fetch.source->copy;
    struct leat_http_request request = {.url = fetch.url,
                                        .fields = fields,
                                        .deadline_ns = now_ns() + DEADLINE_S * second_ns,
                                        .on_reply = on_reply,
                                        .on_body = on_body,
                                        .on_failed = on_failed};
    struct leat_http_call *call;
    size_t len = 0;
    enum leat_err err;

    fetch.moves = false;
    fetch.fault[0] = fields[0] = '\0';
    if (copy->len > 0 && copy->tag[0])
        len = (size_t)snprintf(fields, sizeof fields, "If-None-Match: %s\r\n", copy->tag);
    if (copy->len > 0 && copy->modified[0])
        snprintf(fields + len, sizeof fields - len, "If-Modified-Since: %s\r\n", copy->modified);
    err = leat_http_call(fetch.client, &request, &call);
    if (err)
        end_bad(leat_err_text(err));
}

/* Fetches the first list that is due, or goes on with a draft that has waited. */
static void on_time(struct leat_timer *timer, void *arg)
{
    (void)timer;
    (void)arg;
    if (fetch.is_waiting) {
        try_draft();
        return;
    }
    if (lists_hold()) /* until fetch_now() */
        return;
    for (unsigned i = 0; sources_at(i) && !fetch.source; i++) {
        if (sources_at(i)->schedule.due_ns <= now_ns())
            fetch.source = sources_at(i);
    }
    if (!fetch.source) {
        go_on();
        return;
    }
    snprintf(fetch.url, sizeof fetch.url, "%s", fetch.source->copy->url);
    fetch.redirects = 0;
    fetch.after_ns = 0;
    ask();
}

/* ---- the program ----------------------------------------------------------------------------- */

/* A list with a copy of an earlier run has time until that is old. */
static void begin_schedule(struct source *source)
{
    const uint64_t now_s = civil_s(), every_s = sources_every_ns() / second_ns;
    const uint64_t at_s = source->copy->fetched_s + every_s;

    source->schedule.due_ns = now_ns();
    if (source->copy->len > 0 && source->copy->fetched_s > 0 && now_s > 0 && at_s > now_s &&
        at_s - now_s <= every_s)
        source->schedule.due_ns += (at_s - now_s) * second_ns;
}

const char *fetch_start(struct leat_platform *platform, struct leat_resolver *resolver)
{
    struct leat_http_client_config config = {.connect = &names,
                                             .connections = 1,
                                             .kept_ns = 1, /* the next call comes hours later */
                                             .request_bytes = REQUEST_BYTES,
                                             .reply_bytes = REPLY_BYTES};
    const char *wrong;

    if (!sources_at(0))
        return NULL;
    fetch.platform = platform;
    names.resolver = resolver;
    if (sources_authorities() || dns_secure_wanted(platform))
        trust_authorities(sources_authorities());
    wrong = trust(platform, &config);
    if (wrong)
        return wrong;
    if (leat_http_client_open(&fetch.client, platform->stack, memory, sizeof memory, &config))
        return "no memory for the client of HTTP";
    platform->has_fetches = true;
    for (unsigned i = 0; sources_at(i); i++)
        begin_schedule(sources_at(i));
    fetch.timer.on_time = on_time;
    go_on();
    return NULL;
}

void fetch_now(void)
{
    for (unsigned i = 0; sources_at(i); i++)
        sources_at(i)->schedule.due_ns = 0;
    if (sources_at(0) && !fetch.source)
        go_on();
}
