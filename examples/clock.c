/* clock.c -- asks time servers what time it is, and says how right the machine's own clock was. */
#include <stdio.h>

#include <leat/civil.h>
#include <leat/sntp.h>

#include "example.h"

static void say_time(struct example_platform *platform, const char *by)
{
    char line[LEAT_CIVIL_HTTP_BYTES + LEAT_IP_TEXT_BYTES + 40];
    char date[LEAT_CIVIL_HTTP_BYTES];

    leat_civil_format_http(leat_civil_ns(platform->stack), date);
    snprintf(line, sizeof line, "%s by %s", date, by);
    platform->say(platform, line);
}

/* "stratum 3 of 1 answers; it was 1234 us behind, and is right within 250 us" */
static void say_report(struct example_platform *platform, const struct leat_sntp_report *report)
{
    const uint64_t ns =
        report->offset_ns < 0 ? 0 - (uint64_t)report->offset_ns : (uint64_t)report->offset_ns;
    char ip[LEAT_IP_TEXT_BYTES];
    char line[200];

    leat_ip_format(report->server.ip, ip);
    say_time(platform, ip);
    snprintf(line, sizeof line,
             "stratum %u of %u answers; it was %lu us %s, and is right within %lu us",
             (unsigned)report->stratum, (unsigned)report->answers, (unsigned long)(ns / 1000),
             report->offset_ns < 0 ? "ahead" : "behind", (unsigned long)(report->error_ns / 1000));
    platform->say(platform, line);
}

/* Exit status 0: the time is known; 1: all servers forbid to ask. */
static void on_news(struct leat_sntp *sntp, enum leat_sntp_news news,
                    const struct leat_sntp_report *report, void *arg)
{
    struct example_platform *platform = arg;

    (void)sntp;
    switch (news) {
    case LEAT_SNTP_SET:
        say_report(platform, report);
        platform->finish(platform, 0);
        break;
    case LEAT_SNTP_SILENCE:
        platform->say(platform, "clock: no time server answered; still trying");
        break;
    case LEAT_SNTP_PANIC: /* not at the first answer, unless the start is trusted */
    case LEAT_SNTP_REFUSED:
        platform->say(platform, "clock: the time servers forbid to ask");
        platform->finish(platform, 1);
        break;
    }
}

/* Those that are named, else those of the network; false: what is named is no address. */
static bool choose(const struct example_platform *platform, struct leat_sntp_config *config)
{
    const bool named = platform->argument_count > 0;
    const unsigned count = named ? (unsigned)platform->argument_count : platform->time_server_count;

    for (unsigned i = 0; i < count; i++) {
        config->servers[i].port = platform->port;
        if (!named)
            config->servers[i].ip = platform->time_servers[i];
        else if (!leat_ip_parse(platform->arguments[i], &config->servers[i].ip))
            return false;
    }
    config->server_count = (uint8_t)count;
    return true;
}

static const char *start(struct example_platform *platform)
{
    struct leat_sntp_config config = {.on_news = on_news, .arg = platform};
    struct leat_sntp *sntp;

    if (platform->argument_count > LEAT_SNTP_SERVERS_MAX)
        return "clock asks four time servers at most";
    if (!choose(platform, &config))
        return "clock takes addresses of time servers";
    if (config.server_count == 0)
        return "whom to ask? give addresses of time servers; the network names none";
    if (leat_sntp_open(platform->stack, &sntp, &config))
        return "no memory for the client";
    if (leat_civil_from_host(platform->stack, platform->host))
        say_time(platform, "the machine's clock");
    else
        platform->say(platform, "the machine has no clock");
    leat_sntp_start(sntp);
    return NULL;
}

const struct example example = {.name = "clock",
                                .summary = "Asks time servers what time it is.",
                                .arguments = "[SERVER...]",
                                .default_port = 123,
                                .start = start};
