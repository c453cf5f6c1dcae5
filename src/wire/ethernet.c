/* ethernet.c -- Ethernet group addresses. */
#include "wire/ethernet.h"

const struct leat_mac mac_broadcast = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

/* RFC 1112 6.4: the address has the lower 23 bits of the group. So 32 groups share an Ethernet
 * address, and the IP layer must compare the whole address again. */
struct leat_mac mac_of_group(leat_ip4 group)
{
    struct leat_mac mac = {{0x01, 0x00, 0x5e, 0, 0, 0}};

    mac.octet[3] = (uint8_t)((group >> 16) & 0x7f);
    mac.octet[4] = (uint8_t)(group >> 8);
    mac.octet[5] = (uint8_t)group;
    return mac;
}
