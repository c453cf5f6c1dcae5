/* posix_reach.c -- addresses that this machine's own would make unreachable. */
#include "posix_reach.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static const struct options_address *ours(const struct options *options, unsigned i)
{
    return i < options->ip_count ? &options->ips[i] : &options->ip6s[i - options->ip_count];
}

static unsigned count_ours(const struct options *options)
{
    return options->ip_count + options->ip6_count;
}

/* The address of an interface; LEAT_IP_ANY: it is of another family. */
static struct leat_ip ip_of(const struct sockaddr *address)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct leat_ip ip = LEAT_IP_ANY;

    if (address && address->sa_family == AF_INET) {
        memcpy(&v4, address, sizeof v4);
        return leat_ip_v4(ntohl(v4.sin_addr.s_addr));
    }
    if (address && address->sa_family == AF_INET6) {
        memcpy(&v6, address, sizeof v6);
        memcpy(&ip, &v6.sin6_addr, sizeof ip);
    }
    return ip;
}

bool posix_reach_check(const struct options *options, char why[LEAT_WHY_BYTES])
{
    char text[LEAT_IP_TEXT_BYTES];
    struct ifaddrs *all;
    bool good = true;

    if (getifaddrs(&all) != 0)
        return true;
    for (const struct ifaddrs *at = all; at && good; at = at->ifa_next) {
        const struct leat_ip ip = ip_of(at->ifa_addr);

        for (unsigned i = 0; i < count_ours(options) && good; i++)
            good = leat_ip_is_any(ip) || !leat_ip_equal(ip, ours(options, i)->ip);
        if (good)
            continue;
        leat_ip_format(ip, text);
        snprintf(why, LEAT_WHY_BYTES,
                 "--ip%s %s is this machine's own address, on %.16s: give another one of that "
                 "network",
                 leat_ip_is_v4(ip) ? "" : "6", text, at->ifa_name);
    }
    freeifaddrs(all);
    return good;
}

/* True if @ip is in a network of ours. */
static bool is_near(const struct options *options, struct leat_ip ip)
{
    for (unsigned i = 0; i < options->ip_count; i++) {
        const unsigned bits = options->ips[i].prefix_bits;
        const uint32_t mask = bits > 0 ? UINT32_MAX << (32 - bits) : 0;

        if (((leat_ip_v4_number(options->ips[i].ip) ^ leat_ip_v4_number(ip)) & mask) == 0)
            return true;
    }
    return false;
}

bool posix_reach_doubt(const struct options *options, const char *name, char line[LEAT_WHY_BYTES])
{
    char text[LEAT_IP_TEXT_BYTES] = "";
    struct ifaddrs *all;
    bool has_near = false;

    if (getifaddrs(&all) != 0)
        return false;
    for (const struct ifaddrs *at = all; at; at = at->ifa_next) {
        const struct leat_ip ip = ip_of(at->ifa_addr);

        if (strcmp(at->ifa_name, name) != 0 || leat_ip_is_any(ip) || !leat_ip_is_v4(ip))
            continue;
        has_near |= is_near(options, ip);
        leat_ip_format(ip, text);
    }
    freeifaddrs(all);
    if (options->ip_count == 0 || !text[0] || has_near)
        return false;
    snprintf(line, LEAT_WHY_BYTES,
             "this machine is %s on %.16s, which is in no network of --ip: it needs a route, or "
             "another --ip",
             text, name);
    return true;
}
