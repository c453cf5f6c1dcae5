/* clock.c -- asks time servers for the time, and reports how wrong the machine's own clock was. */
#include <stdio.h>
#include <string.h>

#include <leat/civil.h>
#include <leat/resolver.h>
#include <leat/sntp.h>

#include "asked.h"
#include "example.h"
#include "idn.h"

enum {
    SECONDS_MAX = 31536000 /* a year */
};

static const uint64_t second_ns = 1000000000;

/* The times are its data; all else is for humans. */
static void print(struct leat_platform *platform, const char *line)
{
    if (platform->write(platform, line, strlen(line)) || platform->write(platform, "\n", 1))
        platform->finish(platform, ASKED_NOT_WRITTEN);
}

static void say_time(struct leat_platform *platform, const char *by)
{
    char line[LEAT_CIVIL_HTTP_BYTES + LEAT_IP_TEXT_BYTES + 40];
    char date[LEAT_CIVIL_HTTP_BYTES];

    leat_civil_format_http(leat_civil_ns(platform->stack), date);
    snprintf(line, sizeof line, "%s by %s", date, by);
    print(platform, line);
}

/* "stratum 3 of 1 answers; it was 1234 us behind, and is right within 250 us" */
static void say_report(struct leat_platform *platform, const struct leat_sntp_report *report)
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
    print(platform, line);
}

static void say_silence(struct leat_platform *platform, const struct leat_sntp *sntp)
{
    static char why[LEAT_REFUSAL_TEXT_BYTES]; /* not on the stack */
    static char line[LEAT_REFUSAL_TEXT_BYTES + 40];

    if (leat_refusal_format(leat_sntp_refusal(sntp), why) > 0)
        snprintf(line, sizeof line, "clock: %s; still trying", why);
    else
        snprintf(line, sizeof line, "clock: no time server answered; still trying");
    platform->say(platform, line);
}

static void on_news(struct leat_sntp *sntp, enum leat_sntp_news news,
                    const struct leat_sntp_report *report, void *arg)
{
    struct leat_platform *platform = arg;

    switch (news) {
    case LEAT_SNTP_SET:
        say_report(platform, report);
        platform->finish(platform, 0);
        break;
    case LEAT_SNTP_SILENCE:
        say_silence(platform, sntp);
        break;
    case LEAT_SNTP_PANIC: /* not at the first answer, unless the start is trusted */
    case LEAT_SNTP_REFUSED:
        platform->say(platform, "clock: the time servers forbid to ask");
        platform->finish(platform, ASKED_DENIED);
        break;
    }
}

/* The one client of this program, and its servers. */
static struct asking {
    struct leat_platform *platform;
    struct leat_sntp *sntp;
    struct leat_timer deadline;
    uint64_t max_ns;                          /* how long it may take; 0: for ever */
    const char *words[LEAT_SNTP_SERVERS_MAX]; /* servers of the command line */
    unsigned word_count;
    struct leat_endpoint servers[LEAT_SNTP_SERVERS_MAX];
    unsigned count;   /* of servers */
    unsigned lookups; /* under way */
} asking;

static _Alignas(16) unsigned char resolver_memory[1 << 15];

static void add(struct leat_ip ip)
{
    if (asking.count < LEAT_SNTP_SERVERS_MAX)
        asking.servers[asking.count++] = leat_endpoint_of(ip, asking.platform->port);
}

static void on_looked_up(void *arg, enum leat_err err, const struct leat_dns_result *result)
{
    struct leat_dns_record record;
    struct leat_ip ip;
    size_t cursor = 0;

    (void)arg;
    while (!err && leat_dns_result_next(result, &cursor, &record)) {
        if (leat_dns_record_ip(&record, &ip))
            add(ip);
    }
    if (--asking.lookups > 0)
        return;
    leat_sntp_set_servers(asking.sntp, asking.servers, asking.count);
    if (asking.count > 0) {
        leat_sntp_start(asking.sntp);
        return;
    }
    asking.platform->say(asking.platform, "clock: no time server has an address");
    asking.platform->finish(asking.platform, ASKED_NO_NAME);
}

/* Looks up both families of each name in @text, a list with spaces. */
static const char *look_up(struct leat_resolver *resolver, const char *text)
{
    static const uint16_t types[] = {LEAT_DNS_A, LEAT_DNS_AAAA};
    static char word[LEAT_DHCP_NAME_BYTES];
    static struct leat_dns_name name;

    while (*text) {
        const char *ascii;
        size_t len = 0;

        while (*text && *text != ' ' && len < sizeof word - 1)
            word[len++] = *text++;
        word[len] = '\0';
        text += *text == ' ';
        ascii = idn_host(word);
        if (!ascii || leat_dns_name_parse(ascii, &name))
            return "clock takes names and addresses of time servers";
        for (unsigned i = 0; i < 2; i++)
            asking.lookups +=
                !leat_lookup_start(resolver, &name, types[i], on_looked_up, NULL, NULL);
    }
    return NULL;
}

