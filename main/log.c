/* log.c -- see log.h. */
#include "log.h"

#include <string.h>

#include <leat/civil.h>
#include <leat/syslog.h>

enum {
    LOG_BYTES = 10240
};

/* The syslog server. */
static struct {
    struct leat_syslog *server;
    void (*say)(struct leat_platform *platform, const char *line);
} log_to;

static void say(struct leat_platform *platform, const char *line)
{
    log_to.say(platform, line);
    leat_syslog_send(log_to.server, LEAT_SYSLOG_INFORMATIONAL, line, strlen(line));
}

enum leat_err log_open(const struct options *options, struct leat_platform *platform,
                       const char *name)
{
    static char memory[LOG_BYTES];
    const struct leat_syslog_config config = {.server = options->syslog,
                                              .tcp = options->syslog_tcp,
                                              .host_name = options->host_name,
                                              .app_name = name};
    enum leat_err err;

    if (leat_ip_is_any(options->syslog.ip))
        return LEAT_OK;
    err = leat_syslog_open(&log_to.server, platform->stack, memory, sizeof memory, &config);
    if (err)
        return err;
    leat_civil_from_host(platform->stack, platform->host); /* no clock: lines without a date */
    log_to.say = platform->say;
    platform->say = say;
    return LEAT_OK;
}
