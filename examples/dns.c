/* dns.c -- an authoritative name server for one zone, read from a file or built in. */
#include <stdio.h>
#include <string.h>

#include <leat/dns_server.h>
#include <leat/dns_zone.h>

#include "example.h"

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

/* The memory of the one zone and the one server of this program. */
static _Alignas(16) unsigned char zone_memory[1 << 20];
static _Alignas(16) unsigned char server_memory[1 << 16];
static char complaint[200];
static const struct leat_dns_zone *zone;
static bool no_rate_limit;

static const char *complain(const char *file, const char *why)
{
    snprintf(complaint, sizeof complaint, "%.120s: %s", file, why);
    return complaint;
}

/* Reads the zone from @file, or the one that is built in if that is NULL. */
static const char *load(struct example_platform *platform, const char *file)
{
    struct leat_dns_zone_error error;
    struct leat_dns_zone *read = NULL;
    const char *text = built_in;
    size_t len = strlen(built_in);
    enum leat_err err = LEAT_OK;
    char where[160];

    if (file)
        err = platform->read_file(platform, file, &text, &len);
    if (err)
        return complain(file, leat_err_text(err));
    err = leat_dns_zone_parse(&read, zone_memory, sizeof zone_memory, text, len, &error);
    if (err == LEAT_ERR_FORMAT) {
        snprintf(where, sizeof where, "%.120s:%u:%u", file ? file : "built in",
                 (unsigned)error.line, (unsigned)error.column);
        return complain(where, error.text);
    }
    if (err)
        return complain(file ? file : "built in", "the zone is too large for this program");
    zone = read;
    return NULL;
}

static const char *check(struct example_platform *platform)
{
    const char *file = NULL;

    for (int i = 0; i < platform->argument_count; i++) {
        if (strcmp(platform->arguments[i], "any-rate") == 0)
            no_rate_limit = true;
        else if (!file)
            file = platform->arguments[i];
        else
            return "dns takes one zone file at most";
    }
    return load(platform, file);
}

static const char *start(struct example_platform *platform)
{
    const struct leat_dns_server_config config = {.zones = {.list = &zone, .count = 1},
                                                  .port = platform->port,
                                                  .no_rate_limit = no_rate_limit};
    struct leat_dns_server *server;
    const enum leat_err err = leat_dns_server_open(&server, platform->stack, server_memory,
                                                   sizeof server_memory, &config);

    return err ? complain("can't open the ports", leat_err_text(err)) : NULL;
}

const struct example example = {.name = "dns",
                                .summary = "Serves a DNS zone by UDP and TCP (RFC 1035).",
                                .arguments = "[any-rate] [ZONE-FILE]",
                                .default_port = LEAT_DNS_PORT,
                                .check = check,
                                .start = start};
