/*
 * lookup.c -- names, for getaddrinfo() and its relatives, by leat's resolver.
 *
 * A name is tried with the network's search domains as resolv.conf(5) says, with one dot at least
 * as it is first. Both families are asked at once.
 */
#include "server.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>

#include <leat/resolver.h>

enum {
    LOOKUPS_MAX = 256,
    CACHE_BYTES = 262144,
    FAMILIES = 2
};

/* A family's question. */
struct part {
    struct lookup *whole;
    struct leat_lookup *asked; /* NULL: over */
    enum leat_err err;
};

struct lookup {
    struct call *call; /* NULL: unused */
    struct part parts[FAMILIES];
    struct leat_dns_name name;
    unsigned wants;
    unsigned candidate;    /* forms of the name that were tried */
    enum leat_err trouble; /* of a form that failed, and not because there is no such name */
    bool no_data;          /* the name exists */
    struct run_endpoint found[FAMILIES][RUN_ADDRESSES_MAX / 2];
    unsigned counts[FAMILIES];
    char canonical[256];
};

static struct lookup lookups[LOOKUPS_MAX];
static struct leat_resolver *resolver;

static int eai_of(enum leat_err err)
{
    if (err == LEAT_ERR_NOT_FOUND || err == LEAT_ERR_FORMAT)
        return EAI_NONAME;
    return err == LEAT_ERR_SERVERS ? EAI_FAIL : EAI_AGAIN;
}

/* ---- the end --------------------------------------------------------------------------------- */

static void answer(struct lookup *lookup, int error)
{
    struct call *call = lookup->call;

    lookup->call = NULL;
    call->lookup = NULL;
    call_answer(call, error);
}

static int answer_addresses(struct lookup *lookup, struct run_reply *reply)
{
    size_t at = 0;

    /* IPv6 first, where we have it (RFC 6724); a family that we lack isn't asked for */
    for (unsigned i = 0; i < FAMILIES; i++) {
        memcpy(reply->data + at, lookup->found[i], lookup->counts[i] * sizeof **lookup->found);
        at += lookup->counts[i] * sizeof **lookup->found;
    }
    reply->remote.port = (uint16_t)(lookup->counts[0] + lookup->counts[1]);
    if (at + sizeof lookup->canonical > sizeof reply->data)
        lookup->canonical[sizeof reply->data - at - 1] = '\0';
    strcpy((char *)reply->data + at, lookup->canonical);
    reply->len = (uint32_t)(at + strlen(lookup->canonical) + 1);
    return 0;
}

/* ---- the forms of a name -----------------------------------------------------------------------
 */

/* The search domain of that index. */
static const char *domain_of(unsigned index, int *len)
{
    const char *at = server.platform->search ? server.platform->search : "";

    for (;; index--) {
        at += strspn(at, " ");
        *len = (int)strcspn(at, " ");
        if (*len == 0)
            return NULL;
        if (index == 0)
            return at;
        at += *len;
    }
}

/* The next form. False: there is none. */
static bool next_form(struct lookup *lookup)
{
    const char *name = (const char *)lookup->call->request.data;
    const size_t len = strlen(name);
    const bool absolute = len > 0 && name[len - 1] == '.', dotted = strchr(name, '.') != NULL;
    char text[512];

    for (;;) {
        const unsigned form = lookup->candidate++;
        int domain_len = 0;
        const char *domain = NULL;

        if (absolute || (dotted && form == 0)) {
            if (form > 0)
                return false;
            return leat_dns_name_parse(name, &lookup->name) == LEAT_OK;
        }
        domain = domain_of(dotted ? form - 1 : form, &domain_len);
        if (domain) {
            snprintf(text, sizeof text, "%s.%.*s", name, domain_len, domain);
            if (leat_dns_name_parse(text, &lookup->name) == LEAT_OK)
                return true;
            continue;
        }
        /* a name without a dot is tried as it is at last */
        if (dotted || (form > 0 && !domain_of(form - 1, &domain_len)))
            return false;
        return leat_dns_name_parse(name, &lookup->name) == LEAT_OK;
    }
}

static void ask(struct lookup *lookup);

/* Both families have been answered. */
static void finish(struct lookup *lookup)
{
    if (lookup->counts[0] + lookup->counts[1] > 0)
        answer(lookup, answer_addresses(lookup, &lookup->call->reply));
    else if (next_form(lookup))
        ask(lookup);
    else
        answer(lookup, lookup->trouble   ? eai_of(lookup->trouble)
                       : lookup->no_data ? EAI_NODATA
                                         : EAI_NONAME);
}

static void note_name(struct lookup *lookup, const struct leat_dns_result *result)
{
    char text[LEAT_DNS_NAME_TEXT_BYTES];
    size_t len = leat_dns_name_format(&result->name, text, sizeof text);

    if (len > 1 && text[len - 1] == '.')
        text[--len] = '\0';
    if (len < sizeof lookup->canonical)
        memcpy(lookup->canonical, text, len + 1);
}

static void on_addresses(void *arg, enum leat_err err, const struct leat_dns_result *result)
{
    struct part *part = arg;
    struct lookup *lookup = part->whole;
    const unsigned family = (unsigned)(part - lookup->parts);
    struct leat_dns_record record;
    struct leat_ip ip;
    size_t cursor = 0;

    part->asked = NULL;
    if (err == LEAT_ERR_NOT_FOUND)
        lookup->no_data |= result->rcode == LEAT_DNS_NOERROR;
    else if (err)
        lookup->trouble = err;
    else
        note_name(lookup, result);
    while (!err && lookup->counts[family] < RUN_ADDRESSES_MAX / 2 &&
           leat_dns_result_next(result, &cursor, &record)) {
        const struct leat_endpoint found = {0};

        if (!leat_dns_record_ip(&record, &ip))
            continue;
        lookup->found[family][lookup->counts[family]] = run_endpoint_of(&found);
        memcpy(lookup->found[family][lookup->counts[family]++].ip, ip.bytes, sizeof ip.bytes);
    }
    if (!lookup->parts[0].asked && !lookup->parts[1].asked)
        finish(lookup);
}

