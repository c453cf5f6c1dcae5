/* sieve_upload.c -- see sieve_upload.h. */
#include "sieve_upload.h"

#include <stdio.h>
#include <string.h>

#include "sieve_kept.h"
#include "sieve_lists.h"
#include "sieve_report.h"

static struct {
    struct leat_platform *platform;
    const char *token;
    bool is_busy;
    bool is_complete;                    /* it serves, and is written */
    struct leat_http_exchange *exchange; /* NULL: the sender has left */
    struct leat_ip sender;
    struct leat_blocklist *list;
    struct leat_blocklist_counts before; /* of the new set, before the upload */
} upload;

void upload_start(struct leat_platform *platform, const char *token)
{
    upload.platform = platform;
    upload.token = token;
}

bool upload_is_busy(void)
{
    return upload.is_busy;
}

static void answer(struct leat_http_exchange *exchange, uint16_t status, const char *text)
{
    const struct leat_http_head head = {.status = status, .type = "text/plain"};

    leat_http_answer(exchange, &head, text, (uint32_t)strlen(text));
}

/* The same for the report, which will change. */
static void tell(struct leat_http_exchange *exchange, uint16_t status)
{
    const struct leat_http_head head = {
        .status = status, .type = "text/plain", .len = strlen(report()) + 1};

    leat_http_reply(exchange, &head);
    leat_http_write(exchange, report(), strlen(report()));
    leat_http_write(exchange, "\n", 1);
    leat_http_finish(exchange);
}

/* A token in the URL keeps out foreign web pages that are open in a browser of the home. */
static bool is_allowed(const struct leat_http_exchange *exchange)
{
    size_t len;
    const char *query = leat_http_request_query(exchange, &len);
    unsigned differ = 0;

    if (!upload.token || len == 0 || strlen(upload.token) != len) /* an empty one is none */
        return false;
    for (size_t i = 0; i < len; i++)
        differ |= (unsigned)(query[i] ^ upload.token[i]);
    return differ == 0;
}

/* Reports an upload to the console: its sender, and @what became of it. */
static void say_upload(struct leat_ip sender, const char *what)
{
    static char line[1000 + LEAT_IP_TEXT_BYTES + 20];
    char ip[LEAT_IP_TEXT_BYTES];

    leat_ip_format(sender, ip);
    snprintf(line, sizeof line, "%s has sent lists: %s", ip, what);
    upload.platform->say(upload.platform, line);
}

/* Reports a sender without the token. A flood is told once a second. */
static void say_refused(struct leat_ip sender)
{
    static uint64_t told_at_ns;
    const uint64_t now_ns = leat_now_ns(upload.platform->stack);

    if (told_at_ns > 0 && now_ns - told_at_ns < 1000000000u)
        return;
    told_at_ns = now_ns;
    say_upload(sender, upload.token
                           ? "they are refused, because the token is wrong or missing."
                           : "they are refused, because the program was started without token=.");
}

/* ---- the end --------------------------------------------------------------------------------- */

static void end_upload(uint16_t status)
{
    upload.is_busy = false;
    say_upload(upload.sender, report());
    if (upload.exchange)
        tell(upload.exchange, status);
    upload.exchange = NULL;
}

static void on_kept(void *arg, enum leat_err err)
{
    (void)arg;
    if (!err) {
        report_add("; kept for the next start");
    } else if (err == LEAT_ERR_FULL) {
        report_add("; NOT kept for the next start: the disk of --store has room for ");
        report_add_number(shelf_room(kept_shelf()));
        report_add(" bytes");
    } else {
        report_add("; NOT kept for the next start: ");
        report_add(leat_err_text(err));
    }
    end_upload(200);
}

/* Makes the new set the one that serves, if the upload was a list that found room.  Returns the
 * status of HTTP. */
