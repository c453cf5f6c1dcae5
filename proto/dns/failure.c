/* failure.c -- why a lookup has no records, in one line for a human. */
#include "core/assert.h"
#include "core/text.h"
#include "proto/dns/lookup.h"

void leat_lookup_failure_take(struct leat_lookup_failure *failure, enum leat_err err,
                              const struct leat_dns_result *result)
{
    *failure = (struct leat_lookup_failure){
        .err = err, .rcode = result->rcode, .server = result->server, .refusal = result->refusal};
}

static void add_ip(struct text *told, struct leat_ip address)
{
    char ip[LEAT_IP_TEXT_BYTES];

    leat_ip_format(address, ip);
    text_add(told, ip);
}

/* The servers that were asked, the first one by its address. */
static void add_servers(struct text *told, const struct leat_resolver_config *config)
{
    leat_assert(config->server_count > 0);
    add_ip(told, config->servers[0].ip);
    if (config->server_count > 1) {
        text_add(told, " and ");
        text_add_number(told, config->server_count - 1u);
        text_add(told, " more");
    }
}

/* The last report that packets to one of the servers don't arrive; NULL: none. */
static const struct leat_unreachable *report_of(const struct leat_resolver *resolver)
{
    const struct leat_unreachable *report = NULL;

    for (unsigned i = 0; i < resolver->config.server_count && !report; i++)
        report = leat_unreachable_to(resolver->stack, resolver->config.servers[i].ip);
    return report;
}

size_t leat_lookup_failure_format(const struct leat_resolver *resolver,
                                  const struct leat_lookup_failure *failure,
                                  char text[LEAT_REFUSAL_TEXT_BYTES])
{
    struct text told = {.bytes = text, .room = LEAT_REFUSAL_TEXT_BYTES - 1};
    const struct leat_unreachable *report = report_of(resolver);
    size_t len;

    /* a server's word comes first: it says more than the way to the server */
    if (failure->err == LEAT_ERR_NOT_FOUND || failure->rcode != LEAT_DNS_NOERROR) {
        text_add(&told, leat_dns_rcode_text(failure->rcode));
        text_add(&told, failure->server.port != 0 ? ", says " : "; asked: ");
        if (failure->server.port != 0)
            add_ip(&told, failure->server.ip);
        else
            add_servers(&told, &resolver->config);
    } else {
        len = leat_refusal_format(&failure->refusal, text);
        /* then what ICMP reported: it tells a dead route from a server that is silent */
        if (len == 0 && report)
            len = leat_unreachable_format(report, text);
        if (len > 0)
            return len;
        text_add(&told, "no reply from ");
        add_servers(&told, &resolver->config);
    }
    leat_assert(told.len <= told.room);
    text[told.len] = '\0';
    return told.len;
}