/* Asks for the families that are wanted and that we have. */
static void ask(struct lookup *lookup)
{
    static const uint16_t types[FAMILIES] = {LEAT_DNS_AAAA, LEAT_DNS_A};
    const bool asks[FAMILIES] = {(lookup->wants & RUN_WANTS_6) && server.platform->has_ipv6,
                                 lookup->wants & RUN_WANTS_4};

    for (unsigned i = 0; i < FAMILIES; i++) {
        struct part *part = &lookup->parts[i];

        part->whole = lookup;
        part->asked = NULL;
        if (!asks[i])
            continue;
        part->err =
            leat_lookup_start(resolver, &lookup->name, types[i], on_addresses, part, &part->asked);
        if (part->err) {
            part->asked = NULL;
            lookup->trouble = part->err;
        }
    }
    if (!lookup->parts[0].asked && !lookup->parts[1].asked)
        answer(lookup, lookup->trouble ? eai_of(lookup->trouble) : EAI_NODATA);
}

/* ---- the name of an address --------------------------------------------------------------------
 */

static void on_name(void *arg, enum leat_err err, const struct leat_dns_result *result)
{
    struct part *part = arg;
    struct lookup *lookup = part->whole;
    struct leat_dns_record record;
    struct leat_dns_name name;
    char text[LEAT_DNS_NAME_TEXT_BYTES];
    size_t cursor = 0, len;

    part->asked = NULL;
    if (err || !leat_dns_result_next(result, &cursor, &record) ||
        !leat_dns_record_target(&record, &name)) {
        answer(lookup, err ? eai_of(err) : EAI_NONAME);
        return;
    }
    len = leat_dns_name_format(&name, text, sizeof text);
    if (len > 1 && text[len - 1] == '.')
        text[--len] = '\0';
    memcpy(lookup->call->reply.data, text, len + 1);
    lookup->call->reply.len = (uint32_t)len + 1;
    answer(lookup, 0);
}

/* "2.0.0.10.in-addr.arpa", "....ip6.arpa" (RFC 1035 3.5, RFC 3596 2.5). */
static void reverse_name(struct leat_ip ip, char text[128])
{
    const uint8_t *bytes = ip.bytes;
    int at = 0;

    if (leat_ip_is_v4(ip)) {
        snprintf(text, 128, "%u.%u.%u.%u.in-addr.arpa", (unsigned)bytes[15], (unsigned)bytes[14],
                 (unsigned)bytes[13], (unsigned)bytes[12]);
        return;
    }
    for (int i = 15; i >= 0; i--)
        at += snprintf(text + at, (size_t)(128 - at), "%x.%x.", bytes[i] & 15u, bytes[i] >> 4);
    snprintf(text + at, (size_t)(128 - at), "ip6.arpa");
}

static void ask_name(struct lookup *lookup)
{
    const struct leat_endpoint of = endpoint_of(&lookup->call->request.endpoint);
    struct part *part = &lookup->parts[0];
    enum leat_err err;
    char text[128];

    reverse_name(of.ip, text);
    part->whole = lookup;
    lookup->parts[1].asked = NULL;
    err = leat_dns_name_parse(text, &lookup->name);
    if (!err)
        err = leat_lookup_start(resolver, &lookup->name, LEAT_DNS_PTR, on_name, part, &part->asked);
    if (err) {
        part->asked = NULL;
        answer(lookup, eai_of(err));
    }
}

/* ---- calls -------------------------------------------------------------------------------------
 */

void lookup_begin(struct call *call)
{
    struct run_request *request = &call->request;
    struct lookup *lookup = lookups;
    struct leat_dns_name name;
    const bool good = request->call == RUN_REVERSE ||
                      (request->len > 0 && request->data[request->len - 1] == '\0' &&
                       !leat_dns_name_parse((const char *)request->data, &name));

    while (lookup < lookups + LOOKUPS_MAX && lookup->call)
        lookup++;
    if (!resolver || !good || lookup == lookups + LOOKUPS_MAX) {
        call_answer(call, !good ? EAI_NONAME : EAI_AGAIN);
        return;
    }
    *lookup = (struct lookup){.call = call, .wants = request->value};
    call->lookup = lookup;
    if (request->call == RUN_REVERSE)
        ask_name(lookup);
    else if (next_form(lookup))
        ask(lookup);
    else
        answer(lookup, EAI_NONAME);
}

void lookup_cancel(struct call *call)
{
    struct lookup *lookup = call->lookup;

    if (!lookup)
        return;
    for (unsigned i = 0; i < FAMILIES; i++)
        if (lookup->parts[i].asked)
            leat_lookup_cancel(lookup->parts[i].asked);
    lookup->call = NULL;
    call->lookup = NULL;
}

const char *lookup_open(struct leat_platform *platform)
{
    const struct leat_resolver_config config = {.servers = {{.ip = platform->server}},
                                                .server_count = 1,
                                                .lookups = 2 * LOOKUPS_MAX,
                                                .cache_bytes = CACHE_BYTES};
    const size_t bytes = leat_resolver_memory_bytes(&config);
    void *memory;

    if (leat_ip_is_any(platform->server))
        return NULL; /* only /etc/hosts has names then */
    memory = malloc(bytes);
    if (!memory || leat_resolver_open(&resolver, platform->stack, memory, bytes, &config))
        return "no memory for the resolver";
    return NULL;
}
