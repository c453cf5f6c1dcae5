/* ethernet.c -- the frame header. */
#include "wire/ethernet.h"

#include <string.h>

#include "wire/bytes.h"

const struct leat_mac mac_broadcast = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

bool wire_ethernet_parse(struct wire_ethernet *header, const uint8_t *bytes, uint32_t len)
{
    if (len < ETHERNET_HEADER_BYTES)
        return false;
    memcpy(header->dst.octet, bytes, 6);
    memcpy(header->src.octet, bytes + 6, 6);
    header->type = get16(bytes + 12);
    return true;
}

void wire_ethernet_emit(const struct wire_ethernet *header, uint8_t *bytes)
{
    memcpy(bytes, header->dst.octet, 6);
    memcpy(bytes + 6, header->src.octet, 6);
    put16(bytes + 12, header->type);
}

bool mac_equal(const struct leat_mac *a, const struct leat_mac *b)
{
    return memcmp(a->octet, b->octet, 6) == 0;
}

struct leat_mac mac_of_group(leat_ip4 group)
{
    struct leat_mac mac = {{0x01, 0x00, 0x5e, 0, 0, 0}};

    mac.octet[3] = (uint8_t)((group >> 16) & 0x7f);
    mac.octet[4] = (uint8_t)(group >> 8);
    mac.octet[5] = (uint8_t)group;
    return mac;
}
