/* address.c -- addresses of the program and of the server. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>

#include "inside.h"

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

int endpoint_read(char family, const struct sockaddr *address, socklen_t len,
                  struct run_endpoint *endpoint)
{
    struct sockaddr_in in;
    struct sockaddr_in6 in6;

    memset(endpoint, 0, sizeof *endpoint);
    if (!address || len < sizeof address->sa_family)
        return EINVAL;
    if (address->sa_family == AF_INET6 && family == '6') {
        if (len < offsetof(struct sockaddr_in6, sin6_scope_id))
            return EINVAL;
        memset(&in6, 0, sizeof in6);
        memcpy(&in6, address, len < sizeof in6 ? len : sizeof in6);
        memcpy(endpoint->ip, &in6.sin6_addr, sizeof endpoint->ip);
        endpoint->port = ntohs(in6.sin6_port);
        endpoint->scope = in6.sin6_scope_id;
        return 0;
    }
    /* as Linux: an IPv6 socket doesn't take an IPv4 address of its own format */
    if (address->sa_family != AF_INET || family != '4')
        return EAFNOSUPPORT;
    if (len < sizeof in)
        return EINVAL;
    memcpy(&in, address, sizeof in);
    memcpy(endpoint->ip, mapped, sizeof mapped);
    memcpy(endpoint->ip + sizeof mapped, &in.sin_addr, 4);
    endpoint->port = ntohs(in.sin_port);
    return 0;
}

void endpoint_write(char family, const struct run_endpoint *endpoint, struct sockaddr *address,
                    socklen_t *len)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(endpoint->port)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6,
                               .sin6_port = htons(endpoint->port),
                               .sin6_scope_id = endpoint->scope};
    const void *from = &in;
    socklen_t full = sizeof in;

    if (!address || !len)
        return;
    if (family == '6') {
        memcpy(&in6.sin6_addr, endpoint->ip, sizeof in6.sin6_addr);
        from = &in6;
        full = sizeof in6;
    } else {
        memcpy(&in.sin_addr, endpoint->ip + sizeof mapped, 4);
    }
    memcpy(address, from, *len < full ? *len : full);
    *len = full;
}

struct run_endpoint endpoint_any(char family)
{
    struct run_endpoint any = {.port = 0};

    if (family == '4')
        memcpy(any.ip, mapped, sizeof mapped);
    return any;
}
