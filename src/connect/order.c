/*
 * order.c -- which address is next (RFC 6724 6, RFC 8305 4).
 *
 * Of the rules of RFC 6724 there are those that need no source address: precedence (6), the smaller
 * scope (8), else as it came (10).  Who can't be reached at all (1) is found out by trying, at
 * once.
 */
#include "connect/connect.h"

#include "policy.h"

enum {
    SCOPE_LINK_LOCAL = 2,
    SCOPE_SITE_LOCAL = 5,
    SCOPE_GLOBAL = 14
};

/* RFC 6724 3.1, 3.2; no address to connect to is a group. */
static unsigned scope(const struct leat_ip *ip)
{
    const uint8_t *bytes = ip->bytes;

    if (leat_ip_is_v4(*ip))
        return bytes[12] == 127 || (bytes[12] == 169 && bytes[13] == 254) ? SCOPE_LINK_LOCAL
                                                                          : SCOPE_GLOBAL;
    if ((bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80) || leat_ip_is_loopback(*ip))
        return SCOPE_LINK_LOCAL;
    return bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0xc0 ? SCOPE_SITE_LOCAL : SCOPE_GLOBAL;
}

static bool goes_before(const struct leat *stack, const struct leat_ip *a, const struct leat_ip *b)
{
    const unsigned precedence_a = policy_of(stack, a)->precedence;
    const unsigned precedence_b = policy_of(stack, b)->precedence;

    return precedence_a != precedence_b ? precedence_a > precedence_b : scope(a) < scope(b);
}

void connect_add(struct leat_connecting *connecting, struct leat_ip ip)
{
    unsigned i = 0;

    if (connecting->config->no_ipv6 && !leat_ip_is_v4(ip))
        return;
    while (i < connecting->try_count && !leat_ip_equal(connecting->tries[i].remote.ip, ip))
        i++;
    if (i < connecting->try_count || i == LEAT_CONNECT_TRIES_MAX)
        return;
    connecting->tries[i] = (struct leat_connect_try){
        .remote = leat_endpoint_of(ip, connecting->port), .connecting = connecting};
    connecting->try_count++;
}

/* The first of those that wait, of the family that is wanted; NULL: none. */
static struct leat_connect_try *first(struct leat_connecting *connecting, bool ipv6, bool ipv4)
{
    struct leat_connect_try *best = NULL;

    for (unsigned i = 0; i < connecting->try_count; i++) {
        struct leat_connect_try *try = &connecting->tries[i];
        const bool wanted = leat_ip_is_v4(try->remote.ip) ? ipv4 : ipv6;

        if (wanted && try->state == LEAT_CONNECT_WAITS &&
            (!best || goes_before(connecting->stack, &try->remote.ip, &best->remote.ip)))
            best = try;
    }
    return best;
}

struct leat_connect_try *connect_next(struct leat_connecting *connecting)
{
    struct leat_connect_try *other = NULL;
    bool began = false;

    for (unsigned i = 0; i < connecting->try_count; i++)
        began = began || connecting->tries[i].state != LEAT_CONNECT_WAITS;
    if (began) /* RFC 8305 4: the families by turns */
        other = first(connecting, !connecting->last_was_ipv6, connecting->last_was_ipv6);
    return other ? other : first(connecting, true, true);
}
