/* http_access.c -- see http_access.h. */
#include <leat/http_access.h>

#include <leat/civil.h>

#include "core/assert.h"
#include "core/log_line.h"

enum {
    FIXED_BYTES = 380 /* limit of a line without the texts of the client */
};

_Static_assert(LEAT_HTTP_ACCESS_BYTES_MIN >= FIXED_BYTES + 100, "there is room for texts");

/* ---- The Combined Log Format -------------------------------------------------------------- */

size_t leat_http_access_common(const struct leat_http_access *access, uint64_t civil_ns, char *line,
                               size_t size)
{
    const uint64_t at_ns = log_line_begun_ns(civil_ns, access->took_ns);
    const struct leat_civil_date date = leat_civil_date(at_ns);
    struct log_line made = log_line_begin(LOG_COMMON, line, size, FIXED_BYTES);
    struct text *text = &made.text;

    leat_assert(size >= LEAT_HTTP_ACCESS_BYTES_MIN);
    log_line_ip(&made, access->peer);
    text_add(text, " - - [");
    if (at_ns > 0)
        log_line_date(&made, &date);
    else
        text_add(text, "-");
    text_add(text, "]");
    log_line_quoted(&made, access->line, access->line_len, 2);
    text_add(text, " ");
    text_add_digits(text, access->status, 3);
    text_add(text, " ");
    text_add_number(text, access->reply_bytes);
    log_line_quoted(&made, access->referer, access->referer_len, 4);
    log_line_quoted(&made, access->agent, access->agent_len, 4);
    text_add(text, " ");
    log_line_seconds(&made, access->took_ns);
    text_add(text, access->secure ? " https" : " http");
    return text->len;
}

/* ---- JSON --------------------------------------------------------------------------------- */

static void add_request(struct log_line *made, const struct leat_http_access *access)
{
    if (access->target_len == 0) {
        log_line_member(made, "line", access->line, access->line_len, 2);
        return;
    }
    /* a space stands between them; the two parts are those of the whole line */
    log_line_member(made, "method", access->line, (size_t)(access->target - access->line) - 1, 4);
    log_line_member(made, "target", access->target, access->target_len, 4);
    text_add(&made->text, ",\"protocol\":\"HTTP/1.");
    text_add_number(&made->text, access->minor_version);
    text_add(&made->text, "\"");
}

size_t leat_http_access_json(const struct leat_http_access *access, uint64_t civil_ns, char *line,
                             size_t size)
{
    const uint64_t at_ns = log_line_begun_ns(civil_ns, access->took_ns);
    const struct leat_civil_date date = leat_civil_date(at_ns);
    struct log_line made = log_line_begin(LOG_JSON, line, size, FIXED_BYTES);
    struct text *text = &made.text;

    leat_assert(size >= LEAT_HTTP_ACCESS_BYTES_MIN);
    text_add(text, "{");
    if (at_ns > 0) {
        text_add(text, "\"time\":\"");
        log_line_timestamp(&made, &date, at_ns);
        text_add(text, "\",");
    }
    text_add(text, "\"client\":\"");
    log_line_ip(&made, access->peer);
    text_add(text, "\"");
    add_request(&made, access);
    text_add(text, ",\"status\":");
    text_add_number(text, access->status);
    text_add(text, ",\"bytes\":");
    text_add_number(text, access->reply_bytes);
    text_add(text, ",\"seconds\":");
    log_line_seconds(&made, access->took_ns);
    log_line_member(&made, "referer", access->referer, access->referer_len, 4);
    log_line_member(&made, "agent", access->agent, access->agent_len, 4);
    log_line_flag(&made, "secure", access->secure);
    log_line_flag(&made, "complete", access->complete);
    if (made.is_cut || access->is_cut)
        log_line_flag(&made, "cut", true);
    text_add(text, "}");
    return text->len;
}
