/* access.c -- see access.h. */
#include "access.h"

#include <leat/civil.h>
#include <leat/http_access.h>

#include "sink.h"

static struct {
    const struct leat_platform *platform;
    struct leat_log *log;
    bool json;
    char line[LEAT_HTTP_ACCESS_BYTES];
} to;

_Static_assert((int)LEAT_HTTP_ACCESS_BYTES <= (int)SINK_LINE_BYTES, "no line is cut by the sink");

/* Time since the begin of the poll. */
static uint64_t since_poll_ns(const struct leat_platform *platform)
{
    const uint64_t now_ns = platform->host->now_ns(platform->host);
    const uint64_t polled_ns = leat_now_ns(platform->stack);

    return now_ns > polled_ns ? now_ns - polled_ns : 0;
}

/* The stack's time stands still in a poll, in which most requests begin and end: a line's duration
 * goes on to this moment. */
static void on_access(void *arg, const struct leat_http_access *access)
{
    const uint64_t late_ns = since_poll_ns(to.platform);
    const uint64_t polled_ns = leat_civil_ns(to.platform->stack);
    const uint64_t civil_ns = polled_ns > 0 ? polled_ns + late_ns : 0;
    const size_t most = sink_line_bytes(to.log);
    const size_t size = most < sizeof to.line ? most : sizeof to.line;
    struct leat_http_access timed = *access;
    size_t len;

    (void)arg;
    timed.took_ns += late_ns;
    len = to.json ? leat_http_access_json(&timed, civil_ns, to.line, size)
                  : leat_http_access_common(&timed, civil_ns, to.line, size);
    sink_line(to.log, to.line, len);
}

const char *access_open(const struct options *options, struct leat_platform *platform,
                        const char *program)
{
    const char *why;

    if (options->access_log.kind == SINK_NONE)
        return NULL;
    why = sink_open(&to.log, &options->access_log, "access-log", platform, program);
    if (why)
        return why;
    to.platform = platform;
    to.json = options->access_json;
    platform->on_access = on_access;
    return NULL;
}
