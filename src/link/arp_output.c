/* arp_output.c -- sends ARP packets (RFC 826). */
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
    const struct wire_arp arp = {.operation = ARP_REPLY,
                                 .sha = link->netif->mac,
                                 .spa = request->tpa,
                                 .tha = request->sha,
                                 .tpa = request->spa};

    send(link, &arp, &request->sha);
}
