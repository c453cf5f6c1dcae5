/* domains.c -- see domains.h. */
#include "domains.h"

#include <stdio.h>
#include <string.h>

enum {
    DOMAINS_MAX = 64,
    SETS_MAX = 8, /* of servers */
    LOOKUPS = 64, /* of each set, at a time */
    CACHE_BYTES = 128 * 1024,
    SET_BYTES = 1 << 20, /* a test asks leat_resolver_memory_bytes() for less */
    DAY_S = 86400,
    NAME_TEXT_BYTES = 256, /* without escapes */
    ADDRESS_TEXT_BYTES = LEAT_IP_TEXT_BYTES + 6,
    PORT_MAX = 65535
};

enum {
    NOWHERE = -1,  /* in the place of a set: no server is asked */
    ELSEWHERE = -2 /* the servers of all other names are */
};

static const char usage[] =
    "server= has addresses, or domains between slashes and then addresses, as "
    "server=/lan/192.168.1.1,fd00::1#5353";

static struct {
    struct leat_forwarder_domain list[DOMAINS_MAX];
    int sets_of[DOMAINS_MAX];
    unsigned count;
    struct leat_resolver_config all; /* the servers of all other names; none: those of --server */
    struct leat_resolver_config sets[SETS_MAX];
    struct leat_resolver *resolvers[SETS_MAX];
    unsigned set_count;
} domains;

static _Alignas(16) unsigned char set_memory[SETS_MAX][SET_BYTES];

/* ---- words ----------------------------------------------------------------------------------- */

static const char *add_domain(const char *text, size_t len, int set)
{
    char name[NAME_TEXT_BYTES];

    if (domains.count == DOMAINS_MAX)
        return "too many domains in words with server= and local=";
    if (len == 0 || len >= sizeof name)
        return usage;
    memcpy(name, text, len);
    name[len] = '\0';
    if (leat_dns_name_parse(name, &domains.list[domains.count].name))
        return "server= has no legal name of a domain";
    domains.sets_of[domains.count++] = set;
    return NULL;
}

/* Reads the digits of a port; 0: it is none. */
static uint16_t read_port(const char *text)
{
    unsigned port = 0;

    for (; *text >= '0' && *text <= '9' && port <= PORT_MAX; text++)
        port = port * 10 + (unsigned)(*text - '0');
    return *text == '\0' && port <= PORT_MAX ? (uint16_t)port : 0;
}

/* Reads "IP" or "IP#PORT". */
static bool read_server(const char *text, size_t len, struct leat_endpoint *server)
{
    char copy[ADDRESS_TEXT_BYTES];
    char *port;

    if (len >= sizeof copy)
        return false;
    memcpy(copy, text, len);
    copy[len] = '\0';
    *server = (struct leat_endpoint){.port = LEAT_DNS_PORT};
    port = strchr(copy, '#');
    if (port) {
        *port = '\0';
        server->port = read_port(port + 1);
    }
    return server->port > 0 && leat_ip_parse(copy, &server->ip) && !leat_ip_is_any(server->ip);
}

/* Adds addresses with commas between them to a set. */
static const char *add_servers(struct leat_resolver_config *set, const char *text)
{
    for (;;) {
        const size_t len = strcspn(text, ",");

        if (set->server_count == LEAT_RESOLVER_SERVERS_MAX)
            return "server= has at most four addresses";
        if (!read_server(text, len, &set->servers[set->server_count++]))
            return usage;
        if (text[len] == '\0')
            return NULL;
        text += len + 1;
    }
}

/* Reads addresses into a new set. */
static const char *add_set(const char *text)
{
    struct leat_resolver_config *set = &domains.sets[domains.set_count];

    if (domains.set_count == SETS_MAX)
        return "too many words with server= and addresses";
    *set = (struct leat_resolver_config){.lookups = LOOKUPS,
                                         .answer_bytes = UINT16_MAX,
                                         .cache_bytes = CACHE_BYTES,
                                         .stale_s = DAY_S,
                                         .fastest_first = true};
    domains.set_count++;
    return add_servers(set, text);
}

