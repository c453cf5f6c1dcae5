/* bare_sink.c -- the console as a sink (main/sink.h). It takes all at once, so no line waits. */
#include "sink.h"

const char *sink_device_open(struct leat_log *log)
{
    (void)log;
    return NULL;
}

size_t sink_device_write(struct leat_log *log, const char *bytes, size_t len, const char **why)
{
    struct leat_host *host = log->platform->host;

    (void)why;
    host->console(host, bytes, len);
    return len;
}

bool sink_device_wait(const struct leat_log *log, unsigned wait_ms)
{
    (void)log;
    (void)wait_ms;
    return true;
}

void sink_device_say(const struct leat_log *log, const char *line)
{
    log->platform->say(log->platform, line);
}

void sink_device_close(struct leat_log *log)
{
    (void)log;
}
