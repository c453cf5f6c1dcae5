/*
 * names.c -- getaddrinfo() and its relatives: /etc/hosts first, then leat's resolver.
 *
 * The C library still reads numbers and names of services. An address that was found for a name
 * goes through it as the text of a number.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "inside.h"
#include "names.h"

/* ---- /etc/hosts ------------------------------------------------------------------------------ */

/* Adds the address of the text to @found, if it is of a wanted family. */
static void add_text(struct found *found, const char *text, unsigned wants)
{
    const bool is_v6 = strchr(text, ':');
    struct run_endpoint to = endpoint_any(is_v6 ? '6' : '4');

    if (found->count == RUN_ADDRESSES_MAX || !(wants & (is_v6 ? RUN_WANTS_6 : RUN_WANTS_4)))
        return;
    if (inet_pton(is_v6 ? AF_INET6 : AF_INET, text, is_v6 ? to.ip : to.ip + 12) == 1)
        found->addresses[found->count++] = to;
}

/* Reads a line: an address, and names. @match decides by one word. */
static bool line_has(char *line, const char *wanted, char **address, char **first)
{
    char *rest, *word;
    bool has = false;

    line[strcspn(line, "#\n")] = '\0';
    *address = strtok_r(line, " \t\r", &rest);
    *first = word = *address ? strtok_r(NULL, " \t\r", &rest) : NULL;
    for (; word && wanted; word = strtok_r(NULL, " \t\r", &rest))
        has |= strcasecmp(word, wanted) == 0;
    return has;
}

/* True if the file has the name, with any address. */
static bool hosts_find(const char *name, unsigned wants, struct found *found)
{
    FILE *file = fopen("/etc/hosts", "re");
    char *line = NULL, *address, *first;
    size_t room = 0;
    bool known = false;

    while (file && getline(&line, &room, file) >= 0) {
        if (!line_has(line, name, &address, &first))
            continue;
        known = true;
        if (!found->canonical[0] && strlen(first) < sizeof found->canonical)
            strcpy(found->canonical, first);
        add_text(found, address, wants);
    }
    free(line);
    if (file)
        fclose(file);
    return known;
}

/* The first name of an address in the file. */
static bool hosts_reverse(const struct run_endpoint *of, char name[NI_MAXHOST])
{
    FILE *file = fopen("/etc/hosts", "re");
    char *line = NULL, *address, *first;
    size_t room = 0;
    bool known = false;

    while (file && !known && getline(&line, &room, file) >= 0) {
        struct found found = {.count = 0};

        line_has(line, NULL, &address, &first);
        if (!address || !first || strlen(first) >= NI_MAXHOST)
            continue;
        add_text(&found, address, RUN_WANTS_4 | RUN_WANTS_6);
        known = found.count == 1 && memcmp(found.addresses[0].ip, of->ip, sizeof of->ip) == 0;
        if (known)
            strcpy(name, first);
    }
    free(line);
    if (file)
        fclose(file);
    return known;
}

/* ---- both ------------------------------------------------------------------------------------ */

/* "localhost" and names below it are the machine itself (RFC 6761 6.3). */
static bool is_localhost(const char *name)
{
    static const char home[] = "localhost";
    size_t len = strlen(name);

    len -= len > 0 && name[len - 1] == '.';
    return len >= sizeof home - 1 &&
           strncasecmp(name + len - (sizeof home - 1), home, sizeof home - 1) == 0 &&
           (len == sizeof home - 1 || name[len - sizeof home] == '.');
}

int names_find(const char *name, unsigned wants, struct found *found)
{
    struct run_request request = {.call = RUN_LOOKUP, .value = wants};
    struct run_reply reply;
    int error;

    found->count = 0;
    found->canonical[0] = '\0';
    if (hosts_find(name, wants, found))
        return found->count > 0 ? 0 : EAI_NODATA;
    if (is_localhost(name)) {
        add_text(found, "::1", wants);
        add_text(found, "127.0.0.1", wants);
        return 0;
    }
    request.len = (uint32_t)strlen(name) + 1;
    if (request.len > sizeof request.data)
        return EAI_NONAME;
    memcpy(request.data, name, request.len);
    error = ask(NULL, &request, &reply);
    if (error)
        return error < 0 ? error : EAI_SYSTEM;
    found->count = reply.remote.port; /* so many addresses, then the name */
    memcpy(found->addresses, reply.data, found->count * sizeof *found->addresses);
    snprintf(found->canonical, sizeof found->canonical, "%s",
             (const char *)reply.data + found->count * sizeof *found->addresses);
    return 0;
}

