/* ports.c -- the table of bound sockets by port. */
#include "udp/ports.h"

#include "core/assert.h"

enum {
    /* RFC 6056 3.2: all ports above the well-known ones */
    EPHEMERAL_FIRST = 1024,
    EPHEMERAL_COUNT = 65536 - EPHEMERAL_FIRST
};

/* The low bits of a port tell sockets apart: no stranger chooses our ports, and at most a few of
 * all 65,536 share a bucket. So no keyed hash is needed. */
static struct leat_udp **bucket(const struct leat *stack, uint16_t port)
{
    return &stack->udp->buckets[port & stack->udp->bucket_mask];
}

struct leat_udp *ports_look_up(const struct leat *stack, host_id ip, uint16_t port)
{
    struct leat_udp *udp = *bucket(stack, port), *other = 0;

    for (; udp; udp = udp->chain) {
        if (!ports_match(udp, ip, port))
            continue;
        if (!udp_excludes(udp, ip))
            break;
        other = udp;
    }
    stack->udp->found = udp ? udp : other;
    return stack->udp->found;
}

static unsigned families_of(host_id ip, unsigned only)
{
    if (ip != IP4_ANY)
        return host_is_v6(ip) ? UDP_V6 : UDP_V4;
    return only ? only : UDP_BOTH;
}

/* A socket that is bound to all addresses of a family doesn't share its port in that family, so
 * each datagram has one receiver. bound_ip decides, not local.ip, which a connect narrows: after a
 * disconnect the socket has all of it again. */
static bool is_taken(const struct leat *stack, host_id ip, unsigned only, uint16_t port)
{
    const unsigned families = families_of(ip, only);
    const struct leat_udp *udp = *bucket(stack, port);

    while (udp && (udp->local.port != port || !(families & families_of(udp->bound_ip, udp->only)) ||
                   (udp->bound_ip != ip && udp->bound_ip != IP4_ANY && ip != IP4_ANY)))
        udp = udp->chain;
    return udp != 0;
}

static void put_in_bucket(struct leat_udp *udp, host_id ip, uint16_t port)
{
    struct leat_udp **head = bucket(udp->stack, port);

    leat_debug_assert(udp->local.port == 0);
    leat_assert(port != 0);
    host_hold(udp->stack, ip);
    udp->local = (struct udp_end){ip, port};
    udp->bound_ip = ip;
    udp->chain = *head;
    *head = udp;
}

enum leat_err ports_bind_any(struct leat_udp *udp, host_id ip)
{
    const uint32_t start = stack_random_below(udp->stack, EPHEMERAL_COUNT);

    /* RFC 6056 3.3.1: a random start, then the next free port. The loop skips at most as many ports
     * as there are sockets. */
    for (uint32_t i = 0; i < EPHEMERAL_COUNT; i++) {
        const uint16_t port = (uint16_t)(EPHEMERAL_FIRST + (start + i) % EPHEMERAL_COUNT);

        if (!is_taken(udp->stack, ip, udp->only, port)) {
            put_in_bucket(udp, ip, port);
            return LEAT_OK;
        }
    }
    return LEAT_ERR_IN_USE;
}

enum leat_err ports_bind(struct leat_udp *udp, host_id ip, uint16_t port)
{
    if (is_taken(udp->stack, ip, udp->only, port))
        return LEAT_ERR_IN_USE;
    put_in_bucket(udp, ip, port);
    return LEAT_OK;
}

void ports_unbind(struct leat_udp *udp)
{
    struct leat_udp **at = bucket(udp->stack, udp->local.port);

    while (*at != udp)
        at = &(*at)->chain;
    *at = udp->chain;
    /* put_in_bucket() has held bound_ip */
    host_release(udp->stack, udp->bound_ip);
    if (udp->stack->udp->found == udp)
        udp->stack->udp->found = 0;
}
