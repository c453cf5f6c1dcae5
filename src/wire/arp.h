/* arp.h -- ARP packets for IPv4 on Ethernet (RFC 826). */
#ifndef WIRE_ARP_H
#define WIRE_ARP_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/addr.h>

#include "core/ip4.h"

enum {
    ARP_BYTES = 28
};

enum arp_operation {
    ARP_REQUEST = 1,
    ARP_REPLY = 2
};

/* Field names as in the RFC: s sender, t target, h hardware address, p protocol address. */
struct wire_arp {
    uint16_t operation; /* ARP_REQUEST or ARP_REPLY */
    struct leat_mac sha;
    leat_ip4 spa;
    struct leat_mac tha;
    leat_ip4 tpa;
};

/* False: truncated, not IPv4 on Ethernet, or neither request nor reply. */
bool wire_arp_parse(struct wire_arp *arp, const uint8_t *bytes, uint32_t len);

/* Writes ARP_BYTES. */
void wire_arp_emit(const struct wire_arp *arp, uint8_t *bytes);

#endif