int names_reverse(const struct run_endpoint *of, char name[NI_MAXHOST])
{
    struct run_request request = {.call = RUN_REVERSE, .endpoint = *of};
    struct run_reply reply;
    size_t len;
    int error;

    if (hosts_reverse(of, name))
        return 0;
    error = ask(NULL, &request, &reply);
    if (error)
        return error < 0 ? error : EAI_SYSTEM;
    len = strnlen((const char *)reply.data, reply.len);
    if (len >= NI_MAXHOST)
        return EAI_OVERFLOW;
    memcpy(name, reply.data, len);
    name[len] = '\0';
    return 0;
}

/* ---- getaddrinfo ----------------------------------------------------------------------------- */

/* True if the C library can answer without a look-up. */
static bool is_number(const char *node)
{
    struct in6_addr in6;
    struct in_addr in;
    char text[INET6_ADDRSTRLEN];

    snprintf(text, sizeof text, "%.*s", (int)strcspn(node, "%"), node);
    return inet_aton(node, &in) || inet_pton(AF_INET6, text, &in6) == 1;
}

static bool is_v4(const struct run_endpoint *address)
{
    return memcmp(address->ip, endpoint_any('4').ip, 12) == 0;
}

static bool has_v6(const struct found *found)
{
    for (unsigned i = 0; i < found->count; i++)
        if (!is_v4(&found->addresses[i]))
            return true;
    return false;
}

/* Appends what the C library makes of one address. */
static int append(struct addrinfo **list, const struct run_endpoint *address, const char *service,
                  const struct addrinfo *hints)
{
    char text[INET6_ADDRSTRLEN];
    struct addrinfo *made;
    int error;

    if (is_v4(address))
        inet_ntop(AF_INET, address->ip + 12, text, sizeof text);
    else
        inet_ntop(AF_INET6, address->ip, text, sizeof text);
    error = NEXT(getaddrinfo)(text, service, hints, &made);
    if (error)
        return error;
    while (*list)
        list = &(*list)->ai_next;
    *list = made;
    return 0;
}

EXPORT int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                       struct addrinfo **result)
{
    struct addrinfo numeric = hints ? *hints : (struct addrinfo){.ai_flags = 0};
    const bool maps = numeric.ai_family == AF_INET6 && (numeric.ai_flags & AI_V4MAPPED);
    const unsigned wants = numeric.ai_family == AF_INET             ? RUN_WANTS_4
                           : numeric.ai_family == AF_INET6 && !maps ? RUN_WANTS_6
                                                                    : RUN_WANTS_4 | RUN_WANTS_6;
    struct addrinfo *list = NULL;
    struct found found;
    int error;

    /* the kernel's interfaces, which AI_ADDRCONFIG means, aren't ours */
    numeric.ai_flags &= ~AI_ADDRCONFIG;
    if (!runs() || !node || (numeric.ai_flags & AI_NUMERICHOST) || is_number(node))
        return NEXT(getaddrinfo)(node, service, runs() && hints ? &numeric : hints, result);
    error = names_find(node, wants, &found);
    numeric.ai_flags = (numeric.ai_flags | AI_NUMERICHOST) & ~AI_CANONNAME;
    for (unsigned i = 0; !error && i < found.count; i++) {
        /* IPv4 addresses as IPv6 ones: if there are no others, or all are wanted (RFC 3493 6.1) */
        if (!maps || !is_v4(&found.addresses[i]) || (numeric.ai_flags & AI_ALL) || !has_v6(&found))
            error = append(&list, &found.addresses[i], service, &numeric);
    }
    if (!error && hints && (hints->ai_flags & AI_CANONNAME)) {
        list->ai_canonname = strdup(found.canonical[0] ? found.canonical : node);
        error = list->ai_canonname ? 0 : EAI_MEMORY;
    }
    if (error && list)
        freeaddrinfo(list);
    if (!error)
        *result = list;
    return error;
}

/* ---- getnameinfo ----------------------------------------------------------------------------- */

EXPORT int getnameinfo(const struct sockaddr *address, socklen_t len, char *host,
                       socklen_t host_len, char *service, socklen_t service_len, int flags)
{
    struct run_endpoint endpoint;
    char name[NI_MAXHOST];
    int error;

    if (!runs() || (flags & NI_NUMERICHOST) || !host || host_len == 0 || !address ||
        endpoint_read(address->sa_family == AF_INET ? '4' : '6', address, len, &endpoint))
        return NEXT(getnameinfo)(address, len, host, host_len, service, service_len, flags);
    error = names_reverse(&endpoint, name);
    if (error && (flags & NI_NAMEREQD))
        return EAI_NONAME;
    if (error)
        return NEXT(getnameinfo)(address, len, host, host_len, service, service_len,
                                 flags | NI_NUMERICHOST);
    if (strlen(name) >= host_len)
        return EAI_OVERFLOW;
    strcpy(host, name);
    return service && service_len > 0 ? NEXT(getnameinfo)(address, len, NULL, 0, service,
                                                          service_len, flags & ~NI_NAMEREQD)
                                      : 0;
}
