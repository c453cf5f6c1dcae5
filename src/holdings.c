/*
 * holdings.c -- counts how many buffers each part of the stack holds.
 *
 * It walks every queue, so it is for reports. The parts that can be linked or not (transports,
 * IPv6) count theirs by a call through their table.
 */
#include "ip/reassembly.h"
#include "link/arp.h"
#include "family.h"

void leat_holdings(const struct leat *stack, struct leat_holdings *holdings)
{
    uint32_t known;

    *holdings = (struct leat_holdings){0};
    holdings->held_reassembly = reassembly_pieces(stack);
    holdings->held_parked = neighbours_pieces(stack);
    if (stack->ipv6_family)
        holdings->held_parked += stack->ipv6_family->parked_pieces(stack);
    for (unsigned i = 0; i < stack->protocol_count; i++) {
        if (stack->protocols[i]->holdings)
            stack->protocols[i]->holdings(stack, holdings);
    }
    known = holdings->held_receive + holdings->held_early + holdings->held_send +
            holdings->held_reassembly + holdings->held_parked;
    /* The others are all buffers in use, less those found above. They are with devices, with the
     * program, or storage whose views are counted. */
    for (unsigned kind = 0; kind < POOL_KINDS; kind++) {
        holdings->held_free += stack->pool.lists[kind].free_count;
        holdings->held_others += stack->pool.lists[kind].count - stack->pool.lists[kind].free_count;
    }
    holdings->held_others = holdings->held_others > known ? holdings->held_others - known : 0;
}
