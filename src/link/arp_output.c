/*
 * arp_output.c -- sends ARP packets (RFC 826).
 *
 * A request also serves as a probe, with sender 0.0.0.0, and as an announcement, with our address
 * as sender and target (RFC 5227 2.1.1, 2.3). A packet that finds no buffer is only counted: a
 * timer repeats a request, and a host that got no reply asks again.
 */
#include "link/arp.h"
#include "link/ethernet.h"
#include "wire/arp.h"
#include "wire/ethernet.h"

static const struct leat_mac mac_unknown;

static bool send(struct link *link, const struct wire_arp *arp, const struct leat_mac *to)
{
    struct leat *stack = link->stack;
    struct leat_buf *packet = leat_buf_alloc_small(&stack->pool, LEAT_BUF_HEADROOM);
    uint8_t *at = packet ? leat_buf_put(packet, ARP_BYTES) : 0;

    if (!at) {
        stack->stats.tx_no_memory++;
        leat_buf_free(packet);
        return false;
    }
    wire_arp_emit(arp, at);
    if (arp->operation == ARP_REQUEST)
        stack->stats.arp_requests_sent++;
    else
        stack->stats.arp_replies_sent++;
    ethernet_output(link, packet, to, ETHERNET_ARP);
    return true;
}

bool arp_request(struct link *link, leat_ip4 sender, leat_ip4 target, const struct leat_mac *to)
{
    const struct wire_arp arp = {.operation = ARP_REQUEST,
                                 .sha = link->netif->mac,
                                 .spa = sender,
                                 .tha = mac_unknown,
                                 .tpa = target};

    return send(link, &arp, to ? to : &mac_broadcast);
}

void arp_reply(struct link *link, const struct wire_arp *request)
{
    /* The reply goes to the sender's address in the ARP packet, not in the frame (RFC 826). Nothing
     * is broadcast, so that a stranger's request makes no noise on the whole network. */
    const struct wire_arp arp = {.operation = ARP_REPLY,
                                 .sha = link->netif->mac,
                                 .spa = request->tpa,
                                 .tha = request->sha,
                                 .tpa = request->spa};

    send(link, &arp, &request->sha);
}
