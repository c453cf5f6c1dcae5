/* dns.c -- an authoritative name server for one zone, read from a file or built in. */
#include <stdio.h>
#include <string.h>

#include <leat/dns_server.h>
#include <leat/dns_zone.h>

#include "example.h"
#include "secure.h"

static const char built_in[] = "$ORIGIN example.com.\n"
                               "$TTL 1h\n"
                               "@      SOA   ns hostmaster ( 1 ; serial\n"
                               "               2h 30m 2w    ; refresh, retry, expire\n"
                               "               5m )         ; for how long \"no such name\" holds\n"
                               "       NS    ns\n"
                               "       MX    10 mail\n"
                               "       TXT   \"served by leat\"\n"
                               "       A     192.0.2.1\n"
                               "ns     A     192.0.2.1\n"
                               "mail   A     192.0.2.2\n"
                               "www    A     192.0.2.3\n"
                               "       AAAA  2001:db8::3\n"
                               "alias  CNAME www\n"
                               "*.any  TXT   \"all names below any.example.com\"\n";

enum {
    DOT_PORT = 853
};

/* This program has one server, and two zones: a new one is read while the other is served. */
static _Alignas(16) unsigned char zone_memory[2][1 << 20];
static _Alignas(16) unsigned char server_memory[1 << 16];
static char complaint[200];
static const struct leat_dns_zone *zones[2];
static unsigned serving;      /* index of the zone that is served */
static const char *zone_file; /* NULL: the zone is built in */
static struct leat_dns_server *server;
static bool no_rate_limit;

static const char *complain(const char *file, const char *why)
{
    snprintf(complaint, sizeof complaint, "%.120s: %s", file, why);
    return complaint;
}

/* Reads zone @at from the file, or the one that is built in. */
static const char *load(struct leat_platform *platform, unsigned at)
{
    const char *name = zone_file ? zone_file : "built in";
    struct leat_dns_zone_error error;
    struct leat_dns_zone *read = NULL;
    const char *text = NULL;
    size_t len = strlen(built_in);
    enum leat_err err = LEAT_OK;
    char where[160];

    if (zone_file)
        err = platform->read_file(platform, zone_file, &text, &len);
    if (err)
        return complain(zone_file, leat_err_text(err));
    err = leat_dns_zone_parse(&read, zone_memory[at], sizeof zone_memory[at],
                              zone_file ? text : built_in, len, &error);
    leat_platform_free_file(platform, text);
    if (err == LEAT_ERR_FORMAT) {
        snprintf(where, sizeof where, "%.120s:%u:%u", name, (unsigned)error.line,
                 (unsigned)error.column);
        return complain(where, error.text);
    }
    if (err)
        return complain(name, "the zone is too large for this program");
    zones[at] = read;
    return NULL;
}

static const char *check(struct leat_platform *platform)
{
    const char *wrong;

    if (platform->dot || platform->doh)
        return "dns asks no servers: leave out --dot and --doh";
    for (int i = 0; i < platform->argument_count; i++) {
        if (strcmp(platform->arguments[i], "any-rate") == 0)
            no_rate_limit = true;
        else if (!zone_file)
            zone_file = platform->arguments[i];
        else
            return "dns takes one zone file at most";
    }
    wrong = load(platform, 0);
    return wrong ? wrong : secure_check(platform);
}

static void serve_session(void *arg, const struct leat_stream *session)
{
    (void)arg;
    leat_dns_server_serve(server, session);
}

static const char *start(struct leat_platform *platform)
{
    struct leat_dns_server_config config = {.zones = {.list = &zones[0], .count = 1},
                                            .port = platform->port,
                                            .no_rate_limit = no_rate_limit};
    const struct secure_port dot = {.port = DOT_PORT, .protocol = "dot", .serve = serve_session};
    const enum leat_err err =
        leat_platform_serve_dns(platform, &server, server_memory, sizeof server_memory, &config);

    if (err)
        return complain("can't open the ports", leat_err_text(err));
    return platform->certificate || platform->acme ? secure_serve(platform, &dot, 1) : NULL;
}

/* The zone is read into the memory of the zone before the current one. */
static const char *reload_zone(struct leat_platform *platform)
{
    const unsigned next = !serving;
    const struct leat_dns_zones changed = {.list = &zones[next], .count = 1};
    const char *wrong = NULL;

    if (server)
        leat_dns_server_forget_zones(server);
    wrong = load(platform, server ? next : serving);
    if (wrong || !server)
        return wrong;
    leat_dns_server_set_zones(server, &changed);
    serving = next;
    return NULL;
}

static const char *reload(struct leat_platform *platform)
{
    const char *wrong = reload_zone(platform);

    return !wrong && (platform->certificate || platform->acme) ? secure_reload(platform) : wrong;
}

const struct leat_app example = {.name = "dns",
                                 .summary =
                                     "Serves a DNS zone by UDP, TCP and TLS (RFC 1035, 7858).",
                                 .arguments = "[any-rate] [ZONE-FILE]",
                                 .default_port = LEAT_DNS_PORT,
                                 .has_tls = true,
                                 .has_acme = true,
                                 .has_dns = true,
                                 .check = check,
                                 .start = start,
                                 .reload = reload,
                                 .end = secure_end};
