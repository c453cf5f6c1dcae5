/*
 * header_template.h -- Ethernet and IPv4 headers of a path, made once and copied in front of each
 * packet.
 *
 * Only the length, the identification, TOS, protocol and checksum differ from packet to packet,
 * and, behind a gateway, the destination.  So the neighbour is not looked up again, and no header
 * is put together from its fields.  A packet that needs more (its neighbour isn't known, it must be
 * padded, cut or fragmented, the queue is full) has no use for a template, and goes by
 * ipv4_output().
 */
#ifndef IP_HEADER_TEMPLATE_H
#define IP_HEADER_TEMPLATE_H

#include <string.h>

#include "core/checksum.h"
#include "core/cold.h"
#include "core/view.h"
#include "ip/ipv4.h"
#include "link/ethernet.h"
#include "link/neighbour.h"
#include "wire/ethernet.h"
#include "wire/ipv4.h"

struct header_template {
    uint64_t generation; /* stack->neighbour_generation then; 0: there is none */
    struct neighbour *hop;
    uint8_t bytes[ETHERNET_HEADER_BYTES + IPV4_HEADER_BYTES];
};

/* Makes the template of @path, if its next hop's address is known. */
COLD void header_template_make(const struct path *path);

/* True if @packet, which is @bytes long, may go to @path by header_template_send(). */
static inline bool header_template_fits(const struct leat *stack, const struct path *path,
                                        const struct leat_buf *packet, uint32_t bytes)
{
    const struct header_template *template = path->template;
    const uint32_t total = bytes + IPV4_HEADER_BYTES;

    return SHORTCUTS && template && template->generation == stack->neighbour_generation &&
           total >= ETHERNET_FRAME_MIN - ETHERNET_HEADER_BYTES && total <= path->mtu &&
           packet->segment_bytes == 0 && ipv4_output_room(stack, path);
}

/* What ipv4_output() does.  @id_and_flags: the second word of the IPv4 header.  Always in line: who
 * calls it knows half of it, so its seven arguments cost nothing.  Takes @packet.
 * NOLINTNEXTLINE(readability-function-size) */
HOT void header_template_send(struct leat *stack, const struct path *path, uint8_t protocol,
                              uint8_t tos, uint32_t id_and_flags, struct leat_buf *packet,
                              uint32_t bytes)
{
    const struct header_template *template = path->template;
    const uint64_t left =
        pair32(0x45000000 | (uint32_t)tos << 16 | (bytes + IPV4_HEADER_BYTES), id_and_flags);
    uint32_t right = (uint32_t)stack->config.ttl << 24 | (uint32_t)protocol << 16;
    uint8_t *at = view_push(packet, sizeof template->bytes);

    neighbour_use(stack, template->hop);
    memcpy(at, template->bytes, sizeof template->bytes);
    right |=
        (uint16_t)~checksum_fold16(checksum_add(left, (uint64_t)right + path->src + path->dst));
    put64(at + ETHERNET_HEADER_BYTES, left);
    put32(at + ETHERNET_HEADER_BYTES + 8, right);
    put32(at + ETHERNET_HEADER_BYTES + 16, path->dst);
    link_enqueue(path->link, packet, 1);
}

#endif
