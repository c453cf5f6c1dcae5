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

static void on_access(void *arg, const struct leat_http_access *access)
{
    const uint64_t civil_ns = leat_civil_ns(to.platform->stack);
    const size_t most = sink_line_bytes(to.log);
    const size_t size = most < sizeof to.line ? most : sizeof to.line;
    const size_t len = to.json ? leat_http_access_json(access, civil_ns, to.line, size)
                               : leat_http_access_common(access, civil_ns, to.line, size);

    (void)arg;
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