/* Chooses the given servers, else those of the network; returns NULL, or what is wrong. */
static const char *choose(struct leat_platform *platform)
{
    static struct leat_resolver_config config = {.server_count = 1, .lookups = 8};
    const char *names[LEAT_SNTP_SERVERS_MAX];
    struct leat_resolver *resolver;
    const char *wrong = NULL;
    unsigned name_count = 0;
    struct leat_ip ip;

    for (unsigned i = 0; i < asking.word_count; i++) {
        if (leat_ip_parse(asking.words[i], &ip))
            add(ip);
        else
            names[name_count++] = asking.words[i];
    }
    for (unsigned i = 0; asking.word_count == 0 && i < platform->time_server_count; i++)
        add(platform->time_servers[i]);
    if (asking.word_count == 0 && platform->time_names)
        names[name_count++] = platform->time_names;
    if (name_count == 0 || leat_ip_is_any(platform->server))
        return name_count > 0 && asking.count == 0 ? "no name server: give --server" : NULL;
    config.servers[0].ip = platform->server;
    if (leat_resolver_open(&resolver, platform->stack, resolver_memory, sizeof resolver_memory,
                           &config))
        return "no memory for the resolver";
    for (unsigned i = 0; i < name_count && !wrong; i++)
        wrong = look_up(resolver, names[i]);
    return wrong;
}

/* ---- the command line ------------------------------------------------------------------------ */

static const char options[] =
    "  -m SECONDS         how long to ask (--max-time); default: until a server answers\n"
    "\nThe exit statuses are those of curl: 6 without an address, 28 after -m, 9 if the servers "
    "forbid\nto ask.";

/* Reads whole seconds, a year at most; 0: it is no such number. */
static uint64_t read_seconds(const char *text)
{
    uint64_t seconds = 0;

    for (; *text >= '0' && *text <= '9' && seconds < SECONDS_MAX; text++)
        seconds = 10 * seconds + (uint64_t)(*text - '0');
    return *text == '\0' && seconds <= SECONDS_MAX ? seconds : 0;
}

static const char *check(struct leat_platform *platform)
{
    for (int i = 0; i < platform->argument_count; i++) {
        const char *word = platform->arguments[i];

        if (strcmp(word, "-m") == 0 || strcmp(word, "--max-time") == 0) {
            i++;
            asking.max_ns =
                i < platform->argument_count ? read_seconds(platform->arguments[i]) * second_ns : 0;
            if (asking.max_ns == 0)
                return "-m takes seconds";
        } else if (word[0] == '-') {
            return "clock has no such option: see --help";
        } else if (asking.word_count == LEAT_SNTP_SERVERS_MAX) {
            return "clock asks four time servers at most";
        } else {
            asking.words[asking.word_count++] = word;
        }
    }
    return NULL;
}

static void on_deadline(struct leat_timer *timer, void *arg)
{
    (void)timer;
    (void)arg;
    asking.platform->say(asking.platform, "clock: it takes longer than it may (-m)");
    asking.platform->finish(asking.platform, ASKED_TIMEOUT);
}

static bool lacks_servers(const struct leat_platform *platform)
{
    return asking.word_count == 0 && platform->time_server_count == 0 &&
           (!platform->time_names || !*platform->time_names);
}

static const char *start(struct leat_platform *platform)
{
    const struct leat_sntp_config config = {.on_news = on_news, .arg = platform};
    const char *wrong;

    asking.platform = platform;
    wrong = choose(platform);
    if (wrong)
        return wrong;
    if (asking.count + asking.lookups == 0)
        return "no time server: give one; the network has none";
    if (leat_sntp_open(platform->stack, &asking.sntp, &config))
        return "no memory for the client";
    leat_sntp_set_servers(asking.sntp, asking.servers, asking.count);
    if (leat_civil_from_host(platform->stack, platform->host))
        say_time(platform,
                 platform->time_is_old ? "the end of the last run" : "the machine's clock");
    else
        platform->say(platform, "the machine has no clock");
    if (asking.lookups == 0)
        leat_sntp_start(asking.sntp);
    asking.deadline.on_time = on_deadline;
    if (asking.max_ns > 0)
        leat_timer_set(platform->stack, &asking.deadline,
                       leat_now_ns(platform->stack) + asking.max_ns);
    return NULL;
}

const struct leat_app example = {.name = "clock",
                                 .summary = "Asks time servers what time it is.",
                                 .arguments = "[SERVER...]",
                                 .own_options = options,
                                 .default_port = 123,
                                 .prints = true,
                                 .check = check,
                                 .lacks = lacks_servers,
                                 .start = start};
