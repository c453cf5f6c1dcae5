/* inet.c -- addresses as text. */
#include "plain.h"

#include <errno.h>
#include <string.h>

#include <leat/addr.h>

const struct in6_addr leat_plain_in6addr_any = {.s6_addr = {0}};
const struct in6_addr leat_plain_in6addr_loopback = {.s6_addr = {[15] = 1}};

enum {
    MAPPED_BYTES = 12 /* in front of an IPv4 address in a struct leat_ip */
};

/* False: it isn't an address of the family. */
static bool parse(int family, const char *text, struct leat_ip *ip)
{
    const bool is_v6 = memchr(text, ':', strlen(text)) != NULL;

    return is_v6 == (family == AF_INET6) && leat_ip_parse(text, ip);
}

int leat_plain_inet_pton(int family, const char *text, void *address)
{
    struct leat_ip ip;

    if (family != AF_INET && family != AF_INET6) {
        errno = EAFNOSUPPORT;
        return -1;
    }
    if (!parse(family, text, &ip))
        return 0;
    if (family == AF_INET)
        memcpy(address, ip.bytes + MAPPED_BYTES, sizeof ip.bytes - MAPPED_BYTES);
    else
        memcpy(address, ip.bytes, sizeof ip.bytes);
    return 1;
}

const char *leat_plain_inet_ntop(int family, const void *address, char *text, socklen_t size)
{
    static const char mapped[] = "::ffff:";
    char made[sizeof mapped + LEAT_IP_TEXT_BYTES];
    struct leat_ip ip = LEAT_IP4_ANY;
    size_t at = 0;

    if (family != AF_INET && family != AF_INET6) {
        errno = EAFNOSUPPORT;
        return NULL;
    }
    if (family == AF_INET)
        memcpy(ip.bytes + MAPPED_BYTES, address, sizeof ip.bytes - MAPPED_BYTES);
    else
        memcpy(ip.bytes, address, sizeof ip.bytes);
    if (family == AF_INET6 && leat_ip_is_v4(ip)) {
        at = sizeof mapped - 1;
        memcpy(made, mapped, at);
    }
    at += leat_ip_format(ip, made + at);
    if (at >= size) {
        errno = ENOSPC;
        return NULL;
    }
    memcpy(text, made, at + 1);
    return text;
}

in_addr_t leat_plain_inet_addr(const char *text)
{
    in_addr_t address;

    return leat_plain_inet_pton(AF_INET, text, &address) == 1 ? address : INADDR_NONE;
}
