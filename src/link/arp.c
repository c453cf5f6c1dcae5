/* arp.c -- processes received ARP packets (RFC 826). */
#include "link/arp.h"

#include "link/address.h"
#include "wire/arp.h"
#include "wire/ethernet.h"

static const struct leat_mac mac_unknown;

/* False for a sender that no legitimate host can have; 0.0.0.0 is that of a probe (RFC 5227
 * 1.1). */
static bool sender_is_sane(const struct link *link, const struct wire_arp *arp)
{
    /* A group as sender would turn our packets into multicasts. Our own address comes back from a
     * loop of bridges, and isn't a conflict with ourselves. */
    if (mac_is_group(&arp->sha) || mac_equal(&arp->sha, &mac_unknown) ||
        mac_equal(&arp->sha, &link->netif->mac))
        return false;
    if (arp->spa == IP4_ANY)
        return arp->operation == ARP_REQUEST;
    return !ip4_is_no_host(arp->spa) && !address_is_broadcast(link, arp->spa);
}

void arp_input(struct link *link, struct leat_buf *packet)
{
    struct leat *stack = link->stack;
    struct wire_arp arp;
    bool known = false;

    if (!wire_arp_parse(&arp, packet->data, packet->len)) {
        stack_end(stack, packet, drop_arp_format);
        return;
    }
    if (!sender_is_sane(link, &arp)) {
        stack_end(stack, packet, drop_arp_sender);
        return;
    }
    if (address_conflict(link, &arp)) {
        stack_end(stack, packet, drop_arp_conflict);
        return;
    }
    /* RFC 826: any packet refreshes an entry, but none alone moves a neighbour.  Only a request for
     * our address creates an entry; an unsolicited reply never does (A2). */
    const bool to_us = address_is_ours(link, arp.tpa);
    const bool asks_us = to_us && arp.operation == ARP_REQUEST;

    /* Replies are accepted even if our address that sent the request has been removed, because
     * packets may still wait for the neighbour (a DHCPRELEASE). */
    if (arp.spa != IP4_ANY)
        known = neighbour_learn(link, arp.spa, &arp.sha,
                                asks_us && address_toward(link, IP4_ANY, arp.spa));
    if (asks_us)
        arp_reply(link, &arp);
    if (known || to_us)
        stack_end(stack, packet, taken_arp);
    else
        stack_end(stack, packet, drop_arp_not_ours);
}
