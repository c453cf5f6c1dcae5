/* access.c -- see access.h. */
#include "access.h"

#include <string.h>

#include <leat/civil.h>
#include <leat/dns_access.h>
#include <leat/http_access.h>

#include "sink.h"

enum {
    IPV4_KEPT = 12 + 3, /* bytes of a mapped address: of a network of 24 bits */
    IPV6_KEPT = 7       /* of a network of 56 bits, which a site usually has (RFC 6177) */
};

static struct {
    struct leat_platform *platform;
    struct leat_log *log;
    enum access_clients clients;
    bool json;
    char line[LEAT_HTTP_ACCESS_BYTES];
} to;

_Static_assert((int)LEAT_HTTP_ACCESS_BYTES <= (int)SINK_LINE_BYTES, "no line is cut by the sink");
_Static_assert((int)LEAT_DNS_ACCESS_BYTES <= (int)LEAT_HTTP_ACCESS_BYTES, "nor is a query's");

/* Time since the begin of the poll. The stack's time stands still in a poll, in which most queries
 * begin and end: a line's duration goes on to this moment. */
static uint64_t since_poll_ns(void)
{
    struct leat_host *clock = to.platform->clock;
    const uint64_t now_ns = clock ? clock->now_ns(clock) : 0;
    const uint64_t polled_ns = leat_now_ns(to.platform->stack);

    return now_ns > polled_ns ? now_ns - polled_ns : 0;
}

/* Civil time @late_ns after the begin of the poll; 0: unknown. */
static uint64_t civil_ns(uint64_t late_ns)
{
    const uint64_t polled_ns = leat_civil_ns(to.platform->stack);

    return polled_ns > 0 ? polled_ns + late_ns : 0;
}

/* As much of a client's address as --access-log-clients lets the log have. */
static struct leat_ip shown(struct leat_ip ip)
{
    const size_t kept = leat_ip_is_v4(ip) ? IPV4_KEPT : IPV6_KEPT;

    if (to.clients == ACCESS_CLIENTS_NONE)
        return LEAT_IP_ANY;
    if (to.clients == ACCESS_CLIENTS_NETWORK)
        memset(ip.bytes + kept, 0, sizeof ip.bytes - kept);
    return ip;
}

/* The room for a line. */
static size_t line_bytes(void)
{
    const size_t most = sink_line_bytes(to.log);

    return most < sizeof to.line ? most : sizeof to.line;
}

static void on_access(void *arg, const struct leat_http_access *access)
{
    const uint64_t late_ns = since_poll_ns();
    struct leat_http_access timed = *access;
    size_t len;

    (void)arg;
    timed.peer = shown(access->peer); /* the server has the clock, too */
    len = to.json ? leat_http_access_json(&timed, civil_ns(late_ns), to.line, line_bytes())
                  : leat_http_access_common(&timed, civil_ns(late_ns), to.line, line_bytes());
    sink_line(to.log, to.line, len);
}

static void on_query(void *arg, const struct leat_dns_access *access)
{
    const uint64_t late_ns = since_poll_ns();
    struct leat_dns_access timed = *access;
    size_t len;

    (void)arg;
    timed.took_ns += late_ns;
    timed.peer = shown(access->peer);
    len = (to.json ? to.platform->query_json : to.platform->query_common)(&timed, civil_ns(late_ns),
                                                                          to.line, line_bytes());
    sink_line(to.log, to.line, len);
}

const char *access_open(const struct options *options, struct leat_platform *platform,
                        const char *program)
{
    const char *why;

    platform->clock = options_want_clock(options) ? platform->host : NULL;
    if (options->access_log.kind == SINK_NONE)
        return NULL;
    why = sink_open(&to.log, &options->access_log, "access-log", platform, program);
    if (why)
        return why;
    to.platform = platform;
    to.json = options->access_json;
    to.clients = options->access_clients;
    platform->on_access = on_access;
    platform->on_query = on_query;
    return NULL;
}
