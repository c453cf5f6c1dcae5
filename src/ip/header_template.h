/*
 * header_template.h -- the Ethernet and IPv4 headers of a path, prepared once and copied in front
 * of each packet.
 *
 * Packets of a path differ only in length, identification, TOS, protocol and checksum, and behind a
 * gateway in the destination.  So no neighbour is looked up, and no header is assembled from its
 * fields.  Packets that need more work go through ipv4_output(): if the neighbour isn't known, the
 * packet must be padded, segmented or fragmented, or the queue is full.
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
    uint64_t generation; /* stack->neighbour_generation at that time; 0: there is none */
    struct neighbour *hop;
    uint8_t bytes[ETHERNET_HEADER_BYTES + IPV4_HEADER_BYTES];
};

/* Prepares the template of @path, if the Ethernet address of its next hop is known. */
COLD void header_template_make(const struct path *path);

/* True if header_template_send() can send @packet of @bytes to @path. */
static inline bool header_template_fits(const struct leat *stack, const struct path *path,
                                        const struct leat_buf *packet, uint32_t bytes)
{
    const struct header_template *template = path->template;
    const uint32_t total = bytes + IPV4_HEADER_BYTES;

    return SHORTCUTS && template && template->generation == stack->neighbour_generation &&
           total >= ETHERNET_FRAME_MIN - ETHERNET_HEADER_BYTES && total <= path->mtu &&
           packet->segment_bytes == 0 &&
           path->link->tx_waiting < stack->config.tx_queue_frames; /* ipv4_output_room() */
}

/* Does the work of ipv4_output().  @id_and_flags: the second word of the IPv4 header.  Always
 * inline: callers know half of the seven arguments at compile time.  Takes @packet.
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
