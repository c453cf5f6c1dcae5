/* names.c -- getaddrinfo(): names and services to addresses. */
#include "sockets/calls/inside.h"

#include <string.h>

#include "wire/bytes.h"

#include <leat/flow.h>

enum {
    KNOWN_FLAGS = LEAT_AI_PASSIVE | LEAT_AI_CANONNAME | LEAT_AI_NUMERICHOST | LEAT_AI_V4MAPPED |
                  LEAT_AI_ALL | LEAT_AI_ADDRCONFIG | LEAT_AI_NUMERICSERV
};

/* ---- hints and services --------------------------------------------------------------------- */

/* The kinds of sockets for a type and a protocol, each of which may be 0: any. */
static int read_kinds(struct address_question *asked, int type, int protocol)
{
    asked->streams =
        (type == 0 || type == LEAT_SOCK_STREAM) && (protocol == 0 || protocol == LEAT_IPPROTO_TCP);
    asked->datagrams =
        (type == 0 || type == LEAT_SOCK_DGRAM) && (protocol == 0 || protocol == LEAT_IPPROTO_UDP);
    return asked->streams || asked->datagrams ? 0 : LEAT_EAI_SOCKTYPE;
}

static int read_hints(struct address_question *asked, const struct leat_addrinfo *hints)
{
    if (!asked->node && !asked->service)
        return LEAT_EAI_NONAME;
    if (!hints) {
        /* POSIX: as if AI_V4MAPPED and AI_ADDRCONFIG; glibc does so, too */
        asked->flags = LEAT_AI_V4MAPPED | LEAT_AI_ADDRCONFIG;
        return read_kinds(asked, 0, 0);
    }
    asked->flags = hints->ai_flags;
    asked->family = hints->ai_family;
    if ((hints->ai_flags & ~KNOWN_FLAGS) || (!asked->node && (hints->ai_flags & LEAT_AI_CANONNAME)))
        return LEAT_EAI_BADFLAGS;
    if (hints->ai_family != LEAT_AF_UNSPEC && hints->ai_family != LEAT_AF_INET &&
        hints->ai_family != LEAT_AF_INET6)
        return LEAT_EAI_FAMILY;
    return read_kinds(asked, hints->ai_socktype, hints->ai_protocol);
}

/* Reads a decimal number up to @most that ends the text. */
static bool read_decimal(const char *text, uint32_t most, uint32_t *number)
{
    *number = 0;
    if (!*text)
        return false;
    for (; *text >= '0' && *text <= '9'; text++) {
        *number = *number * 10 + (uint32_t)(*text - '0');
        if (*number > most)
            return false;
    }
    return !*text;
}

static int read_service(struct address_question *asked)
{
    uint32_t number;

    if (!asked->service)
        return 0;
    if (read_decimal(asked->service, UINT16_MAX, &number)) {
        asked->ports[0] = asked->ports[1] = (uint16_t)number;
        return 0;
    }
    if (asked->flags & LEAT_AI_NUMERICSERV)
        return LEAT_EAI_NONAME;
    asked->ports[0] = service_port(asked->service, false);
    asked->ports[1] = service_port(asked->service, true);
    asked->streams = asked->streams && asked->ports[0] > 0;
    asked->datagrams = asked->datagrams && asked->ports[1] > 0;
    return asked->streams || asked->datagrams ? 0 : LEAT_EAI_SERVICE;
}

/* ---- addresses ------------------------------------------------------------------------------ */

/* True if addresses of this family are asked for, and can be used. */
static bool wants(const struct address_question *asked, bool v4)
{
    const struct leat *stack = asked->sockets->stack;

    if (asked->family != LEAT_AF_UNSPEC && (asked->family == LEAT_AF_INET) != v4)
        return false;
    return v4 || service_has_ipv6(stack);
}

static void add(struct address_question *asked, struct leat_ip ip, uint8_t zone)
{
    if (asked->count == ADDRESSES_MAX)
        return;
    asked->found[asked->count] = leat_endpoint_of(ip, 0);
    asked->found[asked->count++].zone = zone;
}

/* Without a node: the addresses to listen on, or those of this host. */
static void add_own(struct address_question *asked, bool passive)
{
    const struct leat_ip loopback6 = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};

    if (passive && wants(asked, true))
        add(asked, LEAT_IP4_ANY, 0);
    if (wants(asked, false))
        add(asked, passive ? LEAT_IP_ANY : loopback6, 0);
    if (!passive && wants(asked, true))
        add(asked, LEAT_IP4(127, 0, 0, 1), 0);
}

