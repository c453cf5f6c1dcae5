/* http_access.c -- see http_access.h. */
#include <leat/http_access.h>

#include "core/assert.h"
#include "core/log_line.h"

enum {
    FIXED_BYTES = 380 /* limit of a line without the texts of the client */
};

_Static_assert(LEAT_HTTP_ACCESS_BYTES_MIN >= FIXED_BYTES + 100, "there is room for texts");

static struct log_line begin(enum log_form form, const struct leat_http_access *access,
                             uint64_t civil_ns, char *line, size_t size)
{
    const struct log_event event = {
        .client = access->peer, .civil_ns = civil_ns, .took_ns = access->took_ns};

    leat_assert(size >= LEAT_HTTP_ACCESS_BYTES_MIN);
    return log_line_begin(form, line, size, FIXED_BYTES, &event);
}

/* ---- The Combined Log Format -------------------------------------------------------------- */

size_t leat_http_access_common(const struct leat_http_access *access, uint64_t civil_ns, char *line,
                               size_t size)
{
    struct log_line made = begin(LOG_COMMON, access, civil_ns, line, size);
    struct text *text = &made.text;

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
    text_add(&made->text, ",\"protocol\":\"HTTP/");
    text_add_number(&made->text, access->major_version > 0 ? access->major_version : 1);
    text_add(&made->text, ".");
    text_add_number(&made->text, access->minor_version);
    text_add(&made->text, "\"");
}

size_t leat_http_access_json(const struct leat_http_access *access, uint64_t civil_ns, char *line,
                             size_t size)
{
    struct log_line made = begin(LOG_JSON, access, civil_ns, line, size);
    struct text *text = &made.text;

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
    made.is_cut |= access->is_cut;
    log_line_end_json(&made, access->complete);
    return text->len;
}
