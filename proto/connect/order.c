/* order.c -- chooses the next address (RFC 6724 6, RFC 8305 4). */
#include "proto/connect/connect.h"

#include "service.h"

/* The number of attempts is bounded: a reply with very many addresses adds the first of them
 * only. */
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

/* The first waiting address of a wanted family; NULL: none. */
static struct leat_connect_try *first(struct leat_connecting *connecting, bool ipv6, bool ipv4)
{
    struct leat *stack = connecting->stack;
    struct leat_connect_try *best = NULL;
    struct destination it, best_it;

    for (unsigned i = 0; i < connecting->try_count; i++) {
        struct leat_connect_try *try = &connecting->tries[i];
        const bool wanted = leat_ip_is_v4(try->remote.ip) ? ipv4 : ipv6;

        if (!wanted || try->state != LEAT_CONNECT_WAITS)
            continue;
        /* Looked at again before each attempt: routes and addresses may have changed since the
         * answer came. */
        destination_look(stack, &try->remote, &it);
        if (!best || destination_goes_before(stack, &it, &best_it)) {
            best = try;
            best_it = it;
        }
    }
    return best;
}

struct leat_connect_try *connect_next(struct leat_connecting *connecting)
{
    struct leat_connect_try *other = NULL;
    bool began = false;

    for (unsigned i = 0; i < connecting->try_count; i++)
        began = began || connecting->tries[i].state != LEAT_CONNECT_WAITS;
    if (began) /* RFC 8305 4: alternate the families */
        other = first(connecting, !connecting->last_was_ipv6, connecting->last_was_ipv6);
    return other ? other : first(connecting, true, true);
}
