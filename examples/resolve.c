/* resolve.c -- asks a name server for the records of a name, as dig does. */
#include <stdio.h>
#include <string.h>

#include <leat/resolver.h>

#include "asked.h"
#include "example.h"
#include "idn.h"
#include "trust.h"

/* The memory of the one resolver of this program. */
static _Alignas(16) unsigned char resolver_memory[1 << 15];
static struct leat_resolver *resolver;

/* False: they can't be written. */
static bool print_records(struct leat_platform *platform, const struct leat_dns_result *result)
{
    static char line[4096];
    struct leat_dns_record record;
    size_t cursor = 0;

    while (leat_dns_result_next(result, &cursor, &record)) {
        leat_dns_record_format(&record, line, sizeof line);
        if (platform->write(platform, line, strlen(line)) || platform->write(platform, "\n", 1))
            return false;
    }
    return true;
}

/* "www.example.com. AAAA: not found (NXDOMAIN, says 192.0.2.53)"; without a reply, why there is
 * none: "(192.0.2.53 answered, but with another id than the query's)" */
static void say_failure(struct leat_platform *platform, enum leat_err err,
                        const struct leat_dns_result *result)
{
    struct leat_lookup_failure failure;
    static char name[LEAT_DNS_NAME_TEXT_BYTES];
    static char line[LEAT_DNS_NAME_TEXT_BYTES + LEAT_REFUSAL_TEXT_BYTES + 100];
    char type[10], why[LEAT_REFUSAL_TEXT_BYTES];

    leat_dns_name_format(&result->name, name, sizeof name);
    leat_dns_type_format(result->type, type);
    leat_lookup_failure_take(&failure, err, result);
    leat_lookup_failure_format(resolver, &failure, why);
    snprintf(line, sizeof line, "%s %s: %s (%s)", name, type, leat_err_text(err), why);
    platform->say(platform, line);
}

static void on_done(void *arg, enum leat_err err, const struct leat_dns_result *result)
{
    struct leat_platform *platform = arg;
    int status = 0;

    if (err) {
        say_failure(platform, err, result);
        status = asked_status(err);
    } else if (!print_records(platform, result)) {
        status = ASKED_NOT_WRITTEN;
    }
    leat_resolver_close(resolver); /* the server hears the end of a connection */
    platform->finish(platform, status);
}

/* Reads the question from the arguments; returns what is wrong with them, or NULL. */
static const char *read_question(const struct leat_platform *platform, struct leat_dns_name *name,
                                 uint16_t *type)
{
    const char *text = platform->argument_count > 0 ? idn_host(platform->arguments[0]) : NULL;

    if (platform->argument_count < 1 || platform->argument_count > 2)
        return "resolve takes a name and perhaps a type";
    if (!text || leat_dns_name_parse(text, name))
        return "that is no legal name";
    if (platform->argument_count > 1 && !leat_dns_type_parse(platform->arguments[1], type))
        return "that is no type; A, AAAA, MX, TYPE99 are some";
    if (leat_ip_is_any(platform->server))
        return "no name server: give --server or --gateway";
    return NULL;
}

static const char *start(struct leat_platform *platform)
{
    static struct leat_dns_name name;
    struct leat_resolver_config config = {
        .servers = {{.ip = platform->server, .port = platform->port}},
        .server_count = 1,
        .lookups = 1};
    uint16_t type = LEAT_DNS_A;
    const char *wrong = read_question(platform, &name, &type);

    if (!wrong && (platform->dot || platform->doh))
        wrong = trust_servers(platform, &config);
    if (wrong)
        return wrong;
    if (leat_resolver_open(&resolver, platform->stack, resolver_memory, sizeof resolver_memory,
                           &config))
        return "no memory for the resolver";
    if (leat_lookup_start(resolver, &name, type, on_done, platform, NULL))
        return "can't start to ask";
    return NULL;
}

const struct leat_app example = {.name = "resolve",
                                 .summary = "Asks a name server for the records of a name.",
                                 .arguments = "NAME [TYPE]",
                                 .default_port = LEAT_DNS_PORT,
                                 .has_tls = true,
                                 .prints = true,
                                 .lacks = leat_platform_lacks_server,
                                 .start = start};