static uint16_t judge(void)
{
    const struct leat_blocklist_text *text = leat_blocklist_text(upload.list);
    const struct leat_blocklist_counts *counts = leat_blocklist_counts(upload.list);
    uint16_t status = 200;

    report_begin();
    if (!lists_is_list(text))
        status = 422;
    else if (counts->full > upload.before.full)
        status = 413;
    else
        lists_serve();
    if (status != 200) {
        report_add("The former lists stay: this ");
        report_add(status == 413 ? "has too many names. " : "looks like no list of names. ");
    }
    report_add_names(counts, &upload.before);
    report_add("; ");
    report_add_lines(text);
    return status;
}

static void complete(void)
{
    struct shelf *shelf = kept_shelf();
    uint16_t status;

    leat_blocklist_end(upload.list);
    status = judge();
    if (status == 200 && shelf) {
        upload.is_complete = true;
        shelf_commit(shelf, on_kept, NULL);
        return;
    }
    if (shelf)
        shelf_cancel(shelf);
    end_upload(status);
}

/* ---- the text -------------------------------------------------------------------------------- */

/* Takes a part of the body, of at most as many bytes as the disk takes now. */
static void take_text(struct leat_buf *text)
{
    struct shelf *shelf = kept_shelf();
    const uint32_t len = leat_buf_total(text);

    for (const struct leat_buf *part = text; part; part = part->next) {
        leat_blocklist_read(upload.list, part->data, part->len);
        if (shelf)
            shelf_add(shelf, part->data, part->len);
    }
    leat_buf_free(text);
    leat_http_consumed(upload.exchange, len);
}

static void go_on(void)
{
    const struct shelf *shelf = kept_shelf();
    uint32_t space;

    for (;;) {
        struct leat_buf *text;

        space = shelf ? shelf_space(shelf) : UINT32_MAX;
        text = space > 0 ? leat_http_receive(upload.exchange, space) : NULL;
        if (!text)
            break;
        take_text(text);
    }
    if (space > 0 && leat_http_body_over(upload.exchange))
        complete();
}

/* The disk takes bytes again. */
static void on_room(void *arg)
{
    (void)arg;
    if (upload.exchange)
        go_on();
}

static void begin(struct leat_http_exchange *exchange)
{
    struct shelf *shelf = kept_shelf();

    upload.exchange = exchange;
    upload.sender = leat_http_request_peer(exchange);
    upload.before = *leat_blocklist_counts(upload.list);
    upload.is_busy = true;
    upload.is_complete = false;
    if (shelf) {
        shelf_begin(shelf, on_room, NULL);
        shelf_text(shelf, "sent");
    }
}

static void on_lists(struct leat_http_exchange *exchange, void *arg)
{
    (void)arg;
    if (!is_allowed(exchange)) {
        say_refused(leat_http_request_peer(exchange));
        answer(exchange, 403, "That is not the token, or there is none.\n");
        return;
    }
    if (!upload.is_busy && !kept_is_writing())
        upload.list = lists_begin(leat_http_request_length(exchange));
    if (upload.is_busy || kept_is_writing() || !upload.list)
        answer(exchange, 503, "Other lists are just coming.\n");
    else
        begin(exchange);
}

static void on_lists_body(struct leat_http_exchange *exchange, void *arg)
{
    (void)arg;
    if (exchange == upload.exchange && !upload.is_complete)
        go_on();
}

static void on_lists_failed(struct leat_http_exchange *exchange, enum leat_err why, void *arg)
{
    (void)why;
    (void)arg;
    if (exchange != upload.exchange)
        return;
    upload.exchange = NULL;
    if (upload.is_complete) /* it is still written, and then told */
        return;
    upload.is_busy = false;
    if (kept_shelf())
        shelf_cancel(kept_shelf());
    say_upload(upload.sender, "they were cut. The former lists stay.");
}

const struct leat_http_route lists_route = {.path = "/lists",
                                            .methods = LEAT_HTTP_PUT,
                                            .body_bytes_max = LEAT_HTTP_ANY,
                                            .on_request = on_lists,
                                            .on_body = on_lists_body,
                                            .on_failed = on_lists_failed};
