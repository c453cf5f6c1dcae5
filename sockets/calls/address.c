/* address.c -- addresses as programs see them, and as the stack does. */
#include "sockets/calls/inside.h"

#include <string.h>

#include "wire/bytes.h"

int address_family(const void *address, uint32_t len)
{
    uint16_t family;

    if (!address || len < sizeof family)
        return -LEAT_EINVAL;
    memcpy(&family, address, sizeof family);
    return family;
}

static int read_v4(const void *address, uint32_t len, struct leat_endpoint *end)
{
    struct leat_sockaddr_in in;

    if (len < sizeof in)
        return -LEAT_EINVAL;
    memcpy(&in, address, sizeof in);
    *end =
        leat_endpoint_of(LEAT_IP4(in.sin_addr[0], in.sin_addr[1], in.sin_addr[2], in.sin_addr[3]),
                         get16((const uint8_t *)&in.sin_port));
    return 0;
}

static int read_v6(const void *address, uint32_t len, struct leat_endpoint *end)
{
    struct leat_sockaddr_in6 in6 = {.sin6_scope_id = 0};

    if (len < LEAT_SOCKADDR_IN6_BYTES)
        return -LEAT_EINVAL;
    memcpy(&in6, address, len < sizeof in6 ? len : sizeof in6);
    memcpy(end->ip.bytes, in6.sin6_addr, sizeof end->ip.bytes);
    end->port = get16((const uint8_t *)&in6.sin6_port);
    end->zone = 0;
    /* a number that no netif has is passed on, and refused by the stack */
    if (leat_ip_is_link_local(end->ip) && !leat_ip_is_v4(end->ip))
        end->zone = in6.sin6_scope_id > UINT8_MAX ? UINT8_MAX : (uint8_t)in6.sin6_scope_id;
    return 0;
}

int address_read(bool as_v6, const void *address, uint32_t len, struct leat_endpoint *end)
{
    const int family = address_family(address, len);

    if (family < 0)
        return family;
    /* Linux looks at the length first */
    if (len < (as_v6 ? (uint32_t)LEAT_SOCKADDR_IN6_BYTES : sizeof(struct leat_sockaddr_in)))
        return -LEAT_EINVAL;
    if (family != (as_v6 ? LEAT_AF_INET6 : LEAT_AF_INET))
        return -LEAT_EAFNOSUPPORT;
    return as_v6 ? read_v6(address, len, end) : read_v4(address, len, end);
}

static void write_cut(const void *full, uint32_t bytes, void *address, uint32_t *len)
{
    memcpy(address, full, *len < bytes ? *len : bytes);
    *len = bytes;
}

int address_write(bool as_v6, const struct leat_endpoint *end, void *address, uint32_t *len)
{
    struct leat_sockaddr_in in = {.sin_family = LEAT_AF_INET};
    struct leat_sockaddr_in6 in6 = {.sin6_family = LEAT_AF_INET6, .sin6_scope_id = end->zone};

    if (!address || !len)
        return address == NULL ? 0 : -LEAT_EFAULT;
    if ((int32_t)*len < 0)
        return -LEAT_EINVAL;
    put16((uint8_t *)&in.sin_port, end->port);
    put16((uint8_t *)&in6.sin6_port, end->port);
    memcpy(in.sin_addr, end->ip.bytes + 12, sizeof in.sin_addr);
    memcpy(in6.sin6_addr, end->ip.bytes, sizeof in6.sin6_addr);
    if (as_v6)
        write_cut(&in6, sizeof in6, address, len);
    else
        write_cut(&in, sizeof in, address, len);
    return 0;
}

struct leat_endpoint address_of_peer(const struct leat_endpoint *end)
{
    const struct leat_ip loopback6 = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
    struct leat_endpoint peer = *end;

    if (leat_ip_equal(end->ip, LEAT_IP4_ANY))
        peer.ip = LEAT_IP4(127, 0, 0, 1);
    else if (leat_ip_equal(end->ip, LEAT_IP_ANY))
        peer.ip = loopback6;
    return peer;
}
