/*
 * flow.c -- the flow of a sent frame, which chooses its queue: a flow's frames stay in order.
 *
 * Ports tell flows of TCP apart.  Other datagrams may be sent in fragments, of which only the first
 * has ports, so all of them between two addresses are one flow.
 */
#include <string.h>

#include "net.h"

enum {
    ETHERNET_BYTES = 14,
    TAG_BYTES = 4,
    PORTS_BYTES = 4,
    PROTOCOL_TCP = 6
};

static const uint8_t tag[2] = {0x81, 0}; /* IEEE 802.1Q */

/* A family: its type, and in its header the protocol and the addresses.  TCP's ports follow,
 * because the stack puts nothing between the headers of IP and TCP. */
static const struct family {
    uint8_t type[2];
    uint8_t protocol_at, addresses_at, addresses_bytes;
} families[] = {{{0x08, 0x00}, 9, 12, 8}, {{0x86, 0xdd}, 6, 8, 32}};

uint32_t xen_flow_of(const struct leat_buf *frame)
{
    uint32_t at = ETHERNET_BYTES, flow = 0;

    if (frame->len >= at + TAG_BYTES && memcmp(frame->data + at - 2, tag, sizeof tag) == 0)
        at += TAG_BYTES;
    for (uint32_t i = 0; i < sizeof families / sizeof *families; i++) {
        const struct family *family = &families[i];
        const uint32_t ports_at = at + family->addresses_at + family->addresses_bytes;

        if (frame->len < ports_at + PORTS_BYTES ||
            memcmp(frame->data + at - 2, family->type, sizeof family->type) != 0)
            continue;
        uint32_t end = ports_at;
        if (frame->data[at + family->protocol_at] == PROTOCOL_TCP)
            end += PORTS_BYTES;
        for (uint32_t byte = at + family->addresses_at; byte < end; byte++)
            flow = (flow ^ frame->data[byte]) * UINT32_C(0x01000193); /* FNV-1a */
    }
    return flow ^ flow >> 16;
}