/* RFC 6761 6.3: "localhost", and all names below it, are this host. */
static bool is_localhost(const char *node)
{
    static const char name[] = "localhost";
    const size_t bytes = sizeof name - 1;
    size_t len = 0;

    while (node[len])
        len++;
    if (len > 0 && node[len - 1] == '.')
        len--;
    if (len < bytes || (len > bytes && node[len - bytes - 1] != '.'))
        return false;
    for (size_t i = 0; i < bytes; i++) {
        if ((node[len - bytes + i] | 0x20) != name[i])
            return false;
    }
    return true;
}

/* Reads an address, of IPv6 also with a zone behind "%" (RFC 4007 11.2). */
static __attribute__((noinline)) bool read_address(const char *node, struct leat_ip *ip,
                                                   uint8_t *zone)
{
    char text[LEAT_IP_TEXT_BYTES];
    uint32_t number = 0;
    size_t len = 0;

    while (node[len] && node[len] != '%' && len < sizeof text - 1) {
        text[len] = node[len];
        len++;
    }
    text[len] = '\0';
    if (node[len] == '%' && !read_decimal(node + len + 1, UINT8_MAX, &number))
        return false;
    if ((node[len] && node[len] != '%') || !leat_ip_parse(text, ip))
        return false;
    *zone = (uint8_t)number;
    return number == 0 || !leat_ip_is_v4(*ip);
}

static int add_address(struct address_question *asked, struct leat_ip ip, uint8_t zone)
{
    const bool mapped =
        asked->family == LEAT_AF_INET6 && leat_ip_is_v4(ip) && (asked->flags & LEAT_AI_V4MAPPED);

    if (!mapped && !wants(asked, leat_ip_is_v4(ip)))
        return LEAT_EAI_ADDRFAMILY;
    add(asked, ip, zone);
    return 0;
}

static int resolve_error(const struct address_question *asked, enum leat_err err)
{
    switch ((int)err) {
    case LEAT_ERR_NOT_FOUND:
    case LEAT_ERR_FORMAT:
        return LEAT_EAI_NONAME;
    case LEAT_ERR_MEMORY:
        return LEAT_EAI_MEMORY;
    case LEAT_ERR_CANCELLED:
    case LEAT_ERR_NO_TASK:
        if (asked->why)
            *asked->why = -error_number(err);
        return LEAT_EAI_SYSTEM;
    default:
        return LEAT_EAI_AGAIN;
    }
}

/* Puts the addresses of IPv6 first; their order is otherwise kept. */
static void put_v6_first(struct leat_endpoint *ends, unsigned count)
{
    for (unsigned i = 1; i < count; i++) {
        const struct leat_endpoint end = ends[i];
        unsigned at = i;

        for (; !leat_ip_is_v4(end.ip) && at > 0 && leat_ip_is_v4(ends[at - 1].ip); at--)
            ends[at] = ends[at - 1];
        ends[at] = end;
    }
}

/* Keeps the addresses of the families asked for.  With AI_V4MAPPED those of IPv4 are mapped: with
 * AI_ALL behind those of IPv6, and otherwise if there are none of IPv6. */
static void keep_wanted(struct address_question *asked)
{
    const bool maps = asked->family == LEAT_AF_INET6 && (asked->flags & LEAT_AI_V4MAPPED);
    const bool keeps_all = maps && (asked->flags & LEAT_AI_ALL);
    const unsigned count = asked->count;
    bool has_v6 = false;
    unsigned kept = 0;

    put_v6_first(asked->found, maps ? count : 0);
    for (unsigned i = 0; i < count; i++) {
        const bool v4 = leat_ip_is_v4(asked->found[i].ip);

        if (!wants(asked, v4) && !(v4 && maps && (keeps_all || !has_v6)))
            continue;
        has_v6 |= !v4;
        asked->found[kept++] = asked->found[i];
    }
    asked->count = kept;
}

/* Asks the name servers. */
static __attribute__((noinline)) int resolve(struct address_question *asked)
{
    struct leat_sockets *sockets = asked->sockets;
    struct leat_task *task = leat_task_running(sockets->tasks);
    enum leat_err err;

    if (!sockets->config.resolver)
        return LEAT_EAI_FAIL;
    if (!task)
        return resolve_error(asked, LEAT_ERR_NO_TASK);
    err = leat_task_resolve_why(task, sockets->config.resolver, asked->node, 0, asked->found,
                                ADDRESSES_MAX, &asked->count,
                                leat_task_in(task, sockets->config.resolve_ns), &asked->failure);
    if (err)
        return resolve_error(asked, err);
    keep_wanted(asked);
    return asked->count > 0 ? 0 : LEAT_EAI_NODATA;
}

/* AI_ADDRCONFIG: leaves out a family of which this host has no address. */
static int drop_unusable(struct address_question *asked)
{
    const struct leat *stack = asked->sockets->stack;
    unsigned kept = 0;

    for (unsigned i = 0; i < asked->count; i++) {
        if (service_has_address(stack, leat_ip_is_v4(asked->found[i].ip)))
            asked->found[kept++] = asked->found[i];
    }
    asked->count = kept;
    return kept > 0 ? 0 : LEAT_EAI_NONAME;
}

