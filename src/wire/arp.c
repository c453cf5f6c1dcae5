/* arp.c -- parses and emits ARP packets (RFC 826): only those that map IPv4 to Ethernet
 * addresses. */
#include "wire/arp.h"

#include <string.h>

#include "wire/bytes.h"
#include "wire/ethernet.h"

enum {
    ARP_HARDWARE_ETHERNET = 1
};

bool wire_arp_parse(struct wire_arp *arp, const uint8_t *bytes, uint32_t len)
{
    /* more is legal: Ethernet pads a frame to 60 bytes */
    if (len < ARP_BYTES)
        return false;
    /* other hardware or protocols have addresses of other lengths, so all later fields lie
     * elsewhere */
    if (get16(bytes) != ARP_HARDWARE_ETHERNET || get16(bytes + 2) != ETHERNET_IPV4)
        return false;
    if (bytes[4] != 6 || bytes[5] != 4)
        return false;
    arp->operation = get16(bytes + 6);
    /* RARP and InARP share the format; leat speaks neither */
    if (arp->operation != ARP_REQUEST && arp->operation != ARP_REPLY)
        return false;
    memcpy(arp->sha.octet, bytes + 8, 6);
    arp->spa = get32(bytes + 14);
    memcpy(arp->tha.octet, bytes + 18, 6);
    arp->tpa = get32(bytes + 24);
    return true;
}

void wire_arp_emit(const struct wire_arp *arp, uint8_t *bytes)
{
    put16(bytes, ARP_HARDWARE_ETHERNET);
    put16(bytes + 2, ETHERNET_IPV4);
    bytes[4] = 6;
    bytes[5] = 4;
    put16(bytes + 6, arp->operation);
    memcpy(bytes + 8, arp->sha.octet, 6);
    put32(bytes + 14, arp->spa);
    memcpy(bytes + 18, arp->tha.octet, 6);
    put32(bytes + 24, arp->tpa);
}
