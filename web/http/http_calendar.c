/*
 * http_calendar.c -- the Date of replies (RFC 9110 6.6.1).
 *
 * The head of a file's common reply is prepared once and lent to the stack. As the stack may
 * retransmit it at any time, it can't be changed. So the Date is a separate line after it, made
 * once per second and shared by the replies of that second. Older replies keep their own.
 */
#include <string.h>

#include "core/second.h"
#include "web/http/server_conn.h"
#include "service.h"

void http_calendar_release(struct http_calendar *calendar)
{
    leat_buf_free(calendar->line);
    calendar->line = NULL;
}

const struct http_now *http_calendar_now(struct leat_http_server *server)
{
    struct http_calendar *calendar = &server->calendar;
    const uint64_t civil_ns = leat_civil_ns(server->stack);

    if (civil_ns == 0)
        return NULL;
    if (civil_ns / second_ns != calendar->second || calendar->now.civil_ns == 0) {
        http_calendar_release(calendar);
        calendar->second = civil_ns / second_ns;
        leat_civil_format_http(civil_ns, calendar->now.date);
    }
    calendar->now.civil_ns = civil_ns;
    return &calendar->now;
}

static struct leat_buf *make_line(const struct leat_http_server *server)
{
    static const char name[] = "\r\nDate: ";
    const size_t name_len = sizeof name - 1;
    const size_t date_len = LEAT_CIVIL_HTTP_BYTES - 1;
    struct leat_buf *line = leat_buf_alloc_small(leat_pool(server->stack), 0);
    char *at;

    if (!line)
        return NULL;
    at = (char *)leat_buf_put(line, (uint32_t)(name_len + date_len + 4));
    memcpy(at, name, name_len);
    /* part of a head, not a string: NOLINTNEXTLINE(bugprone-not-null-terminated-result) */
    memcpy(at + name_len, server->calendar.now.date, date_len);
    /* nor is its end: NOLINTNEXTLINE(bugprone-not-null-terminated-result) */
    memcpy(at + name_len + date_len, "\r\n\r\n", 4);
    return line;
}

struct leat_buf *http_calendar_line(struct leat_http_server *server)
{
    struct http_calendar *calendar = &server->calendar;

    if (!calendar->line)
        calendar->line = make_line(server);
    return calendar->line ? leat_buf_slice(calendar->line, 0, calendar->line->len) : NULL;
}