static int find(struct address_question *asked)
{
    struct leat_ip ip;
    uint8_t zone;
    int error = 0;

    if (!asked->node)
        add_own(asked, (asked->flags & LEAT_AI_PASSIVE) != 0);
    else if (read_address(asked->node, &ip, &zone))
        return add_address(asked, ip, zone);
    else if (asked->flags & LEAT_AI_NUMERICHOST)
        return LEAT_EAI_NONAME;
    else if (is_localhost(asked->node))
        add_own(asked, false);
    else
        error = resolve(asked);
    if (!error && asked->node && (asked->flags & LEAT_AI_ADDRCONFIG) && !is_localhost(asked->node))
        error = drop_unusable(asked);
    if (!error && asked->count == 0)
        error = LEAT_EAI_ADDRFAMILY;
    return error;
}

/* ---- results -------------------------------------------------------------------------------- */

static struct address_entry *new_entry(struct leat_sockets *sockets)
{
    struct address_entry *entry = sockets->free_addresses;

    if (!entry)
        return NULL;
    sockets->free_addresses = entry->next_free;
    memset(entry, 0, sizeof *entry);
    return entry;
}

/* One result; the list ends at **@end.  The first one is in the question's own entry. */
static int put(struct address_question *asked, const struct leat_endpoint *found, bool stream,
               struct leat_addrinfo ***end)
{
    struct address_entry *entry = asked->is_result
                                      ? new_entry(asked->sockets)
                                      : container_of(asked, struct address_entry, asked);
    struct leat_endpoint named = *found;
    bool as_v6;

    if (!entry)
        return LEAT_EAI_MEMORY;
    asked->is_result = true;
    named.port = asked->ports[stream ? 0 : 1];
    as_v6 = !leat_ip_is_v4(named.ip) || asked->family == LEAT_AF_INET6;
    entry->info.ai_flags = asked->flags;
    entry->info.ai_family = as_v6 ? LEAT_AF_INET6 : LEAT_AF_INET;
    entry->info.ai_socktype = stream ? LEAT_SOCK_STREAM : LEAT_SOCK_DGRAM;
    entry->info.ai_protocol = stream ? LEAT_IPPROTO_TCP : LEAT_IPPROTO_UDP;
    entry->info.ai_addrlen = sizeof entry->address;
    entry->info.ai_addr = &entry->address;
    address_write(as_v6, &named, &entry->address, &entry->info.ai_addrlen);
    **end = &entry->info;
    *end = &entry->info.ai_next;
    return 0;
}

static int put_all(struct address_question *asked, struct leat_addrinfo **results)
{
    struct leat_addrinfo **end = results;
    int error = 0;

    for (unsigned i = 0; i < asked->count && !error; i++) {
        if (asked->streams)
            error = put(asked, &asked->found[i], true, &end);
        if (!error && asked->datagrams)
            error = put(asked, &asked->found[i], false, &end);
    }
    return error;
}

/* The name is the node: it is not asked for again. */
static void name_first(const char *node, struct leat_addrinfo *first)
{
    struct address_entry *entry = container_of(first, struct address_entry, info);
    size_t len = 0;

    while (node[len] && len < sizeof entry->name - 1)
        len++;
    memcpy(entry->name, node, len);
    entry->name[len] = '\0';
    first->ai_canonname = entry->name;
}

int leat_bsd_getaddrinfo(struct leat_sockets *sockets, const char *node, const char *service,
                         const struct leat_addrinfo *hints, struct leat_addrinfo **results,
                         int *why)
{
    struct address_entry *entry = new_entry(sockets);
    struct address_question *asked = entry ? &entry->asked : NULL;
    int error;

    *results = NULL;
    if (!asked)
        return LEAT_EAI_MEMORY;
    asked->sockets = sockets;
    asked->node = node;
    asked->service = service;
    asked->why = why;
    error = read_hints(asked, hints);
    if (!error)
        error = read_service(asked);
    if (!error)
        error = find(asked);
    if (!error)
        error = put_all(asked, results);
    if (!error && (asked->flags & LEAT_AI_CANONNAME))
        name_first(node, *results); /* over the question */
    if (error) {
        leat_bsd_freeaddrinfo(sockets, *results ? *results : &entry->info);
        *results = NULL;
    }
    return error;
}

void leat_bsd_freeaddrinfo(struct leat_sockets *sockets, struct leat_addrinfo *results)
{
    while (results) {
        struct address_entry *entry = container_of(results, struct address_entry, info);

        results = results->ai_next;
        entry->next_free = sockets->free_addresses;
        sockets->free_addresses = entry;
    }
}