/* Takes "/a/b/ADDRESSES", of which @local has none, or "ADDRESSES". */
static const char *take(const char *text, bool local)
{
    const char *addresses = strrchr(text, '/');
    int set = NOWHERE;

    if (text[0] != '/' && !local)
        return add_servers(&domains.all, text);
    if (text[0] != '/' || addresses == text)
        return usage;
    addresses++;
    if (local && *addresses != '\0')
        return "local= has domains between slashes, as local=/lan/home.arpa/";
    if (strcmp(addresses, "#") == 0) {
        set = ELSEWHERE;
    } else if (*addresses != '\0') {
        const char *wrong = add_set(addresses);

        if (wrong)
            return wrong;
        set = (int)domains.set_count - 1;
    }
    for (text++; text < addresses; text += strcspn(text, "/") + 1) {
        const char *wrong = add_domain(text, strcspn(text, "/"), set);

        if (wrong)
            return wrong;
    }
    return NULL;
}

bool domains_word(const char *word, const char **wrong)
{
    static const char server[] = "server=", local[] = "local=";

    *wrong = NULL;
    if (strncmp(word, server, sizeof server - 1) == 0)
        *wrong = take(word + sizeof server - 1, false);
    else if (strncmp(word, local, sizeof local - 1) == 0)
        *wrong = take(word + sizeof local - 1, true);
    else
        return false;
    return true;
}

/* ---- the forwarder ----------------------------------------------------------------------------
 */

bool domains_ask_us(const struct leat *stack, const struct leat_resolver_config *set)
{
    bool is_ours = false;

    for (unsigned i = 0; i < set->server_count; i++)
        is_ours |= leat_address_is_ours(stack, set->servers[i].ip);
    return is_ours;
}

const char *domains_servers(struct leat_resolver_config *config)
{
    if (domains.all.server_count > 0) {
        if (config->server_count > 1)
            return "servers have a word server=, or stand alone, not both";
        for (unsigned i = 0; i < domains.all.server_count; i++)
            config->servers[i] = domains.all.servers[i];
        config->server_count = domains.all.server_count;
        config->fastest_first = true;
    }
    return leat_ip_is_any(config->servers[0].ip) ? "no name server: give --server or --gateway"
                                                 : NULL;
}

const char *domains_open(struct leat_platform *platform, struct leat_forwarder_config *config)
{
    if (domains_ask_us(platform->stack, &domains.all))
        return "server= has our own address: give another name server's";
    for (unsigned i = 0; i < domains.set_count; i++) {
        if (domains_ask_us(platform->stack, &domains.sets[i]))
            return "server= has our own address: give another name server's";
        if (leat_resolver_open(&domains.resolvers[i], platform->stack, set_memory[i], SET_BYTES,
                               &domains.sets[i]))
            return "no memory for the resolver of a word with server=";
    }
    for (unsigned i = 0; i < domains.count; i++) {
        const int set = domains.sets_of[i];

        if (set == ELSEWHERE)
            domains.list[i].resolver = config->resolver;
        else if (set != NOWHERE)
            domains.list[i].resolver = domains.resolvers[set];
    }
    config->domains = domains.list;
    config->domain_count = (uint16_t)domains.count;
    return NULL;
}

void domains_add(struct page *page, const struct leat_forwarder *forwarder)
{
    static char name[LEAT_DNS_NAME_TEXT_BYTES];

    if (domains.count == 0)
        return;
    page_add(page, "<h2>Domains with servers of their own</h2><table>"
                   "<tr><th><th>questions<th>cached<th>denied<th>busy");
    for (unsigned i = 0; i < domains.count; i++) {
        const struct leat_forwarder_domain_counts *counts =
            leat_forwarder_domain_counts(forwarder, i);
        char cells[100];

        leat_dns_name_format(&domains.list[i].name, name, sizeof name);
        page_add_row(page, name, counts->questions);
        snprintf(cells, sizeof cells, "<td>%llu<td>%llu<td>%llu",
                 (unsigned long long)counts->cached, (unsigned long long)counts->denied,
                 (unsigned long long)counts->busy);
        page_add(page, cells);
    }
    page_add(page, "</table><h2>Their servers</h2><table>");
    for (unsigned i = 0; i < domains.set_count; i++) {
        for (unsigned at = 0; at < domains.sets[i].server_count; at++) {
            struct leat_resolver_server about;
            char row[LEAT_ENDPOINT_TEXT_BYTES + 40];

            leat_resolver_get_server(domains.resolvers[i], at, &about);
            leat_endpoint_format(&about.endpoint, row);
            snprintf(row + strlen(row), sizeof row - strlen(row), ", delay in microseconds");
            page_add_row(page, row, about.delay_ns / 1000);
        }
    }
    page_add(page, "</table>");
}
