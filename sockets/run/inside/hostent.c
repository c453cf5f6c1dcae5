/* hostent.c -- gethostbyname(), gethostbyaddr() and their relatives. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>

#include "names.h"

enum {
    STATIC_BYTES = 4096
};

/* For the functions whose result is in static memory: of each thread, at least. */
static __thread char static_bytes[STATIC_BYTES];
static __thread struct hostent static_entry;

/* Parts of the caller's buffer. */
struct room {
    char *next;
    size_t left;
};

/* NULL: it is full. */
static void *take(struct room *room, size_t bytes)
{
    const size_t skip = -(uintptr_t)room->next & (sizeof(void *) - 1);
    char *at = room->next + skip;

    if (room->left < skip || room->left - skip < bytes)
        return NULL;
    room->next = at + bytes;
    room->left -= skip + bytes;
    return at;
}

/* Fills the entry. 0, or ERANGE. */
static int fill(struct hostent *entry, struct room room, const char *name,
                const struct run_endpoint *addresses, unsigned count, int family)
{
    const unsigned skip = family == AF_INET ? 12 : 0;

    entry->h_addrtype = family;
    entry->h_length = (int)(16 - skip);
    entry->h_aliases = take(&room, sizeof *entry->h_aliases);
    entry->h_addr_list = take(&room, (count + 1) * sizeof *entry->h_addr_list);
    entry->h_name = take(&room, strlen(name) + 1);
    if (!entry->h_aliases || !entry->h_addr_list || !entry->h_name)
        return ERANGE;
    entry->h_aliases[0] = NULL;
    strcpy(entry->h_name, name);
    for (unsigned i = 0; i < count; i++) {
        entry->h_addr_list[i] = take(&room, (size_t)entry->h_length);
        if (!entry->h_addr_list[i])
            return ERANGE;
        memcpy(entry->h_addr_list[i], addresses[i].ip + skip, (size_t)entry->h_length);
    }
    entry->h_addr_list[count] = NULL;
    return 0;
}

static int herror_of(int error)
{
    return error == EAI_NONAME   ? HOST_NOT_FOUND
           : error == EAI_NODATA ? NO_DATA
           : error == EAI_AGAIN  ? TRY_AGAIN
           : error == EAI_SYSTEM ? NETDB_INTERNAL
                                 : NO_RECOVERY;
}

/* The address that the text is; of one family. */
static bool number_of(const char *name, int family, struct run_endpoint *address)
{
    struct in_addr in;

    *address = endpoint_any(family == AF_INET ? '4' : '6');
    if (family == AF_INET6)
        return inet_pton(AF_INET6, name, address->ip) == 1;
    if (!inet_aton(name, &in))
        return false;
    memcpy(address->ip + 12, &in, sizeof in);
    return true;
}

EXPORT int gethostbyname2_r(const char *name, int family, struct hostent *entry, char *bytes,
                            size_t len, struct hostent **result, int *herror)
{
    struct found found = {.count = 1};
    int error = 0;

    if (!runs() || (family != AF_INET && family != AF_INET6))
        return NEXT(gethostbyname2_r)(name, family, entry, bytes, len, result, herror);
    *result = NULL;
    if (!number_of(name, family, &found.addresses[0]))
        error = names_find(name, family == AF_INET ? RUN_WANTS_4 : RUN_WANTS_6, &found);
    if (error) {
        *herror = herror_of(error);
        return *herror == TRY_AGAIN ? EAGAIN : ENOENT;
    }
    error = fill(entry, (struct room){bytes, len}, found.canonical[0] ? found.canonical : name,
                 found.addresses, found.count, family);
    *herror = error ? NETDB_INTERNAL : 0;
    if (!error)
        *result = entry;
    else
        errno = error;
    return error;
}

EXPORT int gethostbyname_r(const char *name, struct hostent *entry, char *bytes, size_t len,
                           struct hostent **result, int *herror)
{
    if (!runs())
        return NEXT(gethostbyname_r)(name, entry, bytes, len, result, herror);
    return gethostbyname2_r(name, AF_INET, entry, bytes, len, result, herror);
}

EXPORT struct hostent *gethostbyname2(const char *name, int family)
{
    struct hostent *result = NULL;

    if (!runs())
        return NEXT(gethostbyname2)(name, family);
    gethostbyname2_r(name, family, &static_entry, static_bytes, sizeof static_bytes, &result,
                     &h_errno);
    return result;
}

EXPORT struct hostent *gethostbyname(const char *name)
{
    return runs() ? gethostbyname2(name, AF_INET) : NEXT(gethostbyname)(name);
}

EXPORT int gethostbyaddr_r(const void *address, socklen_t address_len, int family,
                           struct hostent *entry, char *bytes, size_t len, struct hostent **result,
                           int *herror)
{
    struct run_endpoint endpoint = endpoint_any(family == AF_INET ? '4' : '6');
    const socklen_t skip = family == AF_INET ? 12 : 0;
    char name[NI_MAXHOST];
    int error;

    if (!runs() || (family != AF_INET && family != AF_INET6))
        return NEXT(gethostbyaddr_r)(address, address_len, family, entry, bytes, len, result,
                                     herror);
    *result = NULL;
    if (address_len < 16 - skip) {
        *herror = NETDB_INTERNAL;
        errno = EINVAL;
        return EINVAL;
    }
    memcpy(endpoint.ip + skip, address, 16 - skip);
    error = names_reverse(&endpoint, name);
    if (error) {
        *herror = herror_of(error);
        return *herror == TRY_AGAIN ? EAGAIN : ENOENT;
    }
    error = fill(entry, (struct room){bytes, len}, name, &endpoint, 1, family);
    *herror = error ? NETDB_INTERNAL : 0;
    if (!error)
        *result = entry;
    return error;
}

EXPORT struct hostent *gethostbyaddr(const void *address, socklen_t len, int family)
{
    struct hostent *result = NULL;

    if (!runs())
        return NEXT(gethostbyaddr)(address, len, family);
    gethostbyaddr_r(address, len, family, &static_entry, static_bytes, sizeof static_bytes, &result,
                    &h_errno);
    return result;
}
